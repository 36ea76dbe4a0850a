import type { Plan } from "@gradus/compile";
import { BackendError } from "@gradus/tensor";

/** The word canaries are made of: a NaN, so that reading one shows in a result. */
const canary = 0x7fc0_cafe;

/** Canaries around every buffer, for tests: no generated kernel may write outside its buffers. */
export class Guards {
  /** Bytes of canary before and after each buffer. */
  static readonly margin = 64;
  readonly #memory: WebAssembly.Memory;
  readonly #watched = new Map<number, { readonly bytes: number; readonly label: string }>();

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  /** Starts to watch a block allocated with room for both margins. */
  watch(address: number, bytes: number, label: string): void {
    this.#watched.set(address, { bytes, label });
    this.#paint(address, bytes);
  }

  unwatch(address: number): void {
    this.#watched.delete(address);
  }

  /** Every arena buffer of a plan in a place of its own, canaries between; the arena ends with the last one's. */
  layout(plan: Plan): {
    readonly offsets: readonly number[];
    readonly arenaBytes: number;
    before(arena: number): void;
    after(arena: number, plan: Plan): void;
  } {
    let end = 0;
    const own = plan.buffers.map(({ place, bytes, part }) => {
      if (place.kind === "bound" || part !== undefined) return 0;
      const at = end + Guards.margin;
      end = Math.ceil((at + bytes + Guards.margin) / 64) * 64;
      return at;
    });
    // What lies inside another buffer moves with it, and has no canaries of its own.
    const offsetOf = (id: number): number => {
      const { place, part } = plan.buffers[id] ?? {};
      const whole = part === undefined ? undefined : plan.buffers[part.of];
      if (part === undefined || place?.kind !== "arena" || whole?.place.kind !== "arena") return own[id] ?? 0;
      return offsetOf(part.of) + place.offset - whole.place.offset;
    };
    const offsets = own.map((_, id) => offsetOf(id));
    const each = (arena: number, visit: (address: number, bytes: number, label: string) => void): void => {
      plan.buffers.forEach(({ place, bytes, label, part }, id) => {
        if (place.kind === "arena" && part === undefined) visit(arena + (offsets[id] ?? 0) - Guards.margin, bytes, label);
      });
    };
    return {
      offsets,
      arenaBytes: end,
      before: (arena) => each(arena, (address, bytes) => this.#paint(address, bytes)),
      after: (arena, { name }) => {
        each(arena, (address, bytes, label) => this.#check(address, bytes, `${label} of plan ${name}`));
        for (const [address, { bytes, label }] of this.#watched) this.#check(address, bytes, label);
      },
    };
  }

  #margins(address: number, bytes: number): [Uint8Array, Uint8Array] {
    const after = address + Guards.margin + bytes;
    const blockEnd = Math.ceil((after + Guards.margin) / 64) * 64;
    return [
      new Uint8Array(this.#memory.buffer, address, Guards.margin),
      new Uint8Array(this.#memory.buffer, after, Math.min(Guards.margin, blockEnd - after)),
    ];
  }

  #paint(address: number, bytes: number): void {
    for (const margin of this.#margins(address, bytes)) margin.forEach((_, i) => (margin[i] = byteOf(i)));
  }

  #check(address: number, bytes: number, label: string): void {
    this.#margins(address, bytes).forEach((margin, side) => {
      const at = margin.findIndex((byte, i) => byte !== byteOf(i));
      if (at >= 0) {
        const where = side === 0 ? `${Guards.margin - at} bytes before` : `${at} bytes after`;
        throw new BackendError("wasm/canary", `a kernel wrote ${where} the buffer ${label}`, { subject: "wasm" });
      }
    });
  }
}

function byteOf(index: number): number {
  return (canary >>> (8 * (index % 4))) & 255;
}
