// synaptic as it is, optimized: a pass of one sample after the other by its own Trainer.
import { createRequire } from "node:module";
import synaptic from "synaptic";
import { learnDigits } from "../digits-goal.ts";
import { netOf, trainingSet } from "../nets.ts";
import { warmUp } from "../warm-up.ts";
import { serve } from "../worker.ts";

const { version } = createRequire(import.meta.url)("synaptic/package.json") as { version: string };
const { Architect, Trainer } = synaptic;

await serve(`synaptic ${version}, optimized`, ({ op }) => {
  const [what = "", ...name] = op.split(" ");
  // An error of 0 counts as none given, and as 0.005.
  const options = { iterations: 1, error: 1e-30, rate: 0.1 };
  if (what === "to-95") {
    return {
      measure() {
        const network = new Architect.Perceptron(...op.slice(6).split("-").map(Number));
        const trainer = new Trainer(network);
        // A pass over the larger net takes seconds.
        return learnDigits(
          {
            train: (samples) => trainer.train(samples, options),
            predict: (inputs) => inputs.map((input) => network.activate(input)),
          },
          100,
        );
      },
    };
  }
  const net = netOf(name.length > 1 ? name.join(" ") : `${name[0]} f64 bn`);
  const { inputs, targets } = trainingSet(net);
  const set = inputs.map((input, i) => ({ input, output: targets[i] as number[] }));
  const trainer = new Trainer(new Architect.Perceptron(...net.sizes));
  const run = () => trainer.train(set, options);
  warmUp(run);
  return { run };
});
