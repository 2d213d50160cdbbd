import type { Subject } from "../../subject.ts";
import type { Draft } from "../draft.ts";
import { type Convert, Expected } from "../expected.ts";
import type { Fields } from "../fields.ts";
import { type Setting, settingOf, withLayer } from "../setting.ts";
import { channelIndex } from "../view.ts";

/** Whether the case adds epsilon to the root, as darknet does. */
export function isDarknet(fields: Fields): boolean {
  if (!fields.has("epsilon_placement")) return false;
  fields.choice("epsilon_placement", ["sqrt(var)+eps"]);
  return true;
}

/**
 * The variance and epsilon that put epsilon inside the root, exactly: `√v + ε = √(v + 2ε·√v + ε²)`.
 */
export function insideRoot(setting: Setting): Setting {
  const { epsilon = 0 } = setting.options;
  const { runningVariance } = setting.start;
  const inside = runningVariance?.map((v) => v + 2 * epsilon * Math.sqrt(v));
  return {
    ...setting,
    options: { ...setting.options, epsilon: epsilon ** 2 },
    start: inside ? { ...setting.start, runningVariance: inside } : setting.start,
  };
}

/** The epsilon alone: before and after a training step the running variance is darknet's own. */
export function withinRoot(setting: Setting): Setting {
  const { options } = setting;
  return { ...setting, options: { ...options, epsilon: (options.epsilon ?? 0) ** 2 } };
}

/**
 * What darknet's normalized values have to be multiplied by to be ours: `(√u + ε) / √(b + ε²)` with u
 * the unbiased variance that it trains by and b = u · (m − 1) / m the biased one.
 */
export function trainingFactor(unbiased: number, m: number, epsilon: number): number {
  return (Math.sqrt(unbiased) + epsilon) / Math.sqrt((unbiased * (m - 1)) / m + epsilon ** 2);
}

/** From darknet's y to ours: without the shift, times the factor of its channel, and shifted again. */
export function rescaled({ view, start }: Setting, factors: ArrayLike<number>): Convert {
  const channelOf = channelIndex(view);
  return (value, i) => {
    const shift = start.beta?.[channelOf(i)] ?? 0;
    return (value - shift) * (factors[channelOf(i)] as number) + shift;
  };
}

const known = [
  "y",
  "batch_mean",
  "batch_var_used",
  "running_mean",
  "running_var",
  "dx_darknet",
  "dgamma",
  "dbeta",
];

/** A training step of darknet's, which normalizes by another variance, in our terms. */
export function darknetTraining(fields: Fields): Draft {
  const inputs = fields.object("inputs");
  const expected = new Expected(fields, known);
  const x = inputs.tensor("x");
  const found = settingOf(fields, [x], { training: true, tracksVariance: true });
  const { epsilon = 0 } = found.options;
  const setting = withinRoot(found);
  const { view, floats, options } = setting;
  const { channels, count, shape } = view;
  const size = x.data.length;
  const used = expected.tensor("batch_var_used", channels).data;
  const factors = used.map((variance) => trainingFactor(variance, count, epsilon));
  const dy = view.arrange(inputs.tensor("dy", size));
  const judges = {
    y: expected.judge("y", size, view.arrange),
    mean: expected.judge("batch_mean", channels),
    variance: expected.judge("batch_var_used", channels),
    runningMean: expected.judge("running_mean", channels),
    runningVariance: expected.judge("running_var", channels),
    dgamma: expected.judge("dgamma", channels),
    dbeta: expected.judge("dbeta", channels),
    dx: expected.judge("dx_darknet", size, view.arrange),
  };
  return {
    clause: "BN-14.2",
    fact: "a training step answers, converted, as",
    requires: [...setting.requires, "gradient"],
    deviation: "darknet-training",
    async run(subject) {
      const given = floats(view.arrange(x));
      await withLayer(subject, setting, async (layer) => {
        const y = await layer.forward(given, shape, { training: true });
        judges.y(y, rescaled(setting, factors));
        const { runningMean, runningVariance } = await layer.state();
        judges.runningMean(runningMean);
        judges.runningVariance(runningVariance);
        const gradients = await layer.backward?.(floats(dy));
        judges.dgamma(gradients?.dgamma, (value, c) => value * (factors[c] as number));
        judges.dbeta(gradients?.dbeta);
      });
      const dx = await darknetGradient(subject, setting, { x: view.arrange(x), dy, used });
      judges.dx(dx);
      const forgetful = { ...options, momentum: 0 } as const;
      await withLayer(subject, { view, options: forgetful, start: {} }, async (layer) => {
        await layer.forward(given, shape, { training: true });
        const { runningMean, runningVariance } = await layer.state();
        judges.mean(runningMean);
        judges.variance(runningVariance);
      });
    },
  };
}

/**
 * darknet's dx is ours with the unbiased variance plus 1e-5 under the root, which is the biased one
 * plus an epsilon of u / m + 1e-5: another one for each channel, so each gets a layer.
 */
async function darknetGradient(
  subject: Subject,
  { view, options, start, floats }: Setting,
  { x, dy, used }: Readonly<Record<"x" | "dy" | "used", Float64Array>>,
): Promise<Float64Array> {
  const channelOf = channelIndex(view);
  const result = new Float64Array(x.length);
  const at = view.axis === -1 ? view.shape.length - 1 : view.axis;
  const shape = view.shape.map((size, axis) => (axis === at ? 1 : size));
  for (const [c, unbiased] of used.entries()) {
    const mine = [...x.keys()].filter((i) => channelOf(i) === c);
    const pick = (values: Float64Array) => floats(mine.map((i) => values[i] as number));
    const layerOptions = { ...options, epsilon: unbiased / view.count + 1e-5 };
    const parameters = { gamma: [start.gamma?.[c] ?? 1] };
    const one = { view: { ...view, shape }, options: layerOptions, start: parameters };
    const dx = await withLayer(subject, one, async (layer) => {
      await layer.forward(pick(x), shape, { training: true });
      return (await layer.backward?.(pick(dy)))?.dx;
    });
    for (const [j, i] of mine.entries()) result[i] = dx?.[j] ?? Number.NaN;
  }
  return result;
}
