"""Reliability: how likely some way stays open when links fail at random; exact where that can be had."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, count
from typing import Any, NamedTuple, Unpack

import numpy as np
import pandas as pd

from mobility.arcs import LINK, Arcs, Graph, Options, build_graph
from mobility.errors import InputError, MobilityError
from mobility.kernels import reached
from mobility.montecarlo import BLOCK, Failures, draw, failures
from mobility.network import Network
from mobility.paths import Answer, describe, prepare

Array = np.ndarray[Any, Any]

WIDEST = 24
"""Vertices that a diagram may hold open at once."""

STATES = 400_000
"""States that a layer of a diagram may have while the answer is exact."""

ALL_STATES = 10_000_000
"""States of all layers; each takes 16 bytes until the importance of every unit is known."""

FEW = 8_000
"""Once a layer grew too large only so many states go on, the most probable ones; what is dropped is the gap between
the bounds."""

HOPELESS = 3e7
"""When a diagram is expected to need more states than this it keeps few from the start."""

STARTS = 60
"""Orders of the edges that are tried."""

TIGHT = 1e-6
"""Bounds this close are better than any sample."""

ROUNDING = 1e-12
"""Bounds are widened by this for the rounding of their sums."""

RUNS = 100_000
"""Samples, unless the question says otherwise."""

BLOCKS, ROOM = 64, 100_000_000
"""Blocks of samples that are answered together, and the bytes that they may take."""

CONFIDENCE, NORMAL = 0.95, 1.959963984540054
"""Of an interval, and how many standard errors it spans to either side."""


@dataclass(frozen=True)
class Importance:
    """What one unit, a link, a structure or a common cause, means for the connection.

    Attributes
    ----------
    kind : {"link", "structure", "group"}
    links : tuple of str
        Those that it takes with it.
    birnbaum : float
        Reliability when the unit is up for certain less that when it is down (Birnbaum 1969).
    criticality : float
        Probability that the unit is down and decides, as part of all disconnection; these overlap, so they may
        add up to more than 1.
    error : float
        How far `birnbaum` may be off: 0 when it is exact, half the width of its 95 % interval when it is sampled.
    """

    unit: str
    kind: str
    links: tuple[str, ...]
    fail_probability: float
    birnbaum: float
    criticality: float
    error: float


@dataclass(frozen=True, repr=False)
class Reliability(Answer):
    """The probability that some destination can be reached from some origin.

    Attributes
    ----------
    status : {"ok", "no_route"}
        Whether there is a way when nothing fails.
    reliability, low, high : float
        When exact all three are equal; when sampled, the estimate and its 95 % interval (Clopper and Pearson 1934),
        cut to `bounds`. Bounds closer than 1e-6 stand in for the interval, their middle for the estimate.
    method : {"exact", "monte-carlo"}
    bounds : tuple of float
        What is proven.
    runs : int
        Samples drawn; 0 when exact.
    importance : tuple of Importance
        Of each unit that can fail, most important first.
    assumed : tuple of str
        Links without a stated probability, taken as never failing.
    groups : tuple of str
        Common causes that were counted besides the links' own failures.
    """

    reliability: float = 0.0
    low: float = 0.0
    high: float = 0.0
    method: str = "exact"
    bounds: tuple[float, float] = (0.0, 0.0)
    runs: int = 0
    importance: tuple[Importance, ...] = ()
    assumed: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        if self.status != "ok":
            return "no route"
        interval = "" if self.method == "exact" else f" ({self.low:.6f} to {self.high:.6f})"
        return f"reliability {self.reliability:.6f}{interval}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per unit that can fail, most important first."""
        rows = [{**asdict(i), "links": " ".join(i.links)} for i in self.importance]
        return pd.DataFrame(rows, columns=list(Importance.__dataclass_fields__)).set_index("unit")

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "reliability": self.reliability, "low": self.low, "high": self.high,
            "method": self.method, "bounds": list(self.bounds), "runs": self.runs,
            "importance": [{**asdict(i), "links": list(i.links)} for i in self.importance],
            "assumed": list(self.assumed), "groups": list(self.groups), "question": dict(self.question),
        }  # fmt: skip


