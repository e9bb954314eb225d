"""Hazards: earthquakes, floods and other areas put on the structures of links; what is lost, and when it is back.

An event gives each kilometre of a drawn line an intensity. Structures there fail by published fragility curves
(``fragility.csv``), together where the event is stronger or weaker than its mean, and are repaired one by one.
Screening: no figure is a forecast of damage to any structure.
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import numpy as np
import pandas as pd

from mobility.arcs import Arcs, Options, units
from mobility.errors import Finding, InputError
from mobility.kernels import Flow, PlainRouter
from mobility.montecarlo import (
    BLOCK,
    COMPILE_RUNS,
    FOUND,
    MOST_RUNS,
    UNSURE,
    Block,
    Case,
    Failures,
    Sampler,
    Share,
    Spread,
    prepare_case,
    sampler,
    share_of,
    spread_of,
)
from mobility.network import Network, shipped
from mobility.paths import Answer, describe, prepare
from mobility.schema import read_csv, split

Array = np.ndarray[Any, Any]

Where = str | Path | tuple[float, float, float]
"""A GeoJSON file of polygons, or latitude, longitude and radius in km of a circle."""

STATES = ("slight", "moderate", "extensive", "complete")

SITES = {"A": "rock", "B": "stiff soil", "C": "deep dense soil", "D": "soft soil"}
"""Ground types of Eurocode 8 that the ground-motion relation knows."""

LEAST_G = 0.02
"""Where the median peak ground acceleration is lower than this an earthquake does nothing: the tails of fragility
curves say nothing there."""

FARTHEST_KM = 300.0
"""The ground-motion relation is fitted up to this distance."""

MAGNITUDES = (4.0, 7.6)
DEEPEST_KM = 35.0
DEEPEST_M = 100.0
"""Of a flood."""

DEPTH_SPREAD = 0.3
"""Standard deviation of the logarithm of a flood's depth, common to all that it covers; an estimate."""

RETURN_DEPTH_M = {10: 0.5, 20: 1.0, 50: 1.5, 100: 2.0, 200: 2.5, 500: 3.5}
"""Depth of water over a flood plain by return period in years; estimates."""

GRID = np.linspace(-4.5, 4.5, 181)
"""Between-event terms, in standard deviations, for which probabilities are kept; linear between."""

SOONEST_DAYS = 1 / 24
"""A structure that is out is out for an hour at least."""

DAYS = (0, 1, 3, 7, 14, 30, 60, 90, 120, 180, 270, 365, 545, 730)
"""Days after the event of which the recovery curve states the throughput."""

LEAST = 1e-9
"""Units less likely than this to be out are left out."""

EXACT = 6
"""Up to so many damaged units every order of repair is tried."""

SINGLES = 40
"""With more damaged units than this the greedy order looks only at those that together let more through."""

STEPS = 40
"""Repairs of a sample after which its throughput is looked at; of more of them some count with the last of them."""

ROAD_MOUNTAIN_KMH, RAIL_MOUNTAIN_PERMILLE = 45.0, 15.0
"""A road this slow, or a railway this steep, or a road with a named long tunnel, lies in the mountains."""

CAVEAT = "Screening by classes of structures: no figure is a forecast of damage to any structure."


# ---- events


@dataclass(frozen=True)
class Earthquake:
    """An earthquake as a point in the crust.

    Attributes
    ----------
    lat, lon : float
        Of the epicentre.
    magnitude : float
        Moment magnitude, 4.0 to 7.6.
    depth_km : float
        Of the hypocentre, at most 35.
    site : {"A", "B", "C", "D"}
        Ground type of Eurocode 8 under all links; what stands under each is not known.
    """

    lat: float
    lon: float
    magnitude: float
    depth_km: float = 10.0
    site: str = "B"

    def __post_init__(self) -> None:
        """Refuse what the relation does not cover."""
        low, high = MAGNITUDES
        faults = _placed(self.lat, self.lon)
        if not low <= self.magnitude <= high:
            faults.append(f"magnitude is {self.magnitude:g}; the relation covers {low:g} to {high:g}")
        if not 0 <= self.depth_km <= DEEPEST_KM:
            faults.append(f"depth_km is {self.depth_km:g}; it must be 0 to {DEEPEST_KM:g}")
        if self.site not in SITES:
            faults.append(f"site is {self.site!r}; it must be one of {', '.join(SITES)}")
        _raise(faults)

    def felt(self, lat: Array, lon: Array) -> dict[str, Array]:
        """Return the median ground motion at some places by measure; 0 where it is too weak to damage anything."""
        distance = np.hypot(_away_km(self.lat, self.lon, lat, lon), self.depth_km)
        out = {m: ground_motion(self.magnitude, distance, measure=m, site=self.site) for m in MOTION}
        weak = (out["pga_g"] < LEAST_G) | (distance > FARTHEST_KM)
        return {m: np.where(weak, 0.0, median) for m, median in out.items()}

    def scatter(self, measure: str) -> tuple[float, float]:
        """Return the standard deviations of the logarithm: common to the event, and of each place."""
        return MOTION[measure].tau * math.log(10), MOTION[measure].phi * math.log(10)


@dataclass(frozen=True)
class Flood:
    """Water over an area.

    Attributes
    ----------
    area : str, Path or tuple of float
        GeoJSON of polygons, or latitude, longitude and radius in km.
    depth_m : float
        Of the water over the ground around; the same everywhere.
    """

    area: Where
    depth_m: float = 2.0

    def __post_init__(self) -> None:
        """Refuse a depth that is none."""
        faults = _circled(self.area)
        if not 0 < self.depth_m <= DEEPEST_M:
            faults.append(f"depth_m is {self.depth_m:g}; it must be above 0, at most {DEEPEST_M:g}")
        _raise(faults)

    @classmethod
    def of_return_period(cls, area: Where, years: int) -> Flood:
        """Return a flood of a return period, with the depth that `RETURN_DEPTH_M` supposes.

        >>> Flood.of_return_period((45.0, 18.5, 20.0), 100).depth_m
        2.0
        """
        if years not in RETURN_DEPTH_M:
            raise InputError(f"return period is {years}; it must be one of {', '.join(map(str, RETURN_DEPTH_M))} years")
        return cls(area, RETURN_DEPTH_M[years])

    def felt(self, lat: Array, lon: Array) -> dict[str, Array]:
        """Return the depth of water at some places; 0 outside."""
        return {"depth_m": np.where(_inside(self.area, lat, lon), self.depth_m, 0.0)}

    def scatter(self, measure: str) -> tuple[float, float]:
        """Return the standard deviations of the logarithm: common to the event, and of each place."""
        return DEPTH_SPREAD, 0.0


