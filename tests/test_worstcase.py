"""The worst case against every set tried, on random networks and on published ones."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from itertools import combinations, count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra, maximum_flow

import mobility as mb
from asking import ask_folder, ask_tables, folder_of, run
from mobility import worstcase
from oracles.interdiction import Sets, best_protection, left, losable, worst
from oracles.outages import state
from oracles.tables import Question, Tables
from strategies import Seeded, Shape, net, networks, seeded, write_csv

SMALL = Shape(nodes=(4, 7), links=(5, 11), assets=True)
TINY = Shape(nodes=(4, 6), links=(4, 8), assets=True)
AB = Question(("A",), ("B",))
OF = st.sampled_from(["links", "nodes", "countries"])
OBJECTIVE = st.sampled_from(["time", "throughput"])
SIOUX_FALLS = Path(__file__).parent / "cases" / "sioux_falls.csv"


def same(found: float | None, expected: float) -> bool:
    """Compare hours or vehicles a day; no route is None here and infinite hours there."""
    return (math.inf if found is None else found) == pytest.approx(expected, abs=1e-3)


def check_worst(tables: Tables, ask: Question, sets: Sets, found: dict[str, Any], objective: str, k: int, *more: Any):
    """Hold an answer against the value of every set, and the set that it names against its own value."""
    assert found["proven"]
    assert same(found["value"], worst(tables, ask, sets, k, objective, *more))
    lost = frozenset().union(*(sets[u] for u in found["units"]))
    assert set(found["links"]) == lost
    assert len(found["units"]) <= k
    part = more[0] if more else 1.0
    assert same(found["value"], left(tables, ask, lost, objective, part))
    assert same(found["base"], left(tables, ask, frozenset(), objective, part))
    assert found["bound"] == found["value"]
    assert found["cut"] == (part == 1 and state_after(tables, ask, lost) is None)


def state_after(tables: Tables, ask: Question, lost: frozenset[str]) -> float | None:
    hours = left(tables, ask, lost, "time")
    return None if math.isinf(hours) else hours


@given(case=networks(SMALL), k=st.integers(1, 3), of=OF, objective=OBJECTIVE)
def test_the_worst_loss(case: tuple[Tables, Question], k: int, of: str, objective: str) -> None:
    tables, ask = case
    answer = ask_tables("worst-case", tables, ask, "-k", k, "--of", of, "--objective", objective)
    if state(tables, ask).time_h is None:
        assert answer.code == 1
        assert answer.json["status"] == "no_route"
        return
    assert answer.code == 0
    check_worst(tables, ask, losable(tables, ask, of), answer.json, objective, k)


@given(case=networks(SMALL), k=st.integers(1, 3), of=OF, part=st.sampled_from([0.7, 0.95, 0.25]))
def test_the_worst_partial_loss(case: tuple[Tables, Question], k: int, of: str, part: float) -> None:
    tables, ask = case
    answer = ask_tables("worst-case", tables, ask, "-k", k, "--of", of, "--partial", part)
    if answer.code == 0:
        check_worst(tables, ask, losable(tables, ask, of), answer.json, "throughput", k, part)


@given(case=networks(SMALL), objective=OBJECTIVE)
def test_every_smaller_number_and_never_better_with_more(case: tuple[Tables, Question], objective: str) -> None:
    tables, ask = case
    found = ask_tables("worst-case", tables, ask, "-k", 3, "--objective", objective).json
    sets = losable(tables, ask, "links")
    values = [math.inf if r["value"] is None else r["value"] for r in found["ranking"]]
    assert [r["k"] for r in found["ranking"]] == ([1, 2, 3] if found["status"] == "ok" else [])
    for k, value in enumerate(values, 1):
        assert same(value, worst(tables, ask, sets, k, objective))
    assert values == sorted(values, reverse=objective == "throughput")


def with_costs(tables: Tables, ask: Question, pick: Any, k: int | None, objective: str, of: str) -> None:
    """Hold the best buy of random prices against every affordable set."""
    sets = losable(tables, ask, of)
    cost = {u: pick.one([1.0, 0.1, 2.0, 0.7, 3.0]) for u in sets}
    budget = pick.one([0.8, 1.7, 3.0])
    with folder_of(tables) as folder:
        write_csv(folder / "costs.csv", [{"unit": u, "cost": c} for u, c in cost.items()])
        number = ["-k", k] if k else []
        answer = ask_folder(
            "worst-case", folder, ask, "--budget", budget, "--costs", folder / "costs.csv", "--of", of,
            "--objective", objective, *number,
        )  # fmt: skip
    if answer.code == 0:
        found = answer.json
        assert found["proven"]
        assert found["ranking"] == []
        assert same(found["value"], worst(tables, ask, sets, k, objective, 1.0, cost, budget))
        assert math.fsum(cost[u] for u in found["units"]) <= budget + 1e-9


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("objective", ["time", "throughput"])
def test_a_budget(seed: int, objective: str) -> None:
    for tables, ask in seeded(2, TINY, 1000 + 2 * seed):
        with_costs(tables, ask, Seeded(seed), (None, 2)[seed % 2], objective, ("links", "nodes")[seed // 2 % 2])


@given(case=networks(TINY), protect=st.integers(1, 2), k=st.integers(1, 2), of=OF, objective=OBJECTIVE)
def test_the_best_protection(case: tuple[Tables, Question], protect: int, k: int, of: str, objective: str) -> None:
    tables, ask = case
    more = ("-k", k, "--of", of, "--objective", objective)
    answer = ask_tables("worst-case", tables, ask, *more, "--protect", protect)
    if answer.code == 1:
        return
    found, sets = answer.json, losable(tables, ask, of)
    assert found["proven"]
    assert same(found["without"], worst(tables, ask, sets, k, objective))
    assert same(found["value"], best_protection(tables, ask, sets, protect, k, objective))
    assert len(found["protected"]) <= protect
    assert not set(found["protected"]) & set(found["units"])
    rest = {u: links for u, links in sets.items() if u not in found["protected"]}
    assert same(found["value"], worst(tables, ask, rest, k, objective))


@given(case=networks(TINY), objective=OBJECTIVE)
def test_with_everything_protected_nothing_is_lost(case: tuple[Tables, Question], objective: str) -> None:
    tables, ask = case
    answer = ask_tables("worst-case", tables, ask, "-k", 2, "--objective", objective, "--protect", 8)
    if answer.code == 0:
        assert answer.json["value"] == answer.json["base"]
        assert answer.json["units"] == []


@given(case=networks(SMALL), k=st.integers(1, 2), objective=OBJECTIVE)
def test_what_is_spared_is_not_lost(case: tuple[Tables, Question], k: int, objective: str) -> None:
    tables, ask = case
    sets = losable(tables, ask, "links")
    spared = sorted(sets)[::2]
    more = ("--spare", ",".join(spared))
    answer = ask_tables("worst-case", tables, ask, "-k", k, "--objective", objective, *more)
    if answer.code == 0:
        rest = {u: links for u, links in sets.items() if u not in spared}
        check_worst(tables, ask, rest, answer.json, objective, k)


@pytest.mark.parametrize("objective", ["time", "throughput"])
@pytest.mark.parametrize("seed", range(8))
def test_groups_that_overlap(seed: int, objective: str) -> None:
    pick = Seeded(seed)
    for tables, ask in seeded(3, SMALL, 500 + 3 * seed):
        sets = losable(tables, ask, "links")
        groups = {f"G{i}": frozenset().union(*(pick.one(list(sets.values())) for _ in range(2))) for i in range(6)}
        with folder_of(tables) as folder:
            rows = [{"group_id": g, "link_id": link} for g, ids in groups.items() for link in sorted(ids)]
            write_csv(folder / "groups.csv", rows)
            answer = ask_folder("worst-case", folder, ask, "--of", "groups", "--objective", objective, "-k", 2)
        if answer.code == 0:
            check_worst(tables, ask, groups, answer.json, objective, 2)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 300, 50))
@pytest.mark.parametrize("of", ["links", "nodes", "countries"])
def test_the_worst_loss_many(start: int, of: str) -> None:
    for number, (tables, ask) in enumerate(seeded(50, SMALL, start)):
        sets, k = losable(tables, ask, of), 1 + number % 3
        if state(tables, ask).time_h is None:
            continue
        with folder_of(tables) as folder:
            network = mb.load(folder)
        for objective, part in (("time", 1.0), ("throughput", 1.0), ("throughput", 0.8)):
            found = mb.worst_case(
                network, ask.origins, ask.destinations, k=k, objective=objective, of=of, partial=part
            ).to_dict()
            check_worst(tables, ask, sets, found, objective, k, part)


# ---- by hand


def braess() -> Tables:
    """The four places of Braess (1968): two ways round, and a shortcut across that is the fastest."""
    return net(
        ("sa", "S", "A", "road", 1, 2),
        ("sb", "S", "B", "road", 5, 3),
        ("at", "A", "T", "road", 5, 3),
        ("bt", "B", "T", "road", 1, 2),
        ("ab", "A", "B", "road", 0, 1, {"direction": "forward"}),
    )


ST = Question(("S",), ("T",))


def test_the_shortcut_of_braess() -> None:
    asked = {k: ask_tables("worst-case", braess(), ST, "-k", k, "--objective", "time").json for k in (1, 2)}
    # 2 h by the shortcut; 6 h by either way round, whichever of its three links is lost.
    assert (asked[1]["base"], asked[1]["value"]) == (2, 6)
    assert asked[1]["units"][0] in ("sa", "ab", "bt")
    assert asked[2]["value"] is None
    assert asked[2]["cut"]
    found = [ask_tables("worst-case", braess(), ST, "-k", k).json["value"] for k in (1, 2)]
    # 24 x (2 + 2) with all in place: the shortcut adds nothing; losing sa leaves 2 by sb and bt.
    assert found == [48, 0]
    shield = ask_tables("worst-case", braess(), ST, "-k", 2, "--objective", "time", "--protect", 2).json
    # Two that leave a way of 6 h whichever two others are lost: a whole way round, or the quick link of each.
    assert (shield["without"], shield["value"], shield["proven"]) == (None, 6, True)
    assert set(shield["protected"]) in ({"sa", "at"}, {"sb", "bt"}, {"sa", "bt"})


def test_a_route_may_not_pass_a_place_twice_where_a_flow_could() -> None:
    tables = net(
        ("direct", "O", "D", "road", 1, 1),
        ("in", "O", "X", "road", 1, 5),
        ("up", "X", "R", "road", 1, 5),
        ("down", "R", "X", "rail", 1, 5),
        ("out", "X", "D", "rail", 1, 5),
        terminals=(("R", "road", "rail", 1, 500),),
    )
    found = ask_tables("worst-case", tables, Question(("O",), ("D",)), "-k", 1).json
    # By the railhead 120 could flow, through X by road and again by rail; no route does.
    assert (found["base"], found["value"], found["units"], found["cut"]) == (144, 0, ["direct"], True)


def test_a_link_that_is_used_both_ways_is_lost_once() -> None:
    one_way = {"direction": "forward"}
    tables = net(
        ("ou", "O", "U", "sea", 1, 100, one_way),
        ("vd", "V", "D", "sea", 1, 100, one_way),
        ("ov", "O", "V", "rail", 1, 4, one_way),
        ("ud", "U", "D", "rail", 1, 4, one_way),
        ("bridge", "U", "V", "road", 1, 50),
        ("side", "O", "D", "road", 9, 1),
        terminals=tuple((place, "road", mode, 0, 500) for place in "UV" for mode in ("sea", "rail")),
    )
    asked = [ask_tables("worst-case", tables, Question(("O",), ("D",)), "-k", k).json for k in (1, 2)]
    # From sea to sea the bridge is driven one way (100), from rail to rail the other (120), and 24 go aside.
    assert [(a["base"], a["value"], a["proven"]) for a in asked] == [(244, 24, True), (244, 0, True)]
    assert asked[0]["units"] == ["bridge"]


@pytest.mark.parametrize("objective", ["time", "throughput"])
def test_nothing_that_could_be_lost(objective: str) -> None:
    every = ",".join(r["link_id"] for r in braess().links)
    found = ask_tables("worst-case", braess(), ST, "--spare", every, "--objective", objective).json
    assert (found["units"], found["value"], found["proven"]) == ([], found["base"], True)


def test_the_only_origin_is_not_a_choice() -> None:
    tables = net(("p", "A", "X", "road", 1, 1), ("q", "X", "B", "road", 1, 1), ("r", "A", "B", "road", 5, 1))
    found = ask_tables("worst-case", tables, AB, "--of", "nodes").json
    assert (found["units"], found["value"]) == (["X"], 24)


def test_fewer_units_when_more_do_no_harm() -> None:
    tables = net(("p", "A", "B", "road", 1, 1), ("q", "A", "C", "road", 1, 1))
    found = ask_tables("worst-case", tables, AB, "-k", 3, "--objective", "time").json
    assert (found["units"], found["value"], found["cut"]) == (["p"], None, True)


# ---- Sioux Falls


@pytest.fixture(scope="module")
def sioux_falls() -> Tables:
    with SIOUX_FALLS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    assert len(rows) == 76
    return net(
        *(
            (
                f"{r['tail']}-{r['head']}", f"N{int(r['tail']):02}", f"N{int(r['head']):02}", "road",
                float(r["time"]), float(r["capacity"]), {"direction": "forward"},
            )
            for r in rows
        )
    )  # fmt: skip


def exhaustive(tables: Tables, start: int, end: int, sets: Sequence[Sequence[str]], objective: str) -> float:
    """Return what the worst of some sets of links leaves, by SciPy; capacities to a tenth of a vehicle an hour."""
    place = {r["node_id"]: i for i, r in enumerate(tables.nodes)}
    column, scale = ("time_h", 1) if objective == "time" else ("capacity_veh_h", 10)
    at = {r["link_id"]: (place[r["from_node"]], place[r["to_node"]]) for r in tables.links}
    matrix = np.zeros((len(place), len(place)), np.float64 if objective == "time" else np.int32)
    for r in tables.links:
        matrix[at[r["link_id"]]] = round(r[column] * scale)
    found = []
    for lost in sets:
        kept = matrix.copy()
        for link in lost:
            kept[at[link]] = 0
        graph = csr_array(kept)
        if objective == "time":
            found.append(float(dijkstra(graph, indices=start)[end]))
        else:
            found.append(maximum_flow(graph, start, end).flow_value / scale * 24)
    return max(found) if objective == "time" else min(found)


@pytest.mark.parametrize(("start", "end"), [(1, 20), (13, 7), (24, 10)])
@pytest.mark.parametrize("objective", ["time", "throughput"])
def test_every_pair_of_sioux_falls(sioux_falls: Tables, start: int, end: int, objective: str) -> None:
    ids = [r["link_id"] for r in sioux_falls.links]
    sets = list(combinations(ids, 2))
    expected = exhaustive(sioux_falls, start - 1, end - 1, sets, objective)
    ask = Question((f"N{start:02}",), (f"N{end:02}",))
    found = ask_tables("worst-case", sioux_falls, ask, "-k", 2, "--objective", objective).json
    assert found["proven"]
    assert (math.inf if found["value"] is None else found["value"]) == pytest.approx(expected, abs=24 * 0.1 * 8)
    again = exhaustive(sioux_falls, start - 1, end - 1, [found["units"]], objective)
    assert again == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("objective", ["time", "throughput"])
def test_every_pair_of_places_of_sioux_falls(sioux_falls: Tables, objective: str) -> None:
    ask = Question(("N01",), ("N20",))
    sets = losable(sioux_falls, ask, "nodes")
    chosen = [sorted(sets[a] | sets[b]) for a, b in combinations(sorted(sets), 2)]
    expected = exhaustive(sioux_falls, 0, 19, chosen, objective)
    found = ask_tables("worst-case", sioux_falls, ask, "-k", 2, "--of", "nodes", "--objective", objective).json
    assert found["proven"]
    again = exhaustive(sioux_falls, 0, 19, [found["links"]], objective)
    assert again == pytest.approx(expected, abs=1e-6)


# ---- not proven


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that ticks a second each time that it is read, so that a limit is a number of steps."""
    ticks = count()
    monkeypatch.setattr(worstcase, "perf_counter", lambda: float(next(ticks)))


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("of", ["links", "nodes"])
@pytest.mark.parametrize("objective", ["time", "throughput"])
def test_what_is_not_proven_says_so_and_is_bounded(sioux_falls: Tables, objective: str, of: str) -> None:
    ask = {"origin": ["N01", "N13"], "destination": ["N20", "N22"], "k": 3, "objective": objective, "of": of}
    with folder_of(sioux_falls) as folder:
        network = mb.load(folder)
    truth = mb.worst_case(network, **ask, time_limit=1e6)
    assert truth.proven
    sign = 1 if objective == "time" else -1
    best = math.inf if truth.value is None else truth.value
    proven = []
    for limit in (1, 2, 4, 8, 16, 32, 64, 128, 1024, 1e6):
        found = mb.worst_case(network, **ask, time_limit=limit)
        value, bound = (math.inf if x is None else x for x in (found.value, found.bound))
        assert sign * value <= sign * best + 1e-6
        assert sign * bound >= sign * best - 1e-6
        if found.proven:
            assert value == pytest.approx(best)
            assert bound == value
        proven.append(found.proven)
    assert not proven[0]
    assert proven[-1]


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("objective", ["time", "throughput"])
def test_a_protection_that_is_not_proven_says_so(sioux_falls: Tables, objective: str) -> None:
    ask = {"origin": "N01", "destination": "N20", "k": 1, "protect": 1, "objective": objective}
    with folder_of(sioux_falls) as folder:
        network = mb.load(folder)
    truth = mb.protection(network, **ask, time_limit=1e6)
    assert truth.proven
    sign = 1 if objective == "throughput" else -1
    proven = []
    for limit in (1, 2, 4, 8, 16, 32, 64, 128, 1024, 1e6):
        found = mb.protection(network, **ask, time_limit=limit)
        assert sign * found.bound >= sign * truth.value - 1e-6
        if found.proven:
            assert found.value == pytest.approx(truth.value)
        proven.append(found.proven)
    assert not proven[0]
    assert proven[-1]


