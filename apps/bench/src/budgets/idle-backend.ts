import { type Backend, bytesOf, cacheLine, type DeviceBuffer, type Executable, type Plan, usualSweeping } from "@gradus/compile";
import { type Aval, type HostData, hostLike } from "@gradus/tensor";

/** A backend that computes nothing, so that what is timed is the host's work alone. Its results are zeros. */
export class IdleBackend implements Backend {
  readonly name = "idle";
  readonly threads = 1;
  readonly alignment = cacheLine;
  readonly sideBySide = false;
  readonly rowAlignment = 1;
  readonly sweeping = usualSweeping;
  readonly takesHalves = false;

  prepare(plan: Plan): Executable {
    const outputs = plan.outputs.map((at) => {
      const buffer = plan.buffers[at];
      if (buffer === undefined) throw new RangeError(`there is no buffer ${at}`);
      return hostLike(buffer);
    });
    return { run: () => outputs, free: () => {} };
  }

  /** There is nothing to time. */
  prepareTimed(plan: Plan): Executable {
    return this.prepare(plan);
  }

  allocate(aval: Aval): DeviceBuffer {
    let value: HostData = hostLike(aval);
    return { bytes: bytesOf(aval), write: (data) => void (value = data), read: () => value, free: () => {} };
  }

  memory(): { bytes: number; peakBytes: number } {
    return { bytes: 0, peakBytes: 0 };
  }

  dispose(): void {}
}
