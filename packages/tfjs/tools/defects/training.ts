import * as tf from "@tensorflow/tfjs-core";
import { input, model, type SymbolicTensor, sequential } from "@tensorflow/tfjs-layers";
import { type Defect, type Seen, within } from "./defect.ts";
import { apart, normal, train, trained, weightOf } from "./reference.ts";

const still = (before: readonly number[], after: readonly number[], what: string): Seen => {
  const moved = Math.max(...after.map((value, i) => Math.abs(value - (before[i] as number))));
  return moved === 0
    ? { right: true, what: `${what} stay` }
    : { right: false, what: `${what} move by ${moved.toPrecision(2)}` };
};

/** What a training step does to the moving statistics, and when it is one. */
export const training: readonly Defect[] = [
  {
    behaviour: "`trainable: false`, training",
    issues: [],
    run(side) {
      const layer = side.layer({ trainable: false });
      train(layer, normal([8, 2], 5, 2));
      return still([0, 0], weightOf(layer, "moving_mean"), "moving means");
    },
  },
  {
    behaviour: "`model.trainable = false`, training",
    issues: [],
    run(side) {
      const layer = side.layer({ inputShape: [2] });
      const network = sequential({ layers: [layer] });
      network.trainable = false;
      network.apply(normal([8, 2], 5, 2), { training: true });
      return still([0, 0], weightOf(layer, "moving_mean"), "moving means");
    },
  },
  {
    behaviour: "a mask, with `supportsMasking`",
    issues: [],
    run(side) {
      const layer = side.layer({ momentum: 0, supportsMasking: true });
      const mask = tf.tensor2d([1, 1, 0], [1, 3], "bool");
      layer.apply(tf.tensor3d([1, 2, 300], [1, 3, 1]), { training: true, mask });
      const [mean] = weightOf(layer, "moving_mean") as [number];
      const what = `mean of 1, 2 and a masked 300: ${mean.toPrecision(3)}`;
      return { right: mean === 1.5, what };
    },
  },
  {
    behaviour: "a NaN in one batch",
    issues: [],
    run(side) {
      const layer = side.layer({ momentum: 0.5 });
      train(layer, tf.tensor2d([[1], [Number.NaN]]));
      train(layer, tf.tensor2d([[1], [3]]));
      const [mean] = weightOf(layer, "moving_mean") as [number];
      return { right: mean === 1, what: `moving mean after the next batch: ${mean}` };
    },
  },
  {
    behaviour: "an empty batch",
    issues: [],
    run(side) {
      const layer = side.layer({ momentum: 0.5 });
      layer.apply(tf.zeros([2, 1]));
      train(layer, tf.zeros([0, 1]));
      return still([1], weightOf(layer, "moving_variance"), "moving variances");
    },
  },
  {
    behaviour: "training mode fixed when the model is built",
    issues: ["562", "3152"],
    run(side) {
      const x = normal([8, 2], 5, 2);
      const start = input({ shape: [2] });
      // The stock layer takes it at apply, ours as an argument too.
      const layer = side.layer({ training: true });
      const end = layer.apply(start, { training: true }) as SymbolicTensor;
      const y = model({ inputs: start, outputs: end }).predict(x) as tf.Tensor;
      return within(1e-5, apart(y, trained(x)), "prediction");
    },
  },
  {
    behaviour: "`layer.dispose()` before the first use",
    issues: [],
    run(side) {
      side.layer({ name: "bn" }).dispose();
      return { right: true, what: "works" };
    },
  },
];
