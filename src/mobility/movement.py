"""The movement table: a plan in whole march units, trains and ships, each with its hours at every place.

The fluid plan of :mod:`mobility.closure` says how many vehicles an hour go which way. Here they become units that
keep a headway on everything they pass, so that nothing is asked to carry more than its capacity.
"""

from __future__ import annotations

import heapq
import json
import math
from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from mobility.arcs import BORDER, LINK, TRANSFER, Arcs, compile_arcs
from mobility.closure import Closure, Movement, part_of, rested
from mobility.errors import InputError
from mobility.force import Force
from mobility.march import MARCH_UNIT, REST, rests
from mobility.network import Network, beside, spare
from mobility.vehicle import MODES, Vehicle
from mobility.vehicle import vehicle as find_vehicle

Kind = Literal["march unit", "train", "ship"]
KINDS: Mapping[str, Kind] = {"road": "march unit", "rail": "train", "sea": "ship", "waterway": "ship"}
"""What vehicles move as in each mode."""

TIGHT = 1e-9
TURNS = 30
"""How often a unit is moved to another way at most."""

WRITTEN = (".csv", ".xlsx", ".json")


@dataclass(frozen=True)
class Stop:
    """A unit at a place.

    Attributes
    ----------
    what : {"origin", "waypoint", "border", "terminal", "destination"}
    arrive_h, depart_h : float
        Of its last vehicle, in hours after the order; at the origin it arrives when it is ready.
    wait_h : float
        Part of the stay in which it waits for room ahead, border waits and transfers apart.
    link : str
        By which it goes on; empty where it ends.
    km : float
        From where the unit was formed.
    """

    node: str
    what: str
    arrive_h: float
    depart_h: float
    wait_h: float
    link: str
    km: float


@dataclass(frozen=True)
class Halt:
    """Where a march unit halts or rests on a road.

    Attributes
    ----------
    what : {"halt", "rest"}
    node : str
        The last place that it has passed.
    link : str
        On which it stands; empty for what it still owes where it ends.
    start_h, hours : float
        Of its last vehicle.
    km : float
        From where the unit was formed.
    """

    what: str
    node: str
    link: str
    start_h: float
    hours: float
    km: float


