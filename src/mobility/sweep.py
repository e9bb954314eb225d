"""Sweeps: many questions of one study, on all cores or a cluster, into one table that survives a kill.

A study is a grid of scenarios, vehicles, pairs of places, years, permission regimes and seeds, or a list of cases.
Whoever asks resolves every scenario to what it changes; a worker gets the network once, and then only small questions.
Answers go into a journal as they come; the table is made of the journal in the order of the study, so that it does
not depend on who answered what, nor on how often it was interrupted.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import pickle
import platform
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib import util
from importlib.metadata import version
from itertools import combinations, islice, product
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import pandas as pd

from mobility import __version__
from mobility.arcs import Arcs, build_graph, compile_arcs, units
from mobility.errors import Finding, InputError, MobilityError, did_you_mean
from mobility.flows import flow_graph
from mobility.force import Force
from mobility.force import force as find_force
from mobility.kernels import reached
from mobility.network import Network, beside, load
from mobility.paths import best_path, ends, make_route
from mobility.scenario import (
    MAX_ENTRIES,
    OPTIONS,
    Key,
    Scenario,
    Where,
    _conditions,
    _finding,
    _fitting,
    _lines,
    _names,
    _parsed,
    _part,
    _path,
    _share,
    _take,
    _text,
    _told,
    _whole,
    _word,
    _year,
    scenario,
    verb_of,
)
from mobility.schema import Table
from mobility.vehicle import MODES, Vehicle, vehicles
from mobility.vehicle import vehicle as find_vehicle

if TYPE_CHECKING:
    from mobility.closure import Window

Array = np.ndarray[Any, Any]

MAX_QUESTIONS = 1_000_000
"""A study with more questions than this is refused."""

MAX_JOURNAL = 2_000_000_000
"""A journal with more bytes than this is refused before it is read."""

COMPILED_FROM = 40
"""From so many questions on throughput the compiled kernels are worth the second that loading them takes."""

CHUNK_S, MOST_CHUNK = 0.4, 500
"""Questions are handed out in chunks of about so many seconds, and of no more than so many questions."""

TRY_S, WORTH_S = 1.0, 6.0
"""Without a number of workers one process answers for so many seconds; others are started when more than so many are
left to it then."""

DEATHS = 2
"""A question that kills its worker so often is reported as failed."""

NONE = "none"
"""Name of the network as it is, among the scenarios of a study."""

CONNECT_S, WORKERS_S = 10, 30
"""So many seconds a scheduler has to answer, and then its first worker to be there."""

LIBRARIES = ("numpy", "pandas", "scipy", "highspy", "numba")


# ---- what can be asked


def _of_routes(answer: Any) -> dict[str, Any]:
    return _of_route(answer.routes[0] if answer.routes else None)


def _of_route(route: Any) -> dict[str, Any]:
    return {k: None if route is None else getattr(route, k) for k in MEASURES["routes"].columns}


def _plain(*names: str) -> Callable[[Any], dict[str, Any]]:
    return lambda answer: {k: getattr(answer, k) for k in names}


def _of_redundancy(answer: Any) -> dict[str, Any]:
    counts = {k: getattr(answer, k) for k in ("link_disjoint", "node_disjoint", "asset_disjoint")}
    return counts | {"disjoint_proven": answer.proven}


def _of_throughput(answer: Any) -> dict[str, Any]:
    found = {k: getattr(answer, k) for k in ("vehicles_per_day", "tonnes_per_day")}
    return found | {"cut": ";".join(answer.cut), "cut_estimated": answer.estimated_share}


def _of_contingency(answer: Any) -> dict[str, Any]:
    worst = answer.outages[0] if len(answer.outages) else None
    return {
        "outages_changing": answer.changing,
        "outages_cut": sum(o.status == "cut" for o in answer.outages),
        "worst_outage": None if worst is None else ";".join(worst.units or worst.links),
        "worst_lost_vehicles_per_day": None if worst is None else worst.lost_vehicles_per_day,
    }


def _of_monte_carlo(answer: Any) -> dict[str, Any]:
    hours, flow, share = answer.time, answer.throughput, answer.connection
    return {
        "connected": None if share is None else share.share,
        "mean_time_h": None if hours is None else hours.mean,
        "p90_time_h": None if hours is None else hours.quantiles["p90"],
        "mean_vehicles_per_day": None if flow is None else flow.mean,
        "p10_vehicles_per_day": None if flow is None else flow.quantiles["p10"],
    }


class Measure(NamedTuple):
    """What a study can ask of each case: the columns, how they are read off an answer, and the first among them.

    `better` is the end of it that is good: ``low`` or ``high``.
    """

    columns: tuple[str, ...]
    read: Callable[[Any], dict[str, Any]]
    better: str
    seeded: bool = False


MEASURES: Mapping[str, Measure] = {
    "routes": Measure(
        ("time_h", "length_km", "wait_h", "transfer_h", "permission_h", "unknown_km", "estimated_km"),
        _of_routes, "low",
    ),
    "throughput": Measure(("vehicles_per_day", "tonnes_per_day", "cut", "cut_estimated"), _of_throughput, "high"),
    "redundancy": Measure(
        ("link_disjoint", "node_disjoint", "asset_disjoint", "disjoint_proven"), _of_redundancy, "high",
    ),
    "closure": Measure(("closure_h", "lower_bound_h"), _plain("closure_h", "lower_bound_h"), "low"),
    "contingency": Measure(
        ("outages_changing", "outages_cut", "worst_outage", "worst_lost_vehicles_per_day"), _of_contingency, "low",
    ),
    "reliability": Measure(("reliability", "low", "high"), _plain("reliability", "low", "high"), "high", True),
    "monte-carlo": Measure(
        ("connected", "mean_time_h", "p90_time_h", "mean_vehicles_per_day", "p10_vehicles_per_day"),
        _of_monte_carlo, "high", True,
    ),
}  # fmt: skip
"""What ``measures`` can name."""

TEXTS = frozenset({"cut", "worst_outage"})
COUNTS = frozenset({"link_disjoint", "node_disjoint", "asset_disjoint", "outages_changing", "outages_cut"})
FLAGS = frozenset({"disjoint_proven"})
"""Figures that are text, whole numbers, true or false."""

FIRST = ("case", "scenario", "closed", "vehicle", "from", "to", "year", "permission", "seed", "status")
"""Columns before the figures; ``error`` comes last."""


# ---- a study


@dataclass(frozen=True, kw_only=True)
class Lose:
    """Scenarios made here: one for each set of `k` units that go out together.

    Attributes
    ----------
    of : {"links", "nodes", "groups", "countries"}
        What goes out; see :func:`mobility.arcs.units`.
    k : int
        How many at once.
    where : Where or None
        Only units with a link that meets all these conditions.
    count : int or None
        So many different sets, drawn at random; None for all.
    seed : int
        Of the draw.
    """

    of: str = "links"
    k: int = 1
    where: Where | None = None
    count: int | None = None
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class Case:
    """One line of a list of questions; what it does not say comes from the study, else from its scenario."""

    scenario: str | Path | Scenario = NONE
    vehicle: str = ""
    origin: tuple[str, ...] = ()
    destination: tuple[str, ...] = ()
    year: int | None = None
    permission: str = ""
    seed: int | None = None


Ends = tuple[tuple[str, ...], tuple[str, ...]]
"""Origins, which send together, and destinations."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """What a sweep asks: a grid, in which everything meets everything, and a list of single cases.

    Attributes
    ----------
    name, title, note : str
    network : Path or None
        Folder of tables; None for the shipped corridors.
    scenarios : tuple of str, Path or Scenario
        ``"none"`` is the network as it is. With neither these nor `lose` the grid has that alone.
    lose : tuple of Lose
        Further scenarios, made here.
    vehicles, years, permissions : tuple
    pairs : tuple of (origins, destinations)
        The origins of a pair send together, to all its destinations together. Without pairs each scenario asks for
        its own places.
    seeds : tuple of int
        For what is sampled.
    measures : tuple of str
        Of `MEASURES`, in the order of the columns.
    options : mapping
        What else holds for every question: ``modes``, ``avoid``, ``countries``, ``unknown``, ``estimates``, ``share``.
    measure : mapping of str to mapping
        By measure, options of its own: ``{"closure": {"force": "medium-brigade"}}``.
    cases : tuple of Case
        The list. A study with cases and neither scenarios nor `lose` has no grid.

    Examples
    --------
    >>> study = Study(name="loss", pairs=((("Durrës",), ("Burgas",)),), lose=(Lose(of="groups"),))
    >>> len(study.questions(load())) > 10
    True
    """

    name: str
    title: str = ""
    note: str = ""
    network: Path | None = None
    scenarios: tuple[str | Path | Scenario, ...] = ()
    lose: tuple[Lose, ...] = ()
    vehicles: tuple[str, ...] = ()
    pairs: tuple[Ends, ...] = ()
    years: tuple[int, ...] = ()
    permissions: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    measures: tuple[str, ...] = ("routes", "throughput")
    options: Mapping[str, Any] = field(default_factory=dict)
    measure: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()

    @staticmethod
    def read(path: str | Path, net: Network | None = None) -> Study:
        """Read a study file and check it against its network, or against `net`.

        Raises
        ------
        InputError
            With every fault of the file, each with its line.
        """
        return _read(Path(path), net)[0]

    def load(self) -> Network:
        """Load the study's network."""
        return load(self.network)

    def questions(self, net: Network | None = None) -> tuple[Question, ...]:
        """Return all questions in the order of the table.

        Raises
        ------
        InputError
            With everything that is not understood.
        """
        return _job(self, net if net is not None else self.load())[1]


