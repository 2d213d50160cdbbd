import { conformance } from "@batchnorm/conformance/vitest";
import { onEachBackend } from "./backends.ts";
import { engineSubject } from "./subject.ts";

onEachBackend(() => {
  conformance(engineSubject("float32", "the engine in float32"));
  conformance(engineSubject("float64", "the engine in float64"));
});
