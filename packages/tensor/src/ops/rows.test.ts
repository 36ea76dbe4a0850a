import { describe, expect, test } from "vitest";
import { GradusError } from "../errors.ts";
import { propagate } from "../grad.ts";
import { apply, mapSlots } from "../op/apply.ts";
import type { AnyAttrs, Inputs, LoopOp } from "../op/define.ts";
import type { Host, Spec } from "../op/spec.ts";
import { Tensor } from "../tensor.ts";
import { expectClose } from "../test/compare.ts";
import { drawCase, type Drawn, type ErasedCase, mulberry } from "../test/draw.ts";
import { evaluate, leaf, setLeaf } from "../test/evaluate.ts";
import { ops } from "./index.ts";
import { specs } from "./specs.ts";

type ErasedRow = LoopOp<string, Inputs, AnyAttrs, Tensor>;
interface ErasedSpec extends Omit<Spec<ErasedRow>, "cases" | "rejects"> {
  readonly cases: readonly ErasedCase[];
  readonly rejects: readonly (ErasedCase & { readonly code: string })[];
}

// The table's rows have many types; the tests below treat all of them alike.
const rows = Object.entries(ops).map(([name, op]) => ({
  name,
  op: op as unknown as ErasedRow,
  spec: (specs as unknown as Record<string, ErasedSpec>)[name] as ErasedSpec,
}));

describe.each(rows)("$name", ({ name, op, spec }) => {
  test("is filed under its own name and has cases", () => {
    expect(op.name).toBe(name);
    expect(spec.cases.length).toBeGreaterThan(0);
    expect(op.kind === "loop" && op.access === "reduce").toBe(op.kind === "loop" && op.reduce !== undefined);
  });

  test.each(spec.cases.map((one) => [title(one), one] as const))("means its reference: %s", (_, one) => {
    const out = call(op, drawCase(op, one), one);
    const [got] = evaluate(out);
    expectClose(got, meaning(spec, out));
  });

  test.each(spec.rejects.map((one) => [one.code, title(one), one] as const))("rejects with %s: %s", (code, _, one) => {
    let thrown: unknown = null;
    try {
      call(op, drawCase(op, one), one);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(GradusError);
    expect(thrown).toMatchObject({ code });
  });

  test.each((spec.noGradient === undefined ? spec.cases : []).filter(isSmall).map((one) => [title(one), one] as const))(
    "has the gradient of its reference: %s",
    (_, one) => {
      const x = drawCase(op, one);
      const out = call(op, x, one);
      const floats = tensorsOf(x).filter(({ dtype }) => dtype === "float32");
      const random = mulberry(7);
      const ct = leaf({ shape: out.shape, dtype: "float32" }, Array.from({ length: out.size }, random));
      if (out.dtype !== "float32") return;
      const pulled = propagate([[out, ct]], floats);
      const [weights] = evaluate(ct);
      floats.forEach((input, i) => {
        const gradient = pulled[i];
        const [got] = gradient === null || gradient === undefined ? [new Float64Array(input.size)] : evaluate(gradient);
        expectClose(got, numericGradient(spec, out, input, weights), 2e-5);
      });
    },
  );
});

function call(op: ErasedRow, x: Drawn, { attrs }: ErasedCase): Tensor {
  return apply(op, x as never, attrs as never);
}

function meaning(spec: ErasedSpec, out: Tensor): ArrayLike<number> {
  const hosts = mapSlots<Host>(out, (t) => ({ shape: t.shape, dtype: t.dtype, data: evaluate(t)[0] ?? new Float64Array() }));
  const attrs = out.source.kind === "op" ? out.source.attrs : {};
  return spec.reference(hosts, attrs, out);
}

function numericGradient(spec: ErasedSpec, out: Tensor, input: Tensor, weights: Float64Array = new Float64Array()): Float64Array {
  const [start = new Float64Array()] = evaluate(input);
  const step = 1e-5;
  const at = (i: number, delta: number): number => {
    setLeaf(input, start.with(i, (start[i] ?? 0) + delta));
    const y = meaning(spec, out);
    setLeaf(input, start);
    return weights.reduce((total, weight, j) => total + weight * (y[j] ?? 0), 0);
  };
  return start.map((_, i) => (at(i, step) - at(i, -step)) / (2 * step));
}

function tensorsOf(x: Drawn): Tensor[] {
  return Object.values(x).flatMap((value) => (value === null ? [] : value instanceof Tensor ? [value] : [...value]));
}

function isSmall(one: ErasedCase): boolean {
  return JSON.stringify(one.x).length < 400;
}

function title({ x, attrs }: ErasedCase): string {
  const text = JSON.stringify({ ...x, ...attrs }, (_, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
  );
  return text.length > 110 ? `${text.slice(0, 107)}...` : text;
}