class Question(NamedTuple):
    """One question: its number from 0, and the scenario by its number in the job."""

    number: int
    scene: int
    vehicle: str
    origins: tuple[str, ...]
    destinations: tuple[str, ...]
    year: int | None
    permission: str
    seed: int | None


# ---- reading


def _listed(read: Callable[[Any], Any], what: str) -> Callable[[Any], tuple[Any, ...]]:
    def every(value: Any) -> tuple[Any, ...]:
        listed = value if isinstance(value, list) else [value]
        if not listed:
            raise ValueError(f"must be a list of {what}; leave it out for none")
        try:
            return tuple(dict.fromkeys(read(v) for v in listed))
        except ValueError as error:
            raise ValueError(f"must be a list of {what}; one {error}") from None

    return every


def _whole_number(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high:,}")
        return value

    return read


_seed = _whole_number(0, 2**63 - 1)
_count = _whole_number(1, MAX_QUESTIONS)


def _seeds(value: Any) -> tuple[int, ...]:
    if isinstance(value, dict):
        made = _part(dict, {"from": _seed, "count": _count}, ("from", "count"))(value)
        return tuple(range(made["from"], made["from"] + made["count"]))
    return _listed(_seed, "whole numbers")(value)


def _pairs(value: Any) -> tuple[Ends, ...]:
    if isinstance(value, dict):
        made = _part(dict, {"from": _names, "to": _names}, ("from", "to"))(value)
        return tuple(((a,), (b,)) for a, b in product(made["from"], made["to"]) if a != b)
    if not isinstance(value, list) or not value or not all(isinstance(v, list) and len(v) == 2 for v in value):
        raise ValueError('must be a list of [from, to], as [["Durrës", "Burgas"], [["Bar", "Ploče"], "Constanța"]]')
    return tuple((_names(a), _names(b)) for a, b in value)


def _named(value: Any) -> str | Path:
    return _path(value) if isinstance(value, str) and value.endswith(".toml") else _text(value)


_where = _part(Where, {"corridor": _text, "mode": _word(*MODES), "country": _text, "status": _text})
_LOSE: dict[str, Callable[[Any], Any]] = {
    "of": _word("links", "nodes", "groups", "countries"), "k": _whole_number(1, 20), "where": _where,
    "count": _count, "seed": _seed,
}  # fmt: skip
_CASE: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "scenario": ("scenario", _named), "vehicle": ("vehicle", _text), "from": ("origin", _names),
    "to": ("destination", _names), "year": ("year", _year), "permission": ("permission", _text),
    "seed": ("seed", _seed),
}  # fmt: skip
_GRID: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "scenarios": ("scenarios", _listed(_named, "names or files")), "vehicles": ("vehicles", _names),
    "pairs": ("pairs", _pairs), "years": ("years", _listed(_year, "years")), "permissions": ("permissions", _names),
    "seeds": ("seeds", _seeds), "measures": ("measures", _listed(_word(*MEASURES), "measures")),
    "vehicle": ("vehicles", lambda v: (_text(v),)), "year": ("years", lambda v: (_year(v),)),
    "permission": ("permissions", lambda v: (_text(v),)), "seed": ("seeds", lambda v: (_seed(v),)),
}  # fmt: skip
_ASK: dict[str, Callable[[Any], Any]] = {
    "modes": _names, "countries": _names, "avoid": _names, "unknown": _word("penalise", "allow", "forbid"),
    "estimates": _word("strict", "favourable"), "share": _share,
}  # fmt: skip
_HEAD: dict[str, Callable[[Any], Any]] = {"name": _text, "title": _text, "note": _text, "network": _path}
_KEYS = (*_HEAD, "from", "to", *_GRID, *_ASK, "measure", "lose", "case")

Fault = Callable[[Key, Any, str], None]


def _read(path: Path, net: Network | None) -> tuple[Study, Network, _Job, tuple[Question, ...]]:
    """Return a study with its network and its questions."""
    text, data = _parsed(path)
    lines = _lines(text)
    faults: list[Finding] = []

    def fault(at: Key, value: Any, message: str) -> None:
        faults.append(_finding(path.name, lines, at, value, message))

    study, numbers = _study(data, path, fault)

    def in_file(at: Key, value: Any, message: str) -> None:
        """Note a fault of the study under the key and number that its file has for it."""
        if at[0] in numbers and len(at) > 1:
            at = (at[0], numbers[str(at[0])][int(at[1])], *at[2:])
        elif at[0] == "pairs" and "pairs" not in data:
            at = ("from",)
        elif at[0] not in data and str(at[0])[:-1] in data:
            at = (str(at[0])[:-1], *at[1:])
        fault(at, value, message)

    try:
        net = net if net is not None else study.load()
    except InputError as error:
        if study.network is not None:
            fault(("network",), data.get("network"), "this network cannot be read:")
        raise InputError(faults + error.findings) from None
    job, asked = _resolved(study, net, in_file, lambda: bool(faults))
    if faults:
        raise InputError(sorted(dict.fromkeys(faults), key=lambda f: f.row or 0))
    assert job is not None
    return study, net, job, asked


def _study(data: Mapping[str, Any], path: Path, fault: Fault) -> tuple[Study, dict[str, list[int]]]:
    """Return the study of what fits, and which number each entry has in the file; note the rest as faults."""
    made: dict[str, Any] = {"name": path.stem, "options": {}}
    numbers: dict[str, list[int]] = {}
    for key, value in data.items():
        if key in _HEAD:
            _take(made, key, (key,), value, _HEAD[key], fault)
        elif key in _GRID:
            if key[:-1] in data and key[:-1] in _GRID:
                fault((key,), None, f"stands beside {key[:-1]}; give one of the two")
            _take(made, _GRID[key][0], (key,), value, _GRID[key][1], fault)
        elif key in _ASK:
            _take(made["options"], key, (key,), value, _ASK[key], fault)
        elif key == "measure":
            made["measure"] = _own_options(value, path.parent, fault)
        elif key in ("lose", "case"):
            entries = _entries(key, value, path.parent, fault)
            made["cases" if key == "case" else key] = tuple(entries.values())
            numbers[key] = list(entries)
        elif key not in ("from", "to"):
            fault((key,), None, f"is no key of a study{did_you_mean(key, _KEYS) or '; known: ' + ', '.join(_KEYS)}")
    _one_pair(data, made, fault)
    if isinstance(made.get("network"), Path):
        made["network"] = _whole(path.parent, made["network"])
    if "scenarios" in made:
        made["scenarios"] = tuple(_whole(path.parent, s) if isinstance(s, Path) else s for s in made["scenarios"])
    return Study(**made), numbers


def _one_pair(data: Mapping[str, Any], made: dict[str, Any], fault: Fault) -> None:
    """Take ``from`` and ``to`` as the one pair of a study."""
    side: dict[str, Any] = {}
    for key, other in (("from", "to"), ("to", "from")):
        if key in data:
            _take(side, key, (key,), data[key], _names, fault)
            if other not in data:
                fault((key,), None, f"needs {other} beside it")
            if "pairs" in data:
                fault((key,), None, "stands beside pairs; give one of the two")
    if len(side) == 2:
        made["pairs"] = ((side["from"], side["to"]),)


