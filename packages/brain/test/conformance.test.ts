import { conformance } from "@batchnorm/conformance/vitest";
import { versions } from "./hosts.ts";
import { layerSubject, networkSubjects } from "./subjects.ts";

for (const subject of networkSubjects(versions)) conformance(subject);
conformance(layerSubject);
