import { serve } from "../worker.ts";
import { batchNormOps } from "./batch-norm-ops.ts";
import * as ours from "./ours-functions.ts";

await serve(
  `ours (${ours.backend()}), tensors resident`,
  batchNormOps(ours, (length) => ours.arena.float32(length)),
);
