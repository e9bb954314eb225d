"""N-1 and N-2: what the loss of one part of the network, or of two together, costs in time and in throughput."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import chain
from typing import Any, Unpack, overload

import numpy as np
import pandas as pd

from mobility.arcs import LINK, Arcs, Graph, Options, Unit, breakable, units
from mobility.errors import Attempts, InputError
from mobility.flows import FlowGraph, flow_graph
from mobility.kernels import Flow, PlainFlow, Router
from mobility.network import Network
from mobility.paths import Answer, describe, k_shortest, prepare

Array = np.ndarray[Any, Any]

COMPILE_WORK = 30_000_000
"""From this many arcs to be looked at, over all pairs that carry flow, N-2 is worth loading the compiled kernels;
about two seconds without them."""

MOST_PAIRS = 2_000_000
"""Where more pairs change something, only those are listed whose effect is not that of one of the two alone."""


@dataclass(frozen=True)
class Outage:
    """What is left when some parts of the network are out together.

    Attributes
    ----------
    links : tuple of str
        All links that are out.
    units : tuple of str
        What was taken out, by its id: one for N-1, two for N-2.
    status : {"ok", "cut"}
    time_h, delay_h : float or None
        Fastest route that is left; None when there is none.
    vehicles_per_day, lost_vehicles_per_day : float
    excess_delay_h, excess_lost_vehicles_per_day : float or None
        Of a pair, what goes beyond the worse of the two alone. The delay is None where only the two together cut,
        and both are for a single outage.
    """

    links: tuple[str, ...]
    units: tuple[str, ...]
    status: str
    time_h: float | None
    delay_h: float | None
    vehicles_per_day: float
    lost_vehicles_per_day: float
    excess_delay_h: float | None = None
    excess_lost_vehicles_per_day: float | None = None


@dataclass(frozen=True, eq=False)
class Effects:
    """What outages do to one question, in arrays; hours are infinite where no route is left.

    Attributes
    ----------
    base_h : float
    value : int
        The maximum flow with everything in place, in units of the flow graph.
    time_h, lost : ndarray
        By unit, alone; where no route is left all flow counts as lost.
    pairs : ndarray of shape (k, 2)
        Pairs that cost more, in time or in flow, than the worse of the two alone; every other pair costs just that.
    pair_time_h, pair_lost : ndarray
    """

    base_h: float
    value: int
    time_h: Array
    lost: Array
    pairs: Array
    pair_time_h: Array
    pair_lost: Array


@dataclass(frozen=True, eq=False)
class Case:
    """A question compiled for outages: its flow graph and, for each unit that is in use, the arcs it closes."""

    arcs: Arcs
    origins: list[str]
    destinations: list[str]
    flowing: FlowGraph
    units: list[Unit]
    members: list[list[int]]

    @cached_property
    def links(self) -> list[tuple[str, ...]]:
        """Ids of the links of each unit."""
        ids = self.arcs.net.table("links")["link_id"].tolist()
        return [tuple(str(ids[r]) for r in u.rows) for u in self.units]


class Outages(Sequence[Outage]):
    """Outages in arrays, worst first; each is put together when it is looked at, since N-2 has many.

    Examples
    --------
    >>> import mobility as mb
    >>> outages = mb.contingency(mb.load(), "Durrës", "Burgas", modes="road").outages
    >>> outages[0] == outages[:3][0]
    True
    """

    def __init__(self, case: Case, effects: Effects, picks: Array, time_h: Array, lost: Array) -> None:
        self._case, self._effects = case, effects
        self._picks, self._time_h, self._lost = picks, time_h, lost

    @property
    def together(self) -> Outages:
        """The pairs whose effect is not that of one of the two alone."""
        alone_h, alone_lost = self._alone()
        return self._take((self._lost > alone_lost) | _slower(self._time_h, alone_h))

    def columns(self) -> dict[str, list[Any]]:
        """Return the outages by column, named as the fields of `Outage`."""
        effects, unit = self._effects, self._case.flowing.unit
        cut = np.isinf(self._time_h)
        picks = self._picks.tolist()
        out: dict[str, list[Any]] = {
            "links": [self._links(p) for p in picks],
            "units": [tuple(self._case.units[i].id for i in p) for p in picks],
            "status": np.where(cut, "cut", "ok").tolist(),
            "time_h": _known(self._time_h, ~cut),
            "delay_h": _known(self._time_h - effects.base_h, ~cut),
            "vehicles_per_day": ((effects.value - self._lost) / unit).tolist(),
            "lost_vehicles_per_day": (self._lost / unit).tolist(),
        }
        if self._picks.shape[1] > 1:
            alone_h, alone_lost = self._alone()
            slower = _slower(self._time_h, alone_h)
            over = np.subtract(self._time_h, alone_h, where=slower, out=np.zeros(len(self)))
            out["excess_delay_h"] = _known(over, np.isfinite(over))
            out["excess_lost_vehicles_per_day"] = ((self._lost - alone_lost) / unit).tolist()
        return out

    def _alone(self) -> tuple[Array, Array]:
        """Return time and loss of the worse one of each outage's units, measure by measure."""
        return self._effects.time_h[self._picks].max(1), self._effects.lost[self._picks].max(1)

    def _links(self, pick: Iterable[int]) -> tuple[str, ...]:
        first, *rest = (self._case.links[i] for i in pick)
        return tuple(dict.fromkeys(chain(first, *rest))) if rest else first

    def _take(self, rows: Array) -> Outages:
        return Outages(self._case, self._effects, self._picks[rows], self._time_h[rows], self._lost[rows])

    def __len__(self) -> int:
        return len(self._picks)

    @overload
    def __getitem__(self, at: int) -> Outage: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[Outage, ...]: ...

    def __getitem__(self, at: int | slice) -> Outage | tuple[Outage, ...]:
        if isinstance(at, slice):
            return tuple(self._take(np.arange(len(self))[at]))
        return next(iter(self._take(np.array([range(len(self))[at]]))))

    def __iter__(self) -> Iterator[Outage]:
        return (Outage(*row) for row in zip(*self.columns().values(), strict=True))


