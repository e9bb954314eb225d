"""``mobility contingency`` against asking everything again without each structure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from asking import ask_tables
from oracles.outages import Outage, outages, state
from oracles.tables import Question, Tables, together
from strategies import Shape, net, networks, seeded

AB = Question(("A",), ("B",))
ONE = Shape(assets=True, links=(5, 11))
TWO = Shape(assets=True, nodes=(4, 7), links=(5, 9))


def check_outages(tables: Tables, ask: Question, n: int) -> None:
    """Hold every outage that changes something against brute force, and see that no other is listed."""
    base = state(tables, ask)
    answer = ask_tables("contingency", tables, ask, "-n", n)
    if base.time_h is None:
        assert answer.code == 1
        return
    assert answer.code == 0
    found = answer.json
    compare(found["base"], base)
    expected = {lost: now for lost, now in outages(tables, ask, n) if changed(base, now)}
    listed: dict[frozenset[str], dict[str, Any]] = {}
    for row in found["outages"]:
        lost = together(tables, row["links"])
        assert lost not in listed, "an outage is listed twice"
        listed[lost] = row
    assert set(listed) == set(expected)
    for lost, now in expected.items():
        row = listed[lost]
        assert row["status"] == ("cut" if now.time_h is None else "ok")
        compare(row, now)
        left = 0.0 if now.time_h is None else now.vehicles_per_day
        assert row["lost_vehicles_per_day"] == pytest.approx(base.vehicles_per_day - left, abs=1e-3)
        if now.time_h is not None:
            assert row["delay_h"] == pytest.approx(now.time_h - base.time_h, abs=1e-5)
    cut = [row["status"] == "cut" for row in found["outages"]]
    assert cut == sorted(cut, reverse=True), "what cuts is worse than what delays"


def compare(row: dict[str, Any], now: Outage) -> None:
    """A cut has no time and no vehicles.

    Where only a walk that comes through a place twice is left, routes are cut and the flow is not; the
    contract says that a cut has 0 vehicles a day, so there the flow is not compared.
    """
    if now.time_h is None:
        assert row["time_h"] is None
        assert row["vehicles_per_day"] == 0
    else:
        assert row["time_h"] == pytest.approx(now.time_h, abs=1e-5)
        assert row["vehicles_per_day"] == pytest.approx(now.vehicles_per_day, abs=1e-3)


def changed(base: Outage, now: Outage) -> bool:
    if now.time_h is None or base.time_h is None:
        return now.time_h != base.time_h
    return now.time_h > base.time_h + 1e-6 or now.vehicles_per_day < base.vehicles_per_day - 1e-6


@given(networks(ONE))
def test_single_outages(case: tuple[Tables, Question]) -> None:
    check_outages(*case, n=1)


@given(networks(TWO))
def test_double_outages(case: tuple[Tables, Question]) -> None:
    check_outages(*case, n=2)


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("start", range(0, 300, 100))
def test_outages_many(start: int, n: int) -> None:
    for tables, ask in seeded(100, ONE if n == 1 else TWO, start):
        check_outages(tables, ask, n)


def test_a_road_and_rail_bridge_fails_once() -> None:
    tables = net(
        ("p", "A", "B", "road", 1, 1, {"asset_id": "bridge"}),
        ("q", "A", "B", "rail", 2, 1, {"asset_id": "bridge"}),
        ("r", "B", "A", "sea", 9, 5),
    )
    found = ask_tables("contingency", tables, AB, "-n", 1).json
    rows = [(set(r["links"]), r["status"], r["delay_h"], r["lost_vehicles_per_day"]) for r in found["outages"]]
    assert rows == [({"p", "q"}, "ok", 8, 54), ({"r"}, "ok", 0, 5)]


def test_an_outage_that_changes_nothing_is_not_listed() -> None:
    tables = net(("p", "A", "B", "road", 1, 1), ("q", "A", "X", "road", 1, 1), ("r", "A", "Y", "road", 1, 1))
    found = ask_tables("contingency", tables, AB, "-n", 1).json["outages"]
    assert [(r["links"], r["status"]) for r in found] == [(["p"], "cut")]


def test_no_outage_of_a_question_without_an_answer() -> None:
    tables = net(("p", "B", "A", "road", 1, 1, {"direction": "forward"}))
    assert ask_tables("contingency", tables, AB, "-n", 1).code == 1
