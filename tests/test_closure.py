"""Closure against closed forms, a time-expanded linear programme, and an independent check of each plan."""

import math
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mobility as mb
from mobility.closure import Window, closure
from mobility.force import Element, Force, Pool
from oracles.overtime import Lane, Load, Moved, closes, faults

STEP = 0.5


def network(rows, **tables):
    """Links as (id, from, to, mode, hours, vehicles an hour)."""
    places = sorted({x for _, a, b, *_ in rows for x in (a, b)})
    nodes = pd.DataFrame({"node_id": places, "lat": [41 + i / 10 for i in range(len(places))], "lon": 20.0})
    links = pd.DataFrame(rows, columns=["link_id", "from_node", "to_node", "mode", "time_h", "rate"])
    links["length_km"] = 40 * links["time_h"] + 1
    links["direction"] = "forward"
    # A train of "any" is 30 vehicles.
    links["capacity_veh_h"] = links["rate"].where(links["mode"] == "road")
    links["capacity_trains_day"] = (links["rate"] * 24 / 30).where(links["mode"] == "rail")
    return mb.Network.from_frames(nodes=nodes, links=links.drop(columns="rate"), **tables)


def lanes_of(rows):
    return [Lane(i, a, b, hours, rate) for i, a, b, _, hours, rate in rows]


def plan_of(rows, answer):
    number = {row[0]: n for n, row in enumerate(rows)}
    return [
        Moved(
            m.element - 1,
            [number[x] for x in m.links],
            m.vehicles_per_hour,
            m.depart_h,
            m.last_depart_h,
            m.hold_h,
            m.hold_at,
        )
        for m in answer.movements
    ]


TWO = [("1", "s", "a", "road", 1, 2), ("2", "a", "t", "road", 1, 2), ("3", "s", "t", "road", 5, 1)]


@pytest.mark.parametrize(("count", "hours"), [(10, 19 / 3), (20, 29 / 3), (50, 59 / 3), (100, 109 / 3)])
def test_two_ways_by_hand(count, hours):
    """2 (T - 2) + (T - 5) = N once the long way pays: T = (N + 9) / 3."""
    answer = closure(network(TWO), "s", "t", force=Force("x", (Element("any", count),)))
    assert answer.closure_h == pytest.approx(hours, abs=1e-6)
    assert answer.lower_bound_h == pytest.approx(hours, abs=1e-6)
    assert answer.proven
    assert answer.arrivals[-1] == pytest.approx((hours, count))
    assert not faults(lanes_of(TWO), [Load(count, "s", "t")], plan_of(TWO, answer), answer.closure_h)
    # By hand: an hour of T brings 3 vehicles; one more vehicle an hour on the short way runs T - 2 hours.
    worth = {b.item: b.hours_per_unit for b in answer.bottlenecks}
    assert worth["3"] == pytest.approx((hours - 5) / 3, rel=1e-6)
    assert worth.get("1", 0) + worth.get("2", 0) == pytest.approx((hours - 2) / 3, rel=1e-6)


def test_short_way_alone_while_the_long_one_does_not_pay():
    # Four vehicles at 2 an hour behind 2 hours: 4 h, before the long way brings its first.
    answer = closure(network(TWO), "s", "t", force=Force("x", (Element("any", 4),)))
    assert answer.closure_h == pytest.approx(4)


@st.composite
def questions(draw, kinds=3):
    """A small network of several places, and loads that share it."""
    places = "abcde"[: draw(st.integers(3, 5))]
    pair = st.tuples(st.sampled_from(places), st.sampled_from(places)).filter(lambda p: p[0] != p[1])
    rows = []
    for n, (a, b) in enumerate([*zip(places, places[1:] + places[:1], strict=True), *draw(st.lists(pair, max_size=5))]):
        mode, hours, rate = draw(st.sampled_from(["road", "rail"])), draw(st.integers(0, 6)), draw(st.integers(1, 5))
        rows.append((f"L{n}", a, b, mode, hours * STEP, rate))
    loads = []
    for _ in range(draw(st.integers(1, kinds))):
        a, b = draw(pair)
        only = draw(st.sampled_from([None, "road", "rail"]))
        links = None if only is None else frozenset(r[0] for r in rows if r[3] == only)
        loads.append((Load(draw(st.integers(1, 25)), a, b, draw(st.integers(0, 4)) * STEP, links), only))
    # Changing the mode costs nothing and has room: the oracle knows no modes.
    return rows, loads


def everywhere(rows):
    both = [p for p in {x for r in rows for x in r[1:3]} if {"road", "rail"} <= {r[3] for r in rows if p in r[1:3]}]
    return pd.DataFrame({"node_id": sorted(both), "from_mode": "road", "to_mode": "rail", "transfer_h": 0.0})


