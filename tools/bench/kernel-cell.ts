import { layoutOf } from "@batchnorm/core";
import { type Contender, interleave } from "./interleave.ts";
import { requestFor } from "./protocol.ts";
import { requireRight } from "./reference.ts";
import type { Absent, Line } from "./row.ts";
import { rowsOf } from "./rows.ts";
import type { Shape } from "./shapes.ts";
import { type Series, weightedSum } from "./statistics.ts";
import type { SubjectProcess } from "./subject-process.ts";
import type { Subject } from "./subjects.ts";

/**
 * The bytes that an op must move, as probes of the limit: statistics and sums read a tensor once, and
 * what writes one reads again.
 */
const limits: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  forward: { read: 1, copy: 1 },
  inference: { copy: 1 },
  backward: { read: 2, triad: 1 },
  "forward+backward": { read: 3, copy: 1, triad: 1 },
};

export const kernelOps = Object.keys(limits);

/** The processes at work: one a subject, and the one whose probes are the limit. */
export interface Workers {
  readonly subjects: ReadonlyMap<Subject, SubjectProcess>;
  readonly limit: SubjectProcess;
}

/** A worker at one op; its answers, where it shows results, are held against core's. */
function contenderOf(name: string, worker: SubjectProcess, shape: Shape, op: string): Contender {
  return {
    name,
    async time(iterations, batches) {
      const answer = await worker.ask(requestFor(shape, op, iterations, batches));
      if ("lacks" in answer) throw new Error(answer.lacks);
      if (answer.check) requireRight(op, layoutOf(shape.dims, shape.axis), answer.check);
      return answer.ms;
    },
  };
}

/** Times all subjects and the probes of the limit on one shape and op, interleaved. */
export async function timeCell(
  { suite, shape, op }: { suite: string; shape: Shape; op: string },
  { subjects, limit }: Workers,
  rounds: number,
): Promise<Line[]> {
  const probes = Object.entries(limits[op] ?? {});
  const contenders = [
    ...[...subjects].map(([{ name, view }, worker]) =>
      contenderOf(name, worker, view?.(shape) ?? shape, op),
    ),
    ...probes.map(([probe]) => contenderOf(probe, limit, shape, probe)),
  ];
  const { series, lacking } = await interleave(contenders, rounds);

  const times = new Map<string, Series>(series);
  for (const [probe] of probes) times.delete(probe);
  times.set(
    "limit",
    weightedSum(probes.map(([probe, times]) => ({ series: series.get(probe) ?? [], times }))),
  );
  const cell = { suite, shape: shape.name, op };
  const absent = [...lacking].map(([subject, absent]): Absent => ({ ...cell, subject, absent }));
  return [...rowsOf(cell, times), ...absent];
}
