import { expectRefusal } from "@batchnorm/conformance/vitest";
import {
  backwardInference,
  backwardTraining,
  forwardInference,
  forwardTraining,
  layoutOf,
} from "@batchnorm/core";
import { normalizeByBatch, normalizeByStatistics } from "@batchnorm/tfjs/core";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { expectClose } from "./close.ts";
import { normals } from "./random.ts";

const epsilon = 1e-3;
const size = (shape: number[]): number => shape.reduce((a, b) => a * b, 1);

/** Ranks 2 to 6, any axis from either end, gamma and beta there or not. */
const anyCase = fc
  .integer({ min: 2, max: 6 })
  .chain((rank) =>
    fc.record({
      shape: fc.array(fc.integer({ min: 1, max: rank > 4 ? 3 : 5 }), {
        minLength: rank,
        maxLength: rank,
      }),
      axis: fc.integer({ min: -rank, max: rank - 1 }),
      seed: fc.integer(),
      scale: fc.boolean(),
      center: fc.boolean(),
    }),
  )
  .map(({ shape, axis, seed, scale, center }) => {
    const layout = layoutOf(shape, axis);
    const { channels } = layout;
    return {
      shape,
      axis,
      layout,
      x: normals(`x ${seed}`, size(shape), 3),
      dy: normals(`dy ${seed}`, size(shape)),
      gamma: scale ? normals(`gamma ${seed}`, channels) : null,
      beta: center ? normals(`beta ${seed}`, channels) : null,
      mean: normals(`mean ${seed}`, channels),
      variance: normals(`variance ${seed}`, channels).map((v) => v * v + 0.1),
    };
  });

type Case = typeof anyCase extends fc.Arbitrary<infer T> ? T : never;

/** y and the gradients of Σ dy · y, in the order x, gamma, beta, of those that there are. */
function run(
  { x, dy, shape, gamma, beta }: Pick<Case, "x" | "dy" | "shape" | "gamma" | "beta">,
  op: (x: tf.Tensor, parameters: { gamma: tf.Tensor | null; beta: tf.Tensor | null }) => tf.Tensor,
): { y: Float32Array; gradients: Float32Array[] } {
  return tf.tidy(() => {
    const inputs = [
      tf.tensor(x, shape),
      ...[gamma, beta].filter((v) => v !== null).map((v) => tf.tensor1d(v)),
    ];
    const loss = (...[x, ...rest]: tf.Tensor[]): tf.Tensor => {
      const parameters = { gamma: gamma ? rest[0]! : null, beta: beta ? rest.at(-1)! : null };
      return tf.sum(tf.mul(op(x!, parameters), tf.tensor(dy, shape)));
    };
    const y = op(inputs[0]!, {
      gamma: gamma ? inputs[1]! : null,
      beta: beta ? inputs.at(-1)! : null,
    });
    expect(y.shape).toEqual(shape);
    const gradients = tf.grads(loss as never)(inputs);
    return {
      y: y.dataSync() as Float32Array,
      gradients: gradients.map((gradient) => gradient.dataSync() as Float32Array),
    };
  });
}

