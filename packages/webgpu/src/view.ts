import { placeInScan, type Plan, type ScanStep } from "@gradus/compile";

/** Where a buffer is: so many bytes into its source, and in run k of an enclosing scan k times the scan's step further. */
export interface Location {
  /** The arena, or the buffer bound to a slot of the plan. */
  readonly source: "arena" | number;
  readonly offset: number;
  /** In bytes, of the outermost scan first. */
  readonly steps: readonly number[];
}

/** A plan that is run on the device, or the body of one of its scans, and where its buffers are. */
export interface View {
  readonly plan: Plan;
  readonly locate: (buffer: number) => Location;
  /** How often each enclosing scan runs its body. */
  readonly counts: readonly number[];
}

/** A plan whose arena and slots are the run's. */
export function viewOf(plan: Plan): View {
  const locate = (buffer: number): Location => {
    const place = plan.buffers[buffer]?.place;
    if (place === undefined) throw new RangeError(`the plan has no buffer ${buffer}`);
    return place.kind === "arena" ? { source: "arena", offset: place.offset, steps: [] } : { source: place.slot, offset: 0, steps: [] };
  };
  return { plan, locate, counts: [] };
}

/** The body of a scan, whose buffers are in the outer plan's. */
export function bodyView({ plan, locate, counts }: View, step: ScanStep): View {
  const inside = (id: number): Location => {
    const { buffer, offset, step: by } = placeInScan(step, plan.buffers, id);
    const outer = locate(buffer);
    return { ...outer, offset: outer.offset + offset, steps: [...outer.steps, by] };
  };
  return { plan: step.body, locate: inside, counts: [...counts, step.count] };
}

/** How far a location has moved in some run of each enclosing scan. */
export function movedBy(steps: readonly number[], runs: readonly number[]): number {
  return steps.reduce((sum, step, depth) => sum + step * (runs[depth] ?? 0), 0);
}
