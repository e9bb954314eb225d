"""Vehicles, and whether a link carries one.

A vehicle is asked in the form in which it moves: by road on its own wheels or tracks or on a transporter, by
rail on its wagon, by ship as it stands. Structural limits block; legal and procedural ones ask for a permit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from mobility.errors import Finding, InputError, did_you_mean, fold
from mobility.march import trailing_t
from mobility.network import Network, shipped
from mobility.schema import LINE_CATEGORY, VEHICLE_SECTIONS, columns, entry, estimate_range, read_toml, split

MODES = ("road", "rail", "sea", "waterway")

LEGAL_ENVELOPE: Mapping[str, float] = {"mass_t": 44.0, "length_m": 18.75, "width_m": 2.55, "height_m": 4.0}
"""Directive 96/53/EC: a vehicle beyond one of these moves by road with a permit (oversize)."""

LEGAL_AXLE_T = 10.0
"""A road's axle limit of at least this is the legal one (10 t, 11.5 t driven): a heavier axle asks for a permit.
A lower limit is posted for a weak road or bridge, and blocks."""

ROAD_LOAD = ("mlc_wheeled", "mlc_tracked", "max_mass_t")
"""Of these a road must state one that can be compared with the vehicle."""

MUST_BE_KNOWN = ("mlc_wheeled", "mlc_tracked", "max_axle_t", "max_metre_load_t")
"""Limits that are not taken for granted where the table is silent; an axle limit only on railways."""

GAUGE_ORDER = ("G1", "GA", "GB", "GC")
DEFAULT_GAUGE_MM = 1435.0

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Wagon:
    """A railway wagon: length over buffers, axles, tare."""

    name: str
    length_m: float
    axles: int
    tare_t: float
    gauge_mm: float = DEFAULT_GAUGE_MM
    max_speed_kmh: float | None = None
    source: str = ""
    confidence: str = ""
    estimated: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Vehicle:
    """A vehicle in the form in which it moves.

    Attributes
    ----------
    mass_t, length_m, width_m, height_m : float or None
        As laden on the road, or as it stands on wagon and ship.
    axle_t : float or None
        Largest axle load on the road.
    mlc_wheeled, mlc_tracked : float or None
        Military load class of the road form; the one that applies.
    road_speed_kmh : float or None
        Its own speed on the road.
    lane_m : float
        Lane metres aboard ship.
    wagon : Wagon or None
        What carries it by rail, `per_wagon` at a time and `per_train` to a train.
    transporter : Vehicle or None
        What carries it by road.
    modes : tuple of str
        Modes open to it.
    gauge_profile : str
        Loading gauge it needs on its wagon.
    """

    name: str
    title: str = ""
    kind: str = ""
    length_m: float | None = None
    width_m: float | None = None
    height_m: float | None = None
    mass_t: float | None = None
    axle_t: float | None = None
    mlc_wheeled: float | None = None
    mlc_tracked: float | None = None
    road_speed_kmh: float | None = None
    lane_m: float = 1.0
    wagon: Wagon | None = None
    per_wagon: int = 1
    per_train: int = 30
    transporter: Vehicle | None = None
    modes: tuple[str, ...] = MODES
    gauge_profile: str = ""
    source: str = ""
    confidence: str = ""
    estimated: tuple[str, ...] = ()
    note: str = ""

    @property
    def road_form(self) -> Vehicle:
        """The vehicle that stands on the road: the transporter, if there is one."""
        return self.transporter or self

    @property
    def tonnes(self) -> float:
        """Mass of one vehicle for counting tonnes; 1 for ``any``."""
        return self.mass_t if self.mass_t is not None else 1.0

    @property
    def gross_wagon_t(self) -> float | None:
        """Mass of the laden wagon."""
        if self.wagon is None or self.mass_t is None:
            return None
        return self.wagon.tare_t + self.per_wagon * self.mass_t

    @property
    def rail_axle_t(self) -> float | None:
        """Axle load of the laden wagon."""
        gross = self.gross_wagon_t
        return None if gross is None or self.wagon is None else gross / self.wagon.axles

    @property
    def rail_metre_t(self) -> float | None:
        """Mass per metre over buffers of the laden wagon."""
        gross = self.gross_wagon_t
        return None if gross is None or self.wagon is None else gross / self.wagon.length_m

    def oversize(self) -> list[str]:
        """Return the dimensions of the road form that exceed what is legal without a permit."""
        form = self.road_form
        return [k for k, limit in LEGAL_ENVELOPE.items() if (getattr(form, k) or 0) > limit]

    def needs(self, mode: str) -> dict[str, float]:
        """Return what the vehicle asks of a link of `mode`: limit column to the value it must reach.

        Examples
        --------
        >>> vehicle("tank-on-6-axle-wagon").needs("rail")["max_axle_t"] < 18
        True
        """
        if mode == "road":
            form = self.road_form
            pairs = {
                "mlc_wheeled": form.mlc_wheeled, "mlc_tracked": form.mlc_tracked, "max_mass_t": form.mass_t,
                "max_axle_t": form.axle_t, "max_height_m": form.height_m, "max_width_m": form.width_m,
                "max_length_m": form.length_m,
            }  # fmt: skip
        elif mode == "rail":
            pairs = {
                "max_axle_t": self.rail_axle_t, "max_metre_load_t": self.rail_metre_t,
                "max_mass_t": self.gross_wagon_t, "max_height_m": self.height_m, "max_width_m": self.width_m,
                "gauge_mm": self.wagon.gauge_mm if self.wagon else None,
            }  # fmt: skip
        else:
            pairs = {"max_mass_t": self.mass_t, "max_height_m": self.height_m, "max_width_m": self.width_m}
        return {k: float(v) for k, v in pairs.items() if v is not None}

    def fits(self, net: Network, link_id: str, *, estimates: str = "strict") -> Fit:
        """Return whether one link carries the vehicle, and why not.

        Raises
        ------
        InputError
            When there is no such link.
        """
        row = net.link_index[net.find_link(link_id)]
        screened = screen(net, self, estimates=estimates)
        faults = tuple(screened.blocked(row))
        verdict: Literal["allowed", "blocked", "unknown"]
        verdict = "blocked" if faults else "unknown" if screened.unknown[row] else "allowed"
        return Fit(verdict, faults, tuple(screened.permits(row)))


ANY = Vehicle("any", title="any load: no limits, 1 t and 1 lane metre each, 30 to a train")


@dataclass(frozen=True)
class Block:
    """A limit of a link that a vehicle does not meet, or that asks for a permit."""

    link_id: str
    limit: str
    value: float | str | None
    required: float | str | None

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON holds it."""
        return {"link_id": self.link_id, "limit": self.limit, "value": self.value, "required": self.required}


