import { type DType, leafTable, type Scalar, sizeOf } from "@gradus/tensor";
import type { LoopStep, PlanBuffer } from "@gradus/compile";
import type { FunctionBuilder, Local } from "../asm/index.ts";
import { kernel, type Kernel, type KernelArguments, type Level } from "../kernels/kernel.ts";
import { finds, joinLanes, restart, type Running, startReduction, takeTerm } from "./combine.ts";
import { Evaluator, type Site, store } from "./evaluate.ts";
import { laneOffsets } from "./lane-pattern.ts";
import { Lanes } from "./lanes.ts";
import type { MathFunctions } from "./math.ts";
import { RowWalk } from "./row-walk.ts";
import { splitReduction } from "./split-reduction.ts";

/** Rough additions a tile should hold: some tens of microseconds, so that claiming tiles costs nothing beside them. */
export const usualTileWork = 60_000;
/** Vectors a reduction along its own axis takes at once, each into accumulators of its own: an addition's result is not waited for. */
const streams = 4;
/** Terms costlier than this keep the adders busy by themselves. */
const cheapTerm = 8;
/** Reduction windows up to this many terms are written out instead of looped over. */
const unrollLimit = 16;

/** Where a loop kernel's code and data come from. */
export interface LoopContext {
  readonly math: () => MathFunctions;
  readonly buffers: readonly PlanBuffer[];
  readonly tileWork: number;
}

/**
 * A loop step as kernels that run one after the other: one, or for a long reduction its parts first.
 * Buffers of each: the step's reads, then its writes.
 *
 * Four lanes run along the last parallel axis, or, where elements lie side by side along the last reduced axis instead,
 * along that one; what is left over runs one lane at a time.
 */
export function loopKernels(step: LoopStep, context: LoopContext): readonly Kernel[] {
  const shape = new LoopShape(step, context);
  const split = splitReduction(step, context.buffers, shape.tiles, costOf(step.terms.map(({ value }) => value)), context.tileWork);
  if (split === null) return [loopKernel(shape, context, step, (buffers) => buffers)];
  const within = { ...context, buffers: [...context.buffers, ...split.partial] };
  // Partial results lie one after the other in the workspace.
  let end = 0;
  const starts = split.partial.map(({ bytes }) => {
    const at = end;
    end = Math.ceil((at + bytes) / 64) * 64;
    return at;
  });
  const partialAt = (f: FunctionBuilder, workspace: Local<"i32">, row: number): Local<"i32">[] =>
    split.partial.map(({ bytes, shape: [rows = 1] }, i) =>
      f.local("i32", () => f.i32.add(workspace, (starts[i] ?? 0) + (bytes / rows) * row)),
    );
  const reads = step.reads.length;
  return [
    ...split.parts.map(({ step: part, from }) =>
      loopKernel(
        new LoopShape(part, within),
        within,
        step,
        (buffers, f, workspace) => [...buffers.slice(0, reads), ...partialAt(f, workspace, from)],
        { key: `part ${from}`, workspaceBytes: end },
      ),
    ),
    loopKernel(
      new LoopShape(split.last, within),
      within,
      step,
      (buffers, f, workspace) => [...buffers.slice(0, reads), ...partialAt(f, workspace, 0), ...buffers.slice(reads)],
      { key: "parts", workspaceBytes: end },
    ),
  ];
}

/** The kernel of one loop nest, within a step that may have several; `choose` gives the nest's buffers. */
function loopKernel(
  shape: LoopShape,
  context: LoopContext,
  whole: LoopStep,
  choose: (buffers: readonly Local<"i32">[], f: FunctionBuilder, workspace: Local<"i32">) => readonly Local<"i32">[],
  { key = "loop", workspaceBytes = 0 }: { readonly key?: string; readonly workspaceBytes?: number } = {},
): Kernel {
  const { step } = shape;
  return kernel({
    name: step.label,
    key: `${key} ${keyOf(step, context)}`,
    tiles: shape.tiles,
    scratchBytes: 0,
    workspaceBytes,
    buffers: whole.reads.length + whole.writes.length,
    body: (f, level, given) => {
      const args = { ...given, buffers: choose(given.buffers, f, given.workspace) };
      return shape.along === "reduced"
        ? emitAlongReduced(f, level, args, shape, context.math())
        : emitAlongParallel(f, level, args, shape, context.math());
    },
  });
}

