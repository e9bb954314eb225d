"""Replay: a discrete-event simulation that drives the units of a movement table over the network, and what it sees.

It shares no code with the plan or the timetable: it takes units, ways and planned departures, reads times and
capacities from the tables anew, and lets units queue, first come, first served.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from mobility.closure import Closure
from mobility.errors import InputError, MobilityError
from mobility.march import REST
from mobility.movement import MovementTable, MoveUnit, movement_table
from mobility.network import Network
from mobility.vehicle import vehicle as find_vehicle

Array = np.ndarray[Any, Any]
Outage = tuple[float, float, float]
"""From one hour to another, with what is left of the capacity."""

P90 = 1.2815515655446004
"""Standard deviations from the median to what nine of ten stay under."""

SHAPES = ("lognormal", "triangular")
LEVELS = 60
"""Shares of the vehicles at which the bands of the arrival curve are given."""


@dataclass(frozen=True)
class Queue:
    """What units waited for.

    Attributes
    ----------
    item : str
        A link id, ``terminal:NODE`` or ``border:NODE``.
    unit_hours, vehicle_hours : float
        Mean over the runs of the hours that units, and vehicles, waited.
    base_hours : float
        Unit hours without randomness.
    """

    item: str
    unit_hours: float
    vehicle_hours: float
    base_hours: float


@dataclass(frozen=True)
class OnTime:
    """How likely an element is there by an hour; element 0 is all of them together.

    Attributes
    ----------
    by_h : float or None
        Latest hour of the element, or the deadline that was asked for; None where there is none.
    probability : float or None
    p50_h, p90_h : float
        Hours by which it has closed in half, and in nine of ten runs.
    """

    element: int
    name: str
    by_h: float | None
    probability: float | None
    base_h: float
    p50_h: float
    p90_h: float


@dataclass(frozen=True, repr=False)
class Replay:
    """What a simulation of a movement table saw.

    Attributes
    ----------
    closure_h : float
        Closure without randomness.
    plan_h, table_h : float
        Closure of the fluid plan, and of the table.
    p50_h, p90_h : float
        Closure that half, and nine of ten runs stay under.
    closures : tuple of float
        Closure of each run.
    on_time : tuple of OnTime
        All together first, then the elements.
    queues : tuple of Queue
        Worst first.
    bands : tuple of (vehicles, p10, p50, p90)
        Hours by which so many vehicles have arrived.
    conserved : bool
        Whether in every run each vehicle of the force arrived once.
    largest_load : float
        Largest use of anything that was passed: the headway asked for over the one kept; at most 1.
    explained : tuple of str
        Where the closure without randomness is more than 5 % from the fluid plan's: the units that make it so.
    """

    table: MovementTable = field(repr=False)
    question: Mapping[str, Any]
    closure_h: float
    plan_h: float
    table_h: float
    p50_h: float
    p90_h: float
    closures: tuple[float, ...]
    on_time: tuple[OnTime, ...]
    queues: tuple[Queue, ...]
    bands: tuple[tuple[int, float, float, float], ...]
    conserved: bool
    largest_load: float
    explained: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per element, all together first."""
        return pd.DataFrame([asdict(o) for o in self.on_time])

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        out = {
            k: getattr(self, k)
            for k in ("closure_h", "plan_h", "table_h", "p50_h", "p90_h", "conserved", "largest_load")
        }
        return out | {
            "question": dict(self.question), "on_time": [asdict(o) for o in self.on_time],
            "queues": [asdict(q) for q in self.queues], "explained": list(self.explained),
            "bands": [dict(zip(("vehicles", "p10_h", "p50_h", "p90_h"), b, strict=True)) for b in self.bands],
            "closures": list(self.closures),
        }  # fmt: skip

    def __repr__(self) -> str:
        runs = self.question["runs"]
        return f"<Replay: {self.closure_h:.1f} h, P50 {self.p50_h:.1f} h, P90 {self.p90_h:.1f} h in {runs} runs>"


