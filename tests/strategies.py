"""Small networks in contract form, by hand, by hypothesis or by seed, and the writer that makes folders."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

from oracles.tables import Question, Tables

T = TypeVar("T")


class Pick(Protocol):
    """A source of choices; the first of a sequence is the plainest, so that hypothesis shrinks towards it."""

    def one(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        ...

    def count(self, low: int, high: int) -> int:
        """Return a whole number, ends included."""
        ...


class Seeded:
    """Choices from a seed, for plain loops."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def one(self, options: Sequence[T]) -> T:
        return self._random.choice(options)

    def count(self, low: int, high: int) -> int:
        return self._random.randint(low, high)


class Drawn:
    """Choices drawn by hypothesis."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def one(self, options: Sequence[T]) -> T:
        return self._draw(st.sampled_from(options))

    def count(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))


@dataclass(frozen=True)
class Shape:
    """What a generated network may contain."""

    nodes: tuple[int, int] = (4, 8)
    links: tuple[int, int] = (5, 14)
    modes: tuple[str, ...] = ("road", "rail", "sea")
    terminals: bool = True
    borders: bool = True
    assets: bool = False
    life: bool = False
    limits: bool = False
    many_ends: bool = True


COUNTRIES = ("AL", "MK", "BG", "RO")
YEAR = 2030


def build(pick: Pick, shape: Shape) -> tuple[Tables, Question]:
    """Return a network and a plain question on it."""
    size = pick.count(*shape.nodes)
    ids = [f"N{i}" for i in range(size)]
    nodes = [
        {
            "node_id": node,
            "name": pick.one(["", f"Town {i}", "Twin Town", f"Port, {i}"]),
            "lat": 40.5 + 0.5 * (i % 3),
            "lon": 19.5 + 0.75 * i,
            "country": pick.one(COUNTRIES),
        }
        for i, node in enumerate(ids)
    ]
    links = [_link(pick, shape, i, ids) for i in range(pick.count(*shape.links))]
    terminals, borders = [], []
    if shape.terminals and len(shape.modes) > 1:
        pairs = [(a, b) for i, a in enumerate(shape.modes) for b in shape.modes[i + 1 :]]
        for node in ids:
            for a, b in pairs:
                if pick.one([True, False, True]):
                    one, other = pick.one([(a, b), (b, a)])
                    terminals.append(
                        {
                            "node_id": node,
                            "from_mode": one,
                            "to_mode": other,
                            "transfer_h": pick.one([0, 0.5, 1, 2]),
                            "capacity_veh_day": pick.one([5, 20, 60, 600]),
                        }
                    )
    if shape.borders:
        borders = [
            {
                "node_id": node,
                "mode": mode,
                "wait_h": pick.one([0, 0.5, 2]),
                "capacity_veh_day": pick.one([5, 20, 60, 600]),
            }
            for node in ids
            for mode in shape.modes
            if pick.one([False, False, True])
        ]
    ends = 2 if shape.many_ends and size >= 5 else 1
    starts, stops = pick.count(1, ends), pick.count(1, ends)
    return Tables(nodes, links, terminals, borders), Question(tuple(ids[:starts]), tuple(ids[-stops:]))


def _link(pick: Pick, shape: Shape, number: int, ids: list[str]) -> dict[str, Any]:
    tail = pick.count(0, len(ids) - 1)
    head = (tail + pick.count(1, len(ids) - 1)) % len(ids)
    mode = pick.one(shape.modes)
    row: dict[str, Any] = {
        "link_id": f"L{number}",
        "from_node": ids[tail],
        "to_node": ids[head],
        "mode": mode,
        "length_km": pick.one([60, 60, 30, 90, 120, 0]),
        "direction": pick.one(["both", "both", "both", "forward"]),
        "status": "operational",
    }
    timing = pick.one(["speed", "time", "both"])
    if timing != "time":
        row["speed_kmh"] = pick.one([60, 30, 40])
    if timing != "speed":
        row["time_h"] = pick.one([1, 2, 0.5, 1.25, 0])
    if mode == "road":
        row["capacity_veh_h"] = pick.one([1, 2, 5, 25])
    elif mode == "rail":
        row["capacity_trains_day"] = pick.one([1, 2, 4])
    else:
        row["capacity_sailings_day"] = pick.one([1, 2])
        row["ship_lane_m"] = pick.one([10, 50, 300])
    if shape.assets:
        row["asset_id"] = pick.one([None, None, None, "A0", "A1"])
    if shape.life:
        row["status"] = pick.one(("operational", "operational", "closed", "under_construction", "planned", "missing"))
        if row["status"] in ("under_construction", "planned"):
            row["open_year"] = pick.one([YEAR - 1, YEAR, YEAR + 1, None])
    if shape.limits:
        row.update(_limits(pick, mode))
    return row


def _limits(pick: Pick, mode: str) -> dict[str, Any]:
    if mode == "road":
        return {
            "mlc_wheeled": pick.one([120, 60, 30]),
            "mlc_tracked": pick.one([100, 50, 25]),
            "max_mass_t": pick.one([130, 44, 20]),
            "max_height_m": pick.one([6.0, 4.5, 3.5]),
        }
    if mode == "rail":
        if pick.one([False, True]):
            return {"line_category": pick.one(["E5", "D4", "D2", "C3", "B2", "B1", "A"])}
        return {"max_axle_t": pick.one([25, 22.5, 20, 16]), "max_metre_load_t": pick.one([8.8, 8, 6.4, 5])}
    return {}


@st.composite
def networks(draw: Callable[[st.SearchStrategy[Any]], Any], shape: Shape = Shape()) -> tuple[Tables, Question]:
    """Draw a network and a question."""
    return build(Drawn(draw), shape)


def seeded(count: int, shape: Shape = Shape(), start: int = 0) -> Iterable[tuple[Tables, Question]]:
    """Yield networks from consecutive seeds."""
    for seed in range(start, start + count):
        yield build(Seeded(seed), shape)


def net(*links: tuple, terminals: tuple = (), borders: tuple = (), **country: str) -> Tables:
    """Build tables by hand from ``(id, from, to, mode, hours, capacity, extra cells)``.

    Capacity is in vehicles an hour, trains a day or lane metres a day; places are in AL unless named.
    """
    room = {"road": "capacity_veh_h", "rail": "capacity_trains_day", "sea": "ship_lane_m"}
    keys = ("link_id", "from_node", "to_node", "mode", "time_h", "length_km")
    rows = []
    for *known, size, extra in ((*link, {}) if len(link) == 6 else link for link in links):
        row = dict(zip(keys, (*known, 60), strict=True))
        sailings = {"capacity_sailings_day": 1} if row["mode"] == "sea" else {}
        rows.append({**row, room[row["mode"]]: size, **sailings, "status": "operational", **extra})
    names = sorted({end for row in rows for end in (row["from_node"], row["to_node"])})
    nodes = [
        {"node_id": name, "lat": 42, "lon": 20 + 0.5 * i, "country": country.get(name, "AL")}
        for i, name in enumerate(names)
    ]
    change = ("node_id", "from_mode", "to_mode", "transfer_h", "capacity_veh_day")
    wait = ("node_id", "mode", "wait_h", "capacity_veh_day")
    return Tables(
        nodes,
        rows,
        [dict(zip(change, row, strict=True)) for row in terminals],
        [dict(zip(wait, row, strict=True)) for row in borders],
    )


def write(tables: Tables, folder: Path) -> Path:
    """Write the tables as the CSV files of a network folder, without those that are empty."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("nodes", "links", "terminals", "borders"):
        rows = getattr(tables, name)
        if rows:
            write_csv(folder / f"{name}.csv", rows)
    return folder


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows under the union of their keys; None becomes an empty cell."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows({k: "" if v is None else v for k, v in row.items()} for row in rows)


def relabelled(tables: Tables, ask: Question, pick: Pick) -> tuple[Tables, Question, dict[str, str]]:
    """Return the same network under other ids in another order, and what the new ids were called."""
    old = [r["node_id"] for r in tables.nodes] + [r["link_id"] for r in tables.links]
    numbers = _shuffled(pick, list(range(len(old))))
    letter = {"N": "z", "L": "y"}
    new = {name: f"{letter[name[0]]}{number:03d}" for name, number in zip(old, numbers, strict=True)}
    keys = ("node_id", "link_id", "from_node", "to_node")

    def rename(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return _shuffled(pick, [{k: new[v] if k in keys else v for k, v in row.items()} for row in rows])

    again = Tables(rename(tables.nodes), rename(tables.links), rename(tables.terminals), rename(tables.borders))
    question = Question(tuple(new[n] for n in ask.origins), tuple(new[n] for n in ask.destinations))
    return again, question, {v: k for k, v in new.items()}


def _shuffled(pick: Pick, items: list[T]) -> list[T]:
    left, order = list(items), []
    while left:
        order.append(left.pop(pick.count(0, len(left) - 1)))
    return order
