"""The contract's tables as plain data, and the rules that need no search: usable, how long, how much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Row = Mapping[str, Any]

LINE_CATEGORY = {  # EN 15528: t an axle, t a metre
    "A": (16.0, 5.0),
    "B1": (18.0, 5.0),
    "B2": (18.0, 6.4),
    "C2": (20.0, 6.4),
    "C3": (20.0, 7.2),
    "C4": (20.0, 8.0),
    "D2": (22.5, 6.4),
    "D3": (22.5, 7.2),
    "D4": (22.5, 8.0),
    "E4": (25.0, 8.0),
    "E5": (25.0, 8.8),
}


@dataclass(frozen=True)
class Tables:
    """A network folder in memory; an empty cell is None or an absent key."""

    nodes: list[dict[str, Any]]
    links: list[dict[str, Any]]
    terminals: list[dict[str, Any]] = field(default_factory=list)
    borders: list[dict[str, Any]] = field(default_factory=list)

    def with_link(self, link_id: str, **cells: Any) -> Tables:
        """Return a copy in which one link has other values."""
        return replace(self, links=[{**r, **cells} if r["link_id"] == link_id else r for r in self.links])

    def link(self, link_id: str) -> dict[str, Any]:
        """Return the row of one link."""
        return next(r for r in self.links if r["link_id"] == link_id)


@dataclass(frozen=True)
class Vehicle:
    """What the plain limits are compared with; None means that the limit does not apply."""

    name: str = "any"
    mass_t: float | None = None
    mlc_wheeled: float | None = None
    mlc_tracked: float | None = None
    height_m: float | None = None
    rail_axle_t: float | None = None
    rail_metre_load_t: float | None = None
    road_speed_kmh: float | None = None
    per_train: int = 30
    lane_m: float = 1.0


@dataclass(frozen=True)
class Question:
    """Who asks for what; the fields are the options of the command line."""

    origins: tuple[str, ...]
    destinations: tuple[str, ...]
    modes: frozenset[str] = frozenset({"road", "rail", "sea", "waterway"})
    year: int | None = None
    via: str | None = None
    avoid: frozenset[str] = frozenset()
    countries: frozenset[str] | None = None
    closed: frozenset[str] = frozenset()
    vehicle: Vehicle | None = None


def limits(row: Row) -> dict[str, float]:
    """Return the limits stated by a link; the line category fills explicit cells that are empty."""
    names = ("max_mass_t", "mlc_wheeled", "mlc_tracked", "max_height_m", "max_axle_t", "max_metre_load_t")
    stated = {name: float(row[name]) for name in names if row.get(name) is not None}
    if row["mode"] == "rail" and row.get("line_category"):
        axle, metre = LINE_CATEGORY[row["line_category"]]
        stated.setdefault("max_axle_t", axle)
        stated.setdefault("max_metre_load_t", metre)
    return stated


def blocked_by(row: Row, vehicle: Vehicle | None) -> dict[str, tuple[float, float]]:
    """Return ``limit: (value, required)`` for each structural limit that the vehicle exceeds on this link."""
    if vehicle is None:
        return {}
    required: dict[str, float | None] = {}
    if row["mode"] == "road":
        required = {
            "max_mass_t": vehicle.mass_t,
            "mlc_wheeled": vehicle.mlc_wheeled,
            "mlc_tracked": vehicle.mlc_tracked,
            "max_height_m": vehicle.height_m,
        }
    elif row["mode"] == "rail":
        required = {"max_axle_t": vehicle.rail_axle_t, "max_metre_load_t": vehicle.rail_metre_load_t}
    stated = limits(row)
    return {
        name: (stated[name], need)
        for name, need in required.items()
        if need is not None and name in stated and need > stated[name]
    }


def time_h(row: Row, vehicle: Vehicle | None = None) -> float:
    """Return the time of a link: ``time_h``, or length over the lower of its speed and the vehicle's own."""
    if row.get("time_h") is not None:
        return float(row["time_h"])
    speed = float(row["speed_kmh"])
    if row["mode"] == "road" and vehicle is not None and vehicle.road_speed_kmh is not None:
        speed = min(speed, vehicle.road_speed_kmh)
    return float(row["length_km"]) / speed


def capacity(row: Row, vehicle: Vehicle | None = None) -> float:
    """Return vehicles a day and direction; without a vehicle those of the contract's kind ``any``."""
    vehicle = vehicle or Vehicle()
    if row["mode"] == "road":
        return 24.0 * row["capacity_veh_h"]
    if row["mode"] == "rail":
        return float(row["capacity_trains_day"] * vehicle.per_train)
    return float(row["capacity_sailings_day"] * row["ship_lane_m"] / vehicle.lane_m)


def is_open(row: Row, year: int | None) -> bool:
    """Return whether status and opening year let the link be used."""
    if row.get("status", "operational") == "operational":
        return True
    return year is not None and row.get("open_year") is not None and row["open_year"] < year


def together(tables: Tables, link_ids: Iterable[str]) -> frozenset[str]:
    """Return the links that close when these do: themselves and everything on the same structure."""
    wanted = set(link_ids)
    assets = {r["asset_id"] for r in tables.links if r["link_id"] in wanted and r.get("asset_id")}
    return frozenset(wanted | {r["link_id"] for r in tables.links if r.get("asset_id") in assets})


def usable(tables: Tables, ask: Question) -> list[dict[str, Any]]:
    """Return the links on which the question may be answered."""
    country = {r["node_id"]: r.get("country") for r in tables.nodes}
    closed = together(tables, ask.closed)

    def allowed(row: dict[str, Any]) -> bool:
        ends = (row["from_node"], row["to_node"])
        return (
            is_open(row, ask.year)
            and row["mode"] in ask.modes
            and row["link_id"] not in closed
            and row["link_id"] not in ask.avoid
            and not any(end in ask.avoid or country[end] in ask.avoid for end in ends)
            and (ask.countries is None or all(country[end] in ask.countries for end in ends))
            and not blocked_by(row, ask.vehicle)
        )

    return [row for row in tables.links if allowed(row)]


def directed(rows: Iterable[dict[str, Any]]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return ``(tail, head, link)`` for every direction in which a link may be run."""
    arcs = []
    for row in rows:
        arcs.append((row["from_node"], row["to_node"], row))
        if row.get("direction", "both") != "forward":
            arcs.append((row["to_node"], row["from_node"], row))
    return arcs


def changes(tables: Tables) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return the terminals row that allows each direct change ``(node, from, to)``."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in tables.terminals:
        found[row["node_id"], row["from_mode"], row["to_mode"]] = row
        found[row["node_id"], row["to_mode"], row["from_mode"]] = row
    return found


def crossings(tables: Tables) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the borders row met on passing through a node after arriving by a mode."""
    return {(row["node_id"], row["mode"]): row for row in tables.borders}
