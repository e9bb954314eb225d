"""Pictures about standards, upgrades and policy: bars, intervals, and maps of what falls short."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from mobility.answerviews import ways
from mobility.charts import BAND, QUIET, RULE, ChartPage, draw_page
from mobility.coverage import EVERYTHING
from mobility.netviews import PALETTE, explain_lines
from mobility.network import Network
from mobility.panel import Panel, percent
from mobility.pen import INK, OPEN, SOFT, WATER, Look, plain
from mobility.sheet import Mark, Sheet
from mobility.vehicle import MODES
from mobility.view import AnswerView, View, item_name, listed, place, scale_colours

if TYPE_CHECKING:
    from mobility.compliance import Check, Compliance
    from mobility.policy import PolicyAnswer
    from mobility.uncertainty import Matter, Uncertainty
    from mobility.upgrades import BuildPlan, Upgrade

FINE = "#fde725"
"""A link that falls short of nothing: the light end of the scale of shortfalls."""

VERDICT_LOOK = {
    "meets": ("meets", "#08306B", ""),
    "unknown": ("not known", "#dfe3e6", ""),
    "short": ("falls short", "#E08214", ""),
    "not_open": ("not open", "white", "//////"),
}
"""By verdict words, colour and hatch; from dark to pale in grey as well, and hatched where nothing runs."""


def _slits(ax: Any, x: float, width: float, y: float, tall: float, step: float) -> None:
    """Cut a bar with fine white slits: it rests on estimates."""
    for at in np.arange(x + step * 0.6, x + width, step).tolist():
        ax.add_patch(Rectangle((at, y - tall / 2), step * 0.16, tall, fc="white", ec="none", zorder=5))


# ---- standards


MOST_GROUPS, FEW = 16, 3
"""So many groups are drawn; up to a few stand side by side."""


def compliance_bars(answer: Compliance, **options: Any) -> Any:
    """Draw for each group and requirement the shares that meet, are not known, fall short, or are not open."""
    return draw_page(answer.net, lambda page: _bars(page, answer), links=[c.item for c in answer.checks], **options)


def _shown(answer: Compliance, frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the groups that are drawn: everything, the corridors of the palette, then the longest."""
    length: dict[tuple[str, ...], float] = {}
    for key, row in frame[frame["unit"] == "km"].iterrows():
        group = key[:-2]
        length[group] = max(length.get(group, 0.0), float(row["amount"]))
    groups = list(length) or list(dict.fromkeys(k[:-2] for k in frame.index))
    if len(groups) == 2:
        groups = groups[1:]
    rank = {name: i for i, name in enumerate(PALETTE)}

    def place_of(group: tuple[str, ...]) -> tuple[Any, ...]:
        name = (*group, "")[0]
        return all(x != EVERYTHING for x in group), name == "none", rank.get(name, 9), -length.get(group, 0.0)

    return sorted(groups, key=place_of)[:MOST_GROUPS]


def _bars(page: ChartPage, answer: Compliance) -> None:
    from mobility.compliance import ALL

    frame = answer.to_frame()
    groups = _shown(answer, frame)
    columns = [
        (mode, key, words, text)
        for mode in (*MODES, "")
        for key, words, text in [
            (ALL, "all of these", ""),
            *((r.parameter, r.words, r.text) for r in answer.requirements if r.mode == mode),
        ]
        if (frame.index.get_level_values(-2) == mode).any()
        and any(k[-2:] == (mode, key) for k in frame.index)
    ]  # fmt: skip
    (_few if len(groups) <= FEW else _many)(page, answer, frame, groups, columns)
    page.keys = [
        Patch(fc=colour, ec=SOFT, lw=0.4 * page.scale, hatch=hatch or None, label=words)
        for words, colour, hatch in VERDICT_LOOK.values()
    ]
    page.keys.append(Patch(fc="#7d8ea0", ec="white", hatch="|||", label="slits: more than half rests on estimates"))
    standards = _standards(answer)
    page.title = f"Share of the network that meets the requirements of {standards}"
    dims = " and ".join(answer.by)
    year = f", network at the start of {answer.question['year']}" if answer.question["year"] else ""
    page.subtitle = (
        f"{answer.headline[0].upper()}{answer.headline[1:]}. By {dims}{year}; shares of all km, those not open too "
        "(border dwell: of crossings). The figure is the share that meets."
    )
    page.data = frame.reset_index()
    facts = [
        f"{' '.join(g)} {mode}: {frame.loc[(*g, mode, ALL)]['share']:.0%} meets all"
        for g in groups for mode in MODES if (*g, mode, ALL) in frame.index
    ]  # fmt: skip
    page.alt_text = f"Stacked bars: {page.title}. {page.subtitle} {'; '.join(facts)}."


def _standards(answer: Compliance) -> str:
    return " and ".join(answer.question["standard"]).replace("ten-t", "TEN-T").replace("dual-use", "dual use")


_Columns = Sequence[tuple[str, str, str, str]]
"""Mode, requirement, its name, and what it asks for."""


