"""Interactive maps: one HTML file with everything in it, which opens from a stick with no network.

The page itself is built from ``web/`` and lies beside this file as ``web/explore.html``; here it is filled with data.
Nothing that a table says becomes markup: data stand in the page as JSON without ``<``, and the page sets text only.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from mobility.basemap import RIVER, _layer, _named, _names
from mobility.contingency import Contingency
from mobility.course import eastward
from mobility.errors import InputError
from mobility.exhibits import Exhibit, exhibit
from mobility.maps import KOSOVO
from mobility.netviews import PALETTE, families
from mobility.network import Network, beside, shipped, spare
from mobility.paths import Answer
from mobility.pen import BORDER_LINE, COAST, FAINT, FOCUS, INK, LAND, OPEN, SEA, WATER
from mobility.schema import columns, split
from mobility.view import CAVEAT, data_line, place

Subject = Network | Answer
Array = np.ndarray[Any, Any]

LINES = 1e-4
"""Degrees of a step in the coordinates of links, 11 m; the basemap has steps ten times as large."""

EMBEDDED_OUTAGES = 1000
"""So many of the worst outages are embedded; N-2 may have millions."""

LICENCES = (
    "Basemap: Natural Earth (public domain; borders of 2017-18, rivers and lakes).",
    "Alignments of roads and railways: © OpenStreetMap contributors, Open Database License 1.0.",
    "Places: GeoNames (CC BY 4.0). Sea lanes: searoute (Apache-2.0).",
)
"""Of the shipped data."""

BUILTIN = ("link_id", "from_node", "to_node", "mode", "corridors", "status", "name", "geometry", "alignment")
"""Columns that the page tells in its own way."""

BASES = ("stated", "estimate", "default")
LEVELS = ("high", "medium", "low", "")


@dataclass(frozen=True)
class Page:
    """An interactive map: shows itself in a notebook, and can be saved.

    Attributes
    ----------
    html : str
        The whole file.
    path : Path or None
        Where it was written.
    """

    html: str = field(repr=False)
    path: Path | None = None

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the page to a file.

        Raises
        ------
        InputError
            When the file exists and `overwrite` is not set, or its name does not end in .html.
        """
        target = _target(path, overwrite)
        target.parent.mkdir(parents=True, exist_ok=True)
        with beside(target) as file:
            file.write_text(self.html, encoding="utf-8")
        return target

    def _repr_html_(self) -> str:
        """Return the page in a frame that can run its own script and reach nothing else."""
        return (
            f'<iframe srcdoc="{html.escape(self.html)}" sandbox="allow-scripts allow-downloads" '
            'title="Interactive map" width="100%" height="720" frameborder="0"></iframe>'
        )


def explore(
    subject: Subject | Sequence[Subject | tuple[str, Subject]] | Mapping[str, Subject],
    path: str | Path | None = None,
    *,
    title: str | None = None,
    overwrite: bool = False,
) -> Page:
    """Show a network or answers on an interactive map: one HTML file that needs no network and no other file.

    Parameters
    ----------
    subject : Network, Answer, or several of them
        Several are shown one at a time, with a switch: a list, a list of (label, answer), or a mapping by label.
    path : str or Path, optional
        File to write; left out, the page is only returned.
    title : str, optional
        Instead of what the first one says.
    overwrite : bool
        Whether a file that exists may be replaced.

    Returns
    -------
    Page
        Shows itself in a notebook.

    Raises
    ------
    InputError
        When there is nothing to show, the file exists, or its name does not end in .html.

    Examples
    --------
    >>> import mobility as mb
    >>> page = mb.explore(mb.routes(mb.load(), "Durrës", "Tirana", modes="road"))
    >>> page.html.count("<html"), "default-src 'none'" in page.html
    (1, True)
    """
    if path is not None:
        _target(path, overwrite)  # before the work, not after it
    cases = _cases(subject)
    text = _fill(cases, title)
    return Page(text) if path is None else Page(text, Page(text).save(path, overwrite=overwrite))


def _target(path: str | Path, overwrite: bool) -> Path:
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"an interactive map is written as .html, not {target.name!r}")
    spare(target, overwrite)
    return target