@dataclass(frozen=True)
class Area:
    """An area in which each bridge, tunnel and port is out with the same probability.

    Attributes
    ----------
    area : str, Path or tuple of float
    intensity : float
        That probability, 0 to 1; repair takes as long as after extensive damage by an earthquake.
    """

    area: Where
    intensity: float

    def __post_init__(self) -> None:
        """Refuse an intensity that is no probability."""
        faults = _circled(self.area)
        if not 0 <= self.intensity <= 1:
            faults.append(f"intensity is {self.intensity:g}; a probability from 0 to 1 is needed")
        _raise(faults)

    def felt(self, lat: Array, lon: Array) -> dict[str, Array]:
        """Return the intensity at some places; 0 outside."""
        return {"intensity": np.where(_inside(self.area, lat, lon), self.intensity, 0.0)}

    def scatter(self, measure: str) -> tuple[float, float]:
        """Return the standard deviations of the logarithm: there are none."""
        return 0.0, 0.0


Event = Earthquake | Flood | Area


def event_words(event: Event) -> str:
    """Return an event in words.

    >>> event_words(Earthquake(42.0, 21.43, 6.1))
    'Earthquake of magnitude 6.1 at 42 N 21.43 E, 10 km deep'
    >>> event_words(Flood((45.0, 18.5, 20.0)))
    'Flood of 2 m within 20 km of 45 N 18.5 E'
    """
    if isinstance(event, Earthquake):
        spot = _spot(event.lat, event.lon)
        return f"Earthquake of magnitude {event.magnitude:g} at {spot}, {event.depth_km:g} km deep"
    if isinstance(event.area, tuple):
        where = f"within {event.area[2]:g} km of {_spot(event.area[0], event.area[1])}"
    else:
        where = f"in {Path(event.area).stem}"
    what = f"Flood of {event.depth_m:g} m" if isinstance(event, Flood) else f"Event of intensity {event.intensity:g}"
    return f"{what} {where}"


def _spot(lat: float, lon: float) -> str:
    lat, lon = round(lat, 2), round(lon, 2)
    return f"{abs(lat):g} {'N' if lat >= 0 else 'S'} {abs(lon):g} {'E' if lon >= 0 else 'W'}"


def felt_to_km(event: Earthquake, level_g: float) -> float:
    """Return how far from the epicentre the median peak ground acceleration is at least so high; 0 where nowhere.

    >>> round(felt_to_km(Earthquake(42.0, 21.43, 6.1), 0.1))
    25
    """

    def there(km: float) -> bool:
        far = math.hypot(km, event.depth_km)
        return far <= FARTHEST_KM and float(ground_motion(event.magnitude, far, site=event.site)) >= level_g

    if not there(0.0):
        return 0.0
    low, high = 0.0, FARTHEST_KM
    while high - low > 0.01:
        low, high = ((low + high) / 2, high) if there((low + high) / 2) else (low, (low + high) / 2)
    return low


def event_ring(lat: float, lon: float, km: float) -> tuple[Array, Array]:
    """Return longitudes and latitudes of a circle on the ellipsoid, from the north on."""
    turns = np.linspace(0.0, 360.0, 121)
    here = np.full(turns.shape, lon), np.full(turns.shape, lat)
    east, north, _ = _ellipsoid().fwd(*here, turns, np.full(turns.shape, km * 1000.0))
    return np.asarray(east), np.asarray(north)


def event_shape(area: Where) -> Any:
    """Return the polygons of an area, in degrees."""
    import shapely

    if isinstance(area, tuple):
        return shapely.Polygon(np.stack(event_ring(*area), axis=1))
    return _polygons(area)


def _placed(lat: float, lon: float) -> list[str]:
    known = -90 <= lat <= 90 and -180 <= lon <= 180
    return [] if known else [f"latitude and longitude are {lat:g}, {lon:g}; degrees are needed"]


def _circled(area: Where) -> list[str]:
    if not isinstance(area, tuple):
        return []
    if len(area) != 3:
        return [f"area has {len(area)} numbers; latitude, longitude and radius in km are needed"]
    faults = _placed(area[0], area[1])
    return faults if 0 < area[2] <= 5000 else [*faults, f"radius is {area[2]:g} km; it must be above 0, at most 5000"]


def _raise(faults: Sequence[str]) -> None:
    found: list[Finding] = [f for text in faults for f in InputError(text).findings]
    if found:
        raise InputError(found)


@cache
def _ellipsoid() -> Any:
    from pyproj import Geod

    return Geod(ellps="WGS84")


def _away_km(lat: float, lon: float, to_lat: Array, to_lon: Array) -> Array:
    """Return the distances from one place to others, on the ellipsoid."""
    here = np.full(to_lat.shape, lon), np.full(to_lat.shape, lat)
    return np.asarray(_ellipsoid().inv(*here, to_lon, to_lat)[2]) / 1000.0


def _inside(area: Where, lat: Array, lon: Array) -> Array:
    """Return which places lie in an area."""
    if isinstance(area, tuple):
        return np.asarray(_away_km(area[0], area[1], lat, lon) <= area[2])
    import shapely

    shape = _polygons(area)
    shapely.prepare(shape)
    return np.asarray(shapely.contains_xy(shape, lon, lat))


