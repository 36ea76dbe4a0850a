/** What a page of the guide says: its code, as one program, and what that prints. */
export interface Examples {
  readonly program: string;
  readonly output: string;
}

/** Joins a page's fenced `ts` blocks, in order, and its `text` blocks. Lines keep their numbers, so that errors name the page's own. */
export function examplesOf(page: string): Examples {
  const program: string[] = [];
  const output: string[] = [];
  let fence: string | null = null;
  for (const line of page.split("\n")) {
    const mark = /^```(\w*)$/.exec(line);
    if (mark !== null) fence = fence === null ? (mark[1] ?? "") : null;
    else if (fence === "text") output.push(`${line}\n`);
    program.push(mark === null && fence === "ts" ? line : "");
  }
  if (fence !== null) throw new RangeError("a fence is not closed");
  return { program: `${program.join("\n")}\n`, output: output.join("") };
}
