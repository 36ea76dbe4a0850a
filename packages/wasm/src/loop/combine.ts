import type { Combine, DType } from "@gradus/tensor";
import type { Local } from "../asm/index.ts";
import type { Lanes, Term } from "./lanes.ts";

/** What a reduction carries from term to term. */
export interface Running {
  readonly value: Local;
  /** Where it was found, for argmax and argmin. */
  readonly position: Local | null;
  /** Lanes that met a NaN, for the largest and smallest of floats: the cheap comparison loses it, and `finish` puts it back. */
  readonly missed: Local | null;
}

const floatStart: Readonly<Record<Combine, number>> = {
  sum: 0,
  prod: 1,
  max: Number.NEGATIVE_INFINITY,
  min: Number.POSITIVE_INFINITY,
  argmax: Number.NEGATIVE_INFINITY,
  argmin: Number.POSITIVE_INFINITY,
};

const integerStart: Readonly<Record<Combine, number>> = {
  sum: 0,
  prod: 1,
  max: -2147483648,
  min: 2147483647,
  argmax: -2147483648,
  argmin: 2147483647,
};

export function finds(combine: Combine): boolean {
  return combine === "argmax" || combine === "argmin";
}

/** Locals holding the reduction of nothing. */
export function startReduction(lanes: Lanes, combine: Combine, dtype: DType): Running {
  const { f } = lanes;
  const value = dtype === "float32" ? lanes.float(floatStart[combine]) : lanes.integer(integerStart[combine]);
  const type = lanes.count === 4 ? "v128" : dtype === "float32" ? "f32" : "i32";
  return {
    value: f.local(type, value),
    position: finds(combine) ? f.local(lanes.count === 4 ? "v128" : "i32", lanes.integer(0)) : null,
    missed: lanes.count === 4 && dtype === "float32" && (combine === "max" || combine === "min") ? f.local("v128", lanes.integer(0)) : null,
  };
}

/** Sets running locals back to the reduction of nothing. */
export function restart(lanes: Lanes, combine: Combine, dtype: DType, { value, position, missed }: Running): void {
  lanes.f.set(value, dtype === "float32" ? lanes.float(floatStart[combine]) : lanes.integer(integerStart[combine]));
  for (const word of [position, missed]) if (word !== null) lanes.f.set(word, lanes.integer(0));
}

/** Ends a reduction, before its value is used. */
export function finish({ f }: Lanes, { value, missed }: Running): void {
  // All ones is a NaN, and a truth.
  if (missed !== null)
    f.set(value, () =>
      f.v128.or(
        () => f.get(value),
        () => f.get(missed),
      ),
    );
}

/** Pushes whether some lane of a term may change what argmax or argmin has found: few of many terms do. */
export function mayWin(lanes: Lanes, combine: Combine, dtype: DType, { value }: Running, terms: readonly Local[]): void {
  const { f } = lanes;
  const loses = (term: Local): Term => {
    const pair = [() => f.get(term), () => f.get(value)];
    const [low = nothing, high = nothing] = combine === "argmax" ? pair : pair.toReversed();
    return dtype === "float32" ? lanes.lessEqual(low, high) : lanes.lessEqualInteger(low, high);
  };
  const all = terms.map(loses).reduce((a, b) => lanes.and(a, b));
  lanes.any(lanes.not(all))();
}

function nothing(): never {
  throw new RangeError("a comparison misses a side");
}

/** Takes one more term in. Among equals the first found stays; NaN, once met, stays. */
export function takeTerm(lanes: Lanes, combine: Combine, dtype: DType, { value, position, missed }: Running, term: Local, at: Term): void {
  const { f } = lanes;
  const [old, next] = [() => f.get(value), () => f.get(term)];
  const float = dtype === "float32";
  if (missed !== null) {
    f.set(
      missed,
      lanes.or(() => f.get(missed), lanes.notEqual(next, next)),
    );
    f.set(value, combine === "max" ? lanes.larger(old, next) : lanes.smaller(old, next));
    return;
  }
  if (position === null) {
    f.set(value, joined(lanes, combine, float, old, next));
    return;
  }
  const better = combine === "argmax" ? [old, next] : [next, old];
  const [low = old, high = next] = better;
  const ordered = float ? lanes.less(low, high) : lanes.lessInteger(low, high);
  const firstNan = float ? lanes.and(lanes.notEqual(next, next), lanes.equal(old, old)) : null;
  const wins = lanes.keepInteger(firstNan === null ? ordered : lanes.or(ordered, firstNan));
  f.set(
    position,
    lanes.selectInteger(wins, at, () => f.get(position)),
  );
  f.set(value, float ? lanes.select(wins, next, old) : lanes.selectInteger(wins, next, old));
  lanes.release();
}

function joined(lanes: Lanes, combine: Combine, float: boolean, a: Term, b: Term): Term {
  switch (combine) {
    case "sum":
      return float ? lanes.add(a, b) : lanes.addInteger(a, b);
    case "prod":
      return float ? lanes.mul(a, b) : lanes.mulInteger(a, b);
    case "max":
    case "argmax":
      return float ? lanes.max(a, b) : lanes.selectInteger(lanes.lessInteger(a, b), b, a);
    case "min":
    case "argmin":
      return float ? lanes.min(a, b) : lanes.selectInteger(lanes.lessInteger(a, b), a, b);
  }
  combine satisfies never;
  return a;
}

/** Brings four running lanes together into one; among equals, and among NaNs, the lowest position wins. */
export function joinLanes(wide: Lanes, one: Lanes, combine: Combine, dtype: DType, { value, position }: Running, into: Running): void {
  const { f } = wide;
  const float = dtype === "float32";
  for (const lane of [0, 1, 2, 3]) {
    const term = float
      ? f.local("f32", () => f.f32x4.extract_lane(lane, () => f.get(value)))
      : f.local("i32", () => f.i32x4.extract_lane(lane, () => f.get(value)));
    if (position === null || into.position === null) takeTerm(one, combine, dtype, into, term, one.integer(0));
    else {
      const at = f.local("i32", () => f.i32x4.extract_lane(lane, () => f.get(position)));
      const { position: best } = into;
      // A tie goes to the earlier position; lanes visit positions out of order.
      const same = f.local("i32", () => {
        if (!float)
          return f.i32.eq(
            () => f.get(term),
            () => f.get(into.value),
          );
        f.f32.eq(
          () => f.get(term),
          () => f.get(into.value),
        );
        f.i32.or(() =>
          f.i32.and(
            () =>
              f.f32.ne(
                () => f.get(term),
                () => f.get(term),
              ),
            () =>
              f.f32.ne(
                () => f.get(into.value),
                () => f.get(into.value),
              ),
          ),
        );
      });
      f.if(
        () => f.i32.and(same, () => f.i32.lt_s(at, () => f.get(best))),
        () => f.set(best, () => f.get(at)),
        () => takeTerm(one, combine, dtype, into, term, () => f.get(at)),
      );
      f.free(at, same);
    }
    f.free(term);
  }
}
