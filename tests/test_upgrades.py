"""Upgrades against every set tried, on random networks; money, years and bad input."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

import mobility as mb
from asking import run
from mobility import maps, policyreport, selection
from mobility.force import Element, Force
from oracles import upgrades as oracle
from oracles.interdiction import losable, worst
from oracles.reliability import by_states
from oracles.tables import Question, Tables
from strategies import Drawn, Pick, Seeded, Shape, build, net, write, write_csv

SMALL = Shape(nodes=(3, 5), links=(4, 8), modes=("road", "rail"), life=True)
LARGER = Shape(nodes=(6, 9), links=(10, 18), terminals=False, borders=False, modes=("road", "rail"), life=True)
AB = Question(("A",), ("B",))
LESS = {"throughput": False, "time": True}
VALUE = {"throughput": oracle.flow, "time": oracle.hours}
NEAR = {"throughput": 2e-4, "time": 2e-6}


@dataclass(frozen=True)
class Asked:
    tables: Tables
    ask: Question
    rows: list[dict[str, Any]]
    budget: float


def draw(pick: Pick, shape: Shape, most: int, *, nested: bool, better: bool = False) -> Asked:
    """Return a network with upgrades; `better` ones only ever improve a link."""
    tables, ask = build(pick, shape)
    rows = []
    count = pick.count(1, most)
    for u in range(count):
        cost = pick.one([10, 0, 5, 7.5, 20, 30.1])
        for n in range(pick.count(1, 2)):
            link = pick.one(tables.links)
            rows.append(
                {
                    "upgrade_id": f"U{u}", "link_id": link["link_id"], "set": _set(pick, link, better),
                    "cost_meur": cost if n == 0 or pick.one([True, False]) else None, "year": 2030, "name": f"Work {u}",
                }
            )  # fmt: skip
        if nested and u and pick.one([False, True]):
            other = f"U{pick.count(0, u - 1)}"
            rows[-1][pick.one(["contains", "requires"])] = other
    return Asked(tables, ask, rows, pick.one([20, 0, 10, 15, 37.6, 60]))


def _set(pick: Pick, link: dict[str, Any], better: bool) -> str:
    room = {"road": "capacity_veh_h", "rail": "capacity_trains_day", "sea": "capacity_sailings_day"}[link["mode"]]
    cells = []
    kind = pick.one(["both", "speed", "room", "open", "time"])
    if kind in ("both", "speed"):
        cells.append(f"speed_kmh={pick.one([120, 240] if better else [80, 120, 30])}")
        if better and "time_h" in link:
            cells = [f"time_h={link['time_h'] / pick.one([2, 4])}"]
    if kind in ("both", "room"):
        cells.append(f"{room}={pick.one([30, 40] if better else [6, 30, 0.5])}")
    if kind == "time" and not better:
        cells.append(f"time_h={pick.one([0.25, 1.5])}")
    if kind in ("both", "open", "time"):
        cells.append("status=operational")
    return ";".join(cells)


def network(asked: Asked, extra: dict[str, str] | None = None) -> mb.Network:
    frames = {name: pd.DataFrame(getattr(asked.tables, name)) for name in ("nodes", "links", "terminals", "borders")}
    frames = {k: v for k, v in frames.items() if not v.empty}
    return mb.Network.from_frames(**frames, upgrades=pd.DataFrame(asked.rows))


def solve(asked: Asked, objective: str, **more: Any) -> mb.Upgrade:
    ask = asked.ask
    return mb.upgrade(
        network(asked), ask.origins, ask.destinations, **{"budget": asked.budget, "objective": objective, **more}
    )


def known(value: float | None) -> float:
    return math.inf if value is None else value


def check(asked: Asked, objective: str) -> None:
    """Hold value, cost, base and every step of the frontier against all sets."""
    of = oracle.values(asked.tables, asked.ask, asked.rows, VALUE[objective])
    found = solve(asked, objective)
    less, near = LESS[objective], NEAR[objective]
    expected = oracle.best(asked.rows, of, asked.budget, less=less, near=near)
    assert found.proven
    assert found.frontier_proven
    assert known(found.value) == pytest.approx(expected.value, abs=1e-3)
    assert found.cost_meur == pytest.approx(expected.cost, abs=1e-6)
    assert known(found.base) == pytest.approx(of[frozenset()], abs=1e-3)
    assert found.cost_meur <= asked.budget + 1e-9
    assert oracle.price(asked.rows, found.chosen) == pytest.approx(found.cost_meur, abs=1e-6)
    assert of[frozenset(found.chosen)] == pytest.approx(known(found.value), abs=1e-3)
    costs = sorted({c for s in of if (c := oracle.price(asked.rows, s)) is not None and c <= asked.budget + 1e-9})
    steps = {}
    for cost in costs:
        step = oracle.best(asked.rows, of, cost, less=less, near=near)
        steps.setdefault(round(step.cost, 6), step.value)
    assert [(round(s.cost_meur, 6), known(s.value)) for s in found.frontier] == [
        (c, pytest.approx(v, abs=1e-3)) for c, v in sorted(steps.items())
    ]


# ---- the best set


@pytest.mark.parametrize("objective", ["throughput", "time"])
@settings(max_examples=12)
@given(data=st.data())
def test_the_best_set(objective: str, data: st.DataObject) -> None:
    pick = Drawn(data.draw)
    check(draw(pick, SMALL, 5, nested=True, better=pick.one([False, True])), objective)


@pytest.mark.parametrize(("objective", "seed"), [("throughput", 143), ("time", 118)])
def test_the_best_of_twelve(objective: str, seed: int) -> None:
    asked = draw(Seeded(seed), SMALL, 12, nested=False, better=bool(seed % 2))
    asked = Asked(asked.tables, asked.ask, asked.rows, 60)
    assert len(oracle.ids(asked.rows)) == 12
    assert len(solve(asked, objective).frontier) > 2
    check(asked, objective)


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["throughput", "time"])
def test_the_best_set_on_many_networks(objective: str) -> None:
    gains = 0
    for seed in range(80):
        asked = draw(Seeded(seed), SMALL if seed % 2 else LARGER, 8, nested=bool(seed % 3), better=bool(seed % 5))
        check(asked, objective)
        gains += len(solve(asked, objective).frontier) > 1
    assert gains > 12


@settings(max_examples=4)
@given(data=st.data())
def test_upgrading_never_hurts_and_a_budget_of_nothing_is_the_base(data: st.DataObject) -> None:
    asked = draw(Drawn(data.draw), SMALL, 4, nested=True, better=True)
    for objective, sign in (("throughput", 1), ("time", -1)):
        found = solve(asked, objective, budget=1e6, marginal=True)
        values = [sign * known(s.value) for s in found.frontier]
        assert values == sorted(set(values))
        assert [s.cost_meur for s in found.frontier] == sorted({s.cost_meur for s in found.frontier})
        assert sign * known(found.value) == sign * known(found.ceiling)
        assert all(x is None or x >= -1e-6 for m in found.marginals for x in (m.alone, m.first, m.last))
        free = [r for r in asked.rows if r.get("cost_meur") == 0]
        nothing = solve(asked, objective, budget=0)
        assert nothing.cost_meur == 0
        assert free or (nothing.value == nothing.base and not nothing.chosen)


def lines(*hours_and_rates: tuple[float, float]) -> tuple[tuple[str, str, str, str, float, float], ...]:
    """Return parallel roads from A to B, so many hours long, of so many vehicles an hour."""
    return tuple((f"R{i}", "A", "B", "road", h, r) for i, (h, r) in enumerate(hours_and_rates))


def closes(roads: Sequence[tuple[float, float]], count: float) -> float:
    """Return when so many have arrived on parallel roads: the least T with ``sum r (T - h)+`` at least `count`."""
    best = math.inf
    for some in itertools.chain.from_iterable(itertools.combinations(roads, n) for n in range(1, len(roads) + 1)):
        total = sum(r for _, r in some)
        at = (count + sum(r * h for h, r in some)) / total
        if all(h <= at for h, _ in some):
            best = min(best, at)
    return best


@pytest.mark.parametrize("budget", [0, 5, 12, 18, 40])
def test_closure_of_one_kind_on_parallel_roads(budget: float) -> None:
    now = [(4.0, 2.0), (6.0, 5.0), (9.0, 1.0)]
    better = {"U0": (0, "time_h=2", (2.0, 2.0), 5), "U1": (1, "capacity_veh_h=9", (6.0, 9.0), 7),
              "U2": (2, "time_h=3;capacity_veh_h=4", (3.0, 4.0), 12)}  # fmt: skip
    rows = [{"upgrade_id": u, "link_id": f"R{i}", "set": text, "cost_meur": c, "year": None, "name": u}
            for u, (i, text, _, c) in better.items()]  # fmt: skip
    expected = math.inf
    for n in range(4):
        for some in itertools.combinations(better, n):
            if sum(better[u][3] for u in some) <= budget:
                roads = list(now)
                for u in some:
                    roads[better[u][0]] = better[u][2]
                expected = min(expected, closes(roads, 60))
    asked = Asked(net(*lines(*now)), AB, rows, budget)
    found = solve(asked, "closure", force=Force("sixty", (Element("any", 60),)))
    assert found.proven
    assert found.value == pytest.approx(expected, abs=1e-4)
    assert found.base == pytest.approx(closes(now, 60), abs=1e-4)


DIAMOND = (
    ("P", "A", "M", "road", 1, 10), ("Q", "M", "B", "road", 1, 10), ("S", "A", "N", "road", 1, 10),
    ("T", "N", "B", "road", 1, 10),
)  # fmt: skip


@pytest.mark.parametrize("budget", [0, 10, 20, 30])
def test_reliability_and_the_worst_loss_against_every_set(budget: float) -> None:
    chance = {"fail_probability": 0.2}
    tables = net(*[(*row, chance | ({"status": "closed"} if row[0] == "T" else {})) for row in DIAMOND])
    rows = [
        {"upgrade_id": "OPEN", "link_id": "T", "set": "status=operational", "cost_meur": 20},
        {"upgrade_id": "SURE", "link_id": "P", "set": "fail_probability=0.01", "cost_meur": 10},
        {"upgrade_id": "WIDE", "link_id": "Q", "set": "capacity_veh_h=40", "cost_meur": 10},
    ]

    def sure(changed: Tables, ask: Question) -> float:
        units = [(frozenset({r["link_id"]}), float(r["fail_probability"])) for r in changed.links]
        return by_states(changed, ask, units)[0]

    def left(changed: Tables, ask: Question) -> float:
        return worst(changed, ask, losable(changed, ask, "links"), 1, "throughput")

    for objective, value in (("reliability", sure), ("worst-case", left)):
        of = oracle.values(tables, AB, rows, value)
        expected = oracle.best(rows, of, budget, less=False, near=1e-9)
        found = solve(Asked(tables, AB, rows, budget), objective)
        assert found.proven
        assert found.value == pytest.approx(expected.value, abs=1e-6)
        assert found.cost_meur == expected.cost


# ---- what a project is, and what it costs

LINE = net(
    ("L1", "A", "M", "rail", 2, 10, {"status": "missing"}), ("L2", "M", "B", "rail", 2, 10, {"status": "missing"}),
    ("R", "A", "B", "road", 10, 1), M="MK", B="MK",
)  # fmt: skip


def rows_of(*projects: tuple[str, str, str, float | None], **columns: dict[str, str]) -> list[dict[str, Any]]:
    rows = [dict(zip(("upgrade_id", "link_id", "set", "cost_meur"), p, strict=True)) for p in projects]
    return [{**r, **{c: of.get(r["upgrade_id"]) for c, of in columns.items()}} for r in rows]


HALVES = rows_of(("A1", "L1", "status=operational", 30), ("B1", "L2", "status=operational", 40))


def test_two_halves_of_one_line_are_worth_nothing_alone() -> None:
    found = solve(Asked(LINE, AB, HALVES, 100), "time", marginal=True, interactions=True, shapley=True)
    assert found.chosen == ("A1", "B1")
    assert (found.base, found.value) == (10.0, 4.0)
    assert [(m.alone, m.last, m.dropped, m.shapley) for m in found.marginals] == [(0.0, 6.0, 6.0, 3.0)] * 2
    assert [(i.pair, i.joint, i.apart, i.relation) for i in found.interactions] == [
        (("A1", "B1"), 6.0, 0.0, "complement")
    ]
    assert [(s.cost_meur, s.value) for s in found.frontier] == [(0.0, 10.0), (70.0, 4.0)]


def test_a_package_that_holds_another_is_not_paid_twice() -> None:
    rows = rows_of(
        ("ALL", "L1", "status=operational", 60), ("PART", "L2", "status=operational", 40), contains={"ALL": "PART"}
    )
    asked = Asked(LINE, AB, rows, 60)
    found = solve(asked, "time")
    assert (found.chosen, found.cost_meur, found.value) == (("ALL",), 60.0, 4.0)
    assert solve(asked, "time", budget=59).chosen == ()
    built = network(asked).with_changes(upgrade=["ALL"])
    assert mb.routes(built, "A", "B").routes[0].time_h == 4.0


def test_what_is_required_is_paid_as_well() -> None:
    rows = rows_of(
        ("WORKS", "L1", "", 15), ("OPENS", "L1", "status=operational", 10), ("REST", "L2", "status=operational", 5),
        requires={"OPENS": "WORKS"},
    )  # fmt: skip
    asked = Asked(LINE, AB, rows, 30)
    found = solve(asked, "time", marginal=True)
    assert (found.chosen, found.cost_meur, found.value) == (("WORKS", "OPENS", "REST"), 30.0, 4.0)
    assert solve(asked, "time", budget=29).value == 10.0
    assert solve(asked, "throughput").value == pytest.approx(24 * 1 + 10 * 30)


def test_what_has_no_public_cost_is_never_taken_for_free() -> None:
    rows = rows_of(("A1", "L1", "status=operational", None), ("B1", "L2", "status=operational", 40))
    asked = Asked(LINE, AB, rows, 1000)
    left_out = solve(asked, "time", marginal=True)
    assert (left_out.chosen, left_out.uncosted, left_out.value) == ((), ("A1",), 10.0)
    assert "without a public cost" in left_out.reason
    assert {m.upgrade_id: (m.cost_meur, m.note) for m in left_out.marginals}["A1"] == (None, "no public cost")
    assumed = solve(asked, "time", uncosted=100)
    assert (assumed.chosen, assumed.cost_meur, assumed.value) == (("A1", "B1"), 140.0, 4.0)
    assert solve(asked, "time", uncosted=100, budget=139).chosen == ()


def test_what_is_completed_is_no_upgrade() -> None:
    rows = rows_of(*((u, k, s, c) for u, k, s, c in (tuple(r.values()) for r in HALVES)), state={"A1": "completed"})
    found = solve(Asked(LINE, AB, rows, 100), "time")
    assert found.chosen == ()
    assert "A1" not in found.projects


def test_rows_of_one_project_cost_once() -> None:
    for second in (None, 40):
        rows = rows_of(("U", "L1", "status=operational", 40), ("U", "L2", "status=operational", second))
        found = solve(Asked(LINE, AB, rows, 40), "time")
        assert (found.chosen, found.cost_meur, found.value) == (("U",), 40.0, 4.0)


def test_a_choice_among_some_and_by_a_year() -> None:
    rows = [r | {"year": y} for r, y in zip(HALVES, (2030, 2034), strict=True)]
    asked = Asked(LINE, AB, rows, 100)
    assert solve(asked, "time", only=["A1"]).chosen == ()
    assert solve(asked, "time", by=2033).chosen == ()
    assert solve(asked, "time", by=2034).chosen == ("A1", "B1")


def test_more_at_one_link_than_can_be_combined_is_refused() -> None:
    rows = rows_of(*[(f"U{i}", "R", "speed_kmh=50", 1) for i in range(13)])
    with pytest.raises(mb.InputError, match=r"R \(13\)"):
        solve(Asked(LINE, AB, rows, 10), "time")


def test_turning_a_link_round() -> None:
    tables = net(("L1", "B", "A", "road", 2, 10, {"direction": "forward"}), ("R", "A", "B", "road", 10, 1))
    rows = rows_of(("U", "L1", "direction=both", 10))
    assert solve(Asked(tables, AB, rows, 10), "time").value == 2.0
    assert solve(Asked(tables, AB, rows, 9), "time").value == 10.0


# ---- procedures


def test_procedures_compete_without_money() -> None:
    tables = net(
        ("R", "A", "X", "road", 1, 10), ("T", "X", "B", "road", 1, 10), borders=(("X", "road", 6, 100),),
    )  # fmt: skip
    nodes = [{**n, "country": "AL", "country2": "MK"} if n["node_id"] == "X" else n for n in tables.nodes]
    rows = rows_of(("FAST", "R", "time_h=0.5", 10))
    asked = Asked(Tables(nodes, tables.links, tables.terminals, tables.borders), AB, rows, 10)
    plain = solve(asked, "time")
    assert (plain.chosen, plain.value) == (("FAST",), 7.5)
    eased = solve(asked, "time", procedures=1)
    assert (set(eased.chosen), eased.value) == ({"FAST", eased.chosen[1]}, 4.5)
    assert eased.chosen[1].startswith("EASE-")
    assert eased.cost_meur == 10.0
    free = solve(asked, "time", procedures=1, budget=0)
    assert (free.cost_meur, free.value) == (0.0, 5.0)


# ---- years


def brute_sequence(asked: Asked, budgets: dict[int, float], opens: dict[str, int]) -> float:
    """Return the best sum of hours over the years, every year of every project tried; a cut counts 1e5 hours."""
    of = {s: min(v, 1e5) for s, v in oracle.values(asked.tables, asked.ask, asked.rows, oracle.hours).items()}
    years = sorted(budgets)
    best = math.inf
    every = oracle.ids(asked.rows)
    for when in itertools.product([None, *years], repeat=len(every)):
        plan = dict(zip(every, when, strict=True))
        if any(y is not None and y < opens[u] for u, y in plan.items()):
            continue
        total, fits = 0.0, True
        for year in years:
            done = frozenset(u for u, y in plan.items() if y is not None and y <= year)
            cost = oracle.price(asked.rows, done)
            fits &= cost is not None and cost <= sum(budgets[y] for y in years if y <= year) + 1e-9
            total += of[done]
        if fits:
            best = min(best, total)
    return best


@settings(max_examples=8)
@given(data=st.data())
def test_a_sequence_never_breaks_a_yearly_budget_and_is_the_best(data: st.DataObject) -> None:
    pick = Drawn(data.draw)
    asked = draw(pick, SMALL, 4, nested=False, better=True)
    budgets = {2030 + i: pick.one([10.0, 0.0, 5.0, 12.5]) for i in range(3)}
    opens = {u: pick.one([2029, 2031]) for u in oracle.ids(asked.rows)}
    asked = Asked(asked.tables, asked.ask, [r | {"year": opens[r["upgrade_id"]]} for r in asked.rows], 0)
    found = mb.sequence(network(asked), asked.ask.origins, asked.ask.destinations, budgets=budgets, objective="time")
    costs = {u: oracle.price(asked.rows, [u]) or 0.0 for u in oracle.ids(asked.rows)}
    paid: dict[str, float] = {}
    for y in found.years:
        assert math.fsum(m for _, m in y.payments) == pytest.approx(y.paid_meur)
        assert y.paid_meur <= budgets[y.year] + 1e-9
        for u, m in y.payments:
            paid[u] = paid.get(u, 0.0) + m
        for u in y.opened:
            assert y.year >= opens[u]
            assert paid.get(u, 0.0) == pytest.approx(costs[u])
    assert found.proven
    assert found.total + 1e5 * found.cut_years == pytest.approx(brute_sequence(asked, budgets, opens), abs=1e-3)


def test_the_best_last_year_is_another_goal_than_the_best_sum() -> None:
    # 10 a year: half an hour at once, or six hours in the last year.
    rows = [
        *(r | {"cost_meur": 15} for r in HALVES),
        {"upgrade_id": "R1", "link_id": "R", "set": "time_h=7", "cost_meur": 10},
    ]
    ask: dict[str, Any] = {"budgets": {2030: 10, 2031: 10, 2032: 10}, "objective": "time"}
    plan = network(Asked(LINE, AB, rows, 0))
    early = mb.sequence(plan, "A", "B", **ask)
    late = mb.sequence(plan, "A", "B", goal="final", **ask)
    assert [y.value for y in early.years] == [7.0, 7.0, 7.0]
    assert [y.value for y in late.years] == [10.0, 10.0, 4.0]
    assert early.proven
    assert late.proven


# ---- states, scenarios


def test_only_one_pot_builds_a_line_through_two_states() -> None:
    # L1 lies in AL and MK by its ends: the table says whose works they are.
    rows = [r | {"countries": c} for r, c in zip(HALVES, ("AL", "MK"), strict=True)]
    found = mb.coordination(network(Asked(LINE, AB, rows, 0)), "A", "B", budget={"AL": 30, "MK": 40}, objective="time")
    assert (found.base, found.national, found.informed, found.common, found.gain) == (10.0, 10.0, 10.0, 4.0, 6.0)
    assert [s.alone for s in found.states] == [(), ()]
    assert found.common_chosen == ("A1", "B1")
    split = mb.coordination(network(Asked(LINE, AB, rows, 0)), "A", "B", budget=70, objective="time")
    assert {s.country: s.budget_meur for s in split.states} == {"AL": 30.0, "MK": 40.0}


@settings(max_examples=5)
@given(data=st.data(), objective=st.sampled_from(["throughput", "time"]))
def test_a_robust_choice_against_every_set(data: st.DataObject, objective: str) -> None:
    pick = Drawn(data.draw)
    asked = draw(pick, SMALL, 4, nested=True, better=True)
    lost = pick.one(asked.tables.links)["link_id"]
    other = Asked(asked.tables.with_link(lost, speed_kmh=10, time_h=None), asked.ask, asked.rows, asked.budget)
    less = LESS[objective]
    nets = {"now": network(asked), "slow": network(other)}
    found = mb.robust(
        nets["now"], asked.ask.origins, asked.ask.destinations, budget=asked.budget, scenarios=nets,
        weights=[3, 1], objective=objective,
    )  # fmt: skip
    of = [oracle.values(x.tables, x.ask, x.rows, VALUE[objective]) for x in (asked, other)]
    paid = [s for s in of[0] if (c := oracle.price(asked.rows, s)) is not None and c <= asked.budget + 1e-9]
    worth = [{s: (-min(v[s], 1e5) if less else v[s]) for s in paid} for v in of]
    mean = max(0.75 * worth[0][s] + 0.25 * worth[1][s] for s in paid)
    tops = [max(w.values()) for w in worth]
    regret = min(max(t - w[s] for t, w in zip(tops, worth, strict=True)) for s in paid)
    assert found.proven
    assert found.expected_value * (-1 if less else 1) == pytest.approx(mean, abs=1e-3)
    assert found.greatest_regret == pytest.approx(regret, abs=1e-3)


# ---- the command


def written(folder: Path, asked: Asked) -> Path:
    write(asked.tables, folder)
    write_csv(folder / "upgrades.csv", asked.rows)
    return folder


def test_the_command_on_a_network_of_the_contract_alone(tmp_path: Path) -> None:
    columns = ("upgrade_id", "link_id", "set", "cost_meur", "year", "name")
    rows = [{c: r.get(c) for c in columns} for r in HALVES]
    folder = written(tmp_path / "n", Asked(LINE, AB, rows, 0))
    ask = ("upgrade", "--network", folder, "--from", "A", "--to", "B", "--format", "json")
    found = run(*ask, "--budget", 70, "--objective", "time")
    assert found.code == 0
    assert {k: found.json[k] for k in ("chosen", "cost_meur", "base", "value", "proven")} == {
        "chosen": ["A1", "B1"], "cost_meur": 70.0, "base": 10.0, "value": 4.0, "proven": True,
    }  # fmt: skip
    assert [s["cost_meur"] for s in found.json["frontier"]] == [0.0, 70.0]
    nothing = run(*ask, "--budget", 0).json
    assert (nothing["chosen"], nothing["value"], nothing["base"]) == ([], 24.0, 24.0)
    assert "70.0 M EUR" in nothing["reason"]
    rail = run(*ask, "--budget", 30, "--modes", "rail", "--objective", "time")
    assert (rail.code, rail.json["value"], rail.json["status"]) == (1, None, "no_route")
    years = run(*ask, "--sequence", "2030:35,2031:35", "--objective", "time").json["years"]
    assert [(y["year"], y["value"]) for y in years] == [(2030, 10.0), (2031, 4.0)]
    assert run(*ask, "--budget", 70, "--national", "--objective", "time").json["common"] == 4.0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--budget", "-1"], "at least 0"),
        (["--budget", "much"], "no number"),
        ([], "give a --budget"),
        (["--budget", "5", "--objective", "tiem"], "did you mean time"),
        (["--budget", "5", "--uncosted", "free"], "assume=100"),
        (["--budget", "5", "--uncosted", "assume=-1"], "at least 0"),
        (["--budget", "5", "--only", "A2"], "no upgrade 'A2'"),
        (["--budget", "5", "--objective", "closure"], "--force"),
        (["--budget", "5", "--force", "fuel-convoy"], "--objective closure"),
        (["--budget", "5", "--fail", "0.1"], "means nothing"),
        (["--budget", "5", "--sequence", "2030:5"], "leave out --budget"),
        (["--sequence", "2030"], "2027:200"),
        (["--sequence", "soon:5"], "no year"),
        (["--sequence", "2030:-5"], "at least 0"),
        (["--sequence", "2030:5", "--national"], "questions of their own"),
        (["--sequence", "2030:5", "--marginal"], "does not go with"),
        (["--budget", "XX:5", "--national"], "no place of the network"),
        (["--budget", "5", "--robust", "flod"], "no scenario"),
        (["--budget", "5", "--weights", "1"], "does not go with"),
        (["--budget", "5", "--chart", "x.txt"], ".png"),
        (["--budget", "5", "--national", "--chart", "x.png"], "not --national"),
        (["--budget", "5", "--map", "x.gif"], "--map x.gif"),
    ],
)
def test_bad_questions(tmp_path: Path, words: list[str], says: str) -> None:
    folder = written(tmp_path / "n", Asked(LINE, AB, HALVES, 0))
    done = run("upgrade", "--network", folder, "--from", "A", "--to", "B", *words)
    assert done.code == 2
    assert says in done.stderr


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("requires", "ZZ", "requires what is no upgrade"), ("contains", "BB1", "did you mean B1"),
        ("requires", "A1", "itself"),
        ("borders", "M/rail", "wait_h=2"), ("borders", "M/rail:wait_h=2", "no row of borders.csv"),
        ("set", "mode=road", "sets the mode"),
    ],
)  # fmt: skip
def test_bad_tables(tmp_path: Path, column: str, value: str, says: str) -> None:
    rows = [dict(HALVES[0], **{column: value}), HALVES[1]]
    folder = written(tmp_path / "n", Asked(LINE, AB, rows, 0))
    done = run("upgrade", "--network", folder, "--from", "A", "--to", "B", "--budget", 5)
    assert done.code == 2
    assert says in done.stderr


def test_costs_that_contradict_each_other_are_named_with_their_line(tmp_path: Path) -> None:
    rows = rows_of(("A1", "L1", "status=operational", 40), ("A1", "L2", "status=operational", 50))
    folder = written(tmp_path / "n", Asked(LINE, AB, rows, 0))
    done = run("upgrade", "--network", folder, "--from", "A", "--to", "B", "--budget", 5)
    assert done.code == 2
    assert "upgrades.csv:2 cost_meur = '40, 50'" in done.stderr
    checked = run("check", folder, "--format", "json")
    assert checked.code == 2
    assert [f["column"] for f in checked.json["findings"] if f["level"] == "error"] == ["cost_meur"]


# ---- the shipped network

RAIL: dict[str, Any] = {"origin": "Durrës", "destination": ["Burgas", "Constanța"], "modes": "rail"}


def test_the_shipped_projects() -> None:
    every = {p.upgrade_id: p for p in mb.projects(mb.load())}
    facts = {p for p in every if p != "UP58"}
    assert len(facts) == 57
    assert sum(every[p].state == "completed" for p in facts) == 8
    assert sum(every[p].cost_meur is None for p in facts) == 16
    assert every["UP15"].contains == ("UP16",)
    # A package has the effects of what it holds, and a project may shorten a wait.
    built = mb.load().with_changes(upgrade=["UP21"]).table("borders").set_index(["node_id", "mode"])
    assert built.loc[("BX_PRESEVO", "rail"), "wait_h"] == 2.0
    assert built.loc[("BX_PRESEVO", "road"), "wait_h"] == 0.7
    assert all(p.countries for p in every.values())


@pytest.mark.parametrize("objective", ["throughput", "time"])
def test_the_shipped_network_is_answered_with_proof(objective: str) -> None:
    network = mb.load()
    found = mb.upgrade(network, **RAIL, vehicle="wheeled-ifv", budget=1500, objective=objective, marginal=True)
    assert found.proven
    assert found.frontier_proven
    assert found.cost_meur <= 1500
    built = network.with_changes(upgrade=found.chosen)
    ask = {**RAIL, "vehicle": "wheeled-ifv"}
    if objective == "time":
        assert found.base is None
        assert found.value == pytest.approx(mb.routes(built, k=1, **ask).routes[0].time_h)
    else:
        assert found.base == 0.0
        assert found.value == pytest.approx(mb.throughput(built, **ask).vehicles_per_day)
    assert not set(found.chosen) & set(found.uncosted)
    shown = io.StringIO()
    policyreport.show_upgrade(Console(file=shown, width=80, markup=False, emoji=False, highlight=False), found)
    assert max(map(len, shown.getvalue().splitlines())) <= 80
    assert "Proven" in shown.getvalue()


def test_the_year_of_the_network_and_of_the_projects() -> None:
    # In 2036 all of Corridor VIII is open in any case: what then is bought only makes it faster.
    later = mb.upgrade(mb.load(), **RAIL, budget=300, objective="time", year=2036)
    assert later.base is not None
    assert later.value is not None
    assert later.value < later.base
    now = mb.upgrade(mb.load(), **RAIL, budget=300, objective="time")
    assert now.base is None
    assert now.status == "no_route"
    assert "cheapest" in now.reason


def test_procedures_of_the_shipped_network() -> None:
    network = mb.load()
    eased = {p.upgrade_id: p for p in selection.procedures(network, permissions=True, pools=True)}
    assert {"EASE-MK", "EASE-PERMISSION-EMERGENCY", "EASE-POOL"} <= set(eased)
    assert all(p.cost_meur == 0.0 for p in eased.values())
    waits = {(n, m): w for n, m, w in network.table("borders")[["node_id", "mode", "wait_h"]].itertuples(index=False)}
    for p in eased.values():
        for key, cells in p.borders:
            node, _, mode = key.partition("/")
            assert cells["wait_h"] == pytest.approx(waits[node, mode] / 2)


@pytest.mark.slow
def test_closure_of_the_shipped_network_is_proven() -> None:
    found = mb.upgrade(
        mb.load(), **{**RAIL, "origin": ["Durrës", "Bar"]}, budget=1000, objective="closure", force="fuel-convoy"
    )
    assert found.proven
    assert found.value is not None
    assert found.base is not None
    assert found.value < found.base


def test_one_question_in_several_years() -> None:
    words = ("--from", "Durrës", "--to", "Burgas", "--modes", "rail", "--years", "2026,2036", "--format", "json")
    found = run("compare", *words, "--quiet")
    assert [(c["name"], c["status"]) for c in found.json["cases"]] == [("2026", "no_route"), ("2036", "ok")]
    assert run("compare", "--years", "2026").code == 2
    assert run("compare", "all-nato", "--from", "Durrës").code == 2


def test_pictures(tmp_path: Path) -> None:
    found = mb.upgrade(mb.load(), **RAIL, budget=1500, objective="time")
    figure = found.plot(path=tmp_path / "steps.png", dpi=60)
    said = (tmp_path / "steps.png.caption.txt").read_text(encoding="utf-8")
    assert found.reason in said
    assert figure.axes[0].get_ylabel() == "hours"
    table = pd.read_csv(tmp_path / "steps.png.csv")
    assert table["cost_meur"].tolist() == [s.cost_meur for s in found.frontier]
    with pytest.raises(mb.InputError, match="frontier or map"):
        found.plot("pie")
    view = maps.view_of(found)
    assert all(one in view.alt_text for one in found.chosen)
    assert found.reason in view.caption


@pytest.mark.slow
def test_the_map_of_what_is_chosen(tmp_path: Path) -> None:
    found = mb.upgrade(mb.load(), **RAIL, budget=1500, objective="time")
    found.plot("map", path=tmp_path / "map.png", dpi=60)
    drawn = pd.read_csv(tmp_path / "map.png.csv").set_index("link_id")
    assert set(drawn.index[drawn["class"] == "chosen"]) == {
        k for one in found.chosen for k, _ in found.projects[one].links
    }


def test_weights_are_one_for_each_case() -> None:
    plan = network(Asked(LINE, AB, HALVES, 0))
    for weights in ([1], [1, -1], [0, 0]):
        with pytest.raises(mb.InputError, match="weights"):
            mb.robust(plan, "A", "B", budget=5, scenarios={"a": plan, "b": plan}, weights=weights)
