import type { Draft } from "../draft.ts";
import { Expected } from "../expected.ts";
import type { Fields } from "../fields.ts";
import { gradientsOf } from "../gradients.ts";
import { type Setting, settingOf, withLayer } from "../setting.ts";
import { started } from "../start.ts";

/** A training step by virtual batches. */
export function ghost(fields: Fields): Draft {
  const inputs = fields.object("inputs");
  const expected = new Expected(fields, [
    "y",
    "running_mean",
    "running_var",
    "dx",
    "dgamma",
    "dbeta",
  ]);
  const x = inputs.tensor("x");
  const found = started(fields, settingOf(fields, [x], { training: true, tracksVariance: true }));
  const { view, floats } = found;
  const virtualBatchSize = fields.integer("virtual_batch_size", 1, 2 ** 20);
  const setting: Setting = { ...found, options: { ...found.options, virtualBatchSize } };
  const judgeY = expected.judge("y", x.data.length, view.arrange);
  const judge = (key: string) => (expected.has(key) ? expected.judge(key, view.channels) : null);
  const judges = [judge("running_mean"), judge("running_var")] as const;
  const gradients = gradientsOf(inputs, expected, setting);
  return {
    clause: "BN-12.1",
    fact: "ghost batches answer as",
    requires: [...found.requires, "ghost", ...(gradients.given ? (["gradient"] as const) : [])],
    run: (subject) =>
      withLayer(subject, setting, async (layer) => {
        judgeY(await layer.forward(floats(view.arrange(x)), view.shape, { training: true }));
        const { runningMean, runningVariance } = await layer.state();
        judges[0]?.(runningMean);
        judges[1]?.(runningVariance);
        await gradients.judge(layer);
      }),
  };
}