onEachBackend((backend) => {
  // Float32 sums of up to 125 terms against float64 ones; dx is amplified by gamma · r, up to 1/√epsilon.
  test("by the batch: y and every gradient are core's, over 200 shapes", () => {
    fc.assert(
      fc.property(anyCase, (c) => {
        const { y, gradients } = run(c, (x, p) =>
          normalizeByBatch(x, p, { axis: c.axis, epsilon }),
        );
        const parameters = { gamma: c.gamma, beta: c.beta, epsilon };
        const forward = forwardTraining(c.x, c.layout, parameters);
        const { dx, dgamma, dbeta } = backwardTraining(
          c.dy,
          c.x,
          c.layout,
          forward.moments,
          parameters,
        );
        const expected = [dx, ...(c.gamma ? [dgamma] : []), ...(c.beta ? [dbeta] : [])];
        expectClose(y, forward.y, 1e-5);
        for (const [i, gradient] of gradients.entries()) expectClose(gradient, expected[i]!, 1e-4);
      }),
      { seed: 4, numRuns: 200 },
    );
  });

  test("by fixed statistics: y and every gradient are core's, over 200 shapes", () => {
    fc.assert(
      fc.property(anyCase, (c) => {
        const { y, gradients } = run(c, (x, p) => {
          const statistics = { mean: tf.tensor1d(c.mean), variance: tf.tensor1d(c.variance) };
          return normalizeByStatistics(x, p, { axis: c.axis, epsilon }, statistics);
        });
        const parameters = { gamma: c.gamma, beta: c.beta, epsilon };
        const { dx, dgamma, dbeta } = backwardInference(c.dy, c.x, c.layout, c, parameters);
        const expected = [dx, ...(c.gamma ? [dgamma] : []), ...(c.beta ? [dbeta] : [])];
        expectClose(y, forwardInference(c.x, c.layout, c, parameters), 1e-5);
        for (const [i, gradient] of gradients.entries()) expectClose(gradient, expected[i]!, 1e-4);
      }),
      { seed: 5, numRuns: 200 },
    );
  });

  // The contract's bound for y, where float32 sums taken one by one would be up to 1 off; dgamma sums
  // m terms that are as far off as y is, at random: √m · 1e-6.
  test.each([
    { shape: [16, 28, 28, 32], axis: -1, mean: 0, deviation: 1 },
    { shape: [16, 28, 28, 32], axis: -1, mean: 1e4, deviation: 1e-2 },
    { shape: [104729, 2], axis: -1, mean: 1e4, deviation: 1e-2 }, // a prime m
    { shape: [509, 4], axis: -1, mean: 1e4, deviation: 1e-2 },
    { shape: [2, 2, 1, 65521], axis: 1, mean: 1e4, deviation: 1e-2 },
    { shape: [1, 200003], axis: 0, mean: 1e4, deviation: 1e-2 },
    { shape: [8, 4, 512], axis: 1, mean: 1e4, deviation: 1e-2 },
    { shape: [4, 2, 224, 224], axis: 1, mean: 0, deviation: 1 },
  ])(
    "keeps $shape with channels on $axis at N($mean, $deviation) within 1e-6 of core",
    ({ shape, axis, mean, deviation }) => {
      const layout = layoutOf(shape, axis);
      const x = normals("large", size(shape), mean, deviation);
      const dy = normals("dy", size(shape));
      const gamma = new Float32Array(layout.channels).fill(1);
      const options = { axis, epsilon: 1e-5 };
      const { y, gradients } = run({ shape, x, dy, gamma, beta: null }, (x, p) =>
        normalizeByBatch(x, p, options),
      );
      const { y: expected, moments } = forwardTraining(x, layout, options);
      const { dgamma } = backwardTraining(dy, x, layout, moments, options);
      expectClose(y, expected, 1e-6);
      expectClose(gradients[1]!, dgamma, 1e-6 * Math.sqrt(layout.outer * layout.inner));
    },
  );

  test("gradients of gradients are those of the plain formula, by either way of normalizing", () => {
    const x = tf.tensor(normals("x", 24), [6, 4]);
    const [gamma, beta, v] = [
      tf.tensor1d([1, -2, 0.5, 3]),
      tf.zeros([4]),
      tf.tensor(normals("v", 24), [6, 4]),
    ];
    const [mean, variance] = [tf.tensor1d([0.1, 0.2, -0.3, 0]), tf.tensor1d([1, 2, 0.5, 1])];
    const parameters = (gamma: tf.Tensor) => ({ gamma, beta });
    const options = { axis: -1, epsilon };
    const plain = (
      x: tf.Tensor,
      gamma: tf.Tensor,
      mean: tf.Tensor,
      variance: tf.Tensor,
    ): tf.Tensor => tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon))), gamma);
    const ways = [
      {
        ours: (x: tf.Tensor, gamma: tf.Tensor) => normalizeByBatch(x, parameters(gamma), options),
        plain: (x: tf.Tensor, gamma: tf.Tensor) => {
          const { mean, variance } = tf.moments(x, [0]);
          return plain(x, gamma, mean, variance);
        },
      },
      {
        ours: (x: tf.Tensor, gamma: tf.Tensor) =>
          normalizeByStatistics(x, parameters(gamma), options, { mean, variance }),
        plain: (x: tf.Tensor, gamma: tf.Tensor) => plain(x, gamma, mean, variance),
      },
    ];
    for (const way of ways) {
      // A loss that is curved in y, so that its second derivatives depend on everything.
      const second = (op: (x: tf.Tensor, gamma: tf.Tensor) => tf.Tensor): tf.Tensor[] =>
        tf.grads(((x: tf.Tensor, gamma: tf.Tensor) => {
          const loss = (x: tf.Tensor, gamma: tf.Tensor) => tf.sum(tf.sin(op(x, gamma)));
          const [dx, dgamma] = tf.grads(loss as never)([x, gamma]) as [tf.Tensor, tf.Tensor];
          return tf.add(tf.sum(tf.mul(dx, v)), tf.sum(tf.square(dgamma)));
        }) as never)([x, gamma]);
      const [ours, expected] = [second(way.ours), second(way.plain)];
      expect(tf.max(tf.abs(expected[0]!)).dataSync()[0]).toBeGreaterThan(0.1);
      for (const [i, gradient] of ours.entries()) expectClose(gradient, expected[i]!, 1e-4);
    }
  });

  test("a gradient of a gradient needs no gamma", () => {
    const x = tf.tensor(normals("x", 12), [6, 2]);
    const v = tf.tensor(normals("v", 12), [6, 2]);
    const none = { gamma: null, beta: null };
    const ours = (x: tf.Tensor): tf.Tensor => normalizeByBatch(x, none, { axis: -1, epsilon });
    const plain = (x: tf.Tensor): tf.Tensor => {
      const { mean, variance } = tf.moments(x, [0]);
      return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));
    };
    const second = (op: typeof ours): tf.Tensor =>
      tf.grad((x: tf.Tensor) => {
        const dx = tf.grad((x: tf.Tensor) => tf.sum(tf.sin(op(x))))(x);
        return tf.sum(tf.mul(dx, v));
      })(x);
    expectClose(second(ours), second(plain), 1e-4);
  });

  test("shows the batch's mean and biased variance", () => {
    let seen: number[] = [];
    tf.tidy(() =>
      normalizeByBatch(
        tf.tensor2d([[1], [3]]),
        { gamma: null, beta: null },
        { axis: 1, epsilon },
        (s) => {
          seen = [...s.mean.dataSync(), ...s.variance.dataSync()];
        },
      ),
    );
    expect(seen).toEqual([2, 1]);
  });

  test("shows nothing of an empty batch, whose gradients are 0", () => {
    let seen = 0;
    const loss = (gamma: tf.Tensor): tf.Scalar =>
      tf.sum(
        normalizeByBatch(tf.zeros([0, 2]), { gamma, beta: null }, { axis: 1, epsilon }, () => {
          seen++;
        }),
      );
    expectClose(tf.grad(loss)(tf.ones([2])), [0, 0], 0);
    expect(seen).toBe(0);
  });

  test("what is not one value per channel, and no epsilon, is refused by name", () => {
    const x = tf.ones([4, 2]);
    const options = { axis: 1, epsilon };
    const [three, two] = [tf.ones([3]), tf.ones([2])];
    const none = { gamma: null, beta: null };
    const refused = (call: () => unknown, name: string): void =>
      expect(expectRefusal("ERR_BATCHNORM_SHAPE", call).message).toMatch(name);
    refused(() => normalizeByBatch(x, { gamma: three, beta: null }, options), "gamma");
    refused(() => normalizeByBatch(x, { gamma: null, beta: tf.ones([2, 1]) }, options), "beta");
    const by = (mean: tf.Tensor, variance: tf.Tensor) => () =>
      normalizeByStatistics(x, none, options, { mean, variance });
    refused(by(three, two), "mean");
    refused(by(two, three), "variance");
    for (const bad of [Number.NaN, -1, 1e-50, Number.POSITIVE_INFINITY]) {
      const wrong = { axis: 1, epsilon: bad };
      expectRefusal("ERR_BATCHNORM_OPTION", () => normalizeByBatch(x, none, wrong));
      expectRefusal("ERR_BATCHNORM_OPTION", () =>
        normalizeByStatistics(x, none, wrong, { mean: two, variance: two }),
      );
    }
  });

  test("casts integers, and refuses what are no real numbers", () => {
    const none = { gamma: null, beta: null };
    const options = { axis: -1, epsilon: 1e-9 };
    const y = normalizeByBatch(tf.tensor2d([[1], [3]], [2, 1], "int32"), none, options);
    expect(y.dtype).toBe("float32");
    expectClose(y, [-1, 1], 1e-6);
    const bool = normalizeByBatch(tf.tensor2d([[0], [1]], [2, 1], "bool"), none, options);
    expect(bool.dtype).toBe("float32");
    expectClose(bool, [-1, 1], 1e-6);
    const complex = backend === "cpu" ? [tf.complex([[1]], [[2]])] : [];
    for (const x of [tf.tensor2d([["a"], ["b"]]), ...complex, [[1], [2]], null]) {
      expectRefusal("ERR_BATCHNORM_DTYPE", () => normalizeByBatch(x as tf.Tensor, none, options));
    }
    expectRefusal("ERR_BATCHNORM_SHAPE", () => normalizeByBatch(tf.tensor1d([1]), none, options));
    expectRefusal("ERR_BATCHNORM_AXIS", () =>
      normalizeByBatch(tf.ones([2, 2]), none, { axis: 2, epsilon }),
    );
  });

  test("a first gradient needs no registered one", () => {
    // tfjs-core alone registers none; a loss of one custom gradient shows that ours needs none.
    const names = ["Reshape", "Cast", "Sub", "Multiply", "Add", "AddV2", "Mean", "Sum", "Rsqrt"];
    const saved = names.map((name) => [name, tf.getGradient(name)] as const);
    for (const name of names) if (tf.getGradient(name)) tf.unregisterGradient(name);
    try {
      const x = tf.tensor2d([[1], [2], [6]]);
      const loss = tf.customGrad((...args) => {
        (args.at(-1) as tf.GradSaveFunc)([]);
        return {
          value: tf.sum(args[0] as tf.Tensor),
          gradFunc: () => tf.tensor2d([[1], [0], [0]]),
        };
      });
      const op = (x: tf.Tensor) =>
        loss(normalizeByBatch(x, { gamma: null, beta: null }, { axis: 1, epsilon }));
      const dx = tf.grad(op as never)(x);
      const layout = layoutOf([3, 1]);
      const values = Float32Array.of(1, 2, 6);
      const { moments } = forwardTraining(values, layout, { epsilon });
      const expected = backwardTraining(Float32Array.of(1, 0, 0), values, layout, moments, {
        epsilon,
      });
      expectClose(dx, expected.dx, 1e-6);
    } finally {
      for (const [, config] of saved) if (config) tf.registerGradient(config);
    }
  });
});
