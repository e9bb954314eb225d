"""Corridor upgrades: which projects to pay for under a budget, what each is worth, and in which order to build.

The choice itself, and what it rests on, lives in `selection`; here are the questions and their answers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Unpack

import pandas as pd

from mobility.arcs import Options
from mobility.closure import closure, force_of, kinds_of
from mobility.errors import Attempts, Finding, InputError, did_you_mean
from mobility.flows import throughput
from mobility.force import Force
from mobility.network import Network
from mobility.paths import Answer, describe, prepare
from mobility.reliability import reliability
from mobility.selection import (
    COMPLETED,
    NEAR,
    POOL_GROWTH,
    AskedMeasure,
    FlowMeasure,
    Found,
    Measure,
    Outcome,
    Project,
    Shop,
    States,
    TimeMeasure,
    branch,
    built,
    cuts,
    procedures,
    projects,
    shop_of,
)
from mobility.value import shapley as shapley_values
from mobility.worstcase import worst_case

if TYPE_CHECKING:
    from mobility.scenario import Scenario

OBJECTIVES: Mapping[str, str] = {
    "throughput": "vehicles a day", "time": "hours", "closure": "hours", "reliability": "probability",
    "worst-case": "vehicles a day",
}  # fmt: skip
"""What can be made as good as possible, and its unit; of hours less is better."""

MOST_PLAYERS = 10
"""Most projects between which Shapley values are divided: 2^n sets are asked."""


# ---- answers


@dataclass(frozen=True)
class Step:
    """A point of the efficient frontier: what is chosen, what it costs, and what comes of it."""

    cost_meur: float
    value: float | None
    chosen: tuple[str, ...]


@dataclass(frozen=True)
class Marginal:
    """What one project is worth.

    Attributes
    ----------
    alone : float or None
        What it gains by itself, the network being as it is. Gains count upwards: hours saved, vehicles added. None
        when a connection comes or goes with it, which no difference of hours tells.
    first : float or None
        The same together with what it requires.
    last : float or None
        What is lost when it alone is left out of all projects.
    dropped : float or None
        What is lost when it is left out of the best set, if that holds it.
    shapley : float or None
        Its mean gain over all orders in which the projects that matter may come; only when asked for.
    alone_opens, last_opens, dropped_cuts : bool
        Whether it alone opens the connection; whether without it there is none, of all projects or of the best set.
    chosen : bool
        Whether the best set holds it.
    note : str
        Why it does nothing, where it does not.
    """

    upgrade_id: str
    name: str
    cost_meur: float | None
    year: int | None
    state: str
    countries: tuple[str, ...]
    alone: float | None
    first: float | None
    last: float | None
    dropped: float | None = None
    shapley: float | None = None
    alone_opens: bool = False
    last_opens: bool = False
    dropped_cuts: bool = False
    chosen: bool = False
    procedure: bool = False
    note: str = ""


@dataclass(frozen=True)
class Interaction:
    """Two projects whose gain together is not the sum of their gains.

    Attributes
    ----------
    joint, apart : float or None
        Gain of both; sum of the gains of each. None where a connection comes with it.
    relation : {"complement", "substitute"}
        More than the sum, or less.
    """

    pair: tuple[str, str]
    joint: float | None
    apart: float | None
    relation: str


@dataclass(frozen=True, repr=False)
class Upgrade(Answer):
    """The best set of projects under a budget.

    Attributes
    ----------
    objective, unit : str
    budget : float
        In million euro.
    chosen : tuple of str
        Ids; of the sets that are best, one of least cost.
    cost_meur : float
    base, value : float or None
        Without any project, and with those chosen; None where there is no route.
    proven : bool
        Whether it is proven that no set within the budget does better.
    bound : float or None
        No set within the budget does better than this.
    frontier : tuple of Step
        What more money buys: each step costs more than the one before and is better. The first is the base.
    frontier_proven : bool
        Whether every point of the frontier is proven.
    ceiling : float or None
        With all projects whose cost is known (or assumed), whatever they cost.
    marginals, interactions : tuple
        Only when asked for.
    uncosted : tuple of str
        Projects without a public cost that would change something; they are not chosen unless a cost is assumed.
    idle : tuple of str
        Projects that change nothing in this question.
    cut : tuple of str
        For throughput, the minimum cut with what is chosen.
    reason : str
        In one sentence: what is gained, or why nothing is.
    method : str
    """

    objective: str = "throughput"
    unit: str = "vehicles a day"
    budget: float = 0.0
    chosen: tuple[str, ...] = ()
    cost_meur: float = 0.0
    base: float | None = None
    value: float | None = None
    proven: bool = True
    bound: float | None = None
    frontier: tuple[Step, ...] = ()
    frontier_proven: bool = True
    ceiling: float | None = None
    marginals: tuple[Marginal, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    uncosted: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    reason: str = ""
    method: str = ""
    projects: Mapping[str, Project] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        got = f"{told(self.objective, self.base)} to {told(self.objective, self.value)}"
        return f"{', '.join(self.chosen) or 'nothing'} for {self.cost_meur:,.0f} M EUR: {got}"

    @property
    def gain(self) -> float | None:
        """What is gained, upwards: vehicles added, hours saved; None where a connection comes with it."""
        return _gain(self.objective, self.base, self.value)

    def plot(self, kind: str = "frontier", **options: Any) -> Any:
        """Draw what money buys, or the chosen projects on a map.

        Parameters
        ----------
        kind : {"frontier", "map"}
        **options
            Of :func:`mobility.maps.plot`, but `frame` for the frontier.

        Raises
        ------
        InputError
            For another kind.
        """
        if kind == "map":
            return super().plot(**options)
        if kind != "frontier":
            raise InputError(f"there is no picture {kind!r} of this answer; frontier or map can be drawn")
        from mobility.policyviews import frontier_chart

        return frontier_chart(self, **options)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per marginal value if these were asked for, else one per point of the frontier."""
        if self.marginals:
            rows = [{**asdict(m), "countries": ";".join(m.countries)} for m in self.marginals]
            return pd.DataFrame(rows, columns=list(Marginal.__dataclass_fields__)).set_index("upgrade_id")
        steps = [{**asdict(s), "chosen": ";".join(s.chosen)} for s in self.frontier]
        return pd.DataFrame(steps, columns=list(Step.__dataclass_fields__))

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "objective": self.objective, "unit": self.unit, "budget": self.budget,
            "chosen": list(self.chosen), "cost_meur": self.cost_meur, "base": self.base, "value": self.value,
            "proven": self.proven, "bound": self.bound,
            "frontier": [{**asdict(s), "chosen": list(s.chosen)} for s in self.frontier],
            "frontier_proven": self.frontier_proven, "ceiling": self.ceiling,
            "marginals": [asdict(m) for m in self.marginals], "interactions": [asdict(i) for i in self.interactions],
            "uncosted": list(self.uncosted), "idle": list(self.idle), "cut": list(self.cut), "reason": self.reason,
            "method": self.method, "projects": [self.projects[p].to_dict() for p in self.chosen],
            "seconds": self.seconds, "question": dict(self.question),
        }  # fmt: skip