def _known(values: Array, known: Array) -> list[float | None]:
    return [v if k else None for v, k in zip(values.tolist(), known.tolist(), strict=True)]


def _slower(time_h: Array, than_h: Array) -> Array:
    """Return where a route takes longer, by the millisecond that the search counts in."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.rint((time_h - than_h) * 3.6e6) > 0)


@dataclass(frozen=True, repr=False)
class Contingency(Answer):
    """Every outage that changes anything, worst first: cuts, then lost throughput, then delay.

    Attributes
    ----------
    time_h, vehicles_per_day : float
        With everything in place.
    outages : sequence of Outage
        Of pairs, ``outages.together`` are those whose effect is not that of one of the two alone.
    tried, changing : int
        How many outages there are, and how many change anything.
    complete : bool
        Whether `outages` holds all of these. Only where more than two million pairs do, those are left out whose
        effect is that of one alone.
    """

    time_h: float | None = None
    vehicles_per_day: float = 0.0
    outages: Sequence[Outage] = field(default=())
    tried: int = 0
    changing: int = 0
    complete: bool = True

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        return f"{self.changing:,} of {self.tried:,} outages change something"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per outage."""
        names = [f.name for f in fields(Outage)][: 7 if self.question["n"] == 1 else None]
        columns = self._columns() or dict.fromkeys(names, ())
        for name in ("links", "units"):
            columns[name] = [" ".join(ids) for ids in columns[name]]
        return pd.DataFrame(columns).set_index("links")

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        columns = self._columns()
        return {
            "status": self.status,
            "base": {"status": self.status, "time_h": self.time_h, "vehicles_per_day": self.vehicles_per_day},
            "outages": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
            "tried": self.tried, "changing": self.changing, "complete": self.complete,
            "question": dict(self.question),
        }  # fmt: skip

    def _columns(self) -> dict[str, Any]:
        return self.outages.columns() if isinstance(self.outages, Outages) else {}


def contingency(
    net: Network,
    origin: str | Iterable[str],
    destination: str | Iterable[str],
    *,
    n: int = 1,
    of: str = "links",
    **options: Unpack[Options],
) -> Contingency:
    """Take out every part of the network, or every two, and state delay and lost throughput, apart.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str
    n : {1, 2}
        Parts out at once.
    of : {"links", "nodes", "groups", "countries"}
        What goes out as one: a link with its structure (``asset_id``); a place with every link that touches it (the
        only origin and the only destination are left out); a group of ``groups.csv``; a state's links of one mode.
    **options
        See :class:`mobility.arcs.Options`.

    Returns
    -------
    Contingency

    Notes
    -----
    Exact. A fastest route is unaffected by a part that it does not use, and a maximum flow by one that carries
    nothing; only what ran over the part is found another way, on the residual graph. The second of two parts
    matters only if the route, or the flow, that is left without the first uses it.

    Examples
    --------
    >>> import mobility as mb
    >>> worst = mb.contingency(mb.load(), "Durrës", "Burgas", modes="road").outages[0]
    >>> worst.status in ("ok", "cut")
    True
    """
    case = pose(net, origin, destination, n, of, options)
    question = describe(case.arcs, case.origins, case.destinations, n=n, of=of)
    found, tried = effects(case, n), math.comb(len(case.units), n)
    if found is None:
        return Contingency(net, question, "no_route", tried=tried)
    picks, time_h, lost, changing = _changing(found, n)
    order = _worst_first(case, found, picks, time_h, lost)
    outages = Outages(case, found, picks[order], time_h[order], lost[order])
    return Contingency(
        net, question, "ok", time_h=found.base_h, vehicles_per_day=found.value / case.flowing.unit, outages=outages,
        tried=tried, changing=changing, complete=len(outages) == changing,
    )  # fmt: skip


