import type { LibraryStep, Plan } from "@gradus/compile";
import type { Candidate } from "../kernel-table.ts";
import { type CandidateList, type Choose, chooseFirst } from "./choose.ts";
import { Choices, type TuningStore } from "./choices.ts";
import { tuningKey } from "./tuning-key.ts";

/** Measures candidates on a device. */
export interface CandidateTimer {
  /** Compiles a candidate, so that `time` need not wait for it. */
  prepare(step: LibraryStep, candidate: Candidate, plan: Plan): Promise<unknown>;
  /** Milliseconds that one run takes; may throw where it cannot run. */
  time(step: LibraryStep, candidate: Candidate, plan: Plan): Promise<number>;
}

export interface TunerOptions {
  /** Choices hold for one adapter alone. */
  readonly adapter: string;
  readonly store: TuningStore | null;
  readonly timer: CandidateTimer;
}

/**
 * Chooses the quickest candidate for a step by measuring each of them, once for all steps alike, and remembers it: in this process,
 * and in a store. Candidates may add up in orders of their own: each is exact within the op's tolerance, whichever wins.
 */
export class Tuner {
  readonly #timer: CandidateTimer;
  readonly #choices: Choices;
  /** Keys being measured: who comes in between waits for the same choice. */
  readonly #underway = new Map<string, Promise<Candidate>>();
  /** One measurement at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ adapter, store, timer }: TunerOptions) {
    this.#timer = timer;
    this.#choices = new Choices(adapter, store);
  }

  readonly choose: Choose = async (step, candidates, plan) => {
    if (candidates.length === 1 || work(step, plan) < leastWork) return chooseFirst(step, candidates, plan);
    const key = tuningKey(step, candidates, plan);
    const name = await this.#choices.get(key);
    const known = candidates.find((candidate) => candidate.name === name);
    if (known !== undefined) return known;
    const before = this.#underway.get(key);
    // Steps alike have candidates alike, but for what their shapes put into them.
    if (before !== undefined) return named((await before).name, candidates);
    // Compilers work side by side, for all the steps of a plan.
    const prepared = Promise.allSettled(candidates.map(async (candidate) => this.#timer.prepare(step, candidate, plan)));
    const made = Promise.all([this.#turn, prepared]).then(() => this.#measure(step, candidates, plan, key));
    this.#underway.set(key, made);
    this.#turn = made.catch(() => undefined);
    try {
      return await made;
    } finally {
      this.#underway.delete(key);
    }
  };

  /** Resolves when the store has everything chosen so far. */
  saved(): Promise<void> {
    return this.#choices.saved();
  }

  /** The quickest; the first where none could be measured, which is then tried again next time. */
  async #measure(step: LibraryStep, candidates: CandidateList, plan: Plan, key: string): Promise<Candidate> {
    let best: Candidate = candidates[0];
    let least = Number.POSITIVE_INFINITY;
    for (const candidate of candidates) {
      const milliseconds = await this.#timer.time(step, candidate, plan).catch(() => Number.POSITIVE_INFINITY);
      if (!(milliseconds < least)) continue;
      least = milliseconds;
      best = candidate;
    }
    if (least < Number.POSITIVE_INFINITY) this.#choices.set(key, best.name);
    return best;
  }
}

/** Elements read and written, from which a step is worth measuring. */
const leastWork = 1 << 14;

function work(step: LibraryStep, { buffers }: Plan): number {
  return [...step.reads, step.write].reduce((sum, id) => sum + (buffers[id]?.bytes ?? 0) / 4, 0);
}

function named(name: string, candidates: CandidateList): Candidate {
  return candidates.find((candidate) => candidate.name === name) ?? candidates[0];
}