def _cases(subject: Any) -> list[tuple[str, Subject]]:
    """Return what is shown, each with its label."""
    if isinstance(subject, Network | Answer):
        named = [("", subject)]
    elif isinstance(subject, Mapping):
        named = [(str(k), v) for k, v in subject.items()]
    elif isinstance(subject, Iterable) and not isinstance(subject, str):
        named = [(str(x[0]), x[1]) if isinstance(x, tuple) and len(x) == 2 else ("", x) for x in subject]
    else:
        named = [("", subject)]
    for _, one in named:
        if not isinstance(one, Network | Answer):
            raise InputError(f"{type(one).__name__} cannot be shown on a map; a Network or an answer of a question can")
    if not named:
        raise InputError("there is nothing to show")
    return named


# ---- the page


@lru_cache(maxsize=1)
def _template() -> str:
    return (Path(__file__).parent / "web" / "explore.html").read_text(encoding="utf-8")


def _fill(cases: Sequence[tuple[str, Subject]], title: str | None) -> str:
    """Return the page with its data, each part put in once and none looked at again."""
    shown = [exhibit(subject) for _, subject in cases]
    nets = [_net(subject) for _, subject in cases]
    data = page_data(cases, shown, title)
    still = _Still(nets, shown).svg()
    parts = {
        "title": html.escape(data["title"]),
        "data": json.dumps(data, ensure_ascii=False, allow_nan=False, default=_plain, separators=(",", ":"))
        .replace("<", "\\u003c")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029"),
        "still": still,
        "words": "".join(f"<p>{html.escape(w)}</p>" for e in shown for w in (e.title, e.subtitle)),
    }
    pieces = re.split(r"<!--mobility:(\w+)-->", _template())
    return "".join(parts[p] if i % 2 else p for i, p in enumerate(pieces))


def page_data(
    cases: Sequence[tuple[str, Subject]], shown: Sequence[Exhibit], title: str | None = None
) -> dict[str, Any]:
    """Return what the page is filled with: basemap, network, and for each case what is shown and the answer itself."""
    nets = [_net(subject) for _, subject in cases]
    net = nets[0]
    strings = _Strings()
    links = _links(nets, strings)
    base = _base(nets)
    return {
        "title": title or (shown[0].title if len(cases) == 1 else "; ".join(dict.fromkeys(e.title for e in shown))),
        "data": data_line(net), "caveat": CAVEAT, "kosovo": KOSOVO if base["kosovo"] else "",
        "licences": list(LICENCES) if _ours(net) else [LICENCES[0]],
        "columns": {
            name: [c.unit, c.description] for t in ("borders", "terminals", "ports", "links")
            for name, c in columns(t).items()
        },
        "families": dict(sorted(families(net).values(), key=lambda f: ([*PALETTE, f[0]].index(f[0]), f[0]))),
        "bases": BASES, "levels": LEVELS,
        "step": LINES, "strings": strings.texts, "nodes": _places(nets, strings), "links": links, "base": base,
        "cases": [
            {
                "label": label or e.title, "kind": type(subject).__name__, **e.to_dict(),
                "view": _extent(_net(subject), e), "badges": _badges(_net(subject), e),
                **_differences(net, _net(subject), strings), "answer": _answer(subject),
            }
            for (label, subject), e in zip(cases, shown, strict=True)
        ],
    }  # fmt: skip


def _net(subject: Subject) -> Network:
    return subject if isinstance(subject, Network) else subject.net


def _ours(net: Network) -> bool:
    return net.folder is not None and net.folder.resolve() == shipped().resolve()


def _answer(subject: Subject) -> Any:
    """Return an answer as JSON holds it; of a network its summary."""
    if isinstance(subject, Network):
        return subject.summary()
    if isinstance(subject, Contingency) and len(subject.outages) > EMBEDDED_OUTAGES:
        few = Contingency(**{**subject.__dict__, "outages": subject.outages[:EMBEDDED_OUTAGES]})
        return {**few.to_dict(), "outages_left_out": len(subject.outages) - EMBEDDED_OUTAGES}
    return subject.to_dict()  # type: ignore[attr-defined]


def _plain(value: Any) -> Any:
    """Return a numpy number as JSON knows it."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


# ---- the network


class _Strings:
    """Texts that come up again and again, by number."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._at: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        if text not in self._at:
            self._at[text] = len(self.texts)
            self.texts.append(text)
        return self._at[text]


