"""OpenStreetMap to tables: junctions become places, what lies between them one link, with every limit on the way.

Ways are cut where lines of one mode meet and joined where nothing branches off. A limit survives both: a link has the
lowest of its ways, and ``osm_parts.csv`` says at which kilometre and on which way. A level crossing joins no two
modes; the mode is changed only where a row of ``terminals.csv`` says so.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mobility import __version__, schema
from mobility.check import great_circle_km
from mobility.errors import Attempts, Finding, InputError, nearest
from mobility.network import MAX_GEOJSON, Network
from mobility.osmfile import Extract, Spot, Way, read, read_graph
from mobility.osmtags import (
    LIMITS,
    Limits,
    closed,
    electrified,
    gauge,
    gradient,
    lanes,
    limits,
    line_category,
    loading_gauge,
    measure,
    oneway,
    whole,
    yes,
)

Array = np.ndarray[Any, Any]

ROADS = ("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "service", "track")
"""Classes of road, each level with all above it."""

RAIL = ("none", "lines", "all")
"""No railways; lines, without yards, sidings and spurs; all tracks."""

SAME_AS = {"living_street": "residential", "road": "residential"}

MARK = "osm.json"
"""This file tells that a folder was made here, and from what."""

ATTRIBUTION = "© OpenStreetMap contributors, Open Database License 1.0 (openstreetmap.org/copyright)"

RAIL_SPEED = ((30.0, 15.0), (42.0, 20.0), (50.0, 25.0), (60.0, 30.0), (75.0, 36.0), (90.0, 42.0), (120.0, 50.0))
"""Line speed and the average speed of a freight train on it, as for the shipped corridors."""

NAMED_WITHIN_KM = {"city": 5.0, "town": 3.0, "village": 1.5, "suburb": 1.0, "hamlet": 0.7}
STATION_WITHIN_KM = 1.0

TERMINAL_WITHIN_KM, TRANSFER_H = 1.0, 4.0
"""How far a terminal may lie from road and track, and the usual time there, as for the shipped corridors."""


class _Line(NamedTuple):
    """What the tags of a way say for one mode."""

    way: Way
    mode: str
    turned: bool
    status: str
    key: tuple[Any, ...]
    fore: Limits
    back: Limits
    bridge: bool
    tunnel: bool
    lanes: tuple[float, float, float]
    max_speed: float
    speed: float
    slowed: bool
    cells: dict[str, Any]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Import:
    """A network made of OpenStreetMap.

    Attributes
    ----------
    nodes, links : DataFrame
        The tables; link ids are ``W`` and the first OSM way, with a number where that way makes several links.
        Besides the columns of the contract: ``osm_ways`` (all ways), ``osm_limits`` (the way that sets each limit),
        ``osm_states`` (limits tagged without a number), ``bridges``, ``bridges_unrated`` (without a posted load),
        ``weakest_bridge``, ``tunnels``, ``surface``, ``osm_class``.
    parts : DataFrame
        One row for each way of each link, with its kilometres and limits.
    lines : mapping of link id to ndarray
        Longitude and latitude of the points of each link.
    facts : mapping
        File, date, licence, options, counts: what ``osm.json`` holds.
    notes : tuple of Finding
        Warnings of the reader.
    """

    nodes: pd.DataFrame
    links: pd.DataFrame
    parts: pd.DataFrame
    lines: Mapping[str, Array] = field(repr=False)
    facts: Mapping[str, Any] = field(repr=False)
    notes: tuple[Finding, ...] = ()
    terminals: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    status: str = "ok"

    @cached_property
    def network(self) -> Network:
        """The network, to ask questions of."""
        import shapely

        more = {} if self.terminals.empty else {"terminals": self.terminals}
        net = Network.from_frames(nodes=self.nodes, links=self.links, sources=self.sources, **more)
        # In memory there is no folder to read the lines from; this is where they would be kept once read.
        vars(net)["alignments"] = {k: (shapely.linestrings(xy), "traced") for k, xy in self.lines.items()}
        return net

    @property
    def sources(self) -> pd.DataFrame:
        """The one row of ``sources.csv``: file, date and licence."""
        row = {
            "source_id": "OSM", "title": f"OpenStreetMap, {self.facts['file']}. {ATTRIBUTION}",
            "url": "https://www.openstreetmap.org/copyright", "date": self.facts["date"], "type": "open data, ODbL 1.0",
        }  # fmt: skip
        return pd.DataFrame([row])

    def to_frame(self) -> pd.DataFrame:
        """Return the links."""
        return self.links.set_index("link_id")

    def to_dict(self) -> dict[str, Any]:
        """Return what was read and made, as JSON holds it."""
        return {"status": self.status, **self.facts, "notes": [n.to_dict() for n in self.notes]}

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write a network folder: tables, lines, parts, provenance and attribution.

        Raises
        ------
        InputError
            When the folder exists and `overwrite` is not set, or is not one that was written here.
        """
        target = Path(folder)
        with _folder(target, overwrite) as new:
            (new / "links").mkdir()
            _csv(self.nodes, new / "nodes.csv")
            for mode, part in self.links.groupby("mode", sort=False):
                _csv(part, new / "links" / f"{mode}.csv")
            _csv(self.sources, new / "sources.csv")
            _csv(self.parts, new / "osm_parts.csv")
            if not self.terminals.empty:
                _csv(self.terminals, new / "terminals.csv")
            facts = {**self.facts, "lines": _geojson(self.lines, new / "alignments.geojson")}
            text = json.dumps(facts, ensure_ascii=False, indent=2, allow_nan=False)
            (new / MARK).write_text(text + "\n", encoding="utf-8")
            about = (
                f"{ATTRIBUTION}\nMade from {self.facts['file']}, data of {self.facts['date'] or 'an unknown day'}.\n"
            )
            about += "Limits are what was tagged; no figure is a bridge rating, a route clearance or a train path.\n"
            (new / "ATTRIBUTION.txt").write_text(about, encoding="utf-8")
        return target

    def plot(self, **options: Any) -> Any:
        """Draw the network on a map; see :func:`mobility.maps.plot`."""
        return self.network.plot(**options)

    def explore(self, path: str | Path | None = None, **options: Any) -> Any:
        """Show the network on an interactive map; see :func:`mobility.explore.explore`."""
        return self.network.explore(path, **options)

    def _repr_html_(self) -> str:
        return str(pd.DataFrame([self.facts["counts"]]).to_html(index=False))

    def __repr__(self) -> str:
        day = self.facts["date"] or "day unknown"
        return f"<Import: {self.facts['file']}, {day}: {len(self.nodes)} places, {len(self.links)} links>"


