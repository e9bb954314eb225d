"""Monte Carlo against plain networkx: the same failures, answered sample by sample on a copy of the graph.

networkx answers a few of the samples and its time is scaled; these few are compared one by one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np

import mobility as mb
from mobility import montecarlo as mc
from mobility.arcs import compile_arcs
from networks import far_pairs, generated

Row = tuple[str, float, str, float, bool]
FAIL = 0.02
PEER = "networkx, copy and remove"


def run(quick: bool) -> list[Row]:
    """Return question, our seconds, peer, its seconds, and whether both agree."""
    shipped = ["AL_DURRES", "ME_BAR", "HR_PLOCE"], ["RO_CONSTANTA", "BG_BURGAS"]
    rows = measure("shipped", mb.load(), shipped, 10_000 if quick else 100_000, 24)
    big = generated(2_000, 6_000) if quick else generated()
    return rows + measure("generated", big, far_pairs(big, 1)[0], 1024, 2)


def measure(name: str, net: mb.Network, ends: tuple[list[str], list[str]], runs: int, few: int) -> list[Row]:
    """Return a row for connection, for time and for throughput."""
    arcs = compile_arcs(net)
    found = mc.failures(arcs, FAIL)
    case = mc.prepare_case(arcs, *ends, found)
    assert case is not None
    graph = case.graph
    peer = nx.MultiDiGraph()
    peer.add_nodes_from(range(graph.size))
    ends_of = zip(graph.tail.tolist(), graph.head.tolist(), graph.weight.tolist(), case.capacity.tolist(), strict=True)
    peer.add_edges_from((t, h, a, {"weight": w, "capacity": c}) for a, (t, h, w, c) in enumerate(ends_of))
    block = mc.draw(found.probability, 1, 0)
    out = [case.out(block, i) for i in range(few)]

    def theirs(ask: Callable[[nx.MultiDiGraph], Any]) -> tuple[float, list[Any]]:
        start, answers = time.perf_counter(), []
        for closed in out:
            left = peer.copy()
            left.remove_edges_from([(int(graph.tail[a]), int(graph.head[a]), a) for a in closed])
            answers.append(ask(left))
        return (time.perf_counter() - start) / few * runs, answers

    def weight(left: nx.MultiDiGraph) -> float:
        try:
            path = nx.dijkstra_path(left, graph.source, graph.sink)
        except nx.NetworkXNoPath:
            return -1.0
        steps = (min(left[u][v], key=lambda a: left[u][v][a]["weight"]) for u, v in pairwise(path))
        return float(sum(case.hours[a] for a in steps))

    def flow(left: nx.MultiDiGraph) -> int:
        simple = nx.DiGraph()
        simple.add_nodes_from((graph.source, graph.sink))
        for u, v, c in left.edges(data="capacity"):
            simple.add_edge(u, v, capacity=c + (simple[u][v]["capacity"] if simple.has_edge(u, v) else 0))
        return int(nx.maximum_flow_value(simple, graph.source, graph.sink))

    asks: list[tuple[str, Callable[[nx.MultiDiGraph], Any], int]] = [
        ("connection", lambda left: nx.has_path(left, graph.source, graph.sink), 0),
        ("time", weight, 1),
        ("throughput", flow, 2),
    ]
    rows = []
    for what, ask, column in asks:
        by = mc.sampler(case, mc.COMPILE_RUNS, what == "time", what == "throughput")
        by.answer(*block.first(64))  # compiles, or loads what was compiled
        blocks = range(-(-runs // mc.BLOCK))
        start = time.perf_counter()
        ours = [part[1:] for part in mc.sampled(case, found, by, blocks, 1)]
        spent = time.perf_counter() - start
        seconds, expected = theirs(ask)
        own = ours[0][column][:few]
        if what == "time":
            own = np.where(ours[0][0][:few], own, -1.0)
        agree = bool(np.allclose(np.asarray(own, float), np.asarray(expected, float), atol=1e-6))
        rows.append((f"{name}: {what}, {runs:,} samples", spent, f"{PEER}; {few}, scaled", seconds, agree))
    return rows


if __name__ == "__main__":
    import sys

    for row in run("--quick" in sys.argv):
        print(f"{row[0]:45} {row[1]:8.3f} s  {row[3]:10.1f} s  {row[3] / row[1]:8,.0f}x  {row[4]}  {row[2]}")
