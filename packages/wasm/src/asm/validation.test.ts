import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AssemblerError,
  type FunctionBuilder,
  type InstructionArgument,
  type Label,
  type Local,
  ModuleBuilder,
  type Operand,
  type ValueType,
} from "./index.ts";
import type { InstructionRow } from "./instruction-table.ts";
import { instructionRows } from "./instructions.ts";

/** 200,000 in a full run; a few thousand in every other. */
const cases = Number(process.env["GRADUS_FUZZ_CASES"] ?? 4000);

const types = ["i32", "i64", "f32", "f64", "v128"] as const satisfies readonly ValueType[];
const rows = instructionRows.map(({ name, row }) => [name, row] as const);

/** Decides what comes next from a list of random integers, so that a failing program shrinks. */
class Choices {
  readonly #tape: readonly number[];
  #at = 0;

  constructor(tape: readonly number[]) {
    this.#tape = tape;
  }

  get left(): boolean {
    return this.#at < this.#tape.length;
  }

  below(limit: number): number {
    return (this.#tape[this.#at++] ?? 0) % limit;
  }

  of<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new Error("nothing to choose from");
    return value;
  }
}

type Emit = (...args: InstructionArgument[]) => void;

function method(f: FunctionBuilder, name: string): Emit {
  const [space = "", rest = ""] = name.split(".");
  return (f[space as "i32"] as unknown as Record<string, Emit>)[rest] ?? expect.fail(`no method for ${name}`);
}

function immediates(row: InstructionRow, choices: Choices): InstructionArgument[] {
  const place = (): InstructionArgument =>
    row.exactAlignment ? choices.below(9999) : { offset: choices.below(2 ** 31), align: 2 ** choices.below(Math.log2(row.size) + 1) };
  switch (row.immediate) {
    case "none":
      return [];
    case "memory":
      return [place()];
    case "lane":
      return [choices.below(row.size)];
    case "memoryLane":
      return [place(), choices.below(16 / row.size)];
    case "lanes":
      return [Array.from({ length: 16 }, () => choices.below(32))];
    case "bytes":
      return [Uint8Array.from({ length: 16 }, () => choices.below(256))];
    case "literal":
      return [row.result === "i64" ? BigInt(choices.below(2 ** 31)) * 4_294_967_299n - 2n ** 62n : choices.below(2 ** 31)];
  }
}

interface Scope {
  readonly f: FunctionBuilder;
  readonly choices: Choices;
  readonly locals: readonly Local[];
  readonly labels: readonly Label[];
}

/** An operand of the type: a local, a constant, or nested code. */
function operand(scope: Scope, type: ValueType, depth: number): Operand {
  const { f, choices, locals } = scope;
  if (depth > 0 && choices.left) {
    const makers = rows.filter(([, row]) => row.result === type);
    const [name, row] = choices.of(makers);
    return () => method(f, name)(...immediates(row, choices), ...row.operands.map((wanted) => operand(scope, wanted, depth - 1)));
  }
  const local = choices.of(locals.filter((candidate) => candidate.type === type));
  if (type === "v128" || choices.below(2) === 0) return local;
  return type === "i64" ? BigInt(choices.below(1000)) : choices.below(1000);
}

/** Statements that leave the stack as they found it. */
function statements(scope: Scope, depth: number): void {
  const { f, choices, labels, locals } = scope;
  const inner = (label: Label) => statements({ ...scope, labels: [...labels, label] }, depth - 1);
  for (let count = choices.below(6); count > 0 && choices.left; count--) {
    const kind = choices.below(depth > 0 ? 10 : 6);
    switch (kind) {
      case 0:
      case 1: {
        const local = choices.of(locals);
        f.set(local, operand(scope, local.type, 3));
        break;
      }
      case 2: {
        const [name, row] = choices.of(rows.filter(([, candidate]) => candidate.result === null));
        method(f, name)(...immediates(row, choices), ...row.operands.map((type) => operand(scope, type, 2)));
        break;
      }
      case 3: {
        // Operands left on the stack beforehand, none given to the method.
        const [name, row] = choices.of(rows.filter(([, candidate]) => candidate.result !== null));
        for (const type of row.operands) f.push(type, operand(scope, type, 2));
        method(f, name)(...immediates(row, choices));
        f.drop();
        break;
      }
      case 4: {
        const label = labels.length > 0 ? choices.of(labels) : undefined;
        if (label === undefined) f.nop();
        else f.brIf(label, operand(scope, "i32", 1) as Operand<"i32">);
        break;
      }
      case 5: {
        const last = choices.below(4);
        if (last === 0 && labels.length > 0) f.br(choices.of(labels));
        else if (last === 1) f.return();
        else if (last === 2) f.unreachable();
        else {
          f.select("f32", 1, 2, operand(scope, "i32", 1) as Operand<"i32">);
          f.drop();
        }
        break;
      }
      case 6:
        f.block(inner);
        break;
      case 7:
        f.loop(inner);
        break;
      case 8:
        f.if(operand(scope, "i32", 1) as Operand<"i32">, inner, choices.below(2) === 0 ? inner : undefined);
        break;
      case 9: {
        const type = choices.of(types);
        f.if(
          operand(scope, "i32", 1) as Operand<"i32">,
          (label) => {
            statements(scope, depth - 1);
            f.push(type, operand(scope, type, 1));
            if (choices.below(2) === 0) f.brIf(label, 1);
          },
          () => f.push(type, operand(scope, type, 1)),
          type,
        );
        f.drop();
        break;
      }
    }
  }
}