def _polygons(area: str | Path) -> Any:
    """Return the polygons of a file."""
    from mobility.scenario import polygons

    try:
        return polygons(Path(area))
    except InputError as error:
        raise InputError(f"{area} {error.findings[0].message}") from None


# ---- ground motion


class Motion(NamedTuple):
    """Coefficients of the ground-motion relation for one measure; `site` by ground type."""

    e1: float
    c1: float
    c2: float
    h: float
    b1: float
    b2: float
    b3: float
    site: Mapping[str, float]
    tau: float
    phi: float


MOTION = {
    "pga_g": Motion(
        4.366930, -1.752120, 0.150507, 7.321920, 0.144291, -0.0660811, 0.284211,
        {"A": 0.0, "B": 0.143778, "C": 0.231064, "D": 0.187402}, 0.195249, 0.284622,
    ),
    "sa10_g": Motion(
        4.011400, -1.395430, 0.0340614, 4.096680, 0.550001, -0.110860, 0.386023,
        {"A": 0.0, "B": 0.103026, "C": 0.336196, "D": 0.566463}, 0.274446, 0.309616,
    ),
}  # fmt: skip
"""Bindi et al. 2014 for hypocentral distance, ground types of Eurocode 8 and any style of faulting, from the electronic
supplement; decimal logarithms of cm/s2. Its anelastic term is 0 for both measures."""

GRAVITY_CM_S2 = 980.665


def ground_motion(magnitude: float, distance_km: Array | float, *, measure: str = "pga_g", site: str = "B") -> Array:
    """Return the median ground motion of Bindi et al. (2014), in g.

    Parameters
    ----------
    magnitude : float
        Moment magnitude.
    distance_km : ndarray of float or float
        From the hypocentre.
    measure : {"pga_g", "sa10_g"}
        Peak ground acceleration, or spectral acceleration at 1 s with 5 % damping.
    site : {"A", "B", "C", "D"}

    Returns
    -------
    ndarray of float

    Examples
    --------
    >>> round(float(ground_motion(6.5, 20.0)), 4)
    0.2246
    """
    c = MOTION[measure]
    r = np.hypot(distance_km, c.h)
    above = magnitude - 6.75
    size = c.b1 * above + c.b2 * above**2 if above < 0 else c.b3 * above
    log = c.e1 + size + (c.c1 + c.c2 * (magnitude - 5.5)) * np.log10(r) + c.site[site]
    return np.asarray(10.0**log / GRAVITY_CM_S2)


# ---- structures


class Curve(NamedTuple):
    """How one kind of structure fails and is repaired; the last four by state of damage, NaN where it has none."""

    id: str
    asset: str
    measure: str
    beta: float
    out_from: int
    median: tuple[float, ...]
    days: tuple[float, ...]
    days_sd: tuple[float, ...]

    def chance(self, median: Array, tau: float = 0.0, phi: float = 0.0, grid: Array | None = None) -> Array:
        """Return the probability of each state or worse, by state, then between-event term, then place.

        The scatter of places and that of the structures are independent of each other, so they add up.
        """
        from scipy.special import ndtr

        terms = np.zeros(1) if grid is None else grid
        with np.errstate(divide="ignore", invalid="ignore"):
            log = np.log(median)[None, None, :] + tau * terms[None, :, None]
            z = (log - np.log(self.median)[:, None, None]) / math.hypot(self.beta, phi)
            out = ndtr(z)
        out[np.isnan(self.median)] = 0.0
        out[:, :, median == 0] = 0.0
        return np.asarray(out)


def fragilities(net: Network) -> pd.DataFrame:
    """Return ``fragility.csv`` of a network, or the shipped one where it has none.

    Examples
    --------
    >>> import mobility as mb
    >>> fragilities(mb.load()).set_index("fragility_id").loc["quake-tunnel-road", "slight"].item()
    0.6
    """
    own = net.table("fragility")
    return _shipped_fragilities() if own.empty else own


@cache
def _shipped_fragilities() -> pd.DataFrame:
    table, findings = read_csv(shipped() / "fragility.csv", "fragility", "fragility.csv")
    if table is None:
        raise InputError(findings)
    return table.frame


def _pick(table: pd.DataFrame, hazard: str, asset: str, mode: str, road_class: str) -> Any:
    """Return the row for a kind of structure, the one that names the road class before one for all; else None."""
    fits = (table["hazard"] == hazard) & (table["asset"] == asset) & table["mode"].isin([mode, "any"])
    rows = list(table[fits].itertuples(index=False))
    for named in (True, False):
        for row in rows:
            classes = split(row[table.columns.get_loc("class")])
            if (road_class in classes) if named else not classes:
                return row
    return None


def _curve(row: Any, event: Event) -> Curve:
    return Curve(
        str(row.fragility_id), str(row.asset), "intensity" if isinstance(event, Area) else str(row.measure),
        float(row.beta), STATES.index(row.out_from) + 1, tuple(float(getattr(row, s)) for s in STATES),
        tuple(float(getattr(row, f"{s}_days")) for s in STATES),
        tuple(float(getattr(row, f"{s}_days_sd")) for s in STATES),
    )  # fmt: skip


def named_tunnels(text: str) -> int:
    """Return how many tunnels a text of long tunnels names: one for each length in it, at least one.

    >>> named_tunnels("Vitinya 1.2 km; Topli dol 0.9 km"), named_tunnels("Many short tunnels"), named_tunnels("")
    (2, 1, 0)
    """
    if not text or text.casefold().startswith("none"):
        return 0
    return max(1, len(re.findall(r"\d\s*km", text)))


