// What a page downloads that trains LeNet-5 on WebAssembly, its pictures and buttons aside.
import { compile, Engine } from "@gradus/compile";
import { crossEntropy, TRAIN } from "@gradus/nn";
import { sgd } from "@gradus/optim";
import { type Tensor, useRuntime, valueAndGrad } from "@gradus/tensor";
import { WasmBackend } from "@gradus/wasm";
import { lenet5 } from "@gradus/zoo";

useRuntime(new Engine(new WasmBackend()));
const model = lenet5({ seed: 1 });
const optimizer = sgd({ learningRate: 0.05, momentum: 0.9 });

export const step = compile((image: Tensor, label: Tensor) => {
  const { loss, grads } = valueAndGrad(model, () => crossEntropy(model.forward(image, TRAIN), label));
  optimizer.apply(model, grads, { loss });
  return loss;
});
