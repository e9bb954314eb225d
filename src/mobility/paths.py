"""Routes: the k best, the disjoint, and why there is none."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from heapq import heappop, heappush
from itertools import count, islice
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pandas as pd

from mobility.arcs import LENGTH_BITS, LINK, Arcs, Graph, Options, build_graph, compile_arcs, lead_times, words
from mobility.errors import Attempts, InputError, MobilityError
from mobility.kernels import FAR, PlainRouter, Router, reached, widest
from mobility.network import Network
from mobility.schema import split
from mobility.vehicle import LEGAL_AXLE_T, LIMITS, MODES, MUST_BE_KNOWN, Block, Screen, limit_values, screen
from mobility.vehicle import vehicle as find_vehicle

Array = np.ndarray[Any, Any]

PATIENCE = 500
"""After so many paths in a row that pass a place twice an integer programme looks for the next that does not."""

EXACT = {"mip_rel_gap": 0.0, "time_limit": 60.0}
OPTIMAL, INFEASIBLE = 0, 2
"""What scipy's `milp` says of how it ended."""

INDEX_FROM = 200_000
"""From so many arcs on the fastest route is asked of an index of the network, when there is one."""

HELD = 3
"""Of a network so large, that many compiled questions are kept at hand."""

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
    estimated_limit_km : float
        Length on which such a limit is an estimate, time apart.
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
    estimated_limit_km: float
    permits: tuple[Mapping[str, Any], ...]
    nodes: tuple[str, ...]
    corridors: tuple[str, ...]
    wait_h: float
    transfer_h: float
    permission_h: float

    def to_dict(self) -> dict[str, Any]:
        """Return the route as JSON holds it."""
        return asdict(self)


@dataclass(frozen=True, repr=False)
class Answer(ABC):
    """What every answer about routes carries: the network, the question, and its status."""

    net: Network = field(repr=False)
    question: Mapping[str, Any]
    status: str

    def plot(self, **options: Any) -> Any:
        """Draw the answer on a map; see :func:`mobility.maps.plot`."""
        from mobility.maps import plot

        return plot(self, **options)

    def explore(self, path: str | Path | None = None, **options: Any) -> Any:
        """Show the answer on an interactive map; see :func:`mobility.explore.explore`."""
        from mobility.explore import explore

        return explore(self, path, **options)

    @abstractmethod
    def to_frame(self) -> pd.DataFrame:
        """Return the answer's main table."""

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        return self.status

    def __repr__(self) -> str:
        places = " to ".join(", ".join(self.net.name(n) for n in self.question[side]) for side in ("from", "to"))
        return f"<{type(self).__name__}: {places}; {self.headline}>"

    def _repr_html_(self) -> str:
        from mobility.pages import as_html, told

        return as_html(told(self))


@dataclass(frozen=True, repr=False)
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

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        return f"{len(self.routes)} routes, fastest {self.routes[0].time_h:.1f} h" if self.routes else "no route"

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