def told(objective: str, value: float | None) -> str:
    """Return a value in words.

    >>> told("time", 12.04), told("throughput", 1440.0), told("time", None), told("reliability", 0.91234)
    ('12.0 h', '1,440 vehicles a day', 'no route', '0.9123')
    """
    if value is None:
        return "no route"
    if objective in ("time", "closure"):
        return f"{value:,.1f} h"
    return f"{value:.4f}" if objective == "reliability" else f"{value:,.0f} vehicles a day"


def _gain(objective: str, before: float | None, after: float | None) -> float | None:
    if before is None or after is None:
        return 0.0 if before is after else None
    return before - after if objective in ("time", "closure") else after - before


# ---- the question


@dataclass(frozen=True, eq=False)
class Case:
    """A question about upgrades: what can be bought, and how a set is valued.

    Attributes
    ----------
    listed : tuple of Project
        Those of the table that are not completed, then procedures.
    """

    net: Network
    listed: tuple[Project, ...]
    shop: Shop
    measure: Measure
    objective: str
    decisions: int
    question: Mapping[str, Any]
    origins: tuple[str, ...]
    destinations: tuple[str, ...]
    options: Mapping[str, Any]

    def solve(
        self, budget: float, *, shop: Shop | None = None, whole: bool = True, deadline: float = math.inf,
        progress: Callable[[int, int], None] | None = None,
    ) -> Outcome:  # fmt: skip
        """Return the best sets within a budget."""
        more: dict[str, Any] = {"whole": whole, "deadline": deadline, "progress": progress}
        if isinstance(self.measure, FlowMeasure):
            return cuts(shop or self.shop, self.measure, budget, self.decisions, **more)
        return branch(shop or self.shop, self.measure, budget, self.decisions, **more)

    def figure(self, bought: Iterable[int]) -> float | None:
        """Return what a set achieves."""
        return self.measure.value(self.shop.effects(bought)).figure

    @property
    def real(self) -> list[int]:
        """Projects that are no procedures."""
        return [i for i, p in enumerate(self.listed) if not p.procedure]

    @property
    def mattering(self) -> list[int]:
        """Projects that change something in this question, whether they can be bought or not."""
        useful = self.shop.required(self.measure.relevant)
        return [i for i in range(len(self.listed)) if self.shop.brings[i] & useful]


def _case(
    net: Network, origin: Any, destination: Any, objective: str, uncosted: str | float, only: Any, by: int | None,
    decisions: int, more: Mapping[str, Any], options: Options,
) -> Case:  # fmt: skip
    """Return a question, all its faults at once."""
    texts = []
    if objective not in OBJECTIVES:
        known = ", ".join(OBJECTIVES)
        texts.append(f"objective is {objective!r}{did_you_mean(objective, OBJECTIVES)}; it must be one of {known}")
    if isinstance(uncosted, str) and uncosted != "exclude":
        texts.append(f"uncosted is {uncosted!r}; it must be exclude, or what such a project is assumed to cost")
    if not isinstance(uncosted, str) and not 0 <= uncosted < math.inf:
        texts.append(f"a project without a public cost cannot cost {uncosted:g} M EUR; it must be at least 0")
    if decisions < 0:
        texts.append(f"procedures is {decisions}; it must be at least 0")
    faults: list[Finding] = [f for text in texts for f in InputError(text).findings]
    closing = objective == "closure"
    every: tuple[Project, ...] = ()
    try:
        every = projects(net)
    except InputError as error:
        faults += error.findings
    wanted = [w.strip() for w in only.split(",")] if isinstance(only, str) else list(only or ())
    for word in wanted:
        if word not in {p.upgrade_id for p in every}:
            hint = did_you_mean(word, [p.upgrade_id for p in every])
            faults += InputError(f"there is no upgrade {word!r}{hint}").findings
    made: Force | None = None
    question: dict[str, Any] = {}
    origins: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    asks: list[tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]]] = []
    try:
        if closing:
            made = force_of(net, more["force"], options)
            kinds, question = kinds_of(net, made, origin, destination, options)
            origins, destinations = tuple(question["from"]), tuple(question["to"])
            for kind in kinds:
                own = {**options, "vehicle": kind.vehicle, "modes": kind.arcs.options["modes"]}
                asks.append((own, tuple(kind.origins), tuple(kind.destinations)))
        else:
            starts, stops, _, arcs = prepare(net, origin, destination, (), options)
            question = describe(arcs, starts, stops)
            origins, destinations = tuple(starts), tuple(stops)
            asks.append((dict(options), origins, destinations))
    except InputError as error:
        faults += error.findings
    if faults:
        raise InputError(list(dict.fromkeys(faults)))
    listed = tuple(p for p in every if p.state != COMPLETED)
    if decisions:
        pools = made is not None and bool(made.pools)
        listed += procedures(net, pools=pools, permissions=closing and options.get("permission", "none") != "none")
    done = {p.upgrade_id for p in every} - {p.upgrade_id for p in listed}
    listed = tuple(
        replace(
            p,
            requires=tuple(r for r in p.requires if r not in done),
            contains=tuple(c for c in p.contains if c not in done),
        )
        for p in listed
    )
    shop = shop_of(listed, uncosted)
    if wanted or by is not None:
        shop = shop.only(
            lambda p: (
                p.procedure
                or ((not wanted or p.upgrade_id in wanted) and (by is None or p.year is None or p.year <= by))
            )
        )
    question |= {"objective": objective, "uncosted": uncosted, "only": wanted, "by": by, "procedures": decisions}
    question |= {k: v for k, v in more.items() if k != "force" and v is not None}
    if closing:
        question["force"] = made.name if made else None
    measure = _measure(net, listed, objective, asks, (origin, destination), made, more, options)
    return Case(
        net, listed, shop, measure, objective, decisions, question, origins, destinations, dict(options)
    )  # fmt: skip


def _measure(
    net: Network, listed: Sequence[Project], objective: str, asks: Sequence[tuple[dict[str, Any], Any, Any]],
    sides: tuple[Any, Any], made: Force | None, more: Mapping[str, Any], options: Mapping[str, Any],
) -> Measure:  # fmt: skip
    """Return how a set of effects is valued."""
    if objective in ("throughput", "time"):
        states = States(net, listed, asks[0][0])
        kind = FlowMeasure if objective == "throughput" else TimeMeasure
        return kind(states, asks[0][1], asks[0][2])
    relevant: set[int] = set()
    improving = True
    what = {"closure": ("time", "capacity"), "worst-case": ("capacity",), "reliability": ()}[objective]
    compiled: dict[tuple[str, ...], States] = {}
    for own, starts, stops in asks:
        vehicle = own.get("vehicle", "any")
        key = vehicle if isinstance(vehicle, str) else vehicle.name, str(own.get("modes"))
        if key not in compiled:
            compiled[key] = States(net, listed, own)
            improving &= compiled[key].improving()
        relevant |= compiled[key].matter(starts, stops, what)
    if objective == "reliability":
        relevant |= {i for i, p in enumerate(listed) for _, v in p.links if "fail_probability" in v}
        chance = net.values("fail_probability").value
        improving &= all(
            v["fail_probability"] <= chance[net.link_index[k]]
            for p in listed for k, v in p.links if "fail_probability" in v
        )  # fmt: skip
    if objective == "closure":
        relevant |= {i for i, p in enumerate(listed) if p.option}

    def build(effects: frozenset[int]) -> Network:
        return built(net, listed, effects)

    asked = {"closure": _ask_closure, "reliability": _ask_reliability, "worst-case": _ask_worst}[objective]
    single = objective == "closure" and len(asks) == 1
    return AskedMeasure(
        build, asked(listed, sides, made, more, options), frozenset(relevant), NEAR[objective], improving, not single
    )