def _steps(line: Any, step: float) -> list[int]:
    """Return a line as whole steps: the first point, then from each to the next."""
    xy = np.rint(shapely.get_coordinates(line) / step).astype(int)
    moves = np.diff(xy, axis=0, prepend=[[0, 0]])
    kept = np.any(moves != 0, axis=1)
    kept[0] = True
    if kept.sum() < 2:
        kept[-1] = True
    return [int(v) for v in moves[kept].ravel()]


def _drawn(net: Network) -> dict[str, tuple[list[list[int]], str]]:
    """Return the lines of all links from west to east, so that what is moved to a side is so on all, and how known."""
    out = {}
    frame = net.links
    for link, line, how in zip(frame.index, frame.geometry, frame["alignment"], strict=True):
        turned = shapely.reverse(line) if line.length > 0 and not eastward(line) else line
        parts = shapely.get_parts(shapely.simplify(turned, 2 * LINES))
        out[str(link)] = ([_steps(p, LINES) for p in parts], str(how))
    return out


def _attributes(net: Network, link: str, strings: _Strings) -> list[list[Any]]:
    """Return what is known of a link: column, value, basis, range, confidence, source."""
    return [
        [
            strings(row["column"]), row["value"], BASES.index(row["basis"]), *_range(row["low"], row["high"]),
            LEVELS.index(row["confidence"]), strings(row["source"]),
        ]
        for row in net.attribute_rows(link) if row["column"] not in BUILTIN
    ]  # fmt: skip


def _range(low: float, high: float) -> tuple[float | None, float | None]:
    return (None, None) if math.isnan(low) or low == high else (low, high)


def _links(nets: Sequence[Network], strings: _Strings) -> list[dict[str, Any]]:
    """Return the links of all networks, as the first that has each knows it."""
    out: dict[str, dict[str, Any]] = {}
    for net in dict.fromkeys(nets):
        if not set(net.link_index) - set(out):
            continue
        drawn, of = _drawn(net), families(net)
        for link, row in _records(net):
            if link in out:
                continue
            lines, how = drawn[link]
            names = split(row["corridors"])
            out[link] = {
                "id": link, "name": row["name"], "from": row["from_node"], "to": row["to_node"], "mode": row["mode"],
                "corridors": names, "families": list(dict.fromkeys(of[n][0] for n in names if n in of)),
                "km": row["length_km"], "how": how, "line": lines, **_state(row),
                "attributes": _attributes(net, link, strings),
            }  # fmt: skip
    return list(out.values())


def _records(net: Network) -> Iterable[tuple[str, dict[str, Any]]]:
    table = net.table("links")
    for row in table.to_dict("records"):
        yield str(row["link_id"]), {str(k): v for k, v in row.items()}


