"""Sweeps: every row is what the single function says, whoever answers it, and nothing is lost by a kill."""

from __future__ import annotations

import doctest
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib import import_module
from itertools import combinations
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import mobility as mb
from mobility.cli import main
from mobility.errors import InputError, MobilityError
from mobility.network import Network
from mobility.scenario import Change, Close, Scenario, Upgrade, Where
from mobility.sweep import MEASURES, Answerer, Case, Lose, Study, _job, _state, changed, sweep
from strategies import Shape, seeded

MODULE = import_module("mobility.sweep")
PAIR = (("Durrës",), ("Burgas",))
ROADS = Lose(k=2, count=25, seed=5, where=Where(mode="road"))


@pytest.fixture(scope="module")
def net() -> Network:
    return mb.load()


def study(**more) -> Study:
    given = {"name": "two losses", "pairs": (PAIR,), "vehicles": ("any", "wheeled-ifv"), "lose": (ROADS,)}
    return Study(**given | more)


@pytest.fixture(scope="module")
def serial(net) -> mb.Sweep:
    return sweep(study(scenarios=("none", "vardar-valley-cut")), net=net, workers=1)


@pytest.fixture(scope="module")
def quick(net) -> mb.Sweep:
    return sweep(study(measures=("routes",)), net=net, workers=1)


def same(one: mb.Sweep, other: mb.Sweep) -> None:
    pd.testing.assert_frame_equal(one.frame, other.frame, check_exact=True)


# ---- the rows are those of the single functions


def test_rows_equal_the_single_functions(net, serial):
    frame = serial.to_frame()
    assert list(frame.index) == list(range(1, 2 * 27 + 1))
    for case in [1, 2, 3, 4, 5, 6, 30, 31, 53, 54]:
        row = frame.loc[case]
        if row["scenario"] in ("none", "vardar-valley-cut"):
            now = net if row["scenario"] == "none" else mb.scenario(row["scenario"], net).apply(net).standing()[0]
        else:
            now = net.with_changes(close=row["scenario"].split("+"))
        route = mb.routes(now, *PAIR, vehicle=row["vehicle"], k=1).routes[0]
        flow = mb.throughput(now, *PAIR, vehicle=row["vehicle"])
        for column in MEASURES["routes"].columns:
            assert row[column] == getattr(route, column)
        assert row["vehicles_per_day"] == flow.vehicles_per_day
        assert row["tonnes_per_day"] == flow.tonnes_per_day
        assert row["cut"].split(";") == list(flow.cut)
        assert row["cut_estimated"] == pytest.approx(flow.estimated_share, abs=1e-12)


@pytest.mark.parametrize("compiled", [False, True])
def test_random_networks_answer_as_the_single_functions(compiled, monkeypatch):
    monkeypatch.setattr(MODULE, "COMPILED_FROM", 0 if compiled else 10**9)
    seen = set()
    for tables, asked in seeded(6, Shape(assets=True, life=True, links=(8, 14))):
        frames = {
            k: pd.DataFrame(v) for k, v in vars(tables).items() if k in ("nodes", "links", "terminals", "borders")
        }
        net = Network.from_frames(**{k: f for k, f in frames.items() if len(f)})
        ends = asked.origins, asked.destinations
        ask = Study(
            name="x", pairs=(ends,), lose=(Lose(),), scenarios=("none",), years=(2030,),
            measures=("routes", "throughput", "redundancy"), options={"share": 0.5},
        )  # fmt: skip
        job, questions = _job(ask, net)
        answerer = Answerer(job)
        for q in questions:
            name = job.scenes[q.scene].name
            asset = net.table("links")["asset_id"].tolist()
            out = [x for x, a in zip(net.link_index, asset, strict=True) if name in (x, a)]
            now = net.with_changes(close=out)
            row = answerer.row(q)
            more = {"year": 2030, "share": 0.5}
            route, flow = mb.routes(now, *ends, k=1, **more), mb.throughput(now, *ends, **more)
            apart = mb.redundancy(now, *ends, **more)
            states = {route.status, flow.status, apart.status}
            assert row["status"] == ("no_route" if "no_route" in states else "ok"), states
            seen.add(row["status"])
            assert row["time_h"] == (route.routes[0].time_h if route.routes else None)
            assert row["vehicles_per_day"] == flow.vehicles_per_day
            assert row["cut"] == ";".join(flow.cut)
            assert (row["link_disjoint"], row["node_disjoint"]) == (apart.link_disjoint, apart.node_disjoint)
    assert seen == {"ok", "no_route"}


