export * from "./drop-block.ts";
export { AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d } from "./dropout.ts";
export * from "./gaussian-noise.ts";
export * from "./stochastic-depth.ts";
