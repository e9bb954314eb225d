"""A network and a vehicle compiled to arrays: the one form that every solver reads.

Each place becomes a vertex per mode that meets there. Where a mode can be changed or a border is waited at, the
vertex is split into arrival and departure, so that a change of mode takes exactly one row of `terminals.csv`
and a wait is paid by what passes through. Closing something is a mask on arrays; the graph is never rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypedDict

import numpy as np

from mobility.errors import Attempts, Finding, InputError, did_you_mean
from mobility.kernels import Flow, PlainFlow, PlainRouter, Router
from mobility.network import Network, capacity_column
from mobility.schema import columns, split
from mobility.vehicle import ANY, MODES, Block, Screen, Vehicle, on_trains, screen
from mobility.vehicle import vehicle as find_vehicle

Array = np.ndarray[Any, Any]

UNKNOWN_PENALTY = 1.5
"""With ``unknown="penalise"`` a link whose limits are not known counts this many times its time when routes are
compared; the time that is reported stays the real one."""

LENGTH_BITS = 20
"""A search weight is milliseconds shifted by this, plus decametres: ties in time go to the shorter way. Of one
link some 10 000 km count."""

LINK, TRANSFER, BORDER = 0, 1, 2

COMPILE_FROM = 5_000
"""From this many arcs on a question is worth loading the compiled kernels."""


class Options(TypedDict, total=False):
    """The options that every question shares; all are keyword-only.

    vehicle : str or Vehicle, default "any"
    modes : iterable of str, default all
    year : int, optional
        Count links that open before this year as operational.
    avoid : iterable of str
        Places, links or states not to be used.
    countries : iterable of str
        Only these states.
    close : iterable of str
        Links that are out, both ways, with all links of the same structure.
    unknown : {"penalise", "allow", "forbid"}
    estimates : {"strict", "favourable"}
    share : float or mapping of str to float, default 1
        Military share of every capacity, 0 < share <= 1; or by mode, ``{"road": 0.5, "rail": 0.3, "terminal": 0.5}``,
        what is left out counting in full. Border crossings share as the roads and railways that lead there do.
    permission : str, default "none"
        Permission regime whose lead time is stated with each route.
    trains : {"planning", "link"}
        Vehicles on one train: those of the planning train everywhere, or on each railway what its own length and
        gradient allow; see :func:`mobility.vehicle.on_trains`.
    """

    vehicle: str | Vehicle
    modes: str | Iterable[str] | None
    year: int | None
    avoid: str | Iterable[str]
    countries: str | Iterable[str]
    close: str | Iterable[str]
    unknown: str
    estimates: str
    share: float | Mapping[str, float]
    permission: str
    trains: str


@dataclass(frozen=True, eq=False)
class Arcs:
    """A compiled network; see the module's text for its vertices.

    Attributes
    ----------
    tail, head : ndarray of int32
        Vertices of each arc; the two directions of a link are two arcs.
    kind, item : ndarray of int
        ``LINK``, ``TRANSFER`` or ``BORDER``, and the row in that table.
    time_h, length_km : ndarray of float
    weight : ndarray of int64
        What a search adds up (see `LENGTH_BITS`), with penalties.
    capacity, share : ndarray of float
        Vehicles a day, the military share of it; and that share.
    on_train : ndarray of float
        By link, the vehicles on one train.
    open : ndarray of bool
        Arcs that may be used.
    place : ndarray of int
        Of each vertex.
    starts, ends : ndarray of int
        By place and mode, the vertex where a route may start or end; -1 for none.
    """

    net: Network
    vehicle: Vehicle
    screen: Screen
    tail: Array
    head: Array
    kind: Array
    item: Array
    time_h: Array
    length_km: Array
    weight: Array
    capacity: Array
    open: Array
    place: Array
    starts: Array
    ends: Array
    link_open: Array
    offered: Array
    asked_closed: Array
    estimated_links: Array
    assumed_capacity: Array
    share: Array
    on_train: Array
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of vertices."""
        return len(self.place)

    def start_vertices(self, places: Iterable[str]) -> list[int]:
        """Return the vertices where a route from these places may start."""
        return self._vertices(self.starts, places)

    def end_vertices(self, places: Iterable[str]) -> list[int]:
        """Return the vertices where a route to these places may end."""
        return self._vertices(self.ends, places)

    def _vertices(self, of: Array, places: Iterable[str]) -> list[int]:
        rows = [self.net.node_index[p] for p in places]
        return [int(v) for row in rows for v in of[row] if v >= 0]

    def per_arc(self, per_link: Array, otherwise: Any) -> Array:
        """Return a value of each link as a value of each arc; other arcs get `otherwise`."""
        return spread(per_link, self.kind, self.item, otherwise)

    @cached_property
    def arcs_of_link(self) -> dict[int, list[int]]:
        """Arcs of each link by row."""
        out: dict[int, list[int]] = {}
        for arc in np.flatnonzero(self.kind == LINK).tolist():
            out.setdefault(int(self.item[arc]), []).append(arc)
        return out

    @cached_property
    def assets(self) -> list[list[int]]:
        """Rows of links that close together: one list for each link or structure, in table order."""
        return [list(unit.rows) for unit in units(self.net)]

    def link_ids(self, arcs: Iterable[int]) -> list[str]:
        """Return the ids of the links among some arcs, in order."""
        ids = self.net.table("links")["link_id"].to_numpy(object)
        return [str(ids[self.item[a]]) for a in arcs if self.kind[a] == LINK]

    def label(self, arc: int) -> str:
        """Return how an answer names an arc: a link id, ``terminal:NODE`` or ``border:NODE``."""
        item = int(self.item[arc])
        if self.kind[arc] == LINK:
            return str(self.net.table("links")["link_id"].iat[item])
        if self.kind[arc] == TRANSFER:
            return f"terminal:{self.net.table('terminals')['node_id'].iat[item]}"
        return f"border:{self.net.table('borders')['node_id'].iat[item]}"

    def measure(self, arc: int) -> Measure:
        """Return the capacity of a link, terminal or border crossing as its table has it, before any share."""
        row = int(self.item[arc])
        if self.kind[arc] != LINK:
            table = self.net.table("terminals" if self.kind[arc] == TRANSFER else "borders")
            guess = "capacity_veh_day" in split(table["estimated"].iat[row])
            value = float(table["capacity_veh_day"].iat[row])
            return Measure(value, "veh/day", guess, "estimate" if guess else "stated")
        column = capacity_column(str(self.net.table("links")["mode"].iat[row]))
        numbers = self.net.values(column)
        basis = "default" if numbers.default[row] else "estimate" if numbers.estimated[row] else "stated"
        unit = columns("links")[column].unit
        return Measure(float(numbers.value[row]), unit, bool(self.assumed_capacity[row]), basis)

    def why_closed(self, row: int) -> list[Block]:
        """Return why the network itself, not the question, closes a link to this vehicle."""
        links = self.net.table("links")
        blocks = self.screen.blocked(row)
        status = str(links["status"].iat[row])
        if status != "operational":
            blocks.insert(0, Block(str(links["link_id"].iat[row]), "status", status, "operational"))
        if self.options["unknown"] == "forbid" and self.screen.unknown[row]:
            blocks.append(Block(str(links["link_id"].iat[row]), "unknown", None, "a known limit"))
        return blocks