def pieces(line: Any, length_km: float) -> tuple[Array, Array, float]:
    """Return latitude and longitude of the middle of each piece of a line, and the km that a piece stands for.

    There is one piece for each kilometre begun; the stated length is spread along the drawn line.
    """
    x, y = np.asarray(line.coords)[:, :2].T
    step = np.asarray(_ellipsoid().inv(x[:-1], y[:-1], x[1:], y[1:])[2])
    along = np.concatenate([[0.0], np.cumsum(step)])
    count = max(1, math.ceil(length_km - 1e-9))
    at = (np.arange(count) + 0.5) / count * along[-1]
    return np.interp(at, along, y), np.interp(at, along, x), length_km / count


class Hit(NamedTuple):
    """Structures of one kind in the hazard on one unit: how many at each place, and the median intensity there."""

    unit: int
    curve: Curve
    number: Array
    median: Array


@dataclass(frozen=True, eq=False)
class Exposure:
    """What an event can put out of use.

    Attributes
    ----------
    ids : tuple of str
        A link or structure each, then ``port:NODE`` for each port, with all sea and river links that call there.
    rows : tuple of tuple of int
        Rows of ``links``.
    hits : tuple of Hit
        By unit.
    intensity, exposed_km, structures : ndarray of float
        By row of ``links``: the highest median intensity along it, the km in the hazard, structures there.
    table : ndarray of float
        Probability by state, by between-event term of `grid`, by hit.
    grid : ndarray of float
    probability : ndarray of float
        Of each unit, to be out.
    """

    ids: tuple[str, ...]
    rows: tuple[tuple[int, ...], ...]
    hits: tuple[Hit, ...]
    intensity: Array
    exposed_km: Array
    structures: Array
    table: Array
    grid: Array
    probability: Array

    def failures(self) -> Failures:
        """Return the units as independent failures, each with its own probability."""
        ports = tuple(i for i in self.ids if i.startswith("port:"))
        return Failures(self.ids, self.rows, self.probability, (), ports)

    @property
    def of_unit(self) -> Array:
        """The first hit of each unit."""
        return np.searchsorted([h.unit for h in self.hits], np.arange(len(self.ids)))


def exposure(net: Network, event: Event, *, correlated: bool = True, usable: Array | None = None) -> Exposure:
    """Return the links that an event can put out of use, and how likely that is.

    Parameters
    ----------
    net : Network
    event : Earthquake, Flood or Area
    correlated : bool
        Whether what is common to the event hits all structures together; otherwise each has its own.
    usable : ndarray of bool, optional
        Rows of ``links`` to look at; left out: those that are operational.

    Returns
    -------
    Exposure

    Examples
    --------
    >>> import mobility as mb
    >>> near = exposure(mb.load(), mb.Earthquake(41.9965, 21.4314, 6.1))
    >>> bool((near.probability > 0.5).any()), bool((near.probability <= 1).all())
    (True, True)
    """
    links = net.table("links")
    if usable is None:
        usable = (links["status"] == "operational").to_numpy()
    kinds = "earthquake" if isinstance(event, Area) else type(event).__name__.lower()
    fragile = fragilities(net)
    find = cache(lambda asset, mode, cls, hazard: _pick(fragile, hazard, asset, mode, cls))
    intensity, exposed, structures = (np.zeros(len(links)) for _ in range(3))
    ids: list[str] = []
    rows: list[tuple[int, ...]] = []
    hits: list[Hit] = []
    lines = net.links.geometry.to_numpy() if usable.any() else []
    of_link: dict[int, list[tuple[Curve, Array, Array]]] = {}
    for row in np.flatnonzero(usable & links["mode"].isin(["road", "rail"]).to_numpy()).tolist():
        link = links.iloc[row]
        lat, lon, km = pieces(lines[row], float(link["length_km"]))
        felt = event.felt(lat, lon)
        main = next(iter(felt.values()))
        if not main.any():
            continue
        intensity[row], exposed[row] = main.max(), km * np.count_nonzero(main)
        for asset in ("bridge", "tunnel", "embankment"):
            curve, per_km = _kind(find, link, asset, kinds)
            if curve is None or not per_km or (asset == "embankment" and isinstance(event, Area)):
                continue
            one = _curve(curve, event)
            at = felt[one.measure]
            inside = at > 0
            structures[row] += per_km * km * inside.sum()
            of_link.setdefault(row, []).append((one, np.full(inside.sum(), per_km * km), at[inside]))
    for unit in units(net):
        found = [hit for r in unit.rows for hit in of_link.get(r, ())]
        if found:
            hits += [Hit(len(ids), *hit) for hit in found]
            ids.append(unit.id)
            rows.append(unit.rows)
    for node, touching in _ports(net, usable).items():
        place = net.table("nodes").iloc[net.node_index[node]]
        felt = event.felt(np.array([float(place["lat"])]), np.array([float(place["lon"])]))
        curve = find("port", "any", "", kinds)
        if curve is not None and next(iter(felt.values())).any():
            one = _curve(curve, event)
            hits.append(Hit(len(ids), one, np.ones(1), felt[one.measure]))
            ids.append(f"port:{node}")
            rows.append(touching)
            intensity[list(touching)] = np.maximum(intensity[list(touching)], next(iter(felt.values()))[0])
            structures[list(touching)] += 1
    return _likely(event, correlated, ids, rows, hits, intensity, exposed, structures)


def _kind(find: Callable[..., Any], link: Any, asset: str, hazard: str) -> tuple[Any, float]:
    """Return the row of the curve for a kind of structure on a link, and how many stand on a kilometre."""
    mode, cls, long = str(link["mode"]), str(link["class"]), str(link["long_tunnels"])
    if mode == "rail":
        mountain = link["max_gradient_permille"] >= RAIL_MOUNTAIN_PERMILLE
    else:
        mountain = link["speed_kmh"] <= ROAD_MOUNTAIN_KMH or named_tunnels(long) > 0
    count = find(asset, mode, cls, "any")
    per_km = 0.0 if count is None else float(count.mountain_per_km if mountain else count.per_km)
    if asset == "tunnel":
        per_km += named_tunnels(long) / float(link["length_km"])
    return find(asset, mode, cls, hazard), per_km


