import { GradusError } from "@gradus/tensor";

/** Flags or arguments that make no sense: exit code 2. */
export class UsageError extends GradusError {
  override readonly name = "UsageError";

  constructor(sentence: string, hint?: string) {
    super("cli/usage", sentence, hint === undefined ? {} : { hint });
  }
}

/** Ends the command with a code, everything worth saying having been said. */
export class ExitCode extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}
