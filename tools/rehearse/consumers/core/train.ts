// A layer learns a scale and a shift, of features of very different sizes.
import { BatchNorm, BatchNormError, type BatchNormState } from "@batchnorm/core";
import { requireFloats } from "@batchnorm/core/checks";
import { presets } from "@batchnorm/core/conventions";
import { diagnose } from "@batchnorm/core/diagnosis";
import { Scaling } from "@batchnorm/core/scaling";

const rows = 32;
const x = Float64Array.from({ length: 2 * rows }, (_, i) => (i % 2 ? 1000 * (i % 5) : i % 16));
const wanted = new BatchNorm(2).forward(x, [rows, 2], { training: true }).map((y) => 3 * y - 1);
const layer = new BatchNorm(2, { momentum: presets.pytorch.momentum });

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
  requireFloats("errors", errors, x.length);
  return errors.reduce((sum, error) => sum + error ** 2 / rows, 0);
}

const before = step(0.1);
let after = before;
for (let i = 0; i < 100; i++) after = step(0.1);
if (!(after < before / 1000)) throw new Error(`loss ${before} became ${after}`);

const state: BatchNormState = JSON.parse(JSON.stringify(layer.toState()));
if (BatchNorm.fromState(state).toState().updates !== 101) throw new Error("the state is not kept");
const problems = diagnose(new BatchNorm(2).toState()).map(({ problem }) => problem);
if (problems.join() !== "few-updates") throw new Error(`problems of a new layer: ${problems}`);
const layout = { outer: rows, channels: 2, inner: 1 };
const { y: scaled } = Scaling.fit("min-max", x, layout).transform(x, layout);
if (Math.max(...scaled) !== 1) throw new Error("the largest is not scaled to 1");
try {
  // @ts-expect-error: no such option
  new BatchNorm(2, { momentun: 0.9 });
  throw new Error("an unknown option is taken");
} catch (error) {
  if (!(error instanceof BatchNormError)) throw error;
}
console.log("learned");
