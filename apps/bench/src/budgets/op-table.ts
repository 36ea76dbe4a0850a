import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "../../../../tools/gen/src/generate.ts";
import { statistics } from "../statistics.ts";

const root = join(import.meta.dirname, "../../../..");

/** Seconds `tsc` needs for the tensor package's sources with its op table and specs filled up to `rows` rows; the median of `runs`. */
export function measureOpTable(rows = 150, runs = 3): { readonly rows: number; readonly seconds: number } {
  const folder = mkdtempSync(join(tmpdir(), "gradus-op-table-"));
  try {
    cpSync(join(root, "packages/tensor/src"), join(folder, "src"), {
      recursive: true,
      filter: (path) => !path.endsWith(".test.ts"),
    });
    const ops = join(folder, "src/ops");
    mkdirSync(join(ops, "synthetic"));
    for (let i = rowsIn(ops); i < rows; i++) addRow(ops, i);
    generate(ops, { write: true });
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const compilerOptions = { noEmit: true, composite: false, declaration: false, declarationMap: false, types: [] };
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ extends: join(root, "tsconfig.base.json"), compilerOptions, include: ["src/index.ts", "src/ops/specs.ts"] }),
    );
    const seconds = Array.from({ length: runs }, () => timeTsc(folder));
    return { rows: rowsIn(ops), seconds: statistics(seconds).median };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rowsIn(ops: string): number {
  return readFileSync(join(ops, "index.ts"), "utf8").match(/^ {2}\w+: \w+Op,$/gm)?.length ?? 0;
}

function timeTsc(folder: string): number {
  const start = performance.now();
  const { status, stdout } = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the filled op table does not compile: ${stdout.split("\n")[0] ?? ""}`);
  return (performance.now() - start) / 1e3;
}

/** A row and its spec, of each kind in turn: a pointwise op of one input, of two, and a library op with attributes. */
function addRow(ops: string, index: number): void {
  const name = `synthetic${index}`;
  const row = [unaryRow, binaryRow, libraryRow][index % 3] ?? unaryRow;
  const { source, spec } = row(name);
  writeFileSync(join(ops, `synthetic/${name}.ts`), source);
  writeFileSync(join(ops, `synthetic/${name}.spec.ts`), spec);
}

function unaryRow(name: string): { source: string; spec: string } {
  return {
    source: `import { mul } from "../pointwise/arithmetic.ts";
import { applyUnary, unary } from "../pointwise/define-pointwise.ts";
import type { Tensor } from "../../tensor.ts";

export const ${name}Op = unary("${name}", { takes: "float", body: (s, x) => s.call("mul", x, s.call("exp", x)), vjp: ({ ct, x, out }) => mul(ct, mul(x, out)) });

export function ${name}(x: Tensor): Tensor {
  return applyUnary(${name}Op, x, "float");
}
`,
    spec: `import type { Spec } from "../../op/spec.ts";
import { unarySpec } from "../pointwise/unary-spec.ts";
import type { ${name}Op } from "./${name}.ts";

export const ${name}Spec: Spec<typeof ${name}Op> = unarySpec((v) => v * Math.exp(v));
`,
  };
}

function binaryRow(name: string): { source: string; spec: string } {
  return {
    source: `import { mul, neg } from "../pointwise/arithmetic.ts";
import { applyBinary, binary, type Operand } from "../pointwise/define-pointwise.ts";
import type { Tensor } from "../../tensor.ts";

export const ${name}Op = binary("${name}", { takes: "float", body: (s, a, b) => s.call("sub", a, b), vjp: ({ ct, a, b }) => ({ a: mul(ct, b), b: neg(mul(ct, a)) }) });

export function ${name}(a: Operand, b: Operand): Tensor {
  return applyBinary(${name}Op, a, b, "float");
}
`,
    spec: `import type { Spec } from "../../op/spec.ts";
import type { ${name}Op } from "./${name}.ts";

export const ${name}Spec: Spec<typeof ${name}Op> = {
  reference: ({ a, b }) => a.data.map((v, i) => v - (b.data[i] ?? 0)),
  cases: [{ x: { a: [4, 9], b: { shape: [4, 9], range: [0.5, 2] } }, attrs: {} }],
  rejects: [{ x: { a: [2], b: [3] }, attrs: {}, code: "shape/differ" }],
};
`,
  };
}

function libraryRow(name: string): { source: string; spec: string } {
  return {
    source: `import { apply } from "../../op/apply.ts";
import { bool, integers } from "../../op/attr.ts";
import { defineLibrary } from "../../op/define.ts";
import { mul } from "../pointwise/arithmetic.ts";
import type { Tensor } from "../../tensor.ts";

export const ${name}Op = defineLibrary<Tensor>()({
  name: "${name}",
  inputs: { x: "one", weight: "one", bias: "optional" },
  attrs: { stride: integers, transpose: bool },
  infer({ x, weight }, { stride, transpose }, fail) {
    if (x.shape.length !== stride.length) fail({ code: "shape/rank", sentence: "ranks differ", facts: { transpose, weight: weight.shape } });
    return { shape: x.shape, dtype: x.dtype };
  },
  vjp: ({ x: { x, weight, bias }, ct, attrs: { stride, transpose } }) => ({
    x: ${name}(ct, weight, { stride, transpose: !transpose }),
    weight: mul(ct, x),
    bias: bias === null ? null : ct,
  }),
});

export function ${name}(x: Tensor, weight: Tensor, attrs: { readonly stride: readonly number[]; readonly transpose: boolean }): Tensor {
  return apply(${name}Op, { x, weight, bias: null }, attrs);
}
`,
    spec: `import type { Spec } from "../../op/spec.ts";
import type { ${name}Op } from "./${name}.ts";

export const ${name}Spec: Spec<typeof ${name}Op> = {
  reference: ({ x, bias }, { stride }) => x.data.map((v, i) => v * (stride[0] ?? 1) + (bias?.data[i] ?? 0)),
  cases: [{ x: { x: [4, 9], weight: [2], bias: null }, attrs: { stride: [1, 1], transpose: false } }],
  rejects: [{ x: { x: [2], weight: [3], bias: null }, attrs: { stride: [], transpose: true }, code: "shape/rank" }],
};
`,
  };
}
