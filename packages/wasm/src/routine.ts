import type { RoutineStep } from "@gradus/compile";
import type { IndexOf, Matrix, NumberOf, ReadMatrix, Routine, Shape, Terms, Variable, WrittenMatrix } from "@gradus/tensor";
import type { FunctionBuilder, Local, Operand } from "./asm/index.ts";
import type { KernelBody } from "./kernels/kernel.ts";

/**
 * The kernel of a routine step: one item of the batch a tile. Only a routine that was told knows how much memory it takes, so it is told to
 * `trial` first, a function that nobody runs.
 */
export function routineBody({ op, call, label, reads, items, sizes }: RoutineStep, trial: FunctionBuilder): KernelBody {
  const shapes = [...Object.values(call.x).flatMap((x) => x ?? []), call.out].map(({ shape }) => shape);
  const tell = (f: FunctionBuilder, bases: readonly Local<"i32">[], scratch: Local<"i32">): number => {
    const routine = new WasmRoutine(f, bases, scratch);
    op.routine(routine, call);
    return routine.scratchBytes;
  };
  const told = tell(
    trial,
    sizes.map(() => trial.local("i32")),
    trial.local("i32"),
  );
  const bytes = Math.ceil(told / 16) * 16;
  // Of a single item, memory is not needed for every thread.
  const single = items === 1;
  return {
    name: `${label} ${shapes.map((shape) => shape.join("x")).join(" ")}`,
    key: `routine ${single ? "of one " : ""}${op.name} ${JSON.stringify(call.attrs)} ${shapes.map(itemShape).join(" ")} ${sizes.join()}`,
    tiles: items,
    scratchBytes: single ? 0 : bytes,
    workspaceBytes: single ? bytes : 0,
    buffers: reads.length + 1,
    body: (f, _level, { tile, scratch, workspace, buffers }) => {
      const bases = buffers.map((buffer, i) => f.local("i32", () => f.i32.add(buffer, () => f.i32.mul(tile, 4 * (sizes[i] ?? 0)))));
      tell(f, bases, single ? workspace : scratch);
    },
  };
}

function itemShape(shape: Shape): string {
  return shape.slice(-2).join("x");
}

interface WasmTerms extends Terms {
  readonly number: Operand<"f64">;
  readonly index: Operand<"i32">;
  readonly condition: Operand<"i32">;
}

type Number = NumberOf<WasmTerms>;
type Index = IndexOf<WasmTerms>;

/** Tells routines in WebAssembly: all in float64, rounded where the result is written. */
class WasmRoutine implements Routine<WasmTerms> {
  readonly epsilon = 2 ** -52;
  readonly tiny = 1e-290;
  readonly nan = Number.NaN;
  /** Bytes of all matrices so far. */
  scratchBytes = 0;
  readonly #f: FunctionBuilder;
  /** Addresses of the item in every input and the output. */
  readonly #bases: readonly Local<"i32">[];
  readonly #scratch: Local<"i32">;

  constructor(f: FunctionBuilder, bases: readonly Local<"i32">[], scratch: Local<"i32">) {
    this.#f = f;
    this.#bases = bases;
    this.#scratch = scratch;
  }

  input(slot: number, columns: number): ReadMatrix<WasmTerms> {
    return this.#singles(this.#bases[slot], 0, columns);
  }

  output(first: number, columns: number): WrittenMatrix<WasmTerms> {
    return this.#singles(this.#bases.at(-1), 4 * first, columns);
  }

  scratch(rows: number, columns: number): Matrix<WasmTerms> {
    const first = this.scratchBytes;
    this.scratchBytes += 8 * rows * columns;
    const { f64 } = this.#f;
    const place = (row: Index, column: Index): Place => this.#place(this.#scratch, first, [row, column, columns], 3);
    return {
      at: (row, column) => () => f64.load(...place(row, column)),
      put: (row, column, value) => f64.store(...place(row, column), value),
    };
  }

