"""The bottleneck register: what rests on each link, what its loss costs, and which links cut the two sides apart."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from heapq import heappop, heappush
from typing import Any, Unpack

import numpy as np
import pandas as pd

from mobility.arcs import LINK, Arcs, Options
from mobility.contingency import Case, Effects, Rerouting, effects, pose
from mobility.flows import LinkFlow, link_flows, solve
from mobility.kernels import reached
from mobility.network import Network
from mobility.paths import Answer, describe

Array = np.ndarray[Any, Any]

EVERY, SOME, NONE = "every", "some", "none"


@dataclass(frozen=True)
class Bottleneck:
    """What rests on one link.

    Attributes
    ----------
    closes : tuple of str
        Other links of the same structure, which go out with it.
    vehicles_per_day, share, used_share : float
        Flow on it in the maximum flow of least time, as a share of the whole flow and of its own capacity.
    status : {"ok", "cut"}
        Whether a route is left without it.
    delay_h : float or None
    lost_vehicles_per_day : float
    in_cuts : {"every", "some", "none"}
        Of the minimum cuts; only more room on links of every one lets more through.
    bridge : bool
        Whether without it no chain of open links joins the two sides.
    on_fastest : bool
    detour : tuple of str
        Links of the fastest route without it, where it lies on the fastest route; empty where none is left.
    around_h : float or None
        Hours that the best way from one of its ends to the other takes longer than it; None when there is none.
    unknown, estimated, estimated_capacity : bool
        Whether a limit that matters is not known; whether its time or such a limit, or its capacity, is an estimate.
    """

    link_id: str
    closes: tuple[str, ...]
    vehicles_per_day: float
    share: float
    used_share: float
    status: str
    delay_h: float | None
    lost_vehicles_per_day: float
    in_cuts: str
    bridge: bool
    on_fastest: bool
    detour: tuple[str, ...]
    around_h: float | None
    unknown: bool
    estimated: bool
    estimated_capacity: bool


@dataclass(frozen=True)
class CutSet:
    """One or two structures without which no chain of open links joins the two sides; none of two does it alone."""

    units: tuple[str, ...]
    links: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Bottlenecks(Answer):
    """Every link that carries flow, whose loss changes anything, or that belongs to a cut; worst first.

    Attributes
    ----------
    time_h, vehicles_per_day : float
        With everything in place.
    links : tuple of Bottleneck
    cut_sets : tuple of CutSet
        All of one structure, then all of two.
    others_in_cuts : tuple of tuple of str
        Terminals and borders that belong to a minimum cut (``terminal:NODE``), each with ``every`` or ``some``.
    """

    time_h: float | None = None
    vehicles_per_day: float = 0.0
    links: tuple[Bottleneck, ...] = ()
    cut_sets: tuple[CutSet, ...] = ()
    others_in_cuts: tuple[tuple[str, str], ...] = ()

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        if self.status != "ok":
            return "no route"
        every = sum(b.in_cuts == EVERY for b in self.links)
        return f"{len(self.links)} links matter, {sum(b.bridge for b in self.links)} bridges, {every} in every cut"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per link."""
        rows = [{**asdict(b), "closes": " ".join(b.closes), "detour": " ".join(b.detour)} for b in self.links]
        return pd.DataFrame(rows, columns=list(Bottleneck.__dataclass_fields__)).set_index("link_id")

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status,
            "base": {"status": self.status, "time_h": self.time_h, "vehicles_per_day": self.vehicles_per_day},
            "links": [asdict(b) for b in self.links], "cut_sets": [asdict(c) for c in self.cut_sets],
            "others_in_cuts": [{"item": item, "in_cuts": which} for item, which in self.others_in_cuts],
            "question": dict(self.question),
        }  # fmt: skip


def bottlenecks(
    net: Network, origin: str | Iterable[str], destination: str | Iterable[str], **options: Unpack[Options]
) -> Bottlenecks:
    """Register what rests on each link between two sets of places.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str
    **options
        See :class:`mobility.arcs.Options`.

    Returns
    -------
    Bottlenecks

    Notes
    -----
    Exact. Minimum cuts are the closed sets of the residual graph (Picard and Queyranne 1980): a link is in some if its
    two ends lie in different strong components, in every one if it leaves what the origins reach and enters
    what reaches the destinations. A pair that disconnects has one member on any one route and the other on every
    route that is left without it.

    Examples
    --------
    >>> import mobility as mb
    >>> register = mb.bottlenecks(mb.load(), "Durrës", "Burgas", modes="road")
    >>> max(b.share for b in register.links) <= 1
    True
    """
    case = pose(net, origin, destination, 1, "links", options)
    question = describe(case.arcs, case.origins, case.destinations)
    found = effects(case)
    if found is None:
        return Bottlenecks(net, question, "no_route")
    graph, unit = case.flowing.graph, case.flowing.unit
    _, flows, near = solve(case.flowing, least_time=True)
    cuts, others = _minimum_cuts(case, flows, near)
    carried = {f.link_id: f for f in link_flows(case.arcs, graph, flows, unit)}
    routes = Rerouting(case, graph.router())
    bridges, pairs = _disconnecting(routes)
    fastest = routes.without()[1]
    counts = {*bridges, *fastest, *(u for pair in pairs for u in pair)}
    counts.update(np.flatnonzero((found.time_h > found.base_h) | (found.lost > 0)).tolist())
    around = _Around(case.arcs)
    rows = []
    for u, (links, part) in enumerate(zip(case.links, case.units, strict=True)):
        if u in counts or any(x in carried or x in cuts for x in links):
            path = routes.path(u) if u in fastest else None
            of_unit: dict[str, Any] = {
                **_loss(found, u, unit), "bridge": u in bridges, "on_fastest": u in fastest,
                "detour": tuple(case.arcs.link_ids(graph.real(path or ()))),
            }  # fmt: skip
            rows += [
                Bottleneck(
                    link_id=link, closes=tuple(x for x in links if x != link), **of_unit,
                    **_carried(carried.get(link), found.value / unit), **_basis(case.arcs, r),
                    in_cuts=cuts.get(link, NONE), around_h=around(r, part.rows),
                )
                for link, r in zip(links, part.rows, strict=True)
                if case.arcs.link_open[r] and r in case.arcs.arcs_of_link
            ]  # fmt: skip
    rows.sort(
        key=lambda b: (b.status == "ok", -b.lost_vehicles_per_day, -(b.delay_h or 0), -b.vehicles_per_day, b.link_id)
    )
    sets = [CutSet(*_names(case, group)) for group in [*((u,) for u in bridges), *pairs]]
    return Bottlenecks(
        net, question, "ok", time_h=found.base_h, vehicles_per_day=found.value / unit, links=tuple(rows),
        cut_sets=tuple(sets), others_in_cuts=tuple(others.items()),
    )  # fmt: skip


