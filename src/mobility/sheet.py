"""The sheet: a page with a map, a side panel and a footer, and what is placed on the map.

The sheet turns degrees into points on paper once, so the same rules draw a town and a continent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pyproj
import shapely
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Rectangle

from mobility import course
from mobility.errors import InputError
from mobility.network import GEOGRAPHIC, Network
from mobility.panel import Panel
from mobility.pen import FAINT, INK, PAGES, PT_PER_MM, SEA_INK, SIGNS, SOFT, WATER, Look, MapFigure, Pen, Stroke, plain
from mobility.placer import Label, Placer, centre


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


SCHEMATIC = ("schematic", "straight")
"""Lines that do not show where a link runs."""

EDGE, SIDE, HEAD, FOOT = 8.0, 66.0, 17.0, 12.0
"""Margin of the page, width of the side panel, height of title and of footer, in millimetres; all but the margin grow
with the page."""

GAP, BRIEF = 3.0, 6.0
"""Between maps on one page, and height of the words above each of several, in millimetres."""

BIG, MIDDLE = 100.0, 40.0
"""From these wishes on a place is named in bold and before the countries are, and in larger letters."""


class Sheet:
    """A page with a map, a side panel and a footer.

    Parameters
    ----------
    net : Network
    focus : set of str
        Links that the map must show; all when empty.
    ends : sequence of str
        Places that the map must show.
    whole : bool
        Whether lines on water widen the frame as well; else they leave it and say where they lead.
    size : {"A4", "A3"}
    dpi : int
    grid : (int, int, int)
        Columns and rows of maps on the page, and which of them this is, from the upper left.
    onto : Sheet, optional
        The first map of the page, whose figure and panel the others share.

    Attributes
    ----------
    pen, panel : Pen, Panel
        Of the map and of the side panel.
    lines : dict of str to geometry
        Links that have a length on the map, in points.
    how : dict of str to str
        How the line of each link is known; see :attr:`mobility.network.Network.links`.
    strokes : dict of str to list of Stroke
        What is drawn of each link.
    points : dict of str to (float, float)
        Places, in points.
    """

    def __init__(
        self,
        net: Network,
        focus: set[str],
        ends: Sequence[str],
        size: str,
        dpi: int,
        whole: bool = False,
        *,
        grid: tuple[int, int, int] = (1, 1, 0),
        onto: Sheet | None = None,
    ) -> None:
        width, height, self.scale = PAGES[size]
        self.page = (width * PT_PER_MM, height * PT_PER_MM)
        self.edge, self.foot = EDGE * PT_PER_MM, FOOT * self.scale * PT_PER_MM
        room = map_room(size)

        def axes(x: float, y: float, wide: float, tall: float) -> Any:
            return self.figure.add_axes((x / width, y / height, wide / width, tall / height))

        self.panel: Panel
        if onto is None:
            self.figure = MapFigure(figsize=(width / 25.4, height / 25.4), dpi=dpi, facecolor="white")
            FigureCanvasAgg(self.figure)
        else:
            self.figure, self.panel = onto.figure, onto.panel
        frame = cell(room, self.scale, *grid)
        self.pen = Pen(axes(*frame), self.scale, (frame[2] * PT_PER_MM, frame[3] * PT_PER_MM))
        if onto is None:
            side = SIDE * self.scale
            beside = axes(width - EDGE - side, room[1], side, room[3])
            self.panel = Panel(beside, self.scale, (side * PT_PER_MM, room[3] * PT_PER_MM))
            beside.axis("off")
        self.placer = Placer(self.pen.width, self.pen.height)
        self.box = shapely.box(0, 0, self.pen.width, self.pen.height)
        self.strokes: dict[str, list[Stroke]] = {}
        self.shows: dict[str, list[tuple[Any, str]]] = {}
        self._asked: dict[str, list[Look]] = {}
        self._fit(net, focus, set(ends), whole)

    def _fit(self, net: Network, focus: set[str], ends: set[str], whole: bool) -> None:
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
        self._forward = transformer("EPSG:3035" if self.european else laea)
        frame = net.links
        self.corner, self.unit = np.zeros(2), 1.0
        known = zip(frame.index, frame.geometry, frame["alignment"], frame["mode"], strict=True)
        drawn = {str(k): (self.project(_joined(line)), how, mode) for k, line, how, mode in known if line.length > 0}
        self.how = {k: how for k, (_, how, _) in drawn.items()}
        self.mixed = any(how not in SCHEMATIC for _, how, mode in drawn.values() if mode not in WATER)
        lines = {k: line for k, (line, _, _) in drawn.items()}
        asked = [k for k in lines if not focus or k in focus]
        land = [k for k in asked if whole or drawn[k][2] not in WATER]
        shown = [lines[k] for k in land or asked]
        spots = self.paper(lon, lat)
        shown += [shapely.Point(xy) for n, xy in zip(nodes["node_id"], spots, strict=True) if n in ends or not shown]
        x0, y0, x1, y1 = shapely.total_bounds(np.array(shown or [shapely.MultiPoint(spots)], object))
        # room for labels at the edge; a single short link still shows its surroundings
        self.unit = float(max((x1 - x0) / (wide * 0.9), (y1 - y0) / (tall * 0.88), 40_000 / wide))
        self.corner = np.array([(x0 + x1 - wide * self.unit) / 2, (y0 + y1 - tall * self.unit) / 2])
        self.lines = {k: self._fine(line) for k, line in lines.items()}
        self.points: dict[str, tuple[float, float]] = {
            str(n): (float(x), float(y)) for n, (x, y) in zip(nodes["node_id"], self.paper(lon, lat), strict=True)
        }
        self.ends = {
            str(k): (str(a), str(b)) for k, a, b in zip(frame.index, frame["from_node"], frame["to_node"], strict=True)
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

    def stroke(
        self,
        link: str,
        colour: str,
        width: float,
        mode: str,
        *,
        shift: float = 0.0,
        shows: tuple[Any, str] = (None, ""),
        **more: Any,
    ) -> None:
        """Ask for a line of a link, shifted by points on A4; nothing for a link without a length.

        Parameters
        ----------
        shows : tuple of (value, str)
            The value that the line stands for and the class it falls in, for the table beside the picture.
        """
        if link in self.lines:
            more |= {"colour": colour, "width": width, "mode": mode, "shift": shift * self.scale}
            self._asked.setdefault(link, []).append(more)
            self.shows.setdefault(link, []).append(shows)

    def ink(self) -> None:
        """Lay the lines asked for side by side, draw them, and keep names away from them."""
        turned = {link: not course.eastward(self.lines[link]) for link in self._asked}
        beds = {link: self._bed(link, asked, turned[link]) for link, asked in self._asked.items()}
        laid = course.separate(beds, 1.0 * self.scale)
        for link, asked in self._asked.items():
            dotted: Look = {"dotted": self.mixed and self.how[link] in SCHEMATIC}
            self.strokes[link] = [Stroke(laid[link], **dotted | look) for look in asked]
        self.turned = turned
        strokes = [s for made in self.strokes.values() for s in made]
        self.pen.ink(strokes)
        for stroke in strokes:
            for path in stroke.paths:
                dense = shapely.get_coordinates(shapely.segmentize(shapely.linestrings(path), 4))
                self.placer.shun(dense, 0.12 if stroke.colour == FAINT else 0.25 if stroke.width < 1.0 else 0.5)

    def _bed(self, link: str, asked: Sequence[Look], turned: bool) -> course.Bed:
        """Return the line of a link at the scale of the page and the room its strokes take."""
        line = shapely.reverse(self.lines[link]) if turned else self.lines[link]
        parts = [course.smooth(np.asarray(p.coords), 1.1 * self.scale) for p in shapely.get_parts(line)]
        # what is only in the background gives way to nothing and nothing to it
        side = 0 if asked[0]["colour"] == FAINT else {"rail": 1, "road": -1}.get(asked[0]["mode"], 0)
        half = max(abs(look["shift"]) + look["width"] * self.scale / 2 for look in asked)
        return course.Bed(parts, side, half + 0.6 * self.scale * (side > 0))

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
        seen = [p for p in places if p.wish and self.within(self.points[p.node])]
        chosen = sorted(seen, key=lambda p: (-p.wish, p.node))
        labels, looks = [], []
        for p in chosen[:220]:
            big, middle = p.wish >= BIG, p.wish >= MIDDLE
            size = 7.0 if big else 5.9 if middle else 5.3
            width, height = self.pen.measure(p.name, size, bold=big)
            gap = (SIGNS[p.sign][1] / 2 + 1.1) * self.scale
            limit = math.inf if big else 10.0 if middle else 7.0
            labels.append(Label(*self.points[p.node], width + 1, height + 0.5, gap, limit))
            looks.append((p, size, INK if middle else "#2f4353", big))
        for box, (p, size, colour, big) in zip(self.placer.settle(labels), looks, strict=True):
            if box:
                look: Look = {"bold": big, "halo": 1.8, "zorder": 10, "gid": f"label-{p.node}"}
                self.pen.write(*centre(box), p.name, size, colour, **look)

    def exits(self, name: Mapping[str, str]) -> None:
        """Say at the edge of the frame where lines on water lead that leave it.

        Parameters
        ----------
        name : mapping of str to str
            Of places by node.
        """
        leaving: dict[tuple[float, float], set[str]] = {}
        rim = self.box.exterior
        for link, made in self.strokes.items():
            if made[0].mode not in WATER or made[0].colour == FAINT or shapely.within(self.lines[link], self.box):
                continue
            line = self.lines[link]
            for spot in shapely.get_parts(shapely.intersection(line, rim)):
                if spot.is_empty:
                    continue
                at, xy = line.project(shapely.Point(spot.coords[0])), spot.coords[0]
                ahead = line.interpolate(min(at + 3, line.length))
                outward = not self.within((ahead.x, ahead.y))
                near = min(leaving, key=lambda o: math.dist(o, xy), default=None)
                key = near if near and math.dist(near, xy) < 60 * self.scale else (float(xy[0]), float(xy[1]))
                leaving.setdefault(key, set()).add(name[self.ends[link][outward]])
        for (x, y), where in sorted(leaving.items()):
            text = f"to {', '.join(sorted(where)[:3])}{' …' if len(where) > 3 else ''}"
            width, height = self.pen.measure(text, 5.4, italic=True)
            inward = self._inward(x, y, width, height)
            boxes = [(a - width / 2, b - height / 2, a + width / 2, b + height / 2) for a, b in inward]
            box = self.placer.best(boxes, later=1.0)
            if box:
                self.pen.write(*centre(box), text, 5.4, SEA_INK, italic=True, halo=1.6, zorder=10, gid=f"exit-{text}")

    def _inward(self, x: float, y: float, width: float, height: float) -> Iterator[tuple[float, float]]:
        """Yield middles for a text near a point on the rim, from the nearest on."""
        for far in (0.0, 10.0, 20.0, 32.0):
            for aside in (0.0, 12.0, -12.0, 26.0, -26.0, 45.0, -45.0):
                a, b = (x, y + aside) if x < 1 or x > self.pen.width - 1 else (x + aside, y)
                half = width / 2 + 3 + far * (x < 1 or x > self.pen.width - 1)
                tall = height / 2 + 3 + far * (y < 1 or y > self.pen.height - 1)
                yield min(max(a, half), self.pen.width - half), min(max(b, tall), self.pen.height - tall)

    # -- marks

    def arrows(self, flows: Mapping[str, bool]) -> None:
        """Show by a white arrowhead on each line that has room for one whether it is passed along or against."""
        for link, forward in flows.items():
            for stroke in self.strokes.get(link, ()):
                if stroke.width < 1.9 or stroke.path.length < 13 * self.scale:
                    continue
                a, b = (np.array(stroke.path.interpolate(f, normalized=True).coords[0]) for f in (0.3, 0.34))
                way = 1 if forward != self.turned[link] else -1
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
        box = self.placer.around(Label(*spot, 2 * half[0], 2 * half[1], gap))
        if box:
            at = centre(box)
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
            look: Look = {"halo": 1.4, "zorder": 8, "ha": "center" if meridian else "left"}
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

    def brief(self, name: str, words: str) -> None:
        """Write above the map what it shows, where there are several on a page."""
        y, full = self.pen.height + BRIEF * self.scale * PT_PER_MM * 0.42, self.pen.width
        name = self.pen.cut(plain(name, 200), 8.0, full, bold=True)
        left = self.pen.measure(name, 8.0, bold=True)[0] + 5 * self.scale
        self.pen.write(0, y, name, 8.0, bold=True, ha="left")
        self.pen.write(left, y, self.pen.cut(words, 7.2, max(0.0, full - left)), 7.2, SOFT, ha="left")

    def frame(self, title: str, subtitle: str, notes: Sequence[str]) -> None:
        """Write title, subtitle and footer, and close the map's frame."""
        s, (wide, tall) = self.scale, self.page
        full = wide - 2 * self.edge
        spines(self.pen.ax, INK, 0.8 * s)

        def line(y: float, text: str, size: float, colour: str, bold: bool = False) -> None:
            text = self.pen.cut(text, size, full, bold=bold)
            look: Look = {"color": colour, "weight": "bold" if bold else "normal", "ha": "left", "va": "center"}
            self.figure.text(self.edge / wide, y / tall, text, fontsize=size * s, parse_math=False, **look)

        title, size = plain(title, 300), 15.0
        while size > 9.5 and self.pen.measure(title, size, bold=True)[0] > full:
            size *= 0.96
        top = tall - 0.62 * self.edge
        line(top - 7 * s, title, size, INK, True)
        for i, words in enumerate(self.pen.wrap(plain(subtitle, 400), 7.6, full)[:2]):
            line(top - (21.5 + 9.6 * i) * s, words, 7.6, SOFT)
        for i, text in enumerate(notes):
            line(self.edge / 2 * 0.6 + self.foot - (6 + 8.6 * i) * s, text, 5.8, SOFT)