def _few(
    page: ChartPage, answer: Compliance, frame: pd.DataFrame, groups: Sequence[tuple[str, ...]], columns: _Columns
) -> None:
    """Draw a row for each requirement and a column for each of a few groups; below, what closes the gaps."""
    from mobility.compliance import ALL

    wide, tall = page.room
    left, gap, step, head = 46.0, 7.0, min(8.5, (tall - 16.0) / max(1, len(columns))), 6.0
    width = (wide - left + gap) / max(1, len(groups)) - gap
    for n, group in enumerate(groups):
        ax = page.axes(left + n * (width + gap), head, width, step * len(columns))
        ax.set_xlim(0, 1)
        ax.set_ylim(len(columns) - 0.5, -0.5)
        ax.set_xticks([])
        ax.set_yticks([])
        page.words(ax, 0, -0.5 - 2.2 / step, " ".join(plain(g, 20) for g in group) or "all", 7.4, weight="bold")
        for y, (mode, key, words, text) in enumerate(columns):
            if n == 0:
                strong: Look = {"weight": "bold"} if key == ALL else {}
                page.words(ax, -left / width, y, f"{mode or 'state'}  {words}", 6.6, **strong)
                page.words(ax, -1.5 / width, y, text, 6.2, SOFT, ha="right")
            if (*group, mode, key) in frame.index:
                _bar(page, ax, frame.loc[(*group, mode, key)], y, 1 - 12.0 / width)
    _projects(page, answer, head + step * len(columns) + 9.0)


def _projects(page: ChartPage, answer: Compliance, top: float) -> None:
    """List below the bars what closes the gaps, as far as there is room."""
    closing, (wide, tall) = answer.closing, page.room
    rows = int((tall - top - 6.0) / 3.6)
    if rows < 3 or not closing.projects:
        return
    ax = page.axes(0, top, wide, tall - top)
    ax.set_xlim(0, wide)
    ax.set_ylim((tall - top) / 3.6, -1)
    ax.set_xticks([])
    ax.set_yticks([])
    more = f" and {len(closing.uncosted)} without a public cost" if closing.uncosted else ""
    page.words(
        ax, 0, -0.6,
        f"Cheapest projects that close {closing.closed} gaps: {closing.cost_meur:,.0f} million euro{more}; "
        f"no project alone closes the other {closing.left}", 7.2, weight="bold",
    )  # fmt: skip
    best = sorted(closing.projects, key=lambda p: (-p.km, p.upgrade_id))
    shown = best if len(best) <= rows else best[: rows - 1]
    for y, p in enumerate(shown, 1):
        cost = "cost not public" if p.cost_meur is None else f"{p.cost_meur:,.0f} million euro"
        cells = (
            (0.0, p.upgrade_id), (14.0, _cut(p.name, 84)), (140.0, cost), (175.0, str(p.year or "no year")),
            (192.0, f"{p.gaps} gap{'' if p.gaps == 1 else 's'}, {p.km:,.0f} km"), (222.0, p.state.replace("_", " ")),
        )  # fmt: skip
        for x, text in cells:
            page.words(ax, x, y, text, 6.2)
    if len(shown) < len(best):
        page.words(ax, 14.0, len(shown) + 1, f"and {len(best) - len(shown)} more", 6.2, SOFT)


def _many(
    page: ChartPage, answer: Compliance, frame: pd.DataFrame, groups: Sequence[tuple[str, ...]], columns: _Columns
) -> None:
    """Draw a row for each group and a column for each requirement."""
    from mobility.compliance import ALL

    wide, tall = page.room
    left, gap = 24.0, 4.0
    width = (wide - left + gap) / max(1, len(columns)) - gap
    height = min(tall - 14.0, 9.5 * len(groups))
    head = 11.0
    for n, (mode, key, words, text) in enumerate(columns):
        ax = page.axes(left + n * (width + gap), head, width, height)
        ax.set_xlim(0, 1)
        ax.set_ylim(len(groups) - 0.5, -0.5)
        ax.set_xticks([])
        ax.set_yticks([])
        up: Look = {"weight": "bold"} if key == ALL else {}
        page.words(ax, 0, -0.5 - 6.4 / (height / len(groups)), mode or "state", 5.6, SOFT)
        page.words(ax, 0, -0.5 - 3.9 / (height / len(groups)), words, 6.4, **up)
        page.words(ax, 0, -0.5 - 1.5 / (height / len(groups)), text, 5.6, SOFT)
        for y, group in enumerate(groups):
            if n == 0:
                page.words(ax, -1.5 / width, y, " ".join(plain(g, 14) for g in group) or "all", 7.0, ha="right")
            if (*group, mode, key) in frame.index:
                _bar(page, ax, frame.loc[(*group, mode, key)], y, 0.74)
    _projects(page, answer, head + height + 9.0)


def _bar(page: ChartPage, ax: Any, row: Any, y: float, full: float) -> None:
    """Draw one bar of all verdicts over the part `full` of the width, with the share that meets."""
    total, x, tall, s = float(row["amount"]), 0.0, 0.5, page.scale
    if total <= 0:
        return
    for name, (_, colour, hatch) in VERDICT_LOOK.items():
        share = float(row[name]) / total * full
        if share > 0:
            look: Look = {"fc": colour, "ec": SOFT if hatch else "none", "lw": 0.4 * s, "hatch": hatch or None}
            ax.add_patch(Rectangle((x, y - tall / 2), share, tall, zorder=3, **look))
            judged = float(row["meets"] + row["short"])
            if name in ("meets", "short") and judged and float(row["estimated"]) > 0.5 * judged:
                _slits(ax, x, share, y, tall, 1.0 / (ax.get_position().width * page.mm[0] / s))
            x += share
    ax.add_patch(Rectangle((0, y - tall / 2), full, tall, fc="none", ec=QUIET, lw=0.5 * s, zorder=6))
    page.words(ax, full * 1.03, y, percent(float(row["share"])), 6.0)