def _state(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return status, confidence, and the year from whose start a link is in use; 0 today, None at no known time."""
    year = row["open_year"]
    opens = 0 if row["status"] == OPEN else None if math.isnan(year) else math.floor(year) + 1
    return {"status": row["status"], "opens": opens, "confidence": row["confidence"]}


def _differences(first: Network, net: Network, strings: _Strings) -> dict[str, Any]:
    """Return in what a network differs from the first one: links that changed, and those that are not in it."""
    if net is first:
        return {"changes": {}, "absent": []}
    before, changes = dict(_records(first)), {}
    for link, row in _records(net):
        if link in before and json.dumps(before[link]) != json.dumps(row):
            changes[link] = {**_state(row), "attributes": _attributes(net, link, strings)}
    return {"changes": changes, "absent": [k for k in before if k not in net.link_index]}


def _places(nets: Sequence[Network], strings: _Strings) -> list[dict[str, Any]]:
    """Return the places of all networks with what borders, terminals and ports say of them."""
    out: dict[str, dict[str, Any]] = {}
    for net in dict.fromkeys(nets):
        more: dict[str, list[Any]] = {}
        for table, words in (("borders", ("mode",)), ("terminals", ("from_mode", "to_mode")), ("ports", ())):
            for row in net.table(table).to_dict("records"):
                of = strings("–".join(str(row[w]) for w in words))
                more.setdefault(str(row["node_id"]), []).extend(_numbers(table, row, of, strings))
        degree = Counter(n for _, r in _records(net) if r["mode"] not in WATER for n in (r["from_node"], r["to_node"]))
        for row in net.table("nodes").to_dict("records"):
            node = str(row["node_id"])
            shown = {
                "id": node, "name": place(net, node), "kind": row["kind"] or "city",
                "country": "–".join(filter(None, (row["country"], row["country2"]))),
                "at": [round(float(row["lon"]), 4), round(float(row["lat"]), 4)], "degree": degree[node],
                "confidence": row["confidence"], "source": strings(row["source"]), "attributes": more.get(node, []),
            }  # fmt: skip
            out.setdefault(node, shown)
    return list(out.values())


def _numbers(table: str, row: Mapping[Any, Any], of: int, strings: _Strings) -> list[list[Any]]:
    """Return the numbers of a row of a place, as those of links are told, and what they are of."""
    marked = dict(part.partition(":")[::2] for part in row.get("value_confidence", "").split(";"))
    guesses, source = split(row["estimated"]), strings(row["source"])
    return [
        [strings(c.column), row[c.column], int(c.column in guesses), None, None,
         LEVELS.index(marked.get(c.column) or row["confidence"]), source, of]
        for c in columns(table).values() if c.is_number and row[c.column] == row[c.column]
    ]  # fmt: skip


# ---- what is in view


def _extent(net: Network, shown: Exhibit) -> list[float]:
    """Return west, south, east and north of what an answer is about; lines on water do not widen it."""
    index = net.link_index
    modes = net.table("links")["mode"].tolist()
    asked = [line.link for line in shown.lines if line.link in index]
    land = [k for k in asked if modes[index[k]] not in WATER] or asked or list(index)
    start, end = net.link_ends
    rows = [index[k] for k in land]
    nodes = net.table("nodes")[["lon", "lat"]].to_numpy(float)
    picked = [*start[rows].tolist(), *end[rows].tolist()]
    picked += [net.node_index[n] for n in (*shown.origins, *shown.destinations) if n in net.node_index]
    xy = nodes[picked] if picked else nodes
    return [round(float(v), 3) for v in (*xy.min(0), *xy.max(0))]


def _badges(net: Network, shown: Exhibit) -> list[dict[str, Any]]:
    """Return signs and badges with their places: in the middle of the longest of their links, or at a place."""
    frame = net.links.geometry
    out: list[dict[str, Any]] = []
    taken: list[tuple[float, float]] = []
    for mark in shown.marks:
        if mark.node:
            row = net.table("nodes").iloc[net.node_index[mark.node]]
            spots = [(float(row["lon"]), float(row["lat"]))]
        else:
            lines = sorted((frame[k] for k in mark.links if k in net.link_index), key=lambda g: -float(g.length))
            ends = [g.interpolate(t, normalized=True) for g in lines for t in (0.5, 0.3, 0.7)]
            spots = []
            for point in ends:
                spot = (float(point.x), float(point.y))
                if len(spots) < mark.most and all(math.dist(spot, other) > 0.35 for other in (*taken, *spots)):
                    spots.append(spot)
            if not spots and ends:
                spots = [(float(ends[0].x), float(ends[0].y))]
        taken += spots
        out += [
            {"text": mark.text, "colour": mark.colour, "shape": mark.shape, "at": [round(x, 4), round(y, 4)],
             "links": list(mark.links), "node": mark.node}
            for x, y in spots
        ]  # fmt: skip
    return out


# ---- the basemap


def _view(nets: Sequence[Network]) -> Any:
    """Return the box that the basemap covers."""
    xy = np.concatenate([net.table("nodes")[["lon", "lat"]].to_numpy(float) for net in nets])
    (west, south), (east, north) = xy.min(0).tolist(), xy.max(0).tolist()
    return shapely.box(west - 7, max(south - 5, -84), east + 7, min(north + 5, 84))


def _base(nets: Sequence[Network]) -> dict[str, Any]:
    """Return land, coast, borders, waters and names within reach of the networks."""
    view = _view(nets)
    step = 10 * LINES
    land, coast, borders, names = _land(view)
    count = Counter(c for states in nets[0].link_countries for c in states)
    focus = {c for c, n in count.items() if n > 2} or set(count)
    rivers, lakes = (_layer("water_natural_earth_10m.gpkg", layer) for layer in ("rivers", "lakes"))
    flows = []
    for name, rank, shape in zip(rivers["name"], rivers["scalerank"], rivers.geometry, strict=True):
        for text, reach in _named(name if isinstance(name, str) else "", shape):
            lines = _lines(shapely.simplify(shapely.intersection(reach, view), 2 * step), step)
            if lines:
                flows.append({"name": text, "rank": float(rank), "lines": lines})
    pools = [
        {"name": name if isinstance(name, str) else "", "rings": _rings(shapely.simplify(shape, step), step)}
        for name, shape in zip(lakes["name"], lakes.geometry, strict=True)
        if shapely.intersects(shape, view)
    ]
    labels = [
        {"kind": r["kind"], "name": r["name"], "code": r["code"], "at": [float(r["lon"]), float(r["lat"])],
         "angle": float(r["angle"] or 0)}
        for r in _names() if shapely.contains_xy(view, float(r["lon"]), float(r["lat"]))
    ]  # fmt: skip
    return {
        "land": [{"focus": code in focus, "rings": _rings(shape, step)} for code, shape in land],
        "coast": _lines(coast, step), "borders": _lines(borders, step),
        "rivers": flows, "lakes": pools, "labels": labels, "kosovo": "XK" in names, "step": step,
        "colours": {"land": LAND, "focus": FOCUS, "sea": SEA, "coast": COAST, "border": BORDER_LINE, "river": RIVER},
        "covers": bool(land),
    }  # fmt: skip


@lru_cache(maxsize=4)
def _land(view: Any) -> tuple[list[tuple[str, Any]], Any, Any, set[str]]:
    """Return countries, coast line, land borders and codes within a box.

    The fine file where it reaches, the coarse one around it.
    """
    code = {r["iso_n3"]: r["code"] for r in _names() if r["kind"] == "country" and r["iso_n3"]}
    fine, coarse = (_layer(f, "countries") for f in ("borders_world_atlas_10m.gpkg", "europe_world_atlas_50m.gpkg"))
    inner = shapely.box(*fine.total_bounds)
    frames = shapely.union(shapely.boundary(view), shapely.boundary(inner)).buffer(1e-3)
    out: list[tuple[str, Any]] = []
    coast, borders = [], []
    for frame, tolerance in ((fine, 0.002), (coarse, 0.01)):
        shapes = shapely.make_valid(shapely.coverage_simplify(frame.geometry.to_numpy(), tolerance))
        if frame is coarse:
            shapes = shapely.difference(shapes, inner)
        shapes = shapely.intersection(shapes, view)
        edges = shapely.boundary(shapely.union_all(shapes))
        coast.append(shapely.difference(edges, frames))
        inside = shapely.difference(shapely.union_all(shapely.boundary(shapes)), edges)
        borders.append(shapely.difference(inside, frames))
        for number, name, shape in zip(frame["id"], frame["name"], shapes, strict=True):
            if not shape.is_empty:
                out.append(("XK" if name == "Kosovo" else code.get(str(number), str(name)), shape))
    return out, shapely.union_all(coast), shapely.union_all(borders), {c for c, _ in out}


def _lines(shape: Any, step: float) -> list[list[int]]:
    parts = shapely.get_parts(shapely.line_merge(shape)) if shape.geom_type != "LineString" else [shape]
    return [_steps(p, step) for p in parts if p.geom_type == "LineString" and p.length > 2 * step]


def _rings(shape: Any, step: float) -> list[list[list[int]]]:
    """Return polygons as rings in steps, without specks."""
    polygons = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 9 * step * step]
    return [[_steps(ring, step) for ring in (p.exterior, *p.interiors)] for p in polygons]


# ---- the picture without WebGL and without scripts


class _Still:
    """A small SVG of the same geometries: the basemap, the network in grey, and a group of lines for each case."""

    WIDE, DETAIL = 1000.0, 0.6

    def __init__(self, nets: Sequence[Network], shown: Sequence[Exhibit]) -> None:
        self.nets, self.shown = nets, shown
        boxes = np.array([_extent(net, e) for net, e in zip(nets, shown, strict=True)])
        low, high = boxes[:, :2].min(0) - 0.6, boxes[:, 2:].max(0) + 0.6
        (self.left, bottom), (right, self.top) = (_mercator(np.array([p]))[0] for p in (low, high))
        self.unit = self.WIDE / (right - self.left)
        self.tall = max(200.0, (self.top - bottom) * self.unit)

    def _move(self, xy: Array) -> Array:
        moved: Array = (_mercator(xy) - (self.left, self.top)) * (self.unit, -self.unit)
        return moved

    def _path(self, shape: Any, closed: bool = False) -> str:
        """Return the data of a path, in whole tenths of a unit, of what is in the picture."""
        moved = shapely.transform(shape, self._move)
        seen = shapely.simplify(
            shapely.intersection(moved, shapely.box(-20, -20, self.WIDE + 20, self.tall + 20)), self.DETAIL
        )
        rings = shapely.get_parts(shapely.boundary(seen)) if closed else shapely.get_parts(seen)
        out = []
        for ring in rings:
            if ring.geom_type == "LineString" and ring.length > 1:
                points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shapely.get_coordinates(ring))
                out.append(f"M{points}{'z' if closed else ''}")
        return "".join(out)

    def svg(self) -> str:
        """Return the picture."""
        land, _, borders, _ = _land(_view(self.nets))
        count = Counter(c for states in self.nets[0].link_countries for c in states)
        parts = [
            f'<svg id="still" viewBox="0 0 {self.WIDE:.0f} {self.tall:.0f}" role="img" aria-labelledby="still-title" '
            f'preserveAspectRatio="xMidYMid meet"><title id="still-title">{html.escape(self.shown[0].title)}</title>',
            f'<rect width="{self.WIDE:.0f}" height="{self.tall:.0f}" fill="{SEA}"/>',
        ]
        for code, shape in land:
            fill = FOCUS if count[code] > 2 else LAND
            if data := self._path(shape, closed=True):
                parts.append(f'<path d="{data}" fill="{fill}" stroke="{COAST}" stroke-width="0.6"/>')
        parts.append(f'<path d="{self._path(borders)}" fill="none" stroke="{BORDER_LINE}" stroke-width="0.7"/>')
        lines = {str(k): line for net in reversed(self.nets) for k, line in net.links.geometry.items()}
        paths = {k: self._path(line) for k, line in lines.items()}
        net = self.nets[0]
        mode = dict(zip(net.table("links")["link_id"].tolist(), net.table("links")["mode"].tolist(), strict=True))
        plain = "".join(d for k, d in paths.items() if mode.get(k) not in WATER)
        parts.append(f'<path d="{plain}" fill="none" stroke="{FAINT}" stroke-width="0.9"/>')
        for i, (its, e) in enumerate(zip(self.nets, self.shown, strict=True)):
            hidden = ' visibility="hidden"' if i else ""
            strokes = [
                f'<path d="{paths[s.link]}" stroke="{html.escape(s.colour)}" stroke-width="{s.width:.1f}" '
                f'data-link="{html.escape(s.link)}"'
                + (' stroke-dasharray="5 3"' if s.status != OPEN or s.dashed else "") + "/>"
                for s in e.lines if paths.get(s.link)
            ]  # fmt: skip
            ends = "".join(self._name(its, n) for n in (*e.origins, *e.destinations) if n in its.node_index)
            parts.append(f'<g class="case" fill="none"{hidden}>{"".join(strokes)}{ends}</g>')
        return "".join(parts) + "</svg>"

    def _name(self, net: Network, node: str) -> str:
        row = net.table("nodes").iloc[net.node_index[node]]
        x, y = self._move(np.array([[float(row["lon"]), float(row["lat"])]]))[0]
        return (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{INK}" stroke="#fff"/>'
            f'<text x="{x + 8:.1f}" y="{y + 4:.1f}" font-size="15" fill="{INK}" stroke="#fff" stroke-width="3" '
            f'paint-order="stroke">{html.escape(place(net, node))}</text>'
        )


def _mercator(xy: Array) -> Array:
    """Return longitudes and latitudes on the plane of the map, in degrees of longitude.

    >>> _mercator(np.array([[20.0, 0.0]])).round(6).tolist()
    [[20.0, 0.0]]
    """
    lat = np.clip(xy[:, 1], -85, 85)
    return np.stack([xy[:, 0], np.degrees(np.arctanh(np.sin(np.radians(lat))))], axis=1)
