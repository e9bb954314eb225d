"""Closure under outages against asking closure again, and sensitivity against hand calculation."""

import itertools

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mobility as mb
from asking import run
from mobility.force import Element, Force
from mobility.setback import SCALES, scaled


def network(rows):
    places = sorted({x for _, a, b, *_ in rows for x in (a, b)})
    nodes = pd.DataFrame({"node_id": places, "lat": [41 + i / 10 for i in range(len(places))], "lon": 20.0})
    links = pd.DataFrame(rows, columns=["link_id", "from_node", "to_node", "time_h", "capacity_veh_h"])
    return mb.Network.from_frames(nodes=nodes, links=links.assign(mode="road", length_km=40 * links["time_h"] + 1))


@st.composite
def ladders(draw):
    """From s to t by some ways with rungs between."""
    rows = []
    for n, (a, b) in enumerate([("s", "a"), ("s", "b"), ("a", "b"), ("a", "t"), ("b", "t"), ("s", "t")]):
        rows.append((f"L{n}", a, b, draw(st.integers(1, 6)), draw(st.integers(1, 6))))
    return rows


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(ladders(), st.integers(1, 60), st.integers(1, 2))
def test_every_outage_is_what_closure_says_without_the_links(rows, count, k):
    net, force = network(rows), Force("x", (Element("any", count),))
    answer = mb.setback(net, "s", "t", force=force, k=k)
    base = mb.closure(net, "s", "t", force=force).closure_h
    assert answer.base_h == pytest.approx(base)
    assert answer.exact
    found = {frozenset(o.links): o.closure_h for o in answer.outages}
    worst = base
    for links in itertools.combinations([r[0] for r in rows], k):
        alone = mb.closure(net, "s", "t", force=force, close=links).closure_h
        worst = max(worst, float("inf") if alone is None else alone)
        if frozenset(links) in found:
            assert found[frozenset(links)] == (None if alone is None else pytest.approx(alone))
        elif k == 1:
            assert alone == pytest.approx(base)
    hardest = max((float("inf") if h is None else h for h in found.values()), default=base)
    assert hardest == pytest.approx(worst)
    hurt = mb.worst_case(net, "s", "t", force=force, objective="closure", k=k)
    assert hurt.proven
    assert hurt.base == pytest.approx(base)
    assert (float("inf") if hurt.value is None else hurt.value) == pytest.approx(worst)
    assert hurt.cut == (hurt.value is None)
    assert [r.k for r in hurt.ranking] == list(range(1, k + 1))


def test_two_kinds_share_and_the_bound_holds():
    rows = [("L0", "s", "a", 1, 4), ("L1", "a", "t", 1, 4), ("L2", "s", "t", 5, 2)]
    force = Force("x", (Element("any", 30), Element("any", 20, origin="a", destination="t")))
    answer = mb.setback(network(rows), "s", "t", force=force)
    assert not answer.exact
    by = {o.links: o for o in answer.outages}
    # Without L1 all fifty take the long way, 5 + 50 / 2 hours at least; without L0 thirty do, 5 + 30 / 2.
    assert by["L1",].lower_bound_h <= by["L1",].closure_h + 1e-9
    assert by["L1",].closure_h >= 30 - 1e-6
    assert by["L0",].closure_h == pytest.approx(20)
    assert all(o.lower_bound_h <= o.closure_h + 1e-9 for o in answer.outages if o.status == "ok")


def test_losing_an_origin_of_two_is_asked_and_losing_the_only_one_is_not():
    rows = [("L0", "s", "t", 1, 4), ("L1", "r", "t", 1, 4)]
    force = Force("x", (Element("any", 40),))
    answer = mb.setback(network(rows), ["s", "r"], "t", force=force, of="nodes")
    assert {o.units: o.closure_h for o in answer.outages} == {("s",): pytest.approx(11), ("r",): pytest.approx(11)}


def test_sensitivity_by_hand():
    # 40 vehicles at 10 an hour over an hour: 5 h. Half the capacity 9 h; a fifth slower 4 + 1 / 0.8 h.
    rows = [("L0", "s", "t", 1, 10)]
    answer = mb.sensitivity(network(rows), "s", "t", force=Force("x", (Element("any", 40),)))
    by = {f.name: f for f in answer.factors}
    assert answer.base_h == pytest.approx(5)
    assert by["road-capacity"].closure_low_h == pytest.approx(9)
    assert by["road-capacity"].closure_high_h == pytest.approx(1 + 4 / 1.5)
    assert by["road-speed"].closure_low_h == pytest.approx(4 + 1 / 0.8)
    assert next(f.name for f in answer.factors) == "road-capacity"
    assert "border-wait" not in by


@pytest.mark.parametrize("name", SCALES)
def test_scaling_there_and_back_changes_no_time(name):
    net = mb.load()
    back = scaled(scaled(net, name, 2.0), name, 0.5)
    assert back.hours() == pytest.approx(net.hours())


