import type { Epilogue as PlannedEpilogue } from "@gradus/compile";
import type { Epilogue, Level } from "../kernels/kernel.ts";
import { Evaluator } from "./evaluate.ts";
import { Lanes } from "./lanes.ts";
import { scalarKey } from "./scalar-key.ts";
import type { LoopContext } from "./shape.ts";

/** A planned epilogue as code that library kernels call where they store. */
export function epilogueCode(planned: PlannedEpilogue | null, level: Level, { math, buffers }: LoopContext): Epilogue | null {
  if (planned === null) return null;
  const { axes, value, reads } = planned;
  const dtypes = reads.map((id) => buffers[id]?.dtype ?? "float32");
  return {
    key: `${axes.join()}|${dtypes.join()}|${scalarKey(value)}`,
    buffers: reads.length,
    emit: (f, site) => {
      const evaluator = new Evaluator(
        new Lanes(f, site.lanes, level),
        {
          axes: site.axes,
          depths: axes.map(() => 0),
          vectorAxis: axes.length - 1,
          aligned: false,
          buffers: site.buffers,
          dtypes,
          math: math(),
          inline: false,
          accumulators: [site.accumulator],
          accumulatorDepth: 0,
        },
        [value],
      );
      evaluator.enter(0);
      f.get(evaluator.value(value));
      evaluator.leave();
    },
  };
}
