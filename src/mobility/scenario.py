"""Scenarios: a short TOML file says what happened and what is asked; read with all faults at once, applied, compared.

A scenario changes a network into another one and never touches what it was given. What it closes for some hours only
becomes windows of the closure; questions without time see the network as it stands at hour 0.
"""

from __future__ import annotations

import inspect
import json
import math
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import pandas as pd

from mobility import schema
from mobility.arcs import compile_arcs
from mobility.errors import Finding, InputError, did_you_mean, fold
from mobility.network import Network, beside, load, shipped, spare
from mobility.schema import Faults
from mobility.vehicle import MODES

if TYPE_CHECKING:
    from mobility.closure import Window
    from mobility.force import Force
    from mobility.hazard import Event

MAX_FILE, MAX_AREA = 1_000_000, 20_000_000
"""A scenario, or an area drawn in GeoJSON, with more bytes than this is refused before it is read."""

MAX_ENTRIES, MAX_NAMES = 1_000, 100_000
"""Most entries of one kind in a scenario, and most names in one list."""

CAPACITY = {
    "road": ("capacity_veh_h",), "rail": ("capacity_trains_day",),
    "sea": ("capacity_sailings_day", "ship_lane_m"), "waterway": ("capacity_sailings_day", "ship_lane_m"),
}  # fmt: skip
"""By mode, the columns that a change for some hours may touch."""

VERBS = (
    "routes", "explain", "redundancy", "throughput", "contingency", "bottlenecks", "worst-case", "protection",
    "reliability", "monte-carlo", "corridor-value", "closure", "hazard", "map",
)  # fmt: skip
"""What ``run.verbs`` can name."""

USUAL = ("routes", "redundancy", "throughput", "contingency", "map")
"""What is answered when a scenario has no ``[run]``; with a force ``closure`` besides, with an event ``hazard``."""

FIGURES = (
    "time_h", "length_km", "link_disjoint", "node_disjoint", "vehicles_per_day", "tonnes_per_day", "closure_h",
    "lower_bound_h", "reliability",
)  # fmt: skip
"""The key figures that scenarios are compared by."""


# ---- what a scenario is


@dataclass(frozen=True)
class Where:
    """Conditions on links; all that are given must hold."""

    corridor: str = ""
    mode: str = ""
    country: str = ""
    status: str = ""


