"""Answers as people read them in a terminal: tables that fit 80 columns, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mobility.schema import split

if TYPE_CHECKING:  # a verb pays for the modules of its own answer only; values are imported where they are used
    from mobility.bottlenecks import Bottlenecks
    from mobility.check import CheckResult
    from mobility.closure import Closure, Movement
    from mobility.contingency import Contingency, Outage
    from mobility.disruption import Disruption
    from mobility.dossier import Dossier
    from mobility.flows import Throughput
    from mobility.force import Force
    from mobility.hazard import HazardLoss, RepairPlan
    from mobility.montecarlo import MonteCarlo, Spread
    from mobility.movement import MovementTable
    from mobility.network import Network
    from mobility.osm import Import
    from mobility.paths import Explanation, Redundancy, Route, Routes
    from mobility.refine import Refinement
    from mobility.reliability import Reliability
    from mobility.replay import Replay
    from mobility.scale import Indexed, Matrix
    from mobility.scenario import Comparison, Figures
    from mobility.setback import Entries, Sensitivity, Setback
    from mobility.sweep import Sweep
    from mobility.value import Case, CorridorValue
    from mobility.vehicle import Block, Vehicle
    from mobility.worstcase import Protection, WorstCase

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
    for key, usual in plain.items():
        if key != "vehicle" and question[key] != usual:
            by_mode = question[key].items() if isinstance(question[key], Mapping) else None
            parts.append(f"{key} " + (", ".join(f"{m} {v:g}" for m, v in by_mode) if by_mode else str(question[key])))
    if len(question["modes"]) < 4:
        parts.append("by " + "/".join(question["modes"]))
    parts += [
        f"{key} {', '.join(net.name(x) if x in net.node_index else x for x in question[key])}"
        for key in ("via", "avoid", "countries", "close")
        if question.get(key)
    ]
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


def show_matrix(console: Console, answer: Matrix) -> None:
    """Print hours from each origin to each destination, as many as a screen holds."""
    net, most_columns, most_rows = answer.net, 4, 30
    title(console, net, {**answer.question, "from": answer.origins[:3], "to": answer.destinations[:3]}, "Travel times")
    shown = answer.destinations[:most_columns]
    table = grid(("from", "left"), *((net.name(n)[:14], "right") for n in shown))
    for row, origin in enumerate(answer.origins[:most_rows]):
        cells = [float(h) for h in answer.hours[row, : len(shown)]]
        table.add_row(net.name(origin)[:18], *(hours(h) if h != float("inf") else "no route" for h in cells))
    console.print(table)
    if len(answer.origins) > most_rows or len(answer.destinations) > most_columns:
        console.print(f"{answer.headline}; --format csv has every pair.")
    foot(console, net)


def show_index(console: Console, made: Indexed) -> None:
    """Print what was indexed."""
    what = f"{made.arcs:,} arcs between {made.vertices:,} vertices"
    console.print(f"Indexed {what}: {made.edges:,} edges, depth {made.depth:,}.")


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
    """Print the outages that hurt most; of pairs those whose effect is not that of one of the two."""
    net, n, of = answer.net, answer.question["n"], answer.question["of"]
    title(console, net, answer.question, f"N-{n}" if of == "links" else f"N-{n} of {of}")
    if answer.time_h is None:
        console.print("No route even with everything in place.", style="bold red")
        foot(console, net, links=())
        return
    shown = answer.outages if n == 1 else getattr(answer.outages, "together", ())
    cuts = sum(o.status == "cut" for o in shown)
    base = f"Base: {hours(answer.time_h)}, {number(answer.vehicles_per_day)} vehicles a day."
    counts = f"{answer.changing:,} of {answer.tried:,} {'outages' if n == 1 else 'pairs'} change something"
    if n == 1:
        console.print(f"{base} {counts}; {cuts} cut.")
    else:
        more = f"{len(shown):,} cost more than the worse of the two alone, {cuts} of these cut"
        console.print(f"{base} {counts}; {more}.")
    columns = [("out", "wrap"), ("where", "wrap"), ("time", "right"), ("delay", "right"), ("veh/day", "right")]
    table = grid(*columns, ("lost", "right"), *[("beyond", "right")] * (n - 1))
    for o in shown[:most]:
        delay = "cut" if o.status == "cut" else "-" if not o.delay_h else f"+{hours(o.delay_h)}"
        cells = [hours(o.time_h), delay, number(o.vehicles_per_day)]
        losses = [o.lost_vehicles_per_day] if n == 1 else [o.lost_vehicles_per_day, o.excess_lost_vehicles_per_day or 0]
        cells += [f"{x / answer.vehicles_per_day:.0%}" if answer.vehicles_per_day else "-" for x in losses]
        table.add_row(*_outage_of(net, of, o), *cells)
    if shown:
        console.print(table)
    if n == 2 and shown:
        console.print("beyond: of the flow, what the worse of the two alone would not take.", style="dim")
    if len(shown) > most:
        console.print(f"… and {len(shown) - most:,} more (--format json lists all)", style="dim", highlight=False)
    foot(console, net, links=[x for o in shown[:most] for x in o.links])


def _outage_of(net: Network, of: str, outage: Outage) -> tuple[str, str]:
    """Return what an outage takes out, and where that lies."""
    if of == "links" and len(outage.units) == 1:
        return " ".join(outage.links), place_of(net, outage.links[0])
    if of == "links":
        rows = {str(x): i for x, i in zip(net.table("links")["asset_id"].tolist(), net.link_index, strict=True) if x}
        return " ".join(outage.units), "; ".join(place_of(net, rows.get(u, u)) for u in outage.units)
    if of == "nodes":
        return "; ".join(net.name(u) for u in outage.units), several(len(outage.links), "link")
    if of == "groups":
        groups = net.table("groups")
        names = dict(zip(groups["group_id"].tolist(), groups["name"].tolist(), strict=True))
        return " ".join(outage.units), "; ".join(names[u] or several(len(outage.links), "link") for u in outage.units)
    return " ".join(outage.units), several(len(outage.links), "link")


def show_bottlenecks(console: Console, answer: Bottlenecks, most: int = 20) -> None:
    """Print the worst links of the register, and what cuts the two sides apart."""
    net = answer.net
    title(console, net, answer.question, "Bottlenecks")
    if answer.time_h is None:
        console.print("No route.", style="bold red")
        foot(console, net, links=())
        return
    console.print(f"Base: {hours(answer.time_h)}, {number(answer.vehicles_per_day)} vehicles a day.")
    table = grid(
        ("link", "left"), ("where", "wrap"), ("carries", "right"), ("lost", "right"), ("delay", "right"),
        ("around", "right"), ("min cut", "left"), ("", "left"),
    )  # fmt: skip
    for b in answer.links[:most]:
        lost = f"{b.lost_vehicles_per_day / answer.vehicles_per_day:.0%}" if answer.vehicles_per_day else "-"
        delay = "cut" if b.status == "cut" else f"+{hours(b.delay_h)}" if b.delay_h else "-"
        around = "none" if b.around_h is None else f"+{hours(b.around_h)}"
        flags = {"B": b.bridge, "S": bool(b.closes), "?": b.unknown, "~": b.estimated_capacity}
        marks = "".join(mark for mark, stands in flags.items() if stands)
        member = "" if b.in_cuts == "none" else b.in_cuts
        table.add_row(b.link_id, place_of(net, b.link_id), f"{b.share:.0%}", lost, delay, around, member, marks)
    console.print(table)
    if len(answer.links) > most:
        console.print(f"… and {len(answer.links) - most} more (--format json lists all)", style="dim")
    for count, what in ((1, "alone"), (2, "in pairs")):
        sets = [c.units for c in answer.cut_sets if len(c.units) == count]
        if sets:
            some = ", ".join(" + ".join(units) for units in sets[:8])
            more = f" and {len(sets) - 8} more" if len(sets) > 8 else ""
            console.print(f"Cut everything off {what} ({len(sets)}): {some}{more}", highlight=False)
    if not answer.cut_sets:
        console.print("No one and no two links cut everything off.")
    notes = [
        "carries: share of the flow; lost, delay: without it; around: extra hours from end to end; min cut: in every "
        "minimum cut or in some; B bridge, S goes out with another link of its structure, ? a limit that matters is "
        "not known, ~ capacity is an estimate."
    ]
    foot(console, net, notes, [b.link_id for b in answer.links[:most]])


def show_reliability(console: Console, answer: Reliability, most: int = 12) -> None:
    """Print how likely a way stays open, and the units that decide it."""
    net = answer.net
    title(console, net, answer.question, "Reliability")
    if answer.status != "ok":
        console.print("No route even when nothing fails.", style="bold red")
        foot(console, net, links=())
        return
    console.print(
        f"A way stays open with probability {chance(answer.reliability)}; it is cut with {1 - answer.reliability:.3g}.",
        style="bold",
    )
    low, high = chance(answer.low), chance(answer.high)
    if answer.method == "exact":
        console.print("Exact.")
    elif (answer.low, answer.high) == answer.bounds:
        console.print(f"Proven to lie between {low} and {high}.")
    else:
        console.print(f"{answer.runs:,} samples; 95 % interval {low} to {high}.")
    top = [i for i in answer.importance if i.birnbaum > i.error][:most]
    if top:
        table = grid(
            ("unit", "wrap"), ("where", "wrap"), ("fails", "right"), ("matters", "right"), ("of the risk", "right"),
        )  # fmt: skip
        names = net.table("groups").drop_duplicates("group_id").set_index("group_id")["name"]
        for i in top:
            where = names.get(i.unit, "") if i.kind == "group" else place_of(net, i.links[0])
            table.add_row(i.unit, where, f"{i.fail_probability:.3g}", f"{i.birnbaum:.3g}", f"{i.criticality:.0%}")
        console.print(table)
        console.print(
            "matters: reliability with the unit up less that with it down; of the risk: how likely the unit is down "
            "and decides, as part of all cuts (these overlap)",
            style="dim",
        )
    notes = ["Connected means reachable, also by passing a place again on another mode. Places do not fail."]
    if answer.groups:
        notes.append(f"{several(len(answer.groups), 'common cause')} of groups.csv counted besides.")
    if answer.assumed:
        notes.append(f"{several(len(answer.assumed), 'link')} without a stated probability taken as never failing.")
    foot(console, net, notes, [x for i in top for x in i.links])


def chance(value: float) -> str:
    """Return a probability as text, near 1 by what is missing.

    >>> chance(0.98765432), chance(1 - 2.5e-9), chance(1.0)
    ('0.987654', '1 - 2.5e-09', '1')
    """
    return f"1 - {1 - value:.2g}" if 0 < 1 - value < 1e-5 else f"{value:.6g}"


def _left(objective: str, value: float | None) -> str:
    if value is None:
        return "no route"
    return f"{number(value)} vehicles a day" if objective == "throughput" else hours(value)


def _asked(answer: WorstCase | Protection, what: str) -> str:
    """Say what is hurt and what is lost as one."""
    part = answer.question.get("partial", 1)
    share = "" if part == 1 else f", {part:.0%} of the capacity of each"
    return f"{what} for {answer.objective}, {answer.of} lost{share}"


def _proof(answer: WorstCase | Protection, better: str) -> str:
    """Say whether a worst case is proven, else the bound that was reached."""
    if answer.proven:
        return f"Proven: {better}."
    bound = "none" if answer.bound is None else _left(answer.objective, answer.bound)
    return f"Not proven within {number(answer.question['time_limit'])} s; bound: {bound}."


def _units(console: Console, answer: WorstCase | Protection, ids: Sequence[str]) -> None:
    """Print units of disruption, each with where it is."""
    from mobility.arcs import units

    net = answer.net
    links = net.table("links")["link_id"]
    rows = {u.id: u.rows for u in units(net, answer.of)}
    table = grid(("unit", "wrap"), ("where", "wrap"), ("links", "right"))
    for unit in ids:
        first = str(links.iat[rows[unit][0]])
        where = net.name(unit) if answer.of == "nodes" else place_of(net, first) if answer.of == "links" else ""
        table.add_row(unit, where, str(len(rows[unit])))
    if ids:
        console.print(table)


def show_worst_case(console: Console, answer: WorstCase) -> None:
    """Print the units whose loss hurts most, and what each further one adds."""
    net = answer.net
    title(console, net, answer.question, _asked(answer, "Worst case"))
    if answer.status != "ok":
        console.print("No route even with nothing lost.", style="bold red")
        foot(console, net, links=())
        return
    what = "no route" if answer.cut else _left(answer.objective, answer.value)
    console.print(
        f"Without these: {what}; base {_left(answer.objective, answer.base)}. {_proof(answer, 'nothing hurts more')}"
    )
    _units(console, answer, answer.units)
    if len(answer.ranking) > 1:
        table = grid(("k", "right"), ("left", "right"), ("proven", "left"), ("lost", "wrap"))
        for r in answer.ranking:
            table.add_row(str(r.k), _left(answer.objective, r.value), "yes" if r.proven else "no", " ".join(r.units))
        console.print(table)
    foot(console, net, links=answer.links)


def show_protection(console: Console, answer: Protection) -> None:
    """Print what to protect, and the worst case that remains."""
    net = answer.net
    title(console, net, answer.question, _asked(answer, "Protection"))
    if answer.status != "ok":
        console.print("No route even with nothing lost.", style="bold red")
        foot(console, net, links=())
        return
    left = [_left(answer.objective, v) for v in (answer.base, answer.without, answer.value)]
    console.print(
        f"Base {left[0]}; the worst case leaves {left[1]}, with these protected {left[2]}. "
        f"{_proof(answer, 'nothing else helps more')}"
    )
    console.print("Protect", style="bold")
    _units(console, answer, answer.protected)
    console.print("Worst loss that remains", style="bold")
    _units(console, answer, answer.units)
    foot(console, net, links=[*answer.protected_links, *answer.links])


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
    from mobility.force import totals

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


def show_monte_carlo(console: Console, answer: MonteCarlo, most: int = 10) -> None:
    """Print how connection, time and throughput spread, and which failures change most."""
    net, fails = answer.net, answer.failures
    title(console, net, answer.question, "Monte Carlo")
    if answer.status != "ok" or fails is None:
        console.print("No route even with every link in place.", style="bold red")
        foot(console, net, links=())
        return
    loss = answer.question["capacity_loss"]
    does = "are out" if loss is None else f"lose {loss[0]:.0%} to {loss[1]:.0%} of their capacity"
    console.print(
        f"{answer.runs:,} samples, seed {answer.question['seed']}. Of {len(fails.ids)} links, structures and groups "
        f"{number(float(fails.probability.sum()))} {does} in one sample, on average.",
        highlight=False,
    )
    if answer.converged is False:
        console.print("The samples ran out before the intervals were as narrow as asked for.", style="bold")
    if answer.connection is not None:
        c = answer.connection
        console.print(f"Connected: {c.share:.2%} ({c.low:.2%} to {c.high:.2%})", style="bold")
    spreads = [("time", answer.time, answer.time_h), ("vehicles/day", answer.throughput, answer.vehicles_per_day)]
    table = grid(
        ("", "left"),
        ("intact", "right"),
        ("mean", "right"),
        ("±", "right"),
        *[(f"P{q}", "right") for q in (5, 10, 50, 90, 95)],
    )
    for name, spread, base in spreads:
        if spread is not None:
            form = hours if name == "time" else _count
            half = spread.high - spread.mean
            table.add_row(
                name, form(base), form(spread.mean), f"{half:.2f} h" if name == "time" else _count(half),
                *(form(q) for q in spread.quantiles.values()),
            )  # fmt: skip
    if table.rows:
        console.print(table)
    for name, spread, _ in spreads:
        if spread is not None and spread.maximum > spread.minimum:
            form = hours if name == "time" else _count
            console.print(f"{name:12}  {form(spread.minimum)} {_bars(spread)} {form(spread.maximum)}", highlight=False)
    if answer.predictability_h is not None:
        console.print(f"In hand for nine times in ten: {hours(answer.predictability_h)} (P90 - P50).")
    if answer.importance:
        console.print("What changes most when it is out:", style="bold")
        table = grid(("out", "wrap"), ("where", "wrap"), ("cut", "right"), ("slower", "right"), ("lost/day", "right"))
        for e in answer.importance[:most]:
            slower = "-" if e.slower is None else f"{e.slower:+.1%}"
            table.add_row(e.id, place_of(net, e.links[0]), f"{e.cut:+.1%}", slower, _count(e.lost_vehicles_per_day))
        console.print(table)
    notes = ["±: half the 95 % interval of the mean. cut, slower: how much likelier; lost: mean; out against in."]
    if fails.assumed:
        notes.append(f"{several(len(fails.assumed), 'link')} without a fail_probability never fail here.")
    foot(console, net, notes, [x for e in answer.importance[:most] for x in e.links])


def _count(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _bars(spread: Spread) -> str:
    """Return a histogram on one line; what is met at all is drawn.

    >>> from mobility.montecarlo import spread_of
    >>> import numpy as np
    >>> _bars(spread_of(np.array([1.0, 1.0, 1.0, 1.0, 2.0])))
    '█                  ▂'
    """
    most = max(spread.counts)
    return "".join(" ▁▂▃▄▅▆▇█"[-(-8 * n // most)] for n in spread.counts)


def show_corridor_value(console: Console, answer: CorridorValue) -> None:
    """Print what each corridor adds, and how each pair works together."""
    title(console, answer.net, answer.question, f"Corridor value by {answer.measure}")
    for case in answer.cases:
        _value_case(console, answer, case)
    notes = [
        "Shapley: mean of what it adds over all orders in which the corridors come. out: lost without it; alone: added "
        "by it alone; km, flow: of its open links, and its part of the vehicle-km of the maximum flow. Links of no "
        "corridor named are always in; branches count with their corridor.",
        "gain: both over the better one, the others away. more or less: what both add together beyond what each adds "
        "by itself, on average over the others; complements above 0, substitutes below.",
    ]
    foot(console, answer.net, notes)


def _value_case(console: Console, answer: CorridorValue, case: Case) -> None:
    when = "as it is" if case.year is None else str(case.year)
    line = Text(f"{when}, {case.vehicle}: ", style="bold")
    if case.status != "ok":
        console.print(line.append("no route even with all of them", style="bold red"))
        return
    line.append(f"{_worth(case.full)} {answer.unit} with all, {_worth(case.empty)} without any of them")
    console.print(line)
    timed = answer.measure == "time"
    headings = ["km", "Shapley", "share", "out", "alone", "flow", *(["hours saved"] if timed else [])]
    table = grid(("corridor", "left"), *[(h, "right") for h in headings])
    for w in sorted(case.players, key=lambda w: -w.shapley):
        table.add_row(
            w.player, _count(w.km), _worth(w.shapley), "-" if w.share is None else f"{w.share:.0%}",
            _worth(w.knock_out), _worth(w.add_in), "-" if w.flow_share is None else f"{w.flow_share:.0%}",
            *(["-" if w.hours_saved is None else f"{w.hours_saved:.2f}"] if timed else []),
        )  # fmt: skip
    console.print(table)
    pairs = [p for p in case.pairs if p.gain or p.relation != "independent"]
    if pairs:
        table = grid(("together", "left"), ("gain", "right"), ("more or less", "right"), ("", "left"))
        for p in sorted(pairs, key=lambda p: -p.interaction):
            table.add_row(" + ".join(p.players), _worth(p.gain), f"{p.interaction:+,.4g}", p.relation)
        console.print(table)
    if case.herfindahl is not None:
        console.print(f"Concentration of the flow (Herfindahl): {case.herfindahl:.2f}", highlight=False)
    spread = max(c.error for c in case.coalitions)
    if spread:
        console.print(f"Sampled where an exact answer is out of reach: values are good to {spread:.2g}.")


def _worth(value: float) -> str:
    """Return a worth, a count or a probability, with the digits that tell.

    >>> _worth(12345.6), _worth(1.46062), _worth(0.0)
    ('12,346', '1.461', '0')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


