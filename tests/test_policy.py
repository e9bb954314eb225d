"""Questions of policy: each figure again from the single functions, a network made by hand, and what must hold."""

from __future__ import annotations

import itertools
import json
import math
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

import mobility as mb
from asking import run
from mobility import pages
from mobility.force import Element, Force

policy = import_module("mobility.policy")  # the package's own name is the function

NET = mb.load()
CONVOY = Force("convoy", (Element("any", 100),))
ADRIATIC = {"origin": ["Durrës", "Bar", "Ploče"], "destination": ["Constanța", "Burgas"]}


def made_by_hand(**more: pd.DataFrame) -> mb.Network:
    """From A (AL) to B (BG): over M (MK) in 10 h at 20 vehicles an hour, or over R (RS) in 6 h at 10."""
    nodes = pd.DataFrame(
        [("A", 41.0, 19.5, "AL"), ("M", 41.5, 21.5, "MK"), ("R", 43.3, 21.9, "RS"), ("B", 42.5, 24.0, "BG")],
        columns=["node_id", "lat", "lon", "country"],
    )
    links = pd.DataFrame(
        [
            ("am", "A", "M", 5, 20, "VIII"), ("mb", "M", "B", 5, 20, "VIII"), ("ar", "A", "R", 3, 10, "X"),
            ("rb", "R", "B", 3, 10, "X"),
        ],
        columns=["link_id", "from_node", "to_node", "time_h", "capacity_veh_h", "corridors"],
    ).assign(mode="road", length_km=300)  # fmt: skip
    countries = pd.DataFrame(
        [("AL", 1, 0), ("MK", 1, 0), ("RS", 0, 0), ("BG", 1, 1)], columns=["country", "nato", "pesco_mobility"]
    )
    permissions = pd.DataFrame(
        [("eda", "AL", 500), ("eda", "MK", 500), ("eda", "RS", 1000), ("eda", "BG", 100), ("quick", "AL", 6),
         ("quick", "MK", 6), ("quick", "RS", 8), ("quick", "BG", 6)],
        columns=["regime", "country", "lead_h"],
    )  # fmt: skip
    tables = {"countries": countries, "permissions": permissions} | more
    return mb.Network.from_frames(nodes=nodes, links=links, **tables)


HAND = made_by_hand()
BARE = mb.Network.from_frames(nodes=HAND.table("nodes"), links=HAND.table("links"))
ASK = {"origin": "A", "destination": "B", "force": CONVOY}


# ---- territory


def test_an_all_nato_route_by_hand() -> None:
    answer = policy.all_nato(HAND, "A", "B", force=CONVOY)
    free, bound = answer.rows
    assert (free["time_h"], bound["time_h"], bound["extra_h"]) == (6, 10, 4)
    assert free["vehicles_per_day"] == pytest.approx(24 * 30)
    assert bound["vehicles_per_day"] == pytest.approx(24 * 20)
    assert bound["kept"] == pytest.approx(2 / 3)
    assert (free["link_disjoint"], bound["link_disjoint"]) == (2, 1)
    # both ways: (100 + 10 x 6 + 20 x 10) / 30; over M alone 10 + 100 / 20
    assert free["closure_h"] == pytest.approx(12)
    assert bound["closure_h"] == pytest.approx(15)
    assert "4.0 h longer" in answer.headline
    assert "67%" in answer.headline


@pytest.mark.parametrize(("origin", "destination"), [("Bar", "Constanța"), ("Ploče", "Burgas"), ("Durrës", "Budapest")])
def test_an_all_nato_route_is_never_faster_and_never_carries_more(origin: str, destination: str) -> None:
    ask = {"vehicle": "wheeled-ifv", "modes": "road", "share": 0.3}
    answer = policy.all_nato(NET, origin, destination, **ask)
    times = [r["time_h"] or math.inf for r in answer.rows]
    assert times == sorted(times)
    assert [r["vehicles_per_day"] for r in answer.rows] == sorted(r["vehicles_per_day"] for r in answer.rows)[::-1]
    table = NET.table("countries")
    members = table[table["nato"] == 1]["country"].tolist()
    again = mb.routes(NET, origin, destination, k=1, countries=members, **ask)
    assert answer.rows[-1]["time_h"] == (again.routes[0].time_h if again.routes else None)
    flow = mb.throughput(NET, origin, destination, countries=members, **ask)
    assert answer.rows[-1]["vehicles_per_day"] == pytest.approx(flow.vehicles_per_day)


def test_no_route_on_nato_territory_is_said() -> None:
    answer = policy.all_nato(NET, "Bar", "Belgrade", modes="road")
    assert answer.rows[-1]["time_h"] is None
    assert "no route on NATO territory" in answer.headline
    assert json.dumps(answer.to_dict(), allow_nan=False)


