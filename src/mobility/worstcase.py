"""The worst case: which K links, places or groups hurt most when they are lost, and which to protect against it.

Both questions are games in two moves. One side chooses some units, the other answers as well as it still can: a
fastest route around the losses, a flow, an attack around the protection. Each answer names the units that have to be
chosen to do better than it. What is proven is said, and what is not comes with its bound.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from heapq import heappop, heappush
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple, Unpack

import numpy as np
import pandas as pd

from mobility.arcs import LINK, TRANSFER, UNKNOWN_PENALTY, Arcs, Graph, Options, Unit, breakable, words
from mobility.arcs import units as units_of
from mobility.errors import Attempts, Finding, InputError, did_you_mean, shorten
from mobility.flows import ROOM, FlowGraph, flow_graph
from mobility.force import Force
from mobility.kernels import FAR, Flow, PlainFlow, Router, reached
from mobility.network import Network
from mobility.paths import Answer, describe, k_shortest, prepare

Array = np.ndarray[Any, Any]

MOST = 100
"""Most units that can be asked for at once."""

PROBES = 20
"""So many routes that share nothing are looked for first."""

PLAIN_WORK = 4_000
"""After flows on so many arcs, all counted together, the compiled loops are worth loading: one question asks for
dozens of flows."""

PRICES = 30
"""So many prices are tried before a unit is split on."""

ROUNDS = 150
"""So often the parts that arcs pay are shifted."""

LOOK = 200
"""So many replies are looked at before a choice is widened."""

SLACK = 1e-9
"""A budget may be missed by this part of itself, for sums of decimal fractions."""

FINEST = 1e-4
"""Vehicles a day within which two throughputs are one."""

OTHERS = "*"
"""In a table of costs: every unit that is not listed."""

INFINITE = math.inf


# ---- answers


@dataclass(frozen=True)
class Rank:
    """The worst loss of up to `k` units; see :class:`WorstCase`."""

    k: int
    units: tuple[str, ...]
    links: tuple[str, ...]
    value: float | None
    bound: float | None
    proven: bool


@dataclass(frozen=True, repr=False)
class WorstCase(Answer):
    """The units whose loss hurts most.

    Attributes
    ----------
    objective : {"throughput", "time", "closure"}
    of : {"links", "nodes", "groups", "countries"}
    units : tuple of str
        Ids of the units that are lost; fewer than asked for when more do no more harm.
    links : tuple of str
        Their links.
    base, value : float or None
        Vehicles a day, hours of the fastest route, or hours until a force has closed, before and after. A cut has
        time and closure None and throughput 0.
    cut : bool
        Whether no route is left.
    bound : float or None
        No loss that could be chosen leaves less throughput, or more hours, than this; None for hours when a cut is
        not ruled out. It equals `value` where that is proven.
    proven : bool
        Whether it is proven that nothing hurts more.
    method : str
        What found it: ``routes``, ``cuts`` or, for closure, ``plans``; see the methods in the documentation.
    ranking : tuple of Rank
        The same for every smaller number of units; empty with a budget.
    """

    objective: str = "throughput"
    of: str = "links"
    units: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    base: float | None = None
    value: float | None = None
    cut: bool = False
    bound: float | None = None
    proven: bool = True
    method: str = "routes"
    ranking: tuple[Rank, ...] = ()

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        if self.status != "ok":
            return "no route"
        return f"without {', '.join(self.units) or 'anything'}: {_told(self.objective, self.value, self.proven)}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per number of units lost; with a budget the one row of the answer."""
        rank = Rank(len(self.units), self.units, self.links, self.value, self.bound, self.proven)
        rows = [{**asdict(r), "units": " ".join(r.units), "links": " ".join(r.links)} for r in self.ranking or (rank,)]
        return pd.DataFrame(rows, columns=list(Rank.__dataclass_fields__)).set_index("k")

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        ranking = [{**asdict(r), "units": list(r.units), "links": list(r.links)} for r in self.ranking]
        return {
            "status": self.status, "objective": self.objective, "of": self.of, "units": list(self.units),
            "links": list(self.links), "base": self.base, "value": self.value, "cut": self.cut, "bound": self.bound,
            "proven": self.proven, "method": self.method, "ranking": ranking, "question": dict(self.question),
        }  # fmt: skip


@dataclass(frozen=True, repr=False)
class Protection(Answer):
    """The units whose protection helps most against the worst case.

    Attributes
    ----------
    objective, of, base
        As in :class:`WorstCase`.
    protected, protected_links : tuple of str
        The units to protect, and their links.
    without, value : float or None
        What the worst case leaves when nothing is protected, and when these are.
    units, links : tuple of str
        The worst case that remains.
    cut : bool
        Whether no route is left even then.
    bound : float or None
        No protection of so many units keeps more throughput, or fewer hours, than this; None for hours when
        every one ends in a cut.
    proven : bool
        Whether it is proven that no other protection does better, and that the worst case is `value` with it.
    """

    objective: str = "throughput"
    of: str = "links"
    protected: tuple[str, ...] = ()
    protected_links: tuple[str, ...] = ()
    base: float | None = None
    without: float | None = None
    value: float | None = None
    units: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    cut: bool = False
    bound: float | None = None
    proven: bool = True

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        if self.status != "ok":
            return "no route"
        return f"protect {', '.join(self.protected) or 'nothing'}: {_told(self.objective, self.value, self.proven)}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row: what is protected, what is lost all the same, and what that leaves."""
        names = ("protected", "units", "base", "without", "value", "bound", "proven")
        row = {n: " ".join(v) if isinstance(v := getattr(self, n), tuple) else v for n in names}
        return pd.DataFrame([row]).set_index("protected")

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "objective": self.objective, "of": self.of, "protected": list(self.protected),
            "protected_links": list(self.protected_links), "base": self.base, "without": self.without,
            "value": self.value, "units": list(self.units), "links": list(self.links), "cut": self.cut,
            "bound": self.bound, "proven": self.proven, "question": dict(self.question),
        }  # fmt: skip


