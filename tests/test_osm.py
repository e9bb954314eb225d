"""Networks made of OpenStreetMap: a town with its tables written by hand, and what holds for any extract."""

from __future__ import annotations

import bz2
import gzip
import http.server
import json
import math
import re
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mobility as mb
from mobility.check import check
from mobility.cli import main
from mobility.osm import TAGS, build, import_osm
from mobility.osmfile import Extract, Way
from mobility.osmtags import LIMITS
from mobility.vehicle import Vehicle
from mobility.view import data_line

CASES = Path(__file__).parent / "cases" / "osm"
TOWN = CASES / "border_town.osm"


@pytest.fixture(scope="module")
def town() -> mb.Import:
    return import_osm(TOWN)


def expected(name: str) -> pd.DataFrame:
    return pd.read_csv(CASES / f"border_town_{name}.csv", keep_default_na=True)


def same(made: pd.DataFrame, wanted: pd.DataFrame) -> None:
    assert len(made) == len(wanted)
    for column in wanted.columns:
        if pd.api.types.is_numeric_dtype(wanted[column]):
            got = made[column].to_numpy(float)
            np.testing.assert_allclose(got, wanted[column].to_numpy(float), atol=1.01e-4, err_msg=column)
        else:
            got = made[column].astype(object).fillna("").astype(str).tolist()
            assert got == wanted[column].fillna("").astype(str).tolist(), column


@pytest.mark.parametrize("table", ["links", "nodes", "parts"])
def test_the_town_gives_the_tables_written_by_hand(town: mb.Import, table: str) -> None:
    same(getattr(town, table), expected(table))


def test_the_yard_is_there_when_all_tracks_are_asked_for() -> None:
    rail = import_osm(TOWN, roads="none", rail="all").to_frame()
    wanted = {"W201": ("N70", "N71", 1.112), "W201-2": ("N71", "N72", 0.556), "W201-3": ("N72", "N73", 3.8918),
              "W211": ("N71", "N72", 0.58), "W212": ("N71", "N72", 0.6469), "W221": ("N73", "N76", 1.112),
              "W222": ("N76", "N77", 1.112)}  # fmt: skip
    found = {i: (r.from_node, r.to_node, round(r.length_km, 4)) for i, r in rail.iterrows()}
    assert found == wanted
    assert rail["max_axle_t"].dropna().to_dict() == {"W201-3": 20}


def test_a_level_crossing_is_no_place_and_changes_no_mode(town: mb.Import) -> None:
    assert "N50" not in town.nodes["node_id"].tolist()
    assert mb.routes(town.network, "N1", "N73").status == "no_route"


def test_the_folder_passes_the_check_and_answers(tmp_path: Path, town: mb.Import) -> None:
    folder = town.save(tmp_path / "town")
    result = check(folder)
    assert not result.errors
    net = mb.load(folder)
    assert mb.routes(net, "N1", "N9").routes[0].length_km == pytest.approx(1.6527 + 3.3054 + 1.6527, abs=1e-3)
    assert set(net.alignments) == set(town.links["link_id"])
    facts = json.loads((folder / "osm.json").read_text())
    assert (facts["date"], facts["licence"], facts["counts"]["ways"]) == ("2026-03-01", "ODbL-1.0", 22)
    assert "OpenStreetMap contributors" in (folder / "ATTRIBUTION.txt").read_text()
    assert net.table("sources")["date"].tolist() == ["2026-03-01"]
    with pytest.raises(mb.InputError, match="exists"):
        town.save(folder)
    town.save(folder, overwrite=True)


def test_pictures_of_it_name_whose_data_they_show(town: mb.Import) -> None:
    assert "© OpenStreetMap contributors (ODbL 1.0)" in data_line(town.network)
    assert "OpenStreetMap" not in data_line(mb.load())


