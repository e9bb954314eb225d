"""Samples of failures answered by compiled loops: 64 at a time for connection, one by one for time and throughput.

The plain twin stands in `montecarlo`; tests hold the two against each other, sample by sample. As `compiled`, the
module is imported only where a question is worth it.
"""

# numba has no types
# mypy: disallow-untyped-decorators=False, warn-return-any=False

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit

from mobility.arcs import Graph
from mobility.compiled import CompiledFlow, CompiledRouter, _clear, _guided, _trace
from mobility.flows import ROOM
from mobility.kernels import FAR, reached
from mobility.montecarlo import CUT, FOUND, UNSURE

Array = np.ndarray[Any, Any]

SMALL = 20_000
"""Up to so many arcs the base flow is the one of least time, which touches few links."""

PROVEN = 64
"""So many routes are kept per call to show that samples are connected without another search."""


@njit(cache=True, nogil=True)
def _loops(path: Array, head: Array, place: Array, met: Array, stamp: int) -> bool:
    """Return whether a path enters a place for the second time; places count from -2."""
    here = -3
    for a in path:
        there = place[head[a]]
        if there != here:
            if met[there + 2] == stamp:
                return True
            met[there + 2] = stamp
            here = there
    return False


@njit(cache=True, nogil=True)
def _ban(failed: Array, first: Array, taken: Array, arc_ban: Array, stamp: int) -> None:
    for e in failed:
        for j in range(first[e], first[e + 1]):
            arc_ban[taken[j]] = stamp


@njit(cache=True, nogil=True)
def _times(
    start: Array, order: Array, tail: Array, head: Array, weight: Array, toward: Array, place: Array, hours: Array,
    source: int, sink: int, base: Array, sample: Array, what: Array, first: Array, taken: Array, far: int,
) -> tuple[Array, Array]:  # fmt: skip
    """Return for each sample what is known of it and the hours of its fastest route.

    A sample that fails nothing on the fastest route of all keeps it.
    """
    n, runs = len(start) - 1, len(sample) - 1
    best = np.full(n, far, np.int64)
    key = np.zeros(n, np.int64)
    came = np.full(n, -1, np.int32)
    slot = np.full(n, -1, np.int32)
    heap = np.empty(n, np.int32)
    touched = np.empty(n, np.int32)
    arc_ban = np.zeros(len(tail), np.int32)
    vertex_ban = np.zeros(n, np.int32)
    met = np.zeros(place.max() + 3, np.int32)
    state = np.full(runs, FOUND, np.int8)
    out = np.zeros(runs)
    on_base = np.zeros(len(tail), np.bool_)
    on_base[base] = True
    hits = np.zeros(len(first) - 1, np.bool_)
    for e in range(len(hits)):
        for j in range(first[e], first[e + 1]):
            if on_base[taken[j]]:
                hits[e] = True
    usual = 0.0
    for a in base:
        usual += hours[a]
    for i in range(runs):
        hit = False
        for j in range(sample[i], sample[i + 1]):
            if hits[what[j]]:
                hit = True
                break
        if not hit:
            out[i] = usual
            continue
        stamp = i + 1
        _ban(what[sample[i] : sample[i + 1]], first, taken, arc_ban, stamp)
        found, count = _guided(
            start, order, head, weight, toward, source, sink, arc_ban, vertex_ban, stamp, best, key, came, slot, heap,
            touched, far,
        )  # fmt: skip
        if found < far:
            path = _trace(came, tail, sink)
            if _loops(path, head, place, met, stamp):
                state[i] = UNSURE
            else:
                for a in path:
                    out[i] += hours[a]
        else:
            state[i] = CUT
        _clear(best, slot, touched, count, far)
    return state, out