FIGURES: Mapping[str, tuple[str, Any]] = {
    "time_h": ("fastest route", hours),
    "length_km": ("its length, km", number),
    "link_disjoint": ("routes sharing no link", number),
    "node_disjoint": ("routes sharing no place", number),
    "vehicles_per_day": ("vehicles a day", number),
    "tonnes_per_day": ("tonnes a day", number),
    "closure_h": ("closure of the force", hours),
    "lower_bound_h": ("no earlier than", hours),
    "reliability": ("reliability", lambda value: f"{value:.4f}"),
}
"""Key figures as people read them."""


def show_comparison(console: Console, comparison: Comparison) -> None:
    """Print cases side by side; behind each figure stands what it is more than in the first."""
    first, cases = comparison.cases[0], comparison.cases
    room = 3 if all(len(c.name) <= 17 for c in cases) else 2
    for few in (cases[i : i + room] for i in range(0, len(cases), room)):
        table = grid(("", "left"), *((case.name, "right") for case in few))
        for key, (label, shown) in FIGURES.items():
            if any(getattr(case, key) is not None for case in cases):
                table.add_row(label, *(_figure(case, key, case.minus(first)[key], shown) for case in few))
        console.print(table)
    for case in cases:
        if case.title not in ("", case.name):
            console.print(Text(f"{case.name}: {case.title}"))
        console.print(Text(f"minimum cut, {case.name}: {', '.join(case.cut) or 'none'}", style="dim"))
        if case.held_at_hour_0:
            text = f"{case.name}: {several(len(case.held_at_hour_0), 'link')} held for some hours: shown is hour 0"
            console.print(Text(f"{text}, and in the closure the hours", style="dim"))
    console.print(Text(CAVEAT, style="dim"))


