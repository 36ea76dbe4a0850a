import { AssemblerError } from "./error.ts";

/** A function of a generated module as the host calls it: numbers in, nothing out. */
export type ExportedFunction = (...args: number[]) => void;

/**
 * The function an instance exports under a name.
 *
 * @throws AssemblerError if there is none.
 */
export function exportedFunction({ exports }: WebAssembly.Instance, name: string): ExportedFunction {
  const found = exports[name];
  if (typeof found !== "function") throw new AssemblerError("asm/no-export", `the generated module exports no function ${name}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- whoever calls generated code has emitted it, with these parameters
  return found as ExportedFunction;
}
