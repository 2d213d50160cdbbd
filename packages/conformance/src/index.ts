export { type Case, ConformanceError, judge, type Outcome } from "./case.ts";
export { contract } from "./cases/index.ts";
export { allCases, type BoundCase, cases } from "./cases-of.ts";
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
