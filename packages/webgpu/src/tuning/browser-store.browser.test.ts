import { expect, test } from "vitest";
import { browserTuningStore } from "./browser-store.ts";

test("a text comes back from IndexedDB, in another store object too", async () => {
  const store = browserTuningStore();
  await store?.save("a test's adapter", "first");
  await store?.save("a test's adapter", "second");
  expect(await browserTuningStore()?.load("a test's adapter")).toBe("second");
  expect(await store?.load("an adapter nobody has")).toBeNull();
});

test("where there is no IndexedDB there is no store", () => {
  expect(browserTuningStore(null)).toBeNull();
});
