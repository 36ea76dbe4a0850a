import { sizeOf } from "@gradus/tensor";
import type { FunctionBuilder, Local, Operand } from "../asm/index.ts";
import type { KernelArguments, Level } from "../kernels/kernel.ts";
import { innerBody, plainBody, type Range, severalVectors } from "./bodies.ts";
import { elementBytes, log2Bytes, store } from "./element.ts";
import type { Site } from "./evaluate.ts";
import { Lanes } from "./lanes.ts";
import type { MathFunctions } from "./math.ts";
import { Pass } from "./pass.ts";
import { RowWalk } from "./row-walk.ts";
import { type RowParts, rowParts } from "./row-parts.ts";
import { sectionsOf } from "./sections.ts";
import type { LoopShape } from "./shape.ts";

/** The ways a row is gone through, one after the other: what each leaves over is for the next. */
interface RowPasses {
  readonly several: Pass | null;
  readonly wide: Pass | null;
  /** What the wide pass becomes in the core of the tensor. */
  readonly core: { readonly pass: Pass; readonly ranges: readonly Range[] } | null;
  /** The row's first vectors, which the wide pass goes on from, and its last ones. */
  readonly ends: { readonly first: Pass; readonly last: Pass; readonly lastFrom: number; readonly by: number } | null;
  /** One vector that ends where the row ends. */
  readonly tail: Pass | null;
  readonly narrow: Pass | null;
}

/** How a row is gone through, or part of one, where an axis is from `low` to below `high`. */
interface SectionPasses {
  readonly low: number;
  readonly high: number;
  readonly passes: RowPasses;
}

/** Lanes run along the last parallel axis; reduced axes are looped over inside. */
export function emitAlongParallel(
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
  const outputs = buffers.slice(step.reads.length).map((buffer, i) => ({
    buffer,
    dtype: shape.writeTypes[i] ?? "float32",
    row: f.local("i32"),
  }));
  const site: Omit<Site, "accumulators"> = {
    axes,
    depths: axes.map((_, axis) => (axis < innerAxis ? 1 : axis < parallel ? 2 : 3)),
    vectorAxis: innerAxis,
    aligned: shape.aligned,
    buffers,
    dtypes: shape.readTypes,
    math,
    inline: true,
    accumulatorDepth: 2,
  };
  const { usual, inside, sections } = passesOf(f, level, shape, site);
  const all = new Set(
    [usual, inside?.passes, ...(sections?.runs ?? []).map(({ passes }) => passes)].flatMap((passes) =>
      passes === undefined ? [] : listOf(passes),
    ),
  );

  const storeAt = (pass: Pass): void => {
    pass.locate(column);
    pass.enter(2);
    pass.reduce(3);
    pass.forResults((values, vector) =>
      values.forEach((value, i) => {
        const output = outputs[i];
        if (output === undefined) return;
        const { dtype, row } = output;
        const address = f.local("i32", () => f.i32.add(row, () => elementBytes(f, () => f.get(column), dtype)));
        store(pass.lanes, dtype, vector * 4 * 2 ** log2Bytes[dtype], address, value);
        f.free(address);
      }),
    );
    pass.leave(2);
  };
  /** Works out what holds for a row where it is needed: held over other passes' loops, it would be spilled. */
  const inRow = (own: readonly Pass[], body: () => void): void => {
    for (const pass of own) pass.enter(1);
    body();
    for (const pass of own.toReversed()) pass.leave(1);
  };
  const along = (pass: Pass | null, to: Local<"i32">, core: RowPasses["core"] = null): void => {
    if (pass === null) return;
    inRow(core === null ? [pass] : [pass, core.pass], () => loopOver(pass, to, core));
  };
  const loopOver = (pass: Pass, to: Local<"i32">, core: RowPasses["core"]): void => {
    const span = core === null ? null : f.local("i32", () => coreSpan(f, core.ranges, axes));
    const by = pass.lanes.count * pass.body.writes.length;
    const end = f.local("i32", () => f.i32.sub(to, by - 1));
    f.block((done) => {
      f.loop((again) => {
        f.brIf(done, () => f.i32.ge_s(column, end));
        if (core === null || span === null) storeAt(pass);
        else
          f.if(
            () => f.i32.lt_u(() => f.i32.sub(column, core.ranges.at(-1)?.low ?? 0), span),
            () => storeAt(core.pass),
            () => storeAt(pass),
          );
        f.set(column, () => f.i32.add(column, by));
        f.br(again);
      });
    });
    f.free(end);
    if (span !== null) f.free(span);
  };
  const row = (passes: RowPasses, from: Operand<"i32">, to: Local<"i32">): void => {
    f.set(column, from);
    along(passes.several, to);
    const { ends, tail } = passes;
    if (ends === null) along(passes.wide, to, passes.core);
    else {
      const { first, last, by, lastFrom } = ends;
      inRow([first], () => storeAt(first));
      f.set(column, by);
      const until = f.local("i32", lastFrom);
      along(passes.wide, until);
      f.free(until);
      inRow([last], () => storeAt(last));
      f.set(column, lastFrom + by);
    }
    if (tail !== null) {
      f.set(column, inner - 4);
      inRow([tail], () => storeAt(tail));
    }
    along(passes.narrow, to);
  };

  for (const pass of all) pass.enter(0);
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
  walk.forEachRow((number, from, to) => {
    for (const { buffer, dtype, row: at } of outputs)
      f.set(at, () => f.i32.add(buffer, () => elementBytes(f, () => f.i32.mul(number, inner), dtype)));
    if (sections !== null && sections.axis === innerAxis) {
      for (const { low, high, passes } of sections.runs) {
        const end = f.local("i32", () => f.select("i32", to, high, () => f.i32.lt_s(to, high)));
        row(passes, () => f.select("i32", from, low, () => f.i32.gt_s(from, low)), end);
        f.free(end);
      }
      return;
    }
    if (sections !== null) {
      const index = axes[sections.axis] ?? column;
      const [last, ...before] = sections.runs.toReversed();
      const otherwise = before.reduce(
        (rest, { high, passes }) =>
          () =>
            f.if(
              () => f.i32.lt_s(index, high),
              () => row(passes, from, to),
              rest,
            ),
        () => row(last?.passes ?? usual, from, to),
      );
      return otherwise();
    }
    const [plane] = axes;
    if (inside === null || plane === undefined) return row(usual, from, to);
    f.if(
      () => f.i32.lt_u(() => f.i32.sub(plane, inside.first), inside.count),
      () => row(inside.passes, from, to),
      () => row(usual, from, to),
    );
  });
}

