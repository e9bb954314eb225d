"""Column arithmetic against published examples and hand calculation."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mobility as mb
from mobility.closure import closure
from mobility.force import Element, Force, totals
from mobility.march import Column, crew_rest_h, halts_h, trailing_t, wagons_per_train
from mobility.movement import movement_table


def test_twenty_five_thousand_vehicles_need_a_hundred_hours():
    """FM 55-10 family: 25 000 vehicles, 10 to the km, 25 km/h, no gaps."""
    assert Column(25_000, spread=False).pass_min(25) / 60 == pytest.approx(100)


def test_six_thousand_vehicles_on_four_routes():
    """Published: 5.17 h and 155 km each at 30 km/h; 1 500 on a route with one gap of ten minutes."""
    one = Column(1_500, march_units=2, serials=2, serial_gap_min=10, spread=False)
    assert one.pass_min(30) / 60 == pytest.approx(5.17, abs=0.005)
    assert one.road_km(30) == pytest.approx(155)


def test_two_hundred_vehicles_pass_in_83_minutes():
    column = Column(200, per_km=12, march_units=10, serials=2, unit_gap_min=5, serial_gap_min=10)
    assert column.pass_min(40) == pytest.approx(83)


@pytest.mark.parametrize(
    ("train", "wagon", "loco", "wagons"), [(740, 19.9, 40, 35), (500, 19.9, 20, 24), (20, 15, 20, 0)]
)
def test_wagons_per_train(train, wagon, loco, wagons):
    assert wagons_per_train(train, wagon, loco_m=loco) == wagons


def test_trailing_mass_binds_before_length():
    # 16 six-axle wagons of 97 t are 1 552 t; a seventeenth would pass 1 600 t. By length 29 would fit.
    assert wagons_per_train(500, 16.4, loco_m=20, trailing_t=1600, wagon_t=97) == 16


def test_shipped_trains_follow_the_same_rule():
    tank = mb.vehicle("main-battle-tank")
    assert tank.wagon is not None
    assert tank.per_train == wagons_per_train(
        500, tank.wagon.length_m, loco_m=20, trailing_t=1600, wagon_t=tank.gross_wagon_t
    )


@given(st.integers(1, 5000), st.floats(5, 80), st.floats(2, 30))
def test_splitting_a_column_never_shortens_it(vehicles, speed, per_km):
    units = min(vehicles, 4)
    whole = Column(vehicles, per_km=per_km)
    parts = Column(vehicles, per_km=per_km, march_units=units, serials=1)
    assert parts.pass_min(speed) >= whole.pass_min(speed)
    assert parts.pass_min(speed) - whole.pass_min(speed) == pytest.approx((units - 1) * 5)
    assert whole.road_km(speed) == pytest.approx(whole.pass_min(speed) / 60 * speed)


@pytest.mark.parametrize(
    ("driving", "rest"), [(0, 0), (4.5, 0), (4.6, 0.75), (9, 0.75), (9.1, 11.75), (13.5, 11.75), (18, 12.5)]
)
def test_crew_rest_by_hand(driving, rest):
    """9 h a day with one break of 45 min; a night of 11 h between days."""
    assert crew_rest_h(driving) == pytest.approx(rest)


@given(st.floats(0, 60), st.floats(0, 10))
def test_rest_and_halts_grow_with_time(hours, more):
    assert crew_rest_h(hours + more) >= crew_rest_h(hours)
    assert halts_h(hours + more) >= halts_h(hours)


@given(st.floats(0, 60), st.floats(40, 200), st.floats(50, 600))
def test_a_locomotive_pulls_what_its_force_lifts(gradient, loco, force):
    """At the limit pull and weight down the slope with friction balance: F = (M + m) g (i + r)."""
    mass = trailing_t(gradient, loco_t=loco, tractive_kn=force)
    needed = (loco + mass) * 9.81 * (gradient + 2.5) / 1000
    assert mass >= 0
    assert needed == pytest.approx(force) if mass else needed >= force * (1 - 1e-9)


def test_planning_train_is_what_one_locomotive_starts_on_thirteen_permille():
    assert trailing_t(13) == pytest.approx(1600, rel=0.03)
    assert trailing_t(25) < 900
    for bad in (-1.0, math.nan):
        with pytest.raises(mb.InputError, match="gradient"):
            trailing_t(bad)


RAILS = [  # id, hours, trains a day, metres, permille, tanks by hand
    ("flat", 750, 3, math.floor(min(730 / 16.4, 1600 / 97))),
    ("short", 250, 3, math.floor(230 / 16.4)),
    ("steep", 750, 27, math.floor((1000 * 260 / 9.81 / 29.5 - 84) / 97)),
    ("unknown", None, None, 16),
    ("wall", 750, 400, 0),
]


def test_vehicles_on_a_train_follow_length_and_gradient_of_each_link():
    """Main battle tanks, 97 t a laden wagon of 16.4 m; the planning train is 500 m with 20 m of locomotive, 1 600 t."""
    nodes = pd.DataFrame({"node_id": [*"abcdef"], "lat": 41.0, "lon": [20.0 + i / 10 for i in range(6)]})
    rows = [
        {"link_id": name, "from_node": a, "to_node": b, "mode": "rail", "length_km": 10, "time_h": 1,
         "capacity_trains_day": 12, "max_train_length_m": metres, "max_gradient_permille": climb, "line_category": "D4"}
        for (name, metres, climb, _), a, b in zip(RAILS, "abcde", "bcdef", strict=True)
    ]  # fmt: skip
    net = mb.Network.from_frames(nodes=nodes, links=pd.DataFrame(rows))
    for (name, *_, tanks), a, b in zip(RAILS, "abcde", "bcdef", strict=True):
        flow = mb.throughput(net, a, b, vehicle="main-battle-tank", trains="link")
        assert flow.vehicles_per_day == 12 * tanks, name
        assert mb.throughput(net, a, b, vehicle="any", trains="link").vehicles_per_day == 12 * 30
        # The contract's plain answer, unless asked: one planning train everywhere.
        assert mb.throughput(net, a, b, vehicle="main-battle-tank").vehicles_per_day == 12 * 16
    assert [f.estimated for f in mb.throughput(net, "d", "e", vehicle="main-battle-tank", trains="link").links] == [
        True
    ]
    assert [f.estimated for f in mb.throughput(net, "a", "b", vehicle="main-battle-tank", trains="link").links] == [
        False
    ]
    # A train that is put together for all of its way is as short as the shortest section allows.
    force = Force("x", (Element("main-battle-tank", 40),))
    slow, fast = (closure(net, "a", "d", force=force, trains=t) for t in ("link", "planning"))
    assert fast.closure_h == pytest.approx(3 + 40 / (12 * 16 / 24))
    assert slow.closure_h == pytest.approx(3 + 40 / (12 * RAILS[2][3] / 24))
    assert {u.vehicles for u in movement_table(slow).units} <= {RAILS[2][3], 40 % RAILS[2][3]}
    with pytest.raises(mb.InputError, match="planning or link"):
        mb.throughput(net, "a", "b", trains="long")


@pytest.mark.parametrize(
    "bad",
    [
        {"vehicles": 0},
        {"vehicles": 5, "march_units": 6},
        {"vehicles": 5, "per_km": 0},
        {"vehicles": 5, "unit_gap_min": math.nan},
    ],
)
def test_columns_that_cannot_be(bad):
    with pytest.raises(mb.InputError):
        Column(**bad)


# ---- forces


def test_heavy_brigade_is_what_the_public_profile_says():
    """87-90 tanks, 100-144 IFV, 18 howitzers, about 400 tracked, 900-1 600 wheeled, 37 000 m2 of deck."""
    brigade = mb.force("heavy-brigade")
    count = {}
    for e in brigade.elements:
        count[e.vehicle] = count.get(e.vehicle, 0) + e.count
    assert 87 <= count["main-battle-tank"] <= 90
    assert count["howitzer-tracked"] == 18
    tracked = sum(n for v, n in count.items() if mb.vehicle(v).kind == "tracked")
    assert tracked == pytest.approx(400, rel=0.05)
    assert 900 <= brigade.vehicles - tracked <= 1600
    assert totals(brigade)["lane_m"] * 3.0 == pytest.approx(37_000, rel=0.15)


def test_medium_brigade_weighs_what_was_published():
    assert totals(mb.force("medium-brigade"))["tonnes"] == pytest.approx(20_900, rel=0.25)


@pytest.mark.parametrize("name", list(mb.forces()))
def test_every_shipped_force_reads_and_cites(name):
    force = mb.force(name, mb.load())
    assert force.source
    assert all(e.source and e.confidence for e in force.elements)
    frame = force.to_frame()
    assert (frame["trains"].dropna() >= 1).all()
    assert frame["count"].sum() == force.vehicles


def test_a_force_file_tells_all_its_faults_at_once(tmp_path):
    file = tmp_path / "odd.toml"
    file.write_text(
        'titel = "x"\n[[element]]\nvehicle = "main-battle-tnk"\ncount = 0\n'
        '[[element]]\nvehicle = "truck-20t"\ncount = 3\norigin = "Duress"\nlatest_h = -1\n'
    )
    with pytest.raises(mb.InputError) as caught:
        mb.force(file, mb.load())
    text = str(caught.value)
    for part in ("titel", "title", "count", "latest_h"):
        assert part in text
    file.write_text(
        '[[element]]\nvehicle = "main-battle-tnk"\ncount = 1\n'
        '[[element]]\nvehicle = "truck-20t"\ncount = 3\norigin = "Duress"\n'
    )
    with pytest.raises(mb.InputError) as caught:
        mb.force(file, mb.load())
    assert "main-battle-tank" in str(caught.value)
    assert "Durrës" in str(caught.value)


def test_unknown_force_offers_the_nearest():
    with pytest.raises(mb.InputError, match="heavy-brigade"):
        mb.force("havy-brigade")
