"""What corridors are worth: Shapley values over all their combinations, and whether they complement each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any, Unpack

import pandas as pd

from mobility.arcs import Arcs, Options, compile_arcs, words
from mobility.errors import Attempts, Finding, InputError, did_you_mean
from mobility.flows import throughput
from mobility.montecarlo import failures
from mobility.network import Network
from mobility.paths import Answer, describe, prepare, redundancy, routes
from mobility.reliability import reliability
from mobility.schema import Table, split
from mobility.vehicle import Vehicle

PLAYERS = ("Vc", "X", "VIII", "R10")

UNITS = {
    "throughput": "vehicles a day", "time": "journeys a day", "routes": "link-disjoint routes",
    "reliability": "probability",
}  # fmt: skip
"""What each measure counts; a journey a day is 24 / hours of the fastest route, 0 without one."""

MOST_PLAYERS = 10

NONE = "none"
"""Share of the flow that runs on links of no player."""

Coalitions = Mapping[frozenset[str], float]


def shapley(values: Coalitions) -> dict[str, float]:
    """Return the Shapley value of each player of a game.

    Parameters
    ----------
    values : mapping of frozenset of str to float
        The worth of every set of players, the empty one too.

    Notes
    -----
    The mean, over all orders in which the players may come, of what each adds to those before (Shapley 1953):
    the sum over all sets without the player of ``s! (n - s - 1)! / n!`` times what he adds to them. It is the only
    division that gives out exactly what all are worth together, treats equals alike, gives nothing to who adds
    nothing, and adds up over games. 2^n values for n players.

    Examples
    --------
    >>> glove = {frozenset(s): float("L" in s and len(s) > 1) for s in ["", "L", "R", "r", "LR", "Lr", "Rr", "LRr"]}
    >>> {k: round(v, 4) for k, v in shapley(glove).items()}
    {'L': 0.6667, 'R': 0.1667, 'r': 0.1667}
    """
    players = sorted(frozenset().union(*values))
    n = len(players)
    out = {}
    for player in players:
        rest = [p for p in players if p != player]
        out[player] = math.fsum(
            math.factorial(s) * math.factorial(n - s - 1) / math.factorial(n)
            * (values[frozenset(some) | {player}] - values[frozenset(some)])
            for s in range(n) for some in combinations(rest, s)
        )  # fmt: skip
    return out


def interaction(values: Coalitions, a: str, b: str) -> float:
    """Return by how much two players together add more than one by one, on average over the others.

    Above 0 they complement each other, below 0 each stands in for the other (Grabisch and Roubens 1999).

    Examples
    --------
    >>> both_needed = {frozenset(): 0.0, frozenset("a"): 0.0, frozenset("b"): 0.0, frozenset("ab"): 1.0}
    >>> interaction(both_needed, "a", "b")
    1.0
    """
    rest = sorted(frozenset().union(*values) - {a, b})
    n = len(rest) + 2

    def together(some: frozenset[str]) -> float:
        return values[some | {a, b}] - values[some | {a}] - values[some | {b}] + values[some]

    return math.fsum(
        math.factorial(s) * math.factorial(n - s - 2) / math.factorial(n - 1) * together(frozenset(some))
        for s in range(n - 1) for some in combinations(rest, s)
    )  # fmt: skip


@dataclass(frozen=True)
class Coalition:
    """The network with some of the players and what belongs to none.

    Attributes
    ----------
    players : tuple of str
    value : float
    time_h : float or None
        With ``measure="time"``, the fastest route; None when there is none.
    error : float
        Half the 95 % interval of a sampled reliability; 0 for all that is exact.
    """

    players: tuple[str, ...]
    value: float
    time_h: float | None
    error: float


@dataclass(frozen=True)
class Worth:
    """What one corridor is worth.

    Attributes
    ----------
    links, km : int, float
        What of it is open to the vehicle.
    shapley : float
    share : float or None
        Part of what all players together add; None when that is nothing.
    knock_out : float
        What is lost when it alone is taken out.
    add_in : float
        What it adds when it comes first.
    hours_saved : float or None
        With ``measure="time"``, the Shapley value in hours; None when some coalition has no route.
    flow_share : float or None
        Part of the vehicle-kilometres of the maximum flow; a link of several players counts in equal parts.
    """

    player: str
    links: int
    km: float
    shapley: float
    share: float | None
    knock_out: float
    add_in: float
    hours_saved: float | None
    flow_share: float | None


@dataclass(frozen=True)
class Pair:
    """Two corridors together.

    Attributes
    ----------
    gain : float
        Worth of both less that of the better one, none of the other players being there.
    interaction : float
    relation : {"complement", "substitute", "independent"}
        By the sign of `interaction`.
    """

    players: tuple[str, str]
    gain: float
    interaction: float
    relation: str


@dataclass(frozen=True)
class Case:
    """The answer for one year and vehicle.

    Attributes
    ----------
    full, empty : float
        With all players, and with none.
    herfindahl : float or None
        Sum of the squared flow shares, of what runs on no player as one: 1 when all flow is on one. None without
        flow.
    """

    year: int | None
    vehicle: str
    status: str
    full: float
    empty: float
    players: tuple[Worth, ...]
    pairs: tuple[Pair, ...]
    coalitions: tuple[Coalition, ...]
    flow_shares: Mapping[str, float]
    herfindahl: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the case as JSON holds it."""
        return {
            **asdict(self), "coalitions": [{**asdict(c), "players": list(c.players)} for c in self.coalitions],
            "pairs": [{**asdict(p), "players": list(p.players)} for p in self.pairs],
            "players": [asdict(w) for w in self.players],
        }  # fmt: skip


