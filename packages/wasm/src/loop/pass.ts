import { type Combine, type Scalar, sizeOf } from "@gradus/tensor";
import type { LoopStep } from "@gradus/compile";
import type { Local } from "../asm/index.ts";
import { finds, finish, mayWin, restart, type Running, startReduction, takeTerm } from "./combine.ts";
import { Evaluator, type Site } from "./evaluate.ts";
import { accumulatorsOf } from "./found-once.ts";
import { interleave } from "./interleave.ts";
import type { Lanes } from "./lanes.ts";

/** What one way through the parallel body computes. */
export interface Body {
  readonly step: LoopStep;
  /** The terms at each place of a short reduction, which is written out; null where the reduction is a loop over `step.terms`. */
  readonly taps: readonly (readonly Scalar[])[] | null;
  /** What is stored, for each of the vectors that are written out one after the other. */
  readonly writes: readonly (readonly Scalar[])[];
  /** Whether those vectors are computed step by step in turn. */
  readonly inTurn: boolean;
  /** Whether the vectors hold every so many-th element, and are put together as they are stored: as many as there are. */
  readonly interleaved?: boolean;
}

/** One way through the parallel body: four lanes wide, or one. */
export class Pass {
  readonly lanes: Lanes;
  readonly body: Body;
  readonly #site: Omit<Site, "accumulators">;
  readonly #terms: Evaluator;
  readonly #stores: Evaluator;
  readonly #running: readonly Running[];

  constructor(lanes: Lanes, site: Omit<Site, "accumulators">, body: Body) {
    this.lanes = lanes;
    this.body = body;
    this.#site = site;
    const { step, taps, writes } = body;
    this.#running = step.terms.map(({ combine, value }) => startReduction(lanes, combine, value.dtype));
    this.#terms = new Evaluator(lanes, { ...site, accumulators: [] }, taps?.flat() ?? step.terms.map(({ value }) => value));
    const accumulators = accumulatorsOf(this.#running);
    this.#stores = new Evaluator(lanes, { ...site, accumulators }, writes.flat());
  }

  /** Takes over the column where a vector begins: an interleaved body's lanes count in steps. */
  locate(column: Local<"i32">): void {
    const { f } = this.lanes;
    const { axes, vectorAxis, position } = this.#site;
    const steps = axes[vectorAxis];
    if (this.body.interleaved !== true || steps === undefined) return;
    if (position === undefined) f.set(steps, () => f.i32.shr_u(column, Math.log2(this.body.writes.length)));
    else f.set(steps, position);
  }

  enter(depth: number): void {
    this.#terms.enter(depth, this.body.taps !== null && depth === this.#site.accumulatorDepth);
    // What is stored may depend on the reduction, which is not done yet when its own depth is entered.
    if (depth < this.#site.accumulatorDepth) this.#stores.enter(depth);
  }

  leave(depth: number): void {
    this.#terms.leave();
    if (depth < this.#site.accumulatorDepth) this.#stores.leave();
  }

  /** Runs over the reduced axes. */
  reduce(depth: number): void {
    const { f } = this.lanes;
    const { terms, reduce, extents } = this.body.step;
    if (terms.length === 0) return;
    this.#each((running, { combine, dtype }) => restart(this.lanes, combine, dtype, running));
    if (this.body.taps !== null) {
      this.body.taps.forEach((values, at) =>
        this.#each((running, { combine, dtype }, i) => {
          const value = values[i];
          if (value !== undefined) takeTerm(this.lanes, combine, dtype, running, this.#terms.value(value), this.lanes.integer(at));
        }),
      );
    } else {
      const reduced = this.#site.axes.slice(extents.length);
      const position = f.local("i32", 0);
      const take = (): void => {
        this.#terms.enter(depth);
        const at = this.lanes.count === 1 ? () => f.get(position) : () => f.i32x4.splat(position);
        this.#each((running, { combine, dtype, value }) => {
          const term = this.#terms.value(value);
          const win = (): void => takeTerm(this.lanes, combine, dtype, running, term, at);
          if (finds(combine)) f.if(() => mayWin(this.lanes, combine, dtype, running, [term]), win);
          else win();
        });
        this.#terms.leave();
        f.set(position, () => f.i32.add(position, 1));
      };
      const loop = (axis: number): void => {
        const index = reduced[axis];
        if (index === undefined) return take();
        f.for(index, 0, reduce[axis] ?? 1, 1, () => loop(axis + 1));
      };
      if (sizeOf(reduce) > 0) loop(0);
      f.free(position);
    }
    this.#each((running) => finish(this.lanes, running));
  }

  /** The values to store, vector by vector; each vector's are computed before any of them is stored. */
  forResults(storeVector: (values: readonly Local[], vector: number) => void): void {
    const { writes, interleaved = false } = this.body;
    this.#stores.enter(this.#site.accumulatorDepth, true);
    if (this.body.inTurn) this.#stores.inTurn(writes);
    const values = (vector: number): Local[] => (writes[vector] ?? []).map((value) => this.#stores.value(value));
    if (interleaved)
      this.#together(
        writes.map((_, vector) => values(vector)),
        storeVector,
      );
    else writes.forEach((_, vector) => storeVector(values(vector), vector));
    this.#stores.leave();
  }

  /** Stores what every so many-th element is of as vectors of elements that adjoin. */
  #together(parts: readonly (readonly Local[])[], storeVector: (values: readonly Local[], vector: number) => void): void {
    const { f } = this.lanes;
    const outputs =
      parts[0]?.map((_, output) =>
        interleave(
          f,
          parts.flatMap((values) => values[output] ?? []),
        ),
      ) ?? [];
    parts.forEach((_, vector) =>
      storeVector(
        outputs.flatMap((vectors) => vectors[vector] ?? []),
        vector,
      ),
    );
    f.free(...outputs.flat());
  }

  #each(visit: (running: Running, term: { combine: Combine; dtype: Scalar["dtype"]; value: Scalar }, index: number) => void): void {
    this.body.step.terms.forEach(({ combine, value }, i) => {
      const running = this.#running[i];
      if (running !== undefined) visit(running, { combine, dtype: value.dtype, value }, i);
    });
  }
}
