"""The inner loops of `kernels`, compiled by numba, for large networks and questions with many solves.

The functions answer exactly as their plain twins do; tests hold them against each other. Compilation is cached on
disk; the module is imported only where a question is worth it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from mobility.kernels import FAR, WAYS

Array = np.ndarray[Any, Any]

REMEMBERED, LONGEST, THICKEST = 4096, 64, 512
"""Arcs beyond the first, longer ways round an arc and thicker walls are searched again each time."""


@njit(cache=True, nogil=True)
def _csr(size: int, key: Array) -> tuple[Array, Array]:
    """Return row pointers and arc order of arcs grouped by one of their ends, each group in arc order."""
    start = np.zeros(size + 1, np.int32)
    for k in key:
        start[k + 1] += 1
    for v in range(size):
        start[v + 1] += start[v]
    free = start[:-1].copy()
    order = np.empty(len(key), np.int32)
    for a in range(len(key)):
        order[free[key[a]]] = a
        free[key[a]] += 1
    return start, order


@njit(cache=True, nogil=True)
def _up(heap: Array, key: Array, slot: Array, i: int) -> None:
    v = heap[i]
    k = key[v]
    while i > 0:
        p = (i - 1) >> 2
        u = heap[p]
        if key[u] < k or (key[u] == k and u < v):
            break
        heap[i] = u
        slot[u] = i
        i = p
    heap[i] = v
    slot[v] = i


@njit(cache=True, nogil=True)
def _down(heap: Array, key: Array, slot: Array, n: int, i: int) -> None:
    v = heap[i]
    k = key[v]
    while True:
        c = 4 * i + 1
        if c >= n:
            break
        b = c
        for j in range(c + 1, min(c + 4, n)):
            x, y = heap[j], heap[b]
            if key[x] < key[y] or (key[x] == key[y] and x < y):
                b = j
        u = heap[b]
        if k < key[u] or (k == key[u] and v < u):
            break
        heap[i] = u
        slot[u] = i
        i = b
    heap[i] = v
    slot[v] = i


@njit(cache=True, nogil=True)
def _label(v: int, heap: Array, key: Array, slot: Array, touched: Array, size: int, count: int) -> tuple[int, int]:
    """Put a vertex with a new key into the heap, or move it up; return the sizes of heap and of what was touched."""
    if slot[v] == -1:
        heap[size] = v
        slot[v] = size
        touched[count] = v
        size += 1
        count += 1
    _up(heap, key, slot, slot[v])
    return size, count


@njit(cache=True, nogil=True)
def _sweep(start: Array, order: Array, far_end: Array, weight: Array, source: int, far: int) -> Array:
    """Dijkstra's distances from one vertex along arcs grouped by `start`, `order`."""
    n = len(start) - 1
    best = np.full(n, far, np.int64)
    slot = np.full(n, -1, np.int32)
    heap = np.empty(n, np.int32)
    best[source] = 0
    heap[0] = source
    slot[source] = 0
    size = 1
    while size > 0:
        u = heap[0]
        size -= 1
        slot[u] = -2
        if size > 0:
            heap[0] = heap[size]
            slot[heap[0]] = 0
            _down(heap, best, slot, size, 0)
        for j in range(start[u], start[u + 1]):
            a = order[j]
            v = far_end[a]
            there = best[u] + weight[a]
            if slot[v] != -2 and there < best[v]:
                best[v] = there
                if slot[v] == -1:
                    heap[size] = v
                    slot[v] = size
                    size += 1
                _up(heap, best, slot, slot[v])
    return best


@njit(cache=True, nogil=True)
def _guided(
    start: Array, order: Array, head: Array, weight: Array, toward: Array, source: int, target: int,
    arc_ban: Array, vertex_ban: Array, stamp: int, best: Array, key: Array, came: Array, slot: Array, heap: Array,
    touched: Array, far: int,
) -> tuple[int, int]:  # fmt: skip
    """Search from source to target by A*; return the weight (`far` if none) and how many vertices it touched."""
    best[source] = 0
    key[source] = toward[source]
    came[source] = -1
    heap[0] = source
    slot[source] = 0
    touched[0] = source
    size, count = 1, 1
    found = far
    while size > 0:
        u = heap[0]
        size -= 1
        slot[u] = -2
        if u == target:
            found = best[u]
            break
        if size > 0:
            heap[0] = heap[size]
            slot[heap[0]] = 0
            _down(heap, key, slot, size, 0)
        for j in range(start[u], start[u + 1]):
            a = order[j]
            v = head[a]
            if slot[v] == -2 or vertex_ban[v] == stamp or toward[v] >= far or arc_ban[a] == stamp:
                continue
            there = best[u] + weight[a]
            if there < best[v]:
                best[v] = there
                key[v] = there + toward[v]
                came[v] = a
                size, count = _label(v, heap, key, slot, touched, size, count)
    return found, count