class Measure(NamedTuple):
    """A capacity in the unit of its table, whether it is a guess, and what it rests on: stated, estimate, default."""

    value: float
    unit: str
    estimated: bool
    basis: str


class Unit(NamedTuple):
    """What goes out as one: a link with its structure, a place, a named group, or a state's links of one mode.

    `rows` are rows of ``links``.
    """

    id: str
    rows: tuple[int, ...]


def units(net: Network, of: str = "links") -> list[Unit]:
    """Return the units of disruption of a network, in table order.

    Parameters
    ----------
    net : Network
    of : {"links", "nodes", "groups", "countries"}
        ``links``: each link, or all links of one ``asset_id``; its id is the link's or the structure's. ``nodes``:
        every link that touches a place. ``groups``: those of ``groups.csv``, with all links of their structures.
        ``countries``: the links of one mode that lie in one state, as ``RS/rail``.

    Raises
    ------
    InputError
        When `of` is none of these, or the network has no groups.

    Examples
    --------
    >>> import mobility as mb
    >>> net = mb.load()
    >>> unit = next(u for u in units(net, "countries") if u.id == "MK/rail")
    >>> {net.table("links")["mode"].iat[r] for r in unit.rows}
    {'rail'}
    """
    links = net.table("links")
    found: dict[Any, list[int]] = {}
    if of == "links":
        for row, (link, asset) in enumerate(zip(links["link_id"].tolist(), links["asset_id"].tolist(), strict=True)):
            found.setdefault((bool(asset), asset or link), []).append(row)
        return [Unit(name, tuple(rows)) for (_, name), rows in found.items()]
    if of == "nodes":
        found = {n: [] for n in net.node_index}
        for row, pair in enumerate(zip(links["from_node"].tolist(), links["to_node"].tolist(), strict=True)):
            for node in dict.fromkeys(pair):
                found[node].append(row)
    elif of == "groups":
        if net.table("groups").empty:
            raise InputError("the network has no groups.csv; a row each with group_id and link_id is needed")
        found = {g: [net.link_index[i] for i in net.with_assets(ids)] for g, ids in net.groups().items()}
    elif of == "countries":
        for row, (mode, states) in enumerate(zip(links["mode"].tolist(), net.link_countries, strict=True)):
            for state in states:
                found.setdefault(f"{state}/{mode}", []).append(row)
    else:
        raise InputError(f"of is {of!r}; it must be links, nodes, groups or countries")
    return [Unit(name, tuple(rows)) for name, rows in found.items() if rows]