def _told(objective: str, value: float | None, proven: bool) -> str:
    hours = objective in ("time", "closure")
    what = "no route" if value is None else f"{value:,.1f} h" if hours else f"{value:,.0f} vehicles a day"
    return what if proven else f"{what}, not proven"


# ---- choosing against an opponent


@dataclass(frozen=True)
class Purse:
    """What a side may choose: up to `k` units, of what a budget buys if there is one."""

    k: int
    budget: float = INFINITE
    cost: Array | None = None

    def weights(self, units: int) -> tuple[Array, float]:
        """Return a weight of each unit, and what those chosen may weigh together: one rule in place of two."""
        if self.cost is None:
            return np.ones(units), self.k
        by_cost = self.cost / self.budget
        return (by_cost, 1.0) if self.k >= units else (by_cost + 1.0 / self.k, 2.0)


class Choice(NamedTuple):
    """Some units, what they achieve, the most that any choice could, and whether that is proven to be the same."""

    units: frozenset[int]
    score: float
    bound: float
    proven: bool


class Game:
    """Choose units so that the best reply of an opponent is as good as possible for the chooser.

    Parameters
    ----------
    ask : callable
        From the units chosen to the opponent's reply: its score for the chooser (infinite when the opponent has no
        reply), and the units of which one must be chosen for a better score.

    Notes
    -----
    A choice that does not hit a reply scores no more than that reply. So whatever beats the best score hits every
    reply up to it: implicit hitting sets, enumerated by branching on the units of a reply that is not hit
    (each unit tried is left alone by the branches after it, so no set comes twice), and only a choice that hits all
    the replies at hand asks for a new one. Replies that share no unit need a unit each, which ends most branches.
    Replies are kept from one call to the next.
    """

    def __init__(self, ask: Callable[[frozenset[int]], tuple[float, Collection[int]]]) -> None:
        self.ask = ask
        self.scores: list[float] = []
        self._replies: list[int] = []  # units of each, as bits
        self._known: dict[tuple[float, int], int] = {}
        self._hit: list[int] = []  # by unit, the replies that it hits, as bits
        self._bit: dict[int, int] = {}
        self._unit: list[int] = []

    def _bits(self, units: Iterable[int]) -> int:
        out = 0
        for u in units:
            if u not in self._bit:
                self._bit[u] = len(self._unit)
                self._unit.append(u)
                self._hit.append(0)
            out |= 1 << self._bit[u]
        return out

    def keep(self, score: float, units: Collection[int]) -> int:
        """Keep a reply (what does not choose any of these units scores no more) and return its number."""
        mask = self._bits(units)
        number = self._known.setdefault((score, mask), len(self._replies))
        if number == len(self._replies):
            self._replies.append(mask)
            self.scores.append(score)
            for bit in _each(mask):
                self._hit[bit] |= 1 << number
        return number

    def best(self, purse: Purse, deadline: float, *, barred: Iterable[int] = (), start: Choice | None = None) -> Choice:
        """Return the best choice without the units of `barred`; `start` is one that is known already."""
        best, chosen = (start.score, start.units) if start else (-INFINITE, frozenset[int]())
        if best == INFINITE:
            return Choice(chosen, best, best, True)
        never = self._bits(barred)
        low = self._up_to(best)
        stack: list[tuple[tuple[int, ...], int, float, float]] = [((), never, purse.k, purse.budget)]
        while stack:
            if perf_counter() > deadline:
                return Choice(chosen, best, max(best, self._bound(purse, never)), False)
            bits, shut, count, money = stack.pop()
            open_ = low
            for bit in bits:
                open_ &= ~self._hit[bit]
            if open_:
                branches = self._branches(open_, shut, count, money, purse)
                for i in range(len(branches) - 1, -1, -1):
                    bit = branches[i]
                    spent = 0.0 if purse.cost is None else float(purse.cost[self._unit[bit]])
                    left = shut
                    for earlier in branches[:i]:
                        left |= 1 << earlier
                    stack.append(((*bits, bit), left, count - 1, money - spent))
                continue
            units = frozenset(self._unit[b] for b in bits)
            score, reply = self.ask(units)
            if score == INFINITE:
                return Choice(units, score, score, True)
            number = self.keep(score, reply)
            if score > best and perf_counter() <= deadline:
                best, chosen = score, units
                low = self._up_to(best)
            else:
                low |= 1 << number
            stack.append((bits, shut, count, money))
        return Choice(chosen, best, best, True)

    def _up_to(self, score: float) -> int:
        """Return, as bits, the replies that have to be hit to do better than `score`."""
        return sum(1 << i for i, s in enumerate(self.scores) if s <= score)

    def _branches(self, open_: int, shut: int, count: float, money: float, purse: Purse) -> list[int]:
        """Return the units, as bit numbers, one of which must be added to hit what is open; none when it cannot be."""
        if count < 1:
            return []
        if purse.cost is not None:
            afford = money + SLACK * purse.budget
            for bit, unit in enumerate(self._unit):
                if purse.cost[unit] > afford:
                    shut |= 1 << bit
        least, pick, apart, common = INFINITE, 0, 0, -1
        needed, price = 0, 0.0
        for i in _each(open_, LOOK):
            free = self._replies[i] & ~shut
            if not free:
                return []
            common &= free
            size = free.bit_count()
            if size < least:
                least, pick = size, free
            if not free & apart:
                apart |= free
                needed += 1
                if purse.cost is not None:
                    price += min(float(purse.cost[self._unit[b]]) for b in _each(free))
                if needed > count or price > money + SLACK * purse.budget:
                    return []
        if count == 1:
            pick = common
        return sorted(_each(pick), key=lambda b: -(self._hit[b] & open_).bit_count())

    def _bound(self, purse: Purse, never: int) -> float:
        """Return a score that no choice exceeds: replies up to it share no unit and are too many to be hit."""
        apart, needed, price = 0, 0, 0.0
        for i in sorted(range(len(self.scores)), key=self.scores.__getitem__):
            free = self._replies[i] & ~never
            if free & apart:
                continue
            apart |= free
            needed += 1
            if purse.cost is not None and free:
                price += min(float(purse.cost[self._unit[b]]) for b in _each(free))
            if not free or needed > purse.k or price > purse.budget * (1 + SLACK):
                return self.scores[i]
        return INFINITE