# ---- the network as units meet it


@dataclass(frozen=True)
class _Step:
    """One thing to pass: its queue, the headway it asks for, the hours it takes and how they vary."""

    key: tuple[Any, ...]
    item: str
    headway: float
    hours: float
    spread: float
    sort: str


class _Roads:
    """Times and headways of one kind of vehicle, read from the tables."""

    def __init__(self, net: Network, name: str, options: Mapping[str, Any]) -> None:
        year = options.get("year")
        self.net = net = net.at(year) if year is not None else net
        self.vehicle = vehicle = find_vehicle(name, net)
        share = options.get("share", 1.0)
        self.share: Mapping[str, float] | float = share
        speed = vehicle.road_form.road_speed_kmh or math.inf
        wagon = (vehicle.wagon.max_speed_kmh if vehicle.wagon else None) or math.inf
        rest = REST[str(options.get("rest", "none"))]
        self.time = {"road": net.hours(speed) * rest, "rail": net.hours(wagon), "other": net.hours()}
        self.columns = {
            "road": net.values("capacity_veh_h").value,
            "rail": net.values("capacity_trains_day").value / 24.0,
            "other": net.values("capacity_sailings_day").value / 24.0,
        }
        self.borders: dict[tuple[str, str], list[dict[Any, Any]]] = defaultdict(list)
        for row in net.table("borders").to_dict("records"):
            self.borders[row["node_id"], row["mode"]].append(row)
        self.terminals: dict[tuple[str, frozenset[str]], list[dict[Any, Any]]] = defaultdict(list)
        for row in net.table("terminals").to_dict("records"):
            self.terminals[row["node_id"], frozenset((row["from_mode"], row["to_mode"]))].append(row)

    def part(self, mode: str) -> float:
        """Return the military share of a mode, or of terminals."""
        return float(self.share.get(mode, 1.0) if isinstance(self.share, Mapping) else self.share)

    def steps(self, unit: MoveUnit, onto: str) -> list[list[_Step]]:
        """Return what a unit passes at each of its places; `onto` is the mode it changes to at the end."""
        out, last = [], len(unit.nodes) - 1
        for i, node in enumerate(unit.nodes):
            here = []
            if i > 0 and (i < last or onto):
                here += self._border(node, unit)
            if i == last and onto:
                here += self._change(node, unit, onto)
            if i < last:
                here.append(self._link(unit.links[i], node, unit))
            out.append(here)
        return out

    def _link(self, link: str, node: str, unit: MoveUnit) -> _Step:
        row = self.net.link_index[link]
        form = unit.mode if unit.mode in ("road", "rail") else "other"
        rate = float(self.columns[form][row]) * self.part(unit.mode)
        headway = (unit.vehicles if form == "road" else 1) / rate
        return _Step(("link", link, node), link, headway, float(self.time[form][row]), 0.0, form)

    def _border(self, node: str, unit: MoveUnit) -> list[_Step]:
        rows = self.borders.get((node, unit.mode), [])
        if not rows:
            return []
        row = min(rows, key=lambda r: _number(r["wait_h"], 0.0))
        wait = _number(row["wait_h"], 0.0)
        rare = _number(row["wait_h_p90"], wait)
        # A lognormal wait with the usual wait as its median and the rare one as its ninth decile.
        spread = math.log(rare / wait) / P90 if 0 < wait < rare else 0.0
        rate = _number(row["capacity_veh_day"], math.inf) / 24.0 * self.part(unit.mode)
        return [_Step(("border", node, unit.mode), f"border:{node}", unit.vehicles / rate, wait, spread, "border")]

    def _change(self, node: str, unit: MoveUnit, onto: str) -> list[_Step]:
        row = min(self.terminals[node, frozenset((unit.mode, onto))], key=lambda r: _number(r["transfer_h"], 0.0))
        rate = _number(row["capacity_veh_day"], math.inf) / 24.0 * self.part("terminal")
        key = ("terminal", node, unit.mode, onto)
        hours = _number(row["transfer_h"], 0.0)
        return [_Step(key, f"terminal:{node}", unit.vehicles / rate, hours, 0.0, "terminal")]


