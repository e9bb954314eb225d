"""Hazards against published ground motions, closed forms, quadrature, enumeration and single questions."""

from __future__ import annotations

import json
import math
from importlib import import_module
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.integrate import quad
from scipy.stats import norm

import mobility as mb
from mobility import montecarlo as mc
from mobility.arcs import compile_arcs
from mobility.cli import main

hz: Any = import_module("mobility.hazard")  # `mb.hazard` is the function

NET = mb.load()
SKOPJE = mb.Earthquake(41.9965, 21.4314, 6.1)
EVERYWHERE = (42.0, 21.0, 500.0)

COUNTS = [
    {"fragility_id": "n", "hazard": "any", "asset": "bridge", "mode": "road", "per_km": 0.5, "mountain_per_km": 0.5}
]
BRIDGE = {
    "fragility_id": "b", "hazard": "earthquake", "asset": "bridge", "mode": "road", "measure": "pga_g", "slight": 0.1,
    "moderate": 0.2, "extensive": 0.3, "complete": 0.6, "beta": 0.5, "out_from": "extensive", "slight_days": 1,
    "moderate_days": 3, "extensive_days": 40, "complete_days": 200, "slight_days_sd": 0, "moderate_days_sd": 0,
    "extensive_days_sd": 0, "complete_days_sd": 0,
}  # fmt: skip
PORT = {**BRIDGE, "fragility_id": "p", "asset": "port", "mode": "any"}
DEEP = {**BRIDGE, "fragility_id": "f", "hazard": "flood", "measure": "depth_m"}


def network(*links: tuple[str, str, str, float, float], more: dict[str, Any] | None = None) -> mb.Network:
    """Return roads between places on a line by 42 N, 0.1 degrees apart; a link is id, ends, km and vehicles an hour."""
    places = sorted({p for _, a, b, _, _ in links for p in (a, b)})
    nodes = [{"node_id": p, "lat": 42.0, "lon": 21.0 + 0.1 * i, "kind": "city"} for i, p in enumerate(places)]
    table = [
        {"link_id": i, "from_node": a, "to_node": b, "mode": "road", "class": "primary", "length_km": km,
         "speed_kmh": 50, "capacity_veh_h": per_h, **(more or {}).get(i, {})}
        for i, a, b, km, per_h in links
    ]  # fmt: skip
    return mb.Network.from_frames(
        nodes=pd.DataFrame(nodes), links=pd.DataFrame(table), fragility=pd.DataFrame([*COUNTS, BRIDGE, PORT, DEEP])
    )


def by_unit(found: Any) -> dict[str, float]:
    return dict(zip(found.ids, found.probability.tolist(), strict=True))


# ---- ground motion


@pytest.mark.parametrize(
    ("magnitude", "distance", "site", "pga", "sa"),
    [
        # Verification table of OpenQuake for this relation: means for hypocentral distance, ground types of
        # Eurocode 8 (850, 570, 300 and 150 m/s), any style of faulting.
        (4.5, 0.0, "A", 1.17804037e-01, 2.21657274e-02),
        (4.5, 100.0, "D", 1.24783741e-03, 8.47438141e-04),
        (5.5, 20.0, "C", 9.89564370e-02, 4.64948634e-02),
        (6.5, 20.0, "B", 2.24644299e-01, 1.56727380e-01),
        (6.5, 50.0, "B", 5.63005853e-02, 4.60865317e-02),
        (7.5, 50.0, "A", 1.30766437e-01, 1.12827005e-01),
        (7.5, 100.0, "D", 7.44856822e-02, 1.66250081e-01),
    ],
)
def test_ground_motion_is_the_published_one(
    magnitude: float, distance: float, site: str, pga: float, sa: float
) -> None:
    assert float(hz.ground_motion(magnitude, distance, site=site)) == pytest.approx(pga, rel=1e-4)
    assert float(hz.ground_motion(magnitude, distance, measure="sa10_g", site=site)) == pytest.approx(sa, rel=1e-4)


