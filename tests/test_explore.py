"""The interactive map without a browser: one file, a strict policy, no markup out of tables, the whole answer."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import shapely

import mobility as mb
from mobility.disruption import disruption
from mobility.exhibits import exhibit
from mobility.explore import LINES, page_data
from mobility.maps import VIEWS
from mobility.network import shipped
from mobility.policy import PolicyAnswer
from mobility.worstcase import protection, worst_case

HOSTILE = "</script><img src=x onerror=alert(1)><!-- \u2028 & \" ' {{7*7}}"
ASK = {"origin": "Durrës", "destination": "Burgas"}


@pytest.fixture(scope="module")
def net() -> mb.Network:
    return mb.load()


@pytest.fixture(scope="module")
def answers(net: mb.Network) -> dict[str, mb.Network]:
    ifv = "wheeled-ifv"
    return {
        "routes": mb.routes(net, **ASK, vehicle=ifv, k=3),
        "redundancy": mb.redundancy(net, **ASK),
        "explain": mb.explain(net, **ASK, vehicle=ifv),
        "throughput": mb.throughput(net, **ASK, vehicle=ifv),
        "contingency": mb.contingency(net, **ASK, n=1),
        "bottlenecks": mb.bottlenecks(net, **ASK),
        "closure": mb.closure(net, **ASK, force="fuel-convoy"),
        "reliability": mb.reliability(net, **ASK, fail=0.01, runs=200),
        "capability": mb.capability(net, ifv),
        "status": mb.status(net),
    }


def hostile() -> mb.Network:
    nodes = pd.DataFrame(
        {
            "node_id": ["A", "B", "C"],
            "name": [HOSTILE, "Béta", "Γάμμα"],
            "lat": [42.0, 42.5, 42.2],
            "lon": [20.0, 21.0, 22.0],
            "country": ["MK", "MK", "BG"],
            "source": [HOSTILE] * 3,
        }
    )
    links = pd.DataFrame(
        {
            "link_id": ["L1", "L<b>2", "L3"],
            "from_node": ["A", "B", "A"],
            "to_node": ["B", "C", "C"],
            "mode": ["road", "rail", "sea"],
            "length_km": [120, 110, 300],
            "name": [HOSTILE, "", ""],
            "corridors": ["<i>X</i>", "", ""],
            "source": [HOSTILE] * 3,
        }
    )
    return mb.Network.from_frames(nodes=nodes, links=links)


class Seen(HTMLParser):
    """Counts elements, keeps attributes and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {"script": [], "style": [], "title": []}
        self.inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in self.text:
            self.inside = tag
            self.text[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self.inside:
            self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.text[self.inside][-1] += data


def embedded(page: mb.Page) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.html, re.DOTALL)
    assert found
    made: dict[str, object] = json.loads(found.group(1))
    return made


def test_one_file_that_asks_for_nothing(net: mb.Network) -> None:
    page = net.explore()
    seen = Seen(page.html)
    assert len(page.html.encode()) < 4_000_000
    kinds = [t for t, _ in seen.tags]
    assert not {"link", "iframe", "object", "embed", "base", "form"} & set(kinds)
    assert kinds.count("script") == 2
    assert kinds.count("style") == 1
    asked = [v for _, a in seen.tags for k, v in a.items() if k in ("src", "href", "srcset", "action", "data")]
    assert asked == ["#list"]
    assert not any(k.startswith("on") or k == "style" for _, a in seen.tags for k in a)