def _names(case: Case, group: Iterable[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    group = list(group)
    return tuple(case.units[u].id for u in group), tuple(x for u in group for x in case.links[u])


def _loss(found: Effects, u: int, unit: int) -> dict[str, Any]:
    cut = bool(np.isinf(found.time_h[u]))
    return {
        "status": "cut" if cut else "ok",
        "delay_h": None if cut else float(found.time_h[u]) - found.base_h,
        "lost_vehicles_per_day": int(found.lost[u]) / unit,
    }


def _carried(flow: LinkFlow | None, all_flow: float) -> dict[str, Any]:
    if flow is None:
        return {"vehicles_per_day": 0.0, "share": 0.0, "used_share": 0.0}
    most = flow.vehicles_per_day
    return {"vehicles_per_day": most, "share": most / all_flow, "used_share": flow.used_share}


def _basis(arcs: Arcs, row: int) -> dict[str, Any]:
    flags = {
        "unknown": arcs.screen.unknown, "estimated": arcs.estimated_links, "estimated_capacity": arcs.assumed_capacity,
    }  # fmt: skip
    return {name: bool(of[row]) for name, of in flags.items()}


def _minimum_cuts(case: Case, flows: Array, near: Array) -> tuple[dict[str, str], dict[str, str]]:
    """Return the links that belong to a minimum cut, to every one or to some; and the terminals and borders.

    `near` is what the origins reach on the residual graph of the flow.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = case.flowing.graph
    room, used = np.flatnonzero(flows < case.flowing.capacity), np.flatnonzero(flows > 0)
    tail, head = np.r_[graph.tail[room], graph.head[used]], np.r_[graph.head[room], graph.tail[used]]
    residual = coo_array((np.ones(len(tail), np.int8), (tail, head)), shape=(graph.size, graph.size))
    part = connected_components(residual, connection="strong")[1]
    onward = reached(graph.size, head, tail, [graph.sink])
    crossing = used[part[graph.tail[used]] != part[graph.head[used]]]
    every = near[graph.tail] & onward[graph.head]
    links: dict[str, str] = {}
    others: dict[str, str] = {}
    for a in crossing.tolist():
        arc = int(graph.arc[a])
        out, item = links if case.arcs.kind[arc] == LINK else others, case.arcs.label(arc)
        out[item] = EVERY if every[a] or out.get(item) == EVERY else SOME
    return links, others


def _disconnecting(routes: Rerouting) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the units without which no chain of arcs is left, and the pairs of others without which none is.

    A chain may pass a place twice, which a route may not.
    """
    start = routes.graph.source

    def chain(*out: int) -> list[int] | None:
        found = routes.search.shortest(start, routes.closed(out))
        return None if found is None else routes.on(found[1])

    first = chain() or []
    after = {u: chain(u) for u in first}
    bridges = [u for u, then in after.items() if then is None]
    pairs: dict[tuple[int, int], bool] = {}
    for u, then in after.items():
        for v in then or ():
            pair = min(u, v), max(u, v)
            if pair not in pairs and v not in bridges:
                pairs[pair] = chain(u, v) is None
    return bridges, sorted(pair for pair, apart in pairs.items() if apart)


class _Around:
    """The best way from one end of a link to the other that leaves out the link and its structure."""

    def __init__(self, arcs: Arcs) -> None:
        self.arcs = arcs
        self.out: list[list[tuple[int, int, float]]] = [[] for _ in range(arcs.size)]
        rows = zip(arcs.tail.tolist(), arcs.head.tolist(), arcs.time_h.tolist(), strict=True)
        for a, ((tail, head, hours), usable) in enumerate(zip(rows, arcs.open.tolist(), strict=True)):
            if usable:
                self.out[tail].append((a, head, hours))

    def __call__(self, row: int, closed: Collection[int]) -> float | None:
        """Return by how much it takes longer than the link, 0 when it does not; None when there is none."""
        arcs, out = self.arcs, self.out
        shut = {a for r in closed for a in arcs.arcs_of_link.get(r, ())}
        ends = arcs.net.table("links")
        starts = arcs.start_vertices([ends["from_node"].iat[row]])
        goals = set(arcs.end_vertices([ends["to_node"].iat[row]]))
        best = dict.fromkeys(starts, 0.0)
        heap = [(0.0, v) for v in starts]
        while heap:
            here, u = heappop(heap)
            if u in goals:
                return max(0.0, here - float(arcs.time_h[arcs.arcs_of_link[row][0]]))
            if here > best[u]:
                continue
            for a, v, hours in out[u]:
                there = here + hours
                if a not in shut and there < best.get(v, math.inf):
                    best[v] = there
                    heappush(heap, (there, v))
        return None
