"""What of a network meets the EU standards for roads and railways, what falls short, and what it costs to close."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from mobility import schema
from mobility.arcs import words
from mobility.coverage import EVERYTHING, corridors_of
from mobility.errors import Attempts, Finding, InputError, did_you_mean
from mobility.network import Network, level_of, shipped, source_of
from mobility.paths import Answer
from mobility.vehicle import LEGAL_AXLE_T, MODES, limit_ends

Array = np.ndarray[Any, Any]

MEETS, SHORT, UNKNOWN, NOT_OPEN = "meets", "short", "unknown", "not open"
VERDICTS = (MEETS, UNKNOWN, SHORT, NOT_OPEN)
"""From best to worst. What is not open meets nothing, whatever it will be built for."""

ALL = "all"
"""Stands for all requirements of a mode together: a link meets them all, falls short of one, or is not known."""

IN_USE = "in_use"
"""Requirement in a list of gaps for what is not open."""

STANDARDS = ("ten-t", "dual-use")
"""Those that are asked when none is named."""

BY = ("corridor", "country", "mode")

UNITS: Mapping[tuple[str, str], float] = {("min", "h"): 1 / 60, ("days", "h"): 24.0, ("t/axle", "t"): 1.0}
"""What a value in the first unit is multiplied by to stand in the second."""

WORDS: Mapping[str, str] = {
    "max_axle_t": "axle load", "max_speed_kmh": "line speed", "max_train_length_m": "train length",
    "intermodal_code": "semi-trailer", "electrified": "electrified", "max_mass_t": "gross weight",
    "max_width_m": "double flow", "wait_h": "border dwell", "permission_h": "permission",
}  # fmt: skip
"""What a requirement is called in a table, by the column that it is about."""

COUNTED = {"links": "km", "borders": "crossings", "countries": "states"}
"""What is counted of each table."""


@dataclass(frozen=True)
class Requirement:
    """One value of ``thresholds.csv`` that a column is held against.

    Attributes
    ----------
    parameter, unit, meaning : str
    standards : tuple of str
    value : float
        What is asked for, in the unit of the column.
    text : str
        The same as the table states it, with its unit.
    table, mode, column, comparison : str
    instead, suffices : tuple of (str, float) or None
        Columns that are looked at where `column` is unknown; see the data dictionary.
    where : str
    source, confidence : str
    """

    parameter: str
    value: float
    text: str
    unit: str
    meaning: str
    standards: tuple[str, ...]
    table: str
    mode: str
    column: str
    comparison: str
    instead: tuple[str, float] | None
    suffices: tuple[str, float] | None
    where: str
    source: str
    confidence: str

    @property
    def words(self) -> str:
        """The requirement in a word or two."""
        return WORDS.get(self.column, self.parameter.replace("_", " "))

    @property
    def counts(self) -> str:
        """What the verdicts are summed in: km, crossings or states."""
        return COUNTED[self.table]

    def meets(self, value: Array, required: float | None = None) -> Array:
        """Return whether values do; an unknown one does not."""
        least = self.value if required is None else required
        with np.errstate(invalid="ignore"):
            if self.comparison == "at most":
                return np.asarray(value <= least + 1e-9)
            if self.comparison == "equals":
                return np.asarray(np.abs(value - least) <= 1e-9)
            return np.asarray(value >= least - 1e-9)


@dataclass(frozen=True)
class Check:
    """One link, border crossing or state against one requirement.

    Attributes
    ----------
    item : str
        Link id, ``border:NODE``, or code of a state.
    parameter : str
        Of the requirement; ``in_use`` for a link that is not open.
    corridors, countries : tuple of str
        Branches stand under their parent.
    length_km : float
        0 for what is no link.
    verdict : {"meets", "short", "unknown", "not open"}
    column : str
        What was compared; it may be one that stands in.
    value : float or str or None
        As the table states it; None where it is unknown.
    required : str
    estimated : bool
        Whether the verdict rests on an estimate.
    firm : bool
        Whether it is the same at both ends of the stated range.
    confidence, source, note : str
    projects : tuple of str
        Upgrades each of which alone makes it meet the requirement, cheapest first.
    """

    item: str
    parameter: str
    mode: str
    corridors: tuple[str, ...]
    countries: tuple[str, ...]
    length_km: float
    verdict: str
    column: str
    value: float | str | None
    required: str
    estimated: bool
    firm: bool
    confidence: str
    source: str
    note: str = ""
    projects: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON holds it."""
        lists = ("corridors", "countries", "projects")
        return asdict(self) | {k: list(getattr(self, k)) for k in lists}