def _each(mask: int, most: int | None = None) -> Iterable[int]:
    """Yield the numbers of the bits that are set, lowest first."""
    while mask and most != 0:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
        most = None if most is None else most - 1


# ---- the question in numbers


class Case:
    """A question of routes and flows under the loss of units.

    Attributes
    ----------
    units : list of Unit
        Of `every`, those that can be lost and are on the graph.
    members : list of ndarray
        Arcs of the graph that each takes with it.
    """

    def __init__(
        self, arcs: Arcs, origins: Sequence[str], destinations: Sequence[str], every: Sequence[Unit], of: str,
        spare: Collection[str] = (), partial: float = 1.0,
    ) -> None:  # fmt: skip
        self.arcs, self.of, self.partial = arcs, of, partial
        self.flowing: FlowGraph = flow_graph(arcs, origins, destinations)
        self.graph: Graph = self.flowing.graph
        self.units, self.members = _members(arcs, self.graph, every, spare)
        self._on: dict[int, list[int]] = {}
        for u, out in enumerate(self.members):
            for a in out.tolist():
                self._on.setdefault(a, []).append(u)
        self.routes = Game(self._reply)
        self.heard: dict[int, list[int]] = {}
        self.worked = 0
        self._cuts: Cuts | None = None

    # -- time

    @cached_property
    def router(self) -> Router:
        """What finds routes; its tree is grown once."""
        return self.graph.router()

    def route(self, lost: Iterable[int] = ()) -> tuple[int, list[int]] | None:
        """Return weight and arcs of the fastest route without some units."""
        out = frozenset(a for u in lost for a in self.members[u].tolist())
        found = self.router.shortest(self.graph.source, out)
        if found is None:
            return None
        place = self.graph.place[self.graph.head[found[1]]]
        entered = place[np.r_[True, place[1:] != place[:-1]]]
        if len(set(entered.tolist())) == len(entered):
            return found
        return next(k_shortest(self.graph, self.router, out), None)

    def _reply(self, lost: frozenset[int]) -> tuple[float, Collection[int]]:
        found = self.route(lost)
        if found is None:
            return INFINITE, ()
        weight, path = found
        self.heard[weight] = path
        return weight, {u for a in path for u in self._on.get(a, ())}

    def hours(self, path: Iterable[int], compared: bool = False) -> float:
        """Return the hours of a route, or those that routes are compared by."""
        real = self.graph.real(path)
        time = self.arcs.time_h[real]
        if compared and self.arcs.options["unknown"] == "penalise":
            time = time * np.where(self.arcs.per_arc(self.arcs.screen.unknown, False)[real], UNKNOWN_PENALTY, 1.0)
        return math.fsum(time.tolist())

    def probe(self, purse: Purse, barred: Collection[int]) -> None:
        """Hear routes that share no unit that can be lost: one more than can be lost bound every loss."""
        avoided: set[int] = set()
        for _ in range(int(min(purse.k, PROBES)) + 1):
            score, units = self._reply(frozenset(avoided))
            if score == INFINITE:
                return
            self.routes.keep(score, units)
            new = set(units).difference(barred)
            if not new:
                return
            avoided |= new

    # -- throughput

    @cached_property
    def capacity(self) -> Array:
        """Capacities; those beyond the whole flow count as the whole flow, but for arcs that do not limit."""
        return np.where(self.flowing.capacity >= ROOM, ROOM, np.minimum(self.flowing.capacity, self.whole))

    @cached_property
    def kept(self) -> Array:
        """What is left of each arc's capacity when it is lost."""
        lost = np.rint(self.flowing.capacity * self.partial).astype(np.int64)
        return np.zeros_like(lost) if self.partial == 1 else np.minimum(self.flowing.capacity - lost, self.capacity)

    @cached_property
    def untouched(self) -> Flow:
        """The flow with nothing lost."""
        return self.flow(self.graph, self.flowing.capacity)

    @property
    def whole(self) -> int:
        """Its value."""
        return self.untouched.value

    @cached_property
    def turns(self) -> bool:
        """Whether flow might pass where no route does: where the mode changes, a walk may come to a place twice."""
        g = self.graph
        live = reached(g.size, g.tail, g.head, [g.source])[g.tail] & reached(g.size, g.head, g.tail, [g.sink])[g.head]
        real = g.arc[live & (g.arc >= 0)]
        return bool((self.arcs.kind[real] == TRANSFER).any())

    def left(self, lost: Collection[int]) -> int:
        """Return the flow without some units; 0 when no route is left."""
        value = self.whole
        if lost:
            capacity = self.capacity.copy()
            for u in lost:
                capacity[self.members[u]] = self.kept[self.members[u]]
            value = self.flow(self.graph, capacity).value
        if value and self.partial == 1 and self.turns and self.route(lost) is None:
            return 0
        return value

    def flow(self, graph: Graph, capacity: Array) -> Flow:
        """Return a maximum flow, by plain loops as long as little was asked."""
        ends = graph.tail, graph.head, capacity, graph.weight, graph.source, graph.sink
        self.worked += len(graph.tail)
        if self.worked > PLAIN_WORK:
            from mobility.compiled import CompiledFlow

            flow: Flow = CompiledFlow(graph.size, *ends)
            flow.maximum()
            return flow
        plain = PlainFlow(graph.size, *ends)
        plain.value = plain._push(graph.source, graph.sink, ROOM)
        return plain

    @cached_property
    def lean(self) -> list[Array]:
        """Arcs that each unit has to take for the same effect on a flow: those by which a path can first enter it."""
        if self.partial < 1:
            return self.members
        if self.of == "nodes":
            return self._entrances()
        g = self.graph
        out = []
        for arcs in self.members:
            if len(set(g.arc[arcs].tolist())) > 2:
                others = np.ones(len(g.tail), bool)
                others[arcs] = False
                arcs = arcs[reached(g.size, g.tail[others], g.head[others], [g.source])[g.tail[arcs]]]
            out.append(arcs)
        return out

    def _entrances(self) -> list[Array]:
        """Return for each place the arcs of links that lead there, and those by which a route starts there."""
        g = self.graph
        started: dict[int, list[int]] = {}
        for a in np.flatnonzero(g.tail == g.source).tolist():
            started.setdefault(int(g.place[g.head[a]]), []).append(a)
        out = []
        for unit, arcs in zip(self.units, self.members, strict=True):
            place = self.arcs.net.node_index[unit.id]
            out.append(np.r_[arcs[g.place[g.head[arcs]] == place], np.array(started.get(place, []), np.int64)])
        return out

    def cuts(self, purse: Purse) -> Cuts:
        """Return what bounds losses of throughput; it is made once, since only budgets weigh units."""
        if self._cuts is None:
            self._cuts = Cuts(self, purse.weights(len(self.units))[0])
        return self._cuts

    # -- what it comes to

    def base(self, objective: str) -> Choice:
        """Return the loss of nothing, with the most that any loss could do."""
        score, most = self.harm(objective, frozenset()), INFINITE if objective == "time" else 0.0
        return Choice(frozenset(), score, most, score == most)

    def harm(self, objective: str, lost: frozenset[int]) -> float:
        """Return the score of a loss."""
        return self._reply(lost)[0] if objective == "time" else -float(self.left(lost))

    def value(self, objective: str, loss: Choice) -> float | None:
        """Return the hours or vehicles a day that a loss leaves."""
        if objective == "throughput":
            return -loss.score / self.flowing.unit + 0.0
        found = self.route(loss.units)
        return None if found is None else self.hours(found[1])

    def bound(self, objective: str, score: float) -> float | None:
        """Return a bound as hours or vehicles a day."""
        if objective == "throughput":
            return -score / self.flowing.unit + 0.0
        return None if math.isinf(score) else self.hours(self.heard[int(score)], compared=True)

    def cut(self, lost: frozenset[int]) -> bool:
        """Return whether no route is left."""
        return self.partial == 1 and self.route(lost) is None

    def links(self, lost: Iterable[int]) -> tuple[str, ...]:
        """Return the ids of the links of some units, in table order."""
        ids = self.arcs.net.table("links")["link_id"]
        rows = sorted({r for u in lost for r in self.units[u].rows})
        return tuple(str(ids.iat[r]) for r in rows)

    def names(self, lost: Iterable[int]) -> tuple[str, ...]:
        """Return the ids of some units, in table order."""
        return tuple(self.units[u].id for u in sorted(lost))


