"""Disruptions: their figures are those of the single questions, and their maps hold what the answer says.

``python tests/test_disruption.py`` draws the stored pictures anew; look at them before you commit them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import mobility as mb
import pictures
from mobility import disruptionviews, maps, sheet
from mobility.cli import main
from mobility.disruption import span
from mobility.errors import InputError
from mobility.pen import PAGES, lightness
from mobility.scenario import Close, Scenario

ASK: dict[str, Any] = {**pictures.ASK, "share": 0.3}


def losses(net: mb.Network) -> list[mb.Disruption]:
    """Return three losses under one question: two valleys, and a place."""
    return [
        mb.disruption(net, **ASK, close=["R9"]),
        mb.disruption(net, **ASK, close=["R16", "R12", "L4"], name="South cut"),
        mb.disruption(net, **ASK, nodes="Sofia"),
    ]


DRAWN: dict[str, Callable[..., Any]] = {
    "disruption-pair": lambda net, **more: mb.plot_disruption(net, losses(net)[1], **more),
    "disruption-detour": lambda net, **more: mb.plot_disruption(net, losses(net)[1], style="detour", **more),
    "disruption-several": lambda net, **more: mb.plot_disruption(net, losses(net), style="pair", **more),
}
"""What draws each picture."""


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> mb.Network:
    """Return the network made by hand, with drawn lines."""
    return pictures.network(tmp_path_factory.mktemp("network") / "net")


@pytest.fixture(scope="module")
def drawn(net: mb.Network, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Path]]:
    """Return by picture the figure and the file, each drawn once."""
    out = {}
    for kind, draw in DRAWN.items():
        path = tmp_path_factory.mktemp(kind) / f"{kind}.png"
        out[kind] = draw(net, path=path, dpi=pictures.DPI), path
    return out


KINDS = pytest.mark.parametrize("kind", list(DRAWN))


# ---- the answer


@pytest.mark.parametrize(
    ("lost", "links"),
    [
        ({"close": ["R9"]}, ["R9"]),
        ({"nodes": "Skopje"}, ["R4", "R5", "R12", "R14", "L1", "L4"]),
        ({"states": "RS", "close": ["S1"]}, ["R10", "R11", "R13", "R15", "L2", "L3", "L9", "S1", "W1"]),
    ],
    ids=["link", "place", "state"],
)
def test_figures_are_those_of_the_single_questions(net: mb.Network, lost: dict[str, Any], links: list[str]) -> None:
    found = mb.disruption(net, **ASK, **lost)
    assert sorted(found.question["lost"]) == sorted(links)
    for state, shut in ((found.before, []), (found.after, links)):
        assert state.routes.to_dict()["routes"] == mb.routes(net, **ASK, k=3, close=shut).to_dict()["routes"]
        flow = mb.throughput(net, **ASK, close=shut)
        assert state.vehicles_per_day == flow.vehicles_per_day
        assert state.throughput.cut == flow.cut
    was, now = found.before, found.after
    if now.time_h is not None:
        assert found.delay_h == now.time_h - was.time_h
    assert found.lost_vehicles_per_day == was.vehicles_per_day - now.vehicles_per_day


def test_closure_is_that_of_the_single_question(net: mb.Network) -> None:
    found = mb.disruption(net, "DU", "SO", close="R5", force="fuel-convoy", modes="road")
    one, two = (mb.closure(net, "DU", "SO", force="fuel-convoy", modes="road", close=c).closure_h for c in ((), "R5"))
    assert (found.before.closure_h, found.after.closure_h) == (one, two)
    assert found.later_h == pytest.approx(two - one)
    assert f"closes {span(two - one)} later" in found.cost


def test_effects_of_each_link(net: mb.Network) -> None:
    found = mb.disruption(net, **ASK, close=["R9", "R15"])
    table = found.to_frame()
    # 24 h x 356 an hour x 0.3 of it for the military; R15 is not built yet, so nothing is lost with it
    assert found.cut == ("R9",)
    assert table.loc["R9", ["capacity_before", "capacity_after", "lost_capacity"]].tolist() == pytest.approx(
        [24 * 356 * 0.3, 0, 24 * 356 * 0.3]
    )
    assert "R15" not in table.index
    flow = {f.link_id: f.vehicles_per_day for f in found.after.throughput.links}
    assert table["flow_after"][table["flow_after"] > 0].to_dict() == flow
    first = found.after.routes.routes[0].links
    assert set(table.index[table["route_after"] == 1]) == set(first)
    assert table["lost_capacity"].drop("R9").abs().max() == 0


@pytest.mark.parametrize("links", [["R9"], ["R9", "L8"], ["R1", "R17", "S1"], ["R7", "R13", "L9", "R16", "S2"]])
def test_isolated_places_are_those_that_a_search_does_not_find(net: mb.Network, links: list[str]) -> None:
    found = mb.disruption(net, "DU", "BU", close=links, modes=["road", "rail"])
    table = net.links
    usable = table[(table["status"] == "operational") & table["mode"].isin(["road", "rail"])]
    reach = []
    for shut in ([], links):
        # modes meet only where a terminal joins them
        graph = nx.Graph()
        for k, row in usable.iterrows():
            if k not in shut:
                graph.add_edge((row["from_node"], row["mode"]), (row["to_node"], row["mode"]))
        for row in net.table("terminals").itertuples():
            graph.add_edge((row.node_id, row.from_mode), (row.node_id, row.to_mode))
        starts = [v for v in graph if v[0] == "DU" and graph.degree(v)]
        reach.append({n for s in starts for n, _ in nx.node_connected_component(graph, s)})
    alone = reach[0] - reach[1]
    if not usable.drop(links, errors="ignore")[["from_node", "to_node"]].isin(["DU"]).to_numpy().any():
        alone = {"DU"}
    assert set(found.isolated) == alone


def test_a_cut_and_a_relation_that_never_was(net: mb.Network) -> None:
    cut = mb.disruption(net, "DU", "BU", nodes="BU")
    assert (cut.status, cut.delay_h, cut.after.time_h, cut.lost_share) == ("cut", None, None, 1.0)
    assert cut.cost == "no route left"
    never = mb.disruption(net, "DU", "BU", modes="rail", close="L8")
    assert (never.status, never.lost_share) == ("no_route", 0.0)
    json.dumps([cut.to_dict(), never.to_dict()], allow_nan=False)
    assert "Closed: Burgas" in repr(cut)


def test_a_scenario_counts_as_it_does_alone(net: mb.Network) -> None:
    made = Scenario(
        name="flood", origin=("DU", "TH"), destination=("BU",), share=0.3, base={"share": 0.5},
        close=(Close(links=("R9",)), Close(links=("R12",), hours=(0, 48)), Close(links=("R16",), hours=(24, 48))),
    )  # fmt: skip
    found = mb.disruption(net, scenario=made)
    assert found.question["held_at_hour_0"] == ["R12"]
    before, after = (mb.throughput(net, **pictures.ASK, share=s, close=c) for s, c in ((0.5, ()), (0.3, ["R9", "R12"])))
    assert found.before.vehicles_per_day == before.vehicles_per_day
    assert found.after.vehicles_per_day == after.vehicles_per_day
    # what is given here wins, on both sides
    other = mb.disruption(net, scenario=made, share=1.0)
    assert other.before.vehicles_per_day == mb.throughput(net, **pictures.ASK).vehicles_per_day


@pytest.mark.parametrize("name", ["vardar-valley-cut", "straits-closed", "serbia-transit-withheld"])
def test_shipped_scenarios_cost_what_their_comparison_says(name: str) -> None:
    found, (was, now) = mb.disruption(mb.load(), scenario=name), mb.compare(name).cases
    for state, figures in ((found.before, was), (found.after, now)):
        assert (state.time_h, state.vehicles_per_day) == (figures.time_h, figures.vehicles_per_day)


def test_all_faults_are_told_at_once(net: mb.Network) -> None:
    with pytest.raises(InputError) as caught:
        mb.disruption(net, "Durrs", "BU", close=["R99", "R9"], nodes="Skopie", vehicle="tnk")
    text = str(caught.value)
    for word in ("'R99'", "Skopje", "Durrës", "tnk"):
        assert word in text
    for empty in ({}, {"close": []}):
        with pytest.raises(InputError, match="nothing is lost"):
            mb.disruption(net, "DU", "BU", **empty)
    with pytest.raises(InputError, match="the destination is missing"):
        mb.disruption(net, "DU", close="R9")


# ---- the maps


@KINDS
def test_every_picture_looks_like_its_stored_one(drawn: dict[str, tuple[Any, Path]], kind: str) -> None:
    stored = pictures.STORED / f"{kind}.png"
    assert stored.stat().st_size < 60_000 * (3 if kind == "disruption-several" else 1)
    assert pictures.far(drawn[kind][1], stored) < 4.0, "python tests/test_disruption.py draws the stored pictures anew"


@KINDS
def test_labels_keep_apart_and_inside(drawn: dict[str, tuple[Any, Path]], kind: str) -> None:
    figure = drawn[kind][0]
    renderer = figure.canvas.get_renderer()
    for ax in figure.axes:
        labels = [t for t in ax.texts if (t.get_gid() or "").startswith(("label-", "area-")) and t.get_rotation() == 0]
        boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in labels]
        for (one, a), (two, b) in combinations(boxes, 2):
            wide, tall = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            assert wide <= 1 or tall <= 0.3 * min(a.height, b.height), f"{one!r} and {two!r} overlap"
    panel = next(ax for ax in figure.axes if not ax.axison)
    room = panel.get_window_extent(renderer)
    rows = [(t.get_text(), t.get_window_extent(renderer)) for t in panel.texts]
    for text, box in rows:
        assert box.x0 >= room.x0 - 1, text
        assert box.x1 <= room.x1 + 2, text
        assert box.y0 >= room.y0 - 2, text
    for (one, a), (two, b) in combinations([(t, b) for t, b in rows if b.width > 0], 2):
        wide, tall = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert wide <= 1 or tall <= 0.55 * min(a.height, b.height), f"{one!r} and {two!r} overlap"
    # what stands above a map does not run into that of the next one
    briefs = [(t, ax) for ax in figure.axes if ax.axison for t in ax.texts if t.get_position()[1] > ax.get_ylim()[1]]
    for text, ax in briefs:
        assert text.get_window_extent(renderer).x1 <= ax.get_window_extent(renderer).x1 + 1


def table(drawn: dict[str, tuple[Any, Path]], kind: str) -> pd.DataFrame:
    """Return the data beside a picture."""
    path = drawn[kind][1]
    return pd.read_csv(path.with_name(f"{path.name}.csv"), keep_default_na=False)


def test_the_table_and_the_words_hold_the_answer(drawn: dict[str, tuple[Any, Path]], net: mb.Network) -> None:
    shut = ["R16", "R12", "L4"]
    best = [mb.routes(net, **ASK, k=3, close=c).routes[0] for c in ((), shut)]
    flow = [mb.throughput(net, **ASK, close=c) for c in ((), shut)]
    rows = table(drawn, "disruption-pair")
    keys = rows[rows["class"] == "key figure"].set_index(["map", "name"])["value"].map(float)
    for i, when in enumerate(("before", "after")):
        assert keys[when, "fastest route"] == pytest.approx(best[i].time_h, rel=1e-4)
        assert keys[when, "throughput"] == pytest.approx(flow[i].vehicles_per_day, rel=1e-4)
        here = rows[rows["map"] == when].set_index("link_id")
        carried = here[here["class"].str.startswith("flow")]["value"].map(float)
        assert carried.to_dict() == pytest.approx({f.link_id: f.vehicles_per_day for f in flow[i].links}, rel=1e-4)
        assert set(here.index[here["class"].str.contains("fastest route")]) == set(best[i].links)
    after = rows[(rows["map"] == "after") & rows["class"].str.startswith("out")].set_index("link_id")
    # 24 h x vehicles an hour, 30 vehicles on each train, at 0.3
    assert after["value"].map(float).to_dict() == pytest.approx(
        {"R16": 24 * 327 * 0.3, "R12": 24 * 356 * 0.3, "L4": 45 * 30 * 0.3}
    )
    words = drawn["disruption-pair"][1].with_name("disruption-pair.png.caption.txt").read_text(encoding="utf-8")
    assert f"fastest route {best[0].time_h:.1f} h before, {best[1].time_h:.1f} h after" in words
    assert f"{flow[0].vehicles_per_day:,.0f} vehicles a day before, {flow[1].vehicles_per_day:,.0f} after" in words
    assert "South cut" in words
    assert "Out: R12 Skopje–Thessaloniki, R16 Thessaloniki–Sofia and L4 Skopje–Thessaloniki." in words


def test_the_title_says_what_was_cut_and_what_it_cost(drawn: dict[str, tuple[Any, Path]], net: mb.Network) -> None:
    loss = losses(net)[1]
    title = drawn["disruption-pair"][0].texts[0].get_text()
    assert title == f"South cut: {loss.cost}"
    assert span(loss.delay_h) in title
    assert f"{loss.lost_share:.0%} less throughput" in title


def scales(figure: Any) -> list[tuple[float, ...]]:
    """Return limits and size of every map of a page."""
    maps_ = [ax for ax in figure.axes if ax.axison and ax.texts]
    return [(*ax.get_xlim(), *ax.get_ylim(), *np.round(ax.get_position().size, 6)) for ax in maps_]


def test_maps_that_are_compared_have_one_scale(net: mb.Network) -> None:
    view = disruptionviews.DisruptionView(losses(net), "pair")
    assert [m.part for m in view.frames] == ["before", "after", "after", "after"]
    assert len({m.most for m in view.frames}) == 1
    sheets = maps._sheets(view, "A3", 30, False)
    assert len({(round(s.unit, 6), *np.round(s.corner, 3)) for s in sheets}) == 1
    widths: dict[str, set[tuple[float, float]]] = {}
    for one, frame in zip(sheets, view.frames, strict=True):
        frame.lines(one)
        one.ink()
        for link, shown in one.shows.items():
            for stroke, (value, _) in zip(one.strokes[link], shown, strict=True):
                if value:
                    widths.setdefault(stroke.colour, set()).add((value, stroke.width))
    # the same value is as wide on every map, whatever it is
    pairs = widths[disruptionviews.FLOW] | widths[disruptionviews.MORE]
    flows = dict(pairs)
    assert len(flows) == len(pairs)
    ordered = sorted(flows.items())
    assert [w for _, w in ordered] == sorted(w for _, w in ordered)
    assert len(ordered) > 3


def test_the_page_of_several_has_maps_of_one_size(drawn: dict[str, tuple[Any, Path]]) -> None:
    found = scales(drawn["disruption-several"][0])
    assert len(found) == 4
    assert len(set(found)) == 1


def test_crosses_lie_on_what_is_out_and_rings_on_what_is_cut_off(net: mb.Network) -> None:
    loss = mb.disruption(net, **ASK, close=["R9", "L8"])
    before, after = disruptionviews.DisruptionView(loss).frames
    signs = {shape: {m.links or m.node for m in after.marks if m.shape == shape} for shape in ("cross", "isolated")}
    assert signs == {"cross": {("R9",), ("L8",)}, "isolated": {"BU"}}
    assert not [m for m in before.marks if m.shape != "badge"]


def test_lines_are_told_apart_without_colour() -> None:
    look = disruptionviews
    for several in ((look.FLOW, look.MORE, look.FAST), (look.OLD, look.NEW)):
        light = sorted(lightness(c) for c in several)
        assert min(np.diff(light)) >= 15


@pytest.mark.parametrize(
    ("count", "wide", "tall", "size"),
    [(2, 1.0, 1.0, "A4"), (6, 1.0, 1.0, "A3"), (5, 3.0, 1.0, "A4"), (4, 1.0, 2.0, "A3")],
)
def test_maps_of_a_page_do_not_overlap_and_are_as_large_as_can_be(
    count: int, wide: float, tall: float, size: str
) -> None:
    room, scale = sheet.map_room(size), PAGES[size][2]
    columns, rows = sheet.best_grid(count, wide, tall, size)
    assert columns * rows >= count
    boxes = [sheet.cell(room, scale, columns, rows, i) for i in range(count)]
    for x, y, w, h in boxes:
        assert x >= room[0] - 1e-9
        assert y >= room[1] - 1e-9
        assert x + w <= room[0] + room[2] + 1e-9
        assert y + h + sheet.BRIEF * scale <= room[1] + room[3] + 1e-9
    for a, b in combinations(boxes, 2):
        apart_x = a[0] + a[2] <= b[0] or b[0] + b[2] <= a[0]
        assert apart_x or a[1] + a[3] <= b[1] or b[1] + b[3] <= a[1]

    def large(c: int, r: int) -> float:
        box = sheet.cell(room, scale, c, r, 0)
        return min(box[2] / wide, box[3] / tall)

    others = [large(c, math.ceil(count / c)) for c in range(1, count + 1)]
    assert large(columns, rows) == pytest.approx(max(others))


def test_a_contingency_shows_its_worst_outage(net: mb.Network) -> None:
    found = mb.contingency(net, **ASK, close=["R16"])
    worst = found.outages[0]
    shown = disruptionviews.DisruptionView([maps._disrupted(net, found)]).answers[0]
    assert shown.cut == worst.links
    assert (shown.after.time_h, shown.after.vehicles_per_day) == (worst.time_h, worst.vehicles_per_day)
    assert shown.before.vehicles_per_day == found.vehicles_per_day


def test_what_cannot_be_drawn_is_refused(net: mb.Network, tmp_path: Path) -> None:
    loss = losses(net)[0]
    refused: list[tuple[Any, dict[str, Any], str]] = [
        (loss, {"style": "triple"}, "style is 'triple'"),
        ([], {}, "0 disruptions"),
        ([loss] * 7, {}, "7 disruptions"),
        (mb.routes(net, **ASK), {}, "Routes is no disruption"),
        (loss, {"colour": "red"}, "there is no option colour"),
        (loss, {"size": "A5"}, "size is 'A5'"),
        ([loss, mb.disruption(mb.load(), "Durrës", "Burgas", close="RD032")], {}, "different networks"),
    ]
    for what, options, words in refused:
        with pytest.raises(InputError, match=words):
            mb.plot_disruption(net, what, **options)
    (tmp_path / "map.png.csv").write_text("mine")
    with pytest.raises(InputError, match="exists"):
        loss.plot(path=tmp_path / "map.png")
    assert [p.name for p in tmp_path.iterdir()] == ["map.png.csv"]


def test_the_command_draws_what_the_function_draws(net: mb.Network, tmp_path: Path) -> None:
    out = tmp_path / "map.svg"
    words = ["map", "disruption", "--network", str(net.folder), "--from", "DU,TH", "--to", "BU", "--share", "0.3"]
    made = CliRunner().invoke(main, [*words, "--close", "R16,R12", "--style", "detour", "--out", str(out)])
    assert made.exit_code == 0, made.output
    again = tmp_path / "again.svg"
    mb.disruption(net, **ASK, close=["R16", "R12"]).plot(style="detour", path=again)
    assert out.read_bytes() == again.read_bytes()
    assert Path(f"{out}.csv").read_bytes() == Path(f"{again}.csv").read_bytes()
    for bad, message in (
        (["--close", "R99"], "R99"),
        ([], "nothing is lost"),
        (["--group", "valley"], "no group is called so"),
    ):
        told = CliRunner().invoke(main, [*words, *bad, "--out", str(tmp_path / "bad.png")])
        assert (told.exit_code, message in told.output) == (2, True), told.output
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("bad")) == []


def test_the_command_draws_scenarios_on_one_page(tmp_path: Path) -> None:
    out = tmp_path / "map.png"
    words = ["map", "disruption", "--scenario", "durres-port-lost,straits-closed", "--dpi", "30", "--out", str(out)]
    made = CliRunner().invoke(main, words)
    assert made.exit_code == 0, made.output
    text = Path(f"{out}.caption.txt").read_text(encoding="utf-8")
    assert "A: Durrës port lost." in text
    assert "B: Turkish Straits closed." in text
    found = mb.disruption(mb.load(), scenario="durres-port-lost")
    assert f"{found.after.vehicles_per_day:,.0f} after" in text


def draw_stored() -> None:
    """Draw the stored pictures anew."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        net = pictures.network(Path(folder, "net"))
        for kind, draw in DRAWN.items():
            path = Path(folder, f"{kind}.png")
            draw(net, path=path, dpi=pictures.DPI)
            pictures.store(path, pictures.STORED / path.name)


if __name__ == "__main__":
    draw_stored()
