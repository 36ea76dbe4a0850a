/** One line of facts under an error's sentence, such as `a: float32[128, 784]`. */
export type Facts = Readonly<Record<string, string | number | boolean | readonly number[]>>;

export interface ErrorDetail {
  /** What was called: an op, a file, a flag. Printed before the sentence. */
  readonly subject?: string;
  /** Values a reader needs to see what went wrong. */
  readonly facts?: Facts;
  /** The way out, in one sentence. */
  readonly hint?: string;
  /** Where in the user's model or file it happened. */
  readonly where?: string;
  readonly cause?: unknown;
}

/**
 * The root of every error Gradus throws on purpose.
 *
 * `code` is stable and names a section of the documentation; `message` is rendered once, here:
 * `subject: sentence`, then facts, hint, place and code on lines of their own.
 */
export class GradusError extends Error {
  override readonly name: string = "GradusError";
  readonly code: string;
  /** The bare sentence, without subject or facts. */
  readonly sentence: string;
  readonly subject: string | undefined;
  readonly facts: Facts;
  readonly hint: string | undefined;
  readonly where: string | undefined;

  constructor(code: string, sentence: string, detail: ErrorDetail = {}) {
    super(render(code, sentence, detail), detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.sentence = sentence;
    this.subject = detail.subject;
    this.facts = detail.facts ?? {};
    this.hint = detail.hint;
    this.where = detail.where;
  }
}

/** Shapes that do not fit each other or the op. */
export class ShapeError extends GradusError {
  override readonly name = "ShapeError";
}
/** A dtype the op or the file reader does not take. */
export class DTypeError extends GradusError {
  override readonly name = "DTypeError";
}
/** An option, flag or argument with a value outside its range. */
export class ArgumentError extends GradusError {
  override readonly name = "ArgumentError";
}
/** A read of a parameter's earlier value, which a later step has overwritten. */
export class StaleError extends GradusError {
  override readonly name = "StaleError";
}
/** The backend has no memory left for a tensor. */
export class MemoryError extends GradusError {
  override readonly name = "MemoryError";
}
/** The backend cannot run here, or stopped running. */
export class BackendError extends GradusError {
  override readonly name = "BackendError";
}
/** A value that is not finite, or a gradient that disagrees with its numeric estimate. */
export class NumericError extends GradusError {
  override readonly name = "NumericError";
}
/** A file, header or archive that is not what its format promises. */
export class FormatError extends GradusError {
  override readonly name = "FormatError";
}
/** A file-system call that failed: missing, unwritable, full. */
export class StorageError extends GradusError {
  override readonly name = "StorageError";
}
/** A download that failed or did not match its checksum. */
export class NetworkError extends GradusError {
  override readonly name = "NetworkError";
}

function render(code: string, sentence: string, { subject, facts = {}, hint, where }: ErrorDetail): string {
  const rows = Object.entries(facts).map(([key, value]) => `  ${key}: ${typeof value === "object" ? `[${value.join(", ")}]` : value}`);
  return [
    subject === undefined ? sentence : `${subject}: ${sentence}`,
    ...rows,
    ...(hint === undefined ? [] : [`  hint: ${hint}`]),
    ...(where === undefined ? [] : [`  in ${where}`]),
    `  code: ${code}`,
  ].join("\n");
}
