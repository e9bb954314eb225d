"""What the interactive map shows of an answer: key figures, rows of a list, lines, signs, legend, its course in time.

Words, colours and widths are those of the static maps: the views are asked to draw, and what they ask for is
written down.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from matplotlib.figure import Figure

from mobility.answerviews import RANKS, outage_name, unit_name
from mobility.bottlenecks import Bottlenecks
from mobility.closure import Closure, Movement
from mobility.contingency import Contingency
from mobility.disruption import Disruption
from mobility.errors import InputError
from mobility.flows import Throughput
from mobility.hazard import HazardLoss
from mobility.maps import view_of
from mobility.netviews import families
from mobility.network import Network
from mobility.panel import Panel, percent
from mobility.paths import Answer, Explanation, Redundancy, Route, Routes
from mobility.pen import FAINT, INK, OPEN, RED, SOFT, Look
from mobility.reliability import Reliability
from mobility.sheet import Mark, Sheet
from mobility.value import CorridorValue
from mobility.view import AnswerView, View, count, item_name, place
from mobility.worstcase import Protection, WorstCase

MOST_ROWS = 400
"""So many rows of a list are shown, worst or best first; the answer itself is embedded whole."""


@dataclass(frozen=True)
class Row:
    """One entry of the list beside the map.

    Attributes
    ----------
    value, note : str
        The figure at its right; a second line.
    links, nodes : tuple of str
        What choosing it shows on the map.
    facts : tuple of (str, str)
        What is told of it when it is chosen.
    """

    name: str
    value: str = ""
    note: str = ""
    badge: str = ""
    colour: str = ""
    links: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Group:
    """Rows under a heading."""

    heading: str
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True)
class Line:
    """A line of a link: colours, width in points, how it is broken, and how far it is moved to the left."""

    link: str
    colour: str
    width: float
    status: str = OPEN
    shift: float = 0.0
    level: int = 0
    dashed: bool = False
    second: str = ""
    words: str = ""


@dataclass(frozen=True)
class Key:
    """One entry of the legend: a line, or a sign, and what it means; with neither a heading."""

    words: str
    colour: str = ""
    width: float = 0.0
    mode: str = ""
    status: str = OPEN
    second: str = ""
    sign: str = ""


@dataclass(frozen=True)
class Way:
    """What goes one way in a movement, and between which hours."""

    row: int
    links: tuple[str, ...]
    depart_h: float
    close_h: float
    vehicles: float


@dataclass(frozen=True)
class Course:
    """A movement in time: vehicles arrived by hour, the ways with their hours, and what is shut or narrowed when."""

    end_h: float
    vehicles: float
    arrivals: tuple[tuple[float, float], ...]
    ways: tuple[Way, ...]
    windows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Exhibit:
    """What is shown of one answer."""

    title: str
    subtitle: str
    basis: str = ""
    figures: tuple[tuple[str, str], ...] = ()
    groups: tuple[Group, ...] = ()
    lines: tuple[Line, ...] = ()
    marks: tuple[Mark, ...] = ()
    legend: tuple[Key, ...] = ()
    origins: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    course: Course | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the exhibit as JSON holds it."""
        return asdict(self)


def exhibit(subject: Network | Answer) -> Exhibit:
    """Return what is shown of a network or an answer.

    Examples
    --------
    >>> import mobility as mb
    >>> shown = exhibit(mb.routes(mb.load(), "Durrës", "Tirana", modes="road"))
    >>> shown.groups[0].heading, shown.groups[0].rows[0].badge
    ('Routes, fastest first', '1')
    """
    rows = GROUPS.get(type(subject), _any)
    try:
        view = view_of(subject)
    except InputError:
        if isinstance(subject, Network):
            raise
        view = _Plain(subject)
    sheet = _Lines()
    view.lines(cast(Sheet, sheet))
    panel = _Legend()
    view.panel(panel)
    return Exhibit(
        title=view.title,
        subtitle=view.subtitle,
        basis=view.basis,
        figures=tuple(panel.figures),
        groups=tuple(g for g in rows(subject, view) if g.rows),
        lines=tuple(sorted(sheet.drawn, key=lambda line: line.level)),
        marks=tuple(view.marks),
        legend=tuple(panel.keys),
        origins=tuple(view.origins),
        destinations=tuple(view.destinations),
        course=_course(subject) if isinstance(subject, Closure) else None,
    )


# ---- what the views ask for


