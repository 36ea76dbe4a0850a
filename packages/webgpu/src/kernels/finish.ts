import type { Epilogue } from "@gradus/compile";
import { type Aval, sizeOf } from "@gradus/tensor";
import { Library } from "../wgsl/library.ts";
import type { ShaderMemory } from "../wgsl/memory.ts";
import { spread } from "../wgsl/module.ts";
import { ScalarWriter } from "../wgsl/scalar-writer.ts";
import { inRows, type Kernel, type Kernels, type Operand, workgroupNumber } from "./kernel.ts";

/** How a library kernel ends: what becomes of each finished value. */
export interface Finish {
  /** The operands it needs, which follow the kernel's own. */
  readonly operands: readonly Operand[];
  /** Statements that take the finished `value` of row-major position `position`. */
  readonly store: (memory: ShaderMemory, library: Library, position: string, value: string) => string;
  /** Asks to store in fours: then `store` takes a vector of the values at four positions, the first a multiple of four. */
  readonly inFours: (memory: ShaderMemory) => boolean;
}

/** The output buffer of a library call. */
export interface CallTarget extends Aval {
  readonly id: number;
  /** Elements that one invocation has to write together: those of a word, where the device cannot write less. */
  readonly together: number;
}

/** What follows a library call: its epilogue and its output buffer. */
export interface Ending {
  readonly epilogue: Epilogue | null;
  /** The buffer it writes, and what that holds. */
  readonly write: CallTarget;
}

/** Operands of a library kernel's own, most often: every library op has two inputs. Those of its ending follow. */
const usualInputs = 2;

/** Applies the epilogue and stores the result. Not for results narrower than a word. */
function storeResult({ epilogue, write }: Ending, inputs: number): Finish {
  const reads = epilogue?.reads ?? [];
  const target = inputs + reads.length;
  return {
    operands: [...reads.map((id): Operand => ({ kind: "buffer", id, written: false })), { kind: "buffer", id: write.id, written: true }],
    store(memory, library, position, value) {
      const inFours = memory.isVectors(target);
      if (epilogue === null)
        return inFours ? memory.storeVector(target, `(${position}) / 4`, value) : memory.store(target, position, value);
      const { statements, result } = epilogueCode(epilogue, memory, library, inputs);
      if (!inFours) {
        return `{
let at = ${position};
let done = ${value};
${statements}
${memory.store(target, "at", result)}
}`;
      }
      return `{
let start = ${position};
var four = ${value};
for (var lane = 0; lane < 4; lane++) {
let at = start + lane;
let done = four[lane];
${statements}
four[lane] = ${result};
}
${memory.storeVector(target, "start / 4", "four")}
}`;
    },
    inFours: (memory) => memory.asVectors(target),
  };
}

/** Stores partial sum number `part`, which the kernel's body declares, of each value in the workspace, for `finishParts`. */
function storePart(count: number, parts: number, inputs: number): Finish {
  return {
    operands: [{ kind: "workspace", words: count * parts, written: true }],
    store: (memory, _library, position, value) => memory.store(inputs, `part * ${count} + ${position}`, `bitcast<i32>(${value})`),
    inFours: () => false,
  };
}

const size = 256;

/** Adds up partial sums from the workspace, applies the epilogue, and stores: what ends a split sum, and any call whose result is narrower than a word. */
function finishParts({ epilogue, write }: Ending, parts: number): Kernel {
  const count = sizeOf(write.shape);
  const perWord = write.together;
  const invocations = Math.ceil(count / perWord);
  const workgroups = inRows(Math.ceil(invocations / size));
  const reads = epilogue?.reads ?? [];
  return {
    name: `finish ${parts} parts`,
    operands: [
      { kind: "workspace", words: count * parts, written: false },
      ...reads.map((id): Operand => ({ kind: "buffer", id, written: false })),
      { kind: "buffer", id: write.id, written: true },
    ],
    workgroups,
    size,
    source(memory) {
      const library = new Library();
      const target = 1 + reads.length;
      const ending = epilogue === null ? { statements: "", result: "done" } : epilogueCode(epilogue, memory, library, 1);
      const element = `var done = 0.0f;
for (var part = 0; part < ${parts}; part++) { done += bitcast<f32>(${memory.load(0, `part * ${count} + at`)}); }
${ending.statements}`;
      const number = `${workgroupNumber(workgroups)} * ${size} + i32(local)`;
      const body =
        perWord > 1
          ? `let place = ${number};
if (place >= ${invocations}) { return; }
var word = 0u;
for (var lane = 0; lane < ${perWord}; lane++) {
let at = place * ${perWord} + lane;
if (at < ${count}) {
${element}
word |= ${memory.packed(target, ending.result, "lane")};
}
}
${memory.storeWord(target, "place", "word")}`
          : `let at = ${number};
if (at >= ${count}) { return; }
${element}
${memory.store(target, "at", ending.result)}`;
      return { library, body };
    },
  };
}

/**
 * The kernels of a call: with its ending, or in parts and finished apart where they are several or the result is narrower than a word.
 * `kernel` has `inputs` operands before those of its ending.
 */
export function withEnding(ending: Ending, parts: number, kernel: (finish: Finish) => Kernel, inputs = usualInputs): Kernels {
  if (parts === 1 && ending.write.together === 1) return [kernel(storeResult(ending, inputs))];
  return [kernel(storePart(sizeOf(ending.write.shape), parts, inputs)), finishParts(ending, parts)];
}

/** The epilogue's statements at position `at` for the kernel's value `done`; what it reads are operands from `first`. */
function epilogueCode(
  { axes, value }: Epilogue,
  memory: ShaderMemory,
  library: Library,
  first: number,
): { readonly statements: string; readonly result: string } {
  const { names, statements } = spread("at", axes, "e");
  const load = (buffer: number, index: string): string => memory.load(first + buffer, index);
  const writer = new ScalarWriter({ load, axes: names, accumulators: ["done"], library }, "f");
  const result = writer.value(value);
  return { statements: `${statements}\n${writer.statements}`, result };
}
