import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { webgl } from "#kernels/webgl";
import { useGpuBackend } from "./gpu-backends.ts";
import { gpuKernelTests } from "./gpu-kernels.ts";

gpuKernelTests("webgl", webgl.suits);

test.each([
  ["WEBGL_RENDER_FLOAT32_ENABLED", false],
  ["WEBGL_VERSION", 1],
])("where %s is %s, the kernels are not for it", async (flag, value) => {
  await useGpuBackend("webgl");
  const before = tf.env().get(flag)!;
  tf.env().set(flag, value);
  expect(webgl.suits(tf.engine().backend)).toBe(false);
  tf.env().set(flag, before);
  expect(webgl.suits(tf.engine().backend)).toBe(true);
});
