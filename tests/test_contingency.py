"""N-1, N-2 and the bottleneck register against asking everything again without the links."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mobility as mb
from asking import ask_folder, ask_tables, folder_of
from mobility import kernels
from mobility.compiled import CompiledFlow
from mobility.errors import InputError
from oracles.outages import (
    Outage,
    Parts,
    disconnecting,
    outages_of,
    places,
    state,
    states,
    structures,
    tight,
    without,
)
from oracles.tables import Question, Tables, together
from strategies import Drawn, Seeded, Shape, build, net, networks, relabelled, seeded, write_csv

AB = Question(("A",), ("B",))
SMALL = Shape(nodes=(4, 6), links=(5, 9), assets=True)
"""Small enough that all pairs can be asked again."""


def rows_by_units(answer: dict[str, Any]) -> dict[frozenset[str], dict[str, Any]]:
    found: dict[frozenset[str], dict[str, Any]] = {}
    for row in answer["outages"]:
        units = frozenset(row["units"])
        assert units not in found, "an outage is listed twice"
        found[units] = row
    return found


def check_parts(tables: Tables, ask: Question, of: str, parts: Parts, n: int) -> None:
    """Hold every outage of some parts against brute force, with what a pair costs beyond each alone."""
    base = state(tables, ask)
    with folder_of(tables) as folder:
        write_groups(folder, parts, of)
        answer = ask_folder("contingency", folder, ask, "-n", n, "--of", of)
    if base.time_h is None:
        assert answer.code == 1
        return
    found = answer.json
    everything = dict(outages_of(tables, ask, parts, n))
    assert found["tried"] == len(everything)
    expected = {units: now for units, now in everything.items() if differs(base, now)}
    listed = rows_by_units(found)
    assert set(listed) == set(expected)
    assert found["changing"] == len(expected)
    assert found["complete"] is True
    alone = dict(outages_of(tables, ask, parts, 1))
    for units, now in expected.items():
        row = listed[units]
        assert frozenset(row["links"]) == frozenset().union(*(parts[u] for u in units))
        compare(row, now)
        if n == 2:
            compare_excess(row, now, [alone[frozenset([u])] for u in units])


def write_groups(folder: Path, parts: Parts, of: str) -> None:
    if of == "groups":
        rows = [{"group_id": g, "link_id": x} for g, links in parts.items() for x in sorted(links)]
        write_csv(folder / "groups.csv", rows)


def differs(base: Outage, now: Outage) -> bool:
    assert base.time_h is not None
    if now.time_h is None:
        return True
    return now.time_h > base.time_h + 1e-6 or now.vehicles_per_day < base.vehicles_per_day - 1e-6


def left(now: Outage) -> float:
    return 0.0 if now.time_h is None else now.vehicles_per_day


def compare(row: dict[str, Any], now: Outage) -> None:
    assert row["status"] == ("cut" if now.time_h is None else "ok")
    assert row["time_h"] == (None if now.time_h is None else pytest.approx(now.time_h, abs=1e-5))
    assert row["vehicles_per_day"] == pytest.approx(left(now), abs=1e-3)


def compare_excess(row: dict[str, Any], now: Outage, alone: list[Outage]) -> None:
    worse = min(left(one) for one in alone)
    assert row["excess_lost_vehicles_per_day"] == pytest.approx(worse - left(now), abs=1e-3)
    if any(one.time_h is None for one in alone):
        assert row["excess_delay_h"] == 0
    elif now.time_h is None:
        assert row["excess_delay_h"] is None
    else:
        slower = max(one.time_h for one in alone if one.time_h is not None)
        assert row["excess_delay_h"] == pytest.approx(now.time_h - slower, abs=1e-5)


def named(tables: Tables) -> Parts:
    """Return the structures under the id that the answer gives them."""
    asset = {r["link_id"]: r.get("asset_id") for r in tables.links}
    return {asset[min(one)] or min(one): one for one in structures(tables)}


@given(networks(SMALL))
def test_pairs_of_links(case: tuple[Tables, Question]) -> None:
    tables, ask = case
    check_parts(tables, ask, "links", named(tables), 2)


@pytest.mark.parametrize("n", [1, 2])
@given(case=networks(Shape(nodes=(4, 6), links=(6, 10), assets=True)))
def test_places(case: tuple[Tables, Question], n: int) -> None:
    tables, ask = case
    check_parts(tables, ask, "nodes", places(tables, ask), n)


@pytest.mark.parametrize("n", [1, 2])
@given(case=networks(SMALL), draw=st.data())
def test_groups(case: tuple[Tables, Question], draw: st.DataObject, n: int) -> None:
    tables, ask = case
    ids = [r["link_id"] for r in tables.links]
    drawn = draw.draw(st.lists(st.lists(st.sampled_from(ids), min_size=1, max_size=4), min_size=1, max_size=4))
    check_parts(tables, ask, "groups", {f"G{i}": together(tables, links) for i, links in enumerate(drawn)}, n)


@pytest.mark.parametrize("n", [1, 2])
@given(case=networks(SMALL))
def test_countries(case: tuple[Tables, Question], n: int) -> None:
    tables, ask = case
    check_parts(tables, ask, "countries", states(tables), n)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 200, 50))
def test_pairs_many(start: int) -> None:
    for tables, ask in seeded(50, Shape(nodes=(4, 7), links=(6, 12), assets=True), start):
        check_parts(tables, ask, "links", named(tables), 2)
        check_parts(tables, ask, "nodes", places(tables, ask), 2)


@given(networks(Shape(links=(6, 12), assets=True)))
def test_losing_more_never_helps(case: tuple[Tables, Question]) -> None:
    tables, ask = case
    both = ask_tables("contingency", tables, ask, "-n", 2)
    if both.code:
        return
    one = ask_tables("contingency", tables, ask, "-n", 1).json
    alone, base = rows_by_units(one), one["base"]
    for units, row in rows_by_units(both.json).items():
        for u in units:
            single = alone.get(frozenset([u]), base)
            assert row["vehicles_per_day"] <= single["vehicles_per_day"] + 1e-6
            assert row["time_h"] is None or (single["time_h"] is not None and row["time_h"] >= single["time_h"])
        assert row["excess_lost_vehicles_per_day"] >= 0


@given(case=networks(SMALL), draw=st.data())
def test_other_ids_in_another_order(case: tuple[Tables, Question], draw: st.DataObject) -> None:
    tables, ask = case
    again, same, was = relabelled(tables, ask, Drawn(draw.draw))
    before = ask_tables("contingency", tables, ask, "-n", 2)
    after = ask_tables("contingency", again, same, "-n", 2)
    assert before.code == after.code
    if before.code:
        return

    def effects(answer: dict[str, Any], names: dict[str, str]) -> dict[frozenset[str], tuple[Any, ...]]:
        found = {}
        for row in answer["outages"]:
            time = None if row["time_h"] is None else round(row["time_h"], 6)
            found[frozenset(names.get(x, x) for x in row["links"])] = (time, round(row["vehicles_per_day"], 6))
        return found

    assert effects(before.json, {}) == effects(after.json, was)


def test_two_halves_of_one_bridge_and_its_only_way_round() -> None:
    tables = net(
        ("p", "A", "B", "road", 1, 1, {"asset_id": "bridge"}),
        ("q", "A", "B", "rail", 2, 1, {"asset_id": "bridge"}),
        ("r", "B", "A", "sea", 9, 5),
        ("s", "A", "C", "road", 1, 1),
    )
    found = ask_tables("contingency", tables, AB, "-n", 2).json
    (cut,) = [r for r in found["outages"] if r["status"] == "cut"]
    assert (set(cut["units"]), set(cut["links"])) == ({"bridge", "r"}, {"p", "q", "r"})
    assert (cut["time_h"], cut["delay_h"], cut["excess_delay_h"], cut["vehicles_per_day"]) == (None, None, None, 0)
    assert cut["excess_lost_vehicles_per_day"] == 5  # the bridge alone takes 54 of 59
    assert {frozenset(r["units"]) for r in found["outages"]} == {
        frozenset(p) for p in (("bridge", "r"), ("bridge", "s"), ("r", "s"))
    }


def test_a_pair_of_detours_matters_only_together() -> None:
    ways = [("a", 1), ("b", 2), ("c", 3)]
    tables = net(*((name, "A", "B", "road", hours, 1) for name, hours in ways))
    found = rows_by_units(ask_tables("contingency", tables, AB, "-n", 2).json)
    assert {k: (r["delay_h"], r["excess_delay_h"]) for k, r in found.items()} == {
        frozenset("ab"): (2, 1), frozenset("ac"): (1, 0), frozenset("bc"): (0, 0),
    }  # fmt: skip
    assert all(r["excess_lost_vehicles_per_day"] == 24 for r in found.values())


def test_the_only_origin_is_no_outage_but_one_of_two_is() -> None:
    tables = net(("p", "A", "M", "road", 1, 1), ("q", "M", "B", "road", 1, 1), ("r", "C", "B", "road", 5, 1))
    alone = ask_tables("contingency", tables, AB, "--of", "nodes").json
    assert [(r["units"], r["status"]) for r in alone["outages"]] == [(["M"], "cut")]
    both = ask_tables("contingency", tables, Question(("A", "C"), ("B",)), "--of", "nodes").json
    assert {r["units"][0]: r["time_h"] for r in both["outages"]} == {"A": 5, "M": 5, "C": 2}


def test_what_cannot_be_asked_is_refused_all_at_once() -> None:
    tables = net(("p", "A", "B", "road", 1, 1))
    with folder_of(tables) as folder:
        answer = ask_folder("contingency", folder, Question(("A",), ("Q",)), "-n", 3, "--of", "groups")
    assert answer.code == 2
    assert "n is 3" in answer.stderr
    assert "groups.csv" in answer.stderr
    assert "'Q'" in answer.stderr
    with pytest.raises(InputError, match="must be links, nodes"):
        mb.contingency(mb.load(), "Bar", "Burgas", of="bridges")


def test_a_question_without_an_answer_has_no_outage() -> None:
    tables = net(("p", "B", "A", "road", 1, 1, {"direction": "forward"}))
    for more in (("-n", 2), ("--of", "nodes")):
        answer = ask_tables("contingency", tables, AB, *more)
        assert (answer.code, answer.json["outages"], answer.json["base"]["time_h"]) == (1, [], None)
    assert ask_tables("bottlenecks", tables, AB).code == 1


# ---- on the shipped network


ASK: dict[str, Any] = {"origin": ["Bar", "Durrës"], "destination": ["Constanța", "Burgas"], "share": 0.3}


def test_pairs_of_the_shipped_network_are_what_closing_them_gives() -> None:
    shipped = mb.load()
    answer = mb.contingency(shipped, n=2, **ASK)
    assert len(answer.outages) == answer.changing > 1000
    rng = np.random.default_rng(11)
    together_ = answer.outages.together  # type: ignore[attr-defined]
    assert 0 < len(together_) < len(answer.outages)
    picked = [answer.outages[int(i)] for i in rng.choice(len(answer.outages), 6)]
    picked += [together_[int(i)] for i in rng.choice(len(together_), 6)]
    for outage in picked:
        ends = ASK["origin"], ASK["destination"]
        best = mb.routes(shipped, *ends, k=1, close=outage.links).routes
        flow = mb.throughput(shipped, *ends, share=0.3, close=outage.links)
        assert outage.time_h == (pytest.approx(best[0].time_h) if best else None)
        assert outage.vehicles_per_day == pytest.approx(flow.vehicles_per_day if best else 0.0, abs=1e-3)


@pytest.mark.parametrize("of", ["links", "countries"])
def test_compiled_and_plain_give_the_same(of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped, home = mb.load(), sys.modules["mobility.contingency"]
    ask = {**ASK, "origin": "Durrës", "modes": "road,sea"}
    monkeypatch.setattr(home, "COMPILE_WORK", 1 << 60)
    plain = mb.contingency(shipped, n=2, of=of, **ask).to_dict()
    monkeypatch.setattr(home, "COMPILE_WORK", -1)
    assert mb.contingency(shipped, n=2, of=of, **ask).to_dict() == plain


def test_too_many_pairs_leave_out_what_one_alone_does(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = {**ASK, "modes": "road"}
    whole = mb.contingency(mb.load(), n=2, **ask)
    monkeypatch.setattr(sys.modules["mobility.contingency"], "MOST_PAIRS", 10)
    part = mb.contingency(mb.load(), n=2, **ask)
    assert (whole.complete, part.complete) == (True, False)
    assert part.changing == whole.changing == len(whole.outages)
    assert list(part.outages) == list(whole.outages.together)  # type: ignore[attr-defined]


def test_outages_are_a_sequence_and_a_table() -> None:
    answer = mb.contingency(mb.load(), n=2, modes="road", **ASK)
    some = answer.outages[3:6]
    assert some == tuple(answer.outages[i] for i in (3, 4, 5))
    assert answer.outages[-1] == list(answer.outages)[-1]
    with pytest.raises(IndexError):
        answer.outages[len(answer.outages)]
    frame = answer.to_frame()
    assert len(frame) == len(answer.outages)
    assert frame["lost_vehicles_per_day"].iloc[4] == some[1].lost_vehicles_per_day
    rows = json.loads(json.dumps(answer.to_dict(), allow_nan=False))["outages"]
    assert [tuple(r["units"]) for r in rows[3:6]] == [o.units for o in some]


# ---- the inner loops


def max_flow(n: int, tail: Any, head: Any, capacity: Any) -> int:
    graph = nx.DiGraph()
    graph.add_nodes_from(range(n))
    for t, h, c in zip(tail.tolist(), head.tolist(), capacity.tolist(), strict=True):
        if t != h:
            graph.add_edge(t, h, capacity=c + (graph[t][h]["capacity"] if graph.has_edge(t, h) else 0))
    return int(nx.maximum_flow_value(graph, 0, n - 1))


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_what_two_outages_take_off_a_flow(first: int) -> None:
    for seed in range(first, first + 20):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(4, 12))
        m = int(rng.integers(n, 4 * n))
        tail, head = rng.integers(0, n, m), rng.integers(0, n, m)
        weight, capacity = rng.integers(0, 6, m).astype(np.int64) << 20, rng.integers(0, 9, m).astype(np.int64)
        groups = [[a] for a in range(0, m, 2)] + [sorted(set(rng.integers(0, m, 3).tolist())) for _ in range(4)]
        whole = max_flow(n, tail, head, capacity)

        def lost(*out: int) -> int:
            open_ = capacity.copy()  # noqa: B023
            for g in out:
                open_[groups[g]] = 0  # noqa: B023
            return whole - max_flow(n, tail, head, open_)  # noqa: B023

        single = [lost(g) for g in range(len(groups))]
        expected = {
            (i, j): lost(i, j) for i in range(len(groups)) for j in range(i) if lost(i, j) > max(single[i], single[j])
        }
        for make in (kernels.PlainFlow, CompiledFlow):
            for push in ("cheapest", "maximum"):
                flow = make(n, tail, head, capacity, weight, 0, n - 1)
                getattr(flow, push)()
                before = flow.flows().copy()
                assert flow.losses(groups) == single
                rows = zip(*(column.tolist() for column in flow.pair_losses(groups, single)), strict=True)
                assert {(max(i, j), min(i, j)): cost for i, j, cost in rows} == expected
                assert (flow.flows() == before).all(), "asking changes nothing"


# ---- the register


def check_register(tables: Tables, ask: Question) -> None:
    answer = ask_tables("bottlenecks", tables, ask)
    base = state(tables, ask)
    if base.time_h is None:
        assert answer.code == 1
        return
    found = answer.json
    assert found["base"]["time_h"] == pytest.approx(base.time_h)
    rows = {row["link_id"]: row for row in found["links"]}
    single, pairs = disconnecting(tables, ask)
    sets = [
        [together(tables, [x for x in c["links"] if x in named(tables)[u]]) for u in c["units"]]
        for c in found["cut_sets"]
    ]
    assert {frozenset(s[0]) for s in sets if len(s) == 1} == single
    assert {frozenset(s) for s in sets if len(s) == 2} == pairs
    assert len(sets) == len(single) + len(pairs)
    for link in tables.links:
        x = link["link_id"]
        every, some = tight(tables, ask, x)
        row = rows.get(x, {"in_cuts": "none", "bridge": False})
        assert row["in_cuts"] == ("every" if every else "some" if some else "none"), x
        unit = together(tables, [x])
        assert row["bridge"] == (unit in single)
        now = state(without(tables, unit), ask)
        if differs(base, now):
            compare_register(row, base, now)


def compare_register(row: dict[str, Any], base: Outage, now: Outage) -> None:
    assert row["status"] == ("cut" if now.time_h is None else "ok")
    assert row["lost_vehicles_per_day"] == pytest.approx(base.vehicles_per_day - left(now), abs=1e-3)
    if now.time_h is None:
        assert row["delay_h"] is None
        return
    assert base.time_h is not None
    assert row["delay_h"] == pytest.approx(now.time_h - base.time_h, abs=1e-5)
    assert bool(row["detour"]) == row["on_fastest"]


@given(networks(Shape(nodes=(4, 6), links=(4, 9), assets=True)))
def test_the_register(case: tuple[Tables, Question]) -> None:
    check_register(*case)


@pytest.mark.slow
def test_the_register_many() -> None:
    for seed in range(150):
        check_register(*build(Seeded(seed), Shape(nodes=(4, 7), links=(4, 11), assets=True)))


def test_the_register_of_a_network_done_by_hand() -> None:
    tables = net(
        ("in", "A", "M", "road", 1, 5),
        ("quick", "M", "N", "road", 1, 1),
        ("slow", "M", "N", "road", 3, 2),
        ("half", "N", "X", "road", 1, 3),
        ("other", "X", "B", "road", 1, 3),
        ("idle", "A", "Q", "road", 1, 1),
    )
    found = ask_tables("bottlenecks", tables, AB).json
    rows = {r["link_id"]: r for r in found["links"]}
    assert set(rows) == {"in", "quick", "slow", "half", "other"}
    assert {k: r["share"] for k, r in rows.items()} == {
        "in": 1, "quick": pytest.approx(1 / 3), "slow": pytest.approx(2 / 3), "half": 1, "other": 1,
    }  # fmt: skip
    assert {k: r["used_share"] for k, r in rows.items() if r["used_share"] < 1} == {"in": pytest.approx(0.6)}
    assert {k for k, r in rows.items() if r["bridge"]} == {"in", "half", "other"}
    assert {r["in_cuts"] for k, r in rows.items() if k != "in"} == {"some"}
    assert rows["in"]["in_cuts"] == "none"
    assert (rows["quick"]["delay_h"], rows["quick"]["detour"]) == (2, ["in", "slow", "half", "other"])
    assert {k: r["around_h"] for k, r in rows.items()} == {
        "in": None, "quick": 2, "slow": 0, "half": None, "other": None,
    }  # fmt: skip
    assert [c["units"] for c in found["cut_sets"]] == [["in"], ["half"], ["other"], ["quick", "slow"]]


def test_the_flow_of_the_register_is_the_one_of_least_time() -> None:
    shipped = mb.load()
    register = mb.bottlenecks(shipped, **ASK)
    flow = mb.throughput(shipped, **ASK, least_time=True)
    carried = {b.link_id: b.vehicles_per_day for b in register.links if b.vehicles_per_day}
    assert carried == {f.link_id: f.vehicles_per_day for f in flow.links}
    assert register.vehicles_per_day == flow.vehicles_per_day
    nearest = {x for x in flow.cut if x in shipped.link_index}
    assert nearest <= {b.link_id for b in register.links if b.in_cuts != "none"}
    losses = {o.links: o for o in mb.contingency(shipped, **ASK).outages}
    for b in register.links:
        outage = next((o for links, o in losses.items() if b.link_id in links), None)
        assert (b.delay_h, b.lost_vehicles_per_day) == (
            (outage.delay_h, outage.lost_vehicles_per_day) if outage else (0, 0)
        )


@pytest.mark.parametrize("words", [("contingency", "-n", 2), ("contingency", "--of", "nodes"), ("bottlenecks",)])
def test_what_people_read(words: tuple[Any, ...]) -> None:
    from asking import run

    done = run(*words, "--from", "Durrës", "--to", "Burgas", "--modes", "road")
    assert done.code == 0
    assert max(len(line) for line in done.stdout.rstrip().split("\n")) <= 80
