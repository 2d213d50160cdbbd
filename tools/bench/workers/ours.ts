import { serve } from "../worker.ts";
import { batchNormOps } from "./batch-norm-ops.ts";
import { limitsIn } from "./limits.ts";
import * as ours from "./ours-functions.ts";

const { arena } = ours;

await serve(
  `ours (${ours.backend()}), tensors resident`,
  batchNormOps(
    ours,
    (length) => arena.float32(length),
    await limitsIn(arena.memory as WebAssembly.Memory),
  ),
);
