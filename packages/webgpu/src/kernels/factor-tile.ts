import type { Shape } from "@gradus/tensor";
import type { ShaderMemory } from "../wgsl/memory.ts";
import { spread } from "../wgsl/module.ts";
import { type Named, named, placeOf } from "./contraction-plain.ts";
import { elementAt, elementValue, type Factor, type Place, type Side, vectorValue } from "./contraction.ts";
import { pitchOf } from "./tile.ts";

/** A factor of a contraction on its way through workgroup memory. */
export interface FactorTileOptions {
  /** What its names in WGSL begin with, and what `...Start`, the first outer position of the block, does. */
  readonly name: string;
  readonly operand: number;
  readonly factor: Factor;
  /** Outer positions of the block, and in all. */
  readonly block: number;
  readonly outer: Shape;
  readonly inner: Shape;
  readonly outerSize: number;
  readonly innerSize: number;
  readonly depth: number;
  /** Whether the tile holds halves, which is what the factor's elements are then. */
  readonly halves: boolean;
  /** Invocations of the workgroup. */
  readonly size: number;
  /** Outer positions of one invocation, its number along that side of the block, and how many there are. */
  readonly own: number;
  readonly number: string;
  readonly invocations: number;
}

/** WGSL that brings a block of a factor into workgroup memory, and from there into registers. */
export interface FactorTile {
  readonly declarations: string;
  /** Once for each block. */
  readonly begin: string;
  /** Whether places stand in a table: then a barrier follows `begin` and `table`. */
  readonly inTable: boolean;
  /** Before `fetch` of the inner positions from `start` on. */
  readonly table: (start: string) => string;
  /** Reads the inner positions from `start` on into registers, which `put` stores in the tile. */
  readonly fetch: (start: string) => string;
  readonly put: string;
  /** Reads what four inner positions, number `four` of the tile, need of it; and what the one in `lane` of these needs. */
  readonly readFour: string;
  readonly readLane: (lane: number) => string;
  /** The invocation's outer position `i` in the block. */
  readonly position: (i: number) => string;
  /** Whether its positions come in fours that follow each other. */
  readonly inFours: boolean;
  /** The value at outer position `i`, and those at the four from `4 * group` on, at inner position `lane`. */
  readonly value: (i: number, lane: number) => string;
  readonly values: (group: number, lane: number) => string;
}

/**
 * A line of the tile holds vectors of four: along the axis that runs along memory where the factor is read in fours, so that they
 * are stored as they are read, and across it where each element is read by itself, so that neighbouring invocations still read
 * neighbouring elements. Neither way do two invocations write parts of one vector.
 *
 * What positions add to an element's place is computed once: along the axis that an invocation stays on it is kept in registers,
 * and along the axis that it meets in fours, in a table which all of them share.
 */