# ---- permission


def closes(net: mb.Network, lead: dict[str, float]) -> float:
    """Ask closure itself under lead times of single states."""
    found = mb.closure(net, **ASK, lead=lead).closure_h
    assert found is not None
    return found


def test_joining_by_hand() -> None:
    answer = policy.joining(HAND, **ASK)
    rows = {r["state"]: r for r in answer.rows}
    assert set(rows) == {"AL", "MK", "RS"}
    # AL and MK stand in a row, so neither gains alone; with RS both ways are there: 500 + 12
    assert {c: round(r["saved_alone_h"], 9) for c, r in rows.items()} == {"AL": 0, "MK": 0, "RS": 3}
    # as it is 500 + 15; with all 100 + 12; without RS 100 + 15; without MK over R alone 100 + 6 + 100 / 10
    assert rows["AL"]["lost_if_out_h"] == pytest.approx(400)
    assert rows["RS"]["lost_if_out_h"] == pytest.approx(3)
    assert rows["MK"]["lost_if_out_h"] == pytest.approx(4)
    assert sum(r["shapley_h"] for r in rows.values()) == pytest.approx(403)


def test_joining_is_what_closure_says_for_every_coalition_and_order() -> None:
    base = {"AL": 500.0, "MK": 500.0, "RS": 1000.0, "BG": 100.0}
    states = ["AL", "MK", "RS"]
    worth = {
        frozenset(some): closes(HAND, base | dict.fromkeys(some, 100.0))
        for n in range(4) for some in itertools.combinations(states, n)
    }  # fmt: skip
    answer = policy.joining(HAND, **ASK)
    orders = list(itertools.permutations(states))
    for row in answer.rows:
        c = row["state"]
        saved = [worth[frozenset(o[: o.index(c)])] - worth[frozenset(o[: o.index(c) + 1])] for o in orders]
        assert row["shapley_h"] == pytest.approx(sum(saved) / len(orders), abs=1e-5)
        assert row["closure_alone_h"] == pytest.approx(worth[frozenset([c])])
        assert row["saved_alone_h"] >= 0
        assert row["lost_if_out_h"] >= -1e-9


def test_permissions_are_what_closure_says_under_each_regime() -> None:
    answer = policy.permissions(HAND, **ASK)
    rows = {r["regime"]: r for r in answer.rows}
    for regime in ("eda", "quick", "none"):
        again = mb.closure(HAND, **ASK, permission=regime)
        assert rows[regime]["closure_h"] == pytest.approx(again.closure_h)
        assert rows[regime]["lead_h"] == again.lead_h
        assert rows[regime]["closure_h"] == pytest.approx(rows[regime]["lead_h"] + rows[regime]["moving_h"])
    # the quick regime: 8 h for both ways and 12 to move, rather than 6 and 15
    assert rows["quick"]["closure_h"] == pytest.approx(20)
    assert rows["eda"]["closure_h"] == pytest.approx(515)


def test_permissions_on_the_shipped_network() -> None:
    ask = {"force": "fuel-convoy", "modes": "road"}
    frame = policy.permissions(NET, "Durrës", "Burgas", **ask).to_frame()
    for regime in ("status-quo", "emergency"):
        again = mb.closure(NET, "Durrës", "Burgas", permission=regime, **ask)
        assert frame.loc[regime, "closure_h"] == pytest.approx(again.closure_h)
    order = ["none", "emergency", "package-2025", "eda", "status-quo"]
    assert frame.loc[order, "closure_h"].is_monotonic_increasing


def test_shorter_waits_at_rail_borders_touch_nothing_else() -> None:
    quick = policy._quick_rail_borders(NET)
    old, new = NET.table("borders"), quick.table("borders")
    rail = (old["mode"] == "rail").to_numpy()
    assert new.loc[rail, "wait_h"].max() == pytest.approx(25 / 60)
    assert new[~rail].equals(old[~rail])
    assert (new["wait_h"] <= old["wait_h"]).all()


# ---- corridors


@pytest.mark.parametrize("measure", ["throughput"])
def test_contributions_add_up_and_are_those_of_closed_corridors(measure: str) -> None:
    ask = {"vehicle": "wheeled-ifv", "modes": "road", "share": 0.3}
    answer = policy.contributions(NET, **ADRIATIC, measure=measure, players=["X", "VIII", "Vc"], **ask)
    whole = mb.corridor_value(NET, **ADRIATIC, measure=measure, players=["X", "VIII", "Vc"], **ask).cases[0]
    assert sum(r["shapley"] for r in answer.rows) == pytest.approx(whole.full - whole.empty)
    assert sum(r["share"] for r in answer.rows) == pytest.approx(1)
    assert [r["shapley"] for r in answer.rows] == sorted((r["shapley"] for r in answer.rows), reverse=True)


