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
  const homes: OpenUnit[] = [];
  const phases: Set<OpenUnit>[] = [];
  const history = new History();
  launches.forEach(({ spans, tiles, work }, index) => {
    const before = new Set([...history.waitedFor(index, spans)].flatMap((other) => standing(homes[other]) ?? []));
    const latest = Math.max(-1, ...[...before].map(({ phase }) => phase));
    const blocking = [...before].filter(({ phase }) => phase === latest);
    const joins = latest >= 0 && tiles === 1 && work <= smallWork && blocking.every((unit) => unit.tiles === 1);
    const unit = joins ? united(blocking) : { phase: latest + 1, launches: [], tiles, work: 0, into: null };
    if (unit === null) throw new RangeError("a launch joins no unit");
    unit.launches.push(index);
    unit.work += work;
    homes[index] = unit;
    (phases[unit.phase] ??= new Set()).add(unit);
  });
  return phases.map((units) =>
    [...units]
      .filter(({ into }) => into === null)
      .sort((a, b) => b.work / b.tiles - a.work / a.tiles)
      .flatMap((unit): Unit[] => {
        const [first, ...rest] = unit.launches.sort((a, b) => a - b);
        return first === undefined ? [] : [[first, ...rest]];
      }),
  );
}

interface OpenUnit {
  readonly phase: number;
  /** In any order: a long chain of small launches is one unit, which grows without being copied. */
  launches: number[];
  readonly tiles: number;
  work: number;
  /** The unit that took this one in. */
  into: OpenUnit | null;
}

/** The unit that has taken a unit in, itself if none has. */
function standing(unit: OpenUnit | undefined): OpenUnit | undefined {
  let last = unit;
  while (last !== undefined && last.into !== null) last = last.into;
  return last;
}

/** One unit of several, the largest with the others taken in. */
function united(units: readonly OpenUnit[]): OpenUnit | null {
  const [largest, ...others] = units.toSorted((a, b) => b.launches.length - a.launches.length);
  if (largest === undefined) return null;
  for (const other of others) {
    for (const launch of other.launches) largest.launches.push(launch);
    largest.work += other.work;
    other.launches = [];
    other.into = largest;
  }
  return largest;
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