def reliability(
    net: Network,
    origin: str | Iterable[str],
    destination: str | Iterable[str],
    *,
    fail: float | None = None,
    method: str = "auto",
    runs: int = RUNS,
    seed: int = 0,
    **options: Unpack[Options],
) -> Reliability:
    """Compute the probability that some destination can be reached from some origin when links fail at random.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str
    fail : float, optional
        Probability of failure of every link or structure; left out: their ``fail_probability``.
    method : {"auto", "exact", "monte-carlo"}
        ``auto`` is exact where the diagram stays small enough, else it proves bounds, and samples where these are
        wide.
    runs, seed : int
        Of the sampling.
    **options
        See :class:`mobility.arcs.Options`.

    Returns
    -------
    Reliability

    Raises
    ------
    InputError
        With every name and option that is not understood; when no probability is known.
    MobilityError
        When ``exact`` was asked for and the diagram grows beyond its bounds.

    Notes
    -----
    Units fail independently of each other; links of one structure fail as one, and each group of ``groups.csv``
    with a probability is a unit that takes all its links at once (:func:`mobility.montecarlo.failures`). Places,
    borders and terminals do not fail.

    Connected means reachable: what can be driven, loaded and shipped. A vehicle may pass a place twice on the way,
    once by each mode, as when it drives to a railhead and comes back by train; the routes of other answers pass a
    place once. The two differ only where such a turn is the last way left.

    Exact: series, parallel and dead ends are folded away, then a decision diagram runs over what is left, edge by
    edge; a state says which open vertices are reached, which reach the destination, and which reach each other
    (frontier method: Rosenthal 1977, Hardy, Lucet and Limnios 2007, here for one-way links and shared causes).

    Examples
    --------
    >>> import mobility as mb
    >>> sure = mb.reliability(mb.load(), "Durrës", "Burgas", fail=0.02, modes="road")
    >>> sure.method, sure.low == sure.reliability == sure.high
    ('exact', True)
    """
    faults = []
    if method not in ("auto", "exact", "monte-carlo"):
        faults.append(f"method is {method!r}; it must be auto, exact or monte-carlo")
    if not isinstance(runs, int) or not 1 <= runs <= 1_000_000_000:
        faults.append(f"runs is {runs!r}; it must be a whole number from 1 to 1 000 000 000")
    if not isinstance(seed, int) or seed < 0:
        faults.append(f"seed is {seed!r}; it must be a whole number from 0 on")
    if faults:
        raise InputError([f for text in faults for f in InputError(text).findings])
    origins, destinations, _, arcs = prepare(net, origin, destination, (), options)
    causes = failures(arcs, fail)
    graph = build_graph(arcs, origins, destinations)
    question = describe(arcs, origins, destinations, fail=fail, method=method, runs=runs, seed=seed)
    if not reached(graph.size, graph.tail, graph.head, [graph.source])[graph.sink]:
        return Reliability(net, question, "no_route", assumed=causes.assumed, groups=causes.groups)
    lottery = _Lottery(arcs, graph, causes)
    proof = _Proof(0.0, 1.0, {}) if method == "monte-carlo" else proven(lottery)
    low, high, bounds = proof.low, proof.high, (proof.low, proof.high)
    value, worth, drawn, how = (low + high) / 2, proof.worth, 0, "exact"
    if low < high and method == "exact":
        raise MobilityError(
            f"no exact answer within {STATES:,} states: the reliability is proven to lie between {low:.9g} and "
            f"{high:.9g}; auto and monte-carlo go on from there"
        )
    if low < high:
        how, drawn = "monte-carlo", runs
        found, sampled = sample(lottery, runs, seed)
        below, above = interval(found, runs)
        if high - low > TIGHT:
            low, high, worth = max(below, low), min(above, high), sampled
            value = min(max(found / runs, low), high)
    ranked = _ranked(arcs, causes, worth, 1.0 - value)
    return Reliability(
        net, question, "ok", value, low, high, how, bounds, drawn, ranked, causes.assumed, causes.groups
    )  # fmt: skip


def interval(found: int, runs: int) -> tuple[float, float]:
    """Return the 95 % interval of a probability that was met `found` times in `runs` (Clopper and Pearson 1934).

    >>> low, high = interval(0, 100)
    >>> low, round(high, 4)
    (0.0, 0.0362)
    """
    from scipy.special import betaincinv

    side = (1.0 - CONFIDENCE) / 2
    low = float(betaincinv(found, runs - found + 1, side)) if found else 0.0
    high = float(betaincinv(found + 1, runs - found, 1.0 - side)) if found < runs else 1.0
    return low, high


