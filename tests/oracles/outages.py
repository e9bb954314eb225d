"""What each outage costs, by asking everything again without the links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import networkx as nx

from oracles.flow import SINK, SOURCE, expand, max_flow
from oracles.routes import best_time
from oracles.tables import Question, Tables, together, usable

Parts = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Outage:
    """Time and throughput that are left; time None means cut."""

    time_h: float | None
    vehicles_per_day: float


def structures(tables: Tables) -> list[frozenset[str]]:
    """Return what fails as one: a link, or all links of one asset."""
    return sorted({together(tables, [r["link_id"]]) for r in tables.links}, key=sorted)


def places(tables: Tables, ask: Question) -> Parts:
    """Return the links that touch each place, without the only origin and the only destination."""
    alone = {ends[0] for ends in (ask.origins, ask.destinations) if len(ends) == 1}
    return {
        node["node_id"]: frozenset(
            r["link_id"] for r in tables.links if node["node_id"] in (r["from_node"], r["to_node"])
        )
        for node in tables.nodes
        if node["node_id"] not in alone
    }


def states(tables: Tables) -> Parts:
    """Return the links of each state and mode, as ``AL/road``."""
    country = {r["node_id"]: r["country"] for r in tables.nodes}
    parts: dict[str, set[str]] = {}
    for row in tables.links:
        for state in {country[row["from_node"]], country[row["to_node"]]}:
            parts.setdefault(f"{state}/{row['mode']}", set()).add(row["link_id"])
    return {name: frozenset(links) for name, links in parts.items()}


def without(tables: Tables, links: frozenset[str]) -> Tables:
    """Return the network without some links."""
    return replace(tables, links=[r for r in tables.links if r["link_id"] not in links])


def state(tables: Tables, ask: Question) -> Outage:
    """Return the answer as things stand."""
    return Outage(best_time(tables, ask), max_flow(tables, ask))


def outages(tables: Tables, ask: Question, n: int = 1) -> Iterator[tuple[frozenset[str], Outage]]:
    """Yield every set of ``n`` structures and what is left without them, whether or not anything changes."""
    for group in combinations(structures(tables), n):
        lost = frozenset().union(*group)
        yield lost, state(tables, replace(ask, closed=ask.closed | lost))


def outages_of(tables: Tables, ask: Question, parts: Parts, n: int) -> Iterator[tuple[frozenset[str], Outage]]:
    """Yield every set of ``n`` parts of the network that are in use, by name, and what is left without them."""
    usable_now = {r["link_id"] for r in usable(tables, ask)}
    in_use = sorted(name for name, links in parts.items() if links & usable_now)
    for names in combinations(in_use, n):
        lost = frozenset().union(*(parts[name] for name in names))
        yield frozenset(names), state(without(tables, lost), ask)


def connected(tables: Tables, ask: Question) -> bool:
    """Return whether any chain of usable links leads from an origin to a destination."""
    return nx.has_path(expand(tables, ask), SOURCE, SINK)


def disconnecting(tables: Tables, ask: Question) -> tuple[set[frozenset[str]], set[frozenset[frozenset[str]]]]:
    """Return the structures whose loss leaves no chain of links, and the pairs of others whose loss does."""
    each = structures(tables)
    single = {one for one in each if not connected(without(tables, one), ask)}
    pairs = {
        frozenset(pair)
        for pair in combinations([one for one in each if one not in single], 2)
        if not connected(without(tables, frozenset().union(*pair)), ask)
    }
    return single, pairs


def tight(tables: Tables, ask: Question, link_id: str, nudge: float = 0.01) -> tuple[bool, bool]:
    """Return whether a link belongs to every, and to some, minimum cut.

    To every one if more room on it alone lets more through; to some if less room lets less through. Capacities
    of the tests are whole numbers an hour, a day or a ship, so no other cut comes into play by a hundredth.
    """
    row = tables.link(link_id)
    column = {"road": "capacity_veh_h", "rail": "capacity_trains_day", "sea": "ship_lane_m"}[row["mode"]]
    now = max_flow(tables, ask)
    more, less = (max_flow(tables.with_link(link_id, **{column: row[column] + step}), ask) for step in (nudge, -nudge))
    return more > now + 1e-6, less < now - 1e-6
