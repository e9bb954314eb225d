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
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from mobility import __version__
from mobility.errors import InputError, MobilityError, nearest

if TYPE_CHECKING:
    from mobility.network import Network

NONE, BAD = 1, 2


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
_DISTINCT = click.option(
    "--distinct",
    type=click.FloatRange(0, 1),
    metavar="F",
    help="Each shares at most this part of its length with every better one.",
)
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
    return taken | {k: _split(given.pop(k)) for k in ("avoid", "close")}


def question(verb: Callable[..., Any], places: bool = True) -> Callable[..., Any]:
    """Give a verb the common options and hand it a network, the two ends and the options of the library.

    What the verb returns is given out by its second part; the status of the answer makes the exit status. Without
    `places` the ends may be left out.
    """

    @_with((_FROM, _TO, *_OPTIONS, _NETWORK, *_OUTPUT))
    @click.pass_context
    @functools.wraps(verb)
    def run(
        ctx: click.Context, /, network: str | None, origin: str | None, destination: str | None, form: str | None,
        out: str | None, overwrite: bool, quiet: bool, **given: Any,
    ) -> None:  # fmt: skip
        if places and (origin is None or destination is None):
            raise click.UsageError("a question needs --from and --to", ctx)
        _may_write(out, overwrite)
        net = _load(network)
        if net.notes and not quiet:
            click.echo(f"note: the tables have warnings ({len(net.notes)}); mobility check lists them", err=True)
        answer, show = verb(net, origin, destination, _shared(given), **given)
        Output(_form(form, out), out, overwrite, quiet).give(answer, show)
        ctx.exit(0 if answer.status == "ok" or verb.__name__ == "explain" else NONE)

    return run


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
    return form or {".json": "json", ".csv": "csv"}.get(suffix, "table")


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
@_choice("-n", "n", type=int, default=1, help="Links out at once; 1 so far.")
def contingency(net: Network, origin: str, destination: str, shared: dict[str, Any], n: int) -> Answered:
    """Take every link out in turn: delay and lost throughput, apart."""
    from mobility.contingency import contingency as run
    from mobility.report import show_contingency

    return run(net, origin, destination, n=n, **shared), show_contingency


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


@main.command()
@functools.partial(question, places=False)
@_text("--force", metavar="NAME|FILE", help="A force; `mobility force` lists those that are shipped.")
@click.option("--count", type=click.IntRange(1, 1_000_000), help="Without a force: so many of --vehicle.")
@_choice(
    "--gap", type=click.FloatRange(0, 10), default=0.05, help="Refine the plan while it is this part above the bound."
)
@_choice("--time-limit", type=click.FloatRange(0, 86_400), default=60.0, metavar="S", help="Seconds to plan.")
@click.option(
    "--window",
    multiple=True,
    callback=_hours,
    metavar="LINK:FROM:TO[:LEFT]",
    help="A link that is out, or has a part of its capacity LEFT, in some hours.",
)
def closure(
    net: Network, origin: str | None, destination: str | None, shared: dict[str, Any], force: str | None,
    count: int | None, gap: float, time_limit: float, window: list[tuple[str, float, float, float]],
) -> Answered:  # fmt: skip
    """Say when the last vehicle of a force has arrived, and what held it up."""
    from mobility.closure import Window
    from mobility.closure import closure as run
    from mobility.force import Element, Force
    from mobility.force import force as find
    from mobility.report import show_closure

    if (force is None) == (count is None):
        raise InputError("give a --force, or a --vehicle and a --count")
    if force is None:
        made = Force(f"{count} {shared['vehicle']}", (Element(shared["vehicle"], count or 1),))
    else:
        made = find(force, net)
    windows = [Window((link,), start, end, left) for link, start, end, left in window]
    answer = run(net, origin, destination, force=made, gap=gap, time_limit=time_limit, windows=windows, **shared)
    return answer, show_closure


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


MAPS = {
    "corridors": None,
    "capability": None,
    "status": None,
    "routes": "routes",
    "explain": "explain",
    "redundancy": "redundancy",
    "flow": "throughput",
    "contingency": "contingency",
}


def _year(text: str) -> int:
    if not text.isdecimal():
        raise InputError(f"--years: {text!r} is no year; write 2027,2030")
    return int(text)


@main.command("map")
@click.argument("kind", type=click.Choice(list(MAPS)))
@_FROM
@_TO
@_with(_OPTIONS)
@_NETWORK
@_choice("-k", "k", type=click.IntRange(1, 9), default=3, help="Number of routes.")
@_DISTINCT
@_VIA
@_text("--years", metavar="Y[,Y]", default="2027,2030,2035", help="Years that a map of the status tells apart.")
@_text(
    "--out",
    required=True,
    type=click.Path(dir_okay=False),
    help="File to write: .png, .svg or .pdf; caption and data go beside it.",
)
@_choice("--frame", type=click.Choice(["region", "all"]), default="region", help="Let sea lanes widen the frame: all.")
@_choice("--size", type=click.Choice(["A4", "A3"]), default="A4", help="Paper.")
@_choice("--dpi", type=click.IntRange(30, 600), default=300, help="Resolution of a PNG.")
@_text("--title", help="Title; left out: what the map shows.")
@click.option("--overwrite", is_flag=True, help="Allow --out to replace a file.")
@click.option("--quiet", is_flag=True, help="No messages on standard error.")
@click.pass_context
def map_(
    ctx: click.Context, /, kind: str, origin: str | None, destination: str | None, network: str | None, k: int,
    distinct: float | None, via: tuple[str, ...], years: str, out: str, frame: Literal["region", "all"],
    size: Literal["A4", "A3"], dpi: int, title: str | None, overwrite: bool, quiet: bool, **given: Any,
) -> None:  # fmt: skip
    """Draw the network, or the answer of a question, on a map."""
    _may_write(out, overwrite)
    verb, asks = MAPS[kind], bool(origin and destination)
    if (verb is not None) != asks or (verb is None and (origin or destination)):
        needs = "needs --from and --to" if verb else "takes no --from and --to"
        raise InputError(f"a map of {kind} {needs}")
    net = _load(network)
    options = _shared(given)
    import mobility

    if kind == "capability":
        subject: Any = mobility.capability(net, options["vehicle"], year=options["year"])
    elif kind == "status":
        subject = mobility.status(net, [_year(part) for part in _split((years,))])
    elif verb is None:
        subject = net.at(options["year"]) if options["year"] else net
    else:
        if kind == "routes":
            options |= {"k": k, "distinct": distinct, "via": ",".join(via)}
        subject = getattr(mobility, verb)(net, origin, destination, **options)
    from mobility.maps import plot

    plot(subject, path=out, size=size, dpi=dpi, title=title, frame=frame, overwrite=overwrite)
    if not quiet:
        click.echo(f"written: {out}, its caption and its data", err=True)
    ctx.exit(0 if getattr(subject, "status", "ok") == "ok" or kind == "explain" else NONE)


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell: eval "$(mobility completion bash)"."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is not None:
        click.echo(found(main, {}, "mobility", "_MOBILITY_COMPLETE").source())
