import { ArgumentError, fromHost, hostArray, type HostTensor, NumericError, propagate, stridesOf, Tensor } from "@gradus/tensor";
import { ExactFunction, record } from "./exact-function.ts";
import { numericGradient } from "./numeric-gradient.ts";
import { uniform } from "./random.ts";

export interface CheckGradientsOptions {
  /** How far the two may be apart, in parts of the largest gradient entry; 1e-6 when left out. */
  readonly tolerance?: number;
  /** Entries compared in each input; 64 when left out, chosen by `seed` where there are more. */
  readonly entries?: number;
  /** Decides the cotangent and the entries; 1 when left out. */
  readonly seed?: number;
}

/**
 * Compares reverse-mode gradients of `f` with central differences, both in float64 on the reference backend:
 * d/dx Σ f(x) * ct for a random cotangent ct, every float32 input, entry by entry.
 *
 * Entries at a kink (where the slopes to the left and right differ, as relu at 0) are left out.
 *
 * Example: `checkGradients((x, w) => relu(matmul(x, w)), [x, w])`.
 *
 * @throws NumericError naming the input, the entry, both values and their distance.
 * @throws ArgumentError if the result is not float32, or no input is.
 */
export function checkGradients(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly (HostTensor | Tensor)[],
  { tolerance = 1e-6, entries = 64, seed = 1 }: CheckGradientsOptions = {},
): void {
  const leaves = inputs.map(leafOf);
  const floats = leaves.flatMap((leaf, input) => (leaf.dtype === "float32" ? [{ leaf, input }] : []));
  const random = uniform(seed);
  const { out, ct, grads } = record(() => {
    const out = f(...leaves).value();
    if (out.dtype !== "float32" || floats.length === 0) {
      throw new ArgumentError("grad/check-dtype", "needs a float32 result and at least one float32 input", {
        subject: "checkGradients",
        facts: { result: String(out) },
      });
    }
    const values = hostArray("float32", out.size);
    for (let i = 0; i < values.length; i++) values[i] = 2 * random() - 1;
    const ct = fromHost(out.shape, "float32", values);
    const pulled = propagate(
      [[out, ct]],
      floats.map(({ leaf }) => leaf),
    );
    return { out, ct, grads: pulled };
  });
  const present = grads.flatMap((grad) => (grad === null ? [] : [grad]));
  const computed = new ExactFunction(present).run();
  const forward = new ExactFunction([out]);
  floats.forEach(({ leaf, input }, i) => {
    const grad = grads[i] ?? null;
    const values = grad === null ? new Float64Array(leaf.size) : (computed[present.indexOf(grad)] ?? new Float64Array(leaf.size));
    const slopes = numericGradient(forward, leaf, ct.host ?? [], { entries, seed });
    const largest = Math.max(1e-3, ...slopes.map(({ slope, smooth }) => (smooth ? Math.abs(slope) : 0)));
    for (const { entry, slope, smooth } of slopes) {
      if (!smooth) continue;
      const value = values[entry] ?? Number.NaN;
      const gap = Math.abs(value - slope);
      if (gap <= tolerance * largest) continue;
      throw new NumericError(
        "numeric/gradient",
        `the gradient of input ${input} at entry ${entry} is ${value}, and its numeric estimate ${slope}: they differ by ${gap.toPrecision(3)}`,
        {
          subject: "checkGradients",
          facts: { input, entry, index: indexOf(entry, leaf.shape), gradient: value, estimate: slope, allowed: tolerance * largest },
          hint: "the vjp of one of the ops between this input and the result is wrong, or the function is not smooth there",
        },
      );
    }
  });
}

function leafOf(input: HostTensor | Tensor): Tensor {
  if (!(input instanceof Tensor)) return fromHost(input.shape, input.dtype, input.data);
  if (input.host !== null) return fromHost(input.shape, input.dtype, input.host);
  throw new ArgumentError("grad/check-input", "inputs need data on the host", {
    subject: "checkGradients",
    facts: { input: String(input) },
    hint: "await its data() first",
  });
}

/** The position along each axis of a row-major entry. */
function indexOf(entry: number, shape: readonly number[]): number[] {
  return stridesOf(shape).map((stride, axis) => Math.floor(entry / stride) % (shape[axis] ?? 1));
}
