import { GradusError } from "@gradus/tensor";

/**
 * Code that the assembler refuses to emit: ill-typed operands, a label or local used where it does not exist,
 * an immediate out of range. It always means a defect in the emitter that called, never in a user's model.
 */
export class AssemblerError extends GradusError {
  override readonly name = "AssemblerError";
}
