import { serve } from "../worker.ts";
import { batchNormOps, plain } from "./batch-norm-ops.ts";
import * as ours from "./ours-functions.ts";

await serve(`ours (${ours.backend()}), plain arrays copied in and out`, batchNormOps(ours, plain));
