import { useBackend } from "@batchnorm/kernels";
import { Network, type NumberType } from "@batchnorm/minibatch";
import * as fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { parametersOf, samplesOf, type Task, tasks } from "./graphs.ts";

afterAll(() => useBackend("auto"));

/** The outputs and the loss after a few steps. */
function trained(task: Task, type: NumberType, backend: "simd" | "core", steps: number): number[] {
  useBackend(backend);
  const { graph, loss, count } = task;
  const net = new Network(graph, {
    type,
    batchSize: count,
    loss,
    optimizer: { kind: "sgd", momentum: 0.5 },
  });
  for (const parameter of parametersOf(task)) parameter.write(net);
  const { x, targets } = samplesOf(task);
  const data = net.load(x, targets, count);
  const indices = Uint32Array.from({ length: count }, (_, i) => count - 1 - i);
  const losses = Array.from({ length: steps }, () => net.step(data, indices, 0, count, 0.01));
  const y = Array.from(net.predict(x, count));
  data.free();
  net.dispose();
  return [...y, ...losses];
}

const furthest = (a: number[], b: number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!) / Math.max(1, Math.abs(value))));

test("WebAssembly and TypeScript agree within roundings of float64", () => {
  fc.assert(
    fc.property(tasks(), (task) => {
      const [a, b] = [trained(task, "float64", "simd", 5), trained(task, "float64", "core", 5)];
      expect(furthest(a, b)).toBeLessThan(1e-11);
    }),
    { numRuns: 60, seed: 1 },
  );
});

test("float32 agrees with float64 within roundings of float32", () => {
  fc.assert(
    // A kink may lie between a value and its rounding.
    fc.property(tasks(["identity", "sigmoid", "tanh"]), (task) => {
      const [a, b] = [trained(task, "float64", "simd", 3), trained(task, "float32", "simd", 3)];
      expect(furthest(a, b)).toBeLessThan(2e-5);
    }),
    { numRuns: 60, seed: 2 },
  );
});
