"""Answers as people read them in a terminal: tables that fit 80 columns, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mobility.check import CheckResult
from mobility.closure import Closure, Movement
from mobility.contingency import Contingency
from mobility.flows import Throughput
from mobility.force import Force, totals
from mobility.network import Network
from mobility.paths import Explanation, Redundancy, Route, Routes
from mobility.schema import split
from mobility.vehicle import Block, Vehicle

CAVEAT = "Screening on public data: no figure is a bridge rating, a route clearance or a train path."
KOSOVO = (
    "XK Kosovo*: this designation is without prejudice to positions on status, and is in line with UNSCR 1244 and "
    "the ICJ opinion on the Kosovo declaration of independence."
)


def hours(value: float | None) -> str:
    """Return hours as text; days and hours from a hundred hours on.

    >>> hours(3.25), hours(52.0), hours(719.7), hours(None)
    ('3.2 h', '52.0 h', '30 d 0 h', '-')
    """
    if value is None:
        return "-"
    return f"{value:.1f} h" if value < 99.95 else f"{round(value) // 24} d {round(value) % 24} h"


def several(count: int, what: str) -> str:
    """Return a count with its noun.

    >>> several(1, "route"), several(2, "route")
    ('1 route', '2 routes')
    """
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def number(value: float) -> str:
    """Return a number as people read it.

    >>> number(12345.0), number(7.52)
    ('12,345', '7.5')
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}".rstrip("0").rstrip(".")


def title(console: Console, net: Network, question: Mapping[str, Any], what: str) -> None:
    """Print what was asked: places, vehicle, and every option that differs from its default."""
    places = " → ".join(", ".join(net.name(n) for n in question[side]) for side in ("from", "to"))
    console.print(Text(f"{what}: {places}", style="bold"))
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
    also = [x for x in question["closed"] if x not in question["close"]]
    if also:
        parts.append(f"with them, as one structure, {', '.join(also)}")
    if question.get("distinct") is not None:
        parts.append(f"sharing at most {question['distinct']:.0%}")
    console.print(Text("; ".join(parts), style="dim"))


def foot(console: Console, net: Network, extra: Iterable[str] = (), links: Iterable[str] | None = None) -> None:
    """Print the caveats, and the footnote on Kosovo where what is shown lies there."""
    rows = (
        range(len(net.link_countries)) if links is None else [net.link_index[x] for x in links if x in net.link_index]
    )
    kosovo = any("XK" in net.link_countries[r] for r in rows)
    for line in [*extra, CAVEAT, *([KOSOVO] if kosovo else [])]:
        console.print(Text(line, style="dim"))


def on_routes(routes: Iterable[Route | None]) -> list[str]:
    """Return the links of some routes."""
    return [x for r in routes if r is not None for x in r.links]


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
    k, found = answer.question["k"], len(answer.routes)
    if found:
        _route_table(console, answer.routes)
        for route in answer.routes:
            _way(console, answer.net, route)
        if found < k:
            distinct = answer.question["distinct"]
            rest = f" that shares at most {distinct:.0%} with the better ones" if distinct is not None else ""
            console.print(f"{found} of {k}: no further route was found{rest}.")
        _permit_lines(console, answer.routes)
    else:
        certain = answer.question["estimates"] == "strict" and answer.candidate is not None
        console.print("No route: none is certain." if certain else "No route.", style="bold red")
        _candidate(console, answer)
        console.print("mobility explain says what blocks, with the same options.")
    foot(console, answer.net, _basis(answer.routes), on_routes([*answer.routes, answer.candidate]))


