"""The command line: `mobility VERB [options]`.

Standard output carries the answer only; messages go to standard error. Exit 0 answered, 1 the answer is "none"
(or `check` found warnings only), 2 bad input. What costs time to import is imported inside the commands.
"""

from __future__ import annotations

import errno
import functools
import io
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from mobility import __version__
from mobility.errors import Attempts, InputError, MobilityError, nearest

if TYPE_CHECKING:
    from mobility.hazard import Event
    from mobility.network import Network

NONE, BAD = 1, 2
COMMANDLINE = click.core.ParameterSource.COMMANDLINE


class Verbs(click.Group):
    """A group that offers the nearest verb when one is misspelt, and turns bad input into exit 2."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or fail with the nearest one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = nearest(args[0], self.list_commands(ctx)) if args else []
            if not close or "did you mean" in error.message.casefold():
                raise
            raise click.UsageError(f"{error.message} Did you mean {' or '.join(close)}?", ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; faults of the input are told one a line, never as a traceback."""
        try:
            return super().invoke(ctx)
        except InputError as error:
            for finding in error.findings:
                text = finding.message if finding.table == "question" else str(finding)
                click.echo(f"{finding.level}: {text}", err=True)
        except MobilityError as error:
            click.echo(f"error: {error}", err=True)
        except MemoryError:
            click.echo("error: the input does not fit into memory", err=True)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # a reader that had enough, as head; click ends quietly
            click.echo(f"error: {error.filename or 'the answer'} cannot be written: {error.strerror}", err=True)
        ctx.exit(BAD)


