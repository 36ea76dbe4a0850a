import { sizeOf } from "@gradus/tensor";
import { Library } from "../wgsl/library.ts";
import { spread } from "../wgsl/module.ts";
import { type Contraction, factorValue } from "./contraction.ts";
import { type Ending, type Finish, withEnding } from "./finish.ts";
import { inRows, type Kernel, type Kernels, workgroupNumber } from "./kernel.ts";

const size = 256;

/** One invocation an output element, which goes through the inner axes by itself: best where there is little to share. */
export function plainContraction(contraction: Contraction, ending: Ending, parts = 1): Kernels {
  return withEnding(ending, parts, 2, (finish) => plainKernel(contraction, finish, parts));
}

function plainKernel(contraction: Contraction, finish: Finish, parts: number): Kernel {
  const { name, batch, rows, columns, inner } = contraction;
  const perPart = sizeOf(rows) * sizeOf(columns) * batch;
  const workgroups = inRows(Math.ceil((perPart * parts) / size));
  // A part is a share of the first inner axis.
  const [first = 1] = inner;
  const share = Math.ceil(first / parts);
  return {
    name: parts === 1 ? `${name} plain` : `${name} plain in ${parts}`,
    operands: [...contraction.operands, ...finish.operands],
    workgroups,
    size,
    source(memory) {
      const library = new Library();
      const axes = spread("element", [batch, ...rows, ...columns], "o");
      const [z = "0", ...others] = axes.names;
      const [rowNames, columnNames] = [others.slice(0, rows.length), others.slice(rows.length)];
      const names = inner.map((_, axis) => `k${axis}`);
      const left = factorValue(memory, 0, contraction.left(z, rowNames, names));
      const right = factorValue(memory, 1, contraction.right(z, columnNames, names));
      const body = `let number = ${workgroupNumber(workgroups)} * ${size} + i32(local);
if (number >= ${perPart * parts}) { return; }
let part = number / ${perPart};
let element = number % ${perPart};
${axes.statements}
var sum = 0.0f;
${inner
  .map((extent, axis) =>
    axis === 0 && parts > 1
      ? `for (var k0 = part * ${share}; k0 < min((part + 1) * ${share}, ${extent}); k0++) {`
      : `for (var k${axis} = 0; k${axis} < ${extent}; k${axis}++) {`,
  )
  .join("\n")}
sum = fma(${left}, ${right}, sum);
${"}".repeat(inner.length)}
${finish.store(memory, library, contraction.output(z, rowNames, columnNames), "sum")}`;
      return { library, body };
    },
  };
}
