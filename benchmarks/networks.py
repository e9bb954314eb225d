"""Networks to measure on: the shipped one, and a generated one of 20 000 places and 60 000 links."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial import Delaunay

import mobility as mb


def generated(places: int = 20_000, links: int = 60_000, seed: int = 2) -> mb.Network:
    """Return a road network of a made-up region: a triangulation with parallel and one-way links.

    Speeds and capacities follow three classes; every number is made up and serves measuring only.
    """
    rng = np.random.default_rng(seed)
    xy = np.c_[rng.uniform(14, 29, places), rng.uniform(40, 47, places)]
    triangles = Delaunay(xy).simplices
    pairs = np.unique(np.sort(triangles[:, [0, 1, 1, 2, 0, 2]].reshape(-1, 2), axis=1), axis=0)
    if len(pairs) > links:
        pairs = pairs[np.sort(rng.choice(len(pairs), links, replace=False))]
    extra = pairs[rng.choice(len(pairs), links - len(pairs))]
    pairs = np.concatenate([pairs, extra])
    a, b = xy[pairs[:, 0]], xy[pairs[:, 1]]
    direct = np.hypot((a[:, 0] - b[:, 0]) * 78.0, (a[:, 1] - b[:, 1]) * 111.0)
    kind = rng.choice(3, links, p=[0.2, 0.35, 0.45])
    nodes = pd.DataFrame({"node_id": [f"N{i}" for i in range(places)], "lat": xy[:, 1], "lon": xy[:, 0]})
    table = pd.DataFrame(
        {
            "link_id": [f"L{i}" for i in range(links)],
            "from_node": [f"N{i}" for i in pairs[:, 0]],
            "to_node": [f"N{i}" for i in pairs[:, 1]],
            "mode": "road",
            "length_km": np.round(direct * rng.uniform(1.1, 1.4, links) + 0.05, 2),
            "speed_kmh": np.array([75.0, 55.0, 40.0])[kind],
            "capacity_veh_h": np.array([120.0, 60.0, 25.0])[kind] + rng.integers(0, 20, links),
            "direction": np.where(rng.random(links) < 0.03, "forward", "both"),
        }
    )
    return mb.Network.from_frames(nodes=nodes, links=table)


def far_pairs(net: mb.Network, count: int, seed: int = 5) -> list[tuple[list[str], list[str]]]:
    """Return questions from one of the westernmost places to one of the easternmost."""
    rng = np.random.default_rng(seed)
    nodes = net.table("nodes")
    order = nodes["node_id"].to_numpy(object)[np.argsort(nodes["lon"].to_numpy(float), kind="stable")]
    edge = max(8, len(order) // 20)
    west, east = order[:edge], order[-edge:]
    return [([str(rng.choice(west))], [str(rng.choice(east))]) for _ in range(count)]