def pose(
    net: Network, origin: str | Iterable[str], destination: str | Iterable[str], n: int, of: str, options: Options
) -> Case:
    """Return a question compiled for outages.

    Raises
    ------
    InputError
        With everything that is not understood.
    """
    attempts = Attempts()
    if n not in (1, 2):
        attempts.findings += InputError(f"n is {n}; it must be 1 or 2").findings
    parts: list[Unit] = attempts.run(units, net, of, otherwise=[])
    ready = attempts.run(prepare, net, origin, destination, (), options, otherwise=None)
    attempts.done()
    assert ready is not None
    origins, destinations, _, arcs = ready
    return between(arcs, origins, destinations, breakable(parts, of, origins, destinations))


def between(arcs: Arcs, origins: list[str], destinations: list[str], parts: Iterable[Unit]) -> Case:
    """Return the case of two sets of places; units of which no link is open are left out."""
    used = [u for u in parts if arcs.link_open[list(u.rows)].any()]
    flowing = flow_graph(arcs, origins, destinations)
    position = _positions(arcs, flowing.graph)
    members = [[a for r in u.rows for a in position.get(r, ())] for u in used]
    return Case(arcs, origins, destinations, flowing, used, members)


def _positions(arcs: Arcs, graph: Graph) -> dict[int, list[int]]:
    """Return the arcs of the graph by link row."""
    out: dict[int, list[int]] = {}
    for a in np.flatnonzero(graph.spread(arcs.kind, -1) == LINK).tolist():
        out.setdefault(int(arcs.item[graph.arc[a]]), []).append(a)
    return out


def effects(case: Case, n: int = 1) -> Effects | None:
    """Return what each outage of a case costs, and for ``n=2`` what each pair does; None when there is no route."""
    search, flow = engines(case, n)
    base_h, time_h, longer = delays(case, search, n)
    if math.isinf(base_h):
        return None
    single = flow.losses(case.members)
    lost = np.where(np.isinf(time_h), flow.value, np.array(single, np.int64))
    pairs: dict[tuple[int, int], tuple[float, int]] = {}
    if n == 2:
        for u, v, cost in zip(*(column.tolist() for column in flow.pair_losses(case.members, single)), strict=True):
            if math.isfinite(time_h[u]) and math.isfinite(time_h[v]):
                pairs[min(u, v), max(u, v)] = max(time_h[u], time_h[v]), cost
        for (u, v), hours in longer.items():
            cost = max(lost[u], lost[v], pairs.get((u, v), (0.0, 0))[1])
            pairs[u, v] = hours, flow.value if math.isinf(hours) else cost
    keys = sorted(pairs)
    return Effects(
        base_h, flow.value, time_h, lost, np.array(keys, np.int64).reshape(-1, 2),
        np.array([pairs[p][0] for p in keys], float), np.array([pairs[p][1] for p in keys], np.int64),
    )  # fmt: skip


def delays(case: Case, search: Router, n: int = 1) -> tuple[float, Array, dict[tuple[int, int], float]]:
    """Return the hours of the fastest route, without each unit, and without the pairs that delay more than either.

    The first of such a pair is on the fastest route, the second on the route that is left without the first.
    """
    routes = Rerouting(case, search)
    base_h, on_base = routes.without()
    time_h = np.full(len(case.members), base_h)
    after = {}
    for u in on_base:
        time_h[u], after[u] = routes.without(u)
    # Under `unknown="penalise"` a way round may be quicker than the route, only less certain: no delay.
    time_h = np.where(_slower(time_h, np.array(base_h)), time_h, base_h)
    tried: dict[tuple[int, int], float] = {}
    for u, then in after.items() if n == 2 else ():
        for v in then:
            pair = min(u, v), max(u, v)
            if pair not in tried and math.isfinite(time_h[u]) and math.isfinite(time_h[v]):
                tried[pair] = routes.without(u, v)[0]
    alone = np.array([max(time_h[u], time_h[v]) for u, v in tried], float)
    more = _slower(np.array(list(tried.values()), float), alone).tolist()
    return base_h, time_h, {pair: tried[pair] for pair, longer in zip(tried, more, strict=True) if longer}


