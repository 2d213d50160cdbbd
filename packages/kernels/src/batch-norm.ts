import { BatchNorm as CoreBatchNorm, type Passes } from "@batchnorm/core";
import { backwardInference, backwardTraining } from "./backward.ts";
import { computeMoments, forwardByMoments, forwardInference, forwardTraining } from "./forward.ts";

/** This package's passes, to hand to what takes core's. */
export const passes: Passes = {
  computeMoments,
  forwardTraining,
  forwardByMoments,
  forwardInference,
  backwardTraining,
  backwardInference,
};

/** core's `BatchNorm`, which it is in every respect but speed. */
export class BatchNorm extends CoreBatchNorm {
  protected override readonly passes: Passes = passes;
}
