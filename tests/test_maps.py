"""Maps: what is written, what is refused, that labels keep apart, that the same answer is the same file."""

from __future__ import annotations

import struct
import sys
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner

import mobility as mb
import pictures
from mobility import course, maps, netviews, view
from mobility.answerviews import USE_STEPS
from mobility.cli import main
from mobility.errors import InputError
from mobility.pen import Stroke, lightness, plain
from mobility.placer import Label, Placer
from mobility.sheet import Sheet
from mobility.vehicle import MODES

HEADS = {".png": b"\x89PNG\r\n\x1a\n", ".svg": b"<?xml", ".pdf": b"%PDF-"}


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> mb.Network:
    """Return the network made by hand, with drawn lines."""
    return pictures.network(tmp_path_factory.mktemp("network") / "net")


@pytest.fixture(scope="module")
def answers(net: mb.Network) -> dict[str, Any]:
    loop = square()
    return {
        "corridors": net,
        "capability": mb.capability(net, "tank-on-4-axle-wagon"),
        "status": mb.status(net),
        "routes": mb.routes(loop, ["A", "D"], "C", k=3),
        "throughput": mb.throughput(loop, "A", "C", share=0.3),
        "redundancy": mb.redundancy(loop, "A", "C"),
        "contingency": mb.contingency(loop, "A", "C"),
        "explanation": mb.explain(loop, "A", "C", vehicle="main-battle-tank"),
    }


@pytest.fixture(scope="module")
def drawn(net: mb.Network, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Any, Path]]:
    """Return by kind the answer, the figure and the file, each drawn once."""
    out = {}
    for kind, ask in pictures.KINDS.items():
        path, answer = tmp_path_factory.mktemp(kind) / f"{kind}.png", ask(net)
        out[kind] = answer, maps.plot(answer, path=path, dpi=pictures.DPI), path
    return out


def tiny(**columns: Any) -> mb.Network:
    """Return two places and one link."""
    nodes = pd.DataFrame({"node_id": ["A", "B"], "lat": [41.3, 42.0], "lon": [19.5, 21.4]} | columns.pop("nodes", {}))
    links = pd.DataFrame(
        {
            "link_id": ["L1"],
            "from_node": ["A"],
            "to_node": ["B"],
            "mode": ["road"],
            "length_km": [250],
            "speed_kmh": [50],
        }
        | columns
    )
    return mb.Network.from_frames(nodes=nodes, links=links)


def square() -> mb.Network:
    """Return two ways between A and C, one by a weak bridge, one closed to the heaviest by both of its halves."""
    nodes = pd.DataFrame(
        {
            "node_id": list("ABCD"),
            "name": ["Durrës", "Skopje", "Burgas", "Niš"],
            "kind": ["seaport", "city", "seaport", ""],
        }
        | {"lat": [41.3, 42.0, 42.5, 43.3], "lon": [19.5, 21.4, 27.5, 21.9]}
    )
    ends = {"from_node": list("ABAD"), "to_node": list("BCDC")}
    more = {"link_id": ["AB", "BC", "AD", "DC"], "mode": "road", "mlc_wheeled": [50.0, 120.0, 70.0, 70.0]}
    return mb.Network.from_frames(nodes=nodes, links=pd.DataFrame(ends | more | {"length_km": [250, 500, 300, 500]}))


