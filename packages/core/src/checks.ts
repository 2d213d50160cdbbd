/**
 * What every implementation of the passes checks before it computes, so that all of them refuse the
 * same input in the same words.
 */
export { type FloatArray, outputFor, overlap, requireFloats } from "./arrays.ts";
export { refuse } from "./errors.ts";
export { channelMapOf } from "./fold.ts";
export { prepare as requireGradientArguments, requireOwnMoments } from "./gradient.ts";
export { requireLayout } from "./layout.ts";
export { requireMoments } from "./moments.ts";
export { requireParameters, requireStatistics } from "./parameters.ts";
export { requireFields, requireVersion } from "./saved.ts";
