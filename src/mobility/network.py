"""The network: frozen tables keyed by `node_id` and `link_id`, loaded, changed and saved whole."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mobility import schema
from mobility.errors import Attempts, Finding, InputError, did_you_mean, fold
from mobility.schema import Faults, Table

GEOGRAPHIC = "EPSG:4326"

MAX_GEOJSON = 200_000_000
"""A file of drawn lines larger than this is refused before it is read."""


@dataclass(frozen=True, eq=False)
class Values:
    """A number column of links, one entry per link in table order.

    Attributes
    ----------
    value, low, high : ndarray of float
        The stated value and the ends of its range; the same three where it is no estimate.
    estimated : ndarray of bool
        The value is an estimate, or a default.
    default : ndarray of bool
        The cell is empty and the schema's default stands in.
    """

    value: np.ndarray[Any, np.dtype[np.float64]]
    low: np.ndarray[Any, np.dtype[np.float64]]
    high: np.ndarray[Any, np.dtype[np.float64]]
    estimated: np.ndarray[Any, np.dtype[np.bool_]]
    default: np.ndarray[Any, np.dtype[np.bool_]]


def spare(target: Path, overwrite: bool) -> None:
    """Refuse to write over what is there, unless told to.

    Raises
    ------
    InputError
        When `target` exists and `overwrite` is not set.
    """
    if target.exists() and not overwrite:
        raise InputError(f"{target} exists; choose another name or allow overwriting")


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """Yield a file beside `target` to write to; when all went well it takes the place of `target`.

    So a file is either complete or not there.
    """
    file = target.with_name(f".{os.getpid()}.{target.name}")
    try:
        yield file
        os.replace(file, target)
    finally:
        file.unlink(missing_ok=True)


@contextmanager
def beside_folder(target: Path) -> Iterator[Path]:
    """Yield a folder beside `target` to write to; when all went well it takes the place of `target`.

    So a folder is either complete or not there, and what it replaces is gone only when the new one is there.
    """
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        new, old = draft / "new", draft / "old"
        new.mkdir()
        yield new
        replaces = os.path.lexists(target)
        if replaces:
            os.replace(target, old)
        try:
            os.replace(new, target)
        except OSError:
            if replaces:
                os.replace(old, target)
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def shipped(part: str = "corridors") -> Path:
    """Return the folder of the data that the package carries: ``corridors`` or ``geodata``."""
    here = Path(__file__).resolve().parent
    inside = here / "_data" / part
    return inside if inside.is_dir() else here.parents[1] / part


@dataclass(frozen=True, eq=False)
class Network:
    """Tables that describe a transport network; nothing changes one in place.

    Make one with :func:`load` or :meth:`from_frames`; a changed one with :meth:`with_changes` or :meth:`at`.

    Attributes
    ----------
    tables : mapping of str to Table
        By name in the schema; ``nodes`` and ``links`` are always there.
    folder : Path or None
        Where it was loaded from.
    year : int or None
        The year it shows, when :meth:`at` was asked for one.
    notes : tuple of Finding
        Warnings met while reading.

    Examples
    --------
    >>> import pandas as pd
    >>> nodes = pd.DataFrame({"node_id": ["A", "B"], "lat": [41.3, 42.0], "lon": [19.5, 21.4]})
    >>> links = pd.DataFrame({"link_id": ["L1"], "from_node": ["A"], "to_node": ["B"], "mode": ["road"],
    ...                       "length_km": [250], "speed_kmh": [50]})
    >>> net = Network.from_frames(nodes=nodes, links=links)
    >>> slower = net.with_changes({"L1": {"speed_kmh": 25}})
    >>> float(net.links.speed_kmh["L1"]), float(slower.links.speed_kmh["L1"])
    (50.0, 25.0)
    """

    tables: Mapping[str, Table]
    folder: Path | None = None
    year: int | None = None
    notes: tuple[Finding, ...] = field(default=(), repr=False)

    # ---- making one

    @classmethod
    def from_frames(
        cls, *, nodes: pd.DataFrame, links: pd.DataFrame, folder: Path | None = None, **others: pd.DataFrame
    ) -> Network:
        """Make a network of DataFrames with the columns of the contract.

        Parameters
        ----------
        nodes, links : DataFrame
            Ids may stand in a column or as the index.
        **others : DataFrame
            Further tables by name: ``terminals``, ``borders``, ``countries``, ``upgrades`` ...

        Raises
        ------
        InputError
            With all faults of all tables.
        """
        findings: list[Finding] = []
        tables: dict[str, Table] = {}
        for name, frame in {"nodes": nodes, "links": links, **others}.items():
            if name not in schema.tables():
                raise InputError(f"there is no table {name!r}{did_you_mean(name, schema.tables())}")
            faults = Faults(name)
            key = next(iter(schema.columns(name)))
            if key not in frame.columns and frame.index.name == key:
                frame = frame.reset_index()
            drawn = ("geometry", "alignment") if name == "links" else ("geometry",)
            header = [str(c) for c in frame.columns if c not in drawn]
            if schema._header(header, name, faults):
                data = {c: frame[c].tolist() for c in header}
                typed = schema.typed(data, name, faults)
                tables[name] = Table(typed, (name,) * len(typed), tuple(range(len(typed))))
            findings += faults.done()
        return cls._sound(tables, findings, folder)

    @classmethod
    def _sound(cls, tables: dict[str, Table], findings: list[Finding], folder: Path | None) -> Network:
        """Return the network, or raise with every error of reading and of the keys together."""
        findings = findings + integrity(tables)
        errors = [f for f in findings if f.level == "error"]
        if errors:
            raise InputError(errors + [f for f in findings if f.level != "error"])
        return cls(tables, folder, None, tuple(findings))

    # ---- looking at it

    def table(self, name: str) -> pd.DataFrame:
        """Return a table as read, rows in file order; empty with all its columns when the folder has none.

        For the package's own use: the frame is not a copy.
        """
        if name in self.tables:
            return self.tables[name].frame
        return schema.typed({c: [] for c in schema.columns(name)}, name, Faults(name))

    def frame(self, name: str) -> pd.DataFrame:
        """Return a copy of a table, keyed by its id where it has one."""
        frame = self.table(name).copy()
        key = next(iter(schema.columns(name)))
        return frame.set_index(key) if schema.columns(name)[key].type == "id" else frame

    @property
    def nodes(self) -> Any:
        """GeoDataFrame of places keyed by ``node_id``, points in WGS 84."""
        import geopandas as gpd

        frame = self.frame("nodes")
        return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame.lon, frame.lat), crs=GEOGRAPHIC)

    @property
    def links(self) -> Any:
        """GeoDataFrame of links keyed by ``link_id``, lines in WGS 84.

        ``alignment`` tells how each is drawn: ``traced`` along the road or railway, ``joined`` with a gap of the
        source closed, a sea ``lane``, a ``river``, ``schematic`` through towns, or ``straight`` where no line is known.
        """
        import geopandas as gpd
        import shapely

        frame = self.frame("links")
        xy = self.table("nodes")[["lon", "lat"]].to_numpy(float)
        ends = np.stack([xy[side] for side in self.link_ends], axis=1)
        lines = shapely.linestrings(ends)
        drawn = self.alignments
        rows = {row: drawn[link] for link, row in self.link_index.items() if link in drawn}
        lines[list(rows)] = [line for line, _ in rows.values()]
        frame["alignment"] = "straight"
        frame.iloc[list(rows), frame.columns.get_loc("alignment")] = [how for _, how in rows.values()]
        return gpd.GeoDataFrame(frame, geometry=lines, crs=GEOGRAPHIC)

    @cached_property
    def alignments(self) -> Mapping[str, tuple[Any, str]]:
        """Drawn lines by link id, with how each came about; see :attr:`links`.

        They come from every ``alignments*.geojson`` in the network's folder or one level below it, features with a
        property ``link_id`` and, if known, ``method``; those of the shipped corridors lie in ``geodata/``.

        Raises
        ------
        InputError
            With every file that is no GeoJSON of lines.
        """
        if self.folder is None:
            return {}
        roots = [self.folder]
        if self.folder.resolve() == shipped().resolve():
            roots.append(shipped("geodata"))
        attempts = Attempts()
        nothing: dict[str, tuple[Any, str]] = {}
        out: dict[str, tuple[Any, str]] = {}
        for file in sorted(f for root in roots for deep in ("", "*/") for f in root.glob(f"{deep}alignments*.geojson")):
            out.update(attempts.run(_lines, file, file.stat().st_mtime_ns, otherwise=nothing))
        attempts.done()
        return out

    @cached_property
    def node_index(self) -> dict[str, int]:
        """Row of each node by id."""
        return {n: i for i, n in enumerate(self.table("nodes")["node_id"].tolist())}

    @cached_property
    def link_index(self) -> dict[str, int]:
        """Row of each link by id."""
        return {n: i for i, n in enumerate(self.table("links")["link_id"].tolist())}

    @cached_property
    def link_ends(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Rows of the places where each link starts and ends."""
        links, row = self.table("links"), self.node_index
        start, end = (np.array([row[n] for n in links[c].tolist()], np.int64) for c in ("from_node", "to_node"))
        return start, end

    @cached_property
    def link_countries(self) -> tuple[tuple[str, ...], ...]:
        """For each link the states it lies in: those its ends share, else those of both ends.

        A link from a crossing between AL and MK to a place in MK lies in MK.
        """
        nodes = self.table("nodes")
        pairs, which = _kinds(nodes["country"].to_numpy(object), nodes["country2"].to_numpy(object))
        of = [tuple(c for c in pair if c) for pair in pairs]
        start, end = self.link_ends
        met, kind = _kinds(which[start], which[end])
        out = []
        for one, two in ((of[a], of[b]) for a, b in met):
            shared = tuple(c for c in one if c in two)
            out.append(shared or tuple(dict.fromkeys(one + two)))
        return tuple(map(out.__getitem__, kind.tolist()))

    @cached_property
    def data_hash(self) -> str:
        """SHA-256 of the content of all tables, the same wherever the folder lies."""
        digest = hashlib.sha256()
        for name in sorted(self.tables):
            for column, cells in self.tables[name].frame.items():
                digest.update(f"{name}.{column}:".encode())
                if cells.dtype == float:
                    digest.update(cells.to_numpy().tobytes())
                    continue
                texts = cells.tolist()
                digest.update(("\x1f".join(texts) if any(texts) else "\x1f" * (len(texts) - 1)).encode())
        return digest.hexdigest()

    def values(self, column: str) -> Values:
        """Return a number column of links with defaults filled in and the range of each estimate.

        Where the cell is empty the schema's default for mode and class (or tracks) stands in, as an
        estimate of low confidence; a column without a default stays NaN there. ``ranges`` of the row win over
        the schema's range.
        """
        if column not in self._values:
            self._values[column] = _values(self.table("links"), column, self._marks)
        return self._values[column]

    def hours(self, own_speed: np.ndarray[Any, Any] | float = np.inf) -> np.ndarray[Any, Any]:
        """Return the running time of every link: ``time_h``, else length by the lower of its speed and `own_speed`."""
        stated, speed, length = (self.values(c).value for c in ("time_h", "speed_kmh", "length_km"))
        return np.where(np.isnan(stated), length / np.minimum(speed, own_speed), stated)

    @cached_property
    def _marks(self) -> _Marks:
        """What links say of their numbers as a whole: the kinds there are, and the links of each."""
        links = self.table("links")
        columns = ("estimated", "ranges", "value_confidence", "confidence")
        kinds, kind = _kinds(*(links[c].to_numpy(object) for c in columns))
        order = np.argsort(kind, kind="stable")
        return kinds, order, np.searchsorted(kind[order], np.arange(len(kinds) + 1))

    @cached_property
    def _values(self) -> dict[str, Values]:
        return {}

    @cached_property
    def _cells(self) -> dict[str, list[Any]]:
        """Cells of links by column."""
        return {c: self.table("links")[c].tolist() for c in schema.columns("links")}

    def attributes(self, link_id: str) -> pd.DataFrame:
        """Return every attribute of a link with what it rests on, one row per column that has a value.

        Returns
        -------
        DataFrame
            By column: ``value``, ``unit``, ``basis`` (stated, estimate or default), ``low``, ``high``,
            ``confidence``, ``source``, ``meaning``.

        Raises
        ------
        InputError
            When there is no such link.

        Examples
        --------
        >>> load().attributes("RD091").loc["mlc_tracked", "basis"]
        'estimate'
        """
        return pd.DataFrame(self.attribute_rows(self.find_link(link_id))).set_index("column")

    def attribute_rows(self, link_id: str) -> list[dict[str, Any]]:
        """Return the rows of :meth:`attributes` for the id of a link, quicker where many links are asked for."""
        i = self.link_index[link_id]
        row = {c: cells[i] for c, cells in self._cells.items()}
        guesses = set(schema.split(row["estimated"]))
        out: list[dict[str, Any]] = []
        for name, column in schema.columns("links").items():
            if name in ("estimated", "ranges", "value_confidence", "confidence", "source"):
                continue
            value: Any = row[name]
            low = high = np.nan
            basis = "estimate" if name in guesses else "stated"
            if column.is_number:
                numbers = self.values(name)
                value, low, high = (float(x[i]) for x in (numbers.value, numbers.low, numbers.high))
                if not _serves(name, row["mode"]) and numbers.default[i]:
                    continue
                basis = "default" if numbers.default[i] else "estimate" if numbers.estimated[i] else "stated"
            if value == "" or value != value:
                continue
            stated = level_of(row["value_confidence"], name) or row["confidence"]
            source = "schema default" if basis == "default" else source_of(name, row["source"])
            out.append(
                {
                    "column": name, "value": value, "unit": column.unit, "basis": basis, "low": low, "high": high,
                    "confidence": "low" if basis == "default" else stated, "source": source,
                    "meaning": column.description,
                }
            )  # fmt: skip
        return out

    def summary(self) -> dict[str, Any]:
        """Return counts by mode, state, corridor and status, and the share of km that rests on estimates."""
        links, length = self.table("links"), self.values("length_km").value
        total = float(length.sum())

        def km(keep: Any) -> dict[str, float]:
            return {"links": int(keep.sum()), "km": round(float(length[keep].sum()), 1)}

        def by(labels: Iterable[str]) -> dict[str, dict[str, float]]:
            names = list(labels)
            return {n: km(np.array([x == n for x in names], bool)) for n in dict.fromkeys(names) if n}

        def tagged(lists: Sequence[Sequence[str]]) -> dict[str, dict[str, float]]:
            names = dict.fromkeys(n for one in lists for n in one if n)
            return {n: km(np.array([n in one for one in lists], bool)) for n in sorted(names)}

        mode = links["mode"].to_numpy(object)
        basis: dict[str, dict[str, dict[str, float]]] = {}
        for m in dict.fromkeys(mode.tolist()):
            on = mode == m
            run = float(length[on].sum())
            part = basis.setdefault(str(m), {})
            for name in _SERVES[m]:
                numbers = self.values(name)
                unknown, guess = np.isnan(numbers.value), numbers.estimated
                if name == "speed_kmh":  # not read where the time is stated
                    times = self.values("time_h")
                    guess = np.where(np.isnan(times.value), guess, times.estimated)
                if run > 0:
                    part[name] = {
                        "unknown": round(float(length[on & unknown].sum()) / run, 4),
                        "estimated": round(float(length[on & guess].sum()) / run, 4),
                    }
        return {
            "places": len(self.table("nodes")), "links": len(links), "km": round(total, 1),
            "modes": by(links["mode"].tolist()), "countries": tagged(self.link_countries),
            "corridors": tagged([schema.split(c) for c in links["corridors"].tolist()]),
            "status": by(links["status"].tolist()), "confidence": by(links["confidence"].tolist()),
            "basis": basis, "tables": {n: len(t.frame) for n, t in self.tables.items()}, "data_hash": self.data_hash,
        }  # fmt: skip

    def name(self, node_id: str) -> str:
        """Return the name of a place, or its id when it has none."""
        return self._called[node_id]

    @cached_property
    def _called(self) -> dict[str, str]:
        nodes = self.table("nodes")
        return {n: str(name) or n for n, name in zip(nodes["node_id"].tolist(), nodes["name"].tolist(), strict=True)}

    # ---- finding things by what people type

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        """Places by folded name and alias."""
        nodes = self.table("nodes")
        known: dict[str, list[str]] = {}
        for node, name, aliases in zip(
            nodes["node_id"].tolist(), nodes["name"].tolist(), nodes["aliases"].tolist(), strict=True
        ):
            words = {node, name, name.partition("(")[0], *schema.split(aliases)}
            for key in {fold(w) for w in words if w.strip()}:
                known.setdefault(key, []).append(node)
        return known

    def find_node(self, text: str) -> str:
        """Return the id of the place that `text` names: an id, a name or an alias, accents optional.

        Raises
        ------
        InputError
            When nothing has the name (the nearest names are given) or several places have it.
        """
        text = text.strip()
        if text in self.node_index:
            return text
        hits = self._names.get(fold(text), []) if text else []
        if len(hits) == 1:
            return hits[0]
        if hits:
            listed = ", ".join(f"{n} ({self._describe(n)})" for n in hits[:8])
            raise InputError(f"{text!r} names {len(hits)} places; give one id: {listed}")
        names = self.table("nodes")["name"].tolist()
        spoken = [w for n in self.table("nodes")["aliases"].tolist() for w in schema.split(n)]
        hint = did_you_mean(text, [*(n for n in names if n), *spoken, *self.node_index])
        raise InputError(f"no place is called {text!r}{hint or '; mobility info --list nodes shows them all'}")

    def _describe(self, node: str) -> str:
        row = self.table("nodes").iloc[self.node_index[node]]
        return ", ".join(x for x in (row["name"], row["kind"], row["country"]) if x)

    def find_nodes(self, text: str | Iterable[str]) -> list[str]:
        """Return the ids that a list or a comma-separated text names.

        Names may hold commas: the longest run of parts that is a name is taken.

        Raises
        ------
        InputError
            With every part that names nothing.
        """
        attempts = Attempts()
        if not isinstance(text, str):
            found = attempts.each(self.find_node, [str(t) for t in text])
            attempts.done()
            return found
        parts = text.split(",")
        if all(p.strip() in self.node_index for p in parts):
            return list(dict.fromkeys(p.strip() for p in parts))
        named: list[str] = []
        i = 0
        while i < len(parts):
            for j in range(len(parts), i, -1):
                whole = ",".join(parts[i:j]).strip()
                if whole in self.node_index or (whole and fold(whole) in self._names):
                    break
            else:
                j, whole = i + 1, parts[i].strip()
            named += [whole] if whole else []
            i = j
        found = attempts.each(self.find_node, named)
        attempts.done()
        if not found:
            raise InputError("no place is named; give an id or a name")
        return found

    def find_link(self, text: str) -> str:
        """Return the id of a link as people type it.

        Raises
        ------
        InputError
            When there is none; the nearest ids are given.
        """
        text = text.strip()
        if text in self.link_index:
            return text
        wanted = fold(text)
        hits = [k for k in self.link_index if fold(k) == wanted]
        if len(hits) == 1:
            return hits[0]
        raise InputError(f"no link has the id {text!r}{did_you_mean(text, self.link_index)}")

    def find_links(self, ids: Iterable[str]) -> list[str]:
        """Return link ids, all faults at once."""
        attempts = Attempts()
        found = attempts.each(self.find_link, ids)
        attempts.done()
        return found

    def find_country(self, text: str) -> str:
        """Return the code of a state by code or name.

        Raises
        ------
        InputError
            When no place of the network lies in it.
        """
        codes = {fold(c): c for c in self.countries_present}
        table = self.table("countries")
        for name, code in zip(table["name"].tolist(), table["country"].tolist(), strict=True):
            if code in self.countries_present:
                codes.setdefault(fold(name), code)
        if fold(text) in codes:
            return codes[fold(text)]
        known = ", ".join(self.countries_present) or "none is stated"
        raise InputError(f"no place of the network lies in {text!r}; states: {known}")

    @cached_property
    def countries_present(self) -> tuple[str, ...]:
        """Codes of all states in which a place lies."""
        nodes = self.table("nodes")
        return tuple(sorted({c for c in [*nodes["country"].tolist(), *nodes["country2"].tolist()] if c}))

    def where(self, *, corridor: str = "", mode: str = "", country: str = "", status: str = "") -> list[str]:
        """Return the ids of the links that meet all conditions given."""
        links = self.table("links")
        keep = np.ones(len(links), bool)
        if corridor:
            keep &= np.array([corridor in schema.split(c) for c in links["corridors"].tolist()], bool)
        if mode:
            keep &= (links["mode"] == mode).to_numpy()
        if status:
            keep &= (links["status"] == status).to_numpy()
        if country:
            keep &= np.array([country in c for c in self.link_countries], bool)
        return [str(i) for i in links["link_id"].to_numpy()[keep]]

    # ---- changing it

    def _replace(self, year: int | None = None, **frames: pd.DataFrame) -> Network:
        tables = dict(self.tables)
        for name, frame in frames.items():
            old = tables.get(name)
            tables[name] = Table(frame, old.file, old.line) if old else Table(frame)
        return Network(tables, self.folder, self.year if year is None else year, self.notes)

    def with_changes(
        self,
        changes: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        close: Iterable[str] = (),
        upgrade: Iterable[str] = (),
    ) -> Network:
        """Return a new network with some links changed.

        Parameters
        ----------
        changes : mapping of link id to mapping of column to value, optional
            ``{"RD091": {"speed_kmh": 60}}``. Setting ``speed_kmh`` clears ``time_h``, and a value that is set
            is no longer an estimate.
        close : iterable of link ids
            Closed in both directions, with every link that shares their ``asset_id``.
        upgrade : iterable of upgrade ids
            Rows of ``upgrades.csv`` whose ``set`` is applied, before `changes`.

        Raises
        ------
        InputError
            With every unknown link, column, value or upgrade.
        """
        faults: list[Finding] = []
        edits: list[tuple[str, dict[str, float | str]]] = []
        table = self.table("upgrades")
        waits: list[tuple[int, dict[str, float]]] = []
        for wanted in self.with_contained(upgrade):
            rows = table[table["upgrade_id"] == wanted]
            if rows.empty:
                hint = did_you_mean(wanted, table["upgrade_id"].tolist())
                faults += InputError(f"there is no upgrade {wanted!r}{hint}").findings
            pairs = zip(rows["link_id"].tolist(), rows["set"].tolist(), strict=True)
            edits += [(link, schema.parse_set(text)) for link, text in pairs if text]
            try:
                waits += [edit for text in dict.fromkeys(rows["borders"].tolist()) for edit in self.border_edits(text)]
            except InputError as error:
                faults += error.findings
        for link, values in (changes or {}).items():
            try:
                edits.append((self.find_link(link), {c: schema.link_value(c, v) for c, v in values.items()}))
            except InputError as error:
                faults += error.findings
            except ValueError as error:
                faults += InputError(f"link {link}: {error}").findings
        try:
            edits += [(link, {"status": "closed"}) for link in self.with_assets(self.find_links(close))]
        except InputError as error:
            faults += error.findings
        if faults:
            raise InputError(faults)
        return self.edited(edits, waits)

    def edited(
        self,
        edits: Iterable[tuple[str, Mapping[str, float | str]]],
        waits: Iterable[tuple[int, Mapping[str, float]]] = (),
    ) -> Network:
        """Return a new network with cells of links, and of rows of ``borders.csv``, set in this order.

        For the package's own use: ids and cells are taken as sound.
        """
        links = self.table("links").copy()
        held: dict[str, list[Any]] = {}

        def of(column: str) -> list[Any]:
            if column not in held:
                held[column] = links[column].tolist()
            return held[column]

        for link, given in edits:
            i, cells = self.link_index[link], dict(given)
            if "speed_kmh" in cells and "time_h" not in cells:
                cells["time_h"] = np.nan
            if cells.get("status") == "closed" and "open_year" not in cells:
                cells["open_year"] = np.nan
            for column, value in cells.items():
                of(column)[i] = value
            # What is set is known: no estimate, no range, no grade of the old value.
            for column, mark in (("estimated", ";"), ("ranges", "="), ("value_confidence", ":")):
                kept = [x for x in schema.split(of(column)[i]) if x.partition(mark)[0] not in cells]
                of(column)[i] = ";".join(kept)
        for column, values in held.items():
            links[column] = pd.Series(values, index=links.index, dtype=links[column].dtype)
        frames = {"links": links}
        for row, at in waits:
            borders = frames.setdefault("borders", self.table("borders").copy())
            for column, value in at.items():
                borders.at[row, column] = value
        return self._replace(**frames)

    def with_contained(self, upgrades: Iterable[str]) -> list[str]:
        """Return upgrade ids with those that they contain, each before the one that contains it."""
        table = self.table("upgrades")
        inside: dict[str, list[str]] = {}
        for one, text in zip(table["upgrade_id"].tolist(), table["contains"].tolist(), strict=True):
            inside.setdefault(one, []).extend(schema.split(text))
        out: dict[str, None] = {}

        def add(one: str, above: tuple[str, ...]) -> None:
            for part in inside.get(one, ()):
                if part not in above and part in inside:
                    add(part, (*above, part))
            out.setdefault(one)

        for one in upgrades:
            add(one, (one,))
        return list(out)

    def border_edits(self, text: str) -> list[tuple[int, dict[str, float]]]:
        """Parse the ``borders`` column of an upgrade, ``NODE/MODE:wait_h=2``, as changes to rows of ``borders.csv``.

        Raises
        ------
        InputError
            When a part is not of that form, or there is no such row.
        """
        table = self.table("borders")
        pairs = zip(table["node_id"].tolist(), table["mode"].tolist(), strict=True)
        rows = {pair: i for i, pair in enumerate(pairs)}
        out: list[tuple[int, dict[str, float]]] = []
        faults: list[Finding] = []
        for part in schema.split(text):
            where, colon, cell = part.partition(":")
            node, _, mode = where.partition("/")
            name, _, value = cell.partition("=")
            fault = ""
            try:
                amount = float(value)
            except ValueError:
                amount = np.nan
            if not colon or name not in ("wait_h", "wait_h_p90", "capacity_veh_day") or not 0 <= amount < np.inf:
                fault = "is not NODE/MODE:wait_h=2 (or wait_h_p90, capacity_veh_day) with a number of at least 0"
            elif (node, mode) not in rows:
                fault = f"names no row of borders.csv{did_you_mean(where, ['/'.join(k) for k in rows])}"
            if fault:
                faults.append(Finding("error", "upgrades.csv", None, "borders", part, fault))
            else:
                out.append((rows[node, mode], {name: amount}))
        if faults:
            raise InputError(faults)
        return out

    def at(self, year: int) -> Network:
        """Return the network as it stands at the start of `year`: links that open before it are operational.

        Raises
        ------
        InputError
            When `year` is no whole number from 1800 to 2200.
        """
        if not isinstance(year, int) or not 1800 <= year <= 2200:
            raise InputError(f"the year is {year!r}; it must be a whole number from 1800 to 2200")
        links = self.table("links").copy()
        links.loc[links["open_year"].to_numpy() < year, "status"] = "operational"
        return self._replace(year=year, links=links)

    def select(self, link_ids: Iterable[str]) -> Network:
        """Return the part of the network with these links and the places they touch."""
        rows = sorted(self.link_index[i] for i in self.find_links(link_ids))
        links = self.table("links").iloc[rows].reset_index(drop=True)
        kept = set(links["from_node"]) | set(links["to_node"])
        frames = {"links": links}
        for name in ("nodes", "terminals", "borders", "ports"):
            if name in self.tables:
                frame = self.table(name)
                frames[name] = frame[frame["node_id"].isin(kept)].reset_index(drop=True)
        for name in ("upgrades", "groups"):
            if name in self.tables:
                frame = self.table(name)
                frames[name] = frame[frame["link_id"].isin(set(links["link_id"]))].reset_index(drop=True)
        tables = {n: t for n, t in self.tables.items() if n not in frames}
        return Network({**tables, **{n: Table(f) for n, f in frames.items()}}, self.folder, self.year)

    def groups(self) -> dict[str, list[str]]:
        """Return the links of each group of ``groups.csv``: links that one cause can take together."""
        out: dict[str, list[str]] = {}
        table = self.table("groups")
        for group, link in zip(table["group_id"].tolist(), table["link_id"].tolist(), strict=True):
            out.setdefault(group, []).append(link)
        return out

    def with_assets(self, link_ids: Iterable[str]) -> list[str]:
        """Return the links with all others that are the same structure, in table order."""
        wanted = set(link_ids)
        if not wanted:
            return []
        links = self.table("links")
        ids, assets = links["link_id"].tolist(), links["asset_id"].tolist()
        struck = {a for i, a in zip(ids, assets, strict=True) if a and i in wanted}
        return [i for i, a in zip(ids, assets, strict=True) if i in wanted or (a and a in struck)]

    # ---- taking it elsewhere

    def to_networkx(self, *, operational: bool = False) -> Any:
        """Return a ``networkx.MultiDiGraph``; edges are keyed by ``link_id``, one for each direction.

        All links are in it, closed and planned ones too, unless only the `operational` are asked for; border
        waits, terminals and limits are not heeded by networkx.

        Node and edge attributes are the columns of the tables; unknown values are left out, so that a
        missing limit is never read as a number. Every edge carries ``time_h``, where it is not stated from
        length and speed. Beware: many of networkx' functions take a missing capacity for infinite.
        """
        import networkx as nx

        graph = nx.MultiDiGraph()
        for row in _records_without_unknowns(self.table("nodes")):
            graph.add_node(row.pop("node_id"), **row)
        hours = self.hours()
        for row in _records_without_unknowns(self.table("links")):
            if operational and row["status"] != "operational":
                continue
            a, b, key = row.pop("from_node"), row.pop("to_node"), row["link_id"]
            row["time_h"] = float(hours[self.link_index[key]])
            graph.add_edge(a, b, key=key, **row)
            if row.get("direction") != "forward":
                graph.add_edge(b, a, key=key, **row)
        return graph

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the tables as CSV files into a folder; links by mode into ``links/``.

        Written beside and then renamed, so that a folder is either complete or not there.

        Raises
        ------
        InputError
            When the folder exists and `overwrite` is not set.
        """
        target = Path(folder)
        spare(target, overwrite)
        target.parent.mkdir(parents=True, exist_ok=True)
        with beside_folder(target) as draft:
            (draft / "links").mkdir()
            for name, table in self.tables.items():
                if name == "links":
                    for mode, part in table.frame.groupby("mode", sort=False):
                        _write_csv(part, draft / "links" / f"{mode}.csv")
                    if table.frame.empty:
                        _write_csv(table.frame, draft / "links" / "road.csv")
                else:
                    _write_csv(table.frame, draft / f"{name}.csv")
            if self.alignments:
                _write_lines(self.links, draft / "alignments.geojson")
            vehicles = self.folder / "vehicles.toml" if self.folder else None
            if vehicles is not None and vehicles.is_file():
                shutil.copy(vehicles, draft / "vehicles.toml")
        return target

    def to_geopackage(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write places and links with geometry into one GeoPackage.

        Raises
        ------
        InputError
            When the file exists and `overwrite` is not set.
        """
        target = Path(path)
        spare(target, overwrite)
        with beside(target) as file:
            self.nodes.reset_index().to_file(file, layer="nodes", driver="GPKG")
            self.links.reset_index().to_file(file, layer="links", driver="GPKG")
        return target

    def plot(self, **options: Any) -> Any:
        """Draw the network on a map; see :func:`mobility.maps.plot`."""
        from mobility.maps import plot

        return plot(self, **options)

    def explore(self, path: str | Path | None = None, **options: Any) -> Any:
        """Show the network on an interactive map; see :func:`mobility.explore.explore`."""
        from mobility.explore import explore

        return explore(self, path, **options)

    def _repr_html_(self) -> str:
        from mobility.pages import as_html, told

        return as_html(told(self))

    def __repr__(self) -> str:
        links = self.table("links")
        modes = ", ".join(f"{n} {m}" for m, n in links["mode"].value_counts().items())
        year = f", at the start of {self.year}" if self.year else ""
        return f"<Network: {len(self.table('nodes'))} places, {len(links)} links ({modes}){year}>"


