"""Sampled failures: how often a connection stands, and how time and throughput spread when links fail at random."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, NamedTuple, Protocol, Unpack

import numpy as np
import pandas as pd

from mobility.arcs import COMPILE_FROM, LINK, TRANSFER, Arcs, Graph, Options, units
from mobility.errors import Finding, InputError
from mobility.flows import flow_graph
from mobility.kernels import Router
from mobility.network import Network
from mobility.paths import Answer, describe, k_shortest, prepare

Array = np.ndarray[Any, Any]

BLOCK = 1024
"""Samples that share a stream of random numbers; a sample depends on the seed and its own number alone."""

COMPILE_RUNS = 200
"""From so many samples on the compiled kernels are worth loading."""

MOST_RUNS = 10_000_000

MEASURES = ("connection", "time", "throughput")

QUANTILES = (0.05, 0.1, 0.5, 0.9, 0.95)

Z = 1.959963984540054
"""Half width of a 95 % interval in standard errors."""

BINS = 20

CUT, FOUND, UNSURE = 0, 1, 2
"""What is known of a sample: no route, a route, or a way that may pass a place twice."""


@dataclass(frozen=True)
class Share:
    """How many samples have a route.

    Attributes
    ----------
    share : float
        Of the samples; `standard_error` of it, and 95 % interval `low` to `high` (Wilson 1927).
    """

    runs: int
    connected: int
    share: float
    standard_error: float
    low: float
    high: float


@dataclass(frozen=True)
class Spread:
    """How a number spreads over the samples.

    Attributes
    ----------
    mean, sd, standard_error : float
        Standard deviation of the samples, and standard error of their mean.
    low, high : float
        95 % interval of the mean.
    quantiles : mapping of str to float
        ``p5`` to ``p95``: values that samples have.
    intervals : mapping of str to tuple of float
        95 % interval of each quantile, from the order of the samples, whatever their distribution.
    edges, counts : tuple
        Histogram.
    """

    runs: int
    mean: float
    sd: float
    standard_error: float
    low: float
    high: float
    minimum: float
    maximum: float
    quantiles: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Effect:
    """What one failure changes, everything else being as it may: means with it out against means with it in.

    Attributes
    ----------
    id : str
        A link, a structure, or a group.
    links : tuple of str
    probability : float
    failed : int
        Samples in which it was out.
    cut : float
        How much likelier it is that there is no route: Birnbaum's (1969) importance.
    slower : float or None
        How much likelier it is that no route is as fast as with everything in place.
    lost_vehicles_per_day : float or None
    cut_error, slower_error, lost_error : float or None
        Half the 95 % interval of each.
    """

    id: str
    links: tuple[str, ...]
    probability: float
    failed: int
    cut: float
    cut_error: float
    slower: float | None
    slower_error: float | None
    lost_vehicles_per_day: float | None
    lost_error: float | None


@dataclass(frozen=True, repr=False)
class MonteCarlo(Answer):
    """Distributions under sampled failures.

    Attributes
    ----------
    time_h, vehicles_per_day : float or None
        With everything in place.
    runs : int
        Samples taken; fewer than asked for when `stop` was reached.
    converged : bool or None
        Whether `stop` was reached; None when none was set.
    connection : Share or None
    time : Spread or None
        Hours of the fastest route, of the samples that have one.
    throughput : Spread or None
        Vehicles a day; 0 where there is no route.
    importance : tuple of Effect
        By failure, worst first: by cut where that is more than chance, then by lost throughput, then by slower.
    failures : Failures
    """

    time_h: float | None = None
    vehicles_per_day: float | None = None
    runs: int = 0
    converged: bool | None = None
    connection: Share | None = None
    time: Spread | None = None
    throughput: Spread | None = None
    importance: tuple[Effect, ...] = ()
    failures: Failures | None = field(default=None, repr=False)

    @property
    def predictability_h(self) -> float | None:
        """P90 less P50 of the time: what a plan has to keep in hand to hold nine times in ten."""
        return None if self.time is None else self.time.quantiles["p90"] - self.time.quantiles["p50"]

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        if self.connection is None:
            return f"{self.runs} samples" if self.status == "ok" else "no route"
        return f"connected in {self.connection.share:.1%} of {self.runs} samples"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per measure."""
        rows: list[dict[str, Any]] = []
        if self.connection is not None:
            c = self.connection
            rows.append(
                {
                    "measure": "connection",
                    "runs": c.runs,
                    "mean": c.share,
                    "standard_error": c.standard_error,
                    "low": c.low,
                    "high": c.high,
                }
            )
        for name, spread in (("time_h", self.time), ("vehicles_per_day", self.throughput)):
            if spread is not None:
                plain = {
                    k: v for k, v in asdict(spread).items() if k not in ("quantiles", "intervals", "edges", "counts")
                }
                rows.append({"measure": name, **plain, **spread.quantiles})
        columns = ["measure", "runs", "mean", "sd", "standard_error", "low", "high", "minimum", "maximum", *_NAMES]
        return pd.DataFrame(rows, columns=columns).set_index("measure")

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        fails = self.failures
        return {
            "status": self.status, "runs": self.runs, "seed": self.question["seed"], "converged": self.converged,
            "base": {"time_h": self.time_h, "vehicles_per_day": self.vehicles_per_day},
            "connection": asdict(self.connection) if self.connection else None,
            "time_h": _spread_dict(self.time), "predictability_h": self.predictability_h,
            "vehicles_per_day": _spread_dict(self.throughput),
            "importance": [{**asdict(e), "links": list(e.links)} for e in self.importance],
            "failures": {
                "count": len(fails.ids), "expected": float(fails.probability.sum()), "groups": list(fails.groups),
                "assumed": list(fails.assumed),
            } if fails else None,
            "question": dict(self.question),
        }  # fmt: skip