def _members(arcs: Arcs, graph: Graph, every: Sequence[Unit], spare: Collection[str]) -> tuple[list[Unit], list[Array]]:
    """Return the units that may be lost and have arcs on the graph, and these arcs."""
    on = np.flatnonzero(graph.spread(arcs.kind, -1) == LINK)
    row = arcs.item[graph.arc[on]]
    order = np.argsort(row, kind="stable")
    on, row = on[order], row[order]
    count = len(arcs.link_open)
    first, last = np.searchsorted(row, np.arange(count)), np.searchsorted(row, np.arange(count), "right")
    kept, members = [], []
    for unit in every:
        if unit.id in spare:
            continue
        parts = [on[first[r] : last[r]] for r in unit.rows if first[r] < last[r]]
        if parts:
            kept.append(unit)
            members.append(parts[0] if len(parts) == 1 else np.concatenate(parts))
    return kept, members


# ---- the worst loss of throughput


class Line(NamedTuple):
    """A cut at a price: what it costs, how fast that grows with the price, and what each unit would save on it."""

    price: float
    value: float
    slope: float
    total: float
    gains: Array
    crossing: Array


class Cuts:
    """Bounds on the worst loss of throughput from flows in which every unit can be bought, and the search on them.

    Notes
    -----
    Let a unit that is lost cost a price instead of counting against the number allowed (Lagrangian relaxation). Then
    an arc of capacity u takes min(u, price), one maximum flow gives the cheapest cut, and that flow less the price
    of all that may be lost bounds the throughput left, whatever is lost. An arc of a unit with several arcs pays
    in proportion to its capacity, so that no cut pays more than the unit's price. The dearest units of the cut are a
    loss that can be chosen. Where both do not meet, a unit of the cut is taken in one branch and spared in the other.
    """

    def __init__(self, case: Case, weight: Array) -> None:
        self.case, self.weight = case, weight
        g = case.graph
        capacity = np.minimum(case.capacity, case.whole)
        arc = np.concatenate(case.lean)
        unit = np.repeat(np.arange(len(case.units)), [len(a) for a in case.lean])
        share = self._shares(arc, unit, capacity[arc])
        self.graph, self.capacity, self.kept = g, capacity, case.kept
        self.arc, self.unit, self.share = arc, unit, share * weight[unit]
        if case.partial == 1 and case.of == "nodes":
            self._gate()

    def _gate(self) -> None:
        """Put one arc behind those by which a place is entered at one vertex: it pays for all of them."""
        g, first = self.graph, len(self.graph.tail)
        pairs, gate = np.unique(np.c_[self.unit, g.head[self.arc]], axis=0, return_inverse=True)
        gate, extra = gate.ravel(), len(pairs)
        head = g.head.copy()
        head[self.arc] = g.size + gate
        room = np.bincount(gate, weights=self.capacity[self.arc], minlength=extra).astype(np.int64)
        self.share = np.bincount(gate, weights=self.share, minlength=extra)
        self.unit, self.arc = pairs[:, 0], first + np.arange(extra)
        self.graph = replace(
            g, size=g.size + extra, tail=np.r_[g.tail, g.size + np.arange(extra)], head=np.r_[head, pairs[:, 1]],
            weight=np.r_[g.weight, np.zeros(extra, np.int64)],
        )  # fmt: skip
        self.capacity = np.r_[self.capacity, np.minimum(room, self.case.whole)]
        self.kept = np.zeros_like(self.capacity)

    def _shares(self, arc: Array, unit: Array, capacity: Array) -> Array:
        """Return what part of its unit's price each arc pays, such that no cut pays more than the price.

        The two directions of a link cross the same cut only where both their ends are split into arrival and
        departure; there the direction that flow takes pays, and the other is closed by any price.
        """
        g = self.case.graph
        row = np.where(g.arc[arc] >= 0, self.case.arcs.item[g.arc[arc]], -1 - np.arange(len(arc)))
        order = np.lexsort((row, unit))
        one, other = order[:-1], order[1:]
        twins = (unit[one] == unit[other]) & (row[one] == row[other])
        one, other = one[twins], other[twins]
        both = (g.tail[arc[one]] != g.head[arc[other]]) & (g.tail[arc[other]] != g.head[arc[one]])
        flow = self.case.untouched.flows()[arc]
        toward = np.asarray(self.case.router.toward, np.float64)[g.tail[arc]]
        first = (flow[one] > flow[other]) | ((flow[one] == flow[other]) & (toward[one] >= toward[other]))
        part = capacity.astype(float)
        part[np.where(first, other, one)[both]] = 0.0
        counted = part.copy()
        smaller = np.where(part[one] < part[other], one, other)
        counted[smaller] = 0.0
        together = np.bincount(unit, weights=counted, minlength=len(self.weight))
        return np.asarray(part / np.maximum(together, 1.0)[unit])

    def worst(self, purse: Purse, barred: Collection[int], start: Choice, deadline: float) -> Choice:
        """Return the worst loss, from the branch with the lowest bound on."""
        near = FINEST * self.case.flowing.unit
        self.best, self.purse = start, purse
        # (bound, ticket, taken, spared, flow without the taken, price)
        whole = float(self.case.whole)
        heap: list[tuple[float, int, frozenset[int], frozenset[int], float, float]]
        heap, ticket = [(0.0, 0, frozenset(), frozenset(barred), whole, 0.0)], 1
        while heap and heap[0][0] < -self.best.score - near:
            if perf_counter() > deadline:
                return Choice(self.best.units, self.best.score, max(self.best.score, -heap[0][0]), False)
            least, _, taken, spared, left, price = heappop(heap)
            free = self._free(taken, spared)
            if not free.any():
                continue
            line, bound = self._bound(taken, free, left, price, least, near, deadline)
            if ticket == 1 and bound < -self.best.score - near:
                line, bound = max(
                    (line, bound), self._tune(free, line.price, near, deadline), key=lambda found: found[1]
                )
            if bound >= -self.best.score - near:
                continue
            split = int(np.argmax(np.where(free, line.gains, -1.0)))
            more = taken | {split}
            after = self._try(more)
            heappush(heap, (bound, ticket, more, spared, after, line.price))
            heappush(heap, (bound, ticket + 1, taken, spared | {split}, left, line.price))
            ticket += 2
        return Choice(self.best.units, self.best.score, self.best.score, True)

    def _try(self, lost: frozenset[int]) -> float:
        left = float(self.case.left(lost))
        if -left > self.best.score:
            self.best = Choice(lost, -left, -left, False)
        return left

    def _free(self, taken: frozenset[int], spared: frozenset[int]) -> Array:
        """Return the units that may still be lost."""
        free = np.ones(len(self.weight), bool)
        free[[*taken, *spared]] = False
        if len(taken) + 1 > self.purse.k:
            free[:] = False
        if self.purse.cost is not None:
            spent = math.fsum(self.purse.cost[u] for u in taken)
            free &= spent + self.purse.cost <= self.purse.budget * (1 + SLACK)
        return free

    def _bound(
        self, taken: frozenset[int], free: Array, left: float, price: float, least: float, near: float,
        deadline: float,
    ) -> tuple[Line, float]:  # fmt: skip
        """Return the cut to branch on, and the best bound that a price gives; prices by tangents of both sides."""
        room = self.purse.weights(len(self.weight))[1] - float(self.weight[list(taken)].sum())
        on = free[self.unit]
        share = np.full(len(self.capacity), np.inf)
        np.minimum.at(share, self.arc[on], self.share[on])
        capacity = self.capacity.copy()
        gone = np.isin(self.unit, list(taken))
        capacity[self.arc[gone]] = self.kept[self.arc[gone]]
        low: Line | None = None
        high = Line(INFINITE, left, 0.0, left, np.zeros(0), np.zeros(0))
        bound, best, meet = least, None, INFINITE
        for _ in range(PRICES):
            line = self._cut(capacity, share, on, price)
            self._greedy(taken, free, line)
            gained = line.value - price * room
            if best is None or gained > bound:
                best = line
            bound = max(bound, gained)
            if bound >= -self.best.score - near or line.value >= meet - near or perf_counter() > deadline:
                break
            if line.slope > room:
                low = line
            elif price > 0:
                high = line
            else:
                break
            if low is None:
                price = 0.0
                continue
            # A cut's cost is a straight line up to its next capacity; the two lines meet where the bound may peak.
            offset = 0.0 if high.slope == 0 else high.slope * high.price
            price = ((high.value - offset) - (low.value - low.slope * low.price)) / (low.slope - high.slope)
            meet = low.value + low.slope * (price - low.price)
            if not low.price < price < high.price:
                break
        chosen = best if best is not None and (best.gains[free] > 0).any() else low or line
        return chosen, bound

    def _tune(self, free: Array, price: float, near: float, deadline: float) -> tuple[Line, float]:
        """Shift what the arcs of a unit pay towards those that cross, while that lifts the bound; return the best."""
        on = free[self.unit]
        room = self.purse.weights(len(self.weight))[1]
        trial, bound, best = self.share.copy(), -INFINITE, None
        for i in range(ROUNDS):
            share = np.full(len(self.capacity), np.inf)
            np.minimum.at(share, self.arc[on], trial[on])
            line = self._cut(self.capacity, share, on, price)
            self._greedy(frozenset(), free, line)
            gained = line.value - price * room
            if gained > bound or best is None:
                bound, best, self.share = gained, line, trial
            gap = -self.best.score - gained
            crossing = on & line.crossing[self.arc]
            paid = np.bincount(self.unit[crossing], weights=trial[crossing], minlength=len(self.weight))
            short = crossing & (paid < self.weight * (1 - SLACK))[self.unit]
            if gap <= near or not short.any() or perf_counter() > deadline:
                break
            save = np.where(short, self.capacity[self.arc], 0).astype(float)
            total = np.bincount(self.unit, weights=save, minlength=len(self.weight))
            step = 3.0 / (i + 9.0)
            toward = save / np.maximum(total, 1.0)[self.unit] * self.weight[self.unit]
            trial = np.where((total > 0)[self.unit], (1 - step) * trial + step * toward, trial)
            excess = line.slope - room
            if abs(excess) > SLACK:
                price = max(0.0, price + step * gap / excess)
        assert best is not None
        return best, bound

    def _cut(self, capacity: Array, share: Array, on: Array, price: float) -> Line:
        """Return the cheapest cut when every unit still to be had costs `price` times its weight."""
        offered = np.full(len(share), 2.0**62)
        sold = np.isfinite(share)
        offered[sold] = self.kept[sold] + np.floor(price * share[sold])
        paid = np.minimum(capacity, offered).astype(np.int64)
        flow = self.case.flow(self.graph, paid)
        near = flow.reachable()
        crossing = near[self.graph.tail] & ~near[self.graph.head]
        bought = crossing & (offered < capacity)
        pairs = on & crossing[self.arc]
        save = (capacity - self.kept)[self.arc[pairs]]
        return Line(
            price, float(flow.value), float(share[bought].sum()), float(capacity[crossing].sum()),
            np.bincount(self.unit[pairs], weights=save, minlength=len(self.weight)), crossing,
        )  # fmt: skip

    def _greedy(self, taken: frozenset[int], free: Array, line: Line) -> None:
        """Try the loss of the units that save most on a cut for their weight."""
        cost = np.zeros(len(free)) if self.purse.cost is None else self.purse.cost
        count = self.purse.k - len(taken)
        money = self.purse.budget * (1 + SLACK) - math.fsum(cost[list(taken)])
        lost, saved = set(taken), 0.0
        worth = np.flatnonzero(free & (line.gains > 0))
        for u in worth[np.argsort(-line.gains[worth] / self.weight[worth], kind="stable")].tolist():
            if count < 1:
                break
            if cost[u] <= money:
                lost.add(u)
                count, money, saved = count - 1, money - float(cost[u]), saved + float(line.gains[u])
        if line.total - saved < -self.best.score:
            self._try(frozenset(lost))


