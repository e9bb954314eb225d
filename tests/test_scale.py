"""Large networks: the index, tables of times, chains; everything is held against answers found without them."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mobility as mb
from asking import FLEET, run
from mobility import paths, scale
from mobility.arcs import compile_arcs
from mobility.kernels import FAR
from strategies import Drawn, Seeded, Shape, build, networks, write

LIMITED = Shape(assets=True, life=True, limits=True)


def loaded(tables: Any, folder: Path) -> mb.Network:
    net = mb.load(write(tables, folder))
    (folder / "vehicles.toml").write_text(FLEET, encoding="utf-8")
    return net


# ---- the hierarchy on bare graphs


def graph(seed: int) -> tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return a random multigraph with loops, parallel arcs, zero weights and closed arcs."""
    rng = np.random.default_rng(seed)
    n = 2 + seed % 30
    m = int(n * (0.7 + seed % 7 * 0.4))
    tail, head = rng.integers(0, n, m), rng.integers(0, n, m)
    return n, tail, head, rng.integers(0, 40, m), rng.random(m) < 0.85


def distances(n: int, tail: Any, head: Any, weight: Any, usable: Any) -> dict[int, dict[int, int]]:
    known = nx.MultiDiGraph()
    known.add_nodes_from(range(n))
    known.add_weighted_edges_from(
        (int(t), int(h), int(w)) for t, h, w, u in zip(tail, head, weight, usable, strict=True) if u
    )
    return dict(nx.all_pairs_dijkstra_path_length(known))


@pytest.mark.parametrize("seed", range(60))
def test_index_answers_as_dijkstra_does(seed: int) -> None:
    from mobility.hierarchy import Index

    n, tail, head, weight, usable = graph(seed)
    rng = np.random.default_rng(seed)
    # All in one point, on one line, or anywhere: coordinates only serve to find good cuts.
    x, y = [(np.zeros(n), np.zeros(n)), (np.arange(n), np.zeros(n)), rng.random((2, n))][seed % 3]
    index = Index.build(n, tail, head, x, y)
    for _ in range(2):
        metric = index.metric(weight, usable, weight / 8)
        known = distances(n, tail, head, weight, usable)
        every = [[v] for v in range(n)]
        found, hours = metric.table(every, every)
        for s in range(n):
            for t in range(n):
                assert found[s, t] == known[s].get(t, FAR)
                assert found[s, t] == FAR or math.isclose(hours[s, t], known[s][t] / 8)
        for _ in range(10):
            starts, ends = rng.integers(0, n, 2).tolist(), rng.integers(0, n, 2).tolist()
            least = min((known[s][t] for s in starts for t in ends if t in known[s]), default=FAR)
            answer = metric.shortest(starts, ends)
            assert metric.distance(starts, ends) == least
            if answer is None:
                assert least == FAR
                continue
            assert answer[0] == least == sum(int(weight[a]) for a in answer[1])
            assert all(usable[a] for a in answer[1])
            assert all(head[a] == tail[b] for a, b in pairwise(answer[1]))
            if answer[1]:
                assert tail[answer[1][0]] in starts
                assert head[answer[1][-1]] in ends
        # Another vehicle, other closures: only the metric is new.
        weight, usable = rng.integers(0, 40, len(tail)), rng.random(len(tail)) < 0.7


def test_long_chain_lies_under_a_shallow_hierarchy() -> None:
    from mobility.hierarchy import Index

    n = 4096
    index = Index.build(n, np.arange(n - 1), np.arange(1, n), np.arange(n), np.zeros(n))
    depth = np.zeros(n + 1, int)
    for v in range(n - 1, -1, -1):
        depth[v] = depth[index.parent[v]] + 1
    assert depth.max() <= 4 * 12
    metric = index.metric(np.full(n - 1, 3))
    assert metric.distance([7], [4000]) == 3 * 3993
    assert metric.distance([4000], [7]) == FAR
    assert metric.shortest([7], [4000]) == (3 * 3993, list(range(7, 4000)))


