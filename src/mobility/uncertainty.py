"""How sure an answer is: its interval when estimates vary within their ranges, and what to survey first."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import numpy as np
import pandas as pd

from mobility import schema
from mobility.arcs import (
    BORDER,
    COMPILE_FROM,
    LINK,
    TRANSFER,
    UNKNOWN_PENALTY,
    Arcs,
    Graph,
    Options,
    build_graph,
    lead_times,
    weights_of,
    words,
)
from mobility.closure import TICKS, Kind, earliest_plan, force_of, kind_of, kinds_of
from mobility.coverage import corridors_of
from mobility.errors import InputError, did_you_mean, fold
from mobility.flows import COARSE, FINE, ROOM
from mobility.force import Element, Force
from mobility.kernels import Flow, PlainFlow, PlainRouter, Router, reached
from mobility.march import REST
from mobility.network import Network, level_of
from mobility.paths import Answer, describe, k_shortest, prepare
from mobility.vehicle import LEGAL_AXLE_T, MODES, limit_ends, on_trains

Array = np.ndarray[Any, Any]

MEASURES = {"time": "h", "throughput": "vehicles a day", "closure": "h"}
"""By measure the unit of the answer."""

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "speeds": ("time", "closure"),
    "lengths": ("time", "closure"),
    "capacities": ("throughput", "closure"),
    "limits": ("time", "throughput", "closure"),
    "transfer hours": ("time", "closure"),
    "terminal capacities": ("throughput", "closure"),
    "border waits": ("time", "closure"),
    "border capacities": ("throughput", "closure"),
    "opening years": ("time", "throughput", "closure"),
    "shares": ("throughput", "closure"),
    "permissions": ("closure",),
}
"""What can vary, and the measures that rest on it; ``ranges.csv`` says which column belongs where, and why so far."""

COLUMN_WORDS: Mapping[str, str] = {
    "speed_kmh": "speed", "time_h": "running time", "length_km": "length", "capacity_veh_h": "capacity",
    "capacity_trains_day": "trains a day", "capacity_sailings_day": "sailings a day", "ship_lane_m": "lane metres",
    "mlc_wheeled": "bridge class", "mlc_tracked": "bridge class (tracked)", "max_axle_t": "axle load",
    "max_metre_load_t": "metre load", "max_mass_t": "mass limit", "max_height_m": "clearance",
    "max_width_m": "width", "max_length_m": "turning length", "open_year": "year of opening",
    "transfer_h": "transfer time", "capacity_veh_day": "capacity", "wait_h": "border wait", "share": "military share",
    "lead_h": "permission lead time", "permission_h": "permission lead time",
}  # fmt: skip
"""What a column is called in a table or a picture."""

SHAPES = ("uniform", "triangular")
DEPENDENCE = ("common", "independent")
COMPILE_RUNS = 100
"""From so many solves on the compiled kernels are worth loading."""

MOST_RUNS = 1_000_000
MOST_POSITIONS = 250_000_000
"""So many unknowns times samples fit into memory; beyond that single links are not ranked."""

RUNS, FEW_RUNS = 2000, 100
"""Samples where none are asked for; the second for closures of several kinds of vehicles, which take their time."""

MOST_ITEMS, FEW = 40, 8
"""So many groups, and single links, terminals and crossings are listed; the second where a solve takes its time."""

Z90 = 1.2815515655446004
"""Standard normal quantile of 0.9."""

SHARE_RANGE = (0.5, 1.5)
"""Military share: factors of what is asked; see ``ranges.csv``."""

TAIL = (0.05, 0.95)
"""Quantiles at which a group is tried alone."""


@dataclass(frozen=True)
class Reason:
    """A row of ``ranges.csv``: which family a column belongs to, and why its ranges are as wide as they are.

    ``kind`` is ``estimate`` for what a survey would settle, ``varies`` for what differs from day to day, and
    ``assumption`` for what the question supposes.
    """

    table: str
    column: str
    family: str
    kind: str
    reason: str


@cache
def reasons() -> Mapping[tuple[str, str], Reason]:
    """Return why ranges are as wide as they are, by table and column.

    Examples
    --------
    >>> reasons()["links", "mlc_tracked"].family
    'limits'
    """
    with (Path(__file__).parent / "ranges.csv").open(encoding="utf-8", newline="") as file:
        return {(r["table"], r["column"]): Reason(**r) for r in csv.DictReader(file)}


class Unknown(NamedTuple):
    """One number that is not known for certain.

    ``item`` is a link id, ``terminal:NODE``, ``border:NODE``, a state or a mode; ``shape`` is ``range`` between `low`
    and `high`, or ``wait`` with median `value` and P90 `high`.
    """

    family: str
    table: str
    column: str
    row: int
    item: str
    mode: str
    where: tuple[str, ...]
    value: float
    low: float
    high: float
    shape: str
    kind: str


@dataclass(frozen=True)
class Interval:
    """Where a number lies when estimates vary.

    Attributes
    ----------
    p5, p50, p90, p95, mean, sd, minimum, maximum : float or None
        None where the sample of that rank has no route; mean and standard deviation are of those that have one.
    """

    p5: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    mean: float | None
    sd: float | None
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True)
class Matter:
    """What it would tell to know some unknowns.

    Attributes
    ----------
    name : str
    columns, modes, where : tuple of str
    items : tuple of str
        Links, terminals, crossings that belong to it.
    unknowns : int
    kind : {"estimate", "varies", "assumption"}
        ``varies``: it differs from day to day, ``assumption``: the question supposes it; no survey settles either.
    variance_share : float
        Part of the variance of the answer that is expected to go once these are known (first-order index).
    error : float
        Half the 95 % interval of that, by a jackknife over ten parts of the samples.
    certain : bool
        Whether the share is more than chance.
    sd_left : float or None
        Standard deviation of the answer that is expected to stay.
    low_end, high_end : float or None
        The answer with these at the 5 % and 95 % end of their range and all else as stated; None for no route.
    """

    name: str
    columns: tuple[str, ...]
    modes: tuple[str, ...]
    where: tuple[str, ...]
    items: tuple[str, ...]
    unknowns: int
    kind: str
    variance_share: float
    error: float
    certain: bool
    sd_left: float | None
    low_end: float | None
    high_end: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON holds it."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


@dataclass(frozen=True, repr=False)
class Uncertainty(Answer):
    """An answer with its interval, and the unknowns behind it, those that matter most first.

    Attributes
    ----------
    measure, unit : str
    point : float or None
        With every value as stated; None without a route.
    interval : Interval
    no_route_share : float
        Of the samples.
    runs, unknowns : int
    groups : tuple of Matter
        Unknowns of one column, mode and state (or corridor).
    items : tuple of Matter
        Single links, terminals and crossings, each erring by itself, and all that is supposed as it is.
    explained : float
        Sum of the shares of `groups` that are more than chance; the rest is what they do together, and what is small.
    variance_of : str
        What the shares are of: the measure, or journeys a day (24 / hours) where some samples have no route.
    samples : tuple of float
        Infinite where there is no route in hours, 0 in vehicles a day.
    """

    measure: str = ""
    unit: str = ""
    point: float | None = None
    interval: Interval = field(default_factory=lambda: Interval(*[None] * 8))
    no_route_share: float = 0.0
    runs: int = 0
    unknowns: int = 0
    groups: tuple[Matter, ...] = ()
    items: tuple[Matter, ...] = ()
    explained: float = 0.0
    variance_of: str = ""
    samples: tuple[float, ...] = field(default=(), repr=False)

    @property
    def predictability_h(self) -> float | None:
        """P90 less P50 of hours: what a plan has to keep in hand to hold nine times in ten."""
        at = self.interval
        return None if self.unit != "h" or at.p90 is None or at.p50 is None else at.p90 - at.p50

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        if self.status != "ok":
            return "no route"

        def said(value: float | None) -> str:
            return "no route" if value is None else f"{value:,.1f}" if self.unit == "h" else f"{value:,.0f}"

        at = self.interval
        return f"{said(self.point)} {self.unit}, 90 % of samples {said(at.p5)} to {said(at.p95)}, median {said(at.p50)}"

    def to_frame(self, of: str = "groups") -> pd.DataFrame:
        """Return one row per group of unknowns, or per single item with ``of="items"``."""
        if of not in ("groups", "items"):
            raise InputError(f"of is {of!r}; it must be groups or items")
        some = self.groups if of == "groups" else self.items
        rows = [{k: ";".join(v) if isinstance(v, tuple) else v for k, v in asdict(m).items()} for m in some]
        return pd.DataFrame(rows, columns=list(Matter.__dataclass_fields__)).set_index("name")

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "measure": self.measure, "unit": self.unit, "point": self.point,
            "interval": asdict(self.interval), "predictability_h": self.predictability_h,
            "no_route_share": self.no_route_share, "runs": self.runs, "seed": self.question["seed"],
            "unknowns": self.unknowns, "explained": self.explained, "variance_of": self.variance_of,
            "groups": [m.to_dict() for m in self.groups], "items": [m.to_dict() for m in self.items],
            "question": dict(self.question),
        }  # fmt: skip

    def plot(self, kind: str = "tornado", **options: Any) -> Any:
        """Draw the interval and what matters most.

        Parameters
        ----------
        kind : {"tornado"}
        **options
            ``path``, ``title``, ``subtitle``, ``size``, ``dpi``, ``overwrite`` of :func:`mobility.maps.plot`.
        """
        if kind != "tornado":
            raise InputError(f"there is no picture {kind!r} of this answer; tornado can be drawn")
        from mobility.policyviews import uncertainty_chart

        return uncertainty_chart(self, **options)


# ---- the question


def uncertainty(
    net: Network,
    origin: str | Iterable[str] | None = None,
    destination: str | Iterable[str] | None = None,
    *,
    measure: str = "time",
    force: str | Path | Force | None = None,
    count: int | None = None,
    rest: str = "none",
    over: str | Iterable[str] | None = None,
    runs: int | None = None,
    seed: int = 1,
    shape: str = "uniform",
    dependence: str = "common",
    group: str = "country",
    items: bool | None = None,
    progress: Callable[[int, int], None] | None = None,
    **options: Unpack[Options],
) -> Uncertainty:
    """Let estimates vary within their ranges: the interval of an answer, and which unknowns matter most.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str
    measure : {"time", "throughput", "closure"}
        Hours of the fastest route, vehicles a day, or the hour at which a force has closed.
    force : str, Path or Force, optional
    count : int, optional
        For closure: a force, or so many of `vehicle`.
    rest : str
        For closure: halts and rest on roads, as of :func:`mobility.closure`.
    over : str or iterable of str, optional
        Only these families; left out, all of :data:`FAMILIES`. ``over="border waits"`` gives the predictability of a
        journey: :attr:`Uncertainty.predictability_h`.
    runs : int, optional
        Samples; left out, 2000, and 100 for the closure of several kinds of vehicles or under a permission regime.
    seed : int
        The same seed gives the same answer.
    shape : {"uniform", "triangular"}
        Within a range: every value alike, or the stated one likeliest. Waits at borders are lognormal with the
        stated median and P90.
    dependence : {"common", "independent"}
        ``common``: all estimates of one column, mode and state err together, as those of one rule and one compiler do.
        ``independent``: each errs by itself; sums come out narrower than they are.
    group : {"country", "corridor"}
        By which states or corridors unknowns are grouped, and err together.
    items : bool
        Whether single links are ranked too: from the same samples where unknowns are independent, else from as many
        more in which each errs by itself. Left out, they are, but for closures that take their time. On very large
        networks they are not.
    progress : callable, optional
        Told the samples done and the samples in all.
    **options
        See :class:`mobility.arcs.Options`.

    Returns
    -------
    Uncertainty

    Raises
    ------
    InputError
        With every option that is not understood.

    Notes
    -----
    Latin hypercube (McKay, Beckman and Conover 1979). A limit that varies opens and closes links; a link whose limit
    is unknown is no range and stays under the option `unknown`. The share of the variance that goes with a group is
    the first-order index, the correlation ratio of Pearson (1905) over classes of equal size, freed of its bias (Kelley
    1935); it needs no samples of its own (Plischke, Borgonovo and Smith 2013). Single links are ranked where each
    errs by itself; of a group of independent unknowns the shares add up.

    Examples
    --------
    >>> import mobility as mb
    >>> answer = mb.uncertainty(mb.load(), "Durrës", "Skopje", modes="road", runs=50, items=False)
    >>> answer.interval.p5 <= answer.interval.p50 <= answer.interval.p95
    True
    """
    families = _asked(measure, over, runs, seed, shape, dependence, group, force, count)
    made = case(
        net, origin, destination, measure=measure, families=families, force=force, count=count, rest=rest, group=group,
        solves=RUNS if runs is None else runs, **options,
    )  # fmt: skip
    quick = measure != "closure" or made.quick
    number = runs or (RUNS if quick else FEW_RUNS)
    items = quick if items is None else items
    asked: dict[str, Any] = {
        "measure": measure, "over": list(families), "runs": number, "seed": seed, "shape": shape,
        "dependence": dependence, "group": group,
    }  # fmt: skip
    question = {**made.question, **asked}
    found = made.unknowns
    spread = Spread(found, shape)
    keys = [made.key(x) for x in found]
    names = list(dict.fromkeys(keys))
    at = {k: i for i, k in enumerate(names)}
    factor = np.array([at[k] for k in keys], np.int64)
    apart = np.arange(len(found))

    def told(done: int) -> None:
        if progress:
            progress(done, total)

    common = dependence == "common"
    if len(found) * number > MOST_POSITIONS:
        if not common:
            raise InputError(
                f"{len(found):,} unknowns by {number:,} samples are too many to err one by one; take fewer samples, or "
                "let those of one rule err together (dependence common)"
            )
        items = False  # the samples for it would not fit into memory
    total = number * (2 if items and common else 1)
    point = made.value(spread.stated)
    position = hypercube(len(names) if common else len(found), number, seed)
    sampled = _run(made, spread, position, factor if common else apart, told)
    answers = _transformed(measure, sampled)
    groups, explained = _groups(made, spread, names, keys, position, answers[0], common, MOST_ITEMS if quick else FEW)
    single: tuple[Matter, ...] = ()
    if items and found:
        if common:
            loose = hypercube(len(found), number, seed + 1_000_003)
            supposed = np.array([x.kind == "assumption" for x in found], bool)
            more = _run(made, spread, loose, apart, lambda done: told(number + done), supposed)
            single = _items(made, spread, loose, _transformed(measure, more)[0])
        else:
            single = _items(made, spread, position, answers[0])
    none = ~np.isfinite(sampled) if MEASURES[measure] == "h" else sampled <= 0
    return Uncertainty(
        net, question, "ok" if not none.all() or _has(measure, point) else "no_route", measure=measure,
        unit=MEASURES[measure], point=point if _has(measure, point) else None, interval=interval_of(sampled),
        no_route_share=float(none.mean()), runs=number, unknowns=len(found), groups=groups, items=single,
        explained=explained, variance_of=answers[1],
        samples=tuple(sampled.tolist()),
    )  # fmt: skip


def _asked(
    measure: str, over: str | Iterable[str] | None, runs: int | None, seed: int, shape: str, dependence: str,
    group: str, force: Any, count: int | None,
) -> tuple[str, ...]:  # fmt: skip
    """Return the families that vary; every option that is not understood at once."""
    faults = []
    for name, value, known in (
        ("measure", measure, tuple(MEASURES)), ("shape", shape, SHAPES), ("dependence", dependence, DEPENDENCE),
        ("group", group, ("country", "corridor")),
    ):  # fmt: skip
        if value not in known:
            faults.append(f"{name} is {value!r}; it must be {' or '.join(known)}")
    if runs is not None and not 1 <= runs <= MOST_RUNS:
        faults.append(f"runs is {runs}; it must be from 1 to {MOST_RUNS:,}")
    if seed < 0:
        faults.append(f"seed is {seed}; it must be at least 0")
    if measure == "closure" and (force is None) == (count is None):
        faults.append("closure needs a force, or a vehicle and a count")
    if measure != "closure" and (force is not None or count is not None):
        faults.append(f"a force or a count belongs to closure, not to {measure}")
    if count is not None and count < 1:
        faults.append(f"count is {count}; it must be at least 1")
    families = {fold(f): f for f in FAMILIES}
    chosen = words(over) if over is not None else list(FAMILIES)
    faults += [
        f"no family of unknowns is called {w!r}{did_you_mean(w, FAMILIES)}; known: {', '.join(FAMILIES)}"
        for w in chosen
        if fold(w) not in families
    ]
    if not chosen:
        faults.append(f"over names nothing; known: {', '.join(FAMILIES)}")
    if faults:
        raise InputError([f for text in faults for f in InputError(text).findings])
    named = tuple(dict.fromkeys(families[fold(w)] for w in chosen))
    used = tuple(f for f in named if measure in FAMILIES[f])
    if not used:
        raise InputError(f"{', '.join(named)}: nothing of that moves the {measure}")
    return used


def _has(measure: str, value: float) -> bool:
    return math.isfinite(value) if MEASURES[measure] == "h" else value > 0


def hypercube(dimensions: int, runs: int, seed: int) -> Array:
    """Return a Latin hypercube: `runs` rows of positions between 0 and 1, each column spread evenly.

    Examples
    --------
    >>> made = hypercube(2, 4, seed=1)
    >>> sorted((made[:, 0] * 4).astype(int).tolist())
    [0, 1, 2, 3]
    """
    if dimensions == 0:
        return np.zeros((runs, 0))
    from scipy.stats import qmc

    return np.asarray(qmc.LatinHypercube(dimensions, rng=np.random.default_rng(seed)).random(runs))


def interval_of(values: Array) -> Interval:
    """Return where some numbers lie; infinite ones have no route.

    Examples
    --------
    >>> interval_of(np.array([1.0, 2.0, 3.0])).p50
    2.0
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return Interval(*[None] * 8)
    how: Any = "linear" if len(finite) == len(values) else "inverted_cdf"
    at = [float(x) for x in np.quantile(values, [0.05, 0.5, 0.9, 0.95], method=how)]
    sd = float(finite.std(ddof=1)) if len(finite) > 1 else 0.0
    marks = [x if math.isfinite(x) else None for x in at]
    least, most = float(values.min()), float(values.max())
    # Equal numbers: their mean is none of the rounding's business.
    mean = least if least == float(finite.max()) else float(finite.mean())
    sd = 0.0 if mean == least == float(finite.max()) else sd
    return Interval(marks[0], marks[1], marks[2], marks[3], mean, sd, least, most if math.isfinite(most) else None)


