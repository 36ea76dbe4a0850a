import { Library } from "../wgsl/library.ts";
import { blockOrder } from "./block-order.ts";
import { type Contraction, sizesOf } from "./contraction.ts";
import { factorTile } from "./factor-tile.ts";
import { type Ending, type Finish, withEnding } from "./finish.ts";
import type { Kernel, Kernels } from "./kernel.ts";
import { storeSums } from "./store-sums.ts";
import { blockOf, type Tile, tileBytes, tileName } from "./tile.ts";

/**
 * The factors of a block of the output pass through workgroup memory, from where each invocation multiplies its own small block in
 * registers.
 */
export function tiledContraction(contraction: Contraction, ending: Ending, tile: Tile, parts = 1): Kernels {
  return withEnding(ending, parts, (finish) => tiledKernel(contraction, finish, tile, parts));
}

/** The same, with an end of the caller's own. */
export function tiledKernel(contraction: Contraction, finish: Finish, tile: Tile, parts: number): Kernel {
  const { name } = contraction;
  const { depth, ahead } = tile;
  const size = tile.down * tile.across;
  const block = blockOf(tile);
  const { rows, columns, inner } = sizesOf(contraction);
  const order = blockOrder(contraction, tile, parts);
  return {
    name: `${name} ${tileName(tile)}${parts === 1 ? "" : ` in ${parts}`}`,
    operands: [...contraction.operands, ...finish.operands],
    workgroups: order.workgroups,
    size,
    workgroupBytes: tileBytes(tile),
    source(memory) {
      const library = new Library();
      if (tile.halves) library.enable("f16");
      const shared = { inner: contraction.inner, innerSize: inner, depth, size, halves: tile.halves };
      const left = factorTile(memory, {
        ...shared,
        name: "left",
        operand: 0,
        factor: contraction.left("z"),
        block: block.rows,
        outer: contraction.rows,
        outerSize: rows,
        own: tile.rows,
        number: "downAt",
        invocations: tile.down,
      });
      const right = factorTile(memory, {
        ...shared,
        name: "right",
        operand: 1,
        factor: contraction.right("z"),
        block: block.columns,
        outer: contraction.columns,
        outerSize: columns,
        own: tile.columns,
        number: "acrossAt",
        invocations: tile.across,
      });
      const store = storeSums(memory, library, { contraction, finish, tile, left, right });
      const groups = tile.columns / 4;
      const sums = (line: (row: number, group: number) => string): string =>
        range(tile.rows, (row) => range(groups, (group) => line(row, group)));
      const fetch = (start: string): string => `${left.fetch(start)}\n${right.fetch(start)}`;
      const table = (start: string): string => `${left.table(start)}\n${right.table(start)}`;
      const inTable = left.inTable || right.inTable;
      const barrier = "workgroupBarrier();";
      const body = `${order.statements}
${sums((row, group) => `var sum${row}_${group} = vec4<f32>();`)}
${left.begin}
${right.begin}
${table("first")}
${inTable ? barrier : ""}
${ahead ? fetch("first") : ""}
for (var start = first; start < end; start += ${depth}) {
${ahead ? "" : fetch("start")}
${left.put}
${right.put}
${ahead ? `let next = start + ${depth};\n${table("next")}` : ""}
${barrier}
${ahead ? `if (next < end) {\n${fetch("next")}\n}` : table(`(start + ${depth})`)}
for (var four = 0; four < ${depth / 4}; four++) {
${left.readFour}
${right.readFour}
${range(4, (lane) => `{\n${left.readLane(lane)}\n${right.readLane(lane)}\n${sums((row, group) => `sum${row}_${group} = fma(vec4<f32>(${left.value(row, lane)}), ${right.values(group, lane)}, sum${row}_${group});`)}\n}`)}
}
${barrier}
}
${store.statements}`;
      return { library, declarations: `${left.declarations}${right.declarations}${store.declarations}`, body };
    },
  };
}

function range(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("\n");
}