def import_osm(
    source: str | Path | Any = None,
    *,
    out: str | Path | None = None,
    roads: str = "tertiary",
    rail: str = "lines",
    bbox: Sequence[float] | None = None,
    country: str = "",
    terminals: Mapping[str, Sequence[float | str]] | None = None,
    place: str = "",
    overpass: str = "",
    nominatim: str = "",
    overwrite: bool = False,
) -> Import:
    """Make a network of an OpenStreetMap extract.

    Parameters
    ----------
    source : path or osmnx graph, optional
        ``.osm.pbf`` (with the extra ``osm``), ``.osm``, ``.osm.gz``, ``.osm.bz2``, ``.graphml``, or a graph in memory.
        Left out: `place` or `bbox` is downloaded by osmnx from `overpass`.
    out : path, optional
        Folder to write the network into.
    roads : str, default "tertiary"
        The least class of road: motorway, trunk, primary, secondary, tertiary, unclassified, residential, service
        or track; or none.
    rail : {"lines", "all", "none"}
        ``lines`` leaves yards, sidings and spurs out.
    bbox : sequence of float, optional
        West, south, east, north; ways with a point inside are kept whole.
    country : str, optional
        Code of the state that all places lie in, when the extract is of one.
    terminals : mapping of name to latitude and longitude, optional
        Where loads change between road and rail: each becomes a place, joined to the nearest point of a road and of
        a track within 1 km by straight links, with a row of ``terminals.csv``. None is made otherwise.
    place : str, optional
        A place to download, as ``nominatim`` knows it.
    overpass, nominatim : str, optional
        Addresses of the services; nothing is downloaded without `overpass`.
    overwrite : bool
        Replace `out` when it was written here.

    Returns
    -------
    Import

    Raises
    ------
    InputError
        When the file or an option cannot be used.

    Notes
    -----
    ``docs/osm.md`` has the meaning of each tag. What is merged keeps the lowest limit, the sum of lengths and every
    way id.
    """
    box = _checked(roads, rail, bbox, place, overpass, source)
    sites = _sites(terminals or {})
    wanted = _Wanted(roads, rail)
    if out is not None:
        _may_replace(Path(out), overwrite)
    about: dict[str, Any] = {}
    if source is None:
        extract = _download(wanted, box, place, overpass, nominatim)
        about["overpass"] = overpass
    elif isinstance(source, str | Path):
        path = Path(source)
        extract = read(path, wanted)
        about["sha256"] = _sha256(path)
    else:
        extract = read_graph(source, wanted)
    if box is not None:
        extract.ways = list(_inside(extract, box))
    options: dict[str, Any] = {
        "roads": roads,
        "rail": rail,
        "bbox": list(box) if box else None,
        "country": country,
        "place": place,
    }
    options["terminals"] = {k: list(v) for k, v in sites.items()}
    made = build(extract, country=country.strip().upper(), about={**about, "options": options}, terminals=sites)
    if made.links.empty:
        message = f"holds no road down to {roads} and no railway ({rail}){' in the box' if box else ''}"
        raise InputError([Finding("error", extract.file, None, None, None, message)])
    if out is not None:
        made.save(out, overwrite=overwrite)
    return made


def _checked(
    roads: str, rail: str, bbox: Sequence[float] | None, place: str, overpass: str, source: Any
) -> tuple[float, float, float, float] | None:
    faults = []
    if roads not in (*ROADS, "none"):
        hint = f"; did you mean {' or '.join(near)}?" if (near := nearest(roads, ROADS)) else ""
        faults.append(f"roads is {roads!r}; it must be one of {', '.join(ROADS)} or none{hint}")
    if rail not in RAIL:
        faults.append(f"rail is {rail!r}; it must be one of {', '.join(RAIL)}")
    if roads == rail == "none":
        faults.append("neither roads nor railways are asked for")
    box = None
    if bbox is not None:
        try:
            west, south, east, north = (float(x) for x in bbox)
            box = west, south, east, north
            sound = -180 <= west < east <= 180 and -90 <= south < north <= 90
        except (TypeError, ValueError):
            sound = False
        if not sound:
            faults.append(f"the box is {bbox!r}; it must be west,south,east,north in degrees, west below east")
    if source is None:
        if not overpass:
            faults.append("no file is given; to download, name a service with --overpass and a place or box")
        elif not (place or bbox is not None):
            faults.append("what to download? Give a place or a box")
        elif not overpass.startswith(("http://", "https://")):
            faults.append(f"overpass is {overpass!r}; it must be an address that begins with http:// or https://")
    elif place or overpass:
        faults.append("a file and a download are two things; give one of them")
    if faults:
        raise InputError([f for text in faults for f in InputError(text).findings])
    return box


def _sites(terminals: Mapping[str, Sequence[float | str]]) -> dict[str, tuple[float, float]]:
    """Return terminals with sound names and coordinates."""
    attempts = Attempts()

    def site(name: str, where: Sequence[float | str]) -> tuple[float, float]:
        try:
            lat, lon = (float(x) for x in where)
            if name.strip() and -90 <= lat <= 90 and -180 <= lon <= 180:
                return lat, lon
        except (TypeError, ValueError):
            pass
        raise InputError(
            f"terminal {name!r} lies at {where!r}; a name, a latitude and a longitude in degrees are needed"
        )

    out = {name: attempts.run(site, name, where, otherwise=(0.0, 0.0)) for name, where in terminals.items()}
    attempts.done()
    return out


