"""Charts of a movement: units over time (Gantt), a movement graph along a way, and the arrival curve."""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mobility import prints
from mobility.errors import InputError, did_you_mean
from mobility.movement import MovementTable, MoveUnit
from mobility.network import Network
from mobility.pen import INK, PAGES, PT_PER_MM, RED, SETTINGS, SOFT, Look, MapFigure, plain
from mobility.replay import Replay
from mobility.report import KOSOVO
from mobility.view import CAVEAT, data_line, place

MODE_LOOK: Mapping[str, tuple[str, str]] = {
    "road": ("#D55E00", "march unit by road"),
    "rail": ("#12304a", "train"),
    "sea": ("#8cc4e0", "ship"),
    "waterway": ("#4f93b5", "ship on a waterway"),
}
"""Colour and words of each mode; their lightness tells them apart in grey."""

RULE, QUIET, BAND = "#d9dee2", "#aab4bb", "#b9d3e6"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def plot(
    table: MovementTable,
    kind: str = "gantt",
    *,
    path: str | Path | None = None,
    way: int | str | Sequence[str] | None = None,
    replay: Replay | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    size: str = "A4",
    dpi: int = 300,
    overwrite: bool = False,
) -> Figure:
    """Draw a movement table.

    Parameters
    ----------
    table : MovementTable
    kind : {"gantt", "graph", "arrivals"}
        ``gantt``: a bar for each unit, by element and way. ``graph``: distance over time along a way, a line for each
        unit, with the units of other ways that share its links. ``arrivals``: vehicles that have arrived by each
        hour, in the plan, in whole units, at best, and in a replay.
    path : str or Path, optional
        File to write; its suffix (.png, .svg, .pdf) decides the kind. ``NAME.png.caption.txt`` beside it gets a
        caption and the alternative text, ``NAME.png.csv`` what is drawn.
    way : int or str or sequence of str, optional
        For a graph: number of a way in the table, id of a unit that goes it, or its links; left out, the way that
        carries most.
    replay : Replay, optional
        For arrivals: its bands are drawn.
    title, subtitle : str, optional
    size : {"A4", "A3"}
        Landscape.
    dpi : int
    overwrite : bool
        Whether files that exist may be replaced.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        For an unknown kind, way, suffix or size, or a file that exists.
    """
    if kind not in CHARTS:
        raise InputError(f"there is no chart {kind!r}{did_you_mean(kind, CHARTS)}; charts: {', '.join(CHARTS)}")
    return draw_page(
        table.net, lambda page: CHARTS[kind](page, way, replay), links=(x for u in table.units for x in u.links),
        path=path, title=title, subtitle=subtitle, size=size, dpi=dpi, overwrite=overwrite,
        of=lambda net, size, dpi: _Page(table, size, dpi),
    )  # fmt: skip


