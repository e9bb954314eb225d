"""Closure: when the last vehicle of a force has arrived, a plan that does it, and a bound that nothing beats.

The model is a fluid one: on every link, terminal and border vehicles flow at rates up to capacity, and kinds of
vehicle share it in proportion to what each takes of it. One kind between one pair of sets is solved exactly as a
quickest flow. Several kinds get a plan by column generation over routes and a lower bound by cuts over time.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pandas as pd

from mobility.arcs import BORDER, LINK, TRANSFER, Arcs, Graph, Options, build_graph, compile_arcs, lead_times, words
from mobility.errors import Attempts, InputError
from mobility.force import SHIP_LANE_M, Element, Force, Pool, modes_of
from mobility.force import force as find_force
from mobility.kernels import PlainFlow, reached
from mobility.march import REST
from mobility.network import Network
from mobility.paths import Answer, describe, ends, explain, make_route
from mobility.vehicle import ANY, Block, Vehicle
from mobility.vehicle import vehicle as find_vehicle

Array = np.ndarray[Any, Any]

TICKS = 3.6e6
"""Hours are counted in milliseconds where a search needs integers."""

TIGHT = 1e-9

FAR = 1e6
"""A closure beyond this many hours counts as none."""


@dataclass(frozen=True)
class Window:
    """A change of capacity for a while: from hour `start` to hour `end` links carry `factor` of their capacity.

    Hours count from the order to move; 0 is a closure. It takes effect on what enters the link.
    """

    links: tuple[str, ...]
    start: float
    end: float
    factor: float = 0.0


@dataclass(frozen=True)
class Movement:
    """What goes one way: so many vehicles an hour of an element, from one hour to another.

    Attributes
    ----------
    element : int
        Number of the element in the force, from 1.
    vehicles, vehicles_per_hour : float
    depart_h, last_depart_h : float
        Departure of the first and the last, in hours after the order to move.
    arrive_h, close_h : float
        Arrival of the first and the last.
    travel_h : float
        Time on the way, with waits and transfers.
    hold_h : float
        Part of that in which it holds at `hold_at`, a place, until a window is over.
    """

    element: int
    vehicle: str
    vehicles: float
    vehicles_per_hour: float
    depart_h: float
    last_depart_h: float
    arrive_h: float
    close_h: float
    travel_h: float
    length_km: float
    origin: str
    destination: str
    links: tuple[str, ...]
    nodes: tuple[str, ...]
    modes: tuple[str, ...]
    countries: tuple[str, ...]
    hold_h: float = 0.0
    hold_at: str = ""


@dataclass(frozen=True)
class Bottleneck:
    """What holds the force up.

    Attributes
    ----------
    item : str
        A link id, ``terminal:NODE``, ``border:NODE`` or ``pool:NAME``.
    unit : str
        In what its capacity is counted: ``veh/h``, ``trains/day``, ``sailings/day``, ``veh/day`` or ``in the pool``.
    capacity : float
        In that unit, the military share of it.
    hours_per_unit, hours_per_percent : float
        Hours by which closure comes earlier for one more unit, or for one per cent more; at the margin.
    estimated : bool
    """

    item: str
    unit: str
    capacity: float
    hours_per_unit: float
    hours_per_percent: float
    estimated: bool


@dataclass(frozen=True)
class Wait:
    """What an hour less at a border or terminal is worth, at the margin."""

    item: str
    wait_h: float
    hours_per_hour: float


@dataclass(frozen=True)
class ElementClosure:
    """When one element has closed, and whether that is in time."""

    element: int
    unit: str
    vehicle: str
    vehicles: int
    closure_h: float
    latest_h: float | None
    late: bool


@dataclass(frozen=True)
class LinkUse:
    """What a force sends over a link.

    Attributes
    ----------
    vehicles : float
        In the busier direction, of all kinds.
    peak_share : float
        Share of that direction's capacity (the military share of it) at the busiest moment.
    forward : bool
        Whether that is from ``from_node`` to ``to_node``.
    """

    link_id: str
    vehicles: float
    peak_share: float
    forward: bool


@dataclass(frozen=True, repr=False)
class Closure(Answer):
    """When the last vehicle of a force has arrived.

    Attributes
    ----------
    closure_h : float or None
        Hour after the order to move at which the last vehicle arrives; None when some cannot move at all.
    lower_bound_h : float or None
        No movement, however planned, is earlier in this model.
    gap : float or None
        ``closure_h / lower_bound_h - 1``.
    proven : bool
        Whether the plan is the best there is: the gap is 0 but for rounding.
    lead_h : float
        Permission lead time that the routes used wait for; departures follow.
    arrivals : tuple of (hour, vehicles)
        Vehicles that have arrived, at every hour at which the rate changes; straight in between.
    earliest : tuple of (hour, vehicles)
        For one kind of vehicle: the most that any movement could have brought in by each hour.
    movements : tuple of Movement
    supplies : tuple of Movement
        Ways of the daily supplies, element 0, from the first departure until everything has closed.
    elements : tuple of ElementClosure
    late : tuple of int
        Numbers of the elements that arrive after their latest hour.
    stuck : tuple of Block
        Where some vehicles cannot move at all: the limits that stand in the way, and whose.
    bottlenecks : tuple of Bottleneck
        What binds, and what more of it is worth; largest first.
    waits : tuple of Wait
        What an hour less of waiting is worth; largest first.
    links : tuple of LinkUse
        Links that carry some of it.
    method : str
    """

    force: Force | None = None
    closure_h: float | None = None
    lower_bound_h: float | None = None
    gap: float | None = None
    proven: bool = False
    lead_h: float = 0.0
    vehicles: int = 0
    arrivals: tuple[tuple[float, float], ...] = ()
    earliest: tuple[tuple[float, float], ...] = ()
    movements: tuple[Movement, ...] = ()
    supplies: tuple[Movement, ...] = ()
    elements: tuple[ElementClosure, ...] = ()
    late: tuple[int, ...] = ()
    stuck: tuple[tuple[int, Block], ...] = ()
    bottlenecks: tuple[Bottleneck, ...] = ()
    waits: tuple[Wait, ...] = ()
    links: tuple[LinkUse, ...] = ()
    method: str = ""
    seconds: float = 0.0

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        if self.closure_h is None:
            return f"no closure: element {', '.join(str(n) for n in sorted({n for n, _ in self.stuck}))} cannot move"
        return f"{self.vehicles:,} vehicles closed after {self.closure_h:.1f} h (at least {self.lower_bound_h:.1f} h)"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per movement."""
        rows = [
            {**asdict(m), **{k: ";".join(getattr(m, k)) for k in ("links", "nodes", "modes", "countries")}}
            for m in self.movements
        ]
        return pd.DataFrame(rows, columns=list(Movement.__dataclass_fields__))

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "closure_h": self.closure_h, "lower_bound_h": self.lower_bound_h, "gap": self.gap,
            "proven": self.proven, "lead_h": self.lead_h, "vehicles": self.vehicles, "method": self.method,
            "arrivals": [{"hour": h, "vehicles": v} for h, v in self.arrivals],
            "earliest": [{"hour": h, "vehicles": v} for h, v in self.earliest],
            "movements": [asdict(m) for m in self.movements],
            "supplies": [asdict(m) for m in self.supplies], "elements": [asdict(e) for e in self.elements],
            "late": list(self.late), "stuck": [{"element": n, **b.to_dict()} for n, b in self.stuck],
            "bottlenecks": [asdict(b) for b in self.bottlenecks], "waits": [asdict(w) for w in self.waits],
            "links": [asdict(u) for u in self.links],
            "force": self.force.name if self.force else None, "seconds": self.seconds,
            "question": dict(self.question),
        }  # fmt: skip


# ---- the question as arrays


@dataclass(frozen=True, eq=False)
class Kind:
    """Vehicles that may be mixed: one kind, one pair of sets of places, one set of modes and hours.

    ``hours`` and ``rate`` (vehicles an hour, the military share) are by arc of `graph`, whose ``arc`` names what is
    shared with other kinds.
    """

    numbers: tuple[int, ...]
    element: Element
    count: float
    arcs: Arcs
    graph: Graph
    hours: Array
    rate: Array
    ready: float
    search: _Search = field(repr=False)
    origins: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()

    @property
    def vehicle(self) -> Vehicle:
        """What moves."""
        return self.arcs.vehicle


class _Search:
    """Shortest paths on one graph for many lengths of its arcs."""

    def __init__(self, graph: Graph) -> None:
        from scipy.sparse import csr_matrix

        self.size, self.source, self.sink = graph.size, graph.source, graph.sink
        key = graph.tail.astype(np.int64) * graph.size + graph.head
        self.order = np.argsort(key, kind="stable")
        pair, self.first = np.unique(key[self.order], return_index=True)
        self.tail, self.head = pair // graph.size, pair % graph.size
        start = np.searchsorted(self.tail, np.arange(graph.size + 1))
        self.matrix = csr_matrix((np.ones(len(pair)), self.head, start), shape=(graph.size, graph.size))
        self.member = np.repeat(np.arange(len(pair)), np.diff(np.r_[self.first, len(key)]))
        self.slot = {(int(t), int(h)): i for i, (t, h) in enumerate(zip(self.tail, self.head, strict=True))}

    def _least(self, length: Array) -> Array:
        # Of parallel arcs the shortest counts; csgraph takes a stored zero for no arc.
        return np.asarray(np.minimum.reduceat(length[self.order], self.first)) + 1e-12 if len(self.first) else length

    def labels(self, length: Array, backwards: bool = False) -> Array:
        """Return the distance of every vertex from the source, or to the sink."""
        from scipy.sparse.csgraph import dijkstra

        self.matrix.data = self._least(length)
        ask = self.matrix.T.tocsr() if backwards else self.matrix
        return np.asarray(dijkstra(ask, indices=self.sink if backwards else self.source))

    def path(self, length: Array) -> tuple[float, list[int]]:
        """Return the shortest distance from source to sink and the arcs of the way; infinite and none without."""
        from scipy.sparse.csgraph import dijkstra

        least = self._least(length)
        self.matrix.data = least
        far, before = dijkstra(self.matrix, indices=self.source, return_predecessors=True)
        if not math.isfinite(far[self.sink]):
            return math.inf, []
        steps, v = [], self.sink
        while v != self.source:
            u = int(before[v])
            i = self.slot[(u, v)]
            last = self.first[i + 1] if i + 1 < len(self.first) else len(self.order)
            group = self.order[self.first[i] : last]
            steps.append(int(group[np.argmin(length[group])]))
            v = u
        return float(far[self.sink]), steps[::-1]


