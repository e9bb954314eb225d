"""Forces: what has to be moved, in whole vehicles, and what that means in trains, wagons, ships and march units.

A force is a list of elements, each a kind of vehicle and a count, and if wanted its own places, hours and modes (a
requirement line as in a TPFDD). The shipped ones stand in ``corridors/forces/``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from mobility.errors import Attempts, Finding, InputError, did_you_mean, fold
from mobility.march import MARCH_UNIT
from mobility.network import Network, shipped
from mobility.schema import entry, read_toml
from mobility.vehicle import ANY, MODES, Vehicle
from mobility.vehicle import vehicle as find_vehicle

SHIP_LANE_M = 3000.0
"""Lane metres of the planning ship: the Ro-Ro ships of the ARK project."""


@dataclass(frozen=True)
class Element:
    """One line of a force.

    Attributes
    ----------
    vehicle : str
        A name in ``vehicles.toml``.
    count : int
        Vehicles.
    unit : str
        What they are in the force.
    origin, destination : str
        Places; empty for those of the question.
    ready_h : float
        Hour from which it can leave.
    latest_h : float or None
        Hour by which it must have arrived.
    priority : int
        1 goes first.
    modes : tuple of str
        Modes it may use; empty for those of the vehicle.
    """

    vehicle: str
    count: int
    unit: str = ""
    origin: str = ""
    destination: str = ""
    ready_h: float = 0.0
    latest_h: float | None = None
    priority: int = 1
    modes: tuple[str, ...] = ()
    source: str = ""
    confidence: str = ""
    estimated: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Pool:
    """A shared stock that limits a flow: wagons of one type, transporters, ships.

    Attributes
    ----------
    of : {"wagon", "transporter", "ship"}
    count : int
        How many there are.
    name : str
        Type of wagon or transporter; empty for all together.
    """

    of: str
    count: int
    name: str = ""
    source: str = ""
    confidence: str = ""
    note: str = ""


@dataclass(frozen=True)
class Force:
    """What has to be moved.

    Attributes
    ----------
    elements : tuple of Element
    people : int or None
    sustainment_t_day, sustainment_payload_t : float or None
        Supplies it needs a day from hour 0 on, and what of it one `sustainment_vehicle` carries.
    pools : tuple of Pool

    Examples
    --------
    >>> import mobility as mb
    >>> mb.force("heavy-brigade").vehicles > 1000
    True
    """

    name: str
    elements: tuple[Element, ...]
    title: str = ""
    people: int | None = None
    sustainment_t_day: float | None = None
    sustainment_vehicle: str = ""
    sustainment_payload_t: float | None = None
    pools: tuple[Pool, ...] = ()
    source: str = ""
    confidence: str = ""
    estimated: tuple[str, ...] = ()
    note: str = ""

    @property
    def vehicles(self) -> int:
        """Vehicles of all elements together."""
        return sum(e.count for e in self.elements)

    def scaled(self, factor: float) -> Force:
        """Return the force with every count multiplied and rounded up.

        Raises
        ------
        InputError
            When `factor` is not a positive number.
        """
        if not (factor > 0 and math.isfinite(factor)):
            raise InputError(f"the factor is {factor}; it must be a positive number")
        parts = tuple(replace(e, count=math.ceil(e.count * factor)) for e in self.elements)
        return replace(self, elements=parts)

    def to_frame(self, net: Network | None = None) -> pd.DataFrame:
        """Return the elements with what they need of each mode, one row each.

        Returns
        -------
        DataFrame
            ``tonnes``; ``lane_m`` aboard ship; ``wagons`` and ``trains`` where it may go by rail; ``march_units`` of
            25 where it may go by road. Whole wagons, trains and units of each element alone.

        Raises
        ------
        InputError
            With every vehicle that is not known.
        """
        attempts = Attempts()
        kinds = {n: attempts.run(find_vehicle, n, net, otherwise=ANY) for n in {e.vehicle for e in self.elements}}
        attempts.done()
        return pd.DataFrame([_needs(e, kinds[e.vehicle]) for e in self.elements])


def _needs(element: Element, kind: Vehicle) -> dict[str, Any]:
    modes = [m for m in kind.modes if not element.modes or m in element.modes]
    rail, road = "rail" in modes, "road" in modes
    return {
        "unit": element.unit or kind.title, "vehicle": element.vehicle, "count": element.count,
        "tonnes": element.count * kind.tonnes, "lane_m": element.count * kind.lane_m,
        "wagons": math.ceil(element.count / kind.per_wagon) if rail and kind.wagon else None,
        "trains": math.ceil(element.count / kind.per_train) if rail else None,
        "march_units": math.ceil(element.count / MARCH_UNIT) if road else None,
        "modes": ",".join(modes), "origin": element.origin, "destination": element.destination,
        "ready_h": element.ready_h, "latest_h": element.latest_h, "priority": element.priority,
        "confidence": element.confidence, "source": element.source,
    }  # fmt: skip


def forces(net: Network | None = None) -> dict[str, Path]:
    """Return the files of all forces by name: the shipped ones, and those in ``forces/`` of the network's folder.

    Examples
    --------
    >>> "medium-brigade" in forces()
    True
    """
    roots = [shipped()] + ([net.folder] if net is not None and net.folder is not None else [])
    return {file.stem: file for root in roots for file in sorted((root / "forces").glob("*.toml"))}


def force(name: str | Path | Force, net: Network | None = None) -> Force:
    """Return a force by name or read one from a file.

    Parameters
    ----------
    name : str, Path or Force
        A name of :func:`forces`, or a file ending in ``.toml``.
    net : Network, optional
        Whose vehicles and places the elements name; without one, places are not checked.

    Raises
    ------
    InputError
        When there is no such force, or with every fault of its file.

    Examples
    --------
    >>> force("heavy-brigade").elements[0].vehicle
    'main-battle-tank'
    """
    if isinstance(name, Force):
        _sound(name, net, name.name)
        return name
    if isinstance(name, Path) or str(name).endswith(".toml"):
        return read_force(Path(name), net)
    known = forces(net)
    hits = [k for k in known if fold(k) == fold(name)]
    if not hits:
        hint = did_you_mean(name, known) or f"; known: {', '.join(known)}"
        raise InputError(f"no force is called {name!r}{hint}; a file's name ends in .toml")
    return read_force(known[hits[0]], net)


def read_force(path: Path, net: Network | None = None) -> Force:
    """Read a force file; see the schema's sections ``force``, ``element`` and ``pool``.

    Raises
    ------
    InputError
        With every fault of the file.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InputError([Finding("error", str(path), None, None, None, f"cannot be read: {error.strerror}")]) from None
    data = read_toml(path, size)
    faults: list[Finding] = []
    rows: dict[str, list[dict[str, Any]]] = {}
    for section in ("element", "pool"):
        given = data.pop(section, [])
        if not isinstance(given, list) or not all(isinstance(r, dict) for r in given):
            faults.append(Finding("error", path.name, None, section, None, f"write each as [[{section}]]"))
            given = []
        rows[section] = [entry(r, section, path.name, faults) for r in given]
    if not rows["element"] and not faults:
        faults.append(Finding("error", path.name, None, "element", None, "there is none; at least one [[element]]"))
    head = entry({"name": path.stem, **data}, "force", path.name, faults)
    if faults:
        raise InputError(faults)
    made = Force(
        **head, elements=tuple(Element(**r) for r in rows["element"]), pools=tuple(Pool(**r) for r in rows["pool"])
    )
    _sound(made, net, path.name)
    return made


