import { firstUse, firstUseOps } from "./first-use.ts";
import { kernelCell, kernelOps } from "./kernel-cell.ts";
import { onOneCore } from "./one-core.ts";
import { gigaflops, peakOps } from "./peak.ts";
import { productCell, productOps, productShapes } from "./products.ts";
import { requestFor } from "./protocol.ts";
import type { Line } from "./row.ts";
import { describe, type Shape, shapes } from "./shapes.ts";
import type { SubjectProcess } from "./subject-process.ts";
import { nodeWorker, type Subject, subjects } from "./subjects.ts";
import type { Selection, Suite } from "./suite.ts";
import { type Cell, timeInVisits } from "./visits.ts";
import { aboutAll, withWorkers } from "./with-workers.ts";

const name = "kernels";

export const kernels: Suite = {
  name,
  title: "Kernels: float32, one thread",
  notes: [
    "ours: tensors stay in WASM memory; ours-copy: copied in and out; core: the reference in TypeScript.",
    "limit: our tensors read, copied and combined by WASM in the same round. ONNX Runtime gets A and D",
    "channels-first, the only order it knows. Of a product, limit is the time of as many multiplications",
    "and additions in WASM that wait for nothing.",
  ],
  shapes: [...shapes.map(({ name }) => name), ...productShapes],
  describe(letter) {
    const shape = shapes.find(({ name }) => name === letter);
    return shape ? describe(shape) : letter;
  },
  ops: [...kernelOps, ...productOps, ...firstUseOps],
  subjects: subjects.map(({ name }) => name),
  run,
};

/** Whose tensors the limit is taken on, wanted or not. */
const ours = subjects.find(({ name }) => name === "ours") as Subject;
/** What makes the products, and what they are held against: no columns of the table. */
const peak: Subject = { name: "peak", command: () => nodeWorker("workers/peak.ts") };
const products: Subject = { name: "products", command: () => nodeWorker("workers/products.ts") };

async function run({ say, ...selection }: Selection): Promise<Line[]> {
  const wanted = subjects.filter(({ name }) => selection.subjects.includes(name));
  const command = (subject: Subject) => {
    say(`starting ${subject.name}`);
    return onOneCore(subject.command(say));
  };
  const lines = await withWorkers(
    new Set([peak, products, ours, ...wanted]),
    command,
    async (started) => {
      const { workers, missing } = started;
      say(aboutAll(workers));
      say(await peaks(workerOf(peak, workers)));
      const absent = missing.map((absent): Line => ({ suite: name, ...absent }));
      const cells = [...passes(selection, workers), ...denseProducts(selection, workers)];
      return [...absent, ...(await timeInVisits(cells, selection.rounds, say))];
    },
  );
  if (selection.shapes.includes("E") && wanted.includes(ours)) {
    lines.push(...(await firstUse(name, selection.ops, selection.rounds)));
  }
  return lines;
}

type Workers = ReadonlyMap<Subject, SubjectProcess>;
type Wanted = Pick<Selection, "shapes" | "ops" | "subjects">;

function passes(wanted: Wanted, workers: Workers): Cell[] {
  const taking = new Map([...workers].filter(([{ name }]) => wanted.subjects.includes(name)));
  const resident = workerOf(ours, workers);
  return shapes
    .filter(({ name }) => wanted.shapes.includes(name))
    .flatMap((shape) =>
      kernelOps
        .filter((op) => wanted.ops.includes(op))
        .map((op) => kernelCell({ suite: name, shape, op }, taking, resident)),
    );
}

function denseProducts(wanted: Wanted, workers: Workers): Cell[] {
  if (!wanted.subjects.includes("ours")) return [];
  const [made, probes] = [workerOf(products, workers), workerOf(peak, workers)];
  return productShapes
    .filter((shape) => wanted.shapes.includes(shape))
    .flatMap((shape) =>
      productOps
        .filter((op) => wanted.ops.includes(op))
        .map((op) => productCell({ suite: name, shape, op }, made, probes)),
    );
}

/** @throws {Error} where it does not run: without it, nothing can be judged. */
function workerOf(subject: Subject, workers: Workers): SubjectProcess {
  const worker = workers.get(subject);
  if (!worker) throw new Error(`${subject.name} does not run here`);
  return worker;
}

/** What dense products could reach here; the size of the tensor does not matter. */
async function peaks(probes: SubjectProcess): Promise<string> {
  const [shape] = shapes as [Shape];
  const speeds: string[] = [];
  for (const op of peakOps) {
    const answer = await probes.ask(requestFor(shape, op, 500, 5));
    if ("ms" in answer) speeds.push(`${op} ${gigaflops(op, answer.ms).toFixed(1)} GFLOP/s`);
  }
  return `WASM multiplies and adds: ${speeds.join(", ")}`;
}
