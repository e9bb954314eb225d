"""The picture of what corridors are worth: where they run, what each adds, and which of them complement each other."""

from __future__ import annotations

from typing import Any

from mobility.answerviews import RANKS, ways
from mobility.netviews import PALETTE
from mobility.panel import Panel
from mobility.pen import INK, OPEN, SOFT, WATER, plain
from mobility.sheet import Mark, Sheet
from mobility.value import Case, CorridorValue
from mobility.view import OTHER, AnswerView, listed

MOST = 16
"""So many combinations are written, which is all of four corridors."""


class ValueView(AnswerView):
    """The corridors in colour, and bars of what they add."""

    def __init__(self, answer: CorridorValue) -> None:
        super().__init__(answer)
        self.answer = answer
        spare = [c for c in RANKS if c not in PALETTE.values()]
        players = list(answer.links)
        self.colour = {p: PALETTE.get(p) or spare[i % len(spare)] for i, p in enumerate(players)}
        self.of = {k: [p for p in players if k in answer.links[p]] for k in self.rows}
        self.links = {k for k, names in self.of.items() if names}
        self.unit = answer.unit
        for player, colour in self.colour.items():
            on = tuple(k for k in answer.links[player] if self.rows[k].mode == "road") or answer.links[player]
            self.marks.append(Mark(plain(player, 8), colour, tuple(on), most=3))
        self.title = f"What the corridors are worth: {self.relation}"
        found = "No route, so nothing has a worth"
        if answer.status == "ok":
            case = answer.cases[0]
            order = sorted(case.players, key=lambda w: -w.shapley)
            parts = [f"{w.player} {self._number(w.shapley)}" for w in order]
            found = f"Of {self._number(case.full)} {answer.unit}, {self._number(case.empty)} need none of them; "
            found += f"the Shapley values are {listed(parts, 6)}"
        self.subtitle = f"{found} ({self.terms})"
        self.basis = "Every combination is answered by itself; links of no corridor named are always there."
        for case in answer.cases:
            words = [f"{w.player} {self._number(w.shapley)} (alone {self._number(w.add_in)})" for w in case.players]
            self.facts.append(f"{self._case(case)}: {listed(words, 8)} of {self._number(case.full)} {answer.unit}.")
        for pair in answer.cases[0].pairs if answer.cases else ():
            if pair.relation != "independent":
                self.facts.append(f"{' and '.join(pair.players)}: {pair.relation}s.")

    @property
    def states(self) -> set[str]:
        """All states of the network: the worth is that in all of it."""
        return {c for states in self.net.link_countries for c in states}

    def _number(self, value: float) -> str:
        return f"{value:,.0f}" if self.answer.measure == "throughput" else f"{value:.3g}"

    def _case(self, case: Case) -> str:
        words = [str(case.year)] if case.year else []
        words += [case.vehicle] if len({c.vehicle for c in self.answer.cases}) > 1 else []
        return ", ".join(words) or "As the network is"

    def lines(self, sheet: Sheet) -> None:
        """Add the corridors."""
        self.faint(sheet)
        worth = {w.player: w.shapley for w in self.answer.cases[0].players} if self.answer.cases else {}
        for link in self.links:
            names, row = self.of[link], self.rows[link]
            hues = [self.colour[n] for n in names]
            more: dict[str, Any] = {"status": row.status, "level": 2, "second": (*hues, "", "")[1]}
            shows = (";".join(f"{worth.get(n, 0.0):.6g}" for n in names), " and ".join(names))
            width = (2.6 if row.status == OPEN else 2.2) if row.mode not in WATER else 1.4
            sheet.stroke(link, hues[0], width, row.mode, shows=shows, **more)

    def panel(self, panel: Panel) -> None:
        """Write what each adds, what the combinations reach, and how pairs go together."""
        answer = self.answer
        if not answer.cases or answer.status != "ok":
            panel.figure("No route", "")
            return
        case = answer.cases[0]
        panel.heading(f"Shapley value, {answer.unit}")
        top = max([1e-9, *(x for w in case.players for x in (w.shapley, w.add_in, w.knock_out))])
        for w in case.players:
            self._worth(panel, w.player, [("Shapley", w.shapley), ("first", w.add_in), ("last", w.knock_out)], top)
        panel.note("First: what it adds alone. Last: what is lost when it alone is taken out.")
        if len(answer.cases) > 1:
            panel.heading("By year and vehicle")
            most = max(sum(max(0.0, w.shapley) for w in c.players) for c in answer.cases)
            for c in answer.cases[: panel.room(26)]:
                parts = [(max(0.0, w.shapley) / max(most, 1e-9), self.colour[w.player], False) for w in c.players]
                panel.stack(plain(self._case(c), 18), parts, self._number(c.full - c.empty), 52 * panel.scale)
        panel.heading("What is left with these only")
        combinations = sorted(case.coalitions, key=lambda c: (len(c.players), c.players))[:MOST]
        full = max([c.value for c in combinations] + [1e-9])
        for some in combinations:
            hue = self.colour[some.players[0]] if len(some.players) == 1 else INK if some.players else OTHER
            name = " ".join(plain(p, 6) for p in some.players) or "none"
            panel.stack(name, [(some.value / full, hue, False)], self._number(some.value), 62 * panel.scale)
        pairs = [p for p in case.pairs if p.relation != "independent"]
        if pairs and panel.room(9) > 1:
            panel.heading("Pairs: complements (+), substitutes (−)")
            words = [f"{' and '.join(p.players)}: {p.interaction:+,.3g}" for p in pairs]
            panel.listed(words, 7.5, 5.7, tight=0.86)
        panel.heading("Lines")
        ways(panel, self, INK)
        panel.explain("Origin; destination", "origin", "destination")

    def _worth(self, panel: Panel, player: str, values: list[tuple[str, float]], top: float) -> None:
        """Draw the values of a corridor as bars, one below the other."""
        s, start = panel.scale, panel.y
        left = 58 * s
        reach = panel.width - left - 30 * s
        for i, (name, value) in enumerate(values):
            panel.put_right(left - 3 * s, name, 5.2, SOFT, width=30 * s)
            hue, hatch = ("white", "//////") if i else (self.colour[player], "")
            panel.bar(left, reach * max(0.0, value) / top, hue, hatch=hatch, edge=self.colour[player])
            panel.put(left + reach * max(0.0, value) / top + 3 * s, self._number(value), 5.2)
            panel.down(0.7)
        panel.y, rest = start - 0.4 * panel.step, panel.y
        panel.tag(plain(player, 8), self.colour[player])
        panel.y = rest - 0.25 * panel.step
