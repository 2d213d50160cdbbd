import { interleave } from "./interleave.ts";
import { onOneCore } from "./one-core.ts";
import { type peakOps, peakRounds, roundOperations } from "./peak.ts";
import type { Request } from "./protocol.ts";
import type { Line } from "./row.ts";
import { rowsOf } from "./rows.ts";
import { weightedSum } from "./statistics.ts";
import { SubjectProcess } from "./subject-process.ts";
import { nodeWorker } from "./subjects.ts";

/** Dense products `[rows × inner] · [inner × columns]`, by what they are called in the table. */
export const products: Readonly<Record<string, readonly [number, number, number]>> = {
  "60×784×100": [60, 784, 100],
  "60×100×100": [60, 100, 100],
};

export const productOps = ["product-f32", "product-f64"] as const;

/**
 * Times dense products. Their limit is no memory's: it is the multiplications and additions that they
 * are, at the speed of independent chains of them in WASM.
 */
export async function timeProducts(
  { suite, shape, op }: { suite: string; shape: string; op: (typeof productOps)[number] },
  limit: SubjectProcess,
  rounds: number,
): Promise<Line[]> {
  const dims = products[shape] as readonly [number, number, number];
  const peak: (typeof peakOps)[number] = op === "product-f32" ? "peak-f32" : "peak-f64";
  const worker = await SubjectProcess.start(onOneCore(nodeWorker("workers/products.ts")));
  const contender = (name: string, process: SubjectProcess, op: string) => ({
    name,
    async time(iterations: number, batches: number): Promise<number> {
      const sizes = { outer: 1, channels: 1, inner: 1, dims, axis: 0 };
      const request: Request = { op, ...sizes, iterations, batches };
      const answer = await process.ask(request);
      if ("lacks" in answer) throw new Error(answer.lacks);
      return answer.ms;
    },
  });
  try {
    const contenders = [contender("ours", worker, op), contender(peak, limit, peak)];
    const { series } = await interleave(contenders, rounds);
    const operations = 2 * dims[0] * dims[1] * dims[2];
    const share = operations / (peakRounds * roundOperations[peak]);
    const times = new Map(series);
    times.delete(peak);
    times.set("limit", weightedSum([{ series: series.get(peak) ?? [], times: share }]));
    return rowsOf({ suite, shape, op }, times);
  } finally {
    worker.stop();
  }
}
