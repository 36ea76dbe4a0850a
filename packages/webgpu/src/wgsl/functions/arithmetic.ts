/** Bits, whole numbers, and what depends on the kind of a float. */
export const arithmetic = {
  fromBits: { needs: [], source: `fn fromBits(bits: u32) -> f32 { return bitcast<f32>(bits); }` },
  isNaN: { needs: [], source: `fn isNaN(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }` },
  isInfinite: { needs: [], source: `fn isInfinite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u; }` },
  negative: { needs: [], source: `fn negative(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) ^ 0x80000000u); }` },
  withSign: {
    needs: [],
    source: `fn withSign(size: f32, sign: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(size) & 0x7fffffffu) | (bitcast<u32>(sign) & 0x80000000u));
}`,
  },
  signOf: { needs: [], source: `fn signOf(x: f32) -> f32 { return select(select(x, -1.0f, x < 0.0f), 1.0f, x > 0.0f); }` },
  root: {
    needs: ["isNaN", "fromBits"],
    // A product of the inverse root loses the kinds that have none.
    source: `fn root(x: f32) -> f32 {
  if (x < 0.0f) { return fromBits(0x7fc00000u); }
  if (x == 0.0f || isNaN(x) || bitcast<u32>(x) == 0x7f800000u) { return x; }
  let y = sqrt(x);
  return y - (y * y - x) / (2.0f * y);
}`,
  },
  maximum: {
    needs: ["isNaN"],
    source: `fn maximum(a: f32, b: f32) -> f32 {
  if (isNaN(a)) { return a; }
  if (isNaN(b)) { return b; }
  if (a == b) { return bitcast<f32>(bitcast<u32>(a) & bitcast<u32>(b)); }
  return select(a, b, a < b);
}`,
  },
  minimum: {
    needs: ["isNaN"],
    source: `fn minimum(a: f32, b: f32) -> f32 {
  if (isNaN(a)) { return a; }
  if (isNaN(b)) { return b; }
  if (a == b) { return bitcast<f32>(bitcast<u32>(a) | bitcast<u32>(b)); }
  return select(a, b, b < a);
}`,
  },
  saturate32: {
    needs: ["isNaN"],
    // 2147483520 is the last float below 2^31.
    source: `fn saturate32(x: f32) -> i32 {
  if (isNaN(x)) { return 0; }
  if (x >= 2147483648.0f) { return 2147483647; }
  if (x <= -2147483648.0f) { return i32(-2147483648); }
  return i32(x);
}`,
  },
  integerDivide: {
    needs: [],
    source: `fn integerDivide(a: i32, b: i32) -> i32 { return select(a / select(b, 1, b == 0), 0, b == 0); }
fn integerRemainder(a: i32, b: i32) -> i32 { return select(a % select(b, 1, b == 0 || b == -1), 0, b == 0 || b == -1); }`,
  },
  floorDivide: {
    needs: [],
    source: `fn floorDivide(a: i32, b: i32) -> i32 { let q = a / b; return select(q, q - 1, a - q * b < 0); }
fn floorModulo(a: i32, b: i32) -> i32 { let r = a % b; return select(r, r + b, r < 0); }`,
  },
  remainder: {
    needs: ["isNaN", "isInfinite", "fromBits", "withSign"],
    // Long division of the significands, bit by bit: exact. A number is m 2^(e - 150) with m from 2^23 to 2^24 - 1.
    source: `fn significand(bits: u32) -> vec2<i32> {
  let e = i32(bits >> 23u);
  if (e > 0) { return vec2<i32>(i32((bits & 0x7fffffu) | 0x800000u), e); }
  let shift = i32(countLeadingZeros(bits)) - 8;
  return vec2<i32>(i32(bits << u32(shift)), 1 - shift);
}
fn remainder(a: f32, b: f32) -> f32 {
  let divisor = bitcast<u32>(b) & 0x7fffffffu;
  let dividend = bitcast<u32>(a) & 0x7fffffffu;
  if (isNaN(a) || isNaN(b) || isInfinite(a) || divisor == 0u) { return fromBits(0x7fc00000u); }
  if (dividend < divisor) { return a; }
  var x = significand(dividend);
  let y = significand(divisor);
  loop {
    if (x.x >= y.x) { x.x = x.x - y.x; }
    if (x.y <= y.y || x.x == 0) { break; }
    x.x = x.x << 1u;
    x.y = x.y - 1;
  }
  if (x.x == 0) { return withSign(0.0f, a); }
  let shift = i32(countLeadingZeros(u32(x.x))) - 8;
  let m = u32(x.x) << u32(shift);
  let e = x.y - shift;
  let size = select(m >> u32(min(1 - e, 31)), (m & 0x7fffffu) | (u32(e) << 23u), e > 0);
  return bitcast<f32>(size | (bitcast<u32>(a) & 0x80000000u));
}`,
  },
} as const;
