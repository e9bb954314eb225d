"""The inner loops on plain lists: shortest paths under bans, flows of least cost, repair after an outage.

A single question on a strategic network is answered here, without paying for a compiler. `compiled` has the same
functions for networks and questions with many solves; the tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, Any]

FAR = 1 << 61
"""Longer than any path; weights are int64 everywhere."""

MANY = 20_000
"""From so many arcs on a search goes vertex by vertex instead of looking at all arcs again and again."""

WAYS = 128
"""Detours that are kept in mind for each arc while one outage after the other is tried."""


class Router(Protocol):
    """Shortest paths from one vertex to another in a graph of which parts can be banned for one search."""

    far: int
    """Longer than any path."""

    @property
    def toward(self) -> Sequence[int]:
        """Distance of each vertex to the target, with nothing banned; `FAR` when there is no way."""

    def shortest(
        self, start: int, arcs: Collection[int] = (), vertices: Collection[int] = ()
    ) -> tuple[int, list[int]] | None:
        """Return weight and arcs of a shortest path from `start`, without the banned arcs and vertices."""

    def bound(self, start: int, arcs: Collection[int]) -> int:
        """Return a lower bound of :meth:`shortest`: the best first step."""


class PlainRouter:
    """`Router` on Python lists: a search guided by the exact distances of the unbanned graph (A*).

    Parameters
    ----------
    size : int
        Number of vertices.
    tail, head, weight : sequence of int
        Arcs; parallel ones and loops are allowed, weights are not negative.
    target : int
    far : int
        Longer than any path; weights may be Python integers of any size.

    Notes
    -----
    Closing arcs can only lengthen paths, so the distances of the open graph stay a consistent lower bound
    (Hart, Nilsson and Raphael 1968) and each vertex is settled once.
    """

    def __init__(self, size: int, tail: Array, head: Array, weight: Array, target: int, far: int = FAR) -> None:
        self.target, self.far = target, far
        self.out: list[list[tuple[int, int, int]]] = [[] for _ in range(size)]
        back: list[list[tuple[int, int]]] = [[] for _ in range(size)]
        for arc, (t, h, w) in enumerate(zip(tail.tolist(), head.tolist(), weight.tolist(), strict=True)):
            self.out[t].append((arc, h, w))
            back[h].append((t, w))
        self.toward = _distances(back, target, far)

    def shortest(
        self, start: int, arcs: Collection[int] = (), vertices: Collection[int] = ()
    ) -> tuple[int, list[int]] | None:
        """Return weight and arcs of a shortest path from `start`, without the banned arcs and vertices."""
        toward, out, target, far = self.toward, self.out, self.target, self.far
        if toward[start] >= far:
            return None
        arcs = arcs if isinstance(arcs, (set, frozenset, dict)) else set(arcs)
        vertices = vertices if isinstance(vertices, (set, frozenset, dict)) else set(vertices)
        best = {start: 0}
        came: dict[int, tuple[int, int]] = {}
        done: set[int] = set()
        heap = [(toward[start], start)]
        while heap:
            _, u = heappop(heap)
            if u in done:
                continue
            done.add(u)
            if u == target:
                path: list[int] = []
                while u != start:
                    arc, u = came[u]
                    path.append(arc)
                return best[target], path[::-1]
            here = best[u]
            for arc, v, w in out[u]:
                if v in done or v in vertices or toward[v] >= far or arc in arcs:
                    continue
                there = here + w
                if there < best.get(v, far):
                    best[v] = there
                    came[v] = (arc, u)
                    heappush(heap, (there + toward[v], v))
        return None

    def bound(self, start: int, arcs: Collection[int]) -> int:
        """Return a lower bound of :meth:`shortest`: the best first step."""
        toward = self.toward
        steps = (w + toward[v] for arc, v, w in self.out[start] if arc not in arcs)
        return min(self.far, min(steps, default=self.far))


def _distances(out: list[list[tuple[int, int]]], source: int, far: int) -> list[int]:
    """Return Dijkstra's distances from one vertex."""
    best = [far] * len(out)
    best[source] = 0
    heap = [(0, source)]
    while heap:
        here, u = heappop(heap)
        if here > best[u]:
            continue
        for v, w in out[u]:
            if here + w < best[v]:
                best[v] = here + w
                heappush(heap, (here + w, v))
    return best


