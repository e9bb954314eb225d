"""The schema: what each column of each table is, and how a table is read by it.

`schema.csv` beside this file has one row per column. Reading, checking, defaults, the ranges of estimates
and the data dictionary all come from it, so that they cannot disagree.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mobility.errors import Finding, InputError, did_you_mean

MAX_BYTES = 2_000_000_000
"""A table larger than this is refused before it is read."""

BLOCK = 20_000
"""So many rows of a file are held as text at a time; what they say takes a tenth of the room."""

MAX_FINDINGS = 20
"""Of each kind of fault in a column this many are listed; the rest is counted."""

LINE_CATEGORY: Mapping[str, tuple[float, float]] = {
    "A": (16.0, 5.0), "B1": (18.0, 5.0), "B2": (18.0, 6.4), "C2": (20.0, 6.4), "C3": (20.0, 7.2),
    "C4": (20.0, 8.0), "D2": (22.5, 6.4), "D3": (22.5, 7.2), "D4": (22.5, 8.0), "E4": (25.0, 8.0),
    "E5": (25.0, 8.8),
}  # fmt: skip
"""EN 15528 line categories: axle load in t, mass per metre over buffers in t/m."""

FLAGS: Mapping[str, float] = {
    "1": 1.0, "0": 0.0, "yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0, "1.0": 1.0, "0.0": 0.0
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One row of ``schema.csv``.

    Attributes
    ----------
    type : str
        ``id``, ``text``, ``number``, ``flag``, ``word``, ``list``, ``map``, ``ranges``, ``set``, ``sources``,
        ``ref:TABLE`` or ``refs:TABLE``.
    min, max : float
        Hard bounds; a value outside is an error.
    low, high : float
        Plausible bounds; a value outside is a warning of ``check``.
    default : mapping of str to float or str
        By ``mode.class``, ``mode.tracks``, ``mode`` or, under the empty key, for all.
    range : mapping of str to str
        By confidence, how far an estimate may be off: ``-20:+20`` or ``x0.8:1.2``.
    better : {"high", "low", ""}
        Which end of the range is the favourable one.
    """

    table: str
    column: str
    type: str
    unit: str
    min: float
    max: float
    low: float
    high: float
    required: bool
    default: Mapping[str, str]
    words: tuple[str, ...]
    range: Mapping[str, str]
    better: str
    merge: str
    description: str

    @property
    def is_number(self) -> bool:
        """Whether values are held as floats, NaN for unknown."""
        return self.type in ("number", "flag")

    @property
    def is_list(self) -> bool:
        """Whether a cell holds items between semicolons."""
        return self.type in ("list", "map", "ranges", "set", "sources") or self.type.startswith("refs:")


def _pairs(text: str) -> dict[str, str]:
    parts = (p.partition("=") for p in text.split(";") if p)
    return {key: value for key, eq, value in parts if eq} if "=" in text else ({"": text} if text else {})


@cache
def columns(table: str) -> Mapping[str, Column]:
    """Return the columns of a table by name, in the order of ``schema.csv``.

    >>> columns("links")["max_axle_t"].unit
    't'
    """
    return {c.column: c for c in _schema() if c.table == table}


@cache
def tables() -> tuple[str, ...]:
    """Return the names of all tables that the schema knows."""
    return tuple(t for t in dict.fromkeys(c.table for c in _schema()) if t not in SECTIONS)


VEHICLE_SECTIONS = ("vehicle", "wagon", "train")
FORCE_SECTIONS = ("force", "element", "pool")
SECTIONS = VEHICLE_SECTIONS + FORCE_SECTIONS
"""What the schema describes that stands in ``vehicles.toml`` and in force files, not in a table of its own."""


@cache
def _schema() -> tuple[Column, ...]:
    def number(text: str, empty: float) -> float:
        return float(text) if text else empty

    with (Path(__file__).parent / "schema.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Column(
                table=r["table"], column=r["column"], type=r["type"], unit=r["unit"],
                min=number(r["min"], -np.inf), max=number(r["max"], np.inf),
                low=number(r["low"], -np.inf), high=number(r["high"], np.inf),
                required=r["required"] == "yes", default=_pairs(r["default"]),
                words=tuple(w for w in r["words"].split("|") if w), range=_pairs(r["range"]),
                better=r["better"], merge=r["merge"], description=r["description"],
            )
            for r in csv.DictReader(file)
        )  # fmt: skip