def _places(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the last of a comma-separated list of places."""
    from mobility.errors import fold

    head, comma, tail = incomplete.rpartition(",")
    try:
        net = _load(ctx.params.get("network"))
    except InputError:
        return []
    names = [n for n in net.table("nodes")["name"].tolist() if n] + list(net.node_index)
    return [head + comma + n for n in names if fold(n).startswith(fold(tail))]


def _vehicles(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from mobility.vehicle import vehicles

    try:
        return [v for v in vehicles(_load(ctx.params.get("network"))) if v.startswith(incomplete)]
    except InputError:
        return []


def _links(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    head, comma, tail = incomplete.rpartition(",")
    try:
        return [head + comma + i for i in _load(ctx.params.get("network")).link_index if i.startswith(tail)]
    except InputError:
        return []


def _load(folder: str | None) -> Network:
    from mobility.network import load

    return load(folder)


def _not_empty(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Refuse an option that is given without a value, as by a shell variable that is not set."""
    given = value if isinstance(value, tuple) else (value,)
    if any(isinstance(v, str) and not v.strip(" ,") for v in given):
        raise click.BadParameter("is empty; leave the option out", ctx, param)
    return value


_text = functools.partial(click.option, callback=_not_empty)
_choice = functools.partial(click.option, show_default=True)
_NETWORK = _text("--network", metavar="DIR", help="Folder of tables; left out: the shipped corridors.")
_OUTPUT = (
    click.option(
        "--format",
        "form",
        type=click.Choice(["table", "json", "csv"]),
        help="Form; left out: by the name of --out, else a table.",
    ),
    _text("--out", type=click.Path(dir_okay=False), help="Write the answer to a file instead of standard output."),
    click.option("--overwrite", is_flag=True, help="Allow --out to replace a file."),
    click.option("--quiet", is_flag=True, help="No messages on standard error."),
)
_FROM = _text(
    "--from", "origin", metavar="A[,B]", shell_complete=_places, help="Origins: ids or names, accents optional."
)
_TO = _text("--to", "destination", metavar="C[,D]", shell_complete=_places, help="Destinations.")
_VIA = _text(
    "--via", multiple=True, metavar="NODE", shell_complete=_places, help="A place to pass; several in this order."
)
_SCENARIO = _text(
    "--scenario", metavar="NAME|FILE", help="Under a scenario; what is given here wins over what it asks."
)
_DISTINCT = click.option(
    "--distinct",
    type=click.FloatRange(0, 1),
    metavar="F",
    help="Each shares at most this part of its length with every better one.",
)
_FORCE = (
    _text("--force", metavar="NAME|FILE", help="A force; `mobility force` lists those that are shipped."),
    click.option("--count", type=click.IntRange(1, 1_000_000), help="Without a force: so many of --vehicle."),
)
_LOST = (
    _text("--group", "groups", multiple=True, metavar="GROUP[,GROUP]", help="Groups of links that are lost; a disruption."),
    _text("--node", "nodes", multiple=True, metavar="NODE[,NODE]", help="Places that are lost."),
    _text("--state", "states", multiple=True, metavar="AL[,MK]", help="States that are lost."),
)  # fmt: skip
_EVENTS = ("earthquake", "flood", "area")
_EVENT = (
    _text("--earthquake", metavar="LAT,LON,MAG[,DEPTH]", help="Epicentre, magnitude, and depth in km (10)."),
    _choice("--site", type=click.Choice(["A", "B", "C", "D"]), default="B", help="Ground type of Eurocode 8 under all links."),
    _text("--flood", metavar="FILE|LAT,LON,KM", help="Polygons of a GeoJSON file, or a circle."),
    click.option("--depth", type=float, metavar="M", help="Depth of a flood; left out: 2 m."),
    click.option("--return-period", type=int, metavar="YEARS", help="Depth of a flood by its return period: 10, 20, 50, 100, 200 or 500."),
    _text("--area", metavar="FILE|LAT,LON,KM", help="Where each bridge, tunnel and port is out with --intensity."),
    click.option("--intensity", type=float, metavar="P", help="That probability, 0 to 1."),
    _choice("--crews", type=int, metavar="C", default=2, help="Repairs at a time in the plan of repairs."),
    click.option("--independent", is_flag=True, help="Let no structure share what is common to the event."),
)  # fmt: skip
_OPTIONS = (
    _text("--vehicle", default="any", show_default=True, metavar="NAME", shell_complete=_vehicles, help="A vehicle; `mobility info --list vehicles`."),
    _text("--modes", metavar="MODES", help="road,rail,sea,waterway; left out: all."),
    click.option("--year", type=click.IntRange(1900, 2200), metavar="Y", help="Count links that open before year Y."),
    _text("--avoid", multiple=True, metavar="WHAT", help="A place, link or state not to be used."),
    _text("--countries", metavar="AL,MK", help="Only these states."),
    _text("--close", multiple=True, metavar="LINK[,LINK]", shell_complete=_links, help="Links that are out."),
    _text("--permission", default="none", show_default=True, metavar="REGIME", help="Permission regime whose lead time is stated."),
    _choice("--unknown", type=click.Choice(["penalise", "allow", "forbid"]), default="penalise", help="Links whose limits are not known."),
    _choice("--estimates", type=click.Choice(["strict", "favourable"]), default="strict", help="Estimated limits at their stated value, or at the good end of their range."),
    _choice("--share", callback=lambda _, __, value: _share(value), default="1", metavar="F", help="Military share of every capacity, 0 < F <= 1; or by mode: road=0.5,rail=0.3,terminal=0.5."),
)  # fmt: skip


_EVERY_YEAR = (*_OPTIONS[:2], *_OPTIONS[3:6], *_OPTIONS[7:])
"""The same without --year and --permission, of which a comparison takes several."""


_TRAINS = _choice(
    "--trains",
    type=click.Choice(["planning", "link"]),
    default="planning",
    help="Vehicles on a train: of the planning train, or by the length and gradient of each railway.",
)


def _share(text: str) -> float | dict[str, float]:
    """Return a share, or shares by mode, as typed."""
    try:
        if "=" not in text:
            return float(text)
        pairs = [part.partition("=") for part in text.split(",") if part.strip()]
        return {mode.strip(): float(value) for mode, _, value in pairs}
    except ValueError:
        raise click.BadParameter(f"{text!r} is no number, nor road=0.5,rail=0.3") from None


def _with(options: tuple[Callable[..., Any], ...]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return lambda f: functools.reduce(lambda g, option: option(g), reversed(options), f)


def _shared(given: dict[str, Any]) -> dict[str, Any]:
    """Take the options that every question shares out of what was given, as the library names them."""
    taken = {k: given.pop(k) for k in ("vehicle", "modes", "year", "permission", "unknown", "estimates", "share")}
    taken["countries"] = given.pop("countries") or ()
    if (trains := given.pop("trains", "planning")) != "planning":
        taken["trains"] = trains
    return taken | {k: _split(given.pop(k)) for k in ("avoid", "close")}


def question(verb: Callable[..., Any], places: bool = True) -> Callable[..., Any]:
    """Give a verb the common options and hand it a network, the two ends and the options of the library.

    What the verb returns is given out by its second part; the status of the answer makes the exit status. Without
    `places` the ends may be left out.
    """

    @_with((_FROM, _TO, _SCENARIO, *_OPTIONS, _TRAINS, _NETWORK, *_OUTPUT))
    @click.pass_context
    @functools.wraps(verb)
    def run(
        ctx: click.Context, /, network: str | None, origin: str | None, destination: str | None, scenario: str | None,
        form: str | None, out: str | None, overwrite: bool, quiet: bool, **given: Any,
    ) -> None:  # fmt: skip
        if scenario is None and places and (origin is None or destination is None):
            raise click.UsageError("a question needs --from and --to", ctx)
        _may_write(out, overwrite)
        shared = _shared(given)
        sampled = "earthquake" in given and not any(given[kind] for kind in _EVENTS)
        scene = None if scenario is None else Scene(ctx, scenario, network, "window" in given, sampled)
        net = scene.net if scene else _load(network)
        if scene:
            origin, destination = scene.ends(origin, destination)
            scene.fill(shared, given)
            if places and not (origin and destination):
                raise click.UsageError("the scenario names no places; a question needs --from and --to", ctx)
        if net.notes and not quiet:
            click.echo(f"note: the tables have warnings ({len(net.notes)}); mobility check lists them", err=True)
        answer, show = verb(net, origin, destination, shared, **given)
        answer = scene.sign(answer, quiet) if scene else answer
        Output(_form(form, out), out, overwrite, quiet).give(answer, show)
        ctx.exit(0 if answer.status == "ok" or verb.__name__ == "explain" else NONE)

    return run


class Scene:
    """A question under a scenario: its network, and what it asks where the command line is silent.

    `timed` questions get the hours of each closure; others see the network as it stands at hour 0. Where an event is
    `sampled` it is that of the scenario, on the network without what that closes and changes.
    """

    def __init__(
        self, ctx: click.Context, name: str, network: str | None, timed: bool = False, sampled: bool = False
    ) -> None:
        from mobility.scenario import scenario

        own = _load(network) if network is not None else None
        self.ctx, self.timed = ctx, timed
        self.scenario = scenario(name, own)
        self.event = self._event() if sampled else None
        self.applied = (self.scenario.unharmed() if self.event else self.scenario).apply(own)
        self.net, self.held = (self.applied.net, ()) if timed else self.applied.standing()

    def _event(self) -> Event | None:
        """Return the event of the scenario; None where it has none."""
        events = [one.event for one in self.scenario.hazard]
        if len(events) > 1:
            raise InputError(f"{self.scenario.name} has {len(events)} events; say which: --earthquake, --flood, --area")
        return events[0] if events else None

    def _silent(self, option: str) -> bool:
        return self.ctx.get_parameter_source(option) is not click.core.ParameterSource.COMMANDLINE

    def ends(self, origin: Any, destination: Any) -> tuple[Any, Any]:
        """Return the places given, else those of the scenario."""
        ask = self.applied.ask
        return origin or ask["origin"] or None, destination or ask["destination"] or None

    def fill(self, shared: dict[str, Any], given: dict[str, Any]) -> None:
        """Put what the scenario asks where nothing was given."""
        shared |= {k: v for k, v in self.applied.ask.items() if k in shared and self._silent(k)}
        if self.event is not None:
            given["event"] = self.event
        if self.timed:
            windows = [(x, w.start, w.end, w.factor) for w in self.applied.windows for x in w.links]
            given["window"] = [*windows, *given["window"]]
            if given["force"] is None and given["count"] is None:
                given["force"] = self.scenario.force or None

    def sign(self, answer: Any, quiet: bool) -> Any:
        """Return the answer with the scenario in its question."""
        from mobility.scenario import under

        if self.held and not quiet:
            text = f"note: {self.scenario.name} closes or slows {len(self.held)} links for some hours; shown is hour 0"
            click.echo(text, err=True)
        if isinstance(answer, _Moved):
            answer.answer = under(answer.answer, self.scenario.name, self.held)
            return answer
        return under(answer, self.scenario.name, self.held)


class Output:
    """Where an answer goes and in which form."""

    def __init__(self, form: str, out: str | None, overwrite: bool, quiet: bool) -> None:
        self.form, self.out, self.overwrite, self.quiet = form, out, overwrite, quiet

    def give(self, answer: Any, show: Callable[..., None], *more: Any) -> None:
        """Write an answer: a table for people, JSON or CSV for programs."""
        if self.form == "json":
            self._write(
                json.dumps(answer.to_dict(), ensure_ascii=False, indent=2, allow_nan=False, default=_plain) + "\n"
            )
        elif self.form == "csv":
            frame = answer.to_frame()
            self._write(frame.to_csv(index=frame.index.name is not None, lineterminator="\n"))
        elif self.form == "page":
            from mobility.pages import Notepad, write_page

            pad = Notepad()
            show(pad, answer, *more)
            write_page(getattr(answer, "answer", answer), str(self.out), blocks=pad.blocks, overwrite=self.overwrite)
            if not self.quiet:
                click.echo(f"written: {self.out}", err=True)
        else:
            from rich.console import Console

            plain: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False}
            if self.out is None and sys.stdout.isatty():
                show(Console(**plain), answer, *more)
            else:
                page = io.StringIO()
                show(Console(file=page, width=80, **plain), answer, *more)
                self._write("".join(f"{line.rstrip()}\n" for line in page.getvalue().splitlines()))
        sys.stdout.flush()

    def text(self, text: str) -> None:
        """Write what is text already."""
        self._write(text)

    def _write(self, text: str) -> None:
        if self.out is None:
            click.echo(text, nl=False)
            return
        from mobility.network import beside

        _may_write(self.out, self.overwrite)
        try:
            with beside(Path(self.out)) as file:
                file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise InputError(f"{self.out} cannot be written: {error.strerror}") from None
        if not self.quiet:
            click.echo(f"written: {self.out}", err=True)


def _plain(value: Any) -> Any:
    """Return a numpy number as JSON knows it."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _may_write(out: str | None, overwrite: bool) -> None:
    if out is not None and os.path.exists(out) and not overwrite:
        raise InputError(f"{out} exists; choose another name or add --overwrite")
    if out is not None and not os.path.isdir(os.path.dirname(os.path.abspath(out))):
        raise InputError(f"{out}: the folder does not exist")


def _form(form: str | None, out: str | None) -> str:
    """Return the form that is asked for, else the one that the name of the file tells."""
    suffix = Path(out).suffix.casefold() if out else ""
    return form or {".json": "json", ".csv": "csv", ".html": "page", ".htm": "page", ".md": "page"}.get(suffix, "table")


def _split(values: tuple[str, ...]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(__version__, prog_name="mobility")
def main() -> None:
    """Reinforcement routes from the Adriatic to the Black Sea, on open data.

    Policy analysis: no figure is a bridge rating, a route clearance or a train path.
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")


@main.command()
@click.argument("folder", required=False, type=click.Path())
@_NETWORK
@_with(_OUTPUT)
@click.pass_context
def check(
    ctx: click.Context, /, folder: str | None, network: str | None, form: str | None, out: str | None, overwrite: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """Check a folder of tables and list every finding."""
    from mobility.check import check as run
    from mobility.report import show_findings

    if folder is not None and network is not None:
        raise click.UsageError("name the folder once: as an argument or with --network", ctx)
    where = folder if folder is not None else network
    _may_write(out, overwrite)
    result = run(where)
    Output(_form(form, out), out, overwrite, quiet).give(result, show_findings, where or "shipped corridors")
    ctx.exit(BAD if result.errors else NONE if result.warnings else 0)


@main.command()
@_NETWORK
@_text(
    "--link", metavar="ID", shell_complete=_links, help="Every attribute of a link with source, confidence and range."
)
@_text("--node", metavar="NAME", shell_complete=_places, help="A place: its links, terminals and border.")
@_text("--vehicle", metavar="NAME", shell_complete=_vehicles, help="A vehicle and what it asks of a link.")
@_text(
    "--list",
    "table",
    metavar="TABLE",
    help="All rows of a table: nodes, links, vehicles, corridors, upgrades, sources ...",
)
@_with(_OUTPUT)
def info(
    network: str | None, link: str | None, node: str | None, vehicle: str | None, table: str | None,
    form: str | None, out: str | None, overwrite: bool, quiet: bool,
) -> None:  # fmt: skip
    """Say what a network holds and what each number rests on."""
    from mobility import report
    from mobility.vehicle import to_frame
    from mobility.vehicle import vehicle as find_vehicle

    if sum(x is not None for x in (link, node, vehicle, table)) > 1:
        raise InputError("give one of --link, --node, --vehicle, --list")
    _may_write(out, overwrite)
    net = _load(network)
    output = Output(_form(form, out), out, overwrite, quiet)
    if link is not None:
        link = net.find_link(link)
        output.give(_Facts(net.attributes(link)), lambda console, _: report.show_link(console, net, link))
    elif node is not None:
        node = net.find_node(node)
        one = net.table("nodes").iloc[[net.node_index[node]]].set_index("node_id")
        output.give(_Facts(one), lambda console, _: report.show_node(console, net, node))
    elif vehicle is not None:
        found = find_vehicle(vehicle, net)
        output.give(_Facts(to_frame(net).loc[[found.name]]), lambda console, _: report.show_vehicle(console, found))
    elif table is not None:
        frame = _listing(net, table)
        output.give(_Facts(frame), lambda console, _: report.show_frame(console, frame))
    else:
        output.give(_Summary(net), lambda console, _: report.show_summary(console, net))


class _Facts:
    """A table as an answer."""

    def __init__(self, frame: Any) -> None:
        self.frame = frame

    def to_frame(self) -> Any:
        """Return the table."""
        return self.frame

    def to_dict(self) -> dict[str, Any]:
        """Return the rows by key, unknown values as null."""
        frame = self.frame.astype(object).where(self.frame.notna() & (self.frame != ""), None)
        name = frame.index.name or "row"
        return {"rows": [{name: key, **row} for key, row in zip(frame.index, frame.to_dict("records"), strict=True)]}


class _Summary:
    """What a network holds, as an answer."""

    def __init__(self, net: Network) -> None:
        self.summary = net.summary()

    def to_dict(self) -> dict[str, Any]:
        """Return counts and shares."""
        return self.summary

    def to_frame(self) -> Any:
        """Return one row per count."""
        import pandas as pd

        rows = [
            {"group": group, "name": name, **values}
            for group in ("modes", "status", "countries", "corridors", "confidence")
            for name, values in self.summary[group].items()
        ]
        return pd.DataFrame(rows)


def _listing(net: Network, table: str) -> Any:
    from mobility import schema
    from mobility.errors import did_you_mean
    from mobility.vehicle import to_frame

    if table == "vehicles":
        return to_frame(net)
    if table not in schema.tables():
        known = [*schema.tables(), "vehicles"]
        raise InputError(f"there is no table {table!r}{did_you_mean(table, known) or '; tables: ' + ', '.join(known)}")
    return net.frame(table)


Answered = tuple[Any, Callable[..., None]]
"""An answer and what shows it."""


@main.command()
@question
@_choice("-k", "k", type=click.IntRange(1, 1000), default=3, help="Number of routes.")
@_DISTINCT
@_VIA
def routes(
    net: Network, origin: str, destination: str, shared: dict[str, Any], k: int, distinct: float | None,
    via: tuple[str, ...],
) -> Answered:  # fmt: skip
    """Find the k best routes from any origin to any destination."""
    from mobility.paths import routes as run
    from mobility.report import show_routes

    return run(net, origin, destination, k=k, distinct=distinct, via=",".join(via), **shared), show_routes


@main.command()
@question
@_VIA
def explain(net: Network, origin: str, destination: str, shared: dict[str, Any], via: tuple[str, ...]) -> Answered:
    """Say why there is no route, or why not a faster one."""
    from mobility.paths import explain as run
    from mobility.report import show_explanation

    return run(net, origin, destination, via=",".join(via), **shared), show_explanation


@main.command()
@question
def redundancy(net: Network, origin: str, destination: str, shared: dict[str, Any]) -> Answered:
    """Count the routes that share no link, and no place between."""
    from mobility.paths import redundancy as run
    from mobility.report import show_redundancy

    return run(net, origin, destination, **shared), show_redundancy


@main.command()
@question
def throughput(net: Network, origin: str, destination: str, shared: dict[str, Any]) -> Answered:
    """Compute vehicles a day and the minimum cut."""
    from mobility.flows import throughput as run
    from mobility.report import show_throughput

    return run(net, origin, destination, **shared), show_throughput


@main.command()
@question
def matrix(net: Network, origin: str, destination: str, shared: dict[str, Any]) -> Answered:
    """Compute the travel time from each origin to each destination."""
    from mobility.report import show_matrix
    from mobility.scale import matrix as run

    return run(net, origin, destination, **shared), show_matrix


@main.command()
@_NETWORK
@_with(_OUTPUT)
def index(network: str | None, form: str | None, out: str | None, overwrite: bool, quiet: bool) -> None:
    """Index a large network, so that routes and travel times on it are quick; it is kept in the cache."""
    from mobility.report import show_index
    from mobility.scale import index as run

    _may_write(out, overwrite)
    made = run(_load(network))
    if not made.kept and not quiet:
        click.echo("note: not kept: the network is small, or there is no cache (MOBILITY_CACHE)", err=True)
    Output(_form(form, out), out, overwrite, quiet).give(made, show_index)


@main.command()
@question
@_choice("-n", "n", type=int, default=1, help="Parts out at once: 1 or 2.")
@_choice(
    "--of",
    type=click.Choice(["links", "nodes", "groups", "countries"]),
    default="links",
    help="What goes out as one: a link with its structure, a place, a group of groups.csv, a state's links of one mode.",
)
@_choice(
    "--objective",
    type=click.Choice(["throughput", "closure"]),
    default="throughput",
    help="What is lost: vehicles a day and hours of the route; or hours until a force has closed.",
)
@_with(_FORCE)
def contingency(
    net: Network, origin: str, destination: str, shared: dict[str, Any], n: int, of: str, objective: str,
    force: str | None, count: int | None,
) -> Answered:  # fmt: skip
    """Take out every part, or every two: delay and lost throughput, apart; or the delay of a force."""
    from mobility.contingency import contingency as run
    from mobility.report import show_contingency, show_setback

    if objective == "closure" or force is not None or count is not None:
        if objective != "closure":
            raise InputError("a force is asked for with --objective closure")
        from mobility.setback import setback as late

        made = _force_of(net, shared, force, count)
        return late(net, origin, destination, force=made, k=n, of=of, **shared), show_setback
    return run(net, origin, destination, n=n, of=of, **shared), show_contingency


@main.command()
@question
def bottlenecks(net: Network, origin: str, destination: str, shared: dict[str, Any]) -> Answered:
    """Register what rests on each link, and what its loss costs."""
    from mobility.bottlenecks import bottlenecks as run
    from mobility.report import show_bottlenecks

    return run(net, origin, destination, **shared), show_bottlenecks


def _leads(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, float]:
    """Read lead times as typed: RS=72, several with commas."""
    try:
        return {s.strip(): float(h) for s, _, h in (part.partition("=") for part in _split(values))}
    except ValueError:
        raise click.BadParameter(f"{', '.join(values)!r}; write RS=72 in hours") from None


def _hours(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> list[tuple[str, float, float, float]]:
    """Read windows as typed: LINK:FROM:TO, with the part of the capacity that is left, if any."""
    out = []
    for text in values:
        link, *numbers = text.split(":")
        try:
            start, end, left = (float(x) for x in (*numbers, "0")[:3])
        except ValueError:
            raise click.BadParameter(f"{text!r}; write LINK:FROM:TO in hours, as RD091:12:84") from None
        out.append((link, start, end, left))
    return out


_TABLE = (
    _text("--table", type=click.Path(dir_okay=False), metavar="FILE", help="Write the movement table: .csv, .xlsx or .json."),
    _text("--gantt", type=click.Path(dir_okay=False), metavar="FILE", help="Draw its units over time: .png, .svg or .pdf."),
    _text("--graph", type=click.Path(dir_okay=False), metavar="FILE", help="Draw distance over time on the way that carries most."),
    _text("--arrivals", type=click.Path(dir_okay=False), metavar="FILE", help="Draw the arrival curve."),
    _text("--start", metavar="DATE", help="Hour 0, as 2026-12-01T06:00; then the table has dates."),
    click.option("--replay", type=click.IntRange(1, 100_000), metavar="N", help="Simulate the table N times with random delays."),
    _choice("--seed", type=click.IntRange(0), default=1, help="Of the replay."),
    _choice("--delay", type=click.FloatRange(0, 3), default=0.15, help="Spread of running times in the replay."),
    click.option("--failures", is_flag=True, help="Let links fail in the replay by their probability."),
    click.option("--deadline", type=click.FloatRange(0), metavar="H", help="Hour for which the replay says how likely it is met."),
)  # fmt: skip


@main.command()
@functools.partial(question, places=False)
@_with(_FORCE)
@_choice(
    "--gap", type=click.FloatRange(0, 10), default=0.05, help="Refine the plan while it is this part above the bound."
)
@_choice("--time-limit", type=click.FloatRange(0, 86_400), default=60.0, metavar="S", help="Seconds to plan.")
@_choice("--rest", type=click.Choice(["none", "march", "crew", "day"]), default="none", help="Halts and rest on roads.")
@click.option(
    "--lead", multiple=True, callback=_leads, metavar="STATE=H", help="Permission lead time of a state in hours."
)
@click.option(
    "--window",
    multiple=True,
    callback=_hours,
    metavar="LINK:FROM:TO[:LEFT]",
    help="A link that is out, or has a part of its capacity LEFT, in some hours.",
)
@click.option(
    "--by", type=click.Choice(["origin", "permission"]), help="Compare: each origin alone, or each permission regime."
)
@_with(_TABLE)
def closure(
    net: Network, origin: str | None, destination: str | None, shared: dict[str, Any], force: str | None,
    count: int | None, gap: float, time_limit: float, window: list[tuple[str, float, float, float]],
    rest: str, lead: dict[str, float], by: str | None, **more: Any,
) -> Answered:  # fmt: skip
    """Say when the last vehicle of a force has arrived, and what held it up."""
    from mobility.closure import Window
    from mobility.closure import closure as run
    from mobility.report import show_closure

    made = _force_of(net, shared, force, count)
    windows = [Window((link,), start, end, left) for link, start, end, left in window]
    asked = {k: v for k, v in more.items() if v is not None}
    ask = functools.partial(
        run, net, origin, destination, force=made, gap=gap, time_limit=time_limit, windows=windows, rest=rest, lead=lead
    )
    pictured = asked.keys() & {"table", "gantt", "graph", "arrivals", "start", "replay"}
    if by is not None:
        return _entered(net, origin, destination, by, pictured, ask.keywords | shared)
    if not pictured:
        return ask(**shared), show_closure
    return _moved(lambda: ask(**shared), asked)


def _entered(
    net: Network, origin: str | None, destination: str | None, by: str, pictured: set[str], asked: dict[str, Any]
) -> Answered:
    """Compare origins or permission regimes."""
    from mobility.report import show_entries
    from mobility.setback import entries

    if pictured:
        raise InputError(f"--by compares closures; --{sorted(pictured)[0]} is of one")
    if origin is None or destination is None:
        raise InputError("--by needs --from and --to")
    return entries(net, origin, destination, by=by, **asked), show_entries


def _moved(ask: Callable[[], Any], asked: dict[str, Any]) -> Answered:
    """Answer with a movement table: write what is asked for, simulate it, and show both."""
    from mobility.movement import WRITTEN, movement_table
    from mobility.movement import start_of as read
    from mobility.report import show_moved

    params = click.get_current_context().params
    charts = {k: asked[k] for k in ("gantt", "graph", "arrivals") if k in asked}
    for k in (k for k in ("table", *charts) if k in asked):
        endings = WRITTEN if k == "table" else (".png", ".svg", ".pdf")
        if Path(asked[k]).suffix.casefold() not in endings:
            raise InputError(f"--{k} {asked[k]}: the name must end in {', '.join(endings)}")
        _may_write(asked[k], params["overwrite"])
    start = read(asked.get("start"))
    answer = ask()
    if answer.closure_h is None:
        return _Moved(answer), show_moved
    table, seen = movement_table(answer, start=start), None
    if "replay" in asked:
        from mobility.replay import replay as simulate

        more = {"seed": asked["seed"], "delay": asked["delay"], "failures": asked["failures"]}
        more["deadline_h"] = asked.get("deadline")
        with click.progressbar(length=asked["replay"], label="replay", file=sys.stderr, hidden=params["quiet"]) as bar:
            seen = simulate(table, runs=asked["replay"], progress=lambda done, of: bar.update(1), **more)
    if "table" in asked:
        table.save(asked["table"], overwrite=params["overwrite"])
    for kind, file in charts.items():
        table.plot(kind, path=file, replay=seen, overwrite=params["overwrite"])
    for file in (asked[k] for k in ("table", *charts) if k in asked and not params["quiet"]):
        click.echo(f"written: {file}", err=True)
    return _Moved(answer, table, seen), show_moved


class _Moved:
    """A closure with its movement table and, if asked for, its replay."""

    def __init__(self, answer: Any, table: Any = None, seen: Any = None) -> None:
        self.answer, self.table, self.seen, self.status = answer, table, seen, answer.status

    def to_frame(self) -> Any:
        """Return the units of the movement table."""
        return self.answer.to_frame() if self.table is None else self.table.to_frame("units")

    def to_dict(self) -> dict[str, Any]:
        """Return the closure with the table and the replay."""
        out: dict[str, Any] = self.answer.to_dict()
        out["table"] = None if self.table is None else self.table.to_dict()
        return out | ({"replay": self.seen.to_dict()} if self.seen is not None else {})


def _force_of(net: Network, shared: dict[str, Any], force: str | None, count: int | None) -> Any:
    """Return the force that is asked for by name, by file, or as a count of one vehicle."""
    from mobility.force import Element, Force
    from mobility.force import force as find

    if (force is None) == (count is None):
        raise InputError("give a --force, or a --vehicle and a --count")
    if force is not None:
        return find(force, net)
    return Force(f"{count} {shared['vehicle']}", (Element(shared["vehicle"], count or 1),))


@main.command()
@functools.partial(question, places=False)
@_with(_FORCE)
@_choice("-k", "k", type=click.IntRange(1, 4), default=1, help="How many go out at once.")
@_choice("--of", type=click.Choice(["links", "nodes", "groups", "countries"]), default="links", help="What goes out.")
@_choice("--time-limit", type=click.FloatRange(0, 86_400), default=120.0, metavar="S", help="Seconds to search.")
def setback(
    net: Network, origin: str | None, destination: str | None, shared: dict[str, Any], force: str | None,
    count: int | None, k: int, of: str, time_limit: float,
) -> Answered:  # fmt: skip
    """Take links, places or groups out, and say by how much a force closes later."""
    from mobility.report import show_setback
    from mobility.setback import setback as run

    made = _force_of(net, shared, force, count)
    return run(net, origin, destination, force=made, k=k, of=of, time_limit=time_limit, **shared), show_setback


@main.command()
@functools.partial(question, places=False)
@_with(_FORCE)
def sensitivity(
    net: Network, origin: str | None, destination: str | None, shared: dict[str, Any], force: str | None,
    count: int | None,
) -> Answered:  # fmt: skip
    """Say which assumption moves closure most: capacities, speeds, waits."""
    from mobility.report import show_sensitivity
    from mobility.setback import sensitivity as run

    return run(net, origin, destination, force=_force_of(net, shared, force, count), **shared), show_sensitivity


@main.command("force")
@click.argument("name", required=False)
@_NETWORK
@_with(_OUTPUT)
def force_(
    name: str | None, network: str | None, form: str | None, out: str | None, overwrite: bool, quiet: bool
) -> None:
    """Show a force and what it needs, or list those that are shipped."""
    from mobility import report
    from mobility.force import force as find
    from mobility.force import listing

    _may_write(out, overwrite)
    net = _load(network)
    output = Output(_form(form, out), out, overwrite, quiet)
    if name is None:
        frame = listing(net)
        output.give(_Facts(frame), lambda console, _: report.show_frame(console, frame))
    else:
        made = find(name, net)
        output.give(_Facts(made.to_frame(net)), lambda console, _: report.show_force(console, made, net))


@main.command()
@question
@click.option(
    "--fail",
    type=click.FloatRange(0, 1),
    metavar="P",
    help="Probability that a link fails, for all; left out: their fail_probability.",
)
@_choice("--method", type=click.Choice(["auto", "exact", "monte-carlo"]), default="auto", help="How.")
@_choice(
    "--runs", type=click.IntRange(1, 1_000_000_000), metavar="N", default=100_000, help="Samples, where it is sampled."
)
@_choice("--seed", type=click.IntRange(0), metavar="S", default=0, help="Of the samples.")
def reliability(
    net: Network, origin: str, destination: str, shared: dict[str, Any], fail: float | None, method: str, runs: int,
    seed: int,
) -> Answered:  # fmt: skip
    """Say how likely some way stays open when links fail at random."""
    from mobility.reliability import reliability as run
    from mobility.report import show_reliability

    return run(net, origin, destination, fail=fail, method=method, runs=runs, seed=seed, **shared), show_reliability


@main.command("worst-case")
@question
@click.option("-k", "k", type=int, metavar="K", help="Most units lost; left out: 3 (closure: 1), or what is bought.")
@_choice(
    "--objective",
    type=click.Choice(["throughput", "time", "closure"]),
    default="throughput",
    help="What is hurt; closure needs a force.",
)
@_with(_FORCE)
@_choice(
    "--of", type=click.Choice(["links", "nodes", "groups", "countries"]), default="links", help="What is lost as one."
)
@_choice(
    "--partial",
    type=float,
    metavar="F",
    default=1.0,
    help="Part of the capacity that is lost; 1 closes. Throughput only.",
)
@click.option("--budget", type=float, metavar="B", help="What the opponent can spend; needs --costs.")
@_text("--costs", type=click.Path(), metavar="FILE", help="CSV of unit,cost; the unit * stands for all others.")
@_text("--spare", multiple=True, metavar="UNIT[,UNIT]", help="Units that cannot be lost.")
@click.option("--protect", type=int, metavar="P", help="Ask which P units to protect against it.")
@_choice("--time-limit", type=float, metavar="S", default=60.0, help="Seconds; then the best found, with its bound.")
def worst_case(
    net: Network, origin: str, destination: str, shared: dict[str, Any], costs: str | None, spare: tuple[str, ...],
    protect: int | None, force: str | None, count: int | None, **asked: Any,
) -> Answered:  # fmt: skip
    """Find the links, places or groups whose loss hurts most."""
    from mobility import report, worstcase

    if asked["objective"] == "closure" or force is not None or count is not None:
        asked["force"] = _force_of(net, shared, force, count)
        if protect is not None:
            raise InputError("--protect asks for throughput or time, without a force")
    asked |= {"cost": None if costs is None else worstcase.read_costs(costs), "spare": _split(spare), **shared}
    if protect is not None:
        return worstcase.protection(net, origin, destination, protect=protect, **asked), report.show_protection
    return worstcase.worst_case(net, origin, destination, **asked), report.show_worst_case


@main.command("monte-carlo")
@question
@_choice("--runs", type=int, metavar="N", default=10_000, help="Samples.")
@_choice("--seed", type=int, metavar="S", default=1, help="The same seed gives the same answer.")
@click.option(
    "--fail", type=float, metavar="P", help="Probability that a link is out, for all; left out: their fail_probability."
)
@_text(
    "--capacity-loss",
    metavar="LOW:HIGH",
    help="What fails loses this share of its capacity (0.7:0.95) and can be passed.",
)
@_text("--measures", metavar="MEASURES", help="connection,time,throughput; left out: all.")
@click.option("--stop", type=float, metavar="H", help="End when 95 % intervals are within this of share and means.")
def monte_carlo(
    net: Network, origin: str, destination: str, shared: dict[str, Any], runs: int, seed: int, fail: float | None,
    capacity_loss: str | None, measures: str | None, stop: float | None,
) -> Answered:  # fmt: skip
    """Let links fail at random: how connection, time and throughput spread."""
    from mobility.montecarlo import MEASURES
    from mobility.montecarlo import monte_carlo as run
    from mobility.report import show_monte_carlo

    loss = None if capacity_loss is None else _range(capacity_loss, "--capacity-loss")
    asked = MEASURES if measures is None else _split((measures,))
    with _bar("samples") as progress:
        answer = run(
            net, origin, destination, runs=runs, seed=seed, fail=fail, capacity_loss=loss, measures=asked, stop=stop,
            progress=progress, **shared,
        )  # fmt: skip
    return answer, show_monte_carlo


@main.command()
@question
@_with(_EVENT)
@_choice("--runs", type=int, metavar="N", default=2_000, help="Samples.")
@_choice("--seed", type=int, metavar="S", default=1, help="The same seed gives the same answer.")
def hazard(
    net: Network, origin: str, destination: str, shared: dict[str, Any], runs: int, seed: int, crews: int,
    independent: bool, event: Event | None = None, **given: Any,
) -> Answered:  # fmt: skip
    """Sample an earthquake or a flood: what is lost, and when it is back."""
    from mobility.hazard import hazard as run
    from mobility.report import show_hazard

    event = event or _event_of(**given)
    answer = run(
        net, origin, destination, event=event, runs=runs, seed=seed, crews=crews, correlated=not independent, **shared
    )
    return answer, show_hazard


def _event_of(
    *, earthquake: str | None, site: str, flood: str | None, depth: float | None, return_period: int | None,
    area: str | None, intensity: float | None,
) -> Event:  # fmt: skip
    """Return the event that was typed."""
    from mobility.hazard import Area, Earthquake, Flood

    if sum(x is not None for x in (earthquake, flood, area)) != 1:
        raise InputError("give one of --earthquake, --flood, --area, or a --scenario with a [[hazard]]")
    if flood is None and (depth is not None or return_period is not None):
        raise InputError("--depth and --return-period belong to --flood")
    if depth is not None and return_period is not None:
        raise InputError("give --depth or --return-period, not both")
    if (area is None) != (intensity is None):
        raise InputError("--area and --intensity belong together")
    if earthquake is not None:
        numbers = _numbers(earthquake)
        if numbers is None or len(numbers) not in (3, 4):
            raise InputError(
                f"--earthquake: {earthquake!r}; write LAT,LON,MAG or LAT,LON,MAG,DEPTH, as 41.99,21.43,6.1"
            )
        lat, lon, magnitude, deep = (*numbers, 10.0)[:4]
        return Earthquake(lat, lon, magnitude, deep, site)
    if flood is not None:
        where = _where(flood)
        if return_period is not None:
            return Flood.of_return_period(where, return_period)
        return Flood(where) if depth is None else Flood(where, depth)
    return Area(_where(area or ""), intensity or 0.0)


def _numbers(text: str) -> list[float] | None:
    """Return comma-separated numbers, or None where they are none."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        return None


def _where(text: str) -> str | tuple[float, float, float]:
    """Return a circle as typed, else the name of a file."""
    numbers = _numbers(text)
    if numbers is None:
        return text
    if len(numbers) != 3:
        raise InputError(f"{text!r} is no circle; write LAT,LON,KM, or name a file")
    return numbers[0], numbers[1], numbers[2]


@main.command("corridor-value")
@question
@_choice("--measure", metavar="MEASURE", default="throughput", help="throughput, time, routes or reliability.")
@_text(
    "--players",
    metavar="C[,C]",
    default="Vc,X,VIII,R10",
    show_default=True,
    help="Corridors; branches count with them.",
)
@_text("--years", metavar="Y[,Y]", help="A case for each year; left out: the network as it is.")
@_text("--vehicles", metavar="V[,V]", help="A case for each vehicle, in place of --vehicle.")
@click.option("--fail", type=float, metavar="P", help="With reliability: probability that a link fails, for all.")
@click.pass_context
def corridor_value(
    ctx: click.Context, /, net: Network, origin: str, destination: str, shared: dict[str, Any], measure: str,
    players: str, years: str | None, vehicles: str | None, fail: float | None,
) -> Answered:  # fmt: skip
    """Say what each corridor adds, over all combinations with the others."""
    from mobility.report import show_corridor_value
    from mobility.value import corridor_value as run

    if vehicles is not None and ctx.get_parameter_source("vehicle") is click.core.ParameterSource.DEFAULT:
        del shared["vehicle"]
    with _bar("combinations") as progress:
        answer = run(
            net, origin, destination, players=players, measure=measure, fail=fail, progress=progress,
            years=None if years is None else [_year(y) for y in _split((years,))],
            vehicles=None if vehicles is None else _split((vehicles,)), **shared,
        )  # fmt: skip
    return answer, show_corridor_value


@main.command()
@functools.partial(question, places=False)
@_text("--budget", metavar="M", help="Million euro; with --national also by state, AL:300,MK:200.")
@_choice(
    "--objective", metavar="WHAT", default="throughput", help="throughput, time, closure, reliability or worst-case."
)
@click.option("--marginal", is_flag=True, help="What each project is worth: alone, with what it needs, last.")
@click.option("--interactions", is_flag=True, help="Pairs worth more or less together than one by one.")
@click.option("--shapley", is_flag=True, help="Worth of each as its mean over all orders.")
@_text("--sequence", metavar="Y:M[,Y:M]", help="Yearly budgets, 2027:200,2028:200: what to finish when.")
@click.option("--final", is_flag=True, help="With --sequence: the best last year, not the best sum of all.")
@click.option("--national", is_flag=True, help="National budgets against one pot; --budget AL:300,MK:200 or one sum.")
@_text("--robust", metavar="SCENARIO[,SCENARIO]", help="Choose for these scenarios and the network as it is.")
@_text("--weights", metavar="W[,W]", help="With --robust: of the network as it is, then of each scenario.")
@_text(
    "--uncosted",
    default="exclude",
    show_default=True,
    metavar="exclude|assume=M",
    help="Projects without a public cost.",
)
@_text("--only", metavar="ID[,ID]", help="Choose among these projects.")
@click.option("--by", type=click.IntRange(1900, 2200), metavar="Y", help="Choose among projects finished by this year.")
@_choice(
    "--procedures", type=click.IntRange(0, 1000), default=0, metavar="N", help="So many upgrades of procedure besides."
)
@_with(_FORCE)
@click.option("--fail", type=float, metavar="P", help="With reliability: probability that a link fails, for all.")
@_choice("-k", "k", type=click.IntRange(1, 100), default=1, help="With worst-case: so many links are lost.")
@_choice("--time-limit", type=click.FloatRange(0, 86_400), default=600.0, metavar="S", help="Seconds to search.")
@_text("--chart", type=click.Path(dir_okay=False), metavar="FILE", help="Draw cost against value: .png, .svg or .pdf.")
@_text("--map", "drawn", type=click.Path(dir_okay=False), metavar="FILE", help="Draw what is chosen on a map.")
def upgrade(
    net: Network, origin: str | None, destination: str | None, shared: dict[str, Any], budget: str | None,
    objective: str, uncosted: str, force: str | None, count: int | None, fail: float | None, k: int, chart: str | None,
    drawn: str | None, **more: Any,
) -> Answered:  # fmt: skip
    """Choose the projects that do most for a connection under a budget."""
    from mobility import policyreport, upgrades

    params = click.get_current_context().params
    _may_chart(chart, params["overwrite"])
    kinds = [name for name in ("sequence", "national", "robust") if more[name]]
    if len(kinds) > 1:
        raise InputError(f"--{' and --'.join(kinds)} are questions of their own; ask one after the other")
    kind = kinds[0] if kinds else ""
    if chart is not None and kind in ("national", "robust"):
        raise InputError(f"--chart draws a frontier or a --sequence, not --{kind}")
    if drawn is not None and kind:
        raise InputError(f"--map draws the best set under one budget, not --{kind}")
    if drawn is not None:
        _may_chart(drawn, params["overwrite"], "--map")
    if (budget is None) != (kind == "sequence"):
        raise InputError(
            "--sequence has budgets of its own; leave out --budget" if budget else "give a --budget M in million euro"
        )
    of = dict.fromkeys(("marginal", "interactions", "shapley", "by", "procedures"), "")
    odd = [
        f"--{name}"
        for name, own in {**of, "final": "sequence", "weights": "robust"}.items()
        if more[name] and own != kind
    ]
    if odd:
        raise InputError(f"{', '.join(odd)} does not go with {'--' + kind if kind else 'this question'}")
    ask: dict[str, Any] = {
        "objective": objective,
        "uncosted": _assumed(uncosted),
        "only": more["only"],
        "fail": fail,
        "k": k,
    }
    if objective == "closure":
        ask["force"] = _force_of(net, shared, force, count)
    elif force is not None or count is not None:
        raise InputError(f"--force and --count go with --objective closure, not {objective}")
    elif origin is None or destination is None:
        raise InputError("a question needs --from and --to")
    ask["time_limit"] = more["time_limit"]
    with _bar("sets") as progress:
        ask["progress"] = progress
        answer, show = _upgraded(
            kind, net, origin, destination, budget or "", ask | shared, more, (upgrades, policyreport)
        )
    _chart(answer, chart, params["overwrite"], params["quiet"])
    _chart(answer, drawn, params["overwrite"], params["quiet"], "map")
    return answer, show


def _upgraded(
    kind: str, net: Network, origin: str | None, destination: str | None, budget: str, ask: dict[str, Any],
    more: dict[str, Any], homes: tuple[Any, Any],
) -> Answered:  # fmt: skip
    """Ask one of the questions about upgrades."""
    upgrades, report = homes
    if kind == "sequence":
        years = {
            _year(y, "--sequence"): m for y, m in _priced(more["sequence"], "--sequence", "2027:200,2028:200").items()
        }
        goal = "final" if more["final"] else "sum"
        return upgrades.sequence(net, origin, destination, budgets=years, goal=goal, **ask), report.show_sequence
    if kind == "national":
        pots = _priced(budget, "--budget", "AL:300,MK:200, or one sum") if ":" in budget else _euro(budget, "--budget")
        return upgrades.coordination(net, origin, destination, budget=pots, **ask), report.show_coordination
    money = _euro(budget, "--budget")
    if kind == "robust":
        names = _split((more["robust"],))
        weights = [_euro(w, "--weights") for w in _split((more["weights"],))] if more["weights"] else None
        return upgrades.robust(
            net, origin, destination, budget=money, scenarios=names, weights=weights, **ask
        ), report.show_robust
    extra = {name: more[name] for name in ("marginal", "interactions", "shapley", "by", "procedures")}
    return upgrades.upgrade(net, origin, destination, budget=money, **extra, **ask), report.show_upgrade


def _euro(text: str, option: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{option}: {text!r} is no number") from None


def _priced(text: str, option: str, example: str) -> dict[str, float]:
    """Return pairs as typed, ``2027:200,2028:200``; each key once."""
    out: dict[str, float] = {}
    for part in _split((text,)):
        key, colon, value = part.partition(":")
        if not colon or key in out:
            raise InputError(f"{option}: {part!r} is {'there twice' if key in out else 'no pair'}; write {example}")
        out[key] = _euro(value, option)
    return out


def _assumed(text: str) -> str | float:
    """Return ``exclude``, or the cost that is assumed."""
    if text == "exclude":
        return text
    word, equals, value = text.partition("=")
    if word != "assume" or not equals:
        raise InputError(f"--uncosted: {text!r}; write exclude, or assume=100 for so many million euro")
    return _euro(value, "--uncosted")


@main.command()
@functools.partial(question, places=False)
@click.argument(
    "name",
    metavar="QUESTION",
    type=click.Choice(
        [
            "corridor-viii",
            "corridors",
            "all-nato",
            "joining",
            "permissions",
            "solidarity-pool",
            "porto-romano",
            "predictability",
        ]
    ),
)
@_with(_FORCE)
@_text("--corridor", metavar="C", help="corridor-viii: the corridor that is asked about (VIII).")
@_text("--other", metavar="C", help="corridor-viii: the one it is held against (X).")
@_text("--players", metavar="C[,C]", help="corridors: which (Vc,X,VIII,R10).")
@_text("--measure", metavar="MEASURE", help="corridors: throughput, time, routes or reliability.")
@_text("--regime", metavar="REGIME", help="joining: whose lead times hold (eda).")
@click.option("--of", type=click.Choice(["wagon", "transporter", "ship"]), help="solidarity-pool: of what.")
@click.option("--own", type=click.IntRange(1), metavar="N", help="solidarity-pool: what there is without it.")
@_text("--port", metavar="PORT", help="porto-romano: another port that is not built.")
@_text("--beside", metavar="PORT", help="porto-romano: the one that is there.")
@click.option("--runs", type=click.IntRange(1, 1_000_000), metavar="N", help="predictability: samples (2000).")
@click.option("--seed", type=click.IntRange(0), metavar="S", help="predictability: of the samples.")
@click.option("--time-limit", type=click.FloatRange(0, 86_400), metavar="S", help="Seconds for each closure (60).")
def policy(
    net: Network, origin: str | None, destination: str | None, shared: dict[str, Any], name: str, force: str | None,
    count: int | None, **own: Any,
) -> Answered:  # fmt: skip
    """Answer a question of policy; --out PAGE.html or PAGE.md writes a page.

    \b
    corridor-viii    does Corridor VIII complement Corridor X or stand in for it
    corridors        what Corridors Vc, X, VIII and Rail Route 10 contribute
    all-nato         what an all-NATO route costs
    joining          what joining PESCO Military Mobility is worth per state
    permissions      what permission regimes and border procedures bring
    solidarity-pool  what a share in a pool of wagons or ships is worth
    porto-romano     what a port that is not built yet would add
    predictability   what has to be kept in hand for waits at borders

    Left out, --from is Durrës,Bar,Ploče and --to is Constanța,Burgas.
    """  # noqa: D301
    from inspect import signature

    from mobility.policy import QUESTIONS
    from mobility.policyreport import show_policy

    asked = {k: v for k, v in own.items() if v is not None}
    if force is not None or count is not None:
        asked["force"] = _force_of(net, shared, force, count)
    if origin is not None:
        asked["origin"] = origin
    if destination is not None:
        asked["destination"] = destination
    known = signature(QUESTIONS[name]).parameters
    if "origin" not in known and click.get_current_context().get_parameter_source("origin") is not COMMANDLINE:
        asked.pop("origin", None)  # a scenario names one
    odd = [
        f"--{'from' if k == 'origin' else k.replace('_', '-')} means nothing for {name}"
        for k in asked
        if k not in known
    ]
    if odd:
        raise InputError([f for text in odd for f in InputError(text).findings])
    return QUESTIONS[name](net, **asked, **shared), show_policy


def _range(text: str, option: str) -> tuple[float, float]:
    low, colon, high = text.partition(":")
    try:
        return float(low), float(high if colon else low)
    except ValueError:
        raise InputError(f"{option}: {text!r} is no range; write LOW:HIGH, as 0.7:0.95") from None


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """Draw a bar on standard error while something runs; nothing when that is no terminal, or with --quiet."""
    if click.get_current_context().params["quiet"] or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@main.command("run")
@click.argument("scenario", required=False)
@_text("--out", type=click.Path(file_okay=False), help="Folder to write.")
@click.option("--html", is_flag=True, help="An interactive map of all answers besides, as one page.")
@click.option("--overwrite", is_flag=True, help="Allow --out to replace a folder that was written here.")
@_NETWORK
@click.option("--format", "form", type=click.Choice(["table", "json"]), help="Form of what is printed.")
@click.option("--quiet", is_flag=True, help="No messages on standard error.")
@click.pass_context
def run_(
    ctx: click.Context, /, scenario: str | None, out: str | None, html: bool, overwrite: bool, network: str | None,
    form: str | None, quiet: bool,
) -> None:  # fmt: skip
    """Answer all that a scenario asks, into a folder; or list the scenarios."""
    from mobility import report

    net = _load(network) if network is not None else None
    output = Output(_form(form, None), None, False, quiet)
    if scenario is None:
        if out is not None:
            raise click.UsageError("name a SCENARIO", ctx)
        from mobility.scenario import listing

        frame = listing(net)
        output.give(_Facts(frame), lambda console, _: report.show_frame(console, frame))
        return
    if out is None:
        raise click.UsageError("a run needs --out DIR", ctx)
    from mobility.dossier import run

    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a draft is cleared away
    try:
        made = run(scenario, out, net=net, html=html, overwrite=overwrite, progress=None if quiet else _say)
    finally:
        signal.signal(signal.SIGTERM, before)
    output.give(made, report.show_dossier)


def _say(text: str) -> None:
    click.echo(f"{text} ...", err=True)


@main.command()
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@_text("--permission", metavar="REGIME[,REGIME]", help="Each case under each of these regimes.")
@_text("--years", metavar="Y[,Y]", help="Each case in each of these years: what opens before counts as open.")
@_FROM
@_TO
@_with(_EVERY_YEAR)
@_text("--force", metavar="NAME|FILE", help="Without a scenario: whose closure is asked as well.")
@_NETWORK
@_with(_OUTPUT)
@click.pass_context
def compare(
    ctx: click.Context, /, scenarios: tuple[str, ...], permission: str | None, years: str | None, network: str | None,
    form: str | None, out: str | None, overwrite: bool, quiet: bool, **asked: Any,
) -> None:  # fmt: skip
    """Put scenarios side by side, or one question in several years; one alone with what it was before."""
    from dataclasses import replace

    from mobility.report import show_comparison
    from mobility.scenario import compare as run
    from mobility.scenario import scenario, variants

    _may_write(out, overwrite)
    net = _load(network) if network is not None else None
    regimes = _split((permission or "",))
    in_years = [_year(y) for y in _split((years or "",))]
    if scenarios:
        odd = [f"--{'from' if k == 'origin' else 'to' if k == 'destination' else k}" for k in asked
               if ctx.get_parameter_source(k) is COMMANDLINE]  # fmt: skip
        if odd:
            raise InputError(f"a scenario asks its own question; {', '.join(odd)} goes without one")
        attempts = Attempts()
        found = [attempts.run(scenario, name, net, otherwise=None) for name in scenarios]
        attempts.done()
        cases = [v for s in found if s is not None for v in variants(s, regimes, in_years)]
    else:
        if not asked["origin"] or not asked["destination"] or not (in_years or regimes):
            raise InputError("name scenarios, or give --from and --to and --years 2026,2030,2035")
        plain = _plain_question(net or _load(None), asked)
        made = variants(plain, regimes, in_years)
        cases = [replace(c, name=c.name.removeprefix(f"{plain.name} ")) for c in made]
        cases = cases if len(cases) > 1 else [plain, *cases]
    if network is not None:
        cases = [replace(c, network=Path(network).absolute()) for c in cases]
    answer = run(*cases, progress=None if quiet else _say)
    Output(_form(form, out), out, overwrite, quiet).give(answer, show_comparison)
    ctx.exit(0 if answer.status == "ok" else NONE)


def _plain_question(net: Network, asked: dict[str, Any]) -> Any:
    """Return a question on the network as it is, in the form of a scenario in which nothing happens."""
    from mobility.scenario import Close, Scenario

    attempts = Attempts()
    nowhere: list[str] = []
    start, end = (attempts.run(net.find_nodes, asked[k], otherwise=nowhere) for k in ("origin", "destination"))
    attempts.done()
    modes, countries = (tuple(_split((asked[k] or "",))) for k in ("modes", "countries"))
    links = tuple(_split(asked["close"]))
    return Scenario(
        name="as it is", origin=tuple(start), destination=tuple(end), vehicle=asked["vehicle"],
        unknown=asked["unknown"], estimates=asked["estimates"], share=asked["share"], force=asked["force"] or "",
        close=(Close(links=links),) if links else (), modes=modes, countries=countries,
        avoid=tuple(_split(asked["avoid"])),
    )  # fmt: skip


_CHART = _text("--chart", type=click.Path(dir_okay=False), metavar="FILE", help="Draw it: .png, .svg or .pdf.")


def _may_chart(chart: str | None, overwrite: bool, option: str = "--chart") -> None:
    """Refuse a name for a chart that cannot be written, before anything is computed."""
    if chart is not None:
        if Path(chart).suffix.casefold() not in (".png", ".svg", ".pdf"):
            raise InputError(f"{option} {chart}: the name must end in .png, .svg or .pdf")
        _may_write(chart, overwrite)


def _chart(answer: Any, chart: str | None, overwrite: bool, quiet: bool, *kind: str) -> None:
    """Draw an answer beside what is printed of it."""
    if chart is not None and answer.status == "ok":
        answer.plot(*kind, path=chart, overwrite=overwrite)
        if not quiet:
            click.echo(f"written: {chart}, its caption and its data", err=True)


@main.command()
@_choice(
    "--standard", metavar="NAME[,NAME]", default="ten-t,dual-use", help="ten-t, dual-use, civil, package-2025 or all."
)
@_choice("--by", metavar="WHAT[,WHAT]", default="corridor", help="corridor, country or mode.")
@_text("--corridor", multiple=True, metavar="NAME[,NAME]", help="Only these, branches with them.")
@_text("--country", multiple=True, metavar="AL[,MK]", help="Only these states.")
@_text("--mode", "modes", multiple=True, metavar="MODE[,MODE]", help="Only these modes.")
@click.option("--year", type=click.IntRange(1900, 2200), metavar="Y", help="Count links that open before year Y.")
@click.option("--gaps", is_flag=True, help="List every gap with what would close it.")
@_CHART
@_NETWORK
@_with(_OUTPUT)
@click.pass_context
def compliance(
    ctx: click.Context, /, standard: str, by: str, corridor: tuple[str, ...], country: tuple[str, ...],
    modes: tuple[str, ...], year: int | None, gaps: bool, chart: str | None, network: str | None, form: str | None,
    out: str | None, overwrite: bool, quiet: bool,
) -> None:  # fmt: skip
    """Hold roads and railways against TEN-T and dual-use standards."""
    from mobility.compliance import compliance as run
    from mobility.policyreport import show_compliance

    _may_write(out, overwrite)
    _may_chart(chart, overwrite)
    answer = run(
        _load(network), standard=_split((standard,)), by=by, corridor=_split(corridor), country=_split(country),
        modes=_split(modes) or None, year=year,
    )  # fmt: skip
    _chart(answer, chart, overwrite, quiet)
    Output(_form(form, out), out, overwrite, quiet).give(
        _Keyed(answer, answer.gap_frame if gaps else answer.to_frame),
        lambda console, _: show_compliance(console, answer, gaps),
    )
    ctx.exit(0 if answer.status == "ok" else NONE)


class _Keyed:
    """An answer whose table has keys of several parts, which CSV shows as columns."""

    def __init__(self, answer: Any, frame: Callable[[], Any]) -> None:
        self.to_dict, self.frame = answer.to_dict, frame

    def to_frame(self) -> Any:
        """Return the table with its keys as columns."""
        return self.frame().reset_index()


@main.command()
@functools.partial(question, places=False)
@_choice("--measure", type=click.Choice(["time", "throughput", "closure"]), default="time", help="What is asked.")
@_with(_FORCE)
@_choice(
    "--rest",
    type=click.Choice(["none", "march", "crew", "day"]),
    default="none",
    help="With closure: halts and rest on roads.",
)
@_text(
    "--over",
    metavar="WHAT[,WHAT]",
    help="Only these unknowns: speeds, capacities, limits, border waits ...; left out: all.",
)
@click.option("--runs", type=int, metavar="N", help="Samples; left out: 2000, or 100 where a closure takes its time.")
@_choice("--seed", type=int, metavar="S", default=1, help="The same seed gives the same answer.")
@_choice("--shape", type=click.Choice(["uniform", "triangular"]), default="uniform", help="Within a range.")
@_choice(
    "--dependence",
    type=click.Choice(["common", "independent"]),
    default="common",
    help="Whether estimates of one column, mode and state err together.",
)
@_choice("--group", type=click.Choice(["country", "corridor"]), default="country", help="By which they are grouped.")
@_CHART
def uncertainty(
    net: Network, origin: str | None, destination: str | None, shared: dict[str, Any], chart: str | None, **asked: Any
) -> Answered:
    """Let estimates vary: the interval of an answer, and what to survey first."""
    from mobility.policyreport import show_uncertainty
    from mobility.uncertainty import uncertainty as run

    if asked["measure"] != "closure" and not (origin and destination):
        raise InputError(f"the {asked['measure']} needs --from and --to")
    params = click.get_current_context().params
    _may_chart(chart, params["overwrite"])
    with _bar("samples") as progress:
        answer = run(net, origin, destination, progress=progress, **asked, **shared)
    _chart(answer, chart, params["overwrite"], params["quiet"])
    return answer, show_uncertainty


MAPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "corridors": ("", ()),
    "capability": ("", ()),
    "status": ("", ()),
    "compliance": ("", ()),
    "routes": ("routes", ("k", "distinct", "via")),
    "explain": ("explain", ("via",)),
    "redundancy": ("redundancy", ()),
    "flow": ("throughput", ()),
    "contingency": ("contingency", ("n", "of")),
    "closure": ("closure", ("force",)),
    "bottlenecks": ("bottlenecks", ()),
    "worst-case": ("worst_case", ("k", "objective", "of")),
    "corridor-value": ("corridor_value", ("measure", "fail")),
    "reliability": ("reliability", ("fail", "runs", "seed")),
    "monte-carlo": ("monte_carlo", ("fail", "runs", "seed")),
    "hazard": ("hazard", ("event", "runs", "seed", "crews", "correlated")),
    "disruption": ("disruption", ("k", "nodes", "groups", "states")),
}
"""By kind of map the question that it answers, if any, and the options of its own."""


def _year(text: str, option: str = "--years") -> int:
    if not text.isdecimal():
        raise InputError(f"{option}: {text!r} is no year; write {'2027,2030' if option == '--years' else '2027:200'}")
    return int(text)


@main.command("import-osm")
@click.argument("file", required=False, type=click.Path(), metavar="[FILE]")
@_text("--out", required=True, type=click.Path(), metavar="DIR", help="Folder that is made.")
@_text(
    "--roads",
    default="tertiary",
    show_default=True,
    metavar="CLASS",
    help="Least class of road, from motorway to track; or none.",
)
@_choice(
    "--rail",
    type=click.Choice(["lines", "all", "none"]),
    default="lines",
    help="Lines, or all tracks with yards, sidings and spurs.",
)
@_text("--bbox", metavar="W,S,E,N", help="Only ways with a point in this box; or the box to download.")
@_text("--country", metavar="AL", help="State of all places, where the extract is of one.")
@_text("--terminal", "sites", multiple=True, metavar="NAME=LAT,LON", help="Where loads change between road and rail.")
@_text("--place", metavar="NAME", help="A place to download.")
@_text("--overpass", metavar="URL", help="Service to download from; nothing is downloaded without it.")
@_text("--nominatim", metavar="URL", help="Service that knows the outline of --place.")
@click.option("--overwrite", is_flag=True, help="Allow --out to replace a folder that was written here.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), help="Form of what is printed.")
@click.option("--quiet", is_flag=True, help="No messages on standard error.")
def import_osm(
    file: str | None, out: str, bbox: str | None, sites: tuple[str, ...], overwrite: bool, form: str | None, quiet: bool,
    **given: str | None,
) -> None:  # fmt: skip
    """Make a network of an OpenStreetMap extract.

    FILE is .osm.pbf, .osm (also .gz, .bz2) or a GraphML of osmnx. Limits are those that are tagged; with the network come
    the lines, every way of each link (osm_parts.csv) and where the data are from (osm.json).
    """
    from mobility.osm import import_osm as run
    from mobility.report import show_import

    box = _box(bbox)
    pairs = [text.rpartition("=") for text in sites]
    terminals: dict[str, list[float | str]] = {name.strip(): [*where.split(",")] for name, _, where in pairs}
    asked: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    made = run(file, out=out, bbox=box, terminals=terminals, overwrite=overwrite, **asked)
    if not quiet:
        for note in made.notes:
            click.echo(f"note: {note}", err=True)
        click.echo(f"written: {out}", err=True)
    Output(_form(form, None), None, overwrite, quiet).give(made, show_import, out)


def _box(text: str | None) -> list[float] | None:
    """Return a box as typed."""
    if text is None:
        return None
    try:
        return [float(x) for x in text.split(",")]
    except ValueError:
        raise click.BadParameter(f"{text!r} is no west,south,east,north in degrees") from None


@main.command()
@click.argument("link")
@_text(
    "--osm",
    required=True,
    type=click.Path(),
    metavar="DIR|FILE",
    help="A folder of import-osm with its lines, or an extract.",
)
@click.option(
    "--within",
    type=click.FloatRange(0.1, 50),
    metavar="KM",
    help="How far the way may lie from the link's line; left out: 2, or more where that line is coarse.",
)
@_NETWORK
@_text(
    "--diff",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write the proposals as a patch of the table; nothing is applied.",
)
@_with(_OUTPUT)
@click.pass_context
def refine(
    ctx: click.Context, /, link: str, osm: str, within: float | None, network: str | None, diff: str | None, form: str | None,
    out: str | None, overwrite: bool, quiet: bool,
) -> None:  # fmt: skip
    """Find the real way of a link on OpenStreetMap, its weakest element and its length.

    What the tables should learn from it is proposed, with reasons, and never applied.
    """
    from mobility.refine import refine as run
    from mobility.report import show_refinement

    _may_write(out, overwrite)
    _may_write(diff, overwrite)
    found = run(_load(network), link, osm, within_km=within)
    Output(_form(form, out), out, overwrite, quiet).give(found, show_refinement)
    if diff is not None:
        Output("table", diff, overwrite, quiet).text(found.diff())
    ctx.exit(0 if found.status == "ok" else NONE)


@main.command()
@click.argument("study", type=click.Path(dir_okay=False))
@_text("--out", type=click.Path(), metavar="FILE|DIR", help="Table to write, .csv or .parquet, or a folder.")
@click.option("--workers", type=click.IntRange(1, 1024), metavar="N", help="Processes; left out: one for each core.")
@_text("--scheduler", metavar="ADDRESS", help="A Dask cluster instead, as tcp://host:8786.")
@click.option("--resume", is_flag=True, help="Go on where a sweep of this study stopped.")
@click.option("--overwrite", is_flag=True, help="Allow --out to replace what is there.")
@_NETWORK
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), help="Form of what is printed.")
@click.option("--quiet", is_flag=True, help="No messages on standard error.")
@click.pass_context
def sweep(
    ctx: click.Context, /, study: str, out: str | None, workers: int | None, scheduler: str | None, resume: bool,
    overwrite: bool, network: str | None, form: str | None, quiet: bool,
) -> None:  # fmt: skip
    """Answer a study: scenarios x vehicles x places x years x seeds, into one table.

    Exit 1 when a question failed, or none has a route; the table says which.
    """
    from mobility.report import show_sweep
    from mobility.sweep import sweep as run

    net = _load(network) if network is not None else None
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the workers are ended
    try:
        with _progress() as progress:
            made = run(
                study, out, net=net, workers=workers, scheduler=scheduler, resume=resume, overwrite=overwrite,
                progress=progress,
            )  # fmt: skip
    except KeyboardInterrupt:
        on = "; what is answered is kept: --resume goes on" if out is not None else ""
        click.echo(f"stopped{on}", err=True)
        ctx.exit(130)
    finally:
        signal.signal(signal.SIGTERM, before)
    Output(_form(form, None), None, False, quiet).give(made, show_sweep)
    if made.status == "failed" and not quiet:
        click.echo(f"error: {len(made.failed):,} of {len(made.frame):,} questions failed", err=True)
    ctx.exit(0 if made.status == "ok" else NONE)


@contextmanager
def _progress(every_s: float = 10.0) -> Iterator[Callable[[int, int], None] | None]:
    """Tell on standard error how many questions are answered and how long the others will take."""
    if click.get_current_context().params["quiet"]:
        yield None
    elif sys.stderr.isatty():
        with _bar("questions") as bar:
            yield bar
    else:
        start, told = time.monotonic(), time.monotonic()
        first: list[int] = []

        def tell(done: int, total: int) -> None:
            nonlocal told
            first.append(done) if not first else None
            if time.monotonic() - told >= every_s and done >= first[0] + 10:
                told = time.monotonic()
                left = (told - start) / (done - first[0]) * (total - done)
                click.echo(f"{done:,} of {total:,} questions, {left:,.0f} s left", err=True)

        yield tell


@main.command("map")
@click.argument("kind", type=click.Choice(list(MAPS)))
@_FROM
@_TO
@_SCENARIO
@_with(_OPTIONS)
@_NETWORK
@_choice("-k", "k", type=click.IntRange(1, 9), default=3, help="Number of routes, or of losses in the worst case.")
@_DISTINCT
@_VIA
@_with(_FORCE)
@click.option("-n", "n", type=click.IntRange(1, 2), help="Outages at once.")
@click.option("--of", type=click.Choice(["links", "nodes", "groups", "countries"]), help="What goes out as one.")
@click.option("--objective", type=click.Choice(["throughput", "time"]), help="What the worst case hurts.")
@click.option("--measure", type=click.Choice(["throughput", "time", "routes", "reliability"]), help="Worth in what.")
@click.option("--fail", type=click.FloatRange(0, 1), metavar="P", help="Probability that a link fails, for all.")
@click.option("--runs", type=click.IntRange(1), metavar="N", help="Samples.")
@click.option("--seed", type=click.IntRange(0), metavar="S", help="Of the samples.")
@_text("--years", metavar="Y[,Y]", default="2027,2030,2035", help="Years that a map of the status tells apart.")
@_with(_LOST)
@_with(_EVENT)
@click.option(
    "--style",
    type=click.Choice(["pair", "detour"]),
    help="Disruption: before and after, or the new way against the old.",
)
@_text(
    "--out",
    required=True,
    type=click.Path(dir_okay=False),
    help="File to write: .html to explore, or .png, .svg or .pdf with caption and data beside it.",
)
@_choice("--frame", type=click.Choice(["region", "all"]), default="region", help="Let sea lanes widen the frame: all.")
@click.option("--size", type=click.Choice(["A4", "A3"]), help="Paper; left out: A4, for several disruptions A3.")
@_choice("--dpi", type=click.IntRange(30, 600), default=300, help="Resolution of a PNG.")
@_text("--title", help="Title; left out: what the map shows.")
@click.option("--overwrite", is_flag=True, help="Allow --out to replace a file.")
@click.option("--quiet", is_flag=True, help="No messages on standard error.")
@click.pass_context
def map_(
    ctx: click.Context, /, kind: str, origin: Any, destination: Any, scenario: str | None, network: str | None,
    years: str, out: str, frame: Literal["region", "all"], size: Literal["A4", "A3"] | None, dpi: int, title: str | None,
    overwrite: bool, quiet: bool, style: Literal["pair", "detour"] | None, **given: Any,
) -> None:  # fmt: skip
    """Draw the network, or the answer of a question, on a map."""
    _may_write(out, overwrite)
    options = _shared(given)
    given |= {name: _split(given[name]) for name in ("nodes", "groups", "states")}
    page: dict[str, Any] = {"path": out, "dpi": dpi, "title": title, "frame": frame, "overwrite": overwrite}
    page |= {"size": size} if size else {}
    (verb, own), scene = MAPS[kind], None
    if kind == "disruption":
        _draw_disruptions(
            ctx, scenario, network, (origin, destination), options, given | {"quiet": quiet}, {"style": style, **page}
        )
        return
    if scenario is not None:
        scene = Scene(ctx, scenario, network, sampled=kind == "hazard" and not any(given[x] for x in _EVENTS))
        scene.fill(options, given)
        origin, destination = scene.ends(origin, destination) if verb else (origin, destination)
    asks = bool(origin and destination)
    if bool(verb) != asks or (not verb and (origin or destination)):
        needs = "needs --from and --to" if verb else "takes no --from and --to"
        raise InputError(f"a map of {kind} {needs}")
    net = scene.net if scene else _load(network)
    given["via"] = ",".join(given["via"])
    import mobility

    if kind == "capability":
        subject: Any = mobility.capability(net, options["vehicle"], year=options["year"])
    elif kind == "compliance":
        subject = mobility.compliance(net, modes=options["modes"], year=options["year"])
    elif kind == "status":
        subject = mobility.status(net, [_year(part) for part in _split((years,))])
    elif not verb:
        subject = net.at(options["year"]) if options["year"] else net
    else:
        if kind == "hazard":
            typed = {k: given[k] for k in (*_EVENTS, "site", "depth", "return_period", "intensity")}
            given |= {"event": given.get("event") or _event_of(**typed), "correlated": not given["independent"]}
        if kind == "closure":
            given["force"] = _force_of(net, options, given["force"], given["count"])
        options |= {name: given[name] for name in own if given[name] is not None}
        subject = getattr(mobility, verb)(net, origin, destination, **options)
    if _interactive(out):
        from mobility.explore import explore

        explore(subject, out, title=title, overwrite=overwrite)
    else:
        from mobility.maps import plot

        plot(subject, **page)
    if not quiet:
        click.echo(f"written: {out}" + ("" if _interactive(out) else ", its caption and its data"), err=True)
    ctx.exit(0 if getattr(subject, "status", "ok") == "ok" or kind == "explain" else NONE)


def _interactive(out: str) -> bool:
    return out.lower().endswith((".html", ".htm"))


def _draw_disruptions(
    ctx: click.Context, scenario: str | None, network: str | None, ends: tuple[Any, Any], options: dict[str, Any],
    given: dict[str, Any], page: dict[str, Any],
) -> None:  # fmt: skip
    """Draw a loss, or each of some scenarios, with before and after."""
    from mobility.disruption import disruption
    from mobility.maps import plot_disruption
    from mobility.scenario import scenario as find

    names = _split((scenario,)) if scenario else []
    if not names and not all(ends):
        raise InputError("a map of a disruption needs --from and --to, or a --scenario")
    asked = {k: v for k, v in options.items() if not names or ctx.get_parameter_source(k) is COMMANDLINE}
    asked |= {k: given[k] for k in ("k", "nodes", "groups", "states")}
    own = _load(network) if network is not None or not names else None
    if given["force"] is not None or given["count"] is not None:
        asked["force"] = _force_of(own or _load(None), options, given["force"], given["count"])
    attempts = Attempts()
    scenes = [attempts.run(find, name, own, otherwise=None) for name in names]
    attempts.done()
    nets = [own or one.load() for one in scenes if one] or [own or _load(network)]
    made = [disruption(net, *ends, scenario=one, **asked) for net, one in zip(nets, scenes or [None], strict=True)]
    if _interactive(page["path"]):
        from mobility.explore import explore

        explore([(one.name, one) for one in made], page["path"], title=page["title"], overwrite=page["overwrite"])
    else:
        plot_disruption(nets[0], made if len(made) > 1 else made[0], **page)
    for one in made:
        held = one.question["held_at_hour_0"]
        if held and not given["quiet"]:
            text = f"note: {one.name} closes or slows {len(held)} links for some hours; shown is hour 0"
            click.echo(text, err=True)
    if not given["quiet"]:
        more = "" if _interactive(page["path"]) else ", its caption and its data"
        click.echo(f"written: {page['path']}{more}", err=True)
    ctx.exit(NONE if all(one.status == "no_route" for one in made) else 0)


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell: eval "$(mobility completion bash)"."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is not None:
        click.echo(found(main, {}, "mobility", "_MOBILITY_COMPLETE").source())
