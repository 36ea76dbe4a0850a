import { cast, type DType, opOf, type Reader, recordedAs, type Scalar, type ScalarBuilder, type Tensor } from "@gradus/tensor";

// Halves are stored and never computed in: an op's body reads float32, and what it gives is rounded once, wherever it goes.
// So a value is the same whether it was stored between two ops or not.

/** The dtype a body computes a tensor's values in. */
export function computedIn(dtype: DType): DType {
  return dtype === "float16" ? "float32" : dtype;
}

/** A body's reader of a tensor whose stored elements `at` gives. */
export function readerOf(s: ScalarBuilder, { shape, dtype }: Pick<Reader, "shape" | "dtype">, at: Reader["at"]): Reader {
  if (dtype !== "float16") return { shape, dtype, at };
  return { shape, dtype: "float32", at: (index) => s.call("toFloat32", at(index)) };
}

/** What a body computed, as a tensor of `dtype` stores it. */
export function asStored(s: ScalarBuilder, value: Scalar, dtype: DType): Scalar {
  return dtype === "float16" ? s.call("toFloat16", value) : value;
}

/**
 * A call on halves as one on float32 between casts: of a library op where kernels know nothing of halves, and of a routine anywhere;
 * null for any other tensor. Its sums are float32's, and its result is rounded once.
 */
export function betweenCasts(
  recorded: Tensor,
  takesHalves: boolean,
): { readonly widened: readonly Tensor[]; readonly call: Tensor; readonly rounded: Tensor } | null {
  const { source } = recorded;
  const kind = opOf(recorded)?.kind;
  if (source.kind !== "op" || !(kind === "routine" || (kind === "library" && !takesHalves))) return null;
  const inputs: Record<string, Tensor> = {};
  for (const [slot, input] of Object.entries(source.x)) {
    if (input !== null && !isList(input) && input.dtype === "float16") inputs[slot] = cast(input, "float32");
  }
  const widened = Object.values(inputs);
  if (widened.length === 0) return null;
  const call = recordedAs(recorded, inputs, {}, computedIn(recorded.dtype));
  return { widened, call, rounded: cast(call, recorded.dtype) };
}

function isList(slot: Tensor | readonly Tensor[]): slot is readonly Tensor[] {
  return Array.isArray(slot);
}