class _Lines:
    """Stands where a view expects the sheet, and writes down the lines it asks for."""

    def __init__(self) -> None:
        self.drawn: list[Line] = []

    def stroke(
        self,
        link: str,
        colour: str,
        width: float,
        mode: str,
        *,
        shift: float = 0.0,
        shows: tuple[Any, str] = (None, ""),
        **more: Any,
    ) -> None:
        """Write down a line; what is faint is drawn by the page itself."""
        if colour == FAINT:
            return
        value, words = shows
        told = f"{_figure(value)}, {words}" if isinstance(value, float) and words else words
        kept = {k: more[k] for k in ("status", "level", "dashed", "second") if k in more}
        self.drawn.append(Line(link, colour, round(width, 2), shift=round(shift, 2), words=told, **kept))


def _figure(value: float) -> str:
    """Return a number with the digits that tell.

    >>> _figure(12345.6), _figure(0.1234)
    ('12,346', '0.123')
    """
    return f"{value:,.0f}" if abs(value) >= 100 or value == 0 else f"{value:.3g}"


class _Legend(Panel):
    """Writes down figures and legend; what else a view writes goes to a page that nobody sees."""

    def __init__(self) -> None:
        super().__init__(Figure().add_axes((0.0, 0.0, 1.0, 1.0)), 1.0, (180.0, 900.0))
        self.figures: list[tuple[str, str]] = []
        self.keys: list[Key] = []
        self._heading = ""

    def room(self, reserve: float = 0.0) -> int:
        """Return room for all that belongs in a legend; lists are the page's own."""
        return 12

    def figure(self, number: str, words: str) -> None:
        """Keep a key figure."""
        self.figures.append((number, words))

    def heading(self, text: str) -> None:
        """Keep a heading until something under it is kept."""
        self._heading = text

    def _keep(self, key: Key) -> None:
        if self._heading:
            self.keys.append(Key(self._heading))
            self._heading = ""
        self.keys.append(key)

    def line(self, text: str, colour: str, width: float = 2.0, mode: str = "road", **more: Any) -> None:
        """Keep the meaning of a line."""
        self._keep(Key(text, colour, width, mode, str(more.get("status", OPEN)), str(more.get("second", ""))))

    def pair(self, *lines: tuple[str, str, float, Look]) -> None:
        """Keep the meaning of several lines."""
        for text, colour, width, more in lines:
            self._keep(Key(text[:1].upper() + text[1:], colour, width, more.get("mode", "road")))

    def explain(self, text: str, *signs: str) -> None:
        """Keep the meaning of signs."""
        parts = text.split("; ") if len(signs) > 1 else [text]
        for sign, words in zip(signs, parts, strict=False):
            self._keep(Key(words[:1].upper() + words[1:], sign=sign))