_NAMES = tuple(f"p{round(100 * q)}" for q in QUANTILES)


def _spread_dict(spread: Spread | None) -> dict[str, Any] | None:
    if spread is None:
        return None
    out = asdict(spread)
    out["intervals"] = {k: list(v) for k, v in spread.intervals.items()}
    out["histogram"] = {"edges": list(out.pop("edges")), "counts": list(out.pop("counts"))}
    return out


@dataclass(frozen=True, eq=False)
class Failures:
    """What can fail, independently of each other, and how likely.

    Attributes
    ----------
    ids : tuple of str
        A link or structure each; then the groups with a probability of their own.
    rows : tuple of tuple of int
        Rows of ``links`` that each takes.
    probability : ndarray of float
    assumed : tuple of str
        Links without a stated probability, taken as never failing.
    groups : tuple of str
        The last of `ids`: common causes that take several links at once.
    """

    ids: tuple[str, ...]
    rows: tuple[tuple[int, ...], ...]
    probability: Array
    assumed: tuple[str, ...]
    groups: tuple[str, ...]


def failures(arcs: Arcs, fail: float | None = None) -> Failures:
    """Return what can fail on the links that a question may use.

    Parameters
    ----------
    arcs : Arcs
    fail : float, optional
        Probability for every link or structure; left out: the largest ``fail_probability`` that its links state.

    Returns
    -------
    Failures
        Links of one structure fail as one. Each group of ``groups.csv`` with a probability of its own fails as a
        whole besides, with the structures that it touches; it keeps that probability whatever `fail` is.

    Raises
    ------
    InputError
        When no link states a probability and `fail` is left out, or `fail` is no probability.

    Examples
    --------
    >>> import mobility as mb
    >>> from mobility.arcs import compile_arcs
    >>> found = failures(compile_arcs(mb.load(), modes="road"), fail=0.01)
    >>> len(found.ids) == len(found.rows) == len(found.probability)
    True
    """
    if fail is not None and not 0 <= fail <= 1:
        raise InputError(f"fail is {fail:g}; a probability from 0 to 1 is needed")
    stated = arcs.net.table("links")["fail_probability"].to_numpy(float)
    single = [u for u in units(arcs.net) if arcs.link_open[list(u.rows)].any()]
    ids = arcs.net.table("links")["link_id"].tolist()
    assumed: list[str] = []
    chance: list[float] = []
    for unit in single:
        known = [float(stated[r]) for r in unit.rows if stated[r] == stated[r]]
        if fail is None and not known:
            assumed += [str(ids[r]) for r in unit.rows]
        chance.append(fail if fail is not None else max(known, default=0.0))
    if single and fail is None and not any(stated[r] == stated[r] for u in single for r in u.rows):
        raise InputError(
            "no link of this question states a fail_probability; give one for all (--fail 0.01) or fill that column of "
            "the links (--fail 0: only groups with a probability of their own fail)"
        )
    common = _common_causes(arcs)
    return Failures(
        ids=(*(u.id for u in single), *common), rows=(*(u.rows for u in single), *(r for r, _ in common.values())),
        probability=np.array([*chance, *(p for _, p in common.values())], float), assumed=tuple(assumed),
        groups=tuple(common),
    )  # fmt: skip


