import { expectRefusal } from "@batchnorm/conformance/vitest";
import { Network, type NetworkState, type Optimizer } from "@batchnorm/minibatch";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { parametersOf, samplesOf, type Task, tasks } from "./graphs.ts";

const optimizers: Optimizer[] = [
  { kind: "sgd" },
  { kind: "sgd", momentum: 0.9 },
  { kind: "adam", beta1: 0.8 },
];

function prepared(
  { loss, count, graph, ...task }: Task,
  optimizer: Optimizer,
  type: "float32" | "float64",
) {
  const net = new Network(graph, { type, batchSize: count, loss, optimizer });
  const all = { loss, count, graph, ...task };
  for (const parameter of parametersOf(all)) parameter.write(net);
  const { x, targets } = samplesOf(all);
  const indices = Uint32Array.from({ length: count }, (_, i) => i);
  const train = (one: Network, steps: number): number[] => {
    const data = one.load(x, targets, count);
    const losses = Array.from({ length: steps }, () => one.step(data, indices, 0, count, 0.03));
    data.free();
    return losses;
  };
  return { net, train };
}

onEachBackend(() => {
  describe.each(optimizers)("%o", (optimizer) => {
    test.each(["float32", "float64"] as const)(
      "training goes on from a state bit by bit in %s",
      (type) => {
        fc.assert(
          fc.property(tasks(), (task) => {
            const { net, train } = prepared(task, optimizer, type);
            train(net, 3);
            const text = JSON.stringify(net.toState());
            const other = Network.fromState(JSON.parse(text));
            expect(JSON.stringify(other.toState())).toBe(text);
            expect(train(other, 3)).toEqual(train(net, 3));
            expect(other.toState()).toEqual(net.toState());
            net.dispose();
            other.dispose();
          }),
          { numRuns: 15, seed: 3 },
        );
      },
    );

    test("a snapshot puts everything back", () => {
      fc.assert(
        fc.property(tasks(), (task) => {
          const { net, train } = prepared(task, optimizer, "float32");
          train(net, 2);
          const [state, snapshot] = [net.toState(), net.snapshot()];
          const losses = train(net, 2);
          net.restore(snapshot);
          expect(net.toState()).toEqual(state);
          expect(train(net, 2)).toEqual(losses);
          expect(net.snapshot(snapshot)).toBe(snapshot);
          net.restore(snapshot);
          expect(train(net, 1)).not.toEqual([]);
          net.dispose();
        }),
        { numRuns: 15, seed: 4 },
      );
    });
  });

  test("a frozen layer is so in a network made of its state", () => {
    const graph = { inputs: 1, layers: [{ units: 2, batchNorm: { name: "first" } }] };
    const net = new Network(graph, { batchSize: 2 });
    net.freeze(1, true);
    const other = Network.fromState(net.toState());
    expect(other.isFrozen(1)).toBe(true);
    expect(other.batchNormState(1).name).toBe("first");
  });

  const state = (): NetworkState =>
    new Network(
      { inputs: 1, layers: [{ units: 2, batchNorm: true }, { units: 1 }] },
      { batchSize: 2, optimizer: { kind: "adam" } },
    ).toState();
  // biome-ignore lint/suspicious/noExplicitAny: what is broken has no type
  const changes: [string, (state: any) => void][] = [
    ["no version", (s) => delete s.version],
    ["another version", (s) => (s.version = 2)],
    ["negative steps", (s) => (s.steps = -1)],
    ["a missing layer", (s) => s.layers.pop()],
    ["a missing slot", (s) => s.slots.pop()],
    ["a slot's missing layer", (s) => s.slots[0].pop()],
    ["too few weights", (s) => s.layers[0].weights[0].pop()],
    ["a missing connection", (s) => s.layers[0].weights.pop()],
    ["a weight that is none", (s) => (s.layers[0].weights[0][1] = null)],
    ["a bias where there is none", (s) => (s.layers[0].bias = [1, 2])],
    ["a gamma of a slot that is none", (s) => (s.slots[1][0].gamma = null)],
    ["a layer's state", (s) => (s.layers[0].batchNorm.runningVariance = [-1, 1])],
  ];
  test.each(changes)("a state is refused for %s", (_name, change) => {
    const broken = structuredClone(state());
    change(broken);
    expectRefusal("ERR_BATCHNORM_STATE", () => Network.fromState(broken));
  });

  test("a state that is no object is refused", () => {
    expectRefusal("ERR_BATCHNORM_STATE", () => Network.fromState(null));
  });
});