def test_ground_motion_by_hand() -> None:
    # M 6.1 at 10 km on ground B: magnitude 0.144291 x -0.65 - 0.0660811 x 0.4225 = -0.121709; distance
    # (-1.75212 + 0.150507 x 0.6) x log10(sqrt(100 + 53.6105)) = -1.661816 x 1.093210 = -1.816712; with 4.36693 and
    # 0.143778 that is 2.572287, or 373.50 cm/s2.
    assert float(hz.ground_motion(6.1, 10.0)) == pytest.approx(373.50 / 980.665, rel=2e-4)


@pytest.mark.parametrize("measure", ["pga_g", "sa10_g"])
def test_ground_motion_falls_with_distance_and_grows_with_magnitude(measure: str) -> None:
    far = hz.ground_motion(6.0, np.linspace(0.0, 300.0, 400), measure=measure)
    strong = [float(hz.ground_motion(m, 30.0, measure=measure)) for m in np.linspace(4.0, 7.6, 60)]
    assert (np.diff(far) < 0).all()
    assert (np.diff(strong) > 0).all()


# ---- probabilities


def curves() -> list[Any]:
    table = hz.fragilities(NET)
    return [hz._curve(row, SKOPJE) for row in table[table["hazard"] != "any"].itertuples(index=False)]


@pytest.mark.parametrize("curve", curves(), ids=lambda c: c.id)
def test_at_its_median_a_state_is_as_likely_as_not(curve: Any) -> None:
    for state, median in enumerate(curve.median):
        if not math.isnan(median):
            assert curve.chance(np.array([median]))[state, 0, 0] == pytest.approx(0.5)
            at = math.exp(curve.beta) * median  # one standard deviation above: 0.8413
            assert curve.chance(np.array([at]))[state, 0, 0] == pytest.approx(0.841345, abs=1e-6)
            assert curve.chance(np.array([0.0]))[state, 0, 0] == 0


def test_the_shipped_curves_are_whole() -> None:
    table = hz.fragilities(NET)
    fails = table[table["hazard"] != "any"]
    for row in fails.itertuples(index=False):
        medians = [m for m in (row.slight, row.moderate, row.extensive, row.complete) if m == m]
        assert medians == sorted(medians), row.fragility_id
        assert not math.isnan(getattr(row, row.out_from)), row.fragility_id
        times = [row.slight_days, row.moderate_days, row.extensive_days, row.complete_days]
        assert times == sorted(times), row.fragility_id
    assert (table["source"] != "").all()
    assert (table["confidence"] == "low").all()
    counts = table[table["hazard"] == "any"]
    assert counts["estimated"].str.contains("per_km").all()
    for asset, mode in set(zip(counts["asset"], counts["mode"], strict=True)):
        for hazard in ("earthquake", "flood"):
            found = fails[(fails["hazard"] == hazard) & (fails["asset"] == asset)]
            assert found["mode"].isin([mode, "any"]).any(), (asset, mode, hazard)


def test_n_bridges_in_an_area_are_out_by_the_closed_form() -> None:
    net = network(("L", "A", "B", 10, 100))
    found = hz.exposure(net, mb.Area(EVERYWHERE, 0.1))
    assert by_unit(found) == {"L": pytest.approx(1 - 0.9**5)}  # half a bridge on a kilometre, ten kilometres
    assert found.structures.tolist() == [5.0]
    assert found.exposed_km.tolist() == [10.0]


@pytest.mark.parametrize("correlated", [True, False])
def test_a_link_in_an_earthquake_is_out_as_quadrature_says(correlated: bool) -> None:
    net = network(("L", "A", "B", 4, 100))
    quake = mb.Earthquake(42.2, 21.05, 6.5, depth_km=12.0, site="A")
    # The drawn line is 0.1 degrees of longitude by 42 N; four pieces, half a bridge on each. Spherical distances.
    at = [21.0 + 0.1 * (k + 0.5) / 4 for k in range(4)]
    east, north = [111.32 * math.cos(math.radians(42.1)) * (x - 21.05) for x in at], 0.2 * 111.08
    pga = [float(hz.ground_motion(6.5, math.hypot(math.hypot(x, north), 12.0), site="A")) for x in east]
    tau, phi = 0.195249 * math.log(10), 0.284622 * math.log(10)
    if not correlated:
        tau, phi = 0.0, math.hypot(tau, phi)

    def stands(term: float) -> float:
        each = [norm.cdf(math.log(m / 0.3) / math.hypot(0.5, phi) + tau * term / math.hypot(0.5, phi)) for m in pga]
        return math.prod(1 - p for p in each) ** 0.5

    whole = quad(lambda t: stands(t) * norm.pdf(t), -8, 8)[0]
    assert by_unit(hz.exposure(net, quake, correlated=correlated))["L"] == pytest.approx(1 - whole, rel=2e-3)


