import type { Feature, Subject } from "../../subject.ts";
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
  const withoutEpsilon = fields.has("epsilon") && fields.number("epsilon", 0, 1e6) === 0;
  const stated = withoutEpsilon ? fields.with("epsilon", vanishing) : fields;
  const setting = settingOf(stated, [x], { training: true, tracksVariance, mask });
  const { view, options, floats, requires } = setting;
  if (view.count !== Math.floor(view.count) || view.count === 0) {
    inputs.refuse("x", "must hold samples", view.count);
  }
  if (mask && mask.length !== view.count) {
    inputs.refuse("mask", `must hold ${view.count} values`, mask.length);
  }
  const given = floats(view.arrange(x));
  const request = mask ? { training: true, mask } : { training: true };

  const gradients = gradientsOf(inputs, expected, setting);
  const judges = judgesOf(expected, setting, x.data.length);
  const fullyMasked = mask !== undefined && !mask.includes(1);
  const kept = judgeState(expected, setting, fullyMasked);
  const run: Draft["run"] = async (subject) => {
    if (withoutEpsilon) await refusesEpsilonZero(subject, setting);
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
  const deviation = fullyMasked
    ? "fully-masked"
    : infinite
      ? "infinite-mean"
      : withoutEpsilon && "epsilon-zero-training";
  return {
    clause,
    fact,
    requires: all,
    ...(deviation ? { deviation } : {}),
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

/** Vanishes next to any variance above 1e-14, and lets a layer train. */
const vanishing = 1e-30;

/** A layer refuses to train with epsilon 0. */
async function refusesEpsilonZero(
  subject: Subject,
  { view, options, floats }: Setting,
): Promise<void> {
  const none = { ...options, epsilon: 0 };
  await expectRefusal("training with epsilon 0", () =>
    withLayer(subject, { view, options: none, start: {} }, async (layer) => {
      const x = floats(new Float64Array(view.channels * view.count));
      await layer.forward(x, view.shape, { training: true });
    }),
  );
}
