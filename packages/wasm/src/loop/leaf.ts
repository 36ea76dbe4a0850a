import type { DType, LeafName, Scalar } from "@gradus/tensor";
import type { Lanes, Term } from "./lanes.ts";
import { fromHalf, toHalf } from "./half.ts";
import { isMathName, type MathName } from "./math.ts";

/** The arguments of a leaf, as code and as what the program says of them. */
export interface LeafArguments {
  readonly terms: readonly Term[];
  readonly scalars: readonly Scalar[];
}

/**
 * Code for one leaf. Floats are f32 lanes; int32, uint8 and int8 are integers, kept in range; float16 is its bits; bool is a truth
 * (a mask with four lanes, 0 or 1 with one).
 */
export function emitLeaf(
  l: Lanes,
  math: (name: MathName, args: readonly Term[]) => Term,
  leaf: LeafName,
  dtype: DType,
  { terms, scalars }: LeafArguments,
): Term {
  const [a = nothing, b = nothing, c = nothing] = terms;
  const from = scalars[0]?.dtype ?? dtype;
  const integer = from !== "float32";
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the other leaves are arithmetic, and the default's functions answer for each
  switch (leaf) {
    case "select":
      return dtype === "float32" ? l.select(truth(l, a, from), b, c) : l.selectInteger(truth(l, a, from), b, c);
    case "equal":
      return integer ? l.equalInteger(a, b) : l.equal(a, b);
    case "notEqual":
      return integer ? l.not(l.equalInteger(a, b)) : l.notEqual(a, b);
    case "less":
      return integer ? l.lessInteger(asInteger(l, a, from), asInteger(l, b, from)) : l.less(a, b);
    case "lessEqual":
      return integer ? l.lessEqualInteger(asInteger(l, a, from), asInteger(l, b, from)) : l.lessEqual(a, b);
    case "not":
      return from === "bool" ? l.not(a) : l.not(truth(l, a, from));
    case "and":
      return l.and(a, b);
    case "or":
      return l.or(a, b);
    case "xor":
      return l.xor(a, b);
    case "toFloat32":
      if (from === "float16") return fromHalf(l, a);
      return integer ? l.toFloat(asInteger(l, a, from)) : a;
    case "toFloat16":
      return toHalf(l, a);
    case "toInt32":
      return integer ? asInteger(l, a, from) : l.toInteger(a);
    case "toUint8":
    case "toInt8":
      return wrapped(l, dtype, integer ? asInteger(l, a, from) : l.toInteger(a));
    case "toBool":
      return truth(l, a, from);
    case "bitsOf":
      return l.bitsOf(a);
    case "fromBits":
      return l.fromBits(a);
    case "single":
      return a;
    default:
      if (integer) return integerLeaf(l, leaf, dtype, a, b, scalars);
      if (leaf === "max" || leaf === "min") return extreme(l, leaf, terms, scalars);
      return isMathName(leaf) ? math(leaf, terms) : floatLeaf(l, leaf, a, b);
  }
}

/** A truth from a value of any dtype. */
export function truth(l: Lanes, a: Term, from: DType): Term {
  if (from === "bool") return a;
  return from === "float32" ? l.notEqual(a, l.float(0)) : l.not(l.equalInteger(a, l.integer(0)));
}

/** 0 or 1 from a truth; other integers as they are. */
export function asInteger(l: Lanes, a: Term, from: DType): Term {
  return from === "bool" && l.count === 4 ? l.and(a, l.integer(1)) : a;
}

/**
 * max and min of floats. Beside a constant that is a number only the other side's NaN has to be kept, which one
 * instruction does; zeros of the wrong sign are put right by adding zero. In general V8 needs eight.
 */
function extreme(l: Lanes, leaf: "max" | "min", [a = nothing, b = nothing]: readonly Term[], scalars: readonly Scalar[]): Term {
  const at = l.count === 4 ? scalars.findIndex((scalar) => scalar.kind === "constant" && !Number.isNaN(scalar.value)) : -1;
  const limit = scalars[at];
  if (limit?.kind !== "constant" || (leaf === "min" && Object.is(limit.value, -0))) return leaf === "max" ? l.max(a, b) : l.min(a, b);
  const [x, c] = at === 0 ? [b, a] : [a, b];
  if (leaf === "min") return l.smaller(x, c);
  return Object.is(limit.value, 0) ? l.add(l.larger(x, c), c) : l.larger(x, c);
}

/** Leaves that depend on the dtype they compute in. */
type Arithmetic = Exclude<LeafName, "select" | "equal" | "notEqual" | "less" | "lessEqual" | "single" | Bitwise | Conversion>;
type Bitwise = "and" | "or" | "xor" | "not";
type Conversion = "toFloat32" | "toFloat16" | "toInt32" | "toUint8" | "toInt8" | "toBool" | "bitsOf" | "fromBits";