_SERVES: Mapping[str, tuple[str, ...]] = {
    "road": ("length_km", "speed_kmh", "capacity_veh_h", "mlc_wheeled", "mlc_tracked", "max_height_m"),
    "rail": ("length_km", "speed_kmh", "capacity_trains_day", "max_axle_t", "max_train_length_m"),
    "sea": ("length_km", "speed_kmh", "capacity_sailings_day", "ship_lane_m"),
    "waterway": ("length_km", "speed_kmh", "capacity_sailings_day", "ship_lane_m"),
}  # fmt: skip
"""By mode, the numbers that answers rest on most."""

_CAPACITY = {"road": "capacity_veh_h", "rail": "capacity_trains_day"}


def capacity_column(mode: str) -> str:
    """Return the column in which the capacity of links of a mode stands; ships sail at sea and on rivers.

    Examples
    --------
    >>> [capacity_column(m) for m in ("road", "rail", "sea", "waterway")]
    ['capacity_veh_h', 'capacity_trains_day', 'capacity_sailings_day', 'capacity_sailings_day']
    """
    return _CAPACITY.get(mode, "capacity_sailings_day")


def _serves(column: str, mode: str) -> bool:
    return column in _SERVES[mode]


_Marks = tuple[list[tuple[Any, ...]], np.ndarray[Any, Any], np.ndarray[Any, Any]]


