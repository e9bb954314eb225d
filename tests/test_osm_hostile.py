"""Files that are damaged, cut off, absurd or made to harm: a clear error, little memory, never a traceback."""

from __future__ import annotations

import bz2
import gzip
import random
import resource
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mobility as mb
from mobility import osmfile
from mobility.cli import main
from mobility.osm import import_osm

TOWN = Path(__file__).parent / "cases" / "osm" / "border_town.osm"
TEXT = TOWN.read_bytes()


def refused(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(mb.InputError) as error:
        import_osm(path)
    text = str(error.value)
    assert path.name in text
    assert "Traceback" not in text
    assert len(text) < 8000
    return text


def around(body: str, ways: str = "") -> bytes:
    road = '<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/></way>' + ways
    return f'<osm version="0.6">\n<node id="1" lat="1" lon="1"/>\n{body}\n{road}</osm>'.encode()


NODE = '<node id="2" lat="1" lon="1.1"/>'
PRIMARY = '<tag k="highway" v="primary"/>'
NO_POINTS = f'<osm><way id="1"><nd ref="1"/><nd ref="2"/>{PRIMARY}</way></osm>'.encode()

LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><osm>&b;</osm>'
)
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE osm SYSTEM "file:///etc/hostname"><osm></osm>'

XML = {
    "entities": (LAUGHS, "entities"),
    "outside": (OUTSIDE, "document type"),
    "empty": (b"", "is empty"),
    "blank": (b"  \n", "neither XML nor PBF"),
    "text": (b"hello there, this is no extract", "neither XML nor PBF"),
    "another root": (b"<gpx><trk/></gpx>", "<osm> or <graphml>"),
    "changes": (b"<osmChange/>", "file of changes"),
    "open": (b"<osm>", ":1: no well-formed XML"),
    "cut": (TEXT[:2000], "is the file cut off?"),
    "crossed": (b"<osm><node></osm>", "mismatched tag"),
    "twice": (TEXT.rstrip().removesuffix(b"</osm>") + b"<osm></osm></osm>", "second <osm>"),
    "pasted": (TEXT + TEXT.partition(b"?>")[2], "junk after document element"),
    "latitude": (around('<node id="2" lat="95" lon="1"/>'), ':3 node = \'id="2" lat="95"'),
    "longitude": (around('<node id="2" lat="5" lon="1e300"/>'), "lon from -180 to 180"),
    "nan": (around('<node id="2" lat="nan" lon="1"/>'), ":3 node"),
    "no number": (around('<node id="2" lat="1,5" lon="1"/>'), ":3 node"),
    "no id": (around('<node lat="1" lon="1"/>'), "whole number as id"),
    "giant id": (around('<node id="99999999999999999999" lat="1" lon="1"/>'), "whole number as id"),
    "giant digits": (around(f'<node id="{"9" * 5000}" lat="1" lon="1"/>'), "whole number as id"),
    "ref": (around(NODE, '<way id="3"><nd ref="x"/><tag k="highway" v="primary"/></way>'), "way 3: ref must be"),
    "way id": (around(NODE, '<way id="1.5"><nd ref="1"/></way>'), "needs a whole number as id"),
    "moved": (around(NODE + '<node id="2" lat="1" lon="1.2"/>'), "two places have this id"),
    "other way": (around(NODE, f'<way id="1"><nd ref="2"/><nd ref="1"/>{PRIMARY}</way>'), "two different ways"),
    "nothing": (b"<osm></osm>", "holds no road"),
    "no roads": (NO_POINTS.replace(b"highway", b"building"), "holds no road"),
    "no points": (NO_POINTS, "holds no road"),
    "utf-16": (TEXT.decode().encode("utf-16"), "UTF-16, not UTF-8"),
    "many points": (around(NODE, '<way id="7">' + '<nd ref="1"/>' * 100_002 + "</way>"), "more than 100000 points"),
    "long tag": (b'<osm><node id="1" lat="1" lon="1' + b" " * 5_000_000 + b'"/></osm>', "a tag of more than 4 MB"),
    "NUL": (TEXT[:500] + b"\0" + TEXT[500:], "no well-formed XML"),
    "latin": (TEXT.replace(b"West", b"\xe9"), "no well-formed XML"),
    "gzip cut": (gzip.compress(TEXT)[:-200], "cannot be unpacked"),
    "gzip flipped": (bytes([*gzip.compress(TEXT)[:40], 255, 255, 255, *gzip.compress(TEXT)[43:]]), "r.osm: cannot be"),
    "bzip2 cut": (bz2.compress(TEXT)[:-100], "cannot be unpacked"),
}  # fmt: skip


