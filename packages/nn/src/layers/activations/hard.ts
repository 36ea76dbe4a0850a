import {
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  type HardtanhOptions,
  type ShrinkOptions,
  softshrink,
  type Tensor,
  threshold,
} from "@gradus/tensor";
import { Module } from "../../module.ts";

/** x limited to min .. max, -1 .. 1 when left out. */
export class Hardtanh extends Module {
  readonly #options: HardtanhOptions;

  constructor(options: HardtanhOptions = {}) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return hardtanh(x, this.#options);
  }
}

/** min(max(x / 6 + 1/2, 0), 1). */
export class Hardsigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return hardsigmoid(x);
  }
}

/** x * min(max(x / 6 + 1/2, 0), 1). */
export class Hardswish extends Module {
  override forward(x: Tensor): Tensor {
    return hardswish(x);
  }
}

/** x where |x| > lambda, 0 elsewhere. */
export class Hardshrink extends Module {
  readonly #options: ShrinkOptions;

  constructor(options: ShrinkOptions = {}) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return hardshrink(x, this.#options);
  }
}

/** x moved towards 0 by lambda, and 0 within it. */
export class Softshrink extends Module {
  readonly #options: ShrinkOptions;

  constructor(options: ShrinkOptions = {}) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return softshrink(x, this.#options);
  }
}

/** x above `above`, `value` elsewhere. */
export class Threshold extends Module {
  readonly #above: number;
  readonly #value: number;

  constructor(above: number, value: number) {
    super();
    this.#above = above;
    this.#value = value;
  }

  override forward(x: Tensor): Tensor {
    return threshold(x, this.#above, this.#value);
  }
}
