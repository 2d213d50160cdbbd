import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import { batchNormalization, init, useImplementation } from "@batchnorm/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { gpuBackends, heldData, useGpuBackend } from "./gpu-backends.ts";
import { tensorOf } from "./models.ts";

/** The processor in the card's place takes 50 ms a step with webgpu; the kernels alone make 1,000 elsewhere. */
const stepsOn = { webgl: 1000, webgpu: 200 };

const places = gpuBackends.flatMap((backend) =>
  (["kernels", "composed"] as const).map((implementation) => ({ backend, implementation })),
);

describe.each(places)("$backend, $implementation", ({ backend, implementation }) => {
  beforeAll(async () => {
    await useGpuBackend(backend);
    await init();
    useImplementation(implementation);
  });
  afterAll(async () => {
    useImplementation("auto");
    await tf.setBackend("cpu");
  });

  const steps = stepsOn[backend];
  test(`a layer learns and leaves nothing behind over ${steps} steps`, {
    timeout: 180_000,
  }, async () => {
    const seeded = (seed: number) => tfl.initializers.glorotUniform({ seed });
    const model = tfl.sequential({
      layers: [
        tfl.layers.dense({ units: 4, inputShape: [3], kernelInitializer: seeded(1) }),
        batchNormalization({ momentum: 0.9 }),
        tfl.layers.reLU(),
        tfl.layers.dense({ units: 1, kernelInitializer: seeded(2) }),
      ],
    });
    const x = tensorOf("x", [12, 3], 5, 2);
    const y = tf.tidy(() => tf.sum(x, 1, true));
    const optimizer = tf.train.sgd(0.01);
    const loss = (): tf.Scalar =>
      tf.mean(tf.squaredDifference(model.apply(x, { training: true }) as tf.Tensor, y));
    const lossNow = async (): Promise<number> => {
      const value = optimizer.minimize(loss, true) as tf.Scalar;
      const [number] = await value.data();
      value.dispose();
      return number as number;
    };
    const first = await lossNow();
    const before = [tf.memory().numTensors, heldData()];
    for (let i = 0; i < steps; i++) {
      optimizer.minimize(loss);
      if (i % 50 === 0) await lossNow();
    }
    const last = await lossNow();
    expect([tf.memory().numTensors, heldData()]).toEqual(before);
    expect(last).toBeLessThan(first / 10);
    tf.dispose([x, y]);
    model.dispose();
    optimizer.dispose();
  });

  if (implementation === "composed") return;
  test("a training step launches 15 programs, a prediction 2", () => {
    const layer = batchNormalization({ inputShape: [2, 3] });
    const [x, dy] = [tensorOf("x", [4, 2, 3], 5, 2), tensorOf("dy", [4, 2, 3], 0, 1)];
    const step = (): void =>
      tf.tidy(() => {
        const y = (x: tf.Tensor) => layer.apply(x, { training: true }) as tf.Tensor;
        const weights = layer.trainableWeights.map((weight) => weight.read());
        tf.grads(y as never)([x, ...weights], dy);
      });
    const predict = (): void => tf.dispose(layer.apply(x) as tf.Tensor);
    // The first of each brings to the card what is not there yet.
    step();
    predict();
    expect([launches(step), launches(predict)]).toEqual([15, 2]);
    layer.dispose();
    tf.dispose([x, dy]);
  });
});

/** How many programs a call has the current backend run. */
function launches(call: () => void): number {
  const backend = tf.engine().backend as unknown as Record<string, unknown>;
  const name = "runWebGLProgram" in backend ? "runWebGLProgram" : "runWebGPUProgram";
  const spy = vi.spyOn(backend as Record<string, () => void>, name);
  call();
  const count = spy.mock.calls.length;
  spy.mockRestore();
  return count;
}