@dataclass(frozen=True, repr=False)
class Redundancy(Answer):
    """How many routes share no link, and how many share no place between.

    Attributes
    ----------
    link_disjoint, node_disjoint : int
    asset_disjoint : int
        As `link_disjoint`, with links of one structure (``asset_id``) counted as one.
    routes : tuple of Route
        A largest link-disjoint set of least total time.
    proven : bool
        False when an integer programme ran out of time: then the counts are what was found, not the most.
    """

    link_disjoint: int = 0
    node_disjoint: int = 0
    asset_disjoint: int = 0
    routes: tuple[Route, ...] = ()
    total_time_h: float = 0.0
    proven: bool = True

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        return f"{self.link_disjoint} link-disjoint, {self.node_disjoint} node-disjoint routes"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per route of the link-disjoint set."""
        return _frame(self.routes)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "link_disjoint": self.link_disjoint, "node_disjoint": self.node_disjoint,
            "asset_disjoint": self.asset_disjoint, "routes": [r.to_dict() for r in self.routes],
            "total_time_h": self.total_time_h, "proven": self.proven, "question": dict(self.question),
        }  # fmt: skip


@dataclass(frozen=True, repr=False)
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
    unrestricted_route : Route or None
        The fastest route if the question itself closed, avoided and left out nothing.
    heaviest : mapping of str to dict
        By limit, the highest ``value`` with which some route is known to pass, and the ``links`` that set it; every
        other limit lifted. ``status`` is ``ok``, ``not_limiting`` (some route does not depend on it), ``unknown``
        (a route passes, but only by links on which the limit is not known) or ``no_route``.
    candidate, candidate_fits, assess_first
        As in :class:`Routes`.
    """

    reason: str = ""
    route: Route | None = None
    blocking: tuple[Block, ...] = ()
    relax: tuple[Block, ...] = ()
    relaxed_route: Route | None = None
    ideal_route: Route | None = None
    unrestricted_route: Route | None = None
    heaviest: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    candidate: Route | None = None
    candidate_fits: bool = False
    assess_first: tuple[Block, ...] = ()

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        return self.reason

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
            "unrestricted_route": of(self.unrestricted_route),
            "candidate": of(self.candidate), "candidate_fits": self.candidate_fits,
            "assess_first": [b.to_dict() for b in self.assess_first],
            "question": dict(self.question),
        }  # fmt: skip


def _frame(routes: Sequence[Route]) -> pd.DataFrame:
    listed = ("modes", "countries", "border_crossings", "nodes", "links")
    columns = [
        "rank", "time_h", "length_km", "wait_h", "transfer_h", "permission_h", "modes", "countries", "border_crossings",
        "unknown_km", "estimated_km", "estimated_limit_km", "permits", "nodes", "links",
    ]  # fmt: skip
    rows = [{c: " ".join(getattr(r, c)) if c in listed else getattr(r, c) for c in columns} for r in routes]
    for row, r in zip(rows, routes, strict=True):
        row["permits"] = "; ".join(f"{p['limit']} {p['required']} > {p['value']}" for p in r.permits)
    return pd.DataFrame(rows, columns=columns).set_index("rank")


# ---- the question


