/** Ends the name of a checkpoint that is being replaced by another of the same step. */
export const asideSuffix = "-old";

/** The step of a checkpoint folder's name, `step-00001234`; null for any other name. */
export function stepOf(name: string): number | null {
  const match = /^step-(\d{8,15})(-old)?$/.exec(name);
  return match?.[1] === undefined ? null : Number(match[1]);
}
