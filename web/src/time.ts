// The slider: hours of a movement with its curve of arrivals, or years of a network.
import { byId, h, s, whole } from "./dom";
import type { Case, Course, Data } from "./model";
import { arrived, years } from "./scene";

const W = 340;
const H = 84;

/** The hour at which most ways carry: what a movement is best shown at first. */
function busiest(course: Course): number {
  const hours = course.ways.map((w) => w.depart_h).concat(course.windows.map((w) => w.start)).filter((x) => x >= 0);
  const load = (x: number): number => course.ways.filter((w) => w.depart_h <= x && x <= w.close_h).length;
  return hours.reduce((best, x) => (load(x) > load(best) ? x : best), hours[0] ?? 0);
}

function curve(course: Course): SVGSVGElement {
  const x = (hour: number): number => (hour / course.end_h) * W;
  const y = (vehicles: number): number => H - 4 - (vehicles / Math.max(1, course.vehicles)) * (H - 14);
  const path = [[0, 0] as [number, number], ...course.arrivals].map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`);
  const shut = course.windows.map((w) => s("rect", {
    x: x(Math.max(0, w.start)), width: Math.max(1, x(Math.min(w.end, course.end_h)) - x(Math.max(0, w.start))), y: 0, height: H - 4, class: "window",
  }));
  const text = `Vehicles arrived by hour, up to ${whole.format(course.vehicles)} at hour ${course.end_h.toFixed(1)}`;
  return s("svg", { viewBox: `0 0 ${W} ${H}`, class: "curve", role: "img", "aria-label": text },
    ...shut, s("line", { x1: 0, x2: W, y1: H - 4, y2: H - 4, class: "axis" }),
    s("polygon", { points: `0,${H - 4} ${path.join(" ")} ${W},${H - 4}`, class: "area" }),
    s("polyline", { points: path.join(" "), class: "run" }), s("line", { class: "now", y1: 0, y2: H - 4 }), s("circle", { class: "now", r: 4 }));
}

export class Time {
  private readonly box = byId("time");
  private timer = 0;

  constructor(private readonly data: Data, private readonly moved: (time: number | null) => void) {}

  /** Offer the slider of a case and return where it stands. */
  offer(case_: Case): number | null {
    clearInterval(this.timer);
    this.box.replaceChildren();
    if (case_.course) return this.hours(case_.course);
    const stops = years(this.data, case_);
    if (!stops.length) return null;
    const start = (stops[0] ?? 0) - 1;
    const input = this.slider("Network at the start of", start, stops.at(-1) ?? start, 1, start);
    const out = h("output", { for: "slider" });
    const tell = (): void => {
      const year = Number(input.value);
      const opened = this.data.links.filter((l) => {
        const state = case_.changes[l.id] ?? l;
        return state.opens !== null && state.opens > 0 && state.opens <= year;
      });
      const km = opened.reduce((sum, l) => sum + l.km, 0);
      out.textContent = year === start ? "as it is today" : `${year}: ${opened.length} links opened, ${whole.format(km)} km`;
      input.setAttribute("aria-valuetext", out.textContent);
      this.moved(year === start ? null : year);
    };
    input.addEventListener("input", tell);
    this.box.append(this.head("Network at the start of", out), this.controls(input));
    out.textContent = "as it is today";
    input.setAttribute("aria-valuetext", out.textContent);
    return null;
  }

  private hours(course: Course): number {
    const step = Math.max(0.1, Number((course.end_h / 240).toPrecision(1)));
    const last = Math.ceil(course.end_h / step) * step;
    const first = Math.min(last, Math.round(busiest(course) / step) * step);
    const input = this.slider("Hour after the order to move", 0, Number(last.toFixed(6)), step, first);
    const out = h("output", { for: "slider" });
    const chart = curve(course);
    const tell = (): void => {
      const hour = Math.min(Number(input.value), course.end_h);
      const count = arrived(course.arrivals, hour);
      const busy = course.ways.filter((w) => w.depart_h <= hour && hour <= w.close_h).length;
      const shut = course.windows.filter((w) => w.start <= hour && hour < w.end).flatMap((w) => w.links).length;
      out.textContent = `hour ${hour.toFixed(1)}: ${whole.format(count)} of ${whole.format(course.vehicles)} arrived; `
        + `${busy} of ${course.ways.length} ways carry${shut ? `; ${shut} links shut or narrowed` : ""}`;
      input.setAttribute("aria-valuetext", out.textContent);
      const x = (hour / course.end_h) * W;
      const y = H - 4 - (count / Math.max(1, course.vehicles)) * (H - 14);
      chart.querySelector("line.now")?.setAttribute("x1", String(x));
      chart.querySelector("line.now")?.setAttribute("x2", String(x));
      chart.querySelector("circle")?.setAttribute("cx", String(x));
      chart.querySelector("circle")?.setAttribute("cy", String(y));
    };
    input.addEventListener("input", () => {
      tell();
      this.moved(Math.min(Number(input.value), course.end_h));
    });
    tell();
    this.box.append(this.head("Hour after the order to move", out), chart, this.controls(input));
    return first;
  }

  private slider(label: string, min: number, max: number, step: number, value: number): HTMLInputElement {
    const input = h("input", { id: "slider", type: "range", min, max, step, "aria-label": label });
    input.value = String(value);
    return input;
  }

  private head(label: string, out: HTMLOutputElement): HTMLElement {
    return h("p", { class: "hour" }, h("span", {}, label), " ", out);
  }

  private controls(input: HTMLInputElement): HTMLElement {
    const play = h("button", { type: "button", class: "play", "aria-pressed": "false" }, "Play");
    play.addEventListener("click", () => {
      const on = play.getAttribute("aria-pressed") !== "true";
      this.run(play, input, on);
    });
    return h("div", { class: "controls" }, input, play);
  }

  private run(play: HTMLButtonElement, input: HTMLInputElement, on: boolean): void {
    clearInterval(this.timer);
    play.setAttribute("aria-pressed", String(on));
    play.textContent = on ? "Stop" : "Play";
    if (!on) return;
    if (Number(input.value) >= Number(input.max)) input.value = input.min;
    const stride = Math.max(Number(input.step), (Number(input.max) - Number(input.min)) / 60);
    this.timer = window.setInterval(() => {
      input.value = String(Number(input.value) + stride);
      input.dispatchEvent(new Event("input"));
      if (Number(input.value) >= Number(input.max)) this.run(play, input, false);
    }, 450);
  }
}
