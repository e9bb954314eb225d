"""What outages, assumptions, ports and permissions do to closure: how much later, which loss hurts most, and so on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Unpack, cast

import numpy as np
import pandas as pd

from mobility.arcs import LINK, Options, Unit, breakable, lead_times, units
from mobility.closure import Closure, Window, closure, earliest_plan, force_of, kinds_of, narrowed
from mobility.errors import InputError
from mobility.force import Force
from mobility.network import Network
from mobility.paths import Answer, ends


@dataclass(frozen=True)
class LateUnit:
    """A unit that is out, and what that does to closure.

    Attributes
    ----------
    units, links : tuple of str
    status : {"ok", "cut"}
        ``cut`` when a part of the force cannot move at all any more.
    closure_h, lower_bound_h, delay_h : float or None
        None for a cut.
    """

    units: tuple[str, ...]
    links: tuple[str, ...]
    status: str
    closure_h: float | None
    lower_bound_h: float | None
    delay_h: float | None


@dataclass(frozen=True, repr=False)
class Setback(Answer):
    """What it costs in closure when something is out.

    Attributes
    ----------
    base_h, base_bound_h : float or None
        Closure with everything there.
    outages : tuple of LateUnit
        Those that set the plan back, worst first; of all others the plan as it stands makes nothing late.
    asked : int
        Units that were looked at.
    exact : bool
        Whether every closure is the quickest there is, as for one kind of vehicle.
    """

    force: Force | None = None
    base_h: float | None = None
    base_bound_h: float | None = None
    outages: tuple[LateUnit, ...] = ()
    asked: int = 0
    exact: bool = False
    complete: bool = True
    """Whether all units were looked at in the time given."""
    worst: tuple[LateUnit, ...] = ()
    """The worst of one unit, of up to two, and so on to `k`; fewer where nothing sets the plan back."""

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        if self.base_h is None:
            return "no closure"
        cut = sum(o.status == "cut" for o in self.outages)
        return f"closure {self.base_h:.1f} h; {len(self.outages)} of {self.asked} outages set it back, {cut} cut"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per outage."""
        rows = [{**asdict(o), "units": ";".join(o.units), "links": ";".join(o.links)} for o in self.outages]
        return pd.DataFrame(rows, columns=list(LateUnit.__dataclass_fields__))

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "base": {"closure_h": self.base_h, "lower_bound_h": self.base_bound_h},
            "outages": [asdict(o) for o in self.outages], "asked": self.asked, "exact": self.exact,
            "complete": self.complete, "worst": [asdict(o) for o in self.worst],
            "force": self.force.name if self.force else None, "question": dict(self.question),
        }  # fmt: skip


def setback(
    net: Network,
    origin: str | Iterable[str] | None = None,
    destination: str | Iterable[str] | None = None,
    *,
    force: str | Path | Force,
    of: str = "links",
    k: int = 1,
    spare: Iterable[str] = (),
    gap: float = math.inf,
    time_limit: float = 120.0,
    **options: Unpack[Options],
) -> Setback:
    """Take units out, and say by how much the force closes later.

    Parameters
    ----------
    net, origin, destination, force, **options
        As :func:`mobility.closure`.
    gap : float
        As there; by default every plan is the one of steady rates, so that they compare.
    of : {"links", "nodes", "groups", "countries"}
        What goes out; see :func:`mobility.arcs.units`.
    k : int
        How many at once. With 1 every unit is asked; with more, the sets that can be worst.
    spare : iterable of str
        Units that do not go out.
    time_limit : float
        Seconds; when they do not do, `complete` is False.

    Returns
    -------
    Setback

    Notes
    -----
    The plan stands when nothing that it uses is out, so only units that it uses are asked again; for pairs and more
    only sets whose first is used by the plan, whose second is used by the plan without the first, and so on. For one
    kind of vehicle between two sets of places the closures are exact; for more they lie within their bounds.

    Examples
    --------
    >>> import mobility as mb
    >>> answer = mb.setback(mb.load(), "Durrës", "Burgas", force="fuel-convoy", modes="road")
    >>> all(o.status == "cut" or o.delay_h > 0 for o in answer.outages)
    True
    """
    if k < 1:
        raise InputError(f"k is {k}; it must be at least 1")
    end = time.monotonic() + time_limit

    def clock() -> bool:
        return time.monotonic() > end

    made = force_of(net, force, options)
    kinds, question = kinds_of(net, made, origin, destination, options)
    question |= {"of": of, "k": k}
    lead = lead_times(net, str(options.get("permission", "none")))
    sides = [side for kind in kinds for side in (kind.origins, kind.destinations)]
    usable = np.any([kind.arcs.link_open for kind in kinds], axis=0)
    safe = set(spare)
    every = [u for u in breakable(units(net, of), of, *sides) if usable[list(u.rows)].any() and u.id not in safe]
    ids = net.table("links")["link_id"]
    solved: dict[frozenset[int], tuple[float, float, frozenset[int]] | None] = {}

    def ask(out: frozenset[int]) -> tuple[float, float, frozenset[int]] | None:
        """Return closure, bound and the link rows that the plan uses, without some rows."""
        if out not in solved:
            closed = np.zeros(len(ids), bool)
            closed[list(out)] = True
            best, bound = earliest_plan(made, [narrowed(kind, closed) for kind in kinds], {}, lead, gap, clock)
            if best is None:
                solved[out] = None
            else:
                used = {
                    int(kind.arcs.item[a])
                    for w in best[2].ways
                    for kind in [best[3].kinds[w.column.kind]]
                    for a in kind.graph.real(w.column.path)
                    if kind.arcs.kind[a] == LINK
                }
                solved[out] = best[0], bound, frozenset(used)
        return solved[out]

    base = ask(frozenset())
    if base is None:
        return Setback(net, question, "no_route", made, asked=len(every))
    found: dict[frozenset[str], LateUnit] = {}
    complete = _explore(
        every,
        ask,
        base,
        k,
        clock,
        lambda chosen, rows, answer: found.setdefault(
            frozenset(u.id for u in chosen), _late(chosen, [str(ids.iat[r]) for r in sorted(rows)], answer, base[0])
        ),
    )
    late = [o for o in found.values() if o.status == "cut" or (o.delay_h or 0.0) > 1e-6 * base[0]]
    late.sort(key=lambda o: (o.status != "cut", -(o.delay_h or 0.0), o.links))
    single = len(kinds) == 1
    deep = tuple(o for o in late if len(o.units) == k or o.status == "cut")
    worst = [next((o for o in late if len(o.units) <= n), None) for n in range(1, k + 1)]
    return Setback(
        net, question, "ok", made, base[0], base[1], deep, len(every), single, complete, tuple(o for o in worst if o)
    )