def _modes(element: Element, vehicle: Vehicle, asked: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the modes open to an element: those of its vehicle and file among those asked for."""
    return tuple(modes_of(element, vehicle, words(asked) or vehicle.modes))


def rested(arcs: Arcs, rest: str) -> Arcs:
    """Return the arcs with the hours on roads stretched by halts and rest."""
    mode = arcs.net.table("links")["mode"].to_numpy(object) == "road"
    factor = np.where(arcs.per_arc(mode, False), REST[rest], 1.0)
    return arcs if REST[rest] == 1.0 else replace(arcs, time_h=arcs.time_h * factor)


def kinds_of(
    net: Network, made: Force, origin: Any, destination: Any, options: Mapping[str, Any], rest: str = "none"
) -> tuple[list[Kind], dict[str, Any]]:
    """Return the kinds of a force, and the question as the answer repeats it; all faults at once."""
    attempts = Attempts()
    if rest not in REST:
        attempts.findings += InputError(f"rest is {rest!r}; it must be {', '.join(REST)}").findings
        rest = "none"
    nowhere: tuple[list[str], list[str]] = ([], [])
    compiled: dict[tuple[str, tuple[str, ...]], Arcs | None] = {}
    groups: dict[Any, list[int]] = {}
    for number, e in enumerate(made.elements, 1):
        start, end = e.origin or origin, e.destination or destination
        for side, given in (("origin", start), ("destination", end)):
            if not given:
                attempts.findings += InputError(
                    f"element {number} ({e.vehicle}) has no {side}; give one in the force or in the question"
                ).findings
        sides = attempts.run(ends, net, start, end, otherwise=nowhere) if start and end else nowhere
        vehicle = attempts.run(find_vehicle, e.vehicle, net, otherwise=ANY)
        key = (vehicle.name, _modes(e, vehicle, options.get("modes")))
        if key not in compiled:
            ask = {**options, "vehicle": vehicle, "modes": key[1] or options.get("modes")}
            arcs = attempts.run(compile_arcs, net, **ask, otherwise=None)
            compiled[key] = arcs and rested(arcs, rest)
        groups.setdefault((key, *map(tuple, sides), e.ready_h, e.latest_h, e.priority), []).append(number)
    attempts.findings = list(dict.fromkeys(attempts.findings))
    attempts.done()
    kinds = []
    for (key, start, end, *_), numbers in groups.items():
        arcs = compiled[key]
        assert arcs is not None
        mask = arcs.open if key[1] else np.zeros_like(arcs.open)
        members = [made.elements[n - 1] for n in numbers]
        graph = build_graph(arcs, start, end, mask=mask)
        kinds.append(kind_of(arcs, graph, members[0], tuple(numbers), sum(e.count for e in members), start, end))
    if made.sustainment_t_day:
        # Supplies are a kind without vehicles of the force: so many an hour from hour 0 on.
        carrier = find_vehicle(made.sustainment_vehicle, net)
        arcs = rested(compile_arcs(net, **{**options, "vehicle": carrier}), rest)
        hourly = made.sustainment_t_day / float(made.sustainment_payload_t or 1.0) / 24.0
        start, end = ends(net, origin or kinds[0].origins, destination or kinds[0].destinations)
        graph, element = build_graph(arcs, start, end), Element(carrier.name, 1, "supplies", priority=0)
        kinds.append(kind_of(arcs, graph, element, (), hourly, start, end))
    question = {
        **describe(kinds[0].arcs, [], []), "vehicle": made.name, "force": made.name,
        "from": list(dict.fromkeys(p for k in kinds for p in k.origins)),
        "to": list(dict.fromkeys(p for k in kinds for p in k.destinations)),
        "modes": list(dict.fromkeys(m for k in kinds for m in k.arcs.options["modes"])),
    }  # fmt: skip
    return kinds, question


def kind_of(
    arcs: Arcs, graph: Graph, element: Element, numbers: tuple[int, ...], count: float, start: Any, end: Any
) -> Kind:
    """Return a kind on the arcs that carry something and lie between its places."""
    rate = graph.spread(arcs.capacity, np.inf) / 24.0
    graph, rate = _only(graph, rate, rate > 0)
    onwards = reached(graph.size, graph.tail, graph.head, [graph.source])
    back = reached(graph.size, graph.head, graph.tail, [graph.sink])
    graph, rate = _only(graph, rate, onwards[graph.tail] & back[graph.head])
    hours = graph.spread(arcs.time_h, 0.0)
    return Kind(numbers, element, float(count), arcs, graph, hours, rate, element.ready_h, _Search(graph), start, end)


def _only(graph: Graph, rate: Array, keep: Array) -> tuple[Graph, Array]:
    """Return the graph with some arcs only, and their rates."""
    parts = {k: getattr(graph, k)[keep] for k in ("tail", "head", "weight", "arc")}
    return replace(graph, **parts), rate[keep]


# ---- one kind: the quickest flow


@dataclass(frozen=True, eq=False)
class _Column:
    """A way of one kind: arcs of its graph, hours, and what of each shared arc one vehicle an hour takes."""

    kind: int
    path: tuple[int, ...]
    hours: float
    shared: Array
    part: Array


def _column(number: int, kind: Kind, path: Sequence[int]) -> _Column:
    steps = np.array(path, np.int64)
    limited = steps[np.isfinite(kind.rate[steps])]
    hours = float(kind.hours[steps].sum())
    return _Column(number, tuple(path), hours, kind.graph.arc[limited], 1.0 / kind.rate[limited])


@dataclass(frozen=True, eq=False)
class _Way:
    """What goes along a column: a rate, from the first to the last departure."""

    column: _Column
    rate: float
    first: float
    last: float
    step: int = 0
    """Before which arc of the path it holds,"""
    hold: float = 0.0
    """and for how many hours."""

    @property
    def hours(self) -> float:
        """From departure to arrival."""
        return self.column.hours + self.hold

    def entered(self, kind: Kind) -> list[float]:
        """Return the hours after departure at which it enters the arcs of its path."""
        at = _entered(kind, self.column.path)
        return [t + (self.hold if n >= self.step else 0.0) for n, t in enumerate(at)]


def _entered(kind: Kind, path: Sequence[int]) -> list[float]:
    """Return the hours after departure at which the arcs of a path are entered."""
    passed: list[float] = np.r_[0.0, np.cumsum(kind.hours[list(path)])[:-1]].tolist()
    return passed


def quickest(kind: Kind) -> tuple[float, list[_Way], list[tuple[float, float]]]:
    """Return the hour at which one kind has closed, its ways with their rates, and the profile of the flow.

    A flow that is repeated over time brings in ``T |x| - hours . x`` by hour T, and the best static flow x is found by
    successive shortest paths (Ford and Fulkerson 1958): each adds a rate `f` of length `L`. The first T at which
    ``sum f (T - L)`` reaches the vehicles is the quickest there is (Burkard, Dlaska and Klinz 1993).
    """
    graph, unit = kind.graph, 1e6
    capacity = np.where(np.isfinite(kind.rate), np.rint(np.minimum(kind.rate, 1e9) * unit), 1 << 60).astype(np.int64)
    cost = np.rint(kind.hours * TICKS).astype(np.int64)
    flow = PlainFlow(graph.size, graph.tail, graph.head, capacity, cost, graph.source, graph.sink)
    profile: list[tuple[float, float]] = []
    steps: list[tuple[float, int]] = []

    def take() -> None:
        if steps and flow.value > steps[-1][1]:
            profile.append((steps[-1][0], (flow.value - steps[-1][1]) / unit))

    def enough(length: int) -> bool:
        take()
        steps.append((length / TICKS, flow.value))
        return _closes(profile, kind.count) <= length / TICKS

    flow.cheapest(enough)
    take()
    best = _closes(profile, kind.count)
    if not math.isfinite(best):
        return math.inf, [], []
    ways = []
    for path, rate in _decompose(graph, flow.flows().astype(float) / unit):
        column = _column(0, kind, path)
        if best > column.hours:
            ways.append(_Way(column, rate, kind.ready, kind.ready + best - column.hours))
    return kind.ready + best, ways, profile


def _closes(profile: Sequence[tuple[float, float]], count: float) -> float:
    """Return the hour at which a profile of (hours, rate) has brought in so many; infinite without any rate."""
    total = math.fsum(f for _, f in profile)
    return (count + math.fsum(length * f for length, f in profile)) / total if total > 0 else math.inf


def _decompose(graph: Graph, flow: Array) -> list[tuple[tuple[int, ...], float]]:
    """Return paths with rates that add up to a flow without cycles of cost 0."""
    rest = flow.copy()
    out: dict[int, list[int]] = {}
    for a in np.flatnonzero(rest > 0).tolist():
        out.setdefault(int(graph.tail[a]), []).append(a)
    ways: list[tuple[tuple[int, ...], float]] = []
    while True:
        path: list[int] = []
        seen = {graph.source: 0}
        v = graph.source
        while v != graph.sink:
            a = next((a for a in out.get(v, ()) if rest[a] > TIGHT), -1)
            if a < 0:
                break
            path.append(a)
            v = int(graph.head[a])
            if v in seen:  # a ring carries nothing anywhere
                ring = path[seen[v] :]
                rest[ring] -= rest[ring].min()
                path = path[: seen[v]]
                seen = {w: i for w, i in seen.items() if i <= len(path)}
            else:
                seen[v] = len(path)
        if v != graph.sink:
            return ways
        rate = float(rest[path].min())
        rest[path] -= rate
        ways.append((tuple(path), rate))


# ---- several kinds: a plan by columns, a bound by cuts over time


@dataclass(frozen=True, eq=False)
class _Pool:
    """A stock that vehicles take a part of while they are on the way and until it is back.

    `part` is what one vehicle of each kind takes, `hours` that part times the hours it is kept, by kind and arc.
    """

    name: str
    size: float
    part: Sequence[float]
    hours: Sequence[Array]

    def least(self, kinds: Sequence[Kind]) -> float:
        """Return an hour before which the stock cannot have carried everything.

        Every trip keeps its part out and, empty, back; only the last trip of each need not come back, and a way back
        is at most half of a trip.
        """
        trips = [k.search.path(h)[0] for k, h in zip(kinds, self.hours, strict=True)]
        work = math.fsum(k.count * t for k, t in zip(kinds, trips, strict=True) if k.numbers)
        return work / self.size - max((t / p / 2 for t, p in zip(trips, self.part, strict=True) if p), default=0.0)


@dataclass(frozen=True, eq=False)
class _Demand:
    """What is solved at once: kinds with their deadlines, pools, windows by shared arc, and steady supplies."""

    kinds: Sequence[Kind]
    deadline: Array
    pools: Sequence[_Pool] = ()
    windows: Mapping[int, Sequence[tuple[float, float, float]]] = field(default_factory=dict)
    steady: Mapping[int, float] = field(default_factory=dict)
    marks: Sequence[float] = ()
    """Hours before the end at which the rates of a quickest flow change."""
    room: Mapping[int, float] | None = None
    """Hours for which each shared arc can be entered, where volumes are asked for and not rates."""
    taken: Mapping[int, float] = field(default_factory=dict)
    """Part of the capacity of shared arcs that is taken at all hours,"""
    served: Sequence[tuple[_Column, float]] = ()
    """by supplies on these ways at these rates."""

    def span(self, i: int, horizon: float) -> float:
        """Return the hours in which kind `i` can be on the way."""
        return min(horizon, float(self.deadline[i])) - self.kinds[i].ready


@dataclass(frozen=True, eq=False)
class _Static:
    """Solution of the static programme for one horizon, and its prices.

    `price` is of one vehicle of each kind, `toll` of the whole capacity of a shared arc, `pool` of a whole pool,
    `steady` of one vehicle an hour of a supply.
    """

    theta: float
    price: Array
    toll: Mapping[int, float]
    pool: Array
    steady: Array
    rates: Array


def _master(ask: _Demand, columns: Sequence[_Column], horizon: float, mean: bool = False) -> _Static:
    """Return the largest share of all vehicles that steady rates on these ways bring in by the horizon.

    Maximise theta subject to ``sum (D - ready - hours) x >= theta N`` for each kind, and ``sum x / rate <= 1`` on
    everything that is shared. Where capacity changes with time, a steady plan has the least of it; for prices the
    `mean` is the better guide.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_matrix

    count, theta = len(ask.kinds), len(columns)
    first = count + len(ask.pools)
    arcs, row = np.unique(np.concatenate([c.shared for c in columns]), return_inverse=True)
    kind = np.array([c.kind for c in columns])
    hours = np.array([c.hours for c in columns])
    spans = np.array([-1.0 if i in ask.steady else -ask.span(i, horizon) for i in range(count)])
    lasting = np.array([0.0 if i in ask.steady else 1.0 for i in range(count)])
    moved = [i for i in range(count) if i not in ask.steady]
    each = np.arange(theta)
    rows = [kind, first + row, np.array(moved, np.int64)]
    cols = [each, each.repeat([len(c.shared) for c in columns]), np.full(len(moved), theta)]
    values = [spans[kind] + hours * lasting[kind], np.concatenate([c.part for c in columns])]
    values.append(np.array([ask.kinds[i].count for i in moved]))
    for n, pool in enumerate(ask.pools):
        rows.append(np.full(theta, count + n))
        cols.append(each)
        values.append(np.array([float(pool.hours[c.kind][list(c.path)].sum()) for c in columns]) / pool.size)
    limit = np.ones(first + len(arcs))
    limit[:count] = [-ask.steady.get(i, 0.0) for i in range(count)]
    for arc in ask.windows:
        limit[first + np.flatnonzero(arcs == arc)] = _left(ask.windows[arc], horizon, mean)
    if ask.taken:
        limit[first:] = np.maximum(0.0, limit[first:] - [ask.taken.get(int(a), 0.0) for a in arcs])
    if ask.room is not None:
        limit[first:] = [ask.room[int(a)] for a in arcs]
    matrix = csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(cols))), shape=(len(limit), theta + 1)
    )
    found = linprog(np.r_[np.zeros(theta), -1.0], A_ub=matrix, b_ub=limit, bounds=(0, None), method="highs")
    if found.status != 0:  # the supplies alone are too much
        return _Static(-1.0, np.zeros(count), {}, np.zeros(len(ask.pools)), np.zeros(count), np.zeros(theta))
    dual = np.maximum(0.0, -found.ineqlin.marginals)
    supply = np.isin(np.arange(count), list(ask.steady))
    return _Static(
        theta=float(found.x[-1]), price=np.where(supply, 0.0, dual[:count]),
        toll={int(a): float(t) for a, t in zip(arcs, dual[first:], strict=True) if t > 0},
        pool=dual[count:first], steady=np.where(supply, dual[:count], 0.0), rates=found.x[:-1],
    )  # fmt: skip


