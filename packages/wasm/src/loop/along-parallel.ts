import { sizeOf } from "@gradus/tensor";
import type { FunctionBuilder, Local } from "../asm/index.ts";
import type { KernelArguments, Level } from "../kernels/kernel.ts";
import { innerBody, plainBody, type Range, severalVectors } from "./bodies.ts";
import { elementBytes, log2Bytes, store } from "./element.ts";
import type { Site } from "./evaluate.ts";
import { Lanes } from "./lanes.ts";
import type { MathFunctions } from "./math.ts";
import { Pass } from "./pass.ts";
import { RowWalk } from "./row-walk.ts";
import type { LoopShape } from "./shape.ts";

/** The ways a row is gone through, one after the other: what each leaves over is for the next. */
interface RowPasses {
  readonly several: Pass | null;
  readonly wide: Pass | null;
  /** What the wide pass becomes in the core of the tensor. */
  readonly core: { readonly pass: Pass; readonly ranges: readonly Range[] } | null;
  /** One vector that ends where the row ends. */
  readonly tail: Pass | null;
  readonly narrow: Pass | null;
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
  const { usual, inside } = passesOf(f, level, shape, site);
  const all = new Set([usual, inside?.passes].flatMap((passes) => (passes === undefined ? [] : listOf(passes))));

  const storeAt = (pass: Pass): void => {
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
  const along = (pass: Pass | null, to: Local<"i32">, core: RowPasses["core"] = null): void => {
    if (pass === null) return;
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
  const row = (passes: RowPasses, from: Local<"i32">, to: Local<"i32">): void => {
    const own = listOf(passes);
    for (const pass of own) pass.enter(1);
    f.set(column, from);
    along(passes.several, to);
    along(passes.wide, to, passes.core);
    if (passes.tail !== null) {
      f.set(column, inner - 4);
      storeAt(passes.tail);
    }
    along(passes.narrow, to);
    for (const pass of own.toReversed()) pass.leave(1);
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
): { readonly usual: RowPasses; readonly inside: { readonly passes: RowPasses; readonly first: number; readonly count: number } | null } {
  const { step, inner, innerPerTile, innerTiles } = shape;
  const leaves = (vectors: number): boolean =>
    [inner, inner % innerPerTile, innerTiles === 1 ? 0 : innerPerTile].some((columns) => columns % (4 * vectors) !== 0);
  const plain = plainBody(shape);
  if (level === "scalar") {
    const narrow = new Pass(new Lanes(f, 1, level), site, plain);
    return { usual: { several: null, wide: null, core: null, tail: null, narrow }, inside: null };
  }
  const four = new Lanes(f, 4, level);
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
    tail: tail(plain),
    narrow,
  };
  const inside = innerBody(shape);
  if (inside === null) return { usual, inside };
  const { first, count, body } = inside;
  const core = inside.core === null ? null : { pass: new Pass(four, site, inside.core.body), ranges: inside.core.ranges };
  return { usual, inside: { passes: { several: null, wide: new Pass(four, site, body), core, tail: tail(body), narrow }, first, count } };
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

function listOf({ several, wide, core, tail, narrow }: RowPasses): readonly Pass[] {
  return [several, wide, core?.pass ?? null, tail, narrow].filter((pass) => pass !== null);
}
