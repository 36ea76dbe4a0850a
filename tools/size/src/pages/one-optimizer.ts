// What a page pays that picks one optimizer, one schedule and one initialiser: not the others.
import { init } from "@gradus/nn";
import { adamw, exponentialAverage } from "@gradus/optim";
import { cosineAnnealing, warmup } from "@gradus/train";

export const orthogonal = init.orthogonal;
export { adamw, cosineAnnealing, exponentialAverage, warmup };