def _entries(kind: str, value: Any, folder: Path, fault: Fault) -> dict[int, Any]:
    """Return the entries ``[[lose]]`` or ``[[case]]`` that fit, by their number in the file."""
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        fault((kind,), None, f"write each as [[{kind}]]")
        return {}
    most = MAX_ENTRIES if kind == "lose" else MAX_QUESTIONS
    if len(value) > most:
        fault((kind,), None, f"stands {len(value)} times; at most {most} are read")
        return {}
    known = {k: (k, read) for k, read in _LOSE.items()} if kind == "lose" else _CASE
    out: dict[int, Any] = {}
    for i, row in enumerate(value):
        got: dict[str, Any] = {}
        for key, cell in row.items():
            if key in known:
                _take(got, known[key][0], (kind, i, key), cell, known[key][1], fault)
            else:
                hint = did_you_mean(key, known) or "; known: " + ", ".join(known)
                fault((kind, i, key), None, f"is no key of [[{kind}]]{hint}")
        if isinstance(got.get("scenario"), Path):
            got["scenario"] = _whole(folder, got["scenario"])
        if len(got) == len(row):
            out[i] = Lose(**got) if kind == "lose" else Case(**got)
    return out


def _own_options(value: Any, folder: Path, fault: Fault) -> dict[str, Mapping[str, Any]]:
    if not isinstance(value, dict):
        fault(("measure",), None, "write [measure.NAME] with its options")
        return {}
    out: dict[str, Mapping[str, Any]] = {}
    for name, cell in value.items():
        if name not in MEASURES:
            hint = did_you_mean(name, MEASURES) or "; known: " + ", ".join(MEASURES)
            fault(("measure", name), None, f"is no measure{hint}")
        elif not isinstance(cell, dict):
            fault(("measure", name), None, f"write [measure.{name}] with its options")
        else:
            force = str(cell.get("force", ""))
            out[name] = cell | ({"force": _whole(folder, Path(force))} if force.endswith(".toml") else {})
    return out


# ---- from a study to questions


class _State(NamedTuple):
    """What a scenario makes of the network: cells of links by column and row, and links that are closed besides."""

    cells: tuple[tuple[str, int, Any], ...] = ()
    close: tuple[str, ...] = ()


class _Scene(NamedTuple):
    """A scenario resolved: as it stands at hour 0, as it lasts, what holds for some hours, and what it asks."""

    name: str
    standing: _State = _State()
    lasting: _State = _State()
    windows: tuple[Window, ...] = ()
    ask: Mapping[str, Any] = {}
    force: Force | None = None


@dataclass(frozen=True)
class _Job:
    """What a worker is sent once."""

    key: str
    net: Network
    vehicles: Mapping[str, Vehicle]
    fleet: str
    scenes: tuple[_Scene, ...]
    options: Mapping[str, Any]
    measures: tuple[tuple[str, Mapping[str, Any]], ...]
    compiled: bool
    version: str = __version__

    def agree(self) -> None:
        """Refuse a worker that would answer otherwise than whoever asks."""
        if self.version != __version__:
            raise MobilityError(f"a worker has version {__version__} of mobility, this is {self.version}")
        if _fleet(self.net) != self.fleet:
            where = f" in {self.net.folder}" if self.net.folder else ""
            raise MobilityError(f"a worker does not find the same vehicles.toml{where}; give all the same folder")


def _fleet(net: Network) -> str:
    return hashlib.sha256(repr(vehicles(net)).encode()).hexdigest()


def _job(study: Study, net: Network) -> tuple[_Job, tuple[Question, ...]]:
    """Return what workers are sent and the questions of a study.

    Raises
    ------
    InputError
        With everything that is not understood.
    """
    faults: list[Finding] = []

    def fault(at: Key, value: Any, message: str) -> None:
        faults.append(_finding(study.name, {}, at, value, message))

    job, asked = _resolved(study, net, fault, lambda: bool(faults))
    if faults:
        raise InputError(list(dict.fromkeys(faults)))
    assert job is not None
    return job, asked


def _resolved(
    study: Study, net: Network, fault: Fault, failed: Callable[[], bool]
) -> tuple[_Job | None, tuple[Question, ...]]:
    """Look everything up that a study names, and spread it out; None after any fault."""
    measures = _measures(study, net, fault)
    for i, name in enumerate(study.vehicles):
        _told(fault, ("vehicles", i), name, find_vehicle, name, net)
    for key, value in study.options.items():
        shown = ", ".join(value) if isinstance(value, tuple) else None if isinstance(value, Mapping) else value
        if key not in _ASK:
            fault((key,), shown, f"is no option of a study{did_you_mean(key, _ASK) or '; known: ' + ', '.join(_ASK)}")
        else:
            _told(fault, (key,), shown, lambda option: compile_arcs(net, **option), {key: value})
    for name in study.permissions:
        _told(fault, ("permissions",), name, lambda p: compile_arcs(net, permission=p), name)
    pairs = [_places(net, pair, ("pairs", i), fault) for i, pair in enumerate(study.pairs)]
    scenes: list[_Scene] = []
    grid = [_scene(net, s, ("scenarios",), fault, scenes) for s in study.scenarios]
    for i, lose in enumerate(study.lose):
        grid += _losses(net, lose, ("lose", i), fault, scenes)
    if not grid and not study.cases:
        grid = [_scene(net, NONE, ("scenarios",), fault, scenes)]
    listed = [_scene(net, c.scenario, ("case", i, "scenario"), fault, scenes) for i, c in enumerate(study.cases)]
    seeded = any(MEASURES[m].seeded for m, _ in measures)
    if study.seeds and not seeded:
        wanted = ", ".join(m for m, spec in MEASURES.items() if spec.seeded)
        fault(("seeds",), None, f"means nothing to {', '.join(study.measures)}; it does to {wanted}")
    if failed():
        return None, ()
    asked: list[Question] = []

    def ask(
        scene: int, vehicle: str, pair: Ends | None, year: int | None, permission: str, seed: int | None, at: Key
    ) -> None:
        own = scenes[scene].ask
        ends_of = pair or (tuple(own.get("origin", ())), tuple(own.get("destination", ())))
        if not all(ends_of):
            fault(at, scenes[scene].name, "names no places; give from and to, or pairs")
        elif pair is None:
            ends_of = _places(net, ends_of, at, fault)
        asked.append(
            Question(
                len(asked), scene, vehicle or str(own.get("vehicle", "any")), *ends_of,
                year if year is not None else own.get("year"), permission or str(own.get("permission", "none")),
                seed if seed is not None else 1 if seeded else None,
            )
        )  # fmt: skip

    size = len(grid) * math.prod(
        len(d) or 1 for d in (study.vehicles, study.pairs, study.years, study.permissions, study.seeds)
    ) + len(study.cases)
    if size > MAX_QUESTIONS:
        fault(("scenarios",), None, f"the study has {size:,} questions; at most {MAX_QUESTIONS:,} are asked")
        return None, ()
    for row in product(
        grid, study.vehicles or ("",), pairs or (None,), study.years or (None,), study.permissions or ("",),
        study.seeds or (None,),
    ):  # fmt: skip
        ask(*row, ("from",))
        if failed():
            return None, ()
    for i, (case, scene) in enumerate(zip(study.cases, listed, strict=True)):
        _case(study, net, case, scene, pairs, ("case", i), fault, ask)
    if failed():
        return None, ()
    return _packed(study, net, scenes, measures, asked), tuple(asked)


def _case(
    study: Study, net: Network, case: Case, scene: int, pairs: Sequence[Ends], at: Key, fault: Fault,
    ask: Callable[..., None],
) -> None:  # fmt: skip
    """Ask one case of the list."""
    for key in ("vehicle", "permission"):
        if value := getattr(case, key):
            _told(fault, (*at, key), value, lambda option: compile_arcs(net, **option), {key: value})
    own: Ends | None = (case.origin, case.destination) if case.origin or case.destination else None
    if own is None and pairs:
        own = pairs[0]
        if len(pairs) > 1:
            fault(at, None, "from and to are missing; the study has several pairs")
    elif own is not None and all(own):
        own = _places(net, own, at, fault)
    one = {k: getattr(study, k)[0] if len(getattr(study, k)) == 1 else None for k in ("vehicles", "years", "seeds")}
    regime = study.permissions[0] if len(study.permissions) == 1 else ""
    ask(
        scene, case.vehicle or one["vehicles"] or "", own, case.year if case.year is not None else one["years"],
        case.permission or regime, case.seed if case.seed is not None else one["seeds"], at,
    )  # fmt: skip


