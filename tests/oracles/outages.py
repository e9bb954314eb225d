"""What each outage costs, by asking everything again without the links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from oracles.flow import max_flow
from oracles.routes import best_time
from oracles.tables import Question, Tables, together


@dataclass(frozen=True)
class Outage:
    """Time and throughput that are left; time None means cut."""

    time_h: float | None
    vehicles_per_day: float


def structures(tables: Tables) -> list[frozenset[str]]:
    """Return what fails as one: a link, or all links of one asset."""
    return sorted({together(tables, [r["link_id"]]) for r in tables.links}, key=sorted)


def state(tables: Tables, ask: Question) -> Outage:
    """Return the answer as things stand."""
    return Outage(best_time(tables, ask), max_flow(tables, ask))


def outages(tables: Tables, ask: Question, n: int = 1) -> Iterator[tuple[frozenset[str], Outage]]:
    """Yield every set of ``n`` structures and what is left without them, whether or not anything changes."""
    for group in combinations(structures(tables), n):
        lost = frozenset().union(*group)
        yield lost, state(tables, replace(ask, closed=ask.closed | lost))