@dataclass(frozen=True, repr=False)
class CorridorValue(Answer):
    """What corridors are worth, by year and vehicle.

    Attributes
    ----------
    measure, unit : str
    links : mapping of str to tuple of str
        Of each player, open or not.
    cases : tuple of Case
    """

    measure: str = ""
    unit: str = ""
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        if self.status != "ok":
            return "no route"
        first = max(self.cases[0].players, key=lambda w: w.shapley)
        return f"{first.player} is worth most, {first.shapley:,.4g} {self.unit}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per year, vehicle and player."""
        rows = [{"year": c.year, "vehicle": c.vehicle, **asdict(w)} for c in self.cases for w in c.players]
        return pd.DataFrame(rows, columns=["year", "vehicle", *Worth.__dataclass_fields__])

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "measure": self.measure, "unit": self.unit, "players": list(self.links),
            "links": {k: list(v) for k, v in self.links.items()}, "cases": [c.to_dict() for c in self.cases],
            "question": dict(self.question),
        }  # fmt: skip


def corridor_value(
    net: Network,
    origin: str | Iterable[str],
    destination: str | Iterable[str],
    *,
    players: str | Sequence[str] = PLAYERS,
    measure: str = "throughput",
    years: Sequence[int] | None = None,
    vehicles: Sequence[str | Vehicle] | None = None,
    fail: float | None = None,
    progress: Callable[[int, int], None] | None = None,
    **options: Unpack[Options],
) -> CorridorValue:
    """Say what each corridor adds, over all combinations with the others.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str
    players : str or sequence of str
        Corridors as the ``corridors`` column of the links names them, at most 10.
    measure : {"throughput", "time", "routes", "reliability"}
        Vehicles a day; journeys a day (24 / hours of the fastest route, 0 without one); link-disjoint routes;
        probability of a connection.
    years : sequence of int, optional
        A case for each; left out: the network as it is, or the option `year`.
    vehicles : sequence of str or Vehicle, optional
        A case for each; left out: the option `vehicle`.
    fail : float, optional
        Only with ``measure="reliability"``: see :func:`mobility.reliability`.
    progress : callable, optional
        Told how many combinations of how many are done.
    **options
        See :class:`mobility.arcs.Options`.

    Returns
    -------
    CorridorValue

    Notes
    -----
    A combination keeps the links of its corridors and every link that belongs to no player; a link of several
    corridors is kept when one of them is in. A branch counts with the corridor that it belongs to: by the ``parent``
    column of ``corridors.csv``, up to the nearest that is a player, so Xa to Xd count as X unless they are players
    of their own. Links of one structure are not taken out along with each other: a corridor is left out here, not
    destroyed.

    Where there is no route hours have no number to take a difference of, so time counts as journeys a day, which is
    0 there; the hours saved are divided besides where every combination has a route.

    Exact: every combination is answered by itself, 2^n questions for n players.

    References
    ----------
    Shapley, L. S. (1953). A value for n-person games. Contributions to the Theory of Games II, 307-317.

    Examples
    --------
    >>> import mobility as mb
    >>> answer = mb.corridor_value(mb.load(), "Durrës", "Burgas", modes="road", players=["VIII", "X"])
    >>> case = answer.cases[0]
    >>> abs(sum(w.shapley for w in case.players) - (case.full - case.empty)) < 1e-6
    True
    """
    if years is not None and options.get("year") is not None:
        raise InputError("give years, or a year, not both")
    if vehicles is not None and "vehicle" in options:
        raise InputError("give vehicles, or a vehicle, not both")
    when: Sequence[int | None] = [options.pop("year", None)] if years is None else list(dict.fromkeys(years))
    what = [options.pop("vehicle", "any")] if vehicles is None else list(vehicles)
    chosen = words(players)
    attempts = Attempts()
    attempts.findings += _faults(net, chosen, measure, fail, when, what)
    for one in what:
        asked: Options = {**options, "vehicle": one}
        attempts.run(prepare, net, origin, destination, (), asked, otherwise=None)
    attempts.findings = list(dict.fromkeys(attempts.findings))
    attempts.done()
    home = _membership(net, chosen)
    total, done = len(when) * len(what) * 2 ** len(chosen), 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    cases = tuple(
        _case(
            net if year is None else net.at(year), origin, destination, chosen, home, measure, fail, tick,
            {**options, "vehicle": one},
        )
        for year in when for one in what
    )  # fmt: skip
    origins, destinations, _, arcs = prepare(net, origin, destination, (), {**options, "vehicle": what[0]})
    question = describe(
        arcs, origins, destinations, players=chosen, measure=measure, fail=fail, years=list(when),
        year=when[0] if len(when) == 1 else None,
        vehicle=", ".join(c.vehicle for c in cases[: len(what)]),
    )  # fmt: skip
    ids = net.table("links")["link_id"].tolist()
    links = {p: tuple(str(i) for i, own in zip(ids, home, strict=True) if p in own) for p in chosen}
    status = "ok" if any(c.status == "ok" for c in cases) else "no_route"
    return CorridorValue(net, question, status, measure, UNITS[measure], links, cases)


