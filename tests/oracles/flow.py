"""Maximum flow twice, by networkx on a split graph and by a programme over turns, and what a cut must be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import networkx as nx
import numpy as np
from scipy.optimize import linprog

from oracles.tables import Question, Tables, capacity, changes, crossings, directed, usable

SOURCE, SINK = "source", "sink"
EPS = 1e-6


def expand(tables: Tables, ask: Question) -> nx.DiGraph:
    """Return the graph in which every link direction, terminal and border is an arc of its own.

    Each place has, per mode, ``in -> mid -> out``: a border throttles the first step, a change of mode runs
    from ``mid`` of one mode to ``out`` of the other, so two changes cannot be chained. A link direction has a
    node of its own, because a DiGraph would keep only the last of parallel links. An arc without capacity is
    unlimited in networkx: used on purpose, for the steps that are nobody's limit.
    """
    graph = nx.DiGraph()
    graph.add_nodes_from([SOURCE, SINK])
    rows = usable(tables, ask)
    crossing = crossings(tables)
    seen = {(end, row["mode"]) for row in rows for end in (row["from_node"], row["to_node"])}
    for node, mode in seen:
        border = crossing.get((node, mode))
        step: dict[str, object] = {}
        if border is not None and border.get("capacity_veh_day") is not None:
            step = {"capacity": float(border["capacity_veh_day"]), "label": f"border:{node}"}
        graph.add_edge(("in", node, mode), ("mid", node, mode), **step)
        graph.add_edge(("mid", node, mode), ("out", node, mode))
        if node in ask.origins:
            graph.add_edge(SOURCE, ("out", node, mode))
        if node in ask.destinations:
            graph.add_edge(("in", node, mode), SINK)
    for (node, one, other), row in changes(tables).items():
        if (node, one) in seen and (node, other) in seen:
            graph.add_edge(
                ("mid", node, one),
                ("out", node, other),
                capacity=float(row["capacity_veh_day"]),
                label=f"terminal:{node}",
            )
    for number, (tail, head, row) in enumerate(directed(rows)):
        via = ("link", row["link_id"], number)
        graph.add_edge(("out", tail, row["mode"]), via, capacity=capacity(row, ask.vehicle), label=row["link_id"])
        graph.add_edge(via, ("in", head, row["mode"]))
    return graph


def max_flow(tables: Tables, ask: Question) -> float:
    """Return vehicles a day by networkx."""
    value, _ = nx.maximum_flow(expand(tables, ask), SOURCE, SINK, flow_func=nx.algorithms.flow.edmonds_karp)
    return float(value)


def nearest_cut(tables: Tables, ask: Question) -> dict[str, float]:
    """Return the minimum cut nearest the origins, ``label: capacity``.

    The places that the residual graph of a maximum flow still reaches from the origins are the same for every
    maximum flow, so this set is unique and may be compared by equality.
    """
    graph = expand(tables, ask)
    _, flow = nx.maximum_flow(graph, SOURCE, SINK, flow_func=nx.algorithms.flow.edmonds_karp)
    reached, stack = {SOURCE}, [SOURCE]
    while stack:
        here = stack.pop()
        onward = [v for v in graph[here] if graph[here][v].get("capacity", np.inf) - flow[here][v] > EPS]
        back = [u for u in graph.predecessors(here) if flow[u][here] > EPS]
        for there in [*onward, *back]:
            if there not in reached:
                reached.add(there)
                stack.append(there)
    cut: dict[str, float] = {}
    for u, v, data in graph.edges(data=True):
        if u in reached and v not in reached:
            cut[data["label"]] = cut.get(data["label"], 0.0) + data["capacity"]
    return cut


def without(tables: Tables, labels: Iterable[str]) -> Tables:
    """Return the network without the elements of a cut: nothing passes a cut border or terminal."""
    gone = set(labels)
    lost = {label.removeprefix("terminal:") for label in gone if label.startswith("terminal:")}
    shut = {label.removeprefix("border:") for label in gone if label.startswith("border:")}
    return replace(
        tables,
        links=[r for r in tables.links if r["link_id"] not in gone],
        terminals=[r for r in tables.terminals if r["node_id"] not in lost],
        borders=[{**r, "capacity_veh_day": 0.0} if r["node_id"] in shut else r for r in tables.borders],
    )


def max_flow_by_turns(tables: Tables, ask: Question) -> float:
    """Return vehicles a day by a linear programme, one variable per turn from a link direction into the next.

    Built on turns rather than on the expanded graph, so that a mistake in the expansion shows.
    """
    arcs = directed(usable(tables, ask))
    change = changes(tables)
    turns: list[tuple[int | None, int | None]] = []
    for i, (tail, head, row) in enumerate(arcs):
        if tail in ask.origins:
            turns.append((None, i))
        if head in ask.destinations:
            turns.append((i, None))
        for j, (start, _, onward) in enumerate(arcs):
            same = row["mode"] == onward["mode"]
            if start == head and (same or (head, row["mode"], onward["mode"]) in change):
                turns.append((i, j))
    if not turns:
        return 0.0

    def where(test: Callable[[int | None, int | None], bool]) -> np.ndarray:
        return np.array([float(test(a, b)) for a, b in turns])

    def at(node: str, arrives: str, leaves: str | None) -> np.ndarray:
        """Mark the turns at a place from one mode into another (None: into any)."""
        return where(
            lambda a, b: (
                a is not None
                and b is not None
                and arcs[a][1] == node
                and arcs[a][2]["mode"] == arrives
                and leaves in (None, arcs[b][2]["mode"])
            )
        )

    into = [where(lambda _, b, i=i: b == i) for i in range(len(arcs))]
    out = [where(lambda a, _, i=i: a == i) for i in range(len(arcs))]
    room = list(into)
    bound = [capacity(row, ask.vehicle) for _, _, row in arcs]
    for (node, one, other), row in changes(tables).items():
        room.append(at(node, one, other))
        bound.append(float(row["capacity_veh_day"]))
    for (node, mode), row in crossings(tables).items():
        if row.get("capacity_veh_day") is not None:
            room.append(at(node, mode, None))
            bound.append(float(row["capacity_veh_day"]))
    done = linprog(
        -where(lambda a, _: a is None),
        A_ub=np.array(room),
        b_ub=np.array(bound),
        A_eq=np.array(into) - np.array(out),
        b_eq=np.zeros(len(arcs)),
        method="highs",
    )
    assert done.status == 0, done.message
    return float(-done.fun)
