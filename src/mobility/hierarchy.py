"""Shortest ways on continental networks: an index of the topology, and a metric for each vehicle and set of closures.

The index is a customizable contraction hierarchy (Dibbelt, Strasser and Wagner 2016). It depends on nothing but
which vertices the arcs join, so a vehicle's limits, a closure or another share of speed never rebuild it: they are a
new *metric*, worked out bottom up in a fraction of a second, in which what is closed is infinitely long. Weights are
the same 64-bit integers as everywhere, so an answer is that of the ordinary search, ties in time going to the
shorter way included.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit

from mobility.kernels import FAR

Array = np.ndarray[Any, Any]

WHOLE = 8
"""A cell of so few vertices is not cut further."""

SIDE = 0.25
"""Part of a cell that is held together at either end of a cut, so that both halves are at least so large."""


# Loops stand here where numpy has a word for it: each word of numpy's costs seconds of compilation.


@njit(cache=True, nogil=True)
def _sort(values: Array, low: int, high: int) -> None:
    """Sort a part of an array in place (Shell 1959, gaps of Ciura 2001)."""
    gap = 1
    while 9 * gap < 4 * (high - low):
        gap = 9 * gap // 4 + 1
    while gap > 0:
        for i in range(low + gap, high):
            x = values[i]
            j = i
            while j >= low + gap and values[j - gap] > x:
                values[j] = values[j - gap]
                j -= gap
            values[j] = x
        gap = gap // 9 * 4 + gap % 9 * 4 // 9


@njit(cache=True, nogil=True)
def _wider(values: Array, used: int, size: int) -> Array:
    """Return a larger array that starts with what is used of another."""
    out = np.empty(size, values.dtype)
    for i in range(used):
        out[i] = values[i]
    return out


# ---- the order in which vertices are taken away


@njit(cache=True, nogil=True)
def _simple(size: int, tail: Array, head: Array) -> tuple[Array, Array]:
    """Return the undirected graph without loops and parallel arcs as row pointers and neighbours."""
    start = np.zeros(size + 1, np.int64)
    for a in range(len(tail)):
        if tail[a] != head[a]:
            start[tail[a] + 1] += 1
            start[head[a] + 1] += 1
    for v in range(size):
        start[v + 1] += start[v]
    free = start[:-1].copy()
    every = np.empty(start[size], np.int32)
    for a in range(len(tail)):
        t, h = tail[a], head[a]
        if t != h:
            every[free[t]] = h
            free[t] += 1
            every[free[h]] = t
            free[h] += 1
    seen = np.full(size, -1, np.int32)
    pointer = np.zeros(size + 1, np.int64)
    used = 0
    for v in range(size):
        for j in range(start[v], start[v + 1]):
            u = every[j]
            if seen[u] != v:
                seen[u] = v
                every[used] = u
                used += 1
        pointer[v + 1] = used
    return pointer, _wider(every, used, used)


@njit(cache=True, nogil=True)
def _drop(start: Array, near: Array, degree: Array, v: int, u: int) -> None:
    """Take `u` out of the neighbours of `v`."""
    for j in range(start[v], start[v] + degree[v]):
        if near[j] == u:
            degree[v] -= 1
            near[j] = near[start[v] + degree[v]]
            return


@njit(cache=True, nogil=True)
def _peel(start: Array, near: Array) -> tuple[Array, Array]:
    """Take away dead ends and chains; return the vertices in that order, and the degrees of what is left.

    Each goes for at most one new edge, so no order can be better. In one round no two neighbours go: a chain of n
    vertices then lies under a hierarchy of depth log n, not n. `near` is changed in place.
    """
    n = len(start) - 1
    degree = np.empty(n, np.int32)
    for v in range(n):
        degree[v] = start[v + 1] - start[v]
    gone = np.zeros(n, np.bool_)
    listed = np.zeros(n, np.bool_)
    hit = np.full(n, -1, np.int32)
    order = np.empty(n, np.int32)
    now = np.empty(n, np.int32)
    later = np.empty(n, np.int32)
    taken, count, turn = 0, 0, 0
    for v in range(n):
        if degree[v] <= 2:
            now[count] = v
            count += 1
            listed[v] = True
    while count > 0:
        more = 0
        for i in range(count):
            v = now[i]
            if gone[v] or degree[v] > 2:
                listed[v] = False
                continue
            if hit[v] == turn:
                later[more] = v
                more += 1
                continue
            gone[v] = True
            order[taken] = v
            taken += 1
            k = degree[v]
            if k == 0:
                continue
            a = near[start[v]]
            b = near[start[v] + 1] if k == 2 else -1
            joined = False
            if k == 2:
                for j in range(start[a], start[a] + degree[a]):
                    if near[j] == b:
                        joined = True
            for side in range(k):
                u = a if side == 0 else b
                w = b if side == 0 else a
                hit[u] = turn
                if k == 1 or joined:
                    _drop(start, near, degree, u, v)
                    if degree[u] <= 2 and not listed[u]:
                        listed[u] = True
                        later[more] = u
                        more += 1
                else:
                    for j in range(start[u], start[u] + degree[u]):
                        if near[j] == v:
                            near[j] = w
        for i in range(more):
            now[i] = later[i]
        count = more
        turn += 1
    for v in range(n):
        if gone[v]:
            degree[v] = -1
    return _wider(order, taken, taken), degree


@njit(cache=True, nogil=True)
def _core(start: Array, near: Array, degree: Array) -> tuple[Array, Array, Array]:
    """Return what is left after `_peel` as vertices, row pointers and neighbours among them."""
    n = len(degree)
    name = np.full(n, -1, np.int32)
    count, size = 0, 0
    for v in range(n):
        if degree[v] >= 0:
            name[v] = count
            count += 1
            size += degree[v]
    kept = np.empty(count, np.int32)
    pointer = np.zeros(count + 1, np.int64)
    out = np.empty(size, np.int32)
    used = 0
    for v in range(n):
        if name[v] >= 0:
            kept[name[v]] = v
            for j in range(start[v], start[v] + degree[v]):
                out[used] = name[near[j]]
                used += 1
            pointer[name[v] + 1] = used
    return kept, pointer, out


@njit(cache=True, nogil=True)
def _back(start: Array, near: Array) -> Array:
    """Return the position of each edge's other direction."""
    n = len(start) - 1
    fill = start[:-1].copy()
    first = np.empty(len(near), np.int64)
    source = np.empty(len(near), np.int32)
    # Edges by head, tails rising: the k-th edge into v belongs to the k-th neighbour of v in rising order.
    for v in range(n):
        for j in range(start[v], start[v + 1]):
            u = near[j]
            first[fill[u]] = j
            source[fill[u]] = v
            fill[u] += 1
    back = np.empty(len(near), np.int64)
    where = np.full(n, -1, np.int64)
    for v in range(n):
        for j in range(start[v], start[v + 1]):
            where[near[j]] = j
        for j in range(start[v], start[v + 1]):
            back[where[source[j]]] = first[j]
    return back


