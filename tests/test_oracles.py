"""The oracles themselves: cases small enough to be settled on paper, and the oracles against each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given

from oracles.disjoint import link_disjoint, node_disjoint
from oracles.flow import max_flow, max_flow_by_turns, nearest_cut, without
from oracles.limits import blocked_pairs, fewest_to_lift, smallest_relaxation, widest
from oracles.outages import outages, state
from oracles.routes import best_time, enumerate_routes
from oracles.tables import LINE_CATEGORY, Question, Tables, Vehicle, blocked_by, limits, together
from strategies import Shape, net, networks, seeded

AB = Question(("A",), ("B",))


def lists(tables: Tables, ask: Question = AB) -> list[tuple[str, ...]]:
    return [r.links for r in enumerate_routes(tables, ask)]


def test_parallel_links_are_two_routes() -> None:
    tables = net(("p", "A", "B", "road", 2, 1), ("q", "A", "B", "road", 1, 2))
    assert [(r.links, r.time_h) for r in enumerate_routes(tables, AB)] == [(("q",), 1.0), (("p",), 2.0)]
    assert max_flow(tables, AB) == max_flow_by_turns(tables, AB) == 24 * 3
    assert link_disjoint(tables, AB).count == node_disjoint(tables, AB).count == 2


def test_a_one_way_link_is_run_one_way() -> None:
    tables = net(("p", "A", "B", "road", 1, 1, {"direction": "forward"}))
    back = Question(("B",), ("A",))
    assert lists(tables) == [("p",)]
    assert lists(tables, back) == []
    assert max_flow(tables, back) == max_flow_by_turns(tables, back) == 0.0


def test_mode_changes_only_by_a_row_and_both_ways() -> None:
    links = (("r", "A", "X", "road", 1, 1), ("t", "X", "B", "rail", 2, 1))
    assert lists(net(*links)) == []
    tables = net(*links, terminals=(("X", "rail", "road", 0.5, 10),))
    assert [r.time_h for r in enumerate_routes(tables, AB)] == [3.5]
    assert [r.time_h for r in enumerate_routes(tables, Question(("B",), ("A",)))] == [3.5]
    assert max_flow(tables, AB) == max_flow_by_turns(tables, AB) == 10.0
    assert nearest_cut(tables, AB) == {"terminal:X": 10.0}


def test_two_rows_at_one_place_do_not_chain() -> None:
    tables = net(
        ("r", "A", "X", "road", 1, 1),
        ("s", "X", "B", "sea", 1, 30),
        terminals=(("X", "road", "rail", 0, 50), ("X", "rail", "sea", 0, 50)),
    )
    assert lists(tables) == []
    assert max_flow(tables, AB) == max_flow_by_turns(tables, AB) == 0.0


def test_a_place_is_not_visited_twice_even_in_another_mode() -> None:
    """By road to X, on to Y, there to rail and back through X: a walk in the modes' layers, not a route."""
    tables = net(
        ("r1", "A", "X", "road", 1, 1),
        ("r2", "X", "Y", "road", 1, 1),
        ("t1", "Y", "X", "rail", 1, 1),
        ("t2", "X", "B", "rail", 1, 1),
        terminals=(("Y", "road", "rail", 0, 1000),),
    )
    assert lists(tables) == []
    assert max_flow(tables, AB) == max_flow_by_turns(tables, AB) == 24.0


def test_a_border_is_waited_at_when_passed_by_the_arriving_mode() -> None:
    links = (("r", "A", "X", "road", 1, 1), ("t", "X", "B", "rail", 2, 1))
    change = (("X", "road", "rail", 0.5, 100),)
    tables = net(*links, terminals=change, borders=(("X", "road", 4, 7), ("A", "road", 9, 1), ("B", "rail", 9, 1)))
    assert best_time(tables, AB) == 1 + 4 + 0.5 + 2
    assert max_flow(tables, AB) == max_flow_by_turns(tables, AB) == 7.0
    assert nearest_cut(tables, AB) == {"border:X": 7.0}
    other = net(*links, terminals=change, borders=(("X", "rail", 4, 7),))
    assert best_time(other, AB) == 3.5
    assert best_time(other, Question(("B",), ("A",))) == 7.5


def test_a_route_may_pass_through_another_origin_and_another_destination() -> None:
    tables = net(("p", "A", "C", "road", 1, 1), ("q", "C", "B", "road", 1, 1), ("s", "B", "D", "road", 1, 1))
    ask = Question(("A", "C"), ("B", "D"))
    assert set(lists(tables, ask)) == {("q",), ("p", "q"), ("q", "s"), ("p", "q", "s")}