@pytest.mark.parametrize("case", XML)
def test_xml_that_cannot_be_used_is_refused_with_a_reason(tmp_path: Path, case: str) -> None:
    content, words = XML[case]
    assert words in refused(tmp_path / "r.osm", content)


def test_all_faults_are_told_at_once_and_not_without_end(tmp_path: Path) -> None:
    bad = "\n".join(f'<node id="{i}" lat="91" lon="1"/>' for i in range(3))
    assert refused(tmp_path / "r.osm", around(bad)).count("whole number as id") == 3
    many = "\n".join(f'<node id="{i}" lat="91" lon="1"/>' for i in range(100_000))
    assert refused(tmp_path / "r.osm", around(many)).count("\n") <= 22


def test_what_is_twice_the_same_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "r.osm"
    path.write_bytes(around(NODE + NODE, '<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/></way>'))
    made = import_osm(path)
    assert len(made.links) == 1
    assert [n.message for n in made.notes] == ["stands twice; read once", "1 points stand twice; read once"]


def test_ways_end_where_points_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "r.osm"
    refs = "".join(f'<nd ref="{r}"/>' for r in (9, 2, 3, 8, 8, 3, 4))
    way = f'<way id="5">{refs}{PRIMARY}</way>'
    path.write_bytes(around(NODE + '<node id="3" lat="1" lon="1.2"/><node id="4" lat="1" lon="1.3"/>', way))
    made = import_osm(path)
    assert made.links[["from_node", "to_node", "osm_ways"]].to_numpy().tolist() == [["N1", "N4", "1;5"]]
    assert "3 points of ways are not in the file" in made.notes[0].message


def test_deleted_things_and_relations_in_a_circle_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "r.osm"
    more = '<way id="2" action="delete"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/></way>'
    more += '<way id="3" visible="false"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/></way>'
    more += "".join(
        f'<relation id="{i}"><member type="relation" ref="{i % 3 + 1}" role=""/>{PRIMARY}</relation>' for i in (1, 2, 3)
    )
    path.write_bytes(around(NODE + '<node id="2" lat="50" lon="1" visible="false"/>', more))
    assert import_osm(path).links["osm_ways"].tolist() == ["1"]


def test_a_packed_bomb_ends_at_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osmfile, "MAX_XML", 3_000_000)
    assert "longer than" in refused(tmp_path / "b.osm.gz", gzip.compress(b"<osm>" + b" " * 50_000_000))


