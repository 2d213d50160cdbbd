import { ConformanceError } from "../../case.ts";
import type { Draft } from "../draft.ts";
import { Expected } from "../expected.ts";
import type { Fields } from "../fields.ts";
import { gradientsOf } from "../gradients.ts";
import { type Setting, settingOf, withLayer } from "../setting.ts";
import { insideRoot, isDarknet } from "./darknet.ts";

const known = ["y", "dx", "dgamma", "dbeta", "running_mean", "running_var", "d_mean", "d_var"];

/** Inference by given running statistics, and its gradients. */
export function infer(fields: Fields): Draft {
  const setting = inferenceOf(fields);
  const clause = isDarknet(fields) || isCaffe(fields) ? "BN-14.1" : "BN-3.2";
  return { ...pass(fields, setting, false), clause, fact: "inference answers as" };
}

/** Training asked of a layer that is not trainable. */
export function frozen(fields: Fields): Draft {
  const found = inferenceOf(fields);
  const setting: Setting = {
    ...found,
    options: { ...found.options, trainable: false },
    requires: [...found.requires, "frozen"],
  };
  return { ...pass(fields, setting, true), clause: "BN-5.1", fact: "a frozen layer answers as" };
}

/** Inference's gradients, those with respect to mean and variance included. */
export function inferBackwardAll(fields: Fields): Draft {
  const setting = inferenceOf(fields);
  const { view, floats, start, options, requires } = setting;
  const inputs = fields.object("inputs");
  const expected = new Expected(fields, known);
  const x = view.arrange(inputs.tensor("x"));
  const dy = view.arrange(inputs.tensor("dy", x.length));
  const layerCase = pass(fields, setting, false);
  const judges = [
    ["dmean", expected.judge("d_mean", view.channels)],
    ["dvariance", expected.judge("d_var", view.channels)],
  ] as const;
  return {
    clause: "BN-5.4",
    fact: "the gradients of the statistics are those of",
    requires: [...requires, "gradient", "statistics-gradients"],
    async run(subject) {
      await layerCase.run(subject);
      const gradients = await subject.statisticsGradients?.(floats(dy), floats(x), view.shape, {
        axis: view.axis,
        gamma: Float64Array.from(start.gamma ?? new Float64Array(view.channels).fill(1)),
        epsilon: options.epsilon ?? 0,
        mean: Float64Array.from(start.runningMean ?? []),
        variance: Float64Array.from(start.runningVariance ?? []),
      });
      if (!gradients) throw new ConformanceError("statisticsGradients", "a method", "undefined");
      for (const [key, judge] of judges) judge(gradients[key]);
    },
  };
}

function inferenceOf(fields: Fields): Setting {
  const inputs = fields.object("inputs");
  const setting = settingOf(fields, [inputs.tensor("x")], { training: false });
  if (isCaffe(fields)) return caffeBlobs(inputs, setting);
  const { channels } = setting.view;
  inputs.tensor("running_mean", channels);
  inputs.tensor("running_var", channels);
  return isDarknet(fields) ? insideRoot(setting) : setting;
}

const isCaffe = (fields: Fields): boolean =>
  !fields.isObject("init") &&
  fields.has("init") &&
  fields.choice("init", ["caffe_scale_factor"]) !== null;

/** Caffe keeps mean · s, variance · s and s; s = 0 stands for statistics of 0. */
function caffeBlobs(inputs: Fields, setting: Setting): Setting {
  const { channels } = setting.view;
  const scale = inputs.tensor("blob2", 1).data[0] as number;
  const divide = (key: string): number[] =>
    Array.from(inputs.tensor(key, channels).data, (value) => (scale === 0 ? 0 : value / scale));
  const start = {
    ...setting.start,
    runningMean: divide("blob0"),
    runningVariance: divide("blob1"),
  };
  return { ...setting, start };
}

/** One forward that must not move the state, and the gradients that it gives. */
function pass(
  fields: Fields,
  setting: Setting,
  training: boolean,
): Pick<Draft, "requires" | "run"> {
  const { view, floats, requires } = setting;
  const inputs = fields.object("inputs");
  const expected = new Expected(fields, known);
  const x = view.arrange(inputs.tensor("x"));
  const judgeY = expected.has("y") ? expected.judge("y", x.length, view.arrange) : null;
  const statistics = [
    ["running_mean", "runningMean"],
    ["running_var", "runningVariance"],
  ] as const;
  const gradients = gradientsOf(inputs, expected, setting);
  const judges = statistics
    .filter(([theirs]) => expected.has(theirs))
    .map(([theirs, ours]) => [ours, expected.judge(theirs, view.channels)] as const);
  return {
    requires: gradients.given ? [...requires, "gradient"] : requires,
    run: (subject) =>
      withLayer(subject, setting, async (layer) => {
        const before = JSON.stringify(await layer.state());
        const y = await layer.forward(floats(x), view.shape, { training });
        judgeY?.(y);
        await gradients.judge(layer);
        const state = await layer.state();
        for (const [key, judge] of judges) judge(state[key]);
        const after = JSON.stringify(state);
        if (after !== before) throw new ConformanceError("the state", before, after);
      }),
  };
}
