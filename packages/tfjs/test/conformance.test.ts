import type { Subject } from "@batchnorm/conformance";
import { conformance } from "@batchnorm/conformance/vitest";
import { onEveryBackend } from "./backends.ts";
import { layerSubject, moduleSubject } from "./subjects.ts";

/** To throw, a step waits for a number; on the webgpu of a browser without a graphics card that never comes. */
const withoutReading = (subject: Subject): Subject => ({
  ...subject,
  supports: subject.supports.filter((feature) => feature !== "non-finite-throw"),
});

onEveryBackend((backend) => {
  for (const subject of [moduleSubject, layerSubject]) {
    conformance(backend === "webgpu" ? withoutReading(subject) : subject);
  }
});