def test_a_short_time_on_the_shipped_network() -> None:
    for objective in ("time", "throughput"):
        found = run(
            "worst-case", "--from", "Durrës", "--to", "Constanța", "--objective", objective, "--time-limit", 1e-9,
            "--format", "json",
        ).json  # fmt: skip
        assert found["status"] == "ok"
        assert not found["proven"]
    shown = run("worst-case", "--from", "Durrës", "--to", "Constanța", "--time-limit", 1e-9).stdout
    assert "Not proven" in shown


# ---- with the other verbs, and what is refused


@pytest.mark.parametrize("vehicle", ["any", "main-battle-tank"])
@pytest.mark.parametrize("of", ["links", "groups", "countries"])
def test_closing_what_it_names_gives_its_value(vehicle: str, of: str) -> None:
    shipped = mb.load()
    ask = {"origin": "Bar", "destination": ["Constanța", "Burgas"], "vehicle": vehicle}
    slow = mb.worst_case(shipped, **ask, k=2, objective="time", of=of)
    assert slow.proven
    closed = mb.routes(shipped, **ask, k=1, close=slow.links)
    assert slow.cut == (closed.status == "no_route")
    if not slow.cut:
        assert closed.routes[0].time_h == pytest.approx(slow.value)
    thin = mb.worst_case(shipped, **ask, k=2, of=of)
    assert thin.proven
    rest = mb.throughput(shipped, **ask, close=thin.links).vehicles_per_day
    assert thin.value == pytest.approx(0 if thin.cut else rest, abs=1e-3)