def breakable(every: Iterable[Unit], of: str, *sides: Sequence[str]) -> list[Unit]:
    """Return the units that may go out: of places none that alone is the origin or the destination.

    Parameters
    ----------
    every : iterable of Unit
    of : str
        What they are units of; see :func:`units`.
    *sides : sequence of str
        Origins, and destinations.
    """
    alone = {side[0] for side in sides if len(side) == 1} if of == "nodes" else set()
    return [u for u in every if u.id not in alone]


def spread(per_link: Array, kind: Array, item: Array, otherwise: Any) -> Array:
    """Return a value of each link as a value of each arc; arcs that are no links get `otherwise`."""
    out = np.full(len(kind), otherwise, per_link.dtype)
    on = kind == LINK
    out[on] = per_link[item[on]]
    return out


def words(value: str | Iterable[str] | None) -> list[str]:
    """Return a list of words given as a list or as comma-separated text."""
    if value is None:
        return []
    parts = value.split(",") if isinstance(value, str) else [str(v) for v in value]
    return [p.strip() for p in parts if p.strip()]


def compile_arcs(
    net: Network,
    *,
    vehicle: str | Vehicle = "any",
    modes: str | Iterable[str] | None = None,
    year: int | None = None,
    avoid: str | Iterable[str] = (),
    countries: str | Iterable[str] = (),
    close: str | Iterable[str] = (),
    unknown: str = "penalise",
    estimates: str = "strict",
    share: float | Mapping[str, float] = 1.0,
    permission: str = "none",
    trains: str = "planning",
) -> Arcs:
    """Compile a network for a vehicle; the options are those of :class:`Options`.

    Raises
    ------
    InputError
        With every option that is not understood.

    Examples
    --------
    >>> import mobility as mb
    >>> arcs = compile_arcs(mb.load(), vehicle="wheeled-ifv", modes="road")
    >>> bool(arcs.open.any())
    True
    """
    attempts = Attempts()
    chosen = words(modes) or list(MODES)
    attempts.findings += _misspelt(chosen, unknown, estimates, share, trains)
    no_lead: dict[str, float] = {}
    attempts.run(lead_times, net, permission, otherwise=no_lead)
    carrier = attempts.run(find_vehicle, vehicle, net, otherwise=ANY)
    if year is not None:
        net = net.at(year)
    nothing = np.zeros(len(net.table("links")), bool)
    asked = nothing.copy()
    closed = net.with_assets(attempts.each(net.find_link, words(close)))
    asked[[net.link_index[i] for i in closed]] = True
    for word in words(avoid):
        asked |= attempts.run(_avoided, net, word, otherwise=nothing)
    only = attempts.each(net.find_country, words(countries))
    if only:
        asked |= np.array([not c or not set(c) <= set(only) for c in net.link_countries], bool)
    attempts.done()

    screened = screen(net, carrier, estimates=estimates)
    link_mode = net.table("links")["mode"].to_numpy(object)
    offered = np.isin(link_mode, [m for m in chosen if m in carrier.modes])
    operational = (net.table("links")["status"] == "operational").to_numpy()
    link_open = offered & ~asked & operational & screened.passes
    if unknown == "forbid":
        link_open &= ~screened.unknown
    options = {
        "vehicle": carrier.name, "modes": chosen, "year": year, "avoid": words(avoid), "countries": only,
        "close": words(close), "closed": closed, "unknown": unknown, "estimates": estimates, "share": share,
        "permission": permission, **({} if trains == "planning" else {"trains": trains}),
    }  # fmt: skip
    return _build(net, carrier, screened, link_open, offered, asked, options)


