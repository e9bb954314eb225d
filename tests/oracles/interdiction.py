"""The worst loss by trying every set: each is asked again on the tables, by routes listed and flows of networkx."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations

from oracles.flow import max_flow
from oracles.outages import places, states, structures, without
from oracles.routes import best_time
from oracles.tables import Question, Tables

Sets = Mapping[str, frozenset[str]]
"""Links that are lost together, by the name of what is lost."""

CAPACITIES = ("capacity_veh_h", "capacity_trains_day", "capacity_sailings_day")


def losable(tables: Tables, ask: Question, of: str) -> Sets:
    """Return the links of each structure, place, or state and mode."""
    if of == "nodes":
        return {name: links for name, links in places(tables, ask).items() if links}
    if of == "countries":
        return states(tables)
    assets = {r["link_id"]: r.get("asset_id") for r in tables.links}
    return {assets[min(s)] or min(s): s for s in structures(tables)}


def left(tables: Tables, ask: Question, lost: frozenset[str], objective: str, partial: float = 1.0) -> float:
    """Return hours (infinite when cut) or vehicles a day (0 when cut) after a loss."""
    if partial < 1:
        rest = [
            {**r, **{c: r[c] * (1 - partial) for c in CAPACITIES if r["link_id"] in lost and r.get(c) is not None}}
            for r in tables.links
        ]
        return max_flow(replace(tables, links=rest), ask)
    after = without(tables, lost)
    hours = best_time(after, ask)
    if objective == "time":
        return math.inf if hours is None else hours
    return 0.0 if hours is None else max_flow(after, ask)


def choices(sets: Sets, k: int | None, cost: Mapping[str, float] | None, budget: float) -> Iterator[tuple[str, ...]]:
    """Yield every choice of up to `k` names (None: any number) that the budget buys."""
    most = len(sets) if k is None else min(k, len(sets))
    for size in range(most + 1):
        for chosen in combinations(sorted(sets), size):
            if cost is None or math.fsum(cost[n] for n in chosen) <= budget + 1e-9:
                yield chosen


def worst(
    tables: Tables,
    ask: Question,
    sets: Sets,
    k: int | None,
    objective: str,
    partial: float = 1.0,
    cost: Mapping[str, float] | None = None,
    budget: float = math.inf,
) -> float:
    """Return what the worst loss leaves."""
    every = (
        left(tables, ask, frozenset().union(*(sets[n] for n in chosen)), objective, partial)
        for chosen in choices(sets, k, cost, budget)
    )
    return max(every) if objective == "time" else min(every)


def best_protection(tables: Tables, ask: Question, sets: Sets, protect: int, k: int, objective: str) -> float:
    """Return what the worst loss leaves under the best protection."""
    kept = (
        worst(tables, ask, {n: s for n, s in sets.items() if n not in shield}, k, objective)
        for shield in combinations(sorted(sets), min(protect, len(sets)))
    )
    return min(kept) if objective == "time" else max(kept)
