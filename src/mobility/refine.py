"""A strategic link on the real road: its way through OpenStreetMap, the weakest element on it, length and profile.

The link's drawn line is followed, not the shortest way between its ends: of all ways within a corridor around the
line the one is taken whose length, each part weighted by ``1 + (distance / tolerance)**2``, is least. How far it strays
is measured both ways and in order (Hausdorff and Fréchet distance), a rival is looked for, and what the tables should
learn is proposed with reasons. Nothing is ever applied here.
"""

from __future__ import annotations

import csv
import difflib
import heapq
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mobility.errors import InputError
from mobility.network import Network, load
from mobility.osm import ATTRIBUTION, MARK, PART_COLUMNS, Import, import_osm
from mobility.osmtags import LIMITS
from mobility.schema import columns, split

Array = np.ndarray[Any, Any]

WITHIN_KM: Mapping[str, float] = {"traced": 2.0, "joined": 3.0, "schematic": 6.0, "straight": 5.0}
"""By how a line came about, how far from it the real way may lie; a straight line adds an eighth of its length."""

STEP_KM = 0.1
"""Distances to the line are taken so often."""

END_PENALTY = 2.0
"""A kilometre between the place and the road counts so many: enough that the way begins where the road comes near,
too few to drive side streets to the very place."""

RIVAL = 1.25
"""Another way whose weighted length is within this factor makes the match ambiguous."""

SAME_LENGTH = 0.03
"""Lengths that differ by less are left alone."""

KM_PER_DEGREE = 6371.0088 * math.pi / 180


class Leg(NamedTuple):
    """A stretch of an OSM link on the way: from and to which of its kilometres, and whether against its direction."""

    link: str
    from_km: float
    to_km: float
    against: bool


@dataclass(frozen=True)
class Match:
    """The way found in one direction.

    Attributes
    ----------
    legs : tuple of Leg
    length_km : float
    mean_km, p95_km, max_km : float
        Distance of the way from the link's line.
    uncovered_km : float
        Largest distance of the line from the way: high where the way leaves a part of it out.
    frechet_km : float
        Fréchet distance, which minds the order.
    covered : float
        Part of the line with the way within the tolerance.
    rival : float
        Weighted length of the best way that shares less than half, over that of this one; infinity for none.
    ends_km : tuple of float
        From the link's places to the first and last point of the way.
    """

    legs: tuple[Leg, ...]
    length_km: float
    mean_km: float
    p95_km: float
    max_km: float
    uncovered_km: float
    frechet_km: float
    covered: float
    rival: float
    ends_km: tuple[float, float]
    line: Array = field(repr=False)


