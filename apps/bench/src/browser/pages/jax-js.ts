// jax-js on its WebAssembly device, in a page.
import { type Jax, jaxJs } from "../../libraries/jax.ts";
import { servePage } from "./serve-page.ts";

servePage(async ({ threads, version }) => {
  // It takes as many workers as the page has cores when it is imported, and has no setting of its own.
  Object.defineProperty(navigator, "hardwareConcurrency", { value: threads });
  const { peer: jax } = await import("peer:@jax-js/jax");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the peer's types are not part of the workspace
  return jaxJs(jax as Jax, "wasm", version);
});