def test_nothing_outside_an_area_is_out(tmp_path: Path) -> None:
    net = network(("L", "A", "B", 10, 100), ("M", "B", "C", 10, 100), ("N", "C", "D", 10, 100))
    box = {"type": "Polygon", "coordinates": [[[20.9, 41.9], [21.1, 41.9], [21.1, 42.1], [20.9, 42.1], [20.9, 41.9]]]}
    file = tmp_path / "water.geojson"
    file.write_text(json.dumps(box), encoding="utf-8")
    for where in (str(file), file):
        assert set(by_unit(hz.exposure(net, mb.Flood(where, 0.3)))) == {"L"}
    # 8.28 km to a tenth of a degree: within 4.2 km of B lie the five nearest pieces of ten on either side.
    found = hz.exposure(net, mb.Area((42.0, 21.1, 4.2), 1.0))
    assert by_unit(found) == {"L": 1.0, "M": 1.0}
    assert found.exposed_km.tolist() == [5.0, 5.0, 0.0]
    assert by_unit(hz.exposure(net, mb.Area((50.0, 10.0, 20.0), 1.0))) == {}


def test_depth_decides_in_a_flood() -> None:
    net = network(("L", "A", "B", 2, 100))  # one bridge
    found = by_unit(hz.exposure(net, mb.Flood(EVERYWHERE, 0.3)))["L"]
    assert found == pytest.approx(0.5, abs=1e-6)  # the depth is the median
    both = math.hypot(0.5, hz.DEPTH_SPREAD)
    deep = by_unit(hz.exposure(net, mb.Flood(EVERYWHERE, 0.3 * math.exp(both)), correlated=False))["L"]
    assert deep == pytest.approx(norm.cdf(1.0))
    assert mb.Flood.of_return_period(EVERYWHERE, 500).depth_m > mb.Flood.of_return_period(EVERYWHERE, 10).depth_m


def test_links_of_one_structure_and_of_one_port_are_out_together() -> None:
    sea = {"mode": "sea", "class": "", "speed_kmh": 30, "capacity_sailings_day": 1, "ship_lane_m": 1000}
    net = network(
        ("L", "A", "B", 2, 100), ("M", "A", "B", 2, 100), ("S", "B", "C", 90, 1), ("T", "B", "D", 90, 1),
        more={"L": {"asset_id": "big"}, "M": {"asset_id": "big"}, "S": sea, "T": sea},
    )  # fmt: skip
    nodes = net.nodes.drop(columns="geometry").assign(kind=["city", "seaport", "seaport", "city"])
    net = mb.Network.from_frames(nodes=nodes, links=net.links, fragility=net.frame("fragility"))
    found = hz.exposure(net, mb.Area((42.0, 21.05, 6.0), 0.3))
    assert by_unit(found) == {"big": pytest.approx(1 - 0.7**2), "port:B": pytest.approx(0.3)}
    links = net.table("links")["link_id"].tolist()
    assert [[links[r] for r in rows] for rows in found.rows] == [["L", "M"], ["S", "T"]]
    assert found.failures().groups == ("port:B",)


# ---- samples


@pytest.mark.parametrize("correlated", [True, False])
def test_samples_are_out_as_often_as_computed(correlated: bool) -> None:
    found = hz.exposure(NET, SKOPJE, correlated=correlated)
    out = np.concatenate([hz.sample_days(found, 7, b) for b in range(20)]) > 0
    error = np.sqrt(found.probability * (1 - found.probability) / len(out))
    assert (abs(out.mean(axis=0) - found.probability) < 4.5 * error + 2e-4).all()


