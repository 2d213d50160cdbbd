import type * as tf from "@tensorflow/tfjs-core";
import { type Defect, refused, within } from "./defect.ts";
import { apart, normal, trained } from "./reference.ts";

/** A model of one layer over [2, 2, 3], as Keras writes it. */
const file = (className: string, config: object): tf.io.ModelArtifacts => ({
  modelTopology: {
    class_name: "Sequential",
    config: {
      name: "sequential",
      layers: [
        {
          class_name: className,
          config: { name: "bn", batch_input_shape: [null, 2, 2, 3], axis: [3], ...config },
        },
      ],
    },
  },
});

/** What is in a file, or given to the layer, and should not be passed by. */
export const files: readonly Defect[] = [
  {
    behaviour: "a file with `BatchNormalizationV1`, `axis: [3]`",
    issues: ["1255", "1334"],
    async run(side) {
      const model = await side.load(file("BatchNormalizationV1", {}));
      const x = normal([4, 2, 2, 3], 5, 2);
      const y = model.apply(x, { training: true }) as tf.Tensor;
      return within(1e-5, apart(y, trained(x)), "y");
    },
  },
  {
    behaviour: "a file with `renorm: true`, training",
    issues: [],
    async run(side) {
      const clipping = { rmin: 0.5, rmax: 1.5, dmax: 0.5 };
      const config = { renorm: true, renorm_clipping: clipping };
      const model = await side.load(file("BatchNormalization", config));
      const x = normal([4, 2, 2, 3], 5, 2);
      const y = model.apply(x, { training: true }) as tf.Tensor;
      return within(1e-5, apart(y, trained(x, { renorm: clipping })), "y");
    },
  },
  {
    behaviour: "a file with `synchronized: true`",
    issues: [],
    run: (side) =>
      refused(() => side.load(file("BatchNormalization", { synchronized: true })), "ignored"),
  },
  {
    behaviour: "a misspelt argument, `momentun: 0.9`",
    issues: [],
    run: (side) => refused(() => side.layer({ momentun: 0.9 }), "ignored"),
  },
  {
    behaviour: "`momentum: 1.5`",
    issues: [],
    run: (side) => refused(() => side.layer({ momentum: 1.5 }), "taken"),
  },
];
