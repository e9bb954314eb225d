"""The drawing room: a page with a map, a side panel and a footer, and what can be drawn on it.

Everything on the page is measured in points on paper; the sheet turns degrees into points once, so the same
rules draw a town and a continent. Sizes of letters, lines and signs are those on A4 and grow with the page.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from matplotlib import ft2font, rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.patches import FancyBboxPatch, Polygon, Rectangle
from matplotlib.patheffects import withStroke

from mobility.errors import InputError, shorten
from mobility.network import GEOGRAPHIC, Network, shipped

Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in points from the lower left corner of the map."""

Look = dict[str, Any]
"""Keywords of matplotlib."""

PAGES: Mapping[str, tuple[float, float, float]] = {"A4": (297, 210, 1.0), "A3": (420, 297, 1.25)}
"""Width and height in millimetres, and how much larger than on A4 letters and lines are."""
PT_PER_MM = 72 / 25.4

FAINT, SHUT, RED, INK, SOFT = "#b4b9bd", "#7d8287", "#C1121F", "#12304a", "#55636f"
LAND, FOCUS, SEA, COAST, BORDER_LINE = "#eeebe3", "#fffefb", "#d9e8f0", "#9db8c6", "#8f8a84"
SEA_INK = "#5f8fa8"

OPEN, BUILDING, HOLLOW, CLOSED = "operational", "under_construction", ("planned", "missing"), "closed"
WATER = ("sea", "waterway")

SIGNS: Mapping[str, tuple[str, float, str, str, float]] = {
    "small": ("o", 1.7, "white", SOFT, 0.6),
    "border_crossing": ("D", 2.5, "white", INK, 0.7),
    "city": ("o", 3.2, "white", INK, 0.8),
    "airport": ("p", 4.6, "white", INK, 0.8),
    "intermodal_terminal": ("o", 5.0, "white", INK, 1.1),
    "seaport": ("s", 4.8, INK, "white", 0.7),
    "origin": ("^", 9.5, INK, "white", 1.0),
    "destination": ("*", 13.0, INK, "white", 1.0),
    "cross": ("X", 10.0, RED, "white", 1.5),
    "warning": ("^", 8.5, "#F0B400", RED, 1.0),
}
"""Marker, size in points, face, edge and edge width of each kind of sign; places in the order of drawing."""

SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "mobility",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "font.family": ["DejaVu Sans"],
    "path.simplify": True,
    "lines.scale_dashes": True,
    "text.usetex": False,
    "axes.unicode_minus": True,
}
"""Only what decides the bytes of a file; everything else is set where it is drawn."""


