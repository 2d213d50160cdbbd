/** What computes: this package's WebAssembly, or TypeScript, core's mostly, where that cannot run. */
export type Backend = "simd" | "core";

let choice: Backend | "auto" = "auto";

/** What `useBackend` has settled: `"auto"` until it is called. */
export const chosenBackend = (): Backend | "auto" => choice;

export function choose(wanted: Backend | "auto"): void {
  choice = wanted;
}
