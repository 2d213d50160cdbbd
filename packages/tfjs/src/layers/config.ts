import { defaultOptions, type ResolvedOptions } from "@batchnorm/core";
import type { serialization } from "@tensorflow/tfjs-core";
import { stockArguments } from "./stock.ts";

/** Options that the stock layer has none for, as a file holds them; renorm is written as Keras does. */
const ownOptions = (Object.keys(defaultOptions) as (keyof ResolvedOptions)[]).filter(
  (key) => key !== "renorm" && !stockArguments.includes(key),
);

/** What a file holds of a layer beside what the stock one would write: what is not as usual. */
export function ownConfig(
  options: ResolvedOptions,
  defaults: Partial<ResolvedOptions>,
  training: boolean | null,
  supportsMasking: boolean,
): serialization.ConfigDict {
  const usual: ResolvedOptions = { ...defaultOptions, ...defaults };
  const changed = ownOptions.filter((key) => options[key] !== usual[key]);
  return {
    ...Object.fromEntries(changed.map((key) => [key, options[key]])),
    ...renormConfig(options.renorm),
    ...(training === null ? {} : { training }),
    ...(supportsMasking ? { supportsMasking } : {}),
  };
}

/** Renorm as Keras's configuration has it; an infinite bound is left out. */
function renormConfig(renorm: ResolvedOptions["renorm"]): serialization.ConfigDict {
  if (!renorm) return {};
  const { momentum, ...bounds } = renorm;
  const finite = Object.entries(bounds).filter(([, bound]) => Number.isFinite(bound));
  return { renorm: true, renormClipping: Object.fromEntries(finite), renormMomentum: momentum };
}
