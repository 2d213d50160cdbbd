import { expectRefusal } from "@batchnorm/conformance/vitest";
import type { Network, Progress, Sample, TrainingOptions } from "@batchnorm/synaptic";
import synaptic from "synaptic";
import { describe, expect, test, vi } from "vitest";
import { accuracy, api, classes, inputsOf, networks, scaledClasses, snapshot } from "./networks.ts";

const { Layer, Network: StockNetwork, Neuron, Trainer } = synaptic;
const { BatchNormPerceptron, BatchTrainer } = api;
const set = scaledClasses("set", 45);
const make = (): Network => new BatchNormPerceptron(4, 8, 3, { seed: 2 });
const train = (network: Network, options: TrainingOptions, samples: readonly Sample[] = set) =>
  new BatchTrainer(network).train(samples, options);

describe("of a network without Batch Normalization", () => {
  /** Of each weight and bias, per unit of the rate. */
  const steps = (before: Network, after: Network, rate: number): number[] => {
    const [a, b] = [before.toJSON(), after.toJSON()] as never as {
      neurons: { bias: number; layer: string }[];
      connections: { weight: number }[];
    }[];
    return [
      ...a!.connections.map(({ weight }, i) => (b!.connections[i]!.weight - weight) / rate),
      ...a!.neurons.flatMap(({ bias, layer }, i) =>
        layer === "input" ? [] : [(b!.neurons[i]!.bias - bias) / rate],
      ),
    ];
  };

  test.each(["LOGISTIC", "IDENTITY", "HLIM"] as const)(
    "one sample's step, outputs %s, is that of synaptic",
    (name) => {
      const stock = networks["no Batch Normalization"]!();
      stock.layers.output.set({ squash: Neuron.squash[name] });
      const [a, b] = [StockNetwork.fromJSON(stock.toJSON()), StockNetwork.fromJSON(stock.toJSON())];
      const rate = 1e-7;
      new Trainer(a).train([set[0] as never], { iterations: 1, error: 1e-30, rate });
      train(b, { iterations: 1, error: 0, rate, batchSize: 1 }, [set[0]!]);
      const [theirs, ours] = [steps(stock, a, rate), steps(stock, b, rate)];
      // synaptic lets its output layer learn before the hidden one reads it: an error of the rate's size,
      // beside that of weights near 1 that differ by 1e-7, 1e-16 / 1e-7.
      for (const [i, step] of ours.entries()) expect(step).toBeCloseTo(theirs[i]!, 6);
      expect(Math.max(...ours.map(Math.abs))).toBeGreaterThan(0.1);
    },
  );

  test("a batch's step is the mean of its samples' own", () => {
    const stock = networks["no Batch Normalization"]!();
    const step = (samples: Sample[]): number[] => {
      const network = StockNetwork.fromJSON(stock.toJSON());
      train(network, { iterations: 1, error: 0, rate: 1, batchSize: 8 }, samples);
      return steps(stock, network, 1);
    };
    const samples = set.slice(0, 5);
    const single = samples.map((sample) => step([sample]));
    step(samples).forEach((value, i) => {
      expect(value).toBeCloseTo(
        single.reduce((sum, steps) => sum + steps[i]! / 5, 0),
        12,
      );
    });
  });
});

