"""Networks against standards: verdicts and sums by hand and by a plain count over rows, and what closes the gaps."""

from __future__ import annotations

import csv
import itertools
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mobility as mb
from asking import run
from mobility.compliance import ALL, IN_USE, requirements
from mobility.errors import InputError
from mobility.network import shipped
from mobility.pen import lightness
from mobility.policyviews import FINE, VERDICT_LOOK

NODES = pd.DataFrame(
    {
        "node_id": ["A", "B", "C", "X"],
        "lat": [42.0, 43.0, 43.5, 42.5],
        "lon": [21.0, 22.0, 23.0, 21.5],
        "country": ["AL", "MK", "BG", "BG"],
        "country2": ["", "", "", "RO"],
        "kind": ["city", "city", "city", "border_crossing"],
    }
)

RAIL = {
    # id: km, corridors, status, axle, category, line speed, train length, code, electrified, what is an estimate
    "good": (10, "X", "operational", 22.5, "", 120, 740, "P/C 80/410", 1, ""),
    "guess": (20, "Xc;VIII", "operational", 22.5, "", 100, 740, "P/C 70/400", 1, "max_axle_t;max_train_length_m"),
    "category": (40, "VIII", "operational", None, "D4", 100, 750, "P/C 70/400", 1, ""),
    "light": (80, "VIII", "operational", None, "C3", 100, 740, "C 45/364", 1, ""),
    "slow": (160, "VIII", "operational", 22.5, "", 60, 600, "P/C 70/400", 0, "max_train_length_m"),
    "dark": (320, "", "operational", None, "", None, None, "", None, ""),
    "none": (640, "VIII", "missing", 22.5, "", 160, 740, "P/C 80/410", 1, ""),
}
ROAD = {
    # id: km, class of bridges, posted mass, axle, lanes
    "wide": (1, 130, None, 13.0, 4),
    "posted": (2, 130, 40, 11.5, 2),
    "strong": (4, None, 150, 8.0, None),
    "usual": (8, 100, None, 11.5, 6),
    "blank": (16, None, None, None, None),
}


def rows() -> pd.DataFrame:
    rail = [
        {
            "link_id": k, "mode": "rail", "length_km": km, "corridors": on, "status": status, "max_axle_t": axle,
            "line_category": category, "max_speed_kmh": speed, "max_train_length_m": long, "intermodal_code": code,
            "electrified": wires, "estimated": guess, "from_node": "A", "to_node": "B",
        }
        for k, (km, on, status, axle, category, speed, long, code, wires, guess) in RAIL.items()
    ]  # fmt: skip
    road = [
        {
            "link_id": k, "mode": "road", "length_km": km, "corridors": "X", "status": "operational",
            "mlc_wheeled": bridges, "max_mass_t": mass, "max_axle_t": axle, "lanes": lanes, "from_node": "B",
            "to_node": "C",
        }
        for k, (km, bridges, mass, axle, lanes) in ROAD.items()
    ]  # fmt: skip
    border = {"link_id": "short", "mode": "rail", "length_km": 0.5, "corridors": "VIII"}
    border |= {"from_node": "C", "to_node": "X"}
    frame = pd.DataFrame([*rail, *road, border]).assign(confidence="medium")
    return frame.astype({"corridors": object}).where(frame.notna(), None)


COUNTRIES = pd.DataFrame({"country": ["AL", "MK", "BG", "RO"], "eu": [0, 0, 1, 1], "permission_h": [72, None, 360, 24]})
CORRIDORS = pd.DataFrame({"corridor_id": ["X", "Xc", "VIII"], "parent": ["", "X", ""], "mode": "rail"})