class MapFigure(Figure):
    """A figure that a notebook shows by itself, with no pyplot."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        with rc_context(SETTINGS):
            self.savefig(buffer, format="png", dpi=self.dpi)
        return buffer.getvalue()


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    return frozenset(ft2font.FT2Font(findfont("DejaVu Sans")).get_charmap())


def plain(text: str, width: int = 48) -> str:
    """Return text on one line that the bundled font can write; other letters become a box."""
    known = _glyphs()
    return shorten("".join(c if ord(c) in known else "□" for c in " ".join(text.split())), width)


# ---- lines and letters


@dataclass(frozen=True)
class Stroke:
    """A line in points on the page, with its look.

    Attributes
    ----------
    line : LineString or MultiLineString
    shift : float
        To the left of the line's direction, which is taken from west to east.
    level : int
        Order of drawing.
    second : str
        Colour of another corridor that runs on the same link.
    """

    line: Any
    colour: str
    width: float
    mode: str = "road"
    status: str = OPEN
    shift: float = 0.0
    level: int = 0
    second: str = ""

    @cached_property
    def turned(self) -> bool:
        """Whether the line runs against east-south-east, so that both modes keep to their side when it is turned."""
        (ax, ay), (bx, by) = shapely.get_coordinates(self.line)[[0, -1]]
        return bool((bx - ax) - 0.5 * (by - ay) < 0)

    @cached_property
    def paths(self) -> list[Any]:
        """The line as it is drawn: turned, shifted, in parts."""
        line = shapely.reverse(self.line) if self.turned else self.line
        if self.shift:
            moved = shapely.offset_curve(line, self.shift, join_style="round", quad_segs=4)
            line = moved if moved.length > 0 else line
        return [np.asarray(part.coords) for part in shapely.get_parts(line)]

    @cached_property
    def path(self) -> Any:
        """The longest part of what is drawn."""
        return max((shapely.linestrings(p) for p in self.paths), key=lambda p: float(p.length))


def _ties(path: Any, spacing: float, half: float) -> list[Any]:
    """Return the cross ties of a railway: short segments square to the line, evenly spaced."""
    line = shapely.linestrings(path)
    count = max(1, round(line.length / spacing))
    at = (np.arange(count) + 0.5) * line.length / count
    here = shapely.get_coordinates(shapely.line_interpolate_point(line, at))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(line, at - spacing * 0.05))
    along = here - ahead
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-12)[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * half
    return list(np.stack([here - across, here + across], axis=1))


@lru_cache(maxsize=5000)
def _extent(text: str, size: float, bold: bool, italic: bool, dpi: float) -> tuple[float, float]:
    """Return width and height of a text as the bundled font sets it."""
    look: Look = {"weight": "bold" if bold else "normal", "style": "italic" if italic else "normal"}
    font = FontProperties(family="DejaVu Sans", size=size, **look)
    agg: Any = RendererAgg
    width, height, _ = agg(8, 8, dpi).get_text_width_height_descent(text, font, False)
    return width * 72 / dpi, height * 72 / dpi


class Pen:
    """Draws on axes whose coordinates are points; sizes are those on A4."""

    def __init__(self, ax: Any, scale: float, box: tuple[float, float]) -> None:
        self.ax, self.scale = ax, scale
        self.width, self.height = box
        ax.set_xlim(0, self.width)
        ax.set_ylim(0, self.height)
        ax.set_xticks([])
        ax.set_yticks([])

    def measure(self, text: str, size: float, *, bold: bool = False, italic: bool = False) -> tuple[float, float]:
        """Return width and height in points of one line of text."""
        dpi = float(self.ax.figure.dpi)
        width, height = (_extent(t, size * self.scale, bold, italic, dpi) for t in (text, "lp"))
        return width[0], height[1]

    def cut(self, text: str, size: float, width: float, *, bold: bool = False) -> str:
        """Return text that fits a width, with an ellipsis where it was too long."""
        if self.measure(text, size, bold=bold)[0] <= width:
            return text
        while text and self.measure(text + "…", size, bold=bold)[0] > width:
            text = text[:-1]
        return text.rstrip() + "…"

    def wrap(self, text: str, size: float, width: float) -> list[str]:
        """Break text into lines that fit a width."""
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and self.measure(longer, size)[0] > width:
                lines.append(word)
            else:
                lines[-1] = longer
        return [self.cut(line, size, width) for line in lines]

    def write(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        colour: str = INK,
        *,
        bold: bool = False,
        italic: bool = False,
        halo: float = 0.0,
        around: str = "white",
        **more: Any,
    ) -> None:
        """Write one line, centred on `y`; never as mathematics, whatever the name holds."""
        look: Look = {"ha": "center", "va": "center", "parse_math": False, "zorder": 12, "clip_on": False} | more
        look |= {"weight": "bold" if bold else "normal", "style": "italic" if italic else "normal"}
        if halo:
            look["path_effects"] = [withStroke(linewidth=halo * self.scale, foreground=around)]
        self.ax.text(x, y, text, fontsize=size * self.scale, color=colour, **look)

    def sign(self, kind: str, points: Iterable[Any], fit: float = 1.0, zorder: float = 6) -> None:
        """Draw the sign of a kind at points."""
        marker, size, face, edge, line = SIGNS[kind]
        look: Look = {"marker": marker, "mfc": face, "mec": edge, "scalex": False, "scaley": False, "zorder": zorder}
        s = self.scale * fit
        self.ax.plot(*zip(*points, strict=True), ls="none", ms=size * s, mew=line * s, **look)

    def badge_width(self, text: str) -> float:
        """Return the width of a badge in points."""
        return max(self.measure(text, 5.8, bold=True)[0] + 5 * self.scale, 9.5 * self.scale)

    def badge(self, x: float, y: float, text: str, colour: str) -> None:
        """Draw a rounded badge about a point."""
        wide, tall, s = self.badge_width(text), 9.0 * self.scale, self.scale
        style = f"round,pad=0,rounding_size={2.4 * s}"
        look: Look = {
            "boxstyle": style,
            "fc": colour,
            "ec": "white",
            "lw": 0.9 * s,
            "zorder": 9,
            "mutation_aspect": 1.0,
        }
        self.ax.add_patch(FancyBboxPatch((x - wide / 2, y - tall / 2), wide, tall, **look))
        self.write(x, y, text, 5.8, "white", bold=True, zorder=9.1)

    def lines(
        self, rows: Sequence[tuple[Any, str, float]], zorder: float, dash: Any = "solid", cap: Any = "round"
    ) -> None:
        """Draw paths, each with its colour and width."""
        if rows:
            paths, colours, widths = (list(column) for column in zip(*rows, strict=True))
            look: Look = {"linestyles": [dash], "capstyle": cap, "joinstyle": "round", "zorder": zorder}
            widths = [w * self.scale for w in widths]
            self.ax.add_collection(LineCollection(paths, colors=colours, linewidths=widths, **look), autolim=False)

    def fill(self, shapes: Iterable[Any], face: str, edge: str, width: float, zorder: float = 1) -> None:
        """Fill polygons, without regard to holes."""
        parts = [p for shape in shapes for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and not p.is_empty]
        rings = [np.asarray(p.exterior.coords) for p in parts]
        look: Look = {"facecolors": [face], "edgecolors": [edge], "joinstyle": "round", "zorder": zorder}
        self.ax.add_collection(PolyCollection(rings, linewidths=[width * self.scale], **look), autolim=False)

    def polygon(self, points: Any, face: str, edge: str, width: float, zorder: float) -> None:
        """Draw a small polygon."""
        look: Look = {"fc": face, "ec": edge, "lw": width * self.scale, "zorder": zorder}
        self.ax.add_patch(Polygon(np.array(points), closed=True, **look))

    def ink(self, strokes: Sequence[Stroke]) -> None:
        """Draw strokes: level by level casing, line, what lies inside it, ties."""
        for step, level in enumerate(sorted({s.level for s in strokes})):
            group = [(s, path) for s in strokes if s.level == level for path in s.paths]
            z = 3 + step / 100
            shut = [(s, p) for s, p in group if s.status == CLOSED]
            solid = [(s, p) for s, p in group if s.status != CLOSED and s.mode not in WATER]
            water = [(s, p) for s, p in group if s.status != CLOSED and s.mode in WATER]
            hollow = [(s, p) for s, p in solid if s.status in HOLLOW]
            built = [(s, p) for s, p in solid if s.status == BUILDING]
            twice = [(p, s.second, s.width) for s, p in solid if s.second]
            self.lines([(p, "white", s.width + 1.5) for s, p in group], z)
            self.lines([(p, s.colour, s.width) for s, p in solid], z + 0.002)
            self.lines(twice, z + 0.003, (0, (4, 4)), "butt")
            self.lines([(p, SHUT, s.width) for s, p in shut], z + 0.002, (0, (1.6, 1.1)), "butt")
            self.lines([(p, s.colour, s.width) for s, p in water], z + 0.002, (0, (3, 1.4)), "butt")
            self.lines([(p, "white", max(0.5, s.width - 1.0)) for s, p in hollow], z + 0.003)
            inner = [(p, "white", max(0.5, s.width * 0.45)) for s, p in built]
            self.lines(inner, z + 0.003, (0, (4.5, 3.5)), "butt")
            ties = [
                (tie, SHUT if s.status == CLOSED else s.colour, 0.75)
                for s, p in group
                if s.mode == "rail"
                for tie in _ties(p, 5.2 * self.scale, (s.width / 2 + 1.15) * self.scale)
            ]
            self.lines(ties, z + 0.004, cap="butt")


# ---- placing labels


class Placer:
    """Finds room for labels in eight positions around a point; what is placed is never overlapped.

    Parameters
    ----------
    width, height : float
        Of the map, in points.

    Examples
    --------
    >>> placer = Placer(100, 50)
    >>> first, second = placer.around(50, 25, 30, 8, 3), placer.around(50, 25, 30, 8, 3)
    >>> first, second
    ((53.0, 21.0, 83.0, 29.0), (17.0, 21.0, 47.0, 29.0))
    """

    AROUND = ((1, 0), (-1, 0), (0.85, 0.85), (0.85, -0.85), (-0.85, 0.85), (-0.85, -0.85), (0, 1), (0, -1))

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.boxes: list[Box] = []
        self._soft = np.empty((0, 2))
        self._weight = np.empty(0)

    def block(self, x: float, y: float, half: float) -> None:
        """Keep a square about a point free of everything placed later."""
        self.boxes.append((x - half, y - half, x + half, y + half))

    def shun(self, points: Any, weight: float = 1.0) -> None:
        """Keep away from points where that is possible: lines, small places."""
        points = np.reshape(points, (-1, 2))
        self._soft = np.concatenate([self._soft, points])
        self._weight = np.concatenate([self._weight, np.full(len(points), weight)])

    def free(self, boxes: Sequence[Box]) -> Any:
        """Return for each box whether it lies on the map and touches no other."""
        left, bottom, right, top = (side[:, None] for side in np.reshape(boxes, (-1, 4)).T)
        on_map = (left >= 2) & (bottom >= 2) & (right <= self.width - 2) & (top <= self.height - 2)
        west, south, east, north = np.reshape(self.boxes, (-1, 4)).T
        beside = (right <= west) | (left >= east) | (top <= south) | (bottom >= north)
        return on_map[:, 0] & beside.all(axis=1)

    def cost(self, box: Box) -> float:
        """Return the weight of the points under a box."""
        p = self._soft
        inside = (p[:, 0] > box[0]) & (p[:, 0] < box[2]) & (p[:, 1] > box[1]) & (p[:, 1] < box[3])
        return float(self._weight[inside].sum())

    def best(self, boxes: Iterable[Box], limit: float = math.inf, later: float = 0.4) -> Box | None:
        """Block and return the free box of least cost, or None when all cost more than `limit`.

        Each box costs `later` more than the one before it.
        """
        boxes = list(boxes)
        priced = [(self.cost(boxes[i]) + later * i, i, boxes[i]) for i in np.flatnonzero(self.free(boxes))]
        cheapest = min(priced, default=None)
        if cheapest is None or cheapest[0] > limit:
            return None
        self.boxes.append(cheapest[2])
        return cheapest[2]

    def around(
        self, x: float, y: float, width: float, height: float, gap: float, limit: float = math.inf
    ) -> Box | None:
        """Place a label of a size beside a point; the positions a little farther out come last."""

        def boxes() -> Iterator[Box]:
            for far in (gap, gap * 2.2, gap * 4):
                for dx, dy in self.AROUND:
                    cx = x + dx * far + math.copysign(width / 2, dx) * (dx != 0)
                    cy = y + dy * far + math.copysign(height / 2, dy) * (dy != 0)
                    yield cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2

        return self.best(boxes(), limit)


def _centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


# ---- the sheet


@dataclass(frozen=True)
class Place:
    """A place with its sign; `wish` is how much it wants its name on the map, 0 not at all."""

    node: str
    name: str
    sign: str
    wish: float = 0.0


@dataclass(frozen=True)
class Mark:
    """A badge on one of several links, up to `most` times, or a sign with its badge on every one or at a place."""

    text: str
    colour: str
    links: tuple[str, ...] = ()
    node: str = ""
    most: int = 1
    shape: str = "badge"


BIG, MIDDLE = 100.0, 40.0
"""From these wishes on a place is named in bold and before the countries are, and in larger letters."""


class Sheet:
    """A page with a map, a side panel and a footer.

    Parameters
    ----------
    net : Network
    focus : set of str
        Links that the map must show; all when empty.
    size : {"A4", "A3"}
    dpi : int

    Attributes
    ----------
    pen, panel : Pen, Panel
        Of the map and of the side panel.
    lines : dict of str to geometry
        Links that have a length on the map, in points.
    points : dict of str to (float, float)
        Places, in points.
    """

    def __init__(self, net: Network, focus: set[str], size: str, dpi: int) -> None:
        width, height, self.scale = PAGES[size]
        self.figure = MapFigure(figsize=(width / 25.4, height / 25.4), dpi=dpi, facecolor="white")
        FigureCanvasAgg(self.figure)
        edge, side, head, foot = 8.0, 66.0 * self.scale, 17.0 * self.scale, 12.0 * self.scale
        self.page = (width * PT_PER_MM, height * PT_PER_MM)
        self.edge, self.foot = edge * PT_PER_MM, foot * PT_PER_MM
        frame = (edge, edge / 2 + foot, width - 2 * edge - side - 4, height - edge - foot - head)
        aside = (width - edge - side, frame[1], side, frame[3])
        boxes = [self.figure.add_axes((x / width, y / height, w / width, h / height)) for x, y, w, h in (frame, aside)]
        self.pen = Pen(boxes[0], self.scale, (frame[2] * PT_PER_MM, frame[3] * PT_PER_MM))
        self.panel = Panel(boxes[1], self.scale, (side * PT_PER_MM, aside[3] * PT_PER_MM))
        boxes[1].axis("off")
        self.placer = Placer(self.pen.width, self.pen.height)
        self.box = shapely.box(0, 0, self.pen.width, self.pen.height)
        self.strokes: dict[str, list[Stroke]] = {}
        self._fit(net, focus)

    def _fit(self, net: Network, focus: set[str]) -> None:
        """Choose projection and extent: what must be shown with a margin, grown to the frame's proportions.

        ETRS89-LAEA in Europe, elsewhere an equal-area projection about the middle of the network.
        """
        nodes, wide, tall = net.table("nodes"), self.pen.width, self.pen.height
        if len(nodes) == 0:
            raise InputError("there is nothing to draw: the network has no places")
        lon, lat = nodes["lon"].to_numpy(float), nodes["lat"].to_numpy(float)
        x, y = float(nodes["lon"].mean()), float(nodes["lat"].mean())
        self.european = -15 <= x <= 45 and 33 <= y <= 72
        laea = f"+proj=laea +lat_0={y:.1f} +lon_0={x:.1f} +datum=WGS84 +units=m"
        self._forward = _transformer("EPSG:3035" if self.european else laea)
        lines = {k: line for k, line in _alignments(net) if line.length > 0}
        self.corner, self.unit = np.zeros(2), 1.0
        lines = {k: self.project(line) for k, line in lines.items()}
        shown = [line for k, line in lines.items() if not focus or k in focus]
        x0, y0, x1, y1 = shapely.total_bounds(np.array(shown or [shapely.MultiPoint(self.paper(lon, lat))], object))
        # room for labels at the edge; a single short link still shows its surroundings
        self.unit = float(max((x1 - x0) / (wide * 0.9), (y1 - y0) / (tall * 0.88), 40_000 / wide))
        self.corner = np.array([(x0 + x1 - wide * self.unit) / 2, (y0 + y1 - tall * self.unit) / 2])
        self.lines = {k: self._fine(line) for k, line in lines.items()}
        self.points: dict[str, tuple[float, float]] = {
            str(n): (float(x), float(y)) for n, (x, y) in zip(nodes["node_id"], self.paper(lon, lat), strict=True)
        }

    def _fine(self, line: Any) -> Any:
        """Return a line in points without detail finer than print, on which lines side by side would curl."""
        line = shapely.transform(line, lambda xy: (xy - self.corner) / self.unit)
        parts = [p for p in shapely.get_parts(shapely.simplify(line, 0.25)) if p.length > 0]
        return shapely.multilinestrings(parts) if len(parts) > 1 else parts[0] if parts else line

    def paper(self, lon: Any, lat: Any) -> Any:
        """Return points on the map of degrees."""
        return (np.stack(self._forward.transform(lon, lat), axis=-1) - self.corner) / self.unit

    def degrees(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return degrees of points on the map."""
        east, north = self.corner[0] + x * self.unit, self.corner[1] + y * self.unit
        lon, lat = self._forward.transform(east, north, direction="INVERSE")
        return lon, lat

    def project(self, shape: Any) -> Any:
        """Return a shape in degrees as one in points on the map."""
        return shapely.transform(shape, lambda xy: self.paper(xy[:, 0], xy[:, 1]))

    def within(self, xy: tuple[float, float]) -> bool:
        """Return whether a point lies on the map."""
        return 0 <= xy[0] <= self.pen.width and 0 <= xy[1] <= self.pen.height

    @cached_property
    def outline(self) -> tuple[float, float, float, float]:
        """West, south, east, north of what the frame shows, in degrees."""
        ring = shapely.get_coordinates(shapely.segmentize(self.box.exterior, self.pen.height / 20))
        lon, lat = self.degrees(*ring.T)
        return float(np.min(lon)), float(np.min(lat)), float(np.max(lon)), float(np.max(lat))

    # -- links and places

    def stroke(self, link: str, colour: str, width: float, mode: str, *, shift: float = 0.0, **more: Any) -> None:
        """Add the line of a link, shifted by points on A4; nothing for a link without a length."""
        if link in self.lines:
            made = Stroke(self.lines[link], colour, width, mode, shift=shift * self.scale, **more)
            self.strokes.setdefault(link, []).append(made)

    def ink(self) -> None:
        """Draw the strokes added and keep names away from them."""
        strokes = [s for made in self.strokes.values() for s in made]
        self.pen.ink(strokes)
        for stroke in strokes:
            for path in stroke.paths:
                dense = shapely.get_coordinates(shapely.segmentize(shapely.linestrings(path), 4))
                self.placer.shun(dense, 0.12 if stroke.colour == FAINT else 0.5)

    def drawn(self, link: str, colour: str = "") -> Any:
        """Return the path of a link as it is drawn, in a colour if there is one; None when it is not."""
        made = self.strokes.get(link, [])
        return next((s.path for s in made if s.colour == colour), made[0].path if made else None)

    def signs(self, places: Sequence[Place]) -> None:
        """Draw the signs of places."""
        for z, sign in enumerate(SIGNS):
            here = [self.points[p.node] for p in places if p.sign == sign and self.within(self.points[p.node])]
            if here:
                self.pen.sign(sign, here, zorder=5 + z / 20)
            for xy in here:
                if sign in ("small", "border_crossing"):
                    self.placer.shun([xy], 2.0)
                else:
                    self.placer.block(*xy, (SIGNS[sign][1] / 2 + 0.4) * self.scale)

    def names(self, places: Iterable[Place]) -> None:
        """Name places, the most important first; one whose label finds no room stays without."""
        for p in sorted(places, key=lambda p: (-p.wish, p.node))[:160]:
            if not p.wish or not self.within(self.points[p.node]):
                continue
            big, middle = p.wish >= BIG, p.wish >= MIDDLE
            size = 7.0 if big else 5.9 if middle else 5.4
            width, height = self.pen.measure(p.name, size, bold=big)
            gap = (SIGNS[p.sign][1] / 2 + 1.2) * self.scale
            limit = math.inf if big else 6.0 if middle else 3.6
            box = self.placer.around(*self.points[p.node], width + 1, height + 0.5, gap, limit)
            if box:
                look: Look = {"bold": big, "halo": 1.8, "zorder": 10, "gid": f"label-{p.node}"}
                self.pen.write(*_centre(box), p.name, size, INK if middle else "#2f4353", **look)

    # -- marks

    def arrows(self, flows: Mapping[str, bool]) -> None:
        """Show by a white arrowhead on each line that has room for one whether it is passed along or against."""
        for link, forward in flows.items():
            for stroke in self.strokes.get(link, ()):
                if stroke.width < 1.9 or stroke.path.length < 13 * self.scale:
                    continue
                a, b = (np.array(stroke.path.interpolate(f, normalized=True).coords[0]) for f in (0.3, 0.34))
                way = 1 if forward != stroke.turned else -1
                along = (b - a) / max(float(np.hypot(*(b - a))), 1e-9) * way
                size = min(2.6, 0.5 * stroke.width + 0.7) * self.scale
                across, back = np.array([-along[1], along[0]]) * size * 0.62, a - along * size * 0.6
                self.pen.polygon([a + along * size, back + across, back - across], "white", "none", 0, 4.6)

    def marks(self, marks: Sequence[Mark]) -> None:
        """Draw crosses and warnings first, then the badges where they find room on their lines."""
        signed = [(mark, self._signed(mark)) for mark in marks if mark.shape != "badge"]
        for mark, spots in signed:
            if spots and mark.text:
                self._badge_beside(mark, spots[0], 4.5 * self.scale * (0.75 if mark.node else 1.0) + 0.3)
        for mark in marks:
            if mark.shape == "badge":
                self._badge_on(mark)

    def _signed(self, mark: Mark) -> list[Any]:
        """Draw the sign of a mark on its links or its place and return where."""
        spots = [self.points[mark.node]] if mark.node in self.points else []
        paths = [self.drawn(link, mark.colour) for link in mark.links]
        spots += [p.interpolate(0.5, normalized=True).coords[0] for p in paths if p is not None]
        spots = [spot for spot in spots if self.within(spot)]
        fit = 0.75 if mark.node else 1.0
        for spot in spots:
            self.pen.sign(mark.shape, [spot], fit, 8)
            self.placer.block(*spot, 4.5 * self.scale * fit)
        return spots

    def _badge_half(self, text: str) -> tuple[float, float]:
        """Return half the room that a badge takes."""
        return self.pen.badge_width(text) / 2 + 0.6, 9.0 * self.scale / 2 + 0.6

    def _badge_beside(self, mark: Mark, spot: tuple[float, float], gap: float) -> None:
        """Draw a badge next to a spot, with a short line to it when it had to go farther out."""
        half = self._badge_half(mark.text)
        box = self.placer.around(*spot, 2 * half[0], 2 * half[1], gap)
        if box:
            at = _centre(box)
            if math.dist(at, spot) > gap + max(half) + 2:
                self.pen.ax.plot(*zip(spot, at, strict=True), color=mark.colour, lw=0.7 * self.scale, zorder=7.9)
            self.pen.badge(*at, mark.text, mark.colour)

    def _badge_on(self, mark: Mark) -> None:
        """Put a badge on its lines, up to `mark.most` times, spread out."""
        half = self._badge_half(mark.text)
        spots: list[tuple[float, float, float]] = []  # (cost, x, y): long lines first, in their middle
        for link in mark.links:
            path = self.drawn(link, mark.colour)
            for part in (0.5, 0.35, 0.65, 0.2, 0.8) if path is not None else ():
                x, y = path.interpolate(part, normalized=True).coords[0]
                spots.append((abs(part - 0.5) * 40 - min(self.lines[link].length, 80) * 0.5, x, y))
        placed: list[tuple[float, float]] = []
        for _ in range(mark.most):
            # after the first badge, far from the others
            near = {spot: min((math.dist(spot[1:], p) for p in placed), default=0.0) for spot in spots}
            for spot in sorted(near, key=lambda s: (s[0] - near[s], s)):
                _, x, y = spot
                box = (x - half[0], y - half[1], x + half[0], y + half[1])
                if (not placed or near[spot] > 75 * self.scale) and self.placer.free([box])[0]:
                    self.placer.boxes.append(box)
                    placed.append((x, y))
                    self.pen.badge(x, y, mark.text, mark.colour)
                    break
        if spots and not placed:  # no room on the line: beside it
            self._badge_beside(mark, min(spots)[1:], 3 * self.scale)

    # -- what frames the map

    def graticule(self) -> None:
        """Draw meridians and parallels on round degrees, with their values at the lower and the left edge."""
        west, south, east, north = self.outline
        span = max(east - west, north - south)
        if span > 120:  # so large a piece of the globe that lines would only confuse
            return
        step = next(s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if span / s <= 9 or s == 20)
        look: Look = {"color": "#9fb3bf", "lw": 0.35 * self.scale, "alpha": 0.55, "scalex": False, "scaley": False}
        for meridian in (True, False):
            (low, high), (a, b) = ((west, east), (south, north))[:: 1 if meridian else -1]
            for k in range(math.ceil(low / step), math.floor(high / step) + 1):
                along, fixed = np.linspace(a - 1, b + 1, 40), np.full(40, k * step)
                xy = self.paper(*((fixed, along) if meridian else (along, fixed)))
                for part in shapely.get_parts(shapely.intersection(shapely.linestrings(xy), self.box)):
                    if len(part.coords) > 1:
                        self.pen.ax.plot(*np.asarray(part.coords).T, zorder=2.2, **look)
                        self._degree(np.asarray(part.coords), k * step, meridian)

    def _degree(self, xy: Any, value: float, meridian: bool) -> None:
        sign = ("E" if value >= 0 else "W") if meridian else ("N" if value >= 0 else "S")
        x, y = xy[np.argmin(xy[:, 1] if meridian else xy[:, 0])]
        on_edge = y < 2 if meridian else x < 2
        room = 15 < (x if meridian else y) < (self.pen.width if meridian else self.pen.height) - 15
        s = self.scale
        dx, dy, left = (0.0, 5.0 * s, 8.0 * s) if meridian else (2.5 * s, 0.0, 0.0)
        box = (x + dx - left, y + dy - 2.5 * s, x + dx - left + 16 * s, y + dy + 2.5 * s)
        if on_edge and room and self.placer.free([box])[0]:
            self.placer.boxes.append(box)
            look: Look = {"halo": 1.2, "zorder": 2.6, "ha": "center" if meridian else "left"}
            self.pen.write(x + dx, y + dy, f"{abs(value):g}°{sign}", 4.8, "#6f8797", **look)

    def scale_bar(self) -> None:
        """Draw scale bar and north arrow in the emptiest corner of the map."""
        s, pen = self.scale, self.pen
        span = pen.width * self.unit
        length = next(m * 10.0**p for p in range(6, 0, -1) for m in (5, 2, 1) if m * 10.0**p <= span * 0.2)
        long = length / self.unit
        wide, tall = long + 34 * s, 26 * s
        corners = [
            (x, y, x + wide, y + tall)
            for x in (9 * s, pen.width - wide - 6 * s)
            for y in (11 * s, pen.height - tall - 6 * s)
        ]
        box = self.placer.best(corners) or corners[0]
        left, bottom = box[0] + 6 * s, box[1] + 5 * s
        for i in range(4):
            look: Look = {"fc": "white" if i % 2 else INK, "ec": INK, "lw": 0.5 * s, "zorder": 8}
            pen.ax.add_patch(Rectangle((left + i * long / 4, bottom), long / 4, 2.4 * s, **look))
        unit, word = (1000.0, "km") if length >= 1000 else (1.0, "m")
        for share, text in ((0.0, "0"), (0.5, f"{length / 2 / unit:g}"), (1.0, f"{length / unit:g} {word}")):
            pen.write(left + share * long, bottom + 6.5 * s, text, 5.2, halo=1.4, zorder=8)
        self._north(np.array([box[2] - 12 * s, box[1] + 9 * s]))

    def _north(self, foot: Any) -> None:
        """Draw an arrow from `foot` along the meridian there; in this projection north is not up."""
        lon, lat = self.degrees(*foot)
        ahead = self.paper(lon, lat + 0.05) - foot
        size = 11 * self.scale
        along = ahead / float(np.hypot(*ahead)) * size
        across = np.array([along[1], -along[0]])
        for way, face in ((1, INK), (-1, "white")):
            half = [foot + along, foot + across * way * 0.3 - along * 0.12, foot + along * 0.12]
            self.pen.polygon(half, face, INK, 0.5, 8)
        x, y = foot + along * 1.42
        self.pen.write(x, y, "N", 6.0, bold=True, halo=1.4, zorder=8)

    def frame(self, title: str, subtitle: str, notes: Sequence[str]) -> None:
        """Write title, subtitle and footer, and close the map's frame."""
        s, (wide, tall) = self.scale, self.page
        full = wide - 2 * self.edge
        _spines(self.pen.ax, INK, 0.8 * s)

        def line(y: float, text: str, size: float, colour: str, bold: bool = False) -> None:
            text = self.pen.cut(text, size, full, bold=bold)
            look: Look = {"color": colour, "weight": "bold" if bold else "normal", "ha": "left", "va": "center"}
            self.figure.text(self.edge / wide, y / tall, text, fontsize=size * s, parse_math=False, **look)

        title, size = plain(title, 300), 15.0
        while size > 9.5 and self.pen.measure(title, size, bold=True)[0] > full:
            size *= 0.96
        line(tall - self.edge - 7 * s, title, size, INK, True)
        for i, words in enumerate(self.pen.wrap(plain(subtitle, 400), 7.6, full)[:2]):
            line(tall - self.edge - (23 + 10 * i) * s, words, 7.6, SOFT)
        for i, text in enumerate(notes):
            line(self.edge / 2 * 0.6 + self.foot - (6 + 8.6 * i) * s, text, 5.8, SOFT)


