"""Static maps of networks and answers: one sheet with a map, a side panel and a footer; PNG, SVG or PDF.

Everything is measured in points on paper and turned into metres of the projection by the sheet's scale,
so the same rules draw a town and a continent.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from matplotlib import colormaps, ft2font, rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.patches import FancyBboxPatch, Polygon, Rectangle

from mobility.contingency import Contingency, Outage
from mobility.errors import InputError, shorten
from mobility.flows import Throughput
from mobility.network import GEOGRAPHIC, Network, shipped
from mobility.paths import Answer, Redundancy, Route, Routes

Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in points from the lower left corner of the map."""

Size = Literal["A4", "A3"]
PAGES: Mapping[str, tuple[float, float, float]] = {"A4": (297, 210, 1.0), "A3": (420, 297, 1.25)}
"""Width and height in millimetres, and how much larger than on A4 letters and lines are."""

SUFFIXES = (".png", ".svg", ".pdf")
PT_PER_MM = 72 / 25.4

PALETTE: Mapping[str, str] = {"Vc": "#0072B2", "VIII": "#D55E00", "X": "#117733", "R10": "#AA4499"}
RANKS = ("#0B4F8A", "#D55E00", "#117733", "#AA4499", "#B8860B", "#3A9BC1", "#7A1F3D", "#4D4D4D")
OTHER, FAINT, SHUT, RED, INK, SOFT = "#8a8f94", "#b4b9bd", "#7d8287", "#C1121F", "#12304a", "#55636f"
LAND, FOCUS, SEA, COAST, BORDER_LINE = "#eeebe3", "#fffefb", "#d9e8f0", "#9db8c6", "#8f8a84"
SEA_INK = "#5f8fa8"

OPEN, BUILDING, HOLLOW, CLOSED = "operational", "under_construction", ("planned", "missing"), "closed"
ROAD_CLASSES, RAIL_CLASSES = (160.0, 330.0), (15.0, 40.0)
"""Where the three capacity classes part: vehicles an hour, trains a day."""
WIDTHS = (1.2, 2.0, 3.0)

CAVEAT = "Screening on public data: no figure is a bridge rating, a route clearance or a train path."
KOSOVO = (
    "* This designation is without prejudice to positions on status, and is in line with UNSCR 1244 "
    "and the ICJ opinion on the Kosovo declaration of independence."
)
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


# ---- the public part


def plot(
    answer: Network | Answer,
    *,
    path: str | Path | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    size: Size = "A4",
    dpi: int = 200,
    overwrite: bool = False,
) -> Figure:
    """Draw a network or an answer on a map.

    Parameters
    ----------
    answer : Network, Routes, Redundancy, Throughput or Contingency
    path : str or Path, optional
        File to write; its suffix (.png, .svg, .pdf) decides the kind. ``NAME.caption.txt`` beside it gets a
        caption and the alternative text.
    title, subtitle : str, optional
        Instead of the ones that say what was asked and found.
    size : {"A4", "A3"}
        Landscape.
    dpi : int
        Dots per inch of PNG.
    overwrite : bool
        Whether a file that exists may be replaced.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot, so there is nothing to close.

    Raises
    ------
    InputError
        For an unknown suffix or size, a file that exists, or nothing to draw.
    """
    target = None if path is None else _target(Path(path), overwrite)
    if size not in PAGES:
        raise InputError(f"size is {size!r}; {' or '.join(PAGES)} is what can be asked")
    if not 20 <= dpi <= 1200:
        raise InputError(f"dpi is {dpi}; 20 to 1200 is what can be asked")
    with rc_context(SETTINGS):
        view = _view(answer)
        sheet = Sheet(view.net, view.focus(), size, dpi)
        _draw(sheet, view, title or view.title, subtitle or view.subtitle)
        if target is not None:
            _save(sheet.figure, target, answer, title or view.title)
    return sheet.figure


def caption(answer: Network | Answer) -> str:
    """Return a caption: what is shown, what was found, and what it rests on."""
    view = _view(answer)
    return f"{view.title}. {view.subtitle}. {view.basis} {_data_line(view.net)}. {CAVEAT}"


def alt_text(answer: Network | Answer) -> str:
    """Return the text that stands for the map where it cannot be seen: kind, question and key figures."""
    view = _view(answer)
    return " ".join([f"Map: {view.title}.", f"{view.subtitle}.", *view.facts])


# ---- files


def _target(path: Path, overwrite: bool) -> Path:
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"a map is written as {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}, not {path.name!r}"
        )
    for file in (path, _caption_file(path)):
        if file.exists() and not overwrite:
            raise InputError(f"{file} exists; choose another name or allow overwriting")
    return path


def _caption_file(path: Path) -> Path:
    return path.with_name(f"{path.stem}.caption.txt")


def _save(figure: Figure, target: Path, answer: Network | Answer, title: str) -> None:
    """Write the picture and its text beside their places, then put both there."""
    kind = target.suffix.lower()[1:]
    text = alt_text(answer)
    # no date and no program version: the same answer is the same file
    metadata: dict[str, Any] = {
        "png": {"Title": title, "Description": text, "Software": None},
        "svg": {"Title": title, "Description": text, "Date": None, "Creator": "mobility"},
        "pdf": {
            "Title": title,
            "Subject": text,
            "CreationDate": None,
            "Creator": "mobility",
            "Producer": None,
        },
    }[kind]
    target.parent.mkdir(parents=True, exist_ok=True)
    picture = target.with_name(f".{target.name}.{os.getpid()}")
    words = target.with_name(f".{target.name}.{os.getpid()}.txt")
    try:
        figure.savefig(picture, format=kind, dpi=figure.dpi, metadata=metadata)
        words.write_text(f"Caption\n{caption(answer)}\n\nAlternative text\n{text}\n", encoding="utf-8")
        os.replace(picture, target)
        os.replace(words, _caption_file(target))
    finally:
        picture.unlink(missing_ok=True)
        words.unlink(missing_ok=True)


# ---- words


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    return frozenset(ft2font.FT2Font(findfont("DejaVu Sans")).get_charmap())


def plain(text: str, width: int = 48) -> str:
    """Return text on one line that the bundled font can write; other letters become a box."""
    known = _glyphs()
    return shorten("".join(c if ord(c) in known else "□" for c in " ".join(text.split())), width)


def _place(net: Network, node: str) -> str:
    return plain(net.name(node).partition("(")[0].strip() or node, 40)


def _listed(words: Sequence[str], most: int = 4) -> str:
    """Return "a, b and c"."""
    kept = list(words[:most]) + ([f"{len(words) - most} more"] if len(words) > most else [])
    return " and ".join(filter(None, [", ".join(kept[:-1]), kept[-1]])) if kept else "nowhere"


def _count(number: int, word: str) -> str:
    plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{number:,} {word if number == 1 else plural}"


def _link_name(net: Network, link: str) -> str:
    row = net.table("links").iloc[net.link_index[link]]
    ends = [_place(net, str(n)).partition("–")[0] for n in (row["from_node"], row["to_node"])]
    return "–".join(ends)


def _item_name(net: Network, item: str) -> str:
    """Return words for a member of a cut: a link, ``terminal:NODE`` or ``border:NODE``."""
    kind, colon, node = item.partition(":")
    if colon and node in net.node_index:
        return f"{kind} {_place(net, node)}"
    return f"{plain(item, 14)} {_link_name(net, item)}" if item in net.link_index else plain(item)


def _asked(answer: Answer) -> tuple[list[str], list[str], str, str]:
    """Return origins, destinations, "A and B to C" and the conditions of a question in words."""
    asked = answer.question
    known = answer.net.node_index
    origins = [str(n) for n in asked.get("from", ()) if n in known]
    destinations = [str(n) for n in asked.get("to", ()) if n in known]
    relation = " to ".join(_listed([_place(answer.net, n) for n in side]) for side in (origins, destinations))
    terms = [f"vehicle {plain(str(asked.get('vehicle', 'any')), 30)}"]
    if asked.get("year"):
        terms.append(f"network of {asked['year']}")
    if float(asked.get("share", 1.0)) < 1:
        terms.append(f"{float(asked['share']):.0%} of capacity for the military")
    for key, words in (("close", "closed"), ("avoid", "avoided")):
        if asked.get(key):
            terms.append(f"{words}: {_listed([plain(str(x), 20) for x in asked[key]], 3)}")
    return origins, destinations, relation, ", ".join(terms)


def _data_line(net: Network) -> str:
    dates = [str(d) for d in net.table("sources")["date"].tolist()] if "sources" in net.tables else []
    newest = max((d for d in dates if re.fullmatch(r"\d{4}-\d\d-\d\d", d)), default="")
    year = f", network as of the start of {net.year}" if net.year else ""
    return f"Network data {net.data_hash[:8]}" + (f", sources up to {newest}" if newest else "") + year


# ---- the sheet


