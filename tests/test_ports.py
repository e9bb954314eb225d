"""Ports by their weakest subsystem: the rule recomputed from the raw tables, and what was seen in real ports."""

from __future__ import annotations

import csv

import pytest

import mobility as mb
from mobility.network import shipped


def rows(name: str) -> list[dict[str, str]]:
    with (shipped() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


PORTS = {r["node_id"]: r for r in rows("ports.csv")}
TERMINALS = [r for r in rows("terminals.csv") if {r["from_mode"], r["to_mode"]} & {"sea", "waterway"}]
CALLS = {r["node_id"]: r for r in rows("borders.csv") if r["mode"] == "sea" and not r["node_id"].startswith("TR_")}
ON_THE_WAY = {"sea": "berth", "waterway": "river_berth", "road": "gate", "rail": "rail_clearance"}
PER_BERTH = {225, 150, 75}
"""Vehicles a day, at 10 lane metres each: a modern berth (2 250 m), an older one (1 500), an island ferry's (750)."""


@pytest.mark.parametrize("row", TERMINALS, ids=lambda r: "-".join((r["node_id"], r["from_mode"], r["to_mode"])))
def test_a_port_clears_what_its_weakest_subsystem_clears(row: dict[str, str]) -> None:
    port = PORTS[row["node_id"]]
    parts = {ON_THE_WAY[row["from_mode"]], ON_THE_WAY[row["to_mode"]], "staging"}
    rates = {p: float(port[f"{p}_veh_day"]) for p in parts}
    assert float(row["capacity_veh_day"]) == min(rates.values()) > 0
    weakest = [p for p in parts if rates[p] == min(rates.values())]
    named = row["notes"].split("(")[0]
    assert all(p.replace("_", " ") in named for p in weakest), (named, weakest)


def test_every_port_states_every_subsystem_as_an_estimate() -> None:
    for name, port in PORTS.items():
        on_the_sea = port["berth_veh_day"] != ""
        columns = ["arrivals_ships_day", "staging_veh_day", "gate_veh_day", "rail_clearance_veh_day"]
        columns += ["berth_veh_day"] if on_the_sea else ["river_berth_veh_day"]
        for column in columns:
            assert port[column] != "", (name, column)
            assert column in port["estimated"].split(";") or port[column] == "0", (name, column)
        if on_the_sea and port["roro_berths"] != "0":
            assert float(port["berth_veh_day"]) / float(port["roro_berths"]) in PER_BERTH, name
        if port["rail_connection"] == "0":
            assert port["rail_clearance_veh_day"] == "0", name


def test_a_port_call_bounds_road_and_rail_together() -> None:
    sailed = {n for r in rows("links/sea.csv") for n in (r["from_node"], r["to_node"]) if not n.startswith("TR_")}
    assert set(CALLS) == sailed
    for name, call in CALLS.items():
        port = PORTS[name]
        assert float(call["capacity_veh_day"]) == min(float(port["berth_veh_day"]), float(port["staging_veh_day"]))
        assert 0 < float(call["wait_h"]) <= float(call["wait_h_p90"])


def test_what_comes_ashore_at_koper_is_bounded_by_the_berths() -> None:
    net = mb.load()
    # Enough ships from everywhere that the port binds; inland of it road and rail carry more than the berths land.
    lots = {r["link_id"]: {"capacity_sailings_day": 50} for r in rows("links/sea.csv")}
    flow = mb.throughput(
        net.with_changes(lots), ["IT_BARI", "IT_ANCONA"], "Ljubljana", modes="sea,road,rail", countries="IT,SI"
    )
    into = sum(f.vehicles_per_day for f in flow.links if f.link_id in ("SE005", "SE010"))
    assert into == pytest.approx(900)
    assert "border:SI_KOPER" in flow.cut


def test_nothing_leaves_durres_and_vlore_by_rail_from_the_quay() -> None:
    for name in ("AL_DURRES", "AL_VLORE"):
        assert PORTS[name]["rail_clearance_veh_day"] == "0"
        assert not any(r["node_id"] == name and {r["from_mode"], r["to_mode"]} == {"rail", "sea"} for r in TERMINALS)


def test_durres_against_its_ferries() -> None:
    durres = PORTS["AL_DURRES"]
    # 2018: about 2.8 round trips a day with about 37 trucks a sailing.
    assert min(float(durres[f"{p}_veh_day"]) for p in ("berth", "staging", "gate")) > 2.8 * 37
    assert float(durres["arrivals_ships_day"]) >= 5  # 5 to 7 ferries a day in August 2018
    # The week of 17-23 August 2018: 12 316 cars left, at 5 lane metres a car, 10 to a military vehicle.
    busiest = 12_316 / 7 * 5 / 10
    assert 0.8 * float(durres["berth_veh_day"]) < busiest < 1.2 * float(durres["berth_veh_day"])


def test_alexandroupoli_against_an_aviation_brigade() -> None:
    # It took seven days; such a brigade moves some 1 000 to 2 000 pieces. The model may be faster, by less than five.
    road = next(
        r for r in TERMINALS if r["node_id"] == "GR_ALEXANDROUPOLI" and "road" in (r["from_mode"], r["to_mode"])
    )
    days = [pieces / float(road["capacity_veh_day"]) for pieces in (1_000, 2_000)]
    assert 7 / 5 < days[0] < days[1] < 7
