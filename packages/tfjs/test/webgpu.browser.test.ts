import { isSupported, kernels } from "#kernels/webgpu";
import { gpuKernelTests } from "./gpu-kernels.ts";

gpuKernelTests("webgpu", { kernels, isSupported });
