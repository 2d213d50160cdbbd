import type { FloatArray } from "@batchnorm/core";
import { Expected } from "../expected.ts";
import type { Fields } from "../fields.ts";
import { type Setting, settingOf } from "../setting.ts";
import type { GoldenTensor } from "../tensor.ts";

/** What the golden tells of each worker. */
const local = ["count", "mean", "m2", "dgamma_local", "dbeta_local"];

/** What a layer without a past measures of some batch, and how it is judged. */
export interface Measured {
  readonly setting: Setting;
  readonly x: FloatArray;
  readonly mean: ReturnType<Expected["judge"]>;
  readonly variance: ReturnType<Expected["judge"]>;
}

function measure(
  fields: Fields,
  x: GoldenTensor,
  judges: Pick<Measured, "mean" | "variance">,
): Measured {
  const found = settingOf(fields, [x], { training: true });
  const options = { ...found.options, momentum: 0 };
  return {
    setting: { ...found, options, start: {} },
    x: found.floats(found.view.arrange(x)),
    ...judges,
  };
}

/** What all workers measure together. */
export function globalOf(
  fields: Fields,
  expected: Expected,
  xs: readonly GoldenTensor[],
): Measured {
  const x = concatenated(fields, xs);
  const { channels } = settingOf(fields, [x], { training: true }).view;
  const mean = expected.judge("global_mean", channels);
  return measure(fields, x, { mean, variance: expected.judge("global_var_biased", channels) });
}

/** What each worker measures by itself; an empty one measures nothing. */
export function workers(
  fields: Fields,
  expected: Expected,
  xs: readonly GoldenTensor[],
): Measured[] {
  return expected.fields.objects("local", xs.length).flatMap((worker, i) => {
    const x = xs[i] as GoldenTensor;
    worker.restrictedTo(local);
    const count = worker.integer("count", 0, Number.MAX_SAFE_INTEGER);
    const one = new Expected(fields.with("expected", worker), local);
    const { channels } = settingOf(fields, [concatenated(fields, xs)], { training: true }).view;
    if (x.data.length !== count * channels) worker.refuse("count", "must be that of its x");
    const mean = one.judge("mean", channels);
    const m2 = one.judge("m2", channels);
    if (count === 0) {
      // A worker without samples has nothing to measure, and says so in the golden.
      for (const key of local.slice(1)) {
        const isZero = one.tensor(key, channels).data.every((value) => value === 0);
        if (!isZero) worker.refuse(key, "must be 0 where count is", "other numbers");
      }
      return [];
    }
    return [
      measure(fields, x, {
        mean,
        variance: (received) => m2(received && Array.from(received, (value) => value * count)),
      }),
    ];
  });
}

/** The batch that the workers' parts make. */
export function concatenated(fields: Fields, xs: readonly GoldenTensor[]): GoldenTensor {
  const [, ...rest] = xs[0]?.shape ?? [];
  for (const { shape } of xs) {
    if (shape.slice(1).join() !== rest.join()) {
      fields.refuse("inputs.worker_x", "must differ in their samples alone", shape.join("×"));
    }
  }
  const samples = xs.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const data = Float64Array.from(xs.flatMap((x) => Array.from(x.data)));
  return { shape: [samples, ...rest], dtype: (xs[0] as GoldenTensor).dtype, data };
}
