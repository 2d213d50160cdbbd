import * as tf from "@tensorflow/tfjs-core";
import { model as functional, input, layers, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { type Defect, type Seen, within } from "./defect.ts";
import { apart, normal, train, trained, trainedGradient } from "./reference.ts";
import type { Side } from "./sides.ts";

const onBackend = async <T>(backend: string, run: () => T | Promise<T>): Promise<T> => {
  const before = tf.getBackend();
  await tf.setBackend(backend);
  try {
    return await run();
  } finally {
    await tf.setBackend(before);
  }
};

function forwardOnAxis(side: Side): Seen {
  const x = normal([4, 3, 2, 2], 3, 2);
  const layer = side.layer({ axis: 1, momentum: 0 });
  const training = apart(train(layer, x), trained(x, { axis: 1 }));
  // Momentum 0 leaves this batch in the moving statistics.
  const inference = apart(layer.apply(x) as tf.Tensor, trained(x, { axis: 1 }));
  return within(1e-5, Math.max(training, inference), "y");
}

/** Inputs that the stock layer cannot take, or takes wrongly. */
export const shapes: readonly Defect[] = [
  {
    behaviour: "`scale: false` or `center: false`, training",
    issues: ["2868"],
    run(side) {
      const x = normal([6, 3], 2, 3);
      const y = [{ scale: false }, { center: false }].map((args) => train(side.layer(args), x));
      return within(1e-5, Math.max(...y.map((each) => apart(each, trained(x)))), "y");
    },
  },
  {
    behaviour: "`axis: 1` of [4, 3, 2, 2], training and inference, cpu",
    issues: ["1106"],
    run: (side) => onBackend("cpu", () => forwardOnAxis(side)),
  },
  {
    behaviour: "`axis: 1` of [4, 3, 2, 2], training and inference, wasm",
    issues: ["1106"],
    run: (side) => onBackend("wasm", () => forwardOnAxis(side)),
  },
  {
    behaviour: "`axis: 1` of [4, 3, 2, 2], gradient",
    issues: ["1773"],
    run(side) {
      const [x, dy] = [normal([4, 3, 2, 2], 3, 2), normal([4, 3, 2, 2], 0, 1, 2)];
      const layer = side.layer({ axis: 1 });
      const dx = tf.grad((x: tf.Tensor) => train(layer, x))(x, dy);
      return within(1e-5, apart(dx, trainedGradient(dy, x, { axis: 1 })), "dx");
    },
  },
  {
    behaviour: "rank 5, [2, 2, 2, 2, 3]",
    issues: ["2504", "5843", "8011"],
    run(side) {
      const x = normal([2, 2, 2, 2, 3], 2, 3);
      return within(1e-5, apart(train(side.layer({}), x), trained(x)), "y");
    },
  },
  {
    behaviour: "int32 input",
    issues: [],
    run(side) {
      const x = tf.tensor2d([1, 2, 4, 8], [4, 1], "int32");
      const y = train(side.layer({}), x);
      if (y.dtype !== "float32") return { right: false, what: `y is ${y.dtype}` };
      return within(1e-5, apart(y, trained(x)), "y");
    },
  },
  {
    behaviour: "x = 10⁴ ± 10⁻², training",
    issues: [],
    run(side) {
      const x = normal([4096, 1], 1e4, 1e-2);
      const y = train(side.layer({}), x);
      return within(1e-5, apart(y, trained(x)), "y");
    },
  },
  {
    behaviour: "`layer.call(x)` without a second argument",
    issues: [],
    run(side) {
      const layer = side.layer({});
      layer.build([null, 3]);
      const y = layer.call(normal([2, 3]), undefined as never) as tf.Tensor;
      return { right: y.shape.join() === "2,3", what: "works" };
    },
  },
  {
    behaviour: "a gradient through fixed statistics without scale",
    issues: ["2868"],
    run(side) {
      const x = normal([4, 2]) as tf.Tensor2D;
      const op = (x: tf.Tensor): tf.Tensor =>
        side.normalize(x as tf.Tensor2D, tf.tensor1d([0, 0]), tf.tensor1d([1, 1]));
      const dx = tf.grad(op)(x);
      return within(1e-5, apart(dx, new Array(8).fill(1 / Math.sqrt(1.001))), "dx");
    },
  },
  {
    behaviour: "wasm: training a convolution",
    issues: ["8474"],
    beyondUs: true,
    run: (side) =>
      onBackend("wasm", async () => {
        const start = input({ shape: [4, 4, 2] });
        const convolved = layers.conv2d({ filters: 2, kernelSize: 3 }).apply(start);
        const end = side.layer({}).apply(convolved) as SymbolicTensor;
        const network = functional({ inputs: start, outputs: end });
        network.compile({ optimizer: "sgd", loss: "meanSquaredError" });
        await network.fit(normal([4, 4, 4, 2]), normal([4, 2, 2, 2]), { verbose: 0 });
        return { right: true, what: "works" };
      }),
  },
];
