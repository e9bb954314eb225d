// The list beside the map: all that the map does by pointer it does by keyboard.
import { byId, h } from "./dom";
import { inkOn } from "./icons";
import { type Case, type Data, fold, type Link, type Place, type Row } from "./model";

export type Item =
  | { kind: "row"; key: string; row: Row; colour: string }
  | { kind: "link"; key: string; link: Link }
  | { kind: "node"; key: string; place: Place };

interface Entry {
  item: Item;
  text: string;
  button: HTMLButtonElement;
}

interface Tab {
  name: string;
  entries: Entry[];
  nodes: Node[];
}

/** A tab is filled when it is first looked at or searched in; most never are. */
interface Offer {
  name: string;
  count: number;
  make: () => Tab;
  made?: Tab;
}

const KINDS: Record<string, string> = {
  seaport: "sea port", intermodal_terminal: "terminal", border_crossing: "border crossing", rail_node: "rail node",
  road_node: "road node",
};

export function kindOf(kind: string): string {
  return KINDS[kind] ?? kind.replaceAll("_", " ");
}

export class List {
  private tabs: Offer[] = [];
  private open = 0;
  private current = "";
  private names = new Map<string, Place>();
  private readonly panel = byId("list");
  private readonly bar = byId("tabs");
  private readonly search = byId("search") as HTMLInputElement;

