"""``mobility throughput`` against two other maximum flows, and the cut against what a cut must do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asking import ask_folder, ask_tables, folder_of
from oracles.flow import max_flow, max_flow_by_turns, nearest_cut, without
from oracles.tables import Question, Tables, capacity
from strategies import Drawn, Shape, net, networks, relabelled, seeded

AB = Question(("A",), ("B",))
LIVELY = Shape(assets=True, life=True)


def flow_of(tables: Tables, ask: Question = AB, *more: object) -> float:
    answer = ask_tables("throughput", tables, ask, *more)
    value = answer.json["vehicles_per_day"]
    assert answer.code == (0 if value > 0 else 1)
    return value


def check_throughput(tables: Tables, ask: Question) -> None:
    """Hold value, cut and use of the links against the oracles."""
    expected = max_flow(tables, ask)
    assert expected == pytest.approx(max_flow_by_turns(tables, ask), abs=1e-6)
    answer = ask_tables("throughput", tables, ask)
    found = answer.json
    assert answer.code == (0 if expected else 1)
    assert found["vehicles_per_day"] == pytest.approx(expected, abs=1e-3)
    tonnes = (ask.vehicle and ask.vehicle.mass_t) or 1.0
    assert found["tonnes_per_day"] == pytest.approx(tonnes * expected, abs=1e-2)
    cut = nearest_cut(tables, ask)
    assert len(set(found["cut"])) == len(found["cut"])
    assert max_flow(without(tables, found["cut"]), ask) == 0, "the cut does not cut"
    assert set(found["cut"]) == set(cut), "not the minimum cut nearest the origins"
    assert sum(cut[label] for label in found["cut"]) == pytest.approx(found["vehicles_per_day"], abs=1e-3)
    used: dict[str, float] = {}
    for row in found["links"]:
        link = tables.link(row["link_id"])
        assert 0 <= row["vehicles_per_day"] <= 2 * capacity(link, ask.vehicle) + 1e-3
        assert 0 <= row["used_share"] <= 1 + 1e-6
        used[row["link_id"]] = max(used.get(row["link_id"], 0), row["used_share"])
    for label in found["cut"]:
        if ":" not in label:
            assert used[label] == pytest.approx(1), "a link of a minimum cut is full"


@given(networks())
def test_maximum_flow_and_minimum_cut(case: tuple[Tables, Question]) -> None:
    check_throughput(*case)


@given(networks(LIVELY))
def test_maximum_flow_on_what_is_open(case: tuple[Tables, Question]) -> None:
    check_throughput(*case)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 600, 100))
def test_maximum_flow_many(start: int) -> None:
    for shape in (Shape(), LIVELY):
        for tables, ask in seeded(100, shape, start):
            check_throughput(tables, ask)


@given(networks(), st.sampled_from([0.1, 0.25, 0.5]))
def test_the_share_scales_the_answer(case: tuple[Tables, Question], share: float) -> None:
    tables, ask = case
    assert flow_of(tables, ask, "--share", share) == pytest.approx(share * max_flow(tables, ask), abs=1e-3)


@given(networks(LIVELY), st.data())
def test_closing_never_helps_and_more_room_never_hurts(case: tuple[Tables, Question], data: st.DataObject) -> None:
    tables, ask = case
    row = data.draw(st.sampled_from(tables.links))
    more = {k: 3 * row[k] for k in ("capacity_veh_h", "capacity_trains_day", "ship_lane_m") if row.get(k)}
    now = flow_of(tables, ask)
    assert flow_of(tables, replace(ask, closed=frozenset({row["link_id"]}))) <= now + 1e-3
    assert flow_of(tables.with_link(row["link_id"], **more), ask) >= now - 1e-3
    assert flow_of(tables.with_link(row["link_id"], direction="both"), ask) >= now - 1e-3


@given(networks(), st.data())
def test_names_and_order_of_rows_change_nothing(case: tuple[Tables, Question], data: st.DataObject) -> None:
    """The cut nearest the origins is one set, so it keeps its elements under other names."""
    tables, ask = case
    again, question, old = relabelled(tables, ask, Drawn(data.draw))
    one, other = ask_tables("throughput", tables, ask).json, ask_tables("throughput", again, question).json
    assert one["vehicles_per_day"] == pytest.approx(other["vehicles_per_day"], abs=1e-3)

    def name(label: str) -> str:
        kind, _, thing = label.rpartition(":")
        return f"{kind}:{old[thing]}" if kind else old[thing]

    assert set(one["cut"]) == {name(label) for label in other["cut"]}


@given(networks(LIVELY))
def test_the_same_question_gives_the_same_answer(case: tuple[Tables, Question]) -> None:
    tables, ask = case
    with folder_of(tables) as folder:
        assert len({ask_folder("throughput", folder, ask).stdout for _ in range(2)}) == 1


def test_parallel_links_add_up() -> None:
    assert flow_of(net(*((f"p{i}", "A", "B", "road", 1, i) for i in (1, 2, 4)))) == 24 * 7


def test_each_direction_has_its_own_room() -> None:
    """Two demands that cross on one link do not take each other's room."""
    tables = net(
        ("a", "A", "X", "road", 1, 2),
        ("c", "C", "Y", "road", 1, 3),
        ("m", "X", "Y", "road", 1, 9),
        ("x", "X", "D", "road", 1, 3),
        ("y", "Y", "B", "road", 1, 2),
    )
    assert flow_of(tables, Question(("A", "C"), ("B", "D"))) == 24 * 5


