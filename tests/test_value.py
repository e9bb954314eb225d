"""Corridor value: axioms and published games for the Shapley value, and combinations checked one by one."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import combinations, permutations

import pandas as pd
import pytest

import mobility as mb
from asking import run
from mobility.errors import InputError
from mobility.value import interaction, shapley
from oracles.disjoint import link_disjoint
from oracles.flow import max_flow
from oracles.routes import best_time
from oracles.tables import Question, Tables
from strategies import net, write, write_csv

# Two corridors from A to B that meet at M, a railway and a planned road beside them, and a road of no corridor.
TABLES = net(
    ("a1", "A", "M", "road", 2, 10, {"corridors": "VIII"}),
    ("a2", "M", "B", "road", 2, 8, {"corridors": "VIII (branch);X"}),
    ("b1", "A", "M", "road", 3, 6, {"corridors": "Xc"}),
    ("b2", "M", "B", "road", 5, 9, {"corridors": "X"}),
    ("c", "A", "B", "rail", 9, 4, {"corridors": "R10"}),
    ("d", "A", "B", "road", 12, 1),
    ("e", "A", "B", "road", 1, 50, {"corridors": "Vc", "status": "planned", "open_year": 2030}),
)  # fmt: skip
PARENTS = {"VIII (branch)": "VIII", "Xc": "X", "VIII": "", "X": "", "R10": "", "Vc": ""}
PLAYERS = ("Vc", "X", "VIII", "R10")
BELONG = {"a1": {"VIII"}, "a2": {"VIII", "X"}, "b1": {"X"}, "b2": {"X"}, "c": {"R10"}, "e": {"Vc"}, "d": set()}
AB = Question(("A",), ("B",))


def network(tables: Tables = TABLES) -> mb.Network:
    """Return the tables as the package holds them."""
    corridors = [{"corridor_id": c, "parent": p} for c, p in PARENTS.items()]
    frames = {n: pd.DataFrame(getattr(tables, n)) for n in ("nodes", "links")}
    return mb.Network.from_frames(**frames, corridors=pd.DataFrame(corridors))


def coalitions(players: str | tuple[str, ...], worth: Callable[[frozenset[str]], float]) -> dict[frozenset[str], float]:
    """Return the worth of every set of players."""
    sets = [frozenset(s) for n in range(len(players) + 1) for s in combinations(players, n)]
    return {s: worth(s) for s in sets}


# ---- the Shapley value itself


def test_airport_game() -> None:
    """Littlechild and Owen (1973): each part of the runway is paid in equal parts by those who need it."""
    cost = {"a": 8.0, "b": 11.0, "c": 13.0, "d": 18.0}
    found = shapley(coalitions("abcd", lambda s: max((cost[p] for p in s), default=0.0)))
    assert found == pytest.approx({"a": 2.0, "b": 3.0, "c": 4.0, "d": 9.0})


def test_council_of_the_six() -> None:
    """Council of the EEC, 1958 to 1972: 12 of 17 votes; Luxembourg's never counts (Brams 1975): 14, 9 and 0 of 60."""
    votes = {"Germany": 4, "France": 4, "Italy": 4, "Belgium": 2, "Netherlands": 2, "Luxembourg": 1}
    found = shapley(coalitions(tuple(votes), lambda s: float(sum(votes[p] for p in s) >= 12)))
    assert found == pytest.approx({p: {4: 14, 2: 9, 1: 0}[v] / 60 for p, v in votes.items()})


def test_glove_game() -> None:
    """Two left gloves and one right: 1/6, 1/6 and 4/6 (Osborne and Rubinstein 1994, exercise 295)."""
    found = shapley(coalitions("lLr", lambda s: float("r" in s and len(s) > 1)))
    assert found == pytest.approx({"l": 1 / 6, "L": 1 / 6, "r": 4 / 6})


@pytest.mark.parametrize("seed", range(10))
def test_mean_over_all_orders_and_the_axioms(seed: int) -> None:
    rng = random.Random(seed)
    players = "abcde"
    one, other = (coalitions(players, lambda s: rng.uniform(-5, 10)) for _ in "ab")
    # d adds nothing to anyone, a and b are alike
    one = {s: one[frozenset("a" if p in "ab" and not {"a", "b"} <= s else p for p in s) - {"d"}] for s in one}
    found = shapley(one)
    added = dict.fromkeys(players, 0.0)
    orders = list(permutations(players))
    for order in orders:
        for i, p in enumerate(order):
            added[p] += (one[frozenset(order[: i + 1])] - one[frozenset(order[:i])]) / len(orders)
    assert found == pytest.approx(added)
    assert sum(found.values()) == pytest.approx(one[frozenset(players)] - one[frozenset()])
    assert found["d"] == pytest.approx(0.0)
    assert found["a"] == pytest.approx(found["b"])
    both = shapley({s: one[s] + 3 * other[s] for s in one})
    assert both == pytest.approx({p: found[p] + 3 * x for p, x in shapley(other).items()})


