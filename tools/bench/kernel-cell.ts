import { layoutOf } from "@batchnorm/core";
import { type Contender, interleave } from "./interleave.ts";
import { requestFor } from "./protocol.ts";
import { requireRight } from "./reference.ts";
import type { Absent, Line } from "./row.ts";
import { rowsOf } from "./rows.ts";
import type { Shape } from "./shapes.ts";
import type { SubjectProcess } from "./subject-process.ts";
import type { Subject } from "./subjects.ts";

export const kernelOps = ["forward", "inference", "backward", "forward+backward"] as const;

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

/** Times all subjects and the limit on one shape and op, interleaved. */
export async function timeCell(
  { suite, shape, op }: { suite: string; shape: Shape; op: string },
  { subjects, limit }: Workers,
  rounds: number,
): Promise<Line[]> {
  const contenders = [
    ...[...subjects].map(([{ name, view }, worker]) =>
      contenderOf(name, worker, view?.(shape) ?? shape, op),
    ),
    contenderOf("limit", limit, shape, op),
  ];
  const { series, lacking } = await interleave(contenders, rounds);

  const cell = { suite, shape: shape.name, op };
  const absent = [...lacking].map(([subject, absent]): Absent => ({ ...cell, subject, absent }));
  return [...rowsOf(cell, series), ...absent];
}