class Sheet:
    """A page with a map, a side panel and a footer; knows its scale and measures text.

    Parameters
    ----------
    net : Network
    focus : set of str
        Links that the map must show; all when empty.
    size : str
    dpi : int
    """

    def __init__(self, net: Network, focus: set[str], size: str, dpi: int) -> None:
        width, height, self.scale = PAGES[size]
        self.figure = MapFigure(figsize=(width / 25.4, height / 25.4), dpi=dpi, facecolor="white")
        self.canvas = FigureCanvasAgg(self.figure)
        edge, side, head, foot = 8.0, 66.0 * self.scale, 17.0 * self.scale, 12.0 * self.scale
        self.page = (width * PT_PER_MM, height * PT_PER_MM)
        self.edge, self.foot = edge * PT_PER_MM, foot * PT_PER_MM
        frame = (edge, edge / 2 + foot, width - 2 * edge - side - 4, height - edge - foot - head)
        panel = (width - edge - side, frame[1], side, frame[3])
        self.ax, self.side = (
            self.figure.add_axes((x / width, y / height, w / width, h / height))
            for x, y, w, h in (frame, panel)
        )
        self.width, self.height = frame[2] * PT_PER_MM, frame[3] * PT_PER_MM
        self.side_width, self.side_height = side * PT_PER_MM, panel[3] * PT_PER_MM
        self.crs = _projection(net)
        self.forward = pyproj.Transformer.from_crs(GEOGRAPHIC, self.crs, always_xy=True)
        self.lines = _projected_lines(net, self.crs)
        nodes = net.table("nodes")
        xs, ys = self.forward.transform(nodes["lon"].to_numpy(float), nodes["lat"].to_numpy(float))
        self.points: dict[str, tuple[float, float]] = {
            n: (float(x), float(y)) for n, x, y in zip(nodes["node_id"].tolist(), xs, ys, strict=True)
        }
        self._fit([self.lines[k] for k in self.lines if not focus or k in focus])
        for ax, box in (
            (self.ax, (*self.corner, *self.far)),
            (self.side, (0, 0, self.side_width, self.side_height)),
        ):
            ax.set_xlim(box[0], box[2])
            ax.set_ylim(box[1], box[3])
            ax.set_xticks([])
            ax.set_yticks([])
        self.side.axis("off")

    def _fit(self, shown: list[Any]) -> None:
        """Set the extent: what is shown with a margin, grown to the frame's proportions."""
        if shown:
            x0, y0, x1, y1 = shapely.total_bounds(np.array(shown, object)).tolist()
        elif self.points:
            (x0, y0), (x1, y1) = (
                tuple(f(c) for c in zip(*self.points.values(), strict=True)) for f in (min, max)
            )
        else:
            raise InputError("there is nothing to draw: the network has no places")
        # room for labels at the edge; a single short link still shows its surroundings
        self.unit = max((x1 - x0) / (self.width * 0.9), (y1 - y0) / (self.height * 0.88), 40_000 / self.width)
        cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
        dx, dy = self.width * self.unit / 2, self.height * self.unit / 2
        self.corner, self.far = (cx - dx, cy - dy), (cx + dx, cy + dy)

    def metres(self, points: float) -> float:
        """Return the length on the ground of points on paper, grown with the page."""
        return points * self.scale * float(self.unit)

    def paper(self, xy: Any) -> Any:
        """Return points on paper of coordinates of the projection."""
        return (np.asarray(xy, float) - self.corner) / self.unit

    def ground(self, x: float, y: float) -> tuple[float, float]:
        """Return coordinates of the projection of a point on paper."""
        return self.corner[0] + x * self.unit, self.corner[1] + y * self.unit

    def measure(
        self, text: str, size: float, *, bold: bool = False, italic: bool = False
    ) -> tuple[float, float]:
        """Return width and height in points of one line of text."""
        font = FontProperties(
            family="DejaVu Sans",
            size=size,
            weight="bold" if bold else "normal",
            style="italic" if italic else "normal",
        )
        renderer = self.renderer
        width = renderer.get_text_width_height_descent(text, font, False)[0]
        height = renderer.get_text_width_height_descent("lp", font, False)[1]
        return width * 72 / self.figure.dpi, height * 72 / self.figure.dpi

    def cut(self, text: str, size: float, width: float, *, bold: bool = False) -> str:
        """Return text that fits a width, with an ellipsis where it was too long."""
        if self.measure(text, size, bold=bold)[0] <= width:
            return text
        while text and self.measure(text + "…", size, bold=bold)[0] > width:
            text = text[:-1]
        return text.rstrip() + "…"

    def wrap(self, text: str, size: float, width: float, *, bold: bool = False) -> list[str]:
        """Break text into lines that fit a width."""
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and self.measure(longer, size, bold=bold)[0] > width:
                lines.append(word)
            else:
                lines[-1] = longer
        return [self.cut(line, size, width, bold=bold) for line in lines]

    @cached_property
    def renderer(self) -> Any:
        """What measures text."""
        canvas: Any = self.canvas
        return canvas.get_renderer()

    @cached_property
    def outline(self) -> tuple[float, float, float, float]:
        """West, south, east, north of what the frame shows, in degrees."""
        along = np.linspace(0, 1, 21)
        (x0, y0), (x1, y1) = self.corner, self.far
        xs = np.concatenate([x0 + along * (x1 - x0)] * 2 + [np.full(21, x0), np.full(21, x1)])
        ys = np.concatenate([np.full(21, y0), np.full(21, y1)] + [y0 + along * (y1 - y0)] * 2)
        lon, lat = self.forward.transform(xs, ys, direction="INVERSE")
        return float(np.min(lon)), float(np.min(lat)), float(np.max(lon)), float(np.max(lat))


def _projection(net: Network) -> Any:
    """Return ETRS89-LAEA in Europe, elsewhere an equal-area projection about the middle of the network."""
    nodes = net.table("nodes")
    if len(nodes) == 0:
        raise InputError("there is nothing to draw: the network has no places")
    lon, lat = float(nodes["lon"].mean()), float(nodes["lat"].mean())
    if -15 <= lon <= 45 and 33 <= lat <= 72:
        return pyproj.CRS.from_epsg(3035)
    return pyproj.CRS.from_proj4(f"+proj=laea +lat_0={lat:.1f} +lon_0={lon:.1f} +datum=WGS84 +units=m")


def _projected_lines(net: Network, crs: Any) -> dict[str, Any]:
    """Return one line per link that has a length on the map; of a line in parts the longest part."""
    frame = net.links.to_crs(crs)
    out = {}
    for link, shape in zip(frame.index.tolist(), frame.geometry.to_numpy(), strict=True):
        parts = [p for p in shapely.get_parts(shape) if p.length > 0]
        if parts:
            out[str(link)] = max(parts, key=lambda p: float(p.length))
    return out


# ---- strokes: lines as the map and the legend draw them


@dataclass(frozen=True)
class Stroke:
    """A line with its look; widths and shift in points, `level` is the order of drawing."""

    line: Any
    colour: str
    width: float
    mode: str = "road"
    status: str = OPEN
    shift: float = 0.0
    level: int = 0
    second: str = ""
    """Colour of another corridor that runs on the same link."""


def _east_first(line: Any) -> Any:
    """Return the line drawn towards east-south-east, so that both modes keep to their side."""
    (ax, ay), (bx, by) = line.coords[0][:2], line.coords[-1][:2]
    return line if (bx - ax) - 0.5 * (by - ay) >= 0 else shapely.reverse(line)


def _shifted(stroke: Stroke, unit: float) -> list[Any]:
    line = _east_first(stroke.line)
    if stroke.shift:
        moved = shapely.offset_curve(line, stroke.shift * unit, join_style="round", quad_segs=4)
        line = moved if not moved.is_empty else line
    return [np.asarray(part.coords)[:, :2] for part in shapely.get_parts(line)]


def _ink(ax: Any, strokes: Sequence[Stroke], unit: float, scale: float, zorder: float) -> None:
    """Draw strokes: level by level casing, line, what lies inside it, ties. `unit` is ground per point."""
    for step, level in enumerate(sorted({s.level for s in strokes})):
        group = [(s, path) for s in strokes if s.level == level for path in _shifted(s, unit * scale)]
        base = zorder + step / 100

        def lay(
            rows: list[tuple[Any, str, float]], z: float, dash: Any = "solid", cap: Any = "round"
        ) -> None:
            if rows:
                paths, colours, widths = zip(*rows, strict=True)
                ax.add_collection(
                    LineCollection(
                        list(paths),
                        colors=list(colours),
                        linewidths=[w * scale for w in widths],
                        linestyles=[dash],
                        capstyle=cap,
                        joinstyle="round",
                        zorder=z,
                    ),
                    autolim=False,
                )

        solid = [(s, p) for s, p in group if s.status != CLOSED and s.mode not in ("sea", "waterway")]
        lay([(p, "white", s.width + 1.5) for s, p in group], base)
        lay([(p, s.colour, s.width) for s, p in solid], base + 0.002)
        lay([(p, s.second, s.width) for s, p in solid if s.second], base + 0.003, (0, (4, 4)), "butt")
        lay(
            [(p, SHUT, s.width) for s, p in group if s.status == CLOSED],
            base + 0.002,
            (0, (1.6, 1.1)),
            "butt",
        )
        water = [(s, p) for s, p in group if s.status != CLOSED and s.mode in ("sea", "waterway")]
        lay([(p, s.colour, s.width) for s, p in water], base + 0.002, (0, (3, 1.4)), "butt")
        hollow = [(s, p) for s, p in solid if s.status in HOLLOW]
        lay([(p, "white", max(0.5, s.width - 1.0)) for s, p in hollow], base + 0.003)
        built = [(s, p) for s, p in solid if s.status == BUILDING]
        lay([(p, "white", max(0.5, s.width * 0.45)) for s, p in built], base + 0.003, (0, (4.5, 3.5)), "butt")
        ties = [
            (t, SHUT if s.status == CLOSED else s.colour, 0.75)
            for s, p in group
            if s.mode == "rail"
            for t in _ties(p, 5.2 * unit * scale, (s.width / 2 + 1.15) * unit * scale)
        ]
        lay(ties, base + 0.004, cap="butt")


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

    def block(self, box: Box) -> None:
        """Keep a box free of everything placed later."""
        self.boxes.append(box)

    def shun(self, points: Any, weight: float = 1.0) -> None:
        """Keep away from points where that is possible: lines, small places."""
        self._soft = np.concatenate([self._soft, np.reshape(points, (-1, 2))])
        self._weight = np.concatenate([self._weight, np.full(len(self._soft) - len(self._weight), weight)])

    def free(self, box: Box) -> bool:
        """Return whether a box lies on the map and touches no other."""
        if box[0] < 2 or box[1] < 2 or box[2] > self.width - 2 or box[3] > self.height - 2:
            return False
        return all(box[2] <= b[0] or b[2] <= box[0] or box[3] <= b[1] or b[3] <= box[1] for b in self.boxes)

    def cost(self, box: Box) -> float:
        """Return the weight of the points under a box."""
        p = self._soft
        inside = (p[:, 0] > box[0]) & (p[:, 0] < box[2]) & (p[:, 1] > box[1]) & (p[:, 1] < box[3])
        return float(self._weight[inside].sum())

    def best(self, boxes: Iterable[Box], limit: float = math.inf, later: float = 0.4) -> Box | None:
        """Block and return the free box of least cost, or None when all cost more than `limit`.

        Each box costs `later` more than the one before it.
        """
        priced = [(self.cost(b) + later * i, i, b) for i, b in enumerate(boxes) if self.free(b)]
        cheapest = min(priced, default=None)
        if cheapest is None or cheapest[0] > limit:
            return None
        self.block(cheapest[2])
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


# ---- what each kind of answer shows


@dataclass(frozen=True)
class Mark:
    """A badge or a cross: on one of several links, at the first spot that is free, or at a place."""

    text: str
    colour: str
    links: tuple[str, ...] = ()
    node: str = ""
    most: int = 1
    shape: str = "badge"


@dataclass
class View:
    """What is drawn of an answer; the panel is a function because it needs the sheet."""

    net: Network
    title: str
    subtitle: str
    basis: str
    facts: list[str]
    panel: Callable[[Panel], None]
    strokes: Callable[[Sheet], list[Stroke]]
    links: set[str] = field(default_factory=set)
    """Links the answer is about; empty for the whole network."""
    states: set[str] = field(default_factory=set)
    origins: list[str] = field(default_factory=list)
    destinations: list[str] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    arrows: dict[str, bool] = field(default_factory=dict)
    """Direction of flow by link: along it or against it."""

    def focus(self) -> set[str]:
        """Return the links that must be in view: of the answer, and at origins and destinations."""
        if not self.links:
            return set()
        ends = {*self.origins, *self.destinations}
        table = self.net.table("links")
        near = table["from_node"].isin(ends) | table["to_node"].isin(ends)
        return self.links | {str(i) for i in table["link_id"][near]}


