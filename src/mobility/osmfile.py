"""OpenStreetMap files: XML, PBF, GraphML and osmnx graphs, read into ways with the points they run through.

XML and GraphML are read as a stream by the expat of the standard library, so that the base install reads them and
faults have a line; PBF by ``osmium`` (the extra ``osm``), in two passes: ways first, then only the points that they
use. Memory grows with the ways that are kept and, for XML, by 24 bytes for each point of the file, never with what a
file claims. Relations are not read.
"""

from __future__ import annotations

import bz2
import gzip
import re
import struct
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NamedTuple
from xml.parsers import expat

import numpy as np

from mobility.errors import Finding, InputError
from mobility.schema import Faults

Array = np.ndarray[Any, Any]

MAX_XML = 8_000_000_000
"""Of a text file, unpacked, so many bytes are read; for more there is PBF."""

MAX_TOKEN = 4_000_000
"""No tag of an XML file is longer."""

MAX_REFS = 100_000
"""OpenStreetMap allows 2 000 points to a way; merged ones may have more."""

MAX_TAGS = 5_000
MAX_FAULTS = 20
MAX_PBF_BLOB, MAX_PBF_HEADER = 32 * 2**20, 64 * 2**10
"""The format's own bounds for a block and its header."""

LARGE_BLOCK, MAX_BLOCK_POINTS = 2 * 2**20, 1_000_000
"""Blocks have some 8 000 points and less than 1 MB. Of a larger one the points are counted before it is read: ten
million that do not differ take up 30 kB in the file and a gigabyte in memory."""

MADE_UP = -(10**15)
"""Points without an id, as inside the lines of an osmnx graph, get ids from here downwards."""

POINT_KEYS = frozenset(
    ("barrier", "access", "vehicle", "motor_vehicle", "motorcar", "hgv", "goods", "name", "place", "railway", "highway",
     "name:en", "int_name", "ref", "railway:ref", "crossing", "axle_load")
)  # fmt: skip
"""Of a point these tags are kept, and those that begin with ``max``."""


class Way(NamedTuple):
    """A road or railway as the file has it; `others` are further ids where ways were merged before."""

    id: int
    refs: Any
    tags: dict[str, str]
    others: tuple[int, ...] = ()


class Spot(NamedTuple):
    """A named place beside the network."""

    name: str
    kind: str
    lon: float
    lat: float


@dataclass
class Extract:
    """What was read.

    Attributes
    ----------
    file : str
        Name, without folders.
    date : str
        Day of the data, ISO 8601; empty when the file does not tell.
    date_basis : str
        What tells it: the header, or the newest way.
    ways : list of Way
    node : ndarray of int64
        Ids of the points in use, ascending, with `lon` and `lat`.
    tags : dict of int to dict
        Tags of points in use.
    spots : list of Spot
    counts : dict of str to int
        Ways and points read, and what was left out.
    notes : list of Finding
        Warnings.
    """

    file: str
    date: str = ""
    date_basis: str = ""
    ways: list[Way] = field(default_factory=list)
    node: Array = field(default_factory=lambda: np.empty(0, np.int64))
    lon: Array = field(default_factory=lambda: np.empty(0))
    lat: Array = field(default_factory=lambda: np.empty(0))
    tags: dict[int, dict[str, str]] = field(default_factory=dict)
    spots: list[Spot] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[Finding] = field(default_factory=list)


Wanted = Callable[[Mapping[str, str]], bool]


class _Stopped(Exception):
    """Reading ends because of what stands in the file."""


