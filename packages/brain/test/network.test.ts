import { batchNormStates, loadBatchNormStates } from "@batchnorm/brain";
import { describe, expect, test, vi } from "vitest";
import { engineOf } from "../src/session.ts";
import { brain1, versions } from "./hosts.ts";
import { accuracy, classOf, copy, json, stockOf } from "./nets.ts";
import { noise, threeClasses, xor } from "./sets.ts";

describe.each(versions)("with %s", (_, brain) => {
  const Net = classOf(brain);
  const quiet = { onWarning() {} };

  test("badly scaled features are learned with Batch Normalization of the inputs", () => {
    const [train, rest] = [threeClasses(1, 300), threeClasses(2, 150)];
    const batchNorm = { input: true, seed: 1 };
    const net = new Net({ hiddenLayers: [16, 16], activation: "relu", batchNorm });
    net.train(train, { iterations: 60, learningRate: 0.1 });
    expect(accuracy(net, rest)).toBeGreaterThan(0.9);
    const stock = new brain.NeuralNetwork({ hiddenLayers: [16, 16], activation: "relu" });
    stock.train(train, { iterations: 60, learningRate: 0.1 });
    expect(accuracy(stock, rest)).toBeLessThan(0.5);
  });

  test.each(["sigmoid", "tanh", "relu"])(
    "%s: a plain network from our JSON, and toFunction, answer as run does",
    (activation) => {
      const data = noise(3, 40, 3, 2);
      const batchNorm = { input: true, batchSize: 8, seed: 2 };
      const net = new Net({ hiddenLayers: [7, 5], activation, batchNorm });
      net.train(data, { iterations: 30, learningRate: 0.05 });
      const stock = stockOf(brain, net);
      const made = net.toFunction();
      for (const { input } of data) {
        const y = Array.from(net.run(input) as number[]);
        for (const other of [stock.run(input), made(input)]) {
          // Two layers of sums of ten products, each weight a rounded float32.
          for (const [k, value] of y.entries())
            expect((other as number[])[k]).toBeCloseTo(value, 5);
        }
      }
    },
  );

  test("in batches of one and without Batch Normalization, it trains as brain.js does", () => {
    const data = noise(4, 12, 3, 2);
    const options = { hiddenLayers: [5, 4] };
    // Biases have no momentum in brain.js.
    const training = { iterations: 5, learningRate: 0.2, momentum: 1e-9, errorThresh: 1e-9 };
    for (const activation of ["sigmoid", "tanh", "relu"]) {
      const batchNorm = { hidden: false, batchSize: 1, shuffle: false, seed: 3 };
      const net = new Net({ ...options, activation, batchNorm });
      net.sizes = [3, 5, 4, 2];
      net.initialize();
      const stock = stockOf(brain, net);
      const ours = net.train(data, training);
      const theirs = stock.train(data, training);
      expect(ours.iterations).toBe(theirs.iterations);
      // 60 steps, with a rounding of float32 in each of them.
      expect(ours.error).toBeCloseTo(theirs.error, 5);
      for (const [l, rows] of stock.weights.entries()) {
        for (const [n, row] of (rows ?? []).entries()) {
          for (let k = 0; k < row.length; k++) {
            expect(net.weights[l]![n]![k]).toBeCloseTo(row[k] as number, 5);
          }
        }
      }
    }
  });

  test("the error is the mean squared error as brain.js's own test says it", () => {
    const data = noise(5, 24, 3, 2);
    const net = new Net({ hiddenLayers: [5], batchNorm: { hidden: false, seed: 1 } });
    net.train(data, { iterations: 3 });
    const { error } = net.train(data, { iterations: 1, learningRate: 1e-30, momentum: 1e-30 });
    expect(error).toBeCloseTo(net.test(data).error, 6);
  });

  test("iterations, errorThresh and timeout end training as brain.js has it", () => {
    const net = new Net({ hiddenLayers: [6], batchNorm: { input: true, seed: 1, batchSize: 4 } });
    expect(net.train(xor, { iterations: 7 }).iterations).toBe(7);
    const { error, iterations } = net.train(xor, {
      iterations: 20000,
      errorThresh: 0.1,
      learningRate: 0.9,
    });
    expect(error).toBeLessThanOrEqual(0.1);
    expect(iterations).toBeLessThan(20000);
    const endless = { iterations: 1e9, errorThresh: 1e-30, timeout: 20 };
    expect(net.train(xor, endless).iterations).toBeLessThan(1e9);
  });

  test("log and callback are called in their periods, and see a network that has learned so far", () => {
    const net = new Net({ hiddenLayers: [6], batchNorm: { seed: 1, batchSize: 4 } });
    const logged: unknown[] = [];
    const seen: [{ iterations: number; error: number }, number][] = [];
    const result = net.train(xor, {
      iterations: 6,
      log: (status: unknown) => logged.push(copy(status)),
      logPeriod: 3,
      callback: (status: { iterations: number; error: number }) =>
        seen.push([copy(status), (net.run([0, 1]) as number[])[0]!]),
      callbackPeriod: 2,
    });
    expect(logged).toHaveLength(2);
    expect(seen.map(([{ iterations }]) => iterations)).toEqual([2, 4, 6]);
    expect(new Set(seen.map(([, y]) => y)).size).toBe(3);
    expect(seen.at(-1)?.[0]).toEqual(result);
    expect(seen.at(-1)?.[1]).toBe((net.run([0, 1]) as number[])[0]);
  });

  test("log: true is brain.js's own log", () => {
    const said = vi.spyOn(console, "log").mockImplementation(() => {});
    const net = new Net({ hiddenLayers: [6], batchNorm: { seed: 1, batchSize: 4 } });
    const { error } = net.train(xor, { iterations: 10, log: true });
    expect(said.mock.calls).toEqual([[`iterations: 10, training error: ${error}`]]);
    said.mockRestore();
  });

  test("errors are looked at when errorCheckInterval says so", () => {
    const net = new Net({ hiddenLayers: [6], batchNorm: { seed: 1, batchSize: 4 } });
    (net as unknown as { errorCheckInterval: number }).errorCheckInterval = 5;
    expect(net.train(xor, { iterations: 4 }).error).toBe(1);
    expect(net.train(xor, { iterations: 5 }).error).toBeLessThan(1);
  });

  test("objects are keyed as brain.js keys them, and a missing key is 0", () => {
    const data = [
      { input: { r: 0.03, g: 0.7, b: 0.5 }, output: { black: 1 } },
      { input: { r: 0.16, g: 0.09 }, output: { white: 1 } },
      { input: { g: 0.5, b: 1 }, output: { white: 1 } },
      { input: { r: 0.1, b: 0.1, 7: 1 }, output: { black: 1 } },
    ];
    const net = new Net({ hiddenLayers: [6], batchNorm: { batchSize: 4, seed: 1 } });
    net.train(data, { iterations: 400, learningRate: 0.5 });
    const again = new Net().fromJSON(copy(net.toJSON()));
    const stock = stockOf(brain, net);
    for (const { input, output } of data) {
      const y = net.run(input) as Record<string, number>;
      expect(Object.keys(y).sort()).toEqual(["black", "white"]);
      expect(y.black! > y.white!).toBe("black" in output);
      expect(again.run(input)).toEqual(y);
      const plain = stock.run(input) as Record<string, number>;
      for (const key of Object.keys(y)) expect(plain[key]).toBeCloseTo(y[key]!, 5);
    }
    expect(net.test(data).total).toBe(4);
  });

  test("arrays of any kind are arrays", () => {
    const typed = xor.map(({ input, output }) => ({
      input: Float32Array.from(input),
      output: Float64Array.from(output),
    }));
    const nets = [xor, typed].map((data) => {
      const net = new Net({ hiddenLayers: [4], batchNorm: { batchSize: 4, seed: 1 } });
      net.train(data, { iterations: 20 });
      return json(net.toJSON());
    });
    expect(nets[1]).toBe(nets[0]);
  });

  test("CrossValidate trains and judges it as any other network", () => {
    const options = { hiddenLayers: [6], batchNorm: { input: true, batchSize: 8, ...quiet } };
    const make = brain === brain1 ? Net : () => new Net(options);
    const cross = new brain.CrossValidate(make, options);
    const data = threeClasses(1, 60);
    const { sets } = cross.train(data, { iterations: 40 }, 3);
    expect(sets).toHaveLength(3);
    expect(accuracy(cross.toNeuralNetwork(), data)).toBeGreaterThan(0.6);
  });

  test("where folding would lose digits, run and test are computed without loss", () => {
    const data = xor.map(({ input, output }) => ({
      input: input.map((value) => 1e6 + value),
      output,
    }));
    const warnings: string[] = [];
    const net = new Net({
      hiddenLayers: [8],
      batchNorm: {
        input: true,
        batchSize: 4,
        seed: 1,
        type: "float64",
        onWarning: (message: string) => warnings.push(message),
      },
    });
    net.train(data, { iterations: 3000, learningRate: 0.5, errorThresh: 0.001 });
    for (const { input, output } of data) {
      const [y] = net.run(input) as number[];
      expect(y).toBeCloseTo(output[0]!, 0);
      // Unfolded, in float64; the answer itself is a float32.
      const [exact] = engineOf(net).engine.network.predict(Float64Array.from(input), 1);
      expect(y).toBeCloseTo(exact!, 6);
    }
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/toFunction/);
    const again = new Net({ batchNorm: quiet }).fromJSON(copy(net.toJSON()));
    expect(again.run(data[1]?.input)).toEqual(net.run(data[1]?.input));
    // What is loaded into it next is computed as it always was.
    const other = new Net({ hiddenLayers: [3], batchNorm: { seed: 1, batchSize: 4 } });
    other.train(xor, { iterations: 2 });
    const plain = copy(other.toJSON());
    delete plain.batchNorm;
    expect(again.fromJSON(plain).run([0, 1])).toEqual(other.run([0, 1]));
  });

  test("toFunction works where a folded bias is 0", () => {
    const net = new Net({ hiddenLayers: [4], batchNorm: { seed: 1, batchSize: 4 } });
    net.train(xor, { iterations: 2 });
    const none = [0, 0, 0, 0];
    const [state] = batchNormStates(net);
    loadBatchNormStates(net, [{ ...state, beta: none, runningMean: none }]);
    const [y] = net.toFunction()([0, 1]) as number[];
    // brain.js's own function has the same numbers, and sums them in another order.
    expect(y).toBeCloseTo((net.run([0, 1]) as number[])[0]!, 6);
  });

  test("a seed decides everything, and without one the weights are brain.js's own", () => {
    const train = (batchNorm: object): string => {
      const net = new Net({ hiddenLayers: [4], batchNorm: { batchSize: 2, ...batchNorm } });
      net.train(xor, { iterations: 3 });
      return json(net.weights);
    };
    expect(train({ seed: 1 })).toBe(train({ seed: 1 }));
    expect(train({ seed: 1 })).not.toBe(train({ seed: 2 }));
    expect(train({})).not.toBe(train({}));
  });

  test("weights that were written from outside are taken as they are", () => {
    const batchNorm = { hidden: false, batchSize: 4, seed: 1 };
    const net = new Net({ hiddenLayers: [4], batchNorm });
    net.train(xor, { iterations: 10 });
    (net.weights[1]![0] as number[])[0] = 3;
    net.train(xor, { iterations: 1, learningRate: 1e-30, momentum: 1e-30 });
    expect(net.weights[1]![0]![0]).toBe(3);
  });

  test("a batchSize far beyond the set is the whole set, and takes no more memory than that", () => {
    const train = (batchSize: number): string => {
      const net = new Net({ hiddenLayers: [4], batchNorm: { batchSize, seed: 1 } });
      net.train(noise(1, 20, 3, 2), { iterations: 3 });
      return json(net.weights);
    };
    expect(train(2 ** 40)).toBe(train(20));
  });

  test("another rate, momentum, praxis or batch goes on from what was learned", () => {
    const net = new Net({ hiddenLayers: [6], batchNorm: { batchSize: 2, seed: 1 } });
    net.train(noise(1, 8, 3, 2), { iterations: 5 });
    const before = net.train(noise(1, 8, 3, 2), { iterations: 1 }).error;
    net.train(noise(1, 9, 3, 2), { iterations: 50, praxis: "adam", learningRate: 0.01 });
    net.train(noise(1, 8, 3, 2), { iterations: 50, momentum: 0.5, learningRate: 0.1 });
    expect(net.train(noise(1, 8, 3, 2), { iterations: 1 }).error).toBeLessThan(before);
  });
});