@dataclass(frozen=True)
class Circle:
    """All within `radius_km` of a point, measured on the ellipsoid."""

    lat: float
    lon: float
    radius_km: float


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Links chosen in one way: by id, group, place, state or area. `where` alone chooses too, or narrows the others.

    Attributes
    ----------
    links, groups, nodes, countries : tuple of str
        Link ids; groups of ``groups.csv``; places with every link that touches them; states with the links in them.
    where : Where or None
    area : Path, Circle or None
        Every link whose drawn line meets the polygons of a GeoJSON file, or the circle.
    hours : (float, float) or None
        From this hour after the order to move to that one; None is for good.
    """

    links: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    where: Where | None = None
    area: Path | Circle | None = None
    hours: tuple[float, float] | None = None
    note: str = ""
    source: str = ""
    confidence: str = ""


@dataclass(frozen=True, kw_only=True)
class Close(Selection):
    """Links that are out, both ways, with every link of the same structure."""


@dataclass(frozen=True, kw_only=True)
class Change(Selection):
    """Links that change.

    Attributes
    ----------
    set : mapping of str to float or str
        New values by column; what is set is known, and no estimate.
    scale : mapping of str to float
        Factors by column of numbers; an estimate, or the default that stands in for an empty cell, stays an estimate.
    """

    set: Mapping[str, float | str] = field(default_factory=dict)
    scale: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Upgrade:
    """An upgrade of ``upgrades.csv`` that is done."""

    id: str
    note: str = ""
    source: str = ""
    confidence: str = ""


@dataclass(frozen=True)
class Hazard:
    """An event whose damage is sampled by the verb ``hazard``.

    What a scenario closes and changes tells one course of things as certain; the event is sampled without it, on the
    network with its upgrades.

    Attributes
    ----------
    event : Earthquake, Flood or Area
        Of :mod:`mobility.hazard`.
    """

    event: Event
    note: str = ""
    source: str = ""
    confidence: str = ""


@dataclass(frozen=True)
class Plan:
    """What :func:`mobility.run` answers.

    Attributes
    ----------
    verbs : tuple of str
        Of `VERBS`, in this order.
    options : mapping of str to mapping
        By verb, what else to ask: ``{"routes": {"k": 5}}``.
    """

    verbs: tuple[str, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Applied(NamedTuple):
    """A network under a scenario.

    Attributes
    ----------
    net : Network
        With everything that lasts: upgrades, changes and closures, in this order.
    ask : dict
        Places and options as every question takes them.
    windows : tuple of Window
        What holds for some hours only.
    """

    net: Network
    ask: dict[str, Any]
    windows: tuple[Window, ...]

    def standing(self) -> tuple[Network, tuple[str, ...]]:
        """Return the network as it stands at hour 0, for questions without time, and the links that windows hold."""
        net, closed, held = self.net, [], []
        for window in self.windows:
            if window.start <= 0 < window.end:
                links = net.with_assets(window.links)
                held += links
                if window.factor == 0:
                    closed += links
                else:
                    mode = dict(zip(net.link_index, net.table("links")["mode"].tolist(), strict=True))
                    for column in dict.fromkeys(CAPACITY[mode[x]][0] for x in links):
                        some = [x for x in links if CAPACITY[mode[x]][0] == column]
                        net = scaled(net, some, {column: window.factor})
        return net.with_changes(close=closed) if closed else net, tuple(dict.fromkeys(held))


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What happened, and what is asked.

    Attributes
    ----------
    name, title, note, source : str
    confidence : {"high", "medium", "low", ""}
    network : Path or None
        Folder of tables; None for the shipped corridors.
    origin, destination : tuple of str
        Places; a scenario without them is an event that can be put under any question.
    vehicle, modes, year, permission, countries, avoid, unknown, estimates, share
        Options of the question; None or empty where the scenario does not say. See :class:`mobility.arcs.Options`.
    force : str or Path
        A shipped force, or a file.
    close, change, upgrade : tuple
        What happened.
    hazard : tuple of Hazard
        What may happen, and is sampled.
    run : Plan or None
        What :func:`mobility.run` answers.
    base : mapping of str to object
        Options that differ in the case that the scenario is held against; else that is the same without its changes.

    Examples
    --------
    >>> valley = Close(groups=("vardar-valley",))
    >>> cut = Scenario(name="cut", origin=("Durrës",), destination=("Burgas",), close=(valley,))
    >>> net, ask, windows = cut.apply(load())
    >>> str(net.links.status["RD117"]), ask["origin"], windows
    ('closed', ['Durrës'], ())
    """

    name: str
    title: str = ""
    note: str = ""
    source: str = ""
    confidence: str = ""
    network: Path | None = None
    year: int | None = None
    origin: tuple[str, ...] = ()
    destination: tuple[str, ...] = ()
    vehicle: str = ""
    force: str | Path = ""
    modes: tuple[str, ...] = ()
    unknown: str = ""
    estimates: str = ""
    share: float | Mapping[str, float] | None = None
    permission: str = ""
    countries: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    close: tuple[Close, ...] = ()
    change: tuple[Change, ...] = ()
    upgrade: tuple[Upgrade, ...] = ()
    hazard: tuple[Hazard, ...] = ()
    run: Plan | None = None
    base: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def read(path: str | Path, net: Network | None = None) -> Scenario:
        """Read a scenario file and check it against its network, or against `net`.

        Raises
        ------
        InputError
            With every fault of the file, each with its line.
        """
        return _read(Path(path), net)

    def write(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the scenario to a TOML file; reading it gives an equal scenario.

        Raises
        ------
        InputError
            When the file exists and `overwrite` is not set.
        """
        target = Path(path)
        spare(target, overwrite)
        with beside(target) as file:
            file.write_text(self.to_toml(target.parent), encoding="utf-8", newline="\n")
        return target

    def to_toml(self, folder: str | Path = ".") -> str:
        """Return the scenario as TOML; files that it names are written relative to `folder`."""
        return _toml(self, Path(folder))

    def apply(self, net: Network | None = None) -> Applied:
        """Return the changed network, the question's options, and what holds for some hours only.

        Parameters
        ----------
        net : Network, optional
            Left out: the scenario's own.

        Raises
        ------
        InputError
            With every unknown name and every selection that matches nothing.
        """
        faults: list[Finding] = []

        def fault(path: Key, value: Any, message: str) -> None:
            faults.append(_finding(self.name, {}, path, value, message))

        made = _applied(self, net if net is not None else self.load(), fault)
        if faults:
            raise InputError(faults)
        return made

    def load(self) -> Network:
        """Load the scenario's network."""
        return load(self.network)

    def without(self) -> Scenario:
        """Return what the scenario is held against: the same question without its changes, and as `base` says."""
        bare = replace(self, name="before", title="before", close=(), change=(), upgrade=(), hazard=(), base={})
        return replace(bare, **self.base)

    def unharmed(self) -> Scenario:
        """Return what its events are sampled on: the scenario without what it closes and changes."""
        return replace(self, close=(), change=())

    def parts(self) -> dict[str, Hazard | None]:
        """Return what :func:`mobility.run` gives answers to, by name: each verb, ``hazard`` for each event."""
        out: dict[str, Hazard | None] = {}
        for verb in self.verbs():
            if verb == "hazard":
                several = len(self.hazard) > 1
                out |= {f"hazard-{i}" if several else verb: h for i, h in enumerate(self.hazard, 1)}
            elif verb != "map":
                out[verb] = None
        return out

    def verbs(self) -> tuple[str, ...]:
        """Return what :func:`mobility.run` answers, in order."""
        if self.run is not None and self.run.verbs:
            return self.run.verbs
        more = (*(("closure",) if self.force else ()), *(("hazard",) if self.hazard else ()))
        return (*USUAL[:-1], *more, "map")

    def options(self, verb: str) -> dict[str, Any]:
        """Return what the scenario asks of one verb besides the question."""
        return dict(self.run.options.get(verb, {})) if self.run is not None else {}

    def to_dict(self, folder: str | Path = ".") -> dict[str, Any]:
        """Return the scenario as its file holds it; files that it names are relative to `folder`."""
        return tomllib.loads(self.to_toml(folder))


OPTIONS = ("vehicle", "modes", "year", "permission", "countries", "avoid", "unknown", "estimates", "share")
BASE = (*OPTIONS, "origin", "destination", "force")
"""What ``[base]`` may say differently."""

Key = tuple[str | int, ...]
"""Where something stands in a file: ``("close", 0, "links")``."""

Fault = Callable[[Key, Any, str], None]


# ---- which line a key stands on


_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|"(?:\\.|[^"\\\n])*"'
    r"|'''.*?'{3,5}|'[^'\n]*'|#[^\n]*|\n|[\[\]{}]|[^\"'#\n\[\]{}]+",
    re.DOTALL,
)  # fmt: skip


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each table header and each assignment of a sound TOML text with the line it starts on."""
    line, depth, start = 1, 0, 1
    parts: list[str] = []
    for match in _TOKEN.finditer(text + "\n"):
        token = match.group()
        if token == "\n" and depth == 0:
            if parts:
                yield start, "".join(parts).strip()
            parts = []
        elif not token.startswith("#") and (parts or token.strip()):
            start = start if parts else line
            parts.append(token)
            depth += (token in "[{") - (token in "]}")
        line += token.count("\n")


def _lines(text: str) -> dict[Key, int]:
    """Return the line of every key of a sound TOML text."""
    out: dict[Key, int] = {}
    count: dict[Key, int] = {}
    here: Key = ()

    def note(at: Key, value: Any, line: int) -> None:
        if at != here:
            out.setdefault(at, line)
        if isinstance(value, Mapping) and len(at) < 8:
            for key, inner in value.items():
                note((*at, key), inner, line)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for i, inner in enumerate(value):
                note((*at, i), inner, line)

    for line, statement in _statements(text):
        if statement.startswith("["):
            several = statement.startswith("[[")
            inner: Any = tomllib.loads(f"{statement[2:-2] if several else statement[1:-1]} = 0")
            here = ()
            while isinstance(inner, dict):
                key, inner = next(iter(inner.items()))
                here = (*here, key)
                if several and not isinstance(inner, dict):
                    count[here] = count.get(here, -1) + 1
                if here in count:
                    here = (*here, count[here])
            out.setdefault(here, line)
        else:
            note(here, tomllib.loads(statement), line)
    return out


def _finding(file: str, lines: Mapping[Key, int], path: Key, value: Any, message: str) -> Finding:
    """Return a fault at a key, with the line of it or of what it would stand in."""
    at = next((path[:n] for n in range(len(path), 0, -1) if path[:n] in lines), None)
    at = at or next((key for key in lines if key[: len(path)] == path), None)
    named = "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in path).removeprefix(".")
    shown = None if value is None else str(value)[:200]
    return Finding("error", file, None if at is None else lines[at], named or None, shown, message)


# ---- reading


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be text")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("must be a number")
    if abs(value) > 1e15:
        raise ValueError("is out of all bounds")
    return value


def _path(value: Any) -> Path:
    if not _text(value).isprintable():
        raise ValueError("must be the name of a file")
    return Path(value)


def _names(value: Any) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not listed or not all(isinstance(v, str) and v.strip() for v in listed):
        raise ValueError('must be a list of names, as ["A", "B"]')
    if len(listed) > MAX_NAMES:
        raise ValueError(f"has {len(listed)} names; at most {MAX_NAMES} are read")
    return tuple(listed)


def _year(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1900 <= value <= 2200:
        raise ValueError("must be a whole number from 1900 to 2200")
    return value


def _hours(value: Any) -> tuple[float, float]:
    try:
        start, end = (_number(v) for v in value)
    except (TypeError, ValueError):
        raise ValueError("must be two hours, as [0, 72]") from None
    if not 0 <= start < end:
        raise ValueError("must be two hours that grow, the first not below 0, as [0, 72]")
    return start, end


def _share(value: Any) -> float | dict[str, float]:
    if isinstance(value, dict):
        return {str(k): _number(v) for k, v in value.items()}
    return _number(value)


def _word(*known: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in known:
            hint = did_you_mean(value, known) if isinstance(value, str) else ""
            raise ValueError(f"must be one of {', '.join(known)}{hint}")
        return str(value)

    return read


def _values(value: Any) -> dict[str, float | str]:
    if not isinstance(value, dict) or not value:
        raise ValueError("must be a table, as { max_axle_t = 22.5 }")
    return {k: schema.link_value(k, v if isinstance(v, str | bool) else _number(v)) for k, v in value.items()}


def _factors(value: Any) -> dict[str, float]:
    if not isinstance(value, dict) or not value:
        raise ValueError("must be a table, as { capacity_trains_day = 0.5 }")
    known = {k: c for k, c in schema.columns("links").items() if c.type == "number"}
    for k, factor in value.items():
        if k not in known:
            raise ValueError(f"{k!r} is no column of numbers of links{did_you_mean(k, known)}")
        if not 0 <= _number(factor) <= 1000:
            raise ValueError(f"{k} = {factor}: a factor lies between 0 and 1000")
    return dict(value)


def _part(kind: type[Any], known: Mapping[str, Callable[[Any], Any]], need: Sequence[str] = ()) -> Callable[[Any], Any]:
    """Return what reads a small inline table; its faults come one at a time."""

    def read(value: Any) -> Any:
        if not isinstance(value, dict) or not value:
            raise ValueError(f"must be a table with {', '.join(known)}")
        for k in value:
            if k not in known:
                raise ValueError(f"{k!r} is no key of it{did_you_mean(k, known) or '; known: ' + ', '.join(known)}")
        for k in need:
            if k not in value:
                raise ValueError(f"{k} is missing")
        made = {}
        for k, v in value.items():
            try:
                made[k] = known[k](v)
            except ValueError as error:
                raise ValueError(f"{k} {error}") from None
        return kind(**made)

    return read


def _within(low: float, high: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if not low <= _number(value) <= high:
            raise ValueError(f"must lie between {low:g} and {high:g}")
        return float(value)

    return read


_STATUS = schema.columns("links")["status"].words
_circle = _part(
    Circle, {"lat": _within(-90, 90), "lon": _within(-180, 180), "radius_km": _within(0.001, 5000)},
    ("lat", "lon", "radius_km"),
)  # fmt: skip


def _area(value: Any) -> Circle | Path:
    return cast("Circle", _circle(value)) if isinstance(value, dict) else _path(value)


_REMARKS: dict[str, Callable[[Any], Any]] = {
    "note": _text, "source": _text, "confidence": _word("high", "medium", "low"),
}  # fmt: skip
_SELECTION: dict[str, Callable[[Any], Any]] = {
    "links": _names, "groups": _names, "nodes": _names, "countries": _names,
    "where": _part(
        Where, {"corridor": _text, "mode": _word(*MODES), "country": _text, "status": _word(*_STATUS)}
    ),
    "area": _area, "hours": _hours, **_REMARKS,
}  # fmt: skip
_ENTRIES: dict[str, tuple[type[Any], dict[str, Callable[[Any], Any]]]] = {
    "close": (Close, _SELECTION),
    "change": (Change, {**_SELECTION, "set": _values, "scale": _factors}),
    "upgrade": (Upgrade, {"id": _text, **_REMARKS}),
    "hazard": (Hazard, _REMARKS),  # and by kind what `_events` says
}
_QUESTION: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "from": ("origin", _names), "to": ("destination", _names), "vehicle": ("vehicle", _text),
    "force": ("force", lambda v: _path(v) if _text(v).endswith(".toml") else v), "modes": ("modes", _names),
    "year": ("year", _year), "permission": ("permission", _text), "countries": ("countries", _names),
    "avoid": ("avoid", _names), "unknown": ("unknown", _word("penalise", "allow", "forbid")),
    "estimates": ("estimates", _word("strict", "favourable")), "share": ("share", _share),
}  # fmt: skip
_HEAD: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "name": ("name", _text), "title": ("title", _text), **{k: (k, v) for k, v in _REMARKS.items()},
    "network": ("network", _path), **_QUESTION,
}  # fmt: skip
_TOML_KEY = {attribute: key for key, (attribute, _) in _HEAD.items()}
_KEYS = (*_HEAD, *_ENTRIES, "run", "base")


def _read(path: Path, net: Network | None) -> Scenario:
    text, data = _parsed(path)
    lines = _lines(text)
    faults: list[Finding] = []

    def fault(at: Key, value: Any, message: str) -> None:
        faults.append(_finding(path.name, lines, at, value, message))

    made, numbers = _scenario(data, path, fault)

    def in_file(at: Key, value: Any, message: str) -> None:
        fault((at[0], numbers[at[0]][int(at[1])], *at[2:]) if at[0] in numbers else at, value, message)

    try:
        net = net if net is not None else made.load()
    except InputError as error:
        if made.network is not None:
            fault(("network",), data.get("network"), "this network cannot be read:")
        raise InputError(faults + error.findings) from None
    _applied(made, net, in_file)
    if made.base:
        _options(made.without(), net, lambda at, value, text: fault(("base", *at), value, text), only=set(made.base))
    if faults:
        raise InputError(sorted(dict.fromkeys(faults), key=lambda f: f.row or 0))
    return made


def _parsed(path: Path) -> tuple[str, dict[str, Any]]:
    """Return the text of a TOML file and what it says."""
    faults = Faults(path.name)
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise ValueError("is no file")
        if size > MAX_FILE:
            raise ValueError(f"has {size / 1e6:.1f} MB; at most {MAX_FILE / 1e6:.0f} MB are read")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError([Finding("error", str(path), None, None, None, f"cannot be read: {why}")]) from None
    raw = schema._bytes(path, faults)
    if raw is None:
        raise InputError(faults.done())
    text = raw.decode("utf-8").replace("\r\n", "\n")
    try:
        return text, tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        found = re.search(r"\(at line (\d+)", str(error))
        what = "nested too deeply" if isinstance(error, RecursionError) else str(error).partition(" (at ")[0]
        row = int(found.group(1)) if found else None
        raise InputError([Finding("error", path.name, row, None, None, f"is no TOML: {what}")]) from None


def _scenario(data: Mapping[str, Any], path: Path, fault: Fault) -> tuple[Scenario, dict[str | int, list[int]]]:
    """Return the scenario made of what fits, and which number each entry has in the file; note the rest as faults."""
    folder = path.parent
    numbers: dict[str | int, list[int]] = {}
    made: dict[str, Any] = {"name": path.stem}
    for key, value in data.items():
        if key in _HEAD:
            attribute, read = _HEAD[key]
            _take(made, attribute, (key,), value, read, fault)
        elif key in _ENTRIES:
            entries = _entries(key, value, folder, fault)
            made[key], numbers[key] = tuple(entries.values()), list(entries)
        elif key == "run":
            made["run"] = _plan(value, fault)
        elif key == "base":
            made["base"] = _base(value, folder, fault)
        else:
            fault((key,), None, f"is no key of a scenario{did_you_mean(key, _KEYS) or '; known: ' + ', '.join(_KEYS)}")
    for key in ("network", "force"):
        if isinstance(made.get(key), Path):
            made[key] = _whole(folder, made[key])
    if isinstance(plan := made.get("run"), Plan) and "hazard" in plan.verbs and not data.get("hazard"):
        fault(("run", "verbs"), "hazard", "has no event; write one as [[hazard]]")
    return Scenario(**made), numbers


def _take(into: dict[str, Any], name: str, at: Key, value: Any, read: Callable[[Any], Any], fault: Fault) -> None:
    """Put what `read` makes of a value into a table, or note why it makes nothing of it."""
    try:
        into[name] = read(value)
    except ValueError as error:
        fault(at, None if isinstance(value, dict | list) else value, str(error))


def _whole(folder: Path, path: Path) -> Path:
    return Path(os.path.abspath(folder / path))


def _entries(kind: str, value: Any, folder: Path, fault: Fault) -> dict[int, Any]:
    """Return the entries of one kind that fit, by their number in the file."""
    made, known = _ENTRIES[kind]
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        fault((kind,), None, f"write each as [[{kind}]]")
        return {}
    if len(value) > MAX_ENTRIES:
        fault((kind,), None, f"stands {len(value)} times; at most {MAX_ENTRIES} are read")
        return {}
    out: dict[int, Any] = {}
    for i, row in enumerate(value):
        event = _event_keys(row, _within_entry(fault, kind, i)) if kind == "hazard" else {}
        got: dict[str, Any] = {}
        for key, cell in row.items():
            if key in known or key in event:
                _take(got, key, (kind, i, key), cell, (event if key in event else known)[key], fault)
            else:
                hint = did_you_mean(key, (*event, *known)) or "; known: " + ", ".join((*event, *known))
                fault((kind, i, key), None, f"is no key of [[{kind}]]{hint}")
        if isinstance(got.get("area"), Path):
            got["area"] = _whole(folder, got["area"])
        if kind == "upgrade" and "id" not in row:
            fault((kind, i), None, "id is missing")
        if kind == "change" and not {"set", "scale"} & set(row):
            fault((kind, i), None, "set or scale is missing")
        # An entry with a fault of its own is not looked up: what it would select is not known.
        sound = set(got) == set(row) and (kind != "upgrade" or "id" in row)
        if sound and kind == "hazard":
            sound = (found := _event(got)) is not None
            got = {"event": found, **{k: v for k, v in got.items() if k in known}}
        if sound:
            out[i] = made(**got)
    return out


EVENT_NEEDS = {"earthquake": ("lat", "lon", "magnitude"), "flood": ("area",), "area": ("area", "intensity")}
"""By kind of event, the keys it cannot do without."""


@cache
def _events() -> dict[str, dict[str, Callable[[Any], Any]]]:
    """Return by kind of event the keys that it knows."""
    from mobility.hazard import DEEPEST_KM, DEEPEST_M, MAGNITUDES, RETURN_DEPTH_M, SITES

    def depth(value: Any) -> float:
        if not 0 < _number(value) <= DEEPEST_M:
            raise ValueError(f"must be above 0, at most {DEEPEST_M:g}")
        return float(value)

    def years(value: Any) -> int:
        if isinstance(value, bool) or value not in RETURN_DEPTH_M:
            raise ValueError(f"must be one of {', '.join(map(str, RETURN_DEPTH_M))} years")
        return int(value)

    return {
        "earthquake": {
            "lat": _within(-90, 90), "lon": _within(-180, 180), "magnitude": _within(*MAGNITUDES),
            "depth_km": _within(0, DEEPEST_KM), "site": _word(*SITES),
        },
        "flood": {"area": _area, "depth_m": depth, "return_period": years},
        "area": {"area": _area, "intensity": _within(0, 1)},
    }  # fmt: skip


def _event_keys(row: Mapping[str, Any], fault: Fault) -> dict[str, Callable[[Any], Any]]:
    """Return what reads the keys of an event of its kind; note what it lacks."""
    kind, known = row.get("kind"), _events()
    if not isinstance(kind, str) or kind not in known:
        if "kind" not in row:
            fault((), None, f"kind is missing; it is one of {', '.join(known)}")
        return {"kind": _word(*known)} | {k: read for keys in known.values() for k, read in keys.items()}
    for key in EVENT_NEEDS[kind]:
        if key not in row:
            fault((), None, f"{key} is missing; {kind} needs it")
    if {"depth_m", "return_period"} <= set(row):
        fault(("return_period",), row["return_period"], "stands beside depth_m; give one of the two")
    return {"kind": _text} | known[kind]


def _event(got: Mapping[str, Any]) -> Event | None:
    """Return the event of what was read; None where something is missing."""
    from mobility.hazard import Area, Earthquake, Flood

    kind = str(got.get("kind"))
    given = {k: got[k] for k in _events().get(kind, ()) if k in got}
    if not given or not set(EVENT_NEEDS[kind]) <= set(given) or {"depth_m", "return_period"} <= set(given):
        return None
    if isinstance(circle := given.get("area"), Circle):
        given["area"] = (circle.lat, circle.lon, circle.radius_km)
    if "return_period" in given:
        return Flood.of_return_period(given["area"], given["return_period"])
    made: Event = {"earthquake": Earthquake, "flood": Flood, "area": Area}[kind](**given)
    return made


def _of_event(event: Event) -> dict[str, Any]:
    """Return an event as the cells of its entry."""
    cells: dict[str, Any] = {"kind": type(event).__name__.lower(), **asdict(event)}
    if "area" in cells:
        cells["area"] = _drawn(cells["area"])
    return cells


def _drawn(area: Any) -> Path | Circle:
    """Return the area of an event as selections have it."""
    return Circle(*area) if isinstance(area, tuple) else Path(area)


def _plan(value: Any, fault: Fault) -> Plan | None:
    if not isinstance(value, dict):
        fault(("run",), None, "write [run] with verbs = [...]")
        return None
    got: dict[str, Any] = {}
    options: dict[str, Mapping[str, Any]] = {}
    for key, cell in value.items():
        if key == "verbs":
            _take(got, key, ("run", key), cell, _names, fault)
        elif key not in VERBS:
            hint = did_you_mean(key, (*VERBS, "verbs")) or "; known: verbs, and by verb " + ", ".join(VERBS)
            fault(("run", key), None, f"is no verb{hint}")
        elif not isinstance(cell, dict):
            fault(("run", key), None, f"write [run.{key}] with its options")
        elif _fitting(key, cell, fault):
            options[key] = cell
    for verb in got.get("verbs", ()):
        if verb not in VERBS:
            hint = did_you_mean(verb, VERBS) or "; known: " + ", ".join(VERBS)
            fault(("run", "verbs"), verb, f"is no verb that can be run{hint}")
        elif verb != "map" and verb_of(verb) is None:
            fault(("run", "verbs"), verb, "is not in this version")
    for verb in options:
        if "verbs" in got and verb not in got["verbs"]:
            fault(("run", verb), None, f"has options, and verbs does not name {verb}")
    return Plan(tuple(got.get("verbs", ())), options)


def _base(value: Any, folder: Path, fault: Fault) -> dict[str, Any]:
    got: dict[str, Any] = {}
    if not isinstance(value, dict):
        fault(("base",), None, 'write [base] with what differs, as permission = "status-quo"')
        return got
    for key, cell in value.items():
        if key in _QUESTION:
            _take(got, _QUESTION[key][0], ("base", key), cell, _QUESTION[key][1], fault)
        else:
            hint = did_you_mean(key, _QUESTION) or "; known: " + ", ".join(_QUESTION)
            fault(("base", key), None, f"is no option that a base can have{hint}")
    if isinstance(got.get("force"), Path):
        got["force"] = _whole(folder, got["force"])
    return got


def verb_of(name: str) -> Callable[..., Any] | None:
    """Return the function that answers a verb; None when there is none yet."""
    import mobility

    word = name.replace("-", "_")
    found = getattr(mobility, word, None)
    # A submodule of the same name hides a function that the package does not offer itself.
    found = getattr(found, word, None) if isinstance(found, ModuleType) else found
    return cast("Callable[..., Any]", found) if callable(found) else None


MAP_OPTIONS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "of": ("a list of verbs", lambda v: bool(_names(v))),
    "size": ("A4 or A3", lambda v: v in ("A4", "A3")),
    "dpi": ("a whole number from 30 to 600", lambda v: type(v) is int and 30 <= v <= 600),
    "frame": ("region or all", lambda v: v in ("region", "all")),
}
_GIVEN = ("windows", "force", "progress", "of_network", "event")
"""What a verb is given by the scenario itself, or by who runs it."""

_FITS: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    ("bool", "true or false", lambda v: isinstance(v, bool)),
    ("int", "a whole number", lambda v: type(v) is int),
    ("float", "a number", lambda v: type(v) in (int, float) and math.isfinite(v)),
    ("str", "text", lambda v: isinstance(v, str)),
    ("names", "a list of text", lambda v: isinstance(v, list) and all(isinstance(x, str) for x in v)),
    ("pair", "two numbers", lambda v: isinstance(v, list) and len(v) == 2 and all(type(x) in (int, float) for x in v)),
    ("table", "a table of numbers", lambda v: isinstance(v, dict) and all(type(x) in (int, float) for x in v.values())),
)


def _fitting(verb: str, options: Mapping[str, Any], fault: Fault) -> bool:
    """Whether a verb knows all these options and each has a value of the right kind; notes those that do not fit."""
    if verb == "map":
        wants: dict[str, list[tuple[str, Callable[[Any], bool]]]] = {k: [v] for k, v in MAP_OPTIONS.items()}
    else:
        function = verb_of(verb)
        if function is None:
            return True  # told once, where the verbs are named
        wants = {
            k: _kinds_of(str(p.annotation))
            for k, p in inspect.signature(function).parameters.items()
            if p.kind is p.KEYWORD_ONLY and k not in _GIVEN
        }
    sound = True
    for key, value in options.items():
        message = ""
        if key not in wants:
            message = f"is no option of {verb}{did_you_mean(key, wants) or '; known: ' + ', '.join(wants)}"
        elif not any(_says(fits, value) for _, fits in wants[key]):
            message = f"must be {' or '.join(what for what, _ in wants[key])}"
        if message:
            fault(("run", verb, key), None if isinstance(value, dict | list) else value, message)
            sound = False
    return sound


def _says(fits: Callable[[Any], bool], value: Any) -> bool:
    try:
        return fits(value)
    except ValueError:
        return False


def _kinds_of(annotation: str) -> list[tuple[str, Callable[[Any], bool]]]:
    """Return which kinds of TOML value an annotation of Python takes."""
    plain = annotation.replace("Mapping[str, float]", "table").replace("tuple[float, float]", "pair")
    plain = re.sub(r"(Iterable|Sequence)\[str\]", "names", plain)
    words = set(re.findall(r"\w+", plain))
    return [(what, fits) for word, what, fits in _FITS if word in words]


# ---- writing


def _toml(scenario: Scenario, folder: Path) -> str:
    lines: list[str] = []

    def put(key: str, value: Any) -> None:
        if value is not None and value != "" and value != () and value != {}:
            lines.append(f"{_bare(key)} = {_cell(value, folder)}")

    for one in fields(scenario):
        if one.name in _TOML_KEY:
            put(_TOML_KEY[one.name], getattr(scenario, one.name))
    if scenario.base:
        lines += ["", "[base]"]
        for name, value in scenario.base.items():
            put(_TOML_KEY[name], value)
    for kind in _ENTRIES:
        for entry in getattr(scenario, kind):
            lines += ["", f"[[{kind}]]"]
            cells = {one.name: getattr(entry, one.name) for one in fields(entry)}
            for key, value in (_of_event(cells.pop("event")) | cells if kind == "hazard" else cells).items():
                put(key, value)
    if scenario.run is not None:
        lines += ["", "[run]"]
        put("verbs", scenario.run.verbs)
        for verb, options in scenario.run.options.items():
            lines += ["", f"[run.{verb}]"]
            lines += [f"{_bare(k)} = {_cell(v, folder)}" for k, v in options.items()]
    return "\n".join(lines) + "\n"


def _bare(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _quoted(key)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _cell(value: Any, folder: Path) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Path):
        return _quoted(Path(os.path.relpath(value, folder)).as_posix())
    if isinstance(value, Where | Circle):
        value = {k: v for k, v in asdict(value).items() if v != ""}
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_bare(k)} = {_cell(v, folder)}" for k, v in value.items()) + " }" if value else "{}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_cell(v, folder) for v in value) + "]"
    return repr(value)


# ---- applying


def _applied(scenario: Scenario, net: Network, fault: Fault) -> Applied:
    """Return a network under a scenario; what cannot be is noted and left out."""
    _options(scenario, net, fault)
    return Applied(*_changed(scenario, net, fault))


def _changed(scenario: Scenario, net: Network, fault: Fault) -> tuple[Network, dict[str, Any], tuple[Window, ...]]:
    from mobility.closure import Window

    windows: list[Window] = []
    known = set(net.table("upgrades")["upgrade_id"].tolist())
    done = []
    for i, one in enumerate(scenario.upgrade):
        if one.id in known:
            done.append(one.id)
        else:
            fault(("upgrade", i, "id"), one.id, f"there is no such upgrade{did_you_mean(one.id, known)}")
    if done:
        net = net.with_changes(upgrade=dict.fromkeys(done))
    for i, change in enumerate(scenario.change):
        links = chosen(net, change, _within_entry(fault, "change", i))
        hours = change.hours
        if links and hours is None:
            net = _lasting(net, links, change, _within_entry(fault, "change", i))
        elif links and hours is not None:
            for factor, some in _parts_left(net, links, change, _within_entry(fault, "change", i)).items():
                windows.append(Window(tuple(some), *hours, factor))
    shut: list[str] = []
    for i, close in enumerate(scenario.close):
        links = chosen(net, close, _within_entry(fault, "close", i))
        hours = close.hours
        if hours is None:
            shut += links
        elif links:
            windows.append(Window(tuple(links), *hours))
    for i, hazard in enumerate(scenario.hazard):
        if (area := getattr(hazard.event, "area", None)) is not None:
            _reaches(net, area, _within_entry(fault, "hazard", i))
    ask: dict[str, Any] = {"origin": list(scenario.origin), "destination": list(scenario.destination)}
    ask |= {k: v for k in OPTIONS if (v := getattr(scenario, k)) not in (None, "", ())}
    return net.with_changes(close=shut) if shut else net, ask, tuple(windows)


def _reaches(net: Network, area: Any, fault: Fault) -> None:
    """Note where the area of an event cannot be read, or holds no link."""
    if not _by_area(net, _drawn(area), lambda value, text: fault(("area",), value, text)):
        fault(("area",), None, "matches no link of the network")


def _within_entry(fault: Fault, kind: str, i: int) -> Fault:
    return lambda at, value, message: fault((kind, i, *at), value, message)


def _options(scenario: Scenario, net: Network, fault: Fault, only: Iterable[str] = BASE) -> None:
    """Note every place, force and option of the question that cannot be."""
    from mobility.force import force as find_force

    for name in ("origin", "destination"):
        for word in getattr(scenario, name) if name in only else ():
            _told(fault, (_TOML_KEY[name],), word, net.find_node, word)
    both = set(scenario.origin) & set(scenario.destination)
    if both and {"origin", "destination"} & set(only):
        fault(("to",), ", ".join(sorted(both)), "is origin and destination at once; a route needs two places")
    if scenario.force and "force" in only:
        _told(fault, ("force",), scenario.force, find_force, scenario.force, net)
    given = {k: v for k in OPTIONS if k in only and (v := getattr(scenario, k)) not in (None, "", ())}
    try:
        if given:
            compile_arcs(net, **given)
    except InputError:
        for key, value in given.items():
            shown = ", ".join(value) if isinstance(value, tuple) else None if isinstance(value, dict) else value
            _told(fault, (key,), shown, lambda option: compile_arcs(net, **option), {key: value})


def _told(fault: Fault, at: Key, value: Any, step: Callable[..., Any], *given: Any) -> None:
    """Take a step and note its faults at a key."""
    try:
        step(*given)
    except InputError as error:
        for found in error.findings:
            fault(at, value, found.message if found.table == "question" else str(found))


def chosen(net: Network, part: Selection, fault: Fault | None = None) -> list[str]:
    """Return the links that a selection takes, in table order.

    Parameters
    ----------
    net : Network
    part : Selection
    fault : callable, optional
        Told of what cannot be, as key, value and message; left out, it is raised.

    Raises
    ------
    InputError
        With every unknown name, or when the selection matches nothing.

    Examples
    --------
    >>> chosen(load(), Close(groups=("vardar-valley",), where=Where(mode="rail")))
    ['RL055', 'RL056', 'RL057']
    """
    found: list[Finding] = []

    def note(at: Key, value: Any, message: str) -> None:
        found.append(_finding("selection", {}, at, value, message))
        if fault is not None:
            fault(at, value, message)

    links = _chosen(net, part, note)
    if found and fault is None:
        raise InputError(found)
    return [] if found else links


def _chosen(net: Network, part: Selection, note: Fault) -> list[str]:
    ways = [w for w in ("links", "groups", "nodes", "countries", "area") if getattr(part, w)]
    if len(ways) > 1:
        note((ways[1],), None, f"{' and '.join(ways)} are two ways to select; write an entry for each")
    if not ways and part.where is None:
        note((), None, "selects nothing; give links, groups, nodes, countries, area or where")
    if len(ways) > 1 or not (ways or part.where):
        return []
    missed = False

    def miss(at: Key, value: Any, message: str) -> None:
        nonlocal missed
        missed = True
        note(at, value, message)

    taken = set(net.link_index)
    if ways:
        taken = _BY[ways[0]](net, getattr(part, ways[0]), lambda value, text: miss((ways[0],), value, text))
    if part.where is not None:
        taken &= _conditions(net, part.where, lambda key, value, text: miss(("where", key), value, text))
    if not taken and not missed:
        note((ways[0] if ways else "where",), None, "matches no link of the network")
    return [x for x in net.link_index if x in taken]


Note = Callable[[Any, str], None]


def _looked_up(words: Iterable[str], find: Callable[[str], str], note: Note) -> list[str]:
    out: list[str] = []
    missed = 0
    for word in words:
        try:
            out.append(find(word))
        except InputError as error:
            missed += 1
            if missed > schema.MAX_FINDINGS:
                note(None, f"more than {schema.MAX_FINDINGS} names are not known; the others are not looked up")
                break
            note(word, error.findings[0].message)
    return out


def _by_groups(net: Network, names: tuple[str, ...], note: Note) -> set[str]:
    known = net.groups()

    def find(name: str) -> str:
        if name in known:
            return name
        raise InputError(f"no group is called so{did_you_mean(name, known) or '; groups: ' + ', '.join(known)}")

    return {x for name in _looked_up(names, find, note) for x in known[name]}


def _by_nodes(net: Network, names: tuple[str, ...], note: Note) -> set[str]:
    nodes = set(_looked_up(names, net.find_node, note))
    table = net.table("links")
    rows = zip(table["link_id"].tolist(), table["from_node"].tolist(), table["to_node"].tolist(), strict=True)
    return {link for link, a, b in rows if a in nodes or b in nodes}


def _by_countries(net: Network, names: tuple[str, ...], note: Note) -> set[str]:
    states = set(_looked_up(names, net.find_country, note))
    return {link for link, lies in zip(net.link_index, net.link_countries, strict=True) if states & set(lies)}


def _by_area(net: Network, area: Path | Circle, note: Note) -> set[str]:
    import shapely

    frame = net.links
    lines = frame.geometry.to_numpy()
    if isinstance(area, Circle):
        from pyproj import Transformer

        flat = f"+proj=aeqd +lat_0={area.lat} +lon_0={area.lon} +ellps=WGS84 +units=m"
        to = Transformer.from_crs("EPSG:4326", flat, always_xy=True)
        lines = shapely.transform(lines, lambda xy: np.stack(to.transform(xy[:, 0], xy[:, 1]), axis=1))
        hit = shapely.distance(lines, shapely.Point(0, 0)) <= area.radius_km * 1000
    else:
        try:
            shape = polygons(area)
        except InputError as error:
            note(area.name, error.findings[0].message)
            return set(net.link_index)
        shapely.prepare(shape)
        hit = shapely.intersects(shape, lines)
    return set(frame.index[hit])


_BY: Mapping[str, Callable[[Network, Any, Note], set[str]]] = {
    "links": lambda net, ids, note: set(_looked_up(ids, net.find_link, note)),
    "groups": _by_groups,
    "nodes": _by_nodes,
    "countries": _by_countries,
    "area": _by_area,
}


def polygons(path: Path) -> Any:
    """Return the polygons of a GeoJSON file as one shape, in WGS 84.

    Raises
    ------
    InputError
        When the file cannot be read, is no GeoJSON, or holds no polygon.
    """
    import shapely

    try:
        if path.stat().st_size > MAX_AREA:
            raise InputError(f"the file is larger than {MAX_AREA / 1e6:.0f} MB")
        drawn = shapely.from_geojson(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise InputError(f"cannot be read: {why}") from None
    except shapely.errors.ShapelyError:
        raise InputError("is no GeoJSON; a polygon, a Feature or a FeatureCollection is needed") from None
    parts = [g for g in shapely.get_parts([drawn]).tolist() if g is not None]
    parts = [g for g in shapely.get_parts(parts).tolist() if g.geom_type == "Polygon" and not g.is_empty]
    if not parts:
        raise InputError("holds no polygon")
    whole = shapely.union_all(shapely.make_valid(parts))
    west, south, east, north = whole.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise InputError("has coordinates that are no longitude and latitude")
    return whole


def _conditions(net: Network, where: Where, note: Callable[[str, Any, str], None]) -> set[str]:
    country = where.country
    if where.corridor:
        known = {c for text in net.table("links")["corridors"].unique() for c in schema.split(text)}
        if where.corridor not in known:
            hint = did_you_mean(where.corridor, known) or "; corridors: " + ", ".join(sorted(known))
            note("corridor", where.corridor, f"no link belongs to it{hint}")
    if country:
        country = (_looked_up([country], net.find_country, lambda v, text: note("country", v, text)) or [country])[0]
    return set(net.where(corridor=where.corridor, mode=where.mode, country=country, status=where.status))


def _lasting(net: Network, links: list[str], change: Change, note: Fault) -> Network:
    try:
        if change.set:
            net = net.with_changes(dict.fromkeys(links, change.set))
        if change.scale:
            net = scaled(net, links, change.scale)
    except InputError as error:
        for message in dict.fromkeys(f.message for f in error.findings[:5]):
            note(("scale" if change.scale else "set",), None, message)
    return net


def scaled(net: Network, links: Iterable[str], factors: Mapping[str, float]) -> Network:
    """Return a network with columns of some links multiplied; estimates, and defaults that stood in, stay estimates.

    Where a time is stated, a factor on ``speed_kmh`` divides it.

    Raises
    ------
    InputError
        When no link has a value to multiply, or the product is out of the schema's bounds.
    """
    edits: dict[str, dict[str, float]] = {}
    guesses: dict[str, list[str]] = {}
    for column, factor in factors.items():
        touched = False
        for target in ("time_h", column) if column == "speed_kmh" else (column,):
            numbers = net.values(target)
            by = 1 / factor if target != column and factor else factor
            for link in links:
                row = net.link_index[link]
                if (value := numbers.value[row]) == value and "time_h" not in edits.get(link, {}):
                    touched = True
                    edits.setdefault(link, {})[target] = float(value) * by
                    guesses.setdefault(link, []).extend([target] if numbers.estimated[row] else [])
        if not touched:
            raise InputError(f"no link that is selected has a {column} to scale")
    made = net.with_changes(edits)
    marked = dict(zip(made.link_index, made.table("links")["estimated"].tolist(), strict=True))
    keep = {x: ";".join([*schema.split(marked[x]), *names]) for x, names in guesses.items() if names}
    return made.with_changes({x: {"estimated": text} for x, text in keep.items()}) if keep else made


def _parts_left(net: Network, links: list[str], change: Change, note: Fault) -> dict[float, list[str]]:
    """Return links by the part of their capacity that a change for some hours leaves them."""
    out: dict[float, list[str]] = {}
    modes = dict(zip(net.link_index, net.table("links")["mode"].tolist(), strict=True))
    allowed = {c for columns in CAPACITY.values() for c in columns}
    wrong = [c for c in (*change.set, *change.scale) if c not in allowed]
    if wrong:
        note(
            ("hours",), None, f"{', '.join(wrong)} cannot change for some hours; only {', '.join(sorted(allowed))} can"
        )
        return out
    for link in links:
        left = 1.0
        for column in CAPACITY[modes[link]]:
            now = net.values(column).value[net.link_index[link]]
            if column in change.set and now > 0:
                left *= float(change.set[column]) / float(now)
            left *= change.scale.get(column, 1.0)
        if left > 1:
            note(("hours",), link, "more capacity for some hours is not offered; a window can only take it away")
            return {}
        if left < 1:
            out.setdefault(round(left, 9), []).append(link)
    if not out:
        note(("hours",), None, "changes the capacity of no link that is selected")
    return out


# ---- the library


def scenarios(net: Network | None = None) -> dict[str, Path]:
    """Return the files of all scenarios by name: the shipped ones, and those in ``scenarios/`` of the network's folder.

    Examples
    --------
    >>> "vardar-valley-cut" in scenarios()
    True
    """
    roots = [shipped()] + ([net.folder] if net is not None and net.folder is not None else [])
    return {file.stem: file for root in roots for file in sorted((root / "scenarios").glob("*.toml"))}


def scenario(name: str | Path | Scenario, net: Network | None = None) -> Scenario:
    """Return a scenario by name or read one from a file.

    Parameters
    ----------
    name : str, Path or Scenario
        A name of :func:`scenarios`, or a file ending in ``.toml``.
    net : Network, optional
        Checked against this network instead of its own.

    Raises
    ------
    InputError
        When there is no such scenario, or with every fault of its file.

    Examples
    --------
    >>> scenario("vardar-valley-cut").close[0].groups
    ('vardar-valley',)
    """
    if isinstance(name, Scenario):
        return name
    if isinstance(name, Path) or str(name).endswith(".toml"):
        return Scenario.read(Path(name), net)
    known = scenarios(net)
    hits = [k for k in known if fold(k) == fold(name)]
    if not hits:
        hint = did_you_mean(name, known) or f"; known: {', '.join(known)}"
        raise InputError(f"no scenario is called {name!r}{hint}; a file's name ends in .toml")
    return Scenario.read(known[hits[0]], net)


def listing(net: Network | None = None) -> pd.DataFrame:
    """Return all known scenarios with what each asks, one row each."""
    against = net if net is not None else load()
    made = [scenario(name, against) for name in scenarios(net)]
    rows = [
        {
            "name": s.name, "title": s.title, "from": ", ".join(s.origin), "to": ", ".join(s.destination),
            "force": str(s.force), "confidence": s.confidence,
        }
        for s in made
    ]  # fmt: skip
    return pd.DataFrame(rows).set_index("name")


# ---- comparing


@dataclass(frozen=True)
class Figures:
    """The key figures of one case; None where there is no route, or where it was not asked.

    Attributes
    ----------
    time_h, length_km : float or None
        Of the fastest route.
    link_disjoint, node_disjoint : int
    vehicles_per_day, tonnes_per_day : float
    cut : tuple of str
        The minimum cut.
    closure_h, lower_bound_h : float or None
        Of a force.
    reliability : float or None
    held_at_hour_0 : tuple of str
        Links that are out, or have less capacity, for some hours from 0 on: so they count in all figures but closure.
    """

    name: str
    title: str
    status: str
    time_h: float | None = None
    length_km: float | None = None
    link_disjoint: int = 0
    node_disjoint: int = 0
    vehicles_per_day: float = 0.0
    tonnes_per_day: float = 0.0
    cut: tuple[str, ...] = ()
    closure_h: float | None = None
    lower_bound_h: float | None = None
    reliability: float | None = None
    held_at_hour_0: tuple[str, ...] = ()
    question: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def minus(self, other: Figures) -> dict[str, float | None]:
        """Return what each figure is more than another case's; None where either has none."""
        pairs = {k: (getattr(self, k), getattr(other, k)) for k in FIGURES}
        return {k: None if a is None or b is None else a - b for k, (a, b) in pairs.items()}


