"""``mobility routes`` against every route there is."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from asking import Answer, ask_folder, ask_tables, folder_of, run
from oracles.routes import Route, enumerate_routes
from oracles.tables import Question, Tables
from strategies import YEAR, Drawn, Pick, Seeded, Shape, net, networks, relabelled, seeded, write, write_csv

AB = Question(("A",), ("B",))
HOURS = 1e-5  # a thousandth of a second per link is allowed to be rounded away
LIVELY = Shape(assets=True, life=True)


def check_answer(tables: Tables, ask: Question, k: int, answer: Answer) -> None:
    """Hold an answer of ``routes -k`` against the list of all routes."""
    expected = enumerate_routes(tables, ask)
    found = answer.json
    if not expected:
        assert (answer.code, found["status"], found["routes"]) == (1, "no_route", [])
        return
    assert (answer.code, found["status"]) == (0, "ok")
    routes = found["routes"]
    known = {r.links: r for r in expected}
    chosen = [tuple(r["links"]) for r in routes]
    assert set(chosen) <= set(known), "a route that the tables do not allow"
    assert len(set(chosen)) == len(chosen), "the same route twice"
    assert len(chosen) == min(k, len(expected))
    assert [r["rank"] for r in routes] == list(range(1, len(routes) + 1))
    assert [r["time_h"] for r in routes] == pytest.approx([r.time_h for r in expected[: len(routes)]], abs=HOURS)
    country = {r["node_id"]: r["country"] for r in tables.nodes}
    for row, links in zip(routes, chosen, strict=True):
        check_columns(row, known[links], country)


def check_columns(row: dict[str, Any], route: Route, country: dict[str, str]) -> None:
    """Hold the columns of one route against the route that its links make."""
    assert row["time_h"] == pytest.approx(route.time_h, abs=HOURS)
    assert row["length_km"] == pytest.approx(route.length_km, abs=1e-6)
    assert set(row["modes"]) == set(route.modes)
    assert set(row["countries"]) == {country[n] for n in route.nodes}
    assert 0 <= row["unknown_km"] <= route.length_km + 1e-6
    assert 0 <= row["estimated_km"] <= route.length_km + 1e-6


def narrowed(tables: Tables, ask: Question, pick: Pick) -> Question:
    """Return the question with one or two options set, none of which touches its ends."""
    ends = {*ask.origins, *ask.destinations}
    country = {r["node_id"]: r["country"] for r in tables.nodes}
    home = {country[n] for n in ends}
    between = sorted(set(country) - ends) or [None]
    abroad = sorted({c for c in country.values() if c not in home})
    plain_links = sorted(r["link_id"] for r in tables.links if not r.get("asset_id"))
    for _ in range(pick.count(1, 2)):
        option = pick.one(["modes", "year", "via", "avoid", "countries", "close"])
        if option == "modes":
            ask = replace(ask, modes=frozenset(pick.one([("road",), ("road", "rail"), ("rail", "sea"), ("sea",)])))
        elif option == "year":
            ask = replace(ask, year=YEAR + pick.count(-1, 2))
        elif option == "via":
            ask = replace(ask, via=pick.one([n for n in between if n not in ask.avoid] or [None]))
        elif option == "avoid":
            things = [x for x in (pick.one(between), pick.one(abroad or [None]), pick.one(plain_links or [None])) if x]
            things = [x for x in things if x != ask.via and (ask.via is None or x != country[ask.via])]
            if things:
                ask = replace(ask, avoid=ask.avoid | {pick.one(things)})
        elif option == "countries":
            kept = {c for c in abroad if pick.one([True, False])}
            if ask.via is None or country[ask.via] in home | kept:
                ask = replace(ask, countries=frozenset(home | kept))
        else:
            ask = replace(ask, closed=ask.closed | {pick.one(sorted(r["link_id"] for r in tables.links))})
    return ask


@given(networks(), st.integers(1, 6))
def test_k_fastest_routes(case: tuple[Tables, Question], k: int) -> None:
    tables, ask = case
    check_answer(tables, ask, k, ask_tables("routes", tables, ask, "-k", k))


@given(networks(LIVELY), st.integers(1, 6), st.data())
def test_options_narrow_the_question(case: tuple[Tables, Question], k: int, data: st.DataObject) -> None:
    tables, ask = case
    ask = narrowed(tables, ask, Drawn(data.draw))
    check_answer(tables, ask, k, ask_tables("routes", tables, ask, "-k", k))


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 600, 100))
def test_k_fastest_routes_many(start: int) -> None:
    for shape in (Shape(), LIVELY):
        for seed, (tables, ask) in enumerate(seeded(100, shape, start), start):
            pick = Seeded(seed)
            k, ask = pick.count(1, 30), narrowed(tables, ask, pick) if seed % 2 else ask
            check_answer(tables, ask, k, ask_tables("routes", tables, ask, "-k", k))


@given(networks(Shape(links=(8, 14))), st.sampled_from([0.3, 0.5, 0.7, 0.9]))
def test_distinct_routes_share_no_more_than_asked(case: tuple[Tables, Question], share: float) -> None:
    tables, ask = case
    expected = enumerate_routes(tables, ask)
    answer = ask_tables("routes", tables, ask, "-k", 4, "--distinct", share)
    routes = answer.json["routes"]
    assert answer.code == (0 if expected else 1)
    assert bool(routes) == bool(expected)
    if expected:
        assert routes[0]["time_h"] == pytest.approx(expected[0].time_h, abs=HOURS)
        assert {tuple(r["links"]) for r in routes} <= {r.links for r in expected}
    times = [r["time_h"] for r in routes]
    assert times == sorted(times)
    length = {r["link_id"]: r["length_km"] for r in tables.links}
    for better, worse in combinations(routes, 2):
        shared = sum(length[i] for i in set(better["links"]) & set(worse["links"]))
        assert shared <= share * sum(length[i] for i in worse["links"]) + 1e-6
        assert better["links"] != worse["links"]


@given(networks(), st.data())
def test_names_and_order_of_rows_change_nothing(case: tuple[Tables, Question], data: st.DataObject) -> None:
    tables, ask = case
    again, question, _ = relabelled(tables, ask, Drawn(data.draw))
    one, other = (
        ask_tables("routes", tables, ask, "-k", 5).json,
        ask_tables("routes", again, question, "-k", 5).json,
    )
    assert [r["time_h"] for r in one["routes"]] == pytest.approx([r["time_h"] for r in other["routes"]], abs=HOURS)


@given(networks(LIVELY))
def test_the_same_question_gives_the_same_answer(case: tuple[Tables, Question]) -> None:
    tables, ask = case
    with folder_of(tables) as folder:
        assert len({ask_folder("routes", folder, ask, "-k", 6).stdout for _ in range(2)}) == 1


@given(networks(LIVELY), st.data())
def test_closing_never_helps_and_haste_never_hurts(case: tuple[Tables, Question], data: st.DataObject) -> None:
    tables, ask = case
    link = data.draw(st.sampled_from([r["link_id"] for r in tables.links]))
    changed = {"time_h": None, "speed_kmh": 120, "direction": "both", "status": "operational"}
    with folder_of(tables) as folder:
        now = fastest(ask_folder("routes", folder, ask, "-k", 1))
        closed = fastest(ask_folder("routes", folder, replace(ask, closed=frozenset({link})), "-k", 1))
    assert closed >= now - HOURS
    row = tables.link(link)
    assume(row.get("time_h") is None or row["time_h"] >= row["length_km"] / 120)
    better = fastest(ask_tables("routes", tables.with_link(link, **changed), ask, "-k", 1))
    assert better <= now + HOURS


def fastest(answer: Answer) -> float:
    routes = answer.json["routes"]
    return routes[0]["time_h"] if routes else float("inf")


def times(tables: Tables, ask: Question = AB, *more: object) -> list[float]:
    return [r["time_h"] for r in ask_tables("routes", tables, ask, "-k", 9, *more).json["routes"]]


def test_each_option_on_its_own() -> None:
    """One network, settled by hand: what opens when, what closes with what, and whose ground is crossed."""
    tables = net(
        ("p", "A", "X", "road", 1, 1),
        ("q", "X", "B", "road", 1, 1),
        ("s", "A", "B", "sea", 5, 9, {"asset_id": "pier"}),
        ("u", "A", "Y", "road", 1, 1, {"status": "planned", "open_year": 2029}),
        ("v", "Y", "B", "road", 3, 1, {"asset_id": "pier"}),
        ("w", "A", "B", "road", 1, 1, {"status": "closed"}),
        X="MK",
        Y="BG",
    )
    assert times(tables) == [2, 5]
    assert times(tables, replace(AB, year=2028)) == times(tables, replace(AB, year=2029)) == [2, 5]
    assert times(tables, replace(AB, year=2030)) == [2, 4, 5]
    assert times(tables, replace(AB, modes=frozenset({"sea"}))) == [5]
    assert times(tables, replace(AB, modes=frozenset({"rail"}))) == []
    assert times(tables, replace(AB, via="X")) == [2]
    for thing in ("X", "MK", "q"):
        assert times(tables, replace(AB, avoid=frozenset({thing}))) == [5], thing
    assert times(tables, replace(AB, avoid=frozenset({"X", "s"}))) == []
    assert times(tables, replace(AB, countries=frozenset({"AL"}))) == [5]
    assert times(tables, replace(AB, countries=frozenset({"AL", "MK"}))) == [2, 5]
    assert times(tables, replace(AB, closed=frozenset({"p"}))) == [5]
    assert times(tables, replace(AB, year=2030, closed=frozenset({"v"}))) == [2], "v and s are one structure"
    assert times(tables, replace(AB, closed=frozenset({"p", "v"}))) == []


def test_parallel_links_are_not_lost() -> None:
    tables = net(*((f"p{i}", "A", "B", "road", hours, 1) for i, hours in enumerate((3, 1, 2, 1))))
    assert times(tables) == [1, 1, 2, 3]


def test_forward_is_one_way() -> None:
    tables = net(("p", "A", "B", "road", 1, 1, {"direction": "forward"}), ("q", "B", "A", "sea", 7, 1))
    assert times(tables) == [1, 7]
    assert times(tables, Question(("B",), ("A",))) == [7]


def test_zero_hours_and_zero_kilometres_are_links_like_others() -> None:
    zero = {"length_km": 0}
    tables = net(
        ("p", "A", "X", "road", 0, 1, zero),
        ("q", "X", "B", "rail", 0, 1, zero),
        ("r", "A", "B", "sea", 0, 1, zero),
        terminals=(("X", "road", "rail", 0, 9),),
    )
    found = ask_tables("routes", tables, AB, "-k", 9).json["routes"]
    assert {tuple(r["links"]) for r in found} == {("p", "q"), ("r",)}
    assert [r["time_h"] for r in found] == [0, 0]


def test_no_place_twice_even_in_another_mode() -> None:
    """The layers of the modes allow A-X-Y by road and Y-X-B by rail; a route may not come through X twice."""
    tables = net(
        ("r1", "A", "X", "road", 1, 1),
        ("r2", "X", "Y", "road", 1, 1),
        ("t1", "Y", "X", "rail", 1, 1),
        ("t2", "X", "B", "rail", 1, 1),
        terminals=(("Y", "road", "rail", 0, 1000),),
    )
    answer = ask_tables("routes", tables, AB, "-k", 3)
    assert (answer.code, answer.json["status"]) == (1, "no_route")
    longer = net(*_cells(tables), ("s", "A", "B", "sea", 50, 1), terminals=(("Y", "road", "rail", 0, 1000),))
    assert times(longer) == [50]


def _cells(tables: Tables) -> list[tuple]:
    keys = ("link_id", "from_node", "to_node", "mode", "time_h")
    return [(*(r[k] for k in keys), r.get("capacity_veh_h") or r.get("capacity_trains_day")) for r in tables.links]


def test_via_does_not_turn_a_route_round() -> None:
    """The layers of the modes allow A-X-Y by road and Y-X-B by rail; a route may not pass X twice."""
    spur = net(
        ("p", "A", "X", "road", 1, 1),
        ("v", "X", "V", "road", 1, 1),
        ("q", "X", "B", "road", 1, 1),
        ("z", "B", "Z", "road", 1, 1),
    )
    for place in ("V", "Z"):
        answer = ask_tables("routes", spur, replace(AB, via=place))
        assert (answer.code, answer.json["status"], answer.json["routes"]) == (1, "no_route", []), place


def test_changes_of_mode_do_not_chain() -> None:
    tables = net(
        ("r", "A", "X", "road", 1, 1),
        ("s", "X", "B", "sea", 1, 30),
        terminals=(("X", "road", "rail", 0, 50), ("X", "rail", "sea", 0, 50)),
    )
    assert times(tables) == []


@pytest.mark.parametrize(("rows", "expected"), [([("X", "road", 4, 7)], 7.5), ([("X", "rail", 4, 7)], 3.5)])
def test_the_border_waits_for_the_mode_that_arrives(rows: list, expected: float) -> None:
    links = (("r", "A", "X", "road", 1, 1), ("t", "X", "B", "rail", 2, 1))
    ends = [("A", "road", 9, 1), ("B", "rail", 9, 1)]
    tables = net(*links, terminals=(("X", "rail", "road", 0.5, 100),), borders=(*rows, *ends))
    assert times(tables) == [expected]


def test_ids_are_text_whatever_they_look_like() -> None:
    """No reader may take NA for a gap, 007 for 7 or 1e3 for a thousand."""
    tables = net(
        ("NA", "007", "null", "road", 1, 1),
        ("1e3", "null", "7", "road", 1, 1),
        ("1000", "007", "7.0", "road", 5, 1),
        ("nan", "7.0", "7", "road", 5, 1),
        ("True", "None", "7", "road", 1, 1),
        null="NA",
    )
    found = ask_tables("routes", tables, Question(("007",), ("7",)), "-k", 9).json["routes"]
    assert [r["links"] for r in found] == [["NA", "1e3"], ["1000", "nan"]]
    assert "NA" in found[0]["countries"]
    assert times(tables, Question(("None",), ("7",))) == [1]


def test_time_wins_over_speed() -> None:
    assert times(net(("p", "A", "B", "road", 4, 1, {"speed_kmh": 40}))) == [4]
    assert times(net(("p", "A", "B", "road", None, 1, {"speed_kmh": 40}))) == [1.5]


def test_links_may_stand_in_a_folder_of_files() -> None:
    """The same rows in one file and in two with different columns are the same network."""
    tables = net(("p", "A", "B", "road", 2, 1), ("q", "A", "B", "rail", 1, 2))
    with folder_of(tables) as folder:
        whole = ask_folder("routes", folder, AB, "-k", 3).json["routes"]
        (folder / "links.csv").unlink()
        (folder / "links").mkdir()
        for row in tables.links:
            write_csv(folder / "links" / f"{row['mode']}.csv", [row])
        parts = ask_folder("routes", folder, AB, "-k", 3).json["routes"]
    assert [r["links"] for r in whole] == [["q"], ["p"]]
    assert parts == whole


def test_names_find_places_and_an_ambiguous_name_is_refused() -> None:
    tables = net(("p", "A", "B", "road", 2, 1), ("q", "C", "B", "road", 1, 1))
    for node, name in zip(tables.nodes, ("Durrës, port", "Constanța", "Twin Town"), strict=True):
        node["name"] = name
    tables.nodes.append({**tables.nodes[2], "node_id": "D", "lat": 43})
    assert times(tables, Question(("C",), ("Constanta",))) == [1]
    refused = ask_tables("routes", tables, Question(("Twin Town",), ("B",)))
    assert refused.code == 2
    assert "C" in refused.stderr
    assert "D" in refused.stderr


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--from", "Aa", "--to", "B"], "A"),
        (["--from", "A", "--to", "B", "--modes", "raod"], "road"),
        (["--from", "A", "--to", "B", "--close", "pp1"], "p1"),
        (["--from", "A", "--to", "B", "--avoid", "pp1"], "p1"),
        (["--from", "A", "--to", "B", "--vehicle", "wheeled-ivf"], "wheeled-ifv"),
        (["--from", "A", "--to", "B", "--year", "soon"], "year"),
        (["--from", "A", "--to", "B", "--share", "1.5"], "share"),
        (["--from", "A", "--to", "B", "-k", "0"], "k"),
    ],
)
def test_bad_options_are_refused_with_what_would_do(words: list[str], hint: str) -> None:
    with folder_of(net(("p1", "A", "B", "road", 2, 1))) as folder:
        verb = "throughput" if "--share" in words else "routes"
        answer = run(verb, "--network", folder, *words, "--format", "json")
    assert answer.code == 2
    assert hint in answer.stderr


def test_an_edited_folder_gives_a_new_answer() -> None:
    """Whatever is kept between questions: the tables count, not the name, size or age of their file."""
    tables = net(("p", "A", "B", "road", 2, 1), ("q", "A", "B", "road", 3, 1))
    with folder_of(tables) as folder:
        file = folder / "links.csv"
        before = file.stat()
        assert fastest(ask_folder("routes", folder, AB, "-k", 1)) == 2
        write(tables.with_link("p", time_h=9), folder)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert file.stat().st_size == before.st_size
        assert fastest(ask_folder("routes", folder, AB, "-k", 1)) == 3


def test_answers_do_not_depend_on_the_hash_seed() -> None:
    """Ties may fall either way, but the same way in every process."""
    script = (
        "import sys; from click.testing import CliRunner; from mobility.cli import main\n"
        "for verb in ('routes', 'redundancy', 'throughput', 'contingency'):\n"
        "    for folder in sys.argv[1:]:\n"
        "        words = [verb, '--network', folder, '--from', 'N0', '--to', 'N3', '--format', 'json']\n"
        "        print(CliRunner().invoke(main, words).stdout)\n"
    )
    cases = [tables for tables, _ in seeded(8, LIVELY)]
    with ExitStack() as stack:
        folders = [str(stack.enter_context(folder_of(tables))) for tables in cases]
        told = {
            subprocess.run(
                [sys.executable, "-c", script, *folders],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for seed in ("1", "2")
        }
    assert len(told) == 1
    assert '"routes"' in told.pop()


def test_csv_and_a_file_hold_the_same_answer(tmp_path: Path) -> None:
    tables = net(("p", "A", "B", "road", 2, 1), ("q", "A", "B", "road", 3, 1))
    with folder_of(tables) as folder:
        words = ["routes", "--network", folder, "--from", "A", "--to", "B"]
        found = run(*words, "--format", "json").json["routes"]
        rows = list(csv.DictReader(run(*words, "--format", "csv").stdout.splitlines()))
        assert run(*words, "--format", "json", "--out", tmp_path / "answer.json").code == 0
        assert run(*words, "--format", "csv", "--out", tmp_path / "answer.csv").code == 0
    assert [(int(r["rank"]), float(r["time_h"])) for r in rows] == [(r["rank"], r["time_h"]) for r in found]
    assert json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))["routes"] == found
    with (tmp_path / "answer.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == rows