def test_interaction_of_games_that_are_known() -> None:
    assert interaction(coalitions("abcd", lambda s: float(len(s) == 4)), "a", "b") == pytest.approx(1 / 3)
    assert interaction(coalitions("abcd", lambda s: float(len(s))), "a", "b") == pytest.approx(0.0)
    assert interaction(coalitions("ab", lambda s: float(len(s) > 0)), "a", "b") == pytest.approx(-1.0)
    # What two others do to each other leaves a third alone.
    assert interaction(coalitions("abc", lambda s: float({"a", "b"} <= s)), "a", "c") == pytest.approx(0.0)


# ---- corridors


def remaining(coalition: frozenset[str]) -> Tables:
    """Return the tables with the links of the other corridors taken out of them."""
    kept = [r for r in TABLES.links if not BELONG[r["link_id"]] or BELONG[r["link_id"]] & coalition]
    return Tables(TABLES.nodes, kept, [], [])


ORACLES: dict[str, Callable[[Tables, Question], float]] = {
    "throughput": max_flow,
    "time": lambda tables, ask: 24 / best_time(tables, ask),
    "routes": lambda tables, ask: float(link_disjoint(tables, ask).count),
}


@pytest.mark.parametrize("measure", list(ORACLES))
@pytest.mark.parametrize("year", [None, 2031])
def test_every_combination_is_answered_as_without_the_others(measure: str, year: int | None) -> None:
    case = mb.corridor_value(network(), "A", "B", measure=measure, year=year).cases[0]
    expected = coalitions(PLAYERS, lambda s: ORACLES[measure](remaining(s), Question(("A",), ("B",), year=year)))
    assert {frozenset(c.players): c.value for c in case.coalitions} == pytest.approx(expected)
    assert {w.player: w.shapley for w in case.players} == pytest.approx(shapley(expected))
    everyone = frozenset(PLAYERS)
    for w in case.players:
        assert w.knock_out == pytest.approx(expected[everyone] - expected[everyone - {w.player}])
        assert w.add_in == pytest.approx(expected[frozenset([w.player])] - expected[frozenset()])
    for p in case.pairs:
        best = max(expected[frozenset([q])] for q in p.players)
        assert p.gain == pytest.approx(expected[frozenset(p.players)] - best)
        assert p.interaction == pytest.approx(interaction(expected, *p.players))
    assert (case.full, case.empty) == pytest.approx((expected[everyone], expected[frozenset()]))


def test_by_hand() -> None:
    """Vehicles an hour: the road of none 1; VIII min(10, 8) more, X min(6, 8 + 9), both min(10 + 6, 8 + 9)."""
    case = mb.corridor_value(network(), "A", "B", players=["VIII", "X"], modes="road").cases[0]
    assert [c.value / 24 for c in case.coalitions] == pytest.approx([1, 1 + 8, 1 + 6, 1 + 16])
    eight, ten = case.players
    assert (eight.shapley / 24, ten.shapley / 24) == pytest.approx(((8 + 10) / 2, (6 + 8) / 2))
    assert (eight.links, eight.km, ten.links, ten.km) == (2, 120, 3, 180)
    [pair] = case.pairs
    assert (pair.gain / 24, pair.interaction / 24) == pytest.approx((8, 2))
    assert pair.relation == "complement"


def test_flow_shares() -> None:
    """a1 carries 10 and b1 6 of X's own, a2 8 shared by both, b2 8, d 1: all links are 60 km."""
    case = mb.corridor_value(network(), "A", "B", players=["VIII", "X"], modes="road").cases[0]
    shares = {"VIII": (10 + 4) / 33, "X": (6 + 4 + 8) / 33, "none": 1 / 33}
    assert dict(case.flow_shares) == pytest.approx(shares)
    assert case.herfindahl == pytest.approx(sum(s * s for s in shares.values()))


def test_a_branch_of_its_own_is_no_longer_its_parents() -> None:
    answer = mb.corridor_value(network(), "A", "B", players=["X", "Xc"])
    assert {k: set(v) for k, v in answer.links.items()} == {"X": {"a2", "b2"}, "Xc": {"b1"}}


def test_hours_are_divided_where_every_combination_has_a_route() -> None:
    case = mb.corridor_value(network(), "A", "B", measure="time").cases[0]
    hours = {frozenset(c.players): -c.time_h for c in case.coalitions}
    assert {w.player: w.hours_saved for w in case.players} == pytest.approx(shapley(hours))
    assert sum(w.hours_saved for w in case.players) == pytest.approx(12 - 4)
    without = mb.corridor_value(network().with_changes(close=["d"]), "A", "B", measure="time").cases[0]
    assert [c.time_h for c in without.coalitions if not c.players] == [None]
    assert [w.hours_saved for w in without.players] == [None] * 4
    assert without.empty == 0.0