def read(path: Path, wanted: Wanted) -> Extract:
    """Read a file by what stands in it, whatever its name.

    Parameters
    ----------
    path : Path
        ``.osm.pbf``, ``.osm`` (also ``.gz`` or ``.bz2``) or ``.graphml``.
    wanted : callable
        Whether a way with these tags is kept.

    Raises
    ------
    InputError
        When it cannot be read: with the file, the line or byte, and what would do.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(64)
    except OSError as error:
        raise _fault(path.name, f"cannot be read: {error.strerror}") from None
    if not head:
        raise _fault(path.name, "is empty")
    if head[4:64].find(b"OSMHeader") >= 0:
        return _read_pbf(path, wanted)
    openers: dict[bytes, Callable[[Path], IO[bytes]]] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open}  # type: ignore[dict-item]
    opener = openers.get(head[:2])
    if opener is None and head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"<":
        what = "a PBF file that is damaged at its beginning" if path.name.endswith(".pbf") else "neither XML nor PBF"
        what = "UTF-16, not UTF-8" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else what
        raise _fault(path.name, f"is {what}; an OpenStreetMap extract (.osm.pbf, .osm) or a GraphML of osmnx is needed")
    try:
        with opener(path) if opener else path.open("rb") as stream:
            return _read_xml(stream, path.name, wanted)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _fault(path.name, f"cannot be unpacked: {error}; is the file cut off?") from None
    except OSError as error:
        raise _fault(path.name, f"cannot be read: {error.strerror or error}") from None


def _fault(file: str, message: str, line: int | None = None, value: str | None = None) -> InputError:
    return InputError([Finding("error", file, line, None, value, message)])


# ---- XML


def _read_xml(stream: IO[bytes], file: str, wanted: Wanted) -> Extract:
    """Feed a stream to expat; entities are refused, and so is a tag that does not end."""
    parser = expat.ParserCreate("UTF-8")  # whatever the file declares: all OpenStreetMap files are
    parser.buffer_text = True
    faults = Faults(file)

    def refuse(*_: Any) -> None:
        raise _Stopped("declares a document type or entities; OpenStreetMap files have none, and they are not read")

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    target = _Osm(parser, faults, wanted)

    def root(tag: str, given: dict[str, str]) -> None:
        nonlocal target
        if tag == "osm":
            target.begin(given)
        elif tag == "graphml":
            target = _GraphML(parser, faults, wanted)  # type: ignore[assignment]
        elif tag == "osmChange":
            raise _Stopped("is a file of changes; apply it to an extract first")
        else:
            raise _Stopped(f"is XML, but begins with <{tag[:40]}>; <osm> or <graphml> is needed")

    parser.StartElementHandler = root
    fed = 0
    try:
        while chunk := stream.read(1 << 20):
            fed += len(chunk)
            if fed > MAX_XML:
                raise _Stopped(f"is longer than {MAX_XML / 1e9:.0f} GB of text; take the extract as .osm.pbf")
            parser.Parse(chunk, False)
            if fed - parser.CurrentByteIndex > MAX_TOKEN:
                raise _Stopped(f"holds a tag of more than {MAX_TOKEN / 1e6:.0f} MB")
            if len(faults.findings) >= MAX_FAULTS:
                break
        else:
            parser.Parse(b"", True)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        cut = "; is the file cut off?" if error.code in _CUT else ""
        faults.add("error", error.lineno, None, None, f"no well-formed XML (column {error.offset + 1}): {what}{cut}")
    except _Stopped as error:
        faults.add("error", parser.CurrentLineNumber, None, None, str(error))
    except UnicodeDecodeError as error:
        faults.add("error", parser.CurrentLineNumber, None, None, f"not readable as text: {error.reason}")
    if any(f.level == "error" for f in faults.findings):
        raise InputError(faults.done())
    return target.done(file)


_CUT = tuple(expat.errors.codes[m] for m in (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN))


class _Osm:
    """Elements of ``<osm>``: points, ways and their tags; a way ends where the next element begins."""

    def __init__(self, parser: Any, faults: Faults, wanted: Wanted) -> None:
        self.parser, self.faults, self.wanted = parser, faults, wanted
        self.ids, self.lon, self.lat = array("q"), array("d"), array("d")
        self.tags: dict[int, dict[str, str]] = {}
        self.ways: list[Way] = []
        self.way_lines: list[int] = []
        self.counts = {"points": 0, "ways": 0, "relations": 0}
        self.date = self.newest = ""

    def begin(self, given: Mapping[str, str]) -> None:
        """Take over from the root element on."""
        self.date = given.get("timestamp", "")
        self.parser.StartElementHandler = self._handler()

    def _handler(self) -> Callable[[str, dict[str, str]], None]:
        """Return the handler; closed-over names, since it runs for every tag of the file."""
        ids, lon, lat, tags, ways, lines = self.ids, self.lon, self.lat, self.tags, self.ways, self.way_lines
        parser, faults, wanted, counts = self.parser, self.faults, self.wanted, self.counts
        refs: Any = array("q")
        own: dict[str, str] | None = None
        kind, number, line, stamp = "", 0, 0, ""

        def bad(what: str, given: Mapping[str, str], why: str) -> None:
            shown = " ".join(f'{k}="{v[:40]}"' for k, v in list(given.items())[:6])
            faults.add("error", parser.CurrentLineNumber, what, shown, why, f"{what} {why[:30]}")
            if len(faults.findings) >= MAX_FAULTS:
                raise _Stopped("too many faults; the rest is not read")

        def finish() -> None:
            nonlocal kind
            if kind == "way" and own is not None and wanted(own):
                ways.append(Way(number, refs, own))
                lines.append(line)
                if stamp > self.newest:
                    self.newest = stamp
            kind = ""

        def start(tag: str, given: dict[str, str]) -> None:
            nonlocal refs, own, kind, number, line, stamp
            if tag == "nd":
                if kind == "way":
                    try:
                        refs.append(int(given["ref"]))
                    except (KeyError, ValueError, OverflowError):
                        bad("nd", given, f"way {number}: ref must be the whole number of a node")
                    if len(refs) > MAX_REFS:
                        raise _Stopped(f"way {number} has more than {MAX_REFS} points; OpenStreetMap allows 2000")
            elif tag == "tag":
                if kind == "way":
                    key = given.get("k")
                    if key is None or own is None or len(own) >= MAX_TAGS:
                        bad("tag", given, f"way {number}: a tag needs k and v, and there may be at most {MAX_TAGS}")
                    else:
                        own[key] = given.get("v", "")
                elif kind == "node":
                    key = given.get("k", "")
                    if key in POINT_KEYS or key.startswith("max"):
                        tags.setdefault(number, {})[key] = given.get("v", "")
            elif tag == "node":
                if kind == "way":
                    finish()
                kind = ""
                if given.get("action") == "delete" or given.get("visible") == "false":
                    return
                try:
                    number, y, x = int(given["id"]), float(given["lat"]), float(given["lon"])
                    if not (-90 <= y <= 90 and -180 <= x <= 180):
                        raise ValueError
                    ids.append(number)
                except (KeyError, ValueError, OverflowError):
                    bad("node", given, "needs a whole number as id, lat from -90 to 90 and lon from -180 to 180")
                    return
                lat.append(y)
                lon.append(x)
                kind = "node"
            elif tag in ("way", "relation"):
                finish()
                counts[f"{tag}s"] += 1
                if tag == "relation" or given.get("action") == "delete" or given.get("visible") == "false":
                    kind = "relation"
                    return
                try:
                    number = int(given["id"])
                    struct.pack("q", number)
                except (KeyError, ValueError, struct.error):
                    bad("way", given, "needs a whole number as id")
                    kind = "relation"
                    return
                kind, refs, own, line = "way", array("q"), {}, parser.CurrentLineNumber
                stamp = given.get("timestamp", "")
            elif tag == "meta":
                self.date = self.date or given.get("osm_base", "")
            elif tag == "bounds":
                pass
            elif tag == "osm":
                raise _Stopped("holds a second <osm>; files must be merged by a tool, not pasted together")

        self._finish = finish
        return start

    def done(self, file: str) -> Extract:
        """Return the extract."""
        if hasattr(self, "_finish"):
            self._finish()
        self.counts["points"] = len(self.ids)
        found, basis = (self.date, "header") if self.date else (self.newest, "newest way")
        out = Extract(file, _day(found), basis if _day(found) else "", counts=self.counts)
        out.ways = _once(self.ways, file, out.notes, self.way_lines)
        node, lon, lat = (np.frombuffer(a, kind) if a else np.empty(0, kind) for a, kind in _columns(self))
        _spots(out, self.tags, node, lon, lat)
        return _settle(out, node, lon, lat, self.tags)


def _columns(of: _Osm) -> tuple[tuple[Any, Any], ...]:
    return (of.ids, np.int64), (of.lon, np.float64), (of.lat, np.float64)


def _day(text: str) -> str:
    """Return the day of a time stamp."""
    hit = re.match(r"\d{4}-\d{2}-\d{2}", text)
    return hit[0] if hit else ""


def _once(ways: list[Way], file: str, notes: list[Finding], lines: list[int] | None = None) -> list[Way]:
    """Return each way once; the same way twice is a note, two ways with one id an error."""
    seen: dict[int, int] = {}
    out: list[Way] = []
    faults = Faults(file)
    for i, way in enumerate(ways):
        first = seen.setdefault(way.id, i)
        if first == i:
            out.append(way)
            continue
        line = lines[i] if lines else None
        if ways[first].refs == way.refs and ways[first].tags == way.tags:
            faults.add("warning", line, "way", str(way.id), "stands twice; read once", "way twice")
        else:
            message = "two different ways have this id; is it a file of history, or several extracts of different days?"
            faults.add("error", line, "way", str(way.id), message, "way id")
    if any(f.level == "error" for f in faults.findings):
        raise InputError(faults.done())
    notes += faults.done()
    return out


def _settle(out: Extract, node: Array, lon: Array, lat: Array, tags: dict[int, dict[str, str]]) -> Extract:
    """Keep the points that the ways use; the same point twice is a note, two places of one id an error."""
    order = np.argsort(node, kind="stable")
    node, lon, lat = node[order], lon[order], lat[order]
    again = np.flatnonzero(node[1:] == node[:-1]) + 1
    if len(again):
        faults = Faults(out.file)
        moved = (lon[again] != lon[again - 1]) | (lat[again] != lat[again - 1])
        for i in node[again[moved]].tolist():
            message = "two places have this id; is it a file of history, or several extracts of different days?"
            faults.add("error", None, "node", str(i), message, "node id")
        if moved.any():
            raise InputError(faults.done())
        message = f"{len(again)} points stand twice; read once"
        out.notes.append(Finding("warning", out.file, None, "node", str(node[again[0]]), message))
        keep = np.ones(len(node), bool)
        keep[again] = False
        node, lon, lat = node[keep], lon[keep], lat[keep]
    used = np.unique(np.concatenate([np.asarray(w.refs, np.int64) for w in out.ways])) if out.ways else node[:0]
    keep = np.isin(node, used, assume_unique=True)
    out.node, out.lon, out.lat = node[keep], lon[keep], lat[keep]
    known = set(out.node.tolist())
    out.tags = {i: t for i, t in tags.items() if i in known}
    out.counts["missing points"] = int(len(used) - len(out.node))
    return out


PLACES = ("city", "town", "village", "suburb", "hamlet")
STATIONS = ("station", "halt", "yard", "junction", "service_station", "site", "crossover")


def _spot(tags: Mapping[str, str], lon: float, lat: float) -> Spot | None:
    name = (tags.get("name") or tags.get("int_name") or "")[:120]
    kind = tags.get("place", "") if tags.get("place") in PLACES else ""
    kind = kind or (f"railway:{tags['railway']}" if tags.get("railway") in STATIONS else "")
    return Spot(name, kind, lon, lat) if name and kind else None


def _spots(out: Extract, tags: Mapping[int, Mapping[str, str]], node: Array, lon: Array, lat: Array) -> None:
    named = {i for i, t in tags.items() if "name" in t or "int_name" in t}
    for row in np.flatnonzero(np.isin(node, np.array(sorted(named), np.int64))).tolist():
        spot = _spot(tags[int(node[row])], float(lon[row]), float(lat[row]))
        if spot is not None:
            out.spots.append(spot)


# ---- PBF


def _read_pbf(path: Path, wanted: Wanted) -> Extract:
    """Read ways, then the points they use; a block that is damaged is named by its place in the file."""
    for _ in _blocks(path):  # sizes are checked before anything is unpacked
        pass
    try:
        osmium: Any = import_module("osmium")
        import_module("osmium.filter")
    except ImportError:
        message = "is a PBF file, which needs the package osmium: pip install 'mobility[osm]'; .osm is read without it"
        raise _fault(path.name, message) from None
    file = osmium.io.File(str(path.resolve()), "pbf")
    out = Extract(path.name, counts={"points": 0, "ways": 0, "relations": 0})
    try:
        header = osmium.io.Reader(file, osmium.osm.NOTHING).header()
        if header.has_multiple_object_versions:
            raise _fault(path.name, "is a file of history; an extract of one day is needed")
        out.date, out.date_basis = _day(header.get("osmosis_replication_timestamp")), "header"
        ways: list[Way] = []
        newest = ""
        roads = osmium.filter.KeyFilter("highway", "railway")
        lines = osmium.FileProcessor(file, osmium.osm.WAY, _pool(osmium)).with_filter(roads)
        for way in lines:
            out.counts["ways"] += 1
            tags = {t.k: t.v for t in way.tags}
            if way.visible and wanted(tags):
                if len(way.nodes) > MAX_REFS:
                    message = f"has {len(way.nodes)} points; OpenStreetMap allows 2000"
                    raise InputError([Finding("error", path.name, None, "way", str(way.id), message)])
                ways.append(Way(way.id, array("q", [n.ref for n in way.nodes]), tags))
                if not out.date:
                    newest = max(newest, way.timestamp.isoformat())
        if not out.date:
            out.date, out.date_basis = _day(newest), "newest way"
        if out.date.startswith("1970"):
            out.date = ""
        out.date_basis = out.date_basis if out.date else ""
        out.ways = _once(ways, path.name, out.notes)
        return _pbf_points(file, out, path.name, osmium)
    except (RuntimeError, ValueError, UnicodeDecodeError, OverflowError) as error:
        raise _located(path, error) from None


def _pool(osmium: Any) -> Any:
    """Return threads for unpacking, and a short queue: blocks that wait hold memory."""
    return osmium.io.ThreadPool(2, 4)


def _pbf_points(file: Any, out: Extract, name: str, osmium: Any) -> Extract:
    used = np.unique(np.concatenate([np.asarray(w.refs, np.int64) for w in out.ways])) if out.ways else np.empty(0)
    ids, lon, lat = array("q"), array("d"), array("d")
    tags: dict[int, dict[str, str]] = {}
    faults = Faults(name)
    if len(used):
        some = osmium.filter.IdFilter(used.tolist())
        for node in osmium.FileProcessor(file, osmium.osm.NODE, _pool(osmium)).with_filter(some):
            where = node.location
            if not where.valid():
                message = f"lies at lat {where.y / 1e7:g}, lon {where.x / 1e7:g}, which is nowhere"
                faults.add("error", None, "node", str(node.id), message, "location")
                continue
            ids.append(node.id)
            lon.append(where.lon_without_check())
            lat.append(where.lat_without_check())
            if len(node.tags):
                kept = {t.k: t.v for t in node.tags if t.k in POINT_KEYS or t.k.startswith("max")}
                if kept:
                    tags[node.id] = kept
    if faults.findings:
        raise InputError(faults.done())
    named = osmium.filter.KeyFilter("place", "railway")
    for node in osmium.FileProcessor(file, osmium.osm.NODE, _pool(osmium)).with_filter(named):
        if node.location.valid():
            spot = _spot({t.k: t.v for t in node.tags}, node.location.lon, node.location.lat)
            if spot is not None:
                out.spots.append(spot)
    out.counts["points"] = len(ids)
    node_id, x, y = (np.array(a, kind) for a, kind in ((ids, np.int64), (lon, float), (lat, float)))
    return _settle(out, node_id, x, y, tags)


def _blocks(path: Path) -> Iterator[tuple[int, str, int, int]]:
    """Walk the blocks of a PBF file without unpacking them: byte, kind, start and length of the content.

    Raises
    ------
    InputError
        Where a size is beyond the format's bounds or beyond the end of the file.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        at = 0
        while at < size:
            head = stream.read(4)
            length = struct.unpack(">I", head)[0] if len(head) == 4 else -1
            if not 0 < length <= MAX_PBF_HEADER or at + 4 + length > size:
                message = f"byte {at}: no block of a PBF file begins here (header of {length} bytes); is it cut off?"
                raise _fault(path.name, message)
            fields = _fields(stream.read(length))
            kind, said = fields.get(1), fields.get(3)
            content = said if isinstance(said, int) else -1
            if not isinstance(kind, bytes) or not 0 <= content <= MAX_PBF_BLOB:
                message = f"byte {at}: a block of {content} bytes; the format allows {MAX_PBF_BLOB}"
                raise _fault(path.name, message)
            start = at + 4 + length
            if start + content > size:
                message = (
                    f"byte {at}: a block of {content} bytes, but the file ends after {size - start}; is it cut off?"
                )
                raise _fault(path.name, message)
            if at == 0 and kind != b"OSMHeader":
                raise _fault(path.name, "byte 0: the first block is no OSMHeader")
            raw = _fields(stream.read(min(content, 32))).get(2)
            if isinstance(raw, int) and raw > MAX_PBF_BLOB:
                message = f"byte {at}: a block that claims {raw} bytes unpacked; the format allows {MAX_PBF_BLOB}"
                raise _fault(path.name, message)
            if kind == b"OSMData" and (content > LARGE_BLOCK or (isinstance(raw, int) and raw > LARGE_BLOCK)):
                stream.seek(start)
                points = _block_points(stream.read(content))
                if points > MAX_BLOCK_POINTS:
                    message = (
                        f"byte {at}: a block of {points} points; blocks have some 8000, and {MAX_BLOCK_POINTS} are read"
                    )
                    raise _fault(path.name, message)
            yield at, kind.decode("ascii", "replace"), start, content
            at = start + content
            stream.seek(at)