def _view(answer: Network | Answer) -> View:
    if isinstance(answer, Network):
        return _view_network(answer)
    if isinstance(answer, (Routes, Redundancy)):
        return _view_routes(answer)
    if isinstance(answer, Throughput):
        return _view_flow(answer)
    if isinstance(answer, Contingency):
        return _view_loss(answer)
    raise InputError(
        f"there is no map of {type(answer).__name__}; "
        "what can be drawn: Network, Routes, Redundancy, Throughput, Contingency"
    )


def _states(net: Network, links: Iterable[str]) -> set[str]:
    """Return the states that links lie in; with no link those of the network."""
    of = net.link_countries
    return {c for link in links for c in of[net.link_index[link]]} or _home_states(net)


def _columns(net: Network, *columns: str) -> dict[str, tuple[Any, ...]]:
    table = net.table("links")
    cells = zip(*(table[c].tolist() for c in columns), strict=True)
    return dict(zip((str(i) for i in table["link_id"]), cells, strict=True))


def _side(mode: str, width: float) -> float:
    """Return how far a line of a mode is shifted: rail to the left of its direction, road to the right."""
    return {"rail": 1.0, "road": -1.0}.get(mode, 0.0) * (width / 2 + 0.75)


def _faint(sheet: Sheet, net: Network, but: Iterable[str] = ()) -> list[Stroke]:
    """Return the rest of the network, thin and grey."""
    left = set(sheet.lines) - set(but)
    rows = _columns(net, "mode", "status")
    return [
        Stroke(
            sheet.lines[k],
            FAINT,
            0.7,
            "sea" if rows[k][1] != OPEN or rows[k][0] in ("sea", "waterway") else "road",
        )
        for k in rows
        if k in left
    ]


# corridors


def families(net: Network) -> dict[str, tuple[str, str]]:
    """Return by name in the ``corridors`` column the corridor it belongs to and its colour.

    Branches follow their ``parent``. A network with none of the known corridors gets its four longest.
    """
    table = net.table("corridors")
    parent = dict(zip(table["corridor_id"].tolist(), table["parent"].tolist(), strict=True))
    km: dict[str, float] = {}
    for names, length in zip(
        net.table("links")["corridors"].tolist(), net.values("length_km").value, strict=True
    ):
        for name in filter(None, names.split(";")):
            km[name] = km.get(name, 0.0) + float(length)
    out = {}
    for name in km:
        root = parent.get(name) or ("X" if re.fullmatch("X[a-d]", name) else name)
        if root in PALETTE:
            out[name] = (root, PALETTE[root])
    if out or not km:
        return dict(sorted(out.items()))
    longest = sorted(km, key=lambda n: (-km[n], n))[: len(PALETTE)]
    return {n: (n, c) for n, c in zip(longest, PALETTE.values(), strict=False)}


def _capacity_class(net: Network) -> dict[str, int]:
    """Return the capacity class of each link, 0 to 2; water has the middle one."""
    road, rail = net.values("capacity_veh_h").value, net.values("capacity_trains_day").value
    out = {}
    for i, (link, (mode,)) in enumerate(_columns(net, "mode").items()):
        value, steps = (road[i], ROAD_CLASSES) if mode == "road" else (rail[i], RAIL_CLASSES)
        out[link] = sum(float(value) >= s for s in steps) if mode in ("road", "rail") else 1
    return out


def _view_network(net: Network) -> View:
    known = families(net)
    rows = _columns(net, "mode", "status", "corridors", "open_year")
    of = {k: [n for n in r[2].split(";") if n in known] for k, r in rows.items()}
    groups = sorted(
        {f for f, _ in known.values()}, key=lambda f: (list(PALETTE).index(f) if f in PALETTE else 9, f)
    )
    length = dict(zip(rows, net.values("length_km").value.tolist(), strict=True))
    km: dict[tuple[str, str, bool], float] = {}
    for link, names in of.items():
        mode, status = rows[link][:2]
        for group in {known[n][0] for n in names}:
            key = (group, mode, status == OPEN)
            km[key] = km.get(key, 0.0) + length[link]
    shut = sum(r[1] != OPEN for r in rows.values())
    waiting = [
        f"{plain(k, 12)} {_link_name(net, k)}, {r[1].replace('_', ' ')}"
        + ("" if math.isnan(r[3]) else f" ({r[3]:.0f})")
        for k, r in rows.items()
        if r[1] != OPEN and of[k]
    ]
    estimated = net.values("capacity_veh_h").estimated | net.values("capacity_trains_day").estimated
    share = float(np.mean(estimated)) if len(estimated) else 0.0

    def strokes(sheet: Sheet) -> list[Stroke]:
        classes = _capacity_class(net)
        out = []
        for link, line in sheet.lines.items():
            mode, status = rows[link][:2]
            hues = list(dict.fromkeys(known[n][1] for n in of[link]))
            width = WIDTHS[classes[link]] * (1.0 if hues else 0.5)
            if hues and status != OPEN:
                width = max(width, 2.2)  # thinner, the pattern inside could not be seen
            level = 1 + classes[link] if hues else 0
            second = hues[1] if len(hues) > 1 else ""
            # two rails of a pair keep apart by the width of a corridor also where one of them is thin
            shift = _side(mode, WIDTHS[classes[link]] if hues else 1.2)
            out.append(Stroke(line, hues[0] if hues else OTHER, width, mode, status, shift, level, second))
        return out

    marks = []
    for name, (_, colour) in known.items():
        if len(name) <= 6:
            on = tuple(k for k in rows if name in of[k])
            road = tuple(k for k in on if rows[k][0] == "road")
            total = sum(length[k] for k in road or on)
            marks.append(Mark(plain(name, 8), colour, road or on, most=max(1, min(4, round(total / 300)))))
    facts = [
        f"Corridor {g}: {sum(v for k, v in km.items() if k[:2] == (g, 'road')):,.0f} km of road, "
        f"{sum(v for k, v in km.items() if k[:2] == (g, 'rail')):,.0f} km of rail, "
        f"of which {sum(v for k, v in km.items() if k[0] == g and not k[2]):,.0f} km not open."
        for g in groups
    ]
    title = f"Corridors {_listed(groups, 9)}" if groups else "Transport network"
    year = f" at the start of {net.year}" if net.year else ""
    return View(
        net,
        title,
        f"{_count(len(rows), 'link')} between {_count(len(net.table('nodes')), 'place')}, "
        f"{shut} not open{year}; "
        "width shows the capacity class, pattern shows mode and status",
        f"{share:.0%} of the capacities are estimates or defaults.",
        [*facts, f"{share:.0%} of the capacities are estimates or defaults."],
        lambda panel: _panel_network(panel, groups, known, km, share, {r[0] for r in rows.values()}, waiting),
        strokes,
        states=_home_states(net),
        marks=marks,
    )


def _home_states(net: Network) -> set[str]:
    """Return the states that the network is about: those in which more than two links lie, else all."""
    count: dict[str, int] = {}
    for states in net.link_countries:
        for c in states:
            count[c] = count.get(c, 0) + 1
    return {c for c, n in count.items() if n > 2} or set(count)


# routes


def _route_words(route: Route) -> str:
    states = " ".join(route.countries)
    return (
        f"{route.time_h:.1f} h, {route.length_km:,.0f} km by {' and '.join(dict.fromkeys(route.modes))}"
        + (f" through {states}" if states else "")
    )


def _view_routes(answer: Routes | Redundancy) -> View:
    net = answer.net
    origins, destinations, relation, terms = _asked(answer)
    shown = list(answer.routes[: len(RANKS)])
    candidate = answer.candidate if isinstance(answer, Routes) and not shown else None
    drawn = [candidate] if candidate else shown
    links = {k for r in drawn for k in r.links}
    rows = _columns(net, "mode", "status", "from_node", "to_node")
    users: dict[str, list[int]] = {}
    bundle: dict[frozenset[str], list[tuple[int, str]]] = {}
    for i, route in enumerate(drawn):
        for link in dict.fromkeys(route.links):
            users.setdefault(link, []).append(i)
            bundle.setdefault(frozenset(rows[link][2:]), []).append((i, link))
    mixed = len({rows[k][0] for k in links}) > 1

    def strokes(sheet: Sheet) -> list[Stroke]:
        out = _faint(sheet, net, links)
        look = BUILDING if candidate else OPEN
        for pair in bundle.values():
            # railways first, so that a bundle and the sides of the modes agree
            together = sorted(pair, key=lambda m: (rows[m[1]][0] != "rail", m))
            for place, (i, link) in enumerate(together):
                if link in sheet.lines:
                    mode, width = rows[link][0], 2.6 if i == 0 else 2.2
                    shift = ((len(together) - 1) / 2 - place) * 2.9 + (_side(mode, 1.0) if mixed else 0.0)
                    out.append(Stroke(sheet.lines[link], RANKS[i], width, mode, look, shift, 10 - i))
        return out

    marks = []
    for i, route in enumerate(drawn):
        rarest = min((len(users[k]) for k in route.links), default=1)
        own = tuple(k for k in route.links if len(users[k]) == rarest)
        marks.append(Mark("?" if candidate else str(route.rank), RANKS[i], own, most=3))
    blocks = answer.assess_first if isinstance(answer, Routes) else ()
    doubtful = dict.fromkeys(b.link_id for b in blocks)
    marks += [Mark(plain(link, 12), RED, (link,), shape="warning") for link in doubtful]
    if isinstance(answer, Redundancy):
        title = f"Routes that share no link: {relation}"
        found = (
            f"{_count(answer.link_disjoint, 'route')} share no link, {answer.asset_disjoint} no structure, "
            f"{answer.node_disjoint} no place between"
        )
    else:
        title = f"Routes: {relation}"
        found = f"{_count(len(answer.routes), 'route')} found"
    if shown:
        found += f"; the fastest takes {_route_words(min(shown, key=lambda r: r.time_h))}"
    elif candidate:
        words = _route_words(candidate)
        found = f"No route is certain; if estimated limits lie at their favourable end: {words}"
    else:
        found = "No route"
    facts = [f"Route {r.rank}: {_route_words(r)}, {r.estimated_km:,.0f} km on estimates." for r in shown]
    facts += [f"Assess first: {_block_words(b)}." for b in blocks]
    rest = sum(r.estimated_km for r in drawn) / max(1e-9, sum(r.length_km for r in drawn))
    return View(
        net,
        title,
        f"{found} ({terms})",
        f"{rest:.0%} of the length of the routes rests on estimates." if drawn else "",
        facts,
        lambda panel: _panel_routes(panel, answer, shown, candidate),
        strokes,
        links,
        _states(net, links),
        origins,
        destinations,
        marks,
    )


