"""Vehicles and limits: each limit alone, both wagons, what is unknown, estimated or asks for a permit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asking import FLEET, TRACKED, WHEELED, Answer, ask_tables, folder_of, run
from oracles.tables import Question, Tables, Vehicle
from strategies import Shape, net, networks, seeded
from test_contract_routes import check_answer
from test_contract_throughput import check_throughput

AB = Question(("A",), ("B",))
FULL = {
    "road": {"mlc_wheeled": 150, "mlc_tracked": 150, "max_mass_t": 150, "max_height_m": 6},
    "rail": {"max_axle_t": 25, "max_metre_load_t": 8.8},
}
LIMITED = Shape(limits=True, modes=("road", "rail", "sea"))


def two_ways(mode: str, cells: dict[str, Any]) -> Tables:
    """Return a fast link with these cells beside a slow one on which everything passes."""
    fast = {k: v for k, v in {**FULL[mode], **cells}.items() if v is not None}
    return net(("fast", "A", "B", mode, 1, 1, fast), ("slow", "A", "B", mode, 9, 1, FULL[mode]))


def way(tables: Tables, vehicle: Vehicle, *more: object) -> list[str]:
    found = ask_tables("routes", tables, replace(AB, vehicle=vehicle), "-k", 1, *more).json
    return [link for route in found["routes"] for link in route["links"]]


@pytest.mark.parametrize(
    ("vehicle", "mode", "passes", "blocks"),
    [
        (TRACKED, "road", {"mlc_tracked": 70}, {"mlc_tracked": 69}),
        (WHEELED, "road", {"mlc_wheeled": 50}, {"mlc_wheeled": 49.5}),
        (TRACKED, "road", {"max_mass_t": 60}, {"max_mass_t": 59.9}),
        (TRACKED, "road", {"max_height_m": 4}, {"max_height_m": 3.95}),
        (TRACKED, "road", {"max_width_m": 2.5}, {"max_width_m": 2.45}),
        (TRACKED, "road", {"max_length_m": 8}, {"max_length_m": 7.9}),
        (TRACKED, "rail", {"max_axle_t": 20}, {"max_axle_t": 19.9}),
        (TRACKED, "rail", {"max_metre_load_t": 8}, {"max_metre_load_t": 7.9}),
        (TRACKED, "rail", {"gauge_mm": 1435}, {"gauge_mm": 1520}),
        (
            TRACKED,
            "rail",
            {"max_axle_t": None, "max_metre_load_t": None, "line_category": "C4"},
            {"max_axle_t": None, "max_metre_load_t": None, "line_category": "C3"},
        ),
        (
            WHEELED,
            "rail",
            {"max_axle_t": None, "max_metre_load_t": None, "line_category": "B2"},
            {"max_axle_t": None, "max_metre_load_t": None, "line_category": "B1"},
        ),
    ],
    ids=lambda x: next(reversed(x)) if isinstance(x, dict) else None,
)
def test_each_limit_alone_turns_the_route(
    vehicle: Vehicle, mode: str, passes: dict[str, Any], blocks: dict[str, Any]
) -> None:
    """At its value a limit lets the vehicle pass, just below it the route goes the other way."""
    assert way(two_ways(mode, passes), vehicle) == ["fast"]
    assert way(two_ways(mode, blocks), vehicle) == ["slow"]


def test_the_bridge_class_of_the_other_kind_does_not_bind() -> None:
    assert way(two_ways("road", {"mlc_wheeled": 5}), TRACKED) == ["fast"]
    assert way(two_ways("road", {"mlc_tracked": 5}), WHEELED) == ["fast"]


def test_any_has_no_limits() -> None:
    tables = two_ways("road", dict.fromkeys(FULL["road"], 1))
    assert ask_tables("routes", tables, AB, "-k", 1).json["routes"][0]["links"] == ["fast"]


def test_a_legal_axle_limit_asks_for_a_permit_and_does_not_block() -> None:
    fleet = FLEET.replace("axle_t = 9", "axle_t = 14")
    tables = two_ways("road", {"max_axle_t": 11.5})
    with folder_of(tables, fleet) as folder:
        words = ["--from", "A", "--to", "B", "-k", 2, "--vehicle", TRACKED.name, "--format", "json"]
        found = run("routes", "--network", folder, *words).json["routes"]
    assert [r["links"] for r in found] == [["fast"], ["slow"]]
    assert "max_axle_t" in str(found[0]["permits"])
    assert "max_axle_t" not in str(found[1]["permits"])


def test_speed_is_the_lower_of_link_and_vehicle_and_a_stated_time_stands() -> None:
    tables = net(
        ("p", "A", "B", "road", None, 1, {**FULL["road"], "length_km": 90, "speed_kmh": 90}),
        ("q", "A", "B", "road", None, 1, {**FULL["road"], "length_km": 90, "speed_kmh": 30}),
        ("r", "A", "B", "road", 0.5, 1, {**FULL["road"], "length_km": 90, "speed_kmh": 30}),
    )
    found = ask_tables("routes", tables, replace(AB, vehicle=TRACKED), "-k", 3).json["routes"]
    assert [(r["links"], r["time_h"]) for r in found] == [(["r"], 0.5), (["p"], 2), (["q"], 3)]


def test_capacity_in_vehicles_of_the_kind() -> None:
    """Ten trains of twenty; a ship of 300 lane metres for vehicles of ten; tonnes are vehicles times mass."""
    for mode, size, expected in (("road", 3, 72), ("rail", 10, 200), ("sea", 300, 30)):
        tables = net(("p", "A", "B", mode, 1, size, FULL.get(mode, {})))
        found = ask_tables("throughput", tables, replace(AB, vehicle=TRACKED)).json
        assert found["vehicles_per_day"] == pytest.approx(expected)
        assert found["tonnes_per_day"] == pytest.approx(60 * expected)


@pytest.mark.parametrize("name", ["tank-on-4-axle-wagon", "tank-on-6-axle-wagon", "wheeled-ifv"])
def test_a_shipped_vehicle_passes_at_its_own_load_and_not_below(name: str) -> None:
    import mobility

    one = mobility.vehicle(name)
    axle = (one.wagon.tare_t + one.per_wagon * one.mass_t) / one.wagon.axles
    metre = (one.wagon.tare_t + one.per_wagon * one.mass_t) / one.wagon.length_m
    asked = Vehicle(name=name)
    for limit, load in (("max_axle_t", axle), ("max_metre_load_t", metre)):
        assert way(two_ways("rail", {limit: load + 0.001}), asked) == ["fast"]
        assert way(two_ways("rail", {limit: load - 0.001}), asked) == ["slow"]


def test_the_choice_of_wagon_changes_the_network() -> None:
    """A tank of 64 t needs D2 on four axles and B2 on six."""
    cells = {"max_axle_t": None, "max_metre_load_t": None}
    four, six = Vehicle("tank-on-4-axle-wagon"), Vehicle("tank-on-6-axle-wagon")
    assert way(two_ways("rail", {**cells, "line_category": "D2"}), four) == ["fast"]
    assert way(two_ways("rail", {**cells, "line_category": "C4"}), four) == ["slow"]
    assert way(two_ways("rail", {**cells, "line_category": "B2"}), six) == ["fast"]
    assert way(two_ways("rail", {**cells, "line_category": "B1"}), six) == ["slow"]


def test_the_transporter_is_what_the_road_carries() -> None:
    import mobility

    het = mobility.vehicle("het-with-main-battle-tank")
    asked = Vehicle(het.name)
    assert way(two_ways("road", {"max_mass_t": het.mass_t}), asked) == ["fast"]
    assert way(two_ways("road", {"max_mass_t": het.mass_t - 1}), asked) == ["slow"]
    assert way(two_ways("road", {"mlc_wheeled": het.mlc_wheeled}), asked) == ["fast"]
    assert way(two_ways("road", {"mlc_wheeled": het.mlc_wheeled - 1}), asked) == ["slow"]


UNKNOWN = {"mlc_tracked": None, "mlc_wheeled": None, "max_mass_t": None}


def test_an_unknown_limit_is_forbidden_allowed_or_penalised() -> None:
    tables = two_ways("road", UNKNOWN)
    assert way(tables, TRACKED, "--unknown", "forbid") == ["slow"]
    assert way(tables, TRACKED, "--unknown", "allow") == ["fast"]
    only = net(("fast", "A", "B", "road", 1, 1, {"max_height_m": 6}))
    ask = replace(AB, vehicle=TRACKED)
    assert ask_tables("routes", only, ask, "--unknown", "forbid").code == 1
    for how in (["--unknown", "allow"], ["--unknown", "penalise"], []):
        answer = ask_tables("routes", only, ask, *how)
        assert answer.code == 0
        (route,) = answer.json["routes"]
        assert (route["unknown_km"], route["time_h"]) == (60, 1), "a penalty orders routes, it is no time"


def test_unknown_limits_do_not_concern_a_vehicle_without_limits() -> None:
    tables = two_ways("road", UNKNOWN)
    found = ask_tables("routes", tables, AB, "-k", 1, "--unknown", "forbid").json["routes"]
    assert (found[0]["links"], found[0]["unknown_km"]) == (["fast"], 0)


def test_an_estimated_limit_counts_as_stated_or_at_its_favourable_end() -> None:
    cells = {
        "mlc_tracked": 60,
        "estimated": "mlc_tracked",
        "ranges": "mlc_tracked=40:80",
        "confidence": "low",
    }
    tables = two_ways("road", cells)
    assert way(tables, TRACKED) == way(tables, TRACKED, "--estimates", "strict") == ["slow"]
    found = ask_tables("routes", tables, replace(AB, vehicle=TRACKED), "-k", 1, "--estimates", "favourable").json
    assert found["routes"][0]["links"] == ["fast"]
    assert found["routes"][0]["estimated_km"] == 60
    firm = two_ways("road", {"mlc_tracked": 60, "confidence": "high"})
    assert way(firm, TRACKED, "--estimates", "favourable") == ["slow"]


@given(networks(LIMITED), st.sampled_from([TRACKED, WHEELED]), st.integers(1, 5))
def test_routes_of_a_vehicle(case: tuple[Tables, Question], vehicle: Vehicle, k: int) -> None:
    tables, ask = case[0], replace(case[1], vehicle=vehicle)
    check_answer(tables, ask, k, ask_tables("routes", tables, ask, "-k", k))


@given(networks(LIMITED), st.sampled_from([TRACKED, WHEELED]))
def test_throughput_of_a_vehicle(case: tuple[Tables, Question], vehicle: Vehicle) -> None:
    check_throughput(case[0], replace(case[1], vehicle=vehicle))


@given(networks(LIMITED), st.data())
def test_raising_a_limit_never_hurts(case: tuple[Tables, Question], data: st.DataObject) -> None:
    tables, ask = case[0], replace(case[1], vehicle=TRACKED)
    row = data.draw(st.sampled_from(tables.links))
    raised = {**FULL.get(row["mode"], {}), "line_category": None}

    def best(answer: Answer) -> tuple[float, float]:
        routes = answer.json["routes"]
        return (routes[0]["time_h"] if routes else float("inf"), -len(routes))

    now = best(ask_tables("routes", tables, ask, "-k", 50))
    later = best(ask_tables("routes", tables.with_link(row["link_id"], **raised), ask, "-k", 50))
    assert later[0] <= now[0] + 1e-5
    assert later[1] <= now[1]


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 400, 100))
def test_vehicles_many(start: int) -> None:
    for seed, (tables, ask) in enumerate(seeded(100, LIMITED, start), start):
        ask = replace(ask, vehicle=(TRACKED, WHEELED)[seed % 2])
        check_answer(tables, ask, 8, ask_tables("routes", tables, ask, "-k", 8))
        check_throughput(tables, ask)