def test_the_worst_single_outage_is_that_of_n_1() -> None:
    shipped = mb.load()
    ask = {"origin": "Durrës", "destination": "Burgas"}
    outages = mb.contingency(shipped, **ask).outages
    assert mb.worst_case(shipped, **ask, k=1).value == pytest.approx(min(o.vehicles_per_day for o in outages))
    times = [math.inf if o.time_h is None else o.time_h for o in outages]
    slow = mb.worst_case(shipped, **ask, k=1, objective="time").value
    assert (math.inf if slow is None else slow) == pytest.approx(max(times))


def test_the_same_question_has_the_same_answer() -> None:
    shipped = mb.load()
    first, second = (mb.worst_case(shipped, "Durrës", "Burgas", k=2).to_dict() for _ in range(2))
    assert first == second


def test_every_fault_at_once() -> None:
    with pytest.raises(mb.InputError) as error:
        mb.worst_case(
            mb.load(), "Durres", "Nowhere", k=0, objective="cost", partial=2, time_limit=0, spare="RD9999",
            budget=-1,
        )  # fmt: skip
    said = str(error.value)
    for word in ("k is 0", "objective is 'cost'", "partial is 2", "time limit is 0", "RD9999", "Nowhere", "budget"):
        assert word in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--partial", 0.5, "--objective", "time"), "ask for throughput"),
        (("--budget", 3), "go together"),
        (("--of", "groups"), "groups.csv"),
        (("--protect", 0), "protect is 0"),
        (("-k", 101), "from 1 to 100"),
    ],
)
def test_refused(words: tuple[object, ...], said: str) -> None:
    answer = ask_tables("worst-case", braess(), ST, *words)
    assert answer.code == 2
    assert said in answer.stderr


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"unit": "sa", "cost": 1}], "have no cost"),
        ([{"unit": "*", "cost": 1}, {"unit": "zz", "cost": 1}], "'zz'"),
        ([{"unit": "*", "cost": 0}, {"unit": "sa", "cost": "x"}], "above 0"),
        ([{"unit": "*", "cost": 1}, {"unit": "*", "cost": 2}], "second row"),
        ([{"link": "sa", "price": 1}], "unit and cost"),
    ],
)
def test_costs_refused(rows: list[dict[str, Any]], said: str) -> None:
    with folder_of(braess()) as folder:
        write_csv(folder / "costs.csv", rows)
        answer = ask_folder("worst-case", folder, ST, "--budget", 2, "--costs", folder / "costs.csv")
    assert answer.code == 2
    assert said in answer.stderr


def test_a_price_for_all_others() -> None:
    with folder_of(braess()) as folder:
        write_csv(folder / "costs.csv", [{"unit": "*", "cost": 2}, {"unit": "sa", "cost": 1}])
        found = ask_folder("worst-case", folder, ST, "--budget", 2, "--costs", folder / "costs.csv").json
    # One of the others, or sa: losing bt or sa leaves 48, and nothing more can be bought.
    assert (len(found["units"]), found["value"]) == (1, 48)


@pytest.mark.parametrize("more", [(), ("--protect", 1), ("--objective", "time"), ("--partial", 0.8)])
def test_as_text_and_csv(more: tuple[object, ...]) -> None:
    with folder_of(braess()) as folder:
        words = ("worst-case", "--network", folder, "--from", "S", "--to", "T", "-k", 2, *more)
        text = run(*words).stdout
        table = run(*words, "--format", "csv").stdout
    assert "Proven" in text
    assert max(map(len, text.splitlines())) <= 80
    assert len(table.splitlines()) == (2 if "--protect" in more else 3)
