export * from "./activations/index.ts";
export * from "./bilinear.ts";
export * from "./connected-conv2d.ts";
export { Conv2d, type Conv2dLayerOptions, type ConvolutionOptions } from "./conv2d.ts";
export * from "./convolution/index.ts";
export * from "./noise/index.ts";
export {
  type Attended,
  type AttentionMasks,
  MultiHeadAttention,
  type MultiHeadAttentionOptions,
} from "./attention/multi-head-attention.ts";
export { LearnedPositions, SinusoidalPositions } from "./attention/positions.ts";
export { TransformerDecoder, TransformerEncoder } from "./attention/transformer.ts";
export {
  type DecoderMasks,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
  type TransformerLayerOptions,
} from "./attention/transformer-layer.ts";
export * from "./embedding.ts";
export * from "./flatten.ts";
export * from "./identity.ts";
export { Linear, type LinearOptions } from "./linear.ts";
export type { Pair } from "./pair.ts";
export * from "./normalisation/index.ts";
export * from "./pooling/index.ts";
export * from "./resampling.ts";
export { type CellOptions, GRUCell, LSTMCell, type LSTMCellState, RNNCell, type RNNCellOptions } from "./recurrent/cells.ts";
export { GRU } from "./recurrent/gru.ts";
export { LSTM, type LSTMOptions, type LSTMSequence } from "./recurrent/lstm.ts";
export type { RnnNonlinearity } from "./recurrent/recurrence.ts";
export type { RecurrentOptions, SequenceOptions } from "./recurrent/recurrent.ts";
export { type HiddenOptions, type HiddenSequence, RNN, type RNNOptions } from "./recurrent/rnn.ts";
export * from "./sequential.ts";
