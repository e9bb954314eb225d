"""Movement tables against schedules by hand, and an independent check of headways, hours and counts."""

import json
import math
from collections import defaultdict
from itertools import pairwise

import pandas as pd
import pyogrio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mobility as mb
from asking import run
from mobility.closure import Window, closure
from mobility.force import Element, Force, Pool
from mobility.march import crew_rest_h
from mobility.movement import Calendar, Stock, allot, movement_table

CAPACITY = {"road": "capacity_veh_h", "rail": "capacity_trains_day", "sea": "capacity_sailings_day"}
CLOSE = 1e-6


def network(rows, **tables):
    """Links as (id, from, to, mode, hours, capacity): vehicles an hour, trains or sailings (of 100 lane m) a day."""
    places = sorted({x for _, a, b, *_ in rows for x in (a, b)})
    nodes = pd.DataFrame({"node_id": places, "lat": [41 + i / 10 for i in range(len(places))], "lon": 20.0})
    links = pd.DataFrame([r[:5] for r in rows], columns=["link_id", "from_node", "to_node", "mode", "time_h"])
    links["length_km"] = 40.0
    links["direction"] = "forward"
    links["ship_lane_m"] = [100.0 if r[3] == "sea" else math.nan for r in rows]
    for mode, column in CAPACITY.items():
        links[column] = [r[5] if r[3] == mode else math.nan for r in rows]
    return mb.Network.from_frames(nodes=nodes, links=links, **tables)


def table_of(rows, *elements, origin="s", destination="t", start=None, windows=(), tables=None):
    answer = closure(
        network(rows, **(tables or {})), origin, destination, force=Force("x", elements), windows=windows, gap=0.0
    )
    return movement_table(answer, start=start)


def hours(table):
    return [(u.vehicles, round(u.depart_h, 6), round(u.arrive_h, 6)) for u in table.units]


def faults(table, rows, terminals=None):
    """Return what is wrong with a table: headways, hours on links, counts; written without the package's own means."""
    out = []
    by_id = {r[0]: r for r in rows}
    passed, sails = defaultdict(list), defaultdict(float)
    onto = {part: u.mode for u in table.units for part in u.formed_of}
    for u in table.units:
        for a, b in pairwise(u.stops):
            _, tail, head, mode, time, capacity = by_id[a.link]
            if (a.node, b.node) != (tail, head):
                out.append(f"{u.unit_id} goes {a.link} the wrong way")
            if abs(b.arrive_h - a.depart_h - time) > CLOSE:
                out.append(f"{u.unit_id} takes {b.arrive_h - a.depart_h} h on {a.link}")
            if a.depart_h < a.arrive_h - CLOSE:
                out.append(f"{u.unit_id} leaves {a.node} before it is there")
            if mode == "sea":
                sails[a.link, round(a.depart_h, 6)] += u.vehicles
                passed[a.link].append((round(a.depart_h, 6), 24 / capacity))
            else:
                passed[a.link].append((a.depart_h, u.vehicles / capacity if mode == "road" else 24 / capacity))
        if u.stops[-1].what == "terminal":
            hour = u.arrive_h - terminals["transfer_h"]
            passed[u.destination, u.mode, onto[u.unit_id]].append((hour, u.vehicles / terminals["rate"]))
    for key, entries in passed.items():
        seen = sorted(set(entries)) if key in by_id and by_id[key][3] == "sea" else sorted(entries)
        for (a, _), (b, slot) in pairwise(seen):
            if b - slot < a - CLOSE:
                out.append(f"{key}: {b - a} h after the one before, a slot is {slot} h")
    out += [f"sailing {key} carries {n}" for key, n in sails.items() if n > 100]
    made = table.answer.force
    for n, e in enumerate(made.elements, 1):
        mine = [u for u in table.units if u.element == n]
        count = sum(u.vehicles for u in mine if u.final), sum(u.vehicles for u in mine if not u.formed_of)
        if count != (e.count, e.count):
            out.append(f"element {n}: {count} of {e.count}")
    units = {u.unit_id: u for u in table.units}
    for u in table.units:
        if u.vehicles > {"road": 25, "rail": 30, "sea": 100}[u.mode]:
            out.append(f"{u.unit_id} has {u.vehicles} vehicles")
        if any(units[b].arrive_h > u.depart_h + CLOSE for b in u.formed_of):
            out.append(f"{u.unit_id} leaves before its vehicles are there")
    return out