def _measures(study: Study, net: Network, fault: Fault) -> list[tuple[str, dict[str, Any]]]:
    """Return each measure with its options, forces looked up."""
    out = []
    for name in study.measure:
        if name in MEASURES and name not in study.measures:
            fault(("measure", name), None, f"has options, and measures does not name {name}")
    if not study.measures:
        fault(("measures",), None, f"none is named; known: {', '.join(MEASURES)}")
    for name in study.measures:
        if name not in MEASURES:
            fault(("measures",), name, f"is no measure{did_you_mean(name, MEASURES)}")
            continue
        options = dict(study.measure.get(name, {}))
        force = options.pop("force", None) if name == "closure" else None
        if "seed" in options:
            fault(("measure", name, "seed"), None, "comes from seeds; write seeds = [1, 2]")
            del options["seed"]
        _fitting(name, options, lambda at, value, text: fault(("measure", *at[1:]), value, text))
        options = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}
        if force is not None:
            made: dict[str, Any] = {}
            at: Key = ("measure", name, "force")
            _told(fault, at, force, lambda f, made=made: made.update(force=find_force(f, net)), force)
            options |= made
        # Plans of steady rates compare, and do not depend on how fast the machine is.
        out.append((name, {"gap": math.inf, **options} if name == "closure" else options))
    return out


def _places(net: Network, pair: Ends, at: Key, fault: Fault) -> Ends:
    """Return a pair as ids."""
    found: list[Ends] = []

    def look(names: Ends) -> None:
        start, end = ends(net, names[0], names[1])
        found.append((tuple(start), tuple(end)))

    _told(fault, at, " to ".join(", ".join(side) for side in pair), look, pair)
    return found[0] if found else ((), ())


def _scene(net: Network, name: str | Path | Scenario, at: Key, fault: Fault, into: list[_Scene]) -> int:
    """Add a scenario to those known, each once; return its number."""
    if name == NONE:
        return _known(_Scene(NONE), into)
    made: list[_Scene] = []

    def look() -> None:
        one = scenario(name, net)
        applied = one.apply(net)
        now, _ = applied.standing()
        force = find_force(one.force, net) if one.force else None
        states = _state(net, now), _state(net, applied.net)
        made.append(_Scene(one.name, *states, applied.windows, applied.ask, force))

    _told(fault, at, name.name if isinstance(name, Path | Scenario) else name, look)
    return _known(made[0], into) if made else 0


def _known(one: _Scene, into: list[_Scene]) -> int:
    for i, other in enumerate(into):
        if other == one:
            return i
    into.append(one)
    return len(into) - 1


def _state(net: Network, made: Network) -> _State:
    """Return by what a network differs from the one it was made of."""
    old, new = net.table("links"), made.table("links")
    if new is old:
        return _State()
    changed: dict[int, dict[str, Any]] = {}
    for column in old.columns:
        a, b = old[column].to_numpy(), new[column].to_numpy()
        same = (a == b) | ((a != a) & (b != b))
        for row in np.flatnonzero(~same.astype(bool)).tolist():
            value = b[row]
            changed.setdefault(row, {})[str(column)] = value.item() if hasattr(value, "item") else value
    ids = old["link_id"].tolist()
    # A link that is only closed can be closed by a mask; its notes on estimates do not matter any more.
    about = {"status", "open_year", "estimated", "ranges", "value_confidence"}
    shut = [r for r, cells in changed.items() if cells.get("status") == "closed" and set(cells) <= about]
    close = tuple(ids[r] for r in sorted(shut))
    if set(net.with_assets(close)) != set(close):
        close, shut = (), []
    cells = tuple((c, r, v) for r, row in changed.items() if r not in set(shut) for c, v in row.items())
    return _State(cells, close)


def _losses(net: Network, lose: Lose, at: Key, fault: Fault, into: list[_Scene]) -> list[int]:
    """Add a scenario for each set of units that goes out; return their numbers."""
    found: list[Any] = []
    _told(fault, (*at, "of"), lose.of, lambda: found.extend(units(net, lose.of)))
    status, opens = (net.table("links")[c].to_numpy() for c in ("status", "open_year"))
    usable = (status == "operational") | ~np.isnan(opens.astype(float))
    if lose.where is not None:
        conditions = _conditions(
            net, lose.where, lambda key, value, text: fault((*at, "where", key), value, text)
        )  # fmt: skip
        usable &= np.isin(net.table("links")["link_id"].to_numpy(object), list(conditions))
    ids = net.table("links")["link_id"].tolist()
    parts = [(u.id, tuple(ids[r] for r in u.rows)) for u in found if usable[list(u.rows)].any()]
    if found and len(parts) < lose.k:
        fault(at, None, f"{len(parts)} {lose.of} meet the conditions; {lose.k} at once are asked for")
        return []
    sets = math.comb(len(parts), lose.k)
    if sets > MAX_QUESTIONS and (lose.count is None or lose.count >= sets):
        fault(at, None, f"makes {sets:,} scenarios; at most {MAX_QUESTIONS:,} are asked: give a count")
        return []
    if lose.count is None or lose.count >= sets:
        chosen: Iterable[tuple[int, ...]] = combinations(range(len(parts)), lose.k)
    else:
        chosen = islice(_draws(len(parts), lose.k, lose.seed), lose.count)
    start = len(into)
    for some in chosen:
        state = _State((), tuple(net.with_assets(x for i in some for x in parts[i][1])))
        into.append(_Scene("+".join(parts[i][0] for i in some), state, state))
    return list(range(start, len(into)))


def _draws(size: int, k: int, seed: int) -> Iterator[tuple[int, ...]]:
    """Yield different sets of `k` numbers below `size`, each as likely as any other."""
    random, seen = np.random.default_rng(seed), set()
    while True:
        some = tuple(sorted(random.choice(size, k, replace=False).tolist()))
        if some not in seen:
            seen.add(some)
            yield some


def _packed(
    study: Study, net: Network, scenes: Sequence[_Scene], measures: Sequence[tuple[str, Mapping[str, Any]]],
    asked: Sequence[Question],
) -> _Job:  # fmt: skip
    """Return what workers are sent, with the key by which a journal knows the study."""
    bare = Network(net.tables, net.folder, net.year)  # without what was computed of it
    fleet = _fleet(net)
    lookup = {name: find_vehicle(name, net) for name in dict.fromkeys(q.vehicle for q in asked)}
    options = {k: v for k, v in study.options.items() if v not in (None, "", ())}
    digest = hashlib.sha256(f"{__version__} {net.data_hash} {net.year} {fleet}".encode())
    for part in (scenes, sorted(options.items()), measures):
        digest.update(repr(part).encode())
    for question in asked:
        digest.update(repr(question).encode())
    flows = sum(m == "throughput" for m, _ in measures) * len(asked)
    return _Job(
        digest.hexdigest(), bare, lookup, fleet, tuple(scenes), options, tuple(measures), flows >= COMPILED_FROM
    )


# ---- answering


class _Cache(OrderedDict[Any, Any]):
    """The last few of what was made, by key."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def of(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what is kept under a key, or make it."""
        try:
            self.move_to_end(key)
            return self[key]
        except KeyError:
            made = self[key] = make()
            while len(self) > self.most:
                self.popitem(last=False)
            return made


