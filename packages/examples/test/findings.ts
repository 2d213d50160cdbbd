import type { HostRun } from "../src/experiment.ts";
import type { Findings } from "../src/job.ts";
import { readJobOptions } from "../src/job-options.ts";
import { rates } from "../src/studies/rates.ts";
import { starts } from "../src/studies/starts.ts";

const seen = [0, 60, 300, 600, 1500, 6000];

const runOf = (host: string, batchNorm: boolean): HostRun => ({
  ...{ host, batchNorm, rate: 0.5, step: batchNorm ? 60 : 1, seconds: batchNorm ? 0.5 : 20.4 },
  points: seen.map((count, i) => ({ seen: count, accuracy: batchNorm ? 0.5 + 0.09 * i : 0.1 })),
  toGoal: batchNorm ? { samples: 6000, seconds: 0.4 } : null,
  end: batchNorm ? "samples" : "cap",
});

/** What a run of the main job might have found. */
export const findings: Findings = {
  machine: { processor: "A <processor>", cores: 2, node: "24.0.0", platform: "linux x64" },
  options: readJobOptions(["--samples", "6000"]),
  data: { train: 1500, test: 297 },
  runs: ["tfjs", "brain", "synaptic"].flatMap((host) => [runOf(host, false), runOf(host, true)]),
  spreads: [false, true].flatMap((batchNorm) =>
    seen.map((count, i) => ({
      ...{ batchNorm, seen: count },
      percentiles: [-1 - i, -i, 1 - i] as const,
    })),
  ),
  studies: {
    rates: {
      samples: 6000,
      runs: rates.flatMap((rate) => [
        { rate, batchNorm: false, accuracy: 0.1 },
        { rate, batchNorm: true, accuracy: 0.9 },
      ]),
    },
    starts: starts.flatMap((start, i) =>
      [1, 10, 100].map((step) => ({ start, step, mean: (i + 1) / step, variance: 1 + i / step })),
    ),
    journey: {
      samples: 6000,
      stops: [
        { host: "synaptic", difference: 4e-7 },
        { host: "brain", difference: 5e-7 },
        { host: "tfjs", difference: 0 },
      ],
    },
  },
};