@dataclass(frozen=True, eq=False)
class Refinement:
    """What OpenStreetMap says of a link.

    Attributes
    ----------
    net : Network
        The strategic network.
    link_id : str
    status : {"ok", "no_match"}
    ways : mapping of str to Match
        ``forward`` and, on a two-way link, ``back``: the two carriageways of a motorway differ.
    confidence : {"high", "medium", "low", ""}
        Of the match.
    reasons : tuple of str
        Why no higher.
    profile : DataFrame
        One row for each OSM way in order: kilometres along the link, way, bridge, tunnel, limits.
    weakest : DataFrame
        One row for each limit that is tagged: value, kilometre, way, on a bridge or in a tunnel.
    proposals : DataFrame
        In the columns of ``corridors/corrections.csv``; ``decision`` is ``open``.
    facts : mapping
        Where the OSM data are from.
    """

    net: Network = field(repr=False)
    link_id: str
    status: str
    ways: Mapping[str, Match] = field(repr=False)
    confidence: str = ""
    reasons: tuple[str, ...] = ()
    profile: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    weakest: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    proposals: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def length_km(self) -> float:
        """Length of the way, of two directions the mean; NaN without a match."""
        return float(np.mean([m.length_km for m in self.ways.values()])) if self.ways else math.nan

    def to_frame(self) -> pd.DataFrame:
        """Return the profile."""
        return self.profile

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""

        def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
            return [{k: v for k, v in row.items() if v == v and v != ""} for row in frame.to_dict("records")]

        return {
            "link_id": self.link_id, "status": self.status, "confidence": self.confidence,
            "reasons": list(self.reasons),
            "length_km": None if math.isnan(self.length_km) else round(self.length_km, 3),
            "ways": {
                side: {
                    **{k: round(getattr(m, k), 4) for k in (
                        "length_km", "mean_km", "p95_km", "max_km", "uncovered_km", "frechet_km", "covered")},
                    "rival": None if math.isinf(m.rival) else round(m.rival, 3), "ends_km": list(m.ends_km),
                    "links": [leg.link for leg in m.legs],
                }
                for side, m in self.ways.items()
            },
            "weakest": rows(self.weakest), "proposals": rows(self.proposals), "profile": rows(self.profile),
            "osm": {k: self.facts[k] for k in ("file", "date", "attribution") if k in self.facts},
        }  # fmt: skip

    def diff(self) -> str:
        """Return the proposals as a patch of the tables, for review; empty when there is nothing to change.

        A field that the file has no column for, and a network that was not loaded from a folder, cannot be
        patched; they stand in `proposals` alone.
        """
        if self.proposals.empty or self.net.folder is None:
            return ""
        table = self.net.tables["links"]
        file, line = table.where(self.net.link_index[self.link_id])
        if line is None:
            return ""
        changes = dict(zip(self.proposals["field"], self.proposals["proposed"], strict=True))
        out = _patched(self.net.folder / file, file, line, changes)
        listed = "sources" in self.net.tables and "OSM" not in self.net.table("sources")["source_id"].tolist()
        if out and listed and (self.net.folder / "sources.csv").is_file():
            out += _new_source(self.net.folder / "sources.csv", self.facts)
        return out

    def _repr_html_(self) -> str:
        return str(self.weakest.to_html(index=False)) + str(self.proposals.to_html(index=False))

    def __repr__(self) -> str:
        told = f"{self.length_km:.1f} km, confidence {self.confidence}" if self.ways else "no match"
        return f"<Refinement: {self.link_id}, {told}; {len(self.proposals)} proposals>"


def refine(
    net: Network, link_id: str, osm: str | Path | Import | Network, *, within_km: float | None = None
) -> Refinement:
    """Match a link to OpenStreetMap and say what is weakest on its way.

    Parameters
    ----------
    net : Network
    link_id : str
        A road or railway.
    osm : path, Import or Network
        A folder that :func:`mobility.import_osm` wrote, an extract (read around the link only), or what is in memory.
    within_km : float, optional
        How far the way may lie from the link's line; left out: by how the line was drawn, 2 to 6 km, more for a
        straight one.

    Returns
    -------
    Refinement
        ``no_match`` when no way leads along the line.

    Raises
    ------
    InputError
        When there is no such link, it is no road or railway, or the OSM data cannot be used.
    """
    link_id = net.find_link(link_id)
    row = net.table("links").iloc[net.link_index[link_id]]
    mode = str(row["mode"])
    if mode not in ("road", "rail"):
        raise InputError(f"{link_id} is a {mode} link; only roads and railways can be refined")
    if within_km is not None and not 0.05 <= within_km <= 100:
        raise InputError(f"within is {within_km:g} km; it must be from 0.05 to 100")
    xy, method = _line_of(net, link_id)
    flat = _Flat(xy)
    line = flat(xy)
    drawn = float(np.hypot(*np.diff(line, axis=0).T).sum())
    reach = within_km or WITHIN_KM.get(method, 5.0) + (drawn / 8 if method == "straight" else 0.0)
    ways, facts, parts = _osm(osm, xy, reach, mode)
    graph = _Graph(ways, mode, flat, line, reach, bool(row["status"] == "operational"))
    found: dict[str, Match] = {}
    for side in ("forward", "back") if row["direction"] != "forward" else ("forward",):
        match = graph.follow(line if side == "forward" else line[::-1])
        if match is not None:
            found[side] = match
    if not found:
        why = f"no {mode} leads along its line within {reach:.1f} km in these data"
        return Refinement(net, link_id, "no_match", {}, reasons=(why,), facts=facts)
    confidence, reasons = _confidence(found, method, reach, drawn, row)
    profile = _profile(found, ways, parts)
    weakest = _weakest(profile)
    proposals = _proposals(net, row, found, ways, weakest, confidence, facts)
    return Refinement(net, link_id, "ok", found, confidence, tuple(reasons), profile, weakest, proposals, facts)


# ---- the two networks


