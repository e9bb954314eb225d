"""The side panel: legend, figures, bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from mobility.pen import INK, SIGNS, SOFT, Look, Pen, Stroke

LEVELS: Mapping[str, tuple[str, str, str]] = {
    "high": ("high", INK, ""),
    "medium": ("medium", "#9fb0bd", ""),
    "low": ("low", "white", "//////"),
    "": ("not stated", "white", ""),
}
"""How each level of confidence is written and filled; told apart in grey as well."""


class Panel(Pen):
    """Writes legend and figures from the top of the side panel down to `floor`.

    Attributes
    ----------
    unsure : str
        What slits across a line mean; empty when there are none on the map.
    dotted : str
        Share of the km whose course is not traced; empty when no line is dotted.
    """

    def __init__(self, ax: Any, scale: float, box: tuple[float, float]) -> None:
        super().__init__(ax, scale, box)
        self.y, self.floor, self.step = self.height, 0.0, 9.6 * scale
        self.unsure = self.dotted = ""

    @property
    def middle(self) -> float:
        """Height of the middle of the present row."""
        return self.y - self.step / 2

    def room(self, reserve: float = 0.0) -> int:
        """Return how many rows still fit above the floor when `reserve` rows are kept."""
        return max(0, int((self.y - self.floor) / self.step - reserve))

    def down(self, rows: float = 1.0) -> None:
        """Go down."""
        self.y -= rows * self.step

    def put(self, x: float, text: str, size: float = 6.4, colour: str = INK, **more: Any) -> None:
        """Write from `x` on, in the present row; `width` cuts and `lift` raises it, in rows."""
        width, lift = more.pop("width", self.width - x), more.pop("lift", 0.0)
        text = self.cut(text, size, width, bold=more.get("bold", False))
        self.write(x, self.middle - lift * self.step, text, size, colour, **{"ha": "left"} | more)

    def put_right(self, x: float, text: str, size: float = 6.4, colour: str = INK, **more: Any) -> None:
        """Write up to `x`, in the present row."""
        self.put(x, text, size, colour, **{"ha": "right", "width": self.width} | more)

    def heading(self, text: str) -> None:
        """Write a heading with a rule above."""
        if self.y < self.height:
            self.down(0.45)
            self.ax.plot([0, self.width], [self.y, self.y], color="#c9d1d6", lw=0.6 * self.scale)
            self.down(0.15)
        self.put(0, text, 7.2, bold=True)
        self.down(1.15)

    def figure(self, number: str, words: str) -> None:
        """Write a key figure: a large number and what it is."""
        self.put(0, number, 13.0, bold=True, lift=0.3)
        self.put(self.measure(number, 13.0, bold=True)[0] + 4 * self.scale, words, colour=SOFT, lift=0.48)
        self.down(1.75)

    def note(self, text: str) -> None:
        """Write wrapped small text."""
        for line in self.wrap(text, 5.7, self.width):
            self.put(0, line, 5.7, SOFT)
            self.down(0.82)

    def line(self, text: str, colour: str, width: float = 2.0, mode: str = "road", **more: Any) -> None:
        """Explain a line, drawn as on the map."""
        ends = np.array([(1.5 * self.scale, self.middle), (27 * self.scale, self.middle)])
        self.ink([Stroke([ends], colour, width, mode, **more)])
        self.put(33 * self.scale, text)
        self.down()

    def pair(self, *lines: tuple[str, str, float, Look]) -> None:
        """Explain several lines in one row."""
        left = 1.5 * self.scale
        for text, colour, width, more in lines:
            ends = np.array([(left, self.middle), (left + 25.5 * self.scale, self.middle)])
            self.ink([Stroke([ends], colour, width, **more)])
            self.put(left + 31.5 * self.scale, text)
            left += 31.5 * self.scale + self.measure(text, 6.4)[0] + 9 * self.scale
        self.down()

    def explain(self, text: str, *signs: str) -> None:
        """Explain signs."""
        for i, kind in enumerate(signs):
            x = (14 + (i - (len(signs) - 1) / 2) * 11) * self.scale
            # the large ones would touch the next row
            self.sign(kind, [(x, self.middle)], 0.75 if SIGNS[kind][1] > 6 else 1.0)
        self.put(33 * self.scale, text)
        self.down()

    def tag(self, text: str, colour: str) -> float:
        """Draw a badge at the start of the present row and return where the next thing may start."""
        width = max(self.badge_width(text), 10 * self.scale)
        self.badge(width / 2, self.middle, text, colour)
        return width + 4 * self.scale

    def ranked(self, tag: str, colour: str, text: str, values: Sequence[tuple[float, str, bool]]) -> None:
        """Write a row: badge, words, and values that end at shares of the width, bold or not."""
        x = self.tag(tag, colour)
        self.put(x, text, 5.8, width=self.width * (0.8 if len(values) == 1 else 0.66) - x)
        for share, value, bold in values:
            self.put_right(self.width * share, value, 5.8, bold=bold)
        self.down()

    def listed(self, rows: Sequence[str], reserve: float, size: float, colour: str = INK, tight: float = 1.0) -> None:
        """Write rows, as many as fit above `reserve` rows, and how many do not."""
        fit = int(self.room(reserve) / tight)
        fit = fit if len(rows) <= fit else max(0, fit - 1)
        for text in rows[:fit]:
            self.put(0, text, size, colour)
            self.down(tight)
        if len(rows) > fit:
            self.put(0, f"and {len(rows) - fit} more", size, SOFT)
            self.down(tight)

    def places(self) -> None:
        """Explain the signs of places."""
        self.explain("Sea port", "seaport")
        self.explain("Terminal; other place", "intermodal_terminal", "city")
        self.explain("Border crossing", "border_crossing")

    def bar(
        self, left: float, width: float, colour: str, *, tall: float = 0.5, hatch: str = "", edge: str = ""
    ) -> None:
        """Draw a piece of a bar in the present row."""
        look: Look = {"fc": colour, "ec": edge or "none", "lw": 0.4 * self.scale, "hatch": hatch or None}
        corner = (left, self.middle - self.step * tall / 2)
        self.ax.add_patch(Rectangle(corner, width, self.step * tall, **look))

    def stack(self, text: str, parts: Sequence[tuple[float, str, bool]], words: str, left: float) -> None:
        """Write a row with a bar of parts: share of the full length, colour, and whether it rests on estimates."""
        self.put_right(left - 3 * self.scale, text, 5.4, SOFT, width=left)
        full = self.width - left - 40 * self.scale
        x = left
        for share, colour, unsure in parts:
            if share > 0:
                self.bar(x, full * share, colour, tall=0.62)
                slits = np.arange(x + 3 * self.scale, x + full * share, 4.2 * self.scale)
                for at in slits.tolist() if unsure else ():
                    self.bar(at, 0.7 * self.scale, "white", tall=0.66)
                x += full * share
        self.bar(left, full, "none", tall=0.62, edge="#aab4bb")
        self.put_right(self.width, words, 5.4)
        self.down(0.84)

    def histogram(
        self, edges: Sequence[float], counts: Sequence[int], marks: Mapping[str, float], form: str = ",.0f"
    ) -> None:
        """Draw how often values come up, with some of them marked by name."""
        tall, s = 3.1 * self.step, self.scale
        bottom, low, high = self.y - tall - 0.9 * self.step, edges[0], edges[-1]
        span = max(high - low, 1e-9)
        most = max([*counts, 1])
        for (a, b), number in zip(pairwise(edges), counts, strict=True):
            corner, wide = ((a - low) / span * self.width, bottom), (b - a) / span * self.width
            look: Look = {"fc": "#9fb0bd", "ec": "white", "lw": 0.3 * s}
            self.ax.add_patch(Rectangle(corner, wide, tall * number / most, **look))
        self.ax.plot([0, self.width], [bottom, bottom], color=INK, lw=0.6 * s)
        placed: list[tuple[float, float]] = []
        for name, value in marks.items():
            x = (value - low) / span * self.width
            self.ax.plot([x, x], [bottom, bottom + tall], color=INK, lw=0.9 * s, ls=(0, (2.5, 1.5)))
            text = f"{name.upper()} {format(value, form)}"
            half = self.measure(text, 5.2)[0] / 2
            middle = min(max(x, half), self.width - half)
            if all(middle - half > b or middle + half < a for a, b in placed):
                self.write(middle, bottom + tall + 0.42 * self.step, text, 5.2, halo=1.2)
                placed.append((middle - half - 2 * s, middle + half + 2 * s))
        self.write(0, bottom - 0.45 * self.step, format(low, form), 5.0, SOFT, ha="left")
        self.write(self.width, bottom - 0.45 * self.step, format(high, form), 5.0, SOFT, ha="right")
        self.y = bottom - 0.95 * self.step

    def grounds(self, left: float, confidence: Mapping[str, float], course: Mapping[str, float]) -> None:
        """Write right of the inset what the picture rests on: shares by confidence and by how lines are known."""
        kept, self.y = self.y, self.floor - 6 * self.scale
        for title, shares in (("Confidence, share of km", confidence), ("Course of the lines", course)):
            if not shares:
                continue
            self.put(left, title, 5.7, bold=True)
            self.down(0.84)
            for name, share in shares.items():
                text, colour, hatch = LEVELS.get(name, (name, "#9fb0bd", ""))
                full = 24 * self.scale
                self.bar(left, full, "#f1f3f4", tall=0.46)
                self.bar(left, full * share, colour, tall=0.46, hatch=hatch, edge=INK)
                self.put(left + full + 3 * self.scale, f"{text} {percent(share)}", 5.3)
                self.down(0.72)
            self.down(0.25)
        self.y = kept


def percent(share: float) -> str:
    """Return a share in words that never round something to nothing or all.

    >>> [percent(x) for x in (0.002, 0.25, 0.998, 1.0)]
    ['<1%', '25%', '>99%', '100%']
    """
    if 0 < share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1 else f"{share:.0%}"
