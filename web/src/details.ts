// What is known of a link, a place or a row: value, unit, basis, confidence and source.
import { byId, h, short, whole } from "./dom";
import { type Item, kindOf, type List } from "./list";
import { type Attribute, type Case, type Data, type Link, type Place } from "./model";
import { stateOf } from "./scene";

function words(column: string): string {
  return column.replace(/_(km|h|kmh|t|m|mm|meur|permille|v|w)$/, "").replaceAll("_", " ");
}

function level(name: string): HTMLElement {
  return h("span", { class: `level ${name || "none"}` }, name ? `${name} confidence` : "confidence not stated");
}

function number(value: number | string): string {
  return typeof value === "number" ? short.format(value) : value;
}

/** What the lines of a link stand for in a case. */
export function told(case_: Case, link: string): string {
  return [...new Set(case_.lines.filter((l) => l.link === link).map((l) => l.words))].filter(Boolean).join("; ");
}

/** Which links of a way are passed against the direction in which the table has them. */
function along(links: Link[]): boolean[] {
  let here = "";
  return links.map((link, i) => {
    const next = links[i + 1];
    const start = here || (next && [next.from, next.to].includes(link.from) ? link.to : link.from);
    const back = start === link.to;
    here = start === link.from ? link.to : back ? link.from : "";
    return back;
  });
}

export class Details {
  private readonly box = byId("details");

  constructor(
    private readonly data: Data, private readonly list: List, private readonly chooseLink: (id: string) => void,
    private readonly close: () => void,
  ) {
    this.box.addEventListener("keydown", (e) => {
      if (e.key === "Escape") this.close();
    });
  }

  hide(): void {
    this.box.hidden = true;
    this.box.replaceChildren();
  }

  show(item: Item, case_: Case): void {
    const button = h("button", { type: "button", class: "close", "aria-label": "Close details" }, "×");
    button.addEventListener("click", this.close);
    const parts =
      item.kind === "link" ? this.link(item.link, case_) : item.kind === "node" ? this.place(item.place) : this.row(item, case_);
    this.box.replaceChildren(button, ...parts);
    this.box.hidden = false;
    this.box.scrollTop = 0;
  }

  private heading(title: string, under: string): HTMLElement[] {
    return [h("h2", {}, title), h("p", { class: "under" }, under)];
  }

  /** Attributes with their ground; the source that most of them share is told once. */
  private attributes(rows: Attribute[], caption: string): HTMLElement[] {
    const uses = new Map<number, number>();
    for (const row of rows) uses.set(row[6], (uses.get(row[6]) ?? 0) + 1);
    const [most] = [...uses].sort((a, b) => b[1] - a[1])[0] ?? [-1];
    const body = rows.map(([column, value, basis, low, high, confidence, source, of]) => {
      const name = this.data.strings[column] ?? "";
      const [unit, meaning] = this.data.columns[name] ?? ["", ""];
      const range = low === null || high === null ? "" : ` (${short.format(low)} to ${short.format(high)})`;
      const origin = source === most ? "" : (this.data.strings[source] ?? "");
      const label = of === undefined ? words(name) : `${words(name)}${this.data.strings[of] ? `, ${this.data.strings[of]}` : ""}`;
      const long = typeof value === "string" && value.length > 60;
      return h("tr", {},
        h("th", { scope: "row", title: meaning }, label),
        h("td", {},
          h("strong", { class: long ? "long" : false }, `${number(value)}${unit ? ` ${unit}` : ""}`), range,
          h("span", { class: "ground" },
            h("span", { class: `basis ${this.data.bases[basis]}` }, this.data.bases[basis] ?? ""),
            level(this.data.levels[confidence] ?? ""), origin && h("span", { class: "source" }, origin))));
    });
    const shared = this.data.strings[most] ?? "";
    return [
      h("table", {}, h("caption", { class: "unseen" }, caption), h("tbody", {}, ...body)),
      ...(shared ? [h("p", { class: "ground" }, `Source, where none is named: ${shared}`)] : []),
    ];
  }

  private link(link: Link, case_: Case): HTMLElement[] {
    const state = case_.changes[link.id];
    const { status, opens } = stateOf(case_, link);
    const drawn = told(case_, link.id);
    const course = {
      traced: "drawn along its course", joined: "drawn along its course, a gap closed", lane: "drawn along a sea lane",
      river: "drawn along the river", schematic: "drawn between towns", straight: "drawn straight",
    }[link.how] ?? link.how;
    const under = [link.id, link.mode, link.corridors.length ? `corridor ${link.corridors.join(", ")}` : "", `${whole.format(link.km)} km`];
    const opening = opens ? `, open from ${opens}` : "";
    return [
      ...this.heading(this.list.title(link), under.filter(Boolean).join(" · ")),
      ...(link.name ? [h("p", {}, link.name)] : []),
      h("p", {}, h("strong", {}, status.replaceAll("_", " ")), `${opening}; ${course}`),
      ...(drawn ? [h("p", { class: "here" }, `Here: ${drawn}`)] : []),
      ...this.attributes(state?.attributes ?? link.attributes, `Attributes of ${link.id}`),
    ];
  }

  private place(place: Place): HTMLElement[] {
    const at = `${place.at[1].toFixed(2)}° N, ${place.at[0].toFixed(2)}° E`;
    const links = this.data.links.filter((l) => l.from === place.id || l.to === place.id);
    return [
      ...this.heading(place.name, [place.id, kindOf(place.kind), place.country, at].filter(Boolean).join(" · ")),
      h("p", { class: "ground" }, level(place.confidence), h("span", { class: "source" }, this.data.strings[place.source] ?? "")),
      ...(place.attributes.length ? this.attributes(place.attributes, `Attributes of ${place.id}`) : []),
      ...this.links("Links that meet here", links),
    ];
  }

  private row(item: Item & { kind: "row" }, case_: Case): HTMLElement[] {
    const { row } = item;
    const known = new Map(this.data.links.map((l) => [l.id, l]));
    const links = row.links.map((l) => known.get(l)).filter((l) => !!l);
    const facts = row.facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]);
    return [
      ...this.heading(row.name, [row.badge && `${case_.kind === "Routes" ? "Route " : "No. "}${row.badge}`, row.value, row.note].filter(Boolean).join(" · ")),
      ...(facts.length ? [h("dl", {}, ...facts)] : []),
      ...this.links("Links, in order", links),
    ];
  }

  private links(heading: string, links: Link[]): HTMLElement[] {
    if (!links.length) return [];
    const turned = along(links);
    const items = links.map((l, i) => {
      const button = h("button", { type: "button", class: "leg" }, this.list.title(l, turned[i]), h("span", { class: "more" }, `${l.mode} · ${Math.round(l.km)} km · ${l.id}`));
      button.addEventListener("click", () => this.chooseLink(l.id));
      return h("li", {}, button);
    });
    return [h("h3", {}, heading), h("ol", { class: "legs" }, ...items)];
  }
}