class ComplianceView(View):
    """How many requirements each link falls short of."""

    unit = "requirements that it falls short of"
    slits = "Every shortfall rests on an estimate"

    def __init__(self, answer: Compliance) -> None:
        super().__init__(answer.net)
        self.answer = answer
        self.of: dict[str, list[Check]] = {}
        for c in answer.checks:
            if c.item in self.rows:
                self.of.setdefault(c.item, []).append(c)
        self.whole = {c.item: c for c in answer.together()}
        self.short = {k: [c for c in found if c.verdict == "short"] for k, found in self.of.items()}
        self.links = set(self.of)
        self.most = max([1, *map(len, self.short.values())])
        self.hues = dict(zip(range(1, self.most + 1), scale_colours(self.most + 1)[1:], strict=True))
        self.title = f"Gaps against the requirements of {_standards(answer)}"
        gaps = sum(map(len, self.short.values()))
        year = f" at the start of {answer.net.year}" if answer.net.year else ""
        self.subtitle = f"{answer.headline}{year}; {gaps:,} shortfalls on {sum(map(bool, self.short.values())):,} links"
        km = sum(c.length_km for c in self.whole.values())
        guess = sum(c.length_km for c in self.whole.values() if c.estimated)
        self.basis = f"{percent(guess / max(km, 1e-9))} of the km are judged on estimates."
        closing = answer.closing
        self.facts = [
            f"{len(closing.projects)} projects close {closing.closed} gaps for {closing.cost_meur:,.0f} million euro, "
            f"{len(closing.uncosted)} of them without a public cost; {closing.left} gaps have no project.",
            self.basis,
        ]

    def column_of(self, link: str) -> str:
        """Return the column of the first shortfall."""
        found = self.short.get(link) or self.of.get(link, [])
        return next((c.column for c in found if self.net.table("links")[c.column].dtype == float), "")

    def estimated(self, link: str) -> bool:
        """Return whether the verdict rests on an estimate."""
        return link in self.whole and self.whole[link].estimated

    def _look(self, link: str) -> tuple[str, str, float]:
        """Return words, colour and width of a link."""
        check = self.whole[link]
        if check.verdict == "short":
            count = len(self.short[link])
            names = {r.parameter: r.words for r in self.answer.requirements}
            return f"short: {', '.join(names[c.parameter] for c in self.short[link])}", self.hues[count], 2.2
        if check.verdict == "meets":
            return "meets all", FINE, 2.2
        return ("not open" if check.verdict == "not open" else "not known"), "#c9cfd4", 2.0

    def lines(self, sheet: Sheet) -> None:
        """Add every link in the colour of its shortfalls."""
        self.faint(sheet)
        for link in sorted(self.links, key=lambda k: len(self.short[k])):
            words, colour, width = self._look(link)
            row, check = self.rows[link], self.whole[link]
            unsure = check.verdict == "short" and check.estimated and len(self.short[link]) > 1
            more: dict[str, Any] = {"level": 1 + len(self.short[link]), "status": row.status, "unsure": unsure}
            more |= {"edge": SOFT} if check.verdict in ("unknown", "meets") and row.status == OPEN else {}
            sheet.stroke(link, colour, width, row.mode, shows=(len(self.short[link]), words), **more)

    def panel(self, panel: Panel) -> None:
        """Write the shares by group, the lines, and what closes most."""
        from mobility.compliance import ALL

        frame = self.answer.to_frame()
        modes = [m for m in MODES if m not in WATER]
        keys = [(*g, m) for g in _shown(self.answer, frame) for m in modes if (*g, m, ALL) in frame.index]
        panel.heading("Share of the km that meets all")
        for key in keys[: max(2, panel.room(30))]:
            row = frame.loc[(*key, ALL)]
            of = max(float(row["amount"]), 1e-9)
            parts = [(float(row[v]) / of, VERDICT_LOOK[v][1], False) for v in ("meets", "unknown", "short")]
            words = plain(" ".join(key), 16)
            panel.stack(words, parts, percent(float(row["share"])), 58 * panel.scale)  # noqa: PD013
        panel.note("Dark: meets all; grey: not known; orange: falls short; white: not open.")
        panel.heading("Falls short of")
        for number, hue in self.hues.items():
            panel.line(f"{number} requirement{'' if number == 1 else 's'}", hue, 2.4)
        panel.line("Meets all", FINE, 2.4, edge=SOFT)
        panel.line("Not known", "#c9cfd4", 2.4, edge=SOFT)
        panel.pair(("Road", INK, 2.0, {}), ("railway", INK, 2.0, {"mode": "rail"}))
        explain_lines(panel, self)
        panel.heading("Requirements: share that meets")
        total = {k[-2:]: row for k, row in frame.iterrows() if all(x == EVERYTHING for x in k[:-2])}
        for r in self.answer.requirements:
            if (r.mode, r.parameter) in total and panel.room(6):
                row = total[r.mode, r.parameter]
                values = [(0.8, r.text, False), (1.0, percent(float(row["share"])), True)]
                panel.ranked(r.mode or "state", SOFT, r.words, values)
        closing = self.answer.closing
        if closing.projects and panel.room(3) > 2:
            panel.heading("What closes most")
            best = sorted(closing.projects, key=lambda p: (-p.km, p.upgrade_id))
            costs = ["cost not public" if p.cost_meur is None else f"{p.cost_meur:,.0f} M€" for p in best]
            rows = [f"{p.upgrade_id} {plain(p.name, 44)}, {c}" for p, c in zip(best, costs, strict=True)]
            panel.listed(rows, 0.4, 5.3, tight=0.9)


# ---- how sure an answer is


MOST_BARS = 14


