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
  sub,
  type Tensor,
  where,
} from "@gradus/tensor";
import type { AfterUpdate } from "./after/after-update.ts";
import { notNegative } from "./check.ts";
import type { Gradients } from "./clip.ts";
import { type ParameterGroup, type ParameterSettings, settingsOf } from "./groups.ts";
import type { Rule } from "./rule.ts";
import { loadCells, readCells } from "./state-dict.ts";

export interface OptimizerOptions {
  /** Can be changed at any time through `learningRate`, without recompiling. */
  readonly learningRate: number;
  /** An L2 penalty, added to the gradient, unless the rule or `decoupledWeightDecay` says otherwise; 0 when left out. */
  readonly weightDecay?: number;
  /**
   * Keeps weight decay out of the gradient: p -= learningRate * weightDecay * p before the rule. False when left out, except
   * in `adamw` and `lion`. Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019.
   */
  readonly decoupledWeightDecay?: boolean;
  /** Parameters with a learning rate, a weight decay or an `after` of their own. */
  readonly groups?: readonly ParameterGroup[];
  /** What becomes of the gradients before the rule sees them, such as `clipGradNorm`. */
  readonly clip?: (grads: Gradients) => Gradients;
  /** What is done to every parameter after its update, in this order: constraints and averages. */
  readonly after?: readonly AfterUpdate[];
  /** Climbs instead of descending; false when left out. */
  readonly maximize?: boolean;
}

export interface ApplyOptions {
  /** Guards the step: if it is not finite, parameters, slots and the step count stay as they are. */
  readonly loss?: Tensor;
}

interface Slots {
  readonly parameter: State;
  readonly settings: ParameterSettings;
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
  readonly #defaults: Omit<ParameterSettings, "learningRateScale">;
  readonly #groups: readonly ParameterGroup[];
  readonly #clip: (grads: Gradients) => Gradients;
  readonly #maximize: boolean;
  readonly #slots = new Map<string, Slots>();
  /** Loaded entries for parameters that are not known yet. */
  readonly #waiting = new Map<string, HostTensor>();
  #learningRate: number;

  constructor(
    rule: Rule,
    {
      learningRate,
      weightDecay = 0,
      decoupledWeightDecay = false,
      groups = [],
      clip = (grads) => grads,
      after = [],
      maximize = false,
    }: OptimizerOptions,
  ) {
    this.rule = rule;
    this.#learningRate = notNegative(rule.name, "learningRate", learningRate);
    this.#learningRateCell = new State({ shape: [], dtype: "float32" }, "optimizer/learningRate", () =>
      Float32Array.of(this.#learningRate),
    );
    this.#defaults = { weightDecay: notNegative(rule.name, "weightDecay", weightDecay), decoupledWeightDecay, after };
    this.#groups = groups;
    for (const group of groups) {
      notNegative(rule.name, "learningRateScale", group.learningRateScale ?? 1);
      notNegative(rule.name, "weightDecay", group.weightDecay ?? 0);
    }
    for (const list of [after, ...groups.map((group) => group.after ?? [])]) checkSlots(rule, list);
    this.#clip = clip;
    this.#maximize = maximize;
  }

  get learningRate(): number {
    return this.#learningRate;
  }

  /** Takes effect at the next step, compiled or not. */
  set learningRate(value: number) {
    this.#learningRate = notNegative(this.rule.name, "learningRate", value);
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
    const used = this.#clip(grads);
    for (const [path, parameter] of model.parameters()) {
      const grad = used.get(path);
      if (grad === undefined) continue;
      const { cells, settings } = this.#slotsOf(path, parameter);
      const { learningRateScale, weightDecay, decoupledWeightDecay, after } = settings;
      const rate = learningRateScale === 1 ? learningRate : mul(learningRate, learningRateScale);
      const before = parameter.value();
      const slots = Object.fromEntries(Object.entries(cells).map(([slot, cell]) => [slot, cell.value()]));
      let { param, slots: updated } = this.rule.update({
        param: decoupledWeightDecay && weightDecay !== 0 ? mul(before, sub(1, mul(rate, weightDecay))) : before,
        grad: this.#maximize ? neg(grad) : grad,
        slots,
        step,
        learningRate: rate,
        weightDecay: decoupledWeightDecay ? 0 : weightDecay,
      });
      for (const follower of after) {
        const followed = follower.follow({ before, param, slots, step });
        param = followed.param;
        updated = { ...updated, ...followed.slots };
      }
      keep(param, parameter);
      for (const [slot, cell] of Object.entries(cells)) keep(updated[slot] ?? cell.value(), cell);
    }
    keep(next, this.step);
  }

  /**
   * Makes the slots of a model's parameters, which `apply` would make at its first call.
   *
   * @throws ArgumentError if another model was optimized before, or loaded slots do not fit the parameters.
   */
  bind(model: Parameterised): void {
    for (const [path, parameter] of model.parameters()) this.#slotsOf(path, parameter);
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
    const unknown = loadCells(this.rule.name, cells, entries, this.#slots.size > 0 ? [] : this.#slotNames());
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

  #slotNames(): readonly string[] {
    const followers = [...this.#defaults.after, ...this.#groups.flatMap(({ after = [] }) => after)];
    return [...this.rule.slots, ...followers.flatMap(({ slots }) => slots)];
  }

  #slotsOf(path: string, parameter: State): Slots {
    const known = this.#slots.get(path);
    if (known !== undefined) {
      if (known.parameter === parameter) return known;
      throw new ArgumentError("optimizer/other-model", `${path} is another parameter than in the step before`, {
        subject: this.rule.name,
        hint: "make one optimizer for each model",
      });
    }
    const settings = settingsOf(path, parameter, this.#groups, this.#defaults);
    const slots = [...this.rule.slots, ...settings.after.flatMap((follower) => follower.slots)];
    const cells = Object.fromEntries(slots.map((slot) => [slot, new State(parameter, `optimizer/${path}/${slot}`)]));
    const named = new Map(Object.entries(cells).map(([slot, cell]) => [`${path}/${slot}`, cell]));
    const loaded = new Map([...this.#waiting].filter(([name]) => named.has(name)));
    if (loaded.size > 0) loadCells(this.rule.name, named, loaded, []);
    for (const name of loaded.keys()) this.#waiting.delete(name);
    const made = { parameter, settings, cells };
    this.#slots.set(path, made);
    return made;
  }
}

function checkSlots(rule: Rule, after: readonly AfterUpdate[]): void {
  const names = [...rule.slots, ...after.flatMap(({ slots }) => slots)];
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  const users = [rule, ...after].filter(({ slots }) => slots.includes(twice)).map(({ name }) => name);
  throw new ArgumentError("argument/optimizer", `${users.join(" and ")} both keep a slot ${twice}`, { subject: rule.name });
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
