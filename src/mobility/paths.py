"""Routes: the k best, the disjoint, and why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from heapq import heappop, heappush
from itertools import count, islice
from typing import Any, Unpack

import numpy as np
import pandas as pd

from mobility.arcs import LENGTH_BITS, LINK, Arcs, Graph, Options, build_graph, compile_arcs, lead_times, words
from mobility.errors import Finding, InputError, MobilityError
from mobility.kernels import FAR, PlainRouter, Router, widest
from mobility.network import Network
from mobility.vehicle import LIMITS, MODES, Block, limit_values, screen

Array = np.ndarray[Any, Any]

PATIENCE = 5000
"""So many paths in a row that pass a place twice are looked through before the search for loopless ones ends."""

DISTINCT_EXACT = 400
"""With ``distinct``, so many best routes are filtered exactly before the penalty method takes over."""


@dataclass(frozen=True)
class Route:
    """One way from an origin to a destination.

    Attributes
    ----------
    time_h : float
        Running time, waits and transfers; no permission lead time.
    unknown_km, estimated_km : float
        Length on which a limit that matters is not known; on which time or such a limit is an estimate.
    permits : tuple of dict
        Legal and procedural limits that are exceeded: ``limit``, ``value``, ``required``, ``links``.
    permission_h : float
        Largest lead time of the states on it under the regime asked for; they are asked in parallel.
    """

    rank: int
    time_h: float
    length_km: float
    links: tuple[str, ...]
    modes: tuple[str, ...]
    countries: tuple[str, ...]
    border_crossings: tuple[str, ...]
    unknown_km: float
    estimated_km: float
    permits: tuple[Mapping[str, Any], ...]
    nodes: tuple[str, ...]
    corridors: tuple[str, ...]
    wait_h: float
    transfer_h: float
    permission_h: float

    def to_dict(self) -> dict[str, Any]:
        """Return the route as JSON holds it."""
        return asdict(self)


@dataclass(frozen=True)
class Answer:
    """What every answer about routes carries: the network, the question, and its status."""

    net: Network = field(repr=False)
    question: Mapping[str, Any]
    status: str

    def plot(self, **options: Any) -> Any:
        """Draw the answer on a map; see :func:`mobility.maps.plot`."""
        from mobility.maps import plot

        return plot(self, **options)

    def to_frame(self) -> pd.DataFrame:
        """Return the answer's main table."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html())


