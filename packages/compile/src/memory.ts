/** A value's stay in the arena: from the step that makes it to the last that reads it, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

/** What buffers start on where a backend asks for nothing else: a cache line, which is also enough for any vector load. */
export const cacheLine = 64;

/**
 * Offsets for values in one arena, so that no two alive at once overlap: largest first, each at the lowest
 * gap that fits among those it meets in time.
 */
export function planMemory(
  lifetimes: readonly Lifetime[],
  alignment = cacheLine,
): { readonly offsets: readonly number[]; readonly bytes: number } {
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const order = lifetimes.map((_, i) => i).sort((a, b) => (lifetimes[b]?.bytes ?? 0) - (lifetimes[a]?.bytes ?? 0) || a - b);
  const placed: { readonly start: number; readonly end: number; readonly life: Lifetime }[] = [];
  let total = 0;
  for (const index of order) {
    const life = lifetimes[index];
    if (life === undefined) continue;
    let offset = 0;
    const size = alignUp(Math.max(1, life.bytes), alignment);
    for (const other of placed) {
      if (other.life.from > life.to || life.from > other.life.to) continue;
      if (other.start >= offset + size) break;
      offset = Math.max(offset, other.end);
    }
    offsets[index] = offset;
    const entry = { start: offset, end: offset + size, life };
    let at = placed.length;
    while (at > 0 && (placed[at - 1]?.start ?? 0) > offset) at--;
    placed.splice(at, 0, entry);
    total = Math.max(total, entry.end);
  }
  return { offsets, bytes: total };
}

export function alignUp(bytes: number, alignment = cacheLine): number {
  return Math.ceil(bytes / alignment) * alignment;
}
