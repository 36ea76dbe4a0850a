import { ArgumentError, type Shape, sizeOf } from "@gradus/tensor";
import type { Initialiser } from "./initialiser.ts";

/**
 * 1 on the diagonal of a weight [out, in] and 0 elsewhere, so that a linear layer passes its input on.
 *
 * @throws ArgumentError for a weight that is no matrix.
 */
export function identity(): Initialiser {
  return (shape) => {
    if (shape.length !== 2)
      throw new ArgumentError("init/identity", `needs a weight [out, in], not [${shape.join(", ")}]`, { subject: "init" });
    return passing(shape, 1);
  };
}

/**
 * 1 in the middle of the windows from channel i to channel i of a convolution's weight [out, in / groups, ...window] and 0
 * elsewhere, so that the layer passes as many channels on as it can, in each group.
 * Source: Zagoruyko and Komodakis, DiracNets, 2017.
 *
 * @throws ArgumentError unless the weight has three to five axes and `groups` divides its outputs.
 */
export function dirac({ groups = 1 }: { readonly groups?: number } = {}): Initialiser {
  return (shape) => {
    const [outputs = 0] = shape;
    if (shape.length < 3 || shape.length > 5) {
      throw new ArgumentError(
        "init/dirac",
        `needs a weight [out, in, ...window] with one to three window axes, not [${shape.join(", ")}]`,
        {
          subject: "init",
          hint: "identity does the same for matrices",
        },
      );
    }
    if (!(Number.isSafeInteger(groups) && groups >= 1 && outputs % groups === 0))
      throw new ArgumentError("init/dirac", `groups must divide the ${outputs} outputs, and is ${groups}`, { subject: "init" });
    return passing(shape, groups);
  };
}

function passing(shape: Shape, groups: number): Float32Array {
  const [outputs = 0, inputs = 0, ...window] = shape;
  const size = sizeOf(window);
  // The middle of every axis, the later one of two.
  const middle = window.reduce((at, extent) => at * extent + Math.floor(extent / 2), 0);
  const values = new Float32Array(sizeOf(shape));
  const perGroup = outputs / groups;
  for (let output = 0; output < outputs; output++) {
    const channel = output % perGroup;
    if (channel < inputs) values[(output * inputs + channel) * size + middle] = 1;
  }
  return values;
}