def ask(rows, loads, **options):
    force = Force(
        "x",
        tuple(
            Element(
                "any",
                int(x.count),
                origin=x.origin,
                destination=x.destination,
                ready_h=x.ready,
                modes=(m,) if m else (),
            )
            for x, m in loads
        ),
    )
    return closure(network(rows, terminals=everywhere(rows)), force=force, **options)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions())
def test_bound_and_plan_enclose_the_time_expanded_optimum(question):
    rows, loads = question
    lanes, bare = lanes_of(rows), [x for x, _ in loads]
    answer = ask(rows, loads, gap=0.0)
    best = closes(lanes, bare, STEP, 160)
    if answer.closure_h is None:
        assert best == math.inf
        return
    assert not faults(lanes, bare, plan_of(rows, answer), answer.closure_h)
    assert answer.lower_bound_h <= answer.closure_h + 1e-9
    if best < math.inf:
        # The optimum lies in the last step before `best`.
        assert answer.lower_bound_h <= best + 1e-6
        assert answer.closure_h > best - STEP - 1e-6
        if len(loads) == 1:
            assert best - STEP - 1e-6 < answer.closure_h <= best + 1e-6
            assert answer.proven


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions(1), st.lists(st.tuples(st.integers(1, 20), st.integers(0, 12)), min_size=2, max_size=3))
def test_one_kind_with_several_hours_of_release_is_exact(question, releases):
    rows, [(load, mode)] = question
    loads = [(load._replace(count=n, ready=r * STEP), mode) for n, r in releases]
    answer = ask(rows, loads, gap=0.0)
    if answer.closure_h is None:
        return
    best = closes(lanes_of(rows), [x for x, _ in loads], STEP, 160)
    assert best - STEP - 1e-6 < answer.lower_bound_h <= best + 1e-6
    assert answer.lower_bound_h <= answer.closure_h <= answer.lower_bound_h * 1.02
    assert not faults(lanes_of(rows), [x for x, _ in loads], plan_of(rows, answer), answer.closure_h)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions(2), st.integers(0, 20), st.integers(1, 40))
def test_windows_against_the_time_expanded_optimum(question, start, length):
    rows, loads = question
    shut = (start * STEP, (start + length) * STEP)
    lanes, bare = lanes_of(rows), [x for x, _ in loads]
    answer = ask(rows, loads, gap=0.0, windows=[Window((rows[0][0],), *shut)])
    best = closes(lanes, bare, STEP, 160, {rows[0][0]: shut})
    if answer.closure_h is None or best == math.inf:
        return
    assert not faults(lanes, bare, plan_of(rows, answer), answer.closure_h)
    inside = [
        m for m in plan_of(rows, answer) for at, n in _entries(lanes, m) if n == 0
        and max(m.first + at, shut[0]) < min(m.last + at, shut[1]) - 1e-5
    ]  # fmt: skip
    assert not inside
    assert answer.lower_bound_h <= best + 1e-6
    assert answer.closure_h > best - STEP - 1e-6


def _entries(lanes, move):
    return zip(move.entered(lanes), move.lanes, strict=True)


def test_a_window_in_the_middle_of_a_move_is_waited_for_before_it():
    """44 at 4.5 an hour, 14 h to the bridge and 6 h behind it, which is shut from hour 20 to 100.

    Until then 6 h x 4.5 = 27 pass; 17 stand before it at 100, take 17 / 4.5 h to pass, and 6 h more.
    """
    rows = [("1", "s", "a", "road", 14, 4.5), ("2", "a", "t", "road", 6, 4.5)]
    force, shut = Force("x", (Element("any", 44),)), Window(("2",), 20, 100)
    answer = closure(network(rows), "s", "t", force=force, windows=[shut], gap=0.01)
    exact = 100 + 17 / 4.5 + 6
    assert answer.lower_bound_h <= exact + 1e-6
    assert exact - 1e-6 <= answer.closure_h <= 1.02 * exact
    assert answer.gap <= 0.02
    held = [m for m in answer.movements if m.hold_h > 0]
    assert {m.hold_at for m in held} <= {"a"}
    assert not faults(lanes_of(rows), [Load(44, "s", "t")], plan_of(rows, answer), answer.closure_h)


@pytest.mark.parametrize(("start", "supplies"), [(12, 240), (12, 0), (0, 240)])
def test_supplies_wait_while_a_window_leaves_them_no_way(start, supplies):
    """The only road is shut for 50 hours. 240 t a day in loads of 10 t are one vehicle an hour of ten.

    Whatever the supplies do, 40 vehicles are through in 5 hours before the window or behind it.
    """
    rows = [("1", "s", "t", "road", 1, 10)]
    force = Force("x", (Element("any", 40),), "", None, supplies or None, "any", 10.0)
    answer = closure(network(rows), "s", "t", force=force, windows=[Window(("1",), start, start + 50)], gap=0.005)
    free = 10 - supplies / 240
    assert answer.closure_h == pytest.approx((50 if start == 0 else 0) + 40 / free + 1, rel=1e-3)
    assert answer.lower_bound_h == pytest.approx((50 if start == 0 else 0) + 40 / 10 + 1, rel=1e-2)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions())
