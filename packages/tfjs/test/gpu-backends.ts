import "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgpu";
import { engine, env, ready, setBackend } from "@tensorflow/tfjs-core";

/** The backends that run on a graphics card, or in a browser on a program in its place. */
export const gpuBackends = ["webgl", "webgpu"] as const;

export type GpuBackend = (typeof gpuBackends)[number];

/**
 * Makes a backend the current one.
 *
 * @throws {Error} when the browser lacks it: a test that needs it must not pass by not running.
 */
export async function useGpuBackend(name: GpuBackend): Promise<void> {
  const found = await setBackend(name).catch(() => false);
  if (!found) throw new Error(`this browser has no ${name}: see its flags in vitest.config.ts`);
  await ready();
  // What is small and was not used yet, the backends else reckon with on the processor, whose roots
  // and quotients may differ in the last digit: a layer that was loaded would not go on exactly.
  env().set(`${name.toUpperCase()}_CPU_FORWARD`, false);
}

/** How many data buckets the current backend holds, those among them that no tensor points to. */
export const heldData = (): number => engine().backend.numDataIds();

/** The programs of ours that the current backend has compiled. */
export function compiledPrograms(): string[] {
  const { binaryCache, pipelineCache } = engine().backend as {
    binaryCache?: object;
    pipelineCache?: object;
  };
  const all = Object.keys(binaryCache ?? pipelineCache ?? {});
  return all.filter((key) => key.includes("BatchNorm"));
}
