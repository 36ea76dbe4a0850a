import { type Argument, compile } from "@gradus/compile";
import { ArgumentError, type HostTensor, NumericError, type Parameterised, type State, type Tensor, valueAndGrad } from "@gradus/tensor";
import { count, notNegative, positive } from "../check.ts";
import { dot, largest, quasiNewtonDirection, type Vector } from "./direction.ts";
import { LbfgsMemory } from "./memory.ts";
import { type LinePoint, strongWolfe } from "./strong-wolfe.ts";

export interface LbfgsOptions {
  /** Length of the steps, or the first that a line search tries; 1 when left out. */
  readonly learningRate?: number;
  /** Moves a call of `step` makes at most; 20 when left out. */
  readonly maxIterations?: number;
  /** Evaluations of the loss after which a call of `step` ends; 5 for every 4 moves when left out. */
  readonly maxEvaluations?: number;
  /** Ends where no element of the gradient is larger; 1e-7 when left out. */
  readonly gradientTolerance?: number;
  /** Ends where neither loss nor any parameter changes by more; 1e-9 when left out. */
  readonly changeTolerance?: number;
  /** Moves that are remembered; 100 when left out. */
  readonly historySize?: number;
  /** "strongWolfe" searches each line for a good step, "none" takes the learning rate; "none" when left out, as in PyTorch. */
  readonly lineSearch?: "none" | "strongWolfe";
}

export interface LbfgsStep {
  /** Before the step. */
  readonly loss: number;
  /** The last one seen, at or near the parameters that the step ends with. */
  readonly lastLoss: number;
  readonly iterations: number;
  readonly evaluations: number;
}

/** The loss and its gradient at some parameters. */
interface Evaluation {
  readonly loss: number;
  readonly gradient: Float32Array;
}

/**
 * Limited-memory BFGS, as PyTorch defines it: a quasi-Newton method for losses without noise, over the whole data set or
 * one large batch. Every move goes along -H g, where H stands for the inverse Hessian that recent moves have shown.
 *
 * It evaluates the loss several times a step, so it takes the loss as a function and is no `Optimizer`: loss and gradient
 * are one compiled function, the loop around it runs on the host in float64. The function's arguments are `step`'s.
 *
 * Sources: Liu and Nocedal, On the limited memory BFGS method, 1989; Nocedal and Wright, Numerical Optimization, 2006.
 *
 * Example:
 * ```ts
 * const optimizer = new Lbfgs(model, (x: Tensor, y: Tensor) => mseLoss(model.forward(x), y), { lineSearch: "strongWolfe" });
 * for (let i = 0; i < 10; i++) console.log((await optimizer.step(x, y)).loss);
 * ```
 *
 * @throws ArgumentError for options out of range and for a model without parameters.
 */
export class Lbfgs<A extends readonly unknown[]> {
  readonly #parameters: readonly State[];
  readonly #evaluate;
  readonly #options: Required<LbfgsOptions>;
  readonly #memory: LbfgsMemory;
  #busy = false;

