"""The drawn lines of the shipped network, held against the tables, the borders and towns; the tool against networkx."""

import csv
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import geopandas
import networkx
import numpy as np
import pytest
import shapely
from pyproj import Geod

ROOT = Path(__file__).parents[1]
GEODATA = ROOT / "geodata"
GEOD = Geod(ellps="WGS84")
FILES = sorted(GEODATA.glob("**/alignments*.geojson"))
BORDER_KM = 3.0

# A line that is longer than 1.3 times the table's length, and why.
LONG: dict[str, str] = {}
# A line that leaves its countries by more than BORDER_KM, over how many kilometres, and why.
ABROAD = {"RD060": (6, "strip of land between lagoon and sea at Pomorie; the coast at 1:10 million has it as water")}
# A line traced although the table has the link as missing.
TRACED = {"RL088": "the line Kyustendil-Gyueshevo exists; what is missing is its end at the border"}


def table(path: str) -> list[dict[str, str]]:
    with (ROOT / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


NODES = {row["node_id"]: row for row in table("corridors/nodes.csv")}
LINKS = {
    row["link_id"]: row
    for path in sorted((ROOT / "corridors/links").glob("*.csv"))
    for row in table(f"corridors/links/{path.name}")
}
REPORT = {row["link_id"]: row for row in table("geodata/alignments.csv")}
LINES = {
    feature["properties"]["link_id"]: (path, feature)
    for path in FILES
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]
}
LAND = {link_id: line for link_id, line in LINES.items() if LINKS[link_id]["mode"] in ("road", "rail")}


def length_km(feature: dict) -> float:
    return GEOD.line_length(*np.array(feature["geometry"]["coordinates"]).T) / 1000


def test_features_are_well_formed_and_no_link_is_drawn_twice():
    count = 0
    for path in FILES:
        collection = json.loads(path.read_text(encoding="utf-8"))
        assert collection["type"] == "FeatureCollection"
        for feature in collection["features"]:
            count += 1
            properties, geometry = feature["properties"], feature["geometry"]
            assert LINKS[properties["link_id"]]["mode"] in ("road", "rail", "sea", "waterway")
            assert properties["method"]
            assert geometry["type"] == "LineString"
            points = np.array(geometry["coordinates"])
            assert len(points) >= 2
            assert np.all(np.any(np.diff(points, axis=0) != 0, axis=1)), properties["link_id"]
            assert np.array_equal(points, points.round(4)), properties["link_id"]
    assert count == len(LINES)


def test_properties_of_land_lines():
    for link_id, (path, feature) in LAND.items():
        properties = feature["properties"]
        assert list(properties) == ["link_id", "method", "source", "drawn_km", "joins", "note"]
        if properties["method"] == "schematic":
            assert path.name == "alignments_schematic.geojson"
            assert properties["source"].startswith("CC BY 4.0, GeoNames")
        else:
            assert path.relative_to(GEODATA).as_posix() == f"odbl/alignments_{LINKS[link_id]['mode']}.geojson"
            assert properties["source"].startswith("ODbL 1.0, (c) OpenStreetMap contributors")
            assert properties["method"] == ("joined" if properties["joins"] else "traced")
        assert properties["drawn_km"] == pytest.approx(length_km(feature), abs=0.06), link_id


def test_every_road_and_rail_link_is_drawn_or_listed_as_without():
    land = {link_id for link_id, row in LINKS.items() if row["mode"] in ("road", "rail")}
    assert set(REPORT) == land
    for link_id, row in REPORT.items():
        drawn = LAND[link_id][1]["properties"]["method"] if link_id in LAND else "none"
        assert row["method"] == drawn, link_id
        assert row["length_km"] == LINKS[link_id]["length_km"], "run tools/alignments.py again"


def test_lines_end_at_their_places():
    for link_id, (_, feature) in LINES.items():
        points = feature["geometry"]["coordinates"]
        for point, key in ((points[0], "from_node"), (points[-1], "to_node")):
            node = NODES[LINKS[link_id][key]]
            assert point == pytest.approx([float(node["lon"]), float(node["lat"])], abs=1.01e-4), link_id


def test_drawn_length_lies_between_the_great_circle_and_a_third_more_than_the_table():
    for link_id, (_, feature) in LINES.items():
        ends = [NODES[LINKS[link_id][key]] for key in ("from_node", "to_node")]
        (lon1, lat1), (lon2, lat2) = [(float(node["lon"]), float(node["lat"])) for node in ends]
        great_circle = GEOD.inv(lon1, lat1, lon2, lat2)[2] / 1000
        drawn = length_km(feature)
        assert drawn >= great_circle - 0.05, link_id
        if link_id not in LONG:
            assert drawn <= 1.3 * float(LINKS[link_id]["length_km"]), link_id
    assert set(LONG) <= set(LINES)


