import type { Contender } from "./interleave.ts";
import { type peakOps, peakRounds, roundOperations } from "./peak.ts";
import type { Request } from "./protocol.ts";
import { rowsOf } from "./rows.ts";
import { weightedSum } from "./statistics.ts";
import type { SubjectProcess } from "./subject-process.ts";
import type { Cell } from "./visits.ts";

/** Dense products `[rows × inner] · [inner × columns]`, by what they are called in the table. */
const sizes: Readonly<Record<string, readonly [number, number, number]>> = {
  "60×784×100": [60, 784, 100],
  "60×100×100": [60, 100, 100],
};

export const productShapes: readonly string[] = Object.keys(sizes);

export const productOps = ["product-f32", "product-f64"] as const;

/**
 * A dense product. Its limit is no memory's: it is the multiplications and additions that it is, at the
 * speed of independent chains of them in WASM.
 */
export function productCell(
  { suite, shape, op }: { suite: string; shape: string; op: (typeof productOps)[number] },
  products: SubjectProcess,
  limit: SubjectProcess,
): Cell {
  const dims = sizes[shape] as readonly [number, number, number];
  const peak: (typeof peakOps)[number] = op === "product-f32" ? "peak-f32" : "peak-f64";
  const contender = (name: string, process: SubjectProcess, op: string): Contender => ({
    name,
    async time(iterations, batches) {
      const place = { outer: 1, channels: 1, inner: 1, dims, axis: 0 };
      const request: Request = { op, ...place, iterations, batches };
      const answer = await process.ask(request);
      if ("lacks" in answer) throw new Error(answer.lacks);
      return answer.ms;
    },
  });
  return {
    what: `${op} on ${shape}`,
    contenders: [contender("ours", products, op), contender(peak, limit, peak)],
    lines({ series }) {
      const operations = 2 * dims[0] * dims[1] * dims[2];
      const share = operations / (peakRounds * roundOperations[peak]);
      const times = new Map(series);
      times.delete(peak);
      times.set("limit", weightedSum([{ series: series.get(peak) ?? [], times: share }]));
      return rowsOf({ suite, shape, op }, times);
    },
  };
}