def test_graphml_that_cannot_be_used(tmp_path: Path) -> None:
    head = b'<graphml><key id="x" for="node" attr.name="x"/><key id="h" for="edge" attr.name="highway"/><graph>'
    lone = head + b'<node id="1"/></graph></graphml>'
    assert "needs x (lon) and y (lat)" in refused(tmp_path / "g.graphml", lone)
    edge = head + b'<edge source="1" target="2"><data key="h">primary</data></edge></graph></graphml>'
    assert "an end is not among the nodes" in refused(tmp_path / "g.graphml", edge)
    assert "entities" in refused(
        tmp_path / "g.graphml", LAUGHS.replace(b"<osm>", b"<graphml>").replace(b"</osm>", b"</graphml>")
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damage_to_xml_breaks_the_reader(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(TEXT)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        kind = data.draw(st.sampled_from(["flip", "cut", "double", "put"]))
        if kind == "flip":
            content[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del content[at : at + data.draw(st.integers(1, 300))]
        elif kind == "double":
            content[at:at] = content[at : at + data.draw(st.integers(1, 300))]
        else:
            content[at:at] = data.draw(
                st.sampled_from([b"<", b">", b'"', b"&", b"<osm>", b"<way>", b"<nd/>", b'-"9', b"e999"])
            )
        if not content:
            return
    survives(tmp_path / "f.osm", bytes(content))


def survives(path: Path, content: bytes) -> None:
    """Read it, or refuse it: what is read is sound."""
    path.write_bytes(content)
    try:
        made = import_osm(path)
    except mb.InputError as error:
        named = path.name in str(error)
    else:
        named = not mb.check(made.network).errors
    assert named


# ---- PBF


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def piece(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(
    kind: bytes, content: bytes, *, raw: int | None = None, packed: bytes | None = None, size: int | None = None
) -> bytes:
    """A block of a PBF file, its claims as told."""
    packed = zlib.compress(content, 9) if packed is None else packed
    blob = piece(2, len(content) if raw is None else raw) + piece(3, packed)
    head = piece(1, kind) + piece(3, len(blob) if size is None else size)
    return struct.pack(">I", len(head)) + head + blob


HEADER = block(b"OSMHeader", piece(4, b"OsmSchema-V0.6") + piece(4, b"DenseNodes"))
STRINGS = piece(1, b"".join(piece(1, s) for s in (b"", b"highway", b"primary")))


def dense(ids: bytes, lats: bytes, lons: bytes) -> bytes:
    return piece(2, piece(2, piece(1, ids) + piece(8, lats) + piece(9, lons)))


def way(number: int, refs: bytes) -> bytes:
    return piece(2, piece(3, piece(1, number) + piece(2, varint(1)) + piece(3, varint(2)) + piece(8, refs)))


def zigzag(*numbers: int) -> bytes:
    return b"".join(varint(n << 1 if n >= 0 else (-n << 1) - 1) for n in numbers)


POINTS = block(b"OSMData", STRINGS + dense(zigzag(1, 1), zigzag(10_000_000, 0), zigzag(10_000_000, 1_000_000)))
ROAD = block(b"OSMData", STRINGS + way(1, zigzag(1, 1)))
NOWHERE = block(b"OSMData", STRINGS + dense(zigzag(1, 1), zigzag(10_000_000, 950_000_000), zigzag(10_000_000, 0)))
NOT_ZLIB = block(b"OSMData", STRINGS, packed=b"not zlib at all")
LONG_WAY = STRINGS + way(1, zigzag(1) + b"\0" * 200_000)
NO_HEADER = block(b"OSMData", STRINGS)

PBF = {
    "cut in a header": (HEADER + POINTS[:3], f"byte {len(HEADER)}: no block"),
    "cut in a block": (HEADER + POINTS[:-5], "is it cut off?"),
    "header of 4 GB": (HEADER + b"\xff\xff\xff\xff" + b"x" * 50, "no block of a PBF file begins here"),
    "block of 3 GB": (HEADER + block(b"OSMData", STRINGS, size=3_000_000_000), "the format allows"),
    "unpacks to 3 GB": (HEADER + block(b"OSMData", STRINGS, raw=3_000_000_000), "claims 3000000000 bytes"),
    "bad zlib": (HEADER + NOT_ZLIB, f"byte {len(HEADER)}: block OSMData cannot be unpacked"),
    "wrong size": (HEADER + block(b"OSMData", STRINGS + b"\0" * 60, raw=10), "unpacks to"),
    "more than said": (HEADER + block(b"OSMData", b"\0" * 33_000_000, raw=1000), "unpacks to"),
    "noise": (HEADER + block(b"OSMData", b"\xff" * 200), "is no sound PBF file"),
    "no header": (b"\0\0\0\x0d" + piece(1, b"OSMHeader") + piece(3, 0) + NO_HEADER, ""),
    "first block is data": (struct.pack(">I", 13) + piece(1, b"OSMHeadex") + piece(3, 0), "damaged at its beginning"),
    "nowhere": (HEADER + NOWHERE + ROAD, "node = '2': lies at lat 96"),
    "many points": (HEADER + POINTS + block(b"OSMData", LONG_WAY), "has 200001 points"),
}  # fmt: skip


@pytest.mark.parametrize("case", PBF)
def test_pbf_that_cannot_be_used_is_refused_with_a_reason(tmp_path: Path, case: str) -> None:
    pytest.importorskip("osmium")
    content, words = PBF[case]
    assert words in refused(tmp_path / "r.osm.pbf", content)


def test_a_pbf_by_hand_is_read(tmp_path: Path) -> None:
    pytest.importorskip("osmium")
    (tmp_path / "h.osm.pbf").write_bytes(HEADER + POINTS + ROAD)
    made = import_osm(tmp_path / "h.osm.pbf")
    assert made.nodes[["lat", "lon"]].to_numpy().tolist() == [[1.0, 1.0], [1.0, 1.1]]
    assert made.links["osm_ways"].tolist() == ["1"]


def test_ten_million_points_are_claimed_in_thirty_kilobytes(tmp_path: Path) -> None:
    """In a process of its own with a bound on memory, so that a reader that believes the claim fails."""
    pytest.importorskip("osmium")
    many = 10_000_000
    bomb = block(b"OSMData", STRINGS + dense(b"\2" * many, b"\0" * many, b"\0" * many))
    path = tmp_path / "bomb.osm.pbf"
    path.write_bytes(HEADER + bomb * 3 + ROAD)
    assert path.stat().st_size < 150_000
    command = [
        sys.executable,
        "-c",
        "from mobility.cli import main; main()",
        "import-osm",
        str(path),
        "--out",
        str(tmp_path / "n"),
    ]

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))

    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, preexec_fn=bound)
    assert done.returncode == 2
    assert done.stderr.startswith("error: bomb.osm.pbf: byte ")
    assert "10000000 points" in done.stderr
    assert not (tmp_path / "n").exists()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000))
