/** An error in a sentence, with the way out in brackets: Gradus' own give one on a line of its own. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [sentence = "", ...lines] = error.message.split("\n");
  const hint = lines.map((line) => /^ *hint: (.*)$/.exec(line)?.[1]).find((text) => text !== undefined);
  return hint === undefined ? sentence : `${sentence} (${hint})`;
}
