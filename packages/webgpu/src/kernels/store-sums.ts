import type { Library } from "../wgsl/library.ts";
import type { ShaderMemory } from "../wgsl/memory.ts";
import { spread } from "../wgsl/module.ts";
import { placeOf } from "./contraction-plain.ts";
import { type Contraction, sizesOf } from "./contraction.ts";
import type { FactorTile } from "./factor-tile.ts";
import type { Finish } from "./finish.ts";
import { blockOf, type Tile } from "./tile.ts";

interface StoreSumsOptions {
  readonly contraction: Contraction;
  readonly finish: Finish;
  readonly tile: Tile;
  readonly left: Pick<FactorTile, "position">;
  readonly right: Pick<FactorTile, "position" | "inFours">;
}

/** WGSL that stores an invocation's sums, `sumROW_GROUP` of four columns each: whole vectors where four columns lie together. */
export function storeSums(
  memory: ShaderMemory,
  library: Library,
  { contraction, finish, tile, left, right }: StoreSumsOptions,
): { readonly declarations: string; readonly statements: string } {
  const { rows, columns } = sizesOf(contraction);
  const block = blockOf(tile);
  const output = contraction.output("z");
  const inFours = right.inFours && output.inFours && columns % 4 === 0 && finish.inFours(memory);
  const width = inFours ? 4 : 1;
  const guarded = (condition: string, isNeeded: boolean, statements: string): string =>
    isNeeded ? `if (${condition}) {\n${statements}\n}` : statements;
  const columnAt = range(tile.columns / width, (c) => {
    const name = `outColumn${c}`;
    const axes = spread(name, contraction.columns, `${name}Axis`);
    const isByAxes = output.column.from === "axes";
    return `let ${name} = rightStart + ${right.position(c * width)};
${isByAxes ? axes.statements : ""}
let ${name}Base = ${placeOf(output.column, name, axes.names).base};`;
  });
  const rowAxes = spread("row", contraction.rows, "outRowAxis");
  const stores = range(tile.rows, (r) => {
    const each = range(tile.columns / width, (c) => {
      const value = inFours ? `sum${r}_${c}` : `sum${r}_${Math.floor(c / 4)}.${"xyzw"[c % 4]}`;
      return guarded(`outColumn${c} < ${columns}`, columns % block.columns !== 0, `storeSum(part, rowBase + outColumn${c}Base, ${value});`);
    });
    return `{
let row = leftStart + ${left.position(r)};
${guarded(
  `row < ${rows}`,
  rows % block.rows !== 0,
  `${output.row.from === "axes" ? rowAxes.statements : ""}
let rowBase = ${placeOf(output.row, "row", rowAxes.names).base};
${each}`,
)}
}`;
  });
  return {
    declarations: `fn storeSum(part: i32, position: i32, value: ${inFours ? "vec4<f32>" : "f32"}) {
${finish.store(memory, library, "position", "value")}
}
`,
    statements: `${columnAt}\n${stores}`,
  };
}

function range(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("\n");
}
