import {
  add,
  ArgumentError,
  cast,
  expand,
  type HostTensor,
  isFinite as isFiniteTensor,
  mul,
  neg,
  sameShape,
  type Shape,
  type Parameterised,
  State,
  type Tensor,
  where,
} from "@gradus/tensor";
import { type ParameterGroup, settingsOf } from "./groups.ts";
import type { Rule } from "./rule.ts";
import { loadCells, readCells } from "./state-dict.ts";

export interface OptimizerOptions {
  /** Can be changed at any time through `learningRate`, without recompiling. */
  readonly learningRate: number;
  /** What it means is the rule's to say; 0 when left out. */
  readonly weightDecay?: number;
  /** Parameters with a learning rate or weight decay of their own. */
  readonly groups?: readonly ParameterGroup[];
  /** Climbs instead of descending; false when left out. */
  readonly maximize?: boolean;
}

export interface ApplyOptions {
  /** Guards the step: if it is not finite, parameters, slots and the step count stay as they are. */
  readonly loss?: Tensor;
}

interface Slots {
  readonly parameter: State;
  readonly cells: Readonly<Record<string, State>>;
}

/**
 * Applies a rule to every parameter of a model. What the rule keeps, the step count and the learning rate live in
 * state cells, so a compiled step updates them in place.
 *
 * Example: `optimizer.apply(model, valueAndGrad(model, () => loss).grads)`.
 */
export class Optimizer {
  readonly rule: Rule;
  /** Updates carried out so far: an int32 scalar. */
  readonly step = new State({ shape: [], dtype: "int32" }, "optimizer/step");
  readonly #learningRateCell: State;
  readonly #weightDecay: number;
  readonly #groups: readonly ParameterGroup[];
  readonly #maximize: boolean;
  readonly #slots = new Map<string, Slots>();
  /** Loaded entries for parameters that are not known yet. */
  readonly #waiting = new Map<string, HostTensor>();
  #learningRate: number;

