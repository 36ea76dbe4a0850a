import { axisIndex, offsetIndex, type Scalar, ScalarBuilder, sizeOf } from "@gradus/tensor";
import type { FunctionBuilder, Local } from "../asm/index.ts";
import type { KernelArguments, Level } from "../kernels/kernel.ts";
import { finds, finish, mayWin, restart, type Running, startReduction, takeTerm } from "./combine.ts";
import { elementBytes, store } from "./element.ts";
import { Evaluator, type Site } from "./evaluate.ts";
import { accumulatorsOf } from "./found-once.ts";
import { Lanes } from "./lanes.ts";
import type { MathFunctions } from "./math.ts";
import { withAxes } from "./rewrite.ts";
import { RowWalk } from "./row-walk.ts";
import type { LoopShape } from "./shape.ts";

/** Terms taken in between a load and a store of what a column has reached. */
const together = 4;

/**
 * A reduction whose terms lie side by side along the parallel axis, as the sums of columns do: the reduced axes outside,
 * so that memory is read in its own order, and what every column has reached in scratch memory.
 */
export function emitStreamed(
  f: FunctionBuilder,
  level: Level,
  { tile, scratch, buffers }: KernelArguments,
  shape: LoopShape,
  math: MathFunctions,
): void {
  const { step, outer, inner, innerPerTile } = shape;
  const parallel = step.extents.length;
  const axes = [...step.extents, ...step.reduce].map(() => f.local("i32"));
  const column = axes[parallel - 1] ?? f.local("i32");
  const site: Omit<Site, "accumulators"> = {
    axes,
    depths: axes.map((_, axis) => (axis === parallel - 1 ? 3 : axis < parallel ? 1 : 2)),
    vectorAxis: parallel - 1,
    aligned: shape.aligned,
    buffers,
    dtypes: shape.readTypes,
    math,
    inline: true,
    accumulatorDepth: 3,
  };
  const whole = inner % 4 === 0 && (inner % innerPerTile) % 4 === 0 && shape.aligned;
  const counts = level === "scalar" ? ([1] as const) : whole ? ([4] as const) : ([4, 1] as const);
  const ways = counts.map((count) => new Way(new Lanes(f, count, level), shape, site));
  const outputs = buffers.slice(step.reads.length).map((buffer, i) => ({
    buffer,
    dtype: shape.writeTypes[i] ?? "float32",
    row: f.local("i32"),
  }));
  const position = f.local("i32");
  const cell = f.local("i32");
  const reduced = axes.slice(parallel);
  const length = step.reduce.at(-1) ?? 1;

  /** Goes through the columns of a tile, with the address of what each has reached. */
  const forColumns = (
    from: Local<"i32">,
    to: Local<"i32">,
    depth: number,
    evaluatorOf: (way: Way) => Evaluator,
    body: (way: Way) => void,
  ): void => {
    f.set(column, from);
    f.set(cell, scratch);
    for (const way of ways) {
      const { count } = way.lanes;
      evaluatorOf(way).enter(depth);
      const end = f.local("i32", () => f.i32.sub(to, count - 1));
      f.block((done) => {
        f.loop((again) => {
          f.brIf(done, () => f.i32.ge_s(column, end));
          body(way);
          f.advance(column, count);
          f.advance(cell, 4 * count);
          f.br(again);
        });
      });
      f.free(end);
      evaluatorOf(way).leave();
    }
  };
  for (const way of ways) for (const evaluator of way.evaluators) evaluator.enter(0);
  const walk = new RowWalk(f, {
    tile,
    rows: sizeOf(outer),
    rowsPerTile: shape.rowsPerTile,
    innerTiles: shape.innerTiles,
    innerPerTile,
    inner,
    extents: outer,
    axes,
  });
  walk.forEachRow((row, from, to) => {
    for (const { buffer, dtype, row: at } of outputs)
      f.set(at, () => f.i32.add(buffer, () => elementBytes(f, () => f.i32.mul(row, inner), dtype)));
    for (const way of ways) for (const evaluator of way.evaluators) evaluator.enter(1);
    for (const way of ways) way.start();
    forColumns(
      from,
      to,
      2,
      ({ stores }) => stores,
      (way) => way.save(cell),
    );
    f.set(position, 0);
    const take = (evaluatorOf: (way: Way) => Evaluator, terms: (way: Way) => readonly (readonly Scalar[])[], by: number): void => {
      forColumns(from, to, 2, evaluatorOf, (way) => way.take(cell, evaluatorOf(way), terms(way), position));
      f.advance(position, by);
    };
    const loop = (axis: number): void => {
      const index = reduced[axis] ?? f.local("i32");
      if (axis < reduced.length - 1) return f.for(index, 0, step.reduce[axis] ?? 1, 1, () => loop(axis + 1));
      const most = length - (length % together);
      if (most > 0)
        f.for(index, 0, most, together, () =>
          take(
            ({ several }) => several,
            ({ ahead }) => ahead,
            together,
          ),
        );
      if (most < length)
        f.for(index, most, length, 1, () =>
          take(
            ({ single }) => single,
            ({ terms }) => [terms],
            1,
          ),
        );
    };
    loop(0);
    forColumns(
      from,
      to,
      2,
      ({ stores }) => stores,
      (way) => {
        way.load(cell);
        way.end().forEach((value, i) => {
          const output = outputs[i];
          if (output === undefined) return;
          const address = f.local("i32", () => f.i32.add(output.row, () => elementBytes(f, () => f.get(column), output.dtype)));
          store(way.lanes, output.dtype, 0, address, value);
          f.free(address);
        });
        way.stores.leave();
      },
    );
    for (const way of ways.toReversed()) for (const evaluator of way.evaluators) evaluator.leave();
  });
}

