"""Replay against queues by hand, closed forms of its chances, and the public rail move of November 2022."""

import math
import sys
from dataclasses import replace

import pandas as pd
import pytest
from scipy.stats import norm

import mobility as mb
from mobility.closure import Window, closure
from mobility.force import Element, Force
from mobility.movement import movement_table
from mobility.replay import replay
from test_movement import CHANGE, network

STILL = {"runs": 1, "delay": 0.0, "waits": False}


def table_of(rows, *elements, **tables):
    return movement_table(closure(network(rows, **tables), "s", "t", force=Force("x", elements), gap=0.0))


def test_two_units_on_one_link_with_a_headway():
    """25 and 25 vehicles at 50 an hour: heads at 0 and 0.5, each passes in half an hour, 2 hours on the way."""
    table = table_of([("1", "s", "t", "road", 2, 50)], Element("any", 50))
    seen = replay(table, **STILL)
    assert seen.closure_h == pytest.approx(0.5 + 2 + 0.5)
    assert seen.closures == pytest.approx((3.0,))
    # Both at the entry at once: the second stands there for the half hour that the first needs.
    early = tuple(replace(u, stops=(replace(u.stops[0], depart_h=0.5), *u.stops[1:])) for u in table.units)
    crowded = replay(replace(table, units=early), **STILL)
    assert crowded.closure_h == pytest.approx(3.0)
    assert [(q.item, q.unit_hours, q.vehicle_hours) for q in crowded.queues] == [("1", 0.5, 12.5)]
    assert crowded.largest_load == pytest.approx(1)


def test_queue_of_trains_before_a_slow_section():
    """Trains of 30 leave every 2 hours; the second section takes one in 3: they enter at 4, 7 and 10, and take 1 h."""
    rows = [("1", "s", "m", "rail", 2, 12), ("2", "m", "t", "rail", 1, 8)]
    table = table_of(rows, Element("any", 90))
    hurried = []
    for n, u in enumerate(table.units, 1):
        hurried.append(replace(u, stops=(replace(u.stops[0], depart_h=2.0 * n), *u.stops[1:])))
    seen = replay(replace(table, units=tuple(hurried)), **STILL)
    assert seen.closure_h == pytest.approx(4 + 2 * 3 + 1)
    assert {q.item: q.base_hours for q in seen.queues} == {"2": pytest.approx(1 + 2)}


def test_ramp_and_border_queue():
    """Through a border (2 h) two units of 25 at 10 an hour: the second waits 2.5 - 0.25 h more behind the first."""
    rows = [("1", "s", "b", "road", 1, 100), ("2", "b", "t", "road", 1, 100)]
    borders = pd.DataFrame([{"node_id": "b", "mode": "road", "wait_h": 2.0, "capacity_veh_day": 240.0}])
    table = table_of(rows, Element("any", 50), borders=borders)
    units = [
        replace(u, stops=(replace(u.stops[0], depart_h=0.25 * n), *u.stops[1:])) for n, u in enumerate(table.units, 1)
    ]
    seen = replay(replace(table, units=tuple(units)), **STILL)
    # Heads leave at 0 and 0.25, are at the border at 1 and 1.25, and go in at 1 and 3.5.
    assert seen.closure_h == pytest.approx(3.5 + 2 + 1 + 0.25)
    assert [(q.item, q.unit_hours) for q in seen.queues] == [("border:b", pytest.approx(2.25))]


def test_change_of_mode_waits_for_all_vehicles():
    """Trains arrive at 5 and 7; the ramp takes the first for 3 hours, so they are off at 6 and 9."""
    rows = [("1", "s", "m", "rail", 2, 12), ("2", "m", "t", "road", 1, 100)]
    table = table_of(rows, Element("any", 45), terminals=CHANGE)
    seen = replay(table, **STILL)
    # A column's last vehicle follows its first by 22 / 100 h.
    assert seen.closure_h == pytest.approx(9 + 1 + 0.22)
    assert seen.conserved


def test_shut_link_is_waited_for():
    rows = [("1", "s", "t", "rail", 2, 24)]
    answer = closure(network(rows), "s", "t", force=Force("x", (Element("any", 30),)), windows=[Window(("1",), 0, 6)])
    assert replay(movement_table(answer), **STILL).closure_h == pytest.approx(6 + 1 + 2)