function keyOf(step: LoopStep, { buffers }: LoopContext): string {
  const type = (id: number): string => buffers[id]?.dtype ?? "";
  const programs = [
    ...step.terms.map(({ combine, value }) => `${combine}:${scalarKey(value)}`),
    ...step.writes.map(({ value }) => scalarKey(value)),
  ];
  return `${step.extents.join()}|${step.reduce.join()}|${step.reads.map(type).join()}>${step.writes.map(({ buffer }) => type(buffer)).join()}|${programs.join("|")}`;
}

/** The decisions a loop kernel is emitted from. */
class LoopShape {
  readonly step: LoopStep;
  readonly along: "parallel" | "reduced";
  /** Parallel axes that rows run over, and the extent of a row. */
  readonly outer: readonly number[];
  readonly inner: number;
  readonly rowsPerTile: number;
  readonly rowTiles: number;
  readonly innerPerTile: number;
  readonly innerTiles: number;
  readonly readTypes: readonly DType[];
  readonly writeTypes: readonly DType[];

  constructor(step: LoopStep, { buffers, tileWork }: LoopContext) {
    this.step = step;
    const { extents, reduce } = step;
    const type = (id: number): DType => buffers[id]?.dtype ?? "float32";
    this.readTypes = step.reads.map(type);
    this.writeTypes = step.writes.map(({ buffer }) => type(buffer));
    this.along = reduce.length > 0 && suitsReduced(step) ? "reduced" : "parallel";
    this.outer = this.along === "reduced" ? extents : extents.slice(0, -1);
    this.inner = this.along === "reduced" ? 1 : (extents.at(-1) ?? 1);
    const work = workOf(step);
    const elements = Math.max(64, Math.ceil(tileWork / work));
    const rows = sizeOf(this.outer);
    this.innerPerTile = this.inner > 2 * elements ? Math.ceil(elements / 64) * 64 : this.inner;
    this.innerTiles = Math.max(1, Math.ceil(this.inner / Math.max(1, this.innerPerTile)));
    this.rowsPerTile = Math.max(
      1,
      Math.min(rows, Math.floor((this.along === "reduced" ? Math.ceil(tileWork / work) : elements) / Math.max(1, this.innerPerTile))),
    );
    this.rowTiles = Math.ceil(rows / this.rowsPerTile);
  }

  get tiles(): number {
    return this.rowTiles * this.innerTiles;
  }
}

/** Additions' worth of work for one output element. */
function workOf({ terms, writes, reduce }: LoopStep): number {
  return costOf(writes.map(({ value }) => value)) + costOf(terms.map(({ value }) => value)) * (terms.length > 0 ? sizeOf(reduce) : 0);
}

/** Additions' worth of work for one evaluation of some programs. */
function costOf(roots: readonly Scalar[]): number {
  const seen = new Set<Scalar>();
  const visit = (scalar: Scalar): number => {
    if (seen.has(scalar)) return 0;
    seen.add(scalar);
    if (scalar.kind === "load") return 1;
    return scalar.kind === "call" ? scalar.args.reduce((sum, arg) => sum + visit(arg), leafTable[scalar.leaf].cost) : 0;
  };
  return roots.reduce((sum, root) => sum + visit(root), 1);
}

/** Whether terms lie side by side along the last reduced axis and not along the last parallel one. */
function suitsReduced({ extents, reduce, terms }: LoopStep): boolean {
  if (extents.length === 0) return true;
  const last = extents.length - 1;
  const loads = terms.flatMap(({ value }) => loadsOf(value));
  const sideBySide = (axis: number): number =>
    loads.filter(({ at }) =>
      ["0,1,2,3", "0,0,0,0", "0,0,1,1", "0,2,4,6"].includes((laneOffsets(at, { axis, aligned: true, varies: () => true }) ?? []).join()),
    ).length;
  const reducedAxis = extents.length + reduce.length - 1;
  if ((reduce.at(-1) ?? 1) < 4) return false;
  return sideBySide(reducedAxis) > sideBySide(last) || ((extents.at(-1) ?? 1) < 4 && sideBySide(reducedAxis) === loads.length);
}

function loadsOf(root: Scalar): Extract<Scalar, { kind: "load" }>[] {
  const seen = new Set<Scalar>();
  const found: Extract<Scalar, { kind: "load" }>[] = [];
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar)) return;
    seen.add(scalar);
    if (scalar.kind === "load") found.push(scalar);
    if (scalar.kind === "call") scalar.args.forEach(visit);
  };
  visit(root);
  return found;
}