def _common_causes(arcs: Arcs) -> dict[str, tuple[tuple[int, ...], float]]:
    """Return the groups that touch an open link and state a probability: their rows, and that."""
    table = arcs.net.table("groups")
    stated: dict[str, float] = {}
    for group, p in zip(table["group_id"].tolist(), table["fail_probability"].tolist(), strict=True):
        if p == p:
            stated[group] = max(p, stated.get(group, 0.0))
    if not stated:
        return {}
    groups = [u for u in units(arcs.net, "groups") if u.id in stated]
    return {u.id: (u.rows, stated[u.id]) for u in groups if arcs.link_open[list(u.rows)].any()}


# ---- samples


class Block(NamedTuple):
    """Failures of some samples: where those of each begin in `what`, what fails, and the share of capacity it keeps."""

    sample: Array
    what: Array
    share: Array

    def first(self, count: int) -> Block:
        """Return the first samples."""
        end = int(self.sample[count])
        return Block(self.sample[: count + 1], self.what[:end], self.share[:end])


def draw(probability: Array, seed: int, block: int, loss: tuple[float, float] | None = None) -> Block:
    """Return the failures of one block of samples.

    The block has a stream of its own, so neither threads nor the order of blocks matter. Geometric gaps at the
    largest probability lead from one candidate to the next; a candidate stays with its share of that probability.
    """
    count = len(probability)
    trials = BLOCK * count
    most = float(probability.max(initial=0.0))
    if most == 0.0:
        return Block(np.zeros(BLOCK + 1, np.int64), np.empty(0, np.int64), np.empty(0))
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(block,))))
    parts: list[Array] = []
    last = -1
    while last < trials:
        expected = (trials - last) * most
        gaps = np.minimum(rng.geometric(most, int(expected + 4 * expected**0.5) + 8), trials + 1)
        parts.append(last + np.cumsum(gaps))
        last = int(parts[-1][-1])
    at = np.concatenate(parts)
    at = at[at < trials]
    what = at % count
    if (probability != most).any():
        stays = rng.random(len(at)) * most < probability[what]
        at, what = at[stays], what[stays]
    share = 1.0 - rng.uniform(*loss, len(at)) if loss else np.zeros(len(at))
    return Block(np.searchsorted(at, np.arange(BLOCK + 1) * count), what, share)


@dataclass(frozen=True, eq=False)
class Case:
    """What the samples of a question are put to.

    Attributes
    ----------
    graph : Graph
    search : Router
    base : list of int
        The fastest route with everything in place, as arcs of the graph.
    hours : ndarray of float
        Of each arc.
    capacity : ndarray of int
        Of each arc, in `unit` parts of a vehicle a day.
    taken : list of list of int
        The arcs that each failure takes.
    may_loop : bool
        Whether a way may have to pass a place twice: only where modes are changed.
    closes : bool
        Whether what fails is out; otherwise it keeps a share of its capacity and can be passed.
    """

    graph: Graph
    search: Router
    base: list[int]
    hours: Array
    capacity: Array
    unit: int
    taken: list[list[int]]
    may_loop: bool
    closes: bool

    def out(self, block: Block, i: int) -> frozenset[int]:
        """Return the arcs that one sample takes."""
        failed = block.what[block.sample[i] : block.sample[i + 1]].tolist()
        return frozenset(a for e in failed for a in self.taken[e])

    def route(self, out: frozenset[int]) -> tuple[int, float]:
        """Return whether there is a route without some arcs, and its hours."""
        path = self.base
        if not out.isdisjoint(path):
            found = next(k_shortest(self.graph, self.search, out), None)
            if found is None:
                return CUT, 0.0
            path = found[1]
        hours = 0.0
        for a in path:  # one after the other, as the compiled twin adds them
            hours += float(self.hours[a])
        return FOUND, hours