def test_no_damage_to_pbf_breaks_the_reader(tmp_path: Path, seed: int) -> None:
    pytest.importorskip("osmium")
    rng = random.Random(seed)
    content = bytearray(HEADER + POINTS + ROAD)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(content))
        kind = rng.random()
        if kind < 0.6:
            content[at] = rng.randrange(256)
        elif kind < 0.8:
            del content[at : at + rng.randint(1, 20)]
        else:
            content[at:at] = rng.randbytes(rng.randint(1, 8))
    survives(tmp_path / "f.osm.pbf", bytes(content))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000))
def test_no_content_of_a_sound_block_breaks_the_reader(tmp_path: Path, seed: int) -> None:
    """Damage inside the packed part, so that sizes and checksums hold."""
    pytest.importorskip("osmium")
    rng = random.Random(seed)
    inside = [
        bytearray(STRINGS + dense(zigzag(1, 1), zigzag(10_000_000, 0), zigzag(10_000_000, 1_000_000))),
        bytearray(STRINGS + way(1, zigzag(1, 1))),
    ]
    for content in inside:
        for _ in range(rng.randint(0, 3)):
            content[rng.randrange(len(content))] = rng.randrange(256)
    survives(tmp_path / "f.osm.pbf", HEADER + b"".join(block(b"OSMData", bytes(c)) for c in inside))


def test_the_command_ends_with_two_and_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content in (("a.osm", LAUGHS), ("b.osm", TEXT[:3000]), ("c.osm.pbf", HEADER + POINTS[:-3])):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SystemExit) as end:
            main(["import-osm", str(tmp_path / name), "--out", str(tmp_path / "net")])
        out, err = capsys.readouterr()
        assert (end.value.code, out) == (2, "")
        assert err.startswith(f"error: {name}:")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.osm", "b.osm", "c.osm.pbf"]
