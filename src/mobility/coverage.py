"""How much of each corridor carries a vehicle, and how much of it is open by when."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from mobility.errors import InputError
from mobility.network import Network
from mobility.paths import Answer
from mobility.vehicle import MODES, Block, Vehicle, screen
from mobility.vehicle import vehicle as find_vehicle

VERDICTS = ("fits", "permit", "doubtful", "unknown", "blocked")
"""From best to worst; `doubtful` is closed at the stated value of an estimate and open at its favourable end."""

EVERYTHING = "all"
"""Stands for the whole network among the corridors."""

NO_YEAR = math.inf
"""Opening year of what has none."""


def corridors_of(net: Network) -> dict[str, str]:
    """Return by name in the ``corridors`` column the corridor that it is a part of; branches follow their ``parent``.

    Examples
    --------
    >>> import mobility as mb
    >>> corridors_of(mb.load())["Xc"]
    'X'
    """
    table = net.table("corridors")
    parent = dict(zip(table["corridor_id"].tolist(), table["parent"].tolist(), strict=True))
    named = {n for names in net.table("links")["corridors"].tolist() for n in names.split(";") if n}
    return {n: parent.get(n) or n for n in sorted(named)}


@dataclass(frozen=True)
class Carriage:
    """Whether one link carries a vehicle.

    Attributes
    ----------
    corridors : tuple of str
        Corridors it lies on, branches under their parent.
    open : bool
        Whether it is in use.
    verdict : str
        One of :data:`VERDICTS`.
    estimated : bool
        The verdict rests on an estimate.
    limits : tuple of Block
        What closes it, or what asks for a permit.
    """

    link_id: str
    mode: str
    corridors: tuple[str, ...]
    length_km: float
    open: bool
    verdict: str
    estimated: bool
    limits: tuple[Block, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON holds it."""
        return {
            "link_id": self.link_id, "mode": self.mode, "corridors": list(self.corridors),
            "length_km": self.length_km, "open": self.open, "verdict": self.verdict, "estimated": self.estimated,
            "limits": [b.to_dict() for b in self.limits],
        }  # fmt: skip