def _transformed(measure: str, values: Array) -> tuple[Array, str]:
    """Return what variance is taken of, and its name; hours of no route have none."""
    if MEASURES[measure] == "h" and not np.isfinite(values).all():
        return np.where(np.isfinite(values), 24.0 / np.maximum(values, 1e-9), 0.0), "journeys a day"
    return values, "hours" if MEASURES[measure] == "h" else MEASURES[measure]


# ---- the unknowns and how they spread


class Spread:
    """From positions between 0 and 1 to values of the unknowns.

    Examples
    --------
    >>> speed = Unknown("speeds", "links", "speed_kmh", 0, "L1", "road", ("AL",), 50, 40, 60, "range", "estimate")
    >>> Spread([speed], "uniform").values(np.array([[0.0], [0.5]])).ravel().tolist()
    [40.0, 50.0]
    """

    def __init__(self, unknowns: Sequence[Unknown], shape: str) -> None:
        self.unknowns = unknowns
        self.stated = np.array([x.value for x in unknowns], float)
        self.low = np.array([x.low for x in unknowns], float)
        self.high = np.array([x.high for x in unknowns], float)
        self.waits = np.array([x.shape == "wait" for x in unknowns], bool)
        self.shape = shape

    def values(self, position: Array) -> Array:
        """Return the values at positions, one row per sample."""
        low, high, mode = self.low, self.high, np.clip(self.stated, self.low, self.high)
        span = high - low
        if self.shape == "triangular":
            # Inverse of the triangle's distribution, on either side of its top.
            with np.errstate(divide="ignore", invalid="ignore"):
                top = np.where(span > 0, (mode - low) / np.where(span > 0, span, 1.0), 0.0)
            rising = low + np.sqrt(position * span * (mode - low))
            out = np.where(position < top, rising, high - np.sqrt((1 - position) * span * (high - mode)))
        else:
            out = low + position * span
        if self.waits.any():
            out[:, self.waits] = _waits(position[:, self.waits], self.stated[self.waits], high[self.waits])
        return np.asarray(out)


