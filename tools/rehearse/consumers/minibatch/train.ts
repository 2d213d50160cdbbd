// XOR by the engine; then resumed from JSON, and folded.
import { foldBatchNorm, initialize, Network, Trainer } from "@batchnorm/minibatch";

const network = new Network(
  {
    inputs: 2,
    layers: [{ units: 8, batchNorm: true, activation: "tanh" }, { units: 1 }],
  },
  { batchSize: 4 },
);
initialize(network, { kind: "glorot" }, 1);
const inputs = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
const data = { inputs, targets: [[0], [1], [1], [0]] };
const trainer = new Trainer(network, data, { rate: 0.1 });
const { stoppedBy } = trainer.train({ epochs: 2000, errorThreshold: 1e-3 });
if (stoppedBy !== "errorThreshold") throw new Error(`stopped by ${stoppedBy}`);
// @ts-expect-error: no such option
const wrong = () => trainer.train({ epoch: 1 });
void wrong;

const resumed = Trainer.fromState(JSON.parse(JSON.stringify(trainer.toState())), data);
if (resumed.epoch() !== trainer.epoch()) throw new Error("what is resumed goes another way");
const y = foldBatchNorm(resumed.network).predict(Float32Array.of(0, 1, 1, 1), 2);
if (Math.round(y[0] as number) !== 1 || Math.round(y[1] as number) !== 0) throw new Error(`${y}`);
console.log("learned");