def test_a_common_term_spreads_the_number_that_is_out() -> None:
    def number(correlated: bool) -> np.ndarray:
        found = hz.exposure(NET, SKOPJE, correlated=correlated)
        return (np.concatenate([hz.sample_days(found, 3, b) for b in range(10)]) > 0).sum(axis=1)

    together, alone = number(True), number(False)
    p = hz.exposure(NET, SKOPJE, correlated=False).probability
    assert alone.var() == pytest.approx(float((p * (1 - p)).sum()), rel=0.08)  # independent: variances add up
    assert together.var() > 1.5 * alone.var()


def test_damage_takes_as_long_as_its_state_says() -> None:
    net = network(("L", "A", "B", 2, 100))  # one bridge; 40 days when extensive, 200 when complete, no scatter
    found = hz.exposure(net, mb.Flood(EVERYWHERE, 0.4), correlated=False)
    days = np.concatenate([hz.sample_days(found, 1, b)[:, 0] for b in range(20)])
    assert set(np.unique(days).tolist()) == {0.0, 40.0, 200.0}
    both = math.hypot(0.5, hz.DEPTH_SPREAD)
    for above, theta in ((0, 0.3), (40, 0.6)):
        p = norm.cdf(math.log(0.4 / theta) / both)
        assert (days > above).mean() == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / len(days)))


def test_the_same_seed_gives_the_same_answer() -> None:
    net = network(("L", "A", "B", 10, 100), ("M", "A", "C", 10, 50), ("N", "C", "B", 10, 50))
    ask: dict[str, Any] = {"event": mb.Area(EVERYWHERE, 0.1), "runs": 150}
    one, two = (mb.hazard(net, "A", "B", seed=4, **ask).to_dict() for _ in range(2))
    assert one == two
    assert mb.hazard(net, "A", "B", seed=5, **ask).to_dict()["lost_vehicles_per_day"] != one["lost_vehicles_per_day"]


# ---- losses


def test_losses_are_those_of_the_links_closed() -> None:
    net = network(("L", "A", "B", 10, 100), ("M", "A", "C", 30, 50), ("N", "C", "B", 30, 50))
    base = mb.throughput(net, "A", "B")
    without = mb.throughput(net, "A", "B", close=["L"])
    slow, fast = (mb.routes(net, "A", "B", close=c).routes[0].time_h for c in (["L"], []))
    # C lies a degree to the north, so a circle about the middle of A to B takes L alone, for certain.
    nodes = net.nodes.drop(columns="geometry").assign(lat=[42.0, 42.0, 43.0])
    net = mb.Network.from_frames(nodes=nodes, links=net.links, fragility=net.frame("fragility"))
    found = mb.hazard(net, "A", "B", event=mb.Area((42.0, 21.05, 0.6), 1.0), runs=40)
    assert [(x.link_id, x.probability) for x in found.links] == [("L", 1.0)]
    assert found.vehicles_per_day == base.vehicles_per_day
    assert found.lost is not None
    assert found.delay is not None
    assert found.lost.minimum == found.lost.maximum == base.vehicles_per_day - without.vehicles_per_day == 2400
    assert found.delay.minimum == found.delay.maximum == pytest.approx(slow - fast)


def test_loss_and_recovery_by_enumeration() -> None:
    net = network(("L", "A", "B", 10, 100), ("M", "A", "B", 20, 40))
    q = 0.08
    event = mb.Area(EVERYWHERE, q)
    found = mb.hazard(net, "A", "B", event=event, runs=4000, seed=2)
    out = {"L": 1 - (1 - q) ** 5, "M": 1 - (1 - q) ** 10}
    assert {x.link_id: pytest.approx(x.probability) for x in found.links} == out
    lost = 24 * (100 * out["L"] + 40 * out["M"])
    assert found.lost is not None
    assert found.connection is not None
    assert found.triangle_days is not None
    assert abs(found.lost.mean - lost) < 4 * found.lost.standard_error
    assert found.connection.share == pytest.approx(1 - out["L"] * out["M"], abs=4 * found.connection.standard_error)
    # Every repair takes 40 days, so the triangle is 40 days of what is lost.
    assert found.triangle_days.mean == pytest.approx(40 * found.lost.mean / found.vehicles_per_day)
    assert [r.day for r in found.curve] == [0, 1, 3, 7, 14, 30, 40]
    assert found.curve[-1] == hz.Recovery(40, 1.0, 1.0, 1.0, 1.0)
    assert all(r.mean == found.curve[0].mean for r in found.curve[:-1])
    assert found.curve[0].mean == pytest.approx(1 - found.lost.mean / found.vehicles_per_day)