class _Plain(AnswerView):
    """Words and lines of an answer that has no picture of its own: the links that its main table names."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.title = f"{type(answer).__name__}: {self.relation}"
        self.subtitle = f"{answer.headline} ({self.terms})"
        self.answer = answer

    def lines(self, sheet: Sheet) -> None:
        """Add the links of each row in a colour of its own."""
        for i, row in enumerate(r for g in _any(self.answer, self) for r in g.rows):
            for link in row.links:
                sheet.stroke(link, RANKS[min(i, len(RANKS) - 1)], 2.2, self.rows[link].mode, level=-i)

    def panel(self, panel: Panel) -> None:
        """Write the meaning of lines and signs."""
        panel.pair(("Road", INK, 2.4, {}), ("railway", INK, 2.4, {"mode": "rail"}))
        panel.explain("Origin; destination", "origin", "destination")
        panel.places()


# ---- rows, by kind of answer


def _route_rows(subject: Any, view: View) -> Iterable[Group]:
    certain = not getattr(view, "unless", "")
    drawn = getattr(view, "drawn", [])
    # those beyond the ones drawn are listed all the same, and show when they are chosen
    found = subject.routes[len(drawn) :] if certain and not isinstance(subject, Explanation) else ()
    colours = [*RANKS[: len(drawn)], *[SOFT] * len(found)]
    rows = [_route(view.net, r, c, certain) for r, c in zip([*drawn, *found], colours, strict=True)]
    share = isinstance(subject, Redundancy)
    heading = "Routes that share no link" if share else "Routes, fastest first" if certain else "No route is certain"
    yield Group(heading, tuple(rows), getattr(view, "unless", ""))
    blocks = [
        Row(
            item_name(view.net, b.link_id),
            f"{'unknown' if b.value is None else f'{b.value:g}' if isinstance(b.value, float) else b.value}",
            f"{b.limit.replace('_', ' ')}, needed {b.required:g}"
            if isinstance(b.required, float)
            else f"{b.limit.replace('_', ' ')}, needed {b.required}",
            "!",
            RED,
            (b.link_id,),
        )
        for b in getattr(view, "blocks", [])
    ]
    yield Group(getattr(view, "heading", ""), tuple(blocks[:MOST_ROWS]))


def _route(net: Network, route: Route, colour: str, certain: bool) -> Row:
    via = [place(net, n) for n in route.border_crossings]
    permits = sorted({f"{p['limit'].replace('_', ' ')}: {p['required']} over {p['value']}" for p in route.permits})
    facts = [
        ("Time", f"{route.time_h:.1f} h"),
        ("of which waiting at borders", f"{route.wait_h:.1f} h"),
        ("of which change of mode", f"{route.transfer_h:.1f} h"),
        ("Permission lead time", f"{route.permission_h:.0f} h"),
        ("Length", f"{route.length_km:,.0f} km"),
        ("on estimates", f"{route.estimated_km:,.0f} km"),
        ("on unknown limits", f"{route.unknown_km:,.0f} km"),
        ("Countries", ", ".join(dict.fromkeys(route.countries))),
        ("Corridors", ", ".join(dict.fromkeys(route.corridors))),
        ("Border crossings", ", ".join(via)),
        ("Permits needed", "; ".join(permits)),
    ]
    modes = " + ".join(dict.fromkeys(route.modes))
    states = " · ".join(dict.fromkeys(route.countries))
    return Row(
        f"{place(net, route.nodes[0])} to {place(net, route.nodes[-1])}" if route.nodes else "Route",
        f"{route.time_h:.1f} h",
        " · ".join(filter(None, [f"{route.length_km:,.0f} km", modes, states])),
        str(route.rank) if certain else "?",
        colour,
        route.links,
        (),
        tuple((k, v) for k, v in facts if v),
    )


def _at(item: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return links and places of a member of a cut."""
    _, colon, node = item.partition(":")
    return ((), (node,)) if colon else ((item,), ())


def _basis(estimated: bool) -> str:
    return "estimate or default" if estimated else "stated"


def _flow_rows(answer: Throughput, view: View) -> Iterable[Group]:
    net = view.net
    cut = []
    for i, c in enumerate(sorted(answer.cut_items, key=lambda c: (-c.vehicles_per_day, c.item)), 1):
        links, nodes = _at(c.item)
        value = f"{c.vehicles_per_day:,.0f}{'*' if c.estimated else ''}"
        facts = (("Capacity", f"{c.vehicles_per_day:,.0f} vehicles a day"), ("Basis", c.basis or _basis(c.estimated)))
        cut.append(Row(item_name(net, c.item), value, c.basis, str(i), RED, links, nodes, facts))
    yield Group("Minimum cut, vehicles a day", tuple(cut), "* rests on an estimate or a default" if cut else "")
    flows = sorted(answer.links, key=lambda f: (-f.vehicles_per_day, f.link_id))
    rows = [
        Row(
            item_name(net, f.link_id),
            f"{f.vehicles_per_day:,.0f}",
            f"{f.used_share:.0%} of the capacity used" + (" (estimate)" if f.estimated else ""),
            links=(f.link_id,),
            facts=(
                ("Flow", f"{f.vehicles_per_day:,.0f} vehicles a day"),
                ("Share of its capacity", f"{f.used_share:.1%}"),
                ("Capacity", _basis(f.estimated)),
            ),
        )
        for f in flows[:MOST_ROWS]
    ]
    yield Group("Flow by link, vehicles a day", tuple(rows))


def _loss_rows(answer: Contingency, view: View) -> Iterable[Group]:
    net, rows = view.net, []
    for i, o in enumerate(answer.outages[:MOST_ROWS], 1):
        cut = o.status == "cut"
        delay = "cut, no way left" if cut else f"+{o.delay_h or 0:.1f} h"
        facts = (
            ("Lost", f"{o.lost_vehicles_per_day:,.0f} vehicles a day"),
            ("Left", f"{o.vehicles_per_day:,.0f} vehicles a day"),
            ("Delay of the fastest route", delay),
            ("Fastest route that is left", "none" if o.time_h is None else f"{o.time_h:.1f} h"),
        )
        value = f"−{o.lost_vehicles_per_day:,.0f}"
        rows.append(Row(outage_name(net, o), value, delay, str(i), RED if cut else INK, o.links, (), facts))
    more = f"{answer.changing:,} of {answer.tried:,} change something" if answer.status == "ok" else ""
    if answer.changing > MOST_ROWS:
        more += f"; the {MOST_ROWS} worst are listed"
    yield Group("Losses, worst first: vehicles a day", tuple(rows), more)


