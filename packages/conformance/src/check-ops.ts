import type { Engine } from "@gradus/compile";
import {
  apply,
  type Fill,
  fromHost,
  GradusError,
  type Host,
  hostFrom,
  hostLike,
  type Inputs,
  isFloat,
  numbersOf,
  propagate,
  type Tensor,
} from "@gradus/tensor";
import {
  describeCase,
  drawCase,
  type Drawn,
  type ErasedCase,
  flatten,
  mapDrawn,
  type SpecifiedOp,
  specifiedOps,
  toHost,
  toTensor,
} from "./case.ts";
import { disguise } from "./disguise.ts";
import { ExactFunction, record } from "./exact-function.ts";
import { numericGradient } from "./numeric-gradient.ts";
import { seedOf, uniform } from "./random.ts";
import { disagreement, gradientToleranceOf, toleranceOf } from "./tolerance.ts";

/** What was looked at when something disagreed. */
export type Stage = "forward" | "disguised forward" | "gradient" | "numeric gradient" | "reject";

export interface OpFailure {
  readonly stage: Stage;
  /** The case, in one line. */
  readonly case: string;
  readonly reason: string;
}

/** One op's result. It passes if `failures` is empty. */
export interface OpReport {
  readonly op: string;
  readonly cases: number;
  /** Gradient entries compared with a numeric derivative. */
  readonly slopes: number;
  readonly rejects: number;
  readonly failures: readonly OpFailure[];
  /** Why gradients were not compared, if they were not. */
  readonly noGradient?: string;
}

export interface CheckOpsOptions {
  /** The ops to check; every op of the library when left out. */
  readonly ops?: readonly SpecifiedOp[];
  /** Compare gradients too; true when left out. */
  readonly gradients?: boolean;
  /** Entries of each input whose derivative is estimated; 24 when left out. */
  readonly entries?: number;
  /** Decides every value drawn; 1 when left out. */
  readonly seed?: number;
}

/**
 * Runs every op's cases on an engine and compares with float64: values with the spec's reference, gradients of
 * Σ out * ct with reverse mode on the reference backend, and that with central differences; then the calls that must be refused.
 *
 * The loop knows no op by name. Nothing is thrown for a disagreement: it is in the report.
 */
export async function checkOps(
  engine: Engine,
  { ops = specifiedOps(), gradients = true, entries = 24, seed = 1 }: CheckOpsOptions = {},
): Promise<OpReport[]> {
  const reports: OpReport[] = [];
  for (const op of ops) reports.push(await checkOp(engine, op, { gradients, entries, seed }));
  return reports;
}

async function checkOp(
  engine: Engine,
  op: SpecifiedOp,
  { gradients, entries, seed }: { readonly gradients: boolean; readonly entries: number; readonly seed: number },
): Promise<OpReport> {
  const failures: OpFailure[] = [];
  let slopes = 0;
  for (const [index, each] of op.cases.entries()) {
    const drawn = drawCase(op.op, each, seedOf(op.name, index, seed));
    const attempt = async (stage: Stage, check: () => string | null | Promise<string | null>): Promise<void> => {
      const reason = await reasonOf(check);
      if (reason !== null) failures.push({ stage, case: describeCase(drawn, each.attrs), reason });
    };
    await attempt("forward", () => forward(engine, op, each, drawn, mapDrawn(drawn, toTensor)));
    const random = uniform(seedOf(op.name, index, seed, "disguise"));
    const names: string[] = [];
    const dressed = mapDrawn(drawn, (host) => {
      const { tensor, name } = disguise(host, random);
      names.push(name);
      return tensor;
    });
    await attempt("disguised forward", async () => {
      const reason = await forward(engine, op, each, drawn, dressed);
      return reason === null ? null : `${reason}; inputs ${names.join(", ")}`;
    });
    if (!gradients || op.noGradient !== undefined) continue;
    await attempt("gradient", () => backward(engine, op, each, drawn, seedOf(op.name, index, seed, "ct")));
    await attempt("numeric gradient", () => {
      const { reason, compared } = numeric(op, each, drawn, { entries, seed: seedOf(op.name, index, seed, "ct") });
      slopes += compared;
      return reason;
    });
  }
  for (const each of op.rejects) {
    const drawn = drawCase(op.op, each, seed);
    const reason = refusal(op, each, drawn);
    if (reason !== null) failures.push({ stage: "reject", case: describeCase(drawn, each.attrs), reason });
  }
  return {
    op: op.name,
    cases: op.cases.length,
    slopes,
    rejects: op.rejects.length,
    failures,
    ...(op.noGradient === undefined ? {} : { noGradient: op.noGradient }),
  };
}