def _misspelt(
    modes: Sequence[str], unknown: str, estimates: str, share: float | Mapping[str, float], trains: str
) -> list[Finding]:
    """Return a finding for each option whose value is none that it can have."""
    faults = [
        f"no mode is called {m!r}{did_you_mean(m, MODES)}; modes: {', '.join(MODES)}" for m in modes if m not in MODES
    ]
    if unknown not in ("penalise", "allow", "forbid"):
        faults.append(f"unknown is {unknown!r}; it must be penalise or allow or forbid")
    if estimates not in ("strict", "favourable"):
        faults.append(f"estimates is {estimates!r}; it must be strict or favourable")
    if trains not in ("planning", "link"):
        faults.append(f"trains is {trains!r}; it must be planning or link")
    by_mode = share if isinstance(share, Mapping) else {"": share}
    for mode, part in by_mode.items():
        of = f" of {mode}" if mode else ""
        if mode and mode not in (*MODES, "terminal"):
            known = (*MODES, "terminal")
            faults.append(f"a share{of} is none{did_you_mean(mode, known)}; known: {', '.join(known)}")
        if not 0 < part <= 1:
            faults.append(f"the share{of} is {part:g}; it must be above 0 and at most 1")
    return [f for text in faults for f in InputError(text).findings]


def _avoided(net: Network, word: str) -> Array:
    """Return the links that go when a place, a link or a state is avoided."""
    links = net.table("links")
    out = np.zeros(len(links), bool)
    if word in net.link_index:
        out[[net.link_index[i] for i in net.with_assets([word])]] = True
        return out
    try:
        if word not in net.node_index and word in net.countries_present:
            return np.array([word in c for c in net.link_countries], bool)
        node = net.find_node(word)
    except InputError as error:
        try:
            state = net.find_country(word)
        except InputError:
            message = error.findings[0].message.replace("no place is", "no place, link or state is")
            raise InputError(message) from None
        return np.array([state in c for c in net.link_countries], bool)
    return np.asarray((links["from_node"] == node) | (links["to_node"] == node), bool)


def lead_times(net: Network, regime: str) -> dict[str, float]:
    """Return the permission lead time of each state in hours under a regime.

    Raises
    ------
    InputError
        When the network has no such regime.
    """
    if regime == "none":
        return {}
    table = net.table("permissions")
    rows = table[table["regime"] == regime]
    if not rows.empty:
        return dict(zip(rows["country"].tolist(), rows["lead_h"].tolist(), strict=True))
    countries = net.table("countries")
    if regime == "status-quo" and not countries.empty:
        pairs = zip(countries["country"].tolist(), countries["permission_h"].tolist(), strict=True)
        return {c: h for c, h in pairs if h == h}
    known = dict.fromkeys(["none", *table["regime"].tolist()])
    raise InputError(f"no permission regime is called {regime!r}; this network knows {', '.join(known)}")


@dataclass(frozen=True, eq=False)
class _Layers:
    """Vertices of each place and mode: where one arrives, waits at a border, and departs; -1 for none."""

    arrive: Array
    middle: Array
    depart: Array
    place: Array
    terminals: list[tuple[int, int, int, int]]
    borders: list[tuple[int, int, int]]


