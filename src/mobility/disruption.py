"""Disruption: one question before and after something was cut, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import pandas as pd

from mobility.arcs import LINK, Arcs, Options, words
from mobility.closure import Closure, closure
from mobility.contingency import Contingency
from mobility.errors import Attempts, Finding, InputError
from mobility.flows import Throughput, throughput
from mobility.force import Force
from mobility.kernels import reached
from mobility.network import Network
from mobility.paths import Answer, Routes, describe, prepare, routes
from mobility.scenario import Applied, Close, Scenario, chosen
from mobility.scenario import scenario as find_scenario

if TYPE_CHECKING:
    from mobility.closure import Window

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class State:
    """The answers of one question, before or after.

    Attributes
    ----------
    routes : Routes
    throughput : Throughput
    closure : Closure or None
        Where a force was given.
    """

    routes: Routes
    throughput: Throughput
    closure: Closure | None = None

    @property
    def status(self) -> str:
        """Return ``ok`` where there is a route, else ``no_route``."""
        return self.routes.status

    @property
    def time_h(self) -> float | None:
        """Hours of the fastest route; None without one."""
        return self.routes.routes[0].time_h if self.routes.routes else None

    @property
    def vehicles_per_day(self) -> float:
        """The maximum flow."""
        return self.throughput.vehicles_per_day

    @property
    def closure_h(self) -> float | None:
        """Hours until the force has closed; None where it cannot, or none was given."""
        return self.closure.closure_h if self.closure else None

    def to_dict(self) -> dict[str, Any]:
        """Return the state as JSON holds it."""
        return {
            "time_h": self.time_h, "vehicles_per_day": self.vehicles_per_day, "closure_h": self.closure_h,
            "routes": self.routes.to_dict(), "throughput": self.throughput.to_dict(),
            "closure": self.closure.to_dict() if self.closure else None,
        }  # fmt: skip


@dataclass(frozen=True)
class LinkEffect:
    """What becomes of one link; vehicles a day, of the busier direction, at the military share asked for.

    Attributes
    ----------
    out : bool
        Usable before, and no more.
    capacity_before, capacity_after, lost_capacity : float
        0 while the link cannot be used; what is lost is negative where something is gained.
    flow_before, flow_after : float
        Of the maximum flow.
    route_before, route_after : int or None
        Best rank of the routes that use it.
    estimated : bool
        Whether the capacity is an estimate.
    """

    link_id: str
    out: bool
    capacity_before: float
    capacity_after: float
    lost_capacity: float
    flow_before: float
    flow_after: float
    route_before: int | None
    route_after: int | None
    estimated: bool


@dataclass(frozen=True, repr=False)
class Disruption(Answer):
    """A question before and after something was cut.

    Attributes
    ----------
    status : {"ok", "cut", "no_route"}
        A route is left; there was one and there is none; there was none and is none.
    name : str
        What happened, in words.
    cut : tuple of str
        Links that could be used before and no more.
    before, after : State
    links : tuple of LinkEffect
        Links that are out, change their capacity, carry some of the flow or lie on a route; most lost first.
    isolated : tuple of str
        Places that no usable links join to an origin any more, and origins that no usable link touches any more; only
        these where they are all origins.
    """

    name: str = ""
    cut: tuple[str, ...] = ()
    before: State = field(kw_only=True)
    after: State = field(kw_only=True)
    links: tuple[LinkEffect, ...] = ()
    isolated: tuple[str, ...] = ()

    @property
    def delay_h(self) -> float | None:
        """Hours that the fastest route takes longer; None where one of the two is missing."""
        return _more(self.before.time_h, self.after.time_h)

    @property
    def lost_vehicles_per_day(self) -> float:
        """What the maximum flow is smaller by."""
        return self.before.vehicles_per_day - self.after.vehicles_per_day

    @property
    def lost_share(self) -> float:
        """The same as a part of the flow before; 0 where nothing flowed."""
        return self.lost_vehicles_per_day / self.before.vehicles_per_day if self.before.vehicles_per_day else 0.0

    @property
    def later_h(self) -> float | None:
        """Hours by which the force closes later; None where it does not close before and after."""
        return _more(self.before.closure_h, self.after.closure_h)

    @property
    def cost(self) -> str:
        """What it costs, in a few words."""
        if self.status != "ok":
            return "no route left" if self.status == "cut" else "no route before or after"
        if self.before.time_h is None:
            return f"opens a route of {self.after.time_h or 0:.1f} h"
        parts = []
        if self.delay_h:
            parts.append(f"{span(self.delay_h)} {'longer' if self.delay_h > 0 else 'shorter'}")
        if round(self.lost_share, 2):
            parts.append(f"{abs(self.lost_share):.0%} {'less' if self.lost_share > 0 else 'more'} throughput")
        if self.before.closure and self.before.closure_h is not None and self.after.closure_h is None:
            parts.append("the force cannot close")
        elif self.later_h and abs(self.later_h) > 0.05:
            parts.append(f"force closes {span(self.later_h)} {'later' if self.later_h > 0 else 'earlier'}")
        return ", ".join(parts) or "no effect here"

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        return f"{self.name}{' –' if ':' in self.name else ':'} {self.cost}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per link that is out, changes, carries flow or lies on a route."""
        rows = pd.DataFrame([asdict(e) for e in self.links], columns=list(LinkEffect.__dataclass_fields__))
        ranks = ["route_before", "route_after"]
        return rows.astype(dict.fromkeys(ranks, "Int64")).set_index("link_id")

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        return {
            "status": self.status, "name": self.name, "cut": list(self.cut), "delay_h": self.delay_h,
            "lost_vehicles_per_day": self.lost_vehicles_per_day, "lost_share": self.lost_share,
            "later_h": self.later_h, "isolated": list(self.isolated), "links": [asdict(e) for e in self.links],
            "before": self.before.to_dict(), "after": self.after.to_dict(), "question": dict(self.question),
        }  # fmt: skip

    def plot(self, **options: Any) -> Any:
        """Draw before and after; see :func:`mobility.maps.plot_disruption`."""
        from mobility.maps import plot_disruption

        return plot_disruption(self.net, self, **options)


