"""Closure against a plain time-expanded linear programme, in one run.

The peer has a layer for every hour and rounds the hours of each arc to whole ones, as is usual; it decides one
horizon at a time, so its time is that of one decision, scaled by the eight that a bisection to an hour takes. It is
given only the arcs that some way of ours uses: with all of them it does not end in minutes.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

import mobility as mb
from mobility.closure import alone, demand_of, kinds_of, quickest
from mobility.force import Element, Force

CHECKS = 8

Row = tuple[str, float, str, float, bool]


def expanded(kinds: list[Any], columns: list[Any], horizon: int) -> tuple[bool, float]:
    """Decide by a time-expanded programme whether everything is there by the horizon; return that and the seconds."""
    start = time.perf_counter()
    used = [sorted({a for c in columns if c.kind == i for a in c.path}) for i in range(len(kinds))]
    balance: list[tuple[int, int, float]] = []
    rows: dict[tuple[int, int, int], int] = {}
    room: dict[tuple[int, int], list[tuple[int, float]]] = {}
    count = 0

    def row(i: int, v: int, t: int) -> int:
        return rows.setdefault((i, v, t), len(rows))

    for i, kind in enumerate(kinds):
        vertices = set()
        for a in used[i]:
            tail, head = int(kind.graph.tail[a]), int(kind.graph.head[a])
            vertices |= {tail, head}
            travel = round(float(kind.hours[a]))
            for t in range(horizon - travel):
                balance += [(row(i, tail, t), count, -1.0), (row(i, head, t + travel), count, 1.0)]
                if math.isfinite(kind.rate[a]):
                    room.setdefault((int(kind.graph.arc[a]), t), []).append((count, 1.0 / float(kind.rate[a])))
                count += 1
        for v in vertices:
            for t in range(horizon - 1):
                balance += [(row(i, v, t), count, -1.0), (row(i, v, t + 1), count, 1.0)]
                count += 1
    supply = np.zeros(len(rows))
    for i, kind in enumerate(kinds):
        supply[rows[i, kind.graph.source, 0]] -= kind.count
        supply[rows[i, kind.graph.sink, horizon - 1]] += kind.count
    r, c, v = zip(*balance, strict=True)
    entries = [(n, *user) for n, users in enumerate(room.values()) for user in users]
    on, col, part = zip(*entries, strict=True)
    found = linprog(
        np.zeros(count), A_eq=coo_matrix((v, (r, c)), shape=(len(rows), count)), b_eq=supply,
        A_ub=coo_matrix((part, (on, col)), shape=(len(room), count)), b_ub=np.ones(len(room)), method="highs-ipm",
        options={"time_limit": 300.0},
    )  # fmt: skip
    return bool(found.status == 0), time.perf_counter() - start


def run(quick: bool) -> list[Row]:
    """Return a row per question: ours, the peer, and whether they agree to the peer's rounding."""
    net = mb.load()
    ports, ends = ["Durrës", "Bar", "Ploče"], ["Constanța", "Burgas"]
    options: dict[str, Any] = {"share": 0.3}
    out: list[Row] = []

    one = Force("tanks", (Element("main-battle-tank", 87),))
    kinds, _ = kinds_of(net, one, ports, ends, options)
    times = []
    for _ in range(3 if quick else 10):
        start = time.perf_counter()
        closed, ways, _ = quickest(kinds[0])
        times.append(time.perf_counter() - start)
    horizon = math.ceil(closed) + 2
    feasible, seconds = expanded(kinds, [w.column for w in ways], horizon)
    below, _ = expanded(kinds, [w.column for w in ways], max(2, math.floor(closed) - 6))
    peer = f"hourly LP, scaled x{CHECKS}"
    same = feasible and not below
    out.append(("quickest flow, 87 tanks, 3 ports to 2", float(np.median(times)), peer, seconds * CHECKS, same))

    name = "armoured-battalion" if quick else "heavy-brigade"
    start = time.perf_counter()
    answer = mb.closure(net, ports, ends, force=name, **options)
    ours = time.perf_counter() - start
    kinds, _ = kinds_of(net, mb.force(name, net), ports, ends, options)
    kinds = [k for k in kinds if k.numbers]
    ask = demand_of(mb.force(name, net), kinds, {}, 0.0)
    begun = alone(ask)
    assert begun is not None
    closed, bound = answer.closure_h or 0.0, answer.lower_bound_h or 0.0
    feasible, seconds = expanded(kinds, begun.columns, math.ceil(1.1 * closed))
    agree = feasible and bound <= closed <= 1.05 * bound
    out.append((f"closure, {name} (gap {answer.gap:.1%})", ours, peer, seconds * CHECKS, agree))
    return out


if __name__ == "__main__":
    for question, ours, against, theirs, equal in run(quick=False):
        ratio = f"{theirs / ours:,.0f}x, {'agree' if equal else 'DIFFER'}"
        print(f"{question}: {ours:.3f} s, {against} {theirs:.1f} s, {ratio}")
