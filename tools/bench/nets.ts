import { activations } from "./sample-data.ts";

/** A network that the benchmarks train: sigmoid throughout, as both hosts have it by default. */
export interface Net {
  /** `64-100-100-10 f32 bn`: units, the type of the numbers, Batch Normalization on hidden layers or not. */
  readonly name: string;
  readonly sizes: readonly number[];
  readonly batchSize: number;
  readonly type: "float32" | "float64";
  readonly batchNorm: boolean;
}

const batchSizes: Readonly<Record<string, number>> = {
  "2-8-1": 4,
  "4-16-8-3": 32,
  "64-100-100-10": 32,
  "784-100-100-10": 60,
};

/** From XOR's to the size that the paper trained on MNIST. */
export const nets: readonly Net[] = Object.entries(batchSizes).flatMap(([units, batchSize]) =>
  (["float32", "float64"] as const).flatMap((type) =>
    [true, false].map((batchNorm) => ({
      name: `${units} ${type === "float32" ? "f32" : "f64"}${batchNorm ? " bn" : ""}`,
      sizes: units.split("-").map(Number),
      batchSize,
      type,
      batchNorm,
    })),
  ),
);

/** @throws {Error} for a name that there is not. */
export function netOf(name: string): Net {
  const net = nets.find((net) => net.name === name);
  if (!net) throw new Error(`there is no net ${name}`);
  return net;
}

/** What a pass trains on. */
export const samples = 1000;

/** Inputs in [−0.5, 0.5), and one class after the other. */
export function trainingSet({ sizes }: Net): { inputs: number[][]; targets: number[][] } {
  const [inputs = 0, outputs = 0] = [sizes.at(0), sizes.at(-1)];
  const values = activations(samples * inputs);
  return {
    inputs: Array.from({ length: samples }, (_, i) =>
      Array.from(values.subarray(i * inputs, (i + 1) * inputs), (value) => (value - 1.5) / 4),
    ),
    targets: Array.from({ length: samples }, (_, i) =>
      Array.from({ length: outputs }, (_, k) => Number(i % Math.max(2, outputs) === k)),
    ),
  };
}
