import { ConformanceError } from "../../case.ts";
import type { Draft } from "../draft.ts";
import { Expected } from "../expected.ts";
import type { Fields } from "../fields.ts";

const known = ["loss_per_epoch", "gamma", "beta", "running_mean", "running_var"];

/** A whole training run. No subject declares it yet: skipped by its feature. */
export function fit(fields: Fields): Draft {
  fields.object("inputs").tensor("x");
  new Expected(fields, known);
  return {
    clause: "BN-14.1",
    fact: "a training run ends as",
    requires: ["fit"],
    run() {
      throw new ConformanceError("a training run", "a way to ask for it", "none");
    },
  };
}
