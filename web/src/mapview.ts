// The map itself, by MapLibre; without WebGL its constructor throws and the still picture takes its place.
import type { Feature, FeatureCollection } from "geojson";
import {
  type ExpressionSpecification, type FilterSpecification, type GeoJSONSource, type LayerSpecification, Map as MapLibre,
  type MapMouseEvent, NavigationControl, ScaleControl, setWorkerUrl, type StyleSpecification,
} from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerSource from "maplibre-gl/dist/maplibre-gl-worker.mjs?raw";
import { badge, RATIO, signs } from "./icons";
import { type Case, type Data, lines, points, polygons } from "./model";
import { type Choice, type Scene, visible } from "./scene";

export interface Target {
  kind: "link" | "node";
  id: string;
}

export interface View {
  /** Draw a scene; `fit` moves the map to what the case is about. */
  show(scene: Scene, choice: Choice, fit: boolean): void;
  /** Mark links and places; `fit` moves the map to them. */
  pick(links: readonly string[], nodes: readonly string[], fit: boolean, colour?: string): void;
  /** Mark what the pointer or the focus is on; of lines side by side those of a colour. */
  hint(links: readonly string[], nodes: readonly string[], colour?: string): void;
}

/** Of the frames before everything is there, which nobody sees: where the processor draws, each at full size costs as
 * much as all else together. */
const COARSE = 0.15;

const NONE: FeatureCollection = { type: "FeatureCollection", features: [] };
const FONTS = ["Noto Sans", "Segoe UI", "Arial", "sans-serif"];

function grown(value: ExpressionSpecification | number, more = 0): ExpressionSpecification {
  const at = (factor: number): ExpressionSpecification => ["+", ["*", value, factor], more];
  return ["interpolate", ["exponential", 1.4], ["zoom"], 4, at(0.75), 7, at(1.35), 11, at(2.6)];
}

const get = (name: string): ExpressionSpecification => ["get", name];
const width = grown(get("w"));
const offset: ExpressionSpecification = [
  "interpolate", ["linear"], ["zoom"], 4, ["*", get("o"), 0.8], 8, ["*", get("o"), 1.4], 12, ["*", get("o"), 2],
];
const opacity: ExpressionSpecification = ["case", ["get", "pale"], 0.4, 1];

function where(...parts: ExpressionSpecification[]): FilterSpecification {
  return ["all", ...parts] as FilterSpecification;
}

/** White that is looked up for each line: a plain constant would need a shader of its own, and where the processor
 * draws each shader costs a tenth of a second before the map is there. */
const white: ExpressionSpecification = ["case", ["get", "pale"], "#ffffff", "#fff"];

const land: ExpressionSpecification = ["in", get("m"), ["literal", ["road", "rail"]]];
const is = (name: string, value: string | boolean): ExpressionSpecification & FilterSpecification => ["==", get(name), value] as ExpressionSpecification & FilterSpecification;

function stroke(id: string, filter: FilterSpecification, paint: object, cap: "butt" | "round" = "butt"): LayerSpecification {
  return {
    id, type: "line", source: "strokes", filter,
    layout: { "line-cap": cap, "line-join": "round", "line-sort-key": get("k") },
    paint: { "line-offset": offset, "line-opacity": opacity, "line-width": width, ...paint },
  } as LayerSpecification;
}

