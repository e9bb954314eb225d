"""Ratios against plain networkx, in one run: `python benchmarks/run.py [--quick]`.

Each row times the package and networkx on the same question, one after the other, and first sees that both give
the same answer. Where networkx would take minutes it answers a part of the question and the time is scaled; the
row says so. Times of this package include everything from the compiled network on; compiling is a row of its own.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

import networkx as nx
import numpy as np

import mobility as mb
from mobility import arcs as engines
from mobility.arcs import LINK, Arcs, Graph, build_graph, compile_arcs
from mobility.contingency import lost_flow
from mobility.flows import flow_graph, solve
from mobility.paths import k_shortest
from networks import far_pairs, generated

UNIT = 1 << 20


def timed(f: Callable[[], Any], least: int = 3, budget: float = 2.0) -> tuple[float, Any]:
    """Return the median seconds of some runs, and the last answer; the first run warms up."""
    answer, spent, times = f(), 0.0, []
    while len(times) < least or (spent < budget and len(times) < 50):
        start = time.perf_counter()
        answer = f()
        times.append(time.perf_counter() - start)
        spent += times[-1]
        if spent > 4 * budget:
            break
    return statistics.median(times), answer


def once(f: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    answer = f()
    return time.perf_counter() - start, answer


def as_networkx(graph: Graph) -> nx.MultiDiGraph:
    """Return the searched graph as networkx holds it: only open arcs, weights in milliseconds."""
    out = nx.MultiDiGraph()
    out.add_nodes_from(range(graph.size))
    rows = zip(graph.tail.tolist(), graph.head.tolist(), graph.weight.tolist(), strict=True)
    out.add_edges_from((t, h, i, {"weight": w}) for i, (t, h, w) in enumerate(rows))
    return out


def simple(graph: Graph) -> nx.DiGraph:
    """Return the shortest of parallel arcs; networkx' Yen refuses multigraphs."""
    out = nx.DiGraph()
    out.add_nodes_from(range(graph.size))
    for t, h, w in zip(graph.tail.tolist(), graph.head.tolist(), graph.weight.tolist(), strict=True):
        if not out.has_edge(t, h) or out[t][h]["weight"] > w:
            out.add_edge(t, h, weight=w)
    return out


def flow_networkx(graph: Graph, capacity: np.ndarray) -> nx.DiGraph:
    """Return capacities with parallel arcs added up; networkx' flows refuse multigraphs."""
    out = nx.DiGraph()
    out.add_nodes_from(range(graph.size))
    for t, h, c in zip(graph.tail.tolist(), graph.head.tolist(), capacity.tolist(), strict=True):
        if t != h:
            before = out[t][h]["capacity"] if out.has_edge(t, h) else 0
            out.add_edge(t, h, capacity=before + c)
    return out


def row(net: str, task: str, ours: float, theirs: float, note: str = "") -> None:
    print(f"| {net} | {task} | {ours * 1e3:.3g} | {theirs * 1e3:.4g} | {theirs / ours:,.0f}x | {note} |", flush=True)


def main() -> None:
    quick = "--quick" in sys.argv
    print("| network | task | mobility ms | networkx ms | ratio | note |")
    print("|---|---|---|---|---|---|")
    shipped = mb.load()
    measure("shipped", shipped, (["AL_DURRES", "ME_BAR", "HR_PLOCE"], ["RO_CONSTANTA", "BG_BURGAS"]), quick)
    big = generated(2_000, 6_000) if quick else generated()
    measure("generated", big, far_pairs(big, 1)[0], quick)
    in_depth(quick)


def measure(name: str, net: mb.Network, ends: tuple[list[str], list[str]], quick: bool) -> None:
    """Print the rows of one network."""
    engines.COMPILE_FROM = 0  # the many-solve kernels, also on the shipped network
    seconds, arcs = timed(lambda: compile_arcs(net))
    graph = build_graph(arcs, *ends)
    built, peer = timed(lambda: as_networkx(graph), 1, 0.5)
    row(name, f"compile, {len(arcs.tail)} arcs", seconds, built, "networkx: build of the open graph")
    search = graph.router()
    routes(name, graph, search, peer, quick)
    flows(name, arcs, ends)
    outages(name, arcs, graph, search, peer, ends)


def routes(name: str, graph: Graph, search: Any, peer: nx.MultiDiGraph, quick: bool) -> None:
    """Print one route and k routes."""
    ask = graph.source, graph.sink
    fresh, first = timed(lambda: one_route(graph))
    theirs, length = timed(lambda: nx.bidirectional_dijkstra(peer, *ask, weight="weight")[0], 1)
    assert first == length
    row(name, "fastest route, graph new", fresh, theirs, "ours with its search tree")
    again, _ = timed(lambda: search.shortest(graph.source)[0])
    row(name, "fastest route, graph at hand", again, theirs)
    k = 10 if name == "shipped" or quick else 3
    ours, best = timed(lambda: [w for w, _ in islice(k_shortest(graph, search), k)])
    plain = simple(graph)
    theirs, paths = once(lambda: list(islice(nx.shortest_simple_paths(plain, *ask, weight="weight"), k)))
    same = [nx.path_weight(plain, p, "weight") for p in paths]
    note = "" if best == same else "networkx leaves out parallel links and may return to a place"
    row(name, f"k = {k} loopless routes", ours, theirs, note)


