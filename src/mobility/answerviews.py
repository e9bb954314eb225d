"""Pictures of answers on a network: routes, flow and cut, the loss of links."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from mobility.contingency import Contingency, Outage, Outages
from mobility.flows import Throughput
from mobility.network import Network
from mobility.panel import Panel
from mobility.paths import Answer, Explanation, Redundancy, Route, Routes
from mobility.pen import BUILDING, FAINT, INK, OPEN, RED, SOFT, WATER, plain
from mobility.sheet import Mark, Sheet
from mobility.vehicle import Block
from mobility.view import AnswerView, count, item_name, listed, place, scale_colours

RANKS = ("#0B4F8A", "#D55E00", "#117733", "#AA4499", "#B8860B", "#3A9BC1", "#7A1F3D", "#4D4D4D")

USE_STEPS = (0.25, 0.5, 0.75, 0.999)
"""Where the classes of use part; the last one is full."""
PAIRS = 1000
"""So many of the worst pairs are drawn."""
DELAY_WIDTHS = ((0.0, 1.7, "no delay"), (1.0, 3.2, "up to 1 h"), (math.inf, 5.0, "more than 1 h"))


def _route_words(route: Route) -> str:
    states = " ".join(route.countries)
    modes = " and ".join(dict.fromkeys(route.modes))
    return f"{route.time_h:.1f} h, {route.length_km:,.0f} km by {modes}" + (f" through {states}" if states else "")


def _block_words(block: Block) -> str:
    value, required = (f"{x:g}" if isinstance(x, float) else x for x in (block.value, block.required))
    value = "unknown" if value is None else value
    return plain(f"{block.link_id} {block.limit.replace('_', ' ')} {value}, needed {required}", 70)


def unit_name(net: Network, unit: str, links: Sequence[str]) -> str:
    """Return words for what goes out as one: a link, a structure, a place, a group."""
    if unit in net.link_index:
        return item_name(net, unit)
    if unit in net.node_index:
        return place(net, unit)
    more = f" +{len(links) - 1}" if len(links) > 1 else ""
    return f"{item_name(net, links[0])}{more}" if len(links) <= 3 else f"{plain(unit, 30)}, {len(links)} links"


def outage_name(net: Network, outage: Outage) -> str:
    """Return words for all that is out."""
    if len(outage.units) == 1:
        return unit_name(net, outage.units[0], outage.links)
    return " and ".join(plain(unit, 24) for unit in outage.units)


def _outage_words(net: Network, outage: Outage) -> str:
    where = outage_name(net, outage)
    if outage.status == "cut":
        return f"{where}: cut, no way left"
    return f"{where}: {outage.lost_vehicles_per_day:,.0f} vehicles a day lost, {outage.delay_h or 0:.1f} h delay"


def ways(panel: Panel, view: AnswerView, colour: str) -> None:
    """Explain the lines of an answer: railways, on water, of weak ground, of a course not known."""
    modes = {view.rows[k].mode for k in view.links}
    if "rail" in modes and not isinstance(view, RoutesView):
        panel.pair(("Road", colour, 2.0, {}), ("railway", colour, 2.0, {"mode": "rail"}))
    for mode in WATER:
        if mode in modes:
            panel.line(f"By {mode}", colour, 1.8, mode=mode)
    if panel.unsure:
        panel.line(panel.unsure, colour, 2.4, unsure=True)
    if panel.dotted:
        panel.line(f"Course not traced ({panel.dotted} of km)", colour, 2.4, dotted=True)


class RoutesView(AnswerView):
    """Ranked routes, or the one that there would be with what stands in its way."""

    unit = "route"

    def __init__(self, answer: Routes | Redundancy | Explanation) -> None:
        super().__init__(answer)
        self.answer = answer
        self.drawn: list[Route] = []
        self.unless = ""
        """Under what condition the route drawn is open; empty where it is."""
        self.legend = "Route that is not certain"
        self.heading = "Assess first"
        self.blocks: list[Block] = []
        if isinstance(answer, Explanation):
            self._explained(answer)
        else:
            self._found(answer)
        self.links = {k for r in self.drawn for k in r.links}
        self._mark()
        rest = sum(r.estimated_km for r in self.drawn) / max(1e-9, sum(r.length_km for r in self.drawn))
        self.basis = f"{rest:.0%} of the length of the routes rests on estimates." if self.drawn else ""
        for r in self.drawn if not self.unless else ():
            self.facts.append(f"Route {r.rank}: {_route_words(r)}, {r.estimated_km:,.0f} km on estimates.")
        self.facts += [f"{self.heading}: {_block_words(b)}." for b in self.blocks]

    def _found(self, answer: Routes | Redundancy) -> None:
        """Take the routes, or the candidate where there is none."""
        if isinstance(answer, Redundancy):
            self.title = f"Routes that share no link: {self.relation}"
            found = (
                f"{count(answer.link_disjoint, 'route')} share no link, {answer.asset_disjoint} no structure, "
                f"{answer.node_disjoint} no place between"
            )
        else:
            self.title = f"Routes: {self.relation}"
            found = f"{count(len(answer.routes), 'route')} found"
        self.drawn = list(answer.routes[: len(RANKS)])
        if self.drawn:
            found += f"; the fastest takes {_route_words(min(self.drawn, key=lambda r: r.time_h))}"
        elif isinstance(answer, Routes) and answer.candidate:
            self._candidate(answer, answer.candidate)
            self.blocks = list(answer.assess_first)
            found = f"No route is certain; {self.unless}: {_route_words(answer.candidate)}"
        else:
            found = "No route"
        self.subtitle = f"{found} ({self.terms})"

    def _candidate(self, answer: Routes | Explanation, route: Route) -> None:
        fits = "open if estimated limits lie at their favourable end"
        self.drawn, self.unless = [route], fits if answer.candidate_fits else "the fewest limits fall short on this way"

    def _explained(self, answer: Explanation) -> None:
        """Take the route, or the one that there would be, and what lies in the way on it, else elsewhere."""
        if answer.route:
            self.drawn = [answer.route]
        elif answer.candidate:
            self._candidate(answer, answer.candidate)
        elif answer.relaxed_route:
            self.drawn, self.unless = [answer.relaxed_route], "open if the fewest limits are lifted"
            self.legend = "Route if limits are lifted"
        elif answer.ideal_route:
            self.drawn, self.unless = [answer.ideal_route], "the fastest way if nothing were closed"
            self.legend = "Route if nothing were closed"
        on = {k for r in self.drawn for k in r.links}
        # `blocking` does not hold all that falls short on a candidate
        self.blocks = [b for b in dict.fromkeys([*answer.blocking, *answer.assess_first]) if b.link_id in on]
        self.heading = "In the way"
        if not self.blocks:
            self.blocks = list(answer.blocking)
            self.heading = "In the way of a faster one" if answer.route else "In the way elsewhere"
        self.title = f"What stands in the way: {self.relation}"
        way = "; ".join(f"{self.unless or 'the route'}: {_route_words(r)}" for r in self.drawn)
        reason = answer.reason[:1].upper() + answer.reason[1:]
        self.subtitle = f"{'; '.join(filter(None, [reason, way]))} ({self.terms})"

    def _mark(self) -> None:
        """Put a badge on links that few routes share, and warnings on those in doubt."""
        users = Counter(k for r in self.drawn for k in set(r.links))
        for route, colour in zip(self.drawn, RANKS, strict=False):
            rarest = min((users[k] for k in route.links), default=1)
            own = tuple(k for k in route.links if users[k] == rarest)
            self.marks.append(Mark("?" if self.unless else str(route.rank), colour, own, most=3))
        doubtful = dict.fromkeys(b.link_id for b in self.blocks)
        self.marks += [Mark(plain(link, 12), RED, (link,), shape="warning") for link in doubtful]

    def lines(self, sheet: Sheet) -> None:
        """Add the routes side by side where they share the way between two places."""
        self.faint(sheet)
        bundles: dict[tuple[frozenset[str], str], list[tuple[int, str]]] = {}
        for i, route in enumerate(self.drawn):
            for link in dict.fromkeys(route.links):
                row = self.rows[link]
                bundles.setdefault((frozenset((row.from_node, row.to_node)), row.mode), []).append((i, link))
        for (_, mode), bundle in bundles.items():
            for at, (i, link) in enumerate(bundle):
                shift = ((len(bundle) - 1) / 2 - at) * 2.9
                words = "no certain route" if self.unless else f"route {self.drawn[i].rank}"
                more = {"status": BUILDING if self.unless else OPEN, "level": 10 - i, "unsure": self.weak(link)}
                width = (2.2 if i else 2.6) - 0.7 * (mode in WATER)
                sheet.stroke(link, RANKS[i], width, mode, shift=shift, shows=(self.drawn[i].rank, words), **more)

    def weak(self, link: str) -> bool:
        """Return whether little is known of a link."""
        return self.rows[link].confidence == "low"

    def panel(self, panel: Panel) -> None:
        """Write the routes, what is in their way, and the meaning of the lines."""
        answer = self.answer
        if isinstance(answer, Redundancy):
            panel.figure(str(answer.link_disjoint), "routes that share no link")
            panel.figure(str(answer.node_disjoint), "that share no place between")
        elif self.drawn and not self.unless:
            panel.figure(f"{self.drawn[0].time_h:.1f} h", "fastest, waits and transfers included")
        certain = isinstance(answer, Explanation) or not self.drawn
        panel.heading("Routes" if self.drawn and not self.unless else "No route" if certain else "No route is certain")
        legend = 11.5 + bool(self.blocks)
        for i, route in enumerate(self.drawn):
            if panel.room(legend) >= 3:
                self._row(panel, route, RANKS[i], panel.room(legend) > 3 * (len(self.drawn) - i))
        if isinstance(answer, (Routes, Redundancy)) and len(answer.routes) > len(self.drawn):
            panel.note(f"and {len(answer.routes) - len(self.drawn)} more that are not drawn")
        if self.unless:
            panel.note(f"{self.unless[0].upper()}{self.unless[1:]}.")
        if self.blocks:
            panel.heading(self.heading)
            panel.listed([_block_words(b) for b in self.blocks], legend, 5.9, RED)
        panel.heading("Signs")
        if self.unless:
            panel.line(self.legend, RANKS[0], 2.6, status=BUILDING)
        panel.pair(("Road", INK, 2.4, {}), ("railway on a route", INK, 2.4, {"mode": "rail"}))
        ways(panel, self, RANKS[0])
        panel.line("Rest of the network; not open: dashed", FAINT, 0.9)
        if self.blocks:
            panel.explain("Limit or closure in the way", "warning")
        panel.explain("Origin", "origin")
        panel.explain("Destination", "destination")
        panel.places()

    def _row(self, panel: Panel, route: Route, colour: str, wide: bool) -> None:
        """Write what a route takes; with room also where it crosses borders and how long permission takes."""
        x = panel.tag("?" if self.unless else str(route.rank), colour)
        panel.put(x, f"{route.time_h:.1f} h   {route.length_km:,.0f} km", bold=True)
        panel.put_right(panel.width, " + ".join(dict.fromkeys(route.modes)), colour=SOFT, width=panel.width / 3)
        panel.down(0.92)
        panel.put(x, " · ".join(dict.fromkeys(route.countries)), 5.9, width=panel.width * 0.55)
        rests = f"{route.estimated_km / max(route.length_km, 1e-9):.0%} on estimates"
        panel.put_right(panel.width, rests, 5.4, SOFT)
        via = [place(self.net, n).partition("–")[0] for n in route.border_crossings]
        more = [f"by {listed(via, 5)}"] * bool(via)
        more += [f"permission {route.permission_h / 24:.0f} days"] if route.permission_h else []
        if wide and more:
            panel.down(0.88)
            panel.put(x, "; ".join(more), 5.4, SOFT)
        panel.down(1.12)


# flow and cut


def flow_width(vehicles: float, most: float) -> float:
    """Return the width of a flow in points, linear, with a floor that keeps the least visible."""
    return 0.9 + 5.6 * vehicles / max(most, 1e-9)


class Carried(NamedTuple):
    """What a link carries: vehicles, the share of its capacity that they use, and whether along it or against it."""

    link_id: str
    vehicles: float
    share: float
    forward: bool


class CarriedView(AnswerView):
    """What is carried on each link: width by vehicles, colour by use of the capacity, what binds in red."""

    used = ""
    """What is used of the capacity, behind its share."""
    binds = ""
    """What is said of a link that binds."""
    heading, full, amount = "", "", ""
    """Words of the legend: of use, of what is in red, of width."""
    column_of = AnswerView.capacity_of

    def __init__(self, answer: Answer, carried: Iterable[Carried], items: Iterable[str]) -> None:
        super().__init__(answer)
        self.carried = tuple(carried)
        self.most = max((c.vehicles for c in self.carried), default=1.0)
        self.colours = scale_colours(len(USE_STEPS) + 1)
        self.red = {item for item in items if item in self.rows}

    def cross(self, number: int, item: str) -> None:
        """Mark a link, terminal or border that binds with its rank; a pool lies nowhere."""
        kind, _, node = item.partition(":")
        where: dict[str, Any] = {"links": (item,)} if item in self.rows else {"node": node}
        if kind != "pool":
            self.marks.append(Mark(str(number), RED, shape="cross", **where))

    def lines(self, sheet: Sheet) -> None:
        """Add every link that carries something."""
        self.faint(sheet)
        for c in self.carried:
            level, binds = c.vehicles / self.most, c.link_id in self.red
            colour = RED if binds else self.colours[sum(c.share >= s for s in USE_STEPS)]
            shows = (float(c.vehicles), f"{c.share:.0%} {self.used}" + self.binds * binds)
            unsure = self.confidence(c.link_id) == "low" and not self.all_weak
            width, order = flow_width(c.vehicles, self.most), 20 if binds else 1 + round(9 * level)
            self.beside(sheet, c.link_id, colour, width, order, shows, unsure=unsure)

    def arrows(self) -> dict[str, bool]:
        """Return the direction of what is carried."""
        return {c.link_id: c.forward for c in self.carried}

    def legend(self, panel: Panel) -> None:
        """Explain colour and width."""
        panel.heading(self.heading)
        for (low, high), colour in zip(pairwise([0.0, *USE_STEPS, 1.0]), self.colours, strict=True):
            panel.line("full" if high == 1.0 else f"{low:.0%} to {high:.0%}", colour, 3.0)
        panel.line(self.full, RED, 3.0)
        panel.heading(self.amount)
        for part in (1, 3, 20):
            rounded = float(f"{self.most / part:.1g}")
            panel.line(f"{rounded:,.0f}", INK, flow_width(rounded, self.most))
        ways(panel, self, INK)
        panel.explain("Origin; destination", "origin", "destination")


class FlowView(CarriedView):
    """A maximum flow: width by vehicles a day, colour by use of the capacity, the minimum cut in red."""

    unit = "vehicles/day"
    used, binds = "of the capacity used", ", in the minimum cut"
    heading, full, amount = "Use of the capacity", "full and in the minimum cut", "Vehicles a day"

    def __init__(self, answer: Throughput) -> None:
        flows = (Carried(f.link_id, f.vehicles_per_day, f.used_share, f.forward) for f in answer.links)
        super().__init__(answer, flows, answer.cut)
        self.answer = answer
        self.items = sorted(answer.cut_items, key=lambda c: (-c.vehicles_per_day, c.item))
        self.links = {f.link_id for f in answer.links} | self.red
        kinds = ["link" if c.item in self.red else c.item.partition(":")[0] for c in self.items]
        for i, c in enumerate(self.items, 1):
            self.cross(i, c.item)
        self.title = f"Throughput and its bottleneck: {self.relation}"
        found = "No route, so nothing flows"
        if answer.status == "ok":
            parts = [count(kinds.count(k), k) for k in ("link", "terminal", "border") if k in kinds]
            found = f"{answer.vehicles_per_day:,.0f} vehicles a day, {answer.tonnes_per_day:,.0f} t a day"
            found += f"; the minimum cut is {listed(parts)}"
        self.subtitle = f"{found} ({self.terms})"
        self.basis = f"{answer.estimated_share:.0%} of the cut's capacity rests on estimates or defaults."
        cut = [f"{item_name(self.net, c.item)}, {c.vehicles_per_day:,.0f} vehicles a day" for c in self.items]
        self.facts = [*(f"Cut: {words}." for words in cut), self.basis]

    def panel(self, panel: Panel) -> None:
        """Write the flow, the cut, and the classes."""
        answer = self.answer
        panel.figure(f"{answer.vehicles_per_day:,.0f}", "vehicles a day")
        panel.figure(f"{answer.tonnes_per_day:,.0f}", "tonnes a day")
        panel.heading("Minimum cut, vehicles a day")
        fit = panel.room(19.5)
        fit = fit if len(self.items) <= fit else max(0, fit - 1)
        for i, c in enumerate(self.items[:fit], 1):
            value = f"{c.vehicles_per_day:,.0f}{'*' if c.estimated else ''}"
            panel.ranked(str(i), RED, item_name(self.net, c.item), [(1.0, value, True)])
        if len(self.items) > fit:
            panel.note(f"and {len(self.items) - fit} more, marked on the map")
        panel.note(f"* an estimate or default; {answer.estimated_share:.0%} of the cut's capacity is")
        self.legend(panel)


# N-1


def round_steps(top: float) -> list[float]:
    """Return the inner bounds of up to five equal classes up to `top`, on round numbers.

    >>> round_steps(2563.2)
    [600.0, 1200.0, 1800.0, 2400.0]
    """
    if top <= 0:
        return [1.0]
    raw = top / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 3, 4, 5, 6, 8, 10) if m * power >= raw * 0.999)
    return [step * i for i in range(1, 5) if step * i < top]


class LossView(AnswerView):
    """What each single outage takes away: colour by lost vehicles a day, width by delay, red where nothing is left."""

    unit = "vehicles/day lost"

    def __init__(self, answer: Contingency) -> None:
        super().__init__(answer)
        self.answer = answer
        n, of = int(answer.question.get("n", 1)), str(answer.question.get("of", "links"))
        self.pairs = n > 1
        # a pair that does no more harm than one of its two says nothing of the other; there may be thousands left
        told = answer.outages.together if isinstance(answer.outages, Outages) and self.pairs else answer.outages
        self.outages = list(told[:PAIRS] if self.pairs else told)
        self.worst: dict[str, Outage] = {}
        """Of each link the worst outage that it is part of; of pairs, that which costs most beyond either alone."""
        for outage in sorted(self.outages, key=self._cost, reverse=True):
            for link in outage.links:
                self.worst.setdefault(link, outage)
        self.links = set(self.worst)
        self.steps = round_steps(max((self._lost(o) for o in self.worst.values() if o.status == "ok"), default=0))
        self.colours = scale_colours(len(self.steps) + 1)
        for i, o in enumerate(self.outages, 1):
            cut, text = o.status == "cut", str(i) if i <= 12 else ""
            if (cut and n == 1) or text:
                self.marks.append(Mark(text, RED if cut else INK, o.links, shape="cross" if cut else "badge"))
        one = {"links": "link", "nodes": "place", "groups": "group", "countries": "state's network"}.get(of, of)
        self.title = f"Loss of {'one' if n == 1 else 'two'} {one}{'s' * (n > 1)}: {self.relation}"
        found = "No route even with no outage"
        if answer.status == "ok":
            found = (
                f"{answer.time_h or 0:.1f} h and {answer.vehicles_per_day:,.0f} vehicles a day with no outage; "
                f"{answer.changing:,} of {count(answer.tried, 'single outage' if n == 1 else 'pair')} change something"
            )
            cuts = sum(o.status == "cut" for o in self.outages)
            found += f", {'at least ' if cuts == PAIRS else ''}{cuts} cut the relation"
        self.subtitle = f"{found} ({self.terms})"
        self.basis = "Links of one structure go out together."
        if n > 1:
            self.basis += f" Drawn: the {len(self.outages):,} worst pairs that cost more than either alone."
        self.facts = [f"{i}: {_outage_words(self.net, o)}." for i, o in enumerate(self.outages[:8], 1)]

    def _lost(self, outage: Outage) -> float:
        """Return what is lost; of a pair, beyond the worse of the two alone."""
        return outage.excess_lost_vehicles_per_day or 0.0 if self.pairs else outage.lost_vehicles_per_day

    def _delay(self, outage: Outage) -> float:
        return (outage.excess_delay_h if self.pairs else outage.delay_h) or 0.0

    def _cost(self, outage: Outage) -> tuple[bool, float, float]:
        return outage.status == "cut", self._lost(outage), self._delay(outage)

    def lines(self, sheet: Sheet) -> None:
        """Add every link whose loss changes something."""
        self.faint(sheet)
        for link, outage in self.worst.items():
            width = next(w for top, w, _ in DELAY_WIDTHS if self._delay(outage) <= top)
            step = sum(self._lost(outage) > s for s in self.steps)
            lost, unsure = float(self._lost(outage)), self.confidence(link) == "low" and not self.all_weak
            if outage.status == "cut":
                self.beside(sheet, link, RED, DELAY_WIDTHS[-1][1], 30, (lost, "cut, no way left"), unsure=unsure)
            else:
                words = f"{self._delay(outage):.2f} h delay" + " beyond either alone" * self.pairs
                self.beside(sheet, link, self.colours[step], width, 1 + step, (lost, words), unsure=unsure)

    column_of = AnswerView.capacity_of

    def panel(self, panel: Panel) -> None:
        """Write the worst losses and the classes."""
        answer = self.answer
        if answer.status != "ok":
            panel.figure("No route", "even with no outage")
            panel.explain("Origin; destination", "origin", "destination")
            panel.places()
            return
        panel.figure(f"{answer.vehicles_per_day:,.0f}", "vehicles a day with no outage")
        panel.figure(f"{answer.time_h or 0:.1f} h", "fastest with no outage")
        panel.heading("Worst losses: vehicles a day, delay")
        for i, o in enumerate(self.outages[: min(12, panel.room(16 + len(self.colours)))], 1):
            cut = o.status == "cut"
            delay = "cut" if cut else f"+{o.delay_h:.1f} h" if o.delay_h else "none"
            values = [(0.82, f"−{o.lost_vehicles_per_day:,.0f}", True), (1.0, delay, False)]
            panel.ranked(str(i), RED if cut else INK, outage_name(self.net, o), values)
        if not self.outages:
            panel.note("No outage changes anything.")
        panel.heading("Lost a day beyond either alone (colour)" if self.pairs else "Lost vehicles a day (colour)")
        if any(o.status == "ok" for o in self.outages):
            bounds = ["0", *(f"{s:,.0f}" for s in self.steps)]
            words = [*(f"{a} to {b}" for a, b in pairwise(bounds)), f"more than {bounds[-1]}"]
            for text, colour in zip(words, self.colours, strict=True):
                panel.line(text, colour, 3.0)
        panel.line("No way left: the relation is cut", RED, 5.0)
        panel.heading("Delay beyond either alone (width)" if self.pairs else "Delay of the fastest route (width)")
        for _, width, text in DELAY_WIDTHS:
            panel.line(text, INK, width)
        ways(panel, self, INK)
        panel.explain("Origin; destination", "origin", "destination")
