import { expectRefusal } from "@batchnorm/conformance/vitest";
import { Network, type Rate, Trainer } from "@batchnorm/minibatch";
import { expect, test } from "vitest";
import { stepByStep, xor, xorGraph } from "./sets.ts";

/** The rate of each step of three epochs, of two steps each. */
function ratesBy(rate: Rate): number[] {
  const network = new Network(xorGraph, { batchSize: 2 });
  const rates: number[] = [];
  const step = network.step.bind(network);
  network.step = (data, indices, from, count, rate) => {
    rates.push(rate);
    return step(data, indices, from, count, rate);
  };
  new Trainer(network, xor, { rate, cost: stepByStep }).train({ epochs: 3 });
  return rates;
}

test("a number stays", () => {
  expect(ratesBy(0.3)).toEqual([0.3, 0.3, 0.3, 0.3, 0.3, 0.3]);
});

test("a list has one rate an epoch, and its last one stays", () => {
  expect(ratesBy([0.3, 0.2])).toEqual([0.3, 0.3, 0.2, 0.2, 0.2, 0.2]);
});

test("a function is asked before each step", () => {
  const moments: unknown[] = [];
  const rates = ratesBy(({ epoch, step, loss }) => {
    moments.push([epoch, step, loss === null]);
    return epoch + step / 10;
  });
  expect(rates).toEqual([0, 0.1, 1.2, 1.3, 2.4, 2.5]);
  expect(moments).toEqual([
    [0, 0, true],
    [0, 1, true],
    [1, 2, false],
    [1, 3, false],
    [2, 4, false],
    [2, 5, false],
  ]);
});

test("a function's bad rate is refused with the epoch and the step", () => {
  const rate = ({ epoch }: { epoch: number }): number => (epoch < 1 ? 0.1 : Number.NaN);
  const { message } = expectRefusal("ERR_BATCHNORM_OPTION", () => ratesBy(rate));
  expect(message).toBe("the rate at epoch 1, step 2 must be a finite number ≥ 0, got NaN");
});

test.each([
  -0.1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  [],
  [0.1, -1],
  [0.1, undefined],
  "0.1",
  null,
])("rate %j is refused", (rate) => {
  expectRefusal("ERR_BATCHNORM_OPTION", () => ratesBy(rate as Rate));
});
