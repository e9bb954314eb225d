"""What a scenario comes to, as a folder: tables, maps, layers for a GIS, and one JSON file with everything.

A folder is written beside its place and renamed when it is complete, so that it is either whole or not there.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sqlite3
import textwrap
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd

from mobility import __version__
from mobility.disruption import Disruption, disruption
from mobility.errors import InputError
from mobility.network import Network, beside_folder
from mobility.scenario import (
    Applied,
    Comparison,
    Figures,
    Hazard,
    Scenario,
    asked,
    chosen,
    figures_of,
    scenario,
    under,
    verb_of,
)

MARK = "scenario.json"
"""Every folder written here holds this file; only such a folder, or an empty one, is written over."""

LIBRARIES = ("numpy", "pandas", "scipy", "networkx", "shapely", "pyproj", "pyogrio", "geopandas", "highspy", "numba")

DRAWN = ("routes", "throughput", "contingency", "closure")
"""Whose maps are drawn when the scenario does not say."""

PAGE = "map.html"
"""The interactive map, where it is asked for."""

LABELS = {
    "routes": "Routes", "explain": "Explanation", "redundancy": "Routes that share no link",
    "throughput": "Throughput and cut", "contingency": "Loss of single links", "bottlenecks": "Bottlenecks",
    "worst-case": "Worst case", "protection": "Protection", "reliability": "Reliability",
    "monte-carlo": "Random failures", "corridor-value": "Worth of corridors", "closure": "Closure of the force",
    "hazard": "Hazard",
}  # fmt: skip
"""What the answers are called on it."""

SHEET_ROWS = 1_000_000
"""A sheet of XLSX holds so many rows; what is beyond stands in the CSV file."""

STATES = {
    "closed by the scenario": ("193,18,31", 1.2, "dash"),
    "held for some hours": ("224,122,0", 1.2, "dash"),
    "on a route": ("0,114,178", 1.2, "solid"),
    "carries flow": ("86,180,233", 0.9, "solid"),
    "open": ("110,115,120", 0.4, "solid"),
    "not open": ("170,175,180", 0.4, "dot"),
}
"""What a link is in the answers; the first that fits counts. Colour, width in mm and pen of the style for a GIS."""


@dataclass(frozen=True, repr=False)
class Dossier:
    """What a scenario comes to.

    Attributes
    ----------
    scenario : Scenario
    net : Network
        As it was before.
    applied : Applied
        As it is under the scenario, with the question.
    closed : tuple of str
        Links that the scenario closes for good.
    answers : mapping of str to answer
        By verb, in the order asked.
    comparison : Comparison
        Before, and under the scenario.
    loss : Disruption
        The same two with all that flows: what is out, what it costs, where traffic goes instead.
    seconds : mapping of str to float
        By verb, and for the comparison.
    folder : Path
        Where it was written.
    """

    scenario: Scenario
    net: Network
    applied: Applied
    closed: tuple[str, ...]
    answers: Mapping[str, Any]
    comparison: Comparison
    loss: Disruption
    seconds: Mapping[str, float]
    folder: Path

    @property
    def status(self) -> str:
        """Return ``ok`` when there is a route under the scenario, else ``no_route``."""
        return self.comparison.cases[-1].status

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON holds it, with what it rests on."""
        windows = self.applied.windows
        return {
            "status": self.status, "scenario": self.scenario.to_dict(self.folder), "closed": list(self.closed),
            "windows": [{"links": list(w.links), "hours": [w.start, w.end], "left": w.factor} for w in windows],
            "comparison": self.comparison.to_dict(), "disruption": self.loss.to_dict(),
            "answers": {verb: answer.to_dict() for verb, answer in self.answers.items()},
            "provenance": self.provenance(),
        }  # fmt: skip

    def provenance(self) -> dict[str, Any]:
        """Return what the answers rest on: data, versions, seeds and time."""
        return {
            "mobility": __version__, "python": platform.python_version(),
            "libraries": {name: version(name) for name in LIBRARIES},
            "data_hash": self.net.data_hash, "changed_data_hash": self.applied.net.data_hash,
            "seeds": {verb: a.question["seed"] for verb, a in self.answers.items() if "seed" in a.question},
            "seconds": {k: round(v, 3) for k, v in self.seconds.items()},
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
        }  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """Return the comparison, one row per case."""
        return self.comparison.to_frame()

    def explore(self, path: str | Path | None = None, **options: Any) -> Any:
        """Show all answers on an interactive map; see :func:`mobility.explore.explore`."""
        from mobility.explore import explore

        return explore(_shown_on_page(self), path, **{"title": _title(self), **options})

    def __repr__(self) -> str:
        return f"<Dossier: {self.scenario.name}; {', '.join(self.answers)}>"

    def _repr_html_(self) -> str:
        return self.comparison._repr_html_()