export function scalarKey(root: Scalar): string {
  const numbers = new Map<Scalar, number>();
  const parts: string[] = [];
  const visit = (scalar: Scalar): number => {
    const known = numbers.get(scalar);
    if (known !== undefined) return known;
    const part = describe(scalar);
    const number = parts.push(part);
    numbers.set(scalar, number);
    return number;
  };
  const describe = (scalar: Scalar): string => {
    switch (scalar.kind) {
      case "constant":
        return `c${scalar.dtype}${Object.is(scalar.value, -0) ? "-0" : scalar.value}`;
      case "index":
        return `i${indexKey(scalar.of)}`;
      case "load":
        return `l${scalar.buffer}[${indexKey(scalar.at)}]`;
      case "accumulator":
        return `a${scalar.slot}${scalar.dtype}`;
      case "call":
        return `${scalar.leaf}:${scalar.dtype}(${scalar.args.map(visit).join()})`;
    }
    scalar satisfies never;
    return "";
  };
  /** An index's own key names the values it reads by builder-local numbers; their programs are spelt out beside it. */
  const indexKey = (of: Extract<Scalar, { kind: "index" }>["of"]): string => {
    const values: number[] = [];
    const collect = (expression: typeof of): void => {
      for (const { atom } of expression.terms) {
        if (atom.kind === "value") values.push(visit(atom.value));
        else if (atom.kind !== "axis") collect(atom.of);
      }
    };
    collect(of);
    return `${of.key}{${values.join()}}`;
  };
  visit(root);
  return parts.join(" ");
}

/** Lanes run along the last parallel axis; reduced axes are looped over inside. */
function emitAlongParallel(
  f: FunctionBuilder,
  level: Level,
  { tile, buffers }: KernelArguments,
  shape: LoopShape,
  math: MathFunctions,
): void {
  const { step, outer, inner } = shape;
  const parallel = step.extents.length;
  const axes = [...step.extents, ...step.reduce].map(() => f.local("i32"));
  const innerAxis = parallel - 1;
  const column = axes[innerAxis] ?? f.local("i32");
  const depths = axes.map((_, axis) => (axis < innerAxis ? 1 : axis < parallel ? 2 : 3));
  const site: Omit<Site, "accumulators"> = {
    axes,
    depths,
    vectorAxis: innerAxis,
    aligned: true,
    buffers,
    dtypes: shape.readTypes,
    math,
    accumulatorDepth: 2,
  };
  const wide = level === "scalar" ? null : new Pass(new Lanes(f, 4, level), site, step);
  const narrow =
    level === "scalar" || inner % 4 !== 0 || (inner % shape.innerPerTile) % 4 !== 0 ? new Pass(new Lanes(f, 1, level), site, step) : null;
  const passes = [wide, narrow].filter((pass) => pass !== null);

  for (const pass of passes) pass.enter(0);
  const walk = new RowWalk(f, {
    tile,
    rows: sizeOf(outer),
    rowsPerTile: shape.rowsPerTile,
    innerTiles: shape.innerTiles,
    innerPerTile: shape.innerPerTile,
    inner,
    extents: outer,
    axes,
  });
  const outputs = writeBuffers(shape, buffers).map((buffer, i) => ({
    buffer,
    dtype: shape.writeTypes[i] ?? "float32",
    row: f.local("i32"),
  }));
  walk.forEachRow((row, from, to) => {
    for (const { buffer, dtype, row: at } of outputs)
      f.set(at, () => f.i32.add(buffer, () => bytes(f, () => f.i32.mul(row, inner), dtype)));
    for (const pass of passes) pass.enter(1);
    const columnOf = (pass: Pass): void => {
      pass.enter(2);
      pass.reduce(3);
      const values = pass.results();
      outputs.forEach(({ dtype, row: at }, i) => {
        const value = values[i];
        if (value === undefined) return;
        const address = f.local("i32", () => f.i32.add(at, () => bytes(f, () => f.get(column), dtype)));
        store(pass.lanes, dtype, 0, address, value);
        f.free(address);
      });
      pass.finish();
      pass.leave(2);
    };
    f.set(column, from);
    if (wide !== null) {
      const end = f.local("i32", () => f.i32.sub(to, 3));
      f.block((done) => {
        f.loop((again) => {
          f.brIf(done, () => f.i32.ge_s(column, end));
          columnOf(wide);
          f.set(column, () => f.i32.add(column, 4));
          f.br(again);
        });
      });
      f.free(end);
    }
    if (narrow !== null) {
      f.block((done) => {
        f.loop((again) => {
          f.brIf(done, () => f.i32.ge_s(column, to));
          columnOf(narrow);
          f.set(column, () => f.i32.add(column, 1));
          f.br(again);
        });
      });
    }
    for (const pass of passes.toReversed()) pass.leave(1);
  });
}