def uncertainty_chart(answer: Uncertainty, **options: Any) -> Any:
    """Draw the samples with their interval, and how far each group of unknowns and each link moves the answer."""
    links = [x for m in (*answer.groups[:MOST_BARS], *answer.items[:MOST_BARS]) for x in m.items]
    return draw_page(answer.net, lambda page: _uncertain(page, answer), links=links, **options)


def _uncertain(page: ChartPage, answer: Uncertainty) -> None:
    net, at = answer.net, answer.interval
    sides = (listed([place(net, n) for n in answer.question[k]]) for k in ("from", "to"))
    what = {"time": "Time of the fastest route", "throughput": "Throughput", "closure": "Closure"}[answer.measure]
    page.title = f"{what}, {' to '.join(sides)}: how sure it is, and what to survey first"
    said = [f"as stated {_said(answer, answer.point)}"]
    between = f"between {_said(answer, at.p5)} and {_said(answer, at.p95)}"
    said.append(f"nine in ten samples {between}, median {_said(answer, at.p50)}")
    if answer.no_route_share:
        said.append(f"{percent(answer.no_route_share)} of the samples have no route")
    together = "err together" if answer.question["dependence"] == "common" else "err by themselves"
    page.subtitle = (
        f"{'; '.join(said)}. {answer.runs:,} samples of {answer.unknowns:,} estimates within their ranges, those of "
        f"one column, mode and {answer.question['group']} {together}; vehicle {answer.question['vehicle']}."
    )
    page.subtitle = page.subtitle[0].upper() + page.subtitle[1:]
    wide, tall = page.room
    _histogram(page, answer, wide)
    top = 52.0
    sure = [m for m in answer.groups if m.certain][:MOST_BARS]
    single = [m for m in answer.items if m.certain and m.kind == "estimate"][:MOST_BARS]
    half = wide / 2 - 3
    heading = f"Groups of unknowns, share of the variance of {answer.variance_of}"
    _tornado(page, answer, sure, 0.0, top, half, tall - top, heading)
    heading = "Survey first: single links, each erring by itself"
    _tornado(page, answer, single, half + 6, top, half, tall - top, heading)
    page.keys += [
        Line2D([], [], color=INK, lw=1.2 * page.scale, label="as stated"),
        Patch(fc="#E08214", ec="none", label="at the 5 % end of their range"),
        Patch(fc="#08306B", ec="none", label="at the 95 % end"),
        Patch(fc="white", ec=SOFT, hatch="//////", lw=0.4 * page.scale, label="varies from day to day"),
    ]
    rows = [m.to_dict() | {"of": of} for of, some in (("group", answer.groups), ("item", answer.items)) for m in some]
    page.data = pd.DataFrame(rows)
    for column in ("columns", "modes", "where", "items"):
        if len(page.data):
            page.data[column] = [";".join(v) for v in page.data[column]]
    facts = [f"{_label(answer, m)} {m.variance_share:.0%}" for m in sure[:5]]
    page.alt_text = f"Histogram and bars: {page.title}. {page.subtitle} Matters most: {', '.join(facts) or 'nothing'}."


def _said(answer: Uncertainty, value: float | None) -> str:
    if value is None:
        return "no route"
    return f"{value:,.1f} h" if answer.unit == "h" else f"{value:,.0f} vehicles a day"


def _histogram(page: ChartPage, answer: Uncertainty, wide: float) -> None:
    """Draw how often each value comes up, and the interval."""
    s = page.scale
    known = np.array([v for v in answer.samples if np.isfinite(v)], float)
    ax = page.axes(2.0, 9.0, wide - 4.0, 28.0)
    ax.set_yticks([])
    if not len(known):
        ax.set_xticks([])
        return
    marks = [("P5", answer.interval.p5), ("median", answer.interval.p50), ("P95", answer.interval.p95)]
    ends = [float(known.min()), float(known.max()), *([answer.point] if answer.point is not None else [])]
    low, high = min(ends), max(ends)
    pad = 0.03 * (high - low) or 0.5
    counts, edges = np.histogram(known, bins=60, range=(low, high) if high > low else (low - pad, high + pad))
    ax.set_xlim(low - pad, high + pad)
    ax.set_ylim(0, counts.max() * 1.28)
    for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True):
        ax.add_patch(Rectangle((a, 0), b - a, n, fc="#9fb0bd", ec="white", lw=0.3 * s))
    ax.spines["bottom"].set_visible(True)
    ax.spines["bottom"].set_color(INK)
    ax.tick_params(length=2.5 * s)
    unit = "hours" if answer.unit == "h" else answer.unit
    ax.set_xlabel(f"{unit}; {len(known):,} samples", fontsize=6.4 * s, color=INK, labelpad=2 * s)
    ax.xaxis.set_major_formatter(lambda v, _: f"{v:,.4g}" if answer.unit == "h" else f"{v:,.0f}")
    if answer.interval.p5 is not None and answer.interval.p95 is not None:
        ax.axvspan(answer.interval.p5, answer.interval.p95, color=BAND, alpha=0.35, lw=0, zorder=0)
    if answer.point is not None:
        ax.axvline(answer.point, color=INK, lw=1.4 * s, zorder=6)
    for name, value in marks:
        if value is not None:
            ax.axvline(value, color=SOFT, lw=0.9 * s, ls=(0, (3, 1.5)), zorder=5)
            short = f"{value:,.1f}" if answer.unit == "h" else f"{value:,.0f}"
            box = {"fc": "white", "ec": "none", "pad": 0.6 * s, "alpha": 0.85}
            page.words(ax, value, counts.max() * 1.2, f"{name} {short}", 6.2, ha="center", bbox=box)