@dataclass(frozen=True)
class Comparison:
    """Cases side by side.

    Attributes
    ----------
    cases : tuple of Figures
        The first is what the others are held against.
    """

    cases: tuple[Figures, ...]

    @property
    def status(self) -> str:
        """Return ``ok`` when some case has a route, else ``no_route``."""
        return "ok" if any(c.status == "ok" for c in self.cases) else "no_route"

    @cached_property
    def differences(self) -> tuple[dict[str, float | None], ...]:
        """Return what each figure of each case is more than in the first."""
        return tuple(c.minus(self.cases[0]) for c in self.cases)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per case: its figures, and as ``d_...`` what they are more than in the first."""
        rows = []
        for case, more in zip(self.cases, self.differences, strict=True):
            row: dict[str, Any] = {k: getattr(case, k) for k in ("name", "title", "status", *FIGURES)}
            rows.append(row | {"cut": ";".join(case.cut)} | {f"d_{k}": v for k, v in more.items()})
        return pd.DataFrame(rows).set_index("name")

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON holds it."""
        cases = [{k: getattr(c, k) for k in (f.name for f in fields(c))} for c in self.cases]
        return {
            "status": self.status, "against": self.cases[0].name,
            "cases": [c | {"cut": list(c["cut"]), "held_at_hour_0": list(c["held_at_hour_0"])} for c in cases],
            "differences": [
                {"name": c.name, **more} for c, more in zip(self.cases, self.differences, strict=True)
            ],
        }  # fmt: skip

    def __repr__(self) -> str:
        return f"<Comparison: {', '.join(c.name for c in self.cases)}>"

    def _repr_html_(self) -> str:
        from mobility.pages import as_html, told

        return as_html(told(self))