def map_room(size: str) -> tuple[float, float, float, float]:
    """Return corner, width and height of what the page leaves to maps, in millimetres."""
    width, height, scale = PAGES[size]
    foot = FOOT * scale
    return EDGE, EDGE / 2 + foot, width - 2 * EDGE - SIDE * scale - 4, height - EDGE - foot - HEAD * scale


def cell(
    room: tuple[float, float, float, float], scale: float, columns: int, rows: int, at: int
) -> tuple[float, float, float, float]:
    """Return corner, width and height of one of several maps, in millimetres."""
    x, y, wide, tall = room
    if columns * rows == 1:
        return room
    one_wide, one_tall = (wide - GAP * (columns - 1)) / columns, (tall - GAP * (rows - 1)) / rows
    row, column = divmod(at, columns)
    return (
        x + column * (one_wide + GAP),
        y + tall - one_tall - row * (one_tall + GAP),
        one_wide,
        one_tall - BRIEF * scale,
    )


def best_grid(count: int, wide: float, tall: float, size: str) -> tuple[int, int]:
    """Return columns and rows in which so many maps of these proportions become largest.

    >>> best_grid(2, 100, 100, "A4"), best_grid(2, 300, 100, "A4"), best_grid(6, 100, 100, "A3")
    ((2, 1), (1, 2), (3, 2))
    """
    room, scale = map_room(size), PAGES[size][2]

    def large(grid: tuple[int, int]) -> float:
        _, _, w, h = cell(room, scale, *grid, 0)
        return min(w / max(wide, 1e-9), h / max(tall, 1e-9))

    return max(((c, -(-count // c)) for c in range(1, count + 1)), key=large)


def spines(ax: Any, colour: str, width: float) -> None:
    """Draw the frame of axes."""
    for spine in ax.spines.values():
        spine.set_edgecolor(colour)
        spine.set_linewidth(width)
        spine.set_zorder(13)


@lru_cache(maxsize=4)
def transformer(crs: str) -> Any:
    """Return what turns degrees into metres of a projection."""
    return pyproj.Transformer.from_crs(GEOGRAPHIC, crs, always_xy=True)


def _joined(line: Any) -> Any:
    """Return a line without heights, its parts joined where they meet."""
    flat = shapely.force_2d(line)
    return shapely.line_merge(flat, directed=True) if len(shapely.get_parts(flat)) > 1 else flat
