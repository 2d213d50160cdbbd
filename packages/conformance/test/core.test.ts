import { core } from "@batchnorm/conformance/core";
import { conformance } from "@batchnorm/conformance/vitest";

conformance(core);
