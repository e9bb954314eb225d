// Signs for places and badges, drawn on a canvas with the system's own fonts.

export interface Picture {
  width: number;
  height: number;
  data: Uint8ClampedArray;
}

const SCALE = 3;
const INK = "#12304a";
const RED = "#C1121F";
export const FONT = '"Noto Sans", "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif';

/** White or black, whichever can be read on a colour: white from a contrast of 4.5 on (WCAG 2.2). */
export function inkOn(colour: string): string {
  const parts = [1, 3, 5].map((i) => Number.parseInt(colour.slice(i, i + 2), 16) / 255);
  const [r, g, b] = parts.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05) >= 4.5 ? "#fff" : "#000";
}

type Pen = CanvasRenderingContext2D;

function draw(width: number, height: number, paint: (pen: Pen) => void): Picture {
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(width * SCALE);
  canvas.height = Math.ceil(height * SCALE);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  if (!pen) throw new Error("no canvas");
  pen.scale(SCALE, SCALE);
  paint(pen);
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  return { width: canvas.width, height: canvas.height, data };
}

function shape(pen: Pen, corners: [number, number][], face: string, edge: string, wide: number): void {
  pen.beginPath();
  corners.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.closePath();
  pen.lineJoin = "round";
  pen.fillStyle = face;
  pen.fill();
  pen.strokeStyle = edge;
  pen.lineWidth = wide;
  pen.stroke();
}

function polygon(corners: number, radius: number, middle: number, turn = -Math.PI / 2, inner = 1): [number, number][] {
  const steps = inner === 1 ? corners : 2 * corners;
  return Array.from({ length: steps }, (_, i) => {
    const r = i % 2 && inner !== 1 ? radius * inner : radius;
    const angle = turn + (2 * Math.PI * i) / steps;
    return [middle + r * Math.cos(angle), middle + r * Math.sin(angle)];
  });
}

function ring(radius: number, wide: number, face = "#fff", edge = INK): Picture {
  const size = 2 * radius + 3;
  return draw(size, size, (pen) => {
    pen.beginPath();
    pen.arc(size / 2, size / 2, radius, 0, 2 * Math.PI);
    pen.fillStyle = face;
    pen.fill();
    pen.lineWidth = wide;
    pen.strokeStyle = edge;
    pen.stroke();
  });
}

function figure(size: number, corners: [number, number][], face: string, edge: string, wide: number): Picture {
  return draw(size, size, (pen) => shape(pen, corners, face, edge, wide));
}

export function signs(): Record<string, Picture> {
  return {
    small: ring(2, 1, "#fff", "#55636f"),
    city: ring(3.4, 1.3),
    intermodal_terminal: ring(4.6, 2),
    airport: figure(13, polygon(5, 5, 6.5), "#fff", INK, 1.3),
    border_crossing: figure(11, polygon(4, 4.2, 5.5), "#fff", INK, 1.2),
    seaport: figure(13, polygon(4, 6, 6.5, Math.PI / 4), INK, "#fff", 1.2),
    origin: figure(22, polygon(3, 9.5, 12), INK, "#fff", 1.6),
    destination: figure(24, polygon(5, 11, 12.5, -Math.PI / 2, 0.45), INK, "#fff", 1.4),
  };
}

/** A badge or a sign with its text: `badge`, `cross` or `warning`. */
export function badge(kind: string, text: string, colour: string): Picture {
  const font = `700 11px ${FONT}`;
  const ruler = document.createElement("canvas").getContext("2d");
  if (!ruler) throw new Error("no canvas");
  ruler.font = font;
  const wide = kind === "badge" ? Math.max(17, ruler.measureText(text).width + 10) : 22;
  const tall = kind === "badge" ? 17 : 22;
  return draw(wide + 3, tall + 3, (pen) => {
    const [x, y] = [(wide + 3) / 2, (tall + 3) / 2];
    if (kind === "badge") {
      pen.beginPath();
      pen.roundRect(1.5, 1.5, wide, tall, 4);
      pen.fillStyle = colour;
      pen.fill();
      pen.strokeStyle = "#fff";
      pen.lineWidth = 1.6;
      pen.stroke();
    } else if (kind === "warning") {
      shape(pen, polygon(3, 11, y + 2).map(([a, b]) => [a - (y + 2) + x, b]), "#F0B400", RED, 1.4);
    } else {
      for (const [edge, width] of [["#fff", 8], [RED, 5]] as const) {
        pen.beginPath();
        pen.moveTo(x - 6, y - 6);
        pen.lineTo(x + 6, y + 6);
        pen.moveTo(x + 6, y - 6);
        pen.lineTo(x - 6, y + 6);
        pen.lineCap = "round";
        pen.strokeStyle = edge;
        pen.lineWidth = width;
        pen.stroke();
      }
    }
    if (!text || kind === "warning") return;
    pen.font = kind === "badge" ? font : `700 10px ${FONT}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    if (kind === "cross") {
      pen.lineWidth = 3;
      pen.strokeStyle = RED;
      pen.strokeText(text, x, y + 0.5);
    }
    pen.fillStyle = kind === "badge" ? inkOn(colour) : "#fff";
    pen.fillText(text, x, y + 0.5);
  });
}

/** A sign as an image for the legend. */
export function toUrl(picture: Picture): string {
  const canvas = document.createElement("canvas");
  canvas.width = picture.width;
  canvas.height = picture.height;
  const pen = canvas.getContext("2d");
  const image = new ImageData(picture.width, picture.height);
  image.data.set(picture.data);
  pen?.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

export const RATIO = SCALE;
