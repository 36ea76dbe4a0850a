import { GradusError, type HostTensor, NumericError, type Shape, type Tensor } from "@gradus/tensor";

export function host(shape: Shape, values: readonly number[]): HostTensor {
  return { shape, dtype: "float32", data: Float32Array.from(values) };
}

export async function equal(tensor: Tensor, want: readonly number[]): Promise<void> {
  const got = await tensor.data();
  if (
    got.length === want.length &&
    want.every((value, i) => Math.abs(value - (got[i] ?? Number.NaN)) <= 1e-5 * Math.max(1, Math.abs(value)))
  )
    return;
  throw new NumericError("behaviour/value", `the value is [${got.join(", ")}] and should be [${want.join(", ")}]`, {
    facts: { tensor: String(tensor) },
  });
}

export function same(what: string, got: unknown, want: unknown): void {
  if (got === want) return;
  throw new NumericError("behaviour/differs", `${what}: ${String(got)} instead of ${String(want)}`);
}

export async function failure(run: () => unknown): Promise<Error> {
  try {
    await run();
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new NumericError("behaviour/accepted", "nothing was thrown");
}

export function expectCode(error: Error, code: string): void {
  if (error instanceof GradusError && error.code === code) return;
  throw new NumericError("behaviour/code", `threw "${error.message}" instead of an error with code ${code}`, { cause: error });
}