_Solved = tuple[float, float, frozenset[int]] | None


def _explore(
    every: Sequence[Unit], ask: Callable[[frozenset[int]], _Solved], base: tuple[float, float, frozenset[int]], k: int,
    clock: Callable[[], bool], note: Callable[[Sequence[Unit], frozenset[int], _Solved], Any],
) -> bool:  # fmt: skip
    """Take out what the plan in force uses, one after the other to a depth of `k`; tell whether that was all."""
    complete = True
    todo: list[tuple[tuple[Unit, ...], frozenset[int]]] = [((), frozenset())]
    seen: set[frozenset[str]] = set()
    while todo:
        chosen, rows = todo.pop(0)
        plan = ask(rows)
        if plan is None:
            continue  # nothing moves any more; more out makes it no worse
        for unit in every:
            if unit in chosen or not plan[2].intersection(unit.rows):
                continue
            more = (*chosen, unit)
            key = frozenset(u.id for u in more)
            if key in seen:
                continue
            if clock():
                return False
            seen.add(key)
            out = rows | frozenset(unit.rows)
            note(more, out, ask(out))
            if len(more) < k:
                todo.append((more, out))
    return complete


def _late(chosen: Sequence[Unit], links: Sequence[str], answer: _Solved, base: float) -> LateUnit:
    ids = tuple(u.id for u in chosen)
    if answer is None:
        return LateUnit(ids, tuple(links), "cut", None, None, None)
    return LateUnit(ids, tuple(links), "ok", answer[0], answer[1], answer[0] - base)


# ---- which assumption matters most


@dataclass(frozen=True)
class Factor:
    """An assumption that is scaled: `low` and `high` are factors, closures and bounds what comes of them."""

    name: str
    what: str
    low: float
    high: float
    closure_low_h: float | None
    closure_high_h: float | None
    swing_h: float | None


@dataclass(frozen=True, repr=False)
class Sensitivity(Answer):
    """How closure answers to the assumptions, the one that matters most first."""

    force: Force | None = None
    base_h: float | None = None
    factors: tuple[Factor, ...] = ()

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        if self.base_h is None or not self.factors:
            return "no closure"
        return f"closure {self.base_h:.1f} h; most sensitive to {self.factors[0].what}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per factor."""
        return pd.DataFrame([asdict(f) for f in self.factors], columns=list(Factor.__dataclass_fields__))

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "base_h": self.base_h, "factors": [asdict(f) for f in self.factors],
            "force": self.force.name if self.force else None, "question": dict(self.question),
        }  # fmt: skip