def _block_words(block: Any) -> str:
    value = (
        "unknown"
        if block.value is None
        else f"{block.value:g}"
        if isinstance(block.value, float)
        else block.value
    )
    required = f"{block.required:g}" if isinstance(block.required, float) else block.required
    return plain(f"{block.link_id} {block.limit.replace('_', ' ')} {value}, needed {required}", 70)


# flow and cut


def _scale_colours(classes: int) -> list[str]:
    """Return colours of a perceptually uniform scale without its palest end, which a white map would lose."""
    return [to_hex(colormaps["viridis_r"](0.1 + 0.9 * i / max(1, classes - 1))) for i in range(classes)]


USE_STEPS = (0.25, 0.5, 0.75, 0.999)
"""Where the classes of use part; the last one is full."""


def _view_flow(answer: Throughput) -> View:
    net = answer.net
    origins, destinations, relation, terms = _asked(answer)
    flows = {f.link_id: f for f in answer.links}
    most = max((f.vehicles_per_day for f in answer.links), default=1.0)
    colours = _scale_colours(len(USE_STEPS) + 1)
    rows = _columns(net, "mode")
    items = sorted(answer.cut_items, key=lambda c: (-c.vehicles_per_day, c.item))
    cut_links = {c.item for c in items if c.item in net.link_index}

    def strokes(sheet: Sheet) -> list[Stroke]:
        out = _faint(sheet, net, {*flows, *cut_links})
        for link, flow in flows.items():
            if link in sheet.lines:
                width = flow_width(flow.vehicles_per_day, most)
                colour = RED if link in cut_links else colours[sum(flow.used_share >= s for s in USE_STEPS)]
                mode = rows[link][0]
                level = 20 if link in cut_links else 1 + round(9 * flow.vehicles_per_day / most)
                out.append(Stroke(sheet.lines[link], colour, width, mode, OPEN, _side(mode, width), level))
        return out

    marks = [
        Mark(str(i), RED, (c.item,), shape="cross")
        if c.item in cut_links
        else Mark(str(i), RED, node=c.item.partition(":")[2], shape="cross")
        for i, c in enumerate(items, 1)
    ]
    numbers = f"{answer.vehicles_per_day:,.0f} vehicles a day, {answer.tonnes_per_day:,.0f} t a day"
    if answer.status == "ok":
        kinds = ["link" if c.item in cut_links else c.item.partition(":")[0] for c in items]
        parts = [_count(kinds.count(k), k) for k in ("link", "terminal", "border") if k in kinds]
        found = f"{numbers}; the minimum cut is {_listed(parts)}"
    else:
        found = "No route, so nothing flows"
    basis = f"{answer.estimated_share:.0%} of the cut's capacity rests on estimates or defaults."
    facts = [f"Cut: {_item_name(net, c.item)}, {c.vehicles_per_day:,.0f} vehicles a day." for c in items]
    links = {*flows, *cut_links}
    return View(
        net,
        f"Throughput and its bottleneck: {relation}",
        f"{found} ({terms})",
        basis,
        [*facts, basis],
        lambda panel: _panel_flow(panel, answer, items, most, colours),
        strokes,
        links,
        _states(net, links),
        origins,
        destinations,
        marks,
        {k: f.forward for k, f in flows.items()},
    )


def flow_width(vehicles: float, most: float) -> float:
    """Return the width of a flow in points, linear, with a floor that keeps the least visible."""
    return 0.9 + 5.6 * vehicles / max(most, 1e-9)


# N-1


DELAY_WIDTHS = ((0.0, 1.7, "no delay"), (1.0, 3.2, "up to 1 h"), (math.inf, 5.0, "more than 1 h"))


def _view_loss(answer: Contingency) -> View:
    net = answer.net
    origins, destinations, relation, terms = _asked(answer)
    steps = round_steps(
        max((o.lost_vehicles_per_day for o in answer.outages if o.status == "ok"), default=0.0)
    )
    colours = _scale_colours(len(steps) + 1)
    by_link = {k: o for o in answer.outages for k in o.links}
    rows = _columns(net, "mode")

    def strokes(sheet: Sheet) -> list[Stroke]:
        out = _faint(sheet, net, by_link)
        for link, outage in by_link.items():
            if link in sheet.lines:
                width = next(w for top, w, _ in DELAY_WIDTHS if (outage.delay_h or 0.0) <= top)
                step = sum(outage.lost_vehicles_per_day > s for s in steps)
                colour, level = (RED, 30) if outage.status == "cut" else (colours[step], 1 + step)
                width = DELAY_WIDTHS[-1][1] if outage.status == "cut" else width
                mode = rows[link][0]
                out.append(Stroke(sheet.lines[link], colour, width, mode, OPEN, _side(mode, width), level))
        return out

    cuts = [o for o in answer.outages if o.status == "cut"]
    marks = [
        Mark(
            str(i),
            RED if o.status == "cut" else INK,
            o.links,
            shape="cross" if o.status == "cut" else "badge",
        )
        for i, o in enumerate(answer.outages[:12], 1)
    ]
    marks += [Mark("", RED, o.links, shape="cross") for o in cuts[12:]]
    if answer.status == "ok":
        found = (
            f"{answer.time_h or 0:.1f} h and {answer.vehicles_per_day:,.0f} vehicles a day "
            "with no outage; "
            f"{len(answer.outages)} of {_count(answer.tried, 'single outage')} change something, "
            f"{len(cuts)} cut the relation"
        )
    else:
        found = "No route even with no outage"
    facts = [f"{i}: {_outage_words(net, o)}." for i, o in enumerate(answer.outages[:8], 1)]
    return View(
        net,
        f"Loss of one link: {relation}",
        f"{found} ({terms})",
        "Every link is taken out by itself; links of one structure go out together.",
        facts,
        lambda panel: _panel_loss(panel, answer, steps, colours),
        strokes,
        set(by_link),
        _states(net, by_link),
        origins,
        destinations,
        marks,
    )


def _outage_words(net: Network, outage: Outage) -> str:
    where = f"{plain(outage.links[0], 14)} {_link_name(net, outage.links[0])}" + (
        f" and {len(outage.links) - 1} more of one structure" if len(outage.links) > 1 else ""
    )
    if outage.status == "cut":
        return f"{where}: cut, no way left"
    return (
        f"{where}: {outage.lost_vehicles_per_day:,.0f} vehicles a day lost, {outage.delay_h or 0:.1f} h delay"
    )


def _delay(outage: Outage) -> str:
    return f"+{outage.delay_h:.1f} h" if outage.delay_h else "none"


def round_steps(top: float, classes: int = 5) -> list[float]:
    """Return the inner bounds of equal classes up to `top`, on round numbers.

    >>> round_steps(2563.2)
    [600.0, 1200.0, 1800.0, 2400.0]
    """
    if top <= 0:
        return [1.0]
    raw = top / classes
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 3, 4, 5, 6, 8, 10) if m * power >= raw * 0.999)
    return [step * i for i in range(1, classes) if step * i < top]


# ---- the side panel


class Panel:
    """Writes legend and figures from the top of the side panel down to `floor`."""

    def __init__(self, sheet: Sheet, floor: float) -> None:
        self.sheet, self.ax, self.scale, self.floor = sheet, sheet.side, sheet.scale, floor
        self.y, self.width = sheet.side_height, sheet.side_width
        self.step = 9.6 * self.scale

    def room(self, reserve: float = 0.0) -> int:
        """Return how many rows still fit above the floor when `reserve` rows are kept."""
        return max(0, int((self.y - self.floor) / self.step - reserve))

    def write(
        self,
        x: float,
        text: str,
        *,
        size: float = 6.4,
        bold: bool = False,
        colour: str = INK,
        right: bool = False,
        y: float | None = None,
        width: float | None = None,
    ) -> None:
        """Write one line at `x`, in the middle of the present row."""
        size *= self.scale
        text = self.sheet.cut(
            text, size, width if width is not None else self.width - (0 if right else x), bold=bold
        )
        _write(
            self.ax,
            x,
            self.y - self.step / 2 if y is None else y,
            text,
            size,
            colour,
            bold=bold,
            ha="right" if right else "left",
        )

    def down(self, rows: float = 1.0) -> None:
        """Go down."""
        self.y -= rows * self.step

    def heading(self, text: str) -> None:
        """Write a heading with a rule above."""
        if self.y < self.sheet.side_height:
            self.down(0.45)
            self.ax.plot([0, self.width], [self.y, self.y], color="#c9d1d6", lw=0.6 * self.scale)
            self.down(0.15)
        self.write(0, text, size=7.2, bold=True)
        self.down(1.15)

    def figure(self, number: str, words: str) -> None:
        """Write a key figure: a large number and what it is."""
        size = 13.0
        wide = self.sheet.measure(number, size * self.scale, bold=True)[0]
        self.write(0, number, size=size, bold=True, y=self.y - self.step * 0.8)
        self.write(wide + 4 * self.scale, words, colour=SOFT, y=self.y - self.step * 0.98)
        self.down(1.75)

    def note(self, text: str, colour: str = SOFT) -> None:
        """Write wrapped small text."""
        for line in self.sheet.wrap(text, 5.7 * self.scale, self.width):
            self.write(0, line, size=5.7, colour=colour)
            self.down(0.82)

    def line(
        self,
        text: str,
        colour: str,
        width: float = 2.0,
        mode: str = "road",
        status: str = OPEN,
        second: str = "",
    ) -> None:
        """Explain a line, drawn as on the map."""
        y = self.y - self.step / 2
        shape = shapely.linestrings([(1.5 * self.scale, y), (27 * self.scale, y)])
        _ink(self.ax, [Stroke(shape, colour, width, mode, status, second=second)], 1.0, self.scale, 3)
        self.write(33 * self.scale, text)
        self.down()

    def marker(self, text: str, *markers: str) -> None:
        """Explain a sign of a place."""
        for i, kind in enumerate(markers):
            x = (14 + (i - (len(markers) - 1) / 2) * 11) * self.scale
            fits = 0.75 if SIGNS[kind][1] > 6 else 1.0  # the large ones would touch the next row
            _sign(self.ax, kind, [x], [self.y - self.step / 2], self.scale * fits)
        self.write(33 * self.scale, text)
        self.down()

    def badge(self, text: str, colour: str, *, x: float = 0.0) -> float:
        """Draw a badge in the present row and return where the next thing may start."""
        width = self.sheet.measure(text, 5.8 * self.scale, bold=True)[0] + 5 * self.scale
        centre = x + max(width, 10 * self.scale) / 2
        _badge(self.ax, centre, self.y - self.step / 2, text, colour, width, 1.0, self.scale)
        return x + max(width, 10 * self.scale) + 4 * self.scale

    def places(self, *, asked: bool) -> None:
        """Explain the signs of places."""
        if asked:
            self.marker("Origin", "origin")
            self.marker("Destination", "destination")
        self.marker("Sea port", "seaport")
        self.marker("Terminal; other place", "intermodal_terminal", "city")
        self.marker("Border crossing", "border_crossing")


