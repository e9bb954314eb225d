"""The command line as people and scripts use it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mobility.cli import main

ASK = ["--from", "Durrës", "--to", "Burgas"]


def run(*words: str) -> Result:
    done = CliRunner().invoke(main, list(words))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done


def loaded(words: list[str]) -> set[str]:
    """Return the modules that a command has imported when it ends."""
    code = (
        "import sys\nfrom mobility.cli import main\n"
        f"try: main({words!r})\nexcept SystemExit: pass\nprint('', *sys.modules, sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_help_comes_without_the_heavy_libraries() -> None:
    assert loaded(["--help"]) & {"pandas", "numpy", "numba", "matplotlib", "geopandas", "scipy"} == set()


def test_a_question_needs_neither_numba_nor_a_plotting_library() -> None:
    assert loaded(["throughput", *ASK, "--quiet"]) & {"numba", "matplotlib", "geopandas"} == set()


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["rotues", *ASK], "routes"),
        (["routes", "--from", "Durës", "--to", "Burgas"], "Durr"),
        (["routes", *ASK, "--vehicle", "wheeled-ivf"], "wheeled-ifv"),
        (["routes", *ASK, "--modes", "rial"], "rail"),
        (["routes", *ASK, "--vehcile", "any"], "--vehicle"),
        (["routes", *ASK, "--permission", "emergncy"], "emergency"),
        (["routes", *ASK, "--close", "RD01"], "RD01"),
        (["info", "--list", "vehicels"], "vehicles"),
        (["info", "--link", "RD9999"], "RD9999"),
        (["routes", *ASK, "--share", "1.5"], "at most 1"),
        (["routes", *ASK, "--avoid", "Atlantis"], "Atlantis"),
        (["routes", "--from", "Durrës", "--to", "Durrës"], "two places"),
        (["routes", *ASK, "--network", "nowhere"], "does not exist"),
    ],
)  # fmt: skip
def test_bad_input_ends_with_2_and_a_way_out(words: list[str], hint: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert hint in done.stderr
    assert done.stdout == ""


def test_all_faults_of_a_question_come_together() -> None:
    done = run(
        "routes", "--from", "Atlantis", "--to", "Mordor", "--vehicle", "tardis", "--modes", "warp", "--share", "9"
    )
    assert done.exit_code == 2
    assert all(w in done.stderr for w in ("Atlantis", "Mordor", "tardis", "warp", "share"))


def test_json_is_one_object_and_csv_a_table() -> None:
    answer = json.loads(run("routes", *ASK, "-k", "2", "--format", "json").stdout)
    assert [r["rank"] for r in answer["routes"]] == [1, 2]
    assert set(answer["routes"][0]) >= {
        "rank", "time_h", "length_km", "links", "modes", "countries", "border_crossings", "unknown_km",
        "estimated_km", "permits",
    }  # fmt: skip
    table = list(csv.DictReader(io.StringIO(run("contingency", *ASK, "--format", "csv").stdout)))
    assert table[0]["status"] in ("ok", "cut")


def test_an_answer_of_none_ends_with_1() -> None:
    done = run("routes", *ASK, "--modes", "rail", "--format", "json")
    assert (done.exit_code, json.loads(done.stdout)["status"]) == (1, "no_route")
    assert run("throughput", *ASK, "--modes", "rail").exit_code == 1
    assert run("redundancy", *ASK, "--modes", "rail").exit_code == 1
    assert run("explain", *ASK, "--modes", "rail").exit_code == 0


def test_a_file_is_written_whole_and_never_over_another(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    words = ["routes", *ASK, "--format", "json", "--out", str(target)]
    assert run(*words).exit_code == 0
    assert json.loads(target.read_text(encoding="utf-8"))["status"] == "ok"
    target.write_text("mine", encoding="utf-8")
    assert run(*words).exit_code == 2
    assert target.read_text(encoding="utf-8") == "mine"
    assert run(*words, "--overwrite").exit_code == 0
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert run("check", "--out", str(tmp_path / "none" / "b.txt")).exit_code == 2


@pytest.mark.parametrize(
    "words",
    [
        ["info"], ["info", "--link", "RD091"], ["info", "--node", "Durres"], ["info", "--vehicle", "wheeled-ifv"],
        ["info", "--list", "vehicles"], ["info", "--list", "nodes"], ["info", "--list", "upgrades"], ["check"],
        ["routes", *ASK, "--permission", "emergency"], ["explain", *ASK, "--vehicle", "het-with-main-battle-tank"],
        ["redundancy", *ASK], ["contingency", *ASK], ["throughput", *ASK, "--modes", "road"],
        *[[verb, "--help"] for verb in sorted(main.commands)],
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_people_read_fits_80_columns(words: list[str]) -> None:
    done = run(*words)
    assert done.exit_code == 0
    assert max(len(line) for line in done.stdout.rstrip().split("\n")) <= 80


def test_every_attribute_of_a_link_is_traced() -> None:
    rows = json.loads(run("info", "--link", "RD091", "--format", "json").stdout)["rows"]
    assert len(rows) > 10
    for row in rows:
        assert row["source"]
        assert row["confidence"] in ("high", "medium", "low")
        assert row["basis"] in ("stated", "estimate", "default")
        if row["basis"] == "estimate" and isinstance(row["value"], float) and row["column"] != "lanes":
            assert row["low"] <= row["value"] <= row["high"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    done = run("completion", shell)
    assert done.exit_code == 0
    assert "_MOBILITY_COMPLETE" in done.stdout


def test_places_complete_after_a_comma(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_MOBILITY_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "mobility routes --from Durrës,plo")
    monkeypatch.setenv("COMP_CWORD", "3")
    done = CliRunner().invoke(main, prog_name="mobility", env={"_MOBILITY_COMPLETE": "bash_complete"})
    assert "Durrës,Ploče" in done.output


def test_a_map_is_drawn_and_none_is_lost(tmp_path: Path) -> None:
    target = tmp_path / "m.png"
    words = ["map", "routes", *ASK, "--out", str(target), "--dpi", "40"]
    assert run(*words).exit_code == 0
    assert target.read_bytes().startswith(b"\x89PNG")
    assert run(*words).exit_code == 2
    assert run("map", "routes", "--out", str(tmp_path / "x.png")).exit_code == 2
    assert run("map", "corridors", "--out", str(tmp_path / "x.bmp")).exit_code == 2


def test_permission_times_are_stated_beside_the_route() -> None:
    words = ["routes", *ASK, "--countries", "AL,MK,BG", "-k", "1", "--format", "json", "--permission"]
    quick = json.loads(run(*words, "emergency").stdout)["routes"][0]
    slow = json.loads(run(*words, "status-quo").stdout)["routes"][0]
    assert quick["time_h"] == slow["time_h"]
    # Facts: EMERS 6 h for members of the EU; the status quo up to 45 days. Asked in parallel, so the largest counts.
    assert 6 <= quick["permission_h"] < slow["permission_h"] <= 45 * 24
