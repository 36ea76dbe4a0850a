import { useRuntime } from "@gradus/tensor";
import { lazyRuntime } from "./runtime.ts";

// The package's one effect at import; package.json says so, or bundlers would drop it.
// Whoever installed a runtime first keeps it.
const before = useRuntime(lazyRuntime());
if (before !== null) useRuntime(before);
