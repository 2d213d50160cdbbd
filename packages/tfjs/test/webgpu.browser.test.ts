import { isSupported, kernels } from "../src/kernels/webgpu/index.ts";
import { gpuKernelTests } from "./gpu-kernels.ts";

gpuKernelTests("webgpu", { kernels, isSupported });
