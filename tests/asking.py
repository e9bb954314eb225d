"""Ask the package through its command line, in this process; what no answer may do fails here."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from oracles.tables import Question, Tables, Vehicle
from strategies import write

FLEET = """
[[wagon]]
name = "test-flat"
length_m = 10
axles = 4
tare_t = 20

[[vehicle]]
name = "test-tracked"
kind = "tracked"
length_m = 8
width_m = 2.5
height_m = 4.0
mass_t = 60
axle_t = 9
mlc_tracked = 70
road_speed_kmh = 45
lane_m = 10
wagon = "test-flat"
per_wagon = 1
per_train = 20

[[vehicle]]
name = "test-wheeled"
kind = "wheeled"
length_m = 8
width_m = 2.5
height_m = 3.5
mass_t = 40
axle_t = 9
mlc_wheeled = 50
road_speed_kmh = 80
lane_m = 5
wagon = "test-flat"
per_wagon = 1
per_train = 10
"""
TRACKED = Vehicle("test-tracked", 60, None, 70, 4.0, (20 + 60) / 4, (20 + 60) / 10, 45, 20, 10)
WHEELED = Vehicle("test-wheeled", 40, 50, None, 3.5, (20 + 40) / 4, (20 + 40) / 10, 80, 10, 5)


@dataclass(frozen=True)
class Answer:
    """Exit status and what was written."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        """Return standard output as the one JSON object that it must be; NaN and Infinity are not JSON."""
        found = json.loads(self.stdout, parse_constant=_not_json)
        assert isinstance(found, dict), f"one JSON object is promised, got {type(found).__name__}"
        return found


def _not_json(word: str) -> None:
    raise AssertionError(f"{word} in an answer: no path is a status, never a number")


def run(*words: object) -> Answer:
    """Run a command; a traceback or an exit status outside 0, 1, 2 fails at once."""
    from mobility.cli import main

    done = CliRunner().invoke(main, [str(w) for w in words])
    shown = f"mobility {' '.join(map(str, words))}\n{done.output}"
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise AssertionError(f"traceback: {shown}") from done.exception
    assert done.exit_code in (0, 1, 2), shown
    assert "Traceback" not in done.output, shown
    return Answer(done.exit_code, done.stdout, done.stderr)


def options(ask: Question) -> list[str]:
    """Return the question as options."""
    words = ["--from", ",".join(ask.origins), "--to", ",".join(ask.destinations)]
    if ask.vehicle is not None:
        words += ["--vehicle", ask.vehicle.name]
    if len(ask.modes) < 4:
        words += ["--modes", ",".join(sorted(ask.modes))]
    if ask.year is not None:
        words += ["--year", str(ask.year)]
    if ask.via is not None:
        words += ["--via", ask.via]
    for item in sorted(ask.avoid):
        words += ["--avoid", item]
    if ask.countries is not None:
        words += ["--countries", ",".join(sorted(ask.countries))]
    if ask.closed:
        words += ["--close", ",".join(sorted(ask.closed))]
    return words


def ask_folder(verb: str, folder: Path, ask: Question, *more: object) -> Answer:
    """Ask about a network folder."""
    return run(verb, "--network", folder, *options(ask), *more, "--format", "json")


@contextmanager
def folder_of(tables: Tables, vehicles: str = "") -> Iterator[Path]:
    """Write the tables to a folder for as long as it is needed; hypothesis must not share pytest's."""
    with tempfile.TemporaryDirectory(prefix="mobility-test-") as place:
        folder = write(tables, Path(place))
        if vehicles:
            (folder / "vehicles.toml").write_text(vehicles, encoding="utf-8")
        yield folder


def ask_tables(verb: str, tables: Tables, ask: Question, *more: object) -> Answer:
    """Ask about tables in memory; a vehicle of the question comes with the tests' own fleet."""
    with folder_of(tables, FLEET if ask.vehicle is not None else "") as folder:
        return ask_folder(verb, folder, ask, *more)