def _number(value: Any, otherwise: float) -> float:
    return float(value) if value == value and value is not None else otherwise


# ---- one run


@dataclass(frozen=True)
class _Course:
    """A unit as it is driven: what it passes, when it may start, whom it waits for, and how its column trails."""

    unit: MoveUnit
    steps: list[list[_Step]]
    start: float
    trail: float
    aboard: float


@dataclass(eq=False)
class _Seen:
    """What one run saw."""

    arrivals: dict[str, float] = field(default_factory=dict)
    waits: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    vehicle_waits: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    entries: dict[tuple[Any, ...], list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True)
class _Chance:
    """What varies in a run: a factor of time by unit and step, and hours in which links have a part of their room."""

    factors: Mapping[str, Array]
    shut: Mapping[str, list[Outage]]


def _courses(table: MovementTable) -> list[_Course]:
    """Return the units with everything they pass."""
    roads: dict[str, _Roads] = {}
    onto = {part: u.mode for u in table.units for part in u.formed_of}
    out = []
    for u in table.units:
        if u.vehicle not in roads:
            roads[u.vehicle] = _Roads(table.net, u.vehicle, table.answer.question)
        road = roads[u.vehicle]
        # A column is seen by its first vehicle, and has passed when its last has; a train or ship is a point.
        trail = u.pass_h if u.mode == "road" else 0.0
        aboard = u.vehicles * road.vehicle.lane_m if u.kind == "ship" else 0.0
        out.append(_Course(u, road.steps(u, onto.get(u.unit_id, "")), max(0.0, u.depart_h - trail), trail, aboard))
    return out


def _simulate(courses: list[_Course], lanes: Mapping[str, float], chance: _Chance | None) -> _Seen:
    """Drive all units once."""
    simpy = _simpy()
    env, seen = simpy.Environment(), _Seen()
    free: dict[tuple[Any, ...], float] = {}
    sailing: dict[tuple[Any, ...], tuple[float, float]] = {}
    done = {c.unit.unit_id: env.event() for c in courses}

    def entry(step: _Step, course: _Course) -> float:
        """Return the hour at which a unit that stands before something goes in, first come, first served."""
        at = max(float(env.now), free.get(step.key, 0.0))
        if course.aboard:
            hour, room = sailing.get(step.key, (-1.0, 0.0))
            if hour >= env.now and room >= course.aboard - 1e-6:  # the ship that waits has room
                sailing[step.key] = hour, room - course.aboard
                return hour
        headway = step.headway
        for a, b, left in chance.shut.get(step.item, ()) if chance else ():
            if a <= at < b:
                at, headway = (b, headway) if left <= 0 else (at, step.headway / left)
        free[step.key] = at + headway
        seen.entries[step.key].append((at, headway))
        if course.aboard and step.sort == "other":
            sailing[step.key] = at, lanes[step.item] - course.aboard
        return at

    def drive(course: _Course) -> Iterator[Any]:
        unit = course.unit
        if unit.formed_of:
            yield env.all_of([done[p] for p in unit.formed_of])
        else:
            yield env.timeout(course.start)
        factors = chance.factors[unit.unit_id].tolist() if chance else None
        n = 0
        for here in course.steps:
            for step in here:
                at = entry(step, course)
                if at > env.now:
                    seen.waits[step.item] += at - env.now
                    seen.vehicle_waits[step.item] += (at - env.now) * unit.vehicles
                hours = step.hours * factors[n] if factors else step.hours
                n += 1
                yield env.timeout(at - env.now + hours)
        yield env.timeout(course.trail)
        seen.arrivals[unit.unit_id] = env.now
        done[unit.unit_id].succeed()

    for course in courses:
        env.process(drive(course))
    env.run()
    return seen