def _figure(case: Figures, key: str, more: float | None, shown: Any) -> str:
    """Return a figure with what it is more than another."""
    value = getattr(case, key)
    if value is None:
        return "-"
    sign = "" if not more else f" ({'+' if more > 0 else '-'}{shown(abs(more))})"
    return f"{shown(value)}{sign}"


def show_dossier(console: Console, dossier: Dossier) -> None:
    """Print before and after, and where everything stands."""
    console.print(Text(dossier.scenario.title or dossier.scenario.name, style="bold"))
    show_comparison(console, dossier.comparison)
    console.print(f"answered: {', '.join(dossier.answers)}")
    console.print(f"written: {dossier.folder}; start with README.txt")


def show_import(console: Console, made: Import, folder: str) -> None:
    """Print what was made of an OpenStreetMap extract."""
    facts, counts = made.facts, made.facts["counts"]
    day = f"data of {facts['date']} ({facts['date_basis']})" if facts["date"] else "of an unknown day"
    console.print(Text(f"{facts['file']}, {day}", style="bold"))
    table = grid(("", "left"), ("links", "right"), ("km", "right"), ("with a limit", "right"), ("bridges", "right"))
    from mobility.osmtags import LIMITS

    limits = [c for c in LIMITS if c in made.links]
    for mode, part in made.links.groupby("mode", sort=False):
        limited = int(part[limits].notna().any(axis=1).sum()) if limits else 0
        bridges = f"{int(part['bridges'].sum())}, {int(part['bridges_unrated'].sum())} without a posted load"
        table.add_row(str(mode), f"{len(part):,}", f"{part['length_km'].sum():,.1f}", f"{limited:,}", bridges)
    console.print(table)
    console.print(f"{counts['places']:,} places; ask with --network {folder}")
    console.print(Text(f"{facts['attribution']}.", style="dim"))
    console.print(Text(f"Limits are what is tagged; what is not tagged is unknown. {CAVEAT}", style="dim"))