def _left(windows: Sequence[tuple[float, float, float]], horizon: float, mean: bool) -> float:
    """Return the least, or the mean, part of the capacity that windows leave from hour 0 to the horizon."""
    felt = [(max(a, 0.0), min(b, horizon), f) for a, b, f in windows if a < horizon and b > 0]
    if mean:
        return max(0.0, 1.0 - math.fsum((b - a) * (1 - f) for a, b, f in felt) / max(horizon, TIGHT))
    return min((f for _, _, f in felt), default=1.0)


def _tolls(ask: _Demand, static: _Static, i: int) -> Array:
    """Return what a vehicle of kind `i` pays on each arc of its graph."""
    kind = ask.kinds[i]
    toll = np.zeros(kind.arcs.tail.size + 1)
    toll[list(static.toll)] = list(static.toll.values())
    # Arcs that were added to the graph have the number -1: the last, which is free.
    out = toll[kind.graph.arc] / kind.rate
    for n, pool in enumerate(ask.pools):
        out = out + static.pool[n] / pool.size * pool.hours[i]
    return out


def _generate(ask: _Demand, columns: list[_Column], horizon: float, mean: bool = False) -> _Static:
    """Add ways until none would help any more; return the solution (Ford and Fulkerson 1958)."""
    known = {(c.kind, c.path) for c in columns}
    while True:
        static = _master(ask, columns, horizon, mean)
        added = False
        for i, kind in enumerate(ask.kinds):
            worth = float(static.steady[i]) if i in ask.steady else float(static.price[i]) * ask.span(i, horizon)
            hours = 0.0 if i in ask.steady else float(static.price[i])
            if worth <= 0:
                continue
            cost, path = kind.search.path(_tolls(ask, static, i) + hours * kind.hours)
            way = (i, tuple(path))
            if cost < worth * (1 - 1e-9) - 1e-12 and way not in known:
                known.add(way)
                columns.append(_column(i, kind, path))
                added = True
        if not added:
            return static


def _bound_holds(ask: _Demand, static: _Static, horizon: float) -> bool:
    """Return whether the prices prove that no movement, however timed, closes before the horizon.

    A cut over time. Give every vertex v of kind k a time ``f(v)`` by adding the tolls to the hours of the arcs. What
    is at its origin at ``f`` or later and at its destination before ``f`` must enter some arc (u, v) in the hours from
    ``f(u)`` to ``f(v) - hours``. So the vehicles times their price are at most what fits into those hours: on each
    arc at each moment the dearest of the kinds that are there in theirs.
    """
    for backwards in (False, True):
        arcs: dict[int, list[tuple[float, float, float]]] = {}
        for i, kind in enumerate(ask.kinds):
            price = float(static.price[i])
            if price <= 0:
                continue
            span = ask.span(i, horizon)
            extra = _tolls(replace(ask, pools=()), static, i) / price
            if ask.windows:
                label = _thresholds(ask, i, extra, span, backwards)
                if label is None:
                    return False
                if not _crossings(kind, label, price, arcs):
                    return False
                continue
            length = kind.hours + extra
            label = kind.search.labels(length, backwards)
            reach = label[kind.graph.source if backwards else kind.graph.sink]
            if reach < span:  # not quite dual feasible: stretch the tolls
                bare = kind.search.labels(kind.hours, backwards)
                least = bare[kind.graph.source if backwards else kind.graph.sink]
                if least >= span or reach <= least:
                    label = bare if least >= span else label
                else:
                    length = kind.hours + extra * (span - least) / (reach - least) * (1 + 1e-9)
                    label = kind.search.labels(length, backwards)
                if label[kind.graph.source if backwards else kind.graph.sink] < span - 1e-9:
                    return False
            label = np.minimum(label, span)
            if not _crossings(kind, kind.ready + (span - label if backwards else label), price, arcs):
                return False
        held = {arc: _dearest(spans, ask.windows.get(arc, ())) for arc, spans in arcs.items()}
        room = math.fsum(held.values())
        for i, rate in ask.steady.items():
            # Supplies take a constant part of all hours: at least what the cheapest way takes of the room.
            kind = ask.kinds[i]
            toll = np.array([held.get(arc, 0.0) for arc in kind.graph.arc.tolist()])
            room -= rate * kind.search.path(toll / kind.rate)[0]
        wanted = math.fsum(float(static.price[i]) * k.count for i, k in enumerate(ask.kinds) if i not in ask.steady)
        if wanted > room * (1 + 1e-9) + 1e-12:
            return True
    return False


def _crossings(kind: Kind, at: Array, price: float, arcs: dict[int, list[tuple[float, float, float]]]) -> bool:
    """Add the hours in which something has to enter an arc; tell whether all these arcs have a limit."""
    start, end = at[kind.graph.tail], at[kind.graph.head] - kind.hours
    for a in np.flatnonzero(end > start + 1e-9).tolist():
        if not math.isfinite(kind.rate[a]):
            return False
        worth = price * float(kind.rate[a])
        arcs.setdefault(int(kind.graph.arc[a]), []).append((float(start[a]), float(end[a]), worth))
    return True


