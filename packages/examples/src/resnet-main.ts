import { loadDigits } from "./digits.ts";
import { resnet } from "./options.ts";
import { runProgram, withProgress } from "./program.ts";
import { runResnet } from "./resnet.ts";
import { resnetReport } from "./resnet-report.ts";

await runProgram(resnet, async (samples, seed) => {
  const data = loadDigits(`${seed}`);
  const result = await withProgress("training", samples, (onStep) =>
    runResnet({ ...data, seed, samples, onStep }),
  );
  console.log(resnetReport(result));
});