def show_refinement(console: Console, answer: Refinement, most: int = 15) -> None:
    """Print the way of a link on OpenStreetMap: length, weakest elements, proposals."""
    net, row = answer.net, answer.net.table("links").iloc[answer.net.link_index[answer.link_id]]
    ends = "–".join(net.name(str(row[c])) for c in ("from_node", "to_node"))
    console.print(Text(f"{answer.link_id} {ends}, {row['mode']}", style="bold"))
    if not answer.ways:
        console.print(f"No match: {'; '.join(answer.reasons)}.")
        return
    far_off = [(h, "right") for h in ("km", "mean off", "95 %", "most", "line beside it", "links")]
    table = grid(("way", "left"), *far_off)
    for side, m in answer.ways.items():
        far = (f"{x:.2f}" for x in (m.mean_km, m.p95_km, m.max_km))
        table.add_row(side, f"{m.length_km:.1f}", *far, f"{m.covered:.0%}", str(len(m.legs)))
    console.print(table)
    console.print(f"In the table {number(float(row['length_km']))} km. Confidence of the match: {answer.confidence}.")
    for reason in answer.reasons:
        console.print(f"  {reason}")
    if answer.weakest.empty:
        console.print("No limit is tagged on the way: that is unknown, not unlimited.")
    else:
        where = (("km", "right"), ("OSM way", "left"), ("on", "left"), ("tags", "wrap"))
        table = grid(("weakest", "left"), ("value", "right"), *where)
        for r in answer.weakest.to_dict("records"):
            value = f"{r['value']:g} {r['unit']}"
            table.add_row(r["limit"], value, f"{r['from_km']:.1f}", str(r["way_id"]), r["on"], r["tags"])
        console.print(table)
    if not answer.proposals.empty:
        console.print(Text("Proposed, not applied (--diff FILE writes a patch):", style="bold"))
        table = grid(("field", "left"), ("now", "right"), ("proposed", "right"), ("why", "wrap"))
        for r in answer.proposals.to_dict("records")[:most]:
            table.add_row(r["field"], r["current"] or "unknown", r["proposed"], r["audit_reason"])
        console.print(table)
    foot(console, net, [f"{answer.facts.get('attribution', '')}."], [answer.link_id])


