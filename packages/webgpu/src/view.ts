import { bytesOf, type Plan, type ScanStep } from "@gradus/compile";

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

/** The body of a scan: what it binds are rows of the outer plan's buffers, one of which is its arena. */
export function bodyView({ plan, locate, counts }: View, { body, rows, arena, count }: ScanStep): View {
  const inside = (buffer: number): Location => {
    const place = body.buffers[buffer]?.place;
    const row = place?.kind === "bound" ? rows[place.slot] : undefined;
    const outer = row?.buffer ?? arena;
    if (place === undefined || outer === null) throw new RangeError(`the body of a scan has no buffer ${buffer}`);
    const { source, offset, steps } = locate(outer);
    const element = bytesOf({ shape: [], dtype: plan.buffers[outer]?.dtype ?? "float32" });
    const within = place.kind === "arena" ? place.offset : (row?.first ?? 0) * element;
    return { source, offset: offset + within, steps: [...steps, (row?.step ?? 0) * element] };
  };
  return { plan: body, locate: inside, counts: [...counts, count] };
}

/** How far a location has moved in some run of each enclosing scan. */
export function movedBy(steps: readonly number[], runs: readonly number[]): number {
  return steps.reduce((sum, step, depth) => sum + step * (runs[depth] ?? 0), 0);
}
