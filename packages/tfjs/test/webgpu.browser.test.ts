import { webgpu } from "#kernels/webgpu";
import { gpuKernelTests } from "./gpu-kernels.ts";

gpuKernelTests("webgpu", webgpu.suits);
