import type { HostData } from "./dtype.ts";
import { StaleError } from "./errors.ts";
import type { Aval } from "./op/define.ts";
import type { StateBuffer } from "./state.ts";
import { Tensor } from "./tensor.ts";

/**
 * A value that stays on the device until it is given back: what `await tensor.keep()` returns.
 *
 * It is read like any other tensor, without being uploaded again. Give it back with `free()`, or let `using` do it:
 * `using table = await embed(words).keep();`
 */
export class KeptTensor extends Tensor {
  #buffer: StateBuffer | null;

  constructor({ shape, dtype }: Aval, buffer: StateBuffer) {
    super({ shape, dtype }, { kind: "kept" });
    this.#buffer = buffer;
    forgotten.register(this, { buffer, name: super.toString() }, this);
  }

  /**
   * The device's buffer.
   *
   * @throws StaleError after `free()`.
   */
  get buffer(): StateBuffer {
    if (this.#buffer !== null) return this.#buffer;
    throw new StaleError("kept/freed", `${super.toString()} was kept on the device and has been freed`, {
      subject: "data",
      hint: "free it after its last reader, or compute the value again",
    });
  }

  /** A kept value is never replaced by a host copy: it has an owner. */
  override settle(): void {}

  override async data(): Promise<HostData> {
    return this.buffer.read();
  }

  /** Gives the device's memory back; the tensor cannot be read any more. Twice is as good as once. */
  free(): void {
    forgotten.unregister(this);
    this.#buffer?.free();
    this.#buffer = null;
  }

  [Symbol.dispose](): void {
    this.free();
  }
}

/** Frees what was kept and then lost without being freed, and says so once. */
const forgotten = new FinalizationRegistry<{ readonly buffer: StateBuffer; readonly name: string }>(({ buffer, name }) => {
  buffer.free();
  if (warned) return;
  warned = true;
  console.warn(
    `gradus: a kept tensor (${name}) was lost without being freed; its memory was given back late. Write \`using x = await t.keep()\`, or call free().`,
  );
});

let warned = false;