def _waits(position: Array, median: Array, p90: Array) -> Array:
    """Return waits with a median and a P90: lognormal; where the median is 0 an exponential tail above it."""
    from scipy.special import ndtri

    inside = np.clip(position, 1e-9, 1 - 1e-9)
    with np.errstate(divide="ignore", invalid="ignore"):
        steep = np.log(np.where(median > 0, p90 / np.where(median > 0, median, 1.0), 1.0)) / Z90
        some = median * np.exp(steep * ndtri(inside))
        tail = p90 * np.log(np.maximum(2 * (1 - inside), 1e-12)) / math.log(0.2)
    return np.where(median > 0, some, np.where(inside > 0.5, tail, 0.0))


def _ends(table: pd.DataFrame, name: str, column: str, row: int) -> tuple[float, float, float] | None:
    """Return value and range of a cell that is an estimate, None for one that is not."""
    value = float(table[column].iat[row])
    if value != value or column not in schema.split(table["estimated"].iat[row]):
        return None
    level = level_of(str(table["value_confidence"].iat[row]), column) or str(table["confidence"].iat[row])
    return value, *schema.estimate_range(column, value, level, name)


# ---- a question as arrays that change


@dataclass(frozen=True, eq=False)
class State:
    """The arcs of a question under one set of values."""

    time_h: Array
    length_km: Array
    weight: Array
    capacity: Array
    open: Array