def show_disruption(console: Console, answer: Disruption, most: int = 8) -> None:
    """Print what was cut, what that costs, and where."""
    net, before, after = answer.net, answer.before, answer.after
    title(console, net, answer.question, "Disruption")
    console.print(Text(f"{answer.headline}.", style="bold"))
    console.print(f"{several(len(answer.cut), 'link')} out.")
    table = grid(("", "left"), ("before", "right"), ("after", "right"))
    table.add_row("fastest route", hours(before.time_h), hours(after.time_h))
    table.add_row("vehicles a day", number(before.vehicles_per_day), number(after.vehicles_per_day))
    if before.closure is not None:
        table.add_row("closure of the force", hours(before.closure_h), hours(after.closure_h))
    console.print(table)
    lost = [x for x in answer.links if x.flow_before - x.flow_after > 0.5]
    lost.sort(key=lambda x: (not x.out, x.flow_after - x.flow_before, x.link_id))
    if lost:
        console.print("What was carried there, vehicles a day:", style="bold")
        table = grid(("link", "left"), ("where", "wrap"), ("before", "right"), ("after", "right"), ("", "left"))
        for x in lost[:most]:
            flows = number(x.flow_before), number(x.flow_after)
            table.add_row(x.link_id, place_of(net, x.link_id), *flows, "out" if x.out else "")
        console.print(table)
    if answer.isolated:
        names = [net.name(n) for n in answer.isolated[:8]]
        more = f" and {len(answer.isolated) - 8} more" if len(answer.isolated) > 8 else ""
        console.print(f"Off the network of the origins: {', '.join(names)}{more}.")
    foot(console, net, [], [*answer.cut, *(x.link_id for x in lost[:most]), *on_routes(before.routes.routes[:1])])


