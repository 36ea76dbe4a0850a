/**
 * What the loss is multiplied by before it is differentiated in halves, so that small gradients do not vanish; they are divided by it
 * before they are used. It doubles after so many steps in a row whose gradients were finite, and halves when one's were not.
 *
 * Source: Micikevicius et al., "Mixed Precision Training", 2018, section 3.2; defaults are those of PyTorch's `GradScaler`.
 */
export interface LossScale {
  readonly scale: number;
  /** Steps in a row since the scale last changed. */
  readonly finiteSteps: number;
}

export interface LossScaleOptions {
  /** A power of two, so that nothing is rounded by it; 65536 when left out. */
  readonly initial?: number;
  /** Steps after which the scale doubles; 2000 when left out. */
  readonly doubleAfter?: number;
}

/** The scale a run begins with. */
export function newLossScale({ initial = 2 ** 16 }: LossScaleOptions): LossScale {
  return { scale: initial, finiteSteps: 0 };
}

/** The scale of the step after one whose gradients were finite, or not. */
export function nextLossScale({ scale, finiteSteps }: LossScale, finite: boolean, { doubleAfter = 2000 }: LossScaleOptions): LossScale {
  if (!finite) return { scale: scale / 2, finiteSteps: 0 };
  return finiteSteps + 1 >= doubleAfter ? { scale: scale * 2, finiteSteps: 0 } : { scale, finiteSteps: finiteSteps + 1 };
}