@njit(cache=True, nogil=True)
def _trace(came: Array, tail: Array, target: int) -> Array:
    n, v = 0, target
    while came[v] >= 0:
        n += 1
        v = tail[came[v]]
    out = np.empty(n, np.int64)
    v = target
    while came[v] >= 0:
        n -= 1
        out[n] = came[v]
        v = tail[came[v]]
    return out


@njit(cache=True, nogil=True)
def _clear(best: Array, slot: Array, touched: Array, count: int, far: int) -> None:
    for i in range(count):
        v = touched[i]
        best[v] = far
        slot[v] = -1


@njit(cache=True, nogil=True)
def _bound(
    start: Array, order: Array, head: Array, weight: Array, toward: Array, u: int, arc_ban: Array, stamp: int, far: int
) -> int:
    least = far
    for j in range(start[u], start[u + 1]):
        a = order[j]
        if arc_ban[a] != stamp:
            there = weight[a] + toward[head[a]]
            if there < least:
                least = there
    return least


class CompiledRouter:
    """`mobility.kernels.Router` on arrays; see `mobility.kernels.PlainRouter` for the method."""

    def __init__(self, size: int, tail: Array, head: Array, weight: Array, target: int) -> None:
        self.target, self.far = target, FAR
        self._tail = np.ascontiguousarray(tail, np.int32)
        self._head = np.ascontiguousarray(head, np.int32)
        self._weight = np.ascontiguousarray(weight, np.int64)
        self._start, self._order = _csr(size, self._tail)
        back, back_order = _csr(size, self._head)
        self.toward = _sweep(back, back_order, self._tail, self._weight, target, FAR)
        self._best = np.full(size, FAR, np.int64)
        self._key = np.zeros(size, np.int64)
        self._came = np.full(size, -1, np.int32)
        self._slot = np.full(size, -1, np.int32)
        self._heap = np.empty(size, np.int32)
        self._touched = np.empty(size, np.int32)
        self._arc_ban = np.zeros(len(tail), np.int32)
        self._vertex_ban = np.zeros(size, np.int32)
        self._stamp = 0

    def shortest(
        self, start: int, arcs: Collection[int] = (), vertices: Collection[int] = ()
    ) -> tuple[int, list[int]] | None:
        """Return weight and arcs of a shortest path from `start`, without the banned arcs and vertices."""
        if self.toward[start] >= FAR:
            return None
        self._ban(arcs)
        if vertices:
            self._vertex_ban[np.fromiter(vertices, np.int64, len(vertices))] = self._stamp
        found, count = _guided(
            self._start, self._order, self._head, self._weight, self.toward, start, self.target, self._arc_ban,
            self._vertex_ban, self._stamp, self._best, self._key, self._came, self._slot, self._heap,
            self._touched, FAR,
        )  # fmt: skip
        path = _trace(self._came, self._tail, self.target).tolist() if found < FAR else None
        _clear(self._best, self._slot, self._touched, count, FAR)
        return None if path is None else (int(found), path)

    def bound(self, start: int, arcs: Collection[int]) -> int:
        """Return a lower bound of :meth:`shortest`: the best first step."""
        self._ban(arcs)
        return int(
            _bound(
                self._start, self._order, self._head, self._weight, self.toward, start, self._arc_ban, self._stamp, FAR
            )
        )

    def _ban(self, arcs: Collection[int]) -> None:
        self._stamp += 1
        for a in arcs:
            self._arc_ban[a] = self._stamp


# ---- flows; residual arc 2 i and 2 i + 1 belong to arc i