def show_setback(console: Console, answer: Setback) -> None:
    """Print what sets a force back most."""
    net = answer.net
    title(console, net, answer.question, f"Setback, {answer.question['k']} of {answer.question['of']} out at once")
    if answer.base_h is None:
        console.print("No closure even with everything there.")
        foot(console, net, links=[])
        return
    cut = sum(o.status == "cut" for o in answer.outages)
    console.print(
        f"Closure {hours(answer.base_h)}. {several(len(answer.outages), 'outage')} of those asked "
        f"({several(answer.asked, 'unit')}) set it back; {cut} leave a part of the force without a way."
    )
    table = grid(("out", "wrap"), ("where", "wrap"), ("closes", "right"), ("later", "right"))
    for o in answer.outages[:15]:
        rest = f" and {len(o.links) - 2} more" if o.links[2:] else ""
        where = "; ".join(place_of(net, x) for x in o.links[:2]) + rest
        later = "cut" if o.delay_h is None else f"+{o.delay_h:.1f} h"
        table.add_row(", ".join(o.units), where, hours(o.closure_h), later)
    console.print(table)
    notes = [] if answer.exact else ["Plans of several kinds of vehicle: each closure lies above its bound (JSON)."]
    if not answer.complete:
        notes.insert(0, "Not everything was looked at in the time given; --time-limit asks for more.")
    foot(console, net, notes, [x for o in answer.outages[:15] for x in o.links])


def show_entries(console: Console, answer: Entries) -> None:
    """Print the closure of a force by origin, or by permission regime."""
    net, ports = answer.net, answer.by == "origin"
    title(console, net, answer.question, "Entry ports by closure" if ports else "Permission regimes by closure")
    if ports:
        together = "no closure" if answer.closure_h is None else f"closure {hours(answer.closure_h)}"
        console.print(f"All together: {together}.")
        table = grid(("origin", "wrap"), ("alone", "right"), ("bound", "right"), ("share", "right"),
                     ("without it", "right"), ("it adds", "right"))  # fmt: skip
    else:
        table = grid(("regime", "left"), ("closure", "right"), ("bound", "right"), ("lead", "right"), ("more", "right"))
    for e in answer.entries:
        bound = "none" if e.closure_h is None else hours(e.lower_bound_h)
        more = "-" if e.adds_h is None else f"{e.adds_h:+.1f} h"
        first = net.name(e.name) if ports else e.name
        alone = "none" if e.closure_h is None else hours(e.closure_h)
        if ports:
            lacks = "none" if e.without_h is None and len(answer.entries) > 1 else hours(e.without_h)
            share = "-" if e.share is None else f"{e.share:.0%}"
            table.add_row(first, alone, bound, share, lacks, "all" if lacks == "none" else more)
        else:
            table.add_row(first, alone, bound, hours(e.lead_h), more)
    console.print(table)
    words = "hours that it saves the others" if ports else "hours later than without any lead time"
    foot(console, net, [f"{'It adds' if ports else 'More'}: {words}; a difference below the gaps says nothing."], [])


def show_sensitivity(console: Console, answer: Sensitivity) -> None:
    """Print by how much closure moves with each assumption."""
    title(console, answer.net, answer.question, "Sensitivity of closure")
    console.print(f"Closure {hours(answer.base_h)} as assumed.")
    table = grid(("assumption", "wrap"), ("scaled by", "right"), ("closure", "right"), ("swing", "right"))
    for f in answer.factors:
        table.add_row(
            f.what, f"{f.low:g} to {f.high:g}", f"{hours(f.closure_low_h)} to {hours(f.closure_high_h)}",
            hours(f.swing_h),
        )  # fmt: skip
    console.print(table)
    foot(console, answer.net, ["One assumption is scaled at a time, by the spread of estimates of low confidence."], [])


