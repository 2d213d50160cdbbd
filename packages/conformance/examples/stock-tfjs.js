// TensorFlow.js's own tf.layers.batchNormalization as a subject of @batchnorm/conformance.
import { defaultOptions, parseStateFor } from "@batchnorm/core";
import * as tf from "@tensorflow/tfjs-core";
import { layers } from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";

await tf.setBackend("cpu");

// All that the stock layer can do; it has no argument for either.
const tracking = { varianceEstimator: "biased", start: "zero-one" };

function create(options, shape) {
  // Core's defaults stand in for what is left open: the stock epsilon would be 1e-3.
  const { name, scale, center, momentum, epsilon } = { ...defaultOptions, ...options };
  // State fields in the order of the layer's weights.
  const fields = ["gamma", "beta", "runningMean", "runningVariance"].filter(
    (field) => (scale || field !== "gamma") && (center || field !== "beta"),
  );

  const make = (rule) => {
    const layer = layers.batchNormalization({ ...options, ...rule });
    layer.build(shape);
    return layer;
  };
  let rule = { momentum, epsilon };
  let layer = make(rule);
  let counts = { updates: 0, weight: 0, valuesPerChannel: null }; // the stock layer keeps none
  let last; // x, shape and training of the last forward, for backward

  const channels = layer.getWeights()[0].size;
  const run = (x, training) => layer.apply(x, { training });
  // layer.dispose() throws before the first apply, so the variables go by hand.
  const dispose = () => tf.dispose(layer.getWeights());

  function count(m) {
    const { updates, weight, valuesPerChannel } = counts;
    counts = {
      updates: updates + 1,
      weight: rule.momentum * weight + (1 - rule.momentum),
      valuesPerChannel: updates === 0 || valuesPerChannel === m ? m : null,
    };
  }

  return {
    forward(x, shape, { training }) {
      const y = tf.tidy(() => run(tf.tensor(x, shape), training).dataSync());
      last = { x, shape, training };
      if (training) count(x.length / channels);
      return y;
    },

    backward(dy) {
      const { x, shape, training } = last;
      return tf.tidy(() => {
        // The tape needs the pass again, which moves the statistics again: they are put back.
        const before = layer.getWeights().map((weight) => weight.clone());
        const affine = layer.getWeights().slice(0, -2); // gamma and beta, where there are such
        try {
          const gradients = tf.grads((input) => run(input, training));
          const all = gradients([tf.tensor(x, shape), ...affine], tf.tensor(dy, shape));
          const [dx, ...rest] = all.map((gradient) => gradient.dataSync());
          const dgamma = scale ? rest.shift() : null;
          return { dx, dgamma, dbeta: center ? rest.shift() : null };
        } finally {
          layer.setWeights(before);
        }
      });
    },

    state() {
      const arrays = layer.getWeights().map((weight, i) => [fields[i], [...weight.dataSync()]]);
      const held = { gamma: null, beta: null, ...Object.fromEntries(arrays) };
      return { version: 1, name, channels, ...held, ...rule, ...tracking, ...counts, renorm: null };
    },

    load(value) {
      const has = { gamma: scale || null, beta: center || null, running: true, renorm: null };
      const state = parseStateFor({ name, channels, ...has }, value);
      for (const [field, only] of Object.entries(tracking)) {
        if (state[field] !== only) throw new Error(`${field} must be ${only}, got ${state[field]}`);
      }
      if (typeof state.momentum !== "number") throw new Error("momentum must be a number");
      // A stock layer's momentum and epsilon are fixed, so another layer takes its place.
      dispose();
      rule = { momentum: state.momentum, epsilon: state.epsilon };
      layer = make(rule);
      tf.tidy(() => layer.setWeights(fields.map((field) => tf.tensor1d([...state[field]]))));
      const { updates, weight, valuesPerChannel } = state;
      counts = { updates, weight, valuesPerChannel };
    },

    dispose,
  };
}

export const subject = {
  name: "tf.layers.batchNormalization 4.22.0",
  supports: ["axis", "rank", "affine", "gradient", "frozen", "empty-batch"],
  create,
};