_Asked = Callable[[Network, frozenset[int]], tuple[float, float | None, float, frozenset[int] | None]]


def _ask_closure(
    listed: Sequence[Project], sides: tuple[Any, Any], made: Force | None, more: Mapping[str, Any],
    options: Mapping[str, Any],
) -> _Asked:  # fmt: skip
    """Return how to ask when a force has closed: the plan of steady rates, and what it uses."""
    assert made is not None
    larger = replace(made, pools=tuple(replace(p, count=math.floor(p.count * POOL_GROWTH)) for p in made.pools))

    def ask(net: Network, effects: frozenset[int]) -> tuple[float, float | None, float, frozenset[int] | None]:
        pool = [i for i in effects if "pool" in listed[i].option]
        regimes: list[tuple[int | None, str]] = [(None, str(options.get("permission", "none")))]
        regimes += [(i, str(v)) for i in sorted(effects) if (v := listed[i].option.get("permission"))]
        best: tuple[float, float | None, float, frozenset[int] | None] = (-math.inf, None, -math.inf, frozenset())
        bound = -math.inf
        for own, regime in regimes:
            given: dict[str, Any] = {**options, "permission": regime}
            found = closure(net, *sides, force=larger if pool else made, gap=math.inf, **given)
            if found.closure_h is None or found.lower_bound_h is None:
                continue
            bound = max(bound, -found.lower_bound_h)
            if -found.closure_h > best[0]:
                links = {u.link_id for u in found.links}
                places = {n for m in found.movements for n in m.nodes}
                used = {
                    i
                    for i in effects
                    if any(k in links for k, _ in listed[i].links)
                    or any(k.partition("/")[0] in places for k, _ in listed[i].borders)
                }
                used |= {*pool, *([own] if own is not None else [])}
                best = -found.closure_h, found.closure_h, 0.0, frozenset(used)
        return best[0], best[1], bound, best[3]

    return ask


def _ask_reliability(
    listed: Sequence[Project], sides: tuple[Any, Any], made: Force | None, more: Mapping[str, Any],
    options: Mapping[str, Any],
) -> _Asked:  # fmt: skip
    def ask(net: Network, effects: frozenset[int]) -> tuple[float, float | None, float, frozenset[int] | None]:
        given: dict[str, Any] = {**options}
        found = reliability(net, *sides, fail=more["fail"], **given)
        return found.reliability, found.reliability, found.high, None

    return ask


def _ask_worst(
    listed: Sequence[Project], sides: tuple[Any, Any], made: Force | None, more: Mapping[str, Any],
    options: Mapping[str, Any],
) -> _Asked:  # fmt: skip
    def ask(net: Network, effects: frozenset[int]) -> tuple[float, float | None, float, frozenset[int] | None]:
        given: dict[str, Any] = {**options}
        found = worst_case(net, *sides, k=more["k"], of=more["of"], **given)
        # What is not proven to be the worst loss bounds what is left from above only.
        left = (found.value if found.proven else found.bound) or 0.0
        return left, left, found.value or 0.0, None

    return ask


def upgrade(
    net: Network,
    origin: str | Iterable[str] | None = None,
    destination: str | Iterable[str] | None = None,
    *,
    budget: float,
    objective: str = "throughput",
    uncosted: str | float = "exclude",
    only: str | Iterable[str] | None = None,
    by: int | None = None,
    procedures: int = 0,
    marginal: bool = False,
    interactions: bool = False,
    shapley: bool = False,
    frontier: bool = True,
    force: str | Path | Force | None = None,
    fail: float | None = None,
    k: int = 1,
    of: str = "links",
    time_limit: float = 600.0,
    progress: Callable[[int, int], None] | None = None,
    **options: Unpack[Options],
) -> Upgrade:
    """Choose the projects of ``upgrades.csv`` that do most for a connection under a budget.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str
    budget : float
        In million euro.
    objective : {"throughput", "time", "closure", "reliability", "worst-case"}
        Vehicles a day; hours of the fastest route; hour at which a force has closed; probability of a connection;
        vehicles a day that the worst loss of `k` units leaves.
    uncosted : "exclude" or float
        Projects without a public cost are left out, or assumed to cost so many million euro each.
    only : iterable of str, optional
        Choose among these projects only.
    by : int, optional
        Choose among projects that are finished by the end of this year.
    procedures : int
        So many upgrades of procedure, which cost no money but a decision each, may be chosen besides; see
        :func:`mobility.selection.procedures`.
    marginal, interactions, shapley : bool
        Whether to say what each project is worth: alone, with what it requires, last; which pairs are worth more or
        less than the sum of both; and the mean over all orders, of at most 10 projects.
    frontier : bool
        Whether to find all steps up to the budget, and not only the last.
    force : str, Path or Force, optional
        Of closure; see :func:`mobility.closure`.
    fail : float, optional
        Of reliability; see :func:`mobility.reliability`.
    k, of : int, str
        Of the worst case; see :func:`mobility.worst_case`.
    time_limit : float
        Seconds; what is not proven then comes with its bound.
    progress : callable, optional
        Told how many steps are done, and how many are known to be needed.
    **options
        See :class:`mobility.arcs.Options`. With `year` the base is the network of that year: what opens before it
        is there in any case and is not paid for.

    Returns
    -------
    Upgrade

    Raises
    ------
    InputError
        With every fault of the question and of the table.

    Notes
    -----
    A project that requires another has no effect without it. A package has the effects of what it contains, which
    is not paid for besides. Completed projects are no upgrades any more.

    For throughput an integer programme proposes sets, and the minimum cut of each joins it (Benders 1962). For the
    other objectives branches buy or bar what the best case uses (Land and Doig 1960); that is exact where a project
    never makes anything worse, which is looked at, and otherwise every set is asked.

    Examples
    --------
    >>> import mobility as mb
    >>> answer = mb.upgrade(mb.load(), "Bar", "Belgrade", budget=500, objective="time", modes="rail")
    >>> answer.proven, answer.cost_meur <= 500, answer.value <= answer.base
    (True, True, True)
    """
    started = perf_counter()
    if not 0 <= budget < math.inf:
        raise InputError(f"the budget is {budget:g} M EUR; it must be a number of at least 0")
    more = {"force": force, "fail": fail, "k": k, "of": of}
    case = _case(net, origin, destination, objective, uncosted, only, by, procedures, _own(objective, more), options)
    deadline = started + time_limit
    made = case.solve(budget, whole=frontier, deadline=deadline, progress=progress)
    return _answer(case, made, budget, deadline, started, marginal, interactions, shapley, progress)


