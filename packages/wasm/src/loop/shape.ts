import { type DType, leafCost, loadsOf, type Scalar, sizeOf } from "@gradus/tensor";
import type { LoopStep, PlanBuffer } from "@gradus/compile";
import { laneOffsets } from "./lane-pattern.ts";
import type { MathFunctions } from "./math.ts";
import type { RowBlocks } from "./row-blocks.ts";

/** Where a loop kernel's code and data come from. */
export interface LoopContext {
  readonly math: () => MathFunctions;
  readonly buffers: readonly PlanBuffer[];
  readonly tileWork: number;
}

/** Columns of a streamed tile, at least: a kilobyte at a time is what the hardware fetches ahead. */
const shortestStream = 256;
/** And at most: what they have reached has to stay in the first cache. */
const longestStream = 2048;

/** The decisions a loop kernel is emitted from. */
export class LoopShape {
  readonly step: LoopStep;
  readonly along: "parallel" | "reduced" | "streamed";
  /** Parallel axes that rows run over, and the extent of a row. */
  readonly outer: readonly number[];
  readonly inner: number;
  readonly rowsPerTile: number;
  readonly rowTiles: number;
  readonly innerPerTile: number;
  readonly innerTiles: number;
  readonly readTypes: readonly DType[];
  readonly writeTypes: readonly DType[];
  /** Elements of each buffer that is read. */
  readonly readSizes: readonly number[];

  constructor(step: LoopStep, { buffers, tileWork }: LoopContext, blocks: RowBlocks | null = null) {
    this.step = step;
    const { extents, reduce } = step;
    const type = (id: number): DType => buffers[id]?.dtype ?? "float32";
    this.readTypes = step.reads.map(type);
    this.readSizes = step.reads.map((id) => sizeOf(buffers[id]?.shape ?? []));
    this.writeTypes = step.writes.map(({ buffer }) => type(buffer));
    this.along = reduce.length === 0 ? "parallel" : suitsReduced(step) ? "reduced" : suitsStreamed(step) ? "streamed" : "parallel";
    this.outer = this.along === "reduced" ? extents : extents.slice(0, -1);
    this.inner = this.along === "reduced" ? 1 : (extents.at(-1) ?? 1);
    const rows = sizeOf(this.outer);
    if (blocks !== null) {
      const positions = (sizeOf(extents) / blocks.rows) * blocks.perTile;
      const whole = (sizeOf(extents) / blocks.rows) % this.inner === 0;
      this.innerPerTile = whole ? this.inner : positions;
      this.innerTiles = Math.ceil(this.inner / this.innerPerTile);
      this.rowsPerTile = whole ? positions / this.inner : 1;
      this.rowTiles = Math.ceil(rows / this.rowsPerTile);
      return;
    }
    const work = workOf(step);
    const elements = Math.max(this.along === "streamed" ? shortestStream : 64, Math.ceil(tileWork / work));
    const most = this.along === "streamed" ? Math.min(elements, longestStream) : elements;
    this.innerPerTile = this.inner > 2 * most ? Math.ceil(most / 64) * 64 : this.inner;
    this.innerTiles = Math.max(1, Math.ceil(this.inner / Math.max(1, this.innerPerTile)));
    this.rowsPerTile = Math.max(
      1,
      Math.min(rows, Math.floor((this.along === "reduced" ? Math.ceil(tileWork / work) : elements) / Math.max(1, this.innerPerTile))),
    );
    this.rowTiles = Math.ceil(rows / this.rowsPerTile);
  }

  /** Whether the columns of every tile begin at a multiple of 4. */
  get aligned(): boolean {
    return this.innerTiles === 1 || this.innerPerTile % 4 === 0;
  }

  get tiles(): number {
    return this.rowTiles * this.innerTiles;
  }
}

/** Additions' worth of work for one output element. */
export function workOf({ terms, writes, reduce }: LoopStep): number {
  return costOf(writes.map(({ value }) => value)) + costOf(terms.map(({ value }) => value)) * (terms.length > 0 ? sizeOf(reduce) : 0);
}

/** Additions' worth of work for one evaluation of some programs. */
export function costOf(roots: readonly Scalar[]): number {
  return 1 + loadsOf(roots).length + leafCost(roots);
}

/** Whether terms lie side by side along the last reduced axis and not along the last parallel one. */
function suitsReduced({ extents, reduce, terms }: LoopStep): boolean {
  if (extents.length === 0) return true;
  const last = extents.length - 1;
  const loads = terms.flatMap(({ value }) => loadsOf([value]));
  const sideBySide = (axis: number): number =>
    loads.filter(({ at }) =>
      ["0,1,2,3", "0,0,0,0", "0,0,1,1", "0,2,4,6"].includes(
        (laneOffsets(at, { axis, aligned: true, position: null, varies: () => true }) ?? []).join(),
      ),
    ).length;
  const reducedAxis = extents.length + reduce.length - 1;
  if ((reduce.at(-1) ?? 1) < 4) return false;
  return sideBySide(reducedAxis) > sideBySide(last) || ((extents.at(-1) ?? 1) < 4 && sideBySide(reducedAxis) === loads.length);
}

/** Whether memory is read in its own order only with the reduced axes outside. */
function suitsStreamed({ extents, reduce }: LoopStep): boolean {
  return (extents.at(-1) ?? 1) >= 16 && sizeOf(reduce) > 16;
}
