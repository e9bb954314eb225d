"""The command line: `mobility VERB [options]`.

Standard output carries the answer only; messages go to standard error. Exit 0 answered, 1 the answer is "none"
(or `check` found warnings only), 2 bad input. What costs time to import is imported inside the commands.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mobility import __version__
from mobility.errors import InputError, nearest

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
            ctx.exit(BAD)
        except MemoryError:
            click.echo("error: the input does not fit into memory", err=True)
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


_NETWORK = click.option("--network", metavar="DIR", help="Folder of tables; left out: the shipped corridors.")
_OUTPUT = (
    click.option(
        "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", help="Form of the answer."
    ),
    click.option(
        "--out", type=click.Path(dir_okay=False), help="Write the answer to a file instead of standard output."
    ),
    click.option("--overwrite", is_flag=True, help="Allow --out to replace a file."),
    click.option("--quiet", is_flag=True, help="No messages on standard error."),
)
_QUESTION = (
    click.option(
        "--from",
        "origin",
        required=True,
        metavar="A[,B]",
        shell_complete=_places,
        help="Origins: ids or names, accents optional.",
    ),
    click.option("--to", "destination", required=True, metavar="C[,D]", shell_complete=_places, help="Destinations."),
    click.option(
        "--vehicle",
        default="any",
        show_default=True,
        metavar="NAME",
        shell_complete=_vehicles,
        help="A vehicle; `mobility info --list vehicles`.",
    ),
    click.option("--modes", metavar="MODES", help="road,rail,sea,waterway; left out: all."),
    click.option("--year", type=click.IntRange(1900, 2200), metavar="Y", help="Count links that open before year Y."),
    click.option("--avoid", multiple=True, metavar="WHAT", help="A place, link or state not to be used."),
    click.option("--countries", metavar="AL,MK", help="Only these states."),
    click.option("--close", multiple=True, metavar="LINK[,LINK]", shell_complete=_links, help="Links that are out."),
    click.option(
        "--permission",
        default="none",
        show_default=True,
        metavar="REGIME",
        help="Permission regime whose lead time is stated.",
    ),
    click.option(
        "--unknown",
        type=click.Choice(["penalise", "allow", "forbid"]),
        default="penalise",
        show_default=True,
        help="Links whose limits are not known.",
    ),
    click.option(
        "--estimates",
        type=click.Choice(["strict", "favourable"]),
        default="strict",
        show_default=True,
        help="Estimated limits at their stated value, or at the favourable end of their range.",
    ),
    click.option(
        "--share",
        type=float,
        default=1.0,
        show_default=True,
        metavar="F",
        help="Military share of every capacity, 0 < F <= 1.",
    ),
)


def _with(options: tuple[Callable[..., Any], ...]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return lambda f: functools.reduce(lambda g, option: option(g), reversed(options), f)


def question(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the common options and hand it a network, the two ends and the options of the library."""

    @_with((*_QUESTION, _NETWORK, *_OUTPUT))
    @functools.wraps(verb)
    def run(
        network: str | None,
        origin: str,
        destination: str,
        form: str,
        out: str | None,
        overwrite: bool,
        quiet: bool,
        **given: Any,
    ) -> None:
        shared = {
            "vehicle": given.pop("vehicle"), "modes": given.pop("modes"), "year": given.pop("year"),
            "avoid": _split(given.pop("avoid")), "countries": given.pop("countries") or (),
            "close": _split(given.pop("close")), "permission": given.pop("permission"),
            "unknown": given.pop("unknown"), "estimates": given.pop("estimates"), "share": given.pop("share"),
        }  # fmt: skip
        _may_write(out, overwrite)
        net = _load(network)
        if net.notes and not quiet:
            click.echo(f"note: {len(net.notes)} warnings in the tables; mobility check lists them", err=True)
        verb(net, origin, destination, shared, Output(form, out, overwrite, quiet), **given)

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

            if self.out is None:
                console = Console()
                if not console.is_terminal:
                    console = Console(width=80)
                show(console, answer, *more)
            else:
                console = Console(width=80, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
                show(console, answer, *more)
                console.file.close()
                self._write(console.export_text())

    def _write(self, text: str) -> None:
        if self.out is None:
            click.echo(text, nl=False)
            return
        _may_write(self.out, self.overwrite)
        target = Path(self.out)
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            beside.write_text(text, encoding="utf-8")
            os.replace(beside, target)
        except OSError as error:
            raise InputError(f"{self.out} cannot be written: {error.strerror}") from None
        finally:
            beside.unlink(missing_ok=True)
        if not self.quiet:
            click.echo(f"written: {target}", err=True)


def _plain(value: Any) -> Any:
    """Return a numpy number as JSON knows it."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _may_write(out: str | None, overwrite: bool) -> None:
    if out is not None and Path(out).exists() and not overwrite:
        raise InputError(f"{out} exists; choose another name or add --overwrite")
    if out is not None and not Path(out).resolve().parent.is_dir():
        raise InputError(f"{out}: the folder does not exist")


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
    ctx: click.Context,
    folder: str | None,
    network: str | None,
    form: str,
    out: str | None,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Check a folder of tables and list every finding."""
    from mobility.check import check as run
    from mobility.report import show_findings

    where = folder or network
    _may_write(out, overwrite)
    result = run(where)
    Output(form, out, overwrite, quiet).give(result, show_findings, where or "shipped corridors")
    ctx.exit(BAD if result.errors else NONE if result.warnings else 0)


@main.command()
@_NETWORK
@click.option(
    "--link", metavar="ID", shell_complete=_links, help="Every attribute of a link with source, confidence and range."
)
@click.option("--node", metavar="NAME", shell_complete=_places, help="A place: its links, terminals and border.")
@click.option("--vehicle", metavar="NAME", shell_complete=_vehicles, help="A vehicle and what it asks of a link.")
@click.option(
    "--list",
    "table",
    metavar="TABLE",
    help="All rows of a table: nodes, links, vehicles, corridors, upgrades, sources ...",
)
@_with(_OUTPUT)
def info(
    network: str | None, link: str | None, node: str | None, vehicle: str | None, table: str | None,
    form: str, out: str | None, overwrite: bool, quiet: bool,
) -> None:  # fmt: skip
    """Say what a network holds and what each number rests on."""
    from mobility import report
    from mobility.vehicle import vehicle as find_vehicle

    if sum(x is not None for x in (link, node, vehicle, table)) > 1:
        raise InputError("give one of --link, --node, --vehicle, --list")
    _may_write(out, overwrite)
    net = _load(network)
    output = Output(form, out, overwrite, quiet)
    if link is not None:
        link = net.find_link(link)
        output.give(_Facts(net.attributes(link)), lambda console, _: report.show_link(console, net, link))
    elif node is not None:
        node = net.find_node(node)
        one = net.table("nodes").iloc[[net.node_index[node]]].set_index("node_id")
        output.give(_Facts(one), lambda console, _: report.show_node(console, net, node))
    elif vehicle is not None:
        found = find_vehicle(vehicle, net)
        from mobility.vehicle import to_frame

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


@main.command()
@question
@click.option("-k", "k", type=click.IntRange(1, 1000), default=3, show_default=True, help="Number of routes.")
@click.option(
    "--distinct",
    type=click.FloatRange(0, 1),
    metavar="F",
    help="Each shares at most this part of its length with every better one.",
)
@click.option(
    "--via", multiple=True, metavar="NODE", shell_complete=_places, help="A place to pass; several in this order."
)
@click.pass_context
def routes(
    ctx: click.Context, net: Network, origin: str, destination: str, shared: dict[str, Any], output: Output,
    k: int, distinct: float | None, via: tuple[str, ...],
) -> None:  # fmt: skip
    """Find the k best routes from any origin to any destination."""
    from mobility.paths import routes as run
    from mobility.report import show_routes

    answer = run(net, origin, destination, k=k, distinct=distinct, via=",".join(via), **shared)
    output.give(answer, show_routes)
    ctx.exit(0 if answer.status == "ok" else NONE)


@main.command()
@question
@click.option(
    "--via", multiple=True, metavar="NODE", shell_complete=_places, help="A place to pass; several in this order."
)
def explain(
    net: Network, origin: str, destination: str, shared: dict[str, Any], output: Output, via: tuple[str, ...]
) -> None:
    """Say why there is no route, or why not a faster one."""
    from mobility.paths import explain as run
    from mobility.report import show_explanation

    output.give(run(net, origin, destination, via=",".join(via), **shared), show_explanation)


@main.command()
@question
@click.pass_context
def redundancy(
    ctx: click.Context, net: Network, origin: str, destination: str, shared: dict[str, Any], output: Output
) -> None:
    """Count the routes that share no link, and no place between."""
    from mobility.paths import redundancy as run
    from mobility.report import show_redundancy

    answer = run(net, origin, destination, **shared)
    output.give(answer, show_redundancy)
    ctx.exit(0 if answer.status == "ok" else NONE)


@main.command()
@question
@click.pass_context
def throughput(
    ctx: click.Context, net: Network, origin: str, destination: str, shared: dict[str, Any], output: Output
) -> None:
    """Compute vehicles a day and the minimum cut."""
    from mobility.flows import throughput as run
    from mobility.report import show_throughput

    answer = run(net, origin, destination, **shared)
    output.give(answer, show_throughput)
    ctx.exit(0 if answer.status == "ok" else NONE)


@main.command()
@question
@click.option("-n", "n", type=click.IntRange(1, 1), default=1, show_default=True, help="Links out at once.")
@click.pass_context
def contingency(
    ctx: click.Context, net: Network, origin: str, destination: str, shared: dict[str, Any], output: Output, n: int
) -> None:
    """Take every link out in turn: delay and lost throughput, apart."""
    from mobility.contingency import contingency as run
    from mobility.report import show_contingency

    answer = run(net, origin, destination, n=n, **shared)
    output.give(answer, show_contingency)
    ctx.exit(0 if answer.status == "ok" else NONE)


MAPS = {
    "corridors": None,
    "routes": "routes",
    "redundancy": "redundancy",
    "flow": "throughput",
    "contingency": "contingency",
}


@main.command("map")
@click.argument("kind", type=click.Choice(list(MAPS)))
@click.option("--from", "origin", metavar="A[,B]", shell_complete=_places, help="Origins.")
@click.option("--to", "destination", metavar="C[,D]", shell_complete=_places, help="Destinations.")
@_with(_QUESTION[2:])
@_NETWORK
@click.option("-k", "k", type=click.IntRange(1, 9), default=3, show_default=True, help="Number of routes.")
@click.option(
    "--distinct", type=click.FloatRange(0, 1), metavar="F", help="Routes share at most this part of their length."
)
@click.option("--via", multiple=True, metavar="NODE", shell_complete=_places, help="A place to pass.")
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="File to write: .png, .svg or .pdf.")
@click.option("--size", type=click.Choice(["A4", "A3"]), default="A4", show_default=True, help="Paper.")
@click.option("--dpi", type=click.IntRange(30, 600), default=200, show_default=True, help="Resolution of a PNG.")
@click.option("--title", help="Title; left out: what the map shows.")
@click.option("--overwrite", is_flag=True, help="Allow --out to replace a file.")
@click.option("--quiet", is_flag=True, help="No messages on standard error.")
@click.pass_context
def map_(
    ctx: click.Context, /, kind: str, origin: str | None, destination: str | None, network: str | None, k: int,
    distinct: float | None, via: tuple[str, ...], out: str, size: str, dpi: int, title: str | None, overwrite: bool,
    quiet: bool, **given: Any,
) -> None:  # fmt: skip
    """Draw corridors, or the answer of a question, on a map."""
    _may_write(out, overwrite)
    net = _load(network)
    if kind == "corridors":
        subject: Any = net.at(given["year"]) if given["year"] else net
    else:
        if not origin or not destination:
            raise InputError(f"a map of {kind} needs --from and --to")
        given["avoid"], given["close"] = _split(given["avoid"]), _split(given["close"])
        given["countries"] = given["countries"] or ()
        if kind == "routes":
            given |= {"k": k, "distinct": distinct, "via": ",".join(via)}
        import mobility

        subject = getattr(mobility, str(MAPS[kind]))(net, origin, destination, **given)
    from mobility.maps import plot

    plot(subject, path=out, size="A3" if size == "A3" else "A4", dpi=dpi, title=title, overwrite=overwrite)
    if not quiet:
        click.echo(f"written: {out}", err=True)
    ctx.exit(0 if getattr(subject, "status", "ok") == "ok" else NONE)


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell: eval "$(mobility completion bash)"."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is not None:
        click.echo(found(main, {}, "mobility", "_MOBILITY_COMPLETE").source())
