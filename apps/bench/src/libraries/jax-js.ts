// jax-js on its WebAssembly device, which uses one thread.
import { readFileSync } from "node:fs";
import { loadModule } from "../../peers/load.ts";
import { type Jax, jaxJs } from "./jax.ts";
import { serve } from "./library.ts";

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
await serve(async () => jaxJs((await loadModule("@jax-js/jax")) as Jax, "wasm", pinnedVersion()));

/** The library exports no version of its own; the folder of the peers pins it. */
function pinnedVersion(): string {
  return (
    /"@jax-js\/jax": "([^"]+)"/.exec(readFileSync(new URL("../../peers/package.json", import.meta.url), "utf8"))?.[1] ??
    "of unknown version"
  );
}
