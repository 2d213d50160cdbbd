import { passes } from "@batchnorm/kernels";
import { type DataId, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { type Host, openEach } from "./host.ts";
import { hostKernels } from "./host-kernels.ts";
import type { BackendKernels } from "./kernel.ts";

/** TensorFlow.js's cpu backend, as far as it is used. */
interface CpuBackend {
  readonly data: { get(id: DataId): { readonly values: ArrayLike<number> } };
  makeTensorInfo(shape: readonly number[], dtype: "float32", values: Float32Array): TensorInfo;
  disposeData(id: DataId): unknown;
}

/**
 * The values are copied to WebAssembly memory and back, which takes less time than computing in
 * TypeScript does.
 */
function hostOf(backend: CpuBackend): Host {
  return {
    passes,
    make: (shape) =>
      backend.makeTensorInfo(
        [...shape],
        "float32",
        new Float32Array(util.sizeFromShape([...shape])),
      ),
    dispose: ({ dataId }) => void backend.disposeData(dataId),
    open: (tensors) =>
      openEach(tensors, ({ dataId }) => {
        const { values } = backend.data.get(dataId);
        // A cast from integers to float32 leaves them as they are in this backend.
        return values instanceof Float32Array ? values : Float32Array.from(values);
      }),
  };
}

export const cpu: BackendKernels = {
  functions: hostKernels((backend) => hostOf(backend as CpuBackend)),
  suits(backend) {
    const { data, makeTensorInfo, disposeData } = backend as Partial<CpuBackend>;
    return [data?.get, makeTensorInfo, disposeData].every((each) => typeof each === "function");
  },
};