@pytest.mark.slow
def test_every_measure_is_that_of_its_function(net):
    scene = Scenario(
        name="half and half", close=(Close(links=("RD117",)), Close(links=("RD060",), hours=(0, 40))),
        change=(Change(where=Where(country="BG", mode="road"), scale={"capacity_veh_h": 0.5}),),
        upgrade=(Upgrade(net.table("upgrades")["upgrade_id"].iat[0]),), share=0.5, year=2030,
    )  # fmt: skip
    own = {
        "monte-carlo": {"runs": 200, "fail": 0.05}, "closure": {"force": "fuel-convoy"},
        "reliability": {"fail": 0.05, "method": "monte-carlo", "runs": 200},
    }  # fmt: skip
    order = ("routes", "redundancy", "throughput", "contingency", "reliability", "monte-carlo", "closure")
    ask = Study(
        name="x",
        scenarios=(scene,),
        pairs=(PAIR,),
        seeds=(3, 4),
        measures=order,
        measure=own,
        options={"modes": ("road",)},
    )
    rows = sweep(ask, net=net, workers=1).frame
    assert set(rows["status"]) == {"ok"}
    applied = scene.apply(net)
    now, _ = applied.standing()
    more = {"share": 0.5, "year": 2030, "modes": ("road",)}
    for i, seed in enumerate((3, 4)):
        row = rows.iloc[i]
        assert row["seed"] == seed
        route = mb.routes(now, *PAIR, k=1, **more).routes[0]
        assert (row["time_h"], row["length_km"]) == (route.time_h, route.length_km)
        assert row["vehicles_per_day"] == mb.throughput(now, *PAIR, **more).vehicles_per_day
        assert row["link_disjoint"] == mb.redundancy(now, *PAIR, **more).link_disjoint
        outages = mb.contingency(now, *PAIR, **more)
        assert row["outages_changing"] == outages.changing
        assert row["worst_lost_vehicles_per_day"] == outages.outages[0].lost_vehicles_per_day
        spread = mb.monte_carlo(now, *PAIR, runs=200, fail=0.05, seed=seed, **more)
        assert (row["connected"], row["p90_time_h"]) == (spread.connection.share, spread.time.quantiles["p90"])
        sure = mb.reliability(now, *PAIR, seed=seed, **own["reliability"], **more)
        assert row["reliability"] == sure.reliability
        shut = mb.closure(
            applied.net, *PAIR, force="fuel-convoy", windows=applied.windows, gap=float("inf"), **more
        )  # fmt: skip
        assert row["closure_h"] == pytest.approx(shut.closure_h)


def test_what_a_scenario_changes_is_sent_whole(net):
    """The difference that workers get makes the same network again, to the last cell."""
    for name in mb.scenarios(net):
        made = mb.scenario(name, net).apply(net)
        for other in (made.net, made.standing()[0]):
            state = _state(net, other)
            again = changed(net, state.cells).with_changes(close=state.close)
            assert again.data_hash == other.data_hash, name


def test_a_link_that_a_change_closes_does_not_take_its_structure_along():
    nodes = pd.DataFrame({"node_id": list("AB"), "lat": [41.0, 42.0], "lon": [19.0, 21.0]})
    links = pd.DataFrame(
        {"link_id": ["L1", "L2"], "from_node": ["A", "A"], "to_node": ["B", "B"], "mode": ["road"] * 2,
         "length_km": [10, 20], "speed_kmh": [50, 50], "asset_id": ["S", "S"]}
    )  # fmt: skip
    net = Network.from_frames(nodes=nodes, links=links)
    one = Scenario(name="one", change=(Change(links=("L1",), set={"status": "closed"}),))
    both = Scenario(name="both", close=(Close(links=("L1",)),))
    ask = Study(name="x", scenarios=("none", one, both), pairs=((("A",), ("B",)),), measures=("routes",))
    frame = sweep(ask, net=net, workers=1).frame
    assert frame["status"].tolist() == ["ok", "ok", "no_route"]
    assert frame["length_km"].tolist()[:2] == [10, 20]