def _simpy() -> Any:
    try:
        import simpy
    except ImportError:
        raise MobilityError('a replay needs SimPy, which is not installed: pip install "mobility[sim]"') from None
    return simpy


# ---- many runs


def _draw(
    courses: list[_Course], rng: Any, net: Network, delay: float, shape: str, waits: bool, failures: bool,
    repair_h: float, horizon: float,
) -> _Chance:  # fmt: skip
    """Return the chances of one run; the same generator gives the same ones."""
    factors = {}
    for c in courses:
        steps = [s for here in c.steps for s in here]
        spread = np.array([s.spread if waits else 0.0 for s in steps])
        border = np.array([s.sort == "border" for s in steps], bool)
        if shape == "lognormal":
            run = np.exp(delay * rng.standard_normal(len(steps)))
        else:
            run = rng.triangular(1 - min(1.0, delay), 1.0, 1 + 2 * delay, len(steps)) if delay else np.ones(len(steps))
        at_border = np.exp(spread * rng.standard_normal(len(steps)))
        factors[c.unit.unit_id] = np.where(border, at_border, run)
    shut: dict[str, list[Outage]] = {}
    if failures:
        chance = net.values("fail_probability").value
        draws, starts = rng.random(len(chance)), rng.random(len(chance)) * horizon
        repairs = rng.exponential(repair_h, len(chance))
        ids = net.table("links")["link_id"].tolist()
        struck: set[str] = set()
        for row in np.flatnonzero(draws < np.nan_to_num(chance)).tolist():
            if ids[row] in struck:
                continue  # a structure is drawn once, by the first of its links
            for link in net.with_assets([ids[row]]):
                struck.add(link)
                shut.setdefault(link, []).append((float(starts[row]), float(starts[row] + repairs[row]), 0.0))
    return _Chance(factors, shut)


