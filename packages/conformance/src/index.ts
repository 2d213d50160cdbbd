export { type Case, ConformanceError, judge, type Outcome } from "./case.ts";
export { cases } from "./cases/index.ts";
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
export { expectNumbers, expectThat, type Tolerance } from "./tolerance.ts";