@njit(cache=True, nogil=True)
def _discharge(start: Array, order: Array, to: Array, room: Array, source: int, sink: int) -> int:
    """Maximum flow by FIFO push-relabel with global and gap relabelling (Goldberg and Tarjan 1988).

    The first phase finds a maximum preflow, the second hands what did not get through back to the source.
    """
    n = len(start) - 1
    excess = np.zeros(n, np.int64)
    height = np.zeros(n, np.int32)
    count = np.zeros(2 * n + 1, np.int32)
    step = start[:-1].copy()
    queue = np.empty(n + 1, np.int32)
    waiting = np.zeros(n, np.bool_)
    fifo = np.empty(n + 1, np.int32)
    first, last, held = 0, 0, 0
    for j in range(start[source], start[source + 1]):
        a = order[j]
        if room[a] > 0 and to[a] != source:
            x = room[a]
            room[a] = 0
            room[a ^ 1] += x
            excess[to[a]] += x
            excess[source] -= x
    work = 1 << 60
    limit = 6 * n + len(to)
    while True:
        if work > limit:
            # Global relabelling: exact distances to the sink, then to the source.
            work = 0
            height[:] = 2 * n
            for phase in range(2):
                root = sink if phase == 0 else source
                height[root] = 0 if phase == 0 else n
                queue[0] = root
                b, e = 0, 1
                while b < e:
                    u = queue[b]
                    b += 1
                    for j in range(start[u], start[u + 1]):
                        a = order[j]
                        v = to[a]
                        if room[a ^ 1] > 0 and height[v] == 2 * n and v != source and v != sink:
                            height[v] = height[u] + 1
                            queue[e] = v
                            e += 1
            count[:] = 0
            for v in range(n):
                count[height[v]] += 1
                step[v] = start[v]
            first, last, held = 0, 0, 0
            for v in range(n):
                waiting[v] = False
                if excess[v] > 0 and v != source and v != sink and height[v] < 2 * n:
                    fifo[last] = v
                    last += 1
                    held += 1
                    waiting[v] = True
            if last > n:
                last = 0
        if held == 0:
            break
        u = fifo[first]
        first = 0 if first == n else first + 1
        held -= 1
        waiting[u] = False
        while excess[u] > 0:
            if step[u] == start[u + 1]:
                work += 12 + start[u + 1] - start[u]
                old = height[u]
                least = 2 * n
                for j in range(start[u], start[u + 1]):
                    a = order[j]
                    if room[a] > 0 and height[to[a]] + 1 < least:
                        least = height[to[a]] + 1
                step[u] = start[u]
                count[old] -= 1
                height[u] = least
                count[least] += 1
                if count[old] == 0 and old < n:
                    # Gap: nothing above it can reach the sink any more.
                    for v in range(n):
                        if old < height[v] < n:
                            count[height[v]] -= 1
                            height[v] = n + 1
                            count[n + 1] += 1
                if height[u] >= 2 * n:
                    break
                continue
            a = order[step[u]]
            v = to[a]
            if room[a] > 0 and height[u] == height[v] + 1:
                x = min(excess[u], room[a])
                room[a] -= x
                room[a ^ 1] += x
                excess[u] -= x
                excess[v] += x
                if not waiting[v] and v != source and v != sink:
                    waiting[v] = True
                    fifo[last] = v
                    last = 0 if last == n else last + 1
                    held += 1
            else:
                step[u] += 1
    return excess[sink]


@njit(cache=True, nogil=True)
def _send(
    to: Array, room: Array, came: Array, source: int, sink: int, limit: int, log: Array, logged: int
) -> tuple[int, int]:
    """Send what fits along the path that `came` holds; note the arcs in `log` as far as it has room."""
    push = limit
    v = sink
    while v != source:
        push = min(push, room[came[v]])
        v = to[came[v] ^ 1]
    v = sink
    while v != source:
        a = came[v]
        room[a] -= push
        room[a ^ 1] += push
        if logged < len(log):
            log[logged] = a >> 1
        logged += 1
        v = to[a ^ 1]
    return push, logged


@njit(cache=True, nogil=True)
def _nearest(
    start: Array, order: Array, to: Array, room: Array, cost: Array, source: int, sink: int, far: int,
    potential: Array, best: Array, came: Array, slot: Array, heap: Array, touched: Array,
) -> bool:  # fmt: skip
    """Search the cheapest way with room, which `came` then holds, and move the potentials; return if there is one."""
    best[source] = 0
    heap[0] = source
    slot[source] = 0
    touched[0] = source
    size, count = 1, 1
    reached = False
    while size > 0:
        u = heap[0]
        size -= 1
        slot[u] = -2
        if u == sink:
            reached = True
            break
        if size > 0:
            heap[0] = heap[size]
            slot[heap[0]] = 0
            _down(heap, best, slot, size, 0)
        lift = best[u] + potential[u]
        for j in range(start[u], start[u + 1]):
            a = order[j]
            if room[a] > 0:
                v = to[a]
                there = lift + cost[a] - potential[v]
                if slot[v] != -2 and there < best[v]:
                    best[v] = there
                    came[v] = a
                    size, count = _label(v, heap, best, slot, touched, size, count)
    if reached:
        reach = best[sink]
        for i in range(count):
            v = touched[i]
            if slot[v] == -2:
                potential[v] += best[v] - reach
    _clear(best, slot, touched, count, far)
    return reached


