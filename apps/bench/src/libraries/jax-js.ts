// jax-js on its WebAssembly backend, which uses one thread. Every function is jitted; its arrays are counted by hand, hence `ref`.
import { readFileSync } from "node:fs";
import { loadModule } from "../../peers/load.ts";
import { arrayNamed, type NamedArray } from "../arrays.ts";
import type { ConvolutionCase, ModelCase } from "../case.ts";
import { parameterNames } from "../cases.ts";
import { Cannot, type Prepared, serve } from "./library.ts";

/** The part of the library's interface that is used. */
interface Jax {
  init(device: "wasm"): Promise<readonly string[]>;
  defaultDevice(device: "wasm"): string;
  jit<A extends readonly unknown[], R>(f: (...args: A) => R): (...args: A) => R;
  valueAndGrad<A extends readonly unknown[]>(f: (...args: A) => JaxArray): (...args: A) => [value: JaxArray, gradient: A[0]];
  blockUntilReady(value: unknown): Promise<unknown>;
  readonly numpy: {
    array(data: Float32Array | Int32Array, options: { shape: readonly number[]; dtype: "float32" | "int32" }): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    max(x: JaxArray, axis: readonly number[]): JaxArray;
    mean(x: JaxArray, axis?: readonly number[]): JaxArray;
    sum(x: JaxArray, axis: number): JaxArray;
    tanh(x: JaxArray): JaxArray;
    transpose(x: JaxArray): JaxArray;
  };
  readonly nn: {
    relu(x: JaxArray): JaxArray;
    logSoftmax(x: JaxArray, axis: number): JaxArray;
    oneHot(x: JaxArray, classes: number): JaxArray;
  };
  readonly lax: {
    convGeneralDilated(
      x: JaxArray,
      weight: JaxArray,
      strides: readonly number[],
      padding: readonly (readonly [number, number])[],
    ): JaxArray;
  };
}

interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: readonly number[];
  reshape(shape: readonly number[]): JaxArray;
  add(other: JaxArray): JaxArray;
  sub(other: JaxArray): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  data(): Promise<Float32Array>;
  dispose(): void;
}

type Parameters = Record<string, JaxArray>;

