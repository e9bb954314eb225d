"""``mobility explain``: what blocks, the fewest limits to lift, and what some route still takes."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asking import TRACKED, WHEELED, ask_tables
from oracles.limits import blocked_pairs, fewest_to_lift, lift, widest
from oracles.routes import enumerate_routes
from oracles.tables import Question, Tables, Vehicle, limits
from strategies import Shape, net, networks, seeded

AB = Question(("A",), ("B",), vehicle=TRACKED)
LIMITED = Shape(limits=True, modes=("road", "rail"))


def check_explain(tables: Tables, ask: Question) -> None:
    """Hold ``blocking`` and ``relax`` against the pairs that the vehicle exceeds, where it passes or not."""
    answer = ask_tables("explain", tables, ask)
    found = answer.json
    open_ = bool(enumerate_routes(tables, ask))
    pairs = blocked_pairs(tables, ask)
    for row in [*found["blocking"], *found["relax"]]:
        value, required = pairs[row["link_id"], row["limit"]]
        assert row["value"] == pytest.approx(value)
        assert row["required"] == pytest.approx(required, abs=1e-3)
    relax = {(row["link_id"], row["limit"]) for row in found["relax"]}
    fewest = fewest_to_lift(tables, ask)
    assert answer.code in ((0,) if open_ else (0, 1)), "that there is no route may be the answer, or none"
    if open_:
        assert found["relax"] == []
    elif fewest is None:
        assert found["relax"] == [], "no limit stands between places that nothing connects"
    else:
        assert found["blocking"]
        assert enumerate_routes(lift(tables, relax), ask), "lifting these opens no route"
        assert len(found["relax"]) == len(relax) == fewest
    check_heaviest(tables, ask, found["heaviest"])


def check_heaviest(tables: Tables, ask: Question, heaviest: dict) -> None:
    """Hold the value per limit against the widest of all routes; no value: some route is free of it."""
    names = {"max_mass_t", "max_height_m", "max_axle_t", "max_metre_load_t", "mlc_tracked", "mlc_wheeled"}
    for name in names & set(heaviest):
        best = widest(tables, ask, name)
        if best is None:
            continue
        value = heaviest[name]["value"]
        assert (math.inf if value is None else value) == pytest.approx(best), name
        for link in heaviest[name]["links"]:
            assert limits(tables.link(link))[name] == pytest.approx(best)


@given(networks(LIMITED), st.sampled_from([TRACKED, WHEELED]))
def test_explain(case: tuple[Tables, Question], vehicle: Vehicle) -> None:
    check_explain(case[0], replace(case[1], vehicle=vehicle))


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 400, 100))
def test_explain_many(start: int) -> None:
    for seed, (tables, ask) in enumerate(seeded(100, LIMITED, start), start):
        check_explain(tables, replace(ask, vehicle=(TRACKED, WHEELED)[seed % 2]))


def test_one_limit_to_lift_although_the_way_is_longer() -> None:
    tables = net(
        ("p", "A", "X", "road", 1, 1, {"mlc_tracked": 20, "max_mass_t": 20}),
        ("q", "X", "B", "road", 1, 1, {"mlc_tracked": 90, "max_mass_t": 50}),
        ("r", "A", "B", "road", 9, 1, {"mlc_tracked": 90, "max_mass_t": 30}),
    )
    found = ask_tables("explain", tables, AB).json
    assert found["relax"] == [{"link_id": "r", "limit": "max_mass_t", "value": 30, "required": 60}]
    assert {(b["link_id"], b["limit"]) for b in found["blocking"]} >= {
        ("p", "mlc_tracked"),
        ("r", "max_mass_t"),
    }
    assert (found["heaviest"]["max_mass_t"]["value"], found["heaviest"]["max_mass_t"]["links"]) == (30, ["r"])
    assert (found["heaviest"]["mlc_tracked"]["value"], found["heaviest"]["mlc_tracked"]["links"]) == (
        90,
        ["r"],
    )


def test_all_limits_of_the_only_way() -> None:
    tables = net(
        ("p", "A", "X", "road", 1, 1, {"mlc_tracked": 20, "max_height_m": 3}),
        ("q", "X", "B", "rail", 1, 1, {"line_category": "C2"}),
        terminals=(("X", "road", "rail", 0, 9),),
    )
    found = ask_tables("explain", tables, AB).json
    assert {(b["link_id"], b["limit"], b["value"]) for b in found["relax"]} == {
        ("p", "mlc_tracked", 20),
        ("p", "max_height_m", 3),
        ("q", "max_metre_load_t", 6.4),
    }


def test_nothing_to_lift_where_nothing_connects() -> None:
    tables = net(("p", "A", "X", "road", 1, 1, {"mlc_tracked": 20}), ("q", "Y", "B", "road", 1, 1))
    answer = ask_tables("explain", tables, AB)
    assert answer.json["relax"] == []


def test_an_open_way_needs_nothing() -> None:
    tables = net(("p", "A", "B", "road", 1, 1, {"mlc_tracked": 70, "max_mass_t": 60, "max_height_m": 4}))
    answer = ask_tables("explain", tables, AB)
    assert (answer.code, answer.json["relax"], answer.json["blocking"]) == (0, [], [])
