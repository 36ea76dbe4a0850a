import { ModuleBuilder } from "./asm/index.ts";
import type { Level } from "./kernels/kernel.ts";

/** What this host's WebAssembly offers. */
export interface Features {
  readonly simd: boolean;
  readonly relaxedSimd: boolean;
  /** Shared memory and atomics: in pages they need cross-origin isolation. */
  readonly threads: boolean;
}

let known: Features | null = null;

/** Probes the host once, by validating modules of one instruction each. */
export function wasmFeatures(): Features {
  known ??= {
    simd: accepts((module) => module.function("probe", { parameters: ["v128"], result: "v128" }, (f, x) => f.f32x4.add(x, x))),
    relaxedSimd: accepts((module) =>
      module.function("probe", { parameters: ["v128"], result: "v128" }, (f, x) => f.f32x4.relaxed_madd(x, x, x)),
    ),
    threads: typeof SharedArrayBuffer === "function" && canShare(),
  };
  return known;
}

/** The best instruction level of this host. */
export function bestLevel(): Level {
  const { simd, relaxedSimd } = wasmFeatures();
  return relaxedSimd ? "relaxed" : simd ? "simd" : "scalar";
}

function accepts(build: (module: ModuleBuilder) => void): boolean {
  const module = new ModuleBuilder();
  build(module);
  return WebAssembly.validate(module.build());
}

function canShare(): boolean {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer instanceof SharedArrayBuffer;
  } catch {
    return false;
  }
}