def test_a_folder_of_another_kind_is_not_replaced(tmp_path: Path, town: mb.Import) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "nodes.csv").write_text("precious")
    with pytest.raises(mb.InputError, match=r"holds no osm\.json"):
        town.save(tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / "nodes.csv").read_text() == "precious"


FLIPS = [
    ("maxweight", "12", {"mass_t": 13.0}, {"mass_t": 11.0}),
    ("maxweightrating", "12 t", {"mass_t": 13.0}, {"mass_t": 11.0}),
    ("maxweight:hgv", "26455.5 lbs", {"mass_t": 13.0}, {"mass_t": 11.0}),
    ("maxweight:forward", "12", {"mass_t": 13.0}, {"mass_t": 11.0}),
    ("maxweight:conditional", "12 @ (hgv)", {"mass_t": 13.0}, {"mass_t": 11.0}),
    ("hgv", "no", {"mass_t": 13.0}, {"mass_t": 3.0}),
    ("maxaxleload", "8", {"axle_t": 9.0}, {"axle_t": 7.5}),
    ("maxheight", "12'6\"", {"height_m": 3.9}, {"height_m": 3.8}),
    ("maxheight:physical", "380 cm", {"height_m": 3.9}, {"height_m": 3.7}),
    ("maxwidth", "2.8", {"width_m": 2.9}, {"width_m": 2.7}),
    ("maxlength", "16", {"length_m": 17.0}, {"length_m": 15.0}),
]


@pytest.mark.parametrize(("key", "value", "stopped", "passing"), FLIPS, ids=[f[0] for f in FLIPS])
def test_each_limit_alone_flips_the_route_of_the_vehicle_it_stops(
    key: str, value: str, stopped: dict[str, float], passing: dict[str, float]
) -> None:
    """On the short way of two; the rest of the town has no limit."""
    refs = {1: [1, 2], 2: [2, 3], 3: [3, 4], 4: [1, 5, 4]}
    nodes = {1: (0, 0), 2: (0, 0.01), 3: (0, 0.02), 4: (0, 0.03), 5: (0.02, 0.015)}
    tags = {i: {"highway": "primary"} for i in refs}
    tags[2][key] = value
    ways = [Way(9, [9, 1], {"highway": "primary"}), Way(8, [4, 8], {"highway": "primary"})]
    nodes |= {9: (0, -0.01), 8: (0, 0.04)}
    net = build(extract(nodes, [*(Way(i, r, tags[i]) for i, r in refs.items()), *ways])).network
    for form, way in ((stopped, "W4"), (passing, "W1")):
        found = mb.routes(net, "N9", "N8", vehicle=Vehicle("one", modes=("road",), **form), unknown="allow")
        assert [x.rstrip("f") for x in found.routes[0].links] == ["W9", way, "W8"], form
    back = mb.routes(net, "N8", "N9", vehicle=Vehicle("one", modes=("road",), **stopped), unknown="allow")
    assert back.routes[0].links[1].startswith("W1" if key.endswith(":forward") else "W4")


def test_in_the_town_each_vehicle_takes_the_way_that_is_left(town: mb.Import) -> None:
    def way(**form: float) -> str:
        one = Vehicle("one", modes=("road",), **form)
        found = mb.routes(town.network, "N1", "N9", vehicle=one, unknown="allow").routes
        return found[0].links[1] if found else ""

    assert way(mass_t=10, height_m=3, width_m=2.5) == "W101"
    assert way(mass_t=13, height_m=3, width_m=2.5) == "W111"  # the bridge stops it
    assert way(mass_t=13, height_m=4, width_m=2.5) == "W131"  # and the tunnel; one way there is shorter than the street
    assert way(mass_t=13, height_m=4, axle_t=9) == "W121"  # and the axle limit
    assert way(mass_t=13, height_m=4, axle_t=9, width_m=3) == ""  # and the narrow street
    one = Vehicle("one", modes=("road",), mass_t=13, height_m=4, axle_t=9, width_m=3)
    back = mb.routes(town.network, "N9", "N1", vehicle=one, unknown="allow").routes[0]
    assert back.links == ("W120b", "W132", "W100")  # the other way the pair has no limit
    heavier = Vehicle("one", modes=("road",), mass_t=21)
    assert mb.routes(town.network, "N9", "N1", vehicle=heavier, unknown="allow").status == "no_route"


