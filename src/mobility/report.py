"""Answers as people read them in a terminal: tables that fit 80 columns, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from mobility.check import CheckResult
from mobility.contingency import Contingency
from mobility.flows import Throughput
from mobility.network import Network
from mobility.paths import Explanation, Redundancy, Route, Routes
from mobility.vehicle import Block, Vehicle

CAVEAT = "Screening on public data: no figure is a bridge rating, a route clearance or a train path."
KOSOVO = (
    "XK Kosovo*: this designation is without prejudice to positions on status, and is in line with UNSCR 1244 and "
    "the ICJ opinion on the Kosovo declaration of independence."
)


def hours(value: float | None) -> str:
    """Return hours as text: 3.2 h, or days and hours from two days on.

    >>> hours(3.25), hours(52.0), hours(None)
    ('3.2 h', '2 d 4 h', '-')
    """
    if value is None:
        return "-"
    return f"{value:.1f} h" if value < 48 else f"{int(value // 24)} d {value % 24:.0f} h"


def number(value: float) -> str:
    """Return a number as people read it.

    >>> number(12345.0), number(7.52)
    ('12,345', '7.5')
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}".rstrip("0").rstrip(".")


def title(console: Console, net: Network, question: Mapping[str, Any], what: str) -> None:
    """Print what was asked: places, vehicle, and every option that differs from its default."""
    places = " → ".join(", ".join(net.name(n) for n in question[side]) for side in ("from", "to"))
    console.print(Text(f"{what}: {places}", style="bold"), highlight=False)
    plain = {
        "vehicle": "any",
        "year": None,
        "share": 1.0,
        "unknown": "penalise",
        "estimates": "strict",
        "permission": "none",
    }
    parts = [f"vehicle {question['vehicle']}"]
    parts += [f"{key} {question[key]}" for key, usual in plain.items() if key != "vehicle" and question[key] != usual]
    if len(question["modes"]) < 4:
        parts.append("by " + "/".join(question["modes"]))
    for key in ("via", "avoid", "countries", "close"):
        if question.get(key):
            parts.append(f"{key} {', '.join(net.name(x) if x in net.node_index else x for x in question[key])}")
    if question.get("distinct") is not None:
        parts.append(f"sharing at most {question['distinct']:.0%}")
    console.print(Text("; ".join(parts), style="dim"), highlight=False)


def foot(console: Console, net: Network, extra: Iterable[str] = ()) -> None:
    """Print the caveats, and the footnote on Kosovo where it applies."""
    for line in [*extra, CAVEAT, *([KOSOVO] if "XK" in net.countries_present else [])]:
        console.print(Text(line, style="dim"), highlight=False)


