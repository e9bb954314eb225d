"""Draw the sea links along `searoute`'s lanes and the Danube along Natural Earth's river line.

Reads the nodes and links of `corridors/` and writes `alignments_sea.geojson` and `alignments_danube.geojson` into
`geodata/`, one line per link from its first place to its second. Lanes: PyPI `searoute` 1.6.0 (Apache-2.0); the river:
`geodata/water_natural_earth_10m.gpkg` (public domain), which `tools/basemap.py` makes.

    pip install searoute==1.6.0 geopandas networkx
    python tools/sealanes.py            # writes, and prints length, ratios and the share over land of each line
"""

import argparse
import csv
import json
from itertools import pairwise
from math import asin, cos, hypot, radians, sin, sqrt
from pathlib import Path

import geopandas
import networkx
import shapely
from searoute.searoute import setup_M

ROOT = Path(__file__).parents[1]
Point = tuple[float, float]

# The shipped lanes pass the Corinth Canal without naming it as a passage. It is 8 m deep and 21 m wide at the bottom:
# no ship of this network goes through. The lanes also reach the Dardanelles across the Gallipoli peninsula.
CANAL = {(23.020113, 37.909026), (22.947178, 37.960508), (22.828287, 38.02424)}
GALLIPOLI = (26.2, 40.1)
# Lanes over land at the scale of the maps: Cape Malea, Samothrace, Marmara Island, Čiovo.
OVER_LAND = (
    {(22.39158, 36.372798), (23.6, 36.5)},
    {(25.879068, 40.815344), (25.258921, 40.232037)},
    {(27.277634, 40.60495), (28.449481, 40.805825)},
    {(16.022885, 43.469128), (16.416064, 43.488501)},
)

ENTRANCE = (26.143615, 39.992927)
BOSPORUS = (29.132431, 41.242447)
# Lanes that are missing or wide of the mark, each a chain of vertices: (lon, lat).
LANES: tuple[tuple[Point, ...], ...] = (
    # Dardanelles: Kumkale, Kepez, Çanakkale, Nara, Lapseki, Gelibolu
    (ENTRANCE, (26.2, 40.03), (26.3, 40.07), (26.37, 40.115), (26.395, 40.152), (26.382, 40.19), (26.43, 40.222),
     (26.55, 40.305), (26.68, 40.385), (26.768188, 40.440676)),
    # to the Dardanelles from the south, from the west between Imbros and Tenedos, from Alexandroupoli east of Imbros
    (ENTRANCE, (25.766724, 39.666724)),
    (ENTRANCE, (25.9, 40.04), (25.636365, 40.074552)),
    (ENTRANCE, (26.1, 40.06), (26.12, 40.22), (26.02, 40.42), (25.879068, 40.815344)),
    # western Black Sea: Bosporus to Varna and Constanța; along the coast by Emine, Kaliakra and Shabla
    (BOSPORUS, (27.99, 43.14), (27.953339, 43.194164)),
    (BOSPORUS, (28.74, 44.03), (28.67, 44.12), (28.692169, 44.16743)),
    ((27.512512, 42.485264), (27.75, 42.48), (27.97, 42.66), (27.99, 43.14), (28.5, 43.3), (28.69, 43.54),
     (28.74, 44.03)),
    ((27.97, 42.66), (28.5, 43.3)),
    # to the mouth of the Danube at Sulina
    ((28.67, 44.12), (28.78, 44.15), (29.68, 44.8), (29.82, 45.0), (29.82, 45.15)),
    # between Elafonisos and Kythira; north of Samothrace and of Marmara Island; the north channel of Corfu
    ((22.39158, 36.372798), (22.75, 36.4), (22.96, 36.425), (23.2, 36.4), (23.6, 36.5)),
    ((25.879068, 40.815344), (25.4, 40.62), (25.2, 40.42), (25.258921, 40.232037)),
    ((27.277634, 40.60495), (27.55, 40.73), (28.449481, 40.805825)),
    ((18.9, 40.1), (19.6, 39.88), (19.9547, 39.8141), (19.96, 39.74), (19.965, 39.69), (20.04, 39.6),
     (20.18282, 39.511517)),
    # Ancona to the open sea and eastward; Bari to the north, west of Lastovo
    ((13.932002, 43.675674), (13.6, 43.655), (13.52, 43.64), (13.673727, 43.701832)),
    ((16.8291, 41.1676), (16.611248, 42.763618), (16.56, 42.99), (16.839582, 43.02806)),
    # Gulf of Trieste; to Split by the channel south of Čiovo; to Ploče north of Pelješac
    ((13.581289, 45.629054), (13.72, 45.635), (13.7, 45.6), (13.72327, 45.553476)),
    ((16.022885, 43.469128), (16.12, 43.475), (16.25, 43.46), (16.39, 43.475), (16.4, 43.5), (16.44, 43.522)),
    ((16.418491, 43.342174), (16.39, 43.475)),
    ((16.839582, 43.02806), (17.0, 43.08), (17.25, 43.06), (17.4, 43.035)),
)  # fmt: skip
SULINA = (29.82, 45.15)
RIVERS = ("Danube", "Chilia", "Sulina")
# The Danube-Black Sea Canal, which the river line lacks: Cernavodă, Medgidia, Basarabi, Agigea, Constanța South.
CANAL_LINE: tuple[Point, ...] = (
    (28.03, 44.345), (28.1, 44.3), (28.27, 44.245), (28.41, 44.175), (28.56, 44.1), (28.64, 44.095),
)  # fmt: skip
METHOD = {"sea": ("lane", "searoute 1.6.0"), "waterway": ("river", "Natural Earth 3.0.0, 10m rivers")}