class ChartPage:
    """A page with a title, diagrams, a legend and a footer; sizes are those on A4, in millimetres and points.

    Attributes
    ----------
    title, subtitle, alt_text : str
    data : DataFrame
        What is drawn, for the file beside the picture.
    keys : list
        Handles of the legend.
    """

    title = subtitle = alt_text = ""
    legend_at = 12.0

    def __init__(self, net: Network, size: str, dpi: int) -> None:
        self.net = net
        self.mm = PAGES[size][:2]
        self.scale = PAGES[size][2]
        self.figure = MapFigure(figsize=(self.mm[0] / 25.4, self.mm[1] / 25.4), dpi=dpi, facecolor="white")
        FigureCanvasAgg(self.figure)
        self.data = pd.DataFrame()
        self.keys: list[Any] = []

    @property
    def caption(self) -> str:
        """What is shown, what was found, and what it rests on."""
        return f"{self.title}. {self.subtitle} {data_line(self.net)}. {CAVEAT}"

    @property
    def room(self) -> tuple[float, float]:
        """Width and height between title and legend, in millimetres of A4."""
        return self.mm[0] / self.scale - 16.0, self.mm[1] / self.scale - 44.0

    def axes(self, left: float, top: float, width: float, height: float) -> Any:
        """Return axes within the room, `left` and `top` from its upper left corner."""
        s, (wide, tall) = self.scale, self.mm
        x, y = (8.0 + left) * s, tall - (22.0 + top + height) * s
        ax = self.figure.add_axes((x / wide, y / tall, width * s / wide, height * s / tall))
        for side in ("top", "right", "left", "bottom"):
            ax.spines[side].set_visible(False)
        ax.tick_params(colors=INK, labelsize=6.2 * s, width=0.6 * s, length=0)
        ax.set_axisbelow(True)
        return ax

    def words(self, ax: Any, x: float, y: float, text: str, size: float = 6.2, colour: str = INK, **more: Any) -> None:
        """Write text in the units of the axes."""
        look: Look = {"ha": "left", "va": "center", "parse_math": False, "clip_on": False, "zorder": 8} | more
        ax.text(x, y, plain(text, 200), fontsize=size * self.scale, color=colour, **look)

    def frame(self, links: Iterable[str] = ()) -> None:
        """Write title, subtitle, legend and footer; with the footnote where one of the `links` lies in Kosovo."""
        s, (wide, tall), index = self.scale, self.mm, self.net.link_index
        left = 8.0 * s / wide
        look: Look = {"parse_math": False, "ha": "left", "va": "center"}
        room = (wide - 16 * s) * PT_PER_MM
        title = plain(self.title, 120)
        size = min(15.0 * s, 1.72 * room / max(len(title), 1))
        self.figure.text(left, 1 - 8.0 * s / tall, title, fontsize=size, color=INK, weight="bold", **look)
        for n, line in enumerate(textwrap.wrap(plain(self.subtitle, 400), int(room / (4.15 * s)))[:2]):
            self.figure.text(left, 1 - (14.2 + 3.6 * n) * s / tall, line, fontsize=7.6 * s, color=SOFT, **look)
        passed = {state for x in links if x in index for state in self.net.link_countries[index[x]]}
        notes = [CAVEAT, f"{data_line(self.net)}."] + [KOSOVO] * ("XK" in passed)
        for n, line in enumerate(notes):
            self.figure.text(left, (8.6 - 2.8 * n) * s / tall, line, fontsize=5.8 * s, color=SOFT, **look)
        box: Look = {"loc": "lower left", "frameon": False, "ncols": 7, "handlelength": 2.2, "columnspacing": 1.6}
        box |= {
            "bbox_to_anchor": (left - 1.0 * s / wide, self.legend_at * s / tall),
            "borderaxespad": 0.0,
            "borderpad": 0.0,
        }
        if self.keys:
            self.figure.legend(handles=self.keys, fontsize=6.4 * s, labelcolor=INK, **box)


def draw_page(
    net: Network, fill: Callable[[Any], None], *, links: Iterable[str] = (), path: str | Path | None = None,
    title: str | None = None, subtitle: str | None = None, size: str = "A4", dpi: int = 300, overwrite: bool = False,
    of: Callable[[Network, str, int], ChartPage] = ChartPage,
) -> Figure:  # fmt: skip
    """Return the figure of a page that `fill` draws on, and write it with its words and data if asked to."""
    target = prints.asked(path, overwrite, size, dpi)
    with rc_context(SETTINGS):
        page = of(net, size, dpi)
        fill(page)
        page.title, page.subtitle = title or page.title, subtitle or page.subtitle
        page.frame(links)
        if target is not None:
            prints.save(
                page.figure, target, title=page.title, caption=page.caption, alt_text=page.alt_text, data=page.data
            )
    return page.figure