def _thresholds(ask: _Demand, i: int, extra: Array, span: float, backwards: bool) -> Array | None:
    """Return the hour of each vertex in a cut over time that steps over windows at no cost; None when there is none.

    Where an arc is shut nothing enters it, so the hours of a window lie in its crossing for nothing: what is paid for
    are hours of open road. The tolls are scaled to the least that makes the cut reach from the first hour to the last.
    """
    kind = ask.kinds[i]
    first, last = kind.ready, kind.ready + span
    known: dict[float, Array] = {}

    def reach(scale: float) -> float:
        known[scale], _ = _spread_out(kind, ask.windows, extra * scale, first, last, backwards)
        end = float(known[scale][kind.graph.source if backwards else kind.graph.sink])
        return first + last - end if backwards else end

    if reach(0.0) >= last - 1e-9:
        return known[0.0]
    low, high = 0.0, 1.0
    while reach(high) < last - 1e-9:
        low, high = high, 2 * high
        if high > 64:
            return None
    for _ in range(8):
        middle = (low + high) / 2
        if reach(middle) < last - 1e-9:
            low = middle
        else:
            high = middle
    return known[high]


def _spread_out(
    kind: Kind, windows: _Shut, extra: Array, first: float, last: float, backwards: bool = False
) -> tuple[Array, list[int]]:
    """Return the latest hour of each vertex that the open hours `extra` of the arcs allow; backwards the earliest.

    And the arcs of the way that decides it at the other end, where that is reached in time.
    """
    import heapq

    graph = kind.graph
    start, goal = (graph.sink, graph.source) if backwards else (graph.source, graph.sink)
    tail, head = (graph.head, graph.tail) if backwards else (graph.tail, graph.head)
    sign = -1.0 if backwards else 1.0
    out: list[list[tuple[int, int, float, float, Sequence[tuple[float, float, float]]]]] = [
        [] for _ in range(graph.size)
    ]
    rows = zip(tail.tolist(), head.tolist(), kind.hours.tolist(), extra.tolist(), graph.arc.tolist(), strict=True)
    for a, (u, v, hours, more, arc) in enumerate(rows):
        out[u].append((a, v, hours, more, windows.get(arc, ())))
    # Backwards time runs from the last hour down, and so do windows.
    begin, stop = (-last, -first) if backwards else (first, last)
    at = [math.inf] * graph.size
    at[start] = begin
    by = [-1] * graph.size
    queue = [(begin, start)]
    while queue:
        now, u = heapq.heappop(queue)
        if now > at[u]:
            continue
        if u == goal or now >= stop:
            break
        for a, v, hours, more, shut in out[u]:
            entered = now + more
            if shut:
                # An arc is entered before its hours have passed: backwards these come first.
                spans = [(-b, -a, f) for a, b, f in shut] if backwards else shut
                entered = _open_until(now + hours, more, spans) - hours if backwards else _open_until(now, more, spans)
            if entered + hours < at[v]:
                at[v], by[v] = entered + hours, a
                heapq.heappush(queue, (at[v], v))
    way: list[int] = []
    v = goal
    while at[goal] < stop and v != start:
        way.append(by[v])
        v = int(tail[by[v]])
    return np.clip(sign * np.minimum(np.array(at), stop), first, last), way[::-1]


def _open_until(hour: float, more: float, windows: Sequence[tuple[float, float, float]]) -> float:
    """Return the last hour up to which no more than so many open hours pass."""
    edges = sorted({t for a, b, _ in windows for t in (a, b) if t > hour})
    for a, b in itertools.pairwise([hour, *edges]):
        left = min((f for s, e, f in windows if s <= a and b <= e), default=1.0)
        if (b - a) * left > more:
            return a + more / left
        more -= (b - a) * left
    return max([hour, *edges]) + more


def _dearest(spans: Sequence[tuple[float, float, float]], windows: Sequence[tuple[float, float, float]]) -> float:
    """Return the integral over time of the highest price among the spans that hold then, times the capacity left."""
    if len(spans) == 1 and not windows:
        start, end, worth = spans[0]
        return (end - start) * worth
    times = sorted({t for a, b, _ in (*spans, *windows) for t in (a, b)})
    total = 0.0
    for a, b in itertools.pairwise(times):
        top = max((w for s, e, w in spans if s <= a and b <= e), default=0.0)
        left = min((f for s, e, f in windows if s <= a and b <= e), default=1.0)
        total += (b - a) * top * left
    return total


@dataclass(frozen=True, eq=False)
class _Plan:
    """Ways, the hour at which the last has arrived, and the bound; prices where the steady plan has them."""

    horizon: float
    bound: float
    ways: tuple[_Way, ...]
    method: str
    static: _Static | None = None
    columns: tuple[_Column, ...] = ()
    supplies: tuple[tuple[_Column, float], ...] = ()
    profile: tuple[tuple[float, float], ...] = ()
    """Of a quickest flow the hours and rates that it adds up."""


def _steady_plan(ask: _Demand, columns: list[_Column], least: float, clock: Callable[[], bool]) -> float:
    """Return the least horizon at which steady rates on ways bring everything in; infinite when none does.

    Newton's method, kept between bounds: the share that arrives grows with the horizon.
    """
    low, high, horizon = least, math.inf, least
    for _ in range(80):
        static = _generate(ask, columns, horizon)
        if static.theta >= 1 - TIGHT:
            high = horizon
        else:
            low = horizon
        if high < math.inf and (high - low <= 1e-7 * high or clock()):
            break
        if low > FAR:
            return math.inf
        slope = math.fsum(
            float(static.price[c.kind] * r)
            for c, r in zip(columns, static.rates, strict=True)
            if ask.deadline[c.kind] > horizon
        )
        step = horizon + (1 - static.theta) / slope if slope > 0 else 2 * low + 1
        between = (low + high) / 2 if high < math.inf else 2 * low + 1
        if static.theta >= 1 and static.theta < 1 + 1e-7:
            between = max(between, high * (1 - 5e-8))
        # Newton overshoots where kinds take turns to bind; then the middle is taken.
        horizon = step if low + 1e-8 * low < step < high * (1 - 1e-8) else between
    return high


def _too_much(ask: _Demand, columns: Sequence[_Column], horizon: float, clock: Callable[[], bool]) -> bool:
    """Return whether the volumes alone are too much for the hours in which arcs can be entered before the horizon.

    On no arc can anything enter before the first can be there, nor after the last that still arrives in time. So all
    vehicles must find ways along which their volumes fit into those hours; a linear programme over ways decides. It
    ends as soon as it is known on which side of 1 the share of the vehicles lies that fits: the ways so far carry all
    of them, or some tolls on the hours cost them more than all the hours are worth. Without time it claims nothing.
    """
    start = np.full(ask.kinds[0].arcs.tail.size, math.inf)
    end = -start
    for i, kind in enumerate(ask.kinds):
        if i in ask.steady:
            continue
        real = kind.graph.arc >= 0
        arc = kind.graph.arc[real]
        there = kind.ready + kind.search.labels(kind.hours)[kind.graph.tail[real]]
        still = kind.search.labels(kind.hours, backwards=True)[kind.graph.head[real]]
        np.minimum.at(start, arc, there)
        np.maximum.at(end, arc, kind.ready + ask.span(i, horizon) - still - kind.hours[real])
    hours = np.maximum(end - start, 0.0)
    room = {int(a): float(hours[a]) for a in np.flatnonzero(np.isfinite(hours))}
    for a, windows in ask.windows.items():
        if a in room:
            shut = [(max(s, float(start[a])), min(e, float(end[a])), f) for s, e, f in windows]
            room[a] = max(0.0, room[a] - max((max(0.0, e - s) * (1 - f) for s, e, f in shut), default=0.0))
    kinds = [replace(k, hours=np.zeros_like(k.hours), ready=0.0) for k in ask.kinds]
    volumes = replace(ask, kinds=kinds, pools=(), windows={}, steady={}, room=room)
    moved = [i for i in range(len(kinds)) if i not in ask.steady]
    if len(moved) < len(kinds):
        volumes, columns = _part(volumes, columns, moved)
    volumes = replace(volumes, taken={})
    ways = [replace(c, hours=0.0) for c in columns]
    known = {(c.kind, c.path) for c in ways}
    while not clock():
        static = _master(volumes, ways, 1.0)
        if static.theta >= 1 - 1e-7:
            return False
        cheapest = [k.search.path(_tolls(volumes, static, i)) for i, k in enumerate(volumes.kinds)]
        paid = math.fsum(k.count * cost for k, (cost, _) in zip(volumes.kinds, cheapest, strict=True))
        if math.fsum(toll * room[a] for a, toll in static.toll.items()) < paid * (1 - 1e-7):
            return True
        new = [
            (i, tuple(path)) for i, (cost, path) in enumerate(cheapest) if cost < static.price[i] * (1 - 1e-9) - 1e-12
        ]
        new = [way for way in new if way not in known]
        if not new:
            return static.theta < 1 - 1e-7
        known.update(new)
        ways += [replace(_column(i, volumes.kinds[i], path), hours=0.0) for i, path in new]
    return False


def _proven_from_below(
    ask: _Demand, columns: list[_Column], least: float, horizon: float, clock: Callable[[], bool]
) -> float:
    """Return the latest horizon below which prices prove that nothing closes."""
    low, high = least, horizon
    at = horizon * (1 - 1e-6)
    for _ in range(14):
        if at <= low or clock():
            break
        # What closes at `at` also closes later: a proof for `at` holds for everything before.
        if _bound_holds(ask, _generate(ask, columns, at, mean=True), at) or _too_much(ask, columns, at, clock):
            low = at
        else:
            high = at
        # Where windows shut ways, `_between` goes on from here.
        if high - low <= (1e-2 if ask.windows else 2e-3) * high:
            break
        at = (low + high) / 2
    return low