describe("as synaptic's Trainer", () => {
  const stock = (): Network => networks["no Batch Normalization"]!();
  /** What a schedule is told, by both. */
  const told = (options: object): [theirs: Progress[], ours: Progress[]] => {
    const log: [Progress[], Progress[]] = [[], []];
    const schedule = (who: 0 | 1) => ({
      every: 1,
      do: (data: Progress) => void log[who].push(data),
    });
    new Trainer(stock()).train([...(set as never[])], { ...options, schedule: schedule(0) });
    train(stock(), { batchSize: 1, shuffle: false, ...options, schedule: schedule(1) });
    return log;
  };

  test.each([
    ["a number", 0.0025],
    ["a list", [0.004, 0.003, 0.002]],
    ["a function", (iterations: number, error: number) => 0.01 / (iterations + error)],
  ])("the rate may be %s", (_, rate) => {
    const [theirs, ours] = told({ rate, iterations: 11, error: 1e-30 });
    expect(ours.map(({ iterations }) => iterations)).toEqual(
      theirs.map(({ iterations }) => iterations),
    );
    ours.forEach((one, i) => {
      // synaptic's rule is no gradient: after 45 samples at these rates, errors differ by 1e-4.
      expect(one.rate).toBeCloseTo(theirs[i]!.rate, 5);
      expect(one.error).toBeCloseTo(theirs[i]!.error, 3);
    });
  });

  test("the error is the mean cost of outputs before their step; cost is told, not learned by", () => {
    const { MSE, BINARY, CROSS_ENTROPY } = Trainer.cost;
    const own = (t: ArrayLike<number>, y: ArrayLike<number>): number => Math.abs(t[0]! - y[0]!);
    const results = [MSE, BINARY, CROSS_ENTROPY, own].map((cost) => {
      const network = stock();
      const before = set.map(({ input, output }) => cost(output, network.activate(input)));
      const { error } = train(network, { cost, iterations: 1, error: 0, rate: 0.3, batchSize: 45 });
      expect(error).toBeCloseTo(before.reduce((a, b) => a + b, 0) / set.length, 12);
      return snapshot(network).replace(/"activation":[^,]*,|"state":[^,]*,|"old":[^,]*,/g, "");
    });
    expect(new Set(results.map((json) => JSON.parse(json).connections[5].weight)).size).toBe(1);
  });

  test("the result is error, iterations and time", () => {
    const result = train(make(), { iterations: 3, error: 0 });
    expect(Object.keys(result).sort()).toEqual(["error", "iterations", "time"]);
    expect(result.iterations).toBe(3);
    expect(result.time).toBeGreaterThanOrEqual(0);
  });

  test("an error that is small enough ends it, of 0 too, and one of 1 before it begins", () => {
    expect(train(make(), { error: 0.15, iterations: 500 }).iterations).toBeLessThan(500);
    expect(train(make(), { error: 0, iterations: 5 }).iterations).toBe(5);
    expect(train(make(), { error: 1 })).toMatchObject({ error: 1, iterations: 0 });
    expect(train(make(), { iterations: 0 })).toMatchObject({ error: 1, iterations: 0 });
  });

  test("a schedule is called when it is due, sees the network trained, and ends it by true", () => {
    const network = make();
    const seen: unknown[] = [];
    const schedule = {
      every: 3,
      do({ iterations }: Progress) {
        seen.push([iterations, network.activate([0, 0, 0, 0])[0]]);
        return iterations >= 9;
      },
    };
    const { iterations } = train(network, { iterations: 50, error: 0, schedule });
    expect(iterations).toBe(9);
    expect(seen.map((one) => (one as number[])[0])).toEqual([3, 6, 9]);
    expect(new Set(seen.map((one) => (one as number[])[1])).size).toBe(3);
  });

  test("log prints as synaptic does, but when the schedule is due", () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    const schedule = { every: 4, do: () => false };
    train(make(), { iterations: 6, error: 0, log: 2, schedule, rate: 0.3 });
    const calls = log.mock.calls.map(([, iterations, , , , rate]) => [iterations, rate]);
    log.mockRestore();
    expect(calls).toEqual([
      [2, 0.3],
      [6, 0.3],
    ]);
  });

  test("cross-validation keeps the last samples from training, and tells their error", () => {
    const crossValidate = { testSize: 0.2 };
    const [network, other] = [make(), make()];
    const trainer = new BatchTrainer(network, { shuffle: false });
    const { error } = trainer.train(set, { crossValidate, iterations: 4, error: 0 });
    expect(error).toBeCloseTo(trainer.test(set.slice(36)).error, 14);
    train(other, { shuffle: false, iterations: 4, error: 0 }, set.slice(0, 36));
    expect(network.activate([1, 0, 0, 0])).toEqual(other.activate([1, 0, 0, 0]));
    const ended = trainer.train(set, {
      crossValidate: { testSize: 0.2, testError: 0.5 },
      error: 0,
      iterations: 9,
    });
    expect(ended.iterations).toBe(1);
  });

  test("test() tells the mean cost by the network as it is", () => {
    const network = make();
    const { BINARY } = Trainer.cost;
    const stockTest = set.reduce(
      (sum, { input, output }) => sum + BINARY(output, network.activate(input)),
      0,
    );
    expect(new BatchTrainer(network).test(set, { cost: BINARY }).error).toBeCloseTo(
      stockTest / 45,
      12,
    );
  });
});

