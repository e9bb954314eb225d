"""Large networks: an index for many questions, tables of travel times, and chains of links drawn together.

Which arcs join which vertices is indexed once (see `hierarchy`) and kept; each vehicle, each closure and each set of
options is then a metric on that index, made in a fraction of a second. Small networks are answered without it.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Unpack
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from mobility import cache
from mobility.arcs import COMPILE_FROM, LINK, Arcs, Options, build_graph, compile_arcs, words
from mobility.errors import Attempts, InputError
from mobility.kernels import FAR
from mobility.network import Network, capacity_column
from mobility.paths import Answer, Route, Routes, best_path, describe, permits_of, question_arcs, routes
from mobility.schema import Table, columns, parse_ranges, split
from mobility.vehicle import Screen, screen
from mobility.vehicle import vehicle as find_vehicle

if TYPE_CHECKING:
    from mobility.flows import Throughput
    from mobility.hierarchy import Index, Metric

Array = np.ndarray[Any, Any]

PATIENCE = 20
"""So many questions on one topology are answered by ordinary search before it is indexed for those that follow."""

HELD = 2
"""Indexes that are held in memory at a time."""

MOST_PAIRS = 50_000_000
"""A table of more pairs is refused: it would not fit into memory."""

_indexes: OrderedDict[str, Index] = OrderedDict()
_asked: dict[str, int] = {}
_metrics: WeakKeyDictionary[Arcs, Metric] = WeakKeyDictionary()
_topologies: WeakKeyDictionary[Arcs, str] = WeakKeyDictionary()


# ---- the index of a network


@dataclass(frozen=True)
class Indexed:
    """What was made of a network.

    Attributes
    ----------
    vertices, arcs : int
        Of the compiled network.
    edges, depth : int
        Of the hierarchy: a question looks at no more vertices than the depth, from either side.
    kept : bool
        Whether it is in the cache for later runs.
    """

    vertices: int
    arcs: int
    edges: int
    depth: int
    kept: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON holds them."""
        return asdict(self)

    def to_frame(self) -> pd.DataFrame:
        """Return one row."""
        return pd.DataFrame([asdict(self)])


def index(net: Network) -> Indexed:
    """Index a network, so that later routes and tables of times on it are quick; where there is a cache, keep it.

    The index knows only which places the links join. It serves every vehicle, year and closure, and stands until a
    link is added or taken away.

    Parameters
    ----------
    net : Network

    Returns
    -------
    Indexed

    Notes
    -----
    About 20 s for a million links of real roads, several times that for grids of streets.

    References
    ----------
    Dibbelt, J., Strasser, B. and Wagner, D. (2016). Customizable contraction hierarchies. ACM Journal of
    Experimental Algorithmics 21, 1.5.

    Examples
    --------
    >>> import mobility as mb
    >>> done = index(mb.load())
    >>> done.edges >= done.arcs / 4
    True
    """
    arcs = compile_arcs(net)
    found = _index(arcs, build=True)
    assert found is not None
    depth = np.zeros(len(found.parent) + 1, np.int64)
    for v in range(len(found.parent) - 1, -1, -1):
        depth[v] = depth[found.parent[v]] + 1
    home = cache.home()
    kept = home is not None and (home / f"index-{_topology(arcs)}").is_dir()
    return Indexed(arcs.size, len(arcs.tail), len(found.upper), int(depth.max()), kept)


def _topology(arcs: Arcs) -> str:
    """Return a hash of which arcs join which vertices."""
    if arcs not in _topologies:
        _topologies[arcs] = cache.digest(arcs.size, arcs.tail, arcs.head)
    return _topologies[arcs]


