import { backwardInference, backwardTraining } from "./gradient.ts";
import { computeMoments } from "./moments.ts";
import { forwardByMoments, forwardInference, forwardTraining } from "./normalize.ts";

/** The passes over whole tensors, which is where the time goes: what a faster implementation replaces. */
export interface Passes {
  readonly computeMoments: typeof computeMoments;
  readonly forwardTraining: typeof forwardTraining;
  readonly forwardByMoments: typeof forwardByMoments;
  readonly forwardInference: typeof forwardInference;
  readonly backwardTraining: typeof backwardTraining;
  readonly backwardInference: typeof backwardInference;
}

/** Those of this package. */
export const passes: Passes = {
  computeMoments,
  forwardTraining,
  forwardByMoments,
  forwardInference,
  backwardTraining,
  backwardInference,
};