/** One output element at a time; lanes run along the last reduced axis. */
function emitAlongReduced(
  f: FunctionBuilder,
  level: Level,
  { tile, buffers }: KernelArguments,
  shape: LoopShape,
  math: MathFunctions,
): void {
  const { step, outer } = shape;
  const parallel = step.extents.length;
  const axes = [...step.extents, ...step.reduce].map(() => f.local("i32"));
  const last = axes.length - 1;
  const length = step.reduce.at(-1) ?? 1;
  const depths = axes.map((_, axis) => (axis < parallel ? 1 : axis < last ? 2 : 3));
  const base = { axes, depths, aligned: true, buffers, dtypes: shape.readTypes, math };
  const one = new Lanes(f, 1, level);
  const four = level === "scalar" ? null : new Lanes(f, 4, level);
  const terms = step.terms.map(({ value }) => value);
  const totals = step.terms.map(({ combine, value }) => startReduction(one, combine, value.dtype));
  const site: Site = { ...base, vectorAxis: last, accumulators: [], accumulatorDepth: 1 };
  const wide =
    four === null
      ? null
      : {
          lanes: four,
          evaluator: new Evaluator(four, site, terms),
          running: step.terms.map(({ combine, value }) => startReduction(four, combine, value.dtype)),
        };
  const several =
    wide !== null && length >= 16 * streams && costOf(terms) <= cheapTerm && !step.terms.some(({ combine }) => finds(combine));
  const more = several
    ? Array.from({ length: streams - 1 }, () => ({
        ...wide,
        running: step.terms.map(({ combine, value }) => startReduction(wide.lanes, combine, value.dtype)),
      }))
    : [];
  const narrow = four === null || length % 4 !== 0 ? { lanes: one, evaluator: new Evaluator(one, site, terms), running: totals } : null;
  const passes = [wide, narrow].filter((pass) => pass !== null);
  const stores = new Evaluator(
    one,
    { ...site, accumulators: totals.map(({ value, position }) => position ?? value) },
    step.writes.map(({ value }) => value),
  );

  for (const { evaluator } of passes) evaluator.enter(0);
  stores.enter(0);
  const walk = new RowWalk(f, {
    tile,
    rows: sizeOf(outer),
    rowsPerTile: shape.rowsPerTile,
    innerTiles: 1,
    innerPerTile: 1,
    inner: 1,
    extents: outer,
    axes,
  });
  const outputs = writeBuffers(shape, buffers).map((buffer, i) => ({ buffer, dtype: shape.writeTypes[i] ?? "float32" }));
  const position = f.local("i32");
  const take = ({ lanes, evaluator, running }: NonNullable<typeof wide>): void => {
    evaluator.enter(3);
    step.terms.forEach(({ combine, value }, i) => {
      const into = running[i];
      if (into === undefined) return;
      const at =
        lanes.count === 1
          ? () => f.get(position)
          : () =>
              f.i32x4.add(
                () => f.i32x4.splat(position),
                () => f.v128.const(new Uint8Array(new Int32Array([0, 1, 2, 3]).buffer)),
              );
      takeTerm(lanes, combine, value.dtype, into, evaluator.value(value), at);
    });
    evaluator.leave();
  };
  walk.forEachRow((row) => {
    for (const { evaluator } of passes) evaluator.enter(1);
    step.terms.forEach(({ combine, value }, i) => {
      const total = totals[i];
      if (total !== undefined) restart(one, combine, value.dtype, total);
      for (const { lanes, running } of wide === null ? [] : [wide, ...more]) {
        const each = running[i];
        if (each !== undefined) restart(lanes, combine, value.dtype, each);
      }
    });
    f.set(position, 0);
    const middle = axes.slice(parallel, last);
    const column = axes[last] ?? f.local("i32");
    const loop = (depth: number): void => {
      const axis = middle[depth];
      if (axis !== undefined) {
        f.for(axis, 0, step.reduce[depth] ?? 1, 1, () => loop(depth + 1));
        return;
      }
      for (const { evaluator } of passes) evaluator.enter(2);
      const rest = wide === null ? 0 : length - (length % 4);
      const stride =
        (by: number, pass: NonNullable<typeof wide>): (() => void) =>
        () => {
          take(pass);
          f.set(position, () => f.i32.add(position, by));
        };
      const blocks = more.length === 0 ? 0 : length - (length % (4 * streams));
      if (wide !== null && blocks > 0) {
        f.for(column, 0, blocks, 4 * streams, () => {
          [wide, ...more].forEach((stream, i) => {
            if (i > 0) f.set(column, () => f.i32.add(column, 4));
            take(stream);
          });
          f.set(column, () => f.i32.sub(column, 4 * (streams - 1)));
        });
      }
      if (wide !== null && rest > blocks) f.for(column, blocks, rest, 4, stride(4, wide));
      if (narrow !== null && rest < length) f.for(column, rest, length, 1, stride(1, narrow));
      for (const { evaluator } of passes.toReversed()) evaluator.leave();
    };
    if (sizeOf(step.reduce) > 0) loop(0);
    if (wide !== null) {
      step.terms.forEach(({ combine, value }, i) => {
        const [from, into] = [wide.running[i], totals[i]];
        for (const { lanes, running } of more) {
          const each = running[i];
          if (from !== undefined && each !== undefined) takeTerm(lanes, combine, value.dtype, from, each.value, () => f.get(position));
        }
        if (from !== undefined && into !== undefined) joinLanes(wide.lanes, one, combine, value.dtype, from, into);
      });
    }
    stores.enter(1);
    step.writes.forEach(({ value }, i) => {
      const output = outputs[i];
      if (output === undefined) return;
      const address = f.local("i32", () => f.i32.add(output.buffer, () => bytes(f, () => f.get(row), output.dtype)));
      store(one, output.dtype, 0, address, stores.value(value));
      f.free(address);
    });
    stores.leave();
    for (const { evaluator } of passes.toReversed()) evaluator.leave();
  });
}

