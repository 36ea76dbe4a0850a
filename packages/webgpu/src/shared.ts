import type { DeviceMemory } from "./device-memory.ts";
import type { Faults } from "./faults.ts";
import type { Readback } from "./readback.ts";
import type { Region } from "./region.ts";

/** What everything on one device shares. */
export interface Shared {
  readonly device: GPUDevice;
  readonly memory: DeviceMemory;
  readonly faults: Faults;
  readonly readback: Readback;
  /** Intermediates of the plan that runs. */
  readonly arena: Region;
  /** Partial sums of the step that runs. */
  readonly workspace: Region;
  /** Made since the device was opened. */
  readonly counts: { bindGroups: number; dispatches: number; submits: number };
}