def _index(arcs: Arcs, build: bool) -> Index | None:
    """Return the index of a topology from memory or disk; built where there is none only if `build`."""
    key = _topology(arcs)
    found = _indexes.get(key)
    if found is None:
        found = _fetched(key, arcs)
    if found is None and build:
        from mobility.hierarchy import Index

        nodes = arcs.net.table("nodes")
        lat, lon = nodes["lat"].to_numpy(float), nodes["lon"].to_numpy(float)
        x, y = (lon * np.cos(np.radians(lat.mean())))[arcs.place], lat[arcs.place]
        found = Index.build(arcs.size, arcs.tail, arcs.head, x, y)
        if len(arcs.tail) >= COMPILE_FROM:
            cache.keep("index", key, {name: getattr(found, name) for name in Index.__dataclass_fields__}, {})
    if found is not None:
        _indexes[key] = found
        _indexes.move_to_end(key)
        while len(_indexes) > HELD:
            _indexes.popitem(last=False)
    return found


def _fetched(key: str, arcs: Arcs) -> Index | None:
    """Return the index that the cache has, if every number in it lies where it must."""
    kept = cache.fetch("index", key) if len(arcs.tail) >= COMPILE_FROM else None
    if kept is None:
        return None
    from mobility.hierarchy import Index

    try:
        found = Index(**kept[0])
    except TypeError:
        return None
    n, edges = arcs.size, len(found.upper)
    sound = (
        len(found.rank) == len(found.parent) == n and len(found.pointer) == n + 1 and len(found.slot) == len(arcs.tail)
        and found.pointer[0] == 0 and found.pointer[-1] == edges and (np.diff(found.pointer) >= 0).all()
        and (np.bincount(found.rank, minlength=n) == 1).all() and len(found.upward) == len(arcs.tail)
        and (not edges or (found.upper.min() >= 0 and found.upper.max() < n))
        and ((found.parent == -1) | (found.parent > np.arange(n))).all() and found.parent.max(initial=-1) < n
        and (not len(found.slot) or (found.slot.min() >= -1 and found.slot.max() < edges))
    )  # fmt: skip
    return found if sound else None


def _metric(arcs: Arcs, build: bool) -> Metric | None:
    """Return the metric of compiled arcs, when their topology is indexed."""
    if arcs not in _metrics:
        found = _index(arcs, build)
        if found is None:
            return None
        _metrics[arcs] = found.metric(arcs.weight, arcs.open, arcs.time_h)
    return _metrics[arcs]


def fastest(arcs: Arcs, origins: Sequence[str], destinations: Sequence[str]) -> list[list[int]] | None:
    """Return the fastest way as a list of one path of compiled arcs, an empty list when there is none.

    None when the topology is not indexed, or when the shortest way would pass a place twice: then an ordinary search
    must answer. What is asked often is indexed.
    """
    key = _topology(arcs)
    _asked[key] = _asked.get(key, 0) + 1
    metric = _metric(arcs, build=_asked[key] > PATIENCE)
    if metric is None:
        return None
    found = metric.shortest(arcs.start_vertices(origins), arcs.end_vertices(destinations))
    if found is None:
        return []
    return None if _twice(arcs, found[1]) else [found[1]]


def _twice(arcs: Arcs, path: Sequence[int]) -> bool:
    """Whether a path comes back to a place that it has left."""
    places = arcs.place[np.r_[arcs.tail[path[:1]], arcs.head[path]]] if len(path) else np.empty(0, np.int32)
    entered = places[np.r_[True, places[1:] != places[:-1]]] if len(places) else places
    return len(np.unique(entered)) < len(entered)


# ---- tables of times


@dataclass(frozen=True, repr=False)
class Matrix(Answer):
    """Travel times from each origin to each destination.

    Attributes
    ----------
    origins, destinations : tuple of str
        Node ids.
    hours : ndarray of float
        One row for each origin; infinite where there is no route.
    """

    origins: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    hours: Array = None  # type: ignore[assignment]

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        missing = int(np.isinf(self.hours).sum())
        rest = f", {missing:,} without a route" if missing else ""
        return f"{len(self.origins)} origins by {len(self.destinations)} destinations{rest}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair: ``from``, ``to``, ``status`` and ``time_h``, which is empty without a route."""
        there = np.isfinite(self.hours).ravel()
        time = pd.array(np.where(there, self.hours.ravel(), 0.0), "Float64")
        time[~there] = pd.NA
        return pd.DataFrame(
            {
                "from": np.repeat(np.array(self.origins, object), len(self.destinations)),
                "to": np.tile(np.array(self.destinations, object), len(self.origins)),
                "status": np.where(there, "ok", "no_route"), "time_h": time,
            }
        )  # fmt: skip

    def table(self) -> pd.DataFrame:
        """Return hours with a row for each origin and a column for each destination; empty without a route."""
        wide = pd.DataFrame(self.hours, list(self.origins), list(self.destinations)).astype("Float64")
        return wide.mask(np.isinf(self.hours), pd.NA)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        rows = [[h if np.isfinite(h) else None for h in row] for row in self.hours.tolist()]
        return {
            "status": self.status, "origins": list(self.origins), "destinations": list(self.destinations),
            "time_h": rows, "question": dict(self.question),
        }  # fmt: skip

    def __repr__(self) -> str:
        return f"<Matrix: {self.headline}>"