def test_policy_names_the_script_and_the_style_by_hash(net: mb.Network) -> None:
    seen = Seen(net.explore().html)
    policy = next(a["content"] or "" for t, a in seen.tags if t == "meta" and a.get("http-equiv"))
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))

    def digest(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert rules == {
        "default-src": "'none'", "script-src": digest(seen.text["script"][1]),
        "style-src": digest(seen.text["style"][0]),
        "worker-src": "blob:", "connect-src": "blob:", "img-src": "data: blob:", "base-uri": "'none'",
        "form-action": "'none'",
    }  # fmt: skip
    before_policy = [t for t, _ in seen.tags[: next(i for i, (t, a) in enumerate(seen.tags) if "http-equiv" in a)]]
    assert before_policy == ["html", "head", "meta"]


def test_nothing_of_a_table_becomes_markup() -> None:
    net = hostile()
    plain = Seen(mb.load().select(["RD030"]).explore().html)
    page = mb.explore([(HOSTILE, net), (HOSTILE, mb.routes(net, "A", "C"))], title=HOSTILE)
    seen = Seen(page.html)
    assert {t for t, _ in seen.tags} <= {t for t, _ in plain.tags} | {"circle", "text"}
    assert not [a for t, a in seen.tags if t == "img" and a.get("id") != "print"]
    assert not any(k.startswith("on") for _, a in seen.tags for k in a)
    assert len(seen.text["script"]) == 2
    assert seen.text["title"][0] == HOSTILE
    data = embedded(page)
    assert data["title"] == HOSTILE
    assert {link["name"] for link in data["links"]} == {HOSTILE, ""}
    assert "<" not in seen.text["script"][0]
    assert "\u2028" not in seen.text["script"][0]


def test_the_answer_is_embedded_whole(answers: dict[str, mb.Network]) -> None:
    for name, answer in answers.items():
        data = embedded(answer.explore())
        (case,) = data["cases"]
        plain = json.loads(json.dumps(answer.to_dict(), default=lambda v: v.item()))
        assert case["answer"] == plain, name


def test_rows_and_lines_name_links_that_are_there(net: mb.Network, answers: dict[str, mb.Network]) -> None:
    for name, answer in {"network": net, **answers}.items():
        shown = exhibit(answer)
        assert shown.groups, name
        assert shown.title
        used = [k for g in shown.groups for r in g.rows for k in r.links] + [line.link for line in shown.lines]
        assert set(used) <= set(net.link_index), name
        assert used, name


def test_every_kind_that_can_be_drawn_can_be_explored(net: mb.Network, answers: dict[str, mb.Network]) -> None:
    more = [
        mb.monte_carlo(net, **ASK, runs=50, fail=0.02),
        worst_case(net, **ASK, modes="road", k=2),
        protection(net, **ASK, modes="road", k=1, protect=1),
        mb.corridor_value(net, **ASK, players="VIII,X"),
        disruption(net, **ASK, close=["RD058"]),
        mb.hazard(net, **ASK, event=mb.Earthquake(41.99, 21.43, 6.1), runs=60),
        mb.compliance(net),
        mb.upgrade(net, **ASK, modes="road", budget=100.0),
    ]
    late = mb.setback(net, **ASK, force="fuel-convoy", modes="road")  # has no picture of its own
    for answer in (*more, late):
        shown = exhibit(answer)
        assert shown.lines, type(answer).__name__
        assert shown.groups, type(answer).__name__
        assert {k for g in shown.groups for r in g.rows for k in r.links} <= set(net.link_index)
    # an answer to a question of policy is made of the others
    assert {k for k in VIEWS if k is not PolicyAnswer} <= {type(a) for a in (net, *answers.values(), *more)}


def test_routes_and_figures_are_those_of_the_answer(answers: dict[str, mb.Network]) -> None:
    routes = answers["routes"]
    rows = exhibit(routes).groups[0].rows
    assert [r.value for r in rows] == [f"{r.time_h:.1f} h" for r in routes.routes]
    assert [r.links for r in rows] == [r.links for r in routes.routes]
    flow = answers["throughput"]
    cut, links = exhibit(flow).groups
    assert sorted(r.links or (f"{r.nodes[0]}",) for r in cut.rows) == sorted(
        (c.item.partition(":")[2] or c.item,) for c in flow.cut_items
    )
    assert links.rows[0].links[0] == max(flow.links, key=lambda f: f.vehicles_per_day).link_id
    losses = exhibit(answers["contingency"]).groups[0].rows
    worst = answers["contingency"].outages[0]
    assert losses[0].links == worst.links
    assert losses[0].value == f"−{worst.lost_vehicles_per_day:,.0f}"


def test_lines_are_drawn_where_the_network_has_them(net: mb.Network) -> None:
    data = page_data([("", net)], [exhibit(net)])
    frame = net.links.geometry
    for link in data["links"]:
        parts = [np.cumsum(np.array(p).reshape(-1, 2), axis=0) * data["step"] for p in link["line"]]
        drawn = shapely.union_all([shapely.linestrings(p) for p in parts])
        assert shapely.hausdorff_distance(drawn, frame[link["id"]]) < 4 * LINES, link["id"]
        assert parts[0][0][0] - 0.5 * parts[0][0][1] <= parts[-1][-1][0] - 0.5 * parts[-1][-1][1] + 4 * LINES, (
            "eastward"
        )


def test_the_year_a_link_opens_is_that_of_the_network(net: mb.Network) -> None:
    data = page_data([("", net)], [exhibit(net)])
    opens = {link["id"]: link["opens"] for link in data["links"]}
    years = sorted({y for y in opens.values() if y})
    assert years
    for year in (*years, years[0] - 1):
        links = net.at(year).table("links")
        used = set(links.loc[links["status"] == "operational", "link_id"])
        assert {k for k, y in opens.items() if y is not None and y <= year} == used


def test_attributes_are_those_of_the_network(net: mb.Network) -> None:
    data = page_data([("", net)], [exhibit(net)])
    link = next(x for x in data["links"] if x["id"] == "RD091")
    told = {data["strings"][a[0]]: a for a in link["attributes"]}
    table = net.attributes("RD091")
    for column in ("mlc_tracked", "capacity_veh_h", "lanes", "max_height_m"):
        row, cells = table.loc[column], told[column]
        assert cells[1] == row["value"]
        assert data["bases"][cells[2]] == row["basis"]
        assert data["levels"][cells[5]] == row["confidence"]
        assert data["strings"][cells[6]] == row["source"]
    assert "max_axle_t" in told
    assert "from_node" not in told


def test_several_networks_tell_what_differs(net: mb.Network) -> None:
    other = net.with_changes({"RD091": {"status": "closed", "speed_kmh": 30}})
    page = mb.explore({"today": mb.routes(net, **ASK), "cut": mb.routes(other, **ASK)})
    one, two = embedded(page)["cases"]
    assert (one["label"], two["label"]) == ("today", "cut")
    assert one["changes"] == {}
    assert list(two["changes"]) == ["RD091"]
    assert two["changes"]["RD091"]["status"] == "closed"
    assert two["absent"] == []
    few = mb.explore([net, net.select(["RD091"])])
    gone = embedded(few)["cases"][1]["absent"]
    assert len(gone) == len(net.link_index) - 1


def test_the_still_picture_has_a_group_for_each_case(net: mb.Network) -> None:
    page = mb.explore([mb.routes(net, **ASK), mb.routes(net, **ASK, modes="rail")])
    svg = page.html[page.html.index('<svg id="still"') : page.html.index("</svg>")]
    assert svg.count('<g class="case"') == 2
    drawn = set(re.findall(r'data-link="([^"]+)"', svg))
    wanted = {k for r in mb.routes(net, **ASK).routes for k in r.links}
    assert wanted <= drawn
    assert len(svg) < 400_000


def test_a_file_is_written_once_and_whole(net: mb.Network, tmp_path) -> None:
    routes = mb.routes(net, **ASK)
    page = routes.explore(tmp_path / "new" / "map.html")
    assert page.path is not None
    assert page.path.read_text(encoding="utf-8") == page.html
    with pytest.raises(mb.InputError, match="exists"):
        routes.explore(page.path)
    assert routes.explore(page.path, overwrite=True, title="Other").html != page.html
    with pytest.raises(mb.InputError, match=r"\.html"):
        routes.explore(tmp_path / "map.png")
    assert [f.name for f in page.path.parent.iterdir()] == ["map.html"]
    assert routes.explore().html == page.html


def test_what_cannot_be_shown_is_refused(net: mb.Network) -> None:
    for nothing in ([], {}, "RD091", 7, [("a", 7)]):
        with pytest.raises(mb.InputError):
            mb.explore(nothing)


def test_a_notebook_gets_a_frame_that_reaches_nothing(net: mb.Network) -> None:
    page = mb.routes(net, **ASK).explore()
    ((tag, attributes),) = [t for t in Seen(page._repr_html_()).tags if t[0] == "iframe"]
    assert attributes["srcdoc"] == page.html
    assert "allow-same-origin" not in (attributes["sandbox"] or "")
    assert tag == "iframe"


def test_the_bundle_is_small_and_names_no_address_to_ask() -> None:
    built = shipped().parent / "src/mobility/web/explore.html"
    text = built.read_text(encoding="utf-8")
    assert len(text.encode()) < 2_000_000
    assert not re.search(r"/(home|root|work|tmp)/", text)
    lock = (shipped().parent / "web/package-lock.json").read_text(encoding="utf-8")
    assert "resolved" not in lock
    pinned = json.loads((shipped().parent / "web/package.json").read_text(encoding="utf-8"))["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", v) for v in pinned.values())
