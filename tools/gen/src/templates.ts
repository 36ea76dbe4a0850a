export type OpKind = "pointwise" | "library";

export interface Draft {
  /** Relative to the ops folder. */
  readonly path: string;
  readonly text: string;
}

/** The first draft of an op: its row with a public function, and its spec. */
export function drafts(name: string, kind: OpKind): readonly [row: Draft, spec: Draft] {
  return [
    { path: `${kind}/${name}.ts`, text: kind === "library" ? libraryRow(name) : pointwiseRow(name) },
    { path: `${kind}/${name}.spec.ts`, text: spec(name) },
  ];
}

function pointwiseRow(name: string): string {
  return `import type { Tensor } from "../../tensor.ts";
import { applyUnary, unary } from "./define-pointwise.ts";

export const ${name}Op = unary("${name}", {
  takes: "float",
  body: (s, x) => x,
  vjp: ({ ct }) => ct,
});

/** ${name} of every element. */
export function ${name}(x: Tensor): Tensor {
  return applyUnary(${name}Op, x, "float");
}
`;
}

function libraryRow(name: string): string {
  return `import { apply } from "../../op/apply.ts";
import { defineLibrary } from "../../op/define.ts";
import type { Tensor } from "../../tensor.ts";

export const ${name}Op = defineLibrary<Tensor>()({
  name: "${name}",
  inputs: { x: "one" },
  attrs: {},

  infer({ x }, _, fail) {
    if (x.dtype !== "float32") fail({ code: "dtype/unsupported", sentence: \`takes float32, not \${x.dtype}\`, hint: "cast first" });
    return x;
  },

  axes: ({ shape }) => shape,

  vjp: ({ ct }) => ({ x: ct }),
});

/** ${name} of \`x\`. */
export function ${name}(x: Tensor): Tensor {
  return apply(${name}Op, { x }, {});
}
`;
}

function spec(name: string): string {
  return `import type { Spec } from "../../op/spec.ts";
import type { ${name}Op } from "./${name}.ts";

export const ${name}Spec: Spec<typeof ${name}Op> = {
  reference: ({ x }) => x.data,
  cases: [[5], [2, 3], [], [0, 3]].map((x) => ({ x: { x }, attrs: {} })),
  rejects: [{ x: { x: { shape: [2], dtype: "bool" } }, attrs: {}, code: "dtype/unsupported" }],
};
`;
}
