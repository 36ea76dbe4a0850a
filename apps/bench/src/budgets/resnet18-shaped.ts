import { add, conv2d, matmul, maxPool2d, mean, relu, sizeOf, State, type Tensor } from "@gradus/tensor";

/**
 * The forward pass of ResNet-18 as it is when batch normalization is folded into the convolutions: their shapes, strides,
 * biases, shortcuts and the classifier, with made-up weights. Takes [n, 3, 224, 224], gives [n, 1000].
 *
 * Source: He et al., "Deep Residual Learning for Image Recognition", 2015, table 1.
 */
export function resnet18Shaped(): (image: Tensor) => Tensor {
  const stem = convolution("stem", 3, 64, 7, 2);
  const blocks = [64, 128, 256, 512].flatMap((channels, stage) =>
    [0, 1].map((index) => {
      const before = index === 0 && stage > 0 ? channels / 2 : channels;
      const stride = before === channels ? 1 : 2;
      const name = `layer${stage + 1}.${index}`;
      const first = convolution(`${name}.conv1`, before, channels, 3, stride);
      const second = convolution(`${name}.conv2`, channels, channels, 3, 1);
      const shortcut = stride === 1 ? (x: Tensor): Tensor => x : convolution(`${name}.downsample`, before, channels, 1, stride);
      return (x: Tensor): Tensor => relu(add(second(relu(first(x))), shortcut(x)));
    }),
  );
  const classifier = weights("fc.weight", [1000, 512], 512);
  const bias = weights("fc.bias", [1000], 512);
  return (image) => {
    const features = blocks.reduce((x, block) => block(x), maxPool2d(relu(stem(image)), 3, { stride: 2, padding: 1 }));
    return add(matmul(mean(features, { axis: [2, 3] }), classifier, { transposeB: true }), bias);
  };
}

function convolution(name: string, inputs: number, outputs: number, kernel: number, stride: number): (x: Tensor) => Tensor {
  const weight = weights(`${name}.weight`, [outputs, inputs, kernel, kernel], inputs * kernel * kernel);
  const bias = weights(`${name}.bias`, [outputs], inputs * kernel * kernel);
  return (x) => conv2d(x, weight, { bias, stride, padding: (kernel - 1) / 2 });
}

/** Numbers of the size that keeps activations level, made at once so that no first use pays for them. */
function weights(name: string, shape: readonly number[], fanIn: number): State {
  const scale = Math.sqrt(12 / fanIn);
  const values = Float32Array.from({ length: sizeOf(shape) }, (_, i) => (((i * 7919) % 1009) / 1009 - 0.5) * scale);
  return new State({ shape, dtype: "float32" }, name, () => values);
}