def _route_table(console: Console, routes: Sequence[Route]) -> None:
    table = grid(
        ("", "right"), ("time", "right"), ("km", "right"), ("border", "right"), ("transfer", "right"),
        ("modes", "wrap"),
        ("states", "wrap"), ("unknown", "right"), ("est.", "right"),
    )  # fmt: skip
    for r in routes:
        share = [f"{km / r.length_km:.0%}" if r.length_km else "-" for km in (r.unknown_km, r.estimated_limit_km)]
        table.add_row(
            str(r.rank), hours(r.time_h), number(r.length_km), hours(r.wait_h), hours(r.transfer_h), " ".join(r.modes),
            " ".join(r.countries), *share,
        )  # fmt: skip
    console.print(table)


def _way(console: Console, net: Network, route: Route) -> None:
    """Print the places of a route; where the mode changes, the mode goes before what follows."""
    mode = dict(zip(net.table("links")["link_id"].tolist(), net.table("links")["mode"].tolist(), strict=True))
    steps = [mode[x] for x in route.links]
    text = Text(f"{route.rank}  ", style="bold")
    words = []
    for i, node in enumerate(route.nodes):
        changes = len(route.modes) > 1 and i < len(steps) and (i == 0 or steps[i] != steps[i - 1])
        words.append(f"{net.name(node)} [{steps[i]}]" if changes else net.name(node))
    text.append(" – ".join(words), style="not bold")
    console.print(text)
    if route.permission_h:
        console.print(f"   permission {hours(route.permission_h)} before, the longest of the states on it", style="dim")


def _permit_lines(console: Console, routes: Sequence[Route]) -> None:
    lines: dict[str, list[str]] = {}
    for r in routes:
        for p in r.permits:
            stated = "nothing stated" if p["value"] is None else f"{p['value']} stated"
            text = f"{p['limit']}: {p['required']} needed, {stated}"
            if p["limit"] == "oversize":
                text = f"oversize by road: {p['required']} ({p['value']})"
            lines.setdefault(text, []).append(str(r.rank))
    for line, ranks in lines.items():
        console.print(f"permit on route {', '.join(dict.fromkeys(ranks))}: {line}")


def _basis(routes: Sequence[Route]) -> list[str]:
    total = sum(r.length_km for r in routes)
    if not total:
        return []
    rests = sum(r.estimated_km for r in routes) / total
    return [
        "unknown, est.: share of km on which a limit that matters is not known, is an estimate. "
        f"With times and lengths, {rests:.0%} of the km rest on estimates."
    ]


def _candidate(console: Console, answer: Routes | Explanation) -> None:
    if answer.candidate is None:
        return
    if answer.candidate_fits:
        console.print("Best candidate, if estimates turn out well:", style="bold")
    else:
        console.print(
            "Best candidate; even the favourable end of the estimates does not do:", style="bold", highlight=False
        )
    _route_table(console, [answer.candidate])
    _way(console, answer.net, answer.candidate)
    if answer.assess_first:
        console.print("Assess first:", style="bold")
        _blocks(console, answer.net, answer.assess_first)


def _blocks(console: Console, net: Network, blocks: Sequence[Block], most: int = 12) -> None:
    table = grid(("link", "left"), ("between", "wrap"), ("limit", "left"), ("is", "right"), ("needed", "right"))
    links = net.table("links")
    for b in blocks[:most]:
        row = net.link_index[b.link_id]
        between = f"{net.name(links['from_node'].iat[row])} – {net.name(links['to_node'].iat[row])}"
        table.add_row(b.link_id, between, b.limit, _cell(b.value), _cell(b.required))
    console.print(table)
    if len(blocks) > most:
        console.print(f"… and {len(blocks) - most} more (--format json lists all)", style="dim")


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
    links, places = several(answer.link_disjoint, "route"), answer.node_disjoint
    proven = "" if answer.proven else " At least: the proof ran out of time."
    console.print(f"{links} without a common link, {places} without a common place between.{proven}")
    if answer.asset_disjoint != answer.link_disjoint:
        console.print(f"{answer.asset_disjoint} without a common structure (links with one asset_id count as one).")
    _route_table(console, answer.routes)
    for route in answer.routes:
        _way(console, answer.net, route)
    console.print(f"Total time of the set: {hours(answer.total_time_h)}")
    foot(console, answer.net, _basis(answer.routes), on_routes(answer.routes))