describe("mini-batches", () => {
  test("the seed decides a run, each call draws other orders, and the set stays as it is", () => {
    const copy = [...set];
    const run = (seed: number): string => {
      const network = make();
      const trainer = new BatchTrainer(network, { iterations: 2, error: 0, seed, batchSize: 8 });
      trainer.train(set);
      trainer.train(set);
      return snapshot(network);
    };
    expect(run(1)).toBe(run(1));
    expect(run(1)).not.toBe(run(2));
    expect(set).toEqual(copy);
    const whole = make();
    train(whole, { iterations: 4, error: 0, seed: 1, batchSize: 8 });
    expect(snapshot(whole)).not.toBe(run(1));
  });

  test("each iteration, and each call, takes the samples in an order of its own", () => {
    const orders: string[] = [];
    const order: number[] = [];
    const cost = (target: ArrayLike<number>): number => {
      order.push(set.findIndex(({ output }) => output === target));
      return 1;
    };
    const schedule = { every: 1, do: () => void orders.push(order.splice(0).join()) };
    const trainer = new BatchTrainer(make(), { iterations: 2, error: 0, cost, schedule });
    trainer.train(set);
    trainer.train(set);
    expect(new Set(orders).size).toBe(4);
    for (const one of orders) {
      const sorted = one.split(",").sort((a, b) => Number(a) - Number(b));
      expect(sorted).toEqual(Array.from(set.keys(), String));
    }
  });

  test("in order, two calls are one", () => {
    const [once, twice] = [make(), make()];
    const options = { error: 0, shuffle: false, batchSize: 8 };
    train(once, { ...options, iterations: 6 });
    const trainer = new BatchTrainer(twice, { ...options, iterations: 3 });
    trainer.train(set);
    trainer.train(set);
    expect(snapshot(twice)).toBe(snapshot(once));
  });

  test("calls of one trainer are those of new ones, whatever they are told", () => {
    const [one, other] = [make(), make()];
    const { MSE, BINARY } = Trainer.cost;
    const trainer = new BatchTrainer(one, { iterations: 2, error: 0, rate: 0.3, batchSize: 8 });
    const calls: [samples: Sample[], options: TrainingOptions][] = [
      [set, {}],
      [set, { rate: 0.1, seed: 4 }],
      [set.slice(1), {}],
      [[...set.slice(7), ...set.slice(0, 6)], {}],
      [set, { shuffle: false }],
      [set, { batchSize: 7 }],
      [set, { batchSize: 7, cost: BINARY }],
      [set, { batchSize: 7, cost: MSE, crossValidate: { testSize: 0.2 } }],
      [set, { optimizer: { kind: "adam" } }],
      [set, {}],
    ];
    for (const [call, [samples, options]] of calls.entries()) {
      const { error } = trainer.train(samples, options);
      const alone = { ...trainer.options, ...options, seed: (options.seed ?? 0) + call };
      expect(train(other, alone, samples).error).toBe(error);
      expect(snapshot(one)).toBe(snapshot(other));
    }
  });

  test("a network that is changed between calls is read anew", () => {
    const network = make();
    const trainer = new BatchTrainer(network, { iterations: 1, error: 0, rate: 0 });
    trainer.train(set);
    for (const neuron of network.layers.output.list) neuron.bias = 7;
    const { error } = trainer.train(set);
    expect(error).toBeGreaterThan(0.6);
    expect(network.layers.output.list[0]?.bias).toBe(7);
    const extra = new Layer(2);
    network.layers.hidden[1]!.project(extra);
    extra.project(network.layers.output);
    network.set({ ...network.layers, hidden: [...network.layers.hidden, extra] });
    const before = Object.values(extra.list[0]!.connections.inputs)[0]!.weight;
    trainer.train(set, { rate: 0.5 });
    expect(Object.values(extra.list[0]!.connections.inputs)[0]!.weight).not.toBe(before);
    const fresh = new BatchTrainer(network, { iterations: 1, error: 0 });
    const [lost] = Object.values(extra.list[0]!.connections.inputs);
    const inputs = extra.list[0]!.connections.inputs as Record<string, unknown>;
    delete inputs[lost!.ID];
    const { weight } = lost!;
    fresh.train(set);
    expect(lost!.weight).toBe(weight);
  });

  test("iterations that nothing happens between are those that something does", () => {
    const [quiet, told] = [make(), make()];
    const schedule = { every: 1, do: () => false };
    const options = { iterations: 60, error: 0.12, rate: 0.4, batchSize: 8 };
    const [a, b] = [train(quiet, options), train(told, { ...options, schedule })];
    expect(a.iterations).toBeLessThan(60);
    expect([a.iterations, a.error]).toEqual([b.iterations, b.error]);
    // A schedule may look at the network, which has synaptic generate code; this one does not.
    expect(snapshot(quiet)).toBe(snapshot(told));
  });

  test("rows may be typed arrays, and like arrays", () => {
    const [plain, other] = [make(), make()];
    const rows = set.map(({ input, output }) => ({
      input: Float64Array.from(input),
      output: { ...Array.from(output), length: 3 },
    }));
    const options = { iterations: 2, error: 0 };
    expect(train(other, options, rows).error).toBe(train(plain, options).error);
    expect(snapshot(other)).toBe(snapshot(plain));
  });

  test("states, statistics and samples that change between two calls count", () => {
    const network = make();
    const trainer = new BatchTrainer(network, { iterations: 1, error: 0, shuffle: false });
    const samples = set.map(({ input, output }) => ({ input: Array.from(input), output }));
    const changes: (() => void)[] = [
      () => {
        for (const { input } of samples) input[2]! *= 3;
      },
      () => {
        const [state] = api.batchNormStates(network);
        api.loadBatchNormStates(network, [{ ...state!, gamma: state!.gamma!.map((g) => g + 1) }]);
      },
      () => api.recalibrate(network, inputsOf(set.slice(0, 9))),
      () => api.freezeBatchNorm(network),
      () => network.layers.hidden[1]!.reset(),
      () => train(network, { iterations: 2, error: 0 }),
    ];
    trainer.train(samples);
    const trained = changes.map((change) => {
      change();
      const before = api.toJSON(network);
      const { error } = trainer.train(samples);
      return { before, error, after: JSON.stringify(api.batchNormStates(network)) };
    });
    // Made at last: connections of another network would have this one looked at anew.
    for (const { before, error, after } of trained) {
      const copy = api.fromJSON(before);
      expect(new BatchTrainer(copy, { ...trainer.options }).train(samples).error).toBe(error);
      expect(JSON.stringify(api.batchNormStates(copy))).toBe(after);
    }
  });

  test.each([
    ["momentum", { kind: "sgd", momentum: 0.9 }, 0.05],
    ["Adam", { kind: "adam" }, 0.02],
  ] as const)("%s learns, and each call begins it anew", (_, optimizer, rate) => {
    const [plain, network] = [make(), make()];
    const options = { iterations: 15, error: 0, rate, batchSize: 8 };
    const { error } = train(plain, options);
    const trainer = new BatchTrainer(network, { ...options, optimizer, shuffle: false });
    expect(trainer.train(set).error).toBeLessThan(error);
    const copy = api.fromJSON(api.toJSON(network));
    new BatchTrainer(copy, { ...options, optimizer, shuffle: false }).train(set);
    trainer.train(set);
    expect(copy.activate([1, 0, 0, 0])).toEqual(network.activate([1, 0, 0, 0]));
  });

  test("unscaled inputs are learned when Batch Normalization is the first layer", () => {
    const network = new BatchNormPerceptron(4, 12, 3, { normalizeInputs: true });
    train(network, { iterations: 60, rate: 0.5, batchSize: 16 }, classes("train", 240));
    expect(accuracy(network, classes("test", 120))).toBeGreaterThan(0.95);
  });
});