def run(
    name: str | Path | Scenario,
    out: str | Path,
    *,
    net: Network | None = None,
    html: bool = False,
    overwrite: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Dossier:
    """Answer everything that a scenario asks and write it into a folder.

    Parameters
    ----------
    name : str, Path or Scenario
        See :func:`mobility.scenario`.
    out : str or Path
        Folder to write; its parent must be there.
    net : Network, optional
        Instead of the scenario's own.
    html : bool
        Whether an interactive map of all answers is written as well: one file that needs no network.
    overwrite : bool
        Whether a folder that was written here before may be replaced.
    progress : callable, optional
        Told what is being done.

    Returns
    -------
    Dossier

    Raises
    ------
    InputError
        With every fault of the scenario; when the folder exists, or is to be replaced and is no folder of results.

    Notes
    -----
    The closure knows the hours of each closure. All other verbs see the network as it stands at hour 0; their
    question lists what that holds (``held_at_hour_0``).

    Examples
    --------
    >>> import tempfile
    >>> from mobility.scenario import Plan
    >>> without_maps = replace(scenario("straits-closed"), run=Plan(("routes", "throughput")))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = run(without_maps, Path(folder) / "out")
    ...     sorted(p.name for p in made.folder.iterdir())[:3]
    ['README.txt', 'links.gpkg', 'scenario.json']
    """
    say = progress or (lambda text: None)
    target = Path(os.path.abspath(out))
    made = scenario(name, net)
    asked(made)
    _may_take(target, overwrite)
    before = net if net is not None else made.load()
    applied = made.apply(before)
    shut = [x for c in made.close if c.hours is None for x in chosen(before, c)]
    answers: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    for part in made.parts():
        say(part)
        start = perf_counter()
        answers[part] = answer(made, before, applied, part)
        seconds[part] = perf_counter() - start
    say("before and after")
    start = perf_counter()
    # An option as --via makes another question of it than that before and after.
    same = {v: a for v, a in answers.items() if v == "closure" or not set(made.options(v)) - {"k"}}
    loss = disruption(before, scenario=made, known=same)
    had = {v: getattr(loss.before, v) for v in ("routes", "throughput", "closure") if getattr(loss.before, v)}
    cases = figures_of(made.without(), before, had), figures_of(made, before, same)
    seconds["comparison"] = perf_counter() - start
    dossier = Dossier(
        made, before, applied, tuple(applied.net.with_assets(shut)), answers, Comparison(cases), loss, seconds, target
    )
    with beside_folder(target) as draft:
        write(dossier, draft, say, html)
    return dossier


def answer(made: Scenario, net: Network, applied: Applied, part: str) -> Any:
    """Return one of the answers of a scenario; see :meth:`mobility.scenario.Scenario.parts`.

    Raises
    ------
    InputError
        When there is no such verb, or it cannot be asked.
    """
    hazard = made.parts().get(part)
    verb = "hazard" if hazard else part
    function = verb_of(verb)
    if function is None:
        raise InputError(f"{verb} is not in this version")
    options = {k: tuple(v) if isinstance(v, list) else v for k, v in made.options(verb).items()}
    if verb == "closure":
        given = {"force": made.force} if made.force else {}
        return under(function(applied.net, windows=applied.windows, **given, **applied.ask, **options), made.name, ())
    if hazard is not None:
        whole = made.unharmed().apply(net)
        return under(function(whole.net, event=hazard.event, **whole.ask, **options), made.name, ())
    now, held = applied.standing()
    return under(function(now, **applied.ask, **options), made.name, held)


# ---- the folder


def _may_take(target: Path, overwrite: bool) -> None:
    """Refuse a folder whose parent is missing, that is there and is not to be replaced, or that is not ours."""
    if not target.parent.is_dir():
        raise InputError(f"{target.parent}: the folder does not exist")
    if os.path.lexists(target):
        if not overwrite:
            raise InputError(f"{target} exists; choose another name or add --overwrite")
        ours = target.is_dir() and not target.is_symlink() and ((target / MARK).is_file() or not any(target.iterdir()))
        if not ours:
            raise InputError(f"{target} is no folder of results (it holds no {MARK}); it is not replaced")


def write(dossier: Dossier, folder: Path, say: Callable[[str], None], html: bool = False) -> None:
    """Write everything into an empty folder."""
    start = perf_counter()
    (folder / "tables").mkdir()
    contents: dict[str, Any] = {"comparison": dossier.comparison, "disruption": dossier.loss, **dossier.answers}
    frames = {name: content.to_frame() for name, content in contents.items()}
    for name, frame in frames.items():
        frame.to_csv(folder / "tables" / f"{name}.csv", index=frame.index.name is not None, lineterminator="\n")
        _json(contents[name].to_dict(), folder / "tables" / f"{name}.json")
    _workbook(frames, folder / "tables.xlsx")
    _own_files(dossier.scenario, folder, dossier.folder)
    say("layers")
    _geopackage(dossier, folder / "links.gpkg")
    missing = _maps(dossier, folder / "maps", say) if "map" in dossier.scenario.verbs() else {}
    if html:
        say("interactive map")
        dossier.explore(folder / PAGE)
    seconds = {**dossier.seconds, "files": perf_counter() - start}
    _json(replace(dossier, seconds=seconds).to_dict(), folder / MARK)
    (folder / "README.txt").write_text(_readme(dossier, folder, missing), encoding="utf-8")


def _json(content: Any, path: Path) -> None:
    def plain(value: Any) -> Any:
        return value.item() if hasattr(value, "item") else str(value)

    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False, default=plain)
    path.write_text(text + "\n", encoding="utf-8")