# ---- by hand


def test_march_units_on_one_road():
    """100 vehicles at 50 an hour behind 2 hours: four units of 25, half an hour each."""
    rows = [("1", "s", "t", "road", 2, 50)]
    table = table_of(rows, Element("any", 100))
    assert hours(table) == [(25, 0.5, 2.5), (25, 1.0, 3.0), (25, 1.5, 3.5), (25, 2.0, 4.0)]
    assert table.closure_h == pytest.approx(table.plan_h) == pytest.approx(4)
    assert {u.kind for u in table.units} == {"march unit"}
    assert {u.pass_h for u in table.units} == {0.5}


def test_march_units_are_of_one_size():
    rows = [("1", "s", "t", "road", 2, 50)]
    assert sorted(n for n, *_ in hours(table_of(rows, Element("any", 52)))) == [17, 17, 18]


def test_trains_take_whole_paths():
    """A train in 2 hours: 70 vehicles are 30, 30 and 10, and the last, though not full, takes a path of its own."""
    rows = [("1", "s", "t", "rail", 3, 12)]
    table = table_of(rows, Element("any", 70))
    assert hours(table) == [(30, 2, 5), (30, 4, 7), (10, 6, 9)]
    assert table.plan_h == pytest.approx(70 / 15 + 3)
    assert sum(h for _, h in table.reasons) == pytest.approx(9 - table.plan_h)


def test_trains_of_two_elements_keep_their_distance():
    rows = [("1", "s", "t", "rail", 3, 12)]
    table = table_of(rows, Element("any", 30, unit="a"), Element("any", 30, unit="b", priority=2))
    assert sorted(u.depart_h for u in table.units) == pytest.approx([2, 4])
    assert not faults(table, rows)


TERMINAL = {"transfer_h": 1.0, "rate": 10.0}
CHANGE = pd.DataFrame(
    [{"node_id": "m", "from_mode": "rail", "to_mode": "road", "transfer_h": 1.0, "capacity_veh_day": 240.0}]
)


def test_change_of_mode_forms_new_units():
    """The ramp takes 10 an hour, so a train of 30 takes it 3 hours, and its last vehicle leaves at 3.

    The 31st vehicle is sent off at 3, and its train has its path within 2 hours. They are through the ramp at 6 and 8;
    23 and 22 go on by road.
    """
    rows = [("1", "s", "m", "rail", 2, 12), ("2", "m", "t", "road", 1, 100)]
    table = table_of(rows, Element("any", 45), tables={"terminals": CHANGE})
    first, second = (u for u in table.units if u.kind == "train")
    assert (first.vehicles, first.depart_h, first.arrive_h) == pytest.approx((30, 3, 6))
    assert (second.vehicles, second.depart_h, second.arrive_h) == pytest.approx((15, 5, 8))
    early, late = (u for u in table.units if u.kind == "march unit")
    assert (early.vehicles, early.formed_of, early.depart_h, early.arrive_h) == (23, (first.unit_id,), 6, 7)
    assert (late.vehicles, late.formed_of) == (22, (first.unit_id, second.unit_id))
    assert (late.depart_h, late.arrive_h) == pytest.approx((8, 9))
    assert table.closure_h == pytest.approx(9)
    assert table.plan_h == pytest.approx(45 / 10 + 4)
    assert table.ways == {1: ("1", "2")}
    assert not faults(table, rows, TERMINAL)


def test_ramp_is_waited_for():
    """Trains of 30 an hour apart at a ramp that takes 3 hours for each: it is free at 3, 6 and 9."""
    rows = [("1", "s", "m", "rail", 2, 24), ("2", "m", "t", "road", 1, 100)]
    table = table_of(rows, Element("any", 90), tables={"terminals": CHANGE})
    done = [u.arrive_h - 1 for u in table.units if u.kind == "train"]
    assert [b - a for a, b in pairwise(done)] == pytest.approx([3, 3])
    assert not faults(table, rows, TERMINAL)


def test_elements_share_a_ship_as_long_as_there_is_room():
    rows = [("1", "s", "t", "sea", 5, 12)]
    both = table_of(rows, Element("any", 40), Element("any", 60))
    assert hours(both) == [(40, 2, 7), (60, 2, 7)]
    more = table_of(rows, Element("any", 40), Element("any", 61))
    assert sorted(u.depart_h for u in more.units) == pytest.approx([2, 4])