def _solve(ask: _Demand, gap: float, clock: Callable[[], bool]) -> _Plan | None:
    """Return a plan for kinds that share what they use, and a bound; None when some cannot move."""
    start = alone(ask)
    if start is None:
        return None
    columns = start.columns
    ask = replace(ask, marks=start.marks)
    if ask.windows and ask.steady:
        served = _served(ask, columns, clock)
        if served is None:
            return None
        ask, columns = served
    least = max([start.least, *(pool.least(ask.kinds) for pool in ask.pools)])
    free = replace(ask, deadline=np.full(len(ask.kinds), math.inf))
    if len(ask.kinds) == 1 and not ask.pools and not ask.windows:
        # The deadline of a single kind is met by the quickest flow, or by none.
        static = _generate(free, columns, least)
        return _Plan(least, least, tuple(start.ways), "quickest flow", static, tuple(columns), (), tuple(start.profile))
    steady, ways = _steady(free, columns, least, clock)
    if math.isinf(steady):
        return None
    static = _generate(free, columns, steady)
    bound = _proven_from_below(free, columns, least, steady, clock)
    method = "column generation over routes, bound by cuts over time"
    horizon = steady
    timed = _deadlines(ask, columns, static, steady, clock)
    if np.isfinite(timed.deadline).any():
        found = _within_deadlines(timed, columns, static, bound, steady, clock)
        if found is not None:
            horizon, ways = found
        else:
            timed = free
    if ask.windows and horizon > bound * (1 + gap) and not clock():
        easy = not np.isfinite(timed.deadline).any()
        bound, squeezed = _between(free, columns, static, bound, horizon if easy else math.inf, gap, clock)
        if easy and squeezed is not None:
            horizon, ways = squeezed
    if horizon > bound * (1 + gap) and not clock():
        better = _by_slots(timed, columns, static, bound, horizon, gap, clock)
        if better is not None:
            horizon, ways = better
    if horizon != steady or np.isfinite(timed.deadline).any():
        method = "column generation over routes and hours of departure, bound by cuts over time"
    used, supplies = tuple(columns[: len(static.rates)]), tuple(ask.served) or _supplied(ask, columns, static)
    return _Plan(horizon, min(bound, horizon), tuple(ways), method, static, used, supplies)


@dataclass(frozen=True, eq=False)
class Start:
    """A bound from kinds alone, ways to begin with, lengths at which rates change; the quickest flow of the last."""

    least: float
    columns: list[_Column]
    marks: list[float]
    ways: list[_Way]
    profile: list[tuple[float, float]]


def alone(ask: _Demand) -> Start | None:
    """Return what the quickest flow of each kind alone tells; None when some cannot move.

    Vehicles that are alike but for the hour from which they can leave are one flow: what leaves from hour r on
    cannot close before r and the quickest flow of all of it (Hoppe and Tardos 2000: the cuts of a transshipment over
    time; here only those by hour can bind).
    """
    columns: list[_Column] = []
    marks: list[float] = []
    least = 0.0
    ways: list[_Way] = []
    profile: list[tuple[float, float]] = []
    for i, kind in enumerate(ask.kinds):
        alike = [
            k
            for j, k in enumerate(ask.kinds)
            if k.arcs is kind.arcs and (k.origins, k.destinations) == (kind.origins, kind.destinations)
            and k.ready >= kind.ready and j not in ask.steady
        ]  # fmt: skip
        count = math.fsum(k.count for k in alike) if i not in ask.steady else kind.count
        closed, ways, profile = quickest(replace(kind, count=count))
        if not ways:
            return None
        columns += [replace(way.column, kind=i) for way in ways]
        if i not in ask.steady:
            least = max(least, closed)
            marks += [length for length, _ in profile]
    return Start(least, columns, sorted(set(marks)), ways, profile)


def _steady(ask: _Demand, columns: list[_Column], least: float, clock: Callable[[], bool]) -> tuple[float, list[_Way]]:
    """Return a plan of steady rates; where capacity comes back later, to wait for it is a plan too."""
    horizon = _steady_plan(ask, columns, least, clock)
    ways = _timed(ask, columns, _generate(ask, columns, horizon), horizon) if math.isfinite(horizon) else []
    for still in sorted({b for spans in ask.windows.values() for _, b, _ in spans}):
        # What is over by then does not matter to who waits for it; the rest of the windows still does.
        rest = {arc: [w for w in spans if w[1] > still] for arc, spans in ask.windows.items()}
        windows = {arc: spans for arc, spans in rest.items() if spans}
        later = replace(ask, kinds=[replace(k, ready=max(k.ready, still)) for k in ask.kinds], windows=windows)
        after = _steady_plan(later, columns, max(still, least), clock) if still < horizon else math.inf
        if after < horizon:
            horizon, ways = after, _timed(later, columns, _generate(later, columns, after), after)
    return horizon, ways


def _served(ask: _Demand, columns: list[_Column], clock: Callable[[], bool]) -> tuple[_Demand, list[_Column]] | None:
    """Return the demand with supplies on the ways that they would have without windows; None when there are none.

    They keep these ways. Where a window leaves too little for them they wait and are not made up for, so what a bound
    says without them holds with them.
    """
    dry = replace(ask, windows={}, deadline=np.full(len(ask.kinds), math.inf))
    horizon = _steady_plan(dry, columns, 0.0, clock)
    if math.isinf(horizon):
        return None
    static = _generate(dry, columns, horizon)
    taken, served = _by_supplies(dry, columns, static), _supplied(dry, columns, static)
    bare, columns = _part(ask, columns, [i for i in range(len(ask.kinds)) if i not in ask.steady])
    return replace(bare, taken=taken, served=served), columns


def _supplied(ask: _Demand, columns: Sequence[_Column], static: _Static) -> tuple[tuple[_Column, float], ...]:
    """Return the ways of supplies and their rates."""
    rates = zip(columns, static.rates.tolist(), strict=False)
    return tuple((c, r) for c, r in rates if c.kind in ask.steady and r > TIGHT)


def _deadlines(
    ask: _Demand, columns: list[_Column], static: _Static, steady: float, clock: Callable[[], bool]
) -> _Demand:
    """Return the demand with the deadlines that can be kept, in order of priority.

    Latest hours first; those that cannot be kept together are dropped from the last priority on. Then each priority
    closes as early as it can without those behind it.
    """
    wanted = ask.deadline
    ask = replace(ask, deadline=np.full(len(ask.kinds), math.inf))

    def kept(deadline: Array) -> bool:
        timed = replace(ask, deadline=deadline)
        return (
            _slot_plan(timed, columns, static, 2 * steady + float(wanted[np.isfinite(wanted)].max()), clock) is not None
        )

    if np.isfinite(wanted).any():
        if kept(wanted):
            ask = replace(ask, deadline=wanted)
        else:
            given = np.flatnonzero(np.isfinite(wanted)).tolist()
            for i in sorted(given, key=lambda i: (ask.kinds[i].element.priority, wanted[i])):
                tried = ask.deadline.copy()
                tried[i] = wanted[i]
                if kept(tried):
                    ask = replace(ask, deadline=tried)
    levels = sorted({k.element.priority for i, k in enumerate(ask.kinds) if i not in ask.steady})
    for level in levels[:-1]:
        first = [i for i, k in enumerate(ask.kinds) if k.element.priority <= level or i in ask.steady]
        part, some = _part(ask, columns, first)
        closed, _ = _steady(replace(part, deadline=np.full(len(first), math.inf)), some, 0.0, clock)
        deadline = ask.deadline.copy()
        for i in first:
            if i not in ask.steady:
                deadline[i] = min(deadline[i], closed * (1 + 1e-6))
        ask = replace(ask, deadline=deadline)
    return ask


def _part(ask: _Demand, columns: Sequence[_Column], first: Sequence[int]) -> tuple[_Demand, list[_Column]]:
    """Return some kinds of a demand alone, and their ways."""
    number = {i: n for n, i in enumerate(first)}
    pools = [replace(p, hours=[p.hours[i] for i in first], part=[p.part[i] for i in first]) for p in ask.pools]
    kinds, steady = [ask.kinds[i] for i in first], {number[i]: r for i, r in ask.steady.items() if i in number}
    some = [replace(c, kind=number[c.kind]) for c in columns if c.kind in number]
    part = replace(ask, kinds=kinds, deadline=ask.deadline[list(first)], pools=pools, steady=steady)
    return part, some


def _within_deadlines(
    ask: _Demand, columns: Sequence[_Column], static: _Static, bound: float, steady: float, clock: Callable[[], bool]
) -> tuple[float, list[_Way]] | None:
    """Return a plan that keeps the deadlines, within a few per cent of the earliest; None when there is none."""
    low, horizon = bound, steady
    for _ in range(8):
        ways = _slot_plan(ask, columns, static, horizon, clock)
        if ways is not None:
            break
        low, horizon = horizon, 1.4 * horizon
    else:
        return None
    for _ in range(5):
        middle = (low + horizon) / 2
        if horizon - low < 1e-2 * horizon or clock():
            break
        tried = _slot_plan(ask, columns, static, middle, clock)
        if tried is None:
            low = middle
        else:
            horizon, ways = middle, tried
    return horizon, ways


def _timed(ask: _Demand, columns: Sequence[_Column], static: _Static, horizon: float) -> list[_Way]:
    """Return the ways that carry something with rates that bring in exactly each kind's vehicles."""
    brought = np.zeros(len(ask.kinds))
    spans = [ask.span(c.kind, horizon) - c.hours for c in columns]
    for c, rate, span in zip(columns, static.rates, spans, strict=True):
        brought[c.kind] += rate * max(span, 0.0)
    out = []
    for c, rate, span in zip(columns, static.rates, spans, strict=True):
        kind = ask.kinds[c.kind]
        if c.kind not in ask.steady and rate * span > TIGHT:
            out.append(_Way(c, float(rate) * kind.count / float(brought[c.kind]), kind.ready, kind.ready + span))
    return out


# ---- a better plan: rates that change with the hour of departure


def _by_slots(
    ask: _Demand, columns: Sequence[_Column], static: _Static, bound: float, horizon: float, gap: float,
    clock: Callable[[], bool],
) -> tuple[float, list[_Way]] | None:  # fmt: skip
    """Return a plan earlier than the steady one, at most `gap` above the bound if there is one among these ways."""
    low, high, best = bound, horizon, None
    # The bound is often reached when vehicles differ by the hour alone.
    tight = _slot_plan(ask, columns, static, bound * (1 + 1e-7), clock)
    if tight is not None:
        return bound * (1 + 1e-7), tight
    at = bound * (1 + 0.9 * gap)
    for _ in range(6):
        if at >= high or clock():
            break
        ways = _slot_plan(ask, columns, static, at, clock)
        if ways is None:
            low = at
        else:
            high, best = at, (at, ways)
            if high <= bound * (1 + gap):
                break
        at = (low + high) / 2
        if high - low < 2e-3 * high:
            break
    return best


TRIES = 14
"""So many horizons are tried between a bound and a plan."""


