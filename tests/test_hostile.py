"""Tables as they come from people, editors and spreadsheets: findings with their place, never a traceback."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asking import Answer, folder_of, run
from strategies import net, write

Spoil = Callable[[Path], None]

TABLES = net(
    ("p", "A", "X", "road", 1, 10),
    ("q", "X", "B", "rail", 2, 10),
    ("r", "A", "B", "sea", 9, 300),
    terminals=(("X", "road", "rail", 1, 50),),
    borders=(("X", "road", 1, 50),),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(TABLES, tmp_path / "net")


def check(folder: Path) -> Answer:
    return run("check", folder, "--format", "json")


def routes(folder: Path) -> Answer:
    return run("routes", "--network", folder, "--from", "A", "--to", "B", "--format", "json")


def findings(folder: Path) -> list[dict[str, Any]]:
    return check(folder).json["findings"]


def lines(folder: Path, table: str) -> list[str]:
    return (folder / f"{table}.csv").read_text(encoding="utf-8").splitlines()


def put(folder: Path, table: str, rows: list[str]) -> None:
    (folder / f"{table}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def cell(table: str, line: int, column: str, value: str) -> Spoil:
    """Return a change of one cell; ``line`` counts as in the file, the header is line 1."""

    def spoil(folder: Path) -> None:
        rows = [row.split(",") for row in lines(folder, table)]
        quoted = '"' + value.replace('"', '""') + '"' if set(value) & set(',"\n') else value
        rows[line - 1][rows[0].index(column)] = quoted
        put(folder, table, [",".join(row) for row in rows])

    return spoil


def raw(table: str, change: Callable[[bytes], bytes]) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / f"{table}.csv"
        path.write_bytes(change(path.read_bytes()))

    return spoil


BAD_CELLS = [
    ("nodes", 2, "lat", "95"),
    ("nodes", 2, "lat", "-90.5"),
    ("nodes", 3, "lon", "181"),
    ("nodes", 2, "lat", ""),
    ("nodes", 2, "lat", "=1+1"),
    ("nodes", 2, "lat", "41,5"),
    ("nodes", 2, "lat", "nan"),
    ("nodes", 2, "lat", "NaN"),
    ("nodes", 2, "lon", "inf"),
    ("nodes", 2, "lon", "-Infinity"),
    ("nodes", 2, "lon", "1e308"),
    ("nodes", 2, "lon", "20°30'"),
    ("nodes", 2, "node_id", ""),
    ("nodes", 3, "node_id", "A"),
    ("links", 2, "link_id", ""),
    ("links", 3, "link_id", "p"),
    ("links", 3, "to_node", "Z"),
    ("links", 3, "from_node", ""),
    ("links", 2, "mode", "raod"),
    ("links", 2, "mode", "[/red]"),
    ("links", 2, "mode", ""),
    ("links", 2, "status", "opened"),
    ("links", 2, "length_km", ""),
    ("links", 2, "length_km", "-1"),
    ("links", 2, "length_km", "=cmd|' /C calc'!A0"),
    ("links", 2, "length_km", "12,5"),
    ("links", 2, "length_km", "12 km"),
    ("links", 2, "length_km", "1e308"),
    ("links", 2, "length_km", "1e999"),
    ("links", 3, "time_h", "1e308"),
    ("links", 3, "time_h", "-0.5"),
    ("links", 3, "time_h", "NaN"),
    ("links", 3, "time_h", "#DIV/0!"),
    ("links", 2, "capacity_veh_h", "-5"),
    ("links", 2, "capacity_veh_h", "inf"),
    ("links", 3, "capacity_trains_day", "many"),
    ("terminals", 2, "node_id", "Z"),
    ("terminals", 2, "to_mode", "train"),
    ("terminals", 2, "transfer_h", "=1+1"),
    ("terminals", 2, "capacity_veh_day", "-1"),
    ("borders", 2, "node_id", "[bold]Z[/bold]"),
    ("borders", 2, "mode", "truck"),
    ("borders", 2, "wait_h", "nan"),
]


@pytest.mark.parametrize(("table", "line", "column", "value"), BAD_CELLS)
def test_a_bad_cell_is_named(folder: Path, table: str, line: int, column: str, value: str) -> None:
    """Table, row, column and value stand in the finding, and in what another command says before it stops."""
    cell(table, line, column, value)(folder)
    answer = check(folder)
    assert answer.code == 2
    errors = [f for f in answer.json["findings"] if f["level"] == "error"]
    hits = [f for f in errors if table in f["table"] and f["row"] == line and f["column"] == column]
    assert hits, errors
    assert all(f["message"] for f in hits)
    assert any((f["value"] or "") == value for f in hits)
    stopped = routes(folder)
    assert stopped.code == 2
    for word in (table, str(line), column):
        assert word in stopped.stderr
    run("check", folder)
    run("routes", "--network", folder, "--from", "A", "--to", "B")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("direction", "backward"),
        ("open_year", "soon"),
        ("fail_probability", "1.5"),
        ("speed_kmh", "0"),
        ("speed_kmh", "-60"),
        ("max_axle_t", "22,5"),
        ("line_category", "D9"),
        ("mlc_tracked", "heavy"),
        ("ranges", "max_axle_t=low:high"),
    ],
)
def test_a_bad_cell_of_an_optional_column_is_named(folder: Path, column: str, value: str) -> None:
    rows = lines(folder, "links")
    put(folder, "links", [f"{rows[0]},{column}", f'{rows[1]},"{value}"', *(f"{row}," for row in rows[2:])])
    hits = [f for f in findings(folder) if f["level"] == "error" and f["row"] == 2 and f["column"] == column]
    assert hits
    assert routes(folder).code == 2


def test_bad_cells_say_what_would_do(folder: Path) -> None:
    cell("links", 2, "mode", "raod")(folder)
    cell("links", 3, "to_node", "BB")(folder)
    told = {f["column"]: f["message"] for f in findings(folder)}
    assert "road" in told["mode"]
    assert "B" in told["to_node"]


def test_all_faults_are_told_at_once(folder: Path) -> None:
    faults = [
        ("nodes", 2, "lat", "95"),
        ("nodes", 4, "lon", "inf"),
        ("links", 2, "mode", "raod"),
        ("links", 3, "time_h", "-1"),
        ("links", 4, "length_km", "=1+1"),
        ("terminals", 2, "to_mode", "train"),
        ("borders", 2, "wait_h", "nan"),
    ]
    for fault in faults:
        cell(*fault)(folder)
    found = [(f["row"], f["column"], f["value"]) for f in findings(folder) if f["level"] == "error"]
    assert {fault[1:] for fault in faults} <= set(found)
    told = routes(folder).stderr
    for table, _, column, value in faults:
        assert table in told
        assert column in told
        assert value in told


def without_column(table: str, column: str) -> Spoil:
    def spoil(folder: Path) -> None:
        rows = [row.split(",") for row in lines(folder, table)]
        gone = rows[0].index(column)
        put(folder, table, [",".join(row[:gone] + row[gone + 1 :]) for row in rows])

    return spoil


def twice(table: str, column: str) -> Spoil:
    def spoil(folder: Path) -> None:
        head, *rest = lines(folder, table)
        put(folder, table, [f"{head},{column}", *(f"{row},7" for row in rest)])

    return spoil


def directory(table: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / f"{table}.csv").unlink()
        (folder / f"{table}.csv").mkdir()

    return spoil


def loop(table: str) -> Spoil:
    """Return a file that nobody can open, not even root: a link to itself."""

    def spoil(folder: Path) -> None:
        path = folder / f"{table}.csv"
        path.unlink()
        path.symlink_to(path)

    return spoil


def gone(table: str) -> Spoil:
    return lambda folder: (folder / f"{table}.csv").unlink()


BAD_FILES: list[tuple[str, str, Spoil]] = [
    ("truncated in a row", "links", raw("links", lambda b: b[: b.rindex(b"sea") - 4])),
    ("latin-1", "nodes", raw("nodes", lambda b: b.replace(b"AL", "Durrës".encode("latin-1"), 1))),
    ("utf-16", "nodes", raw("nodes", lambda b: b.decode().encode("utf-16"))),
    ("utf-16 without a mark", "links", raw("links", lambda b: b.decode().encode("utf-16-le"))),
    ("header twice as data", "nodes", raw("nodes", lambda b: b.splitlines(True)[0] + b)),
    ("header in the middle", "links", raw("links", lambda b: b + b.splitlines(True)[0])),
    ("column twice", "links", twice("links", "time_h")),
    ("required column twice", "nodes", twice("nodes", "lat")),
    ("NUL in an id", "nodes", raw("nodes", lambda b: b.replace(b"\nA,", b"\nA\0,"))),
    ("NUL in a number", "links", raw("links", lambda b: b.replace(b"60", b"6\x000", 1))),
    ("only NUL", "nodes", raw("nodes", lambda b: bytes(4096))),
    ("empty", "nodes", raw("nodes", lambda b: b"")),
    ("empty", "links", raw("links", lambda b: b"")),
    ("blank lines", "links", raw("links", lambda b: b"\n\n\n")),
    ("header only", "nodes", raw("nodes", lambda b: b.splitlines(True)[0])),
    ("no header", "nodes", raw("nodes", lambda b: b.split(b"\n", 1)[1])),
    ("semicolons", "links", raw("links", lambda b: b.replace(b",", b";"))),
    ("tabs", "nodes", raw("nodes", lambda b: b.replace(b",", b"\t"))),
    ("a row too long", "nodes", raw("nodes", lambda b: b.replace(b"\nA,", b"\nA,1,2,3,4,5,6,"))),
    ("a row too short", "links", raw("links", lambda b: b + b"s,A\n")),
    ("quote never closed", "nodes", raw("nodes", lambda b: b.replace(b"\nA,", b'\n"A,'))),
    ("quote never closed", "links", raw("links", lambda b: b.replace(b"\nq,", b'\n"q,'))),
    (
        "huge cell in a number",
        "links",
        raw("links", lambda b: b.replace(b",60,", b"," + b"9" * 300_000 + b",", 1)),
    ),
    ("huge cell in a word", "links", raw("links", lambda b: b.replace(b"road", b"r" * 300_000, 1))),
    ("huge cell in an end", "links", raw("links", lambda b: b.replace(b"q,X", b"q," + b"X" * 300_000, 1))),
    ("a picture", "links", raw("links", lambda b: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)),
    ("a workbook", "nodes", raw("nodes", lambda b: b"PK\x03\x04" + bytes(range(256)) * 40)),
    ("JSON", "links", raw("links", lambda b: b'{"links": []}')),
    *[
        (f"no {column}", table, without_column(table, column))
        for table, column in [
            ("nodes", "node_id"),
            ("nodes", "lat"),
            ("nodes", "lon"),
            ("links", "link_id"),
            ("links", "from_node"),
            ("links", "to_node"),
            ("links", "mode"),
            ("links", "length_km"),
            ("terminals", "to_mode"),
            ("borders", "mode"),
        ]
    ],
    ("missing", "nodes", gone("nodes")),
    ("missing", "links", gone("links")),
    *[("a directory", table, directory(table)) for table in ("nodes", "links", "terminals", "borders")],
    *[("unreadable", table, loop(table)) for table in ("nodes", "links", "terminals", "borders")],
]


@pytest.mark.parametrize(("what", "table", "spoil"), BAD_FILES, ids=[f"{t}: {w}" for w, t, _ in BAD_FILES])
def test_a_bad_file_is_named(folder: Path, what: str, table: str, spoil: Spoil) -> None:
    spoil(folder)
    answer = check(folder)
    assert answer.code == 2, what
    errors = [f for f in answer.json["findings"] if f["level"] == "error"]
    assert any(table in f["table"] and f["message"] for f in errors), errors
    stopped = routes(folder)
    assert stopped.code == 2, what
    assert table in stopped.stderr
    assert len(stopped.stderr) < 100_000, "one hostile cell fills the screen"
    run("check", folder)


@pytest.mark.parametrize("column", ["lat", "length_km"])
def test_a_missing_column_is_named(folder: Path, column: str) -> None:
    table = "nodes" if column == "lat" else "links"
    without_column(table, column)(folder)
    assert any(column in f"{f['column']} {f['message']}" and table in f["table"] for f in findings(folder))
    assert column in routes(folder).stderr


TOLERATED: list[tuple[str, Spoil]] = [
    ("a byte order mark", raw("nodes", lambda b: b"\xef\xbb\xbf" + b)),
    ("a byte order mark on links", raw("links", lambda b: b"\xef\xbb\xbf" + b)),
    ("CRLF", raw("links", lambda b: b.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))),
    ("trailing blank lines", raw("links", lambda b: b + b"\n\n")),
    ("no newline at the end", raw("links", lambda b: b.rstrip())),
    (
        "every cell in quotes",
        raw(
            "nodes",
            lambda b: b'"' + b.replace(b"\r\n", b"\n").strip().replace(b",", b'","').replace(b"\n", b'"\n"') + b'"\n',
        ),
    ),
    ("a column of their own", twice("nodes", "remarks_of_mine")),
    ("swapped coordinates", lambda folder: _swap(folder)),
    ("a formula in a name", raw("nodes", lambda b: _named(b, b"=HYPERLINK(1)"))),
    ("markup in a name", raw("nodes", lambda b: _named(b, b"[/red] [link=x] {0} %s"))),
    ("numbers as 1e1", cell("links", 2, "length_km", "6e1")),
    (
        "optional tables without rows",
        lambda folder: [put(folder, t, lines(folder, t)[:1]) for t in ("borders",)] and None,
    ),
]


def _swap(folder: Path) -> None:
    rows = [row.split(",") for row in lines(folder, "nodes")]
    lat, lon = rows[0].index("lat"), rows[0].index("lon")
    for row in rows[1:]:
        row[lat], row[lon] = row[lon], row[lat]
    put(folder, "nodes", [",".join(row) for row in rows])


def _named(table: bytes, name: bytes) -> bytes:
    head, *rest = table.splitlines()
    return b"\n".join([head + b",name", *(row + b"," + name for row in rest)]) + b"\n"


@pytest.mark.parametrize(("what", "spoil"), TOLERATED, ids=[w for w, _ in TOLERATED])
def test_what_is_odd_but_readable_is_answered(folder: Path, what: str, spoil: Spoil) -> None:
    clean = json.loads(routes(folder).stdout)["routes"]
    spoil(folder)
    answer = check(folder)
    assert answer.code in (0, 1), (what, answer.stdout[:2000])
    assert {f["level"] for f in answer.json["findings"]} <= {"warning"}
    still = routes(folder)
    assert still.code == 0
    assert [r["links"] for r in still.json["routes"]] == [r["links"] for r in clean]
    run("check", folder)
    run("routes", "--network", folder, "--from", "A", "--to", "B")


def test_a_name_of_300_000_characters(folder: Path) -> None:
    """Read or refused, but not at the length of the name."""
    raw("nodes", lambda b: _named(b, b"n" * 300_000))(folder)
    answer = check(folder)
    assert len(answer.stdout) < 100_000
    assert routes(folder).code == (2 if answer.code == 2 else 0)


def test_swapped_coordinates_are_seen(folder: Path) -> None:
    _swap(folder)
    answer = check(folder)
    assert answer.code == 1
    assert any(f["level"] == "warning" and "nodes" in f["table"] for f in answer.json["findings"])


def test_a_sound_network_has_no_errors(folder: Path) -> None:
    answer = check(folder)
    assert answer.code in (0, 1)
    assert {f["level"] for f in answer.json["findings"]} <= {"warning"}
    assert answer.code == (1 if answer.json["findings"] else 0)


def test_a_network_without_links_has_no_route(folder: Path) -> None:
    put(folder, "links", lines(folder, "links")[:1])
    assert routes(folder).code in (1, 2)
    check(folder)


def test_places_that_are_no_network(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("A", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    for place in (
        tmp_path / "file",
        tmp_path / "empty",
        tmp_path / "absent",
        Path("/dev/null"),
        Path("a" * 300),
    ):
        assert check(place).code == 2
        answer = routes(place)
        assert answer.code == 2
        assert answer.stderr.strip()


def test_a_links_folder_names_the_file_at_fault(folder: Path) -> None:
    rows = lines(folder, "links")
    (folder / "links.csv").unlink()
    (folder / "links").mkdir()
    for row in rows[1:]:
        bad = row.replace("rail", "rial")
        (folder / "links" / f"{row[0]}.csv").write_text(f"{rows[0]}\n{bad}\n", encoding="utf-8")
    (hit,) = [f for f in findings(folder) if f["level"] == "error" and f["column"] == "mode"]
    assert "q.csv" in hit["table"]
    assert hit["row"] == 2


def test_an_id_twice_across_files_of_a_links_folder(folder: Path) -> None:
    rows = lines(folder, "links")
    (folder / "links.csv").unlink()
    (folder / "links").mkdir()
    for name in ("one", "two"):
        (folder / "links" / f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert {f["value"] for f in findings(folder) if f["column"] == "link_id"} >= {"p", "q", "r"}
    assert routes(folder).code == 2


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission(folder: Path) -> None:
    (folder / "nodes.csv").chmod(0)
    assert check(folder).code == 2
    assert routes(folder).code == 2


def many(folder: Path, count: int) -> None:
    """Add rows, each id twice."""
    with (folder / "nodes.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"M{i // 2},42,20.5,AL\n" for i in range(count))


def test_twenty_thousand_rows_with_duplicates(folder: Path) -> None:
    assert lines(folder, "nodes")[0] == "node_id,lat,lon,country"
    many(folder, 20_000)
    errors = [f for f in findings(folder) if f["level"] == "error"]
    assert errors[0]["column"] == "node_id"
    stopped = routes(folder)
    assert stopped.code == 2
    assert "nodes" in stopped.stderr


@pytest.mark.slow
def test_a_million_rows_with_duplicates(folder: Path) -> None:
    many(folder, 1_000_000)
    assert check(folder).code == 2
    assert routes(folder).code == 2


@pytest.mark.parametrize(
    "text", ["", "[[vehicle]]", "[[vehicle]]\nname = 'x'\nmass_t = nan", "\0", "[[vehicle", "a" * 200_000]
)
def test_a_hostile_vehicle_file(folder: Path, text: str) -> None:
    (folder / "vehicles.toml").write_text(text, encoding="utf-8")
    answer = run("routes", "--network", folder, "--from", "A", "--to", "B", "--vehicle", "nobody", "--format", "json")
    assert answer.code == 2
    assert answer.stderr.strip()


SPLINTERS = [
    b"",
    b",",
    b'"',
    b"\n",
    b"\r",
    b"\0",
    b"\xff",
    b"-",
    b"1e999",
    b"[/]",
    b"=1",
    b";",
    "ë".encode(),
    b" ",
    b"NaN",
]


@given(
    st.sampled_from(["nodes", "links", "terminals", "borders"]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 6), st.sampled_from(SPLINTERS)), min_size=1, max_size=4),
)
def test_no_splinter_in_a_table_breaks_it(table: str, hits: list[tuple[int, int, bytes]]) -> None:
    """Cut bytes out anywhere and put others in: an answer or a refusal, and the same verdict from both commands."""
    with folder_of(TABLES) as place:
        path = place / f"{table}.csv"
        text = path.read_bytes()
        for at, length, splinter in hits:
            at %= len(text) + 1
            text = text[:at] + splinter + text[at + length :]
        path.write_bytes(text)
        verdict = check(place)
        levels = {f["level"] for f in verdict.json["findings"]}
        assert verdict.code == (2 if "error" in levels else 1 if levels else 0)
        answer = routes(place)
        if verdict.code == 2:
            assert answer.code == 2
        if answer.code == 0:
            assert all(r["time_h"] >= 0 for r in answer.json["routes"])
