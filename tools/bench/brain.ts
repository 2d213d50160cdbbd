import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Contender, interleave } from "./interleave.ts";
import { netOf, samples } from "./nets.ts";
import { onOneCore } from "./one-core.ts";
import type { Line, Row } from "./row.ts";
import { rowsOf } from "./rows.ts";
import { median } from "./statistics.ts";
import { SubjectProcess } from "./subject-process.ts";
import { nodeWorker } from "./subjects.ts";
import type { Selection, Suite } from "./suite.ts";

const name = "brain";
const nets = ["2-8-1", "4-16-8-3", "64-100-100-10"];
const digits = "digits";
const subjects = ["ours", "stock"];

/** What a training that never arrives is stopped at. */
const capMs = 60_000;
/** One takes stock many seconds. */
const mostTrainings = 3;

const execute = promisify(execFile);

export const brain: Suite = {
  name,
  title: `brain.js: one pass over ${samples.toLocaleString("en")} samples, one thread`,
  notes: [
    "ours: Batch Normalization on hidden layers; brain.js's weights are read before, and folded into after.",
    "stock: brain.js itself, one sample after the other, and without Batch Normalization, which it has not.",
    "train is one call of train() on both, with all that it does to its data.",
    `to-95: to 95 % of the test digits, testing not counted; stopped at ${capMs / 1000} s.`,
  ],
  shapes: [...nets, digits],
  describe: (shape) =>
    shape === digits
      ? "the digits, 64-100-100-100-10 sigmoid, batch 60"
      : `${shape}, batch ${netOf(`${shape} f32 bn`).batchSize}`,
  ops: ["train", "to-95"],
  subjects,
  samples,
  async run(selection) {
    const { shapes, ops } = selection;
    const passes = ops.includes("train") ? await timePasses(selection) : [];
    const learned = ops.includes("to-95") && shapes.includes(digits);
    return [...passes, ...(learned ? await timeLearning(selection) : [])];
  },
};

async function timePasses({ say, shapes, subjects, rounds }: Selection): Promise<Line[]> {
  const lines: Line[] = [];
  for (const shape of nets.filter((net) => shapes.includes(net))) {
    say(`training ${shape}`);
    // A process each and for this net alone: V8 is to see one network, as it does in a program.
    const workers = new Map<string, SubjectProcess>();
    try {
      for (const subject of brain.subjects.filter((name) => subjects.includes(name))) {
        workers.set(subject, await SubjectProcess.start(nodeWorker("workers/brain.ts", subject)));
      }
      const cell = { suite: name, shape, op: "train" };
      const sizes = { outer: samples, channels: 1, inner: 1, axis: 0 };
      const { sizes: dims } = netOf(`${shape} f32 bn`);
      const contenders = [...workers].map(
        ([name, worker]): Contender => ({
          name,
          async time(iterations, batches) {
            const op = `${cell.op} ${shape}`;
            const answer = await worker.ask({ op, ...sizes, iterations, batches, dims });
            if ("lacks" in answer) throw new Error(answer.lacks);
            return answer.ms;
          },
        }),
      );
      const { series, lacking } = await interleave(contenders, rounds);
      lines.push(...rowsOf(cell, series));
      lines.push(...[...lacking].map(([subject, absent]) => ({ ...cell, subject, absent })));
    } finally {
      for (const worker of workers.values()) worker.stop();
    }
  }
  return lines;
}

/** How one training on the digits ended. */
interface Learned {
  readonly ms: number;
  readonly samples: number;
  readonly accuracy: number;
  readonly reached: boolean;
}

/** Each round is another seed, of which both have the same weights and digits. */
async function timeLearning({ say, subjects, rounds }: Selection): Promise<Row[]> {
  const learned = new Map<string, Learned[]>();
  for (let seed = 1; seed <= Math.min(rounds, mostTrainings); seed++) {
    for (const subject of brain.subjects.filter((name) => subjects.includes(name))) {
      say(`learning the digits: ${subject}, seed ${seed}`);
      const args = [subject, `${seed}`, `${capMs}`];
      const { file, args: all } = onOneCore(nodeWorker("workers/brain-digits.ts", ...args));
      const { stdout } = await execute(file, all);
      const last = stdout.trim().split("\n").at(-1) ?? "";
      learned.set(subject, [...(learned.get(subject) ?? []), JSON.parse(last) as Learned]);
    }
  }
  const times = new Map([...learned].map(([name, runs]) => [name, runs.map(({ ms }) => ms)]));
  return rowsOf({ suite: name, shape: digits, op: "to-95" }, times).map((row) => {
    const runs = learned.get(row.subject) ?? [];
    return {
      ...row,
      reached: runs.every(({ reached }) => reached),
      samples: median(runs.map(({ samples }) => samples)),
      accuracy: Math.min(...runs.map(({ accuracy }) => accuracy)),
    };
  });
}