def _panel_network(
    panel: Panel,
    groups: Sequence[str],
    known: Mapping[str, tuple[str, str]],
    km: Mapping[tuple[str, str, bool], float],
    share: float,
    modes: set[str],
    shut: Sequence[str],
) -> None:
    colour = dict(known.values())
    if groups:
        panel.heading("Length by corridor, km")
        longest = max(km.values(), default=1.0)
        longest = max(
            longest,
            *(
                km.get((g, m, True), 0.0) + km.get((g, m, False), 0.0)
                for g in groups
                for m in ("road", "rail")
            ),
        )
        for group in groups:
            _bars(panel, group, colour[group], km, longest)
        panel.note(
            "Solid: open, pale: not open. Branches count for their corridor, links of two corridors for both."
        )
    panel.heading("Lines")
    for group in groups[:1]:
        hue = colour[group]
        panel.line("Corridor, road", hue)
        panel.line("Corridor, railway", hue, mode="rail")
    if len(groups) > 1:
        panel.line("On two corridors", colour[groups[0]], second=colour[groups[1]])
    panel.line("Other road", OTHER, 1.2)
    panel.line("Other railway", OTHER, 1.2, mode="rail")
    if modes & {"sea", "waterway"}:
        panel.line("Sea link or waterway", OTHER, 1.2, mode="sea")
    panel.line("Under construction", INK, 2.4, status=BUILDING)
    panel.line("Planned or missing", INK, 2.4, status="planned")
    panel.line("Closed", INK, 2.4, status=CLOSED)
    panel.heading("Capacity class (one direction)")
    road, rail = ROAD_CLASSES, RAIL_CLASSES
    for width, words in zip(
        WIDTHS,
        (
            f"under {road[0]:g} vehicles/h or {rail[0]:g} trains/day",
            f"under {road[1]:g} vehicles/h or {rail[1]:g} trains/day",
            "more than that",
        ),
        strict=True,
    ):
        panel.line(words, INK, width)
    panel.note(f"{share:.0%} of the capacities are estimates or defaults.")
    panel.heading("Places")
    panel.places(asked=False)
    if shut and panel.room() >= 4:
        panel.heading("Not open on the corridors")
        fit = panel.room(0.4)
        for words in shut[: fit if len(shut) <= fit else fit - 1]:
            panel.write(0, words, size=5.5)
            panel.down(0.95)
        if len(shut) > fit:
            panel.write(0, f"and {len(shut) - fit + 1} more", size=5.5, colour=SOFT)


def _bars(
    panel: Panel, group: str, colour: str, km: Mapping[tuple[str, str, bool], float], longest: float
) -> None:
    """Draw road and rail length of a corridor as two bars."""
    start = 44 * panel.scale
    reach = panel.width - start - 25 * panel.scale
    top = panel.y
    for mode in ("road", "rail"):
        good, bad = km.get((group, mode, True), 0.0), km.get((group, mode, False), 0.0)
        y, tall = panel.y - panel.step * 0.72, panel.step * 0.44
        for x, length, alpha in ((0.0, good, 1.0), (good, bad, 0.28)):
            panel.ax.add_patch(
                Rectangle(
                    (start + reach * x / longest, y),
                    reach * length / longest,
                    tall,
                    fc=colour,
                    ec="none",
                    alpha=alpha,
                )
            )
        panel.write(start - 3 * panel.scale, mode, size=5.4, colour=SOFT, right=True)
        panel.write(start + reach * (good + bad) / longest + 3 * panel.scale, f"{good + bad:,.0f}", size=5.4)
        panel.down(0.72)
    panel.y, rest = top - 0.2 * panel.step, panel.y
    panel.badge(plain(group, 8), colour)
    panel.y = rest - 0.25 * panel.step


def _panel_routes(
    panel: Panel, answer: Routes | Redundancy, shown: Sequence[Route], candidate: Route | None
) -> None:
    if isinstance(answer, Redundancy):
        panel.figure(str(answer.link_disjoint), "routes that share no link")
        panel.figure(str(answer.node_disjoint), "that share no place between")
    elif shown:
        panel.figure(f"{shown[0].time_h:.1f} h", "fastest, waits and transfers included")
    panel.heading("Routes" if shown else "No route is certain" if candidate else "No route")
    legend = 11.5
    for i, route in enumerate([candidate] if candidate else shown):
        if panel.room(legend) < 3:
            break
        x = panel.badge("?" if candidate else str(route.rank), RANKS[i])
        panel.write(x, f"{route.time_h:.1f} h   {route.length_km:,.0f} km", bold=True)
        panel.write(
            panel.width,
            " + ".join(dict.fromkeys(route.modes)),
            colour=SOFT,
            right=True,
            width=panel.width / 3,
        )
        panel.down(0.92)
        states = " · ".join(dict.fromkeys(route.countries))
        panel.write(x, states, size=5.9, width=panel.width * 0.55)
        rests = f"{route.estimated_km / max(route.length_km, 1e-9):.0%} on estimates"
        panel.write(panel.width, rests, size=5.4, colour=SOFT, right=True)
        via = [_place(answer.net, n).partition("–")[0] for n in route.border_crossings]
        lead = [f"permission {route.permission_h / 24:.0f} days"] if route.permission_h else []
        if panel.room(legend) > 3 * (len(shown) - i) and (via or lead):
            panel.down(0.88)
            panel.write(x, "; ".join([f"by {_listed(via, 5)}"] * bool(via) + lead), size=5.4, colour=SOFT)
        panel.down(1.12)
    if len(answer.routes) > len(shown):
        panel.note(f"and {len(answer.routes) - len(shown)} more that are not drawn")
    if candidate and isinstance(answer, Routes):
        panel.note("Open if estimated limits lie at their favourable end.")
        panel.heading("Assess first")
        for block in answer.assess_first[: panel.room(legend)]:
            panel.write(0, _block_words(block), size=5.9, colour=RED)
            panel.down()
    panel.heading("Signs")
    if candidate:
        panel.line("Route that is not certain", RANKS[0], 2.6, status=BUILDING)
    panel.line("Road on a route", INK, 2.4)
    panel.line("Railway on a route", INK, 2.4, mode="rail")
    panel.line("Rest of the network; not open: dashed", FAINT, 0.9)
    panel.places(asked=True)


def _panel_flow(
    panel: Panel, answer: Throughput, items: Sequence[Any], most: float, colours: Sequence[str]
) -> None:
    panel.figure(f"{answer.vehicles_per_day:,.0f}", "vehicles a day")
    panel.figure(f"{answer.tonnes_per_day:,.0f}", "tonnes a day")
    panel.heading("Minimum cut, vehicles a day")
    fit = panel.room(19.5)
    for i, item in enumerate(items[: fit if len(items) <= fit else max(0, fit - 1)], 1):
        x = panel.badge(str(i), RED)
        value = f"{item.vehicles_per_day:,.0f}{'*' if item.estimated else ''}"
        panel.write(x, _item_name(answer.net, item.item), size=5.9, width=panel.width * 0.8 - x)
        panel.write(panel.width, value, size=5.9, bold=True, right=True)
        panel.down()
    if len(items) > fit:
        panel.note(f"and {len(items) - max(0, fit - 1)} more, marked on the map")
    panel.note(f"* an estimate or default; {answer.estimated_share:.0%} of the cut's capacity is")
    panel.heading("Use of the capacity")
    bounds = [0.0, *USE_STEPS, 1.0]
    for (low, high), colour in zip(pairwise(bounds), colours, strict=True):
        panel.line("full" if high == 1.0 else f"{low:.0%} to {high:.0%}", colour, 3.0)
    panel.line("full and in the minimum cut", RED, 3.0)
    panel.heading("Vehicles a day")
    for part in (1, 3, 20):
        rounded = float(f"{most / part:.1g}")
        panel.line(f"{rounded:,.0f}", INK, flow_width(rounded, most))
    panel.marker("Origin; destination", "origin", "destination")


def _panel_loss(panel: Panel, answer: Contingency, steps: Sequence[float], colours: Sequence[str]) -> None:
    if answer.status != "ok":
        panel.figure("No route", "even with no outage")
        panel.places(asked=True)
        return
    panel.figure(f"{answer.vehicles_per_day:,.0f}", "vehicles a day with no outage")
    panel.figure(f"{answer.time_h or 0:.1f} h", "fastest with no outage")
    panel.heading("Worst losses: vehicles a day, delay")
    worst = answer.outages[: min(12, panel.room(21 - 5 + len(colours)))]
    for i, outage in enumerate(worst, 1):
        cut = outage.status == "cut"
        x = panel.badge(str(i), RED if cut else INK)
        more = f" +{len(outage.links) - 1}" if len(outage.links) > 1 else ""
        panel.write(
            x,
            f"{plain(outage.links[0], 14)} {_link_name(answer.net, outage.links[0])}{more}",
            size=5.7,
            width=panel.width * 0.66 - x,
        )
        panel.write(
            panel.width * 0.82, f"−{outage.lost_vehicles_per_day:,.0f}", size=5.8, bold=True, right=True
        )
        panel.write(panel.width, "cut" if cut else _delay(outage), size=5.8, right=True)
        panel.down()
    if not answer.outages:
        panel.note("No single outage changes anything.")
    panel.heading("Lost vehicles a day (colour)")
    if any(o.status == "ok" for o in answer.outages):
        bounds = ["0", *(f"{s:,.0f}" for s in steps)]
        for i, colour in enumerate(colours):
            panel.line(
                f"{bounds[i]} to {bounds[i + 1]}" if i < len(steps) else f"more than {bounds[-1]}",
                colour,
                3.0,
            )
    panel.line("No way left: the relation is cut", RED, 5.0)
    panel.heading("Delay of the fastest route (width)")
    for _, width, words in DELAY_WIDTHS:
        panel.line(words, INK, width)
    panel.marker("Origin; destination", "origin", "destination")


# ---- drawing


def _write(
    ax: Any,
    x: float,
    y: float,
    text: str,
    size: float,
    colour: str,
    *,
    bold: bool = False,
    italic: bool = False,
    ha: str = "center",
    zorder: float = 12,
    halo: float = 0.0,
    halo_colour: str = "white",
    angle: float = 0.0,
    gid: str | None = None,
) -> None:
    """Write one line, centred on `y`; never as mathematics, whatever the name holds."""
    from matplotlib.patheffects import withStroke

    ax.text(
        x,
        y,
        text,
        fontsize=size,
        color=colour,
        weight="bold" if bold else "normal",
        style="italic" if italic else "normal",
        ha=ha,
        va="center",
        rotation=angle,
        parse_math=False,
        zorder=zorder,
        gid=gid,
        clip_on=False,
        path_effects=[withStroke(linewidth=halo, foreground=halo_colour)] if halo else None,
    )


