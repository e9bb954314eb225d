"""The notebooks as they are committed: pairs that agree, sound outputs, nothing of the machine that made them.

That a run shows the same again is what `make notebooks-check` looks at.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = [
    "01-routes", "02-redundancy-and-bottlenecks", "03-moving-a-brigade", "04-disruption-maps", "05-corridor-upgrades",
    "06-policy-questions", "07-bring-your-own-network",
]  # fmt: skip


def cells_of_script(name: str) -> list[tuple[str, str]]:
    """Return kind and source of each cell of a py:percent file, read by hand."""
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    out = []
    for block in re.split(r"^# %%", text.split("# ---\n", 2)[2], flags=re.M)[1:]:
        head, _, body = block.partition("\n")
        words = "markdown" in head
        lines = body.strip("\n").split("\n")
        source = "\n".join(re.sub(r"^# ?", "", line) if words else line for line in lines)
        out.append(("markdown" if words else "code", source))
    return out


def book_of(name: str) -> dict[str, Any]:
    found = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def test_all_are_there_in_pairs() -> None:
    assert sorted(p.stem for p in FOLDER.glob("*.py")) == NAMES
    assert sorted(p.stem for p in FOLDER.glob("*.ipynb")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_pair_says_the_same(name: str) -> None:
    cells = [(c["cell_type"], "".join(c["source"])) for c in book_of(name)["cells"]]
    assert cells == cells_of_script(name)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shown_is_sound(name: str) -> None:
    book = book_of(name)
    code = [c for c in book["cells"] if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1)), "run once, from the first cell on"
    outputs = [o for c in code for o in c["outputs"]]
    assert not [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert any("image/png" in o.get("data", {}) for o in outputs)
    shown = json.dumps([o for o in outputs if "image/png" not in o.get("data", {})], ensure_ascii=False)
    assert "no figure is a bridge rating" in shown
    said = "".join(source for _, source in cells_of_script(name)) + shown
    if "Kosovo" in said:
        assert "UNSCR 1244" in said


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_machine_is_in_it(name: str) -> None:
    path = FOLDER / f"{name}.ipynb"
    text = path.read_text(encoding="utf-8")
    assert path.stat().st_size < 500_000
    assert not re.search(r"/(home|root|tmp|work|Users)/|execution_timing|iopub|\x1b|\d{4}-\d\d-\d\dT\d\d:", text)
    book = json.loads(text)
    assert book["metadata"]["language_info"] == {"name": "python"}, "no version of Python"
    assert all(c["metadata"] == {} for c in book["cells"])


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_with_its_question_and_ends_with_one(name: str) -> None:
    cells = cells_of_script(name)
    assert cells[0][0] == cells[-1][0] == "markdown"
    assert cells[0][1].startswith(f"# {int(name[:2])} · ")
    assert "## For you to try" in cells[-1][1]
    assert "?" in cells[-1][1]