def test_border_wait_and_capacity():
    """48 a day through the border: 25 vehicles take 12.5 hours; each waits 3 hours."""
    rows = [("1", "s", "b", "road", 1, 100), ("2", "b", "t", "road", 1, 100)]
    borders = pd.DataFrame([{"node_id": "b", "mode": "road", "wait_h": 3.0, "capacity_veh_day": 48.0}])
    table = table_of(rows, Element("any", 50), tables={"borders": borders})
    first, second = table.units
    assert first.stops[1].what == "border"
    assert first.stops[1].depart_h - first.stops[1].arrive_h == pytest.approx(3)
    assert second.arrive_h - first.arrive_h == pytest.approx(12.5)
    assert table.closure_h >= table.lower_bound_h - CLOSE
    assert table.plan_h == pytest.approx(25 + 5)


def test_nothing_enters_a_link_that_is_shut():
    """Shut from hour 1.2 to 10. 100 vehicles at 50 an hour: two units are off before, two follow from 10 on."""
    rows = [("1", "s", "t", "road", 2, 50)]
    table = table_of(rows, Element("any", 100), windows=[Window(("1",), 1.2, 10.0)])
    assert sorted(u.depart_h for u in table.units) == pytest.approx([0.5, 1.0, 10.5, 11.0], abs=0.05)
    assert not [u for u in table.units if u.depart_h > 1.2 and u.start_h < 10 - CLOSE]
    assert table.closure_h == pytest.approx(13, abs=0.05)


def test_calendar_with_half_the_capacity():
    road = Calendar([(2.0, 10.0, 0.5)])
    # Until hour 2 there is room for 2, then half an hour's worth an hour.
    assert [road.book(2, 2), road.book(2, 1), road.book(2, 1)] == pytest.approx([2, 4, 6])


def test_gap_between_two_units_is_used():
    line = Calendar()
    assert [line.book(1, 1), line.book(9, 1), line.book(2, 3)] == [1, 9, 4]
    assert line.book(2, 5) == 14


@given(
    st.lists(st.floats(0, 200), min_size=1, max_size=6).filter(lambda v: sum(v) > 0.5),
    st.integers(1, 400),
    st.integers(1, 40),
)
def test_allotment_loses_and_makes_no_vehicle(shares, count, size):
    amounts = [v * count / sum(shares) for v in shares]
    out = allot(count, amounts, [size] * len(amounts))
    assert sum(out) == count
    assert all(isinstance(n, int) and n >= 0 for n in out)
    # At most one unit that is not full for all of them together, and no way is a whole unit off for each way there is.
    assert sum(n % size > 0 for n in out) <= 1
    assert all(abs(n - v) < size * len(out) for n, v in zip(out, amounts, strict=True))


def test_a_table_can_be_asked_for_under_a_scenario(tmp_path):
    ask = ("closure", "--scenario", "sava-flood-2014", "--force", "fuel-convoy", "--table", tmp_path / "a.csv")
    found = run(*ask, "--format", "json", "--quiet")
    assert found.code == 0
    assert found.json["question"]["scenario"] == "sava-flood-2014"
    assert len(pd.read_csv(tmp_path / "a.units.csv")) == len(found.json["table"]["units"])


# ---- stocks and supplies


def test_wagons_come_back_before_they_go_out_again():
    """Ten wagons, 4 h out and 4 h back: a train of ten every 8 h, none sooner. The tenth leaves after 72 h."""
    rows = [("1", "s", "t", "rail", 4, 240)]
    net = network(rows)
    links = net.table("links").assign(line_category="D4")
    net = mb.Network.from_frames(nodes=net.table("nodes"), links=links)
    element = Element("wheeled-ifv", 100, modes=("rail",))
    answer = closure(net, "s", "t", force=Force("x", (element,), pools=(Pool("wagon", 10),)), unknown="allow")
    table = movement_table(answer)
    assert [u.vehicles for u in table.units] == [10] * 10
    offs = [u.depart_h for u in table.units]
    assert all(b - a >= 8 - CLOSE for a, b in pairwise(offs))
    assert table.closure_h == pytest.approx(offs[0] + 9 * 8 + 4)
    assert table.closure_h >= answer.lower_bound_h - CLOSE
    # Half of them at a time are enough for nobody to wait.
    free = movement_table(closure(net, "s", "t", force=Force("x", (element,)), unknown="allow"))
    assert {u.vehicles for u in free.units} == {24, 4}


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0.1, 20), st.integers(1, 6)), max_size=25))
def test_a_stock_is_never_overdrawn(asked):
    stock, out = Stock(6), []
    for ready, hours_out, amount in asked:
        start = stock.first(ready, amount)
        assert start >= ready
        stock.take(start, start + hours_out, amount)
        out.append((start, start + hours_out, amount))
    for hour, _, _ in out:
        assert sum(n for a, b, n in out if a <= hour < b - 1e-9) <= 6


