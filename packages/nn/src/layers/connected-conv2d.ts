import {
  ArgumentError,
  concat,
  conv2d,
  embedding,
  fromHost,
  type HostTensor,
  reshape,
  type Shape,
  sizeOf,
  Tensor,
  zeros,
} from "@gradus/tensor";
import type { Initialiser } from "../init/initialiser.ts";
import type { LayerFacts } from "../layer-facts.ts";
import { Module } from "../module.ts";
import { Param } from "../param.ts";
import { type ConvolutionOptions, windowOf } from "./conv2d.ts";
import { pairOf } from "./pair.ts";

/** For each output map, the input maps it reads. */
export type ConnectionTable = readonly (readonly number[])[];

/**
 * A convolution in which each output map reads only the input maps a table gives it.
 *
 * Weights exist for the connections of the table only, packed in its order. They are spread into a full kernel that is
 * zero elsewhere, so it runs at a full convolution's speed, and absent connections have neither weight nor gradient.
 *
 * Shapes: `x` [n, inputs, h, w], `weight` [connections, kh, kw], `bias` [outputs], result [n, outputs, oh, ow].
 * First values are uniform in ±1 / sqrt(fan-in of the output map).
 *
 * @throws ArgumentError if the table names an input map that is not there, or names one twice for an output.
 */
export class ConnectedConv2d extends Module {
  readonly weight: Param;
  readonly bias: Param | null;
  readonly #inputs: number;
  readonly #table: ConnectionTable;
  readonly #options: ConvolutionOptions;
  readonly #rows: HostTensor;

  constructor(inputs: number, table: ConnectionTable, options: ConvolutionOptions) {
    super();
    checkTable(inputs, table);
    const [height, width] = pairOf(options.kernel);
    const bounds = table.map((maps) => 1 / Math.sqrt(maps.length * height * width));
    this.weight = new Param(
      [table.flat().length, height, width],
      boundedBy(table.flatMap((maps, output) => maps.map(() => bounds[output] ?? 0))),
    );
    this.bias = options.bias === false ? null : new Param([table.length], boundedBy(bounds));
    this.#inputs = inputs;
    this.#table = table;
    this.#options = options;
    this.#rows = rowsOf(inputs, table);
  }

  override forward(x: Tensor): Tensor {
    const { stride = 1, padding = 0, dilation = 1 } = this.#options;
    return conv2d(x, this.kernel(), { bias: this.bias, stride, padding, dilation });
  }

  /** The full kernel [outputs, inputs, kh, kw], zero where there is no connection. */
  kernel(): Tensor {
    const [connections = 0, height = 1, width = 1] = this.weight.shape;
    const area = height * width;
    const rows = concat([reshape(this.weight, [connections, area]), zeros([1, area])], { axis: 0 });
    const full = embedding(fromHost(this.#rows.shape, this.#rows.dtype, this.#rows.data), rows);
    return reshape(full, [this.#table.length, this.#inputs, height, width]);
  }

  override diagnose(x: unknown): string | null {
    if (!(x instanceof Tensor)) return null;
    if (x.rank !== 4) return `expects images [n, ${this.#inputs}, h, w] but receives [${x.shape.join(", ")}]`;
    return x.shape[1] === this.#inputs ? null : `expects ${this.#inputs} input maps but receives ${x.shape[1]}`;
  }

  /** Counts the table's connections, though the full kernel is what is multiplied. */
  override facts(_: Shape, output: Shape): LayerFacts {
    const [n = 1, outputs = 1, ...size] = output;
    const multiplyAccumulates = n * sizeOf(size) * sizeOf(this.weight.shape);
    const biases = this.bias === null ? 0 : n * sizeOf(size) * outputs;
    return { multiplyAccumulates, connections: multiplyAccumulates + biases, window: windowOf(this.#options) };
  }
}

/** Each row of the first axis uniform within its own bound. */
function boundedBy(bounds: readonly number[]): Initialiser {
  return (shape, random) => {
    const row = sizeOf(shape.slice(1));
    return random.uniform(sizeOf(shape), -1, 1).map((value, i) => value * (bounds[Math.floor(i / row)] ?? 0));
  };
}

/** For each [output, input] pair, the row of the packed weight; the row after the last one stands for no connection. */
function rowsOf(inputs: number, table: ConnectionTable): HostTensor {
  const data = new Int32Array(table.length * inputs).fill(table.flat().length);
  let row = 0;
  table.forEach((maps, output) => {
    for (const input of maps) data[output * inputs + input] = row++;
  });
  return { dtype: "int32", shape: [data.length], data };
}

function checkTable(inputs: number, table: ConnectionTable): void {
  table.forEach((maps, output) => {
    const wrong = maps.find((input, i) => !Number.isInteger(input) || input < 0 || input >= inputs || maps.indexOf(input) !== i);
    if (wrong === undefined && maps.length > 0) return;
    const sentence =
      wrong === undefined
        ? `output map ${output} reads no input map`
        : `output map ${output} names input map ${wrong}, which is not one of 0 .. ${inputs - 1}, or is named twice`;
    throw new ArgumentError("argument/connection-table", sentence, { subject: "ConnectedConv2d" });
  });
}
