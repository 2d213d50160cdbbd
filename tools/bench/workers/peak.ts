// What dense products could reach: multiplications and additions that wait for nothing.
import { loadAssembly } from "../load-assembly.ts";
import { peakRounds } from "../peak.ts";
import { serve } from "../worker.ts";

interface Probes {
  peakF32(iterations: number, a: number, b: number): number;
  peakF64(iterations: number, a: number, b: number): number;
}

const { peakF32, peakF64 } = await loadAssembly<Probes>(
  "peak",
  new WebAssembly.Memory({ initial: 1 }),
);

await serve("WASM: multiply, add", ({ op }) => {
  switch (op) {
    case "peak-f32":
      return { run: () => peakF32(peakRounds, 0.5, 1) };
    case "peak-f64":
      return { run: () => peakF64(peakRounds, 0.5, 1) };
    default:
      return `no probe is called ${op}`;
  }
});