def attack(
    case: Case, objective: str, purse: Purse, deadline: float, barred: frozenset[int] = frozenset(),
    start: Choice | None = None,
) -> tuple[Choice, str]:  # fmt: skip
    """Find the worst loss without the units of `barred`, and the method that did.

    Scores are what the loss does: the weight of the fastest route left, or the flow left with a minus sign.
    """
    start = start or case.base(objective)
    if objective == "time":
        case.probe(purse, barred)
        return case.routes.best(purse, deadline, barred=barred, start=start), "routes"
    if len(barred) == len(case.units):
        return start._replace(bound=start.score, proven=True), "cuts"
    found, method = case.cuts(purse).worst(purse, barred, start, deadline), "cuts"
    if found.score == 0 or case.partial < 1 or not case.turns:
        return found, method
    # Without a route the throughput is 0, also where a flow could still drive through a place twice.
    case.probe(purse, barred)
    cut = case.routes.best(purse, deadline, barred=barred, start=Choice(frozenset(), FAR, 0.0, False))
    if cut.score == INFINITE:
        return Choice(cut.units, 0.0, 0.0, True), "routes"
    return (found if cut.proven else found._replace(bound=0.0, proven=False)), method


# ---- verbs


def worst_case(
    net: Network,
    origin: str | Iterable[str],
    destination: str | Iterable[str],
    *,
    k: int | None = None,
    objective: str = "throughput",
    force: str | Path | Force | None = None,
    of: str = "links",
    cost: Mapping[str, float] | None = None,
    budget: float | None = None,
    partial: float = 1.0,
    spare: str | Iterable[str] = (),
    time_limit: float = 60.0,
    **options: Unpack[Options],
) -> WorstCase:
    """Find the units whose loss together hurts most.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str
    k : int, optional
        Most units lost; 3, or with a budget what it buys.
    objective : {"throughput", "time", "closure"}
        What is hurt: vehicles a day, the hours of the fastest route, or those until a force has closed.
    force : str, Path or Force, optional
        Of a closure; see :func:`mobility.closure`. There `k` is 1 when it is left out, and what is given of `cost`,
        `budget` and `partial` is refused.
    of : {"links", "nodes", "groups", "countries"}
        What is lost as one; see :func:`mobility.arcs.units`. Of places the only origin and the only destination
        are left out.
    cost : mapping of str to float, optional
        What the loss of each unit costs an opponent; ``"*"`` stands for every unit that is not listed.
    budget : float, optional
        What the opponent can spend.
    partial : float
        Part of the capacity that is lost, above 0; 1 closes a link. Below 1 for throughput only.
    spare : str or iterable of str
        Units that cannot be lost.
    time_limit : float
        Seconds after which the best loss found is given with its bound.
    **options
        See :class:`mobility.arcs.Options`.

    Returns
    -------
    WorstCase

    Raises
    ------
    InputError
        With every name and option that is not understood.

    Notes
    -----
    Exact where `proven` says so. Under ``unknown="penalise"`` routes are compared by penalised time, and the loss is
    the one after which the best route is worst in that sense; `value` is its real time.

    References
    ----------
    Wood, R. K. (1993). Deterministic network interdiction. Mathematical and Computer Modelling 17, 1-18.
    Israeli, E. and Wood, R. K. (2002). Shortest-path network interdiction. Networks 40, 97-111.

    Examples
    --------
    >>> import mobility as mb
    >>> worst = mb.worst_case(mb.load(), "Durrës", "Burgas", k=2, modes="road")
    >>> worst.value < worst.base, worst.proven
    (True, True)
    """
    if objective == "closure":
        weighed = cost is not None or budget is not None or partial != 1.0
        return _worst_closure(net, origin, destination, k, of, force, weighed, spare, time_limit, options)
    if force is not None:
        raise InputError("a force is asked for with the objective closure")
    case, purse, deadline, question = _prepare(
        net, origin, destination, k, objective, of, cost, budget, partial, spare, time_limit, options
    )
    if case is None:
        return WorstCase(net, question, "no_route", objective, of, base=None if objective == "time" else 0.0)
    base = worst = case.base(objective)
    method = "routes"
    ranking = []
    steps = [Purse(i) for i in range(1, int(purse.k) + 1)] if purse.cost is None else [purse]
    for i, step in enumerate(steps, 1):
        # What is asked for gets at least half of the time that is left.
        now = perf_counter()
        until = deadline if i == len(steps) else now + (deadline - now) / 2
        if worst.score < base.bound:
            worst, method = attack(case, objective, step, until, start=worst)
        value = case.value(objective, worst)
        bound = value if worst.proven else case.bound(objective, worst.bound)
        ranking.append(Rank(i, case.names(worst.units), case.links(worst.units), value, bound, worst.proven))
    last = ranking[-1]
    return WorstCase(
        net, question, "ok", objective, of, last.units, last.links, base=case.value(objective, base),
        value=last.value, cut=case.cut(worst.units), bound=last.bound, proven=last.proven, method=method,
        ranking=tuple(ranking) if purse.cost is None else (),
    )  # fmt: skip


