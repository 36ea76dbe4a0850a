import type { State } from "@gradus/tensor";
import type { AfterUpdate } from "./after/after-update.ts";

/** Parameters to treat differently. The first group that matches a parameter counts; no group need match. */
export interface ParameterGroup {
  /** By path, such as /\.bias$/, or by path and parameter. */
  readonly match: RegExp | ((path: string, parameter: State) => boolean);
  /** Multiplies the learning rate; 1 when left out, 0 keeps the parameters as they are. */
  readonly learningRateScale?: number;
  /** Instead of the optimizer's. */
  readonly weightDecay?: number;
  /** Instead of the optimizer's. */
  readonly decoupledWeightDecay?: boolean;
  /** Instead of the optimizer's. */
  readonly after?: readonly AfterUpdate[];
}

/** What holds for one parameter. */
export interface ParameterSettings {
  readonly learningRateScale: number;
  readonly weightDecay: number;
  readonly decoupledWeightDecay: boolean;
  readonly after: readonly AfterUpdate[];
}

/** The settings of a parameter: its group's, and the optimizer's where the group says nothing. */
export function settingsOf(
  path: string,
  parameter: State,
  groups: readonly ParameterGroup[],
  optimizer: Omit<ParameterSettings, "learningRateScale">,
): ParameterSettings {
  const group = groups.find(({ match }) => (match instanceof RegExp ? path.search(match) >= 0 : match(path, parameter)));
  return {
    learningRateScale: group?.learningRateScale ?? 1,
    weightDecay: group?.weightDecay ?? optimizer.weightDecay,
    decoupledWeightDecay: group?.decoupledWeightDecay ?? optimizer.decoupledWeightDecay,
    after: group?.after ?? optimizer.after,
  };
}