def _line_of(net: Network, link_id: str) -> tuple[Array, str]:
    """Return the drawn line of a link from its first to its second place, and how it came about."""
    import shapely

    row = net.link_index[link_id]
    nodes = net.table("nodes")[["lon", "lat"]].to_numpy(float)
    ends = np.array([nodes[side[row]] for side in net.link_ends])
    if link_id not in net.alignments:
        return ends, "straight"
    shape, method = net.alignments[link_id]
    if shape.geom_type == "MultiLineString":
        shape = shapely.line_merge(shape)
    parts = list(shape.geoms) if shape.geom_type == "MultiLineString" else [shape]
    xy = np.concatenate([np.asarray(p.coords)[:, :2] for p in parts])
    turned = np.hypot(*(xy[0] - ends[1])) < np.hypot(*(xy[0] - ends[0]))
    return (xy[::-1] if turned else xy), method


class _Flat:
    """Kilometres on a plane that touches the Earth in the middle of a line; good to 0.1 % over 300 km."""

    def __init__(self, xy: Array) -> None:
        self.middle = (xy.min(axis=0) + xy.max(axis=0)) / 2
        self.scale = np.array([KM_PER_DEGREE * math.cos(math.radians(float(self.middle[1]))), KM_PER_DEGREE])

    def __call__(self, xy: Array) -> Array:
        """Return kilometres east and north."""
        return np.asarray((np.asarray(xy, float) - self.middle) * self.scale)


class _Ways(NamedTuple):
    """Links of the OSM network with their lines."""

    links: pd.DataFrame
    lines: Mapping[str, Array]


def _osm(
    osm: str | Path | Import | Network, xy: Array, reach: float, mode: str
) -> tuple[_Ways, Mapping[str, Any], pd.DataFrame | None]:
    """Return OSM links with lines, where they are from, and their parts."""
    import json

    if isinstance(osm, str | Path) and not Path(osm).is_dir():
        middle = math.cos(math.radians(float(xy[:, 1].mean())))
        pad = np.array([reach * 1.5 / KM_PER_DEGREE / max(middle, 0.05), reach * 1.5 / KM_PER_DEGREE])
        low, high = xy.min(axis=0) - pad, xy.max(axis=0) + pad
        box = [max(low[0], -180.0), max(low[1], -90.0), min(high[0], 180.0), min(high[1], 90.0)]
        rail = "lines" if mode == "rail" else "none"
        osm = import_osm(osm, bbox=box, roads="tertiary" if mode == "road" else "none", rail=rail)
    if isinstance(osm, Import):
        return _Ways(osm.links, osm.lines), osm.facts, osm.parts
    network = osm if isinstance(osm, Network) else load(osm)
    drawn = {
        k: np.asarray(line.coords)[:, :2]
        for k, (line, _) in network.alignments.items()
        if line.geom_type == "LineString"
    }
    if not drawn:
        where = network.folder or "the OSM network"
        raise InputError(f"{where} holds no lines (alignments.geojson); refine from the extract itself instead")
    facts: dict[str, Any] = {
        "file": str(network.folder.name if network.folder else "network"),
        "attribution": ATTRIBUTION,
    }
    parts = None
    if network.folder is not None:
        try:
            facts = json.loads((network.folder / MARK).read_text(encoding="utf-8"))
            parts = pd.read_csv(network.folder / "osm_parts.csv", keep_default_na=True)
        except (OSError, ValueError):
            parts = None  # a network of another origin: its links are the finest there is
    if parts is not None:
        for column in PART_COLUMNS:
            if column not in parts:
                parts[column] = "" if column == "tags" else np.nan
        parts["tags"] = parts["tags"].fillna("")
    return _Ways(network.table("links"), drawn), facts, parts


# ---- following the line


