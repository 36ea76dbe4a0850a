import { adam, adamw, type Optimizer, sgd } from "@gradus/optim";

export const optimizerNames = ["sgd", "adam", "adamw"] as const;
export type OptimizerName = (typeof optimizerNames)[number];

export interface OptimizerChoice {
  readonly optimizer: OptimizerName;
  readonly learningRate: number;
  /** Of sgd; the others have their own. */
  readonly momentum: number;
}

export function makeOptimizer({ optimizer, learningRate, momentum }: OptimizerChoice): Optimizer {
  switch (optimizer) {
    case "sgd":
      return sgd({ learningRate, momentum });
    case "adam":
      return adam({ learningRate });
    case "adamw":
      return adamw({ learningRate });
  }
}
