import { sizeOf } from "@gradus/tensor";
import { Library } from "../wgsl/library.ts";
import type { ShaderMemory } from "../wgsl/memory.ts";
import { spread } from "../wgsl/module.ts";
import { type Contraction, elementAt, elementValue, type Place, type Side } from "./contraction.ts";
import { type Ending, type Finish, withEnding } from "./finish.ts";
import { inRows, type Kernel, type Kernels, workgroupNumber } from "./kernel.ts";

const size = 256;

/** One invocation an output element, which goes through the inner axes by itself: best where there is little to share. */
export function plainContraction(contraction: Contraction, ending: Ending, parts = 1): Kernels {
  return withEnding(ending, parts, (finish) => plainKernel(contraction, finish, parts));
}

function plainKernel(contraction: Contraction, finish: Finish, parts: number): Kernel {
  const { name, batch, rows, columns, inner } = contraction;
  const perPart = sizeOf(rows) * sizeOf(columns) * batch;
  const workgroups = inRows(Math.ceil((perPart * parts) / size));
  // A part is a share of the first inner axis.
  const [first = 1, ...others] = inner;
  const share = Math.ceil(first / parts);
  return {
    name: parts === 1 ? `${name} plain` : `${name} plain in ${parts}`,
    operands: [...contraction.operands, ...finish.operands],
    workgroups,
    size,
    source(memory) {
      const library = new Library();
      const element = elementSource(contraction, memory);
      const names = inner.map((_, axis) => `k${axis}`);
      const loops = inner.map((extent, axis) =>
        axis === 0 && parts > 1
          ? `for (var k0 = part * ${share}; k0 < min((part + 1) * ${share}, ${extent}); k0++) {`
          : `for (var k${axis} = 0; k${axis} < ${extent}; k${axis}++) {`,
      );
      const body = `let number = ${workgroupNumber(workgroups)} * ${size} + i32(local);
if (number >= ${perPart * parts}) { return; }
let part = number / ${perPart};
let element = number % ${perPart};
${element.statements}
var sum = 0.0f;
var k = ${parts > 1 ? `part * ${share * sizeOf(others)}` : "0"};
${loops.join("\n")}
${element.product(names, "k")}
sum = fma(left, right, sum);
k++;
${"}".repeat(inner.length)}
${finish.store(memory, library, element.position, "sum")}`;
      return { library, body };
    },
  };
}

/** WGSL for one output element of a contraction. */
interface ElementSource {
  /** Where the number `element` is among the outputs, and what that gives to the places of its factors. */
  readonly statements: string;
  /** Statements that read the `left` and the `right` factor at the inner position `k` with these coordinates. */
  readonly product: (names: readonly string[], k: string) => string;
  /** Its row-major position. */
  readonly position: string;
}

/** Reads the factors of the output element number `element`, counted by batch item, row and column. */
export function elementSource({ batch, rows, columns, left, right, output }: Contraction, memory: ShaderMemory): ElementSource {
  const axes = spread("element", [batch, sizeOf(rows), sizeOf(columns)], "o");
  const [z = "0", row = "0", column = "0"] = axes.names;
  const rowAxes = spread(row, rows, "m");
  const columnAxes = spread(column, columns, "n");
  const factors = [left(z), right(z)] as const;
  const outers = [
    named("left", placeOf(factors[0].outer, row, rowAxes.names)),
    named("right", placeOf(factors[1].outer, column, columnAxes.names)),
  ];
  const out = output(z);
  return {
    statements: [axes.statements, rowAxes.statements, columnAxes.statements, ...outers.map(({ statements }) => statements)].join("\n"),
    product: (names, k) =>
      factors
        .map((factor, operand) => {
          const { index, inside } = elementAt(factor.window, outers[operand]?.place ?? nowhere, placeOf(factor.inner, k, names));
          return `let ${factorNames[operand] ?? ""} = ${elementValue(memory, operand, index, inside)};`;
        })
        .join("\n"),
    position: `${placeOf(out.row, row, rowAxes.names).base} + ${placeOf(out.column, column, columnAxes.names).base}`,
  };
}

const factorNames = ["left", "right"] as const;
const nowhere: Place = { base: "0", y: "0", x: "0" };

/** What a side gives for a position with these coordinates. */
export function placeOf(side: Side, position: string, names: readonly string[]): Place {
  return side.place(side.from === "axes" ? names : [position]);
}

/** A place in variables, and the statements that make them. */
export interface Named {
  readonly statements: string;
  readonly place: Place;
}

/** A place kept in variables called after `name`. */
export function named(name: string, place: Place): Named {
  const parts = (["base", "y", "x"] as const).map((part) => ({ part, name: `${name}${part.toUpperCase()}`, value: place[part] }));
  const kept = parts.filter(({ value }) => value !== "0");
  return {
    statements: kept.map((each) => `let ${each.name} = ${each.value};`).join("\n"),
    place: { ...place, ...Object.fromEntries(kept.map((each) => [each.part, each.name])) },
  };
}