def _values(links: pd.DataFrame, column: str, marks: _Marks) -> Values:
    spec = schema.columns("links")[column]
    value = links[column].to_numpy(float, copy=True)
    filled = np.zeros(len(value), bool)
    empty = np.flatnonzero(np.isnan(value))
    if spec.default and len(empty):
        kinds, kind = _kinds(*(links[c].to_numpy(object)[empty] for c in ("mode", "class", "tracks")))
        stand_in = np.full(len(kinds), np.nan)
        for i, (mode, road_class, tracks) in enumerate(kinds):
            track = "" if tracks != tracks else f"{min(tracks, 4):.0f}"
            found = schema.default("links", column, f"{mode}.{road_class}", f"{mode}.{track}", mode)
            stand_in[i] = np.nan if found is None else found
        value[empty] = stand_in[kind]
        filled[empty] = ~np.isnan(value[empty])
    low, high, estimated = value.copy(), value.copy(), filled.copy()
    # Links of one kind - the same marks and grades - are dealt with at once; there are few kinds, many links.
    kinds, order, bounds = marks
    any_filled = bool(filled.any())
    for i, (names, ranges, by_column, confidence) in enumerate(kinds):
        stated = schema.parse_ranges(ranges).get(column) if ranges else None
        named = bool(stated or (names and column in names.split(";")))
        if not named and not any_filled:
            continue
        rows = order[bounds[i] : bounds[i + 1]]
        rows = rows if named else rows[filled[rows]]
        estimated[rows] = True
        rows = rows[~np.isnan(value[rows])]
        if stated:
            low[rows], high[rows] = stated
            continue
        for default, level in ((True, "low"), (False, level_of(by_column, column) or confidence)):
            some = rows[filled[rows] == default]
            if len(some):
                numbers, which = np.unique(value[some], return_inverse=True)
                ends = np.array([schema.estimate_range(column, x, level) for x in numbers.tolist()], float)
                low[some], high[some] = ends[which].T
    return Values(value, low, high, estimated, filled)