def test_worst_case_of_several_kinds_is_bounded():
    rows = [("L0", "s", "a", 1, 4), ("L1", "a", "t", 1, 4), ("L2", "s", "t", 5, 2)]
    force = Force("x", (Element("any", 30), Element("any", 20, origin="a", destination="t")))
    answer = mb.worst_case(network(rows), "s", "t", force=force, objective="closure")
    # Without L1 fifty take the long way at two an hour, twenty of them behind an hour back to s: 5 + 50 / 2.
    assert answer.links == ("L1",)
    assert answer.value >= 30 - 1e-6
    assert answer.bound == answer.value
    spared = mb.worst_case(network(rows), "s", "t", force=force, objective="closure", spare="L1")
    assert spared.links == ("L0",)
    assert spared.value == pytest.approx(20)


def test_closure_is_asked_for_under_the_names_of_the_contract():
    ask = ("--from", "Durrës", "--to", "Burgas", "--modes", "road", "--force", "fuel-convoy", "--objective", "closure")
    worst = run("worst-case", *ask, "--format", "json")
    assert worst.code == 0
    assert {"links", "base", "value", "proven"} <= set(worst.json)
    late = run("contingency", *ask, "--format", "json")
    assert late.code == 0
    assert late.json["base"]["closure_h"] == pytest.approx(worst.json["base"])
    assert late.json["outages"][0]["closure_h"] == pytest.approx(worst.json["value"])
    assert late.json["outages"][0]["links"] == worst.json["links"]
    for bad, word in (
        (("--count", "3"), "--force"),
        (("--protect", "1"), "throughput"),
        (("--partial", "0.5"), "part"),
    ):
        assert run("worst-case", *ask, *bad).code == 2
        assert word in run("worst-case", *ask, *bad).stderr
    assert run("worst-case", *ask[:6], "--objective", "closure").code == 2
    assert run("contingency", *ask[:8]).code == 2


def test_entry_ports_by_hand():
    """40 vehicles: from r 2 h at 4 an hour, from q 5 h at 8, from p no way. Together 4 (T - 2) + 8 (T - 5) = 40."""
    rows = [("L0", "r", "t", 2, 4), ("L1", "q", "t", 5, 8), ("L2", "p", "o", 1, 9)]
    ask = {"force": Force("x", (Element("any", 40),))}
    answer = mb.entries(network(rows), ["p", "q", "r"], "t", **ask)
    assert answer.closure_h == pytest.approx(22 / 3)
    by = {e.name: e for e in answer.entries}
    assert [e.name for e in answer.entries] == ["q", "r", "p"]
    assert (by["q"].closure_h, by["r"].closure_h, by["p"].closure_h) == (pytest.approx(10), pytest.approx(12), None)
    assert (by["q"].without_h, by["r"].without_h) == (pytest.approx(12), pytest.approx(10))
    assert by["q"].adds_h == pytest.approx(12 - 22 / 3)
    assert by["p"].adds_h == pytest.approx(0)
    assert by["q"].share == pytest.approx(8 * (22 / 3 - 5) / 40)
    assert by["p"].share == 0
    with pytest.raises(mb.InputError, match="origin or permission"):
        mb.entries(network(rows), "r", "t", by="port", **ask)


def test_permission_regimes_by_hand():
    nodes = pd.DataFrame({"node_id": ["s", "t"], "lat": 41.0, "lon": [19.0, 20.0], "country": ["A", "B"]})
    links = pd.DataFrame({"link_id": ["1"], "from_node": "s", "to_node": "t", "mode": "road", "length_km": 90})
    countries = pd.DataFrame({"country": ["A", "B"], "permission_h": [10.0, 30.0]})
    regimes = pd.DataFrame({"regime": "quick", "country": ["A", "B"], "lead_h": [2.0, 4.0]})
    links = links.assign(time_h=5.0, capacity_veh_h=10.0)
    net = mb.Network.from_frames(nodes=nodes, links=links, countries=countries, permissions=regimes)
    answer = mb.entries(net, "s", "t", force=Force("x", (Element("any", 50),)), by="permission")
    got = {e.name: (e.closure_h, e.lead_h, e.adds_h) for e in answer.entries}
    assert got == {name: pytest.approx(h) for name, h in (("none", (10, 0, 0)), ("quick", (14, 4, 4)),
                                                          ("status-quo", (40, 30, 30)))}  # fmt: skip
    assert [e.name for e in answer.entries] == ["none", "quick", "status-quo"]


def test_command_compares_ports_and_regimes():
    ask = ("closure", "--from", "Durrës,Bar", "--to", "Sofia", "--modes", "road", "--force", "fuel-convoy")
    found = run(*ask, "--by", "origin", "--format", "json")
    assert found.code == 0
    names = [e["name"] for e in found.json["entries"]]
    assert sorted(names) == ["AL_DURRES", "ME_BAR"]
    alone = run("closure", "--from", names[0], *ask[3:], "--format", "json")
    assert found.json["entries"][0]["closure_h"] == pytest.approx(alone.json["closure_h"])
    assert "without it" in run(*ask, "--by", "origin").stdout
    assert run(*ask, "--by", "permission", "--quiet").code == 0
    assert run(*ask, "--by", "origin", "--table", "x.csv").code == 2


def test_bad_questions():
    net, force = network([("L0", "s", "t", 1, 10)]), Force("x", (Element("any", 4),))
    with pytest.raises(mb.InputError, match="k is 0"):
        mb.setback(net, "s", "t", force=force, k=0)
    with pytest.raises(mb.InputError, match="road-speed"):
        mb.sensitivity(net, "s", "t", force=force, factors=["roadspeed"])