def grid() -> mb.Network:
    """Return a network with a link of every mode and status."""
    kinds = list(product(MODES, ["operational", "closed", "planned", "missing", "under_construction"]))
    ids = [f"L{i}" for i in range(len(kinds))]
    nodes = pd.DataFrame(
        {
            "node_id": [f"{side}{i}" for i in ids for side in "AB"],
            "lat": [41 + 0.1 * i for i in range(len(ids)) for _ in "AB"],
            "lon": [20, 21] * len(ids),
        }
    )
    links = pd.DataFrame(
        {
            "link_id": ids,
            "from_node": [f"A{i}" for i in ids],
            "to_node": [f"B{i}" for i in ids],
            "mode": [m for m, _ in kinds],
            "status": [s for _, s in kinds],
            "corridors": ["VIII;X", ""] * (len(ids) // 2),
            "length_km": 80,
        }
    )
    return mb.Network.from_frames(nodes=nodes, links=links)


def written(figure: Any) -> set[str]:
    """Return every text of a figure."""
    return {t.get_text() for t in [*figure.texts, *(t for ax in figure.axes for t in ax.texts)]}


def apart(figure: Any) -> None:
    """Fail when two labels of places or areas overlap."""
    renderer = figure.canvas.get_renderer()
    labels = [t for ax in figure.axes for t in ax.texts if (t.get_gid() or "").startswith(("label-", "area-"))]
    flat = [t for t in labels if t.get_rotation() == 0]
    boxes = {t.get_text(): t.get_window_extent(renderer) for t in flat}
    for (one, a), (two, b) in combinations(boxes.items(), 2):
        wide, tall = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        # the box of a text holds room for accents and tails that most names do not use
        assert wide <= 1 or tall <= 0.3 * min(a.height, b.height), f"{one!r} and {two!r} overlap"


Drawn = dict[str, tuple[Any, Any, Path]]
KINDS = pytest.mark.parametrize("kind", list(pictures.KINDS))


@KINDS
def test_every_kind_looks_like_its_stored_picture(drawn: Drawn, kind: str) -> None:
    stored = pictures.STORED / f"{kind}.png"
    assert stored.stat().st_size < 60_000
    assert pictures.far(drawn[kind][2], stored) < 4.0, "python tests/pictures.py draws the stored pictures anew"


def test_a_picture_of_something_else_is_far_off(drawn: Drawn, net: mb.Network, tmp_path: Path) -> None:
    assert pictures.far(drawn["throughput"][2], pictures.STORED / "contingency.png") > 8
    # one link fewer, everything else the same
    changed = net.with_changes({"R9": {"status": "closed"}})
    maps.plot(changed, path=tmp_path / "map.png", dpi=pictures.DPI)
    assert pictures.far(tmp_path / "map.png", pictures.STORED / "corridors.png") > 2 * pictures.far(
        drawn["corridors"][2], pictures.STORED / "corridors.png"
    )


@KINDS
def test_every_kind_is_written_and_described(drawn: Drawn, kind: str) -> None:
    answer, figure, path = drawn[kind]
    data = path.read_bytes()
    assert data.startswith(HEADS[".png"])
    assert struct.unpack(">II", data[16:24]) == (596, 421)
    words = (path.parent / f"{kind}.png.caption.txt").read_text(encoding="utf-8")
    assert view.CAVEAT in words
    assert maps.alt_text(answer) in words
    assert {p.name for p in path.parent.iterdir()} == {f"{kind}.png", f"{kind}.png.caption.txt", f"{kind}.png.csv"}
    apart(figure)


@KINDS
def test_the_side_panel_holds_what_is_written_in_it(drawn: Drawn, kind: str) -> None:
    figure = drawn[kind][1]
    renderer, (panel, inset) = figure.canvas.get_renderer(), figure.axes[1:3]
    room, below = panel.get_window_extent(renderer), inset.get_window_extent(renderer)
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in panel.texts]
    for text, box in boxes:
        assert box.x0 >= room.x0 - 1, text
        assert box.x1 <= room.x1 + 2, text
        assert box.y0 >= room.y0 - 2, text
        assert box.y0 >= below.y1 - 2 or box.x0 >= below.x1, text  # what stands beside the inset belongs there
    rows = [(t, b) for t, b in boxes if b.width > 0]
    for (one, a), (two, b) in combinations(rows, 2):
        wide, tall = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert wide <= 1 or tall <= 0.55 * min(a.height, b.height), f"{one!r} and {two!r} overlap"


@KINDS
def test_the_table_beside_a_picture_is_what_is_drawn(drawn: Drawn, net: mb.Network, kind: str) -> None:
    path = drawn[kind][2]
    table = pd.read_csv(path.with_name(f"{kind}.png.csv"), keep_default_na=False).set_index("link_id")
    links = net.links
    assert table.index.is_unique
    assert set(table.index) <= set(links.index)
    assert (table["alignment"] == links["alignment"].reindex(table.index)).all()
    assert (table["status"] == links["status"].reindex(table.index)).all()
    assert set(table["estimated"]) <= {"yes", "no"}
    background = table["class"] == "rest of the network"
    assert (table.loc[background, "value"] == "").all()
    assert table["colour"].str.fullmatch("#[0-9a-fA-F]{6}(;#[0-9a-fA-F]{6})*").all()