def test_options_of_the_question() -> None:
    tables = net(
        ("p", "A", "X", "road", 1, 1),
        ("q", "X", "B", "road", 1, 1),
        ("s", "A", "B", "sea", 5, 9, {"asset_id": "pier"}),
        ("u", "A", "Y", "road", 1, 1, {"status": "planned", "open_year": 2029}),
        ("v", "Y", "B", "road", 3, 1, {"asset_id": "pier"}),
        ("w", "A", "B", "road", 1, 1, {"status": "closed"}),
        X="MK",
        Y="BG",
    )
    short, sea, new = ("p", "q"), ("s",), ("u", "v")
    assert lists(tables) == [short, sea]
    assert lists(tables, replace(AB, year=2029)) == [short, sea]
    assert lists(tables, replace(AB, year=2030)) == [short, new, sea]
    assert lists(tables, replace(AB, modes=frozenset({"sea"}))) == [sea]
    assert lists(tables, replace(AB, via="X")) == [short]
    for thing in ("X", "MK", "q"):
        assert lists(tables, replace(AB, avoid=frozenset({thing}))) == [sea]
    assert lists(tables, replace(AB, countries=frozenset({"AL", "MK"}))) == [short, sea]
    assert lists(tables, replace(AB, countries=frozenset({"AL"}))) == [sea]
    assert lists(tables, replace(AB, year=2030, closed=frozenset({"v"}))) == [short]
    assert together(tables, ["v", "p"]) == {"v", "s", "p"}


def test_speed_gives_the_time_only_without_one() -> None:
    assert best_time(net(("p", "A", "B", "road", None, 1, {"speed_kmh": 40})), AB) == 1.5
    assert best_time(net(("p", "A", "B", "road", 4, 1, {"speed_kmh": 40})), AB) == 4.0


def test_capacities_by_mode() -> None:
    for mode, size, expected in (("road", 3, 72), ("rail", 2, 60), ("sea", 45, 45)):
        tables = net(("p", "A", "B", mode, 1, size))
        assert max_flow(tables, AB) == max_flow_by_turns(tables, AB) == expected


def test_the_cut_nearest_the_origins() -> None:
    """A chain of equal links is cut at its first."""
    chain = net(("p", "A", "X", "road", 1, 1), ("q", "X", "Y", "road", 1, 1), ("r", "Y", "B", "road", 1, 1))
    assert nearest_cut(chain, AB) == {"p": 24.0}
    diamond = net(
        ("a", "A", "X", "road", 1, 3),
        ("b", "A", "Y", "road", 1, 2),
        ("m", "X", "Y", "road", 1, 1),
        ("c", "X", "B", "road", 1, 2),
        ("d", "Y", "B", "road", 1, 3),
    )
    assert max_flow(diamond, AB) == max_flow_by_turns(diamond, AB) == 120.0
    assert nearest_cut(diamond, AB) == {"a": 72.0, "b": 48.0}


def test_disjoint_routes_need_not_hold_the_fastest() -> None:
    """The trap network: the fastest route takes a link from both routes of the only disjoint pair."""
    tables = net(
        ("a", "A", "X", "road", 1, 1),
        ("m", "X", "Y", "road", 1, 1),
        ("d", "Y", "B", "road", 1, 1),
        ("b", "A", "Y", "road", 4, 1),
        ("c", "X", "B", "road", 4, 1),
    )
    assert enumerate_routes(tables, AB)[0].links == ("a", "m", "d")
    best = link_disjoint(tables, AB)
    assert (best.count, best.total_time_h, {r.links for r in best.routes}) == (
        2,
        10.0,
        {("a", "c"), ("b", "d")},
    )


def test_one_place_shared_makes_routes_link_but_not_node_disjoint() -> None:
    links = [(f"{end}{i}", *ends, "road", 1 + i, 1) for end, ends in (("p", "AX"), ("q", "XB")) for i in range(3)]
    tables = net(*links)
    assert len(lists(tables)) == 9
    assert (link_disjoint(tables, AB).count, node_disjoint(tables, AB).count) == (3, 1)
    assert link_disjoint(tables, AB).total_time_h == 12.0


def test_outages_close_both_directions_and_whole_structures() -> None:
    tables = net(
        ("p", "A", "B", "road", 1, 1, {"asset_id": "bridge"}),
        ("q", "A", "B", "rail", 2, 1, {"asset_id": "bridge"}),
        ("r", "B", "A", "sea", 9, 5),
    )
    left = {tuple(sorted(lost)): (now.time_h, now.vehicles_per_day) for lost, now in outages(tables, AB)}
    assert left == {("p", "q"): (9.0, 5.0), ("r",): (1.0, 54.0)}
    assert dict(outages(tables, AB, n=2)) == {frozenset("pqr"): state(net(), AB)}


