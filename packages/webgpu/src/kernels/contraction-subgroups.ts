import type { Shape } from "@gradus/tensor";
import { Library } from "../wgsl/library.ts";
import type { ShaderMemory } from "../wgsl/memory.ts";
import { spread } from "../wgsl/module.ts";
import { blockOrder } from "./block-order.ts";
import { type Named, named, placeOf } from "./contraction-plain.ts";
import { type Contraction, elementAt, elementValue, type Factor, type Place, type Side, sizesOf, vectorValue } from "./contraction.ts";
import { type Ending, type Finish, withEnding } from "./finish.ts";
import type { Kernel, Kernels } from "./kernel.ts";
import { storeSums } from "./store-sums.ts";
import { blockOf, type Tile, tileName } from "./tile.ts";

/**
 * The invocations of a subgroup have rows in common, and columns of their own. Each reads four inner positions of the rows, and gives
 * them to the others; of the columns it reads what it multiplies. So a block needs neither workgroup memory nor barriers.
 *
 * That the invocations of a subgroup stand in one line of the block, and that it is whole, is asked of the device in the shader.
 * Where it is not so, each invocation reads its rows by itself. Either way an element is the same sum in the same order.
 */
export function subgroupContraction(contraction: Contraction, ending: Ending, tile: Tile, parts = 1): Kernels {
  return withEnding(ending, parts, (finish) => subgroupKernel(contraction, finish, tile, parts));
}

const four = [0, 1, 2, 3] as const;

function subgroupKernel(contraction: Contraction, finish: Finish, tile: Tile, parts: number): Kernel {
  const size = tile.down * tile.across;
  const block = blockOf(tile);
  const sizes = sizesOf(contraction);
  const order = blockOrder(contraction, tile, parts);
  return {
    name: `${contraction.name} ${subgroupTileName(tile)}${parts === 1 ? "" : ` in ${parts}`}`,
    operands: [...contraction.operands, ...finish.operands],
    workgroups: order.workgroups,
    size,
    workgroupBytes: 8,
    source(memory) {
      const library = new Library();
      library.enable("subgroups");
      const groups = tile.columns / 4;
      const rowAt = (row: number): string => `downAt + ${row * tile.down}`;
      const columnAt = (i: number): string => `(acrossAt + ${Math.floor(i / 4) * tile.across}) * 4 + ${i % 4}`;
      const shared = { memory, inner: contraction.inner, innerSize: sizes.inner };
      const left = new Reader({
        ...shared,
        name: "left",
        along: "inner",
        operand: 0,
        factor: contraction.left("z"),
        outer: contraction.rows,
        outerSize: sizes.rows,
        block: block.rows,
      });
      const right = new Reader({
        ...shared,
        name: "right",
        along: "outer",
        operand: 1,
        factor: contraction.right("z"),
        outer: contraction.columns,
        outerSize: sizes.columns,
        block: block.columns,
      });
      const store = storeSums(memory, library, {
        contraction,
        finish,
        tile,
        left: { position: rowAt },
        right: { position: columnAt, inFours: true },
      });
      const rows = (line: (row: number) => string): string => range(tile.rows, line);
      const inGroups = (line: (group: number) => string): string => range(groups, line);
      const own = left.alongInner((row) => `own${row}`, tile.rows);
      const columns = right.alongOuter((lane, group) => `right${lane}_${group}`, groups);
      // What is beyond `end` is never multiplied.
      const products = (
        width: string,
        of: (value: string) => string,
      ): string => `for (var start = first; start < end; start += 4 * ${width}) {
${own(`min(start + 4 * ${width === "1" ? "0" : "i32(subgroupLane)"}, ${Math.max(0, sizes.inner - 1)})`)}
for (var giver = 0; giver < ${width} && start + 4 * giver < end; giver++) {
${columns("(start + 4 * giver)")}
${range(
  4,
  (lane) => `{
${rows((row) => `let left${row} = ${of(`own${row}.${"xyzw"[lane] ?? ""}`)};`)}
${rows((row) => inGroups((group) => `sum${row}_${group} = fma(vec4<f32>(left${row}), right${lane}_${group}, sum${row}_${group});`))}
}`,
)}
}
}`;
      const body = `${order.statements}
${rows((row) => inGroups((group) => `var sum${row}_${group} = vec4<f32>();`))}
${range(tile.rows, (row) => left.keep(row, `leftStart + ${rowAt(row)}`))}
${range(tile.columns, (i) => (i % 4 === 0 || !right.whole ? right.keep(i, `rightStart + ${columnAt(i)}`) : ""))}
if (subgroupAdd(1u) != subgroupWidth || subgroupMin(downAt) != subgroupMax(downAt)) { atomicStore(&irregular, 1u); }
workgroupBarrier();
if (local == 0u) { exchanging = atomicLoad(&irregular) == 0u; }
if (workgroupUniformLoad(&exchanging)) {
let width = i32(subgroupWidth);
${products("width", (value) => `subgroupShuffle(${value}, u32(giver))`)}
} else {
${products("1", (value) => value)}
}
${store.statements}`;
      return {
        library,
        declarations: `var<workgroup> irregular: atomic<u32>;\nvar<workgroup> exchanging: bool;\n${store.declarations}`,
        body,
      };
    },
  };
}

