export { LeNet5, lenet5, type LeNet5Options } from "./lenet5.ts";
export { connectionsOfC3, LeNet5Sparse, lenet5Sparse, type LeNet5SparseOptions } from "./lenet5-sparse.ts";
export { LeNetCaffe, lenetCaffe, type LeNetCaffeOptions } from "./lenet-caffe.ts";
export { models, type ModelEntry, type ModelName, type ModelOptions } from "./models.ts";
export { Subsampling } from "./subsampling.ts";
