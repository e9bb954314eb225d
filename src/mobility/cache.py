"""Arrays kept on disk between runs: memory-mapped, checked before they are believed, and never needed.

An entry is a folder of ``.npy`` files and a manifest with the checksum of each. Its name is the hash of all that it was
made of, so it is never out of date; what is damaged, cut short or of another format is made anew. Nothing is
unpickled. ``MOBILITY_CACHE`` names the folder, or turns the cache off (``off``); left out, it lies where the system
keeps caches and takes part only for tables of some size.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from mobility import schema
from mobility.errors import Finding
from mobility.schema import Table

Array = np.ndarray[Any, Any]

FORMAT = 1
"""Of entries; another number makes all of them anew."""

WORTH = 20_000_000
"""Tables of fewer bytes are read as quickly as they are found here."""

KEPT = 12
"""So many entries are kept, the newest."""

MAX_MANIFEST = 10_000_000
KINDS = "bifu"
"""Kinds of numpy's types that an entry may hold: plain numbers."""


def home() -> Path | None:
    """Return the folder of the cache, or None when it is turned off."""
    asked = os.environ.get("MOBILITY_CACHE", "").strip()
    if asked.casefold() in ("off", "0", "no", "none"):
        return None
    if asked:
        return Path(asked).expanduser()
    try:
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # a user without a home
        return None
    return base / "mobility"


def digest(*parts: bytes | str | int | Array) -> str:
    """Return a hash of bytes, words, numbers and arrays that depends on where each ends.

    >>> digest("ab", "c") == digest("a", "bc")
    False
    """
    total = hashlib.blake2b(digest_size=20)
    for part in parts:
        if isinstance(part, np.ndarray):
            raw: Any = np.ascontiguousarray(part)
            total.update(f"{part.dtype.str}{part.shape}".encode())
        else:
            raw = part if isinstance(part, bytes) else str(part).encode()
            total.update(f"{len(raw)}:".encode())
        total.update(raw)
    return total.hexdigest()


def keep(kind: str, key: str, arrays: Mapping[str, Array], facts: Mapping[str, Any]) -> Path | None:
    """Keep arrays of plain numbers, and facts that JSON can hold; return the entry, None when it could not be kept.

    Written beside and then renamed, so that an entry is complete or not there.
    """
    folder = home()
    if folder is None:
        return None
    draft: Path | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = Path(tempfile.mkdtemp(prefix=f".{kind}-", dir=folder))
        listed = {}
        for number, (name, array) in enumerate(arrays.items()):
            file = f"{number:04d}.npy"
            np.save(draft / file, np.ascontiguousarray(array), allow_pickle=False)
            listed[name] = {
                "file": file, "dtype": array.dtype.str, "shape": list(array.shape), "digest": digest(array)
            }  # fmt: skip
        text = json.dumps({"format": FORMAT, "kind": kind, "key": key, "arrays": listed, "facts": facts})
        (draft / "manifest.json").write_text(f"{digest(text)}\n{text}", encoding="utf-8")
        entry = folder / f"{kind}-{key}"
        shutil.rmtree(entry, ignore_errors=True)
        os.replace(draft, entry)
        _thin(folder)
    except OSError:  # full, read-only, or another process was first
        return None
    else:
        return entry
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)


def fetch(kind: str, key: str) -> tuple[dict[str, Array], dict[str, Any]] | None:
    """Return the arrays and facts of an entry, or None when there is none that can be believed.

    Every array is mapped into memory and held against its checksum, type and shape. What is changed in one is changed
    in memory only.
    """
    folder = home()
    if folder is None:
        return None
    entry = folder / f"{kind}-{key}"
    try:
        manifest = entry / "manifest.json"
        if manifest.is_symlink() or manifest.stat().st_size > MAX_MANIFEST:
            return None
        check, _, text = manifest.read_text(encoding="utf-8").partition("\n")
        if check != digest(text):
            return None
        told = json.loads(text)
        if (told["format"], told["kind"], told["key"]) != (FORMAT, kind, key):
            return None
        arrays = {name: _mapped(entry, spec) for name, spec in told["arrays"].items()}
        with contextlib.suppress(OSError):
            os.utime(entry)
        return arrays, told["facts"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError):
        return None


def _mapped(entry: Path, spec: Mapping[str, Any]) -> Array:
    """Return one array of an entry.

    Raises
    ------
    ValueError
        When it is not what the manifest says.
    """
    name = str(spec["file"])
    file = entry / name
    if Path(name).name != name or file.is_symlink() or np.dtype(spec["dtype"]).kind not in KINDS:
        raise ValueError(name)
    # A map of nothing cannot be made.
    empty = 0 in spec["shape"]
    array = np.asarray(np.load(file, mmap_mode=None if empty else "c", allow_pickle=False))
    if array.dtype.str != spec["dtype"] or list(array.shape) != spec["shape"] or digest(array) != spec["digest"]:
        raise ValueError(name)
    return array