def _worst_closure(
    net: Network, origin: str | Iterable[str], destination: str | Iterable[str], k: int | None, of: str,
    force: str | Path | Force | None, weighed: bool, spare: str | Iterable[str], time_limit: float, options: Options,
) -> WorstCase:  # fmt: skip
    """Return the loss after which a force closes last, by the plans of :func:`mobility.setback`.

    For one kind of vehicle between two sets of places these are the quickest there are. For more each is a plan, so
    no loss makes the force later than the latest of them, and the bound of one is what that loss costs at least.
    """
    from mobility.setback import setback

    attempts = Attempts()
    if force is None:
        attempts.findings += InputError("the objective closure needs a force").findings
    if weighed:
        attempts.findings += InputError("costs, a budget and a partial loss go with throughput or time").findings
    attempts.findings += _misspelt(k, "time", None, None, 1.0, time_limit)
    nothing: list[Unit] = []
    ids = {u.id for u in attempts.run(units_of, net, of, otherwise=nothing)}
    for name in (n for n in words(spare) if ids and n not in ids):
        text = f"none of the {of} is called {shorten(name)!r}{did_you_mean(name, ids)}"
        attempts.findings += InputError(text).findings
    attempts.done()
    assert force is not None
    found = setback(
        net, origin, destination, force=force, of=of, k=k or 1, spare=words(spare), time_limit=time_limit, **options
    )
    question = {**found.question, "objective": "closure", "spare": words(spare), "time_limit": time_limit}
    if found.base_h is None:
        return WorstCase(net, question, "no_route", "closure", of)
    ranking = []
    for n in range(1, (k or 1) + 1):
        late = found.worst[min(n, len(found.worst)) - 1] if found.worst else None
        cut = late is not None and late.status == "cut"
        value = found.base_h if late is None else late.closure_h
        least = found.base_bound_h if late is None else late.lower_bound_h
        sure = cut or (found.complete and (found.exact or (least or 0.0) >= (value or 0.0) * (1 - 1e-6)))
        bound = value if sure or found.complete else None
        ranking.append(Rank(n, late.units if late else (), late.links if late else (), value, bound, sure))
    last = ranking[-1]
    return WorstCase(
        net, question, "ok", "closure", of, last.units, last.links, base=found.base_h, value=last.value,
        cut=last.value is None, bound=last.bound, proven=last.proven, method="plans", ranking=tuple(ranking),
    )  # fmt: skip


