import type {
  Feature,
  ForwardRequest,
  Gradients,
  Subject,
  SubjectLayer,
} from "@batchnorm/conformance";
import { type BatchNormState, type FloatArray, resolveAxis } from "@batchnorm/core";
import { BatchNorm, batchNormalization, normalizeByBatch } from "@batchnorm/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import type { LayerVariable } from "@tensorflow/tfjs-layers";

const supports: readonly Feature[] = [
  "axis",
  "rank",
  "affine",
  "gradient",
  "unbiased",
  "first-batch",
  "debiased",
  "cumulative",
  "batch-statistics",
  "frozen",
  "non-finite-throw",
  "non-finite-skip",
  "non-finite-propagate",
  "single-value",
  "empty-batch",
  "second-order",
  "mask",
  "renorm",
  "ghost",
];

/** What the two APIs have in common, as far as the contract sees it. */
interface Host {
  readonly gamma: tf.Variable | null;
  readonly beta: tf.Variable | null;
  apply(x: tf.Tensor, training: boolean, mask: tf.Tensor | null): tf.Tensor;
  state(): Promise<BatchNormState>;
  load(state: BatchNormState): void;
  dispose(): void;
}

/** A host as the suite drives it: backward repeats the last forward, from the state before it. */
function drive(host: Host): SubjectLayer {
  let last: {
    x: FloatArray;
    shape: number[];
    request: ForwardRequest;
    before: BatchNormState;
  } | null = null;
  const run = (x: tf.Tensor, { training, mask }: ForwardRequest): tf.Tensor =>
    host.apply(x, training, mask ? maskOf(mask, x.shape) : null);
  return {
    async forward(x, shape, request): Promise<FloatArray> {
      const before = await host.state();
      const y = tf.tidy(() => run(tf.tensor(x, [...shape], "float32"), request));
      // Read while nothing waits for it: of some graphics backends that is the only way.
      const values = (await y.data()) as Float32Array;
      y.dispose();
      last = { x: x.slice(), shape: [...shape], request, before };
      return values;
    },
    async backward(dy): Promise<Gradients> {
      if (!last) throw new Error("no forward pass yet");
      const { x, shape, request, before } = last;
      host.load(before);
      const learned = [host.gamma, host.beta].filter((weight) => weight !== null);
      // By dy, and not of Σ dy · y: some backends refuse to sum nothing, which an empty batch gives.
      const [input, weight] = [x, dy].map((each) => tf.tensor(each, shape, "float32")) as [
        tf.Tensor,
        tf.Tensor,
      ];
      const inputs = [input, ...learned];
      const all = tf.grads((input) => run(input as tf.Tensor, request))(inputs, weight);
      const values = await Promise.all(all.map((each) => each.data() as Promise<Float32Array>));
      const of = (tensor: tf.Tensor | null): Float32Array | null =>
        tensor && (values[inputs.indexOf(tensor)] as Float32Array);
      const gradients = {
        dx: of(input) as Float32Array,
        dgamma: of(host.gamma),
        dbeta: of(host.beta),
      };
      tf.dispose([input, weight, ...all]);
      return gradients;
    },
    state: () => host.state(),
    load: (state) => host.load(state),
    dispose: () => host.dispose(),
  };
}

/** A mask of one value for each position, channels last, as a tensor; of the wrong length, a flat one. */
const maskOf = (mask: Uint8Array, shape: readonly number[]): tf.Tensor => {
  const positions = shape.slice(0, -1);
  const fits = mask.length === positions.reduce((product, size) => product * size, 1);
  return tf.tensor(mask, fits ? positions : [mask.length], "int32");
};

const secondOrder: Subject["secondOrder"] = async (v, dy, x, shape, { axis, gamma, epsilon }) => {
  const all = tf.tidy(() => {
    const [vT, dyT, xT] = [v, dy, x].map((a) => tf.tensor(a, [...shape], "float32")) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    const loss = (dy: tf.Tensor, x: tf.Tensor, gamma: tf.Tensor): tf.Tensor => {
      const y = (x: tf.Tensor) => normalizeByBatch(x, { gamma, beta: null }, { axis, epsilon });
      return tf.sum(tf.mul(tf.grad(y as never)(x, dy), vT));
    };
    const gammaT = tf.tensor1d(Float32Array.from(gamma));
    return tf.grads(loss as never)([dyT, xT, gammaT]);
  });
  const values = await Promise.all(all.map((each) => each.data() as Promise<Float32Array>));
  tf.dispose(all);
  const [ddy, dx, dgamma] = values as [Float32Array, Float32Array, Float32Array];
  return { ddy, dx, dgamma };
};

/** The module for those who have tfjs-core alone. */
export const moduleSubject: Subject = {
  name: "BatchNorm of @batchnorm/tfjs",
  supports,
  secondOrder,
  create(options, shape) {
    const axis = resolveAxis(options.axis ?? -1, shape.length);
    const layer = new BatchNorm(shape[axis] as number, options);
    return drive({
      gamma: layer.gamma,
      beta: layer.beta,
      apply: (x, training, mask) => layer.apply(x, { training, mask }),
      state: () => layer.toState(),
      load: (state) => layer.loadState(state),
      dispose: () => layer.dispose(),
    });
  },
};

/** The layer for tfjs-layers. */
export const layerSubject: Subject = {
  name: "batchNormalization of @batchnorm/tfjs",
  supports,
  secondOrder,
  create(options, shape) {
    const layer = batchNormalization({ ...options, supportsMasking: true });
    // A first use builds the layer, and lets it be disposed.
    tf.tidy(() => void layer.apply(tf.zeros([...shape])));
    // LayerVariable.read gives the variable itself.
    const variable = (weight: LayerVariable | undefined): tf.Variable | null =>
      (weight?.read() as tf.Variable | undefined) ?? null;
    return drive({
      gamma: variable(layer.gamma),
      beta: variable(layer.beta),
      apply: (x, training, mask) => layer.apply(x, { training, mask }) as tf.Tensor,
      state: () => layer.toState(),
      load: (state) => layer.loadState(state),
      dispose: () => void layer.dispose(),
    });
  },
};
