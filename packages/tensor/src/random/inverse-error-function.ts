import { type Arithmetic, polynomial } from "./arithmetic.ts";

/**
 * The inverse of the error function for -1 < x < 1, to float32 precision.
 *
 * Source: M. Giles, "Approximating the erfinv function", GPU Computing Gems, Jade Edition (2011), single precision.
 */
export function inverseErrorFunction<T>(f: Arithmetic<T>, x: T): T {
  const w = f.sub(f.float(0), f.log(f.mul(f.sub(f.float(1), x), f.add(f.float(1), x))));
  return f.mul(
    f.ifLess(w, f.float(5), polynomial(f, f.sub(w, f.float(2.5)), central), polynomial(f, f.sub(f.sqrt(w), f.float(3)), tail)),
    x,
  );
}

/** Coefficients below w = 5, the highest power's first. */
export const central = Float32Array.of(
  2.81022636e-8,
  3.43273939e-7,
  -3.5233877e-6,
  -4.39150654e-6,
  0.00021858087,
  -0.00125372503,
  -0.00417768164,
  0.246640727,
  1.50140941,
);
/** Coefficients from w = 5 on. */
export const tail = Float32Array.of(
  -0.000200214257,
  0.000100950558,
  0.00134934322,
  -0.00367342844,
  0.00573950773,
  -0.0076224613,
  0.00943887047,
  1.00167406,
  2.83297682,
);