class _Page(ChartPage):
    """A page with one diagram of a movement."""

    legend_at = 11.4

    def __init__(self, table: MovementTable, size: str, dpi: int) -> None:
        super().__init__(table.net, size, dpi)
        self.table = table
        self.ax: Any = None
        self.box = (0.0, 0.0, 0.0, 0.0)

    def diagram(self, left: float) -> Any:
        """Return the diagram's axes, `left` millimetres from the edge."""
        wide, tall = self.mm
        self.box = (left * self.scale, 27.0 * self.scale, wide - (left + 11) * self.scale, tall - 56.0 * self.scale)
        x, y, w, h = self.box
        self.ax = ax = self.figure.add_axes((x / wide, y / tall, w / wide, h / tall))
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            ax.spines[side].set_color(INK)
            ax.spines[side].set_linewidth(0.8 * self.scale)
        ax.tick_params(colors=INK, labelsize=6.6 * self.scale, width=0.6 * self.scale, length=3 * self.scale)
        ax.set_axisbelow(True)
        return ax

    def hours(self, last: float) -> None:
        """Set the axis of time: hours after the order, and dates above where hour 0 has one."""
        ax, s = self.ax, self.scale
        first = min([0.0, *(u.start_h for u in self.table.units)])
        span = last - first
        step = next((h for h in (1, 2, 3, 6, 12, 24, 48, 96, 168) if span / h <= 14), 336)
        ax.set_xlim(first, first + span * 1.025)
        ticks = [float(h) for h in range(0, int(last * 1.02) + 1, step)]
        ax.set_xticks(ticks)
        ax.set_xlabel("hours after the order to move", fontsize=7 * s, color=INK, labelpad=3 * s)
        ax.grid(axis="x", color=RULE, lw=0.5 * s)
        if self.table.start is not None:
            for h in ticks:
                at = self.table.start + timedelta(hours=h)
                text = f"{at.day} {MONTHS[at.month - 1]} {at:%H:%M}"
                look: Look = {"transform": ax.get_xaxis_transform(), "ha": "center", "va": "bottom"}
                ax.text(h, 1.008, text, fontsize=5.2 * s, color=SOFT, **look)

    def mark(self, hour: float, text: str, dash: Any, level: int = 0) -> None:
        """Draw a vertical line at an hour, and explain it, if the axis of time reaches that far."""
        if hour > self.ax.get_xlim()[1]:
            return
        colour = INK if level == 0 else SOFT
        self.ax.axvline(hour, color=colour, lw=0.9 * self.scale, ls=dash, zorder=6)
        self.keys.append(Line2D([], [], color=colour, lw=0.9 * self.scale, ls=dash, label=text))

    def closures(self) -> None:
        """Mark when the plan, the table, and at best anything has closed."""
        t = self.table
        self.mark(t.closure_h, f"last unit in, {t.closure_h:.1f} h", "solid")
        self.mark(t.plan_h, f"fluid plan, {t.plan_h:.1f} h", (0, (5, 2)), 1)
        self.mark(t.lower_bound_h, f"bound, {t.lower_bound_h:.1f} h", (0, (1, 1.6)), 1)

    def modes(self, units: Sequence[MoveUnit]) -> None:
        """Explain the colours of modes."""
        for mode, (colour, text) in MODE_LOOK.items():
            if any(u.mode == mode for u in units):
                self.keys.append(Patch(fc=colour, ec="none", label=text))


def _short(text: str, width: int) -> str:
    text = plain(text, 400)
    return text if len(text) <= width else text[: width - 1].rstrip(" ,(") + "…"


def _modes(table: MovementTable, way: int) -> str:
    """Return the modes of a way in order."""
    mode = table.net.table("links")["mode"].tolist()
    return "–".join(m for m, _ in itertools.groupby(mode[table.net.link_index[x]] for x in table.ways[way]))


def _found(table: MovementTable) -> str:
    """Return what the table comes to in a sentence."""
    kinds = [f"{n} {k}{'' if n == 1 else 's'}" for k, n in table.counts.items()]
    vehicles = sum(u.vehicles for u in table.units if u.final)
    least = f"no movement in the fluid model closes before {table.lower_bound_h:.1f} h"
    return (
        f"{vehicles:,} vehicles in {' and '.join(kinds)}; the last unit is in after {table.closure_h:.1f} h, the fluid "
        f"plan after {table.plan_h:.1f} h; {least}."
    )


def _name(table: MovementTable) -> str:
    made = table.answer.force
    return "" if made is None else made.title or made.name


# ---- a bar for each unit


