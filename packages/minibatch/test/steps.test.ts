import { Network, type Optimizer } from "@batchnorm/minibatch";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { parametersOf, samplesOf, type Task, tasks } from "./graphs.ts";

const all = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i);

/** A network with a task's parameters. */
function prepared(task: Task, optimizer?: Optimizer): Network {
  const { graph, loss, count } = task;
  const net = new Network(graph, { type: "float64", batchSize: count + 3, loss, optimizer });
  for (const parameter of parametersOf(task)) parameter.write(net);
  return net;
}

/** Everything that learns, and its gradients, in one order. */
function flat(net: Network, task: Task): { values: number[]; gradients: number[] } {
  const { x, targets } = samplesOf(task);
  const { layers } = net.gradients(x, task.count, { targets });
  const state = net.toState();
  const values: number[] = [];
  const gradients: number[] = [];
  const push = (a: ArrayLike<number> | null | undefined, g: ArrayLike<number> | null): void => {
    if (!a || !g) return;
    values.push(...Array.from(a));
    gradients.push(...Array.from(g));
  };
  for (const [i, { weights, bias, batchNorm }] of state.layers.entries()) {
    const of = layers[i]!;
    for (const [c, matrix] of weights.entries()) push(matrix, of.weights[c]!);
    push(bias, of.bias);
    push(batchNorm?.gamma, of.dgamma);
    push(batchNorm?.beta, of.dbeta);
  }
  return { values, gradients };
}

/** Optimizers, value by value, as their definitions read. */
function reference(optimizer: Optimizer, rate: number) {
  const first: number[] = [];
  const second: number[] = [];
  let t = 0;
  return (values: number[], gradients: number[]): number[] => {
    t++;
    return values.map((w, i) => {
      const g = gradients[i]!;
      if (optimizer.kind === "sgd") {
        first[i] = (optimizer.momentum ?? 0) * (first[i] ?? 0) + rate * g;
        return w - first[i]!;
      }
      const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = optimizer;
      first[i] = beta1 * (first[i] ?? 0) + (1 - beta1) * g;
      second[i] = beta2 * (second[i] ?? 0) + (1 - beta2) * g * g;
      const corrected = second[i]! / (1 - beta2 ** t);
      return w - (rate * first[i]!) / (1 - beta1 ** t) / (Math.sqrt(corrected) + epsilon);
    });
  };
}

const optimizers: Optimizer[] = [
  { kind: "sgd" },
  { kind: "sgd", momentum: 0.9 },
  { kind: "adam" },
  { kind: "adam", beta1: 0.5, beta2: 0.9, epsilon: 1e-3 },
];