@dataclass(frozen=True)
class Project:
    """An upgrade that closes gaps; its cost stands once, however many it closes.

    Attributes
    ----------
    cost_meur : float or None
        None where no cost is public; that is not free.
    gaps : int
    km : float
        Length of the links that meet one requirement more, each link once.
    """

    upgrade_id: str
    name: str
    cost_meur: float | None
    year: int | None
    state: str
    gaps: int
    km: float
    requires: tuple[str, ...]


@dataclass(frozen=True)
class Closing:
    """What it costs to close the gaps that some project closes.

    Attributes
    ----------
    projects : tuple of Project
        The cheapest set; those without a public cost only where nothing else closes a gap.
    cost_meur : float
        Of those with a public cost.
    uncosted : tuple of str
        Projects of the set without one; the true cost is higher.
    closed, left : int
        Gaps that the set closes, and gaps for which no project exists.
    closed_km, left_km : float
        Length by link and requirement.
    """

    projects: tuple[Project, ...] = ()
    cost_meur: float = 0.0
    uncosted: tuple[str, ...] = ()
    closed: int = 0
    left: int = 0
    closed_km: float = 0.0
    left_km: float = 0.0


@dataclass(frozen=True, repr=False)
class Compliance(Answer):
    """A network against standards.

    Attributes
    ----------
    requirements : tuple of Requirement
    checks : tuple of Check
        One for each link (crossing, state) and requirement of its mode.
    closing : Closing
        For all gaps of the answer together.
    by : tuple of str
        How :meth:`to_frame` and the charts group unless told otherwise.
    """

    requirements: tuple[Requirement, ...] = ()
    checks: tuple[Check, ...] = ()
    closing: Closing = field(default_factory=Closing)
    by: tuple[str, ...] = ("corridor",)

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        frame = self.to_frame("mode")
        parts = []
        for mode in [m for m in MODES if (m, ALL) in frame.index]:
            row = frame.loc[(mode, ALL)]
            parts.append(f"{row['share']:.0%} of {row['amount']:,.0f} km of {mode} meet all")
        if not parts:
            named = {r.parameter: r.words for r in self.requirements}
            for key, row in frame.iterrows():
                parts.append(f"{row['meets']:.0f} of {row['amount']:.0f} {row['unit']} meet {named[key[-1]]}")
        return ", ".join(parts) or "nothing to compare"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.headline}>"

    def to_frame(self, by: str | Iterable[str] | None = None) -> pd.DataFrame:
        """Return one row per group, mode and requirement, and one for all requirements of the mode together.

        Parameters
        ----------
        by : str or iterable of str, optional
            ``corridor``, ``country``, both, or ``mode`` alone; left out, as asked. A link of two corridors counts for
            both; the corridor ``all`` is everything once, and ``none`` what lies on no corridor. A link in two states
            counts in equal parts, so that states add up.

        Returns
        -------
        DataFrame
            ``amount`` in km (border crossings and states are counted), of which ``meets``, ``unknown``, ``short`` and
            ``not_open``; ``estimated``: verdicts that rest on an estimate; ``not_firm``: those that differ between the
            ends of its range; ``share`` that meets.
        """
        dims = grouping(self.by if by is None else by)
        sums: dict[tuple[str, ...], dict[str, Any]] = {}
        order = {r.parameter: i for i, r in enumerate(self.requirements)}
        units = {r.parameter: r.counts for r in self.requirements} | {ALL: "km"}
        for check in [*self.checks, *self.together()]:
            if check.parameter == IN_USE:
                continue
            size = check.length_km if units[check.parameter] == "km" else 1.0
            for group, part in self._groups(check, dims):
                blank = {"unit": units[check.parameter], "amount": 0.0, **dict.fromkeys(COLUMNS, 0.0)}
                row = sums.setdefault((*group, check.mode, check.parameter), blank)
                row["amount"] += size * part
                row[check.verdict.replace(" ", "_")] += size * part
                row["estimated"] += size * part * check.estimated
                row["not_firm"] += size * part * (not check.firm)
        modes = {m: i for i, m in enumerate((*MODES, ""))}

        def place(key: tuple[str, ...]) -> tuple[Any, ...]:
            names = tuple((x != EVERYTHING, x == NOWHERE, x) for x in key[:-2])
            return (*names, modes[key[-2]], order.get(key[-1], -1))

        keys = sorted(sums, key=place)
        names = [*(d for d in dims if d != "mode"), "mode", "requirement"]
        index = pd.MultiIndex.from_tuples(keys, names=names)
        frame = pd.DataFrame([sums[k] for k in keys], index=index, columns=["unit", "amount", *COLUMNS])
        frame["share"] = np.where(frame["amount"] > 0, frame["meets"] / frame["amount"].where(frame["amount"] > 0), 0.0)
        return frame

    def _groups(self, check: Check, dims: Sequence[str]) -> list[tuple[tuple[str, ...], float]]:
        """Return the groups that an entry belongs to, and the part of it that counts there."""
        out: list[tuple[tuple[str, ...], float]] = [((), 1.0)]
        for dim in dims:
            if dim == "corridor":
                only = self.question["corridors"]
                names = (EVERYTHING, *(n for n in check.corridors or (NOWHERE,) if not only or n in only))
                out = [((*g, n), p) for g, p in out for n in names]
            elif dim == "country":
                states = check.countries or (NOWHERE,)
                split, only = len(states) if check.length_km else 1, self.question["countries"]
                parts = [(EVERYTHING, 1.0), *((s, 1 / split) for s in states if not only or s in only)]
                out = [((*g, n), p * q) for g, p in out for n, q in parts]
        return out

    def together(self) -> list[Check]:
        """Return one entry per link for all requirements of its mode: the worst verdict, of unknown and short short."""
        by: dict[str, list[Check]] = {}
        kinds = {r.parameter: r.table for r in self.requirements}
        for check in self.checks:
            if kinds.get(check.parameter) == "links":
                by.setdefault(check.item, []).append(check)
        out = []
        for found in by.values():
            worst = max(found, key=lambda c: VERDICTS.index(c.verdict))
            binding = [c for c in found if c.verdict == worst.verdict]
            # short stands when one shortfall is certain; that all is met, only when every part of it is
            sure = any if worst.verdict == SHORT else all
            out.append(
                replace(
                    worst, parameter=ALL, column="", value=None, required="", source="", note="", projects=(),
                    estimated=not sure(not c.estimated for c in binding), firm=sure(c.firm for c in binding),
                )
            )  # fmt: skip
        return out

    @property
    def gaps(self) -> tuple[Check, ...]:
        """What falls short, is not known, or is not open: longest first, each link that is not open once."""
        shut = {c.item for c in self.checks if c.parameter == IN_USE}
        found = [c for c in self.checks if c.verdict != MEETS and (c.parameter == IN_USE or c.item not in shut)]
        rank = {SHORT: 0, NOT_OPEN: 0, UNKNOWN: 1}
        return tuple(sorted(found, key=lambda c: (rank[c.verdict], -c.length_km, c.item, c.parameter)))

    def gap_frame(self) -> pd.DataFrame:
        """Return one row per gap with value, required value, length, source, and the projects that close it."""
        rows = []
        for c in self.gaps:
            row = c.to_dict()
            rows.append(row | {k: ";".join(row[k]) for k in ("corridors", "countries", "projects")})
        return pd.DataFrame(rows, columns=list(Check.__dataclass_fields__)).set_index(["item", "parameter"])

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status,
            "requirements": [asdict(r) | {"standards": list(r.standards)} for r in self.requirements],
            "shares": self.to_frame().reset_index().to_dict("records"),
            "gaps": [c.to_dict() for c in self.gaps],
            "closing": asdict(self.closing),
            "question": dict(self.question),
        }  # fmt: skip

    def plot(self, kind: str = "bars", **options: Any) -> Any:
        """Draw the shares as bars, or the gaps on a map.

        Parameters
        ----------
        kind : {"bars", "map"}
        **options
            Of :func:`mobility.maps.plot`, but `frame` for bars.

        Raises
        ------
        InputError
            For another kind.
        """
        if kind == "map":
            return super().plot(**options)
        if kind != "bars":
            raise InputError(f"there is no picture {kind!r} of this answer; bars or map can be drawn")
        from mobility.policyviews import compliance_bars

        return compliance_bars(self, **options)


