import { profile, type ProfileReport } from "@gradus/compile/profile";
import { drawInputs, type PerfCase } from "@gradus/conformance/perf";
import { gradus } from "./libraries/gradus-wasm.ts";

/** Profiles calls of a case on Gradus in this process, for about so many milliseconds after as many to warm up. */
export async function profileCase(
  one: PerfCase,
  { threads, level, milliseconds }: { readonly threads: number; readonly level: string; readonly milliseconds: number },
): Promise<ProfileReport> {
  const library = await gradus(threads, level);
  const prepared = await library.prepare(one, drawInputs(one));
  try {
    return await profile(
      async () => {
        const start = performance.now();
        do await prepared.run();
        while (performance.now() - start < milliseconds);
      },
      { warmups: 1 },
    );
  } finally {
    await prepared.release();
  }
}
