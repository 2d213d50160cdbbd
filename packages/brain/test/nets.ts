import { withBatchNorm } from "@batchnorm/brain";
import type { Brain, Net, NetClass } from "./hosts.ts";

/** The class with Batch Normalization, of whatever version. */
export const classOf = ({ NeuralNetwork }: Brain): NetClass =>
  withBatchNorm(NeuralNetwork) as unknown as NetClass;

export const json = (value: unknown): string => JSON.stringify(value);
export const copy = <T>(value: T): T => JSON.parse(json(value));

/** A plain network of the same version, from our JSON. */
export const stockOf = ({ NeuralNetwork }: Brain, net: Net): Net =>
  new NeuralNetwork().fromJSON(copy(net.toJSON()));

/** All that a network has, but functions. */
export const everythingOf = (net: Net): string =>
  json([Object.entries(net), net.sizes?.length ? net.toJSON() : null]);

export function accuracy(net: Net, data: readonly { input: number[]; output: number[] }[]): number {
  const best = (row: ArrayLike<number>): number =>
    Array.from(row).reduce((best, value, i, all) => (value > (all[best] as number) ? i : best), 0);
  return (
    data.filter(({ input, output }) => best(net.run(input)) === best(output)).length / data.length
  );
}