def _ranked(
    arcs: Arcs, causes: Failures, worth: Mapping[int, tuple[float, float]], risk: float
) -> tuple[Importance, ...]:
    """Return the importance of each unit that can fail; `worth` is Birnbaum's with its error, by unit."""
    ids = arcs.net.table("links")["link_id"].to_numpy(object)
    out = []
    for unit, (name, rows) in enumerate(zip(causes.ids, causes.rows, strict=True)):
        p = float(causes.probability[unit])
        if p > 0:
            birnbaum, error = worth.get(unit, (0.0, 0.0))
            kind = "link" if (name,) == tuple(ids[list(rows)]) else "structure"
            out.append(
                Importance(
                    unit=name, kind="group" if unit >= len(causes.ids) - len(causes.groups) else kind,
                    links=tuple(str(ids[r]) for r in rows), fail_probability=p, birnbaum=birnbaum,
                    criticality=min(1.0, birnbaum * p / risk) if risk > 0 else 0.0, error=error,
                )
            )  # fmt: skip
    return tuple(sorted(out, key=lambda i: (-i.birnbaum, -i.fail_probability, i.unit)))


# ---- the question as edges that need units


class _Edge(NamedTuple):
    """Arcs that stand and fall together: up when `own` is and all of `shared` are.

    `own` is a node of a `_Tape`, -1 for what never fails; `shared` are units that other edges need too.
    """

    arcs: frozenset[tuple[int, int]]
    own: int
    shared: frozenset[int]

    @property
    def sure(self) -> bool:
        return self.own < 0 and not self.shared

    @property
    def vertices(self) -> set[int]:
        return {v for arc in self.arcs for v in arc}


class _Lottery:
    """The edges that a way can use, each with the units that it needs, and by unit the probability that it is up."""

    def __init__(self, arcs: Arcs, graph: Graph, causes: Failures) -> None:
        self.source, self.sink = graph.source, graph.sink
        self.up = 1.0 - causes.probability
        needs: dict[int, list[int]] = {}
        for unit, rows in enumerate(causes.rows):
            if self.up[unit] < 1.0:
                for row in rows:
                    needs.setdefault(row, []).append(unit)
        ways: dict[int, list[tuple[int, int]]] = {}  # by row of the links; other arcs never fail and stand alone
        kind, item = graph.spread(arcs.kind, -1).tolist(), graph.spread(arcs.item, -1).tolist()
        for a, way in enumerate(zip(graph.tail.tolist(), graph.head.tolist(), strict=True)):
            ways.setdefault(item[a] if kind[a] == LINK else -1 - a, []).append(way)
        edges = [_Edge(frozenset(some), -1, frozenset(needs.get(row, ()))) for row, some in ways.items()]
        edges = _contracted(edges, graph.source, graph.sink)
        self.edges = _relevant(edges, graph.source, graph.sink)


class _Tape:
    """Probabilities built from each other in series and in parallel; the first are the units themselves."""

    def __init__(self, up: Array) -> None:
        self.value: list[float] = up.tolist()
        self._made: list[tuple[bool, int, int]] = []
        self._units = len(up)

    def series(self, a: int, b: int) -> int:
        """Return the node of what needs both; -1 is what never fails."""
        return self._add(True, a, b) if a >= 0 and b >= 0 else max(a, b)

    def parallel(self, a: int, b: int) -> int:
        """Return the node of what needs one of the two."""
        return self._add(False, a, b) if a >= 0 and b >= 0 else -1

    def _add(self, series: bool, a: int, b: int) -> int:
        x, y = self.value[a], self.value[b]
        self.value.append(x * y if series else x + y - x * y)
        self._made.append((series, a, b))
        return len(self.value) - 1

    def slopes(self, of: Mapping[int, tuple[float, float]]) -> dict[int, tuple[float, float]]:
        """Return by unit how fast the result grows with its probability, from bounds of that by node (chain rule).

        What is returned is the middle between its bounds, and half their distance.
        """
        slope = np.zeros((len(self.value), 2))
        for node, bounds in of.items():
            slope[node] = bounds
        for i in range(len(self.value) - 1, self._units - 1, -1):
            series, a, b = self._made[i - self._units]
            x, y = self.value[a], self.value[b]
            slope[a] += slope[i] * (y if series else 1.0 - y)
            slope[b] += slope[i] * (x if series else 1.0 - x)
        low, high = np.clip(slope[: self._units], 0.0, 1.0).T
        return dict(enumerate(zip(((low + high) / 2).tolist(), ((high - low) / 2).tolist(), strict=True)))


class _Proof(NamedTuple):
    """Bounds of the reliability, equal when it is exact, and Birnbaum's importance of each unit with its error."""

    low: float
    high: float
    worth: dict[int, tuple[float, float]]