def _two_lines(name: str) -> str:
    """Break a long name in two."""
    blanks = [i for i, c in enumerate(name) if c == " "]
    if len(name) < 12 or not blanks:
        return name
    middle = min(blanks, key=lambda i: abs(i - len(name) / 2))
    return f"{name[:middle]}\n{name[middle + 1 :]}"


def _badge(
    ax: Any,
    x: float,
    y: float,
    text: str,
    colour: str,
    width: float,
    unit: float,
    scale: float,
    zorder: float = 9,
) -> None:
    """Draw a rounded badge; `unit` is ground per point, `width` in points."""
    wide, tall = max(width, 9.5 * scale) * unit, 9.0 * scale * unit
    ax.add_patch(
        FancyBboxPatch(
            (x - wide / 2, y - tall / 2),
            wide,
            tall,
            boxstyle=f"round,pad=0,rounding_size={2.4 * scale * unit}",
            fc=colour,
            ec="white",
            lw=0.9 * scale,
            zorder=zorder,
            mutation_aspect=1.0,
        )
    )
    _write(ax, x, y, text, 5.8 * scale, "white", bold=True, zorder=zorder + 0.1)


BIG = 100.0
"""From this importance on a place is named in bold, before the countries are."""

SIGNS: Mapping[str, tuple[str, float, str, str, float]] = {
    "origin": ("^", 9.5, INK, "white", 1.0),
    "destination": ("*", 13.0, INK, "white", 1.0),
    "seaport": ("s", 4.8, INK, "white", 0.7),
    "intermodal_terminal": ("o", 5.0, "white", INK, 1.1),
    "city": ("o", 3.2, "white", INK, 0.8),
    "airport": ("p", 4.6, "white", INK, 0.8),
    "border_crossing": ("D", 2.5, "white", INK, 0.7),
    "small": ("o", 1.7, "white", SOFT, 0.6),
    "cross": ("X", 10.0, RED, "white", 1.5),
    "warning": ("^", 8.5, "#F0B400", RED, 1.0),
}
"""Marker, size in points, face, edge and edge width of each kind of sign."""


def _sign(
    ax: Any, kind: str, xs: Sequence[float], ys: Sequence[float], scale: float, zorder: float = 6
) -> None:
    marker, size, face, edge, line = SIGNS[kind]
    ax.plot(
        xs,
        ys,
        ls="none",
        marker=marker,
        ms=size * scale,
        mfc=face,
        mec=edge,
        mew=line * scale,
        zorder=zorder,
        scalex=False,
        scaley=False,
    )


def _draw(sheet: Sheet, view: View, title: str, subtitle: str) -> None:
    """Draw everything, from the sea up."""
    placer = Placer(sheet.width, sheet.height)
    strokes = view.strokes(sheet)
    base = Basemap(sheet, view.net)
    base.draw(view.states)
    _ink(sheet.ax, strokes, sheet.unit, sheet.scale, 3)
    for stroke in strokes:
        faint = stroke.colour == FAINT
        for path in _shifted(stroke, sheet.unit * sheet.scale):
            dense = shapely.get_coordinates(shapely.segmentize(shapely.linestrings(path), 4 * sheet.unit))
            placer.shun(sheet.paper(dense), 0.12 if faint else 0.5)
    shown = _places(sheet, view, placer)
    _scale_and_north(sheet, placer)
    _graticule(sheet, placer)
    _arrows(sheet, view, strokes)
    _marks(sheet, view, strokes, placer)
    wish = _importance(view, shown, _capitals(sheet, view, shown, base))
    _labels(sheet, view, shown, {n: w for n, w in wish.items() if w >= BIG}, placer)
    base.label(placer, view.states)
    _labels(sheet, view, shown, {n: w for n, w in wish.items() if w < BIG}, placer)
    _frame(sheet, title, subtitle, base)
    floor = base.inset()
    view.panel(Panel(sheet, floor))


def _places(sheet: Sheet, view: View, placer: Placer) -> dict[str, str]:
    """Draw the places that links touch and return their signs."""
    nodes, links = view.net.table("nodes"), view.net.table("links")
    touched = set(links["from_node"]) | set(links["to_node"])
    on = view.focus() or set(sheet.lines)
    rows = _columns(view.net, "from_node", "to_node")
    answered = {n for k in (view.links or on) for n in rows[k]}
    shown: dict[str, str] = {}
    for node, kind in zip(nodes["node_id"].tolist(), nodes["kind"].tolist(), strict=True):
        if node in view.origins or node in view.destinations:
            shown[node] = "origin" if node in view.origins else "destination"
        elif node in touched:
            shown[node] = (
                kind
                if kind in SIGNS and node in answered
                else "city"
                if not kind and node in answered
                else "small"
            )
    for z, sign in enumerate(
        (
            "small",
            "border_crossing",
            "city",
            "airport",
            "intermodal_terminal",
            "seaport",
            "origin",
            "destination",
        )
    ):
        here = [n for n, s in shown.items() if s == sign and _within(sheet, sheet.points[n])]
        if here:
            xs, ys = zip(*(sheet.points[n] for n in here), strict=True)
            _sign(sheet.ax, sign, xs, ys, sheet.scale, 5 + z / 20)
        half = (SIGNS[sign][1] / 2 + 0.4) * sheet.scale
        for n in here:
            x, y = sheet.paper(sheet.points[n])
            if sign in ("small", "border_crossing"):
                placer.shun([[x, y]], 2.0)
            else:
                placer.block((x - half, y - half, x + half, y + half))
    return shown


def _within(sheet: Sheet, xy: Any) -> bool:
    return all(a <= v <= b for a, v, b in zip(sheet.corner, xy, sheet.far, strict=True))


def _drawn(sheet: Sheet, strokes: Sequence[Stroke], colour: str) -> dict[int, Any]:
    """Return shifted lines of a colour by the identity of the unshifted one."""
    out: dict[int, Any] = {}
    for s in strokes:
        if s.colour == colour or id(s.line) not in out:
            out[id(s.line)] = shapely.linestrings(_shifted(s, sheet.unit * sheet.scale)[0])
    return out


def _arrows(sheet: Sheet, view: View, strokes: Sequence[Stroke]) -> None:
    """Show the direction of flow by a white arrowhead in the middle of each line that has room for one."""
    width = {id(s.line): s.width for s in strokes}
    moved = _drawn(sheet, strokes, "")
    for link, forward in view.arrows.items():
        line = sheet.lines.get(link)
        if line is None or width[id(line)] < 1.9 or line.length < sheet.metres(13):
            continue
        path = moved[id(line)]
        a, b = (np.array(path.interpolate(f, normalized=True).coords[0]) for f in (0.3, 0.34))
        same = _east_first(line) is line
        along = (b - a) / max(float(np.hypot(*(b - a))), 1e-9) * (1 if same == forward else -1)
        size = sheet.metres(min(2.6, 0.5 * width[id(line)] + 0.7))
        across = np.array([-along[1], along[0]])
        tip = [
            a + along * size,
            a - along * size * 0.6 + across * size * 0.62,
            a - along * size * 0.6 - across * size * 0.62,
        ]
        sheet.ax.add_patch(Polygon(np.array(tip), closed=True, fc="white", ec="none", zorder=4.6))


def _marks(sheet: Sheet, view: View, strokes: Sequence[Stroke], placer: Placer) -> None:
    """Draw crosses first, then the badges where they find room on their lines."""
    for spot, half, mark in [
        c for m in view.marks if m.shape != "badge" for c in _cross(sheet, m, strokes, placer)
    ]:
        _badge_beside(sheet, mark, spot, half, placer)
    for mark in view.marks:
        if mark.shape == "badge":
            _line_badges(sheet, mark, _drawn(sheet, strokes, mark.colour), placer)


def _cross(
    sheet: Sheet, mark: Mark, strokes: Sequence[Stroke], placer: Placer
) -> list[tuple[tuple[float, float], float, Mark]]:
    """Draw a cross or a warning on links or a place; return where its number or id is still to be written."""
    spots = [sheet.points[mark.node]] if mark.node in sheet.points else []
    moved = _drawn(sheet, strokes, mark.colour)
    for link in mark.links:
        if link in sheet.lines:
            line = moved.get(id(sheet.lines[link]), sheet.lines[link])
            spots.append(line.interpolate(0.5, normalized=True).coords[0])
    spots = [spot for spot in spots if _within(sheet, spot)]
    small = 0.75 if mark.node else 1.0
    half = 4.5 * sheet.scale * small
    for spot in spots:
        x, y = sheet.paper(spot)
        _sign(sheet.ax, mark.shape, [spot[0]], [spot[1]], sheet.scale * small, 8)
        placer.block((x - half, y - half, x + half, y + half))
    return [(spots[0], half + 0.3, mark)] if spots and mark.text else []


