import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { setBackend } from "@tensorflow/tfjs-core";
import { SingleBar } from "cli-progress";
import { loadDigits } from "./digits.ts";
import { batchSize, type Result, run } from "./experiment.ts";
import { readOptions, UsageError, usage } from "./options.ts";
import { report } from "./report.ts";

/** Training samples seen at which accuracy is tested. */
const moments = [300, 600, 1500, 3000, 4500, 7500, 15_000, 30_000, 60_000, 90_000];
/** Of plain gradient descent. */
const rate = 0.5;

try {
  const { samples, seed, help } = readOptions(process.argv.slice(2));
  if (help) console.log(usage);
  else await compare(samples, seed);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

async function compare(samples: number, seed: number): Promise<void> {
  const resolve = createRequire(import.meta.url).resolve;
  setWasmPaths(dirname(resolve("@tensorflow/tfjs-backend-wasm")) + sep);
  await setBackend("wasm");

  const data = loadDigits(`${seed}`);
  const last = samples - (samples % batchSize);
  const checkpoints = [...moments.filter((seen) => seen < last), last];
  const train = async (batchNorm: boolean): Promise<Result> => {
    const name = batchNorm ? "with Batch Normalization" : "without";
    const bar = new SingleBar({ format: "{bar} {percentage} % {name}", clearOnComplete: true });
    bar.start(last, 0, { name });
    const onStep = (seen: number): void => bar.update(seen);
    try {
      return await run({ ...data, batchNorm, seed, rate, checkpoints, onStep });
    } finally {
      bar.stop();
    }
  };
  console.log(report(checkpoints, await train(false), await train(true)));
}