def under(answer: Any, name: str, held: Sequence[str]) -> Any:
    """Return an answer whose question says under which scenario it was asked, and what was held at hour 0."""
    return replace(answer, question={**answer.question, "scenario": name, "held_at_hour_0": list(held)})


def figures(
    name: str,
    net: Network,
    ask: Mapping[str, Any],
    *,
    title: str = "",
    windows: Sequence[Window] = (),
    force: str | Path | Force = "",
    closing: Mapping[str, Any] | None = None,
    lasting: Mapping[str, Any] | None = None,
    known: Mapping[str, Any] | None = None,
) -> Figures:
    """Return the key figures of a question on a network; they are those of the single verbs.

    Parameters
    ----------
    ask : mapping
        ``origin``, ``destination`` and options.
    windows : sequence of Window
        What holds for some hours.
    force : str, Path or Force
        Whose closure is asked; left out, none is.
    closing, lasting : mapping, optional
        Options of ``closure`` and, if its figure is wanted, of ``reliability``.
    known : mapping of str to answer, optional
        Answers by verb that are there already.
    """
    from mobility.flows import throughput
    from mobility.paths import redundancy, routes

    now, held = Applied(net, dict(ask), tuple(windows)).standing()
    had = known or {}
    best = had["routes"] if "routes" in had else routes(now, k=1, **ask)
    apart = had["redundancy"] if "redundancy" in had else redundancy(now, **ask)
    flow = had["throughput"] if "throughput" in had else throughput(now, **ask)
    first = best.routes[0] if best.routes else None
    more: dict[str, Any] = {}
    if force:
        from mobility.closure import closure

        options = {**ask, **(closing or {})}
        shut = had["closure"] if "closure" in had else closure(net, force=force, windows=windows, **options)
        more |= {"closure_h": shut.closure_h, "lower_bound_h": shut.lower_bound_h}
    if lasting is not None:
        from mobility.reliability import reliability

        sure = had["reliability"] if "reliability" in had else reliability(now, **{**ask, **lasting})
        more["reliability"] = sure.reliability
    return Figures(
        name, title, best.status, first.time_h if first else None, first.length_km if first else None,
        apart.link_disjoint, apart.node_disjoint, flow.vehicles_per_day, flow.tonnes_per_day, flow.cut,
        held_at_hour_0=held, question={**best.question, "scenario": name}, **more,
    )  # fmt: skip


