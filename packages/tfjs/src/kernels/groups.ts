/** How a graphics card's threads share what they add up over one channel. */
export interface Groups {
  /** How many threads share all of it, and how many share a sample. */
  readonly groups: number;
  readonly sampleGroups: number;
  /** One value of so many is in the sample. */
  readonly sampleStride: number;
}

/** One in eight is in the sample, where there are enough for that. */
const stride = 8;
const few = 128;

/** @param steps - What is to be added up, in values or in texels. */
export function groupsOf(steps: number): Groups {
  const sampleStride = steps < few ? 1 : stride;
  return {
    // So each of two passes, over a group and over the groups, takes as long.
    groups: Math.ceil(Math.sqrt(steps)),
    sampleGroups: Math.ceil(Math.sqrt(steps / sampleStride) / 2),
    sampleStride,
  };
}
