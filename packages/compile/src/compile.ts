import {
  ArgumentError,
  BackendError,
  currentRuntime,
  type DType,
  fromHost,
  type HostData,
  type HostTensor,
  identityOf,
  isPlainObject,
  mapTensors,
  pendingStates,
  State,
  Tensor,
} from "@gradus/tensor";
import { Engine, takePending, unsettled } from "./engine.ts";
import { type Plan } from "./plan.ts";
import { type Program, readProgram } from "./program.ts";

/** A compiled function: called like the original, it replays the plan made for its arguments' shapes. */
export interface Compiled<A extends readonly unknown[], R> {
  (...args: { readonly [K in keyof A]: Argument<A[K]> }): Result<R>;
  /** The plans made so far, one for each signature. */
  readonly plans: readonly Plan[];
}

/** What a compiled function returns: its own result, or for one that returns nothing a promise of its end. */
export type Result<R> = [R] extends [void] ? Promise<void> : R;

/** Where the function takes a tensor, a caller may give a tensor, a host tensor (a batch), or a number. */
export type Argument<T> = T extends Tensor
  ? Tensor | HostTensor | number
  : T extends (...args: never[]) => unknown
    ? T
    : T extends object
      ? { readonly [K in keyof T]: Argument<T[K]> }
      : T;

interface Trace {
  readonly program: Program;
  readonly outputs: readonly Tensor[];
  /** Rebuilds the function's result around fresh tensors. */
  readonly rebuild: (tensors: readonly Tensor[]) => unknown;
  /** The latest plan, for printing. */
  plan: Plan | null;
}

/**
 * Records `fn` once for each signature of its arguments (shapes, dtypes, and values that are not tensors) and replays
 * the plan from then on. It changes speed, never meaning, provided `fn` depends only on its arguments and on state cells.
 *
 * Tensors, host tensors and numbers anywhere inside the arguments become inputs of the plan, so a learning rate passed
 * as a number can change without recompiling. State assigned inside is updated in place at the end of each call.
 *
 * Example:
 * `const step = compile(({ image, label }: Batch) => { ...; return loss; }); await step(batch).item();`
 *
 * @throws BackendError if a value is read inside `fn`.
 */
