import { ArgumentError, DTypeError, GradusError, NumericError, ShapeError } from "@gradus/tensor";
import { bindOnce } from "./bind.ts";
import type { Module } from "./module.ts";

/** Told of every call of a module's `forward` that returned, children before parents. */
export type CallObserver = (module: Module, inputs: readonly unknown[], output: unknown) => void;

/**
 * Puts a guard around a module's `forward`, so that errors say in which layer they happened, a model that was never
 * bound is bound before it runs, and summaries can watch. Done by `Module`'s constructor, since any class may define
 * `forward`; the guard is not enumerable, so it is no field of the module.
 */
export function guardForward(module: Module): void {
  const forward: unknown = Reflect.get(module, "forward");
  if (typeof forward !== "function") return;
  const guarded = (...inputs: unknown[]): unknown => call(module, forward, inputs);
  Object.defineProperty(module, "forward", { value: guarded, configurable: true, writable: true, enumerable: false });
}

/** Runs `run` and tells `watch` of every module call in it. */
export function observeCalls<T>(watch: CallObserver, run: () => T): T {
  const before = observer;
  observer = watch;
  try {
    return run();
  } finally {
    observer = before;
  }
}

interface Failure {
  readonly error: unknown;
  /** The innermost module the error came out of. */
  readonly module: Module;
  readonly inputs: readonly unknown[];
}

/** The module whose `forward` was called from outside any other; recording a graph is synchronous, so there is one. */
let root: Module | null = null;
let failure: Failure | null = null;
let observer: CallObserver | null = null;

function call(module: Module, forward: Function, inputs: readonly unknown[]): unknown {
  const outermost = root === null;
  if (outermost) {
    bindOnce(module);
    root = module;
  }
  try {
    const output: unknown = Reflect.apply(forward, module, inputs);
    observer?.(module, inputs, output);
    return output;
  } catch (error) {
    const at: Failure = failure !== null && failure.error === error ? failure : { error, module, inputs };
    failure = at;
    throw outermost ? located(module, at) : error;
  } finally {
    if (outermost) {
      root = null;
      failure = null;
    }
  }
}

const relocatable = [ShapeError, DTypeError, ArgumentError, NumericError] as const;

/** The same error, code and all, saying where in the model it happened. */
function located(model: Module, { error, module, inputs }: Failure): unknown {
  const Kind = relocatable.find((kind) => error instanceof kind);
  if (!(error instanceof GradusError) || Kind === undefined || error.where !== undefined) return error;
  const path = pathWithin(model, module);
  const diagnosis = module.diagnose(...inputs);
  const hint = diagnosis === null ? error.hint : `${path === "" ? module.constructor.name : path} ${diagnosis}`;
  const relocated = new Kind(error.code, error.sentence, {
    facts: error.facts,
    where: placeOf(model, module, path),
    ...(error.subject === undefined ? {} : { subject: error.subject }),
    ...(hint === undefined ? {} : { hint }),
    ...(error.cause === undefined ? {} : { cause: error.cause }),
  });
  // The frames worth reading are those of the op that refused, not of this function.
  const frames = error.stack?.indexOf("\n    at ") ?? -1;
  if (error.stack !== undefined && frames >= 0) relocated.stack = `${relocated.name}: ${relocated.message}${error.stack.slice(frames)}`;
  return relocated;
}

function pathWithin(model: Module, module: Module): string {
  for (const [path, member] of model.walk()) if (member === module) return path;
  return "";
}

/** As one would write it: `Net.blocks[2].conv (Conv2d)`. */
function placeOf(model: Module, module: Module, path: string): string {
  if (path === "") return model.constructor.name;
  const access = path.split(".").map((name) => (/^\d+$/.test(name) ? `[${name}]` : `.${name}`));
  return `${model.constructor.name}${access.join("")} (${module.constructor.name})`;
}