def figures_of(scenario: Scenario, net: Network | None = None, answers: Mapping[str, Any] | None = None) -> Figures:
    """Return the key figures of a scenario.

    Parameters
    ----------
    scenario : Scenario
    net : Network, optional
        Left out: the scenario's own.
    answers : mapping of str to answer, optional
        What is answered already; figures are taken from it where they are the same.

    Raises
    ------
    InputError
        When the scenario asks for no places.
    """
    asked(scenario)
    net, ask, windows = scenario.apply(net)
    verbs = scenario.run.verbs if scenario.run is not None else ()
    # An option as --via makes another question of it than that of the key figures.
    same = {
        verb: answer
        for verb, answer in (answers or {}).items()
        if verb in ("closure", "reliability") or not set(scenario.options(verb)) - {"k"}
    }
    return figures(
        scenario.name, net, ask, title=scenario.title, windows=windows, force=scenario.force,
        closing=scenario.options("closure"), known=same,
        lasting=scenario.options("reliability") if "reliability" in verbs else None,
    )  # fmt: skip


def asked(scenario: Scenario) -> None:
    """Refuse a scenario that names an event and no question."""
    missing = [key for key in ("from", "to") if not getattr(scenario, _HEAD[key][0])]
    if missing:
        raise InputError(f"{scenario.name}: {' and '.join(missing)} is missing; it says what happened and asks nothing")


