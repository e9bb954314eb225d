"""OpenStreetMap tags: what one says about a road or railway, in the units of the tables.

A tag is free text. Each value that is meant to be a limit is read to a :class:`Reading`, which tells apart a number, a
sign or rule that sets no limit, a legal default, a missing sign, and what cannot be read. Nothing unreadable becomes a
number, and nothing unreadable becomes "no limit".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from mobility.schema import LINE_CATEGORY, columns
from mobility.vehicle import GAUGE_ORDER

POUND_T, SHORT_TON_T, LONG_TON_T, HUNDREDWEIGHT_T = 0.00045359237, 0.90718474, 1.0160469088, 0.05080234544
FOOT_M, INCH_M, MILE_KM, KNOT_KMH = 0.3048, 0.0254, 1.609344, 1.852

APPROXIMATE = 0.8
"""A limit marked as approximate (``~3``) counts with this part of its value, as other routers have it."""

HGV_T = 3.5
"""Where ``hgv=no`` bans heavy goods vehicles: those above this mass."""

MAX_TEXT = 255
"""OpenStreetMap allows so many characters in a value; more is not read."""

LIMITS = ("max_mass_t", "max_axle_t", "max_metre_load_t", "max_height_m", "max_width_m", "max_length_m")
"""Columns of links that tags can set, in this order."""

_KEYS: Mapping[str, tuple[str, str]] = {
    "maxweight": ("max_mass_t", "mass"),
    "maxweightrating": ("max_mass_t", "mass"),
    "maxgcweight": ("max_mass_t", "mass"),
    "maxgcweightrating": ("max_mass_t", "mass"),
    "maxaxleload": ("max_axle_t", "mass"),
    "axle_load": ("max_axle_t", "mass"),
    "maxmeterload": ("max_metre_load_t", "mass"),
    "maxmetreload": ("max_metre_load_t", "mass"),
    "meter_load": ("max_metre_load_t", "mass"),
    "maxheight": ("max_height_m", "length"),
    "maxwidth": ("max_width_m", "length"),
    "maxlength": ("max_length_m", "length"),
}
"""Key of a tag to the column it limits and the kind of its value."""

LEGAL_KEYS = ("maxweightrating", "maxgcweightrating", "hgv")
"""These ban a class of vehicle by law; the road may carry more."""

_OURS = ("hgv", "goods", "motor_vehicle", "vehicle", "hgv_articulated", "trailer", "tracked_vehicle", "motorcar")
"""Parts of a key or condition that are about the vehicles of this package."""

_EXEMPT = (
    "destination", "delivery", "residents", "resident", "customers", "agricultural", "forestry", "permit", "permission",
    "emergency", "psv", "bus", "tourist_bus", "coach", "bicycle", "motorcycle", "moped", "foot", "taxi", "private",
    "access", "disabled", "school_bus", "employees", "loading", "maintenance", "service", "staff", "snowmobile",
)  # fmt: skip
"""Conditions about others, or about those who have business on the road; transit gains and loses nothing by them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a value of a tag means.

    Attributes
    ----------
    state : {"value", "none", "default", "unsigned", "unknown"}
        A number; no limit, by a sign or rule that says so; the legal default, which the tag does not state;
        nothing signed; nothing that can be read.
    value : float
        In tonnes, metres or km/h; NaN without one.
    note : str
        What had to be assumed, or why it cannot be read.
    """

    state: str
    value: float = math.nan
    note: str = ""


_WORDS: Mapping[str, str] = {
    "none": "none", "no": "none", "unlimited": "none", "no_limit": "none", "infinite": "none", "free": "none",
    "default": "default", "below_default": "unknown", "implicit": "default", "legal": "default", "standard": "default",
    "unsigned": "unsigned", "no_sign": "unsigned", "nosign": "unsigned", "no-sign": "unsigned",
    "no sign": "unsigned", "no_indications": "unsigned",
}  # fmt: skip

_NUMBER = r"(\d+(?:\.\d+)?|\.\d+)"
_MASS = re.compile(
    rf"{_NUMBER}\s*(?:(short\s*tons?|st|long\s*tons?|lt|tonnes?|tons?|to|t|kgs?|lbs?|pounds?|cwt|kn|)\.?)"
    r"\s*(?:mgw|gvw|gross)?"
)
_METRES = re.compile(rf"{_NUMBER}\s*(millimet(?:er|re)s?|mm|centimet(?:er|re)s?|cm|met(?:er|re)s?|m|)\.?")
_FEET = re.compile(rf"{_NUMBER}\s*(?:ft|feet|foot|')\.?\s*-?(?:{_NUMBER}\s*(?:inches|inch|in|\"|'')?\.?)?")
_INCHES = re.compile(rf"{_NUMBER}\s*(?:inches|inch|in|\"|'')\.?")
_SPEED = re.compile(rf"{_NUMBER}\s*(km/h|kmh|kph|km/hr|mph|knots|kn|)\.?")
_ZONE = re.compile(r"([a-z]{2}(?:-[a-z]{2,3})?):(?:([a-z_]+)|(?:zone)?:?(\d{1,3}))")
_APPROX = re.compile(r"^(?:~|ca\.?|about|approx\.?)\s*|\s*(?:approx\.?|approximately|ca\.?)$")

_PER_MASS: Mapping[str, float] = {
    "": 1.0, "t": 1.0, "to": 1.0, "ton": 1.0, "tons": 1.0, "tonne": 1.0, "tonnes": 1.0, "kg": 0.001, "kgs": 0.001,
    "lb": POUND_T, "lbs": POUND_T, "pound": POUND_T, "pounds": POUND_T, "st": SHORT_TON_T, "shortton": SHORT_TON_T,
    "shorttons": SHORT_TON_T, "lt": LONG_TON_T, "longton": LONG_TON_T, "longtons": LONG_TON_T, "cwt": HUNDREDWEIGHT_T,
    "kn": 1 / 9.80665,
}  # fmt: skip

ZONE_KMH: Mapping[str, float] = {
    "urban": 50.0, "rural": 80.0, "trunk": 100.0, "motorway": 120.0, "living_street": 7.0, "walk": 6.0,
    "nsl_single": 96.6, "nsl_dual": 112.7,
}  # fmt: skip
"""Speed of a zone (``RO:urban``): the usual one, states differ by some 10 km/h outside towns."""


@lru_cache(maxsize=65_536)
def measure(text: str, kind: str) -> Reading:
    r"""Return what a value says as a mass (t), a length (m) or a speed (km/h).

    Of several values between semicolons the most restrictive counts. A bare mass from 1000 on is taken as
    kilograms and a bare length from 100 on as centimetres, with a note: as tonnes and metres they could not bind.

    Parameters
    ----------
    text : str
    kind : {"mass", "length", "speed"}

    Examples
    --------
    >>> measure("7.5 t", "mass").value, round(measure("12'6\"", "length").value, 2), measure("none", "mass").state
    (7.5, 3.81, 'none')
    """
    if len(text) > MAX_TEXT:
        return Reading("unknown", note=f"{len(text)} characters")
    if ";" in text:
        parts = [measure(p, kind) for p in text.split(";") if p.strip()]
        if parts:
            known = [p for p in parts if p.state == "value"]
            best = min(known, key=lambda p: p.value) if known else _least(parts)
            odd = [p.note for p in parts if p.state == "unknown"]
            return Reading(best.state, best.value, "; ".join(dict.fromkeys([best.note, *odd])).strip("; "))
    plain = text.strip().casefold().replace("\u00a0", " ").replace("\u202f", " ")
    for prime, mark in (("′", "'"), ("’", "'"), ("´", "'"), ("`", "'"), ("″", '"'), ("”", '"'), ("“", '"'), ("−", "-")):
        plain = plain.replace(prime, mark)
    if plain in _WORDS:
        state = _WORDS[plain]
        return Reading(
            state, note="" if state != "unknown" else f"{plain}: lower than the legal default, by how much is not said"
        )
    if not plain:
        return Reading("unknown", note="empty")
    if kind == "speed":
        return _speed(plain)
    factor, note = 1.0, ""
    bare = _APPROX.sub("", plain)
    if bare != plain:
        plain, factor, note = bare, APPROXIMATE, "approximate: four fifths count"
    value, more = (_mass if kind == "mass" else _length)(_decimal(plain))
    if value != value:
        return Reading("unknown", note=f"not readable: {text.strip()[:60]}")
    if value <= 0 or math.isinf(value):
        return Reading("unknown", note=f"no limit can be {text.strip()[:60]}")
    return Reading("value", round(value * factor, 6), "; ".join(x for x in (note, more) if x))


def _least(parts: Iterable[Reading]) -> Reading:
    """Return the reading that promises least."""
    order = ("unknown", "unsigned", "default", "none")
    return min(parts, key=lambda p: order.index(p.state))


def _decimal(plain: str) -> str:
    """Write a decimal comma as a point; before kilograms or pounds ``3,500`` has a comma of thousands."""
    if re.match(r"\d{1,3},\d{3}\s*(kg|lb|pound)", plain):
        return plain.replace(",", "", 1)
    return re.sub(r"(\d),(\d)", r"\1.\2", plain, count=1)


def _mass(plain: str) -> tuple[float, str]:
    hit = _MASS.fullmatch(plain)
    if hit is None:
        return math.nan, ""
    value, unit = float(hit[1]), re.sub(r"\s", "", hit[2])
    if not unit and value >= 1000:
        return value / 1000, f"{hit[1]} taken as kilograms"
    return value * _PER_MASS[unit], ""


def _length(plain: str) -> tuple[float, str]:
    hit = _METRES.fullmatch(plain)
    if hit is not None:
        value, unit = float(hit[1]), hit[2]
        if unit.startswith(("mm", "milli")):
            return value / 1000, ""
        if unit.startswith("c"):
            return value / 100, ""
        if not unit and value >= 100:
            return value / 100, f"{hit[1]} taken as centimetres"
        return value, ""
    hit = _FEET.fullmatch(plain)
    if hit is not None:
        return float(hit[1]) * FOOT_M + float(hit[2] or 0) * INCH_M, ""
    hit = _INCHES.fullmatch(plain)
    return (float(hit[1]) * INCH_M, "") if hit is not None else (math.nan, "")


def _speed(plain: str) -> Reading:
    if plain == "walk":
        return Reading("value", 6.0, "walking pace")
    hit = _SPEED.fullmatch(plain)
    if hit is not None:
        factor = {"mph": MILE_KM, "knots": KNOT_KMH, "kn": KNOT_KMH}.get(hit[2], 1.0)
        value = float(hit[1]) * factor
        if 0 < value <= 1000:
            return Reading("value", round(value, 3))
        return Reading("unknown", note=f"no speed limit can be {plain[:60]}")
    zone = _ZONE.fullmatch(plain)
    if zone is not None and (zone[3] or zone[2] in ZONE_KMH):
        return Reading("value", float(zone[3]) if zone[3] else ZONE_KMH[zone[2]], f"zone {plain}")
    return Reading("unknown", note=f"not readable: {plain[:60]}")


# ---- conditions

_SIZE = re.compile(r"(?:weight|weightrating|axles|axleload|length|width|height)\s*>")


def clauses(text: str) -> list[tuple[str, str]]:
    """Return the (value, condition) pairs of a conditional restriction, the condition without its parentheses.

    >>> clauses("7.5 @ (Mo-Fr 07:00-19:00; Sa); none @ delivery")
    [('7.5', 'Mo-Fr 07:00-19:00; Sa'), ('none', 'delivery')]
    """
    parts, depth, start = [], 0, 0
    text = text[: 8 * MAX_TEXT]
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if c == ";" and depth <= 0:
            parts.append(text[start:i])
            start = i + 1
    out = []
    for part in [*parts, text[start:]]:
        value, at, condition = part.partition("@")
        if at and value.strip():
            out.append((value.strip(), condition.strip().removeprefix("(").removesuffix(")").strip()))
    return out


def concerns(condition: str) -> str:
    """Return whom a condition is about: ``always`` our vehicles, ``never`` them, or them ``sometimes``.

    >>> concerns("hgv"), concerns("destination"), concerns("Mo-Fr 07:00-19:00"), concerns("weight>7.5")
    ('always', 'never', 'sometimes', 'always')
    """
    tests = [t.strip().casefold() for t in re.split(r"\bAND\b|\band\b", condition)]
    met = ["never" if t in _EXEMPT else "always" if t in _OURS or _SIZE.match(t) else "sometimes" for t in tests]
    return "never" if "never" in met else "sometimes" if "sometimes" in met else "always"


# ---- limits


@dataclass(slots=True)
class Limits:
    """The limits of a way in one direction.

    Attributes
    ----------
    value : dict of column to float
        What binds, conditions that hold sometimes included.
    high : dict of column to float
        What is left of a limit when a condition does not hold or a legal ban is waived; infinity for no limit.
    tag : dict of column to str
        The tag that set the value.
    states : dict of column to str
        Where there is no value: none, default, unsigned or unknown.
    notes : list of str
    """

    value: dict[str, float] = field(default_factory=dict)
    high: dict[str, float] = field(default_factory=dict)
    tag: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def lower(self, column: str, value: float, high: float, tag: str) -> None:
        """Take a limit on; the lower one stays, and so does the lower one of what is left."""
        if value < self.value.get(column, math.inf):
            self.value[column], self.tag[column] = value, tag
        self.high[column] = min(high, self.high.get(column, math.inf))
        self.states.pop(column, None)

    def state(self, column: str, state: str) -> None:
        """Note a value that is no number, unless one is known; what promises least stays."""
        if column not in self.value:
            order = ("unknown", "unsigned", "default", "none")
            self.states[column] = min(state, self.states.get(column, "none"), key=order.index)

    def join(self, other: Limits) -> None:
        """Take on the limits of what follows on the same link."""
        for column, value in other.value.items():
            self.lower(column, value, other.high[column], other.tag[column])
        for column, state in other.states.items():
            self.state(column, state)
        self.notes += [n for n in other.notes if n not in self.notes]

    def key(self) -> tuple[object, ...]:
        """Return what two directions must share to be one link."""
        return tuple(sorted(self.value.items())), tuple(sorted(self.high.items()))


_NOTHING = Limits()


def limits(tags: Mapping[str, str], *, mode: str = "road") -> tuple[Limits, Limits]:
    """Return the limits of a way forward and backward; one object for both where they do not differ.

    Keys are read as ``limit[:physical][:vehicle][:direction][:conditional]``. ``:hgv`` and the like bind, limits
    of buses and others do not.

    Examples
    --------
    >>> fore, back = limits({"maxweight:forward": "7.5", "maxheight": "3.8 m"})
    >>> fore.value, back.value
    ({'max_height_m': 3.8, 'max_mass_t': 7.5}, {'max_height_m': 3.8})
    """
    found: list[tuple[str, list[str], str]] = []
    for key, text in tags.items():
        if key.startswith(("max", "hgv", "axle_load", "meter_load", "railway:track_class", "railway:axle")):
            base, *parts = key.split(":")
            if base in _KEYS or base == "hgv":
                found.append((base, parts, text))
            elif base == "railway" and parts[:1] in (["axle_load"], ["maxaxleload"]):
                found.append(("axle_load", parts[1:], text))
    general = {"access:conditional", "motor_vehicle:conditional", "vehicle:conditional"}
    found += [("hgv", ["conditional"], tags[k]) for k in sorted(general & tags.keys())] if mode == "road" else []
    if not found:
        return _NOTHING, _NOTHING
    fore, back = Limits(), Limits()
    for base, parts, text in sorted(found, key=lambda f: len(f[1])):  # what holds always comes before conditions
        sides = [fore] if "forward" in parts else [back] if "backward" in parts else [fore, back]
        rest = [p for p in parts if p not in ("forward", "backward")]
        conditional = "conditional" in rest
        others = [p for p in rest if p not in ("conditional", "physical", "signed", "legal", *_OURS)]
        tag = ":".join([base, *parts]) + "=" + text[:80]
        if base == "hgv":
            if mode == "road" and not others and "conditional" in rest:
                for side in sides:
                    _banned_if(side, text, tag)
            elif mode == "road" and not rest:
                for side in sides:
                    _banned(side, text, tag)
            continue
        column, kind = _KEYS[base]
        if others:
            if others[0] == "lanes":
                for side in sides:
                    side.notes.append(f"{tag}: limits by lane are not read")
            continue
        for side in sides:
            if "signed" in rest:
                if text == "no":
                    side.state(column, "unsigned")
            elif conditional:
                _limited_if(side, column, kind, text, tag)
            else:
                reading = measure(text, kind)
                if reading.state == "value":
                    legal = base in LEGAL_KEYS
                    side.lower(column, reading.value, math.inf if legal else reading.value, tag)
                else:
                    side.state(column, reading.state)
                if reading.note or reading.state == "unknown":
                    side.notes.append(f"{tag}: {reading.note}")
    return (fore, fore) if fore == back else (fore, back)


def _limited_if(side: Limits, column: str, kind: str, text: str, tag: str) -> None:
    """Take on a limit that holds under conditions."""
    pairs = clauses(text)
    if not pairs:
        side.state(column, "unknown")
        side.notes.append(f"{tag}: no condition can be read")
    for value, condition in pairs:
        about, reading = concerns(condition), measure(value, kind)
        if about == "never":
            continue
        if reading.state != "value":
            if reading.state == "unknown":
                side.state(column, "unknown")
                side.notes.append(f"{tag}: {reading.note}")
            elif about == "sometimes" and column in side.value:
                side.high[column] = math.inf
                side.notes.append(f"{tag}: lifted {condition[:60]}")
            continue
        before = side.value.get(column, math.inf)
        if about == "always":
            side.lower(column, reading.value, reading.value, tag)
        elif reading.value < before:
            spare = side.high.get(column, math.inf)
            side.value[column], side.tag[column], side.high[column] = reading.value, tag, spare
            side.states.pop(column, None)
            side.notes.append(f"{tag}: counts although it holds only {condition[:60]}")
        elif reading.value > before:
            side.high[column] = max(side.high[column], reading.value)
            side.notes.append(f"{tag}: more {condition[:60]}")


def _banned(side: Limits, text: str, tag: str) -> None:
    if text in ("no", "agricultural", "forestry", "unsuitable"):
        side.lower("max_mass_t", HGV_T, math.inf, tag)
        side.notes.append(f"{tag}: a ban on vehicles above {HGV_T} t, not a weak structure")
    elif text in ("destination", "delivery", "private", "customers", "permit", "discouraged", "local"):
        side.notes.append(f"{tag}: heavy vehicles have no right of transit")


def _banned_if(side: Limits, text: str, tag: str) -> None:
    """Read ``no @ (weight>7.5)`` as a mass limit; bans by hours are noted and do not close a road."""
    for value, condition in clauses(text):
        hit = re.search(r"weight(?:rating)?\s*>=?\s*([^;()]+)", condition, re.IGNORECASE)
        if value != "no":
            continue
        if hit is not None:
            reading = measure(re.split(r"\bAND\b", hit[1], flags=re.IGNORECASE)[0], "mass")
            if reading.state == "value":
                side.lower("max_mass_t", reading.value, math.inf, tag)
                continue
        for word, column in (
            ("axleload", "max_axle_t"),
            ("length", "max_length_m"),
            ("width", "max_width_m"),
            ("height", "max_height_m"),
        ):
            hit = re.search(rf"\b{word}\s*>=?\s*([^;()]+)", condition, re.IGNORECASE)
            reading = measure(hit[1], "mass" if word == "axleload" else "length") if hit else Reading("unknown")
            if reading.state == "value":
                side.lower(column, reading.value, math.inf, tag)
                break
        else:
            side.notes.append(f"{tag}: a ban that holds sometimes; not counted")


# ---- everything else that a road or railway says

_SHUT = (
    "bollard", "block", "jersey_barrier", "wall", "fence", "debris", "log", "cycle_barrier", "stile", "turnstile",
    "kissing_gate", "motorcycle_barrier", "city_wall", "guard_rail", "retaining_wall", "ditch", "chain",
)  # fmt: skip


def oneway(tags: Mapping[str, str]) -> int | None:
    """Return 1 for one way as drawn, -1 against it, 0 for both ways, None where it changes by the hour.

    The most specific tag wins; a motorway and a roundabout are one-way unless a tag says no.

    >>> oneway({"highway": "motorway"}), oneway({"oneway": "-1"}), oneway({"oneway": "reversible"})
    (1, -1, None)
    """
    for key in ("oneway:hgv", "oneway:motorcar", "oneway:motor_vehicle", "oneway:vehicle", "oneway"):
        text = tags.get(key, "")
        if not text:
            continue
        text = text.strip().casefold()
        if text in ("yes", "true", "1"):
            return 1
        if text in ("-1", "reverse"):
            return -1
        if text == "reversible":
            return None
        if text in ("no", "false", "0", "alternating"):
            return 0
    implied = tags.get("highway") == "motorway" or tags.get("junction") in ("roundabout", "circular")
    return 1 if implied else 0


def closed(tags: Mapping[str, str]) -> str:
    """Return the tag that closes a way or a point to motor vehicles, or nothing.

    >>> closed({"access": "no"}), closed({"access": "no", "motor_vehicle": "yes"}), closed({"barrier": "bollard"})
    ('access=no', '', 'barrier=bollard')
    """
    for key in ("hgv", "goods", "motorcar", "motor_vehicle", "vehicle", "access"):
        text = tags.get(key, "")
        if not text:
            continue
        text = text.strip().casefold()
        if not text or (key in ("hgv", "goods", "motorcar") and text == "no"):
            continue  # a ban on one kind of vehicle closes the road to no other
        if text in ("no", "agricultural", "forestry", "agricultural;forestry", "psv", "bus", "emergency"):
            return f"{key}={text}"
        return ""
    barrier = tags.get("barrier", "")
    return f"barrier={barrier}" if barrier in _SHUT else ""


def yes(tags: Mapping[str, str], key: str) -> bool:
    """Return whether a tag is there and does not say no."""
    return tags.get(key, "no").strip().casefold() not in ("no", "false", "0", "", "proposed", "abandoned", "removed")


def whole(text: str | None) -> float:
    """Return the least whole number of a value such as ``2`` or ``2;3``; NaN without one.

    >>> whole("2;3"), whole("1.5"), whole("two")
    (2.0, 1.0, nan)
    """
    if not text:
        return math.nan
    found = [float(int(float(p))) for p in text[:MAX_TEXT].split(";") if re.fullmatch(r"\s*\d{1,3}(\.\d+)?\s*", p)]
    return min((x for x in found if x > 0), default=math.nan)


def lanes(tags: Mapping[str, str]) -> tuple[float, float, float]:
    """Return the lanes of a way: in all, forward, backward; NaN where neither tagged nor plain from the rest.

    >>> lanes({"lanes": "3", "lanes:forward": "2"}), lanes({"lanes": "2", "oneway": "yes"})
    ((3.0, 2.0, 1.0), (2.0, 2.0, nan))
    """
    total, fore, back = whole(tags.get("lanes")), whole(tags.get("lanes:forward")), whole(tags.get("lanes:backward"))
    way = oneway(tags)
    if way:
        here = total if total == total else fore if way > 0 else back
        return (here, here, math.nan) if way > 0 else (here, math.nan, here)
    if total == total:
        if fore != fore and back != back:
            fore = back = total / 2
        elif fore != fore:
            fore = max(total - back, 0.0)
        elif back != back:
            back = max(total - fore, 0.0)
    elif fore == fore and back == back:
        total = fore + back
    return total, fore, back


def line_category(text: str | None) -> str:
    """Return the EN 15528 category of ``railway:track_class``; a variant counts as the category below it.

    >>> line_category("d4"), line_category("CE"), line_category("CM4"), line_category("class 5")
    ('D4', 'C4', 'C4', '')
    """
    word = (text or "").strip().upper().replace(" ", "")
    word = {"CE": "C4", "CM2": "C2", "CM3": "C3", "CM4": "C4", "D5": "D4", "D4XL": "D4", "E6": "E5"}.get(word, word)
    return word if word in LINE_CATEGORY else ""


def gauge(text: str | None) -> tuple[float, str]:
    """Return the track gauge in mm and a note; of several the standard one.

    >>> gauge("1000;1435"), gauge("standard")
    ((1435.0, 'gauge=1000;1435'), (1435.0, ''))
    """
    if not text:
        return math.nan, ""
    bounds = columns("links")["gauge_mm"]
    found = [1435.0 if p.strip() == "standard" else whole_mm(p) for p in text[:MAX_TEXT].split(";")]
    known = [g for g in found if bounds.min <= g <= bounds.max]
    if not known:
        return math.nan, f"gauge={text[:40]}: not readable"
    return (1435.0 if 1435.0 in known else min(known)), (f"gauge={text[:40]}" if len(known) > 1 else "")


def whole_mm(text: str) -> float:
    """Return a number of millimetres, NaN when it is none."""
    hit = re.fullmatch(r"\s*(\d{1,5})\s*(?:mm)?\s*", text)
    return float(hit[1]) if hit else math.nan


def electrified(tags: Mapping[str, str]) -> tuple[float, str]:
    """Return 1, 0 or NaN, and the system in words.

    >>> electrified({"electrified": "contact_line", "voltage": "25000", "frequency": "50"})
    (1.0, '25 kV 50 Hz')
    """
    text = tags.get("electrified", "").strip().casefold()
    if text in ("no", "none"):
        return 0.0, ""
    wired = text in (
        "yes",
        "contact_line",
        "rail",
        "4th_rail",
        "ground-level_power_supply",
        "contact_line;rail",
        "rail;contact_line",
    )
    volts, hertz = whole_volts(tags.get("voltage")), tags.get("frequency", "").strip()
    system = ""
    if wired and volts == volts:
        system = f"{volts / 1000:g} kV" + (
            f" {hertz} Hz" if re.fullmatch(r"\d+(\.\d+)?", hertz) and float(hertz) else " DC" if hertz == "0" else ""
        )
    return (1.0 if wired else math.nan), system


def whole_volts(text: str | None) -> float:
    """Return a voltage in V, NaN when it is not one number."""
    hit = re.fullmatch(r"\s*(\d{2,6})\s*v?\s*", (text or "").casefold())
    return float(hit[1]) if hit else math.nan


def loading_gauge(text: str | None) -> str:
    """Return G1, GA, GB or GC, or nothing.

    >>> loading_gauge("UIC GB"), loading_gauge("AAR Plate C")
    ('GB', '')
    """
    word = (text or "").strip().upper().removeprefix("UIC").strip()
    return word if word in GAUGE_ORDER else ""


def gradient(text: str | None) -> float:
    """Return the steepest gradient in permille, NaN where none is stated.

    >>> gradient("-12.5‰"), gradient("2%"), gradient("up")
    (12.5, 20.0, nan)
    """
    hit = re.fullmatch(r"\s*-?(\d{1,3}(?:\.\d+)?)\s*(%|‰|permille)\s*", text or "")
    return math.nan if hit is None else float(hit[1]) * (10.0 if hit[2] == "%" else 1.0)
