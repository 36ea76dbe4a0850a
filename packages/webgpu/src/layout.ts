import type { DType } from "@gradus/tensor";
import type { Operand } from "./kernels/kernel.ts";
import type { View } from "./view.ts";
import type { Binding, Slot } from "./wgsl/memory.ts";

/** A range of device memory that a binding shows to a shader. */
export interface BoundRange extends Binding {
  /** The arena, the workspace, or the buffer bound to a slot of the plan. */
  readonly source: "arena" | "workspace" | number;
  /** In bytes, before any run of an enclosing scan. */
  readonly offset: number;
  /** How far it moves with each run of each enclosing scan. */
  readonly steps: readonly number[];
}

/** How a kernel's operands are bound. */
export interface Layout {
  readonly slots: readonly Slot[];
  readonly ranges: readonly BoundRange[];
  /** Buffers that stand in the workspace while the kernel runs. */
  readonly staged: readonly Staged[];
  /** Bytes of the workspace in use. */
  readonly workspaceBytes: number;
}

/** A buffer's stay in the workspace: copied there before, and back after where it is written. */
export interface Staged {
  readonly from: BoundRange;
  /** Where in the workspace. */
  readonly offset: number;
  readonly written: boolean;
}

/**
 * Bindings for a kernel's operands. Each has its own, so that a shader's bounds are its tensor's; operands that overlap share one;
 * where the device allows fewer, those in the arena that move alike share one range from the first to the last, and at last what is
 * bound, and what moves, is copied into the workspace.
 *
 * A buffer written in a dispatch may only be bound as writable there, the ranges that are read among them, which may not overlap.
 */
export function layoutOf(
  operands: readonly Operand[],
  view: View,
  { mostBindings, alignment }: { readonly mostBindings: number; readonly alignment: number },
): Layout {
  const places = operands.map((operand) => placeOf(operand, view));
  const ownWords = Math.max(0, ...places.map(({ source, offset, bytes }) => (source === "workspace" ? offset + bytes : 0)));
  const fits = ({ ranges }: Pick<Layout, "ranges">): boolean => ranges.length <= mostBindings && !collide(ranges, view.counts);
  const apart = share(places, (a, b) => moveAlike(a, b) && overlap(a, b));
  if (fits(apart)) return { ...apart, staged: [], workspaceBytes: ownWords };
  const joined = share(places, moveAlike);
  if (fits(joined)) return { ...joined, staged: [], workspaceBytes: ownWords };
  let end = ownWords;
  const staged = new Map<string, Staged>();
  const moved = places.map((place) => {
    if (place.source === "workspace" || (place.source === "arena" && place.steps.every((step) => step === 0))) return place;
    const key = `${place.source} ${place.offset} ${place.bytes} ${place.steps.join()}`;
    const known = staged.get(key);
    const offset = known?.offset ?? Math.ceil(end / alignment) * alignment;
    end = Math.max(end, offset + place.bytes);
    staged.set(key, { from: place, offset, written: place.written || known?.written === true });
    return { ...place, source: "workspace" as const, offset, steps: [] };
  });
  const all = share(moved, (a, b) => a.source === b.source);
  return { ...all, staged: [...staged.values()], workspaceBytes: end };
}

function moveAlike(a: BoundRange, b: BoundRange): boolean {
  return a.source === b.source && a.steps.join() === b.steps.join();
}

/** Whether ranges of a source that is written may meet in some run. */
function collide(ranges: readonly BoundRange[], counts: readonly number[]): boolean {
  const reach = ({ offset, bytes, steps }: BoundRange): { low: number; high: number } => {
    const most = steps.map((step, depth) => step * ((counts[depth] ?? 1) - 1));
    const low = most.reduce((sum, move) => sum + Math.min(0, move), offset);
    return { low, high: most.reduce((sum, move) => sum + Math.max(0, move), offset + bytes) };
  };
  return ranges.some((a, i) =>
    ranges.some((b, j) => {
      if (i >= j || !a.written || a.source !== b.source || moveAlike(a, b)) return false;
      return reach(a).low < reach(b).high && reach(b).low < reach(a).high;
    }),
  );
}

function share(
  places: readonly (BoundRange & { readonly dtype: DType })[],
  together: (a: BoundRange, b: BoundRange) => boolean,
): Pick<Layout, "slots" | "ranges"> {
  const ranges: BoundRange[] = [];
  const bindings = joinedPlaces(places, together).map(({ source, offset, bytes, steps, written }) => {
    const at = ranges.findIndex((range) => range.source === source && range.offset === offset && range.steps.join() === steps.join());
    if (at < 0) return ranges.push({ source, offset, bytes, steps, written }) - 1;
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

function placeOf(operand: Operand, { plan, locate }: View): BoundRange & { readonly dtype: DType } {
  const { written } = operand;
  if (operand.kind === "workspace") {
    const { words, start = 0, offset = 0, dtype = "int32" } = operand;
    return { source: "workspace", offset: start + 4 * offset, bytes: 4 * words, steps: [], written, dtype };
  }
  const buffer = plan.buffers[operand.id];
  if (buffer === undefined) throw new RangeError(`the plan has no buffer ${operand.id}`);
  return { ...locate(operand.id), bytes: wholeWords(buffer.bytes), written, dtype: buffer.dtype };
}

/** Bytes as device memory has them: whole words, and at least one. */
export function wholeWords(bytes: number): number {
  return Math.max(4, Math.ceil(bytes / 4) * 4);
}
