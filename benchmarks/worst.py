"""The worst case against trying every set on networkx, and against an integer programme, in one run.

networkx tries a sample of the sets, each by removing the arcs and asking again, and the time is scaled to all of them.
Answers are compared: what is left without the sets named here is asked of networkx, and no sampled set may be worse.
For three links and more, where nobody would try them all, the peer is the programme of Wood (1993) in SciPy's HiGHS.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection
from typing import Any

import networkx as nx
import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array

import mobility as mb
from mobility.arcs import LINK, compile_arcs, units
from mobility.flows import ROOM, flow_graph
from networks import far_pairs, generated

Row = tuple[str, float, str, float, bool]
Ends = tuple[list[str], list[str]]


class Peer:
    """Plain networkx on the same arcs: remove those of some units, ask, put them back."""

    def __init__(self, net: mb.Network, ends: Ends, objective: str) -> None:
        arcs = compile_arcs(net)
        flowing = flow_graph(arcs, *ends)
        graph = flowing.graph
        rows = zip(graph.tail.tolist(), graph.head.tolist(), strict=True)
        self.source, self.sink, self.objective = graph.source, graph.sink, objective
        self.unit = flowing.unit
        time_h = graph.spread(arcs.time_h, 0.0)
        self.graph: Any = nx.MultiDiGraph() if objective == "time" else nx.DiGraph()
        self.at: dict[int, list[tuple[int, int, int]]] = {}
        for i, (t, h) in enumerate(rows):
            if objective == "time":
                self.graph.add_edge(t, h, i, weight=float(time_h[i]))
            elif t != h:
                before = self.graph[t][h]["capacity"] if self.graph.has_edge(t, h) else 0
                self.graph.add_edge(t, h, capacity=before + int(flowing.capacity[i]))
            if graph.arc[i] >= 0 and arcs.kind[graph.arc[i]] == LINK:
                self.at.setdefault(int(arcs.item[graph.arc[i]]), []).append((t, h, i))
        self.capacity = flowing.capacity
        self.units = {u.id: u.rows for u in units(net) if any(r in self.at for r in u.rows)}

    def left(self, lost: Collection[str]) -> float:
        """Return the hours or vehicles a day without some units."""
        out = [a for u in lost for r in self.units[u] for a in self.at.get(r, ())]
        if self.objective == "time":
            kept = [(t, h, i, dict(self.graph[t][h][i])) for t, h, i in out]
            self.graph.remove_edges_from((t, h, i) for t, h, i in out)
            try:
                found = nx.bidirectional_dijkstra(self.graph, self.source, self.sink, weight="weight")[0]
            except nx.NetworkXNoPath:
                found = math.inf
            self.graph.add_edges_from(kept)
            return float(found)
        for t, h, i in out:
            self.graph[t][h]["capacity"] -= int(self.capacity[i])
        flow = nx.maximum_flow_value(self.graph, self.source, self.sink, flow_func=nx.algorithms.flow.boykov_kolmogorov)
        for t, h, i in out:
            self.graph[t][h]["capacity"] += int(self.capacity[i])
        return float(flow) / self.unit


def once(f: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    answer = f()
    return time.perf_counter() - start, answer


def programme(net: mb.Network, ends: Ends, k: int, seconds: float) -> tuple[float, float]:
    """Return vehicles a day without the worst k links by Wood's programme, and the lower bound it reached."""
    arcs = compile_arcs(net)
    flowing = flow_graph(arcs, *ends)
    g, m, n = flowing.graph, len(flowing.graph.tail), flowing.graph.size
    unit_of = {r: i for i, u in enumerate(units(net)) for r in u.rows}
    real = np.flatnonzero(g.arc >= 0)
    on = real[arcs.kind[g.arc[real]] == LINK]
    names, unit = np.unique([unit_of[int(r)] for r in arcs.item[g.arc[on]]], return_inverse=True)
    count = len(names)
    bounded = np.flatnonzero(flowing.capacity < ROOM)
    # A side for each vertex, crossing for each arc with a capacity, lost for each unit.
    row = [np.arange(m), np.arange(m), bounded, on, np.full(count, m)]
    column = [g.head, g.tail, n + np.arange(len(bounded)), n + len(bounded) + unit, n + len(bounded) + np.arange(count)]
    factor = [np.ones(m), -np.ones(m), -np.ones(len(bounded)), -np.ones(len(on)), np.ones(count)]
    size = n + len(bounded) + count
    where = (np.concatenate(row), np.concatenate(column))
    rules = csr_array(coo_array((np.concatenate(factor), where), shape=(m + 1, size)))
    lower, upper = np.zeros(size), np.ones(size)
    upper[g.source], lower[g.sink] = 0, 1
    found = milp(
        np.r_[np.zeros(n), flowing.capacity[bounded] / flowing.unit, np.zeros(count)],
        constraints=LinearConstraint(rules, -np.inf, np.r_[np.zeros(m), k]),
        integrality=np.r_[np.zeros(n + len(bounded)), np.ones(count)],
        bounds=Bounds(lower, upper), options={"mip_rel_gap": 0.0, "time_limit": seconds},
    )  # fmt: skip
    bound = found.mip_dual_bound if found.mip_dual_bound is not None else 0.0
    return (math.inf if found.fun is None else float(found.fun)), float(bound)


