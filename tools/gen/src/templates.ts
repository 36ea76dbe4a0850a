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
  return `import { apply } from "../../op/apply.ts";
import { defineLoop } from "../../op/define.ts";
import { type Tensor } from "../../tensor.ts";

export const ${name}Op = defineLoop<Tensor>()({
  name: "${name}",
  inputs: { x: "one" },
  attrs: {},
  infer: ({ x }) => x,
  vjp: ({ ct }) => ({ x: ct }),
  lower: (_, __, out) => ({ parallel: out.shape, reduce: [], body: "x" }),
});

/** ${name} of every element. */
export function ${name}(x: Tensor): Tensor {
  return apply(${name}Op, { x }, {});
}
`;
}

function libraryRow(name: string): string {
  return `import { apply } from "../../op/apply.ts";
import { defineLibrary } from "../../op/define.ts";
import { type Tensor } from "../../tensor.ts";

export const ${name}Op = defineLibrary<Tensor>()({
  name: "${name}",
  inputs: { x: "one" },
  attrs: {},
  infer: ({ x }) => x,
  vjp: ({ ct }) => ({ x: ct }),
});

/** ${name} of \`x\`. */
export function ${name}(x: Tensor): Tensor {
  return apply(${name}Op, { x }, {});
}
`;
}

function spec(name: string): string {
  return `import { type Spec } from "../../op/spec.ts";
import { type ${name}Op } from "./${name}.ts";

export const ${name}Spec: Spec<typeof ${name}Op> = {
  reference: ({ x }) => x.data,
  cases: [{ x: { x: [2, 3] }, attrs: {} }],
  rejects: [],
};
`;
}
