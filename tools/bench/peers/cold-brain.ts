// Run once in a process of its own: import, compile and train XOR with brain.js.
const passes = Number(process.argv[2]);
const start = performance.now();
const { NeuralNetwork } = await import("brain.js");
const network = new NeuralNetwork<number[], number[]>({ hiddenLayers: [8] });
const set = [
  { input: [0, 0], output: [0] },
  { input: [0, 1], output: [1] },
  { input: [1, 0], output: [1] },
  { input: [1, 1], output: [0] },
];
network.train(set, { iterations: passes, errorThresh: 1e-30 });
console.log(JSON.stringify({ ms: performance.now() - start }));