def ends(net: Network, origin: str | Iterable[str], destination: str | Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the node ids of origins and destinations.

    Raises
    ------
    InputError
        With every name that is not known, or when a place is on both sides.
    """
    attempts = Attempts()
    nowhere: list[str] = []
    start = attempts.run(net.find_nodes, origin, otherwise=nowhere)
    end = attempts.run(net.find_nodes, destination, otherwise=nowhere)
    attempts.done()
    both = [net.name(n) for n in start if n in end]
    if both:
        raise InputError(f"{', '.join(both)} is origin and destination at once; a route needs two places")
    return start, end


def describe(arcs: Arcs, origins: Sequence[str], destinations: Sequence[str], **more: Any) -> dict[str, Any]:
    """Return the question as an answer repeats it, with the hash of the data it was put to."""
    return {"from": list(origins), "to": list(destinations), **arcs.options, **more, "data_hash": arcs.net.data_hash}


# ---- loopless paths


def k_shortest(
    graph: Graph, search: Router | None = None, closed: frozenset[int] = frozenset()
) -> Iterator[tuple[int, list[int]]]:
    """Yield loopless paths of a graph, shortest first, as weight and arcs of the graph.

    Loopless means that no place is visited twice, not even by another mode.

    Parameters
    ----------
    graph : Graph
    search : Router, optional
        Of the whole graph, when it is at hand.
    closed : frozenset of int
        Arcs that are out.

    Notes
    -----
    Yen (1971) with Lawler's (1972) partition, so no path comes twice. A deviation waits under a lower bound,
    the best first step after its spur vertex, and is only searched when its turn comes. A path that passes a place
    twice is not yielded but split on up to that place, so what lies behind it is not lost. Where such paths go on
    and on, an integer programme takes over.
    """
    search = search or graph.router()
    tail, place, weights = graph.tail, graph.place, graph.weight
    members: dict[int, list[int]] = {}
    for v, p in enumerate(place.tolist()):
        members.setdefault(p, []).append(v)
    ticket = count()
    # (weight, ticket, path or None, root arcs, banned arcs)
    heap: list[tuple[int, int, list[int] | None, list[int], frozenset[int]]] = []
    heappush(heap, (search.toward[graph.source], next(ticket), None, [], closed))
    given: list[list[int]] = []
    looping = 0
    while heap:
        cost, _, path, root, banned = heappop(heap)
        if cost >= search.far:
            return
        if path is None:
            spur = int(graph.head[root[-1]]) if root else graph.source
            met = {int(tail[a]) for a in root}
            here = place[spur]
            shut = {v for p in {int(place[t]) for t in met} if p != here for v in members[p]} | met
            found = search.shortest(spur, banned, shut)
            if found is not None:
                total = sum(int(weights[a]) for a in root) + found[0]
                heappush(heap, (total, next(ticket), root + found[1], root, banned))
            continue
        stop = _first_return(graph, path)
        if stop is None:
            yield cost, path
            given.append(path)
            looping = 0
        else:
            looping += 1
            if looping > PATIENCE:
                yield from _settle(graph, closed, given)
                return
        base = 0
        for i in range(len(path) if stop is None else stop + 1):
            spur = int(tail[path[i]])
            if i >= len(root):
                ban = (banned if i == len(root) else closed) | {path[i]}
                bound = base + search.bound(spur, ban)
                if bound < search.far:
                    heappush(heap, (bound, next(ticket), None, path[:i], ban))
            base += int(weights[path[i]])


def _settle(graph: Graph, closed: frozenset[int], given: list[list[int]]) -> Iterator[tuple[int, list[int]]]:
    """Yield the loopless paths after those `given`, each by an integer programme that forbids the earlier ones."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    m = len(graph.tail)
    upper = np.ones(m)
    upper[list(closed)] = 0.0
    wanted = _one_unit(graph)
    rules = [LinearConstraint(_balance(graph), wanted, wanted), LinearConstraint(_membership(_entries(graph), m), 0, 1)]
    while True:
        used = [LinearConstraint(_membership([path], m), 0, len(path) - 1) for path in given]
        found = milp(
            _hours_of(graph), constraints=rules + used, bounds=Bounds(0, upper), integrality=np.ones(m), options=EXACT
        )
        if found.status == INFEASIBLE:
            return
        if found.status != OPTIMAL:
            raise MobilityError(f"the next route could not be settled in {EXACT['time_limit']} s: {found.message}")
        path = _walks(graph, np.asarray(np.rint(found.x), np.int64))[0]
        given.append(path)
        yield sum(int(graph.weight[a]) for a in path), path


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
    steps = list(path)
    on = [a for a in steps if arcs.kind[a] == LINK]
    rows = [int(arcs.item[a]) for a in on]
    links, nodes = net.table("links"), net.table("nodes")
    ids, mode, tags = (links[c].to_numpy(object)[rows].tolist() for c in ("link_id", "mode", "corridors"))
    places = [int(arcs.place[arcs.tail[on[0]]])] if on else []
    places += [int(arcs.place[arcs.head[a]]) for a in on]
    km = [float(arcs.length_km[a]) for a in on]
    crossing = set(net.table("borders")["node_id"].tolist())
    names, kinds = (nodes[c].to_numpy(object)[places].tolist() for c in ("node_id", "kind"))
    inner = list(zip(names, kinds, strict=True))[1:-1]
    crossed = [n for n, kind in inner if kind == "border_crossing" or n in crossing]
    states = [c for r in rows for c in net.link_countries[r]]
    corridors = [c for text in tags for c in split(text)]
    lead = lead_times(net, arcs.options["permission"])
    hours = [float(arcs.time_h[a]) for a in steps]
    spent = [math.fsum(h for a, h in zip(steps, hours, strict=True) if arcs.kind[a] == kind) for kind in (1, 2)]
    return Route(
        rank=rank,
        time_h=math.fsum(hours),
        length_km=math.fsum(km),
        links=tuple(ids),
        modes=tuple(m for i, m in enumerate(mode) if i == 0 or m != mode[i - 1]),
        countries=tuple(dict.fromkeys(states)),
        border_crossings=tuple(dict.fromkeys(crossed)),
        unknown_km=math.fsum(k for k, r in zip(km, rows, strict=True) if arcs.screen.unknown[r]),
        estimated_km=math.fsum(k for k, r in zip(km, rows, strict=True) if arcs.estimated_links[r]),
        estimated_limit_km=math.fsum(k for k, r in zip(km, rows, strict=True) if arcs.screen.estimated[r]),
        permits=permits_of(arcs.screen, rows),
        nodes=tuple(names),
        corridors=tuple(dict.fromkeys(corridors)),
        wait_h=spent[1],
        transfer_h=spent[0],
        permission_h=max((lead.get(c, 0.0) for c in states), default=0.0),
    )


def permits_of(screened: Screen, rows: Sequence[int]) -> tuple[Mapping[str, Any], ...]:
    """Return the limits that ask for a permit on some links, those of one value and need together."""
    grouped: dict[tuple[str, Any, Any], list[str]] = {}
    for row in rows:
        for block in screened.permits(row):
            grouped.setdefault((block.limit, block.value, block.required), []).append(block.link_id)
    return tuple({"limit": k, "value": v, "required": q, "links": ids} for (k, v, q), ids in grouped.items())


def best_path(graph: Graph) -> list[int] | None:
    """Return the compiled arcs of the fastest route, or None."""
    found = next(k_shortest(graph), None)
    return None if found is None else graph.real(found[1])


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
    if not isinstance(k, int) or not 1 <= k <= 1000:
        raise InputError(f"k is {k}; it must be a whole number from 1 to 1000")
    if distinct is not None and not 0 <= distinct <= 1:
        raise InputError(f"distinct is {distinct:g}; it must be from 0 to 1")
    origins, destinations, stops, arcs = prepare(net, origin, destination, via, options)
    question = describe(arcs, origins, destinations, via=stops, k=k, distinct=distinct)
    found: list[list[int]] | None = None
    if k == 1 and distinct is None and not stops and len(arcs.tail) >= INDEX_FROM:
        from mobility.scale import fastest

        found = fastest(arcs, origins, destinations)
    if found is None:
        graph = build_graph(arcs, origins, destinations, stops)
        best = islice(_unlike(arcs, graph), k)
        paths = _alternatives(arcs, graph, k, distinct) if distinct is not None else list(best)
        found = [graph.real(p) for p in paths]
    ranked = _ranked(make_route(arcs, p) for p in found)
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
    attempts = Attempts()
    nowhere: list[str] = []
    origins, destinations = attempts.run(ends, net, origin, destination, otherwise=(nowhere, nowhere))
    stops = attempts.run(net.find_nodes, via, otherwise=nowhere) if words(via) else nowhere
    try:
        arcs = question_arcs(net, options)
    except InputError as error:
        raise InputError(attempts.findings + error.findings) from None
    attempts.done()
    return origins, destinations, stops, arcs


def question_arcs(net: Network, options: Options) -> Arcs:
    """Return the compiled arcs of a question; those of the last few on a large network are at hand."""
    plain = (str, int, float, bool, type(None), list, tuple, dict)
    if len(net.table("links")) < INDEX_FROM // 2 or not all(
        k == "vehicle" or isinstance(v, plain) for k, v in options.items()
    ):
        return compile_arcs(net, **options)
    try:
        # A vehicle is looked up each time: its file may have changed.
        given: Options = {**options, "vehicle": find_vehicle(options.get("vehicle", "any"), net)}
    except InputError:
        return compile_arcs(net, **options)  # which says what else is wrong
    key = repr(sorted(given.items()))
    known: dict[str, Arcs] = net.__dict__.setdefault("_compiled", {})
    if key not in known:
        while len(known) >= HELD:
            known.pop(next(iter(known)))
        known[key] = compile_arcs(net, **given)
    return known[key]


