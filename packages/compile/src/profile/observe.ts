import { buildPlan } from "../build.ts";
import type { Engine } from "../engine.ts";
import type { Executable, RunTime } from "../plan.ts";

/** Hears of runs, and of what the host does about them. */
export interface RunObserver {
  readonly ran: (run: RunTime) => void;
  readonly spent: (span: HostSpan) => void;
}

/** Something the host did for a plan, or waited for, from `start` to `end` in milliseconds of `performance.now()`. */
export interface HostSpan {
  /**
   * Planning: a program became a plan. Preparing: the backend made code of it. Launching: inputs were copied and commands
   * given, or on a backend that computes at once everything. Waiting: the device worked, and results came back.
   */
  readonly kind: "planning" | "preparing" | "launching" | "waiting";
  readonly plan: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Tells of every run of an engine, and of what the host does about it, until the function returned is called.
 *
 * @throws BackendError if the engine is observed already.
 */
export function observe(engine: Engine, { ran, spent }: RunObserver): () => Promise<void> {
  const { backend } = engine;
  const tell = (kind: HostSpan["kind"], plan: string, start: number): number => {
    const end = performance.now();
    spent({ kind, plan, start, end });
    return end;
  };
  return engine.prepareWith((program, known) => {
    const begun = performance.now();
    const plan = known ?? buildPlan(program, backend);
    const { name } = plan;
    const planned = known === undefined ? tell("planning", name, begun) : begun;
    const observed = (executable: Executable): Executable => {
      tell("preparing", name, planned);
      return {
        run(inputs, bound) {
          const start = performance.now();
          const results = executable.run(inputs, bound);
          const launched = tell("launching", name, start);
          return results instanceof Promise ? results.finally(() => tell("waiting", name, launched)) : results;
        },
        free: () => executable.free(),
      };
    };
    const made = backend.prepareTimed(plan, ran);
    return { plan, executable: made instanceof Promise ? made.then(observed) : observed(made) };
  });
}
