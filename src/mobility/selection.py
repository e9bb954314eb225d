"""Projects that can be built, and how a set of them is chosen under a budget.

A project changes links, and waits at borders. What compiled arcs become under every combination of the projects that
touch them is compiled once; a set of projects then is a choice of columns, and asking for its value is one solve.
Two searches stand on that: an integer programme with cuts for throughput, and branching on what the best case uses
for everything else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from heapq import heappop, heappush
from itertools import combinations, count
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import numpy as np

from mobility.arcs import BORDER, LINK, UNKNOWN_PENALTY, Arcs, Graph, build_graph, compile_arcs, weights_of
from mobility.errors import Attempts, Finding, InputError, did_you_mean
from mobility.flows import COARSE, FINE, ROOM
from mobility.kernels import reached
from mobility.network import Network
from mobility.schema import parse_set, split

Array = np.ndarray[Any, Any]

COMPLETED = "completed"
"""A project in this state is no upgrade any more: the tables hold what it brought."""

TOGETHER = 12
"""At most so many projects may touch one link: every combination of them is compiled."""

EASED = 0.5
"""Part of a wait at a border that is left where one control stands in for two."""

POOL_GROWTH = 1.5
"""By so much a shared pool of wagons grows."""

NEAR = {"throughput": 1e-4, "time": 1e-6, "closure": 1e-5, "reliability": 1e-10, "worst-case": 1e-3}
"""Two values that differ by no more are one."""

SLACK = 1e-9
"""A budget may be missed by this part of itself, for sums of decimal fractions."""


# ---- projects


@dataclass(frozen=True)
class Project:
    """One row, or several, of ``upgrades.csv``: what is built, and what it changes.

    Attributes
    ----------
    upgrade_id, name, state : str
    cost_meur : float or None
        In million euro; None when it is not public, which is not the same as nothing.
    year : int or None
        The last of the years of its rows.
    countries, corridors : tuple of str
    links : tuple of (str, mapping)
        Link ids and what their columns become, in the order of the table.
    borders : tuple of (str, mapping)
        Rows of ``borders.csv`` as ``NODE/MODE``, and what their columns become.
    contains, requires : tuple of str
        Upgrades that are part of it; upgrades without which it has no effect.
    cost_estimated : bool
    procedure : bool
        Whether it costs no money but a decision; see :func:`procedures`.
    option : mapping
        What a procedure changes that stands in no table: ``permission`` or ``pool``.
    """

    upgrade_id: str
    name: str = ""
    cost_meur: float | None = None
    year: int | None = None
    state: str = ""
    countries: tuple[str, ...] = ()
    corridors: tuple[str, ...] = ()
    links: tuple[tuple[str, Mapping[str, float | str]], ...] = ()
    borders: tuple[tuple[str, Mapping[str, float]], ...] = ()
    contains: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    cost_basis: str = ""
    cost_estimated: bool = False
    confidence: str = ""
    source: str = ""
    procedure: bool = False
    option: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the project as JSON holds it."""
        return {
            **asdict(self), "links": [{"link_id": k, "set": dict(v)} for k, v in self.links],
            "borders": [{"border": k, "set": dict(v)} for k, v in self.borders],
        }  # fmt: skip


def projects(net: Network) -> tuple[Project, ...]:
    """Return the projects of ``upgrades.csv``, completed ones too.

    Parameters
    ----------
    net : Network

    Returns
    -------
    tuple of Project
        In table order.

    Raises
    ------
    InputError
        When the rows of one project disagree about its cost, or one names an upgrade that is not there.

    Examples
    --------
    >>> import mobility as mb
    >>> found = {p.upgrade_id: p for p in mb.projects(mb.load())}
    >>> found["UP15"].contains, found["UP04"].requires, found["UP04"].cost_meur is None
    (('UP16',), ('UP05',), True)
    """
    table = net.table("upgrades")
    rows: dict[str, list[dict[str, Any]]] = {}
    where: dict[str, int] = {}
    for i, row in enumerate(table.to_dict("records")):
        rows.setdefault(row["upgrade_id"], []).append(row)
        where.setdefault(row["upgrade_id"], i)
    faults: list[Finding] = []
    attempts = Attempts()
    nothing: list[tuple[int, dict[str, float]]] = []
    border_ids = [
        f"{n}/{m}" for n, m in zip(net.table("borders")["node_id"], net.table("borders")["mode"], strict=True)
    ]

    def fault(one: str, column: str, value: str, message: str) -> None:
        held = net.tables["upgrades"].where(where[one])
        faults.append(Finding("error", held[0] if held[1] else "upgrades.csv", held[1], column, value, message))

    out = []
    for one, found in rows.items():
        costs = sorted({r["cost_meur"] for r in found if r["cost_meur"] == r["cost_meur"]})
        if len(costs) > 1:
            text = ", ".join(f"{c:g}" for c in costs)
            fault(one, "cost_meur", text, f"{one} has several costs; the cost of a project stands once")
        years = [int(r["year"]) for r in found if r["year"] == r["year"]]
        several = {c: tuple(dict.fromkeys(x for r in found for x in split(r[c]))) for c in ("contains", "requires")}
        for column, names in several.items():
            for other in names:
                if other not in rows or other == one:
                    hint = "itself" if other == one else f"what is no upgrade{did_you_mean(other, rows)}"
                    fault(one, column, other, f"{one} {column} {hint}")
        waits = [
            edit
            for text in dict.fromkeys(r["borders"] for r in found)
            for edit in attempts.run(net.border_edits, text, otherwise=nothing)
        ]
        first = found[0]
        out.append(
            Project(
                one, first["name"], costs[0] if costs else None, max(years, default=None), first["state"],
                tuple(split(first["countries"])), tuple(split(first["corridors"])),
                tuple((r["link_id"], parse_set(r["set"])) for r in found if r["set"]),
                tuple((border_ids[row], cells) for row, cells in waits), several["contains"], several["requires"],
                first["cost_basis"], any("cost_meur" in split(r["estimated"]) for r in found), first["confidence"],
                first["source"],
            )
        )  # fmt: skip
    faults += attempts.findings
    if faults:
        raise InputError(faults)
    return tuple(out)