def _more(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def span(hours: float | None) -> str:
    """Return a span of time, without its sign.

    >>> span(-7.25), span(0.4)
    ('7.2 h', '24 min')
    """
    span = abs(hours or 0.0)
    return f"{span:.1f} h" if span >= 1 else f"{60 * span:.0f} min"


@dataclass(frozen=True, eq=False)
class _Side:
    """A network with the question put to it; what `windows` say holds for some hours."""

    net: Network
    ask: dict[str, Any]
    windows: tuple[Window, ...] = ()

    @cached_property
    def standing(self) -> tuple[Network, tuple[str, ...]]:
        """The network at hour 0, and the links that windows hold then."""
        return Applied(self.net, self.ask, self.windows).standing()

    @cached_property
    def compiled(self) -> tuple[list[str], list[str], Arcs]:
        """Origins, destinations and arcs at hour 0."""
        options: Any = {k: v for k, v in self.ask.items() if k not in ("origin", "destination")}
        missing = [f"the {end} is missing" for end in ("origin", "destination") if not words(self.ask.get(end, ()))]
        if missing:
            raise InputError("; ".join(missing))
        start, end, _, arcs = prepare(self.standing[0], self.ask["origin"], self.ask["destination"], (), options)
        return start, end, arcs

    def answered(
        self, k: int, force: str | Path | Force | None, closing: Mapping[str, Any], known: Mapping[str, Any]
    ) -> State:
        """Return the answers, those that are known already as they are; all but the closure see hour 0."""
        now, ways, shut = self.standing[0], known.get("routes"), known.get("closure") if force else None
        if ways is None or ways.question["k"] != k:
            ways = routes(now, k=k, **self.ask)
        if force and shut is None:
            shut = closure(self.net, force=force, windows=self.windows, **{**self.ask, **closing})
        return State(ways, known.get("throughput") or throughput(now, **self.ask), shut)


def disruption(
    net: Network,
    origin: str | Iterable[str] | None = None,
    destination: str | Iterable[str] | None = None,
    *,
    nodes: str | Iterable[str] = (),
    groups: str | Iterable[str] = (),
    states: str | Iterable[str] = (),
    scenario: str | Path | Scenario | None = None,
    force: str | Path | Force | None = None,
    k: int = 3,
    name: str = "",
    known: Mapping[str, Any] | None = None,
    **options: Unpack[Options],
) -> Disruption:
    """Put one question before and after a loss: routes, throughput, closure, what is cut off.

    Parameters
    ----------
    net : Network
        As it is before.
    origin, destination : str or iterable of str, optional
        Left out, those of the scenario.
    nodes, groups, states : str or iterable of str
        What is lost: places and states with every link there; groups of ``groups.csv``.
    scenario : str, Path or Scenario, optional
        What happened, and what is asked where nothing is given here. Before is the scenario without its changes, and
        as its ``[base]`` says.
    force : str, Path or Force, optional
        Whose closure is asked before and after.
    k : int
        Number of routes.
    name : str, optional
        What happened, in words; left out, made of what is lost, or the title of the scenario.
    known : mapping of str to answer, optional
        Answers of ``routes``, ``throughput`` and ``closure`` after the loss that are there already.
    **options
        See :class:`mobility.arcs.Options`; `close` are links that are lost, with their structures.

    Returns
    -------
    Disruption

    Raises
    ------
    InputError
        With every unknown name, or when nothing is lost.

    Notes
    -----
    The figures are those of :func:`mobility.routes`, :func:`mobility.throughput` and :func:`mobility.closure`.
    What a scenario holds for some hours counts in the closure by its hours, in all else as at hour 0.

    Examples
    --------
    >>> import mobility as mb
    >>> loss = mb.disruption(mb.load(), "Thessaloniki", "Belgrade", groups="vardar-valley", modes="road")
    >>> loss.name, loss.delay_h > 0, loss.after.vehicles_per_day < loss.before.vehicles_per_day
    ('Closed: Vardar valley, Veles to the Greek border', True, True)
    """
    rest: dict[str, Any] = dict(options)
    given = {"close": rest.pop("close", ()), "nodes": nodes, "groups": groups, "states": states}
    named = {option: words(value) for option, value in given.items()}
    attempts = Attempts()
    if scenario is None and not any(named.values()):
        attempts.findings += InputError("nothing is lost; give close, nodes, groups, states or a scenario").findings
    made = None if scenario is None else attempts.run(find_scenario, scenario, net, otherwise=None)
    untouched = Applied(net, {}, ())
    base = attempts.run(made.without().apply, net, otherwise=untouched) if made else untouched
    then = attempts.run(made.apply, net, otherwise=untouched) if made else untouched
    ends = {k: v for k, v in (("origin", origin), ("destination", destination)) if v is not None}
    before = _Side(base.net, base.ask | ends | rest, base.windows)
    nothing: list[str] = []
    gone = attempts.run(_lost, net, named, otherwise=nothing)
    if scenario is None or not attempts.findings:  # a scenario with faults asks nothing
        attempts.run(lambda: before.compiled, otherwise=None)
    attempts.done()
    more = {"close": gone} if gone else {}
    after = _Side(then.net, then.ask | ends | rest | more, then.windows)
    closing = made.options("closure") if made else {}
    force_before, force = (force or (one.force if one else None) for one in (made and made.without(), made))
    was, now = before.answered(k, force_before, closing, {}), after.answered(k, force, closing, known or {})
    (origins, destinations, old), (_, _, new) = before.compiled, after.compiled
    question = describe(
        old, origins, destinations, k=k, lost=gone, scenario=made.name if made else "",
        force=str(getattr(force, "name", force) or ""), held_at_hour_0=list(after.standing[1]),
    )  # fmt: skip
    told = [made.title or made.name] if made else []
    return Disruption(
        net, question, "ok" if now.routes.routes else "cut" if was.routes.routes else "no_route",
        name=name or "; ".join([*told, *_told(net, named)]),
        cut=tuple(x for x, a, b in zip(net.link_index, old.link_open, new.link_open, strict=True) if a and not b),
        before=was, after=now, links=_effects(old, new, was, now), isolated=_isolated(old, new, origins),
    )  # fmt: skip


def _lost(net: Network, named: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the links that are lost, in table order.

    Raises
    ------
    InputError
        With every name that is not known.
    """
    faults: list[Finding] = []
    taken: set[str] = set()
    for (option, given), key in zip(named.items(), ("links", "nodes", "groups", "countries"), strict=True):

        def fault(_: Any, value: Any, message: str, option: str = option) -> None:
            faults.extend(InputError(f"{option}{'' if value is None else f' {value!r}'}: {message}").findings)

        if given:
            choice: dict[str, Any] = {key: tuple(given)}
            taken.update(chosen(net, Close(**choice), fault))
    if faults:
        raise InputError(faults)
    return [x for x in net.link_index if x in taken]


def _told(net: Network, named: Mapping[str, Sequence[str]]) -> list[str]:
    """Return words for what is lost."""
    known = dict(zip(net.table("groups")["group_id"], net.table("groups")["name"], strict=True))
    what = [known.get(g) or g for g in named["groups"]]
    what += [net.name(net.find_node(n)) for n in named["nodes"]] + [net.find_country(c) for c in named["states"]]
    links = [net.find_link(x) for x in named["close"]]
    what += [_ends_of(net, x) for x in links] if len(links) <= 2 else [f"{len(links)} links"]
    return [f"Closed: {' and '.join(filter(None, [', '.join(what[:-1]), what[-1]]))}"] if what else []


def _ends_of(net: Network, link: str) -> str:
    """Return words for a link."""
    row = net.table("links").iloc[net.link_index[link]]
    return f"{row['mode']} {net.name(str(row['from_node']))}–{net.name(str(row['to_node']))}"


def worst_outage(net: Network, losses: Contingency) -> Disruption:
    """Return the worst outage of a contingency as a disruption of the question that it was asked of.

    Raises
    ------
    InputError
        When no outage changes anything.

    Examples
    --------
    >>> import mobility as mb
    >>> net = mb.load()
    >>> losses = mb.contingency(net, "Durrës", "Burgas", modes="road")
    >>> worst_outage(net, losses).lost_vehicles_per_day == losses.outages[0].lost_vehicles_per_day
    True
    """
    if not len(losses.outages):
        raise InputError("no outage changes anything; there is no disruption to draw")
    asked = losses.question
    options: Any = {key: asked[key] for key in Options.__annotations__ if key in asked and key != "close"}
    if asked.get("close"):
        net = net.with_changes(close=asked["close"])
    return disruption(net, asked["from"], asked["to"], close=losses.outages[0].links, **options)


def _effects(old: Arcs, new: Arcs, was: State, now: State) -> tuple[LinkEffect, ...]:
    """Return the links that are out, change, carry flow or lie on a route; most lost first."""
    before, after = _capacities(old), _capacities(new)
    flow, flow_now = ({f.link_id: f.vehicles_per_day for f in s.throughput.links} for s in (was, now))
    rank, rank_now = (
        {link: r.rank for r in reversed(s.routes.routes) for link in r.links} for s in (was, now)
    )  # of the best one
    used = set().union(flow, flow_now, rank, rank_now)
    out = []
    for row, link in enumerate(old.net.link_index):
        a, b, gone = float(before[row]), float(after[row]), bool(old.link_open[row] and not new.link_open[row])
        if gone or a != b or link in used:
            out.append(
                LinkEffect(
                    link, gone, a, b, a - b, flow.get(link, 0.0), flow_now.get(link, 0.0), rank.get(link),
                    rank_now.get(link), bool(old.assumed_capacity[row]),
                )
            )  # fmt: skip
    return tuple(sorted(out, key=lambda e: (not e.out, -e.lost_capacity)))


def _capacities(arcs: Arcs) -> Array:
    """Return what each link can carry in its busier direction; 0 where it cannot be used."""
    out = np.zeros(len(arcs.link_open))
    on = np.flatnonzero((arcs.kind == LINK) & arcs.open)
    np.maximum.at(out, arcs.item[on], arcs.capacity[on])
    return out


def _isolated(old: Arcs, new: Arcs, origins: Sequence[str]) -> tuple[str, ...]:
    """Return the places that are joined to the origins no more, and origins that nothing touches any more."""
    index = old.net.node_index

    def joined(arcs: Arcs) -> Array:
        """Return which places the origins reach."""
        seen = reached(arcs.size, arcs.tail[arcs.open], arcs.head[arcs.open], arcs.start_vertices(origins))
        on = np.zeros(len(index), bool)
        on[arcs.place[seen]] = True
        return on

    def touched(arcs: Arcs) -> set[str]:
        """Return the places that a usable link touches."""
        links = arcs.net.table("links")[arcs.link_open]
        return {*links["from_node"].tolist(), *links["to_node"].tolist()}

    left, had = touched(new), touched(old)
    bare = {n for n in origins if n in had and n not in left}
    if not left.intersection(origins):
        return tuple(n for n in index if n in bare)
    gone = joined(old) & ~joined(new)
    return tuple(n for n, row in index.items() if gone[row] or n in bare)