  constructor(model: Parameterised, loss: (...args: A) => Tensor, options: LbfgsOptions = {}) {
    const { learningRate = 1, maxIterations = 20, maxEvaluations = Math.floor((maxIterations * 5) / 4), historySize = 100 } = options;
    const { gradientTolerance = 1e-7, changeTolerance = 1e-9, lineSearch = "none" } = options;
    positive("lbfgs", "learningRate", learningRate);
    for (const [name, value] of Object.entries({ maxIterations, maxEvaluations, historySize })) count("lbfgs", name, value);
    for (const [name, value] of Object.entries({ gradientTolerance, changeTolerance })) notNegative("lbfgs", name, value);
    this.#options = { learningRate, maxIterations, maxEvaluations, historySize, gradientTolerance, changeTolerance, lineSearch };
    const paths = [...model.parameters()];
    if (paths.length === 0) throw new ArgumentError("optimizer/no-parameters", "the model has no parameters", { subject: "lbfgs" });
    this.#parameters = paths.map(([, parameter]) => parameter);
    this.#memory = new LbfgsMemory(
      this.#parameters.reduce((size, parameter) => size + parameter.size, 0),
      historySize,
    );
    this.#evaluate = compile((...args: A) => {
      const { loss: value, grads } = valueAndGrad(model, () => loss(...args));
      return { value, grads: paths.flatMap(([path]) => grads.get(path) ?? []) };
    });
  }

  /**
   * Moves the parameters until one of the limits is reached. The arguments are handed to the loss each time.
   *
   * @throws ArgumentError if a step is under way; NumericError if the loss or its gradient is not finite, in which case the
   * parameters and what is remembered are as they were.
   */
  async step(...args: { readonly [K in keyof A]: Argument<A[K]> }): Promise<LbfgsStep> {
    if (this.#busy) {
      throw new ArgumentError("optimizer/busy", "a step is under way, and the next one needs where it ends", {
        subject: "lbfgs",
        hint: "await step(...) before the next",
      });
    }
    this.#busy = true;
    const start = await this.#read();
    const remembered = this.#memory.copy();
    try {
      return await this.#step(start, args);
    } catch (error) {
      this.#write(start);
      this.#memory.replace(remembered);
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  /** A copy of what is remembered: counts, the last move and gradient, and the pairs of both. */
  stateDict(): Promise<Map<string, HostTensor>> {
    return Promise.resolve(this.#memory.entries());
  }

  /**
   * Takes what `stateDict` gave. A run goes on from it and the parameters as if it had never stopped.
   *
   * @throws ArgumentError if it belongs to another model; then everything stays as it was.
   */
  loadStateDict(entries: ReadonlyMap<string, HostTensor>): void {
    this.#memory.load(entries);
  }

  async #step(start: Float32Array, args: { readonly [K in keyof A]: Argument<A[K]> }): Promise<LbfgsStep> {
    const { learningRate, maxIterations, maxEvaluations, gradientTolerance, changeTolerance, lineSearch } = this.#options;
    const memory = this.#memory;
    let now = await this.#at(args);
    const { loss } = now;
    let position = start;
    let iterations = 0;
    let evaluations = 1;
    let done = largest(now.gradient) <= gradientTolerance;
    while (!done && iterations < maxIterations) {
      iterations++;
      memory.observe(now.gradient);
      const direction = quasiNewtonDirection(now.gradient, memory.pairs);
      const slope = dot(now.gradient, direction);
      const first = memory.iterations === 1 ? Math.min(1, 1 / sumOfSizes(now.gradient)) * learningRate : learningRate;
      memory.moved(direction, first);
      if (slope > -changeTolerance) break;
      const before = now.loss;
      let length = first;
      if (lineSearch === "strongWolfe") {
        const from = position;
        const search = await strongWolfe<Evaluation>({
          start: { length: 0, loss: now.loss, slope, at: now },
          length: first,
          evaluate: (tried) => this.#along(from, direction, tried, args),
          tolerance: changeTolerance,
          reach: largest(direction),
        });
        evaluations += search.evaluations;
        ({ length } = search.point);
        now = search.point.at;
        memory.moved(direction, length);
      }
      position = this.#write(moved(position, direction, length));
      if (lineSearch === "none" && iterations < maxIterations) {
        now = await this.#at(args);
        evaluations++;
      }
      done =
        evaluations >= maxEvaluations ||
        largest(now.gradient) <= gradientTolerance ||
        largest(direction) * length <= changeTolerance ||
        Math.abs(now.loss - before) < changeTolerance;
    }
    memory.evaluations += evaluations;
    return { loss, lastLoss: now.loss, iterations, evaluations };
  }

  /** The loss at the present parameters, which must be finite. */
  async #at(args: { readonly [K in keyof A]: Argument<A[K]> }): Promise<Evaluation> {
    const { value, grads } = this.#evaluate(...args);
    const loss = await value.item();
    const parts = await Promise.all(grads.map((grad) => grad.data()));
    const gradient = new Float32Array(this.#memory.size);
    let at = 0;
    for (const part of parts) {
      gradient.set(part, at);
      at += part.length;
    }
    if (Number.isFinite(loss) && gradient.every(Number.isFinite)) return { loss, gradient };
    throw new NumericError("optimizer/non-finite", `the ${Number.isFinite(loss) ? "gradient is" : `loss is ${loss} and`} not finite`, {
      subject: "lbfgs",
      hint: 'lower the learning rate, or use lineSearch: "strongWolfe", which steps around such places',
    });
  }

  /** A point of the line that a search looks along; where the loss is not finite it counts as infinitely high. */
  async #along(
    from: Float32Array,
    direction: Vector,
    length: number,
    args: { readonly [K in keyof A]: Argument<A[K]> },
  ): Promise<LinePoint<Evaluation>> {
    this.#write(moved(from, direction, length));
    try {
      const at = await this.#at(args);
      return { length, loss: at.loss, slope: dot(at.gradient, direction), at };
    } catch (error) {
      if (!(error instanceof NumericError)) throw error;
      return { length, loss: Infinity, slope: 0, at: { loss: Infinity, gradient: new Float32Array(this.#memory.size) } };
    }
  }

  async #read(): Promise<Float32Array> {
    const values = new Float32Array(this.#memory.size);
    let at = 0;
    for (const parameter of this.#parameters) {
      values.set(await parameter.data(), at);
      at += parameter.size;
    }
    return values;
  }

  #write(values: Float32Array): Float32Array {
    let at = 0;
    for (const parameter of this.#parameters) {
      parameter.set(values.slice(at, at + parameter.size));
      at += parameter.size;
    }
    return values;
  }
}

function moved(from: Float32Array, direction: Vector, length: number): Float32Array {
  return from.map((value, i) => value + length * (direction[i] ?? 0));
}

function sumOfSizes(values: Vector): number {
  let sum = 0;
  for (const value of values) sum += Math.abs(value);
  return sum;
}
