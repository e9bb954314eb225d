"""The cache: what comes out is what went in, and nothing damaged, foreign or out of date is ever believed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mobility as mb
from asking import run
from mobility import cache, scale
from mobility import network as tables_of
from mobility.arcs import compile_arcs
from strategies import Seeded, Shape, build, write


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of this test's own that takes tables of any size."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("MOBILITY_CACHE", str(folder))
    monkeypatch.setattr(cache, "WORTH", 1)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tables, _ = build(Seeded(3), Shape(assets=True, life=True, limits=True))
    return write(tables, tmp_path / "net")


def entries(home: Path, kind: str = "tables") -> list[Path]:
    return sorted(home.glob(f"{kind}-*")) if home.is_dir() else []


def same(one: mb.Network, two: mb.Network) -> None:
    assert one.tables.keys() == two.tables.keys()
    for name, table in one.tables.items():
        other = two.tables[name]
        assert table.frame.equals(other.frame)
        assert list(table.frame.dtypes) == list(other.frame.dtypes)
        assert (tuple(table.file), tuple(table.line)) == (tuple(other.file), tuple(other.line))
    assert one.notes == two.notes
    assert one.data_hash == two.data_hash
    for a, b in zip(one.link_ends, two.link_ends, strict=True):
        np.testing.assert_array_equal(a, b)


def no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(folder: Path) -> None:
        raise AssertionError("the tables were read again")

    monkeypatch.setattr(tables_of, "read_folder", read)


@settings(max_examples=60)
@given(st.lists(st.text(max_size=12)))
def test_text_comes_back(words: list[str]) -> None:
    cells = np.empty(len(words), object)
    cells[:] = words
    assert cache.unspell(*cache.spell(cells)).tolist() == words


def test_second_load_reads_no_table(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "links.csv").write_text(
        (folder / "links.csv").read_text().replace("\n", ",\n").replace(",\n", ",extra ü\n", 1)
    )
    first = mb.load(folder)
    assert len(entries(home)) == 1
    no_reading(monkeypatch)
    again = mb.load(folder)
    same(first, again)
    assert again.data_hash == mb.Network(again.tables).data_hash
    # It is data like any other: it changes, closes and answers.
    link = next(iter(again.link_index))
    assert again.with_changes(close=[link]).table("links")["status"].tolist()[0] == "closed"
    assert again.table("links")["status"].tolist() == first.table("links")["status"].tolist()


def test_another_cell_is_another_entry(home: Path, folder: Path) -> None:
    first = mb.load(folder)
    text = (folder / "links.csv").read_text()
    (folder / "links.csv").write_text(text.replace("road", "rail", 1))
    assert mb.load(folder).data_hash != first.data_hash
    (folder / "links.csv").rename(folder / "was.csv")
    (folder / "links").mkdir()
    (folder / "was.csv").rename(folder / "links" / "all.csv")
    assert mb.load(folder).tables["links"].file[0] == "links/all.csv"
    assert len(entries(home)) == 3


def test_faults_and_warnings_are_told_every_time(home: Path, folder: Path) -> None:
    good = (folder / "links.csv").read_text()
    header, rest = good.split("\n", 1)
    (folder / "links.csv").write_text(header.replace("length_km", "lenght_km") + "\n" + rest)
    for _ in range(2):
        with pytest.raises(mb.InputError, match="length_km"):
            mb.load(folder)
    assert not entries(home)
    (folder / "links.csv").write_text(header.replace("status", "statuss") + "\n" + rest)
    notes = mb.load(folder).notes
    assert notes
    assert mb.load(folder).notes == notes


def spoil(kind: str, entry: Path) -> None:
    """Damage an entry as a full disk, a killed process or a stranger would."""
    manifest = entry / "manifest.json"
    check, text = manifest.read_text().split("\n", 1)
    arrays = sorted(entry.glob("*.npy"), key=lambda p: p.stat().st_size)
    told = json.loads(text)
    if kind == "flipped byte":
        raw = bytearray(arrays[-1].read_bytes())
        raw[-3] ^= 1
        arrays[-1].write_bytes(raw)
    elif kind == "cut short":
        arrays[-1].write_bytes(arrays[-1].read_bytes()[:-8])
    elif kind == "no array":
        arrays[0].unlink()
    elif kind == "pickle":
        np.save(arrays[-1], np.array([{"a": 1}], object), allow_pickle=True)
    elif kind == "manifest cut":
        manifest.write_text(manifest.read_text()[:-30])
    elif kind == "manifest changed":
        manifest.write_text(check + "\n" + text.replace("road", "rail", 1).replace('"rows": ', '"rows": 1', 1))
    elif kind == "not utf-8":
        manifest.write_bytes(b"\xff\xfe\x00")
    elif kind == "empty":
        manifest.write_text("")
    elif kind == "other format":
        told["format"] += 1
    elif kind == "other key":
        told["key"] = "0" * 40
    elif kind == "elsewhere":
        next(iter(told["arrays"].values()))["file"] = "../../x.npy"
    elif kind == "codes out of range":
        name = next(n for n in told["arrays"] if n.endswith("/raw")).removesuffix("/raw")
        spec = told["arrays"][name]
        wild = np.full(spec["shape"], 10**6, np.int32)
        np.save(entry / spec["file"], wild)
        spec["digest"] = cache.digest(wild)
    elif kind == "no column":
        told["facts"]["tables"]["links"]["columns"].pop()
    elif kind == "ends out of range":
        spec = told["arrays"]["more/start"]
        wild = np.full(spec["shape"], 10**6, np.int64)
        np.save(entry / spec["file"], wild)
        spec["digest"] = cache.digest(wild)
    if kind in ("other format", "other key", "elsewhere", "codes out of range", "no column", "ends out of range"):
        text = json.dumps(told)
        manifest.write_text(f"{cache.digest(text)}\n{text}")


DAMAGE = (
    "flipped byte", "cut short", "no array", "pickle", "manifest cut", "manifest changed", "not utf-8", "empty",
    "other format", "other key", "elsewhere", "codes out of range", "no column", "ends out of range",
)  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_entries_are_made_anew(home: Path, folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = mb.load(folder)
    (entry,) = entries(home)
    spoil(kind, entry)
    same(mb.load(folder), sound)
    no_reading(monkeypatch)
    same(mb.load(folder), sound)


def test_index_is_kept_and_checked(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "COMPILE_FROM", 1)
    net = mb.load(folder)
    scale._indexes.clear()
    assert mb.index(net).kept
    (entry,) = entries(home, "index")
    arcs = compile_arcs(net)
    built = scale._index(arcs, build=False)
    scale._indexes.clear()
    fetched = scale._index(arcs, build=False)
    assert built is not None
    assert fetched is not None
    for name in ("rank", "pointer", "upper", "parent", "slot", "upward"):
        np.testing.assert_array_equal(getattr(fetched, name), getattr(built, name))
    # Numbers that lead out of the arrays, under a checksum that fits them.
    check, text = (entry / "manifest.json").read_text().split("\n", 1)
    for name, value in (("upper", 10**6), ("parent", 10**6), ("slot", 10**6), ("rank", 0), ("pointer", 0)):
        told = json.loads(text)
        spec = told["arrays"][name]
        before = (entry / spec["file"]).read_bytes()
        wild = np.full(spec["shape"], value, spec["dtype"])
        np.save(entry / spec["file"], wild)
        spec["digest"] = cache.digest(wild)
        (entry / "manifest.json").write_text(f"{cache.digest(json.dumps(told))}\n{json.dumps(told)}")
        scale._indexes.clear()
        assert scale._index(arcs, build=False) is None, name
        (entry / spec["file"]).write_bytes(before)
    (entry / "manifest.json").write_text(f"{check}\n{text}")
    assert scale._index(arcs, build=False) is not None
    scale._indexes.clear()


@pytest.mark.parametrize("word", ["off", "0", "None"])
def test_it_can_be_turned_off(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("MOBILITY_CACHE", word)
    mb.load(folder)
    assert cache.home() is None
    assert not home.exists()
    assert not Path(word).exists()


def test_small_networks_leave_no_trace(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOBILITY_CACHE", str(tmp_path / "cache"))
    mb.load(folder)
    mb.index(mb.load(folder))
    assert not (tmp_path / "cache").exists()


def test_no_room_and_no_right_are_no_fault(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "WORTH", 1)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MOBILITY_CACHE", str(tmp_path / "file" / "below"))
    assert mb.load(folder).link_index
    monkeypatch.setenv("MOBILITY_CACHE", str(tmp_path / "cache"))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    assert mb.load(folder).link_index
    assert not list((tmp_path / "cache").iterdir())


def test_oldest_entries_go(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "KEPT", 3)
    for i in range(6):
        made = cache.keep("tables", f"{i:040d}", {"a": np.arange(i)}, {})
        assert made is not None
        os.utime(made, (i, i))
    assert [p.name[-1] for p in entries(home)] == ["3", "4", "5"]
    found = cache.fetch("tables", f"{5:040d}")
    assert found is not None
    assert found[0]["a"].tolist() == [0, 1, 2, 3, 4]
    shutil.rmtree(home)
    assert cache.fetch("tables", f"{5:040d}") is None


def test_commands_answer_the_same_from_the_cache(home: Path, folder: Path) -> None:
    ask = ("routes", "--network", folder, "--from", "N0", "--to", "N5", "--format", "json")
    first = run(*ask)
    assert entries(home)
    assert run(*ask) == first
