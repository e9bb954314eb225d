"""Run the commands that README.md shows and put what they print into it: `python tools/readme.py`."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from mobility.cli import main

README = Path(__file__).parents[1] / "README.md"
MOST = {"redundancy": 9, "throughput": 22, "contingency": 12, "closure": 3, "worst-case": 12, "corridor-value": 14}
"""Lines shown of an answer, for those that are long; the others end where the caveats begin."""


def shown(block: re.Match[str]) -> str:
    """Return a block with what its command prints now."""
    command = block[1].split("\n", 1)[0]
    words = shlex.split(command.removeprefix("$ mobility "))
    printed = [line.rstrip() for line in CliRunner().invoke(main, words).stdout.rstrip("\n").split("\n")]
    ends = ("Screening on public", "unknown, est.:")
    end = next((i for i, line in enumerate(printed) if line.startswith(ends)), len(printed))
    lines = printed[: min(end, MOST.get(words[0], end))]
    return "```console\n" + "\n".join([command, *lines, "..."]) + "\n```"


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(re.sub(r"```console\n(.*?)```", shown, text, flags=re.S), encoding="utf-8")
