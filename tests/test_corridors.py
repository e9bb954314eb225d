"""The shipped corridors: what the facts say must come out of the tables, checked by other means."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import networkx as nx
import pytest

import mobility as mb
from mobility.network import shipped
from mobility.vehicle import vehicles

NET = mb.load()
BLACK_SEA = ["BG_BURGAS", "BG_VARNA", "RO_CONSTANTA"]


def rows(name: str) -> list[dict[str, str]]:
    with (shipped() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def railway(year: int | None = None) -> nx.Graph:
    """Return the railway that is open, from the raw table."""
    graph = nx.Graph()
    for r in rows("links/rail.csv"):
        if r["status"] == "operational" or (year and r["open_year"] and int(r["open_year"]) < year):
            graph.add_edge(r["from_node"], r["to_node"])
    return graph


def test_the_tables_have_no_finding() -> None:
    assert mb.check().findings == ()


def test_every_row_is_sourced_and_graded() -> None:
    for name in (
        "nodes",
        "links",
        "terminals",
        "borders",
        "countries",
        "permissions",
        "corridors",
        "upgrades",
        "ports",
    ):
        frame = NET.table(name)
        assert (frame["source"] != "").all(), name
        assert frame["confidence"].isin(["high", "medium", "low"]).all(), name


def test_rail_from_durres_needs_corridor_viii() -> None:
    today = mb.explain(NET, "Durrës", "Burgas", modes="rail")
    assert today.status == "no_route"
    assert not any(nx.has_path(railway(), "AL_DURRES", port) for port in BLACK_SEA)
    named = {b.link_id for b in today.blocking if b.limit == "status"}
    viii = {
        r["link_id"]
        for r in rows("links/rail.csv")
        if "VIII" in r["corridors"].split(";") and r["status"] != "operational"
    }
    assert {"RL079", "RL080", "RL081", "RL086", "RL087", "RL088"} <= named & viii


@pytest.mark.parametrize("year", [2027, 2031, 2036, 2040])
def test_a_late_enough_year_finds_a_railway(year: int) -> None:
    found = mb.routes(NET, "Durrës", "Burgas", modes="rail", year=year, k=1)
    assert (found.status == "ok") == nx.has_path(railway(year), "AL_DURRES", "BG_BURGAS")
    if year == 2036:
        assert "VIII" in found.routes[0].corridors
        assert set(found.routes[0].countries) == {"AL", "MK", "BG"}


@pytest.mark.parametrize("port", ["Bar", "Ploče", "Rijeka", "Koper", "Thessaloniki"])
def test_these_ports_have_a_railway_to_the_black_sea_today(port: str) -> None:
    assert mb.routes(NET, port, BLACK_SEA, modes="rail", k=1).status == "ok"
    assert any(nx.has_path(railway(), NET.find_node(port), end) for end in BLACK_SEA)


@pytest.mark.parametrize(
    ("mode", "start", "end", "shut"),
    [
        ("road", "MK_SKOPJE", "BG_SOFIA", "BX_DEVEBAIR"),  # by Novo Selo
        ("road", "AL_TIRANA", "MK_SKOPJE", "BX_QAFETHANE"),  # by Bllatë
        ("rail", "HR_RIJEKA", "SI_LJUBLJANA", "HR_OSTARIJE"),  # by Šapjane
        ("rail", "BG_SOFIA", "BG_BURGAS", "BG_PLOVDIV"),  # by Karlovo
        ("rail", "HU_BUDAPEST", "RO_BUCHAREST", "RO_CRAIOVA"),  # by Brașov
    ],
)
def test_a_trunk_line_has_a_second_way(mode: str, start: str, end: str, shut: str) -> None:
    graph = nx.Graph()
    for r in rows(f"links/{mode}.csv"):
        if r["status"] == "operational":
            graph.add_edge(r["from_node"], r["to_node"])
    inside = {start[:2], end[:2]}
    at = {r["node_id"]: {r["country"], r["country2"]} & inside for r in rows("nodes.csv")}
    assert nx.has_path(graph.subgraph(n for n in graph if at[n] and n != shut), start, end)


def test_no_railway_leaves_bijeljina() -> None:
    assert "BA_BIJELJINA" not in railway()
    assert {"BA_DOBOJ", "HR_VINKOVCI", "RS_RUMA"} <= nx.node_connected_component(railway(), "BA_TUZLA")


def test_the_railway_of_kosovo_is_an_island() -> None:
    inside = nx.node_connected_component(railway(), "XK_FUSHEKOSOVE")
    assert {"XK_FUSHEKOSOVE", "XK_PEJA"} <= inside
    assert all(n.startswith(("XK_", "BX_")) for n in inside)
    assert mb.routes(NET, "Fushë Kosovë", "Skopje", modes="rail").status == "no_route"


def test_the_wagon_changes_the_network() -> None:
    four, six = mb.vehicle("tank-on-4-axle-wagon"), mb.vehicle("tank-on-6-axle-wagon")
    assert four.mass_t == six.mass_t
    # A 64 t tank: (24.5 + 64) / 4 = 22.1 t an axle asks for D; (30 + 64) / 6 = 15.7 t and 5.7 t/m for B2.
    assert four.rail_axle_t == pytest.approx(88.5 / 4)
    assert six.rail_axle_t == pytest.approx(94 / 6)
    categories = {r["link_id"]: r for r in rows("links/rail.csv")}
    for one in (four, six):
        carried = {i for i in NET.where(mode="rail") if one.fits(NET, i).verdict == "allowed"}
        assert {i for i in carried if float(categories[i]["max_axle_t"]) < one.rail_axle_t} == set()
    narrow = {i for i, r in categories.items() if float(r["max_axle_t"]) < 22}
    assert narrow
    assert all(four.fits(NET, i).verdict == "blocked" for i in narrow)
    assert all(six.fits(NET, i).verdict == "allowed" for i in narrow if float(categories[i]["max_axle_t"]) >= 18)


def test_no_road_out_of_durres_is_certain_for_a_tank_transporter() -> None:
    het = {"vehicle": "het-with-main-battle-tank", "modes": "road"}  # by sea there is a way
    answer = mb.routes(NET, "Durrës", "Burgas", **het)
    assert answer.status == "no_route"
    assert answer.candidate is not None
    assert answer.candidate.nodes[0] == "AL_DURRES"
    assert {b.limit for b in answer.assess_first} == {"mlc_wheeled"}
    heaviest = mb.explain(NET, "Durrës", "Burgas", **het).heaviest["mlc_wheeled"]
    exits = [float(r["mlc_wheeled"]) for r in rows("links/road.csv") if "AL_DURRES" in (r["from_node"], r["to_node"])]
    assert heaviest["value"] == max(exits) < 110
    ask = {"vehicle": "tank-tracked-march", "modes": "road"}
    lighter = mb.routes(NET, "Durrës", "Burgas", **ask)
    assert (lighter.status, lighter.candidate_fits) == ("no_route", True)
    assert mb.routes(NET, "Durrës", "Burgas", estimates="favourable", **ask).routes[0].links == lighter.candidate.links


def test_rail_capacity_is_per_direction() -> None:
    stated = {r["link_id"]: float(r["capacity_trains_day"]) for r in rows("links/rail.csv")}
    # Public figure: 102 trains a day between Stalać and Đunis, both directions (WBIF WB8-SER-TRA-14).
    assert stated["RL049"] == 51


def test_corrections_are_all_decided() -> None:
    table = rows("corrections.csv")
    assert len(table) >= 110
    assert {r["decision"] for r in table} <= {"applied", "applied_differently", "rejected", "deferred"}
    assert all(r["reason"] for r in table)
    lengths = {r["link_id"]: float(r["length_km"]) for name in ("rail", "road") for r in rows(f"links/{name}.csv")}
    written = [
        (link, float(km))
        for r in table
        if r["field"] == "length_km" and r["decision"].startswith("applied")
        for link, km in re.findall(r"(R[DL]\d{3})(?: \D+)? (\d+(?:\.\d+)?)(?= |$)", r["applied"])
        or ([(r["id"], r["proposed"])] if r["proposed"].isdigit() and r["decision"] == "applied" else [])
    ]
    assert len(written) > 12
    assert [(link, km, lengths[link]) for link, km in written if lengths[link] != km] == []


def test_lane_metres_follow_the_planning_rule() -> None:
    for one in vehicles().values():
        if one.length_m and one.width_m and one.name != "any" and "sea" in one.modes:
            assert one.lane_m == pytest.approx((one.length_m + 1) * max(1, one.width_m / 3), abs=0.06), one.name


@pytest.mark.parametrize(
    ("spoken", "meant"),
    [
        ("Durres", "AL_DURRES"), ("DURAZZO", "AL_DURRES"), ("Salonica", "GR_THESSALONIKI"), ("Plojce", "HR_PLOCE"),
        ("Pristina", "XK_PRISHTINA"), ("Prishtina", "XK_PRISHTINA"), ("constanta", "RO_CONSTANTA"),
        ("Nis", "RS_NIS"), ("fushe kosove", "XK_FUSHEKOSOVE"), ("Beograd", "RS_BELGRADE"),
    ],
)  # fmt: skip
def test_places_answer_to_what_people_type(spoken: str, meant: str) -> None:
    assert NET.find_node(spoken) == meant


def test_the_packaged_folder_is_the_one_in_the_project() -> None:
    assert (shipped() / "nodes.csv").is_file()
    assert Path(shipped("geodata")).is_dir()
