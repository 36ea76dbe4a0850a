import { Library } from "../wgsl/library.ts";
import { spread } from "../wgsl/module.ts";
import { elementValue } from "./contraction.ts";
import type { Finish } from "./finish.ts";
import { inRows, type Kernel, type Operand, workgroupNumber } from "./kernel.ts";
import { type Matrix, throughMatrix } from "./winograd-matrices.ts";

const size = 64;

/** Images cut into squares, one every `step` pixels both ways. */
export interface Tiling {
  readonly images: number;
  readonly down: number;
  readonly across: number;
  readonly step: number;
  /** Squares, and as many as make whole fours. */
  readonly count: number;
  readonly padded: number;
}

interface Through {
  readonly name: string;
  readonly from: Operand;
  readonly to: Operand;
  readonly matrix: Matrix;
}

/** Images [images, channels, height, width], zero outside, whose first square begins `top` rows and `left` columns before them. */
interface ImagesOptions extends Through {
  readonly tiling: Tiling;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly top: number;
  readonly left: number;
}

/** Squares of images through a matrix: [points, points, channels, padded squares]; those that are none are zeros. */
export function transformImages({ tiling, channels, height, width, top, left, ...through }: ImagesOptions): Kernel {
  const { images, down, across, step, count, padded } = tiling;
  return throughKernel(through, channels * padded, (load) => {
    const side = through.matrix[0]?.length ?? 0;
    const place = spread("number", [channels, padded], "axis");
    const [channel = "0", tile = "0"] = place.names;
    const square = spread("tile", [images, down, across], "square");
    const [image = "0", i = "0", j = "0"] = square.names;
    return `${place.statements}
let tile = ${tile};
${square.statements}
let y = ${i} * ${step} - ${top};
let x = ${j} * ${step} - ${left};
let start = ((${image} * ${channels} + ${channel}) * ${height} + y) * ${width} + x;
${range(side, (k) => `let row${k} = (u32(y + ${k}) < ${height}u)${padded === count ? "" : ` & (tile < ${count})`};\nlet column${k} = u32(x + ${k}) < ${width}u;`)}
${range(side, (k) => range(side, (l) => `let value${k}_${l} = ${load(`start + ${k * width + l}`, `(row${k} & column${l})`)};`))}`;
  });
}

interface WindowsOptions extends Through {
  /** Channels that are summed over, and channels of the result; these go up to whole fours, the last once more. */
  readonly inner: number;
  readonly outer: number;
  readonly side: number;
  /** Number of the window that belongs to two channels. */
  readonly window: (outer: string, inner: string) => string;
  /** Whether windows are turned around. */
  readonly turned: boolean;
}

/** Windows of weights through a matrix: [points, points, inner, outer]. */
export function transformWindows({ inner, outer, side, window, turned, ...through }: WindowsOptions): Kernel {
  const padded = wholeFours(outer);
  const taps = side * side;
  return throughKernel(through, inner * padded, (load) => {
    const place = spread("number", [inner, padded], "axis");
    const [from = "0", to = "0"] = place.names;
    const tap = (k: number, l: number): number => (turned ? taps - 1 - (k * side + l) : k * side + l);
    return `${place.statements}
let start = (${window(padded === outer ? to : `min(${to}, ${outer - 1})`, from)}) * ${taps};
${range(side, (k) => range(side, (l) => `let value${k}_${l} = ${load(`start + ${tap(k, l)}`, null)};`))}`;
  });
}

/** An invocation for each of `count` squares: `read` declares its values, `value0_0`, ... */
function throughKernel(
  { name, from, to, matrix }: Through,
  count: number,
  read: (load: (index: string, inside: string | null) => string) => string,
): Kernel {
  const workgroups = inRows(Math.ceil(count / size));
  return {
    name,
    operands: [from, to],
    workgroups,
    size,
    source: (memory) => ({
      library: new Library(),
      body: `let number = ${workgroupNumber(workgroups)} * ${size} + i32(local);
if (number >= ${count}) { return; }
${read((index, inside) => elementValue(memory, 0, index, inside))}
${throughMatrix(matrix, "value", "point")}
${range(matrix.length, (k) => range(matrix.length, (l) => memory.store(1, `number + ${(k * matrix.length + l) * count}`, `point${k}_${l}`)))}`,
    }),
  };
}

/** Where the results of a square go. */
export interface SquarePlace {
  readonly statements: string;
  /** The square's number among those of one point. */
  readonly number: string;
  /** Row-major position of its first result, and from a row to the next. */
  readonly position: string;
  readonly pitch: number;
  /** How many rows and columns of it there are, where that may be fewer than it has. */
  readonly rows: string | null;
  readonly columns: string | null;
  /** Whether its rows are fours that lie together, from a multiple of four on. */
  readonly inFours: boolean;
}

export interface ResultsOptions {
  readonly name: string;
  readonly from: Operand;
  readonly matrix: Matrix;
  /** Squares to compute, and products of one point; these come in parts that are yet to be added up. */
  readonly count: number;
  readonly perPoint: number;
  readonly parts: number;
  /** The place of the square `number`. */
  readonly place: SquarePlace;
  readonly finish: Finish;
}

/** Sums of products at the points through a matrix, each result with its ending. */
export function transformResults({ name, from, matrix, count, perPoint, parts, place, finish }: ResultsOptions): Kernel {
  const workgroups = inRows(Math.ceil(count / size));
  const side = matrix[0]?.length ?? 0;
  return {
    name,
    operands: [from, ...finish.operands],
    workgroups,
    size,
    source(memory) {
      const library = new Library();
      const inFours = place.inFours && finish.inFours(memory);
      const sum = (point: number): string =>
        Array.from({ length: parts }, (_, part) => memory.load(0, `product + ${(part * side * side + point) * perPoint}`)).join(" + ");
      const guarded = (condition: string | null, i: number, statements: string): string =>
        condition === null || i === 0 ? statements : `if (${i} < ${condition}) {\n${statements}\n}`;
      const row = (k: number): string => {
        const at = `position + ${k * place.pitch}`;
        if (inFours) return `storeResult(${at}, vec4<f32>(${[0, 1, 2, 3].map((l) => `result${k}_${l}`).join(", ")}));`;
        return range(matrix.length, (l) => guarded(place.columns, l, `storeResult(${at} + ${l}, result${k}_${l});`));
      };
      const body = `let number = ${workgroupNumber(workgroups)} * ${size} + i32(local);
if (number >= ${count}) { return; }
${place.statements}
let product = ${place.number};
let position = ${place.position};
${range(side, (k) => range(side, (l) => `let sum${k}_${l} = ${sum(k * side + l)};`))}
${throughMatrix(matrix, "sum", "result")}
${range(matrix.length, (k) => guarded(place.rows, k, row(k)))}`;
      const declarations = `fn storeResult(position: i32, value: ${inFours ? "vec4<f32>" : "f32"}) {
let part = 0;
${finish.store(memory, library, "position", "value")}
}
`;
      return { library, declarations, body };
    },
  };
}

export function wholeFours(count: number): number {
  return Math.ceil(count / 4) * 4;
}

function range(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("\n");
}