def extract(
    nodes: dict[int, tuple[float, float]], ways: list[Way], tags: dict[int, dict[str, str]] | None = None
) -> Extract:
    ids = sorted(nodes)
    return Extract(
        "made up", ways=ways, node=np.array(ids, np.int64), lat=np.array([nodes[i][0] for i in ids], float),
        lon=np.array([nodes[i][1] for i in ids], float), tags=tags or {},
    )  # fmt: skip


def test_a_terminal_that_is_asked_for_joins_road_and_rail(tmp_path: Path) -> None:
    """0.0035 degrees west of the corner of two streets and 0.0065 east of a level crossing, where the track is cut."""
    made = import_osm(TOWN, terminals={"Granica yard": (42.0, 20.0165)}, out=tmp_path / "t")
    net = mb.load(tmp_path / "t")
    assert not check(net).errors
    found = mb.routes(net, "N1", "N73").routes[0]
    assert found.links == ("W100", "T1-road", "T1-rail", "W202")
    assert found.time_h > 4
    assert found.length_km == pytest.approx(1.6527 + 0.01 * 82.6343 + 2.2239, abs=2e-3)
    assert made.to_frame().loc["W202", "max_axle_t"] == 20
    assert mb.routes(made.network, "Granica yard", "N9").status == "ok"
    crossing = import_osm(TOWN, terminals={"Crossing": (42.0, 20.0112)})
    assert mb.routes(crossing.network, "N1", "N73").routes[0].links == ("W100", "W202")
    assert crossing.terminals["node_id"].tolist() == ["N50"]
    with pytest.raises(mb.InputError, match="no track within 1 km; the nearest is") as error:
        import_osm(TOWN, terminals={"Far": (42.0, 20.05), "Farther": (43.0, 20.0)})
    assert len(error.value.findings) == 3
    with pytest.raises(mb.InputError, match="a latitude and a longitude"):
        import_osm(TOWN, terminals={"Bad": (420.0, 20.05)})


# ---- shapes


LINE = {i: (0.0, i / 100) for i in range(1, 10)}


def test_a_limit_on_a_point_counts_for_the_link_and_a_bollard_closes_it() -> None:
    ways = [
        Way(1, [1, 2, 3], {"highway": "primary"}),
        Way(2, [3, 4], {"highway": "primary"}),
        Way(3, [3, 5], {"highway": "primary"}),
    ]
    made = build(
        extract(LINE, ways, {2: {"barrier": "height_restrictor", "maxheight": "2.1"}, 4: {"barrier": "bollard"}})
    )
    links = made.to_frame()
    assert links["max_height_m"].to_dict() == pytest.approx({"W1": 2.1, "W2": math.nan, "W3": math.nan}, nan_ok=True)
    assert links["osm_limits"]["W1"] == "max_height_m=node 2"
    assert links["status"].to_dict() == {"W1": "operational", "W2": "closed", "W3": "operational"}
    assert links["notes"]["W2"] == "closed: barrier=bollard at node 4"


