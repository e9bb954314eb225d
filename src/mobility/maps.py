"""Static maps of networks and answers: one sheet with a map, a side panel and a footer; PNG, SVG or PDF."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import shapely
from matplotlib import colormaps, rc_context
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mobility.contingency import Contingency, Outage
from mobility.errors import InputError
from mobility.flows import Throughput
from mobility.network import Network, beside, spare
from mobility.paths import Answer, Explanation, Redundancy, Route, Routes
from mobility.sheet import (
    BIG,
    BUILDING,
    CLOSED,
    FAINT,
    INK,
    OPEN,
    PAGES,
    RED,
    SETTINGS,
    SIGNS,
    SOFT,
    WATER,
    Basemap,
    Mark,
    Panel,
    Place,
    Sheet,
    plain,
)
from mobility.vehicle import Block

Size = Literal["A4", "A3"]
SUFFIXES = (".png", ".svg", ".pdf")

PALETTE = {"Vc": "#0072B2", "VIII": "#D55E00", "X": "#117733", "R10": "#AA4499"}
RANKS = ("#0B4F8A", "#D55E00", "#117733", "#AA4499", "#B8860B", "#3A9BC1", "#7A1F3D", "#4D4D4D")
OTHER = "#8a8f94"

ROAD_CLASSES, RAIL_CLASSES = (160.0, 330.0), (15.0, 40.0)
"""Where the three capacity classes part: vehicles an hour, trains a day."""
WIDTHS = (1.2, 2.0, 3.0)
USE_STEPS = (0.25, 0.5, 0.75, 0.999)
"""Where the classes of use part; the last one is full."""
DELAY_WIDTHS = ((0.0, 1.7, "no delay"), (1.0, 3.2, "up to 1 h"), (math.inf, 5.0, "more than 1 h"))

CAVEAT = "Screening on public data: no figure is a bridge rating, a route clearance or a train path."
KOSOVO = (
    "* This designation is without prejudice to positions on status, and is in line with UNSCR 1244 "
    "and the ICJ opinion on the Kosovo declaration of independence."
)


# ---- the public part


def plot(
    answer: Network | Answer,
    *,
    path: str | Path | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    size: Size = "A4",
    dpi: int = 200,
    overwrite: bool = False,
) -> Figure:
    """Draw a network or an answer on a map.

    Parameters
    ----------
    answer : Network, Routes, Redundancy, Explanation, Throughput or Contingency
    path : str or Path, optional
        File to write; its suffix (.png, .svg, .pdf) decides the kind. ``NAME.png.caption.txt`` beside it gets a
        caption and the alternative text.
    title, subtitle : str, optional
        Instead of the ones that say what was asked and found.
    size : {"A4", "A3"}
        Landscape.
    dpi : int
        Dots per inch of PNG.
    overwrite : bool
        Whether a file that exists may be replaced.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot, so there is nothing to close.

    Raises
    ------
    InputError
        For an unknown suffix or size, a file that exists, or nothing to draw.
    """
    target = None if path is None else _target(Path(path), overwrite)
    if size not in PAGES:
        raise InputError(f"size is {size!r}; {' or '.join(PAGES)} is what can be asked")
    if not 20 <= dpi <= 1200:
        raise InputError(f"dpi is {dpi}; 20 to 1200 is what can be asked")
    with rc_context(SETTINGS):
        view = _view(answer)
        sheet = Sheet(view.net, view.focus, size, dpi)
        _draw(sheet, view, title or view.title, subtitle or view.subtitle)
        if target is not None:
            _save(sheet.figure, target, view, title or view.title)
    return sheet.figure


def caption(answer: Network | Answer) -> str:
    """Return a caption: what is shown, what was found, and what it rests on."""
    return _view(answer).caption


def alt_text(answer: Network | Answer) -> str:
    """Return the text that stands for the map where it cannot be seen: kind, question and key figures."""
    return _view(answer).alt_text


# ---- files


def _target(path: Path, overwrite: bool) -> Path:
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"a map is written as {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}, not {path.name!r}")
    for file in (path, _caption_file(path)):
        spare(file, overwrite)
    return path


def _caption_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.caption.txt")


def _save(figure: Figure, target: Path, view: View, title: str) -> None:
    """Write the picture and its text beside their places, then put both there."""
    kind = target.suffix.lower()[1:]
    text = view.alt_text
    # no date and no program version: the same answer is the same file
    more: dict[str, dict[str, Any]] = {
        "png": {"Description": text, "Software": None},
        "svg": {"Description": text, "Date": None, "Creator": "mobility"},
        "pdf": {"Subject": text, "CreationDate": None, "Creator": "mobility", "Producer": None},
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    with beside(target) as picture, beside(_caption_file(target)) as words:
        figure.savefig(picture, format=kind, dpi=figure.dpi, metadata={"Title": title} | more[kind])
        words.write_text(f"Caption\n{view.caption}\n\nAlternative text\n{text}\n", encoding="utf-8")


# ---- words


def _place(net: Network, node: str) -> str:
    return plain(net.name(node).partition("(")[0].strip() or node, 40)


def _listed(words: Sequence[str], most: int = 4) -> str:
    """Return "a, b and c"."""
    kept = list(words[:most]) + ([f"{len(words) - most} more"] if len(words) > most else [])
    return " and ".join(filter(None, [", ".join(kept[:-1]), kept[-1]])) if kept else "nowhere"


def _count(number: int, word: str) -> str:
    plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{number:,} {word if number == 1 else plural}"


def _item_name(net: Network, item: str) -> str:
    """Return words for a link, or for ``terminal:NODE`` or ``border:NODE`` in a cut."""
    kind, colon, node = item.partition(":")
    if colon and node in net.node_index:
        return f"{kind} {_place(net, node)}"
    if item not in net.link_index:
        return plain(item)
    row = net.table("links").iloc[net.link_index[item]]
    ends = [_place(net, str(n)).partition("–")[0] for n in (row["from_node"], row["to_node"])]
    return f"{plain(item, 14)} {'–'.join(ends)}"


def _data_line(net: Network) -> str:
    dates = [str(d) for d in net.table("sources")["date"].tolist()] if "sources" in net.tables else []
    newest = max((d for d in dates if re.fullmatch(r"\d{4}-\d\d-\d\d", d)), default="")
    year = f", network as of the start of {net.year}" if net.year else ""
    return f"Network data {net.data_hash[:8]}" + (f", sources up to {newest}" if newest else "") + year


def _route_words(route: Route) -> str:
    states = " ".join(route.countries)
    modes = " and ".join(dict.fromkeys(route.modes))
    return f"{route.time_h:.1f} h, {route.length_km:,.0f} km by {modes}" + (f" through {states}" if states else "")


def _block_words(block: Block) -> str:
    value, required = (f"{x:g}" if isinstance(x, float) else x for x in (block.value, block.required))
    value = "unknown" if value is None else value
    return plain(f"{block.link_id} {block.limit.replace('_', ' ')} {value}, needed {required}", 70)


def _outage_words(net: Network, outage: Outage) -> str:
    more = f" and {len(outage.links) - 1} more of one structure" if len(outage.links) > 1 else ""
    where = _item_name(net, outage.links[0]) + more
    if outage.status == "cut":
        return f"{where}: cut, no way left"
    return f"{where}: {outage.lost_vehicles_per_day:,.0f} vehicles a day lost, {outage.delay_h or 0:.1f} h delay"


# ---- what each kind of answer shows


class Row(NamedTuple):
    """What a map needs to know of a link."""

    mode: str
    status: str
    from_node: str
    to_node: str
    corridors: str
    open_year: float


class View(ABC):
    """What is drawn of an answer.

    Attributes
    ----------
    title, subtitle, basis : str
        The subtitle says what was found, the basis what it rests on.
    facts : list of str
        Sentences of the alternative text.
    links : set of str
        Links the answer is about; empty for the whole network.
    """

    title = subtitle = basis = ""

    def __init__(self, net: Network) -> None:
        self.net = net
        table = net.table("links")
        cells = zip(*(table[c].tolist() for c in Row._fields), strict=True)
        self.rows = {str(k): Row(*row) for k, row in zip(table["link_id"], cells, strict=True)}
        self.facts: list[str] = []
        self.links: set[str] = set()
        self.origins: list[str] = []
        self.destinations: list[str] = []
        self.marks: list[Mark] = []

    @property
    def caption(self) -> str:
        """What is shown, what was found, and what it rests on."""
        return f"{self.title}. {self.subtitle}. {self.basis} {_data_line(self.net)}. {CAVEAT}"

    @property
    def alt_text(self) -> str:
        """Kind, question and key figures."""
        return " ".join([f"Map: {self.title}.", f"{self.subtitle}.", *self.facts])

    @property
    def focus(self) -> set[str]:
        """Links that must be in view: of the answer, and at origins and destinations."""
        ends = {*self.origins, *self.destinations}
        near = {k for k, r in self.rows.items() if r.from_node in ends or r.to_node in ends}
        return self.links | near if self.links else set()

    @property
    def states(self) -> set[str]:
        """States that the links lie in; with no link those in which more than two of the network lie, else all."""
        of, index = self.net.link_countries, self.net.link_index
        count = Counter(c for states in of for c in states)
        return {c for k in self.links for c in of[index[k]]} or {c for c, n in count.items() if n > 2} or set(count)

    @abstractmethod
    def lines(self, sheet: Sheet) -> None:
        """Add the strokes of the links to the sheet."""

    def arrows(self) -> dict[str, bool]:
        """Return by link whether a flow passes along it or against it."""
        return {}

    @abstractmethod
    def panel(self, panel: Panel) -> None:
        """Write the side panel."""


def _view(answer: Network | Answer) -> View:
    if isinstance(answer, Network):
        return NetworkView(answer)
    if isinstance(answer, (Routes, Redundancy, Explanation)):
        return RoutesView(answer)
    if isinstance(answer, Throughput):
        return FlowView(answer)
    if isinstance(answer, Contingency):
        return LossView(answer)
    kinds = "Network, Routes, Redundancy, Explanation, Throughput, Contingency"
    raise InputError(f"there is no map of {type(answer).__name__}; what can be drawn: {kinds}")


def _side(mode: str, width: float) -> float:
    """Return how far a line of a mode is shifted: rail to the left of its direction, road to the right."""
    return {"rail": 1.0, "road": -1.0}.get(mode, 0.0) * (width / 2 + 0.75)


def _scale_colours(classes: int) -> list[str]:
    """Return colours of a perceptually uniform scale without its palest end, which a white map would lose."""
    return [to_hex(colormaps["viridis_r"](0.1 + 0.9 * i / max(1, classes - 1))) for i in range(classes)]


# corridors


def families(net: Network) -> dict[str, tuple[str, str]]:
    """Return by name in the ``corridors`` column the corridor it belongs to and its colour.

    Branches follow their ``parent``. A network with none of the known corridors gets its four longest.
    """
    table = net.table("corridors")
    parent = dict(zip(table["corridor_id"].tolist(), table["parent"].tolist(), strict=True))
    km: dict[str, float] = {}
    for names, length in zip(net.table("links")["corridors"].tolist(), net.values("length_km").value, strict=True):
        for name in filter(None, names.split(";")):
            km[name] = km.get(name, 0.0) + float(length)
    roots = {n: parent.get(n) or ("X" if re.fullmatch("X[a-d]", n) else n) for n in sorted(km)}
    if any(root in PALETTE for root in roots.values()):
        return {n: (root, PALETTE[root]) for n, root in roots.items() if root in PALETTE}
    longest = sorted(km, key=lambda n: (-km[n], n))[: len(PALETTE)]
    return {n: (n, c) for n, c in zip(longest, PALETTE.values(), strict=False)}


class NetworkView(View):
    """The corridors and the rest of the network, by mode, status and capacity class."""

    def __init__(self, net: Network) -> None:
        super().__init__(net)
        self.known = families(net)
        self.of = {k: [n for n in r.corridors.split(";") if n in self.known] for k, r in self.rows.items()}
        order = {name: i for i, name in enumerate(PALETTE)}
        self.groups = sorted({f for f, _ in self.known.values()}, key=lambda f: (order.get(f, 9), f))
        length = dict(zip(self.rows, net.values("length_km").value.tolist(), strict=True))
        self.km: Counter[tuple[str, str, bool]] = Counter()
        for link, names in self.of.items():
            for group in {self.known[n][0] for n in names}:
                self.km[group, self.rows[link].mode, self.rows[link].status == OPEN] += length[link]
        for name, (_, colour) in self.known.items():
            if len(name) <= 6:
                on = tuple(k for k in self.rows if name in self.of[k])
                on = tuple(k for k in on if self.rows[k].mode == "road") or on
                most = max(1, min(4, round(sum(length[k] for k in on) / 300)))
                self.marks.append(Mark(plain(name, 8), colour, on, most=most))
        estimated = net.values("capacity_veh_h").estimated | net.values("capacity_trains_day").estimated
        share = float(np.mean(estimated)) if len(estimated) else 0.0
        self.basis = f"{share:.0%} of the capacities are estimates or defaults."
        self.facts = [*map(self._fact, self.groups), self.basis]
        self.title = f"Corridors {_listed(self.groups, 9)}" if self.groups else "Transport network"
        shut = sum(r.status != OPEN for r in self.rows.values())
        year = f" at the start of {net.year}" if net.year else ""
        self.subtitle = (
            f"{_count(len(self.rows), 'link')} between {_count(len(net.table('nodes')), 'place')}, "
            f"{shut} not open{year}; width shows the capacity class, pattern shows mode and status"
        )

    def _fact(self, group: str) -> str:
        road, rail = (self.km[group, mode, True] + self.km[group, mode, False] for mode in ("road", "rail"))
        closed = sum(v for (g, _, good), v in self.km.items() if g == group and not good)
        return f"Corridor {group}: {road:,.0f} km of road, {rail:,.0f} km of rail, of which {closed:,.0f} km not open."

    def _class(self, link: str) -> int:
        """Return the capacity class of a link, 0 to 2; water has the middle one."""
        mode, i = self.rows[link].mode, self.net.link_index[link]
        if mode not in ("road", "rail"):
            return 1
        column, steps = ("capacity_veh_h", ROAD_CLASSES) if mode == "road" else ("capacity_trains_day", RAIL_CLASSES)
        return sum(float(self.net.values(column).value[i]) >= s for s in steps)

    def lines(self, sheet: Sheet) -> None:
        """Add every link, those on corridors in colour."""
        for link, row in self.rows.items():
            hues = [*dict.fromkeys(self.known[n][1] for n in self.of[link])]
            step = self._class(link)
            width = WIDTHS[step] * (1.0 if hues else 0.5)
            if hues and row.status != OPEN:
                width = max(width, 2.2)  # thinner, the pattern inside could not be seen
            # two rails of a pair keep apart by the width of a corridor also where one of them is thin
            shift = _side(row.mode, WIDTHS[step] if hues else 1.2)
            more = {"status": row.status, "level": 1 + step if hues else 0, "second": (*hues, "", "")[1]}
            sheet.stroke(link, (*hues, OTHER)[0], width, row.mode, shift=shift, **more)

    def panel(self, panel: Panel) -> None:
        """Write lengths, the meaning of the lines, and what is not open."""
        colour = dict(self.known.values())
        if self.groups:
            panel.heading("Length by corridor, km")
            sums = [self.km[g, m, True] + self.km[g, m, False] for g in self.groups for m in ("road", "rail")]
            for group in self.groups:
                self._bars(panel, group, colour[group], max(*self.km.values(), *sums))
            panel.note(
                "Solid: open, pale: not open. Branches count for their corridor, links of two corridors for both."
            )
        panel.heading("Lines")
        for group in self.groups[:1]:
            panel.line("Corridor, road", colour[group])
            panel.line("Corridor, railway", colour[group], mode="rail")
        if len(self.groups) > 1:
            panel.line("On two corridors", colour[self.groups[0]], second=colour[self.groups[1]])
        panel.line("Other road", OTHER, 1.2)
        panel.line("Other railway", OTHER, 1.2, mode="rail")
        if any(r.mode in WATER for r in self.rows.values()):
            panel.line("Sea link or waterway", OTHER, 1.2, mode="sea")
        panel.line("Under construction", INK, 2.4, status=BUILDING)
        panel.line("Planned or missing", INK, 2.4, status="planned")
        panel.line("Closed", INK, 2.4, status=CLOSED)
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
            good, bad = self.km[group, mode, True], self.km[group, mode, False]
            for x, length, alpha in ((0.0, good, 1.0), (good, bad, 0.28)):
                at, wide = (start + reach * x / longest, panel.y - panel.step * 0.72), reach * length / longest
                panel.ax.add_patch(Rectangle(at, wide, panel.step * 0.44, fc=colour, ec="none", alpha=alpha))
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
        fit = panel.room(0.4)
        for link in shut[: fit if len(shut) <= fit else fit - 1]:
            row = self.rows[link]
            year = "" if math.isnan(row.open_year) else f" ({row.open_year:.0f})"
            panel.put(0, f"{_item_name(self.net, link)}, {row.status.replace('_', ' ')}{year}", 5.5)
            panel.down(0.95)
        if len(shut) > fit:
            panel.put(0, f"and {len(shut) - fit + 1} more", 5.5, SOFT)


class AnswerView(View):
    """What answers have in common: a question, and a network in grey behind them."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.net)
        asked, known = answer.question, answer.net.node_index
        self.origins, self.destinations = ([str(n) for n in asked.get(k, ()) if n in known] for k in ("from", "to"))
        sides = ([_place(answer.net, n) for n in side] for side in (self.origins, self.destinations))
        self.relation = " to ".join(map(_listed, sides))
        terms = [f"vehicle {plain(str(asked.get('vehicle', 'any')), 30)}"]
        if asked.get("year"):
            terms.append(f"network of {asked['year']}")
        if float(asked.get("share", 1.0)) < 1:
            terms.append(f"{float(asked['share']):.0%} of capacity for the military")
        for key, words in (("close", "closed"), ("avoid", "avoided")):
            if asked.get(key):
                terms.append(f"{words}: {_listed([plain(str(x), 20) for x in asked[key]], 3)}")
        self.terms = ", ".join(terms)

    def faint(self, sheet: Sheet) -> None:
        """Add the links that the answer is not about, thin and grey."""
        for link, row in self.rows.items():
            if link not in self.links:
                dashed = row.status != OPEN or row.mode in WATER
                sheet.stroke(link, FAINT, 0.7, "sea" if dashed else "road")

    def beside(self, sheet: Sheet, link: str, colour: str, width: float, level: int) -> None:
        """Add a link of the answer, on the side of its mode."""
        mode = self.rows[link].mode
        sheet.stroke(link, colour, width, mode, shift=_side(mode, width), level=level)