SCALES: Mapping[str, tuple[str, str, Sequence[str], str, float, float]] = {
    "road-capacity": ("road capacity or its military share", "links", ("capacity_veh_h",), "road", 0.5, 1.5),
    "rail-capacity": ("trains a day or their military share", "links", ("capacity_trains_day",), "rail", 0.5, 1.5),
    "sea-capacity": ("sailings a day", "links", ("capacity_sailings_day",), "sea", 0.5, 1.5),
    "road-speed": ("speed on roads", "links", ("speed_kmh",), "road", 0.8, 1.2),
    "rail-speed": ("speed of freight trains", "links", ("speed_kmh",), "rail", 0.7, 1.3),
    "sea-speed": ("speed of ships", "links", ("speed_kmh",), "sea", 0.8, 1.2),
    "border-wait": ("waits at borders and locks", "borders", ("wait_h",), "", 0.3, 3.0),
    "transfer-time": ("time to change the mode", "terminals", ("transfer_h",), "", 0.5, 2.0),
    "terminal-capacity": ("capacity of terminals", "terminals", ("capacity_veh_day",), "", 0.5, 1.5),
}
"""By factor: words, table, columns, mode, and the spread of estimates of low confidence (the ranges of the schema)."""


def scaled(net: Network, name: str, factor: float) -> Network:
    """Return the network with one assumption of :data:`SCALES` multiplied.

    A default is written out first, and a speed that changes takes the stated time of its link along.

    Examples
    --------
    >>> import mobility as mb
    >>> net = mb.load()
    >>> slow = scaled(net, "border-wait", 2.0)
    >>> float(slow.table("borders").wait_h.sum() / net.table("borders").wait_h.sum())
    2.0
    """
    _, table, columns, mode, *_ = SCALES[name]
    frame = net.table(table).copy()
    on = (frame["mode"] == mode).to_numpy() if mode else np.ones(len(frame), bool)
    for column in columns:
        value = net.values(column).value.copy() if table == "links" else frame[column].to_numpy(float, copy=True)
        value[on] *= factor
        frame[column] = np.where(on, value, frame[column].to_numpy(float))
        if column == "speed_kmh":
            frame["time_h"] = np.where(on, frame["time_h"].to_numpy(float) / factor, frame["time_h"].to_numpy(float))
    return net._replace(**{table: frame})


def sensitivity(
    net: Network,
    origin: str | Iterable[str] | None = None,
    destination: str | Iterable[str] | None = None,
    *,
    force: str | Path | Force,
    factors: Iterable[str] = tuple(SCALES),
    gap: float = 0.02,
    time_limit: float = 30.0,
    windows: Sequence[Window] = (),
    **options: Unpack[Options],
) -> Sensitivity:
    """Scale one assumption after the other, and compute closure again.

    Parameters
    ----------
    net, origin, destination, force, gap, time_limit, windows, **options
        As :func:`mobility.closure`; the limit is for each closure.
    factors : iterable of str
        Names in :data:`SCALES`.

    Returns
    -------
    Sensitivity

    Examples
    --------
    >>> import mobility as mb
    >>> ask = dict(force="fuel-convoy", modes="road", factors=["road-speed"])
    >>> answer = mb.sensitivity(mb.load(), "Durrës", "Burgas", **ask)
    >>> answer.factors[0].closure_low_h > answer.base_h > answer.factors[0].closure_high_h
    True
    """
    wanted = list(factors)
    unknown = [f for f in wanted if f not in SCALES]
    if unknown:
        raise InputError(f"no factor is called {', '.join(unknown)}; known: {', '.join(SCALES)}")
    made = force_of(net, force, options)

    def ask(changed: Network) -> Closure:
        return closure(
            changed, origin, destination, force=made, gap=gap, time_limit=time_limit, windows=windows, **options
        )

    base = ask(net)
    rows = []
    for name in wanted:
        words, table, *_, low, high = SCALES[name]
        if net.table(table).empty:
            continue
        at = [ask(scaled(net, name, f)).closure_h for f in (low, high)]
        known = [h for h in at if h is not None]
        swing = max(known) - min(known) if len(known) == 2 else None
        rows.append(Factor(name, words, low, high, at[0], at[1], swing))
    rows.sort(key=lambda f: -math.inf if f.swing_h is None else -f.swing_h)
    return Sensitivity(net, base.question, base.status, made, base.closure_h, tuple(rows))


# ---- which port, which permission


@dataclass(frozen=True)
class Entry:
    """A port or another origin, or a permission regime, and the closure that comes of it.

    Attributes
    ----------
    name : str
        Id of the place, or the regime.
    closure_h, lower_bound_h : float or None
        With it alone; None when a part of the force cannot move.
    lead_h : float or None
        Permission lead time in that.
    share : float or None
        Of an origin: part of the vehicles that start there when all are open.
    without_h, without_bound_h : float or None
        Of an origin: closure with all others; None when a part cannot move without it.
    adds_h : float or None
        Of an origin: hours that it saves the others; of a regime: hours that it takes more than none.
    """

    name: str
    closure_h: float | None
    lower_bound_h: float | None
    lead_h: float | None
    share: float | None = None
    without_h: float | None = None
    without_bound_h: float | None = None
    adds_h: float | None = None