def _gantt(page: _Page, way: Any, replay: Replay | None) -> None:
    table = page.table
    groups: dict[tuple[int, int], list[MoveUnit]] = {}
    for u in table.units:
        groups.setdefault((u.element, u.way), []).append(u)
    ax = page.diagram(62)
    page.hours(max(u.arrive_h for u in table.units))
    gap = max(1.2, 0.016 * len(table.units))
    rows: dict[str, float] = {}
    spans: list[tuple[tuple[int, int], float, float]] = []
    y = 0.0
    for key, units in sorted(groups.items()):
        first = y
        for u in units:
            rows[u.unit_id] = y
            y += 1
        # a group of one still needs the height of its words
        y = max(y, first + 0.042 * len(table.units))
        spans.append((key, first - 0.5, y - 0.5))
        y += gap
    ax.set_ylim(y - gap + 0.2, -0.8)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    _bars(page, rows)
    _groups(page, groups, spans)
    page.modes(table.units)
    page.keys.append(Patch(fc="white", ec=SOFT, lw=0.6 * page.scale, label="border or terminal"))
    page.keys.append(Line2D([], [], color=SOFT, lw=0.8 * page.scale, label="waits for room"))
    page.closures()
    page.title = f"Movement table, units by element and way: {_name(table)}"
    page.subtitle = _found(table)
    page.data = table.to_frame("units")
    closed = ", ".join(f"element {n} after {h:.1f} h" for n, h in sorted(table.closures.items()))
    page.alt_text = f"Gantt chart: {page.title}. {page.subtitle} Closed: {closed}."


def _bars(page: _Page, rows: Mapping[str, float]) -> None:
    """Draw each unit: a bar while it moves, a hollow one at borders and terminals, a thin line while it waits."""
    s, tall = page.scale, 0.39
    bars: dict[str, list[Any]] = {mode: [] for mode in MODE_LOOK}
    hollow, thin = [], []
    for u in page.table.units:
        y = rows[u.unit_id]

        def box(a: float, b: float, y: float = y, half: float = tall) -> list[tuple[float, float]]:
            return [(a, y - half), (b, y - half), (b, y + half), (a, y + half)]

        start = u.stops[0].depart_h
        for i, stop in enumerate(u.stops[1:], 1):
            waits, stays = stop.wait_h, stop.depart_h - stop.arrive_h - stop.wait_h
            if max(waits, stays) < 1e-6 and i < len(u.stops) - 1:
                continue
            bars[u.mode].append(box(start, stop.arrive_h))
            if stays > 1e-6:
                hollow.append(box(stop.arrive_h + waits, stop.depart_h, half=tall * 0.8))
            if waits > 1e-6:
                thin.append([(stop.arrive_h, y), (stop.arrive_h + waits, y)])
            start = stop.depart_h
        hollow += [box(h.start_h, h.start_h + h.hours, half=tall * 0.8) for h in u.halts if h.link and h.hours >= 0.5]
    for mode, (colour, _) in MODE_LOOK.items():
        page.ax.add_collection(PolyCollection(bars[mode], facecolors=colour, edgecolors="none", zorder=4))
    look: Look = {"facecolors": "white", "edgecolors": SOFT, "linewidths": 0.4 * s, "zorder": 5}
    page.ax.add_collection(PolyCollection(hollow, **look))
    page.ax.add_collection(LineCollection(thin, colors=SOFT, linewidths=0.8 * s, zorder=4))


