import { brain } from "./brain.ts";
import type { Host } from "./host.ts";
import { synapticHost } from "./synaptic.ts";
import { tfjs } from "./tfjs.ts";

/** Every host, in the order in which they are told of. */
export const hosts: readonly Host[] = [tfjs, brain, synapticHost];