# ---- a grid, a list, losses


def test_the_grid_meets_everything_in_order(net):
    ask = Study(
        name="x", scenarios=("none",), lose=(Lose(of="groups"),), vehicles=("any", "wheeled-ifv"), years=(2026, 2030),
        pairs=(PAIR, (("Bar", "Ploče"), ("Constanța",))), permissions=("none", "emergency"),
    )  # fmt: skip
    asked = ask.questions(net)
    assert len(asked) == (1 + len(net.groups())) * 2 * 2 * 2 * 2
    assert [q.number for q in asked] == list(range(len(asked)))
    assert [q.permission for q in asked[:3]] == ["none", "emergency", "none"]
    assert asked[0].scene == asked[15].scene != asked[16].scene
    assert asked[4].origins == tuple(net.find_nodes(["Bar", "Ploče"]))


def test_losses_are_all_sets_or_so_many_different_ones(net):
    rails = net.where(mode="rail", country="MK", status="operational")
    every = Study(name="x", pairs=(PAIR,), lose=(Lose(k=2, where=Where(mode="rail", country="MK")),))
    job, asked = _job(every, net)
    parts = {u for q in asked for u in job.scenes[q.scene].name.split("+")}
    assert len(asked) == comb(len(parts), 2)
    taken = {frozenset(job.scenes[q.scene].standing.close) for q in asked}
    pairs = {frozenset(net.with_assets(p)) for p in combinations(rails, 2)}
    assert pairs <= taken | {frozenset(net.with_assets([x])) for x in rails}
    job, asked = _job(Study(name="x", pairs=(PAIR,), lose=(Lose(k=3, count=200, seed=1),)), net)
    assert len({job.scenes[q.scene].standing.close for q in asked}) == 200
    again, _ = _job(Study(name="x", pairs=(PAIR,), lose=(Lose(k=3, count=200, seed=1),)), net)
    other, _ = _job(Study(name="x", pairs=(PAIR,), lose=(Lose(k=3, count=200, seed=2),)), net)
    assert again.scenes == job.scenes != other.scenes
    assert again.key == job.key != other.key


def test_a_list_of_cases_stands_alone_or_follows_the_grid(net):
    cases = (
        Case(origin=("Bar",), destination=("Constanța",), vehicle="wheeled-ifv"),
        Case(scenario="straits-closed"),
        Case(scenario="vardar-valley-cut", year=2030),
    )
    alone = Study(name="x", cases=cases, pairs=(PAIR,), vehicles=("any",))
    got = alone.questions(net)
    assert [(q.vehicle, q.year) for q in got] == [("wheeled-ifv", None), ("any", None), ("any", 2030)]
    assert net.name(got[0].origins[0]) == "Bar"
    assert len(Study(name="x", cases=cases, pairs=(PAIR,), scenarios=("none",)).questions(net)) == 4


def test_a_scenario_lends_its_own_question(net):
    name = "vardar-valley-cut"
    own = mb.scenario(name, net)
    (one,) = Study(name="x", scenarios=(name,)).questions(net)
    assert list(one.origins) == net.find_nodes(own.origin)
    assert list(one.destinations) == net.find_nodes(own.destination)
    with pytest.raises(InputError, match="names no places"):
        Study(name="x").questions(net)


# ---- the reader


GOOD = """
name = "Losing two links"
from = ["Durrës", "Bar"]
to = ["Burgas"]
vehicles = ["any", "wheeled-ifv"]
scenarios = ["none", "vardar-valley-cut"]
measures = ["routes", "monte-carlo"]
seeds = { from = 5, count = 2 }
share = { road = 0.5 }

[measure.monte-carlo]
runs = 50
fail = 0.02

[[lose]]
of = "groups"
where = { mode = "rail" }

[[case]]
scenario = "straits-closed"
seed = 9
"""