class _Wanted:
    """Which ways are read."""

    def __init__(self, roads: str, rail: str) -> None:
        self.roads = frozenset(ROADS[: ROADS.index(roads) + 1]) if roads != "none" else frozenset()
        self.rail = rail

    def __call__(self, tags: Mapping[str, str]) -> bool:
        """Return whether a way with these tags is kept."""
        return bool(self.road(tags) or self.railway(tags))

    def road(self, tags: Mapping[str, str]) -> tuple[str, str]:
        """Return class and status of a road, or nothing."""
        kind, status = _stage(tags, "highway")
        if ";" in kind:  # merged before: what is least counts
            kind = max(kind.split(";"), key=lambda k: _level(k))
        return (kind, status) if _base(kind) in self.roads and tags.get("area") != "yes" else ("", "")

    def railway(self, tags: Mapping[str, str]) -> tuple[str, str]:
        """Return kind and status of a railway, or nothing."""
        if self.rail == "none":
            return "", ""
        kind, status = _stage(tags, "railway")
        kinds = kind.split(";")
        if kind == "yes":
            kinds = ["rail"]
        if not set(kinds) <= {"rail", "narrow_gauge"}:
            return "", ""
        if self.rail == "lines" and tags.get("service") in ("yard", "siding", "spur"):
            return "", ""
        return kinds[0], status


def _stage(tags: Mapping[str, str], key: str) -> tuple[str, str]:
    """Return what a way is, will be or was, and its status."""
    kind = tags.get(key, "")
    if kind == "construction":
        return tags.get("construction", ""), "under_construction"
    if kind == "proposed":
        return tags.get("proposed", ""), "planned"
    if kind == "disused" and key == "railway":
        return tags.get("disused", "rail"), "closed"
    return kind, "operational"


def _base(kind: str) -> str:
    kind = kind.removesuffix("_link")
    return SAME_AS.get(kind, kind)


def _level(kind: str) -> int:
    return ROADS.index(_base(kind)) if _base(kind) in ROADS else -1


# ---- one way


def _road(way: Way, kind: str, status: str) -> _Line:
    tags = way.tags
    direction = oneway(tags)
    turned = direction == -1
    count = lanes(tags)
    base = _base(kind)
    dual = bool(direction) or tags.get("motorroad") == "yes" or count[0] >= 4
    road_class = {"motorway": "motorway", "trunk": "expressway" if dual else "primary"}.get(base, base)
    fore, back = limits(tags)
    notes = []
    shut = closed(tags) or ("oneway=reversible" if direction is None else "")
    if shut:
        status, notes = ("closed" if status == "operational" else status), [shut]
    readings = [
        measure(tags[k], "speed")
        for k in ("maxspeed", "maxspeed:hgv", "maxspeed:forward", "maxspeed:backward")
        if k in tags
    ]
    known = [r.value for r in readings if r.state == "value"]
    top = min(known, default=math.nan)
    usual = schema.default("links", "speed_kmh", f"road.{road_class}", "road") or 35.0
    if turned:
        fore, back, count = back, fore, (count[0], count[2], count[1])
    cells = {
        "class": road_class, "osm_class": kind, "name": tags.get("name", ""), "e_road": tags.get("int_ref", ""),
        "national_road": tags.get("ref", ""), "surface": tags.get("surface", ""), "open_year": _year(tags, status),
    }  # fmt: skip
    key = ("road", bool(direction), road_class, kind, status)
    return _Line(
        way, "road", turned, status, key, fore, back, yes(tags, "bridge"), yes(tags, "tunnel"), count, top,
        min(usual, top) if top == top else usual, top < usual, cells, tuple(notes),
    )  # fmt: skip


def _railway(way: Way, kind: str, status: str) -> _Line:
    tags = way.tags
    fore, back = limits(tags, mode="rail")
    wide, note = gauge(tags.get("gauge"))
    wired, system = electrified(tags)
    tracks = whole(tags.get("tracks"))
    category = line_category(tags.get("railway:track_class"))
    notes = [note] if note else []
    if tags.get("railway:track_class") and not category:
        notes.append(f"railway:track_class={tags['railway:track_class'][:40]}: no category of EN 15528")
    shut = tags.get("access", "") == "no"
    if shut:
        status, notes = ("closed" if status == "operational" else status), [*notes, "access=no"]
    readings = [
        measure(tags[k], "speed")
        for k in ("maxspeed", "maxspeed:freight", "maxspeed:forward", "maxspeed:backward")
        if k in tags
    ]
    top = min([r.value for r in readings if r.state == "value"], default=math.nan)
    usual = schema.default("links", "speed_kmh", "rail") or 30.0
    line, train = zip(*RAIL_SPEED, strict=True)
    speed = float(np.interp(top, line, train)) if top == top else usual
    use = tags.get("service") or tags.get("usage", "")
    cells = {
        "class": "", "osm_class": f"{kind}:{use}" if use else kind, "name": tags.get("name", ""),
        "national_road": tags.get("ref", ""), "gauge_mm": wide, "electrified": wired, "electrification": system,
        "tracks": tracks if tracks == tracks else 1.0, "line_category": category,
        "loading_gauge": loading_gauge(tags.get("loading_gauge")),
        "max_gradient_permille": gradient(tags.get("incline")),
        "open_year": _year(tags, status),
    }  # fmt: skip
    same = ("gauge_mm", "electrified", "electrification", "tracks", "line_category", "loading_gauge")
    key = ("rail", False, kind, status, *(_plain(cells[k]) for k in same))
    return _Line(
        way, "rail", False, status, key, fore, back, yes(tags, "bridge"), yes(tags, "tunnel"), (math.nan,) * 3, top,
        speed, top == top, cells, tuple(notes),
    )  # fmt: skip


def _plain(value: Any) -> Any:
    return None if value != value else value


def _year(tags: Mapping[str, str], status: str) -> float:
    """Return the year in which something under construction opens, where one is tagged."""
    text = tags.get("opening_date", "") if status in ("under_construction", "planned") else ""
    return float(text[:4]) if text[:4].isdigit() and 1800 <= int(text[:4]) <= 2200 else math.nan


# ---- ways to links


@dataclass
class _Pieces:
    """Ways of one mode, cut at junctions: for each piece its first and last position among the points, and its line."""

    lines: list[_Line]
    point: Array
    km: Array
    first: Array
    last: Array
    line: Array
    joins: set[int]
    cut_off: int