  constructor(
    private readonly data: Data, private readonly colourOf: (link: Link) => string,
    private readonly choose: (item: Item) => void, private readonly hint: (item: Item | null) => void,
  ) {
    this.names = new Map(data.nodes.map((n) => [n.id, n]));
    this.search.addEventListener("input", () => this.render());
    this.search.addEventListener("keydown", (e) => {
      if (e.key === "ArrowDown" || e.key === "Enter") {
        e.preventDefault();
        this.shown()[0]?.button.focus();
      }
    });
    this.panel.addEventListener("keydown", (e) => this.move(e));
    this.panel.addEventListener("focusin", (e) => this.hint(this.of(e.target)));
    this.panel.addEventListener("focusout", () => this.hint(null));
    this.panel.addEventListener("mouseover", (e) => this.hint(this.of(e.target)));
    this.panel.addEventListener("mouseleave", () => this.hint(null));
    this.bar.addEventListener("keydown", (e) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
      if (!step) return;
      e.preventDefault();
      this.show((this.open + step + this.tabs.length) % this.tabs.length);
      (this.bar.children[this.open] as HTMLElement).focus();
    });
  }

  title(link: Link, back = false): string {
    const [a, b] = [link.from, link.to].map((n) => this.names.get(n)?.name ?? n);
    return back ? `${b} – ${a}` : `${a} – ${b}`;
  }

  /** Fill the lists for a case; the tab stays open where it can. */
  fill(case_: Case, at: number): void {
    const result: Tab = { name: case_.kind === "Network" ? "Corridors" : "Result", entries: [], nodes: [] };
    case_.groups.forEach((group, g) => {
      result.nodes.push(h("h2", {}, group.heading));
      if (group.note) result.nodes.push(h("p", { class: "note" }, group.note));
      const list = h("ol", {});
      group.rows.forEach((row, i) => {
        const item: Item = { kind: "row", key: `row:${at}:${g}:${i}`, row, colour: row.colour };
        const tag = h("span", { class: "tag" }, row.badge);
        if (row.badge) {
          tag.style.background = row.colour || "#55636f";
          tag.style.color = inkOn(row.colour || "#55636f");
        }
        const entry = this.entry(item, [row.name, row.note, row.value, ...row.links].join(" "), [
          tag, h("span", { class: "name" }, row.name), h("span", { class: "value" }, row.value),
          h("span", { class: "more" }, row.note),
        ]);
        result.entries.push(entry);
        list.append(h("li", {}, entry.button));
      });
      result.nodes.push(list);
    });
    const absent = new Set(case_.absent);
    const kept = this.data.links.filter((l) => !absent.has(l.id));
    const links = (): Tab => this.flat("Links", kept.map((link) => {
      const mark = h("span", { class: `line ${link.mode}` });
      mark.style.setProperty("--colour", this.colourOf(link));
      const km = `${Math.round(link.km)} km`;
      const more = [link.mode, link.corridors.join(", "), link.status === "operational" ? "" : link.status.replaceAll("_", " ")];
      return this.entry({ kind: "link", key: `link:${link.id}`, link }, [link.id, link.name, this.title(link), ...more].join(" "), [
        mark, h("span", { class: "name" }, this.title(link)), h("span", { class: "value" }, km),
        h("span", { class: "more" }, more.filter(Boolean).join(" · ")),
      ]);
    }));
    const places = (): Tab => this.flat("Places", this.data.nodes.map((place) =>
      this.entry({ kind: "node", key: `node:${place.id}`, place }, [place.id, place.name, place.country, kindOf(place.kind)].join(" "), [
        h("span", { class: `sign ${place.kind}` }), h("span", { class: "name" }, place.name),
        h("span", { class: "value" }, place.country), h("span", { class: "more" }, kindOf(place.kind)),
      ])));
    this.tabs = [
      ...(result.entries.length ? [{ name: result.name, count: result.entries.length, make: () => result, made: result }] : []),
      { name: "Links", count: kept.length, make: links },
      { name: "Places", count: this.data.nodes.length, make: places },
    ];
    this.show(Math.min(this.open, this.tabs.length - 1));
  }

  private made(tab: number): Tab | undefined {
    const offer = this.tabs[tab];
    return offer && (offer.made ??= offer.make());
  }

  private flat(name: string, entries: Entry[]): Tab {
    return { name, entries, nodes: [h("ol", {}, ...entries.map((e) => h("li", {}, e.button)))] };
  }

  private entry(item: Item, text: string, parts: Node[]): Entry {
    const button = h("button", { type: "button", class: "row", tabindex: "-1", "data-key": item.key }, ...parts);
    button.addEventListener("click", () => this.choose(item));
    return { item, text: fold(text), button };
  }

  private show(tab: number): void {
    this.open = tab;
    this.bar.replaceChildren(...this.tabs.map((t, i) => {
      const on = i === tab;
      const button = h("button", {
        type: "button", role: "tab", id: `tab${i}`, "aria-selected": on ? "true" : "false", "aria-controls": "list",
        tabindex: on ? "0" : "-1",
      }, t.name, " ", h("span", { class: "count" }));
      button.addEventListener("click", () => this.show(i));
      return button;
    }));
    this.panel.setAttribute("aria-labelledby", `tab${tab}`);
    this.panel.replaceChildren(...(this.made(tab)?.nodes ?? []));
    this.panel.scrollTop = 0;
    if (this.current) this.mark(this.current);
    this.render();
  }

  /** Show what the search lets through, and how many that are on each tab. */
  private render(): void {
    const words = fold(this.search.value).split(/\s+/).filter(Boolean);
    this.tabs.forEach((offer, i) => {
      let count = 0;
      const entries = words.length || offer.made ? this.made(i)?.entries : undefined;
      if (!entries) count = offer.count;
      for (const { button, text } of entries ?? []) {
        const on = words.every((w) => text.includes(w));
        (button.parentElement as HTMLElement).hidden = !on;
        count += Number(on);
      }
      const label = this.bar.children[i]?.querySelector(".count");
      if (label) label.textContent = String(count);
    });
    this.panel.querySelector(".nothing")?.remove();
    if (!this.shown().length) this.panel.append(h("p", { class: "note nothing" }, "Nothing here fits the search."));
    this.rove();
  }

  private shown(): Entry[] {
    return (this.made(this.open)?.entries ?? []).filter((e) => !e.button.parentElement?.hidden);
  }

  /** One entry can be reached by the tabulator key, the rest by arrows. */
  private rove(): void {
    const shown = this.shown();
    const focus = shown.find((e) => e.item.key === this.current) ?? shown[0];
    for (const e of this.made(this.open)?.entries ?? []) e.button.tabIndex = e === focus ? 0 : -1;
  }

  private move(e: KeyboardEvent): void {
    const shown = this.shown();
    const at = shown.findIndex((entry) => entry.button === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10, Home: 0, End: shown.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    if (to < 0 && at === 0) {
      this.search.focus();
      return;
    }
    const next = shown[Math.max(0, Math.min(shown.length - 1, to))];
    if (!next) return;
    this.current = next.item.key;
    this.rove();
    next.button.focus();
    next.button.scrollIntoView({ block: "nearest" });
  }

  private of(target: EventTarget | null): Item | null {
    const key = target instanceof Element ? target.closest<HTMLElement>(".row")?.dataset.key : undefined;
    return key ? (this.made(this.open)?.entries.find((e) => e.item.key === key)?.item ?? null) : null;
  }

  /** Mark what is chosen, wherever it was chosen. */
  mark(key: string): void {
    this.current = key;
    for (const tab of this.tabs) {
      for (const { item, button } of tab.made?.entries ?? []) {
        if (item.key === key) button.setAttribute("aria-current", "true");
        else button.removeAttribute("aria-current");
      }
    }
    this.rove();
  }

  /** Mark the rows of the first group that carry at the hour. */
  carrying(rows: Set<number> | null): void {
    for (const { item, button } of this.tabs[0]?.made?.entries ?? []) {
      const [, , group, row] = item.key.split(":");
      button.classList.toggle("busy", item.kind === "row" && group === "0" && !!rows?.has(Number(row)));
    }
  }

  focus(): void {
    const shown = this.shown();
    (shown.find((e) => e.item.key === this.current) ?? shown[0])?.button.focus();
  }
}
