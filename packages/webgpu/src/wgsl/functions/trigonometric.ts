/** Circular functions and their inverses. */
export const trigonometric = {
  // x = n pi / 2 + r for every finite x (Payne and Hanek, 1983): the significand times those 96 bits of 2 / pi that decide n mod 4 and r.
  quarterTurns: {
    needs: [],
    source: `const twoOverPi = array<u32, 9>(0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu, 0xdebbc561u);
struct Turns { r: f32, n: u32 }
fn product64(a: u32, b: u32) -> vec2<u32> {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let cross = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (cross & 0xffffu);
  return vec2<u32>((a >> 16u) * (b >> 16u) + (cross >> 16u) + (other >> 16u), (other << 16u) | (low & 0xffffu));
}
fn quarterTurns(x: f32) -> Turns {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  if (size < 0x3f490fdbu) { return Turns(x, 0u); }
  let position = (size >> 23u) - 127u + 7u;
  let k = position >> 5u;
  let shift = position & 31u;
  var table = twoOverPi;
  var words: array<u32, 3>;
  for (var i = 0u; i < 3u; i++) {
    words[i] = (table[k + i] << shift) | select(0u, table[k + i + 1u] >> (32u - shift), shift > 0u);
  }
  let m = (size & 0x7fffffu) | 0x800000u;
  let p2 = product64(m, words[2]);
  let p1 = product64(m, words[1]);
  let middle = p1.y + p2.x;
  let high = m * words[0] + p1.x + select(0u, 1u, middle < p1.y);
  // Two bits of whole quarter turns, then the fraction, taken as a signed one.
  let fraction = bitcast<i32>((high << 2u) | (middle >> 30u));
  let below = (middle << 2u) | (p2.y >> 30u);
  let n = (high >> 30u) + select(0u, 1u, fraction < 0);
  let turns = f32(fraction) * 2.3283064365386963e-10f + f32(below) * 5.421010862427522e-20f;
  let r = turns * 1.57079637f;
  return Turns(select(r, -r, bits != size), select(n, 0u - n, bits != size) & 3u);
}
fn circular(r: f32, n: u32) -> f32 {
  let z = r * r;
  let odd = fma(fma(fma(-1.951828e-4f, z, 8.332189e-3f), z, -1.6666655e-1f), r * z, r);
  let even = fma(fma(fma(2.4432562e-5f, z, -1.3887311e-3f), z, 4.1666646e-2f), z * z, fma(z, -0.5f, 1.0f));
  let size = select(odd, even, (n & 1u) == 1u);
  return select(size, -size, (n & 2u) == 2u);
}`,
  },
  sine: {
    needs: ["quarterTurns", "fromBits"],
    source: `fn sine(x: f32) -> f32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) >= 0x7f800000u) { return fromBits(0x7fc00000u); }
  if (abs(x) < 0.000244140625f) { return x; }
  let turns = quarterTurns(x);
  return circular(turns.r, turns.n);
}`,
  },
  cosine: {
    needs: ["quarterTurns", "fromBits"],
    source: `fn cosine(x: f32) -> f32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) >= 0x7f800000u) { return fromBits(0x7fc00000u); }
  let turns = quarterTurns(x);
  return circular(turns.r, turns.n + 1u);
}`,
  },
  tangent: {
    needs: ["quarterTurns", "fromBits"],
    source: `fn tangent(x: f32) -> f32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) >= 0x7f800000u) { return fromBits(0x7fc00000u); }
  if (abs(x) < 0.000244140625f) { return x; }
  let turns = quarterTurns(x);
  let r = turns.r;
  let z = r * r;
  let low = fma(fma(fma(9.390843e-3f, z, 3.110081e-3f), z, 2.4436869e-2f), z, 5.3409144e-2f);
  let y = fma(fma(fma(low, z, 1.333883e-1f), z, 3.3333156e-1f), r * z, r);
  let odd = (turns.n & 1u) == 1u;
  return select(y, -1.0f, odd) / select(1.0f, y, odd);
}`,
  },
  // asin(a) for a <= 9/16, and for larger a asin(sqrt((1 - a) / 2)).
  arcSine: {
    needs: ["fromBits", "isNaN", "withSign"],
    source: `fn smallArcSine(a: f32) -> f32 {
  let large = a > 0.5625f;
  let z = select(a * a, (1.0f - a) * 0.5f, large);
  let t = select(a, sqrt(z), large);
  let low = fma(fma(fma(4.7483426e-2f, z, 6.742906e-3f), z, 3.4010686e-2f), z, 4.42322e-2f);
  return fma(fma(fma(low, z, 7.502098e-2f), z, 1.6666631e-1f), t * z, t);
}
fn arcSine(x: f32) -> f32 {
  let a = abs(x);
  if (isNaN(x) || a > 1.0f) { return fromBits(0x7fc00000u); }
  if (a < 0.000244140625f) { return x; }
  let y = smallArcSine(a);
  return withSign(select(y, 1.57079637f - (y + y + 4.371139e-8f), a > 0.5625f), x);
}`,
  },
  arcCosine: {
    needs: ["arcSine", "fromBits", "isNaN"],
    source: `fn arcCosine(x: f32) -> f32 {
  let a = abs(x);
  if (isNaN(x) || a > 1.0f) { return fromBits(0x7fc00000u); }
  let y = smallArcSine(a);
  if (a > 0.5625f) { return select(y + y, 3.14159274f - (y + y + 8.742278e-8f), x < 0.0f); }
  return 1.57079637f - (select(y, -y, x < 0.0f) + 4.371139e-8f);
}`,
  },
  arcTangent: {
    needs: ["isNaN", "withSign"],
    source: `fn smallArcTangent(t: f32) -> f32 {
  let z = t * t;
  let low = fma(fma(fma(fma(-1.7875476e-3f, z, 1.0887361e-2f), z, -3.1127002e-2f), z, 5.7906546e-2f), z, -8.400475e-2f);
  let p = fma(fma(fma(fma(low, z, 1.0951175e-1f), z, -1.4264052e-1f), z, 1.9998531e-1f), z, -3.33333e-1f);
  return fma(p, t * z, t);
}
fn arcTangent(x: f32) -> f32 {
  let a = abs(x);
  if (isNaN(x) || a < 0.000244140625f) { return x; }
  let steep = a > 1.0f;
  // Devices need not divide by numbers beyond 2^126.
  let y = smallArcTangent(select(a, 1.0f / min(a, 1.0e30f), steep));
  return withSign(select(y, 1.57079637f - (y + 4.371139e-8f), steep), x);
}`,
  },
  arcTangent2: {
    needs: ["arcTangent", "isNaN", "isInfinite", "withSign", "fromBits"],
    source: `fn arcTangent2(y: f32, x: f32) -> f32 {
  if (isNaN(x) || isNaN(y)) { return fromBits(0x7fc00000u); }
  let up = abs(y);
  let along = abs(x);
  let low = min(up, along);
  let high = max(up, along);
  var t = 0.0f;
  if (isInfinite(low)) { t = 1.0f; } else if (high > 0.0f && !isInfinite(high)) {
    t = select(low / high, (low * 7.8886090522e-31f) / (high * 7.8886090522e-31f), high > 1.0e18f);
  }
  var angle = smallArcTangent(t);
  if (along < up) { angle = 1.57079637f - (angle + 4.371139e-8f); }
  if (bitcast<u32>(x) >= 0x80000000u) { angle = 3.14159274f - (angle + 8.742278e-8f); }
  return withSign(angle, y);
}`,
  },
} as const;