def test_more_capacity_never_slows_and_more_vehicles_never_speed(question):
    rows, loads = question
    base = ask(rows, loads)
    if base.closure_h is None:
        return
    wide = ask([(*r[:5], 2 * r[5]) for r in rows], loads)
    assert wide.lower_bound_h <= base.closure_h + 1e-6
    twice = ask(rows, [(x._replace(count=2 * x.count), m) for x, m in loads])
    assert twice.closure_h >= base.lower_bound_h - 1e-6


def test_rate_tends_to_throughput_as_the_force_grows():
    net = mb.load()
    places = ("Durrës", "Bar"), "Constanța"
    flow = mb.throughput(net, *places, vehicle="wheeled-ifv", share=0.3).vehicles_per_day
    small, large = (
        closure(net, *places, force=Force("x", (Element("wheeled-ifv", n),)), share=0.3) for n in (200_000, 400_000)
    )
    assert 200_000 / (large.closure_h - small.closure_h) * 24 == pytest.approx(flow, rel=1e-3)


def test_permission_lead_is_waited_for_once_and_chosen_with_the_route():
    nodes = pd.DataFrame(
        {"node_id": ["a", "b", "c", "d"], "lat": 41.0, "lon": [19.0, 20, 21, 22], "country": ["A", "B", "C", "A"]}
    )
    links = pd.DataFrame({"link_id": list("1234"), "from_node": list("abac"), "to_node": list("bdcd"), "mode": "road"})
    links = links.assign(length_km=100, time_h=[5, 5, 20, 20], capacity_veh_h=10)
    countries = pd.DataFrame({"country": ["A", "B", "C"], "permission_h": [10, 100, 50]})
    net = mb.Network.from_frames(nodes=nodes, links=links, countries=countries)
    force = Force("x", (Element("any", 100),))
    assert closure(net, "a", "d", force=force).closure_h == pytest.approx(10 + 10)
    # By B 100 + 10 + 10, by C 50 + 40 + 10 hours.
    slow = closure(net, "a", "d", force=force, permission="status-quo")
    assert slow.closure_h == pytest.approx(100)
    assert slow.lead_h == 50
    assert slow.lower_bound_h <= 100


def test_a_force_that_cannot_move_says_what_and_why():
    rows = [("1", "s", "t", "rail", 3, 10)]
    force = Force("x", (Element("any", 5), Element("wheeled-ifv", 3, modes=("road",))))
    answer = closure(network(rows), "s", "t", force=force)
    assert answer.status == "no_route"
    assert answer.closure_h is None
    assert {n for n, _ in answer.stuck} == {2}


def test_latest_hours_and_priorities():
    rows = [("1", "s", "t", "road", 1, 10)]
    net = network(rows)
    first = Element("any", 50, unit="first")
    both = closure(net, "s", "t", force=Force("x", (first, replace(first, unit="second", priority=2))))
    assert both.elements[0].closure_h == pytest.approx(6, rel=1e-3)
    assert 11 - 1e-6 <= both.elements[1].closure_h <= 11 * 1.02
    asked = closure(net, "s", "t", force=Force("x", (first, replace(first, latest_h=6.0))))
    assert asked.elements[1].closure_h <= 6 + 1e-6
    assert 11 - 1e-6 <= asked.closure_h <= 11 * 1.02
    assert not asked.late
    never = closure(net, "s", "t", force=Force("x", (first, replace(first, latest_h=3.0))))
    assert never.late == (2,)


def test_pool_of_wagons_by_hand():
    """10 wagons, 4 h out and 4 h back: 1.25 an hour. 100 loads of one wagon: 4 + 80 h; no better than 76 h."""
    base = mb.vehicle("wheeled-ifv")
    rows = [("1", "s", "t", "rail", 4, 100)]
    net = network(rows)
    links = net.table("links").copy()
    links["line_category"], links["time_h"] = "D4", 4.0
    net = mb.Network.from_frames(nodes=net.table("nodes"), links=links)
    force = Force("x", (Element("wheeled-ifv", 100, modes=("rail",)),), pools=(Pool("wagon", 10),))
    answer = closure(net, "s", "t", force=force, unknown="allow")
    assert base.per_wagon == 1
    assert 76 - 1e-6 <= answer.lower_bound_h <= answer.closure_h <= 84 + 1e-6


