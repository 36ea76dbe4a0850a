import type { LeafName } from "@gradus/tensor";
import type { FunctionHandle, ModuleBuilder } from "../asm/index.ts";
import type { Level } from "../kernels/kernel.ts";
import { Lanes, type Term } from "./lanes.ts";
import { erf } from "./math/error-function.ts";
import { exp, expm1 } from "./math/exponential.ts";
import { acosh, asinh, atanh, cosh, sinh, tanh } from "./math/hyperbolic.ts";
import { acos, asin, atan, atan2 } from "./math/inverse-trigonometric.ts";
import { log, log1p } from "./math/logarithm.ts";
import { pow } from "./math/power.ts";
import { rem } from "./math/remainder.ts";
import { cos, sin, tan } from "./math/trigonometric.ts";

/** Emits what computes the function of its arguments, which cost nothing to repeat. */
type Formula =
  | { readonly arity: 1; readonly formula: (l: Lanes, x: Term) => Term }
  | { readonly arity: 2; readonly formula: (l: Lanes, a: Term, b: Term) => Term };

/** Leaves of float32 computed by a formula of several steps, in functions of their own. */
const formulas = {
  exp: { arity: 1, formula: exp },
  expm1: { arity: 1, formula: expm1 },
  log: { arity: 1, formula: log },
  log1p: { arity: 1, formula: log1p },
  sin: { arity: 1, formula: sin },
  cos: { arity: 1, formula: cos },
  tan: { arity: 1, formula: tan },
  asin: { arity: 1, formula: asin },
  acos: { arity: 1, formula: acos },
  atan: { arity: 1, formula: atan },
  sinh: { arity: 1, formula: sinh },
  cosh: { arity: 1, formula: cosh },
  asinh: { arity: 1, formula: asinh },
  acosh: { arity: 1, formula: acosh },
  atanh: { arity: 1, formula: atanh },
  tanh: { arity: 1, formula: tanh },
  erf: { arity: 1, formula: erf },
  rem: { arity: 2, formula: rem },
  pow: { arity: 2, formula: pow },
  atan2: { arity: 2, formula: atan2 },
} as const satisfies Partial<Record<LeafName, Formula>>;

export type MathName = keyof typeof formulas;

export function isMathName(name: string): name is MathName {
  return Object.hasOwn(formulas, name);
}

const short: ReadonlySet<MathName> = new Set<MathName>(["exp", "log", "tanh", "erf"]);

/** Every leaf that has a formula. */
export const mathNames: readonly MathName[] = Object.keys(formulas).filter(isMathName);

/** The mathematical functions one module has, each emitted once, four lanes wide (one on the scalar level). */
export class MathFunctions {
  readonly #functions = new Map<MathName, FunctionHandle>();
  readonly #module: ModuleBuilder;

  constructor(module: ModuleBuilder, level: Level, needed: Iterable<MathName>) {
    this.#module = module;
    const count = level === "scalar" ? 1 : 4;
    const type = count === 4 ? "v128" : "f32";
    for (const name of new Set(needed)) {
      const row: Formula = formulas[name];
      const parameters = row.arity === 1 ? ([type] as const) : ([type, type] as const);
      const handle = module.function(name, { parameters, result: type }, (f, ...given) => {
        const lanes = new Lanes(f, count, level, module);
        const [x, y = x] = given;
        row.formula(
          lanes,
          () => f.get(x),
          () => f.get(y),
        )();
        lanes.release();
      });
      this.#functions.set(name, handle);
    }
  }

  /** The short formulas written out where they are used, which in a loop saves what surrounds a call; else a call. */
  inline(lanes: Lanes, name: MathName, args: readonly Term[]): Term {
    if (lanes.count === 1 || !short.has(name)) return this.call(lanes, name, args);
    const row: Formula = formulas[name];
    const [x, y = x] = args;
    if (x === undefined || y === undefined) throw new RangeError(`${name} misses an argument`);
    return row.formula(lanes.within(this.#module), x, y);
  }

  /** A call on the lanes at hand; one lane on a vector level goes through a vector. */
  call(lanes: Lanes, name: MathName, args: readonly Term[]): Term {
    const handle = this.#functions.get(name);
    if (handle === undefined) throw new RangeError(`${name} was not emitted in this module`);
    const { f } = lanes;
    if (lanes.count === 4 || lanes.level === "scalar") {
      return () => {
        for (const arg of args) arg();
        f.call(handle);
      };
    }
    return () =>
      f.f32x4.extract_lane(0, () => {
        for (const arg of args) f.f32x4.splat(arg);
        f.call(handle);
      });
  }
}
