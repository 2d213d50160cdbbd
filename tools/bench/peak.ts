/** How often the chains of `assembly/peak.ts` go round when the peak is timed. */
export const peakRounds = 20_000;

/** Operations a round: 24 on each lane. */
export const roundOperations = { "peak-f32": 96, "peak-f64": 48 } as const;

export const peakOps = Object.keys(roundOperations) as (keyof typeof roundOperations)[];

/** What a time of the probe means in 10⁹ operations a second. */
export const gigaflops = (op: keyof typeof roundOperations, ms: number): number =>
  (roundOperations[op] * peakRounds) / (1e6 * ms);
