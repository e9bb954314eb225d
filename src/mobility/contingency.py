"""N-1: what the loss of each link, by itself, costs in time and in throughput."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Unpack

import numpy as np
import pandas as pd

from mobility.arcs import LINK, Arcs, Graph, Options, build_graph
from mobility.errors import InputError
from mobility.flows import FlowGraph, flow_graph
from mobility.kernels import Router
from mobility.network import Network
from mobility.paths import Answer, describe, k_shortest, prepare


@dataclass(frozen=True)
class Outage:
    """What is left when some links are out together.

    Attributes
    ----------
    links : tuple of str
        One link, or all links of one structure.
    status : {"ok", "cut"}
    time_h, delay_h : float or None
        Fastest route that is left; None when there is none.
    vehicles_per_day, lost_vehicles_per_day : float
    """

    links: tuple[str, ...]
    status: str
    time_h: float | None
    delay_h: float | None
    vehicles_per_day: float
    lost_vehicles_per_day: float


@dataclass(frozen=True, repr=False)
class Contingency(Answer):
    """Every outage that changes anything, worst first: cuts, then lost throughput, then delay."""

    time_h: float | None = None
    vehicles_per_day: float = 0.0
    outages: tuple[Outage, ...] = field(default=())
    tried: int = 0

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        return f"{len(self.outages)} of {self.tried} outages change something"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per outage."""
        rows = [{**asdict(o), "links": " ".join(o.links)} for o in self.outages]
        return pd.DataFrame(rows, columns=list(Outage.__dataclass_fields__)).set_index("links")

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        outages = [{**asdict(o), "links": list(o.links)} for o in self.outages]
        base = {"status": self.status, "time_h": self.time_h, "vehicles_per_day": self.vehicles_per_day}
        return {
            "status": self.status, "base": base, "outages": outages, "tried": self.tried,
            "question": dict(self.question),
        }  # fmt: skip


def contingency(
    net: Network,
    origin: str | Iterable[str],
    destination: str | Iterable[str],
    *,
    n: int = 1,
    **options: Unpack[Options],
) -> Contingency:
    """Take every link out in turn and state delay and lost throughput, apart.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str
    n : int
        Links out at once; 1.
    **options
        See :class:`mobility.arcs.Options`.

    Returns
    -------
    Contingency
        Links of one structure (``asset_id``) go out together.

    Notes
    -----
    Exact. A fastest route is unaffected by a link that it does not use, and a maximum flow by one that carries
    nothing; only what ran over the link is found another way, on the residual graph.

    Examples
    --------
    >>> import mobility as mb
    >>> worst = mb.contingency(mb.load(), "Durrës", "Burgas", modes="road").outages[0]
    >>> worst.status in ("ok", "cut")
    True
    """
    if n != 1:
        raise InputError(f"n is {n}; only single outages can be asked so far (n = 1)")
    origins, destinations, _, arcs = prepare(net, origin, destination, (), options)
    question = describe(arcs, origins, destinations, n=n)
    groups = [rows for rows in arcs.assets if arcs.link_open[rows].any()]
    graph = build_graph(arcs, origins, destinations)
    search = graph.router()
    base = next(k_shortest(graph, search), None)
    if base is None:
        return Contingency(net, question, "no_route", None, 0.0, (), len(groups))
    position = _positions(arcs, graph)
    members = [[a for r in rows for a in position.get(r, ())] for rows in groups]
    flowing = flow_graph(arcs, origins, destinations)
    value, losses = lost_flow(flowing, members)
    fastest = _hours(arcs, graph, base[1])
    on_path = {int(arcs.item[a]) for a in graph.real(base[1]) if arcs.kind[a] == LINK}
    ids = net.table("links")["link_id"]
    outages = []
    for rows, arcs_out, lost in zip(groups, members, losses, strict=True):
        time: float | None = fastest
        if on_path.intersection(rows):
            time = _detour(arcs, graph, search, arcs_out)
            if time is not None and round((time - fastest) * 3.6e6) <= 0:
                time = fastest  # another route as fast
        if lost == 0 and time == fastest:
            continue
        left = (value - lost) / flowing.unit if time is not None else 0.0
        outages.append(
            Outage(
                links=tuple(str(ids.iat[r]) for r in rows),
                status="cut" if time is None else "ok",
                time_h=time,
                delay_h=None if time is None else time - fastest,
                vehicles_per_day=left,
                lost_vehicles_per_day=value / flowing.unit - left,
            )
        )
    outages.sort(key=lambda o: (o.status != "cut", -o.lost_vehicles_per_day, -(o.delay_h or 0.0), o.links))
    return Contingency(net, question, "ok", fastest, value / flowing.unit, tuple(outages), len(groups))


def _positions(arcs: Arcs, graph: Graph) -> dict[int, list[int]]:
    """Return the arcs of the graph by link row."""
    out: dict[int, list[int]] = {}
    for a in np.flatnonzero(graph.arc >= 0).tolist():
        if arcs.kind[graph.arc[a]] == LINK:
            out.setdefault(int(arcs.item[graph.arc[a]]), []).append(a)
    return out


def _hours(arcs: Arcs, graph: Graph, path: list[int]) -> float:
    return math.fsum(float(arcs.time_h[a]) for a in graph.real(path))


def _detour(arcs: Arcs, graph: Graph, search: Router, out: list[int]) -> float | None:
    """Return the hours of the fastest route without some arcs; None when none is left."""
    found = next(k_shortest(graph, search, frozenset(out)), None)
    return None if found is None else _hours(arcs, graph, found[1])


def lost_flow(flowing: FlowGraph, groups: list[list[int]]) -> tuple[int, list[int]]:
    """Return the maximum flow and what each group of arcs takes off it, in the units of `flowing`."""
    flow = flowing.graph.flow(flowing.capacity)
    flow.maximum()
    return flow.value, flow.losses(groups)