@njit(cache=True, nogil=True)
def _spread(start: Array, order: Array, head: Array, toward: Array, up: Array, source: int, far: int, reach: Array,
            queue: Array, waits: Array) -> None:  # fmt: skip
    """Set in `reach`, for 64 samples at once, which vertices can be reached; bits of `up` are arcs that stand."""
    n = len(start) - 1
    reach[:] = np.uint64(0)
    reach[source] = ~np.uint64(0)
    queue[0] = source
    first, held = 0, 1
    while held > 0:
        u = queue[first]
        first = first + 1 if first + 1 < n else 0
        held -= 1
        waits[u] = False
        here = reach[u]
        for j in range(start[u], start[u + 1]):
            a = order[j]
            v = head[a]
            there = reach[v] | (here & up[a])
            if there != reach[v] and toward[v] < far:
                reach[v] = there
                if not waits[v]:
                    last = first + held
                    queue[last if last < n else last - n] = v
                    waits[v] = True
                    held += 1


@njit(cache=True, nogil=True)
def _connections(
    start: Array, order: Array, tail: Array, head: Array, weight: Array, toward: Array, place: Array,
    source: int, sink: int, base: Array, sample: Array, what: Array, first: Array, taken: Array, may_loop: bool,
    far: int,
) -> Array:  # fmt: skip
    """Return for each sample what is known of it.

    Where a way may pass a place twice, being reached is not enough: one of the routes kept must stand, or a search
    finds another, which is kept.
    """
    n, m, runs = len(start) - 1, len(tail), len(sample) - 1
    every = ~np.uint64(0)
    one = np.uint64(1)
    reach = np.zeros(n, np.uint64)
    queue = np.empty(n, np.int32)
    waits = np.zeros(n, np.bool_)
    up = np.full(m, every)
    state = np.zeros(runs, np.int8)
    best = np.full(n, far, np.int64)
    key = np.zeros(n, np.int64)
    came = np.full(n, -1, np.int32)
    slot = np.full(n, -1, np.int32)
    heap = np.empty(n, np.int32)
    touched = np.empty(n, np.int32)
    arc_ban = np.zeros(m, np.int32)
    vertex_ban = np.zeros(n, np.int32)
    met = np.zeros(place.max() + 3, np.int32)
    proven = [base]
    for low in range(0, runs, 64):
        high = min(low + 64, runs)
        for i in range(low, high):
            bit = ~(one << np.uint64(i - low))
            for j in range(sample[i], sample[i + 1]):
                for k in range(first[what[j]], first[what[j] + 1]):
                    up[taken[k]] &= bit
        _spread(start, order, head, toward, up, source, far, reach, queue, waits)
        sure = np.uint64(0) if may_loop else every
        if may_loop:
            for path in proven:
                stands = every
                for a in path:
                    stands &= up[a]
                sure |= stands
        for i in range(low, high):
            bit = one << np.uint64(i - low)
            if reach[sink] & bit == 0:
                continue
            if sure & bit:
                state[i] = FOUND
                continue
            stamp = i + 1
            _ban(what[sample[i] : sample[i + 1]], first, taken, arc_ban, stamp)
            _, count = _guided(
                start, order, head, weight, toward, source, sink, arc_ban, vertex_ban, stamp, best, key, came, slot,
                heap, touched, far,
            )  # fmt: skip
            path = _trace(came, tail, sink)
            if _loops(path, head, place, met, stamp):
                state[i] = UNSURE
            else:
                state[i] = FOUND
                stands = every
                for a in path:
                    stands &= up[a]
                sure |= stands
                if len(proven) < PROVEN:
                    proven.append(path)
            _clear(best, slot, touched, count, far)
        for i in range(low, high):
            for j in range(sample[i], sample[i + 1]):
                for k in range(first[what[j]], first[what[j] + 1]):
                    up[taken[k]] = every
    return state


@njit(cache=True, nogil=True)
def _heights(
    start: Array, order: Array, to: Array, room: Array, over: Array, short: Array, height: Array, step: Array,
    fifo: Array,
) -> int:  # fmt: skip
    """Set how many steps each vertex is from one that is short, and queue those that are over and get there."""
    n = len(start) - 1
    height[:] = n + 1
    high = 0
    for v in range(n):
        step[v] = start[v]
        if short[v] > 0:
            height[v] = 1
            fifo[high] = v
            high += 1
    low = 0
    while low < high:
        v = fifo[low]
        low += 1
        for j in range(start[v], start[v + 1]):
            a = order[j]
            if height[to[a]] > n and room[a ^ 1] > 0:
                height[to[a]] = height[v] + 1
                fifo[high] = to[a]
                high += 1
    held = 0
    for v in range(n):
        if over[v] > 0 and height[v] <= n:
            fifo[held] = v
            held += 1
    return held