class Sampler(Protocol):
    """Answers blocks of samples."""

    def answer(self, sample: Array, what: Array, share: Array) -> tuple[Array, Array, Array]:
        """Return of each sample what is known of it, the hours of its fastest route, and its flow."""


class PlainSampler:
    """The samples one by one, on plain lists; for few of them, and to test the compiled twin against."""

    def __init__(self, case: Case, throughput: bool) -> None:
        self.case, self.throughput = case, throughput
        self.known: dict[frozenset[int], tuple[int, float]] = {}
        if throughput:
            self.flow = case.graph.flow(case.capacity)
            self.flow.maximum()

    def answer(self, sample: Array, what: Array, share: Array) -> tuple[Array, Array, Array]:
        """Return of each sample what is known of it, the hours of its fastest route, and its flow."""
        case, block, runs = self.case, Block(sample, what, share), len(sample) - 1
        state, hours, flow = np.full(runs, FOUND, np.int8), np.zeros(runs), np.zeros(runs, np.int64)
        for i in range(runs):
            out = case.out(block, i)
            path = out if case.closes else frozenset()
            if path not in self.known:
                self.known[path] = case.route(path)
            state[i], hours[i] = self.known[path]
            if self.throughput and state[i] == FOUND:
                flow[i] = self._left(block, i, out)
        return state, hours, flow

    def _left(self, block: Block, i: int, out: frozenset[int]) -> int:
        if self.case.closes:
            return self.flow.value - self.flow.losses([sorted(out)])[0]
        least = self.case.capacity.copy()
        for j in range(int(block.sample[i]), int(block.sample[i + 1])):
            arcs = self.case.taken[block.what[j]]
            kept = np.floor(self.case.capacity[arcs] * block.share[j]).astype(np.int64)
            least[arcs] = np.minimum(least[arcs], kept)
        flow = self.case.graph.flow(least)
        flow.maximum()
        return flow.value


def prepare_case(
    arcs: Arcs, origins: Sequence[str], destinations: Sequence[str], failures: Failures, closes: bool = True
) -> Case | None:
    """Return what samples are put to; None when there is no route even with everything in place."""
    flowing = flow_graph(arcs, origins, destinations)
    graph = flowing.graph
    search = graph.router()
    base = next(k_shortest(graph, search), None)
    if base is None:
        return None
    kind, item = graph.spread(arcs.kind, -1), graph.spread(arcs.item, -1)
    on: dict[int, list[int]] = {}
    for a in np.flatnonzero(kind == LINK).tolist():
        on.setdefault(int(item[a]), []).append(a)
    return Case(
        graph=graph, search=search, base=base[1], hours=graph.spread(arcs.time_h, 0.0), capacity=flowing.capacity,
        unit=flowing.unit, taken=[[a for r in rows for a in on.get(r, ())] for rows in failures.rows],
        may_loop=bool((kind == TRANSFER).any()), closes=closes,
    )  # fmt: skip


def sampler(case: Case, runs: int, time: bool = True, throughput: bool = True) -> Sampler:
    """Return what answers the samples of a case: plain for few of them, else compiled."""
    if runs < COMPILE_RUNS and len(case.graph.tail) < COMPILE_FROM:
        return PlainSampler(case, throughput)
    from mobility.sampling import CompiledSampler

    return CompiledSampler(
        case.graph, case.base, case.hours if time else None, case.capacity if throughput else None, case.taken,
        case.may_loop, case.closes,
    )  # fmt: skip