def procedures(net: Network, *, pools: bool = False, permissions: bool = False) -> tuple[Project, ...]:
    """Return the upgrades of procedure that cost no money: controls made one, permissions eased, wagons shared.

    Parameters
    ----------
    net : Network
    pools, permissions : bool
        Whether pools of wagons and permission regimes play a part in the question, as they do for closure.

    Returns
    -------
    tuple of Project
        ``EASE-NODE-MODE``: one control in place of two at a crossing halves its wait. ``EASE-STATE``: the same at
        all crossings of a state. ``EASE-PERMISSION-REGIME``: another permission regime. ``EASE-POOL``: half as
        many wagons more in each pool.

    Examples
    --------
    >>> import mobility as mb
    >>> "EASE-MK" in {p.upgrade_id for p in procedures(mb.load())}
    True
    """
    table, nodes = net.table("borders"), net.table("nodes")
    state = {
        n: tuple(c for c in pair if c)
        for n, *pair in zip(nodes["node_id"], nodes["country"], nodes["country2"], strict=True)
    }
    out: list[Project] = []
    by_state: dict[str, list[str]] = {}
    for node, mode, wait in zip(table["node_id"], table["mode"], table["wait_h"], strict=True):
        if len(state[node]) < 2 or mode not in ("road", "rail") or not wait > 0:
            continue
        change = (f"{node}/{mode}", {"wait_h": EASED * wait})
        name = f"one control at {net.name(node)}, {mode}"
        out.append(
            Project(f"EASE-{node}-{mode.upper()}", name, 0.0, countries=state[node], borders=(change,), procedure=True)
        )
        for one in state[node]:
            by_state.setdefault(one, []).append(out[-1].upgrade_id)
    for one, whole in by_state.items():
        name = f"one control at every crossing of {one}"
        out.append(Project(f"EASE-{one}", name, 0.0, countries=(one,), contains=tuple(whole), procedure=True))
    if permissions:
        for regime in dict.fromkeys(net.table("permissions")["regime"]):
            option = {"permission": regime}
            name = f"permissions by the regime {regime}"
            out.append(Project(f"EASE-PERMISSION-{regime.upper()}", name, 0.0, procedure=True, option=option))
    if pools:
        out.append(
            Project("EASE-POOL", "half as many more in each shared pool", 0.0, procedure=True, option={"pool": 1})
        )
    return tuple(out)


# ---- combinations of projects on compiled arcs


class States:
    """What the compiled arcs of one kind of vehicle become under every combination of the projects that touch them.

    Arrays have one row per combination and one column per arc; an element (a link, or a border row) has its own
    numbering of combinations: bit ``i`` stands for the ``i``-th project that touches it.
    """

    def __init__(self, net: Network, listed: Sequence[Project], options: Mapping[str, Any]) -> None:
        self.touching: dict[tuple[str, str], list[int]] = {}
        for i in _order(listed):
            for kind, changes in (("links", listed[i].links), ("borders", listed[i].borders)):
                for key, _ in changes:
                    held = self.touching.setdefault((kind, key), [])
                    if i not in held:
                        held.append(i)
        crowded = [f"{k} ({len(v)})" for (_, k), v in self.touching.items() if len(v) > TOGETHER]
        if crowded:
            raise InputError(f"at most {TOGETHER} upgrades may touch one link; more touch {', '.join(crowded)}")
        self.keys = list(self.touching)
        self.members = [self.touching[k] for k in self.keys]
        turned = _turned(net, listed)
        made: list[Arcs] = []
        for mask in range(1 << max(map(len, self.members), default=0)):
            if mask and not any(mask < 1 << len(m) for m in self.members):
                break
            made.append(_compiled(net, listed, self.touching, mask, turned, options))
        self.arcs = made[0]
        self.time = np.stack([a.time_h for a in made])
        self.capacity = np.stack([a.capacity for a in made])
        self.open = np.stack([a.open for a in made])
        self.weight, self.scale = _comparable(made)
        self.element = np.full(len(self.arcs.tail), -1)
        border = {(n, m): i for i, (n, m) in enumerate(_rows(net, "borders", "node_id", "mode"))}
        by_item: dict[tuple[int, int], list[int]] = {}
        for a, pair in enumerate(zip(self.arcs.kind.tolist(), self.arcs.item.tolist(), strict=True)):
            by_item.setdefault(pair, []).append(a)
        for e, (kind, key) in enumerate(self.keys):
            if kind == "links":
                row = LINK, net.link_index[key]
            else:
                node, _, mode = key.partition("/")
                row = BORDER, border[node, mode]
            self.element[by_item.get(row, [])] = e
        self.on = [np.flatnonzero(self.element == e) for e in range(len(self.keys))]
        self.anywhere: Array = np.any(self.open, axis=0)

    def masks(self, sets: Collection[int]) -> Array:
        """Return the combination of each element that a set of effects makes; the last entry is for all others."""
        return np.array([sum(1 << i for i, p in enumerate(m) if p in sets) for m in self.members] + [0], np.int64)

    def under(self, sets: Collection[int]) -> tuple[Array, Array, Array, Array]:
        """Return hours, weights, capacities and whether arcs are open, under a set of effects."""
        at = self.masks(sets)[self.element], np.arange(len(self.element))
        return self.time[at], self.weight[at], self.capacity[at], self.open[at]

    def between(self, certain: Collection[int], possible: Collection[int]) -> list[tuple[int, list[int]]]:
        """Return the elements that are not decided, each with the combinations that can still come about."""
        low, high = self.masks(certain).tolist(), self.masks(possible).tolist()
        out = []
        for e, (a, b) in enumerate(zip(low[:-1], high[:-1], strict=True)):
            if a != b and len(self.on[e]):
                free = [1 << i for i in range(len(self.members[e])) if (b & ~a) >> i & 1]
                subsets = [a]
                for bit in free:
                    subsets += [s | bit for s in subsets]
                out.append((e, sorted(subsets, key=int.bit_count)))
        return out

    def effects(self, element: int, mask: int) -> list[int]:
        """Return the projects of a combination."""
        return [p for i, p in enumerate(self.members[element]) if mask >> i & 1]

    def improving(self) -> bool:
        """Return whether a project never makes an arc slower, narrower or shut, whatever else is built."""
        for e, arcs in enumerate(self.on):
            for mask in range(1 << len(self.members[e])):
                for i in range(len(self.members[e])):
                    more = mask | 1 << i
                    if more == mask or not len(arcs):
                        continue
                    opened, before = self.open[more, arcs], self.open[mask, arcs]
                    worse = (self.weight[more, arcs] > self.weight[mask, arcs]) | (
                        self.capacity[more, arcs] < self.capacity[mask, arcs]
                    )
                    if (before & (~opened | worse)).any():
                        return False
        return True

    def matter(self, origins: Sequence[str], destinations: Sequence[str], what: Collection[str]) -> set[int]:
        """Return the projects that change time, room or openness of an arc that can lie on a way."""
        arcs, shut = self.arcs, ~self.anywhere
        tail, head = arcs.tail[~shut], arcs.head[~shut]
        from_here = reached(arcs.size, tail, head, arcs.start_vertices(origins))
        to_there = reached(arcs.size, head, tail, arcs.end_vertices(destinations))
        useful = self.anywhere & from_here[arcs.tail] & to_there[arcs.head]
        tables = [t for n, t in (("time", self.weight), ("capacity", self.capacity)) if n in what]
        out: set[int] = set()
        for e, on in enumerate(self.on):
            own = on[useful[on]]
            if not len(own):
                continue
            for i, project in enumerate(self.members[e]):
                for mask in range(1 << len(self.members[e])):
                    a, b = mask, mask ^ 1 << i
                    alike = self.open[a, own] == self.open[b, own]
                    for table in tables:
                        alike &= (table[a, own] == table[b, own]) | ~(self.open[a, own] & self.open[b, own])
                    if not alike.all():
                        out.add(project)
                        break
        return out