def matrix(
    net: Network, origin: str | Iterable[str], destination: str | Iterable[str], **options: Unpack[Options]
) -> Matrix:
    """Compute the travel time from each origin to each destination.

    Each is the ``time_h`` of the best route that :func:`mobility.routes` finds for the pair; a place is no time from
    itself.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str
        Ids or names; a text may list several, separated by commas.
    **options
        See :class:`mobility.arcs.Options`.

    Returns
    -------
    Matrix

    Raises
    ------
    InputError
        With every name and option that is not understood, or when there are too many pairs.

    Notes
    -----
    Beyond strategic size by a customizable contraction hierarchy: from each destination the vertices above it in the
    hierarchy are noted, and each origin meets them on its own way up (Knopp et al. 2007).

    Examples
    --------
    >>> import mobility as mb
    >>> times = mb.matrix(mb.load(), "Durrës, Bar", "Skopje, Sofia", modes="road")
    >>> times.table().shape
    (2, 2)
    """
    attempts = Attempts()
    nowhere: list[str] = []
    origins = attempts.run(net.find_nodes, origin, otherwise=nowhere)
    destinations = attempts.run(net.find_nodes, destination, otherwise=nowhere)
    try:
        arcs = question_arcs(net, options)
    except InputError as error:
        raise InputError(attempts.findings + error.findings) from None
    attempts.done()
    pairs = len(origins) * len(destinations)
    if pairs > MOST_PAIRS:
        raise InputError(f"{pairs:,} pairs are asked for; at most {MOST_PAIRS:,} are answered at once")
    if len(arcs.tail) < COMPILE_FROM:
        hours = _by_trees(arcs, origins, destinations)
    else:
        hours = _by_index(arcs, origins, destinations)
    status = "ok" if np.isfinite(hours).any() else "no_route"
    return Matrix(
        net, describe(arcs, origins, destinations), status, origins=tuple(origins), destinations=tuple(destinations),
        hours=hours,
    )  # fmt: skip


def _by_index(arcs: Arcs, origins: Sequence[str], destinations: Sequence[str]) -> Array:
    """Return hours by pair, all at once on the index; a few pairs where there is none by ordinary search."""
    metric = _metric(arcs, build=len(origins) * len(destinations) > PATIENCE)
    out = np.full((len(origins), len(destinations)), np.inf)
    if metric is None:
        for i, j in np.ndindex(*out.shape):
            out[i, j] = _exact(arcs, origins[i], destinations[j])
        return out
    starts, ends = [arcs.start_vertices([n]) for n in origins], [arcs.end_vertices([n]) for n in destinations]
    weight, hours = metric.table(starts, ends)
    out[weight < FAR] = hours[weight < FAR]
    _same(out, origins, destinations)
    if _layered(arcs):
        for i, j in np.argwhere(np.isfinite(out) & (out > 0)).tolist():
            found = metric.shortest(starts[i], ends[j])
            if found is not None and _twice(arcs, found[1]):
                out[i, j] = _exact(arcs, origins[i], destinations[j])
    return out


def _same(out: Array, origins: Sequence[str], destinations: Sequence[str]) -> None:
    """Put 0 h between a place and itself, whether or not a link touches it."""
    column = {n: j for j, n in enumerate(destinations)}
    for i, n in enumerate(origins):
        if n in column:
            out[i, column[n]] = 0.0