def _sound(made: Force, net: Network | None, file: str) -> None:
    """Raise with every vehicle, place, mode and hour of a force that cannot be."""
    faults: list[Finding] = []

    def fault(number: int, key: str, value: Any, message: str) -> None:
        faults.append(Finding("error", file, None, key, str(value), f"element {number}: {message}"))

    def known(number: int, key: str, text: str, find: Any) -> Any:
        try:
            return find(text)
        except InputError as error:
            for finding in error.findings:
                fault(number, key, text, finding.message)
        return None

    for number, e in enumerate(made.elements, 1):
        kind = known(number, "vehicle", e.vehicle, lambda name: find_vehicle(name, net))
        if kind is not None and e.modes and not set(e.modes) & set(kind.modes):
            fault(number, "modes", ",".join(e.modes), f"{e.vehicle} moves by {', '.join(kind.modes)} only")
        if e.latest_h is not None and e.latest_h <= e.ready_h:
            fault(number, "latest_h", e.latest_h, f"it is ready at hour {e.ready_h:g} and must arrive later")
        if net is not None:
            for key in ("origin", "destination"):
                if text := getattr(e, key):
                    known(number, key, text, net.find_nodes)
    if made.sustainment_t_day:
        carrier = made.sustainment_vehicle
        if not carrier or not made.sustainment_payload_t:
            message = "sustainment_t_day needs sustainment_vehicle and sustainment_payload_t"
            faults.append(Finding("error", file, None, "sustainment_vehicle", None, message))
        else:
            try:
                find_vehicle(carrier, net)
            except InputError as error:
                text = error.findings[0].message
                faults.append(Finding("error", file, None, "sustainment_vehicle", carrier, text))
    if faults:
        raise InputError(faults)


def totals(made: Force, net: Network | None = None) -> dict[str, float]:
    """Return what a whole force comes to: vehicles, tonnes, lane metres, wagons, trains, ships and march units.

    Trains, wagons and march units are summed over elements that may use the mode, as if all of them did.

    Examples
    --------
    >>> totals(force("heavy-brigade"))["trains"] >= 25
    True
    """
    frame = made.to_frame(net)
    sums = {k: float(frame[k].fillna(0).astype(float).sum()) for k in ("tonnes", "lane_m", "wagons", "trains")}
    return {
        "elements": len(frame), "vehicles": made.vehicles, **sums, "ships": math.ceil(sums["lane_m"] / SHIP_LANE_M),
        "march_units": float(frame["march_units"].fillna(0).astype(float).sum()),
    }  # fmt: skip


def listing(net: Network | None = None) -> pd.DataFrame:
    """Return all known forces with what each comes to, one row each."""
    made = [force(name, net) for name in forces(net)]
    rows = [{"name": f.name, "title": f.title, "people": f.people, **totals(f, net)} for f in made]
    return pd.DataFrame(rows).set_index("name")


def modes_of(element: Element, kind: Vehicle, asked: Iterable[str] = MODES) -> list[str]:
    """Return the modes that an element may use of those asked for."""
    return [m for m in asked if m in kind.modes and (not element.modes or m in element.modes)]
