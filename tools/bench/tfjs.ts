import { layoutOf } from "@batchnorm/core";
import { type Contender, interleave } from "./interleave.ts";
import { requestFor } from "./protocol.ts";
import { requireRight } from "./reference.ts";
import type { Absent, Line } from "./row.ts";
import { rowsOf } from "./rows.ts";
import { describe, shapes as kernelShapes, type Shape } from "./shapes.ts";
import { AbsentError, SubjectProcess } from "./subject-process.ts";
import { nodeWorker } from "./subjects.ts";
import type { Selection, Suite } from "./suite.ts";

const subjects = ["ours", "stock"] as const;
const named = (letter: string): Shape => kernelShapes.find(({ name }) => name === letter) as Shape;
const images = (count: number): Shape => ({
  name: `${count}×28×28×32`,
  dims: [count, 28, 28, 32],
  axis: 3,
});

/** What runs in Node is given more to do than a graphics card in software. */
const ofNode = { worker: "workers/tfjs.ts", shapes: [named("A"), images(32), named("C")] };
const ofPage = { worker: "workers/tfjs-page.ts", shapes: [images(16)] };

/** The op that is no time, and the one shape it is measured on. */
const memoryOp = "peak-memory";
const memoryShape = "A";

function suiteOf(backend: string, { worker, shapes }: typeof ofNode): Suite {
  const name = `tfjs-${backend}`;
  const ops = ["step", "inference", ...(backend === "wasm" ? [memoryOp] : [])];
  return {
    name,
    title: `A layer of TensorFlow.js on its ${backend} backend`,
    notes: [
      "ours, stock: batchNormalization of @batchnorm/tfjs and of tfjs-layers, called by themselves.",
      "step: forward, the running update, the gradients of x, gamma and beta. inference: a prediction.",
      ...(backend === "wasm"
        ? [
            "peak-memory: megabytes, not milliseconds: the most that a step has allocated on the wasm heap.",
          ]
        : []),
    ],
    shapes: shapes.map(({ name }) => name),
    describe: (wanted) => describe(shapes.find(({ name }) => name === wanted) as Shape),
    ops,
    subjects,
    run: (selection) => run({ name, backend, worker, shapes, ops }, selection),
  };
}

interface Plan {
  readonly name: string;
  readonly backend: string;
  readonly worker: string;
  readonly shapes: readonly Shape[];
  readonly ops: readonly string[];
}

async function run(
  { name: suite, backend, worker, shapes, ops }: Plan,
  { say, rounds, ...wanted }: Selection,
): Promise<Line[]> {
  const lines: Line[] = [];
  const workers = new Map<string, SubjectProcess>();
  try {
    for (const subject of subjects.filter((name) => wanted.subjects.includes(name))) {
      say(`starting ${subject} on ${backend}`);
      try {
        const command = nodeWorker(worker, subject, backend);
        workers.set(subject, await SubjectProcess.start(command));
      } catch (error) {
        if (!(error instanceof AbsentError)) throw error;
        lines.push({ suite, subject, absent: error.message });
      }
    }
    say([...workers.values()].map(({ about }) => about).join("; "));
    for (const shape of shapes.filter(({ name }) => wanted.shapes.includes(name))) {
      for (const op of ops.filter((op) => wanted.ops.includes(op))) {
        if (op === memoryOp && shape.name !== memoryShape) continue;
        say(`timing ${op} on ${describe(shape)}`);
        lines.push(...(await timeCell({ suite, shape, op }, workers, rounds)));
      }
    }
  } finally {
    for (const worker of workers.values()) worker.stop();
  }
  return lines;
}

async function timeCell(
  { suite, shape, op }: { suite: string; shape: Shape; op: string },
  workers: ReadonlyMap<string, SubjectProcess>,
  rounds: number,
): Promise<Line[]> {
  const contenders = [...workers].map(
    ([name, worker]): Contender => ({
      name,
      async time(iterations, batches) {
        const answer = await worker.ask(requestFor(shape, op, iterations, batches));
        if ("lacks" in answer) throw new Error(answer.lacks);
        if (answer.check) requireRight(op, layoutOf(shape.dims, shape.axis), answer.check);
        return answer.ms;
      },
    }),
  );
  const { series, lacking } = await interleave(contenders, rounds);
  const cell = { suite, shape: shape.name, op };
  const absent = [...lacking].map(([subject, absent]): Absent => ({ ...cell, subject, absent }));
  return [...rowsOf(cell, series), ...absent];
}

export const tfjsSuites: readonly Suite[] = [
  suiteOf("cpu", ofNode),
  suiteOf("wasm", ofNode),
  suiteOf("webgl", ofPage),
  suiteOf("webgpu", ofPage),
];
