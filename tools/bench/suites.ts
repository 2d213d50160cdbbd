import { brain } from "./brain.ts";
import { kernels } from "./kernels.ts";
import { minibatch } from "./minibatch.ts";
import type { Suite } from "./suite.ts";
import { synaptic } from "./synaptic.ts";
import { tfjsSuites } from "./tfjs.ts";

/** Every suite, in the order they run in. */
export const suites: readonly Suite[] = [kernels, minibatch, ...tfjsSuites, brain, synaptic];
