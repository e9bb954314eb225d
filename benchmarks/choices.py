"""The choice of upgrades for throughput against one integer programme of flows and projects, in one run.

The peer has a variable for the flow on every arc and one for every project, and is solved by the same HiGHS (in SciPy);
here the programme knows projects only, and asks a maximum flow for a cut where it is wrong. Values are compared, and
the peer's set is asked for its flow here.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array

import mobility as mb
from mobility.arcs import compile_arcs
from mobility.flows import FlowGraph, flow_graph
from mobility.network import Network
from networks import far_pairs, generated

Row = tuple[str, float, str, float, bool]
Ends = tuple[list[str], list[str]]


def programme(
    net: Network, ends: Ends, ids: list[str], budget: float, options: Any, limit: float
) -> tuple[float, float]:
    """Return the best throughput of the one programme, and the seconds it took; projects touch links of their own."""
    start = time.perf_counter()
    before = compile_arcs(net, **options)
    after = compile_arcs(net.with_changes(upgrade=ids), **options)
    either = replace(after, open=before.open | after.open)
    grown: FlowGraph = flow_graph(either, *ends)
    graph = grown.graph
    n, m = graph.size, len(graph.tail)

    def room(arcs: Any) -> Any:
        return graph.spread(np.where(arcs.open, arcs.capacity, 0.0), np.inf)

    low, high = room(before), room(after)
    table = net.table("upgrades")
    owner = {
        net.link_index[k]: ids.index(u) for u, k in zip(table["upgrade_id"], table["link_id"], strict=True) if u in ids
    }
    real = graph.arc >= 0
    item = np.where(real & (after.kind[graph.arc] == 0), after.item[graph.arc], -1)
    project = np.array([owner.get(int(i), -1) for i in item])
    cost = table.groupby("upgrade_id")["cost_meur"].max()
    most = float(high[np.isfinite(high)].sum())
    # Flow on every arc, then projects, then the flow from source to sink.
    size = m + len(ids) + 1
    arcs = np.arange(m)
    row, column = np.r_[graph.head, graph.tail], np.r_[arcs, arcs]
    value = np.r_[np.ones(m), -np.ones(m)]
    row, column = np.r_[row, graph.source, graph.sink], np.r_[column, size - 1, size - 1]
    value = np.r_[value, 1.0, -1.0]
    balance = csr_array(coo_array((value, (row, column)), shape=(n, size)))
    bounded = np.flatnonzero((project >= 0) & (high != low))
    more = high[bounded] - low[bounded]
    rules = csr_array(
        coo_array(
            (
                np.r_[np.ones(len(bounded)), -more],
                (np.r_[np.arange(len(bounded)), np.arange(len(bounded))], np.r_[bounded, m + project[bounded]]),
            ),
            shape=(len(bounded), size),
        )
    )
    purse = np.zeros((1, size))
    purse[0, m : m + len(ids)] = [float(cost[u]) for u in ids]
    upper = np.r_[np.where(np.isfinite(high), high, most), np.ones(len(ids)), most]
    free = np.setdiff1d(arcs, bounded)
    upper[free] = np.where(np.isfinite(low[free]), low[free], most)
    found = milp(
        np.r_[np.zeros(size - 1), -1.0],
        constraints=[
            LinearConstraint(balance, 0, 0), LinearConstraint(rules, -np.inf, low[bounded]),
            LinearConstraint(purse, 0, budget),
        ],
        integrality=np.r_[np.zeros(m), np.ones(len(ids)), 0], bounds=Bounds(np.zeros(size), upper),
        options={"mip_rel_gap": 0.0, "time_limit": limit},
    )  # fmt: skip
    return (-1.0 if found.fun is None else -float(found.fun)), time.perf_counter() - start


def measure(name: str, net: Network, ends: Ends, ids: list[str], budget: float, options: Any, limit: float) -> Row:
    """Return one row."""
    ours = np.inf
    for _ in range(2):  # the first time loads what it needs
        start = time.perf_counter()
        answer = mb.upgrade(net, *ends, budget=budget, only=ids, frontier=False, **options)
        ours = min(ours, time.perf_counter() - start)
    best, theirs = programme(net, ends, ids, budget, options, limit)
    assert answer.proven
    assert answer.value is not None
    # Out of time the peer may have less, never more.
    agree = abs(best - answer.value) <= 1e-5 * max(1.0, answer.value) or (theirs >= limit and best < answer.value)
    note = "one integer programme in HiGHS" + (f", given up after {limit:.0f} s" if theirs >= limit else "")
    return f"upgrades {name}: best of {len(ids)} projects", ours, note, theirs, agree


def listed(net: Network, ends: Ends, count: int, seed: int = 4) -> Network:
    """Return the network with made-up projects on the links nearest to the ends, where the cuts are."""
    rng = np.random.default_rng(seed)
    nodes = net.table("nodes")[["lon", "lat"]].to_numpy(float)
    at = nodes[[net.node_index[n] for side in ends for n in side]]
    far = np.min(np.hypot(*(nodes[net.link_ends[0]][:, None, :] - at[None]).transpose(2, 0, 1)), axis=1)
    rows = np.argsort(far, kind="stable")[:count]
    links = net.table("links")
    upgrades = pd.DataFrame(
        {
            "upgrade_id": [f"U{i}" for i in range(count)],
            "link_id": links["link_id"].to_numpy(object)[rows],
            "set": [f"capacity_veh_h={4 * c:g}" for c in links["capacity_veh_h"].to_numpy(float)[rows]],
            "cost_meur": rng.integers(5, 60, count).astype(float),
        }
    )
    return Network.from_frames(nodes=net.table("nodes"), links=links, upgrades=upgrades)


def run(quick: bool) -> list[Row]:
    """Return rows of question, seconds of this package, peer, its seconds, and whether the answers agree."""
    shipped = mb.load()
    ends = ["AL_DURRES", "ME_BAR", "HR_PLOCE"], ["RO_CONSTANTA", "BG_BURGAS"]
    ids = ["UP07", "UP08", "UP09", "UP10", "UP14", "UP17", "UP19", "UP22", "UP25", "UP26", "UP32", "UP33"]
    rows = [measure("shipped", shipped, ends, ids, 1000.0, {"modes": "rail"}, 60.0)]
    big = generated(2_000, 6_000) if quick else generated()
    far = far_pairs(big, 1)[0]
    plan = listed(big, far, 60 if quick else 200)
    every = plan.table("upgrades")["upgrade_id"].tolist()
    return [*rows, measure("generated", plan, far, every, 150.0, {}, 20.0 if quick else 120.0)]