def _thin(folder: Path) -> None:
    """Drop the oldest entries, and drafts that a killed process left."""
    entries = [p for p in folder.iterdir() if p.is_dir() and (p / "manifest.json").is_file()]
    drafts = [p for p in entries if p.name.startswith(".")]
    named = sorted((p for p in entries if p not in drafts), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in named[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


# ---- text as numbers


def spell(cells: Array) -> tuple[Array, Array, Array]:
    """Return text as codes, and the words they stand for as bytes and bounds."""
    import pandas as pd

    codes, words = pd.factorize(cells)
    encoded = [str(w).encode("utf-8", "surrogatepass") for w in words.tolist()]
    bounds = np.cumsum([0, *map(len, encoded)]).astype(np.int64)
    return codes.astype(np.int32), np.frombuffer(b"".join(encoded), np.uint8), bounds


def unspell(codes: Array, raw: Array, bounds: Array) -> Array:
    """Return the text that :func:`spell` took apart.

    Raises
    ------
    ValueError
        When the numbers do not go together.
    """
    words = len(bounds) - 1
    if words < 0 or bounds[0] != 0 or bounds[-1] != len(raw) or (np.diff(bounds) < 0).any():
        raise ValueError("bounds")
    if len(codes) and (codes.min() < 0 or codes.max() >= words):
        raise ValueError("codes")
    whole = raw.tobytes()
    edges = bounds.tolist()
    out = np.empty(words, object)
    if len(whole) == len(plain := whole.decode("utf-8", "surrogatepass")):  # one byte a letter
        out[:] = [plain[a:b] for a, b in pairwise(edges)]
    else:
        out[:] = [whole[a:b].decode("utf-8", "surrogatepass") for a, b in pairwise(edges)]
    return out[codes] if len(codes) else np.empty(0, object)


def size_of(files: Iterable[Path]) -> int:
    """Return the bytes of some files together; what is not there counts nothing."""
    total = 0
    for file in files:
        with contextlib.suppress(OSError):
            total += file.stat().st_size
    return total


# ---- the tables of a network


def tables_key(folder: Path) -> str | None:
    """Return the hash of the tables of a folder and of how they are read; None when they are too small to matter."""
    if home() is None or not folder.is_dir():
        return None
    files = [f for f in (folder / f"{name}.csv" for name in schema.tables()) if f.is_file()]
    files += sorted(f for f in (folder / "links").glob("*.csv") if f.is_file())
    if not WORTH <= size_of(files) <= 4 * schema.MAX_BYTES:
        return None
    from mobility import __version__

    here = Path(schema.__file__).parent
    parts: list[bytes | str | int | Array] = [FORMAT, __version__]
    parts += [(here / name).read_bytes() for name in ("schema.csv", "schema.py")]
    try:
        for file in files:
            parts += [file.relative_to(folder).as_posix(), file.read_bytes()]
    except OSError:  # the reader will say so
        return None
    return digest(*parts)


def keep_tables(
    key: str, tables: Mapping[str, Table], notes: Iterable[Finding], more: Mapping[str, Array], facts: Mapping[str, Any]
) -> None:
    """Keep sound tables with the notes on them, and what else was worked out of them."""
    arrays: dict[str, Array] = {f"more/{name}": array for name, array in more.items()}
    told: dict[str, Any] = {"notes": [n.to_dict() for n in notes], "tables": {}, **facts}
    for name, table in tables.items():
        files = list(dict.fromkeys(table.file))
        code = {f: i for i, f in enumerate(files)}
        arrays[f"{name}/file"] = np.fromiter(map(code.__getitem__, table.file), np.int32, len(table.file))
        arrays[f"{name}/line"] = np.array(table.line, np.int64)
        listed: list[list[str]] = []
        told["tables"][name] = {"files": files, "rows": len(table.frame), "columns": listed}
        for number, (column, cells) in enumerate(table.frame.items()):
            at = f"{name}/{number}"
            values = cells.to_numpy()
            if values.dtype == float:
                arrays[at] = values
            else:
                arrays[at], arrays[f"{at}/raw"], arrays[f"{at}/bounds"] = spell(values)
            listed.append([str(column), "number" if values.dtype == float else "text"])
    keep("tables", key, arrays, told)


def fetch_tables(key: str) -> tuple[dict[str, Table], tuple[Finding, ...], dict[str, Array], dict[str, Any]] | None:
    """Return what :func:`keep_tables` kept, or None when there is nothing that can be believed."""
    import pandas as pd

    found = fetch("tables", key)
    if found is None:
        return None
    arrays, told = found
    try:
        tables = {}
        for name, spec in told["tables"].items():
            data: dict[str, Any] = {}
            for number, (column, kind) in enumerate(spec["columns"]):
                at = f"{name}/{number}"
                if kind == "number":
                    data[column] = arrays[at]
                else:
                    cells = unspell(arrays[at], arrays[f"{at}/raw"], arrays[f"{at}/bounds"])
                    data[column] = pd.Series(cells, dtype=object, copy=False)
                if len(data[column]) != spec["rows"]:
                    raise ValueError(at)
            files, lines = spec["files"], arrays[f"{name}/line"].tolist()
            table = Table(
                pd.DataFrame(data, copy=False), tuple(files[i] for i in arrays[f"{name}/file"].tolist()), tuple(lines)
            )
            if not set(schema.columns(name)) <= set(data) or len(table.file) != len(lines):
                raise ValueError(name)
            tables[name] = table
        notes = tuple(Finding(**note) for note in told["notes"])
    except (KeyError, ValueError, TypeError, IndexError, UnicodeDecodeError):
        return None
    more = {name.removeprefix("more/"): array for name, array in arrays.items() if name.startswith("more/")}
    return tables, notes, more, told