def proven(lottery: _Lottery) -> _Proof:
    """Return what a decision diagram of bounded size proves."""
    s, t = lottery.source, lottery.sink
    tape = _Tape(lottery.up)
    edges = _reduced(lottery.edges, s, t, tape)
    if len(edges) == 1 and edges[0].sure:
        return _Proof(1.0, 1.0, {})
    order, expected = _order(edges, s, t)
    if not order:
        return _Proof(0.0, 1.0, {})
    diagram = _Diagram(order, s, t, tape, STATES if expected < HOPELESS else FEW)
    worth = tape.slopes(diagram.slopes())
    if diagram.complete:
        value = min(1.0, diagram.won)
        return _Proof(value, value, worth)
    return _Proof(max(0.0, diagram.won - ROUNDING), min(1.0, diagram.won + diagram.lost + ROUNDING), worth)


# ---- what can be folded away


def _reduced(edges: list[_Edge], s: int, t: int, tape: _Tape) -> list[_Edge]:
    """Return fewer edges of the same reliability; what is sure alone is left as one edge from s to t."""
    while True:
        before = edges
        edges = _contracted(edges, s, t)
        edges = _relevant(edges, s, t)
        edges = _absorbed(edges, tape)
        edges = _parallel(edges, tape)
        edges = _series(edges, s, t, tape)
        if edges == before:
            return edges


def _contracted(edges: list[_Edge], s: int, t: int) -> list[_Edge]:
    """Merge vertices between which what never fails leads, wherever that adds no way.

    A vertex goes into the next when its only way out is sure, and into the one before when its only way in is; two
    merge when they lead to each other, or when all they have are the same sure ways out, or in. So the arrivals and
    departures of a place become one vertex, unless its terminals do not join every mode with every other.
    """
    while True:
        out: dict[int, set[int]] = {}
        into: dict[int, set[int]] = {}
        risky_out, risky_in = set(), set()
        for edge in edges:
            for u, v in edge.arcs:
                if edge.sure:
                    out.setdefault(u, set()).add(v)
                    into.setdefault(v, set()).add(u)
                else:
                    risky_out.add(u)
                    risky_in.add(v)
        if t in out.get(s, ()):
            return [_Edge(frozenset([(s, t)]), -1, frozenset())]
        home = dict.fromkeys(out.get(s, ()), s) or dict.fromkeys(into.get(t, ()), t)
        if not home:
            pairs = chain(
                _alike(out, risky_out),
                _alike(into, risky_in),
                ((u, v) for u, ways in out.items() for v in ways if u in out.get(v, ())),
            )
            used: set[int] = set()  # a vertex merges once at a time, as that changes the ways of others
            for u, v in pairs:
                if u != v and u not in used and v not in used:
                    home[u] = v
                    used |= {u, v}
        if not home:
            return edges
        moved = (e._replace(arcs=_useful(((home.get(u, u), home.get(v, v)) for u, v in e.arcs), s, t)) for e in edges)
        edges = [edge for edge in moved if edge.arcs]


def _alike(sure: Mapping[int, set[int]], risky: Collection[int]) -> Iterator[tuple[int, int]]:
    """Yield the pairs that may merge by their sure ways on one side."""
    same: dict[frozenset[int], int] = {}
    for u, ways in sure.items():
        if u not in risky:
            yield u, next(iter(ways)) if len(ways) == 1 else same.setdefault(frozenset(ways), u)


def _useful(arcs: Iterable[tuple[int, int]], s: int, t: int) -> frozenset[tuple[int, int]]:
    """Return the arcs that lead somewhere new."""
    return frozenset((u, v) for u, v in arcs if u != v and v != s and u != t)


def _relevant(edges: list[_Edge], s: int, t: int) -> list[_Edge]:
    """Return the edges without arcs that no way from s to t can use."""
    while True:
        out: dict[int, list[int]] = {}
        into: dict[int, list[int]] = {}
        near: dict[int, set[int]] = {s: {t}, t: {s}}
        for edge in edges:
            for u, v in edge.arcs:
                out.setdefault(u, []).append(v)
                into.setdefault(v, []).append(u)
                near.setdefault(u, set()).add(v)
                near.setdefault(v, set()).add(u)
        kept = _spread_from(out, s) & _spread_from(into, t) & _block(near, s, t)
        left = [edge._replace(arcs=frozenset(a for a in edge.arcs if kept.issuperset(a))) for edge in edges]
        left = [edge for edge in left if edge.arcs]
        if left == edges:
            return left
        edges = left


def _spread_from(ways: Mapping[int, list[int]], start: int) -> set[int]:
    found, stack = {start}, [start]
    while stack:
        for v in ways.get(stack.pop(), ()):
            if v not in found:
                found.add(v)
                stack.append(v)
    return found