def _ports(net: Network, usable: Array) -> dict[str, tuple[int, ...]]:
    """Return the usable links by water that touch each port, by row."""
    links = net.table("links")
    nodes = net.table("nodes")
    known = set(net.table("ports")["node_id"].tolist()) | set(nodes["node_id"][nodes["kind"] == "seaport"].tolist())
    out: dict[str, list[int]] = {}
    for row in np.flatnonzero(usable & links["mode"].isin(["sea", "waterway"]).to_numpy()).tolist():
        for node in dict.fromkeys((links["from_node"].iat[row], links["to_node"].iat[row])):
            if node in known:
                out.setdefault(str(node), []).append(row)
    return {node: tuple(rows) for node, rows in out.items()}


def _likely(
    event: Event, correlated: bool, ids: list[str], rows: list[tuple[int, ...]], hits: list[Hit], intensity: Array,
    exposed: Array, structures: Array,
) -> Exposure:  # fmt: skip
    """Return the exposure with the probability of each state of each hit, and of each unit to be out."""
    grid = GRID if correlated and not isinstance(event, Area) else np.zeros(1)
    table = np.zeros((len(STATES), len(grid), len(hits)))
    for h, hit in enumerate(hits):
        if isinstance(event, Area):
            each = np.repeat(hit.median[None, None, :], len(STATES), axis=0)
            each[STATES.index("complete")] = 0.0
        else:
            tau, phi = event.scatter(hit.curve.measure)
            tau, phi = (tau, phi) if correlated else (0.0, math.hypot(tau, phi))
            each = hit.curve.chance(hit.median, tau, phi, grid)
        with np.errstate(divide="ignore"):
            table[:, :, h] = -np.expm1((np.log1p(-each) * hit.number).sum(axis=2))
    table = np.minimum.accumulate(table, axis=0)
    weight = np.exp(-0.5 * grid**2)
    weight /= weight.sum()
    stands = np.ones((len(grid), len(ids)))
    for h, hit in enumerate(hits):
        stands[:, hit.unit] *= 1.0 - table[hit.curve.out_from - 1, :, h]
    probability = weight @ (1.0 - stands)
    kept = np.flatnonzero(probability >= LEAST)
    new = {int(old): i for i, old in enumerate(kept)}
    chosen = [h for h, hit in enumerate(hits) if hit.unit in new]
    return Exposure(
        tuple(ids[u] for u in kept), tuple(rows[u] for u in kept),
        tuple(hits[h]._replace(unit=new[hits[h].unit]) for h in chosen), intensity, exposed, structures,
        table[:, :, chosen], grid, probability[kept],
    )  # fmt: skip


def sample_days(found: Exposure, seed: int, block: int) -> Array:
    """Return for each sample of a block and each unit the days that it is out; 0 where it is not.

    One between-event term for all structures of a sample, all else independent. The block has a stream of its own.
    """
    hits = found.hits
    if not hits:
        return np.zeros((BLOCK, 0))
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(block,))))
    term = rng.standard_normal(BLOCK)
    level, luck = rng.random((BLOCK, len(hits))), rng.standard_normal((BLOCK, len(hits)))
    grid = found.grid
    if len(grid) == 1:
        chance = np.broadcast_to(found.table, (len(STATES), BLOCK, len(hits)))
    else:
        at = np.clip((term - grid[0]) / (grid[1] - grid[0]), 0, len(grid) - 1)
        low = np.minimum(at.astype(np.int64), len(grid) - 2)
        part = (at - low)[None, :, None]
        chance = found.table[:, low] * (1.0 - part) + found.table[:, low + 1] * part
    state = (level[None] < chance).sum(axis=0)
    mean = np.array([(0.0, *h.curve.days) for h in hits])
    spread = np.array([(0.0, *h.curve.days_sd) for h in hits])
    column = np.arange(len(hits))
    days = np.maximum(SOONEST_DAYS, mean[column, state] + spread[column, state] * luck)
    days = np.where(state >= np.array([h.curve.out_from for h in hits]), days, 0.0)
    return np.asarray(np.maximum.reduceat(days, found.of_unit, axis=1))


# ---- answers


@dataclass(frozen=True)
class LinkRisk:
    """A link that the event can put out of use.

    Attributes
    ----------
    probability : float
        Of being out, by its own structures or with a port at its end.
    intensity : float
        The highest median along the link: peak ground acceleration in g, depth in m, or the plain intensity.
    exposed_km, structures : float
        Kilometres in the hazard, and structures that are supposed there.
    """

    link_id: str
    probability: float
    intensity: float
    exposed_km: float
    structures: float


@dataclass(frozen=True)
class Recovery:
    """Share of the throughput that is there on a day after the event: mean and quantiles over the samples."""

    day: float
    mean: float
    p10: float
    p50: float
    p90: float


@dataclass(frozen=True)
class Repair:
    """One repair: who does it when, and the share of the throughput once it is done."""

    unit: str
    links: tuple[str, ...]
    days: float
    crew: int
    start_day: float
    end_day: float
    share: float


@dataclass(frozen=True)
class RepairPlan:
    """In which order to repair the damage of one bad sample: the P90 of the loss, of the samples that lose anything.

    Attributes
    ----------
    crews : int
    share : float
        Of the throughput before the first repair.
    steps : tuple of Repair
        In the order in which they begin.
    triangle_days : float
        Days of full throughput that are lost until all is repaired: the resilience triangle.
    proven : bool
        Whether no order loses less; otherwise the order is a greedy one.
    """

    crews: int
    share: float
    steps: tuple[Repair, ...]
    triangle_days: float
    proven: bool


