import { buildOurs, coldOps, coldStart } from "./cold.ts";
import { installFromNpm } from "./install-peers.ts";
import { type Contender, interleave } from "./interleave.ts";
import { type Net, nets, samples } from "./nets.ts";
import { onOneCore } from "./one-core.ts";
import type { Absent, Line, Row } from "./row.ts";
import { rowsOf } from "./rows.ts";
import { ratioOf } from "./statistics.ts";
import type { Command, SubjectProcess } from "./subject-process.ts";
import { nodeWorker } from "./subjects.ts";
import type { Selection, Suite } from "./suite.ts";
import { aboutAll, withWorkers } from "./with-workers.ts";

const name = "minibatch";
const xor = "XOR";

/** Who trains what: stock takes one sample after the other, and knows no Batch Normalization. */
interface Subject {
  readonly name: string;
  command(say: (text: string) => void): Command;
  takes(net: Net): boolean;
}

const ofNpm = (path: string) => (say: (text: string) => void) => {
  installFromNpm(say);
  return nodeWorker(path);
};

const subjects: readonly Subject[] = [
  { name: "ours", command: () => nodeWorker("workers/minibatch.ts"), takes: () => true },
  {
    name: "products",
    command: () => nodeWorker("workers/minibatch-products.ts"),
    takes: () => true,
  },
  {
    name: "brain.js",
    command: ofNpm("peers/brain.ts"),
    // Its numbers are float32.
    takes: ({ type }) => type === "float32",
  },
  {
    name: "synaptic",
    command: ofNpm("peers/synaptic.ts"),
    // Its numbers are float64; past a few hundred connections, a pass takes seconds.
    takes: ({ type, sizes: [inputs = 0], batchNorm }) =>
      type === "float64" && (inputs < 64 || (inputs === 64 && batchNorm)),
  },
];

export const minibatch: Suite = {
  name,
  title: `Mini-batch engine: one pass over ${samples.toLocaleString("en")} samples, one thread`,
  notes: [
    "ours: samples and parameters stay in WASM memory. products: the dense products of that pass alone.",
    "brain.js, synaptic: stock, one sample after the other; they normalize nothing in the rows with bn either.",
    "cold-1000, cold-100: import, compile and so many passes of four samples, in a fresh process.",
  ],
  shapes: [...nets.map(({ name }) => name), xor],
  describe(shape) {
    const net = nets.find(({ name }) => name === shape);
    return net ? `${shape}, batch ${net.batchSize}` : "XOR from a cold start, 2-8-1 f32 bn";
  },
  ops: ["train", ...Object.keys(coldOps)],
  subjects: subjects.map(({ name }) => name),
  samples,
  run,
};

async function run(selection: Selection): Promise<Line[]> {
  const { say, shapes, ops, rounds } = selection;
  const lines: Line[] = [];
  const wanted = subjects.filter(({ name }) => selection.subjects.includes(name));
  for (const net of nets.filter(({ name }) => ops.includes("train") && shapes.includes(name))) {
    const taking = wanted.filter((subject) => subject.takes(net));
    const command = (subject: Subject) => onOneCore(subject.command(say));
    // Processes for this net alone: V8 is to see one network, as it does in a program.
    const timed = await withWorkers(taking, command, async ({ workers, missing }) => {
      say(`training ${net.name}: ${aboutAll(workers)}`);
      const cell = { suite: name, shape: net.name, op: "train" };
      const absent = missing.map((absent) => ({ ...cell, ...absent }));
      return [...absent, ...(await timeNet(cell, net, workers, rounds))];
    });
    lines.push(...timed);
  }
  const cold = Object.keys(coldOps).filter((op) => ops.includes(op) && shapes.includes(xor));
  if (cold.length > 0) {
    if (selection.subjects.includes("synaptic")) installFromNpm(say);
    say("building what a cold start imports");
    buildOurs();
    for (const op of cold) {
      say(`timing ${op}`);
      lines.push(...(await coldStart({ suite: name, shape: xor, op }, selection.subjects, rounds)));
    }
  }
  return lines;
}

/** Times a pass of everyone who takes part, interleaved. */
async function timeNet(
  cell: Pick<Row, "suite" | "shape" | "op">,
  net: Net,
  workers: ReadonlyMap<Subject, SubjectProcess>,
  rounds: number,
): Promise<Line[]> {
  const contenders = [...workers].map(
    ([subject, worker]): Contender => ({
      name: subject.name,
      async time(iterations, batches) {
        const op = `${cell.op} ${net.name}`;
        const sizes = { outer: samples, channels: 1, inner: 1, dims: net.sizes, axis: 0 };
        const answer = await worker.ask({ op, ...sizes, iterations, batches });
        if ("lacks" in answer) throw new Error(answer.lacks);
        return answer.ms;
      },
    }),
  );
  const { series, lacking } = await interleave(contenders, rounds);
  const absent = [...lacking].map(([subject, absent]): Absent => ({ ...cell, subject, absent }));
  // The least that a pass needs is its products.
  const rows = rowsOf(cell, series).map((row) => ({
    ...row,
    ratioToLimit: ratioOf(series.get(row.subject) ?? [], series.get("products")),
  }));
  return [...rows, ...absent];
}
