import * as core from "@batchnorm/core";
import { serve } from "../worker.ts";
import { batchNormOps, plain } from "./batch-norm-ops.ts";

await serve("@batchnorm/core", batchNormOps(core, plain));
