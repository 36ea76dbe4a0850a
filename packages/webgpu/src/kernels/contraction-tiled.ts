import { sizeOf } from "@gradus/tensor";
import { Library } from "../wgsl/library.ts";
import { spread } from "../wgsl/module.ts";
import { type Contraction, factorValue } from "./contraction.ts";
import { type Ending, type Finish, withEnding } from "./finish.ts";
import { inRows, type Kernel, type Kernels, workgroupNumber } from "./kernel.ts";

/** How a workgroup and its invocations cut the output. */
export interface Tile {
  /** Output rows and columns of one invocation: they stay in registers. */
  readonly rows: number;
  readonly columns: number;
  /** Invocations along the rows and the columns of a workgroup. */
  readonly down: number;
  readonly across: number;
  /** Inner elements held in workgroup memory at a time. */
  readonly depth: number;
}

/** The factors of a block of the output pass through workgroup memory, from where each invocation multiplies its own small block in registers. */
export function tiledContraction(contraction: Contraction, ending: Ending, tile: Tile, parts = 1): Kernels {
  return withEnding(ending, parts, 2, (finish) => tiledKernel(contraction, finish, tile, parts));
}

function tiledKernel(contraction: Contraction, finish: Finish, tile: Tile, parts: number): Kernel {
  const { name, batch } = contraction;
  const size = tile.down * tile.across;
  const [blockRows, blockColumns] = [tile.rows * tile.down, tile.columns * tile.across];
  const [rows, columns, inner] = [sizeOf(contraction.rows), sizeOf(contraction.columns), sizeOf(contraction.inner)];
  const [downBlocks, acrossBlocks] = [Math.ceil(rows / blockRows), Math.ceil(columns / blockColumns)];
  const blocks = batch * downBlocks * acrossBlocks * parts;
  const workgroups = inRows(blocks);
  const share = Math.ceil(inner / parts / tile.depth) * tile.depth;
  return {
    name: `${name} ${blockRows}x${blockColumns}x${tile.depth}${parts === 1 ? "" : ` in ${parts}`}`,
    operands: [...contraction.operands, ...finish.operands],
    workgroups,
    size,
    source(memory) {
      const library = new Library();
      const rowAxes = spread("row", contraction.rows, "m");
      const columnAxes = spread("column", contraction.columns, "n");
      const innerAxes = spread("k", contraction.inner, "k");
      const left = factorValue(memory, 0, contraction.left("z", rowAxes.names, innerAxes.names));
      const right = factorValue(memory, 1, contraction.right("z", columnAxes.names, innerAxes.names));
      // Neighbours load neighbours: along the inner axis on the left, along the columns on the right.
      const load = (target: string, block: number, axis: string, extent: number, axes: string, value: string, byInner: boolean): string =>
        `for (var i = i32(local); i < ${block * tile.depth}; i += ${size}) {
let deep = ${byInner ? `i % ${tile.depth}` : `i / ${block}`};
let wide = ${byInner ? `i / ${tile.depth}` : `i % ${block}`};
let ${axis} = ${axis}Start + wide;
let k = depth + deep;
var value = 0.0f;
if (${axis} < ${extent} && k < end) {
${axes}
${innerAxes.statements}
value = ${value};
}
${target}[deep * ${block} + wide] = value;
}`;
      const registers = (what: (row: number, column: number) => string): string =>
        Array.from({ length: tile.rows }, (_, row) =>
          Array.from({ length: tile.columns }, (_, column) => what(row, column)).join("\n"),
        ).join("\n");
      const body = `let number = ${workgroupNumber(workgroups)};
if (number >= ${blocks}) { return; }
let part = number / ${blocks / parts};
let z = (number % ${blocks / parts}) / ${downBlocks * acrossBlocks};
let rowStart = ((number % ${downBlocks * acrossBlocks}) / ${acrossBlocks}) * ${blockRows};
let columnStart = (number % ${acrossBlocks}) * ${blockColumns};
let down = i32(local) / ${tile.across};
let across = i32(local) % ${tile.across};
let end = min((part + 1) * ${share}, ${inner});
${registers((row, column) => `var sum${row}_${column} = 0.0f;`)}
for (var depth = part * ${share}; depth < end; depth += ${tile.depth}) {
${load("leftTile", blockRows, "row", rows, rowAxes.statements, left, true)}
${load("rightTile", blockColumns, "column", columns, columnAxes.statements, right, false)}
workgroupBarrier();
for (var k = 0; k < ${tile.depth}; k++) {
${range(tile.rows, (row) => `let a${row} = leftTile[k * ${blockRows} + down * ${tile.rows} + ${row}];`)}
${range(tile.columns, (column) => `let b${column} = rightTile[k * ${blockColumns} + across + ${column * tile.across}];`)}
${registers((row, column) => `sum${row}_${column} = fma(a${row}, b${column}, sum${row}_${column});`)}
}
workgroupBarrier();
}
${registers(
  (row, column) => `{
let row = rowStart + down * ${tile.rows} + ${row};
let column = columnStart + across + ${column * tile.across};
if (row < ${rows} && column < ${columns}) {
${rowAxes.statements}
${columnAxes.statements}
${finish.store(memory, library, contraction.output("z", rowAxes.names, columnAxes.names), `sum${row}_${column}`)}
}
}`,
)}`;
      const declarations = `var<workgroup> leftTile: array<f32, ${blockRows * tile.depth}>;
var<workgroup> rightTile: array<f32, ${blockColumns * tile.depth}>;
`;
      return { library, declarations, body };
    },
  };
}

function range(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("\n");
}