def _layered(arcs: Arcs) -> bool:
    """Whether open links of several modes meet at some place, so that a way could pass it twice."""
    on = arcs.open & (arcs.kind == LINK)
    mode = arcs.net.table("links")["mode"].to_numpy(object)[arcs.item[on]]
    return len(set(mode.tolist())) > 1


def _exact(arcs: Arcs, origin: str, destination: str) -> float:
    """Return the hours of the best loopless route of one pair, infinite when there is none."""
    if origin == destination:
        return 0.0
    path = best_path(build_graph(arcs, [origin], [destination]))
    return np.inf if path is None else float(arcs.time_h[path].sum())


def _by_trees(arcs: Arcs, origins: Sequence[str], destinations: Sequence[str]) -> Array:
    """Return hours by pair, by one tree of shortest ways for each origin."""
    near: list[list[tuple[int, int, int]]] = [[] for _ in range(arcs.size)]
    kept = np.flatnonzero(arcs.open)
    rows = zip(kept.tolist(), arcs.tail[kept].tolist(), arcs.head[kept].tolist(), strict=True)
    weight = arcs.weight.tolist()
    for a, t, h in rows:
        near[t].append((a, h, weight[a]))
    out = np.full((len(origins), len(destinations)), np.inf)
    ends = [arcs.end_vertices([n]) for n in destinations]
    for i, origin in enumerate(origins):
        best, came = _tree(near, arcs.start_vertices([origin]))
        for j, destination in enumerate(destinations):
            v = min(ends[j], key=lambda u: best[u], default=-1)
            if v < 0 or best[v] >= FAR or origin == destination:
                continue
            path: list[int] = []
            while came[v] >= 0:
                path.append(came[v])
                v = int(arcs.tail[came[v]])
            path.reverse()
            looped = _twice(arcs, path)
            out[i, j] = _exact(arcs, origin, destination) if looped else float(arcs.time_h[path].sum())
    _same(out, origins, destinations)
    return out


def _tree(near: Sequence[Sequence[tuple[int, int, int]]], starts: Iterable[int]) -> tuple[list[int], list[int]]:
    """Return Dijkstra's distances from the nearest of `starts`, and the last arc of each shortest way."""
    best, came = [FAR] * len(near), [-1] * len(near)
    heap = []
    for s in starts:
        best[s] = 0
        heap.append((0, s))
    while heap:
        here, u = heappop(heap)
        if here > best[u]:
            continue
        for a, v, w in near[u]:
            if here + w < best[v]:
                best[v] = here + w
                came[v] = a
                heappush(heap, (here + w, v))
    return best, came


# ---- chains


LEAST = (
    "mlc_wheeled", "mlc_tracked", "max_mass_t", "max_axle_t", "max_metre_load_t", "max_height_m", "max_width_m",
    "max_length_m", "max_train_length_m", "capacity_veh_h", "capacity_trains_day",
)  # fmt: skip
"""Of a chain the least of these counts."""

FREE = ("max_height_m", "max_width_m", "max_length_m")
"""Where one of these is not stated there is no limit; the others must be stated, or not, along a whole chain."""

OWN = ("link_id", "from_node", "to_node", "length_km", "time_h", "speed_kmh", "fail_probability", "asset_id", "ranges")
LOOSE = ("name", "source", "notes", "e_road", "national_road", "long_tunnels", "mlc_basis", "capacity_basis")
"""Words that need not be the same along a chain; where they differ the chain has none."""