def test_supplies_go_in_convoys_that_take_their_room():
    """480 t a day in loads of 10 t: two an hour of ten. 200 vehicles need 25 h of the eight that are left."""
    rows = [("1", "s", "t", "road", 1, 10)]
    force = Force("x", (Element("any", 200),), "", None, 480.0, "any", 10.0)
    answer = closure(network(rows), "s", "t", force=force)
    assert answer.closure_h == pytest.approx(26)
    (supply,) = answer.supplies
    assert (supply.element, supply.vehicles_per_hour, supply.links) == (0, pytest.approx(2), ("1",))
    table = movement_table(answer)
    # A convoy of 25 every 12.5 h, from hour 0 until the force has closed.
    assert [u.vehicles for u in table.supplies] == [25] * 3
    assert {u.element for u in table.supplies} == {0}
    passing = sorted((u.depart_h, u.vehicles / 10) for u in (*table.units, *table.supplies))
    assert all(b - slot >= a - CLOSE for (a, _), (b, slot) in pairwise(passing))
    assert sum(u.vehicles for u in table.units) == 200
    assert table.closure_h >= answer.lower_bound_h - CLOSE
    assert len(table.to_frame("supplies")) == 3
    assert set(table.closures) == {1}


# ---- halts and rest


@pytest.mark.parametrize(("rest", "factor"), [("march", 1.125), ("crew", 20.75 / 9), ("day", 2.25), ("none", 1.0)])
def test_halts_and_rest_are_placed_and_add_up_to_the_plan(rest, factor):
    """Twelve hours of driving on three links, 5, 3 and 4 h long, a border of 2 h before the last."""
    rows = [("1", "s", "a", "road", 5, 50), ("2", "a", "b", "road", 3, 50), ("3", "b", "t", "road", 4, 50)]
    borders = pd.DataFrame([{"node_id": "b", "mode": "road", "wait_h": 2.0}])
    net = network(rows, borders=borders)
    answer = closure(net, "s", "t", force=Force("x", (Element("any", 75),)), rest=rest)
    table = movement_table(answer)
    assert answer.closure_h == pytest.approx(12 * factor + 2 + 1.5)
    assert table.closure_h == pytest.approx(answer.closure_h)
    for u in table.units:
        assert u.arrive_h - u.depart_h == pytest.approx(12 * factor + 2)
        on_road = [h for h in u.halts if h.link]
        # What has to be taken on the way is what the rules say of twelve hours; the rest of it is owed at the end.
        must = {"none": 0.0, "crew": crew_rest_h(12), "march": 6 * 0.25, "day": 5 * 0.25 + (24 - 32 / 3 - 5 * 0.25)}
        assert math.fsum(h.hours for h in on_road) == pytest.approx(must[rest])
        assert math.fsum(h.hours for h in u.halts) == pytest.approx(12 * (factor - 1))
        # Between two halts it drives, 40 km to a link however long that takes, and stands only at the border.
        driven, since, hour, km = 0.0, 0.0, u.stops[0].depart_h, 0.0
        limit = {"none": math.inf, "march": 2, "crew": 4.5, "day": 2}[rest]
        hours_of = {"1": 5, "2": 3, "3": 4}
        for a, b in pairwise(u.stops):
            for h in [h for h in on_road if h.link == a.link]:
                went = h.start_h - hour
                assert h.km - km == pytest.approx(40 * went / hours_of[a.link])
                since, driven, hour, km = since + went, driven + went, h.start_h + h.hours, h.km
                assert since <= limit + CLOSE
                since = 0.0
            went = b.arrive_h - hour
            assert b.km - km == pytest.approx(40 * went / hours_of[a.link])
            since, driven, hour, km = since + went, driven + went, b.depart_h, b.km
            assert since <= limit + CLOSE
        assert driven == pytest.approx(12)
    frame = table.to_frame()
    assert (frame["what"].isin(["halt", "rest"])).sum() == sum(len(u.halts) for u in table.units)
    assert frame.groupby("unit_id")["arrive_h"].is_monotonic_increasing.all()
    assert len(table.to_dict()["units"][0]["halts"]) == len(table.units[0].halts)