def test_a_line_far_from_the_length_of_the_table_is_explained():
    for link_id, row in REPORT.items():
        if link_id not in LAND:
            assert row["explanation"], link_id
            continue
        ratio = length_km(LAND[link_id][1]) / float(LINKS[link_id]["length_km"])
        assert float(row["ratio"]) == pytest.approx(ratio, abs=1e-3), link_id
        if not 0.9 <= ratio <= 1.1:
            assert len(row["explanation"]) > 20, link_id
            assert row["explanation"] != "not looked at", link_id


def test_lines_stay_in_the_countries_of_their_places():
    frame = geopandas.read_file(GEODATA / "borders_world_atlas_10m.gpkg", layer="countries").to_crs(3035)
    labels = {row["code"]: row for row in table("geodata/country_labels.csv") if row["kind"] == "country"}
    shapes = {}
    for code, row in labels.items():
        found = frame[(frame["id"] == row["iso_n3"]) | (frame["name"] == row["name"].rstrip("*"))]
        if len(found):
            shapes[code] = shapely.buffer(found.geometry.iloc[0], BORDER_KM * 1000)
    lines = geopandas.GeoSeries(
        {link_id: shapely.geometry.shape(feature["geometry"]) for link_id, (_, feature) in LAND.items()}, crs=4326
    ).to_crs(3035)
    for link_id, line in lines.items():
        ends = [NODES[LINKS[link_id][key]] for key in ("from_node", "to_node")]
        codes = {node[key] for node in ends for key in ("country", "country2")} - {""}
        out = shapely.length(shapely.difference(line, shapely.union_all([shapes[code] for code in codes]))) / 1000
        assert out <= (ABROAD[link_id][0] if link_id in ABROAD else 0.05), (link_id, out)
    assert set(ABROAD) <= set(LAND)


def test_what_is_not_built_is_not_traced_on_something_else():
    for link_id, (_, feature) in LAND.items():
        if LINKS[link_id]["status"] in ("planned", "missing") and link_id not in TRACED:
            assert feature["properties"]["method"] == "schematic", link_id


def test_files_are_small_and_the_open_database_has_a_folder_of_its_own():
    for path in GEODATA.glob("**/*"):
        assert path.is_dir() or path.stat().st_size < 2_000_000, path.name
    for path in (GEODATA / "odbl").glob("*.geojson"):
        assert "OpenStreetMap" in json.loads(path.read_text(encoding="utf-8"))["licence"]
    assert "opendatacommons.org/licenses/odbl/1-0" in (GEODATA / "odbl/README.md").read_text(encoding="utf-8")
    for path in set(FILES) - set((GEODATA / "odbl").glob("*.geojson")):
        assert "OpenStreetMap" not in path.read_text(encoding="utf-8"), path.name
    readme = (GEODATA / "README.md").read_text(encoding="utf-8")
    for path in [*FILES, GEODATA / "alignments.csv", GEODATA / "water_natural_earth_10m.gpkg"]:
        assert f"{path.relative_to(GEODATA).as_posix()}`" in readme, path.name


@pytest.mark.parametrize(
    ("river", "places"),
    [
        ("Danube", ["HU_BUDAPEST", "RS_NOVISAD", "RS_BELGRADE", "BG_VIDIN", "BG_RUSE", "RO_BRAILA", "RO_GALATI"]),
        ("Sava", ["HR_SLAVBROD", "RS_BELGRADE"]),
        ("Tisza", ["HU_SZOLNOK"]),
        ("Mureș", ["RO_DEVA", "RO_ARAD"]),
        ("Maritsa", ["BG_PLOVDIV", "BG_SVILENGRAD"]),
        ("Morava", ["RS_LAPOVO", "RS_STALAC"]),
    ],
)
def test_rivers_pass_the_towns_that_stand_on_them(river, places):
    frame = geopandas.read_file(GEODATA / "water_natural_earth_10m.gpkg", layer="rivers").to_crs(3035)
    line = frame.loc[frame["name"] == river, "geometry"].union_all()
    points = geopandas.GeoSeries(
        [shapely.Point(float(NODES[place]["lon"]), float(NODES[place]["lat"])) for place in places], crs=4326
    )
    assert points.to_crs(3035).distance(line).max() < 10_000