def _label(answer: Uncertainty, m: Matter) -> str:
    """Return words for a group or a link."""
    from mobility.uncertainty import COLUMN_WORDS

    columns = [COLUMN_WORDS.get(c, c.replace("_", " ")) for c in m.columns]
    if len(m.items) == 1 and m.items[0] in answer.net.link_index:
        return f"{item_name(answer.net, m.items[0])}: {columns[0]}"
    if len(m.items) == 1 and ":" in m.items[0] and m.items[0].partition(":")[2] in answer.net.node_index:
        return f"{columns[0]} {place(answer.net, m.items[0].partition(':')[2])}"
    return " ".join(filter(None, [columns[0], *m.modes[:1], "/".join(m.where)]))


def _tornado(
    page: ChartPage, answer: Uncertainty, some: Sequence[Matter], left: float, top: float, width: float, height: float,
    heading: str,
) -> None:  # fmt: skip
    """Draw how far each of some unknowns moves the answer between the ends of its range."""
    s, names = page.scale, 50.0
    ax = page.axes(left + names, top + 9.0, width - names - 16.0, height - 16.0)
    rows = max(len(some), 8)
    ax.set_ylim(rows - 0.5, -0.6)
    ax.set_yticks([])
    page.words(ax, 0, 1 + 4.6 / (height - 16.0), heading, 7.2, transform=ax.transAxes, weight="bold", ha="left")
    ax.texts[-1].set_x(-names / (width - names - 16.0))
    inside: Look = {"transform": ax.transAxes}
    end = 1 + 15.5 / (width - names - 16.0)
    page.words(ax, end, 1 + 0.6 / (height - 16.0), "share ±", 5.8, SOFT, ha="right", **inside)
    if not some or answer.point is None:
        ax.set_xticks([])
        why = "nothing stands out from chance; take more samples" if answer.groups else "nothing here is an estimate"
        page.words(ax, 0.0, 0.5, why if answer.point is not None else "no route as stated", 6.4, SOFT, **inside)
        return
    middle = answer.point
    values = [v for m in some for v in (m.low_end, m.high_end) if v is not None] + [middle]
    pad = 0.06 * (max(values) - min(values)) or 0.5
    ax.set_xlim(min(values) - pad, max(values) + pad)
    ax.spines["bottom"].set_visible(True)
    ax.spines["bottom"].set_color(QUIET)
    ax.tick_params(length=2.0 * s, labelsize=5.8 * s)
    ax.locator_params(axis="x", nbins=5)
    ax.xaxis.set_major_formatter(lambda v, _: f"{v:,.4g}" if answer.unit == "h" else f"{v:,.0f}")
    ax.grid(axis="x", color=RULE, lw=0.5 * s)
    ax.axvline(middle, color=INK, lw=1.2 * s, zorder=6)
    low_x, span = ax.get_xlim()[0], ax.get_xlim()[1] - ax.get_xlim()[0]
    for y, m in enumerate(some):
        varies = m.kind == "varies"
        for value, colour in ((m.low_end, "#E08214"), (m.high_end, "#08306B")):
            if value is None:
                page.words(ax, middle, y, " no route at one end", 5.4, SOFT)
            elif value != middle:
                look: Look = {"fc": "white" if varies else colour, "ec": colour, "hatch": "//////" if varies else None}
                corner = (min(value, middle), y - 0.3)
                ax.add_patch(Rectangle(corner, abs(value - middle), 0.6, lw=0.6 * s, zorder=4, **look))
        page.words(ax, low_x - 0.02 * span, y, _cut(_label(answer, m), 46), 5.8, ha="right")
        share = f"{m.variance_share:.0%} ± {100 * m.error:.0f}"
        page.words(ax, low_x + span * end, y, share, 5.8, ha="right")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1].rstrip(' ,(')}…"


# ---- upgrades


PROJECT_HUES = ("#08306B", "#B2182B", "#1B7837", "#E08214", "#762A83", "#35978F", "#8C510A", "#C51B7D", "#4D4D4D")
"""Colours of chosen projects, told apart by their badges as well; after the last they begin again."""

OPEN_TO_CHOICE = "#8fa9bd"
"""Links of projects that matter and are not chosen."""

LABELLED = 24
"""So many steps of a frontier are named."""


def _figure_words(objective: str, value: float | None) -> str:
    if value is None:
        return "no route"
    if objective in ("time", "closure"):
        return f"{value:,.1f} h"
    return f"{value:.4f}" if objective == "reliability" else f"{value:,.0f}"


def _aim(objective: str) -> str:
    return {
        "throughput": "throughput", "time": "the fastest route", "closure": "closure", "reliability": "reliability",
        "worst-case": "what the worst loss leaves",
    }[objective]  # fmt: skip


def _relation(net: Network, question: Any) -> str:
    return " to ".join(listed([place(net, n) for n in question[k]]) for k in ("from", "to"))


def frontier_chart(answer: Upgrade, **options: Any) -> Any:
    """Draw what more money buys: cost against value, each step named by the projects that come in and go out."""
    links = [k for one in answer.chosen for k, _ in answer.projects[one].links]
    return draw_page(answer.net, lambda page: _frontier(page, answer), links=links, **options)