def test_a_study_is_read(tmp_path, net):
    file = tmp_path / "two.toml"
    file.write_text(GOOD, encoding="utf-8")
    made = Study.read(file, net)
    assert made == Study(
        name="Losing two links", scenarios=("none", "vardar-valley-cut"), vehicles=("any", "wheeled-ifv"),
        pairs=((("Durrës", "Bar"), ("Burgas",)),), seeds=(5, 6), measures=("routes", "monte-carlo"),
        options={"share": {"road": 0.5}}, measure={"monte-carlo": {"runs": 50, "fail": 0.02}},
        lose=(Lose(of="groups", where=Where(mode="rail")),), cases=(Case(scenario="straits-closed", seed=9),),
    )  # fmt: skip
    assert made.questions(net)[-1].seed == 9


def test_pairs_are_listed_or_each_with_each(tmp_path, net):
    file = tmp_path / "x.toml"
    file.write_text('pairs = { from = ["Bar", "Durrës"], to = ["Burgas", "Bar"] }\n', encoding="utf-8")
    assert len(Study.read(file, net).pairs) == 3
    file.write_text('pairs = [["Bar", "Burgas"], [["Bar", "Durrës"], "Constanța"]]\n', encoding="utf-8")
    assert Study.read(file, net).pairs[1] == (("Bar", "Durrës"), ("Constanța",))


def test_all_faults_at_once_each_with_its_line(tmp_path, net):
    file = tmp_path / "bad.toml"
    lines = [
        ('from = ["Durrës"]', ""),
        ('to = ["Nowhereville"]', "no place is called 'Nowhereville'"),
        ('vehicels = ["any"]', "did you mean vehicles"),
        ('vehicles = ["any", "wheeled-ifw"]', "did you mean wheeled-ifv?"),
        ("years = [3000]", "from 1900 to 2200"),
        ("seeds = [1]", "means nothing to"),
        ('scenarios = ["vardar-valley-cutt"]', "did you mean vardar-valley-cut?"),
        ('measures = ["thruput"]', "did you mean throughput"),
        ('unknown = "never"', "must be one of"),
        ("share = 2.0", "at most 1"),
        ('permissions = ["quo"]', "no permission regime"),
        ("[measure.routes]", ""),
        ("kk = 3", "no option of routes"),
        ("[[lose]]", ""),
        ('of = "links"', ""),
        ("k = 0", "whole number from 1 to 20"),
        ("[[lose]]", ""),
        ('of = "groups"', ""),
        ('where = { country = "Atlantis" }', "no place of the network lies in 'Atlantis'"),
        ("[[case]]", ""),
        ('scenario = "straits-close"', "did you mean straits-closed?"),
        ("[[case]]", ""),
        ("seeed = 3", "did you mean seed?"),
    ]
    file.write_text("\n".join(text for text, _ in lines) + "\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Study.read(file, net)
    told = {f.row: f.message for f in caught.value.findings}
    for row, (_, part) in enumerate(lines, 1):
        if part and row != 2:
            assert part in told.get(row, ""), (row, part, told)
    assert any("Nowhereville" in f.message for f in caught.value.findings)
    # A [[case]] with a fault of its own is not looked up.
    assert caught.value.findings == sorted(caught.value.findings, key=lambda f: f.row or 0)


_LEAF = st.one_of(st.text(max_size=8), st.integers(-5, 10**12), st.floats(), st.booleans(), st.dates())
_VALUE = st.recursive(
    _LEAF, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.sampled_from(["from", "to", "k", "x"]), v, max_size=3)
)


@given(st.dictionaries(st.sampled_from(MODULE._KEYS), _VALUE, min_size=1, max_size=5))
def test_whatever_a_study_file_says_is_read_or_refused(net, tmp_path_factory, data):
    """Any value under any key: a study, or faults with lines; never another error."""
    folder = tmp_path_factory.mktemp("any")
    faults = []
    made, _ = MODULE._study(data, folder / "x.toml", lambda *fault: faults.append(fault))
    assert isinstance(made, Study)
    if not faults:
        with suppress(InputError):
            made.questions(net)


def test_a_huge_study_is_refused_before_it_is_spread_out(net):
    with pytest.raises(InputError, match="at most 1,000,000"):
        study(lose=(Lose(k=5),)).questions(net)
    with pytest.raises(InputError, match="at most 1,000,000"):
        study(seeds=tuple(range(100_000)), measures=("monte-carlo",)).questions(net)
    with pytest.raises(InputError, match="meet the conditions"):
        study(lose=(Lose(k=15, where=Where(country="XK", mode="rail")),)).questions(net)