# ---- random networks


@st.composite
def questions(draw):
    """A ring of places with more links, a change of mode at each place, and some elements."""
    places = "abcde"[: draw(st.integers(3, 5))]
    pair = st.tuples(st.sampled_from(places), st.sampled_from(places)).filter(lambda p: p[0] != p[1])
    rows = []
    for n, (a, b) in enumerate([*zip(places, places[1:] + places[:1], strict=True), *draw(st.lists(pair, max_size=5))]):
        mode = draw(st.sampled_from(["road", "rail", "sea"]))
        capacity = draw(st.integers(4, 40)) if mode == "road" else draw(st.integers(2, 24))
        rows.append((f"L{n}", a, b, mode, draw(st.integers(1, 12)) / 2, capacity))
    elements = []
    for _ in range(draw(st.integers(1, 3))):
        a, b = draw(pair)
        count, ready = draw(st.integers(1, 80)), draw(st.integers(0, 6)) / 2
        elements.append(Element("any", count, origin=a, destination=b, ready_h=ready))
    modes = [("road", "rail"), ("road", "sea"), ("rail", "sea")]
    terminals = [
        {"node_id": p, "from_mode": a, "to_mode": b, "transfer_h": 1.0, "capacity_veh_day": 240.0}
        for p in places for a, b in modes
        if {a, b} <= {r[3] for r in rows if p in r[1:3]}
    ]  # fmt: skip
    return rows, elements, terminals


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions())
def test_headways_hours_and_counts_hold(question):
    rows, elements, terminals = question
    tables = {"terminals": pd.DataFrame(terminals)} if terminals else {}
    answer = closure(network(rows, **tables), force=Force("x", tuple(elements)), gap=0.1, time_limit=3)
    if answer.closure_h is None:
        with pytest.raises(mb.InputError, match="cannot move"):
            movement_table(answer)
        return
    table = movement_table(answer)
    assert not faults(table, rows, TERMINAL)
    assert table.closure_h == max(u.arrive_h for u in table.units)
    assert table.closure_h >= table.lower_bound_h - CLOSE
    assert sum(h for _, h in table.reasons) == pytest.approx(table.closure_h - table.plan_h, abs=1e-5)
    for u in (u for u in table.units if not u.formed_of):
        assert u.depart_h - u.pass_h >= elements[u.element - 1].ready_h - CLOSE


# ---- the shipped network


@pytest.fixture(scope="module")
def brigade():
    net = mb.load()
    answer = closure(net, ["Durrës", "Bar", "Ploče"], ["Constanța", "Burgas"], force="heavy-brigade", share=0.3)
    return movement_table(answer, start="2026-12-01T06:00")


def test_brigade_in_whole_units(brigade):
    made = brigade.answer.force
    for n, e in enumerate(made.elements, 1):
        assert sum(u.vehicles for u in brigade.units if u.element == n and u.final) == e.count
    assert brigade.lower_bound_h <= brigade.closure_h <= 1.2 * brigade.plan_h
    tanks = [u for u in brigade.units if u.element == 1 and u.kind == "train"]
    assert len(tanks) == math.ceil(87 / 16)
    # Hours of travel are those of the fluid ways, without the waits for room.
    travel = {(m.element, m.links): m.travel_h for m in brigade.answer.movements}
    alone = [u for u in brigade.units if u.final and not u.formed_of]
    assert len(alone) > 50
    for u in alone:
        waits = sum(s.wait_h for s in u.stops[1:])
        assert u.arrive_h - u.depart_h - waits == pytest.approx(travel[u.element, u.links], abs=1e-6)


def test_frames_and_dates(brigade):
    stops, units = brigade.to_frame(), brigade.to_frame("units")
    assert len(units) == len(brigade.units)
    assert len(stops) == sum(len(u.stops) for u in brigade.units)
    row = stops[stops["arrive_h"] == 0].iloc[0]
    assert row["arrive"] == "2026-12-01 06:00"
    assert brigade.date(25.5) == "2026-12-02 07:30"
    with pytest.raises(mb.InputError, match="stops or units"):
        brigade.to_frame("trains")
    with pytest.raises(mb.InputError, match="2026-12-01T06:00"):
        movement_table(brigade.answer, start="tomorrow")