@pytest.mark.parametrize("runs", [20, 300])
def test_every_curve_rises_and_ends_whole(runs: int) -> None:
    found = mb.hazard(NET, "Durrës", "Sofia", event=mb.Earthquake(41.4, 19.8, 7.0), modes="road", runs=runs)
    for name in ("mean", "p10", "p50", "p90"):
        values = [getattr(r, name) for r in found.curve]
        assert values == sorted(values), name
        assert values[-1] == 1.0, name
    assert found.curve[0].mean < 1
    assert found.full_days is not None
    assert found.curve[-1].day == math.ceil(found.full_days.maximum)
    plan = found.plan
    assert plan is not None
    assert plan.steps[-1].share <= max(s.share for s in plan.steps) == 1.0
    for crew in (1, 2):
        mine = [s for s in plan.steps if s.crew == crew]
        assert [s.start_day for s in mine[1:]] == [s.end_day for s in mine[:-1]]


def test_plain_and_compiled_kernels_agree_on_what_is_left() -> None:
    arcs = compile_arcs(NET, modes="road")
    found = hz.exposure(arcs.net, mb.Earthquake(41.4, 19.8, 7.0), usable=arcs.link_open)
    case = mc.prepare_case(arcs, ["AL_DURRES"], ["BG_SOFIA"], found.failures())
    assert case is not None
    sets = [np.flatnonzero(row).tolist() for row in hz.sample_days(found, 1, 0)[:60]]
    for plain, fast in zip(
        hz._flows(case, mc.PlainSampler(case, True), sets), hz._flows(case, mc.sampler(case, 10_000), sets), strict=True
    ):
        assert np.allclose(plain, fast)


# ---- repairs


def cost(order: tuple[int, ...], length: dict[int, float], share: Any, crews: int) -> float:
    """Return the days of throughput lost, hour by hour of a fine clock."""
    free, ends = [0.0] * crews, {}
    for u in order:
        crew = free.index(min(free))
        free[crew] += length[u]
        ends[u] = free[crew]
    step = 0.5
    return sum(
        step * (1 - share(frozenset(u for u, end in ends.items() if end > t)))
        for t in np.arange(0.0, max(free), step).tolist()
    )


@pytest.mark.parametrize("crews", [1, 2, 3])
@pytest.mark.parametrize("seed", range(6))
def test_no_order_of_up_to_six_loses_less(seed: int, crews: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 6))
    length = {u: float(rng.integers(1, 20)) for u in range(n)}
    worth = rng.dirichlet(np.ones(n))
    pair = set(rng.choice(n, 2, replace=False).tolist())  # these two restore what they are worth only together

    def share(closed: frozenset[int]) -> float:
        lost = [u for u in range(n) if u in closed or (u in pair and pair & closed)]
        return 1.0 - float(worth[lost].sum())

    order, proven = hz.repair_order(length, share, crews)
    assert proven
    assert hz.schedule(order, length, share, crews)[1] == pytest.approx(cost(tuple(order), length, share, crews))
    best = min(cost(o, length, share, crews) for o in permutations(range(n)))
    assert hz.schedule(order, length, share, crews)[1] == pytest.approx(best)


def test_with_one_crew_the_greedy_order_is_that_of_smith() -> None:
    # What adds up is best done by worth for each day (Smith 1956).
    rng = np.random.default_rng(3)
    length = {u: float(d) for u, d in enumerate(rng.uniform(1, 30, 12))}
    worth = rng.dirichlet(np.ones(12))
    order, proven = hz.repair_order(length, lambda out: 1.0 - float(sum(worth[u] for u in out)), 1)
    assert not proven
    assert order == sorted(length, key=lambda u: -worth[u] / length[u])