class Answerer:
    """Answers the questions of a job; each worker has one, and each thread of a worker its own.

    The network is compiled once for each vehicle and set of options; what a scenario closes is a mask on that. The
    figures are those of the single functions on the changed network.
    """

    def __init__(self, job: _Job) -> None:
        self.job = job
        self._nets, self._arcs, self._routes, self._last = _Cache(8), _Cache(24), _Cache(5000), _Cache(1)

    def row(self, question: Question) -> dict[str, Any]:
        """Return the figures of a question, its status, and why it failed if it did."""
        known = self._last.of(question._replace(number=0, seed=None), dict)
        out: dict[str, Any] = {}
        states, faults = [], []
        for name, options in self.job.measures:
            if name in known:
                status, figures = known[name]
            else:
                try:
                    status, figures = self._answer(question, name, options)
                except MobilityError as error:
                    faults.append(f"{name}: {error}")
                    continue
                except Exception as error:  # one question must not end the study
                    faults.append(f"{name}: {type(error).__name__}: {error}")
                    continue
                if not MEASURES[name].seeded:
                    known[name] = status, figures
            states.append(status)
            out |= {k: v.item() if hasattr(v, "item") else v for k, v in figures.items()}
        status = "failed" if faults else "no_route" if "no_route" in states else "ok"
        return {"status": status, **out, **({"error": " ".join("; ".join(faults).split())[:1000]} if faults else {})}

    def _answer(self, question: Question, name: str, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        scene = self.job.scenes[question.scene]
        ask = {k: v for k, v in scene.ask.items() if k in OPTIONS} | dict(self.job.options)
        ask |= {"vehicle": self.job.vehicles[question.vehicle], "permission": question.permission}
        ask.pop("year", None)
        state = scene.lasting if name == "closure" else scene.standing
        net = self._net(state.cells, question.year)
        if not options and name in ("routes", "throughput"):
            arcs, mask = self._masked(net, state, question, ask)
            quick = self._route if name == "routes" else self._throughput
            return quick(arcs, mask, question)
        own = dict(options)
        if MEASURES[name].seeded:
            own["seed"] = question.seed
        if name == "closure":
            own = {"windows": scene.windows, **({"force": scene.force} if scene.force else {}), **own}
        function = verb_of(name)
        assert function is not None
        answer = function(net, question.origins, question.destinations, close=state.close, **ask, **own)
        return answer.status, MEASURES[name].read(answer)

    def _net(self, cells: tuple[tuple[str, int, Any], ...], year: int | None) -> Network:
        """Return the network with some cells changed, at a year."""
        if year is not None:
            return cast("Network", self._nets.of((cells, year), lambda: self._net(cells, None).at(year)))
        return cast("Network", self._nets.of((cells, None), lambda: changed(self.job.net, cells)))

    def _masked(self, net: Network, state: _State, question: Question, ask: Mapping[str, Any]) -> tuple[Arcs, Array]:
        """Return the arcs of the network, and which of them are open under the scenario."""
        key = state.cells, question.year, repr(sorted((k, v) for k, v in ask.items() if k != "vehicle"))
        arcs = self._arcs.of((*key, question.vehicle), lambda: compile_arcs(net, **ask))
        if not state.close:
            return arcs, arcs.open
        closed = np.zeros(len(arcs.link_open), bool)
        closed[[net.link_index[x] for x in state.close]] = True
        return arcs, arcs.open & ~arcs.per_arc(closed, False)

    def _route(self, arcs: Arcs, mask: Array, question: Question) -> tuple[str, dict[str, Any]]:
        path = best_path(build_graph(arcs, question.origins, question.destinations, (), mask))
        if path is None:
            return "no_route", _of_route(None)
        return "ok", _of_route(self._routes.of((id(arcs), tuple(path)), lambda: make_route(arcs, path)))

    def _throughput(self, arcs: Arcs, mask: Array, question: Question) -> tuple[str, dict[str, Any]]:
        """Return the figures of :func:`mobility.throughput`.

        The value and the cut nearest the origins are the same for every maximum flow, so any kernel will do.
        """
        arcs = replace(arcs, open=mask)
        flowing = flow_graph(arcs, question.origins, question.destinations)
        graph = flowing.graph
        if self.job.compiled:
            from mobility.compiled import CompiledFlow

            ask = graph.size, graph.tail, graph.head, flowing.capacity, graph.weight, graph.source, graph.sink
            flow: Any = CompiledFlow(*ask)
        else:
            flow = graph.flow(flowing.capacity)
        flow.maximum()
        near = flow.reachable()
        behind = reached(graph.size, graph.head, graph.tail, [graph.sink])
        cut: dict[str, list[float]] = {}
        unsure: set[str] = set()
        for a in np.flatnonzero(near[graph.tail] & ~near[graph.head] & (graph.arc >= 0) & behind[graph.head]).tolist():
            arc = int(graph.arc[a])
            item = arcs.label(arc)
            cut.setdefault(item, []).append(int(flowing.capacity[a]) / flowing.unit)
            (unsure.add if arcs.measure(arc).estimated else unsure.discard)(item)
        items = {item: sum(rooms) for item, rooms in cut.items()}
        total = math.fsum(items.values())
        found = flow.value / flowing.unit
        return "ok" if behind[graph.source] else "no_route", {
            "vehicles_per_day": found, "tonnes_per_day": found * arcs.vehicle.tonnes, "cut": ";".join(items),
            "cut_estimated": math.fsum(items[x] for x in items if x in unsure) / total if total else 0.0,
        }  # fmt: skip


def changed(net: Network, cells: Sequence[tuple[str, int, Any]]) -> Network:
    """Return a network with some cells of its links changed."""
    if not cells:
        return net
    links = net.table("links").copy()
    for column, row, value in cells:
        links.at[row, column] = value
    return Network({**net.tables, "links": Table(links)}, net.folder, net.year, net.notes)


class _Done(NamedTuple):
    """A question that is answered, and how long that took."""

    number: int
    row: dict[str, Any]
    seconds: float


def _timed(answerer: Answerer, question: Question) -> _Done:
    start = time.perf_counter()
    row = answerer.row(question)
    return _Done(question.number, row, time.perf_counter() - start)


def _lost(question: Question) -> _Done:
    """Return the row of a question that kills whoever answers it."""
    why = f"its worker died {DEATHS} times, as when memory runs out"
    return _Done(question.number, {"status": "failed", "error": why}, 0.0)


class _Pace:
    """How long a question takes, so that chunks are neither too small nor too large."""

    def __init__(self) -> None:
        self.seconds, self.count = 0.0, 0

    def add(self, done: Iterable[_Done]) -> None:
        """Take what is done into account."""
        for one in done:
            self.seconds += one.seconds
            self.count += 1

    def chunk(self, left: int, workers: int) -> int:
        """Return how many questions to hand out next; fewer towards the end, so that no worker idles."""
        if not self.count:
            return 1
        fits = math.ceil(CHUNK_S / max(self.seconds / self.count, 1e-6))
        return max(1, min(fits, MOST_CHUNK, math.ceil(left / (2 * workers))))


# ---- who answers: this process, others on this machine, a cluster


def _serial(job: _Job, todo: deque[Question], until: float = math.inf) -> Iterator[list[_Done]]:
    """Answer here, in chunks, taking questions off `todo`; stop early when so many seconds are gone."""
    answerer, pace, start = Answerer(job), _Pace(), time.perf_counter()
    while todo and time.perf_counter() - start < until:
        rows = []
        for _ in range(pace.chunk(len(todo), 1)):
            rows.append(_timed(answerer, todo[0]))
            todo.popleft()
        pace.add(rows)
        yield rows


BOOT = "import sys; sys.path[:] = {path!r}; from mobility.sweep import serve; serve()"
"""What a worker runs. It is no fork (threads would hang in it), and does not run the user's script again as a process
of ``multiprocessing`` would."""


class _Worker:
    """A process that answers questions sent to it through its standard input."""

    def __init__(self, job: bytes, events: queue.SimpleQueue[tuple[_Worker, Any]]) -> None:
        single = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
        command = [sys.executable, "-c", BOOT.format(path=sys.path)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **single}
        )
        self.ready, self.flight = False, deque[Question]()
        self._events = events
        self._thread = threading.Thread(target=self._listen, args=(job,), daemon=True)
        self._thread.start()

    def ask(self, chunk: Sequence[Question]) -> None:
        """Hand questions out."""
        self.flight.extend(chunk)
        self._send(pickle.dumps(list(chunk)))

    def _send(self, data: bytes) -> None:
        assert self.process.stdin is not None
        with suppress(OSError):  # it is dead; the thread that listens tells
            self.process.stdin.write(data)
            self.process.stdin.flush()

    def _listen(self, job: bytes) -> None:
        assert self.process.stdout is not None
        self._send(job)  # here, for it waits until the process has started
        while True:
            try:
                message = pickle.load(self.process.stdout)
            except (EOFError, OSError, ValueError, pickle.UnpicklingError):
                self._events.put((self, None))
                return
            self._events.put((self, message))

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        self._thread.join()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                cast("IO[bytes]", pipe).close()


