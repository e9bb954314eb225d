"""Pictures of disruptions: before and after side by side, the detour against the old route, several on one scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from typing import Any, Literal, get_args

import pandas as pd

from mobility.answerviews import flow_width, ways
from mobility.disruption import Disruption, LinkEffect, State, span
from mobility.errors import InputError
from mobility.panel import Panel
from mobility.pen import FAINT, INK, RED, SOFT, WATER
from mobility.sheet import Mark, Sheet
from mobility.view import AnswerView, View, count, item_name, listed, place

Style = Literal["pair", "detour"]
Part = Literal["before", "after", "detour"]

FLOW, MORE, FAST = "#9cc4e4", "#D55E00", "#12304a"
"""What flows as before or less, what flows more than before, and the fastest route; told apart in grey as well."""
OLD, NEW = "#0B4F8A", "#D55E00"
"""The fastest route before, and after."""

MOST = 6
"""So many disruptions fit on a page."""
CROSSES, RINGS = 12, 40
"""So many of the links that are out, those that carried most, get a cross; so many isolated places a ring."""


class _Map(AnswerView):
    """One map: the state before or after, or the new route against the old one.

    Parameters
    ----------
    answer : Disruption
    part : {"before", "after", "detour"}
    most : float
        Vehicles a day of the widest line on any map of the page.
    fit : float
        How much narrower lines are than on a map that has the page for itself.
    """

    unit = "vehicles/day"
    column_of = AnswerView.capacity_of

    def __init__(self, answer: Disruption, part: Part, most: float, fit: float = 1.0) -> None:
        super().__init__(answer)
        self.answer, self.part, self.most, self.fit = answer, part, most, fit
        self.links = {e.link_id for e in answer.links}
        was, now = answer.before, answer.after
        same = part == "detour" and _fastest(was) == _fastest(now)
        for old, state in ((True, was), (False, now)):
            if part == ("after" if old else "before") or state.time_h is None or (same and not old):
                continue
            words = "" if part != "detour" or same else "before " if old else "after "
            colour = FAST if part != "detour" else OLD if old else NEW
            self.marks.append(Mark(f"{words}{state.time_h:.1f} h{' as before' * same}", colour, self._own(old)))
        if part != "before":
            gone = [e for e in answer.links if e.out]
            gone = sorted(gone, key=lambda e: (e.route_before is None, -e.flow_before, -e.lost_capacity))[
                : CROSSES if fit == 1 else CROSSES // 2
            ]
            self.marks += [Mark("", RED, (e.link_id,), shape="cross") for e in gone]
            self.marks += [Mark("", RED, node=n, shape="isolated") for n in answer.isolated[:RINGS]]

    def _own(self, old: bool) -> tuple[str, ...]:
        """Return the links of the fastest route, those that are not of the other one if there are any."""
        one, other = (_fastest(s) for s in (self.answer.before, self.answer.after)[:: 1 if old else -1])
        mine = [k for k in one if k not in other] if self.part == "detour" else []
        return tuple(mine or one)

    @property
    def named(self) -> set[str]:
        """Links whose places are named."""
        return _key(self.answer)

    def lines(self, sheet: Sheet) -> None:
        """Add what flows and the fastest route, or the two routes, over what is lost."""
        drawn = set(self._drawn())
        for link, row in self.rows.items():
            if link not in drawn and row.mode not in WATER:
                sheet.stroke(link, FAINT, 0.7, "road" if row.status == "operational" else "sea", dotted=False)
        for effect in self.answer.links:
            if self.part != "before":
                self._lost(sheet, effect)
            if self.part == "detour":
                self._routes(sheet, effect)
            else:
                self._flow(sheet, effect)

    def _drawn(self) -> Iterator[str]:
        """Yield the links that are not background here."""
        for e in self.answer.links:
            lost = self.part != "before" and (e.out or e.lost_capacity > 0)
            old, new = (e.route_before == 1, e.route_after == 1)
            flow = e.flow_before if self.part == "before" else e.flow_after
            if lost or (old or new if self.part == "detour" else flow or (old if self.part == "before" else new)):
                yield e.link_id

    def _weak(self, link: str) -> bool:
        return self.confidence(link) == "low" and not self.all_weak

    def _lost(self, sheet: Sheet, effect: LinkEffect) -> None:
        """Add lost capacity: red dashes as wide as it is large."""
        if effect.out or effect.lost_capacity > 0:
            words = "out, capacity lost" if effect.out else "open, capacity lost"
            fastest = 1 in (effect.route_after, effect.route_before if self.part == "detour" else None)
            # so that it shows on both sides of a route that is drawn over it
            width = max(1.6, flow_width(effect.lost_capacity, self.most)) * self.fit + 2.2 * (
                fastest and not effect.out
            )
            shows, weak = (float(effect.lost_capacity), words), self._weak(effect.link_id)
            self.beside(sheet, effect.link_id, RED, width, 12, shows, dashed=True, unsure=weak)

    def _flow(self, sheet: Sheet, effect: LinkEffect) -> None:
        """Add what flows on a link, and the fastest route inside it."""
        before = self.part == "before"
        flow, rank = (effect.flow_before, effect.route_before) if before else (effect.flow_after, effect.route_after)
        link, core = effect.link_id, 1.9
        if flow:
            more = not before and flow > effect.flow_before * 1.001 + 0.5
            words = "flow" if before else "flow, more than before" if more else "flow"
            colour, level = MORE if more else FLOW, 2 + round(6 * flow / self.most) + 2 * more
            shows, width = (float(flow), words), flow_width(flow, self.most) * self.fit
            self.beside(sheet, link, colour, width, level, shows, unsure=self._weak(link))
        if rank == 1:
            self.beside(sheet, link, FAST, core, 20, (None, "fastest route"))

    def _routes(self, sheet: Sheet, effect: LinkEffect) -> None:
        """Add the old and the new fastest route, side by side where they share the way."""
        both = effect.route_before == 1 and effect.route_after == 1
        for rank, colour, words, side in (
            (effect.route_before, OLD, "fastest route before", 1),
            (effect.route_after, NEW, "fastest route after", -1),
        ):
            if rank == 1:
                look: dict[str, Any] = {"shift": 1.5 * side * both, "unsure": self._weak(effect.link_id)}
                width = 1.3 if effect.out else 2.4 - 0.6 * (self.rows[effect.link_id].mode in WATER)
                self.beside(sheet, effect.link_id, colour, width, 20 + side, (None, words), **look)

    def panel(self, panel: Panel) -> None:
        """Write nothing: the page does."""


def _key(answer: Disruption) -> set[str]:
    """Return the links that are lost or on a route."""
    return {e.link_id for e in answer.links if e.out or e.lost_capacity > 0 or e.route_before or e.route_after}


def _fastest(state: State) -> tuple[str, ...]:
    return state.routes.routes[0].links if state.routes.routes else ()


def _signed(value: float, words: str) -> str:
    return f"{'+' if value > 0 else '−' if value < 0 else '±'}{words}"


def _change(was: float, now: float, hours: bool) -> str:
    """Return what is more or less: hours, or a share of what was."""
    if hours:
        return _signed(round(now - was, 1), f"{abs(now - was):.1f}")
    return _signed(round((now - was) / was, 2), f"{abs(now - was) / was:.0%}") if was else ""


def _hours(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f} h"


class DisruptionView(AnswerView):
    """One disruption before and after, or as a detour; or several.

    Parameters
    ----------
    answers : Disruption or sequence of Disruption
    style : {"pair", "detour"}
    """

    unit = "vehicles/day"
    column_of = AnswerView.capacity_of

    def __init__(self, answers: Disruption | Sequence[Disruption], style: Style = "pair") -> None:
        self.answers = [answers] if isinstance(answers, Disruption) else list(answers)
        if style not in get_args(Style):
            raise InputError(f"style is {style!r}; {' or '.join(get_args(Style))} is what can be asked")
        if not 1 <= len(self.answers) <= MOST:
            raise InputError(f"{len(self.answers)} disruptions; 1 to {MOST} can be drawn on a page")
        super().__init__(self.answers[0])
        self.style = style
        if any(list(a.net.link_index) != list(self.net.link_index) for a in self.answers):
            raise InputError("the disruptions are of different networks; they cannot share a page")
        parts = self._parts()
        drawn = {k for a, part in parts for k in _Map(a, part, 1.0)._drawn()}
        most = max([1.0, *(v for a, part in parts for v in _carried(a, part))])
        self.most, self.links = most, drawn
        self.fit = 1.0 if len(parts) <= 2 else 0.65
        self._frames = [_Map(a, part, most, self.fit) for a, part in parts]
        self.marks = self._frames[-1].marks
        sides = [
            {n: None for a in self.answers for n in a.question[key] if n in self.net.node_index}
            for key in ("from", "to")
        ]
        self.origins, self.destinations = ([str(n) for n in side] for side in sides)
        for letter, (frame, (answer, part)) in zip(self._letters(), zip(self._frames, parts, strict=True), strict=True):
            frame.origins, frame.destinations = (list(map(str, answer.question[key])) for key in ("from", "to"))
            frame.brief = self._brief(letter, answer, part)
        self._words()

    @property
    def focus(self) -> set[str]:
        """Links that must be in view: lost, or on a route; what flows farther away may leave the frame."""
        return {k for a in self.answers for k in _key(a)}

    @property
    def _alike(self) -> bool:
        """Whether all are held against the same state."""
        return (
            len(
                {
                    (a.before.time_h, a.before.vehicles_per_day, *map(tuple, (a.question["from"], a.question["to"])))
                    for a in self.answers
                }
            )
            == 1
        )

    def _parts(self) -> list[tuple[Disruption, Part]]:
        """Return what each map of the page shows."""
        if self.style == "detour":
            return [(a, "detour") for a in self.answers]
        first: list[tuple[Disruption, Part]] = [(self.answers[0], "before")]
        return first * (self._alike and len(self.answers) < MOST) + [(a, "after") for a in self.answers]

    def _letters(self) -> list[str]:
        """Return by map the letter of the disruption that it shows, where there are several."""
        if len(self.answers) == 1:
            return [""] * len(self._frames)
        letters = list(ascii_uppercase[: len(self.answers)])
        return [""] * (len(self._frames) - len(letters)) + letters

    def _brief(self, letter: str, answer: Disruption, part: Part) -> tuple[str, str]:
        """Return what stands above a map."""
        state = answer.before if part == "before" else answer.after
        if letter:
            return f"{letter}  {answer.name}", _brief(answer)
        fastest = "no route" if state.time_h is None else f"fastest {state.time_h:.1f} h"
        return part.capitalize(), f"{fastest}, {state.vehicles_per_day:,.0f} vehicles a day"

    @property
    def frames(self) -> Sequence[View]:
        """The maps of the page."""
        return self._frames

    def lines(self, sheet: Sheet) -> None:
        """Add the lines of the last map."""
        self._frames[-1].lines(sheet)

    def tables(self, sheets: Sequence[Sheet]) -> pd.DataFrame:
        """Return what is drawn, one row per map and link, and the figures of the chart."""
        made = []
        for letter, frame, sheet in zip(self._letters(), self._frames, sheets, strict=True):
            table = frame.table(sheet)
            table.insert(0, "map", letter or frame.part)
            made.append(table)
        rows = [
            {
                "map": f"{letter} {when}".strip(), "name": name, "value": f"{value:.6g}", "unit": unit,
                "class": "key figure",
            }
            for letter, a in zip(self._tags, self.answers, strict=True)
            for when, state in (("before", a.before), ("after", a.after))
            for name, value, unit in (
                ("fastest route", state.time_h, "h"), ("throughput", state.vehicles_per_day, "vehicles/day"),
                ("closure", state.closure_h, "h"),
            )
            if value is not None
        ]  # fmt: skip
        return pd.concat([*made, pd.DataFrame(rows, columns=made[0].columns)], ignore_index=True)

    @property
    def _tags(self) -> list[str]:
        return [""] if len(self.answers) == 1 else list(ascii_uppercase[: len(self.answers)])

    # -- words

    def _words(self) -> None:
        """Set title, subtitle, facts and basis."""
        first = self.answers[0]
        if len(self.answers) == 1:
            self.title, self.subtitle = first.headline, f"{self.relation}: {_told(first)} ({self.terms})"
        else:
            same = len({(tuple(a.question["from"]), tuple(a.question["to"])) for a in self.answers}) == 1
            self.title = f"{len(self.answers)} disruptions on one scale{f': {self.relation}' if same else ''}"
            costs = [f"{tag} {a.cost}" for tag, a in zip(self._tags, self.answers, strict=True)]
            alike = len({f.terms for f in self._frames}) == 1
            self.subtitle = f"{'; '.join(costs)}{f' ({self.terms})' if alike else ''}"
        for tag, a in zip(self._tags, self.answers, strict=True):
            lead = f"{tag}: {a.name}. {_told(a)}. " if tag else ""
            self.facts.append(f"{lead}Out: {_out_words(self.net, a)}.")
            if a.isolated:
                self.facts.append(f"Cut off: {listed([place(self.net, n) for n in a.isolated], 8)}.")
            held = a.question.get("held_at_hour_0")
            if held:
                self.facts.append(f"{count(len(held), 'link')} held for some hours, shown as at hour 0.")
        lost = [e for a in self.answers for e in a.links if e.lost_capacity > 0]
        guesses = sum(e.lost_capacity for e in lost if e.estimated) / max(1e-9, sum(e.lost_capacity for e in lost))
        rests = f"{guesses:.0%} of the lost capacity rests on estimates or defaults."
        self.basis = f"{rests} Links of one structure go out together."

    # -- side panel

    def panel(self, panel: Panel) -> None:
        """Write what it costs, a chart of it, what is out, and the meaning of the lines."""
        if len(self.answers) == 1:
            self._costs(panel, self.answers[0])
        else:
            self._chart(panel)
        panel.heading("Lines: width by vehicles a day" if self.style == "pair" else "Lines")
        if self.style == "pair":
            panel.line("Fastest route", FAST, 1.9)
            panel.pair(("flow", FLOW, 4.0, {}), ("more than before", MORE, 4.0, {}))
        else:
            panel.pair(("before", OLD, 2.4, {}), ("after: fastest route", NEW, 2.4, {}))
        if any(e.out or e.lost_capacity > 0 for a in self.answers for e in a.links):
            panel.line("Capacity lost", RED, 4.0, dashed=True)
        if any(a.cut for a in self.answers):
            panel.explain("Out of use", "cross")
        for part in (1, 3, 20):
            rounded = float(f"{self.most / part:.1g}")
            panel.line(
                f"{rounded:,.0f}{' lost' * (self.style == 'detour')} a day",
                INK if self.style == "pair" else RED,
                flow_width(rounded, self.most),
                dashed=self.style == "detour",
            )
        ways(panel, self, INK)
        if any(a.isolated for a in self.answers):
            panel.explain("Cut off from the origins", "isolated")
        panel.explain("Origin; destination", "origin", "destination")

    def _costs(self, panel: Panel, a: Disruption) -> None:
        """Write what one disruption costs."""
        was, now = a.before, a.after
        if a.status == "cut":
            panel.figure("No route", "is left")
        elif a.delay_h is not None and not round(60 * a.delay_h):
            panel.figure("No delay", "of the fastest route")
        elif a.delay_h is not None:
            panel.figure(_signed(a.delay_h, span(a.delay_h)), "fastest route")
        elif a.status == "ok":
            panel.figure(_hours(now.time_h), "where there was no route")
        else:
            panel.figure("No route", "before or after")
        if was.vehicles_per_day:
            panel.figure(_signed(-a.lost_share, f"{abs(a.lost_share):.0%}"), "vehicles a day")
        if a.later_h is not None:
            panel.figure(_signed(a.later_h, span(a.later_h)), "closure of the force")
        elif was.closure_h is not None:
            panel.figure("No closure", "the force cannot all move")
        if a.isolated:
            where = listed([place(self.net, n) for n in a.isolated], 2)
            panel.figure(str(len(a.isolated)), f"place{'s' * (len(a.isolated) > 1)} cut off: {where}")
        for name, values, form in (
            ("Fastest route", (was.time_h, now.time_h), _hours),
            ("Vehicles a day", (was.vehicles_per_day, now.vehicles_per_day), lambda v: f"{v:,.0f}"),
            ("Closure of the force", (was.closure_h, now.closure_h), _hours),
        ):
            if any(v is not None for v in values):
                panel.heading(name)
                top = max(v or 0.0 for v in values) or 1.0
                for when, value, colour in zip(("before", "after"), values, ("#9fb0bd", INK), strict=True):
                    parts = [((value or 0.0) / top, colour, False)]
                    panel.stack(when, parts, form(value), 28 * panel.scale)  # noqa: PD013 - no table
        number = len(was.routes.routes) or len(now.routes.routes)
        panel.heading(f"The {number} best routes" if number != 1 else "The best route")
        for when, state in (("before", was), ("after", now)):
            words = " · ".join(f"{r.time_h:.1f}" for r in state.routes.routes)
            panel.put(0, when, 5.4, SOFT)
            panel.put(31 * panel.scale, f"{words} h" if words else "none", 6.0)
            panel.down(0.9)
        gone = [e for e in a.links if e.out or e.lost_capacity > 0]
        if gone:
            panel.heading("Capacity lost, vehicles a day")
            fit = max(1, min(8, panel.room(16)))
            for e in gone[: fit if len(gone) <= fit else fit - 1]:
                panel.put(0, item_name(self.net, e.link_id), 5.8, width=panel.width * 0.8)
                panel.put_right(panel.width, f"{e.lost_capacity:,.0f}{'*' * e.estimated}", 5.8, bold=True)
                panel.down(0.9)
            if len(gone) > fit:
                panel.note(f"and {len(gone) - fit + 1} more")
            if any(e.estimated for e in gone):
                panel.note("* an estimate or default")

    def _chart(self, panel: Panel) -> None:
        """Write the figures of several disruptions on one scale."""
        pairs: list[tuple[str, list[tuple[float | None, float | None]], Any, bool]] = [
            ("Fastest route", [(a.before.time_h, a.after.time_h) for a in self.answers], _hours, True),
            ("Vehicles a day", [(a.before.vehicles_per_day, a.after.vehicles_per_day) for a in self.answers],
             lambda v: f"{v:,.0f}", False),
            ("Closure of the force", [(a.before.closure_h, a.after.closure_h) for a in self.answers], _hours, True),
        ]  # fmt: skip
        for name, rows, form, slow in pairs:
            values = [v for row in rows for v in row if v is not None]
            if not values:
                continue
            top = max(values) or 1.0
            panel.heading(f"{name}: before and after")
            for tag, (was, now) in zip(self._tags, rows, strict=True):
                if was is None and now is None and name.startswith("Closure"):
                    continue  # not asked
                least, most = sorted((was or 0.0, now or 0.0))
                grown = RED if ((now or 0.0) > (was or 0.0)) == slow else MORE
                known = was is not None and now is not None
                parts = [(least / top, INK, False), ((most - least) / top, grown, False)] if known else (
                    [((now or 0.0) / top, INK, False)])  # fmt: skip
                more = "" if was is None or now is None else _change(was, now, slow)
                panel.stack(tag, parts, f"{form(now)} {more}", 12 * panel.scale)  # noqa: PD013
        panel.note("dark: what stays; red: what is longer, or lost")
        for tag, a in zip(self._tags, self.answers, strict=True):
            if a.isolated:
                panel.note(f"{tag}: {count(len(a.isolated), 'place')} cut off")


def _carried(answer: Disruption, part: Part) -> Iterator[float]:
    """Yield the widths of a map in vehicles a day."""
    for e in answer.links:
        if part != "before":
            yield e.lost_capacity
        if part != "detour":
            yield e.flow_before if part == "before" else e.flow_after


def _told(a: Disruption) -> str:
    """Return the key figures before and after."""
    parts = [
        f"fastest route {_hours(a.before.time_h)} before, {_hours(a.after.time_h)} after",
        f"{a.before.vehicles_per_day:,.0f} vehicles a day before, {a.after.vehicles_per_day:,.0f} after",
    ]
    if a.before.closure or a.after.closure:
        parts.append(f"closure {_hours(a.before.closure_h)} before, {_hours(a.after.closure_h)} after")
    if a.isolated:
        parts.append(f"{count(len(a.isolated), 'place')} cut off")
    return "; ".join(parts)


def _brief(a: Disruption) -> str:
    """Return what it costs in figures: hours, share of the throughput, hours of the closure."""
    if a.delay_h is None:
        return a.cost
    parts = [_signed(a.delay_h, span(a.delay_h)) if round(60 * a.delay_h) else "no delay"]
    parts.append(f"{_change(a.before.vehicles_per_day, a.after.vehicles_per_day, False)} vehicles a day")
    if a.later_h is not None:
        parts.append(f"closure {_signed(a.later_h, span(a.later_h))}")
    return ", ".join(parts)


def _out_words(net: Any, a: Disruption) -> str:
    gone = [item_name(net, x) for x in a.cut]
    return listed(gone, 6) if gone else "no link"