def _frontier(page: ChartPage, answer: Upgrade) -> None:
    steps, s = answer.frontier, page.scale
    page.title = f"What money buys for {_aim(answer.objective)}, {_relation(answer.net, answer.question)}"
    proof = "every step is proven to be best" if answer.frontier_proven else "not every step is proven to be best"
    page.subtitle = (
        f"{answer.reason} Within {answer.budget:,.0f} million euro; {proof}; vehicle {answer.question['vehicle']}."
    )
    wide, tall = page.room
    ax = page.axes(14.0, 4.0, wide - 18.0, tall - 16.0)
    known = [(p.cost_meur, p.value) for p in steps if p.value is not None]
    right = max([answer.budget * 1.02, 1.0])
    ax.set_xlim(-0.01 * right, right)
    ax.grid(color=RULE, lw=0.5 * s)
    ax.set_xlabel("million euro, as announced", fontsize=6.8 * s, color=INK)
    ax.set_ylabel(answer.unit, fontsize=6.8 * s, color=INK)
    low, high = (min(v for _, v in known), max(v for _, v in known)) if known else (0.0, 1.0)
    room = max(high - low, 0.02 * max(abs(high), 1e-9), 1e-9)
    ax.set_ylim(low - 0.12 * room, high + 0.2 * room)
    if known:
        xs, ys = [c for c, _ in known], [v for _, v in known]
        ax.step([*xs, right], [*ys, ys[-1]], where="post", color="#08306B", lw=1.6 * s, zorder=3)
        ax.plot(xs, ys, "o", color="#08306B", ms=3.6 * s, zorder=4)
    cut = [p for p in steps if p.value is None]
    if cut and known:
        ax.axvspan(-0.01 * right, known[0][0], color="#eef1f3", zorder=0)
        page.words(ax, known[0][0] / 2, (low + high) / 2, "no route", 8.0, SOFT, ha="center")
    elif cut:
        page.words(ax, right / 2, 0.5, "no route within the budget", 10.0, SOFT, ha="center")
    before: set[str] = set()
    for n, p in enumerate(steps):
        now = set(p.chosen)
        words = " ".join([*(f"+{x}" for x in p.chosen if x not in before), *(f"−{x}" for x in sorted(before - now))])
        if p.value is not None and n < LABELLED and words:
            # Labels lie beside the corner to which the stairs leave room, every other one a line further off.
            off = (0.025 + 0.03 * (n % 2)) * room
            near_right = p.cost_meur > 0.8 * right
            text = "\n".join(textwrap.wrap(words, 26)[:3])
            ax.annotate(
                text, (p.cost_meur, p.value), (p.cost_meur + (-1 if near_right else 1) * 0.008 * right, p.value + off),
                fontsize=5.8 * s, color=INK, ha="right" if near_right else "left", va="bottom", parse_math=False,
            )  # fmt: skip
        before = now
    ax.axvline(answer.budget, color="#B2182B", lw=1.0 * s, ls=(0, (4, 2)), zorder=2)
    page.keys = [
        Line2D([], [], color="#08306B", marker="o", lw=1.6 * s, ms=3.6 * s, label="best set at that cost"),
        Line2D([], [], color="#B2182B", lw=1.0 * s, ls=(0, (4, 2)), label="budget"),
    ]
    page.data = pd.DataFrame(
        [{"cost_meur": p.cost_meur, "value": p.value, "chosen": ";".join(p.chosen)} for p in steps]
    )
    said = "; ".join(f"{p.cost_meur:,.0f} M€ {_figure_words(answer.objective, p.value)}" for p in steps[:12])
    page.alt_text = f"Stairs: {page.title}. {page.subtitle} Steps: {said}."


def plan_chart(answer: BuildPlan, **options: Any) -> Any:
    """Draw a sequence: what each year pays for which project, when each opens, and what that brings."""
    links = [k for y in answer.years for one in y.opened for k, _ in answer.projects[one].links]
    return draw_page(answer.net, lambda page: _plan(page, answer), links=links, **options)


def _plan(page: ChartPage, answer: BuildPlan) -> None:
    s, years = page.scale, answer.years
    page.title = f"What to build when for {_aim(answer.objective)}, {_relation(answer.net, answer.question)}"
    words = "the best last year" if answer.goal == "final" else "the best sum of all years"
    page.subtitle = (
        f"{answer.headline[0].upper()}{answer.headline[1:]}. {words[0].upper()}{words[1:]}"
        f"{', proven' if answer.proven else ', not proven'}; instalments within each year's budget; "
        f"vehicle {answer.question['vehicle']}."
    )
    wide, tall = page.room
    names = [p for y in years for p in y.opened]
    hue = {p: PROJECT_HUES[i % len(PROJECT_HUES)] for i, p in enumerate(names)}
    money = page.axes(14.0, 4.0, wide - 18.0, tall * 0.52)
    value = page.axes(14.0, tall * 0.52 + 16.0, wide - 18.0, tall * 0.48 - 28.0)
    at = {y.year: i for i, y in enumerate(years)}
    for y in years:
        money.bar(at[y.year], y.budget_meur, 0.8, fc="none", ec=SOFT, lw=0.8 * s, ls=(0, (3, 2)), zorder=2)
        base = 0.0
        for p, m in y.payments:
            money.bar(at[y.year], m, 0.8, bottom=base, fc=hue.get(p, QUIET), ec="white", lw=0.4 * s, zorder=3)
            if m > 0.07 * max(z.budget_meur for z in years):
                page.words(money, at[y.year], base + m / 2, p, 5.8, "white", ha="center", zorder=6)
            base += m
    money.set_ylabel("million euro a year", fontsize=6.8 * s, color=INK)
    figures = [(at[y.year], y.value) for y in years if y.value is not None]
    if figures:
        value.step([x - 0.5 for x, _ in figures] + [figures[-1][0] + 0.5], [v for _, v in figures] + [figures[-1][1]],
                   where="post", color="#08306B", lw=1.8 * s, zorder=3)  # fmt: skip
        low, high = min(v for _, v in figures), max(v for _, v in figures)
        room = max(high - low, 0.02 * max(abs(high), 1e-9))
        value.set_ylim(low - 0.2 * room, high + 0.35 * room)
        for y in years:
            if y.opened and y.value is not None:
                page.words(
                    value, at[y.year] - 0.45, y.value + 0.1 * room, f"opens {' '.join(y.opened)}", 5.8, va="bottom"
                )
    for y in years:
        if y.value is None:
            value.axvspan(at[y.year] - 0.5, at[y.year] + 0.5, color="#eef1f3", zorder=0)
            page.words(
                value, at[y.year], 0.5, "no route", 6.2, SOFT, ha="center", transform=value.get_xaxis_transform()
            )
    value.set_ylabel(answer.unit, fontsize=6.8 * s, color=INK)
    for ax in (money, value):
        ax.set_xlim(-0.6, len(years) - 0.4)
        ax.set_xticks(range(len(years)), [str(y.year) for y in years])
        ax.grid(axis="y", color=RULE, lw=0.5 * s)
    page.keys = [Patch(fc=hue[p], ec="none", label=_cut(f"{p} {answer.projects[p].name}", 23)) for p in names[:6]]
    page.keys.append(Patch(fc="none", ec=SOFT, ls=(0, (3, 2)), lw=0.8 * s, label="budget"))
    page.data = answer.to_frame().reset_index()
    page.alt_text = f"Bars and stairs: {page.title}. {page.subtitle}"


