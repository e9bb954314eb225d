// What is to be drawn, as plain values: a pure function of the data and of what is switched on.
import { type Case, type Data, type Line, type Link, OPEN, type State, WATER } from "./model";

export const FAINT = "#a9b0b6";
export const IDLE = "#b9c7d3";
export const SHUT = "#C1121F";
export const OTHER = "Other";

export interface Choice {
  at: number;
  /** Hour of a movement, or year of a network; null where there is no time. */
  time: number | null;
  modes: Set<string>;
  families: Set<string>;
  places: boolean;
  crossings: boolean;
  weak: boolean;
}

export interface Stroke {
  id: string;
  mode: string;
  colour: string;
  width: number;
  /** To the right of the line, which runs east. */
  offset: number;
  status: "open" | "building" | "hollow" | "closed";
  faint: boolean;
  level: number;
  pale: boolean;
  /** Colour of another corridor on the same link. */
  second: string;
  words: string;
}

export interface Scene {
  strokes: Stroke[];
  /** Links that are shut or narrowed at the hour. */
  shut: Set<string>;
  /** Rows of the first list that carry at the hour; null where there is no hour. */
  carrying: Set<number> | null;
}

export function stateOf(case_: Case, link: Link): State {
  return case_.changes[link.id] ?? link;
}

export function visible(link: Link, choice: Choice): boolean {
  const named = link.families.length ? link.families.some((f) => choice.families.has(f)) : choice.families.has(OTHER);
  return named && choice.modes.has(link.mode);
}

/** Years at which something opens, for the slider of a network. */
export function years(data: Data, case_: Case): number[] {
  if (case_.kind !== "Network") return [];
  const found = data.links.map((l) => stateOf(case_, l).opens).filter((y): y is number => !!y);
  if (!found.length) return [];
  const first = Math.min(...found);
  return Array.from({ length: Math.max(...found) - first + 1 }, (_, i) => first + i);
}

function pattern(state: State, status: string, year: number | null, isNetwork: boolean): Stroke["status"] {
  if (isNetwork && year !== null && state.opens !== null && state.opens <= year) return "open";
  if (status === OPEN) return "open";
  if (status === "under_construction") return "building";
  return status === "closed" ? "closed" : "hollow";
}

export function scene(data: Data, choice: Choice): Scene {
  const case_ = data.cases[choice.at];
  if (!case_) throw new Error(`no case ${choice.at}`);
  const links = new Map(data.links.map((l) => [l.id, l]));
  const absent = new Set(case_.absent);
  const isNetwork = case_.kind === "Network";
  const drawn = new Set(case_.lines.map((l) => l.link));
  const strokes: Stroke[] = [];
  const { course } = case_;
  const shut = new Set<string>();
  let carrying: Set<number> | null = null;
  const busy = new Set<string>();
  if (course && choice.time !== null) {
    const hour = choice.time;
    carrying = new Set();
    for (const way of course.ways) {
      if (way.depart_h <= hour && hour <= way.close_h) {
        carrying.add(way.row);
        way.links.forEach((l) => busy.add(l));
      }
    }
    for (const w of course.windows) if (w.start <= hour && hour < w.end) w.links.forEach((l) => shut.add(l));
  }
  for (const link of data.links) {
    if (drawn.has(link.id) || absent.has(link.id) || !visible(link, choice) || WATER.has(link.mode)) continue;
    const status = stateOf(case_, link).status;
    const closed = status !== OPEN || shut.has(link.id);
    strokes.push({
      id: link.id, mode: link.mode, colour: shut.has(link.id) ? SHUT : FAINT, width: 0.8, offset: 0,
      status: closed ? "closed" : "open", faint: true, level: -20, pale: false, second: "", words: "",
    });
  }
  for (const line of case_.lines) {
    const link = links.get(line.link);
    if (!link || !visible(link, choice)) continue;
    const state = stateOf(case_, link);
    const stroke = strokeOf(line, link, state, choice, isNetwork);
    if (carrying) {
      if (!busy.has(link.id)) stroke.colour = IDLE;
      stroke.level += busy.has(link.id) ? 100 : 0;
      if (shut.has(link.id)) Object.assign(stroke, { colour: SHUT, status: "closed", level: 200 });
    }
    strokes.push(stroke);
  }
  return { strokes, shut, carrying };
}

function strokeOf(line: Line, link: Link, state: State, choice: Choice, isNetwork: boolean): Stroke {
  const side = link.mode === "rail" ? -1 : link.mode === "road" ? 1 : 0;
  return {
    id: link.id, mode: link.mode, colour: line.colour, width: line.width,
    offset: -line.shift + side * (0.5 + line.width / 2) * 0.8,
    status: line.dashed ? "closed" : pattern(state, line.status, choice.time, isNetwork),
    faint: false, level: line.level, pale: choice.weak && state.confidence === "low", second: line.second, words: line.words,
  };
}

/** Vehicles that have arrived by an hour; straight between the hours at which the rate changes. */
export function arrived(arrivals: [number, number][], hour: number): number {
  let [before, count] = [0, 0];
  for (const [at, vehicles] of arrivals) {
    if (at >= hour) return at === before ? vehicles : count + ((vehicles - count) * (hour - before)) / (at - before);
    [before, count] = [at, vehicles];
  }
  return count;
}