def _faults(
    net: Network, chosen: Sequence[str], measure: str, fail: float | None, years: Sequence[int | None],
    vehicles: Sequence[str | Vehicle],
) -> list[Finding]:  # fmt: skip
    known = dict.fromkeys(c for text in net.table("links")["corridors"].tolist() for c in split(text))
    known |= dict.fromkeys(net.table("corridors")["corridor_id"].tolist())
    texts = [
        f"no corridor is called {p!r}{did_you_mean(p, known) or '; this network has ' + (', '.join(known) or 'none')}"
        for p in chosen
        if p not in known
    ]
    if not 1 <= len(chosen) <= MOST_PLAYERS or len(set(chosen)) < len(chosen):
        texts.append(f"players are {', '.join(chosen) or 'none'}; 1 to {MOST_PLAYERS} different corridors are needed")
    if measure not in UNITS:
        texts.append(f"measure is {measure!r}; it must be one of {', '.join(UNITS)}")
    if fail is not None and measure != "reliability":
        texts.append("fail only means something with the measure reliability")
    if not years or not vehicles:
        texts.append("years and vehicles need at least one each; leave them out for the network as it is")
    odd = [y for y in years if y is not None and (not isinstance(y, int) or not 1900 <= y <= 2200)]
    texts += [f"the year is {y!r}; it must be a whole number from 1900 to 2200" for y in odd]
    return [f for text in texts for f in InputError(text).findings]


def _membership(net: Network, players: Sequence[str]) -> list[frozenset[str]]:
    """Return the players that each link belongs to: for each of its corridors the nearest that is one."""
    table = net.table("corridors")
    parent = {c: p for c, p in zip(table["corridor_id"].tolist(), table["parent"].tolist(), strict=True) if p}

    def player(corridor: str) -> str | None:
        met: set[str] = set()
        while corridor not in players:
            met.add(corridor)
            corridor = parent.get(corridor, corridor)
            if corridor in met:
                return None
        return corridor

    found = ([player(c) for c in split(text)] for text in net.table("links")["corridors"].tolist())
    return [frozenset(p for p in own if p is not None) for own in found]


def _case(
    net: Network, origin: str | Iterable[str], destination: str | Iterable[str], players: Sequence[str],
    home: Sequence[frozenset[str]], measure: str, fail: float | None, tick: Callable[[], None], options: Options,
) -> Case:  # fmt: skip
    """Answer all combinations of one year and vehicle."""
    arcs = compile_arcs(net, **options)
    if measure == "reliability":
        failures(arcs, fail)  # refuses where no link states a probability
    stated = net.table("links")["fail_probability"].notna().to_numpy()
    answers: dict[frozenset[str], Coalition] = {}
    known: dict[frozenset[int], tuple[float, float | None, float]] = {}
    for size in range(len(players) + 1):
        for some in combinations(players, size):
            out = frozenset(row for row, own in enumerate(home) if own and own.isdisjoint(some) and arcs.link_open[row])
            if out not in known:
                left = _without(net, sorted(out))
                certain = fail
                if fail is None and not (stated & arcs.link_open)[[r for r in range(len(home)) if r not in out]].any():
                    certain = 0.0  # what states no probability never fails, and nothing else is left
                known[out] = _answer(left, origin, destination, measure, certain, options)
            answers[frozenset(some)] = Coalition(some, *known[out])
            tick()
    values = {key: c.value for key, c in answers.items()}
    everyone, nobody = frozenset(players), frozenset[str]()
    flow = _flow_shares(net, origin, destination, players, home, options)
    status = "ok" if routes(net, origin, destination, k=1, **options).status == "ok" else "no_route"
    return Case(
        year=net.year, vehicle=arcs.vehicle.name, status=status, full=values[everyone], empty=values[nobody],
        players=_worths(arcs, players, home, answers, flow), pairs=_pairs(players, values),
        coalitions=tuple(answers.values()), flow_shares=flow,
        herfindahl=math.fsum(s * s for s in flow.values()) if flow else None,
    )  # fmt: skip


