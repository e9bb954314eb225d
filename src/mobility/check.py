"""Checks of a network beyond what loading needs: topology and plausibility, all findings at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mobility import schema
from mobility.errors import Finding, InputError, did_you_mean
from mobility.network import Network, integrity, read_folder, shipped
from mobility.schema import LINE_CATEGORY, MAX_FINDINGS, Table
from mobility.vehicle import vehicles

EARTH_KM = 6371.0088

SHORTER = 0.98
"""A length below this part of the great circle cannot be; coordinates are rounded, hence not 1."""

LONGER = 2.5
"""A length above this multiple of the great circle asks for a look; looped mountain railways reach 2.3."""

UNITS: dict[str, list[tuple[float, str]]] = {
    "length_km": [(1e-3, "metres")], "speed_kmh": [(3.6, "metres a second"), (1.609, "miles an hour")],
    "max_speed_kmh": [(3.6, "metres a second")], "time_h": [(1 / 60, "minutes"), (1 / 3600, "seconds")],
    "transfer_h": [(1 / 60, "minutes")], "wait_h": [(1 / 60, "minutes")], "wait_h_p90": [(1 / 60, "minutes")],
    "max_axle_t": [(1e-3, "kilograms"), (0.102, "kilonewtons")], "max_mass_t": [(1e-3, "kilograms")],
    "max_metre_load_t": [(1e-3, "kilograms"), (0.102, "kilonewtons")],
    "max_height_m": [(0.01, "centimetres"), (1e-3, "millimetres"), (0.3048, "feet")],
    "max_width_m": [(0.01, "centimetres"), (1e-3, "millimetres"), (0.3048, "feet")],
    "max_length_m": [(0.01, "centimetres")], "gauge_mm": [(1000.0, "metres"), (10.0, "centimetres")],
    "max_train_length_m": [(1000.0, "kilometres")], "max_gradient_permille": [(10.0, "per cent")],
    "capacity_veh_h": [(1 / 24, "vehicles a day")], "capacity_trains_day": [(24.0, "trains an hour")],
}  # fmt: skip
"""By column, what a value may have been written in: multiplied by the factor it would be plausible."""


@dataclass(frozen=True)
class CheckResult:
    """Findings of a check, errors first.

    Attributes
    ----------
    findings : tuple of Finding
    network : Network or None
        None when errors stop it from being used.
    """

    findings: tuple[Finding, ...]
    network: Network | None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that stop a command."""
        return tuple(f for f in self.findings if f.level == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that do not."""
        return tuple(f for f in self.findings if f.level == "warning")

    def to_frame(self) -> pd.DataFrame:
        """Return one row per finding."""
        return pd.DataFrame([f.to_dict() for f in self.findings], columns=list(Finding.__dataclass_fields__))

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {"findings": [f.to_dict() for f in self.findings]}

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html())


def check(network: Network | str | Path | None = None) -> CheckResult:
    """Check a network or a folder of tables and return every finding.

    Parameters
    ----------
    network : Network, str, Path or None
        None checks the shipped corridors.

    Returns
    -------
    CheckResult

    Examples
    --------
    >>> check().errors
    ()
    """
    if isinstance(network, Network):
        net, findings = network, list(network.notes)
    else:
        folder = Path(network) if network is not None else shipped()
        tables, findings = read_folder(folder)
        findings = findings + integrity(tables)
        if any(f.level == "error" for f in findings):
            return CheckResult(_ordered(findings), None)
        net = Network(tables, folder, None, tuple(findings))
    try:
        vehicles(net)
    except InputError as error:
        findings = findings + error.findings
    if "upgrades" in net.tables:
        from mobility.selection import projects  # the rooms to its right are only needed here

        try:
            projects(net)
        except InputError as error:
            findings = findings + error.findings
    for test in _CHECKS:
        findings += _limited(test(net), net)
    sound = not any(f.level == "error" for f in findings)
    return CheckResult(_ordered(findings), net if sound else None)


def _ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: (f.level != "error", f.table, f.row or 0)))


Hit = tuple[str, int | None, str | None, Any, str]
"""Table, row of the table, column, value, message."""


def _limited(hits: Iterable[Hit], net: Network) -> list[Finding]:
    """Turn hits of one check into findings; of each table and column the first are listed, the rest counted."""
    out: list[Finding] = []
    count: dict[tuple[str, str | None], int] = {}
    for table, row, column, value, message in hits:
        key = (table, column)
        count[key] = count.get(key, 0) + 1
        if count[key] <= MAX_FINDINGS:
            file, line = _where(net, table, row)
            shown = (
                None if value is None or value != value else f"{value:g}" if isinstance(value, float) else str(value)
            )
            out.append(Finding("warning", file, line, column, shown, message))
    for (table, column), n in count.items():
        if n > MAX_FINDINGS:
            out.append(
                Finding("warning", _where(net, table, None)[0], None, column, None, f"and {n - MAX_FINDINGS} more")
            )
    return out


def _where(net: Network, table: str, row: int | None) -> tuple[str, int | None]:
    known = net.tables.get(table, Table(pd.DataFrame()))
    if row is None or not known.line:
        return f"{table}.csv" if net.folder is not None else table, None
    return known.where(row)


# ---- the checks, each a generator of hits


def _plausible(net: Network) -> Iterator[Hit]:
    for name in net.tables:
        frame = net.table(name)
        for column in schema.columns(name).values():
            if column.type != "number" or column.column in ("lat", "lon"):
                continue
            values = frame[column.column].to_numpy(float)
            with np.errstate(invalid="ignore"):
                odd = np.flatnonzero((values < column.low) | (values > column.high))
            for i in odd.tolist():
                value = float(values[i])
                span = f"{column.low:g} to {column.high:g} {column.unit}".rstrip()
                hint = "".join(
                    f"; is it in {unit}?"
                    for factor, unit in UNITS.get(column.column, [])
                    if column.low <= value * factor <= column.high
                )
                yield name, int(i), column.column, value, f"outside the plausible {span}{hint}"


def _coordinates(net: Network) -> Iterator[Hit]:
    nodes = net.table("nodes")
    lat, lon = nodes["lat"].to_numpy(float), nodes["lon"].to_numpy(float)
    known = schema.columns("nodes")
    a, o = known["lat"], known["lon"]
    inside = (a.low <= lat) & (lat <= a.high) & (o.low <= lon) & (lon <= o.high)
    turned = (a.low <= lon) & (lon <= a.high) & (o.low <= lat) & (lat <= o.high)
    here = inside.sum() * 2 >= len(nodes)  # a network of another region is none the worse for it
    for i in np.flatnonzero(~inside).tolist():
        if turned[i]:
            yield "nodes", i, "lat", float(lat[i]), f"latitude and longitude look swapped (lon {lon[i]:g})"
        elif here:
            yield "nodes", i, "lat", float(lat[i]), f"lies outside south-east Europe (lon {lon[i]:g})"
    if len(nodes) > 4:
        middle = np.median(lat), np.median(lon)
        far = np.flatnonzero((np.abs(lat - middle[0]) > 25) | (np.abs(lon - middle[1]) > 40))
        for i in far.tolist():
            yield "nodes", i, "lon", float(lon[i]), "lies far from all other places"


def _crossings(net: Network) -> Iterator[Hit]:
    nodes, links = net.table("nodes"), net.table("links")
    of = {
        n: {c for c in (a, b) if c}
        for n, a, b in zip(nodes["node_id"], nodes["country"], nodes["country2"], strict=True)
    }
    waits = set(net.table("borders")["node_id"].tolist())
    state = pd.factorize(nodes["country"].replace("", None).to_numpy(object))[0]  # -1 where none is stated
    start, end = net.link_ends
    between = links["mode"].isin(("road", "rail")).to_numpy() & ((state[start] != state[end]) | (state[start] < 0))
    for i in np.flatnonzero(between).tolist():
        a, b = links["from_node"].iat[i], links["to_node"].iat[i]
        if of[a] and of[b] and not of[a] & of[b]:
            pair = f"{'/'.join(sorted(of[a]))}-{'/'.join(sorted(of[b]))}"
            yield "links", i, "to_node", b, f"crosses a border ({pair}) without a border crossing between"
    kind = nodes["kind"].tolist()
    for i, (n, c2) in enumerate(zip(nodes["node_id"].tolist(), nodes["country2"].tolist(), strict=True)):
        if kind[i] == "border_crossing" and not c2:
            yield "nodes", i, "country2", None, "a border crossing needs its second state"
        if kind[i] == "border_crossing" and waits and n not in waits:
            yield "nodes", i, "node_id", n, "a border crossing without a row in borders.csv; no wait is counted"


def _countries(net: Network) -> Iterator[Hit]:
    if "countries" not in net.tables:
        return
    listed = set(net.table("countries")["country"].tolist())
    nodes = net.table("nodes")
    for column in ("country", "country2"):
        for i, c in enumerate(nodes[column].tolist()):
            if c and c not in listed:
                yield "nodes", i, column, c, f"is not in countries.csv{did_you_mean(c, listed)}"
    table = net.table("permissions")
    for i, c in enumerate(table["country"].tolist()):
        if c not in listed:
            yield "permissions", i, "country", c, "is not in countries.csv"


def great_circle_km(lat1: Any, lon1: Any, lat2: Any, lon2: Any) -> Any:
    """Return great-circle distances in km (haversine, mean Earth radius 6371.0088 km).

    >>> round(float(great_circle_km(0.0, 0.0, 0.0, 90.0)), 1)
    10007.6
    """
    a1, o1, a2, o2 = (np.radians(np.asarray(x, float)) for x in (lat1, lon1, lat2, lon2))
    h = np.sin((a2 - a1) / 2) ** 2 + np.cos(a1) * np.cos(a2) * np.sin((o2 - o1) / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(h, 0.0, 1.0)))


def _lengths(net: Network) -> Iterator[Hit]:
    nodes, links = net.table("nodes"), net.table("links")
    a, b = net.link_ends
    lat, lon = nodes["lat"].to_numpy(float), nodes["lon"].to_numpy(float)
    direct = great_circle_km(lat[a], lon[a], lat[b], lon[b])
    length = links["length_km"].to_numpy(float)
    hours = links["time_h"].to_numpy(float)
    mode = links["mode"].tolist()
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        speed = length / hours
        odd = (a == b) | (length < SHORTER * direct - 0.5) | ((direct > 5) & (length > LONGER * direct))
        odd |= (length > 0) & ((hours == 0) | ((hours > 0) & ~((speed >= 2) & (speed <= 250))))
    for i in np.flatnonzero(odd).tolist():
        if a[i] == b[i]:
            yield "links", i, "to_node", links["to_node"].iat[i], "the link ends where it starts; no route uses it"
            continue
        if length[i] < SHORTER * direct[i] - 0.5:
            yield "links", i, "length_km", float(length[i]), f"shorter than the great circle, {direct[i]:.1f} km"
        elif mode[i] != "sea" and direct[i] > 5 and length[i] > LONGER * direct[i]:  # ships sail round peninsulas
            yield (
                "links",
                i,
                "length_km",
                float(length[i]),
                f"{length[i] / direct[i]:.1f} times the great circle, {direct[i]:.1f} km",
            )
        if hours[i] > 0 and length[i] > 0 and not 2 <= length[i] / hours[i] <= 250:
            yield (
                "links",
                i,
                "time_h",
                float(hours[i]),
                f"implies {length[i] / hours[i]:.3g} km/h over {length[i]:g} km",
            )
        elif hours[i] == 0 and length[i] > 0:
            yield "links", i, "time_h", 0.0, f"no time for {length[i]:g} km"


def _parts(net: Network) -> Iterator[Hit]:
    nodes, links = net.table("nodes"), net.table("links")
    size = len(nodes)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(links)), net.link_ends), shape=(size, size))
    count, label = connected_components(graph, directed=False)
    if count == 1:
        return
    sizes = np.bincount(label)
    ids = nodes["node_id"].to_numpy(object)
    order = np.argsort(label, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    for part in np.argsort(-sizes, kind="stable")[1:]:
        inside = order[starts[part] : starts[part + 1]]
        if len(inside) == 1:
            yield "nodes", int(inside[0]), "node_id", ids[inside[0]], "no link touches this place"
        else:
            names = ", ".join(str(n) for n in ids[inside[:6]])
            more = f" and {len(inside) - 6} more" if len(inside) > 6 else ""
            yield (
                "nodes",
                int(inside[0]),
                "node_id",
                ids[inside[0]],
                f"isolated part of {len(inside)} places: {names}{more}",
            )


def _corridors(net: Network) -> Iterator[Hit]:
    table, links = net.table("corridors"), net.table("links")
    tags = [set(schema.split(c)) for c in links["corridors"].tolist()]
    start, end = links["from_node"].tolist(), links["to_node"].tolist()
    for i, (name, parent, mode, alignment) in enumerate(
        zip(table["corridor_id"], table["parent"], table["mode"], table["alignment"], strict=True)
    ):
        ids = schema.split(alignment)
        missing = [x for x in ids if x not in net.link_index]
        for x in missing:
            yield "corridors", i, "alignment", x, f"is no link{did_you_mean(x, net.link_index)}"
        rows = [net.link_index[x] for x in ids if x not in missing]
        for r in rows:
            if not tags[r] & {name, parent, name.partition("-")[0]}:
                yield (
                    "corridors",
                    i,
                    "alignment",
                    links["link_id"].iat[r],
                    f"does not carry {name} in its corridors column",
                )
            if mode and links["mode"].iat[r] != mode:
                yield "corridors", i, "alignment", links["link_id"].iat[r], f"is not a {mode} link"
        for one, two in pairwise(rows):
            if not {start[one], end[one]} & {start[two], end[two]}:
                gap = f"{links['link_id'].iat[one]} and {links['link_id'].iat[two]}"
                yield "corridors", i, "alignment", gap, f"corridor {name} does not connect: the links do not touch"


def _sources(net: Network) -> Iterator[Hit]:
    if "sources" not in net.tables:
        return
    known = set(net.table("sources")["source_id"].tolist())
    for name in net.tables:
        frame = net.table(name)
        if name == "sources" or "source" not in frame.columns:
            continue
        texts = frame["source"].tolist()
        cited = {t: [item.partition(":")[0].strip() for item in schema.split(t)] for t in set(texts)}
        lost = {t: [key for key in keys if key and key not in known] for t, keys in cited.items()}
        for i, text in enumerate(texts) if any(lost.values()) else ():
            for key in lost[text]:
                yield name, i, "source", key, f"is not in sources.csv{did_you_mean(key, known)}"


def _estimates(net: Network) -> Iterator[Hit]:
    for name in net.tables:
        frame, known = net.table(name), schema.columns(name)
        if "estimated" not in frame.columns:
            continue
        texts = frame["estimated"].tolist()
        wrong = {t: [word for word in schema.split(t) if word not in known] for t in set(texts)}
        for i, text in enumerate(texts) if any(wrong.values()) else ():
            for word in wrong[text]:
                yield name, i, "estimated", word, f"is no column of {name}{did_you_mean(word, known)}"
    links = net.table("links")
    ranges = links["ranges"].tolist()
    for i, text in enumerate(ranges) if any(ranges) else ():
        for column, (low, high) in schema.parse_ranges(text).items() if text else ():
            value = float(links[column].iat[i])
            if value == value and not low <= value <= high:
                yield "links", i, "ranges", text, f"{column} is {value:g}, outside its own range {low:g}:{high:g}"


def _consistent(net: Network) -> Iterator[Hit]:
    links = net.table("links")
    other = {
        "road": ("capacity_trains_day", "capacity_sailings_day"), "rail": ("capacity_veh_h", "capacity_sailings_day"),
        "sea": ("capacity_veh_h", "capacity_trains_day"), "waterway": ("capacity_veh_h", "capacity_trains_day"),
    }  # fmt: skip
    modes = links["mode"].tolist()
    for column in ("capacity_veh_h", "capacity_trains_day", "capacity_sailings_day"):
        values = links[column].to_numpy(float)
        for i in np.flatnonzero(~np.isnan(values)).tolist():
            if column in other[modes[i]]:
                yield "links", i, column, float(values[i]), f"is not read on a {modes[i]} link"
    axles, categories = links["max_axle_t"].to_numpy(float), links["line_category"].tolist()
    for i in np.flatnonzero(~np.isnan(axles)).tolist() if any(categories) else ():
        category, axle = categories[i], float(axles[i])
        if category and abs(LINE_CATEGORY[category][0] - axle) > 1.01:
            yield "links", i, "max_axle_t", axle, f"does not go with line category {category}; max_axle_t is used"
    row = {
        m: set(links.loc[links["mode"] == m, ["from_node", "to_node"]].to_numpy(object).ravel().tolist())
        for m in dict.fromkeys(net.table("borders")["mode"].tolist())
    }
    for table, columns in (("terminals", ("from_mode", "to_mode")), ("borders", ("mode",))):
        frame = net.table(table)
        if table == "terminals":
            for i in np.flatnonzero((frame["from_mode"] == frame["to_mode"]).to_numpy()).tolist():
                yield table, i, "to_mode", frame["to_mode"].iat[i], "a terminal joins two different modes"
        if table == "borders":
            for column in columns:
                for i, (node, mode) in enumerate(zip(frame["node_id"], frame[column], strict=True)):
                    if node not in row[mode]:
                        yield table, i, column, mode, f"no {mode} link touches {node}; the row is not used"


_CHECKS: tuple[Callable[[Network], Iterator[Hit]], ...] = (
    _plausible, _coordinates, _crossings, _countries, _lengths, _parts, _corridors, _sources, _estimates, _consistent,
)  # fmt: skip