def _pieces(extract: Extract, lines: list[_Line], forced: Array) -> _Pieces:
    """Cut ways where three or more ends meet, where a way meets itself, where points are missing, and at `forced`."""
    counts = np.array([len(x.way.refs) for x in lines], np.int64)
    refs = np.concatenate([np.asarray(x.way.refs[::-1] if x.turned else x.way.refs, np.int64) for x in lines])
    of = np.repeat(np.arange(len(lines)), counts)
    place = np.searchsorted(extract.node, refs)
    place[place == len(extract.node)] = 0
    there = extract.node[place] == refs if len(extract.node) else np.zeros(len(refs), bool)
    run = np.cumsum(np.r_[True, (of[1:] != of[:-1]) | ~there[:-1]])
    place, of, run = place[there], of[there], run[there]
    fresh = np.ones(len(place), bool)
    fresh[1:] = (place[1:] != place[:-1]) | (run[1:] != run[:-1])
    place, of, run = place[fresh], of[fresh], run[fresh]
    _, which, size = np.unique(run, return_inverse=True, return_counts=True)
    long = size[which] > 1
    place, of, run = place[long], of[long], run[long]
    start, end = np.ones(len(place), bool), np.ones(len(place), bool)
    start[1:] = run[1:] != run[:-1]
    end[:-1] = start[1:]
    met = np.bincount(place, np.where(start | end, 1, 2), minlength=len(extract.node))
    asked = np.isin(place, forced)
    bound = np.flatnonzero(start | end | (met[place] > 2) | asked)
    first, last = bound[:-1], bound[1:]
    inside = ~end[first]
    first, last = first[inside], last[inside]
    lat, lon = extract.lat[place], extract.lon[place]
    step = np.zeros(len(place))
    step[1:] = np.where(start[1:], 0.0, great_circle_km(lat[:-1], lon[:-1], lat[1:], lon[1:]))
    ends = np.bincount(np.r_[place[first], place[last]], minlength=len(extract.node))
    joins = set(np.flatnonzero((met == 2) & (ends == 2)).tolist()) - set(forced.tolist())
    return _Pieces(lines, place, np.cumsum(step), first, last, of[first], joins, int((~there).sum()))


Chain = list[tuple[int, int, int, bool]]
"""Pieces of one link in order: line, first and last position, and whether it runs against its way."""


def _chains(pieces: _Pieces) -> Iterator[Chain]:
    """Join pieces end to end where nothing branches off and nothing changes that a link can have only one of."""
    first, last = pieces.first.tolist(), pieces.last.tolist()
    line, point = pieces.line.tolist(), pieces.point
    a, b = point[pieces.first].tolist(), point[pieces.last].tolist()
    keys = [x.key for x in pieces.lines]
    at: dict[int, list[tuple[int, int]]] = {}
    for piece, (u, v) in enumerate(zip(a, b, strict=True)):
        if u in pieces.joins:
            at.setdefault(u, []).append((piece, 0))
        if v in pieces.joins:
            at.setdefault(v, []).append((piece, 1))
    follows: dict[tuple[int, int], tuple[int, int]] = {}
    for pair in at.values():
        if len(pair) != 2:
            continue
        (p, e), (q, f) = pair
        key = keys[line[p]]
        if p != q and key == keys[line[q]] and not (key[1] and e == f):
            follows[p, e] = (q, f)
            follows[q, f] = (p, e)
    done = bytearray(len(first))

    def walk(piece: int, end: int) -> Chain:
        """Follow from a piece that is left by `end`."""
        out: Chain = []
        while not done[piece]:
            done[piece] = 1
            out.append((line[piece], first[piece], last[piece], end == 0))
            following = follows.get((piece, end))
            if following is None:
                break
            piece, end = following[0], 1 - following[1]
        return out

    for piece in range(len(first)):
        if done[piece]:
            continue
        if (piece, 0) not in follows:
            yield from _opened(walk(piece, 1), pieces)
        elif (piece, 1) not in follows and not keys[line[piece]][1]:
            yield from _opened(walk(piece, 0), pieces)
    for piece in range(len(first)):  # what is left are rings
        if not done[piece]:
            yield from _opened(walk(piece, 1), pieces)


def _opened(chain: Chain, pieces: _Pieces) -> Iterator[Chain]:
    """Cut a chain that ends where it begins in two, since a link needs two ends."""

    def ends(step: tuple[int, int, int, bool]) -> tuple[int, int]:
        _, lo, hi, back = step
        return (
            (int(pieces.point[hi]), int(pieces.point[lo])) if back else (int(pieces.point[lo]), int(pieces.point[hi]))
        )

    if not chain:
        return
    if ends(chain[0])[0] != ends(chain[-1])[1]:
        yield chain
        return
    half, run = sum(pieces.km[hi] - pieces.km[lo] for _, lo, hi, _ in chain) / 2, 0.0
    for i, (way, lo, hi, back) in enumerate(chain):
        long = float(pieces.km[hi] - pieces.km[lo])
        if run + long < half and i + 1 < len(chain):
            run += long
            continue
        if hi - lo > 1:
            want = pieces.km[hi] - (half - run) if back else pieces.km[lo] + (half - run)
            mid = int(np.clip(np.searchsorted(pieces.km[lo : hi + 1], want) + lo, lo + 1, hi - 1))
            one, two = (
                ((way, mid, hi, True), (way, lo, mid, True)) if back else ((way, lo, mid, False), (way, mid, hi, False))
            )
            yield [*chain[:i], one]
            yield [two, *chain[i + 1 :]]
        elif len(chain) > 1:
            cut = max(1, min(i, len(chain) - 1))
            yield chain[:cut]
            yield chain[cut:]
        return


