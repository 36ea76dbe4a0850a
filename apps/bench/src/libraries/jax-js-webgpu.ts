// jax-js on its WebGPU device, in Node through Dawn.
import { loadModule, pinnedVersion } from "../../peers/load.ts";
import { giveNavigatorGpu, nodeAdapter } from "../gpu/node-navigator.ts";
import { type Jax, jaxJs } from "./jax.ts";
import { serve } from "./library.ts";

await serve(async () => {
  const adapter = await nodeAdapter(await giveNavigatorGpu());
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
  return jaxJs((await loadModule("@jax-js/jax")) as Jax, "webgpu", `${pinnedVersion("@jax-js/jax")}, WebGPU on ${adapter}`);
});