def test_a_roundabout_and_a_loop_get_two_ends() -> None:
    nodes = {
        1: (0, 0),
        2: (0, 0.01),
        3: (0.01, 0.02),
        4: (0, 0.03),
        5: (-0.01, 0.02),
        6: (0, 0.04),
        7: (0.05, 0.05),
        8: (0.06, 0.05),
    }
    road = {"highway": "primary"}
    ways = [Way(1, [1, 2], road), Way(2, [2, 5, 4, 3, 2], {**road, "junction": "roundabout"}), Way(3, [4, 6], road),
            Way(4, [6, 7, 8, 6], road)]  # fmt: skip
    made = build(extract(nodes, ways)).to_frame()
    assert not (made["from_node"] == made["to_node"]).any()
    assert made["direction"].to_dict() == {
        "W1": "both",
        "W2": "forward",
        "W2-2": "forward",
        "W3": "both",
        "W4": "both",
        "W4-2": "both",
    }
    assert {(r.from_node, r.to_node) for r in made.loc[["W2", "W2-2"]].itertuples()} == {("N2", "N4"), ("N4", "N2")}
    alone = build(extract({1: (0, 0), 2: (0, 0.01), 3: (0.01, 0)}, [Way(1, [1, 2, 3, 1], road)])).to_frame()
    assert len(alone) == 2


def test_ways_are_not_joined_where_a_link_would_need_two_values() -> None:
    road, street = {"highway": "primary"}, {"highway": "secondary"}
    later = {"highway": "construction", "construction": "secondary", "opening_date": "2027-05"}
    ways = [Way(1, [1, 2], road), Way(2, [2, 3], street), Way(3, [3, 4], {**street, "oneway": "yes"})]
    ways.append(Way(4, [4, 5], later))
    made = build(extract(LINE, ways)).to_frame()
    assert list(made.index) == ["W1", "W2", "W3", "W4"]
    assert (made["status"]["W4"], made["open_year"]["W4"]) == ("under_construction", 2027)
    one_way = [Way(1, [1, 2], {**road, "oneway": "yes"}), Way(2, [3, 2], {**road, "oneway": "yes"})]
    assert len(build(extract(LINE, one_way)).links) == 2  # they meet head on
    turned = [Way(1, [1, 2], {**road, "oneway": "yes"}), Way(2, [3, 2], {**road, "oneway": "-1"})]
    joined = build(extract(LINE, turned)).links
    assert joined[["from_node", "to_node", "osm_ways"]].to_numpy().tolist() == [["N1", "N3", "1;2"]]


def test_conditional_limits_count_and_open_at_the_favourable_end() -> None:
    ways = [Way(1, [1, 2], {"highway": "primary", "maxweight": "30", "maxweight:conditional": "7.5 @ (22:00-06:00)"})]
    ways += [Way(2, [2, 3], {"highway": "primary", "hgv": "no"})]
    made = build(extract(LINE, ways))
    assert made.links["max_mass_t"].tolist() == [3.5]
    assert made.links["ranges"].tolist() == ["max_mass_t=3.5:30"]
    truck = Vehicle("truck", modes=("road",), mass_t=20.0)
    assert mb.routes(made.network, "N1", "N3", vehicle=truck).status == "no_route"
    assert mb.routes(made.network, "N1", "N3", vehicle=truck, estimates="favourable").status == "ok"


def test_states_without_a_number_are_told_apart_in_the_table() -> None:
    words = {1: "none", 2: "default", 3: "unsigned", 4: "low", 5: "4.1"}
    ways = [
        Way(i, [i, i + 1], {"highway": "primary" if i % 2 else "secondary", "maxheight": t}) for i, t in words.items()
    ]
    made = build(extract(LINE, ways)).to_frame()
    assert made["osm_states"].tolist() == [f"max_height_m={s}" for s in ("none", "default", "unsigned", "unknown")] + [
        ""
    ]
    assert made["max_height_m"].dropna().tolist() == [4.1]
    assert "not readable: low" in made["notes"]["W4"]
    ways = [Way(1, [1, 2], {"highway": "primary", "maxheight": "none"}), Way(2, [2, 3], {"highway": "primary"})]
    assert build(extract(LINE, ways)).links["osm_states"].tolist() == [""]  # a sign on a part says nothing of the rest


