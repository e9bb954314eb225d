"""Throughput: the maximum flow from all origins together to all destinations together, and its minimum cut."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Unpack

import numpy as np
import pandas as pd

from mobility.arcs import BORDER, LINK, TRANSFER, Arcs, Graph, Options, build_graph
from mobility.kernels import reached
from mobility.network import Network
from mobility.paths import Answer, describe, prepare
from mobility.schema import split

Array = np.ndarray[Any, Any]

FINE, COARSE = 1_000_000, 1_000
"""Capacities are counted in millionths of a vehicle a day, in thousandths when the sums would grow too large."""

LARGE = 100_000
"""From so many arcs on OR-Tools finds the flow, where it is installed (the extra ``flow``)."""

ROOM = 1 << 60
"""Room of an arc that does not limit; every route has an arc that does."""


@dataclass(frozen=True)
class LinkFlow:
    """Flow on one link.

    Attributes
    ----------
    vehicles_per_day, used_share : float
        In the busier direction, and the share of that direction's capacity.
    forward : bool
        Whether that is from ``from_node`` to ``to_node``.
    opposite_vehicles_per_day : float
        In the other direction; above 0 only where flow turns round at a terminal.
    estimated : bool
        Whether the capacity is an estimate.
    """

    link_id: str
    vehicles_per_day: float
    used_share: float
    forward: bool
    opposite_vehicles_per_day: float
    estimated: bool


@dataclass(frozen=True)
class CutItem:
    """One member of the minimum cut: a link, a terminal or a border, and its capacity."""

    item: str
    vehicles_per_day: float
    estimated: bool
    basis: str


@dataclass(frozen=True, repr=False)
class Throughput(Answer):
    """A maximum flow.

    Attributes
    ----------
    vehicles_per_day, tonnes_per_day : float
        Of this kind of vehicle, at the military share asked for.
    cut : tuple of str
        The minimum cut nearest the origins: link ids, ``terminal:NODE`` and ``border:NODE``.
    cut_items : tuple of CutItem
        The same with capacities; they add up to the flow.
    links : tuple of LinkFlow
        Links that carry flow. On networks of strategic size the pattern is the one of least total time.
    corridors : mapping of str to float
        Vehicle-kilometres a day by corridor; a link of several counts for each.
    assumed : tuple of str
        Terminals and borders without a stated capacity, bounded only by the links that meet there.
    estimated_share : float
        Part of the cut's capacity that rests on estimates or defaults.
    """

    vehicles_per_day: float = 0.0
    tonnes_per_day: float = 0.0
    cut: tuple[str, ...] = ()
    cut_items: tuple[CutItem, ...] = ()
    links: tuple[LinkFlow, ...] = ()
    corridors: Mapping[str, float] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()
    estimated_share: float = 0.0

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        return f"{self.vehicles_per_day:,.0f} vehicles a day, cut of {len(self.cut)}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per link that carries flow."""
        rows = [asdict(f) for f in self.links]
        return pd.DataFrame(rows, columns=list(LinkFlow.__dataclass_fields__)).set_index("link_id")

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "vehicles_per_day": self.vehicles_per_day, "tonnes_per_day": self.tonnes_per_day,
            "cut": list(self.cut), "cut_items": [asdict(c) for c in self.cut_items],
            "links": [asdict(f) for f in self.links], "corridors": dict(self.corridors),
            "assumed": list(self.assumed), "estimated_share": self.estimated_share, "question": dict(self.question),
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class FlowGraph:
    """The graph of a throughput question with integer capacities, and the unit they are counted in."""

    graph: Graph
    capacity: Array
    unit: int


