export * from "./check-gradients.ts";
export * from "./check-ops.ts";
export { drawCase, type Drawn, type ErasedCase, type SpecifiedOp, specifiedOp, specifiedOps } from "./case.ts";
export { ExactFunction } from "./exact-function.ts";
export * from "./leaks.ts";
export * from "./sabotage.ts";
export { disagreement, type Tolerance, toleranceOf } from "./tolerance.ts";
