// XOR of inputs in units that no sigmoid could bear.
import { createBatchNorm } from "@batchnorm/synaptic";
import synaptic from "synaptic";

const { BatchNormPerceptron, BatchTrainer } = createBatchNorm(synaptic);
const inputs = [
  [16700, 0.001],
  [16700, 0.002],
  [17300, 0.001],
  [17300, 0.002],
];
const set = inputs.map((input, i) => ({ input, output: [Number(i === 1 || i === 2)] }));

const network = new BatchNormPerceptron(2, 8, 1, { normalizeInputs: true });
const { error } = new BatchTrainer(network).train(set, { rate: 0.5, error: 1e-4 });
if (!(error <= 1e-4)) throw new Error(`error ${error}`);
// @ts-expect-error: no such option
const wrong = () => new BatchTrainer(network).train(set, { rates: 0.5 });
void wrong;

const plain = synaptic.Network.fromJSON(JSON.parse(JSON.stringify(network)));
for (const { activate } of [network, plain].map((net) => ({
  activate: (x: number[]) => net.activate(x),
}))) {
  const answers = inputs.map((input) => Math.round(activate(input)[0] as number)).join(" ");
  if (answers !== "0 1 1 0") throw new Error(answers);
}
console.log("learned");