def _ranked(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Return routes fastest first with their rank; times are compared in milliseconds, as the search does."""
    ordered = sorted(routes, key=lambda r: round(r.time_h * 3.6e6))
    return tuple(replace(r, rank=i) for i, r in enumerate(ordered, 1))


def _unlike(arcs: Arcs, graph: Graph) -> Iterator[list[int]]:
    """Yield loopless paths, each list of links once; two terminals of one place make no other route."""
    seen: set[tuple[str, ...]] = set()
    for _, path in k_shortest(graph):
        links = tuple(arcs.link_ids(graph.real(path)))
        if links not in seen:
            seen.add(links)
            yield path


def _favourable(
    net: Network, origins: Sequence[str], destinations: Sequence[str], stops: Sequence[str], options: Options
) -> tuple[Route | None, bool, tuple[Block, ...]]:
    """Return the best candidate where no route is certain, whether it fits, and the limits to assess first.

    With estimates at their favourable end; if even then none passes, the route on operational links on
    which the fewest limits are too low.
    """
    best_case: Options = {**options, "estimates": "favourable"}
    hopeful = compile_arcs(net, **best_case)
    path = best_path(build_graph(hopeful, origins, destinations, stops))
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

    hours = graph.spread(arcs.time_h, 0.0)
    chosen: list[tuple[list[int], dict[int, float], float]] = []

    def offer(path: list[int]) -> None:
        own = {int(link[a]): float(km[a]) for a in path if is_link[a]}
        took = round(math.fsum(float(hours[a]) for a in path) * 3.6e6)
        for _, other, its in chosen:
            # The slower of two must differ from the better one; which is slower, real time decides.
            slower = own if took >= its else other
            both = math.fsum(v for key, v in slower.items() if key in own and key in other)
            if own.keys() == other.keys() or both > share * math.fsum(slower.values()) + 1e-9:
                return
        chosen.append((path, own, took))

    search = graph.router()
    for _, path in islice(k_shortest(graph, search), DISTINCT_EXACT):
        offer(path)
        if len(chosen) == k:
            return [p for p, *_ in chosen]
    # Penalty method: what the routes so far use grows longer, and what then is best is offered.
    weight = graph.weight.copy()
    pool: dict[tuple[int, ...], int] = {}
    for _ in range(10 * k):
        used = {key for _, own, _ in chosen for key in own} | {int(link[a]) for p in pool for a in p if is_link[a]}
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
    return [p for p, *_ in chosen]


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
    sets, proven = _disjoint(arcs, origins, destinations, list(arcs.arcs_of_link.values()))
    ranked = _ranked(make_route(arcs, p) for p in sets)
    assets = sets
    used = [arcs.net.link_index[x] for r in ranked for x in r.links]
    if any(sum(i in rows for i in used) > 1 for rows in arcs.assets if len(rows) > 1):
        bundles = [[a for r in rows for a in arcs.arcs_of_link.get(r, ())] for rows in arcs.assets]
        assets, sure = _disjoint(arcs, origins, destinations, bundles)
        proven &= sure
    apart, sure = _disjoint(arcs, origins, destinations, _place_bundles(arcs, origins, destinations), timed=False)
    return Redundancy(
        net, describe(arcs, origins, destinations), "ok" if ranked else "no_route", link_disjoint=len(ranked),
        node_disjoint=len(apart), asset_disjoint=len(assets), routes=ranked,
        total_time_h=math.fsum(r.time_h for r in ranked), proven=proven and sure,
    )  # fmt: skip


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
) -> tuple[list[list[int]], bool]:
    """Return a largest set of paths that use each bundle of arcs at most once, and whether that is proven.

    Of least total weight if `timed`. First a flow of least cost in which each arc, and each vertex that a bundle
    alone feeds, has room for one; if it breaks no bundle it is optimal, since bundles only forbid. Otherwise the
    integer programme.
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
    walks, proven = _walks(graph, used), True
    if any(used[g].sum() > 1 for g in groups):
        walks, proven = _pooled(graph, groups, walks, timed)
    if proven and any(_first_return(graph, w) is not None for w in walks):
        walks, proven = _by_copies(graph, groups, walks, timed)
    return [graph.real(w) for w in walks], proven


def _compatible(graph: Graph, groups: Sequence[Sequence[int]], walks: Sequence[list[int]]) -> list[list[int]]:
    """Return walks that are loopless and share no bundle, first come first served: a set, if not a largest one."""
    bundle = {a: i for i, g in enumerate(groups) for a in g}
    taken: set[int] = set()
    kept = []
    for walk in walks:
        own = [bundle[a] for a in walk if a in bundle]
        if len(set(own)) == len(own) and not taken.intersection(own) and _first_return(graph, walk) is None:
            taken.update(own)
            kept.append(walk)
    return kept


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


def _pooled(
    graph: Graph, groups: Sequence[Sequence[int]], walks: list[list[int]], timed: bool
) -> tuple[list[list[int]], bool]:
    """Return a largest flow that uses each bundle once, of least weight if `timed`, as walks; and if that is proven."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    m = len(graph.tail)
    inner = np.ones(graph.size, bool)
    inner[[graph.source, graph.sink]] = False
    rules = [LinearConstraint(_balance(graph)[inner], 0, 0), LinearConstraint(_membership(groups, m), 0, 1)]
    upper = np.full(m, float(len(groups)))
    upper[[a for g in groups for a in g]] = 1.0
    sent = (graph.tail == graph.source).astype(float)
    exact: dict[str, Any] = {"integrality": np.ones(m), "bounds": Bounds(0, upper), "options": EXACT}
    found = milp(-sent, constraints=rules, **exact)
    if found.status == OPTIMAL and timed:
        most = round(float(sent @ found.x))
        rules.append(LinearConstraint(csr_array(sent.reshape(1, -1)), most, most))
        found = milp(_hours_of(graph), constraints=rules, **exact)
    if found.status != OPTIMAL:
        return _compatible(graph, groups, walks), False
    return _walks(graph, np.asarray(np.rint(found.x), np.int64)), True


def _by_copies(
    graph: Graph, groups: Sequence[Sequence[int]], walks: list[list[int]], timed: bool
) -> tuple[list[list[int]], bool]:
    """Return a largest set of loopless paths that use each bundle once; and if that is proven.

    One copy of the arcs per path: each carries one unit and enters a place at most once, all together use
    each bundle at most once. As many as `walks` is the most there can be.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import block_diag, hstack

    m = len(graph.tail)
    balance, once, shared = _balance(graph), _membership(_entries(graph), m), _membership(groups, m)
    for copies in range(len(walks), 0, -1):
        ends = np.tile(_one_unit(graph), copies)
        rules = [
            LinearConstraint(block_diag([balance] * copies, format="csr"), ends, ends),
            LinearConstraint(block_diag([once] * copies, format="csr"), 0, 1),
            LinearConstraint(hstack([shared] * copies, format="csr"), 0, 1),
        ]
        cost = np.tile(_hours_of(graph), copies) if timed else np.zeros(m * copies)
        found = milp(cost, constraints=rules, bounds=Bounds(0, 1), integrality=np.ones(m * copies), options=EXACT)
        if found.status == OPTIMAL:
            used = np.asarray(np.rint(found.x), np.int64).reshape(copies, m)
            return [_walks(graph, one)[0] for one in used], True
        if found.status != INFEASIBLE:
            return _compatible(graph, groups, walks), False
    return [], True


def _one_unit(graph: Graph) -> Array:
    """Return what one path leaves at each vertex: one unit at the source, less one at the sink."""
    wanted = np.zeros(graph.size)
    wanted[graph.source], wanted[graph.sink] = 1.0, -1.0
    return wanted


def _entries(graph: Graph) -> list[list[int]]:
    """Return, for each place, the arcs that enter it from another."""
    entered: dict[int, list[int]] = {}
    for a in np.flatnonzero(graph.place[graph.tail] != graph.place[graph.head]).tolist():
        entered.setdefault(int(graph.place[graph.head[a]]), []).append(a)
    return list(entered.values())


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
    path = best_path(build_graph(arcs, origins, destinations, stops))
    lifted = arcs.open | _liftable(arcs)
    ideal = best_path(build_graph(arcs, origins, destinations, stops, lifted))
    relaxed: list[int] | None = None
    relax: tuple[Block, ...] = ()
    candidate: Route | None = None
    fits, assess = False, relax
    blocking = _closed_on(arcs, ideal or ())
    if path is None and ideal is not None:
        relaxed, relax = _smallest_opening(arcs, origins, destinations, stops, lifted)
        blocking = tuple(dict.fromkeys([*blocking, *relax, *_edge(arcs, origins, destinations, lifted)]))
        candidate, fits, assess = _favourable(net, origins, destinations, stops, options)
    free = _unrestricted(net, origins, destinations, stops, options) if arcs.asked_closed.any() else None
    reason = _reason(arcs, path, ideal, blocking, free)
    twice = _twice(arcs, origins, destinations, stops) if path is None else []
    if twice:
        reason = f"the only way passes {', '.join(twice)} twice, as by road to a railhead and back by rail"
    return Explanation(
        net, describe(arcs, origins, destinations, via=stops), "ok" if path is not None else "no_route", reason=reason,
        route=make_route(arcs, path) if path is not None else None, blocking=blocking, relax=relax,
        relaxed_route=make_route(arcs, relaxed) if relaxed else None,
        ideal_route=make_route(arcs, ideal) if ideal is not None else None, unrestricted_route=free,
        heaviest=_heaviest(arcs, origins, destinations) if ideal is not None else {},
        candidate=candidate, candidate_fits=fits, assess_first=assess,
    )  # fmt: skip


def _unrestricted(
    net: Network, origins: Sequence[str], destinations: Sequence[str], stops: Sequence[str], options: Options
) -> Route | None:
    """Return the fastest route if the question closed, avoided and left out nothing."""
    free: Options = {**options, "close": (), "avoid": (), "countries": ()}
    arcs = compile_arcs(net, **free)
    path = best_path(build_graph(arcs, origins, destinations, stops))
    return None if path is None else make_route(arcs, path)


def _twice(arcs: Arcs, origins: Sequence[str], destinations: Sequence[str], stops: Sequence[str]) -> list[str]:
    """Return the names of the places that the shortest way passes twice, when there is one at all."""
    graph = build_graph(arcs, origins, destinations, stops)
    found = graph.router().shortest(graph.source)
    if found is None:
        return []
    nodes = make_route(arcs, graph.real(found[1])).nodes
    return [arcs.net.name(n) for n in dict.fromkeys(n for i, n in enumerate(nodes) if n in nodes[:i])]


def _reason(
    arcs: Arcs, path: list[int] | None, ideal: list[int] | None, blocking: Sequence[Block], free: Route | None
) -> str:
    asked = "what the question closes, avoids or leaves out"
    if path is None:
        if free is not None:
            return f"{asked} leaves no route; without it the fastest takes {free.time_h:.1f} h"
        if ideal is None:
            return "no chain of links joins the places with these modes, states and closures, whatever is opened"
        return f"every way is closed by: {', '.join(sorted({b.limit for b in blocking}))}"
    hours = math.fsum(float(arcs.time_h[a]) for a in path)
    cost = hours - free.time_h if free is not None else 0.0
    first = f"there is a route; {asked} costs {cost:.1f} h" if cost > 1e-6 else "there is a route"
    if blocking:
        return f"{first}; a faster one is closed by the limits listed"
    return f"{first}; no other limit or closure stands in the way of a faster one"


def _liftable(arcs: Arcs) -> Array:
    """Return the arcs of links that the network closes and the question does not."""
    return arcs.per_arc(arcs.offered & ~arcs.asked_closed, False)


def _closed_on(arcs: Arcs, path: Iterable[int]) -> tuple[Block, ...]:
    rows = [int(arcs.item[a]) for a in path if arcs.kind[a] == LINK]
    return tuple(b for r in rows for b in arcs.why_closed(r))


def _edge(arcs: Arcs, origins: Sequence[str], destinations: Sequence[str], lifted: Array) -> list[Block]:
    """Return what closes the links that lead out of what the origins reach, or into what reaches the destinations."""
    found: list[Block] = []
    tail, head = arcs.tail[arcs.open], arcs.head[arcs.open]
    forward = reached(arcs.size, tail, head, arcs.start_vertices(origins))
    backward = reached(arcs.size, head, tail, arcs.end_vertices(destinations))
    shut = np.flatnonzero(lifted & ~arcs.open)
    for arc in shut.tolist():
        t, h = arcs.tail[arc], arcs.head[arc]
        if (forward[t] and not forward[h]) or (backward[h] and not backward[t]):
            found += arcs.why_closed(int(arcs.item[arc]))
    return found


def _smallest_opening(
    arcs: Arcs, origins: Sequence[str], destinations: Sequence[str], stops: Sequence[str], lifted: Array
) -> tuple[list[int] | None, tuple[Block, ...]]:
    """Return the route that needs the fewest limits lifted (the fastest of those), and these limits."""
    graph = build_graph(arcs, origins, destinations, stops, lifted)
    shut = ~graph.spread(arcs.open, True)
    # Python's integers have no largest value, so one limit can weigh more than any time.
    weight = graph.weight.astype(object)
    for a in np.flatnonzero(shut).tolist():
        weight[a] += len(arcs.why_closed(int(arcs.item[graph.arc[a]]))) << 64
    search = PlainRouter(graph.size, graph.tail, graph.head, weight, graph.sink, far=1 << 128)
    harder = replace(graph, weight=weight)
    found = next(k_shortest(harder, search), None)
    if found is None:
        return None, ()
    path = graph.real(found[1])
    return path, tuple(dict.fromkeys(_closed_on(arcs, path)))


def _heaviest(arcs: Arcs, origins: Sequence[str], destinations: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return by limit the widest bottleneck over the routes that the question allows, other limits lifted."""
    links = arcs.net.table("links")
    mode = links["mode"].to_numpy(object)
    usable = arcs.offered & ~arcs.asked_closed & (links["status"] == "operational").to_numpy()
    opened = arcs.per_arc(usable, True)
    estimates = arcs.options["estimates"]
    out: dict[str, dict[str, Any]] = {}
    for limit in LIMITS:
        if limit == "gauge_mm":
            continue
        known, asked = np.full(len(links), np.inf), False
        for m in MODES:
            on = (mode == m) & usable
            if not on.any() or not _bears(arcs, limit, m):
                continue
            value = limit_values(arcs.net, limit, m, estimates)[0]
            legal = m == "road" and limit == "max_axle_t"
            needed = limit in MUST_BE_KNOWN and not legal
            silent = np.isnan(value[on]).all() and not (needed and arcs.vehicle.name != "any")
            if silent:
                continue
            asked = True
            if legal:
                value = np.where(value >= LEGAL_AXLE_T, np.inf, value)
            elif needed:
                value = np.where(np.isnan(value), -np.inf, value)
            known[on] = np.where(np.isnan(value), np.inf, value)[on]
        if asked:
            out[limit] = _bottleneck(arcs, known, opened, origins, destinations)
            if out[limit]["status"] == "no_route" and arcs.options["unknown"] != "forbid":
                lenient = _bottleneck(arcs, np.abs(known), opened, origins, destinations)
                if lenient["status"] != "no_route":
                    out[limit]["status"] = "unknown"
    return out


def _bears(arcs: Arcs, limit: str, mode: str) -> bool:
    """Whether a limit matters on links of `mode` to this vehicle; to ``any`` all do that the mode knows."""
    if arcs.vehicle.name != "any":
        return limit in arcs.vehicle.needs(mode)
    return mode == "road" if limit.startswith("mlc") else mode == "rail" if limit == "max_metre_load_t" else True


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
