const svg = "http://www.w3.org/2000/svg";
const width = 720;
const height = 360;
const margin = { left: 44, right: 12, top: 12, bottom: 36 };
/** Above the loss of guessing among ten classes, ln 10. */
const highest = 2.5;

/** Curves of losses over steps, drawn as they grow. */
export class Chart {
  readonly #root: SVGElement;
  readonly #steps: number;

  constructor(place: Element, steps: number) {
    this.#steps = steps;
    this.#root = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "training loss by step" });
    place.append(this.#root);
    for (let loss = 0; loss <= highest; loss += 0.5) {
      const y = this.#y(loss);
      this.#root.append(element("line", { x1: margin.left, x2: width - margin.right, y1: y, y2: y, class: "grid" }));
      this.#text(loss.toFixed(1), margin.left - 6, y + 4, "end");
    }
    for (let i = 0; i <= 4; i++) this.#text(String(Math.round((steps * i) / 4)), this.#x((steps * i) / 4), height - 16, "middle");
    this.#text("loss over steps", width / 2, height - 2, "middle");
  }

  /** A curve that `draw` gives its points. Later curves are thinner, so that those below show where all agree. */
  curve(colour: string, order: number): { draw(losses: readonly number[]): void } {
    const line = element("polyline", { fill: "none", stroke: colour, "stroke-width": [7, 4, 1.5][order] ?? 1 });
    this.#root.append(line);
    return {
      draw: (losses) => {
        line.setAttribute("points", losses.map((loss, i) => `${this.#x(i + 1).toFixed(1)},${this.#y(loss).toFixed(1)}`).join(" "));
      },
    };
  }

  #x(step: number): number {
    return margin.left + ((width - margin.left - margin.right) * step) / this.#steps;
  }

  #y(loss: number): number {
    return margin.top + (height - margin.top - margin.bottom) * (1 - Math.min(loss, highest) / highest);
  }

  #text(content: string, x: number, y: number, anchor: string): void {
    const text = element("text", { x, y, "text-anchor": anchor });
    text.textContent = content;
    this.#root.append(text);
  }
}

function element(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(svg, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (made instanceof SVGElement) return made;
  throw new TypeError(`${name} is no element of SVG`);
}