class _Graph:
    """OSM links near a line, weighted by how far they lie from it."""

    def __init__(self, ways: _Ways, mode: str, flat: _Flat, line: Array, reach: float, open_only: bool) -> None:
        import shapely

        self.reach, self.tolerance = reach, reach / 3
        links = ways.links
        keep = (links["mode"] == mode).to_numpy()
        if open_only:
            keep = keep & (links["status"] == "operational").to_numpy()
        rows = [i for i in np.flatnonzero(keep).tolist() if links["link_id"].iat[i] in ways.lines]
        ids = links["link_id"].to_numpy(object)
        low, high = line.min(axis=0) - reach, line.max(axis=0) + reach
        guide = shapely.linestrings(line) if len(line) > 1 else None
        self.id: list[str] = []
        self.line: list[Array] = []
        self.at: list[Array] = []
        self.cost: list[Array] = []
        self.far: list[Array] = []  # kilometres outside the corridor so far: a stretch with any cannot be taken
        self.ends: list[tuple[str, str]] = []
        self.both: list[bool] = []
        tail, head = links["from_node"].to_numpy(object), links["to_node"].to_numpy(object)
        way = links["direction"].to_numpy(object)
        for i in rows:
            points = flat(ways.lines[ids[i]])
            if (points.max(axis=0) < low).any() or (points.min(axis=0) > high).any():
                continue
            points = _dense(points)
            away = shapely.distance(shapely.points(points), guide)
            if away.min() > reach:
                continue
            step = np.hypot(*np.diff(points, axis=0).T)
            weight = 1 + (((away[1:] + away[:-1]) / 2) / self.tolerance) ** 2
            far = np.maximum(away[1:], away[:-1]) > reach
            self.id.append(str(ids[i]))
            self.line.append(points)
            self.at.append(np.r_[0.0, np.cumsum(step)])
            self.cost.append(np.r_[0.0, np.cumsum(np.where(far, 0.0, step * weight))])
            self.far.append(np.r_[0.0, np.cumsum(np.where(far, step, 0.0))])
            self.ends.append((str(tail[i]), str(head[i])))
            self.both.append(way[i] != "forward")

    def follow(self, line: Array) -> Match | None:
        """Return the way along a line from its first to its last point, or None."""
        best = self._search(line, {})
        if best is None:
            return None
        cost, legs = best
        mine = {e: abs(b - a) for e, a, b in legs}
        again = self._search(line, dict.fromkeys(mine, 3.0))
        rival = math.inf
        if again is not None:
            shared = sum(min(abs(b - a), mine[e]) for e, a, b in again[1] if e in mine)
            length = sum(abs(b - a) for _, a, b in again[1])
            if shared < length / 2:
                rival = self._plain(again[1], line) / max(cost, 1e-9)
        return self._measured(legs, line, rival)

    def _search(self, line: Array, dearer: Mapping[int, float]) -> tuple[float, list[tuple[int, float, float]]] | None:
        """Return weighted length and stretches (link, from km, to km) of the cheapest way."""
        out: dict[str, list[tuple[str, float, tuple[int, float, float]]]] = {}
        for e, (u, v) in enumerate(self.ends):
            long = float(self.at[e][-1])
            whole = self._between(e, 0.0, long) * dearer.get(e, 1.0)
            if whole < math.inf:
                out.setdefault(u, []).append((v, whole, (e, 0.0, long)))
                if self.both[e]:
                    out.setdefault(v, []).append((u, whole, (e, long, 0.0)))
        starts, stops = self._near(line[0]), self._near(line[-1])
        source, sink = "<", ">"
        for e, (km, gap) in starts.items():
            u, v = self.ends[e]
            for node, stop in ((v, float(self.at[e][-1])), *(((u, 0.0),) if self.both[e] else ())):
                cost = self._between(e, km, stop) * dearer.get(e, 1.0) + END_PENALTY * gap
                out.setdefault(source, []).append((node, cost, (e, km, stop)))
            if e in stops:
                end, more = stops[e]
                if end >= km or self.both[e]:
                    cost = self._between(e, km, end) * dearer.get(e, 1.0) + END_PENALTY * (gap + more)
                    out[source].append((sink, cost, (e, km, end)))
        for e, (km, gap) in stops.items():
            u, v = self.ends[e]
            for node, start in ((u, 0.0), *(((v, float(self.at[e][-1])),) if self.both[e] else ())):
                cost = self._between(e, start, km) * dearer.get(e, 1.0) + END_PENALTY * gap
                out.setdefault(node, []).append((sink, cost, (e, start, km)))
        best: dict[str, float] = {source: 0.0}
        came: dict[str, tuple[str, tuple[int, float, float]]] = {}
        queue: list[tuple[float, str]] = [(0.0, source)]
        while queue:
            cost, node = heapq.heappop(queue)
            if node == sink:
                legs = []
                while node != source:
                    node, leg = came[node]
                    legs.append(leg)
                return cost, legs[::-1]
            if cost > best.get(node, math.inf):
                continue
            for following, more, leg in out.get(node, ()):
                if cost + more < best.get(following, math.inf):
                    best[following] = cost + more
                    came[following] = (node, leg)
                    heapq.heappush(queue, (cost + more, following))
        return None

    def _near(self, point: Array) -> dict[int, tuple[float, float]]:
        """Return, for the nearest links, the kilometre next to a point and how far it is away."""
        found = []
        for e, points in enumerate(self.line):
            away = np.hypot(*(points - point).T)
            i = int(away.argmin())
            if away[i] <= 1.5 * self.reach:
                found.append((float(away[i]), e, float(self.at[e][i])))
        return {e: (km, gap) for gap, e, km in sorted(found)[:60]}

    def _between(self, e: int, a: float, b: float) -> float:
        span = [min(a, b), max(a, b)]
        outside = np.diff(np.interp(span, self.at[e], self.far[e]))[0]
        return math.inf if outside > 1e-9 else float(np.diff(np.interp(span, self.at[e], self.cost[e]))[0])

    def _plain(self, legs: Sequence[tuple[int, float, float]], line: Array) -> float:
        first, last = (self._point(e, km) for e, km in ((legs[0][0], legs[0][1]), (legs[-1][0], legs[-1][2])))
        gaps = float(np.hypot(*(first - line[0]))) + float(np.hypot(*(last - line[-1])))
        return sum(self._between(*leg) for leg in legs) + END_PENALTY * gaps

    def _point(self, e: int, km: float) -> Array:
        return np.array([np.interp(km, self.at[e], self.line[e][:, k]) for k in (0, 1)])

    def _measured(self, legs: Sequence[tuple[int, float, float]], line: Array, rival: float) -> Match | None:
        import shapely

        legs = [leg for leg in legs if abs(leg[2] - leg[1]) > 1e-6]
        if not legs:
            return None
        pieces = []
        for e, a, b in legs:
            inside = (self.at[e] > min(a, b)) & (self.at[e] < max(a, b))
            middle = self.line[e][inside]
            pieces.append(np.vstack([self._point(e, a), middle[::-1] if b < a else middle, self._point(e, b)]))
        path = np.concatenate(pieces)
        guide, way = shapely.linestrings(line), shapely.linestrings(path)
        out = shapely.distance(shapely.points(_dense(path)), guide)
        back = shapely.distance(shapely.points(_dense(line)), way)
        coarse = [shapely.linestrings(_dense(x, max(STEP_KM, len(x) * STEP_KM / 800))) for x in (path, line)]
        return Match(
            legs=tuple(Leg(self.id[e], min(a, b), max(a, b), b < a) for e, a, b in legs),
            length_km=float(sum(abs(b - a) for _, a, b in legs)),
            mean_km=float(out.mean()), p95_km=float(np.quantile(out, 0.95)), max_km=float(out.max()),
            uncovered_km=float(back.max()), frechet_km=float(shapely.frechet_distance(*coarse)),
            covered=float((back <= self.tolerance).mean()), rival=rival,
            ends_km=(
                round(float(np.hypot(*(path[0] - line[0]))), 3), round(float(np.hypot(*(path[-1] - line[-1]))), 3),
            ),
            line=path,
        )  # fmt: skip


