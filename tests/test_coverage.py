"""Which part of a network carries a vehicle and which is open by when, against sums made by hand."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import mobility as mb
from mobility.coverage import VERDICTS, corridors_of
from mobility.errors import InputError
from mobility.vehicle import ANY, Vehicle, Wagon

LINKS = pd.DataFrame(
    [
        # id, mode, corridors, km, status, opens, bridge class, axle load, metre load, what is an estimate
        ("ok", "road", "X", 10, "operational", None, 80, None, None, ""),
        ("guess", "road", "Xc", 20, "operational", None, 70, None, None, "mlc_wheeled"),
        ("near", "road", "X;VIII", 40, "operational", None, 50, None, None, "mlc_wheeled"),
        ("weak", "road", "VIII", 80, "operational", None, 50, None, None, ""),
        ("dark", "road", "VIII", 160, "operational", None, None, None, None, ""),
        ("shut", "road", "VIII", 320, "planned", 2030, 80, None, None, ""),
        ("rail", "rail", "X", 5, "operational", None, None, 22.5, 8, ""),
        ("light", "rail", "X", 7, "operational", None, None, 16, 8, ""),
        ("lost", "rail", "", 9, "closed", None, None, 22.5, 8, ""),
        ("soon", "rail", "VIII", 11, "under_construction", 2027, None, 22.5, 8, ""),
    ],
    columns=[
        "link_id", "mode", "corridors", "length_km", "status", "open_year", "mlc_wheeled", "max_axle_t",
        "max_metre_load_t", "estimated",
    ],
).assign(from_node="A", to_node="B", confidence="medium", gauge_mm=1435)  # fmt: skip

CARRIER = Vehicle(
    "carrier", mass_t=30, mlc_wheeled=60, wagon=Wagon("flat", length_m=15, axles=4, tare_t=40), modes=("road", "rail")
)
"""60 W by road; 70 t on four axles by rail, 17.5 t each."""


@pytest.fixture(scope="module")
def net() -> mb.Network:
    nodes = pd.DataFrame({"node_id": ["A", "B"], "lat": [42.0, 43.0], "lon": [21.0, 22.0]})
    corridors = pd.DataFrame(
        {"corridor_id": ["X", "Xc", "VIII"], "name": ["10", "10c", "8"], "parent": ["", "X", ""], "mode": "road",
         "alignment": "ok"}
    )  # fmt: skip
    return mb.Network.from_frames(nodes=nodes, links=LINKS, corridors=corridors)


def test_every_link_gets_the_verdict_it_deserves(net: mb.Network) -> None:
    answer = mb.capability(net, CARRIER)
    verdict = {c.link_id: (c.verdict, c.estimated, c.open) for c in answer.links}
    assert verdict == {
        "ok": ("fits", False, True),
        "guess": ("fits", True, True),
        "near": ("doubtful", True, True),  # 50, and 70 at the good end of its range
        "weak": ("blocked", False, True),
        "dark": ("unknown", False, True),
        "shut": ("fits", False, False),
        "rail": ("fits", False, True),
        "light": ("blocked", False, True),
        "lost": ("fits", False, False),
        "soon": ("fits", False, False),
    }
    blocks = {c.link_id: [(b.limit, b.value, b.required) for b in c.limits] for c in answer.links if c.limits}
    assert blocks == {
        "near": [("mlc_wheeled", 50, 60)],
        "weak": [("mlc_wheeled", 50, 60)],
        "light": [("max_axle_t", 16, 17.5)],
    }


def test_the_kilometres_are_those_of_the_links(net: mb.Network) -> None:
    frame = mb.capability(net, CARRIER).to_frame()
    columns = ["km", *VERDICTS, "estimated", "not_open"]
    assert list(frame.columns) == columns
    expected = {
        ("all", "road"): [310, 30, 0, 40, 160, 80, 60, 320],
        ("all", "rail"): [12, 5, 0, 0, 0, 7, 0, 20],
        ("VIII", "road"): [280, 0, 0, 40, 160, 80, 40, 320],
        ("VIII", "rail"): [0, 0, 0, 0, 0, 0, 0, 11],
        ("X", "road"): [70, 30, 0, 40, 0, 0, 60, 0],  # the branch Xc counts for X, the shared link for both
        ("X", "rail"): [12, 5, 0, 0, 0, 7, 0, 0],
    }
    assert {k: list(row) for k, row in zip(frame.index, frame.to_numpy(), strict=True)} == expected


def test_limits_in_the_way_are_summed_up(net: mb.Network) -> None:
    found = mb.capability(net, CARRIER).by_limit()
    assert found.loc[("road", "mlc_wheeled")].tolist() == [2, 120, 60, 50]
    assert found.loc[("rail", "max_axle_t")].tolist() == [1, 7, 17.5, 16]


def test_a_permit_is_asked_for_what_is_oversize(net: mb.Network) -> None:
    wide = replace(CARRIER, width_m=3.5)
    verdicts = {c.link_id: c.verdict for c in mb.capability(net, wide).links}
    assert verdicts["ok"] == verdicts["guess"] == "permit"
    assert verdicts["dark"] == "unknown"
    assert verdicts["rail"] == "fits"


def test_a_mode_closed_to_the_vehicle_is_a_limit(net: mb.Network) -> None:
    answer = mb.capability(net, replace(CARRIER, modes=("rail",)))
    roads = [c for c in answer.links if c.mode == "road"]
    assert {c.verdict for c in roads} == {"blocked"}
    assert {b.limit for c in roads for b in c.limits} == {"mode"}
    assert not any(c.estimated for c in roads)


def test_what_has_no_limits_fits_on_all_that_is_asked_for(net: mb.Network) -> None:
    answer = mb.capability(net, ANY, modes=["rail"], year=2028)
    assert [(c.link_id, c.verdict, c.open) for c in answer.links] == [
        ("rail", "fits", True),
        ("light", "fits", True),
        ("lost", "fits", False),
        ("soon", "fits", True),
    ]
    assert answer.question["year"] == 2028
    assert "any passes 100% of 23 km of rail" in repr(answer)


def test_the_dictionary_is_the_frame_and_has_no_nan(net: mb.Network) -> None:
    answer = mb.capability(net, CARRIER)
    given = answer.to_dict()
    assert given["corridors"] == answer.to_frame().reset_index().to_dict("records")
    assert [row["link_id"] for row in given["links"]] == LINKS["link_id"].tolist()
    assert all(value == value for row in given["limits"] for value in row.values())


def test_a_wrong_question_is_refused(net: mb.Network) -> None:
    with pytest.raises(InputError, match="no vehicle"):
        mb.capability(net, "lorry of nowhere")
    with pytest.raises(InputError, match="air"):
        mb.capability(net, CARRIER, modes=["air"])
    with pytest.raises(InputError, match="no year"):
        mb.status(net, [])
    with pytest.raises(InputError, match="whole number"):
        mb.status(net, ["soon"])  # type: ignore[list-item]


def test_branches_count_for_their_corridor(net: mb.Network) -> None:
    assert corridors_of(net) == {"VIII": "VIII", "X": "X", "Xc": "X"}


def test_the_status_by_year_adds_up(net: mb.Network) -> None:
    answer = mb.status(net, [2031, 2028, 2028])
    assert answer.years == (2028, 2031)
    # what opens in a year is there from the start of the next
    later = {k: v for k, v in answer.opens.items() if v > 0}
    assert later == {"shut": 2031, "lost": float("inf"), "soon": 2028}
    frame = answer.to_frame()
    assert list(frame.columns) == ["km", "today", "2028", "2031"]
    assert frame.loc[("all", "road")].tolist() == [630, 310, 310, 630]
    assert frame.loc[("all", "rail")].tolist() == [32, 12, 23, 23]
    assert frame.loc[("VIII", "rail")].tolist() == [11, 0, 11, 11]
    assert answer.to_dict()["opens"]["lost"] is None
    assert answer.to_dict()["opens"]["soon"] == 2028
    assert "322 of 662 km in use, 333 km by 2028, 653 km by 2031" in repr(answer)


@pytest.mark.parametrize(("year", "open_"), [(2027, False), (2028, True)])
def test_the_status_agrees_with_the_network_of_that_year(net: mb.Network, year: int, open_: bool) -> None:
    table = net.at(year).links
    assert (table.status["soon"] == "operational") == open_
    assert (mb.status(net, [year]).opens["soon"] == year) == open_
