import type { BatchNormState } from "@batchnorm/core";
import type { Draft } from "../draft.ts";
import { Expected } from "../expected.ts";
import type { Fields } from "../fields.ts";
import { gradientsOf } from "../gradients.ts";
import { type Setting, settingOf, withLayer } from "../setting.ts";

const known = [
  "y",
  "running_mean",
  "running_var",
  "moving_stddev",
  "renorm_mean",
  "renorm_stddev",
  "dx",
  "dgamma",
  "dbeta",
];

/** A training step with Batch Renormalization. */
export function renorm(fields: Fields): Draft {
  const inputs = fields.object("inputs");
  const expected = new Expected(fields, known);
  const x = inputs.tensor("x");
  const found = settingOf(fields, [x], { training: true, tracksVariance: true });
  const { view, floats, requires } = found;
  const { channels } = view;
  const settings = fields.object("renorm").restrictedTo(["renorm_momentum", "renorm_clipping"]);
  const clipping = settings.object("renorm_clipping").restrictedTo(["rmin", "rmax", "dmax"]);
  const bound = (key: string, otherwise: number): number =>
    clipping.has(key) ? clipping.number(key, 0, 1e300) : otherwise;
  const momentum = settings.number("renorm_momentum", 0, 1);
  const [rmin, rmax, dmax] = [bound("rmin", 0), bound("rmax", Infinity), bound("dmax", Infinity)];
  const array = (key: string): number[] => Array.from(inputs.tensor(key, channels).data);
  const bounds = { rmin, rmax: finite(rmax), dmax: finite(dmax), momentum };
  const state: BatchNormState["renorm"] = {
    ...bounds,
    mean: array("renorm_mean"),
    deviation: array("renorm_stddev"),
    movingDeviation: array("moving_stddev"),
  };
  const setting: Setting = {
    ...found,
    options: { ...found.options, renorm: { rmin, rmax, dmax, momentum } },
    start: { ...found.start, renorm: state },
  };
  const judgeY = expected.judge("y", x.data.length, view.arrange);
  const judge = (key: string) => (expected.has(key) ? expected.judge(key, channels) : null);
  const judges = {
    runningMean: judge("running_mean"),
    runningVariance: judge("running_var"),
    movingDeviation: judge("moving_stddev"),
    mean: judge("renorm_mean"),
    deviation: judge("renorm_stddev"),
  };
  const gradients = gradientsOf(inputs, expected, setting);
  return {
    clause: "BN-11.1",
    fact: "Batch Renormalization answers as",
    requires: [...requires, "renorm", ...(gradients.given ? (["gradient"] as const) : [])],
    run: (subject) =>
      withLayer(subject, setting, async (layer) => {
        judgeY(await layer.forward(floats(view.arrange(x)), view.shape, { training: true }));
        const after = await layer.state();
        judges.runningMean?.(after.runningMean);
        judges.runningVariance?.(after.runningVariance);
        judges.movingDeviation?.(after.renorm?.movingDeviation);
        judges.mean?.(after.renorm?.mean);
        judges.deviation?.(after.renorm?.deviation);
        await gradients.judge(layer);
      }),
  };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
