"""Values of tags against their meaning in the published tests of other routers (`cases/osm_tags.csv`)."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobility.osmtags import LIMITS, clauses, closed, lanes, limits, measure, oneway
from mobility.schema import columns

CASES = list(
    csv.DictReader((Path(__file__).parent / "cases" / "osm_tags.csv").read_text(encoding="utf-8").splitlines())
)


def tagged(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.split("|"))


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['kind']}:{c['text']}"[:60])
def test_the_value_means_what_it_means_elsewhere(case: dict[str, str]) -> None:
    kind, text, expected = case["kind"], case["text"], case["value"]
    if kind in ("mass", "length", "speed"):
        reading = measure(text, kind)
        assert reading.state == case["state"], reading
        if expected:
            assert reading.value == pytest.approx(float(expected), abs=0.001)
        else:
            assert math.isnan(reading.value)
            assert reading.note or reading.state != "unknown"
    elif kind == "oneway":
        assert oneway(tagged(text)) == (int(expected) if expected else None)
    elif kind == "closed":
        assert closed(tagged(text)) == expected
    else:
        found = "/".join(
            f"{side.value['max_mass_t']:g}" if "max_mass_t" in side.value else "-" for side in limits(tagged(text))
        )
        assert found == expected


def test_there_are_enough_of_them_and_each_names_its_source() -> None:
    elsewhere = [c for c in CASES if c["source"].startswith(("GraphHopper", "OSRM", "Valhalla"))]
    assert len(elsewhere) >= 40
    assert all(c["source"] for c in CASES)


def test_a_condition_keeps_what_is_left_without_it() -> None:
    both = limits({"maxweight": "20", "maxweight:conditional": "7.5 @ (Mo-Fr 07:00-19:00)"})[0]
    assert (both.value["max_mass_t"], both.high["max_mass_t"]) == (7.5, 20)
    alone = limits({"maxheight:conditional": "3.5 @ (Su)"})[0]
    assert (alone.value["max_height_m"], alone.high["max_height_m"]) == (3.5, math.inf)
    lifted = limits({"maxweight": "7.5", "maxweight:conditional": "none @ (22:00-06:00)"})[0]
    assert (lifted.value["max_mass_t"], lifted.high["max_mass_t"]) == (7.5, math.inf)
    fixed = limits({"maxweight": "12", "maxheight": "3.8"})[0]
    assert fixed.value == fixed.high


def test_a_ban_by_law_leaves_the_structure_free() -> None:
    ban = limits({"hgv": "no"})[0]
    assert (ban.value, ban.high) == ({"max_mass_t": 3.5}, {"max_mass_t": math.inf})
    with_plate = limits({"hgv": "no", "maxweight": "30"})[0]
    assert (with_plate.value, with_plate.high) == ({"max_mass_t": 3.5}, {"max_mass_t": 30})


def test_states_without_a_number_are_told_apart_and_yield_to_one() -> None:
    states = {t: limits({"maxheight": t})[0].states.get("max_height_m") for t in ("none", "default", "unsigned", "low")}
    assert states == {"none": "none", "default": "default", "unsigned": "unsigned", "low": "unknown"}
    assert limits({"maxheight": "default", "maxheight:physical": "4.1"})[0].states == {}
    note = limits({"maxheight": "low"})[0].notes
    assert note == ["maxheight=low: not readable: low"]


def test_railway_limits() -> None:
    found = limits({"railway": "rail", "maxaxleload": "22.5", "maxmeterload": "8", "hgv": "no"}, mode="rail")[0].value
    assert found == {"max_axle_t": 22.5, "max_metre_load_t": 8.0}


def test_lanes_of_each_direction() -> None:
    assert lanes({"lanes": "4"}) == (4, 2, 2)
    assert lanes({"lanes:forward": "2", "lanes:backward": "1"}) == (3, 2, 1)
    total, fore, back = lanes({"lanes": "2", "oneway": "-1"})
    assert (total, back) == (2, 2)
    assert math.isnan(fore)


@given(st.text(max_size=300), st.sampled_from(["mass", "length", "speed"]))
def test_no_text_breaks_a_measure_or_becomes_no_limit(text: str, kind: str) -> None:
    reading = measure(text, kind)
    assert (reading.state == "value") == (0 < reading.value < math.inf)


@given(st.floats(0.5, 99), st.sampled_from([("t", 1.0), ("kg", 0.001), ("lbs", 0.00045359237), ("st", 0.90718474)]))
def test_units_of_mass(value: float, unit: tuple[str, float]) -> None:
    assert measure(f"{value:.3f} {unit[0]}", "mass").value == pytest.approx(round(value, 3) * unit[1], abs=1e-6)


@given(st.integers(1, 60), st.integers(0, 11))
def test_feet_and_inches(feet: int, inches: int) -> None:
    for text in (f"{feet}'{inches}\"", f"{feet} ft {inches} in", f"{feet}′{inches}″"):
        assert measure(text, "length").value == pytest.approx(feet * 0.3048 + inches * 0.0254)


KEYS = ["maxweight", "maxheight", "maxweight:forward", "maxweight:conditional", "hgv", "hgv:conditional", "maxaxleload",
        "maxwidth:physical", "access:conditional", "maxlength:hgv:backward"]  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(KEYS), st.text(alphabet="0123456789.,;@()' tkgmnoewz>:-", max_size=60), max_size=6)
)
def test_any_tags_give_limits_the_schema_takes(tags: dict[str, str]) -> None:
    for side in limits(tags):
        for column, value in side.value.items():
            assert 0 < value <= side.high[column]
            assert column in LIMITS
            assert column in columns("links")
            assert column not in side.states
    for value, condition in clauses(tags.get("hgv:conditional", "")):
        assert value
        assert "@" not in value or condition is not None
