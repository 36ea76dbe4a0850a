import type { RoutineStep } from "@gradus/compile";
import type { IndexOf, Matrix, NumberOf, ReadMatrix, Routine, Terms, Variable, WrittenMatrix } from "@gradus/tensor";
import type { Kernel, Operand } from "./kernels/kernel.ts";
import { Library } from "./wgsl/library.ts";
import type { ShaderMemory } from "./wgsl/memory.ts";
import { integerLiteral, literal } from "./wgsl/types.ts";

/** Invocations that share a routine's `each`. */
const size = 64;
/** Workgroups at most: each takes one item of the batch after the other, in memory of its own. */
const mostWorkgroups = 256;

/** A routine step as a kernel: a workgroup does one item, all its invocations the same, and the steps of `each` divided among them. */
export function routineKernel({ op, call, label, reads, write, items, sizes }: RoutineStep): Kernel {
  const workgroups = Math.min(items, mostWorkgroups);
  const tell = (access: Access): RoutineWriter => {
    const writer = new RoutineWriter(access);
    op.routine(writer, call);
    return writer;
  };
  // Only a routine that was told knows how much memory it takes.
  const { words } = tell({ load: () => "", store: () => "", loadScratch: () => "", storeScratch: () => "" });
  const operands: readonly Operand[] = [
    ...reads.map((id): Operand => ({ kind: "buffer", id, written: false })),
    { kind: "buffer", id: write, written: true },
    { kind: "workspace", words: workgroups * words, written: true },
  ];
  return {
    name: `${label} of ${items}`,
    operands,
    workgroups: [workgroups, 1, 1],
    size,
    workgroupBytes: 16,
    source(memory) {
      const { statements, declarations, library } = tell(accessTo(memory, sizes, words));
      const body = `let place = i32(group.x);
for (var item = place; item < ${items}; item += ${workgroups}) {
${statements.join("\n")}
storageBarrier();
}`;
      return { library, declarations: declarations.join(""), body };
    },
  };
}

/** How a routine reaches element `index` of its item. */
interface Access {
  load(slot: number, index: string): string;
  store(index: string, value: string): string;
  loadScratch(index: string): string;
  storeScratch(index: string, value: string): string;
}

function accessTo(memory: ShaderMemory, sizes: readonly number[], words: number): Access {
  const output = sizes.length - 1;
  const own = (operand: number, index: string): string => `item * ${sizes[operand] ?? 0} + ${index}`;
  const scratch = (index: string): string => `place * ${words} + ${index}`;
  return {
    load: (slot, index) => memory.load(slot, own(slot, index)),
    store: (index, value) => memory.store(output, own(output, index), value),
    loadScratch: (index) => `bitcast<f32>(${memory.load(output + 1, scratch(index))})`,
    storeScratch: (index, value) => memory.store(output + 1, scratch(index), `bitcast<i32>(${value})`),
  };
}

interface ShaderTerms extends Terms {
  readonly number: string;
  readonly index: string;
  readonly condition: string;
}

type Number = NumberOf<ShaderTerms>;
type Index = IndexOf<ShaderTerms>;

/** Tells routines in WGSL, in float32. */
class RoutineWriter implements Routine<ShaderTerms> {
  readonly epsilon = 2 ** -23;
  readonly tiny = 1e-37;
  readonly nan: string;
  readonly statements: string[] = [];
  readonly declarations: string[] = [];
  readonly library = new Library();
  /** Words of all matrices so far. */
  words = 0;
  readonly #access: Access;
  #names = 0;

  constructor(access: Access) {
    this.#access = access;
    this.library.need("fromBits");
    this.library.need("root");
    this.nan = literal("float32", Number.NaN);
  }