def _dense(points: Array, step: float = STEP_KM) -> Array:
    """Return a line with points no farther apart than a step."""
    long = np.hypot(*np.diff(points, axis=0).T)
    count = np.maximum(1, np.ceil(long / step).astype(int))
    if (count == 1).all():
        return points
    at, known = np.r_[0.0, np.cumsum(count)], np.arange(len(points))
    where = np.interp(np.arange(int(at[-1]) + 1), at, known)
    return np.column_stack([np.interp(where, known, points[:, k]) for k in (0, 1)])


def _confidence(found: Mapping[str, Match], method: str, reach: float, drawn: float, row: Any) -> tuple[str, list[str]]:
    """Return how far the match can be trusted, and why no further."""
    reasons: list[tuple[str, str]] = []
    for side, m in found.items():
        of = "" if len(found) == 1 else f" ({side})"
        if m.covered < 0.95:
            grade = "low" if m.covered < 0.8 else "medium"
            reasons.append((grade, f"only {m.covered:.0%} of the line has the way beside it{of}"))
        if m.p95_km > reach / 3:
            grade = "low" if m.p95_km > 2 * reach / 3 else "medium"
            reasons.append((grade, f"95 % of the way lies within {m.p95_km:.1f} km of the line{of}"))
        if m.rival < RIVAL:
            reasons.append(("medium" if m.rival > 1.1 else "low", f"another way fits almost as well{of}"))
        if method != "straight" and not 0.85 < m.length_km / drawn < 1.4:
            reasons.append(("medium", f"{m.length_km:.1f} km, the line is drawn {drawn:.1f} km long{of}"))
        if max(m.ends_km) > reach:
            reasons.append(("medium", f"it begins or ends {max(m.ends_km):.1f} km from the place{of}"))
    if row["direction"] != "forward" and len(found) == 1:
        reasons.append(("medium", f"found {next(iter(found))} only, not the other way"))
    if method == "straight":
        reasons.append(("low", "no line of the link is known; the straight line between its places was followed"))
    if method == "schematic":
        reasons.append(("medium", "the link's line is schematic, straight between towns"))
    grades = {grade for grade, _ in reasons}
    return ("low" if "low" in grades else "medium" if grades else "high"), [text for _, text in reasons]


