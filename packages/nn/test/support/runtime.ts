import { Engine } from "@gradus/compile";
import { ReferenceBackend, type ReferenceOptions } from "@gradus/reference";
import { useRuntime } from "@gradus/tensor";
import { afterAll, beforeAll } from "vitest";

/** Runs a file's tests on the float64 reference backend. */
export function onReference(options: ReferenceOptions = {}): void {
  beforeAll(() => {
    useRuntime(new Engine(new ReferenceBackend(options)));
  });
  afterAll(() => {
    useRuntime(null);
  });
}