def _bottleneck_rows(answer: Bottlenecks, view: View) -> Iterable[Group]:
    rows = [
        Row(
            item_name(view.net, b.link_id),
            f"−{b.lost_vehicles_per_day:,.0f}",
            f"{b.share:.0%} of the flow" + ("; without it no way is left" if b.bridge else ""),
            str(i),
            RED if b.bridge or b.in_cuts == "every" else INK,
            (b.link_id, *b.closes),
            (),
            (
                ("Lost without it", f"{b.lost_vehicles_per_day:,.0f} vehicles a day"),
                ("Delay without it", "none left" if b.delay_h is None else f"{b.delay_h:.1f} h"),
                ("Flow", f"{b.vehicles_per_day:,.0f} vehicles a day, {b.used_share:.0%} of its capacity"),
                ("In minimum cuts", b.in_cuts),
                ("Capacity", _basis(b.estimated_capacity)),
            ),
        )
        for i, b in enumerate(answer.links[:MOST_ROWS], 1)
    ]
    yield Group("What rests on each link, worst first: vehicles a day lost", tuple(rows))


def _worst_rows(answer: WorstCase | Protection, view: View) -> Iterable[Group]:
    def members(unit: str) -> tuple[str, ...]:
        return tuple(getattr(view, "names", {}).get(unit) or getattr(view, "saved", {}).get(unit) or ())

    def rows(units: Sequence[str], colour: str) -> tuple[Row, ...]:
        found = [(u, members(u)) for u in units]
        return tuple(
            Row(unit_name(view.net, u, links) if links else u, "", count(len(links), "link"), str(i), colour, links)
            for i, (u, links) in enumerate(found, 1)
        )

    if isinstance(answer, Protection):
        yield Group("Protect", rows(answer.protected, "#1B6E8C"))
    yield Group("Lost together", rows(answer.units, RED))


def _risk_rows(answer: Reliability, view: View) -> Iterable[Group]:
    rows = [
        Row(
            unit_name(view.net, u.unit, u.links),
            f"{u.birnbaum:.4f}",
            f"fails with probability {u.fail_probability:.3g}",
            str(i),
            INK,
            u.links,
            (),
            (
                ("Importance (Birnbaum)", f"{u.birnbaum:.6f}"),
                ("Share of all disconnection in which it decides", f"{u.criticality:.2%}"),
                ("Probability of failure", f"{u.fail_probability:.4g}"),
            ),
        )
        for i, u in enumerate(answer.importance[:MOST_ROWS], 1)
    ]
    yield Group("What the connection hangs on", tuple(rows))


def _hazard_rows(answer: HazardLoss, view: View) -> Iterable[Group]:
    net, rows = view.net, []
    measure = {"Earthquake": "PGA, g", "Flood": "Depth, m", "Area": "Intensity"}[type(answer.event).__name__]
    for i, x in enumerate(answer.links[:MOST_ROWS], 1):
        facts = (
            ("Probability of being out", f"{x.probability:.1%}"),
            (measure, f"{x.intensity:.2f}"),
            ("In the hazard", f"{x.exposed_km:,.0f} km, {x.structures:,.1f} structures (estimate)"),
        )
        note = f"{x.structures:,.1f} structures in it"
        rows.append(Row(item_name(net, x.link_id), percent(x.probability), note, str(i), INK, (x.link_id,), (), facts))
    yield Group("Likeliest to be out", tuple(rows), "Numbers of structures are estimates")
    if answer.plan is not None:
        steps = [
            Row(
                item_name(net, s.links[0]) if s.links else s.unit,
                f"day {s.end_day:,.0f}",
                f"crew {s.crew}, from day {s.start_day:,.0f}; then {percent(s.share)} of the throughput",
                str(i),
                INK,
                s.links,
            )
            for i, s in enumerate(answer.plan.steps[:MOST_ROWS], 1)
        ]
        proven = "No order loses less" if answer.plan.proven else "A greedy order"
        yield Group(f"Repairs after a bad sample, {count(answer.plan.crews, 'crew')}", tuple(steps), proven)
    back = [
        Row(f"Day {r.day:g}", percent(r.mean), f"{percent(r.p10)} to {percent(r.p90)} in eight cases of ten")
        for r in answer.curve
    ]
    yield Group("Recovery: share of the throughput", tuple(back))


