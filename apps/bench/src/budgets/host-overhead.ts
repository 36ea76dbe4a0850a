import { compile, Engine, readProgram, takePending } from "@gradus/compile";
import { bind, crossEntropy, type Layer, Linear, Module } from "@gradus/nn";
import { sgd } from "@gradus/optim";
import { fromHost, type Tensor, tanh, useRuntime, valueAndGrad } from "@gradus/tensor";
import { lenet5 } from "@gradus/zoo";
import { type Statistics, statistics } from "../statistics.ts";
import { IdleBackend } from "./idle-backend.ts";

export interface HostOverhead {
  /** Tensors in the graph of one step. */
  readonly nodes: number;
  /** Of a step that records its graph and looks its plan up each time, in milliseconds. */
  readonly uncompiled: Statistics;
  /** Of the same step, compiled. */
  readonly compiled: Statistics;
}

/**
 * What a training step costs the host: a chain of linear layers and tanh with SGD and momentum, of at least `nodes`
 * nodes, on a backend that does nothing.
 */
export async function measureHostOverhead(nodes = 2000, steps = 400): Promise<HostOverhead> {
  const before = useRuntime(new Engine(new IdleBackend()));
  try {
    let layers = 1;
    while (countNodes(trainingStep(layers)) < nodes) layers++;
    const { step, image, label } = trainingStep(layers);
    const compiled = compile(step);
    return {
      nodes: countNodes({ step, image, label }),
      uncompiled: await timed(steps, async () => step(image, label).item()),
      compiled: await timed(steps, async () => compiled(image, label).item()),
    };
  } finally {
    useRuntime(before);
  }
}

/** What a compiled training step of LeNet-5 costs the host, in milliseconds, on a backend that does nothing. */
export async function measureLenetOverhead(steps = 2000): Promise<Statistics> {
  const before = useRuntime(new Engine(new IdleBackend()));
  try {
    const compiled = compile(stepOf(lenet5()));
    const image = fromHost([64, 1, 28, 28], "float32", new Float32Array(64 * 28 * 28));
    const label = fromHost([64], "int32", new Int32Array(64));
    return await timed(steps, async () => compiled(image, label).item());
  } finally {
    useRuntime(before);
  }
}

interface TrainingStep {
  readonly step: (image: Tensor, label: Tensor) => Tensor;
  readonly image: Tensor;
  readonly label: Tensor;
}

function trainingStep(layers: number): TrainingStep {
  return {
    step: stepOf(bind(new Chain(layers))),
    image: fromHost([4, 8], "float32", new Float32Array(32)),
    label: fromHost([4], "int32", Int32Array.of(0, 1, 2, 3)),
  };
}

function stepOf(model: Layer): TrainingStep["step"] {
  const optimizer = sgd({ learningRate: 0.01, momentum: 0.9 });
  return (image, label) => {
    const { loss, grads } = valueAndGrad(model, () => crossEntropy(model.forward(image), label));
    optimizer.apply(model, grads, { loss });
    return loss;
  };
}

/** Layers of eight units. */
class Chain extends Module {
  readonly layers: readonly Linear[];

  constructor(layers: number) {
    super();
    this.layers = Array.from({ length: layers }, () => new Linear(8, 8));
  }

  override forward(x: Tensor): Tensor {
    return this.layers.reduce((value, layer) => tanh(layer.forward(value)), x);
  }
}

function countNodes({ step, image, label }: TrainingStep): number {
  const loss = step(image, label);
  const updates = takePending();
  const { order } = readProgram([loss], updates);
  for (const { state } of updates) state.discard();
  return order.length;
}

async function timed(steps: number, step: () => Promise<unknown>): Promise<Statistics> {
  for (let i = 0; i < steps / 4; i++) await step();
  const times: number[] = [];
  for (let i = 0; i < steps; i++) {
    const start = performance.now();
    await step();
    times.push(performance.now() - start);
  }
  return statistics(times);
}