def test_two_ways_side_by_side_add_up_and_two_in_a_row_complement() -> None:
    (row,) = policy.complement(HAND, "A", "B", measures=["throughput"]).rows
    assert (row["neither"], row["VIII_alone"], row["X_alone"], row["both"]) == (0, 480, 240, 720)
    assert row["gain"] == 240
    assert row["adds_share"] == 1
    assert row["relation"] == "independent"
    links = HAND.table("links").assign(corridors=["VIII", "X", "", ""])  # one after the other
    net = made_by_hand().from_frames(nodes=HAND.table("nodes"), links=links)
    answer = policy.complement(net, "A", "B", measures=["throughput"])
    assert (answer.rows[0]["VIII_alone"], answer.rows[0]["both"], answer.rows[0]["relation"]) == (
        240,
        720,
        "complement",
    )
    assert "complements X" in answer.headline


def test_a_way_twice_as_good_stands_in_for_the_other() -> None:
    links = HAND.table("links").assign(corridors=["VIII", "", "X", ""])
    net = HAND.from_frames(nodes=HAND.table("nodes"), links=links)
    (row,) = policy.complement(net, "A", "B", measures=["time"]).rows
    assert row["both"] == max(row["VIII_alone"], row["X_alone"])
    assert row["relation"] == "substitute"


# ---- pool and port


def test_a_larger_pool_never_hurts() -> None:
    force = Force("tanks", (Element("main-battle-tank", 20, modes=("rail",)),))
    answer = policy.solidarity_pool(NET, "Bar", "Belgrade", force=force, own=2, steps=[2, 6])
    hours = [r["closure_h"] for r in answer.rows]
    assert hours == sorted(hours, reverse=True)
    assert hours[0] > hours[-1]
    assert [r["size"] for r in answer.rows] == [2, 4, 8, None]
    free = mb.closure(NET, "Bar", "Belgrade", force=force)
    assert hours[-1] == pytest.approx(free.closure_h, rel=1e-6)
    assert answer.rows[-1]["one_more_h"] == 0


def test_a_port_clears_what_its_weakest_part_does() -> None:
    answer = policy.new_port(NET, "Skopje", share=0.5, modes="road")
    old, new, both = answer.rows
    ports = NET.table("ports").set_index("node_id").fillna(0)
    for row, node in ((old, "AL_DURRES"), (new, "AL_PORTOROMANO")):
        p = ports.loc[node]
        ashore = min(p["berth_veh_day"] + p["river_berth_veh_day"], p["staging_veh_day"])
        assert row["clears_per_day"] == pytest.approx(
            0.5 * min(ashore, p["gate_veh_day"] + p["rail_clearance_veh_day"])
        )
    assert both["clears_per_day"] == old["clears_per_day"] + new["clears_per_day"]
    inland = mb.throughput(NET, "Durrës", "Skopje", share=0.5, modes="road").vehicles_per_day
    assert old["inland_per_day"] == pytest.approx(inland)
    assert old["leaves_per_day"] == min(old["clears_per_day"], inland)
    assert old["days_to_clear"] == pytest.approx(mb.force("armoured-battalion").vehicles / old["leaves_per_day"])
    assert both["inland_per_day"] == pytest.approx(inland), "the new port lies behind the same road"


# ---- predictability


def test_predictability_is_that_of_waits_at_borders() -> None:
    ask = {"modes": "road", "runs": 60, "seed": 4}
    answer = policy.predictability(NET, "Durrës", "Burgas", **ask)
    again = mb.uncertainty(NET, "Durrës", "Burgas", measure="time", over="border waits", **ask)
    assert answer.rows[0]["in_hand_h"] == again.predictability_h
    assert answer.rows[0]["in_hand_h"] == answer.rows[0]["p90_h"] - answer.rows[0]["p50_h"] > 0
    assert answer.to_dict() == policy.predictability(NET, "Durrës", "Burgas", **ask).to_dict()


def test_without_waits_there_is_nothing_to_keep_in_hand() -> None:
    answer = policy.predictability(HAND, "A", "B", runs=50)
    assert {r["in_hand_h"] for r in answer.rows if r["in_hand_h"] is not None} == {0.0}


# ---- all of them, and bad questions