def grid(*columns: tuple[str, str]) -> Table:
    """Return an open table; each column is a heading and ``left`` or ``right``."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading, side in columns:
        table.add_column(
            heading, justify="right" if side == "right" else "left", no_wrap=side != "wrap", overflow="fold"
        )
    return table


def show_routes(console: Console, answer: Routes) -> None:
    """Print the k best routes, each with the way it takes."""
    title(console, answer.net, answer.question, "Routes")
    if answer.routes:
        _route_table(console, answer.routes)
        for route in answer.routes:
            _way(console, answer.net, route)
        _permit_lines(console, answer.routes)
    else:
        console.print("No route: none is certain." if answer.candidate else "No route.", style="bold red")
        _candidate(console, answer)
        console.print("mobility explain says what blocks, with the same options.", highlight=False)
    foot(console, answer.net, _basis(answer.routes))


def _route_table(console: Console, routes: Sequence[Route]) -> None:
    table = grid(
        ("", "right"),
        ("time", "right"),
        ("km", "right"),
        ("wait", "right"),
        ("modes", "wrap"),
        ("states", "wrap"),
        ("unknown", "right"),
        ("est.", "right"),
    )
    for r in routes:
        share = [f"{km / r.length_km:.0%}" if r.length_km else "-" for km in (r.unknown_km, r.estimated_km)]
        table.add_row(
            str(r.rank), hours(r.time_h), number(r.length_km), hours(r.wait_h + r.transfer_h), " ".join(r.modes),
            " ".join(r.countries), *share,
        )  # fmt: skip
    console.print(table, highlight=False)


def _way(console: Console, net: Network, route: Route) -> None:
    names = [net.name(n) for n in route.nodes]
    lead = f"; permission {hours(route.permission_h)} before" if route.permission_h else ""
    text = Text(f"{route.rank}  ", style="bold")
    text.append(" – ".join(names) + lead, style="not bold")
    console.print(text, highlight=False)


def _permit_lines(console: Console, routes: Sequence[Route]) -> None:
    lines: dict[str, list[str]] = {}
    for r in routes:
        for p in r.permits:
            value = "not stated" if p["value"] is None else p["value"]
            lines.setdefault(f"{p['limit']}: {p['required']} against {value}", []).append(str(r.rank))
    for line, ranks in lines.items():
        console.print(f"permit on route {', '.join(dict.fromkeys(ranks))}: {escape(line)}", highlight=False)


def _basis(routes: Sequence[Route]) -> list[str]:
    if not routes:
        return []
    return ["unknown, est.: share of km on which a limit is not known; on which time or a limit is an estimate."]


def _candidate(console: Console, answer: Routes | Explanation) -> None:
    if answer.candidate is None:
        return
    if answer.candidate_fits:
        console.print("Best candidate, if estimates turn out well:", style="bold", highlight=False)
    else:
        console.print(
            "Best candidate; even the favourable end of the estimates does not do:", style="bold", highlight=False
        )
    _route_table(console, [answer.candidate])
    _way(console, answer.net, answer.candidate)
    if answer.assess_first:
        console.print("Assess first:", style="bold", highlight=False)
        _blocks(console, answer.net, answer.assess_first)


def _blocks(console: Console, net: Network, blocks: Sequence[Block], most: int = 12) -> None:
    table = grid(("link", "left"), ("between", "wrap"), ("limit", "left"), ("is", "right"), ("needed", "right"))
    links = net.table("links")
    for b in blocks[:most]:
        row = net.link_index[b.link_id]
        between = f"{net.name(links['from_node'].iat[row])} – {net.name(links['to_node'].iat[row])}"
        table.add_row(b.link_id, between, b.limit, _cell(b.value), _cell(b.required))
    console.print(table, highlight=False)
    if len(blocks) > most:
        console.print(f"… and {len(blocks) - most} more (--format json lists all)", style="dim", highlight=False)


def _cell(value: object) -> str:
    if value is None:
        return "unknown"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def show_redundancy(console: Console, answer: Redundancy) -> None:
    """Print the counts and the link-disjoint set."""
    title(console, answer.net, answer.question, "Redundancy")
    if not answer.routes:
        console.print("No route.", style="bold red")
        foot(console, answer.net)
        return
    console.print(
        f"{answer.link_disjoint} routes share no link, {answer.node_disjoint} share no place between.", highlight=False
    )
    if answer.asset_disjoint != answer.link_disjoint:
        console.print(
            f"{answer.asset_disjoint} share no structure (links with one asset_id count as one).", highlight=False
        )
    _route_table(console, answer.routes)
    for route in answer.routes:
        _way(console, answer.net, route)
    console.print(f"Total time of the set: {hours(answer.total_time_h)}", highlight=False)
    foot(console, answer.net, _basis(answer.routes))


def show_explanation(console: Console, answer: Explanation) -> None:
    """Print what blocks, what would open a route, and the heaviest load that passes."""
    net = answer.net
    title(console, net, answer.question, "Explanation")
    console.print(answer.reason[:1].upper() + answer.reason[1:] + ".", style="bold", highlight=False)
    if answer.route is not None:
        _route_table(console, [answer.route])
        _way(console, net, answer.route)
    if answer.blocking:
        console.print("Closed on the way:" if answer.route is None else "Closed on a faster way:", style="bold")
        _blocks(console, net, answer.blocking, 16)
    if answer.relax:
        console.print(f"Smallest opening, {len(answer.relax)} to lift:", style="bold", highlight=False)
        _blocks(console, net, answer.relax)
        if answer.relaxed_route is not None:
            r = answer.relaxed_route
            console.print(f"opens a route of {hours(r.time_h)}, {number(r.length_km)} km", highlight=False)
    if answer.route is None:
        _candidate(console, answer)
    if answer.heaviest:
        console.print("Heaviest that passes, each limit by itself:", style="bold", highlight=False)
        table = grid(("limit", "left"), ("passes", "right"), ("set by", "wrap"))
        for limit, hit in answer.heaviest.items():
            value = {"no_route": "nothing known", "not_limiting": "not limited"}.get(hit["status"]) or _cell(
                hit["value"]
            )
            ids = hit["links"]
            named = " ".join(ids[:6]) + (f" and {len(ids) - 6} more" if len(ids) > 6 else "")
            table.add_row(limit, value, named)
        console.print(table, highlight=False)
    foot(console, net)


def show_throughput(console: Console, answer: Throughput) -> None:
    """Print the flow, the minimum cut and the busiest links."""
    net = answer.net
    title(console, net, answer.question, "Throughput")
    if answer.status != "ok":
        console.print("No route, no flow.", style="bold red")
        foot(console, net)
        return
    console.print(
        f"{number(answer.vehicles_per_day)} vehicles a day, {number(answer.tonnes_per_day)} t a day",
        style="bold",
        highlight=False,
    )
    console.print("Minimum cut, nearest the origins:", style="bold", highlight=False)
    table = grid(("member", "left"), ("where", "wrap"), ("veh/day", "right"), ("rests on", "wrap"))
    for c in sorted(answer.cut_items, key=lambda c: -c.vehicles_per_day):
        table.add_row(c.item, place_of(net, c.item), number(c.vehicles_per_day), c.basis)
    console.print(table, highlight=False)
    total = sum(answer.corridors.values())
    if total and set(answer.corridors) != {"none"}:
        top = [f"{k} {v / total:.0%}" for k, v in list(answer.corridors.items())[:6] if k != "none"]
        console.print("Vehicle-km by corridor: " + ", ".join(top), highlight=False)
    notes = [f"{answer.estimated_share:.0%} of the cut's capacity rests on estimates or defaults."]
    if answer.assumed:
        notes.append(f"{len(answer.assumed)} terminals and borders on the way have no stated capacity.")
    foot(console, net, notes)


def place_of(net: Network, item: str) -> str:
    """Return where a member of a cut lies."""
    kind, colon, node = item.partition(":")
    if colon and kind in ("terminal", "border") and node in net.node_index:
        return net.name(node)
    row = net.link_index[item]
    links = net.table("links")
    ends = (net.name(links[c].iat[row]) for c in ("from_node", "to_node"))
    return f"{' – '.join(ends)} ({links['mode'].iat[row]})"


def show_contingency(console: Console, answer: Contingency, most: int = 15) -> None:
    """Print the outages that hurt most."""
    net = answer.net
    title(console, net, answer.question, "N-1")
    if answer.time_h is None:
        console.print("No route even with every link in place.", style="bold red")
        foot(console, net)
        return
    cuts = sum(o.status == "cut" for o in answer.outages)
    console.print(
        f"Base: {hours(answer.time_h)}, {number(answer.vehicles_per_day)} vehicles a day. "
        f"{len(answer.outages)} of {answer.tried} outages change something; {cuts} cut.",
        highlight=False,
    )
    table = grid(
        ("out", "wrap"),
        ("where", "wrap"),
        ("time", "right"),
        ("delay", "right"),
        ("veh/day", "right"),
        ("lost", "right"),
    )
    for o in answer.outages[:most]:
        lost = f"{o.lost_vehicles_per_day / answer.vehicles_per_day:.0%}" if answer.vehicles_per_day else "-"
        delay = "cut" if o.status == "cut" else "-" if not o.delay_h else f"+{hours(o.delay_h)}"
        table.add_row(
            " ".join(o.links), place_of(net, o.links[0]), hours(o.time_h), delay, number(o.vehicles_per_day), lost
        )
    console.print(table, highlight=False)
    if len(answer.outages) > most:
        console.print(
            f"… and {len(answer.outages) - most} more (--format json lists all)", style="dim", highlight=False
        )
    foot(console, net)


def show_findings(console: Console, result: CheckResult, where: str) -> None:
    """Print the findings of a check."""
    for f in result.findings:
        style = "red" if f.level == "error" else "yellow"
        text = Text(f"{f.level:8}", style=style)
        text.append(str(f), style="default")
        console.print(text, highlight=False)
    counts = f"{len(result.errors)} errors, {len(result.warnings)} warnings"
    if result.network is not None:
        net = result.network
        counts += f"; {len(net.table('nodes'))} places, {len(net.table('links'))} links"
    console.print(Text(f"{where}: {counts}", style="bold"), highlight=False)


def show_summary(console: Console, net: Network) -> None:
    """Print what a network holds and what it rests on."""
    s = net.summary()
    console.print(
        Text(f"{s['places']} places, {s['links']} links, {number(s['km'])} km", style="bold"), highlight=False
    )
    for heading in ("modes", "status", "countries", "corridors"):
        rows = sorted(s[heading].items(), key=lambda kv: -kv[1]["km"])
        if rows:
            text = ", ".join(f"{escape(k)} {number(v['km'])}" for k, v in rows)
            console.print(f"[bold]{heading}, km:[/bold] {text}", highlight=False)
    table = grid(("rests on", "left"), ("column", "left"), ("unknown", "right"), ("estimated", "right"))
    for mode, columns in s["basis"].items():
        for column, part in columns.items():
            table.add_row(mode, column, f"{part['unknown']:.0%}", f"{part['estimated']:.0%}")
    console.print(table, highlight=False)
    console.print(
        Text(f"tables: {', '.join(f'{k} {v}' for k, v in s['tables'].items())}", style="dim"), highlight=False
    )
    console.print(Text(f"data {s['data_hash'][:12]}", style="dim"), highlight=False)
    foot(console, net)


def show_link(console: Console, net: Network, link_id: str) -> None:
    """Print every attribute of a link with basis, range, confidence and source."""
    frame = net.attributes(link_id)
    row = net.table("links").iloc[net.link_index[link_id]]
    console.print(
        Text(f"{link_id}: {net.name(row['from_node'])} – {net.name(row['to_node'])}", style="bold"), highlight=False
    )
    items = list(dict.fromkeys(x.strip() for text in frame["source"].tolist() for x in text.split(";") if x.strip()))
    table = grid(
        ("column", "left"), ("value", "wrap"), ("unit", "left"), ("basis", "left"), ("range", "right"),
        ("confidence", "left"), ("source", "left"),
    )  # fmt: skip
    for name, r in frame.iterrows():
        span = f"{r['low']:g} to {r['high']:g}" if r["low"] != r["high"] and r["low"] == r["low"] else ""
        marks = " ".join(str(1 + items.index(x.strip())) for x in r["source"].split(";") if x.strip())
        table.add_row(str(name), _cell(r["value"]), r["unit"], r["basis"], span, r["confidence"], marks)
    console.print(table, highlight=False)
    if "default" in set(frame["basis"]):
        console.print("default: the cell is empty; the schema's value stands in", style="dim", highlight=False)
    _source_lines(console, net, items)
    foot(console, net)


def show_sources(console: Console, net: Network, text: str) -> None:
    """Print the sources of a row with title, date and address."""
    _source_lines(console, net, [x.strip() for x in text.split(";") if x.strip()])


def _source_lines(console: Console, net: Network, items: Sequence[str]) -> None:
    known = {r["source_id"]: r for r in net.table("sources").to_dict("records")}
    for i, item in enumerate(items, 1):
        key = item.partition(":")[0].strip()
        line = Text(f"source {i}  ", style="bold")
        line.append(item, style="not bold")
        if key in known:
            r = known[key]
            more = ", ".join(x for x in (r["title"], r["date"], r["type"], r["url"]) if x)
            line.append(f" ({more})", style="not bold dim")
        console.print(line, highlight=False)


def show_node(console: Console, net: Network, node_id: str) -> None:
    """Print a place: its row, its links, terminals and border."""
    row = net.table("nodes").iloc[net.node_index[node_id]]
    console.print(Text(f"{node_id}: {row['name']}", style="bold"), highlight=False)
    for column, value in row.items():
        if column not in ("node_id", "name", "source") and value != "" and value == value:
            console.print(f"{column:12} {escape(_cell(value))}", highlight=False)
    show_sources(console, net, str(row["source"]))
    links = net.table("links")
    table = grid(
        ("link", "left"), ("mode", "left"), ("to", "wrap"), ("km", "right"), ("status", "left"), ("corridors", "wrap")
    )
    for r in links[(links["from_node"] == node_id) | (links["to_node"] == node_id)].to_dict("records"):
        other = r["to_node"] if r["from_node"] == node_id else r["from_node"]
        table.add_row(r["link_id"], r["mode"], net.name(other), number(r["length_km"]), r["status"], r["corridors"])
    console.print(table, highlight=False)
    for name in ("terminals", "borders", "ports"):
        frame = net.table(name)
        for r in frame[frame["node_id"] == node_id].to_dict("records"):
            cells = [
                f"{k} {_cell(v)}"
                for k, v in r.items()
                if k not in ("node_id", "source", "value_confidence") and v != "" and v == v
            ]
            console.print(f"[bold]{name[:-1]}[/bold] " + escape("; ".join(cells)), highlight=False)
    foot(console, net)


def show_vehicle(console: Console, one: Vehicle) -> None:
    """Print a vehicle and what it asks of a link by mode."""
    console.print(Text(f"{one.name}: {one.title}", style="bold"), highlight=False)
    fields: dict[str, object] = {
        "mass t": one.mass_t, "length m": one.length_m, "width m": one.width_m, "height m": one.height_m,
        "lane metres": one.lane_m, "modes": " ".join(one.modes), "on a train": one.per_train,
        "wagon": one.wagon.name if one.wagon else None,
        "transporter": one.transporter.name if one.transporter else None,
        "road speed km/h": one.road_form.road_speed_kmh, "loading gauge": one.gauge_profile or None,
        "confidence": one.confidence, "estimated": " ".join(one.estimated), "source": one.source, "note": one.note,
    }  # fmt: skip
    for key, value in fields.items():
        if value not in (None, ""):
            console.print(f"{key:16} {escape(_cell(value))}", highlight=False)
    for mode in one.modes:
        needs = ", ".join(f"{k} {v:g}" for k, v in one.needs(mode).items())
        if needs:
            console.print(f"needs by {mode:7} {needs}", highlight=False)
    if "road" in one.modes and one.oversize():
        console.print(f"permit by road   beyond Directive 96/53/EC in {', '.join(one.oversize())}", highlight=False)


def show_frame(console: Console, frame: Any) -> None:
    """Print a table as wide as the terminal allows; the columns that do not fit are named."""
    frame = frame.reset_index() if frame.index.name else frame
    filled = [c for c in frame.columns if any(v != "" and v == v and v is not None for v in frame[c].tolist())]
    room, kept = console.width, []
    for c in filled:
        need = (
            min(24, max(len(str(c)), *(len(_cell(v)) for v in frame[c].tolist()))) + 2
            if len(frame)
            else len(str(c)) + 2
        )
        if need > room:
            break
        room -= need
        kept.append(c)
    table = grid(*[(str(c), "wrap") for c in kept])
    for row in frame[kept].itertuples(index=False):
        table.add_row(*("" if v is None or v == "" or v != v else _cell(v) for v in row))
    console.print(table, highlight=False)
    left = [str(c) for c in filled if c not in kept]
    if left:
        console.print(Text(f"more columns with --format csv: {', '.join(left)}", style="dim"), highlight=False)