def _block_points(blob: bytes) -> int:
    """Return the number of points that a block holds: ids of its dense nodes, each a number of one or more bytes."""
    fields = _fields(blob)
    raw, packed = fields.get(1), fields.get(3)
    try:
        packed = packed if isinstance(packed, bytes) else b""
        block = raw if isinstance(raw, bytes) else zlib.decompressobj().decompress(packed, MAX_PBF_BLOB)
    except zlib.error:
        return 0  # told when it is read
    count = 0
    for group in _each(block, 2):
        for dense in _each(group, 2):
            for ids in _each(dense, 1):
                count += int((np.frombuffer(ids, np.uint8) < 128).sum())
    return count


def _each(data: bytes, number: int) -> list[bytes]:
    """Return every field of a protocol buffer that has a number and holds bytes."""
    out: list[bytes] = []
    _fields(data, lambda key, value: out.append(value) if key == number and isinstance(value, bytes) else None)
    return out


def _fields(data: bytes, visit: Callable[[int, int | bytes], Any] | None = None) -> dict[int, int | bytes]:
    """Return the fields at the top of a protocol buffer, as far as `data` holds them."""
    out: dict[int, int | bytes] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while at < len(data) and shift < 70:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
        raise ValueError

    try:
        while at < len(data):
            tag = varint()
            if tag & 7 == 0:
                value: int | bytes = varint()
            elif tag & 7 == 2:
                length = varint()
                value = data[at : at + length]
                at += length
            else:
                break
            out[tag >> 3] = value
            if visit is not None:
                visit(tag >> 3, value)
    except ValueError:
        pass
    return out