/** Bytes of scratch memory for a tile: a word of every column for each of what its reductions carry. */
export function streamedScratch({ step, innerPerTile }: LoopShape): number {
  return step.terms.length * 2 * wordsApart(innerPerTile);
}

function wordsApart(innerPerTile: number): number {
  return 16 * Math.ceil(innerPerTile / 4);
}

/** Four columns at once, or one. */
class Way {
  readonly lanes: Lanes;
  readonly several: Evaluator;
  readonly single: Evaluator;
  readonly stores: Evaluator;
  readonly terms: readonly Scalar[];
  /** The terms of some places in a row. */
  readonly ahead: readonly (readonly Scalar[])[];
  readonly #shape: LoopShape;
  readonly #running: readonly Running[];

  constructor(lanes: Lanes, shape: LoopShape, site: Omit<Site, "accumulators">) {
    const { step } = shape;
    this.lanes = lanes;
    this.#shape = shape;
    this.terms = step.terms.map(({ value }) => value);
    this.#running = step.terms.map(({ combine, value }) => startReduction(lanes, combine, value.dtype));
    const s = new ScalarBuilder();
    const all = [...step.extents, ...step.reduce];
    this.ahead = Array.from({ length: together }, (_, place) => {
      const axes = all.map((extent, axis) =>
        axis === all.length - 1 ? offsetIndex(axisIndex(axis, Math.max(1, extent - together + 1)), place) : axisIndex(axis, extent),
      );
      return this.terms.map((value) => withAxes(s, value, axes));
    });
    this.several = new Evaluator(lanes, { ...site, accumulators: [] }, this.ahead.flat());
    this.single = new Evaluator(lanes, { ...site, accumulators: [] }, this.terms);
    this.stores = new Evaluator(
      lanes,
      { ...site, accumulators: accumulatorsOf(this.#running) },
      step.writes.map(({ value }) => value),
    );
  }

  get evaluators(): readonly Evaluator[] {
    return [this.several, this.single, this.stores];
  }

  start(): void {
    this.#shape.step.terms.forEach(({ combine, value }, i) => {
      const running = this.#running[i];
      if (running !== undefined) restart(this.lanes, combine, value.dtype, running);
    });
  }

  /** Takes terms in, one after the other. */
  take(cell: Local<"i32">, evaluator: Evaluator, terms: readonly (readonly Scalar[])[], position: Local<"i32">): void {
    const { f } = this.lanes;
    evaluator.enter(3);
    this.load(cell);
    this.#shape.step.terms.forEach(({ combine, value: { dtype } }, i) => {
      const running = this.#running[i];
      if (running === undefined) return;
      const found = terms.flatMap((place) => (place[i] === undefined ? [] : [evaluator.value(place[i])]));
      const takeAll = (): void =>
        found.forEach((term, place) => {
          const at = (): void => f.i32.add(position, place);
          takeTerm(this.lanes, combine, dtype, running, term, this.lanes.count === 4 ? () => f.i32x4.splat(at) : at);
        });
      if (finds(combine)) f.if(() => mayWin(this.lanes, combine, dtype, running, found), takeAll);
      else takeAll();
    });
    this.save(cell);
    evaluator.leave();
  }

  /** Ends the reductions and gives what is stored. */
  end(): Local[] {
    for (const running of this.#running) finish(this.lanes, running);
    this.stores.enter(3);
    return this.#shape.step.writes.map(({ value }) => this.stores.value(value));
  }

  load(cell: Local<"i32">): void {
    const { f } = this.lanes;
    this.#words((local, offset) => {
      if (this.lanes.count === 4) f.set(local, () => f.v128.load(offset, cell));
      else f.set(local, () => (local.type === "f32" ? f.f32.load(offset, cell) : f.i32.load(offset, cell)));
    });
  }

  save(cell: Local<"i32">): void {
    const { f } = this.lanes;
    this.#words((local, offset) => {
      if (this.lanes.count === 4) f.v128.store(offset, cell, () => f.get(local));
      else if (local.type === "f32") f.f32.store(offset, cell, () => f.get(local));
      else f.i32.store(offset, cell, () => f.get(local));
    });
  }

  #words(visit: (local: Local, offset: number) => void): void {
    const apart = wordsApart(this.#shape.innerPerTile);
    this.#running.forEach(({ value, position, missed }, i) => {
      visit(value, 2 * i * apart);
      const second = position ?? missed;
      if (second !== null) visit(second, (2 * i + 1) * apart);
    });
  }
}