# routes


class RoutesView(AnswerView):
    """Ranked routes, or the one that there would be with what stands in its way."""

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
                f"{_count(answer.link_disjoint, 'route')} share no link, {answer.asset_disjoint} no structure, "
                f"{answer.node_disjoint} no place between"
            )
        else:
            self.title = f"Routes: {self.relation}"
            found = f"{_count(len(answer.routes), 'route')} found"
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
        mixed = len({self.rows[k].mode for k in self.links}) > 1
        bundles: dict[frozenset[str], list[tuple[bool, int, str]]] = {}
        for i, route in enumerate(self.drawn):
            for link in dict.fromkeys(route.links):
                row = self.rows[link]
                # railways first, so that a bundle and the sides of the modes agree
                bundles.setdefault(frozenset((row.from_node, row.to_node)), []).append((row.mode != "rail", i, link))
        for bundle in bundles.values():
            for place, (_, i, link) in enumerate(sorted(bundle)):
                mode = self.rows[link].mode
                shift = ((len(bundle) - 1) / 2 - place) * 2.9 + (_side(mode, 1.0) if mixed else 0.0)
                more = {"status": BUILDING if self.unless else OPEN, "level": 10 - i}
                sheet.stroke(link, RANKS[i], 2.2 if i else 2.6, mode, shift=shift, **more)

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
        panel.line("Road on a route", INK, 2.4)
        panel.line("Railway on a route", INK, 2.4, mode="rail")
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
        via = [_place(self.net, n).partition("–")[0] for n in route.border_crossings]
        more = [f"by {_listed(via, 5)}"] * bool(via)
        more += [f"permission {route.permission_h / 24:.0f} days"] if route.permission_h else []
        if wide and more:
            panel.down(0.88)
            panel.put(x, "; ".join(more), 5.4, SOFT)
        panel.down(1.12)