@njit(cache=True, nogil=True)
def _levels(
    start: Array, near: Array, flow: Array, cell: Array, ident: int, role: Array, members: Array, level: Array,
    queue: Array,
) -> bool:  # fmt: skip
    """Label vertices with residual distances from the near end of a cell; return whether the far end is reached."""
    last = 0
    for v in members:
        level[v] = -1
        if role[v] == 1:
            level[v] = 0
            queue[last] = v
            last += 1
    first, found = 0, False
    while first < last:
        u = queue[first]
        first += 1
        if role[u] == 2:
            found = True
            continue
        for j in range(start[u], start[u + 1]):
            v = near[j]
            if cell[v] == ident and level[v] < 0 and flow[j] < 1:
                level[v] = level[u] + 1
                queue[last] = v
                last += 1
    return found


@njit(cache=True, nogil=True)
def _cut(
    start: Array, near: Array, back: Array, flow: Array, cell: Array, ident: int, role: Array, members: Array,
    level: Array, queue: Array, step: Array, limit: int,
) -> int:  # fmt: skip
    """Cut a cell between its two ends by a maximum flow (Dinic), every edge with room for one; return its value.

    Gives up at `limit`. Afterwards ``level`` is -1 beyond the cut nearest the near end.
    """
    for v in members:
        for j in range(start[v], start[v + 1]):
            flow[j] = 0
    value = 0
    while _levels(start, near, flow, cell, ident, role, members, level, queue):
        for v in members:
            step[v] = start[v]
        for s in members:
            if role[s] != 1:
                continue
            # Depth first, edge by edge; `queue` holds the edges of the way so far.
            depth, u = 0, s
            while True:
                if role[u] == 2:
                    for i in range(depth):
                        flow[queue[i]] += 1
                        flow[back[queue[i]]] -= 1
                    value += 1
                    if value >= limit:
                        return value
                    depth, u = 0, s
                    continue
                moved = False
                while step[u] < start[u + 1]:
                    j = step[u]
                    v = near[j]
                    if cell[v] == ident and level[v] == level[u] + 1 and flow[j] < 1:
                        queue[depth] = j
                        depth += 1
                        u = v
                        moved = True
                        break
                    step[u] += 1
                if not moved:
                    if depth == 0:
                        break
                    depth -= 1
                    u = near[back[queue[depth]]]
                    step[u] += 1
    return value