def build(
    extract: Extract,
    *,
    country: str = "",
    about: Mapping[str, Any] | None = None,
    terminals: Mapping[str, tuple[float, float]] | None = None,
) -> Import:
    """Make tables of an extract; see :func:`import_osm`."""
    options = (about or {}).get("options", {})
    wanted = _Wanted(options.get("roads", ROADS[-1]), options.get("rail", "all"))
    lines: dict[str, list[_Line]] = {"road": [], "rail": []}
    for way in extract.ways:
        if len(way.refs) > 1:
            kind, status = wanted.road(way.tags)
            if kind:
                lines["road"].append(_road(way, kind, status))
            kind, status = wanted.railway(way.tags)
            if kind:
                lines["rail"].append(_railway(way, kind, status))
    table = _Table(extract)
    cut_off = 0
    attempts = Attempts()
    nearest_of: dict[str, list[int]] = {}
    for mode in ("road", "rail"):
        rows = _rows(extract, lines[mode]) if terminals else np.empty(0, np.int64)
        near = [attempts.run(_beside, extract, rows, k, at, mode, otherwise=0) for k, at in (terminals or {}).items()]
        nearest_of[mode] = near
        if lines[mode]:
            pieces = _pieces(extract, lines[mode], np.array(near, np.int64))
            cut_off += pieces.cut_off
            points = _points(extract, pieces) if mode == "road" else {}
            for chain in _chains(pieces):
                table.add(pieces, chain, points)
    attempts.done()
    links, parts = table.frames()
    nodes = _nodes(extract, links, country)
    changes = pd.DataFrame()
    if terminals:
        nodes, links, changes = _with_terminals(extract, nodes, links, table.drawn, terminals, nearest_of, country)
    notes = list(extract.notes)
    if cut_off:
        some = "1 point of a way is" if cut_off == 1 else f"{cut_off} points of ways are"
        message = f"{some} not in the file, as at the edge of an extract; the way ends there"
        notes.append(Finding("warning", extract.file, None, "nd", None, message))
    counts = {
        **extract.counts, "ways kept": len(extract.ways), "places": len(nodes), "links": len(links),
        **{f"{m} links": int((links["mode"] == m).sum()) for m in ("road", "rail")},
        "km": round(float(links["length_km"].sum()), 1), "bridges": int(np.nansum(links["bridges"].to_numpy(float))),
        "links with a limit": int(links[[c for c in LIMITS if c in links]].notna().any(axis=1).sum()),
    }  # fmt: skip
    facts = {
        "file": extract.file, "date": extract.date, "date_basis": extract.date_basis, "licence": "ODbL-1.0",
        "attribution": ATTRIBUTION, "mobility": __version__, **(about or {}), "counts": counts,
    }  # fmt: skip
    return Import(nodes, links, parts, table.drawn, facts, tuple(notes), changes)


def _rows(extract: Extract, lines: Sequence[_Line]) -> Array:
    """Return the rows of the points that some ways run through."""
    if not lines:
        return np.empty(0, np.int64)
    refs = np.unique(np.concatenate([np.asarray(x.way.refs, np.int64) for x in lines]))
    return np.flatnonzero(np.isin(extract.node, refs, assume_unique=True))


def _beside(extract: Extract, rows: Array, name: str, at: tuple[float, float], mode: str) -> int:
    """Return the row of the point of a road or track that is nearest to a terminal."""
    km = great_circle_km(extract.lat[rows], extract.lon[rows], *at)
    if not len(rows) or km.min() > TERMINAL_WITHIN_KM:
        there = f"the nearest is {km.min():.1f} km away" if len(rows) else "there is none"
        what = "road" if mode == "road" else "track"
        raise InputError(f"terminal {name!r} has no {what} within {TERMINAL_WITHIN_KM:g} km; {there}")
    return int(rows[int(km.argmin())])


