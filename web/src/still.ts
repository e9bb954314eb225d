// The picture that explore.py drew, for browsers without WebGL: it stands still but shows cases and what is chosen.
import type { Choice, Scene } from "./scene";
import type { View } from "./mapview";

export class StillView implements View {
  private readonly cases: SVGGElement[];

  constructor(private readonly picture: Element) {
    this.cases = [...picture.querySelectorAll<SVGGElement>("g.case")];
  }

  show(scene: Scene, choice: Choice): void {
    const drawn = new Map(scene.strokes.map((s) => [s.id, s]));
    this.cases.forEach((group, i) => group.setAttribute("visibility", i === choice.at ? "visible" : "hidden"));
    for (const path of this.cases[choice.at]?.querySelectorAll("path") ?? []) {
      const stroke = drawn.get(path.dataset.link ?? "");
      path.setAttribute("display", stroke && !stroke.faint ? "inline" : "none");
      if (stroke && scene.carrying) path.setAttribute("stroke", stroke.colour);
    }
  }

  pick(links: readonly string[]): void {
    this.mark("picked", links);
  }

  hint(links: readonly string[]): void {
    this.mark("hinted", links);
  }

  private mark(name: string, links: readonly string[]): void {
    const wanted = new Set(links);
    for (const path of this.picture.querySelectorAll<SVGPathElement>("path[data-link]")) {
      path.classList.toggle(name, wanted.has(path.dataset.link ?? ""));
    }
  }
}
