"""Every set of upgrades tried, on plain tables: rows are changed in table order and the question is asked anew."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from oracles.flow import max_flow
from oracles.routes import enumerate_routes
from oracles.tables import Question, Tables

Row = dict[str, Any]


@dataclass(frozen=True)
class Best:
    """The best value within a budget, and the least cost of a set that has it."""

    value: float
    cost: float


def parsed(text: str) -> Row:
    """Return ``column=value;column=value`` as cells; a number where it is one."""
    out: Row = {}
    for part in filter(None, text.split(";")):
        name, _, value = part.partition("=")
        try:
            out[name] = float(value)
        except ValueError:
            out[name] = value
    return out


def ids(rows: Iterable[Row]) -> list[str]:
    """Return the upgrades in table order."""
    return list(dict.fromkeys(row["upgrade_id"] for row in rows))


def price(rows: Sequence[Row], chosen: Iterable[str]) -> float | None:
    """Return what a set costs, each upgrade once, what another holds not at all; None when a cost is not known."""
    chosen = set(chosen)
    inside = {x for row in rows if row["upgrade_id"] in chosen for x in _list(row, "contains")}
    total = 0.0
    for one in sorted(chosen - inside):
        stated = [row["cost_meur"] for row in rows if row["upgrade_id"] == one and row.get("cost_meur") is not None]
        if not stated:
            return None
        total += float(stated[0])
    return total


def _list(row: Row, column: str) -> list[str]:
    return [x for x in (row.get(column) or "").split(";") if x]


def effective(rows: Sequence[Row], chosen: Iterable[str]) -> set[str]:
    """Return the upgrades whose effects are there: chosen or part of what is, and with all that they require."""
    got = set(chosen)
    while more := {x for r in rows if r["upgrade_id"] in got for x in _list(r, "contains")} - got:
        got |= more
    while idle := {r["upgrade_id"] for r in rows if r["upgrade_id"] in got and not set(_list(r, "requires")) <= got}:
        got -= idle
    return got


def changed(tables: Tables, rows: Sequence[Row], chosen: Iterable[str]) -> Tables:
    """Return the network with a set of upgrades."""
    got = effective(rows, chosen)
    for row in rows:
        if row["upgrade_id"] in got and row.get("set"):
            cells = parsed(row["set"])
            if "speed_kmh" in cells and "time_h" not in cells:
                cells["time_h"] = None
            tables = tables.with_link(row["link_id"], **cells)
    return tables


def flow(tables: Tables, ask: Question) -> float:
    """Return vehicles a day."""
    return max_flow(tables, ask)


def hours(tables: Tables, ask: Question) -> float:
    """Return the hours of the fastest route, infinite without one."""
    return min((r.time_h for r in enumerate_routes(tables, ask)), default=math.inf)


def values(
    tables: Tables, ask: Question, rows: Sequence[Row], value: Callable[[Tables, Question], float]
) -> dict[frozenset[str], float]:
    """Return the value of every set."""
    every = ids(rows)
    sets = [frozenset(s) for n in range(len(every) + 1) for s in combinations(every, n)]
    by_effects: dict[frozenset[str], float] = {}
    by_links: dict[str, float] = {}  # sets that make the same of every link need one question
    out = {}
    for s in sets:
        effects = frozenset(effective(rows, s))
        if effects not in by_effects:
            network = changed(tables, rows, s)
            key = repr(network.links)
            if key not in by_links:
                by_links[key] = value(network, ask)
            by_effects[effects] = by_links[key]
        out[s] = by_effects[effects]
    return out


def best(rows: Sequence[Row], of: dict[frozenset[str], float], budget: float, *, less: bool, near: float) -> Best:
    """Return the best value that the budget buys, and what it costs at least."""
    paid = [(s, c) for s in of if (c := price(rows, s)) is not None and c <= budget + 1e-9]
    sign = -1.0 if less else 1.0
    top = max(sign * of[s] for s, _ in paid)
    return Best(sign * top, min(c for s, c in paid if sign * of[s] >= top - near))
