// The page's runs without a page, for Deno: README.md has the command.
import { differenceOf } from "./agreement.ts";
import { runsHere } from "./runs.ts";
import { train } from "./train.ts";

const curves: number[][] = [];
for (const { name, backend, threads } of runsHere(true, ["wasm", "webgpu"])) {
  const losses: number[] = [];
  let runtime = "";
  await train({ backend, threads, steps: 50, batchSize: 8 }, (news) => {
    if (news.kind === "losses") losses.push(...news.losses);
    if (news.kind === "begun") runtime = news.backend;
  });
  curves.push(losses);
  const { largest } = differenceOf(curves[0] ?? [], losses);
  console.log(
    `${name} (${runtime}): loss ${losses.at(-1)?.toFixed(6)} after ${losses.length} steps, at most ${largest.toExponential(1)} from the first`,
  );
}