def sampled(
    case: Case, failures: Failures, by: Sampler, blocks: Iterable[int], seed: int,
    loss: tuple[float, float] | None = None, threads: int | None = None,
) -> Iterator[tuple[Block, Array, Array, Array]]:  # fmt: skip
    """Yield for each block of samples, in order, what failed and the answers."""

    def one(number: int) -> tuple[Block, tuple[Array, Array, Array]]:
        block = draw(failures.probability, seed, number, loss)
        return block, by.answer(*block)

    def settled(block: Block, answer: tuple[Array, Array, Array]) -> tuple[Block, Array, Array, Array]:
        state, hours, flow = answer
        for i in np.flatnonzero(state == UNSURE).tolist():
            state[i], hours[i] = case.route(case.out(block, i))
        flow[state == CUT] = 0
        return block, state == FOUND, hours, flow

    if isinstance(by, PlainSampler):
        yield from (settled(*one(b)) for b in blocks)
        return
    with ThreadPoolExecutor(threads or min(8, os.cpu_count() or 1)) as pool:
        left = iter(blocks)
        # A few blocks ahead, so that results do not pile up when the reader is slow.
        ahead = [pool.submit(one, b) for b in islice(left, 32)]
        while ahead:
            done = ahead.pop(0).result()
            ahead += [pool.submit(one, b) for b in islice(left, 1)]
            yield settled(*done)


# ---- what the samples say


def share_of(count: int, runs: int) -> Share:
    """Return a share of samples with its standard error and 95 % interval.

    Examples
    --------
    >>> found = share_of(100, 100)
    >>> found.share, found.standard_error, round(found.low, 3), found.high
    (1.0, 0.0, 0.963, 1.0)
    """
    p, z2 = count / runs, Z * Z
    middle = (p + z2 / (2 * runs)) / (1 + z2 / runs)
    half = Z / (1 + z2 / runs) * (p * (1 - p) / runs + z2 / (4 * runs * runs)) ** 0.5
    low = 0.0 if count == 0 else middle - half
    high = 1.0 if count == runs else middle + half
    return Share(runs, count, p, (p * (1 - p) / runs) ** 0.5, low, high)


def spread_of(values: Array) -> Spread | None:
    """Return how some numbers spread; None when there are none.

    Examples
    --------
    >>> found = spread_of(np.array([1.0, 2.0, 3.0, 4.0]))
    >>> found.mean, found.quantiles["p50"], found.intervals["p50"]
    (2.5, 2.0, (1.0, 4.0))
    """
    n = len(values)
    if n == 0:
        return None
    ordered = np.sort(values)
    # About the least value, so that numbers that are all the same have no spread by rounding.
    above = ordered - ordered[0]
    mean = float(ordered[0] + above.mean())
    sd = float(above.std(ddof=1)) if n > 1 else 0.0
    error = sd / n**0.5
    quantiles, intervals = {}, {}
    for name, q in zip(_NAMES, QUANTILES, strict=True):
        half = Z * (n * q * (1 - q)) ** 0.5
        quantiles[name] = float(ordered[int(np.ceil(n * q - 1e-9)) - 1])
        low, high = max(0, int(np.floor(n * q - half)) - 1), min(n - 1, int(np.ceil(n * q + half)))
        intervals[name] = (float(ordered[low]), float(ordered[high]))
    if above[-1] > 0:
        counts, edges = np.histogram(ordered, bins=BINS)
    else:
        counts, edges = np.array([n]), ordered[[0, -1]]
    return Spread(
        runs=n, mean=mean, sd=sd, standard_error=error, low=mean - Z * error, high=mean + Z * error,
        minimum=float(ordered[0]), maximum=float(ordered[-1]), quantiles=quantiles, intervals=intervals,
        edges=tuple(edges.tolist()), counts=tuple(counts.tolist()),
    )  # fmt: skip