def _closure_rows(answer: Closure, view: View) -> Iterable[Group]:
    net = view.net
    rows = []
    for i, m in enumerate(_ways(answer), 1):
        facts = (
            ("Element", f"{m.element}, {m.vehicle}"),
            ("Vehicles", f"{_few(m.vehicles)} at {m.vehicles_per_hour:,.1f} an hour"),
            ("Departure, first to last", f"hour {m.depart_h:.1f} to {m.last_depart_h:.1f}"),
            ("Arrival, first to last", f"hour {m.arrive_h:.1f} to {m.close_h:.1f}"),
            ("On the way", f"{m.travel_h:.1f} h, {m.length_km:,.0f} km"),
            ("Countries", ", ".join(dict.fromkeys(m.countries))),
        )
        note = f"{_few(m.vehicles)} {m.vehicle} by {' + '.join(dict.fromkeys(m.modes))}, from hour {m.depart_h:.0f}"
        name = f"{place(net, m.origin)} to {place(net, m.destination)}"
        rows.append(Row(name, f"{m.close_h:.1f} h", note, str(i), RANKS[0], m.links, (), facts))
    yield Group("Ways, by the hour their last vehicle arrives", tuple(rows))
    elements = [
        Row(f"{e.element}. {e.vehicles} {e.vehicle}", f"{e.closure_h:.1f} h", e.unit + ("; late" if e.late else ""))
        for e in answer.elements
    ]
    yield Group("Elements", tuple(elements[:MOST_ROWS]))
    narrow = []
    for i, b in enumerate(answer.bottlenecks[:MOST_ROWS], 1):
        links, nodes = _at(b.item)
        nodes = tuple(n for n in nodes if n in net.node_index)
        note = f"{b.capacity:,.4g} {b.unit}" + (" (estimate)" if b.estimated else "")
        more = (("Capacity", note), ("One more saves", f"{b.hours_per_unit:.3g} h"))
        value = f"{b.hours_per_percent:.2f} h"
        narrow.append(Row(item_name(net, b.item), value, note, str(i), RED, links, nodes, more))
    yield Group("What holds it up: hours saved by 1 % more", tuple(narrow))
    stuck = [
        Row(f"Element {n}: {item_name(net, b.link_id)}", "", b.limit.replace("_", " "), "!", RED, (b.link_id,))
        for n, b in answer.stuck[:MOST_ROWS]
    ]
    yield Group("Cannot move", tuple(stuck))


def _disruption_rows(answer: Disruption, view: View) -> Iterable[Group]:
    net, was, now = view.net, answer.before, answer.after

    def hours(value: float | None) -> str:
        return "none" if value is None else f"{value:.1f} h"

    told = [
        ("Fastest route", hours(was.time_h), hours(now.time_h)),
        ("Throughput, vehicles a day", f"{was.vehicles_per_day:,.0f}", f"{now.vehicles_per_day:,.0f}"),
    ]
    if was.closure or now.closure:
        told.append(("Closure of the force", hours(was.closure_h), hours(now.closure_h)))
    best = [state.routes.routes[0].links if state.routes.routes else () for state in (was, now)]
    rows = [Row(name, f"{a} → {b}", links=best[1] if i == 0 else ()) for i, (name, a, b) in enumerate(told)]
    yield Group("Before and after", tuple(rows))
    for heading, state in (("Routes before", was), ("Routes after", now)):
        routes = state.routes.routes[: len(RANKS)]
        yield Group(heading, tuple(_route(net, r, c, True) for r, c in zip(routes, RANKS, strict=False)))
    lost = {e.link_id: e for e in answer.links if e.lost_capacity > 0}
    out = [*answer.cut, *(k for k in lost if k not in answer.cut)]
    parts = []
    for link in out[:MOST_ROWS]:
        less = f"−{lost[link].lost_capacity:,.0f}" if link in lost else ""
        basis = _basis(lost[link].estimated) if link in lost else ""
        how = "out" if link in answer.cut else "less capacity"
        parts.append(Row(item_name(net, link), less, how, "×", RED, (link,), (), (("Capacity", basis),)))
    yield Group("Lost, vehicles a day", tuple(parts))
    yield Group("Cut off", tuple(Row(place(net, n), nodes=(n,)) for n in answer.isolated[:MOST_ROWS]))