def test_same_seed_same_answer():
    table = table_of([("1", "s", "t", "road", 2, 50)], Element("any", 100))
    one, two, three = (replay(table, runs=30, seed=s) for s in (5, 5, 6))
    assert one.closures == two.closures
    assert one.queues == two.queues
    assert one.closures != three.closures
    assert one.closures[:10] == replay(table, runs=10, seed=5).closures


def lone(hours, by, **more):
    """One vehicle that leaves at once on one link."""
    rows = [("1", "s", "t", "road", hours, 1e6)]
    return table_of(rows, Element("any", 1, latest_h=by), **more)


def test_on_time_by_closed_form():
    """A lognormal factor with median 1: P(10 X <= 12) = Phi(ln 1.2 / 0.2) = 0.819."""
    seen = replay(lone(10, 12.0), runs=3000, delay=0.2)
    expected = norm.cdf(math.log(1.2) / 0.2)
    assert seen.on_time[0].probability == pytest.approx(expected, abs=3.5 * math.sqrt(0.82 * 0.18 / 3000))
    assert seen.on_time[1].probability == seen.on_time[0].probability
    assert seen.p50_h == pytest.approx(10, rel=0.02)
    assert seen.p90_h == pytest.approx(10 * math.exp(0.2 * norm.ppf(0.9)), rel=0.02)


def test_triangular_by_closed_form():
    """From 0.7 over 1 to 1.6: a third of the mass lies below 1."""
    seen = replay(lone(10, 10.0001), runs=3000, delay=0.3, shape="triangular")
    assert seen.on_time[0].probability == pytest.approx(1 / 3, abs=3.5 * math.sqrt(2 / 9 / 3000))
    assert min(seen.closures) >= 7
    assert max(seen.closures) <= 16


def test_border_waits_meet_their_ninth_decile():
    rows = [("1", "s", "b", "road", 1, 1e6), ("2", "b", "t", "road", 1, 1e6)]
    borders = pd.DataFrame([{"node_id": "b", "mode": "road", "wait_h": 2.0, "wait_h_p90": 6.0}])
    table = table_of(rows, Element("any", 1, latest_h=8.0001), borders=borders)
    seen = replay(table, runs=3000, delay=0.0)
    assert seen.on_time[0].probability == pytest.approx(0.9, abs=3.5 * math.sqrt(0.09 / 3000))
    assert seen.p50_h == pytest.approx(4, rel=0.03)


def test_failures_by_closed_form():
    """A link that fails with 0.4 at any of the plan's first 12 hours, for 6 on average; asked at hour 2 of them.

    It is out then with ``0.4 R / H (1 - exp(-2 / R))``: it has failed before, and is not yet repaired.
    """
    rows = [("1", "s", "m", "road", 2, 1e6), ("2", "m", "t", "road", 10, 1e6)]
    net = network(rows)
    links = net.table("links").copy()
    links["fail_probability"] = [0.0, 0.4]
    net = mb.Network.from_frames(nodes=net.table("nodes"), links=links)
    table = movement_table(closure(net, "s", "t", force=Force("x", (Element("any", 1, latest_h=12.0001),))))
    seen = replay(table, runs=4000, delay=0.0, failures=True, repair_h=6.0)
    out = 0.4 * 6 / 12 * (1 - math.exp(-2 / 6))
    assert 1 - seen.on_time[0].probability == pytest.approx(out, abs=3.5 * math.sqrt(out / 4000))
    assert replay(table, runs=5, delay=0.0).closures == pytest.approx([12.0] * 5, abs=1e-3)


def test_lost_vehicles_and_crowded_links_are_seen():
    table = table_of([("1", "s", "t", "road", 2, 50)], Element("any", 50))
    assert replay(table, **STILL).conserved
    assert not replay(replace(table, units=table.units[:1]), **STILL).conserved