@dataclass(frozen=True)
class MoveUnit:
    """A march unit, a train or a ship's load: vehicles of one element that move together in one mode.

    Attributes
    ----------
    element : int
        Number of the element in the force, from 1.
    way : int
        Number of the way in the table, from 1.
    stops : tuple of Stop
    pass_h : float
        Hours from its first to its last vehicle at the narrowest link; a train or ship moves as one, and this is the
        slot in which its path or berth lies.
    formed_of : tuple of str
        Units of the mode before whose vehicles it takes on.
    halts : tuple of Halt
        As the plan's `rest` asks; together the hours by which the plan stretches those of driving.
    """

    unit_id: str
    element: int
    name: str
    vehicle: str
    kind: Kind
    mode: str
    vehicles: int
    way: int
    stops: tuple[Stop, ...]
    pass_h: float
    formed_of: tuple[str, ...] = ()
    halts: tuple[Halt, ...] = ()

    @property
    def origin(self) -> str:
        """Where it is formed."""
        return self.stops[0].node

    @property
    def destination(self) -> str:
        """Where it ends, or changes to the next mode."""
        return self.stops[-1].node

    @property
    def final(self) -> bool:
        """Whether it ends where its vehicles were to go."""
        return self.stops[-1].what == "destination"

    @property
    def depart_h(self) -> float:
        """Hour at which the last vehicle has left."""
        return self.stops[0].depart_h

    @property
    def start_h(self) -> float:
        """Hour at which the first vehicle leaves."""
        return self.depart_h - (self.pass_h if self.mode == "road" else 0.0)

    @property
    def arrive_h(self) -> float:
        """Hour at which the last vehicle has arrived, and at a terminal has been transferred."""
        return self.stops[-1].depart_h

    @property
    def wait_h(self) -> float:
        """Hours spent waiting for room ahead."""
        return math.fsum(s.wait_h for s in self.stops)

    @property
    def links(self) -> tuple[str, ...]:
        """Links in order."""
        return tuple(s.link for s in self.stops if s.link)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Places in order."""
        return tuple(s.node for s in self.stops)


@dataclass(frozen=True, repr=False)
class MovementTable:
    """A movement in whole units.

    Attributes
    ----------
    answer : Closure
        The fluid plan that it follows.
    units : tuple of MoveUnit
        In order of departure.
    start : datetime or None
        Hour 0.
    closure_h : float
        Hour at which the last vehicle has arrived.
    reasons : tuple of (str, float)
        What makes it later than the fluid plan, in hours along the chain of units that closes last; they add up.
    supplies : tuple of MoveUnit
        Convoys, trains and ships of the daily supplies, element 0, as long as the force moves.
    """

    answer: Closure = field(repr=False)
    units: tuple[MoveUnit, ...]
    start: datetime | None
    closure_h: float
    reasons: tuple[tuple[str, float], ...]
    supplies: tuple[MoveUnit, ...] = ()

    @property
    def net(self) -> Network:
        """The network it runs on."""
        return self.answer.net

    @property
    def plan_h(self) -> float:
        """Closure of the fluid plan."""
        return float(self.answer.closure_h or 0.0)

    @property
    def lower_bound_h(self) -> float:
        """Bound of the fluid plan."""
        return float(self.answer.lower_bound_h or 0.0)

    @cached_property
    def closures(self) -> dict[int, float]:
        """Hour at which each element has closed, by its number."""
        out: dict[int, float] = {}
        for u in self.units:
            if u.final:
                out[u.element] = max(out.get(u.element, 0.0), u.arrive_h)
        return out

    @property
    def late(self) -> tuple[int, ...]:
        """Numbers of the elements that arrive after their latest hour."""
        latest = {e.element: e.latest_h for e in self.answer.elements}
        return tuple(n for n, h in self.closures.items() if (by := latest[n]) is not None and h > by + 1e-6)

    @cached_property
    def ways(self) -> dict[int, tuple[str, ...]]:
        """Links of each way, by its number."""
        out: dict[int, tuple[str, ...]] = {}
        parts: dict[int, list[MoveUnit]] = {}
        for u in self.units:
            parts.setdefault(u.way, []).append(u)
        for way, units in sorted(parts.items()):
            at = next(u for u in units if not u.formed_of)
            chain: list[str] = []
            while True:
                chain += at.links
                after = next((u for u in units if at.unit_id in u.formed_of), None)
                if after is None:
                    break
                at = after
            out[way] = tuple(chain)
        return out

    def date(self, hour: float) -> str:
        """Return an hour as a date to the minute; empty without a start."""
        if self.start is None:
            return ""
        at = self.start + timedelta(minutes=round(hour * 60))
        return at.isoformat(sep=" ", timespec="minutes")

    def to_frame(self, of: Literal["stops", "units", "supplies"] = "stops") -> pd.DataFrame:
        """Return one row per unit and place, or one row per unit, of the force or of its supplies.

        Raises
        ------
        InputError
            When `of` is none of these.
        """
        if of not in ("stops", "units", "supplies"):
            raise InputError(f"of is {of!r}; it must be stops or units or supplies")
        units = self.supplies if of == "supplies" else self.units
        return pd.DataFrame(list(self._stop_rows() if of == "stops" else self._unit_rows(units)))

    def _unit_rows(self, units: Sequence[MoveUnit]) -> Iterator[dict[str, Any]]:
        for u in units:
            yield {
                "unit_id": u.unit_id, "element": u.element, "name": u.name, "vehicle": u.vehicle, "kind": u.kind,
                "mode": u.mode, "vehicles": u.vehicles, "way": u.way, "origin": u.origin,
                "destination": u.destination, "from": self.net.name(u.origin), "to": self.net.name(u.destination),
                "start_h": round(u.start_h, 4), "depart_h": round(u.depart_h, 4),
                "arrive_h": round(u.arrive_h, 4), "pass_h": round(u.pass_h, 4), "wait_h": round(u.wait_h, 4),
                "length_km": round(u.stops[-1].km, 1), "formed_of": ";".join(u.formed_of), "links": ";".join(u.links),
                **({"depart": self.date(u.depart_h), "arrive": self.date(u.arrive_h)} if self.start else {}),
            }  # fmt: skip

    def _stop_rows(self) -> Iterator[dict[str, Any]]:
        for u in self.units:
            rows: list[Stop] = []
            for s in u.stops:
                here = [h for h in u.halts if (h.node, h.link) == (s.node, s.link)]
                held = [Stop(h.node, h.what, h.start_h, h.start_h + h.hours, 0.0, h.link, h.km) for h in here]
                rows += [s, *held]
            for n, s in enumerate(rows, 1):
                yield {
                    "unit_id": u.unit_id, "element": u.element, "name": u.name, "vehicle": u.vehicle, "kind": u.kind,
                    "vehicles": u.vehicles, "stop": n, "node_id": s.node, "place": self.net.name(s.node),
                    "what": s.what, "arrive_h": round(s.arrive_h, 4), "depart_h": round(s.depart_h, 4),
                    "wait_h": round(s.wait_h, 4), "mode": u.mode, "link_id": s.link, "km": round(s.km, 1),
                    **({"arrive": self.date(s.arrive_h), "depart": self.date(s.depart_h)} if self.start else {}),
                }  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return the table as JSON holds it."""
        return {
            "closure_h": self.closure_h, "plan_h": self.plan_h, "lower_bound_h": self.lower_bound_h,
            "difference_h": self.closure_h - self.plan_h,
            "reasons": [{"reason": text, "hours": h} for text, h in self.reasons],
            "start": self.start.isoformat() if self.start else None,
            "vehicles": sum(u.vehicles for u in self.units if u.final), "late": list(self.late),
            "elements": [{"element": n, "closure_h": h} for n, h in sorted(self.closures.items())],
            "units": [asdict(u) for u in self.units], "supplies": [asdict(u) for u in self.supplies],
        }  # fmt: skip

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the table; the suffix decides the form.

        Parameters
        ----------
        path : str or Path
            ``.csv``: one row per unit and place, and one row per unit in ``NAME.units.csv`` beside it; ``.xlsx``:
            both as sheets, and supplies if there are any; ``.json``: everything.
        overwrite : bool
            Whether files that exist may be replaced.

        Raises
        ------
        InputError
            For another suffix, or a file that exists.
        """
        target = Path(path)
        kind = target.suffix.casefold()
        if kind not in WRITTEN:
            raise InputError(f"a movement table is written as {', '.join(WRITTEN)}, not {target.name!r}")
        aside = target.with_suffix(f".units{target.suffix}")
        for file in (target, aside) if kind == ".csv" else (target,):
            spare(file, overwrite)
        with ExitStack() as files:
            made = files.enter_context(beside(target))
            if kind == ".json":
                text = json.dumps(self.to_dict(), ensure_ascii=False, indent=2, allow_nan=False)
                made.write_text(text + "\n", encoding="utf-8")
            elif kind == ".xlsx":
                self._save_sheets(made)
            else:
                self.to_frame().to_csv(made, index=False, lineterminator="\n")
                self.to_frame("units").to_csv(files.enter_context(beside(aside)), index=False, lineterminator="\n")
        return target

    def _save_sheets(self, file: Path) -> None:
        from pyogrio import write_dataframe

        for n, sheet in enumerate(("units", "stops", "supplies") if self.supplies else ("units", "stops")):
            frame = self.to_frame(sheet)  # type: ignore[arg-type]
            write_dataframe(frame, file, driver="XLSX", layer=sheet, append=n > 0)

    def plot(self, kind: str = "gantt", *, path: str | Path | None = None, **options: Any) -> Any:
        """Draw the table; see :func:`mobility.charts.plot`."""
        from mobility.charts import plot

        return plot(self, kind, path=path, **options)

    def __repr__(self) -> str:
        kinds = ", ".join(f"{n} {k}{'' if n == 1 else 's'}" for k, n in self.counts.items())
        return f"<MovementTable: {kinds}; closed after {self.closure_h:.1f} h>"

    def _repr_html_(self) -> str:
        from mobility.pages import as_html, told

        return as_html(told(self))

    @property
    def counts(self) -> dict[str, int]:
        """Number of units of each kind."""
        out: dict[str, int] = {}
        for u in self.units:
            out[u.kind] = out.get(u.kind, 0) + 1
        return out


# ---- what a unit passes, one after the other


@dataclass(frozen=True)
class _Leg:
    """A link, a border or a change of mode: `slot` is how long a unit of so many vehicles takes its room up."""

    key: tuple[Any, ...]
    item: str
    hours: float
    km: float
    slot: Callable[[int], float]


@dataclass(frozen=True)
class _Stage:
    """The part of a way in one mode, place by place: what is passed there before the link that leads on, and it."""

    mode: str
    size: int
    nodes: tuple[str, ...]
    here: tuple[tuple[_Leg, ...], ...]
    ahead: tuple[_Leg, ...]

    @property
    def hours(self) -> float:
        """Return the hours that it takes without waiting for room."""
        return math.fsum(leg.hours for leg in (*self.ahead, *(x for here in self.here for x in here)))

    def narrowest(self, vehicles: int) -> float:
        """Return the longest that a unit takes up any link."""
        return max(leg.slot(vehicles) for leg in self.ahead)

    def slowest(self, vehicles: int) -> float:
        """Return the longest that a unit takes up anything: so long after its first vehicle may its last be through."""
        return max([self.narrowest(vehicles), *(leg.slot(vehicles) for here in self.here for leg in here)])

    def ramp(self, vehicles: int) -> float:
        """Return how long a unit takes up the ramp at its end."""
        return self.here[-1][-1].slot(vehicles)


class _Rooms:
    """Times and capacities for one kind of vehicle."""

    def __init__(self, net: Network, vehicle: Vehicle, options: Mapping[str, Any], made: Force | None) -> None:
        # No unit is larger than a stock that carries it.
        parts = [(pool.count, *part_of(pool, vehicle)) for pool in (made.pools if made is not None else ())]
        self.most = {mode: max(1, int(count / each + TIGHT)) for count, mode, each in parts if each > 0}
        asked = {k: options[k] for k in ("year", "share", "trains") if k in options}
        arcs = compile_arcs(net, vehicle=vehicle, **asked)
        self.arcs: Arcs = rested(arcs, str(options.get("rest", "none")))
        self.net, self.vehicle = net, vehicle
        self.mode = net.table("links")["mode"].to_numpy(object)
        self.lanes = net.values("ship_lane_m").value
        self.links: dict[tuple[int, int], int] = {}
        self.borders: dict[tuple[int, str], int] = {}
        self.changes: dict[tuple[int, str, str], int] = {}
        arcs = self.arcs
        terminals, borders = net.table("terminals"), net.table("borders")
        for a in range(len(arcs.tail)):
            row, place = int(arcs.item[a]), int(arcs.place[arcs.tail[a]])
            if arcs.kind[a] == LINK:
                self.links[row, place] = a
            elif arcs.kind[a] == BORDER and row >= 0:
                self._keep(self.borders, (place, str(borders["mode"].iat[row])), a)
            elif arcs.kind[a] == TRANSFER:
                pair = str(terminals["from_mode"].iat[row]), str(terminals["to_mode"].iat[row])
                onto = next(m for m in pair if arcs.starts[place, MODES.index(m)] == arcs.head[a])
                self._keep(self.changes, (place, pair[pair[0] == onto], onto), a)

    def _keep(self, known: dict[Any, int], key: Any, arc: int) -> None:
        """Of several rows the quickest counts, as in the plan."""
        if key not in known or self.arcs.time_h[arc] < self.arcs.time_h[known[key]]:
            known[key] = arc

    def _size(self, mode: str, row: int) -> int:
        """Return the most vehicles of a unit on a link."""
        return MARCH_UNIT if mode == "road" else int(self.arcs.on_train[row]) if mode == "rail" else self.aboard(row)

    def aboard(self, row: int) -> int:
        """Return how many vehicles go on a ship of a link."""
        return int(self.lanes[row] / self.vehicle.lane_m + 1e-9)

    def leg(self, arc: int, onto: str = "") -> _Leg:
        """Return what passing an arc means for a unit."""
        arcs, row = self.arcs, int(self.arcs.item[arc])
        rate, kind = float(arcs.capacity[arc]) / 24.0, int(arcs.kind[arc])
        whole = 0
        if kind == LINK:
            mode = self.mode[row]
            whole = 0 if mode == "road" else int(arcs.on_train[row]) if mode == "rail" else self.aboard(row)

        def slot(vehicles: int) -> float:
            # A train or ship takes a path or sailing whether it is full or not.
            return (whole or vehicles) / rate

        at = int(arcs.place[arcs.tail[arc]])
        # A border is shared by both directions, everything else has its capacity in each.
        key = (kind, row) if kind == BORDER else (kind, row, at, onto)
        return _Leg(key, arcs.label(arc), float(arcs.time_h[arc]), float(arcs.length_km[arc]), slot)

    def stages(self, movement: Movement) -> list[_Stage]:
        """Return a way cut where the mode changes."""
        rows = [self.net.link_index[x] for x in movement.links]
        places = [self.net.node_index[x] for x in movement.nodes]
        out, first = [], 0
        for last in range(1, len(rows) + 1):
            if last < len(rows) and self.mode[rows[last]] == self.mode[rows[first]]:
                continue
            mode, ahead, here = str(self.mode[rows[first]]), [], []
            for i in range(first, last):
                here.append(self._passed(places[i], mode) if i > first else ())
                ahead.append(self.leg(self.links[rows[i], places[i]]))
            end: tuple[_Leg, ...] = ()
            if last < len(rows):
                onto = str(self.mode[rows[last]])
                change = self.leg(self.changes[places[last], mode, onto], onto)
                end = (*self._passed(places[last], mode), change)
            # What is put together stays together, so the shortest train on the way is the size of all.
            size = min([self._size(mode, r) for r in rows[first:last]] + [self.most.get(mode, 1 << 30)])
            out.append(_Stage(mode, size, movement.nodes[first : last + 1], (*here, end), tuple(ahead)))
            first = last
        return out

    def _passed(self, place: int, mode: str) -> tuple[_Leg, ...]:
        arc = self.borders.get((place, mode))
        return () if arc is None else (self.leg(arc),)


# ---- whole vehicles


def allot(count: int, amounts: Sequence[float], sizes: Sequence[int]) -> list[int]:
    """Return how many whole vehicles go each way: full units first, what is left by the largest remainder.

    Examples
    --------
    87 tanks, 16 to a train: four trains and a bit one way, one and a half another, little by a third.

    >>> allot(87, [66.0, 18.6, 2.4], [16, 16, 16])
    [64, 23, 0]
    """
    out = [int(v / u + 1e-6) * u for v, u in zip(amounts, sizes, strict=True)]
    rest = [max(0.0, v - n) / u for v, n, u in zip(amounts, out, sizes, strict=True)]
    for i in sorted(range(len(out)), key=lambda i: -out[i]):  # rounding of the amounts must not make vehicles
        out[i] -= max(0, min(out[i], sum(out) - count))
    order = sorted(range(len(out)), key=lambda i: (-rest[i], i))
    turn = 0
    while (left := count - sum(out)) > 0:
        i = order[turn % len(order)]
        out[i] += min(left, sizes[i])
        turn += 1
    return out


def _parts(count: int, size: int, even: bool) -> list[int]:
    """Return a count in units of at most `size`: of about the same size, or full ones and a rest."""
    if even:
        units = math.ceil(count / size)
        return [count // units + (i < count % units) for i in range(units)]
    return [min(size, count - at) for at in range(0, count, size)]


@dataclass(eq=False)
class _Flow:
    """The vehicles of an element on one way, and when the plan lets how many of them go."""

    element: int
    vehicle: Vehicle
    stages: list[_Stage]
    spans: list[tuple[float, float, float]]
    ready: float
    amount: float
    count: int = 0
    way: int = 0

    @property
    def size(self) -> int:
        """Return the size of the units that should be full: of the trains where there are some."""
        return min([s.size for s in self.stages if s.mode == "rail"] or [s.size for s in self.stages])

    def hour(self, share: float) -> float:
        """Return the hour at which the plan has sent a share of the vehicles off."""
        left = share * self.amount
        for first, last, rate in self.spans:
            part = rate * (last - first)
            if left <= part * (1 + 1e-9):
                return first + left / rate
            left -= part
        return self.spans[-1][1]


def _flows(answer: Closure) -> list[_Flow]:
    """Return the flows of a plan with their whole vehicles."""
    made, net = answer.force, answer.net
    assert made is not None
    rooms: dict[str, _Rooms] = {}
    groups: dict[tuple[int, tuple[str, ...]], list[Movement]] = {}
    for m in answer.movements:
        groups.setdefault((m.element, m.links), []).append(m)
    flows: dict[int, list[_Flow]] = {}
    for (number, _), moves in groups.items():
        element = made.elements[number - 1]
        vehicle = find_vehicle(element.vehicle, net)
        if vehicle.name not in rooms:
            rooms[vehicle.name] = _Rooms(net, vehicle, answer.question, made)
        spans = sorted((m.depart_h, m.last_depart_h, m.vehicles_per_hour) for m in moves)
        flow = _Flow(
            number, vehicle, rooms[vehicle.name].stages(moves[0]), [s for s in spans if s[1] > s[0]],
            answer.lead_h + element.ready_h, math.fsum(m.vehicles for m in moves),
        )  # fmt: skip
        if flow.spans:
            flows.setdefault(number, []).append(flow)
    for number, mine in flows.items():
        counts = allot(made.elements[number - 1].count, [f.amount for f in mine], [f.size for f in mine])
        for flow, count in zip(mine, counts, strict=True):
            flow.count = count
    convoys = [c for m in answer.supplies for c in _convoys(answer, m, rooms)]
    return [f for mine in flows.values() for f in mine] + convoys


def _convoys(answer: Closure, supply: Movement, rooms: dict[str, _Rooms]) -> list[_Flow]:
    """Return the supplies of one way as convoys: full units, but one a day at least."""
    vehicle, rate = find_vehicle(supply.vehicle, answer.net), supply.vehicles_per_hour
    if vehicle.name not in rooms:
        rooms[vehicle.name] = _Rooms(answer.net, vehicle, answer.question, answer.force)
    stages = rooms[vehicle.name].stages(supply)
    count = min(*(s.size for s in stages), max(1, math.ceil(24.0 * rate - TIGHT)))
    every = count / rate
    convoys = math.ceil((supply.last_depart_h - supply.depart_h) / every - TIGHT)
    starts = [supply.depart_h + n * every for n in range(convoys)]
    return [_Flow(0, vehicle, stages, [(t - every, t, rate)], t, float(count), count) for t in starts]


# ---- room ahead


class Calendar:
    """When something is taken up: no two units at once, none in a window in which it is shut.

    Parameters
    ----------
    windows : iterable of (start, end, factor)
        Hours in which less of the capacity is there.

    Examples
    --------
    Two units that take 2 hours each and are both ready at hour 3; what is taken up are the hours before.

    >>> road = Calendar()
    >>> road.book(3, 2), road.book(3, 2), road.book(1, 1)
    (3, 5, 1)
    """

    def __init__(self, windows: Iterable[tuple[float, float, float]] = ()) -> None:
        self.ends: list[float] = []
        self.taken: list[tuple[float, float]] = []
        spans = list(windows)
        times = sorted({t for a, b, _ in spans for t in (a, b)})
        self.pieces = [
            (a, b, min(left))
            for a, b in pairwise(times)
            if (left := [f for s, e, f in spans if s <= a and b <= e])
        ]  # fmt: skip

    def _until(self, start: float, slot: float) -> tuple[float, float]:
        """Return the first hours from `start` on, in one piece, that have room for a slot."""
        at, left = start, slot
        for a, b, factor in self.pieces:
            if b <= at:
                continue
            if left <= a - at:
                break
            left -= max(0.0, a - at)
            at = max(a, at)
            if factor <= 0:
                start, at, left = b, b, slot
            elif left <= (b - at) * factor:
                return start, at + left / factor
            else:
                left -= (b - at) * factor
                at = b
        return start, at + left

    def _since(self, end: float, slot: float) -> float:
        """Return from when on a slot that ends at an hour takes room, or the end of what shuts it before."""
        at, left = end, slot
        for a, b, factor in reversed(self.pieces):
            if a >= at:
                continue
            if left <= at - b:
                break
            left -= max(0.0, at - b)
            at = min(b, at)
            if factor <= 0:
                return b
            if left <= (at - a) * factor:
                return at - left / factor
            left -= (at - a) * factor
            at = a
        return at - left

    def find(self, ready: float, slot: float) -> tuple[float, float]:
        """Return the first hours with room for a slot that do not end before `ready`."""
        start, end = self._until(self._since(ready, slot), slot)
        n = bisect_right(self.ends, start + TIGHT)
        while n < len(self.taken) and self.taken[n][0] < end - TIGHT:
            start, end = self._until(self.taken[n][1], slot)
            n += 1
        return start, max(end, ready)

    def book(self, ready: float, slot: float) -> float:
        """Take the first room there is and return its end."""
        start, end = self.find(ready, slot)
        if slot > 0:
            insort(self.ends, end)
            insort(self.taken, (start, end))
        return end


class Stock:
    """A shared stock of wagons, transporters or ships: what is out of it, and until when.

    Examples
    --------
    Ten wagons, of which six are out until hour 8 and four until hour 5:

    >>> wagons = Stock(10)
    >>> wagons.take(0, 8, 6); wagons.take(1, 5, 4)
    >>> wagons.first(2, 3), wagons.first(2, 5), wagons.first(9, 10)
    (5, 8, 9)
    """

    def __init__(self, size: float) -> None:
        self.size = size
        self.out: list[tuple[float, float, float]] = []

    def first(self, ready: float, amount: float) -> float:
        """Return the first hour, from which so much is there for good: for however long it is out."""
        changes = sorted([*((a, n) for a, _, n in self.out), *((b, -n) for _, b, n in self.out)], reverse=True)
        free = -math.inf
        level = 0.0
        for hour, change in changes:  # from the last hour down: what is out just before it
            level -= change
            if level > self.size - amount + TIGHT:
                free = hour
                break
        return max(ready, free)

    def take(self, start: float, end: float, amount: float) -> None:
        """Take some out for some hours."""
        self.out.append((start, end, amount))


class _Board:
    """The calendars of everything that units pass, the room on ships that sail already, and the stocks."""

    def __init__(self, answer: Closure) -> None:
        net = answer.net
        made = answer.force
        self.stocks = [(pool, Stock(pool.count)) for pool in (made.pools if made is not None else ())]
        self.lanes = net.values("ship_lane_m").value
        self.mode = net.table("links")["mode"].tolist()
        self.rest = str(answer.question.get("rest", "none"))
        self.windows: dict[int, list[tuple[float, float, float]]] = {}
        for w in answer.question.get("windows", ()):
            for link in net.with_assets(w["links"]):
                self.windows.setdefault(net.link_index[link], []).append((w["start"], w["end"], w["factor"]))
        self.calendars: dict[tuple[Any, ...], Calendar] = {}
        self.sailings: dict[tuple[Any, ...], dict[float, float]] = defaultdict(dict)

    def stocks_for(self, unit: _Draft) -> list[tuple[Stock, float]]:
        """Return what a unit takes of which stocks in its stage."""
        stage, out = unit.flow.stages[unit.stage], []
        for pool, stock in self.stocks:
            mode, each = part_of(pool, unit.flow.vehicle)
            if each > 0 and mode == stage.mode:
                whole = math.ceil(unit.vehicles * each - TIGHT) if pool.of == "wagon" else unit.vehicles * each
                out.append((stock, min(whole, stock.size)))
        return out

    def pass_(self, leg: _Leg, ready: float, vehicles: int, lane_m: float) -> float:
        """Return the hour at which a unit that is ready passes, and take the room up."""
        kind, row = leg.key[0], leg.key[1]
        calendar = self.calendars.get(leg.key)
        if calendar is None:
            windows = self.windows.get(row, ()) if kind == LINK else ()
            calendar = self.calendars[leg.key] = Calendar(windows)
        if kind != LINK or self.mode[row] not in ("sea", "waterway"):
            return calendar.book(ready, leg.slot(vehicles))
        need, sails = vehicles * lane_m, self.sailings[leg.key]
        _, new = calendar.find(ready, leg.slot(vehicles))
        old = min((h for h, left in sails.items() if h >= ready - TIGHT and left >= need - TIGHT), default=math.inf)
        if old <= new:
            sails[old] -= need
            return max(old, ready)
        hour = calendar.book(ready, leg.slot(vehicles))
        sails[hour] = float(self.lanes[row]) - need
        return hour


# ---- the schedule


@dataclass(eq=False)
class _Draft:
    """A unit that is being scheduled: vehicles `first` to `last` of its flow, in one stage."""

    flow: _Flow
    stage: int
    first: int
    last: int
    planned: float = 0.0
    waiting: int = 0
    ready: float = 0.0
    first_in: float = math.inf
    before: list[_Draft] = field(default_factory=list)
    after: list[_Draft] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    halts: list[Halt] = field(default_factory=list)
    pass_h: float = 0.0

    @property
    def vehicles(self) -> int:
        return self.last - self.first

    @property
    def done(self) -> float:
        return self.stops[-1].depart_h

    @property
    def loading(self) -> float:
        """Return the hours in which it is loaded where the mode has changed."""
        return self.flow.stages[self.stage - 1].here[-1][-1].hours if self.stage else 0.0


def _drafts(flow: _Flow) -> list[_Draft]:
    """Return the units of a flow in all modes of its way, linked by the vehicles they hand over."""
    out: list[_Draft] = []
    earlier: list[_Draft] = []
    for number, stage in enumerate(flow.stages if flow.count else ()):
        at, here = 0, []
        for size in _parts(flow.count, stage.size, stage.mode == "road"):
            here.append(_Draft(flow, number, at, at + size))
            at += size
        for unit in here:
            unit.before = [u for u in earlier if u.first < unit.last and unit.first < u.last]
            unit.waiting = len(unit.before)
            for u in unit.before:
                u.after.append(unit)
            if not earlier:
                slot = stage.slowest(unit.vehicles)
                unit.planned = flow.hour(unit.first / flow.count) + slot
                if stage.mode == "road":
                    unit.planned = max(unit.planned, flow.hour(unit.last / flow.count))
                unit.ready = flow.ready
        out += here
        earlier = here
    return out


def _run(unit: _Draft, board: _Board) -> None:
    """Take a unit from where it is formed to where it ends, waiting before what is taken up.

    On roads it drives for what the plan has stretched, and halts and rests where it falls due; what it has not rested
    by the end for its last hours it rests there, so that it takes the hours of the plan in all.
    """
    stage, vehicles = unit.flow.stages[unit.stage], unit.vehicles
    lane_m = unit.flow.vehicle.lane_m
    unit.pass_h = stage.narrowest(vehicles)
    arrived, at, km = unit.ready, max(unit.ready, unit.planned), 0.0
    rest = board.rest if stage.mode == "road" else "none"
    driven, owed = 0.0, 0.0
    taken = board.stocks_for(unit)
    start = max([at, *(stock.first(at - unit.loading, part) + unit.loading for stock, part in taken)])
    late, at = start - at, start
    for i, node in enumerate(stage.nodes):
        waited = 0.0
        if i == len(stage.ahead) and owed > 1e-9:
            unit.halts.append(Halt("rest", node, "", at, owed, km))
            at += owed
        for leg in stage.here[i]:
            turn = board.pass_(leg, at, vehicles, lane_m)
            waited += turn - at
            at = turn + leg.hours
        link = ""
        if i < len(stage.ahead):
            leg = stage.ahead[i]
            turn = board.pass_(leg, at, vehicles, lane_m)
            waited, at, link = waited + turn - at, turn, leg.item
        if i == 0:
            waited += late
        unit.stops.append(Stop(node, _role(unit, i), arrived, at, waited, link, km))
        if link:
            hours = leg.hours / REST[rest]
            for after, still, what in rests(rest, driven, driven + hours):
                where = km + leg.km * (after - driven) / hours
                unit.halts.append(Halt(what, node, link, at + after - driven, still, where))
                at, owed = at + still, owed - still
            driven, owed = driven + hours, owed + leg.hours - hours
            at, km = at + hours, km + leg.km
            arrived = at

    # What carried it comes back empty, as long as it was on its links.
    back = unit.done + math.fsum(leg.hours for leg in stage.ahead)
    for stock, part in taken:
        stock.take(start - unit.loading, back, part)


def _role(unit: _Draft, i: int) -> str:
    """Return what a place is to a unit."""
    stage = unit.flow.stages[unit.stage]
    if i == 0:
        return "terminal" if unit.stage else "origin"
    if i == len(stage.nodes) - 1:
        return "destination" if unit.stage == len(unit.flow.stages) - 1 else "terminal"
    return "border" if stage.here[i] else "waypoint"


def _schedule(flows: Sequence[_Flow], board: _Board, ahead: float) -> list[_Draft]:
    """Schedule units one by one; each takes the first room it finds.

    They come in the order in which they can go, those with a long way so much sooner as `ahead` says: 0 for not at
    all, 1 for in the order in which they have to go.
    """
    drafts = [unit for flow in flows for unit in _drafts(flow)]
    turn = {id(u): n for n, u in enumerate(drafts)}

    def key(u: _Draft) -> float:
        return u.planned - ahead * math.fsum(s.hours for s in u.flow.stages[u.stage :])

    queue = [(key(u), turn[id(u)], u) for u in drafts if not u.before]
    heapq.heapify(queue)
    while queue:
        _, _, unit = heapq.heappop(queue)
        _run(unit, board)
        for u in unit.after:
            u.waiting -= 1
            u.ready = max(u.ready, unit.done)
            u.first_in = min(u.first_in, unit.done - unit.flow.stages[unit.stage].ramp(unit.vehicles))
            if not u.waiting:
                # Its last vehicle cannot follow its first faster than what is ahead lets them.
                u.planned = max(u.ready, u.first_in + u.flow.stages[u.stage].slowest(u.vehicles))
                heapq.heappush(queue, (key(u), turn[id(u)], u))
    return drafts


def _merit(drafts: Sequence[_Draft], answer: Closure) -> tuple[float, float, float]:
    """Return what a schedule is judged by: hours late over all elements, closure, and their sum over elements."""
    closed: dict[int, float] = {}
    for u in drafts:
        if u.flow.element:  # supplies close nothing
            closed[u.flow.element] = max(closed.get(u.flow.element, 0.0), u.done)
    latest = {e.element: e.latest_h for e in answer.elements}
    late = math.fsum(max(0.0, h - by) for n, h in closed.items() if (by := latest[n]) is not None)
    return late, max(closed.values()), math.fsum(closed.values())


def _best_schedule(flows: Sequence[_Flow], answer: Closure) -> list[_Draft]:
    """Return a schedule in which moving the last unit of an element to another of its ways would not help.

    Rounding to whole units shifts the load of the ways; this puts right what it did worst.
    """

    def tried(ahead: float) -> tuple[tuple[float, float, float], float, list[_Draft]]:
        drafts = _schedule(flows, _Board(answer), ahead)
        return _merit(drafts, answer), ahead, drafts

    best = min((tried(ahead) for ahead in (0.0, 0.5, 1.0)), key=lambda t: t[:2])
    for _ in range(TURNS):
        worst = max((u for u in best[2] if u.flow.element), key=lambda u: u.done).flow
        step = min(worst.count, worst.count % worst.size or worst.size)
        for other in [f for f in flows if f.element == worst.element and f is not worst]:
            worst.count, other.count = worst.count - step, other.count + step
            moved = min((tried(ahead) for ahead in (0.0, 0.5, 1.0)), key=lambda t: t[:2])
            if moved[0] < best[0]:
                best = moved
                break
            worst.count, other.count = worst.count + step, other.count - step
        else:
            break
    return best[2]


def _named(drafts: Sequence[_Draft], answer: Closure) -> list[MoveUnit]:
    """Return the units with their names, in order of departure."""
    made = answer.force
    assert made is not None
    order = sorted(drafts, key=lambda u: (u.stops[0].depart_h, u.flow.element, u.flow.way, u.stage, u.first))
    numbers: dict[tuple[int, str], int] = defaultdict(int)
    ids: dict[int, str] = {}
    for u in order:
        letter = KINDS[u.flow.stages[u.stage].mode][0].upper()
        numbers[u.flow.element, letter] += 1
        ids[id(u)] = f"{u.flow.element:02d}{letter}{numbers[u.flow.element, letter]:03d}"
    out = []
    for u in order:
        element, mode = made.elements[u.flow.element - 1], u.flow.stages[u.stage].mode
        name = (element.unit or element.vehicle) if u.flow.element else "supplies"
        out.append(MoveUnit(
            ids[id(u)], u.flow.element, name, u.flow.vehicle.name, KINDS[mode], mode,
            u.vehicles, u.flow.way, tuple(u.stops), u.pass_h, tuple(ids[id(b)] for b in u.before), tuple(u.halts),
        ))  # fmt: skip
    return out


def _reasons(drafts: Sequence[_Draft], answer: Closure) -> tuple[tuple[str, float], ...]:
    """Return the hours by which the unit that closes last, with those it was formed of, is behind the fluid plan."""
    ends = (u for u in drafts if u.flow.element and u.stage == len(u.flow.stages) - 1)
    last = max(ends, key=lambda u: u.done)
    net, plan = answer.net, float(answer.closure_h or 0.0)
    waits: dict[str, float] = defaultdict(float)
    unit = last
    while True:
        for s in unit.stops:
            waits[s.node] += s.wait_h
        if not unit.before:
            break
        unit = max(unit.before, key=lambda u: u.done)
    found = [(f"waits for room at {net.name(n)}", h) for n, h in waits.items() if h > 1e-6]
    rest = last.done - plan - math.fsum(h for _, h in found)
    if abs(rest) > 1e-6:
        found.append(("whole units instead of a steady flow, and their slots", rest))
    return tuple(sorted(found, key=lambda r: -abs(r[1])))


def start_of(start: str | datetime | None) -> datetime | None:
    """Return hour 0 as a date.

    Raises
    ------
    InputError
        When it cannot be read as one.
    """
    if start is None or isinstance(start, datetime):
        return start
    try:
        return datetime.fromisoformat(start)
    except ValueError:
        raise InputError(f"the start is {start!r}; write a date as 2026-12-01T06:00") from None


def movement_table(answer: Closure, *, start: str | datetime | None = None) -> MovementTable:
    """Turn a closure plan into whole march units, trains and ships with their hours at every place.

    Parameters
    ----------
    answer : Closure
        What :func:`mobility.closure.closure` has answered.
    start : str or datetime, optional
        Hour 0, as ``2026-12-01T06:00``; then the table has dates as well.

    Returns
    -------
    MovementTable

    Raises
    ------
    InputError
        When nothing moves, or the start is no date.

    Notes
    -----
    Vehicles go the ways of the plan in whole units: at most 25 to a march unit, a train of one kind of vehicle, what
    fits on a ship. A march unit does not leave before the plan has sent off its last vehicle, a train or ship not
    before its first and a slot. Everything that a unit passes it takes up for a while: a road, border or terminal for
    vehicles by vehicles an hour, a railway or sea lane for the hours between two trains or sailings; a sailing takes
    units of several elements. All hours are those of the last vehicle of
    a unit. Units take the first room there
    is, in the order in which they can go, and wait at the place before; as long as it helps, the last unit of all is
    moved to another way of the plan. Ships, trains and march units are formed
    anew where the mode changes. Wagons, transporters and ships of a stock are out from when they are loaded until
    they are back empty, and no unit starts without its own. Supplies go in convoys, trains and ships of their own on
    the ways of the plan, one a day at least, and take up what they pass like all others.

    Examples
    --------
    >>> import mobility as mb
    >>> plan = mb.closure(mb.load(), "Durrës", "Burgas", force="fuel-convoy", modes="road")
    >>> table = movement_table(plan, start="2026-12-01T06:00")
    >>> sum(u.vehicles for u in table.units) == plan.vehicles, table.closure_h >= plan.lower_bound_h
    (True, True)
    """
    hour0 = start_of(start)
    if answer.closure_h is None:
        raise InputError("there is no movement to put into a table: a part of the force cannot move")
    flows = _flows(answer)
    drafts = _best_schedule(flows, answer)
    known: dict[tuple[str, ...], int] = {}
    for flow in (f for f in flows if f.count):
        way = tuple(leg.item for stage in flow.stages for leg in stage.ahead)
        flow.way = known.setdefault(way, len(known) + 1)
    every = _named(drafts, answer)
    units = tuple(u for u in every if u.element)
    closure = max(u.arrive_h for u in units if u.final)
    supplies = tuple(u for u in every if not u.element)
    return MovementTable(answer, units, hour0, closure, _reasons(drafts, answer), supplies)