# flow and cut


def flow_width(vehicles: float, most: float) -> float:
    """Return the width of a flow in points, linear, with a floor that keeps the least visible."""
    return 0.9 + 5.6 * vehicles / max(most, 1e-9)


class FlowView(AnswerView):
    """A maximum flow: width by vehicles a day, colour by use of the capacity, the minimum cut in red."""

    def __init__(self, answer: Throughput) -> None:
        super().__init__(answer)
        self.answer = answer
        self.most = max((f.vehicles_per_day for f in answer.links), default=1.0)
        self.colours = _scale_colours(len(USE_STEPS) + 1)
        self.items = sorted(answer.cut_items, key=lambda c: (-c.vehicles_per_day, c.item))
        self.cut = {c.item for c in self.items if c.item in self.rows}
        self.links = {f.link_id for f in answer.links} | self.cut
        kinds = []
        for i, c in enumerate(self.items, 1):
            kind, _, node = c.item.partition(":")
            where: dict[str, Any] = {"links": (c.item,)} if c.item in self.cut else {"node": node}
            kinds.append("link" if c.item in self.cut else kind)
            self.marks.append(Mark(str(i), RED, shape="cross", **where))
        self.title = f"Throughput and its bottleneck: {self.relation}"
        found = "No route, so nothing flows"
        if answer.status == "ok":
            parts = [_count(kinds.count(k), k) for k in ("link", "terminal", "border") if k in kinds]
            found = f"{answer.vehicles_per_day:,.0f} vehicles a day, {answer.tonnes_per_day:,.0f} t a day"
            found += f"; the minimum cut is {_listed(parts)}"
        self.subtitle = f"{found} ({self.terms})"
        self.basis = f"{answer.estimated_share:.0%} of the cut's capacity rests on estimates or defaults."
        cut = [f"{_item_name(self.net, c.item)}, {c.vehicles_per_day:,.0f} vehicles a day" for c in self.items]
        self.facts = [*(f"Cut: {words}." for words in cut), self.basis]

    def lines(self, sheet: Sheet) -> None:
        """Add every link that something flows on."""
        self.faint(sheet)
        for flow in self.answer.links:
            width = flow_width(flow.vehicles_per_day, self.most)
            colour, level = (
                self.colours[sum(flow.used_share >= s for s in USE_STEPS)],
                flow.vehicles_per_day / self.most,
            )
            in_cut = flow.link_id in self.cut
            self.beside(sheet, flow.link_id, RED if in_cut else colour, width, 20 if in_cut else 1 + round(9 * level))

    def arrows(self) -> dict[str, bool]:
        """Return the direction of each flow."""
        return {f.link_id: f.forward for f in self.answer.links}

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
            panel.ranked(str(i), RED, _item_name(self.net, c.item), [(1.0, value, True)])
        if len(self.items) > fit:
            panel.note(f"and {len(self.items) - fit} more, marked on the map")
        panel.note(f"* an estimate or default; {answer.estimated_share:.0%} of the cut's capacity is")
        panel.heading("Use of the capacity")
        for (low, high), colour in zip(pairwise([0.0, *USE_STEPS, 1.0]), self.colours, strict=True):
            panel.line("full" if high == 1.0 else f"{low:.0%} to {high:.0%}", colour, 3.0)
        panel.line("full and in the minimum cut", RED, 3.0)
        panel.heading("Vehicles a day")
        for part in (1, 3, 20):
            rounded = float(f"{self.most / part:.1g}")
            panel.line(f"{rounded:,.0f}", INK, flow_width(rounded, self.most))
        panel.explain("Origin; destination", "origin", "destination")


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

    def __init__(self, answer: Contingency) -> None:
        super().__init__(answer)
        self.answer = answer
        self.links = {k for o in answer.outages for k in o.links}
        self.steps = round_steps(max((o.lost_vehicles_per_day for o in answer.outages if o.status == "ok"), default=0))
        self.colours = _scale_colours(len(self.steps) + 1)
        for i, o in enumerate(answer.outages, 1):
            cut, text = o.status == "cut", str(i) if i <= 12 else ""
            if cut or text:
                self.marks.append(Mark(text, RED if cut else INK, o.links, shape="cross" if cut else "badge"))
        self.title = f"Loss of one link: {self.relation}"
        found = "No route even with no outage"
        if answer.status == "ok":
            found = (
                f"{answer.time_h or 0:.1f} h and {answer.vehicles_per_day:,.0f} vehicles a day with no outage; "
                f"{len(answer.outages)} of {_count(answer.tried, 'single outage')} change something, "
                f"{sum(o.status == 'cut' for o in answer.outages)} cut the relation"
            )
        self.subtitle = f"{found} ({self.terms})"
        self.basis = "Every link is taken out by itself; links of one structure go out together."
        self.facts = [f"{i}: {_outage_words(self.net, o)}." for i, o in enumerate(answer.outages[:8], 1)]

    def lines(self, sheet: Sheet) -> None:
        """Add every link whose loss changes something."""
        self.faint(sheet)
        for link, outage in {k: o for o in self.answer.outages for k in o.links}.items():
            width = next(w for top, w, _ in DELAY_WIDTHS if (outage.delay_h or 0.0) <= top)
            step = sum(outage.lost_vehicles_per_day > s for s in self.steps)
            if outage.status == "cut":
                self.beside(sheet, link, RED, DELAY_WIDTHS[-1][1], 30)
            else:
                self.beside(sheet, link, self.colours[step], width, 1 + step)

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
        for i, o in enumerate(answer.outages[: min(12, panel.room(16 + len(self.colours)))], 1):
            cut, more = o.status == "cut", f" +{len(o.links) - 1}" if len(o.links) > 1 else ""
            delay = "cut" if cut else f"+{o.delay_h:.1f} h" if o.delay_h else "none"
            values = [(0.82, f"−{o.lost_vehicles_per_day:,.0f}", True), (1.0, delay, False)]
            panel.ranked(str(i), RED if cut else INK, _item_name(self.net, o.links[0]) + more, values)
        if not answer.outages:
            panel.note("No single outage changes anything.")
        panel.heading("Lost vehicles a day (colour)")
        if any(o.status == "ok" for o in answer.outages):
            bounds = ["0", *(f"{s:,.0f}" for s in self.steps)]
            words = [*(f"{a} to {b}" for a, b in pairwise(bounds)), f"more than {bounds[-1]}"]
            for text, colour in zip(words, self.colours, strict=True):
                panel.line(text, colour, 3.0)
        panel.line("No way left: the relation is cut", RED, 5.0)
        panel.heading("Delay of the fastest route (width)")
        for _, width, text in DELAY_WIDTHS:
            panel.line(text, INK, width)
        panel.explain("Origin; destination", "origin", "destination")


