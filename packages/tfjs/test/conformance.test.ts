import { conformance } from "@batchnorm/conformance/vitest";
import { onEachBackend } from "./backends.ts";
import { layerSubject, moduleSubject } from "./subjects.ts";

onEachBackend(() => {
  conformance(moduleSubject);
  conformance(layerSubject);
});