def show_moved(console: Console, moved: Any) -> None:
    """Print a closure, and what its movement table and replay come to."""
    show_closure(console, moved.answer)
    if moved.table is not None:
        console.print()
        _show_table(console, moved.table)
    if moved.seen is not None:
        _show_replay(console, moved.seen)


def _show_table(console: Console, moved: MovementTable) -> None:
    """Print what a movement table comes to, and what makes it later than the fluid plan."""
    counts = ", ".join(several(n, kind) for kind, n in moved.counts.items())
    date = f" ({moved.date(moved.closure_h)})" if moved.start else ""
    console.print(Text(f"In whole units: {counts}; closed after {hours(moved.closure_h)}{date}.", style="bold"))
    later = moved.closure_h - moved.plan_h
    reasons = [f"{text} {h:+.1f} h" for text, h in moved.reasons if abs(h) >= 0.05][:4]
    if reasons:
        chain = f"{later:+.1f} h against the fluid plan, on the chain of units that closes last: "
        console.print(f"{chain}{'; '.join(reasons)}.")
    sides = ("element", "wrap"), ("units", "right"), ("first off", "right"), ("closed", "right")
    table = grid(*sides, ("waits", "right"))
    for number, closed in sorted(moved.closures.items()):
        mine = [u for u in moved.units if u.element == number]
        first = min(u.start_h for u in mine)
        waits = sum(u.wait_h * u.vehicles for u in mine) / sum(u.vehicles for u in mine if u.final)
        name = f"{number} {mine[0].name}"
        table.add_row(name, str(len(mine)), hours(first), hours(closed), f"{waits:.1f} h a vehicle")
    console.print(table)


def _show_replay(console: Console, seen: Replay) -> None:
    """Print what a simulation of a movement table saw."""
    runs = seen.question["runs"]
    line = f"Replay: {hours(seen.closure_h)} without randomness; {several(runs, 'run')}: P50 {hours(seen.p50_h)}, P90 "
    console.print(Text(f"{line}{hours(seen.p90_h)}.", style="bold"))
    whole = seen.on_time[0]
    if whole.probability is not None:
        console.print(f"All in time with probability {whole.probability:.2f}.")
    for o in seen.on_time[1:]:
        if o.probability is not None and o.probability < 0.995:
            console.print(f"  {o.element} {o.name} by {hours(o.by_h)}: {o.probability:.2f}")
    if seen.queues:
        worst = [f"{q.item} {q.vehicle_hours:.0f}" for q in seen.queues[:5]]
        console.print(f"Longest queues, mean vehicle hours: {', '.join(worst)}.")
    held = seen.conserved and seen.largest_load <= 1 + 1e-6
    sound = "No vehicle lost, no capacity exceeded." if held else "VEHICLES LOST OR CAPACITY EXCEEDED."
    console.print(Text(sound, style="dim"))


def show_hazard(console: Console, answer: HazardLoss, most: int = 12) -> None:
    """Print what an event takes from a connection, how it comes back, and what to repair first."""
    from mobility.hazard import CAVEAT as NO_FORECAST
    from mobility.hazard import Area, Earthquake, Flood, event_words

    net = answer.net
    title(console, net, answer.question, "Hazard")
    ground = f", ground type {answer.event.site}" if isinstance(answer.event, Earthquake) else ""
    console.print(Text(f"{event_words(answer.event)}{ground}"))
    if answer.status != "ok" or answer.lost is None or answer.connection is None:
        console.print("No route even with every link in place.", style="bold red")
        foot(console, net, [NO_FORECAST], links=())
        return
    c, base = answer.connection, answer.vehicles_per_day or 0.0
    console.print(f"{answer.runs:,} samples, seed {answer.question['seed']}.", highlight=False)
    console.print(f"Connected: {c.share:.2%} ({c.low:.2%} to {c.high:.2%})", style="bold")
    table = grid(
        ("", "left"), ("intact", "right"), ("mean", "right"), ("±", "right"), ("P50", "right"), ("P90", "right")
    )
    for name, spread, intact, form in (
        ("vehicles/day lost", answer.lost, _count(base), _count),
        ("delay", answer.delay, hours(answer.time_h), hours),
        ("days of flow lost", answer.triangle_days, "", number),
        ("whole again, day", answer.full_days, "", number),
    ):
        if spread is not None:
            table.add_row(
                name, intact, form(spread.mean), form(spread.high - spread.mean), form(spread.quantiles["p50"]),
                form(spread.quantiles["p90"]),
            )  # fmt: skip
    console.print(table)
    if answer.links:
        console.print("Likeliest to be out:", style="bold")
        unit = {Earthquake: "PGA g", Flood: "m deep", Area: "intensity"}[type(answer.event)]
        table = grid(
            ("link", "left"), ("where", "wrap"), ("out", "right"), (unit, "right"), ("km", "right"),
            ("structures", "right"),
        )  # fmt: skip
        for x in answer.links[:most]:
            table.add_row(
                x.link_id, place_of(net, x.link_id), f"{x.probability:.1%}", f"{x.intensity:.2f}", number(x.exposed_km),
                number(x.structures),
            )  # fmt: skip
        console.print(table)
    else:
        console.print("No link that may be used lies in it.")
    if len(answer.curve) > 1:
        console.print("Share of the throughput by day, when all repairs begin at once:", style="bold")
        table = grid(("day", "right"), ("mean", "right"), ("P10", "right"), ("P50", "right"), ("P90", "right"))
        for r in answer.curve:
            table.add_row(f"{r.day:g}", *(f"{v:.0%}" for v in (r.mean, r.p10, r.p50, r.p90)))
        console.print(table)
    if answer.plan is not None:
        _repairs(console, net, answer.plan, most)
    shown = [x.link_id for x in answer.links[:most]]
    foot(
        console,
        net,
        ["±: half the 95 % interval of the mean. Numbers of structures are estimates.", NO_FORECAST],
        shown,
    )