COLUMNS = ("meets", "unknown", "short", "not_open", "estimated", "not_firm")
NOWHERE = "none"
"""Group of what lies on no corridor, or in no state that is known."""


def grouping(by: str | Iterable[str]) -> tuple[str, ...]:
    """Return the words by which an answer is grouped.

    Raises
    ------
    InputError
        For another word.

    Examples
    --------
    >>> grouping("corridor,country")
    ('corridor', 'country')
    """
    asked = words(by)
    wrong = [w for w in asked if w not in BY]
    if wrong or not asked:
        what = repr(wrong[0]) if wrong else "nothing"
        raise InputError(f"by is {what}; it must be of {', '.join(BY)}")
    return tuple(dict.fromkeys(asked))


# ---- the requirements


def requirements(net: Network | None = None) -> tuple[Requirement, ...]:
    """Return what can be compared of ``thresholds.csv``: the network's own, else the shipped one.

    Raises
    ------
    InputError
        With every row that cannot be read.

    Examples
    --------
    >>> axle = next(r for r in requirements() if r.parameter == "rail_axle_load_t")
    >>> axle.value, axle.column, axle.comparison, axle.standards
    (22.5, 'max_axle_t', 'at least', ('ten-t', 'dual-use'))
    """
    table = net.tables.get("thresholds") if net is not None else None
    if table is None or table.frame.empty:
        return _shipped()
    return _read(table)


