import { Library } from "../wgsl/library.ts";
import { spread } from "../wgsl/module.ts";
import type { ConvolutionSteps } from "./conv2d-sizes.ts";
import { columnsOf, forwardAxis, leavesInputs, rowReader, rowsOf, runsOf } from "./direct-axis.ts";
import { type Ending, type Finish, withEnding } from "./finish.ts";
import { inRows, type Kernel, type Kernels, type Operand, workgroupNumber } from "./kernel.ts";

const size = 64;
/** Outputs of an invocation at a time, along a row. */
const run = 4;
/** Workgroups that keep a device busy, runs that an invocation sums at least, and parts at most. */
const busy = 1024;
const leastRuns = 4;
const mostParts = 64;

/**
 * The weight gradient of a convolution in groups of few channels: a workgroup a window and part of the outputs. Its invocations keep sums
 * for every tap in registers, then add them up in pairs, and a second kernel adds up the parts: always in the same order.
 */
export function directWeightGradient(s: ConvolutionSteps, operands: readonly [Operand, Operand], ending: Ending): Kernels {
  const runs = s.n * s.oh * Math.ceil(s.ow / run);
  const parts = Math.max(1, Math.min(Math.ceil(busy / (s.o * s.gc)), Math.floor(runs / (size * leastRuns)), mostParts));
  return withEnding(ending, parts, (finish) => partKernel(s, operands, parts, finish));
}

function partKernel(s: ConvolutionSteps, operands: readonly [Operand, Operand], parts: number, finish: Finish): Kernel {
  const { n, o, c, oh, ow, gc, go, kh, kw } = s;
  const rows = forwardAxis(rowsOf(s), 1);
  const columns = forwardAxis(columnsOf(s), run);
  const own = forwardAxis({ input: ow, output: ow, taps: 1, stride: 1, dilation: 1, before: 0 }, run);
  const runs = n * oh * runsOf(columns);
  const share = Math.ceil(runs / parts);
  const windows = o * gc;
  const workgroups = inRows(windows * parts);
  const taps = kh * kw;
  return {
    name: `conv2d weight gradient direct${parts === 1 ? "" : ` in ${parts}`}`,
    operands: [...operands, ...finish.operands],
    workgroups,
    size,
    workgroupBytes: 4 * size * taps,
    source(memory) {
      const library = new Library();
      const images = rowReader(memory, 0, columns, "x");
      const cotangents = rowReader(memory, 1, own, "j");
      const axes = spread("at", [n, oh, runsOf(columns)], "axis");
      const [image = "0", i = "0", across = "0"] = axes.names;
      const isGuarded = leavesInputs(rows);
      const row = ({ tap: p, offset }: { readonly tap: number; readonly offset: number }): string => {
        const lanes = range(run, (lane) => {
          const sums = columns.products
            .filter((product) => product.lane === lane)
            .map(({ tap: q, offset: from }) => {
              const sum = `sum${p}_${q}`;
              return `${sum} = fma(${cotangents.value(lane, "ct")}, ${images.value(from, "row")}, ${sum});`;
            })
            .join("\n");
          // Zeros would do, but for what is not finite.
          return ow % run === 0 || lane === 0 ? sums : `if (j + ${lane} < ${ow}) {\n${sums}\n}`;
        });
        return `${isGuarded ? `if (u32(y + ${offset}) < ${rows.inputs}u) ` : ""}{
${images.read(`(plane + y + ${offset}) * ${columns.inputs}`, "row")}
${lanes}
}`;
      };
      const body = `let number = ${workgroupNumber(workgroups)};
if (number >= ${windows * parts}) { return; }
let part = number / ${windows};
let window = number % ${windows};
let o = window / ${gc};
let channel = o / ${go} * ${gc} + window % ${gc};
${range(kh, (p) => range(kw, (q) => `var sum${p}_${q} = 0.0f;`))}
for (var at = part * ${share} + i32(local); at < min((part + 1) * ${share}, ${runs}); at += ${size}) {
${axes.statements}
let y = ${i} * ${rows.step};
let x = ${across} * ${columns.step};
let j = ${across} * ${run};
let plane = (${image} * ${c} + channel) * ${rows.inputs};
${images.begin}
${cotangents.begin}
${cotangents.read(`((${image} * ${o} + o) * ${oh} + ${i}) * ${ow}`, "ct")}
${rows.products.map(row).join("\n")}
}
${range(kh, (p) => range(kw, (q) => `tapSums[${p * kw + q}][local] = sum${p}_${q};`))}
workgroupBarrier();
for (var half = ${size / 2}u; half > 0u; half = half >> 1u) {
if (local < half) {
for (var tap = 0; tap < ${taps}; tap++) { tapSums[tap][local] += tapSums[tap][local + half]; }
}
workgroupBarrier();
}
if (local < ${taps}u) {
${finish.store(memory, library, `window * ${taps} + i32(local)`, "tapSums[local][0]")}
}`;
      return { library, declarations: `var<workgroup> tapSums: array<array<f32, ${size}>, ${taps}>;\n`, body };
    },
  };
}

function range(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("\n");
}