def test_reliability() -> None:
    """Each link stands with 0.9, the road of none among them: series and parallel by hand."""
    case = mb.corridor_value(network(), "A", "B", players=["VIII", "X"], measure="reliability", fail=0.1, modes="road")
    found = {c.players: c.value for c in case.cases[0].coalitions}
    both_ways, one = 1 - 0.1**2, 0.9
    expected = {
        (): one, ("VIII",): 1 - 0.1 * (1 - one * one), ("X",): 1 - 0.1 * (1 - one * both_ways),
        ("VIII", "X"): 1 - 0.1 * (1 - both_ways * both_ways),
    }  # fmt: skip
    assert found == pytest.approx(expected)
    assert {c.error for c in case.cases[0].coalitions} == {0.0}


def test_probabilities_on_corridors_alone() -> None:
    stated = {"corridors": "X", "fail_probability": 0.3}
    tables = net(("p", "A", "B", "road", 1, 1, stated), ("q", "A", "B", "road", 2, 1))
    answer = mb.corridor_value(network(tables), "A", "B", players=["X"], measure="reliability")
    assert [c.value for c in answer.cases[0].coalitions] == [1.0, 1.0]


def test_names_and_order_do_not_matter() -> None:
    case = mb.corridor_value(network(), "A", "B").cases[0]
    names = {"a1": "z9", "a2": "k", "b1": "m", "b2": "0", "c": "y", "d": "x", "e": "w"}
    rows = [{**r, "link_id": names[r["link_id"]]} for r in reversed(TABLES.links)]
    renamed = network(Tables(list(reversed(TABLES.nodes)), rows, [], []))
    again = mb.corridor_value(renamed, "A", "B", players=tuple(reversed(PLAYERS))).cases[0]
    assert {w.player: w.shapley for w in again.players} == pytest.approx({w.player: w.shapley for w in case.players})


def test_years_and_vehicles() -> None:
    answer = mb.corridor_value(network(), "A", "B", measure="time", years=[2026, 2031], vehicles=["any"])
    assert [(c.year, c.vehicle) for c in answer.cases] == [(2026, "any"), (2031, "any")]
    worth = {(c.year, w.player): w.links for c in answer.cases for w in c.players}
    assert (worth[2026, "Vc"], worth[2031, "Vc"]) == (0, 1)
    dummy = {w.player: w.shapley for w in answer.cases[0].players}
    assert dummy["Vc"] == 0.0
    single = mb.corridor_value(network(), "A", "B", measure="time", year=2031).cases[0]
    assert single == answer.cases[1]


def test_no_route() -> None:
    back = net(("p", "B", "A", "road", 1, 1, {"direction": "forward", "corridors": "X"}))
    answer = mb.corridor_value(network(back), "A", "B", players=["X"])
    assert answer.status == "no_route"
    assert [w.shapley for w in answer.cases[0].players] == [0.0]
    assert answer.cases[0].herfindahl is None


# ---- the command


def folder_of(tmp_path: pytest.TempPathFactory) -> object:
    folder = write(TABLES, tmp_path / "net")
    write_csv(folder / "corridors.csv", [{"corridor_id": c, "parent": p} for c, p in PARENTS.items()])
    return folder


def test_command(tmp_path: pytest.TempPathFactory) -> None:
    words = ("corridor-value", "--network", folder_of(tmp_path), "--from", "A", "--to", "B")
    found = run(*words, "--years", "2026,2031", "--players", "X,VIII", "--measure", "time", "--format", "json").json
    own = mb.corridor_value(network(), "A", "B", players=["X", "VIII"], measure="time", years=[2026, 2031])
    assert [c["players"] for c in found["cases"]] == [c.to_dict()["players"] for c in own.cases]
    assert found["unit"] == "journeys a day"
    for measure in ("throughput", "time", "routes", "reliability"):
        more = ("--fail", 0.1) if measure == "reliability" else ()
        table = run(*words, "--measure", measure, *more)
        assert table.code == 0
        assert "VIII" in table.stdout
        assert max(len(line) for line in table.stdout.splitlines()) <= 80


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--players", "X,VIIII"), "VIII"),
        (("--players", "X,X"), "different corridors"),
        (("--years", "soon"), "--years"),
        (("--years", "2026", "--year", "2027"), "not both"),
        (("--fail", "0.1"), "measure reliability"),
        (("--measure", "reliability"), "--fail"),
    ],
)
def test_bad_input(words: tuple[str, ...], says: str, tmp_path: pytest.TempPathFactory) -> None:
    found = run("corridor-value", "--network", folder_of(tmp_path), "--from", "A", "--to", "B", *words)
    assert found.code == 2
    assert says in found.stderr


def test_all_faults_at_once() -> None:
    with pytest.raises(InputError) as error:
        mb.corridor_value(network(), "A", "Z", players=["Q"], measure="beauty")
    assert len(error.value.findings) == 3