@njit(cache=True, nogil=True)
def _resend(
    start: Array, order: Array, to: Array, room: Array, over: Array, short: Array, height: Array, step: Array,
    fifo: Array, log: Array, logged: int,
) -> tuple[int, int]:  # fmt: skip
    """Send what is `over` at some vertices to where it is `short`; return what got through, and log length.

    The first phase of push-relabel (Goldberg and Tarjan 1988): what cannot get there stays where it is. Each arc
    that changes is noted in `log` as far as that has room.
    """
    n = len(start) - 1
    sent = 0
    for v in range(n):
        both = min(over[v], short[v])
        over[v] -= both
        short[v] -= both
        sent += both
    first = 0
    held = _heights(start, order, to, room, over, short, height, step, fifo)
    last = held if held < n else 0
    work = 0
    while held > 0:
        u = fifo[first]
        first = first + 1 if first + 1 < n else 0
        held -= 1
        while over[u] > 0:
            if step[u] == start[u + 1]:
                work += 12 + start[u + 1] - start[u]
                least = n
                for j in range(start[u], start[u + 1]):
                    a = order[j]
                    if room[a] > 0 and height[to[a]] < least:
                        least = height[to[a]]
                height[u] = least + 1
                step[u] = start[u]
                if height[u] > n:
                    break
                continue
            a = order[step[u]]
            v = to[a]
            if room[a] > 0 and height[u] == height[v] + 1:
                push = min(over[u], room[a])
                room[a] -= push
                room[a ^ 1] += push
                if logged < len(log):
                    log[logged] = a >> 1
                logged += 1
                over[u] -= push
                takes = min(push, short[v])
                short[v] -= takes
                sent += takes
                push -= takes
                if push > 0:
                    if over[v] == 0:
                        fifo[last] = v
                        last = last + 1 if last + 1 < n else 0
                        held += 1
                    over[v] += push
            else:
                step[u] += 1
        if work > len(to):
            held = _heights(start, order, to, room, over, short, height, step, fifo)
            first, last, work = 0, held if held < n else 0, 0
    return sent, logged