def protection(
    net: Network,
    origin: str | Iterable[str],
    destination: str | Iterable[str],
    *,
    protect: int = 1,
    k: int | None = None,
    objective: str = "throughput",
    of: str = "links",
    cost: Mapping[str, float] | None = None,
    budget: float | None = None,
    partial: float = 1.0,
    spare: str | Iterable[str] = (),
    time_limit: float = 60.0,
    **options: Unpack[Options],
) -> Protection:
    """Find the units whose protection helps most against the worst loss: those protected cannot be lost.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str
    protect : int
        Most units to protect.
    k, objective, of, cost, budget, partial, spare, time_limit
        The opponent's, as in :func:`worst_case`.
    **options
        See :class:`mobility.arcs.Options`.

    Returns
    -------
    Protection

    Notes
    -----
    Each worst loss found is a reply to a protection: one that does no better protects none of its units. The search
    is the one of the worst case with the sides exchanged (Brown, Carlyle, Salmeron and Wood 2006).

    Examples
    --------
    >>> import mobility as mb
    >>> shield = mb.protection(mb.load(), "Durrës", "Burgas", protect=1, k=1, modes="road")
    >>> shield.without <= shield.value <= shield.base
    True
    """
    if not isinstance(protect, int) or not 1 <= protect <= MOST:
        raise InputError(f"protect is {protect}; it must be a whole number from 1 to {MOST}")
    case, purse, deadline, question = _prepare(
        net, origin, destination, k, objective, of, cost, budget, partial, spare, time_limit, options
    )
    question["protect"] = protect
    if case is None:
        return Protection(net, question, "no_route", objective, of, base=None if objective == "time" else 0.0)
    attacks: dict[frozenset[int], Choice] = {}

    def reply(shielded: frozenset[int]) -> tuple[float, Collection[int]]:
        found, _ = attack(case, objective, purse, deadline, shielded)
        for u in sorted(found.units):
            # A smaller loss that does as much leaves less to choose from.
            if case.harm(objective, found.units - {u}) >= found.score:
                found = found._replace(units=found.units - {u})
        attacks[shielded] = found
        return -found.score, found.units

    base, nothing = case.base(objective), frozenset[int]()
    bare, lost = reply(nothing)
    game = Game(reply)
    game.keep(bare, lost)
    best = game.best(Purse(protect), deadline, start=Choice(nothing, bare, INFINITE, False))
    worst = attacks[best.units]
    value = case.value(objective, worst)
    proven = best.proven and worst.proven
    return Protection(
        net, question, "ok", objective, of, case.names(best.units), case.links(best.units),
        base=case.value(objective, base), without=case.value(objective, attacks[nothing]), value=value,
        units=case.names(worst.units), links=case.links(worst.units), cut=case.cut(worst.units),
        bound=value if proven else case.bound(objective, max(-best.bound, base.score)), proven=proven,
    )  # fmt: skip