def values(drawn: Drawn, kind: str) -> Any:
    """Return the values drawn of a kind by link."""
    table = pd.read_csv(drawn[kind][2].with_name(f"{kind}.png.csv"), keep_default_na=False).set_index("link_id")
    return table["value"][table["value"] != ""]


def test_the_tables_hold_the_answers(drawn: Drawn) -> None:
    flow = drawn["throughput"][0]
    assert values(drawn, "throughput").map(float).to_dict() == pytest.approx(
        {f.link_id: f.vehicles_per_day for f in flow.links}, rel=1e-4
    )
    lost = {k: o.lost_vehicles_per_day for o in drawn["contingency"][0].outages for k in o.links}
    assert values(drawn, "contingency").map(float).to_dict() == pytest.approx(lost, rel=1e-4)
    routes = drawn["routes"][0].routes
    assert {k: v.split(";") for k, v in values(drawn, "routes").items()} == {
        k: [str(r.rank) for r in routes if k in r.links] for r in routes for k in r.links
    }
    assert values(drawn, "status").loc[["L5", "L6", "R15"]].to_dict() == {"L5": "2029", "L6": "2032", "R15": "2035"}
    register = drawn["bottlenecks"][0].links
    assert values(drawn, "bottlenecks").map(float).to_dict() == pytest.approx(
        {b.link_id: b.lost_vehicles_per_day for b in register}, rel=1e-4
    )
    assert set(values(drawn, "worst-case").index) == set(drawn["worst-case"][0].links)
    worth = {w.player: f"{w.shapley:.6g}" for w in drawn["corridor-value"][0].cases[0].players}
    assert values(drawn, "corridor-value").loc[["R1", "R12"]].to_dict() == {"R1": worth["VIII"], "R12": worth["X"]}
    # the tank on its four-axle wagon has 22.1 t an axle
    assert values(drawn, "capability").loc[["L4", "L9"]].to_dict() == {"L4": "20", "L9": "20"}


@pytest.mark.parametrize(
    ("colours", "step"),
    [
        ([colour for _, colour in netviews.FITNESS.values()], 12),
        (view.scale_colours(len(USE_STEPS) + 1), 9),
        (netviews.year_colours(3), 12),
        (netviews.year_colours(5), 8),
    ],
    ids=["capability", "use", "three years", "five years"],
)
def test_classes_are_told_apart_without_colour(colours: list[str], step: float) -> None:
    light = sorted(lightness(c) for c in colours)
    assert min(np.diff(light)) >= step


def test_lines_on_water_leave_the_frame_and_say_where_to(net: mb.Network) -> None:
    region, whole = maps.plot(net, dpi=25), maps.plot(net, dpi=25, frame="all")
    assert "to Patras" in written(region)
    assert not [t for t in written(whole) if t.startswith("to ")]
    inside, wide = (Sheet(net, set(), [], "A4", 25, whole) for whole in (False, True))
    assert inside.outline[1] > 39  # Patras and the lane around the Peloponnese are south of it
    assert wide.outline[1] < 35.9
    assert inside.unit < wide.unit
    asked = Sheet(net, {"R1"}, ["PA"], "A4", 25)
    assert asked.within(asked.points["PA"])


def test_a_course_that_is_not_known_is_dotted_where_others_are(net: mb.Network) -> None:
    sheet = Sheet(net, set(), [], "A4", 25)
    netviews.NetworkView(net).lines(sheet)
    sheet.ink()
    dotted = {k for k, made in sheet.strokes.items() if made[0].dotted}
    assert dotted == {"R3", "R4", "R14", "R15", "R17", "L5", "L6"}
    plain_ = Sheet(tiny(), set(), [], "A4", 25)
    netviews.NetworkView(tiny()).lines(plain_)
    plain_.ink()
    assert not plain_.strokes["L1"][0].dotted