def _without(net: Network, rows: Sequence[int]) -> Network:
    """Return the network with some links closed, and no others of their structures."""
    links = net.table("links").copy()
    links.loc[rows, "status"] = "closed"
    return Network({**net.tables, "links": Table(links)}, net.folder, net.year, net.notes)


def _answer(
    net: Network, origin: str | Iterable[str], destination: str | Iterable[str], measure: str, fail: float | None,
    options: Options,
) -> tuple[float, float | None, float]:  # fmt: skip
    """Return worth, hours, and half the 95 % interval of the worth."""
    if measure == "throughput":
        return throughput(net, origin, destination, **options).vehicles_per_day, None, 0.0
    if measure == "routes":
        return float(redundancy(net, origin, destination, **options).link_disjoint), None, 0.0
    if measure == "reliability":
        sure = reliability(net, origin, destination, fail=fail, **options)
        return sure.reliability, None, (sure.high - sure.low) / 2
    found = routes(net, origin, destination, k=1, **options).routes
    # Even a way of no length takes a second.
    return (24.0 / max(found[0].time_h, 1 / 3600), found[0].time_h, 0.0) if found else (0.0, None, 0.0)


def _worths(
    arcs: Arcs, players: Sequence[str], home: Sequence[frozenset[str]],
    answers: Mapping[frozenset[str], Coalition], flow: Mapping[str, float],
) -> tuple[Worth, ...]:  # fmt: skip
    values = {key: c.value for key, c in answers.items()}
    hours = {key: c.time_h for key, c in answers.items()}
    everyone, nobody = frozenset(players), frozenset[str]()
    added = values[everyone] - values[nobody]
    division = shapley(values)
    saved: dict[str, float] = {}
    slower = {key: -h for key, h in hours.items() if h is not None}
    if len(slower) == len(hours):
        saved = shapley(slower)
    out = []
    for p in players:
        rows = [r for r, own in enumerate(home) if p in own and arcs.link_open[r]]
        out.append(
            Worth(
                player=p, links=len(rows), km=math.fsum(arcs.net.values("length_km").value[rows]), shapley=division[p],
                share=division[p] / added if added else None, knock_out=values[everyone] - values[everyone - {p}],
                add_in=values[frozenset([p])] - values[nobody], hours_saved=saved.get(p), flow_share=flow.get(p),
            )
        )  # fmt: skip
    return tuple(out)


def _pairs(players: Sequence[str], values: Coalitions) -> tuple[Pair, ...]:
    small = 1e-9 * max(1.0, *(abs(v) for v in values.values()))
    out = []
    for a, b in combinations(players, 2):
        gain = values[frozenset([a, b])] - max(values[frozenset([a])], values[frozenset([b])])
        index = interaction(values, a, b)
        relation = "independent" if abs(index) <= small else "complement" if index > 0 else "substitute"
        out.append(Pair((a, b), gain, index, relation))
    return tuple(out)


def _flow_shares(
    net: Network, origin: str | Iterable[str], destination: str | Iterable[str], players: Sequence[str],
    home: Sequence[frozenset[str]], options: Options,
) -> dict[str, float]:  # fmt: skip
    """Return the share of each player, and of no player, in the vehicle-kilometres of the maximum flow."""
    km = net.values("length_km").value
    carried = dict.fromkeys([*players, NONE], 0.0)
    for flow in throughput(net, origin, destination, **options).links:
        row = net.link_index[flow.link_id]
        own = home[row] or {NONE}
        for p in own:
            carried[p] += (flow.vehicles_per_day + flow.opposite_vehicles_per_day) * float(km[row]) / len(own)
    total = math.fsum(carried.values())
    return {p: x / total for p, x in carried.items()} if total else {}