def _spines(ax: Any, colour: str, width: float) -> None:
    for spine in ax.spines.values():
        spine.set_edgecolor(colour)
        spine.set_linewidth(width)
        spine.set_zorder(13)


@lru_cache(maxsize=4)
def _transformer(crs: str) -> Any:
    return pyproj.Transformer.from_crs(GEOGRAPHIC, crs, always_xy=True)


def _alignments(net: Network) -> Iterator[tuple[str, Any]]:
    """Yield the line of each link, its parts joined where they meet; straight where there is none."""
    frame, nodes = net.links, net.table("nodes")
    spot = dict(zip(nodes["node_id"].tolist(), nodes[["lon", "lat"]].to_numpy(float), strict=True))
    for link, shape, *ends in zip(frame.index, frame.geometry, frame["from_node"], frame["to_node"], strict=True):
        if shape is None or shape.is_empty:
            shape = shapely.linestrings([spot[n] for n in ends])
        parts = len(shapely.get_parts(shape)) > 1
        yield (
            str(link),
            shapely.line_merge(shapely.force_2d(shape), directed=True) if parts else shapely.force_2d(shape),
        )


# ---- the side panel


class Panel(Pen):
    """Writes legend and figures from the top of the side panel down to `floor`."""

    def __init__(self, ax: Any, scale: float, box: tuple[float, float]) -> None:
        super().__init__(ax, scale, box)
        self.y, self.floor, self.step = self.height, 0.0, 9.6 * scale

    @property
    def middle(self) -> float:
        """Height of the middle of the present row."""
        return self.y - self.step / 2

    def room(self, reserve: float = 0.0) -> int:
        """Return how many rows still fit above the floor when `reserve` rows are kept."""
        return max(0, int((self.y - self.floor) / self.step - reserve))

    def down(self, rows: float = 1.0) -> None:
        """Go down."""
        self.y -= rows * self.step

    def put(self, x: float, text: str, size: float = 6.4, colour: str = INK, **more: Any) -> None:
        """Write from `x` on, in the present row; `width` cuts and `lift` raises it, in rows."""
        width, lift = more.pop("width", self.width - x), more.pop("lift", 0.0)
        text = self.cut(text, size, width, bold=more.get("bold", False))
        self.write(x, self.middle - lift * self.step, text, size, colour, **{"ha": "left"} | more)

    def put_right(self, x: float, text: str, size: float = 6.4, colour: str = INK, **more: Any) -> None:
        """Write up to `x`, in the present row."""
        self.put(x, text, size, colour, **{"ha": "right", "width": self.width} | more)

    def heading(self, text: str) -> None:
        """Write a heading with a rule above."""
        if self.y < self.height:
            self.down(0.45)
            self.ax.plot([0, self.width], [self.y, self.y], color="#c9d1d6", lw=0.6 * self.scale)
            self.down(0.15)
        self.put(0, text, 7.2, bold=True)
        self.down(1.15)

    def figure(self, number: str, words: str) -> None:
        """Write a key figure: a large number and what it is."""
        self.put(0, number, 13.0, bold=True, lift=0.3)
        self.put(self.measure(number, 13.0, bold=True)[0] + 4 * self.scale, words, colour=SOFT, lift=0.48)
        self.down(1.75)

    def note(self, text: str) -> None:
        """Write wrapped small text."""
        for line in self.wrap(text, 5.7, self.width):
            self.put(0, line, 5.7, SOFT)
            self.down(0.82)

    def line(self, text: str, colour: str, width: float = 2.0, mode: str = "road", **more: Any) -> None:
        """Explain a line, drawn as on the map."""
        shape = shapely.linestrings([(1.5 * self.scale, self.middle), (27 * self.scale, self.middle)])
        self.ink([Stroke(shape, colour, width, mode, **more)])
        self.put(33 * self.scale, text)
        self.down()

    def explain(self, text: str, *signs: str) -> None:
        """Explain signs."""
        for i, kind in enumerate(signs):
            x = (14 + (i - (len(signs) - 1) / 2) * 11) * self.scale
            # the large ones would touch the next row
            self.sign(kind, [(x, self.middle)], 0.75 if SIGNS[kind][1] > 6 else 1.0)
        self.put(33 * self.scale, text)
        self.down()

    def tag(self, text: str, colour: str) -> float:
        """Draw a badge at the start of the present row and return where the next thing may start."""
        width = max(self.badge_width(text), 10 * self.scale)
        self.badge(width / 2, self.middle, text, colour)
        return width + 4 * self.scale

    def ranked(self, tag: str, colour: str, text: str, values: Sequence[tuple[float, str, bool]]) -> None:
        """Write a row: badge, words, and values that end at shares of the width, bold or not."""
        x = self.tag(tag, colour)
        self.put(x, text, 5.8, width=self.width * (0.8 if len(values) == 1 else 0.66) - x)
        for share, value, bold in values:
            self.put_right(self.width * share, value, 5.8, bold=bold)
        self.down()

    def listed(self, rows: Sequence[str], reserve: float, size: float, colour: str = INK) -> None:
        """Write rows, as many as fit above `reserve` rows, and how many do not."""
        fit = self.room(reserve)
        fit = fit if len(rows) <= fit else max(0, fit - 1)
        for text in rows[:fit]:
            self.put(0, text, size, colour)
            self.down()
        if len(rows) > fit:
            self.note(f"and {len(rows) - fit} more")

    def places(self) -> None:
        """Explain the signs of places."""
        self.explain("Sea port", "seaport")
        self.explain("Terminal; other place", "intermodal_terminal", "city")
        self.explain("Border crossing", "border_crossing")


