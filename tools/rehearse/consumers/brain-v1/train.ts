// XOR of features as nobody scaled them, by brain.js 1.
import { withBatchNorm } from "@batchnorm/brain";
import brain from "brain.js";

const data = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
].map(([a = 0, b = 0]) => ({
  input: [17000 + 300 * a, 0.001 + 0.001 * b],
  output: [a ^ b],
}));
const Net = withBatchNorm(brain.NeuralNetwork);
const net = new Net({
  hiddenLayers: [8],
  batchNorm: { batchSize: 4, input: { epsilon: 1e-12 }, hidden: true, seed: 1 },
});
const { iterations } = net.train(data, { iterations: 5000, learningRate: 0.5, errorThresh: 0.01 });
if (!(iterations < 5000)) throw new Error("5000 iterations are not enough");
const stock = new brain.NeuralNetwork().fromJSON(net.toJSON());
for (const network of [net, stock]) {
  const answers = data.map(({ input }) =>
    Math.round((network.run(input) as number[])[0] as number),
  );
  if (answers.join(" ") !== "0 1 1 0") throw new Error(answers.join(" "));
}
// @ts-expect-error: no such option
const wrong = () => new Net({ batchNorm: { batchsize: 4 } });
void wrong;
console.log("learned");
