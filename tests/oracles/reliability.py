"""Reliability by asking every state: a walk through what stands, and sums over all states of what can fail."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import comb

import numpy as np

from oracles.tables import Question, Tables, changes, directed, usable

Unit = tuple[frozenset[str], float]
"""Links that fail together, and how likely."""


def connected(tables: Tables, ask: Question, lost: frozenset[str] = frozenset()) -> bool:
    """Return whether a destination can be reached; a place may be passed again, by another mode.

    Where a vehicle stands is its place and the mode it came by; it starts on any mode.
    """
    leaving: dict[str, list[tuple[str, str]]] = {}
    for tail, head, row in directed(usable(tables, ask)):
        if row["link_id"] not in lost:
            leaving.setdefault(tail, []).append((head, row["mode"]))
    change = changes(tables)
    seen: set[tuple[str, str | None]] = {(node, None) for node in ask.origins}
    stack = list(seen)
    while stack:
        node, came = stack.pop()
        for head, mode in leaving.get(node, ()):
            if came in (None, mode) or (node, came, mode) in change:
                if head in ask.destinations:
                    return True
                if (head, mode) not in seen:
                    seen.add((head, mode))
                    stack.append((head, mode))
    return False


def by_states(tables: Tables, ask: Question, units: Sequence[Unit]) -> tuple[float, list[float]]:
    """Return the reliability and, by unit, the reliability with it up less that with it down."""
    states = np.empty([2] * len(units))
    for state in product((0, 1), repeat=len(units)):
        lost = frozenset().union(*(links for down, (links, _) in zip(state, units, strict=True) if down))
        states[state] = connected(tables, ask, lost)

    def mean(keep: int | None) -> np.ndarray:
        left = states
        for axis in reversed(range(len(units))):
            if axis != keep:
                p = units[axis][1]
                left = np.tensordot(left, [1 - p, p], ([axis], [0]))
        return left

    worth = [mean(unit) for unit in range(len(units))]
    return float(mean(None)), [float(up - down) for up, down in worth]


def complete_graph(n: int, q: float) -> float:
    """Return how likely two given vertices of the complete graph are joined when each edge fails with `q`.

    Gilbert (1959), Random graphs, Ann. Math. Statist. 30: by the size of the part that holds the first vertex.
    """
    whole: list[float] = [0.0]
    for m in range(1, n + 1):
        whole.append(1.0 - sum(comb(m - 1, k - 1) * whole[k] * q ** (k * (m - k)) for k in range(1, m)))
    return 1.0 - sum(comb(n - 2, k - 1) * whole[k] * q ** (k * (n - k)) for k in range(1, n))
