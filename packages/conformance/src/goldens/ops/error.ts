import type { BatchNormOptions, BatchNormState } from "@batchnorm/core";
import { ConformanceError } from "../../case.ts";
import type { Subject, SubjectLayer } from "../../subject.ts";
import { expectThat } from "../../tolerance.ts";
import type { Draft } from "../draft.ts";
import type { Fields } from "../fields.ts";
import { expectRefusal } from "../refusal.ts";
import { withLayer } from "../setting.ts";

type Kind = Draft & { readonly throws?: false };

/** Our names for what a source's state holds, in the order of TF.js and Keras, and of PyTorch. */
const fieldOf: Readonly<Record<string, keyof BatchNormState>> = {
  gamma: "gamma",
  beta: "beta",
  moving_mean: "runningMean",
  moving_variance: "runningVariance",
  weight: "gamma",
  bias: "beta",
  running_mean: "runningMean",
  running_var: "runningVariance",
  num_batches_tracked: "updates",
};

const names: Kind = {
  clause: "BN-14.1",
  fact: "a state holds what is in that of",
  requires: [],
  throws: false,
  run: (subject) =>
    layerOf(subject, 2, {}, async (layer) => {
      const state = await layer.state();
      for (const [theirs, ours] of Object.entries(fieldOf)) {
        const value = state[ours];
        const isThere =
          ours === "updates" ? value === 0 : Array.isArray(value) && value.length === 2;
        expectThat(isThere, `${ours} for ${theirs}`, ours === "updates" ? "0" : "2 numbers", value);
      }
    }),
};

/** A batch of no samples: empty, and nothing enters. */
const emptyBatch = (shape: readonly number[]): Kind => ({
  clause: "BN-8.2",
  fact: "an empty batch changes nothing, unlike",
  requires: shape.length > 2 ? ["empty-batch", "rank"] : ["empty-batch"],
  deviation: "empty-batch",
  throws: false,
  run(subject) {
    const channels = shape.at(-1) as number;
    const use = async (layer: SubjectLayer): Promise<void> => {
      const before = JSON.stringify(await layer.state());
      const y = await layer.forward(new Float32Array(0), shape, { training: true });
      expectThat(y.length === 0, "y", "no values", y.length);
      const after = JSON.stringify(await layer.state());
      expectThat(after === before, "the state", before, after);
    };
    return layerOf(subject, channels, {}, use, [2, ...shape.slice(1)]);
  },
});

/** What a layer is asked, and what it must answer, by the golden's id: its own text is prose. */
const kinds: Readonly<Record<string, Kind>> = {
  "torch:err_batch1_2d": {
    clause: "BN-8.1",
    fact: "one value per channel is refused, as in",
    requires: ["single-value"],
    run: (subject) =>
      layerOf(subject, 3, { onSingleValue: "throw" }, (layer) =>
        expectRefusal("training on one value", () =>
          layer.forward(new Float32Array(3), [1, 3], { training: true }),
        ),
      ),
  },
  "torch:err_eps_negative_eval": {
    clause: "BN-8.3",
    fact: "a negative epsilon is refused, as in",
    requires: [],
    run: (subject) =>
      expectRefusal("epsilon −1", () => layerOf(subject, 3, { epsilon: -1 }, async () => {})),
  },
  "torch:err_eval_without_stats": {
    clause: "BN-3.2",
    fact: "a layer without running statistics is refused, as in",
    requires: [],
    run: (subject) =>
      layerOf(subject, 3, {}, (layer) =>
        refusedState(layer, { runningMean: null, runningVariance: null }),
      ),
  },
  "torch:err_gamma_size": {
    clause: "BN-8.5",
    fact: "a gamma of another length is refused, as in",
    requires: [],
    run: (subject) => layerOf(subject, 3, {}, (layer) => refusedState(layer, { gamma: [1, 1] })),
  },
  "keras:err_renorm_keys": {
    clause: "BN-11.1",
    fact: "an unknown clipping is refused, as in",
    requires: ["renorm"],
    run: (subject) => {
      const renorm = { random_key: 1 } as unknown as NonNullable<BatchNormOptions["renorm"]>;
      return expectRefusal("an unknown clipping", () =>
        layerOf(subject, 2, { renorm }, async () => {}),
      );
    },
  },
  "keras:err_renorm_rmax": {
    clause: "BN-11.1",
    fact: "rmax below rmin is refused, as in",
    requires: ["renorm"],
    run: (subject) => {
      const renorm = { rmin: 1, rmax: 0.5 };
      return expectRefusal("rmax below rmin", () =>
        layerOf(subject, 2, { renorm }, async () => {}),
      );
    },
  },
  "keras:empty_batch_train": emptyBatch([0, 2]),
  "tf_fused:empty_batch": emptyBatch([0, 2, 2, 3]),
  "torch:state_dict_names": names,
  "keras:weight_names_order": names,
};

/** A call that must be refused, or that a source answers in a way of its own. */
export function error(fields: Fields, id: string): Draft {
  const throws = fields.object("expected").flag("throws", true);
  const kind = Object.hasOwn(kinds, id) ? (kinds[id] as Kind) : null;
  if (kind && throws === (kind.throws ?? true)) return kind;
  return {
    clause: "BN-14.1",
    fact: "an error is judged as in",
    requires: [],
    run() {
      const expected = `one of ${Object.keys(kinds).join(", ")}`;
      throw new ConformanceError("an error's id", expected, id);
    },
  };
}

function layerOf<T>(
  subject: Subject,
  channels: number,
  options: BatchNormOptions,
  use: (layer: SubjectLayer) => Promise<T>,
  shape: readonly number[] = [2, channels],
): Promise<T> {
  const all: BatchNormOptions = { start: "zero-one", varianceEstimator: "biased", ...options };
  return withLayer(subject, { view: { shape }, options: all, start: {} }, use);
}

/** A state that does not fit is refused whole. */
async function refusedState(layer: SubjectLayer, wrong: Partial<BatchNormState>): Promise<void> {
  const before = await layer.state();
  await expectRefusal("loading a state that does not fit", () =>
    layer.load({ ...before, ...wrong }),
  );
  const [was, is] = [before, await layer.state()].map((state) => JSON.stringify(state));
  expectThat(is === was, "the state", `${was}`, is);
}