def _badge_beside(sheet: Sheet, mark: Mark, spot: tuple[float, float], gap: float, placer: Placer) -> None:
    """Draw a badge next to a spot, with a short line to it when it had to go farther out."""
    x, y = sheet.paper(spot)
    width, half = _badge_size(sheet, mark.text)
    box = placer.around(x, y, 2 * half[0], 2 * half[1], gap)
    if box:
        at = sheet.ground((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        if math.dist(sheet.paper(at), (x, y)) > gap + max(half) + 2:
            sheet.ax.plot(*zip(spot, at, strict=True), color=mark.colour, lw=0.7 * sheet.scale, zorder=7.9)
        _badge(sheet.ax, *at, mark.text, mark.colour, width, sheet.unit, sheet.scale)


def _badge_size(sheet: Sheet, text: str) -> tuple[float, tuple[float, float]]:
    """Return the width of a badge and half the room that it takes, in points."""
    width = sheet.measure(text, 5.8 * sheet.scale, bold=True)[0] + 5 * sheet.scale
    return width, (max(width, 9.5 * sheet.scale) / 2 + 0.6, 9.0 * sheet.scale / 2 + 0.6)


def _line_badges(sheet: Sheet, mark: Mark, moved: Mapping[int, Any], placer: Placer) -> None:
    """Put a badge on its lines, up to `mark.most` times, spread out."""
    width, half = _badge_size(sheet, mark.text)
    spots = []
    for link in mark.links:
        line = sheet.lines.get(link)
        if line is not None:
            line = moved.get(id(line), line)
            for part in (0.5, 0.35, 0.65, 0.2, 0.8):
                at = line.interpolate(part, normalized=True).coords[0]
                spots.append(
                    (abs(part - 0.5) * 40 - min(line.length / sheet.unit, 80) * 0.5, *sheet.paper(at))
                )
    placed: list[tuple[float, float]] = []
    for _ in range(mark.most):
        # long lines first; after the first badge, far from the others
        near = [min((math.dist(spot[1:], p) for p in placed), default=0.0) for spot in spots]
        for _, x, y in (
            spots[i] for i in sorted(range(len(spots)), key=lambda i: (spots[i][0] - near[i], spots[i]))
        ):
            box = (x - half[0], y - half[1], x + half[0], y + half[1])
            apart = all(math.hypot(x - a, y - b) > 75 * sheet.scale for a, b in placed)
            if apart and placer.free(box):
                placer.block(box)
                placed.append((x, y))
                _badge(sheet.ax, *sheet.ground(x, y), mark.text, mark.colour, width, sheet.unit, sheet.scale)
                break
    if spots and not placed:  # no room on the line: beside it
        _badge_beside(sheet, mark, sheet.ground(*min(spots)[1:]), 3 * sheet.scale, placer)


def _importance(view: View, shown: Mapping[str, str], capitals: set[str]) -> dict[str, float]:
    """Return how much each place wants its name on the map: asked for, capital, port, terminal, junction."""
    rows = _columns(view.net, "from_node", "to_node")
    degree: dict[str, int] = {}
    for link in view.links or rows:
        for node in rows[link]:
            degree[node] = degree.get(node, 0) + 1
    weight = {
        "origin": 200.0,
        "destination": 200.0,
        "seaport": 60.0,
        "intermodal_terminal": 50.0,
        "city": 20.0,
        "airport": 15.0,
    }
    out = {}
    for node, sign in shown.items():
        asked = sign in ("origin", "destination")
        if (node in degree and sign in weight) or asked or node in capitals:
            out[node] = weight.get(sign, 5.0) + 4 * degree.get(node, 0) + (100 if node in capitals else 0)
    return out


def _capitals(sheet: Sheet, view: View, shown: Mapping[str, str], base: Basemap) -> set[str]:
    nodes = view.net.table("nodes")
    kinds = dict(zip(nodes["node_id"].tolist(), nodes["kind"].tolist(), strict=True))
    towns = [n for n in shown if kinds[n] not in ("border_crossing", "road_node", "rail_node")]
    return base.capitals({n: sheet.points[n] for n in towns})


def _labels(
    sheet: Sheet, view: View, shown: Mapping[str, str], wish: Mapping[str, float], placer: Placer
) -> None:
    """Name places, the most important first; a place whose label finds no room stays without."""
    for node in sorted(wish, key=lambda n: (-wish[n], n))[:160]:
        if not _within(sheet, sheet.points[node]):
            continue
        big = wish[node] >= BIG
        size = (7.0 if big else 5.9 if wish[node] >= 40 else 5.4) * sheet.scale
        text = _place(view.net, node)
        width, height = sheet.measure(text, size, bold=big)
        gap = (SIGNS[shown[node]][1] / 2 + 1.2) * sheet.scale
        x, y = sheet.paper(sheet.points[node])
        limit = math.inf if big else 6.0 if wish[node] >= 40 else 3.6
        box = placer.around(x, y, width + 1, height + 0.5, gap, limit)
        if box:
            at = sheet.ground((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
            colour = INK if wish[node] >= 40 else "#2f4353"
            _write(
                sheet.ax,
                *at,
                text,
                size,
                colour,
                bold=big,
                halo=1.8 * sheet.scale,
                zorder=10,
                gid=f"label-{node}",
            )


def _graticule(sheet: Sheet, placer: Placer) -> None:
    """Draw meridians and parallels on round degrees, with their values at the lower and the left edge."""
    west, south, east, north = sheet.outline
    span = max(east - west, north - south)
    if span > 120:  # so large a piece of the globe that lines would only confuse
        return
    step = next(s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if span / s <= 9 or s == 20)
    frame = shapely.box(*sheet.corner, *sheet.far)
    for meridian in (True, False):
        low, high = (west, east) if meridian else (south, north)
        a, b = (south, north) if meridian else (west, east)
        for k in range(math.ceil(low / step), math.floor(high / step) + 1):
            along, fixed = np.linspace(a - 1, b + 1, 40), np.full(40, k * step)
            pairs = (fixed, along) if meridian else (along, fixed)
            xs, ys = sheet.forward.transform(*pairs)
            line = shapely.intersection(shapely.linestrings(np.stack([xs, ys], axis=1)), frame)
            for part in shapely.get_parts(line):
                xy = np.asarray(part.coords)
                if len(xy) < 2:
                    continue
                sheet.ax.plot(
                    *xy.T,
                    color="#9fb3bf",
                    lw=0.35 * sheet.scale,
                    alpha=0.55,
                    zorder=2.2,
                    scalex=False,
                    scaley=False,
                )
                _degree(sheet, xy, k * step, meridian, placer)


def _degree(sheet: Sheet, xy: Any, value: float, meridian: bool, placer: Placer) -> None:
    sign = ("E" if value >= 0 else "W") if meridian else ("N" if value >= 0 else "S")
    end = xy[np.argmin(xy[:, 1] if meridian else xy[:, 0])]
    x, y = sheet.paper(end)
    on_edge = y < 2 if meridian else x < 2
    room = 15 < (x if meridian else y) < (sheet.width if meridian else sheet.height) - 15
    s = sheet.scale
    dx, dy, left = (0.0, 5.0 * s, 8.0 * s) if meridian else (2.5 * s, 0.0, 0.0)
    box = (x + dx - left, y + dy - 2.5 * s, x + dx - left + 16 * s, y + dy + 2.5 * s)
    if on_edge and room and placer.free(box):
        placer.block(box)
        at = sheet.ground(x + dx, y + dy)
        _write(
            sheet.ax,
            *at,
            f"{abs(value):g}°{sign}",
            4.8 * sheet.scale,
            "#6f8797",
            halo=1.2 * sheet.scale,
            zorder=2.6,
            ha="center" if meridian else "left",
        )


def _scale_and_north(sheet: Sheet, placer: Placer) -> None:
    """Draw scale bar and north arrow in the emptiest corner of the map."""
    s = sheet.scale
    span = sheet.width * sheet.unit
    length = next(m * 10.0**p for p in range(6, 0, -1) for m in (5, 2, 1) if m * 10.0**p <= span * 0.2)
    wide, tall = length / sheet.unit + 34 * s, 26 * s
    corners = [
        (x, y, x + wide, y + tall)
        for x in (9 * s, sheet.width - wide - 6 * s)
        for y in (11 * s, sheet.height - tall - 6 * s)
    ]
    box = placer.best(corners) or corners[0]
    left, bottom = box[0] + 6 * s, box[1] + 5 * s
    part = length / 4
    for i in range(4):
        x, y = sheet.ground(left, bottom)
        sheet.ax.add_patch(
            Rectangle(
                (x + i * part, y),
                part,
                2.4 * s * sheet.unit,
                fc=INK if i % 2 == 0 else "white",
                ec=INK,
                lw=0.5 * s,
                zorder=8,
            )
        )
    unit, word = (1000.0, "km") if length >= 1000 else (1.0, "m")
    for share, text in ((0.0, "0"), (0.5, f"{length / 2 / unit:g}"), (1.0, f"{length / unit:g} {word}")):
        at = sheet.ground(left + share * length / sheet.unit, bottom + 6.5 * s)
        _write(sheet.ax, *at, text, 5.2 * s, INK, halo=1.4 * s, zorder=8)
    _north(sheet, sheet.ground(box[2] - 12 * s, box[1] + 9 * s))


def _north(sheet: Sheet, foot: tuple[float, float]) -> None:
    """Draw an arrow from `foot` along the meridian there; in this projection north is not up."""
    lon, lat = sheet.forward.transform(*foot, direction="INVERSE")
    ahead = np.array(sheet.forward.transform(lon, lat + 0.05)) - foot
    along = ahead / float(np.hypot(*ahead))
    across = np.array([along[1], -along[0]])
    size = sheet.metres(11)
    base = np.array(foot)
    for way, face in ((1, INK), (-1, "white")):
        half = [
            base + along * size,
            base + across * way * size * 0.3 - along * size * 0.12,
            base + along * size * 0.12,
        ]
        sheet.ax.add_patch(
            Polygon(np.array(half), closed=True, fc=face, ec=INK, lw=0.5 * sheet.scale, zorder=8)
        )
    at = base + along * size * 1.42
    _write(
        sheet.ax,
        float(at[0]),
        float(at[1]),
        "N",
        6.0 * sheet.scale,
        INK,
        bold=True,
        halo=1.4 * sheet.scale,
        zorder=8,
    )


def _frame(sheet: Sheet, title: str, subtitle: str, base: Basemap) -> None:
    """Write title, subtitle and footer, and close the map's frame."""
    s, (wide, tall) = sheet.scale, sheet.page
    for spine in sheet.ax.spines.values():
        spine.set_edgecolor(INK)
        spine.set_linewidth(0.8 * s)
        spine.set_zorder(13)
    full = wide - 2 * sheet.edge

    def line(y: float, text: str, size: float, colour: str, bold: bool = False) -> None:
        sheet.figure.text(
            sheet.edge / wide,
            y / tall,
            sheet.cut(text, size, full, bold=bold),
            fontsize=size,
            color=colour,
            weight="bold" if bold else "normal",
            ha="left",
            va="center",
            parse_math=False,
        )

    title, subtitle = plain(title, 300), plain(subtitle, 400)
    size = 15.0 * s
    while size > 9.5 * s and sheet.measure(title, size, bold=True)[0] > full:
        size *= 0.96
    line(tall - sheet.edge - 7 * s, title, size, INK, True)
    lines = sheet.wrap(subtitle, 7.6 * s, full)[:2]
    for i, words in enumerate(lines):
        line(tall - sheet.edge - (23 + 10 * i) * s, words, 7.6 * s, SOFT)
    name = (
        "ETRS89-LAEA Europe (EPSG:3035)"
        if sheet.crs.to_epsg() == 3035
        else "azimuthal equal-area about the network"
    )
    basemap = (
        "Basemap: Natural Earth via world-atlas 2.0.2, borders of 2017-18"
        if base.covers
        else "No basemap for this region"
    )
    notes = [
        f"{CAVEAT} Alignments are schematic.",
        f"{_data_line(base.net)}. {basemap}. Projection: {name}.",
        *([KOSOVO] if base.kosovo else []),
    ]
    for i, text in enumerate(notes):
        line(sheet.edge / 2 * 0.6 + sheet.foot - (6 + 8.6 * i) * s, text, 5.8 * s, SOFT)


# ---- the basemap


@lru_cache(maxsize=4)
def _layer(file: str, layer: str) -> Any:
    """Return a layer of the shipped geodata; read once, never changed."""
    path = shipped("geodata") / file
    return gpd.read_file(path, layer=layer) if path.is_file() else None


@lru_cache(maxsize=1)
def _names() -> tuple[dict[str, str], ...]:
    path = shipped("geodata") / "country_labels.csv"
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


class Basemap:
    """Countries, sea and their names, as far as the shipped files reach."""

    def __init__(self, sheet: Sheet, net: Network) -> None:
        self.sheet, self.net = sheet, net
        self.shapes: list[tuple[str, Any]] = []
        self.edges: list[Any] = []
        if sheet.crs.to_epsg() == 3035:
            self._read()

    @property
    def covers(self) -> bool:
        """Whether any land is in view."""
        return bool(self.shapes)

    @property
    def kosovo(self) -> bool:
        """Whether Kosovo is in view."""
        frame = shapely.box(*self.sheet.corner, *self.sheet.far)
        return any(code == "XK" and shapely.intersects(shape, frame) for code, shape in self.shapes)

    def _read(self) -> None:
        """Read the fine file where it reaches, the coarse one around it, and project both."""
        west, south, east, north = self.sheet.outline
        view = shapely.box(west - 0.3, south - 0.3, east + 0.3, north + 0.3)
        code = {r["iso_n3"]: r["code"] for r in _names() if r["kind"] == "country" and r["iso_n3"]}
        fine, coarse = (
            _layer("borders_world_atlas_10m.gpkg", "countries"),
            _layer("europe_world_atlas_50m.gpkg", "countries"),
        )
        inner = shapely.box(*fine.total_bounds) if fine is not None else shapely.Polygon()
        parts: list[tuple[Any, bool]] = [(fine, True)] if fine is not None else []
        if coarse is not None and not inner.contains(view):
            parts.append((coarse, False))
        for frame, is_fine in parts:
            for number, name, shape in zip(
                frame["id"], frame["name"], frame.geometry.to_numpy(), strict=True
            ):
                shape = shapely.intersection(shape, view)
                if not is_fine:
                    self.edges.append(
                        shapely.difference(
                            shapely.intersection(shapely.boundary(shape), view.buffer(-0.1)), inner
                        )
                    )
                    shape = shapely.difference(shape, inner)
                if not shape.is_empty:
                    key = "XK" if name == "Kosovo" else code.get(str(number), str(name))
                    self.shapes.append((key, self._project(shape)))
        borders = _layer("borders_world_atlas_10m.gpkg", "land_borders")
        if borders is not None:
            self.edges += [shapely.intersection(b, view) for b in borders.geometry.to_numpy()]
        self.edges = [self._project(e) for e in self.edges if not e.is_empty]

    def _project(self, shape: Any) -> Any:
        """Project a shape and leave out detail that is finer than the printed line."""

        def move(xy: Any) -> Any:
            return np.stack(self.sheet.forward.transform(xy[:, 0], xy[:, 1]), axis=1)

        moved = shapely.transform(shapely.segmentize(shape, 0.5), move)
        return shapely.simplify(moved, self.sheet.unit * 0.18, preserve_topology=True)

    def draw(self, states: set[str]) -> None:
        """Fill sea and land, the states in question white."""
        ax, s = self.sheet.ax, self.sheet.scale
        if not self.covers:
            ax.set_facecolor("#f6f5f1")
            return
        ax.set_facecolor(SEA)
        rough = [shapely.simplify(shape, self.sheet.unit * 1.2) for _, shape in self.shapes]
        for width, tone in ((9.0, "#d1e3ec"), (5.0, "#c8dde8"), (2.0, "#bcd5e1")):
            self._fill(rough, tone, tone, width * s, 0.5)
        self._fill([shape for _, shape in self.shapes], COAST, COAST, 0.9 * s, 0.6)
        for tone, inside in ((LAND, False), (FOCUS, True)):
            chosen = [shape for code, shape in self.shapes if (code in states) == inside]
            self._fill(chosen, tone, tone, 0.25 * s, 0.7)
        lines = [
            np.asarray(p.coords)
            for e in self.edges
            for p in shapely.get_parts(e)
            if p.geom_type == "LineString"
        ]
        ax.add_collection(
            LineCollection(lines, colors=[BORDER_LINE], linewidths=[0.6 * s], zorder=2.0), autolim=False
        )

    def _fill(self, shapes: Sequence[Any], face: str, edge: str, width: float, zorder: float) -> None:
        rings = [
            np.asarray(part.exterior.coords)
            for shape in shapes
            for part in shapely.get_parts(shape)
            if part.geom_type == "Polygon"
        ]
        self.sheet.ax.add_collection(
            PolyCollection(
                rings,
                facecolors=[face],
                edgecolors=[edge],
                linewidths=[width],
                joinstyle="round",
                zorder=zorder,
            ),
            autolim=False,
        )

    def capitals(self, points: Mapping[str, Any]) -> set[str]:
        """Return the places that are capitals: for each the nearest one within 15 km."""
        out = set()
        for row in _names():
            if row["kind"] == "capital" and points:
                x, y = self.sheet.forward.transform(float(row["lon"]), float(row["lat"]))
                far, node = min((math.hypot(x - p[0], y - p[1]), n) for n, p in points.items())
                if far < 15_000:
                    out.add(node)
        return out

    def label(self, placer: Placer, states: set[str]) -> None:
        """Write the names of countries and seas, moved aside where something is in the way."""
        if not self.covers:
            return
        sheet, s = self.sheet, self.sheet.scale
        for _, shape in self.shapes:
            shapely.prepare(shape)
        for row in sorted(_names(), key=lambda r: (r["code"] != "XK", r["code"] not in states)):
            spot = self._spot(row) if row["kind"] != "capital" else None
            if spot is None:
                continue
            land, angle = row["kind"] == "country", float(row["angle"] or 0)
            text = _two_lines(row["name"].upper()) if land else row["name"]
            for size in (6.2 * s, 5.2 * s) if land else (7.6 * s,):
                box = self._room(text, spot, size, angle, row["code"], placer)
                if box:
                    at = sheet.ground((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
                    _write(
                        sheet.ax,
                        *at,
                        text,
                        size,
                        "#857c70" if land else SEA_INK,
                        italic=not land,
                        angle=angle,
                        zorder=9.5,
                        halo=1.6 * s,
                        halo_colour=(FOCUS if row["code"] in states else LAND) if land else SEA,
                        gid=f"area-{row['name']}",
                    )
                    break

    def _spot(self, row: Mapping[str, str]) -> tuple[float, float] | None:
        """Return where a name goes: its place by hand, else inside what is in view of the country."""
        sheet = self.sheet
        x, y = sheet.forward.transform(float(row["lon"]), float(row["lat"]))
        if _within(sheet, (x, y)):
            return float(x), float(y)
        frame = shapely.box(*sheet.corner, *sheet.far)
        seen = [
            shapely.intersection(shape, frame)
            for key, shape in self.shapes
            if row["code"] and key == row["code"]
        ]
        largest = max(seen, key=lambda s: float(s.area), default=None)
        if largest is None or largest.area < frame.area * (0.002 if row["code"] == "XK" else 0.03):
            return None
        point = shapely.point_on_surface(largest)
        return float(point.x), float(point.y)

    def _room(self, text: str, spot: Any, size: float, angle: float, code: str, placer: Placer) -> Box | None:
        """Return the free box nearest to a spot that covers few lines and stays in its country or in the sea.

        Kosovo, named in the footnote, takes any free box inside.
        """
        lines = [self.sheet.measure(line, size, italic=not code) for line in text.split("\n")]
        width, height = max(w for w, _ in lines), 1.1 * sum(h for _, h in lines)
        turn = math.radians(abs(angle))
        wide, tall = (
            width * math.cos(turn) + height * math.sin(turn),
            width * math.sin(turn) + height * math.cos(turn),
        )
        step = 6 * self.sheet.scale
        reach = np.arange(-8, 9)
        moves = np.stack(np.meshgrid(reach, reach), axis=-1).reshape(-1, 2)
        moves = moves[np.lexsort((moves[:, 1], moves[:, 0], np.hypot(moves[:, 0], moves[:, 1])))]
        centres = self.sheet.paper(spot) + moves * step
        kept = centres[self._home(centres, wide, tall, code)].tolist()
        boxes = [(x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2) for x, y in kept]
        return placer.best(boxes, math.inf if code == "XK" else 9.0, 0.06)

    def _home(self, centres: Any, wide: float, tall: float, code: str) -> Any:
        """Return which names lie where they belong: most of it in its country, none of a sea's on land."""
        offsets = np.array([(fx * wide, fy * tall) for fx in (-0.46, 0, 0.46) for fy in (-0.35, 0.35)])
        at = self.sheet.corner + (centres[:, None, :] + offsets) * self.sheet.unit
        inside = np.zeros(at.shape[:2], int)
        for key, shape in self.shapes:
            if not code or key == code:
                inside += shapely.contains_xy(shape, at[..., 0], at[..., 1])
        return inside.sum(axis=1) >= 5 if code else inside.sum(axis=1) == 0

    def inset(self) -> float:
        """Draw where the map lies in Europe at the foot of the side panel; return the height it takes."""
        coarse = _layer("europe_world_atlas_50m.gpkg", "countries")
        if not self.covers or coarse is None:
            return 0.0
        sheet, s = self.sheet, self.sheet.scale
        tall = 84 * s
        unit = 3_650_000 / tall
        x0, y0 = 2_600_000.0, 1_400_000.0
        wide = min(sheet.side_width, 3_600_000 / unit)
        (px, py), (pw, ph) = sheet.side.get_position().p0, sheet.page
        ax = sheet.figure.add_axes((px, py, wide / pw, tall / ph))
        ax.set_facecolor(SEA)
        shapes = [self._coarse(shape, unit) for shape in coarse.geometry.to_numpy()]
        rings = [
            np.asarray(p.exterior.coords)
            for shape in shapes
            for p in shapely.get_parts(shape)
            if not p.is_empty
        ]
        ax.add_collection(
            PolyCollection(rings, facecolors=[LAND], edgecolors=["#b9b3a9"], linewidths=[0.3 * s]),
            autolim=False,
        )
        (a, b), (c, d) = sheet.corner, sheet.far
        ax.add_patch(Rectangle((a, b), c - a, d - b, fc="#D55E00", alpha=0.18, ec="none", zorder=3))
        ax.add_patch(Rectangle((a, b), c - a, d - b, fc="none", ec="#B34700", lw=1.1 * s, zorder=4))
        ax.set_xlim(x0, x0 + wide * unit)
        ax.set_ylim(y0, y0 + tall * unit)
        ax.set_xticks([])
        ax.set_yticks([])
        for spine in ax.spines.values():
            spine.set_edgecolor(SOFT)
            spine.set_linewidth(0.6 * s)
        return float(tall + 6 * s)

    def _coarse(self, shape: Any, unit: float) -> Any:
        moved = shapely.transform(
            shape, lambda xy: np.stack(self.sheet.forward.transform(xy[:, 0], xy[:, 1]), axis=1)
        )
        return shapely.simplify(moved, unit * 0.25, preserve_topology=True)
