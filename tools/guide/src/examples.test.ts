import { expect, test } from "vitest";
import { examplesOf } from "./examples.ts";

test("blocks are joined on their own lines, and what they print is kept", () => {
  const page = "Words\n```ts\nlet a = 1;\n```\n```sh\nls\n```\n```ts\na++;\n```\n```text\n2\n```\n";
  expect(examplesOf(page)).toEqual({ program: "\n\nlet a = 1;\n\n\n\n\n\na++;\n\n\n\n\n\n", output: "2\n" });
});

test("a page that ends inside a block is refused", () => {
  expect(() => examplesOf("```ts\nlet a = 1;\n")).toThrow("a fence is not closed");
});
