"""Maps: what is written, what is refused, that labels keep apart, that the same answer is the same file."""

from __future__ import annotations

import struct
import sys
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import mobility as mb
from mobility import maps
from mobility.errors import InputError
from mobility.vehicle import MODES

HEADS = {".png": b"\x89PNG\r\n\x1a\n", ".svg": b"<?xml", ".pdf": b"%PDF-"}


@pytest.fixture(scope="module")
def net() -> mb.Network:
    return mb.load()


@pytest.fixture(scope="module")
def answers(net: mb.Network) -> dict[str, Any]:
    ask: dict[str, Any] = {
        "origin": ["Durrës", "Bar"],
        "destination": ["Constanța", "Burgas"],
        "vehicle": "wheeled-ifv",
    }
    return {
        "network": net,
        "routes": mb.routes(net, **ask, k=3, distinct=0.6),
        "redundancy": mb.redundancy(net, **ask),
        "throughput": mb.throughput(net, **ask, share=0.3),
        "contingency": mb.contingency(net, **ask),
    }


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


@pytest.mark.parametrize("kind", ["network", "routes", "redundancy", "throughput", "contingency"])
def test_every_kind_is_drawn_written_and_described(answers: dict[str, Any], kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"{kind}.png"
    figure = maps.plot(answers[kind], path=path, dpi=72)
    data = path.read_bytes()
    assert data.startswith(HEADS[".png"])
    assert len(data) > 60_000
    assert struct.unpack(">II", data[16:24]) == (841, 595)
    words = (tmp_path / f"{kind}.caption.txt").read_text(encoding="utf-8")
    assert maps.CAVEAT in words
    assert maps.alt_text(answers[kind]) in words
    assert {p.name for p in tmp_path.iterdir()} == {f"{kind}.png", f"{kind}.caption.txt"}
    apart(figure)


@pytest.mark.parametrize("suffix", [".svg", ".pdf"])
def test_vector_files_are_the_same_twice(tmp_path: Path, suffix: str) -> None:
    files = [maps.plot(tiny(), path=tmp_path / f"{i}{suffix}") and (tmp_path / f"{i}{suffix}") for i in range(2)]
    one, two = (Path(f).read_bytes() for f in files)
    assert one.startswith(HEADS[suffix])
    assert len(one) > 20_000
    assert one == two


def test_the_svg_of_an_answer_is_the_same_twice(answers: dict[str, Any], tmp_path: Path) -> None:
    for i in range(2):
        maps.plot(answers["routes"], path=tmp_path / f"{i}.svg")
    assert (tmp_path / "0.svg").read_bytes() == (tmp_path / "1.svg").read_bytes()


def test_a_file_that_exists_is_kept_unless_overwriting_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "map.png"
    path.write_text("mine")
    with pytest.raises(InputError, match="exists"):
        maps.plot(tiny(), path=path)
    assert path.read_text() == "mine"
    maps.plot(tiny(), path=path, dpi=30, overwrite=True)
    assert path.read_bytes().startswith(HEADS[".png"])


def test_a_caption_that_exists_is_kept_too(tmp_path: Path) -> None:
    (tmp_path / "map.caption.txt").write_text("mine")
    with pytest.raises(InputError, match=r"map\.caption\.txt exists"):
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
    assert "Durrës and Bar to Constanța and Burgas" in text
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
    maps.plot(net, dpi=30)
    maps.plot(mb.contingency(net, "A", "B"), dpi=30)


def test_every_mode_and_status_is_drawn() -> None:
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
    net = mb.Network.from_frames(nodes=nodes, links=links)
    maps.plot(net, dpi=30)
    assert f"{len(ids)} links" in maps.alt_text(net)


def test_no_route_is_drawn_as_such() -> None:
    net = tiny(status=["closed"])
    for answer in (mb.routes(net, "A", "B"), mb.throughput(net, "A", "B"), mb.contingency(net, "A", "B")):
        maps.plot(answer, dpi=25)
        assert "No route" in maps.alt_text(answer)


def test_a_candidate_is_drawn_with_what_to_assess_first(net: mb.Network) -> None:
    answer = mb.routes(net, "Durrës", "Burgas", vehicle="main-battle-tank")
    if answer.routes or answer.candidate is None:
        pytest.skip("the shipped data hold a certain route")
    figure = maps.plot(answer, dpi=30)
    written = {t.get_text() for ax in figure.axes for t in ax.texts}
    assert {b.link_id for b in answer.assess_first} <= written
    assert "No route is certain" in maps.alt_text(answer)


def test_names_are_written_as_they_are() -> None:
    names = ["$x_1$ \\frac", "名前 " + "long " * 40]
    maps.plot(tiny(nodes={"name": names}), dpi=25, title="100 % $a$\nb", subtitle="^_{}")
    assert maps.plain("名a") == "□a"


def test_own_corridors_get_colours_and_badges() -> None:
    net = tiny(corridors=["Northern line"])
    assert list(maps.families(net)) == ["Northern line"]
    assert "Corridor Northern line: 250 km of road" in maps.alt_text(net)


def test_kosovo_in_view_brings_the_footnote(answers: dict[str, Any]) -> None:
    def notes(figure: Any) -> str:
        return " ".join(t.get_text() for t in figure.texts)

    figure = maps.plot(answers["routes"], dpi=60)
    assert maps.KOSOVO in notes(figure)
    assert "KOSOVO*" in {t.get_text() for t in figure.axes[0].texts}
    away = maps.plot(tiny(nodes={"lat": [60.0, 60.5], "lon": [25.0, 26.0]}), dpi=30)
    assert maps.KOSOVO not in notes(away)


def test_the_placer_never_overlaps_what_it_placed() -> None:
    placer = maps.Placer(200, 120)
    placed = [placer.around(40 + 12 * (i % 10), 30 + 9 * (i // 10), 24, 7, 3) for i in range(60)]
    boxes = [b for b in placed if b]
    assert len(boxes) > 10
    for a, b in combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    assert all(b[0] >= 0 and b[2] <= 200 and b[1] >= 0 and b[3] <= 120 for b in boxes)


def test_the_placer_avoids_lines_where_it_can() -> None:
    placer = maps.Placer(100, 100)
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
    figure = maps.plot(tiny(), size="A3", dpi=30)
    assert figure.get_size_inches().tolist() == pytest.approx([420 / 25.4, 297 / 25.4])
