"""Pictures of a network itself: its corridors, what carries a vehicle, what opens when."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex

from mobility.coverage import EVERYTHING, NO_YEAR, Capability, Status, corridors_of
from mobility.network import Network
from mobility.panel import Panel
from mobility.pen import BUILDING, CLOSED, FAINT, HOLLOW, INK, OPEN, RIVER_LINE, SEA_LINE, SHUT, SOFT, WATER, plain
from mobility.schema import columns
from mobility.sheet import Mark, Sheet
from mobility.vehicle import LIMITS, MODES
from mobility.view import OTHER, View, count, item_name, listed

PALETTE = {"Vc": "#0072B2", "VIII": "#D55E00", "X": "#117733", "R10": "#AA4499"}

ROAD_CLASSES, RAIL_CLASSES = (160.0, 330.0), (15.0, 40.0)
"""Where the three capacity classes part: vehicles an hour, trains a day."""
WIDTHS = (1.2, 2.0, 3.0)

FITNESS = {
    "fits": ("fits", "#08306B"),
    "permit": ("passes with a permit", "#2B83BA"),
    "doubtful": ("closed as estimated, open at the good end", "#F0A63A"),
    "unknown": ("a limit is not known", "#E3E6E8"),
    "blocked": ("closed by a limit", "#A50F15"),
}
"""By verdict the words and the colour; from dark to pale also in grey, but for what is closed, which is dashed."""

TODAY, LATER = "#3b4a57", "#b8bdc2"


def families(net: Network) -> dict[str, tuple[str, str]]:
    """Return by name in the ``corridors`` column the corridor it belongs to and its colour.

    Branches follow their ``parent``. A network with none of the known corridors gets its four longest.
    """
    roots = corridors_of(net)
    if any(root in PALETTE for root in roots.values()):
        return {n: (root, PALETTE[root]) for n, root in roots.items() if root in PALETTE}
    km: dict[str, float] = defaultdict(float)
    for names, length in zip(net.table("links")["corridors"].tolist(), net.values("length_km").value, strict=True):
        for name in filter(None, names.split(";")):
            km[name] += float(length)
    longest = sorted(km, key=lambda n: (-km[n], n))[: len(PALETTE)]
    return {n: (n, c) for n, c in zip(longest, PALETTE.values(), strict=False)}


def water_line(mode: str) -> tuple[str, float, int]:
    """Return colour, width and level of a line on water."""
    return (SEA_LINE, 0.55, -2) if mode == "sea" else (RIVER_LINE, 1.5, -1)


class NetworkView(View):
    """The corridors and the rest of the network, by mode, status and capacity class."""

    unit = "vehicles/h or trains/day, one direction"

    def __init__(self, net: Network) -> None:
        super().__init__(net)
        self.known = families(net)
        self.of = {k: [n for n in r.corridors.split(";") if n in self.known] for k, r in self.rows.items()}
        order = {name: i for i, name in enumerate(PALETTE)}
        self.groups = sorted({f for f, _ in self.known.values()}, key=lambda f: (order.get(f, 9), f))
        self.sums: dict[tuple[str, str, bool], float] = defaultdict(float)
        for link, names in self.of.items():
            for group in {self.known[n][0] for n in names}:
                self.sums[group, self.rows[link].mode, self.rows[link].status == OPEN] += self.km[link]
        for name, (_, colour) in self.known.items():
            if len(name) <= 6:
                on = tuple(k for k in self.rows if name in self.of[k])
                on = tuple(k for k in on if self.rows[k].mode == "road") or on
                most = max(1, min(4, round(sum(self.km[k] for k in on) / 300)))
                self.marks.append(Mark(plain(name, 8), colour, on, most=most))
        land = [k for k, r in self.rows.items() if r.mode not in WATER]
        share = sum(map(self.estimated, land)) / max(1, len(land))
        self.basis = f"{share:.0%} of the capacities are estimates or defaults."
        self.facts = [*map(self._fact, self.groups), self.basis]
        self.title = f"Corridors {listed(self.groups, 9)}" if self.groups else "Transport network"
        shut = sum(r.status != OPEN for r in self.rows.values())
        year = f" at the start of {net.year}" if net.year else ""
        self.subtitle = (
            f"{count(len(self.rows), 'link')} between {count(len(net.table('nodes')), 'place')}, "
            f"{shut} not open{year}; width shows the capacity class, pattern shows mode and status"
        )

    def _fact(self, group: str) -> str:
        road, rail = (self.sums[group, mode, True] + self.sums[group, mode, False] for mode in ("road", "rail"))
        closed = sum(v for (g, _, good), v in self.sums.items() if g == group and not good)
        return f"Corridor {group}: {road:,.0f} km of road, {rail:,.0f} km of rail, of which {closed:,.0f} km not open."

    def column_of(self, link: str) -> str:
        """Return the column of the capacity."""
        return {"road": "capacity_veh_h", "rail": "capacity_trains_day"}.get(self.rows[link].mode, "")

    def confidence(self, link: str) -> str:
        """Return the confidence of the row: that the link exists, its length, its status."""
        return self.rows[link].confidence

    def _class(self, link: str) -> tuple[int, Any, str]:
        """Return the capacity class of a link, 0 to 2, its capacity, and both in words; water has the middle one."""
        mode, i = self.rows[link].mode, self.net.link_index[link]
        if mode in WATER:
            return 1, None, {"sea": "sea link"}.get(mode, mode)
        steps = ROAD_CLASSES if mode == "road" else RAIL_CLASSES
        value = float(self.net.values(self.column_of(link)).value[i])
        step = sum(value >= s for s in steps)
        return step, None if math.isnan(value) else value, f"capacity class {step + 1}"

    def lines(self, sheet: Sheet) -> None:
        """Add every link, those on corridors in colour."""
        for link, row in self.rows.items():
            hues = [*dict.fromkeys(self.known[n][1] for n in self.of[link])]
            step, value, words = self._class(link)
            width = WIDTHS[step] * (1.0 if hues else 0.5)
            if hues and row.status != OPEN:
                width = max(width, 2.2)  # thinner, the pattern inside could not be seen
            colour, level = (*hues, OTHER)[0], 1 + step if hues else 0
            if row.mode in WATER:
                colour, width, level = water_line(row.mode)
                hues = []
            more: dict[str, Any] = {"status": row.status, "level": level, "second": (*hues, "", "")[1]}
            unsure = row.confidence == "low" and row.status == OPEN
            sheet.stroke(link, colour, width, row.mode, shows=(value, words), unsure=unsure, **more)

    def panel(self, panel: Panel) -> None:
        """Write lengths, the meaning of the lines, and what is not open."""
        colour = dict(self.known.values())
        if self.groups:
            panel.heading("Length by corridor, km")
            sums = [self.sums[g, m, True] + self.sums[g, m, False] for g in self.groups for m in ("road", "rail")]
            for group in self.groups:
                self._bars(panel, group, colour[group], max(*self.sums.values(), *sums))
            panel.note("Solid: open, hatched: not open. Branches count for their corridor, shared links for both.")
        panel.heading("Lines")
        for group in self.groups[:1]:
            panel.line("Corridor, road", colour[group])
            panel.line("Corridor, railway", colour[group], mode="rail")
        if len(self.groups) > 1:
            panel.line("On two corridors", colour[self.groups[0]], second=colour[self.groups[1]])
        panel.pair(("Other road", OTHER, 1.2, {}), ("railway", OTHER, 1.2, {"mode": "rail"}))
        explain_lines(panel, self)
        panel.heading("Capacity class (one direction)")
        bounds = [
            f"under {a:g} vehicles/h or {b:g} trains/day" for a, b in zip(ROAD_CLASSES, RAIL_CLASSES, strict=True)
        ]
        for width, words in zip(WIDTHS, [*bounds, "more than that"], strict=True):
            panel.line(words, INK, width)
        panel.note(self.basis)
        panel.heading("Places")
        panel.places()
        self._waiting(panel)

    def _bars(self, panel: Panel, group: str, colour: str, longest: float) -> None:
        """Draw road and rail length of a corridor as two bars."""
        s, top = panel.scale, panel.y
        start = 44 * s
        reach = panel.width - start - 25 * s
        for mode in ("road", "rail"):
            good, bad = self.sums[group, mode, True], self.sums[group, mode, False]
            for x, length, hatch in ((0.0, good, ""), (good, bad, "//////")):
                face = "white" if hatch else colour
                panel.bar(start + reach * x / longest, reach * length / longest, face, hatch=hatch, edge=colour)
            panel.put_right(start - 3 * s, mode, 5.4, SOFT)
            panel.put(start + reach * (good + bad) / longest + 3 * s, f"{good + bad:,.0f}", 5.4)
            panel.down(0.72)
        panel.y, rest = top - 0.2 * panel.step, panel.y
        panel.tag(plain(group, 8), colour)
        panel.y = rest - 0.25 * panel.step

    def _waiting(self, panel: Panel) -> None:
        """List what is not open on the corridors, as far as there is room."""
        shut = [k for k, r in self.rows.items() if r.status != OPEN and self.of[k]]
        if not shut or panel.room() < 4:
            return
        panel.heading("Not open on the corridors")
        rows = []
        for link in shut:
            row = self.rows[link]
            year = "" if math.isnan(row.open_year) else f" ({row.open_year:.0f})"
            rows.append(f"{item_name(self.net, link)}, {row.status.replace('_', ' ')}{year}")
        panel.listed(rows, 0.4, 5.5, tight=0.92)


def explain_lines(panel: Panel, view: View, *, status: bool = True) -> None:
    """Explain those lines that are on the map: on water, not open, of a weak source, of a course not known."""
    modes = {r.mode for r in view.rows.values()}
    states = {r.status for r in view.rows.values()}
    for mode, words in (("sea", "Sea link"), ("waterway", "Waterway")):
        if mode in modes:
            colour, width, _ = water_line(mode)
            panel.line(words, colour, width, mode=mode)
    if status and BUILDING in states:
        panel.line("Under construction", INK, 2.4, status=BUILDING)
    if status and states & set(HOLLOW):
        panel.line("Planned or missing", INK, 2.4, status="planned")
    if status and CLOSED in states:
        panel.line("Closed", INK, 2.4, status=CLOSED)
    if panel.unsure:
        panel.line(panel.unsure, INK, 2.4, unsure=True)
    if panel.dotted:
        panel.line(f"Course not traced ({panel.dotted} of km)", INK, 2.4, dotted=True)


class CapabilityView(View):
    """Whether each link carries a vehicle, and which limit is in the way."""

    slits = "Rests on an estimated limit"

    def __init__(self, answer: Capability) -> None:
        super().__init__(answer.net)
        self.answer = answer
        self.entry = {c.link_id: c for c in answer.links}
        barred = {c.link_id for c in answer.links if any(b.limit == "mode" for b in c.limits)}
        self.links = {k for k, c in self.entry.items() if c.open and k not in barred}
        self.frame = answer.to_frame()
        vehicle = answer.vehicle
        name = (vehicle.title or vehicle.name).partition("(")[0].strip()
        self.title = f"Which links carry it: {plain(name, 70)}"
        total = float(self.frame.loc[EVERYTHING]["km"].sum())
        parts = []
        for mode, row in self.frame.loc[EVERYTHING].iterrows():
            if row["km"] > 0 and mode in vehicle.modes and mode not in WATER:
                parts.append(f"{(row['fits'] + row['permit']) / row['km']:.0%} of {row['km']:,.0f} km of {mode}")
        year = f" at the start of {answer.net.year}" if answer.net.year else ""
        self.subtitle = f"It passes {listed(parts)} in use{year}; needs {self._needs()}"
        shares = {m: r["estimated"] / r["km"] for m, r in self.frame.loc[EVERYTHING].iterrows() if r["km"] > 0}
        self.guessed = {mode for mode, share in shares.items() if share > 0.9}
        """Modes whose limits are nearly all estimates: a mark on each line would say nothing."""
        guess = float(self.frame.loc[EVERYTHING]["estimated"].sum())
        self.basis = f"{guess / max(total, 1e-9):.0%} of the km rest on estimated limits."
        limits = answer.by_limit().reset_index()
        self.limits = limits[limits["limit"] != "mode"]
        self.facts = [
            f"{row['links']} links of {row['mode']}, {row['km']:,.0f} km, are closed by {_limit(row['limit'])}."
            for row in self.limits.to_dict("records")
        ] + [self.basis]
        self._mark()

    @property
    def focus(self) -> set[str]:
        """The whole network, whatever the vehicle can use of it."""
        return set()

    def _needs(self) -> str:
        words = []
        for mode in ("road", "rail"):
            if mode in self.answer.vehicle.modes:
                needs = self.answer.vehicle.needs(mode)
                kept = {k: v for k, v in needs.items() if k in ("mlc_wheeled", "mlc_tracked", "max_axle_t")}
                words += [f"{mode} {_limit(k)} {v:.3g}{_unit(k)}" for k, v in (kept or needs).items()]
        return listed(words, 5) if words else "no limit"

    def _mark(self) -> None:
        """Put the value of the limit in the way on some of the links that it closes."""
        groups: dict[tuple[str, str, Any], list[str]] = {}
        for link in sorted(self.links, key=lambda k: -self.entry[k].length_km):
            entry = self.entry[link]
            if entry.verdict in ("blocked", "doubtful"):
                block = entry.limits[0]
                groups.setdefault((entry.verdict, block.limit, block.value), []).append(link)
        for (verdict, limit, value), links in sorted(groups.items(), key=lambda g: -len(g[1])):
            text = f"{_letter(limit)} {value:g}" if isinstance(value, float) else _letter(limit)
            self.marks.append(Mark(text, FITNESS[verdict][1], tuple(links), most=1 + len(links) // 12))

    def column_of(self, link: str) -> str:
        """Return the column of the first limit that says something of the link."""
        limits = self.entry[link].limits if link in self.entry else ()
        named = [b.limit for b in limits if b.limit in LIMITS]
        default = {"road": "mlc_wheeled", "rail": "max_axle_t"}.get(self.rows[link].mode, "")
        return next(iter(named), default)

    def estimated(self, link: str) -> bool:
        """Return whether the verdict rests on an estimate."""
        return link in self.entry and self.entry[link].estimated

    def lines(self, sheet: Sheet) -> None:
        """Add every link in the colour of its verdict, the others in grey."""
        self.faint(sheet)
        for i, verdict in enumerate(FITNESS):
            words, colour = FITNESS[verdict]
            for link in self.rows:
                if link in self.links and self.entry[link].verdict == verdict:
                    entry, row = self.entry[link], self.rows[link]
                    value = entry.limits[0].value if entry.limits else None
                    limit = f"{words}: {', '.join(_limit(b.limit) for b in entry.limits)}" if entry.limits else words
                    look = _fitness_look(verdict)
                    unsure = entry.estimated and verdict in ("fits", "permit") and row.mode not in self.guessed
                    more, width, hue = {"unsure": unsure, "level": 1 + i} | look, 2.1, colour
                    if row.mode in WATER and verdict in ("fits", "permit"):
                        hue, width, more["level"] = water_line(row.mode)
                    sheet.stroke(link, hue, width, row.mode, shows=(value, limit), **more)

    def panel(self, panel: Panel) -> None:
        """Write the shares by corridor and mode, the limits in the way, and the classes."""
        colours = dict(families(self.net).values())
        panel.heading("Share of the km in use by corridor")
        order = {name: i for i, name in enumerate(PALETTE)}
        modes = [m for m in self.answer.vehicle.modes if m not in WATER] or self.answer.vehicle.modes
        keys = [k for k in self.frame.index if k[1] in modes and self.frame.loc[k]["km"] > 0]
        rows = [k for k in keys if k[0] == EVERYTHING or k[0] in colours]
        rows.sort(key=lambda k: (k[0] != EVERYTHING, order.get(k[0], 9), k[0], MODES.index(k[1])))
        for corridor, mode in rows:
            row = self.frame.loc[(corridor, mode)]
            rest = row["estimated"] / row["km"]
            parts = [(row[v] / row["km"], FITNESS[v][1], rest > 0.5) for v in FITNESS]
            name = "all" if corridor == EVERYTHING else plain(corridor, 9)
            passes = (row["fits"] + row["permit"]) / row["km"]
            panel.stack(f"{name} {mode}", parts, f"{passes:.0%}", 52 * panel.scale)
        panel.note("Figure: fits or with a permit. Slits: more than half rests on estimated limits.")
        panel.heading("The vehicle")
        for verdict, (words, colour) in FITNESS.items():
            if verdict in {self.entry[k].verdict for k in self.links}:
                panel.line(words, colour, 2.4, **_fitness_look(verdict))
        panel.pair(("Road", INK, 2.0, {}), ("railway", INK, 2.0, {"mode": "rail"}))
        explain_lines(panel, self, status=False)
        panel.line("Not open, or of a mode closed to it", FAINT, 0.9, mode="sea")
        if len(self.limits):
            panel.heading("In the way: limit, needed, lowest, km")
            for row in self.limits.to_dict("records")[: panel.room(4)]:
                lowest = "" if row["lowest"] is None or row["lowest"] != row["lowest"] else f"{row['lowest']:g}"
                values = [
                    (0.68, f"{row['required']:.4g}{_unit(row['limit'])}", False),
                    (0.82, lowest, False),
                    (1.0, f"{row['km']:,.0f}", True),
                ]
                panel.ranked(_letter(row["limit"]), SOFT, f"{_limit(row['limit'])}, {row['mode']}", values)
        panel.heading("Places")
        panel.places()


def _fitness_look(verdict: str) -> dict[str, Any]:
    return {"edge": SOFT} if verdict == "unknown" else {"dashed": True} if verdict == "blocked" else {}


def _limit(name: str) -> str:
    """Return a limit in words."""
    known = {
        "mlc_wheeled": "bridge class (wheeled)", "mlc_tracked": "bridge class (tracked)", "max_axle_t": "axle load",
        "max_metre_load_t": "metre load", "max_mass_t": "mass", "max_height_m": "height",
        "max_width_m": "width", "max_length_m": "length", "gauge_mm": "gauge", "mode": "mode",
        "loading_gauge": "loading gauge", "oversize": "legal dimensions",
    }  # fmt: skip
    return known.get(name, name.replace("_", " "))


def _unit(limit: str) -> str:
    unit = columns("links")[limit].unit if limit in LIMITS else ""
    return f" {unit}" if unit else ""


def _letter(limit: str) -> str:
    """Return the letter that stands for a limit on the map."""
    known = {"mlc_wheeled": "W", "mlc_tracked": "T", "max_axle_t": "A", "max_metre_load_t": "M", "max_mass_t": "t",
             "max_height_m": "H", "max_width_m": "B", "max_length_m": "L", "gauge_mm": "G"}  # fmt: skip
    return known.get(limit, limit[:1].upper())


def year_colours(years: int) -> list[str]:
    """Return colours of opening years: the sooner, the darker, in grey too."""
    return [to_hex(colormaps["plasma"](0.2 + 0.62 * i / max(1, years - 1))) for i in range(years)]


class StatusView(View):
    """What is in use today, and what opens by when."""

    unit = "in use from the start of"

    def __init__(self, answer: Status) -> None:
        super().__init__(answer.net)
        self.answer = answer
        self.frame = answer.to_frame()
        # lanes at sea have no year and would outweigh everything else
        land = [m for m in self.frame.loc[EVERYTHING].index if m not in WATER]
        self.modes = land or list(self.frame.loc[EVERYTHING].index)
        total = self.frame.loc[EVERYTHING].loc[self.modes].sum()
        self.colour = {0.0: TODAY, NO_YEAR: LATER}
        hues = year_colours(len(answer.years))
        self.colour |= dict(zip(map(float, answer.years), hues, strict=True))
        self.title = f"What is open now and what opens by {answer.years[-1]}"
        steps = [f"{total[str(y)] - total[b]:,.0f} km more by {y}" for b, y in self._steps()]
        self.subtitle = f"{total['today']:,.0f} of {total['km']:,.0f} km are in use, {listed(steps, 6)}"
        waiting = [k for k, v in answer.opens.items() if v > 0]
        guess = sum("open_year" in self._estimates(k) for k in waiting)
        self.basis = f"{guess} of {count(len(waiting), 'link')} not open have an estimated year of opening or none."
        for link in sorted(waiting, key=lambda k: (answer.opens[k], k)):
            row = self.rows[link]
            if not math.isnan(row.open_year):
                year = f"{row.open_year:.0f}"
                colour = self.colour[answer.opens[link]]
                self.marks.append(Mark(year, colour if answer.opens[link] != NO_YEAR else SHUT, (link,)))
        self.facts = [
            f"By {y}: {listed([item_name(self.net, k) for k, v in answer.opens.items() if v == y], 12)}."
            for y in answer.years
        ] + [self.basis]

    def _steps(self) -> list[tuple[str, int]]:
        before = ["today", *map(str, self.answer.years)]
        return list(zip(before, self.answer.years, strict=False))

    def _estimates(self, link: str) -> list[str]:
        cells = self.net.table("links")["estimated"].iat[self.net.link_index[link]].split(";")
        return [*cells, "open_year"] if math.isnan(self.rows[link].open_year) else cells

    def column_of(self, link: str) -> str:
        """Return the year of opening for what is not open."""
        return "open_year" if self.answer.opens[link] > 0 else ""

    def confidence(self, link: str) -> str:
        """Return the confidence in the status, or in the year of opening."""
        if self.answer.opens[link] > 0 and math.isnan(self.rows[link].open_year):
            return "low"
        marked = dict(part.partition(":")[::2] for part in self.rows[link].value_confidence.split(";"))
        return marked.get(self.column_of(link) or "status") or self.rows[link].confidence

    def lines(self, sheet: Sheet) -> None:
        """Add every link in the colour of the year in which it opens."""
        for link, row in self.rows.items():
            opens = self.answer.opens[link]
            words = self._words(opens)
            value = None if opens == NO_YEAR else "today" if opens == 0 else int(opens)
            colour, width, level = self.colour[opens], (1.0 if opens == 0 else 2.8), (0 if opens == 0 else 2)
            if row.mode in WATER:
                colour, width, level = water_line(row.mode)
            more: dict[str, Any] = {"status": row.status, "level": level}
            if opens == NO_YEAR and row.status != CLOSED:
                more["edge"] = SHUT
            elif opens not in (0, NO_YEAR) and row.status in (CLOSED, OPEN):
                more["status"] = OPEN  # its colour says when; a closed line is grey
            sheet.stroke(link, colour, width, row.mode, shows=(value, words), **more)

    def _words(self, opens: float) -> str:
        if opens == 0:
            return "in use"
        return "no year, or later" if opens == NO_YEAR else f"opens by {opens:.0f}"

    def panel(self, panel: Panel) -> None:
        """Write the km by corridor and year, and what opens."""
        s = panel.scale
        colours = dict(families(self.net).values())
        panel.heading("Share of the km that is in use")
        order = {name: i for i, name in enumerate(PALETTE)}
        rows = [k for k in self.frame.index if k[1] in self.modes and (k[0] == EVERYTHING or k[0] in colours)]
        rows.sort(key=lambda k: (k[0] != EVERYTHING, order.get(k[0], 9), k[0], MODES.index(k[1])))
        for corridor, mode in rows:
            row = self.frame.loc[(corridor, mode)]
            kept = [row["today"], *np.diff([row["today"], *(row[str(y)] for y in self.answer.years)])]
            hues = [TODAY, *(self.colour[float(y)] for y in self.answer.years)]
            parts = [(k / row["km"], hue, False) for k, hue in zip(kept, hues, strict=True)]
            name = "all" if corridor == EVERYTHING else plain(corridor, 9)
            last = row[str(self.answer.years[-1])] / row["km"]
            panel.stack(f"{name} {mode}", parts, f"{row['today'] / row['km']:.0%} {last:.0%}", 52 * s)
        panel.note(f"Figures: today and at the start of {self.answer.years[-1]}.")
        panel.heading("Lines")
        panel.line("In use", TODAY, 1.2)
        for year in self.answer.years:
            panel.line(f"In use by the start of {year}", self.colour[float(year)], 2.8)
        panel.line("No year known, or later", LATER, 2.8, edge=SHUT)
        panel.line("Railway", TODAY, 1.2, mode="rail")
        explain_lines(panel, self)
        panel.heading("Opens")
        opening = {k: self.rows[k].open_year for k, v in self.answer.opens.items() if v > 0}
        waiting = sorted(opening, key=lambda k: (math.isnan(opening[k]), opening[k], k))
        words = {k: "no year" if math.isnan(opening[k]) else f"in {opening[k]:.0f}" for k in waiting}
        panel.listed([f"{item_name(self.net, k)}, {words[k]}" for k in waiting], 0.4, 5.4, tight=0.9)