class UpgradeView(AnswerView):
    """The chosen projects in colours of their own, those that matter and are not chosen beside them."""

    slits = "The effect rests on an estimate"

    def __init__(self, answer: Upgrade) -> None:
        super().__init__(answer)
        self.answer = answer
        self.hue = {p: PROJECT_HUES[i % len(PROJECT_HUES)] for i, p in enumerate(answer.chosen)}
        self.of: dict[str, list[str]] = {}
        for one in answer.chosen:
            for k, _ in answer.projects[one].links:
                if one not in self.of.setdefault(k, []):
                    self.of[k].append(one)
        idle = {*answer.idle, *answer.chosen}
        self.others: dict[str, list[str]] = {}
        for p in answer.projects.values():
            if p.upgrade_id not in idle:
                for k, _ in p.links:
                    self.others.setdefault(k, []).append(p.upgrade_id)
        self.links = set(self.of) | {k for k in self.others if k not in self.of}
        self.unit = answer.unit
        for one, hue in self.hue.items():
            own = tuple(dict.fromkeys(k for k, _ in answer.projects[one].links))
            if own:
                self.marks.append(Mark(plain(one, 10), hue, own, most=2))
            for node in dict.fromkeys(k.partition("/")[0] for k, _ in answer.projects[one].borders):
                self.marks.append(Mark(plain(one, 10), hue, node=node))
        self.title = f"What to build for {_aim(answer.objective)}: {self.relation}"
        cost = f"{answer.cost_meur:,.0f} of {answer.budget:,.0f} million euro"
        self.subtitle = f"{answer.reason} {cost} ({self.terms})"
        self.basis = (
            "Proven: no set within the budget does better."
            if answer.proven
            else "Not proven that no set within the budget does better."
        )
        self.facts = [self.basis, *(f"{p}: {answer.projects[p].name}." for p in answer.chosen)]

    @property
    def focus(self) -> set[str]:
        """Links that must be in view: those of chosen projects, and at origins and destinations."""
        ends = {*self.origins, *self.destinations}
        near = {k for k, r in self.rows.items() if r.from_node in ends or r.to_node in ends}
        return {*self.of, *near} if self.of else super().focus

    def estimated(self, link: str) -> bool:
        """Return whether what the projects make of a link is of low confidence."""
        return any(self.answer.projects[p].confidence == "low" for p in self.of.get(link, ()))

    def lines(self, sheet: Sheet) -> None:
        """Add the links of projects."""
        self.faint(sheet)
        for link in sorted(self.links, key=lambda k: k in self.of):
            row, chosen = self.rows[link], self.of.get(link, [])
            names = chosen or self.others[link]
            hue = self.hue[chosen[0]] if chosen else OPEN_TO_CHOICE
            # What is chosen is to be built: a closed line is drawn as a planned one, in its colour.
            status = "planned" if chosen and row.status == "closed" else row.status
            more: dict[str, Any] = {"status": status, "level": 3 if chosen else 1}
            more |= {"unsure": self.estimated(link)} if chosen else {}
            second = self.hue[chosen[1]] if len(chosen) > 1 else ""
            sheet.stroke(
                link, hue, 3.0 if chosen else 1.4, row.mode,
                shows=(";".join(names), "chosen" if chosen else "not chosen"), second=second, **more,
            )  # fmt: skip

    def panel(self, panel: Panel) -> None:
        """Write what is gained, the projects, and what more money would buy."""
        answer = self.answer
        words = {"throughput": "vehicles a day", "worst-case": "left, vehicles a day"}.get(answer.objective, "")
        panel.figure(
            _figure_words(answer.objective, answer.value),
            f"{words}, before {_figure_words(answer.objective, answer.base)}".lstrip(", "),
        )
        panel.heading(f"Chosen, {answer.cost_meur:,.0f} M€" if answer.chosen else "Nothing is chosen")
        for one in answer.chosen:
            p = answer.projects[one]
            cost = "cost not public" if p.cost_meur is None else f"{p.cost_meur:,.0f} M€"
            panel.line(f"{plain(one, 10)} {plain(p.name, 60)}", self.hue[one], 2.6)
            panel.note(f"{cost}, {' '.join(p.countries) or 'state not given'}{f', {p.year}' if p.year else ''}")
        panel.heading("Lines")
        panel.line("On some way, not chosen", OPEN_TO_CHOICE, 1.4)
        panel.pair(("Road", INK, 2.0, {}), ("railway", INK, 2.0, {"mode": "rail"}))
        explain_lines(panel, self)
        if len(answer.frontier) > 1 and panel.room(6) > 1:
            panel.heading("What more money buys")
            values = [_figure_words(answer.objective, s.value) for s in answer.frontier]
            pairs = zip(answer.frontier, values, strict=True)
            rows = [f"{s.cost_meur:,.0f} M€: {v} with {' '.join(s.chosen) or 'nothing'}" for s, v in pairs]
            panel.listed(rows, 3.0, 5.6, tight=0.9)
        if answer.uncosted and panel.room(3) > 1:
            panel.note(f"Without a public cost, not chosen: {', '.join(answer.uncosted)}.")
        panel.explain("Origin; destination", "origin", "destination")