@dataclass(frozen=True)
class Fit:
    """Verdict on one link: ``allowed``, ``blocked`` by some limits, or ``unknown``."""

    verdict: Literal["allowed", "blocked", "unknown"]
    blocked: tuple[Block, ...]
    permits: tuple[Block, ...]


@dataclass(frozen=True, eq=False)
class Screen:
    """A vehicle against every link of a network; arrays in the order of the link table.

    Attributes
    ----------
    fails : mapping of str to ndarray of bool
        By limit, the links whose structural limit is too low.
    asks : mapping of str to ndarray of bool
        By limit, the links that ask for a permit.
    unknown : ndarray of bool
        Links on which a limit that must be known is not.
    estimated : ndarray of bool
        Links on which a limit that the vehicle needs is an estimate.
    values : mapping of str to ndarray of float
        By limit, the value that was compared.
    """

    net: Network
    vehicle: Vehicle
    fails: Mapping[str, Array]
    asks: Mapping[str, Array]
    unknown: Array
    estimated: Array
    values: Mapping[str, Array] = field(repr=False)

    @property
    def passes(self) -> Array:
        """Links that no structural limit closes to the vehicle."""
        out = np.ones(len(self.unknown), bool)
        for failed in self.fails.values():
            out &= ~failed
        return out

    def blocked(self, row: int) -> list[Block]:
        """Return the limits that close one link."""
        return [self._entry(k, row) for k, failed in self.fails.items() if failed[row]]

    def permits(self, row: int) -> list[Block]:
        """Return the limits of one link that ask for a permit."""
        return [self._entry(k, row) for k, asked in self.asks.items() if asked[row]]

    def _entry(self, limit: str, row: int) -> Block:
        links = self.net.table("links")
        mode = str(links["mode"].iloc[row])
        link_id = str(links["link_id"].iloc[row])
        if limit == "oversize":
            form = self.vehicle.road_form
            over = "; ".join(f"{k} {getattr(form, k):g} > {LEGAL_ENVELOPE[k]:g}" for k in self.vehicle.oversize())
            return Block(link_id, limit, "Directive 96/53/EC", over)
        if limit == "loading_gauge":
            return Block(link_id, limit, str(links["loading_gauge"].iloc[row]) or None, self.vehicle.gauge_profile)
        value = float(self.values[limit][row])
        return Block(link_id, limit, None if np.isnan(value) else value, round(self.vehicle.needs(mode)[limit], 3))


