"""Static maps of networks and answers: one sheet with a map, a side panel and a footer; PNG, SVG or PDF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from inspect import signature
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from mobility import prints
from mobility.answerviews import FlowView, LossView, RoutesView
from mobility.basemap import Basemap
from mobility.bottlenecks import Bottlenecks
from mobility.closure import Closure
from mobility.closureviews import ClosureView
from mobility.compliance import Compliance
from mobility.contingency import Contingency
from mobility.coverage import Capability, Status
from mobility.disruption import Disruption, worst_outage
from mobility.disruption import disruption as disruption_of
from mobility.disruptionviews import DisruptionView, Style
from mobility.errors import InputError
from mobility.flows import Throughput
from mobility.hazard import HazardLoss
from mobility.hazardviews import HazardView
from mobility.montecarlo import MonteCarlo
from mobility.netviews import CapabilityView, NetworkView, StatusView
from mobility.network import Network, shipped
from mobility.panel import percent
from mobility.paths import Answer, Explanation, Redundancy, Routes
from mobility.pen import INK, SETTINGS, SIGNS, WATER
from mobility.policy import PolicyAnswer
from mobility.policyviews import ComplianceView, PolicyView, UpgradeView
from mobility.reliability import Reliability
from mobility.riskviews import BottleneckView, MonteCarloView, ReliabilityView, WorstView
from mobility.scenario import Scenario
from mobility.sheet import BIG, SCHEMATIC, Place, Sheet, best_grid, spines
from mobility.upgrades import Upgrade
from mobility.value import CorridorValue
from mobility.valueviews import ValueView
from mobility.view import CAVEAT, View, data_line, place
from mobility.worstcase import Protection, WorstCase

Size = Literal["A4", "A3"]
Frame = Literal["region", "all"]

KOSOVO = (
    "* This designation is without prejudice to positions on status, and is in line with UNSCR 1244 "
    "and the ICJ opinion on the Kosovo declaration of independence."
)

VIEWS: dict[type, type[Any]] = {
    Network: NetworkView,
    Capability: CapabilityView,
    Status: StatusView,
    Routes: RoutesView,
    Redundancy: RoutesView,
    Explanation: RoutesView,
    Throughput: FlowView,
    Contingency: LossView,
    Bottlenecks: BottleneckView,
    WorstCase: WorstView,
    Protection: WorstView,
    Reliability: ReliabilityView,
    MonteCarlo: MonteCarloView,
    CorridorValue: ValueView,
    Closure: ClosureView,
    Disruption: DisruptionView,
    HazardLoss: HazardView,
    Compliance: ComplianceView,
    Upgrade: UpgradeView,
    PolicyAnswer: PolicyView,
}
"""What shows each kind of answer."""


# ---- the public part


def plot(
    answer: Network | Answer,
    *,
    path: str | Path | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    size: Size = "A4",
    dpi: int = 300,
    frame: Frame = "region",
    overwrite: bool = False,
) -> Figure:
    """Draw a network or an answer on a map.

    Parameters
    ----------
    answer : Network or Answer
        Of any kind in `VIEWS`.
    path : str or Path, optional
        File to write; its suffix (.png, .svg, .pdf) decides the kind. ``NAME.png.caption.txt`` beside it gets a
        caption and the alternative text, ``NAME.png.csv`` every link drawn with its value and what it rests on.
    title, subtitle : str, optional
        Instead of the ones that say what was asked and found.
    size : {"A4", "A3"}
        Landscape.
    dpi : int
        Dots per inch of PNG.
    frame : {"region", "all"}
        Whether lines on water may leave the frame, which then says where they lead, or widen it.
    overwrite : bool
        Whether files that exist may be replaced.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot, so there is nothing to close.

    Raises
    ------
    InputError
        For an unknown suffix, size or frame, a file that exists, or nothing to draw.
    """
    return draw(
        lambda: view_of(answer), path=path, title=title, subtitle=subtitle, size=size, dpi=dpi, frame=frame,
        overwrite=overwrite,
    )  # fmt: skip


def plot_disruption(
    net: Network,
    disruption: Disruption | Contingency | Scenario | Sequence[Disruption | Contingency | Scenario],
    *,
    style: Style | None = None,
    **options: Any,
) -> Figure:
    """Draw what a disruption cuts and what it costs; several of them on one scale.

    Parameters
    ----------
    net : Network
        As it was before; a scenario, or the worst outage of a contingency, is asked on it.
    disruption : Disruption, Contingency, Scenario, or a sequence of up to six
    style : {"pair", "detour"}
        Maps of before and after, with all that flows; or one map with the new route against the old one. Left out: a
        pair of one, detours of several.
    **options
        Those of :func:`plot`; several are drawn on A3.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        As of :func:`plot`; for another style, or none or more than six disruptions.

    Examples
    --------
    >>> import mobility as mb
    >>> net = mb.load()
    >>> loss = mb.disruption(net, "Thessaloniki", "Belgrade", groups="vardar-valley", modes="road")
    >>> mb.plot_disruption(net, loss, style="detour", dpi=30).texts[0].get_text() == loss.headline
    True
    """
    several = isinstance(disruption, Sequence)
    known = {*options} - {*signature(plot).parameters}
    if known:
        raise InputError(f"there is no option {', '.join(sorted(known))}")

    def view() -> View:
        given = list(disruption) if isinstance(disruption, Sequence) else [disruption]
        return DisruptionView([_disrupted(net, one) for one in given], style or ("detour" if several else "pair"))

    return draw(view, **({"size": "A3"} if several else {}) | options)


def _disrupted(net: Network, what: Any) -> Disruption:
    """Return a disruption, what a scenario does, or the worst that a contingency found."""
    if isinstance(what, Disruption):
        return what
    if isinstance(what, Contingency):
        return worst_outage(net, what)
    if isinstance(what, Scenario):
        return disruption_of(net, scenario=what)
    raise InputError(f"{type(what).__name__} is no disruption; give one, a contingency or a scenario")


def draw(
    view_of_it: Callable[[], View],
    *,
    path: str | Path | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    size: str = "A4",
    dpi: int = 300,
    frame: str = "region",
    overwrite: bool = False,
) -> Figure:
    """Draw a view, made once the options are known to be right; see :func:`plot`."""
    target = prints.asked(path, overwrite, size, dpi, frame=(frame, ("region", "all")))
    with rc_context(SETTINGS):
        view = view_of_it()
        sheets = _sheets(view, size, dpi, frame == "all")
        _draw(sheets, view, title or view.title, subtitle or view.subtitle)
        if target is not None:
            words = {"title": title or view.title, "caption": view.caption, "alt_text": view.alt_text}
            prints.save(sheets[0].figure, target, **words, data=view.tables(sheets))
    return sheets[0].figure


def caption(answer: Network | Answer) -> str:
    """Return a caption: what is shown, what was found, and what it rests on."""
    return view_of(answer).caption


def alt_text(answer: Network | Answer) -> str:
    """Return the text that stands for the map where it cannot be seen: kind, question and key figures."""
    return view_of(answer).alt_text


def view_of(answer: Network | Answer) -> View:
    """Return what shows an answer.

    Raises
    ------
    InputError
        When there is no map of it.
    """
    for kind, view in VIEWS.items():
        if isinstance(answer, kind):
            made: View = view(answer)
            return made
    kinds = ", ".join(kind.__name__ for kind in VIEWS)
    raise InputError(f"there is no map of {type(answer).__name__}; what can be drawn: {kinds}")


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


def _sheets(view: View, size: str, dpi: int, whole: bool) -> list[Sheet]:
    """Return the maps of the page, all of the same place and scale; the first one holds the side panel."""
    ends = [*view.origins, *view.destinations]
    count, grid = len(view.frames), (1, 1)
    if count > 1:
        nodes = view.net.table("nodes").set_index("node_id")
        shown = {n for k in view.focus or view.rows for n in (view.rows[k].from_node, view.rows[k].to_node)
                 if whole or view.rows[k].mode not in WATER}  # fmt: skip
        lon, lat = (nodes.loc[sorted(shown | {*ends}), c].to_numpy(float) for c in ("lon", "lat"))
        grid = best_grid(count, float(np.ptp(lon) * np.cos(np.radians(lat.mean()))), float(np.ptp(lat)), size)
    sheets: list[Sheet] = []
    for at in range(count):
        onto = sheets[0] if sheets else None
        sheets.append(Sheet(view.net, view.focus, ends, size, dpi, whole, grid=(*grid, at), onto=onto))
    return sheets


def _draw(sheets: Sequence[Sheet], view: View, title: str, subtitle: str) -> None:
    """Draw all maps of the page, then what frames them."""
    bases = [_map(sheet, frame) for sheet, frame in zip(sheets, view.frames, strict=True)]
    for sheet, frame in zip(sheets, view.frames, strict=True):
        if len(sheets) > 1:
            sheet.brief(*frame.brief)
            spines(sheet.pen.ax, INK, 0.8 * sheet.scale)
    sheet, base = sheets[0], bases[0]
    confidence, courses = view.shares(*sheets)
    loose = sum(share for how, share in courses.items() if how in SCHEMATIC)
    sheet.frame(title, subtitle, _notes(sheet, view, base, loose))
    left = base.inset()
    strokes = [s for one in sheets for made in one.strokes.values() for s in made]
    sheet.panel.unsure = view.slits if any(s.unsure for s in strokes) else ""
    sheet.panel.dotted = percent(loose) if any(s.dotted and s.mode not in WATER for s in strokes) else ""
    view.panel(sheet.panel)
    sheet.panel.grounds(left, confidence, courses)


def _map(sheet: Sheet, view: View) -> Basemap:
    """Draw a map, from the sea up."""
    base = Basemap(sheet, view.states)
    base.draw()
    view.ground(sheet)
    view.lines(sheet)
    sheet.ink()
    places = _places(sheet, view, base)
    sheet.signs(places)
    sheet.scale_bar()
    sheet.exits({n: place(view.net, n) for n in view.net.node_index})
    sheet.graticule()
    sheet.arrows(view.arrows())
    sheet.marks(view.marks)
    sheet.names(p for p in places if p.wish >= BIG)
    base.names()
    sheet.names(p for p in places if p.wish < BIG)
    base.waters()
    return base


def _notes(sheet: Sheet, view: View, base: Basemap, loose: float) -> list[str]:
    """Return the lines of the footer."""
    projection = "ETRS89-LAEA Europe (EPSG:3035)" if sheet.european else "azimuthal equal-area about the network"
    world = "Basemap: Natural Earth (borders of 2017-18; rivers, lakes)"
    basemap = world if base.covers else "No basemap for this region"
    drawn = ""
    if loose > 0.995:
        drawn = " Alignments are schematic."
    elif loose:
        drawn = f" {percent(loose)} of the km drawn are schematic or straight lines."
    ours = view.net.folder is not None and view.net.folder.resolve() == shipped().resolve()
    traced = " Alignments © OpenStreetMap contributors (ODbL)." if ours and sheet.mixed else ""
    notes = [f"{CAVEAT}{drawn}{traced}", f"{data_line(view.net)}. {basemap}. Projection: {projection}."]
    return notes + [KOSOVO] * base.kosovo


def _places(sheet: Sheet, view: View, base: Basemap) -> list[Place]:
    """Return the places that links touch, with their signs and how much they want to be named."""
    nodes = view.net.table("nodes")
    kinds = dict(zip(nodes["node_id"].tolist(), nodes["kind"].tolist(), strict=True))
    touched = {n for r in view.rows.values() for n in (r.from_node, r.to_node)}
    drawn = view.named
    degree = Counter(n for k in drawn for n in (view.rows[k].from_node, view.rows[k].to_node))
    roads = Counter(
        n for k in drawn if view.rows[k].mode not in WATER for n in (view.rows[k].from_node, view.rows[k].to_node)
    )
    near = {n for k in drawn if k in sheet.lines for n in (view.rows[k].from_node, view.rows[k].to_node)}
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
        wish = WISHES.get(sign, 5.0) + min(4 * roads[node], 38) + BIG * (node in capitals) if named else 0.0
        out.append(Place(node, place(view.net, node) if wish else "", sign, wish))
    return out
