import { firstUse, firstUseOps } from "./first-use.ts";
import { kernelOps, timeCell } from "./kernel-cell.ts";
import { onOneCore } from "./one-core.ts";
import { gigaflops, peakOps } from "./peak.ts";
import { productOps, products, timeProducts } from "./products.ts";
import { requestFor } from "./protocol.ts";
import type { Line } from "./row.ts";
import { describe, type Shape, shapes } from "./shapes.ts";
import { SubjectProcess } from "./subject-process.ts";
import { nodeWorker, type Subject, subjects } from "./subjects.ts";
import type { Selection, Suite } from "./suite.ts";
import { aboutAll, withWorkers } from "./with-workers.ts";

const name = "kernels";

export const kernels: Suite = {
  name,
  title: "Kernels: float32, one thread",
  notes: [
    "ours: tensors stay in WASM memory; ours-copy: copied in and out; core: the reference in TypeScript.",
    "limit: bytes read, copied and combined by WASM in the same round. ONNX Runtime gets A and D",
    "channels-first, the only order it knows. Of a product, limit is the time of as many multiplications",
    "and additions in WASM that wait for nothing.",
  ],
  shapes: [...shapes.map(({ name }) => name), ...Object.keys(products)],
  describe(letter) {
    const shape = shapes.find(({ name }) => name === letter);
    return shape ? describe(shape) : letter;
  },
  ops: [...kernelOps, ...productOps, ...firstUseOps],
  subjects: subjects.map(({ name }) => name),
  run,
};

async function run({ say, ...selection }: Selection): Promise<Line[]> {
  const lines: Line[] = [];
  say("compiling the probes of the limit");
  const limit = await SubjectProcess.start(onOneCore(nodeWorker("workers/limit.ts")));
  try {
    say(await peaks(limit));
    lines.push(...(await allPasses({ say, ...selection }, limit)));
    if (selection.subjects.includes("ours")) {
      lines.push(...(await allProducts({ say, ...selection }, limit)));
    }
  } finally {
    limit.stop();
  }
  if (selection.shapes.includes("E") && selection.subjects.includes("ours")) {
    lines.push(...(await firstUse(name, selection.ops, selection.rounds)));
  }
  return lines;
}

async function allPasses(selection: Selection, limit: SubjectProcess): Promise<Line[]> {
  const { say, shapes: letters, ops, rounds } = selection;
  const taking = subjects.filter(({ name }) => selection.subjects.includes(name));
  const command = (subject: Subject) => {
    say(`starting ${subject.name}`);
    return onOneCore(subject.command(say));
  };
  return withWorkers(taking, command, async ({ workers, missing }) => {
    const lines: Line[] = missing.map((absent) => ({ suite: name, ...absent }));
    say(aboutAll(workers));
    for (const shape of shapes.filter(({ name }) => letters.includes(name))) {
      for (const op of kernelOps.filter((op) => ops.includes(op))) {
        say(`timing ${op} on ${describe(shape)}`);
        lines.push(
          ...(await timeCell({ suite: name, shape, op }, { subjects: workers, limit }, rounds)),
        );
      }
    }
    return lines;
  });
}

async function allProducts(selection: Selection, limit: SubjectProcess): Promise<Line[]> {
  const lines: Line[] = [];
  for (const shape of Object.keys(products).filter((key) => selection.shapes.includes(key))) {
    for (const op of productOps.filter((op) => selection.ops.includes(op))) {
      selection.say(`timing ${op} on ${shape}`);
      lines.push(...(await timeProducts({ suite: name, shape, op }, limit, selection.rounds)));
    }
  }
  return lines;
}

/** What dense products could reach here; the size of the tensor does not matter. */
async function peaks(limit: SubjectProcess): Promise<string> {
  const [shape] = shapes as [Shape];
  const speeds: string[] = [];
  for (const op of peakOps) {
    const answer = await limit.ask(requestFor(shape, op, 500, 5));
    if ("ms" in answer) speeds.push(`${op} ${gigaflops(op, answer.ms).toFixed(1)} GFLOP/s`);
  }
  return `WASM multiplies and adds: ${speeds.join(", ")}`;
}
