import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamw,
  asgd,
  lamb,
  lars,
  lion,
  nadam,
  type Optimizer,
  radam,
  rmsprop,
  rprop,
  sgd,
} from "@gradus/optim";

interface Choice {
  /** Where `--lr` is not given. */
  readonly learningRate: number;
  make(options: { readonly learningRate: number; readonly momentum: number }): Optimizer;
}

/** Every optimizer by the name `--optimizer` takes; momentum is for those that have no better default. */
const optimizers = {
  sgd: { learningRate: 0.05, make: sgd },
  rmsprop: { learningRate: 0.001, make: ({ learningRate }) => rmsprop({ learningRate }) },
  adagrad: { learningRate: 0.01, make: ({ learningRate }) => adagrad({ learningRate }) },
  adadelta: { learningRate: 1, make: ({ learningRate }) => adadelta({ learningRate }) },
  adam: { learningRate: 0.001, make: ({ learningRate }) => adam({ learningRate }) },
  amsgrad: { learningRate: 0.001, make: ({ learningRate }) => adam({ learningRate, amsgrad: true }) },
  adamw: { learningRate: 0.001, make: ({ learningRate }) => adamw({ learningRate }) },
  adamax: { learningRate: 0.002, make: ({ learningRate }) => adamax({ learningRate }) },
  nadam: { learningRate: 0.002, make: ({ learningRate }) => nadam({ learningRate }) },
  radam: { learningRate: 0.001, make: ({ learningRate }) => radam({ learningRate }) },
  rprop: { learningRate: 0.0001, make: ({ learningRate }) => rprop({ learningRate }) },
  asgd: { learningRate: 0.05, make: ({ learningRate }) => asgd({ learningRate }) },
  lion: { learningRate: 0.0002, make: ({ learningRate }) => lion({ learningRate }) },
  lamb: { learningRate: 0.01, make: ({ learningRate }) => lamb({ learningRate }) },
  lars: { learningRate: 2, make: lars },
} as const satisfies Readonly<Record<string, Choice>>;

export type OptimizerName = keyof typeof optimizers;
export const optimizerNames: readonly OptimizerName[] = Object.keys(optimizers).filter(isOptimizerName);

export interface OptimizerChoice {
  readonly optimizer: OptimizerName;
  readonly learningRate: number;
  /** Of sgd and lars; the others have their own. */
  readonly momentum: number;
}

export function makeOptimizer({ optimizer, learningRate, momentum }: OptimizerChoice): Optimizer {
  return optimizers[optimizer].make({ learningRate, momentum });
}

/** The learning rate of an optimizer where `--lr` is not given. */
export function defaultLearningRate(optimizer: OptimizerName): number {
  return optimizers[optimizer].learningRate;
}

function isOptimizerName(name: string): name is OptimizerName {
  return Object.hasOwn(optimizers, name);
}