def _groups(
    page: _Page, groups: Mapping[tuple[int, int], list[MoveUnit]], spans: Sequence[tuple[tuple[int, int], float, float]]
) -> None:
    """Write left of the bars what they are, and mark latest hours."""
    table, s, ax = page.table, page.scale, page.ax
    latest = {e.element: e.latest_h for e in table.answer.elements}
    look: Look = {"transform": ax.get_yaxis_transform(), "ha": "left", "va": "center", "parse_math": False}
    left = -54.0 * s / page.box[2]
    per_mm = (ax.get_ylim()[0] - ax.get_ylim()[1]) / page.box[3]
    written = 0
    below = -math.inf
    for (element, way), top, bottom in spans:
        units = groups[element, way]
        head = next(u for u in units if not u.formed_of)
        ax.axhspan(top, bottom, color="#f5f7f8", zorder=0, lw=0)
        y = max(top + 1.7 * s * per_mm, below + 2.9 * s * per_mm)
        if element != written:
            text = f"{element}  {_short(head.name, 36)}"
            ax.text(left, y, text, fontsize=6.2 * s, color=INK, weight="bold", **look)
            y += 2.7 * s * per_mm
            written = element
        ends = next(u for u in units if u.final)
        vehicles = sum(u.vehicles for u in units if u.final)
        words = (
            f"{place(page.net, head.origin)} → {place(page.net, ends.destination)}, {_modes(table, way)}: {vehicles}"
        )
        words = f"way {way}  {words}"
        if y <= bottom + 3.2 * s * per_mm:
            ax.text(left + 2.6 * s / page.box[2], y, _short(words, 52), fontsize=5.3 * s, color=SOFT, **look)
            below = y
        by = latest.get(element)
        if by is not None:
            ax.plot([by, by], [top, bottom], color=RED, lw=1.4 * s, zorder=7)
            if not any(k.get_label() == "latest hour" for k in page.keys):
                page.keys.append(Line2D([], [], color=RED, lw=1.4 * s, label="latest hour"))


# ---- distance over time


def _chosen(table: MovementTable, way: int | str | Sequence[str] | None) -> int:
    """Return the number of the way that is asked for."""
    if way is None:
        load: dict[int, int] = {}
        for u in table.units:
            if u.final:
                load[u.way] = load.get(u.way, 0) + u.vehicles
        return max(load, key=lambda n: (load[n], -n))
    if isinstance(way, int) or (isinstance(way, str) and way.isdecimal()):
        if int(way) in table.ways:
            return int(way)
        raise InputError(f"there is no way {way}; the table has ways 1 to {max(table.ways)}")
    if isinstance(way, str):
        units = {u.unit_id: u.way for u in table.units}
        if way in units:
            return units[way]
        raise InputError(f"there is no unit {way!r}{did_you_mean(way, units)}")
    found = [n for n, links in table.ways.items() if links == tuple(way)]
    if not found:
        raise InputError("no unit of the table goes these links")
    return found[0]


def _stations(table: MovementTable, number: int) -> list[tuple[str, str, float]]:
    """Return the places of a way with what they are and their distance from its start."""
    at = next(u for u in table.units if u.way == number and not u.formed_of)
    out = [(s.node, s.what, s.km) for s in at.stops]
    while not at.final:
        at = next(u for u in table.units if at.unit_id in u.formed_of)
        out += [(s.node, s.what, s.km + out[-1][2]) for s in at.stops[1:]]
    return out


def _graph(page: _Page, way: int | str | Sequence[str] | None, replay: Replay | None) -> None:
    table, s = page.table, page.scale
    number = _chosen(table, way)
    stations = _stations(table, number)
    links = table.ways[number]
    at = {link: (stations[i][2], stations[i + 1][2], stations[i][0]) for i, link in enumerate(links)}
    ax = page.diagram(46)
    mine = [u for u in table.units if u.way == number]
    page.hours(max(u.arrive_h for u in mine))
    total = stations[-1][2]
    ax.set_ylim(-0.015 * total, total * 1.03)
    _places_on(page, stations)
    others = _lines(page, mine, at, number)
    page.modes(mine)
    if any(u.mode == "road" for u in mine):
        page.keys.append(Patch(fc="#D55E00", alpha=0.22, ec="none", label="from first to last vehicle"))
    if others:
        page.keys.append(Line2D([], [], color=QUIET, lw=0.7 * s, label=f"units of other ways ({others})"))
    page.closures()
    ends = " to ".join(place(page.net, stations[i][0]) for i in (0, -1))
    page.title = f"Movement graph {ends}: {_name(table)}"
    vehicles = sum(u.vehicles for u in mine if u.final)
    page.subtitle = (
        f"Way {number} by {_modes(table, number)}, {total:,.0f} km: {vehicles:,} vehicles in {len(mine)} units, the "
        f"first off at {min(u.depart_h for u in mine):.1f} h, the last in at {max(u.arrive_h for u in mine):.1f} h."
    )
    frame = table.to_frame()
    page.data = frame[frame["unit_id"].isin([u.unit_id for u in mine])]
    waits = math.fsum(u.wait_h for u in mine)
    page.alt_text = f"Distance over time: {page.title}. {page.subtitle} They wait {waits:.1f} h for room ahead."


