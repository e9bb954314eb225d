"""Every loopless route of a small network, by depth-first search: too simple to be wrong in the same way."""

from __future__ import annotations

import math
from dataclasses import dataclass

from oracles.tables import Question, Tables, changes, crossings, directed, time_h, usable


@dataclass(frozen=True)
class Route:
    """One way through: the links in order and what follows from them."""

    links: tuple[str, ...]
    nodes: tuple[str, ...]
    modes: tuple[str, ...]
    time_h: float
    length_km: float


def enumerate_routes(tables: Tables, ask: Question) -> list[Route]:
    """Return every route from any origin to any destination, fastest first.

    No place is visited twice, whatever the mode; the mode changes only where a terminals row allows that very
    change; a wait counts where a route passes through, not where it starts or ends.
    """
    leaving: dict[str, list[tuple[str, dict]]] = {}
    for tail, head, row in directed(usable(tables, ask)):
        leaving.setdefault(tail, []).append((head, row))
    change, crossing = changes(tables), crossings(tables)
    found: list[Route] = []

    def cost_of_passing(node: str, arrived: str, leaves: str) -> float | None:
        wait = (crossing.get((node, arrived)) or {}).get("wait_h") or 0.0
        if arrived == leaves:
            return wait
        if (node, arrived, leaves) not in change:
            return None
        return wait + (change[node, arrived, leaves].get("transfer_h") or 0.0)

    def extend(nodes: list[str], rows: list[dict], times: list[float]) -> None:
        here = nodes[-1]
        if rows and here in ask.destinations and (ask.via is None or ask.via in nodes):
            found.append(
                Route(
                    links=tuple(r["link_id"] for r in rows),
                    nodes=tuple(nodes),
                    modes=tuple(r["mode"] for r in rows),
                    time_h=math.fsum(times),
                    length_km=math.fsum(float(r["length_km"]) for r in rows),
                )
            )
        for head, row in leaving.get(here, ()):
            if head in nodes:
                continue
            passing = cost_of_passing(here, rows[-1]["mode"], row["mode"]) if rows else 0.0
            if passing is not None:
                extend([*nodes, head], [*rows, row], [*times, passing, time_h(row, ask.vehicle)])

    for origin in ask.origins:
        extend([origin], [], [])
    return sorted(found, key=lambda r: (r.time_h, r.links))


def best_time(tables: Tables, ask: Question) -> float | None:
    """Return the least time, None when there is no route."""
    return min((r.time_h for r in enumerate_routes(tables, ask)), default=None)
