// The page: title, cases, figures, time, list, map, layers, legend. State lives here; parts tell what was chosen.
import "./style.css";
import { Details, told } from "./details";
import { byId, h, s } from "./dom";
import { badge, signs, toUrl } from "./icons";
import { type Item, kindOf, List } from "./list";
import { MapView, type Target, type View } from "./mapview";
import { type Case, type Key, type Link, OPEN, read } from "./model";
import { type Choice, FAINT, IDLE, OTHER, scene, SHUT, stateOf } from "./scene";
import { StillView } from "./still";
import { Time } from "./time";

const data = read();
const links = new Map(data.links.map((l) => [l.id, l]));
const nodes = new Map(data.nodes.map((n) => [n.id, n]));
const modes = ["road", "rail", "sea", "waterway"].filter((m) => data.links.some((l) => l.mode === m));
const families = Object.keys(data.families).filter((f) => data.links.some((l) => l.families.includes(f)));
const choice: Choice = {
  at: 0, time: null, modes: new Set(modes), families: new Set([...families, OTHER]), places: true, crossings: true, weak: false,
};
let chosen: Item | null = null;

function current(): Case {
  const found = data.cases[choice.at];
  if (!found) throw new Error("no case");
  return found;
}

function familyColour(link: Link): string {
  const [first] = link.families;
  return (first && data.families[first]) || (link.mode === "sea" ? "#6d8da1" : link.mode === "waterway" ? "#2f7fa8" : "#8a8f94");
}

function say(text: string): void {
  byId("live").textContent = text;
}

// ---- the parts

const list = new List(data, familyColour, (item) => choose(item), (item) => hint(item));
const details = new Details(data, list, (id) => {
  const link = links.get(id);
  if (link) choose({ kind: "link", key: `link:${id}`, link });
}, () => release());
const time = new Time(data, (at) => {
  choice.time = at;
  draw(false);
});
const picture = byId("still");
// the picture that came with the page shows at once; the map takes its place when it has drawn
let view: View = new StillView(picture);

function start(): void {
  try {
    const made = new MapView(byId("map"), data, fromMap, tip, () => {
      document.body.dataset.view = "map";
    });
    (window as unknown as { map: unknown }).map = made.map;
    window.addEventListener("beforeprint", () => {
      const image = byId("print") as HTMLImageElement;
      image.src = made.picture();
      image.alt = data.title;
      image.hidden = false;
    });
    view = made;
    draw(true);
  } catch {
    byId("map").hidden = true;
    byId("apology").hidden = false;
    document.body.dataset.view = "still";
  }
}

function parts(item: Item | null): [string[], string[]] {
  if (!item) return [[], []];
  if (item.kind === "link") return [[item.link.id], []];
  return item.kind === "node" ? [[], [item.place.id]] : [item.row.links, item.row.nodes];
}

function hint(item: Item | null): void {
  const [some, spots] = parts(item);
  view.hint(some, spots, item?.kind === "row" ? item.colour : "");
}

function choose(item: Item, fit = true): void {
  chosen = item;
  list.mark(item.key);
  const [some, spots] = parts(item);
  view.pick(some, spots, fit, item.kind === "row" ? item.colour : "");
  details.show(item, current());
  say(item.kind === "link" ? list.title(item.link) : item.kind === "node" ? item.place.name : `${item.row.name} ${item.row.value}`);
}

function release(): void {
  chosen = null;
  details.hide();
  list.mark("");
  view.pick([], [], false);
  list.focus();
}

function fromMap(target: Target): void {
  const link = links.get(target.id);
  const place = nodes.get(target.id);
  if (target.kind === "link" && link) choose({ kind: "link", key: `link:${link.id}`, link }, false);
  else if (place) choose({ kind: "node", key: `node:${place.id}`, place }, false);
}

