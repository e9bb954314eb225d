"""Distances that are well known come out of the tables within 5 %, measured without the solver.

``cases/distances.csv`` holds published figures (or figures from memory, marked "recalled"). The way is the
shortest by length on the raw link tables, so a length that is too long or a trunk line that is missing shows.
"""

from __future__ import annotations

import csv
from pathlib import Path

import networkx as nx
import pytest

from mobility.network import shipped

TOLERANCE = 0.05
EXCEPTIONS = {
    ("road", "BG_SOFIA", "BX_VIDINCALAFAT"): "published by the Petrohan pass (road 81), which the tables leave out",
}


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


CASES = rows(Path(__file__).parent / "cases" / "distances.csv")
NODES = {r["node_id"]: r for r in rows(shipped() / "nodes.csv")}


def network(mode: str) -> nx.Graph:
    """Return the open links of one mode; of parallel links the shortest."""
    graph = nx.Graph()
    for r in rows(shipped() / "links" / f"{mode}.csv"):
        if r["status"] == "operational":
            a, b, km = r["from_node"], r["to_node"], float(r["length_km"])
            if not graph.has_edge(a, b) or km < graph[a][b]["km"]:
                graph.add_edge(a, b, km=km)
    return graph


GRAPHS = {mode: network(mode) for mode in ("road", "rail")}


def off(case: dict[str, str]) -> float:
    """Return by what share the network's shortest way is longer than the published one."""
    found = nx.shortest_path_length(GRAPHS[case["mode"]], case["from"], case["to"], weight="km")
    return float(found) / float(case["km"]) - 1


def key(case: dict[str, str]) -> tuple[str, str, str]:
    return case["mode"], case["from"], case["to"]


@pytest.mark.parametrize("case", [c for c in CASES if key(c) not in EXCEPTIONS], ids=lambda c: "-".join(key(c)))
def test_a_known_distance_is_within_five_percent(case: dict[str, str]) -> None:
    assert abs(off(case)) <= TOLERANCE, f"{off(case):+.1%} against {case['km']} km ({case['source']})"


@pytest.mark.parametrize("pair", sorted(EXCEPTIONS), ids="-".join)
def test_an_exception_is_still_one(pair: tuple[str, str, str]) -> None:
    case = next(c for c in CASES if key(c) == pair)
    assert abs(off(case)) > TOLERANCE, "within the tolerance by now: take it off the list"


def test_on_the_whole_the_tables_are_neither_long_nor_short() -> None:
    for mode, most in (("road", 0.02), ("rail", 0.01)):
        share = [off(c) for c in CASES if c["mode"] == mode and key(c) not in EXCEPTIONS]
        assert abs(sum(share) / len(share)) <= most, mode


def test_the_table_is_broad_and_sourced() -> None:
    assert len({key(c) for c in CASES}) == len(CASES)
    modes = [c["mode"] for c in CASES]
    assert modes.count("road") >= 15
    assert modes.count("rail") >= 12
    assert all(c["source"] for c in CASES)
    assert sum(not c["source"].startswith("recalled") for c in CASES) >= 30
    touched = {NODES[c[end]][column] for c in CASES for end in ("from", "to") for column in ("country", "country2")}
    assert {NODES[n]["country"] for g in GRAPHS.values() for n in g} <= touched