@dataclass(frozen=True, repr=False)
class Capability(Answer):
    """Which part of a network carries a vehicle.

    Attributes
    ----------
    vehicle : Vehicle
    links : tuple of Carriage
        One for each link, in table order.
    """

    vehicle: Vehicle = field(kw_only=True)
    links: tuple[Carriage, ...] = ()

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        frame = self.to_frame()
        parts = []
        for mode in dict.fromkeys(c.mode for c in self.links):
            row = frame.loc[(EVERYTHING, mode)]
            if row["km"] > 0:
                parts.append(f"{(row['fits'] + row['permit']) / row['km']:.0%} of {row['km']:,.0f} km of {mode}")
        return f"{self.vehicle.name} passes {', '.join(parts) or 'nowhere'}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.headline}>"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per corridor and mode: km in use, km of each verdict, km on estimates, km not open.

        A link of two corridors counts for both; the corridor ``all`` is the whole network.
        """
        names = ["km", *VERDICTS, "estimated", "not_open"]
        sums: dict[tuple[str, str], dict[str, float]] = {}
        for link in self.links:
            for corridor in (EVERYTHING, *link.corridors):
                row = sums.setdefault((corridor, link.mode), dict.fromkeys(names, 0.0))
                if link.open:
                    row["km"] += link.length_km
                    row[link.verdict] += link.length_km
                    row["estimated"] += link.length_km * link.estimated
                else:
                    row["not_open"] += link.length_km
        keys = sorted(sums, key=lambda k: (k[0] != EVERYTHING, k[0], MODES.index(k[1])))
        index = pd.MultiIndex.from_tuples(keys, names=["corridor", "mode"])
        return pd.DataFrame([[sums[k][n] for n in names] for k in keys], index=index, columns=names)

    def by_limit(self) -> pd.DataFrame:
        """Return one row per mode and limit that closes links in use: km, number, and the lowest value met."""
        rows: dict[tuple[str, str], list[tuple[float, Block]]] = {}
        for link in self.links:
            for block in link.limits if link.open and link.verdict in ("blocked", "doubtful") else ():
                rows.setdefault((link.mode, block.limit), []).append((link.length_km, block))
        out = [
            {
                "mode": mode, "limit": limit, "links": len(found), "km": math.fsum(km for km, _ in found),
                "required": found[0][1].required,
                "lowest": min((b.value for _, b in found if isinstance(b.value, float)), default=None),
            }
            for (mode, limit), found in rows.items()
        ]  # fmt: skip
        frame = pd.DataFrame(out, columns=["mode", "limit", "links", "km", "required", "lowest"])
        return frame.sort_values(["km", "mode", "limit"], ascending=[False, True, True]).set_index(["mode", "limit"])

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        corridors = self.to_frame().reset_index().to_dict("records")
        limits = self.by_limit().reset_index()
        limits = limits.astype(object).where(limits.notna(), None)
        return {
            "status": self.status, "vehicle": self.vehicle.name, "corridors": corridors,
            "limits": limits.to_dict("records"), "links": [c.to_dict() for c in self.links],
            "question": dict(self.question),
        }  # fmt: skip


def capability(
    net: Network, vehicle: str | Vehicle, *, year: int | None = None, modes: Iterable[str] | None = None
) -> Capability:
    """Say which links carry a vehicle, which ask for a permit, which are closed to it and by which limit.

    Parameters
    ----------
    net : Network
    vehicle : str or Vehicle
    year : int, optional
        Of the network; see :meth:`mobility.network.Network.at`.
    modes : iterable of str, optional
        Only these modes.

    Returns
    -------
    Capability

    Raises
    ------
    InputError
        When there is no such vehicle or mode.

    Examples
    --------
    >>> import mobility as mb
    >>> answer = mb.capability(mb.load(), "wheeled-ifv")
    >>> row = answer.to_frame().loc[("VIII", "road")]
    >>> bool(abs(row["km"] - row[["fits", "permit", "doubtful", "unknown", "blocked"]].sum()) < 1e-6)
    True
    """
    if year is not None:
        net = net.at(year)
    carrier = find_vehicle(vehicle, net)
    chosen = tuple(MODES if modes is None else modes)
    strange = [m for m in chosen if m not in MODES]
    if strange:
        raise InputError(f"the mode {strange[0]!r} is not known; {', '.join(MODES)} are")
    strict, kind = screen(net, carrier), screen(net, carrier, estimates="favourable")
    links, parents = net.table("links"), corridors_of(net)
    length = net.values("length_km").value
    columns = zip(*(links[c].tolist() for c in ("link_id", "mode", "corridors", "status")), strict=True)
    strictly, kindly = strict.passes, kind.passes
    out = []
    for i, (link, mode, names, status) in enumerate(columns):
        if mode not in chosen:
            continue
        limits = tuple(strict.blocked(i))
        if mode not in carrier.modes:
            verdict, limits = "blocked", (Block(link, "mode", mode, ", ".join(carrier.modes)),)
        elif not strictly[i]:
            verdict = "doubtful" if kindly[i] and not strict.unknown[i] else "blocked"
        elif strict.unknown[i]:
            verdict = "unknown"
        else:
            limits = tuple(strict.permits(i))
            verdict = "permit" if limits else "fits"
        on = tuple(sorted({parents[n] for n in names.split(";") if n}))
        guess = bool(strict.estimated[i]) and mode in carrier.modes
        out.append(Carriage(link, mode, on, float(length[i]), status == "operational", verdict, guess, limits))
    asked = {"vehicle": carrier.name, "year": net.year, "modes": list(chosen), "data_hash": net.data_hash}
    return Capability(net, asked, "ok", vehicle=carrier, links=tuple(out))


@dataclass(frozen=True, repr=False)
class Status(Answer):
    """Which part of a network is in use, and what opens by when.

    Attributes
    ----------
    years : tuple of int
        Asked for, in order.
    opens : mapping of str to float
        By link the first of `years` in which it is in use; 0 where it is today, infinite where no year asked for
        will do.
    """

    years: tuple[int, ...] = ()
    opens: Mapping[str, float] = field(default_factory=dict)

    @property
    def headline(self) -> str:
        """The answer in a few words."""
        total = self.to_frame().loc[EVERYTHING].sum()
        steps = [f"{total[str(y)]:,.0f} km by {y}" for y in self.years]
        return f"{total['today']:,.0f} of {total['km']:,.0f} km in use" + "".join(f", {s}" for s in steps)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.headline}>"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per corridor and mode: km in all, in use today, and in use at the start of each year."""
        links, parents = self.net.table("links"), corridors_of(self.net)
        length = self.net.values("length_km").value.tolist()
        names = ["km", "today", *map(str, self.years)]
        sums: dict[tuple[str, str], dict[str, float]] = {}
        rows = zip(*(links[c].tolist() for c in ("link_id", "mode", "corridors")), length, strict=True)
        for link, mode, named, km in rows:
            for corridor in (EVERYTHING, *{parents[n] for n in named.split(";") if n}):
                row = sums.setdefault((corridor, mode), dict.fromkeys(names, 0.0))
                row["km"] += km
                row["today"] += km * (self.opens[link] == 0)
                for year in self.years:
                    row[str(year)] += km * (self.opens[link] <= year)
        keys = sorted(sums, key=lambda k: (k[0] != EVERYTHING, k[0], MODES.index(k[1])))
        index = pd.MultiIndex.from_tuples(keys, names=["corridor", "mode"])
        return pd.DataFrame([[sums[k][n] for n in names] for k in keys], index=index, columns=names)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON holds it."""
        opens = {k: None if v == NO_YEAR else "today" if v == 0 else int(v) for k, v in self.opens.items()}
        return {
            "status": self.status, "years": list(self.years), "opens": opens,
            "corridors": self.to_frame().reset_index().to_dict("records"), "question": dict(self.question),
        }  # fmt: skip


def status(net: Network, years: Sequence[int] = (2027, 2030, 2035)) -> Status:
    """Say what is in use today and what opens by each of some years.

    Parameters
    ----------
    net : Network
    years : sequence of int
        A link counts for a year when it is open at its start.

    Returns
    -------
    Status

    Raises
    ------
    InputError
        When there is no year, or one is none.

    Examples
    --------
    >>> import mobility as mb
    >>> answer = mb.status(mb.load(), [2030, 2035])
    >>> rail = answer.to_frame().loc[("VIII", "rail")]
    >>> bool(rail["today"] < rail["2035"] <= rail["km"])
    True
    """
    if not len(years):
        raise InputError("there is no year to ask for")
    asked = tuple(sorted(dict.fromkeys(years)))
    links = net.table("links")
    opens = np.where(links["status"].to_numpy(object) == "operational", 0.0, NO_YEAR)
    for year in reversed(asked):
        later = net.at(year).table("links")["status"].to_numpy(object) == "operational"
        opens[later & (opens > 0)] = year
    known = dict(zip(links["link_id"].tolist(), opens.tolist(), strict=True))
    question = {"years": list(asked), "year": net.year, "data_hash": net.data_hash}
    return Status(net, question, "ok", asked, known)