class Flow(Protocol):
    """A flow between two vertices; see `PlainFlow` for what the methods do."""

    value: int

    def cheapest(self) -> None:
        """Push a maximum flow of least cost."""

    def maximum(self) -> None:
        """Push a maximum flow, of least cost where that comes for nothing."""

    def reachable(self) -> Array:
        """Return the source side of the nearest cut."""

    def flows(self) -> Array:
        """Return the flow on each arc."""

    def losses(self, groups: Sequence[Sequence[int]]) -> list[int]:
        """Return what each group of arcs takes off the flow."""

    def pair_losses(self, groups: Sequence[Sequence[int]], single: Sequence[int]) -> tuple[Array, Array, Array]:
        """Return the pairs of groups that take more off the flow than the worse of the two, and what they take."""


class PlainFlow:
    """A flow from one vertex to another on residual arcs; arc ``i`` of the graph is residual arc ``2 i``.

    Parameters
    ----------
    size : int
    tail, head, capacity, cost : ndarray of int
    source, sink : int

    Attributes
    ----------
    value : int
        Flow from source to sink.
    room : list of int
        Residual capacity; ``room[2 * i + 1]`` is the flow on arc ``i`` when it started empty.
    """

    def __init__(
        self, size: int, tail: Array, head: Array, capacity: Array, cost: Array, source: int, sink: int
    ) -> None:
        self.source, self.sink, self.value = source, sink, 0
        self._ways: dict[int, list[list[int]]] = {}
        self._walls: dict[int, list[int]] = {}
        self.to: list[int] = [0] * (2 * len(tail))
        self.room: list[int] = [0] * (2 * len(tail))
        self.cost: list[int] = [0] * (2 * len(tail))
        self.at: list[list[int]] = [[] for _ in range(size)]
        rows = zip(tail.tolist(), head.tolist(), capacity.tolist(), cost.tolist(), strict=True)
        for i, (t, h, c, w) in enumerate(rows):
            self.to[2 * i], self.to[2 * i + 1] = h, t
            self.room[2 * i] = c
            self.cost[2 * i], self.cost[2 * i + 1] = w, -w
            self.at[t].append(2 * i)
            self.at[h].append(2 * i + 1)

    def cheapest(self, enough: Callable[[int], bool] | None = None) -> None:
        """Push flow along successive shortest paths until no path is left, or the next is not wanted any more.

        `enough` is told the length of the next path before anything goes along it. Each flow on the way is one of
        least cost for its value (Ford and Fulkerson 1962; potentials after Edmonds and Karp 1972), so the last is a
        maximum flow of least cost.
        """
        to, room, cost, at, source, sink = self.to, self.room, self.cost, self.at, self.source, self.sink
        potential = [0] * len(at)
        while True:
            best = {source: 0}
            came: dict[int, int] = {}
            done: dict[int, int] = {}
            heap = [(0, source)]
            while heap:
                here, u = heappop(heap)
                if u in done:
                    continue
                done[u] = here
                if u == sink:
                    break
                lift = here + potential[u]
                for a in at[u]:
                    if room[a] > 0:
                        v = to[a]
                        there = lift + cost[a] - potential[v]
                        if v not in done and there < best.get(v, FAR):
                            best[v] = there
                            came[v] = a
                            heappush(heap, (there, v))
            if sink not in done:
                break
            reach = done[sink]
            for v, d in done.items():
                potential[v] += d - reach
            if enough is not None and enough(potential[sink] - potential[source]):
                break
            push = self._send(came, source, sink, FAR)
            self.value += push

    def maximum(self) -> None:
        """Push a maximum flow; here the one of least cost."""
        self.cheapest()

    def reachable(self) -> Array:
        """Return which vertices residual arcs reach from the source: the source side of the nearest cut."""
        seen = np.zeros(len(self.at), bool)
        seen[self.source] = True
        stack = [self.source]
        while stack:
            for a in self.at[stack.pop()]:
                v = self.to[a]
                if self.room[a] > 0 and not seen[v]:
                    seen[v] = True
                    stack.append(v)
        return seen

    def flows(self) -> Array:
        """Return the flow on each arc of the graph."""
        return np.array(self.room[1::2], np.int64)

    def losses(self, groups: Sequence[Sequence[int]]) -> list[int]:
        """Return for each group of arcs how much of the maximum flow is lost when it closes.

        The flow must be a maximum one. Only what ran over the group is sent again through the residual
        graph; the flow elsewhere stands, so each outage costs a few searches and no new flow.
        """
        kept, out = self.room, []
        for group in groups:
            if all(kept[2 * a + 1] == 0 for a in group):
                out.append(0)
                continue
            self.room = kept.copy()
            out.append(self._close(group, mend=False))
        self.room = kept
        return out

    def pair_losses(self, groups: Sequence[Sequence[int]], single: Sequence[int]) -> tuple[Array, Array, Array]:
        """Return the pairs of groups that together take more off the flow than the worse of the two does.

        As first group, second group and loss. `single` is what :meth:`losses` says of each. The first group closes
        and the flow is mended; what then carries nothing takes nothing more. One of a pair must carry flow to begin
        with.
        """
        kept, found = self.room, []
        carries = [any(kept[2 * a + 1] for a in group) for group in groups]
        for i in np.flatnonzero(carries).tolist():
            self.room = kept.copy()
            lost = self._close(groups[i], mend=True)
            behind = [() if carries[j] and j < i else group for j, group in enumerate(groups)]
            for j, more in enumerate(self.losses(behind)):
                if more and lost + more > max(single[i], single[j]):
                    found.append((i, j, lost + more))
        self.room = kept
        first, second, lost_both = np.array(found, np.int64).reshape(-1, 3).T
        return first, second, lost_both

    def _close(self, group: Sequence[int], mend: bool) -> int:
        """Close a group of arcs under a maximum flow; return what it loses.

        With `mend` what found no other way is taken back to the source and from the sink, so that a maximum flow
        of what is still open stands there. Without, that is done only as far as the group itself needs it.
        """
        room, to = self.room, self.to
        for a in group:
            room[2 * a] = 0
        lost = 0
        # One arc after the other: each leaves a maximum flow of what is still open.
        for i, a in enumerate(group):
            x = room[2 * a + 1]
            room[2 * a] = room[2 * a + 1] = 0
            if not x:
                continue
            u, v = to[2 * a + 1], to[2 * a]
            rest = x - (self._push(u, v, x) if mend else self._detour(a, x))
            lost += rest
            if rest and (mend or any(room[2 * b + 1] for b in group[i + 1 :])):
                if u != self.source:
                    self._push(u, self.source, rest)
                if v != self.sink:
                    self._push(self.sink, v, rest)
        return lost

    def _detour(self, arc: int, limit: int) -> int:
        """Send up to `limit` from the tail of a closed arc to its head; return what got through.

        Other outages have asked the same before: the ways they found are tried first, and where what then stopped
        them still stands, nothing more is searched.
        """
        room, to = self.room, self.to
        u, v = to[2 * arc + 1], to[2 * arc]
        ways, sent = self._ways.setdefault(arc, []), 0
        for way in ways:
            push = limit - sent
            for a in way:
                if room[a] < push:
                    push = room[a]
                    if not push:
                        break
            else:
                sent += self._along(way, push)
                if sent == limit:
                    return sent
        wall = self._walls.get(arc)
        if wall is not None and not any(room[a] for a in wall):
            return sent
        while sent < limit:
            came = self._search(u, v)
            if v not in came:
                self._walls[arc] = [a for x in came for a in self.at[x] if to[a] not in came]
                break
            way = self._way(came, u, v)
            ways.append(way)
            sent += self._along(way, limit - sent)
        del ways[:-WAYS]
        return sent

    def _send(self, came: Mapping[int, int], source: int, sink: int, limit: int) -> int:
        """Send what fits, up to `limit`, along the path that `came` holds; return how much."""
        return self._along(self._way(came, source, sink), limit)

    def _way(self, came: Mapping[int, int], source: int, sink: int) -> list[int]:
        """Return the arcs of the path that `came` holds, last first."""
        way = []
        v = sink
        while v != source:
            way.append(came[v])
            v = self.to[came[v] ^ 1]
        return way

    def _along(self, way: Sequence[int], limit: int) -> int:
        """Send what fits, up to `limit`, along a path; return how much."""
        room = self.room
        push = min(limit, *(room[a] for a in way))
        for a in way:
            room[a] -= push
            room[a ^ 1] += push
        return push

    def _search(self, source: int, sink: int) -> dict[int, int]:
        """Return by which residual arc each vertex is reached from the source first, until the sink is."""
        to, room, at = self.to, self.room, self.at
        came = {source: -1}
        queue = [source]
        for u in queue:
            if u == sink:
                break
            for a in at[u]:
                if room[a] > 0 and to[a] not in came:
                    came[to[a]] = a
                    queue.append(to[a])
        return came

    def _push(self, source: int, sink: int, limit: int) -> int:
        """Send up to `limit` along shortest residual paths; return what got through."""
        sent = 0
        while sent < limit:
            came = self._search(source, sink)
            if sink not in came:
                break
            sent += self._send(came, source, sink, limit - sent)
        return sent


