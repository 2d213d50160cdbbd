import type { Case } from "../case.ts";
import { afterTraining } from "./after-training.ts";
import { averages } from "./averages.ts";
import { edges } from "./edges.ts";
import { forward } from "./forward.ts";
import { frozen } from "./frozen.ts";
import { gradient } from "./gradient.ts";
import { masks } from "./mask.ts";
import { running } from "./running.ts";
import { states } from "./state.ts";
import { variants } from "./variants.ts";

/** What the contract asks for, in the order of its clauses. */
export const contract: readonly Case[] = [
  ...forward,
  ...averages,
  ...running,
  ...gradient,
  ...frozen,
  ...masks,
  ...states,
  ...edges,
  ...afterTraining,
  ...variants,
];