@njit(cache=True, nogil=True)
def _cheapest(start: Array, order: Array, to: Array, room: Array, cost: Array, source: int, sink: int, far: int) -> int:
    """Push along successive shortest paths with potentials; return the flow."""
    n = len(start) - 1
    potential, best = np.zeros(n, np.int64), np.full(n, far, np.int64)
    came, slot = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    heap, touched = np.empty(n, np.int32), np.empty(n, np.int32)
    nothing = np.empty(0, np.int32)
    value = 0
    while _nearest(start, order, to, room, cost, source, sink, far, potential, best, came, slot, heap, touched):
        push, _ = _send(to, room, came, source, sink, far, nothing, 0)
        value += push
    return value


@njit(cache=True, nogil=True)
def _search(
    start: Array, order: Array, to: Array, room: Array, source: int, sink: int, came: Array, queue: Array, mark: Array,
    stamp: int,
) -> tuple[bool, int]:  # fmt: skip
    """Search the sink along residual arcs; return whether it is reached, and how many vertices `queue` holds."""
    mark[source] = stamp
    queue[0] = source
    first, last = 0, 1
    while first < last:
        u = queue[first]
        first += 1
        for j in range(start[u], start[u + 1]):
            a = order[j]
            v = to[a]
            if room[a] > 0 and mark[v] != stamp:
                mark[v] = stamp
                came[v] = a
                if v == sink:
                    return True, last
                queue[last] = v
                last += 1
    return False, last


@njit(cache=True, nogil=True)
def _push(
    start: Array, order: Array, to: Array, room: Array, source: int, sink: int, limit: int, came: Array, queue: Array,
    mark: Array, stamp: int, log: Array, logged: int,
) -> tuple[int, int, int]:  # fmt: skip
    """Send up to `limit` along shortest residual paths; returns what got through, stamp and log length.

    Each residual arc that is changed is noted in `log`, so that the change can be undone cheaply.
    """
    sent = 0
    while sent < limit:
        stamp += 1
        reached, _ = _search(start, order, to, room, source, sink, came, queue, mark, stamp)
        if not reached:
            break
        push, logged = _send(to, room, came, source, sink, limit - sent, log, logged)
        sent += push
    return sent, stamp, logged


class _Memory(NamedTuple):
    """What earlier outages found, by arc that closes: ways round it, and the full arcs that then stopped them.

    An arc gets a row when it first closes while it carries flow, as long as there are any; ``rows[-1]`` are taken.
    """

    rows: Array
    way: Array
    length: Array
    known: Array
    wall: Array
    walls: Array