def test_every_question_is_found_by_name_and_says_what_it_rests_on() -> None:
    more = {"corridor-viii": {"measures": ["time"]}, "corridors": {"measure": "time"}, "predictability": {"runs": 20}}
    for name in ("corridor-viii", "corridors", "all-nato", "porto-romano", "predictability"):
        places = ["Burgas"] if name == "porto-romano" else ["Durrës", "Burgas"]
        answer = mb.policy(NET, name, *places, modes="road", **more.get(name, {}))
        assert answer.key == name
        assert answer.status == "ok"
        assert answer.asks.endswith("?")
        assert answer.assumptions
        assert answer.sources
        assert len(answer.to_frame()) == len(answer.rows)
        assert json.loads(json.dumps(answer.to_dict(), allow_nan=False))["headline"] == answer.headline
        assert "Kosovo declaration" in answer._repr_html_()


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: mb.policy(NET, "all-nat"), "did you mean all-nato"),
        (lambda: policy.complement(NET, corridor="X"), "two different ones"),
        (lambda: policy.complement(NET, corridor="VIIII"), "VIII"),
        (lambda: policy.joining(NET, regime="edda"), "eda"),
        (lambda: policy.solidarity_pool(NET, own=0), "at least 1"),
        (lambda: policy.solidarity_pool(NET, of="lorry"), "wagon, transporter or ship"),
        (lambda: policy.new_port(NET, port="Skopje"), "no row in ports.csv"),
        (lambda: policy.all_nato(BARE, "A", "B"), "countries.csv"),
    ],
)  # fmt: skip
def test_bad_questions_say_what_would_do(ask: object, words: str) -> None:
    with pytest.raises(mb.InputError, match=words):
        ask()  # type: ignore[operator]


def test_the_command_writes_a_page(tmp_path: Path) -> None:
    HAND.save(tmp_path / "hand")
    ask = ("policy", "all-nato", "--from", "A", "--to", "B", "--network", tmp_path / "hand")
    page = tmp_path / "page.html"
    assert run(*ask, "--out", page).code == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert text.count("data:image/png;base64,") == 1
    assert "What does an all-NATO route cost?" in text
    assert "http" not in text.replace("http-equiv", "")
    assert run(*ask, "--out", page).code == 2, "it exists"
    note = tmp_path / "way.md"
    way = ("routes", "--from", "A", "--to", "B", "--network", tmp_path / "hand")
    assert run(*way, "--out", note).code == 0, "any answer can be a page"
    assert (tmp_path / "way.md.png").read_bytes().startswith(b"\x89PNG")
    assert "](way.md.png)" in note.read_text(encoding="utf-8")
    assert "| 1 | 6.0 h |" in note.read_text(encoding="utf-8")
    note.unlink()
    assert run(*way, "--out", note).code == 2, "the picture beside it exists"
    assert not note.exists()
    answer = run(*ask, "--format", "json")
    assert answer.json["rows"][0]["territory"] == "any state"
    assert run("policy", "all-nato", "--regime", "eda").code == 2
    assert run("policy", "all-nat").code == 2


def test_a_picture_of_a_question(tmp_path: Path) -> None:
    answer = policy.all_nato(NET, "Bar", "Constanța", modes="road")
    answer.plot(path=tmp_path / "a.png", dpi=40)
    words = (tmp_path / "a.png.caption.txt").read_text(encoding="utf-8")
    assert "all-NATO route" in words
    frame = pd.read_csv(tmp_path / "a.png.csv")
    drawn = set(frame[frame["class"] != "rest of the network"]["link_id"])
    assert drawn == {k for w in answer.ways for k in w.links}


# ---- answers as HTML and Markdown


def test_what_a_notebook_shows_is_what_the_terminal_shows() -> None:
    answer = mb.routes(NET, "Durrës", "Burgas", modes="road", k=2)
    shown = answer._repr_html_()
    assert "<table>" in shown
    assert f"{answer.routes[0].time_h:.1f} h" in shown
    assert "no figure is a bridge rating" in shown
    assert "<script" not in shown
    assert "console" not in shown


def test_signs_of_html_and_markdown_are_kept_out() -> None:
    nodes = HAND.table("nodes").assign(name=["<script>x</script>", "a|b", "*c*", "B"])
    net = mb.Network.from_frames(nodes=nodes, links=HAND.table("links"))
    answer = mb.routes(net, "A", "B", k=2)
    assert "<script>" not in answer._repr_html_()
    text = pages.as_markdown(pages.told(answer))
    assert "a\\|b" in text or "\\*c\\*" in text
    assert "<script>" not in text


@pytest.mark.parametrize("kind", sorted(pages.SHOWN))
def test_every_kind_that_is_named_can_be_printed(kind: str) -> None:
    module, function = pages.SHOWN[kind]
    assert callable(getattr(import_module(f"mobility.{module}"), function))


def test_an_answer_that_nothing_prints_shows_its_first_rows() -> None:
    shown = pages.as_html(pages.told(mb.capability(NET, "wheeled-ifv")))
    assert shown.count("<tr>") == pages.MOST + 1
    assert "more rows" in shown
