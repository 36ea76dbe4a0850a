import { Tensor } from "../../tensor.ts";
import type { Spec } from "../../op/spec.ts";
import type { barrierOp, checkpointOp } from "./checkpoint.ts";

const output = new Tensor({ shape: [4, 9], dtype: "float32" }, { kind: "host", computed: false }, new Float32Array(36));

export const checkpointSpec: Spec<typeof checkpointOp> = {
  reference: ({ value }) => value.data,
  cases: [
    { x: { value: [4, 9], inputs: [[4, 9], [2]], captured: [[3]] }, attrs: { region: { output, inputs: [], captured: [] } } },
    { x: { value: [0, 9], inputs: [[0, 9]], captured: [] }, attrs: { region: { output, inputs: [], captured: [] } } },
  ],
  rejects: [],
  noGradient: "the gradient is that of the region it was recorded with",
};

export const barrierSpec: Spec<typeof barrierOp> = {
  reference: ({ x }) => x.data,
  cases: [
    { x: { x: [4, 9], after: [3] }, attrs: {} },
    { x: { x: { shape: [5], dtype: "int32", range: [-9, 9] }, after: [2, 2] }, attrs: {} },
    { x: { x: [0, 2], after: [] }, attrs: {} },
  ],
  rejects: [],
};