def test_files_hold_the_table_and_are_not_replaced_unasked(brigade, tmp_path):
    units, stops = brigade.to_frame("units"), brigade.to_frame()
    brigade.save(tmp_path / "a.csv")
    assert pd.read_csv(tmp_path / "a.csv")["depart_h"].tolist() == pytest.approx(stops["depart_h"].tolist())
    assert pd.read_csv(tmp_path / "a.units.csv")["unit_id"].tolist() == units["unit_id"].tolist()
    brigade.save(tmp_path / "a.xlsx")
    sheet = pyogrio.read_dataframe(tmp_path / "a.xlsx", layer="units")
    assert sheet["vehicles"].sum() == units["vehicles"].sum()
    assert len(pyogrio.read_dataframe(tmp_path / "a.xlsx", layer="stops")) == len(stops)
    brigade.save(tmp_path / "a.json")
    held = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert held["vehicles"] == 1600
    assert held["difference_h"] == pytest.approx(brigade.closure_h - brigade.plan_h)
    before = (tmp_path / "a.csv").read_bytes()
    for name in ("a.csv", "a.xlsx", "a.json"):
        with pytest.raises(mb.InputError, match="exists"):
            brigade.save(tmp_path / name)
    (tmp_path / "a.csv").unlink()
    with pytest.raises(mb.InputError, match="exists"):  # its companion is still there
        brigade.save(tmp_path / "a.csv")
    brigade.save(tmp_path / "a.csv", overwrite=True)
    assert (tmp_path / "a.csv").read_bytes() == before
    with pytest.raises(mb.InputError, match="xlsx"):
        brigade.save(tmp_path / "a.ods")
    assert len(list(tmp_path.iterdir())) == 4


def test_charts_are_written_with_words_and_data(brigade, tmp_path):
    brigade.plot("gantt", path=tmp_path / "g.png", dpi=40)
    brigade.plot("graph", path=tmp_path / "d.svg", way="01T001")
    brigade.plot("arrivals", path=tmp_path / "a.pdf")
    assert (tmp_path / "g.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "a.pdf").read_bytes()[:4] == b"%PDF"
    words = (tmp_path / "d.svg.caption.txt").read_text(encoding="utf-8")
    assert "Caption" in words
    assert "Alternative text" in words
    drawn = set(pd.read_csv(tmp_path / "d.svg.csv")["unit_id"])
    way = next(u.way for u in brigade.units if u.unit_id == "01T001")
    assert drawn == {u.unit_id for u in brigade.units if u.way == way}
    again = tmp_path / "again"
    again.mkdir()
    brigade.plot("graph", path=again / "d.svg", way="01T001")
    assert (again / "d.svg").read_bytes() == (tmp_path / "d.svg").read_bytes()
    for wrong in ({"kind": "gant"}, {"kind": "graph", "way": 99}, {"path": tmp_path / "g.gif"}, {"size": "A9"}):
        with pytest.raises(mb.InputError):
            brigade.plot(**wrong)
    with pytest.raises(mb.InputError, match="exists"):
        brigade.plot("gantt", path=tmp_path / "g.png")


def test_command_writes_table_and_chart_and_tells_the_replay(tmp_path):
    table, chart = tmp_path / "t.json", tmp_path / "g.svg"
    ask = ("closure", "--force", "fuel-convoy", "--from", "Durrës", "--to", "Burgas", "--modes", "road")
    more = ("--table", table, "--gantt", chart, "--start", "2026-12-01T06:00", "--replay", 5, "--deadline", 48)
    told = run(*ask, *more)
    assert told.code == 0
    assert "In whole units: 1 march unit;" in told.stdout
    assert "5 runs" in told.stdout
    held = json.loads(table.read_text(encoding="utf-8"))
    assert held["vehicles"] == 15
    assert chart.exists()
    answer = run(*ask, "--replay", 5, "--format", "json").json
    assert answer["table"]["closure_h"] == held["closure_h"]
    assert answer["replay"]["conserved"] is True
    assert run(*ask, "--table", table).code == 2
    assert run(*ask, "--table", table, "--overwrite").code == 0
    assert run(*ask, "--gantt", tmp_path / "g.gif").code == 2
    assert run(*ask, "--start", "soon").code == 2