def _between(
    ask: _Demand, columns: list[_Column], static: _Static, bound: float, horizon: float, gap: float,
    clock: Callable[[], bool],
) -> tuple[float, tuple[float, list[_Way]] | None]:  # fmt: skip
    """Return a better bound and, if there is one, a plan that is earlier than the horizon, where windows shut ways.

    A programme of slots either finds a plan for a horizon or prices that may prove that there is none; ways on which
    these prices leave something to win are added.
    """
    low, high, best = bound, horizon, None
    failed, doubt = low, high
    # The bound is often reached when vehicles differ by the hour alone.
    tight, _ = _slots(ask, columns, static, bound * (1 + 1e-7), clock)
    if tight is not None:
        return bound, (bound * (1 + 1e-7), tight)
    for _ in range(TRIES):
        if clock() or high <= low * (1 + gap):
            break
        if math.isinf(high):
            at = min(2 * low, (low + doubt) / 2)
        else:
            at = (failed + high) / 2 if high - failed >= doubt - low else (low + doubt) / 2
        if max(high - failed, doubt - low) < 2e-3 * low:
            break
        for _ in range(4):
            ways, prices = _slots(ask, columns, static, at, clock)
            if (
                ways is not None
                or prices is None
                or _bound_holds(ask, prices, at)
                or not _wider(ask, prices, columns, at)
            ):
                break
        if ways is not None:
            high, best = at, (at, ways)
        elif prices is not None and _bound_holds(ask, prices, at):
            low = at
        failed, doubt = (min(failed, at), at) if ways is not None else (max(failed, at), doubt if low == at else at)
        failed, doubt = max(failed, low), min(doubt, high)
    return low, best


def _wider(ask: _Demand, prices: _Static, columns: list[_Column], horizon: float) -> bool:
    """Add the ways on which prices leave something to win; tell whether there are any."""
    known = {(c.kind, c.path) for c in columns}
    added = False
    for i, kind in enumerate(ask.kinds):
        price = float(prices.price[i])
        if price > 0 and i not in ask.steady:
            extra = _tolls(replace(ask, pools=()), prices, i) / price
            _, path = _spread_out(kind, ask.windows, extra, kind.ready, kind.ready + ask.span(i, horizon))
            if path and (i, tuple(path)) not in known:
                columns.append(_column(i, kind, path))
                added = True
    return added


def _slot_plan(
    ask: _Demand, columns: Sequence[_Column], static: _Static, horizon: float, clock: Callable[[], bool]
) -> list[_Way] | None:
    """Return ways with a rate for each slot of departure that close by the horizon, or None."""
    return _slots(ask, columns, static, horizon, clock)[0]


def _slots(
    ask: _Demand, columns: Sequence[_Column], static: _Static, horizon: float, clock: Callable[[], bool]
) -> tuple[list[_Way] | None, _Static | None]:
    """Return ways with a rate for each slot of departure that close by the horizon, or the prices that forbid it.

    Rates are constant within a slot. What enters an arc at a moment are the slots that are passing it then; rows for
    the moments at which it is too much are added until there are none, so the plan holds at every moment.
    """
    import highspy

    slots = _departures(ask, columns, horizon)
    if not slots:
        return None, None
    column, start, end = [s.column for s in slots], [s.first for s in slots], [s.last for s in slots]
    taken = ask.taken or _by_supplies(ask, columns, static)
    uses = _uses(ask, columns, slots)
    tolled: list[int] = []
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    infinite = highspy.kHighsInf
    theta = len(column)
    solver.addVars(theta + 1, np.zeros(theta + 1), np.r_[np.full(theta, infinite), 1.0])
    solver.changeColCost(theta, -1.0)
    kind_of = np.array([columns[j].kind for j in column])
    for i, kind in enumerate(ask.kinds):
        if i not in ask.steady:
            mine = np.flatnonzero(kind_of == i)
            index = np.r_[mine, theta].astype(np.int32)
            solver.addRow(
                0.0, infinite, len(index), index, np.r_[np.array(end)[mine] - np.array(start)[mine], -kind.count]
            )
    for _ in range(60):
        solver.run()
        found = np.array(solver.getSolution().col_value)
        if clock():
            return None, None
        if found[theta] < 1 - 1e-7:
            return None, _prices(ask, np.array(solver.getSolution().row_dual), tolled, float(found[theta]))
        rows = _overfull(ask, uses, found[:-1], taken)
        if not rows:
            break
        for arc, index, value, limit in rows:
            solver.addRow(-infinite, limit, len(index), index.astype(np.int32), value)
            tolled.append(arc)
    else:
        return None, None
    ways = []
    for slot, rate in zip(slots, found[:-1].tolist(), strict=True):
        if rate * (slot.last - slot.first) > TIGHT:
            ways.append(_Way(columns[slot.column], rate, slot.first, slot.last, slot.step, slot.hold))
    return _exactly(ask, ways), None


def _prices(ask: _Demand, dual: Array, tolled: Sequence[int], theta: float) -> _Static:
    """Return prices and tolls of a programme of slots: of each arc the sum over all moments."""
    kinds = len(ask.kinds)
    price, toll = np.zeros(kinds), dict[int, float]()
    moved = [i for i in range(kinds) if i not in ask.steady]
    price[moved] = np.abs(dual[: len(moved)])
    for arc, value in zip(tolled, np.abs(dual[len(moved) :]).tolist(), strict=True):
        if arc >= 0 and value > 0:
            toll[arc] = toll.get(arc, 0.0) + value
    return _Static(theta, price, toll, np.zeros(len(ask.pools)), np.zeros(kinds), np.zeros(0))


@dataclass(frozen=True)
class _Slot:
    """Departures on a way from one hour to another, that hold before one of its arcs for some hours."""

    column: int
    first: float
    last: float
    step: int = 0
    hold: float = 0.0


AFTER = 3
"""What holds until a window is over goes on at once, or so many lengths of its slot later at most."""


def _departures(ask: _Demand, columns: Sequence[_Column], horizon: float) -> list[_Slot]:
    """Return the slots of all ways; where a window shuts a way, also such that hold before it until it is over."""
    grid = _grid(ask, horizon)
    out = []
    for j, c in enumerate(columns):
        kind = ask.kinds[c.kind]
        first = kind.ready
        until = first + ask.span(c.kind, horizon)
        last = until - c.hours
        if c.kind in ask.steady or last <= first + TIGHT:
            continue
        shut = [
            (n, at, a, b)
            for n, (step, at) in enumerate(zip(c.path, _entered(kind, c.path), strict=True))
            for a, b, _ in ask.windows.get(int(kind.graph.arc[step]), ())
        ]
        cuts = np.array([t - at for _, at, a, b in shut for t in (a, b)])
        edges = np.unique(np.r_[grid, cuts].round(9))
        edges = np.r_[first, edges[(edges > first + 1e-6) & (edges < last - 1e-6)], last]
        for a, b in itertools.pairwise(edges.tolist()):
            out.append(_Slot(j, a, b))
            for n, at, s, e in shut:
                if s - TIGHT <= a + at and b + at <= e + TIGHT:
                    holds = {e - at - a + m * (b - a) for m in range(AFTER + 1)} | {e - max(s, first + at)}
                    out += [_Slot(j, a, b, n, h) for h in sorted(holds) if TIGHT < h <= until - c.hours - b]
    return out


SLOTS = 24
"""Hours of departure are divided into so many slots."""


