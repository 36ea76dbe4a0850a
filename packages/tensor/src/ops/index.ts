import { conv2dInputGradOp, conv2dOp, conv2dWeightGradOp } from "./library/conv2d.ts";
import { matmulOp } from "./library/matmul.ts";

export const ops = { conv2d: conv2dOp, conv2dInputGrad: conv2dInputGradOp, conv2dWeightGrad: conv2dWeightGradOp, matmul: matmulOp } as const;
export type Ops = typeof ops;
export type LibraryOps = { readonly [K in keyof Ops as Ops[K] extends { readonly kind: "library" } ? K : never]: Ops[K] };
