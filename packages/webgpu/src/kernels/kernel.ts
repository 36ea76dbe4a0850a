import type { BufferId } from "@gradus/compile";
import type { ShaderMemory } from "../wgsl/memory.ts";
import type { ShaderParts } from "../wgsl/module.ts";

/** Memory a kernel reads or writes: a buffer of the plan, or words of the workspace that the kernels of one step share. */
export type Operand =
  | { readonly kind: "buffer"; readonly id: BufferId; readonly written: boolean }
  | {
      readonly kind: "workspace";
      readonly words: number;
      readonly written: boolean;
      /** Its first word in the step's part of the workspace, a multiple of `workspaceUnit`; 0 when left out. */
      readonly offset?: number;
      /** What its words hold; int32 when left out. */
      readonly dtype?: "float32";
      /** The first byte of the step's part; 0 when left out. */
      readonly start?: number;
    };

/** Words: every device can bind memory from a multiple of 256 bytes on. */
export const workspaceUnit = 64;

/** One dispatch: a shader for given shapes, and how many workgroups of it. */
export interface Kernel {
  /** What it does and how, for profiles and messages: "matmul tiled 64x64x16". */
  readonly name: string;
  /** What the source calls operand 0, 1, ... */
  readonly operands: readonly Operand[];
  readonly workgroups: Workgroups;
  /** Invocations in a workgroup. */
  readonly size: number;
  /** Bytes of workgroup memory, at most; none when left out. */
  readonly workgroupBytes?: number;
  /** The shader, given how each operand is reached. */
  readonly source: (memory: ShaderMemory) => ShaderParts;
}

export type Workgroups = readonly [x: number, y: number, z: number];

/** The kernels of one step, in order. */
export type Kernels = readonly Kernel[];

/** Of one dimension there may be this many workgroups on every device. */
const mostPerDimension = 65_535;

/** So many workgroups in a row, folded into two dimensions where there are too many for one; `workgroupNumber` undoes it. */
export function inRows(count: number): Workgroups {
  if (count <= mostPerDimension) return [Math.max(1, count), 1, 1];
  const rows = Math.ceil(count / mostPerDimension);
  return [Math.ceil(count / rows), rows, 1];
}

/** WGSL for the number of this workgroup in `inRows(count)`; numbers may reach beyond `count`. */
export function workgroupNumber(workgroups: Workgroups): string {
  return workgroups[1] === 1 ? "i32(group.x)" : `i32(group.x + group.y * ${workgroups[0]}u)`;
}