def _grid(ask: _Demand, horizon: float) -> Array:
    """Return hours at which rates may change: even ones, finer before the last deadline, and where others end."""
    finite = ask.deadline[np.isfinite(ask.deadline) & (ask.deadline < horizon)]
    until = float(finite.max()) if len(finite) else horizon
    ends_of = [
        kind.ready + ask.span(i, horizon) - kind.search.path(kind.hours)[0]
        for i, kind in enumerate(ask.kinds)
        if ask.deadline[i] < horizon
    ]
    changes = [t for spans in ask.windows.values() for a, b, _ in spans for t in (a, b)]
    even = np.r_[np.linspace(0.0, until, SLOTS + 1), np.linspace(until, horizon, SLOTS // 2 + 1)]
    marks = [horizon - m for m in ask.marks[:SLOTS]]
    return np.unique(np.r_[even, ends_of, changes, marks, [k.ready for k in ask.kinds]].round(9))


def _exactly(ask: _Demand, ways: Sequence[_Way]) -> list[_Way]:
    """Return the ways scaled down to the vehicles of each kind."""
    brought: dict[int, float] = {}
    for w in ways:
        brought[w.column.kind] = brought.get(w.column.kind, 0.0) + w.rate * (w.last - w.first)
    return [replace(w, rate=w.rate * ask.kinds[w.column.kind].count / brought[w.column.kind]) for w in ways]


def _by_supplies(ask: _Demand, columns: Sequence[_Column], static: _Static) -> dict[int, float]:
    """Return the part of the capacity of each shared arc that supplies take."""
    out: dict[int, float] = {}
    for c, rate in zip(columns[: len(static.rates)], static.rates, strict=True):
        if c.kind in ask.steady and rate > 0:
            kind = ask.kinds[c.kind]
            for a in c.path:
                arc = int(kind.graph.arc[a])
                out[arc] = out.get(arc, 0.0) + float(rate / kind.rate[a])
    return out


@dataclass(frozen=True, eq=False)
class _Uses:
    """What slots use, sorted by shared thing: from `start` to `end` slot `slot` takes `part` of it per vehicle an hour.

    Pools follow the arcs as things of their own; a slot keeps its part of one until `back` hours after departure.
    """

    thing: Array
    slot: Array
    start: Array
    end: Array
    part: Array
    pools: Sequence[tuple[Array, Array]]
    span: tuple[Array, Array]


def _uses(ask: _Demand, columns: Sequence[_Column], slots: Sequence[_Slot]) -> _Uses:
    rows: list[tuple[int, int, float, float, float]] = []
    passed = [_entered(ask.kinds[c.kind], c.path) for c in columns]
    for number, s in enumerate(slots):
        kind, path = ask.kinds[columns[s.column].kind], columns[s.column].path
        for n, (step, at) in enumerate(zip(path, passed[s.column], strict=True)):
            if kind.rate[step] < math.inf:
                at += s.hold if n >= s.step else 0.0
                rows.append(
                    (int(kind.graph.arc[step]), number, s.first + at, s.last + at, 1.0 / float(kind.rate[step]))
                )
    rows.sort()
    table = np.array(rows, float).reshape(-1, 5)
    pools = []
    for pool in ask.pools:
        out = [float(pool.hours[c.kind][list(c.path)].sum()) for c in columns]
        kept = [out[s.column] + s.hold * pool.part[columns[s.column].kind] for s in slots]
        held = [max(columns[s.column].hours + s.hold, k) if k else 0.0 for s, k in zip(slots, kept, strict=True)]
        parts = [k / h / pool.size if h else 0.0 for k, h in zip(kept, held, strict=True)]
        pools.append((np.array(held), np.array(parts)))
    thing, number_of = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    span = np.array([s.first for s in slots]), np.array([s.last for s in slots])
    return _Uses(thing, number_of, table[:, 2], table[:, 3], table[:, 4], pools, span)


def _overfull(
    ask: _Demand, uses: _Uses, rate: Array, taken: Mapping[int, float]
) -> list[tuple[int, Array, Array, float]]:
    """Return rows for the fullest moments of what is too full: arc, slots, their parts, and what there is."""
    out = []
    busy = np.flatnonzero(rate[uses.slot] > 0)
    flow = rate[uses.slot[busy]] * uses.part[busy]
    for arc in np.unique(uses.thing[busy]).tolist():
        on = busy[uses.thing[busy] == arc]
        windows = ask.windows.get(arc, ())
        moments = np.unique(np.r_[uses.start[on], [a for a, _, _ in windows]])
        inside = (uses.start[on][None] <= moments[:, None] + 1e-9) & (moments[:, None] < uses.end[on][None] - 1e-9)
        load = inside @ flow[uses.thing[busy] == arc]
        room = np.array([min((f for a, b, f in windows if a <= t < b), default=1.0) for t in moments.tolist()])
        over = load - np.maximum(room - taken.get(int(arc), 0.0), 0.0)
        worst = np.argsort(-over)[:2]
        every = np.flatnonzero(uses.thing == arc)
        for m in worst[over[worst] > 1e-7].tolist():
            t = moments[m]
            there = every[(uses.start[every] <= t + 1e-9) & (t < uses.end[every] - 1e-9)]
            left = max(float(room[m]) - taken.get(int(arc), 0.0), 0.0)
            out.append((int(arc), uses.slot[there], uses.part[there], left))
    start, end = uses.span
    for held, part in uses.pools:
        moments = np.unique(np.r_[start, end, start + held, end + held])
        # Of what left from start to end so much is out at a moment.
        out_then = np.maximum(0.0, np.minimum(end, moments[:, None]) - np.maximum(start, moments[:, None] - held))
        load = (out_then * part) @ rate
        for m in np.argsort(-load)[:3].tolist():
            if load[m] > 1 + 1e-7:
                there = np.flatnonzero(out_then[m] * part > 0)
                out.append((-1, there, (out_then[m] * part)[there], 1.0))
    return out


# ---- the verb


def closure(
    net: Network,
    origin: str | Iterable[str] | None = None,
    destination: str | Iterable[str] | None = None,
    *,
    force: str | Path | Force | None = None,
    gap: float = 0.05,
    time_limit: float = 60.0,
    windows: Sequence[Window] = (),
    rest: str = "none",
    lead: Mapping[str, float] | None = None,
    **options: Unpack[Options],
) -> Closure:
    """Compute when the last vehicle of a force has arrived, with a plan and a bound.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str, optional
        For the elements that name no places of their own.
    force : str, Path or Force
        A shipped force, a file, or one made by hand. Left out, one vehicle of `vehicle` moves.
    gap : float
        The plan is refined while it is more than this part above the bound.
    time_limit : float
        Seconds after which plan and bound are given as they stand.
    windows : sequence of Window
        Closures and changes of capacity in hours. Vehicles may hold before one; supplies keep their ways and wait.
    rest : {"none", "march", "crew", "day"}
        Halts and rest on roads; see :data:`mobility.march.RESTS`.
    lead : mapping of str to float, optional
        Permission lead time of single states in hours, instead of the regime's.
    **options
        See :class:`mobility.arcs.Options`; `vehicle` is read only without a force.

    Returns
    -------
    Closure

    Raises
    ------
    InputError
        With every fault of force, places and options.

    Notes
    -----
    Hour 0 is the order to move; departures follow after the largest permission lead time of the states on the
    routes used. Which states to pass is part of the question: each limit on the lead time is tried.

    Examples
    --------
    >>> import mobility as mb
    >>> answer = mb.closure(mb.load(), "Durrës", "Burgas", force="fuel-convoy", modes="road")
    >>> answer.proven, 15 < answer.closure_h < 25
    (True, True)
    """
    started = time.monotonic()

    def clock() -> bool:
        return time.monotonic() - started > time_limit

    made = force_of(net, force, options)
    kinds, question = kinds_of(net, made, origin, destination, options, rest)
    shut = _windows(net, windows, kinds[0].arcs)
    leads = lead_times(net, str(options.get("permission", "none"))) | _leads(net, lead or {})
    best, bound = earliest_plan(made, kinds, shut, leads, gap, clock)
    question |= {"rest": rest, "lead": dict(lead or {})}
    question |= {"windows": [asdict(w) for w in windows], "gap": gap, "time_limit": time_limit}
    if best is None:
        stuck, seconds = _stuck(net, kinds, options), time.monotonic() - started
        return Closure(net, question, "no_route", force=made, vehicles=made.vehicles, stuck=stuck, seconds=seconds)
    return _answer(net, question, made, best, bound, started)


_Best = tuple[float, float, _Plan, _Demand]
"""Closure, lead time waited for, the plan, and what it was made for."""


def earliest_plan(
    made: Force, kinds: Sequence[Kind], shut: _Shut, lead: Mapping[str, float], gap: float, clock: Callable[[], bool]
) -> tuple[_Best | None, float]:
    """Return the best plan over all limits on the lead time of the states passed, and a bound for all of them."""
    best: _Best | None = None
    bound = math.inf
    for most in sorted({lead.get(c, 0.0) for c in kinds[0].arcs.net.countries_present} | {0.0}):
        if best is not None and most >= best[0]:
            break
        slow = _slow(kinds[0].arcs.net, lead, most)
        ask = demand_of(made, [narrowed(k, slow) for k in kinds], shut, most)
        plan = _solve(ask, gap, clock)
        if plan is None:
            continue
        bound = min(bound, most + plan.bound)
        passed = {c for w in plan.ways for c in _states(ask.kinds[w.column.kind], w.column)}
        waits = max((lead.get(c, 0.0) for c in passed), default=0.0)
        if best is None or waits + plan.horizon < best[0]:
            best = waits + plan.horizon, waits, plan, ask
    return best, bound


def force_of(net: Network, force: str | Path | Force | None, options: Mapping[str, Any]) -> Force:
    """Return the force asked for; without one it is one `vehicle`."""
    if force is None:
        carrier = find_vehicle(options.get("vehicle", "any"), net)
        return Force(carrier.name, (Element(carrier.name, 1),))
    return find_force(force, net)


_Shut = Mapping[int, Sequence[tuple[float, float, float]]]
"""By compiled arc, hours from and to, and the part of the capacity that is left."""


def _leads(net: Network, lead: Mapping[str, float]) -> dict[str, float]:
    """Return lead times by code of the state."""
    attempts = Attempts()
    out: dict[str, float] = {}
    for state, hours in lead.items():
        code = attempts.run(net.find_country, state, otherwise="")
        if not (hours >= 0 and math.isfinite(hours)):
            attempts.findings += InputError(f"the lead time of {state} is {hours} h; it must be at least 0").findings
        out[code] = float(hours)
    attempts.done()
    return out


def _windows(net: Network, windows: Sequence[Window], arcs: Arcs) -> _Shut:
    """Return the windows by compiled arc, with all links of the same structures."""
    attempts = Attempts()
    out: dict[int, list[tuple[float, float, float]]] = {}
    for w in windows:
        if not (0 <= w.start < w.end and 0 <= w.factor <= 1):
            text = f"a window from hour {w.start} to {w.end} at {w.factor} of the capacity cannot be"
            attempts.findings += InputError(f"{text}; hours must grow and the factor lie between 0 and 1").findings
        for link in net.with_assets(attempts.each(net.find_link, w.links)):
            for arc in arcs.arcs_of_link.get(net.link_index[link], ()):
                out.setdefault(arc, []).append((w.start, w.end, w.factor))
    attempts.done()
    return out


def _states(kind: Kind, way: _Column) -> Iterable[str]:
    """Return the states that a way passes."""
    for a in kind.graph.arc[list(way.path)].tolist():
        if a >= 0 and kind.arcs.kind[a] == LINK:
            yield from kind.arcs.net.link_countries[int(kind.arcs.item[a])]


def _slow(net: Network, lead: Mapping[str, float], most: float) -> Array:
    """Return the links in states whose lead time is above `most`."""
    return np.array([any(lead.get(c, 0.0) > most for c in states) for states in net.link_countries], bool)


def narrowed(kind: Kind, closed: Array) -> Kind:
    """Return a kind without some links."""
    if not closed.any():
        return kind
    shut = kind.graph.spread(kind.arcs.per_arc(closed, False), False)
    graph, _ = _only(kind.graph, kind.rate, ~shut)
    return kind_of(kind.arcs, graph, kind.element, kind.numbers, kind.count, kind.origins, kind.destinations)


def demand_of(made: Force, kinds: list[Kind], shut: _Shut, lead: float) -> _Demand:
    """Return what is solved; windows are moved to hours after the permission."""
    later = {arc: [(a - lead, b - lead, f) for a, b, f in spans if b > lead] for arc, spans in shut.items()}
    deadline = np.array([math.inf if k.element.latest_h is None else k.element.latest_h - lead for k in kinds])
    steady = {i: k.count for i, k in enumerate(kinds) if not k.numbers}
    return _Demand(kinds, deadline, _pools(made, kinds), {a: s for a, s in later.items() if s}, steady)


def part_of(pool: Pool, vehicle: Vehicle) -> tuple[str, float]:
    """Return the mode in which a vehicle takes from a stock, and how much of it; 0 where it takes nothing."""
    mode, each = {
        "wagon": ("rail", 1.0 / vehicle.per_wagon), "transporter": ("road", 1.0),
        "ship": ("sea", vehicle.lane_m / SHIP_LANE_M),
    }[pool.of]  # fmt: skip
    name = {"wagon": vehicle.wagon, "transporter": vehicle.transporter}.get(pool.of)
    return mode, each if pool.of == "ship" or (name is not None and pool.name in ("", name.name)) else 0.0


def _pools(made: Force, kinds: Sequence[Kind]) -> list[_Pool]:
    """Return the shared stocks of a force with the hours that a vehicle keeps its part of one on each arc.

    On the way it is taken there and, empty, back; at the places where it is loaded and unloaded, once.
    """
    out = []
    for pool in made.pools:
        hours, parts = [], []
        for kind in kinds:
            arcs, graph = kind.arcs, kind.graph
            mode, each = part_of(pool, kind.vehicle)
            mine = each > 0
            real = graph.arc >= 0
            link_mode = arcs.net.table("links")["mode"].to_numpy(object)
            on = np.zeros(len(graph.arc), bool)
            parts.append(each)
            if mine:
                links = real & (arcs.kind[graph.arc] == LINK)
                on[links] = link_mode[arcs.item[graph.arc[links]]] == mode
            hours.append(np.where(on, 2.0 * kind.hours * each, 0.0))
            if mine:
                handled = real & (arcs.kind[graph.arc] == TRANSFER)
                table = arcs.net.table("terminals")
                ends_of = zip(table["from_mode"].tolist(), table["to_mode"].tolist(), strict=True)
                touches = np.array([mode in pair for pair in ends_of] or [False], bool)
                handled[handled] = touches[arcs.item[graph.arc[handled]]]
                hours[-1] += np.where(handled, kind.hours * each, 0.0)
        out.append(_Pool(f"pool:{pool.name or pool.of}", float(pool.count), parts, hours))
    return out


def _stuck(net: Network, kinds: Sequence[Kind], options: Mapping[str, Any]) -> tuple[tuple[int, Block], ...]:
    """Return which limits keep the kinds that cannot move from moving."""
    out = []
    for kind in kinds:
        if len(kind.graph.tail):
            continue
        rest = {**options, "vehicle": kind.vehicle, "modes": kind.arcs.options["modes"]}
        why = explain(net, kind.origins, kind.destinations, **rest)
        blocks = why.relax or why.blocking
        out += [(n, b) for n in kind.numbers for b in blocks[:20]]
        if not blocks:
            out += [(n, Block("", "route", None, "a way in the modes asked for")) for n in kind.numbers]
    return tuple(out)


def _answer(
    net: Network, question: dict[str, Any], made: Force, best: tuple[float, float, _Plan, _Demand], bound: float,
    started: float,
) -> Closure:  # fmt: skip
    total, lead, plan, ask = best
    movements = tuple(
        sorted(_movements(made, ask, plan, lead), key=lambda m: (m.element, m.depart_h, m.travel_h, m.links))
    )
    closed: dict[int, float] = {}
    for m in movements:
        closed[m.element] = max(closed.get(m.element, 0.0), m.close_h)
    elements = tuple(
        ElementClosure(
            n,
            e.unit,
            e.vehicle,
            e.count,
            closed[n],
            e.latest_h,
            e.latest_h is not None and closed[n] > e.latest_h + 1e-6,
        )
        for n, e in enumerate(made.elements, 1)
    )
    bound = min(bound, total)
    gap = total / bound - 1 if bound > 0 else 0.0
    earliest: tuple[tuple[float, float], ...] = ()
    if plan.profile:
        ready = lead + ask.kinds[0].ready
        earliest = _curve([(ready + length, total, rate) for length, rate in plan.profile])
    return Closure(
        net, question, "ok", force=made, closure_h=total, lower_bound_h=bound, gap=gap, proven=gap <= 1e-6,
        lead_h=lead, vehicles=made.vehicles,
        arrivals=_curve([(m.arrive_h, m.close_h, m.vehicles_per_hour) for m in movements]), earliest=earliest,
        movements=movements, supplies=_supply_moves(ask, plan, lead, total),
        elements=elements, late=tuple(e.element for e in elements if e.late),
        bottlenecks=_bottlenecks(ask, plan), waits=_worth_of_waits(ask, plan), links=_link_uses(ask, plan),
        method=plan.method,
        seconds=time.monotonic() - started,
    )  # fmt: skip


def _movements(made: Force, ask: _Demand, plan: _Plan, lead: float) -> Iterable[Movement]:
    for way in plan.ways:
        kind, hours, first, last = ask.kinds[way.column.kind], way.hours, way.first, way.last
        route = make_route(kind.arcs, kind.graph.real(way.column.path))
        place = int(kind.graph.place[kind.graph.tail[way.column.path[way.step]]])
        held = str(kind.arcs.net.table("nodes")["node_id"].iat[place]) if way.hold > 0 else ""
        for number in kind.numbers:
            part = way.rate * made.elements[number - 1].count / kind.count
            yield Movement(
                element=number, vehicle=kind.vehicle.name, vehicles=part * (last - first), vehicles_per_hour=part,
                depart_h=lead + first, last_depart_h=lead + last, arrive_h=lead + first + hours,
                close_h=lead + last + hours, travel_h=hours, length_km=route.length_km,
                origin=route.nodes[0], destination=route.nodes[-1], links=route.links, nodes=route.nodes,
                modes=route.modes, countries=route.countries, hold_h=way.hold, hold_at=held,
            )  # fmt: skip


def _supply_moves(ask: _Demand, plan: _Plan, lead: float, total: float) -> tuple[Movement, ...]:
    """Return the ways of supplies from the first departure to the closure."""
    out = []
    for column, rate in plan.supplies:
        kind = ask.kinds[column.kind]
        route = make_route(kind.arcs, kind.graph.real(column.path))
        out.append(Movement(
            element=0, vehicle=kind.vehicle.name, vehicles=rate * (total - lead), vehicles_per_hour=rate,
            depart_h=lead, last_depart_h=total, arrive_h=lead + column.hours, close_h=total + column.hours,
            travel_h=column.hours, length_km=route.length_km, origin=route.nodes[0], destination=route.nodes[-1],
            links=route.links, nodes=route.nodes, modes=route.modes, countries=route.countries,
        ))  # fmt: skip
    return tuple(out)


def _curve(flows: Iterable[tuple[float, float, float]]) -> tuple[tuple[float, float], ...]:
    """Return what has arrived at every hour at which the sum of some rates changes, each from one hour to another."""
    parts = [(a, b, r) for a, b, r in flows if b > a]
    hours = sorted({0.0, *(t for a, b, _ in parts for t in (a, b))})
    return tuple((h, math.fsum(r * (min(h, b) - a) for a, b, r in parts if h > a)) for h in hours)


def _link_uses(ask: _Demand, plan: _Plan) -> tuple[LinkUse, ...]:
    """Return what the plan sends over each link, and the share of the capacity at the busiest moment."""
    spans: dict[int, list[tuple[float, float, float]]] = {}
    sent: dict[int, float] = {}
    for way in plan.ways:
        kind = ask.kinds[way.column.kind]
        for a, at in zip(way.column.path, way.entered(kind), strict=True):
            arc = int(kind.graph.arc[a])
            if arc >= 0 and kind.arcs.kind[arc] == LINK:
                spans.setdefault(arc, []).append((way.first + at, way.last + at, way.rate / float(kind.rate[a])))
                sent[arc] = sent.get(arc, 0.0) + way.rate * (way.last - way.first)
    arcs = ask.kinds[0].arcs
    ids = arcs.net.table("links")["link_id"].tolist()
    out: dict[str, LinkUse] = {}
    for arc, used in sorted(spans.items()):
        peak = max(math.fsum(u for a, b, u in used if a <= t + 1e-9 < b) for t in {a for a, _, _ in used})
        row = int(arcs.item[arc])
        use = LinkUse(ids[row], sent[arc], peak, arc == arcs.arcs_of_link[row][0])
        if use.link_id not in out or out[use.link_id].vehicles < use.vehicles:
            out[use.link_id] = use
    return tuple(out.values())


def _bottlenecks(ask: _Demand, plan: _Plan) -> tuple[Bottleneck, ...]:
    """Return what binds, with the worth of more of it: by the theorem of the envelope, toll over the slope in time."""
    static = plan.static
    if static is None:
        return ()
    slope = _slope(ask, plan)
    arcs = ask.kinds[0].arcs
    worth: dict[str, tuple[float, int]] = {}
    for arc, toll in static.toll.items():
        # More capacity is worth nothing while none of it is left.
        toll *= _left(ask.windows.get(arc, ()), plan.horizon, False)
        label = arcs.label(arc)
        worth[label] = worth.get(label, (0.0, arc))[0] + toll, arc
    out = []
    for label, (toll, arc) in worth.items():
        hours = toll / slope
        of = arcs.measure(arc)
        capacity = of.value * float(arcs.share[arc])
        if hours * 0.01 > 1e-6:
            out.append(Bottleneck(label, of.unit, capacity, hours / capacity, hours * 0.01, of.estimated))
    for pool, toll in zip(ask.pools, static.pool.tolist(), strict=True):
        if toll / slope * 0.01 > 1e-6:
            out.append(
                Bottleneck(pool.name, "in the pool", pool.size, toll / slope / pool.size, toll / slope * 0.01, False)
            )
    return tuple(sorted(out, key=lambda b: (-b.hours_per_percent, b.item)))


def _slope(ask: _Demand, plan: _Plan) -> float:
    """Return by how much the share that arrives grows with an hour more."""
    assert plan.static is not None
    rates = zip(plan.columns, plan.static.rates, strict=True)
    return max(TIGHT, math.fsum(float(plan.static.price[c.kind] * r) for c, r in rates))


def _worth_of_waits(ask: _Demand, plan: _Plan) -> tuple[Wait, ...]:
    """Return what an hour less at a border or terminal brings: the priced flow through it over the slope in time."""
    if plan.static is None:
        return ()
    slope = _slope(ask, plan)
    through: dict[str, list[float]] = {}
    for column, rate in zip(plan.columns, plan.static.rates, strict=True):
        kind = ask.kinds[column.kind]
        for a in column.path:
            arc = int(kind.graph.arc[a])
            if (
                arc >= 0
                and kind.arcs.kind[arc] in (BORDER, TRANSFER)
                and kind.arcs.item[arc] >= 0
                and kind.hours[a] > 0
            ):
                entry = through.setdefault(kind.arcs.label(arc), [float(kind.hours[a]), 0.0])
                entry[1] += float(plan.static.price[column.kind] * rate)
    found = [Wait(label, wait, flow / slope) for label, (wait, flow) in through.items() if flow / slope > 1e-6]
    return tuple(sorted(found, key=lambda w: (-w.hours_per_hour * w.wait_h, w.item)))