def serve() -> None:
    """Answer questions from standard input until it closes: what a worker on this machine does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks decides
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    source = sys.stdin.buffer
    inbox: queue.SimpleQueue[list[Question]] = queue.SimpleQueue()
    try:
        job: _Job = pickle.load(source)
    except (EOFError, pickle.UnpicklingError):
        return  # whoever asked has ended meanwhile

    def listen() -> None:
        with suppress(Exception):
            while True:
                inbox.put(pickle.load(source))
        os._exit(0)  # whoever asked is gone, so nobody waits for the answer

    threading.Thread(target=listen, daemon=True).start()

    def tell(message: Any) -> None:
        pickle.dump(message, out)
        out.flush()

    with suppress(BrokenPipeError):
        try:
            job.agree()
        except MobilityError as error:
            tell(str(error))
        answerer = Answerer(job)
        tell(True)
        while True:
            for question in inbox.get():
                tell(_timed(answerer, question))


def _local(job: _Job, todo: deque[Question], count: int) -> Iterator[list[_Done]]:
    """Answer in other processes of this machine.

    Each answer comes by itself, so when a worker dies it is known which question it died of: the first that has no
    answer. That one is asked again, and given up when it kills again; the others are only handed to someone else.
    """
    events: queue.SimpleQueue[tuple[_Worker, Any]] = queue.SimpleQueue()
    data = pickle.dumps(job)
    deaths: Counter[int] = Counter()
    pace, stillborn = _Pace(), 0
    crew: list[_Worker] = []
    try:
        crew.extend(_Worker(data, events) for _ in range(min(count, len(todo))))
        while todo or any(w.flight for w in crew):
            got: list[_Done] = []
            for worker, message in _arrived(events):
                if isinstance(message, str):
                    raise MobilityError(message)
                if message is True:
                    worker.ready, stillborn = True, 0
                elif message is not None:
                    got.append(message)
                    worker.flight.popleft()
                else:
                    worker.end()
                    crew.remove(worker)
                    stillborn += not worker.ready
                    if stillborn > 2 * count:
                        raise MobilityError("the processes that should answer end before they start")
                    if worker.ready and worker.flight:
                        first = worker.flight[0]
                        deaths[first.number] += 1
                        if deaths[first.number] >= DEATHS:
                            got.append(_lost(worker.flight.popleft()))
                    todo.extendleft(reversed(worker.flight))
                    if todo or any(w.flight for w in crew):
                        crew.append(_Worker(data, events))
            pace.add(got)
            for worker in crew:
                size = pace.chunk(len(todo), len(crew))
                if todo and worker.ready and len(worker.flight) <= size // 2:
                    worker.ask([todo.popleft() for _ in range(min(size, len(todo)))])
            if got:
                yield got
    finally:
        for worker in crew:
            worker.end()


def _arrived(events: queue.SimpleQueue[Any], wait_s: float = 0.2) -> Iterator[Any]:
    """Yield the next event and those that come shortly after: rows are written together."""
    yield events.get()
    end = time.monotonic() + wait_s
    with suppress(queue.Empty):
        for _ in range(MOST_CHUNK):
            yield events.get(timeout=max(0.0, end - time.monotonic()) / 10)


_HELD: dict[str, tuple[_Job, threading.local]] = {}
"""Jobs that a worker of a cluster holds, by key."""


def hold(job: _Job) -> None:
    """Take a job in, on a worker of a cluster."""
    job.agree()
    _HELD[job.key] = job, threading.local()


def drop(key: str) -> None:
    """Forget a job."""
    _HELD.pop(key, None)


def answered(key: str, chunk: Sequence[Question]) -> list[_Done]:
    """Answer a chunk, on a worker of a cluster."""
    job, own = _HELD[key]
    if not hasattr(own, "answerer"):
        own.answerer = Answerer(job)
    return [_timed(own.answerer, question) for question in chunk]


def _cluster(job: _Job, todo: deque[Question], address: str) -> Iterator[list[_Done]]:
    """Answer on the workers of a Dask cluster.

    The job is a plugin of the workers, so that each gets it once, also one that comes later or in place of another.
    """
    from distributed import Client, KilledWorker, WorkerPlugin, as_completed

    class Holder(WorkerPlugin):  # type: ignore[misc]
        """Brings the job to a worker."""

        name = f"mobility-{job.key[:16]}"

        def setup(self, worker: Any) -> None:
            from mobility.sweep import hold

            hold(job)

        def teardown(self, worker: Any) -> None:
            from mobility.sweep import drop

            drop(job.key)

    with ExitStack() as stack:
        try:
            client = stack.enter_context(Client(address, timeout=CONNECT_S, set_as_default=False))
            client.wait_for_workers(1, timeout=WORKERS_S)
        except (OSError, ValueError, TimeoutError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise InputError(f"the scheduler {address} cannot be used: {reason}; write tcp://HOST:PORT") from None
        try:
            client.register_plugin(Holder())
        except ImportError as error:
            raise MobilityError(f"the workers of {address} cannot load mobility: {error}") from None
        stack.callback(lambda: _quietly(client.unregister_worker_plugin, Holder.name))
        sent: dict[Any, list[Question]] = {}
        pace, deaths = _Pace(), Counter[int]()
        ready = as_completed(loop=client.loop)

        def feed() -> None:
            threads = max(1, sum(client.nthreads().values()))
            while todo and len(sent) < 3 * threads:
                size = pace.chunk(len(todo), threads)
                chunk = [todo.popleft() for _ in range(min(size, len(todo)))]
                future = client.submit(answered, job.key, chunk, pure=False)
                sent[future] = chunk
                ready.add(future)

        feed()
        while sent:
            future = next(ready)
            chunk = sent.pop(future)
            got: list[_Done] = []
            if future.status == "finished":
                got = future.result()
            elif client.status != "running":
                raise MobilityError(f"the scheduler {address} is gone; --resume goes on where this stopped")
            else:
                why = future.exception() if future.status == "error" else None
                if isinstance(why, MobilityError):
                    raise why
                # Dask has tried a chunk that kills on several workers already.
                for question in chunk:
                    deaths[question.number] += DEATHS if isinstance(why, KilledWorker) and len(chunk) == 1 else 1
                got = [_lost(q) for q in chunk if deaths[q.number] > DEATHS]
                again = [q for q in chunk if deaths[q.number] <= DEATHS]
                for question in again:
                    one = client.submit(answered, job.key, [question], pure=False)
                    sent[one] = [question]
                    ready.add(one)
            pace.add(got)
            feed()
            if got:
                yield got


def _quietly(step: Callable[..., Any], *given: Any) -> None:
    with suppress(Exception):
        step(*given)


# ---- the journal


class _Files(NamedTuple):
    """Where a sweep writes: the table, what it rests on, and the journal."""

    table: Path
    facts: Path
    journal: Path


def _files(out: str | Path) -> _Files:
    """Return the files of a sweep: beside a table that is named, else in a folder."""
    target = Path(out)
    if target.suffix.casefold() in (".csv", ".parquet"):
        return _Files(target, target.with_name(f"{target.name}.json"), target.with_name(f"{target.name}.journal"))
    if target.suffix and not target.is_dir():
        raise InputError(f"{target}: the name of a table ends in .csv or .parquet; a folder has no ending")
    return _Files(target / "table.csv", target / "sweep.json", target / "sweep.journal")


def _journal_key(job: _Job, study: Study, count: int) -> dict[str, Any]:
    figures = [c for m in study.measures for c in MEASURES[m].columns]
    return {
        "journal": "mobility sweep 1", "study": job.key, "name": study.name, "questions": count, "figures": figures,
    }  # fmt: skip


@contextmanager
def _journal(path: Path, head: Mapping[str, Any], resume: bool) -> Iterator[tuple[dict[int, _Done], IO[bytes]]]:
    """Yield what a journal holds, and the file to append to; a last line that is torn is cut off."""
    known: dict[int, _Done] = {}
    try:
        file = path.open("r+b" if resume and path.exists() else "w+b" if not path.exists() else "r+b")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None
    with file:
        _lock(file, path)
        if resume:
            sound = _recall(path, file, head, known)
            file.truncate(sound)
            file.seek(sound)
        else:
            file.truncate(0)
        if not file.tell():
            _append(file, [head])
        yield known, file


def _lock(file: IO[bytes], path: Path) -> None:
    """Refuse to write what another process is writing."""
    try:
        import fcntl
    except ImportError:  # a system without such locks
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise InputError(f"{path} is being written by another sweep") from None


def _recall(path: Path, file: IO[bytes], head: Mapping[str, Any], known: dict[int, _Done]) -> int:
    """Read the journal of a study into `known`; return how many bytes of it are sound."""
    if os.fstat(file.fileno()).st_size > MAX_JOURNAL:
        raise InputError(f"{path} has more than {MAX_JOURNAL / 1e9:.0f} GB")
    sound = 0
    for number, line in enumerate(file, 1):
        if not line.endswith(b"\n"):
            break  # torn when whoever wrote it was killed
        try:
            found = json.loads(line)
            if number == 1:
                if found["study"] != head["study"] or found["journal"] != head["journal"]:
                    was = str(found["name"])[:80]
                    why = "its questions, data or version differ" if was == head["name"] else f"of {was!r}"
                    raise InputError(
                        f"{path} is the journal of another study ({why}); choose another name or --overwrite"
                    )
            else:
                done = _Done(found["n"], found["row"], float(found["s"]))
                if not 0 <= done.number < head["questions"] or not _sound(done.row, head["figures"]):
                    raise ValueError
                known[done.number] = done
        except (ValueError, KeyError, TypeError, RecursionError):
            raise InputError(
                [Finding("error", str(path), number, None, None, "is no line of a journal; the file is damaged")]
            ) from None
        sound += len(line)
    return sound


def _sound(row: Mapping[str, Any], figures: Sequence[str]) -> bool:
    """Whether a row of a journal is one that is written there."""
    if row["status"] not in ("ok", "no_route", "failed") or not set(row) <= {"status", "error", *figures}:
        return False
    text = {"status", "error", *TEXTS}
    return all(
        v is None
        or (
            isinstance(v, str)
            if k in text
            else isinstance(v, bool)
            if k in FLAGS
            else type(v) in (int, float) and abs(v) < 1e300
        )
        for k, v in row.items()
    )


def _append(file: IO[bytes], lines: Iterable[Mapping[str, Any]]) -> None:
    """Write whole lines, and wait until the disk has them."""
    text = "".join(json.dumps(x, ensure_ascii=False, default=str) + "\n" for x in lines)
    file.write(text.encode())
    file.flush()
    os.fsync(file.fileno())


# ---- the sweep


@dataclass(frozen=True, repr=False)
class Sweep:
    """The answers of a study.

    Attributes
    ----------
    study : Study
    net : Network
    frame : DataFrame
        A row for each question, in the order of the study.
    facts : mapping
        What the table rests on: data, versions, seeds, seconds.
    path : Path or None
        The table, where it was written.
    """

    study: Study
    net: Network = field(repr=False)
    frame: pd.DataFrame = field(repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None

    @property
    def status(self) -> str:
        """Return ``ok`` when all is answered and something has a route, else ``failed`` or ``no_route``."""
        found = set(self.frame["status"])
        return "failed" if "failed" in found else "ok" if "ok" in found else "no_route"

    @property
    def failed(self) -> pd.DataFrame:
        """The rows that failed, with the reason."""
        return self.frame[self.frame["status"] == "failed"]

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        counts = self.frame["status"].value_counts()
        rest = [f"{counts.get(k, 0):,} {text}" for k, text in (("no_route", "without a route"), ("failed", "failed"))]
        return f"{len(self.frame):,} questions, {', '.join(rest)}"

    @property
    def figures(self) -> tuple[str, ...]:
        """The first column of each measure."""
        return tuple(MEASURES[m].columns[0] for m in self.study.measures)

    def lower_is_better(self, figure: str) -> bool:
        """Whether the low end of a figure is the good one."""
        return any(MEASURES[m].better == "low" for m in self.study.measures if figure in MEASURES[m].columns)

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each question, keyed by its number."""
        return self.frame.set_index("case")

    def to_dict(self) -> dict[str, Any]:
        """Return the answers as JSON holds them."""
        rows = self.frame.astype(object).where(self.frame.notna(), None).to_dict("records")
        return {"status": self.status, "rows": rows, "summary": self._spreads(), "provenance": dict(self.facts)}

    def _spreads(self) -> list[dict[str, Any]]:
        frame = self.summary().reset_index()
        return cast("list[dict[str, Any]]", frame.astype(object).where(frame.notna(), None).to_dict("records"))

    def summary(self, by: str | None = None) -> pd.DataFrame:
        """Return best, median and worst of each measure's first figure, over all rows or by a column.

        Parameters
        ----------
        by : str, optional
            ``scenario``, ``vehicle``, ``from``, ``to``, ``year``, ``permission`` or ``seed``.

        Returns
        -------
        DataFrame
            Keyed by ``figure`` and, with `by`, that column: ``rows``, ``no_route``, ``failed``, ``best``, ``median``,
            ``worst`` and the case that is worst. Rows without a route have no time, and 0 vehicles a day.
        """
        if by is not None and by not in FIRST[1:-1]:
            raise InputError(f"by is {by!r}{did_you_mean(by, FIRST[1:-1]) or '; known: ' + ', '.join(FIRST[1:-1])}")
        groups = [(None, self.frame)] if by is None else list(self.frame.groupby(by, sort=False, dropna=False))
        rows = []
        for figure, measure in zip(self.figures, self.study.measures, strict=True):
            low = MEASURES[measure].better == "low"
            for name, part in groups:
                values = part[figure].dropna().astype(float)
                worst = None if values.empty else values.idxmax() if low else values.idxmin()
                rows.append(
                    {
                        "figure": figure, **({} if by is None else {by: name}), "rows": len(part),
                        "no_route": int((part["status"] == "no_route").sum()),
                        "failed": int((part["status"] == "failed").sum()),
                        "best": None if values.empty else float(values.min() if low else values.max()),
                        "median": None if values.empty else float(values.median()),
                        "worst": None if values.empty else float(values.max() if low else values.min()),
                        "worst_case": None if worst is None else int(part.loc[worst, "case"]),
                    }
                )  # fmt: skip
        return pd.DataFrame(rows).set_index(["figure"] if by is None else ["figure", by])

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """Columns of the question that take more than one value."""
        return tuple(c for c in FIRST[1:-1] if c != "closed" and len(self.frame[c].unique()) > 1)

    def plot(self, figure: str | None = None, by: str | None = None, path: str | Path | None = None) -> Any:
        """Draw how a figure spreads: a line for each value of a column, cases from best to worst.

        Parameters
        ----------
        figure : str, optional
            A column; left out: the first figure.
        by : str, optional
            A column of the question with at most 12 values; left out: the first with so few.
        path : str or Path, optional
            File to write, ``.png``, ``.svg`` or ``.pdf``.

        Returns
        -------
        Figure
        """
        return _plotted(self, figure, by, path)

    def __repr__(self) -> str:
        return f"<Sweep: {self.study.name}; {self.headline}>"

    def _repr_html_(self) -> str:
        from mobility.pages import as_html, told

        return as_html(told(self))


