export type { Problem } from "./check.ts";
export { diagnose, type Finding } from "./diagnose.ts";
export { type DiagnosisLimits, defaultLimits } from "./limits.ts";
