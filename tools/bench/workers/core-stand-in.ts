// Core in the shape of the kernels package, while that does not exist.
import { plain } from "./batch-norm-ops.ts";

export { backwardTraining, forwardInference, forwardTraining } from "@batchnorm/core";
export const arena = { float32: plain };
export const backend = (): string => "core";
