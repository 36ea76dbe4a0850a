/** Logarithms, their relatives, and powers. */
export const power = {
  // x = 2^e m with m from sqrt(1/2) to sqrt(2), for finite positive x; subnormal numbers are scaled first.
  logarithmOf: {
    needs: [],
    source: `fn mantissaParts(x: f32) -> vec2<f32> {
  let bits = bitcast<u32>(x);
  let tiny = bits < 0x800000u;
  let lifted = select(bits, bitcast<u32>(f32(bits) * 1.1754944e-38f), tiny);
  let e = (bitcast<i32>(lifted) - 0x3f3504f3) >> 23u;
  return vec2<f32>(bitcast<f32>(bitcast<i32>(lifted) - (e << 23u)), f32(e) - select(0.0f, 23.0f, tiny));
}
fn logarithmOf(m: f32, e: f32) -> f32 {
  let z = m * m;
  let low = fma(fma(fma(fma(7.0376836e-2f, m, -1.151461e-1f), m, 1.1676998e-1f), m, -1.2420141e-1f), m, 1.4249323e-1f);
  let p = fma(fma(fma(fma(low, m, -1.6668057e-1f), m, 2.0000714e-1f), m, -2.4999994e-1f), m, 3.3333331e-1f);
  let tail = fma(e, -2.1219444e-4f, (m * z) * p);
  return fma(e, 0.693359375f, m + fma(z, -0.5f, tail));
}`,
  },
  logarithm: {
    needs: ["logarithmOf", "fromBits"],
    source: `fn logarithm(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) == 0u) { return fromBits(0xff800000u); }
  if (bits > 0x7f800000u) { return fromBits(0x7fc00000u); }
  if (bits == 0x7f800000u) { return x; }
  let parts = mantissaParts(x);
  return logarithmOf(parts.x - 1.0f, parts.y);
}`,
  },
  // x is cut to a multiple of 2^-23, so that u = 1 + x is exact; what was cut off joins the mantissa of u. The difference x - (u - 1)
  // would give the same, but compilers fold it to zero, because they may calculate as if floats were real numbers.
  logarithmPlus1: {
    needs: ["logarithmOf", "logarithm", "isNaN"],
    source: `fn logarithmPlus1(x: f32) -> f32 {
  if (isNaN(x) || abs(x) < 2.98023224e-8f) { return x; }
  if (!(abs(x) < 1.0f)) { return logarithm(1.0f + x); }
  let high = round(x * 8388608.0f) * 1.1920929e-7f;
  let parts = mantissaParts(1.0f + high);
  return logarithmOf((parts.x - 1.0f) + (x - high) * bitcast<f32>(u32(127 - i32(parts.y)) << 23u), parts.y);
}`,
  },
  areaSine: {
    needs: ["logarithm", "logarithmPlus1", "isNaN", "withSign"],
    source: `fn areaSine(x: f32) -> f32 {
  let a = abs(x);
  if (isNaN(x) || a < 0.000244140625f) { return x; }
  if (a > 1073741824.0f) { return withSign(logarithm(a) + 0.693147182f, x); }
  let square = a * a;
  return withSign(logarithmPlus1(a + square / (sqrt(square + 1.0f) + 1.0f)), x);
}`,
  },
  areaCosine: {
    needs: ["logarithm", "logarithmPlus1", "isNaN", "fromBits"],
    source: `fn areaCosine(x: f32) -> f32 {
  if (isNaN(x) || x < 1.0f) { return fromBits(0x7fc00000u); }
  if (x > 1073741824.0f) { return logarithm(x) + 0.693147182f; }
  let t = x - 1.0f;
  return logarithmPlus1(t + sqrt(t * (t + 2.0f)));
}`,
  },
  areaTangent: {
    needs: ["logarithmPlus1", "isNaN", "withSign", "fromBits"],
    source: `fn areaTangent(x: f32) -> f32 {
  let a = abs(x);
  if (isNaN(x) || a < 0.000244140625f) { return x; }
  if (a > 1.0f) { return fromBits(0x7fc00000u); }
  if (a == 1.0f) { return withSign(fromBits(0x7f800000u), x); }
  return withSign(logarithmPlus1((a + a) / (1.0f - a)) * 0.5f, x);
}`,
  },
  // 2^(b log2 |a|). The exponent e and the upper half of log2 of the mantissa meet the halves of b in exact products, because fma
  // need not be exact in WGSL, and differences that measure a rounding error may be folded to zero.
  power: {
    needs: ["logarithmOf", "exponentialParts", "isNaN", "isInfinite", "fromBits"],
    source: `fn isWhole(x: f32) -> bool { return x == floor(x); }
fn upperHalf(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u); }
fn power(a: f32, b: f32) -> f32 {
  if (a == 1.0f || b == 0.0f) { return 1.0f; }
  if (isNaN(a) || isNaN(b) || (isInfinite(b) && a == -1.0f)) { return fromBits(0x7fc00000u); }
  let base = abs(a);
  let odd = isWhole(b) && !isWhole(b * 0.5f) && !isInfinite(b);
  let sign = select(0u, bitcast<u32>(a) & 0x80000000u, odd);
  let infinity = fromBits(0x7f800000u);
  if (base == 0.0f || isInfinite(a)) { return bitcast<f32>(bitcast<u32>(select(0.0f, infinity, (base == 0.0f) == (b < 0.0f))) | sign); }
  if (isInfinite(b)) { return select(0.0f, infinity, (base > 1.0f) == (b > 0.0f)); }
  if (a < 0.0f && !isWhole(b)) { return fromBits(0x7fc00000u); }
  let parts = mantissaParts(base);
  let m = parts.x - 1.0f;
  // log2 of 1 + m from s = m / (2 + m): 2 log2(e) s and an odd series.
  let s = m / (m + 2.0f);
  let sHigh = upperHalf(s);
  // What the division left: m - s (2 + m), the products exact where it matters.
  let mHigh = upperHalf(m);
  let left = (((m - 2.0f * s) - sHigh * mHigh) - (sHigh * (m - mHigh) + (s - sHigh) * m)) / (m + 2.0f);
  let z = s * s;
  let series = s * z * fma(fma(fma(0.34074048f, z, 0.41167211f), z, 0.57708360f), z, 0.96179667f);
  let logHigh = sHigh * 2.884765625f;
  let logLow = ((s - sHigh) * 2.88539004f + sHigh * 6.2445618e-4f) + (left * 2.88539004f + series);
  let bHigh = upperHalf(b);
  let bLow = b - bHigh;
  let lHigh = upperHalf(logHigh);
  let rough = b * (parts.y + (logHigh + logLow));
  if (!(abs(rough) < 300.0f)) { return bitcast<f32>(bitcast<u32>(select(0.0f, infinity, rough > 0.0f)) | sign); }
  let n = round(rough);
  let small = bHigh * (logHigh - lHigh) + (bLow * logHigh + b * logLow);
  let r = ((bHigh * parts.y - n) + bHigh * lHigh) + (bLow * parts.y + small);
  let p = fma(fma(fma(fma(fma(1.5463289e-4f, r, 1.3391011e-3f), r, 9.618062e-3f), r, 5.5503596e-2f), r, 2.402265e-1f), r, 0.693147182f);
  let bits = bitcast<u32>(scaleBy(fma(p, r, 1.0f), clamp(i32(n), -252, 254)));
  return bitcast<f32>(bits | sign);
}`,
  },
} as const;
