"""Continental road network: index, vehicle, route and table against networkx, rustworkx and SciPy, in one run.

    python benchmarks/scale.py [--quick]

The network is `world_highways` of scgraph_data (the extra ``bench``: 560 000 places, 1.65 million directed links; its
first import takes a minute and 5 GB); without it, or with --quick, a generated one. Every answer is compared, the
distances of 100 pairs with those of SciPy.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from mobility.hierarchy import Index, Metric
from mobility.kernels import FAR

Array = np.ndarray[Any, Any]
Graph = tuple[str, Array, Array, Array, Array, Array]


def world() -> Graph:
    """Return name, tail, head, metres, lon and lat of the highways of the world."""
    from scgraph_data.world_highways import world_highways_geograph as known

    rows = [(u, v, km) for u, near in enumerate(known.graph) for v, km in near.items()]
    tail, head = (np.array([r[i] for r in rows], np.int32) for i in (0, 1))
    place = np.array(known.nodes, float)
    return "world_highways", tail, head, np.rint([1000 * r[2] for r in rows]).astype(np.int64), place[:, 1], place[:, 0]


def made_up() -> Graph:
    """Return the generated network of the other benchmarks."""
    from mobility.arcs import compile_arcs
    from networks import generated

    arcs = compile_arcs(generated())
    nodes = arcs.net.table("nodes")
    metres = np.rint(arcs.length_km * 1000).astype(np.int64)
    return (
        "generated",
        arcs.tail,
        arcs.head,
        metres,
        nodes["lon"].to_numpy()[arcs.place],
        nodes["lat"].to_numpy()[arcs.place],
    )


def run(quick: bool = False) -> list[tuple[str, float, str, float, bool]]:
    """Return rows of question, seconds of this package, peer, its seconds, and whether the answers agree."""
    real = not quick and importlib.util.find_spec("scgraph_data") is not None
    name, tail, head, weight, lon, lat = world() if real else made_up()
    size = len(lon)
    print(f"{name}: {size:,} places, {len(tail):,} directed links")
    tiny = np.array([0, 1], np.int32)
    # Compiled before the clock.
    Index.build(3, tiny, tiny + 1, np.zeros(3), np.zeros(3)).metric(tiny).table([[0]], [[2]])
    spent, index = timed(lambda: Index.build(size, tail, head, lon, lat))
    print(f"index, once for a topology: {spent:.1f} s, {len(index.upper):,} edges")
    spent, metric = timed(lambda: index.metric(weight))
    print(f"metric, for each vehicle and set of closures: {spent:.2f} s")
    rng = np.random.default_rng(7)
    pairs = rng.integers(0, size, (1000, 2)).tolist()
    metric.shortest(*pairs[0])
    each = [timed(lambda s=s, t=t: metric.distance(s, t))[0] for s, t in pairs]
    ways = [timed(lambda s=s, t=t: metric.shortest(s, t))[0] for s, t in pairs[:200]]
    ours, whole = statistics.median(each), statistics.median(ways)
    print(f"distance {1e6 * ours:.0f} us, route with its links {1e6 * whole:.0f} us")
    ends = [[v] for v in rng.integers(0, size, 1000).tolist()]
    spent = timed(lambda: metric.table(ends, ends))[0]
    print(f"table of 1000 x 1000: {spent:.2f} s")
    rows = [
        ("point to point", ours, peer, theirs, same)
        for peer, theirs, same in peers(size, tail, head, weight, metric, pairs)
    ]
    for what, own, peer, theirs, same in rows:
        told = "same" if same else "DIFFERENT"
        print(f"{what:16}{1e3 * own:9.3f} ms  {peer:12}{1e3 * theirs:9.1f} ms  {theirs / own:9,.0f}x  {told}")
    return rows


def timed(ask: Callable[[], Any]) -> tuple[float, Any]:
    """Return seconds of processor time, all threads together, and the answer."""
    start = time.process_time()
    answer = ask()
    return time.process_time() - start, answer


def peers(
    size: int, tail: Array, head: Array, weight: Array, metric: Metric, pairs: list[list[int]]
) -> list[tuple[str, float, bool]]:
    """Return each peer's seconds for a pair, building apart, and whether its distances are ours."""
    rows = []
    graph, spent, same = scipy_graph(size, tail, head, weight), [], True
    from scipy.sparse.csgraph import dijkstra

    for s, t in pairs[:100]:
        took, far = timed(lambda s=s: dijkstra(graph, indices=s))
        spent.append(took)
        same &= (metric.distance(s, t) if metric.distance(s, t) < FAR else np.inf) == far[t]
    rows.append(("SciPy", statistics.median(spent), bool(same)))
    for name, build in (("rustworkx", rustworkx_graph), ("networkx", networkx_graph)):
        if importlib.util.find_spec(name) is None:
            continue
        ask, spent, same = build(size, tail, head, weight), [], True
        for s, t in pairs[: 8 if name == "networkx" else 20]:
            took, far = timed(lambda s=s, t=t, ask=ask: ask(s, t))
            spent.append(took)
            same &= (metric.distance(s, t) if metric.distance(s, t) < FAR else None) == far
        rows.append((name, statistics.median(spent), bool(same)))
    return rows


def scipy_graph(size: int, tail: Array, head: Array, weight: Array) -> Any:
    """Return a sparse matrix; of parallel links the shortest, since SciPy would add them up."""
    from scipy.sparse import csr_array

    order = np.lexsort((weight, head, tail))
    t, h, w = tail[order], head[order], weight[order]
    first = np.r_[True, (t[1:] != t[:-1]) | (h[1:] != h[:-1])]
    # A stored zero would be no link.
    return csr_array((np.where(w[first] == 0, 1e-9, w[first]), (t[first], h[first])), shape=(size, size))


def rustworkx_graph(size: int, tail: Array, head: Array, weight: Array) -> Callable[[int, int], int | None]:
    """Return what asks rustworkx for a distance."""
    import rustworkx as rx

    graph = rx.PyDiGraph()
    graph.add_nodes_from(range(size))
    graph.add_edges_from(list(zip(tail.tolist(), head.tolist(), weight.tolist(), strict=True)))

    def ask(s: int, t: int) -> int | None:
        if s == t:
            return 0
        found = rx.dijkstra_shortest_path_lengths(graph, s, float, goal=t)
        return int(found[t]) if t in found else None

    return ask


def networkx_graph(size: int, tail: Array, head: Array, weight: Array) -> Callable[[int, int], int | None]:
    """Return what asks networkx for a distance, from both sides."""
    import networkx as nx

    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(size))
    graph.add_weighted_edges_from(zip(tail.tolist(), head.tolist(), weight.tolist(), strict=True))

    def ask(s: int, t: int) -> int | None:
        try:
            return int(nx.bidirectional_dijkstra(graph, s, t)[0])
        except nx.NetworkXNoPath:
            return None

    return ask


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="the generated network")
    if not all(row[-1] for row in run(parser.parse_args().quick)):
        raise SystemExit("answers differ")
