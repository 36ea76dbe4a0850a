import type { LoopStep } from "@gradus/compile";
import { axisIndex, offsetIndex, type Scalar, ScalarBuilder, sizeOf } from "@gradus/tensor";
import type { FunctionBuilder } from "../asm/index.ts";
import type { KernelArguments, Level } from "../kernels/kernel.ts";
import { finds, finish, joinLanes, mayWin, restart, startReduction, takeTerm } from "./combine.ts";
import { elementBytes, store } from "./element.ts";
import { Evaluator, type Site } from "./evaluate.ts";
import { accumulatorsOf } from "./found-once.ts";
import { Lanes } from "./lanes.ts";
import type { MathFunctions } from "./math.ts";
import { withAxes } from "./rewrite.ts";
import { RowWalk } from "./row-walk.ts";
import { costOf, type LoopShape } from "./shape.ts";

/** Vectors a reduction along its own axis takes at once, each into accumulators of its own: an addition's result is not waited for. */
const streams = 4;
/** Terms costlier than this keep the adders busy by themselves. */
const cheapTerm = 8;

/** One output element at a time; lanes run along the last reduced axis. */
export function emitAlongReduced(
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
  const base = { axes, depths, aligned: true, buffers, dtypes: shape.readTypes, math, inline: true };
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
  const hunt =
    wide !== null && length >= 16 * streams && step.terms.every(({ combine }) => finds(combine)) ? huntAhead(wide.lanes, site, step) : null;
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
    { ...site, accumulators: accumulatorsOf(totals) },
    step.writes.map(({ value }) => value),
  );

  for (const { evaluator } of passes) evaluator.enter(0);
  hunt?.evaluator.enter(0);
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
  const outputs = buffers.slice(step.reads.length).map((buffer, i) => ({ buffer, dtype: shape.writeTypes[i] ?? "float32" }));
  const position = f.local("i32");
  const take = ({ lanes, evaluator, running }: NonNullable<typeof wide>): void => {
    evaluator.enter(3);
    step.terms.forEach(({ combine, value }, i) => {
      const into = running[i];
      if (into === undefined) return;
      const at = lanes.count === 1 ? () => f.get(position) : lanesFrom(f, () => f.get(position));
      takeTerm(lanes, combine, value.dtype, into, evaluator.value(value), at);
    });
    evaluator.leave();
  };
  walk.forEachRow((row) => {
    for (const { evaluator } of passes) evaluator.enter(1);
    hunt?.evaluator.enter(1);
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
      hunt?.evaluator.enter(2);
      const rest = wide === null ? 0 : length - (length % 4);
      const stride =
        (by: number, pass: NonNullable<typeof wide>): (() => void) =>
        () => {
          take(pass);
          f.set(position, () => f.i32.add(position, by));
        };
      const blocks = more.length === 0 && hunt === null ? 0 : length - (length % (4 * streams));
      if (wide !== null && hunt !== null) {
        f.for(column, 0, blocks, 4 * streams, () => {
          hunt.evaluator.enter(3);
          step.terms.forEach(({ combine, value }, i) => {
            const into = wide.running[i];
            if (into === undefined) return;
            const found = hunt.terms.map((vector) => hunt.evaluator.value(vector[i] ?? value));
            f.if(
              () => mayWin(wide.lanes, combine, value.dtype, into, found),
              () =>
                found.forEach((term, vector) =>
                  takeTerm(
                    wide.lanes,
                    combine,
                    value.dtype,
                    into,
                    term,
                    lanesFrom(f, () => f.i32.add(position, 4 * vector)),
                  ),
                ),
            );
          });
          hunt.evaluator.leave();
          f.set(position, () => f.i32.add(position, 4 * streams));
        });
      } else if (wide !== null && blocks > 0) {
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
      hunt?.evaluator.leave();
      for (const { evaluator } of passes.toReversed()) evaluator.leave();
    };
    if (sizeOf(step.reduce) > 0) loop(0);
    if (wide !== null) {
      step.terms.forEach(({ combine, value }, i) => {
        const [from, into] = [wide.running[i], totals[i]];
        if (from !== undefined) finish(wide.lanes, from);
        for (const { lanes, running } of more) {
          const each = running[i];
          if (each !== undefined) finish(lanes, each);
          if (from !== undefined && each !== undefined) takeTerm(lanes, combine, value.dtype, from, each.value, () => f.get(position));
        }
        if (from !== undefined) finish(wide.lanes, from);
        if (from !== undefined && into !== undefined) joinLanes(wide.lanes, one, combine, value.dtype, from, into);
      });
    }
    stores.enter(1);
    step.writes.forEach(({ value }, i) => {
      const output = outputs[i];
      if (output === undefined) return;
      const address = f.local("i32", () => f.i32.add(output.buffer, () => elementBytes(f, () => f.get(row), output.dtype)));
      store(one, output.dtype, 0, address, stores.value(value));
      f.free(address);
    });
    stores.leave();
    hunt?.evaluator.leave();
    for (const { evaluator } of passes.toReversed()) evaluator.leave();
  });
}

/** The terms of several vectors on, of which argmax and argmin first ask whether any of them wins. */
function huntAhead(lanes: Lanes, site: Site, { terms, extents, reduce }: LoopStep): { terms: Scalar[][]; evaluator: Evaluator } {
  const s = new ScalarBuilder();
  const all = [...extents, ...reduce];
  const ahead = Array.from({ length: streams }, (_, vector) => {
    const axes = all.map((extent, axis) =>
      axis === all.length - 1 ? offsetIndex(axisIndex(axis, extent - 4 * (streams - 1)), 4 * vector) : axisIndex(axis, extent),
    );
    return terms.map(({ value }) => withAxes(s, value, axes));
  });
  return { terms: ahead, evaluator: new Evaluator(lanes, site, ahead.flat()) };
}

/** Four positions that begin at one. */
function lanesFrom(f: FunctionBuilder, start: () => void): () => void {
  return () =>
    f.i32x4.add(
      () => f.i32x4.splat(start),
      () => f.v128.const(new Uint8Array(new Int32Array([0, 1, 2, 3]).buffer)),
    );
}
