import { ArgumentError, type HostTensor, type Parameterised, type Shape, State, type Tensor } from "@gradus/tensor";
import type { Context } from "./context.ts";
import { bindOnce } from "./bind.ts";
import { guardForward } from "./call.ts";
import { Param } from "./param.ts";
import { type LoadOptions, type LoadReport, loadState, readState } from "./state-dict.ts";
import { type LayerFacts, pointwise } from "./layer-facts.ts";

/**
 * A part of a model. A module *is* its fields: parameters, other modules, and arrays or plain objects of them are found by
 * walking its public fields, and the way to one is its name, as in PyTorch: `layer1.0.conv1.weight`.
 *
 * Example:
 * ```ts
 * class Net extends Module {
 *   readonly hidden = new Linear(784, 128);
 *   readonly output = new Linear(128, 10);
 *   forward(x: Tensor, ctx: Context = EVAL): Tensor {
 *     return this.output.forward(relu(this.hidden.forward(x, ctx)), ctx);
 *   }
 * }
 * ```
 *
 * An error thrown inside `forward` says in which layer: `in Net.hidden (Linear)`.
 */
export abstract class Module implements Parameterised {
  constructor() {
    guardForward(this);
  }

  /** What the module computes. The context comes last and is `EVAL` when left out. */
  abstract forward(...inputs: never[]): unknown;

  /**
   * What the module consists of, by name: its own public fields. Override to name them otherwise.
   * A field that must not be walked is a #private one.
   */
  fields(): Iterable<readonly [name: string, value: unknown]> {
    return Object.entries(this);
  }

  /** This module, and every module and state cell below it with its path, depth first in the order of the fields. */
  walk(): Iterable<readonly [path: string, member: Module | State]> {
    const members: [string, Module | State][] = [];
    collect(this, "", [], members);
    return members;
  }

  /** Trainable parameters by path, each once. */
  *parameters(): Generator<readonly [path: string, parameter: Param]> {
    bindOnce(this);
    const seen = new Set<Param>();
    for (const [path, member] of this.walk()) {
      if (!(member instanceof Param) || seen.has(member)) continue;
      seen.add(member);
      yield [path, member];
    }
  }

  /** State that is kept and saved but not trained, such as running statistics, by path. */
  *buffers(): Generator<readonly [path: string, buffer: State]> {
    for (const [path, member] of this.walk()) if (member instanceof State && !(member instanceof Param)) yield [path, member];
  }

  /** A copy of every parameter and buffer, by path. */
  stateDict(): Promise<Map<string, HostTensor>> {
    return readState(this);
  }

  /**
   * Takes parameters and buffers from `entries`, by path. If anything does not fit, everything stays as it was.
   *
   * @throws ArgumentError that lists every missing, unexpected and wrongly shaped entry. With `strict: false` missing and
   * unexpected ones are allowed, and returned.
   */
  loadStateDict(entries: ReadonlyMap<string, HostTensor>, options: LoadOptions = {}): LoadReport {
    return loadState(this, entries, options);
  }

  /** Gives the device memory of parameters and buffers back. Their values are lost. */
  free(): void {
    for (const [, member] of this.walk()) if (member instanceof State) member.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }

  /**
   * Why `forward` cannot take such inputs, to follow the module's path in an error's hint: "expects 512 inputs but
   * receives 784". Asked only after an error; null if there is nothing to say.
   */
  diagnose(..._inputs: unknown[]): string | null {
    return null;
  }

  /** What one call costs and how far it sees, for summaries. */
  facts(_input: Shape, _output: Shape): LayerFacts {
    return pointwise;
  }
}

/** A module that takes one tensor and gives one. */
export interface Layer extends Module {
  forward(x: Tensor, ctx?: Context): Tensor;
}

function collect(value: unknown, path: string, above: object[], into: [string, Module | State][]): void {
  if (value instanceof State) {
    into.push([path, value]);
    return;
  }
  const members = membersOf(value);
  if (members === null || typeof value !== "object" || value === null) return;
  if (above.includes(value)) {
    throw new ArgumentError("module/cycle", `${path} leads back to a module it is part of`, {
      subject: above[0]?.constructor.name ?? "Module",
      hint: "keep such a reference in a #private field, which is not walked",
    });
  }
  if (value instanceof Module) into.push([path, value]);
  above.push(value);
  for (const [name, member] of members) {
    if (typeof member === "object") collect(member, path === "" ? name : `${path}.${name}`, above, into);
  }
  above.pop();
}

/** What to walk on to: null for values that cannot hold state. */
function membersOf(value: unknown): Iterable<readonly [string, unknown]> | null {
  if (value instanceof Module) return value.fields();
  if (typeof value !== "object" || value === null) return null;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Array.prototype && prototype !== Object.prototype && prototype !== null) return null;
  const members: readonly (readonly [string, unknown])[] = Object.entries(value);
  return members;
}
