/** Bytes that a launch touches: part of one space, such as the arena, a bound buffer or the workspace. */
export interface Span {
  readonly space: string;
  readonly start: number;
  readonly bytes: number;
  readonly written: boolean;
}

/** What decides where a launch may stand. */
export interface Placed {
  readonly tiles: number;
  /** A rough count of its work, in additions. */
  readonly work: number;
  readonly spans: readonly Span[];
}

/** What one claim may be for: a tile of one launch, or several launches of one tile each, run in order by whoever claims them. */
export type Unit = readonly [number, ...number[]];

/** A launch with no more work than this takes about as long as a barrier, in additions. */
export const smallWork = 30_000;

/**
 * Orders launches into phases with a barrier after each. Within a phase no unit writes what another touches, so that its
 * units run side by side; larger pieces come first, so that threads end together.
 *
 * Each launch stands in the earliest phase that comes after all it has to wait for. A small one of a single tile joins
 * those it waits for in their own phase where they are single tiles too: one thread runs them in order, with no barrier.
 */
export function phasesOf(launches: readonly Placed[]): readonly (readonly Unit[])[] {
  const homes: { phase: number; unit: OpenUnit }[] = [];
  const phases: OpenUnit[][] = [];
  const history = new History();
  launches.forEach((launch, index) => {
    const before = [...history.waitedFor(index, launch.spans)].flatMap((other) => homes[other] ?? []);
    const latest = Math.max(-1, ...before.map(({ phase }) => phase));
    const blocking = new Set(before.flatMap(({ phase, unit }) => (phase === latest ? [unit] : [])));
    const joins = latest >= 0 && launch.tiles === 1 && launch.work <= smallWork && [...blocking].every(({ tiles }) => tiles === 1);
    const phase = joins ? latest : latest + 1;
    const unit: OpenUnit = { launches: [index], tiles: launch.tiles, work: launch.work };
    if (joins) {
      unit.launches = [...[...blocking].flatMap((other) => other.launches).sort((a, b) => a - b), index];
      for (const other of blocking) unit.work += other.work;
    }
    phases[phase] = [...(phases[phase] ?? []).filter((other) => !joins || !blocking.has(other)), unit];
    for (const each of unit.launches) homes[each] = { phase, unit };
  });
  return phases.map((units) =>
    units
      .toSorted((a, b) => b.work / b.tiles - a.work / a.tiles)
      .flatMap(({ launches: [first, ...rest] }): Unit[] => (first === undefined ? [] : [[first, ...rest]])),
  );
}

interface OpenUnit {
  launches: number[];
  readonly tiles: number;
  work: number;
}

/** Bytes that are looked through together: a long plan touches thousands of spans, of which few lie near each other. */
const blockBytes = 1 << 16;

/** Who touched which bytes so far, block by block. */
class History {
  readonly #blocks = new Map<string, (Span & { readonly launch: number })[]>();

  /** Takes in a launch; the earlier ones that wrote what it touches, or touched what it writes. Those that others of these wait for may be missing. */
  waitedFor(launch: number, spans: readonly Span[]): ReadonlySet<number> {
    const found = new Set<number>();
    for (const span of spans) for (const { block, ...piece } of byBlock(span)) this.#touch(block, { ...piece, launch }, found);
    return found;
  }

  #touch(block: string, piece: Span & { readonly launch: number }, found: Set<number>): void {
    const { launch, start, bytes, written } = piece;
    const kept = (this.#blocks.get(block) ?? []).filter((other) => {
      if (other.launch === launch) return true;
      const meets = (written || other.written) && start < other.start + other.bytes && other.start < start + bytes;
      if (meets) found.add(other.launch);
      // Whoever touches what is covered now meets this launch, which comes after the other.
      return !(meets && written && start <= other.start && other.start + other.bytes <= start + bytes);
    });
    kept.push(piece);
    this.#blocks.set(block, kept);
  }
}

/** A span cut where blocks end. */
function byBlock(span: Span): readonly (Span & { readonly block: string })[] {
  const pieces: (Span & { readonly block: string })[] = [];
  const end = span.start + span.bytes;
  for (let start = span.start; start < end;) {
    const number = Math.floor(start / blockBytes);
    const next = Math.min(end, (number + 1) * blockBytes);
    pieces.push({ ...span, block: `${span.space} ${number}`, start, bytes: next - start });
    start = next;
  }
  return pieces;
}
