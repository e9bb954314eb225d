"""Questions of the policy debate, each answered by the calculation that it comes down to.

Every question is one function that returns a :class:`PolicyAnswer`: the question in words, a sentence built from the
figures, a table, what is assumed, and what it rests on. :func:`policy` finds one by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import numpy as np
import pandas as pd

from mobility.arcs import Options, lead_times, words
from mobility.closure import Closure, closure
from mobility.errors import InputError, did_you_mean
from mobility.flows import throughput
from mobility.force import Force, Pool
from mobility.force import force as find_force
from mobility.network import Network
from mobility.paths import Answer, prepare, redundancy, routes
from mobility.paths import describe as asked
from mobility.schema import Table, split
from mobility.value import MOST_PLAYERS, PLAYERS, corridor_value, shapley

ORIGIN, DESTINATION = ("Durrës", "Bar", "Ploče"), ("Constanța", "Burgas")
"""Places that a question is asked between when none are named: the Adriatic ports and those of the Black Sea."""

FORCE = "armoured-battalion"
"""What moves when no force is named."""

TARGET_DWELL_H = 25 / 60
"""Mean dwell of a freight train at a border that Regulation (EU) 2024/1679 asks for."""

KFOR = "XK"

ESTIMATES = "Capacities, speeds and waits are mostly estimates; compare the cases, do not quote the figures alone."
LEADS = (
    "Lead times of single states are not published. The status quo is judged in bands by membership, with the "
    "45 days that the European Court of Auditors reports as the longest; states are asked in parallel, so the "
    "longest counts."
)


class Way(NamedTuple):
    """Links that belong to a row of the table, for the picture."""

    name: str
    links: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class PolicyAnswer(Answer):
    """What a question of policy comes to.

    Attributes
    ----------
    key : str
        Name of the question.
    asks : str
        The question in words.
    headline : str
        The answer in a sentence, made of the figures.
    findings : tuple of str
        Further sentences.
    rows : tuple of mapping
        The table; units stand in the names, and None means that there is none.
    compared : str
        Column of the table that the picture draws as bars.
    ways : tuple of Way
        Links by row, where the answer lies on a map.
    assumptions, sources : tuple of str
    """

    key: str = ""
    asks: str = ""
    says: str = ""
    findings: tuple[str, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = ()
    compared: str = ""
    ways: tuple[Way, ...] = ()
    assumptions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """The answer in a sentence."""
        return self.says

    def to_frame(self) -> pd.DataFrame:
        """Return the table, one row per case."""
        frame = pd.DataFrame([dict(r) for r in self.rows])
        return frame.set_index(frame.columns[0]) if len(frame.columns) else frame

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "key": self.key, "asks": self.asks, "headline": self.says,
            "findings": list(self.findings), "rows": [dict(r) for r in self.rows],
            "ways": {w.name: list(w.links) for w in self.ways},
            "assumptions": list(self.assumptions), "sources": list(self.sources), "question": dict(self.question),
        }  # fmt: skip


# ---- words and parts that the questions share


def _hours(value: float | None) -> str:
    from mobility.report import hours

    return "no way" if value is None else hours(value)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _verdict(row: Mapping[str, Any]) -> str:
    """Return how a corridor stands to another, by what it still adds where the other is there."""
    share = row["adds_share"]
    if share is None:
        return "adds nothing to" if row["adds"] <= 0 else "complements"
    steps = ((1.0 + 1e-9, "complements"), (0.9, "adds to"), (0.5, "mostly adds to"), (0.1, "mostly stands in for"))
    return next((verb for least, verb in steps if share >= least), "stands in for")


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _sources(net: Network, table: str, rows: pd.DataFrame) -> list[str]:
    """Return the sources that rows of a table name, each once."""
    return list(dict.fromkeys(s for text in rows["source"].tolist() for s in split(text))) if len(rows) else []


def _question(net: Network, origin: Any, destination: Any, options: Any, **more: Any) -> dict[str, Any]:
    origins, destinations, _, arcs = prepare(net, origin, destination, (), options)
    return asked(arcs, origins, destinations, **more)


def _moved(net: Network, origin: Any, destination: Any, options: Any, force: Any, **more: Any) -> dict[str, Any]:
    """Return the question where a force moves: it stands where the vehicle does."""
    name = _force_name(force)
    return _question(net, origin, destination, options, vehicle=name, force=name, **more)


def _flag(net: Network, column: str) -> list[str]:
    """Return the states of the network whose flag is set."""
    table = net.table("countries")
    if table.empty:
        raise InputError(f"the network has no countries.csv; its column {column} is needed")
    yes = table[table[column].to_numpy() == 1]["country"].tolist()
    return [c for c in net.countries_present if c in yes]


def _avoiding(options: Mapping[str, Any], states: Iterable[str]) -> dict[str, Any]:
    return {**options, "avoid": [*words(options.get("avoid")), *states]}


def _name(net: Network, state: str) -> str:
    table = net.table("countries")
    found = table[table["country"] == state]["name"].tolist()
    return str(found[0]) if found else state


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]])) if names else "none"


def _force_name(force: Any) -> str:
    return str(getattr(force, "name", force))


def _used(answer: Closure) -> tuple[str, ...]:
    return tuple(dict.fromkeys(x for m in answer.movements for x in m.links))


# ---- Corridor VIII, and what each corridor contributes


def complement(
    net: Network,
    origin: str | Iterable[str] = ORIGIN,
    destination: str | Iterable[str] = DESTINATION,
    *,
    corridor: str = "VIII",
    other: str = "X",
    measures: Sequence[str] = ("throughput", "routes", "time"),
    **options: Unpack[Options],
) -> PolicyAnswer:
    """Ask whether one corridor complements another or stands in for it.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str
    corridor, other : str
    measures : sequence of str
        Of :func:`mobility.corridor_value`.
    **options
        See :class:`mobility.arcs.Options`.

    Returns
    -------
    PolicyAnswer
        A row per measure: with neither, with each, with both; ``gain`` of both over the better one; ``together``, what
        both add beyond what each adds alone: above 0 a complement, below 0 a substitute; ``adds``, what the corridor
        still adds where the other is there, and that as a share of what it adds where it is not.

    Notes
    -----
    Links of neither corridor are always there, so this is the worth of the two in the network as it is.

    Examples
    --------
    >>> import mobility as mb
    >>> answer = complement(mb.load(), "Durrës", "Burgas", modes="road", measures=["routes"])
    >>> row = answer.rows[0]
    >>> row["gain"] == row["both"] - max(row["VIII_alone"], row["X_alone"])
    True
    """
    if corridor == other:
        raise InputError(f"the corridor and the other are both {corridor!r}; two different ones are needed")
    rows: list[dict[str, Any]] = []
    links: dict[str, tuple[str, ...]] = {}
    for measure in measures:
        answer = corridor_value(net, origin, destination, players=[corridor, other], measure=measure, **options)
        worth = {frozenset(c.players): c.value for c in answer.cases[0].coalitions}
        neither, both = worth[frozenset()], worth[frozenset([corridor, other])]
        one, two = worth[frozenset([corridor])], worth[frozenset([other])]
        (pair,) = answer.cases[0].pairs
        links = dict(answer.links)
        rows.append(
            {
                "measure": answer.unit, "neither": neither, f"{corridor}_alone": one, f"{other}_alone": two,
                "both": both, "gain": pair.gain, "together": pair.interaction, "adds": both - two,
                "adds_share": (both - two) / (one - neither) if one > neither else None, "relation": pair.relation,
            }
        )  # fmt: skip
    status = "ok" if any(r["both"] for r in rows) else "no_route"
    told: list[str] = []
    for r in rows:
        of = " of what it adds alone" if not told else ""
        kept = f" ({r['adds_share']:.0%}{of})" if r["adds_share"] is not None else ""
        told.append(f"{_number(r['adds'])} {r['measure']}{kept}")
    says = f"Corridor {corridor} {_verdict(rows[0])} {other}: where {other} is there it still adds {_listed(told)}"
    found = [
        f"{_sentence(r['measure'])}: {_number(r['neither'])} with neither, {_number(r[f'{corridor}_alone'])} with "
        f"{corridor}, {_number(r[f'{other}_alone'])} with {other}, {_number(r['both'])} with both."
        for r in rows
    ]
    return PolicyAnswer(
        net, _question(net, origin, destination, options, players=[corridor, other]), status, "corridor-viii",
        f"Does Corridor {corridor} complement Corridor {other} or stand in for it?",
        says if status == "ok" else "no route with both of them",
        tuple(found), tuple(rows), "adds_share", tuple(Way(k, v) for k, v in links.items()),
        (
            "A corridor that is left out is closed as a whole; all other links stay.",
            "A journey a day is 24 divided by the hours of the fastest route.",
            ESTIMATES,
        ),
        tuple(_sources(net, "corridors", _corridor_rows(net, [corridor, other]))),
    )  # fmt: skip


def _corridor_rows(net: Network, players: Sequence[str]) -> pd.DataFrame:
    table = net.table("corridors")
    return table[table["corridor_id"].isin(list(players))]


def contributions(
    net: Network,
    origin: str | Iterable[str] = ORIGIN,
    destination: str | Iterable[str] = DESTINATION,
    *,
    players: str | Sequence[str] = PLAYERS,
    measure: str = "throughput",
    **options: Unpack[Options],
) -> PolicyAnswer:
    """Ask what Corridors Vc, X and VIII and Rail Route 10 contribute.

    Parameters
    ----------
    net, origin, destination, **options
        As of :func:`mobility.corridor_value`.
    players : str or sequence of str
    measure : {"throughput", "time", "routes", "reliability"}

    Returns
    -------
    PolicyAnswer
        A row per corridor: its Shapley value, that as a share of what all add, what it adds first and last, and its
        share of the flow.

    Examples
    --------
    >>> import mobility as mb
    >>> answer = contributions(mb.load(), "Durrës", "Burgas", modes="road", players=["VIII", "X"])
    >>> [row["corridor"] for row in answer.rows]
    ['VIII', 'X']
    """
    answer = corridor_value(net, origin, destination, players=players, measure=measure, **options)
    case = answer.cases[0]
    order = sorted(case.players, key=lambda w: (-w.shapley, w.player))
    rows = tuple(
        {
            "corridor": w.player, "open_km": w.km, "shapley": w.shapley, "share": w.share, "first": w.add_in,
            "last": w.knock_out, "flow_share": w.flow_share,
        }
        for w in order
    )  # fmt: skip
    added = case.full - case.empty
    if answer.status != "ok":
        says = "no route even with all of them"
    elif added:
        says = f"of {_number(case.full)} {answer.unit} the corridors add {_number(added)}; of that " + _listed(
            [f"{w.player} {w.shapley / added:.0%}" for w in order]
        )
    else:
        says = f"none of them adds anything to {_number(case.full)} {answer.unit}"
    none = [w.player for w in order if not w.links]
    found = [f"No link of {_listed(none)} is open to this vehicle, so nothing is added."] if none else []
    found += [f"{_listed(p.players)} are {p.relation}s." for p in case.pairs if p.relation != "independent"]
    return PolicyAnswer(
        net, _question(net, origin, destination, options, players=[w.player for w in case.players], measure=measure),
        answer.status, "corridors", f"What do {_listed([w.player for w in case.players])} contribute?", says,
        tuple(found), rows, "shapley", tuple(Way(w.player, answer.links[w.player]) for w in order),
        (
            f"Shapley value: the mean of what a corridor adds over all orders in which they may come; {answer.unit}.",
            "Links of no corridor named are always there; branches count with their corridor.",
            ESTIMATES,
        ),
        tuple(_sources(net, "corridors", _corridor_rows(net, list(answer.links)))),
    )  # fmt: skip


# ---- territory


def all_nato(
    net: Network,
    origin: str | Iterable[str] = ORIGIN,
    destination: str | Iterable[str] = DESTINATION,
    *,
    force: str | Path | Force | None = None,
    time_limit: float = 60.0,
    **options: Unpack[Options],
) -> PolicyAnswer:
    """Ask what it costs to pass only the territory of members of NATO.

    Parameters
    ----------
    net, origin, destination, **options
        As of :func:`mobility.routes`.
    force : str, Path or Force, optional
        Its closure is asked as well.
    time_limit : float
        Seconds for each closure.

    Returns
    -------
    PolicyAnswer
        A row each for any state, NATO with Kosovo (where KFOR moves), and NATO alone: hours of the fastest route,
        vehicles a day, disjoint routes, closure.

    Examples
    --------
    >>> import mobility as mb
    >>> answer = all_nato(mb.load(), "Bar", "Constanța", modes="road", vehicle="wheeled-ifv")
    >>> answer.rows[-1]["extra_h"] >= 0
    True
    """
    members = _flag(net, "nato")
    outside = [c for c in net.countries_present if c not in members]
    cases: list[tuple[str, list[str]]] = [("any state", [])]
    if KFOR in outside and len(outside) > 1:
        cases.append(("NATO and Kosovo*", [c for c in outside if c != KFOR]))
    cases.append(("NATO only", outside))
    rows: list[dict[str, Any]] = []
    ways = []
    for name, shut in cases:
        ask = _avoiding(options, shut)
        found = routes(net, origin, destination, k=1, **ask).routes
        flow = throughput(net, origin, destination, **ask)
        row: dict[str, Any] = {
            "territory": name, "time_h": found[0].time_h if found else None, "extra_h": None,
            "length_km": found[0].length_km if found else None, "states": " ".join(found[0].countries) if found else "",
            "vehicles_per_day": flow.vehicles_per_day, "kept": None,
            "link_disjoint": redundancy(net, origin, destination, **ask).link_disjoint,
        }  # fmt: skip
        if force is not None:
            row["closure_h"] = closure(net, origin, destination, force=force, time_limit=time_limit, **ask).closure_h
        rows.append(row)
        ways.append(Way(name, tuple(f.link_id for f in flow.links)))
    base = rows[0]
    for row in rows:
        row["extra_h"] = _less(row["time_h"], base["time_h"])
        if base["vehicles_per_day"]:
            row["kept"] = row["vehicles_per_day"] / base["vehicles_per_day"]
    last = rows[-1]
    if base["time_h"] is None:
        says = "no route, through whatever state"
    elif last["time_h"] is None:
        says = f"there is no route on NATO territory alone; through any state it takes {_hours(base['time_h'])}"
    else:
        longer = f"{_hours(last['extra_h'])} longer" if last["extra_h"] > 0.05 else "no longer"
        says = (
            f"on NATO territory alone the fastest route takes {_hours(last['time_h'])}, {longer} than through any "
            f"state, and {last['kept']:.0%} of the throughput is left ({last['vehicles_per_day']:,.0f} of "
            f"{base['vehicles_per_day']:,.0f} vehicles a day)"
        )
    found_words = [f"States outside NATO in this network: {_listed([_name(net, c) for c in outside])}."]
    found_words.append(
        f"Link-disjoint routes: {base['link_disjoint']} through any state, {last['link_disjoint']} on NATO's."
    )
    if force is not None and last.get("closure_h") is not None:
        later = _less(last["closure_h"], base["closure_h"])
        found_words.append(f"The force closes after {_hours(last['closure_h'])}, {_hours(later)} later.")
    table = net.table("countries")
    return PolicyAnswer(
        net, _question(net, origin, destination, options, force=str(force or "")),
        "ok" if base["time_h"] is not None else "no_route",
        "all-nato", "What does an all-NATO route cost?", says, tuple(found_words), tuple(rows), "vehicles_per_day",
        tuple(ways),
        (
            "A link on a border of a state outside NATO counts as that state's too.",
            "Membership decides nothing else here: no permission is waited for.",
            "On a map: the links that carry some of the largest flow.",
            ESTIMATES,
        ),
        tuple(_sources(net, "countries", table[table["country"].isin(list(net.countries_present))])),
    )  # fmt: skip


# ---- permission


class _Passage(NamedTuple):
    """Hours of a movement (None: it cannot be), the states it passes and the links it uses."""

    hours: float | None
    states: frozenset[str]
    links: tuple[str, ...]


class _Moving:
    """Closure once permission is there, by the states that are avoided.

    Avoiding more never helps. So where a plan for fewer passes none of them it stands, and where fewer and more avoided
    states give the same hours, so does what lies between.
    """

    def __init__(self, ask: Callable[[frozenset[str]], Closure]) -> None:
        self.ask = ask
        self.known: dict[frozenset[str], _Passage] = {}

    def __call__(self, avoided: frozenset[str]) -> _Passage:
        """Return how the force moves without passing some states."""
        least, most = 0.0, _Passage(None, frozenset(), ())
        for states, known in self.known.items():
            if states <= avoided:
                if known.hours is None or not known.states & avoided:
                    return known
                least = max(least, known.hours)
            elif states >= avoided and known.hours is not None and (most.hours is None or known.hours < most.hours):
                most = known
        if most.hours is not None and most.hours <= least + 1e-9:
            return most
        answer = self.ask(avoided)
        passed = frozenset(c for m in answer.movements for c in m.countries)
        self.known[avoided] = _Passage(answer.closure_h, passed, _used(answer))
        return self.known[avoided]

    def under(self, lead: Mapping[str, float]) -> tuple[float | None, float, frozenset[str], tuple[str, ...]]:
        """Return closure, lead time waited for, states and links under lead times by state.

        Waiting for the slower states is only worth it for what is gained by them, so each limit is tried.
        """
        best: tuple[float | None, float, frozenset[str], tuple[str, ...]] = None, 0.0, frozenset(), ()
        for most in sorted({0.0, *lead.values()}):
            if best[0] is not None and most >= best[0]:
                break
            hours, states, links = self(frozenset(c for c, h in lead.items() if h > most))
            if hours is None:
                continue
            waits = max((lead.get(c, 0.0) for c in states), default=0.0)
            if best[0] is None or waits + hours < best[0]:
                best = waits + hours, waits, states, links
        return best


def _moving(
    net: Network, origin: Any, destination: Any, force: Any, time_limit: float, options: Mapping[str, Any]
) -> _Moving:
    plain = {k: v for k, v in options.items() if k != "permission"}
    return _Moving(
        lambda shut: closure(
            net, origin, destination, force=force, time_limit=time_limit, **_avoiding(plain, sorted(shut))
        )
    )


def joining(
    net: Network,
    origin: str | Iterable[str] = ORIGIN,
    destination: str | Iterable[str] = DESTINATION,
    *,
    force: str | Path | Force = FORCE,
    regime: str = "eda",
    flag: str = "pesco_mobility",
    time_limit: float = 60.0,
    **options: Unpack[Options],
) -> PolicyAnswer:
    """Ask what it is worth when states join an arrangement that answers requests to move sooner.

    Parameters
    ----------
    net, origin, destination, **options
        As of :func:`mobility.closure`; `permission` is not read.
    force : str, Path or Force
    regime : str
        Of ``permissions.csv``: its lead times hold, and a state that joins gets the longest of the members'.
    flag : str
        Column of ``countries.csv`` that tells members.
    time_limit : float
        Seconds for each closure.

    Returns
    -------
    PolicyAnswer
        A row per state outside whose lead time would fall: closure if it alone joins and hours saved, hours lost when
        all others join and it does not, and its share of what all save by joining (Shapley value, of up to ten).

    Notes
    -----
    States are asked in parallel, so the longest lead time on the routes used counts: one state alone often saves
    nothing where two stand in a row, which is why it is asked alone, last and over all orders.

    Examples
    --------
    >>> import mobility as mb
    >>> answer = joining(mb.load(), "Durrës", "Burgas", force="fuel-convoy", modes="road")
    >>> all(row["saved_alone_h"] >= 0 for row in answer.rows)
    True
    """
    members = _flag(net, flag)
    lead = {c: h for c, h in lead_times(net, regime).items() if c in net.countries_present}
    with_lead = [c for c in members if c in lead]
    if not with_lead:
        raise InputError(f"no state of this network is a member by {flag} and has a lead time under {regime}")
    granted = max(lead[c] for c in with_lead)
    joiners = [c for c in lead if c not in members and lead[c] > granted]
    moving = _moving(net, origin, destination, force, time_limit, options)

    def closes(joined: Iterable[str]) -> tuple[float | None, float, frozenset[str], tuple[str, ...]]:
        return moving.under(lead | dict.fromkeys(joined, granted))

    for c in joiners:
        moving(frozenset([c]))  # whom the force cannot do without settles every set with that state in it
    base, full = closes(()), closes(joiners)
    saved = _less(base[0], full[0])
    division: dict[str, float] = {}
    if 0 < len(joiners) <= MOST_PLAYERS and base[0] is not None:
        every = [frozenset(s) for n in range(len(joiners) + 1) for s in combinations(joiners, n)]
        division = shapley({some: -float(closes(some)[0] or 0.0) for some in every})
    rows: list[dict[str, Any]] = []
    for c in joiners:
        alone, without = closes([c]), closes([d for d in joiners if d != c])
        rows.append(
            {
                "state": c, "name": _name(net, c), "lead_h": lead[c], "lead_joined_h": granted,
                "closure_alone_h": alone[0], "saved_alone_h": _less(base[0], alone[0]),
                "lost_if_out_h": _less(without[0], full[0]),
                "shapley_h": division.get(c),
            }
        )  # fmt: skip
    rows.sort(key=lambda r: (-(r["shapley_h"] or 0.0), r["state"]))
    if base[0] is None:
        says = "the force cannot move at all, whoever joins"
    elif not joiners or not saved or saved < 0.05:
        says = f"nothing: the force closes after {_hours(base[0])} whoever joins"
    else:
        best = rows[0]
        most = f"the largest part falls to {best['name']} ({best['shapley_h']:.0f} h)" if division else ""
        says = (
            f"if all join, the force closes after {_hours(full[0])} and not {_hours(base[0])}, "
            f"{_hours(saved)} sooner; {most}"
        ).rstrip("; ")
    alone_ = [r["name"] for r in rows if (r["saved_alone_h"] or 0) > 0.05]
    found = [
        f"Under {regime} the force passes {_listed([_name(net, c) for c in sorted(base[2])])} and waits "
        f"{_hours(base[1])} for permission; if all join, {_listed([_name(net, c) for c in sorted(full[2])])} and "
        f"{_hours(full[1])}.",
        f"Alone, joining saves something only for {_listed(alone_)}." if alone_ else "No state alone saves anything.",
    ] if base[0] is not None else []  # fmt: skip
    table = net.table("permissions")
    return PolicyAnswer(
        net,
        _moved(net, origin, destination, options, force, regime=regime, flag=flag),
        "ok" if base[0] is not None else "no_route", "joining",
        "What is joining the arrangement on permissions (PESCO Military Mobility) worth per state?"
        if flag == "pesco_mobility" else f"What is joining ({flag}) worth per state?",
        says, tuple(found), tuple(rows), "shapley_h", (Way("as it is", base[3]), Way("all join", full[3])),
        (
            f"A state that joins answers as late as the slowest member does under {regime}: {granted:g} h.",
            "Joining changes the lead time and nothing else: no border wait, no wagon, no money.",
            LEADS, ESTIMATES,
        ),
        tuple(_sources(net, "permissions", table[table["regime"] == regime])),
    )  # fmt: skip


def permissions(
    net: Network,
    origin: str | Iterable[str] = ORIGIN,
    destination: str | Iterable[str] = DESTINATION,
    *,
    force: str | Path | Force = FORCE,
    time_limit: float = 60.0,
    **options: Unpack[Options],
) -> PolicyAnswer:
    """Ask what each permission regime, and shorter waits at rail borders, bring.

    Parameters
    ----------
    net, origin, destination, **options
        As of :func:`mobility.closure`; `permission` is not read.
    force : str, Path or Force
    time_limit : float
        Seconds for each closure.

    Returns
    -------
    PolicyAnswer
        A row per regime of ``permissions.csv`` and one with none: closure, lead time waited for, hours of movement,
        states passed; then the slowest and the fastest regime with the dwell at rail borders that Regulation (EU)
        2024/1679 asks for.

    Examples
    --------
    >>> import mobility as mb
    >>> answer = permissions(mb.load(), "Durrës", "Burgas", force="fuel-convoy", modes="road")
    >>> closed = answer.to_frame()["closure_h"]
    >>> bool(closed["none"] <= closed["emergency"] <= closed["status-quo"])
    True
    """
    table = net.table("permissions")
    regimes = list(dict.fromkeys(table["regime"].tolist()))
    if not [r for r in regimes if r != "none"]:
        raise InputError("the network has no permissions.csv; rows of regime, country and lead_h are needed")
    regimes = [*[r for r in regimes if r != "none"], "none"]
    moving = _moving(net, origin, destination, force, time_limit, options)
    quick = _moving(_quick_rail_borders(net), origin, destination, force, time_limit, options)

    def lead(regime: str) -> dict[str, float]:
        return {c: h for c, h in lead_times(net, regime).items() if c in net.countries_present}

    ways: list[Way] = []
    rows = [_regime_row(regime, moving.under(lead(regime)), ways) for regime in regimes]
    best = min(rows[:-1], key=lambda r: (r["closure_h"] is None, r["closure_h"]))
    worst = max(rows[:-1], key=lambda r: (r["closure_h"] is None, r["closure_h"] or 0.0))
    for regime in dict.fromkeys([worst["regime"], best["regime"]]):
        rows += [_regime_row(f"{regime}, 25 min rail dwell", quick.under(lead(regime)), ways)]
    for row in rows:
        row["saved_h"] = _less(worst["closure_h"], row["closure_h"])
    if best["closure_h"] is None:
        says = "the force cannot move at all, under any regime"
    else:
        moves = _hours(rows[len(regimes) - 1]["closure_h"])
        says = (
            f"the force closes after {_hours(worst['closure_h'])} under {worst['regime']} and "
            f"{_hours(best['closure_h'])} under {best['regime']}; the movement itself takes {moves}"
        )
    dwell = rows[-1]
    gained = _less(best["closure_h"], dwell["closure_h"])
    found = []
    if gained is not None and worst["closure_h"]:
        name = best["regime"]
        found = [
            f"Under {worst['regime']}, {worst['lead_h'] / worst['closure_h']:.0%} of it is waiting for permission.",
            f"25 minutes at rail borders save {_hours(gained)} under {name}." if gained > 0.05
            else f"25 minutes at rail borders save nothing under {name}: no such wait is on the way that decides.",
        ]  # fmt: skip
    return PolicyAnswer(
        net, _moved(net, origin, destination, options, force),
        "ok" if best["closure_h"] is not None else "no_route", "permissions",
        "What do permission regimes and border procedures bring?", says, tuple(found), tuple(rows), "closure_h",
        tuple(ways[: len(regimes)]),
        (
            LEADS,
            "Working days count as 24 h. The package of 2025 and its emergency system are proposals, not law.",
            "The dwell of 25 min is put where a train waits longer today; nothing else changes.",
            ESTIMATES,
        ),
        tuple(_sources(net, "permissions", table)),
    )  # fmt: skip


def _regime_row(
    name: str, found: tuple[float | None, float, frozenset[str], tuple[str, ...]], ways: list[Way]
) -> dict[str, Any]:
    total, lead, states, links = found
    ways.append(Way(name, links))
    return {
        "regime": name, "closure_h": total, "lead_h": lead if total is not None else None,
        "moving_h": None if total is None else total - lead, "saved_h": None, "states": " ".join(sorted(states)),
    }  # fmt: skip


def _quick_rail_borders(net: Network) -> Network:
    """Return the network with no wait of a train at a border above the target."""
    table = net.table("borders").copy()
    long = (table["mode"] == "rail").to_numpy() & (table["wait_h"].to_numpy(float) > TARGET_DWELL_H)
    table.loc[long, "wait_h"] = TARGET_DWELL_H
    return replace(net, tables={**net.tables, "borders": Table(table)})


# ---- the Solidarity Pool


def solidarity_pool(
    net: Network,
    origin: str | Iterable[str] = ORIGIN,
    destination: str | Iterable[str] = DESTINATION,
    *,
    force: str | Path | Force = FORCE,
    of: str = "wagon",
    own: int | None = None,
    steps: Sequence[int] | None = None,
    time_limit: float = 60.0,
    **options: Unpack[Options],
) -> PolicyAnswer:
    """Ask what a share in a pool of wagons, transporters or ships is worth.

    Parameters
    ----------
    net, origin, destination, **options
        As of :func:`mobility.closure`.
    force : str, Path or Force
    of : {"wagon", "transporter", "ship"}
    own : int, optional
        What there is without the pool; left out, a tenth of what the force would fill at once.
    steps : sequence of int, optional
        What the pool adds; left out, a tenth, two tenths and four tenths of that.
    time_limit : float
        Seconds for each closure.

    Returns
    -------
    PolicyAnswer
        A row per size: closure, hours saved, and hours that one more is worth at the margin; the last one has no limit.

    Examples
    --------
    >>> import mobility as mb
    >>> some = mb.force("forward-battlegroup")
    >>> answer = solidarity_pool(mb.load(), "Bar", "Belgrade", force=some, modes="rail", own=40, steps=[40])
    >>> [row["size"] for row in answer.rows]
    [40, 80, None]
    """
    made = find_force(force, net)
    need = _pool_need(made, net, of)
    if own is None:
        own = max(1, math.ceil(need / 10))
    extra = [math.ceil(need * part / 10) for part in (1, 2, 4)] if steps is None else list(steps)
    if own < 1 or any(e < 1 for e in extra):
        raise InputError(f"own is {own} and the steps {', '.join(map(str, extra))}; each must be at least 1")
    rest = tuple(p for p in made.pools if p.of != of)
    rows: list[dict[str, Any]] = []
    ways = []
    for size in [own, *[own + e for e in sorted(extra)], None]:
        pools = rest if size is None else (*rest, Pool(of, size))
        answer = closure(net, origin, destination, force=replace(made, pools=pools), time_limit=time_limit, **options)
        worth = [b.hours_per_unit for b in answer.bottlenecks if b.item == f"pool:{of}"]
        closed = answer.closure_h
        if rows and closed is not None and rows[-1]["closure_h"] is not None:
            closed = min(closed, rows[-1]["closure_h"])  # what fewer can do, more can
        rows.append(
            {
                "pool": "no limit" if size is None else f"{size} {of}s", "size": size, "closure_h": closed,
                "lower_bound_h": answer.lower_bound_h, "saved_h": None,
                "one_more_h": worth[0] if worth else None if closed is None else 0.0,
            }
        )  # fmt: skip
        ways.append(Way(rows[-1]["pool"], _used(answer)))
    first, last = rows[0], rows[-1]
    for row in rows:
        row["saved_h"] = _less(first["closure_h"], row["closure_h"])
        if row["one_more_h"] and row["closure_h"] - last["closure_h"] < 0.05:
            row["one_more_h"] = 0.0  # nothing is left to gain
    if last["closure_h"] is None:
        says = "the force cannot move at all, whatever the pool"
    elif not last["saved_h"] or last["saved_h"] < 0.05:
        says = f"nothing: with {own} {of}s the force closes after {_hours(first['closure_h'])} as without any limit"
    else:
        step = next(r for r in rows if (r["saved_h"] or 0.0) > 0.5 * last["saved_h"])
        with_it = "without any limit" if step["size"] is None else f"with {step['size'] - own} more"
        says = (
            f"with {own} {of}s of its own the force closes after {_hours(first['closure_h'])}, {with_it} after "
            f"{_hours(step['closure_h'])}"
        )
    found = [f"At once the force would fill {need} {of}s."] + [
        f"{r['pool']}: {_hours(r['closure_h'])}, {_hours(r['saved_h'])} sooner."
        for r in rows[1:-1]
        if r["saved_h"] is not None
    ]
    return PolicyAnswer(
        net, _moved(net, origin, destination, options, made, of=of, own=own),
        "ok" if last["closure_h"] is not None else "no_route", "solidarity-pool",
        f"What is a share in a pool of {of}s worth?", says, tuple(found), tuple(rows), "closure_h", (ways[0], ways[-1]),
        (
            f"How many {of}s there are, and how many a pool would add, is not public: both are assumed.",
            "What is taken there comes back empty as fast; trips are repeated.",
            "A closure between its bound and the plan found; the worth of one more holds at the margin only.",
            ESTIMATES,
        ),
        tuple(split(made.source)),
    )  # fmt: skip


def _pool_need(made: Force, net: Network, of: str) -> int:
    """Return how many the force would fill at once."""
    frame = made.to_frame(net)
    if of == "wagon":
        return max(1, int(np.nansum(frame["wagons"].to_numpy(float))))
    if of == "ship":
        from mobility.force import SHIP_LANE_M

        return max(1, math.ceil(float(np.nansum(frame["lane_m"].to_numpy(float))) / SHIP_LANE_M))
    if of == "transporter":
        from mobility.vehicle import vehicle

        return max(1, sum(e.count for e in made.elements if vehicle(e.vehicle, net).transporter))
    raise InputError(f"of is {of!r}; it must be wagon, transporter or ship")


# ---- a port that is not built yet


def new_port(
    net: Network,
    destination: str | Iterable[str] = DESTINATION,
    *,
    port: str = "Porto Romano",
    beside: str = "Durrës",
    force: str | Path | Force = FORCE,
    upgrade: str | Iterable[str] = ("UP50",),
    **options: Unpack[Options],
) -> PolicyAnswer:
    """Ask what a port that is not built yet would add to one that is there.

    Parameters
    ----------
    net, destination, **options
        As of :func:`mobility.throughput`; the share of `terminal` holds for ports.
    port, beside : str
        Seaports of ``ports.csv``: the new one, and the one that is there.
    force : str, Path or Force
        What comes ashore.
    upgrade : str or iterable of str
        Projects of ``upgrades.csv`` that come with the port.

    Returns
    -------
    PolicyAnswer
        A row each for the old port, the new one and both: what berths, staging and gates clear a day, which of them
        is weakest, what the roads and railways inland take on to the destination, and the days to clear the force.

    Notes
    -----
    The weakest subsystem rules a port: the least of berth, staging, and gate with rail clearance. What leaves the
    port is the lesser of that and of the maximum flow inland.

    Examples
    --------
    >>> import mobility as mb
    >>> answer = new_port(mb.load(), "Skopje", modes="road")
    >>> [row["ports"] for row in answer.rows]
    ['Durrës', 'Porto Romano', 'both']
    """
    known = set(net.table("upgrades")["upgrade_id"].tolist())
    projects = [u for u in words(upgrade) if u in known or tuple(words(upgrade)) != ("UP50",)]
    built = net.with_changes(upgrade=projects) if projects else net
    old, new = net.find_node(beside), net.find_node(port)
    made = find_force(force, net)
    share = options.get("share", 1.0)
    part = float(share.get("terminal", 1.0)) if isinstance(share, Mapping) else float(share)
    rows: list[dict[str, Any]] = []
    ways = []
    parts = {p: _clears(net, p) for p in (old, new)}
    for name, ports, where in (
        (net.name(old), [old], net), (net.name(new), [new], built), ("both", [old, new], built)
    ):  # fmt: skip
        flow = throughput(where, ports, destination, **options)
        clears = sum(parts[p][0] for p in ports) * part
        inland = flow.vehicles_per_day
        out = min(clears, inland)
        rows.append(
            {
                "ports": name, "clears_per_day": clears,
                "weakest": "; ".join(dict.fromkeys(parts[p][1] for p in ports)), "inland_per_day": inland,
                "leaves_per_day": out, "binds": "port" if clears < inland else "way inland",
                "days_to_clear": made.vehicles / out if out else None,
            }
        )  # fmt: skip
        ways.append(Way(name, tuple(f.link_id for f in flow.links)))
    first, last = rows[0], rows[-1]
    status = "ok" if last["leaves_per_day"] else "no_route"
    gain = last["leaves_per_day"] - first["leaves_per_day"]
    title = made.title or made.name
    if status != "ok":
        says = "no way inland"
    else:
        before = "never" if first["days_to_clear"] is None else f"{first['days_to_clear']:.1f} days"
        says = (
            f"{net.name(new)} adds {gain:,.0f} vehicles a day to the {first['leaves_per_day']:,.0f} of "
            f"{net.name(old)}; {title} ({made.vehicles:,} vehicles) is clear after {last['days_to_clear']:.1f} days "
            f"and not {before}"
        )
    inland_gain = last["inland_per_day"] - first["inland_per_day"]
    found = [
        f"{net.name(old)} clears {parts[old][0]:,.0f} vehicles a day ({parts[old][1]}), "
        f"{net.name(new)} {parts[new][0]:,.0f} ({parts[new][1]}), before any military share.",
        "The ways inland do not get wider with it: the new port lies behind the same roads and railways."
        if inland_gain < 0.5 else f"With it the ways inland take {inland_gain:,.0f} vehicles a day more.",
    ]  # fmt: skip
    ports = net.table("ports")
    depth = dict(zip(ports["node_id"].tolist(), ports["max_draught_m"].tolist(), strict=True))
    if depth[new] == depth[new] and depth[old] == depth[old]:
        found.append(f"Draught: {depth[new]:g} m against {depth[old]:g} m, so larger ships, which is not counted here.")
    return PolicyAnswer(
        net, _question(net, [old], destination, options, force=made.name, port=new, upgrade=projects), status,
        "porto-romano", f"What can {net.name(old)} clear, and what would {net.name(new)} add?", says, tuple(found),
        rows=tuple(rows),
        compared="leaves_per_day", ways=(ways[0], ways[-1]),
        assumptions=(
            "Ships arrive as fast as the berths clear them; the sea leg is not counted.",
            f"{net.name(new)} is not built; its berths, staging and gates are planning figures.",
            "The force counts in whole vehicles, whatever their size.",
            ESTIMATES,
        ),
        sources=tuple(_sources(net, "ports", ports[ports["node_id"].isin([old, new])])),
    )  # fmt: skip


def _clears(net: Network, port: str) -> tuple[float, str]:
    """Return what a port clears a day before any share, and which subsystem is the weakest."""
    table = net.table("ports")
    row = table[table["node_id"] == port]
    if row.empty:
        raise InputError(f"{net.name(port)} has no row in ports.csv; what it clears is not known")

    def cell(column: str) -> float:
        value = float(row[f"{column}_veh_day"].iloc[0])
        return 0.0 if value != value else value

    # what has come ashore leaves by gate or by rail
    parts = {
        "berth": cell("berth") + cell("river_berth"), "staging": cell("staging"),
        "gate and rail": cell("gate") + cell("rail_clearance"),
    }  # fmt: skip
    weakest = min(parts, key=lambda k: (parts[k], k))
    return parts[weakest], weakest


# ---- predictability


def predictability(
    net: Network,
    origin: str | Iterable[str] = ORIGIN,
    destination: str | Iterable[str] = DESTINATION,
    *,
    runs: int = 2000,
    seed: int = 1,
    **options: Unpack[Options],
) -> PolicyAnswer:
    """Ask how predictable a journey is: what a plan has to keep in hand for waits at borders.

    Parameters
    ----------
    net, origin, destination, **options
        As of :func:`mobility.uncertainty`.
    runs, seed : int

    Returns
    -------
    PolicyAnswer
        A row for each mode alone and for all: median, P90, and P90 - P50 in hours; and for NATO territory alone.

    Examples
    --------
    >>> import mobility as mb
    >>> answer = predictability(mb.load(), "Durrës", "Burgas", modes="road", runs=200)
    >>> all(row["p90_h"] >= row["p50_h"] for row in answer.rows if row["p50_h"])
    True
    """
    from mobility.uncertainty import uncertainty

    modes = words(options.get("modes"))
    cases: list[tuple[str, dict[str, Any]]] = [("all modes" if not modes else " and ".join(modes), dict(options))]
    cases += [
        (f"{m} only", {**options, "modes": [m]})
        for m in ("road", "rail")
        if not modes or (len(modes) > 1 and m in modes)
    ]
    outside = [c for c in net.countries_present if c not in _flag(net, "nato")] if len(net.table("countries")) else []
    if outside:
        cases.append(("NATO territory", _avoiding(options, outside)))
    rows: list[dict[str, Any]] = []
    ways = []
    for name, ask in cases:
        answer = uncertainty(
            net, origin, destination, measure="time", over="border waits", runs=runs, seed=seed, items=False, **ask
        )
        at = answer.interval
        rows.append(
            {
                "way": name, "stated_h": answer.point, "p50_h": at.p50, "p90_h": at.p90,
                "in_hand_h": answer.predictability_h,
            }
        )  # fmt: skip
        best = routes(net, origin, destination, k=1, **ask).routes
        ways.append(Way(name, best[0].links if best else ()))
    first = rows[0]
    if first["in_hand_h"] is None:
        says = "no route"
    else:
        says = (
            f"half of the journeys take up to {_hours(first['p50_h'])}, nine in ten up to {_hours(first['p90_h'])}: "
            f"{first['in_hand_h']:.1f} h have to be kept in hand for borders"
        )
    found = [
        f"{r['way'][:1].upper()}{r['way'][1:]}: {r['in_hand_h']:.1f} h in hand."
        for r in rows[1:]
        if r["in_hand_h"] is not None
    ]
    found += [f"{r['way'][:1].upper()}{r['way'][1:]}: no route." for r in rows if r["in_hand_h"] is None]
    borders = net.table("borders")
    return PolicyAnswer(
        net, _question(net, origin, destination, options, runs=runs, seed=seed),
        "ok" if first["in_hand_h"] is not None else "no_route", "predictability", "How predictable is movement?", says,
        tuple(found), tuple(rows), "in_hand_h", tuple(ways),
        (
            "Only waits at borders and ports vary, lognormal with their stated median and P90; those of one state and "
            "mode vary together.",
            "Every sample takes the way that is fastest that day, as if the waits were known when it sets out.",
            "Breakdowns, weather and traffic are not in it.",
            ESTIMATES,
        ),
        tuple(_sources(net, "borders", borders)[:6]),
    )  # fmt: skip


# ---- finding a question


QUESTIONS: Mapping[str, Callable[..., PolicyAnswer]] = {
    "corridor-viii": complement,
    "corridors": contributions,
    "all-nato": all_nato,
    "joining": joining,
    "permissions": permissions,
    "solidarity-pool": solidarity_pool,
    "porto-romano": new_port,
    "predictability": predictability,
}
"""Questions by name."""


def policy(net: Network, question: str, *places: Any, **options: Any) -> PolicyAnswer:
    """Answer a question of policy by its name.

    Parameters
    ----------
    net : Network
    question : str
        One of :data:`QUESTIONS`.
    *places, **options
        Those of its function.

    Returns
    -------
    PolicyAnswer

    Raises
    ------
    InputError
        When there is no such question.

    Examples
    --------
    >>> import mobility as mb
    >>> print(mb.policy(mb.load(), "all-nato", "Durrës", "Burgas", modes="road").asks)
    What does an all-NATO route cost?
    """
    if question not in QUESTIONS:
        raise InputError(
            f"no question is called {question!r}{did_you_mean(question, QUESTIONS)}; questions: {', '.join(QUESTIONS)}"
        )
    return QUESTIONS[question](net, *places, **options)