# ---- tables of times and routes by the index


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(LIMITED), st.sampled_from(["any", "test-tracked", "test-wheeled"]), st.integers(0, 3))
def test_matrix_is_that_of_the_routes(tmp_path_factory: Any, drawn: Any, vehicle: str, shut: int) -> None:
    net = loaded(drawn[0], tmp_path_factory.mktemp("net"))
    ask: dict[str, Any] = {"vehicle": vehicle, "close": list(net.link_index)[:shut]}
    ids = list(net.node_index)
    answer = mb.matrix(net, ids, ids, **ask)
    arcs = compile_arcs(net, **ask)
    assert scale._metric(arcs, build=True) is not None
    by_index = scale._by_index(arcs, ids, ids)
    np.testing.assert_allclose(by_index, answer.hours, rtol=0, atol=1e-9)
    for i, a in enumerate(ids):
        assert answer.hours[i, i] == 0
        for j in {(i + 1) % len(ids), (i + 3) % len(ids)} - {i}:
            b = ids[j]
            best = mb.routes(net, [a], [b], k=1, **ask)
            assert (best.status == "ok") == np.isfinite(answer.hours[i, j])
            quick = scale.fastest(arcs, [a], [b])
            if best.routes:
                assert math.isclose(best.routes[0].time_h, answer.hours[i, j], abs_tol=1e-9)
                if quick is not None:
                    assert math.isclose(paths.make_route(arcs, quick[0]).time_h, best.routes[0].time_h, abs_tol=1e-9)
            else:
                assert not quick


def test_large_networks_ask_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    net = mb.load()
    plain = mb.routes(net, "Durrës", "Burgas", k=1, vehicle="wheeled-ifv")
    monkeypatch.setattr(paths, "INDEX_FROM", 10)
    mb.index(net)
    asked = []
    inner = scale.fastest

    def fastest(*given: Any) -> Any:
        asked.append(inner(*given))
        return asked[-1]

    monkeypatch.setattr(scale, "fastest", fastest)
    quick = mb.routes(net, "Durrës", "Burgas", k=1, vehicle="wheeled-ifv")
    assert asked[0] is not None
    assert quick.routes[0].time_h == plain.routes[0].time_h
    shut = plain.routes[0].links[3]
    closed = mb.routes(net, "Durrës", "Burgas", k=1, vehicle="wheeled-ifv", close=[shut])
    assert shut not in closed.routes[0].links
    assert asked[1] is not None
    # The same question finds its arcs at hand; one with a misspelt vehicle still hears of every fault.
    assert len(net.__dict__["_compiled"]) == 2
    mb.routes(net, "Durrës", "Burgas", k=1, vehicle="wheeled-ifv", close=[shut])
    assert len(net.__dict__["_compiled"]) == 2
    with pytest.raises(mb.InputError) as error:
        mb.routes(net, "Durres", "Burgas", k=1, vehicle="wheeled-if", modes="rod")
    assert len(error.value.findings) == 2


def test_matrix_tells_no_route_and_what_is_misspelt() -> None:
    net = mb.load()
    answer = mb.matrix(net, "Durrës, Bar", "Burgas, Durrës", modes="rail")
    frame = answer.to_frame()
    assert frame["status"].tolist() == ["no_route", "ok", "ok", "no_route"]
    assert frame["time_h"].isna().tolist() == [True, False, False, True]
    assert answer.to_dict()["time_h"][0] == [None, 0.0]
    assert answer.table().loc["AL_DURRES", "AL_DURRES"] == 0.0
    with pytest.raises(mb.InputError) as error:
        mb.matrix(net, "Durrëss", "Burgass", vehicle="tankk")
    assert len(error.value.findings) == 3


# ---- chains


def chained(pick: Any) -> tuple[Any, Any]:
    """Return a network whose links are cut into chains by places without a name."""
    tables, ask = build(pick, Shape(life=True, limits=True, borders=True))
    links, nodes = [], [{**n, "name": n["name"] or n["node_id"]} for n in tables.nodes]
    lies = {n["node_id"]: n["country"] for n in nodes}
    for row in tables.links:
        count = pick.count(1, 4)
        at = row["from_node"]
        for part in range(count):
            last = part == count - 1
            to = row["to_node"] if last else f"{row['link_id']}_{part}"
            if not last:
                country = pick.one([lies[row["from_node"]], lies[row["from_node"]], "AL"])
                nodes.append({"node_id": to, "name": "", "lat": 41.0, "lon": 20.0 + part, "country": country})
            turned = row["direction"] == "both" and pick.one([False, True])
            one = {**row, "link_id": f"{row['link_id']}.{part}", "length_km": pick.one([10, 7, 0])}
            one["from_node"], one["to_node"] = (to, at) if turned else (at, to)
            if "time_h" in row:
                one["time_h"] = pick.one([0.25, 1, 0.5])
            if row["mode"] == "road" and pick.one([True, False]):
                one["capacity_veh_h"] = pick.one([1, 3, 9])
                for limit, values in (("mlc_tracked", [100, 60]), ("max_height_m", [6.0, 3.6, None])):
                    one[limit] = pick.one(values)
            if row["mode"] == "rail" and "max_axle_t" in row:
                one["max_axle_t"] = pick.one([25, 20, 16])
            if pick.one([False, False, False, True]):
                one["asset_id"] = f"A{pick.count(0, 30)}"
            one["fail_probability"] = pick.one([0.1, 0.2])
            links.append(one)
            at = to
    tables.nodes[:], tables.links[:] = nodes, links
    return tables, ask


