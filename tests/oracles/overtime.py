"""Flows over time by brute force: a linear programme over the time-expanded network, and a check of plans.

Shares no code with the package. All hours are whole multiples of `step`; then the programme is exact to a step:
a movement that closes by a multiple T of the step exists in continuous time if and only if one exists here
(Fleischer and Tardos 1998), with waiting allowed everywhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix


class Lane(NamedTuple):
    """One direction of a link: hours and vehicles an hour."""

    link: str
    tail: str
    head: str
    hours: float
    rate: float


class Load(NamedTuple):
    """Vehicles of one kind."""

    count: float
    origin: str
    destination: str
    ready: float = 0.0
    links: frozenset[str] | None = None


def feasible(
    lanes: Sequence[Lane],
    loads: Sequence[Load],
    horizon: float,
    step: float,
    shut: Mapping[str, tuple[float, float]] | None = None,
) -> bool:
    """Whether everything can be there by `horizon`; `shut` closes links to what enters in some hours."""
    periods = round(horizon / step)
    places = sorted({x for lane in lanes for x in (lane.tail, lane.head)})
    columns = 0
    balance: list[tuple[int, int, float]] = []
    use: dict[tuple[int, int], list[int]] = defaultdict(list)
    rows: dict[tuple[int, str, int], int] = {}

    def row(k: int, place: str, t: int) -> int:
        return rows.setdefault((k, place, t), len(rows))

    for k, load in enumerate(loads):
        for number, lane in enumerate(lanes):
            if load.links is not None and lane.link not in load.links:
                continue
            travel = round(lane.hours / step)
            for t in range(round(load.ready / step), periods):
                closed = (shut or {}).get(lane.link)
                if closed is not None and closed[0] <= t * step < closed[1]:
                    continue
                # What enters during period t arrives during period t + travel, so by the end of it.
                if t + travel >= periods:
                    continue
                balance += [(row(k, lane.tail, t), columns, -1.0), (row(k, lane.head, t + travel), columns, 1.0)]
                use[number, t].append(columns)
                columns += 1
        for place in places:
            for t in range(periods - 1):
                balance += [(row(k, place, t), columns, -1.0), (row(k, place, t + 1), columns, 1.0)]
                columns += 1
    supply = np.zeros(len(rows))
    for k, load in enumerate(loads):
        start, end = (k, load.origin, round(load.ready / step)), (k, load.destination, periods - 1)
        if start not in rows or end not in rows:
            return False
        supply[rows[start]] -= load.count
        supply[rows[end]] += load.count
    i, j, v = zip(*balance, strict=True)
    equal = coo_matrix((v, (i, j)), shape=(len(rows), columns))
    keys = list(use)
    a = [n for n, key in enumerate(keys) for _ in use[key]]
    b = [c for key in keys for c in use[key]]
    limit = coo_matrix((np.ones(len(a)), (a, b)), shape=(len(keys), columns))
    room = [lanes[number].rate * step * (1 + 1e-9) for number, _ in keys]
    found = linprog(np.zeros(columns), A_ub=limit, b_ub=room, A_eq=equal, b_eq=supply, bounds=(0, None), method="highs")
    return bool(found.status == 0)


def closes(
    lanes: Sequence[Lane],
    loads: Sequence[Load],
    step: float,
    most: float,
    shut: Mapping[str, tuple[float, float]] | None = None,
) -> float:
    """Return the least multiple of the step by which everything can be there; infinite when not by `most`."""
    low, high = 0, round(most / step)
    if not feasible(lanes, loads, high * step, step, shut):
        return np.inf
    while high - low > 1:
        middle = (low + high) // 2
        if feasible(lanes, loads, middle * step, step, shut):
            high = middle
        else:
            low = middle
    return high * step


class Moved(NamedTuple):
    """One movement of a plan: a way, its rate, and the hours of departure; where and for how long it holds."""

    load: int
    lanes: Sequence[int]
    rate: float
    first: float
    last: float
    hold: float = 0.0
    place: str = ""

    def entered(self, lanes: Sequence[Lane]) -> list[float]:
        """Return the hours after departure at which it enters its lanes."""
        at, out, held = 0.0, [], False
        for n in self.lanes:
            if self.hold and lanes[n].tail == self.place and not held:
                at, held = at + self.hold, True
            out.append(at)
            at += lanes[n].hours
        return out


def faults(lanes: Sequence[Lane], loads: Sequence[Load], plan: Sequence[Moved], closure: float) -> list[str]:
    """Return what is wrong with a plan: too much on a lane at some moment, vehicles missing, early or late ones."""
    out = []
    enters: dict[int, list[tuple[float, float, float]]] = defaultdict(list)
    brought = [0.0] * len(loads)
    for move in plan:
        load = loads[move.load]
        at = 0.0
        here = load.origin
        for n, at in zip(move.lanes, move.entered(lanes), strict=True):
            if lanes[n].tail != here:
                out.append(f"{lanes[n].link} does not start at {here}")
            here = lanes[n].head
            enters[n].append((move.first + at, move.last + at, move.rate))
            at += lanes[n].hours
        if here != load.destination:
            out.append(f"a movement ends at {here}")
        if move.first < load.ready - 1e-6:
            out.append(f"a movement starts at {move.first} before {load.ready}")
        if move.last + at > closure + 1e-6:
            out.append(f"a movement ends at {move.last + at} after {closure}")
        brought[move.load] += move.rate * (move.last - move.first)
    for k, load in enumerate(loads):
        if abs(brought[k] - load.count) > 1e-5 * load.count:
            out.append(f"load {k}: {brought[k]} of {load.count}")
    for n, spans in enters.items():
        for moment in {a for a, _, _ in spans}:
            busy = sum(r for a, b, r in spans if a <= moment + 1e-7 and moment + 1e-7 < b)
            if busy > lanes[n].rate * (1 + 1e-5):
                out.append(f"{lanes[n].link} carries {busy} of {lanes[n].rate} at {moment}")
    return out
