"""Reliability against closed forms, against every state of small networks, and against its own sampling."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

import mobility as mb
from asking import ask_folder, folder_of, run
from oracles.outages import structures
from oracles.reliability import Unit, by_states, complete_graph, connected
from oracles.tables import Question, Tables, together
from strategies import Pick, Seeded, Shape, build, net, networks, write, write_csv

engine = importlib.import_module("mobility.reliability")
sampling = importlib.import_module("mobility.montecarlo")

SHAPE = Shape(nodes=(4, 6), links=(5, 9), modes=("road", "rail", "sea"), borders=True, assets=True)
ROADS = Shape(nodes=(4, 7), links=(6, 11), modes=("road",), terminals=False, borders=False)
CHANCES = (0.1, 0.5, 0.3, 0.0, 1.0, None)

Group = tuple[str, tuple[str, ...], float | None]


def roads(*ends: str, **cells: Any) -> Tables:
    """Return a network of roads given as ``"A-B"``, or ``"A>B"`` for one way."""
    rows = []
    for i, word in enumerate(ends):
        tail, head = word.replace(">", "-").split("-")
        direction = "forward" if ">" in word else "both"
        rows.append((f"L{i}", tail, head, "road", 1, 10, {"direction": direction, **cells}))
    return net(*rows)


def answer(tables: Tables, ask: Question, groups: Sequence[Group] = (), **options: Any) -> mb.Reliability:
    with folder_of(tables) as folder:
        if groups:
            rows = [
                {"group_id": name, "link_id": link, "fail_probability": p}
                for name, links, p in groups
                for link in links
            ]
            write_csv(folder / "groups.csv", rows)
        return mb.reliability(mb.load(folder), ask.origins, ask.destinations, **options)


def with_chances(pick: Pick, tables: Tables) -> Tables:
    rows = [{**row, "fail_probability": pick.one(CHANCES)} for row in tables.links]
    rows[0]["fail_probability"] = pick.one(CHANCES[:3])
    return replace(tables, links=rows)


def some_groups(pick: Pick, tables: Tables) -> list[Group]:
    ids = [row["link_id"] for row in tables.links]
    return [
        (name, tuple(dict.fromkeys(pick.one(ids) for _ in range(3))), pick.one([0.2, 0.4, None]))
        for name in ("G0", "G1")[: pick.count(0, 2)]
    ]


def expected(tables: Tables, ask: Question, groups: Sequence[Group]) -> tuple[float, dict[frozenset[str], float]]:
    """Return the reliability and the importance of what can fail, by the links that it takes."""
    chance = {row["link_id"]: row.get("fail_probability") or 0.0 for row in tables.links}
    units: list[Unit] = [(links, max(chance[link] for link in links)) for links in structures(tables)]
    units += [(together(tables, links), p) for _, links, p in groups if p is not None]
    units = [unit for unit in units if unit[1] > 0]
    value, worth = by_states(tables, ask, units)
    return value, {(links, p): w for (links, p), w in zip(units, worth, strict=True)}


def agree(tables: Tables, ask: Question, groups: Sequence[Group]) -> None:
    value, worth = expected(tables, ask, groups)
    found = answer(tables, ask, groups)
    assert found.reliability == pytest.approx(value, abs=1e-12)
    if found.status == "ok":
        assert found.method == "exact"
        assert found.low == found.high == found.reliability
        listed = {(frozenset(i.links), i.fail_probability): i.birnbaum for i in found.importance}
        assert listed == pytest.approx(worth, abs=1e-12)
    else:
        assert not connected(tables, ask)


@pytest.mark.parametrize("seed", range(60))
def test_every_state_of_a_network_with_one_way_links_structures_modes_and_groups(seed: int) -> None:
    pick = Seeded(seed)
    tables, ask = build(pick, SHAPE)
    tables = with_chances(pick, tables)
    agree(tables, ask, some_groups(pick, tables))


@pytest.mark.parametrize("seed", range(60))
def test_every_state_of_a_road_network(seed: int) -> None:
    pick = Seeded(seed)
    tables, ask = build(pick, ROADS)
    agree(with_chances(pick, tables), ask, ())


@given(networks(SHAPE))
def test_one_probability_for_all(drawn: tuple[Tables, Question]) -> None:
    tables, ask = drawn
    units = [(links, 0.25) for links in structures(tables)]
    assert answer(tables, ask, fail=0.25).reliability == pytest.approx(by_states(tables, ask, units)[0], abs=1e-12)


@pytest.mark.parametrize("p", [0.0, 0.01, 0.3, 0.5, 0.9, 1.0])
class TestClosedForms:
    """p is how likely a link stands."""

    def test_bridge_network(self, p: float) -> None:
        tables = roads("S-A", "S-B", "A-B", "A-T", "B-T")
        closed = 2 * p**2 + 2 * p**3 - 5 * p**4 + 2 * p**5
        assert answer(tables, Question(("S",), ("T",)), fail=1 - p).reliability == pytest.approx(closed, abs=1e-12)

    def test_importance_in_the_bridge_network(self, p: float) -> None:
        """The derivative of the polynomial by the link between, which is 2 p^2 (1-p)^2."""
        if p == 1:
            return  # nothing can fail
        found = answer(roads("S-A", "S-B", "A-B", "A-T", "B-T"), Question(("S",), ("T",)), fail=1 - p)
        between = next(i for i in found.importance if i.unit == "L2")
        assert between.birnbaum == pytest.approx(2 * p**2 * (1 - p) ** 2, abs=1e-12)

    @pytest.mark.parametrize("n", range(2, 8))
    def test_complete_graph(self, p: float, n: int) -> None:
        tables = roads(*(f"N{i}-N{j}" for i in range(n) for j in range(i)))
        found = answer(tables, Question(("N0",), ("N1",)), fail=1 - p)
        assert found.reliability == pytest.approx(complete_graph(n, 1 - p), abs=1e-12)

    def test_series_and_parallel(self, p: float) -> None:
        line = Question(("A",), ("D",))
        assert answer(roads("A-B", "B-C", "C-D"), line, fail=1 - p).reliability == pytest.approx(p**3)
        side = Question(("A",), ("B",))
        assert answer(roads("A-B", "A-B", "B-A"), side, fail=1 - p).reliability == pytest.approx(1 - (1 - p) ** 3)


def grid(rows: int, columns: int) -> Tables:
    across = [f"V{y}.{x}-V{y}.{x + 1}" for y in range(rows) for x in range(columns - 1)]
    down = [f"V{y}.{x}-V{y + 1}.{x}" for y in range(rows - 1) for x in range(columns)]
    return roads(*across, *down)


@pytest.mark.parametrize("n", range(1, 8))
def test_the_self_dual_grid_is_crossed_every_other_time(n: int) -> None:
    """Either the open links cross n rows from left to right or the closed ones cross from top to bottom."""
    ask = Question(tuple(f"V{y}.0" for y in range(n)), tuple(f"V{y}.{n}" for y in range(n)))
    found = answer(grid(n, n + 1), ask, fail=0.5)
    assert (found.method, found.reliability) == ("exact", pytest.approx(0.5, abs=1e-12))


def test_a_group_takes_its_links_at_once() -> None:
    tables = roads("A-B", "A-B", fail_probability=0.1)
    ask = Question(("A",), ("B",))
    found = answer(tables, ask, [("G", ("L0", "L1"), 0.2)])
    assert found.groups == ("G",)
    assert found.reliability == pytest.approx(0.8 * (1 - 0.01))
    common = next(i for i in found.importance if i.kind == "group")
    assert (common.unit, common.links) == ("G", ("L0", "L1"))
    assert common.birnbaum == pytest.approx(0.99)
    assert common.criticality == pytest.approx(0.99 * 0.2 / (1 - found.reliability))


def test_a_group_without_a_probability_is_no_cause() -> None:
    tables = roads("A-B", "A-B", fail_probability=0.1)
    found = answer(tables, Question(("A",), ("B",)), [("G", ("L0", "L1"), None)])
    assert (found.groups, found.reliability) == ((), pytest.approx(0.99))


def test_the_directions_of_a_river_share_their_lock() -> None:
    """Two one-way links of one structure are one edge: a bridge network whose middle is a pair of them."""
    tables = roads("S-A", "S-B", "A>B", "B>A", "A-T", "B-T")
    for link in ("L2", "L3"):
        tables = tables.with_link(link, asset_id="lock")
    p = 0.8
    closed = 2 * p**2 + 2 * p**3 - 5 * p**4 + 2 * p**5
    found = answer(tables, Question(("S",), ("T",)), fail=1 - p)
    assert found.reliability == pytest.approx(closed)
    assert next(i.links for i in found.importance if i.kind == "structure") == ("L2", "L3")


@pytest.mark.parametrize("seed", range(10))
def test_monotone_in_the_probability_and_equal_to_the_base_case_and_the_closure(seed: int) -> None:
    tables, ask = build(Seeded(seed), SHAPE)
    values = [answer(tables, ask, fail=f).reliability for f in (0.0, 0.1, 0.4, 0.8, 1.0)]
    assert values == sorted(values, reverse=True)
    assert (values[0], values[-1]) == (float(connected(tables, ask)), 0.0)


def test_links_without_a_probability_are_named() -> None:
    tables = roads("A-B", "B-C", "A-C").with_link("L2", fail_probability=0.25)
    found = answer(tables, Question(("A",), ("C",)))
    assert found.assumed == ("L0", "L1")
    assert found.reliability == 1.0
    assert answer(tables, Question(("A",), ("C",)), close="L0").reliability == pytest.approx(0.75)


def test_connected_means_reachable_even_where_no_route_is_loopless() -> None:
    """The only way drives from A through B to the railhead C and comes back through B by train."""
    tables = net(
        ("L0", "A", "B", "road", 1, 10),
        ("L1", "B", "C", "road", 1, 10),
        ("L2", "C", "B", "rail", 1, 10),
        ("L3", "B", "D", "rail", 1, 10),
        terminals=(("C", "road", "rail", 1, 100),),
    )
    ask = Question(("A",), ("D",))
    with folder_of(tables) as folder:
        assert mb.routes(mb.load(folder), "A", "D").status == "no_route"
    assert answer(tables, ask, fail=0.5).reliability == pytest.approx(0.5**4)


class TestSampling:
    def test_the_interval_covers_the_exact_value_as_often_as_it_says(self) -> None:
        tables = roads("S-A", "S-B", "A-B", "A-T", "B-T")
        ask = Question(("S",), ("T",))
        exact = answer(tables, ask, fail=0.3).reliability
        covered = 0
        for seed in range(40):
            found = answer(tables, ask, fail=0.3, method="monte-carlo", runs=1500, seed=seed)
            assert found.method == "monte-carlo"
            covered += found.low <= exact <= found.high
        assert covered >= 35  # 38 to be expected; fewer than 35 in one of 30 such tests

    @pytest.mark.parametrize("seed", range(12))
    def test_values_and_importance_lie_near_the_exact_ones(self, seed: int) -> None:
        pick = Seeded(seed)
        tables, ask = build(pick, SHAPE)
        tables = with_chances(pick, tables)
        groups = some_groups(pick, tables)
        exact = answer(tables, ask, groups)
        found = answer(tables, ask, groups, method="monte-carlo", runs=70_000, seed=1)
        assert found.reliability == pytest.approx(exact.reliability, abs=0.008)
        worth = {i.unit: i.birnbaum for i in exact.importance}
        for i in found.importance:
            assert i.birnbaum == pytest.approx(worth[i.unit], abs=2.5 * i.error + 1e-9)

    def test_the_same_seed_gives_the_same_samples_and_runs_are_counted(self) -> None:
        tables, ask = roads("S-A", "S-B", "A-B", "A-T", "B-T"), Question(("S",), ("T",))
        options = {"fail": 0.4, "method": "monte-carlo", "runs": 100}
        one, two = answer(tables, ask, **options), answer(tables, ask, **options)
        assert one.to_dict() == two.to_dict()
        assert one.runs == 100
        assert one.reliability * 100 == round(one.reliability * 100)
        assert answer(tables, ask, **options, seed=1).reliability != one.reliability

    @pytest.mark.parametrize(("found", "runs"), [(0, 10), (10, 10), (3, 20), (999, 1000)])
    def test_interval_is_where_the_binomial_tails_are_a_fortieth(self, found: int, runs: int) -> None:
        from scipy.stats import binom

        low, high = engine.interval(found, runs)
        assert low == 0 if found == 0 else binom.sf(found - 1, runs, low) == pytest.approx(0.025)
        assert high == 1 if found == runs else binom.cdf(found, runs, high) == pytest.approx(0.025)


class TestBounds:
    @pytest.mark.parametrize("seed", range(20))
    def test_a_diagram_cut_short_brackets_every_state(self, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engine, "STATES", 3)
        monkeypatch.setattr(engine, "FEW", 3)
        monkeypatch.setattr(engine, "TIGHT", 1.0)  # any bounds are good enough
        pick = Seeded(seed)
        tables, ask = build(pick, replace(ROADS, links=(9, 12)))
        tables = with_chances(pick, tables)
        value, worth = expected(tables, ask, ())
        found = answer(tables, ask)
        assert found.low - 1e-12 <= value <= found.high + 1e-12
        assert (found.low, found.high) == found.bounds
        for i in found.importance:
            true = worth[frozenset(i.links), i.fail_probability]
            assert i.birnbaum == pytest.approx(true, abs=i.error + 1e-12)

    def test_some_are_cut_short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engine, "STATES", 3)
        monkeypatch.setattr(engine, "FEW", 3)
        tables, ask = grid(3, 4), Question(("V0.0",), ("V2.3",))
        with pytest.raises(mb.MobilityError, match="proven to lie between"):
            answer(tables, ask, fail=0.2, method="exact")
        found = answer(tables, ask, fail=0.2, runs=5000)
        assert found.method == "monte-carlo"
        assert found.bounds[0] <= found.low < found.high <= found.bounds[1]
        assert 0 < found.bounds[0] < found.bounds[1] < 1

    def test_a_network_too_wide_for_a_diagram_is_sampled(self) -> None:
        tables = grid(30, 30)
        tables = replace(tables, nodes=[{**row, "lon": 20} for row in tables.nodes])
        found = answer(tables, Question(("V0.0",), ("V29.29",)), fail=0.05, runs=2000)
        assert (found.method, found.runs, found.bounds) == ("monte-carlo", 2000, (0.0, 1.0))
        # Each end has two links, and hardly anything else cuts a grid at this probability.
        assert found.low < (1 - 0.05**2) ** 2 < found.high + 0.002


class TestCommand:
    def ask(self, folder: Path, *more: object) -> Any:
        return ask_folder("reliability", folder, Question(("S",), ("T",)), *more)

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return write(roads("S-A", "S-B", "A-B", "A-T", "B-T"), tmp_path / "net")

    def test_answer(self, folder: Path) -> None:
        found = self.ask(folder, "--fail", 0.5)
        assert found.code == 0
        assert found.json["method"] == "exact"
        assert found.json["low"] == found.json["reliability"] == found.json["high"] == pytest.approx(0.5)
        assert {i["unit"] for i in found.json["importance"]} == {f"L{i}" for i in range(5)}
        assert found.json["assumed"] == found.json["groups"] == []

    def test_sampled(self, folder: Path) -> None:
        found = self.ask(folder, "--fail", 0.5, "--method", "monte-carlo", "--runs", 4000, "--seed", 7).json
        assert (found["method"], found["runs"], found["question"]["seed"]) == ("monte-carlo", 4000, 7)
        assert found["low"] < 0.5 < found["high"]

    def test_without_any_probability_says_what_to_give(self, folder: Path) -> None:
        found = self.ask(folder)
        assert found.code == 2
        assert "--fail" in found.stderr

    @pytest.mark.parametrize("options", [("--fail", 1.5), ("--fail", "nan"), ("--runs", 0), ("--method", "guess")])
    def test_bad_options(self, folder: Path, options: tuple[object, object]) -> None:
        assert self.ask(folder, "--fail", 0.1, *options).code == 2

    def test_no_route(self, folder: Path) -> None:
        found = self.ask(folder, "--fail", 0.1, "--close", "L3,L4")
        assert (found.code, found.json["status"], found.json["reliability"]) == (1, "no_route", 0.0)

    def test_table_fits_and_names_what_matters(self, folder: Path) -> None:
        found = run("reliability", "--network", folder, "--from", "S", "--to", "T", "--fail", 0.1)
        assert found.code == 0
        assert max(map(len, found.stdout.splitlines())) <= 80
        assert "0.978" in found.stdout  # 2p^2 + 2p^3 - 5p^4 + 2p^5 at p = 0.9


class TestShippedGroups:
    """The named causes of the shipped network."""

    def test_every_row_says_what_it_rests_on(self) -> None:
        table = mb.load().table("groups")
        assert table["group_id"].nunique() >= 12
        assert (table["source"].map(len) > 0).all()
        assert (table["confidence"] != "").all()
        for row in table.itertuples():
            assert ("fail_probability" in row.estimated) == (row.fail_probability == row.fail_probability)
        noted = table.groupby("group_id")["notes"].agg(" ".join)
        assert noted.str.len().gt(20).all()

    def test_sampling_agrees_with_the_diagram(self) -> None:
        ask: dict[str, Any] = {"modes": "road", "fail": 0.1}
        exact = mb.reliability(mb.load(), "Durrës", "Burgas", **ask)
        found = mb.reliability(mb.load(), "Durrës", "Burgas", **ask, method="monte-carlo", runs=50_000)
        assert exact.method == "exact"
        assert exact.groups
        assert found.low - 0.002 < exact.reliability < found.high + 0.002