def _rows(net: Network, table: str, *columns: str) -> Iterable[tuple[Any, ...]]:
    frame = net.table(table)
    return zip(*(frame[c].tolist() for c in columns), strict=True)


def _order(listed: Sequence[Project]) -> list[int]:
    """Return the projects in the order in which they are applied: what is contained before what contains it."""
    index = {p.upgrade_id: i for i, p in enumerate(listed)}
    out: dict[int, None] = {}

    def add(i: int, above: frozenset[int]) -> None:
        for part in listed[i].contains:
            j = index.get(part)
            if j is not None and j not in above:
                add(j, above | {j})
        out.setdefault(i)

    for i in range(len(listed)):
        add(i, frozenset({i}))
    return list(out)


def _merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what several changes of one row make together, one after the other."""
    out: dict[str, Any] = {}
    for cells in parts:
        if "speed_kmh" in cells:
            out.pop("time_h", None)
        out.update(cells)
    return out


def _turned(net: Network, listed: Sequence[Project]) -> list[str]:
    """Return the links whose direction some project changes; compiled both ways, the reverse closed where it is not."""
    faults = [f"{p.upgrade_id} sets the mode of {k}; a link of another mode is another link" for p in listed
              for k, v in p.links if "mode" in v]  # fmt: skip
    if faults:
        raise InputError([f for text in faults for f in InputError(text).findings])
    return list(dict.fromkeys(k for p in listed for k, v in p.links if "direction" in v))


def _compiled(
    net: Network, listed: Sequence[Project], touching: Mapping[tuple[str, str], Sequence[int]], mask: int,
    turned: Sequence[str], options: Mapping[str, Any],
) -> Arcs:  # fmt: skip
    """Return the arcs with, on each element, the projects that a combination names."""
    border = {f"{n}/{m}": i for i, (n, m) in enumerate(_rows(net, "borders", "node_id", "mode"))}
    changes = [{("links", k): v for k, v in p.links} | {("borders", k): v for k, v in p.borders} for p in listed]
    edits, waits = [], []
    for key, members in touching.items():
        parts = [_all(listed[p], *key) for i, p in enumerate(members) if mask >> i & 1 and key in changes[p]]
        if key[0] == "links":
            edits.append((key[1], _merged(parts)))
        else:
            waits.append((border[key[1]], _merged(parts)))
    built = net.edited([e for e in edits if e[1]], [w for w in waits if w[1]])
    one_way = [k for k in turned if built.table("links")["direction"].iat[net.link_index[k]] == "forward"]
    if turned:
        built = built.edited([(k, {"direction": "both"}) for k in turned])
    arcs = compile_arcs(built, **options)
    if one_way:
        opened = arcs.open.copy()
        for k in one_way:
            opened[arcs.arcs_of_link[net.link_index[k]][1:]] = False
        arcs = replace(arcs, open=opened)
    return arcs


def built(net: Network, listed: Sequence[Project], effects: Collection[int]) -> Network:
    """Return the network with the effects of some projects, in the order in which they are applied."""
    border = {f"{n}/{m}": i for i, (n, m) in enumerate(_rows(net, "borders", "node_id", "mode"))}
    order = [listed[i] for i in _order(listed) if i in effects]
    waits = [(border[k], v) for p in order for k, v in p.borders]
    return net.edited([edit for p in order for edit in p.links], waits)


def _all(project: Project, table: str, key: str) -> dict[str, Any]:
    """Return what a project makes of one row, its rows one after the other."""
    held: Sequence[tuple[str, Mapping[str, Any]]] = project.links if table == "links" else project.borders
    return _merged(v for k, v in held if k == key)


def _comparable(made: Sequence[Arcs]) -> tuple[Array, float]:
    """Return the weights of all compilations on one scale, and how much of it an hour is."""
    hours = []
    for arcs in made:
        unknown = arcs.per_arc(arcs.screen.unknown, False) & (arcs.options["unknown"] == "penalise")
        hours.append(arcs.time_h * np.where(unknown, UNKNOWN_PENALTY, 1.0))
    # An hour without any length goes along, to tell what an hour is on this scale.
    out = weights_of(np.concatenate([*hours, [1.0]]), np.concatenate([*(a.length_km for a in made), [0.0]]))
    return out[:-1].reshape(len(made), -1), float(out[-1])


# ---- what a set of effects is worth


class Found(NamedTuple):
    """A score to be as high as possible, and the figure that answers show."""

    score: float
    figure: float | None


class Measure(Protocol):
    """What the searches ask of an objective; effects are numbers of projects."""

    relevant: frozenset[int]
    near: float
    loose: bool
    """Whether the bound of a set may lie above its value even when nothing about it is open."""

    def value(self, effects: frozenset[int]) -> Found:
        """Return what a set of effects achieves."""

    def relax(self, certain: frozenset[int], possible: frozenset[int]) -> tuple[float, frozenset[int]]:
        """Return a score that nothing between two sets exceeds, and effects which suffice to reach it."""


class Kept:
    """Answers that were given once."""

    def __init__(self) -> None:
        self.known: dict[frozenset[int], Found] = {}
        self.relaxed: dict[tuple[frozenset[int], frozenset[int]], tuple[float, frozenset[int]]] = {}


class FlowMeasure:
    """Throughput: a maximum flow."""

    near, loose = NEAR["throughput"], False

    def __init__(self, states: States, origins: Sequence[str], destinations: Sequence[str]) -> None:
        self.states, self._kept = states, Kept()
        self.relevant = frozenset(states.matter(origins, destinations, ("capacity",)))
        self.graph: Graph = build_graph(states.arcs, origins, destinations, mask=states.anywhere)
        room = np.where(states.open, states.capacity, 0.0)
        top = room.max(axis=0)
        bounded = np.isfinite(top)
        self.unit = FINE if float(top[bounded].sum()) * FINE < float(ROOM >> 2) else COARSE
        scaled = np.full(room.shape, ROOM, np.int64)
        finite = np.isfinite(room)
        scaled[finite] = np.minimum(np.rint(room[finite] * self.unit), float(ROOM >> 2)).astype(np.int64)
        self.room = scaled
        self.flows = 0

    def rooms(self, effects: Collection[int]) -> Array:
        """Return the capacity of every arc under a set of effects, in whole units."""
        return np.asarray(
            self.room[self.states.masks(effects)[self.states.element], np.arange(len(self.states.element))]
        )

    def solve(self, rooms: Array) -> Any:
        """Return a maximum flow under capacities of the compiled arcs."""
        flow = self.graph.flow(self.graph.spread(rooms, ROOM))
        flow.maximum()
        self.flows += 1
        return flow

    def value(self, effects: frozenset[int]) -> Found:
        """Return the vehicles a day."""
        key = effects & self.relevant
        if key not in self._kept.known:
            vehicles = self.solve(self.rooms(key)).value / self.unit
            self._kept.known[key] = Found(vehicles, vehicles)
        return self._kept.known[key]

    def relax(self, certain: frozenset[int], possible: frozenset[int]) -> tuple[float, frozenset[int]]:
        """Return the flow if every arc had the most that it can have, and what the arcs need that carry more."""
        certain, possible = certain & self.relevant, possible & self.relevant
        key = certain, possible
        if key not in self._kept.relaxed:
            sure = self.rooms(certain)
            best, options = sure.copy(), self.states.between(certain, possible)
            for e, masks in options:
                best[self.states.on[e]] = self.room[masks][:, self.states.on[e]].max(axis=0)
            flow = self.solve(best)
            used = np.zeros(len(best), np.int64)
            real = self.graph.arc >= 0
            np.maximum.at(used, self.graph.arc[real], flow.flows()[real])
            wanted: set[int] = set()
            for e, masks in options:
                on = self.states.on[e]
                if (used[on] > sure[on]).any():
                    enough = next((m for m in masks if (self.room[m, on] >= used[on]).all()), masks[-1])
                    wanted |= set(self.states.effects(e, enough)) - certain
            self._kept.relaxed[key] = flow.value / self.unit, frozenset(wanted)
        return self._kept.relaxed[key]


class TimeMeasure:
    """The fastest route."""

    near, loose = NEAR["time"], False

    def __init__(self, states: States, origins: Sequence[str], destinations: Sequence[str]) -> None:
        self.states, self._kept = states, Kept()
        self.relevant = frozenset(states.matter(origins, destinations, ("time",)))
        self.origins, self.destinations = origins, destinations

    def _search(self, weight: Array, opened: Array) -> tuple[int, list[int]] | None:
        graph = build_graph(self.states.arcs, self.origins, self.destinations, mask=opened)
        graph = replace(graph, weight=graph.spread(weight, np.int64(0)))
        found = graph.router().shortest(graph.source)
        return None if found is None else (found[0], graph.real(found[1]))

    def value(self, effects: frozenset[int]) -> Found:
        """Return the hours of the fastest route; the score counts as routes are compared."""
        key = effects & self.relevant
        if key not in self._kept.known:
            time, weight, _, opened = self.states.under(key)
            found = self._search(weight, opened)
            self._kept.known[key] = (
                Found(-math.inf, None)
                if found is None
                else Found(-found[0] / self.states.scale, math.fsum(time[found[1]].tolist()))
            )
        return self._kept.known[key]

    def relax(self, certain: frozenset[int], possible: frozenset[int]) -> tuple[float, frozenset[int]]:
        """Return the fastest route if every arc were as fast as it can be, and what that route needs."""
        certain, possible = certain & self.relevant, possible & self.relevant
        key = certain, possible
        if key not in self._kept.relaxed:
            states = self.states
            _, weight, _, opened = (x.copy() for x in states.under(certain))
            best: dict[int, int] = {}
            for e, masks in states.between(certain, possible):
                for a in states.on[e].tolist():
                    for mask in masks:
                        if states.open[mask, a] and (not opened[a] or states.weight[mask, a] < weight[a]):
                            opened[a], weight[a], best[a] = True, states.weight[mask, a], mask
            found = self._search(weight, opened)
            path = [] if found is None else found[1]
            wanted = {p for a in path if a in best for p in states.effects(int(states.element[a]), best[a])}
            score = -math.inf if found is None else -found[0] / self.states.scale
            self._kept.relaxed[key] = score, frozenset(wanted) - certain
        return self._kept.relaxed[key]


class AskedMeasure:
    """Whatever else can be asked of a network; what more projects do is bounded by all of them together.

    Parameters
    ----------
    build : callable
        From effects to the network that has them.
    ask : callable
        From a network and effects to score, figure, a bound of the score, and the effects that it uses (None: not
        known).
    improving : bool
        Whether a project never makes anything worse; without that nothing bounds a set but asking it.
    """

    def __init__(
        self, build: Callable[[frozenset[int]], Network],
        ask: Callable[[Network, frozenset[int]], tuple[float, float | None, float, frozenset[int] | None]],
        relevant: frozenset[int], near: float, improving: bool, loose: bool,
    ) -> None:  # fmt: skip
        self.build, self.ask, self.relevant, self.near = build, ask, relevant, near
        self.improving, self.loose = improving, loose
        self._known: dict[frozenset[int], tuple[float, float | None, float, frozenset[int] | None]] = {}
        self.asked = 0

    def _of(self, effects: frozenset[int]) -> tuple[float, float | None, float, frozenset[int] | None]:
        key = effects & self.relevant
        if key not in self._known:
            self.asked += 1
            self._known[key] = self.ask(self.build(key), key)
        return self._known[key]

    def value(self, effects: frozenset[int]) -> Found:
        """Return what the network with these effects answers."""
        score, figure, *_ = self._of(effects)
        return Found(score, figure)

    def relax(self, certain: frozenset[int], possible: frozenset[int]) -> tuple[float, frozenset[int]]:
        """Return the bound with everything that is possible, and what of it is used."""
        certain, possible = certain & self.relevant, possible & self.relevant
        if not self.improving and possible != certain:
            return math.inf, possible - certain
        _, _, bound, used = self._of(possible)
        if used is None:
            used = self._enough(certain, possible)
        return bound, (used & possible) - certain

    def _enough(self, certain: frozenset[int], possible: frozenset[int]) -> frozenset[int]:
        """Return effects that do as well as all that are possible: groups of them are left out while that holds."""
        goal = self._of(possible)[0] - self.near
        kept, groups = possible, [sorted(possible - certain)]
        while groups:
            group = groups.pop()
            if not group:
                continue
            without = kept - frozenset(group)
            if self._of(without)[0] >= goal:
                kept = without
            elif len(group) > 1:
                half = len(group) // 2
                groups += [group[half:], group[:half]]
        return kept


# ---- buying


@dataclass(frozen=True, eq=False)
class Shop:
    """What can be bought, what it costs, and what it brings.

    Attributes
    ----------
    listed : sequence of Project
    cost : ndarray
        In million euro; not a number where a project cannot be bought.
    brings : tuple of frozenset of int
        What a project has the effects of: itself and what it contains.
    needs : tuple of frozenset of int
        What must be there for its effects.
    """

    listed: Sequence[Project]
    cost: Array
    brings: tuple[frozenset[int], ...]
    needs: tuple[frozenset[int], ...]

    @cached_property
    def sold(self) -> list[int]:
        """Projects that can be bought."""
        return [i for i in range(len(self.listed)) if self.cost[i] == self.cost[i]]

    @cached_property
    def sellers(self) -> list[list[int]]:
        """By effect, the projects that bring it."""
        out: list[list[int]] = [[] for _ in self.listed]
        for i in self.sold:
            for effect in self.brings[i]:
                out[effect].append(i)
        return out

    def effects(self, bought: Iterable[int]) -> frozenset[int]:
        """Return the effects of what is bought: what contains brings, what is required must be there."""
        got = {e for i in bought for e in self.brings[i]}
        while True:
            idle = {e for e in got if not self.needs[e] <= got}
            if not idle:
                return frozenset(got)
            got -= idle

    def required(self, effects: Iterable[int]) -> frozenset[int]:
        """Return effects with all that they require."""
        todo, out = list(effects), set(effects)
        while todo:
            for more in self.needs[todo.pop()] - out:
                out.add(more)
                todo.append(more)
        return frozenset(out)

    def price(self, bought: Iterable[int]) -> float:
        """Return what a set costs; what is contained in another that is bought is not paid twice."""
        own = set(bought)
        inside = {e for i in own for e in self.brings[i] if e != i}
        return math.fsum(float(self.cost[i]) for i in own - inside)

    def decisions(self, bought: Iterable[int]) -> int:
        """Return how many procedures a set holds."""
        return sum(self.listed[i].procedure for i in bought)

    def ids(self, bought: Iterable[int]) -> tuple[str, ...]:
        """Return the ids of a set in table order."""
        return tuple(self.listed[i].upgrade_id for i in sorted(bought))

    def only(self, keep: Callable[[Project], bool]) -> Shop:
        """Return a shop that sells only some projects."""
        cost = np.array([c if keep(p) else np.nan for p, c in zip(self.listed, self.cost, strict=True)])
        return replace(self, cost=cost)


def shop_of(listed: Sequence[Project], uncosted: str | float) -> Shop:
    """Return what can be bought of projects that are not completed."""
    index = {p.upgrade_id: i for i, p in enumerate(listed)}
    done = {p.upgrade_id for p in listed if p.state == COMPLETED}
    brings = []
    for i, p in enumerate(listed):
        inside, todo = {i}, list(p.contains)
        while todo:
            j = index[todo.pop()]
            if j not in inside:
                inside.add(j)
                todo += listed[j].contains
        brings.append(frozenset(inside))
    needs = tuple(frozenset(index[r] for r in p.requires if r not in done) for p in listed)
    assumed = np.nan if isinstance(uncosted, str) else float(uncosted)
    cost = np.array([assumed if p.cost_meur is None else p.cost_meur for p in listed] or [0.0])[: len(listed)]
    cost[[i for i, p in enumerate(listed) if p.state == COMPLETED]] = np.nan
    return Shop(listed, cost, tuple(brings), needs)


class Point(NamedTuple):
    """A set, its cost, and what it achieves."""

    cost: float
    found: Found
    bought: frozenset[int]


class Outcome(NamedTuple):
    """Points of the frontier from cheap to dear, a score that nothing within the budget exceeds, and what is proven."""

    points: list[Point]
    bound: float
    proven: bool
    frontier_proven: bool
    method: str


@dataclass
class _Points:
    """The points that nothing cheaper equals."""

    near: float
    points: list[Point] = field(default_factory=list)

    def beaten(self, cost: float, score: float) -> bool:
        """Return whether something at most as dear is as good."""
        return any(p.cost <= cost + _cent(cost) and p.found.score >= score - self.near for p in self.points)

    def add(self, new: Point) -> None:
        """Keep a point, and drop what it beats."""
        if not self.beaten(new.cost, new.found.score):
            self.points = [
                p
                for p in self.points
                if not (p.cost >= new.cost - _cent(new.cost) and p.found.score <= new.found.score + self.near)
            ]
            self.points.append(new)
            self.points.sort(key=lambda p: p.cost)

    @property
    def best(self) -> Point:
        """The best of all; the points rise with their cost."""
        return self.points[-1]


def _cent(cost: float) -> float:
    return SLACK * max(1.0, abs(cost))


def branch(
    shop: Shop, measure: Measure, budget: float, decisions: int, *, whole: bool = True, deadline: float = math.inf,
    progress: Callable[[int, int], None] | None = None,
) -> Outcome:  # fmt: skip
    """Find the best sets by branching on what the best case uses.

    A branch has bought some projects and barred others. Its best case has the effects of all it can still pay for,
    each by itself; nothing in the branch is better. If all that the best case uses is bought, the branch is done:
    here its bound is reached, at no more than what is bought. Else one thing that it uses is not bought: buy it from
    one of those who bring it, or bar them all.
    """
    points = _Points(measure.near)
    points.add(Point(0.0, measure.value(shop.effects(())), frozenset()))
    ticket, open_bound = count(), -math.inf
    heap: list[tuple[float, int, int, frozenset[int], frozenset[int]]] = []
    heappush(heap, (-math.inf, 0, next(ticket), frozenset(), frozenset()))
    rounds, left_over = 0, False
    affordable = budget + _cent(budget)
    while heap:
        above, _, _, bought, barred = heappop(heap)
        spent, made = shop.price(bought), shop.decisions(bought)
        if _hopeless(points, -above, spent, whole):
            continue
        if perf_counter() > deadline:
            open_bound, left_over = max(open_bound, -above), True
            continue
        free = [
            i
            for i in shop.sold
            if i not in bought and i not in barred and spent + shop.cost[i] <= affordable
            and made + shop.listed[i].procedure <= decisions
        ]  # fmt: skip
        certain = shop.effects(bought)
        possible = shop.effects([*bought, *free])
        bound, wanted = measure.relax(certain, possible)
        rounds += 1
        if progress is not None:
            progress(rounds, rounds + len(heap))
        bound = min(bound, -above)
        if _hopeless(points, bound, spent, whole):
            continue
        missing = (shop.required(wanted) & possible) - certain
        if not missing:
            found = measure.value(certain)
            points.add(Point(spent, found, bought))
            if found.score >= bound - measure.near:
                continue
            if measure.loose:
                open_bound = max(open_bound, bound)
                continue
            missing = (possible - certain) & shop.required(measure.relevant)
            if not missing:
                continue
        offers = {e: own for e in sorted(missing) if (own := [i for i in shop.sellers[e] if i in free])}
        effect = max(offers, key=lambda e: min(shop.cost[i] for i in offers[e]))
        shut = set(barred)
        for i in offers[effect]:
            rival = {j for j in shop.sold if i in shop.brings[j] and j != i}
            child = bought | {i}
            heappush(heap, (-bound, -len(child), next(ticket), child, frozenset(shut | rival | shop.brings[i] - {i})))
            shut.add(i)
        heappush(heap, (-bound, -len(bought), next(ticket), bought, frozenset(shut)))
    best = points.best.found.score
    top = max(best, open_bound)
    proven = top <= best + measure.near
    return Outcome(points.points, top, proven, proven and not left_over, f"branching, {rounds} best cases")


def _hopeless(points: _Points, bound: float, spent: float, whole: bool) -> bool:
    if points.beaten(spent, bound):
        return True
    best = points.best
    return (
        not whole
        and bound <= best.found.score + points.near
        and (bound < best.found.score - points.near or spent >= best.cost - _cent(spent))
    )


def cuts(
    shop: Shop, measure: FlowMeasure, budget: float, decisions: int, *, whole: bool = True, deadline: float = math.inf,
    progress: Callable[[int, int], None] | None = None,
) -> Outcome:  # fmt: skip
    """Find the best sets for a maximum flow: a programme over projects, and a cut for every set that it proposes.

    The flow of a set is at most the capacity of every cut under that set (Ford and Fulkerson 1956). The programme
    maximises that over the cuts known; its answer bounds all sets, its set is asked for its flow, and the minimum cut
    joins the programme (Benders 1962), until the flow reaches the bound. Then the cheapest set with that flow, then
    the best one that costs less: so comes the whole frontier.
    """
    master = _Master(shop, measure)
    points = _Points(measure.near)
    points.add(Point(0.0, measure.value(shop.effects(())), frozenset()))
    limit, bound, proven, done = budget + _cent(budget), math.inf, True, False
    rounds = 0
    first = True
    while not done:
        top = None
        while top is None:
            rounds += 1
            if progress is not None:
                progress(rounds, rounds + 1)
            least = points.best.found.score if first else -math.inf
            proposed, high = master.most(limit, decisions)
            found = measure.value(shop.effects(proposed))
            points.add(Point(shop.price(proposed), found, proposed))
            if high <= max(least, found.score) + measure.near or master.seen(proposed):
                high = max(found.score, least) if master.seen(proposed) else high
                top = Point(shop.price(proposed), found, proposed)
            elif perf_counter() > deadline:
                break
            else:
                master.cut(proposed)
        if first:
            bound = high
            first = False
        if top is None:
            proven = False
            break
        top = max([p for p in points.points if p.cost <= limit] or [top], key=lambda p: (p.found.score, -p.cost))
        cheap = top
        while perf_counter() <= deadline:
            rounds += 1
            cheaper = master.cheapest(top.found.score - measure.near / 2, limit, decisions)
            if cheaper is None:
                break
            proposed = cheaper
            found = measure.value(shop.effects(proposed))
            points.add(Point(shop.price(proposed), found, proposed))
            if found.score >= top.found.score - measure.near:
                cheap = Point(shop.price(proposed), found, proposed)
                break
            if master.seen(proposed):
                master.bar(proposed)
            master.cut(proposed)
        limit = cheap.cost - master.step
        done = not whole or limit < 0 or cheap.cost <= 0
        if perf_counter() > deadline and not done:
            proven = False
            break
    best = points.best.found.score
    settled = bound <= best + measure.near
    method = f"cuts: {master.known} cuts, {measure.flows} flows"
    return Outcome(points.points, max(bound if not settled else best, best), settled, proven and settled, method)


class _Master:
    """The integer programme over projects; HiGHS solves it."""

    def __init__(self, shop: Shop, measure: FlowMeasure) -> None:
        self.shop, self.measure, self.states = shop, measure, measure.states
        useful = shop.required(measure.relevant)
        self.buy = [i for i in shop.sold if shop.brings[i] & useful]
        self.effect = sorted({e for i in self.buy for e in shop.brings[i]} & useful)
        self.x = {i: k for k, i in enumerate(self.buy)}
        self.e = {e: len(self.buy) + k for k, e in enumerate(self.effect)}
        self.size = len(self.buy) + len(self.effect)
        positive = [float(shop.cost[i]) for i in self.buy if shop.cost[i] > 0]
        self.grain = min(positive, default=1.0)
        self.step = self.grain * 1e-4
        self.rules: list[tuple[dict[int, float], float]] = []  # at most
        self.cut_rules: list[tuple[dict[int, float], float]] = []  # flow less these at most
        self.y: dict[tuple[int, int], int] = {}
        self.equal: list[tuple[dict[int, float], float]] = []
        self.asked: set[frozenset[int]] = set()
        self._link_effects()

    @property
    def known(self) -> int:
        """How many cuts there are."""
        return len(self.cut_rules)

    def seen(self, bought: frozenset[int]) -> bool:
        """Return whether the cuts of a set are in the programme."""
        return bought in self.asked

    def bar(self, bought: frozenset[int]) -> None:
        """Leave one set out."""
        self.rules.append(({self.x[i]: 1.0 if i in bought else -1.0 for i in self.buy}, len(bought) - 1.0))

    def _link_effects(self) -> None:
        shop = self.shop
        for e in self.effect:
            sellers = [i for i in shop.sellers[e] if i in self.x]
            needs = [self.e[r] for r in shop.needs[e] if r in self.e]
            lost = any(r not in self.e for r in shop.needs[e])
            self.rules.append(({self.e[e]: 1.0, **({} if lost else {self.x[i]: -1.0 for i in sellers})}, 0.0))
            self.rules += [({self.e[e]: 1.0, r: -1.0}, 0.0) for r in needs]
            if not lost:
                for i in sellers:
                    rule = {self.x[i]: 1.0, self.e[e]: -1.0}
                    for r in needs:
                        rule[r] = rule.get(r, 0.0) + 1.0
                    self.rules.append((rule, float(len(needs))))
        for i in self.buy:
            for j in shop.brings[i] - {i}:
                if j in self.x:
                    self.rules.append(({self.x[i]: 1.0, self.x[j]: 1.0}, 1.0))

    def _mask_variables(self, element: int) -> list[tuple[int, list[int]]]:
        """Return variables whose sum is 1 when an element stands in that combination; made when first needed."""
        members = self.states.members[element]
        present = [i for i, p in enumerate(members) if p in self.e]
        masks = [sum(1 << i for i in some) for n in range(len(present) + 1) for some in combinations(present, n)]
        if len(present) == 1:
            return [(masks[1], [self.e[members[present[0]]]])]
        fresh = (element, 0) not in self.y
        for m in masks:
            if (element, m) not in self.y:
                self.y[element, m] = self.size
                self.size += 1
        if fresh:
            self.equal.append(({self.y[element, m]: 1.0 for m in masks}, 1.0))
            for i in present:
                row = {self.y[element, m]: 1.0 for m in masks if m >> i & 1}
                self.equal.append(({**row, self.e[members[i]]: -1.0}, 0.0))
        return [(m, [self.y[element, m]]) for m in masks if m]

    def cut(self, bought: frozenset[int]) -> None:
        """Add the minimum cuts of a set, the one nearest the origins and the one nearest the destinations."""
        measure, graph = self.measure, self.measure.graph
        self.asked.add(bought)
        rooms = measure.rooms(self.shop.effects(bought) & measure.relevant)
        flow = measure.solve(rooms)
        near = flow.reachable()
        room = graph.spread(rooms, ROOM)
        carried = flow.flows()
        forward, backward = room - carried > 0, carried > 0
        tail, head = np.r_[graph.head[forward], graph.tail[backward]], np.r_[graph.tail[forward], graph.head[backward]]
        far = ~reached(graph.size, tail, head, [graph.sink])
        for side in (near, far):
            crossing = np.flatnonzero(side[graph.tail] & ~side[graph.head] & (graph.arc >= 0))
            self._add(np.bincount(graph.arc[crossing], minlength=len(measure.states.element)))
            if (near == far).all():
                break

    def _add(self, times: Array) -> None:
        measure, states = self.measure, self.states
        rule: dict[int, float] = {}
        constant = 0.0
        on = np.flatnonzero(times)
        constant += float((measure.room[0, on] * times[on]).sum()) / measure.unit
        for e in np.unique(states.element[on]).tolist():
            if e < 0 or not any(p in self.e for p in states.members[e]):
                continue
            own = on[states.element[on] == e]
            base = float((measure.room[0, own] * times[own]).sum())
            more = {
                m: (float((measure.room[m, own] * times[own]).sum()) - base) / measure.unit
                for m in range(1, 1 << len(states.members[e]))
            }
            if any(more.values()):
                for m, variables in self._mask_variables(e):
                    for v in variables:
                        rule[v] = rule.get(v, 0.0) - more[m]
        self.cut_rules.append((rule, constant))

    def _solve(
        self, goal: dict[int, float], limit: float, decisions: int, floor: float | None
    ) -> tuple[frozenset[int], float] | None:
        import highspy

        shop, flow = self.shop, 0
        while True:
            solver = highspy.Highs()
            solver.setOptionValue("output_flag", False)
            for name in ("mip_feasibility_tolerance", "primal_feasibility_tolerance"):
                solver.setOptionValue(name, 1e-9)
            for name in ("mip_rel_gap", "mip_abs_gap"):
                solver.setOptionValue(name, 0.0)
            infinite = highspy.kHighsInf
            unit = max([1.0, *(abs(v) for rule, c in self.cut_rules for v in (c, *rule.values()))])
            solver.addVars(
                self.size + 1,
                np.r_[0.0 if floor is None else max(0.0, floor / unit), np.zeros(self.size)],
                np.r_[infinite, np.ones(self.size)],
            )
            for i in range(len(self.buy)):
                solver.changeColIntegrality(i + 1, highspy.HighsVarType.kInteger)
            for k, v in goal.items():
                solver.changeColCost(k + 1, v)

            def row(low: float, rule: Mapping[int, float], high: float, to: Any = solver) -> None:
                index = np.array([k + 1 for k in rule], np.int32)
                to.addRow(low, high, len(rule), index, np.array(list(rule.values()), float))

            for rule, most in self.rules:
                row(-infinite, rule, most)
            for rule, exactly in self.equal:
                row(exactly, rule, exactly)
            for rule, most in self.cut_rules:
                row(-infinite, {-1: 1.0} | {k: v / unit for k, v in rule.items()}, most / unit)
            if self.buy:
                row(-infinite, {self.x[i]: float(shop.cost[i]) / self.grain for i in self.buy}, limit / self.grain)
            ease = {self.x[i]: 1.0 for i in self.buy if shop.listed[i].procedure}
            if ease:
                row(-infinite, ease, float(decisions))
            solver.run()
            if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return None
            found = np.array(solver.getSolution().col_value)
            bought = frozenset(i for i in self.buy if found[self.x[i] + 1] > 0.5)
            if shop.price(bought) <= limit + _cent(limit) and shop.decisions(bought) <= decisions:
                return bought, float(found[flow]) * unit
            # Within the solver's tolerance, but not within ours: never this set again.
            self.bar(bought)

    def most(self, limit: float, decisions: int) -> tuple[frozenset[int], float]:
        """Return a set within the limit with the greatest flow that the known cuts allow, and that flow."""
        if not self.cut_rules:
            self.cut(frozenset())
        found = self._solve({-1: -1.0}, limit, decisions, None)
        assert found is not None, "nothing bought is always a solution"
        return found

    def cheapest(self, floor: float, limit: float, decisions: int) -> frozenset[int] | None:
        """Return a cheapest set that the known cuts allow so much flow."""
        goal = {self.x[i]: float(self.shop.cost[i]) / self.grain for i in self.buy}
        # Of sets that cost the same the smaller one, so that nothing idle is bought.
        goal = {k: v + 1e-5 for k, v in goal.items()}
        found = self._solve(goal, limit, decisions, floor)
        return None if found is None else found[0]