def _block(near: Mapping[int, set[int]], s: int, t: int) -> set[int]:
    """Return the vertices that no single other one cuts off from both s and t (the block of the edge s-t)."""
    rank = {s: 0, t: 1}
    low, parent = {t: 0}, {t: s}
    stack = [(t, iter(near[t]))]
    while stack:
        v, more = stack[-1]
        for w in more:
            if w not in rank:
                rank[w] = low[w] = len(rank)
                parent[w] = v
                stack.append((w, iter(near[w])))
                break
            if w != parent[v]:
                low[v] = min(low[v], rank[w])
        else:
            stack.pop()
            if parent[v] != s:
                low[parent[v]] = min(low[parent[v]], low[v])
    kept = {s, t}
    for v in list(rank)[2:]:
        if parent[v] in kept and low[v] < rank[parent[v]]:
            kept.add(v)
    return kept


def _absorbed(edges: list[_Edge], tape: _Tape) -> list[_Edge]:
    """Count a unit that a single edge needs as that edge's own."""
    asked = Counter(unit for edge in edges for unit in edge.shared)
    out = []
    for edge in edges:
        own = edge.own
        for unit in sorted(u for u in edge.shared if asked[u] == 1):
            own = tape.series(own, unit)
        out.append(edge._replace(own=own, shared=frozenset(u for u in edge.shared if asked[u] > 1)))
    return out


def _parallel(edges: list[_Edge], tape: _Tape) -> list[_Edge]:
    """Join edges that lead the same ways, and those between the same vertices that need the same units alone."""
    found: dict[tuple[frozenset[Any], frozenset[int]], _Edge] = {}
    for edge in edges:
        alone = edge.own < 0 and bool(edge.shared)
        key = (frozenset(edge.vertices) if alone else edge.arcs, edge.shared)
        other = found.get(key)
        if other is None:
            found[key] = edge
        elif alone:
            found[key] = edge._replace(arcs=edge.arcs | other.arcs)
        else:
            found[key] = edge._replace(own=tape.parallel(other.own, edge.own))
    return list(found.values())


def _series(edges: list[_Edge], s: int, t: int, tape: _Tape) -> list[_Edge]:
    """Join the two edges of a vertex that has no third, and drop the one of a dead end."""
    kept = dict(enumerate(edges))
    at: dict[int, set[int]] = {}
    for i, edge in kept.items():
        for v in edge.vertices:
            at.setdefault(v, set()).add(i)
    todo = [v for v in at if v not in (s, t)]
    number = count(len(edges))
    while todo:
        x = todo.pop()
        mine = sorted(at[x])
        others = [kept[i].vertices - {x} for i in mine]
        if not 1 <= len(mine) <= 2 or any(len(o) != 1 for o in others):
            continue
        taken = [kept.pop(i) for i in mine]
        ends = [o.pop() for o in others]
        for i, v in zip(mine, ends, strict=True):
            at[v].discard(i)
            at[x].discard(i)
        if len(mine) == 2:
            (first, second), (a, b) = taken, ends
            ways = [(a, b)] * ((a, x) in first.arcs and (x, b) in second.arcs)
            ways += [(b, a)] * ((b, x) in second.arcs and (x, a) in first.arcs)
            arcs = _useful(ways, s, t)
            if arcs:
                new = next(number)
                kept[new] = _Edge(arcs, tape.series(first.own, second.own), first.shared | second.shared)
                at[a].add(new)
                at[b].add(new)
        todo += [v for v in ends if v not in (s, t)]
    return list(kept.values())


# ---- the decision diagram


