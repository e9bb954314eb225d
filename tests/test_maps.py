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

import mobility as mb
from mobility import maps
from mobility.errors import InputError
from mobility.sheet import Placer, Stroke, plain
from mobility.vehicle import MODES

HEADS = {".png": b"\x89PNG\r\n\x1a\n", ".svg": b"<?xml", ".pdf": b"%PDF-"}


@pytest.fixture(scope="module")
def net() -> mb.Network:
    return mb.load()


@pytest.fixture(scope="module")
def answers(net: mb.Network) -> dict[str, Any]:
    loop = square()
    return {
        "network": net,
        "routes": mb.routes(loop, ["A", "D"], "C", k=3),
        "throughput": mb.throughput(loop, "A", "C", share=0.3),
        "redundancy": mb.redundancy(loop, "A", "C"),
        "contingency": mb.contingency(loop, "A", "C"),
        "explanation": mb.explain(loop, "A", "C", vehicle="main-battle-tank"),
    }


@pytest.fixture(scope="module")
def drawn(answers: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Path]]:
    """Return by kind the figure and the file, each drawn once."""
    paths = {kind: tmp_path_factory.mktemp(kind) / f"{kind}.png" for kind in answers}
    return {kind: (maps.plot(answer, path=paths[kind], dpi=40), paths[kind]) for kind, answer in answers.items()}


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


@pytest.mark.parametrize("kind", ["network", "routes", "redundancy", "throughput", "contingency", "explanation"])
def test_every_kind_is_drawn_written_and_described(
    answers: dict[str, Any], drawn: dict[str, tuple[Any, Path]], kind: str
) -> None:
    figure, path = drawn[kind]
    data = path.read_bytes()
    assert data.startswith(HEADS[".png"])
    assert len(data) > 20_000
    assert struct.unpack(">II", data[16:24]) == (467, 330)
    words = (path.parent / f"{kind}.png.caption.txt").read_text(encoding="utf-8")
    assert maps.CAVEAT in words
    assert maps.alt_text(answers[kind]) in words
    assert {p.name for p in path.parent.iterdir()} == {f"{kind}.png", f"{kind}.png.caption.txt"}
    apart(figure)


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
    return gpd.GeoDataFrame(frame, geometry=shapes, crs="EPSG:4326")


def test_real_alignments_are_drawn_as_they_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mb.Network, "links", property(bent))
    figure = maps.plot(grid(), dpi=25)
    paths = [p for c in figure.axes[0].collections for p in c.get_paths()]
    assert sum(len(p.vertices) > 20 for p in paths) >= len(MODES) * 5 // 2
    assert any("Straight lines are schematic" in text for text in written(figure))  # those that have no line
    net = tiny()
    for answer in (mb.routes(net, "A", "B"), mb.throughput(net, "A", "B")):
        maps.plot(answer, dpi=25)


def test_a_stroke_keeps_to_its_side_and_draws_every_part() -> None:
    west = shapely.MultiLineString([[(90, 0), (60, 0)], [(50, 0), (0, 0)]])
    stroke = Stroke(west, "red", 2.0, shift=3.0)
    assert stroke.turned
    assert len(stroke.paths) == 2
    assert stroke.path.length == pytest.approx(50)
    assert all((path[:, 1] == 3).all() and path[0, 0] < path[-1, 0] for path in stroke.paths)


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
    assert list(maps.families(net)) == ["Northern line"]
    assert "Corridor Northern line: 250 km of road" in maps.alt_text(net)


def test_kosovo_in_view_brings_the_footnote(drawn: dict[str, tuple[Any, Path]]) -> None:
    assert {maps.KOSOVO, "KOSOVO*"} <= written(drawn["routes"][0])
    away = maps.plot(tiny(nodes={"lat": [60.0, 60.5], "lon": [25.0, 26.0]}), dpi=25)
    assert maps.KOSOVO not in written(away)


def test_the_placer_never_overlaps_what_it_placed() -> None:
    placer = Placer(200, 120)
    placed = [placer.around(40 + 12 * (i % 10), 30 + 9 * (i // 10), 24, 7, 3) for i in range(60)]
    boxes = [b for b in placed if b]
    assert len(boxes) > 10
    for a, b in combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    assert all(b[0] >= 0 and b[2] <= 200 and b[1] >= 0 and b[3] <= 120 for b in boxes)


def test_the_placer_avoids_lines_where_it_can() -> None:
    placer = Placer(100, 100)
    placer.shun([(x, 50.0) for x in range(50, 100)])
    assert placer.around(50, 50, 30, 8, 3) == (17.0, 46.0, 47.0, 54.0)


def test_pyplot_is_not_touched_and_settings_stay(net: mb.Network) -> None:
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