@dataclass(frozen=True, eq=False)
class Compact:
    """A network in which chains of links are one link each, and what each is made of.

    Attributes
    ----------
    net : Network
        The network of chains; a chain's ``parts`` are the ids of its links, ``;`` between them.
    whole : Network
        The network as it was.
    bounds, rows : ndarray of int
        ``rows[bounds[i]:bounds[i + 1]]`` are the links of ``whole`` in chain `i`, in the direction of the chain.
    backward : ndarray of bool
        Of each of `rows`, whether the link runs against its chain.
    """

    net: Network
    whole: Network
    bounds: Array
    rows: Array
    backward: Array

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        return f"{len(self.rows):,} links in {len(self.bounds) - 1:,} chains"

    def __repr__(self) -> str:
        return f"<Compact: {self.headline}>"

    def chains(self, links: Iterable[str]) -> list[str]:
        """Return the chains that some links, and what stands or falls with them, lie in; closing these closes those.

        Raises
        ------
        InputError
            With every link that is not known.
        """
        closed = self.whole.with_assets(self.whole.find_links(links))
        chain = np.empty(len(self.rows), np.int64)
        chain[self.rows] = np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds))
        ids = self.net.table("links")["link_id"]
        hit = dict.fromkeys(chain[[self.whole.link_index[i] for i in closed]].tolist())
        return [str(ids.iat[i]) for i in hit]

    def links(self, chain: str) -> list[str]:
        """Return the links of a chain in its direction."""
        i = self.net.link_index[self.net.find_link(chain)]
        ids = self.whole.table("links")["link_id"]
        return [str(ids.iat[r]) for r in self.rows[self.bounds[i] : self.bounds[i + 1]].tolist()]

    def routes(
        self, origin: str | Iterable[str], destination: str | Iterable[str], *, close: str | Iterable[str] = (),
        **options: Any,
    ) -> Routes:  # fmt: skip
        """Answer :func:`mobility.routes` on the chains, in the links of the whole network.

        Parameters
        ----------
        origin, destination : str or iterable of str
            Places that were kept.
        close : str or iterable of str
            Links of the whole network.
        **options
            Those of :func:`mobility.routes`.
        """
        answer = routes(self.net, origin, destination, close=self.chains(words(close)), **options)
        carrier = find_vehicle(options.get("vehicle", "any"), self.whole)
        held = screen(self.whole, carrier, estimates=options.get("estimates", "strict"))
        found = tuple(self._route(route, held) for route in answer.routes)
        best = self._route(answer.candidate, held) if answer.candidate else None
        return replace(answer, net=self.whole, routes=found, candidate=best)

    def throughput(
        self, origin: str | Iterable[str], destination: str | Iterable[str], *, close: str | Iterable[str] = (),
        **options: Any,
    ) -> Throughput:  # fmt: skip
        """Answer :func:`mobility.throughput` on the chains; a chain in the cut is its narrowest link."""
        from mobility.flows import throughput

        answer = throughput(self.net, origin, destination, close=self.chains(words(close)), **options)
        names = {item: self._narrowest(item) for item in answer.cut}
        flows = [
            replace(flow, link_id=str(self._id(r)), forward=flow.forward != bool(turned))
            for flow in answer.links
            for r, turned in self._of(flow.link_id)
        ]
        items = tuple(replace(c, item=names[c.item]) for c in answer.cut_items)
        return replace(
            answer, net=self.whole, cut=tuple(names[c] for c in answer.cut), cut_items=items, links=tuple(flows)
        )

    def _id(self, row: int) -> str:
        return str(self.whole.table("links")["link_id"].iat[row])

    def _of(self, chain: str) -> list[tuple[int, bool]]:
        i = self.net.link_index[chain]
        part = slice(self.bounds[i], self.bounds[i + 1])
        return list(zip(self.rows[part].tolist(), self.backward[part].tolist(), strict=True))

    def _narrowest(self, item: str) -> str:
        if item not in self.net.link_index:
            return item
        rows = [r for r, _ in self._of(item)]
        column = capacity_column(str(self.whole.table("links")["mode"].iat[rows[0]]))
        return self._id(min(rows, key=lambda r: self.whole.values(column).value[r]))

    def _route(self, route: Route, held: Screen) -> Route:
        """Return a route along chains as one along links, with what holds of each link."""
        table, chains = self.whole.table("links"), self.net.table("links")
        node = self.whole.table("nodes")["node_id"]
        start, end = self.whole.link_ends
        rows: list[int] = []
        places = [route.nodes[0]]
        for chain, at in zip(route.links, route.nodes, strict=False):
            steps = self._of(chain)
            against = str(chains["from_node"].iat[self.net.link_index[chain]]) != at
            for row, turned in steps[::-1] if against else steps:
                rows.append(row)
                places.append(str(node.iat[(start if turned != against else end)[row]]))
        km = self.whole.values("length_km")
        stated, speed = self.whole.values("time_h"), self.whole.values("speed_kmh")
        guess = np.where(np.isnan(stated.value), speed.estimated | km.estimated, stated.estimated)[rows]
        length, limit = km.value[rows], held.estimated[rows]
        return replace(
            route, links=tuple(str(i) for i in table["link_id"].to_numpy(object)[rows]), nodes=tuple(places),
            length_km=math.fsum(length), unknown_km=math.fsum(length[held.unknown[rows]]),
            estimated_km=math.fsum(length[limit | guess]), estimated_limit_km=math.fsum(length[limit]),
            permits=permits_of(held, rows),
        )  # fmt: skip


