"""Intervals against closed forms, samples against networks built anew, shares of variance against known ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mobility as mb
from asking import run
from mobility.errors import InputError
from mobility.network import level_of
from mobility.schema import columns, estimate_range, split, tables
from mobility.uncertainty import FAMILIES, Case, Spread, Unknown, case, first_order, hypercube, reasons
from mobility.vehicle import Vehicle, Wagon

TRUCK = Vehicle("truck", mlc_wheeled=60, mass_t=40, wagon=Wagon("flat", 15, 4, 20), per_train=10, lane_m=10)


def network(
    links: Sequence[Mapping[str, Any]], borders: Sequence[Mapping[str, Any]] = (),
    terminals: Sequence[Mapping[str, Any]] = (), lies: Mapping[str, str] | None = None, **more: pd.DataFrame,
) -> mb.Network:  # fmt: skip
    """Return a network of links given as ``id: from-to`` cells; places lie in AL unless said otherwise."""
    frame = pd.DataFrame(links)
    names = sorted({*frame["from_node"], *frame["to_node"]})
    nodes = pd.DataFrame({"node_id": names, "lat": [41 + 0.1 * i for i in range(len(names))], "lon": 20.0})
    nodes["country"] = [(lies or {}).get(n, "AL") for n in names]
    tables_ = {"borders": pd.DataFrame(borders), "terminals": pd.DataFrame(terminals)}
    kept = {k: v for k, v in tables_.items() if len(v)}
    return mb.Network.from_frames(nodes=nodes, links=frame, **kept, **more)


def link(name: str, a: str, b: str, **cells: Any) -> dict[str, Any]:
    """Return a row of links: a road of 60 km unless told otherwise."""
    usual = {"mode": "road", "confidence": "medium", "length_km": 60.0}
    return {"link_id": name, "from_node": a, "to_node": b, **usual, **cells}


def road(name: str, a: str, b: str, low: float, high: float, **cells: Any) -> dict[str, Any]:
    """Return a road whose capacity lies between two numbers of vehicles a day."""
    ends = {"capacity_veh_h": (low + high) / 48, "estimated": "capacity_veh_h", "time_h": 1.0}
    return link(name, a, b, ranges=f"capacity_veh_h={low / 24!r}:{high / 24!r}", **ends, **cells)


# ---- closed forms


def test_hours_of_one_link_follow_its_speed() -> None:
    net = network([link("L", "A", "B", speed_kmh=50, estimated="speed_kmh", ranges="speed_kmh=40:60")])
    answer = mb.uncertainty(net, "A", "B", runs=2000, items=False)
    assert answer.point == pytest.approx(60 / 50)
    at = answer.interval
    assert [at.p5, at.p50, at.p95] == pytest.approx([60 / 59, 60 / 50, 60 / 41], rel=1e-3)
    assert at.mean == pytest.approx(60 * math.log(60 / 40) / 20, rel=1e-4)
    assert [at.minimum, at.maximum] == pytest.approx([1.0, 1.5], rel=1e-3)
    (only,) = answer.groups
    assert (only.columns, only.modes, only.where, only.items) == (("speed_kmh",), ("road",), ("AL",), ("L",))
    assert only.variance_share > 0.97
    assert only.certain
    assert [only.low_end, only.high_end] == pytest.approx([60 / 41, 60 / 59])


def test_two_roads_side_by_side_add_up() -> None:
    net = network([road("L", "A", "B", 100, 300), road("M", "A", "B", 200, 400)])
    apart = mb.uncertainty(net, "A", "B", measure="throughput", runs=1600, dependence="independent")
    assert apart.point == pytest.approx(500)
    # Sum of two uniforms 200 wide: a triangle from 300 to 700; a twentieth lies below 300 + 200 sqrt(0.1).
    low = 300 + 200 * math.sqrt(0.1)
    at = apart.interval
    assert [at.p5, at.p50, at.p95] == pytest.approx([low, 500, 1000 - low], abs=9)
    assert apart.interval.sd == pytest.approx(200 / math.sqrt(6), rel=0.02)
    assert [m.variance_share for m in apart.items] == pytest.approx([0.5, 0.5], abs=0.07)
    # Both by one rule: they are high together, and the sum is as wide as can be.
    together = mb.uncertainty(net, "A", "B", measure="throughput", runs=1000)
    assert [together.interval.p5, together.interval.p95] == pytest.approx([320, 680], rel=1e-3)
    assert [m.unknowns for m in together.groups] == [2]
    assert {m.name for m in together.items} == {"L", "M"}


def test_two_roads_in_a_row_carry_what_the_lesser_does() -> None:
    net = network([road("L", "A", "B", 100, 200), road("M", "B", "C", 100, 200)])
    answer = mb.uncertainty(net, "A", "C", measure="throughput", runs=1600, dependence="independent")
    # P(min > x) is the square of P(one > x).
    want = [100 + 100 * (1 - math.sqrt(1 - p)) for p in (0.05, 0.5, 0.9, 0.95)]
    at = answer.interval
    assert [at.p5, at.p50, at.p90, at.p95] == pytest.approx(want, abs=4)
    assert at.mean == pytest.approx(100 + 100 / 3, rel=5e-3)
    # First-order share of either: var(E[min | one]) / var(min) = (1/45) / (1/18).
    assert [m.variance_share for m in answer.items] == pytest.approx([0.4, 0.4], abs=0.07)


def test_waits_are_lognormal_and_their_predictability_is_p90_less_p50() -> None:
    rows = [link("L", "A", "X", time_h=2), link("M", "X", "B", time_h=3)]
    net = network(rows, [{"node_id": "X", "mode": "road", "wait_h": 1.0, "wait_h_p90": 4.0}])
    answer = mb.uncertainty(net, "A", "B", over="Border Waits", runs=2000, items=False)
    assert answer.point == pytest.approx(6)
    steep = math.log(4) / 1.2815515655
    assert answer.interval.p50 == pytest.approx(6, rel=1e-3)
    assert answer.interval.p90 == pytest.approx(9, rel=3e-3)
    assert answer.interval.p5 == pytest.approx(5 + math.exp(-1.6448536 * steep), rel=1e-3)
    assert answer.predictability_h == pytest.approx(3, rel=0.01)
    assert answer.groups[0].kind == "varies"
    none = network(rows, [{"node_id": "X", "mode": "road", "wait_h": 0.0, "wait_h_p90": 2.0}])
    free = mb.uncertainty(none, "A", "B", runs=1000, items=False)
    assert (free.interval.p5, free.interval.p90) == pytest.approx((5.0, 7.0), rel=3e-3)


def test_a_limit_that_may_not_do_opens_and_closes_the_road() -> None:
    rows = [
        link("L", "A", "B", time_h=1, mlc_wheeled=60, estimated="mlc_wheeled", ranges="mlc_wheeled=40:80"),
        link("M", "A", "B", time_h=3, mlc_wheeled=100),
    ]
    both = mb.uncertainty(network(rows), "A", "B", vehicle=TRUCK, runs=500, items=False)
    assert (both.point, both.interval.p5, both.interval.p95, both.no_route_share) == (1.0, 1.0, 3.0, 0.0)
    assert both.interval.mean == pytest.approx(2.0)
    alone = mb.uncertainty(network(rows[:1]), "A", "B", vehicle=TRUCK, runs=500, items=False)
    assert (alone.no_route_share, alone.interval.p5, alone.interval.p95) == (0.5, 1.0, None)
    assert alone.variance_of == "journeys a day"
    assert alone.groups[0].low_end is None
    # Above its stated value it would not do; at the favourable end it does, so the question has an answer.
    weak = [{**rows[0], "mlc_wheeled": 50}]
    shut = mb.uncertainty(network(weak), "A", "B", vehicle=TRUCK, runs=500, items=False)
    assert (shut.status, shut.point, shut.no_route_share) == ("ok", None, 0.5)


def test_with_nothing_estimated_the_interval_is_the_point() -> None:
    rows = [link("L", "A", "B", time_h=2, capacity_veh_h=5), link("M", "A", "B", time_h=3, capacity_veh_h=7)]
    for measure, more in (("time", {}), ("throughput", {}), ("closure", {"count": 20})):
        answer = mb.uncertainty(network(rows), "A", "B", measure=measure, runs=20, **more)
        at = answer.interval
        assert answer.point is not None
        assert {at.p5, at.p50, at.p95, at.mean, at.minimum, at.maximum} == {answer.point}
        assert (at.sd, answer.unknowns, answer.groups, answer.items) == (0.0, 0, (), ())


def test_the_range_of_a_share_and_the_triangle() -> None:
    net = network([link("L", "A", "B", time_h=1, capacity_veh_h=10)])
    answer = mb.uncertainty(net, "A", "B", measure="throughput", share=0.4, runs=1000, items=False)
    found = [answer.point, answer.interval.p5, answer.interval.p95]
    assert found == pytest.approx([96, 240 * 0.22, 240 * 0.58], rel=2e-3)
    assert [m.kind for m in answer.groups] == ["assumption"]
    held = mb.uncertainty(net, "A", "B", measure="throughput", share=0.4, runs=60)
    assert held.items == ()  # there is nothing to survey
    by_mode = mb.uncertainty(net, "A", "B", measure="throughput", share={"road": 0.9, "rail": 0.1}, runs=400)
    assert by_mode.interval.maximum == pytest.approx(240, rel=2e-3)  # no more than all of it
    peak = mb.uncertainty(net, "A", "B", measure="throughput", share=0.4, runs=1000, shape="triangular", items=False)
    # A triangle from 48 to 144 around 96: a twentieth lies below 48 + 96 sqrt(0.05 / 2).
    assert peak.interval.p5 == pytest.approx(48 + 96 * math.sqrt(0.025), rel=2e-3)


def test_a_year_that_may_slip_decides_whether_a_link_is_there() -> None:
    rows = [
        link("L", "A", "B", time_h=1, status="planned", open_year=2028, estimated="open_year"),
        link("M", "A", "B", time_h=2, status="operational"),
    ]
    rows[0]["ranges"] = "open_year=2026:2031"
    answer = mb.uncertainty(network(rows), "A", "B", year=2029, runs=1000)
    # Uniform from 2026 to 2031, to the nearest year: open when below 2028.5.
    assert (answer.point, answer.interval.mean) == (1.0, pytest.approx(1.5))
    assert mb.uncertainty(network(rows), "A", "B", year=2026, runs=10).interval.maximum == 2.0


# ---- samples against networks built anew


def rebuilt(net: mb.Network, unknowns: Sequence[Unknown], values: np.ndarray) -> tuple[mb.Network, dict[str, Any]]:
    """Return the network with the values written into its tables, and the shares that are asked."""
    frames = {n: net.table(n).copy() for n in ("links", "terminals", "borders", "permissions", "countries")}
    shares: dict[str, Any] = {}
    for x, value in zip(unknowns, values.tolist(), strict=True):
        if x.table == "options":
            shares[x.mode] = value
            continue
        frame = frames[x.table]
        frame.loc[frame.index[x.row], x.column] = math.floor(value + 0.5) if x.column == "open_year" else value
    kept = {n: f for n, f in frames.items() if n in net.tables}
    return net._replace(**kept), ({"share": shares.get("", shares)} if shares else {})


def held_against(net: mb.Network, ask: Mapping[str, Any], measure: str, samples: int, **options: Any) -> Case:
    """Assert that samples are what a network built anew answers; return the case."""
    made = case(net, ask["origin"], ask["destination"], measure=measure, **options)
    spread = Spread(made.unknowns, "uniform")
    position = hypercube(len(made.unknowns), samples, seed=7)
    for v in (*([spread.stated] if samples > 1 else []), *spread.values(position)):
        other, shares = rebuilt(net, made.unknowns, v)
        asked = {k: x for k, x in options.items() if k not in ("force", "count", "families")} | shares
        if measure == "time":
            found = mb.routes(other, **ask, k=1, **asked).routes
            want = found[0].time_h if found else math.inf
        elif measure == "throughput":
            want = mb.throughput(other, **ask, **asked).vehicles_per_day
        else:
            closed = mb.closure(other, **ask, force=made.force, gap=math.inf, **asked).closure_h
            want = math.inf if closed is None else closed
        assert made.value(v) == pytest.approx(want, rel=1e-6), measure
    return made


def mesh(seed: int) -> mb.Network:
    """Return a small network with something uncertain of every kind."""
    rng = np.random.default_rng(seed)
    rows, guess = [], "speed_kmh;length_km;capacity_veh_h;capacity_trains_day;mlc_wheeled;line_category;max_axle_t"
    guess += ";time_h;capacity_sailings_day;ship_lane_m;max_height_m;open_year"
    for n, (a, b) in enumerate([("A", "B"), ("A", "X"), ("B", "X"), ("X", "C"), ("B", "C"), ("C", "D"), ("X", "D")]):
        for mode in ("road", "rail"):
            if rng.random() < 0.75:
                row = link(f"{mode}{n}", a, b, mode=mode, length_km=float(rng.integers(30, 90)), estimated=guess)
                row["speed_kmh"] = float(rng.integers(30, 70))
                row["confidence"] = str(rng.choice(["low", "medium", "high"]))
                if mode == "road":
                    row |= {"capacity_veh_h": 10.0, "mlc_wheeled": float(rng.choice([40, 60, 80])), "max_height_m": 4.2}
                else:
                    row |= {"capacity_trains_day": 3.0, "line_category": str(rng.choice(["C2", "D4"]))}
                if rng.random() < 0.2:
                    row |= {"time_h": 1.5}
                if rng.random() < 0.2:
                    row |= {"status": "planned", "open_year": 2029.0}
                rows.append(row)
    ship = {"capacity_sailings_day": 2.0, "ship_lane_m": 95.0}
    rows.append(link("sea", "B", "D", mode="sea", time_h=5.0, estimated=guess, **ship))
    rows.append(link("last", "A", "D", mode="road", time_h=30.0, mlc_wheeled=100, capacity_veh_h=1))
    gates = [
        {"node_id": "X", "mode": m, "wait_h": 1.0, "wait_h_p90": 3.0, "capacity_veh_day": 300.0,
         "estimated": "capacity_veh_day", "confidence": "low"} for m in ("road", "rail")
    ] + [{"node_id": "C", "mode": "road", "wait_h": 2.0, "estimated": "wait_h", "confidence": "low"}]  # fmt: skip
    pairs = [("road", "rail"), ("road", "sea"), ("rail", "sea")]
    yards = [
        {"node_id": n, "from_mode": a, "to_mode": b, "transfer_h": 2.0, "capacity_veh_day": 60.0,
         "estimated": "transfer_h;capacity_veh_day", "confidence": "medium"} for n in "BD" for a, b in pairs
    ]  # fmt: skip
    states = pd.DataFrame({"country": ["AL", "MK"], "permission_h": [48, 24], "estimated": "permission_h"})
    return network(rows, gates, yards, {"C": "MK", "D": "MK"}, countries=states)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_samples_are_what_a_network_built_anew_answers(seed: int) -> None:
    net, ask = mesh(seed), {"origin": ["A", "B"], "destination": "D"}
    tall = Vehicle("tall", **{k: getattr(TRUCK, k) for k in ("mlc_wheeled", "mass_t", "wagon", "per_train", "lane_m")},
                   height_m=4.1, road_speed_kmh=55)  # fmt: skip
    timed = held_against(net, ask, "time", 6, vehicle=tall, year=2030)
    assert {x.family for x in timed.unknowns} >= {"speeds", "lengths", "limits", "border waits", "transfer hours"}
    share = {"road": 0.5, "rail": 0.3, "terminal": 0.5}
    flow = held_against(net, ask, "throughput", 6, vehicle=tall, share=share, year=2030)
    assert {x.family for x in flow.unknowns} >= {"capacities", "terminal capacities", "border capacities", "shares"}
    if seed == 1:
        held_against(net, ask, "throughput", 2, vehicle=tall, trains="link")
        few = held_against(net, ask, "time", 3, vehicle=tall, unknown="forbid", families=("limits", "speeds"))
        assert {x.family for x in few.unknowns} == {"limits", "speeds"}


def test_closure_samples_are_what_a_network_built_anew_answers(tmp_path: Path) -> None:
    net, ask = mesh(2), {"origin": "A", "destination": "D"}
    made = held_against(net, ask, "closure", 3, count=40, modes=["road", "rail"], permission="status-quo")
    assert {"permissions", "speeds", "capacities"} <= {x.family for x in made.unknowns}
    held_against(net, ask, "closure", 3, count=40, modes="road")


def test_samples_of_the_shipped_network_are_what_it_answers_built_anew() -> None:
    net, ask = mb.load(), {"origin": ["Durrës", "Bar"], "destination": "Constanța"}
    for measure in ("time", "throughput"):
        made = held_against(net, ask, measure, 1, vehicle="wheeled-ifv")
        assert len(made.unknowns) > 500


def test_compiled_and_plain_kernels_agree() -> None:
    net, ask = mesh(1), ("A", "D")
    for measure in ("time", "throughput"):
        plain, fast = (case(net, *ask, measure=measure, vehicle=TRUCK, solves=n) for n in (1, 1000))
        assert (plain.compiled, fast.compiled) == (False, True)
        spread = Spread(plain.unknowns, "uniform")
        for v in spread.values(hypercube(len(plain.unknowns), 15, seed=2)):
            assert plain.value(v) == pytest.approx(fast.value(v), rel=1e-12)


# ---- seeds, convergence, shares of variance


def test_the_same_seed_gives_the_same_interval() -> None:
    net = mesh(3)
    one, same, other = (mb.uncertainty(net, "A", "D", runs=60, seed=s, items=False) for s in (5, 5, 6))
    assert (one.samples, one.groups) == (same.samples, same.groups)
    assert one.samples != other.samples
    with_items = mb.uncertainty(net, "A", "D", runs=60, seed=5)
    assert with_items.interval == one.interval
    assert with_items.items


def test_more_samples_come_closer() -> None:
    net = network([road("L", "A", "B", 100, 200), road("M", "B", "C", 100, 200)])
    want = 100 + 100 * (1 - math.sqrt(0.5))

    def off(runs: int) -> float:
        found = [
            mb.uncertainty(
                net, "A", "C", measure="throughput", runs=runs, seed=s, dependence="independent", items=False
            ).interval.p50
            for s in range(5)
        ]  # fmt: skip
        return float(np.sqrt(np.mean((np.array(found) - want) ** 2)))

    assert off(800) < 0.6 * off(40)


def test_shares_of_variance_are_those_of_a_known_function() -> None:
    at = hypercube(4, 6000, seed=4)
    a, b, c = (2 * math.pi * (at[:, i] - 0.5) for i in range(3))
    # Ishigami and Homma (1990) with 7 and 0.1: first-order indices 0.3139, 0.4424 and 0; the fourth does nothing.
    y = np.sin(a) + 7 * np.sin(b) ** 2 + 0.1 * c**4 * np.sin(a)
    share, error, certain = first_order(at, y)
    assert share == pytest.approx([0.3139, 0.4424, 0.0, 0.0], abs=0.03)
    assert certain.tolist() == [True, True, False, False]
    assert (error[:2] > 0.003).all()
    assert (error < 0.06).all()
    # With few samples the bias is taken off: of twenty columns of noise the mean share stays at nothing.
    noise = np.random.default_rng(1)
    mean = np.mean([first_order(hypercube(20, 200, s), noise.normal(size=200))[0].mean() for s in range(10)])
    assert abs(mean) < 0.01


def test_groups_are_by_column_mode_and_state_or_corridor() -> None:
    rows = [
        link("L", "A", "B", speed_kmh=50, estimated="speed_kmh", corridors="X"),
        link("M", "B", "C", speed_kmh=50, estimated="speed_kmh", corridors="VIII;X"),
        link("N", "C", "D", speed_kmh=50, mode="rail", estimated="speed_kmh"),
    ]
    yard = [{"node_id": "C", "from_mode": "road", "to_mode": "rail", "transfer_h": 1}]
    net = network(rows, (), yard, {"C": "MK", "D": "MK"})
    by_state = mb.uncertainty(net, "A", "D", runs=300)
    assert {m.name for m in by_state.groups} == {"speed_kmh road AL", "speed_kmh road AL/MK", "speed_kmh rail MK"}
    by_line = mb.uncertainty(net, "A", "D", runs=300, group="corridor")
    assert {m.name for m in by_line.groups} == {"speed_kmh road X", "speed_kmh road VIII/X", "speed_kmh rail none"}
    assert sum(m.variance_share for m in by_line.groups) == pytest.approx(1, abs=0.06)


# ---- ranges, words, pictures


def test_every_range_has_a_reason_and_every_reason_a_range() -> None:
    ranged = {(t, c.column) for t in tables() for c in columns(t).values() if c.range}
    assert ranged == {k for k in reasons() if k[0] != "options"}
    for reason in reasons().values():
        assert len(reason.reason) > 15
        assert reason.kind in ("estimate", "varies", "assumption")
        assert reason.family == "" or reason.family in FAMILIES


def test_every_estimate_of_the_shipped_network_has_a_range() -> None:
    net, seen = mb.load(), 0
    for name in net.tables:
        frame, known = net.table(name), columns(name)
        for row in frame.to_dict("records") if "estimated" in frame else ():
            for column in (c for c in split(row["estimated"]) if c in known and known[c].type == "number"):
                value, level = row[column], level_of(row["value_confidence"], column) or row["confidence"]
                if value == value and value != 0:
                    low, high = estimate_range(column, value, level, name)
                    assert low <= value <= high
                    assert low < high or level in ("high", "medium"), (name, column)
                    seen += 1
    assert seen > 4000


def test_what_is_not_understood_is_told_at_once() -> None:
    net = network([link("L", "A", "B", time_h=1)])
    with pytest.raises(InputError) as caught:
        mb.uncertainty(net, "A", "B", measure="times", over="speed,waits", runs=0, shape="normal", dependence="some")
    text = str(caught.value)
    for word in ("'times'", "'speed'; did you mean speeds?", "'waits'", "runs is 0", "'normal'", "'some'"):
        assert word in text
    with pytest.raises(InputError, match="a force, or a vehicle and a count"):
        mb.uncertainty(net, "A", "B", measure="closure")
    with pytest.raises(InputError, match="nothing of that moves the throughput"):
        mb.uncertainty(net, "A", "B", measure="throughput", over="border waits")


def test_the_command_line_tells_it_in_every_form(tmp_path: Path) -> None:
    ask = ("--from", "Durrës", "--to", "Skopje", "--modes", "road", "--seed", "1")
    seen = run("uncertainty", *ask, "--measure", "throughput", "--runs", "150", "--share", "0.5")
    assert seen.code == 0
    assert "share of the variance" in seen.stdout
    assert all(len(line) <= 80 for line in seen.stdout.splitlines())
    made = run("uncertainty", *ask, "--over", "border waits", "--runs", "60", "--format", "json").json
    assert made["predictability_h"] > 0
    assert made["question"]["over"] == ["border waits"]
    assert run("uncertainty", "--measure", "time").code == 2
    assert run("uncertainty", *ask, "--over", "wind").code == 2


def test_the_picture_is_drawn_with_words_and_data(tmp_path: Path) -> None:
    answer = mb.uncertainty(mesh(1), "A", "D", vehicle=TRUCK, runs=150)
    answer.plot(path=tmp_path / "u.png", dpi=40)
    data = pd.read_csv(tmp_path / "u.png.csv")
    assert len(data) == len(answer.groups) + len(answer.items)
    assert "survey first" in (tmp_path / "u.png.caption.txt").read_text("utf-8")
    sure = mb.uncertainty(network([link("L", "A", "B", time_h=1)]), "A", "B", runs=10)
    sure.plot(dpi=40)
    with pytest.raises(InputError, match="tornado"):
        answer.plot("map")
    assert "<table" in answer._repr_html_()