def run(quick: bool) -> list[Row]:
    """Return rows of question, seconds of this package, peer, its seconds, and whether the answers agree."""
    shipped = mb.load()
    ends = ["AL_DURRES", "ME_BAR", "HR_PLOCE"], ["RO_CONSTANTA", "BG_BURGAS"]
    rows = measure("shipped", shipped, ends, 10 if quick else 60)
    rows += against_programme("shipped", shipped, ends, (3, 5), 60.0)
    big = generated(2_000, 6_000) if quick else generated()
    far = far_pairs(big, 1)[0]
    return (
        rows + measure("generated", big, far, 4) + against_programme("generated", big, far, (3,), 10 if quick else 90)
    )


def against_programme(name: str, net: mb.Network, ends: Ends, ks: tuple[int, ...], seconds: float) -> list[Row]:
    """Return a row for each number of links: throughput, with the bound where the peer does not finish."""
    rows: list[Row] = []
    for k in ks:
        ours, found = once(lambda k=k: mb.worst_case(net, *ends, k=k))
        theirs, (value, bound) = once(lambda k=k: programme(net, ends, k, seconds))
        done = value - bound <= 1e-3
        agree = bound - 1e-3 <= (found.value or 0.0) <= value + 1e-3
        peer = "integer programme" if done else f"integer programme, not finished in {seconds:g} s"
        rows.append((f"{name}: worst {k} links, throughput{_proof(found)}", ours, peer, theirs, agree))
    return rows


def _proof(found: mb.WorstCase) -> str:
    return "" if found.proven else ", not proven"


def measure(name: str, net: mb.Network, ends: Ends, sample: int) -> list[Row]:
    """Return a row per objective for one and two links."""
    rows: list[Row] = []
    rng = np.random.default_rng(7)
    mb.worst_case(net, *ends, k=1)  # loads what is compiled
    for objective in ("time", "throughput"):
        peer = Peer(net, ends, objective)
        names = sorted(peer.units)
        for k in (1, 2):
            ours, found = once(lambda k=k, objective=objective: mb.worst_case(net, *ends, k=k, objective=objective))
            value = math.inf if found.value is None else found.value
            sets = [rng.choice(names, k, replace=False).tolist() for _ in range(sample)]
            theirs, tried = once(lambda sets=sets, peer=peer: [peer.left(s) for s in sets])
            again = peer.left(found.units)
            # Without a route nothing is left, also where a flow could come back through a place.
            agree = found.cut or math.isclose(again, value, rel_tol=1e-6, abs_tol=1e-3)
            agree &= all(t <= value + 1e-3 if objective == "time" else t >= value - 1e-3 for t in tried)
            every = math.comb(len(names), k)
            rows.append(
                (
                    f"{name}: worst {k} of {len(names):,} links, {objective}{_proof(found)}", ours,
                    f"networkx, {sample} of {every:,} sets, scaled", theirs / sample * every, agree,
                )
            )  # fmt: skip
    return rows


if __name__ == "__main__":
    for question, ours, peer, theirs, agree in run(quick=False):
        print(f"{question}: {ours:.3g} s; {peer}: {theirs:,.4g} s; {theirs / ours:,.0f}x; agree {agree}", flush=True)