class Model:
    """Compiled arcs whose times, capacities and openings follow the unknowns.

    Parameters
    ----------
    arcs : Arcs
    net : Network
        As it was before the year was asked for.
    families : sequence of str
    rest : str
        Of closure; stretches hours on roads.
    """

    def __init__(self, arcs: Arcs, net: Network, families: Sequence[str], rest: str = "none") -> None:
        self.arcs, self.families = arcs, families
        now = arcs.net
        links = now.table("links")
        self.mode = np.array([MODES.index(m) for m in links["mode"].tolist()], np.int64)
        self.speed, self.length, self.stated = (now.values(c) for c in ("speed_kmh", "length_km", "time_h"))
        self.own = np.full(len(links), np.inf)
        form, wagon = arcs.vehicle.road_form, arcs.vehicle.wagon
        if form.road_speed_kmh is not None:
            self.own[self.mode == MODES.index("road")] = form.road_speed_kmh
        if wagon is not None and wagon.max_speed_kmh is not None:
            self.own[self.mode == MODES.index("rail")] = wagon.max_speed_kmh
        self.link_arcs = np.flatnonzero(arcs.kind == LINK)
        self.link_of = arcs.item[self.link_arcs]
        self.is_road, self.is_rail = (self.mode == MODES.index(m) for m in ("road", "rail"))
        self.stretch = np.where(self.is_road[self.link_of], REST[rest], 1.0)
        self.link_share = arcs.share[self.link_arcs]
        by_link = arcs.options.get("trains") == "link"
        self.per_train = on_trains(arcs.vehicle, now)[0] if by_link else float(arcs.vehicle.per_train)
        doubtful = arcs.screen.unknown & (arcs.options["unknown"] == "penalise")
        self.penalty = np.where(arcs.per_arc(doubtful, False), UNKNOWN_PENALTY, 1.0)
        self._life(net)
        self._limits()
        self.possible = arcs.per_arc(self.may, True)
        self.standing = self.fixed & ~self.barred & (self.in_use | self.opening)

    def _life(self, net: Network) -> None:
        """Set which links can be in use at all, apart from limits, and whose year of opening decides."""
        arcs, links = self.arcs, self.arcs.net.table("links")
        self.fixed = arcs.offered & ~arcs.asked_closed
        if arcs.options["unknown"] == "forbid":
            self.fixed &= ~arcs.screen.unknown
        self.in_use = (links["status"] == "operational").to_numpy()
        self.year = arcs.options["year"]
        opens = net.values("open_year")
        waits = (net.table("links")["status"] != "operational").to_numpy() & opens.estimated & (opens.low < opens.high)
        early = opens.low < (self.year or -math.inf)
        self.opening = waits & early & ("opening years" in self.families)
        self.opens = opens

    def _limits(self) -> None:
        """Set which links a limit closes for certain, and the limits that may or may not."""
        arcs = self.arcs
        self.barred = np.zeros(len(self.mode), bool)
        self.limits: dict[str, list[tuple[Array, Array, Array, Array, float]]] = {}
        loose: dict[str, Array] = {}
        kind_end = arcs.options["estimates"] == "favourable"
        for m, name in enumerate(MODES):
            for limit, required in arcs.vehicle.needs(name).items() if "limits" in self.families else ():
                value, low, high, guess = limit_ends(arcs.net, limit, name)
                rows = np.flatnonzero((self.mode == m) & guess & (low < high) & self.fixed)
                if not len(rows):
                    continue
                base = high[rows] if kind_end else value[rows]
                self.limits.setdefault(limit, []).append((rows, base, low[rows], high[rows], required))
                loose.setdefault(limit, np.zeros(len(self.mode), bool))[rows] = True
        nothing = np.zeros(len(self.mode), bool)
        for limit, failed in arcs.screen.fails.items():
            self.barred |= failed & ~loose.get(limit, nothing)
        self.may = self.fixed & ~self.barred & (self.in_use | self.opening)
        for limit, groups in self.limits.items():
            for rows, _, _, high, required in groups:
                self.may[rows[~_carries(limit, self.mode[rows], high, required)]] = False

    def unknowns(self, rows: Array, terminals: Array, borders: Array) -> Iterator[Unknown]:
        """Yield the unknowns on some links, terminals and crossings."""
        net, links = self.arcs.net, self.arcs.net.table("links")
        ids = links["link_id"].tolist()

        def link(column: str, i: int, value: float, low: float, high: float) -> Unknown:
            why = reasons()["links", column]
            mode = MODES[self.mode[i]]
            ends = "range", why.kind
            return Unknown(why.family, "links", column, i, ids[i], mode, net.link_countries[i], value, low, high, *ends)

        for i in rows.tolist():
            names = ["time_h"] if not np.isnan(self.stated.value[i]) else ["speed_kmh", "length_km"]
            mode = MODES[self.mode[i]]
            names += {"road": ["capacity_veh_h"], "rail": ["capacity_trains_day"]}.get(
                mode, ["capacity_sailings_day", "ship_lane_m"]
            )
            for column in names:
                at = net.values(column)
                if reasons()["links", column].family in self.families and at.estimated[i] and at.low[i] < at.high[i]:
                    yield link(column, i, float(at.value[i]), float(at.low[i]), float(at.high[i]))
            if self.opening[i]:
                yield link("open_year", i, *(float(x[i]) for x in (self.opens.value, self.opens.low, self.opens.high)))
        on = set(rows.tolist())
        for limit, groups in self.limits.items():
            for found, base, low, high, _ in groups:
                for i, b, lo, hi in zip(found.tolist(), base.tolist(), low.tolist(), high.tolist(), strict=True):
                    if i in on:
                        yield link(limit, i, b, lo, hi)
        yield from self._within("terminals", terminals, ("transfer_h", "capacity_veh_day"))
        yield from self._within("borders", borders, ("wait_h", "capacity_veh_day"))

    def _within(self, name: str, rows: Array, columns: Sequence[str]) -> Iterator[Unknown]:
        """Yield the unknowns of terminals or crossings."""
        net = self.arcs.net
        table, nodes = net.table(name), net.table("nodes")
        for i in rows.tolist():
            node = str(table["node_id"].iat[i])
            place = nodes.iloc[net.node_index[node]]
            states = tuple(sorted(c for c in (place["country"], place["country2"]) if c))
            if name == "borders":
                item, mode = f"border:{node}", str(table["mode"].iat[i])
            else:
                item = f"terminal:{node}"
                mode = f"{table['from_mode'].iat[i]}-{table['to_mode'].iat[i]}"
            for column in columns:
                why = reasons()[name, column]
                if why.family not in self.families:
                    continue
                value = float(table[column].iat[i])
                bad = float(table["wait_h_p90"].iat[i]) if column == "wait_h" else math.nan
                if value == value and bad == bad and bad > value:
                    yield Unknown(why.family, name, column, i, item, mode, states, value, value, bad, "wait", why.kind)
                    continue
                ends = _ends(table, name, column, i)
                if ends is not None and ends[1] < ends[2]:
                    yield Unknown(why.family, name, column, i, item, mode, states, *ends, "range", why.kind)

    def shares(self) -> Iterator[Unknown]:
        """Yield the military shares below 1: they are assumptions."""
        why = reasons()["options", "share"]
        if why.family not in self.families:
            return
        asked = self.arcs.options["share"]
        by_mode = asked if isinstance(asked, Mapping) else {"": asked}
        for mode, part in by_mode.items():
            if part < 1:
                low, high = SHARE_RANGE[0] * part, min(1.0, SHARE_RANGE[1] * part)
                item = f"share:{mode}" if mode else "share"
                yield Unknown(why.family, "options", "share", 0, item, mode, (), part, low, high, "range", why.kind)

    def bind(self, unknowns: Sequence[Unknown]) -> None:
        """Note where each unknown of the question stands in the arrays."""
        by: dict[tuple[str, str], dict[int, int]] = {}
        for number, x in enumerate(unknowns):
            by.setdefault((x.table, x.column), {})[x.row] = number
        self.by = {k: (np.array(list(f), np.int64), np.array(list(f.values()), np.int64)) for k, f in by.items()}
        arcs = self.arcs
        self.within: list[tuple[str, Array, Array]] = []
        for name, kind in (("terminals", TRANSFER), ("borders", BORDER)):
            for column in ("transfer_h", "wait_h", "capacity_veh_day"):
                where = by.get((name, column), {})
                hit = [a for a in np.flatnonzero(arcs.kind == kind).tolist() if int(arcs.item[a]) in where]
                if hit:
                    found = [where[int(arcs.item[a])] for a in hit]
                    self.within.append((column, np.array(hit, np.int64), np.array(found, np.int64)))
        self.sharing = self._sharing(unknowns)
        self.closing: list[tuple[Array, Array, str, float]] = []
        for limit, groups in self.limits.items():
            where = by.get(("links", limit), {})
            for on, _, _, _, required in groups:
                keep = [i for i in on.tolist() if i in where]
                if keep:
                    found = [where[i] for i in keep]
                    self.closing.append((np.array(keep, np.int64), np.array(found, np.int64), limit, required))

    def _sharing(self, unknowns: Sequence[Unknown]) -> list[tuple[Array, int]]:
        """Return the arcs of each military share that varies."""
        arcs, out = self.arcs, []
        waits = self.arcs.net.table("borders")["mode"].tolist()
        for cell, x in enumerate(unknowns):
            if x.column != "share":
                continue
            if not x.mode:
                on = np.ones(len(arcs.kind), bool)
            elif x.mode == "terminal":
                on = arcs.kind == TRANSFER
            else:
                on = arcs.per_arc(self.mode == MODES.index(x.mode), False)
                gates = np.flatnonzero((arcs.kind == BORDER) & (arcs.item >= 0))
                on[gates] = [waits[i] == x.mode for i in arcs.item[gates].tolist()]
            out.append((np.flatnonzero(on), cell))
        return out

    def _links(self, column: str, base: Array, v: Array) -> Array:
        rows, cells = self.by.get(("links", column), (None, None))
        if rows is None:
            return base
        out = base.copy()
        out[rows] = v[cells]
        return out

    def _hours(self, v: Array) -> tuple[Array, Array]:
        """Return hours and kilometres of the arcs."""
        time, km = self.arcs.time_h, self.arcs.length_km
        if any(("links", c) in self.by for c in ("length_km", "speed_kmh", "time_h")):
            time, km = time.copy(), km.copy()
            length = self._links("length_km", self.length.value, v)
            speed = self._links("speed_kmh", self.speed.value, v)
            stated = self._links("time_h", self.stated.value, v)
            hours = np.where(np.isnan(stated), length / np.minimum(speed, self.own), stated)
            time[self.link_arcs] = hours[self.link_of] * self.stretch
            km[self.link_arcs] = length[self.link_of]
        for column, at, cell in self.within:
            if column != "capacity_veh_day":
                time = time.copy() if time is self.arcs.time_h else time
                time[at] = v[cell]
        return time, km

    def _room(self, v: Array) -> Array:
        """Return the capacity of the arcs, the military share of it."""
        arcs, room = self.arcs, self.arcs.capacity.copy()
        if any(("links", c) in self.by for c in CAPACITIES):
            road, trains, ships, lanes = (self._links(c, arcs.net.values(c).value, v) for c in CAPACITIES)
            aboard = np.floor(lanes / arcs.vehicle.lane_m + 1e-9)
            rail, sea = trains * self.per_train, ships * aboard
            carried = np.where(self.is_road, 24.0 * road, np.where(self.is_rail, rail, sea))
            room[self.link_arcs] = carried[self.link_of] * self.link_share
        for column, at, cell in self.within:
            if column == "capacity_veh_day":
                room[at] = v[cell] * arcs.share[at]
        for at, one in self.sharing:
            room[at] *= v[one] / arcs.share[at]
        return room

    def _usable(self, v: Array) -> Array:
        """Return the arcs that are open."""
        usable = self.standing.copy()
        rows, cells = self.by.get(("links", "open_year"), (None, None))
        if rows is not None:
            # A year counts from its first day to its last.
            usable[rows] &= np.floor(v[cells] + 0.5) < self.year
        for rows, cell, limit, required in self.closing:
            usable[rows] &= _carries(limit, self.mode[rows], v[cell], required)
        return self.arcs.per_arc(usable, True)

    def state(self, v: Array, hours: bool = True, room: bool = True) -> State:
        """Return the arcs with the unknowns at the values `v`; hours or capacities only where they are asked for."""
        arcs = self.arcs
        time, km = self._hours(v) if hours else (arcs.time_h, arcs.length_km)
        same = time is arcs.time_h
        return State(
            time, km, arcs.weight if same else weights_of(time * self.penalty, km),
            self._room(v) if room else arcs.capacity, self._usable(v),
        )  # fmt: skip