def _with_terminals(
    extract: Extract, nodes: pd.DataFrame, links: pd.DataFrame, drawn: dict[str, Array],
    terminals: Mapping[str, tuple[float, float]], nearest_of: Mapping[str, list[int]], country: str,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Add places for terminals, straight links from road and track, and the rows that allow the change."""
    basis = {"source": "OSM: place given by the user", "confidence": "low"}
    places: list[dict[str, Any]] = []
    ways: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    for i, (name, (lat, lon)) in enumerate(terminals.items()):
        row: dict[str, Any] = {"from_mode": "road", "to_mode": "rail", "transfer_h": TRANSFER_H}
        row |= {"estimated": "transfer_h", **basis}
        if nearest_of["road"][i] == nearest_of["rail"][i]:  # at a level crossing; ways to it would pass it twice
            here = nodes["node_id"] == f"N{extract.node[nearest_of['road'][i]]}"
            nodes.loc[here, ["name", "kind"]] = [name, "intermodal_terminal"]
            changes.append({"node_id": str(nodes.loc[here, "node_id"].iloc[0]), **row})
            continue
        place = {"node_id": f"T{i + 1}", "name": name, "aliases": "", "lat": lat, "lon": lon, "country": country}
        places.append({**place, "kind": "intermodal_terminal", **basis, "notes": ""})
        changes.append({"node_id": f"T{i + 1}", **row})
        for mode in ("road", "rail"):
            at = nearest_of[mode][i]
            drawn[f"T{i + 1}-{mode}"] = np.array([[extract.lon[at], extract.lat[at]], [lon, lat]])
            km = round(max(float(great_circle_km(extract.lat[at], extract.lon[at], lat, lon)), 0.01), 4)
            cells = {"class": "secondary"} if mode == "road" else {"tracks": 1.0}
            ways.append(
                {
                    "link_id": f"T{i + 1}-{mode}", "from_node": f"N{extract.node[at]}", "to_node": f"T{i + 1}",
                    "mode": mode, "direction": "both", "asset_id": "", "status": "operational", "length_km": km,
                    "estimated": "length_km", **basis, **cells, "bridges": 0, "bridges_unrated": 0, "tunnels": 0,
                    "notes": "straight to the terminal; no such way was read",
                }
            )  # fmt: skip
    if not ways:
        return nodes, links, pd.DataFrame(changes)
    links = pd.concat([links, pd.DataFrame(ways)], ignore_index=True)
    words = [c for c in links.columns if not pd.api.types.is_numeric_dtype(links[c])]
    links[words] = links[words].fillna("")
    return pd.concat([nodes, pd.DataFrame(places)], ignore_index=True), links, pd.DataFrame(changes)


def _points(extract: Extract, pieces: _Pieces) -> dict[int, tuple[Limits, str, str]]:
    """Return by point the limits and barriers that stand on it: a height restrictor, a bollard."""
    found: dict[int, tuple[Limits, str, str]] = {}
    for number, tags in extract.tags.items():
        if "barrier" in tags or any(k.startswith("max") for k in tags):
            fore, back = limits(tags)
            both = Limits()
            both.join(fore)
            both.join(back)
            shut = closed(tags) if tags.get("barrier") else ""
            if both.value or both.states or shut:
                found[int(np.searchsorted(extract.node, number))] = (both, shut, f"node {number}")
    if not found:
        return {}
    where = np.flatnonzero(np.isin(pieces.point, np.array(sorted(found))))
    return {int(i): found[int(pieces.point[i])] for i in where}


class _Table:
    """Rows of links and parts, gathered by column."""

    def __init__(self, extract: Extract) -> None:
        self.extract = extract
        self.rows: list[dict[str, Any]] = []
        self.parts: list[tuple[Any, ...]] = []
        self.drawn: dict[str, Array] = {}
        self.taken: dict[int, int] = {}

    def add(self, pieces: _Pieces, chain: Chain, points: Mapping[int, tuple[Limits, str, str]]) -> None:
        """Add a chain as one link, or as one for each direction where their limits differ."""
        lines = [pieces.lines[step[0]] for step in chain]
        head = lines[0]
        number = head.way.id
        self.taken[number] = count = self.taken.get(number, 0) + 1
        name = f"W{number}" if count == 1 else f"W{number}-{count}"
        steps = []
        for line, (_, lo, hi, against) in zip(lines, chain, strict=True):
            here = [points[i] for i in range(lo, hi + 1) if i in points] if points else []
            steps.append((line, float(pieces.km[hi] - pieces.km[lo]), against, here))
        one_way = bool(head.key[1])
        fore = _Sum(steps, False)
        back = fore if one_way or fore.plain else _Sum(steps, True)
        spots = [np.arange(hi, lo - 1, -1) if against else np.arange(lo, hi + 1) for _, lo, hi, against in chain]
        spots = [spots[0], *(s[1:] for s in spots[1:])]
        path = pieces.point[np.concatenate(spots)]
        xy = np.column_stack([self.extract.lon[path], self.extract.lat[path]])
        ends = int(path[0]), int(path[-1])
        if one_way or fore.limits.key() == back.limits.key():
            self._row(name, ends, fore, xy, "forward" if one_way else "both", "")
        else:
            self._row(f"{name}f", ends, fore, xy, "forward", name)
            self._row(f"{name}b", ends[::-1], back, xy[::-1], "forward", name)

    def _row(self, name: str, ends: tuple[int, int], run: _Sum, xy: Array, direction: str, asset: str) -> None:
        self.drawn[name] = xy
        node = self.extract.node
        row = {"link_id": name, "from_node": f"N{node[ends[0]]}", "to_node": f"N{node[ends[1]]}", "mode": run.mode}
        self.rows.append({**row, "direction": direction, "asset_id": asset, **run.row()})
        self.parts += [(name, i, *part) for i, part in enumerate(run.parts)]

    def frames(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return links and parts."""
        links = pd.DataFrame(self.rows, columns=None if self.rows else [*LINK_COLUMNS])
        parts = pd.DataFrame(self.parts, columns=list(PART_COLUMNS))
        return links, parts


LINK_COLUMNS = ("link_id", "from_node", "to_node", "mode", "length_km", "bridges", *LIMITS)
PART_COLUMNS = ("link_id", "part", "way_id", "from_km", "to_km", "bridge", "tunnel", "max_speed_kmh", *LIMITS, "tags")

Step = tuple[_Line, float, bool, list[tuple[Limits, str, str]]]


class _Sum:
    """What a chain of ways is as one link, in one direction."""

    def __init__(self, steps: Sequence[Step], backward: bool) -> None:
        steps = [(x, km, not against, here) for x, km, against, here in reversed(steps)] if backward else steps
        self.steps, self.mode = steps, steps[0][0].mode
        self.limits = Limits()
        self.setter: dict[str, str] = {}
        self.parts: list[tuple[Any, ...]] = []
        self.notes: list[str] = []
        self.shut = ""
        self.plain = all(x.fore is x.back for x, *_ in steps)
        self.bridges = self.unrated = self.tunnels = 0
        self.weakest: tuple[float, float, str] = (math.inf, math.inf, "")
        at, on_bridge, in_tunnel = 0.0, False, False
        rated = True
        for x, km, against, here in steps:
            own = x.back if against else x.fore
            self._take(own, str(x.way.id))
            for standing, shut, where in here:
                self._take(standing, where)
                self.shut = self.shut or (f"{shut} at {where}" if shut else "")
            self.notes += x.notes
            if x.bridge:
                if not on_bridge:
                    self.bridges += 1
                    self.unrated += not rated
                    rated = False
                rated = (
                    rated
                    or bool(x.cells.get("line_category"))
                    or not {"max_mass_t", "max_axle_t"}.isdisjoint(own.value)
                )
                load = own.value.get("max_mass_t", math.inf), own.value.get("max_axle_t", math.inf)
                if min(load) < math.inf and load < self.weakest[:2]:
                    self.weakest = (*load, str(x.way.id))
            elif on_bridge:
                self.unrated += not rated
                rated = True
            self.tunnels += x.tunnel and not in_tunnel
            on_bridge, in_tunnel = x.bridge, x.tunnel
            cells = [own.value.get(c, math.nan) for c in LIMITS]
            tags = ";".join(own.tag[c] for c in LIMITS if c in own.tag)
            self.parts.append(
                (x.way.id, round(at, 4), round(at + km, 4), int(x.bridge), int(x.tunnel), x.max_speed, *cells, tags)
            )
            at += km
        self.unrated += not rated
        self.km = at
        for column, state in list(self.limits.states.items()):
            of = [x.back if against else x.fore for x, _, against, _ in steps]
            if state in ("none", "default") and any(column not in one.states for one in of):
                del self.limits.states[column]  # a sign on a part of the way says nothing of the rest

    def _take(self, own: Limits, where: str) -> None:
        for column, value in own.value.items():
            if value < self.limits.value.get(column, math.inf):
                self.setter[column] = where
        self.limits.join(own)

    def row(self) -> dict[str, Any]:
        """Return the columns that are not about the ends."""
        steps, head = self.steps, self.steps[0][0]
        lines = [s[0] for s in steps]
        out: dict[str, Any] = {
            k: v for k, v in head.cells.items() if k not in ("name", "surface", "national_road", "e_road")
        }
        names: dict[str, float] = {}
        for x, km, *_ in steps:
            names[x.cells["name"]] = names.get(x.cells["name"], 0.0) + km
        named = {k: v for k, v in names.items() if k}
        guess, ranges = [], []
        for column, value in self.limits.value.items():
            out[column] = value
            spare = self.limits.high[column]
            if spare > value:
                guess.append(column)
                most = schema.columns("links")[column].high
                ranges.append(f"{column}={value:g}:{max(min(spare, most), value):g}")
        status = head.status
        if self.shut and status == "operational":
            status = "closed"
        hours = sum(km / x.speed for x, km, *_ in steps)
        if any(x.slowed for x in lines) and hours > 0:
            out["speed_kmh"] = round(self.km / hours, 2)
            guess.append("speed_kmh")
        capacity = self._capacity()
        if capacity == capacity:
            out["capacity_veh_h"] = capacity
            guess.append("capacity_veh_h")
        gradients = [x.cells.get("max_gradient_permille", math.nan) for x in lines]
        if self.mode == "rail":
            out["max_gradient_permille"] = max((g for g in gradients if g == g), default=math.nan)
        notes = [*([f"closed: {self.shut}"] if self.shut else []), *self.notes, *self.limits.notes]
        weak = min(self.weakest[:2])
        out |= {
            "status": status, "length_km": round(max(self.km, 0.0001), 4),
            "name": max(named, key=lambda n: named[n], default=""),
            "national_road": _several(x.cells.get("national_road", "") for x in lines),
            "e_road": _several(x.cells.get("e_road", "") for x in lines),
            "lanes": min((x.lanes[0] for x in lines if x.lanes[0] == x.lanes[0]), default=math.nan),
            "max_speed_kmh": min((x.max_speed for x in lines if x.max_speed == x.max_speed), default=math.nan),
            "surface": _several(x.cells.get("surface", "") for x in lines),
            "estimated": ";".join(guess), "ranges": ";".join(ranges), "confidence": "medium", "source": "OSM",
            "notes": "; ".join(dict.fromkeys(n.replace(";", ",") for n in notes))[:1000],
            "osm_ways": ";".join(dict.fromkeys(str(i) for x in lines for i in (x.way.id, *x.way.others))),
            "osm_limits": ";".join(f"{c}={w}" for c, w in self.setter.items()),
            "osm_states": ";".join(f"{c}={s}" for c, s in self.limits.states.items()),
            "bridges": self.bridges, "bridges_unrated": self.unrated, "tunnels": self.tunnels,
            "weakest_bridge": f"way {self.weakest[2]}: {weak:g} t" if weak < math.inf else "",
        }  # fmt: skip
        return out

    def _capacity(self) -> float:
        """Return vehicles an hour and direction from tagged lanes: so many times what one lane of the class takes."""
        if self.mode != "road":
            return math.nan
        best = math.nan
        for x, _, against, _ in self.steps:
            here = x.lanes[2] if against else x.lanes[1]
            if here == here:
                road_class = x.cells["class"]
                usual = schema.default("links", "capacity_veh_h", f"road.{road_class}", "road") or 131.0
                lane = usual / 2 if road_class in ("motorway", "expressway") else usual
                best = min(best, lane * max(here, 0.5)) if best == best else lane * max(here, 0.5)
        return round(best, 1)


def _several(words: Iterable[str]) -> str:
    return ";".join(dict.fromkeys(p.strip() for w in words for p in w.split(";") if p.strip()))[:200]


# ---- places


def _nodes(extract: Extract, links: pd.DataFrame, country: str) -> pd.DataFrame:
    """Return the places where links end, named after towns and stations near them."""
    by_mode: dict[str, dict[str, None]] = {"rail": {}, "road": {}}
    for mode, a, b in zip(links["mode"], links["from_node"], links["to_node"], strict=True):
        by_mode[mode] |= {a: None, b: None}
    ids = list(dict.fromkeys([*by_mode["road"], *by_mode["rail"]]))
    row = np.searchsorted(extract.node, np.array([int(i[1:]) for i in ids], np.int64))
    own = [extract.tags.get(int(i[1:]), {}) for i in ids]
    frame = pd.DataFrame(
        {
            "node_id": ids, "aliases": "",
            "name": [t.get("name", "") if t.get("highway") == "motorway_junction" else "" for t in own],
            "lat": extract.lat[row] if ids else [], "lon": extract.lon[row] if ids else [], "country": country,
            "kind": ["road_node" if i in by_mode["road"] else "rail_node" for i in ids], "source": "OSM",
            "confidence": "high",
            "notes": [f"{k}={t[k]}" if (k := "barrier" if "barrier" in t else "railway") in t else "" for t in own],
        }
    )  # fmt: skip
    _christen(frame, extract.spots, links, by_mode)
    return frame


def _christen(
    frame: pd.DataFrame, spots: Sequence[Spot], links: pd.DataFrame, by_mode: Mapping[str, Mapping[str, None]]
) -> None:
    """Give each town's name to the nearest end of a road, and each station's to the nearest end of a track.

    Those of the largest connected part are preferred, so that a name does not fall on a stub at the edge.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    if not spots or frame.empty:
        return
    where = {n: i for i, n in enumerate(frame["node_id"].tolist())}
    lat, lon = frame["lat"].to_numpy(float), frame["lon"].to_numpy(float)
    flat = math.cos(math.radians(float(np.mean(lat)))) * 111.195
    names, aliases = frame["name"].tolist(), frame["aliases"].tolist()
    used = {n for n in names if n}
    for mode in ("road", "rail"):
        rows = np.array([where[n] for n in by_mode[mode]], np.int64)
        mine = links[links["mode"] == mode]
        if not len(rows):
            continue
        ends = [np.array([where[n] for n in mine[c].tolist()]) for c in ("from_node", "to_node")]
        graph = coo_array((np.ones(len(mine)), (ends[0], ends[1])), (len(frame), len(frame)))
        part = connected_components(graph, directed=False)[1]
        main = np.bincount(part[rows]).argmax()
        trees = [
            (some, cKDTree(np.column_stack([lon[some] * flat, lat[some] * 111.195])))
            for some in (rows[part[rows] == main], rows)
        ]
        order = {k: i for i, k in enumerate(NAMED_WITHIN_KM)}
        for spot in sorted(spots, key=lambda s: (order.get(s.kind, 9), s.name, s.lon)):
            reach = NAMED_WITHIN_KM.get(spot.kind) if mode == "road" else None
            if mode == "rail" and spot.kind.startswith("railway:"):
                reach = STATION_WITHIN_KM
            if reach is None:
                continue
            for some, tree in trees:
                far, hit = tree.query([spot.lon * flat, spot.lat * 111.195])
                if far <= reach:
                    i, word = int(some[hit]), spot.name
                    if mode == "rail" and word in used and names[i] != word:
                        word = f"{word} station"
                    if not names[i]:
                        names[i] = word
                    elif word != names[i]:
                        aliases[i] = _several([aliases[i], word.replace(";", ",")])
                    used.add(word)
                    break
    frame["name"], frame["aliases"] = names, aliases


# ---- files


def _inside(extract: Extract, box: tuple[float, float, float, float]) -> Iterator[Way]:
    """Yield the ways with a point in the box."""
    west, south, east, north = box
    within = (extract.lon >= west) & (extract.lon <= east) & (extract.lat >= south) & (extract.lat <= north)
    inside = set(extract.node[within].tolist())
    return (w for w in extract.ways if not inside.isdisjoint(w.refs))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table without columns that hold nothing."""
    key = [c for c in ("node_id", "link_id", "from_node", "to_node", "mode", "length_km", "lat", "lon") if c in frame]
    kept = [c for c in frame.columns if c in key or (frame[c].notna() & (frame[c] != "")).any()]
    frame[kept].to_csv(path, index=False, lineterminator="\n")


def _geojson(lines: Mapping[str, Array], path: Path) -> bool:
    """Write the lines of links, one feature a line; not where they would be too large to be read again."""
    if sum(len(xy) for xy in lines.values()) * 24 + len(lines) * 130 > MAX_GEOJSON:
        return False
    with path.open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "features": [\n')
        for i, (name, xy) in enumerate(lines.items()):
            points = ",".join(f"[{x:.6f},{y:.6f}]" for x, y in xy.tolist())
            file.write(",\n" if i else "")
            file.write(f'{{"type":"Feature","properties":{{"link_id":"{name}","method":"traced"}},')
            file.write(f'"geometry":{{"type":"LineString","coordinates":[{points}]}}}}')
        file.write("\n]}\n")
    return True


def _may_replace(target: Path, overwrite: bool) -> None:
    """Refuse a folder that is there, unless it was made here and may be replaced."""
    if not target.resolve().parent.is_dir():
        raise InputError(f"{target}: the folder above it does not exist")
    if os.path.lexists(target):
        if not overwrite:
            raise InputError(f"{target} exists; choose another name or add --overwrite")
        if not target.is_dir() or target.is_symlink() or not ((target / MARK).is_file() or not any(target.iterdir())):
            raise InputError(f"{target} is no network made from OpenStreetMap (it holds no {MARK}); it is not replaced")


@contextmanager
def _folder(target: Path, overwrite: bool) -> Iterator[Path]:
    """Yield a new folder that takes the place of `target` when all went well."""
    _may_replace(target, overwrite)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.resolve().parent))
    try:
        (draft / "new").mkdir()
        yield draft / "new"
        if target.is_dir():
            os.replace(target, draft / "old")
        os.replace(draft / "new", target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _download(
    wanted: _Wanted, box: tuple[float, float, float, float] | None, place: str, overpass: str, nominatim: str
) -> Extract:
    """Download a place or box by osmnx from the service named, and from no other."""
    import osmnx as ox

    classes = "|".join(f"{c}|{c}_link" for c in sorted(wanted.roads))
    filters = [f'["highway"~"^({classes}|living_street|road)$"]'] if wanted.roads else []
    filters += ['["railway"~"^(rail|narrow_gauge)$"]'] if wanted.rail != "none" else []
    settings = {
        "overpass_url": overpass.rstrip("/").removesuffix("/interpreter"), "use_cache": False, "log_console": False,
        "useful_tags_way": [*ox.settings.useful_tags_way, *TAGS], "all_oneway": False,
    }  # fmt: skip
    settings |= {"nominatim_url": nominatim.rstrip("/") + "/"} if nominatim else {}
    before = {k: getattr(ox.settings, k) for k in settings}
    graphs = []
    try:
        for key, value in settings.items():
            setattr(ox.settings, key, value)
        for rule in filters:
            options: dict[str, Any] = {
                "custom_filter": rule,
                "simplify": False,
                "retain_all": True,
                "truncate_by_edge": True,
            }
            try:
                graphs.append(ox.graph_from_place(place, **options) if place else ox.graph_from_bbox(box, **options))
            except ox._errors.InsufficientResponseError:
                continue  # no such ways there
    except (OSError, ValueError, ox._errors.ResponseStatusCodeError) as error:
        raise InputError(f"the download from {overpass} failed: {str(error)[:300]}") from None
    finally:
        for key, value in before.items():
            setattr(ox.settings, key, value)
    attempts = Attempts()
    extracts = [attempts.run(read_graph, g, wanted, otherwise=Extract("")) for g in graphs]
    attempts.done()
    return _united(extracts, place or "box")


def _united(extracts: Sequence[Extract], name: str) -> Extract:
    """Return several extracts of one download as one."""
    out = Extract(f"Overpass download of {name}")
    points: dict[int, tuple[float, float]] = {}
    for one in extracts:
        out.date, out.date_basis = max(out.date, one.date), one.date_basis or out.date_basis
        out.ways += one.ways
        out.tags |= one.tags
        out.counts = {k: out.counts.get(k, 0) + v for k, v in one.counts.items()}
        points |= {n: (x, y) for n, x, y in zip(one.node.tolist(), one.lon.tolist(), one.lat.tolist(), strict=True)}
    out.node = np.array(sorted(points), np.int64)
    xy = np.array([points[n] for n in out.node.tolist()]).reshape(-1, 2)
    out.lon, out.lat = xy[:, 0], xy[:, 1]
    return out


TAGS = (
    "railway", "maxweight", "maxweight:hgv", "maxweight:conditional", "maxweightrating", "maxweightrating:hgv",
    "maxaxleload", "maxheight", "maxheight:physical", "maxwidth", "maxwidth:physical", "maxlength", "hgv",
    "hgv:conditional", "motor_vehicle", "vehicle", "surface", "int_ref", "motorroad", "gauge", "electrified",
    "voltage", "frequency",
    "railway:track_class", "usage", "service", "tracks", "loading_gauge", "construction", "lanes:forward",
    "lanes:backward", "maxweight:forward", "maxweight:backward", "oneway:hgv", "incline", "axle_load",
)  # fmt: skip
"""What osmnx is asked for beyond its own choice of tags."""
