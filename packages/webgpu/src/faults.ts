import { BackendError, GradusError } from "@gradus/tensor";

/** What went wrong on a device outside of any call: that it was lost, or refused a command. */
export class Faults {
  readonly #device: GPUDevice;
  #lost: BackendError | null = null;
  #refused: BackendError | null = null;

  constructor(device: GPUDevice) {
    this.#device = device;
    void device.lost.then(({ reason, message }) => {
      this.#lost = new BackendError("backend/lost", `the device was lost${reason === "destroyed" ? ": it was destroyed" : ""}`, {
        subject: "webgpu",
        ...(message === "" ? {} : { facts: { message } }),
        hint: "values on it are gone: recover() the runtime and load the last checkpoint, as the trainer does by itself",
      });
    });
    device.addEventListener("uncapturederror", ({ error }) => {
      this.#refused ??= refusal(error, "a command");
    });
  }

  get lost(): boolean {
    return this.#lost !== null;
  }

  /** @throws BackendError if the device is lost, or has refused a command since the last look. */
  check(): void {
    if (this.#lost !== null) throw this.#lost;
    const refused = this.#refused;
    this.#refused = null;
    if (refused !== null) throw refused;
  }

  /** The typed error for a failed wait. */
  async explain(cause: unknown): Promise<unknown> {
    if (cause instanceof GradusError) return this.#lost ?? cause;
    // The news of a lost device may come just after the failure it caused.
    await Promise.race([this.#device.lost, new Promise((resolve) => setTimeout(resolve, 100))]);
    return this.#lost ?? new BackendError("webgpu/failed", "the device did not finish", { subject: "webgpu", cause });
  }
}

/** The error of a command that the device would not take. */
export function refusal(error: GPUError, what: string): BackendError {
  const [first = "", ...rest] = error.message.split("\n");
  return new BackendError("webgpu/refused", `the device refused ${what}`, {
    subject: "webgpu",
    facts: { message: [first, ...rest.slice(0, 3)].join(" ").trim() },
    cause: error,
  });
}
