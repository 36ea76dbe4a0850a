import type { Plan } from "@gradus/compile";
import type { DType } from "@gradus/tensor";
import type { Operand } from "./kernels/kernel.ts";
import type { Binding, Slot } from "./wgsl/memory.ts";

/** A range of device memory that a binding shows to a shader. */
export interface BoundRange extends Binding {
  /** The arena, the workspace, or the buffer bound to a slot of the plan. */
  readonly source: "arena" | "workspace" | number;
  /** In bytes. */
  readonly offset: number;
}

/** How a kernel's operands are bound. */
export interface Layout {
  readonly slots: readonly Slot[];
  readonly ranges: readonly BoundRange[];
  /** Bound buffers that stand in the workspace while the kernel runs. */
  readonly staged: readonly Staged[];
  /** Bytes of the workspace in use. */
  readonly workspaceBytes: number;
}

/** A bound buffer's stay in the workspace: copied there before, and back after where it is written. */
export interface Staged {
  readonly slot: number;
  readonly offset: number;
  readonly bytes: number;
  readonly written: boolean;
}

/**
 * Bindings for a kernel's operands. Each has its own, so that a shader's bounds are its tensor's; operands that overlap share one;
 * where the device allows fewer, those in the arena share one range from the first to the last, and at last bound buffers
 * are copied into the workspace.
 *
 * A buffer written in a dispatch may only be bound as writable there, the ranges that are read among them.
 */
export function layoutOf(
  operands: readonly Operand[],
  plan: Plan,
  { mostBindings, alignment }: { readonly mostBindings: number; readonly alignment: number },
): Layout {
  const places = operands.map((operand) => placeOf(operand, plan));
  const ownWords = Math.max(0, ...places.map(({ source, offset, bytes }) => (source === "workspace" ? offset + bytes : 0)));
  const apart = share(places, (a, b) => a.source === b.source && overlap(a, b));
  if (apart.ranges.length <= mostBindings) return { ...apart, staged: [], workspaceBytes: ownWords };
  const joined = share(places, (a, b) => a.source === b.source);
  if (joined.ranges.length <= mostBindings) return { ...joined, staged: [], workspaceBytes: ownWords };
  let end = ownWords;
  const staged = new Map<number, Staged>();
  const moved = places.map((place) => {
    if (typeof place.source !== "number") return place;
    const known = staged.get(place.source);
    const offset = known?.offset ?? Math.ceil(end / alignment) * alignment;
    end = Math.max(end, offset + place.bytes);
    const written = place.written || known?.written === true;
    staged.set(place.source, { slot: place.source, offset, bytes: place.bytes, written });
    return { ...place, source: "workspace" as const, offset };
  });
  const all = share(moved, (a, b) => a.source === b.source);
  return { ...all, staged: [...staged.values()], workspaceBytes: end };
}

function share(
  places: readonly (BoundRange & { readonly dtype: DType })[],
  together: (a: BoundRange, b: BoundRange) => boolean,
): Pick<Layout, "slots" | "ranges"> {
  const ranges: BoundRange[] = [];
  const bindings = joinedPlaces(places, together).map(({ source, offset, bytes, written }) => {
    const at = ranges.findIndex((range) => range.source === source && range.offset === offset);
    if (at < 0) return ranges.push({ source, offset, bytes, written }) - 1;
    return at;
  });
  const slots = places.map(({ dtype, offset }, i): Slot => {
    const binding = bindings[i] ?? 0;
    return { dtype, binding, offset: (offset - (ranges[binding]?.offset ?? 0)) / 4 };
  });
  const writtenSources = new Set(ranges.flatMap(({ source, written }) => (written ? [source] : [])));
  return { slots, ranges: ranges.map((range) => ({ ...range, written: writtenSources.has(range.source) })) };
}

/** For each place, the span from the first to the last byte of all that belong with it, through others if need be. */
function joinedPlaces(places: readonly BoundRange[], together: (a: BoundRange, b: BoundRange) => boolean): readonly BoundRange[] {
  const joined = places.map((place) => {
    const others = places.filter((other) => together(place, other));
    const offset = Math.min(...others.map((other) => other.offset));
    const end = Math.max(...others.map((other) => other.offset + other.bytes));
    return { ...place, offset, bytes: end - offset, written: others.some(({ written }) => written) };
  });
  const isSettled = joined.every(
    (place, i) => place.offset === places[i]?.offset && place.bytes === places[i].bytes && place.written === places[i].written,
  );
  return isSettled ? joined : joinedPlaces(joined, together);
}

function overlap(a: BoundRange, b: BoundRange): boolean {
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

function placeOf(operand: Operand, { buffers }: Plan): BoundRange & { readonly dtype: DType } {
  const { written } = operand;
  if (operand.kind === "workspace") {
    const { words, start = 0, offset = 0, dtype = "int32" } = operand;
    return { source: "workspace", offset: start + 4 * offset, bytes: 4 * words, written, dtype };
  }
  const buffer = buffers[operand.id];
  if (buffer === undefined) throw new RangeError(`the plan has no buffer ${operand.id}`);
  const { place, dtype } = buffer;
  const bytes = wholeWords(buffer.bytes);
  return place.kind === "arena"
    ? { source: "arena", offset: place.offset, bytes, written, dtype }
    : { source: place.slot, offset: 0, bytes, written, dtype };
}

/** Bytes as device memory has them: whole words, and at least one. */
export function wholeWords(bytes: number): number {
  return Math.max(4, Math.ceil(bytes / 4) * 4);
}