/** How rows are gone through: usually, and where padded reads need no clamps. */
function passesOf(
  f: FunctionBuilder,
  level: Level,
  shape: LoopShape,
  site: Omit<Site, "accumulators">,
): {
  readonly usual: RowPasses;
  readonly inside: { readonly passes: RowPasses; readonly first: number; readonly count: number } | null;
  readonly sections: { readonly axis: number; readonly runs: readonly SectionPasses[] } | null;
} {
  const { step, inner, innerPerTile, innerTiles } = shape;
  const leaves = (vectors: number): boolean =>
    [inner, inner % innerPerTile, innerTiles === 1 ? 0 : innerPerTile].some((columns) => columns % (4 * vectors) !== 0);
  const plain = plainBody(shape);
  if (level === "scalar") {
    const narrow = new Pass(new Lanes(f, 1, level), site, plain);
    return { usual: { several: null, wide: null, core: null, ends: null, tail: null, narrow }, inside: null, sections: null };
  }
  const four = new Lanes(f, 4, level);
  const parts = rowParts(shape);
  if (parts !== null) return { usual: partPasses(four, shape, site, parts), inside: null, sections: null };
  const sections = sectionsOf(shape);
  if (sections !== null) {
    const { axis, runs } = sections;
    const ends = axis === site.vectorAxis ? runs.map(({ high }) => high) : [inner];
    const aligned = ends.slice(0, -1).every((end) => end % 4 === 0);
    const whole = aligned && inner % 4 === 0;
    const one = new Lanes(f, 1, level);
    const passes = runs.map(({ low, high, body }): SectionPasses => {
      const [wide, narrow] = [new Pass(four, { ...site, aligned }, body), whole ? null : new Pass(one, site, body)];
      return { low, high, passes: { several: null, wide, core: null, ends: null, tail: null, narrow } };
    });
    return {
      usual: { several: null, wide: null, core: null, ends: null, tail: null, narrow: null },
      inside: null,
      sections: { axis, runs: passes },
    };
  }
  const several = severalVectors(shape);
  // The rest of a row is done with the vector that ends there, some elements twice, which harms nothing where no
  // value is written over one that is read: a reduction's never is.
  const overlaps = leaves(1) && step.terms.length > 0 && innerTiles === 1 && inner >= 4;
  const tail = (body: typeof plain): Pass | null => (overlaps ? new Pass(four, { ...site, aligned: false }, body) : null);
  const narrow = leaves(1) && !overlaps ? new Pass(new Lanes(f, 1, level), site, plain) : null;
  const usual: RowPasses = {
    several: several === null ? null : new Pass(four, site, several),
    wide: several === null || leaves(several.writes.length) ? new Pass(four, site, plain) : null,
    core: null,
    ends: null,
    tail: tail(plain),
    narrow,
  };
  const inside = innerBody(shape);
  if (inside === null) return { usual, inside, sections };
  const { first, count, body } = inside;
  const core = inside.core === null ? null : { pass: new Pass(four, site, inside.core.body), ranges: inside.core.ranges };
  return {
    usual,
    inside: { passes: { several: null, wide: new Pass(four, site, body), core, ends: null, tail: tail(body), narrow }, first, count },
    sections,
  };
}

/** A row that is taken apart: its lanes count in steps of their own. */
function partPasses(four: Lanes, shape: LoopShape, site: Omit<Site, "accumulators">, parts: RowParts): RowPasses {
  const { apart, first, middle, last, end } = parts;
  const { f } = four;
  const inSteps = { ...site, axes: site.axes.with(site.vectorAxis, f.local("i32")) };
  return {
    several: null,
    wide: new Pass(four, inSteps, middle),
    core: null,
    ends: {
      first: new Pass(four, { ...inSteps, position: 0 }, first),
      last: new Pass(four, { ...inSteps, position: end }, last),
      lastFrom: apart * end,
      by: 4 * apart,
    },
    tail: null,
    narrow: shape.inner === apart * (end + 4) ? null : new Pass(new Lanes(f, 1, four.level), site, plainBody(shape)),
  };
}

/** Pushes how many columns from the core's first on may begin a vector of it; none where the row is not in it. */
function coreSpan(f: FunctionBuilder, ranges: readonly Range[], axes: readonly Local<"i32">[]): void {
  const [columns = { low: 0, high: 0 }, ...rows] = ranges.toReversed();
  f.i32.const(Math.max(0, columns.high - columns.low - 3));
  rows.toReversed().forEach(({ low, high }, axis) => {
    const index = axes[axis];
    if (index === undefined) return;
    f.i32.mul(() => f.i32.lt_u(() => f.i32.sub(index, low), high - low));
  });
}

function listOf({ several, wide, core, ends, tail, narrow }: RowPasses): readonly Pass[] {
  return [several, wide, core?.pass ?? null, ends?.first ?? null, ends?.last ?? null, tail, narrow].filter((pass) => pass !== null);
}