def test_limits_block_above_and_not_at_the_value() -> None:
    row = {"mode": "road", "max_mass_t": 60, "mlc_tracked": 70, "max_height_m": 4}
    assert blocked_by(row, Vehicle(mass_t=60, mlc_tracked=70, height_m=4)) == {}
    assert blocked_by(row, Vehicle(mass_t=60.1, mlc_wheeled=999, height_m=4.1)) == {
        "max_mass_t": (60, 60.1),
        "max_height_m": (4, 4.1),
    }
    assert blocked_by({**row, "mode": "rail"}, Vehicle(mass_t=99)) == {}


def test_line_categories() -> None:
    """A 64 t tank: 22.1 t an axle and 5.9 t a metre on four axles, 16.1 and 5.9 on six (rail facts)."""
    four, six = (
        Vehicle(rail_axle_t=22.1, rail_metre_load_t=5.9),
        Vehicle(rail_axle_t=16.1, rail_metre_load_t=5.9),
    )

    def fits(vehicle: Vehicle) -> set[str]:
        return {c for c in LINE_CATEGORY if not blocked_by({"mode": "rail", "line_category": c}, vehicle)}

    assert fits(four) == {"D2", "D3", "D4", "E4", "E5"}
    assert fits(six) == set(LINE_CATEGORY) - {"A", "B1"}
    stated = limits({"mode": "rail", "line_category": "D4", "max_axle_t": 20})
    assert stated == {"max_axle_t": 20.0, "max_metre_load_t": 8.0}


def test_relaxing_and_widest() -> None:
    tables = net(
        ("p", "A", "X", "road", 1, 1, {"max_mass_t": 20, "max_height_m": 3}),
        ("q", "X", "B", "road", 1, 1, {"max_mass_t": 50, "max_height_m": 9}),
        ("r", "A", "B", "road", 9, 1, {"max_mass_t": 30, "max_height_m": 9}),
    )
    ask = replace(AB, vehicle=Vehicle(mass_t=60, height_m=4))
    assert smallest_relaxation(tables, ask) == (1, [frozenset({("r", "max_mass_t")})])
    assert smallest_relaxation(tables, replace(ask, closed=frozenset("r"))) == (
        3,
        [frozenset({("p", "max_mass_t"), ("p", "max_height_m"), ("q", "max_mass_t")})],
    )
    assert smallest_relaxation(tables, replace(ask, closed=frozenset("rq"))) is None
    assert smallest_relaxation(tables, AB) == (0, [frozenset()])
    assert (widest(tables, ask, "max_mass_t"), widest(tables, ask, "max_height_m")) == (30, 9)


@given(networks(Shape(limits=True, modes=("road", "rail"), links=(5, 8))))
def test_two_ways_to_count_limits_to_lift_agree(case: tuple[Tables, Question]) -> None:
    tables, ask = case[0], replace(case[1], vehicle=Vehicle(mass_t=60, rail_axle_t=21))
    assume(len(blocked_pairs(tables, ask)) <= 8)
    found = smallest_relaxation(tables, ask)
    assert fewest_to_lift(tables, ask) == (found and found[0])


@given(networks())
def test_two_flows_agree_and_the_cut_is_one(case: tuple[Tables, Question]) -> None:
    tables, ask = case
    value, cut = max_flow(tables, ask), nearest_cut(tables, ask)
    assert value == pytest.approx(max_flow_by_turns(tables, ask), abs=1e-6)
    assert value == pytest.approx(sum(cut.values()))
    assert max_flow(without(tables, cut), ask) == 0.0


@given(networks(Shape(assets=True, life=True)))
def test_routes_are_what_they_claim(case: tuple[Tables, Question]) -> None:
    tables, ask = case
    routes = enumerate_routes(tables, ask)
    assert len({r.links for r in routes}) == len(routes)
    for route in routes:
        assert len(set(route.nodes)) == len(route.nodes) == len(route.links) + 1
        assert route.nodes[0] in ask.origins
        assert route.nodes[-1] in ask.destinations
    if routes:
        assert max_flow(tables, ask) > 0


def test_the_generator_makes_interesting_networks() -> None:
    """Guard against a generator gone dull: most networks connect, many have several routes."""
    found = [(t, a, enumerate_routes(t, a)) for t, a in seeded(200)]
    assert sum(bool(r) for _, _, r in found) > 120
    assert sum(len(r) > 3 for _, _, r in found) > 50
    assert sum(len({m for x in r for m in x.modes}) > 1 for _, _, r in found) > 60
    assert sum(link_disjoint(t, a).count > 1 for t, a, _ in found[:60]) > 15