# ---- drawing


WISHES = {
    "origin": 200.0,
    "destination": 200.0,
    "seaport": 60.0,
    "intermodal_terminal": 50.0,
    "city": 20.0,
    "airport": 15.0,
}
"""How much places of each sign want their names on the map."""


def _draw(sheet: Sheet, view: View, title: str, subtitle: str) -> None:
    """Draw everything, from the sea up."""
    base = Basemap(sheet, view.states)
    base.draw()
    view.lines(sheet)
    sheet.ink()
    places = _places(sheet, view, base)
    sheet.signs(places)
    sheet.scale_bar()
    sheet.graticule()
    sheet.arrows(view.arrows())
    sheet.marks(view.marks)
    sheet.names(p for p in places if p.wish >= BIG)
    base.names()
    sheet.names(p for p in places if p.wish < BIG)
    projection = "ETRS89-LAEA Europe (EPSG:3035)" if sheet.european else "azimuthal equal-area about the network"
    world = "Basemap: Natural Earth via world-atlas 2.0.2, borders of 2017-18"
    basemap = world if base.covers else "No basemap for this region"
    straight = [shapely.get_num_coordinates(line) == 2 for line in sheet.lines.values()]
    drawn = " Alignments are schematic." if all(straight) else " Straight lines are schematic." if any(straight) else ""
    notes = [CAVEAT + drawn, f"{_data_line(view.net)}. {basemap}. Projection: {projection}."]
    sheet.frame(title, subtitle, notes + [KOSOVO] * base.kosovo)
    base.inset()
    view.panel(sheet.panel)