  constructor(rule: Rule, { learningRate, weightDecay = 0, groups = [], maximize = false }: OptimizerOptions) {
    this.rule = rule;
    this.#learningRate = checked(rule.name, "learningRate", learningRate);
    this.#learningRateCell = new State({ shape: [], dtype: "float32" }, "optimizer/learningRate", () =>
      Float32Array.of(this.#learningRate),
    );
    this.#weightDecay = checked(rule.name, "weightDecay", weightDecay);
    this.#groups = groups.map((group) => {
      checked(rule.name, "learningRateScale", group.learningRateScale ?? 1);
      checked(rule.name, "weightDecay", group.weightDecay ?? 0);
      return group;
    });
    this.#maximize = maximize;
  }

  get learningRate(): number {
    return this.#learningRate;
  }

  /** Takes effect at the next step, compiled or not. */
  set learningRate(value: number) {
    this.#learningRate = checked(this.rule.name, "learningRate", value);
    this.#learningRateCell.set(Float32Array.of(value));
  }

  /**
   * Records one update of every parameter that has a gradient in `grads` (by path); the others stay as they are.
   * It is carried out when the step runs: when a value is read, or at the end of a compiled function.
   *
   * @throws ArgumentError if another model was optimized before, or loaded slots do not fit the parameters.
   */
  apply(model: Parameterised, grads: ReadonlyMap<string, Tensor>, { loss }: ApplyOptions = {}): void {
    const guard = loss === undefined ? null : isFiniteTensor(loss);
    const finite = guard === null ? null : guardFor(guard);
    const keep = (next: Tensor, cell: State): void => cell.assign(finite === null ? next : where(finite(cell.shape), next, cell.value()));
    const next = add(this.step, 1);
    const step = cast(next, "float32");
    const learningRate = this.#learningRateCell.value();
    for (const [path, parameter] of model.parameters()) {
      const grad = grads.get(path);
      if (grad === undefined) continue;
      const cells = this.#cellsOf(path, parameter);
      const { learningRateScale, weightDecay } = settingsOf(path, parameter, this.#groups, this.#weightDecay);
      const updated = this.rule.update({
        param: parameter.value(),
        grad: this.#maximize ? neg(grad) : grad,
        slots: Object.fromEntries(this.rule.slots.map((slot) => [slot, present(cells, slot).value()])),
        step,
        learningRate: learningRateScale === 1 ? learningRate : mul(learningRate, learningRateScale),
        weightDecay,
      });
      keep(updated.param, parameter);
      for (const slot of this.rule.slots) keep(updated.slots[slot] ?? present(cells, slot).value(), present(cells, slot));
    }
    keep(next, this.step);
  }

  /**
   * Makes the slots of a model's parameters, which `apply` would make at its first call.
   *
   * @throws ArgumentError if another model was optimized before, or loaded slots do not fit the parameters.
   */
  bind(model: Parameterised): void {
    for (const [path, parameter] of model.parameters()) this.#cellsOf(path, parameter);
  }

  /** A copy of the step count ("step") and of every slot ("<path>/<slot>"). The learning rate is the caller's to keep. */
  async stateDict(): Promise<Map<string, HostTensor>> {
    const entries = await readCells(this.#cells());
    for (const [name, entry] of this.#waiting) entries.set(name, entry);
    return entries;
  }

  /**
   * Takes step count and slots from what `stateDict` gave. Slots that are missing start at zero again. If anything does
   * not fit, everything stays as it was; slots of parameters not seen yet are checked when they are: `bind` first to
   * have all of them checked at once.
   *
   * @throws ArgumentError that lists what does not fit.
   */
  loadStateDict(entries: ReadonlyMap<string, HostTensor>): void {
    const cells = this.#cells();
    const unknown = loadCells(this.rule.name, cells, entries, this.#slots.size > 0 ? [] : this.rule.slots);
    this.#waiting.clear();
    for (const [name, entry] of unknown) this.#waiting.set(name, entry);
  }

  /** Gives the device memory of slots and step count back. */
  free(): void {
    for (const cell of this.#cells().values()) cell.free();
    this.#learningRateCell.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }

  #cells(): Map<string, State> {
    const cells = new Map<string, State>([["step", this.step]]);
    for (const [path, slots] of this.#slots) for (const [slot, cell] of Object.entries(slots.cells)) cells.set(`${path}/${slot}`, cell);
    return cells;
  }

  #cellsOf(path: string, parameter: State): Readonly<Record<string, State>> {
    const known = this.#slots.get(path);
    if (known !== undefined) {
      if (known.parameter === parameter) return known.cells;
      throw new ArgumentError("optimizer/other-model", `${path} is another parameter than in the step before`, {
        subject: this.rule.name,
        hint: "make one optimizer for each model",
      });
    }
    const cells = Object.fromEntries(this.rule.slots.map((slot) => [slot, new State(parameter, `optimizer/${path}/${slot}`)]));
    const named = new Map(Object.entries(cells).map(([slot, cell]) => [`${path}/${slot}`, cell]));
    const loaded = new Map([...this.#waiting].filter(([name]) => named.has(name)));
    if (loaded.size > 0) loadCells(this.rule.name, named, loaded, []);
    for (const name of loaded.keys()) this.#waiting.delete(name);
    this.#slots.set(path, { parameter, cells });
    return cells;
  }
}

function present(cells: Readonly<Record<string, State>>, slot: string): State {
  const cell = cells[slot];
  if (cell === undefined) throw new ArgumentError("optimizer/slot", `there is no slot ${slot}`, { subject: "Optimizer" });
  return cell;
}

function checked(subject: string, name: string, value: number): number {
  if (value >= 0 && Number.isFinite(value)) return value;
  throw new ArgumentError("argument/optimizer", `${name} must be a finite number that is not negative, and is ${value}`, { subject });
}

/** A truth expanded to the shapes asked for, each once. */
function guardFor(guard: Tensor): (shape: Shape) => Tensor {
  const known = new Map<string, Tensor>();
  let last = guard;
  return (shape) => {
    // A parameter and its slots, which come one after the other, share a shape.
    if (!sameShape(last.shape, shape)) {
      const key = shape.join();
      last = known.get(key) ?? expand(guard, shape);
      known.set(key, last);
    }
    return last;
  };
}
