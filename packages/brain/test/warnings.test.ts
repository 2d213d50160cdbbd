import { describe, expect, test, vi } from "vitest";
import { versions } from "./hosts.ts";
import { classOf } from "./nets.ts";
import { noise, type Sample, xor } from "./sets.ts";

describe.each(versions)("with %s", (_, brain) => {
  /** What is said of some data. */
  function saidOf(data: readonly object[], options: object = {}, batchNorm: object = {}): string[] {
    const said: string[] = [];
    const onWarning = (message: string): void => void said.push(message);
    const net = new (classOf(brain))({
      hiddenLayers: [3],
      ...options,
      batchNorm: { batchSize: 4, seed: 1, onWarning, ...batchNorm },
    });
    for (let time = 0; time < 2; time++) net.train(data, { iterations: 1 });
    return said;
  }
  const data = noise(1, 12, 2, 1);
  const changed = (change: (sample: Sample) => Sample): Sample[] =>
    data.map((sample, i) => (i === 7 ? change(sample) : sample));

  test("of good data nothing is said", () => {
    expect(saidOf(data)).toEqual([]);
    expect(saidOf(xor)).toEqual([]);
  });

  test.each([
    ["sigmoid", 1.5, /output 0 of sample 7 is 1.5, but sigmoid gives 0 to 1/],
    ["tanh", -1.5, /output 0 of sample 7 is -1.5, but tanh gives -1 to 1/],
    ["relu", -0.5, /output 0 of sample 7 is -0.5, but relu gives 0 or more/],
  ])("targets that %s cannot reach are named, once", (activation, value, text) => {
    const targets = changed(({ input }) => ({ input, output: [value] }));
    const said = saidOf(targets, { activation });
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(text);
  });

  test("constant features that are to be normalized are named, by their key where they have one", () => {
    const scaled = { input: true };
    const rows = data.map(({ input, output }) => ({ input: [input[0]!, 5, 6], output }));
    expect(saidOf(rows)).toEqual([]);
    expect(saidOf(rows, {}, scaled)[0]).toMatch(/input 1 and 1 more is the same in every sample/);
    const objects = data.map(({ input, output }) => ({ input: { a: input[0], b: 5 }, output }));
    expect(saidOf(objects, {}, scaled)[0]).toMatch(/input "b" is the same/);
  });

  test("class-sorted data without shuffling are told of, and only those", () => {
    const sorted = data.map(({ input }, i) => ({ input, output: [i < 6 ? 1 : 0, i < 6 ? 0 : 1] }));
    const mixed = data.map(({ input }, i) => ({ input, output: [i % 2, 1 - (i % 2)] }));
    expect(saidOf(sorted, {}, { shuffle: false })[0]).toMatch(/one class after the other/);
    expect(saidOf(sorted)).toEqual([]);
    expect(saidOf(mixed, {}, { shuffle: false })).toEqual([]);
  });

  test("by default console.warn is told", () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    saidOf(
      changed(({ input }) => ({ input, output: [2] })),
      {},
      { onWarning: undefined },
    );
    expect(warned.mock.calls).toHaveLength(1);
    warned.mockRestore();
  });
});
