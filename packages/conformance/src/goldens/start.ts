import type { Fields } from "./fields.ts";
import type { Setting } from "./setting.ts";

/** How the layer starts, as `init` says: at given numbers, or by one of two rules. */
export function started(fields: Fields, setting: Setting): Setting {
  if (!fields.has("init")) return setting;
  const { channels } = setting.view;
  if (fields.isObject("init")) {
    const init = fields.object("init").restrictedTo(["running_mean", "running_var"]);
    const fill = (value: number): number[] => new Array<number>(channels).fill(value);
    const runningMean = fill(init.number("running_mean", -1e300, 1e300));
    const runningVariance = fill(init.number("running_var", 0, 1e300));
    return { ...setting, start: { ...setting.start, runningMean, runningVariance } };
  }
  const rule = fields.choice("init", ["first_sample", "caffe_scale_factor"]);
  const start = rule === "first_sample" ? "first-batch" : "debiased";
  return {
    ...setting,
    options: { ...setting.options, start },
    requires: [...setting.requires, start],
  };
}