@st.composite
def chains(draw: Any) -> Any:
    return chained(Drawn(draw))


def same_answers(net: mb.Network, ask: Any, vehicle: str, shut: list[str]) -> scale.Compact:
    """Ask a network and its chains the same, and hold the answers against each other."""
    small = mb.compact(net)
    assert sorted(small.rows.tolist()) == list(range(len(net.link_index)))
    given = {"vehicle": vehicle, "close": shut}
    whole = mb.routes(net, ask.origins, ask.destinations, k=3, **given)
    drawn = small.routes(ask.origins, ask.destinations, k=3, **given)
    assert drawn.status == whole.status
    arcs = compile_arcs(net, **given)
    for a, b in zip(whole.routes, drawn.routes, strict=True):
        assert math.isclose(a.time_h, b.time_h, abs_tol=1e-5)
        # Expanded, it is a way through the whole network, and what is said of it holds there.
        graph = {(str(x), str(y)) for x, y in _steps(net)}
        assert all((x, y) in graph for x, y in pairwise(b.nodes))
        rows = [net.link_index[i] for i in b.links]
        assert all(arcs.link_open[r] for r in rows)
        assert math.isclose(b.length_km, sum(arcs.net.values("length_km").value[r] for r in rows), abs_tol=1e-9)
        assert math.isclose(
            b.time_h, net.hours(_own(arcs))[rows].sum() + b.wait_h + b.transfer_h, rel_tol=1e-9, abs_tol=1e-9
        )
        if a.links == b.links:
            assert (a.nodes, a.countries, a.modes, a.border_crossings) == (
                b.nodes,
                b.countries,
                b.modes,
                b.border_crossings,
            )
            assert a.permits == b.permits
            for number in ("unknown_km", "estimated_km", "estimated_limit_km"):
                assert math.isclose(getattr(a, number), getattr(b, number), abs_tol=1e-9)
    most, drawn_most = (
        mb.throughput(net, ask.origins, ask.destinations, **given),
        small.throughput(ask.origins, ask.destinations, **given),
    )
    assert math.isclose(most.vehicles_per_day, drawn_most.vehicles_per_day, abs_tol=1e-5)
    assert math.isclose(sum(c.vehicles_per_day for c in drawn_most.cut_items), most.vehicles_per_day, abs_tol=1e-5)
    cut = [c for c in drawn_most.cut if ":" not in c]
    if len(cut) == len(drawn_most.cut):
        # What the cut names, closed in the whole network, leaves nothing.
        left = mb.routes(net, ask.origins, ask.destinations, k=1, vehicle=vehicle, close=[*shut, *cut])
        assert left.status == "no_route" or not cut
    return small


def _steps(net: mb.Network) -> set[tuple[str, str]]:
    links = net.table("links")
    rows = zip(links["from_node"], links["to_node"], links["direction"], strict=True)
    return {pair for a, b, way in rows for pair in ([(a, b)] if way == "forward" else [(a, b), (b, a)])}


def _own(arcs: Any) -> Any:
    speed = {
        "road": arcs.vehicle.road_form.road_speed_kmh,
        "rail": arcs.vehicle.wagon and arcs.vehicle.wagon.max_speed_kmh,
    }
    mode = arcs.net.table("links")["mode"].tolist()
    return np.array([speed.get(m) or np.inf for m in mode])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chains(), st.sampled_from(["any", "test-tracked", "test-wheeled"]), st.integers(0, 2))
def test_chains_answer_as_their_links(tmp_path_factory: Any, drawn: Any, vehicle: str, shut: int) -> None:
    tables, ask = drawn
    net = loaded(tables, tmp_path_factory.mktemp("net"))
    same_answers(net, ask, vehicle, list(net.link_index)[:shut])


def test_chains_are_drawn_together_at_all(tmp_path: Path) -> None:
    gained = 0
    for seed in range(6):
        tables, ask = chained(Seeded(seed))
        net = loaded(tables, tmp_path / str(seed))
        small = same_answers(net, ask, "test-tracked", [])
        gained += len(net.link_index) - len(small.net.link_index)
    assert gained > 10


