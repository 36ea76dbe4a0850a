import { expect, test } from "vitest";

test("the page is cross-origin isolated, so it may share memory with workers", () => {
  expect(crossOriginIsolated).toBe(true);
  expect(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer).toBeInstanceOf(SharedArrayBuffer);
});

test("the browser accepts WebAssembly SIMD", () => {
  // (module (func (result v128) i32.const 0 i8x16.splat))
  const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11];
  expect(WebAssembly.validate(new Uint8Array(bytes))).toBe(true);
});