def one_route(graph: Graph) -> int:
    search = graph.router()
    return search.shortest(graph.source)[0]


def flows(name: str, arcs: Arcs, ends: tuple[list[str], list[str]]) -> None:
    """Print the maximum flow, build and solve."""
    ours, (value, _, _) = timed(lambda: solve(flow_graph(arcs, *ends)))
    flowing = flow_graph(arcs, *ends)
    ask = flowing.graph.source, flowing.graph.sink
    for algorithm in (nx.algorithms.flow.preflow_push, nx.algorithms.flow.boykov_kolmogorov):
        theirs, peer = once(
            lambda algorithm=algorithm: nx.maximum_flow_value(
                flow_networkx(flowing.graph, flowing.capacity), *ask, flow_func=algorithm
            )
        )
        assert peer == value
        row(name, "maximum flow and cut", ours, theirs, f"networkx: {algorithm.__name__}, value only")


def outages(
    name: str, arcs: Arcs, graph: Graph, search: Any, peer: nx.MultiDiGraph, ends: tuple[list[str], list[str]]
) -> None:
    """Print N-1 of all links, for the route and for the flow."""
    groups = [[int(r) for r in rows] for rows in arcs.assets if arcs.link_open[rows].any()]
    at: dict[int, list[int]] = {}
    for a in np.flatnonzero(graph.spread(arcs.kind, -1) == LINK).tolist():
        at.setdefault(int(arcs.item[graph.arc[a]]), []).append(a)
    members = [[a for r in rows for a in at.get(r, ())] for rows in groups]
    rng = np.random.default_rng(3)
    sample = range(len(groups)) if name == "shipped" else sorted(rng.choice(len(groups), 8, replace=False).tolist())

    def detours() -> list[int | None]:
        base = search.shortest(graph.source)
        on = set(base[1])
        out: list[int | None] = []
        for g in members:
            found = search.shortest(graph.source, g) if on.intersection(g) else base
            out.append(None if found is None else found[0])
        return out

    def peer_detours() -> list[int | None]:
        out: list[int | None] = []
        for i in sample:
            taken = [(int(graph.tail[a]), int(graph.head[a]), a) for a in members[i]]
            kept = [(u, v, a, dict(peer[u][v][a])) for u, v, a in taken]
            peer.remove_edges_from(taken)
            try:
                out.append(nx.bidirectional_dijkstra(peer, graph.source, graph.sink, weight="weight")[0])
            except nx.NetworkXNoPath:
                out.append(None)
            peer.add_edges_from(kept)
        return out

    ours, found = timed(detours)
    theirs, expected = once(peer_detours)
    assert [found[i] for i in sample] == expected
    scaled = theirs * len(groups) / len(sample)
    note = "" if len(sample) == len(groups) else f"networkx: {len(sample)} outages, scaled"
    row(name, f"N-1 route, {len(groups)} outages", ours, scaled, f"networkx: remove and put back. {note}".strip())

    flowing = flow_graph(arcs, *ends)
    ours, (value, losses) = timed(lambda: lost_flow(flowing, members), 1)
    few = list(sample)[:: 8 if name == "shipped" else 2]
    full = flow_networkx(flowing.graph, flowing.capacity)

    def peer_losses() -> list[int]:
        out = []
        for i in few:
            cut = full.copy()
            for a in members[i]:
                cut[int(graph.tail[a])][int(graph.head[a])]["capacity"] -= int(flowing.capacity[a])
            flow = nx.maximum_flow_value(cut, graph.source, graph.sink, flow_func=nx.algorithms.flow.boykov_kolmogorov)
            out.append(value - flow)
        return out

    theirs, expected_losses = once(peer_losses)
    assert [losses[i] for i in few] == expected_losses
    scaled = theirs * len(groups) / len(few)
    row(name, f"N-1 flow, {len(groups)} outages", ours, scaled, f"networkx: copy and solve, {len(few)} outages, scaled")


def in_depth(quick: bool) -> None:
    """Print the rows of the questions in depth, each from its own file."""
    import choices
    import closures
    import outages as pairs
    import reliability
    import sampling
    import worst

    for topic in (pairs, worst, reliability, sampling, closures, choices):
        for question, ours, peer, theirs, agree in topic.run(quick):
            assert agree, question
            row("in depth", question, ours, theirs, peer)


if __name__ == "__main__":
    main()