def _value_rows(answer: CorridorValue, view: View) -> Iterable[Group]:
    colours = dict(families(view.net).values())
    for case in answer.cases:
        rows = [
            Row(
                f"Corridor {w.player}",
                f"{w.shapley:,.4g}",
                "" if w.share is None else f"{w.share:.0%} of what all add",
                w.player,
                colours.get(w.player, INK),
                answer.links[w.player],
                (),
                (
                    ("Shapley value", f"{w.shapley:,.4g} {answer.unit}"),
                    ("Lost when it alone is out", f"{w.knock_out:,.4g} {answer.unit}"),
                    ("Added when it comes first", f"{w.add_in:,.4g} {answer.unit}"),
                    ("Open to the vehicle", f"{w.links} links, {w.km:,.0f} km"),
                ),
            )
            for w in sorted(case.players, key=lambda w: -w.shapley)
        ]
        year = f", {case.year}" if case.year else ""
        yield Group(f"Worth of the corridors, {answer.unit}: {case.vehicle}{year}", tuple(rows))


def _network_rows(net: Network, view: View) -> Iterable[Group]:
    links, known = net.table("links"), net.values("length_km").value.tolist()
    km: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    on: dict[str, list[str]] = defaultdict(list)
    of = getattr(view, "known", {})
    cells = zip(links["link_id"], links["mode"], links["status"], links["corridors"], known, strict=True)
    for link, mode, status, names, length in cells:
        for family in {of[n][0] for n in names.split(";") if n in of}:
            on[family].append(link)
            km[family][mode] += length
            km[family]["not open"] += length * (status != OPEN)
    colours = dict(of.values())
    rows = [
        Row(
            f"Corridor {family}",
            f"{sum(v for k, v in km[family].items() if k != 'not open'):,.0f} km",
            ", ".join(f"{v:,.0f} km {k}" for k, v in km[family].items() if v),
            family,
            colours[family],
            tuple(on[family]),
            (),
            tuple((k[:1].upper() + k[1:], f"{v:,.0f} km") for k, v in km[family].items()),
        )
        for family in getattr(view, "groups", [])
    ]
    yield Group("Corridors with their branches", tuple(rows))


def _any(answer: Answer, view: View) -> Iterable[Group]:
    """Yield the main table: a row's links are those that its cells or its id name."""
    frame = answer.to_frame()
    frame = frame.reset_index(drop=frame.index.names == [None])
    index, rows = view.net.link_index, []
    for cells in frame.head(MOST_ROWS).to_dict("records"):
        told = {str(k): _told(v) for k, v in cells.items()}
        words = [w for v in cells.values() if isinstance(v, str) for w in v.replace(";", " ").split()]
        links = tuple(dict.fromkeys(w for w in words if w in index))
        (_, name), *rest = told.items()
        name = item_name(view.net, name) if name in index else name
        facts = tuple((k.replace("_", " "), v) for k, v in rest if v and not set(v.split()) <= set(links))
        rows.append(Row(name, facts[0][1] if facts else "", facts[0][0] if facts else "", links=links, facts=facts))
    yield Group(type(answer).__name__, tuple(rows))


def _told(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:,.4g}"
    return "" if value is None else str(value)


GROUPS: Mapping[type, Callable[[Any, View], Iterable[Group]]] = {
    Network: _network_rows,
    Routes: _route_rows,
    Redundancy: _route_rows,
    Explanation: _route_rows,
    Throughput: _flow_rows,
    Contingency: _loss_rows,
    Bottlenecks: _bottleneck_rows,
    WorstCase: _worst_rows,
    Protection: _worst_rows,
    Reliability: _risk_rows,
    Closure: _closure_rows,
    Disruption: _disruption_rows,
    CorridorValue: _value_rows,
    HazardLoss: _hazard_rows,
}
"""What lists each kind of answer; others show their main table."""


# ---- movement in time


def _ways(answer: Closure) -> list[Movement]:
    return sorted(answer.movements, key=lambda m: (m.close_h, m.element, m.links))[:MOST_ROWS]


def _few(vehicles: float) -> str:
    """Return a number of vehicles of a fluid plan; below ten their parts are told."""
    return f"{vehicles:,.0f}" if vehicles >= 10 else f"{vehicles:.1f}"


def _course(answer: Closure) -> Course | None:
    if answer.closure_h is None:
        return None
    ways = tuple(Way(i, m.links, m.depart_h, m.close_h, m.vehicles) for i, m in enumerate(_ways(answer)))
    return Course(
        answer.closure_h, float(answer.vehicles), answer.arrivals, ways, tuple(answer.question.get("windows", ()))
    )