@njit(cache=True, nogil=True)
def _ends(key: Array, role: Array, members: Array) -> bool:
    """Mark the quarter of a cell with the least keys and the one with the largest; return whether there are such."""
    size = len(members)
    stride = max(1, size // 1000)
    count = (size + stride - 1) // stride
    sample = np.empty(count, np.float64)
    for i in range(count):
        sample[i] = key[i * stride]
    _sort(sample, 0, count)
    low, high = sample[int(SIDE * (count - 1))], sample[int((1 - SIDE) * (count - 1))]
    if not low < high:
        return False
    for i in range(size):
        role[members[i]] = 1 if key[i] <= low else 2 if key[i] >= high else 0
    return True


@njit(cache=True, nogil=True)
def _dissect(start: Array, near: Array, x: Array, y: Array) -> Array:
    """Order vertices by nested dissection along inertial flow cuts (Schild and Sommer 2015), separators last."""
    n = len(start) - 1
    back = _back(start, near)
    order = np.empty(n, np.int32)
    for v in range(n):
        order[v] = v
    cell = np.full(n, -1, np.int32)
    role = np.zeros(n, np.int8)
    inside = np.zeros(n, np.int8)
    flow = np.zeros(len(near), np.int8)
    level = np.full(n, -1, np.int32)
    step = np.zeros(n, np.int64)
    queue = np.empty(max(n, 1) + 1, np.int64)
    key = np.empty(n, np.float64)
    # Cells that wait to be cut; each leaves two behind, of which none is empty.
    lows, highs = np.empty(n + 2, np.int64), np.empty(n + 2, np.int64)
    lows[0], highs[0] = 0, n
    ident, waiting = 0, 1
    while waiting > 0:
        waiting -= 1
        lo, hi = lows[waiting], highs[waiting]
        size = hi - lo
        if size <= WHOLE:
            continue
        members = order[lo:hi].copy()
        for v in members:
            cell[v] = ident
        best = 1 << 30
        for way in range(5):
            if way < 4:
                for i in range(size):
                    v = members[i]
                    key[i] = x[v] if way == 0 else y[v] if way == 1 else x[v] + y[v] if way == 2 else x[v] - y[v]
            elif best < 1 << 30:
                break
            else:
                # All in one point: their rank in the list stands in for a place.
                for i in range(size):
                    key[i] = i
            if not _ends(key, role, members):
                continue
            value = _cut(start, near, back, flow, cell, ident, role, members, level, queue, step, best)
            if value < best:
                best = value
                for v in members:
                    inside[v] = 1 if level[v] >= 0 else 0
        # The separator: the ends of the cut edges on the side that has fewer of them.
        rim = 0
        for v in members:
            role[v] = 0
            for j in range(start[v], start[v + 1]):
                u = near[j]
                if cell[u] == ident and inside[u] != inside[v]:
                    role[v] = 1
                    rim += 1 if inside[v] == 1 else -1
                    break
        chosen = 1 if rim <= 0 else 0
        place = lo
        for side in range(2):
            for v in members:
                if inside[v] == side and not (role[v] == 1 and side == chosen):
                    order[place] = v
                    place += 1
            lows[waiting] = lo if side == 0 else highs[waiting - 1]
            highs[waiting] = place
            waiting += 1
        for v in members:
            cell[v] = -1
            if role[v] == 1 and inside[v] == chosen:
                order[place] = v
                place += 1
        ident += 1
    return order


# ---- the hierarchy itself; vertices are named by their rank from here on


@njit(cache=True, nogil=True)
def _chordal(start: Array, near: Array) -> tuple[Array, Array, Array]:
    """Return the higher neighbours of each rank when all below are taken away in turn, and the elimination tree."""
    n = len(start) - 1
    child = np.full(n, -1, np.int32)
    sibling = np.full(n, -1, np.int32)
    parent = np.full(n, -1, np.int32)
    mark = np.full(n, -1, np.int32)
    pointer = np.zeros(n + 1, np.int64)
    out = np.empty(max(16, 2 * len(near)), np.int32)
    used = 0
    for r in range(n):
        need = used + start[r + 1] - start[r]
        c = child[r]
        while c >= 0:
            need += pointer[c + 1] - pointer[c]
            c = sibling[c]
        if need > len(out):
            out = _wider(out, used, need + need // 2)
        base = used
        for j in range(start[r], start[r + 1]):
            u = near[j]
            if u > r and mark[u] != r:
                mark[u] = r
                out[used] = u
                used += 1
        c = child[r]
        while c >= 0:
            for k in range(pointer[c], pointer[c + 1]):
                u = out[k]
                if u > r and mark[u] != r:
                    mark[u] = r
                    out[used] = u
                    used += 1
            c = sibling[c]
        _sort(out, base, used)
        pointer[r + 1] = used
        if used > base:
            p = out[base]
            parent[r] = p
            sibling[r] = child[p]
            child[p] = r
    return pointer, _wider(out, used, used), parent


@njit(cache=True, nogil=True)
def _slot(pointer: Array, upper: Array, low: int, high: int) -> int:
    """Return the position of the edge between two ranks."""
    a, b = pointer[low], pointer[low + 1]
    while a < b:
        m = (a + b) >> 1
        if upper[m] < high:
            a = m + 1
        else:
            b = m
    return a


@njit(cache=True, nogil=True)
def _slots(pointer: Array, upper: Array, rank: Array, tail: Array, head: Array) -> Array:
    """Return the edge of each arc, and -1 for loops."""
    out = np.empty(len(tail), np.int64)
    for a in range(len(tail)):
        t, h = rank[tail[a]], rank[head[a]]
        out[a] = -1 if t == h else _slot(pointer, upper, min(t, h), max(t, h))
    return out


@njit(cache=True, nogil=True)
def _customise(
    pointer: Array, upper: Array, slot: Array, upward: Array, weight: Array, hours: Array, usable: Array,
    length: Array, spent: Array, by: Array,
) -> None:  # fmt: skip
    """Work out the length of every edge upwards (row 0) and downwards (row 1), with its hours and what it is made of.

    ``by`` is an arc of the network, or -2 - r for the way over the lower rank r.
    """
    for d in range(2):
        for k in range(len(upper)):
            length[d, k] = FAR
            by[d, k] = -1
            spent[d, k] = 0.0
    for a in range(len(slot)):
        k = slot[a]
        if k >= 0 and usable[a]:
            d = 0 if upward[a] else 1
            if weight[a] < length[d, k]:
                length[d, k] = weight[a]
                spent[d, k] = hours[a]
                by[d, k] = a
    for r in range(len(pointer) - 1):
        last = pointer[r + 1]
        for i in range(pointer[r], last):
            out, into = length[0, i], length[1, i]
            if out >= FAR and into >= FAR:
                continue
            x = upper[i]
            k = pointer[x]
            for j in range(i + 1, last):
                y = upper[j]
                while upper[k] < y:
                    k += 1
                there = into + length[0, j]
                if there < length[0, k]:
                    length[0, k] = there
                    spent[0, k] = spent[1, i] + spent[0, j]
                    by[0, k] = -2 - r
                there = length[1, j] + out
                if there < length[1, k]:
                    length[1, k] = there
                    spent[1, k] = spent[1, j] + spent[0, i]
                    by[1, k] = -2 - r


@njit(cache=True, nogil=True)
def _climb(
    parent: Array, pointer: Array, upper: Array, length: Array, starts: Array, ends: Array, best: Array, came: Array
) -> tuple[int, int]:
    """Search from both sides, rank by rank up the elimination tree; return the least length and where it meets.

    What is above a vertex in the tree is all that a way up from it can lead to, and each is final when its turn
    comes; so there is no heap. `came` is the lower end and the edge by which each was reached from either side.
    """
    branch = np.empty(len(starts) + len(ends), np.int64)
    for i in range(len(starts)):
        branch[i] = starts[i]
        best[0, starts[i]] = 0
        came[0, 0, starts[i]] = -1
    for i in range(len(ends)):
        branch[len(starts) + i] = ends[i]
        best[1, ends[i]] = 0
        came[1, 0, ends[i]] = -1
    found, middle = FAR, -1
    while True:
        v = -1
        for i in range(len(branch)):
            if branch[i] >= 0 and (v < 0 or branch[i] < v):
                v = branch[i]
        if v < 0:
            break
        for i in range(len(branch)):
            if branch[i] == v:
                branch[i] = parent[v]
        if best[0, v] < FAR and best[1, v] < FAR and best[0, v] + best[1, v] < found:
            found = best[0, v] + best[1, v]
            middle = v
        for d in range(2):
            here = best[d, v]
            if here < found:
                for k in range(pointer[v], pointer[v + 1]):
                    there = here + length[d, k]
                    y = upper[k]
                    if there < best[d, y]:
                        best[d, y] = there
                        came[d, 0, y] = v
                        came[d, 1, y] = k
    return found, middle


@njit(cache=True, nogil=True)
def _forget(parent: Array, starts: Array, best: Array) -> None:
    for s in starts:
        v = s
        while v >= 0:
            best[v] = FAR
            v = parent[v]


@njit(cache=True, nogil=True)
def _unpack(pointer: Array, upper: Array, by: Array, low: int, edge: int, down: int, out: Array, used: int) -> int:
    """Append the arcs of one edge to `out`, or only count them where it is full."""
    stack = np.empty(768, np.int64)
    stack[0] = low
    stack[1] = edge
    stack[2] = down
    top = 3
    while top > 0:
        top -= 3
        v = stack[top]
        k = stack[top + 1]
        d = stack[top + 2]
        made = by[d, k]
        if made >= 0:
            if used < len(out):
                out[used] = made
            used += 1
            continue
        r = -2 - made
        w = upper[k]
        if top + 6 > len(stack):
            stack = _wider(stack, top, 2 * len(stack))
        # Down from the first end to r, then up to the second; the second leg lies under the first on the stack.
        stack[top] = r
        stack[top + 1] = _slot(pointer, upper, r, w if d == 0 else v)
        stack[top + 2] = 0
        stack[top + 3] = r
        stack[top + 4] = _slot(pointer, upper, r, v if d == 0 else w)
        stack[top + 5] = 1
        top += 6
    return used


@njit(cache=True, nogil=True)
def _meet(
    parent: Array, pointer: Array, upper: Array, length: Array, by: Array, starts: Array, ends: Array,
    best: Array, came: Array, trace: bool,
) -> tuple[int, Array]:  # fmt: skip
    """Return the length of a shortest way from one of `starts` to one of `ends`, and its arcs."""
    found, middle = _climb(parent, pointer, upper, length, starts, ends, best, came)
    out = np.empty(0, np.int64)
    if trace and middle >= 0:
        steps = 0
        v = middle
        while came[0, 0, v] >= 0:
            steps += 1
            v = came[0, 0, v]
        first = np.empty(steps, np.int64)
        v = middle
        for i in range(steps - 1, -1, -1):
            first[i] = v
            v = came[0, 0, v]
        out = np.empty(1024, np.int64)
        while True:
            used = 0
            for i in range(steps):
                v = first[i]
                used = _unpack(pointer, upper, by, came[0, 0, v], came[0, 1, v], 0, out, used)
            v = middle
            while came[1, 0, v] >= 0:
                used = _unpack(pointer, upper, by, came[1, 0, v], came[1, 1, v], 1, out, used)
                v = came[1, 0, v]
            if used <= len(out):
                out = _wider(out, used, used)
                break
            out = np.empty(used, np.int64)
    _forget(parent, starts, best[0])
    _forget(parent, ends, best[1])
    return found, out


@njit(cache=True, nogil=True)
def _above(parent: Array, pointer: Array, upper: Array, length: Array, spent: Array, starts: Array, best: Array,
           took: Array, rank: Array, far: Array, hours: Array, used: int) -> int:  # fmt: skip
    """Append rank, distance and hours of all that is above `starts`; return how many there are, and forget them."""
    for s in starts:
        best[s] = 0
        took[s] = 0.0
    for s in starts:
        v = s
        while v >= 0:
            here = best[v]
            if here < FAR:
                for k in range(pointer[v], pointer[v + 1]):
                    there = here + length[k]
                    y = upper[k]
                    if there < best[y]:
                        best[y] = there
                        took[y] = took[v] + spent[k]
            v = parent[v]
    for s in starts:
        v = s
        while v >= 0:
            if best[v] < FAR:
                if used < len(rank):
                    rank[used] = v
                    far[used] = best[v]
                    hours[used] = took[v]
                used += 1
                best[v] = FAR
            v = parent[v]
    return used


@njit(cache=True, nogil=True)
def _buckets(
    parent: Array, pointer: Array, upper: Array, length: Array, spent: Array, bounds: Array, vertices: Array
) -> tuple[Array, Array, Array, Array]:
    """Return by rank which groups of ends lie below it, how far, and in how many hours."""
    n, groups = len(parent), len(bounds) - 1
    best = np.full(n, FAR, np.int64)
    took = np.zeros(n, np.float64)
    size = 1024
    for g in range(groups):
        size += 64 * (bounds[g + 1] - bounds[g])
    rank = np.empty(size, np.int32)
    far = np.empty(size, np.int64)
    hours = np.empty(size, np.float64)
    edge = np.zeros(groups + 1, np.int64)
    used = 0
    for g in range(groups):
        ends = vertices[bounds[g] : bounds[g + 1]]
        now = _above(parent, pointer, upper, length, spent, ends, best, took, rank, far, hours, used)
        if now > len(rank):
            rank, far, hours = _wider(rank, used, 2 * now), _wider(far, used, 2 * now), _wider(hours, used, 2 * now)
            now = _above(parent, pointer, upper, length, spent, ends, best, took, rank, far, hours, used)
        used = now
        edge[g + 1] = used
    first = np.zeros(n + 1, np.int64)
    for i in range(used):
        first[rank[i] + 1] += 1
    for v in range(n):
        first[v + 1] += first[v]
    free = first[:-1].copy()
    group = np.empty(used, np.int32)
    out_far = np.empty(used, np.int64)
    out_hours = np.empty(used, np.float64)
    for g in range(groups):
        for i in range(edge[g], edge[g + 1]):
            at = free[rank[i]]
            free[rank[i]] += 1
            group[at] = g
            out_far[at] = far[i]
            out_hours[at] = hours[i]
    return first, group, out_far, out_hours


@njit(cache=True, nogil=True)
def _rows(
    parent: Array, pointer: Array, upper: Array, length: Array, spent: Array, bounds: Array, vertices: Array,
    first: Array, group: Array, far: Array, hours: Array, low: int, high: int, out: Array, out_hours: Array,
) -> None:  # fmt: skip
    """Fill the rows from `low` to `high` of a table of distances and hours."""
    n = len(parent)
    best = np.full(n, FAR, np.int64)
    took = np.zeros(n, np.float64)
    rank = np.empty(n, np.int32)
    reach = np.empty(n, np.int64)
    spend = np.empty(n, np.float64)
    for g in range(low, high):
        starts = vertices[bounds[g] : bounds[g + 1]]
        count = _above(parent, pointer, upper, length, spent, starts, best, took, rank, reach, spend, 0)
        for i in range(count):
            for j in range(first[rank[i]], first[rank[i] + 1]):
                there = reach[i] + far[j]
                if there < out[g, group[j]]:
                    out[g, group[j]] = there
                    out_hours[g, group[j]] = spend[i] + hours[j]


# ---- what the package uses


@dataclass(frozen=True, eq=False)
class Index:
    """The topology of a network, ready for any metric.

    Attributes
    ----------
    rank : ndarray of int32
        Of each vertex in the order in which they are taken away.
    pointer, upper : ndarray of int
        Edges by their lower end: ``upper[pointer[r]:pointer[r + 1]]`` are the higher ends, rising.
    parent : ndarray of int32
        The elimination tree; -1 at a root.
    slot : ndarray of int64
        Edge of each arc, -1 for a loop.
    upward : ndarray of bool
        Whether the arc leads to the higher end of its edge.
    """

    rank: Array
    pointer: Array
    upper: Array
    parent: Array
    slot: Array
    upward: Array

    @classmethod
    def build(cls, size: int, tail: Array, head: Array, x: Array, y: Array) -> Index:
        """Index a graph whose vertices lie at `x`, `y`; every arc counts, open or not.

        Parameters
        ----------
        size : int
            Number of vertices.
        tail, head : ndarray of int
            Arcs; parallel ones and loops are allowed.
        x, y : ndarray of float
            Coordinates by vertex, in any unit; they serve to find good cuts, never to measure.
        """
        tail, head = np.ascontiguousarray(tail, np.int32), np.ascontiguousarray(head, np.int32)
        start, near = _simple(size, tail, head)
        first, degree = _peel(start, near)
        kept, inner, among = _core(start, near, degree)
        rest = _dissect(inner, among, np.ascontiguousarray(x[kept], float), np.ascontiguousarray(y[kept], float))
        rank = np.empty(size, np.int32)
        rank[np.concatenate([first, kept[rest]])] = np.arange(size, dtype=np.int32)
        pointer, upper, parent = _chordal(*_simple(size, rank[tail], rank[head]))
        slot = _slots(pointer, upper, rank, tail, head)
        return cls(rank, pointer, upper, parent, slot, rank[tail] < rank[head])

    def metric(self, weight: Array, usable: Array | None = None, hours: Array | None = None) -> Metric:
        """Return the lengths of all edges for weights by arc; what is not `usable` is infinitely long.

        Parameters
        ----------
        weight : ndarray of int64
            Not negative, and no path longer than `mobility.kernels.FAR`.
        usable : ndarray of bool, optional
        hours : ndarray of float, optional
            A second value that is added up along the shortest ways.
        """
        edges = len(self.upper)
        length = np.empty((2, edges), np.int64)
        spent = np.empty((2, edges), np.float64)
        by = np.empty((2, edges), np.int32)
        open_ = np.ones(len(self.slot), np.bool_) if usable is None else np.ascontiguousarray(usable, np.bool_)
        also = np.zeros(len(self.slot)) if hours is None else np.ascontiguousarray(hours, np.float64)
        _customise(
            self.pointer, self.upper, self.slot, self.upward, np.ascontiguousarray(weight, np.int64), also, open_,
            length, spent, by,
        )  # fmt: skip
        return Metric(self, length, spent, by)


@dataclass(frozen=True, eq=False)
class Metric:
    """Lengths on an `Index`: shortest ways in microseconds, tables of them in about a microsecond a pair."""

    index: Index
    length: Array
    spent: Array
    by: Array
    _spare: list[tuple[Array, Array]] = field(default_factory=list, repr=False)

    def shortest(self, starts: Any, ends: Any) -> tuple[int, list[int]] | None:
        """Return weight and arcs of a shortest way from any of `starts` to any of `ends`; None when there is none."""
        found, path = self._ask(starts, ends, True)
        return None if found >= FAR else (found, path.tolist())

    def distance(self, starts: Any, ends: Any) -> int:
        """Return the weight of a shortest way, `FAR` when there is none."""
        return self._ask(starts, ends, False)[0]

    def _ask(self, starts: Any, ends: Any, trace: bool) -> tuple[int, Array]:
        index = self.index
        n = len(index.rank)
        # One workspace for each thread that asks at the same time.
        best, came = self._spare.pop() if self._spare else (np.full((2, n), FAR), np.empty((2, 2, n), np.int64))
        found, path = _meet(
            index.parent, index.pointer, index.upper, self.length, self.by,
            index.rank[np.array(starts, np.int64, ndmin=1)], index.rank[np.array(ends, np.int64, ndmin=1)],
            best, came, trace,
        )  # fmt: skip
        self._spare.append((best, came))
        return int(found), path

    def table(self, starts: list[list[int]], ends: list[list[int]]) -> tuple[Array, Array]:
        """Return weights and hours from each group of vertices to each other one; `FAR` where there is no way."""
        index = self.index
        tree = index.parent, index.pointer, index.upper
        out = np.full((len(starts), len(ends)), FAR, np.int64)
        hours = np.full(out.shape, np.nan)
        below = _buckets(*tree, self.length[1], self.spent[1], *self._groups(ends))
        groups = self._groups(starts)
        threads = max(1, min(os.cpu_count() or 1, len(starts) // 8))
        bounds = np.linspace(0, len(starts), threads + 1).astype(int).tolist()

        def fill(i: int) -> None:
            _rows(
                *tree, self.length[0], self.spent[0], *groups, *below, bounds[i], bounds[i + 1], out, hours
            )  # fmt: skip

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, range(threads)))
        return out, hours

    def _groups(self, groups: list[list[int]]) -> tuple[Array, Array]:
        bounds = np.cumsum([0, *map(len, groups)]).astype(np.int64)
        return bounds, self.index.rank[np.array([v for g in groups for v in g], np.int64)]