def compact(net: Network, *, keep: str | Iterable[str] = ()) -> Compact:
    """Draw chains of links together: where only two meet, and nothing changes that could matter, there is no place.

    Of a chain the length and the time are sums, limits and capacities the least on it, the probability of failure that
    of any of its links. Links are drawn together only where an answer cannot depend on it: of one mode, class, speed
    (or with stated times), status, state and structure, with the same columns known and the same estimated. Places
    that have a name, a terminal, a border crossing or a port stay, and links that an upgrade, a group or a structure
    of several links names.

    Parameters
    ----------
    net : Network
    keep : str or iterable of str
        Further places that shall stay.

    Returns
    -------
    Compact

    Raises
    ------
    InputError
        With every place that is not known.

    Notes
    -----
    Exact for routes, disjoint routes, throughput and its cut. An outage of a chain stands for one of each of its
    links. A probability of failure that a question sets for every link counts once for a chain: state it in the table
    instead. Times are rounded to milliseconds once for a chain, not for each link.

    Examples
    --------
    >>> import mobility as mb
    >>> small = compact(mb.load())
    >>> len(small.net.link_index) <= len(small.whole.link_index)
    True
    """
    links, nodes = net.table("links"), net.table("nodes")
    start, end = net.link_ends
    stay = (nodes["name"] != "").to_numpy() | nodes["kind"].isin(("border_crossing", "seaport", "airport")).to_numpy()
    stay[[net.node_index[n] for n in (net.find_nodes(keep) if words(keep) else ())]] = True
    for table in ("terminals", "borders", "ports"):
        if table in net.tables:
            stay |= nodes["node_id"].isin(net.table(table)["node_id"]).to_numpy()
    alone = _alone(net)
    both = np.concatenate([start, end])
    degree = np.bincount(both, minlength=len(nodes))
    order = np.argsort(both, kind="stable")
    first = np.concatenate([[0], np.cumsum(degree)])[:-1]
    spots = np.flatnonzero((degree == 2) & ~stay)
    side = order[np.stack([first[spots], first[spots] + 1], axis=1)]  # which ends of links meet there
    one, two = side[:, 0] % len(links), side[:, 1] % len(links)
    kind = _sameness(net)
    leads = (side < len(links)).sum(axis=1)  # how many of the two start there
    free = (links["direction"] != "forward").to_numpy()
    fits = (one != two) & (kind[one] == kind[two]) & ~alone[one] & ~alone[two] & (free[one] | (leads == 1))
    joint = np.zeros(len(nodes), bool)
    joint[spots[fits]] = True
    while True:
        rows, backward, bounds = _chains(start, end, joint)
        a, b = _chain_ends(start, end, rows, backward, bounds)
        several = np.flatnonzero(np.diff(bounds) > 1)
        wrong = several[_abroad(net, a[several], b[several], rows[bounds[several]])]
        if not len(wrong):
            break
        # Between its ends a chain would lie in other states than its links do.
        for i in wrong.tolist():
            inner = rows[bounds[i] : bounds[i + 1]]
            joint[start[inner]] = joint[end[inner]] = False
    frame = _merged(net, rows, bounds, a, b)
    kept = np.zeros(len(nodes), bool)
    kept[np.concatenate([a, b])] = True
    kept |= degree == 0
    tables = {**net.tables, "links": Table(frame), "nodes": Table(nodes[kept].reset_index(drop=True))}
    return Compact(Network(tables, net.folder, net.year, net.notes), net, bounds, rows, backward)