@lru_cache(maxsize=1)
def _shipped() -> tuple[Requirement, ...]:
    table, findings = schema.read_csv(shipped() / "thresholds.csv", "thresholds", "thresholds.csv")
    if table is None:
        raise InputError(findings)
    return _read(table)


def _read(table: schema.Table) -> tuple[Requirement, ...]:
    faults: list[Finding] = []
    out = []
    for i, row in enumerate(table.frame.to_dict("records")):
        if not row["table"] or not row["column"]:
            continue
        file, line = table.where(i)

        def fault(column: str, message: str, row: Any = row, file: str = file, line: int | None = line) -> None:
            faults.append(Finding("error", file, line, column, str(row[column]), message))

        known = schema.columns(row["table"])
        column = known.get(row["column"])
        if column is None:
            fault("column", f"is no column of {row['table']}{did_you_mean(row['column'], known)}")
            continue
        number = re.fullmatch(r"[A-Za-z/ ]*(\d+(?:\.\d+)?)", row["value"])
        if number is None:
            fault("value", "no number stands in it; write 22.5, or a code such as P400")
            continue
        factor = 1.0
        if column.is_number and row["unit"] not in ("", column.unit):
            if (row["unit"], column.unit) not in UNITS:
                fault("unit", f"cannot be compared with {row['column']} in {column.unit or 'plain figures'}")
                continue
            factor = UNITS[row["unit"], column.unit]
        stands: dict[str, tuple[str, float] | None] = {}
        for key in ("instead", "suffices"):
            name, eq, value = row[key].partition("=")
            stands[key] = None
            if row[key]:
                if not (eq and name in known and known[name].is_number and re.fullmatch(r"\d+(\.\d+)?", value)):
                    fault(key, f"is not column=value with a column of numbers of {row['table']}")
                    continue
                stands[key] = name, float(value)
        out.append(
            Requirement(
                parameter=row["parameter"], value=float(number[1]) * factor,
                text=_said(column, row["value"], row["unit"]), unit=row["unit"], meaning=row["meaning"],
                standards=tuple(schema.split(row["standard"])),
                table=row["table"], mode=row["mode"], column=row["column"], comparison=row["comparison"] or "at least",
                where=row["where"], source=row["source"], confidence=row["confidence"], **stands,
            )
        )  # fmt: skip
    if faults:
        raise InputError(faults)
    return tuple(out)


def _said(column: schema.Column, value: str, unit: str) -> str:
    """Return a value as people read it."""
    if column.type == "flag":
        return "yes" if float(value) else "no"
    return value if unit == "code" else f"{value} {unit}".strip()


# ---- the comparison