class _Tally:
    """Answers of the samples so far, and sums of them by what failed."""

    def __init__(self, case: Case, failures: Failures) -> None:
        self.case, self.failures = case, failures
        self.found: list[Array] = []
        self.hours: list[Array] = []
        self.flow: list[Array] = []
        # Of each failure and of all: samples, then sums and sums of squares of being cut, slower, and of vehicles.
        self.sums = np.zeros((7, len(failures.ids)))
        self.totals = np.zeros(7)
        self.usual = case.route(frozenset())[1]

    def add(self, block: Block, found: Array, hours: Array, flow: Array) -> None:
        """Take in one block."""
        vehicles = flow / self.case.unit
        self.found.append(found)
        self.hours.append(np.round(hours[found], 9))
        self.flow.append(vehicles)
        of = np.repeat(np.arange(len(found)), np.diff(block.sample))
        cut, slower = (~found).astype(float), (~found | (hours > self.usual + 1e-9)).astype(float)
        for i, x in enumerate((np.ones(len(found)), cut, cut, slower, slower, vehicles, vehicles**2)):
            self.sums[i] += np.bincount(block.what, weights=x[of], minlength=self.sums.shape[1])
            self.totals[i] += x.sum()

    def share(self) -> Share:
        found = np.concatenate(self.found)
        return share_of(int(found.sum()), len(found))

    def time(self) -> Spread | None:
        return spread_of(np.concatenate(self.hours))

    def throughput(self) -> Spread | None:
        return spread_of(np.concatenate(self.flow))

    def within(self, measures: Iterable[str], half: float) -> bool:
        """Return whether the 95 % intervals are no wider: of a share itself, else as a part of the mean."""
        reached = []
        if "connection" in measures:
            share = self.share()
            reached.append((share.high - share.low) / 2 <= half)
        for name in ("time", "throughput"):
            if name in measures:
                spread = self.time() if name == "time" else self.throughput()
                reached.append(spread is not None and Z * spread.standard_error <= half * abs(spread.mean))
        return all(reached)

    def importance(self, arcs: Arcs, measures: Iterable[str]) -> tuple[Effect, ...]:
        """Return what each failure changes, worst first."""
        ids = arcs.net.table("links")["link_id"]
        nothing = (None, None)
        out = []
        for e, (name, rows) in enumerate(zip(self.failures.ids, self.failures.rows, strict=True)):
            having, rest = self.sums[:, e], self.totals - self.sums[:, e]
            if having[0] == 0 or rest[0] == 0:
                continue
            cut, slower, lost = (_change(having[[0, i, i + 1]], rest[[0, i, i + 1]]) for i in (1, 3, 5))
            out.append(
                Effect(
                    name, tuple(str(ids.iat[r]) for r in rows), float(self.failures.probability[e]), int(having[0]),
                    *cut, *(slower if "time" in measures else nothing),
                    *((-lost[0], lost[1]) if "throughput" in measures else nothing),
                )
            )  # fmt: skip
        return tuple(sorted(out, key=_badness))


def _change(having: Array, rest: Array) -> tuple[float, float]:
    """Return the difference of two means, and half its 95 % interval, from count, sum and sum of squares of each."""
    (n, x, xx), (m, y, yy) = having.tolist(), rest.tolist()
    spread = max(0.0, xx / n - (x / n) ** 2) / n + max(0.0, yy / m - (y / m) ** 2) / m
    return x / n - y / m, Z * spread**0.5


def _badness(effect: Effect) -> tuple[float, float, float, str]:
    more_than_chance = effect.cut if effect.cut > effect.cut_error else 0.0
    return -more_than_chance, -(effect.lost_vehicles_per_day or 0.0), -(effect.slower or 0.0), effect.id


