"""The basemap: countries, sea, rivers and lakes with their names, and the inset of Europe."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from mobility.course import smooth
from mobility.network import shipped
from mobility.pen import BORDER_LINE, COAST, FOCUS, LAND, SEA, SEA_INK, SOFT, Box, Look, Pen
from mobility.placer import centre
from mobility.sheet import Sheet, spines, transformer


@lru_cache(maxsize=4)
def _layer(file: str, layer: str) -> Any:
    """Return a layer of the shipped geodata; read once, never changed."""
    return gpd.read_file(shipped("geodata") / file, layer=layer)


@lru_cache(maxsize=1)
def _names() -> tuple[dict[str, str], ...]:
    with (shipped("geodata") / "country_labels.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


RIVER = "#a6c8da"

INSET = (2_600_000.0, 1_400_000.0, 3_600_000.0, 3_650_000.0)
"""Corner, width and height of the inset in metres of ETRS89-LAEA."""


@lru_cache(maxsize=2)
def _europe(unit: float) -> list[Any]:
    """Return the countries of the inset, in points of `unit` metres from its corner."""

    def move(xy: Any) -> Any:
        east, north = transformer("EPSG:3035").transform(xy[:, 0], xy[:, 1])
        return (np.stack([east, north], axis=1) - INSET[:2]) / unit

    shapes = _layer("europe_world_atlas_50m.gpkg", "countries").geometry.to_numpy()
    return [shapely.simplify(shapely.transform(shape, move), 0.25) for shape in shapes]


def _named(name: str, shape: Any) -> list[tuple[str, Any]]:
    """Return a river by the names that it bears along its course: of two languages each on its side.

    The source leads the Mur on to the Danube; below the mouth of the Mur, at 16.9 E, that is the Drava.
    """
    upper, _, lower = name.partition(" / ")
    if not lower:
        return [(name, shape)]
    turns = {"Mur": ((16.0, upper), (16.9, lower), (math.inf, "Drava"))}
    out, west = [], -180.0
    for east, text in turns.get(upper, ((15.0, upper), (math.inf, lower))):
        out.append((text, shapely.intersection(shape, shapely.box(west, -90, min(east, 180.0), 90))))
        west = east
    return [(text, piece) for text, piece in out if not piece.is_empty]


def _river_width(rank: float) -> float:
    return 1.1 if rank <= 2 else 0.8 if rank <= 5 else 0.55


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
        self.rivers: list[tuple[str, float, Any]] = []
        self.lakes: list[tuple[str, Any]] = []
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
        most = 4 if east - west > 32 else 9
        rivers, lakes = (_layer("water_natural_earth_10m.gpkg", layer) for layer in ("rivers", "lakes"))
        for name, rank, shape in zip(rivers["name"], rivers["scalerank"], rivers.geometry.to_numpy(), strict=True):
            if rank <= most and shapely.intersects(shape, view):
                for text, reach in _named(name if isinstance(name, str) else "", shape):
                    for part in shapely.get_parts(self._project(shapely.intersection(reach, view))):
                        if part.geom_type == "LineString" and part.length > 4:
                            self.rivers.append((text, float(rank), part))
        for name, shape in zip(lakes["name"], lakes.geometry.to_numpy(), strict=True):
            if shapely.intersects(shape, view):
                self.lakes.append((name if isinstance(name, str) else "", self._project(shape)))

    def _project(self, shape: Any) -> Any:
        """Project a shape and leave out detail that is finer than the printed line."""
        return shapely.simplify(self.sheet.project(shapely.segmentize(shape, 0.5)), 0.25)

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
        pen.lines([(np.asarray(p.coords), RIVER, _river_width(rank)) for _, rank, p in self.rivers], 1.5)
        pen.fill([shape for _, shape in self.lakes], SEA, COAST, 0.4, 1.6)
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
                    self.pen.write(*centre(box), text, size, colour, gid=f"area-{row['name']}", **look)
                    break

    def waters(self) -> None:
        """Write the names of rivers along them and of lakes beside them, where there is room."""
        pen, placer, done = self.pen, self.sheet.placer, dict[str, list[Any]]()
        longest = sorted(self.rivers, key=lambda r: (r[1], -r[2].length, r[0]))
        for name, rank, shape in longest:
            size, text = 5.6 if rank <= 3 else 4.9, name
            long = pen.measure(text, size, italic=True)[0] * 1.12
            most = 2 if rank <= 3 else 1
            for path in self._reaches(shape, long + 2, size):
                middle = path.interpolate(0.5, normalized=True)
                if len(done.get(text, ())) >= most or any(middle.distance(p) < 220 for p in done.get(text, ())):
                    break
                half = size * 0.62 * self.sheet.scale
                at = np.linspace(0, 1, max(3, round(long / half)))
                spots = shapely.get_coordinates(shapely.line_interpolate_point(path, at, normalized=True))
                boxes = [(x - half, y - half, x + half, y + half) for x, y in spots]
                if placer.free(boxes).all() and placer.costs(boxes).sum() <= 1.2:
                    placer.boxes += boxes
                    pen.along(path, text, size, SEA_INK, halo=1.3, around=FOCUS, zorder=9.3, gid=f"water-{text}")
                    done.setdefault(text, []).append(middle)

    def _reaches(self, river: Any, long: float, size: float) -> list[Any]:
        """Return stretches of a river that hold a text, lifted off the line, the straightest first."""
        if river.length < 1.6 * long:
            return []
        line = np.asarray(river.coords)
        line = smooth(line if line[0, 0] <= line[-1, 0] else line[::-1], 9.0)
        path, out = shapely.linestrings(line), []
        for start in np.arange(0.0, max(path.length - long, 0.0), 9.0):
            at = shapely.line_interpolate_point(path, np.linspace(start, start + long, 12))
            xy = shapely.get_coordinates(at)
            chord = float(np.hypot(*(xy[-1] - xy[0])))
            bend = long / max(chord, 1e-9)
            slope = abs(math.atan2(xy[-1, 1] - xy[0, 1], xy[-1, 0] - xy[0, 0]))
            if bend < 1.12 and slope < 1.45:
                lift = (xy[-1] - xy[0])[::-1] * (-1, 1) / max(chord, 1e-9) * size * 0.62 * self.sheet.scale
                out.append((round(bend, 2) + 0.08 * slope, start, shapely.linestrings(xy + lift)))
        return [p for _, _, p in sorted(out, key=lambda o: o[:2])]

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

    def inset(self) -> float:
        """Draw where the map lies in Europe at the foot of the side panel; return what it takes of the width."""
        sheet, s = self.sheet, self.sheet.scale
        if not self.covers:
            sheet.panel.floor = 90.0 * s
            return 0.0
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
        spines(pen.ax, SOFT, 0.6 * s)
        sheet.panel.floor = float(tall + 6 * s)
        return float(wide + 6 * s)