CAPACITIES = ("capacity_veh_h", "capacity_trains_day", "capacity_sailings_day", "ship_lane_m")


def _carries(limit: str, mode: Array, value: Array, required: float) -> Array:
    """Return whether links with these values of a limit are open; see :func:`mobility.vehicle.screen`."""
    does = value >= required - 1e-9
    if limit == "max_axle_t":
        does |= (mode == MODES.index("road")) & (value >= LEGAL_AXLE_T)
    return np.asarray(does)


@dataclass(frozen=True, eq=False)
class Case:
    """A question whose answer can be asked for any values of its unknowns.

    Attributes
    ----------
    question : mapping
    unknowns : tuple of Unknown
    stated : ndarray of float
        The values as the tables state them.
    """

    net: Network
    measure: str
    question: Mapping[str, Any]
    unknowns: tuple[Unknown, ...]
    models: tuple[Model, ...]
    graphs: tuple[Graph, ...]
    unit: int
    compiled: bool
    group: str
    kinds: tuple[Kind, ...] = ()
    force: Force | None = None
    lead: Mapping[str, float] = field(default_factory=dict)

    def value(self, v: Array) -> float:
        """Return the measure with the unknowns at `v`: infinite hours, or 0 vehicles, without a route."""
        if self.measure == "closure":
            return self._closure(v)
        timed = self.measure == "time"
        state = self.models[0].state(v, hours=timed, room=not timed)
        return self._time(self.graphs[0], state) if timed else self._throughput(self.graphs[0], state)

    def _time(self, graph: Graph, state: State) -> float:
        keep = graph.spread(state.open, True)
        parts = {k: getattr(graph, k)[keep] for k in ("tail", "head", "arc")}
        some = replace(graph, weight=graph.spread(state.weight, 0)[keep], **parts)
        search = self._router(some)
        found = search.shortest(graph.source)
        if found is None:
            return math.inf
        path = found[1]
        places = graph.place[some.tail[path]].tolist()
        met = [p for i, p in enumerate(places) if i == 0 or p != places[i - 1]]
        if len(set(met)) < len(met):  # a place twice: the next best that does not
            best = next(k_shortest(some, search), None)
            if best is None:
                return math.inf
            path = best[1]
        hours = 0.0
        for a in some.real(path):
            hours += float(state.time_h[a])
        return hours

    def _router(self, graph: Graph) -> Router:
        ask = graph.size, graph.tail, graph.head, graph.weight, graph.sink
        if not self.compiled:
            return PlainRouter(*ask)
        from mobility.compiled import CompiledRouter

        return CompiledRouter(*ask)

    def _throughput(self, graph: Graph, state: State) -> float:
        room = graph.spread(np.where(state.open, state.capacity, 0.0), np.inf)
        scaled = np.full(len(room), ROOM, np.int64)
        bounded = np.isfinite(room)
        scaled[bounded] = np.minimum(np.rint(room[bounded] * self.unit), float(ROOM >> 2)).astype(np.int64)
        ask = graph.size, graph.tail, graph.head, scaled, graph.weight, graph.source, graph.sink
        flow: Flow
        if self.compiled:
            from mobility.compiled import CompiledFlow

            flow = CompiledFlow(*ask)
        else:
            flow = PlainFlow(*ask)
        flow.maximum()
        return flow.value / self.unit

    def _closure(self, v: Array) -> float:
        assert self.force is not None
        lead = dict(self.lead)
        for x, value in zip(self.unknowns, v.tolist(), strict=True):
            if x.family == "permissions":
                lead[x.item] = value
        if self.single and not any(lead.values()):
            return self._quickest(v)
        kinds = []
        for kind, model in zip(self.kinds, self.models, strict=True):
            state = model.state(v)
            # An element that may use no mode at all stays without arcs.
            usable = state.open & (len(kind.graph.tail) > 0)
            arcs = replace(
                model.arcs, time_h=state.time_h, length_km=state.length_km, weight=state.weight,
                capacity=state.capacity, open=state.open,
            )  # fmt: skip
            graph = build_graph(arcs, kind.origins, kind.destinations, mask=usable)
            made = kind_of(arcs, graph, kind.element, kind.numbers, kind.count, kind.origins, kind.destinations)
            if not len(made.graph.tail):
                return math.inf
            kinds.append(made)
        best, _ = earliest_plan(self.force, kinds, {}, lead, math.inf, lambda: False)
        return math.inf if best is None else best[0]

    @property
    def quick(self) -> bool:
        """Whether a solve takes about a millisecond."""
        return self.single and not any(self.lead.values())

    @property
    def single(self) -> bool:
        """Whether one kind of vehicle moves, with no stock to share and no supplies: then closure is exact."""
        return len(self.kinds) == 1 and self.force is not None and not self.force.pools and bool(self.kinds[0].numbers)

    def _quickest(self, v: Array) -> float:
        """Return the closure of one kind, on the graph of all arcs that may open."""
        from mobility.compiled import quickest as hours_of

        graph, kind = self.graphs[0], self.kinds[0]
        state = self.models[0].state(v)
        rate = graph.spread(np.where(state.open, state.capacity, 0.0), np.inf) / 24.0
        bounded = np.isfinite(rate)
        room = np.full(len(rate), ROOM, np.int64)
        room[bounded] = np.rint(np.minimum(rate[bounded], 1e9) * FINE).astype(np.int64)
        cost = np.rint(graph.spread(state.time_h, 0.0) * TICKS).astype(np.int64)
        ends = graph.source, graph.sink
        closed = hours_of(graph.size, graph.tail, graph.head, room, cost, *ends, kind.count, float(FINE), TICKS)
        return kind.ready + closed

    def key(self, x: Unknown) -> tuple[str, str, str]:
        """Return what an unknown is grouped by: column, mode, and where."""
        if x.table == "links" and self.group == "corridor":
            names = schema.split(self.net.table("links")["corridors"].iat[x.row])
            parents = self._parents
            return x.column, x.mode, "/".join(sorted({parents[n] for n in names})) or "none"
        return x.column, x.mode, "/".join(x.where)

    @cached_property
    def _parents(self) -> dict[str, str]:
        return corridors_of(self.net)


