import type { BudgetReport } from "../report.ts";

/** A promise of the design, with the measurement that judges it. */
export interface Budget {
  readonly name: string;
  readonly limit: string;
  readonly measure: () => Promise<Pick<BudgetReport, "measured" | "holds">>;
}

export const budgets: readonly Budget[] = [];
