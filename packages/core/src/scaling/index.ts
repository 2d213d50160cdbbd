export type { OutsideRange } from "./outside-range.ts";
export { Scaling } from "./scaling.ts";
export { parseScalingState, type ScalingKind, type ScalingState } from "./state.ts";