def test_capacity_from_tagged_lanes() -> None:
    tags = [
        {"highway": "motorway", "lanes": "3"},
        {"highway": "primary", "lanes": "4"},
        {"highway": "secondary", "lanes": "1"},
    ]
    made = build(extract(LINE, [Way(i, [i, i + 1], t) for i, t in enumerate(tags, 1)])).to_frame()
    assert made["capacity_veh_h"].tolist() == [178 * 3, 154 * 2, 131 / 2]
    assert made["lanes"].tolist() == [3, 4, 1]


# ---- any extract


@st.composite
def extracts(draw: Any) -> Extract:
    """A few ways over a few points of a grid, with limits, one-way tags and bridges, some meeting, some in rings."""
    size = draw(st.integers(3, 12))
    nodes = {i: (i % 4 / 100 + i / 3000, i // 4 / 100) for i in range(1, size + 1)}
    ways = []
    for way_id in range(100, 100 + draw(st.integers(1, 8))):
        refs = draw(st.lists(st.integers(1, size + 1), min_size=2, max_size=6))
        tags = {"highway": draw(st.sampled_from(["primary", "primary", "secondary"]))}
        tags |= draw(
            st.dictionaries(
                st.sampled_from(["maxweight", "maxheight", "maxweight:forward"]),
                st.sampled_from(["3", "12", "30", "none"]),
            )
        )
        tags |= draw(st.sampled_from([{}, {}, {"oneway": "yes"}, {"oneway": "-1"}, {"bridge": "yes"}]))
        ways.append(Way(way_id, refs, tags))
    return extract(nodes, ways)


def segments(given: Extract) -> nx.MultiDiGraph:
    """Every stretch between two points as an edge of its own, by networkx: the oracle."""
    graph = nx.MultiDiGraph()
    at = dict(zip(given.node.tolist(), zip(given.lat.tolist(), given.lon.tolist(), strict=True), strict=True))
    for way in given.ways:
        tags = way.tags
        mass = [float(tags[k]) for k in ("maxweight",) if tags.get(k, "none") != "none"]
        fore = mass + [float(tags[k]) for k in ("maxweight:forward",) if tags.get(k, "none") != "none"]
        for u, v in zip(way.refs, way.refs[1:], strict=False):
            if u == v or u not in at or v not in at:
                continue
            km = sphere_km(*at[u], *at[v])
            if tags.get("oneway") != "-1":
                graph.add_edge(u, v, km=km, mass=min(fore, default=math.inf), way=way.id)
            if tags.get("oneway") != "yes":
                graph.add_edge(v, u, km=km, mass=min(mass, default=math.inf), way=way.id)
    return graph


def sphere_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """By the spherical law of cosines through vectors, not by the haversine of the package."""
    a, b = (
        np.array([math.cos(y) * math.cos(x), math.cos(y) * math.sin(x), math.sin(y)])
        for y, x in ((math.radians(lat1), math.radians(lon1)), (math.radians(lat2), math.radians(lon2)))
    )
    return 6371.0088 * 2 * math.asin(min(1.0, float(np.linalg.norm(a - b)) / 2))


@settings(max_examples=60, deadline=None)
@given(extracts(), st.sampled_from([0.0, 5.0, 20.0, 31.0]))
def test_distances_under_a_load_are_those_of_the_single_stretches(given: Extract, load: float) -> None:
    made = build(given)
    whole = segments(given)
    if made.links.empty:
        assert whole.number_of_edges() == 0
        return
    fine = nx.subgraph_view(whole, filter_edge=lambda u, v, k: whole[u][v][k]["mass"] >= load)
    links = made.links
    coarse = nx.MultiDiGraph()
    coarse.add_nodes_from(made.nodes["node_id"])
    for r in links.itertuples():
        if not getattr(r, "max_mass_t", math.nan) < load:
            coarse.add_edge(r.from_node, r.to_node, km=r.length_km)
            if r.direction == "both":
                coarse.add_edge(r.to_node, r.from_node, km=r.length_km)
    for start in made.nodes["node_id"]:
        wanted = nx.single_source_dijkstra_path_length(fine, int(start[1:]), weight="km")
        found = nx.single_source_dijkstra_path_length(coarse, start, weight="km")
        for end in made.nodes["node_id"]:
            if int(end[1:]) in wanted:
                assert found.get(end, math.inf) == pytest.approx(wanted[int(end[1:])], abs=2e-3)
            else:
                assert end not in found


@settings(max_examples=30, deadline=None)
@given(extracts())
def test_nothing_is_lost_in_merging(given: Extract) -> None:
    made = build(given)
    if made.links.empty:
        return
    drawn = {(frozenset((u, v)), d["way"]) for u, v, d in segments(given).edges(data=True)}
    ids = {w for text in made.links["osm_ways"] for w in text.split(";")}
    assert ids == {str(way) for _, way in drawn}
    for name, xy in made.lines.items():
        row = made.to_frame().loc[name]
        long = sum(sphere_km(a[1], a[0], b[1], b[0]) for a, b in pairwise(xy))
        assert long == pytest.approx(row["length_km"], abs=2e-4)
        part = made.parts[made.parts["link_id"] == name]
        assert part["to_km"].iloc[-1] == pytest.approx(row["length_km"], abs=2e-4)
        for column in LIMITS:
            low = part[column].min()
            assert (row.get(column, math.nan) == low) or (
                low != low and row.get(column, math.nan) != row.get(column, math.nan)
            )


# ---- other formats


def pbf_of(source: Path, target: Path) -> Path:
    osmium = pytest.importorskip("osmium")
    with osmium.SimpleWriter(str(target)) as writer:
        for thing in osmium.FileProcessor(str(source)):
            writer.add(thing)
    return target


def test_pbf_and_packed_xml_give_the_same_network(tmp_path: Path, town: mb.Import) -> None:
    text = TOWN.read_bytes()
    (tmp_path / "t.osm.gz").write_bytes(gzip.compress(text))
    (tmp_path / "t.osm.bz2").write_bytes(bz2.compress(text))
    files = [tmp_path / "t.osm.gz", tmp_path / "t.osm.bz2", pbf_of(TOWN, tmp_path / "t.osm.pbf")]
    for file in files:
        other = import_osm(file)
        pd.testing.assert_frame_equal(other.links, town.links)
        pd.testing.assert_frame_equal(other.nodes, town.nodes)
        pd.testing.assert_frame_equal(other.parts, town.parts)


@pytest.mark.parametrize("simplify", [False, True])
def test_an_osmnx_graph_and_its_graphml_give_the_same_distances(
    tmp_path: Path, town: mb.Import, simplify: bool
) -> None:
    ox = pytest.importorskip("osmnx")
    before = ox.settings.useful_tags_way
    whole = tmp_path / "whole.osm"  # osmnx reads no way that leaves the extract
    text = TOWN.read_text(encoding="utf-8")
    for number in (140, 150, 231):  # and with a footway or tram beside it, it joins a street to them
        text = re.sub(f'<way id="{number}">.*?</way>', "", text, flags=re.DOTALL)
    whole.write_text(text, encoding="utf-8")
    try:
        ox.settings.useful_tags_way = [*before, *TAGS]
        graph = ox.graph_from_xml(whole, simplify=simplify, retain_all=True, bidirectional=False)
    finally:
        ox.settings.useful_tags_way = before
    ox.save_graphml(graph, tmp_path / "t.graphml")
    for source in (graph, tmp_path / "t.graphml"):
        other = import_osm(source)
        assert set(";".join(other.links["osm_ways"]).split(";")) >= {"101", "102", "103", "112", "131", "132", "201"}
        for load, km in ((10, 6.6108), (13, 8.2813)):
            one = Vehicle("one", modes=("road",), mass_t=load, height_m=3)
            found = mb.routes(other.network, "N1", "N9", vehicle=one, unknown="allow").routes[0]
            assert found.length_km == pytest.approx(km, abs=0.005)  # osmnx rounds on a slightly larger sphere


class _Overpass(http.server.BaseHTTPRequestHandler):
    """A service with one answer, on this machine."""

    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        query = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.append(query)
        body = json.dumps(_Overpass.elements("railway" if "railway" in query else "highway")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(
            b"Connected as: 1\nCurrent time: 2026-03-01T00:00:00Z\nAnnounced endpoint: none\n"
            b"Rate limit: 2\n2 slots available now.\n"
        )

    def log_message(self, *_: Any) -> None:
        pass

    @staticmethod
    def elements(key: str) -> dict[str, Any]:
        import xml.etree.ElementTree as ET

        out: list[dict[str, Any]] = []
        for thing in ET.fromstring(TOWN.read_text(encoding="utf-8")):
            tags = {t.get("k"): t.get("v") for t in thing.findall("tag")}
            if thing.tag == "node":
                out.append(
                    {
                        "type": "node",
                        "id": int(thing.get("id", 0)),
                        "lat": float(thing.get("lat", 0)),
                        "lon": float(thing.get("lon", 0)),
                        "tags": tags,
                    }
                )
            elif thing.tag == "way" and key in tags and thing.get("id") != "150":
                out.append(
                    {
                        "type": "way",
                        "id": int(thing.get("id", 0)),
                        "nodes": [int(n.get("ref", 0)) for n in thing.findall("nd")],
                        "tags": tags,
                    }
                )
        return {"elements": out}


@pytest.fixture
def service() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Overpass)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/api"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_download_asks_the_service_that_is_named(
    service: str, town: mb.Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    import osmnx as ox

    _Overpass.asked.clear()
    before = ox.settings.overpass_url
    made = import_osm(bbox=[19.9, 41.9, 20.2, 42.1], overpass=service)
    assert len(_Overpass.asked) == 2
    assert ox.settings.overpass_url == before
    assert made.facts["overpass"] == service
    found, wanted = (x.links.set_index("osm_ways")[["length_km", "max_mass_t"]] for x in (made, town))
    assert found.loc["131", "length_km"] == pytest.approx(wanted.loc["131", "length_km"], abs=1e-3)
    assert found["max_mass_t"].min() == 12


def test_nothing_is_downloaded_without_a_service() -> None:
    with pytest.raises(mb.InputError, match="no file is given; to download, name a service"):
        import_osm(place="Granica")


# ---- the command


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*args: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(list(args))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    code, out, err = run("import-osm", str(TOWN), "--out", str(tmp_path / "t"), "--country", "al")
    assert (code, "8 places" in out, "written" in err) == (0, True, True)
    assert all(len(line) <= 80 for line in out.splitlines())
    assert mb.load(tmp_path / "t").countries_present == ("AL",)
    code, out, _ = run("import-osm", str(TOWN), "--out", str(tmp_path / "u"), "--format", "json", "--quiet")
    assert json.loads(out)["counts"]["links"] == 11
    code, _, err = run("import-osm", str(TOWN), "--out", str(tmp_path / "t"))
    assert (code, "--overwrite" in err) == (2, True)
    code, _, err = run(
        "import-osm", str(TOWN), "--out", str(tmp_path / "v"), "--roads", "moterway", "--bbox", "5,1,4,2"
    )
    assert (code, "did you mean motorway" in err, "west below east" in err) == (2, True, True)
    assert not (tmp_path / "v").exists()
    code, _, err = run("import-osm", str(TOWN), "--out", str(tmp_path / "v"), "--bbox", "5,1,6,2")
    assert (code, "in the box" in err) == (2, True)
    code, out, _ = run("routes", "--network", str(tmp_path / "t"), "--from", "granica", "--to", "N9")
    assert code == 0
