import type { Feature } from "../../subject.ts";
import { expectNumbers } from "../../tolerance.ts";
import type { Draft } from "../draft.ts";
import { Expected, expectNoMatch } from "../expected.ts";
import type { Fields } from "../fields.ts";
import { gradientsOf } from "../gradients.ts";
import { expectRefusal } from "../refusal.ts";
import { type Setting, settingOf, withLayer } from "../setting.ts";
import { darknetTraining, isDarknet } from "./darknet.ts";

const known = [
  "y",
  "batch_mean",
  "batch_var_biased",
  // TensorFlow's names for the two, on the CPU.
  "saved_mean",
  "saved_var_or_invstd",
  "running_mean",
  "running_var",
  "dx",
  "dgamma",
  "dbeta",
];

/** One training step: y, the batch's and the running statistics, and the gradients. */
export function train(fields: Fields): Draft {
  if (isDarknet(fields)) return darknetTraining(fields);
  const inputs = fields.object("inputs");
  const expected = new Expected(fields, known);
  const x = inputs.tensor("x");
  const mask = inputs.has("mask") ? Uint8Array.from(inputs.tensor("mask").data) : undefined;
  const tracksVariance = expected.has("running_var");
  const setting = settingOf(fields, [x], { training: true, tracksVariance, mask });
  const { view, options, floats, requires } = setting;
  if (view.count !== Math.floor(view.count) || view.count === 0) {
    inputs.refuse("x", "must hold samples", view.count);
  }
  if (mask && mask.length !== view.count) {
    inputs.refuse("mask", `must hold ${view.count} values`, mask.length);
  }
  const given = floats(view.arrange(x));
  const request = mask ? { training: true, mask } : { training: true };
  if (options.epsilon === 0)
    return trainingWithoutEpsilon(fields, expected, setting, x.data.length);

  const gradients = gradientsOf(inputs, expected, setting);
  const judges = judgesOf(expected, setting, x.data.length);
  const fullyMasked = mask !== undefined && !mask.includes(1);
  const kept = judgeState(expected, setting, fullyMasked);
  const run: Draft["run"] = async (subject) => {
    await withLayer(subject, setting, async (layer) => {
      const before = await layer.state();
      const y = await layer.forward(given, view.shape, request);
      judges.y?.(y);
      const state = await layer.state();
      kept(state, before);
      await gradients.judge(layer);
    });
    if (!judges.mean && !judges.variance) return;
    // Without a past the running statistics are the batch's.
    const forgetful = { ...options, momentum: 0, varianceEstimator: "biased" } as const;
    await withLayer(subject, { view, options: forgetful, start: {} }, async (layer) => {
      await layer.forward(given, view.shape, request);
      const { runningMean, runningVariance } = await layer.state();
      judges.mean?.(runningMean);
      judges.variance?.(runningVariance);
    });
  };
  const all: Feature[] = gradients.given ? [...requires, "gradient"] : [...requires];
  const single = options.onSingleValue === "beta";
  const clause = mask ? "BN-6.1" : single ? "BN-8.1" : "BN-2.1";
  const fact = expected.isNegativeExample
    ? "training is more exact than"
    : "a training step answers as";
  const infinite = ["batch_mean", "running_mean"].some(
    (key) => expected.has(key) && expected.tensor(key).data.some((v) => Math.abs(v) === Infinity),
  );
  return {
    clause,
    fact,
    requires: all,
    ...(fullyMasked
      ? { deviation: "fully-masked" }
      : infinite
        ? { deviation: "infinite-mean" }
        : {}),
    run: expected.isNegativeExample ? (subject) => expectNoMatch(async () => run(subject)) : run,
  };
}

type Judge = ReturnType<Expected["judge"]>;

function judgesOf(expected: Expected, { view }: Setting, size: number) {
  const optional = (
    key: string,
    length: number,
    arrange?: Setting["view"]["arrange"],
  ): Judge | null => (expected.has(key) ? expected.judge(key, length, arrange) : null);
  const both = (...judges: (Judge | null)[]): Judge | null => {
    const there = judges.filter((judge) => judge !== null);
    return there.length === 0
      ? null
      : (received, convert) => {
          for (const judge of there) judge(received, convert);
        };
  };
  const mean = both(optional("batch_mean", view.channels), optional("saved_mean", view.channels));
  return {
    y: optional("y", size, view.arrange),
    mean: mean && orLost(mean),
    variance: both(
      optional("batch_var_biased", view.channels),
      optional("saved_var_or_invstd", view.channels),
    ),
  };
}

/** Where an infinite mean is expected NaN will do: both say that the channel is lost. */
function orLost(judge: Judge): Judge {
  return (received, convert) =>
    judge(received, (value, i) => {
      const lost = Math.abs(value) === Infinity && Number.isNaN(received?.[i]);
      const expected = convert ? convert(value, i) : value;
      return lost ? Number.NaN : expected;
    });
}

type State = { runningMean: readonly number[] | null; runningVariance: readonly number[] | null };

function judgeState(
  expected: Expected,
  { view }: Setting,
  staysAsItWas: boolean,
): (state: State, before: State) => void {
  const [mean, variance] = ["running_mean", "running_var"].map((key) =>
    expected.has(key) ? expected.judge(key, view.channels) : null,
  );
  return (state, before) => {
    if (staysAsItWas) {
      const exactly = { relative: 0, absolute: 0 };
      expectNumbers("running_mean", state.runningMean, before.runningMean ?? [], exactly);
      expectNumbers("running_var", state.runningVariance, before.runningVariance ?? [], exactly);
      return;
    }
    if (mean) orLost(mean)(state.runningMean);
    variance?.(state.runningVariance);
  };
}

/** A layer refuses to train with epsilon 0; the golden's y is that of inference by its statistics. */
function trainingWithoutEpsilon(
  fields: Fields,
  expected: Expected,
  setting: Setting,
  size: number,
): Draft {
  const { view, options, floats, start, requires } = setting;
  const x = floats(view.arrange(fields.object("inputs").tensor("x")));
  const judge = expected.judge("y", size, view.arrange);
  const runningMean = Array.from(expected.tensor("batch_mean", view.channels).data);
  const runningVariance = Array.from(expected.tensor("batch_var_biased", view.channels).data);
  return {
    clause: "BN-8.3",
    fact: "epsilon 0 infers, and trains not, unlike",
    requires,
    deviation: "epsilon-zero-training",
    async run(subject) {
      const filled = { ...start, runningMean, runningVariance };
      await withLayer(subject, { view, options, start: filled }, async (layer) => {
        await expectRefusal("training with epsilon 0", async () => {
          await layer.forward(x, view.shape, { training: true });
        });
        judge(await layer.forward(x, view.shape, { training: false }));
      });
    },
  };
}