def screen(net: Network, vehicle: Vehicle, *, estimates: str = "strict") -> Screen:
    """Hold a vehicle against the limits of every link.

    Parameters
    ----------
    net : Network
    vehicle : Vehicle
    estimates : {"strict", "favourable"}
        An estimated limit counts at its stated value, or at the favourable end of its range.

    Notes
    -----
    On a road the bridge class or a posted mass must be known, on a railway axle and metre load; the line
    category stands in for either (EN 15528: both must hold). Height, width, length and posted mass bind where
    they are stated. A railway without a stated gauge counts as 1435 mm, an estimate.
    """
    links = net.table("links")
    mode = links["mode"].to_numpy(object)
    size = len(links)
    fails: dict[str, Array] = {}
    asks: dict[str, Array] = {}
    unknown = np.zeros(size, bool)
    estimated = np.zeros(size, bool)
    used: dict[str, Array] = {}
    for m in MODES:
        on = mode == m
        if not on.any():
            continue
        needs = vehicle.needs(m)
        load_known = np.zeros(size, bool)
        for limit, required in needs.items():
            value, guess = limit_values(net, limit, m, estimates)
            known = ~np.isnan(value)
            short = value != required if limit == "gauge_mm" else value < required - 1e-9
            low = known & short
            if m == "road" and limit == "max_axle_t":
                legal = low & (value >= LEGAL_AXLE_T)
                _mark(asks, limit, on & legal, size)
                low &= ~legal
            _mark(fails, limit, on & low, size)
            estimated |= on & guess & known
            used.setdefault(limit, np.full(size, np.nan))[on] = value[on]
            if m == "road" and limit in ROAD_LOAD:
                load_known |= known
            elif m == "rail" and limit in ("max_axle_t", "max_metre_load_t"):
                unknown |= on & ~known
        if m == "road" and set(ROAD_LOAD) & set(needs):
            unknown |= on & ~load_known
    road = mode == "road"
    if road.any() and vehicle.oversize():
        asks["oversize"] = road
    if vehicle.gauge_profile:
        asks["loading_gauge"] = (mode == "rail") & ~_gauge_fits(links["loading_gauge"].tolist(), vehicle.gauge_profile)
    return Screen(net, vehicle, fails, asks, unknown, estimated, used)


def _mark(into: dict[str, Array], limit: str, hit: Array, size: int) -> None:
    if hit.any():
        into[limit] = into.get(limit, np.zeros(size, bool)) | hit


def limit_values(net: Network, limit: str, mode: str, estimates: str) -> tuple[Array, Array]:
    """Return a limit of every link and whether it is an estimate; a line category stands in on railways."""
    value, low, high, guess = limit_ends(net, limit, mode)
    better = low if columns("links")[limit].better == "low" else high
    return (better if estimates == "favourable" else value), guess


def limit_ends(net: Network, limit: str, mode: str) -> tuple[Array, Array, Array, Array]:
    """Return a limit of every link, the ends of its range, and whether it is an estimate; as `limit_values`."""
    column = net.values(limit)
    value, low, high, guess = (x.copy() for x in (column.value, column.low, column.high, column.estimated))
    if limit == "gauge_mm":
        guess |= np.isnan(value)
        for end in (low, high, value):
            end[np.isnan(value)] = DEFAULT_GAUGE_MM
        return value, low, high, guess
    if mode == "rail" and limit in ("max_axle_t", "max_metre_load_t"):
        links = net.table("links")
        which = 0 if limit == "max_axle_t" else 1
        hint = np.array(["line_category" in split(e) for e in links["estimated"].tolist()], bool)
        categories = links["line_category"].tolist()
        for i in np.flatnonzero(np.isnan(value)).tolist():
            category = LINE_CATEGORY.get(categories[i])
            if category is not None:
                value[i], guess[i] = category[which], hint[i]
                level = str(links["confidence"].iat[i])
                low[i], high[i] = estimate_range(limit, value[i], level) if hint[i] else (value[i], value[i])
    return value, low, high, guess


def _gauge_fits(gauges: list[str], needed: str) -> Array:
    if needed not in GAUGE_ORDER:
        return np.zeros(len(gauges), bool)
    rank = {g: i for i, g in enumerate(GAUGE_ORDER)}
    return np.array([rank.get(g, -1) >= rank[needed] for g in gauges], bool)


# ---- reading vehicles.toml