def compliance(
    net: Network,
    *,
    standard: str | Iterable[str] = STANDARDS,
    by: str | Iterable[str] = "corridor",
    corridor: str | Iterable[str] = (),
    country: str | Iterable[str] = (),
    modes: str | Iterable[str] | None = None,
    year: int | None = None,
) -> Compliance:
    """Hold every link against the values of a standard: it meets them, falls short, or is not known to do either.

    Parameters
    ----------
    net : Network
    standard : str or iterable of str
        ``ten-t``, ``dual-use``, ``civil``, ``package-2025``, whatever ``thresholds.csv`` names, or ``all``.
    by : {"corridor", "country", "mode"} or several of them
        How the table and the charts group.
    corridor, country, modes : str or iterable of str, optional
        Only these; a corridor takes its branches along.
    year : int, optional
        Of the network; see :meth:`mobility.network.Network.at`.

    Returns
    -------
    Compliance

    Raises
    ------
    InputError
        With every standard, corridor, state or mode that is not known.

    Notes
    -----
    Shares are of all km, those not open too: what is missing meets nothing, so building it cannot lower a share. A
    railway's line category stands in for its axle load (EN 15528). A road's axle limit of 10 t or more is the legal
    one and says nothing of what the road would carry beyond it: unknown, not short. The largest mass is stated of few
    roads; the bridge class stands in (class 125 on wheels for 130 t, by the hypothetical vehicles of STANAG 2021), as
    an estimate. A project counts for a gap when its ``set`` alone lifts it; a cost stands once, and a project without
    a public cost is never taken for free. Cheapest set: an integer programme over the projects (HiGHS).

    Examples
    --------
    >>> import mobility as mb
    >>> answer = mb.compliance(mb.load(), corridor="VIII", modes="rail")
    >>> row = answer.to_frame().loc[("VIII", "rail", "rail_axle_load_t")]
    >>> bool(abs(row[["meets", "unknown", "short", "not_open"]].sum() - row["amount"]) < 1e-6)
    True
    """
    if year is not None:
        net = net.at(year)
    attempts = Attempts()
    no_dims: tuple[str, ...] = ()
    nothing: tuple[Requirement, ...] = ()
    dims = attempts.run(grouping, by, otherwise=no_dims)
    asked = attempts.run(_standards, net, standard, otherwise=nothing)
    states = attempts.each(net.find_country, words(country))
    lines = _corridors(net, words(corridor), attempts)
    chosen = words(modes) or list(MODES)
    for mode in [m for m in chosen if m not in MODES]:
        text = f"no mode is called {mode!r}{did_you_mean(mode, MODES)}; modes: {', '.join(MODES)}"
        attempts.findings += InputError(text).findings
    attempts.done()
    checks = [
        c
        for r in asked
        if not r.mode or r.mode in chosen
        for c in _checks(net, r)
        if (not lines or lines & set(c.corridors)) and (not states or set(states) & set(c.countries))
    ]
    checks += _shut(net, checks)
    checks = _with_projects(net, asked, checks)
    found = Compliance(
        net,
        {
            "standard": list(dict.fromkeys(words(standard))), "by": list(dims), "corridors": sorted(lines),
            "countries": states, "modes": chosen, "year": net.year, "data_hash": net.data_hash,
        },
        "ok" if checks else "nothing", asked, tuple(checks), by=dims,
    )  # fmt: skip
    return replace(found, closing=cheapest(net, found.gaps))


def _standards(net: Network, standard: str | Iterable[str]) -> tuple[Requirement, ...]:
    every = requirements(net)
    known = list(dict.fromkeys(s for r in every for s in r.standards))
    asked = words(standard)
    wrong = [w for w in asked if w not in known and w != ALL]
    if wrong or not asked:
        listed = f"known: {', '.join([*known, ALL])}"
        lines = [f"no standard is called {w!r}{did_you_mean(w, known)}; {listed}" for w in wrong]
        raise InputError([f for t in lines or [f"no standard is named; {listed}"] for f in InputError(t).findings])
    return tuple(r for r in every if ALL in asked or set(asked) & set(r.standards))


def _corridors(net: Network, asked: Sequence[str], attempts: Attempts) -> set[str]:
    """Return the corridors asked for, branches under their parent."""
    parents = corridors_of(net)
    known = {n.casefold(): p for n, p in parents.items()} | {p.casefold(): p for p in parents.values()}
    for name in [n for n in asked if n.casefold() not in known]:
        listed = ", ".join(sorted(set(parents.values()))) or "the links name none"
        text = f"no corridor is called {name!r}{did_you_mean(name, known.values())}; corridors: {listed}"
        attempts.findings += InputError(text).findings
    return {known[n.casefold()] for n in asked if n.casefold() in known}


def _checks(net: Network, r: Requirement) -> list[Check]:
    """Return every row of the requirement's table against it."""
    return {"links": _link_checks, "borders": _border_checks, "countries": _state_checks}[r.table](net, r)


@dataclass(frozen=True, eq=False)
class _Found:
    """Verdicts on a column: which value was compared, and what it rests on."""

    verdict: Array
    firm: Array
    estimated: Array
    column: Array
    shown: Array
    required: Array
    note: Array


