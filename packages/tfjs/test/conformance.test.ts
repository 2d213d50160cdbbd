import { cases, goldenCases } from "@batchnorm/conformance";
import { shippedGoldens } from "@batchnorm/conformance/goldens";
import { conformance } from "@batchnorm/conformance/vitest";
import { onEachBackend } from "./backends.ts";
import { layerSubject, moduleSubject } from "./subjects.ts";

const all = [...cases, ...shippedGoldens.flatMap(goldenCases)];

onEachBackend(() => {
  conformance(moduleSubject, all);
  conformance(layerSubject, all);
});