def case(
    net: Network,
    origin: Any,
    destination: Any,
    *,
    measure: str,
    families: Sequence[str] = tuple(FAMILIES),
    force: str | Path | Force | None = None,
    count: int | None = None,
    rest: str = "none",
    group: str = "country",
    solves: int = 1,
    **options: Unpack[Options],
) -> Case:
    """Return a question whose unknowns can be set; arguments as of :func:`uncertainty`."""
    kinds: tuple[Kind, ...] = ()
    made: Force | None = None
    lead: dict[str, float] = {}
    if measure == "closure":
        name = options.get("vehicle", "any")
        name = name if isinstance(name, str) else name.name
        made = Force(f"{count} {name}", (Element(name, count),)) if count is not None else force_of(net, force, options)
        found, question = kinds_of(net, made, origin, destination, options, rest)
        kinds = tuple(found)
        lead = lead_times(net, str(options.get("permission", "none")))
        models = tuple(Model(k.arcs, net, families, rest) for k in kinds)
        ends = [(k.origins, k.destinations) for k in kinds]
        question |= {"rest": rest}
    else:
        origins, destinations, _, arcs = prepare(net, origin or (), destination or (), (), options)
        models, ends = (Model(arcs, net, families),), [(tuple(origins), tuple(destinations))]
        question = describe(arcs, origins, destinations)
    graphs = [_between(m, *e) for m, e in zip(models, ends, strict=True)]
    unknowns: dict[tuple[str, str, int, str], Unknown] = {}
    for model, graph in zip(models, graphs, strict=True):
        real = graph.arc[graph.arc >= 0]
        kind, item = model.arcs.kind[real], model.arcs.item[real]
        rows, terminals, borders = (np.unique(item[(kind == k) & (item >= 0)]) for k in (LINK, TRANSFER, BORDER))
        for x in (*model.unknowns(rows, terminals, borders), *model.shares()):
            unknowns.setdefault((x.table, x.column, x.row, x.item), x)
    passed = {c for g, m in zip(graphs, models, strict=True) for c in _passed(g, m)}
    found_leads = _lead_unknowns(net, str(options.get("permission", "none")), families, passed)
    every = (*unknowns.values(), *found_leads)
    for model in models:
        model.bind(every)
    compiled = solves >= COMPILE_RUNS or len(graphs[0].tail) >= COMPILE_FROM
    unit = _unit(models[0], every)
    return Case(net, measure, question, every, models, tuple(graphs), unit, compiled, group, kinds, made, lead)