MOST_LINES = 12


def _plotted(made: Sweep, figure: str | None, by: str | None, path: str | Path | None) -> Any:
    from matplotlib.figure import Figure

    from mobility.report import CAVEAT
    from mobility.view import scale_colours

    numbers = [c for m in made.study.measures for c in MEASURES[m].columns]
    figure = figure or made.figures[0]
    if figure not in numbers or made.frame[figure].dtype == object:
        raise InputError(f"figure is {figure!r}{did_you_mean(figure, numbers) or '; known: ' + ', '.join(numbers)}")
    few = [c for c in made.dimensions if made.frame[c].nunique(dropna=False) <= MOST_LINES]
    by = by or (few[0] if few else "status")
    if by not in FIRST or made.frame[by].nunique(dropna=False) > MOST_LINES:
        known = ", ".join(few) or "none has so few"
        raise InputError(f"by is {by!r}; a column with at most {MOST_LINES} values is needed: {known}")
    groups = list(made.frame.groupby(by, sort=False, dropna=False))
    low = next(MEASURES[m].better for m in made.study.measures if figure in MEASURES[m].columns) == "low"
    page = Figure(figsize=(8, 4.8), layout="constrained")
    axes = page.subplots()
    for (name, part), colour in zip(groups, scale_colours(len(groups)), strict=True):
        values = np.sort(part[figure].dropna().to_numpy(float))
        values = values if low else values[::-1]
        share = 100 * np.arange(len(values) + 1) / max(1, len(part))
        if len(values):
            shown = "" if by == "status" else f"{name}"
            label = f"{shown} ({len(values):,} of {len(part):,})".strip()
            axes.stairs(values, share, baseline=None, color=colour, linewidth=1.8, label=label)
    axes.set_xlim(0, 100)
    axes.set_xlabel("% of the cases, from best to worst; where a line ends the others have no value")
    axes.set_ylabel(figure)
    axes.set_title(made.study.title or made.study.name, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(title=None if by == "status" else by, frameon=False, fontsize=8)
    page.supxlabel(CAVEAT, fontsize=7, color="#666666")
    if path is not None:
        target = Path(path)
        if target.suffix.casefold() not in (".png", ".svg", ".pdf"):
            raise InputError(f"{target}: the name must end in .png, .svg or .pdf")
        with beside(target) as file:
            page.savefig(file, dpi=200, format=target.suffix[1:].casefold())
    return page


def sweep(
    study: Study | str | Path,
    out: str | Path | None = None,
    *,
    net: Network | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Sweep:
    """Answer all questions of a study, on all cores or on a cluster.

    Parameters
    ----------
    study : Study, str or Path
        One made here, or a file.
    out : str or Path, optional
        A table ``.csv`` or ``.parquet``, or a folder; provenance and journal lie beside it. Left out: nothing is
        written.
    net : Network, optional
        Instead of the study's own.
    workers : int, optional
        Processes of this machine; 1 answers in this one. Left out: one for each core, if the study is worth that.
    scheduler : str, optional
        Address of a Dask cluster, as ``tcp://host:8786``, instead of processes here.
    resume : bool
        Go on where a sweep of the same study stopped; what failed is asked again.
    overwrite : bool
        Whether what was written before may be replaced.
    progress : callable, optional
        Told how many questions of how many are answered.

    Returns
    -------
    Sweep

    Raises
    ------
    InputError
        With every fault of the study; when the table exists; when the journal is that of another study.
    MobilityError
        When the processes or the cluster cannot be used. What is answered stands in the journal.

    Notes
    -----
    Each row holds the figures of the single functions (``mb.routes``, ``mb.throughput`` ...) under its scenario; what
    a scenario holds for some hours only counts as it stands at hour 0, but for ``closure``, which knows the hours.
    The table is the same however many workers answer, but for what gives up after a time: redundancy whose
    ``disjoint_proven`` is false (an integer programme took more than a minute), and a closure or a search with a time
    limit of its own that is reached.

    Workers get questions by pickle from the process that starts them; on a cluster whoever can reach the scheduler
    can run code there, which is how Dask works: use one that you trust. No file is read as pickle.

    Examples
    --------
    >>> import mobility as mb
    >>> from mobility.scenario import Where
    >>> from mobility.sweep import Lose, Study
    >>> lost = Lose(where=Where(corridor="VIII", mode="road"))
    >>> study = Study(name="one loss on corridor VIII", pairs=((("Durrës",), ("Burgas",)),), measures=("routes",),
    ...               scenarios=("none",), lose=(lost,))
    >>> table = mb.sweep(study, workers=1).to_frame()
    >>> bool((table.time_h >= table.time_h[1]).all()), set(table.status) <= {"ok", "no_route"}
    (True, True)
    """
    started = time.perf_counter()
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or not 1 <= workers <= 1024):
        raise InputError(f"workers is {workers!r}; it must be a whole number from 1 to 1024")
    if resume and overwrite:
        raise InputError("resume goes on with what is there, overwrite starts anew; give one of the two")
    if scheduler is not None and workers is not None:
        raise InputError("a cluster has its own workers; give workers or a scheduler, not both")
    if scheduler is not None and not re.fullmatch(r"[a-z]+://[^\s/]+:\d+/?", scheduler):
        raise InputError(f"the scheduler is {scheduler!r}; write its address, as tcp://host:8786")
    if scheduler is not None and util.find_spec("distributed") is None:
        raise InputError('a cluster needs distributed: pip install "mobility[cluster]"')
    files = None if out is None else _may_write(out, resume, overwrite)
    if isinstance(study, Study):
        net = net if net is not None else study.load()
        job, asked = _job(study, net)
    else:
        study, net, job, asked = _read(Path(study), net)
    with ExitStack() as stack:
        known: dict[int, _Done] = {}
        journal: IO[bytes] | None = None
        if files is not None:
            files.table.parent.mkdir(exist_ok=True)
            head = _journal_key(job, study, len(asked))
            known, journal = stack.enter_context(_journal(files.journal, head, resume))
        known = {n: done for n, done in known.items() if done.row["status"] != "failed"}
        before = len(known)
        todo = deque(q for q in asked if q.number not in known)
        for rows in _answers(job, todo, workers, scheduler):
            if journal is not None:
                _append(journal, ({"n": d.number, "s": round(d.seconds, 6), "row": d.row} for d in rows))
            known |= {d.number: d for d in rows}
            if progress is not None:
                progress(len(known), len(asked))
        frame = _table(study, net, job, asked, known)
        took = {"wall": round(time.perf_counter() - started, 3)}
        took["answering"] = round(sum(d.seconds for d in known.values()), 3)
        facts = _facts(study, net, job, frame, took)
        facts |= {"workers": workers, "scheduler": scheduler, "answered_before": before}
        made = Sweep(study, net, frame, facts, None if files is None else files.table)
        if files is not None:
            _write(made, files)
    return made


def _may_write(out: str | Path, resume: bool, overwrite: bool) -> _Files:
    """Return where to write; refuse what may not be, before anything is answered."""
    files = _files(out)
    folder = files.table.parent
    if folder.is_dir() or (folder == Path(out) and folder.parent.is_dir() and not folder.exists()):
        pass
    else:
        raise InputError(f"{out}: the folder does not exist" if not folder.exists() else f"{folder} is no folder")
    there = [f for f in files if f.exists() and not (f == files.journal and _empty(f))]
    if there and not (resume or overwrite):
        raise InputError(
            f"{there[0]} exists; --resume goes on with the same study, --overwrite replaces it (resume=True, "
            "overwrite=True in Python)"
        )
    if files.table.suffix.casefold() == ".parquet" and util.find_spec("pyarrow") is None:
        raise InputError('a table in Parquet needs pyarrow: pip install "mobility[parquet]"; or write .csv')
    return files


def _empty(journal: Path) -> bool:
    """Whether a journal holds no answer yet, as when the cluster could not be reached."""
    with journal.open("rb") as file:
        return len(file.read(10_000).splitlines()) < 2


def _answers(job: _Job, todo: deque[Question], workers: int | None, scheduler: str | None) -> Iterator[list[_Done]]:
    """Answer by whoever is asked for."""
    if not todo:
        return
    if scheduler is not None:
        yield from _cluster(job, todo, scheduler)
    elif workers == 1:
        yield from _serial(job, todo)
    elif workers is not None:
        yield from _local(job, todo, workers)
    else:
        start, count = time.perf_counter(), len(todo)
        yield from _serial(job, todo, TRY_S)
        left = (time.perf_counter() - start) / (count - len(todo)) * len(todo)
        yield from _local(job, todo, cores()) if left > WORTH_S and cores() > 1 else _serial(job, todo)


def cores() -> int:
    """Return how many cores this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _table(
    study: Study, net: Network, job: _Job, asked: Sequence[Question], known: Mapping[int, _Done]
) -> pd.DataFrame:
    """Return the table in the order of the study."""
    figures = [c for m in study.measures for c in MEASURES[m].columns]
    names = {p: net.name(p) for q in asked for p in (*q.origins, *q.destinations)}
    rows = []
    for q in asked:
        scene = job.scenes[q.scene]
        rows.append(
            {
                "case": q.number + 1, "scenario": scene.name, "closed": len(scene.standing.close),
                "vehicle": q.vehicle, "from": "; ".join(names[p] for p in q.origins),
                "to": "; ".join(names[p] for p in q.destinations), "year": q.year, "permission": q.permission,
                "seed": q.seed, **known[q.number].row,
            }
        )  # fmt: skip
    frame = pd.DataFrame(rows, columns=[*FIRST, *figures, "error"])
    frame["error"] = frame["error"].astype(object).where(frame["error"].notna(), "")
    for column in ("year", "seed"):
        frame[column] = pd.array(frame[column].tolist(), dtype="Int64") if frame[column].notna().any() else None
    for column in (c for c in figures if c not in TEXTS):
        frame[column] = frame[column].astype("Int64" if column in COUNTS else "boolean" if column in FLAGS else float)
    return frame


def _facts(study: Study, net: Network, job: _Job, frame: pd.DataFrame, took: Mapping[str, float]) -> dict[str, Any]:
    """Return what a table rests on."""
    counts = frame["status"].value_counts()
    return {
        "study": study.name, "key": job.key, "questions": len(frame),
        **{k: int(counts.get(k, 0)) for k in ("ok", "no_route", "failed")},
        "measures": {m: {k: _told_of(v) for k, v in options.items()} for m, options in job.measures},
        "options": {k: _told_of(v) for k, v in job.options.items()},
        "seeds": {"questions": sorted(set(study.seeds)), "lose": [x.seed for x in study.lose if x.count is not None]},
        "data_hash": net.data_hash, "mobility": __version__, "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES}, "seconds": dict(took),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip


def _told_of(value: Any) -> Any:
    """Return an option as JSON holds it."""
    if isinstance(value, Force):
        return value.name
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _write(made: Sweep, files: _Files) -> None:
    """Write the table and what it rests on, each beside its place first."""
    with beside(files.table) as file:
        if files.table.suffix.casefold() == ".parquet":
            made.frame.to_parquet(file, index=False)
        else:
            made.frame.to_csv(file, index=False, lineterminator="\n")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    with beside(files.facts) as file:
        facts = {**made.facts, "table": files.table.name, "table_sha256": digest}
        file.write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
