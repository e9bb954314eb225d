"""Sweeps: 1 000 scenarios on the shipped network, one process against two, and against the loop one would write.

    python benchmarks/sweep.py [scenarios]

Prints seconds and ratios of one run. The loop calls the single functions on a changed network, as a notebook would;
networkx and igraph find only times and flows of the same scenarios on the arcs as compiled, none of the rest of a row.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import networkx as nx
import numpy as np

import mobility as mb
from mobility.arcs import build_graph, compile_arcs
from mobility.flows import flow_graph
from mobility.scenario import Where
from mobility.sweep import Lose, Study, _job, sweep

PAIR = (("Durrës",), ("Burgas",))
LOOP = 30
"""So many scenarios of the slow ways are answered; their time is scaled to all."""


def timed(step: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    made = step()
    return time.perf_counter() - start, made


def masks(net: Any, study: Study, count: int) -> Any:
    """Yield the open arcs of some scenarios."""
    job, asked = _job(study, net)
    arcs = compile_arcs(net, vehicle="wheeled-ifv")
    for q in asked[:count]:
        closed = np.zeros(len(arcs.link_open), bool)
        closed[[net.link_index[x] for x in job.scenes[q.scene].standing.close]] = True
        yield arcs, q, arcs.open & ~arcs.per_arc(closed, False)


def by_networkx(net: Any, study: Study, count: int) -> list[float]:
    """Return vehicles a day by networkx: Dijkstra and preflow-push on a graph made anew."""
    from dataclasses import replace

    out = []
    for arcs, q, mask in masks(net, study, count):
        flowing = flow_graph(replace(arcs, open=mask), q.origins, q.destinations)
        g, graph = flowing.graph, nx.DiGraph()
        for t, h, w, c in zip(
            g.tail.tolist(), g.head.tolist(), g.weight.tolist(), flowing.capacity.tolist(), strict=True
        ):
            if graph.has_edge(t, h):
                graph[t][h]["weight"] = min(w, graph[t][h]["weight"])
                graph[t][h]["capacity"] += c
            else:
                graph.add_edge(t, h, weight=w, capacity=c)
        nx.dijkstra_path_length(graph, g.source, g.sink)
        out.append(nx.maximum_flow_value(graph, g.source, g.sink) / flowing.unit)
    return out


def by_igraph(net: Any, study: Study, count: int) -> list[float]:
    """Return vehicles a day by igraph, on one graph whose closed arcs lose weight and room."""
    import igraph

    arcs = compile_arcs(net, vehicle="wheeled-ifv")
    out, graph = [], None
    for _, q, mask in masks(net, study, count):
        if graph is None:
            g = build_graph(arcs, q.origins, q.destinations)
            room = flow_graph(arcs, q.origins, q.destinations)
            graph = igraph.Graph(g.size, list(zip(g.tail.tolist(), g.head.tolist(), strict=True)), directed=True)
        opened = g.spread(mask, True)
        graph.distances(g.source, g.sink, weights=np.where(opened, g.weight, np.inf).tolist())
        out.append(graph.maxflow_value(g.source, g.sink, np.where(opened, room.capacity, 0).tolist()) / room.unit)
    return out


def main(count: int) -> None:
    net = mb.load()
    lose = (Lose(k=2, count=count, seed=1, where=Where(mode="road")),)
    print(f"{count:,} scenarios of two lost roads, {PAIR}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for measures in (("routes", "throughput"), ("routes", "throughput", "closure")):
        own = {"closure": {"force": "fuel-convoy"}} if "closure" in measures else {}
        study = Study(name="b", pairs=(PAIR,), vehicles=("wheeled-ifv",), lose=lose, measures=measures, measure=own)
        one, serial = timed(lambda study=study: sweep(study, net=net, workers=1))
        two, both = timed(lambda study=study: sweep(study, net=net, workers=2))
        same = "the same table" if serial.frame.equals(both.frame) else "DIFFERENT TABLES"
        print(f"{'+'.join(measures)}: one process {one:.1f} s, two {two:.1f} s, ratio {one / two:.2f}; {same}")
        if len(measures) > 2:
            continue
        names = serial.frame["scenario"].tolist()[:LOOP]

        def loop(names: list[str] = names) -> list[float]:
            out = []
            for name in names:
                now = net.with_changes(close=name.split("+"))
                mb.routes(now, *PAIR, k=1, vehicle="wheeled-ifv")
                out.append(mb.throughput(now, *PAIR, vehicle="wheeled-ifv").vehicles_per_day)
            return out

        flows = serial.frame["vehicles_per_day"].to_numpy()[:LOOP]
        ways = {
            "loop of mb.routes and mb.throughput": loop,
            "networkx, time and flow": lambda study=study: by_networkx(net, study, LOOP),
            "igraph, time and flow": lambda study=study: by_igraph(net, study, LOOP),
        }
        for what, way in ways.items():
            took, found = timed(way)
            assert np.allclose(found, flows), what
            took *= count / LOOP
            print(
                f"  {what}: {took:.1f} s (from {LOOP}), {took / one:.1f} times one process, {took / two:.1f} times two"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