def _alone(net: Network) -> Array:
    """Return the links that must stay as they are: others refer to them, or fall with them."""
    links = net.table("links")
    asset = links["asset_id"]
    out = np.array((asset != "") & asset.duplicated(keep=False))
    for table in ("upgrades", "groups"):
        if table in net.tables:
            out |= links["link_id"].isin(net.table(table)["link_id"]).to_numpy()
    if "corridors" in net.tables:
        listed = {i for text in net.table("corridors")["alignment"].tolist() for i in split(text)}
        out |= links["link_id"].isin(listed).to_numpy()
    return np.asarray(out | links["mode"].isin(("sea", "waterway")).to_numpy())


def _sameness(net: Network) -> Array:
    """Return a number for each link; two that have the same may become one."""
    links = net.table("links")
    known = columns("links")
    code = np.zeros(len(links), np.int64)
    rail = (links["mode"] == "rail").to_numpy()
    ranged = any(links["ranges"].tolist())

    def refine(cells: Array) -> None:
        nonlocal code
        own, words_ = pd.factorize(cells, use_na_sentinel=False)
        code = np.unique(code * len(words_) + own, return_inverse=True)[1]

    for name in known:
        cells = links[name].to_numpy()
        if name in LEAST or name in ("time_h", "fail_probability"):
            silent = np.isnan(cells)
            if name == "max_axle_t":  # a road without one has no such limit
                silent &= rail
            if name not in FREE or ranged:
                refine(silent)
        elif name == "speed_kmh":
            refine(np.where(np.isnan(links["time_h"].to_numpy(float)), cells, -1.0))
        elif name == "ranges":
            refine(np.array([_range_shape(t) for t in cells.tolist()], object) if ranged else cells)
        elif name not in OWN and name not in LOOSE:
            refine(cells)
    states = {s: i for i, s in enumerate(dict.fromkeys(net.link_countries))}
    refine(np.fromiter(map(states.__getitem__, net.link_countries), np.int64, len(links)))
    return code


def _range_shape(text: str) -> str:
    """Return a ``ranges`` cell without the numbers that a chain takes the least of."""
    return ";".join(p.partition("=")[0] if p.partition("=")[0] in LEAST else p for p in sorted(split(text)))


def _chains(start: Array, end: Array, joint: Array) -> tuple[Array, Array, Array]:
    """Return links chain by chain, whether each runs backward in it, and where each chain starts.

    Chains come in the order of their first link in the table and run as that link does.
    """
    count = len(start)
    a, b = start.tolist(), end.tolist()
    through = joint.tolist()
    meeting: dict[int, list[int]] = {}
    for side in (a, b):
        for row, v in enumerate(side):
            if through[v]:
                meeting.setdefault(v, []).append(row)
    taken = [False] * count
    rows: list[int] = []
    turned: list[bool] = []
    bounds = [0]

    def walk(row: int, back: bool) -> tuple[list[int], list[bool], bool]:
        """Follow a chain from a link on, against its direction if `back`; also return whether it is a ring."""
        path, ways = [row], [back]
        first = row
        while True:
            v = a[row] if back else b[row]
            if not through[v]:
                return path, ways, False
            one, two = meeting[v]
            row = two if row == one else one
            if row == first:
                return path, ways, True
            back = b[row] == v
            path.append(row)
            ways.append(back)

    for row in range(count):
        if taken[row]:
            continue
        ahead, ways, ring = walk(row, False)
        before, against, _ = ([row], [True], True) if ring else walk(row, True)
        path = [*before[:0:-1], *ahead]
        flips = [*(not w for w in against[:0:-1]), *ways]
        for r in path:
            taken[r] = True
        if ring:  # nothing on it stays: each link for itself
            path, flips = sorted(path), [False] * len(path)
            rows += path
            turned += flips
            bounds += range(len(rows) - len(path) + 1, len(rows) + 1)
            continue
        rows += path
        turned += flips
        bounds.append(len(rows))
    return np.array(rows, np.int64), np.array(turned, bool), np.array(bounds, np.int64)