def _between(model: Model, origins: Sequence[str], destinations: Sequence[str]) -> Graph:
    """Return the graph of all arcs that some values open and that lie between two sets of places."""
    graph = build_graph(model.arcs, origins, destinations, mask=model.possible)
    onwards = reached(graph.size, graph.tail, graph.head, [graph.source])
    back = reached(graph.size, graph.head, graph.tail, [graph.sink])
    keep = onwards[graph.tail] & back[graph.head]
    return replace(graph, **{k: getattr(graph, k)[keep] for k in ("tail", "head", "weight", "arc")})


def _passed(graph: Graph, model: Model) -> Iterator[str]:
    """Return the states in which the links of a graph lie."""
    real = graph.arc[graph.arc >= 0]
    rows = np.unique(model.arcs.item[real][model.arcs.kind[real] == LINK])
    for i in rows.tolist():
        yield from model.arcs.net.link_countries[i]


def _lead_unknowns(net: Network, regime: str, families: Sequence[str], passed: set[str]) -> list[Unknown]:
    """Return the lead times of permissions that are estimates."""
    if "permissions" not in families or regime == "none":
        return []
    table = net.table("permissions")
    rows = np.flatnonzero((table["regime"] == regime).to_numpy())
    name, column = ("permissions", "lead_h") if len(rows) else ("countries", "permission_h")
    table = net.table(name)
    why, out = reasons()[name, column], []
    for i in rows.tolist() if len(rows) else range(len(table)):
        state = str(table["country"].iat[i])
        ends = _ends(table, name, column, i)
        if state in passed and ends is not None and ends[1] < ends[2]:
            out.append(Unknown(why.family, name, column, i, state, "", (state,), *ends, "range", why.kind))
    return out


def _unit(model: Model, unknowns: Sequence[Unknown]) -> int:
    """Return the parts of a vehicle a day in which capacities are counted, so that no sum grows too large."""
    highest = model.state(np.array([x.high for x in unknowns], float)).capacity
    total = float(highest[np.isfinite(highest)].sum())
    return FINE if total * FINE < float(ROOM >> 2) else COARSE