@pytest.fixture(scope="module")
def net() -> mb.Network:
    borders = pd.DataFrame({"node_id": ["X", "B"], "mode": ["rail", "rail"], "wait_h": [0.4, 5.0]})
    upgrades = pd.DataFrame(
        [
            ("U1", "light", "max_axle_t=22.5", 100.0, ""),
            ("U2", "light", "max_axle_t=22.5;electrified=1", 70.0, "U3"),
            ("U3", "slow", "electrified=1", 20.0, ""),
            ("U4", "slow", "max_speed_kmh=90", 5.0, ""),  # lifts nothing to where it should be
            ("U5", "none", "status=operational", None, ""),
            ("U6", "slow", "max_speed_kmh=120", None, ""),
            ("U6", "slow", "max_train_length_m=740", None, ""),
        ],
        columns=["upgrade_id", "link_id", "set", "cost_meur", "requires"],
    )
    return mb.Network.from_frames(
        nodes=NODES, links=rows(), corridors=CORRIDORS, countries=COUNTRIES, borders=borders, upgrades=upgrades
    )


def test_every_link_gets_the_verdict_it_deserves(net: mb.Network) -> None:
    answer = mb.compliance(net)
    found = {(c.item, c.parameter): c.verdict for c in answer.checks}

    def of(parameter: str) -> dict[str, str]:
        return {k: v[0] for (k, p), v in found.items() if p == parameter}

    # m meets, s short, u unknown, n not open
    assert of("rail_axle_load_t") == dict(zip([*RAIL, "short"], "mmmsmunu", strict=True))
    assert of("rail_freight_speed_kmh") == dict(zip([*RAIL, "short"], "mmmmsunu", strict=True))
    assert of("rail_train_length_m") == dict(zip([*RAIL, "short"], "mmmmsunu", strict=True))
    assert of("rail_loading_gauge") == dict(zip([*RAIL, "short"], "mmmsmunu", strict=True))
    assert of("rail_electrified") == dict(zip([*RAIL, "short"], "mmmmsunu", strict=True))
    assert of("road_gross_weight_t") == dict(zip(ROAD, "msmsu", strict=True))
    assert of("road_max_axle_load_t") == dict(zip(ROAD, "musuu", strict=True))  # 11.5 t is the legal limit
    assert of("road_double_flow_width_m") == dict(zip(ROAD, "muumu", strict=True))
    assert of("rail_border_dwell_min") == {"border:X": "m"}  # B is no border inside the Union
    assert found["none", IN_USE] == "not open"


def test_a_verdict_says_what_it_rests_on(net: mb.Network) -> None:
    found = {(c.item, c.parameter): c for c in mb.compliance(net).checks}
    guess = found["guess", "rail_axle_load_t"]
    assert (guess.estimated, guess.firm, guess.value, guess.required) == (True, False, 22.5, "22.5 t")
    assert guess.corridors == ("VIII", "X")
    assert not found["category", "rail_axle_load_t"].estimated
    stands = found["usual", "road_gross_weight_t"]
    assert (stands.column, stands.value, stands.required, stands.estimated) == ("mlc_wheeled", 100.0, "125 MLC", True)
    assert not found["posted", "road_gross_weight_t"].estimated
    assert found["usual", "road_max_axle_load_t"].note.startswith("the legal limit")


def test_all_together_is_the_worst_of_each_link(net: mb.Network) -> None:
    frame = mb.compliance(net, standard="ten-t").to_frame("mode")
    row = frame.loc[("rail", ALL)]
    assert (row["meets"], row["short"], row["not_open"], row["unknown"]) == (70, 240, 640, 320.5)
    assert row["share"] == pytest.approx(70 / 1270.5)


def test_costs_stand_once_and_unknown_ones_are_not_free(net: mb.Network) -> None:
    answer = mb.compliance(net)
    by = {(c.item, c.parameter): c.projects for c in answer.checks if c.projects}
    assert by == {
        ("light", "rail_axle_load_t"): ("U2", "U1"),
        ("slow", "rail_freight_speed_kmh"): ("U6",),
        ("slow", "rail_train_length_m"): ("U6",),
        ("slow", "rail_electrified"): ("U3",),
        ("none", IN_USE): ("U5",),
        # what lies on a link that is not open would be met once it opens
        **{("none", r.parameter): ("U5",) for r in requirements() if r.table == "links" and r.mode == "rail"
           and "civil" not in r.standards},
    }  # fmt: skip
    closing = answer.closing
    assert {p.upgrade_id: p.cost_meur for p in closing.projects} == {"U2": 70.0, "U3": 20.0, "U5": None, "U6": None}
    assert (closing.cost_meur, closing.uncosted, closing.closed) == (90.0, ("U5", "U6"), 5)
    assert closing.closed + closing.left == len(answer.gaps)


