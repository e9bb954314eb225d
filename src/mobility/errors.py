"""What can go wrong, in one small tree, and how a fault in the input is put into words."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or looks wrong, in an input.

    Attributes
    ----------
    level : {"error", "warning"}
        An error stops a command, a warning does not.
    table : str
        File or table, as the user knows it (``links/rail.csv``).
    row : int or None
        Line of the file (the header is line 1); None when the whole table is meant.
    column : str or None
    value : str or None
        The value as it stands in the file.
    message : str
        What is wrong and what would do.
    """

    level: str
    table: str
    row: int | None
    column: str | None
    value: str | None
    message: str

    def to_dict(self) -> dict[str, str | int | None]:
        """Return the finding as the JSON of ``mobility check`` holds it."""
        return asdict(self)

    def __str__(self) -> str:
        place = self.table
        if self.row is not None:
            place += f":{self.row}"
        if self.column:
            place += f" {self.column}"
        if self.value:
            place += f" = {shorten(self.value)!r}"
        return f"{place}: {self.message}"


class MobilityError(Exception):
    """Base of every error that this package raises on purpose."""


class InputError(MobilityError):
    """The input cannot be used; all faults that were found are in ``findings``.

    Examples
    --------
    >>> error = InputError([Finding("error", "links.csv", 3, "mode", "rial", "did you mean rail?")])
    >>> print(error)
    links.csv:3 mode = 'rial': did you mean rail?
    """

    def __init__(self, findings: Iterable[Finding] | str) -> None:
        if isinstance(findings, str):
            findings = [Finding("error", "question", None, None, None, findings)]
        self.findings = list(findings)
        super().__init__("\n".join(str(f) if f.table != "question" else f.message for f in self.findings))


T = TypeVar("T")


class Attempts:
    """Run steps one after the other and keep the faults of all of them for one error.

    Examples
    --------
    >>> def find(name):
    ...     if name != "Bar":
    ...         raise InputError("no such place")
    ...     return name
    >>> attempts = Attempts()
    >>> attempts.run(find, "Bra", otherwise=""), attempts.run(find, "Bar", otherwise="")
    ('', 'Bar')
    >>> attempts.done()
    Traceback (most recent call last):
        ...
    mobility.errors.InputError: no such place
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def run(self, step: Callable[..., T], *given: Any, otherwise: T, **named: Any) -> T:
        """Return what the step makes of what it is given, or `otherwise` when that is bad input."""
        try:
            return step(*given, **named)
        except InputError as error:
            self.findings += error.findings
            return otherwise

    def each(self, step: Callable[[str], str], parts: Iterable[str]) -> list[str]:
        """Return what the step makes of each part, each once; parts that it refuses are left out."""
        made = [self.run(step, part, otherwise="") for part in parts]
        return list(dict.fromkeys(x for x in made if x))

    def done(self) -> None:
        """Raise all faults together, if there are any."""
        if self.findings:
            raise InputError(self.findings)


def shorten(text: str, width: int = 60) -> str:
    """Cut a value so that one hostile cell cannot fill a screen."""
    return text if len(text) <= width else f"{text[:width]}… ({len(text)} characters)"


def fold(name: str) -> str:
    """Fold case, accents and dashes away, for comparing names as people type them.

    >>> fold("Durrës") == fold("DURRES"), fold("Fushë Kosovë") == fold("fushe-kosove")
    (True, True)
    """
    text = name.replace("ł", "l").replace("đ", "d").replace("Đ", "D").replace("ı", "i").replace("ß", "ss")
    text = unicodedata.normalize("NFKD", text.casefold())
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in text).split())


MANY = 50_000
"""Of more known words than this only those that start as the word does are compared with it."""


def nearest(word: str, known: Iterable[str], count: int = 3, cutoff: float = 0.6) -> list[str]:
    """Return the known words nearest to a misspelt one, best first.

    >>> nearest("Constanta", ["Constanța", "Craiova"])
    ['Constanța']
    """
    folded: dict[str, str] = {}
    many = list(known)
    if len(many) > MANY:  # comparing with each would take minutes
        head = word.strip()[:2].casefold()
        many = [k for k in many if k[:2].casefold() == head][:MANY]
    for k in many:
        folded.setdefault(fold(k), k)
    asked = fold(word)[:80]
    hits = difflib.get_close_matches(asked, list(folded), n=count, cutoff=cutoff)
    if len(asked) > 2:
        hits += [f for f in folded if asked in f.split() and f not in hits]
    return [folded[h] for h in hits[: 2 * count]]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean a or b?"`` or nothing."""
    hits = nearest(word, known)
    return f"; did you mean {' or '.join(hits)}?" if hits else ""