def line(**last: Any) -> mb.Network:
    """Return A - x - y - B by road; `last` are cells of the link from y to B."""
    row: dict[str, Any] = {
        "mode": "road",
        "length_km": 10.0,
        "speed_kmh": 40.0,
        "max_height_m": 5.0,
        "mlc_tracked": 80.0,
    }
    row |= {"capacity_veh_h": 9.0, "fail_probability": 0.1}
    ends = [("L1", "A", "x"), ("L2", "y", "x"), ("L3", "y", "B")]
    rows = [{"link_id": i, "from_node": a, "to_node": b, **row} for i, a, b in ends]
    rows[2] |= last
    nodes = [{"node_id": n, "name": n * n.isupper(), "lat": 41, "lon": 20 + i} for i, n in enumerate("AxyB")]
    return mb.Network.from_frames(nodes=pd.DataFrame(nodes), links=pd.DataFrame(rows))


def test_one_chain_has_sums_and_least_values() -> None:
    net = line(max_height_m=4.0, capacity_veh_h=3.0, asset_id="bridge")
    small = mb.compact(net)
    assert list(small.net.link_index) == ["L1+2"]
    row = small.net.table("links").iloc[0]
    assert (row["from_node"], row["to_node"], row["length_km"]) == ("A", "B", 30.0)
    assert (row["max_height_m"], row["capacity_veh_h"], row["mlc_tracked"]) == (4.0, 3.0, 80.0)
    assert row["fail_probability"] == pytest.approx(1 - 0.9**3)
    assert (row["parts"], row["asset_id"]) == ("L1;L2;L3", "bridge")
    assert small.links("L1+2") == ["L1", "L2", "L3"]
    assert small.chains(["L2"]) == ["L1+2"]
    back = small.routes("B", "A").routes[0]
    assert (back.links, back.nodes) == (("L3", "L2", "L1"), ("B", "y", "x", "A"))
    flow = small.throughput("A", "B")
    assert flow.cut == ("L3",)
    assert [(f.link_id, f.forward) for f in flow.links] == [("L1", True), ("L2", False), ("L3", True)]


@pytest.mark.parametrize(
    "last",
    [
        {"speed_kmh": 50.0}, {"mode": "rail"}, {"class": "motorway"}, {"status": "planned"}, {"mlc_tracked": None},
        {"estimated": "max_height_m"}, {"direction": "forward"}, {"corridors": "X"}, {"gauge_mm": 1520.0},
        {"time_h": 1.0}, {"confidence": "high"},
    ],
)  # fmt: skip
def test_what_could_matter_is_kept_apart(last: dict[str, Any]) -> None:
    assert list(mb.compact(line(**last)).net.link_index) == ["L1+1", "L3"]


def test_places_can_be_kept() -> None:
    small = mb.compact(line(), keep="x")
    assert list(small.net.link_index) == ["L1", "L2+1"]
    with pytest.raises(mb.InputError):
        mb.compact(line(), keep="z")


def test_a_ring_stays_as_it_is() -> None:
    nodes = pd.DataFrame([{"node_id": n, "lat": 41, "lon": 20 + i} for i, n in enumerate("abc")])
    rows = [
        {"link_id": a + b, "from_node": a, "to_node": b, "mode": "road", "length_km": 9} for a, b in ("ab", "bc", "ca")
    ]
    small = mb.compact(mb.Network.from_frames(nodes=nodes, links=pd.DataFrame(rows)))
    assert sorted(small.net.link_index) == ["ab", "bc", "ca"]


# ---- the command line


def test_matrix_and_index_as_commands() -> None:
    answer = run("matrix", "--from", "Durrës,Bar", "--to", "Skopje", "--modes", "road", "--format", "json").json
    best = run("routes", "--from", "Bar", "--to", "Skopje", "--modes", "road", "-k", "1", "--format", "json").json
    assert answer["time_h"][1][0] == pytest.approx(best["routes"][0]["time_h"])
    assert run("matrix", "--from", "Durrës", "--to", "Burgas", "--modes", "rail").code == 1
    assert run("matrix", "--from", "Durrëss", "--to", "Burgas").code == 2
    assert run("index", "--format", "json").json["arcs"] > 0


# ---- throughput with OR-Tools


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(Shape(assets=True)))
def test_flow_of_ortools_is_the_flow(drawn: Any) -> None:
    from mobility.flows import _by_ortools, flow_graph, solve

    pytest.importorskip("ortools")
    tables, ask = drawn
    frames = {
        name: pd.DataFrame(getattr(tables, name)) for name in ("nodes", "links", "terminals", "borders")
        if getattr(tables, name)
    }  # fmt: skip
    arcs = compile_arcs(mb.Network.from_frames(**frames))
    flowing = flow_graph(arcs, ask.origins, ask.destinations)
    value, _, near = solve(flowing)
    found = _by_ortools(flowing)
    if found is None:
        return
    assert found[0] == value
    np.testing.assert_array_equal(found[2], near)
    graph = flowing.graph
    balance = np.bincount(graph.tail, found[1], graph.size) - np.bincount(graph.head, found[1], graph.size)
    assert (found[1] >= 0).all()
    assert (found[1] <= flowing.capacity).all()
    inner = np.ones(graph.size, bool)
    inner[[graph.source, graph.sink]] = False
    assert (balance[inner] == 0).all()
    assert balance[graph.source] == value