function style(data: Data): StyleSpecification {
  const { base } = data;
  const { colours, step } = base;
  const collection = (features: Feature[]): FeatureCollection => ({ type: "FeatureCollection", features });
  const source = (features: Feature[] = [], tolerance = 0.3) => ({
    type: "geojson" as const, data: collection(features), tolerance,
  });
  const thin = (line: number[], c: string, k: number): Feature =>
    lines([line], step, { of: "line", c, low: 0.8, high: 0.9, k, o: 0, pale: false });
  const areas = base.labels.filter((l) => l.kind !== "capital");
  return {
    version: 8,
    sources: {
      base: source([
        ...base.land.map((l) => polygons(l.rings, step, { of: "land", c: l.focus ? colours.focus : colours.land, k: 0 })),
        ...base.lakes.map((l) => polygons(l.rings, step, { of: "land", c: colours.sea, k: 1 })),
        ...[...base.coast, ...base.lakes.flatMap((l) => l.rings.flat())].map((l) => thin(l, colours.coast, 0)),
        ...base.rivers.map((r) => lines(r.lines, step, {
          of: "river", name: r.name, c: colours.river, low: 0.5, high: r.rank <= 2 ? 3.2 : 1.8, k: 1, o: 0, pale: false,
        })),
        ...base.borders.map((l) => thin(l, colours.border, 2)),
        ...areas.map((l): Feature => ({
          type: "Feature",
          properties: { of: "name", name: l.name, sea: l.kind !== "country", angle: -l.angle },
          geometry: { type: "Point", coordinates: l.at },
        })),
      ]),
      strokes: source(),
      picked: source(),
      hinted: source(),
      pickedNodes: source(),
      badges: source(),
      places: source(),
    },
    layers: [
      { id: "sea", type: "background", paint: { "background-color": base.covers ? colours.sea : "#f6f5f1" } },
      {
        id: "land", type: "fill", source: "base", filter: is("of", "land"), layout: { "fill-sort-key": get("k") },
        paint: { "fill-color": get("c"), "fill-antialias": false },
      },
      {
        id: "ground", type: "line", source: "base", filter: ["in", get("of"), ["literal", ["line", "river"]]] as ExpressionSpecification & FilterSpecification,
        layout: { "line-cap": "round", "line-join": "round", "line-sort-key": get("k") },
        paint: {
          "line-color": get("c"), "line-width": ["interpolate", ["linear"], ["zoom"], 4, get("low"), 9, get("high")],
          "line-offset": offset, "line-opacity": opacity,
        },
      },
      {
        id: "pickedEdge", type: "line", source: "picked", layout: { "line-cap": "round", "line-join": "round" },
        paint: { "line-color": "#12304a", "line-width": grown(get("w"), 9), "line-offset": offset },
      },
      {
        id: "pickedGlow", type: "line", source: "picked", layout: { "line-cap": "round", "line-join": "round" },
        paint: { "line-color": "#FFD23F", "line-width": grown(get("w"), 6.5), "line-offset": offset },
      },
      {
        id: "hintedGlow", type: "line", source: "hinted", layout: { "line-cap": "round", "line-join": "round" },
        paint: { "line-color": "#FFD23F", "line-width": grown(get("w"), 6), "line-offset": offset, "line-opacity": 0.75 },
      },
      stroke("faintOpen", where(is("f", true), is("s", "open")), { "line-color": get("c") }),
      stroke("faintShut", where(is("f", true), is("s", "closed")), { "line-color": get("c"), "line-dasharray": [3, 2.5] }),
      stroke("casing", where(is("f", false), land), { "line-color": white, "line-width": grown(get("w"), 2.2) }, "round"),
      stroke("water", where(is("f", false), is("m", "sea"), ["!=", get("s"), "closed"]), {
        "line-color": get("c"), "line-dasharray": [5, 1.6, 0.9, 1.6],
      }),
      stroke("waterway", where(is("f", false), is("m", "waterway"), ["!=", get("s"), "closed"]), {
        "line-color": get("c"), "line-dasharray": [7, 1.1],
      }),
      stroke("main", where(is("f", false), land, ["!=", get("s"), "closed"]), { "line-color": get("c") }, "round"),
      stroke("second", where(is("f", false), ["!=", get("c2"), ""], is("s", "open"), land), {
        "line-color": get("c2"), "line-dasharray": [4, 4],
      }),
      stroke("ties", where(is("f", false), is("m", "rail"), is("s", "open")), {
        "line-color": white, "line-width": grown(["*", get("w"), 0.46]), "line-dasharray": [2.6, 2.6],
      }),
      stroke("building", where(is("f", false), is("s", "building"), land), {
        "line-color": white, "line-width": grown(["*", get("w"), 0.55]), "line-dasharray": [1.2, 1.6],
      }),
      stroke("hollow", where(is("f", false), is("s", "hollow"), land), {
        "line-color": white, "line-width": grown(["*", get("w"), 0.55]),
      }, "round"),
      stroke("closed", where(is("f", false), is("s", "closed")), { "line-color": get("c"), "line-dasharray": [1.6, 1.2] }),
      stroke("hit", where(["!=", get("m"), ""]), { "line-width": 12, "line-opacity": 0, "line-color": "#000" }),
      {
        id: "riverNames", type: "symbol", source: "base", filter: is("of", "river"), minzoom: 5.5,
        layout: {
          "symbol-placement": "line", "symbol-spacing": 420, "text-field": get("name"), "text-font": FONTS, "text-size": 10.5,
          "text-letter-spacing": 0.06,
        },
        paint: { "text-color": ["case", ["==", get("name"), ""], "#000", "#41748f"], "text-halo-color": "#fff", "text-halo-width": 1.2 },
      },
      {
        id: "areas", type: "symbol", source: "base", filter: is("of", "name"),
        layout: {
          "text-field": ["case", ["get", "sea"], get("name"), ["upcase", get("name")]], "text-font": FONTS,
          "text-size": ["case", ["get", "sea"], 13, 10.5], "text-letter-spacing": 0.12, "text-max-width": 8,
          "text-rotate": get("angle"),
        },
        paint: {
          "text-color": ["case", ["get", "sea"], "#41748f", "#6b6358"], "text-halo-color": "#fff", "text-halo-width": 1,
        },
      },
      {
        id: "pickedNodes", type: "circle", source: "pickedNodes",
        paint: { "circle-radius": 11, "circle-color": "#FFD23F", "circle-stroke-color": "#12304a", "circle-stroke-width": 1.5 },
      },
      {
        id: "places", type: "symbol", source: "places", filter: [">=", ["zoom"], get("z")],
        layout: {
          "icon-image": get("sign"), "icon-allow-overlap": true, "symbol-sort-key": ["-", 0, get("wish")],
          "text-field": get("label"), "text-font": FONTS, "text-optional": true, "text-justify": "auto",
          "text-size": ["case", [">=", get("wish"), 100], 13.5, [">=", get("wish"), 50], 12, 11],
          "text-variable-anchor": ["left", "right", "top", "bottom", "top-left", "bottom-left", "top-right", "bottom-right"],
          "text-radial-offset": ["case", [">=", get("wish"), 200], 1.1, 0.7], "text-max-width": 9, "text-padding": 3,
        },
        paint: { "text-color": ["case", ["==", get("label"), ""], "#000", "#12304a"], "text-halo-color": "#fff", "text-halo-width": 1.7 },
      },
      {
        id: "badges", type: "symbol", source: "badges",
        layout: {
          "icon-image": get("icon"), "icon-allow-overlap": true, "icon-ignore-placement": false,
          "symbol-sort-key": get("k"),
        },
      },
    ],
  };
}