function floatLeaf(l: Lanes, leaf: Exclude<Arithmetic, MathName>, a: Term, b: Term): Term {
  switch (leaf) {
    case "neg":
      return l.neg(a);
    case "abs":
      return l.abs(a);
    case "sign": {
      const x = l.keep(a);
      return l.select(l.less(l.float(0), x), l.float(1), l.select(l.less(x, l.float(0)), l.float(-1), x));
    }
    case "floor":
      return l.floor(a);
    case "ceil":
      return l.ceil(a);
    case "trunc":
      return l.truncate(a);
    case "round":
      return l.nearest(a);
    case "sqrt":
      return l.sqrt(a);
    case "add":
      return l.add(a, b);
    case "sub":
      return l.sub(a, b);
    case "mul":
      return l.mul(a, b);
    case "div":
      return l.div(a, b);
    case "max":
      return l.max(a, b);
    case "min":
      return l.min(a, b);
    case "larger":
      return l.larger(a, b);
    case "shiftLeft":
    case "shiftRight":
      throw new RangeError(`${leaf} has no code for float32`);
    default:
      return leaf satisfies never;
  }
}

function integerLeaf(l: Lanes, leaf: Arithmetic, dtype: DType, a: Term, b: Term, scalars: readonly Scalar[]): Term {
  if (leaf === "sqrt" || (leaf !== "rem" && isMathName(leaf))) throw new RangeError(`${leaf} has no code for ${dtype}`);
  const wrap = (term: Term): Term => wrapped(l, dtype, term);
  switch (leaf) {
    case "neg":
      return wrap(l.subInteger(l.integer(0), a));
    case "abs": {
      const x = l.keepInteger(a);
      return wrap(l.selectInteger(l.lessInteger(x, l.integer(0)), l.subInteger(l.integer(0), x), x));
    }
    case "sign": {
      const x = l.keepInteger(a);
      return l.selectInteger(
        l.lessInteger(l.integer(0), x),
        l.integer(1),
        l.selectInteger(l.lessInteger(x, l.integer(0)), l.integer(-1), l.integer(0)),
      );
    }
    case "floor":
    case "ceil":
    case "trunc":
    case "round":
      return a;
    case "add":
      return wrap(l.addInteger(a, b));
    case "sub":
      return wrap(l.subInteger(a, b));
    case "mul":
      return wrap(l.mulInteger(a, b));
    case "max":
    case "larger":
    case "min": {
      const [x, y] = [l.keepInteger(a), l.keepInteger(b)];
      return leaf === "min" ? l.selectInteger(l.lessInteger(x, y), x, y) : l.selectInteger(l.lessInteger(x, y), y, x);
    }
    case "shiftLeft":
    case "shiftRight": {
      const by = scalars[1];
      if (by?.kind !== "constant") throw new RangeError(`${leaf} needs a constant count`);
      return leaf === "shiftLeft" ? wrap(l.shiftLeft(a, by.value & 31)) : l.shiftRight(a, by.value & 31);
    }
    case "div":
    case "rem":
      return laneByLane(l, leaf, a, b);
    default:
      return leaf satisfies never;
  }
}

/** The low byte of an integer as its dtype reads it; int32 as it is. */
function wrapped(l: Lanes, dtype: DType, a: Term): Term {
  if (dtype === "uint8") return l.and(a, l.integer(255));
  return dtype === "int8" ? l.shiftRightSigned(l.shiftLeft(a, 24), 24) : a;
}

/** Integer division, which no vector unit has: by zero it gives 0, and nothing traps. */
function laneByLane(l: Lanes, leaf: "div" | "rem", a: Term, b: Term): Term {
  const { f } = l;
  const one = (x: Term, y: Term): void => {
    const n = f.local("i32", x);
    const d = f.local("i32", y);
    f.if(
      () => f.i32.eqz(d),
      () => f.i32.const(0),
      () =>
        f.if(
          () => f.i32.eq(d, -1),
          () => (leaf === "div" ? f.i32.sub(0, n) : f.i32.const(0)),
          () => (leaf === "div" ? f.i32.div_s(n, d) : f.i32.rem_s(n, d)),
          "i32",
        ),
      "i32",
    );
    f.free(n, d);
  };
  if (l.count === 1) return () => one(a, b);
  const [x, y] = [l.keepInteger(a), l.keepInteger(b)];
  return () => {
    const lane = (k: number): void =>
      one(
        () => f.i32x4.extract_lane(k, x),
        () => f.i32x4.extract_lane(k, y),
      );
    f.i32x4.splat(() => lane(0));
    for (const k of [1, 2, 3]) f.i32x4.replace_lane(k, () => lane(k));
  };
}

function nothing(): never {
  throw new RangeError("a leaf misses an argument");
}
