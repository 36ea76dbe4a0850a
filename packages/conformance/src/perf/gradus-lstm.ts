import { add, matmul, mul, reshape, scan, sigmoid, split, tanh, type Tensor, zeros } from "@gradus/tensor";

/** As `LSTM` of @gradus/nn, whose weights are its own and not a case's. */
export function lstm(x: Tensor, weights: readonly Tensor[]): Tensor {
  const [time = 0, batch = 0] = x.shape;
  let sequence = x;
  let last = x;
  for (let i = 0; i < weights.length; i += 4) {
    const [ofInput, ofHidden, inputBias, hiddenBias] = weights.slice(i, i + 4);
    if (ofInput === undefined || ofHidden === undefined || inputBias === undefined || hiddenBias === undefined)
      throw new RangeError(`a layer has four weights, and ${weights.length} are given`);
    const rows = reshape(sequence, [time * batch, sequence.shape[2] ?? 0]);
    const product = add(matmul(rows, ofInput, { transposeB: true }), add(inputBias, hiddenBias));
    const start = zeros([batch, ofHidden.shape[1] ?? 0]);
    const step = ([hidden, cell]: readonly [Tensor, Tensor], fromInput: Tensor): readonly [readonly [Tensor, Tensor], Tensor] => {
      const gates = split(add(matmul(hidden, ofHidden, { transposeB: true }), fromInput), start.shape[1] ?? 0, { axis: -1 });
      const [input, forget, candidate, output] = gates;
      if (input === undefined || forget === undefined || candidate === undefined || output === undefined)
        throw new RangeError(`an LSTM has four gates, not ${gates.length}`);
      const next = add(mul(sigmoid(forget), cell), mul(sigmoid(input), tanh(candidate)));
      const shown = mul(sigmoid(output), tanh(next));
      return [[shown, next], shown];
    };
    const { state, ys } = scan(step, [start, start] as const, reshape(product, [time, batch, -1]));
    sequence = ys;
    last = state[0];
  }
  return last;
}