def test_slits_mark_what_is_weakly_sourced(net: mb.Network) -> None:
    sheet = Sheet(net, set(), [], "A4", 25)
    netviews.NetworkView(net).lines(sheet)
    sheet.ink()
    assert {k for k, made in sheet.strokes.items() if made[0].unsure} == {"R17", "L9"}


def test_a_railway_keeps_clear_of_the_road_beside_it(net: mb.Network) -> None:
    sheet = Sheet(net, set(), [], "A4", 25)
    netviews.NetworkView(net).lines(sheet)
    sheet.ink()
    for rail, road in (("L2", "R10"), ("L3", "R11"), ("L8", "R9")):
        one, two = sheet.strokes[rail][0], sheet.strokes[road][0]
        inner = shapely.line_interpolate_point(one.path, np.linspace(0.1, 0.9, 50), normalized=True)
        gaps = shapely.distance(inner, two.path)
        assert gaps.min() > (one.width + two.width) / 2
        assert gaps.max() < 9


def bends(xy: Any) -> float:
    """Return the sharpest turn of a line in degrees."""
    along = np.diff(xy, axis=0)
    turn = np.diff(np.unwrap(np.arctan2(along[:, 1], along[:, 0])))
    return float(np.degrees(np.abs(turn)).max())


@pytest.mark.parametrize("shift", [-4.0, -1.5, 1.5, 4.0])
def test_a_winding_line_is_shifted_without_spikes(shift: float) -> None:
    t = np.linspace(0, 300, 2000)
    winding = np.c_[t, 6 * np.sin(t / 4) + 2 * np.sin(t)]  # hairpins narrower than the shift
    moved = course.beside(winding, shift)
    assert bends(moved) < 75
    middle = course.widened(winding, abs(shift))
    gaps = shapely.distance(shapely.points(moved[20:-20]), shapely.linestrings(middle))
    assert (gaps <= abs(shift) + 1e-6).all()
    assert np.median(gaps) == pytest.approx(abs(shift), rel=0.1)
    assert (moved[-1] - moved[0])[0] == pytest.approx(300, abs=2 * abs(shift))


def test_lines_that_only_cross_stay_where_they_are() -> None:
    across, along = np.array([(0.0, -50.0), (0.0, 50.0)]), np.array([(-50.0, 0.0), (50.0, 0.0)])
    beds = {"rail": course.Bed([course.even(along)], 1, 2.0), "road": course.Bed([course.even(across)], -1, 2.0)}
    apart_ = course.separate(beds, 1.0)
    assert np.abs(apart_["rail"][0][:, 1]).max() < 1e-9
    assert np.abs(apart_["road"][0][:, 0]).max() < 1e-9


def test_lines_that_coincide_part_to_both_sides() -> None:
    line = course.even(np.array([(0.0, 0.0), (100.0, 0.0)]))
    beds = {"rail": course.Bed([line], 1, 2.0), "road": course.Bed([line], -1, 1.0)}
    moved = course.separate(beds, 1.0)
    assert moved["rail"][0][:, 1] == pytest.approx(np.full(len(line), 2.0))
    assert moved["road"][0][:, 1] == pytest.approx(np.full(len(line), -2.0))


@pytest.mark.parametrize("suffix", [".svg", ".pdf"])
def test_vector_files_are_the_same_twice(answers: dict[str, Any], tmp_path: Path, suffix: str) -> None:
    answer = answers["contingency"] if suffix == ".svg" else tiny(nodes={"lon": [-100.0, -99.0]})
    one, two = (tmp_path / f"{i}{suffix}" for i in range(2))
    for path in (one, two):
        maps.plot(answer, path=path)
    assert one.read_bytes().startswith(HEADS[suffix])
    assert len(one.read_bytes()) > 15_000
    assert one.read_bytes() == two.read_bytes()


def test_a_file_that_exists_is_kept_unless_overwriting_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "map.png"
    path.write_text("mine")
    with pytest.raises(InputError, match="exists"):
        maps.plot(tiny(), path=path)
    assert path.read_text() == "mine"
    maps.plot(tiny(), path=path, dpi=25, overwrite=True)
    assert path.read_bytes().startswith(HEADS[".png"])