def default(table: str, column: str, *keys: str) -> float | None:
    """Return the default number of a column for the first of `keys` that has one.

    >>> default("links", "speed_kmh", "road.motorway", "road"), default("links", "speed_kmh", "rail.2", "rail")
    (60.0, 30.0)
    """
    known = columns(table)[column].default
    for key in (*keys, ""):
        if key in known:
            return float(known[key])
    return None


def estimate_range(column: str, value: float, confidence: str, table: str = "links") -> tuple[float, float]:
    """Return the low and high end of an estimated value by the schema's range for its confidence.

    A column for which the schema states no range keeps its value at both ends; a row without a
    confidence counts as ``low``.

    >>> estimate_range("mlc_tracked", 60, "low"), estimate_range("speed_kmh", 40, "medium")
    ((40.0, 80.0), (34.0, 46.0))
    """
    spec = columns(table)[column].range
    text = spec.get(confidence or "low", spec.get("low", ""))
    if not text:
        return value, value
    low, _, high = text.removeprefix("x").partition(":")
    if text.startswith("x"):
        return round(value * float(low), 6), round(value * float(high), 6)
    return max(0.0, value + float(low)), value + float(high)


@dataclass(frozen=True)
class Table:
    """A table as read: typed columns, and for each row the file and line it came from."""

    frame: pd.DataFrame
    file: tuple[str, ...] = ()
    line: tuple[int, ...] = ()

    def where(self, i: int) -> tuple[str, int | None]:
        """Return file and line of row `i`."""
        return (self.file[i], self.line[i]) if self.line else ("table", i)