def flow_graph(arcs: Arcs, origins: Sequence[str], destinations: Sequence[str]) -> FlowGraph:
    """Return the graph and capacities between two sets of places."""
    graph = build_graph(arcs, origins, destinations)
    capacity = graph.spread(arcs.capacity, np.inf)
    bounded = np.isfinite(capacity)
    total = float(capacity[bounded].sum())
    unit = FINE if total * FINE < float(ROOM >> 2) else COARSE
    scaled = np.full(len(capacity), ROOM, np.int64)
    scaled[bounded] = np.minimum(np.rint(capacity[bounded] * unit), float(ROOM >> 2)).astype(np.int64)
    return FlowGraph(graph, scaled, unit)


def solve(flowing: FlowGraph, least_time: bool = False) -> tuple[int, Array, Array]:
    """Return value, flow by arc and the source side of the cut nearest the source.

    Parameters
    ----------
    flowing : FlowGraph
    least_time : bool
        Whether the flow shall be the one of least total time; on graphs of strategic size it is in any case.
    """
    found = None if least_time or len(flowing.capacity) < LARGE else _by_ortools(flowing)
    if found is not None:
        return found
    flow = flowing.graph.flow(flowing.capacity)
    if least_time:
        flow.cheapest()
    else:
        flow.maximum()
    return flow.value, flow.flows(), flow.reachable()


def _by_ortools(flowing: FlowGraph) -> tuple[int, Array, Array] | None:
    """Return what `solve` does, by the push-relabel of OR-Tools; None without it or where its sums would overflow."""
    try:
        from ortools.graph.python.max_flow import SimpleMaxFlow
    except ImportError:
        return None
    graph = flowing.graph
    # No flow is larger than all capacities together, so what does not limit needs no more room than that.
    most = int(flowing.capacity[flowing.capacity < ROOM].sum()) + 1
    if most * max(2, int((graph.tail == graph.source).sum()), int((graph.head == graph.sink).sum())) >= ROOM:
        return None
    solver = SimpleMaxFlow()
    ends = (np.asarray(side, np.int32) for side in (graph.tail, graph.head))
    arcs = solver.add_arcs_with_capacity(*ends, np.minimum(flowing.capacity, most))
    if solver.num_nodes() <= max(graph.source, graph.sink):
        return None
    if solver.solve(graph.source, graph.sink) != solver.OPTIMAL:
        return None
    near = np.zeros(graph.size, bool)
    near[solver.get_source_side_min_cut()] = True
    return int(solver.optimal_flow()), np.asarray(solver.flows(arcs), np.int64), near


def throughput(
    net: Network,
    origin: str | Iterable[str],
    destination: str | Iterable[str],
    *,
    least_time: bool = False,
    **options: Unpack[Options],
) -> Throughput:
    """Compute the vehicles a day that all origins together can send to all destinations together.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str
    least_time : bool
        Of all maximum flows take the one of least total time; on networks of strategic size that is so in any
        case, on larger ones it takes its time.
    **options
        See :class:`mobility.arcs.Options`; `share` is the military share of every capacity.

    Returns
    -------
    Throughput

    Notes
    -----
    A road carries 24 x ``capacity_veh_h``, a railway ``capacity_trains_day`` x the vehicles on one train, a sea link
    sailings x ships' lane metres / those of one vehicle, each direction. By the theorem of Ford and Fulkerson
    (1956) the capacity of the cut equals the flow. These are planning values of a steady state, not train paths.

    Examples
    --------
    >>> import mobility as mb
    >>> flow = mb.throughput(mb.load(), "Durrës", "Burgas", modes="road", share=0.5)
    >>> abs(sum(c.vehicles_per_day for c in flow.cut_items) - flow.vehicles_per_day) < 1e-6
    True
    """
    origins, destinations, _, arcs = prepare(net, origin, destination, (), options)
    flowing = flow_graph(arcs, origins, destinations)
    value, flows, near = solve(flowing, least_time)
    graph, unit = flowing.graph, flowing.unit
    vehicles = value / unit
    # An arc without any capacity belongs to the cut only where something lies behind it.
    behind = reached(graph.size, graph.head, graph.tail, [graph.sink])
    crossing = np.flatnonzero(near[graph.tail] & ~near[graph.head] & (graph.arc >= 0) & behind[graph.head])
    cut: dict[str, CutItem] = {}
    for a in crossing.tolist():
        arc = int(graph.arc[a])
        item, room = arcs.label(arc), int(flowing.capacity[a]) / unit
        before = cut.get(item)
        of = arcs.measure(arc)
        basis = f"{of.value:g} {of.unit}, {of.basis}"
        cut[item] = CutItem(item, room + (before.vehicles_per_day if before else 0.0), of.estimated, basis)
    links = link_flows(arcs, graph, flows, unit)
    items = tuple(cut.values())
    total = math.fsum(c.vehicles_per_day for c in items)
    unsure = math.fsum(c.vehicles_per_day for c in items if c.estimated)
    return Throughput(
        net, describe(arcs, origins, destinations), "ok" if behind[graph.source] else "no_route",
        vehicles_per_day=vehicles, tonnes_per_day=vehicles * arcs.vehicle.tonnes,
        cut=tuple(cut), cut_items=items, links=links, corridors=_by_corridor(arcs, links),
        assumed=_assumed(arcs, graph, flows), estimated_share=unsure / total if total else 0.0,
    )  # fmt: skip


