"""Answers as HTML and Markdown: the headings, sentences and tables that the terminal shows.

A notebook and a page say what the terminal says. The functions of ``report`` print to a console; here they print
to one that writes down what it is given.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mobility.errors import InputError
from mobility.network import beside, spare
from mobility.report import foot

SHOWN: Mapping[str, tuple[str, str]] = {
    "Bottlenecks": ("report", "show_bottlenecks"),
    "BuildPlan": ("policyreport", "show_sequence"),
    "Closure": ("report", "show_closure"),
    "Comparison": ("report", "show_comparison"),
    "Compliance": ("policyreport", "show_compliance"),
    "Contingency": ("report", "show_contingency"),
    "Coordination": ("policyreport", "show_coordination"),
    "CorridorValue": ("report", "show_corridor_value"),
    "Disruption": ("report", "show_disruption"),
    "Dossier": ("report", "show_dossier"),
    "Entries": ("report", "show_entries"),
    "Explanation": ("report", "show_explanation"),
    "HazardLoss": ("report", "show_hazard"),
    "Matrix": ("report", "show_matrix"),
    "MonteCarlo": ("report", "show_monte_carlo"),
    "MovementTable": ("report", "_show_table"),
    "Network": ("report", "show_summary"),
    "PolicyAnswer": ("policyreport", "show_policy"),
    "Protection": ("report", "show_protection"),
    "Redundancy": ("report", "show_redundancy"),
    "Reliability": ("report", "show_reliability"),
    "Robust": ("policyreport", "show_robust"),
    "Routes": ("report", "show_routes"),
    "Sensitivity": ("report", "show_sensitivity"),
    "Setback": ("report", "show_setback"),
    "Sweep": ("report", "show_sweep"),
    "Throughput": ("report", "show_throughput"),
    "Uncertainty": ("policyreport", "show_uncertainty"),
    "Upgrade": ("policyreport", "show_upgrade"),
    "WorstCase": ("report", "show_worst_case"),
}
"""By kind of answer, what prints it; another kind is shown by the first rows of its table."""

MOST = 12
"""So many rows of a table are shown of an answer that nothing prints."""


@dataclass(frozen=True)
class Line:
    """One line: pieces of text, each bold or not; dim when it is a note."""

    pieces: tuple[tuple[str, bool], ...]
    dim: bool = False

    @property
    def text(self) -> str:
        """The words alone."""
        return "".join(words for words, _ in self.pieces)


@dataclass(frozen=True)
class Rows:
    """One table: headings, which columns stand right, and cells."""

    headings: tuple[str, ...]
    right: tuple[bool, ...]
    cells: tuple[tuple[str, ...], ...]


@dataclass
class Notepad:
    """Stands where a console is expected, and writes down what is printed."""

    width: int = 120
    blocks: list[Line | Rows] = field(default_factory=list)

    def print(self, *what: Any, style: str = "", **_: Any) -> None:
        """Write down text or a table; an empty line is left out."""
        for one in what:
            if isinstance(one, Table):
                if one.row_count:
                    self.blocks.append(_rows(one))
            else:
                line = _line(one if isinstance(one, Text) else Text(str(one)), style)
                if line.text.strip():
                    self.blocks.append(line)


def _line(text: Text, style: str) -> Line:
    """Return a line; what a piece says of its own weight wins over what the line says."""
    base = f"{style} {text.style}"
    bold = ["bold" in base and "not bold" not in base] * len(text.plain)
    for span in text.spans:
        if "bold" in str(span.style):
            bold[span.start : span.end] = ["not bold" not in str(span.style)] * (span.end - span.start)
    pieces: list[tuple[str, bool]] = []
    for letter, strong in zip(text.plain, bold, strict=True):
        if pieces and pieces[-1][1] == strong:
            pieces[-1] = pieces[-1][0] + letter, strong
        else:
            pieces.append((letter, strong))
    # the terminal's hint means nothing here
    return Line(
        tuple((t.replace("(--format json lists all)", "(to_frame() has all)"), w) for t, w in pieces), "dim" in base
    )


def _rows(table: Table) -> Rows:
    columns = table.columns
    cells = [[c.plain if isinstance(c, Text) else str(c) for c in column.cells] for column in columns]
    return Rows(
        tuple(str(c.header) for c in columns), tuple(c.justify == "right" for c in columns),
        tuple(zip(*cells, strict=True)),
    )  # fmt: skip


def told(answer: Any) -> list[Line | Rows]:
    """Return what the terminal would show of an answer.

    Examples
    --------
    >>> import mobility as mb
    >>> told(mb.routes(mb.load(), "Durrës", "Tirana", modes="road"))[0].text
    'Routes: Durrës → Tirana'
    """
    pad = Notepad()
    kind = next((k.__name__ for k in type(answer).__mro__ if k.__name__ in SHOWN), "")
    if kind:
        module, function = SHOWN[kind]
        getattr(import_module(f"mobility.{module}"), function)(pad, answer)
        return pad.blocks
    foot(cast("Console", pad), answer.net)
    return [Line(((repr(answer).strip("<>"), True),)), *frame_rows(answer.to_frame(), MOST), *pad.blocks]


def frame_rows(frame: Any, most: int = MOST) -> list[Line | Rows]:
    """Return the first rows of a data frame, with numbers as people read them."""
    frame = frame.reset_index() if any(frame.index.names) else frame
    right = tuple(kind.kind in "if" for kind in frame.dtypes)
    cells = tuple(tuple(_cell(v) for v in row) for row in frame.head(most).itertuples(index=False))
    out: list[Line | Rows] = [Rows(tuple(str(c) for c in frame.columns), right, cells)]
    if len(frame) > most:
        out.append(Line(((f"… and {len(frame) - most:,} more rows (to_frame() has all)", False),), dim=True))
    return out


def _cell(value: Any) -> str:
    if value is None or pd.isna(value) is True:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value) if len(str(value)) <= 60 else f"{str(value)[:59]}…"


# ---- forms


def as_html(blocks: Iterable[Line | Rows]) -> str:
    """Return lines and tables as HTML without scripts or styles of its own."""
    out: list[str] = []
    for block in blocks:
        if isinstance(block, Rows):
            out.append(_html_table(block))
            continue
        words = "".join(f"<b>{html.escape(t)}</b>" if strong else html.escape(t) for t, strong in block.pieces)
        out.append(f"<p><small>{words}</small></p>" if block.dim else f"<p>{words}</p>")
    return "\n".join(out)


def _html_table(block: Rows) -> str:
    def row(tag: str, cells: Sequence[str]) -> str:
        sides = ["right" if r else "left" for r in block.right]
        made = (f'<{tag} style="text-align: {s}">{html.escape(c)}</{tag}>' for c, s in zip(cells, sides, strict=True))
        return f"<tr>{''.join(made)}</tr>"

    head = f"<thead>{row('th', block.headings)}</thead>" if any(block.headings) else ""
    return f"<table>{head}<tbody>{''.join(row('td', r) for r in block.cells)}</tbody></table>"


def as_markdown(blocks: Iterable[Line | Rows]) -> str:
    """Return lines and tables as Markdown."""
    out: list[str] = []
    for block in blocks:
        if isinstance(block, Rows):
            rule = ["--:" if r else "---" for r in block.right]
            rows = [block.headings, rule, *block.cells]
            out.append("\n".join("| " + " | ".join(_escaped(c) for c in r) + " |" for r in rows))
        else:
            words = "".join(f"**{_escaped(t.strip())}** " if strong else _escaped(t) for t, strong in block.pieces)
            out.append(f"*{words.strip()}*" if block.dim else words.strip())
    return "\n\n".join(out) + "\n"


def _escaped(text: str) -> str:
    r"""Return text in which Markdown finds no sign of its own.

    >>> print(_escaped("Kosovo*, a|b <c>"))
    Kosovo\*, a\|b &lt;c>
    """
    return "".join("&lt;" if c == "<" else f"\\{c}" if c in "\\*_`|#[]" else c for c in text)


# ---- pages

PAGES = (".html", ".htm", ".md")
"""Suffixes of what is written as a page."""

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #12304a; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; line-height: 1.25 } small { color: #4b6070 } img { max-width: 100%; height: auto }
table { border-collapse: collapse; margin: .8rem 0; font-size: .9rem } th { border-bottom: 2px solid #12304a }
th, td { padding: .25rem .7rem; vertical-align: top } tbody tr:nth-child(even) { background: #f1f4f6 }
"""


