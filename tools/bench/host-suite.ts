import type { Learned } from "./digits-goal.ts";
import { type Contender, interleave } from "./interleave.ts";
import { samples } from "./nets.ts";
import { keepMainThread } from "./one-core.ts";
import type { Answer } from "./protocol.ts";
import type { Absent, Line, Row } from "./row.ts";
import { rowsOf } from "./rows.ts";
import { median } from "./statistics.ts";
import type { Command, SubjectProcess } from "./subject-process.ts";
import type { Selection } from "./suite.ts";
import { aboutAll, withWorkers } from "./with-workers.ts";

/** What an adapter is timed by: nets for `train`, others that learn the digits for `to-95`. */
export interface HostSuite {
  readonly name: string;
  readonly train: readonly string[];
  readonly digits: readonly string[];
  readonly subjects: readonly HostSubject[];
}

/** An adapter, or the host as it is. */
export interface HostSubject {
  readonly name: string;
  command(say: (text: string) => void): Command;
}

type Workers = ReadonlyMap<HostSubject, SubjectProcess>;

/** Runs of `to-95` are as long as learning takes: few are enough. */
const learningRounds = 3;

/** Times an adapter beside its host as it is. */
export async function runHost(suite: HostSuite, selection: Selection): Promise<Line[]> {
  const { shapes, ops, rounds } = selection;
  const lines: Line[] = [];
  for (const shape of suite.train) {
    if (!ops.includes("train") || !shapes.includes(shape)) continue;
    const cell = { suite: suite.name, shape, op: "train" };
    lines.push(...(await timeCell(suite, selection, cell, (all) => trainRows(cell, all, rounds))));
  }
  const learning = Math.min(rounds, learningRounds);
  for (const shape of suite.digits) {
    if (!ops.includes("to-95") || !shapes.includes(shape)) continue;
    const cell = { suite: suite.name, shape, op: "to-95" };
    const rows = (all: Workers) => learningRows(cell, all, learning);
    lines.push(...(await timeCell(suite, selection, cell, rows)));
  }
  return lines;
}

/** A process each for this cell alone: V8 is to see one network, as it does in a program. */
async function timeCell(
  { subjects }: HostSuite,
  { say, subjects: wanted }: Selection,
  cell: Cell,
  rows: (workers: Workers) => Promise<Line[]>,
): Promise<Line[]> {
  const taking = subjects.filter(({ name }) => wanted.includes(name));
  const command = (subject: HostSubject) => subject.command(say);
  return withWorkers(taking, command, async ({ workers, missing }) => {
    say(`${cell.op} ${cell.shape}: ${aboutAll(workers)}`);
    for (const { pid } of workers.values()) keepMainThread(pid);
    return [...missing.map((absent) => ({ ...cell, ...absent })), ...(await rows(workers))];
  });
}

type Cell = Pick<Row, "suite" | "shape" | "op">;

async function ask(
  worker: SubjectProcess,
  { op, shape }: Cell,
  iterations: number,
  batches: number,
): Promise<Exclude<Answer, { lacks: string }>> {
  const dims = shape.split("-").map(Number);
  const sizes = { outer: samples, channels: 1, inner: 1, dims, axis: 0 };
  const answer = await worker.ask({ op: `${op} ${shape}`, ...sizes, iterations, batches });
  if ("lacks" in answer) throw new Error(answer.lacks);
  return answer;
}

async function trainRows(cell: Cell, workers: Workers, rounds: number): Promise<Line[]> {
  const contenders = [...workers].map(
    ([{ name }, worker]): Contender => ({
      name,
      time: async (iterations, batches) => (await ask(worker, cell, iterations, batches)).ms,
    }),
  );
  const { series, lacking } = await interleave(contenders, rounds);
  const absent = [...lacking].map(([subject, absent]): Absent => ({ ...cell, subject, absent }));
  return [...rowsOf(cell, series), ...absent];
}

/** Who has not reached the goal under the cap is not asked again. */
async function learningRows(cell: Cell, workers: Workers, rounds: number): Promise<Row[]> {
  const times = new Map<string, number[]>();
  const learned = new Map<string, Learned[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [{ name }, worker] of workers) {
      const before = learned.get(name) ?? [];
      if (before.some(({ reached }) => !reached)) continue;
      const answer = await ask(worker, cell, 1, 1);
      times.set(name, [...(times.get(name) ?? []), answer.ms]);
      if (answer.learned) learned.set(name, [...before, answer.learned]);
    }
  }
  return rowsOf(cell, times).map((row) => {
    const all = learned.get(row.subject) ?? [];
    return {
      ...row,
      reached: all.every(({ reached }) => reached),
      samples: median(all.map(({ samples }) => samples)),
      accuracy: median(all.map(({ accuracy }) => accuracy)),
    };
  });
}