def test_what_restores_nothing_alone_is_repaired_with_its_way() -> None:
    # Two ways of four links each, all down: the greedy order finishes the quicker and better way first.
    net = network(
        ("a1", "A", "B", 10, 100), ("a2", "B", "C", 10, 100), ("a3", "C", "D", 10, 100), ("a4", "D", "Z", 10, 100),
        ("b1", "A", "E", 10, 30), ("b2", "E", "F", 10, 30), ("b3", "F", "G", 10, 30), ("b4", "G", "Z", 10, 30),
    )  # fmt: skip
    found = mb.hazard(net, "A", "Z", event=mb.Area(EVERYWHERE, 1.0), runs=5, crews=1)
    plan = found.plan
    assert plan is not None
    assert not plan.proven
    assert {s.unit for s in plan.steps[:4]} == {"a1", "a2", "a3", "a4"}
    assert [round(s.share, 6) for s in plan.steps] == [0, 0, 0, round(100 / 130, 6)] + [round(100 / 130, 6)] * 3 + [1]
    # 160 days with nothing, then 160 days with 100 of 130.
    assert plan.triangle_days == pytest.approx(160 + 160 * 30 / 130)
    assert found.connection is not None
    assert found.connection.share == 0
    assert found.delay is None


# ---- the shipped network


def test_an_earthquake_as_that_of_1963_is_one_for_skopje() -> None:
    found = mb.hazard(NET, "Durrës", "Burgas", event=SKOPJE, runs=200)
    risk = {x.link_id: x for x in found.links}
    lines = NET.links
    near = lines.cx[21.33:21.53, 41.95:42.05]
    near = near[near["status"].eq("operational") & near["mode"].isin(["road", "rail"])]
    assert max(risk[i].probability for i in near.index) > 0.4
    # Bulletins put the peak acceleration of 1963 at 0.3 to 0.4 g under the town.
    assert 0.25 < max(x.intensity for x in risk.values()) < 0.5
    at_burgas = set(lines.index[(lines["from_node"] == "BG_BURGAS") | (lines["to_node"] == "BG_BURGAS")])
    assert at_burgas
    assert not at_burgas & set(risk)
    assert found.connection is not None
    assert found.connection.share == 1.0
    stronger = hz.exposure(NET, mb.Earthquake(41.9965, 21.4314, 6.9))
    weaker = by_unit(hz.exposure(NET, SKOPJE))
    assert all(p >= weaker.get(i, 0.0) for i, p in by_unit(stronger).items())


def test_a_network_without_fragilities_takes_the_shipped_ones() -> None:
    bare = mb.Network.from_frames(nodes=NET.nodes, links=NET.links)
    assert hz.fragilities(bare).equals(hz.fragilities(NET))