def _link_checks(net: Network, r: Requirement) -> list[Check]:
    links, parents = net.table("links"), corridors_of(net)
    km = net.values("length_km").value
    found = judge(net, r)
    rows = np.flatnonzero(links["mode"].to_numpy(object) == r.mode) if r.mode else np.arange(len(links))
    named = ("link_id", "mode", "corridors", "status", "confidence", "value_confidence", "source")
    cells = {c: links[c].tolist() for c in named}
    out = []
    for i in rows.tolist():
        column = str(found.column[i])
        on = tuple(sorted({parents[n] for n in schema.split(cells["corridors"][i])}))
        shut = cells["status"][i] != "operational"
        out.append(
            Check(
                cells["link_id"][i], r.parameter, cells["mode"][i], on, net.link_countries[i], float(km[i]),
                NOT_OPEN if shut else str(found.verdict[i]), column, found.shown[i], str(found.required[i]),
                bool(found.estimated[i]) and not shut, bool(found.firm[i]) or shut,
                level_of(cells["value_confidence"][i], column) or cells["confidence"][i],
                source_of(column, cells["source"][i]), str(found.note[i]),
            )
        )  # fmt: skip
    return out


def judge(net: Network, r: Requirement) -> _Found:
    """Return the verdict on every link, open or not."""
    links = net.table("links")
    size = len(links)
    ends, guess, shown = _values(net, r.column, r.mode)
    known = ~np.isnan(ends[0])
    does = [r.meets(v) for v in ends]
    verdict = np.where(known, np.where(does[0], MEETS, SHORT), UNKNOWN).astype(object)
    firm = does[1] == does[2]
    estimated = guess & known
    column, note = np.full(size, r.column, object), np.full(size, "", object)
    required = np.full(size, r.text, object)
    if r.column == "max_axle_t" and r.mode == "road":
        legal = (verdict == SHORT) & (ends[0] >= LEGAL_AXLE_T)
        verdict[legal], estimated[legal], firm[legal] = UNKNOWN, False, True
        note[legal] = "the legal limit; what the road carries beyond it is not known"
        known = known & ~legal
    for stand, both in ((r.instead, True), (r.suffices, False)):
        if stand is None:
            continue
        other, _, said = _values(net, stand[0], r.mode)
        do = [r.meets(v, stand[1]) for v in other]
        use = ~known & ~np.isnan(other[0]) & (do[0] | both)
        verdict[use] = np.where(do[0][use], MEETS, SHORT)
        firm[use], estimated[use] = (do[1] == do[2])[use] | (not both), True
        column[use], shown[use] = stand[0], said[use]
        unit = schema.columns("links")[stand[0]].unit
        required[use] = f"{stand[1]:g} {unit}".strip()
        note[use] = f"stands in for {r.text}"
        known = known | use
    return _Found(verdict, firm | (verdict == UNKNOWN), estimated, column, shown, required, note)


def _values(net: Network, column: str, mode: str) -> tuple[tuple[Array, Array, Array], Array, Array]:
    """Return a column of links as numbers with the ends of its range, what is an estimate, and what to show."""
    if not schema.columns("links")[column].is_number:
        text = net.table("links")[column].to_numpy(object)
        value = np.array([_code(t) for t in text.tolist()], float)
        listed = [column in schema.split(e) for e in net.table("links")["estimated"].tolist()]
        said: Array = np.array([t or None for t in text.tolist()], object)
        return (value, value, value), np.array(listed, bool), said
    if column in ("max_axle_t", "max_metre_load_t") and mode == "rail":
        number, low, high, guess = limit_ends(net, column, mode)
    else:
        known = net.values(column)
        number, low, high, guess = known.value, known.low, known.high, known.estimated
    shown: Array = np.array([None if v != v else float(v) for v in number.tolist()], object)
    return (number, low, high), guess, shown


def _code(text: str) -> float:
    """Return the profile of a code for semi-trailers, 0 where it is for swap bodies only.

    >>> _code("P/C 80/410"), _code("C 45/364"), _code("")
    (410.0, 0.0, nan)
    """
    number = re.search(r"(\d+)\s*$", text)
    if number is None:
        return math.nan
    return float(number[1]) if "P" in text.upper() else 0.0


