"""Pictures of what could go wrong: bottlenecks, the worst case, reliability, sampled failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from mobility.answerviews import flow_width, round_steps, unit_name, ways
from mobility.bottlenecks import Bottlenecks
from mobility.montecarlo import MonteCarlo, Spread
from mobility.panel import Panel
from mobility.pen import INK, RED, SOFT, WATER, plain
from mobility.reliability import Reliability
from mobility.sheet import Mark, Sheet
from mobility.view import AnswerView, count, item_name, listed, scale_colours
from mobility.worstcase import Protection, WorstCase

SAFE = "#1B6E8C"
"""Colour of what is protected."""


def number(value: float | None, objective: str) -> str:
    """Return vehicles a day or hours in words."""
    if value is None:
        return "no route"
    return f"{value:,.0f} vehicles a day" if objective == "throughput" else f"{value:.1f} h"


class BottleneckView(AnswerView):
    """What rests on each link: width by its share of the flow, colour by what its loss costs, red for bridges."""

    unit = "vehicles/day lost"
    column_of = AnswerView.capacity_of

    def __init__(self, answer: Bottlenecks) -> None:
        super().__init__(answer)
        self.answer = answer
        self.links = {b.link_id for b in answer.links}
        self.steps = round_steps(max((b.lost_vehicles_per_day for b in answer.links if not b.bridge), default=0.0))
        self.colours = scale_colours(len(self.steps) + 1)
        for i, b in enumerate(answer.links[:12], 1):
            shape = "cross" if b.in_cuts == "every" or b.bridge else "badge"
            self.marks.append(Mark(str(i), RED if shape == "cross" else INK, (b.link_id,), shape=shape))
        self.title = f"Bottlenecks: {self.relation}"
        every = sum(b.in_cuts == "every" for b in answer.links)
        found = "No route"
        if answer.status == "ok":
            found = (
                f"{count(len(answer.links), 'link')} matter for {answer.vehicles_per_day:,.0f} vehicles a day and "
                f"{answer.time_h or 0:.1f} h: {sum(b.bridge for b in answer.links)} without which no way is left, "
                f"{every} in every minimum cut"
            )
        self.subtitle = f"{found} ({self.terms})"
        guess = sum(b.estimated_capacity for b in answer.links)
        self.basis = f"{guess} of the {len(answer.links)} capacities are estimates or defaults."
        self.facts = [
            f"{i}: {item_name(self.net, b.link_id)}, {b.share:.0%} of the flow, "
            f"{b.lost_vehicles_per_day:,.0f} vehicles a day lost without it{', a bridge' * b.bridge}."
            for i, b in enumerate(answer.links[:8], 1)
        ] + [self.basis]

    def lines(self, sheet: Sheet) -> None:
        """Add every link of the register."""
        self.faint(sheet)
        for i, b in enumerate(self.answer.links):
            step = sum(b.lost_vehicles_per_day > s for s in self.steps)
            colour = RED if b.bridge or b.in_cuts == "every" else self.colours[step]
            words = f"{b.share:.0%} of the flow; in {b.in_cuts} of the minimum cuts{'; bridge' * b.bridge}"
            unsure = self.confidence(b.link_id) == "low" and not self.all_weak
            shows = (float(b.lost_vehicles_per_day), words)
            self.beside(sheet, b.link_id, colour, flow_width(b.share, 1.0), 20 - min(i, 19), shows, unsure=unsure)

    def panel(self, panel: Panel) -> None:
        """Write the register and the classes."""
        answer = self.answer
        if answer.status != "ok":
            panel.figure("No route", "nothing rests on any link")
            panel.explain("Origin; destination", "origin", "destination")
            return
        panel.figure(f"{sum(b.bridge for b in answer.links)}", "links without which no way is left")
        panel.figure(f"{sum(b.in_cuts == 'every' for b in answer.links)}", "links in every minimum cut")
        panel.heading("Register: share of flow, lost a day")
        for i, b in enumerate(answer.links[: min(12, panel.room(21 + len(self.colours)))], 1):
            colour = RED if b.bridge or b.in_cuts == "every" else INK
            values = [(0.82, f"{b.share:.0%}", False), (1.0, f"−{b.lost_vehicles_per_day:,.0f}", True)]
            panel.ranked(str(i), colour, item_name(self.net, b.link_id), values)
        if answer.cut_sets:
            panel.heading("Cut the relation together")
            names = [" and ".join(plain(u, 16) for u in c.units) for c in answer.cut_sets]
            panel.listed(names[:4], 20, 5.8)
        scale(panel, "Lost vehicles a day (colour)", self.steps, self.colours)
        panel.line("In every minimum cut, or a bridge", RED, 3.0)
        panel.heading("Share of the flow (width)")
        for share in (0.1, 0.5, 1.0):
            panel.line(f"{share:.0%}", INK, flow_width(share, 1.0))
        ways(panel, self, INK)
        panel.explain("Origin; destination", "origin", "destination")


def scale(panel: Panel, title: str, steps: Sequence[float], colours: Sequence[str], form: str = ",.0f") -> None:
    """Explain a scale of colours."""
    panel.heading(title)
    bounds = ["0", *(format(s, form) for s in steps)]
    words = [*(f"{a} to {b}" for a, b in pairwise(bounds)), f"more than {bounds[-1]}"]
    for text, colour in zip(words, colours, strict=True):
        panel.line(text, colour, 3.0)


class WorstView(AnswerView):
    """Crosses on the units whose loss hurts most; of a protection also what is to be protected."""

    unit = "lost or protected"

    def __init__(self, answer: WorstCase | Protection) -> None:
        super().__init__(answer)
        self.answer = answer
        kept = answer.protected_links if isinstance(answer, Protection) else ()
        self.kept, self.lost = set(kept), set(answer.links)
        self.links = self.kept | self.lost
        self.names = {unit: self._members(unit) for unit in answer.units}
        self.saved = {unit: self._members(unit) for unit in getattr(answer, "protected", ())}
        for text, units, colour, shape in ((1, self.names, RED, "cross"), (0, self.saved, SAFE, "badge")):
            for i, (unit, links) in enumerate(units.items(), 1):
                where: dict[str, Any] = {"node": unit} if unit in self.net.node_index else {"links": links}
                self.marks.append(Mark(str(i) if text else f"P{i}", colour, shape=shape, **where))
        title = "What to protect first" if isinstance(answer, Protection) else "Worst case"
        self.title = f"{title}: {self.relation}"
        self.subtitle = f"{self._found()} ({self.terms})"
        self.basis = f"Objective: {answer.objective}; lost as one: {answer.of}."
        self.facts = [f"{i}: {self._words(u)}." for i, u in enumerate(answer.units, 1)] + [self.basis]

    def _found(self) -> str:
        """Return what was found in a sentence."""
        answer = self.answer
        if answer.status != "ok":
            return "No route even with nothing lost"
        value, bound, base = (number(x, answer.objective) for x in (answer.value, answer.bound, answer.base))
        proof = "proven" if answer.proven else f"not proven, bound {bound}"
        if isinstance(answer, Protection):
            kept = listed([self._words(u) for u in answer.protected]) if answer.protected else "nothing"
            without = number(answer.without, answer.objective)
            return f"With {kept} protected the worst case leaves {value} in place of {without} ({proof})"
        lost = listed([self._words(u) for u in answer.units]) if answer.units else "any loss that matters"
        return f"Without {lost}: {'no route is' if answer.cut else value} left of {base} ({proof})"

    @property
    def focus(self) -> set[str]:
        """Links at origins and destinations, and those lost."""
        return self.links | super().focus if self.links else set()

    @property
    def named(self) -> set[str]:
        """All links: their places are named."""
        return set(self.rows)

    @property
    def states(self) -> set[str]:
        """All states of the network: the worst case was looked for in all of it."""
        return {c for states in self.net.link_countries for c in states}

    def _members(self, unit: str) -> tuple[str, ...]:
        """Return the links of a unit among those of the answer."""
        links = [k for k in self.net.link_index if k in self.links]
        if unit in self.net.link_index:
            return (unit,)
        if unit in self.net.node_index:
            return tuple(k for k in links if unit in (self.rows[k].from_node, self.rows[k].to_node))
        groups = self.net.groups()
        table = self.net.table("links")
        assets = dict(zip(table["link_id"].tolist(), table["asset_id"].tolist(), strict=True))
        state, _, mode = unit.partition("/")
        of = dict(zip(self.rows, self.net.link_countries, strict=True))
        return tuple(
            k
            for k in links
            if k in groups.get(unit, ()) or assets[k] == unit or (self.rows[k].mode == mode and state in of[k])
        )

    def _words(self, unit: str) -> str:
        return unit_name(self.net, unit, self.names.get(unit) or self.saved.get(unit) or (unit,))

    def lines(self, sheet: Sheet) -> None:
        """Add the network, and the links that are lost or protected."""
        for link, row in self.rows.items():
            if link not in self.links and row.mode not in WATER:
                status = row.status
                sheet.stroke(link, "#8f989f", 1.0, row.mode, shows=(None, "rest of the network"), status=status)
        for link in sorted(self.links):
            safe = link in self.kept
            words = "protected" if safe else "lost in the worst case"
            width = 1.6 if self.rows[link].mode in WATER else 3.2
            self.beside(sheet, link, SAFE if safe else RED, width, 10, (words, words), dashed=not safe)

    def panel(self, panel: Panel) -> None:
        """Write what is left, unit by unit, and what the lines mean."""
        answer = self.answer
        unit = {"throughput": "vehicles a day", "time": "the fastest route"}.get(answer.objective, "until closure")
        for value, words in ((answer.value, "left"), (answer.base, "with nothing lost")):
            panel.figure(number(value, answer.objective).removesuffix(" vehicles a day"), f"{unit} {words}")
        panel.note("Proven: nothing hurts more." if answer.proven else "Not proven; the bound stands in the subtitle.")
        if isinstance(answer, WorstCase) and answer.ranking:
            panel.heading("Left after the loss of the worst k")
            top = max([x for x in (answer.base, *(r.value for r in answer.ranking)) if x is not None] or [1.0])
            rows = [(0, answer.base, True)] + [(r.k, r.value, r.proven) for r in answer.ranking]
            for k, value, proven in rows:
                share = 0.0 if value is None else value / max(top, 1e-9)
                words = "none" if value is None else number(value, answer.objective).removesuffix(" vehicles a day")
                panel.stack(f"k = {k}", [(share, INK if proven else SOFT, False)], words, 28 * panel.scale)
        panel.heading("Lost")
        for i, unit in enumerate(answer.units, 1):
            if panel.room(14) > 0:
                panel.ranked(str(i), RED, self._words(unit), [])
        if self.saved:
            panel.heading("Protected")
            for i, unit in enumerate(self.saved, 1):
                if panel.room(12) > 0:
                    panel.ranked(f"P{i}", SAFE, self._words(unit), [])
        panel.heading("Lines")
        panel.line("Lost in the worst case", RED, 3.2, dashed=True)
        if self.kept:
            panel.line("Protected", SAFE, 3.2)
        panel.pair(("Road", "#8f989f", 1.0, {}), ("railway", "#8f989f", 1.0, {"mode": "rail"}))
        if panel.dotted:
            panel.line(f"Course not traced ({panel.dotted} of km)", INK, 2.4, dotted=True)
        panel.explain("Origin; destination", "origin", "destination")
        panel.places()


class RiskView(AnswerView):
    """What is important when links fail at random: colour and width by a measure, with badges by rank."""

    weights: Mapping[str, float]
    """The measure of each link."""
    ranked: Sequence[tuple[str, tuple[str, ...], float]]
    """Unit, its links, and the measure, most important first."""
    measure = ""
    form = ".3f"

    def _rank(self) -> None:
        """Take classes and marks from what is ranked."""
        self.weights = {k: w for _, links, w in reversed(self.ranked) for k in links if w > 0}
        self.links = set(self.weights)
        self.steps = round_steps(max(self.weights.values(), default=0.0))
        self.colours = scale_colours(len(self.steps) + 1)
        for i, (_, links, weight) in enumerate(self.ranked[:12], 1):
            if weight > 0:
                self.marks.append(Mark(str(i), INK, links))

    def lines(self, sheet: Sheet) -> None:
        """Add every link that matters."""
        self.faint(sheet)
        most = max(self.weights.values(), default=1.0)
        for link, weight in sorted(self.weights.items(), key=lambda w: (w[1], w[0])):
            step = sum(weight > s for s in self.steps)
            words = f"class {step + 1} of {len(self.colours)}"
            self.beside(sheet, link, self.colours[step], 1.2 + 3.4 * weight / most, 1 + step, (float(weight), words))

    def column_of(self, link: str) -> str:
        """Return the column of the probability."""
        return "fail_probability"

    def _rows(self, panel: Panel, reserve: float) -> None:
        for i, (unit, links, weight) in enumerate(self.ranked[: min(12, panel.room(reserve))], 1):
            panel.ranked(str(i), INK, unit_name(self.net, unit, links), [(1.0, format(weight, self.form), True)])

    def _legend(self, panel: Panel) -> None:
        scale(panel, f"{self.measure} (colour, width)", self.steps, self.colours, "g")
        ways(panel, self, INK)
        panel.explain("Origin; destination", "origin", "destination")


class ReliabilityView(RiskView):
    """The probability of a connection, and which links it hangs on."""

    unit = "Birnbaum importance"
    measure = "Importance"
    form = ".2g"

    def __init__(self, answer: Reliability) -> None:
        super().__init__(answer)
        self.answer = answer
        self.ranked = [(i.unit, i.links, i.birnbaum) for i in answer.importance]
        self._rank()
        self.title = f"Reliability: {self.relation}"
        found = "No route"
        if answer.status == "ok":
            how = {"exact": "exact", "bounds": "proven bounds"}.get(answer.method, f"{answer.runs:,} samples")
            found = f"Connected with probability {answer.reliability:.4f} ({how}"
            found += ")" if answer.method == "exact" else f", {answer.low:.4f} to {answer.high:.4f})"
        self.subtitle = f"{found} ({self.terms})"
        self.basis = f"{count(len(answer.assumed), 'link')} without a stated probability never fail here."
        top = [f"{unit_name(self.net, i.unit, i.links)}, {i.birnbaum:.4f}" for i in answer.importance[:6]]
        self.facts = [f"Most important: {'; '.join(top)}."] * bool(top) + [self.basis]

    def panel(self, panel: Panel) -> None:
        """Write the probability, the ranking and the classes."""
        answer = self.answer
        panel.figure(f"{answer.reliability:.4f}", "probability of a connection")
        if answer.method != "exact":
            panel.note(f"{answer.low:.4f} to {answer.high:.4f}, {answer.method.replace('-', ' ')}")
        panel.heading("Importance: reliability lost with it")
        self._rows(panel, 16)
        panel.note(self.basis)
        if answer.groups:
            panel.note(f"Common causes counted: {listed([plain(g, 24) for g in answer.groups], 6)}.")
        self._legend(panel)


class MonteCarloView(RiskView):
    """How time and throughput spread when links fail at random, and which failures cost most."""

    unit = "vehicles/day lost"
    measure = "Lost vehicles a day"
    form = ",.0f"

    def __init__(self, answer: MonteCarlo) -> None:
        super().__init__(answer)
        self.answer = answer
        known = [e for e in answer.importance if e.lost_vehicles_per_day is not None]
        if known:
            self.ranked = [(e.id, e.links, max(0.0, e.lost_vehicles_per_day or 0.0)) for e in known]
        else:
            self.unit, self.measure, self.form = "probability", "Cut likelier by", ".3f"
            self.ranked = [(e.id, e.links, max(0.0, e.cut)) for e in answer.importance]
        self.ranked.sort(key=lambda r: (-r[2], r[0]))
        self._rank()
        self.title = f"Random failures: {self.relation}"
        parts = []
        if answer.connection:
            parts.append(f"connected in {answer.connection.share:.1%} of {answer.runs:,} samples")
        if answer.throughput:
            q = answer.throughput.quantiles
            parts.append(f"{q['p10']:,.0f} to {q['p90']:,.0f} vehicles a day in eight cases of ten")
        if answer.time:
            q = answer.time.quantiles
            parts.append(f"{q['p50']:.1f} h by the median, {q['p90']:.1f} h nine times in ten")
        found = ", ".join(parts) if answer.status == "ok" else "No route even with no failure"
        self.subtitle = f"{found[:1].upper()}{found[1:]} ({self.terms})"
        fails = answer.failures
        self.basis = f"{len(fails.assumed)} links without a stated probability never fail here." if fails else ""
        top = [f"{unit_name(self.net, u, k)}, {format(w, self.form)}" for u, k, w in self.ranked[:6]]
        self.facts = [f"Most costly: {'; '.join(top)}."] * bool(top) + [self.basis] * bool(self.basis)

    def panel(self, panel: Panel) -> None:
        """Write the distributions, the ranking and the classes."""
        answer = self.answer
        if answer.connection:
            panel.figure(f"{answer.connection.share:.1%}", f"of {answer.runs:,} samples connected")
        for spread, title, form in (
            (answer.throughput, "Vehicles a day", ",.0f"),
            (answer.time, "Hours of the fastest route", ".1f"),
        ):
            if spread is not None:
                panel.heading(title)
                self._histogram(panel, spread, form)
        panel.heading(f"{self.measure} when it fails")
        self._rows(panel, 15)
        self._legend(panel)

    def _histogram(self, panel: Panel, spread: Spread, form: str) -> None:
        marks = {name: spread.quantiles[name] for name in ("p10", "p50", "p90")}
        panel.histogram(spread.edges, spread.counts, marks, form)