def _kinds(*columns: np.ndarray[Any, Any]) -> tuple[list[tuple[Any, ...]], np.ndarray[Any, Any]]:
    """Return the rows of some columns that differ, and for each row which of them it is."""
    code = np.zeros(len(columns[0]), np.int64)
    for cells in columns:
        own, known = pd.factorize(cells, use_na_sentinel=False)
        _, code = np.unique(code * len(known) + own, return_inverse=True)
    first = np.full(int(code.max(initial=-1)) + 1, -1, np.int64)
    first[code[::-1]] = np.arange(len(code))[::-1]
    return list(zip(*(cells[first].tolist() for cells in columns), strict=True)), code


def source_of(column: str, text: str) -> str:
    """Return the sources of one column: those whose detail names it, else those that name no column."""
    items = schema.split(text)
    named = {x: x.partition(":")[2].split(",")[0].strip() for x in items}
    own = [x for x, word in named.items() if word == column]
    return "; ".join(own or [x for x, word in named.items() if word not in schema.columns("links")])


def level_of(by_column: str, column: str) -> str:
    """Return the confidence of one column out of ``column:level;column:level``."""
    for part in by_column.split(";"):
        name, _, level = part.partition(":")
        if name == column:
            return level
    return ""


def _records_without_unknowns(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {k: v for k, v in row.items() if v != "" and v == v}
        for row in frame.to_dict("records")
    ]  # fmt: skip