def test_a_caption_that_exists_is_kept_too(tmp_path: Path) -> None:
    (tmp_path / "map.png.caption.txt").write_text("mine")
    with pytest.raises(InputError, match=r"map\.png\.caption\.txt exists"):
        maps.plot(tiny(), path=tmp_path / "map.png")
    assert not (tmp_path / "map.png").exists()


def test_a_table_that_exists_is_kept_too(tmp_path: Path) -> None:
    (tmp_path / "map.png.csv").write_text("mine")
    with pytest.raises(InputError, match=r"map\.png\.csv exists"):
        maps.plot(tiny(), path=tmp_path / "map.png")
    assert [p.name for p in tmp_path.iterdir()] == ["map.png.csv"]


def test_what_fails_midway_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(view.View, "table", fail)
    with pytest.raises(RuntimeError):
        maps.plot(tiny(), path=tmp_path / "map.png", dpi=25)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["map.jpg", "map", "map.png.txt"])
def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"\.png, \.svg or \.pdf"):
        maps.plot(tiny(), path=tmp_path / name)


@pytest.mark.parametrize("options", [{"size": "A5"}, {"dpi": 1}])
def test_a_wrong_option_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        maps.plot(tiny(), **options)


def test_what_cannot_be_drawn_is_named() -> None:
    with pytest.raises(InputError, match="no map of str"):
        maps.plot("Durrës")  # type: ignore[arg-type]


def test_the_alternative_text_states_the_key_figures(answers: dict[str, Any]) -> None:
    routes, flow, loss = answers["routes"], answers["throughput"], answers["contingency"]
    text = maps.alt_text(routes)
    assert f"{routes.routes[0].time_h:.1f} h" in text
    assert f"{routes.routes[-1].length_km:,.0f} km" in text
    assert "Durrës and Niš to Burgas" in text
    text = maps.alt_text(flow)
    assert f"{flow.vehicles_per_day:,.0f} vehicles a day" in text
    assert f"{flow.tonnes_per_day:,.0f} t a day" in text
    assert all(f"{c.vehicles_per_day:,.0f}" in text for c in flow.cut_items)
    text = maps.alt_text(loss)
    assert f"{loss.outages[0].lost_vehicles_per_day:,.0f} vehicles a day lost" in text
    assert f"{answers['redundancy'].link_disjoint} routes share no link" in maps.alt_text(answers["redundancy"])


def test_the_caption_says_what_it_rests_on(answers: dict[str, Any]) -> None:
    flow = answers["throughput"]
    text = maps.caption(flow)
    assert flow.question["data_hash"][:8] in text
    assert f"{flow.estimated_share:.0%} of the cut's capacity" in text


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        ([19.5, 21.4], [41.3, 42.0]),
        ([-100.0, -99.0], [40.0, 41.0]),
        ([150.0, 151.0], [-33.0, -34.0]),
        ([20.0, 20.0], [42.0, 42.0]),
    ],
    ids=["balkans", "america", "australia", "one spot"],
)
def test_the_smallest_network_is_drawn_anywhere(lon: list[float], lat: list[float]) -> None:
    net = tiny(nodes={"lon": lon, "lat": lat})
    maps.plot(mb.contingency(net, "A", "B"), dpi=25)


def test_every_mode_and_status_is_drawn() -> None:
    maps.plot(grid(), dpi=25)
    assert f"{len(MODES) * 5} links" in maps.alt_text(grid())


def bent(net: mb.Network) -> Any:
    """Return the links of a network as real data may draw them: many vertices, parts, heights, gaps, nothing."""
    frame = net.frame("links")
    xy = net.table("nodes").set_index("node_id")[["lon", "lat"]]
    along = np.linspace(0, 1, 500)[:, None]
    shapes: list[Any] = []
    for i, (a, b) in enumerate(zip(xy.loc[frame.from_node].to_numpy(), xy.loc[frame.to_node].to_numpy(), strict=True)):
        across = np.array([a[1] - b[1], b[0] - a[0]])
        line = a + along * (b - a) + (0.2 * np.sin(3 * along) + 0.01 * np.sin(300 * along)) * across
        parts = shapely.MultiLineString([line[:200], line[199:300], line[310:]])
        raised = shapely.LineString(np.c_[line, np.full(500, 90.0)])
        ring = shapely.LineString([*line, line[0]])
        shapes.append([shapely.LineString(line), parts, raised, ring, None, shapely.MultiLineString()][i % 6])
    frame["alignment"] = ["straight" if s is None or s.is_empty else "traced" for s in shapes]
    straight = [
        shapely.LineString(xy.loc[[a, b]].to_numpy()) for a, b in zip(frame.from_node, frame.to_node, strict=True)
    ]
    drawn = [line if s is None or s.is_empty else s for s, line in zip(shapes, straight, strict=True)]
    return gpd.GeoDataFrame(frame, geometry=drawn, crs="EPSG:4326")


