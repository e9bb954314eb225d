"""Pictures of closure: what a force sends where, and how it arrives."""

from __future__ import annotations

from itertools import pairwise

from mobility.answerviews import Carried, CarriedView
from mobility.closure import Closure
from mobility.panel import Panel
from mobility.pen import INK, RED
from mobility.view import count, item_name


class ClosureView(CarriedView):
    """A plan: width by vehicles, colour by use of the capacity at the busiest moment, what binds numbered in red."""

    unit = "vehicles"
    used, binds = "of the capacity at the busiest moment", ", binds"
    heading, full, amount = "Use of the capacity, busiest moment", "binds", "Vehicles in all"

    def __init__(self, answer: Closure) -> None:
        self.items = answer.bottlenecks[:9]
        uses = (Carried(u.link_id, u.vehicles, u.peak_share, u.forward) for u in answer.links)
        super().__init__(answer, uses, (b.item for b in self.items))
        self.answer = answer
        self.links = {u.link_id for u in answer.links}
        for i, b in enumerate(self.items, 1):
            self.cross(i, b.item)
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
        self.legend(panel)

    def _arrived(self, part: float) -> float:
        """Return the hour at which a part of the force has arrived."""
        wanted = part * self.answer.vehicles * (1 - 1e-9)
        for (h0, v0), (h1, v1) in pairwise(self.answer.arrivals):
            if v1 >= wanted:
                return h1 if v1 <= v0 else h0 + (h1 - h0) * max(0.0, wanted - v0) / (v1 - v0)
        return self.answer.closure_h or 0.0