def test_what_is_reached_is_the_same_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    from mobility import kernels

    rng = np.random.default_rng(1)
    size, arcs = 800, 1400
    tail, head = rng.integers(0, size, arcs), rng.integers(0, size, arcs)
    step_by_step = kernels.reached(size, tail, head, [3, 5])
    monkeypatch.setattr(kernels, "MANY", 0)
    at_once = kernels.reached(size, tail, head, [3, 5])
    assert step_by_step.sum() > 300
    np.testing.assert_array_equal(at_once, step_by_step)
    assert kernels.reached(size, tail, head, []).sum() == 0


# ---- real sizes


@pytest.mark.slow
def test_highways_of_the_world_are_as_far_as_scipy_says() -> None:
    known = pytest.importorskip("scgraph_data.world_highways", reason="the extra bench", exc_type=ImportError)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    from mobility.hierarchy import Index

    geograph = known.world_highways_geograph
    rows = [(u, v, km) for u, near in enumerate(geograph.graph) for v, km in near.items()]
    tail, head = (np.array([r[i] for r in rows], np.int32) for i in (0, 1))
    metres = np.maximum(1, np.rint([1000 * r[2] for r in rows])).astype(np.int64)
    lat, lon = np.array(geograph.nodes, float).T
    size = len(lat)
    assert size > 500_000
    metric = Index.build(size, tail, head, lon, lat).metric(metres)
    graph = csr_array((metres, (tail, head)), shape=(size, size))
    rng = np.random.default_rng(11)
    for s, t in rng.integers(0, size, (100, 2)).tolist():
        far = dijkstra(graph, indices=s)[t]
        assert (metric.distance(s, t) if np.isfinite(far) else np.inf) == far
        found = metric.shortest(s, t)
        assert (found is not None) == np.isfinite(far)
        if found is not None:
            assert sum(int(metres[a]) for a in found[1]) == found[0] == far


@pytest.mark.slow
def test_a_million_links_load_check_and_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOBILITY_CACHE", str(tmp_path / "cache"))
    folder, side = tmp_path / "net", 720
    folder.mkdir()
    rng = np.random.default_rng(5)
    place = np.arange(side * side)
    row, column = place // side, place % side
    with (folder / "nodes.csv").open("w") as file:
        file.write("node_id,lat,lon\n")
        file.writelines(
            f"n{i},{41 + r * 0.003:.4f},{18 + c * 0.004:.4f}\n"
            for i, (r, c) in enumerate(zip(row, column, strict=True))
        )
    pairs = np.concatenate(
        [
            np.c_[place[column < side - 1], place[column < side - 1] + 1],
            np.c_[place[row < side - 1], place[row < side - 1] + side],
        ]
    )
    height = rng.choice(np.array(["", "3.2", "4.5"]), len(pairs), p=[0.9, 0.02, 0.08])
    speed = rng.choice([30, 50, 90], len(pairs))
    with (folder / "links.csv").open("w") as file:
        file.write("link_id,from_node,to_node,mode,length_km,speed_kmh,max_height_m\n")
        file.writelines(
            f"w{i},n{a},n{b},road,0.4,{v},{h}\n"
            for i, ((a, b), v, h) in enumerate(zip(pairs.tolist(), speed, height, strict=True))
        )
    net = mb.load(folder)
    assert len(net.link_index) > 1_000_000
    assert not mb.check(net).errors
    origins, destinations = [f"n{i}" for i in (0, 5, 700)], [f"n{side * side - 1 - i}" for i in (0, 9)]
    times = mb.matrix(net, origins, destinations)
    best = mb.routes(net, origins, destinations, k=1).routes[0]
    assert best.time_h == pytest.approx(times.hours.min())
    shut = best.links[len(best.links) // 2]
    assert mb.routes(net, origins, destinations, k=1, close=[shut]).routes[0].time_h >= best.time_h
    flow = mb.throughput(net, origins, destinations)
    assert sum(c.vehicles_per_day for c in flow.cut_items) == pytest.approx(flow.vehicles_per_day)
    again = mb.load(folder)
    assert again.data_hash == net.data_hash