def show_explanation(console: Console, answer: Explanation) -> None:
    """Print what blocks, what would open a route, and the heaviest load that passes."""
    net = answer.net
    title(console, net, answer.question, "Explanation")
    console.print(answer.reason[:1].upper() + answer.reason[1:] + ".", style="bold")
    if answer.route is not None:
        _route_table(console, [answer.route])
        _way(console, net, answer.route)
    if answer.blocking:
        console.print("Closed on the way:" if answer.route is None else "Closed on a faster way:", style="bold")
        _blocks(console, net, answer.blocking, 16)
    if answer.relax:
        console.print(f"Smallest opening, {len(answer.relax)} to lift:", style="bold")
        _blocks(console, net, answer.relax)
        if answer.relaxed_route is not None:
            r = answer.relaxed_route
            console.print(f"opens a route of {hours(r.time_h)}, {number(r.length_km)} km")
    if answer.route is None:
        _candidate(console, answer)
    if answer.heaviest:
        console.print("Heaviest that passes, each limit by itself:", style="bold")
        table = grid(("limit", "left"), ("passes", "right"), ("set by", "wrap"))
        for limit, hit in answer.heaviest.items():
            value = {"no_route": "nothing known", "not_limiting": "not limited"}.get(hit["status"]) or _cell(
                hit["value"]
            )
            ids = hit["links"]
            named = " ".join(ids[:6]) + (f" and {len(ids) - 6} more" if len(ids) > 6 else "")
            table.add_row(limit, value, named)
        console.print(table)
    shown = on_routes([answer.route, answer.relaxed_route, answer.candidate])
    foot(console, net, links=[*shown, *(b.link_id for b in answer.blocking)])