@dataclass(frozen=True)
class Routes(Answer):
    """The k best routes.

    Attributes
    ----------
    status : {"ok", "no_route"}
    routes : tuple of Route
        Fastest first.
    candidate : Route or None
        When none is certain: the best route if estimated limits lie at their favourable end, or, where even
        that does not do, the one on which the fewest fall short.
    candidate_fits : bool
        Whether the favourable ends do on all of `candidate`.
    assess_first : tuple of Block
        The limits on `candidate` that stand in the way at their stated value.
    """

    routes: tuple[Route, ...] = ()
    candidate: Route | None = None
    candidate_fits: bool = False
    assess_first: tuple[Block, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row per route."""
        return _frame(self.routes)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "routes": [r.to_dict() for r in self.routes],
            "candidate": self.candidate.to_dict() if self.candidate else None, "candidate_fits": self.candidate_fits,
            "assess_first": [b.to_dict() for b in self.assess_first], "question": dict(self.question),
        }  # fmt: skip


@dataclass(frozen=True)
class Redundancy(Answer):
    """How many routes share no link, and how many share no place between.

    Attributes
    ----------
    link_disjoint, node_disjoint : int
    asset_disjoint : int
        As `link_disjoint`, with links of one structure (``asset_id``) counted as one.
    routes : tuple of Route
        A largest link-disjoint set of least total time.
    """

    link_disjoint: int = 0
    node_disjoint: int = 0
    asset_disjoint: int = 0
    routes: tuple[Route, ...] = ()
    total_time_h: float = 0.0

    def to_frame(self) -> pd.DataFrame:
        """Return one row per route of the link-disjoint set."""
        return _frame(self.routes)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "link_disjoint": self.link_disjoint, "node_disjoint": self.node_disjoint,
            "asset_disjoint": self.asset_disjoint, "routes": [r.to_dict() for r in self.routes],
            "total_time_h": self.total_time_h, "question": dict(self.question),
        }  # fmt: skip


@dataclass(frozen=True)
class Explanation(Answer):
    """Why there is no route, or why not a faster one.

    Attributes
    ----------
    reason : str
        In one sentence.
    blocking : tuple of Block
        Without a route: what closes the links at the edge of what can be reached, and those of the fastest
        route if nothing were closed. With one: what closes the links of a faster one.
    relax : tuple of Block
        The smallest set of limits and openings that opens a route.
    relaxed_route : Route or None
        The route that `relax` opens.
    ideal_route : Route or None
        The fastest route if no limit and no status closed anything.
    heaviest : mapping of str to dict
        By limit, the highest ``value`` with which some route still passes (None: some route does not depend on
        it) and the ``links`` that set it; every other limit lifted.
    candidate, candidate_fits, assess_first
        As in :class:`Routes`.
    """

    reason: str = ""
    route: Route | None = None
    blocking: tuple[Block, ...] = ()
    relax: tuple[Block, ...] = ()
    relaxed_route: Route | None = None
    ideal_route: Route | None = None
    heaviest: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    candidate: Route | None = None
    candidate_fits: bool = False
    assess_first: tuple[Block, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row per limit that blocks."""
        return pd.DataFrame([b.to_dict() for b in self.blocking], columns=["link_id", "limit", "value", "required"])

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""

        def of(route: Route | None) -> dict[str, Any] | None:
            return route.to_dict() if route else None

        return {
            "status": self.status, "reason": self.reason, "blocking": [b.to_dict() for b in self.blocking],
            "relax": [b.to_dict() for b in self.relax], "heaviest": {k: dict(v) for k, v in self.heaviest.items()},
            "route": of(self.route), "relaxed_route": of(self.relaxed_route), "ideal_route": of(self.ideal_route),
            "candidate": of(self.candidate), "candidate_fits": self.candidate_fits,
            "assess_first": [b.to_dict() for b in self.assess_first],
            "question": dict(self.question),
        }  # fmt: skip


def _frame(routes: Sequence[Route]) -> pd.DataFrame:
    columns = [
        "rank",
        "time_h",
        "length_km",
        "modes",
        "countries",
        "border_crossings",
        "unknown_km",
        "estimated_km",
        "links",
    ]
    rows = [{c: getattr(r, c) for c in columns} for r in routes]
    for row in rows:
        for c in ("modes", "countries", "border_crossings", "links"):
            row[c] = " ".join(row[c])
    return pd.DataFrame(rows, columns=columns).set_index("rank")


# ---- the question


def ends(net: Network, origin: str | Iterable[str], destination: str | Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the node ids of origins and destinations.

    Raises
    ------
    InputError
        With every name that is not known, or when a place is on both sides.
    """
    found: list[list[str]] = []
    faults: list[Finding] = []
    for side in (origin, destination):
        try:
            found.append(net.find_nodes(side))
        except InputError as error:
            faults += error.findings
    if faults:
        raise InputError(faults)
    both = [net.name(n) for n in found[0] if n in found[1]]
    if both:
        raise InputError(f"{', '.join(both)} is origin and destination at once; a route needs two places")
    return found[0], found[1]


def describe(arcs: Arcs, origins: Sequence[str], destinations: Sequence[str], **more: Any) -> dict[str, Any]:
    """Return the question as an answer repeats it, with the hash of the data it was put to."""
    return {"from": list(origins), "to": list(destinations), **arcs.options, **more, "data_hash": arcs.net.data_hash}


# ---- loopless paths


def k_shortest(graph: Graph, search: Router | None = None) -> Iterator[tuple[int, list[int]]]:
    """Yield loopless paths of a graph, shortest first, as weight and arcs of the graph.

    Loopless means that no place is visited twice, not even by another mode.

    Notes
    -----
    Yen (1971) with Lawler's (1972) partition, so no path comes twice. A deviation waits under a lower bound,
    the best first step after its spur vertex, and is only searched when its turn comes. A path that passes a place
    twice is not yielded but split on up to that place, so what lies behind it is not lost.
    """
    search = search or graph.router()
    tail, place = graph.tail, graph.place
    weights = graph.weight
    members: dict[int, list[int]] = {}
    for v, p in enumerate(place.tolist()):
        members.setdefault(p, []).append(v)
    ticket = count()
    # (weight, ticket, path or None, root arcs, banned first arcs)
    heap: list[tuple[int, int, list[int] | None, list[int], frozenset[int]]] = []
    heappush(heap, (search.toward[graph.source], next(ticket), None, [], frozenset()))
    looping = 0
    while heap:
        cost, _, path, root, banned = heappop(heap)
        if cost >= FAR:
            break
        if path is None:
            spur = graph.head[root[-1]] if root else graph.source
            here = place[spur]
            seen = [int(tail[a]) for a in root]
            closed = {v for t in seen if place[t] != here for v in members[int(place[t])]}
            closed.update(t for t in seen if place[t] == here)
            found = search.shortest(int(spur), banned, closed)
            if found is not None:
                total = sum(int(weights[a]) for a in root) + found[0]
                heappush(heap, (total, next(ticket), root + found[1], root, banned))
            continue
        stop = _first_return(graph, path)
        if stop is None:
            yield cost, path
            looping = 0
        else:
            looping += 1
            if looping > PATIENCE:
                break
        base = 0
        for i in range(len(path) if stop is None else stop + 1):
            spur = int(tail[path[i]])
            ban = (banned if i == len(root) else frozenset()) | {path[i]}
            if i >= len(root):
                bound = base + search.bound(spur, ban)
                if bound < FAR:
                    heappush(heap, (bound, next(ticket), None, path[:i], ban))
            base += int(weights[path[i]])


def _first_return(graph: Graph, path: Sequence[int]) -> int | None:
    """Return the index of the first arc of a path that enters a place for the second time."""
    seen = set()
    here = None
    for i, arc in enumerate(path):
        there = int(graph.place[graph.head[arc]])
        if there != here:
            if there in seen:
                return i
            seen.add(there)
            here = there
    return None


def make_route(arcs: Arcs, path: Iterable[int], rank: int = 1) -> Route:
    """Return a route of the arcs of the compiled network, in order."""
    net = arcs.net
    steps = [a for a in path if a >= 0]
    on = [a for a in steps if arcs.kind[a] == LINK]
    rows = [int(arcs.item[a]) for a in on]
    ids = net.table("links")["link_id"]
    mode = net.table("links")["mode"]
    nodes = net.table("nodes")
    places = [int(arcs.place[arcs.tail[on[0]]])] if on else []
    places += [int(arcs.place[arcs.head[a]]) for a in on]
    km = [float(arcs.length_km[a]) for a in on]
    crossing = set(net.table("borders")["node_id"].tolist())
    names = [str(nodes["node_id"].iat[p]) for p in places]
    crossed = [
        n
        for n, p in zip(names[1:-1], places[1:-1], strict=True)
        if nodes["kind"].iat[p] == "border_crossing" or n in crossing
    ]
    states = [c for r in rows for c in net.link_countries[r]]
    corridors = [c for r in rows for c in net.table("links")["corridors"].iat[r].split(";") if c]
    lead = lead_times(net, arcs.options["permission"])
    hours = [float(arcs.time_h[a]) for a in steps]
    spent = [math.fsum(h for a, h in zip(steps, hours, strict=True) if arcs.kind[a] == kind) for kind in (1, 2)]
    return Route(
        rank=rank,
        time_h=math.fsum(hours),
        length_km=math.fsum(km),
        links=tuple(str(ids.iat[r]) for r in rows),
        modes=tuple(m for i, m in enumerate(mode.iat[r] for r in rows) if i == 0 or m != mode.iat[rows[i - 1]]),
        countries=tuple(dict.fromkeys(states)),
        border_crossings=tuple(dict.fromkeys(crossed)),
        unknown_km=math.fsum(k for k, r in zip(km, rows, strict=True) if arcs.unknown_links[r]),
        estimated_km=math.fsum(k for k, r in zip(km, rows, strict=True) if arcs.estimated_links[r]),
        permits=_permits(arcs, rows),
        nodes=tuple(names),
        corridors=tuple(dict.fromkeys(corridors)),
        wait_h=spent[1],
        transfer_h=spent[0],
        permission_h=max((lead.get(c, 0.0) for c in states), default=0.0),
    )


def _permits(arcs: Arcs, rows: Sequence[int]) -> tuple[Mapping[str, Any], ...]:
    grouped: dict[tuple[str, Any, Any], list[str]] = {}
    for row in rows:
        for block in arcs.screen.permits(row):
            grouped.setdefault((block.limit, block.value, block.required), []).append(block.link_id)
    return tuple({"limit": k, "value": v, "required": q, "links": ids} for (k, v, q), ids in grouped.items())


def best_path(
    arcs: Arcs, origins: Sequence[str], destinations: Sequence[str], via: Sequence[str] = ()
) -> list[int] | None:
    """Return the arcs of the fastest route, or None."""
    graph = build_graph(arcs, origins, destinations, via)
    found = next(k_shortest(graph), None)
    return None if found is None else [int(graph.arc[a]) for a in found[1] if graph.arc[a] >= 0]


# ---- verbs


def routes(
    net: Network,
    origin: str | Iterable[str],
    destination: str | Iterable[str],
    *,
    k: int = 3,
    distinct: float | None = None,
    via: str | Iterable[str] = (),
    **options: Unpack[Options],
) -> Routes:
    """Find the k best loopless routes from any origin to any destination.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str
        Ids or names; a text may list several, separated by commas.
    k : int
        Number of routes, at most 1000.
    distinct : float, optional
        Each route shares at most this part of its length (0 to 1) with every better one.
    via : str or iterable of str
        Places to pass, in this order.
    **options
        See :class:`mobility.arcs.Options`.

    Returns
    -------
    Routes
        Exact: no faster route exists that is not listed (with `distinct`, among the best 400; beyond
        these alternatives come from the penalty method).

    Raises
    ------
    InputError
        With every name and option that is not understood.

    Notes
    -----
    With ``unknown="penalise"`` the k routes are those of least penalised time; they are listed by real time.

    References
    ----------
    Yen, J. Y. (1971). Finding the k shortest loopless paths in a network. Management Science 17, 712-716.

    Examples
    --------
    >>> import mobility as mb
    >>> answer = mb.routes(mb.load(), "Bar", "Constanța", k=2, modes="rail")
    >>> answer.status, len(answer.routes)
    ('ok', 2)
    """
    if not 1 <= k <= 1000:
        raise InputError(f"k is {k}; it must be from 1 to 1000")
    if distinct is not None and not 0 <= distinct <= 1:
        raise InputError(f"distinct is {distinct:g}; it must be from 0 to 1")
    origins, destinations, stops, arcs = prepare(net, origin, destination, via, options)
    question = describe(arcs, origins, destinations, via=stops, k=k, distinct=distinct)
    graph = build_graph(arcs, origins, destinations, stops)
    paths = (
        _alternatives(arcs, graph, k, distinct)
        if distinct is not None
        else [p for _, p in islice(k_shortest(graph), k)]
    )
    found = [make_route(arcs, graph.arc[p].tolist()) for p in paths]
    # Stable: equal times keep the order of the search. Times are compared as the search does, in milliseconds.
    found.sort(key=lambda r: round(r.time_h * 3.6e6))
    ranked = tuple(_ranked(r, i) for i, r in enumerate(found, 1))
    if ranked:
        return Routes(net, question, "ok", ranked)
    return Routes(net, question, "no_route", (), *_favourable(net, origins, destinations, stops, options))


def prepare(
    net: Network,
    origin: str | Iterable[str],
    destination: str | Iterable[str],
    via: str | Iterable[str],
    options: Options,
) -> tuple[list[str], list[str], list[str], Arcs]:
    """Resolve the places and compile the arcs of a question, all faults at once."""
    faults: list[Finding] = []
    origins: list[str] = []
    destinations: list[str] = []
    stops: list[str] = []
    try:
        origins, destinations = ends(net, origin, destination)
    except InputError as error:
        faults += error.findings
    try:
        stops = net.find_nodes(via) if words(via) else []
    except InputError as error:
        faults += error.findings
    try:
        arcs = compile_arcs(net, **options)
    except InputError as error:
        raise InputError(faults + error.findings) from None
    if faults:
        raise InputError(faults)
    return origins, destinations, stops, arcs


def _ranked(route: Route, rank: int) -> Route:
    return Route(**{**{f: getattr(route, f) for f in route.__dataclass_fields__}, "rank": rank})


def _favourable(
    net: Network, origins: Sequence[str], destinations: Sequence[str], stops: Sequence[str], options: Options
) -> tuple[Route | None, bool, tuple[Block, ...]]:
    """Return the best candidate where no route is certain, whether it fits, and the limits to assess first.

    With estimates at their favourable end; if even then none passes, the route on operational links on
    which the fewest limits are too low.
    """
    best_case: Options = {**options, "estimates": "favourable"}
    hopeful = compile_arcs(net, **best_case)
    path = best_path(hopeful, origins, destinations, stops)
    fits = path is not None
    if path is None:
        operational = (hopeful.net.table("links")["status"] == "operational").to_numpy()
        lifted = hopeful.open | (_liftable(hopeful) & hopeful.per_arc(operational, False))
        path, _ = _smallest_opening(hopeful, origins, destinations, stops, lifted)
    if path is None:
        return None, False, ()
    stated = screen(hopeful.net, hopeful.vehicle, estimates=options.get("estimates", "strict"))
    rows = [int(hopeful.item[a]) for a in path if hopeful.kind[a] == LINK]
    blocks = tuple(b for r in rows for b in stated.blocked(r))
    return (make_route(hopeful, path), fits, blocks) if blocks else (None, False, ())


def _alternatives(arcs: Arcs, graph: Graph, k: int, share: float) -> list[list[int]]:
    """Return up to k paths, each sharing at most `share` of its length with every better one."""
    km = graph.spread(arcs.length_km, 0.0)
    link = graph.spread(arcs.item, -1)
    is_link = graph.spread(arcs.kind, -1) == LINK

    def parts(path: Sequence[int]) -> dict[int, float]:
        return {int(link[a]): float(km[a]) for a in path if is_link[a]}

    chosen: list[tuple[list[int], dict[int, float]]] = []

    def offer(path: list[int]) -> None:
        own = parts(path)
        total = math.fsum(own.values())
        for _, other in chosen:
            if math.fsum(v for key, v in own.items() if key in other) > share * total + 1e-9 or own == other:
                return
        chosen.append((path, own))

    search = graph.router()
    for _, path in islice(k_shortest(graph, search), DISTINCT_EXACT):
        offer(path)
        if len(chosen) == k:
            return [p for p, _ in chosen]
    # Penalty method: what the routes so far use grows longer, and what then is best is offered.
    weight = graph.weight.copy()
    pool: dict[tuple[int, ...], int] = {}
    for _ in range(10 * k):
        used = {key for _, own in chosen for key in own} | {int(link[a]) for p in pool for a in p if is_link[a]}
        hit = is_link & np.isin(link, list(used))
        weight = np.where(hit, np.minimum(weight + weight // 4, FAR >> 12), weight)
        harder = replace(graph, weight=weight)
        found = next(k_shortest(harder), None)
        if found is None:
            break
        pool[tuple(found[1])] = int(graph.weight[found[1]].sum())
    for candidate in sorted(pool, key=lambda p: (pool[p], p)):
        if len(chosen) < k:
            offer(list(candidate))
    return [p for p, _ in chosen]


def redundancy(
    net: Network, origin: str | Iterable[str], destination: str | Iterable[str], **options: Unpack[Options]
) -> Redundancy:
    """Count the routes that can be lost one after another: link-disjoint and node-disjoint.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str
    **options
        See :class:`mobility.arcs.Options`.

    Returns
    -------
    Redundancy
        `link_disjoint` routes share no link, in either direction; `node_disjoint` ones share no place but
        origins and destinations. The routes listed are a largest link-disjoint set of least total time.

    Notes
    -----
    A flow of least cost with unit capacities (Suurballe 1974; Bhandari 1999). Where that flow would use one link in
    both directions, a place by two modes, or pass a place twice, an integer programme (HiGHS) settles it exactly.

    Examples
    --------
    >>> import mobility as mb
    >>> mb.redundancy(mb.load(), "Thessaloniki", "Burgas", modes="road").link_disjoint >= 1
    True
    """
    origins, destinations, _, arcs = prepare(net, origin, destination, (), options)
    sets = _disjoint(arcs, origins, destinations, list(arcs.arcs_of_link.values()))
    found = sorted((make_route(arcs, p) for p in sets), key=lambda r: round(r.time_h * 3.6e6))
    ranked = tuple(_ranked(r, i) for i, r in enumerate(found, 1))
    assets = len(found)
    row = arcs.net.link_index
    if any(
        sum(i in rows for r in found for i in {row[x] for x in r.links}) > 1 for rows in arcs.assets if len(rows) > 1
    ):
        bundles = [[a for r in rows for a in arcs.arcs_of_link.get(r, ())] for rows in arcs.assets]
        assets = len(_disjoint(arcs, origins, destinations, bundles))
    nodes = len(_disjoint(arcs, origins, destinations, _place_bundles(arcs, origins, destinations), timed=False))
    question = describe(arcs, origins, destinations)
    total = math.fsum(r.time_h for r in ranked)
    return Redundancy(net, question, "ok" if ranked else "no_route", len(ranked), nodes, assets, ranked, total)


def _place_bundles(arcs: Arcs, origins: Sequence[str], destinations: Sequence[str]) -> list[list[int]]:
    """Return, for each place between, the arcs of links that arrive there; and each link as its own bundle."""
    free = {arcs.net.node_index[n] for n in (*origins, *destinations)}
    bundles: dict[int, list[int]] = {}
    for arc in np.flatnonzero((arcs.kind == LINK) & arcs.open).tolist():
        place = int(arcs.place[arcs.head[arc]])
        if place not in free:
            bundles.setdefault(place, []).append(arc)
    return [*bundles.values(), *arcs.arcs_of_link.values()]


def _disjoint(
    arcs: Arcs,
    origins: Sequence[str],
    destinations: Sequence[str],
    bundles: Sequence[Sequence[int]],
    timed: bool = True,
) -> list[list[int]]:
    """Return a largest set of paths that use each bundle of arcs at most once, of least total weight if `timed`.

    First a flow of least cost in which each arc, and each vertex that a bundle alone feeds, has room for one;
    if it breaks no bundle it is optimal, since bundles only forbid. Otherwise the integer programme.
    """
    graph = build_graph(arcs, origins, destinations)
    index = {int(a): i for i, a in enumerate(graph.arc.tolist()) if a >= 0}
    groups = [[index[a] for a in group if a in index] for group in bundles]
    groups = [g for g in groups if g]
    single = np.zeros(len(graph.tail), bool)
    for g in groups:
        single[g] = True
    many = len(arcs.tail) + 1
    capacity = np.where(single, 1, many).astype(np.int64)
    tail, head, size = graph.tail, graph.head, graph.size
    # A bundle of arcs into one vertex becomes one arc of unit capacity behind them.
    gates: dict[int, int] = {}
    head = head.copy()
    for g in groups:
        into = {int(graph.head[a]) for a in g}
        vertex = into.pop()
        if len(g) > 1 and not into and vertex not in gates:
            gates[vertex] = size + len(gates)
            head[g] = gates[vertex]
    extra = np.array([(v, u) for u, v in gates.items()], np.int64).reshape(-1, 2)
    gated = replace(
        graph, size=size + len(gates), tail=np.concatenate([tail, extra[:, 0]]),
        head=np.concatenate([head, extra[:, 1]]), weight=np.concatenate([graph.weight, np.zeros(len(extra), np.int64)]),
    )  # fmt: skip
    flow = gated.flow(np.concatenate([capacity, np.ones(len(extra), np.int64)]))
    flow.cheapest()
    used = flow.flows()[: len(graph.tail)]
    _cancel(graph, used)
    walks = _walks(graph, used)
    if any(used[g].sum() > 1 for g in groups):
        walks = _walks(graph, _pooled(graph, groups, timed))
    if any(_first_return(graph, w) is not None for w in walks):
        walks = _by_copies(graph, groups, len(walks), timed)
    return [[int(graph.arc[a]) for a in w if graph.arc[a] >= 0] for w in walks]


def _cancel(graph: Graph, used: Array) -> None:
    """Cancel flow that runs both ways between the same two vertices; it carries nothing."""
    between: dict[tuple[int, int], list[int]] = {}
    for a in np.flatnonzero(used).tolist():
        between.setdefault((int(graph.tail[a]), int(graph.head[a])), []).append(a)
    for (u, v), forward in between.items():
        if u < v and (v, u) in between:
            for a, b in zip(forward, between[v, u], strict=False):
                both = min(used[a], used[b])
                used[a] -= both
                used[b] -= both


def _pooled(graph: Graph, groups: Sequence[Sequence[int]], timed: bool) -> Array:
    """Return a largest flow that uses each bundle once, of least weight if `timed`, by integer programming."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    m = len(graph.tail)
    balance, shared = _balance(graph), _membership(groups, m)
    inner = np.ones(graph.size, bool)
    inner[[graph.source, graph.sink]] = False
    rules = [LinearConstraint(balance[inner], 0, 0), LinearConstraint(shared, 0, 1)]
    upper = np.full(m, float(len(groups)))
    upper[[a for g in groups for a in g]] = 1.0
    sent = (graph.tail == graph.source).astype(float)
    exact: dict[str, Any] = {"integrality": np.ones(m), "bounds": Bounds(0, upper), "options": {"mip_rel_gap": 0.0}}
    found = milp(-sent, constraints=rules, **exact)
    if timed and found.x is not None:
        most = round(float(sent @ found.x))
        rules.append(LinearConstraint(csr_array(sent.reshape(1, -1)), most, most))
        found = milp(_hours_of(graph), constraints=rules, **exact)
    return _solution(found)


def _by_copies(graph: Graph, groups: Sequence[Sequence[int]], most: int, timed: bool) -> list[list[int]]:
    """Return a largest set of loopless paths that use each bundle once, by integer programming.

    One copy of the arcs per path: each carries one unit and enters a place at most once, all together use
    each bundle at most once. `most` is what a flow without the second rule reached.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import block_diag, hstack

    m = len(graph.tail)
    balance, shared = _balance(graph), _membership(groups, m)
    wanted = np.zeros(graph.size)
    wanted[graph.source], wanted[graph.sink] = 1.0, -1.0
    entered: dict[int, list[int]] = {}
    for a in np.flatnonzero(graph.place[graph.tail] != graph.place[graph.head]).tolist():
        entered.setdefault(int(graph.place[graph.head[a]]), []).append(a)
    once = _membership(list(entered.values()), m)
    for copies in range(most, 0, -1):
        ends = np.tile(wanted, copies)
        rules = [
            LinearConstraint(block_diag([balance] * copies, format="csr"), ends, ends),
            LinearConstraint(block_diag([once] * copies, format="csr"), 0, 1),
            LinearConstraint(hstack([shared] * copies, format="csr"), 0, 1),
        ]
        cost = np.tile(_hours_of(graph), copies) if timed else np.zeros(m * copies)
        found = milp(
            cost, constraints=rules, bounds=Bounds(0, 1), integrality=np.ones(m * copies), options={"mip_rel_gap": 0.0}
        )
        if found.status != 2:  # 2: infeasible, so fewer paths are tried
            return [_walks(graph, one)[0] for one in _solution(found).reshape(copies, m)]
    return []


def _balance(graph: Graph) -> Any:
    """Return the matrix of what leaves minus what enters each vertex."""
    from scipy.sparse import coo_array, csr_array

    m = len(graph.tail)
    sign = np.concatenate([np.ones(m), -np.ones(m)])
    where = (np.concatenate([graph.tail, graph.head]), np.concatenate([np.arange(m), np.arange(m)]))
    return csr_array(coo_array((sign, where), shape=(graph.size, m)))


def _membership(groups: Sequence[Sequence[int]], arcs: int) -> Any:
    from scipy.sparse import coo_array, csr_array

    where = ([i for i, g in enumerate(groups) for _ in g], [a for g in groups for a in g])
    return csr_array(coo_array((np.ones(len(where[0])), where), shape=(len(groups), arcs)))


def _hours_of(graph: Graph) -> Array:
    return np.asarray(graph.weight, float) / (3.6e6 * (1 << LENGTH_BITS))


def _solution(found: Any) -> Array:
    if found.x is None:
        raise MobilityError(f"the integer programme for disjoint routes did not end: {found.message}")
    return np.asarray(np.rint(found.x), np.int64)


def _walks(graph: Graph, used: Array) -> list[list[int]]:
    """Split a flow into paths from source to sink; circles are left out."""
    out: dict[int, list[int]] = {}
    for a in np.flatnonzero(used).tolist():
        out.setdefault(int(graph.tail[a]), []).extend([a] * int(used[a]))
    paths = []
    while out.get(graph.source):
        kept: list[int] = []
        at = {graph.source: 0}
        v = graph.source
        while v != graph.sink:
            a = out[v].pop(0)
            v = int(graph.head[a])
            if v in at:
                for undone in kept[at[v] :]:
                    del at[int(graph.head[undone])]
                del kept[at[v] :]
            else:
                kept.append(a)
                at[v] = len(kept)
        paths.append(kept)
    return paths


def explain(
    net: Network,
    origin: str | Iterable[str],
    destination: str | Iterable[str],
    *,
    via: str | Iterable[str] = (),
    **options: Unpack[Options],
) -> Explanation:
    """Say why there is no route, or why not a faster one, and what the heaviest load is that passes.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str
    via : str or iterable of str
    **options
        See :class:`mobility.arcs.Options`. What the question itself closes (`avoid`, `countries`, `close`,
        `modes`) is not offered for opening.

    Returns
    -------
    Explanation

    Examples
    --------
    >>> import mobility as mb
    >>> answer = mb.explain(mb.load(), "Durrës", "Burgas", modes="rail")
    >>> answer.status, any(b.limit == "status" for b in answer.blocking)
    ('no_route', True)
    """
    origins, destinations, stops, arcs = prepare(net, origin, destination, via, options)
    question = describe(arcs, origins, destinations, via=stops)
    path = best_path(arcs, origins, destinations, stops)
    lifted = arcs.open | _liftable(arcs)
    ideal = _best_in(arcs, build_graph(arcs, origins, destinations, stops, lifted))
    relaxed, relax = (None, ()) if path is not None else _smallest_opening(arcs, origins, destinations, stops, lifted)
    if path is not None:
        blocking = _closed_on(arcs, ideal or ())
    else:
        edge = _edge(arcs, origins, destinations, lifted)
        seen = dict.fromkeys([*_closed_on(arcs, ideal or ()), *relax, *edge])
        blocking = tuple(seen)
    candidate, fits, assess = (
        (None, False, ()) if path is not None else _favourable(net, origins, destinations, stops, options)
    )
    return Explanation(
        net, question, "ok" if path is not None else "no_route",
        reason=_reason(path, ideal, blocking, _twice(arcs, origins, destinations, stops) if path is None else []),
        route=make_route(arcs, path) if path is not None else None,
        blocking=blocking, relax=relax,
        relaxed_route=make_route(arcs, relaxed) if relaxed else None,
        ideal_route=make_route(arcs, ideal) if ideal is not None else None,
        heaviest=_heaviest(arcs, origins, destinations),
        candidate=candidate, candidate_fits=fits, assess_first=assess,
    )  # fmt: skip


def _twice(arcs: Arcs, origins: Sequence[str], destinations: Sequence[str], stops: Sequence[str]) -> list[str]:
    """Return the names of the places that the shortest way passes twice, when there is one at all."""
    graph = build_graph(arcs, origins, destinations, stops)
    found = graph.router().shortest(graph.source)
    if found is None:
        return []
    nodes = make_route(arcs, graph.arc[found[1]].tolist()).nodes
    return [arcs.net.name(n) for n in dict.fromkeys(n for i, n in enumerate(nodes) if n in nodes[:i])]


def _reason(path: list[int] | None, ideal: list[int] | None, blocking: Sequence[Block], twice: Sequence[str]) -> str:
    if twice:
        return f"the only way passes {', '.join(twice)} twice, as by road to a railhead and back by rail"
    if path is not None:
        if blocking:
            return "there is a route; a faster one is closed by the limits listed"
        return "there is a route, and no limit or closure stands in the way of a faster one"
    if ideal is None:
        return "no chain of links joins the places with these modes, states and closures, whatever is opened"
    limits = sorted({b.limit for b in blocking})
    return f"every way is closed by: {', '.join(limits)}"


def _liftable(arcs: Arcs) -> Array:
    """Return the arcs of links that the network closes and the question does not."""
    return arcs.per_arc(arcs.offered & ~arcs.asked_closed, False)


def _best_in(arcs: Arcs, graph: Graph) -> list[int] | None:
    found = next(k_shortest(graph), None)
    return None if found is None else [int(graph.arc[a]) for a in found[1] if graph.arc[a] >= 0]


def _closed_on(arcs: Arcs, path: Iterable[int]) -> tuple[Block, ...]:
    rows = [int(arcs.item[a]) for a in path if arcs.kind[a] == LINK]
    return tuple(b for r in rows for b in arcs.why_closed(r))


def _edge(arcs: Arcs, origins: Sequence[str], destinations: Sequence[str], lifted: Array) -> list[Block]:
    """Return what closes the links that lead out of what the origins reach, or into what reaches the destinations."""
    found: list[Block] = []
    forward = _reached(arcs, arcs.tail, arcs.head, arcs.start_vertices(origins))
    backward = _reached(arcs, arcs.head, arcs.tail, arcs.end_vertices(destinations))
    shut = np.flatnonzero(lifted & ~arcs.open)
    for arc in shut.tolist():
        t, h = arcs.tail[arc], arcs.head[arc]
        if (forward[t] and not forward[h]) or (backward[h] and not backward[t]):
            found += arcs.why_closed(int(arcs.item[arc]))
    return found


def _reached(arcs: Arcs, tail: Array, head: Array, starts: Sequence[int]) -> Array:
    seen = np.zeros(arcs.size, bool)
    seen[list(starts)] = True
    step = np.flatnonzero(arcs.open)
    while True:
        new = step[seen[tail[step]] & ~seen[head[step]]]
        if not len(new):
            return seen
        seen[head[new]] = True


def _smallest_opening(
    arcs: Arcs, origins: Sequence[str], destinations: Sequence[str], stops: Sequence[str], lifted: Array
) -> tuple[list[int] | None, tuple[Block, ...]]:
    """Return the route that needs the fewest limits lifted (the fastest of those), and these limits."""
    graph = build_graph(arcs, origins, destinations, stops, lifted)
    shut = ~graph.spread(arcs.open, True)
    # Plain integers have no largest value, so a limit can weigh more than any time.
    weight = graph.weight.astype(object)
    for a in np.flatnonzero(shut).tolist():
        weight[a] += len(arcs.why_closed(int(arcs.item[graph.arc[a]]))) << 52
    search = PlainRouter(graph.size, graph.tail, graph.head, weight, graph.sink)
    harder = replace(graph, weight=weight)
    found = next(k_shortest(harder, search), None)
    if found is None:
        return None, ()
    path = [int(graph.arc[a]) for a in found[1] if graph.arc[a] >= 0]
    return path, tuple(dict.fromkeys(_closed_on(arcs, path)))


def _heaviest(arcs: Arcs, origins: Sequence[str], destinations: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return by limit the widest bottleneck over the routes that the question allows, other limits lifted."""
    links = arcs.net.table("links")
    mode = links["mode"].to_numpy(object)
    usable = arcs.offered & ~arcs.asked_closed & (links["status"] == "operational").to_numpy()
    opened = arcs.per_arc(usable, True)
    plain = arcs.vehicle.name == "any"
    estimates = arcs.options["estimates"]
    out: dict[str, dict[str, Any]] = {}
    for limit in LIMITS:
        if limit == "gauge_mm":
            continue
        width = np.full(len(links), np.inf)
        must_be_known = limit in ("mlc_wheeled", "mlc_tracked", "max_axle_t", "max_metre_load_t")
        asked = False
        for m in MODES:
            on = (mode == m) & usable
            if not on.any() or (not plain and limit not in arcs.vehicle.needs(m)):
                continue
            if limit.startswith("mlc") and m != "road":
                continue
            value = limit_values(arcs.net, limit, m, estimates)[0]
            if np.isnan(value[on]).all():
                continue
            asked = True
            unknown = -np.inf if must_be_known and arcs.options["unknown"] != "allow" else np.inf
            width[on] = np.where(np.isnan(value[on]), unknown, value[on])
        if not asked:
            continue
        out[limit] = _bottleneck(arcs, width, opened, origins, destinations)
    return out


def _bottleneck(
    arcs: Arcs, width: Array, opened: Array, origins: Sequence[str], destinations: Sequence[str]
) -> dict[str, Any]:
    graph = build_graph(arcs, origins, destinations, (), opened)
    wide = graph.spread(arcs.per_arc(width, np.inf), np.inf)
    value, path = widest(graph.size, graph.tail, graph.head, wide, [graph.source], graph.sink)
    if not math.isfinite(value):
        return {"value": None, "links": [], "status": "no_route" if value < 0 else "not_limiting"}
    setting = arcs.link_ids(int(graph.arc[a]) for a in path if wide[a] == value)
    return {"value": value, "links": setting, "status": "ok"}
