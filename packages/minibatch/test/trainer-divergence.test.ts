import { expectRefusal } from "@batchnorm/conformance/vitest";
import { type Graph, type Network, Trainer } from "@batchnorm/minibatch";
import { expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { noise, seeded } from "./sets.ts";

const graph: Graph = {
  inputs: 3,
  layers: [{ units: 5, activation: "relu" }, { units: 2 }],
};
const data = { inputs: noise("x", 40, 3), targets: noise("t", 40, 2) };
const stateOf = (network: Network): string => JSON.stringify(network.toState());
const make = (rate: number): Trainer =>
  new Trainer(seeded(graph, { batchSize: 8 }), data, { rate, seed: 2 });

onEachBackend(() => {
  test("a diverging run stops with the step named and the last good parameters kept", () => {
    const trainer = make(0.01);
    trainer.train({ epochs: 3 });
    const good = JSON.stringify(trainer.toState());
    trainer.rate = 1e200;
    const { message } = expectRefusal("ERR_BATCHNORM_NON_FINITE", () =>
      trainer.train({ epochs: 5 }),
    );
    expect(message).toMatch(
      /^the loss must be finite at step \d+, in epoch 4 \(samples .*rate 1e\+200\)/,
    );
    expect(message).toContain("lower the rate");
    expect(message).toContain("as it was after step 15");
    trainer.rate = 0.01;
    expect(JSON.stringify(trainer.toState())).toBe(good);
  });

  test("after it, training goes on from there as if it had not been", () => {
    const diverged = make(0.01);
    diverged.advance(3);
    diverged.rate = 1e200;
    expectRefusal("ERR_BATCHNORM_NON_FINITE", () => diverged.epoch());
    diverged.rate = 0.01;
    diverged.train({ epochs: 2 });
    const whole = make(0.01);
    whole.train({ epochs: 2 });
    expect(JSON.stringify(diverged.toState())).toBe(JSON.stringify(whole.toState()));
  });

  test("a long run goes back by no more than 64 steps", () => {
    let steps = 0;
    const rate = (): number => (++steps < 200 ? 0.01 : 1e200);
    const trainer = new Trainer(seeded(graph, { batchSize: 8 }), data, { rate });
    expectRefusal("ERR_BATCHNORM_NON_FINITE", () => trainer.train({ epochs: 100 }));
    const { step } = trainer.progress;
    expect(step).toBeLessThan(200);
    expect(step).toBeGreaterThan(200 - 64 - 5);
    const whole = new Trainer(seeded(graph, { batchSize: 8 }), data, { rate: 0.01 });
    for (let i = 0; i < step; i++) whole.advance(1);
    expect(stateOf(trainer.network)).toBe(stateOf(whole.network));
  });

  test("a step whose numbers are finite, but that nothing finite comes of, is taken back too", () => {
    const network = seeded(graph, { type: "float64", batchSize: 8 });
    const trainer = new Trainer(network, data, { rate: 0.01 });
    trainer.epoch();
    const good = stateOf(network);
    // The loss is taken before the step. Weights of 1e160 are finite, their products are not.
    trainer.rate = 1e162;
    trainer.advance(1);
    expect(stateOf(network)).not.toBe(good);
    expectRefusal("ERR_BATCHNORM_NON_FINITE", () => trainer.advance(1));
    expect(stateOf(network)).toBe(good);
    expect(trainer.progress).toMatchObject({ epoch: 1, step: 5 });
  });

  test("parameters that a call has left, and that nothing finite comes of, are not those to go back to", () => {
    const network = seeded(graph, { type: "float64", batchSize: 40 });
    const trainer = new Trainer(network, data, { rate: [0.01, 1e162] });
    const good = stateOf(network);
    trainer.train({ epochs: 2 });
    expect(stateOf(network)).not.toBe(good);
    expectRefusal("ERR_BATCHNORM_NON_FINITE", () => trainer.epoch());
    expect(stateOf(network)).toBe(good);
    expect(trainer.progress).toMatchObject({ epoch: 0, step: 0 });
  });

  test("a sigmoid that hides infinite weights from the loss does not hide them from the check", () => {
    const sigmoid: Graph = { inputs: 3, layers: [{ units: 2, activation: "sigmoid" }] };
    const network = seeded(sigmoid, { batchSize: 8, type: "float64" });
    const large = data.inputs.map((row) => row.map((value) => 1e10 * Math.sign(value)));
    // Outputs of exactly 0 and 1 have no gradient: the first layer of weights must be small.
    network.writeWeights(1, 0, new Float64Array(6).fill(1e-12));
    const trainer = new Trainer(network, { ...data, inputs: large }, { rate: 1.7e308 });
    const good = stateOf(network);
    const { message } = expectRefusal("ERR_BATCHNORM_NON_FINITE", () => trainer.advance(1));
    expect(message).toMatch(/^all parameters must be finite after step 1/);
    expect(stateOf(network)).toBe(good);
  });

  test("a trainer that has begun anew does not go back to before", () => {
    const network = seeded(graph, { type: "float64", batchSize: 8 });
    const trainer = new Trainer(network, data, { rate: 0.01 });
    trainer.epoch();
    network.writeWeights(1, 0, new Float64Array(15).fill(1e200));
    trainer.restart();
    const begun = stateOf(trainer.network);
    expectRefusal("ERR_BATCHNORM_NON_FINITE", () => trainer.epoch());
    expect(stateOf(trainer.network)).toBe(begun);
    expect(trainer.progress).toEqual({ epoch: 0, step: 0, loss: null });
  });

  test("weights that a caller wrote between two calls are not taken back", () => {
    const trainer = make(0.01);
    trainer.epoch();
    const written = new Float32Array(15).fill(0.25);
    trainer.network.writeWeights(1, 0, written);
    trainer.rate = 1e200;
    expectRefusal("ERR_BATCHNORM_NON_FINITE", () => trainer.epoch());
    expect(Array.from(trainer.network.readWeights(1))).toEqual(Array.from(written));
  });

  test("trainAsync rejects, with the last good parameters kept", async () => {
    const trainer = make(1e200);
    const good = stateOf(trainer.network);
    await expect(trainer.trainAsync({ epochs: 5 })).rejects.toMatchObject({
      code: "ERR_BATCHNORM_NON_FINITE",
    });
    expect(stateOf(trainer.network)).toBe(good);
  });
});