def _order(edges: list[_Edge], s: int, t: int) -> tuple[list[_Edge], float]:
    """Return the edges in an order that holds few vertices and units open at once, and the states to expect.

    From many a vertex in turn one goes on to the neighbour that leaves the fewest open; the order with the fewest
    states to expect wins. Without any order when all hold too many vertices open.
    """
    near: dict[int, set[int]] = {}
    for edge in edges:
        inner = edge.vertices - {s, t}
        for v in inner:
            near.setdefault(v, set()).update(inner - {v})
    if not near:
        return edges, 1.0
    best: tuple[list[_Edge], float] = ([], math.inf)
    starts = sorted(near)
    for tried, start in enumerate(starts[:: 1 + len(starts) // STARTS]):
        walk = _walk(near, start)
        if walk is None:
            if tried >= STARTS // 6 and not best[0]:
                break  # a network this wide has no narrow order from elsewhere
            continue
        rank = {v: i for i, v in enumerate(walk)} | {s: -1, t: -1}
        first = [sorted(rank[v] for v in e.vertices if rank[v] >= 0) for e in edges]
        for turns in ([turn[::-1] for turn in first], first):  # an edge comes with its last vertex, or with its first
            ordered = [edges[i] for _, i in sorted((turn, i) for i, turn in enumerate(turns))]
            cost = _expected(ordered, s, t)
            if cost < best[1]:
                best = ordered, cost
    return best


def _walk(near: Mapping[int, set[int]], start: int) -> list[int] | None:
    """Return the vertices from one on, always the next that leaves the fewest open; None when these are too many."""
    left = {v: len(mates) for v, mates in near.items()}
    taken: dict[int, int] = {}
    rest, ahead, open_ = set(near), {start}, 0
    while rest:
        if not ahead:
            ahead = {min(rest)}
        growth, _, _, v = min(
            (
                (left[v] > 0) - sum(y in taken and left[y] == 1 for y in near[v]),
                -sum(y in taken for y in near[v]),
                min((taken[y] for y in near[v] if y in taken), default=0),
                v,
            )
            for v in ahead
        )
        open_ += growth
        if open_ > WIDEST:
            return None
        taken[v] = len(taken)
        rest.discard(v)
        ahead.discard(v)
        for y in near[v]:
            left[y] -= 1
            if y not in taken:
                ahead.add(y)
    return list(taken)


def _expected(order: Sequence[_Edge], s: int, t: int) -> float:
    """Return a guess of how many states an order of edges needs: each open vertex triples, each unit doubles them.

    Infinite when a layer would be too wide.
    """
    last: dict[int, int] = {}
    shared: dict[int, int] = {}
    for i, edge in enumerate(order):
        last.update(dict.fromkeys(edge.vertices - {s, t}, i))
        shared.update(dict.fromkeys(edge.shared, i))
    ends = Counter(last.values())
    ends_shared = Counter(shared.values())
    met: set[int] = set()
    live: set[int] = set()
    wide = deep = 0
    total = 0.0
    for i, edge in enumerate(order):
        for v in edge.vertices - {s, t}:
            wide += v not in met
            met.add(v)
        for unit in edge.shared:
            deep += unit not in live
            live.add(unit)
        if wide > WIDEST or deep > WIDEST:
            return math.inf
        total += 3.0**wide * 2.0**deep
        wide -= ends[i]
        deep -= ends_shared[i]
    return total


class _Diagram:
    """The decision diagram of edges in a given order, layer by layer, all states of a layer at once.

    A state is a column: a row of bits per open vertex, the others that it reaches by what was decided; then the
    vertices reached from s, those that reach t, and the shared units that are up. Vertices that s reaches or that
    reach t need no row. Equal columns are one state.

    Attributes
    ----------
    won : float
        Probability of a way.
    lost : float
        Probability of the states that were dropped because a layer grew too large.
    complete : bool
        Whether none was dropped.
    """

    def __init__(self, order: Sequence[_Edge], s: int, t: int, tape: _Tape, states: int) -> None:
        self._s, self._t, self._tape = s, t, tape
        self._layers: list[tuple[int, float, Array, Array, Array, float]] = []
        self.won = self.lost = 0.0
        self.complete = True
        self._run(order, states)

    def slopes(self) -> dict[int, tuple[float, float]]:
        """Return bounds, by node of the tape, of what the reliability gains when it goes from never to always up.

        What was dropped counts as lost in the lower values and as won in the higher ones.
        """
        out: dict[int, tuple[float, float]] = {}
        ends = np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 0.0]])  # of what was dropped, won and lost: -3, -2 and -1
        low, high = ends
        for node, p, mass, up, down, lost in reversed(self._layers):
            if node >= 0:
                out[node] = float(mass @ (low[up] - high[down])), float(mass @ (high[up] - low[down])) + lost
            low = np.r_[p * low[up] + (1.0 - p) * low[down], ends[0]]
            high = np.r_[p * high[up] + (1.0 - p) * high[down], ends[1]]
        return out

    def _run(self, order: Sequence[_Edge], states: int) -> None:
        s, t = self._s, self._t
        inner = [edge.vertices - {s, t} for edge in order]
        last = {v: i for i, vertices in enumerate(inner) for v in vertices}
        last_use = {unit: i for i, edge in enumerate(order) for unit in edge.shared}
        exits = [sum(u == s for u, _ in edge.arcs) for edge in order]
        entries = [sum(v == t for _, v in edge.arcs) for edge in order]
        slot: dict[int, int] = {}
        bit: dict[int, int] = {}
        cells = np.zeros((3, 1), np.uint32)  # reached from s, leading to t, units that are up; then a row per slot
        mass = np.ones(1)
        kept = 0
        for i, edge in enumerate(order):
            for unit in sorted(edge.shared - bit.keys()):
                bit[unit] = _free(bit)
                cells, mass = self._decided(unit, bit[unit], cells, mass)
            for v in sorted(inner[i] - slot.keys()):
                slot[v] = _free(slot)
                if slot[v] + 3 == len(cells):
                    cells = np.r_[cells, np.zeros((1, cells.shape[1]), np.uint32)]
            arcs = [(slot.get(u, -1), slot.get(v, -1)) for u, v in sorted(edge.arcs)]
            needed = sum(1 << bit[unit] for unit in edge.shared)
            closed = [slot.pop(v) for v in sorted(inner[i]) if last[v] == i]
            settled = sum(1 << bit.pop(unit) for unit in sorted(edge.shared) if last_use[unit] == i)
            must = [row for row, more in ((0, exits), (1, entries)) if not any(more[i + 1 :])]
            cells, mass = self._laid(edge.own, arcs, needed, closed, settled, must, cells, mass)
            kept += len(mass)
            if len(mass) > (states if self.complete and kept <= ALL_STATES else FEW):
                cells, mass = self._dropped(cells, mass)
            if not len(mass):
                return

    def _decided(self, unit: int, bit: int, cells: Array, mass: Array) -> tuple[Array, Array]:
        """Branch on whether a shared unit is up."""
        p, n = self._tape.value[unit], len(mass)
        self._keep(unit, p, mass, np.arange(n, 2 * n), np.arange(n))
        above = cells.copy()
        above[2] |= np.uint32(1 << bit)
        return np.c_[cells, above], np.r_[mass * (1.0 - p), mass * p]

    def _laid(
        self, own: int, arcs: Sequence[tuple[int, int]], needed: int, closed: Sequence[int], settled: int,
        must: Sequence[int], cells: Array, mass: Array,
    ) -> tuple[Array, Array]:  # fmt: skip
        """Branch on whether an edge is up, where the shared units that it needs are.

        Parameters
        ----------
        own : int
        arcs : sequence of pair of int
            Slots of their ends; -1 for s and t.
        needed, settled : int
            Bits of the units it shares, and of those that no later edge needs.
        closed : sequence of int
            Slots of vertices without later edges.
        must : sequence of int
            0 when no later edge leaves s, so that some open vertex must be reached; 1 when none enters t.
        """
        n, p = len(mass), 1.0 if own < 0 else self._tape.value[own]
        able = np.flatnonzero((cells[2] & np.uint32(needed)) == needed)
        above = cells[:, able]
        for u, v in arcs:
            _link(above, u, v)
        won = (above[0] & above[1]) != 0
        self.won += float(p * mass[able[won]].sum())
        both = np.c_[cells, above]
        share = np.r_[mass, mass[able] * p]
        share[able] *= 1.0 - p
        stays = np.ones(len(share), bool)
        stays[n:] = ~won
        if own < 0:
            stays[able] = False
        if closed:
            keep = np.uint32(0xFFFFFFFF - sum(1 << x for x in closed))
            both[[x + 3 for x in closed]] = 0
            both[:2] &= keep
            both[3:] &= keep
        both[2] &= np.uint32(0xFFFFFFFF - settled)
        for row in must:
            stays &= both[row] != 0
        some = np.flatnonzero(stays)
        goes = np.full(len(share), -1)
        goes[n:][won] = -2
        cells, mass_after, goes[some] = _merged(both[:, some], share[some])
        up, down = goes[:n].copy(), goes[:n]
        up[able] = goes[n:]
        self._keep(own, p, mass, up, up if own < 0 else down)
        return cells, mass_after

    def _dropped(self, cells: Array, mass: Array) -> tuple[Array, Array]:
        """Keep the most probable states."""
        self.complete = False
        ranked = np.argsort(-mass, kind="stable")
        best = np.sort(ranked[:FEW])
        goes = np.full(len(mass) + 3, -3, np.int32)
        goes[best] = np.arange(len(best))
        goes[-2:] = -2, -1
        node, p, before, up, down, lost = self._layers[-1]
        self._layers[-1] = node, p, before, goes[up], goes[down], lost
        self.lost += float(mass[ranked[FEW:]].sum())
        return cells[:, best], mass[best]

    def _keep(self, node: int, p: float, mass: Array, up: Array, down: Array) -> None:
        self._layers.append((node, p, mass, up.astype(np.int32), down.astype(np.int32), self.lost))