def test_capacity_by_mode() -> None:
    """Road 24 hours; rail 30 vehicles `any` to a train; sea one lane metre each; a share of all."""
    for mode, size, expected in (("road", 3, 72), ("rail", 2, 60), ("sea", 45, 45)):
        tables = net(("p", "A", "B", mode, 1, size))
        assert flow_of(tables) == pytest.approx(expected)
        assert flow_of(tables, AB, "--share", 0.3) == pytest.approx(0.3 * expected)


def test_terminals_and_borders_throttle_each_direction() -> None:
    links = (("r", "A", "X", "road", 1, 1), ("t", "X", "B", "rail", 2, 1))
    change = (("X", "rail", "road", 0, 10),)
    wide = net(*links, terminals=change)
    assert flow_of(wide) == flow_of(wide, Question(("B",), ("A",))) == 10
    assert ask_tables("throughput", wide, AB).json["cut"] == ["terminal:X"]
    tight = net(*links, terminals=change, borders=(("X", "road", 0, 7), ("A", "road", 0, 1), ("B", "rail", 0, 1)))
    assert flow_of(tight) == 7
    assert ask_tables("throughput", tight, AB).json["cut"] == ["border:X"]
    assert flow_of(tight, Question(("B",), ("A",))) == 10
    assert flow_of(tight, AB, "--share", 0.5) == pytest.approx(3.5)


def test_the_cut_and_the_use_of_links_tell_one_story() -> None:
    """Rail to X, there only a ship, X-Y and back by sea, and on by road: if that counts as a way, s is full.

    Taking the two directions of s off each other would show rail turning into road at X, which no row allows.
    """
    tables = net(
        ("t", "A", "X", "rail", 1, 2),
        ("s", "X", "Y", "sea", 1, 20),
        ("r", "X", "B", "road", 1, 5),
        terminals=(("X", "sea", "road", 0.5, 600), ("X", "rail", "sea", 0.5, 600)),
    )
    found = ask_tables("throughput", tables, AB).json
    used = {row["link_id"]: row["used_share"] for row in found["links"] if row["vehicles_per_day"] > 0}
    if found["vehicles_per_day"] == 0:
        assert not used
    else:
        assert found["cut"] == ["s"]
        assert used["s"] == pytest.approx(1)


def test_large_capacities_do_not_overflow() -> None:
    """A day of road at 10 million vehicles an hour is above 2^31 in small units."""
    tables = net(*((f"p{i}", "A", "B", "road", 1, 10_000_000) for i in range(40)))
    assert flow_of(tables) == pytest.approx(40 * 24 * 10_000_000)


def test_small_capacities_are_not_rounded_to_nothing() -> None:
    rare = {"capacity_sailings_day": 0.05}
    tables = net(("p", "A", "B", "road", 1, 0.01), ("q", "A", "B", "sea", 1, 30, rare), ("r", "A", "B", "rail", 1, 0.1))
    assert flow_of(tables) == pytest.approx(0.24 + 1.5 + 3, abs=1e-3)
