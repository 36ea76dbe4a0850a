import { FormatError } from "@gradus/tensor";

/** Counts bytes against a limit, so that no input can make a reader allocate without end. */
export class ByteBudget {
  readonly limit: number;
  readonly #subject: string;
  #spent = 0;

  /** `subject` names the input in the error. */
  constructor(limit: number, subject: string) {
    this.limit = limit;
    this.#subject = subject;
  }

  get spent(): number {
    return this.#spent;
  }

  /** Takes `bytes` from the budget. Throws `bytes/over-budget` once more than `limit` have been taken in all. */
  spend(bytes: number): void {
    this.#spent += bytes;
    if (this.#spent > this.limit) {
      throw new FormatError("bytes/over-budget", `it holds more than the ${this.limit} bytes it may`, {
        subject: this.#subject,
        facts: { limit: this.limit },
      });
    }
  }
}