def read_costs(path: str | Path) -> dict[str, float]:
    """Read a CSV file of ``unit,cost``.

    Raises
    ------
    InputError
        When it cannot be read, or with every row that is no cost.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None
    rows = csv.DictReader(io.StringIO(text))
    if not {"unit", "cost"} <= set(rows.fieldnames or ()):
        raise InputError(f"{path}: the header must name the columns unit and cost")
    costs: dict[str, float] = {}
    findings = []
    for row in rows:
        unit, value = (row["unit"] or "").strip(), (row["cost"] or "").strip()
        try:
            cost = float(value)
        except ValueError:
            cost = 0.0
        wrong = "the unit is empty" if not unit else "a second row for this unit" if unit in costs else ""
        wrong = wrong or ("" if 0 < cost < INFINITE else "a cost must be a number above 0")
        if wrong:
            findings.append(Finding("error", str(path), rows.line_num, None, f"{unit},{value}", wrong))
        costs[unit] = cost
    if findings:
        raise InputError(findings)
    return costs


def _prepare(
    net: Network, origin: str | Iterable[str], destination: str | Iterable[str], k: int | None, objective: str,
    of: str, cost: Mapping[str, float] | None, budget: float | None, partial: float, spare: str | Iterable[str],
    time_limit: float, options: Options,
) -> tuple[Case | None, Purse, float, dict[str, Any]]:  # fmt: skip
    """Check a question, all faults at once; return it in numbers (None without a route), purse, deadline and words."""
    deadline = perf_counter() + (time_limit if time_limit == time_limit else 0.0)
    attempts = Attempts()
    attempts.findings += _misspelt(k, objective, cost, budget, partial, time_limit)
    nothing: list[Unit] = []
    every = attempts.run(units_of, net, of, otherwise=nothing)
    ids = {u.id for u in every}
    named = [*words(spare), *(c for c in cost or () if c != OTHERS)] if every else []
    for name in dict.fromkeys(n for n in named if n not in ids):
        attempts.findings += InputError(
            f"none of the {of} is called {shorten(name)!r}{did_you_mean(name, ids)}"
        ).findings
    ready = attempts.run(prepare, net, origin, destination, (), options, otherwise=None)
    attempts.done()
    assert ready is not None
    origins, destinations, _, arcs = ready
    case = Case(arcs, origins, destinations, breakable(every, of, origins, destinations), of, words(spare), partial)
    prices = None
    if cost is not None:
        unlisted = [u.id for u in case.units if u.id not in cost and OTHERS not in cost]
        if unlisted:
            raise InputError(
                f"{len(unlisted)} of the {of} have no cost ({', '.join(unlisted[:3])}, ...); "
                f"give each one, or one for {OTHERS!r}, which stands for all others"
            )
        prices = np.array([cost.get(u.id, cost.get(OTHERS)) for u in case.units], float)
    most = k if k is not None else 3 if cost is None else len(case.units)
    purse = Purse(most, INFINITE if budget is None else budget, prices)
    question = describe(
        arcs, origins, destinations, k=k if cost is not None else most, objective=objective, of=of, budget=budget,
        partial=partial, spare=words(spare), time_limit=time_limit,
    )  # fmt: skip
    return (None if case.route() is None else case), purse, deadline, question


def _misspelt(
    k: int | None, objective: str, cost: Mapping[str, float] | None, budget: float | None, partial: float,
    time_limit: float,
) -> list[Finding]:  # fmt: skip
    """Return a finding for each option whose value is none that it can have."""
    faults = []
    if k is not None and not (isinstance(k, int) and 1 <= k <= MOST):
        faults.append(f"k is {k}; it must be a whole number from 1 to {MOST}")
    if objective not in ("throughput", "time"):
        faults.append(f"objective is {objective!r}; it must be throughput or time (of a worst case also closure)")
    if not 0 < partial <= 1:
        faults.append(f"partial is {partial:g}; it must be above 0 and at most 1")
    elif partial < 1 and objective == "time":
        faults.append("a partial loss takes capacity, not time; ask for throughput")
    if not 0 < time_limit < INFINITE:
        faults.append(f"the time limit is {time_limit:g}; it must be a number of seconds above 0")
    if (cost is None) != (budget is None):
        faults.append("costs and a budget go together; one of them is missing")
    elif budget is not None and not 0 < budget < INFINITE:
        faults.append(f"the budget is {budget:g}; it must be a number above 0")
    wrong = [f"{u!r} costs {c:g}" for u, c in (cost or {}).items() if not 0 < c < INFINITE]
    if wrong:
        faults.append(f"a cost must be a number above 0: {', '.join(wrong[:3])}")
    return [f for text in faults for f in InputError(text).findings]