@njit(cache=True, nogil=True)
def _flows(
    start: Array, order: Array, to: Array, kept: Array, value: int, sample: Array, what: Array, share: Array,
    first: Array, taken: Array, size: Array, state: Array,
) -> Array:  # fmt: skip
    """Return the maximum flow of each sample that is not cut; what fails keeps a share of its own capacity.

    Of the flow with everything in place only what no longer fits is sent another way, all of it at once: out of
    the tails of the arcs that are short and into their heads. What does not get through is lost. That is exact
    because an arc leads from sink to source: the flow is a circulation, and the least of it that has to be given up
    is what the residual graph cannot carry between those vertices.
    """
    n = len(start) - 1
    never = np.int64(1) << 62
    room = kept.copy()
    least = np.full(len(kept) // 2, never)
    over = np.zeros(n, np.int64)
    short = np.zeros(n, np.int64)
    height = np.empty(n, np.int32)
    step = np.empty(n, np.int32)
    fifo = np.empty(n, np.int32)
    log = np.empty(100_000, np.int32)
    out = np.zeros(len(sample) - 1, np.int64)
    for i in range(len(out)):
        if state[i] == CUT:
            continue
        lost, logged = 0, 0
        for j in range(sample[i], sample[i + 1]):
            for k in range(first[what[j]], first[what[j] + 1]):
                a = taken[k]
                least[a] = min(least[a], np.int64(np.floor(size[k] * share[j])))
        for j in range(sample[i], sample[i + 1]):
            for k in range(first[what[j]], first[what[j] + 1]):
                a = taken[k]
                less = room[2 * a + 1] - least[a]
                room[2 * a] = min(room[2 * a], max(0, -less))
                if less > 0:
                    room[2 * a + 1] = least[a]
                    over[to[2 * a + 1]] += less
                    short[to[2 * a]] += less
                    lost += less
        if lost > 0:
            sent, logged = _resend(start, order, to, room, over, short, height, step, fifo, log, 0)
            lost -= sent
            over[:] = 0
            short[:] = 0
        out[i] = value - lost
        for j in range(sample[i], sample[i + 1]):
            for k in range(first[what[j]], first[what[j] + 1]):
                a = taken[k]
                least[a] = never
                room[2 * a] = kept[2 * a]
                room[2 * a + 1] = kept[2 * a + 1]
        if logged > len(log):
            room[:] = kept
        else:
            for k in range(logged):
                a = 2 * log[k]
                room[a] = kept[a]
                room[a + 1] = kept[a + 1]
    return out


def shrink(graph: Graph, capacity: Array, members: Sequence[int]) -> tuple[Array, Array, Array, Array, list[list[int]]]:
    """Return a smaller graph with the same maximum flow whatever capacity `members` lose.

    What lies on no way from source to sink goes, and arcs in a row become one that holds as much as its least
    member.

    Parameters
    ----------
    graph : Graph
    capacity : ndarray of int
        Of each arc; at least `ROOM` for one that never limits.
    members : sequence of int
        Arcs that may lose capacity.

    Returns
    -------
    tail, head, capacity, weight : ndarray
        Of each new arc.
    of : list of list of int
        The `members` in each new arc.
    """
    may = set(members)
    keep = reached(graph.size, graph.tail, graph.head, [graph.source])
    keep &= reached(graph.size, graph.head, graph.tail, [graph.sink])
    rows: dict[int, tuple[int, int, int, int, list[int]]] = {}
    into: list[set[int]] = [set() for _ in range(graph.size)]
    outof: list[set[int]] = [set() for _ in range(graph.size)]

    def add(arc: int, tail: int, head: int, room: int, cost: int, held: list[int]) -> None:
        if tail != head:
            rows[arc] = tail, head, room, cost, held
            outof[tail].add(arc)
            into[head].add(arc)

    def drop(arc: int) -> tuple[int, int, int, int, list[int]]:
        row = rows.pop(arc)
        outof[row[0]].discard(arc)
        into[row[1]].discard(arc)
        return row

    for a in np.flatnonzero(keep[graph.tail] & keep[graph.head]).tolist():
        held = [a] if a in may else []
        add(a, int(graph.tail[a]), int(graph.head[a]), int(capacity[a]), int(graph.weight[a]), held)
    fresh = len(graph.tail)
    todo = [v for v in range(graph.size) if v not in (graph.source, graph.sink)]
    while todo:
        v = todo.pop()
        pairs = _through(v, rows, into[v], outof[v])
        if pairs is None:
            continue
        there = {rows[a][0] for a in into[v]} | {rows[a][1] for a in outof[v]}
        ins, outs = {a: drop(a) for a in sorted(into[v])}, {a: drop(a) for a in sorted(outof[v])}
        for i, o in pairs:
            (tail, _, room, cost, held), (_, head, more, further, rest) = ins[i], outs[o]
            add(fresh, tail, head, min(room, more), cost + further, held + rest)
            fresh += 1
        todo += sorted(there - {graph.source, graph.sink})
    table = np.array([row[:4] for row in rows.values()], np.int64).reshape(-1, 4)
    return table[:, 0], table[:, 1], table[:, 2], table[:, 3], [row[4] for row in rows.values()]


def _through(
    v: int, rows: dict[int, tuple[int, int, int, int, list[int]]], into: set[int], outof: set[int]
) -> list[tuple[int, int]] | None:
    """Return the arcs to join at a vertex that can go: each limited arc in one pair at most. None when it must stay."""
    if not into and not outof:
        return None
    pairs = [(i, o) for i in sorted(into) for o in sorted(outof) if rows[i][0] != rows[o][1]]
    used = [a for pair in pairs for a in pair]
    if len(pairs) > max(len(into), len(outof)):
        return None
    for a in {*into, *outof}:
        if used.count(a) > 1 and (rows[a][2] < ROOM or rows[a][4]):
            return None
    return pairs


def _rows(lists: Sequence[Sequence[int]]) -> tuple[Array, Array]:
    """Return lists one behind the other: where each begins, and what is in them."""
    bounds = np.concatenate([[0], np.cumsum([len(x) for x in lists])]).astype(np.int64)
    return bounds, np.array([a for x in lists for a in x], np.int64)


class CompiledSampler:
    """`mobility.montecarlo.PlainSampler` on arrays; safe to be asked from several threads at once.

    Parameters
    ----------
    graph : Graph
    base : sequence of int
        The fastest route with everything in place, as arcs of the graph.
    hours : ndarray of float or None
        Of each arc; None when times are not asked for.
    capacity : ndarray of int or None
        Of each arc; None when throughput is not asked for.
    taken : sequence of sequence of int
        The arcs that each failure takes.
    may_loop : bool
        Whether a way may have to pass a place twice.
    closes : bool
        Whether what fails is out; otherwise every sample has the fastest route.
    """

    def __init__(
        self, graph: Graph, base: Sequence[int], hours: Array | None, capacity: Array | None,
        taken: Sequence[Sequence[int]], may_loop: bool, closes: bool,
    ) -> None:  # fmt: skip
        self._router = _Router(graph, base, hours, taken, may_loop)
        self._flow = None if capacity is None else _Flow(graph, capacity, taken)
        self._closes = closes

    def answer(self, sample: Array, what: Array, share: Array) -> tuple[Array, Array, Array]:
        """Return what is known of each sample, the hours of its fastest route, and its flow."""
        # What does not close anything is nothing to the search.
        state, hours = self._router.ask(sample if self._closes else np.zeros_like(sample), what)
        if self._flow is None:
            return state, hours, np.zeros(len(state), np.int64)
        return state, hours, self._flow.ask(sample, what, share, state)


class _Router(CompiledRouter):
    """The searched graph, and the arcs that each failure takes."""

    def __init__(
        self, graph: Graph, base: Sequence[int], hours: Array | None, taken: Sequence[Sequence[int]], may_loop: bool
    ) -> None:
        super().__init__(graph.size, graph.tail, graph.head, graph.weight, graph.sink)
        self._graph, self._hours, self._may_loop = graph, hours, may_loop
        self._base, self._place = np.array(base, np.int64), graph.place.astype(np.int32)
        self._takes = _rows(taken)

    def ask(self, sample: Array, what: Array) -> tuple[Array, Array]:
        """Return what is known of each sample and, where they are asked for, the hours of its fastest route."""
        at = self._start, self._order, self._tail, self._head, self._weight, self.toward, self._place
        ends = self._graph.source, self._graph.sink, self._base
        if self._hours is not None:
            state, hours = _times(*at, self._hours, *ends, sample, what, *self._takes, FAR)
            return state, hours
        state = _connections(*at, *ends, sample, what, *self._takes, self._may_loop, FAR)
        return state, np.zeros(len(state))


class _Flow(CompiledFlow):
    """The maximum flow with everything in place on the graph made small, and what each failure takes of it."""

    def __init__(self, graph: Graph, capacity: Array, taken: Sequence[Sequence[int]]) -> None:
        tail, head, room, cost, of = shrink(graph, capacity, [a for t in taken for a in t])
        super().__init__(
            graph.size, np.r_[tail, graph.sink], np.r_[head, graph.source], np.r_[room, ROOM], np.r_[cost, 0],
            graph.source, graph.sink,
        )  # fmt: skip
        if len(tail) < SMALL:
            self.cheapest()
        else:
            self.maximum()
        home = {a: i for i, held in enumerate(of) for a in held}
        arcs = [[a for a in t if a in home] for t in taken]
        self._takes = _rows([[home[a] for a in t] for t in arcs])
        self._size = np.array([capacity[a] for t in arcs for a in t], np.int64)

    def ask(self, sample: Array, what: Array, share: Array, state: Array) -> Array:
        """Return the flow of each sample."""
        flow = self._start, self._order, self._to, self._room, self.value
        return np.asarray(_flows(*flow, sample, what, share, *self._takes, self._size, state))