# ---- questions of policy


WAY_HUES = ("#8a8f94", "#0B4F8A", "#D55E00", "#117733", "#AA4499", "#B8860B", "#3A9BC1", "#7A1F3D")
"""Colours of the cases of a question, the first as it is; their lightness tells them apart in grey."""

COMPARED = {
    "adds_share": "Still added beside the other, of what it adds alone", "shapley": "Shapley value",
    "vehicles_per_day": "Vehicles a day", "shapley_h": "Hours saved by joining (Shapley value)",
    "closure_h": "Closure of the force", "leaves_per_day": "Vehicles a day that leave the port",
    "in_hand_h": "To keep in hand, P90 less P50",
}  # fmt: skip
"""What the bars show, by column."""


class PolicyView(AnswerView):
    """The ways of the cases that are compared in colours of their own, with bars of what is compared."""

    def __init__(self, answer: PolicyAnswer) -> None:
        super().__init__(answer)
        self.answer = answer
        alike: dict[tuple[str, ...], list[str]] = {}
        for way in answer.ways:
            if way.links:
                alike.setdefault(way.links, []).append(way.name)
        names = [", ".join(some) for some in alike.values()]
        hues = [PALETTE.get(n, WAY_HUES[i % len(WAY_HUES)]) for i, n in enumerate(names)]
        self.hue = dict(zip(names, hues, strict=True))
        self.case = {n: hue for some, hue in zip(alike.values(), hues, strict=True) for n in some}
        self.of: dict[str, list[str]] = {}
        for name, links in zip(names, alike, strict=True):
            for k in dict.fromkeys(links):
                self.of.setdefault(k, []).append(name)
        self.links = set(self.of)
        self.title = answer.asks
        self.subtitle = f"{answer.headline[:1].upper()}{answer.headline[1:]} ({self.terms})"
        self.basis = " ".join(answer.assumptions)
        self.facts = list(answer.findings)
        for way in answer.ways if all(n in PALETTE for n in names) else ():
            on = tuple(k for k in way.links if self.rows[k].mode == "road") or way.links
            self.marks.append(Mark(plain(way.name, 8), self.hue[way.name], on, most=3))

    def lines(self, sheet: Sheet) -> None:
        """Add the links of each case; what two share carries both colours."""
        self.faint(sheet)
        for link, names in self.of.items():
            row = self.rows[link]
            every = len(names) == len(self.hue) > 1
            hues = [INK] if every else [self.hue[n] for n in names]
            width = 2.6 if row.mode not in WATER else 1.6
            sheet.stroke(
                link, hues[0], width, row.mode, second=(*hues, "", "")[1], status=row.status, level=1 + len(names),
                shows=(None, " and ".join(names)),
            )  # fmt: skip

    def panel(self, panel: Panel) -> None:
        """Write what the lines are, the figures as bars, and the findings."""
        answer = self.answer
        panel.heading("Lines")
        for name, hue in self.hue.items():
            panel.line(plain(name, 60), hue, 2.6)
        if any(len(n) == len(self.hue) > 1 for n in self.of.values()):
            panel.line("All of them", INK, 2.6)
        ways(panel, self, INK)
        self._bars(panel)
        panel.heading("Findings")
        for text in answer.findings:
            if panel.room(8) > 2:
                panel.note(text)
        panel.explain("Origin; destination", "origin", "destination")

    def _bars(self, panel: Panel) -> None:
        """Write the column that is compared, a bar for each row."""
        from mobility.policyreport import cell_words

        answer, column = self.answer, self.answer.compared
        values = [r.get(column) for r in answer.rows]
        top = max((abs(v) for v in values if isinstance(v, int | float)), default=0.0)
        if not top:
            return
        first = next(iter(answer.rows[0]))
        panel.heading(COMPARED.get(column, column))
        for row, value in zip(answer.rows, values, strict=True):
            name = str(row.get("name", row[first]))
            parts = [(max(0.0, value or 0.0) / top, self.case.get(str(row[first]), INK), False)]
            panel.put(0, plain(name, 46), 5.6)
            panel.down(0.72)
            panel.stack("", parts, cell_words(column, row), 2 * panel.scale)  # noqa: PD013
            panel.down(0.1)