def vehicles(net: Network | None = None) -> dict[str, Vehicle]:
    """Return all known vehicles by name: ``any``, the shipped ones, and those of the network's own file.

    Raises
    ------
    InputError
        With every fault of a ``vehicles.toml``.
    """
    folder = net.folder if net is not None else None
    own = _read(folder / "vehicles.toml") if folder is not None and (folder / "vehicles.toml").exists() else None
    base = _read(shipped() / "vehicles.toml")
    if own is None or own == base:
        return {"any": ANY, **_fleet(base, base)}
    return {"any": ANY, **_fleet(base, base), **_fleet(own, _merged(base, own))}


def vehicle(name: str | Vehicle, net: Network | None = None) -> Vehicle:
    """Return a vehicle by name.

    Raises
    ------
    InputError
        When no vehicle has the name; the nearest are given.

    Examples
    --------
    >>> vehicle("any").per_train
    30
    """
    if isinstance(name, Vehicle):
        return name
    if name == ANY.name:
        return ANY
    known = vehicles(net)
    if name in known:
        return known[name]
    hits = [k for k in known if fold(k) == fold(name)]
    if len(hits) == 1:
        return known[hits[0]]
    raise InputError(f"no vehicle is called {name!r}{did_you_mean(name, known) or '; known: ' + ', '.join(known)}")


Section = dict[str, dict[str, Any]]
"""Entries of one kind by name, each a mapping of field to value."""


