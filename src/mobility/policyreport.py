"""Answers about standards, upgrades and policy as people read them in a terminal: tables that fit 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from mobility.report import foot, grid, hours, number, place_of, several, title

if TYPE_CHECKING:
    from mobility.compliance import Check, Closing, Compliance
    from mobility.policy import PolicyAnswer
    from mobility.uncertainty import Matter, Uncertainty
    from mobility.upgrades import BuildPlan, Coordination, Marginal, Robust, Upgrade


# ---- standards


def show_compliance(console: Console, answer: Compliance, gaps: bool = False, most: int = 30) -> None:
    """Print the shares of km that meet each requirement, what it costs to close the gaps and, if asked, the gaps."""
    net, asked = answer.net, answer.question
    console.print(Text(f"Compliance: {', '.join(asked['standard'])}", style="bold"))
    parts = [f"by {' and '.join(asked['by'])}"]
    parts += [f"corridor {', '.join(asked['corridors'])}"] if asked["corridors"] else []
    parts += [f"in {', '.join(asked['countries'])}"] if asked["countries"] else []
    parts += [f"at the start of {asked['year']}"] if asked["year"] else []
    console.print(Text("; ".join(parts), style="dim"))
    if answer.status != "ok":
        console.print("Nothing to compare.", style="bold red")
        foot(console, net, links=())
        return
    console.print(f"{answer.headline[0].upper()}{answer.headline[1:]}.", style="bold", highlight=False)
    frame = answer.to_frame()
    groups = list(dict.fromkeys(key[:-2] for key in frame.index))
    if len(groups) == 2:
        groups = groups[1:]  # all of it is the one that is left
    for mode in dict.fromkeys(key[-2] for key in frame.index):
        if len(groups) > 3:
            _matrix(console, answer, mode, groups)
        else:
            _shares(console, answer, mode, groups)
    if gaps:
        _gaps(console, answer, answer.gaps, most)
    _closing(console, answer.closing, gaps)
    notes = [
        "Shares are of all km, those not open too. ~ rests mainly on estimates, ? share that is not known.",
        "A road's legal axle limit says nothing of heavier axles: unknown. Bridge class 125 stands in for 130 t.",
    ]
    foot(console, net, notes, [c.item for c in answer.checks])


def _name(group: Sequence[str]) -> str:
    return " ".join(group) or "all"


def _matrix(console: Console, answer: Compliance, mode: str, groups: Sequence[tuple[str, ...]]) -> None:
    """Print one row per group and one column per requirement."""
    frame = answer.to_frame()
    asked = [r for r in answer.requirements if (r.mode or "") == mode or (not mode and not r.mode)]
    if not asked:
        return
    columns = [("all", "all")] if any(r.table == "links" for r in asked) else []
    columns += [(r.parameter, r.words) for r in asked]
    heads = [(words.replace(" ", "\n").replace("-", "-\n"), "right") for _, words in columns]
    table = grid((mode or "state", "wrap"), (asked[0].counts, "right"), *heads)
    for group in groups:
        rows = [frame.loc[(*group, mode, k)] if (*group, mode, k) in frame.index else None for k, _ in columns]
        if any(row is not None for row in rows):
            first = next(row for row in rows if row is not None)
            table.add_row(_name(group), number(float(first["amount"])), *map(_cell, rows))
    console.print(table)


def _cell(row: Any) -> str:
    """Return the share that meets, and what is not known."""
    if row is None or not row["amount"]:
        return "-"
    doubt = row["unknown"] / row["amount"]
    mark = "~" if row["estimated"] > 0.5 * row["amount"] else ""
    return f"{mark}{row['share']:.0%}" + (f" {doubt:.0%}?" if doubt >= 0.005 else "")


def _shares(console: Console, answer: Compliance, mode: str, groups: Sequence[tuple[str, ...]]) -> None:
    """Print one row per requirement, with all verdicts."""
    frame = answer.to_frame()
    needed = {r.parameter: (r.words, r.text) for r in answer.requirements}
    for group in groups:
        keys = [k for k in frame.index if k[:-1] == (*group, mode)]
        if not keys:
            continue
        table = grid(
            (" ".join(filter(None, [_name(group), mode])), "left"), ("needed", "left"), ("of", "right"), ("", "left"),
            ("meets", "right"), ("unknown", "right"), ("short", "right"), ("not open", "right"), ("est.", "right"),
        )  # fmt: skip
        for key in keys:
            row = frame.loc[key]
            words, text = needed.get(key[-1], ("all of these", ""))
            of = max(float(row["amount"]), 1e-9)
            parts = [f"{row[k] / of:.0%}" for k in ("meets", "unknown", "short", "not_open", "estimated")]
            table.add_row(words, text, number(float(row["amount"])), row["unit"], *parts)
        console.print(table)


def _gaps(console: Console, answer: Compliance, gaps: Sequence[Check], most: int) -> None:
    """Print the gaps by link, longest first, with the projects that close them."""
    net, of = answer.net, {r.parameter: r for r in answer.requirements}
    by: dict[str, list[Check]] = {}
    for c in gaps:
        by.setdefault(c.item, []).append(c)
    console.print(f"Gaps, {len(gaps):,} on {several(len(by), 'link')}:", style="bold", highlight=False)
    table = grid(
        ("link", "left"), ("where", "wrap"), ("km", "right"), ("is, and what is asked", "wrap"), ("closed by", "wrap")
    )  # fmt: skip
    for item, found in list(by.items())[:most]:
        where = place_of(net, item).rpartition(" (")[0] if item in net.link_index else ""
        where = net.name(item.partition(":")[2]) if ":" in item else where
        words = "; ".join(_gap(c, of[c.parameter].words if c.parameter in of else "") for c in found)
        projects = " ".join(dict.fromkeys(p for c in found for p in c.projects))
        label, km = item.partition(":")[0] if ":" in item else item, found[0].length_km
        table.add_row(label, where, number(km) if km else "", words, projects)
    console.print(table)
    if len(by) > most:
        console.print(f"… and {len(by) - most:,} more (--format csv lists all)", style="dim", highlight=False)


def _gap(c: Check, words: str) -> str:
    """Return a gap in words: what is there, and what is asked."""
    if c.column == "status":
        return f"{c.value}{f', {c.note}' if c.note else ''}".replace("_", " ")
    value = f"{c.value:g}" if isinstance(c.value, float) else c.value or "?"
    mark = "~" if c.estimated else ""
    if c.column == "electrified":
        return "not electrified" if c.value == 0.0 else "electrification unknown"
    return f"{words} {'unknown, ' if c.verdict == 'unknown' else ''}{mark}{value} ({c.required})"


def _closing(console: Console, closing: Closing, projects: bool) -> None:
    """Print what it costs to close what a project closes."""
    if not closing.projects:
        console.print(f"To close: no project lifts any of the {several(closing.left, 'gap')}.", highlight=False)
        return
    price = f"{closing.cost_meur:,.0f} MEUR"
    more = f" and {len(closing.uncosted)} without a public cost" if closing.uncosted else ""
    console.print(
        f"To close {several(closing.closed, 'gap')}: {several(len(closing.projects), 'project')}, {price}{more}. "
        f"No project alone closes the other {closing.left:,}.",
        highlight=False,
    )
    if not projects and len(closing.projects) > 12:
        return
    table = grid(
        ("project", "left"), ("", "wrap"), ("MEUR", "right"), ("year", "right"), ("gaps", "right"), ("km", "right")
    )
    for p in closing.projects:
        cost = "not public" if p.cost_meur is None else f"{p.cost_meur:,.0f}"
        table.add_row(p.upgrade_id, p.name, cost, str(p.year or "-"), str(p.gaps), number(p.km))
    console.print(table)


# ---- how sure an answer is


def show_uncertainty(console: Console, answer: Uncertainty, most: int = 12) -> None:
    """Print the interval of an answer, and the unknowns that matter most."""
    net, asked = answer.net, answer.question
    title(console, net, asked, f"Uncertainty of the {answer.measure}")
    if answer.status != "ok":
        console.print("No route, whatever the estimates are.", style="bold red")
        foot(console, net, links=())
        return
    at = answer.interval
    console.print(f"As stated {_value(answer, answer.point)}.", style="bold", highlight=False)
    table = grid(*[(k, "right") for k in ("P5", "P50", "P90", "P95", "mean", "sd")])
    table.add_row(*(_value(answer, x) for x in (at.p5, at.p50, at.p90, at.p95, at.mean, at.sd)))
    console.print(table)
    text = f"{answer.runs:,} samples of {answer.unknowns:,} unknowns, {_words(asked)}."
    if answer.no_route_share:
        text += f" No route in {answer.no_route_share:.1%} of them."
    if answer.predictability_h is not None:
        text += f" P90 less P50: {answer.predictability_h:.1f} h."
    console.print(text, highlight=False)
    sure = [m for m in answer.groups if m.certain]
    if not answer.groups:
        console.print("Nothing on the way is an estimate.", highlight=False)
    elif not sure:
        console.print("No group of unknowns stands out from chance; take more samples.", highlight=False)
    else:
        heading = f"What matters most, share of the variance of {answer.variance_of}:"
        console.print(heading, style="bold", highlight=False)
        _matters(console, answer, sure[:most])
        if len(sure) > most:
            console.print(f"… and {len(sure) - most} more (--format json lists all)", style="dim")
    single = [m for m in answer.items if m.certain and m.kind == "estimate"]
    if single:
        console.print("To be surveyed first, each erring by itself:", style="bold", highlight=False)
        _matters(console, answer, single[:most])
    notes = [
        "at 5 %, 95 %: the answer with these unknowns at that end of their range and all else as stated. "
        "* varies from day to day; no survey settles it."
    ]
    foot(console, net, notes, [x for m in (*sure[:most], *single[:most]) for x in m.items])


def _words(asked: Any) -> str:
    together = f"those of one column, mode and {asked['group']} err together"
    return f"{asked['shape']}, {together if asked['dependence'] == 'common' else 'each by itself'}"


def _value(answer: Uncertainty, value: float | None) -> str:
    if value is None:
        return "no route"
    return f"{value:,.1f} h" if answer.unit == "h" else f"{value:,.0f}"


def _matters(console: Console, answer: Uncertainty, matters: Sequence[Matter]) -> None:
    table = grid(
        ("unknown", "wrap"), ("where", "wrap"), ("", "right"), ("share", "right"), ("±", "right"), ("at 5 %", "right"),
        ("at 95 %", "right"),
    )  # fmt: skip
    from mobility.uncertainty import COLUMN_WORDS

    net = answer.net
    for m in matters:
        single = len(m.items) == 1
        name = m.items[0] if single and m.items[0] in net.link_index else ""
        where = place_of(net, m.items[0]) if single and not m.items[0].startswith("share") and ":" in m.items[0] else ""
        where = place_of(net, name).rpartition(" (")[0] if name else where or " ".join(m.where)
        columns = ", ".join(COLUMN_WORDS.get(c, c.replace("_", " ")) for c in m.columns[:2])
        words = " ".join(filter(None, [name, columns, "" if name else " ".join(m.modes[:1])]))
        words += "*" if m.kind == "varies" else ""
        table.add_row(
            words, where, str(m.unknowns), f"{m.variance_share:.0%}", f"{m.error:.0%}", _value(answer, m.low_end),
            _value(answer, m.high_end),
        )  # fmt: skip
    console.print(table)


# ---- upgrades


_GOALS = {
    "throughput": "most vehicles a day", "time": "fastest route", "closure": "earliest closure",
    "reliability": "surest connection", "worst-case": "most left by the worst loss",
}  # fmt: skip


def _upgrade_title(console: Console, answer: Upgrade | BuildPlan | Coordination | Robust, budget: str) -> None:
    title(console, answer.net, answer.question, f"Upgrades, {_GOALS[answer.objective]}, {budget}")


def _short(objective: str, value: float | None) -> str:
    """Return a value without its unit."""
    if value is None:
        return "no route"
    if objective in ("time", "closure"):
        return f"{value:,.1f}"
    return f"{value:.4f}" if objective == "reliability" else f"{value:,.0f}"


def _more(objective: str, gain: float | None, opens: bool = False) -> str:
    """Return a gain with its sign."""
    if gain is None:
        return "opens it" if opens else "-"
    near = 1e-9 if objective == "reliability" else 1e-3
    if abs(gain) < near:
        return "0"
    return f"{gain:+.4f}" if objective == "reliability" else f"{gain:+,.1f}" if abs(gain) < 100 else f"{gain:+,.0f}"


def _money(cost: float | None, estimated: bool = False) -> str:
    return "not public" if cost is None else f"{'~' if estimated else ''}{number(cost)}"


def _gained(objective: str) -> str:
    return {"time": "h saved", "closure": "h earlier", "reliability": "gain"}.get(objective, "veh/day")


def show_upgrade(console: Console, answer: Upgrade, most: int = 25) -> None:
    """Print the best set, what more money buys and, if asked, what each project is worth."""
    _upgrade_title(console, answer, f"{answer.budget:,.0f} M EUR")
    style = "bold" if answer.status == "ok" else "bold red"
    console.print(answer.reason, style=style, highlight=False)
    if answer.chosen:
        table = grid(("chosen", "left"), ("project", "wrap"), ("M EUR", "right"), ("year", "right"), ("state", "left"))
        for one in answer.chosen:
            p = answer.projects[one]
            where = " ".join(p.countries)
            assumed = float(answer.question["uncosted"]) if p.cost_meur is None else None
            cost = f"{number(assumed)}?" if assumed is not None else _money(p.cost_meur, p.cost_estimated)
            table.add_row(one, p.name, cost, str(p.year or "-"), where)
        table.add_row("", "together", number(answer.cost_meur), "", "")
        console.print(table)
    if not answer.proven:
        bound = (
            "nothing bounds it"
            if answer.bound is None
            else f"no set does better than {_short(answer.objective, answer.bound)}"
        )
        console.print(f"Not proven to be best: {bound}.", style="yellow", highlight=False)
    elif answer.chosen:
        console.print("Proven: no set within the budget does better.", highlight=False)
    if len(answer.frontier) > 1:
        console.print(Text("What more money buys", style="bold"))
        table = grid(("M EUR", "right"), (answer.unit, "right"), ("projects", "wrap"))
        for step in answer.frontier:
            table.add_row(number(step.cost_meur), _short(answer.objective, step.value), " ".join(step.chosen) or "-")
        console.print(table)
    if answer.cut:
        console.print(f"Minimum cut then: {', '.join(place_of(answer.net, x) for x in answer.cut[:8])}", style="dim")
    if answer.marginals:
        _show_marginals(console, answer, most)
    if answer.interactions:
        console.print(Text("Worth more (or less) together than one by one", style="bold"))
        table = grid(("pair", "left"), ("together", "right"), ("one by one", "right"), ("", "left"))
        for i in answer.interactions[:most]:
            joint = _more(answer.objective, i.joint, opens=True)
            table.add_row(" + ".join(i.pair), joint, _more(answer.objective, i.apart), i.relation)
        console.print(table)
        if len(answer.interactions) > most:
            console.print(f"... and {len(answer.interactions) - most} more pairs; --format json has all.", style="dim")
    notes = ["~ estimate; M EUR as announced, of different years and scopes. The effects are set in upgrades.csv."]
    if answer.uncosted:
        text = f"Without a public cost, so not chosen: {', '.join(answer.uncosted)} (--uncosted assume=M)."
        notes.append(text if answer.question["uncosted"] == "exclude" else text.replace("so not chosen", "? assumed"))
    if answer.idle:
        notes.append(f"{several(len(answer.idle), 'project')} of the table change nothing here.")
    links = [k for one in answer.chosen for k, _ in answer.projects[one].links]
    foot(console, answer.net, notes, links)


def _show_marginals(console: Console, answer: Upgrade, most: int) -> None:
    """Print what each project is worth, without those that are worth nothing in any order."""
    console.print(Text(f"What each is worth, {_gained(answer.objective)}", style="bold"))
    own = any(m.shapley is not None for m in answer.marginals)
    some = any(m.chosen for m in answer.marginals)
    table = grid(
        ("", "left"), ("project", "left"), ("M EUR", "right"), ("alone", "right"), ("with needs", "right"),
        ("last", "right"), *([("of chosen", "right")] if some else []), *([("Shapley", "right")] if own else []),
    )  # fmt: skip

    def counts(m: Marginal) -> bool:
        gains = (m.alone, m.first, m.last)
        return m.chosen or m.alone_opens or m.last_opens or any(x is None or abs(x) > 1e-9 for x in gains)

    worth = [m for m in answer.marginals if counts(m)]
    longest = max((len(m.upgrade_id) + m.chosen for m in worth[:most]), default=5)
    room = max(6, 31 - 10 * (own + some) + 4 * some - max(0, longest - 5))
    for m in worth[:most]:
        cost = "decision" if m.procedure else _money(m.cost_meur)
        cells = [
            f"{'*' if m.chosen else ''}{m.upgrade_id}",
            m.name if len(m.name) <= room else f"{m.name[: room - 1]}…", cost,
            _more(answer.objective, m.alone, m.alone_opens), _more(answer.objective, m.first, True),
            _more(answer.objective, m.last, m.last_opens),
        ]  # fmt: skip
        cells += [_more(answer.objective, m.dropped, m.dropped_cuts) if m.chosen else ""] if some else []
        table.add_row(*cells, *([_more(answer.objective, m.shapley)] if own else []))
    if worth:
        console.print(table)
    rest = len(answer.marginals) - len(worth)
    text = "* chosen. Last, of chosen: what is lost if it alone is left out of all, of the chosen set. "
    text += f"{len(worth) - most} more are worth less. " if len(worth) > most else ""
    console.print(f"{text}{rest} are worth nothing in any of these orders.", style="dim", highlight=False)


def show_sequence(console: Console, answer: BuildPlan) -> None:
    """Print which project opens in which year, and what each year pays."""
    total = sum(y.budget_meur for y in answer.years)
    _upgrade_title(console, answer, f"{total:,.0f} M EUR over {several(len(answer.years), 'year')}")
    table = grid(("year", "right"), ("budget", "right"), ("paid", "right"), (answer.unit, "right"), ("opens", "wrap"))
    for y in answer.years:
        table.add_row(
            str(y.year), number(y.budget_meur), number(y.paid_meur), _short(answer.objective, y.value),
            ", ".join(f"{p} {answer.projects[p].name}" for p in y.opened),
        )  # fmt: skip
    console.print(table)
    words = "the best last year" if answer.goal == "final" else "the best sum over the years"
    proof = "proven" if answer.proven else "not proven"
    if not answer.proven and answer.bound is not None:
        reached = answer.years[-1].value if answer.goal == "final" else answer.total
        proof += f": {_short(answer.objective, reached)} against a bound of {_short(answer.objective, answer.bound)}"
    console.print(f"Before: {_short(answer.objective, answer.base)}. This is {words}, {proof}.", highlight=False)
    notes = ["A project opens in the year of its last instalment, not before its own year; what is left pays ahead."]
    foot(console, answer.net, notes, [])


def show_coordination(console: Console, answer: Coordination) -> None:
    """Print what states do with their own money, and what one pot does."""
    _upgrade_title(console, answer, f"{answer.budget:,.0f} M EUR")
    table = grid(("state", "left"), ("M EUR", "right"), ("builds for itself", "wrap"), ("knowing the others", "wrap"),
                 ("its projects", "wrap"))  # fmt: skip
    for s in answer.states:
        own = " ".join(s.projects)
        table.add_row(
            s.country, number(s.budget_meur), " ".join(s.alone) or "-", " ".join(s.informed) or "-", own or "-"
        )
    console.print(table)
    rows = (
        ("as it is", answer.base, ""), ("national budgets", answer.national, ""),
        ("national, informed", answer.informed, ""), ("one common pot", answer.common, " ".join(answer.common_chosen)),
    )  # fmt: skip
    table = grid(("", "left"), (answer.unit, "right"), ("", "wrap"))
    for name, value, what in rows:
        table.add_row(name, _short(answer.objective, value), what)
    console.print(table)
    if answer.gain is None:
        text = "Only together do they open the connection."
    elif abs(answer.gain) < 1e-6:
        text = "Acting together gains nothing here."
    else:
        text = f"Acting together gains {_more(answer.objective, answer.gain)} {_gained(answer.objective)}."
    console.print(text, style="bold", highlight=False)
    notes = (
        [f"Projects of several states, which no state builds alone: {', '.join(answer.joint)}."] if answer.joint else []
    )
    foot(console, answer.net, notes, [])


def show_robust(console: Console, answer: Robust) -> None:
    """Print the sets for all scenarios together, and what they do in each."""
    _upgrade_title(console, answer, f"{answer.budget:,.0f} M EUR, {several(len(answer.cases), 'case')}")
    chosen = (("best on average", answer.expected_chosen, answer.expected_cost_meur),
              ("least regret", answer.regret_chosen, answer.regret_cost_meur))  # fmt: skip
    for name, ids, cost in chosen:
        console.print(f"{name}: {', '.join(ids) or 'nothing'} ({number(cost)} M EUR)", style="bold", highlight=False)
    table = grid(
        ("case", "wrap"), ("weight", "right"), ("as is", "right"), ("average", "right"), ("regret", "right"),
        ("its best", "right"), ("with", "wrap"),
    )  # fmt: skip
    for c in answer.cases:
        values = (_short(answer.objective, v) for v in (c.base, c.expected, c.regret, c.best))
        table.add_row(c.name, f"{c.weight:.0%}", *values, " ".join(c.chosen) or "-")
    console.print(table)
    if answer.greatest_regret < 1e5:
        console.print(
            f"Greatest regret: {_short(answer.objective, answer.greatest_regret)} {answer.unit}.", highlight=False
        )
    if not answer.proven:
        console.print("Not proven to be best: the time was not enough.", style="yellow")
    foot(console, answer.net, ["average, regret: the case under the set that is best on average, of least regret."], [])


# ---- policy


COLUMNS: Mapping[str, str] = {
    "adds": "still adds", "adds_share": "of alone", "binds": "binds", "clears_per_day": "cleared /day",
    "closure_alone_h": "if it alone joins", "closure_h": "closure", "days_to_clear": "days to clear",
    "extra_h": "longer", "first": "first", "flow_share": "flow", "gain": "gain", "in_hand_h": "in hand",
    "inland_per_day": "inland /day", "kept": "kept", "last": "last", "lead_h": "lead", "lead_joined_h": "if joined",
    "leaves_per_day": "leave /day", "length_km": "km", "link_disjoint": "disjoint", "lost_if_out_h": "lost if out",
    "lower_bound_h": "at least", "moving_h": "moving", "one_more_h": "one more", "open_km": "open km",
    "p50_h": "P50", "p90_h": "P90", "saved_alone_h": "saved alone", "saved_h": "saved", "shapley_h": "Shapley",
    "shapley": "Shapley", "stated_h": "stated", "time_h": "fastest", "vehicles_per_day": "veh/day",
}  # fmt: skip
"""Headings of the columns of an answer, where the name of the column is none."""

LEFT_OUT = {"name", "size", "together", "gain", "relation", "lead_joined_h"}
"""Columns that are left to the data: another says as much, or they would not fit."""

SHARES = {"share", "kept", "flow_share", "adds_share"}


def show_policy(console: Console, answer: PolicyAnswer) -> None:
    """Print a question of policy: the answer in a sentence, the table, and what is assumed."""
    net = answer.net
    console.print(Text(answer.asks, style="bold"))
    title(console, net, answer.question, "Between")
    console.print(Text(f"{answer.headline[:1].upper()}{answer.headline[1:]}.", style="bold"))
    if answer.rows:
        first = answer.rows[0]
        kept = [k for k in first if k not in LEFT_OUT]
        right = {k: any(isinstance(r[k], int | float) for r in answer.rows) for k in kept}
        table = grid(*[(heading_of(k), "right" if right[k] else "wrap") for k in kept])
        for row in answer.rows:
            table.add_row(*(cell_words(k, row) for k in kept))
        console.print(table)
    for line in answer.findings:
        console.print(line, highlight=False)
    console.print(Text("Assumed", style="bold"))
    for line in answer.assumptions:
        console.print(f"- {line}", highlight=False)
    if answer.sources:
        console.print(Text(f"Sources: {'; '.join(answer.sources[:8])}", style="dim"))
    foot(console, net)


def heading_of(column: str) -> str:
    """Return the heading of a column of a question of policy."""
    return COLUMNS.get(column, column.replace("_alone", " alone").replace("_", " "))


def cell_words(column: str, row: Mapping[str, Any]) -> str:
    """Return a cell of the table of a question of policy as people read it."""
    value = row[column]
    if column == "state" and "name" in row:
        return str(row["name"])
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if column in SHARES:
        return f"{value:.0%}"
    return hours(value) if column.endswith("_h") else number(value) if value >= 1 else f"{value:.3g}"
