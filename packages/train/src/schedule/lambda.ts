import { positive, type Schedule, type ScheduleClock } from "./schedule.ts";

/**
 * rate * factor(clock), as PyTorch's `LambdaLR`.
 *
 * Example: `lambda(0.1, ({ step }) => 0.95 ** step)`.
 *
 * @throws ArgumentError unless the rate is above 0.
 */
export function lambda(rate: number, factor: (clock: ScheduleClock) => number): Schedule {
  positive("lambda", "the rate", rate);
  return (clock) => rate * factor(clock);
}

/**
 * rate * factor(1) * ... * factor(step), as PyTorch's `MultiplicativeLR`.
 *
 * The factor must depend on its argument alone. Steps asked for in order cost one multiplication each.
 *
 * @throws ArgumentError unless the rate is above 0.
 */
export function multiplicative(rate: number, factor: (step: number) => number): Schedule {
  positive("multiplicative", "the rate", rate);
  // The product so far, kept for speed only: any step can be asked for at any time.
  let known = { step: 0, rate };
  return ({ step }) => {
    if (step < known.step) known = { step: 0, rate };
    let product = known.rate;
    for (let i = known.step + 1; i <= step; i++) product *= factor(i);
    known = { step, rate: product };
    return product;
  };
}