@njit(cache=True, nogil=True)
def _forget(arcs: int) -> _Memory:
    rows = np.full(arcs + 1, -1, np.int32)
    rows[arcs] = 0
    most = min(arcs, REMEMBERED)
    return _Memory(
        rows, np.empty((most, WAYS, LONGEST), np.int32), np.empty((most, WAYS), np.int32), np.zeros(most, np.int32),
        np.empty((most, THICKEST), np.int32), np.full(most, -1, np.int32),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _recall(room: Array, memory: _Memory, i: int, limit: int, log: Array, logged: int) -> tuple[int, int]:
    """Send up to `limit` along the ways that are known; return how much, and the log length."""
    sent = 0
    for k in range(min(WAYS, memory.known[i])):
        way, n = memory.way[i, k], memory.length[i, k]
        push = limit - sent
        for j in range(n):
            push = min(push, room[way[j]])
            if push == 0:
                break
        if push > 0:
            for j in range(n):
                a = way[j]
                room[a] -= push
                room[a ^ 1] += push
                if logged < len(log):
                    log[logged] = a >> 1
                logged += 1
            sent += push
            if sent == limit:
                break
    return sent, logged


@njit(cache=True, nogil=True)
def _detour(
    start: Array, order: Array, to: Array, room: Array, i: int, arc: int, limit: int, memory: _Memory, came: Array,
    queue: Array, mark: Array, stamp: int, log: Array, logged: int,
) -> tuple[int, int, int]:  # fmt: skip
    """Send from the tail of a closed arc to its head, as `_push`; see `mobility.kernels.PlainFlow._detour`."""
    u, v = to[arc + 1], to[arc]
    if memory.rows[i] < 0:
        if memory.rows[-1] == len(memory.known):
            return _push(start, order, to, room, u, v, limit, came, queue, mark, stamp, log, logged)
        memory.rows[i] = memory.rows[-1]
        memory.rows[-1] += 1
    i = memory.rows[i]
    sent, logged = _recall(room, memory, i, limit, log, logged)
    if sent < limit and memory.walls[i] >= 0:
        stands = True
        for k in range(memory.walls[i]):
            if room[memory.wall[i, k]] > 0:
                stands = False
                break
        if stands:
            return sent, stamp, logged
    while sent < limit:
        stamp += 1
        reached, last = _search(start, order, to, room, u, v, came, queue, mark, stamp)
        if not reached:
            n = 0
            for k in range(last):
                for j in range(start[queue[k]], start[queue[k] + 1]):
                    a = order[j]
                    if mark[to[a]] != stamp:
                        if n < THICKEST:
                            memory.wall[i, n] = a
                        n += 1
            memory.walls[i] = n if n <= THICKEST else -1
            break
        n, x = 0, v
        while x != u:
            n += 1
            x = to[came[x] ^ 1]
        if n <= LONGEST:
            k, x = memory.known[i] % WAYS, v
            for j in range(n):
                memory.way[i, k, j] = came[x]
                x = to[came[x] ^ 1]
            memory.length[i, k] = n
            memory.known[i] += 1
        push, logged = _send(to, room, came, u, v, limit - sent, log, logged)
        sent += push
    return sent, stamp, logged


@njit(cache=True, nogil=True)
def _shut(
    start: Array, order: Array, to: Array, room: Array, source: int, sink: int, member: Array, low: int, high: int,
    mend: bool, memory: _Memory, came: Array, queue: Array, mark: Array, stamp: int, log: Array, logged: int,
) -> tuple[int, int, int]:  # fmt: skip
    """Close the arcs ``member[low:high]``; return what is lost, stamp and log length; see `PlainFlow._close`."""
    lost = 0
    for i in range(low, high):
        room[2 * member[i]] = 0
    for i in range(low, high):
        a = 2 * member[i]
        x = room[a + 1]
        room[a] = 0
        room[a + 1] = 0
        if x == 0:
            continue
        u, v = to[a + 1], to[a]
        if mend:
            sent, stamp, logged = _push(start, order, to, room, u, v, x, came, queue, mark, stamp, log, logged)
        else:
            sent, stamp, logged = _detour(
                start, order, to, room, i, a, x, memory, came, queue, mark, stamp, log, logged
            )
        rest = x - sent
        lost += rest
        back = mend
        for k in range(i + 1, high):
            if room[2 * member[k] + 1] > 0:
                back = True
        if rest > 0 and back:
            if u != source:
                _, stamp, logged = _push(start, order, to, room, u, source, rest, came, queue, mark, stamp, log, logged)
            if v != sink:
                _, stamp, logged = _push(start, order, to, room, sink, v, rest, came, queue, mark, stamp, log, logged)
    return lost, stamp, logged


@njit(cache=True, nogil=True)
def _losses(
    start: Array, order: Array, to: Array, kept: Array, source: int, sink: int, group: Array, member: Array,
    skip: Array, memory: _Memory,
) -> Array:  # fmt: skip
    """Return what each group of arcs takes off a maximum flow; see `mobility.kernels.PlainFlow.losses`."""
    n = len(start) - 1
    room = kept.copy()
    came = np.empty(n, np.int32)
    queue = np.empty(n + 1, np.int32)
    mark = np.zeros(n, np.int64)
    log = np.empty(200_000, np.int32)
    out = np.zeros(len(group) - 1, np.int64)
    stamp = 0
    for g in range(len(group) - 1):
        flowing = False
        for i in range(group[g], group[g + 1]):
            if kept[2 * member[i] + 1] > 0:
                flowing = True
        if skip[g] or not flowing:
            continue
        out[g], stamp, logged = _shut(
            start, order, to, room, source, sink, member, group[g], group[g + 1], False, memory, came, queue, mark,
            stamp, log, 0,
        )  # fmt: skip
        if logged > len(log):
            room[:] = kept
        else:
            for i in range(logged):
                a = 2 * log[i]
                room[a] = kept[a]
                room[a + 1] = kept[a + 1]
            for i in range(group[g], group[g + 1]):
                a = 2 * member[i]
                room[a] = kept[a]
                room[a + 1] = kept[a + 1]
    return out


@njit(cache=True, nogil=True)
def _pair_losses(
    start: Array, order: Array, to: Array, kept: Array, source: int, sink: int, group: Array, member: Array,
    carries: Array, single: Array, firsts: Array,
) -> Array:  # fmt: skip
    """Return rows of first group, second group, loss; see `mobility.kernels.PlainFlow.pair_losses`."""
    n = len(start) - 1
    came = np.empty(n, np.int32)
    queue = np.empty(n + 1, np.int32)
    mark = np.zeros(n, np.int64)
    nothing = np.empty(0, np.int32)
    skip = np.empty(len(carries), np.bool_)
    memory = _forget(len(member))
    out = np.empty((1024, 3), np.int64)
    size, stamp = 0, 0
    for f in firsts:
        room = kept.copy()
        lost, stamp, _ = _shut(
            start, order, to, room, source, sink, member, group[f], group[f + 1], True, memory, came, queue, mark,
            stamp, nothing, 0,
        )  # fmt: skip
        for g in range(len(skip)):
            skip[g] = carries[g] and g < f
        more = _losses(start, order, to, room, source, sink, group, member, skip, memory)
        for g in range(len(more)):
            if more[g] > 0 and lost + more[g] > max(single[f], single[g]):
                if size == len(out):
                    out = np.concatenate((out, np.empty_like(out)))
                out[size, 0], out[size, 1], out[size, 2] = f, g, lost + more[g]
                size += 1
    return out[:size]


@njit(cache=True, nogil=True)
def _reachable(start: Array, order: Array, to: Array, room: Array, source: int) -> Array:
    seen = np.zeros(len(start) - 1, np.bool_)
    stack = np.empty(len(start), np.int32)
    seen[source] = True
    stack[0] = source
    n = 1
    while n > 0:
        n -= 1
        u = stack[n]
        for j in range(start[u], start[u + 1]):
            a = order[j]
            if room[a] > 0 and not seen[to[a]]:
                seen[to[a]] = True
                stack[n] = to[a]
                n += 1
    return seen


class CompiledFlow:
    """`mobility.kernels.PlainFlow` on arrays, with a faster maximum flow where the cost does not matter."""

    def __init__(
        self, size: int, tail: Array, head: Array, capacity: Array, cost: Array, source: int, sink: int
    ) -> None:
        m = len(tail)
        self.source, self.sink, self.value = source, sink, 0
        ends = np.empty(2 * m, np.int32)
        self._to = np.empty(2 * m, np.int32)
        ends[0::2], ends[1::2] = tail, head
        self._to[0::2], self._to[1::2] = head, tail
        self._start, self._order = _csr(size, ends)
        self._room = np.zeros(2 * m, np.int64)
        self._room[0::2] = capacity
        self._cost = np.empty(2 * m, np.int64)
        self._cost[0::2] = cost
        self._cost[1::2] = -np.asarray(cost)
        # Push-relabel sums what leaves the source: more than all that can enter the sink is never needed.
        into = np.minimum(np.asarray(capacity, np.float64), 2.0**62)
        self._most = float(np.bincount(tail, weights=into, minlength=size)[source])

    def maximum(self) -> None:
        """Find a maximum flow, whatever its cost."""
        over = self._bound_source() if self._most >= 2.0**62 else {}
        self.value = int(_discharge(self._start, self._order, self._to, self._room, self.source, self.sink))
        for a, room in over.items():
            self._room[a] += room

    def _bound_source(self) -> dict[int, int]:
        """Give arcs out of the source no more room than what can leave the vertex behind them.

        Returns what was taken off each; with it the cut behind these arcs is seen again.
        """
        out = np.bincount(self._to[1::2], weights=self._room[0::2].astype(np.float64), minlength=len(self._start) - 1)
        over = {}
        for j in range(self._start[self.source], self._start[self.source + 1]):
            a = int(self._order[j])
            over[a] = max(0, int(self._room[a]) - int(min(out[self._to[a]], 2.0**55)))
            self._room[a] -= over[a]
        return over

    def cheapest(self) -> None:
        """Find a maximum flow of least cost."""
        self.value = int(
            _cheapest(self._start, self._order, self._to, self._room, self._cost, self.source, self.sink, FAR)
        )

    def reachable(self) -> Array:
        """Return which vertices residual arcs reach from the source: the source side of the nearest cut."""
        return np.asarray(_reachable(self._start, self._order, self._to, self._room, self.source))

    def flows(self) -> Array:
        """Return the flow on each arc of the graph."""
        return self._room[1::2].copy()

    def losses(self, groups: Sequence[Sequence[int]]) -> list[int]:
        """Return for each group of arcs how much of the maximum flow is lost when it closes."""
        none = np.zeros(len(groups), np.bool_)
        bounds, member = _members(groups)
        ask = self._start, self._order, self._to, self._room, self.source, self.sink, bounds, member
        lost = _losses(*ask, none, _forget(len(member)))
        return [int(x) for x in lost]

    def pair_losses(self, groups: Sequence[Sequence[int]], single: Sequence[int]) -> tuple[Array, Array, Array]:
        """Return the pairs of groups that together take more off the flow than the worse of the two does."""
        bounds, member = _members(groups)
        moved = self._room[2 * member + 1] > 0
        carries = np.zeros(len(groups), np.bool_)
        carries[np.repeat(np.arange(len(groups)), np.diff(bounds))[moved]] = True
        firsts = np.flatnonzero(carries)
        ask = self._start, self._order, self._to, self._room, self.source, self.sink, bounds, member, carries
        alone = np.array(single, np.int64)
        threads = min(len(firsts) // 16 + 1, os.cpu_count() or 1)
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(lambda k: _pair_losses(*ask, alone, firsts[k::threads]), range(threads)))
        found = np.concatenate(parts)
        return found[:, 0], found[:, 1], found[:, 2]


def _members(groups: Sequence[Sequence[int]]) -> tuple[Array, Array]:
    """Return groups of arcs as bounds and one row of arcs."""
    member = np.array([a for g in groups for a in g], np.int64)
    return np.concatenate([[0], np.cumsum([len(g) for g in groups])]).astype(np.int64), member


@njit(cache=True, nogil=True)
def _quickest(
    start: Array, order: Array, to: Array, room: Array, cost: Array, source: int, sink: int, far: int, count: float,
    unit: float, ticks: float,
) -> float:  # fmt: skip
    """Return the hour at which successive shortest paths have brought in `count`; infinite without any."""
    n = len(start) - 1
    potential, best = np.zeros(n, np.int64), np.full(n, far, np.int64)
    came, slot = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    heap, touched = np.empty(n, np.int32), np.empty(n, np.int32)
    nothing = np.empty(0, np.int32)
    rate, work = 0.0, 0.0
    while _nearest(start, order, to, room, cost, source, sink, far, potential, best, came, slot, heap, touched):
        length = (potential[sink] - potential[source]) / ticks
        if rate > 0.0 and (count + work) / rate <= length:
            break
        push, _ = _send(to, room, came, source, sink, far, nothing, 0)
        rate += push / unit
        work += length * (push / unit)
    return (count + work) / rate if rate > 0.0 else np.inf


def quickest(
    size: int, tail: Array, head: Array, capacity: Array, cost: Array, source: int, sink: int, count: float,
    unit: float, ticks: float,
) -> float:  # fmt: skip
    """Return the hour at which `count` vehicles have come from source to sink; see `mobility.closure.quickest`.

    Parameters
    ----------
    capacity : ndarray of int
        Of each arc an hour, in parts of a vehicle of which `unit` make one.
    cost : ndarray of int
        Hours of each arc, of which `ticks` make one.
    """
    ends = np.empty(2 * len(tail), np.int32)
    to = np.empty(2 * len(tail), np.int32)
    ends[0::2], ends[1::2] = tail, head
    to[0::2], to[1::2] = head, tail
    start, order = _csr(size, ends)
    room, toll = np.zeros(len(to), np.int64), np.empty(len(to), np.int64)
    room[0::2] = capacity
    toll[0::2], toll[1::2] = cost, -np.asarray(cost)
    return float(_quickest(start, order, to, room, toll, source, sink, FAR, count, unit, ticks))