def _free(used: Mapping[int, int]) -> int:
    """Return the least number that is not taken."""
    taken = set(used.values())
    return next(i for i in range(len(taken) + 1) if i not in taken)


def _link(cells: Array, u: int, v: int) -> None:
    """Add an arc between two slots to every state, in place; -1 as tail is s, as head t."""
    one = np.uint32(1)
    rows = cells[3:]
    index = np.arange(len(rows), dtype=np.uint32)[:, None]
    if u < 0 and v < 0:
        cells[:2] |= np.uint32(1 << 31)
    elif u < 0:
        cells[0] |= rows[v] | one << np.uint32(v)
    else:
        before = (rows >> np.uint32(u)) & one
        before[u] = 1
        comes = np.bitwise_or.reduce(before << index, axis=0)
        if v < 0:
            cells[1] |= comes
        else:
            goes = rows[v] | one << np.uint32(v)
            cells[0] |= goes * ((cells[0] >> np.uint32(u)) & one)
            cells[1] |= comes * ((cells[1] >> np.uint32(v)) & one)
            rows |= goes * before
            rows &= ~(one << index)
    free = ~(cells[0] | cells[1])
    rows &= free
    rows *= (free >> index) & one


def _merged(cells: Array, mass: Array) -> tuple[Array, Array, Array]:
    """Return the different columns, the sum of mass of each, and where every column went."""
    factors = np.random.default_rng(0).integers(1 << 63, size=len(cells), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    key = np.zeros(cells.shape[1], np.uint64)
    for factor, row in zip(factors, cells, strict=True):
        key += row * factor
    _, first, where = np.unique(key, return_index=True, return_inverse=True)
    if (cells != cells[:, first[where]]).any():  # two columns with one key, by a rare chance
        _, first, where = np.unique(cells, axis=1, return_index=True, return_inverse=True)
    return cells[:, first], np.bincount(where, mass, len(first)), where


# ---- sampling


def sample(lottery: _Lottery, runs: int, seed: int) -> tuple[int, dict[int, tuple[float, float]]]:
    """Return in how many of some samples there is a way, and Birnbaum's importance of each unit with its error.

    A bit is a sample: one pass over the graph answers for all samples of a batch. They are those of
    :func:`mobility.montecarlo.draw`, so that the same seed gives the same failures everywhere.
    """
    chance = 1.0 - lottery.up
    found = 0
    down_at, found_down = np.zeros(len(chance), np.int64), np.zeros(len(chance), np.int64)
    batch = max(1, min(BLOCKS, ROOM // (len(chance) * BLOCK // 8)))
    for first in range(0, runs, batch * BLOCK):
        blocks = min(batch, -(-(runs - first) // BLOCK))
        down = np.zeros((len(chance), blocks * BLOCK // 64), np.uint64)
        for i in range(blocks):
            drawn = draw(chance, seed, first // BLOCK + i)
            at = i * BLOCK + np.arange(BLOCK).repeat(np.diff(drawn.sample))
            np.bitwise_or.at(down, (drawn.what, at >> 6), np.uint64(1) << (at & 63).astype(np.uint64))
        asked = np.packbits(np.arange(blocks * BLOCK) < runs - first, bitorder="little").view("<u8")
        joined = _reach(lottery, down) & asked
        found += int(np.bitwise_count(joined).sum())
        down_at += np.bitwise_count(down & asked).sum(axis=1, dtype=np.int64)
        found_down += np.bitwise_count(down & joined).sum(axis=1, dtype=np.int64)
    worth = {}
    for unit, (n, x) in enumerate(zip(down_at.tolist(), found_down.tolist(), strict=True)):
        # One success and one failure more on each side keep the interval honest (Agresti and Caffo 2000).
        up, out = (found - x + 1) / (runs - n + 2), (x + 1) / (n + 2)
        error = NORMAL * math.sqrt(up * (1 - up) / (runs - n + 2) + out * (1 - out) / (n + 2))
        plain = (found - x) / (runs - n) - x / n if 0 < n < runs else up - out
        worth[unit] = (max(0.0, plain), error)
    return found, worth


def _reach(lottery: _Lottery, down: Array) -> Array:
    """Return the samples, as bits, in which there is a way; `down` are those in which each unit is down."""
    s, t = lottery.source, lottery.sink
    every = ~np.zeros(down.shape[1], np.uint64)
    ways: dict[int, list[tuple[int, Array]]] = {}
    for edge in lottery.edges:
        stands = every
        for unit in edge.shared:
            stands = stands & ~down[unit]
        for u, v in edge.arcs:
            ways.setdefault(u, []).append((v, stands))
    met = {s: every, t: np.zeros_like(every)}
    waiting, queued = deque([s]), {s}
    while waiting:
        u = waiting.popleft()
        queued.discard(u)
        for v, stands in ways.get(u, ()):
            before = met.get(v)
            after = met[u] & stands if before is None else before | (met[u] & stands)
            if before is None or (after != before).any():
                met[v] = after
                if v not in queued:
                    waiting.append(v)
                    queued.add(v)
    return met[t]
