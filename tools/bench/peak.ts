/** How often the chains of `assembly/peak.ts` go round when the peak is timed. */
export const peakRounds = 20_000;

/** Operations a round: 24 on each lane. */
const operations = { "peak-f32": 96, "peak-f64": 48 } as const;

export const peakOps = Object.keys(operations) as (keyof typeof operations)[];

/** What a time of the probe means in 10⁹ operations a second. */
export const gigaflops = (op: keyof typeof operations, ms: number): number =>
  (operations[op] * peakRounds) / (1e6 * ms);
