import { subjectOf } from "@batchnorm/conformance/core";
import { conformance } from "@batchnorm/conformance/vitest";
import * as core from "@batchnorm/core";
import * as kernels from "@batchnorm/kernels";
import { onEachBackend } from "./backends.ts";

onEachBackend(() => {
  conformance(subjectOf("@batchnorm/kernels", { ...core, ...kernels }));
});