class Faults:
    """Collect findings of one table, at most `MAX_FINDINGS` of a kind, and count the rest."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self._more: dict[tuple[str, str, str], int] = {}

    def add(
        self, level: str, row: int | None, column: str | None, value: str | None, message: str, kind: str = ""
    ) -> None:
        """Add one finding; those with the same kind and column share a quota."""
        key = (level, column or "", kind or message)
        self._more[key] = self._more.get(key, 0) + 1
        if self._more[key] <= MAX_FINDINGS:
            value = None if value is None else value[:200]
            self.findings.append(Finding(level, self.file, row, column, value, message))

    def done(self) -> list[Finding]:
        """Return the findings with a line for each quota that ran over."""
        out = list(self.findings)
        for (level, column, kind), count in self._more.items():
            if count > MAX_FINDINGS:
                rest = f"and {count - MAX_FINDINGS} more like this ({kind})"
                out.append(Finding(level, self.file, None, column or None, None, rest))
        return out


def read_csv(path: Path, table: str, file: str) -> tuple[Table | None, list[Finding]]:
    """Read one CSV file by the schema.

    Parameters
    ----------
    path : Path
    table : str
        Name of the table in the schema.
    file : str
        How findings name the file.

    Returns
    -------
    Table or None
        None when the file cannot be used at all.
    list of Finding
        Every fault of the file, not only the first.
    """
    faults = Faults(file)
    raw = _bytes(path, faults)
    if raw is None:
        return None, faults.done()
    before = list(faults.findings)
    known = columns(table)
    header: list[str] = []
    top: list[str] = []
    parts: dict[str, list[np.ndarray[Any, Any]]] = {}
    pools: dict[str, dict[str, str]] = {}
    at: list[int] = []
    try:
        for rows, lines in _records(raw):
            if not header:
                top = rows[0]
                header = [h.strip() for h in top]
                if not _header(header, table, faults):
                    return None, faults.done()
                parts = {name: [] for name in header if name}
                rows, lines = rows[1:], lines[1:]
            cells_of, numbers = _body(rows, lines, header, top, faults)
            at += numbers
            for name, cells in cells_of.items():
                text = _pooled(cells, pools.setdefault(name, {}))
                parts[name].append(_held(_given(known.get(name), text, numbers, faults)))
    except csv.Error as error:
        faults = Faults(file)
        faults.findings = before
        faults.add("error", None, None, None, f"not readable as CSV: {error}; is a quote left open?")
        return None, faults.done()
    if not header:
        faults.add("error", 1, None, None, "the file is empty; a header row is needed")
        return None, faults.done()
    data = {name: np.concatenate(parts.pop(name)) for name in list(parts)}
    return Table(_framed(data, table, len(at)), (file,) * len(at), tuple(at)), faults.done()


def _body(
    body: list[list[str]], numbers: list[int], header: Sequence[str], top: Sequence[str], faults: Faults
) -> tuple[dict[str, Sequence[str]], list[int]]:
    """Return the cells of some rows by column and the lines of the rows, without those of the wrong length."""
    width = len(header)
    odd = [i for i, row in enumerate(body) if len(row) != width]
    for i in odd:
        found = len(body[i])
        why = "is the file truncated?" if found < width else "is a comma in an unquoted text?"
        message = f"the row has {found} fields, the header {width}; {why}"
        faults.add("error", numbers[i], None, ",".join(body[i]), message, "row length")
    again = [i for i, row in enumerate(body) if len(row) == width and row[0].strip() == header[0] and row == top]
    for i in again:
        faults.add("error", numbers[i], header[0], header[0], "the header stands again among the rows; delete the line")
    if odd or again:
        drop = set(odd) | set(again)
        numbers = [n for i, n in enumerate(numbers) if i not in drop]
        body = [row for i, row in enumerate(body) if i not in drop]
    cells = list(zip(*body, strict=True)) if body else [()] * width
    return {name: column for name, column in zip(header, cells, strict=True) if name}, numbers


def _pooled(cells: Sequence[str], pool: dict[str, str]) -> list[str]:
    """Return cells stripped, those that are alike as one and the same text where many are."""
    distinct = set(cells)
    if 4 * len(distinct) > len(cells):
        return list(map(str.strip, cells))
    shared = {c: pool.setdefault(t, t) for c, t in zip(distinct, map(str.strip, distinct), strict=True)}
    return list(map(shared.__getitem__, cells))


def _bytes(path: Path, faults: Faults) -> bytes | None:
    """Return a file that is UTF-8 text, without its byte order mark."""
    try:
        if path.stat().st_size > MAX_BYTES:
            faults.add("error", None, None, None, f"the file is larger than {MAX_BYTES / 1e9:.0f} GB")
            return None
        raw = path.read_bytes()
    except OSError as error:
        why = error.strerror or str(error)
        faults.add("error", None, None, None, f"cannot be read in {path.parent}: {why}")
        return None
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        faults.add("error", 1, None, None, "the file is UTF-16; save it as UTF-8")
        return None
    if raw[:3] == b"\xef\xbb\xbf":
        raw = raw[3:]
        faults.add("warning", 1, None, None, "the file starts with a byte order mark; it is skipped")
    nul = raw.find(b"\0")
    if nul >= 0:
        faults.add("error", raw.count(b"\n", 0, nul) + 1, None, None, "NUL byte; the file is damaged or not text")
        return None
    try:
        raw.decode("utf-8")
        return raw
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        shown = raw[max(0, error.start - 10) : error.start + 10].decode("latin-1")
        faults.add("error", line, None, shown, "not UTF-8; save the file as UTF-8")
        return None


def _records(raw: bytes) -> Iterator[tuple[list[list[str]], list[int]]]:
    """Yield the rows of a CSV file that are not empty and the lines they start on, `BLOCK` at a time."""
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    start = 1
    for row in reader:
        if row:
            rows.append(row)
            lines.append(start)
            if len(rows) > BLOCK:
                yield rows, lines
                rows, lines = [], []
        start = reader.line_num + 1
    if rows:
        yield rows, lines


def _header(header: Sequence[str], table: str, faults: Faults) -> bool:
    known = columns(table)
    sound = True
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            label = name or "an empty name"
            faults.add("error", 1, name or None, name, f"{label} stands {header.count(name)} times in the header")
            sound = False
        elif name not in known and name:
            free = [k for k in known if k not in header]
            close = [k for k in free if _edits_apart(name, k)]
            if close:
                faults.add("warning", 1, name, name, f"unknown column; did you mean {' or '.join(close)}?")
    for column in known.values():
        if column.required and column.column not in header:
            hint = did_you_mean(column.column, [h for h in header if h and h not in known])
            message = f"the required column {column.column} is missing{hint}"
            if len(header) == 1 and any(s in header[0] for s in ";\t"):
                message += "; columns must be separated by commas"
            faults.add("error", 1, column.column, None, message)
            sound = False
    return sound


def _edits_apart(name: str, known: str) -> bool:
    """Whether two column names are so alike that one may be a slip of the other."""
    import difflib

    return difflib.SequenceMatcher(None, name.casefold(), known).ratio() > 0.86


def typed(
    data: Mapping[str, Sequence[Any]], table: str, faults: Faults, lines: Sequence[int] | None = None
) -> pd.DataFrame:
    """Give raw columns the types of the schema and note every value that has none.

    Text is stripped and unknown text is ``""``; numbers and flags are floats and unknown numbers NaN;
    columns that the schema does not know are kept as text.
    """
    known = columns(table)
    size = len(next(iter(data.values()))) if data else 0
    at = lines if lines is not None else range(size)
    out = {name: _held(_cells(known.get(name), raw, at, faults)) for name, raw in data.items()}
    return _framed(out, table, size)


def _held(cells: Any) -> np.ndarray[Any, Any]:
    """Return cells as an array, text as objects."""
    if not isinstance(cells, list):
        return np.asarray(cells)
    out = np.empty(len(cells), object)
    out[:] = cells
    return out


def _framed(out: dict[str, np.ndarray[Any, Any]], table: str, size: int) -> pd.DataFrame:
    """Return columns as a frame with all those of the schema, in its order, before the others."""
    known = columns(table)
    for name, column in known.items():
        word = column.default.get("", "") if column.type == "word" else ""
        if name not in out:
            out[name] = np.full(size, np.nan) if column.is_number else np.full(size, word, object)
        elif word:
            out[name][out[name] == ""] = word
    ordered = [*known, *(n for n in out if n not in known)]
    series = {n: out[n] if out[n].dtype == float else pd.Series(out[n], dtype=object, copy=False) for n in ordered}
    return pd.DataFrame(series, copy=False)


def _cells(column: Column | None, raw: Sequence[Any], lines: Sequence[int], faults: Faults) -> Any:
    """Return the cells of a column as floats or as a list of text; text as it stands where the column is unknown."""
    if column is not None and column.type == "number" and set(map(type, raw)) <= {float, int}:
        # An integer of Python may be larger than any float.
        values = np.array([v if type(v) is float or abs(v) < 1 << 60 else np.inf for v in raw], float)
        if _plain(column, values):
            return values
    text = ["" if _missing(v) else str(v).strip() for v in raw]
    return _given(column, text, lines, faults)


def _given(column: Column | None, text: list[str], lines: Sequence[int], faults: Faults) -> Any:
    """Return stripped cells as `_cells` does."""
    if column is None:
        return text
    if column.is_number:
        return (_numbers if column.type == "number" else _flags)(column, text, lines, faults)
    if column.is_list:
        text = [";".join(split(t)) if ";" in t else t for t in text]
    _words(column, text, lines, faults)
    return text


def _plain(column: Column, values: np.ndarray[Any, Any]) -> bool:
    """Whether there is nothing to say about some numbers."""
    with np.errstate(invalid="ignore"):
        odd = np.isinf(values) | (values < column.min) | (values > column.max)
    return not odd.any() and not (column.required and np.isnan(values).any())


def split(text: str) -> list[str]:
    """Return the items of a ``;``-separated list, stripped.

    >>> split("mlc_wheeled; mlc_tracked;")
    ['mlc_wheeled', 'mlc_tracked']
    """
    return [x for x in (part.strip() for part in text.split(";")) if x]


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def _numbers(column: Column, text: list[str], lines: Sequence[int], faults: Faults) -> np.ndarray[Any, Any]:
    distinct = dict.fromkeys(text)
    few = 4 * len(distinct) < len(text)
    cells = pd.Series(list(distinct) if few else text, dtype=object)
    values: np.ndarray[Any, Any] = pd.to_numeric(cells, errors="coerce").to_numpy(float, copy=True)
    number = dict(zip(distinct, values.tolist(), strict=True)) if few else {}
    if few:
        values = np.fromiter(map(number.__getitem__, text), float, len(text))
    name = column.column
    sound = few and all(np.isfinite(v) or not t for t, v in number.items())
    for i in () if sound else np.flatnonzero(~np.isfinite(values)).tolist():
        if text[i]:
            faults.add("error", lines[i], name, text[i], _not_a_number(text[i], column), "not a number")
            values[i] = np.nan
    with np.errstate(invalid="ignore"):
        for i in np.flatnonzero((values < column.min) | (values > column.max)).tolist():
            message = f"outside {column.min:g} to {column.max:g} {column.unit}".rstrip()
            faults.add("error", lines[i], name, text[i], message)
            values[i] = np.nan
    if column.required and "" in distinct:
        for i in (i for i, t in enumerate(text) if not t):
            faults.add("error", lines[i], name, None, "a value is required")
    return values


def _not_a_number(text: str, column: Column) -> str:
    if text[0] in "=@" or (text[0] in "+-" and not re.fullmatch(r"[-+][\d.,eE+-]+", text)):
        return "a formula, not a number; paste its value"
    if re.fullmatch(r"[-+]?\d+,\d+", text):
        point, plain = text.replace(",", "."), text.replace(",", "")
        if re.fullmatch(r"[-+]?\d{1,3},\d{3}", text):
            return f"not a number; write {plain} or {point}, whichever is meant"
        return f"not a number; write the decimal point: {point}"
    if text.casefold().lstrip("+-") in ("nan", "inf", "infinity"):
        return "not a finite number; leave the cell empty when the value is unknown"
    if re.match(r"[-+]?\d", text):
        return f"not a number; write it without unit or spaces, in {column.unit or 'plain figures'}"
    return "not a number; leave the cell empty when the value is unknown"


def _flags(column: Column, text: list[str], lines: Sequence[int], faults: Faults) -> np.ndarray[Any, Any]:
    values = np.full(len(text), np.nan)
    for i, t in enumerate(text) if any(text) else ():
        if t:
            flag = FLAGS.get(t.casefold())
            if flag is None:
                faults.add("error", lines[i], column.column, t, "neither 1 nor 0")
            else:
                values[i] = flag
    return values


def _words(column: Column, text: list[str], lines: Sequence[int], faults: Faults) -> None:
    name = column.column
    distinct = set(text)
    if (column.required or column.type == "id") and "" in distinct:
        for i in (i for i, t in enumerate(text) if not t):
            faults.add("error", lines[i], name, None, "a value is required")
    if column.words:
        bad = {t: _unknown_word(t, column.words) for t in distinct if t and t not in column.words}
        if bad:
            for i in (i for i, t in enumerate(text) if t in bad):
                faults.add("error", lines[i], name, text[i], bad[text[i]])
    if column.type in ("ranges", "set"):
        wrong: dict[str, str] = {}
        for t in distinct - {""}:
            try:
                (parse_ranges if column.type == "ranges" else parse_set)(t)
            except ValueError as error:
                wrong[t] = str(error)
        for i in (i for i, t in enumerate(text) if t in wrong) if wrong else ():
            faults.add("error", lines[i], name, text[i], wrong[text[i]])
    risky = {t for t in distinct if t and t[0] in "=@" and len(t) > 1}
    if risky:
        for i in (i for i, t in enumerate(text) if t in risky):
            faults.add("warning", lines[i], name, text[i], "looks like a spreadsheet formula; it is kept as text")


def _unknown_word(text: str, words: Iterable[str]) -> str:
    return f"not one of {', '.join(words)}{did_you_mean(text, words)}"


def parse_ranges(text: str) -> dict[str, tuple[float, float]]:
    """Parse the ``ranges`` column.

    Raises
    ------
    ValueError
        When a part is not ``column=low:high`` with a known column of numbers and low <= high.

    Examples
    --------
    >>> parse_ranges("mlc_tracked=40:80;max_axle_t=18:22.5")
    {'mlc_tracked': (40.0, 80.0), 'max_axle_t': (18.0, 22.5)}
    """
    known = columns("links")
    out: dict[str, tuple[float, float]] = {}
    for part in split(text):
        name, _, rest = part.partition("=")
        low, colon, high = rest.partition(":")
        if name not in known or not known[name].is_number:
            raise ValueError(f"{name!r} is no column of numbers{did_you_mean(name, known)}")
        try:
            pair = float(low), float(high)
        except ValueError:
            raise ValueError(f"{part!r} is not column=low:high") from None
        if not colon or not np.isfinite(pair).all() or pair[0] > pair[1]:
            raise ValueError(f"{part!r}: low must be a number not above high")
        out[name] = pair
    return out


def parse_set(text: str) -> dict[str, float | str]:
    """Parse ``column=value;column=value`` as changes to a link.

    Raises
    ------
    ValueError
        When a column is unknown, may not be changed, or a value does not fit it.

    Examples
    --------
    >>> parse_set("speed_kmh=100;status=operational")
    {'speed_kmh': 100.0, 'status': 'operational'}
    """
    out: dict[str, float | str] = {}
    for part in split(text):
        name, eq, value = (s.strip() for s in part.partition("="))
        if not eq:
            raise ValueError(f"{part!r} is not column=value")
        out[name] = link_value(name, value)
    return out


def link_value(name: str, value: Any) -> float | str:
    """Return `value` as column `name` of a link holds it.

    Raises
    ------
    ValueError
        When the column is unknown, is a key, or the value does not fit it.
    """
    known = columns("links")
    if name not in known:
        raise ValueError(f"{name!r} is no column of links{did_you_mean(name, known)}")
    column = known[name]
    if name in ("link_id", "from_node", "to_node"):
        raise ValueError(f"{name} cannot be changed")
    faults = Faults("change")
    result = _cells(column, [value], [0], faults)[0]
    if faults.findings:
        raise ValueError(f"{name} = {value}: {faults.findings[0].message}")
    return float(result) if column.is_number else str(result or column.default.get("", ""))


def read_toml(path: Path, size: int) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    try:
        if size > 10_000_000:
            raise ValueError("the file is larger than 10 MB")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        what = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError([Finding("error", path.name, None, None, None, f"cannot be read: {what}")]) from None


def entry(row: Mapping[str, Any], section: str, file: str, faults: list[Finding]) -> dict[str, Any]:
    """Return the fields of one TOML table that fit the schema's section; note the others as faults of `file`."""
    known = columns(section)
    label = f"{section} {row['name']}" if isinstance(row.get("name"), str) else section
    out: dict[str, Any] = {}

    def fault(key: str, value: Any, message: str) -> None:
        shown = None if value is None else str(value)[:200]
        faults.append(Finding("error", file, None, key, shown, f"{label}: {message}"))

    for key, value in row.items():
        column = known.get(key)
        if column is None:
            fault(key, value, f"unknown field{did_you_mean(key, known)}")
        elif column.type in ("number", "count"):
            whole = column.type == "count"
            if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
                fault(key, value, f"must be a {'whole ' if whole else ''}number")
            elif not column.min <= value <= column.max:
                fault(key, value, f"outside {column.min:g} to {column.max:g} {column.unit}".rstrip())
            else:
                out[key] = value
        elif column.type == "words":
            if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
                fault(key, value, "must be a list of words")
            elif column.words and not set(value) <= set(column.words):
                fault(key, value, f"must be of {', '.join(column.words)}")
            else:
                out[key] = tuple(value)
        elif not isinstance(value, str) or not (value or column.type != "id"):
            fault(key, value, "must be text")
        elif column.words and value not in column.words:
            fault(key, value, f"must be one of {', '.join(column.words)}")
        else:
            out[key] = value
    for column in known.values():
        if column.required and column.column not in row:
            fault(column.column, None, "is missing")
    return out