def test_brigade():
    net = mb.load()
    answer = closure(net, ["Durrës", "Bar", "Ploče"], ["Constanța", "Burgas"], force="heavy-brigade", share=0.3)
    table = movement_table(answer)
    calls = []
    seen = replay(table, runs=25, deadline_h=72.0, failures=True, progress=lambda n, of: calls.append((n, of)))
    assert calls[-1] == (25, 25)
    assert seen.closure_h == pytest.approx(table.closure_h, rel=0.05)
    assert abs(seen.closure_h / answer.closure_h - 1) <= 0.05 or seen.explained
    assert seen.conserved
    assert seen.largest_load <= 1 + 1e-9
    assert seen.p50_h <= seen.p90_h
    assert all(o.p50_h <= o.p90_h for o in seen.on_time)
    assert all(0 <= o.probability <= 1 for o in seen.on_time)
    assert seen.on_time[0].probability <= min(o.probability for o in seen.on_time[1:])
    assert [q.vehicle_hours for q in seen.queues] == sorted((q.vehicle_hours for q in seen.queues), reverse=True)
    assert seen.bands[-1][0] == 1600
    assert all(low <= middle <= high for _, low, middle, high in seen.bands)
    assert seen.bands[-1][2] == pytest.approx(seen.p50_h)
    assert seen.to_dict()["question"]["runs"] == 25
    assert len(seen.to_frame()) == 10


def test_bad_numbers_and_a_missing_library(monkeypatch):
    table = lone(1, None)
    for wrong in ({"runs": 0}, {"delay": -1.0}, {"delay": math.nan}, {"shape": "normal"}, {"repair_h": math.inf}):
        with pytest.raises(mb.InputError, match=next(iter(wrong))):
            replay(table, **wrong)
    monkeypatch.setitem(sys.modules, "simpy", None)
    with pytest.raises(mb.MobilityError, match=r"mobility\[sim\]"):
        replay(table, runs=1)


# ---- the one public rail move
#
# 13 Leclerc with 2 recovery vehicles, France to Romania, over 2 000 km and four borders: loaded on 8 November 2022, in
# Romania on the 14th, at Voila on the 16th. How the way divides is an assumption: 400 km to the German border, then
# 600, 350 and 400 to the Romanian one, 250 to Voila. One train, a path each hour.

SECTIONS = (400, 600, 350, 400, 250)


def leclerc(speed_kmh, border_h, loading_h, unloading_h):
    """Return the days from the start of loading to the Romanian border and to the end of unloading."""
    stops = ["A", "B1", "B2", "B3", "B4", "V"]
    places = ["load", *stops, "unload"]
    nodes = pd.DataFrame({"node_id": places, "lat": 47.0, "lon": [4.4, 4.5, 6, 9, 14, 20, 24.9, 25]})
    rail = pd.DataFrame({"from_node": stops[:-1], "to_node": stops[1:], "length_km": SECTIONS})
    rail = rail.assign(mode="rail", speed_kmh=speed_kmh, capacity_trains_day=24)
    # The ramps are terminals between the railway and a road of no length.
    road = pd.DataFrame({"from_node": ["load", "V"], "to_node": ["A", "unload"], "mode": "road", "length_km": 0.1})
    links = pd.concat([rail, road.assign(time_h=0.0, capacity_veh_h=1e6)])
    links["link_id"] = [f"L{n}" for n in range(len(links))]
    ramps = {"node_id": ["A", "V"], "from_mode": "road", "to_mode": "rail", "transfer_h": [loading_h, unloading_h]}
    terminals = pd.DataFrame(ramps)
    borders = pd.DataFrame([{"node_id": f"B{n}", "mode": "rail", "wait_h": border_h} for n in (1, 2, 3, 4)])
    net = mb.Network.from_frames(nodes=nodes, links=links, terminals=terminals, borders=borders)
    table = movement_table(closure(net, "load", "unload", force=Force("Leclerc", (Element("any", 15),))))
    train = next(u for u in table.units if u.kind == "train")
    assert train.vehicles == 15
    # The table lets the train leave at the end of the hour in which its path lies, the replay at once.
    assert replay(table, **STILL).closure_h == pytest.approx(table.closure_h, abs=1.1)
    return next(s.arrive_h for s in train.stops if s.node == "B4") / 24, table.closure_h / 24


@pytest.mark.parametrize(("speed", "dwell"), [(25, 24), (22, 20), (18, 14)])
def test_slow_trains_with_long_dwells_give_the_eight_days_of_november_2022(speed, dwell):
    border, there = leclerc(speed, dwell, 6.0, 4.0)
    assert 5.5 <= border <= 6.5
    assert 7.0 <= there <= 8.5


@pytest.mark.parametrize(("speed", "dwell"), [(50, 25 / 60), (25, 25 / 60), (50, 6)])
def test_fast_trains_or_short_dwells_do_not(speed, dwell):
    border, there = leclerc(speed, dwell, 3.0, 2.0)
    assert border < 4
    assert there < 4
    if (speed, dwell) == (50, 25 / 60):
        assert 1.8 <= there <= 2.2
