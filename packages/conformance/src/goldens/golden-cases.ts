import { type Case, ConformanceError } from "../case.ts";
import { type Deviation, deviations } from "../deviations.ts";
import type { Draft } from "./draft.ts";
import type { Fields } from "./fields.ts";
import { requireKnownFields } from "./known-fields.ts";
import { doubleBackward } from "./ops/double-backward.ts";
import { error } from "./ops/error.ts";
import { fit } from "./ops/fit.ts";
import { fold } from "./ops/fold.ts";
import { fused } from "./ops/fused.ts";
import { ghost } from "./ops/ghost.ts";
import { frozen, infer, inferBackwardAll } from "./ops/infer.ts";
import { multiStep } from "./ops/multi-step.ts";
import { property } from "./ops/property.ts";
import { recalibrate } from "./ops/recalibrate.ts";
import { renorm } from "./ops/renorm.ts";
import { sync } from "./ops/sync.ts";
import { train } from "./ops/train.ts";
import type { GoldenFile } from "./read.ts";

/** A case that a golden file gives. */
export interface GoldenTest extends Case {
  /** Where the contract differs from the source on purpose; null where it does not. */
  readonly deviation: Deviation | null;
}

const ops: Readonly<Record<string, (fields: Fields, id: string) => Draft | Draft[]>> = {
  train,
  infer,
  frozen,
  infer_backward_all: inferBackwardAll,
  multi_step: multiStep,
  sync,
  fold,
  recalibrate,
  renorm,
  ghost,
  fused,
  double_backward: doubleBackward,
  property,
  fit,
  error,
};

/**
 * The cases of a golden file, which judge any subject. A case of an op that nobody knows fails.
 *
 * @throws {GoldenError} in one line naming file, case and field, where a field is missing or does not
 * fit: all of the file is understood before any of it runs.
 */
export function goldenCases(file: GoldenFile): GoldenTest[] {
  return file.cases.flatMap(({ id, op, fields }) => {
    requireKnownFields(fields);
    const make = Object.hasOwn(ops, op) ? ops[op] : undefined;
    const made = make ? make(fields, id) : unknownOp(op);
    const drafts = Array.isArray(made) ? made : [made];
    return drafts.map((draft): GoldenTest => {
      const own = drafts.length > 1 ? `${id}/${draft.part}` : id;
      const { clause, fact, requires, run } = draft;
      const deviation = deviations.find((one) => one.id === draft.deviation) ?? null;
      return { id: own, title: `${clause} ${fact} ${own}`, clause, requires, run, deviation };
    });
  });
}

function unknownOp(op: string): Draft {
  return {
    clause: "BN-14.1",
    fact: "an op is known in",
    requires: [],
    run() {
      throw new ConformanceError("op", `one of ${Object.keys(ops).join(", ")}`, JSON.stringify(op));
    },
  };
}
