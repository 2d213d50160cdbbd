// Run once in a process of its own: import, compile and train XOR with synaptic.
const passes = Number(process.argv[2]);
const start = performance.now();
const { default: synaptic } = await import("synaptic");
const trainer = new synaptic.Trainer(new synaptic.Architect.Perceptron(2, 8, 1));
const set = [
  { input: [0, 0], output: [0] },
  { input: [0, 1], output: [1] },
  { input: [1, 0], output: [1] },
  { input: [1, 1], output: [0] },
];
trainer.train(set, { iterations: passes, error: 1e-30, rate: 0.3 });
console.log(JSON.stringify({ ms: performance.now() - start }));
