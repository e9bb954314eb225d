"""A picture on disk: the drawing, its words and its data, all three or none."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from mobility.errors import InputError
from mobility.network import beside, spare
from mobility.pen import PAGES

SUFFIXES = (".png", ".svg", ".pdf")


def asked(
    path: str | Path | None, overwrite: bool, size: str, dpi: int, **more: tuple[Any, tuple[Any, ...]]
) -> Path | None:
    """Return the file to write, once page and file are known to be right.

    Parameters
    ----------
    path : str or Path or None
        None where nothing is written.
    overwrite : bool
    size : str
        Of `PAGES`.
    dpi : int
    **more : (value, known values)
        Further options by name.

    Raises
    ------
    InputError
        With everything that cannot be asked; for another suffix, or a file that exists.
    """
    faults = [
        f"{name} is {value!r}; {' or '.join(known)} is what can be asked"
        for name, (value, known) in {"size": (size, tuple(PAGES)), **more}.items()
        if value not in known
    ]
    if not 20 <= dpi <= 1200:
        faults.append(f"dpi is {dpi}; 20 to 1200 is what can be asked")
    if faults:
        raise InputError([f for text in faults for f in InputError(text).findings])
    if path is None:
        return None
    target = Path(path)
    if target.suffix.lower() not in SUFFIXES:
        known = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        raise InputError(f"a picture is written as {known}, not {target.name!r}")
    for file in (target, *companions(target)):
        spare(file, overwrite)
    return target


def companions(path: Path) -> tuple[Path, Path]:
    """Return the files beside a picture: its words and its data."""
    return path.with_name(f"{path.name}.caption.txt"), path.with_name(f"{path.name}.csv")


def save(figure: Figure, target: Path, *, title: str, caption: str, alt_text: str, data: pd.DataFrame) -> None:
    """Write the picture, its words and its data beside their places, then put all three there."""
    kind = target.suffix.lower()[1:]
    # no date and no program version: the same answer is the same file
    more: Mapping[str, Mapping[str, Any]] = {
        "png": {"Description": alt_text, "Software": None},
        "svg": {"Description": alt_text, "Date": None, "Creator": "mobility"},
        "pdf": {"Subject": alt_text, "CreationDate": None, "Creator": "mobility", "Producer": None},
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as files:
        picture, words, table = (files.enter_context(beside(file)) for file in (target, *companions(target)))
        # half the time of the usual level, for 2 % more bytes
        quick: Mapping[str, Any] = {"pil_kwargs": {"compress_level": 4}} if kind == "png" else {}
        figure.savefig(picture, format=kind, dpi=figure.dpi, metadata={"Title": title, **more[kind]}, **quick)
        words.write_text(f"Caption\n{caption}\n\nAlternative text\n{alt_text}\n", encoding="utf-8")
        data.to_csv(table, index=False, lineterminator="\n")