# ---- against a plain count over rows


ASKED = (
    ("rail_axle_load_t", "max_axle_t", 22.5), ("rail_freight_speed_kmh", "max_speed_kmh", 100),
    ("rail_train_length_m", "max_train_length_m", 740), ("rail_electrified", "electrified", 1),
)  # fmt: skip


def plain(links: list[dict[str, Any]], where: dict[str, tuple[str, ...]]) -> dict[tuple[str, str, str], float]:
    """Return km by group, requirement and verdict, counted row by row."""
    out: dict[tuple[str, str, str], float] = defaultdict(float)
    for row in links:
        verdicts = {}
        for name, column, least in ASKED:
            value = row.get(column)
            shut = row["status"] != "operational"
            verdicts[name] = (
                "not_open" if shut else "unknown" if value is None else "meets" if value >= least else "short"
            )
        every = set(verdicts.values())
        worst = next(v for v in ("not_open", "short", "unknown", "meets") if v in every)
        for name, verdict in [*verdicts.items(), (ALL, worst)]:
            for group in ("all", *where[row["link_id"]]):
                out[group, name, verdict] += row["length_km"]
    return out


@st.composite
def railways(draw: Any) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Draw railways and projects that make them no worse."""
    links, upgrades = [], []
    for n in range(draw(st.integers(1, 6))):
        row: dict[str, Any] = {
            "link_id": f"L{n}", "from_node": "A", "to_node": "B", "mode": "rail",
            "length_km": draw(st.sampled_from([1.0, 2.5, 40.0, 7.25])),
            "corridors": draw(st.sampled_from(["", "X", "VIII", "VIII;X"])),
            "status": draw(st.sampled_from(["operational", "operational", "planned"])),
            "max_axle_t": draw(st.sampled_from([None, 18.0, 22.5, 25.0])),
            "max_speed_kmh": draw(st.sampled_from([None, 60.0, 100.0])),
            "max_train_length_m": draw(st.sampled_from([None, 500.0, 740.0])),
            "electrified": draw(st.sampled_from([None, 0, 1])),
            "intermodal_code": "P/C 80/410",
        }  # fmt: skip
        links.append(row)
        if draw(st.booleans()):
            sets = ["status=operational"] if row["status"] == "planned" else []
            for column, better in (("max_axle_t", 22.5), ("max_speed_kmh", 120), ("electrified", 1)):
                if draw(st.booleans()) and better > (row[column] or 0):
                    sets.append(f"{column}={better}")
            cost = draw(st.sampled_from([None, 1.0, 3.0]))
            group = draw(st.sampled_from([f"U{n}", "U9"]))
            upgrades.append({"upgrade_id": group, "link_id": f"L{n}", "set": ";".join(sets), "cost_meur": cost})
    columns = ["upgrade_id", "link_id", "set", "cost_meur"]
    return links, pd.DataFrame(upgrades, columns=columns)


@settings(max_examples=12)
@given(railways())
def test_sums_are_those_of_a_plain_count_and_an_upgrade_never_lowers_them(
    drawn: tuple[list[dict[str, Any]], pd.DataFrame],
) -> None:
    links, upgrades = drawn
    net = mb.Network.from_frames(nodes=NODES, links=pd.DataFrame(links), upgrades=upgrades)
    answer = mb.compliance(net, standard="ten-t", by="corridor")
    frame = answer.to_frame()
    where = {r["link_id"]: tuple(x for x in r["corridors"].split(";") if x) or ("none",) for r in links}
    for (group, name, verdict), km in plain(links, where).items():
        assert frame.loc[(group, "rail", name)][verdict] == pytest.approx(km)
    parts = frame[["meets", "unknown", "short", "not_open"]].sum(axis=1)
    assert parts.to_list() == pytest.approx(frame["amount"].to_list())
    total = math.fsum(r["length_km"] for r in links)
    states = answer.to_frame("country")
    for name in [ALL, *(n for n, _, _ in ASKED)]:
        assert frame.loc[("all", "rail", name)]["amount"] == pytest.approx(total)
        # both ends lie in another state, so each has half
        both = [states.loc[(c, "rail", name)]["amount"] for c in ("AL", "MK")]
        assert both == pytest.approx([total / 2, total / 2])
    better = mb.compliance(net.with_changes(upgrade=dict.fromkeys(upgrades["upgrade_id"])), standard="ten-t")
    after = better.to_frame()
    assert (after["meets"] >= frame["meets"] - 1e-9).all()
    assert (after["share"] >= frame["share"] - 1e-9).all()


@settings(max_examples=12)
@given(railways())
def test_the_cheapest_set_is_that_of_trying_all(drawn: tuple[list[dict[str, Any]], pd.DataFrame]) -> None:
    links, upgrades = drawn
    net = mb.Network.from_frames(nodes=NODES, links=pd.DataFrame(links), upgrades=upgrades)
    answer = mb.compliance(net, standard="ten-t")
    gaps = [set(c.projects) for c in answer.gaps if c.projects]
    costs: dict[str, float | None] = {}
    for name, cost in zip(upgrades["upgrade_id"], upgrades["cost_meur"], strict=True):
        costs[name] = cost if cost is not None and cost == cost else costs.get(name)
    names = sorted(set().union(*gaps)) if gaps else []
    best = min(
        (sum(costs[n] is None for n in some), sum(costs[n] or 0.0 for n in some))
        for k in range(len(names) + 1)
        for some in itertools.combinations(names, k)
        if all(gap & set(some) for gap in gaps)
    )
    assert (len(answer.closing.uncosted), answer.closing.cost_meur) == (best[0], pytest.approx(best[1]))


def test_the_shipped_railways_against_the_raw_table() -> None:
    with (shipped() / "links" / "rail.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    frame = mb.compliance(mb.load(), modes="rail").to_frame("mode")
    for name, column, least in ASKED:
        row = frame.loc[("rail", name)]
        km: dict[str, float] = defaultdict(float)
        for r in table:
            value = r[column]
            shut = r["status"] != "operational"
            verdict = "not_open" if shut else "unknown" if not value else "meets" if float(value) >= least else "short"
            km[verdict] += float(r["length_km"])
        assert {k: row[k] for k in ("meets", "short", "unknown", "not_open")} == pytest.approx(
            {k: km[k] for k in ("meets", "short", "unknown", "not_open")}
        )
    assert frame.loc[("rail", "rail_axle_load_t")]["amount"] == pytest.approx(
        math.fsum(float(r["length_km"]) for r in table)
    )


def test_a_later_year_has_more_open() -> None:
    net = mb.load()
    today, later = (mb.compliance(net, modes="rail", year=y).to_frame("mode") for y in (None, 2036))
    name = ("rail", "rail_axle_load_t")
    assert later.loc[name]["not_open"] < today.loc[name]["not_open"]
    assert later.loc[name]["meets"] > today.loc[name]["meets"]


def test_filters_keep_what_is_asked_for(net: mb.Network) -> None:
    both = mb.compliance(net, by="corridor,country").to_frame()
    assert both.index.names == ["corridor", "country", "mode", "requirement"]
    assert both.loc[("VIII", "MK", "rail", "rail_axle_load_t")]["amount"] == (20 + 40 + 80 + 160 + 640) / 2
    ten = mb.compliance(net, corridor="xc", country="AL", modes="rail", standard="ten-t")
    assert {c.item for c in ten.checks} == {"good", "guess"}
    assert set(ten.to_frame().index.get_level_values(0)) == {"all", "X"}
    states = mb.compliance(net, standard="package-2025")
    assert {c.item: c.verdict for c in states.checks} == {"AL": "meets", "MK": "unknown", "BG": "short", "RO": "meets"}


def test_what_is_not_understood_is_told_at_once(net: mb.Network) -> None:
    with pytest.raises(InputError) as caught:
        mb.compliance(net, standard="tent", by="state", corridor="XI", country="FR", modes="raill")
    text = str(caught.value)
    for word in ("'tent'; did you mean ten-t?", "by is 'state'", "'XI'", "'FR'", "'raill'; did you mean rail?"):
        assert word in text


@pytest.mark.parametrize(
    ("cells", "word"),
    [
        ({"column": "max_axel_t"}, "did you mean max_axle_t"),
        ({"value": "heavy"}, "no number stands in it"),
        ({"unit": "stone"}, "cannot be compared with max_axle_t in t"),
        ({"instead": "mlc_wheeled>125"}, "is not column=value"),
    ],
)
def test_thresholds_of_the_own_network_are_read_with_their_faults(cells: dict[str, str], word: str) -> None:
    row = {
        "parameter": "own", "value": "20", "unit": "t", "standard": "own", "table": "links", "mode": "rail",
        "column": "max_axle_t", "comparison": "at least",
    }  # fmt: skip
    own = mb.Network.from_frames(nodes=NODES, links=rows(), thresholds=pd.DataFrame([row]))
    assert mb.compliance(own, standard="own").to_frame("mode").loc[("rail", "own")]["meets"] == 10 + 20 + 40 + 80 + 160
    bad = mb.Network.from_frames(nodes=NODES, links=rows(), thresholds=pd.DataFrame([row | cells]))
    with pytest.raises(InputError, match=word):
        mb.compliance(bad, standard="own")


def test_the_command_line_tells_it_in_every_form(tmp_path: Path) -> None:
    seen = run("compliance", "--corridor", "VIII", "--mode", "rail", "--gaps")
    assert seen.code == 0
    assert all(len(line) <= 80 for line in seen.stdout.splitlines())
    assert "VIII rail" in seen.stdout
    assert "UP08" in seen.stdout
    found = run("compliance", "--country", "AL", "--by", "country", "--format", "json").json
    assert {row["country"] for row in found["shares"]} == {"all", "AL"}
    gaps = run("compliance", "--corridor", "VIII", "--gaps", "--format", "csv").stdout
    table = list(csv.DictReader(gaps.splitlines()))
    assert {"item", "parameter", "value", "required", "length_km", "source", "projects"} <= set(table[0])
    assert len(table) == len(json.loads(run("compliance", "--corridor", "VIII", "--format", "json").stdout)["gaps"])
    assert run("compliance", "--standard", "nato").code == 2
    assert run("compliance", "--chart", str(tmp_path / "x.gif")).code == 2


def test_the_pictures_are_drawn_with_words_and_data(net: mb.Network, tmp_path: Path) -> None:
    answer = mb.compliance(net)
    answer.plot(path=tmp_path / "bars.png", dpi=40)
    data = pd.read_csv(tmp_path / "bars.png.csv")
    assert len(data) == len(answer.to_frame())
    answer.plot("map", path=tmp_path / "map.png", dpi=40)
    words = (tmp_path / "map.png.caption.txt").read_text("utf-8")
    assert "Gaps against the requirements of TEN-T and dual use" in words
    with pytest.raises(InputError, match="bars or map"):
        answer.plot("pie")
    grey = [lightness(colour) for _, colour, _ in VERDICT_LOOK.values()]
    assert min(abs(a - b) for a, b in itertools.combinations(grey[:3], 2)) > 15
    assert lightness(FINE) > 85


def test_an_answer_is_told_in_a_notebook(net: mb.Network) -> None:
    html = mb.compliance(net, corridor="VIII")._repr_html_()
    assert "VIII" in html
    assert "<table" in html
