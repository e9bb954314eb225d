"""Why a vehicle does not pass: the fewest limits to lift, and how much of each limit some route still has."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from oracles.routes import enumerate_routes
from oracles.tables import Question, Tables, Vehicle, blocked_by, limits, usable

Pair = tuple[str, str]


def blocked_pairs(tables: Tables, ask: Question) -> dict[Pair, tuple[float, float]]:
    """Return ``(link, limit): (value, required)`` for all limits exceeded where the vehicle might go."""
    rows = usable(tables, replace(ask, vehicle=None))
    return {(row["link_id"], name): pair for row in rows for name, pair in blocked_by(row, ask.vehicle).items()}


def lift(tables: Tables, pairs: set[Pair]) -> Tables:
    """Return the network without these limits."""
    links = []
    for row in tables.links:
        row = dict(row)
        gone = {name for link, name in pairs if link == row["link_id"]}
        if gone and row.get("line_category"):
            row.update(limits(row), line_category=None)
        row.update(dict.fromkeys(gone))
        links.append(row)
    return replace(tables, links=links)


def smallest_relaxation(tables: Tables, ask: Question) -> tuple[int, list[frozenset[Pair]]] | None:
    """Return the least number of limits to lift and every such set that opens a route; None if none does.

    Brute force over all subsets: for a dozen blocked limits, no more.
    """
    pairs = sorted(blocked_pairs(tables, ask))
    for size in range(len(pairs) + 1):
        opening = [
            frozenset(some) for some in combinations(pairs, size) if enumerate_routes(lift(tables, set(some)), ask)
        ]
        if opening:
            return size, opening
    return None


def fewest_to_lift(tables: Tables, ask: Question) -> int | None:
    """Return the least number of limits to lift, read off the routes of a vehicle without limits."""
    pairs = blocked_pairs(tables, ask)
    free = enumerate_routes(tables, replace(ask, vehicle=_unlimited(ask)))
    return min((sum(link in r.links for link, _ in pairs) for r in free), default=None)


def _unlimited(ask: Question) -> Vehicle:
    return Vehicle(road_speed_kmh=ask.vehicle.road_speed_kmh if ask.vehicle else None)


def widest(tables: Tables, ask: Question, limit: str) -> float | None:
    """Return the highest value of one limit with which some route still passes, other limits set aside.

    Every link on the way must state the limit; None when there is no route at all.
    """
    free = replace(ask, vehicle=None)
    stated = {row["link_id"]: limits(row).get(limit, float("inf")) for row in tables.links}
    return max((min(stated[i] for i in r.links) for r in enumerate_routes(tables, free)), default=None)