# ---- who answers makes no difference


def test_two_processes_give_the_same_table(net, serial, tmp_path):
    made = sweep(study(scenarios=("none", "vardar-valley-cut")), tmp_path / "t.csv", net=net, workers=2)
    same(made, serial)
    read = pd.read_csv(tmp_path / "t.csv", keep_default_na=False, na_values=[""])
    assert read["time_h"].tolist() == serial.frame["time_h"].tolist()
    facts = json.loads((tmp_path / "t.csv.json").read_text())
    assert facts["questions"] == facts["ok"] == len(serial.frame)
    assert facts["data_hash"] == net.data_hash
    assert facts["seeds"]["lose"] == [5]


PATCH = """
import os, sys
sys.path[:] = {path!r}
from mobility import sweep as _
module = sys.modules["mobility.sweep"]
whole = module.Answerer._answer
def answer(self, question, *rest):
    if question.number == 7:
        os.kill(os.getpid(), 9)
    if question.number == 9 and not os.path.exists({flag!r}):
        open({flag!r}, "w").close()
        os.kill(os.getpid(), 9)
    if question.number == 11:
        raise RuntimeError("planted" + chr(10) + "fault")
    return whole(self, question, *rest)
module.Answerer._answer = answer
module.serve()
"""


def test_killed_workers_lose_nothing(net, quick, tmp_path, monkeypatch):
    """One question kills each worker, one kills its first, one raises: two rows failed, all others as ever."""
    flag = str(tmp_path / "flag")
    monkeypatch.setattr(MODULE, "BOOT", PATCH.replace("{flag!r}", repr(flag)))
    made = sweep(quick.study, tmp_path / "out", net=net, workers=2)
    assert Path(flag).exists()
    failed = made.failed
    assert failed["case"].tolist() == [8, 12]
    assert "died 2 times" in failed["error"].iloc[0]
    assert failed["error"].iloc[1] == "routes: RuntimeError: planted fault"
    assert made.status == "failed"
    kept = ~made.frame["case"].isin([8, 12])
    pd.testing.assert_frame_equal(made.frame[kept], quick.frame[kept], check_exact=True)
    monkeypatch.undo()
    whole = sweep(quick.study, tmp_path / "out", net=net, workers=1, resume=True)
    same(whole, quick)
    assert whole.facts["answered_before"] == len(quick.frame) - 2


def test_workers_that_cannot_start_end_the_sweep(net, monkeypatch):
    monkeypatch.setattr(MODULE, "BOOT", "import sys; {path!r}; sys.exit(3)")
    with pytest.raises(MobilityError, match="end before they start"):
        sweep(study(), net=net, workers=2)


def test_a_worker_of_another_version_is_refused(net, monkeypatch):
    boot = "import sys; sys.path[:] = {path!r}; import mobility.sweep; m = sys.modules['mobility.sweep']; "
    monkeypatch.setattr(MODULE, "BOOT", boot + "m.__version__ = '9.9'; m.serve()")
    with pytest.raises(MobilityError, match=r"version 9\.9"):
        sweep(study(), net=net, workers=2)


STUDY = """
name = "killed client"
from = "Durrës"
to = "Burgas"
scenarios = ["none"]
vehicles = ["any", "wheeled-ifv"]
measures = ["routes"]
[[lose]]
k = 2
count = 30
seed = 2
where = { mode = "road" }
"""

