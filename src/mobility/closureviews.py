"""Pictures of closure: what a force sends where, and how it arrives."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from mobility.answerviews import USE_STEPS, flow_width, ways
from mobility.closure import Closure
from mobility.panel import Panel
from mobility.pen import INK, RED
from mobility.sheet import Mark, Sheet
from mobility.view import AnswerView, count, item_name, scale_colours


class ClosureView(AnswerView):
    """A plan: width by vehicles, colour by use of the capacity at the busiest moment, what binds numbered in red."""

    unit = "vehicles"

    def __init__(self, answer: Closure) -> None:
        super().__init__(answer)
        self.answer = answer
        self.most = max((u.vehicles for u in answer.links), default=1.0)
        self.colours = scale_colours(len(USE_STEPS) + 1)
        self.links = {u.link_id for u in answer.links}
        self.items = answer.bottlenecks[:9]
        for i, b in enumerate(self.items, 1):
            kind, _, node = b.item.partition(":")
            where: dict[str, Any] = {"links": (b.item,)} if b.item in self.rows else {"node": node}
            if kind != "pool":
                self.marks.append(Mark(str(i), RED, shape="cross", **where))
        name = answer.force.title or answer.force.name if answer.force else "Force"
        self.title = f"Closure of the {name[:1].lower()}{name[1:]}: {self.relation}"
        if answer.closure_h is None or answer.lower_bound_h is None:
            self.subtitle = f"A part of the force cannot move at all ({self.terms})"
            self.basis = "No plan."
            return
        sure = "the quickest there is" if answer.proven else f"at least {answer.lower_bound_h:.1f} h"
        moved = f"{answer.vehicles:,} vehicles closed after {answer.closure_h:.1f} h, {sure}"
        self.subtitle = f"{moved} ({self.terms})"
        guesses = sum(b.estimated for b in answer.bottlenecks)
        self.basis = f"{guesses} of {count(len(answer.bottlenecks), 'bottleneck')} rest on estimated capacities."
        worth = [f"{item_name(self.net, b.item)}, {b.hours_per_unit:.2f} h for one more ({b.unit})" for b in self.items]
        self.facts = [*(f"Binds: {words}." for words in worth), self.basis]

    def lines(self, sheet: Sheet) -> None:
        """Add every link that some of the force uses."""
        self.faint(sheet)
        binding = {b.item for b in self.items}
        for use in self.answer.links:
            width = flow_width(use.vehicles, self.most)
            colour = self.colours[sum(use.peak_share >= s for s in USE_STEPS)]
            binds = use.link_id in binding
            words = f"{use.peak_share:.0%} of the capacity at the busiest moment" + ", binds" * binds
            level = 20 if binds else 1 + round(9 * use.vehicles / self.most)
            unsure = self.confidence(use.link_id) == "low" and not self.all_weak
            shows = (float(use.vehicles), words)
            self.beside(sheet, use.link_id, RED if binds else colour, width, level, shows, unsure=unsure)

    def column_of(self, link: str) -> str:
        """Return the column of the capacity."""
        columns = {"road": "capacity_veh_h", "rail": "capacity_trains_day"}
        return columns.get(self.rows[link].mode, "capacity_sailings_day")

    def arrows(self) -> dict[str, bool]:
        """Return the direction of each movement."""
        return {u.link_id: u.forward for u in self.answer.links}

    def panel(self, panel: Panel) -> None:
        """Write when the force has closed, how it arrives, and what binds."""
        answer = self.answer
        if answer.closure_h is None or answer.lower_bound_h is None:
            panel.figure("No closure", "")
            for number, block in answer.stuck[:6]:
                panel.note(f"element {number}: {block.link_id or 'no way'} {block.limit}")
            return
        panel.figure(f"{answer.closure_h:.1f} h", "until the last vehicle has arrived")
        if not answer.proven:
            panel.note(f"no plan is earlier than {answer.lower_bound_h:.1f} h")
        if answer.lead_h:
            panel.note(f"of that {answer.lead_h:.0f} h wait for permission")
        panel.heading("Arrived, share of the force")
        for part in (0.25, 0.5, 0.75, 1.0):
            hour = self._arrived(part)
            panel.stack(f"{part:.0%}", [(hour / answer.closure_h, INK, False)], f"{hour:.1f} h", 40 * panel.scale)
        panel.heading("What binds; hours earlier for one more")
        fit = panel.room(21)
        for i, b in enumerate(self.items[:fit], 1):
            value = f"{b.hours_per_unit:.2f}{'*' if b.estimated else ''}"
            panel.ranked(str(i), RED, item_name(self.net, b.item), [(1.0, value, True)])
        if any(b.estimated for b in self.items):
            panel.note("* its capacity is an estimate or default")
        panel.heading("Use of the capacity, busiest moment")
        for (low, high), colour in zip(pairwise([0.0, *USE_STEPS, 1.0]), self.colours, strict=True):
            panel.line("full" if high == 1.0 else f"{low:.0%} to {high:.0%}", colour, 3.0)
        panel.line("binds", RED, 3.0)
        panel.heading("Vehicles in all")
        for part in (1, 3, 20):
            rounded = float(f"{self.most / part:.1g}")
            panel.line(f"{rounded:,.0f}", INK, flow_width(rounded, self.most))
        ways(panel, self, INK)
        panel.explain("Origin; destination", "origin", "destination")

    def _arrived(self, part: float) -> float:
        """Return the hour at which a part of the force has arrived."""
        wanted = part * self.answer.vehicles * (1 - 1e-9)
        for (h0, v0), (h1, v1) in pairwise(self.answer.arrivals):
            if v1 >= wanted:
                return h1 if v1 <= v0 else h0 + (h1 - h0) * max(0.0, wanted - v0) / (v1 - v0)
        return self.answer.closure_h or 0.0