/** "64x128x4 by 8x4 in subgroups": what tuning remembers it by. */
export function subgroupTileName(tile: Tile): string {
  return `${tileName(tile)} in subgroups`;
}

interface ReaderOptions {
  readonly memory: ShaderMemory;
  readonly name: string;
  /** Which positions it is read along, four at a time. */
  readonly along: Factor["along"];
  readonly operand: number;
  readonly factor: Factor;
  readonly outer: Shape;
  readonly outerSize: number;
  /** Outer positions of a block. */
  readonly block: number;
  readonly inner: Shape;
  readonly innerSize: number;
}

/** WGSL that reads a factor at outer positions an invocation stays at. */
class Reader {
  /** Whether four elements are read as a vector. */
  readonly whole: boolean;
  readonly #options: ReaderOptions;
  readonly #outers = new Map<number, Place>();

  constructor(options: ReaderOptions) {
    this.#options = options;
    const { factor, along, memory, operand } = options;
    this.whole = factor.inFours && factor.along === along && memory.asVectors(operand);
  }

  /** Computes the place of outer position number `i`, of those beyond the last the last one's: their sums are not stored. */
  keep(i: number, position: string): string {
    const { name, along, factor, outer, outerSize, block } = this.#options;
    const last = outerSize - (this.whole && along === "outer" ? 4 : 1);
    const at = outerSize % block === 0 ? position : `min(${position}, ${last})`;
    const { statements, place } = this.#named(`${name}Outer${i}`, factor.outer, outer, at);
    this.#outers.set(i, place);
    return statements;
  }

  /** Reads vectors of four inner positions from `at` on, for each of so many outer positions. */
  alongInner(variable: (i: number) => string, count: number): (at: string) => string {
    return (at) => {
      const inners = this.#inners(at, this.whole ? 1 : 4);
      const vectors = range(count, (i) => {
        const value = this.whole
          ? this.#vector(i, inners.places[0], null)
          : `vec4<f32>(${four.map((lane) => this.#element(i, inners.places[lane], lane)).join(", ")})`;
        return `let ${variable(i)} = ${value};`;
      });
      return `${inners.statements}\n${vectors}`;
    };
  }

  /** Reads vectors of four outer positions, so many of them, at each of four inner positions from `at` on. */
  alongOuter(variable: (lane: number, group: number) => string, groups: number): (at: string) => string {
    return (at) => {
      const inners = this.#inners(at, 4);
      const vectors = four.map((lane) =>
        range(groups, (group) => {
          const value = this.whole
            ? this.#vector(4 * group, inners.places[lane], this.#inside(lane))
            : `vec4<f32>(${four.map((i) => this.#element(4 * group + i, inners.places[lane], lane)).join(", ")})`;
          return `let ${variable(lane, group)} = ${value};`;
        }),
      );
      return `${inners.statements}\n${vectors.join("\n")}`;
    };
  }

  #inners(at: string, count: number): { readonly statements: string; readonly places: readonly Place[] } {
    const { name, factor, inner } = this.#options;
    const all = four.slice(0, count).map((lane) => this.#named(`${name}Inner${lane}`, factor.inner, inner, `${at} + ${lane}`));
    return {
      statements: all.map(({ statements }) => statements).join("\n"),
      places: all.map(({ place }) => place),
    };
  }

  #named(name: string, side: Side, axes: Shape, position: string): Named {
    const at = spread(`${name}At`, axes, `${name}Axis`);
    const { statements, place } = named(name, placeOf(side, `${name}At`, at.names));
    return { statements: `let ${name}At = ${position};\n${side.from === "axes" ? at.statements : ""}\n${statements}`, place };
  }

  /** Whether the inner position in `lane` of four is one: null where it always is. */
  #inside(lane: number): string | null {
    const { name, innerSize } = this.#options;
    return innerSize % 4 === 0 ? null : `(${name}Inner${lane}At < ${innerSize})`;
  }

  #vector(i: number, inner: Place | undefined, inside: string | null): string {
    const { memory, operand, factor } = this.#options;
    return vectorValue(memory, operand, elementAt(factor.window, this.#outer(i), inner ?? nowhere).index, inside);
  }

  #element(i: number, inner: Place | undefined, lane: number): string {
    const { memory, operand, factor } = this.#options;
    const { index, inside } = elementAt(factor.window, this.#outer(i), inner ?? nowhere);
    const present = this.#inside(lane);
    const condition = present === null || inside === null ? (present ?? inside) : `(${present} & ${inside})`;
    return elementValue(memory, operand, index, condition);
  }

  #outer(i: number): Place {
    const place = this.#outers.get(i);
    if (place === undefined) throw new RangeError(`${this.#options.name} has no place ${i}`);
    return place;
  }
}

const nowhere: Place = { base: "0", y: "0", x: "0" };

function range(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("\n");
}
