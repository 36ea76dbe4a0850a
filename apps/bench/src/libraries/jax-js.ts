// jax-js on its WebAssembly device, which uses one thread.
import { loadModule, pinnedVersion } from "../../peers/load.ts";
import { type Jax, jaxJs } from "./jax.ts";
import { serve } from "./library.ts";

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
await serve(async () => jaxJs((await loadModule("@jax-js/jax")) as Jax, "wasm", pinnedVersion("@jax-js/jax")));
