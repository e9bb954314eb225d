"""N-1 and N-2 against rebuilding the question for every outage: networkx, and igraph where it is installed.

The peers do what one writes first: take the links out, solve again, put them back (networkx' flow: build again without
them). Where all outages would take them minutes they answer a sample, and the time of these answers, not that of
building the graph once, is scaled; the question says so. Each row compares the answers; in every sample half of the
outages hold a link of the fastest route, since most others change nothing.
"""

from __future__ import annotations

import importlib.util
import math
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import networkx as nx
import numpy as np

import mobility as mb
from mobility import arcs as arcs_
from mobility.arcs import compile_arcs, units
from mobility.compiled import CompiledFlow, CompiledRouter
from mobility.contingency import Case, between, delays
from networks import far_pairs, generated

Row = tuple[str, float, str, float, bool]
Pick = Sequence[tuple[int, ...]]
Ask = Callable[[tuple[int, ...]], float | None]
TICK = 1 << arcs_.LENGTH_BITS


def run(quick: bool) -> list[Row]:
    """Return rows of question, seconds of this package, peer, its seconds, and whether the answers agree."""
    shipped = mb.load()
    west, east = ["AL_DURRES", "ME_BAR", "HR_PLOCE", "HR_RIJEKA"], ["RO_CONSTANTA", "BG_BURGAS", "BG_VARNA"]
    pairs = [([a], [b]) for a, b in product(west, east)]
    rows = measure("shipped", shipped, pairs[:3] if quick else pairs, sample=40 if quick else 16)
    big = generated(2_000, 6_000) if quick else generated()
    return rows + measure("generated", big, far_pairs(big, 1), sample=6)


def measure(name: str, net: mb.Network, questions: list[tuple[list[str], list[str]]], sample: int) -> list[Row]:
    """Return the rows of one network over some pairs of ends."""
    arcs = compile_arcs(net)
    parts = units(net)
    cases = [between(arcs, *ends, parts) for ends in questions]
    count = len(cases[0].units)
    rng = np.random.default_rng(4)
    rows = []
    for n in (1, 2):
        picks = _sample(cases[0], n, sample, rng)
        outages, tried = math.comb(count, n), f"{len(cases)} pairs of ends, all {math.comb(count, n):,} outages"
        for what, ours, theirs in (("route", _our_hours, PEER_HOURS), ("flow", _our_flow, PEER_FLOW)):
            seconds, found = _timed(lambda n=n, ours=ours: [ours(case, n) for case in cases])
            for peer, prepare in theirs.items():
                if peer == "igraph" and importlib.util.find_spec("igraph") is None:
                    continue
                built, ready = _once(lambda prepare=prepare: [prepare(case) for case in cases])
                spent, answers = _once(lambda ready=ready, picks=picks: [[ask(p) for p in picks] for ask in ready])
                scaled = built + spent * outages / len(picks)
                agree = all(
                    _same(look(pick), answer)
                    for look, per_case in zip(found, answers, strict=True)
                    for pick, answer in zip(picks, per_case, strict=True)
                )
                note = "" if len(picks) == outages else f", peer scaled from {len(picks)}"
                rows.append((f"{name}: N-{n} {what}, {tried}{note}", seconds, peer, scaled, agree))
    return rows


def _sample(case: Case, n: int, sample: int, rng: np.random.Generator) -> Pick:
    """Return outages of n units, every other one with a unit of the fastest route."""
    base_h, time_h, _ = _our_delays(case, 1)
    route, count = np.flatnonzero(time_h > base_h), len(case.units)
    drawn: set[tuple[int, ...]] = set()
    while len(drawn) < min(sample, math.comb(count, n)):
        first = int(rng.choice(route)) if len(drawn) % 2 and len(route) else int(rng.integers(count))
        pick = {first, *(int(u) for u in rng.integers(count, size=n - 1))}
        if len(pick) == n:
            drawn.add(tuple(sorted(pick)))
        if n == 1 and len(drawn) == len(route) + 1:
            break
    return sorted(drawn)