await serve(async () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
  const jax = (await loadModule("@jax-js/jax")) as Jax;
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  const { numpy, nn, lax } = jax;
  const given = (inputs: readonly NamedArray[], name: string): JaxArray => {
    const { shape, data } = arrayNamed(inputs, name);
    return numpy.array(data, { shape, dtype: data instanceof Float32Array ? "float32" : "int32" });
  };

  const timed = (held: readonly JaxArray[], f: (...args: JaxArray[]) => JaxArray): Prepared => {
    const jitted = jax.jit(f);
    let out: JaxArray | null = null;
    return {
      async run() {
        out?.dispose();
        out = jitted(...held.map((array) => array.ref));
        await jax.blockUntilReady(out);
      },
      outputs: async () => (out === null ? [] : [{ name: "out", shape: out.shape, data: Float32Array.from(await out.ref.data()) }]),
      release() {
        for (const array of [...held, out]) array?.dispose();
      },
    };
  };

  const convolve = (x: JaxArray, weight: JaxArray, padding: number): JaxArray =>
    lax.convGeneralDilated(
      x,
      weight,
      [1, 1],
      [
        [padding, padding],
        [padding, padding],
      ],
    );

  const forward = ({ layers, batch }: ModelCase, parameters: Parameters, image: JaxArray): JaxArray => {
    const own = (name: string): JaxArray => {
      const array = parameters[name];
      if (array === undefined) throw new Error(`no parameter ${name}`);
      return array;
    };
    return layers.reduce((x, layer) => {
      switch (layer.kind) {
        case "conv":
          return convolve(x, own(`${layer.name}.weight`), layer.padding).add(own(`${layer.name}.bias`).reshape([-1, 1, 1]));
        case "pool": {
          const [n = 0, c = 0, h = 0, w = 0] = x.shape;
          const windows = x.reshape([n, c, h / 2, 2, w / 2, 2]);
          return layer.mode === "max" ? numpy.max(windows, [3, 5]) : numpy.mean(windows, [3, 5]);
        }
        case "activation":
          return layer.function === "relu" ? nn.relu(x) : numpy.tanh(x);
        case "flatten":
          return x.reshape([batch, -1]);
        case "linear":
          return numpy.matmul(x, numpy.transpose(own(`${layer.name}.weight`))).add(own(`${layer.name}.bias`));
      }
      layer satisfies never;
      throw new Error("unknown layer");
    }, image);
  };

  const training = (one: ModelCase, inputs: readonly NamedArray[]): Prepared => {
    const names = parameterNames(one);
    const loss = (parameters: Parameters, image: JaxArray, label: JaxArray): JaxArray =>
      numpy.mean(numpy.sum(nn.logSoftmax(forward(one, parameters, image), -1).mul(nn.oneHot(label, 10)), -1)).mul(-1);
    const step = jax.jit(
      (parameters: Parameters, momenta: Parameters, image: JaxArray, label: JaxArray): [JaxArray, Parameters, Parameters] => {
        const copies = Object.fromEntries(Object.entries(parameters).map(([name, array]) => [name, array.ref]));
        const [value, gradients] = jax.valueAndGrad(loss)(copies, image, label);
        const nextMomenta: Parameters = {};
        const next: Parameters = {};
        for (const [name, array] of Object.entries(parameters)) {
          const [momentum, gradient] = [momenta[name], gradients[name]];
          if (momentum === undefined || gradient === undefined) throw new Error(`no gradient of ${name}`);
          const direction = momentum.mul(one.momentum).add(gradient);
          next[name] = array.sub(direction.ref.mul(one.learningRate));
          nextMomenta[name] = direction;
        }
        return [value, next, nextMomenta];
      },
    );
    const [image, label] = [given(inputs, "image"), given(inputs, "label")];
    let parameters: Parameters = Object.fromEntries(names.map((name) => [name, given(inputs, name)]));
    let momenta: Parameters = Object.fromEntries(
      names.map((name) => {
        const { shape, data } = arrayNamed(inputs, name);
        return [name, numpy.array(new Float32Array(data.length), { shape, dtype: "float32" })];
      }),
    );
    let last = Number.NaN;
    const run = async (): Promise<void> => {
      const [value, next, nextMomenta] = step(parameters, momenta, image.ref, label.ref);
      [parameters, momenta] = [next, nextMomenta];
      [last = Number.NaN] = await value.data();
      await jax.blockUntilReady([parameters, momenta]);
    };
    return {
      run,
      async outputs() {
        const before = last;
        await run();
        const after = names.map(async (name) => {
          const array = parameters[name];
          return { name, shape: array?.shape ?? [], data: Float32Array.from((await array?.ref.data()) ?? []) };
        });
        return [{ name: "losses", shape: [2], data: Float32Array.of(before, last) }, ...(await Promise.all(after))];
      },
      release() {
        for (const array of [image, label, ...Object.values(parameters), ...Object.values(momenta)]) array.dispose();
      },
    };
  };

  const model = (one: ModelCase, inputs: readonly NamedArray[]): Prepared => {
    if (one.pass === "training") return training(one, inputs);
    const names = parameterNames(one);
    const held = [given(inputs, "image"), ...names.map((name) => given(inputs, name))];
    return timed(held, (image, ...arrays) => {
      if (image === undefined) throw new Error("no image");
      return forward(one, Object.fromEntries(names.flatMap((name, i) => (arrays[i] === undefined ? [] : [[name, arrays[i]]]))), image);
    });
  };

  const convolution = (one: ConvolutionCase, inputs: readonly NamedArray[]): Prepared => {
    if (one.pass !== "forward") throw new Cannot("measured forward only");
    return timed([given(inputs, "x"), given(inputs, "weight")], (x, weight) => {
      if (x === undefined || weight === undefined) throw new Error("two inputs are needed");
      return convolve(x, weight, one.padding);
    });
  };

  return {
    version: pinnedVersion(),
    prepare(benchCase, inputs) {
      if (benchCase.kind === "conv2d") return convolution(benchCase, inputs);
      if (benchCase.kind === "model") return model(benchCase, inputs);
      return timed([given(inputs, "a"), given(inputs, "b")], (a, b) => {
        if (a === undefined || b === undefined) throw new Error("two inputs are needed");
        return numpy.matmul(a, b);
      });
    },
  };
});

/** The library exports no version of its own; the folder of the peers pins it. */
function pinnedVersion(): string {
  return (
    /"@jax-js\/jax": "([^"]+)"/.exec(readFileSync(new URL("../../peers/package.json", import.meta.url), "utf8"))?.[1] ??
    "of unknown version"
  );
}