def replay(
    plan: Closure | MovementTable,
    *,
    runs: int = 200,
    seed: int = 1,
    delay: float = 0.15,
    shape: str = "lognormal",
    waits: bool = True,
    failures: bool = False,
    repair_h: float = 24.0,
    deadline_h: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Replay:
    """Simulate a movement table unit by unit, once without randomness and `runs` times with it.

    Parameters
    ----------
    plan : Closure or MovementTable
        A closure is put into a table first.
    runs : int
        Random runs.
    seed : int
        The same seed gives the same answer.
    delay : float
        How running and transfer times vary, each unit on each link by itself. ``lognormal``: standard deviation of
        the logarithm of a factor with median 1. ``triangular``: a factor from ``1 - delay`` over 1 to ``1 + 2 delay``.
    shape : {"lognormal", "triangular"}
    waits : bool
        Whether border waits vary between ``wait_h``, their median, and ``wait_h_p90``, their ninth decile.
    failures : bool
        Whether links fail by ``fail_probability``, with all of their structure, from an hour that is as likely as any
        other within the plan's closure, for an exponential time with mean `repair_h`. Units wait, they do not turn.
    deadline_h : float, optional
        Hour by which everything should be there, for elements without a latest hour of their own.
    progress : callable, optional
        Called with runs done and runs in all.

    Returns
    -------
    Replay

    Raises
    ------
    InputError
        When a number cannot be.
    MobilityError
        When SimPy is not installed.

    Notes
    -----
    A unit enters a link when the one before has been in it for the headway: its vehicles by the vehicles an hour of a
    road, a day by the trains or sailings a day. Borders and ramps keep headways in the same way. A march unit is seen
    by its first vehicle and has closed when its last has passed. Units leave at their planned hour, or, behind a
    change of mode, when all their vehicles are there.

    Examples
    --------
    >>> import mobility as mb
    >>> plan = mb.closure(mb.load(), "Durrës", "Burgas", force="fuel-convoy", modes="road")
    >>> seen = replay(plan, runs=20)
    >>> seen.conserved, seen.largest_load <= 1 + 1e-9, seen.p50_h <= seen.p90_h
    (True, True, True)
    """
    numbers = {"delay": delay, "repair_h": repair_h, "deadline_h": deadline_h or 0.0}
    wrong = [f"{k} is {v}; it must be a number, at least 0" for k, v in numbers.items() if not 0 <= v < math.inf]
    if not 1 <= runs <= 1_000_000:
        wrong.append(f"runs is {runs}; it must be at least 1 and at most a million")
    if shape not in SHAPES:
        wrong.append(f"shape is {shape!r}; it must be {' or '.join(SHAPES)}")
    if wrong:
        raise InputError("; ".join(wrong))
    _simpy()
    table = plan if isinstance(plan, MovementTable) else movement_table(plan)
    courses = _courses(table)
    links = table.net.table("links")["link_id"].tolist()
    lanes = dict(zip(links, table.net.values("ship_lane_m").value.tolist(), strict=True))
    planned = _windows(table)
    base = _simulate(courses, lanes, _steady(courses, planned) if planned else None)
    all_runs = []
    for n in range(runs):
        rng = np.random.default_rng([seed, n])
        chance = _draw(courses, rng, table.net, delay, shape, waits, failures, repair_h, table.plan_h)
        shut = {k: sorted([*chance.shut.get(k, ()), *planned.get(k, ())]) for k in {*chance.shut, *planned}}
        all_runs.append(_simulate(courses, lanes, replace(chance, shut=shut)))
        if progress is not None:
            progress(n + 1, runs)
    question = {
        "runs": runs, "seed": seed, "delay": delay, "shape": shape, "waits": waits, "failures": failures,
        "repair_h": repair_h, "deadline_h": deadline_h,
    }  # fmt: skip
    return _result(table, question, base, all_runs)


def _windows(table: MovementTable) -> dict[str, list[Outage]]:
    """Return the hours in which the plan itself takes links to have less room."""
    out: dict[str, list[Outage]] = {}
    for w in table.answer.question.get("windows", ()):
        for link in table.net.with_assets(w["links"]):
            out.setdefault(link, []).append((w["start"], w["end"], w["factor"]))
    return out


def _steady(courses: list[_Course], shut: Mapping[str, list[Outage]]) -> _Chance:
    return _Chance({c.unit.unit_id: np.ones(sum(map(len, c.steps))) for c in courses}, shut)


# ---- what was seen


def _result(table: MovementTable, question: Mapping[str, Any], base: _Seen, runs: list[_Seen]) -> Replay:
    final = [u for u in table.units if u.final]
    ids, vehicles = [u.unit_id for u in final], np.array([u.vehicles for u in final])
    hours = np.array([[r.arrivals.get(i, math.inf) for i in ids] for r in runs])
    closures = hours.max(axis=1)
    closed = max(base.arrivals[i] for i in ids)
    return Replay(
        table, question, closure_h=closed, plan_h=table.plan_h, table_h=table.closure_h,
        p50_h=float(np.quantile(closures, 0.5)), p90_h=float(np.quantile(closures, 0.9)),
        closures=tuple(closures.tolist()), on_time=_on_time(table, question, final, hours, base),
        queues=_queues(base, runs), bands=_bands(hours, vehicles),
        conserved=all(_conserved(table, r) for r in (base, *runs)),
        largest_load=max(_largest_load(r) for r in (base, *runs)), explained=_explained(table, base, closed),
    )  # fmt: skip


def _on_time(
    table: MovementTable, question: Mapping[str, Any], final: list[MoveUnit], hours: Array, base: _Seen
) -> tuple[OnTime, ...]:
    """Return how likely each element, and all of them, are there in time."""
    made, deadline = table.answer.force, question["deadline_h"]
    assert made is not None
    number = np.array([u.element for u in final])
    out, in_time, asked = [], np.ones(len(hours), bool), []
    for n, e in enumerate(made.elements, 1):
        mine = hours[:, number == n].max(axis=1)
        by = e.latest_h if e.latest_h is not None else deadline
        before = max(base.arrivals[u.unit_id] for u in final if u.element == n)
        if by is not None:
            asked.append(by)
            in_time &= mine <= by + 1e-9
        chance = None if by is None else float((mine <= by + 1e-9).mean())
        p50, p90 = (float(x) for x in np.quantile(mine, (0.5, 0.9)))
        out.append(OnTime(n, e.unit or e.vehicle, by, chance, before, p50, p90))
    p50, p90 = (float(x) for x in np.quantile(hours.max(axis=1), (0.5, 0.9)))
    whole = float(in_time.mean()) if asked else None
    closed = max(base.arrivals[u.unit_id] for u in final)
    return OnTime(0, "all", max(asked, default=None), whole, closed, p50, p90), *out


def _queues(base: _Seen, runs: list[_Seen]) -> tuple[Queue, ...]:
    items = {k for r in (base, *runs) for k in r.waits}
    found = [
        Queue(
            k, math.fsum(r.waits.get(k, 0.0) for r in runs) / len(runs),
            math.fsum(r.vehicle_waits.get(k, 0.0) for r in runs) / len(runs), base.waits.get(k, 0.0),
        )
        for k in items
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda q: (-q.vehicle_hours, q.item)))