def _workbook(frames: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write tables as sheets of one workbook."""
    import pyogrio

    for name, frame in frames.items():
        flat = frame.reset_index() if frame.index.name is not None else frame
        flat = flat.head(SHEET_ROWS).copy()
        for column in flat.columns:
            if flat[column].dtype == object or flat[column].dtype == bool:
                flat[column] = [_shown(v) for v in flat[column].tolist()]
                numbers = pd.to_numeric(flat[column], errors="coerce")
                if (numbers.notna() | flat[column].isna()).all() and numbers.notna().any():
                    flat[column] = numbers.astype(float)
                else:
                    flat[column] = flat[column].astype(object).where(flat[column].notna(), None)
        if flat.columns.empty:
            flat = pd.DataFrame({"nothing": pd.Series([], dtype=object)})
        pyogrio.write_dataframe(flat, path, driver="XLSX", layer=name[:31], append=path.exists())


def _shown(value: Any) -> Any:
    """Return a cell as a sheet holds it."""
    if value is None or isinstance(value, str) or (isinstance(value, float) and value != value):
        return value
    if isinstance(value, list | tuple | set):
        return ";".join(str(v) for v in value)
    return str(value) if isinstance(value, bool | dict) else value


def _own_files(made: Scenario, draft: Path, folder: Path) -> None:
    """Write the scenario with the areas it names, so that the folder can be run again from its own files."""
    names: dict[Path, str] = {}

    def here(part: Any) -> Any:
        if isinstance(part, Hazard):
            return replace(part, event=here(part.event))
        area = getattr(part, "area", None)
        if not isinstance(area, str | Path):
            return part
        if (area := Path(area)) not in names:
            (draft / "areas").mkdir(exist_ok=True)
            names[area] = f"{len(names)}-{area.name}" if area.name in names.values() else area.name
            shutil.copyfile(area, draft / "areas" / names[area])
        return replace(part, area=folder / "areas" / names[area])

    close, change, hazard = (tuple(map(here, parts)) for parts in (made.close, made.change, made.hazard))
    own = replace(made, close=close, change=change, hazard=hazard)
    (draft / "scenario.toml").write_text(own.to_toml(folder), encoding="utf-8")


# ---- layers for a GIS


def layer(dossier: Dossier) -> Any:
    """Return the links as a GeoDataFrame: what each is in the answers, its flow, and what its loss would cost.

    ``delay_h`` and ``lost_vehicles_per_day`` are those of losing the link besides, where ``contingency`` was asked;
    ``status_before`` is the status without the scenario.
    """
    now, _ = dossier.applied.standing()
    frame = dossier.applied.net.links
    kept = ["from_node", "to_node", "mode", "name", "corridors", "length_km", "status", "confidence", "geometry"]
    frame = frame[[c for c in kept if c in frame.columns]].copy()
    frame["status_before"] = dossier.net.table("links")["status"].to_numpy()
    frame["closed"] = frame.index.isin(dossier.closed)
    held: dict[str, list[str]] = {}
    for w in dossier.applied.windows:
        for link in dossier.net.with_assets(w.links):
            held.setdefault(link, []).append(f"{w.start:g}-{w.end:g} h: {w.factor:.0%} left")
    frame["held"] = ["; ".join(held.get(x, ())) for x in frame.index]
    ranks: dict[str, int] = {}
    for route in getattr(dossier.answers.get("routes"), "routes", ()):
        for link in route.links:
            ranks.setdefault(link, route.rank)
    frame["route"] = pd.array([ranks.get(x) for x in frame.index], dtype="Int64")
    flows = {f.link_id: f for f in getattr(dossier.answers.get("throughput"), "links", ())}
    for column in ("vehicles_per_day", "used_share"):
        frame[column] = [getattr(flows[x], column) if x in flows else None for x in frame.index]
        frame[column] = frame[column].astype(float)
    lost: dict[str, Any] = {}
    for outage in getattr(dossier.answers.get("contingency"), "outages", ()):
        for link in outage.links:
            lost.setdefault(link, outage)
    for column in ("delay_h", "lost_vehicles_per_day"):
        frame[column] = [getattr(lost[x], column) if x in lost else None for x in frame.index]
        frame[column] = frame[column].astype(float)
    frame["cuts_all"] = [x in lost and lost[x].status == "cut" for x in frame.index]
    open_now = dict(zip(now.link_index, (now.table("links")["status"] == "operational").tolist(), strict=True))

    def state(link: str) -> str:
        if link in dossier.closed:
            return "closed by the scenario"
        if link in held:
            return "held for some hours"
        if link in ranks:
            return "on a route"
        return "carries flow" if link in flows else "open" if open_now[link] else "not open"

    frame["state"] = [state(x) for x in frame.index]
    return frame


def _geopackage(dossier: Dossier, path: Path) -> None:
    """Write links and places with a style for each in the table where QGIS looks for one."""
    layer(dossier).reset_index().to_file(path, layer="links", driver="GPKG")
    places = dossier.net.nodes[["name", "country", "kind", "geometry"]].reset_index()
    ends = {k: dossier.net.find_nodes(dossier.applied.ask[k]) for k in ("origin", "destination")}
    places["part"] = [next((k for k, of in ends.items() if x in of), "") for x in places["node_id"]]
    places.to_file(path, layer="places", driver="GPKG")
    styles = [("links", _lines_qml()), ("places", _points_qml())]
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(
            "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), "
            "f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), "
            "styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), "
            "update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"
        )
        base.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles')"
        )
        base.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, "
            "styleQML, styleSLD, useAsDefault, description, owner, ui) "
            "VALUES ('', '', ?, 'geom', ?, ?, '', 1, ?, '', '')",
            [(name, f"scenario {name}", qml, "what each is under the scenario") for name, qml in styles],
        )


def _qml(kind: str, attribute: str, symbols: Mapping[str, tuple[str, Mapping[str, str]]]) -> str:
    """Return a style that tells values of a column apart; a symbol is its class and properties."""
    shape = {"SimpleLine": "line", "SimpleMarker": "marker"}[kind]
    categories = "".join(
        f'<category render="true" symbol="{i}" value="{value}" label="{label}"/>'
        for i, (value, (label, _)) in enumerate(symbols.items())
    )
    drawn = "".join(
        f'<symbol type="{shape}" name="{i}" alpha="1" clip_to_extent="1">'
        f'<layer class="{kind}" enabled="1" locked="0" pass="{len(symbols) - i}"><Option type="Map">'
        + "".join(f'<Option type="QString" name="{k}" value="{v}"/>' for k, v in given.items())
        + "</Option></layer></symbol>"
        for i, (_, given) in enumerate(symbols.values())
    )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        f'<qgis version="3.22.0" styleCategories="Symbology"><renderer-v2 type="categorizedSymbol" attr="{attribute}" '
        f'symbollevels="1" enableorderby="0" forceraster="0"><categories>{categories}</categories>'
        f"<symbols>{drawn}</symbols></renderer-v2></qgis>\n"
    )


def _lines_qml() -> str:
    return _qml(
        "SimpleLine", "state",
        {
            name: (name, {"line_color": f"{colour},255", "line_width": f"{width}", "line_width_unit": "MM",
                          "line_style": pen, "capstyle": "round", "joinstyle": "round"})
            for name, (colour, width, pen) in STATES.items()
        },
    )  # fmt: skip


def _points_qml() -> str:
    signs = {"origin": ("0,114,178", "triangle", "4"), "destination": ("213,94,0", "square", "4")}
    return _qml(
        "SimpleMarker", "part",
        {
            name: (label, {"name": sign, "color": f"{colour},255", "outline_color": "255,255,255,255", "size": size,
                           "size_unit": "MM"})
            for name, label, (colour, sign, size) in [
                *((k, k, v) for k, v in signs.items()), ("", "other place", ("110,115,120", "circle", "1.2"))
            ]
        },
    )  # fmt: skip


# ---- maps and words


def _maps(dossier: Dossier, folder: Path, say: Callable[[str], None]) -> dict[str, str]:
    """Draw the answers that have a map; return why those that were asked for and not drawn were not."""
    from mobility.maps import plot, view_of

    folder.mkdir()
    options = dossier.scenario.options("map")
    missing = {}
    for name in options.pop("of", _drawn(dossier)):
        asked = dossier.answers.get(name, dossier.loss if name == "disruption" else None)
        try:
            if asked is None:
                raise InputError(f"{name} was not asked")
            view = view_of(asked)
            words = {"title": _title(dossier), "subtitle": f"{view.title}. {view.subtitle}"}
            if asked is dossier.loss:  # says in its title what it costs
                words = {"title": view.title, "subtitle": view.subtitle}
            say(f"map of {name}")
            plot(asked, path=folder / f"{name}.png", **{"dpi": 200, **words, **options})
        except InputError as error:
            missing[name] = str(error)
    return missing


def _drawn(dossier: Dossier) -> list[str]:
    """Return what is drawn when the scenario does not say."""
    loss = dossier.loss
    changes = loss.cut or loss.delay_h or loss.later_h or any(e.lost_capacity for e in loss.links)
    names = [v for v in dossier.answers if v in DRAWN or v.startswith("hazard")]
    return ["disruption", *names] if changes or loss.before.status != loss.after.status else names


def _title(dossier: Dossier) -> str:
    return dossier.scenario.title or dossier.scenario.name


def _shown_on_page(dossier: Dossier) -> list[tuple[str, Any]]:
    """Return what the interactive map shows, by label."""
    return [("Before and after", dossier.loss), *((LABELS.get(v, v), a) for v, a in dossier.answers.items())]


WHAT = {
    "README.txt": "this page",
    MARK: "everything in one file, with data hash, versions, seeds and seconds",
    "scenario.toml": "the question; mobility run scenario.toml --out DIR answers it again",
    "tables.xlsx": "all tables, a sheet each",
    "tables": "each answer as CSV and JSON; comparison holds before and after",
    "links.gpkg": "links and places for a GIS; QGIS takes the styles inside",
    PAGE: "all answers on a map to look around in, in any browser, with no network",
    "maps": "a picture each, with its words (.caption.txt) and its figures (.csv)",
    "areas": "the areas that the scenario names",
}
"""What each file of a folder is."""


def _readme(dossier: Dossier, folder: Path, missing: Mapping[str, str]) -> str:
    from mobility.hazard import HazardLoss, event_words
    from mobility.report import CAVEAT, KOSOVO

    made, (before, after) = dossier.scenario, dossier.comparison.cases
    held = {x for w in dossier.applied.windows for x in w.links}
    changed = [x for x in dossier.net.link_index if x in dossier.closed or x in held]
    grade = f" ({made.confidence} confidence)" if made.confidence else ""
    parts = [
        made.title or made.name,
        made.note,
        f"Source: {made.source}{grade}." if made.source else "",
        told(before, after),
        f"In short: {dossier.loss.cost}.",
        *(f"{event_words(a.event)}: {a.headline}." for a in dossier.answers.values() if isinstance(a, HazardLoss)),
        f"Closed for good: {_few(dossier.closed)}." if dossier.closed else "",
        f"Closed, or with less capacity, for some hours: {_few(sorted(held))}. The closure knows the hours; every "
        f"other answer shows hour 0, when {_few(after.held_at_hour_0) if after.held_at_hour_0 else 'none of them'} "
        "count." if held else "",
        CAVEAT,
        KOSOVO if any("XK" in dossier.net.link_countries[dossier.net.link_index[x]] for x in changed) else "",
    ]  # fmt: skip
    files = [f"{name:<15} {what}" for name, what in WHAT.items() if name == "README.txt" or (folder / name).exists()]
    files += [f"{'':<15} no map of {verb}: {why}" for verb, why in missing.items()]
    text = "\n\n".join(textwrap.fill(p, 100) for p in parts if p)
    return f"{text}\n\n" + "\n".join(files) + "\n"


def _few(names: Any, most: int = 12) -> str:
    listed = list(names)
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")


def told(before: Figures, after: Figures) -> str:
    """Return in words what a case does to the key figures of another."""
    words = {
        "time_h": ("fastest route", "h"), "link_disjoint": ("routes that share no link", ""),
        "vehicles_per_day": ("vehicles a day", ""), "closure_h": ("closure of the force", "h"),
        "reliability": ("reliability", ""),
    }  # fmt: skip
    told = []
    for key, (label, unit) in words.items():
        was, now = getattr(before, key), getattr(after, key)
        if was is None and now is None:
            continue
        digits = {"reliability": 3, "vehicles_per_day": 0}.get(key, 1)
        shown = ["none" if v is None else f"{v:,.{digits}f}".removesuffix(".0") for v in (was, now)]
        told.append(f"{label} {' -> '.join(f'{s} {unit}'.strip() if s != 'none' else s for s in shown)}")
    return f"Before -> after: {'; '.join(told)}." if told else "No route before, and none after."
