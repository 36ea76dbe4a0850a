import { Library } from "../wgsl/library.ts";
import { spread } from "../wgsl/module.ts";
import type { ConvolutionSteps } from "./conv2d-sizes.ts";
import { type Axis, leavesInputs, offsetsOf, rowReader, runsOf } from "./direct-axis.ts";
import { type Ending, type Finish, withEnding } from "./finish.ts";
import { inRows, type Kernel, type Kernels, type Operand, workgroupNumber } from "./kernel.ts";

const size = 64;

/** A convolution, or its input gradient, in groups of few channels. */
export interface DirectConvolution {
  readonly name: string;
  /** The images read, and the weights. */
  readonly operands: readonly [Operand, Operand];
  readonly sizes: ConvolutionSteps;
  readonly rows: Axis;
  readonly columns: Axis;
  /** Channels of a group: those it sums over, and those it computes. */
  readonly inner: number;
  readonly outer: number;
  /** The number of the window that belongs to channels of group `z`. */
  readonly window: (z: string, outer: string, inner: string) => string;
}

/** An invocation a small block of one output channel: the window stays in registers, and each row is read once for all outputs that need it. */
export function directConvolution(convolution: DirectConvolution, ending: Ending): Kernels {
  return withEnding(ending, 1, (finish) => directKernel(convolution, finish));
}

function directKernel({ name, operands, sizes, rows, columns, inner, outer, window }: DirectConvolution, finish: Finish): Kernel {
  const { n, groups, kh, kw } = sizes;
  const extents = [n, groups, outer, runsOf(rows), runsOf(columns)];
  const count = extents.reduce((product, extent) => product * extent, 1);
  const workgroups = inRows(Math.ceil(count / size));
  return {
    name: `${name} direct ${rows.run}x${columns.run}`,
    operands: [...operands, ...finish.operands],
    workgroups,
    size,
    source(memory) {
      const library = new Library();
      const reader = rowReader(memory, 0, columns, "x");
      const inFours = columns.run === 4 && columns.outputs % 4 === 0 && finish.inFours(memory);
      const axes = spread("number", extents, "axis");
      const [image = "0", z = "0", o = "0", i = "0", j = "0"] = axes.names;
      const isGuarded = leavesInputs(rows);
      const row = (offset: number): string => {
        const sums = rows.products
          .filter((product) => product.offset === offset)
          .flatMap(({ lane: r, tap: p }) =>
            columns.products.map((product) => {
              const sum = `sum${r}_${product.lane}`;
              return `${sum} = fma(weight${p}_${product.tap}, ${reader.value(product.offset, "row")}, ${sum});`;
            }),
          );
        return `${isGuarded ? `if (u32(y + ${offset}) < ${rows.inputs}u) ` : ""}{
${reader.read(`(plane + y + ${offset}) * ${columns.inputs}`, "row")}
${sums.join("\n")}
}`;
      };
      const store = range(rows.run, (r) => {
        const stores = inFours
          ? `storeOutput(position + ${r * columns.outputs}, vec4<f32>(${[0, 1, 2, 3].map((l) => `sum${r}_${l}`).join(", ")}));`
          : range(columns.run, (l) => guarded(columns, j, l, `storeOutput(position + ${r * columns.outputs + l}, sum${r}_${l});`));
        return guarded(rows, i, r, stores);
      });
      const body = `let number = ${workgroupNumber(workgroups)} * ${size} + i32(local);
if (number >= ${count}) { return; }
${axes.statements}
let y = ${i} * ${rows.step};
let x = ${j} * ${columns.step};
${reader.begin}
${range(rows.run, (r) => range(columns.run, (l) => `var sum${r}_${l} = 0.0f;`))}
for (var c = 0; c < ${inner}; c++) {
let window = (${window(z, o, "c")}) * ${kh * kw};
${range(kh, (p) => range(kw, (q) => `let weight${p}_${q} = ${memory.load(1, `window + ${p * kw + q}`)};`))}
let plane = ((${image} * ${groups} + ${z}) * ${inner} + c) * ${rows.inputs};
${offsetsOf(rows).map(row).join("\n")}
}
let position = (((${image} * ${groups} + ${z}) * ${outer} + ${o}) * ${rows.outputs} + ${i} * ${rows.run}) * ${columns.outputs} + ${j} * ${columns.run};
${store}`;
      const declarations = `fn storeOutput(position: i32, value: ${inFours ? "vec4<f32>" : "f32"}) {
let part = 0;
${finish.store(memory, library, "position", "value")}
}
`;
      return { library, declarations, body };
    },
  };
}

/** Statements for a lane of run number `number`, where it has that lane. */
function guarded(axis: Axis, number: string, lane: number, statements: string): string {
  return axis.outputs % axis.run === 0 || lane === 0
    ? statements
    : `if (${number} * ${axis.run} + ${lane} < ${axis.outputs}) {\n${statements}\n}`;
}

function range(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("\n");
}