  input(slot: number, columns: number): ReadMatrix<ShaderTerms> {
    return { at: (row, column) => this.#access.load(slot, position(0, row, column, columns)) };
  }

  output(first: number, columns: number): WrittenMatrix<ShaderTerms> {
    return {
      put: (row, column, value) => this.#say(this.#access.store(position(first, row, column, columns), float(value))),
    };
  }

  scratch(rows: number, columns: number): Matrix<ShaderTerms> {
    const first = this.words;
    this.words += rows * columns;
    return {
      at: (row, column) => this.#access.loadScratch(position(first, row, column, columns)),
      put: (row, column, value) => this.#say(this.#access.storeScratch(position(first, row, column, columns), float(value))),
    };
  }

  number(initial: Number): Variable<string> {
    return this.#variable("f32", float(initial), float);
  }

  index(initial: Index): Variable<string> {
    return this.#variable("i32", int(initial), int);
  }

  each(from: Index, to: Index, body: (i: string) => void): void {
    // What was read before is read by all before one of them writes, and what is written is there for all afterwards.
    this.#say("storageBarrier();");
    this.#loop(`${int(from)} + i32(local)`, to, size, body);
    this.#say("storageBarrier();");
  }

  count(from: Index, to: Index, body: (i: string) => void): void {
    this.#loop(int(from), to, 1, body);
  }

  repeat(most: number, body: (again: () => void) => void): void {
    const [turn, wanted, verdict] = [this.#name(), this.#name("wanted"), this.#name("verdict")];
    this.declarations.push(`var<workgroup> ${wanted}: atomic<u32>;\nvar<workgroup> ${verdict}: u32;\n`);
    this.#say(`for (var ${turn} = 0; ${turn} < ${most}; ${turn}++) {
if (local == 0u) { atomicStore(&${wanted}, 0u); }
workgroupBarrier();`);
    body(() => this.#say(`atomicStore(&${wanted}, 1u);`));
    this.#say(`workgroupBarrier();
if (local == 0u) { ${verdict} = atomicLoad(&${wanted}); }
if (workgroupUniformLoad(&${verdict}) == 0u) { break; }
}`);
  }

  when(condition: string, body: () => void): void {
    this.#say(`if (${condition}) {`);
    body();
    this.#say("}");
  }

  add = (a: Number, b: Number): string => `(${float(a)} + ${float(b)})`;
  sub = (a: Number, b: Number): string => `(${float(a)} - ${float(b)})`;
  mul = (a: Number, b: Number): string => `(${float(a)} * ${float(b)})`;
  div = (a: Number, b: Number): string => `(${float(a)} / ${float(b)})`;
  sqrt = (a: Number): string => `root(${float(a)})`;
  abs = (a: Number): string => `abs(${float(a)})`;
  less = (a: Number, b: Number): string => `(${float(a)} < ${float(b)})`;
  equal = (a: Number, b: Number): string => `(${float(a)} == ${float(b)})`;
  choose = (condition: string, then: Number, otherwise: Number): string => `select(${float(otherwise)}, ${float(then)}, ${condition})`;

  plus = (a: Index, b: Index): string => `(${int(a)} + ${int(b)})`;
  minus = (a: Index, b: Index): string => `(${int(a)} - ${int(b)})`;
  modulo = (a: Index, by: number): string => `(${int(a)} % ${by})`;
  before = (a: Index, b: Index): string => `(${int(a)} < ${int(b)})`;
  same = (a: Index, b: Index): string => `(${int(a)} == ${int(b)})`;
  not = (condition: string): string => `!${condition}`;
  pick = (condition: string, then: Index, otherwise: Index): string => `select(${int(otherwise)}, ${int(then)}, ${condition})`;

  #variable(type: "f32" | "i32", initial: string, written: (value: string | number) => string): Variable<string> {
    const value = this.#name();
    this.#say(`var ${value}: ${type} = ${initial};`);
    return { value, set: (next) => this.#say(`${value} = ${written(next)};`) };
  }

  #loop(from: string, to: Index, step: number, body: (i: string) => void): void {
    const i = this.#name();
    this.#say(`for (var ${i} = ${from}; ${i} < ${int(to)}; ${i} += ${step}) {`);
    body(i);
    this.#say("}");
  }

  #name(prefix = "r"): string {
    return `${prefix}${this.#names++}`;
  }

  #say(statement: string): void {
    this.statements.push(statement);
  }
}

function position(first: number, row: Index, column: Index, columns: number): string {
  return `${first} + ${int(row)} * ${columns} + ${int(column)}`;
}

function float(value: Number): string {
  return typeof value === "number" ? literal("float32", value) : value;
}

function int(value: Index): string {
  return typeof value === "number" ? integerLiteral(value) : value;
}