def _own(objective: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that an objective has of its own; others are refused."""
    own = {"closure": ("force",), "reliability": ("fail",), "worst-case": ("k", "of")}.get(objective, ())
    usual = {"force": None, "fail": None, "k": 1, "of": "links"}
    odd = [name for name, value in more.items() if name not in own and value != usual[name]]
    if odd:
        raise InputError(f"{', '.join(odd)} means nothing with the objective {objective}")
    return {name: more[name] for name in own}


def _answer(
    case: Case, made: Outcome, budget: float, deadline: float, started: float, marginal: bool, interactions: bool,
    shapley: bool, progress: Callable[[int, int], None] | None,
) -> Upgrade:  # fmt: skip
    shop, objective = case.shop, case.objective
    best = made.points[-1]
    base = case.figure(())
    steps = _steps(case, made)
    value = best.found.figure
    everything = case.figure(shop.sold)
    chosen = shop.ids(best.bought)
    mattering = set(case.mattering)
    uncosted = tuple(
        p.upgrade_id for i, p in enumerate(case.listed) if p.cost_meur is None and i in mattering
    )  # fmt: skip
    idle = tuple(p.upgrade_id for i, p in enumerate(case.listed) if i not in mattering and not p.procedure)
    cut: tuple[str, ...] = ()
    if objective == "throughput":
        given: Any = case.options
        cut = throughput(
            built(case.net, case.listed, shop.effects(best.bought)), case.origins, case.destinations, **given
        ).cut
    bound: float | None = value if made.proven else _figure_of(objective, made.bound)
    worths = _marginals(case, best.bought, shapley, progress) if marginal or shapley else ()
    pairs = _interactions(case, progress) if interactions else ()
    return Upgrade(
        case.net, {**case.question, "budget": budget}, "ok" if value else "no_route",
        objective=objective, unit=OBJECTIVES[objective], budget=float(budget), chosen=chosen,
        cost_meur=shop.price(best.bought), base=base, value=value, proven=made.proven, bound=bound, frontier=steps,
        frontier_proven=made.frontier_proven, ceiling=everything, marginals=worths, interactions=pairs,
        uncosted=uncosted, idle=idle, cut=cut, reason=_reason(case, made, base, everything, cut, deadline),
        method=made.method, projects={p.upgrade_id: p for p in case.listed}, seconds=perf_counter() - started,
    )  # fmt: skip


def _figure_of(objective: str, score: float) -> float | None:
    """Return a score as answers show it; None where it bounds nothing."""
    if not math.isfinite(score):
        return None
    return -score if objective in ("time", "closure") else score


def _steps(case: Case, made: Outcome) -> tuple[Step, ...]:
    """Return the frontier as answers show it: every step is better than those before in the figure shown, too."""
    out: list[Step] = []
    for p in made.points:
        value = p.found.figure
        better = _gain(case.objective, out[-1].value, value) if out else None
        if not out or (better is None and out[-1].value is None) or (better is not None and better > 0):
            out.append(Step(p.cost, value, case.shop.ids(p.bought)))
    return tuple(out)


def _reason(
    case: Case, made: Outcome, base: float | None, everything: float | None, cut: Sequence[str], deadline: float
) -> str:
    """Return in a sentence what is gained, or why nothing is."""
    objective, best = case.objective, made.points[-1]
    value = best.found.figure
    if best.bought:
        opens = base is None or (objective not in ("time", "closure") and not base and bool(value))
        text = f"From {told(objective, base)} to {told(objective, value)}."
        if opens:
            names = case.shop.ids(best.bought)
            verb = "open" if len(names) > 1 else "opens"
            text = f"{', '.join(names)} {verb} the connection: {told(objective, value)}."
        if _gain(objective, value, everything) == 0:
            text += " No other project with a known cost would add to that"
            text += f"; the minimum cut lies at {', '.join(cut[:6])}." if cut else "."
        return text
    if not case.mattering:
        return "No project of the table changes anything that this question can use."
    where = f"; the minimum cut lies at {', '.join(cut[:6])}" if cut else ""
    if _gain(objective, base, everything) == 0:
        text = f"Not even all projects with a known cost together change {told(objective, base)}{where}."
        unknown = case.figure(case.real)
        if _gain(objective, base, unknown) != 0:
            text += f" With those without a public cost it would be {told(objective, unknown)}."
        return text
    dear = case.solve(1e9, whole=True, deadline=deadline)
    first = next((p for p in dear.points if p.bought), None)
    if first is None:
        return f"No set within the budget changes {told(objective, base)}{where}."
    these = ", ".join(case.shop.ids(first.bought))
    return (
        f"No set within the budget changes {told(objective, base)}{where}. The cheapest that does costs "
        f"{first.cost:,.1f} M EUR: {these}, to {told(objective, first.found.figure)}."
    )


def _marginals(
    case: Case, bought: Collection[int], shapley: bool, progress: Callable[[int, int], None] | None
) -> tuple[Marginal, ...]:
    """Return what every project is worth, those of most worth first."""
    shop, objective = case.shop, case.objective
    base = case.figure(())
    mattering = set(case.mattering)
    sold = [i for i in case.real if i in set(shop.sold)]
    shares = _shapley(case, bought) if shapley else {}
    out = []
    for n, i in enumerate(sorted(mattering | set(case.real))):
        p = case.listed[i]
        if progress is not None:
            progress(n, len(case.listed))
        alone = first = last = base
        everyone = everyone_else = base
        if i in mattering:
            others = [j for j in {*sold, i} if j != i and i not in shop.brings[j]]
            alone = case.figure([i])
            first = case.figure(shop.required(shop.brings[i]))
            everyone, everyone_else = case.figure([*others, i]), case.figure(others)
            last = everyone_else
        best = rest = None
        if i in bought:
            best, rest = case.figure(bought), case.figure(set(bought) - {i})
        note = ""
        if i not in mattering:
            note = "changes nothing here" if p.links or p.borders or p.contains else "no effect in the tables"
        elif p.cost_meur is None:
            note = "no public cost"
        out.append(
            Marginal(
                p.upgrade_id, p.name, p.cost_meur, p.year, p.state, p.countries,
                _gain(objective, base, alone), _gain(objective, base, first), _gain(objective, last, everyone),
                _gain(objective, rest, best) if i in bought else None, shares.get(i),
                base is None and alone is not None, everyone is not None and everyone_else is None,
                best is not None and rest is None, i in bought, p.procedure, note,
            )
        )  # fmt: skip
    most = {m.upgrade_id: max(abs(x) if x is not None else math.inf for x in (m.first, m.last)) for m in out}
    return tuple(sorted(out, key=lambda m: (-most[m.upgrade_id], bool(m.note), m.upgrade_id)))


def _shapley(case: Case, bought: Collection[int]) -> dict[int, float]:
    """Return the Shapley values of the projects chosen, or of those that matter where nothing is chosen."""
    players = sorted(bought) or [i for i in case.mattering if not case.listed[i].procedure]
    if len(players) > MOST_PLAYERS:
        raise InputError(f"{len(players)} projects matter; Shapley values are divided between at most {MOST_PLAYERS}")
    base = case.figure(())
    if base is None or not players:
        return {}
    values = {}
    for n in range(len(players) + 1):
        for some in combinations(players, n):
            gain = _gain(case.objective, base, case.figure(some))
            values[frozenset(str(i) for i in some)] = gain or 0.0
    return {int(i): share for i, share in shapley_values(values).items()}


def _interactions(case: Case, progress: Callable[[int, int], None] | None) -> tuple[Interaction, ...]:
    """Return the pairs of projects that are worth more or less together than the sum of both."""
    base = case.figure(())
    near = case.measure.near
    players = [i for i in case.mattering if not case.listed[i].procedure]
    alone = {i: case.figure(case.shop.required(case.shop.brings[i])) for i in players}
    pairs = [
        (i, j)
        for i, j in combinations(players, 2)
        if not case.shop.brings[i] & case.shop.brings[j] and j not in case.shop.needs[i] and i not in case.shop.needs[j]
    ]
    out = []
    for n, (i, j) in enumerate(pairs):
        if progress is not None:
            progress(n, len(pairs))
        both = case.figure(case.shop.required(case.shop.brings[i] | case.shop.brings[j]))
        joint = _gain(case.objective, base, both)
        gains = [_gain(case.objective, base, alone[x]) for x in (i, j)]
        ids = case.listed[i].upgrade_id, case.listed[j].upgrade_id
        if joint is None:
            if all(g == 0.0 for g in gains):
                out.append(Interaction(ids, None, 0.0, "complement"))
            continue
        apart = sum(g or 0.0 for g in gains)
        if abs(joint - apart) > 2 * near:
            out.append(Interaction(ids, joint, apart, "complement" if joint > apart else "substitute"))

    def rank(x: Interaction) -> tuple[float, tuple[str, str]]:
        return -math.inf if x.joint is None or x.apart is None else -abs(x.joint - x.apart), x.pair

    return tuple(sorted(out, key=rank))


# ---- when: a sequence over years


@dataclass(frozen=True)
class YearPlan:
    """One year of a sequence.

    Attributes
    ----------
    budget_meur, paid_meur : float
    payments : tuple of (upgrade id, million euro)
        Instalments of this year; they add up to `paid_meur`.
    opened : tuple of str
        Projects that are finished in this year and count from it on.
    value : float or None
        With all that is open by then.
    """

    year: int
    budget_meur: float
    paid_meur: float
    payments: tuple[tuple[str, float], ...]
    opened: tuple[str, ...]
    value: float | None


@dataclass(frozen=True, repr=False)
class BuildPlan(Answer):
    """Which project opens in which year, under yearly budgets.

    Attributes
    ----------
    objective, unit, goal : str
    years : tuple of YearPlan
    base : float or None
        Without any project.
    total : float
        Sum of the values over the years, those without a route left out.
    cut_years : int
        Years without a route.
    bound : float or None
        No sequence has a better total at so many years without a route (with ``goal="final"``: a better last year);
        None when fewer years without one are not ruled out.
    proven : bool
    cost_meur : float
    """

    objective: str = "throughput"
    unit: str = "vehicles a day"
    goal: str = "sum"
    years: tuple[YearPlan, ...] = ()
    base: float | None = None
    total: float = 0.0
    cut_years: int = 0
    bound: float | None = None
    proven: bool = True
    cost_meur: float = 0.0
    projects: Mapping[str, Project] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        order = "; ".join(f"{y.year} {', '.join(y.opened)}" for y in self.years if y.opened)
        return f"{order or 'nothing is built'}: {told(self.objective, self.years[-1].value)} in {self.years[-1].year}"

    def plot(self, **options: Any) -> Any:
        """Draw what each year pays for, when each project opens, and what that brings."""
        from mobility.policyviews import plan_chart

        return plan_chart(self, **options)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per year."""
        rows = [
            {
                "year": y.year, "budget_meur": y.budget_meur, "paid_meur": y.paid_meur, "opened": ";".join(y.opened),
                "value": y.value, "payments": ";".join(f"{p}={m:g}" for p, m in y.payments),
            }
            for y in self.years
        ]  # fmt: skip
        columns = ["year", "budget_meur", "paid_meur", "opened", "value", "payments"]
        return pd.DataFrame(rows, columns=columns).set_index("year")

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        years = [
            {**asdict(y), "payments": [{"upgrade_id": p, "meur": m} for p, m in y.payments], "opened": list(y.opened)}
            for y in self.years
        ]
        return {
            "status": self.status, "objective": self.objective, "unit": self.unit, "goal": self.goal, "years": years,
            "base": self.base, "total": self.total, "cut_years": self.cut_years, "bound": self.bound,
            "proven": self.proven, "cost_meur": self.cost_meur, "seconds": self.seconds,
            "question": dict(self.question),
        }  # fmt: skip


def sequence(
    net: Network,
    origin: str | Iterable[str] | None = None,
    destination: str | Iterable[str] | None = None,
    *,
    budgets: Mapping[int, float],
    objective: str = "throughput",
    goal: str = "sum",
    uncosted: str | float = "exclude",
    only: str | Iterable[str] | None = None,
    force: str | Path | Force | None = None,
    fail: float | None = None,
    k: int = 1,
    of: str = "links",
    time_limit: float = 600.0,
    progress: Callable[[int, int], None] | None = None,
    **options: Unpack[Options],
) -> BuildPlan:
    """Say which project to finish in which year, when every year has a budget of its own.

    Parameters
    ----------
    budgets : mapping of int to float
        Million euro by year.
    goal : {"sum", "final"}
        The best sum of the values of all these years, or the best last year and then the best sum.
    net, origin, destination, objective, uncosted, only, force, fail, k, of, time_limit, progress, **options
        As :func:`upgrade`.

    Returns
    -------
    BuildPlan

    Notes
    -----
    A project is paid in instalments: it opens in the year of the last of them and not before its own ``year``, and
    money that is not needed in a year pays ahead for what opens later. So a plan is possible when what is open by
    the end of each year costs no more than the budgets up to it, and no year pays more than its own budget. The base
    is one network for all years (that of the option `year` if given). A year without a connection counts as worse
    than any number of hours.

    With at most 12 projects that matter every order is weighed (a recursion over sets); with more, those that the
    frontier of the whole sum holds. The bound puts into every year the best set that all money up to it could buy.

    Examples
    --------
    >>> import mobility as mb
    >>> plan = mb.sequence(mb.load(), "Bar", "Belgrade", budgets={2030: 150, 2031: 150}, objective="time", modes="rail")
    >>> all(y.paid_meur <= y.budget_meur for y in plan.years)
    True
    """
    started = perf_counter()
    faults = []
    if goal not in ("sum", "final"):
        faults.append(f"goal is {goal!r}; it must be sum or final")
    if not budgets:
        faults.append("no yearly budget is given; write 2027:200,2028:200")
    faults += [f"the year {y!r} is none; it must be a whole number from 1900 to 2200" for y in budgets
               if not isinstance(y, int) or not 1900 <= y <= 2200]  # fmt: skip
    short = {y: b for y, b in budgets.items() if not 0 <= b < math.inf}
    faults += [f"the budget of {y} is {b:g} M EUR; it must be at least 0" for y, b in short.items()]
    if faults:
        raise InputError([f for text in faults for f in InputError(text).findings])
    own = _own(objective, {"force": force, "fail": fail, "k": k, "of": of})
    case = _case(net, origin, destination, objective, uncosted, only, None, 0, own, options)
    when = sorted(budgets)
    pots = [math.fsum(budgets[y] for y in when[: i + 1]) for i in range(len(when))]
    deadline = started + time_limit

    def ready(i: int, year: int) -> bool:
        opens = case.listed[i].year
        return opens is None or opens <= year

    held: Counter[int] = Counter()
    tops: list[float] = []
    settled = True
    for year, pot in zip(when, pots, strict=True):
        shop = case.shop.only(lambda p, year=year: p.year is None or p.year <= year)  # type: ignore[misc]
        made = case.solve(pot, shop=shop, deadline=deadline, progress=progress)
        tops.append(_worth(case, made.bound))
        settled &= made.proven
        held.update(i for p in made.points for i in p.bought)
    matters = [i for i in case.mattering if i in case.shop.sold and ready(i, when[-1])]
    often = [i for i, _ in held.most_common(MOST_ORDERED)]
    players = sorted(matters if len(matters) <= MOST_ORDERED else often)
    sets, worths = _ordered(case, players, when, pots, goal)
    last = goal == "final"
    reached, top = (worths[-1], tops[-1]) if last else (math.fsum(worths), math.fsum(tops))
    complete = len(matters) <= MOST_ORDERED
    proven = complete or (settled and reached >= top - case.measure.near * len(when))
    years = _schedule(case, sets, when, [budgets[y] for y in when])
    figures = [y.value for y in years]
    hourly = objective in ("time", "closure")
    bound: float | None = reached if proven else top
    if hourly:
        without, rest = divmod(-(bound or 0.0), CUT_OFF)
        bound = rest if without == (figures[-1:] if last else figures).count(None) else None
    return BuildPlan(
        net, {**case.question, "budgets": {str(y): budgets[y] for y in when}, "goal": goal},
        "ok" if figures[-1] else "no_route", objective=objective, unit=OBJECTIVES[objective], goal=goal, years=years,
        base=case.figure(()), total=math.fsum(f for f in figures if f is not None), cut_years=figures.count(None),
        bound=bound, proven=proven, cost_meur=case.shop.price(sets[-1]),
        projects={p.upgrade_id: p for p in case.listed}, seconds=perf_counter() - started,
    )  # fmt: skip


MOST_ORDERED = 12
"""Of so many projects every order over the years is weighed."""

CUT_OFF = 1e5
"""Hours that a year, or a scenario, without any route counts for when hours are added up."""


def _worth(case: Case, score: float) -> float:
    """Return a score that can be added up."""
    return max(score, -CUT_OFF) if case.objective in ("time", "closure") else score


def _ordered(
    case: Case, players: Sequence[int], years: Sequence[int], pots: Sequence[float], goal: str
) -> tuple[list[frozenset[int]], list[float]]:
    """Return the set that is open in each year and what it is worth, the best of all orders.

    ``best[t, S] = worth(S) + max over S' within S of best[t - 1, S']``, the maximum by one project at a time.
    """
    shop, n = case.shop, len(players)
    size = 1 << n
    members = [frozenset(players[i] for i in range(n) if m >> i & 1) for m in range(size)]
    price = [shop.price(s) for s in members]
    clash = [any(i != j and i in shop.brings[j] for i in s for j in s) for s in members]
    opens = [max((case.listed[i].year or 0 for i in s), default=0) for s in members]
    worth: dict[int, float] = {}
    steps: list[list[int]] = []
    best = [0.0] * size
    for year, pot in zip(years, pots, strict=True):
        before = [(best[m], m) for m in range(size)]
        for i in range(n):
            for m in range(size):
                if m >> i & 1 and before[m ^ 1 << i][0] > before[m][0]:
                    before[m] = before[m ^ 1 << i]
        now, came = [-math.inf] * size, [0] * size
        last = year == years[-1]
        for m in range(size):
            if clash[m] or price[m] > pot * (1 + 1e-9) + 1e-9 or opens[m] > year or before[m][0] == -math.inf:
                continue
            if m not in worth:
                worth[m] = _worth(case, case.measure.value(shop.effects(members[m])).score)
            # Of plans as good the cheaper one: nothing is built that nobody needs.
            weight = 1e6 if last and goal == "final" else 1.0
            now[m] = weight * worth[m] + before[m][0] - 1e-9 * price[m]
            came[m] = before[m][1]
        best = now
        steps.append(came)
    at = max(range(size), key=lambda m: (best[m], -m))
    chain = []
    for came in reversed(steps):
        chain.append(at)
        at = came[at]
    chain.reverse()
    return [members[m] for m in chain], [worth[m] for m in chain]


def _schedule(
    case: Case, sets: Sequence[frozenset[int]], years: Sequence[int], budgets: Sequence[float]
) -> tuple[YearPlan, ...]:
    """Return the instalments: money goes to what opens next, and what is left over ahead to what opens later."""
    shop = case.shop
    due: list[tuple[int, float]] = []
    before: frozenset[int] = frozenset()
    opened = []
    for some in sets:
        opened.append(sorted(some - before))
        due += [(i, float(shop.cost[i])) for i in opened[-1]]
        before = some
    out = []
    for year, budget, new, some in zip(years, budgets, opened, sets, strict=True):
        left, payments = budget, []
        while due and left > 0:
            i, open_cost = due[0]
            pay = min(left, open_cost)
            if pay > 0:
                payments.append((case.listed[i].upgrade_id, pay))
            left -= pay
            if open_cost - pay > 1e-9:
                due[0] = i, open_cost - pay
                break
            due.pop(0)
        paid = min(budget, math.fsum(m for _, m in payments))
        out.append(YearPlan(year, budget, paid, tuple(payments), shop.ids(new), case.figure(some)))
    return tuple(out)


# ---- who: states alone and together


@dataclass(frozen=True)
class StateChoice:
    """What one state does with its own money for its own projects.

    Attributes
    ----------
    alone : tuple of str
        Its best set if nobody else built anything.
    informed : tuple of str
        Its best set once all know what the others build and nobody wants to change.
    value_alone : float or None
        If it alone built its set.
    """

    country: str
    budget_meur: float
    projects: tuple[str, ...]
    alone: tuple[str, ...]
    cost_meur: float
    value_alone: float | None
    informed: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Coordination(Answer):
    """What one common budget gains over budgets of single states.

    Attributes
    ----------
    states : tuple of StateChoice
    base : float or None
    national, informed, common : float or None
        When each state builds for itself; when each also knows what the others build; from one pot.
    common_chosen : tuple of str
    common_cost_meur : float
    joint : tuple of str
        Projects of several states, which no state can build alone.
    gain : float or None
        Of the common pot over the national choices; None where it opens the connection.
    """

    objective: str = "throughput"
    unit: str = "vehicles a day"
    budget: float = 0.0
    states: tuple[StateChoice, ...] = ()
    base: float | None = None
    national: float | None = None
    informed: float | None = None
    common: float | None = None
    common_chosen: tuple[str, ...] = ()
    common_cost_meur: float = 0.0
    joint: tuple[str, ...] = ()
    gain: float | None = None
    proven: bool = True
    projects: Mapping[str, Project] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        return (
            f"{told(self.objective, self.national)} with national budgets, "
            f"{told(self.objective, self.common)} from one pot"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per state."""
        lists = ("projects", "alone", "informed")
        rows = [{**asdict(s), **{c: ";".join(getattr(s, c)) for c in lists}} for s in self.states]
        return pd.DataFrame(rows, columns=list(StateChoice.__dataclass_fields__)).set_index("country")

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "objective": self.objective, "unit": self.unit, "budget": self.budget,
            "states": [asdict(s) for s in self.states], "base": self.base, "national": self.national,
            "informed": self.informed, "common": self.common, "common_chosen": list(self.common_chosen),
            "common_cost_meur": self.common_cost_meur, "joint": list(self.joint), "gain": self.gain,
            "proven": self.proven, "seconds": self.seconds, "question": dict(self.question),
        }  # fmt: skip


def coordination(
    net: Network,
    origin: str | Iterable[str] | None = None,
    destination: str | Iterable[str] | None = None,
    *,
    budget: float | Mapping[str, float],
    objective: str = "throughput",
    uncosted: str | float = "exclude",
    only: str | Iterable[str] | None = None,
    force: str | Path | Force | None = None,
    fail: float | None = None,
    k: int = 1,
    of: str = "links",
    time_limit: float = 600.0,
    progress: Callable[[int, int], None] | None = None,
    **options: Unpack[Options],
) -> Coordination:
    """Compare states that each spend their own budget on their own projects with one pot for all.

    Parameters
    ----------
    budget : float or mapping of str to float
        Million euro by state; or one sum, which is divided as the pot would spend it: so each state could pay for
        its part of the best common choice, and what is missing is only the knowledge of the others'.
    net, origin, destination, objective, uncosted, only, force, fail, k, of, time_limit, progress, **options
        As :func:`upgrade`.

    Returns
    -------
    Coordination

    Notes
    -----
    A state owns the projects that lie in it alone (``countries`` of the table; left empty, the states of the links).
    It wants the same as all, the best connection asked for, and builds what helps if nobody else builds anything:
    half of a line is then worth nothing to it. *Informed* states answer each other in turn until none wants to
    change. The pot holds all budgets and may also build what lies in several states.

    Examples
    --------
    >>> import mobility as mb
    >>> ask = dict(objective="time", modes="rail", vehicle="wheeled-ifv")
    >>> answer = mb.coordination(mb.load(), "Bar", "Belgrade", budget={"ME": 300, "RS": 300}, **ask)
    >>> answer.common <= answer.national
    True
    """
    started = perf_counter()
    own = _own(objective, {"force": force, "fail": fail, "k": k, "of": of})
    case = _case(net, origin, destination, objective, uncosted, only, None, 0, own, options)
    shop, listed = case.shop, case.listed
    at = [_states_of(net, p) for p in listed]
    mattering = [i for i in case.mattering if i in shop.sold]
    if isinstance(budget, Mapping):
        pots: dict[str, float] = {}
        faults: list[Finding] = []
        for state, money in budget.items():
            try:
                pots[net.find_country(state)] = float(money)
            except InputError as error:
                faults += error.findings
            if not 0 <= money < math.inf:
                faults += InputError(f"the budget of {state} is {money:g} M EUR; it must be at least 0").findings
        if faults:
            raise InputError(faults)
    else:
        if not 0 <= budget < math.inf:
            raise InputError(f"the budget is {budget:g} M EUR; it must be a number of at least 0")
        pots = {}
    deadline = started + time_limit
    total = math.fsum(pots.values()) if isinstance(budget, Mapping) else float(budget)
    pot = case.solve(total, whole=False, deadline=deadline, progress=progress)
    common, proven = pot.points[-1], pot.proven
    if not isinstance(budget, Mapping):
        for i in sorted(common.bought):
            for state in at[i]:
                part = float(shop.cost[i]) / len(at[i]) * (total / common.cost if common.cost else 0.0)
                pots[state] = pots.get(state, 0.0) + part
    chosen: dict[str, frozenset[int]] = {}
    for state, money in pots.items():
        mine = shop.only(lambda p, state=state: _states_of(net, p) == (state,))  # type: ignore[misc]
        made = case.solve(money, shop=mine, whole=False, deadline=deadline, progress=progress)
        proven &= made.proven
        chosen[state] = made.points[-1].bought
    informed = dict(chosen)
    for _ in range(ROUNDS):
        before = dict(informed)
        for state, money in pots.items():
            others = frozenset().union(*(s for other, s in informed.items() if other != state))
            given = _with_given(shop.only(lambda p, state=state: _states_of(net, p) == (state,)), others)  # type: ignore[misc]
            made = case.solve(money, shop=given, whole=False, deadline=deadline)
            informed[state] = made.points[-1].bought - others
        if informed == before:
            break
    base = case.figure(())
    national = case.figure(frozenset().union(*chosen.values()))
    knowing = case.figure(frozenset().union(*informed.values()))
    states = tuple(
        StateChoice(
            s, pots[s], tuple(listed[i].upgrade_id for i in mattering if at[i] == (s,)), shop.ids(chosen[s]),
            shop.price(chosen[s]), case.figure(chosen[s]), shop.ids(informed[s]),
        )
        for s in pots
    )  # fmt: skip
    asked = budget if isinstance(budget, (int, float)) else dict(budget)
    return Coordination(
        net, {**case.question, "budget": asked}, "ok" if common.found.figure else "no_route",
        objective=objective, unit=OBJECTIVES[objective], budget=total, states=states, base=base, national=national,
        informed=knowing, common=common.found.figure, common_chosen=shop.ids(common.bought),
        common_cost_meur=common.cost, joint=tuple(listed[i].upgrade_id for i in mattering if len(at[i]) > 1),
        gain=_gain(objective, national, common.found.figure), proven=proven,
        projects={p.upgrade_id: p for p in listed}, seconds=perf_counter() - started,
    )  # fmt: skip


ROUNDS = 10
"""So often states answer each other before it is left at that."""


def _with_given(shop: Shop, given: Collection[int]) -> Shop:
    """Return a shop in which some projects are there for nothing."""
    cost = shop.cost.copy()
    cost[sorted(given)] = 0.0
    return replace(shop, cost=cost)


def _states_of(net: Network, project: Project) -> tuple[str, ...]:
    """Return the states in which a project lies."""
    if project.countries:
        return project.countries
    links = [net.link_countries[net.link_index[k]] for k, _ in project.links]
    return tuple(dict.fromkeys(c for states in links for c in states))


# ---- what if: a choice for several scenarios


@dataclass(frozen=True)
class RobustCase:
    """One scenario under the choices.

    Attributes
    ----------
    base, best : float or None
        Without any project, and with the best set for this scenario alone.
    chosen : tuple of str
        That set.
    expected, regret : float or None
        Values under the set of best expected value, and under that of least regret.
    expected_regret, regret_regret : float or None
        How much that is worse than `best`; None where a connection is lost by it.
    """

    name: str
    weight: float
    base: float | None
    best: float | None
    chosen: tuple[str, ...]
    expected: float | None
    regret: float | None
    expected_regret: float | None
    regret_regret: float | None


@dataclass(frozen=True, repr=False)
class Robust(Answer):
    """A choice of projects for several scenarios at once.

    Attributes
    ----------
    cases : tuple of RobustCase
    expected_chosen, regret_chosen : tuple of str
        The set of best expected value, and the set whose greatest regret is least.
    expected_cost_meur, regret_cost_meur : float
    expected_value, greatest_regret : float
    proven : bool
    """

    objective: str = "throughput"
    unit: str = "vehicles a day"
    budget: float = 0.0
    cases: tuple[RobustCase, ...] = ()
    expected_chosen: tuple[str, ...] = ()
    expected_cost_meur: float = 0.0
    expected_value: float = 0.0
    regret_chosen: tuple[str, ...] = ()
    regret_cost_meur: float = 0.0
    greatest_regret: float = 0.0
    proven: bool = True
    projects: Mapping[str, Project] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        return (
            f"best on average {', '.join(self.expected_chosen) or 'nothing'}, "
            f"least regret {', '.join(self.regret_chosen) or 'nothing'}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per scenario."""
        rows = [{**asdict(c), "chosen": ";".join(c.chosen)} for c in self.cases]
        return pd.DataFrame(rows, columns=list(RobustCase.__dataclass_fields__)).set_index("name")

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "objective": self.objective, "unit": self.unit, "budget": self.budget,
            "cases": [asdict(c) for c in self.cases], "expected_chosen": list(self.expected_chosen),
            "expected_cost_meur": self.expected_cost_meur, "expected_value": self.expected_value,
            "regret_chosen": list(self.regret_chosen), "regret_cost_meur": self.regret_cost_meur,
            "greatest_regret": self.greatest_regret, "proven": self.proven, "seconds": self.seconds,
            "question": dict(self.question),
        }  # fmt: skip


class _Together:
    """Several scenarios as one measure: the mean, or the greatest regret, of their scores."""

    loose = False

    def __init__(self, cases: Sequence[Case], weights: Sequence[float], best: Sequence[float] | None) -> None:
        self.cases, self.weights, self.best = cases, weights, best
        self.relevant = frozenset().union(*(c.measure.relevant for c in cases))
        self.near = max(c.measure.near for c in cases)

    def _one(self, scores: Sequence[float]) -> float:
        worths = [_worth(c, s) for c, s in zip(self.cases, scores, strict=True)]
        if self.best is None:
            return math.fsum(w * s for w, s in zip(self.weights, worths, strict=True))
        return -max(b - s for b, s in zip(self.best, worths, strict=True))

    def value(self, effects: frozenset[int]) -> Found:
        """Return the mean, or the greatest regret below 0, of a set."""
        score = self._one([c.measure.value(effects).score for c in self.cases])
        return Found(score, score)

    def relax(self, certain: frozenset[int], possible: frozenset[int]) -> tuple[float, frozenset[int]]:
        """Return the same of the best cases, and all that they use."""
        found = [c.measure.relax(certain, possible) for c in self.cases]
        return self._one([b for b, _ in found]), frozenset().union(*(w for _, w in found))


def robust(
    net: Network,
    origin: str | Iterable[str] | None = None,
    destination: str | Iterable[str] | None = None,
    *,
    budget: float,
    scenarios: Iterable[str | Path | Scenario] | Mapping[str, Network],
    weights: Sequence[float] | None = None,
    objective: str = "throughput",
    uncosted: str | float = "exclude",
    only: str | Iterable[str] | None = None,
    force: str | Path | Force | None = None,
    fail: float | None = None,
    k: int = 1,
    of: str = "links",
    time_limit: float = 600.0,
    progress: Callable[[int, int], None] | None = None,
    **options: Unpack[Options],
) -> Robust:
    """Choose projects under a budget for several scenarios, without knowing which will come.

    Parameters
    ----------
    scenarios : iterable of str, Path or Scenario, or mapping of str to Network
        What each does to the network (its own question is not read), as at its hour 0; the network as it is is a
        case of its own, the first. Or networks by name, and then only these.
    weights : sequence of float, optional
        Of all cases, the network as it is first; left out, all alike. They are made to add up to 1.
    net, origin, destination, budget, objective, uncosted, only, force, fail, k, of, time_limit, progress, **options
        As :func:`upgrade`.

    Returns
    -------
    Robust

    Notes
    -----
    *Expected*: the greatest mean of the values. *Regret* of a set in a scenario is how much better the best set for
    that scenario would have done; the choice makes the greatest regret least (Savage 1951). In hours, a scenario
    without a route counts as 100 000 h, so a connection comes first.

    Examples
    --------
    >>> import mobility as mb
    >>> ask = dict(budget=300, scenarios=["vardar-valley-cut"], objective="time", modes="rail")
    >>> answer = mb.robust(mb.load(), "Bar", "Belgrade", **ask)
    >>> [c.name for c in answer.cases]
    ['as it is', 'vardar-valley-cut']
    """
    started = perf_counter()
    if not 0 <= budget < math.inf:
        raise InputError(f"the budget is {budget:g} M EUR; it must be a number of at least 0")
    nets: dict[str, Network]
    if isinstance(scenarios, Mapping):
        nets = dict(scenarios)
    else:
        from mobility.scenario import scenario as find

        attempts = Attempts()
        made = [attempts.run(find, one, net, otherwise=None) for one in scenarios]
        applied = [attempts.run(s.apply, net, otherwise=None) for s in made if s is not None]
        attempts.done()
        nets = {"as it is": net}
        nets |= {s.name: a.standing()[0] for s, a in zip(made, applied, strict=True) if s and a}
    shares = [1.0] * len(nets) if weights is None else [float(w) for w in weights]
    if len(shares) != len(nets) or not all(0 <= w < math.inf for w in shares) or not math.fsum(shares):
        raise InputError(f"{len(shares)} weights for {len(nets)} cases ({', '.join(nets)}); one of at least 0 for each")
    shares = [w / math.fsum(shares) for w in shares]
    own = _own(objective, {"force": force, "fail": fail, "k": k, "of": of})
    cases = [_case(one, origin, destination, objective, uncosted, only, None, 0, own, options) for one in nets.values()]
    if any([p.upgrade_id for p in c.listed] != [p.upgrade_id for p in cases[0].listed] for c in cases):
        raise InputError("the networks have different upgrades; a choice needs the same list in all of them")
    deadline = started + time_limit
    alone = [c.solve(budget, whole=False, deadline=deadline, progress=progress) for c in cases]
    tops = [_worth(c, a.points[-1].found.score) for c, a in zip(cases, alone, strict=True)]
    shop = cases[0].shop
    picks = [
        branch(shop, _Together(cases, shares, best), budget, 0, whole=False, deadline=deadline, progress=progress)
        for best in (None, tops)
    ]
    mean, least = (p.points[-1] for p in picks)
    rows = []
    for name, share, case, one in zip(nets, shares, cases, alone, strict=True):
        top, a, b = one.points[-1], case.figure(mean.bought), case.figure(least.bought)
        rows.append(
            RobustCase(
                name, share, case.figure(()), top.found.figure, shop.ids(top.bought), a, b,
                _gain(objective, a, top.found.figure), _gain(objective, b, top.found.figure),
            )
        )  # fmt: skip
    sign = -1.0 if objective in ("time", "closure") else 1.0
    return Robust(
        net, {**cases[0].question, "budget": budget, "scenarios": list(nets), "weights": shares},
        "ok" if any(r.expected or r.regret for r in rows) else "no_route", objective=objective,
        unit=OBJECTIVES[objective], budget=float(budget), cases=tuple(rows), expected_chosen=shop.ids(mean.bought),
        expected_cost_meur=mean.cost, expected_value=sign * mean.found.score, regret_chosen=shop.ids(least.bought),
        regret_cost_meur=least.cost, greatest_regret=-least.found.score,
        proven=all(p.proven for p in (*alone, *picks)), projects={p.upgrade_id: p for p in cases[0].listed},
        seconds=perf_counter() - started,
    )  # fmt: skip
