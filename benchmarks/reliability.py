"""Reliability against naive networkx: a copy of the graph per state or sample, and a search in it."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from functools import partial
from itertools import product
from math import sqrt
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

import mobility as mb
from mobility.arcs import LINK, build_graph, compile_arcs
from mobility.montecarlo import failures
from networks import far_pairs, generated

engine = importlib.import_module("mobility.reliability")

Row = tuple[str, float, str, float, bool]
"""Question, our seconds, the peer and what it did, its seconds, whether the answers agree."""


def timed(f: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """Return the least seconds of some runs, and the answer."""
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        answer = f()
        spent.append(time.perf_counter() - start)
    return min(spent), answer


class Peer:
    """The question as networkx holds it: edges keyed by arc, and the edges that each unit takes."""

    def __init__(self, net: mb.Network, ends: tuple[list[str], list[str]], fail: float, **options: Any) -> None:
        arcs = compile_arcs(net, **options)
        self.causes = failures(arcs, fail)
        self.graph = build_graph(arcs, *ends)
        rows = zip(self.graph.tail.tolist(), self.graph.head.tolist(), strict=True)
        self.full = nx.MultiDiGraph()
        self.full.add_edges_from((u, v, a) for a, (u, v) in enumerate(rows))
        on: dict[int, list[tuple[int, int, int]]] = {}
        for u, v, a in self.full.edges(keys=True):
            arc = self.graph.arc[a]
            if arc >= 0 and arcs.kind[arc] == LINK:
                on.setdefault(int(arcs.item[arc]), []).append((u, v, a))
        self.taken = [[e for r in rows for e in on.get(r, ())] for rows in self.causes.rows]

    def stands(self, down: list[int]) -> bool:
        left = self.full.copy()
        left.remove_edges_from({e for unit in down for e in self.taken[unit]})
        return nx.has_path(left, self.graph.source, self.graph.sink)

    def sampled(self, samples: int) -> tuple[float, float]:
        """Return the share of samples with a way, and the seconds they took."""
        rng = np.random.default_rng(1)
        start = time.perf_counter()
        drawn = rng.random((samples, len(self.taken))) < self.causes.probability
        found = sum(self.stands(np.flatnonzero(row).tolist()) for row in drawn)
        return found / samples, time.perf_counter() - start

    def by_states(self) -> float:
        p = self.causes.probability.tolist()
        total = 0.0
        for state in product((0, 1), repeat=len(p)):
            if self.stands([i for i, down in enumerate(state) if down]):
                chance = 1.0
                for down, q in zip(state, p, strict=True):
                    chance *= q if down else 1 - q
                total += chance
        return total


def grid(rows: int, columns: int) -> mb.Network:
    pairs = [(f"{y}.{x}", f"{y}.{x + 1}") for y in range(rows) for x in range(columns - 1)]
    pairs += [(f"{y}.{x}", f"{y + 1}.{x}") for y in range(rows - 1) for x in range(columns)]
    names = sorted({v for pair in pairs for v in pair})
    nodes = pd.DataFrame({"node_id": names, "lat": 42.0, "lon": 20.0})
    links = pd.DataFrame(pairs, columns=["from_node", "to_node"])
    links = links.assign(link_id=[f"L{i}" for i in range(len(pairs))], mode="road", length_km=50.0)
    return mb.Network.from_frames(nodes=nodes, links=links)


def run(quick: bool) -> list[Row]:
    """Return the rows of this topic."""
    rows: list[Row] = []
    net, ends = grid(3, 3), (["0.0"], ["2.2"])
    ours, exact = timed(lambda: mb.reliability(net, *ends, fail=0.1))
    theirs, value = timed(Peer(net, ends, 0.1).by_states, 1)
    rows.append(
        ("reliability, 12 links, exact", ours, "all 4 096 states", theirs, abs(value - exact.reliability) < 1e-12)
    )
    shipped, samples = mb.load(), 200 if quick else 1000
    for ask, fail in (({"modes": "road"}, 0.1), ({"modes": "road,rail"}, 0.3)):
        ends = (["AL_DURRES"], ["RO_CONSTANTA"])
        peer = Peer(shipped, ends, fail, **ask)
        share, spent = peer.sampled(samples)
        label = f"{ask['modes']}, {len(peer.taken)} units"
        ours, exact = timed(partial(mb.reliability, shipped, *ends, fail=fail, **ask))
        wide = 4 * sqrt(exact.reliability * (1 - exact.reliability) / samples) + 1 / samples
        scaled = f"100 000 samples, scaled from {samples}"
        agree = exact.method == "exact" and abs(share - exact.reliability) <= wide
        rows.append((f"shipped {label}: exact, with every importance", ours, scaled, spent * 100_000 / samples, agree))
        ours, sample = timed(partial(mb.reliability, shipped, *ends, fail=fail, method="monte-carlo", **ask))
        agree = sample.low - 0.002 <= exact.reliability <= sample.high + 0.002
        rows.append((f"shipped {label}: 100 000 samples", ours, scaled, spent * 100_000 / samples, agree))
    big = generated(2_000, 6_000) if quick else generated()
    ends = far_pairs(big, 1)[0]
    peer, few = Peer(big, ends, 0.3), 3
    share, spent = peer.sampled(few)
    ours, sample = timed(lambda: mb.reliability(big, *ends, fail=0.3, method="monte-carlo", runs=20_000), 1)
    rows.append(
        (
            f"generated, {len(peer.taken)} units: 20 000 samples", ours, f"scaled from {few}", spent * 20_000 / few,
            abs(share - sample.reliability) <= 4 * sqrt(0.25 / few),
        )
    )  # fmt: skip
    return rows


if __name__ == "__main__":
    for question, ours, peer, theirs, agree in run(quick=True):
        print(f"{question} | {ours:.4g} s | networkx, {peer} | {theirs:.4g} s | {theirs / ours:,.0f}x | {agree}")