def _read(path: Path) -> dict[str, Section]:
    """Read a ``vehicles.toml`` by the schema: wagons, vehicles and the planning train.

    Raises
    ------
    InputError
        With every fault of the file.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise InputError([Finding("error", path.name, None, None, None, f"cannot be read: {error.strerror}")]) from None
    return _parsed(path.resolve(), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=16)
def _parsed(path: Path, changed: int, size: int) -> dict[str, Section]:
    """Parse a ``vehicles.toml`` as it stands; when it changes, it is another."""
    data = read_toml(path, size)
    faults: list[Finding] = []
    out: dict[str, Section] = {}
    for section in VEHICLE_SECTIONS:
        rows = data.get(section, [])
        rows = [rows] if section == "train" and isinstance(rows, dict) else rows
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            message = "write it as [train]" if section == "train" else f"write each as [[{section}]]"
            faults.append(Finding("error", path.name, None, section, None, message))
            continue
        entries = out.setdefault(section, {})
        for row in rows:
            cells = entry(row, section, path.name, faults)
            name = str(cells.get("name", ""))
            if name in entries or name == "any":
                why = "stands for no limits; choose another name" if name == "any" else "stands twice"
                faults.append(Finding("error", path.name, None, "name", name, f"{section}: {why}"))
            entries[name] = cells
    if faults:
        raise InputError(faults)
    return out


def _merged(base: Mapping[str, Section], own: Mapping[str, Section]) -> dict[str, Section]:
    return {section: {**base.get(section, {}), **own.get(section, {})} for section in VEHICLE_SECTIONS}


def _fleet(own: Mapping[str, Section], known: Mapping[str, Section]) -> dict[str, Vehicle]:
    """Return the vehicles of `own`, their wagons and transporters looked up in `known`.

    Raises
    ------
    InputError
        With every reference to what is not there.
    """
    faults: list[Finding] = []
    train = next(iter(known.get("train", {}).values()), {})

    def missing(name: str, field_name: str, word: str, among: Mapping[str, Any]) -> None:
        message = f"vehicle {name}: there is no such {field_name}{did_you_mean(word, among)}"
        faults.append(Finding("error", "vehicles.toml", None, field_name, word, message))

    def build(name: str, trail: tuple[str, ...]) -> Vehicle:
        cells = dict(known["vehicle"][name])
        carrier, flat = cells.pop("transporter", None), cells.pop("wagon", None)
        if carrier is not None and (carrier not in known["vehicle"] or carrier in trail):
            missing(name, "transporter", carrier, known["vehicle"])
        elif carrier is not None:
            cells["transporter"] = build(carrier, (*trail, carrier))
        wagon = known.get("wagon", {}).get(flat) if flat is not None else None
        if wagon is not None:
            fields = Wagon.__dataclass_fields__
            cells["wagon"] = Wagon(**{k: v for k, v in wagon.items() if k in fields})
        elif flat is not None:
            missing(name, "wagon", flat, known.get("wagon", {}))
        elif "rail" in cells.setdefault("modes", tuple(m for m in MODES if m != "rail")):
            missing(name, "wagon", "(none)", known.get("wagon", {}))
        cells.setdefault("lane_m", _lane_metres(cells))
        one = Vehicle(**cells)
        return one if "per_train" in cells or one.wagon is None else replace(one, per_train=_per_train(one, train))

    fleet = {name: build(name, (name,)) for name in own.get("vehicle", {})}
    if faults:
        raise InputError(list(dict.fromkeys(faults)))
    return fleet


def _lane_metres(cells: Mapping[str, Any]) -> float:
    """Return lane metres by the planning rule (length + 1.0) x max(1, width / 3.0)."""
    if "length_m" not in cells:
        return 1.0
    return round(float((cells["length_m"] + 1.0) * max(1.0, cells.get("width_m", 0.0) / 3.0)), 1)


def _per_train(one: Vehicle, train: Mapping[str, Any]) -> int:
    """Return the vehicles of this kind on one planning train, bounded by its length and its trailing mass."""
    wagon = one.wagon
    if wagon is None or not train:
        return ANY.per_train
    by_length = int((train["length_m"] - train["loco_m"]) // wagon.length_m)
    by_mass = int(train["trailing_t"] // (one.gross_wagon_t or wagon.tare_t))
    return max(1, min(by_length, by_mass)) * one.per_wagon


def on_trains(one: Vehicle, net: Network) -> tuple[Array, Array]:
    """Return the vehicles on one train of each railway by its own length and gradient, and where that is a guess.

    As many wagons as fit into ``max_train_length_m`` behind the locomotive, and as one planning locomotive starts on
    ``max_gradient_permille``, but never more than the trailing mass of the planning train. What is not stated is that
    of the planning train, an estimate; so is a count that a vehicle states by itself. Whether the laden wagon may run
    at all, by axle load, metre load and gauge, is asked for each link as ever.

    Parameters
    ----------
    one : Vehicle
        ``any`` and what has no wagon keep their number everywhere.
    net : Network

    Returns
    -------
    vehicles : ndarray of float
        In the order of the links; 0 where not one wagon can be moved.
    estimated : ndarray of bool

    Examples
    --------
    >>> import mobility as mb
    >>> net = mb.load()
    >>> vehicles, _ = on_trains(mb.vehicle("main-battle-tank"), net)
    >>> rail = (net.table("links")["mode"] == "rail").to_numpy()
    >>> int(vehicles[rail].min()) < mb.vehicle("main-battle-tank").per_train <= int(vehicles[rail].max())
    True
    """
    size = len(net.table("links"))
    folder = net.folder if net.folder is not None and (net.folder / "vehicles.toml").exists() else shipped()
    train = next(iter(_read(folder / "vehicles.toml").get("train", {}).values()), None)
    train = train or next(iter(_read(shipped() / "vehicles.toml")["train"].values()))
    wagon, nothing = one.wagon, np.zeros(size, bool)
    if wagon is None:
        return np.full(size, float(one.per_train)), nothing
    length, climb = net.values("max_train_length_m"), net.values("max_gradient_permille")
    metres = np.where(np.isnan(length.value), train["length_m"], length.value) - train["loco_m"]
    pulled = np.array([train["trailing_t"] if g != g else trailing_t(g) for g in climb.value.tolist()])
    by_length = np.floor(np.maximum(metres, 0.0) / wagon.length_m)
    by_mass = np.floor(np.minimum(pulled, train["trailing_t"]) / (one.gross_wagon_t or wagon.tare_t))
    count = np.minimum(by_length, by_mass) * one.per_wagon
    if one.per_train != _per_train(one, train):  # stated: no train has more
        count = np.minimum(count, one.per_train)
    unknown = np.isnan(length.value) | np.isnan(climb.value)
    return count, unknown | length.estimated | climb.estimated


def to_frame(net: Network | None = None) -> pd.DataFrame:
    """Return all known vehicles as a table, one row each."""
    rows = [
        {
            "name": v.name,
            "title": v.title,
            "mass_t": v.mass_t,
            "length_m": v.length_m,
            "width_m": v.width_m,
            "height_m": v.height_m,
            "axle_t": v.road_form.axle_t,
            "mlc_wheeled": v.road_form.mlc_wheeled,
            "mlc_tracked": v.road_form.mlc_tracked,
            "road_speed_kmh": v.road_form.road_speed_kmh,
            "wagon": v.wagon.name if v.wagon else None,
            "rail_axle_t": v.rail_axle_t,
            "rail_metre_t": v.rail_metre_t,
            "per_train": v.per_train,
            "lane_m": v.lane_m,
            "modes": ",".join(v.modes),
            "confidence": v.confidence,
            "source": v.source,
        }
        for v in vehicles(net).values()
    ]
    return pd.DataFrame(rows).set_index("name")


LIMITS = (
    "mlc_wheeled", "mlc_tracked", "max_mass_t", "max_axle_t", "max_metre_load_t", "max_height_m", "max_width_m",
    "max_length_m", "gauge_mm",
)  # fmt: skip
"""Columns of links that can close one to a vehicle."""
