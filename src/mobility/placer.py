"""Room for labels: what is placed is never overlapped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from mobility.pen import Box

Array = np.ndarray[Any, Any]


class Label(NamedTuple):
    """A text to be placed beside a point; `limit` is the price above which it is rather left out."""

    x: float
    y: float
    width: float
    height: float
    gap: float
    limit: float = math.inf


class Placer:
    """Finds room for labels around points.

    Parameters
    ----------
    width, height : float
        Of the map, in points.

    Examples
    --------
    >>> placer = Placer(100, 50)
    >>> first, second = placer.around(Label(50, 25, 30, 8, 3)), placer.around(Label(50, 25, 30, 8, 3))
    >>> first, second
    ((53.0, 21.0, 83.0, 29.0), (17.0, 21.0, 47.0, 29.0))
    """

    AROUND = (
        (1.0, 0.0), (-1.0, 0.0), (0.85, 0.85), (0.85, -0.85), (-0.85, 0.85), (-0.85, -0.85), (0.0, 1.0), (0.0, -1.0),
        (0.95, 0.45), (0.95, -0.45), (-0.95, 0.45), (-0.95, -0.45),
    )  # fmt: skip
    """Directions in which a label may lie, the best first."""
    RINGS = (1.0, 1.7, 2.6)
    """How many gaps away."""
    LATER = 0.3
    """Price of each position after the first."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.boxes: list[Box] = []
        self._soft = np.zeros((int(width) + 2, int(height) + 2))
        self._sums: Array | None = None

    def block(self, x: float, y: float, half: float) -> None:
        """Keep a square about a point free of everything placed later."""
        self.boxes.append((x - half, y - half, x + half, y + half))

    def shun(self, points: Any, weight: float = 1.0) -> None:
        """Keep away from points where that is possible: lines, small places."""
        points = np.reshape(np.asarray(points, float), (-1, 2))
        inside = (points >= 0).all(axis=1) & (points[:, 0] < self.width) & (points[:, 1] < self.height)
        np.add.at(self._soft, tuple(points[inside].astype(int).T + 1), weight)
        self._sums = None

    def free(self, boxes: Sequence[Box] | Array, among: Sequence[Box] | None = None) -> Array:
        """Return for each box whether it lies on the map and touches no other."""
        left, bottom, right, top = (side[:, None] for side in np.reshape(boxes, (-1, 4)).T)
        on_map = (left >= 2) & (bottom >= 2) & (right <= self.width - 2) & (top <= self.height - 2)
        west, south, east, north = np.reshape(self.boxes if among is None else among, (-1, 4)).T
        beside = (right <= west) | (left >= east) | (top <= south) | (bottom >= north)
        return np.asarray(on_map[:, 0] & beside.all(axis=1))

    def costs(self, boxes: Sequence[Box] | Array) -> Array:
        """Return the weight of the points under each box, to the nearest point of print."""
        if self._sums is None:
            self._sums = self._soft.cumsum(axis=0).cumsum(axis=1)
        sums = self._sums
        edges = np.rint(np.reshape(boxes, (-1, 4))).astype(int)
        x0, x1 = (np.clip(edges[:, i], 0, sums.shape[0] - 1) for i in (0, 2))
        y0, y1 = (np.clip(edges[:, i], 0, sums.shape[1] - 1) for i in (1, 3))
        return np.asarray(sums[x1, y1] - sums[x0, y1] - sums[x1, y0] + sums[x0, y0])

    def best(self, boxes: Iterable[Box], limit: float = math.inf, later: float = LATER) -> Box | None:
        """Block and return the free box of least cost, or None when all cost more than `limit`.

        Each box costs `later` more than the one before it.
        """
        boxes = list(boxes)
        if not boxes:
            return None
        price = np.where(self.free(boxes), self.costs(boxes) + later * np.arange(len(boxes)), math.inf)
        cheapest = int(np.argmin(price))
        if price[cheapest] > limit or price[cheapest] == math.inf:
            return None
        self.boxes.append(boxes[cheapest])
        return boxes[cheapest]

    def around(self, label: Label) -> Box | None:
        """Place one label."""
        return self.best(self._positions(label), label.limit)

    def settle(self, labels: Sequence[Label]) -> list[Box | None]:
        """Place many labels, the most important first; one in the way of another moves aside if it can.

        Returns
        -------
        list of Box or None
            In the order given; None for those that find no room.
        """
        fixed, placed = list(self.boxes), [None] * len(labels)
        boxes: list[Box | None] = list(placed)
        choices = [self._choices(label, fixed) for label in labels]
        for i in range(len(labels)):
            taken = [b for b in boxes if b]
            found = next((b for b, ok in zip(choices[i], self._clear(choices[i], taken), strict=True) if ok), None)
            boxes[i] = found
            if found is None:
                self._swap(i, choices, boxes)
        self.boxes += [b for b in boxes if b]
        return boxes

    def _swap(self, i: int, choices: Sequence[list[Box]], boxes: list[Box | None]) -> None:
        """Give label `i` a box that one other label holds, and that label another."""
        held = [(j, b) for j, b in enumerate(boxes) if b]
        for box in choices[i]:
            rivals = [j for j, b in held if not _apart(box, b)]
            if len(rivals) != 1:
                continue
            others = [b for j, b in held if j != rivals[0]] + [box]
            clear = self._clear(choices[rivals[0]], others)
            instead = next((b for b, ok in zip(choices[rivals[0]], clear, strict=True) if ok), None)
            if instead is not None:
                boxes[rivals[0]], boxes[i] = instead, box
                return

    def _clear(self, boxes: Sequence[Box], among: Sequence[Box]) -> Array:
        return self.free(boxes, among) if boxes else np.empty(0, bool)

    def _choices(self, label: Label, fixed: Sequence[Box]) -> list[Box]:
        """Return the positions of a label that are free and within its limit, the cheapest first."""
        boxes = self._positions(label)
        price = self.costs(boxes) + self.LATER * np.arange(len(boxes))
        good = np.flatnonzero(self.free(boxes, fixed) & (price <= label.limit))
        return [boxes[k] for k in good[np.argsort(price[good], kind="stable")].tolist()]

    def _positions(self, label: Label) -> list[Box]:
        x, y, width, height, gap, _ = label
        out = []
        for ring in self.RINGS:
            for dx, dy in self.AROUND:
                cx = x + dx * gap * ring + math.copysign(width / 2, dx) * (dx != 0)
                cy = y + dy * gap * ring + math.copysign(height / 2, dy) * (abs(dy) > 0.5)
                out.append((cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2))
        return out


def _apart(a: Box, b: Box) -> bool:
    return a[2] <= b[0] or a[0] >= b[2] or a[3] <= b[1] or a[1] >= b[3]


def centre(box: Box) -> tuple[float, float]:
    """Return the middle of a box."""
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