def test_lakes_have_the_area_that_is_published():
    # Square kilometres as encyclopaedias have them; the source is drawn for 1:10 million.
    published = {"Lake Balaton": 592, "Lake Skadar": 400, "Lake Ohrid": 358, "Lake Prespa": 259}
    frame = geopandas.read_file(GEODATA / "water_natural_earth_10m.gpkg", layer="lakes").to_crs(3035)
    area = dict(zip(frame["name"], frame.area / 1e6, strict=True))
    for name, square_km in published.items():
        assert area[name] == pytest.approx(square_km, rel=0.25), name


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("alignments_tool", ROOT / "tools/alignments.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["alignments_tool"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def grid(seed: int) -> dict[str, np.ndarray]:
    """Points at random and the edges of their Delaunay triangulation."""
    random = np.random.default_rng(seed)
    lon, lat = random.uniform(20, 21, 60).round(3), random.uniform(42, 43, 60).round(3)
    triangles = shapely.delaunay_triangles(shapely.multipoints(np.column_stack([lon, lat])), only_edges=True)
    index = {(x, y): k for k, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True))}
    pairs = sorted(
        {tuple(sorted(index[tuple(point)] for point in part.coords)) for part in triangles.geoms if part.length < 0.3}
    )
    u, v = np.array(pairs).T
    return {"lon": lon, "lat": lat, "u": u, "v": v, "km": np.zeros(len(u))}


@pytest.mark.parametrize("seed", range(5))
def test_a_trace_between_two_points_of_the_network_is_a_shortest_path(tool, seed):
    arrays = grid(seed)
    graph = tool.densify(arrays)
    oracle = networkx.Graph()
    for u, v in zip(arrays["u"].tolist(), arrays["v"].tolist(), strict=True):
        oracle.add_edge(u, v, km=float(np.hypot(*(graph.xy[u] - graph.xy[v]))))
    nowhere = np.zeros(len(graph.xy), dtype=bool)
    for goal in (7, 23, 41):
        found = tool.trace(graph, graph.xy[0], graph.xy[goal], nowhere, join=False, radii=(0.01, 0.01))
        if not networkx.has_path(oracle, 0, goal):
            assert found is None
            continue
        assert found.km == pytest.approx(networkx.shortest_path_length(oracle, 0, goal, weight="km"), abs=1e-6)
        assert np.hypot(*np.diff(found.points, axis=0).T).sum() == pytest.approx(found.km, abs=1e-6)


def test_a_gap_is_closed_only_when_asked_and_is_named(tool):
    # Two edges on one parallel with 0.01 degrees, 0.83 km, between them.
    arrays = {
        "lon": np.array([20.0, 20.1, 20.11, 20.2]),
        "lat": np.full(4, 42.0),
        "u": np.array([0, 2]),
        "v": np.array([1, 3]),
        "km": np.zeros(2),
    }
    graph = tool.densify(arrays)
    nowhere = np.zeros(len(graph.xy), dtype=bool)
    ends = graph.xy[0], graph.xy[3]
    assert tool.trace(graph, *ends, nowhere, join=False) is None
    joined = tool.trace(graph, *ends, nowhere, join=True)
    [(lon, lat, km)] = joined.joins
    assert (lon, lat) == pytest.approx((20.105, 42.0), abs=1e-3)
    assert km == pytest.approx(GEOD.inv(20.1, 42.0, 20.11, 42.0)[2] / 1000, rel=0.01)


def test_a_line_keeps_out_of_a_country_that_is_not_its_own(tool):
    # Straight on, or round by the north: a fifth longer.
    arrays = {
        "lon": np.array([20.0, 20.5, 20.25]),
        "lat": np.array([42.0, 42.0, 42.12]),
        "u": np.array([0, 0, 2]),
        "v": np.array([1, 2, 1]),
        "km": np.zeros(3),
    }
    graph = tool.densify(arrays)
    at_home = np.zeros(len(graph.xy), dtype=bool)
    lat = np.array(tool.BACK.transform(*(graph.xy.T * 1000)))[1]
    lon = np.array(tool.BACK.transform(*(graph.xy.T * 1000)))[0]
    abroad = (lat < 42.01) & (np.abs(lon - 20.25) < 0.1)
    ends = graph.xy[0], graph.xy[1]
    straight = tool.trace(graph, *ends, at_home, join=False, radii=(0.01, 0.01))
    round_by = tool.trace(graph, *ends, abroad, join=False, radii=(0.01, 0.01))
    assert straight.km == pytest.approx(41.4, rel=0.01)
    assert round_by.km > straight.km * 1.1
