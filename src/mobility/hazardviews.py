"""Pictures of hazards: how likely each link is out, where the event is felt, and how the throughput comes back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from matplotlib.patches import Polygon

from mobility.answerviews import ways
from mobility.hazard import CAVEAT, Earthquake, Flood, HazardLoss, event_ring, event_shape, event_words, felt_to_km
from mobility.panel import Panel, percent
from mobility.pen import INK, SOFT, WATER, Look
from mobility.sheet import Mark, Sheet
from mobility.view import AnswerView, count, item_name, listed, place, scale_colours

STEPS = (0.05, 0.25, 0.5, 0.75)
"""Where the classes of probability part."""
WIDTHS = (1.2, 2.0, 2.9, 3.9, 5.0)
"""Line width of each class, so that they are told apart in grey as well."""
LEAST_SHOWN = 0.005
"""Links less likely to be out than this stay in the background."""
RINGS_G = (0.05, 0.1, 0.2, 0.4)
"""Median peak ground accelerations that get a ring."""
QUAKE, FLOODED = "#6A1B6A", "#2f7fa8"
BAND, LINE = "#9fb0bd", INK


class HazardView(AnswerView):
    """The event on the map, links by their probability of being out, and the recovery beside it."""

    unit = "probability of being out"

    def __init__(self, answer: HazardLoss) -> None:
        super().__init__(answer)
        self.answer = answer
        self.risks = {x.link_id: x for x in answer.links if x.probability >= LEAST_SHOWN}
        self.links = {k for k in self.risks if self.rows[k].mode not in WATER}
        self.colours = scale_colours(len(STEPS) + 1)
        self.ranked = [x for x in answer.links if x.link_id in self.links][:8]
        self.marks = [Mark(str(i), INK, (x.link_id,)) for i, x in enumerate(self.ranked, 1)]
        self.ports = self._ports()
        self.marks += [Mark(percent(p), INK, node=node, shape="warning") for node, p in self.ports.items()]
        self.event = event_words(answer.event)
        self.title = f"{self.event}: {self.relation}"
        self.subtitle = f"{self._found()} ({self.terms})"
        self.basis = f"{answer.runs:,} samples, seed {answer.question['seed']}. {CAVEAT}"
        top = [f"{item_name(self.net, x.link_id)} {percent(x.probability)}" for x in self.ranked[:8]]
        self.facts = [f"Likeliest to be out: {'; '.join(top)}."] if top else ["No link that may be used lies in it."]
        self.facts += [
            f"Port of {place(self.net, n)} out with probability {percent(p)}." for n, p in self.ports.items()
        ]
        if len(answer.curve) > 1:
            days = [f"day {r.day:g} {percent(r.mean)} ({percent(r.p10)} to {percent(r.p90)})" for r in answer.curve]
            self.facts.append(f"Share of the throughput that is there, mean and P10 to P90: {', '.join(days)}.")
        if answer.plan is not None:
            first = [item_name(self.net, s.links[0]) for s in answer.plan.steps[:3] if s.links]
            self.facts.append(f"Repair first, in a bad sample: {listed(first)}.")

    def _ports(self) -> dict[str, float]:
        """Return the ports that can be out, with their probability."""
        fails = self.answer.failures
        if fails is None:
            return {}
        known = zip(fails.ids, fails.probability.tolist(), strict=True)
        return {i.removeprefix("port:"): p for i, p in known if i.startswith("port:") and p >= LEAST_SHOWN}

    def _found(self) -> str:
        """Return what was found in a sentence."""
        a = self.answer
        if a.status != "ok" or a.lost is None or a.connection is None:
            return "No route even with every link in place"
        base = a.vehicles_per_day or 1.0
        lost, worst = a.lost.mean / base, a.lost.quantiles["p90"] / base
        back = f"; nothing is lost any more after {a.full_days.quantiles['p90']:,.0f} days" if a.full_days else ""
        return (
            f"connected in {percent(a.connection.share)} of the samples; {percent(lost)} of {base:,.0f} vehicles a day "
            f"lost on average, {percent(worst)} in one case of ten{back} in nine of ten"
        ).replace("connected", "Connected", 1)

    @property
    def focus(self) -> set[str]:
        """Links that may well be out, and those at origins and destinations."""
        ends = {*self.origins, *self.destinations}
        near = {k for k, r in self.rows.items() if r.from_node in ends or r.to_node in ends}
        return {k for k in self.links if self.risks[k].probability >= STEPS[0]} | near

    @property
    def named(self) -> set[str]:
        """All links on land: their places are named."""
        return {k for k, r in self.rows.items() if r.mode not in WATER}

    def confidence(self, link: str) -> str:
        """Return ``low``: numbers of structures are estimates, their curves those of classes."""
        return "low" if link in self.risks else super().confidence(link)

    def estimated(self, link: str) -> bool:
        """Return whether the value drawn is an estimate: each probability is."""
        return link in self.risks

    def lines(self, sheet: Sheet) -> None:
        """Add every link that can be out."""
        self.faint(sheet)
        for link in sorted(self.links, key=lambda k: (self.risks[k].probability, k)):
            p = self.risks[link].probability
            step = sum(p > s for s in STEPS)
            words = f"out with probability {percent(p)}, {self.risks[link].structures:.1f} structures in it"
            self.beside(sheet, link, self.colours[step], WIDTHS[step], 1 + step, (float(p), words))

    def ground(self, sheet: Sheet) -> None:
        """Draw where the event is felt."""
        event, pen, s = self.answer.event, sheet.pen, sheet.scale
        if isinstance(event, Earthquake):
            for level in RINGS_G:
                if (far := felt_to_km(event, level)) > 0:
                    ring = sheet.paper(*event_ring(event.lat, event.lon, far))
                    pen.ax.plot(
                        *ring.T, color=QUAKE, lw=0.8 * s, ls=(0, (4, 2)), zorder=2.6, scalex=False, scaley=False
                    )
                    self._level(sheet, ring, f"{level:g} g")
            spot = sheet.paper(event.lon, event.lat)
            if sheet.within(tuple(spot)):
                epicentre(pen, *spot)
                sheet.placer.block(float(spot[0]), float(spot[1]), 6 * s)
            return
        for part in shapely.get_parts(shapely.intersection(sheet.project(event_shape(event.area)), sheet.box)):
            if part.geom_type == "Polygon":
                pen.ax.add_patch(Polygon(np.asarray(part.exterior.coords), **flooded(s), zorder=2.6))

    def _level(self, sheet: Sheet, ring: Any, text: str) -> None:
        """Write on a ring what it means, where it has room, from the north on."""
        for turn in (0.0, 0.5, 0.125, 0.875, 0.25, 0.75):
            x, y = ring[round(turn * (len(ring) - 1))]
            width, height = sheet.pen.measure(text, 5.4)
            box = (x - width / 2 - 2, y - height / 2 - 1, x + width / 2 + 2, y + height / 2 + 1)
            inside = sheet.within((box[0] - 8, box[1] - 8)) and sheet.within((box[2] + 8, box[3] + 8))
            if inside and sheet.placer.free([box])[0]:
                sheet.placer.boxes.append(box)
                sheet.pen.write(x, y, text, 5.4, QUAKE, halo=2.0, zorder=8)
                return

    # -- side panel

    def panel(self, panel: Panel) -> None:
        """Write what is lost, how it comes back, what is likeliest out, and what the lines mean."""
        a = self.answer
        if a.status != "ok" or a.lost is None or a.connection is None:
            panel.figure("No route", "even with every link in place")
        else:
            base = a.vehicles_per_day or 1.0
            worst = percent(a.lost.quantiles["p90"] / base)
            panel.figure(percent(a.lost.mean / base), f"of vehicles a day lost; {worst} in 1 of 10")
            panel.figure(percent(a.connection.share), f"connected, of {a.runs:,} samples")
            if a.delay is not None:
                panel.figure(f"+{a.delay.mean:.1f} h", f"fastest route, mean; it takes {a.time_h or 0:.1f} h")
            if a.full_days is not None:
                q = a.full_days.quantiles
                panel.figure(f"{q['p50']:,.0f} days", f"until nothing is lost; {q['p90']:,.0f} in 1 of 10")
            if len(a.curve) > 1:
                panel.heading("Recovery: share of vehicles a day")
                self._curve(panel)
        rest = 17.5 if a.plan is not None else 12
        panel.heading("Likeliest to be out")
        for i, x in enumerate(self.ranked[: max(3, min(8, panel.room(rest)))], 1):
            panel.ranked(str(i), INK, item_name(self.net, x.link_id), [(1.0, percent(x.probability), True)])
        if not self.ranked:
            panel.note("No link that may be used lies in it.")
        if a.plan is not None:
            panel.heading(f"Repair first, {count(a.plan.crews, 'crew')}: to day, then")
            for s in a.plan.steps[: min(4, panel.room(13))]:
                panel.put(0, item_name(self.net, s.links[0]) if s.links else s.unit, 5.8, width=panel.width * 0.7)
                panel.put_right(panel.width * 0.82, f"{s.end_day:,.0f}", 5.8)
                panel.put_right(panel.width, percent(s.share), 5.8, bold=True)
                panel.down(0.9)
        panel.heading("Probability of being out")
        bounds = ["0", *(f"{s:.0%}" for s in STEPS), "100%"]
        for (low, high), colour, width in zip(pairwise(bounds), self.colours, WIDTHS, strict=True):
            panel.line(f"{low} to {high}", colour, width)
        self._sign(panel)
        if self.ports:
            panel.explain("Port that may be out", "warning")
        ways(panel, self, INK)
        panel.explain("Origin; destination", "origin", "destination")

    def _sign(self, panel: Panel) -> None:
        """Explain what shows the event."""
        s = panel.scale
        if isinstance(self.answer.event, Earthquake):
            epicentre(panel, 7 * s, panel.middle, 0.8)
            ends = [15 * s, 29 * s], [panel.middle, panel.middle]
            panel.ax.plot(*ends, color=QUAKE, lw=0.8 * s, ls=(0, (4, 2)), scalex=False, scaley=False)
            panel.put(33 * s, "Epicentre; peak ground acceleration")
        else:
            low, high = panel.middle - 3.2 * s, panel.middle + 3.2 * s
            box = [(1.5 * s, low), (27 * s, low), (27 * s, high), (1.5 * s, high)]
            panel.ax.add_patch(Polygon(np.array(box), **flooded(s)))
            panel.put(33 * s, "Flooded area" if isinstance(self.answer.event, Flood) else "Area of the event")
        panel.down()

    def _curve(self, panel: Panel) -> None:
        """Draw the mean of what is there by day, and the band from P10 to P90; days on a scale of square roots."""
        rows, s = self.answer.curve, panel.scale
        tall, left = 5.6 * panel.step, 21 * s
        bottom, wide = panel.y - tall - 0.2 * panel.step, panel.width - left - 3 * s
        last = max(rows[-1].day, 1.0)

        def at(days: Sequence[float], shares: Sequence[float]) -> Any:
            x = left + np.sqrt(np.asarray(days) / last) * wide
            return np.stack([x, bottom + np.asarray(shares) * tall], axis=1)

        days = [r.day for r in rows]
        band = np.concatenate([at(days, [r.p90 for r in rows]), at(days, [r.p10 for r in rows])[::-1]])
        panel.ax.add_patch(Polygon(band, closed=True, fc=BAND, ec="none", alpha=0.55))
        for share in (0.0, 0.5, 1.0):
            y = bottom + share * tall
            panel.ax.plot([left, left + wide], [y, y], color="#c9d1d6", lw=0.5 * s, scalex=False, scaley=False)
            panel.write(left - 2.5 * s, y, f"{share:.0%}", 5.0, SOFT, ha="right")
        look: Look = {"scalex": False, "scaley": False, "solid_joinstyle": "round"}
        panel.ax.plot(*at(days, [r.mean for r in rows]).T, color=LINE, lw=1.6 * s, **look)
        panel.ax.plot(*at(days, [r.p50 for r in rows]).T, color=LINE, lw=0.8 * s, ls=(0, (3, 1.6)), **look)
        free = -1e9
        for day in [d for d in (0, 7, 30, 90, 180, 365, 730) if d < 0.97 * last] + [last]:
            x = float(at([day], [0])[0, 0])
            panel.ax.plot([x, x], [bottom, bottom - 2 * s], color=SOFT, lw=0.5 * s, scalex=False, scaley=False)
            text = f"{day:,.0f}"
            half = panel.measure(text, 5.0)[0] / 2
            if x - half > free and (day == last or x + half < left + wide - 12 * s):
                panel.write(min(x, panel.width - half), bottom - 5.2 * s, text, 5.0, SOFT)
                free = x + half + 3 * s
        panel.y = bottom - 10.5 * s
        panel.note("days after the event; line mean, dashes P50, band P10 to P90")


def epicentre(pen: Any, x: float, y: float, fit: float = 1.0) -> None:
    """Draw the sign of an epicentre: a ring with a dot."""
    s = pen.scale * fit
    look: Look = {"marker": "o", "ls": "none", "scalex": False, "scaley": False, "zorder": 7.5}
    pen.ax.plot([x], [y], ms=9 * s, mfc="white", mec=QUAKE, mew=1.6 * s, **look)
    pen.ax.plot([x], [y], ms=3.6 * s, mfc=QUAKE, mec=QUAKE, mew=0, **look)


def flooded(scale: float) -> Look:
    """Return the look of an area."""
    return {"closed": True, "fc": "#bcd9ec", "ec": FLOODED, "lw": 0.8 * scale, "hatch": "////", "alpha": 0.75}