def _repairs(console: Console, net: Network, plan: RepairPlan, most: int) -> None:
    console.print(
        f"Repairs of a bad sample (P90 of those that lose anything), {several(plan.crews, 'crew')}: "
        f"{plan.share:.0%} of the throughput is left at first, {number(plan.triangle_days)} days of it are lost",
        style="bold",
        highlight=False,
    )
    console.print("No order loses less." if plan.proven else "In a greedy order; a better one may exist.")
    table = grid(
        ("repair", "left"), ("where", "wrap"), ("crew", "right"), ("from day", "right"), ("to day", "right"),
        ("then", "right"),
    )  # fmt: skip
    whole = min((s.end_day for s in plan.steps if s.share == 1.0), default=0.0)
    useful = [s for s in plan.steps if s.start_day < whole]
    for s in useful[:most]:
        where = place_of(net, s.links[0])
        table.add_row(s.unit, where, f"{s.crew}", number(s.start_day), number(s.end_day), f"{s.share:.0%}")
    console.print(table)
    if len(useful) > most:
        console.print(f"and {len(useful) - most} more until nothing is lost")
    if len(plan.steps) > len(useful):
        console.print(f"{several(len(plan.steps) - len(useful), 'repair')} after that restore nothing here.")


def show_sweep(console: Console, made: Sweep, most: int = 8) -> None:
    """Print best, median and worst of a study, over all and by what was varied, and what failed."""
    console.print(Text(f"{made.study.title or made.study.name}: {made.headline}", style="bold"))
    frame = made.to_frame()
    table = grid(("", "left"), ("best", "right"), ("median", "right"), ("worst", "right"), ("worst case", "wrap"))
    for figure, row in zip(made.figures, made.summary().to_dict("records"), strict=True):
        case = "-" if row["worst_case"] != row["worst_case"] or row["worst_case"] is None else int(row["worst_case"])
        what = "" if case == "-" else ": " + ", ".join(str(frame.loc[case, c]) for c in made.dimensions)
        shown = [_swept(figure, row[k]) for k in ("best", "median", "worst")]
        table.add_row(figure, *shown, f"{case}{what}"[:120])
    console.print(table)
    if made.dimensions:
        console.print(Text("Below, each cell: best / median / worst.", style="dim"))
    for by in made.dimensions:
        _by_dimension(console, made, by, most)
    failed = made.failed
    for case, row in list(zip(failed["case"].tolist(), failed.to_dict("records"), strict=True))[:most]:
        console.print(Text(f"case {case} ({row['scenario']}, {row['vehicle']}) failed: {row['error']}", style="bold"))
    if len(failed) > most:
        console.print(f"and {len(failed) - most:,} more that failed; the table has them all")
    if made.path is not None:
        console.print(Text(f"table: {made.path}"))
    states = [x for x, lies in zip(made.net.link_index, made.net.link_countries, strict=True) if "XK" in lies]
    foot(console, made.net, links=states)


def _by_dimension(console: Console, made: Sweep, by: str, most: int) -> None:
    """Print the spread for each value of a column; of many values those that are worst in the median."""
    shown = made.figures[:2]
    parts = [made.summary(by).loc[figure] for figure in shown]
    first = parts[0]
    order = list(first.index)
    if len(order) > most:
        low = made.lower_is_better(shown[0])
        ranked = first["median"].astype(float).to_numpy()
        order = [first.index[i] for i in (-ranked if low else ranked).argsort(kind="stable")[:most]]
    table = grid(
        (f"by {by}", "wrap"), ("rows", "right"), ("no route", "right"),
        *((figure, "right") for figure in shown),
    )  # fmt: skip
    rows = [part.to_dict("index") for part in parts]
    for name in order:
        cells = [" / ".join(_swept(f, row[name][k]) for k in ("best", "median", "worst"))
                 for f, row in zip(shown, rows, strict=True)]  # fmt: skip
        table.add_row(str(name), f"{rows[0][name]['rows']:,}", f"{rows[0][name]['no_route']:,}", *cells)
    console.print(table)
    if len(first) > most:
        console.print(Text(f"the {most} worst of {len(first):,} in the median of {shown[0]}", style="dim"))


def _swept(figure: str, value: float | None) -> str:
    """Return a figure of a sweep as people read it."""
    if value is None or value != value:
        return "-"
    return f"{value:.1f}" if figure.endswith("_h") else f"{value:.3f}" if abs(value) < 1 else number(value)
