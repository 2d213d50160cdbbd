// A layer learns a scale and a shift, by the kernels.
import { BatchNormError } from "@batchnorm/core";
import { arena, BatchNorm, backend } from "@batchnorm/kernels";
import { arena as alone } from "@batchnorm/kernels/memory";

const rows = 32;
const x = Float32Array.from({ length: 2 * rows }, (_, i) => (i % 2 ? 1000 * (i % 5) : i % 16));
const wanted = new BatchNorm(2).forward(x, [rows, 2], { training: true }).map((y) => 3 * y - 1);
const layer = new BatchNorm(2, { momentum: 0.9 });

function step(rate: number): number {
  const y = layer.forward(x, [rows, 2], { training: true });
  const errors = y.map((value, i) => value - (wanted[i] as number));
  const { dgamma, dbeta } = layer.backward(errors.map((error) => error / rows));
  for (const [parameter, gradient] of [
    [layer.gamma, dgamma],
    [layer.beta, dbeta],
  ] as const) {
    gradient?.forEach((value, c) => {
      if (parameter) parameter[c] = (parameter[c] as number) - rate * value;
    });
  }
  return errors.reduce((sum, error) => sum + error ** 2 / rows, 0);
}

const before = step(0.1);
let after = before;
for (let i = 0; i < 100; i++) after = step(0.1);
if (!(after < before / 1000)) throw new Error(`loss ${before} became ${after}`);
if (arena !== alone) throw new Error("the two entries have an arena each");
if (backend() !== "simd") throw new Error(`computed by ${backend()}`);
try {
  // @ts-expect-error: no such option
  new BatchNorm(2, { momentun: 0.9 });
  throw new Error("an unknown option is taken");
} catch (error) {
  // One core serves both, whichever way each was loaded.
  if (!(error instanceof BatchNormError)) throw error;
}
console.log("learned");