def _places(sheet: Sheet, view: View, base: Basemap) -> list[Place]:
    """Return the places that links touch, with their signs and how much they want to be named."""
    nodes = view.net.table("nodes")
    kinds = dict(zip(nodes["node_id"].tolist(), nodes["kind"].tolist(), strict=True))
    touched = {n for r in view.rows.values() for n in (r.from_node, r.to_node)}
    degree = Counter(n for k in view.links or view.rows for n in (view.rows[k].from_node, view.rows[k].to_node))
    near = {n for k in view.links or sheet.lines for n in (view.rows[k].from_node, view.rows[k].to_node)}
    shown: dict[str, str] = {}
    for node, kind in kinds.items():
        if node in view.origins or node in view.destinations:
            shown[node] = "origin" if node in view.origins else "destination"
        elif node in touched:
            sign = kind or "city"
            shown[node] = sign if sign in SIGNS and node in near else "small"
    capitals = base.capitals(n for n in shown if kinds[n] not in ("border_crossing", "road_node", "rail_node"))
    out = []
    for node, sign in shown.items():
        named = (node in degree and sign in WISHES) or sign in ("origin", "destination") or node in capitals
        wish = WISHES.get(sign, 5.0) + 4 * degree[node] + BIG * (node in capitals) if named else 0.0
        out.append(Place(node, _place(view.net, node) if wish else "", sign, wish))
    return out
