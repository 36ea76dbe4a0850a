import type { Epilogue, LibraryCall } from "@gradus/compile";
import type { Candidate, KernelDevice } from "../kernel-table.ts";
import { contractionCandidates } from "./contraction-candidates.ts";
import { conv2dContraction, inputGradContraction, weightGradContraction } from "./conv2d.ts";
import { type ConvolutionSteps, forwardSizes, inputGradSizes, weightGradSizes } from "./conv2d-sizes.ts";
import { directForward, directInputGrad, directWeightGrad } from "./direct-candidates.ts";
import { phasedInputGrad } from "./input-gradient-phases.ts";
import { winogradCandidates } from "./winograd.ts";
import { winogradForward, winogradInputGrad, winogradWeightGrad } from "./winograd-passes.ts";

/**
 * How convolutions may be computed: `direct` sums every product, and `fastest` takes Winograd's F(4 x 4, 3 x 3) and F(2 x 2, 3 x 3) where
 * they are measured to be faster. They multiply four and two and a quarter times less. Sums over 512 channels come out within 2e-5 of the outputs'
 * root mean square, direct ones within 1e-5. A NaN or an infinity among the inputs makes NaN of every output of the squares that it reaches,
 * not only of those whose windows hold it.
 */
export type ConvolutionAlgorithm = "fastest" | "direct";

type Candidates = readonly [Candidate, ...Candidate[]];

/** Every way to compute a convolution. */
export function conv2dCandidates(call: LibraryCall<"conv2d">, epilogue: Epilogue | null, device: KernelDevice): Candidates {
  const s = forwardSizes(call);
  const contracted = contractionCandidates(call, (operands) => conv2dContraction(call, operands), epilogue, device);
  const transformed = winogradCandidates(winogradForward, s, epilogue, device);
  return inDefaultOrder(s, contracted, directForward(s, epilogue), transformed);
}

/** Every way to compute its input gradient. */
export function inputGradCandidates(call: LibraryCall<"conv2dInputGrad">, epilogue: Epilogue | null, device: KernelDevice): Candidates {
  const s = inputGradSizes(call);
  const contracted = contractionCandidates(call, (operands) => inputGradContraction(call, operands), epilogue, device);
  const transformed = winogradCandidates(winogradInputGrad, s, epilogue, device);
  const phased = phasedInputGrad(s, call.out.dtype, epilogue, device);
  return inDefaultOrder(s, contracted, directInputGrad(s, epilogue), [...phased, ...transformed]);
}

/** Every way to compute its weight gradient. */
export function weightGradCandidates(call: LibraryCall<"conv2dWeightGrad">, epilogue: Epilogue | null, device: KernelDevice): Candidates {
  const s = weightGradSizes(call);
  const contracted = contractionCandidates(call, (operands) => weightGradContraction(call, operands), epilogue, device);
  const transformed = winogradCandidates(winogradWeightGrad, s, epilogue, device);
  return inDefaultOrder(s, contracted, directWeightGrad(s, epilogue), transformed);
}

/** The contraction first, but where its rows are single channels: then nothing is shared in a tile. */
function inDefaultOrder(
  { gc }: ConvolutionSteps,
  contracted: Candidates,
  direct: readonly Candidate[],
  rest: readonly Candidate[],
): Candidates {
  const [first, ...others] = direct;
  return first !== undefined && gc === 1 ? [first, ...others, ...contracted] : [...contracted, ...direct, ...rest];
}