def _bands(hours: Array, vehicles: Array) -> tuple[tuple[int, float, float, float], ...]:
    """Return the hours by which shares of the vehicles had arrived in 10, 50 and 90 of a hundred runs."""
    total = int(vehicles.sum())
    levels = np.unique(np.ceil(np.linspace(total / LEVELS, total, LEVELS)).astype(int))
    order = np.argsort(hours, axis=1)
    count = np.cumsum(vehicles[order], axis=1)
    sorted_hours = np.take_along_axis(hours, order, axis=1)
    when = np.array([h[np.searchsorted(c, levels)] for h, c in zip(sorted_hours, count, strict=True)])
    low, middle, high = np.quantile(when, (0.1, 0.5, 0.9), axis=0)
    rows = zip(levels.tolist(), low.tolist(), middle.tolist(), high.tolist(), strict=True)
    return tuple(rows)


def _conserved(table: MovementTable, run: _Seen) -> bool:
    """Return whether every unit arrived and the vehicles of each element are as many as the force has."""
    made = table.answer.force
    assert made is not None
    arrived: dict[int, int] = defaultdict(int)
    for u in table.units:
        if u.unit_id not in run.arrivals:
            return False
        if u.final:
            arrived[u.element] += u.vehicles
    return all(arrived[n] == e.count for n, e in enumerate(made.elements, 1))


def _largest_load(run: _Seen) -> float:
    """Return the largest ratio of the headway asked for to the hours that passed until the next entry."""
    worst = 0.0
    for entries in run.entries.values():
        for (a, headway), (b, _) in pairwise(sorted(entries)):
            if headway > 0:
                worst = max(worst, headway / (b - a) if b > a else math.inf)
    return worst


def _explained(table: MovementTable, base: _Seen, closed: float) -> tuple[str, ...]:
    """Return what makes the closure differ by more than 5 % from the plan's."""
    if abs(closed - table.plan_h) <= 0.05 * table.plan_h:
        return ()
    out = [f"{text}: {h:+.1f} h" for text, h in table.reasons[:6]]
    late = [u for u in table.units if u.final and base.arrivals[u.unit_id] > 1.05 * table.plan_h]
    for u in sorted(late, key=lambda u: -base.arrivals[u.unit_id])[:12]:
        at = base.arrivals[u.unit_id]
        out.append(f"{u.kind} {u.unit_id} ({u.vehicles} {u.vehicle}): arrives at {at:.1f} h, waits {u.wait_h:.1f} h")
    return tuple(out)
