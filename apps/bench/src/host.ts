import { availableParallelism, cpus, type } from "node:os";
import type { Host } from "./report.ts";

/** What this machine says it is. */
export function describeHost(): Host {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown processor",
    cores: availableParallelism(),
    node: process.version,
    system: type(),
  };
}