# ---- what stands on the way


def _profile(found: Mapping[str, Match], ways: _Ways, parts: pd.DataFrame | None) -> pd.DataFrame:
    """Return the OSM ways along the link in order, with kilometres counted from its start in each direction."""
    if parts is None:
        parts = pd.DataFrame({"link_id": ways.links["link_id"], "from_km": 0.0, "to_km": ways.links["length_km"]})
        parts = parts.assign(way_id="", bridge=0, tunnel=0, tags="")
        for column in ("max_speed_kmh", *LIMITS):
            parts[column] = ways.links[column].to_numpy(float) if column in ways.links else math.nan
    wanted = {leg.link for m in found.values() for leg in m.legs}
    by_link = {str(k): part for k, part in parts[parts["link_id"].isin(wanted)].groupby("link_id", sort=False)}
    rows = []
    for side, match in found.items():
        at = 0.0
        for leg in match.legs:
            part = by_link.get(leg.link)
            long = leg.to_km - leg.from_km
            if part is not None:
                # The plane and the sphere differ a little; kilometres of the parts are those of the table.
                for r in reversed(part.to_dict("records")) if leg.against else part.to_dict("records"):
                    low, high = max(r["from_km"], leg.from_km), min(r["to_km"], leg.to_km)
                    if high - low > 1e-6:
                        start = leg.to_km - high if leg.against else low - leg.from_km
                        km = {"from_km": round(at + start, 3), "to_km": round(at + start + high - low, 3)}
                        kept = {k: r[k] for k in ("way_id", "bridge", "tunnel", "max_speed_kmh", *LIMITS, "tags")}
                        rows.append({"direction": side, **km, "osm_link": leg.link, **kept})
            at += long
    heads = [
        "direction",
        "from_km",
        "to_km",
        "osm_link",
        "way_id",
        "bridge",
        "tunnel",
        "max_speed_kmh",
        *LIMITS,
        "tags",
    ]
    return pd.DataFrame(rows, columns=heads)


def _weakest(profile: pd.DataFrame) -> pd.DataFrame:
    """Return for each limit the lowest value on the way, in either direction, and where."""
    rows = []
    for column in LIMITS:
        values = profile[column].to_numpy(float)
        if len(values) and not np.isnan(values).all():
            i = int(np.nanargmin(values))
            r = profile.iloc[i]
            on = "bridge" if r["bridge"] else "tunnel" if r["tunnel"] else ""
            same = profile[values == values[i]]["way_id"]
            rows.append(
                {
                    "limit": column, "value": float(values[i]), "unit": columns("links")[column].unit,
                    "direction": r["direction"], "from_km": r["from_km"], "to_km": r["to_km"], "way_id": r["way_id"],
                    "on": on, "tags": r["tags"], "ways": ";".join(dict.fromkeys(str(w) for w in same)),
                }
            )  # fmt: skip
    heads = ["limit", "value", "unit", "direction", "from_km", "to_km", "way_id", "on", "tags", "ways"]
    return pd.DataFrame(rows, columns=heads)