def _run(
    made: Case, spread: Spread, position: Array, factor: Array, progress: Callable[[int], None],
    held: Array | None = None,
) -> Array:  # fmt: skip
    """Return the measure of every sample.

    `factor` names the column of positions that each unknown follows; those `held` stay as stated.
    """
    runs = len(position)
    if not len(spread.unknowns):
        return np.full(runs, made.value(spread.stated))
    out = np.empty(runs)
    step = int(np.clip(2_000_000 // len(spread.unknowns), 1, 256))
    for first in range(0, runs, step):
        values = spread.values(position[first : first + step][:, factor])
        if held is not None:
            values[:, held] = spread.stated[held]
        for i, v in enumerate(values):
            out[first + i] = made.value(v)
        progress(min(runs, first + step))
    return out


# ---- what matters


def first_order(position: Array, answers: Array, *, parts: int = 10) -> tuple[Array, Array, Array]:
    """Return for each column of positions the share of the variance of the answers that goes when it is known.

    Parameters
    ----------
    position : ndarray of float
        Samples by unknowns, between 0 and 1.
    answers : ndarray of float
        One for each sample.
    parts : int
        Of the jackknife.

    Returns
    -------
    share, error, certain : ndarray
        Share with its bias taken off, so that it may fall below 0; half its 95 % interval; whether it is more than
        chance (F test of the classes, at 5 % for all columns together).

    Notes
    -----
    The correlation ratio over classes of equal size: ``1 - (1 - eta2) (n - 1) / (n - b)``.

    Examples
    --------
    >>> at = hypercube(2, 4000, seed=3)
    >>> share, _, certain = first_order(at, 3 * at[:, 0] + at[:, 1])
    >>> share.round(1).tolist(), certain.tolist()
    ([0.9, 0.1], [True, True])
    """
    from scipy.stats import f as fisher

    runs, count = position.shape
    classes = int(np.clip(round(runs ** (1 / 3)), 2, 20))
    nothing = np.zeros(count)
    if runs < 3 * classes or count == 0 or float(np.ptp(answers)) == 0.0:
        return nothing, nothing, np.zeros(count, bool)
    member = np.minimum((position * classes).astype(np.int64), classes - 1)
    part = np.arange(runs) % parts
    centred = answers - answers.mean()
    # Sums by part and class, so that leaving a part out is a subtraction.
    total, size = np.zeros((count, parts, classes)), np.zeros((count, parts, classes))
    for j in range(count):
        at = part * classes + member[:, j]
        total[j] = np.bincount(at, centred, parts * classes).reshape(parts, classes)
        size[j] = np.bincount(at, minlength=parts * classes).reshape(parts, classes)
    squares = np.bincount(part, centred**2, parts)
    share = _ratio(total.sum(1), size.sum(1), squares.sum())
    left = np.stack(
        [_ratio(total.sum(1) - total[:, k], size.sum(1) - size[:, k], squares.sum() - squares[k]) for k in range(parts)]
    )
    error = 1.96 * np.sqrt((parts - 1) / parts * ((left - left.mean(0)) ** 2).sum(0))
    # The share that chance alone would give to any column in one of twenty cases.
    limit = float(fisher.isf(0.05 / count, classes - 1, runs - classes))
    raw = limit * (classes - 1) / (limit * (classes - 1) + runs - classes)
    bar = 1 - (1 - raw) * (runs - 1) / (runs - classes)
    return share, error, share > bar


def _ratio(total: Array, size: Array, squares: float) -> Array:
    """Return the correlation ratio, freed of its bias, from the sums and sizes of classes."""
    runs, classes = size.sum(1), (size > 0).sum(1)
    mean = total.sum(1) / runs
    within = squares - runs * mean**2
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.where(size > 0, total**2 / np.where(size > 0, size, 1.0), 0.0).sum(1) - runs * mean**2
        eta = np.where(within > 0, between / within, 0.0)
        return np.asarray(1 - (1 - eta) * (runs - 1) / np.maximum(runs - classes, 1))


def _matter(
    made: Case, spread: Spread, name: str, cells: Sequence[int], figures: tuple[float, float, bool], sd: float,
    weight: Array | None = None,
) -> Matter:  # fmt: skip
    """Return what some unknowns matter, with the answers at their ends; the column of most `weight` is named first."""
    some = [spread.unknowns[c] for c in (cells if weight is None else sorted(cells, key=lambda c: -float(weight[c])))]
    at: list[float | None] = [None, None]
    for i, tail in enumerate(TAIL):
        v = spread.stated.copy()
        v[list(cells)] = spread.values(np.full((1, len(v)), tail))[0, list(cells)]
        value = made.value(v)
        at[i] = value if _has(made.measure, value) else None
    share, error, certain = figures
    share = min(1.0, max(0.0, share))
    return Matter(
        name=name, columns=tuple(dict.fromkeys(x.column for x in some)),
        modes=tuple(dict.fromkeys(x.mode for x in some)),
        where=tuple(sorted({c for x in some for c in x.where})), items=tuple(dict.fromkeys(x.item for x in some)),
        unknowns=len(some), kind=some[0].kind if len({x.kind for x in some}) == 1 else "estimate",
        variance_share=share, error=error, certain=certain, sd_left=sd * math.sqrt(1 - share), low_end=at[0],
        high_end=at[1],
    )  # fmt: skip


def _groups(
    made: Case, spread: Spread, names: Sequence[tuple[str, str, str]], keys: Sequence[tuple[str, str, str]],
    position: Array, answers: Array, common: bool, most: int,
) -> tuple[tuple[Matter, ...], float]:  # fmt: skip
    """Return the groups of unknowns that matter most, and the share of the variance of all that do for certain."""
    share, error, certain = first_order(position, answers)
    sd = float(answers.std(ddof=1)) if len(answers) > 1 else 0.0
    members: dict[tuple[str, str, str], list[int]] = {}
    for cell, key in enumerate(keys):
        members.setdefault(key, []).append(cell)
    figures = {}
    for i, key in enumerate(names):
        if common:
            figures[key] = float(share[i]), float(error[i]), bool(certain[i])
        else:
            some = np.array(members[key])
            figures[key] = _sum_of(share[some], error[some], certain[some])
    order = sorted(names, key=lambda k: (not figures[k][2], -figures[k][0], k))
    explained = min(1.0, math.fsum(f[0] for f in figures.values() if f[2]))
    made_of = (_matter(made, spread, " ".join(filter(None, k)), members[k], figures[k], sd) for k in order[:most])
    return tuple(made_of), explained


def _sum_of(share: Array, error: Array, certain: Array) -> tuple[float, float, bool]:
    """Return share, error and certainty of unknowns that err one by one, together."""
    return float(share.sum()), float(np.sqrt((error**2).sum())), bool(certain.any())


def _items(made: Case, spread: Spread, position: Array, answers: Array) -> tuple[Matter, ...]:
    """Return single links, terminals and crossings, those that matter most first; all that is not known of each."""
    share, error, certain = first_order(position, answers)
    sd = float(answers.std(ddof=1)) if len(answers) > 1 else 0.0
    members: dict[str, list[int]] = {}
    for cell, x in enumerate(spread.unknowns):
        if x.kind != "assumption":
            members.setdefault(x.item, []).append(cell)
    figures = {}
    for item, cells in members.items():
        some = np.array(cells)
        figures[item] = _sum_of(share[some], error[some], certain[some])
    order = sorted(figures, key=lambda k: (not figures[k][2], -figures[k][0], k))[:MOST_ITEMS]
    return tuple(_matter(made, spread, item, members[item], figures[item], sd, share) for item in order)