export function factorTile(memory: ShaderMemory, options: FactorTileOptions): FactorTile {
  const { name, operand, factor, block, depth, halves, size, outerSize, innerSize, own, number, invocations } = options;
  const whole = factor.inFours && memory.asVectors(operand);
  const lines = whole === (factor.along === "inner") ? "inner" : "outer";
  const [outerUnits, innerUnits] = lines === "inner" ? [block, depth / 4] : [block / 4, depth];
  const items = itemsOf(factor.along === "outer" ? outerUnits : innerUnits, (outerUnits * innerUnits) / size, size).map(({ fast, slow }) =>
    factor.along === "outer" ? { outer: fast, inner: slow } : { outer: slow, inner: fast },
  );
  const tabled = whole ? null : lines;
  const outerTable = tabled === "outer" && factor.outer.from === "axes";
  const innerTable = tabled === "inner" && factor.inner.from === "axes";
  const entry = factor.window === null ? "i32" : "vec4<i32>";
  const fill = (side: Side, axes: Shape, position: string): string => {
    const at = spread("position", axes, "a");
    const { base, y, x } = placeOf(side, "position", at.names);
    return `let position = ${position};
${side.from === "axes" ? at.statements : ""}
${name}Table[i] = ${factor.window === null ? base : `vec4<i32>(${base}, ${y}, ${x}, 0)`};`;
  };
  const fromTable = (variable: string, at: string): Named => ({
    statements: `let ${variable} = ${name}Table[${at}];`,
    place: factor.window === null ? { base: variable, y: "0", x: "0" } : { base: `${variable}.x`, y: `${variable}.y`, x: `${variable}.z` },
  });
  const outerAt = (unit: string, lane: number): string => (lines === "outer" ? `4 * (${unit}) + ${lane}` : unit);
  const innerAt = (unit: string, lane: number): string => (lines === "inner" ? `4 * (${unit}) + ${lane}` : unit);
  const last = outerSize - (whole && lines === "outer" ? 4 : 1);
  // Positions beyond the last give values that are never stored.
  const clamped = (position: string): string =>
    outerSize % block === 0 ? `${name}Start + ${position}` : `min(${name}Start + ${position}, ${last})`;
  const outers = new Places(`${name}Outer`, factor.outer, options.outer);
  const begin = [
    ...(outerTable
      ? [`for (var i = i32(local); i < ${block}; i += ${size}) {\n${fill(factor.outer, options.outer, clamped("i"))}\n}`]
      : []),
    ...(tabled === "outer" ? [] : items.map(({ outer }) => outers.keep(clamped(outerAt(outer, 0))))),
  ].join("\n");
  const outerPlace = (unit: string, lane: number): Named => {
    if (outerTable) return fromTable(`outer${lane}`, outerAt(unit, lane));
    return tabled === "outer"
      ? named(`outer${lane}`, placeOf(factor.outer, `(${clamped(outerAt(unit, lane))})`, []))
      : { statements: "", place: outers.place(clamped(outerAt(unit, 0))) };
  };
  const isRagged = innerSize % depth !== 0;
  const fetch = (start: string): string => {
    const inners = new Places(`${name}Inner`, factor.inner, options.inner);
    const statements = tabled === "inner" ? [] : items.map(({ inner }) => inners.keep(`${start} + ${innerAt(inner, 0)}`));
    const innerPlace = (unit: string, lane: number): Named => {
      if (innerTable) return fromTable(`inner${lane}`, innerAt(unit, lane));
      return tabled === "inner"
        ? named(`inner${lane}`, placeOf(factor.inner, `(${start} + ${innerAt(unit, lane)})`, []))
        : { statements: "", place: inners.place(`${start} + ${innerAt(unit, 0)}`) };
    };
    items.forEach(({ outer, inner }, n) => {
      const present = (lane: number, inside: string | null): string | null => {
        const within = isRagged ? `${start} + ${innerAt(inner, lane)} < ${innerSize}` : null;
        return within === null || inside === null ? (within ?? inside) : `((${within}) & ${inside})`;
      };
      if (whole) {
        const { index } = elementAt(factor.window, outerPlace(outer, 0).place, innerPlace(inner, 0).place);
        const inside = present(0, null);
        statements.push(`${name}Fetched${n} = ${vectorValue(memory, operand, index, inside)};`);
        return;
      }
      const lanes = [0, 1, 2, 3].map((lane) => {
        const o = outerPlace(outer, lane);
        const i = innerPlace(inner, lane);
        const { index, inside } = elementAt(factor.window, o.place, i.place);
        const condition = present(lane, inside);
        const asked = condition === null ? "" : `let inside${lane} = ${condition};`;
        return {
          statements: `${o.statements}\n${i.statements}\n${asked}`,
          value: elementValue(memory, operand, index, condition === null ? null : `inside${lane}`),
        };
      });
      statements.push(`{
${lanes.map((lane) => lane.statements).join("\n")}
${name}Fetched${n} = vec4<f32>(${lanes.map(({ value }) => value).join(", ")});
}`);
    });
    return statements.join("\n");
  };
  const [length, pitch] = lines === "inner" ? [block, pitchOf(depth)] : [depth, pitchOf(block)];
  const vector = halves ? "vec4<f16>" : "vec4<f32>";
  const read = (place: string): string => (halves ? `vec4<f32>(${place})` : place);
  const along = (group: number): string => `${number} + ${group * invocations}`;
  return {
    declarations: `var<workgroup> ${name}Tile: array<array<${vector}, ${pitch}>, ${length}>;
${outerTable || innerTable ? `var<workgroup> ${name}Table: array<${entry}, ${outerTable ? block : depth}>;\n` : ""}`,
    begin: `${items.map((_, n) => `var ${name}Fetched${n}: vec4<f32>;`).join("\n")}\n${begin}`,
    inTable: outerTable || innerTable,
    table: (start) =>
      innerTable ? `for (var i = i32(local); i < ${depth}; i += ${size}) {\n${fill(factor.inner, options.inner, `${start} + i`)}\n}` : "",
    fetch,
    put: items
      .map(
        ({ outer, inner }, n) =>
          `${name}Tile[${lines === "inner" ? `${outer}][${inner}` : `${inner}][${outer}`}] = ${halves ? `vec4<f16>(${name}Fetched${n})` : `${name}Fetched${n}`};`,
      )
      .join("\n"),
    readFour: lines === "inner" ? range(own, (i) => `let ${name}${i} = ${read(`${name}Tile[${along(i)}][four]`)};`) : "",
    readLane: (lane) =>
      lines === "inner"
        ? ""
        : range(own / 4, (group) => `let ${name}${lane}_${group} = ${read(`${name}Tile[four * 4 + ${lane}][${along(group)}]`)};`),
    position: (i) => (lines === "inner" ? along(i) : `(${along(Math.floor(i / 4))}) * 4 + ${i % 4}`),
    inFours: lines === "outer",
    value: (i, lane) => (lines === "inner" ? `${name}${i}.${"xyzw"[lane]}` : `${name}${lane}_${Math.floor(i / 4)}.${"xyzw"[i % 4]}`),
    values: (group, lane) =>
      lines === "inner"
        ? `vec4<f32>(${[0, 1, 2, 3].map((i) => `${name}${4 * group + i}.${"xyzw"[lane]}`).join(", ")})`
        : `${name}${lane}_${group}`,
  };
}