  number(initial: Number): Variable<WasmTerms["number"]> {
    const value = this.#f.local("f64", initial);
    return { value, set: (next) => this.#f.set(value, next) };
  }

  index(initial: Index): Variable<WasmTerms["index"]> {
    const value = this.#f.local("i32", initial);
    return { value, set: (next) => this.#f.set(value, next) };
  }

  each(from: Index, to: Index, body: (i: Local<"i32">) => void): void {
    this.count(from, to, body);
  }

  count(from: Index, to: Index, body: (i: Local<"i32">) => void): void {
    const f = this.#f;
    const i = f.local("i32");
    f.for(i, from, typeof to === "function" ? f.local("i32", to) : to, 1, () => body(i));
  }

  repeat(most: number, body: (again: () => void) => void): void {
    const f = this.#f;
    const turns = f.local("i32", 0);
    const wanted = f.local("i32");
    f.loop((loop) => {
      f.set(wanted, 0);
      body(() => f.set(wanted, 1));
      f.advance(turns, 1);
      f.brIf(loop, () => f.i32.and(wanted, () => f.i32.lt_s(turns, most)));
    });
  }

  when(condition: WasmTerms["condition"], body: () => void): void {
    this.#f.if(condition, body);
  }

  add = (a: Number, b: Number) => (): void => this.#f.f64.add(a, b);
  sub = (a: Number, b: Number) => (): void => this.#f.f64.sub(a, b);
  mul = (a: Number, b: Number) => (): void => this.#f.f64.mul(a, b);
  div = (a: Number, b: Number) => (): void => this.#f.f64.div(a, b);
  sqrt = (a: Number) => (): void => this.#f.f64.sqrt(a);
  abs = (a: Number) => (): void => this.#f.f64.abs(a);
  less = (a: Number, b: Number) => (): void => this.#f.f64.lt(a, b);
  equal = (a: Number, b: Number) => (): void => this.#f.f64.eq(a, b);
  choose = (condition: WasmTerms["condition"], then: Number, otherwise: Number) => (): void =>
    this.#f.select("f64", then, otherwise, condition);

  plus = (a: Index, b: Index) => (): void => this.#f.i32.add(a, b);
  minus = (a: Index, b: Index) => (): void => this.#f.i32.sub(a, b);
  modulo = (a: Index, by: number) => (): void => this.#f.i32.rem_s(a, by);
  before = (a: Index, b: Index) => (): void => this.#f.i32.lt_s(a, b);
  same = (a: Index, b: Index) => (): void => this.#f.i32.eq(a, b);
  not = (condition: WasmTerms["condition"]) => (): void => this.#f.i32.eqz(condition);
  pick = (condition: WasmTerms["condition"], then: Index, otherwise: Index) => (): void =>
    this.#f.select("i32", then, otherwise, condition);

  #singles(base: Local<"i32"> | undefined, first: number, columns: number): Matrix<WasmTerms> {
    if (base === undefined) throw new RangeError("a routine names an input that is not there");
    const { f32, f64 } = this.#f;
    const place = (row: Index, column: Index): Place => this.#place(base, first, [row, column, columns], 2);
    return {
      at: (row, column) => () => f64.promote_f32(() => f32.load(...place(row, column))),
      put: (row, column, value) => f32.store(...place(row, column), () => f32.demote_f64(value)),
    };
  }

  /** Where an element lies, of 2^shift bytes. */
  #place(base: Local<"i32">, first: number, [row, column, columns]: readonly [Index, Index, number], shift: 2 | 3): Place {
    const { i32 } = this.#f;
    const fixed = typeof row === "number";
    const index: Index = fixed ? column : () => i32.add(() => i32.mul(row, columns), column);
    return [first + (fixed ? (row * columns) << shift : 0), () => i32.add(base, () => i32.shl(index, shift))];
  }
}

/** A constant offset in bytes, and an address. */
type Place = readonly [offset: number, address: () => void];