def _chain_ends(start: Array, end: Array, rows: Array, backward: Array, bounds: Array) -> tuple[Array, Array]:
    """Return the rows of the places where each chain starts and ends."""
    low, high = bounds[:-1], bounds[1:] - 1
    a = np.where(backward[low], end[rows[low]], start[rows[low]])
    b = np.where(backward[high], start[rows[high]], end[rows[high]])
    return a, b


def _abroad(net: Network, a: Array, b: Array, row: Array) -> Array:
    """Whether a link between these places would lie in other states than a link of the chain does."""
    nodes = net.table("nodes")
    of = [
        tuple(c for c in pair if c) for pair in zip(nodes["country"].tolist(), nodes["country2"].tolist(), strict=True)
    ]
    out = np.zeros(len(a), bool)
    for i, (p, q, r) in enumerate(zip(a.tolist(), b.tolist(), row.tolist(), strict=True)):
        one, two = of[p], of[q]
        now = tuple(c for c in one if c in two) or tuple(dict.fromkeys(one + two))
        out[i] = now != net.link_countries[r]
    return out


def _merged(net: Network, rows: Array, bounds: Array, a: Array, b: Array) -> pd.DataFrame:
    """Return the table of chains."""
    links, node = net.table("links"), net.table("nodes")["node_id"].to_numpy(object)
    low, size = bounds[:-1], np.diff(bounds)
    lead = np.minimum.reduceat(rows, low)
    many = np.flatnonzero(size > 1)
    out: dict[str, Any] = {}
    for name in links.columns:
        cells = links[name].to_numpy()[rows]
        whole = cells[low].copy()
        if name in LEAST:
            whole = np.fmin.reduceat(cells, low)
        elif name in ("length_km", "time_h"):
            whole = np.where(size > 1, np.add.reduceat(cells, low), whole)
        elif name == "fail_probability":
            whole = np.where(size > 1, 1.0 - np.multiply.reduceat(1.0 - cells, low), whole)
        elif name == "asset_id":
            for i in many.tolist():
                whole[i] = ";".join(x for x in cells[low[i] : low[i] + size[i]].tolist() if x)
        elif name == "ranges":
            for i in many.tolist() if any(cells.tolist()) else ():
                whole[i] = _ranges(cells[low[i] : low[i] + size[i]].tolist())
        elif name != "link_id":
            code = pd.factorize(cells, use_na_sentinel=False)[0]
            differ = np.minimum.reduceat(code, low) != np.maximum.reduceat(code, low)
            whole[differ] = np.nan if whole.dtype == float else ""
        out[name] = whole
    ids = links["link_id"].to_numpy(object)
    known = set(ids.tolist())
    for i in many.tolist():
        name = f"{ids[lead[i]]}+{size[i] - 1}"
        while name in known:
            name += "+"
        known.add(name)
        out["link_id"][i] = name
    out["from_node"], out["to_node"] = node[a], node[b]
    out["parts"] = np.full(len(low), "", object)
    for i in many.tolist():
        out["parts"][i] = ";".join(ids[rows[low[i] : low[i] + size[i]]].tolist())
    text = {k: v if v.dtype == float else pd.Series(v, dtype=object, copy=False) for k, v in out.items()}
    return pd.DataFrame(text, copy=False)


def _ranges(texts: Sequence[str]) -> str:
    """Return the ranges of a chain: of what it has the least of, the least of both ends."""
    every = [parse_ranges(t) for t in texts if t]
    if not every:
        return ""
    ends = {column: tuple(min(one[column][k] for one in every if column in one) for k in (0, 1)) for column in every[0]}
    return ";".join(f"{column}={low!r}:{high!r}" for column, (low, high) in ends.items())
