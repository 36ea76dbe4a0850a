import { expect, test } from "vitest";
import { settingsOf } from "../src/settings.ts";

test("every setting has a default and may be given", () => {
  expect(settingsOf("")).toEqual({ steps: 200, batchSize: 8, backends: ["wasm", "webgpu"] });
  expect(settingsOf("?steps=3&batch=64&backends=webgpu")).toEqual({ steps: 3, batchSize: 64, backends: ["webgpu"] });
});

test.each([
  ["?steps=0", 'steps must be a whole number from 1 to 99999, not "0"'],
  ["?batch=1e3", 'batch must be a whole number from 1 to 99999, not "1e3"'],
  ["?backends=wasm,cuda", 'backends are wasm and webgpu, not "cuda"'],
  ["?threads=2", "the address sets threads, and may set steps, batch, backends"],
])("%s is refused", (query, sentence) => {
  expect(() => settingsOf(query)).toThrow(sentence);
});
