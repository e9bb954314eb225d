"""Column arithmetic of a road march: how long a column passes a point, how much road it takes, when it has closed.

Pure functions on numbers, as movement staffs do them by hand (FM 55-10, FM 55-30; the same family of rules in
STANAG 2154). Densities are vehicles per kilometre within a march unit, gaps are minutes between units.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict, Unpack

from mobility.errors import InputError

MARCH_UNIT = 25
"""Vehicles of one march unit by road: 20 to 25 (FM 55-10 family)."""

HALT_H, HALT_EVERY_H = 0.25, 2.0
"""A short halt, and the hours of marching between two."""

DRIVE_H, BREAK_H, DAY_DRIVE_H, NIGHT_H = 4.5, 0.75, 9.0, 11.0
"""Civil drivers break after so many hours, for so many; after so many of driving they rest so many (Reg. 561/2006)."""

_DAY = 12.0 / (1.0 + HALT_H / HALT_EVERY_H)

RESTS: Mapping[str, tuple[float, tuple[tuple[float, float, str], ...]]] = {
    "none": (1.0, ()),
    "march": (HALT_EVERY_H, ((HALT_EVERY_H, HALT_H, "halt"),)),
    "crew": (DAY_DRIVE_H, ((DRIVE_H, BREAK_H, "halt"), (DAY_DRIVE_H, NIGHT_H, "rest"))),
    "day": (
        _DAY,
        (
            *((HALT_EVERY_H * n, HALT_H, "halt") for n in range(1, int(_DAY / HALT_EVERY_H) + 1)),
            (_DAY, 24.0 - _DAY - HALT_H * int(_DAY / HALT_EVERY_H), "rest"),
        ),
    ),
}
"""Hours of driving after which halts and rest begin anew; and within them after how many comes which, for how long.