describe("trainAsync", () => {
  test("computes the same bits as train", async () => {
    const [a, b] = [make(), make()];
    const options = { iterations: 7, error: 0, rate: [0.5, 0.2], batchSize: 8 };
    const { error, iterations } = train(a, options);
    expect(await new BatchTrainer(b).trainAsync(set, options)).toMatchObject({ error, iterations });
    expect(snapshot(b)).toBe(snapshot(a));
  });

  test("lets the event loop run, and a signal ends it between two samples' batches", async () => {
    const network = make();
    const controller = new AbortController();
    let turns = 0;
    const timer = setInterval(() => {
      if (++turns === 3) controller.abort();
    }, 1);
    const trainer = new BatchTrainer(network);
    const before = snapshot(network);
    const training = trainer.trainAsync(set, {
      iterations: Infinity,
      error: 0,
      signal: controller.signal,
    });
    expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => trainer.train(set));
    expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => train(network, {}));
    await training;
    clearInterval(timer);
    expect(turns).toBeGreaterThanOrEqual(3);
    expect(snapshot(network)).not.toBe(before);
    expect(trainer.train(set, { iterations: 1, error: 0 }).iterations).toBe(1);
  });

  test("waits for what a schedule promises, and rejects what it refuses", async () => {
    const schedule = { every: 2, do: async ({ iterations }: Progress) => iterations === 4 };
    const trainer = new BatchTrainer(make());
    const options = { iterations: 20, error: 0 };
    expect((await trainer.trainAsync(set, { ...options, schedule })).iterations).toBe(4);
    await expect(trainer.trainAsync([], options)).rejects.toMatchObject({
      code: "ERR_BATCHNORM_TOO_FEW_VALUES",
    });
    expect(trainer.train(set, { ...options, iterations: 1 }).iterations).toBe(1);
  });
});

test("what a callback throws comes out, with the network as far as it was trained", () => {
  const network = make();
  const before = snapshot(network);
  const schedule = {
    every: 2,
    do: () => {
      throw new Error("enough");
    },
  };
  expect(() => train(network, { schedule, error: 0 })).toThrow("enough");
  expect(snapshot(network)).not.toBe(before);
  expect(train(network, { iterations: 1, error: 0 }).iterations).toBe(1);
});
