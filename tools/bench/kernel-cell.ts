import { layoutOf } from "@batchnorm/core";
import type { Contender } from "./interleave.ts";
import { requestFor } from "./protocol.ts";
import { requireRight } from "./reference.ts";
import type { Absent } from "./row.ts";
import { rowsOf } from "./rows.ts";
import { describe, type Shape } from "./shapes.ts";
import type { SubjectProcess } from "./subject-process.ts";
import type { Subject } from "./subjects.ts";
import type { Cell } from "./visits.ts";

export const kernelOps = ["forward", "inference", "backward", "forward+backward"] as const;

/** A worker at one op, or at its limit; answers, where it shows results, are held against core's. */
function contenderOf(
  name: string,
  worker: SubjectProcess,
  shape: Shape,
  op: string,
  limit = false,
): Contender {
  return {
    name,
    async time(iterations, batches) {
      const answer = await worker.ask({ ...requestFor(shape, op, iterations, batches), limit });
      if ("lacks" in answer) throw new Error(answer.lacks);
      if (answer.check) requireRight(op, layoutOf(shape.dims, shape.axis), answer.check);
      return answer.ms;
    },
  };
}

/**
 * All subjects and the limit on one shape and op.
 *
 * @param ours - Whose tensors the limit is taken on.
 */
export function kernelCell(
  { suite, shape, op }: { suite: string; shape: Shape; op: string },
  subjects: ReadonlyMap<Subject, SubjectProcess>,
  ours: SubjectProcess,
): Cell {
  const contenders = [
    ...[...subjects].map(([{ name, view }, worker]) =>
      contenderOf(name, worker, view?.(shape) ?? shape, op),
    ),
    contenderOf("limit", ours, shape, op, true),
  ];
  const cell = { suite, shape: shape.name, op };
  return {
    what: `${op} on ${describe(shape)}`,
    contenders,
    lines({ series, lacking }) {
      const absent = [...lacking].map(
        ([subject, absent]): Absent => ({ ...cell, subject, absent }),
      );
      return [...rowsOf(cell, series), ...absent];
    },
  };
}
