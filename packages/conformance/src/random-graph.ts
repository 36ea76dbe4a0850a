import {
  add,
  broadcastShapes,
  cos,
  exp,
  expand,
  flip,
  gradients,
  identity,
  less,
  matmul,
  maximum,
  mean,
  mul,
  neg,
  reshape,
  sameShape,
  scan,
  type Shape,
  sin,
  sizeOf,
  softmax,
  type State,
  sub,
  sum,
  tanh,
  transpose,
  type Tensor,
  where,
} from "@gradus/tensor";
import { uniform } from "./random.ts";

/** One step of a recipe: what to add to the graph, and three numbers to choose with. */
export type Ingredient = readonly [kind: number, a: number, b: number, c: number];

/** A graph as plain numbers, so that a property test can draw it, print it and shrink it. */
export interface Recipe {
  readonly nodes: readonly Ingredient[];
  /** Which values are read, besides the loss. */
  readonly outputs: readonly number[];
  /** Which inputs get gradients is drawn from this. */
  readonly gradients: boolean;
}

/** What a recipe makes of its inputs. State updates are recorded on the way. */
export function cook({ nodes, outputs, gradients: differentiate }: Recipe, inputs: readonly Tensor[], states: readonly State[]): Tensor[] {
  const fresh = inputs.map((input) => identity(input));
  const pool: Tensor[] = [...fresh, ...states];
  const pick = (n: number): Tensor => {
    const tensor = pool[pool.length - 1 - (n % pool.length)];
    if (tensor === undefined) throw new RangeError("a recipe needs inputs");
    return tensor;
  };
  for (const [kind, a, b, c] of nodes) {
    const x = pick(a).value();
    switch (kind % 12) {
      case 0:
        pool.push(unary(x, b));
        break;
      case 1:
      case 2:
        pool.push(binary(x, pick(b).value(), c));
        break;
      case 3:
        pool.push(view(x, b, c));
        break;
      case 4:
        if (x.rank < 3 && x.size <= 200) pool.push(expand(x, [(b % 3) + 1, ...x.shape]));
        break;
      case 5:
        pool.push(reduce(x, b, c));
        break;
      case 6:
        pool.push(product(x, pick(b).value(), c));
        break;
      case 7: {
        const state = states[b % Math.max(1, states.length)];
        if (state !== undefined) state.assign(fit(tanh(x), state.shape));
        break;
      }
      case 8:
        if (x.rank > 0 && (x.shape[0] ?? 0) <= 6) pool.push(...recurrence(x, pick(b).value(), pick(c).value(), b + c));
        break;
      case 9:
      case 10:
        pool.push(byRows(x, b, c));
        break;
      default: {
        // A whole value handed on unchanged: another cell's, an input's, or its own.
        const state = states[b % Math.max(1, states.length)];
        const same = pool.map((each) => each.value()).filter(({ shape }) => state !== undefined && sameShape(shape, state.shape));
        const value = same[c % Math.max(1, same.length)];
        if (state !== undefined && value !== undefined) state.assign(value);
      }
    }
  }
  const wanted = outputs.map((n) => pick(n).value());
  if (!differentiate) return wanted;
  const loss = add(mean(pick(0).value()), mean(mul(pick(1).value(), 0.5)));
  return [...wanted, loss, ...gradients(loss, fresh)];
}

/** The same elements elsewhere: in another shape, transposed, or backwards. */
function view(x: Tensor, choice: number, axis: number): Tensor {
  if (x.rank >= 2 && choice % 3 === 0) return transpose(x, axis % x.rank, (axis + 1) % x.rank);
  if (x.rank >= 1 && choice % 3 === 1) return flip(x, axis % x.rank);
  return reshape(x, factors(x.size, axis));
}

/** Bounded functions, so that forty in a row stay finite. */
function unary(x: Tensor, choice: number): Tensor {
  switch (choice % 6) {
    case 0:
      return tanh(x);
    case 1:
      return sin(x);
    case 2:
      return neg(x);
    case 3:
      return mul(x, 0.75);
    case 4:
      return exp(neg(mul(x, x)));
    default:
      return cos(add(x, 0.5));
  }
}

function binary(a: Tensor, b: Tensor, choice: number): Tensor {
  const other = broadcastShapes(a.shape, b.shape) === null ? fit(b, a.shape) : b;
  if ((broadcastShapes(a.shape, other.shape) ?? []).reduce((n, extent) => n * extent, 1) > 400) return mean(a);
  switch (choice % 5) {
    case 0:
      return mul(0.5, add(a, other));
    case 1:
      return sub(a, other);
    case 2:
      return mul(tanh(a), other);
    case 3:
      return maximum(a, other);
    default:
      return where(less(a, other), a, sin(other));
  }
}