def _layers(net: Network, mode: Array) -> _Layers:
    """Return the vertices; only where a terminal or a border stands is a place split."""
    places = len(net.node_index)
    exists = np.zeros((places, len(MODES)), bool)
    for side in net.link_ends:
        exists[side, mode] = True
    terminals, borders = _changes(net, exists), _waits(net, exists)
    split = np.zeros_like(exists)
    for _, p, a, b in terminals:
        split[p, a] = split[p, b] = True
    for _, p, m in borders:
        split[p, m] = True
    count = (exists.astype(np.int64) + split).ravel()
    arrive = np.where(exists, (np.cumsum(count) - count).reshape(exists.shape), -1)
    # At a border one arrives before the middle vertex, so that transfers wait at the border too.
    middle = arrive.copy()
    for i, (_, p, m) in enumerate(borders):
        middle[p, m] = int(count.sum()) + i
    return _Layers(
        arrive=arrive, middle=middle, depart=np.where(exists, arrive + split, -1),
        place=np.r_[np.arange(places).repeat(len(MODES)).repeat(count), [p for _, p, _ in borders]].astype(np.int32),
        terminals=terminals, borders=borders,
    )  # fmt: skip


def _connections(net: Network, at: _Layers) -> dict[str, Array]:
    """Return the arcs within places: waits at borders, changes of mode, and what passes straight through."""
    rows: list[tuple[int, int, int, int]] = []
    hours: list[float] = []
    room: list[float] = []

    def add(tail: int, head: int, kind: int, row: int, wait: float, limit: float) -> None:
        rows.append((tail, head, kind, row))
        hours.append(wait if wait == wait else 0.0)
        room.append(limit if limit == limit else np.inf)

    table = net.table("borders")
    waits = list(zip(table["wait_h"].tolist(), table["capacity_veh_day"].tolist(), strict=True))
    for row, p, m in at.borders:
        add(at.arrive[p, m], at.middle[p, m], BORDER, row, *waits[row])
    for p, m in np.argwhere(at.arrive != at.depart).tolist():
        add(at.middle[p, m], at.depart[p, m], BORDER, -1, 0.0, np.inf)
    table = net.table("terminals")
    waits = list(zip(table["transfer_h"].tolist(), table["capacity_veh_day"].tolist(), strict=True))
    for row, p, a, b in at.terminals:
        for x, y in ((a, b), (b, a)):
            add(at.middle[p, x], at.depart[p, y], TRANSFER, row, *waits[row])
    tail, head, kind, item = np.array(rows, np.int64).reshape(-1, 4).T
    return {
        "tail": tail, "head": head, "kind": kind, "item": item,
        "hours": np.array(hours, float), "room": np.array(room, float),
    }  # fmt: skip


def _build(
    net: Network, carrier: Vehicle, screened: Screen, link_open: Array, offered: Array, asked: Array,
    options: Mapping[str, Any],
) -> Arcs:  # fmt: skip
    links = net.table("links")
    code = {m: i for i, m in enumerate(MODES)}
    mode = np.array([code[m] for m in links["mode"].tolist()], np.int64)
    at = _layers(net, mode)
    time, length, time_estimated = _times(net, carrier, mode)
    per_train, guess = np.full(len(mode), float(carrier.per_train)), np.zeros(len(mode), bool)
    if options.get("trains") == "link":
        per_train, guess = on_trains(carrier, net)
    capacity, assumed = _capacities(net, carrier, mode, per_train)
    assumed = assumed | (guess & (mode == code["rail"]))
    start, end = net.link_ends
    there = np.flatnonzero(start != end)
    back = there[(links["direction"] != "forward").to_numpy()[there]]
    inside = _connections(net, at)
    link = np.r_[there, back]
    tail = np.r_[at.depart[start[there], mode[there]], at.depart[end[back], mode[back]], inside["tail"]]
    head = np.r_[at.arrive[end[there], mode[there]], at.arrive[start[back], mode[back]], inside["head"]]
    kind = np.r_[np.full(len(link), LINK), inside["kind"]]
    item = np.r_[link, inside["item"]]
    arc_time = np.r_[time[link], inside["hours"]]
    arc_length = spread(length, kind, item, 0.0)
    penalised = spread(screened.unknown & (options["unknown"] == "penalise"), kind, item, False)
    share = _shares(net, options["share"], mode, kind, item)
    return Arcs(
        net=net, vehicle=carrier, screen=screened, tail=tail.astype(np.int32), head=head.astype(np.int32),
        kind=kind.astype(np.int8), item=item.astype(np.int32), time_h=arc_time, length_km=arc_length,
        weight=weights_of(arc_time * np.where(penalised, UNKNOWN_PENALTY, 1.0), arc_length),
        capacity=np.r_[capacity[link], inside["room"]] * share, share=share, on_train=per_train,
        open=spread(link_open, kind, item, True), place=at.place, starts=at.depart, ends=at.arrive,
        link_open=link_open, offered=offered, asked_closed=asked,
        estimated_links=screened.estimated | time_estimated, assumed_capacity=assumed, options=options,
    )  # fmt: skip