def _places_on(page: _Page, stations: Sequence[tuple[str, str, float]]) -> None:
    """Draw a line for each place, and name those that have room for their name, the important ones first."""
    ax, s = page.ax, page.scale
    per_mm = (ax.get_ylim()[1] - ax.get_ylim()[0]) / page.box[3]
    rank = {"origin": 0, "destination": 0, "terminal": 1, "border": 2, "waypoint": 3}
    named: list[float] = []
    ax.set_yticks([])
    for node, what, km in sorted(stations, key=lambda x: (rank[x[1]], x[2])):
        strong = what != "waypoint"
        ax.axhline(km, color=QUIET if strong else RULE, lw=(0.6 if strong else 0.4) * s, zorder=1)
        if all(abs(km - other) > 2.5 * s * per_mm for other in named):
            named.append(km)
            look: Look = {"transform": ax.get_yaxis_transform(), "va": "center", "parse_math": False, "clip_on": False}
            look |= {
                "weight": "bold" if rank[what] < 2 else "normal",
                "style": "italic" if what == "border" else "normal",
            }
            left, words = -37.5 * s / page.box[2], place(page.net, node)
            ax.text(left, km, _short(words, 24), fontsize=5.9 * s, color=INK if strong else SOFT, ha="left", **look)
            ax.text(-1.2 * s / page.box[2], km, f"{km:,.0f}", fontsize=5.4 * s, color=SOFT, ha="right", **look)
    look = {"transform": ax.transAxes, "ha": "right", "va": "bottom"}
    ax.text(-8.5 * s / page.box[2], 1.008, "km", fontsize=5.8 * s, color=SOFT, **look)


def _lines(
    page: _Page, mine: Sequence[MoveUnit], at: Mapping[str, tuple[float, float, str]], number: int
) -> int:  # fmt: skip
    """Draw the units, and return how many of other ways are among them."""
    ax, s = page.ax, page.scale
    others = 0
    for u in page.table.units:
        own = u.way == number
        path: list[tuple[float, float]] = []
        runs: list[list[tuple[float, float]]] = [path]
        for a, b in zip(u.stops, u.stops[1:], strict=False):
            if a.link not in at:
                path = []
                runs.append(path)
                continue
            low, high, tail = at[a.link]
            here, there = (low, high) if tail == a.node else (high, low)
            path.append((a.depart_h, here))
            for halt in (h for h in u.halts if (h.node, h.link) == (a.node, a.link)):
                stands = here + (there - here) * (halt.km - a.km) / max(b.km - a.km, 1e-9)
                path += [(halt.start_h, stands), (halt.start_h + halt.hours, stands)]
            path.append((b.arrive_h, there))
            if own and b is u.stops[-1]:
                path.append((b.depart_h, there))
        runs = [r for r in runs if r]
        if not runs:
            continue
        others += not own
        colour = MODE_LOOK[u.mode][0] if own else QUIET
        for run in runs:
            xs, ys = zip(*run, strict=True)
            look: Look = {"color": colour, "lw": (1.1 if own else 0.6) * s, "zorder": 5 if own else 3}
            ax.plot(xs, ys, solid_joinstyle="round", **look)
            if own and u.mode == "road":
                ax.fill_betweenx(ys, np.array(xs) - u.pass_h, xs, color=colour, alpha=0.22, lw=0, zorder=4)
    per_mm = (ax.get_xlim()[1] - ax.get_xlim()[0]) / page.box[2]
    free = -math.inf
    for u in mine:
        if not u.formed_of and u.depart_h > free:
            free = u.depart_h + 8.5 * s * per_mm
            look = {"textcoords": "offset points", "ha": "left", "va": "top", "annotation_clip": False, "zorder": 7}
            spot = (u.depart_h, at[u.links[0]][0])
            ax.annotate(u.unit_id, spot, (1.4 * s, -1.5 * s), fontsize=4.6 * s, color=SOFT, **look)
    return others