async function reasonOf(check: () => string | null | Promise<string | null>): Promise<string | null> {
  try {
    return await check();
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

type Slots = Readonly<Record<string, Tensor | readonly Tensor[] | null>>;

/** Records a call whose static types the loop does not know; the row checks it at run time. */
function call({ op }: SpecifiedOp, x: Slots, { attrs }: ErasedCase): Tensor {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the slots' names and kinds come from the row's own inputs
  return apply(op, x as Fill<Inputs, Tensor>, attrs);
}

async function forward(engine: Engine, op: SpecifiedOp, each: ErasedCase, drawn: Drawn, x: Slots): Promise<string | null> {
  const out = call(op, x, each);
  const { shape, dtype } = out;
  const want = op.reference(mapDrawn(drawn, toHost) as Readonly<Record<string, Host | readonly Host[] | null>>, each.attrs, {
    shape,
    dtype,
  });
  await engine.evaluate([out]);
  const got = out.host;
  if (got === null) return "the engine returned no value";
  if (want.length !== got.length) return `the result has ${got.length} values, and the reference ${want.length}`;
  const stored = numbersOf(dtype, hostFrom(dtype, want));
  return disagreement(numbersOf(dtype, got), dtype === "float16" ? stored : want, toleranceOf(op.op, dtype));
}

/** The leaves a gradient flows to, the result, its cotangent and the gradients, recorded. */
function differentiate(
  op: SpecifiedOp,
  each: ErasedCase,
  drawn: Drawn,
  seed: number,
): { leaves: Tensor[]; out: Tensor; ct: Tensor; grads: (Tensor | null)[] } {
  const x = mapDrawn(drawn, toTensor);
  const leaves = flatten<Tensor>(x).filter(({ dtype }) => isFloat(dtype));
  return record(() => {
    const out = call(op, x, each);
    const random = uniform(seed);
    const values = Array.from({ length: out.size }, () => 2 * random() - 1);
    const dtype = isFloat(out.dtype) ? out.dtype : "float32";
    const ct = fromHost(out.shape, dtype, hostFrom(dtype, values));
    const grads = isFloat(out.dtype) ? propagate([[out, ct]], leaves) : leaves.map(() => null);
    return { leaves, out, ct, grads };
  });
}

async function backward(engine: Engine, op: SpecifiedOp, each: ErasedCase, drawn: Drawn, seed: number): Promise<string | null> {
  const { grads } = differentiate(op, each, drawn, seed);
  const present = grads.flatMap((grad) => (grad === null ? [] : [grad.value()]));
  if (present.length === 0) return null;
  const want = new ExactFunction(present).run();
  await engine.evaluate(present);
  for (const [i, grad] of present.entries()) {
    const reason = disagreement(numbersOf(grad.dtype, grad.host ?? hostLike(grad)), want[i] ?? [], gradientToleranceOf(grad.dtype));
    if (reason !== null) return `gradient ${i}: ${reason}`;
  }
  return null;
}

/** Reverse mode against central differences, both in float64: what proves the row's vjp, whatever the backend. */
function numeric(
  op: SpecifiedOp,
  each: ErasedCase,
  drawn: Drawn,
  { entries, seed }: { readonly entries: number; readonly seed: number },
): { reason: string | null; compared: number } {
  const { leaves, out, ct, grads } = differentiate(op, each, drawn, seed);
  if (!isFloat(out.dtype) || leaves.length === 0) return { reason: null, compared: 0 };
  const present = grads.flatMap((grad) => (grad === null ? [] : [grad]));
  const pulled = new ExactFunction(present).run();
  const f = new ExactFunction([out]);
  let compared = 0;
  for (const [i, leaf] of leaves.entries()) {
    const grad = grads[i] ?? null;
    const values = grad === null ? new Float64Array(leaf.size) : (pulled[present.indexOf(grad)] ?? new Float64Array(0));
    const slopes = numericGradient(f, leaf, numbersOf(ct.dtype, ct.host ?? hostLike(ct)), { entries, seed }).filter(({ smooth }) => smooth);
    compared += slopes.length;
    const got = slopes.map(({ entry }) => values[entry] ?? Number.NaN);
    const reason = disagreement(
      got,
      slopes.map(({ slope }) => slope),
      { relative: 1e-5, absolute: 1e-6 },
    );
    if (reason !== null) return { reason: `input ${i} (of entries ${slopes.map(({ entry }) => entry).join(", ")}): ${reason}`, compared };
  }
  return { reason: null, compared };
}

/** Null if the call is refused as promised. */
function refusal(op: SpecifiedOp, each: ErasedCase & { readonly code: string }, drawn: Drawn): string | null {
  try {
    call(op, mapDrawn(drawn, toTensor), each);
  } catch (error) {
    if (!(error instanceof GradusError)) return `threw ${String(error)} instead of an error with code ${each.code}`;
    if (error.code !== each.code) return `refused with code ${error.code} instead of ${each.code}`;
    const rendered =
      error.message.startsWith(`${op.op.name}: `) && error.message.endsWith(`code: ${each.code}`) && error.sentence.length > 0;
    return rendered ? null : `the message is not rendered: ${error.message}`;
  }
  return `was accepted, and should be refused with code ${each.code}`;
}