def engines(case: Case, n: int) -> tuple[Router, Flow]:
    """Return what searches routes, and a maximum flow; compiled where the outages are worth loading that.

    For pairs the flow is the one of least time: the fewer parts carry something, the fewer pairs have to be tried.
    """
    graph = case.flowing.graph
    flow = graph.flow(case.flowing.capacity)
    if n == 1:
        flow.maximum()
        return graph.router(), flow
    flow.cheapest()
    if isinstance(flow, PlainFlow):
        carried = flow.flows()
        busy = sum(bool(carried[group].any()) for group in case.members)
        if busy * busy * len(graph.tail) > COMPILE_WORK:
            from mobility.compiled import CompiledFlow, CompiledRouter

            ask = graph.size, graph.tail, graph.head
            fast = CompiledFlow(*ask, case.flowing.capacity, graph.weight, graph.source, graph.sink)
            fast.cheapest()
            return CompiledRouter(*ask, graph.weight, graph.sink), fast
    return graph.router(), flow


class Rerouting:
    """Fastest routes of a case without some of its units."""

    def __init__(self, case: Case, search: Router) -> None:
        self.graph, self.search, self.members = case.flowing.graph, search, case.members
        self._hours = self.graph.spread(case.arcs.time_h, 0.0)
        self._place = self.graph.place[self.graph.head]
        self._units: list[list[int]] = [[] for _ in self._hours]
        for u, group in enumerate(case.members):
            for a in group:
                self._units[a].append(u)

    def closed(self, out: Iterable[int]) -> list[int]:
        """Return the arcs that some units close."""
        return [a for u in out for a in self.members[u]]

    def on(self, path: Iterable[int]) -> list[int]:
        """Return the units on a path, in order."""
        return list(dict.fromkeys(u for a in path for u in self._units[a]))

    def path(self, *out: int) -> list[int] | None:
        """Return the arcs of the fastest route without some units."""
        closed = self.closed(out)
        found = self.search.shortest(self.graph.source, closed)
        if found is not None:
            into = self._place[found[1]]
            entered = into[np.flatnonzero(np.diff(into, prepend=-1))]
            if len(np.unique(entered)) < len(entered):  # through a place twice: not a route
                found = next(k_shortest(self.graph, self.search, frozenset(closed)), None)
        return None if found is None else found[1]

    def without(self, *out: int) -> tuple[float, list[int]]:
        """Return the hours of the fastest route without some units, and the units on it; infinite for none."""
        path = self.path(*out)
        return (math.inf, []) if path is None else (math.fsum(self._hours[path].tolist()), self.on(path))


def _changing(found: Effects, n: int) -> tuple[Array, Array, Array, int]:
    """Return the outages that change anything (units, hours, loss), and how many these are."""
    count = len(found.time_h)
    hit = (found.time_h > found.base_h) | (found.lost > 0)
    if n == 1:
        picks = np.flatnonzero(hit)
        return picks.reshape(-1, 1), found.time_h[picks], found.lost[picks], len(picks)
    of_none = found.pairs[~hit[found.pairs].any(1)]
    changing = math.comb(count, 2) - math.comb(count - int(hit.sum()), 2) + len(of_none)
    if changing > MOST_PAIRS:
        return found.pairs, found.pair_time_h, found.pair_lost, changing
    first, second = np.repeat(np.flatnonzero(hit), count), np.tile(np.arange(count), int(hit.sum()))
    once = (first != second) & ~(hit[second] & (second < first))
    picks = np.concatenate([np.sort(np.c_[first[once], second[once]], axis=1), of_none])
    picks = picks[np.lexsort((picks[:, 1], picks[:, 0]))]
    time_h, lost = found.time_h[picks].max(1, initial=0), found.lost[picks].max(1, initial=0)
    at = np.searchsorted(picks[:, 0] * count + picks[:, 1], found.pairs[:, 0] * count + found.pairs[:, 1])
    time_h[at], lost[at] = found.pair_time_h, found.pair_lost
    return picks, time_h, lost, changing


def _worst_first(case: Case, found: Effects, picks: Array, time_h: Array, lost: Array) -> Array:
    """Return the order: cuts, then lost throughput, then delay, then link ids."""
    rank = np.empty(len(case.units), np.int64)
    rank[sorted(range(len(rank)), key=lambda i: (case.links[i], case.units[i].id))] = np.arange(len(rank))
    names = np.sort(rank[picks], axis=1).T[::-1]
    delay = np.where(np.isinf(time_h), 0.0, time_h - found.base_h)
    return np.lexsort((*names, -delay, -lost, ~np.isinf(time_h)))


def lost_flow(flowing: FlowGraph, groups: list[list[int]]) -> tuple[int, list[int]]:
    """Return the maximum flow and what each group of arcs takes off it, in the units of `flowing`."""
    flow = flowing.graph.flow(flowing.capacity)
    flow.maximum()
    return flow.value, flow.losses(groups)