@dataclass(frozen=True, repr=False)
class HazardLoss(Answer):
    """What an event takes from a connection, over many samples of its damage.

    Attributes
    ----------
    event : Earthquake, Flood or Area
    time_h, vehicles_per_day : float or None
        With everything in place.
    runs : int
    connection : Share or None
        Of the samples in which a route is left.
    delay : Spread or None
        Hours over `time_h`, of the samples that have a route.
    lost : Spread or None
        Vehicles a day less, right after the event.
    links : tuple of LinkRisk
        Most likely to be out first.
    curve : tuple of Recovery
        All repairs begin at once.
    triangle_days, full_days : Spread or None
        Days of full throughput lost until all is repaired, and the day from which nothing is lost.
    plan : RepairPlan or None
        None where no sample loses anything.
    failures : Failures
        What can be out, with the probability of each unit by itself.
    """

    event: Event
    time_h: float | None = None
    vehicles_per_day: float | None = None
    runs: int = 0
    connection: Share | None = None
    delay: Spread | None = None
    lost: Spread | None = None
    links: tuple[LinkRisk, ...] = ()
    curve: tuple[Recovery, ...] = ()
    triangle_days: Spread | None = None
    full_days: Spread | None = None
    plan: RepairPlan | None = None
    failures: Failures | None = field(default=None, repr=False)

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        if self.lost is None or not self.vehicles_per_day:
            return "no route"
        base, late = self.vehicles_per_day, self.delay.mean if self.delay else 0.0
        lost = f"{self.lost.mean / base:.0%} of the throughput lost, P90 {self.lost.quantiles['p90'] / base:.0%}"
        return f"{lost}; fastest route {late:.1f} h longer" if late >= 0.05 else lost

    def to_frame(self) -> pd.DataFrame:
        """Return one row per link that the event can put out of use."""
        return pd.DataFrame([asdict(x) for x in self.links], columns=list(LinkRisk.__dataclass_fields__)).set_index(
            "link_id"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "event": event_dict(self.event), "runs": self.runs, "seed": self.question["seed"],
            "base": {"time_h": self.time_h, "vehicles_per_day": self.vehicles_per_day},
            "connection": asdict(self.connection) if self.connection else None,
            "delay_h": _plain(self.delay), "lost_vehicles_per_day": _plain(self.lost),
            "links": [asdict(x) for x in self.links], "recovery": [asdict(x) for x in self.curve],
            "triangle_days": _plain(self.triangle_days), "full_days": _plain(self.full_days),
            "repair": {**asdict(self.plan), "steps": [{**asdict(s), "links": list(s.links)} for s in self.plan.steps]}
            if self.plan else None,
            "caveat": CAVEAT, "question": dict(self.question),
        }  # fmt: skip


def event_dict(event: Event) -> dict[str, Any]:
    """Return an event as JSON holds it.

    >>> event_dict(Flood((45.0, 18.5, 20.0)))
    {'kind': 'flood', 'area': [45.0, 18.5, 20.0], 'depth_m': 2.0}
    """
    values = asdict(event)
    if "area" in values:
        values["area"] = list(values["area"]) if isinstance(values["area"], tuple) else str(values["area"])
    return {"kind": type(event).__name__.lower(), **values}


def _plain(spread: Spread | None) -> dict[str, Any] | None:
    if spread is None:
        return None
    out = asdict(spread)
    out["intervals"] = {k: list(v) for k, v in spread.intervals.items()}
    out["histogram"] = {"edges": list(out.pop("edges")), "counts": list(out.pop("counts"))}
    return out


