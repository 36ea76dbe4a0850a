import { GradusError } from "@gradus/tensor";
import { UsageError } from "./exit.ts";

/** A failure in one sentence, with the way out in brackets. */
export function sentenceOf(error: unknown): string {
  if (error instanceof GradusError) {
    const subject = error.subject === undefined || error instanceof UsageError ? "" : `${error.subject}: `;
    return `${subject}${error.sentence}${error.hint === undefined ? "" : ` (${error.hint})`}`.replaceAll("\n", " ");
  }
  return `internal error: ${error instanceof Error ? error.message : String(error)} (run with --debug for the stack)`.replaceAll("\n", " ");
}