export function compile<A extends readonly unknown[], R>(fn: (...args: A) => R): Compiled<A, R> {
  const traces = new Map<string, Trace>();
  const call = (...args: unknown[]): Result<R> => {
    const engine = currentEngine("compile");
    const given: Tensor[] = [];
    const signature: string[] = [engine.name];
    const template = args.map((arg) => replaceArguments(arg, given, signature, 0));
    const key = signature.join("|");
    engine.startRequested();
    const before = pendingStates.size > 0 ? engine.carryOut(takePending()) : null;
    // Whoever waits for the step hears of it.
    before?.catch(() => undefined);
    let trace = traces.get(key);
    if (trace === undefined) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the template is the arguments with the recording's tensors in their places
      trace = record(() => fn(...(template as unknown as A)));
      engine.refuseArriving(trace.program);
      traces.set(key, trace);
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- rebuilt from the function's own result
    return start(engine, trace, given, before) as Result<R>;
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a function of erased arguments gets back the type of `fn`, and `plans`
  return Object.defineProperty(call, "plans", {
    get: () => [...traces.values()].flatMap(({ plan }) => plan ?? []),
  }) as unknown as Compiled<A, R>;
}

/**
 * The installed runtime, which `subject` needs to be an engine.
 *
 * @throws BackendError if it is another kind of runtime.
 */
export function currentEngine(subject: string): Engine {
  const runtime = currentRuntime();
  if (runtime instanceof Engine) return runtime;
  throw new BackendError("compile/runtime", `runtime "${runtime.name}" cannot replay plans`, { subject });
}

function record(run: () => unknown): Trace {
  let outputs: Tensor[];
  let rebuild: (tensors: readonly Tensor[]) => unknown;
  let program: Program;
  try {
    const result = run();
    outputs = [];
    const positions = new Map<Tensor, number>();
    const shape = mapTensors(result, (tensor) => {
      const value = tensor.value();
      if (!positions.has(value)) {
        positions.set(value, outputs.length);
        outputs.push(value);
      }
      return value;
    });
    rebuild = (tensors) => mapTensors(shape, (tensor) => tensors[positions.get(tensor) ?? -1] ?? tensor);
    program = readProgram(outputs, takePending());
  } finally {
    for (const state of new Set<State>(pendingStates)) state.discard();
  }
  return { program, outputs, rebuild, plan: null };
}

/** Runs a trace; with updates under way `before` it, which it reads, it is done when they are and fails if they do. */
function start(engine: Engine, trace: Trace, given: readonly Tensor[], before: Promise<void> | null): unknown {
  const targets = trace.outputs.map(unsettled);
  const resolve = (leaf: Tensor): Tensor => {
    if (leaf.source.kind === "argument") return given[leaf.source.position] ?? leaf;
    return leaf.source.kind === "state" ? leaf.source.state.leaf() : leaf;
  };
  const launch = engine.launch(trace.program, resolve, targets);
  trace.plan = launch.plan;
  const done = before === null ? launch.done : Promise.all([before, launch.done]).then(() => undefined);
  if (done !== null) for (const target of targets) target.running(done);
  const result = trace.rebuild(targets);
  return result === undefined ? (done ?? Promise.resolve()) : result;
}

/**
 * Swaps tensors, host tensors and numbers for arguments of the plan, and writes down what is left as the signature.
 * State cells and kept tensors are read where they are, and other objects are told apart by identity: both are part of the signature.
 */
function replaceArguments(value: unknown, given: Tensor[], signature: string[], depth: number): unknown {
  if (depth > 8) throw new ArgumentError("compile/arguments", "arguments are nested too deeply", { subject: "compile" });
  const take = (tensor: Tensor): Tensor => {
    signature.push(`${tensor.dtype}[${tensor.shape.join()}]`);
    const position = given.push(tensor) - 1;
    return new Tensor(tensor, { kind: "argument", position });
  };
  if (value instanceof State) {
    signature.push(`state#${identityOf(value)}`);
    return value;
  }
  if (value instanceof Tensor) {
    if (value.host !== null) return take(value);
    const { source } = value;
    if (source.kind === "state" && source.version === source.state.version) {
      signature.push(`state#${identityOf(source.state)}`);
      return value;
    }
    if (source.kind === "kept") {
      signature.push(`kept#${identityOf(value)}`);
      return value;
    }
    throw new ArgumentError(
      "compile/lazy-argument",
      "a compiled function takes tensors that have data, and this one was not computed yet",
      {
        subject: "compile",
        facts: { argument: String(value) },
        hint: "await its data() first, or compute it inside the function",
      },
    );
  }
  if (typeof value === "number") return take(fromHost([], "float32", Float32Array.of(value)));
  if (isHostTensor(value)) return take(fromHost(value.shape, value.dtype, value.data));
  if (Array.isArray(value)) {
    signature.push("[");
    const items = value.map((item: unknown) => replaceArguments(item, given, signature, depth + 1));
    signature.push("]");
    return items;
  }
  if (isPlainObject(value)) {
    const result: Record<string, unknown> = {};
    signature.push("{");
    for (const [name, item] of Object.entries(value)) {
      signature.push(JSON.stringify(name));
      result[name] = replaceArguments(item, given, signature, depth + 1);
    }
    signature.push("}");
    return result;
  }
  if (typeof value === "string") signature.push(JSON.stringify(value));
  else
    signature.push(
      (typeof value === "object" && value !== null) || typeof value === "function"
        ? `object#${identityOf(value)}`
        : `${typeof value} ${String(value)}`,
    );
  return value;
}

function isHostTensor(value: unknown): value is { readonly dtype: DType; readonly shape: readonly number[]; readonly data: HostData } {
  return (
    typeof value === "object" && value !== null && "dtype" in value && "shape" in value && "data" in value && ArrayBuffer.isView(value.data)
  );
}