def _once(f: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    answer = f()
    return time.perf_counter() - start, answer


def _timed(f: Callable[[], Any]) -> tuple[float, Any]:
    """Return the median of three runs after one that warms up, or one run where that takes long."""
    _once(f)
    runs = [_once(f) for _ in range(3)]
    return statistics.median(seconds for seconds, _ in runs), runs[-1][1]


def _same(one: float | None, other: float | None) -> bool:
    return one == other or (one is not None and other is not None and math.isclose(one, other, abs_tol=1e-4))


# ---- this package


def _our_delays(case: Case, n: int) -> tuple[float, Any, dict[tuple[int, int], float]]:
    graph = case.flowing.graph
    return delays(case, CompiledRouter(graph.size, graph.tail, graph.head, graph.weight, graph.sink), n)


def _our_hours(case: Case, n: int) -> Ask:
    _, alone, pairs = _our_delays(case, n)

    def look(pick: tuple[int, ...]) -> float | None:
        hours = pairs.get(pick, max(alone[u] for u in pick)) if n == 2 else alone[pick[0]]
        return None if math.isinf(hours) else float(hours)

    return look


def _our_flow(case: Case, n: int) -> Ask:
    graph, capacity = case.flowing.graph, case.flowing.capacity
    flow = CompiledFlow(graph.size, graph.tail, graph.head, capacity, graph.weight, graph.source, graph.sink)
    flow.cheapest() if n == 2 else flow.maximum()
    single = flow.losses(case.members)
    pairs = {}
    if n == 2:
        for u, v, lost in zip(*(column.tolist() for column in flow.pair_losses(case.members, single)), strict=True):
            pairs[min(u, v), max(u, v)] = lost
    return lambda pick: flow.value - pairs.get(pick, max(single[u] for u in pick))


# ---- the peers: each builds its graph once and returns what answers one outage after the other


def _networkx_hours(case: Case) -> Ask:
    graph = case.flowing.graph
    peer = nx.MultiDiGraph()
    peer.add_nodes_from(range(graph.size))
    rows = list(zip(graph.tail.tolist(), graph.head.tolist(), graph.weight.tolist(), strict=True))
    peer.add_edges_from((t, h, i, {"weight": w}) for i, (t, h, w) in enumerate(rows))

    def ask(pick: tuple[int, ...]) -> float | None:
        gone = sorted({a for u in pick for a in case.members[u]})
        peer.remove_edges_from([(*rows[a][:2], a) for a in gone])
        try:
            return nx.bidirectional_dijkstra(peer, graph.source, graph.sink, weight="weight")[0] / TICK / 3.6e6
        except nx.NetworkXNoPath:
            return None
        finally:
            peer.add_edges_from((*rows[a][:2], a, {"weight": rows[a][2]}) for a in gone)

    return ask


def _networkx_flow(case: Case) -> Ask:
    graph = case.flowing.graph
    rows = list(zip(graph.tail.tolist(), graph.head.tolist(), case.flowing.capacity.tolist(), strict=True))

    def ask(pick: tuple[int, ...]) -> float | None:
        gone = {a for u in pick for a in case.members[u]}
        peer = nx.DiGraph()
        peer.add_nodes_from((graph.source, graph.sink))
        for a, (t, h, c) in enumerate(rows):
            if a not in gone and peer.has_edge(t, h):
                peer[t][h]["capacity"] += c
            elif a not in gone:
                peer.add_edge(t, h, capacity=c)
        return float(nx.maximum_flow_value(peer, graph.source, graph.sink))

    return ask


def _igraph_hours(case: Case) -> Ask:
    import igraph

    graph = case.flowing.graph
    peer = igraph.Graph(graph.size, np.c_[graph.tail, graph.head].tolist(), directed=True)
    whole = graph.weight.astype(float).tolist()

    def ask(pick: tuple[int, ...]) -> float | None:
        weight = whole.copy()
        for a in {a for u in pick for a in case.members[u]}:
            weight[a] = math.inf
        found = peer.distances(graph.source, graph.sink, weights=weight)[0][0]
        return None if math.isinf(found) else found / TICK / 3.6e6

    return ask


def _igraph_flow(case: Case) -> Ask:
    import igraph

    graph = case.flowing.graph
    peer = igraph.Graph(graph.size, np.c_[graph.tail, graph.head].tolist(), directed=True)
    whole = case.flowing.capacity.astype(float).tolist()

    def ask(pick: tuple[int, ...]) -> float | None:
        room = whole.copy()
        for a in {a for u in pick for a in case.members[u]}:
            room[a] = 0.0
        return float(round(peer.maxflow_value(graph.source, graph.sink, room)))

    return ask


PEER_HOURS = {"networkx": _networkx_hours, "igraph": _igraph_hours}
PEER_FLOW = {"networkx": _networkx_flow, "igraph": _igraph_flow}


if __name__ == "__main__":
    import sys

    for question, ours, peer, theirs, agree in run("--quick" in sys.argv):
        ratio = f"{theirs / ours:,.0f}x"
        print(f"| {question} | {ours * 1e3:.3g} ms | {peer} | {theirs:.3g} s | {ratio} | {'yes' if agree else 'NO'} |")
