// Gradus on its WebAssembly backend, in a page.
import { gradus } from "../../libraries/gradus-wasm.ts";
import { servePage } from "./serve-page.ts";

servePage(async ({ threads, level }) => gradus(threads, level));
