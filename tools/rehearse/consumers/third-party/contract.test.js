import { conformance } from "@batchnorm/conformance/vitest";
import { subject } from "./subject.js";

conformance(subject);