def _border_checks(net: Network, r: Requirement) -> list[Check]:
    table, nodes = net.table("borders"), net.table("nodes")
    countries = net.table("countries")
    member = dict(zip(countries["country"].tolist(), (countries["eu"] == 1.0).tolist(), strict=True))
    parents = corridors_of(net)
    links = net.table("links")
    at: dict[tuple[str, str], set[str]] = {}
    trod: set[tuple[str, str]] = set()
    ends = zip(*(links[c].tolist() for c in ("from_node", "to_node", "mode", "corridors", "status")), strict=True)
    for a, b, mode, names, status in ends:
        for node in (a, b):
            at.setdefault((node, mode), set()).update(parents[n] for n in schema.split(names))
            if status == "operational":
                trod.add((node, mode))
    out = []
    for i, row in enumerate(table.to_dict("records")):
        if r.mode and row["mode"] != r.mode:
            continue
        node = nodes.iloc[net.node_index[row["node_id"]]]
        states = tuple(c for c in (node["country"], node["country2"]) if c)
        if r.where == "eu-internal" and not (len(states) == 2 and all(member.get(c, False) for c in states)):
            continue
        open_ = (row["node_id"], row["mode"]) in trod
        out.append(
            _row_check(
                net, r, "borders", i, row, f"border:{row['node_id']}", row["mode"],
                tuple(sorted(at.get((row["node_id"], row["mode"]), ()))), states, open_,
            )
        )  # fmt: skip
    return out


def _state_checks(net: Network, r: Requirement) -> list[Check]:
    rows = net.table("countries").to_dict("records")
    return [
        _row_check(net, r, "countries", i, row, row["country"], "", (), (row["country"],), True)
        for i, row in enumerate(rows)
        if row["country"] in net.countries_present
    ]


def _row_check(
    net: Network, r: Requirement, table: str, i: int, row: Mapping[str, Any], item: str, mode: str,
    corridors: tuple[str, ...], states: tuple[str, ...], open_: bool,
) -> Check:  # fmt: skip
    """Return a row of a table without lengths against a requirement."""
    value = float(row[r.column])
    guess = r.column in schema.split(row["estimated"])
    level = level_of(row["value_confidence"], r.column) or row["confidence"]
    low, high = schema.estimate_range(r.column, value, level, table) if guess and value == value else (value, value)
    does = [bool(r.meets(np.array(v))) for v in (value, low, high)]
    verdict = NOT_OPEN if not open_ else UNKNOWN if value != value else MEETS if does[0] else SHORT
    return Check(
        item, r.parameter, mode, corridors, states, 0.0, verdict, r.column, None if value != value else value,
        f"{r.value:.4g} {schema.columns(table)[r.column].unit}", guess and open_, does[1] == does[2] or not open_,
        level, source_of(r.column, row["source"]),
    )  # fmt: skip


def _shut(net: Network, checks: Sequence[Check]) -> list[Check]:
    """Return an entry for each link that is not open: what its status is, and when it opens."""
    links = net.table("links")
    out = []
    for link in dict.fromkeys(c.item for c in checks if c.verdict == NOT_OPEN and c.item in net.link_index):
        i = net.link_index[link]
        first = next(c for c in checks if c.item == link)
        year = float(links["open_year"].iat[i])
        guess = "status" in schema.split(links["estimated"].iat[i])
        level = level_of(links["value_confidence"].iat[i], "status") or str(links["confidence"].iat[i])
        out.append(
            replace(
                first, parameter=IN_USE, column="status", value=str(links["status"].iat[i]), required="operational",
                estimated=guess, firm=True, confidence=level, note="" if year != year else f"opens in {year:.0f}",
                source=source_of("status", str(links["source"].iat[i])),
            )
        )  # fmt: skip
    return out


# ---- what closes the gaps