def km(one: Point, two: Point) -> float:
    """Great circle, mean Earth radius."""
    (o1, a1), (o2, a2) = ((radians(x) for x in p) for p in (one, two))
    h = sin((a2 - a1) / 2) ** 2 + cos(a1) * cos(a2) * sin((o2 - o1) / 2) ** 2
    return 2 * 6371.0088 * asin(sqrt(h))


def length(line: list[Point]) -> float:
    return sum(km(a, b) for a, b in pairwise(line))


def table(name: str) -> list[dict[str, str]]:
    with (ROOT / "corridors" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lanes() -> networkx.Graph:
    """Return searoute's lanes of the region without the canal, with the missing ones."""
    marnet = setup_M()
    graph = networkx.Graph()
    for a, b in marnet.edges():
        inside = all(8 < x < 34 and 33 < y < 48 for x, y in (a, b))
        if inside and not {a, b} <= CANAL and {a, b} not in OVER_LAND and GALLIPOLI not in (a, b):
            graph.add_edge(tuple(a), tuple(b), km=km(a, b))
    for chain in LANES:
        for a, b in pairwise(chain):
            graph.add_edge(a, b, km=km(a, b))
    return graph


def river() -> networkx.Graph:
    """Return the Danube down to the sea, and the canal, as a graph of its vertices."""
    frame = geopandas.read_file(ROOT / "geodata/water_natural_earth_10m.gpkg", layer="rivers")
    graph = networkx.Graph()
    for line in shapely.get_parts(frame[frame["name"].isin(RIVERS)].geometry.values):
        for a, b in pairwise((round(x, 4), round(y, 4)) for x, y in line.coords):
            graph.add_edge(a, b, km=km(a, b))
    # Pieces of the line end near each other, not on each other: close gaps of up to 15 km.
    while True:
        parts = sorted(networkx.connected_components(graph), key=len)
        gaps = [
            (km(a, b), a, b)
            for i, one in enumerate(parts)
            for two in parts[i + 1 :]
            for a in one
            for b in two
            if hypot(a[0] - b[0], a[1] - b[1]) < 0.2
        ]
        if not gaps:
            break
        gap, a, b = min(gaps)
        print(f"river: gap of {gap:.1f} km closed at {a[1]:.3f} N {a[0]:.3f} E")
        graph.add_edge(a, b, km=gap)
    near = nearest(graph, CANAL_LINE[0])
    for a, b in pairwise((near, *CANAL_LINE)):
        graph.add_edge(a, b, km=km(a, b))
    return graph


def nearest(graph: networkx.Graph, place: Point) -> Point:
    return min(graph, key=lambda p: (km(p, place), p))


def tie(graph: networkx.Graph, place: Point) -> None:
    """Put a vertex on the line where it passes a place."""
    edges = list(graph.edges())
    lines = shapely.linestrings([[a, b] for a, b in edges])
    row = int(shapely.distance(lines, shapely.Point(place)).argmin())
    at = shapely.line_interpolate_point(lines[row], shapely.line_locate_point(lines[row], shapely.Point(place)))
    for end in edges[row]:
        if (at.x, at.y) != end:
            graph.add_edge((at.x, at.y), end, km=km((at.x, at.y), end))


def along(graph: networkx.Graph, start: Point, end: Point) -> list[Point]:
    path = networkx.shortest_path(graph, nearest(graph, start), nearest(graph, end), weight="km")
    return [start, *path, end]


def tidy(line: list[Point]) -> list[list[float]]:
    """Round to four decimals and drop points that repeat."""
    points = [(round(x, 4), round(y, 4)) for x, y in line]
    return [list(p) for i, p in enumerate(points) if i == 0 or p != points[i - 1]]


def collection(features: list[dict[str, object]]) -> str:
    body = ",\n".join(json.dumps(f, ensure_ascii=False) for f in features)
    return '{"type": "FeatureCollection", "features": [\n' + body + "\n]}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "geodata")
    out = parser.parse_args().out
    places = {r["node_id"]: (float(r["lon"]), float(r["lat"])) for r in table("nodes.csv")}
    land = geopandas.read_file(ROOT / "geodata/borders_world_atlas_10m.gpkg", layer="countries").union_all()
    sea, water = lanes(), river()
    for row in table("links/waterway.csv"):
        tie(water, places[row["from_node"]])
    for name, file in (("sea", "alignments_sea.geojson"), ("waterway", "alignments_danube.geojson")):
        features = []
        for row in table(f"links/{name}.csv"):
            start, end = places[row["from_node"]], places[row["to_node"]]
            if name == "waterway":
                line = along(water, start, end)
            elif "RO_GALATI" in (row["from_node"], row["to_node"]):
                tie(water, places["RO_GALATI"])
                galati, port = (start, end) if row["from_node"] == "RO_GALATI" else (end, start)
                line = along(sea, port, SULINA)[:-1] + along(water, SULINA, galati)
                line = line if row["to_node"] == "RO_GALATI" else line[::-1]
            else:
                line = along(sea, start, end)
            method, source = METHOD[name]
            if name == "waterway" and "RO_CONSTANTA" in (row["from_node"], row["to_node"]):
                method, source = "schematic", "points of the canal from public maps"
            drawn = tidy(line)
            features.append(
                {
                    "type": "Feature",
                    "properties": {"link_id": row["link_id"], "method": method, "source": source},
                    "geometry": {"type": "LineString", "coordinates": drawn},
                }
            )
            stated = float(row["length_km"] or "nan")
            dry = shapely.LineString(drawn).intersection(land)
            share = dry.length / shapely.LineString(drawn).length
            print(
                f"{row['link_id']} {row['from_node']}-{row['to_node']}: drawn {length(line):.0f} km, "
                f"{length(line) / stated:.2f} of the table's {stated:.0f}, great circle {km(start, end):.0f}, "
                f"over land {share:.1%}"
            )
        (out / file).write_text(collection(features), encoding="utf-8")


if __name__ == "__main__":
    main()
