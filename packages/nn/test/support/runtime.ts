import { Engine } from "@gradus/compile";
import { ReferenceBackend } from "@gradus/reference";
import { useRuntime } from "@gradus/tensor";
import { afterAll, beforeAll } from "vitest";

/** Runs a file's tests on the float64 reference backend. */
export function onReference(): void {
  beforeAll(() => {
    useRuntime(new Engine(new ReferenceBackend()));
  });
  afterAll(() => {
    useRuntime(null);
  });
}