function build(body: (scope: Scope) => void, tape: readonly number[]): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory({ initial: 1, maximum: 2 });
  module.function("random", { parameters: types }, (f, ...parameters) => {
    const locals = [...parameters, ...types.map((type) => f.local(type))];
    body({ f, choices: new Choices(tape), locals, labels: [] });
  });
  return module.build();
}

const tape = fc.array(fc.nat(), { maxLength: 120, size: "max" });

describe("whatever is emitted validates", () => {
  it("well-typed structured programs", { timeout: 600_000 }, () => {
    fc.assert(
      fc.property(tape, (choices) => {
        expect(WebAssembly.validate(build((scope) => statements(scope, 4), choices))).toBe(true);
      }),
      { numRuns: Math.ceil(cases / 2), seed: 1 },
    );
  });

  it("random calls of the builder: refused with the typed error, or valid", { timeout: 600_000 }, () => {
    let refused = 0;
    let accepted = 0;
    fc.assert(
      fc.property(tape, (list) => {
        let bytes: Uint8Array<ArrayBuffer>;
        try {
          bytes = build((scope) => noise(scope, 3), list);
        } catch (error) {
          if (!(error instanceof AssemblerError)) throw error;
          refused++;
          return;
        }
        accepted++;
        expect(WebAssembly.validate(bytes)).toBe(true);
      }),
      { numRuns: Math.ceil(cases / 4), seed: 2 },
    );
    expect(refused).toBeGreaterThan(cases / 100);
    expect(accepted).toBeGreaterThan(cases / 100);
  });

  it("an operand of any wrong type is refused, for every instruction", { timeout: 600_000 }, () => {
    const faulty = rows.flatMap(([name, row]) => row.operands.map((type, at) => ({ name, row, type, at })));
    fc.assert(
      fc.property(fc.constantFrom(...faulty), fc.constantFrom(...types), tape, ({ name, row, type, at }, wrong, list) => {
        fc.pre(wrong !== type);
        expect(() =>
          build(({ f, choices, locals }) => {
            row.operands.forEach((wanted, i) =>
              f.get(locals[types.indexOf(i === at ? wrong : wanted)] ?? expect.fail("a local of each type")),
            );
            method(f, name)(...immediates(row, choices));
            if (row.result !== null) f.drop();
          }, list),
        ).toThrow(AssemblerError);
      }),
      { numRuns: Math.ceil(cases / 4), seed: 3 },
    );
  });

  it("each instruction alone", () => {
    for (const [name, row] of rows) {
      const bytes = build((scope) => {
        method(scope.f, name)(...immediates(row, scope.choices), ...row.operands.map((type) => operand(scope, type, 0)));
        if (row.result !== null) scope.f.drop();
      }, []);
      expect(WebAssembly.validate(bytes), name).toBe(true);
    }
  });
});

/** Immediates of the wrong kind or out of every range. */
const nonsense: readonly InstructionArgument[] = [
  -1,
  0.5,
  Number.NaN,
  2 ** 33,
  300,
  2n ** 70n,
  { offset: 0, align: 3 },
  { offset: -4, align: 64 },
  [1, 2, 3],
  new Uint8Array(15),
  Array.from({ length: 16 }, () => 77),
];

/** Calls with no regard to the stack. */
function noise(scope: Scope, depth: number): void {
  const { f, choices, locals, labels } = scope;
  const inner = (label: Label) => noise({ ...scope, labels: [...labels, label] }, depth - 1);
  for (let count = choices.below(5); count > 0 && choices.left; count--) {
    switch (choices.below(depth > 0 ? 12 : 8)) {
      case 0:
        f.get(choices.of(locals));
        break;
      case 1:
        f.set(choices.of(locals));
        break;
      case 2:
        f.tee(choices.of(locals));
        break;
      case 3:
        f.drop();
        break;
      case 4:
        if (labels.length > 0) f.br(choices.of(labels));
        break;
      case 5:
        if (labels.length > 0) f.brIf(choices.of(labels));
        break;
      case 6: {
        const [name, row] = choices.of(rows);
        const given = immediates(row, choices);
        method(f, name)(...(choices.below(8) === 0 ? given.map(() => choices.of(nonsense)) : given));
        break;
      }
      case 7:
        if (choices.below(2) === 0) f.unreachable();
        else f.return();
        break;
      case 8:
        f.block(inner, choices.of([null, ...types]));
        break;
      case 9:
        f.loop(inner, choices.of([null, ...types]));
        break;
      case 10:
        f.if(choices.below(2), inner, choices.below(2) === 0 ? inner : undefined, choices.of([null, ...types]));
        break;
      case 11:
        f.set(choices.of(locals), () => noise(scope, depth - 1));
        break;
    }
  }
}