/** The vectors that an invocation brings, by their places along the axis where neighbours follow each other, and along the other. */
function itemsOf(fastUnits: number, count: number, size: number): readonly { readonly fast: string; readonly slow: string }[] {
  return Array.from({ length: count }, (_, n) => {
    if (size >= fastUnits) {
      const rows = size / fastUnits;
      return { fast: `(i32(local) % ${fastUnits})`, slow: `(i32(local) / ${fastUnits} + ${rows * n})` };
    }
    const columns = fastUnits / size;
    return { fast: `(i32(local) + ${size * (n % columns)})`, slow: `${Math.floor(n / columns)}` };
  });
}

/** Places of positions, each computed once into variables. */
class Places {
  readonly #name: string;
  readonly #side: Side;
  readonly #axes: Shape;
  readonly #known = new Map<string, Place>();

  constructor(name: string, side: Side, axes: Shape) {
    this.#name = name;
    this.#side = side;
    this.#axes = axes;
  }

  /** Statements that compute the place of a position, unless it is known. */
  keep(position: string): string {
    if (this.#known.has(position)) return "";
    const name = `${this.#name}${this.#known.size}`;
    const axes = spread(`${name}At`, this.#axes, `${name}Axis`);
    const { statements, place } = named(name, placeOf(this.#side, `${name}At`, axes.names));
    this.#known.set(position, place);
    return `let ${name}At = ${position};\n${this.#side.from === "axes" ? axes.statements : ""}\n${statements}`;
  }

  place(position: string): Place {
    const known = this.#known.get(position);
    if (known === undefined) throw new RangeError(`${this.#name} has no place for ${position}`);
    return known;
  }
}

function range(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("\n");
}