def _with_projects(net: Network, asked: Sequence[Requirement], checks: Sequence[Check]) -> list[Check]:
    """Return the entries with the projects each of which alone lifts a gap."""
    table = net.table("upgrades")
    table = table[table["set"] != ""]
    touched = [x for x in dict.fromkeys(table["link_id"].tolist()) if x in net.link_index]
    if not touched or not checks:
        return list(checks)
    gaps = {(c.item, c.parameter) for c in checks if c.verdict != MEETS}
    part = net.select(touched)
    costs = _costs(net)
    lifts: dict[tuple[str, str], list[str]] = {}
    rounds: list[dict[str, str]] = []
    for upgrade in dict.fromkeys(table["upgrade_id"].tolist()):
        # Those that share no link are looked at together: by link, whose change it sees.
        own = [k for k in table.loc[table["upgrade_id"] == upgrade, "link_id"].tolist() if k in part.link_index]
        free = next((r for r in rounds if not r.keys() & set(own)), None)
        if free is None:
            rounds.append(free := {})
        free |= dict.fromkeys(own, upgrade)
    for of in rounds:
        changed = part.with_changes(upgrade=dict.fromkeys(of.values()))
        for r in (r for r in asked if r.table == "links"):
            for c in _link_checks(changed, r):
                if c.item in of and c.verdict == MEETS and (c.item, c.parameter) in gaps:
                    lifts.setdefault((c.item, c.parameter), []).append(of[c.item])
        for link, status in zip(changed.link_index, changed.table("links")["status"].tolist(), strict=True):
            if (link, IN_USE) in gaps and link in of and status == "operational":
                lifts.setdefault((link, IN_USE), []).append(of[link])

    def dear(upgrade: str) -> tuple[bool, float, str]:
        cost = costs[upgrade]
        return cost is None, cost or 0.0, upgrade

    found = {key: tuple(sorted(ids, key=dear)) for key, ids in lifts.items()}
    return [replace(c, projects=found.get((c.item, c.parameter), ())) if c.verdict != MEETS else c for c in checks]


def _costs(net: Network) -> dict[str, float | None]:
    """Return the cost of each project, once; None where none is stated."""
    table = net.table("upgrades")
    out: dict[str, float | None] = {}
    for name, cost in zip(table["upgrade_id"].tolist(), table["cost_meur"].tolist(), strict=True):
        out[name] = float(cost) if cost == cost else out.get(name)
    return out


def cheapest(net: Network, gaps: Sequence[Check]) -> Closing:
    """Return the cheapest projects that close every gap that some project closes.

    Projects that one `requires` are paid too. Those without a public cost come in only where no other closes a gap;
    among sets of one cost the one of fewest projects is taken.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    can = [c for c in gaps if c.projects]
    left = [c for c in gaps if not c.projects]
    none = Closing(left=len(left), left_km=math.fsum(c.length_km for c in left))
    if not can:
        return none
    table = net.table("upgrades").drop_duplicates("upgrade_id").set_index("upgrade_id")
    costs = _costs(net)
    needs = {u: [x for x in schema.split(str(table["requires"].get(u, ""))) if x in table.index] for u in table.index}
    names, todo = [], [p for c in can for p in c.projects]
    while todo:
        name = todo.pop()
        if name not in names:
            names.append(name)
            todo += needs[name]
    names.sort()
    at = {n: i for i, n in enumerate(names)}
    known = [costs[n] for n in names]
    most = math.fsum(c for c in known if c is not None) + 1.0
    # An unknown cost counts as more than all that is known; a little on each keeps the set small.
    price = np.array([most if c is None else c for c in known]) + 1e-4
    rows, least = [], []
    for ids in {c.projects for c in can}:
        row = np.zeros(len(names))
        row[[at[p] for p in ids]] = 1.0
        rows.append(row)
        least.append(1.0)
    for name in names:
        for other in needs[name]:
            row = np.zeros(len(names))
            row[at[other]], row[at[name]] = 1.0, -1.0
            rows.append(row)
            least.append(0.0)
    solved = milp(
        price, integrality=np.ones(len(names)), bounds=Bounds(0, 1),
        constraints=LinearConstraint(np.array(rows), lb=np.array(least)), options={"mip_rel_gap": 0.0},
    )  # fmt: skip
    chosen = [n for n, x in zip(names, solved.x, strict=True) if x > 0.5]
    projects = tuple(sorted((_project(table, n, costs[n], can, needs[n]) for n in chosen), key=lambda p: p.upgrade_id))
    return replace(
        none, projects=projects, cost_meur=math.fsum(p.cost_meur or 0.0 for p in projects),
        uncosted=tuple(p.upgrade_id for p in projects if p.cost_meur is None), closed=len(can),
        closed_km=math.fsum(c.length_km for c in can),
    )  # fmt: skip


def _project(
    table: pd.DataFrame, name: str, cost: float | None, gaps: Sequence[Check], needs: Sequence[str]
) -> Project:
    row = table.loc[name]
    own = [c for c in gaps if name in c.projects]
    km = math.fsum({c.item: c.length_km for c in own}.values())
    year = None if row["year"] != row["year"] else int(row["year"])
    return Project(name, str(row["name"]), cost, year, str(row["state"]), len(own), km, tuple(needs))
