"""A strategic link followed on a strip of road made by hand, with a decoy beside it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import mobility as mb
from mobility.cli import main
from mobility.osm import build
from mobility.osmfile import Extract, Way

A, B = 42.0, 42.012
"""Latitudes of the road and of the decoy 1.3 km north of it."""

ROAD = [(100 + i, A + (0.003 if i % 2 else -0.003), 20 + i / 50) for i in range(21)]
DECOY = [(200 + i, B, 20 + i / 50) for i in range(21)]
WAYS = {
    1001: (range(100, 106), {"highway": "primary", "name": "Old Road"}),
    1002: (range(105, 107), {"highway": "primary", "bridge": "yes", "maxweight": "40"}),
    1003: (range(106, 116), {"highway": "primary"}),
    1004: (range(115, 117), {"highway": "primary", "tunnel": "yes", "maxheight": "4.2"}),
    1005: (range(116, 121), {"highway": "primary"}),
    2001: (range(200, 211), {"highway": "primary", "name": "Decoy"}),
    2002: (range(210, 212), {"highway": "primary", "bridge": "yes", "maxweight": "7.5"}),
    2003: (range(211, 221), {"highway": "primary"}),
    3001: ([100, 200], {"highway": "secondary"}),
    3002: ([120, 220], {"highway": "secondary"}),
    3003: ([108, 208], {"highway": "secondary"}),
}


def write_osm(path: Path, nodes: list[tuple[int, float, float]], ways: dict) -> Path:
    lines = ['<osm version="0.6" timestamp="2026-02-03T00:00:00Z">']
    lines += [f'<node id="{i}" lat="{y}" lon="{x}"/>' for i, y, x in nodes]
    for number, (refs, tags) in ways.items():
        lines.append(f'<way id="{number}">' + "".join(f'<nd ref="{r}"/>' for r in refs))
        lines.append("".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items()) + "</way>")
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def strip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_osm(tmp_path_factory.mktemp("osm") / "strip.osm", ROAD + DECOY, WAYS)


@pytest.fixture
def strategic(tmp_path: Path) -> mb.Network:
    """Four links between two places: drawn along the road, along the decoy, between both, and not at all."""
    folder = tmp_path / "corridor"
    (folder / "links").mkdir(parents=True)
    (folder / "nodes.csv").write_text("node_id,name,lat,lon\nS,Start,42.0,19.995\nT,Finish,42.0,20.405\n")
    rows = [
        "link_id,from_node,to_node,mode,length_km,max_mass_t,max_height_m,estimated,confidence,source,notes",
        'R1,S,T,road,45,,4.5,max_height_m,medium,a map,"a, b"',
        "R2,S,T,road,34,20,,,medium,a map,",
        "R3,S,T,road,34,,,,medium,a map,",
        "R4,T,S,road,36,30,4.0,,medium,a map,",
    ]
    (folder / "links" / "road.csv").write_text("\n".join(rows) + "\n")
    (folder / "links" / "rail.csv").write_text("link_id,from_node,to_node,mode,length_km\nL1,S,T,rail,34\n")
    (folder / "sources.csv").write_text("source_id,title,url,date,type\na map,A map,,2020-01-01,map\n")
    along = {"R1": [[19.995, A], [20.1, A], [20.2, A], [20.405, A]], "R2": [[20.0, B], [20.4, B]],
             "R3": [[19.995, (A + B) / 2], [20.405, (A + B) / 2]]}  # fmt: skip
    features = [
        {"type": "Feature", "properties": {"link_id": k}, "geometry": {"type": "LineString", "coordinates": xy}}
        for k, xy in along.items()
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    (folder / "alignments.geojson").write_text(text)
    return mb.load(folder)


def test_the_line_is_followed_and_not_the_decoy(strip: Path, strategic: mb.Network) -> None:
    """By hand: 20 stretches of 0.02 degrees by 0.006; the plane differs from the sphere by less than 0.1 %."""
    found = mb.refine(strategic, "R1", strip)
    wanted = 20 * ((0.02 * 111.195 * 0.74315) ** 2 + (0.006 * 111.195) ** 2) ** 0.5
    assert found.length_km == pytest.approx(wanted, rel=1e-3)
    assert found.confidence == "high", found.reasons
    assert set(found.profile["way_id"]) == {1001, 1002, 1003, 1004, 1005}
    forward = found.profile[found.profile["direction"] == "forward"]
    assert forward["way_id"].tolist() == [1001, 1002, 1003, 1003, 1004, 1005]
    assert forward["from_km"].tolist() == pytest.approx([wanted * i / 20 for i in (0, 5, 6, 8, 15, 16)], abs=0.05)
    assert found.profile[found.profile["direction"] == "back"]["way_id"].tolist() == [
        1005,
        1004,
        1003,
        1003,
        1002,
        1001,
    ]
    weakest = found.weakest.set_index("limit")
    assert weakest[["value", "way_id", "on"]].T.to_dict("list") == {
        "max_mass_t": [40, 1002, "bridge"], "max_height_m": [4.2, 1004, "tunnel"],
    }  # fmt: skip
    match = found.ways["forward"]
    assert match.max_km == pytest.approx(0.003 * 111.195, rel=0.02)
    assert match.covered == 1
    assert match.ends_km[0] == pytest.approx(((0.005 * 82.6) ** 2 + (0.003 * 111.2) ** 2) ** 0.5, abs=0.02)


def test_moved_onto_the_decoy_the_line_finds_it(strip: Path, strategic: mb.Network) -> None:
    found = mb.refine(strategic, "R2", strip)
    assert set(found.profile["way_id"]) == {2001, 2002, 2003}
    assert found.weakest["value"].tolist() == [7.5]


def test_between_two_roads_the_match_is_not_trusted(strip: Path, strategic: mb.Network) -> None:
    found = mb.refine(strategic, "R3", strip)
    assert found.confidence != "high"
    assert any("another way fits almost as well" in r for r in found.reasons)


def test_without_a_line_the_confidence_is_low_and_the_direction_that_of_the_link(
    strip: Path, strategic: mb.Network
) -> None:
    found = mb.refine(strategic, "R4", strip)
    assert found.confidence == "low"
    assert found.profile[found.profile["direction"] == "forward"]["way_id"].iloc[0] == 1005
    # A posted limit above the table's is no reason to raise it, and 4.2 m is not lower than 4.0 m.
    assert found.proposals["field"].tolist() == ["length_km"] or found.proposals.empty


def test_proposals_come_with_reasons_and_a_patch_that_changes_only_them(strip: Path, strategic: mb.Network) -> None:
    found = mb.refine(strategic, "R1", strip)
    rows = found.proposals.set_index("field")
    assert rows[["current", "proposed"]].T.to_dict("list") == {
        "length_km": ["45", f"{found.length_km:.1f}"], "max_mass_t": ["", "40"], "max_height_m": ["4.5", "4.2"],
    }  # fmt: skip
    assert set(rows["decision"]) == {"open"}
    assert "OSM way 1002" in rows["audit_reason"]["max_mass_t"]
    assert rows["source"].iloc[0] == "OSM: strip.osm of 2026-02-03"
    header = Path(__file__).parents[1] / "corridors" / "corrections.csv"
    assert list(found.proposals.columns) == header.read_text(encoding="utf-8").partition("\n")[0].split(",")
    table = strategic.folder / "links" / "road.csv"
    old = table.read_text()
    patch = found.diff()
    removed, added = ([x[1:] for x in patch.splitlines() if x.startswith(s) and not x.startswith(s * 3)] for s in "-+")
    names = old.splitlines()[0].split(",")
    before, after = (dict(zip(names, next(csv.reader([x])), strict=True)) for x in (removed[0], added[0]))
    changed = {k: after[k] for k in names if before[k] != after[k]}
    assert changed == {
        "length_km": f"{found.length_km:.1f}", "max_mass_t": "40", "max_height_m": "4.2", "estimated": "",
        "source": "a map;OSM: length_km;OSM: max_mass_t;OSM: max_height_m",
    }  # fmt: skip
    assert added[1].startswith("OSM,")
    assert len(removed) == 1
    assert table.read_text() == old  # nothing is applied
    table.write_text(old.replace(removed[0], added[0]))
    again = mb.refine(mb.load(strategic.folder), "R1", strip)
    assert again.proposals.empty
    assert again.diff() == ""


def test_the_two_carriageways_are_followed_each_for_itself(tmp_path: Path, strategic: mb.Network) -> None:
    north = [(300 + i, A + 0.0003, 20 + i / 50) for i in range(21)]
    south = [(400 + i, A - 0.0003, 20 + i / 50) for i in range(21)]
    road = {"highway": "motorway"}
    ways = {1: (range(400, 421), road), 2: (range(320, 310, -1), road), 4: (range(309, 299, -1), road),
            3: ([311, 310, 309], {**road, "bridge": "yes", "maxaxleload": "9"})}  # fmt: skip
    found = mb.refine(strategic, "R1", write_osm(tmp_path / "m.osm", north + south, ways))
    assert {side: {leg.link for leg in m.legs} for side, m in found.ways.items()} == {"forward": {"W1"}, "back": {"W2"}}
    assert found.weakest[["limit", "value", "direction", "way_id"]].to_numpy().tolist() == [
        ["max_axle_t", 9.0, "back", 3]
    ]


def test_a_way_may_begin_and_end_in_the_middle_of_a_road(tmp_path: Path, strategic: mb.Network) -> None:
    """The road runs on for 80 km on both sides, far outside the corridor; only the kilometres on the link count."""
    nodes = [(i, A, 19 + i / 50) for i in range(1, 122)]
    heavy = {"highway": "primary", "bridge": "yes", "maxweight": "3"}
    ways = {1: (range(1, 20), {"highway": "primary"}), 2: ([20, 19], heavy), 3: (range(20, 56), {"highway": "primary"}),
            4: (range(55, 57), {**heavy, "maxweight": "30"}), 5: (range(56, 122), {"highway": "primary"})}  # fmt: skip
    found = mb.refine(strategic, "R1", write_osm(tmp_path / "long.osm", nodes, ways))
    assert found.length_km == pytest.approx(0.41 * 111.195 * 0.74315, abs=0.2)
    assert found.weakest[["value", "way_id"]].to_numpy().tolist() == [[30, 4]]
    assert found.weakest["from_km"].iloc[0] == pytest.approx(0.105 * 111.195 * 0.74315, abs=0.1)


def test_every_road_of_the_corridors_is_found_again_among_all_of_them() -> None:
    """Their own lines as roads, each with a limit of its own by which it is known."""
    net = mb.load()
    point: dict[tuple[float, float], int] = {}
    ways, number = [], {}
    for link, (line, method) in net.alignments.items():
        if link.startswith("RD") and method == "traced" and line.geom_type == "LineString":
            refs = [point.setdefault((round(x, 6), round(y, 6)), len(point) + 1) for x, y in line.coords]
            number[link] = len(ways) + 1
            ways.append(Way(number[link], refs, {"highway": "primary"}))
    lon, lat = (np.array(side) for side in zip(*point, strict=True))
    made = build(Extract("corridors", ways=ways, node=np.arange(1, len(point) + 1), lon=lon, lat=lat))
    for link in list(number)[::20]:
        found = mb.refine(net, link, made)
        assert number[link] in found.profile["way_id"].tolist(), link
        assert found.confidence in ("high", "medium"), (link, found.reasons)


def test_a_folder_an_import_and_the_extract_say_the_same(tmp_path: Path, strip: Path, strategic: mb.Network) -> None:
    made = mb.import_osm(strip, out=tmp_path / "made")
    answers = [mb.refine(strategic, "R1", osm).to_dict() for osm in (strip, made, tmp_path / "made")]
    for other in answers[1:]:
        assert other["weakest"] == answers[0]["weakest"]
        assert other["length_km"] == pytest.approx(answers[0]["length_km"], abs=1e-3)
        assert other["osm"] == answers[0]["osm"]


def test_what_cannot_be_matched_is_said(tmp_path: Path, strip: Path, strategic: mb.Network) -> None:
    made = mb.import_osm(strip)
    found = mb.refine(strategic, "L1", made)
    assert (found.status, found.to_dict()["length_km"]) == ("no_match", None)
    assert "no rail leads along" in found.reasons[0]
    far = mb.import_osm(
        write_osm(tmp_path / "far.osm", [(1, 10.0, 10.0), (2, 10.1, 10.0)], {1: ([1, 2], {"highway": "primary"})})
    )
    assert mb.refine(strategic, "R1", far).status == "no_match"
    with pytest.raises(mb.InputError, match="no link has the id 'R9'"):
        mb.refine(strategic, "R9", made)
    with pytest.raises(mb.InputError, match="only roads and railways"):
        mb.refine(mb.load(), "SE001", made)


def test_the_command(strip: Path, strategic: mb.Network, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*args: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(["refine", *args, "--network", str(strategic.folder)])
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    code, out, _ = run("R1", "--osm", str(strip), "--diff", str(tmp_path / "r1.patch"))
    assert code == 0
    assert all(len(line) <= 80 for line in out.splitlines())
    assert "Confidence of the match: high" in out
    assert (tmp_path / "r1.patch").read_text().startswith("--- a/links/road.csv\n+++ b/links/road.csv\n")
    code, out, _ = run("R1", "--osm", str(strip), "--format", "json")
    assert json.loads(out)["weakest"][0]["way_id"] == 1002
    assert run("L1", "--osm", str(strip))[0] == 2  # the extract has no railway at all
    assert run("R1", "--osm", str(tmp_path / "none.osm"))[0] == 2
