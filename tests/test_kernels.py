"""The inner loops: plain and compiled against each other and against networkx."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest

from mobility import kernels
from mobility.compiled import CompiledFlow, CompiledRouter

Graph = tuple[int, np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]


def graphs(count: int, first: int = 0) -> list[Graph]:
    """Return random multigraphs with loops, parallel arcs, ties, zero weights and zero capacities."""
    out = []
    for seed in range(first, first + count):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(4, 20))
        m = int(rng.integers(n, 5 * n))
        tail, head = rng.integers(0, n, m), rng.integers(0, n, m)
        out.append(
            (n, tail, head, rng.integers(0, 6, m).astype(np.int64) << 20, rng.integers(0, 9, m).astype(np.int64))
        )
    return out


def as_networkx(n: int, tail: Any, head: Any, weight: Any, but: set[int], gone: set[int]) -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(n))
    for a, (t, h, w) in enumerate(zip(tail.tolist(), head.tolist(), weight.tolist(), strict=True)):
        if a not in but and h not in gone:
            graph.add_edge(t, h, weight=w)
    return graph


def max_flow(n: int, tail: Any, head: Any, capacity: Any) -> int:
    graph = nx.DiGraph()
    graph.add_nodes_from(range(n))
    for t, h, c in zip(tail.tolist(), head.tolist(), capacity.tolist(), strict=True):
        if t != h:
            graph.add_edge(t, h, capacity=c + (graph[t][h]["capacity"] if graph.has_edge(t, h) else 0))
    return int(nx.maximum_flow_value(graph, 0, n - 1))


@pytest.mark.parametrize("first", range(0, 300, 100))
def test_shortest_paths_under_bans(first: int) -> None:
    for seed, (n, tail, head, weight, _) in enumerate(graphs(100, first)):
        rng = np.random.default_rng(seed)
        plain = kernels.PlainRouter(n, tail, head, weight, n - 1)
        fast = CompiledRouter(n, tail, head, weight, n - 1)
        for _ in range(3):  # the same workspace again and again
            arcs, places = set(rng.integers(0, len(tail), 3).tolist()), {int(rng.integers(1, n - 1))}
            found = plain.shortest(0, arcs, places)
            assert fast.shortest(0, arcs, places) == found
            assert plain.bound(0, arcs) == fast.bound(0, arcs)
            peer = as_networkx(n, tail, head, weight, arcs, places)
            try:
                length = nx.dijkstra_path_length(peer, 0, n - 1)
            except nx.NetworkXNoPath:
                assert found is None
                continue
            assert found is not None
            assert found[0] == length == sum(int(weight[a]) for a in found[1])
            assert plain.bound(0, arcs) <= length
            assert not arcs.intersection(found[1])


@pytest.mark.parametrize("first", range(0, 300, 100))
def test_maximum_flows(first: int) -> None:
    for n, tail, head, weight, capacity in graphs(100, first):
        ask = n, tail, head, capacity, weight, 0, n - 1
        cheap, cheap_fast, most = kernels.PlainFlow(*ask), CompiledFlow(*ask), CompiledFlow(*ask)
        cheap.cheapest()
        cheap_fast.cheapest()
        most.maximum()
        value = max_flow(n, tail, head, capacity)
        for flow in (cheap, cheap_fast, most):
            assert flow.value == value
            carried, near = flow.flows(), flow.reachable()
            assert ((carried >= 0) & (carried <= capacity)).all()
            balance = np.bincount(tail, carried, n) - np.bincount(head, carried, n)
            assert (balance[1:-1] == 0).all()
            assert balance[0] == value == -balance[-1]
            assert capacity[near[tail] & ~near[head]].sum() == value
            assert (near == cheap.reachable()).all()
        cost = int((cheap.flows() * weight).sum())
        assert cost == int((cheap_fast.flows() * weight).sum())
        peer = nx.MultiDiGraph()
        peer.add_nodes_from(range(n))
        rows = zip(tail.tolist(), head.tolist(), weight.tolist(), capacity.tolist(), strict=True)
        simple = nx.DiGraph()
        for i, (t, h, w, c) in enumerate(rows):  # a vertex in the middle of each arc keeps parallel ones apart
            simple.add_edge(t, ("arc", i), weight=w >> 20, capacity=c)
            simple.add_edge(("arc", i), h, weight=0, capacity=c)
        simple.add_nodes_from(range(n))
        least = nx.cost_of_flow(simple, nx.max_flow_min_cost(simple, 0, n - 1))
        assert cost >> 20 == least


@pytest.mark.parametrize("first", range(0, 200, 100))
def test_what_an_outage_takes_off_a_flow(first: int) -> None:
    for seed, (n, tail, head, weight, capacity) in enumerate(graphs(100, first)):
        rng = np.random.default_rng(seed)
        ask = n, tail, head, capacity, weight, 0, n - 1
        groups = [[a] for a in range(len(tail))]
        groups += [sorted(set(rng.integers(0, len(tail), 3).tolist())) for _ in range(8)]
        expected = []
        for g in groups:
            left = capacity.copy()
            left[g] = 0
            expected.append(max_flow(n, tail, head, capacity) - max_flow(n, tail, head, left))
        for make in (kernels.PlainFlow, CompiledFlow):
            flow = make(*ask)
            flow.maximum()
            before = flow.flows().copy()
            assert flow.losses(groups) == expected
            assert (flow.flows() == before).all(), "asking changes nothing"


def test_the_widest_path() -> None:
    for n, tail, head, _, capacity in graphs(100):
        value, path = kernels.widest(n, tail, head, capacity.astype(float), [0], n - 1)
        levels = sorted(set(capacity.tolist()), reverse=True)
        reach = -np.inf
        for level in levels:
            keep = capacity >= level
            graph = nx.DiGraph(list(zip(tail[keep].tolist(), head[keep].tolist(), strict=True)))
            graph.add_nodes_from([0, n - 1])
            if nx.has_path(graph, 0, n - 1):
                reach = level
                break
        assert value == reach
        if path:
            assert min(capacity[path]) == value


def test_the_compiled_kernels_serve_the_verbs_as_the_plain_ones_do(monkeypatch: pytest.MonkeyPatch) -> None:
    import mobility as mb

    net = mb.load()
    ask = {"origin": ["Durrës", "Bar", "Ploče"], "destination": ["Constanța", "Burgas"], "vehicle": "wheeled-ifv"}
    verbs = (mb.routes, mb.redundancy, mb.contingency)
    plain = [verb(net, **ask).to_dict() for verb in verbs]
    flow = mb.throughput(net, **ask)
    monkeypatch.setattr("mobility.arcs.COMPILE_FROM", 0)
    assert [verb(net, **ask).to_dict() for verb in verbs] == plain
    fast = mb.throughput(net, **ask)
    assert (fast.vehicles_per_day, fast.cut) == (flow.vehicles_per_day, flow.cut)
