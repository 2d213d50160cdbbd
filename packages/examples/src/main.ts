import { loadDigits } from "./digits.ts";
import { batchSize, type Result, run } from "./experiment.ts";
import { comparison } from "./options.ts";
import { runProgram, withProgress } from "./program.ts";
import { report } from "./report.ts";

/** Training samples seen at which accuracy is tested. */
const moments = [300, 600, 1500, 3000, 4500, 7500, 15_000, 30_000, 60_000, 90_000];
/** Of plain gradient descent. */
const rate = 0.5;

await runProgram(comparison, async (samples, seed) => {
  const data = loadDigits(`${seed}`);
  const last = samples - (samples % batchSize);
  const checkpoints = [...moments.filter((seen) => seen < last), last];
  const train = (batchNorm: boolean): Promise<Result> =>
    withProgress(batchNorm ? "with Batch Normalization" : "without", last, (onStep) =>
      run({ ...data, batchNorm, seed, rate, checkpoints, onStep }),
    );
  console.log(report(checkpoints, await train(false), await train(true)));
});
