import { type Graph, type Network, Trainer, type TrainingData } from "@batchnorm/minibatch";
import { expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { seeded, threeClasses, xor, xorGraph } from "./sets.ts";

onEachBackend(() => {
  test.each(["float32", "float64"] as const)("%s: XOR is learned at full batch", (type) => {
    const network = seeded(xorGraph, {
      type,
      batchSize: 4,
      optimizer: { kind: "sgd", momentum: 0.9 },
    });
    const trainer = new Trainer(network, xor, { rate: 0.5 });
    const { stoppedBy } = trainer.train({ epochs: 5000, errorThreshold: 0.005 });
    expect(stoppedBy).toBe("errorThreshold");
    const x = [0, 0, 0, 1, 1, 0, 1, 1];
    const y = network.predict(type === "float32" ? Float32Array.from(x) : Float64Array.from(x), 4);
    expect(Array.from(y, Math.round)).toEqual([0, 1, 1, 0]);
  });

  /** 2-8-3, with Batch Normalization on the input or without. */
  const classifier = (normalized: boolean): Graph => ({
    inputs: 2,
    layers: [
      {
        units: 2,
        connections: [{ from: 0, kind: "identity" }],
        batchNorm: normalized,
        bias: false,
      },
      { units: 8, activation: "sigmoid" },
      { units: 3, activation: "sigmoid" },
    ],
  });

  function accuracy(network: Network, { inputs, targets }: TrainingData): number {
    const rows = inputs as number[][];
    const y = network.predict(Float64Array.from(rows.flat()), rows.length);
    const largest = (values: ArrayLike<number>): number =>
      [0, 1, 2].reduce((a, b) => ((values[b] ?? 0) > (values[a] ?? 0) ? b : a));
    const right = rows.filter(
      (_, i) =>
        largest(y.subarray(3 * i, 3 * i + 3)) === largest((targets as number[][])[i] as number[]),
    );
    return right.length / rows.length;
  }

  test("three classes of badly scaled features are learned with Batch Normalization of the input only", () => {
    const [training, unseen] = [threeClasses("train", 240), threeClasses("test", 120)];
    const reached = [true, false].map((normalized) => {
      const network = seeded(classifier(normalized), { type: "float64", batchSize: 16 });
      new Trainer(network, training, { rate: 0.5, seed: 3 }).train({ epochs: 200 });
      return accuracy(network, unseen);
    });
    // Chance is 1/3.
    expect(reached[0]).toBeGreaterThan(0.95);
    expect(reached[1]).toBeLessThan(0.5);
  });
});