def link_flows(arcs: Arcs, graph: Graph, flows: Array, unit: int) -> tuple[LinkFlow, ...]:
    """Return the links that carry flow, by row, of a flow on the arcs of a graph."""
    on: dict[int, dict[int, int]] = {}
    for a in np.flatnonzero((flows > 0) & (graph.arc >= 0)).tolist():
        arc = int(graph.arc[a])
        if arcs.kind[arc] == LINK:
            on.setdefault(int(arcs.item[arc]), {})[arc] = int(flows[a])
    ids = arcs.net.table("links")["link_id"].to_numpy(object)
    own = np.flatnonzero(arcs.kind == LINK)[::-1]
    first = np.full(len(ids), -1, np.int64)  # the arc of each link from its start to its end
    first[arcs.item[own]] = own
    out = []
    for row, by_arc in sorted(on.items()):
        (busy, most), *rest = sorted(by_arc.items(), key=lambda kv: (-kv[1], kv[0]))
        other = rest[0][1] if rest else 0
        if rest and arcs.tail[busy] == arcs.head[rest[0][0]] and arcs.head[busy] == arcs.tail[rest[0][0]]:
            # Flow to and fro between the same two vertices carries nothing.
            most, other = most - other, 0
        if most:
            forward = busy == int(first[row])
            out.append(
                LinkFlow(
                    str(ids[row]), most / unit, most / unit / float(arcs.capacity[busy]), forward, other / unit,
                    bool(arcs.assumed_capacity[row]),
                )
            )  # fmt: skip
    return tuple(out)


def _by_corridor(arcs: Arcs, links: Sequence[LinkFlow]) -> dict[str, float]:
    tags = arcs.net.table("links")["corridors"].to_numpy(object)
    length = arcs.net.values("length_km").value
    out: dict[str, float] = {}
    for flow in links:
        row = arcs.net.link_index[flow.link_id]
        carried = flow.vehicles_per_day + flow.opposite_vehicles_per_day
        for corridor in split(tags[row]) or ["none"]:
            out[corridor] = out.get(corridor, 0.0) + carried * float(length[row])
    return dict(sorted(out.items(), key=lambda kv: -kv[1]))


def _assumed(arcs: Arcs, graph: Graph, flows: Array) -> tuple[str, ...]:
    used = [int(a) for a in graph.arc[(flows > 0) & (graph.arc >= 0)]]
    unbounded = [
        a for a in used if arcs.kind[a] in (TRANSFER, BORDER) and arcs.item[a] >= 0 and np.isinf(arcs.capacity[a])
    ]
    return tuple(dict.fromkeys(arcs.label(a) for a in unbounded))
