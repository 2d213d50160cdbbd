// Run once in a process of its own, from what is built: what a program waits for that trains XOR.
const passes = Number(process.argv[2]);
const start = performance.now();
const { initialize, Network, Trainer } = await import("@batchnorm/minibatch");
const network = new Network(
  {
    inputs: 2,
    layers: [
      { units: 8, batchNorm: true, activation: "sigmoid" },
      { units: 1, activation: "sigmoid" },
    ],
  },
  { batchSize: 4 },
);
initialize(network, { kind: "uniform", limit: 0.2 }, 1);
const data = {
  inputs: [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  targets: [[0], [1], [1], [0]],
};
new Trainer(network, data, { rate: 0.3 }).train({ epochs: passes });
console.log(JSON.stringify({ ms: performance.now() - start }));
