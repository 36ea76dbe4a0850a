import { compile } from "@gradus/compile";
import { crossEntropy } from "@gradus/nn";
import { sgd } from "@gradus/optim";
import { type HostData, type HostTensor, State, type Tensor, valueAndGrad, vjp } from "@gradus/tensor";
import { gradusOps } from "./gradus-ops.ts";
import { gradientName, type GradientMode, type Mode, type NamedArray, type PerfCase, type Prepared } from "./perf-case.ts";
import { interpret, valueOf } from "./vocabulary.ts";

/**
 * Builds a case for the current runtime: data and parameters go into state cells, a batch is handed over at every call, and
 * where none is, outputs stay in state cells too, so that nothing crosses to the host while it is timed.
 */
export function prepareCase(one: PerfCase, inputs: readonly NamedArray[]): Prepared {
  const cells = new Map<string, State>();
  const batch: Record<string, HostTensor> = {};
  for (const { name, dtype, shape, role } of one.inputs) {
    const data = arrayNamed(inputs, name).data;
    if (role === "batch") batch[name] = { dtype, shape, data };
    else cells.set(name, new State({ shape, dtype }, name, () => data));
  }
  const evaluate = (given: Readonly<Record<string, Tensor>>): ReadonlyMap<string, Tensor> =>
    interpret(one.steps, gradusOps, new Map<string, Tensor>([...cells, ...Object.entries(given)]));
  const { mode } = one;
  if (mode.kind === "training") return training(one, mode, cells, batch, evaluate);
  if (mode.kind === "gradient") return onDevice(cells, () => gradients(one, mode, cells));
  return Object.keys(batch).length > 0
    ? toHost(mode.outputs, cells, batch, evaluate)
    : onDevice(cells, () => chosen(evaluate({}), mode.outputs));
}

type Evaluate = (given: Readonly<Record<string, Tensor>>) => ReadonlyMap<string, Tensor>;
type Batch = Readonly<Record<string, HostTensor>>;

function onDevice(cells: ReadonlyMap<string, State>, evaluate: () => ReadonlyMap<string, Tensor>): Prepared {
  const outputs = [...evaluate()].map(([name, traced]) => new State(traced, name));
  const step = compile(() => {
    const values = evaluate();
    for (const output of outputs) output.assign(valueOf(values, output.label));
  });
  return {
    run: step,
    outputs: async () => Promise.all(outputs.map(async (output) => named(output.label, output))),
    release: () => free([...cells.values(), ...outputs]),
  };
}

function chosen(values: ReadonlyMap<string, Tensor>, names: readonly string[]): ReadonlyMap<string, Tensor> {
  return new Map(names.map((name) => [name, valueOf(values, name)]));
}

/** A value of the program, and what a cotangent of it pulls back to some of the inputs. */
function gradients(one: PerfCase, { of, to, cotangent }: GradientMode, inputs: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  const { value, pullback } = vjp(
    (...varied) => valueOf(interpret(one.steps, gradusOps, new Map([...inputs, ...to.map((name, i) => [name, varied[i]!] as const)])), of),
    to.map((name) => valueOf(inputs, name)),
  );
  const pulled = pullback(valueOf(inputs, cotangent));
  return new Map([[of, value], ...to.map((name, i) => [gradientName(name), pulled[i]!] as const)]);
}

function toHost(names: readonly string[], cells: ReadonlyMap<string, State>, batch: Batch, evaluate: Evaluate): Prepared {
  const step = compile((given: Readonly<Record<string, Tensor>>) => {
    const values = evaluate(given);
    return names.map((name) => valueOf(values, name));
  });
  let latest: readonly Tensor[] = [];
  return {
    async run() {
      latest = step(batch);
      for (const output of latest) await output.data();
    },
    outputs: async () => Promise.all(latest.map(async (output, i) => named(names[i] ?? "", output))),
    release: () => free(cells.values()),
  };
}

function training(
  one: PerfCase,
  { logits, label, learningRate, momentum }: Extract<Mode, { kind: "training" }>,
  cells: ReadonlyMap<string, State>,
  batch: Batch,
  evaluate: Evaluate,
): Prepared {
  const parameters = one.inputs.flatMap(({ name, role }) => (role === "parameter" ? [[name, valueOf(cells, name)] as const] : []));
  const model = { parameters: () => parameters };
  const optimizer = sgd({ learningRate, momentum });
  const step = compile((given: Readonly<Record<string, Tensor>>) => {
    const { loss, grads } = valueAndGrad(model, () => {
      const values = evaluate(given);
      return crossEntropy(valueOf(values, logits), valueOf(values, label));
    });
    optimizer.apply(model, grads, { loss });
    return loss;
  });
  let last = Number.NaN;
  const run = async (): Promise<void> => {
    last = await step(batch).item();
  };
  return {
    run,
    async outputs() {
      const before = last;
      await run();
      const losses = { name: "losses", shape: [2], data: Float32Array.of(before, last) };
      return [losses, ...(await Promise.all(parameters.map(async ([name, parameter]) => named(name, parameter))))];
    },
    release() {
      optimizer.free();
      free(cells.values());
    },
  };
}

/**
 * The array called `name`.
 *
 * @throws RangeError when there is none.
 */
export function arrayNamed(arrays: readonly NamedArray[], name: string): NamedArray {
  const found = arrays.find((array) => array.name === name);
  if (found === undefined) throw new RangeError(`there is no array "${name}" among ${arrays.map((array) => array.name).join(", ")}`);
  return found;
}

async function named(name: string, tensor: Tensor): Promise<NamedArray> {
  return { name, shape: tensor.shape, data: owned(await tensor.data()) };
}

/** A copy, because a device may write its next result over the one it gave. */
function owned(data: HostData): Float32Array | Int32Array {
  return data instanceof Float32Array ? Float32Array.from(data) : Int32Array.from(data);
}

function free(cells: Iterable<State>): void {
  for (const cell of cells) cell.free();
}
