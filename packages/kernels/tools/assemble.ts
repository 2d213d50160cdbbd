// Rebuilds src/generated/ from assembly/. A test compares them, so that they cannot drift apart.
import { assemble, modules } from "./compile.ts";

for (const name of modules) await assemble("kernels", name);