Marches halt for a quarter of an hour every two; civil crews break for 45 minutes and rest 11 hours after 9 of driving
(Reg. 561/2006, AETR); a march by daylight only goes on for twelve hours, halts included, and rests for twelve."""

REST: Mapping[str, float] = {name: 1.0 + math.fsum(h for _, h, _ in c) / hours for name, (hours, c) in RESTS.items()}
"""Hours on the road for one hour of driving: a mean that is the same for every hour, where a movement table places
each rest."""


def rests(rest: str, start_h: float, end_h: float) -> list[tuple[float, float, str]]:
    """Return the halts and rests that fall due in some hours of driving: after how many, for how long, and which.

    Examples
    --------
    >>> rests("crew", 4.0, 14.0)
    [(4.5, 0.75, 'halt'), (9.0, 11.0, 'rest'), (13.5, 0.75, 'halt')]
    >>> rests("march", 0.0, 2.0), rests("march", 2.0, 4.5)
    ([(2.0, 0.25, 'halt')], [(4.0, 0.25, 'halt')])
    """
    period, cycle = RESTS[rest]
    turns = range(int(start_h // period), int(end_h // period) + 1) if cycle else ()
    due = [(turn * period + after, hours, what) for turn in turns for after, hours, what in cycle]
    return [d for d in due if start_h + 1e-9 < d[0] <= end_h + 1e-9]


class Spacing(TypedDict, total=False):
    """How a column is spaced; see :class:`Column`."""

    per_km: float
    unit_gap_min: float
    serial_gap_min: float
    column_gap_min: float
    spread: bool


@dataclass(frozen=True)
class Column:
    """A road column: how its vehicles are grouped and spaced.

    Attributes
    ----------
    vehicles : int
    per_km : float
        Density within a march unit: 10 vehicles per km at the normal interval of 100 m.
    march_units, serials, columns : int
        Groups; a serial holds march units, a column holds serials.
    unit_gap_min, serial_gap_min, column_gap_min : float
        Time gaps between them: 2-5, 5-10 and 15-30 minutes.
    spread : bool
        Whether a minute per 25 vehicles is allowed for the column to open out (EXTAL).

    Examples
    --------
    200 vehicles, 12 to the kilometre, in 10 march units and 2 serials, at 40 km/h:

    >>> Column(200, per_km=12, march_units=10, serials=2, serial_gap_min=10).pass_min(40)
    83.0
    """

    vehicles: int
    per_km: float = 10.0
    march_units: int = 1
    serials: int = 1
    columns: int = 1
    unit_gap_min: float = 5.0
    serial_gap_min: float = 7.5
    column_gap_min: float = 22.5
    spread: bool = True

    def __post_init__(self) -> None:
        """Refuse what is no column."""
        if not 1 <= self.columns <= self.serials <= self.march_units <= self.vehicles:
            raise InputError(
                f"a column of {self.vehicles} vehicles in {self.march_units} march units, {self.serials} serials and "
                f"{self.columns} columns cannot be; each must be at least 1 and none larger than the one before"
            )
        numbers = (self.per_km, self.unit_gap_min, self.serial_gap_min, self.column_gap_min)
        if not all(math.isfinite(x) and x >= 0 for x in numbers) or self.per_km == 0:
            raise InputError("density must be above 0 and gaps at least 0")

    @classmethod
    def of(
        cls,
        vehicles: int,
        *,
        unit: int = MARCH_UNIT,
        per_serial: int = 4,
        per_column: int = 4,
        **spacing: Unpack[Spacing],
    ) -> Column:
        """Return a column of march units of at most `unit` vehicles, grouped as usual.

        >>> Column.of(400).march_units, Column.of(400).serials
        (16, 4)
        """
        units = math.ceil(vehicles / unit)
        serials = math.ceil(units / per_serial)
        return cls(vehicles, march_units=units, serials=serials, columns=math.ceil(serials / per_column), **spacing)

    @property
    def gaps_min(self) -> float:
        """Minutes of all gaps together."""
        return (
            (self.march_units - self.serials) * self.unit_gap_min
            + (self.serials - self.columns) * self.serial_gap_min
            + (self.columns - 1) * self.column_gap_min
        )

    def pass_min(self, speed_kmh: float) -> float:
        """Return the minutes from the first to the last vehicle at a point.

        ``60 N / (D S) + gaps + N / 25``, the last term only with `spread`.

        Raises
        ------
        InputError
            When the speed is not above 0.
        """
        _positive(speed_kmh)
        moving = 60.0 * self.vehicles / (self.per_km * speed_kmh)
        return moving + self.gaps_min + (self.vehicles / 25.0 if self.spread else 0.0)

    def road_km(self, speed_kmh: float) -> float:
        """Return the length of road that the column takes: ``pass time x speed / 60``."""
        return self.pass_min(speed_kmh) * speed_kmh / 60.0

    def vehicles_per_hour(self, speed_kmh: float) -> float:
        """Return the mean rate at which the column passes."""
        return 60.0 * self.vehicles / self.pass_min(speed_kmh)

    def closure_h(self, length_km: float, speed_kmh: float, *, halts_h: float = 0.0) -> float:
        """Return the hours from the start of the first to the arrival of the last vehicle.

        Time distance (length by rate of march), halts, and the pass time.

        Raises
        ------
        InputError
            When the speed is not above 0, or length or halts are negative.

        Examples
        --------
        >>> round(Column(1, spread=False).closure_h(100, 40), 4)
        2.5025
        """
        _positive(speed_kmh)
        if not (length_km >= 0 and halts_h >= 0):
            raise InputError(f"length {length_km} km and halts {halts_h} h must be at least 0")
        return length_km / speed_kmh + halts_h + self.pass_min(speed_kmh) / 60.0


def halts_h(marching_h: float, *, meals: int = 0, meal_h: float = 0.75) -> float:
    """Return the short and long halts of a march.

    A quarter of an hour after the first hour, then one every two hours; meals on top (30 to 60 minutes each).

    Examples
    --------
    >>> halts_h(1.0), halts_h(1.5), halts_h(5.0), halts_h(9.0, meals=1)
    (0.0, 0.25, 0.5, 1.75)
    """
    if not (marching_h >= 0 and math.isfinite(marching_h)):
        raise InputError(f"marching time {marching_h} h must be at least 0")
    if marching_h <= 1.0:
        return meals * meal_h
    later = math.ceil((marching_h - 1.0) / HALT_EVERY_H) - 1
    return HALT_H * (1 + max(0, later)) + meals * meal_h


def crew_rest_h(driving_h: float) -> float:
    """Return the rest that civil drivers owe: 45 minutes in 4.5 hours, and 11 hours after 9 (Reg. 561/2006, AETR).

    The break is due before driving goes on; the daily rest stands for the break that falls on the same point.

    Examples
    --------
    >>> crew_rest_h(4.5), crew_rest_h(9.0), crew_rest_h(10.0)
    (0.0, 0.75, 11.75)
    """
    if not (driving_h >= 0 and math.isfinite(driving_h)):
        raise InputError(f"driving time {driving_h} h must be at least 0")
    full_days = max(0, math.ceil(round(driving_h / DAY_DRIVE_H, 9)) - 1)
    breaks = max(0, math.ceil(round(driving_h / DRIVE_H, 9)) - 1) - full_days
    return full_days * NIGHT_H + breaks * BREAK_H


def wagons_per_train(
    train_m: float,
    wagon_m: float,
    *,
    loco_m: float = 20.0,
    trailing_t: float | None = None,
    wagon_t: float | None = None,
) -> int:
    """Return the wagons that one train takes, by its length and, if given, by its trailing mass.

    ``min(floor((train - locomotive) / wagon), floor(trailing / wagon mass))``

    Examples
    --------
    >>> wagons_per_train(740, 19.9, loco_m=40)
    35
    """
    if not (wagon_m > 0 and train_m >= loco_m >= 0):
        raise InputError(f"a train of {train_m} m with wagons of {wagon_m} m cannot be")
    by_length = math.floor((train_m - loco_m) / wagon_m)
    if trailing_t is None or wagon_t is None:
        return by_length
    if not (trailing_t >= 0 and wagon_t > 0):
        raise InputError(f"a trailing mass of {trailing_t} t with wagons of {wagon_t} t cannot be")
    return min(by_length, math.floor(trailing_t / wagon_t))


LOCO_T, LOCO_KN = 84.0, 260.0
"""The planning locomotive: four axles of 21 t, and what they pull at the rim where adhesion allows about 0.32."""

WAGON_N_PER_KN = 2.5
"""Resistance of laden wagons at low speed, curves included, in N for each kN of weight."""

GRAVITY = 9.81


def trailing_t(gradient_permille: float, *, loco_t: float = LOCO_T, tractive_kn: float = LOCO_KN) -> float:
    """Return the mass that one locomotive starts on a gradient.

    What it pulls less what it takes to lift itself, over what a tonne of wagons takes:
    ``(1000 F / g - M (i + r)) / (i + r)`` with `F` in kN, masses in t, gradient and resistance in permille.

    Parameters
    ----------
    gradient_permille : float
        The steepest of the line; at least 0.
    loco_t, tractive_kn : float
        Mass and pull of the locomotive; 260 kN of 84 t ask for an adhesion of 0.32, which dry rail gives below
        about 15 km/h (Curtius and Kniffler 1944: ``7.5 / (v + 44) + 0.161``).

    Returns
    -------
    float
        Tonnes behind the locomotive, at least 0.

    References
    ----------
    Wende, D. (2003). Fahrdynamik des Schienenverkehrs. Teubner, Stuttgart: limiting loads.
    Curtius, E. W. and Kniffler, A. (1944). Neue Erkenntnisse ueber die Haftung zwischen Treibrad und Schiene.
    Elektrische Bahnen 20, 25-39 and 51-60.

    Examples
    --------
    >>> round(trailing_t(26)), round(trailing_t(12.5)), trailing_t(400)
    (846, 1683, 0.0)
    """
    numbers = (gradient_permille, loco_t, tractive_kn)
    if not all(math.isfinite(x) and x >= 0 for x in numbers):
        raise InputError(f"gradient {gradient_permille} permille, {loco_t} t and {tractive_kn} kN must be at least 0")
    taken = gradient_permille + WAGON_N_PER_KN
    return max(0.0, 1000.0 * tractive_kn / GRAVITY / taken - loco_t)


def _positive(speed_kmh: float) -> None:
    if not (speed_kmh > 0 and math.isfinite(speed_kmh)):
        raise InputError(f"the speed is {speed_kmh} km/h; it must be above 0")