def _proposals(
    net: Network, row: Any, found: Mapping[str, Match], ways: _Ways, weakest: pd.DataFrame, confidence: str,
    facts: Mapping[str, Any],
) -> pd.DataFrame:  # fmt: skip
    """Return what the tables should learn.

    A posted limit is an upper bound: a table value above it should come down, one below it may rest on better
    knowledge and stays.
    """
    rows: list[dict[str, Any]] = []
    day = f" of {facts['date']}" if facts.get("date") else ""

    def propose(column: str, value: Any, why: str) -> None:
        current = row[column]
        shown = "" if current != current else _text(current)
        rows.append(
            {
                "file": f"links/{row['mode']}.csv" if net.folder is None else net.tables["links"].where(
                    net.link_index[str(row["link_id"])])[0],
                "id": row["link_id"], "field": column, "current": shown, "proposed": _text(value), "audit_reason": why,
                "confidence": confidence, "decision": "open", "applied": "", "reason": "",
                "source": f"OSM: {facts.get('file', '')}{day}",
            }
        )  # fmt: skip

    length, stated = float(np.mean([m.length_km for m in found.values()])), float(row["length_km"])
    if abs(length / stated - 1) > SAME_LENGTH:
        each = " and ".join(f"{m.length_km:.1f} km {side}" for side, m in found.items())
        propose("length_km", round(length, 1), f"the way on OpenStreetMap measures {each}")
    for r in weakest.to_dict("records"):
        known = float(row[r["limit"]])
        if known != known or known > r["value"] + 1e-9:
            on = f" on a {r['on']}" if r["on"] == "bridge" else " in a tunnel" if r["on"] else ""
            why = (
                f"lowest on the way: OSM way {r['way_id']} at km {r['from_km']:.1f} ({r['direction']}){on}, {r['tags']}"
            )
            propose(r["limit"], round(r["value"], 2), why)
    if row["mode"] == "rail":
        used = {leg.link for m in found.values() for leg in m.legs}
        on_way = ways.links[ways.links["link_id"].isin(used)]
        for column in ("gauge_mm", "electrified"):
            values = on_way[column].to_numpy(float) if column in on_way else np.array([math.nan])
            if len(values) and not np.isnan(values).any():
                value = float(values.min())
                if column == "gauge_mm" and len(set(values.tolist())) > 1:
                    continue
                if float(row[column]) != value:
                    propose(column, value, "tagged on every way of the link" if value else "a part is tagged otherwise")
    heads = [
        "file",
        "id",
        "field",
        "current",
        "proposed",
        "audit_reason",
        "confidence",
        "decision",
        "applied",
        "reason",
        "source",
    ]
    return pd.DataFrame(rows, columns=heads)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


# ---- patches


def _patched(path: Path, file: str, line: int, changes: Mapping[str, str]) -> str:
    """Return a patch that changes cells of the record that begins on a line of a CSV file."""
    old = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    header = next(csv.reader([old[0]]))
    reader = csv.reader(old[line - 1 :])
    cells = next(reader)
    end = line - 1 + reader.line_num
    done = [c for c in changes if c in header]
    if not done:
        return ""
    record = dict(zip(header, cells, strict=True))
    record |= {c: changes[c] for c in done}
    if "estimated" in record:
        record["estimated"] = ";".join(x for x in split(record["estimated"]) if x not in done)
    if "source" in record:
        record["source"] = ";".join([*split(record["source"]), *(f"OSM: {c}" for c in done)])
    text = io.StringIO()
    ending = "\r\n" if old[0].endswith("\r\n") else "\n"
    csv.writer(text, lineterminator=ending).writerow([record[c] for c in header])
    new = [*old[: line - 1], text.getvalue(), *old[end:]]
    return "".join(_unified(old, new, file))


def _new_source(path: Path, facts: Mapping[str, Any]) -> str:
    old = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    if not old or not old[-1].endswith("\n"):
        return ""
    given = {
        "source_id": "OSM", "title": f"OpenStreetMap, {facts.get('file', '')}. {ATTRIBUTION}",
        "url": "https://www.openstreetmap.org/copyright", "date": facts.get("date", ""), "type": "open data, ODbL 1.0",
    }  # fmt: skip
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([given.get(c, "") for c in next(csv.reader([old[0]]))])
    return "".join(_unified(old, [*old, text.getvalue()], "sources.csv"))


def _unified(old: Sequence[str], new: Sequence[str], file: str) -> Iterable[str]:
    return difflib.unified_diff(old, new, f"a/{file}", f"b/{file}", n=1)
