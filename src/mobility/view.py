"""What a picture shows of an answer: words, facts, lines, and the table of what is drawn."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex

from mobility.network import Network, capacity_column
from mobility.panel import Panel
from mobility.paths import Answer
from mobility.pen import FAINT, OPEN, WATER, plain
from mobility.sheet import Mark, Sheet

CAVEAT = "Screening on public data: no figure is a bridge rating, a route clearance or a train path."
OTHER = "#8a8f94"


def place(net: Network, node: str) -> str:
    """Return the name of a place without what stands in brackets."""
    return plain(net.name(node).partition("(")[0].strip() or node, 40)


def listed(words: Sequence[str], most: int = 4) -> str:
    """Return "a, b and c"."""
    kept = list(words[:most]) + ([f"{len(words) - most} more"] if len(words) > most else [])
    return " and ".join(filter(None, [", ".join(kept[:-1]), kept[-1]])) if kept else "nowhere"


def count(number: int, word: str) -> str:
    """Return "1 link" or "2 links"."""
    plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{number:,} {word if number == 1 else plural}"


def item_name(net: Network, item: str) -> str:
    """Return words for a link, or for ``terminal:NODE`` or ``border:NODE`` in a cut."""
    kind, colon, node = item.partition(":")
    if colon and node in net.node_index:
        return f"{kind} {place(net, node)}"
    if item not in net.link_index:
        return plain(item)
    row = net.table("links").iloc[net.link_index[item]]
    ends = [place(net, str(n)).partition("–")[0] for n in (row["from_node"], row["to_node"])]
    return f"{plain(item, 14)} {'–'.join(ends)}"


def data_line(net: Network) -> str:
    """Return what the data are: hash, date of the newest source, year."""
    dates = [str(d) for d in net.table("sources")["date"].tolist()] if "sources" in net.tables else []
    newest = max((d for d in dates if re.fullmatch(r"\d{4}-\d\d-\d\d", d)), default="")
    year = f", network as of the start of {net.year}" if net.year else ""
    osm = ", © OpenStreetMap contributors (ODbL 1.0)" if "OSM" in net.table("sources")["source_id"].tolist() else ""
    return f"Network data {net.data_hash[:8]}" + (f", sources up to {newest}" if newest else "") + year + osm


class Row(NamedTuple):
    """What a map needs to know of a link."""

    mode: str
    status: str
    from_node: str
    to_node: str
    corridors: str
    open_year: float
    confidence: str
    value_confidence: str
    source: str
    name: str


class View(ABC):
    """What is drawn of an answer.

    Attributes
    ----------
    title, subtitle, basis : str
        The subtitle says what was found, the basis what it rests on.
    facts : list of str
        Sentences of the alternative text.
    links : set of str
        Links the answer is about; empty for the whole network.
    """

    title = subtitle = basis = ""
    brief: tuple[str, str] = ("", "")
    """Where it is one of several maps on a page, its name and what stands beside the name."""
    slits = "Weakly sourced"
    """What fine slits across a line mean."""
    unit = ""
    """What the value drawn of a link is measured in."""
    column = ""
    """The column of links that the value rests on most; its confidence is shown, else that of the row."""

    def __init__(self, net: Network) -> None:
        self.net = net
        table = net.table("links")
        cells = zip(*(table[c].tolist() for c in Row._fields), strict=True)
        self.rows = {str(k): Row(*row) for k, row in zip(table["link_id"], cells, strict=True)}
        self.facts: list[str] = []
        self.links: set[str] = set()
        self.origins: list[str] = []
        self.destinations: list[str] = []
        self.marks: list[Mark] = []

    @property
    def caption(self) -> str:
        """What is shown, what was found, and what it rests on."""
        return f"{self.title}. {self.subtitle}. {self.basis} {data_line(self.net)}. {CAVEAT}"

    @property
    def alt_text(self) -> str:
        """Kind, question and key figures."""
        return " ".join([f"Map: {self.title}.", f"{self.subtitle}.", *self.facts])

    @property
    def focus(self) -> set[str]:
        """Links that must be in view: of the answer, and at origins and destinations."""
        ends = {*self.origins, *self.destinations}
        near = {k for k, r in self.rows.items() if r.from_node in ends or r.to_node in ends}
        return self.links | near if self.links else set()

    @property
    def named(self) -> set[str]:
        """Links whose places are named."""
        return self.links or set(self.rows)

    @property
    def states(self) -> set[str]:
        """States that the links lie in; with no link those in which more than two of the network lie, else all."""
        of, index = self.net.link_countries, self.net.link_index
        count = Counter(c for states in of for c in states)
        return {c for k in self.links for c in of[index[k]]} or {c for c, n in count.items() if n > 2} or set(count)

    @cached_property
    def km(self) -> dict[str, float]:
        """Length of each link."""
        return dict(zip(self.rows, self.net.values("length_km").value.tolist(), strict=True))

    def confidence(self, link: str) -> str:
        """Return how far the value drawn can be trusted: high, medium, low, or empty where nothing says so."""
        row, column = self.rows[link], self.column_of(link)
        if column and self.net.values(column).default[self.net.link_index[link]]:
            return "low"
        marked = dict(part.partition(":")[::2] for part in row.value_confidence.split(";"))
        return marked.get(column) or row.confidence

    def column_of(self, link: str) -> str:
        """Return the column that the value drawn of a link rests on."""
        return self.column

    def estimated(self, link: str) -> bool:
        """Return whether the value drawn rests on an estimate or a default."""
        column = self.column_of(link)
        return bool(column) and bool(self.net.values(column).estimated[self.net.link_index[link]])

    @property
    def frames(self) -> Sequence[View]:
        """What stands on the page, a map each; on one scale."""
        return (self,)

    def shares(self, *sheets: Sheet) -> tuple[dict[str, float], dict[str, float]]:
        """Return shares of the km drawn by confidence and by how the course is known; no background, no water.

        Long lanes at sea would outweigh everything else.
        """
        by: tuple[dict[str, float], dict[str, float]] = (defaultdict(float), defaultdict(float))
        shown = list(dict.fromkeys(k for sheet in sheets for k in self.shown(sheet)))
        land = [k for k in shown if self.rows[k].mode not in WATER]
        for link in land or shown:
            if link in sheets[0].how:
                by[0][self.confidence(link)] += self.km[link]
                by[1][sheets[0].how[link]] += self.km[link]
        order = ("high", "medium", "low", "", "traced", "joined", "schematic", "straight", "lane", "river")
        out = [{n: c[n] / total for n in order if n in c} if (total := sum(c.values())) else {} for c in by]
        return out[0], out[1]

    @cached_property
    def all_weak(self) -> bool:
        """Whether so many values are weak that a mark on each would say nothing; the panel says it then."""
        return sum(self.confidence(k) == "low" for k in self.links) > 0.6 * len(self.links)

    def shown(self, sheet: Sheet) -> list[str]:
        """Return the links that are drawn for themselves, not as background."""
        return [k for k, made in sheet.strokes.items() if any(s.colour != FAINT for s in made)]

    def tables(self, sheets: Sequence[Sheet]) -> pd.DataFrame:
        """Return what is drawn on all maps of the page."""
        return self.table(sheets[0])

    def table(self, sheet: Sheet) -> pd.DataFrame:
        """Return what is drawn, one row per link, with the value, its class and colour, and what it rests on."""
        rows = []
        for link, made in sheet.strokes.items():
            row, shows = self.rows[link], sheet.shows[link]
            values = [v for v, _ in shows if v is not None]
            rows.append(
                {
                    "link_id": link, "name": row.name, "mode": row.mode,
                    "from": self.net.name(row.from_node), "to": self.net.name(row.to_node), "corridors": row.corridors,
                    "status": row.status, "length_km": round(self.km[link], 1),
                    "value": ";".join(f"{v:.6g}" if isinstance(v, float) else str(v) for v in dict.fromkeys(values)),
                    "unit": self.unit if values else "",
                    "class": "; ".join(dict.fromkeys(c for _, c in shows if c)) or "rest of the network",
                    "colour": ";".join(dict.fromkeys(s.colour for s in made)),
                    "confidence": self.confidence(link), "estimated": "yes" if self.estimated(link) else "no",
                    "alignment": sheet.how[link], "source": row.source,
                }
            )  # fmt: skip
        columns = (
            "link_id name mode from to corridors status length_km value unit class colour confidence estimated "
            "alignment source"
        )
        return pd.DataFrame(rows, columns=columns.split())

    def ground(self, sheet: Sheet) -> None:  # noqa: B027 - most have none
        """Draw what lies under the lines."""

    @abstractmethod
    def lines(self, sheet: Sheet) -> None:
        """Add the strokes of the links to the sheet."""

    def faint(self, sheet: Sheet) -> None:
        """Add the links that the picture is not about, thin and grey."""
        for link, row in self.rows.items():
            if link not in self.links and row.mode not in WATER:  # lanes would cover the sea; rivers are there
                sheet.stroke(link, FAINT, 0.7, "road" if row.status == OPEN else "sea", dotted=False)

    def arrows(self) -> dict[str, bool]:
        """Return by link whether a flow passes along it or against it."""
        return {}

    @abstractmethod
    def panel(self, panel: Panel) -> None:
        """Write the side panel."""


def scale_colours(classes: int) -> list[str]:
    """Return colours of a perceptually uniform scale without its palest end, which a white map would lose."""
    return [to_hex(colormaps["viridis_r"](0.1 + 0.9 * i / max(1, classes - 1))) for i in range(classes)]


class AnswerView(View):
    """What answers have in common: a question, and a network in grey behind them."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.net)
        asked, known = answer.question, answer.net.node_index
        self.origins, self.destinations = ([str(n) for n in asked.get(k, ()) if n in known] for k in ("from", "to"))
        sides = ([place(answer.net, n) for n in side] for side in (self.origins, self.destinations))
        self.relation = " to ".join(map(listed, sides))
        terms = [f"vehicle {plain(str(asked.get('vehicle', 'any')), 30)}"]
        if asked.get("year"):
            terms.append(f"network of {asked['year']}")
        share = asked.get("share", 1.0)
        if isinstance(share, Mapping):
            terms.append(f"military share {', '.join(f'{mode} {part:.0%}' for mode, part in share.items())}")
        elif float(share) < 1:
            terms.append(f"{float(share):.0%} of capacity for the military")
        for key, words in (("close", "closed"), ("avoid", "avoided")):
            if asked.get(key):
                terms.append(f"{words}: {listed([plain(str(x), 20) for x in asked[key]], 3)}")
        self.terms = ", ".join(terms)

    def capacity_of(self, link: str) -> str:
        """Return the column of the capacity of a link, for views whose values rest on it."""
        return capacity_column(self.rows[link].mode)

    def beside(
        self, sheet: Sheet, link: str, colour: str, width: float, level: int, shows: tuple[Any, str], **more: Any
    ) -> None:
        """Add a link of the answer."""
        sheet.stroke(link, colour, width, self.rows[link].mode, level=level, shows=shows, **more)