def show_throughput(console: Console, answer: Throughput) -> None:
    """Print the flow, the minimum cut and the busiest links."""
    net = answer.net
    title(console, net, answer.question, "Throughput")
    if answer.status != "ok":
        console.print("No route, no flow.", style="bold red")
        foot(console, net, links=())
        return
    console.print(
        f"{number(answer.vehicles_per_day)} vehicles a day, {number(answer.tonnes_per_day)} t a day",
        style="bold",
    )
    console.print("Minimum cut, nearest the origins:", style="bold")
    table = grid(("member", "left"), ("where", "wrap"), ("veh/day", "right"), ("rests on", "wrap"))
    for c in sorted(answer.cut_items, key=lambda c: -c.vehicles_per_day):
        table.add_row(c.item, place_of(net, c.item), number(c.vehicles_per_day), c.basis)
    console.print(table)
    total = sum(answer.corridors.values())
    if total and set(answer.corridors) != {"none"}:
        top = [f"{k} {v / total:.0%}" for k, v in list(answer.corridors.items())[:6] if k != "none"]
        console.print("Vehicle-km by corridor: " + ", ".join(top))
    notes = [f"{answer.estimated_share:.0%} of the cut's capacity rests on estimates or defaults."]
    if answer.assumed:
        notes.append(f"{len(answer.assumed)} of the terminals and borders on the way have no stated capacity.")
    foot(console, net, notes, [*(f.link_id for f in answer.links), *answer.cut])


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
        foot(console, net, links=())
        return
    cuts = sum(o.status == "cut" for o in answer.outages)
    console.print(
        f"Base: {hours(answer.time_h)}, {number(answer.vehicles_per_day)} vehicles a day. "
        f"{len(answer.outages)} of {answer.tried} outages change something; {cuts} cut.",
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
    console.print(table)
    if len(answer.outages) > most:
        console.print(
            f"… and {len(answer.outages) - most} more (--format json lists all)", style="dim", highlight=False
        )
    foot(console, net, links=[x for o in answer.outages[:most] for x in o.links])


def show_findings(console: Console, result: CheckResult, where: str) -> None:
    """Print the findings of a check."""
    for f in result.findings:
        style = "red" if f.level == "error" else "yellow"
        text = Text(f"{f.level:8}", style=style)
        text.append(str(f), style="default")
        console.print(text)
    counts = f"{several(len(result.errors), 'error')}, {several(len(result.warnings), 'warning')}"
    if result.network is not None:
        net = result.network
        counts += f"; {len(net.table('nodes'))} places, {len(net.table('links'))} links"
    console.print(Text(f"{where}: {counts}", style="bold"))


def show_summary(console: Console, net: Network) -> None:
    """Print what a network holds and what it rests on."""
    s = net.summary()
    console.print(
        Text(f"{s['places']} places, {s['links']} links, {number(s['km'])} km", style="bold"), highlight=False
    )
    for heading in ("modes", "status", "countries", "corridors"):
        rows = sorted(s[heading].items(), key=lambda kv: -kv[1]["km"])
        if rows:
            text = ", ".join(f"{k} {number(v['km'])}" for k, v in rows)
            line = Text(f"{heading}, km: ", style="bold")
            console.print(line.append(text, style="not bold"))
    table = grid(("rests on", "left"), ("column", "left"), ("unknown", "right"), ("estimated", "right"))
    for mode, columns in s["basis"].items():
        for column, part in columns.items():
            table.add_row(mode, column, f"{part['unknown']:.0%}", f"{part['estimated']:.0%}")
    console.print(table)
    console.print(
        Text(f"tables: {', '.join(f'{k} {v}' for k, v in s['tables'].items())}", style="dim"), highlight=False
    )
    console.print(Text(f"data {s['data_hash'][:12]}", style="dim"))
    foot(console, net)


def show_link(console: Console, net: Network, link_id: str) -> None:
    """Print every attribute of a link with basis, range, confidence and source."""
    frame = net.attributes(link_id)
    row = net.table("links").iloc[net.link_index[link_id]]
    console.print(
        Text(f"{link_id}: {net.name(row['from_node'])} – {net.name(row['to_node'])}", style="bold"), highlight=False
    )
    items = list(dict.fromkeys(x for text in frame["source"].tolist() for x in split(text)))
    table = grid(
        ("column", "left"), ("value", "wrap"), ("unit", "left"), ("basis", "left"), ("range", "right"),
        ("confidence", "left"), ("source", "left"),
    )  # fmt: skip
    texts = [str(n) for n, r in frame.iterrows() if isinstance(r["value"], str) and len(r["value"]) > 14]
    for name, r in frame.drop(index=texts).iterrows():
        span = f"{r['low']:g} to {r['high']:g}" if r["low"] != r["high"] and r["low"] == r["low"] else ""
        marks = " ".join(str(1 + items.index(x)) for x in split(r["source"]))
        table.add_row(str(name), _cell(r["value"]), r["unit"], r["basis"], span, r["confidence"], marks)
    console.print(table)
    for name in texts:
        r = frame.loc[name]
        grade = f" ({r['basis']}, {r['confidence']})" if name != "notes" else ""
        console.print(Text(f"{name}  ", style="bold").append(r["value"].replace(";", "; ") + grade, style="not bold"))
    if "default" in set(frame["basis"]):
        console.print("default: the cell is empty; the schema's value stands in", style="dim")
    _source_lines(console, net, items)
    foot(console, net, links=[link_id])


def show_sources(console: Console, net: Network, text: str) -> None:
    """Print the sources of a row with title, date and address."""
    _source_lines(console, net, split(text))


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
        console.print(line)


def show_node(console: Console, net: Network, node_id: str) -> None:
    """Print a place: its row, its links, terminals and border."""
    row = net.table("nodes").iloc[net.node_index[node_id]]
    console.print(Text(f"{node_id}: {row['name']}", style="bold"))
    for column, value in row.items():
        if column not in ("node_id", "name", "source") and value != "" and value == value:
            console.print(f"{column:12} {_cell(value)}")
    show_sources(console, net, str(row["source"]))
    links = net.table("links")
    table = grid(
        ("link", "left"), ("mode", "left"), ("to", "wrap"), ("km", "right"), ("status", "left"), ("corridors", "wrap")
    )
    touching = links[(links["from_node"] == node_id) | (links["to_node"] == node_id)]
    for r in touching.to_dict("records"):
        other = r["to_node"] if r["from_node"] == node_id else r["from_node"]
        table.add_row(r["link_id"], r["mode"], net.name(other), number(r["length_km"]), r["status"], r["corridors"])
    console.print(table)
    for name in ("terminals", "borders", "ports"):
        frame = net.table(name)
        for r in frame[frame["node_id"] == node_id].to_dict("records"):
            cells = [
                f"{k} {_cell(v)}"
                for k, v in r.items()
                if k not in ("node_id", "source", "value_confidence") and v != "" and v == v
            ]
            console.print(Text(f"{name[:-1]} ", style="bold").append("; ".join(cells), style="not bold"))
    foot(console, net, links=touching["link_id"].tolist())


def show_vehicle(console: Console, one: Vehicle) -> None:
    """Print a vehicle and what it asks of a link by mode."""
    console.print(Text(f"{one.name}: {one.title}", style="bold"))
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
            console.print(f"{key:16} {_cell(value)}")
    for mode in one.modes:
        needs = ", ".join(f"{k} {v:g}" for k, v in one.needs(mode).items())
        if needs:
            console.print(f"needs by {mode:7} {needs}")
    if "road" in one.modes and one.oversize():
        console.print(f"permit by road   beyond Directive 96/53/EC in {', '.join(one.oversize())}")


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
    console.print(table)
    left = [str(c) for c in filled if c not in kept]
    if left:
        console.print(Text(f"more columns with --format csv: {', '.join(left)}", style="dim"))


def show_closure(console: Console, answer: Closure) -> None:
    """Print when a force has closed, the bound, what moves where, and what holds it up."""
    net = answer.net
    title(console, net, answer.question, "Closure")
    if answer.closure_h is None or answer.lower_bound_h is None or answer.gap is None:
        _show_stuck(console, answer)
        foot(console, net, links=[])
        return
    bound = f"{answer.gap:.1%} above the bound of {hours(answer.lower_bound_h)}"
    sure = "the quickest there is" if answer.proven else bound
    console.print(Text(f"{answer.vehicles:,} vehicles closed after {hours(answer.closure_h)}; {sure}.", style="bold"))
    if answer.lead_h:
        moving = hours(answer.closure_h - answer.lead_h)
        console.print(f"Of that {hours(answer.lead_h)} wait for permission; the movement takes {moving}.")
    _show_elements(console, answer)
    _show_ways(console, answer)
    _show_binding(console, answer)
    guesses = sum(b.estimated for b in answer.bottlenecks)
    note = f"{guesses} of {several(len(answer.bottlenecks), 'bottleneck')} rest on estimated capacities."
    foot(console, net, [note] if answer.bottlenecks else [], [x for m in answer.movements for x in m.links])


def _show_elements(console: Console, answer: Closure) -> None:
    sides = ("element", "wrap"), ("vehicles", "right"), ("ways", "right"), ("first in", "right"), ("closed", "right")
    table = grid(*sides, ("latest", "right"))
    for e in answer.elements:
        mine = [m for m in answer.movements if m.element == e.element]
        latest = f"{hours(e.latest_h)} late" if e.late else hours(e.latest_h)
        first = hours(min(m.arrive_h for m in mine))
        name = f"{e.element} {e.unit or e.vehicle}"
        table.add_row(name, f"{e.vehicles:,}", str(len(mine)), first, hours(e.closure_h), latest)
    console.print(table)


def _show_binding(console: Console, answer: Closure) -> None:
    """Print what binds, and what waiting costs."""
    if answer.bottlenecks:
        console.print(Text("What holds it up; hours earlier for one more, at the margin:", style="bold"))
        sides = ("item", "left"), ("where", "wrap"), ("has", "right"), ("in", "left"), ("1 more", "right")
        table = grid(*sides, ("+10%", "right"))
        for b in answer.bottlenecks[:8]:
            where = "shared by all" if b.item.startswith("pool:") else place_of(answer.net, b.item)
            more = f"-{b.hours_per_unit:.2f} h", f"-{b.hours_per_percent * 10:.1f} h"
            table.add_row(b.item, where, number(b.capacity), b.unit, *more)
        console.print(table)
    worth = [w for w in answer.waits if w.hours_per_hour * w.wait_h >= 0.05][:4]
    if worth:
        parts = [f"{w.item} ({w.wait_h:g} h) {w.hours_per_hour * w.wait_h:.1f} h" for w in worth]
        console.print(f"Without its wait, at most so much earlier: {', '.join(parts)}.")


def _show_ways(console: Console, answer: Closure) -> None:
    """Print the ways that carry most."""
    groups: dict[tuple[str, ...], list[Movement]] = {}
    for m in answer.movements:
        groups.setdefault(m.links, []).append(m)
    rows = sorted(groups.values(), key=lambda ms: -sum(m.vehicles for m in ms))
    console.print(Text(f"{several(len(rows), 'way')}; those that carry most:", style="bold"))
    sides = ("vehicles", "right"), ("from", "wrap"), ("to", "wrap"), ("modes", "wrap"), ("states", "wrap")
    table = grid(*sides, ("km", "right"), ("first out", "right"), ("last in", "right"))
    for ms in rows[:8]:
        way = ms[0]
        ends = answer.net.name(way.origin), answer.net.name(way.destination)
        first, last = min(m.depart_h for m in ms), max(m.close_h for m in ms)
        carried = number(sum(m.vehicles for m in ms))
        states = " ".join(way.countries)
        table.add_row(carried, *ends, " ".join(way.modes), states, f"{way.length_km:,.0f}", hours(first), hours(last))
    console.print(table)


def _show_stuck(console: Console, answer: Closure) -> None:
    console.print("No closure: a part of the force cannot move at all.")
    table = grid(("element", "right"), ("link", "left"), ("limit", "left"), ("is", "right"), ("needed", "right"))
    for n, b in answer.stuck[:20]:
        table.add_row(
            str(n), b.link_id or "-", b.limit, str(b.value if b.value is not None else "unknown"), str(b.required)
        )
    console.print(table)


def show_force(console: Console, made: Force, net: Network) -> None:
    """Print a force and what it needs of each mode."""
    console.print(Text(f"{made.title or made.name} ({made.name})", style="bold"))
    needs = {"count": "count", "tonnes": "t", "lane_m": "lane m", "wagons": "wagons", "trains": "trains"}
    needs["march_units"] = "march units"
    table = grid(("element", "wrap"), *((heading, "right") for heading in needs.values()))
    for row in made.to_frame(net).astype(object).to_dict("records"):
        cells = [f"{row[k]:,.0f}" if row[k] is not None and row[k] == row[k] else "-" for k in needs]
        table.add_row(row["unit"], *cells)
    console.print(table)
    sums = totals(made, net)
    people = f"{made.people:,} people, " if made.people else ""
    console.print(
        f"{people}{made.vehicles:,} vehicles, {sums['tonnes']:,.0f} t, {sums['lane_m']:,.0f} lane metres "
        f"({several(int(sums['ships']), 'ship')} of 3,000), {sums['trains']:.0f} trains if all went by rail."
    )
    if made.sustainment_t_day:
        console.print(f"Supplies: {made.sustainment_t_day:g} t a day on {made.sustainment_vehicle}.")
    console.print(Text(f"Source: {made.source} ({made.confidence} confidence).", style="dim"))
