// XOR of features as nobody scaled them, by brain.js 2; and its FeedForward with a layer of ours.
import { withBatchNorm } from "@batchnorm/brain";
import { batchNormLayers } from "@batchnorm/brain/feed-forward";
import * as brain from "brain.js";

const pairs = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
] as const;
const scaled = pairs.map(([a, b]) => ({ input: [a, b], output: [a ^ b] }));
const data = scaled.map(({ input: [a = 0, b = 0], output }) => ({
  input: [17000 + 300 * a, 0.001 + 0.001 * b],
  output,
}));
const answers = (run: (input: number[]) => ArrayLike<number>, set: typeof data): string =>
  set.map(({ input }) => Math.round(run(input)[0] as number)).join(" ");

const Net = withBatchNorm(brain.NeuralNetwork<number[], number[]>);
const net = new Net({
  hiddenLayers: [8],
  batchNorm: { batchSize: 4, input: { epsilon: 1e-12 }, hidden: true, seed: 1 },
});
const { iterations } = net.train(data, { iterations: 5000, learningRate: 0.5, errorThresh: 0.01 });
if (!(iterations < 5000)) throw new Error("5000 iterations are not enough");
const stock = new brain.NeuralNetwork<number[], number[]>().fromJSON(net.toJSON());
for (const { run } of [net, stock].map((network) => ({ run: (x: number[]) => network.run(x) }))) {
  if (answers(run, data) !== "0 1 1 0") throw new Error(answers(run, data));
}
// @ts-expect-error: no such option
const wrong = () => new Net({ batchNorm: { batchsize: 4 } });
void wrong;

const { batchNorm, BatchFeedForward } = batchNormLayers(brain);
const { input, multiply, random, sigmoid, target } = brain.layer;
type Before = Parameters<typeof batchNorm>[0];
const dense = (height: number) => (before: Before) =>
  multiply(random({ height, width: before.height }), before as never);
const forward = new BatchFeedForward({
  inputLayer: () => input({ height: 2, width: 4 }),
  hiddenLayers: [
    dense(8) as never,
    ((before: Before) => batchNorm(before)) as never,
    (before) => sigmoid(before),
    dense(1) as never,
    ((before: Before) => batchNorm(before)) as never,
    (before) => sigmoid(before),
  ],
  outputLayer: (before) => target({ height: 1, width: 4 }, before),
});
forward.train(scaled as never, { iterations: 1001 });
const run = (x: number[]) => forward.run(x as never) as never as ArrayLike<number>;
if (answers(run, scaled) !== "0 1 1 0") throw new Error(`FeedForward: ${answers(run, scaled)}`);
console.log("learned");