@lru_cache(maxsize=16)
def _lines(file: Path, written: int) -> dict[str, tuple[Any, str]]:
    """Return the lines of a GeoJSON file by link id; read anew when it was `written` at another time."""
    import shapely

    if file.stat().st_size > MAX_GEOJSON:
        raise InputError(f"{file} has {file.stat().st_size / 1e6:,.0f} MB; at most {MAX_GEOJSON / 1e6:,.0f} are read")
    try:
        features = json.loads(file.read_text(encoding="utf-8"))["features"]
        out = {}
        for number, feature in enumerate(features, 1):
            line = shapely.geometry.shape(feature["geometry"])
            if line.geom_type not in ("LineString", "MultiLineString") or line.is_empty:
                raise InputError(f"{file}: feature {number} is no line but a {line.geom_type}")
            given = feature["properties"]
            out[str(given["link_id"])] = (line, str(given.get("method") or "traced"))
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, shapely.errors.ShapelyError) as error:
        raise InputError(
            f"{file} is no GeoJSON of lines that name their link: {type(error).__name__} {error}; "
            "a FeatureCollection with a property link_id is needed"
        ) from None
    return out


def _write_lines(links: Any, path: Path) -> None:
    drawn = links[links["alignment"] != "straight"]
    features = [
        {"type": "Feature", "properties": {"link_id": link, "method": how}, "geometry": line.__geo_interface__}
        for link, how, line in zip(drawn.index, drawn["alignment"], drawn.geometry, strict=True)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    kept = [c for c in frame.columns if (frame[c].notna() & (frame[c] != "")).any()]
    known = schema.columns(path.stem if path.parent.name != "links" else "links")
    required = [c for c in frame.columns if c in known and known[c].required]
    columns = [c for c in frame.columns if c in kept or c in required]
    out = frame[columns].copy()
    for c in columns:
        if out[c].dtype == float:
            out[c] = [("" if v != v else repr(v).removesuffix(".0")) for v in out[c].tolist()]
    out.to_csv(path, index=False, lineterminator="\n")


def load(folder: str | Path | None = None) -> Network:
    """Load a network from a folder of CSV tables; without one, the shipped corridors.

    ``nodes.csv`` and ``links.csv`` (or a folder ``links/`` of CSV files) are needed, every other table of
    the schema is optional.

    Raises
    ------
    InputError
        With all faults of all files.

    Examples
    --------
    >>> net = load()
    >>> net.find_node("Durres")
    'AL_DURRES'
    """
    from mobility import cache

    folder = Path(folder) if folder is not None else shipped()
    key = cache.tables_key(folder)
    with _no_cycles():
        net = None if key is None else _kept(key, folder)
        if net is not None:
            return net
        tables, findings = read_folder(folder)
        net = Network._sound(tables, findings, folder)
    if key is not None:
        start, end = net.link_ends
        cache.keep_tables(key, net.tables, net.notes, {"start": start, "end": end}, {"data_hash": net.data_hash})
    return net


def _kept(key: str, folder: Path) -> Network | None:
    """Return the network that the cache has under a key, with what was worked out of its tables."""
    from mobility import cache

    found = cache.fetch_tables(key)
    if found is None:
        return None
    tables, notes, more, facts = found
    try:
        ends = more["start"], more["end"]
        places, links = len(tables["nodes"].frame), len(tables["links"].frame)
        if any(len(e) != links or (links and (e.min() < 0 or e.max() >= places)) for e in ends):
            return None
        net = Network(tables, folder, None, notes)
        # As cached properties: worked out of these very tables before.
        net.__dict__.update(link_ends=ends, data_hash=str(facts["data_hash"]))
    except KeyError:
        return None
    return net


@contextmanager
def _no_cycles() -> Iterator[None]:
    """Spare the garbage collector from walking through millions of new rows that form no cycle."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def read_folder(folder: Path) -> tuple[dict[str, Table], list[Finding]]:
    """Read every table of a folder; faults are returned, not raised."""
    if not os.path.isdir(folder):
        message = "is no folder" if os.path.lexists(folder) else "does not exist"
        return {}, [Finding("error", str(folder), None, None, None, f"{message}; a network is a folder of CSV tables")]
    tables: dict[str, Table] = {}
    findings: list[Finding] = []
    for name in schema.tables():
        if name == "links":
            table, faults = _read_links(folder)
        elif os.path.lexists(folder / f"{name}.csv") or name == "nodes":
            table, faults = schema.read_csv(folder / f"{name}.csv", name, f"{name}.csv")
        else:
            continue
        findings += faults
        if table is not None:
            tables[name] = table
    return tables, findings


def _read_links(folder: Path) -> tuple[Table | None, list[Finding]]:
    files = [folder / "links.csv"] if os.path.lexists(folder / "links.csv") else []
    if os.path.isdir(folder / "links"):
        files += sorted((folder / "links").glob("*.csv"))
    if not files:
        return schema.read_csv(folder / "links.csv", "links", "links.csv")
    parts: list[Table] = []
    findings: list[Finding] = []
    for file in files:
        table, faults = schema.read_csv(file, "links", file.relative_to(folder).as_posix())
        findings += faults
        if table is not None:
            parts.append(table)
    if len(parts) < len(files):
        return None, findings
    frame = pd.concat([p.frame for p in parts], ignore_index=True) if len(parts) > 1 else parts[0].frame
    for column in frame.columns:
        if frame[column].dtype == object and frame[column].isna().any():
            frame[column] = frame[column].fillna("")
    return Table(frame, tuple(f for p in parts for f in p.file), tuple(n for p in parts for n in p.line)), findings


def integrity(tables: Mapping[str, Table]) -> list[Finding]:
    """Check keys: ids that repeat and references to what is not there. These stop every command."""
    faults = _Faults()
    for name, table in tables.items():
        for column in schema.columns(name).values():
            if column.type == "id":
                _repeats(name, table, (column.column,), faults)
            elif column.type.startswith("ref:"):
                other = column.type[4:]
                if other in tables:
                    _dangling(table, column.column, tables[other], other, faults)
    for name, key in (("terminals", ("node_id", "from_mode", "to_mode")), ("borders", ("node_id", "mode"))):
        if name in tables:
            _repeats(name, tables[name], key, faults)
    if "nodes" in tables and tables["nodes"].frame.empty:
        file = next(iter(tables["nodes"].file), "nodes.csv")
        faults.of(file).add("error", None, None, None, "there are no places; at least one row is needed")
    return faults.done()


class _Faults:
    """Findings by file, each file with its own quota."""

    def __init__(self) -> None:
        self._of: dict[str, Faults] = {}

    def of(self, file: str) -> Faults:
        return self._of.setdefault(file, Faults(file))

    def done(self) -> list[Finding]:
        return [f for faults in self._of.values() for f in faults.done()]


def _repeats(name: str, table: Table, key: tuple[str, ...], faults: _Faults) -> None:
    frame = table.frame[list(key)]
    rows = np.flatnonzero(frame.duplicated().to_numpy() & (frame != "").all(axis=1).to_numpy())
    for i in rows[: schema.MAX_FINDINGS]:
        file, line = table.where(int(i))
        first = int(np.flatnonzero((frame == frame.iloc[i]).all(axis=1).to_numpy())[0])
        before, where = table.where(first)
        place = f"line {where}" if before == file else f"{before}:{where}"
        what = " ".join(str(v) for v in frame.iloc[i])
        faults.of(file).add("error", line, key[0], what, f"repeats the key of {place}", "repeated key")
    if len(rows) > schema.MAX_FINDINGS:
        more = f"and {len(rows) - schema.MAX_FINDINGS} more repeated keys"
        faults.of(table.where(int(rows[0]))[0]).add("error", None, key[0], None, more)


def _dangling(table: Table, column: str, other: Table, other_name: str, faults: _Faults) -> None:
    key = next(iter(schema.columns(other_name)))
    known = set(other.frame[key].tolist())
    if known.issuperset(filter(None, table.frame[column].tolist())):
        return
    hints = 5 if len(known) < 20_000 else 0
    for i, value in enumerate(table.frame[column].tolist()):
        if value and value not in known:
            hint = did_you_mean(value, known) if hints > 0 else ""
            hints -= 1
            file, line = table.where(i)
            kind = f"not in {other_name}.csv"
            faults.of(file).add("error", line, column, value, f"is not in {other_name}.csv{hint}", kind)
