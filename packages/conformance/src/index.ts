export { type Case, ConformanceError, judge, type Outcome } from "./case.ts";
export { cases } from "./cases/index.ts";
export { type Deviation, type DeviationId, deviations } from "./deviations.ts";
export { type GoldenTest, goldenCases } from "./goldens/golden-cases.ts";
export { GoldenError } from "./goldens/golden-error.ts";
export {
  type GoldenCase,
  type GoldenFile,
  goldenLimits,
  parseGoldens,
  readGoldens,
} from "./goldens/read.ts";
export type {
  DenseWeights,
  Eventually,
  Feature,
  ForwardRequest,
  Gradients,
  ReplicaPart,
  Subject,
  SubjectLayer,
} from "./subject.ts";
export { features } from "./subject.ts";
export { expectNumbers, expectThat, type Tolerance } from "./tolerance.ts";