def _shares(net: Network, share: float | Mapping[str, float], mode: Array, kind: Array, item: Array) -> Array:
    """Return the military share of the capacity of each arc."""
    if not isinstance(share, Mapping):
        return np.full(len(kind), float(share))
    by_mode = np.array([share.get(m, 1.0) for m in MODES])
    out = np.full(len(kind), share.get("terminal", 1.0))
    out[kind == LINK] = by_mode[mode[item[kind == LINK]]]
    waits = [share.get(m, 1.0) for m in net.table("borders")["mode"].tolist()] or [1.0]
    on = kind == BORDER
    out[on] = np.where(item[on] >= 0, np.array(waits)[item[on]], 1.0)
    return out


def weights_of(hours: Array, km: Array) -> Array:
    """Return hours and kilometres folded into one integer, so fine that no path can overflow it.

    A path takes each arc at most once, so the sum over all arcs bounds it. Milliseconds, unless that sum asks for
    something coarser (beyond about 300 000 hours of links).
    """
    ticks = min(3.6e6, 2.0 ** (60 - LENGTH_BITS) / max(1.0, float(hours.sum())))
    metres = np.minimum(np.rint(km * 100), (1 << LENGTH_BITS) - 1)
    return np.asarray((np.rint(hours * ticks).astype(np.int64) << LENGTH_BITS) + metres.astype(np.int64))


def _changes(net: Network, exists: Array) -> list[tuple[int, int, int, int]]:
    """Return (row, place, mode, mode) of the terminals that join modes which meet there."""
    table = net.table("terminals")
    code = {m: i for i, m in enumerate(MODES)}
    rows = zip(table["node_id"].tolist(), table["from_mode"].tolist(), table["to_mode"].tolist(), strict=True)
    found = [(row, net.node_index[node], code[a], code[b]) for row, (node, a, b) in enumerate(rows)]
    return [(row, p, a, b) for row, p, a, b in found if a != b and exists[p, a] and exists[p, b]]


def _waits(net: Network, exists: Array) -> list[tuple[int, int, int]]:
    table = net.table("borders")
    code = {m: i for i, m in enumerate(MODES)}
    rows = zip(table["node_id"].tolist(), table["mode"].tolist(), strict=True)
    found = [(row, net.node_index[node], code[mode]) for row, (node, mode) in enumerate(rows)]
    return [(row, p, m) for row, p, m in found if exists[p, m]]


def _times(net: Network, carrier: Vehicle, mode: Array) -> tuple[Array, Array, Array]:
    """Return hours, kilometres and whether the hours rest on an estimate, of each link."""
    own = np.full(len(mode), np.inf)
    form = carrier.road_form
    if form.road_speed_kmh is not None:
        own[mode == MODES.index("road")] = form.road_speed_kmh
    if carrier.wagon is not None and carrier.wagon.max_speed_kmh is not None:
        own[mode == MODES.index("rail")] = carrier.wagon.max_speed_kmh
    stated, speed, length = net.values("time_h"), net.values("speed_kmh"), net.values("length_km")
    guess = np.where(np.isnan(stated.value), speed.estimated | length.estimated, stated.estimated)
    return net.hours(own), length.value, guess


