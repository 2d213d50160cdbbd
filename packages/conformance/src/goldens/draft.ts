import type { Case } from "../case.ts";
import type { DeviationId } from "../deviations.ts";
import type { Feature } from "../subject.ts";

/** What an op makes of a golden case: a {@link Case} but for its id. */
export interface Draft {
  readonly clause: string;
  /** A present-tense fact, which the case's id follows. */
  readonly fact: string;
  readonly requires: readonly Feature[];
  /** Where it is judged by our documented behaviour and not, or not only, by the source's numbers. */
  readonly deviation?: DeviationId;
  readonly run: Case["run"];
  /** Tells apart several cases of one golden. */
  readonly part?: string;
}
