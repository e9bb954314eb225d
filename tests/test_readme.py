"""What the README shows is what a reader gets: its commands are run and its answers compared."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from mobility.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", README, re.S)


@pytest.mark.parametrize("block", BLOCKS, ids=[b.split()[2] for b in BLOCKS])
def test_a_command_of_the_readme_gives_what_it_shows(
    block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command, *shown = block.rstrip("\n").split("\n")
    answer = CliRunner().invoke(main, shlex.split(command.removeprefix("$ mobility ")))
    assert answer.exit_code == 0, answer.output
    printed = [line.rstrip() for line in answer.stdout.split("\n")]
    assert shown.pop() == "...", "a block ends where the answer is cut"
    assert printed[: len(shown)] == shown
    assert max(map(len, printed)) <= 80


def test_the_readme_shows_the_main_verbs() -> None:
    assert {b.split()[2] for b in BLOCKS} >= {"routes", "redundancy", "throughput", "contingency", "explain"}


def test_the_notebook_lines_of_the_readme_run() -> None:
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False, encoding="utf-8")
    assert result.attempted > 5
    assert result.failed == 0


def test_files_that_the_readme_names_exist() -> None:
    named = re.findall(r"\]\(([\w./-]+)\)", README)
    assert named
    assert [n for n in named if not (ROOT / n).exists()] == []


def test_the_data_dictionary_is_the_one_the_schema_makes() -> None:
    from mobility.schema import data_dictionary

    assert (ROOT / "docs/data-dictionary.md").read_text(encoding="utf-8") == data_dictionary() + "\n"
