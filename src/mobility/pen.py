"""What draws on a page: letters, signs, badges, lines with casing, ties and dashes.

Everything is measured in points on paper; sizes are those on A4 and grow with the page.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import shapely
from matplotlib import ft2font, rc_context
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.patches import FancyBboxPatch, Polygon
from matplotlib.patheffects import withStroke

from mobility import course
from mobility.errors import shorten

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

SEA_LINE, RIVER_LINE, SEA_CASING = "#6d8da1", "#2f7fa8", "#eaf3f8"

OPEN, BUILDING, HOLLOW, CLOSED = "operational", "under_construction", ("planned", "missing"), "closed"
WATER = ("sea", "waterway")
DASHES: Mapping[str, Any] = {"sea": (0, (5, 1.6, 0.9, 1.6)), "waterway": (0, (7, 1.1))}
"""How lines on water are broken."""

SIGNS: Mapping[str, tuple[str, float, str, str, float]] = {
    "small": ("o", 1.7, "white", SOFT, 0.6),
    "border_crossing": ("D", 2.5, "white", INK, 0.7),
    "city": ("o", 3.2, "white", INK, 0.8),
    "airport": ("p", 4.6, "white", INK, 0.8),
    "intermodal_terminal": ("o", 5.0, "white", INK, 1.1),
    "seaport": ("s", 4.8, INK, "white", 0.7),
    "origin": ("^", 9.5, INK, "white", 1.0),
    "destination": ("*", 13.0, INK, "white", 1.0),
    "isolated": ("o", 11.0, "none", RED, 1.5),
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
    "hatch.linewidth": 0.5,
}
"""Only what decides the bytes of a file; everything else is set where it is drawn."""


class MapFigure(Figure):
    """A figure that a notebook shows by itself, with no pyplot."""

    def _repr_png_(self) -> bytes:
        from PIL import Image

        drawn, small = io.BytesIO(), io.BytesIO()
        with rc_context(SETTINGS):
            self.savefig(drawn, format="png", dpi=min(self.dpi, 130))
        # a notebook keeps it: in 256 colours, rare ones among them, it takes a third of the room and looks the same
        with Image.open(drawn) as picture:
            few = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(small, "PNG", optimize=True)
        return small.getvalue()


def lightness(colour: str) -> float:
    """Return how light a colour is in print without colour: L* of CIELAB, 0 black to 100 white.

    >>> [round(lightness(c)) for c in ("black", "white", "#777777")]
    [0, 100, 50]
    """
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    y = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    return float(116 * np.cbrt(y) - 16 if y > 216 / 24389 else y * 24389 / 27)


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    return frozenset(ft2font.FT2Font(findfont("DejaVu Sans")).get_charmap())


def plain(text: str, width: int = 48) -> str:
    """Return text on one line that the bundled font can write; other letters become a box."""
    known = _glyphs()
    return shorten("".join(c if ord(c) in known else "□" for c in " ".join(text.split())), width)


@dataclass(frozen=True)
class Stroke:
    """A line in points on the page, with its look.

    Attributes
    ----------
    parts : sequence of ndarray
        Coordinates, from west to east.
    shift : float
        To the left of the line's direction.
    level : int
        Order of drawing.
    second : str
        Colour of another corridor that runs on the same link.
    edge : str
        Colour of a thin outline, for pale lines.
    dotted : bool
        The course is schematic or not known.
    dashed : bool
        Dashes over the full width, for what is closed to somebody.
    unsure : bool
        The value rests on an estimate or a weak source: fine slits.
    """

    parts: Sequence[Any]
    colour: str
    width: float
    mode: str = "road"
    status: str = OPEN
    shift: float = 0.0
    level: int = 0
    second: str = ""
    edge: str = ""
    dotted: bool = False
    dashed: bool = False
    unsure: bool = False

    @cached_property
    def paths(self) -> list[Any]:
        """The line as it is drawn: shifted, without vertices that do not show."""
        return [course.light(course.beside(part, self.shift)) for part in self.parts]

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
        self.write(x, y, text, 5.8, "white" if lightness(colour) < 65 else INK, bold=True, zorder=9.1)

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
            open_ = [(s, p) for s, p in group if s.status != CLOSED]
            land = [(s, p) for s, p in open_ if s.mode not in WATER]
            dotted = [(s, p) for s, p in land if s.dotted and s.status == OPEN and not s.dashed]
            dashed = [(s, p) for s, p in land if s.dashed]
            whole = [(s, p) for s, p in land if not (s.dashed or (s.dotted and s.status == OPEN))]
            cased = [(s, p) for s, p in group if s.mode not in WATER or s.width > 0.8]
            self.lines([(p, SEA_CASING if s.mode in WATER else "white", s.width + 1.5) for s, p in cased], z)
            self.lines([(p, s.edge, s.width + 0.7) for s, p in group if s.edge], z + 0.001)
            self.lines([(p, s.colour, s.width) for s, p in whole], z + 0.002)
            self.lines([(p, s.colour, s.width) for s, p in dotted], z + 0.002, (0, (0.01, 1.45)))
            self.lines([(p, s.colour, s.width) for s, p in dashed], z + 0.002, (0, (1.9, 0.8)), "butt")
            twice = [(p, s.second, s.width) for s, p in land if s.second]
            self.lines(twice, z + 0.003, (0, (3, 3)), "butt")
            self.lines([(p, SHUT, s.width) for s, p in shut], z + 0.002, (0, (1.6, 1.1)), "butt")
            for mode, dash in DASHES.items():
                self.lines([(p, s.colour, s.width) for s, p in open_ if s.mode == mode], z + 0.002, dash, "butt")
            hollow = [(p, "white", max(0.5, s.width - 1.0)) for s, p in land if s.status in HOLLOW]
            self.lines(hollow, z + 0.003)
            inner = [(p, "white", max(0.5, s.width * 0.45)) for s, p in land if s.status == BUILDING]
            self.lines(inner, z + 0.003, (0, (4.5, 3.5)), "butt")
            for width in sorted({s.width for s, _ in open_ if s.unsure}):
                slit = (3.5 / width, (0.9 / width, 6.1 / width))  # dashes count in widths; slits are as wide on all
                rows = [(p, "white", width) for s, p in open_ if s.unsure and s.width == width]
                self.lines(rows, z + 0.0035, slit, "butt")
            ties = [
                (tie, SHUT if s.status == CLOSED else s.edge or s.colour, 0.7)
                for s, p in group
                if s.mode == "rail"
                for tie in _ties(p, 5.2 * self.scale, (s.width / 2 + 1.1) * self.scale)
            ]
            self.lines(ties, z + 0.004, cap="butt")

    def along(
        self, path: Any, text: str, size: float, colour: str, *, halo: float, around: str, zorder: float, gid: str
    ) -> None:
        """Write a text letter by letter along a line, which must be at least as long, centred on it."""
        widths = [self.measure(text[: i + 1], size, italic=True)[0] for i in range(len(text))]
        spread = 1.12  # a river is named in spaced letters
        start = (path.length - widths[-1] * spread) / 2
        spots = []
        for i, letter in enumerate(text):
            middle = start + spread * (widths[i] + (widths[i - 1] if i else 0.0)) / 2
            a, b = (np.array(path.interpolate(max(0.0, middle + d)).coords[0]) for d in (-2.5, 2.5))
            turn = np.arctan2(*(b - a)[::-1])
            x, y = path.interpolate(middle).coords[0]
            drop = 0.36 * size * self.scale  # from the middle of the letters to the line that they stand on
            spots.append((x + drop * np.sin(turn), y - drop * np.cos(turn), letter, float(np.degrees(turn))))
        for lift in (0.0, 0.01):  # the halo of a letter must not cover the one before it
            for x, y, letter, turn in spots:
                look: Look = {"rotation": turn, "rotation_mode": "anchor", "va": "baseline"}
                look |= {"zorder": zorder + lift, "gid": gid}
                self.write(x, y, letter, size, colour, italic=True, halo=0.0 if lift else halo, around=around, **look)
