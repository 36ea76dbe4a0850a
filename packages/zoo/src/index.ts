export { LeNet5, lenet5, type LeNet5Options } from "./lenet5.ts";
export { connectionsOfC3, LeNet5Sparse, lenet5Sparse, type LeNet5SparseOptions } from "./lenet5-sparse.ts";
export { LeNetCaffe, lenetCaffe, type LeNetCaffeOptions } from "./lenet-caffe.ts";
export { MobileNetV2, mobilenetV2, type MobileNetV2Options } from "./mobilenet-v2.ts";
export { models, type ModelEntry, type ModelName, type ModelOptions } from "./models.ts";
export { ResNet18, resnet18, type ResNet18Options } from "./resnet18.ts";
export { Subsampling } from "./subsampling.ts";
