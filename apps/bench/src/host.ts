import { availableParallelism, cpus, type } from "node:os";
import type { Host } from "./report.ts";

/** What this machine says it is, and the browser that libraries run in, if any. */
export function describeHost(browser: string | null): Host {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown processor",
    cores: availableParallelism(),
    node: process.version,
    browser,
    system: type(),
  };
}