function tip(target: Target | null, x: number, y: number): void {
  const box = byId("tip");
  box.hidden = !target;
  if (!target) return;
  const link = links.get(target.id);
  const place = nodes.get(target.id);
  if (target.kind === "link" && link) {
    const state = stateOf(current(), link);
    const own = told(current(), link.id);
    const rows = (current().changes[link.id]?.attributes ?? link.attributes)
      .filter(([c]) => ["capacity_veh_h", "capacity_trains_day", "capacity_sailings_day", "max_axle_t", "speed_kmh"].includes(data.strings[c] ?? ""))
      .map(([c, v, b]) => {
        const name = data.strings[c] ?? "";
        return h("span", {}, `${name.replace(/_.*/, "")} ${v} ${data.columns[name]?.[0] ?? ""} (${data.bases[b]})`);
      });
    box.replaceChildren(
      h("strong", {}, list.title(link)),
      h("span", {}, [link.mode, link.corridors.join(", "), `${Math.round(link.km)} km`].filter(Boolean).join(" · ")),
      state.status === OPEN ? "" : h("span", { class: "shut" }, state.status.replaceAll("_", " ")),
      own ? h("span", {}, own) : "", ...rows, h("em", {}, "Click for all, with sources"),
    );
  } else if (place) {
    box.replaceChildren(h("strong", {}, place.name), h("span", {}, `${kindOf(place.kind)} · ${place.country}`));
  }
  const wide = byId("stage").clientWidth;
  box.style.left = `${Math.min(x + 14, wide - 250)}px`;
  box.style.top = `${y + 14}px`;
}

// ---- drawing

function draw(fit: boolean): void {
  const made = scene(data, choice);
  view.show(made, choice, fit);
  list.carrying(made.carrying);
  if (chosen) {
    const [some, spots] = parts(chosen);
    view.pick(some, spots, false, chosen.kind === "row" ? chosen.colour : "");
  }
}

function open(at: number): void {
  choice.at = at;
  const case_ = current();
  byId("title").textContent = data.cases.length > 1 ? data.title : case_.title;
  byId("subtitle").textContent = data.cases.length > 1 ? `${case_.title}. ${case_.subtitle}` : case_.subtitle;
  byId("figures").replaceChildren(...case_.figures.map(([value, words]) =>
    h("p", {}, h("strong", {}, value), h("span", {}, words))));
  byId("notes").textContent = [case_.basis, data.caveat].filter(Boolean).join(" ");
  chosen = null;
  details.hide();
  list.fill(case_, at);
  choice.time = time.offer(case_);
  legend(case_);
  view.pick([], [], false);
  draw(true);
  say(`${case_.label}. ${case_.subtitle}`);
}

function switcher(): void {
  if (data.cases.length < 2) return;
  const options = data.cases.map((case_, i) => {
    const input = h("input", { type: "radio", name: "case", id: `case${i}`, value: i, checked: i === 0 });
    input.addEventListener("change", () => open(i));
    const [figure] = case_.figures;
    return h("label", { for: `case${i}` }, input, h("span", {}, case_.label), h("strong", {}, figure?.[0] ?? ""));
  });
  byId("cases").append(h("fieldset", {}, h("legend", {}, "Cases"), h("div", { class: "cases" }, ...options)));
}

