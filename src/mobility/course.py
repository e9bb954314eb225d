"""The course of lines on paper: smooth at the scale of the page, side by side where they share a valley.

Everything is measured in points. A real alignment has more bends than a page can show; shifted as it is, a line would
curl and throw spikes. So a line is first given the bends that print can hold, and then moved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

Array = np.ndarray[Any, Any]

STEP = 1.4
"""Distance of the vertices that are worked with."""
SLOPE = (0.75, 0.93)
"""Lines whose directions have a cosine below the first only cross; above the second they run together."""


@dataclass(frozen=True)
class Bed:
    """The line of one link, from west to east, and the room that its strokes take to either side.

    Attributes
    ----------
    parts : list of ndarray
        Coordinates.
    side : int
        1 for what gives way to the left (railways), -1 for what gives way to the right (roads), 0 for neither.
    half : float
        Half the width of all strokes of the link.
    """

    parts: list[Array]
    side: int
    half: float


def eastward(line: Any) -> bool:
    """Return whether a line runs to the east or south-east, so that both modes keep their side when it is turned."""
    (ax, ay), (bx, by) = shapely.get_coordinates(line)[[0, -1]]
    return bool((bx - ax) - 0.5 * (by - ay) >= 0)


def even(xy: Array, step: float = STEP) -> Array:
    """Return points at even distances along a line, its ends among them.

    >>> even(np.array([(0.0, 0.0), (3.0, 0.0)]), 1.0).tolist()
    [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]
    """
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    at = np.linspace(0.0, along[-1], max(2, round(along[-1] / step) + 1))
    return np.stack([np.interp(at, along, xy[:, 0]), np.interp(at, along, xy[:, 1])], axis=1)


def blur(values: Array, deviation: float, *, pinned: bool = False) -> Array:
    """Return rows averaged with their neighbours by a Gaussian; `pinned` leaves both ends where they are."""
    reach = min(int(3 * deviation + 0.5), len(values) - 1)
    if reach < 1:
        return values
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    weights /= weights.sum()
    before, after = values[reach:0:-1], values[-2 : -reach - 2 : -1]
    if pinned:
        before, after = 2 * values[0] - before, 2 * values[-1] - after
    padded = np.concatenate([before, values, after])
    return np.stack([np.convolve(column, weights, "valid") for column in padded.T], axis=1)


def smooth(xy: Array, deviation: float) -> Array:
    """Return an evenly spaced line without bends narrower than `deviation`; the ends stay."""
    points = even(xy)
    return blur(points, deviation / STEP, pinned=True) if len(points) > 3 else points


def normals(xy: Array) -> Array:
    """Return unit vectors to the left of a line at each of its points."""
    along = np.gradient(xy, axis=0)
    along /= np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    return np.stack([-along[:, 1], along[:, 0]], axis=1)


def beside(xy: Array, shift: float) -> Array:
    """Return a line moved to its left, its bends widened so that the inner side does not curl.

    >>> beside(np.array([(0.0, 0.0), (10.0, 0.0)]), 2.0)[[0, -1]].round(6).tolist()
    [[0.0, 2.0], [10.0, 2.0]]
    """
    if not shift:
        return xy
    base = widened(xy, abs(shift))
    return base + normals(base) * shift


def widened(xy: Array, radius: float) -> Array:
    """Return an evenly spaced line with its bends widened, where it needs that, so far that a shift does not curl."""
    points = even(xy)
    if len(points) < 4:
        return points
    base = blur(points, 1.2 * radius / STEP, pinned=True)
    for wider in (2.0, 3.3, 5.5, 9.0):
        tight = curvature(base) * radius > 0.6
        if not tight.any():
            break
        share = np.clip(3 * blur(tight.astype(float)[:, None], 3 * radius / STEP), 0.0, 1.0)
        base = base + share * (blur(points, wider * radius / STEP, pinned=True) - base)
    return base


def curvature(xy: Array) -> Array:
    """Return one by the radius of the bend at each point of an evenly spaced line."""
    along = np.gradient(xy, axis=0)
    turn = np.gradient(along, axis=0)
    cross = along[:, 0] * turn[:, 1] - along[:, 1] * turn[:, 0]
    return np.asarray(np.abs(cross) / np.maximum(np.hypot(*along.T), 1e-9) ** 3)


def light(xy: Array) -> Array:
    """Return a line without the vertices that do not show."""
    return np.asarray(shapely.get_coordinates(shapely.simplify(shapely.linestrings(xy), 0.06)))


def separate(beds: Mapping[str, Bed], gap: float) -> dict[str, list[Array]]:
    """Return the lines of beds, railways and roads that run together moved apart.

    Where a railway comes nearer to a road than the width of both and `gap`, each gives way by half of what lacks,
    the railway to its left unless it really runs to the right. Lines that only cross stay.

    Parameters
    ----------
    beds : mapping of str to Bed
        By link.
    gap : float
        White between the two.

    Returns
    -------
    dict of str to list of ndarray
    """
    out = {link: list(bed.parts) for link, bed in beds.items()}
    rails, roads = ([(k, i) for k, b in beds.items() if b.side == s for i in range(len(b.parts))] for s in (1, -1))
    if not rails or not roads:
        return out
    sides = _sides(beds, rails, roads, gap)
    for mine, others, sign in ((rails, roads, 1), (roads, rails, -1)):
        lines = [shapely.linestrings(beds[k].parts[i]) for k, i in others]
        tree = shapely.STRtree(lines)
        halves = np.array([beds[k].half for k, _ in others])
        for link, i in mine:
            xy, half = beds[link].parts[i], beds[link].half
            near, hit = _nearest(tree, xy, half + float(halves.max()) + gap)
            if not len(near):
                continue
            foot, along = _foot(lines, hit, xy[near])
            left = normals(xy)[near]
            if sign > 0:
                way = left * sides[link, i]
            else:  # away from the railway, on the side that it does not take
                turn = np.array([sides[others[h]] for h in hit.tolist()])
                way = -np.stack([-along[:, 1], along[:, 0]], axis=1) * turn[:, None]
            lack = half + halves[hit] + gap - ((xy[near] - foot) * way).sum(axis=1)
            alike = np.abs(along[:, 0] * left[:, 1] - along[:, 1] * left[:, 0])
            share = np.clip((alike - SLOPE[0]) / (SLOPE[1] - SLOPE[0]), 0.0, 1.0)
            move = np.zeros_like(xy)
            move[near] = way * (np.clip(lack / 2, 0.0, half + gap) * share)[:, None]
            out[link][i] = xy + blur(move, 4.0 / STEP)
    return out


def _nearest(tree: Any, xy: Array, reach: float) -> tuple[Array, Array]:
    """Return the points that have a line within reach, and the nearest line of each."""
    pairs = tree.query_nearest(shapely.points(xy), max_distance=reach, all_matches=False)
    return pairs[0], pairs[1]


def _foot(lines: Sequence[Any], hit: Array, xy: Array) -> tuple[Array, Array]:
    """Return the nearest points on lines and the direction of the line there."""
    chosen = np.array(lines, object)[hit]
    at = shapely.line_locate_point(chosen, shapely.points(xy))
    long = shapely.length(chosen)
    foot = shapely.get_coordinates(shapely.line_interpolate_point(chosen, at))
    a = shapely.get_coordinates(shapely.line_interpolate_point(chosen, np.maximum(at - STEP, 0.0)))
    b = shapely.get_coordinates(shapely.line_interpolate_point(chosen, np.minimum(at + STEP, long)))
    along = (b - a) / np.maximum(np.hypot(*(b - a).T), 1e-9)[:, None]
    return foot, along


def _sides(
    beds: Mapping[str, Bed], rails: Sequence[tuple[str, int]], roads: Sequence[tuple[str, int]], gap: float
) -> dict[tuple[str, int], int]:
    """Return for each railway on which side of the road beside it it runs: 1 left, also where they coincide."""
    lines = [shapely.linestrings(beds[k].parts[i]) for k, i in roads]
    tree = shapely.STRtree(lines)
    out = {}
    for link, i in rails:
        xy = beds[link].parts[i]
        near, hit = _nearest(tree, xy, 2 * beds[link].half + gap + 2.0)
        side = 1
        if len(near):
            foot, _ = _foot(lines, hit, xy[near])
            if ((xy[near] - foot) * normals(xy)[near]).sum(axis=1).mean() < -0.8:
                side = -1
        out[link, i] = side
    return out