@dataclass(frozen=True, repr=False)
class Entries(Answer):
    """Origins, or permission regimes, by the closure of a force, the earliest first.

    Attributes
    ----------
    by : {"origin", "permission"}
    closure_h, lower_bound_h : float or None
        With all origins open; of regimes, with no lead time.
    entries : tuple of Entry
    """

    force: Force | None = None
    by: str = "origin"
    closure_h: float | None = None
    lower_bound_h: float | None = None
    entries: tuple[Entry, ...] = ()

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        if not self.entries or self.entries[0].closure_h is None:
            return "no closure"
        first = self.entries[0]
        name = self.net.name(first.name) if first.name in self.net.node_index else first.name
        return f"earliest {name}, {first.closure_h:.1f} h"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per origin or regime."""
        return pd.DataFrame([asdict(e) for e in self.entries], columns=list(Entry.__dataclass_fields__))

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "by": self.by, "closure_h": self.closure_h, "lower_bound_h": self.lower_bound_h,
            "entries": [asdict(e) for e in self.entries], "force": self.force.name if self.force else None,
            "question": dict(self.question),
        }  # fmt: skip


def entries(
    net: Network,
    origin: str | Iterable[str],
    destination: str | Iterable[str],
    *,
    force: str | Path | Force,
    by: str = "origin",
    gap: float = 0.02,
    time_limit: float = 30.0,
    windows: Sequence[Window] = (),
    rest: str = "none",
    lead: Mapping[str, float] | None = None,
    **options: Unpack[Options],
) -> Entries:
    """Compare origins, as ports of entry, or permission regimes by the closure of a force.

    Parameters
    ----------
    net, origin, destination, force, gap, time_limit, windows, rest, lead, **options
        As :func:`mobility.closure`; the limit is for each closure.
    by : {"origin", "permission"}
        Each origin alone, and all others without it; or all under each regime that the network knows.

    Returns
    -------
    Entries

    Raises
    ------
    InputError
        With every fault of the question.

    Notes
    -----
    Elements of the force with an origin of their own keep it. Closures are plans with a bound, so of several kinds of
    vehicle a difference smaller than the gap between them says nothing.

    Examples
    --------
    >>> import mobility as mb
    >>> ask = dict(force="fuel-convoy", modes="road")
    >>> answer = mb.entries(mb.load(), ["Durrës", "Bar"], "Sofia", **ask)
    >>> [answer.net.name(e.name) for e in answer.entries], answer.closure_h <= answer.entries[0].closure_h
    (['Durrës', 'Bar'], True)
    """
    if by not in ("origin", "permission"):
        raise InputError(f"by is {by!r}; it must be origin or permission")
    made = force_of(net, force, options)
    places, towards = ends(net, origin, destination)

    def ask(start: Sequence[str], **more: Any) -> Closure:
        asked = cast("Options", {**options, **more})
        return closure(
            net, start, towards, force=made, gap=gap, time_limit=time_limit, windows=windows, rest=rest, lead=lead,
            **asked,
        )  # fmt: skip

    if by == "permission":
        base = ask(places, permission="none")
        known = dict.fromkeys(["none", *net.table("permissions")["regime"].tolist()])
        if not net.table("countries").empty:
            known.setdefault("status-quo")
        found = [(regime, base if regime == "none" else ask(places, permission=regime)) for regime in known]
        rows = [
            Entry(regime, a.closure_h, a.lower_bound_h, a.lead_h, adds_h=_less(a.closure_h, base.closure_h))
            for regime, a in found
        ]
    else:
        base = ask(places)
        started: dict[str, float] = {}
        for m in base.movements:
            started[m.origin] = started.get(m.origin, 0.0) + m.vehicles
        rows = []
        for place in places:
            alone = base if len(places) == 1 else ask([place])
            others = ask([p for p in places if p != place]) if len(places) > 1 else None
            rows.append(Entry(
                place, alone.closure_h, alone.lower_bound_h, alone.lead_h,
                started.get(place, 0.0) / base.vehicles if base.movements else None,
                others.closure_h if others else None, others.lower_bound_h if others else None,
                _less(others.closure_h if others else None, base.closure_h),
            ))  # fmt: skip
    rows.sort(key=lambda e: (math.inf if e.closure_h is None else e.closure_h, e.name))
    status = "ok" if any(e.closure_h is not None for e in rows) else base.status
    return Entries(net, {**base.question, "by": by}, status, made, by, base.closure_h, base.lower_bound_h, tuple(rows))


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other