/** One way through the parallel body: four lanes wide, or one. */
class Pass {
  readonly lanes: Lanes;
  readonly #step: LoopStep;
  readonly #site: Omit<Site, "accumulators">;
  readonly #terms: Evaluator;
  readonly #stores: Evaluator;
  readonly #running: readonly Running[];

  constructor(lanes: Lanes, site: Omit<Site, "accumulators">, step: LoopStep) {
    this.lanes = lanes;
    this.#step = step;
    this.#site = site;
    this.#running = step.terms.map(({ combine, value }) => startReduction(lanes, combine, value.dtype));
    this.#terms = new Evaluator(
      lanes,
      { ...site, accumulators: [] },
      step.terms.map(({ value }) => value),
    );
    const accumulators = this.#running.map(({ value, position }) => position ?? value);
    this.#stores = new Evaluator(
      lanes,
      { ...site, accumulators },
      step.writes.map(({ value }) => value),
    );
  }

  enter(depth: number): void {
    this.#terms.enter(depth);
    // What is stored may depend on the reduction, which is not done yet when its own depth is entered.
    if (depth < this.#site.accumulatorDepth) this.#stores.enter(depth);
  }

  leave(depth: number): void {
    this.#terms.leave();
    if (depth < this.#site.accumulatorDepth) this.#stores.leave();
  }

  /** Runs over the reduced axes. */
  reduce(depth: number): void {
    const { f } = this.lanes;
    const { terms, reduce, extents } = this.#step;
    if (terms.length === 0) return;
    const reduced = this.#site.axes.slice(extents.length);
    terms.forEach(({ combine, value }, i) => {
      const running = this.#running[i];
      if (running !== undefined) restart(this.lanes, combine, value.dtype, running);
    });
    const position = f.local("i32", 0);
    const take = (): void => {
      this.#terms.enter(depth);
      terms.forEach(({ combine, value }, i) => {
        const running = this.#running[i];
        const at = this.lanes.count === 1 ? () => f.get(position) : () => f.i32x4.splat(position);
        if (running !== undefined) takeTerm(this.lanes, combine, value.dtype, running, this.#terms.value(value), at);
      });
      this.#terms.leave();
      f.set(position, () => f.i32.add(position, 1));
    };
    const unroll = sizeOf(reduce) <= unrollLimit;
    const loop = (axis: number): void => {
      const index = reduced[axis];
      const extent = reduce[axis] ?? 1;
      if (index === undefined) return take();
      if (!unroll) return f.for(index, 0, extent, 1, () => loop(axis + 1));
      for (let value = 0; value < extent; value++) {
        f.set(index, value);
        loop(axis + 1);
      }
    };
    loop(0);
    f.free(position);
  }

  /** The values to store, all computed before any is. */
  results(): Local[] {
    this.#stores.enter(this.#site.accumulatorDepth);
    return this.#step.writes.map(({ value }) => this.#stores.value(value));
  }

  finish(): void {
    this.#stores.leave();
  }
}

function writeBuffers({ step }: LoopShape, buffers: readonly Local<"i32">[]): readonly Local<"i32">[] {
  return buffers.slice(step.reads.length);
}

function bytes(f: FunctionBuilder, elements: () => void, dtype: DType): void {
  elements();
  if (dtype === "float32" || dtype === "int32") f.i32.shl(2);
}
