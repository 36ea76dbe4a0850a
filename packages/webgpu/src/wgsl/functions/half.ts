/**
 * Halves by their bits: WGSL's own conversions may round either way, lose subnormals, and say nothing of infinities, where a half
 * has to be the same on every device.
 */
export const half = {
  halfValue: {
    needs: [],
    // A subnormal is its fraction in units of 2^-24; of the others the exponent is moved, and infinity's and NaN's twice.
    source: `fn halfValue(bits: u32) -> f32 {
  let size = bits & 0x7fffu;
  let sign = (bits & 0x8000u) << 16u;
  let subnormal = bitcast<u32>(f32(size) * 5.9604644775390625e-8f);
  let normal = (size << 13u) + select(0x38000000u, 0x70000000u, size >= 0x7c00u);
  return bitcast<f32>(select(normal, subnormal, size < 0x400u) | sign);
}`,
  },
  halfBits: {
    needs: [],
    // Half of the last place kept is added, less a bit where that place is even: ties go to the even one. Below 2^-14 the significand is shifted to its place first.
    source: `fn halfBits(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  let sign = (bits >> 16u) & 0x8000u;
  if (size > 0x7f800000u) { return sign | 0x7e00u; }
  if (size >= 0x477ff000u) { return sign | 0x7c00u; }
  if (size >= 0x38800000u) { return sign | ((size - 0x38000000u + 0xfffu + ((size >> 13u) & 1u)) >> 13u); }
  if (size <= 0x33000000u) { return sign; }
  let significand = (size & 0x7fffffu) | 0x800000u;
  let shift = 126u - (size >> 23u);
  return sign | ((significand + (1u << (shift - 1u)) - 1u + ((significand >> shift) & 1u)) >> shift);
}`,
  },
  halfToFloat: { needs: ["halfValue"], source: "fn halfToFloat(x: f16) -> f32 { return halfValue(bitcast<u32>(vec2<f16>(x, 0.0h))); }" },
  floatToHalf: { needs: ["halfBits"], source: "fn floatToHalf(x: f32) -> f16 { return bitcast<vec2<f16>>(halfBits(x)).x; }" },
  halvesToFloats: {
    needs: ["halfValue"],
    source: `fn halvesToFloats(halves: vec4<f16>) -> vec4<f32> {
  let words = bitcast<vec2<u32>>(halves);
  let low = words & vec2<u32>(0xffffu);
  let high = words >> vec2<u32>(16u);
  return vec4<f32>(halfValue(low.x), halfValue(high.x), halfValue(low.y), halfValue(high.y));
}`,
  },
  floatsToHalves: {
    needs: ["halfBits"],
    source: `fn floatsToHalves(x: vec4<f32>) -> vec4<f16> {
  return bitcast<vec4<f16>>(vec2<u32>(halfBits(x.x) | (halfBits(x.y) << 16u), halfBits(x.z) | (halfBits(x.w) << 16u)));
}`,
  },
} as const;
