"""The sea, the Straits and the Danube: what closes, what it takes, and where the lines are drawn."""

from __future__ import annotations

import csv
import json
import math
from itertools import pairwise

import networkx as nx
import pytest
import shapely

import mobility as mb
from mobility.check import check
from mobility.network import shipped

NET = mb.load()
ADRIATIC = [
    "IT_BARI", "IT_ANCONA", "IT_TRIESTE", "AL_DURRES", "ME_BAR", "HR_PLOCE", "HR_RIJEKA", "SI_KOPER",
]  # fmt: skip
BLACK_SEA = ["BG_BURGAS", "BG_VARNA", "RO_CONSTANTA"]
RIVER_ORDER = [
    "RO_CONSTANTA", "RO_CERNAVODA", "BG_RUSE", "BG_VIDIN", "RO_IRONGATES2", "RO_DROBETA", "RO_IRONGATES1",
    "BX_VELIKOGRADISTE", "RS_PANCEVO", "RS_BELGRADE", "RS_NOVISAD", "BX_MOHACS", "HU_BUDAPEST",
]  # fmt: skip
UP_THE_DELTA = "SE044"
"""Constanța-Galați is a sea link that sails up the maritime Danube, so half of it lies in the country."""


def rows(name: str) -> list[dict[str, str]]:
    with (shipped() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


SEA, RIVER = rows("links/sea.csv"), rows("links/waterway.csv")
PLACE = {r["node_id"]: (float(r["lon"]), float(r["lat"])) for r in rows("nodes.csv")}
WAIT = {(r["node_id"], r["mode"]): float(r["wait_h"]) for r in rows("borders.csv")}
TRANSFER = {
    (r["node_id"], frozenset((r["from_mode"], r["to_mode"]))): float(r["transfer_h"]) for r in rows("terminals.csv")
}
PASSAGE = next(r["link_id"] for r in SEA if r["asset_id"] == "turkish-straits")


def hours(row: dict[str, str]) -> float:
    return float(row["time_h"]) if row["time_h"] else float(row["length_km"]) / float(row["speed_kmh"])


def lanes(*, without: str = "") -> nx.Graph:
    """Return the sea links of the raw table, without one link or one place."""
    graph = nx.Graph()
    graph.add_nodes_from(ADRIATIC + BLACK_SEA)
    for r in SEA:
        if without not in (r["link_id"], r["from_node"], r["to_node"]):
            graph.add_edge(r["from_node"], r["to_node"], km=float(r["length_km"]))
    return graph


def km(one: tuple[float, float], two: tuple[float, float]) -> float:
    (o1, a1), (o2, a2) = ((math.radians(x) for x in p) for p in (one, two))
    return 6371.0088 * math.acos(
        min(1.0, math.sin(a1) * math.sin(a2) + math.cos(a1) * math.cos(a2) * math.cos(o1 - o2))
    )


# ---- the Straits


@pytest.mark.parametrize("shut", [{"close": PASSAGE}, {"avoid": "TR_ISTANBUL"}, {"avoid": "TR_CANAKKALE"}])
def test_with_the_straits_shut_no_ship_reaches_the_black_sea(shut: dict[str, str]) -> None:
    answer = mb.routes(NET, ADRIATIC, BLACK_SEA, modes="sea", k=1, **shut)
    assert answer.status == "no_route"
    graph = lanes(without=next(iter(shut.values())))
    assert not any(nx.has_path(graph, a, b) for a in ADRIATIC for b in BLACK_SEA)
    # The Aegean stays open to both, so that the closure is the Straits' and not the Adriatic's.
    assert mb.routes(NET, ADRIATIC, "Thessaloniki", modes="sea", k=1, **shut).status == "ok"


@pytest.mark.parametrize("port", ADRIATIC)
@pytest.mark.parametrize("end", BLACK_SEA)
def test_with_the_straits_open_the_time_is_sailing_and_waits(port: str, end: str) -> None:
    found = mb.routes(NET, port, end, modes="sea", k=1).routes[0]
    assert PASSAGE in found.links
    of = {r["link_id"]: r for r in SEA}
    sailing = sum(hours(of[i]) for i in found.links)
    waits = sum(WAIT.get((n, "sea"), 0.0) for n in found.nodes[1:-1])
    assert {"TR_CANAKKALE", "TR_ISTANBUL"} <= set(found.nodes[1:-1])
    assert waits >= 12
    assert found.time_h == pytest.approx(sailing + waits)


def test_durres_to_constanta_by_hand() -> None:
    of = {(r["from_node"], r["to_node"]): r for r in SEA}
    legs = [("AL_DURRES", "TR_CANAKKALE"), ("TR_CANAKKALE", "TR_ISTANBUL"), ("TR_ISTANBUL", "RO_CONSTANTA")]
    # 18 kn at sea, 12 kn through the Straits, 6 h of waiting before each of them.
    one, two, three = (float(of[leg]["length_km"]) for leg in legs)
    by_hand = one / (18 * 1.852) + two / (12 * 1.852) + three / (18 * 1.852) + 6 + 6
    found = mb.routes(NET, "Durrës", "Constanța", modes="sea", k=1).routes[0]
    assert found.time_h == pytest.approx(by_hand, rel=2e-3)
    assert found.wait_h == 12


def test_sea_and_land_are_compared_from_gate_to_gate() -> None:
    ask = {"vehicle": "wheeled-ifv", "k": 1}
    by_land = mb.routes(NET, "Tirana", "Bucharest", modes="road,rail", **ask).routes[0]
    by_sea = mb.routes(NET, "Tirana", "Bucharest", countries="AL,TR,RO", **ask).routes[0]
    assert by_land.modes == ("road",)
    assert by_sea.modes == ("road", "sea", "road")
    assert PASSAGE in by_sea.links
    # Loading at Durrës and discharge at Constanța are in it, and berthing there, beside the wait for the Straits.
    both = frozenset(("road", "sea"))
    assert by_sea.transfer_h == TRANSFER["AL_DURRES", both] + TRANSFER["RO_CONSTANTA", both] == 4 + 6
    assert by_sea.wait_h == 6 + 6 + WAIT["RO_CONSTANTA", "sea"]
    # Round Greece it is 1 900 km at 33 km/h against 850 km of road at 50: slower, by less than ten times.
    assert by_land.time_h < by_sea.time_h < 10 * by_land.time_h


def test_ships_sail_round_a_peninsula_without_a_finding() -> None:
    far = next(r for r in SEA if {r["from_node"], r["to_node"]} == {"AL_DURRES", "GR_THESSALONIKI"})
    assert float(far["length_km"]) > 2.5 * km(PLACE["AL_DURRES"], PLACE["GR_THESSALONIKI"])
    named = [f for f in check(NET).findings if f.table.startswith("links") and f.column == "length_km"]
    assert named == []
    road = NET.where(mode="road")[0]
    longer = {road: {"length_km": 4 * float(NET.links["length_km"][road])}}
    assert any(f.column == "length_km" for f in check(NET.with_changes(longer)).findings)


# ---- lengths and ships


@pytest.mark.parametrize(
    ("way", "miles", "more"),
    [
        # Read: a ferry agency; a paper on the Straits; a sailing log, whose first 20 miles are not in the link.
        (("IT_BARI", "AL_DURRES"), 118, 0),
        (("TR_CANAKKALE", "TR_ISTANBUL"), 164, 18),
        (("TR_ISTANBUL", "BG_BURGAS"), 138, 20),
        # Recalled from distance tables and ferry companies; Istanbul's harbour lies 10 miles south of the node.
        (("TR_ISTANBUL", "RO_CONSTANTA"), 196, 10),
        (("TR_ISTANBUL", "BG_VARNA"), 151, 10),
        (("IT_BARI", "GR_IGOUMENITSA"), 203, 0),
        (("IT_ANCONA", "GR_IGOUMENITSA"), 406, 0),
        (("IT_ANCONA", "HR_SPLIT"), 131, 0),
        (("IT_BARI", "ME_BAR"), 117, 0),
    ],
)  # fmt: skip
def test_lengths_agree_with_published_distances(way: tuple[str, str], miles: float, more: float) -> None:
    row = next(r for r in SEA if (r["from_node"], r["to_node"]) == way)
    assert float(row["length_km"]) / 1.852 + more == pytest.approx(miles, rel=0.05)
    points = [tuple(p) for p in drawn("sea")[row["link_id"]]["geometry"]["coordinates"]]
    assert sum(km(a, b) for a, b in pairwise(points)) / 1.852 + more == pytest.approx(miles, rel=0.05)


def test_every_link_rests_on_a_ship_that_fits_its_ports() -> None:
    ships = {r["ship_id"]: r for r in rows("ships.csv")}
    depth = {r["node_id"]: float(r["roro_draught_m"] or r["max_draught_m"]) for r in rows("ports.csv")}
    for r in SEA + RIVER:
        ship = ships[r["ship"]]
        assert float(r["ship_lane_m"]) == float(ship["lane_m"]), r["link_id"]
        assert ship["mode"] == r["mode"]
        for end in (r["from_node"], r["to_node"]):
            if r["mode"] == "sea":
                assert float(ship["draught_m"]) <= depth[end], (r["link_id"], end)
    ark = ships["ark-roro"]
    assert float(ark["lane_m"]) == 3000
    # Public: about 185 trucks; a truck with its trailer takes 16.5 m by law (Directive 96/53/EC).
    assert float(ark["lane_m"]) / float(ark["trucks"]) == pytest.approx(16.5, rel=0.05)
    # Bar has 4-5.9 m at its Ro-Ro berths: neither an ARK ship nor an LMSR, and no link says otherwise.
    assert depth["ME_BAR"] < float(ark["draught_m"]) < float(ships["lmsr"]["draught_m"])
    assert all(r["ship"] == "ropax" for r in SEA if "ME_BAR" in (r["from_node"], r["to_node"]))


def test_charter_sailings_follow_the_pool() -> None:
    chartered = [r for r in SEA if r["capacity_basis"].startswith("charter")]
    assert len(chartered) > 25
    for r in chartered:
        one_way = float(r["length_km"]) / 33.3
        ships = 1 if one_way <= 24 else 2
        assert float(r["capacity_sailings_day"]) == pytest.approx(24 * ships / (2 * (one_way + 12)), abs=0.006), r[
            "link_id"
        ]
    # From the three entries to one port, and through the Straits, no more sail than the pool of eight ships can.
    day = {(r["from_node"], r["to_node"]): float(r["capacity_sailings_day"]) for r in SEA}
    into = sum(day[e, "GR_ALEXANDROUPOLI"] for e in ADRIATIC[:3])
    assert into < 8 * 24 / (2 * (1416 / 33.3 + 12))
    assert day["TR_CANAKKALE", "TR_ISTANBUL"] < 8 * 24 / (2 * (1348 / 33.3 + 270 / 22.2 + 12 + 220 / 33.3 + 12))


def test_ferries_keep_a_speed_that_ferries_have() -> None:
    timed = [r for r in SEA if r["time_h"]]
    assert len(timed) >= 6
    for r in timed:
        knots = float(r["length_km"]) / float(r["time_h"]) / 1.852
        assert 11 <= knots <= 26, r["link_id"]


# ---- the Danube


def test_the_danube_joins_constanta_to_budapest() -> None:
    up = mb.routes(NET, "Constanța", "Budapest", modes="waterway", k=1).routes[0]
    down = mb.routes(NET, "Budapest", "Constanța", modes="waterway", k=1).routes[0]
    assert list(up.nodes) == RIVER_ORDER == list(reversed(down.nodes))
    # The canal, then the river from km 300 at Cernavodă to km 1647 at Budapest.
    assert up.length_km == down.length_km == pytest.approx(64.4 + (1647 - 300))
    of = {r["link_id"]: r for r in RIVER}
    inside = sum(WAIT.get((n, "waterway"), 0.0) for n in RIVER_ORDER[1:-1])
    assert inside == 2.5 + 2.5 + 3 + 6  # two locks, two river borders
    for one in (up, down):
        assert one.time_h == pytest.approx(sum(hours(of[i]) for i in one.links) + inside)
    # Against the current: a convoy that makes 12-13 km/h in still water, 4 km/h of current.
    assert 1.3 < up.time_h / down.time_h < 2.2


def test_a_closed_reach_is_closed_both_ways() -> None:
    shut = next(r["link_id"] for r in RIVER if r["from_node"] == "BG_VIDIN" and r["to_node"] == "RO_IRONGATES2")
    for one, other in (("Constanța", "Budapest"), ("Budapest", "Constanța")):
        assert mb.routes(NET, one, other, modes="waterway", close=shut, k=1).status == "no_route"
    assert mb.routes(NET, "Belgrade", "Budapest", modes="waterway", close=shut, k=1).status == "ok"


def test_the_river_reaches_the_sea_at_galati_too() -> None:
    found = mb.routes(NET, "Galați", "Vidin", modes="waterway", k=1).routes[0]
    assert found.length_km == pytest.approx(790 - 150)
    assert mb.routes(NET, "Burgas", "Belgrade", modes="sea,waterway", k=1).routes[0].modes == ("sea", "waterway")


# ---- where the lines are drawn


def drawn(name: str) -> dict[str, dict[str, object]]:
    text = (shipped("geodata") / f"alignments_{name}.geojson").read_text(encoding="utf-8")
    return {f["properties"]["link_id"]: f for f in json.loads(text)["features"]}


@pytest.mark.parametrize(("name", "table"), [("sea", SEA), ("danube", RIVER)])
def test_each_link_is_drawn_from_place_to_place(name: str, table: list[dict[str, str]]) -> None:
    lines = drawn(name)
    assert set(lines) == {r["link_id"] for r in table}
    for r in table:
        feature = lines[r["link_id"]]
        points = [tuple(p) for p in feature["geometry"]["coordinates"]]
        start, end = PLACE[r["from_node"]], PLACE[r["to_node"]]
        assert km(points[0], start) < 1, r["link_id"]
        assert km(points[-1], end) < 1, r["link_id"]
        assert all(round(x, 4) == x for p in points for x in p)
        run = sum(km(a, b) for a, b in pairwise(points))
        assert km(start, end) <= run <= 1.3 * float(r["length_km"]), r["link_id"]
        assert feature["properties"]["method"] in (("lane",) if name == "sea" else ("river", "schematic"))


def test_lanes_keep_to_the_sea() -> None:
    import geopandas as gpd

    file = shipped("geodata") / "borders_world_atlas_10m.gpkg"
    land = gpd.read_file(file, layer="countries").union_all()
    shapely.prepare(land)
    canals = {"Corinth": (22.984, 37.935), "Chalkis": (23.589, 38.463)}
    for link, feature in drawn("sea").items():
        line = shapely.LineString(feature["geometry"]["coordinates"])
        assert link == UP_THE_DELTA or line.intersection(land).length / line.length < 0.03, link
        # A ship of 26 m beam passes neither the canal of Corinth (21 m) nor the bridge of Chalkis (39 m, strong tide).
        assert all(line.distance(shapely.Point(p)) > 0.05 for p in canals.values()), link


def test_the_danube_is_drawn_as_long_as_its_kilometres_say() -> None:
    lines = drawn("danube")
    natural = [r for r in RIVER if lines[r["link_id"]]["properties"]["method"] == "river"]
    run = sum(
        km(tuple(a), tuple(b)) for r in natural for a, b in pairwise(lines[r["link_id"]]["geometry"]["coordinates"])
    )
    # Natural Earth's line against the river's own kilometres, both directions: sources that know nothing of each other.
    assert run == pytest.approx(2 * ((1647 - 300) + (300 - 150)), rel=0.03)