KILLED = """
import os
import re
from mobility.sweep import sweep
sweep({study!r}, {out!r}, workers=2, progress=lambda done, total: done >= 8 and os.kill(os.getpid(), 9))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_client_goes_on_where_it_stopped(tmp_path):
    study, out = tmp_path / "s.toml", tmp_path / "a.csv"
    study.write_text(STUDY, encoding="utf-8")
    command = [sys.executable, "-c", KILLED.format(study=str(study), out=str(out))]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    client = subprocess.Popen(command, env=env, start_new_session=True)
    assert client.wait() == -signal.SIGKILL
    assert not out.exists()
    journal = tmp_path / "a.csv.journal"
    kept = journal.read_bytes()
    done = kept.count(b"\n") - 1
    assert 8 <= done < 62
    journal.write_bytes(kept + b'{"n": 3, "s": 0.1, "row": {"sta')  # a line that was torn by the kill
    refused = CliRunner().invoke(main, ["sweep", str(study), "--out", str(out)])
    assert refused.exit_code == 2
    assert "--resume" in refused.output
    made = sweep(study, out, workers=1, resume=True)
    assert made.facts["answered_before"] == done
    sweep(study, tmp_path / "b.csv", workers=1)
    assert out.read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert [f.name for f in tmp_path.iterdir() if f.name.startswith(".")] == []
    # The workers of the killed client end by themselves.
    deadline = time.monotonic() + 60
    while _of_session(client.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _of_session(client.pid)


def _of_session(leader: int) -> list[str]:
    """Return the processes of a session that still run, where the system lists them."""
    out = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            cells = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if cells[3] == str(leader) and cells[0] != "Z":
            out.append(stat.parent.name)
    return out


# ---- the journal and the files


SMALL = {"lose": (), "scenarios": ("none", "straits-closed"), "vehicles": ("any",), "measures": ("routes",)}


def test_a_journal_of_another_study_is_refused(net, tmp_path):
    sweep(study(**SMALL), tmp_path / "t.csv", net=net, workers=1)
    for other in (
        study(**SMALL | {"vehicles": ("wheeled-ifv",)}),
        study(**SMALL | {"options": {"share": 0.5}}),
        study(**SMALL | {"measures": ("throughput",)}),
    ):
        with pytest.raises(InputError, match="journal of another study"):
            sweep(other, tmp_path / "t.csv", net=net, workers=1, resume=True)
    less = net.with_changes({"RD058": {"speed_kmh": 31}})
    with pytest.raises(InputError, match="data or version differ"):
        sweep(study(**SMALL), tmp_path / "t.csv", net=less, workers=1, resume=True)


def test_files_are_not_replaced_unless_told(net, tmp_path):
    ask = study(**SMALL)
    sweep(ask, tmp_path / "t.csv", net=net, workers=1)
    first = (tmp_path / "t.csv").read_bytes()
    with pytest.raises(InputError, match="exists"):
        sweep(ask, tmp_path / "t.csv", net=net, workers=1)
    told = []
    sweep(ask, tmp_path / "t.csv", net=net, workers=1, resume=True, progress=lambda *x: told.append(x))
    assert told == []  # all was there
    sweep(ask, tmp_path / "t.csv", net=net, workers=1, overwrite=True, progress=lambda *x: told.append(x))
    assert told[-1] == (2, 2)
    assert (tmp_path / "t.csv").read_bytes() == first
    folder = sweep(ask, tmp_path / "d", net=net, workers=1)
    assert sorted(p.name for p in (tmp_path / "d").iterdir()) == ["sweep.journal", "sweep.json", "table.csv"]
    assert folder.path == tmp_path / "d" / "table.csv"


@pytest.mark.parametrize(
    "line", [b"garbage\n", b'{"n": 99, "s": 1, "row": {"status": "ok"}}\n', b'{"n": 0}\n', b"[]\n"]
)
def test_a_damaged_journal_is_refused_with_its_line(net, tmp_path, line):
    ask = study(**SMALL)
    sweep(ask, tmp_path / "t.csv", net=net, workers=1)
    journal = tmp_path / "t.csv.journal"
    head, first, rest = journal.read_bytes().split(b"\n", 2)
    journal.write_bytes(head + b"\n" + line + first + b"\n" + rest)
    with pytest.raises(InputError, match=r"journal:2: is no line of a journal"):
        sweep(ask, tmp_path / "t.csv", net=net, workers=1, resume=True)


@settings(max_examples=12)
@given(st.integers(0, 4000))
def test_a_journal_cut_anywhere_goes_on(net, tmp_path_factory, cut):
    """Wherever a kill tears the journal, the table comes out the same."""
    whole, table = _written(net, tmp_path_factory)
    folder = tmp_path_factory.mktemp("cut")
    (folder / "t.csv.journal").write_bytes(whole[: cut % (len(whole) + 1)])
    sweep(study(**SMALL), folder / "t.csv", net=net, workers=1, resume=True)
    assert (folder / "t.csv").read_bytes() == table


_CUT: list[bytes] = []


def _written(net, factory) -> tuple[bytes, bytes]:
    if not _CUT:
        folder = factory.mktemp("whole")
        sweep(study(**SMALL), folder / "t.csv", net=net, workers=1)
        _CUT.extend((folder / name).read_bytes() for name in ("t.csv.journal", "t.csv"))
    return _CUT[0], _CUT[1]


def test_two_sweeps_do_not_write_one_journal(net, tmp_path):
    pytest.importorskip("fcntl")
    ask = study(**SMALL)

    def again(done: int, total: int) -> None:
        with pytest.raises(InputError, match="another sweep"):
            sweep(ask, tmp_path / "t.csv", net=net, workers=1, resume=True)

    sweep(ask, tmp_path / "t.csv", net=net, workers=1, progress=again)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"workers": 0}, "workers is 0"),
        ({"workers": True}, "workers is True"),
        ({"resume": True, "overwrite": True}, "one of the two"),
        ({"workers": 2, "scheduler": "tcp://a:1"}, "not both"),
        ({"scheduler": "somewhere"}, "write its address"),
        ({"out": "t.xlsx"}, "ends in .csv or .parquet"),
        ({"out": "no/such/t.csv"}, "does not exist"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_asked(net, more, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=text):
        sweep(study(**SMALL), net=net, **more)
    assert list(tmp_path.iterdir()) == []


def test_parquet_says_what_it_needs(net, tmp_path, monkeypatch):
    monkeypatch.setattr(MODULE.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"mobility\[parquet\]"):
        sweep(study(**SMALL), tmp_path / "t.parquet", net=net, workers=1)
    with pytest.raises(InputError, match=r"mobility\[cluster\]"):
        sweep(study(**SMALL), net=net, scheduler="tcp://a:1")


# ---- a cluster


@pytest.fixture
def cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as made:
        yield made


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_cluster_gives_the_same_table_and_survives_a_killed_worker(net, quick, cluster, tmp_path):
    from distributed import Client

    with Client(cluster.scheduler_address, set_as_default=False) as client:
        pids = list(client.run(os.getpid).values())
    killed = []

    def kill(done: int, total: int) -> None:
        if done >= 5 and not killed:
            killed.append(pids[0])
            os.kill(pids[0], signal.SIGKILL)

    ask = quick.study
    made = sweep(ask, tmp_path / "t.csv", net=net, scheduler=cluster.scheduler_address, progress=kill)
    assert killed
    same(made, quick)
    # The cluster dies in the middle: what it answered is kept.
    with pytest.raises(MobilityError, match="--resume"):
        sweep(
            ask, tmp_path / "u.csv", net=net, scheduler=cluster.scheduler_address,
            progress=lambda done, total: cluster.close() if done < total else None,
        )  # fmt: skip
    whole = sweep(ask, tmp_path / "u.csv", net=net, workers=1, resume=True)
    assert 0 < whole.facts["answered_before"] < len(quick.frame)
    assert (tmp_path / "t.csv").read_bytes() == (tmp_path / "u.csv").read_bytes()


def test_a_scheduler_that_is_not_there(net, monkeypatch):
    monkeypatch.setattr(MODULE, "CONNECT_S", 1)
    pytest.importorskip("distributed")
    with pytest.raises(InputError, match="cannot be used"):
        sweep(study(**SMALL), net=net, scheduler="tcp://127.0.0.1:9")


# ---- the command and what it shows


def test_the_command(tmp_path):
    (tmp_path / "s.toml").write_text(STUDY, encoding="utf-8")
    run = CliRunner().invoke(main, ["sweep", str(tmp_path / "s.toml"), "--out", str(tmp_path / "o"), "--workers", "1"])
    assert run.exit_code == 0, run.output
    lines = run.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("killed client: 62 questions")
    assert any(line.startswith("by vehicle") for line in lines)
    table = pd.read_csv(tmp_path / "o" / "table.csv")
    assert f"{table.time_h.max():.1f}" in run.stdout
    said = CliRunner().invoke(
        main, ["sweep", str(tmp_path / "s.toml"), "--out", str(tmp_path / "o"), "--resume", "--format", "json"]
    )
    assert json.loads(said.stdout)["rows"][0]["time_h"] == table.time_h[0]
    bad = CliRunner().invoke(main, ["sweep", str(tmp_path / "none.toml")])
    assert bad.exit_code == 2


def test_exit_status_tells_failed_and_none(tmp_path, monkeypatch):
    text = 'from = "Durrës"\nto = "Burgas"\nmeasures = ["routes"]\nmodes = ["rail"]\nyears = [2000]\n'
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    run = CliRunner().invoke(main, ["sweep", str(tmp_path / "s.toml"), "--workers", "1"])
    assert run.exit_code == 1
    assert "1 without a route" in run.stdout
    assert run.stderr == ""
    monkeypatch.setattr(MODULE.Answerer, "_route", lambda *given: 1 / 0)
    run = CliRunner().invoke(main, ["sweep", str(tmp_path / "s.toml"), "--workers", "1"])
    assert run.exit_code == 1
    assert "ZeroDivisionError" in run.stdout
    assert "1 of 1 questions failed" in run.stderr


def test_summary_is_best_median_worst(serial):
    frame = serial.frame
    total = serial.summary().loc["time_h"]
    assert (total["best"], total["median"], total["worst"]) == (
        frame.time_h.min(), frame.time_h.median(), frame.time_h.max(),
    )  # fmt: skip
    assert frame.set_index("case").time_h[total["worst_case"]] == frame.time_h.max()
    by = serial.summary("vehicle").loc["vehicles_per_day"]
    for name, part in frame.groupby("vehicle"):
        assert by.loc[name, "best"] == part.vehicles_per_day.max()
        assert by.loc[name, "worst"] == part.vehicles_per_day.min()
    with pytest.raises(InputError, match="did you mean vehicle"):
        serial.summary("vehicel")


def test_a_sweep_draws_itself(serial, tmp_path):
    page = serial.plot("time_h", by="vehicle", path=tmp_path / "t.svg")
    (axes,) = page.axes
    names = [t.get_text() for t in axes.get_legend().get_texts()]
    assert names == ["any (27 of 27)", "wheeled-ifv (27 of 27)"]
    values = axes.patches[0].get_data().values
    assert values.tolist() == sorted(serial.frame.query("vehicle == 'any'").time_h)
    assert (tmp_path / "t.svg").read_text().startswith("<?xml")
    with pytest.raises(InputError, match="did you mean time_h"):
        serial.plot("time")
    assert "by vehicle" in serial._repr_html_()


def test_the_how_to_runs(tmp_path, monkeypatch):
    """The study and the notebook lines of docs/sweeps.md do what they say."""
    text = (Path(__file__).parents[1] / "docs" / "sweeps.md").read_text(encoding="utf-8")
    (toml,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / "losses.toml").write_text(toml, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    test = doctest.DocTestParser().get_doctest(code, {}, "sweeps.md", "sweeps.md", 0)
    said = io.StringIO()
    assert doctest.DocTestRunner().run(test, out=said.write).failed == 0, said.getvalue()
    for key in re.findall(r"`(\w+)`", "".join(re.findall(r"^\| `.*?\|", text, re.MULTILINE))):
        assert key in MODULE._KEYS


def test_a_cut_is_found_behind_many_starts():
    """With four arcs or more out of the source the compiled flow bounds them; the cut must not stop there."""
    from mobility.compiled import CompiledFlow
    from mobility.flows import ROOM
    from mobility.kernels import PlainFlow

    tail, head = [0] * 5 + [1, 2, 3, 4, 5, 6, 6], [1, 2, 3, 4, 5, 6, 6, 6, 6, 6, 7, 7]
    room = [ROOM] * 5 + [9, 9, 9, 9, 9, 3, 4]
    ask = (8, np.array(tail), np.array(head), np.array(room), np.ones(12, np.int64), 0, 7)
    for kind in (PlainFlow, CompiledFlow):
        flow = kind(*ask)
        flow.maximum()
        assert flow.value == 7
        assert flow.reachable().tolist() == [True] * 7 + [False]