def monte_carlo(
    net: Network,
    origin: str | Iterable[str],
    destination: str | Iterable[str],
    *,
    runs: int = 10_000,
    seed: int = 1,
    fail: float | None = None,
    capacity_loss: tuple[float, float] | None = None,
    measures: Sequence[str] = MEASURES,
    stop: float | None = None,
    progress: Callable[[int, int], None] | None = None,
    **options: Unpack[Options],
) -> MonteCarlo:
    """Let links fail at random, many times, and see how connection, time and throughput spread.

    Parameters
    ----------
    net : Network
    origin, destination : str or iterable of str
    runs : int
        Samples, at most 10 million.
    seed : int
        The same seed gives the same answer, and the first samples of a longer run are those of a shorter one.
    fail : float, optional
        Probability that a link is out, the same for all; left out: ``fail_probability`` of the links. Groups of
        ``groups.csv`` that state one fail besides, as a whole.
    capacity_loss : tuple of float, optional
        What fails is not out but loses a share of its capacity, drawn evenly between these two; it can still be
        passed, so only throughput suffers. ``(1, 1)`` is the same as being out.
    measures : sequence of {"connection", "time", "throughput"}
    stop : float, optional
        End before `runs` when every 95 % interval is no wider than this to either side: of the connected share
        itself, of time and throughput as a part of their mean. Looked at after 1024 samples and whenever their
        number has doubled.
    progress : callable, optional
        Told how many samples of how many are done.
    **options
        See :class:`mobility.arcs.Options`.

    Returns
    -------
    MonteCarlo
        A sample without a route has no time and 0 vehicles a day.

    Notes
    -----
    Failures are independent of each other but for structures and groups, which fail as one. The error of a mean falls
    with the square root of the number of samples; what is rare is better asked of ``reliability`` where that is exact.

    Examples
    --------
    >>> import mobility as mb
    >>> answer = mb.monte_carlo(mb.load(), "Bar", "Burgas", modes="road", runs=100, fail=0.02)
    >>> answer.connection.low <= answer.connection.share <= answer.connection.high
    True
    """
    faults = _faults(runs, seed, fail, capacity_loss, measures, stop)
    try:
        origins, destinations, _, arcs = prepare(net, origin, destination, (), options)
    except InputError as error:
        raise InputError(faults + error.findings) from None
    if faults:
        raise InputError(faults)
    loss = None if capacity_loss is None or capacity_loss[0] == 1 else capacity_loss
    question = describe(
        arcs, origins, destinations, runs=runs, seed=seed, fail=fail,
        capacity_loss=None if capacity_loss is None else list(capacity_loss), measures=list(measures), stop=stop,
    )  # fmt: skip
    fails = failures(arcs, fail)
    case = prepare_case(arcs, origins, destinations, fails, closes=loss is None)
    if case is None:
        return MonteCarlo(net, question, "no_route", failures=fails)
    by = sampler(case, runs, "time" in measures, "throughput" in measures)
    tally, last, look = _Tally(case, fails), -(-runs // BLOCK), 1
    converged = None if stop is None else False
    for done, (block, found, hours, flow) in enumerate(sampled(case, fails, by, range(last), seed, loss), 1):
        count = min(BLOCK, runs - (done - 1) * BLOCK)
        tally.add(block.first(count), found[:count], hours[:count], flow[:count])
        if progress is not None:
            progress(min(done * BLOCK, runs), runs)
        if stop is not None and done in (look, last):
            look *= 2
            if tally.within(measures, stop):
                converged = True
                break
    usual = by.answer(np.zeros(2, np.int64), np.empty(0, np.int64), np.empty(0))
    return MonteCarlo(
        net, question, "ok", time_h=float(case.route(frozenset())[1]),
        vehicles_per_day=int(usual[2][0]) / case.unit if "throughput" in measures else None,
        runs=int(tally.totals[0]), converged=converged, connection=tally.share() if "connection" in measures else None,
        time=tally.time() if "time" in measures else None,
        throughput=tally.throughput() if "throughput" in measures else None,
        importance=tally.importance(arcs, measures), failures=fails,
    )  # fmt: skip


def _faults(
    runs: int, seed: int, fail: float | None, loss: tuple[float, float] | None, measures: Sequence[str],
    stop: float | None,
) -> list[Finding]:  # fmt: skip
    texts = []
    if not isinstance(runs, int) or not 1 <= runs <= MOST_RUNS:
        texts.append(f"runs is {runs}; it must be a whole number from 1 to {MOST_RUNS}")
    if not isinstance(seed, int) or seed < 0:
        texts.append(f"seed is {seed}; it must be a whole number, 0 or more")
    if fail is not None and not 0 <= fail <= 1:
        texts.append(f"fail is {fail:g}; a probability from 0 to 1 is needed")
    if loss is not None and (len(loss) != 2 or not 0 <= loss[0] <= loss[1] <= 1):
        texts.append(f"capacity_loss is {loss}; two shares from 0 to 1 are needed, the smaller first")
    if not measures or not set(measures) <= set(MEASURES):
        texts.append(f"measures are {', '.join(measures) or 'none'}; they must be some of {', '.join(MEASURES)}")
    if stop is not None and not stop > 0:
        texts.append(f"stop is {stop:g}; the half width of an interval, above 0, is needed")
    return [f for text in texts for f in InputError(text).findings]
