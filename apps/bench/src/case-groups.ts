import type { CaseReport } from "./report.ts";

/** Cases that are shown together, in the order they were measured: models, work counted in bytes, and the others by their first word. */
export function caseGroups(cases: readonly CaseReport[]): readonly (readonly [name: string, cases: readonly CaseReport[]])[] {
  const groups = new Map<string, CaseReport[]>();
  for (const report of cases) {
    const name = groupOf(report);
    groups.set(name, [...(groups.get(name) ?? []), report]);
  }
  return [...groups];
}

function groupOf({ name, work }: CaseReport): string {
  if (work.unit === "images/s") return "models";
  return work.unit === "GB/s" ? "work counted in bytes" : (name.split(" ")[0] ?? name);
}