def test_real_alignments_are_drawn_as_they_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mb.Network, "links", property(bent))
    figure = maps.plot(grid(), dpi=25)
    paths = [p for c in figure.axes[0].collections for p in c.get_paths()]
    assert sum(len(p.vertices) > 20 for p in paths) >= len(MODES) * 5 // 2
    assert any("schematic or straight lines" in text for text in written(figure))  # those that have no line
    net = tiny()
    for answer in (mb.routes(net, "A", "B"), mb.throughput(net, "A", "B")):
        maps.plot(answer, dpi=25)


def test_a_stroke_keeps_to_its_side_and_draws_every_part() -> None:
    stroke = Stroke([np.array([(60.0, 0.0), (90.0, 0.0)]), np.array([(0.0, 0.0), (50.0, 0.0)])], "red", 2.0, shift=3.0)
    assert len(stroke.paths) == 2
    assert stroke.path.length == pytest.approx(50)
    assert all(path[:, 1] == pytest.approx(3) for path in stroke.paths)
    west = shapely.LineString([(90, 0), (60, 0), (0, 5)])
    assert not course.eastward(west)
    assert course.eastward(shapely.reverse(west))


def test_no_route_is_drawn_as_such() -> None:
    net = tiny(status=["closed"])
    for answer in (mb.routes(net, "A", "B"), mb.throughput(net, "A", "B"), mb.contingency(net, "A", "B")):
        maps.plot(answer, dpi=25)
        assert "No route" in maps.alt_text(answer)


def test_a_candidate_is_drawn_with_what_to_assess_first() -> None:
    net = tiny(mlc_wheeled=[50.0])
    answer = mb.routes(net, "A", "B", vehicle="main-battle-tank")
    assert answer.candidate is not None
    texts = written(maps.plot(answer, dpi=25))
    assert {b.link_id for b in answer.assess_first} <= texts
    assert "No route is certain" in maps.alt_text(answer)
    favourable = "open if estimated limits lie at their favourable end"
    assert (favourable in maps.alt_text(answer)) == answer.candidate_fits


def test_an_explanation_shows_what_lies_in_the_way_with_limit_value_and_need() -> None:
    answer = mb.explain(tiny(status=["closed"], mlc_wheeled=[50.0]), "A", "B", vehicle="main-battle-tank")
    assert answer.ideal_route is not None
    texts = written(maps.plot(answer, dpi=25))
    rows = ["L1 status closed, needed operational", "L1 mlc wheeled 50, needed 110"]
    assert {"L1", "?", "No route", "In the way", *rows} <= texts
    assert all(f"In the way: {row}." in maps.alt_text(answer) for row in rows)


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        ("route", "the route: "),
        ("candidate", "the fewest limits fall short on this way: "),
        ("relaxed_route", "open if the fewest limits are lifted: "),
        ("ideal_route", "the fastest way if nothing were closed: "),
    ],
)
def test_an_explanation_shows_the_first_route_that_there_is(kept: str, words: str) -> None:
    answer = mb.explain(tiny(status=["closed"]), "A", "B")
    names = ["route", "candidate", "relaxed_route", "ideal_route"]
    best = {n: answer.ideal_route if n in names[names.index(kept) :] else None for n in names}
    assert words in maps.alt_text(replace(answer, **best))


def test_names_are_written_as_they_are() -> None:
    names = ["$x_1$ \\frac", "名前 " + "long " * 40]
    maps.plot(tiny(nodes={"name": names}), dpi=25, title="100 % $a$\nb", subtitle="^_{}")
    assert plain("名a") == "□a"