def variants(scenario: Scenario, permissions: Sequence[str] = (), years: Sequence[int] = ()) -> list[Scenario]:
    """Return a scenario under each of some permission regimes and in each of some years.

    Examples
    --------
    >>> asked = Scenario(name="x", origin=("Durrës",), destination=("Burgas",))
    >>> [v.name for v in variants(asked, years=[2026, 2030])]
    ['x 2026', 'x 2030']
    """
    made = [scenario]
    if permissions:
        made = [replace(s, name=f"{s.name} {p}", permission=p) for s in made for p in permissions]
    if years:
        made = [replace(s, name=f"{s.name} {y}", year=y) for s in made for y in years]
    return made


def compare(
    *cases: str | Path | Scenario,
    origin: str | Iterable[str] | None = None,
    destination: str | Iterable[str] | None = None,
    force: str | Path | Force = "",
    fail: float | None = None,
    progress: Callable[[str], None] | None = None,
    **more: Any,
) -> Comparison:
    """Put scenarios, or one question on several networks, side by side.

    Parameters
    ----------
    *cases : str, Path or Scenario
        Each asks its own question. One alone is held against itself without its changes.
    origin, destination : str or iterable of str
        Of the question to networks.
    force : str, Path or Force
        Whose closure is asked of the networks.
    fail : float, optional
        Probability for the reliability of the networks; left out, it is not asked.
    progress : callable, optional
        Told the name of each case before it is answered.
    **more
        Networks by the name they have in the table, and options of the question: ``today=net, later=net.at(2030),
        vehicle="wheeled-ifv"``.

    Returns
    -------
    Comparison

    Examples
    --------
    >>> import mobility as mb
    >>> net = mb.load()
    >>> both = mb.compare(today=net, later=net.at(2036), origin="Durrës", destination="Burgas", modes="rail")
    >>> [c.status for c in both.cases]
    ['no_route', 'ok']
    """
    say = progress or (lambda name: None)
    nets = {k: v for k, v in more.items() if isinstance(v, Network)}
    options = {k: v for k, v in more.items() if k not in nets}
    if bool(cases) == bool(nets):
        raise InputError("give scenarios, or networks by name: today=net, later=net.at(2030)")
    if cases:
        if options or origin is not None or destination is not None or force or fail is not None:
            raise InputError("a scenario asks its own question; no option goes with it")
        found = [scenario(c) for c in cases]
        found = [found[0].without(), found[0]] if len(found) == 1 else found
        loaded: dict[Path | None, Network] = {}
        answered = []
        for one in found:
            say(one.name)
            if one.network not in loaded:
                loaded[one.network] = one.load()
            answered.append(figures_of(one, loaded[one.network]))
        return Comparison(tuple(answered))
    if origin is None or destination is None:
        raise InputError("a question needs an origin and a destination")
    ask = {"origin": origin, "destination": destination, **options}
    answered = []
    for name, net in nets.items():
        say(name)
        lasting = None if fail is None else {"fail": fail}
        answered.append(figures(name, net, ask, force=force, lasting=lasting))
    return Comparison(tuple(answered))
