// What explore.py puts into the page, and its geometry as GeoJSON.
import type { Feature, Position } from "geojson";

export type Attribute = [
  column: number, value: number | string, basis: number, low: number | null, high: number | null,
  confidence: number, source: number, of?: number,
];

export interface State {
  status: string;
  /** Year from whose start it is in use; 0 today, null at no known time. */
  opens: number | null;
  confidence: string;
}

export interface Link extends State {
  id: string;
  name: string;
  from: string;
  to: string;
  mode: string;
  corridors: string[];
  families: string[];
  km: number;
  how: string;
  line: number[][];
  attributes: Attribute[];
}

export interface Place {
  id: string;
  name: string;
  kind: string;
  country: string;
  at: [number, number];
  degree: number;
  confidence: string;
  source: number;
  attributes: Attribute[];
}

export interface Row {
  name: string;
  value: string;
  note: string;
  badge: string;
  colour: string;
  links: string[];
  nodes: string[];
  facts: [string, string][];
}

export interface Line {
  link: string;
  colour: string;
  width: number;
  status: string;
  shift: number;
  level: number;
  dashed: boolean;
  second: string;
  words: string;
}

export interface Key {
  words: string;
  colour: string;
  width: number;
  mode: string;
  status: string;
  second: string;
  sign: string;
}

export interface Badge {
  text: string;
  colour: string;
  shape: string;
  at: [number, number];
  links: string[];
  node: string;
}

export interface Course {
  end_h: number;
  vehicles: number;
  arrivals: [number, number][];
  ways: { row: number; links: string[]; depart_h: number; close_h: number; vehicles: number }[];
  windows: { links: string[]; start: number; end: number; factor: number }[];
}

export interface Case {
  label: string;
  kind: string;
  title: string;
  subtitle: string;
  basis: string;
  figures: [string, string][];
  groups: { heading: string; note: string; rows: Row[] }[];
  lines: Line[];
  badges: Badge[];
  legend: Key[];
  origins: string[];
  destinations: string[];
  course: Course | null;
  view: [number, number, number, number];
  changes: Record<string, State & { attributes: Attribute[] }>;
  absent: string[];
  answer: unknown;
}

export interface Base {
  land: { focus: boolean; rings: number[][][] }[];
  coast: number[][];
  borders: number[][];
  rivers: { name: string; rank: number; lines: number[][] }[];
  lakes: { name: string; rings: number[][][] }[];
  labels: { kind: string; name: string; code: string; at: [number, number]; angle: number }[];
  step: number;
  colours: Record<"land" | "focus" | "sea" | "coast" | "border" | "river", string>;
  covers: boolean;
}

export interface Data {
  title: string;
  data: string;
  caveat: string;
  kosovo: string;
  licences: string[];
  columns: Record<string, [unit: string, meaning: string]>;
  families: Record<string, string>;
  bases: string[];
  levels: string[];
  step: number;
  strings: string[];
  nodes: Place[];
  links: Link[];
  base: Base;
  cases: Case[];
}

export function read(): Data {
  return JSON.parse(document.getElementById("data")?.textContent ?? "") as Data;
}

/** The points of a line that is stored as steps. */
export function points(steps: readonly number[], step: number): Position[] {
  const out: Position[] = [];
  let x = 0;
  let y = 0;
  for (let i = 0; i + 1 < steps.length; i += 2) {
    x += steps[i] ?? 0;
    y += steps[i + 1] ?? 0;
    out.push([x * step, y * step]);
  }
  return out;
}

export function polygons(rings: number[][][], step: number, properties: Record<string, unknown>): Feature {
  const coordinates = rings.map((polygon) => polygon.map((ring) => points(ring, step)));
  return { type: "Feature", properties, geometry: { type: "MultiPolygon", coordinates } };
}

export function lines(parts: number[][], step: number, properties: Record<string, unknown>): Feature {
  const coordinates = parts.map((part) => points(part, step));
  const [only] = coordinates;
  const geometry =
    coordinates.length === 1 && only
      ? { type: "LineString" as const, coordinates: only }
      : { type: "MultiLineString" as const, coordinates };
  return { type: "Feature", properties, geometry };
}

/** Text without case and accents, for searching. */
export function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("đ", "d").replaceAll("ı", "i");
}

export const OPEN = "operational";
export const WATER = new Set(["sea", "waterway"]);