def _capacities(net: Network, carrier: Vehicle, mode: Array, per_train: Array) -> tuple[Array, Array]:
    """Return vehicles a day and direction of each link, and whether that rests on an estimate or a default."""
    road, trains = net.values("capacity_veh_h"), net.values("capacity_trains_day")
    ships, lanes = net.values("capacity_sailings_day"), net.values("ship_lane_m")
    aboard = np.floor(lanes.value / carrier.lane_m + 1e-9)
    is_road, is_rail = mode == MODES.index("road"), mode == MODES.index("rail")
    rail = trains.value * per_train
    out = np.where(is_road, 24.0 * road.value, np.where(is_rail, rail, ships.value * aboard))
    guess = np.where(is_road, road.estimated, np.where(is_rail, trains.estimated, ships.estimated | lanes.estimated))
    return out, guess


# ---- the graph that is searched


@dataclass(frozen=True, eq=False)
class Graph:
    """Arcs with a source before the origins and a sink behind the destinations.

    With places to pass on the way the arcs stand once per stage; passing such a place leads a stage on.
    ``arc`` is the arc of the compiled network, -1 for those added here.
    """

    size: int
    tail: Array
    head: Array
    weight: Array
    arc: Array
    place: Array
    source: int
    sink: int

    def router(self) -> Router:
        """Return what finds shortest paths to the sink."""
        ask = self.size, self.tail, self.head, self.weight, self.sink
        if len(self.tail) < COMPILE_FROM:
            return PlainRouter(*ask)
        from mobility.compiled import CompiledRouter

        return CompiledRouter(*ask)

    def flow(self, capacity: Array) -> Flow:
        """Return an empty flow from source to sink; `capacity` in whole units, one for each arc."""
        ask = self.size, self.tail, self.head, capacity, self.weight, self.source, self.sink
        if len(self.tail) < COMPILE_FROM:
            return PlainFlow(*ask)
        from mobility.compiled import CompiledFlow

        return CompiledFlow(*ask)

    def real(self, path: Iterable[int]) -> list[int]:
        """Return the compiled arcs of a path here, without those added at its ends and between stages."""
        return [int(self.arc[a]) for a in path if self.arc[a] >= 0]

    def spread(self, per_arc: Array, otherwise: Any) -> Array:
        """Return a value of each compiled arc as a value of each arc here; added arcs get `otherwise`."""
        out = np.full(len(self.arc), otherwise, per_arc.dtype)
        real = self.arc >= 0
        out[real] = per_arc[self.arc[real]]
        return out


def build_graph(
    arcs: Arcs, origins: Sequence[str], destinations: Sequence[str], via: Sequence[str] = (), mask: Array | None = None
) -> Graph:
    """Return the graph of the open arcs (or those of `mask`) between two sets of places."""
    n, stages = arcs.size, len(via) + 1
    kept = np.flatnonzero(arcs.open if mask is None else mask)
    source, sink = n * stages, n * stages + 1
    tail = [arcs.tail[kept] + n * i for i in range(stages)]
    head = [arcs.head[kept] + n * i for i in range(stages)]
    weight = [arcs.weight[kept]] * stages
    ids = [kept] * stages
    added: list[tuple[int, int]] = []
    for place in origins:
        stage = 0
        while stage < len(via) and via[stage] == place:
            stage += 1
        added += [(source, v + n * stage) for v in arcs.start_vertices([place])]
    added += [(v + n * (stages - 1), sink) for v in arcs.end_vertices(destinations)]
    for i, place in enumerate(via):
        added += [(v + n * i, v + n * (i + 1)) for v in arcs.end_vertices([place])]
    more = np.array(added, np.int64).reshape(-1, 2)
    return Graph(
        size=n * stages + 2,
        tail=np.concatenate([*tail, more[:, 0]]),
        head=np.concatenate([*head, more[:, 1]]),
        weight=np.concatenate([*weight, np.zeros(len(more), np.int64)]),
        arc=np.concatenate([*ids, np.full(len(more), -1)]),
        place=np.concatenate([*[arcs.place] * stages, [-1, -2]]),
        source=source,
        sink=sink,
    )
