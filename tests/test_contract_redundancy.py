"""``mobility redundancy`` against set packing over all routes."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given

from asking import ask_tables
from oracles.disjoint import link_disjoint, node_disjoint
from oracles.routes import enumerate_routes
from oracles.tables import Question, Tables
from strategies import Shape, net, networks, seeded

AB = Question(("A",), ("B",))


def check_links(tables: Tables, ask: Question) -> None:
    """Hold the link-disjoint set against the integer programme: how many, and of least total time."""
    best = link_disjoint(tables, ask)
    answer = ask_tables("redundancy", tables, ask)
    found = answer.json
    assert answer.code == (0 if best.count else 1)
    assert found["link_disjoint"] == best.count
    assert len(found["routes"]) == best.count
    known = {r.links: r.time_h for r in enumerate_routes(tables, ask)}
    chosen = [tuple(r["links"]) for r in found["routes"]]
    assert set(chosen) <= set(known)
    for one, other in combinations(chosen, 2):
        assert not set(one) & set(other)
    if best.count:
        assert found["total_time_h"] == pytest.approx(sum(known[c] for c in chosen), abs=1e-5)
        assert found["total_time_h"] == pytest.approx(best.total_time_h, abs=1e-5)


def check_nodes(tables: Tables, ask: Question) -> None:
    """Hold the count of node-disjoint routes against the integer programme."""
    found = ask_tables("redundancy", tables, ask).json
    assert found["node_disjoint"] == node_disjoint(tables, ask).count
    assert found["node_disjoint"] <= found["link_disjoint"]


@given(networks())
def test_link_disjoint_routes(case: tuple[Tables, Question]) -> None:
    check_links(*case)


@given(networks(Shape(links=(8, 14), modes=("road",), borders=False)))
def test_link_disjoint_routes_by_road(case: tuple[Tables, Question]) -> None:
    check_links(*case)


@given(networks())
def test_node_disjoint_routes(case: tuple[Tables, Question]) -> None:
    check_nodes(*case)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 600, 100))
def test_disjoint_routes_many(start: int) -> None:
    for tables, ask in seeded(100, Shape(), start):
        check_links(tables, ask)
        check_nodes(tables, ask)


def test_the_fastest_route_may_stand_in_the_way() -> None:
    tables = net(
        ("a", "A", "X", "road", 1, 1),
        ("m", "X", "Y", "road", 1, 1),
        ("d", "Y", "B", "road", 1, 1),
        ("b", "A", "Y", "road", 4, 1),
        ("c", "X", "B", "road", 4, 1),
    )
    found = ask_tables("redundancy", tables, AB).json
    assert (found["link_disjoint"], found["node_disjoint"], found["total_time_h"]) == (2, 2, 10)


def test_both_directions_of_a_link_are_one_link() -> None:
    """Two routes that meet head-on share the link, whatever their modes before and after it.

    Where they change modes at its ends, undoing the encounter may need a change that no row allows, so the
    cancelling of opposite flows is no proof that they are disjoint.
    """
    tables = net(
        ("a", "A", "X", "road", 1, 1),
        ("m", "X", "Y", "road", 1, 1),
        ("d", "Y", "B", "rail", 1, 1),
        ("b", "A", "Y", "sea", 1, 1),
        ("c", "X", "B", "sea", 1, 1),
        terminals=(("Y", "road", "rail", 0, 99), ("Y", "sea", "road", 0, 99), ("X", "road", "sea", 0, 99)),
    )
    check_links(tables, AB)


def test_a_shared_terminal_is_no_shared_link() -> None:
    tables = net(
        *((f"r{i}", "A", "X", "road", 1 + i, 1) for i in range(3)),
        *((f"t{i}", "X", "B", "rail", 1 + i, 1) for i in range(3)),
        terminals=(("X", "road", "rail", 0.5, 1),),
    )
    found = ask_tables("redundancy", tables, AB).json
    assert (found["link_disjoint"], found["node_disjoint"], found["total_time_h"]) == (3, 1, 13.5)


def test_no_route_of_the_set_comes_twice_through_a_place() -> None:
    """By rail to X, by sea to Y and back by road: with it there would be two, without it there is one."""
    tables = net(
        ("s1", "A", "X", "sea", 0, 10, {"direction": "forward"}),
        ("s2", "X", "B", "sea", 0.5, 50, {"direction": "forward"}),
        ("t", "A", "X", "rail", 0.5, 4),
        ("u", "X", "Y", "sea", 0, 50),
        ("v", "Y", "X", "road", 1.25, 2),
        ("w", "X", "B", "road", 0.5, 5),
        terminals=(("X", "sea", "rail", 0, 5), ("Y", "road", "sea", 0, 60)),
    )
    found = ask_tables("redundancy", tables, AB).json
    assert [r["links"] for r in found["routes"]] == [["s1", "s2"]]
    assert (found["link_disjoint"], found["total_time_h"]) == (1, 0.5)


def test_a_loop_is_undone_where_the_set_allows_it() -> None:
    """Two routes of 7.25 h in all, either way; only one way of pairing them comes through no place twice."""
    tables = net(
        ("s", "A", "Y", "sea", 2, 300),
        ("r", "Y", "B", "road", 1, 1),
        ("t", "A", "X", "rail", 0.5, 4),
        ("u", "X", "Y", "sea", 0.5, 300),
        ("v", "Y", "X", "road", 1, 5),
        ("w", "X", "B", "road", 0.25, 1),
        terminals=(("X", "rail", "sea", 2, 60), ("Y", "sea", "road", 0, 600)),
    )
    check_links(tables, AB)


def test_none() -> None:
    answer = ask_tables("redundancy", net(("p", "B", "A", "road", 1, 1, {"direction": "forward"})), AB)
    assert answer.code == 1
    assert (answer.json["link_disjoint"], answer.json["node_disjoint"], answer.json["routes"]) == (0, 0, [])
