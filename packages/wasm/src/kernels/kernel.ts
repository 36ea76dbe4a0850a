import type { FunctionBuilder, FunctionHandle, Local, ModuleBuilder } from "../asm/index.ts";

/** What the host's engine offers: SIMD with fused multiply-add, SIMD without, or neither. */
export type Level = "relaxed" | "simd" | "scalar";

/** What every kernel function receives, as byte addresses; `tile` is a number in [0, tiles). */
export interface KernelArguments {
  readonly tile: Local<"i32">;
  readonly scratch: Local<"i32">;
  readonly workspace: Local<"i32">;
  readonly buffers: readonly Local<"i32">[];
  /** The last of the buffers. */
  readonly output: Local<"i32">;
}

/**
 * Work cut into `tiles` pieces that write disjoint memory, so that any thread may run any tile in any order, and the
 * result does not depend on who ran what. A library call is a list of kernels with a barrier between them.
 */
export interface Kernel {
  /** For profiles, such as `matmul 64x500x800 nt`. */
  readonly name: string;
  /** Kernels with equal keys have identical code, so a module needs it once. */
  readonly key: string;
  readonly tiles: number;
  /** Bytes private to a thread while it runs a tile; 16-byte aligned. */
  readonly scratchBytes: number;
  /** Bytes shared by the kernels of one call (packed operands, padded images); 16-byte aligned. */
  readonly workspaceBytes: number;
  /** How many buffer addresses it takes: the inputs, the epilogue's buffers, and the output last. */
  readonly buffers: number;
  /** Emits a function (tile, scratch, workspace, ...buffers). */
  emit(module: ModuleBuilder, level: Level): FunctionHandle;
}

/** Pointwise work on finished values, applied as they are stored. */
export interface Epilogue {
  /** Epilogues with equal keys emit identical code. */
  readonly key: string;
  /** How many input buffers it reads besides the values. */
  readonly buffers: number;
  /** Pushes the final value. */
  emit(f: FunctionBuilder, at: EpilogueSite): void;
}

/** Where an epilogue is applied. */
export type EpilogueSite = {
  /** The output's indices along its axes. */
  readonly axes: readonly Local<"i32">[];
  readonly buffers: readonly Local<"i32">[];
} & Finished;

/** A value without its place: four consecutive elements of the last axis, or one. */
export type Finished =
  | { readonly lanes: 4; readonly accumulator: Local<"v128"> }
  | { readonly lanes: 1; readonly accumulator: Local<"f32"> };

/** Pushes a finished value, through the epilogue if there is one: `axes` says where it stands. */
export function pushFinished(
  f: FunctionBuilder,
  epilogue: Epilogue | null,
  { buffers }: KernelArguments,
  finished: Finished,
  axes: () => readonly Local<"i32">[],
): void {
  if (epilogue === null) f.get(finished.accumulator);
  else epilogue.emit(f, { axes: axes(), buffers: buffers.slice(2, -1), ...finished });
}

/** What a kernel is before its function has a signature. */
export interface KernelBody extends Omit<Kernel, "emit"> {
  readonly body: (f: FunctionBuilder, level: Level, args: KernelArguments, module: ModuleBuilder) => void;
}

/** Gives a body the signature all kernels share. */
export function kernel({ body, ...facts }: KernelBody): Kernel {
  return {
    ...facts,
    emit: (module, level) => {
      const buffers = Array.from({ length: facts.buffers }, () => "i32" as const);
      return module.function(facts.name, { parameters: ["i32", "i32", "i32", ...buffers] }, (f, tile, scratch, workspace, ...rest) =>
        body(f, level, { tile, scratch, workspace, buffers: rest, output: rest.at(-1) ?? tile }, module),
      );
    },
  };
}
