/** Exponentials and what is made of them. Reductions and polynomials are explained in `@gradus/wasm`, loop/math. */
export const exponential = {
  // x = n ln 2 + r, with n in .y; then 2^n as two factors, which reach subnormal numbers and infinity.
  exponentialParts: {
    needs: [],
    source: `fn exponentialParts(x: f32) -> vec2<f32> {
  let n = round(x * 1.44269502f);
  // The product has no more than 17 bits: cutting off the others changes nothing, and keeps compilers from joining the two multiples of n.
  let most = bitcast<f32>(bitcast<u32>(n * 0.693359375f) & 0xffffffc0u);
  return vec2<f32>((x - most) + n * 2.1219444e-4f, n);
}
fn smallExponentialLess1(r: f32) -> f32 {
  let p = fma(fma(fma(fma(1.3870657e-3f, r, 8.366262e-3f), r, 4.1667435e-2f), r, 1.6666546e-1f), r, 0.49999997f);
  return fma(p, r * r, r);
}
fn powerOf2(n: i32) -> f32 { return bitcast<f32>(u32(n + 127) << 23u); }
fn scaleBy(y: f32, n: i32) -> f32 { let half = n >> 1u; return (y * powerOf2(half)) * powerOf2(n - half); }`,
  },
  exponential: {
    needs: ["exponentialParts", "isNaN"],
    source: `fn exponential(x: f32) -> f32 {
  if (isNaN(x)) { return x; }
  let parts = exponentialParts(clamp(x, -104.0f, 89.0f));
  return scaleBy(smallExponentialLess1(parts.x) + 1.0f, i32(parts.y));
}`,
  },
  // (e^x - 1) / 4, finite up to x = 89.4.
  quarterExponentialLess1: {
    needs: ["exponentialParts"],
    source: `fn quarterExponentialLess1(x: f32) -> f32 {
  let parts = exponentialParts(clamp(x, -25.0f, 89.5f));
  let s = powerOf2(i32(parts.y) - 2);
  return fma(s, smallExponentialLess1(parts.x), s - 0.25f);
}`,
  },
  exponentialLess1: {
    needs: ["quarterExponentialLess1", "isNaN"],
    source: `fn exponentialLess1(x: f32) -> f32 {
  if (isNaN(x) || abs(x) < 2.98023224e-8f) { return x; }
  return quarterExponentialLess1(x) * 4.0f;
}`,
  },
  hyperbolicSine: {
    needs: ["quarterExponentialLess1", "isNaN", "withSign"],
    source: `fn hyperbolicSine(x: f32) -> f32 {
  if (isNaN(x) || abs(x) < 0.000244140625f) { return x; }
  let quarter = quarterExponentialLess1(abs(x));
  let half = quarter + quarter / fma(quarter, 4.0f, 1.0f);
  return withSign(half + half, x);
}`,
  },
  hyperbolicCosine: {
    needs: ["exponentialParts", "isNaN"],
    source: `fn hyperbolicCosine(x: f32) -> f32 {
  if (isNaN(x)) { return x; }
  let parts = exponentialParts(min(abs(x), 89.5f));
  let half = scaleBy(smallExponentialLess1(parts.x) + 1.0f, i32(parts.y) - 1);
  return half + 0.25f / half;
}`,
  },
  hyperbolicTangent: {
    needs: ["isNaN"],
    source: `fn hyperbolicTangent(x: f32) -> f32 {
  if (isNaN(x)) { return x; }
  let c = clamp(x, -9.02f, 9.02f);
  let z = c * c;
  let p = fma(fma(fma(fma(1.659722e-8f, z, 2.5649575e-5f), z, 4.3540015e-3f), z, 1.6672792e-1f), z, 1.2461243f);
  let q = fma(fma(fma(fma(9.672441e-7f, z, 4.0911417e-4f), z, 3.2238573e-2f), z, 5.821025e-1f), z, 1.2461243f);
  return clamp((c * p) / q, -1.0f, 1.0f);
}`,
  },
  errorFunction: {
    needs: ["isNaN"],
    source: `fn errorFunction(x: f32) -> f32 {
  if (isNaN(x)) { return x; }
  let c = clamp(x, -3.95f, 3.95f);
  let z = c * c;
  let p = fma(fma(fma(fma(fma(1.4191218e-6f, z, 1.9942071e-4f), z, 2.6675875e-3f), z, 3.703864e-2f), z, 1.3417898e-1f), z, 7.9041535e-1f);
  let q = fma(fma(fma(fma(fma(2.6500715e-5f, z, 8.200833e-4f), z, 1.0545937e-2f), z, 8.024774e-2f), z, 3.5240835e-1f), z, 7.004874e-1f);
  return clamp((c * p) / q, -1.0f, 1.0f);
}`,
  },
} as const;