# ---- questions


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two roads in a row."""
    target = tmp_path_factory.mktemp("hazard") / "net"
    network(("L", "A", "B", 10, 100), ("M", "B", "C", 10, 50)).save(target)
    return target


def test_faults_are_told_together() -> None:
    with pytest.raises(mb.InputError) as found:
        mb.Earthquake(95.0, 21.0, 9.0, depth_km=80, site="Z")
    assert len(found.value.findings) == 4
    with pytest.raises(mb.InputError) as found:
        mb.hazard(NET, "Nowhere", "Burgas", event=SKOPJE, runs=0, seed=-1, crews=0)
    assert len(found.value.findings) == 4
    with pytest.raises(mb.InputError, match="radius"):
        mb.Flood((42.0, 21.0, 0.0))
    with pytest.raises(mb.InputError, match="probability"):
        mb.Area(EVERYWHERE, 1.5)
    with pytest.raises(mb.InputError, match="return period"):
        mb.Flood.of_return_period(EVERYWHERE, 70)


def test_the_command_says_what_the_function_says() -> None:
    line = ["hazard", "--earthquake", "41.9965,21.4314,6.1", "--from", "Durrës", "--to", "Sofia", "--modes", "road"]
    line += ["--runs", "60", "--seed", "3", "--quiet"]
    got = CliRunner().invoke(main, [*line, "--format", "json"])
    assert got.exit_code == 0, got.output
    answer = mb.hazard(NET, "Durrës", "Sofia", event=SKOPJE, runs=60, seed=3, modes="road")
    assert json.loads(got.stdout) == json.loads(json.dumps(answer.to_dict()))


def test_the_table_fits_and_csv_has_a_row_for_each_link(folder: Path) -> None:
    line = ["hazard", "--area", "42,21.05,60", "--intensity", "0.3", "--from", "A", "--to", "C", "--quiet"]
    line += ["--network", str(folder), "--runs", "50"]
    table = CliRunner().invoke(main, line).stdout
    assert "no figure is a forecast of damage" in " ".join(table.split())
    assert "No order loses less." in table
    assert all(len(row) <= 80 for row in table.splitlines())
    rows = CliRunner().invoke(main, [*line, "--format", "csv"]).stdout.splitlines()
    assert rows[0] == "link_id,probability,intensity,exposed_km,structures"
    assert sorted(row.split(",")[0] for row in rows[1:]) == ["L", "M"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "give one of --earthquake, --flood, --area"),
        (["--earthquake", "42,21"], "LAT,LON,MAG"),
        (["--earthquake", "42,21,x"], "LAT,LON,MAG"),
        (["--earthquake", "42,21,9"], "magnitude"),
        (["--earthquake", "nan,21,6"], "degrees"),
        (["--flood", "45,18"], "no circle"),
        (["--flood", "nothing.geojson"], "cannot be read"),
        (["--flood", "45,18,20", "--depth", "1", "--return-period", "100"], "not both"),
        (["--flood", "45,18,20", "--return-period", "7"], "return period"),
        (["--earthquake", "42,21,6", "--depth", "1"], "belong to --flood"),
        (["--area", "45,18,20"], "belong together"),
        (["--area", "45,18,20", "--intensity", "2"], "probability"),
    ],
)
def test_bad_input_is_told_without_a_traceback(folder: Path, given: list[str], says: str) -> None:
    got = CliRunner().invoke(main, ["hazard", "--network", str(folder), "--from", "A", "--to", "C", *given])
    assert got.exit_code == 2
    assert says in got.stderr
    assert "Traceback" not in got.stderr


# ---- the map


@pytest.mark.parametrize(("magnitude", "depth", "site"), [(6.1, 10.0, "B"), (7.2, 0.0, "D"), (5.0, 30.0, "A")])
def test_a_ring_lies_where_the_median_is_its_level(magnitude: float, depth: float, site: str) -> None:
    quake = mb.Earthquake(42.0, 21.0, magnitude, depth, site)
    above = float(hz.ground_motion(magnitude, depth, site=site))
    for level in (0.02, 0.05, 0.1, 0.2, 0.4, 0.8):
        far = hz.felt_to_km(quake, level)
        if level > above:
            assert far == 0
            continue
        there = float(hz.ground_motion(magnitude, math.hypot(far, depth), site=site))
        assert there == pytest.approx(level, rel=2e-3) or math.hypot(far, depth) > 299
        east, north = hz.event_ring(42.0, 21.0, far)
        # at 42 N a degree of latitude is 111.1 km long, one of longitude 82.8
        assert np.hypot((east - 21) * 82.8, (north - 42) * 111.1) == pytest.approx(
            np.full(121, far), rel=0.03, abs=0.05
        )


def test_the_command_draws_what_the_function_found(folder: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "map.png"
    asked = [
        "--from",
        "A",
        "--to",
        "C",
        "--flood",
        "42,21.05,15",
        "--depth",
        "2.5",
        "--runs",
        "80",
        "--network",
        str(folder),
    ]
    done = CliRunner().invoke(main, ["map", "hazard", *asked, "--out", str(drawn), "--dpi", "40"])
    assert done.exit_code == 0, done.output
    answer = mb.hazard(mb.load(folder), "A", "C", event=mb.Flood((42.0, 21.05, 15.0), 2.5), runs=80)
    words = drawn.with_name("map.png.caption.txt").read_text("utf-8")
    assert "Flood of 2.5 m within 15 km of 42 N 21.05 E" in words
    assert hz.CAVEAT in words
    for r in answer.curve:
        assert f"day {r.day:g} " in words
    table = pd.read_csv(drawn.with_name("map.png.csv"), keep_default_na=False).set_index("link_id")
    told = {k: float(v) for k, v in table["value"].items() if v != ""}
    assert told == {x.link_id: pytest.approx(x.probability, rel=1e-5) for x in answer.links if x.probability >= 0.005}
    assert (table.loc[list(told), "estimated"] == "yes").all()
    assert (table.loc[list(told), "confidence"] == "low").all()