function reduce(x: Tensor, choice: number, axis: number): Tensor {
  const keepDims = choice % 2 === 0;
  if (x.rank === 0) return sum(x);
  return choice % 3 === 0 ? tanh(sum(x, { axis: axis % x.rank, keepDims })) : mean(x, { axis: axis % x.rank, keepDims });
}

/** Values with what their rows come to: reductions and what reads the same rows again, now and then another row's as well. */
function byRows(x: Tensor, choice: number, axis: number): Tensor {
  if (x.rank === 0) return tanh(x);
  const along = { axis: axis % 3 === 0 ? axis % x.rank : x.rank - 1, keepDims: true };
  const centred = sub(x, mean(x, along));
  switch (choice % 6) {
    case 0:
      return softmax(x, along);
    case 1:
      return mul(centred, exp(neg(mean(mul(centred, centred), along))));
    case 2: {
      const powers = exp(neg(mul(x, x)));
      return mul(powers, add(sum(powers, along), flip(powers, axis % x.rank)));
    }
    case 3: {
      const waves = sin(centred);
      return add(waves, mul(flip(sum(waves, along), axis % x.rank), 0.25));
    }
    case 4: {
      const hills = exp(neg(mul(x, x)));
      return mul(hills, tanh(sum(flip(hills, 0), along)));
    }
    default:
      return sub(tanh(x), sum(softmax(x, along), along));
  }
}

function product(a: Tensor, b: Tensor, choice: number): Tensor {
  const left = reshape(a, factors(a.size, 1).length === 2 ? factors(a.size, 1) : [1, a.size]);
  const [rows = 1, columns = 1] = left.shape;
  const right = b.size % columns === 0 ? reshape(b, choice % 2 === 0 ? [columns, b.size / columns] : [b.size / columns, columns]) : null;
  if (right === null || (rows * b.size) / columns > 400) return tanh(matmul(left, left, { transposeB: true }));
  return tanh(matmul(left, right, { transposeB: choice % 2 !== 0 }));
}

/** What a recurrence gives and ends with: its steps read a state, a row, and something from around them. */
function recurrence(xs: Tensor, init: Tensor, around: Tensor, choice: number): Tensor[] {
  if (init.size > 60 || xs.size > 200) return [];
  const step = (state: Tensor, x: Tensor): readonly [Tensor, Tensor] => {
    const mixed = choice % 2 === 0 ? binary(state, binary(x, around, choice), choice) : product(state, binary(x, around, choice), choice);
    const next = fit(tanh(mixed), init.shape);
    return [choice % 11 === 0 ? fit(x, init.shape) : next, [mixed, unary(next, choice), state, x, around, next][choice % 6] ?? mixed];
  };
  const { state, ys } = scan(step, init, xs, { reverse: choice % 5 < 2 });
  return [ys, state];
}

/** Any tensor in another shape: broadcast, or its mean repeated. */
function fit(x: Tensor, shape: Shape): Tensor {
  if (x.size === sizeOf(shape)) return reshape(x, shape);
  const broadcast = broadcastShapes(x.shape, shape);
  if (broadcast !== null && sameShape(broadcast, shape)) return expand(x, shape);
  return expand(
    reshape(
      mean(x),
      shape.map(() => 1),
    ),
    shape,
  );
}

/** A shape of up to three axes with `size` elements. */
function factors(size: number, choice: number): number[] {
  const small = [2, 3, 4, 5].filter((factor) => size % factor === 0);
  const first = small[choice % Math.max(1, small.length)];
  if (choice % 4 === 0 || first === undefined) return [size];
  const rest = size / first;
  return choice % 4 === 3 && rest % 2 === 0 ? [first, 2, rest / 2] : [first, rest];
}

/** A recipe of up to forty nodes that is the same for the same seed. */
export function randomRecipe(seed: number): Recipe {
  const random = uniform(seed);
  const number = (below: number): number => Math.floor(random() * below);
  const nodes = Array.from({ length: 1 + number(40) }, (): Ingredient => [number(60), number(60), number(60), number(60)]);
  return { nodes, outputs: Array.from({ length: 1 + number(3) }, () => number(60)), gradients: number(2) === 1 };
}