def hazard(
    net: Network,
    origin: str | Iterable[str],
    destination: str | Iterable[str],
    *,
    event: Event,
    runs: int = 2_000,
    seed: int = 1,
    crews: int = 2,
    correlated: bool = True,
    **options: Unpack[Options],
) -> HazardLoss:
    """Sample the damage of an earthquake, a flood or another hazard: what is lost at once, and when it is back.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str
    event : Earthquake, Flood or Area
    runs, seed : int
        Samples; the same seed gives the same answer.
    crews : int
        Repairs at a time in the plan of repairs.
    correlated : bool
        Whether all structures of a sample share what is common to the event.
    **options
        See :class:`mobility.arcs.Options`.

    Returns
    -------
    HazardLoss

    Raises
    ------
    InputError
        With everything that is not understood.

    Notes
    -----
    A link is out with probability 1 - product over its structures in the hazard, a kilometre at a time. Numbers of
    structures on a kilometre are estimates, and their curves those of classes (``fragility.csv``). Not in it: faults
    that break the surface, liquefaction, landslides, aftershocks.

    Examples
    --------
    >>> import mobility as mb
    >>> skopje = mb.Earthquake(41.9965, 21.4314, 6.1)
    >>> answer = mb.hazard(mb.load(), "Durrës", "Sofia", event=skopje, modes="road", runs=50)
    >>> answer.links[0].probability > 0.5, answer.curve[-1].mean
    (True, 1.0)
    """
    faults = []
    if not isinstance(event, Event):
        faults.append(f"event is a {type(event).__name__}; an Earthquake, Flood or Area is needed")
    if not isinstance(runs, int) or not 1 <= runs <= MOST_RUNS:
        faults.append(f"runs is {runs}; it must be a whole number from 1 to {MOST_RUNS}")
    if not isinstance(seed, int) or seed < 0:
        faults.append(f"seed is {seed}; it must be a whole number, 0 or more")
    if not isinstance(crews, int) or not 1 <= crews <= 1000:
        faults.append(f"crews is {crews}; it must be a whole number from 1 to 1000")
    wrong = [f for text in faults for f in InputError(text).findings]
    try:
        origins, destinations, _, arcs = prepare(net, origin, destination, (), options)
    except InputError as error:
        raise InputError(wrong + error.findings) from None
    if wrong:
        raise InputError(wrong)
    found = exposure(arcs.net, event, correlated=correlated, usable=arcs.link_open)
    question = describe(
        arcs, origins, destinations, event=event_dict(event), runs=runs, seed=seed, crews=crews, correlated=correlated
    )
    fails = found.failures()
    case = prepare_case(arcs, origins, destinations, fails)
    if case is None:
        return HazardLoss(net, question, "no_route", event, links=_risks(arcs, found), failures=fails)
    days = np.concatenate([sample_days(found, seed, b) for b in range(-(-runs // BLOCK))])[:runs]
    usual = case.route(frozenset())[1]
    connected, hours, flow, base = _after(case, days)
    delay = np.maximum(0.0, np.round(hours[connected] - usual, 9))
    back = _recoveries(case, days, flow, base)
    return HazardLoss(
        net, question, "ok", event, time_h=usual, vehicles_per_day=base / case.unit, runs=runs,
        connection=share_of(int(connected.sum()), runs), delay=spread_of(delay),
        lost=spread_of((base - flow) / case.unit), links=_risks(arcs, found), curve=_curve_of(back),
        triangle_days=spread_of(np.array([b.triangle for b in back])),
        full_days=spread_of(np.array([b.full for b in back])),
        plan=_plan(arcs, case, fails, days, flow, base, crews), failures=fails,
    )  # fmt: skip


def _risks(arcs: Arcs, found: Exposure) -> tuple[LinkRisk, ...]:
    """Return the links that can be out, the likeliest first."""
    weight = np.exp(-0.5 * found.grid**2)
    weight /= weight.sum()
    stands: dict[int, Array] = {}
    for h, hit in enumerate(found.hits):
        for row in found.rows[hit.unit]:
            if arcs.link_open[row]:
                up = stands.setdefault(row, np.ones(len(found.grid)))
                up *= 1.0 - found.table[hit.curve.out_from - 1, :, h]
    ids = arcs.net.table("links")["link_id"]
    out = [
        LinkRisk(
            str(ids.iat[row]), float(weight @ (1.0 - up)), float(found.intensity[row]), float(found.exposed_km[row]),
            float(found.structures[row]),
        )
        for row, up in stands.items()
    ]  # fmt: skip
    return tuple(sorted(out, key=lambda x: (-x.probability, x.link_id)))


def _block(sets: Sequence[Sequence[int]]) -> Block:
    """Return sets of units as samples."""
    ends = np.concatenate([[0], np.cumsum([len(s) for s in sets])]).astype(np.int64)
    what = np.array([u for s in sets for u in s], np.int64)
    return Block(ends, what, np.zeros(len(what)))


def _flows(case: Case, by: Sampler, sets: Sequence[Sequence[int]]) -> tuple[Array, Array, Array]:
    """Return for each set of units that are out whether there is a route, its hours, and the flow."""
    parts = []
    for start in range(0, len(sets), BLOCK):
        block = _block(sets[start : start + BLOCK])
        state, hours, flow = by.answer(*block)
        for i in np.flatnonzero(state == UNSURE).tolist():
            state[i], hours[i] = case.route(case.out(block, i))
        found = state == FOUND
        parts.append((found, hours, np.where(found, flow, 0)))
    connected, hours, flow = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return connected, hours, flow


def _after(case: Case, days: Array) -> tuple[Array, Array, Array, int]:
    """Return of each sample what is left right after the event, and the flow with everything in place."""
    sets = [np.flatnonzero(row).tolist() for row in days]
    connected, hours, flow = _flows(case, sampler(case, len(sets)), [[], *sets])
    return connected[1:], hours[1:], flow[1:], int(flow[0])


class _Back(NamedTuple):
    """How the throughput of one sample comes back: from each hour the share that is there."""

    times: Array
    shares: Array

    def at(self, day: float) -> float:
        """Return the share on a day."""
        return float(self.shares[np.searchsorted(self.times, day, side="right")])

    @property
    def triangle(self) -> float:
        """Days of full throughput that are lost."""
        return float(((1.0 - self.shares[:-1]) * np.diff(self.times, prepend=0.0)).sum())

    @property
    def full(self) -> float:
        """The day from which nothing is lost."""
        short = np.flatnonzero(self.shares < 1.0)
        return float(self.times[short[-1]]) if len(short) else 0.0


def _recoveries(case: Case, days: Array, flow: Array, base: int) -> list[_Back]:
    """Return how each sample comes back when all repairs begin at once; one that lost nothing needs no look."""
    by: Sampler | None = None
    out_of = []
    for row, left in zip(days, flow.tolist(), strict=True):
        out = np.flatnonzero(row)
        if left == base:
            out_of.append(_Back(np.empty(0), np.ones(1)))
            continue
        order = out[np.argsort(row[out], kind="stable")]
        done = np.unique(np.linspace(1, len(order), min(len(order), STEPS)).round().astype(np.int64))
        values = [left]
        if len(done) > 1:
            by = by or sampler(case, len(days) * len(done), time=False)
            values += _flows(case, by, [order[i:].tolist() for i in done[:-1]])[2].tolist()
        out_of.append(_Back(row[order[done - 1]], np.array([*values, base], float) / base))
    return out_of


def _curve_of(back: Sequence[_Back]) -> tuple[Recovery, ...]:
    """Return the curve on the days of `DAYS` and on the day from which all samples are whole."""
    last = math.ceil(max(b.full for b in back))
    out = []
    for day in [d for d in DAYS if d < last] + [last]:
        shares = np.sort([b.at(day) for b in back])
        p10, p50, p90 = (float(shares[max(0, math.ceil(len(shares) * q - 1e-9) - 1)]) for q in (0.1, 0.5, 0.9))
        out.append(Recovery(day, float(shares.mean()), p10, p50, p90))
    return tuple(out)


# ---- the order of repairs


def _plan(
    arcs: Arcs, case: Case, fails: Failures, days: Array, flow: Array, base: int, crews: int
) -> RepairPlan | None:
    """Return the order of repairs for the sample at the P90 of the loss, of those that lose anything."""
    losing = np.flatnonzero(flow < base)
    if not len(losing):
        return None
    worse = losing[np.argsort(-flow[losing], kind="stable")]
    bad = int(worse[math.ceil(0.9 * len(worse) - 1e-9) - 1])
    out = np.flatnonzero(days[bad]).tolist()
    fast = len(flow) >= COMPILE_RUNS  # the compiled kernels are loaded then
    whole = _maximum(case, case.capacity, fast)
    known: dict[frozenset[int], float] = {}

    def share(closed: frozenset[int]) -> float:
        if closed not in known:
            taken = sorted({a for u in closed for a in case.taken[u]})
            known[closed] = 1.0 - whole.losses([taken])[0] / base
        return known[closed]

    length = {u: float(days[bad, u]) for u in out}
    order, proven = repair_order(length, share, crews, _quickest_way(case, length, fast))
    steps, triangle = schedule(order, length, share, crews)
    ids = arcs.net.table("links")["link_id"]
    named = tuple(
        Repair(
            fails.ids[u],
            tuple(str(ids.iat[r]) for r in fails.rows[u] if arcs.link_open[r]),
            done,
            crew,
            start,
            end,
            then,
        )
        for u, done, crew, start, end, then in steps
    )
    return RepairPlan(crews, share(frozenset(out)), named, triangle, proven)


def _maximum(case: Case, capacity: Array, fast: bool) -> Flow:
    """Return a maximum flow."""
    graph = case.graph
    if fast:
        from mobility.compiled import CompiledFlow

        ask = graph.size, graph.tail, graph.head, capacity, graph.weight, graph.source, graph.sink
        flow: Flow = CompiledFlow(*ask)
    else:
        flow = graph.flow(capacity)
    flow.maximum()
    return flow


def _quickest_way(case: Case, length: Mapping[int, float], fast: bool) -> Callable[[frozenset[int]], frozenset[int]]:
    """Return what finds the units that have to be repaired together, in the fewest days, to let more through.

    They lie on a shortest augmenting path, days of repair being its length; without one nothing is lost any more.
    """
    graph = case.graph
    tail, head = np.concatenate([graph.tail, graph.head]), np.concatenate([graph.head, graph.tail])

    def way(closed: frozenset[int]) -> frozenset[int]:
        weight = np.ones(len(tail), np.int64)
        left = case.capacity.copy()
        of: dict[int, list[int]] = {}
        for u in closed:
            for a in case.taken[u]:
                weight[a] += round(length[u] * 1e6)
                of.setdefault(a, []).append(u)
                left[a] = 0
        sent = _maximum(case, left, fast).flows()
        full = np.flatnonzero(np.concatenate([case.capacity <= sent, sent == 0])).tolist()
        found = PlainRouter(graph.size, tail, head, weight, graph.sink).shortest(graph.source, set(full))
        return frozenset(u for a in (found[1] if found else ()) for u in of.get(a, ()))

    return way


def schedule(
    order: Sequence[int], length: Mapping[int, float], share: Callable[[frozenset[int]], float], crews: int
) -> tuple[list[tuple[int, float, int, float, float, float]], float]:
    """Return who repairs what when, each unit by the first crew that is free, and the days of throughput lost.

    Returns
    -------
    list of tuple
        Unit, days, crew from 1 on, start, end, and the share of the throughput after the end.
    float
        The integral of what is lost, in days of full throughput.

    Examples
    --------
    >>> steps, lost = schedule([0, 1], {0: 2.0, 1: 3.0}, lambda out: 1 - 0.5 * len(out), 1)
    >>> [s[4] for s in steps], lost
    ([2.0, 5.0], 3.5)
    """
    free = [(0.0, c) for c in range(1, crews + 1)]
    begun = []
    for u in order:
        start, crew = heapq.heappop(free)
        begun.append((u, crew, start, start + length[u]))
        heapq.heappush(free, (start + length[u], crew))
    closed, now, lost = frozenset(order), 0.0, 0.0
    after: dict[int, float] = {}
    for u, _, _, end in sorted(begun, key=lambda x: x[3]):
        lost += (end - now) * (1.0 - share(closed))
        now, closed = end, closed - {u}
        after[u] = share(closed)
    return [(u, length[u], crew, start, end, after[u]) for u, crew, start, end in begun], lost


def repair_order(
    length: Mapping[int, float],
    share: Callable[[frozenset[int]], float],
    crews: int,
    way: Callable[[frozenset[int]], frozenset[int]] | None = None,
) -> tuple[list[int], bool]:
    """Return in which order to repair so that least throughput is lost, and whether that is proven.

    Parameters
    ----------
    length : mapping of int to float
        Days of repair by damaged unit.
    share : callable
        The share of the throughput when some units are out.
    crews : int
    way : callable, optional
        Units that have to be repaired together to let more through, where no single one restores anything.

    Returns
    -------
    list of int
    bool

    Notes
    -----
    Up to six units every order is tried; since a crew that could work never idles in a best plan, that is exact. For
    more of them the next one is always that which restores most for each day of repair, alone or with what else its
    way needs.

    Examples
    --------
    >>> repair_order({0: 10.0, 1: 1.0}, lambda out: 1 - 0.5 * len(out), 1)
    ([1, 0], True)
    """
    if len(length) <= EXACT:
        orders = map(list, permutations(sorted(length)))
        return min(orders, key=lambda o: (round(schedule(o, length, share, crews)[1], 9), o)), True
    closed, order = frozenset(length), list[int]()
    while closed:
        here = share(closed)
        bundles = [frozenset([u]) for u in sorted(closed)]
        if way is not None:
            together = way(closed)
            if not together:  # nothing that is out matters any more
                return order + sorted(closed, key=lambda u: (length[u], u)), False
            bundles = [together] if len(closed) > SINGLES else [*bundles, together]

        def rate(bundle: frozenset[int], closed: frozenset[int] = closed, here: float = here) -> float:
            return (share(closed - bundle) - here) / sum(length[u] for u in bundle) if bundle else 0.0

        best = max(bundles, key=rate)
        if rate(best) <= 1e-12:  # nothing matters by itself, and what does together is not known
            best = min(bundles, key=lambda bundle: sorted((length[u], u) for u in bundle))
        order += sorted(best, key=lambda u: (length[u], u))
        closed -= best
    return order, False