# ---- vehicles that have arrived


def _arrivals(page: _Page, way: Any, replay: Replay | None) -> None:
    table, s, answer = page.table, page.scale, page.table.answer
    ax = page.diagram(22)
    ends = sorted((u.arrive_h, u.vehicles) for u in table.units if u.final)
    hours = [h for h, _ in ends]
    count = np.cumsum([v for _, v in ends]).tolist()
    most = max(hours[-1], table.plan_h, *([b[3] for b in replay.bands] if replay else []))
    page.hours(most)
    ax.set_ylim(0, count[-1] * 1.05)
    ax.set_ylabel("vehicles that have arrived", fontsize=7 * s, color=INK)
    ax.grid(axis="y", color=RULE, lw=0.5 * s)
    rows = [("units", h, c) for h, c in zip(hours, count, strict=True)]
    if replay is not None:
        vehicles, low, middle, high = (list(x) for x in zip(*replay.bands, strict=True))
        ax.fill_betweenx(vehicles, low, high, color=BAND, lw=0, zorder=2)
        ax.plot(middle, vehicles, color="#2f7fa8", lw=1.2 * s, zorder=3, ls=(0, (6, 1.5)))
        page.keys.append(Patch(fc=BAND, ec="none", label="replay, P10 to P90"))
        page.keys.append(Line2D([], [], color="#2f7fa8", lw=1.2 * s, ls=(0, (6, 1.5)), label="replay, P50"))
        rows += [(f"replay {k}", h, v) for k, at in (("P10", low), ("P50", middle), ("P90", high))
                 for h, v in zip(at, vehicles, strict=True)]  # fmt: skip
    curves: list[tuple[str, Sequence[tuple[float, float]], str, Any]] = [
        ("fluid plan", answer.arrivals, SOFT, (0, (5, 2))),
        ("at best, by any movement", answer.earliest, SOFT, (0, (1, 1.6))),
    ]
    for text, curve, colour, dash in curves:
        if curve:
            xs, ys = zip(*curve, strict=True)
            ax.plot(xs, ys, color=colour, lw=1.1 * s, ls=dash, zorder=4)
            page.keys.append(Line2D([], [], color=colour, lw=1.1 * s, ls=dash, label=text))
            rows += [(text, x, y) for x, y in curve]
    ax.step([0.0, *hours, ax.get_xlim()[1]], [0, *count, count[-1]], where="post", color=INK, lw=1.4 * s, zorder=5)
    page.keys.append(Line2D([], [], color=INK, lw=1.4 * s, label="whole units"))
    page.mark(table.closure_h, f"last unit in, {table.closure_h:.1f} h", "solid")
    if not answer.earliest:
        page.mark(table.lower_bound_h, f"bound, {table.lower_bound_h:.1f} h", (0, (1, 1.6)), 1)
    page.title = f"Arrivals: {_name(table)}"
    page.subtitle = _found(table)
    if replay is not None:
        runs = replay.question["runs"]
        likely = f"half close within {replay.p50_h:.1f} h, nine of ten within {replay.p90_h:.1f} h"
        page.subtitle += f" In {runs} simulated runs {likely}."
    page.data = pd.DataFrame(rows, columns=["curve", "hour", "vehicles"])
    half = next(h for h, c in zip(hours, count, strict=True) if c >= count[-1] / 2)
    page.alt_text = f"Arrival curve: {page.title}. {page.subtitle} Half of the vehicles are in after {half:.1f} h."


CHARTS: Mapping[str, Callable[[_Page, Any, Replay | None], None]] = {
    "gantt": _gantt,
    "graph": _graph,
    "arrivals": _arrivals,
}
"""What draws each kind of chart."""