def write_page(
    answer: Any,
    path: str | Path,
    *,
    blocks: Sequence[Line | Rows] | None = None,
    overwrite: bool = False,
    dpi: int = 130,
) -> Path:
    """Write an answer as a page: its words and tables as the terminal shows them, and its picture.

    Parameters
    ----------
    answer : Answer or Network
    path : str or Path
        ``.html`` holds the picture and needs no other file; of ``.md`` it stands beside, as ``NAME.png``.
    blocks : sequence of Line or Rows, optional
        What is written; left out, what :func:`told` returns.
    overwrite : bool
        Whether files that exist may be replaced.
    dpi : int
        Of the picture.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        For another suffix, or a file that exists.
    """
    target = Path(path)
    kind = target.suffix.lower()
    if kind not in PAGES:
        raise InputError(f"a page is written as {', '.join(PAGES[:-1])} or {PAGES[-1]}, not {target.name!r}")
    aside = target.with_name(f"{target.name}.png")
    for file in (target, *([aside] if kind == ".md" else [])):
        spare(file, overwrite)
    blocks = told(answer) if blocks is None else list(blocks)
    heading = type(answer).__name__
    if blocks and isinstance(blocks[0], Line):
        heading, blocks = blocks[0].text, blocks[1:]
    picture, words = _picture(answer, dpi)
    with ExitStack() as files:
        made = files.enter_context(beside(target))
        if kind == ".md":
            shown = f"![{_escaped(words)}]({quote(aside.name)})\n\n" if picture else ""
            made.write_text(f"# {_escaped(heading)}\n\n{shown}{as_markdown(blocks)}", encoding="utf-8")
            if picture:
                files.enter_context(beside(aside)).write_bytes(picture)
        else:
            data = base64.b64encode(picture).decode()
            shown = f'<img alt="{html.escape(words)}" src="data:image/png;base64,{data}">' if picture else ""
            made.write_text(
                f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
                f'<meta name="viewport" content="width=device-width">\n<title>{html.escape(heading)}</title>\n'
                f"<style>{STYLE}</style>\n<h1>{html.escape(heading)}</h1>\n{shown}\n{as_html(blocks)}\n</html>\n",
                encoding="utf-8",
            )
    return target


def _picture(answer: Any, dpi: int) -> tuple[bytes, str]:
    """Return a picture and the words that stand for it; both empty where there is none."""
    from mobility.maps import alt_text

    try:
        return answer.plot(dpi=dpi)._repr_png_(), alt_text(answer)
    except (InputError, AttributeError):
        return b"", ""
