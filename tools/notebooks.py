"""Execute the notebooks and write the pairs: `python tools/notebooks.py [--check | --run] [NUMBER ...]`.

Each ``notebooks/NN-name.py`` (jupytext, py:percent) is run from its first cell, and what it shows is written to the
``.ipynb`` beside it, without times, versions or paths. A fault, a warning, or a picture or file that is too large ends
with exit 1. With ``--check`` nothing is written, and a pair that does not say what a run says is a fault too; with
``--run`` that is only told, because another processor may break a tie between equal plans in another way.
"""

from __future__ import annotations

import argparse
import base64
import io
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jupytext
import matplotlib.font_manager  # noqa: F401  (builds its cache here, and says so here)
import nbformat
import numpy as np
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

FOLDER = Path(__file__).parents[1] / "notebooks"
MOST_BYTES = 500_000
ANSI = re.compile(r"\x1b\[[0-9;]*m")
ALIKE = 6.0
"""Pictures whose pixels differ by less than this of 255 on average show the same: fonts differ in detail."""


def executed(source: Path) -> tuple[Any, list[str]]:
    """Return a notebook with what it shows, and what is wrong with it."""
    book = jupytext.read(source)
    for number, cell in enumerate(book.cells, 1):
        cell["id"], cell["metadata"] = f"cell-{number:02}", {}
    book["metadata"] = {
        "jupytext": {"formats": "ipynb,py:percent"},
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    book["nbformat"], book["nbformat_minor"] = 4, 5
    where = {"metadata": {"path": str(FOLDER)}}
    client = NotebookClient(
        book, timeout=240, kernel_name="python3", record_timing=False, resources=where, coalesce_streams=True
    )
    client.extra_arguments = ["--log-level=ERROR"]
    try:
        client.execute()
    except CellExecutionError as error:
        return book, [f"{source.name}: {ANSI.sub('', str(error))[-1500:]}"]
    book["metadata"]["language_info"] = {"name": "python"}
    faults = []
    for cell in book.cells:
        cell["metadata"] = {}
        for output in cell.get("outputs", ()):
            output.pop("metadata", None)
            if output["output_type"] in ("display_data", "execute_result"):
                output["metadata"] = {}
                output["data"] = {
                    k: v for k, v in output["data"].items() if not (k == "text/plain" and len(output["data"]) > 1)
                }
            if output.get("name") == "stderr":
                faults.append(f"{source.name}, {cell['id']}: a warning: {output['text'].strip()[-500:]}")
            text = nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))
            faults += [
                f"{source.name}, {cell['id']}: shows {p}"
                for p in (str(FOLDER.parent), str(Path.home()) + "/", "/tmp/")
                if p in text
            ]
    nbformat.validate(book)
    if len(nbformat.writes(book)) > MOST_BYTES:
        faults.append(f"{source.name}: {len(nbformat.writes(book)):,} bytes; at most {MOST_BYTES:,}")
    return book, faults


def alike(one: str, other: str) -> bool:
    """Return whether two pictures, in base64, show the same."""
    made = [np.asarray(Image.open(io.BytesIO(base64.b64decode(x))).convert("RGB"), float) for x in (one, other)]
    return made[0].shape == made[1].shape and float(np.abs(made[0] - made[1]).mean()) < ALIKE


def kept(book: Any, old: Any) -> list[str]:
    """Put the pictures of an earlier run where they show the same; return where else the two differ."""
    differ = []
    if [c["source"] for c in book.cells] != [c["source"] for c in old.cells]:
        return ["the cells of the pair differ"]
    for cell, before in zip(book.cells, old.cells, strict=True):
        for output, was in zip(cell.get("outputs", ()), before.get("outputs", ()), strict=False):
            new, past = (x.get("data", {}).get("image/png") for x in (output, was))
            if new and past and new != past and alike(new, past):
                output["data"]["image/png"] = past
        if cell != before:
            differ.append(f"{cell['id']} shows something else")
    return differ


def run(source: Path, how: str) -> list[str]:
    """Execute one notebook and `write` its pair, or compare with it; return what is wrong."""
    began = time.monotonic()
    book, faults = executed(source)
    pair = source.with_suffix(".ipynb")
    if not faults:
        differ = kept(book, nbformat.read(pair, as_version=4)) if pair.exists() else ["there is no pair"]
        told = [f"{pair.name}: {d}; `make notebooks` writes it anew" for d in differ]
        if how == "check" or (how == "run" and any("pair" in d for d in differ)):
            faults = told
        elif how == "run":
            print("\n".join(told), end="\n" * bool(told), file=sys.stderr)
        elif differ:
            pair.write_text(nbformat.writes(book) + "\n", encoding="utf-8")
    print(
        f"{source.stem}: {time.monotonic() - began:.0f} s, {len(nbformat.writes(book)) / 1000:.0f} kB", file=sys.stderr
    )
    return faults


def main() -> int:
    """Run the notebooks that are asked for, two at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", dest="how", action="store_const", const="check", default="write")
    parser.add_argument("--run", dest="how", action="store_const", const="run")
    parser.add_argument("numbers", nargs="*", help="01 02; all when left out")
    asked = parser.parse_args()
    sources = [s for s in sorted(FOLDER.glob("*.py")) if not asked.numbers or s.name[:2] in asked.numbers]
    with ThreadPoolExecutor(2) as pool:
        faults = [f for found in pool.map(lambda s: run(s, asked.how), sources) for f in found]
    print("\n".join(faults), file=sys.stderr)
    return int(bool(faults or not sources))


if __name__ == "__main__":
    sys.exit(main())
