import { cases, drawInputs } from "@gradus/conformance/perf";
import { jaxJs } from "./src/libraries/jax.ts";
import { loadModule } from "./peers/load.ts";
const lib = await jaxJs((await loadModule("@jax-js/jax")) as any, "wasm", "");
const one = cases.find((c) => c.name === process.argv[2])!;
const p = await lib.prepare(one, drawInputs(one));
const t = performance.now(); await p.run(); console.log(one.name, ((performance.now() - t) / 1000).toFixed(1), "s");
process.exit(0);
