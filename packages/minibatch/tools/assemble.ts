// Rebuilds src/generated/ from assembly/. A test compares them, so that they cannot drift apart.
import { assemble } from "../../kernels/tools/compile.ts";

await assemble("minibatch", "engine");