# ---- the basemap


@lru_cache(maxsize=4)
def _layer(file: str, layer: str) -> Any:
    """Return a layer of the shipped geodata; read once, never changed."""
    return gpd.read_file(shipped("geodata") / file, layer=layer)


@lru_cache(maxsize=1)
def _names() -> tuple[dict[str, str], ...]:
    with (shipped("geodata") / "country_labels.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


INSET = (2_600_000.0, 1_400_000.0, 3_600_000.0, 3_650_000.0)
"""Corner, width and height of the inset in metres of ETRS89-LAEA."""


@lru_cache(maxsize=2)
def _europe(unit: float) -> list[Any]:
    """Return the countries of the inset, in points of `unit` metres from its corner."""

    def move(xy: Any) -> Any:
        east, north = _transformer("EPSG:3035").transform(xy[:, 0], xy[:, 1])
        return (np.stack([east, north], axis=1) - INSET[:2]) / unit

    shapes = _layer("europe_world_atlas_50m.gpkg", "countries").geometry.to_numpy()
    return [shapely.simplify(shapely.transform(shape, move), 0.25) for shape in shapes]


def _two_lines(name: str) -> str:
    """Break a long name in two."""
    blanks = [i for i, c in enumerate(name) if c == " "]
    if len(name) < 12 or not blanks:
        return name
    middle = min(blanks, key=lambda i: abs(i - len(name) / 2))
    return f"{name[:middle]}\n{name[middle + 1 :]}"


class Basemap:
    """Countries, sea and their names, as far as the shipped files reach."""

    def __init__(self, sheet: Sheet, states: set[str]) -> None:
        self.sheet, self.pen, self.states = sheet, sheet.pen, states
        self.shapes: list[tuple[str, Any]] = []
        self.edges: list[Any] = []
        if sheet.european:
            self._read()

    @property
    def covers(self) -> bool:
        """Whether any land is in view."""
        return bool(self.shapes)

    @property
    def kosovo(self) -> bool:
        """Whether Kosovo is in view."""
        return any(code == "XK" and shapely.intersects(shape, self.sheet.box) for code, shape in self.shapes)

    def _read(self) -> None:
        """Read the fine file where it reaches, the coarse one around it, and project both."""
        west, south, east, north = self.sheet.outline
        view = shapely.box(west - 0.3, south - 0.3, east + 0.3, north + 0.3)
        code = {r["iso_n3"]: r["code"] for r in _names() if r["kind"] == "country" and r["iso_n3"]}
        fine = _layer("borders_world_atlas_10m.gpkg", "countries")
        coarse = _layer("europe_world_atlas_50m.gpkg", "countries")
        inner = shapely.box(*fine.total_bounds)
        borders = _layer("borders_world_atlas_10m.gpkg", "land_borders").geometry.to_numpy()
        edges = []
        for frame in (fine,) if inner.contains(view) else (fine, coarse):
            for number, name, shape in zip(frame["id"], frame["name"], frame.geometry.to_numpy(), strict=True):
                shape = shapely.intersection(shape, view)
                if frame is coarse:
                    seen = shapely.intersection(shapely.boundary(shape), view.buffer(-0.1))
                    edges.append(shapely.difference(seen, inner))
                    shape = shapely.difference(shape, inner)
                if not shape.is_empty:
                    key = "XK" if name == "Kosovo" else code.get(str(number), str(name))
                    self.shapes.append((key, self._project(shape)))
        edges += [shapely.intersection(b, view) for b in borders]
        self.edges = [self._project(e) for e in edges if not e.is_empty]

    def _project(self, shape: Any) -> Any:
        """Project a shape and leave out detail that is finer than the printed line."""
        return shapely.simplify(self.sheet.project(shapely.segmentize(shape, 0.5)), 0.18)

    def draw(self) -> None:
        """Fill sea and land, the states in question white."""
        pen = self.pen
        if not self.covers:
            pen.ax.set_facecolor("#f6f5f1")
            return
        pen.ax.set_facecolor(SEA)
        rough = [shapely.simplify(shape, 1.2) for _, shape in self.shapes]
        for width, tone in ((9.0, "#d1e3ec"), (5.0, "#c8dde8"), (2.0, "#bcd5e1")):
            pen.fill(rough, tone, tone, width, 0.5)
        pen.fill([shape for _, shape in self.shapes], COAST, COAST, 0.9, 0.6)
        for tone, inside in ((LAND, False), (FOCUS, True)):
            chosen = [shape for code, shape in self.shapes if (code in self.states) == inside]
            pen.fill(chosen, tone, tone, 0.25, 0.7)
        parts = [p for e in self.edges for p in shapely.get_parts(e) if p.geom_type == "LineString"]
        lines = [np.asarray(p.coords) for p in parts]
        look: Look = {"colors": [BORDER_LINE], "linewidths": [0.6 * pen.scale], "zorder": 2.0}
        pen.ax.add_collection(LineCollection(lines, **look), autolim=False)

    def capitals(self, nodes: Iterable[str]) -> set[str]:
        """Return the places that are capitals: for each the nearest one within 15 km."""
        points = {n: self.sheet.points[n] for n in nodes}
        out = set()
        for row in _names():
            if row["kind"] == "capital" and points:
                spot = self.sheet.paper(float(row["lon"]), float(row["lat"]))
                far, node = min((math.dist(spot, p), n) for n, p in points.items())
                if far * self.sheet.unit < 15_000:
                    out.add(node)
        return out

    def names(self) -> None:
        """Write the names of countries and seas, moved aside where something is in the way."""
        if not self.covers:
            return
        for _, shape in self.shapes:
            shapely.prepare(shape)
        for row in sorted(_names(), key=lambda r: (r["code"] != "XK", r["code"] not in self.states)):
            spot = self._spot(row) if row["kind"] != "capital" else None
            if spot is None:
                continue
            land, angle = row["kind"] == "country", float(row["angle"] or 0)
            text = _two_lines(row["name"].upper()) if land else row["name"]
            around = (FOCUS if row["code"] in self.states else LAND) if land else SEA
            look: Look = {"italic": not land, "rotation": angle, "zorder": 9.5, "halo": 1.6, "around": around}
            for size in (6.2, 5.2) if land else (7.6,):
                box = self._room(text, spot, size, angle, row["code"])
                if box:
                    colour = "#857c70" if land else SEA_INK
                    self.pen.write(*_centre(box), text, size, colour, gid=f"area-{row['name']}", **look)
                    break

    def _spot(self, row: Mapping[str, str]) -> tuple[float, float] | None:
        """Return where a name goes: its place by hand, else inside what is in view of the country."""
        x, y = self.sheet.paper(float(row["lon"]), float(row["lat"]))
        if self.sheet.within((x, y)):
            return float(x), float(y)
        own = [shape for key, shape in self.shapes if row["code"] and key == row["code"]]
        seen = [shapely.intersection(shape, self.sheet.box) for shape in own]
        largest = max(seen, key=lambda s: float(s.area), default=None)
        if largest is None or largest.area < self.sheet.box.area * (0.002 if row["code"] == "XK" else 0.03):
            return None
        point = shapely.point_on_surface(largest)
        return float(point.x), float(point.y)

    def _room(self, text: str, spot: Any, size: float, angle: float, code: str) -> Box | None:
        """Return the free box nearest to a spot that covers few lines and stays in its country or in the sea.

        Kosovo, named in the footnote, takes any free box inside.
        """
        lines = [self.pen.measure(line, size, italic=not code) for line in text.split("\n")]
        width, height = max(w for w, _ in lines), 1.1 * sum(h for _, h in lines)
        turn = math.radians(abs(angle))
        wide = width * math.cos(turn) + height * math.sin(turn)
        tall = width * math.sin(turn) + height * math.cos(turn)
        reach = np.arange(-8, 9)
        moves = np.stack(np.meshgrid(reach, reach), axis=-1).reshape(-1, 2)
        moves = moves[np.lexsort((moves[:, 1], moves[:, 0], np.hypot(moves[:, 0], moves[:, 1])))]
        centres = np.array(spot) + moves * 6 * self.pen.scale
        kept = centres[self._home(centres, wide, tall, code)].tolist()
        boxes = [(x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2) for x, y in kept]
        return self.sheet.placer.best(boxes, math.inf if code == "XK" else 9.0, 0.06)

    def _home(self, centres: Any, wide: float, tall: float, code: str) -> Any:
        """Return which names lie where they belong: most of it in its country, none of a sea's on land."""
        at = centres[:, None, :] + np.array([(fx * wide, fy * tall) for fx in (-0.46, 0, 0.46) for fy in (-0.35, 0.35)])
        inside = np.zeros(at.shape[:2], int)
        for key, shape in self.shapes:
            if not code or key == code:
                inside += shapely.contains_xy(shape, at[..., 0], at[..., 1])
        return inside.sum(axis=1) >= 5 if code else inside.sum(axis=1) == 0

    def inset(self) -> None:
        """Draw where the map lies in Europe at the foot of the side panel, and raise the panel's floor."""
        if not self.covers:
            return
        sheet, s = self.sheet, self.sheet.scale
        unit, tall = INSET[3] / (84 * s), 84 * s
        wide = min(sheet.panel.width, INSET[2] / unit)
        (left, bottom), (width, height) = sheet.panel.ax.get_position().p0, sheet.page
        pen = Pen(sheet.figure.add_axes((left, bottom, wide / width, tall / height)), s, (wide, tall))
        pen.ax.set_facecolor(SEA)
        pen.fill(_europe(unit), LAND, "#b9b3a9", 0.3)
        a, b = (sheet.corner - INSET[:2]) / unit
        c, d = self.pen.width * sheet.unit / unit, self.pen.height * sheet.unit / unit
        pen.ax.add_patch(Rectangle((a, b), c, d, fc="#D55E00", alpha=0.18, ec="none", zorder=14))
        pen.ax.add_patch(Rectangle((a, b), c, d, fc="none", ec="#B34700", lw=1.1 * s, zorder=15))
        _spines(pen.ax, SOFT, 0.6 * s)
        sheet.panel.floor = float(tall + 6 * s)