function layers(): void {
  const box = (label: string, on: boolean, change: (on: boolean) => void, mark?: Element): HTMLElement => {
    const input = h("input", { type: "checkbox", checked: on });
    input.addEventListener("change", () => {
      change(input.checked);
      draw(false);
    });
    return h("label", {}, input, mark, label);
  };
  const flip = (set: Set<string>, name: string) => (on: boolean): void => {
    if (on) set.add(name);
    else set.delete(name);
  };
  const sample = (colour: string, mode: string): SVGSVGElement => swatch({ words: "", colour, width: 3, mode, status: OPEN, second: "", sign: "" });
  const corridors = [...families, OTHER].map((f) =>
    box(f === OTHER ? "Other" : `Corridor ${f}`, true, flip(choice.families, f), sample(data.families[f] ?? "#8a8f94", "road")));
  const kinds = modes.map((m) => box(m[0]?.toUpperCase() + m.slice(1), true, flip(choice.modes, m), sample("#3b4a57", m)));
  byId("layers").querySelector("div")?.append(
    h("fieldset", {}, h("legend", {}, "Corridors"), ...corridors),
    h("fieldset", {}, h("legend", {}, "Modes"), ...kinds),
    h("fieldset", {}, h("legend", {}, "Show"),
      box("Places", true, (on) => { choice.places = on; }), box("Border crossings", true, (on) => { choice.crossings = on; }),
      box("Pale where weakly sourced", false, (on) => { choice.weak = on; })),
  );
}

/** A piece of line as it is on the map. */
function swatch(key: Key): SVGSVGElement {
  const w = Math.max(1.4, key.width * 1.2);
  const line = (stroke: string, width: number, dash = ""): SVGElement =>
    s("line", { x1: 1, x2: 31, y1: 7, y2: 7, stroke, "stroke-width": width, "stroke-dasharray": dash || undefined });
  const inside = (dash = ""): SVGElement[] => [line(key.colour, w), line("#fff", w * 0.5, dash)];
  const shapes =
    key.second ? [line(key.colour, w), line(key.second, w, "8 8")]
    : key.status === "closed" ? [line(key.colour, w, "5 3")]
    : key.status === "under_construction" ? inside("4 4")
    : key.status !== OPEN ? inside()
    : key.mode === "rail" ? inside("4 4")
    : key.mode === "sea" ? [line(key.colour, w, "10 3 2 3")]
    : key.mode === "waterway" ? [line(key.colour, w, "14 2.5")]
    : [line(key.colour, w)];
  return s("svg", { viewBox: "0 0 32 14", class: "swatch", "aria-hidden": "true" }, ...shapes);
}

function legend(case_: Case): void {
  const pictures = signs();
  const entries = case_.legend.map((key) => {
    if (!key.colour && !key.sign) return h("h3", {}, key.words);
    const picture = pictures[key.sign] ?? badge(key.sign === "warning" ? "warning" : "cross", "", SHUT);
    const mark = key.sign ? h("img", { src: toUrl(picture), alt: "", class: "mark" }) : swatch(key);
    return h("p", {}, mark, key.words);
  });
  const own = (words: string, colour: string, width: number, status = OPEN): HTMLElement =>
    h("p", {}, swatch({ words, colour, width, mode: "road", status, second: "", sign: "" }), words);
  const rest = case_.course ? [h("h3", {}, "At the hour"), own("Carries nothing", IDLE, 3), own("Shut or narrowed", SHUT, 2.4, "closed")] : [];
  if (case_.kind !== "Network" && !case_.legend.some((k) => k.words.startsWith("Rest of"))) {
    rest.push(own("Rest of the network; not open: dashed", FAINT, 1));
  }
  byId("legend").querySelector("div")?.replaceChildren(...entries, ...rest);
}

function footer(): void {
  byId("origin").textContent = [`${data.data}.`, ...data.licences, data.kosovo, "Map projection: Web Mercator, drawn by MapLibre GL JS."]
    .filter(Boolean).join(" ");
  byId("save").addEventListener("click", () => {
    const text = JSON.stringify(data.cases.map(({ label, kind, answer }) => ({ label, kind, answer })), null, 1);
    const link = h("a", { href: URL.createObjectURL(new Blob([text], { type: "application/json" })), download: "answers.json" });
    link.click();
    URL.revokeObjectURL(link.href);
  });
}

document.addEventListener("keydown", (e) => {
  if (e.key === "Escape" && chosen && !(e.target instanceof HTMLInputElement)) release();
});

switcher();
layers();
footer();
open(0);
// after the first paint, so that the picture and the lists are there at once
requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(start)));
