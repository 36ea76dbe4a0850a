import type { FunctionBuilder } from "../asm/index.ts";
import type { KernelArguments } from "./kernel.ts";

/** Where an operand lies: in one of the call's buffers, or at a byte offset of its workspace. */
export type Place = { readonly buffer: number } | { readonly workspace: number };

/** Pushes the address. */
export function pushPlace(f: FunctionBuilder, place: Place, { buffers, workspace }: KernelArguments): void {
  if ("workspace" in place) return f.i32.add(workspace, place.workspace);
  const buffer = buffers.at(place.buffer);
  if (buffer === undefined) throw new RangeError(`no buffer ${place.buffer} among ${buffers.length}`);
  f.get(buffer);
}

export function placeKey(place: Place): string {
  return "workspace" in place ? `w${place.workspace}` : `b${place.buffer}`;
}