def _located(path: Path, error: Exception) -> InputError:
    """Return what was wrong with a PBF file and where: the first block that does not unpack."""
    with path.open("rb") as stream:
        for at, kind, start, length in _blocks(path):
            stream.seek(start)
            fields = _fields(stream.read(length))
            packed, said = fields.get(3), fields.get(2)
            raw = said if isinstance(said, int) else -1
            if isinstance(packed, bytes):
                try:
                    worker = zlib.decompressobj()
                    got = len(worker.decompress(packed, MAX_PBF_BLOB + 1))
                    if got != raw or not worker.eof:
                        return _fault(path.name, f"byte {at}: block {kind} unpacks to {got} bytes, not to {raw}")
                except zlib.error as wrong:
                    return _fault(path.name, f"byte {at}: block {kind} cannot be unpacked: {wrong}")
    return _fault(path.name, f"is no sound PBF file: {str(error)[:200]}")


# ---- osmnx


class _GraphML:
    """Elements of ``<graphml>`` as osmnx writes it: nodes with x and y, edges with the tags of their ways."""

    def __init__(self, parser: Any, faults: Faults, wanted: Wanted) -> None:
        self.parser, self.faults, self.wanted = parser, faults, wanted
        self.keys: dict[str, str] = {}
        self.nodes: dict[str, dict[str, str]] = {}
        self.edges: list[tuple[str, str, dict[str, str]]] = []
        self.graph: dict[str, str] = {}
        self.own: dict[str, str] | None = self.graph
        self.key, self.text = "", ""
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._chars

    def _start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "key":
            self.keys[given.get("id", "")] = given.get("attr.name", "")
        elif tag == "node":
            self.own = self.nodes.setdefault(given.get("id", ""), {})
        elif tag == "edge":
            self.own = {}
            self.edges.append((given.get("source", ""), given.get("target", ""), self.own))
        elif tag == "data":
            self.key, self.text = self.keys.get(given.get("key", ""), ""), ""

    def _chars(self, text: str) -> None:
        if self.key:
            self.text += text
            if len(self.text) > MAX_TOKEN:
                raise _Stopped(f"holds a text of more than {MAX_TOKEN / 1e6:.0f} MB")

    def _end(self, tag: str) -> None:
        if tag == "data" and self.own is not None and self.key:
            self.own[self.key], self.key = self.text, ""
        elif tag in ("node", "edge"):
            self.own = self.graph

    def done(self, file: str) -> Extract:
        """Return the extract."""
        edges = [(u, v, {k: _items(t) for k, t in data.items()}) for u, v, data in self.edges]
        return from_edges(self.nodes, edges, self.graph, file, self.wanted)


