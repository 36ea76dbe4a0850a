// TensorFlow.js on its WebAssembly backend, which uses one thread in Node. Its convolutions are NHWC: inputs are transposed before they are timed.
import { loadCommonJs } from "../../peers/load.ts";
import { arrayNamed, type NamedArray } from "../arrays.ts";
import type { ConvolutionCase, ModelCase } from "../case.ts";
import { Cannot, type Prepared, serve } from "./library.ts";

/** The part of the library's interface that is used. */
interface TensorFlow {
  setBackend(name: "wasm"): Promise<boolean>;
  tensor(data: Float32Array | Int32Array, shape: readonly number[], dtype: "float32" | "int32"): Tensor;
  variable(initial: Tensor): Tensor;
  tidy<T>(f: () => T): T;
  keep(tensor: Tensor): Tensor;
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  conv2d(x: Tensor, filter: Tensor, strides: number, pad: number): Tensor;
  maxPool(x: Tensor, size: number, strides: number, pad: "valid"): Tensor;
  avgPool(x: Tensor, size: number, strides: number, pad: "valid"): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  relu(x: Tensor): Tensor;
  tanh(x: Tensor): Tensor;
  transpose(x: Tensor, order: readonly number[]): Tensor;
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  oneHot(x: Tensor, depth: number): Tensor;
  neg(x: Tensor): Tensor;
  mean(x: Tensor): Tensor;
  sum(x: Tensor, axis: number): Tensor;
  mul(a: Tensor, b: Tensor): Tensor;
  logSoftmax(x: Tensor): Tensor;
  variableGrads(f: () => Tensor): { readonly value: Tensor };
  readonly version_core: string;
}

interface Tensor {
  readonly shape: readonly number[];
  data(): Promise<Float32Array>;
  dispose(): void;
}

await serve(async () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
  const tf = loadCommonJs("@tensorflow/tfjs") as TensorFlow;
  loadCommonJs("@tensorflow/tfjs-backend-wasm");
  if (!(await tf.setBackend("wasm"))) throw new Error("its WebAssembly backend does not start");
  const given = (inputs: readonly NamedArray[], name: string): Tensor => {
    const { shape, data } = arrayNamed(inputs, name);
    return tf.tensor(data, shape, data instanceof Float32Array ? "float32" : "int32");
  };

  /** Times `f`; `present` brings its result into the order the other libraries use. */
  const timed = (held: readonly Tensor[], f: () => Tensor, present: (out: Tensor) => Tensor = (out) => out): Prepared => {
    let out: Tensor | null = null;
    return {
      run() {
        out?.dispose();
        out = tf.tidy(f);
      },
      async outputs() {
        if (out === null) return [];
        const shown = present(out);
        return [{ name: "out", shape: shown.shape, data: Float32Array.from(await shown.data()) }];
      },
      release() {
        for (const tensor of [...held, out]) tensor?.dispose();
      },
    };
  };

  const convolution = (one: ConvolutionCase, inputs: readonly NamedArray[]): Prepared => {
    if (one.pass !== "forward") throw new Cannot("measured forward only");
    const x = tf.transpose(given(inputs, "x"), [0, 2, 3, 1]);
    const filter = tf.transpose(given(inputs, "weight"), [2, 3, 1, 0]);
    return timed(
      [x, filter],
      () => tf.conv2d(x, filter, 1, one.padding),
      (out) => tf.transpose(out, [0, 3, 1, 2]),
    );
  };

  const model = (one: ModelCase, inputs: readonly NamedArray[]): Prepared => {
    const image = tf.transpose(given(inputs, "image"), [0, 2, 3, 1]);
    const held: Tensor[] = [image];
    const parameter = (name: string, arrange: (value: Tensor) => Tensor = (value) => value): Tensor => {
      const made = arrange(given(inputs, name));
      const kept = one.pass === "training" ? tf.variable(made) : made;
      held.push(kept);
      return kept;
    };
    const steps = one.layers.map((layer): ((x: Tensor) => Tensor) => {
      switch (layer.kind) {
        case "conv": {
          const filter = parameter(`${layer.name}.weight`, (value) => tf.transpose(value, [2, 3, 1, 0]));
          const bias = parameter(`${layer.name}.bias`);
          return (x) => tf.add(tf.conv2d(x, filter, 1, layer.padding), bias);
        }
        case "pool":
          return (x) => (layer.mode === "max" ? tf.maxPool(x, 2, 2, "valid") : tf.avgPool(x, 2, 2, "valid"));
        case "activation":
          return (x) => (layer.function === "relu" ? tf.relu(x) : tf.tanh(x));
        case "flatten":
          return (x) => tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [one.batch, -1]);
        case "linear": {
          const weight = parameter(`${layer.name}.weight`);
          const bias = parameter(`${layer.name}.bias`);
          return (x) => tf.add(tf.matMul(x, weight, false, true), bias);
        }
      }
      layer satisfies never;
      throw new Error("unknown layer");
    });
    const logits = (): Tensor => steps.reduce((x, step) => step(x), image);
    if (one.pass === "forward") return timed(held, logits);
    const target = tf.oneHot(given(inputs, "label"), 10);
    try {
      tf.tidy(() => tf.variableGrads(() => tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits()), target), -1)))));
    } catch (error) {
      throw new Cannot(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
    }
    throw new Cannot("this harness times no training in tfjs, whose WebAssembly backend had no convolution gradients when it was written");
  };

  return {
    version: tf.version_core,
    prepare(benchCase, inputs) {
      if (benchCase.kind === "conv2d") return convolution(benchCase, inputs);
      if (benchCase.kind === "model") return model(benchCase, inputs);
      const [a, b] = [given(inputs, "a"), given(inputs, "b")];
      return timed([a, b], () => tf.matMul(a, b));
    },
  };
});