onEachBackend((backend) => {
  test("the backend computes that was asked for", () => {
    const net = new Network({ inputs: 1, layers: [{ units: 1 }] }, { batchSize: 2 });
    expect(net.backend).toBe(backend);
  });

  describe.each(optimizers)("%o", (optimizer) => {
    test("updates every parameter as its definition reads, and returns the loss before", () => {
      fc.assert(
        fc.property(tasks(), (task) => {
          const net = prepared(task, optimizer);
          const { x, targets } = samplesOf(task);
          const data = net.load(x, targets, task.count);
          const update = reference(optimizer, 0.01);
          for (let step = 0; step < 3; step++) {
            const { values, gradients } = flat(net, task);
            const { loss } = net.gradients(x, task.count, { targets });
            const expected = update(values, gradients);
            expect(net.step(data, all(task.count), 0, task.count, 0.01)).toBeCloseTo(loss, 12);
            const received = flat(net, task).values;
            // Adam divides gradients by themselves, small ones that differ by roundings too.
            const far = received.filter((w, i) => Math.abs(w - expected[i]!) > 1e-11);
            expect(far).toEqual([]);
          }
          data.free();
          net.dispose();
        }),
        { numRuns: 25, seed: 7 },
      );
    });

    test("weights that a mask excludes stay 0", () => {
      const mask = [1, 0, 1, 0, 1, 1];
      const layers = [{ units: 2, connections: [{ from: 0, mask }] }];
      const net = new Network({ inputs: 3, layers }, { batchSize: 4, optimizer });
      net.writeWeights(1, 0, [1, 2, 3, 4, 5, 6]);
      expect([...net.readWeights(1)]).toEqual([1, 0, 3, 0, 5, 6]);
      const x = Float64Array.from({ length: 12 }, (_, i) => Math.sin(i));
      const data = net.load(
        x,
        Float64Array.from({ length: 8 }, (_, i) => i % 3),
        4,
      );
      for (let i = 0; i < 5; i++) net.step(data, all(4), 0, 4, 0.1);
      const weights = net.readWeights(1);
      expect([weights[1], weights[3]]).toEqual([0, 0]);
      expect(weights[0]).not.toBe(1);
      const { slots } = net.toState();
      for (const [slot] of slots) {
        expect([slot!.weights[0]![1], slot!.weights[0]![3]]).toEqual([0, 0]);
      }
    });
  });

  test("samples are gathered by their indices, repeated ones too", () => {
    fc.assert(
      fc.property(tasks(), fc.array(fc.nat(), { minLength: 2, maxLength: 14 }), (task, picks) => {
        const { x, targets } = samplesOf(task);
        const { count, graph } = task;
        const [net, other] = [prepared(task), prepared(task)];
        const rows = picks.map((pick) => pick % count).slice(0, count + 3);
        const outputs = targets.length / count;
        const take = (from: Float64Array, width: number): Float64Array =>
          Float64Array.from(
            rows.flatMap((row) => Array.from(from.subarray(row * width, (row + 1) * width))),
          );
        const loss = net.step(
          net.load(x, targets, count),
          Uint32Array.of(9, 9, ...rows, 9),
          2,
          rows.length,
          0.1,
        );
        const picked = other.load(take(x, graph.inputs), take(targets, outputs), rows.length);
        expect(other.step(picked, all(rows.length), 0, rows.length, 0.1)).toBe(loss);
        expect(net.toState()).toEqual(other.toState());
      }),
      { numRuns: 40, seed: 8 },
    );
  });

  test("without Batch Normalization, batches at a tiny rate do what sample after sample does", () => {
    fc.assert(
      fc.property(tasks(["sigmoid", "tanh", "identity"]), (task) => {
        const layers = task.graph.layers.map((layer) => ({ ...layer, batchNorm: false }));
        const plain = { ...task, graph: { ...task.graph, layers } };
        const [net, single] = [prepared(plain), prepared(plain)];
        const { x, targets } = samplesOf(plain);
        const rate = 1e-9;
        net.step(
          net.load(x, targets, task.count),
          all(task.count),
          0,
          task.count,
          rate * task.count,
        );
        const data = single.load(x, targets, task.count);
        for (let i = 0; i < task.count; i++) single.step(data, all(task.count), i, 1, rate);
        const [a, b] = [flat(net, plain).values, flat(single, plain).values];
        expect(Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))).toBeLessThan(1e-12);
      }),
      { numRuns: 30, seed: 9 },
    );
  });

  test("training goes on where the loss falls", () => {
    const layers = [
      { units: 8, batchNorm: { momentum: 0.9 }, activation: "tanh" as const },
      { units: 1, activation: "sigmoid" as const },
    ];
    const options = { batchSize: 4, loss: "cross-entropy" as const };
    const net = new Network({ inputs: 2, layers }, options);
    net.writeWeights(
      1,
      0,
      Array.from({ length: 16 }, (_, i) => Math.sin(3 * i + 1)),
    );
    net.writeWeights(
      2,
      0,
      Array.from({ length: 8 }, (_, i) => Math.cos(5 * i)),
    );
    const x = Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1);
    const data = net.load(x, Float32Array.of(0, 1, 1, 0), 4);
    for (let i = 0; i < 300; i++) net.step(data, all(4), 0, 4, 0.5);
    expect(Array.from(net.predict(x, 4), Math.round)).toEqual([0, 1, 1, 0]);
  });
});