def _items(text: str) -> Any:
    """Return a list that was written as text, as ``[1, 2]`` or ``['a', 'b']``; other text as it is."""
    if not (text.startswith("[") and text.endswith("]")) or len(text) > 1_000_000:
        return text
    return [a or b or c for a, b, c in re.findall(r"'([^']*)'|\"([^\"]*)\"|([^\s,\[\]'\"]+)", text)]


def read_graph(graph: Any, wanted: Wanted) -> Extract:
    """Read an osmnx graph.

    Raises
    ------
    InputError
        When it is none: nodes need ``x`` and ``y`` in degrees.
    """
    if not hasattr(graph, "nodes") or not hasattr(graph, "edges"):
        raise InputError(f"a file or an osmnx graph is needed, not a {type(graph).__name__}")
    crs = str(graph.graph.get("crs", "epsg:4326")).casefold()
    if "4326" not in crs:
        raise InputError(f"the graph is projected ({crs[:60]}); take it in longitude and latitude (epsg:4326)")
    edges = [(u, v, dict(data)) for u, v, data in graph.edges(data=True)]
    return from_edges({n: dict(d) for n, d in graph.nodes(data=True)}, edges, graph.graph, "osmnx graph", wanted)


def from_edges(
    nodes: Mapping[Any, Mapping[str, Any]],
    edges: Iterable[tuple[Any, Any, Mapping[str, Any]]],
    about: Mapping[str, Any],
    file: str,
    wanted: Wanted,
) -> Extract:
    """Return the extract of a graph whose edges are ways: of the two edges of a two-way road only one is kept.

    Where osmnx has merged ways, an attribute is a list; of limits the most restrictive counts, as of a value
    with semicolons.
    """
    import shapely

    faults = Faults(file)
    out = Extract(file, _day(str(about.get("created_date", ""))), "download", counts={"points": 0, "ways": 0})
    out.date_basis = out.date_basis if out.date else ""
    number: dict[Any, int] = {}
    ids, lon, lat = array("q"), array("d"), array("d")
    tags: dict[int, dict[str, str]] = {}
    fresh = MADE_UP
    for name, data in nodes.items():
        try:
            x, y = float(data["x"]), float(data["y"])
            if not (-90 <= y <= 90 and -180 <= x <= 180):
                raise ValueError
        except (KeyError, TypeError, ValueError):
            faults.add("error", None, "node", str(name)[:60], "needs x (lon) and y (lat) in degrees", "node")
            continue
        try:
            own = int(name)
            struct.pack("q", own)
        except (TypeError, ValueError, struct.error):
            fresh -= 1
            own = fresh
        number[name] = own
        ids.append(own)
        lon.append(x)
        lat.append(y)
        kept = {k: str(v) for k, v in data.items() if k in POINT_KEYS and v is not None}
        if kept:
            tags[own] = kept
    seen: set[Any] = set()
    for count, (u, v, data) in enumerate(edges):
        out.counts["ways"] += 1
        if u not in number or v not in number:
            faults.add("error", None, "edge", f"{u} to {v}"[:60], "an end is not among the nodes", "edge")
            continue
        given = {k: _joined(x) for k, x in data.items() if k not in ("geometry", "osmid", "length") and x is not None}
        if not wanted(given):
            continue
        way_ids = [_whole(x) for x in _listed(data.get("osmid", -1 - count))]
        one_way = given.get("oneway", "False").casefold() in ("true", "yes", "1")
        if not one_way:
            pair = (frozenset((u, v)), tuple(sorted(way_ids)), round(_float(data.get("length")), 1))
            if pair in seen:
                continue
            seen.add(pair)
        if given.get("reversed", "").casefold() == "true":
            given = {_turned(k): x for k, x in given.items()}
        given["oneway"] = "yes" if one_way else "no"
        try:
            line = data.get("geometry")
            line = shapely.from_wkt(line) if isinstance(line, str) else line
            inner = np.asarray(line.coords)[1:-1, :2] if line is not None else np.empty((0, 2))
        except (shapely.errors.ShapelyError, AttributeError, NotImplementedError, IndexError):
            faults.add("error", None, "edge", f"{u} to {v}"[:60], "its geometry is no line", "geometry")
            continue
        points = range(fresh - 1, fresh - 1 - len(inner), -1)
        fresh -= len(inner)
        ids.extend(points)
        lon.extend(inner[:, 0].tolist())
        lat.extend(inner[:, 1].tolist())
        refs = array("q", [number[u], *points, number[v]])
        out.ways.append(Way(way_ids[0], refs, given, tuple(way_ids[1:])))
    if faults.findings:
        raise InputError(faults.done())
    out.counts["points"] = len(number)
    return _settle(out, np.array(ids, np.int64), np.array(lon), np.array(lat), tags)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | set) else [value]


def _joined(value: Any) -> str:
    return ";".join(str(v) for v in value) if isinstance(value, list | tuple | set) else str(value)


def _whole(value: Any) -> int:
    try:
        number = int(value)
        struct.pack("q", number)
    except (TypeError, ValueError, struct.error):
        return 0
    return number


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _turned(key: str) -> str:
    """Return a key with its direction turned, for an edge that runs against its way."""
    swap = {"forward": "backward", "backward": "forward"}
    return ":".join(swap.get(p, p) for p in key.split(":"))