/** The worker as a script of its own, by blob: of a module MapLibre would make a data: URL in a file or a frame, which
 * the policy of the page forbids. The name tells it that this is no module. */
function workerUrl(): string {
  const body = workerSource.replace(/export\s*\{[^{}]*\};?\s*(\/\/# sourceMappingURL=.*)?\s*$/, "");
  const script = `"use strict";(() => {${body}\n})();`;
  return `${URL.createObjectURL(new Blob([script], { type: "text/javascript" }))}#worker.cjs`;
}

export class MapView implements View {
  readonly map: MapLibre;
  private readonly links: Map<string, Feature>;
  private ready = false;
  private waiting: (() => void)[] = [];
  private last: Scene = { strokes: [], shut: new Set(), carrying: null };

  constructor(
    holder: HTMLElement, private readonly data: Data,
    private readonly chosen: (target: Target) => void,
    private readonly over: (target: Target | null, x: number, y: number) => void,
    private readonly drawn: () => void,
  ) {
    setWorkerUrl(workerUrl());
    this.links = new Map(data.links.map((l) => [l.id, lines(l.line, data.step, { id: l.id })]));
    const [west, south, east, north] = data.cases[0]?.view ?? [12, 36, 30, 48];
    this.map = new MapLibre({
      container: holder, style: style(data), bounds: [west, south, east, north], fitBoundsOptions: { padding: 50 },
      attributionControl: false, fadeDuration: 0, pixelRatio: COARSE, dragRotate: false, pitchWithRotate: false, touchPitch: false,
      maxZoom: 13, minZoom: 2, renderWorldCopies: false, locale: { "Map.Title": "Map: arrow keys move, plus and minus zoom" },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new ScaleControl({ maxWidth: 110 }), "bottom-left");
    for (const [name, picture] of Object.entries(signs())) this.map.addImage(name, picture, { pixelRatio: RATIO });
    // before "load", so that what is to be shown is cut into tiles once and not twice
    this.map.once("style.load", () => {
      this.ready = true;
      this.waiting.forEach((act) => act());
      this.waiting = [];
      this.map.once("idle", () => {
        const sharp = (): void => void this.map.setPixelRatio(devicePixelRatio);
        this.map.once("render", this.drawn);
        sharp();
        window.addEventListener("resize", sharp);
      });
    });
    this.map.on("mousemove", (e) => this.over(this.at(e), e.point.x, e.point.y));
    this.map.on("mouseout", () => this.over(null, 0, 0));
    this.map.on("click", (e) => {
      const target = this.at(e);
      if (target) this.chosen(target);
    });
  }

  private at(e: MapMouseEvent): Target | null {
    if (!this.ready) return null;
    const { x, y } = e.point;
    const box: [[number, number], [number, number]] = [[x - 5, y - 5], [x + 5, y + 5]];
    const found = this.map.queryRenderedFeatures(box, { layers: ["places", "hit"] });
    const place = found.find((f) => f.layer.id === "places");
    const line = found.filter((f) => f.layer.id === "hit").sort((a, b) => b.properties.k - a.properties.k)[0];
    const hit = place ?? line;
    this.map.getCanvas().style.cursor = hit ? "pointer" : "";
    return hit ? { kind: place ? "node" : "link", id: String(hit.properties.id) } : null;
  }

  private later(act: () => void): void {
    if (this.ready) act();
    else this.waiting.push(act);
  }

  private put(source: string, features: Feature[]): void {
    (this.map.getSource(source) as GeoJSONSource | undefined)?.setData({ ...NONE, features });
  }

  show(scene: Scene, choice: Choice, fit: boolean): void {
    this.last = scene;
    this.later(() => {
      this.put("strokes", scene.strokes.flatMap((s) => {
        const line = this.links.get(s.id);
        const properties = {
          id: s.id, m: s.mode, c: s.colour, w: s.width, o: s.offset, s: s.status, f: s.faint, k: s.level, pale: s.pale, c2: s.second,
        };
        return line ? [{ ...line, properties }] : [];
      }));
      const case_ = this.data.cases[choice.at];
      if (!case_) return;
      this.put("places", places(this.data, case_, choice));
      this.put("badges", this.badges(case_, choice));
      if (fit) {
        const [west, south, east, north] = case_.view;
        this.map.fitBounds([west, south, east, north], { padding: this.padding(), maxZoom: 9, duration: 0 });
      }
    });
  }

  private padding(): { top: number; right: number; bottom: number; left: number } {
    return { top: 40, right: 50, bottom: 50, left: 50 };
  }

  private badges(case_: Case, choice: Choice): Feature[] {
    const known = new Map(this.data.links.map((l) => [l.id, l]));
    return case_.badges.flatMap((b, k) => {
      const on = b.links.map((l) => known.get(l)).filter((l) => !!l);
      if (on.length && !on.some((l) => visible(l, choice))) return [];
      const icon = `${b.shape}:${b.colour}:${b.text}`;
      if (!this.map.hasImage(icon)) this.map.addImage(icon, badge(b.shape, b.text, b.colour), { pixelRatio: RATIO });
      return [{ type: "Feature" as const, properties: { icon, k }, geometry: { type: "Point" as const, coordinates: b.at } }];
    });
  }

  private marked(links: readonly string[], colour = ""): Feature[] {
    const drawn = new Map(this.last.strokes.map((s) => [s.id, s]));
    for (const s of this.last.strokes) if (s.colour === colour) drawn.set(s.id, s);
    return links.flatMap((id) => {
      const line = this.links.get(id);
      const s = drawn.get(id);
      return line ? [{ ...line, properties: { id, w: s?.width ?? 1.5, o: s?.offset ?? 0 } }] : [];
    });
  }

  private spots(nodes: readonly string[]): Feature[] {
    const wanted = new Set(nodes);
    return this.data.nodes
      .filter((n) => wanted.has(n.id))
      .map((n) => ({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: n.at } }));
  }

  pick(links: readonly string[], nodes: readonly string[], fit: boolean, colour = ""): void {
    this.later(() => {
      const marked = this.marked(links, colour);
      const spots = this.spots(nodes);
      this.put("picked", marked);
      this.put("pickedNodes", spots);
      if (!fit || !(marked.length + spots.length)) return;
      const wanted = new Set(links);
      const xy = [
        ...this.data.links.filter((l) => wanted.has(l.id)).flatMap((l) => l.line.flatMap((p) => points(p, this.data.step))),
        ...spots.flatMap((s) => (s.geometry.type === "Point" ? [s.geometry.coordinates] : [])),
      ];
      const x = xy.map((p) => p[0] ?? 0);
      const y = xy.map((p) => p[1] ?? 0);
      const padding = this.padding();
      if (this.map.getContainer().clientWidth > 760) padding.left = 380;
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      this.map.fitBounds([Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)], {
        padding, maxZoom: 8.5, duration: calm ? 0 : 500,
      });
    });
  }

  hint(links: readonly string[], nodes: readonly string[], colour = ""): void {
    this.later(() => {
      this.put("hinted", this.marked(links, colour));
      if (nodes.length) this.put("pickedNodes", this.spots(nodes));
    });
  }

  /** The map as it stands, for print. */
  picture(): string {
    this.map.redraw();
    return this.map.getCanvas().toDataURL("image/png");
  }
}

const WISH: Record<string, number> = { seaport: 60, intermodal_terminal: 45, city: 30, airport: 20, border_crossing: 8 };
const FROM_ZOOM: Record<string, number> = { seaport: 4.5, intermodal_terminal: 4.5, city: 4.5, airport: 6, border_crossing: 6 };

function places(data: Data, case_: Case, choice: Choice): Feature[] {
  const origins = new Set(case_.origins);
  const destinations = new Set(case_.destinations);
  const seen = new Set<string>();
  for (const link of data.links) {
    if (visible(link, choice) && !case_.absent.includes(link.id)) seen.add(link.from).add(link.to);
  }
  const capitals = data.base.labels.filter((l) => l.kind === "capital");
  const isCapital = (at: [number, number]): boolean =>
    capitals.some((c) => Math.hypot(c.at[0] - at[0], c.at[1] - at[1]) < 0.15);
  return data.nodes.flatMap((node) => {
    const end = origins.has(node.id) ? "origin" : destinations.has(node.id) ? "destination" : "";
    if (!end && (!choice.places || !seen.has(node.id))) return [];
    if (!end && node.kind === "border_crossing" && !choice.crossings) return [];
    const named = node.kind in WISH;
    const capital = named && node.kind !== "border_crossing" && isCapital(node.at);
    const wish = (WISH[node.kind] ?? 3) + Math.min(30, 4 * node.degree) + (capital ? 100 : 0) + (end ? 200 : 0);
    const z = end || capital ? 0 : (FROM_ZOOM[node.kind] ?? 7.5);
    const sign = end || (named ? node.kind : "small");
    return [{
      type: "Feature" as const,
      properties: { id: node.id, sign, label: node.name, wish, z },
      geometry: { type: "Point" as const, coordinates: node.at },
    }];
  });
}
