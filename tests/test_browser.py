"""The interactive map in a real browser: quiet, equal to the answer, by keyboard, without WebGL, accessible."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import mobility as mb
from mobility.network import shipped

CHROMIUM = Path(os.environ.get("MOBILITY_CHROMIUM", "/usr/bin/chromium"))
AXE = shipped().parent / "web/node_modules/axe-core/axe.min.js"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
ASK = {"origin": ["Durrës", "Bar"], "destination": "Burgas", "vehicle": "wheeled-ifv"}
MOBILITY_BROWSER = os.environ.get("MOBILITY_BROWSER", "")
"""Set to 1 where a missing browser is a fault and no reason to skip."""

try:
    from playwright.sync_api import Browser, BrowserType, Page, sync_playwright
except ImportError:
    sync_playwright = None  # type: ignore[assignment]

MISSING = "" if sync_playwright and CHROMIUM.exists() else "Playwright or Debian's chromium is not there"
if MISSING and MOBILITY_BROWSER:
    raise RuntimeError(MISSING)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(MISSING), reason=MISSING)]

SOURCE = "async (name) => (await window.map.getSource(name).getData()).features.map(f => f.properties)"


@pytest.fixture(scope="module")
def net() -> mb.Network:
    return mb.load()


@pytest.fixture(scope="module")
def routes(net: mb.Network) -> mb.Routes:
    return mb.routes(net, **ASK, k=4, distinct=0.7)


@pytest.fixture(scope="module")
def closure(net: mb.Network, routes: mb.Routes) -> mb.Closure:
    window = mb.Window((routes.routes[0].links[4],), 5, 12)
    return mb.closure(net, "Durrës", "Burgas", force="fuel-convoy", windows=[window])


@pytest.fixture(scope="module")
def chromium() -> Iterator[BrowserType]:
    with sync_playwright() as play:
        yield play.chromium


@pytest.fixture(scope="module")
def browser(chromium: BrowserType) -> Iterator[Browser]:
    made = chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
    yield made
    made.close()


class Quiet:
    """What a page said and asked for; blob: is of its own making, and software rendering complains of its own pace."""

    def __init__(self, page: Page) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda m: "GL Driver Message" in m.text or self.said.append(f"{m.type}: {m.text}"))
        page.on("pageerror", lambda e: self.said.append(str(e)))
        page.on("dialog", lambda d: self.said.append(f"dialog {d.message}"))
        page.on("request", lambda r: self.asked.append(r.url))

    def heard(self, path: Path) -> list[str]:
        return self.said + [u for u in self.asked if not u.startswith("blob:") and u != path.as_uri()]


def shown(browser: Browser, page: mb.Page, folder: Path, view: str = "map", **size: int) -> tuple[Page, Quiet, Path]:
    path = page.save(folder / "page.html", overwrite=True)
    made = browser.new_page(viewport={"width": size.get("width", 1400), "height": size.get("height", 860)})
    quiet = Quiet(made)
    made.goto(path.as_uri())
    made.wait_for_selector(f'body[data-view="{view}"]', timeout=90_000)
    return made, quiet, path


def violations(page: Page) -> list[str]:
    if not AXE.is_file():
        pytest.skip("axe-core is not there; run `npm ci` in web/")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run()).violations")
    return [f"{v['id']}: {n['html'][:120]} {n['failureSummary'][:200]}" for v in found for n in v["nodes"]]


def test_network_is_quiet_and_quick(browser: Browser, net: mb.Network, tmp_path: Path) -> None:
    page, quiet, path = shown(browser, net.explore(), tmp_path)
    assert quiet.heard(path) == []
    assert path.stat().st_size < 4_000_000
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert first < 3000
    drawn = {f["id"] for f in page.evaluate(SOURCE, "strokes")}
    assert drawn == set(net.link_index)
    page.close()


COUNTED = """
window.work = {programs: 0, pixels: 0};
const context = WebGL2RenderingContext.prototype, {linkProgram, clear} = context;
context.linkProgram = function (p) { window.work.programs += 1; return linkProgram.call(this, p); };
context.clear = function (mask) {
  window.work.pixels += this.canvas.width * this.canvas.height;
  return clear.call(this, mask);
};
"""


def test_little_is_drawn_before_the_map_is_there(browser: Browser, net: mb.Network, tmp_path: Path) -> None:
    # Where the processor draws, shaders and pixels are what takes time; their number is the same on every machine.
    path = net.explore().save(tmp_path / "page.html")
    page = browser.new_page(viewport={"width": 1400, "height": 860})
    page.add_init_script(COUNTED)
    page.goto(path.as_uri())
    page.wait_for_selector('body[data-view="map"]', timeout=90_000)
    work, canvas = page.evaluate("[window.work, [window.map.getCanvas().width, window.map.getCanvas().height]]")
    assert canvas == page.evaluate("[window.map.getCanvas().clientWidth, window.map.getCanvas().clientHeight]")
    assert work["programs"] <= 9
    assert canvas[0] * canvas[1] <= work["pixels"] <= 4 * canvas[0] * canvas[1]
    page.close()


def test_layers_switch_corridors_and_modes(browser: Browser, net: mb.Network, tmp_path: Path) -> None:
    page, quiet, path = shown(browser, net.explore(), tmp_path)
    page.get_by_label("Rail", exact=True).uncheck()
    modes = {f["m"] for f in page.evaluate(SOURCE, "strokes")}
    assert modes == {"road", "sea", "waterway"}
    page.get_by_label("Rail", exact=True).check()
    for name in ("Corridor Vc", "Corridor X", "Corridor R10", "Other"):
        page.get_by_label(name, exact=True).uncheck()
    links = net.table("links").set_index("link_id")["corridors"]
    left = {f["id"] for f in page.evaluate(SOURCE, "strokes")}
    assert left
    assert all("VIII" in links[k] for k in left)
    assert quiet.heard(path) == []
    page.close()


def test_years_open_what_the_network_opens(browser: Browser, net: mb.Network, tmp_path: Path) -> None:
    page, _, _ = shown(browser, net.explore(), tmp_path)
    slider = page.locator("#slider")
    for year in (2028, int(slider.get_attribute("max") or 0)):
        slider.fill(str(year))
        before, after = (n.table("links")["status"] == "operational" for n in (net, net.at(year)))
        opened = int((after & ~before).sum())
        assert f"{year}: {opened} links opened" in page.locator("#time output").inner_text()
        used = set(net.table("links").loc[after, "link_id"])
        assert {f["id"] for f in page.evaluate(SOURCE, "strokes") if f["s"] == "open"} == used
    page.close()


def test_routes_shown_are_those_of_the_json(browser: Browser, routes: mb.Routes, tmp_path: Path) -> None:
    page, quiet, path = shown(browser, routes.explore(), tmp_path)
    plain = json.loads(json.dumps(routes.to_dict()))
    rows = page.locator("#list .row")
    assert rows.locator(".value").all_inner_texts() == [f"{r['time_h']:.1f} h" for r in plain["routes"]]
    assert rows.locator(".tag").all_inner_texts() == [str(r["rank"]) for r in plain["routes"]]
    drawn = {f["id"] for f in page.evaluate(SOURCE, "strokes") if not f["f"]}
    assert drawn == {k for r in plain["routes"] for k in r["links"]}
    for row, route in zip(rows.all(), plain["routes"], strict=True):
        row.click()
        assert page.locator("#details dd").first.inner_text() == f"{route['time_h']:.1f} h"
        legs = page.locator("#details .leg .more").all_inner_texts()
        assert [t.split(" · ")[-1] for t in legs] == route["links"]
        assert [f["id"] for f in page.evaluate(SOURCE, "picked")] == route["links"]
    assert quiet.heard(path) == []
    page.close()


def test_flow_and_losses_shown_are_those_of_the_json(browser: Browser, net: mb.Network, tmp_path: Path) -> None:
    flow, losses = mb.throughput(net, **ASK, share=0.3), mb.contingency(net, **ASK, n=1)
    page, quiet, path = shown(browser, mb.explore({"Flow": flow, "Losses": losses}), tmp_path)
    figures = page.locator("#figures strong").all_inner_texts()
    assert figures == [f"{flow.vehicles_per_day:,.0f}", f"{flow.tonnes_per_day:,.0f}"]
    values = page.locator("#list .row .value").all_inner_texts()
    cut = sorted((c.vehicles_per_day for c in flow.cut_items), reverse=True)
    assert [v.rstrip("*") for v in values[: len(cut)]] == [f"{v:,.0f}" for v in cut]
    width = {f["id"]: f["w"] for f in page.evaluate(SOURCE, "strokes") if not f["f"]}
    most = max(flow.links, key=lambda f: f.vehicles_per_day)
    assert width[most.link_id] == max(width.values())
    page.get_by_label("Losses").check(force=True)
    values = page.locator("#list .row .value").all_inner_texts()
    assert values[:20] == [f"−{o.lost_vehicles_per_day:,.0f}" for o in losses.outages[:20]]
    assert quiet.heard(path) == []
    page.close()


def test_hours_of_a_movement(browser: Browser, closure: mb.Closure, tmp_path: Path) -> None:
    page, quiet, path = shown(browser, closure.explore(), tmp_path)
    assert closure.closure_h is not None
    hours, vehicles = zip(*closure.arrivals, strict=True)
    slider = page.locator("#slider")
    for share in (0.3, 0.6, 0.95):
        page.evaluate(
            "v => {const s = document.getElementById('slider'); s.value = v; s.dispatchEvent(new Event('input'))}",
            closure.closure_h * share,
        )
        hour = float(slider.input_value())
        told = page.locator("#time output").inner_text()
        expected = np.interp(hour, [0.0, *hours], [0.0, *vehicles])
        assert f"{hour:.1f}: {expected:,.0f} of {closure.vehicles:,} arrived" in told
        busy = [m for m in closure.movements if m.depart_h <= hour <= m.close_h]
        assert f"{len(busy)} of {len(closure.movements)} ways carry" in told
        idle = {f["id"] for f in page.evaluate(SOURCE, "strokes") if not f["f"] and f["c"] == "#b9c7d3"}
        shut = {k for w in closure.question["windows"] if w["start"] <= hour < w["end"] for k in w["links"]}
        carrying = {k for m in busy for k in m.links}
        assert idle == {k for m in closure.movements for k in m.links} - carrying - shut
    assert page.locator("#list .row.busy").count() == len(busy)
    assert quiet.heard(path) == []
    page.close()


def test_keyboard_does_all_that_the_pointer_does(browser: Browser, routes: mb.Routes, tmp_path: Path) -> None:
    page, quiet, path = shown(browser, routes.explore(), tmp_path)
    keys = page.keyboard
    page.locator("#search").focus()
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.key") == "row:0:0:1"
    second = list(routes.routes[1].links)
    assert [f["id"] for f in page.evaluate(SOURCE, "hinted")] == second
    keys.press("Enter")
    assert [f["id"] for f in page.evaluate(SOURCE, "picked")] == second
    assert page.locator("#details h2").inner_text()
    keys.press("Escape")
    assert page.locator("#details").is_hidden()
    assert page.evaluate(SOURCE, "picked") == []
    assert page.evaluate("document.activeElement.classList.contains('row')")
    page.locator("#tab0").focus()
    keys.press("ArrowRight")
    assert page.locator("#tab1").get_attribute("aria-selected") == "true"
    page.locator("#search").fill("rd058")
    keys.press("Enter")
    keys.press("Enter")
    assert [f["id"] for f in page.evaluate(SOURCE, "picked")] == ["RD058"]
    text = page.locator("#details").inner_text()
    table = routes.net.attributes("RD058")
    assert f"{table.loc['capacity_veh_h', 'value']:g} veh/h" in text
    assert table.loc["capacity_veh_h", "basis"] in text
    assert table.loc["capacity_veh_h", "source"] in text
    page.locator("#search").fill("durres")
    page.locator("#tab2").click()
    assert "Durrës" in page.locator("#list .row:visible .name").first.inner_text()
    assert quiet.heard(path) == []
    page.close()


def test_pointer_shows_what_the_list_shows(browser: Browser, routes: mb.Routes, tmp_path: Path) -> None:
    page, _, _ = shown(browser, routes.explore(), tmp_path)
    lines = routes.net.links.geometry
    longest = max(routes.routes[0].links, key=lambda k: lines[k].length)
    middle = lines[longest].interpolate(0.37, normalized=True)
    at = page.evaluate("([x, y]) => {const p = window.map.project([x, y]); return [p.x, p.y]}", [middle.x, middle.y])
    box = page.locator("#map").bounding_box()
    assert box
    page.mouse.move(box["x"] + at[0], box["y"] + at[1])
    page.wait_for_selector("#tip:visible")
    page.mouse.click(box["x"] + at[0], box["y"] + at[1])
    page.wait_for_selector("#details:visible")
    assert longest in page.locator("#details .under").inner_text()
    page.close()


def test_without_webgl_the_lists_work_and_a_picture_stands(
    chromium: BrowserType, routes: mb.Routes, tmp_path: Path
) -> None:
    blind = chromium.launch(executable_path=str(CHROMIUM), args=["--disable-3d-apis", *FLAGS])
    page, quiet, path = shown(blind, routes.explore(), tmp_path, view="still")
    assert page.locator("#still").is_visible()
    assert page.locator("#apology").is_visible()
    assert page.locator("#list .row .value").all_inner_texts() == [f"{r.time_h:.1f} h" for r in routes.routes]
    page.locator("#list .row").nth(1).click()
    picked = page.locator("#still path.picked").evaluate_all("ps => ps.map(p => p.dataset.link)")
    assert set(picked) == set(routes.routes[1].links)
    assert page.locator("#details").is_visible()
    assert quiet.heard(path) == []
    assert violations(page) == []
    blind.close()


def test_axe_finds_nothing(browser: Browser, net: mb.Network, closure: mb.Closure, tmp_path: Path) -> None:
    for subject in (net.explore(), closure.explore(), mb.explore([mb.routes(net, **ASK), mb.throughput(net, **ASK)])):
        page, _, _ = shown(browser, subject, tmp_path)
        assert violations(page) == []
        page.locator("#tab1").click()
        page.locator("#list .row:visible").first.click()
        assert violations(page) == []
        page.close()


def test_hostile_names_stay_text(browser: Browser, tmp_path: Path) -> None:
    from test_explore import HOSTILE, hostile

    net = hostile()
    page, quiet, path = shown(browser, mb.explore([(HOSTILE, net), ("b", net)], title=HOSTILE), tmp_path)
    page.locator("#tab1").click()
    page.locator("#list .row:visible").first.click()
    page.locator("#tab2").click()
    page.locator("#list .row:visible").first.click()
    assert page.locator("#title").inner_text().startswith("</script><img src=x")
    assert page.locator("img[src=x], #list i, #details b").count() == 0
    assert quiet.heard(path) == []
    page.close()


def test_frame_of_a_notebook_draws(browser: Browser, routes: mb.Routes, tmp_path: Path) -> None:
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><meta charset=utf-8>{routes.explore()._repr_html_()}", encoding="utf-8")
    page = browser.new_page(viewport={"width": 1300, "height": 800})
    quiet = Quiet(page)
    page.goto(path.as_uri())
    frame = page.frame_locator("iframe")
    frame.locator('body[data-view="map"]').wait_for(timeout=90_000)
    assert frame.locator("#list .row").count() == len(routes.routes)
    assert [t for t in quiet.heard(path) if t != "about:srcdoc"] == []
    page.close()


def test_print_has_the_picture_and_the_list(browser: Browser, routes: mb.Routes, tmp_path: Path) -> None:
    page, _, _ = shown(browser, routes.explore(), tmp_path)
    paper = page.pdf(format="A4", landscape=True, print_background=True)
    assert paper.startswith(b"%PDF")
    assert len(page.locator("#print").get_attribute("src") or "") > 10_000
    page.emulate_media(media="print")
    assert page.locator("#print").is_visible()
    assert page.locator("#list .row").first.is_visible()
    assert page.locator("#finder").is_hidden()
    page.close()