def test_supplies_take_their_share():
    rows = [("1", "s", "t", "road", 1, 10)]
    force = Force(
        "x", (Element("any", 80),), sustainment_t_day=480, sustainment_vehicle="any", sustainment_payload_t=10
    )
    # 480 t a day in loads of 10 t are 2 an hour: 8 of 10 are left.
    answer = closure(network(rows), "s", "t", force=force)
    assert answer.closure_h == pytest.approx(11)
    assert 10.9 < answer.lower_bound_h <= 11 + 1e-6


def test_brigade_is_bounded_within_five_per_cent():
    answer = closure(mb.load(), ["Durrës", "Bar", "Ploče"], ["Constanța", "Burgas"], force="heavy-brigade", share=0.3)
    assert answer.gap <= 0.05
    assert sum(m.vehicles for m in answer.movements) == pytest.approx(1600)
    assert answer.arrivals[-1][1] == pytest.approx(1600)


def flooded(shift, share):
    """The armoured battalion under the windows of the Sava flood, so many hours into the move."""
    net, ask, windows = mb.scenario("sava-flood-2014").apply(mb.load())
    moved = [replace(w, start=w.start + shift, end=w.end + shift) for w in windows]
    ask = {k: v for k, v in ask.items() if k != "vehicle"} | {"share": share}
    return closure(net, force="armoured-battalion", windows=moved, time_limit=600, **ask)


def test_supplies_do_not_hold_a_force_that_has_a_way_round_a_flood():
    answer = flooded(0, 1.0)
    shut = {x for w in answer.question["windows"] for x in answer.net.with_assets(w["links"])}
    assert answer.bottlenecks
    assert not shut & {b.item for b in answer.bottlenecks}
    assert answer.gap <= 0.05
    # The tanks go round by rail; to wait for the water to fall would take 120 h and more.
    assert answer.closure_h < 70


@pytest.mark.slow
@pytest.mark.parametrize(("shift", "share"), [(6, 1.0), (12, 1.0), (12, 0.3), (24, 0.3)])
def test_a_flood_in_the_middle_of_a_move_is_bounded(shift, share):
    answer = flooded(shift, share)
    assert answer.gap <= 0.15
    assert math.fsum(m.vehicles for m in answer.movements) == pytest.approx(answer.vehicles)
    table = mb.movement_table(answer)
    assert table.closure_h >= answer.lower_bound_h - 1e-6


def test_bad_questions_name_every_fault():
    net = network(TWO)
    with pytest.raises(mb.InputError) as caught:
        closure(net, "s", "t", force=Force("x", (Element("ay", 5), Element("any", 5, destination="q"))))
    assert "ay" in str(caught.value)
    assert "'q'" in str(caught.value)
    with pytest.raises(mb.InputError, match="no origin"):
        closure(net, None, "t", force=Force("x", (Element("any", 5),)))
    with pytest.raises(mb.InputError, match="window"):
        closure(net, "s", "t", force=Force("x", (Element("any", 5),)), windows=[Window(("1",), 5, 2)])


@pytest.mark.parametrize(("rest", "factor"), [("none", 1), ("march", 1 + 0.25 / 2), ("crew", 20.75 / 9), ("day", 2.25)])
def test_rest_stretches_the_road_and_nothing_else(rest, factor):
    force = Force("x", (Element("any", 40),))
    road = closure(network([("1", "s", "t", "road", 6, 10)]), "s", "t", force=force, rest=rest)
    assert road.closure_h == pytest.approx(6 * factor + 4)
    rail = closure(network([("1", "s", "t", "rail", 6, 10)]), "s", "t", force=force, rest=rest)
    assert rail.closure_h == pytest.approx(10)


def test_a_state_can_be_given_a_lead_time_of_its_own():
    nodes = pd.DataFrame({"node_id": list("ab"), "lat": 41.0, "lon": [19.0, 20], "country": ["A", "B"]})
    links = pd.DataFrame({"link_id": ["1"], "from_node": ["a"], "to_node": ["b"], "mode": "road", "length_km": 90})
    countries = pd.DataFrame({"country": ["A", "B"], "permission_h": [10, 100]})
    net = mb.Network.from_frames(nodes=nodes, links=links.assign(time_h=5, capacity_veh_h=10), countries=countries)
    ask = {"force": Force("x", (Element("any", 50),)), "permission": "status-quo"}
    assert closure(net, "a", "b", **ask).closure_h == pytest.approx(110)
    assert closure(net, "a", "b", **ask, lead={"B": 4.0}).closure_h == pytest.approx(20)
    with pytest.raises(mb.InputError, match="at least 0"):
        closure(net, "a", "b", **ask, lead={"B": -1.0})
    with pytest.raises(mb.InputError, match="rest"):
        closure(net, "a", "b", **ask, rest="siesta")
