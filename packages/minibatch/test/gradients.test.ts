import { Network, type NetworkGradients } from "@batchnorm/minibatch";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { type Parameter, parametersOf, samplesOf, type Task, tasks } from "./graphs.ts";
import { normals } from "./random.ts";

/** A central difference of sixth order: its error at h = 4e-3 is h⁶ / 140 of a seventh derivative. */
const stencil = [
  [1, 3 / 4],
  [2, -3 / 20],
  [3, 1 / 60],
] as const;

/** The derivative of f in the direction of one value, which is put back. */
function differentiate(values: Float64Array, i: number, h: number, f: () => number): number {
  const value = values[i] as number;
  const at = (shift: number): number => {
    values[i] = value + shift;
    return f();
  };
  let sum = 0;
  for (const [n, weight] of stencil) sum += (weight * (at(n * h) - at(-n * h))) / h;
  values[i] = value;
  f();
  return sum;
}

/** The gradient of a parameter, by its name. */
function named({ layers }: NetworkGradients, name: string): ArrayLike<number> {
  const [layer, field, index] = name.split(".") as [string, string, string | undefined];
  const of = layers[Number(layer) - 1] as NetworkGradients["layers"][number];
  if (field === "weights") return of.weights[Number(index)] as ArrayLike<number>;
  return of[field as "bias" | "dgamma" | "dbeta"] as ArrayLike<number>;
}

/** The worst difference between gradients and finite differences, over all parameters and inputs. */
function worst(task: Task, byUpstream: boolean): { worst: number; where: string } {
  const { graph, loss, count, seed } = task;
  const net = new Network(graph, { type: "float64", batchSize: count + 1, loss });
  const parameters = parametersOf(task);
  for (const parameter of parameters) parameter.write(net);
  const { x, targets } = samplesOf(task);
  const upstream = normals(`u ${seed}`, targets.length);
  const of = byUpstream ? { upstream } : { targets };
  const evaluate = (): number => {
    const { loss, y } = net.gradients(x, count, of);
    let sum = 0;
    for (let i = 0; i < y.length; i++) sum += (y[i] as number) * (upstream[i] as number);
    return byUpstream ? sum : loss;
  };
  const gradients = net.gradients(x, count, of);
  const inputs: Parameter = { name: "x", values: x, write: () => undefined };
  let found = { worst: 0, where: "" };
  for (const { name, values, write } of [...parameters, inputs]) {
    const received = name === "x" ? gradients.dx : named(gradients, name);
    const mask = maskOf(task, name);
    for (let i = 0; i < values.length; i++) {
      const expected =
        mask?.[i] === 0
          ? 0
          : steps
              .map((h) =>
                differentiate(values, i, h, () => {
                  write(net);
                  return evaluate();
                }),
              )
              .reduce((best, next) =>
                Math.abs(next - (received[i] as number)) < Math.abs(best - (received[i] as number))
                  ? next
                  : best,
              );
      const off = Math.abs((received[i] as number) - expected);
      if (!(off <= found.worst)) {
        found = { worst: off, where: `${name}[${i}]: ${received[i]}, expected ${expected}` };
      }
    }
  }
  net.dispose();
  return found;
}

/**
 * A kink within reach spoils a difference, and so does rounding for a small step: the nearest of three is
 * compared. A wrong gradient is far from all of them.
 */
const steps = [4e-3, 5e-4, 3e-5];

function maskOf({ graph }: Task, name: string): ArrayLike<number> | undefined {
  const [layer, field, index] = name.split(".") as [string, string, string];
  if (field !== "weights") return undefined;
  return graph.layers[Number(layer) - 1]?.connections?.[Number(index)]?.mask;
}

onEachBackend(() => {
  test.each([false, true])(
    "every gradient is that of finite differences (upstream: %s)",
    (upstream) => {
      fc.assert(
        fc.property(tasks(), (task) => {
          const { worst: off, where } = worst(task, upstream);
          expect(off, where).toBeLessThan(1e-9);
        }),
        { numRuns: 60, seed: 5 },
      );
    },
  );
});
