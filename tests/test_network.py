"""The tables as a notebook sees them: made, changed, selected, saved and handed on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import pytest

import mobility as mb
from mobility import schema
from mobility.errors import InputError
from mobility.network import Network

NODES = pd.DataFrame(
    {
        "node_id": ["A", "X", "B"], "name": ["Aï, port", "Kreuz", "Bar"], "aliases": ["Anna;Änne", "", ""],
        "lat": [41.0, 41.5, 42.0], "lon": [19.0, 20.0, 21.0],
        "country": ["AL", "AL", "MK"], "country2": ["", "MK", ""], "kind": ["seaport", "border_crossing", "city"],
    }
)  # fmt: skip
LINKS = pd.DataFrame(
    {
        "link_id": ["p", "q", "r"], "from_node": ["A", "X", "A"], "to_node": ["X", "B", "X"],
        "mode": ["road", "road", "rail"],
        "length_km": [110, 120, 100], "speed_kmh": [55, None, 50], "time_h": [None, 3.0, None],
        "mlc_tracked": [60, None, None], "estimated": ["mlc_tracked", "", ""], "asset_id": ["bridge", "", "bridge"],
        "status": ["operational", "planned", "operational"], "open_year": [None, 2030, None],
    }
)  # fmt: skip


@pytest.fixture
def net() -> Network:
    upgrades = pd.DataFrame(
        {"upgrade_id": ["U", "U"], "link_id": ["p", "q"], "set": ["speed_kmh=100", "status=operational;speed_kmh=60"]}
    )
    return Network.from_frames(nodes=NODES, links=LINKS, upgrades=upgrades)


def test_a_change_makes_a_new_network(net: Network) -> None:
    faster = net.with_changes({"p": {"speed_kmh": 110}})
    assert (faster.links.speed_kmh["p"], net.links.speed_kmh["p"]) == (110, 55)
    assert faster.data_hash != net.data_hash


def test_setting_a_speed_clears_the_time(net: Network) -> None:
    later = net.at(2031)
    assert mb.routes(later, "A", "B", k=1).routes[0].time_h == pytest.approx(110 / 55 + 3)
    faster = later.with_changes({"q": {"speed_kmh": 60}})
    assert mb.routes(faster, "A", "B", k=1).routes[0].time_h == pytest.approx(110 / 55 + 120 / 60)


def test_an_upgrade_is_applied_to_all_its_links(net: Network) -> None:
    done = net.with_changes(upgrade=["U"])
    assert mb.routes(done, "A", "B", k=1).routes[0].time_h == pytest.approx(110 / 100 + 120 / 60)


def test_closing_takes_the_whole_structure(net: Network) -> None:
    closed = net.with_changes(close=["p"])
    assert set(closed.where(status="closed")) == {"p", "r"}


def test_a_year_opens_only_what_opens_before_it(net: Network) -> None:
    assert mb.routes(net, "A", "B", year=2030).status == "no_route"
    assert mb.routes(net, "A", "B", year=2031).status == "ok"


def test_what_is_set_is_no_estimate_any_more(net: Network) -> None:
    assert net.attributes("p").loc["mlc_tracked", "basis"] == "estimate"
    assert tuple(net.attributes("p").loc["mlc_tracked", ["low", "high"]]) == (40, 80)
    surveyed = net.with_changes({"p": {"mlc_tracked": 70}})
    assert surveyed.attributes("p").loc["mlc_tracked", "basis"] == "stated"


def test_faults_of_a_change_come_together(net: Network) -> None:
    with pytest.raises(InputError) as caught:
        net.with_changes({"z": {"speed_kmh": 1}, "p": {"sped_kmh": 3}}, close=["y"], upgrade=["V"])
    text = str(caught.value)
    assert len(caught.value.findings) == 4
    assert all(word in text for word in ("'z'", "did you mean speed_kmh", "'y'", "'V'"))


def test_frames_with_faults_are_refused_with_all_of_them() -> None:
    bad = LINKS.assign(mode=["road", "rial", "rail"], to_node=["X", "B", "Y"], length_km=[1, -2, "1,5"])
    with pytest.raises(InputError) as caught:
        Network.from_frames(nodes=NODES, links=bad)
    found = {(f.row, f.column) for f in caught.value.findings}
    assert found >= {(1, "mode"), (2, "to_node"), (1, "length_km"), (2, "length_km")}


@pytest.mark.parametrize("spoken", ["A", "Aï, port", "ai, PORT", "Anna", "anne"])
def test_names_are_found_as_people_type_them(net: Network, spoken: str) -> None:
    assert net.find_node(spoken) == "A"


def test_lists_of_names_may_hold_names_with_commas(net: Network) -> None:
    assert net.find_nodes("Aï, port,Bar") == ["A", "B"]
    with pytest.raises(InputError, match="Kreuz"):
        net.find_nodes("A,Kreutz")


def test_a_name_of_two_places_is_refused_with_both() -> None:
    twice = NODES.assign(name=["Novi", "Novi", "Bar"])
    net = Network.from_frames(nodes=twice, links=LINKS)
    with pytest.raises(InputError, match=r"A .*X "):
        net.find_node("novi")


def test_saved_and_loaded_it_is_the_same(net: Network, tmp_path: Path) -> None:
    folder = net.save(tmp_path / "n")
    again = mb.load(folder)
    pd.testing.assert_frame_equal(again.frame("links").sort_index(), net.frame("links").sort_index(), check_dtype=False)
    assert sorted(p.name for p in folder.iterdir()) == ["links", "nodes.csv", "upgrades.csv"]
    with pytest.raises(InputError, match="exists"):
        net.save(folder)
    net.with_changes({"p": {"speed_kmh": 77}}).save(folder, overwrite=True)
    assert mb.load(folder).links.speed_kmh["p"] == 77
    assert [p.name for p in tmp_path.iterdir()] == ["n"], "nothing is left beside it"


def test_the_shipped_network_survives_a_round_trip(tmp_path: Path) -> None:
    net = mb.load()
    again = mb.load(net.save(tmp_path / "copy"))
    ask = {"origin": "Durrës", "destination": "Constanța", "vehicle": "wheeled-ifv"}
    assert [r.links for r in mb.routes(again, **ask).routes] == [r.links for r in mb.routes(net, **ask).routes]
    assert mb.throughput(again, **ask).vehicles_per_day == mb.throughput(net, **ask).vehicles_per_day


def test_networkx_keeps_parallel_links_and_knows_no_unknown(net: Network) -> None:
    graph = net.to_networkx()
    assert set(graph["A"]["X"]) == {"p", "r"}
    assert "mlc_tracked" not in graph["A"]["X"]["r"]
    assert graph["A"]["X"]["p"]["time_h"] == 2
    assert graph.number_of_edges() == 6
    one_way = net.with_changes({"p": {"direction": "forward"}}).to_networkx()
    assert not one_way.has_edge("X", "A", key="p")
    assert nx.has_path(one_way, "X", "A")


def test_a_geopackage_holds_both_layers(net: Network, tmp_path: Path) -> None:
    import pyogrio

    path = net.to_geopackage(tmp_path / "n.gpkg")
    assert sorted(pyogrio.list_layers(path)[:, 0]) == ["links", "nodes"]
    with pytest.raises(InputError, match="exists"):
        net.to_geopackage(path)


def test_a_part_of_it_is_a_network(net: Network) -> None:
    part = net.select(["p"])
    assert (list(part.links.index), set(part.nodes.index)) == (["p"], {"A", "X"})
    assert mb.routes(part, "A", "X").status == "ok"


def test_links_lie_in_the_states_their_ends_share(net: Network) -> None:
    assert net.link_countries == (("AL",), ("MK",), ("AL",))
    assert net.where(country="AL") == ["p", "r"]


def test_nothing_that_is_handed_out_changes_the_network(net: Network) -> None:
    before = net.data_hash
    links, nodes = net.links, net.nodes
    links.loc["p", "speed_kmh"] = 1
    nodes.loc["A", "lat"] = 0
    assert Network.from_frames(nodes=net.nodes, links=net.links, upgrades=net.frame("upgrades")).data_hash == before


def test_defaults_of_the_schema_lie_in_its_own_bounds() -> None:
    for table in schema.tables():
        for column in schema.columns(table).values():
            if column.is_number:
                for value in column.default.values():
                    assert column.min <= float(value) <= column.max
            for text in column.range.values():
                low, _, high = text.removeprefix("x").partition(":")
                assert float(low) <= float(high)


def test_line_categories_are_those_of_en_15528() -> None:
    # Retyped from the standard's table: axle load in t, mass per metre in t.
    expected = {
        "A": (16, 5), "B1": (18, 5), "B2": (18, 6.4), "C2": (20, 6.4), "C3": (20, 7.2), "C4": (20, 8),
        "D2": (22.5, 6.4), "D3": (22.5, 7.2), "D4": (22.5, 8), "E4": (25, 8), "E5": (25, 8.8),
    }  # fmt: skip
    assert expected == dict(schema.LINE_CATEGORY)


def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(
    net: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = net.save(tmp_path / "net")
    before = {p.name: p.read_bytes() for p in target.glob("*.csv")}
    moves = []
    replace = os.replace

    def refuse(old: Any, new: Any) -> None:
        moves.append(new)
        if len(moves) == 2:  # the first one puts the old folder aside
            raise PermissionError(13, "refused")
        replace(old, new)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError):
        net.save(target, overwrite=True)
    assert {p.name: p.read_bytes() for p in target.glob("*.csv")} == before
    assert [p.name for p in tmp_path.iterdir()] == ["net"]
