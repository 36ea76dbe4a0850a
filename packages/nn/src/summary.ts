import { bytesPerElement, parentsOf, type Shape, sizeOf, State, Tensor, zeros } from "@gradus/tensor";
import { observeCalls } from "./call.ts";
import { EVAL } from "./context.ts";
import { type Layer, Module } from "./module.ts";
import type { Window } from "./layer-facts.ts";
import { Param } from "./param.ts";
import { printSummary } from "./print-summary.ts";

/** One call of a layer, for one sample. */
export interface LayerSummary {
  /** Its path in the model. */
  readonly path: string;
  /** Its class. */
  readonly type: string;
  /** With a batch of one. */
  readonly outputShape: Shape;
  /** Trainable values of its own; 0 where a parameter was counted in an earlier row. */
  readonly parameters: number;
  readonly multiplyAccumulates: number;
  /** Wires, as LeCun et al. (1998) count them: one for each value a unit reads and one for its bias. */
  readonly connections: number;
  readonly outputBytes: number;
  /** Height and width of the input that one output sees; null before any window. */
  readonly receptiveField: readonly [height: number, width: number] | null;
}

export interface Summary {
  readonly model: string;
  /** Of one sample. */
  readonly inputShape: Shape;
  /** In the order they run. */
  readonly layers: readonly LayerSummary[];
  /** Trainable values of the whole model, shared ones once. */
  readonly parameters: number;
  /** For one sample, as are the next. */
  readonly multiplyAccumulates: number;
  readonly connections: number;
  /** Bytes of parameters and buffers. */
  readonly stateBytes: number;
  /** Bytes of all layers' outputs: about what training keeps for one sample. */
  readonly outputBytes: number;
  /** The table for people. */
  toString(): string;
}

/**
 * What a model consists of and costs for one sample of `inputShape`, such as [1, 28, 28] (no batch).
 *
 * The model is recorded, not run, so nothing is computed or allocated. Layers are modules without modules inside;
 * functions called between them appear as no row.
 *
 * @throws ShapeError if the model does not take such inputs.
 */
export function summary(model: Layer, inputShape: Shape): Summary {
  const input = zeros([1, ...inputShape]);
  const holders = holdersOf(model);
  const layers: LayerSummary[] = [];
  const sight = new Sight(input);
  const counted = new Set<Param>();
  observeCalls(
    (module, [x], result) => {
      const y = outputOf(result);
      const holder = holders.get(module);
      if (holder === undefined || !isRow(holder) || !(x instanceof Tensor) || !(y instanceof Tensor)) return;
      const { multiplyAccumulates, connections, window } = module.facts(x.shape, y.shape);
      const fresh = holder.own.filter((parameter) => !counted.has(parameter));
      for (const parameter of fresh) counted.add(parameter);
      layers.push({
        path: holder.path,
        type: module.constructor.name,
        outputShape: y.shape,
        parameters: total(fresh.map(({ size }) => size)),
        multiplyAccumulates,
        connections,
        outputBytes: sizeOf(y.shape) * bytesPerElement[y.dtype],
        receptiveField: sight.pass(x, y, window),
      });
    },
    () => model.forward(input, EVAL),
  );
  const cells = new Set([...model.walk()].flatMap(([, member]) => (member instanceof State ? [member] : [])));
  const result = {
    model: model.constructor.name,
    inputShape,
    layers,
    parameters: total([...model.parameters()].map(([, { size }]) => size)),
    multiplyAccumulates: total(layers.map((layer) => layer.multiplyAccumulates)),
    connections: total(layers.map((layer) => layer.connections)),
    stateBytes: total([...cells].map(({ size, dtype }) => size * bytesPerElement[dtype])),
    outputBytes: total(layers.map((layer) => layer.outputBytes)),
  };
  return { ...result, toString: () => printSummary(result) };
}

/** The tensor a layer's row is about: what it returned, or the `output` among several. */
function outputOf(result: unknown): unknown {
  return typeof result === "object" && result !== null && "output" in result ? result.output : result;
}

interface Holder {
  readonly path: string;
  /** Parameters that belong to no module further in. */
  readonly own: Param[];
  /** Whether there are modules inside. */
  composed: boolean;
}

/** A module with modules inside has a row only if it has parameters besides. */
function isRow({ own, composed }: Holder): boolean {
  return !composed || own.length > 0;
}

function holdersOf(model: Module): ReadonlyMap<Module, Holder> {
  const byPath = new Map<string, Holder>();
  const byModule = new Map<Module, Holder>();
  const above = (path: string): Holder | undefined => {
    for (let end = path.lastIndexOf("."); end > 0; end = path.lastIndexOf(".", end - 1)) {
      const holder = byPath.get(path.slice(0, end));
      if (holder !== undefined) return holder;
    }
    return path === "" ? undefined : byPath.get("");
  };
  for (const [path, member] of model.walk()) {
    const holder = above(path);
    if (member instanceof Param) holder?.own.push(member);
    if (!(member instanceof Module)) continue;
    if (holder !== undefined) holder.composed = true;
    const own: Holder = { path, own: [], composed: false };
    byPath.set(path, own);
    if (!byModule.has(member)) byModule.set(member, own);
  }
  return byModule;
}

interface Field {
  readonly size: readonly [number, number];
  /** Distance in the input between neighbours in the output. */
  readonly step: readonly [number, number];
}

/** Follows receptive fields from layer to layer, through whatever functions are called between them. */
class Sight {
  readonly #fields = new Map<Tensor, Field>();
  readonly #image: readonly [number, number];

  constructor(input: Tensor) {
    const [height = 1, width = 1] = input.rank >= 4 ? input.shape.slice(-2) : [1, input.shape.at(-1) ?? 1];
    this.#image = [height, width];
    this.#fields.set(input, { size: [1, 1], step: [1, 1] });
  }

  pass(x: Tensor, y: Tensor, window: Window | "all" | null): readonly [number, number] | null {
    // The output of a module that holds others is the output of one of them.
    const known = this.#fields.get(y);
    if (known !== undefined) return known.size;
    const before = this.#reaching(x);
    if (before === null) return null;
    const after = this.#widened(before, window);
    this.#fields.set(y, after);
    return after.size;
  }

  #widened(before: Field, window: Window | "all" | null): Field {
    if (window === null) return before;
    if (window === "all") return { size: this.#image, step: before.step };
    const { kernel, stride, dilation } = window;
    const widen = (axis: 0 | 1): number => before.size[axis] + dilation[axis] * (kernel[axis] - 1) * before.step[axis];
    return { size: [widen(0), widen(1)], step: [before.step[0] * stride[0], before.step[1] * stride[1]] };
  }

  /** The widest field among the layers' outputs that a tensor was made from. */
  #reaching(x: Tensor): Field | null {
    const stack = [x];
    const seen = new Set<Tensor>(stack);
    let widest: Field | null = null;
    for (let tensor = stack.pop(); tensor !== undefined; tensor = stack.pop()) {
      const field = this.#fields.get(tensor);
      if (field !== undefined) {
        widest = widest === null ? field : wider(widest, field);
        continue;
      }
      for (const parent of parentsOf(tensor)) {
        if (seen.has(parent)) continue;
        seen.add(parent);
        stack.push(parent);
      }
    }
    return widest;
  }
}

function wider(a: Field, b: Field): Field {
  return {
    size: [Math.max(a.size[0], b.size[0]), Math.max(a.size[1], b.size[1])],
    step: [Math.max(a.step[0], b.step[0]), Math.max(a.step[1], b.step[1])],
  };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