def reached(size: int, tail: Array, head: Array, starts: Sequence[int]) -> Array:
    """Return which vertices arcs lead to from `starts`; with tail and head exchanged, which lead there."""
    seen = np.zeros(size, bool)
    seen[list(starts)] = True
    if len(tail) > MANY:  # one pass for each step away would not do
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import breadth_first_order

        first = np.flatnonzero(seen)
        ends = np.concatenate([tail, np.full(len(first), size)]), np.concatenate([head, first])
        graph = csr_array((np.ones(len(ends[0]), np.int32), ends), shape=(size + 1, size + 1))
        seen[breadth_first_order(graph, size, return_predecessors=False)[1:]] = True
        return seen
    while True:
        new = head[seen[tail] & ~seen[head]]
        if not len(new):
            return seen
        seen[new] = True


def widest(
    size: int, tail: Array, head: Array, width: Array, sources: Collection[int], target: int
) -> tuple[float, list[int]]:
    """Return the widest bottleneck from `sources` to `target` and the arcs of one path that has it.

    ``(-inf, [])`` when there is no path.
    """
    out: list[list[tuple[int, int, float]]] = [[] for _ in range(size)]
    for arc, (t, h, w) in enumerate(zip(tail.tolist(), head.tolist(), width.tolist(), strict=True)):
        out[t].append((arc, h, w))
    best = [-np.inf] * size
    came: dict[int, tuple[int, int]] = {}
    heap = [(-np.inf, s) for s in sources]
    for s in sources:
        best[s] = np.inf
    heapify(heap)
    while heap:
        negative, u = heappop(heap)
        if -negative < best[u]:
            continue
        if u == target:
            break
        for arc, v, w in out[u]:
            through = min(best[u], w)
            if through > best[v]:
                best[v] = through
                came[v] = (arc, u)
                heappush(heap, (-through, v))
    path: list[int] = []
    v = target
    while v in came:
        arc, v = came[v]
        path.append(arc)
    return float(best[target]), path[::-1]