def test_own_corridors_get_colours_and_badges() -> None:
    net = tiny(corridors=["Northern line"])
    assert list(netviews.families(net)) == ["Northern line"]
    assert "Corridor Northern line: 250 km of road" in maps.alt_text(net)


def test_kosovo_in_view_brings_the_footnote(drawn: Drawn) -> None:
    assert {maps.KOSOVO, "KOSOVO*"} <= written(drawn["routes"][1])
    away = maps.plot(tiny(nodes={"lat": [60.0, 60.5], "lon": [25.0, 26.0]}), dpi=25)
    assert maps.KOSOVO not in written(away)


def test_the_placer_never_overlaps_what_it_placed() -> None:
    placer = Placer(200, 120)
    placed = [placer.around(Label(40 + 12 * (i % 10), 30 + 9 * (i // 10), 24, 7, 3)) for i in range(60)]
    boxes = [b for b in placed if b]
    assert len(boxes) > 10
    for a, b in combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    assert all(b[0] >= 0 and b[2] <= 200 and b[1] >= 0 and b[3] <= 120 for b in boxes)


def test_the_placer_avoids_lines_where_it_can() -> None:
    placer = Placer(100, 100)
    placer.shun([(x, 50.0) for x in range(50, 100)])
    assert placer.around(Label(50, 50, 30, 8, 3)) == (17.0, 46.0, 47.0, 54.0)


def test_a_label_in_the_way_of_another_moves_aside() -> None:
    # the first would take the only place that the second has
    placer = Placer(100, 20)
    labels = [Label(50, 10, 30, 16, 2), Label(84, 10, 30, 16, 2)]
    alone = Placer(100, 20)
    assert alone.around(labels[0]) == (52.0, 2.0, 82.0, 18.0)
    assert alone.around(labels[1]) is None
    assert placer.settle(labels) == [(18.0, 2.0, 48.0, 18.0), (52.0, 2.0, 82.0, 18.0)]


def test_pyplot_is_not_touched_and_settings_stay() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    maps.plot(tiny(), dpi=25)
    assert dict(mpl.rcParams) == before
    if "matplotlib.pyplot" in sys.modules:
        assert sys.modules["matplotlib.pyplot"].get_fignums() == []


def test_a_notebook_can_show_the_figure() -> None:
    assert maps.plot(tiny(), dpi=25)._repr_png_().startswith(HEADS[".png"])  # type: ignore[attr-defined]


def test_a3_has_the_same_rules() -> None:
    figure = maps.plot(tiny(), size="A3", dpi=25)
    assert figure.get_size_inches().tolist() == pytest.approx([420 / 25.4, 297 / 25.4])


@pytest.mark.parametrize(
    ("words", "title"),
    [
        (["capability", "--vehicle", "truck-8x8"], "Which links carry it: "),
        (["status", "--years", "2029,2032"], "What is open now and what opens by 2032"),
        (["worst-case", "--from", "DU", "--to", "BU", "-k", "1"], "Worst case: Durrës to Burgas"),
        (["contingency", "--from", "DU", "--to", "BU", "-n", "2"], "Loss of two links: Durrës to Burgas"),
    ],
    ids=["capability", "status", "worst-case", "pairs"],
)
def test_the_command_draws_every_kind(tmp_path: Path, words: list[str], title: str) -> None:
    folder = tmp_path / "net"
    pictures.network(folder)
    out = tmp_path / "map.png"
    done = CliRunner().invoke(main, ["map", *words, "--network", str(folder), "--out", str(out), "--dpi", "30"])
    assert done.exit_code == 0, done.output
    assert title in (tmp_path / "map.png.caption.txt").read_text(encoding="utf-8")
    again = CliRunner().invoke(main, ["map", *words, "--network", str(folder), "--out", str(out)])
    assert again.exit_code == 2


def test_a_year_that_is_none_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["map", "status", "--years", "2029,soon", "--out", str(tmp_path / "map.png")])
    assert done.exit_code == 2
    assert "'soon' is no year" in done.output
    assert not list(tmp_path.iterdir())
