"""Disjoint routes as set packing over all routes: no flow argument that could hide a shared link."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from oracles.routes import Route, enumerate_routes
from oracles.tables import Question, Tables


@dataclass(frozen=True)
class Packing:
    """How many disjoint routes there are at most, and the least total time of that many."""

    count: int
    total_time_h: float
    routes: tuple[Route, ...]


def pack(routes: list[Route], holds: Callable[[Route], Iterable[object]]) -> Packing:
    """Return the most routes that hold nothing in common; among such sets, one of least total time."""
    if not routes:
        return Packing(0, 0.0, ())
    things = sorted({thing for route in routes for thing in holds(route)}, key=repr)
    share = np.zeros((max(len(things), 1), len(routes)))
    place = {thing: i for i, thing in enumerate(things)}
    for j, route in enumerate(routes):
        for thing in holds(route):
            share[place[thing], j] = 1.0
    alone = LinearConstraint(share, ub=np.ones(len(share)))
    whole, binary = np.ones(len(routes)), Bounds(0, 1)
    most = milp(-whole, constraints=[alone], integrality=whole, bounds=binary)
    assert most.status == 0, most.message
    count = round(-most.fun)
    times = np.array([r.time_h for r in routes])
    exactly = LinearConstraint(whole[None, :], lb=count, ub=count)
    least = milp(times, constraints=[alone, exactly], integrality=whole, bounds=binary, options={"mip_rel_gap": 0.0})
    assert least.status == 0, least.message
    chosen = tuple(route for route, x in zip(routes, least.x, strict=True) if x > 0.5)
    return Packing(count, sum(r.time_h for r in chosen), chosen)


def link_disjoint(tables: Tables, ask: Question) -> Packing:
    """Return the best set of routes no two of which use the same link, in either direction."""
    return pack(enumerate_routes(tables, ask), lambda r: r.links)


def node_disjoint(tables: Tables, ask: Question) -> Packing:
    """Return the best set of routes that share no link and no place but origins and destinations."""
    ends = {*ask.origins, *ask.destinations}

    def holds(route: Route) -> list[object]:
        return [*route.links, *(("at", node) for node in route.nodes if node not in ends)]

    return pack(enumerate_routes(tables, ask), holds)