def data_dictionary() -> str:
    """Return the data dictionary, one Markdown table per table of the schema."""
    lines = [
        "# Data dictionary",
        "",
        "Made from `src/mobility/schema.csv` by `make docs`; edit that file, not this one.",
        "",
    ]
    lines += [
        "*Hard bounds* stop a command, *plausible bounds* are a warning of `mobility check`. A *default* stands in for",
        "an empty cell and counts as an estimate. A *range* says, by confidence, how far an estimate may be off",
        "(`-20:+20` added, `x0.8:1.2` multiplied).",
        "",
    ]
    for table in (*tables(), *SECTIONS):
        title = f"{table} (vehicles.toml)" if table in SECTIONS else table
        lines += [
            f"## {title}",
            "",
            "| column | type | unit | hard bounds | plausible | default | range | meaning |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for c in columns(table).values():
            kind = " \\| ".join(c.words) if c.words else c.type
            bounds = _span(c.min, c.max)
            name = f"**{c.column}**" if c.required else c.column
            cells = [name, kind, c.unit, bounds, _span(c.low, c.high), _spec(c.default), _spec(c.range), c.description]
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def _span(low: float, high: float) -> str:
    return "" if np.isinf(low) and np.isinf(high) else f"{low:g} to {high:g}"


def _spec(pairs: Mapping[str, str]) -> str:
    return ", ".join(f"{k} {v}".strip() for k, v in pairs.items())
