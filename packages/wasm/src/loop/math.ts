import type { FunctionHandle, ModuleBuilder } from "../asm/index.ts";
import type { Level } from "../kernels/kernel.ts";
import { Lanes, type Term } from "./lanes.ts";

/** Leaves computed by a polynomial or a formula of several steps, in functions of their own. */
export const mathNames = ["exp", "log", "tanh"] as const;
export type MathName = (typeof mathNames)[number];

type Formula = (l: Lanes, x: Term, y: Term) => Term;

const formulas: Readonly<Record<MathName, { readonly arity: 1 | 2; readonly formula: Formula }>> = {
  exp: { arity: 1, formula: exp },
  log: { arity: 1, formula: log },
  tanh: { arity: 1, formula: tanh },
};

export function isMathName(name: string): name is MathName {
  return Object.hasOwn(formulas, name);
}

/** The mathematical functions one module has, each emitted once, four lanes wide (one on the scalar level). */
export class MathFunctions {
  readonly #functions = new Map<MathName, FunctionHandle>();

  constructor(module: ModuleBuilder, level: Level, needed: Iterable<MathName>) {
    const count = level === "scalar" ? 1 : 4;
    const type = count === 4 ? "v128" : "f32";
    for (const name of new Set(needed)) {
      const { arity, formula } = formulas[name];
      const parameters = arity === 1 ? [type] as const : [type, type] as const;
      const handle = module.function(name, { parameters, result: type }, (f, ...given) => {
        const lanes = new Lanes(f, count, level);
        const [x, y = x] = given;
        formula(lanes, () => f.get(x), () => f.get(y))();
        lanes.release();
      });
      this.#functions.set(name, handle);
    }
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

/**
 * e^x: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial of degree 6 in r, then 2^n by exponent bits in two halves.
 * The reduction and the polynomial are those of the Cephes library (Moshier, expf). Error <= 1.3 ULP.
 */
function exp(l: Lanes, x: Term): Term {
  const clamped = l.keep(l.min(l.max(x, l.float(-104)), l.float(89)));
  const n = l.keep(l.nearest(l.mul(clamped, l.float(Math.LOG2E))));
  const high = l.multiplyAdd(n, l.float(-0.693359375), clamped);
  const r = l.keep(l.multiplyAdd(n, l.float(2.12194440e-4), high));
  const p = l.polynomial(r, [1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1]);
  const y = l.keep(l.add(l.multiplyAdd(p, l.mul(r, r), r), l.float(1)));
  const exponent = l.keepInteger(l.toInteger(n));
  const half = l.keepInteger(l.shiftRightSigned(exponent, 1));
  const power = (e: Term): Term => l.fromBits(l.shiftLeft(l.addInteger(e, l.integer(127)), 23));
  return l.mul(l.mul(y, power(half)), power(l.subInteger(exponent, half)));
}

/**
 * Natural logarithm: x = 2^e m with m in [sqrt(1/2), sqrt(2)), a polynomial of degree 9 in m - 1
 * (Cephes, logf). Negative numbers give NaN, zero -Infinity. Error <= 0.8 ULP of normal numbers.
 */
function log(l: Lanes, x: Term): Term {
  // Subnormal numbers are scaled into the normal range first.
  const tiny = l.keepInteger(l.less(x, l.float(1.17549435e-38)));
  const scaled = l.keep(l.select(tiny, l.mul(x, l.float(8388608)), x));
  const bits = l.keepInteger(l.bitsOf(scaled));
  const m0 = l.keep(l.fromBits(l.or(l.and(bits, l.integer(0x007fffff)), l.integer(0x3f000000))));
  const small = l.keepInteger(l.less(m0, l.float(Math.SQRT1_2)));
  const e0 = l.toFloat(l.subInteger(l.shiftRight(bits, 23), l.integer(126)));
  const e = l.keep(l.sub(l.sub(e0, l.select(small, l.float(1), l.float(0))), l.select(tiny, l.float(23), l.float(0))));
  const m = l.keep(l.sub(l.add(m0, l.select(small, m0, l.float(0))), l.float(1)));
  const z = l.keep(l.mul(m, m));
  const p = l.polynomial(m, [7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1]);
  const tail = l.multiplyAdd(e, l.float(-2.12194440e-4), l.mul(l.mul(m, z), p));
  const near = l.add(m, l.multiplyAdd(z, l.float(-0.5), tail));
  const y = l.keep(l.multiplyAdd(e, l.float(0.693359375), near));
  const infinite = l.select(l.equal(x, l.float(Number.POSITIVE_INFINITY)), x, y);
  const zero = l.select(l.equal(x, l.float(0)), l.float(Number.NEGATIVE_INFINITY), infinite);
  return l.select(l.lessEqual(l.float(0), x), zero, l.float(Number.NaN));
}

/**
 * Hyperbolic tangent as a rational function x p(x^2) / q(x^2) of degrees 13 and 6 on |x| < 7.9 (the coefficients Eigen uses),
 * beyond which it is 1 in float32. Error <= 5 ULP.
 */
function tanh(l: Lanes, x: Term): Term {
  const limit = 7.90531110763549805;
  const clamped = l.keep(l.min(l.max(x, l.float(-limit)), l.float(limit)));
  const z = l.keep(l.mul(clamped, clamped));
  const p = l.polynomial(z, [-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8, 1.48572235717979e-5, 6.37261928875436e-4, 4.89352455891786e-3]);
  const q = l.polynomial(z, [1.19825839466702e-6, 1.18534705686654e-4, 2.26843463243900e-3, 4.89352518554385e-3]);
  return l.div(l.mul(clamped, p), q);
}
