// A pass of our engine over samples that lie where it computes, as a trainer makes it: shuffling included.
import { type Graph, initialize, Network, Trainer } from "@batchnorm/minibatch";
import { type Net, netOf, trainingSet } from "../nets.ts";
import { serve } from "../worker.ts";

await serve("ours, samples resident", ({ op }) => {
  const net = netOf(op.replace("train ", ""));
  const { batchSize, type } = net;
  const network = new Network(graphOf(net), { type, batchSize });
  initialize(network, { kind: "glorot" }, 1);
  const trainer = new Trainer(network, trainingSet(net), { rate: 0.1, batchSize });
  return {
    run: () => trainer.epoch(),
    dispose() {
      trainer.dispose();
      network.dispose();
    },
  };
});

function graphOf({ sizes: [inputs = 0, ...units], batchNorm }: Net): Graph {
  return {
    inputs,
    layers: units.map((units, i, { length }) => ({
      units,
      activation: "sigmoid",
      batchNorm: batchNorm && i < length - 1,
    })),
  };
}
