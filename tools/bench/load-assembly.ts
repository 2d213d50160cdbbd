import { join, relative } from "node:path";
import asc from "assemblyscript/asc";

/**
 * The exports of `assembly/<name>.ts` on a memory, compiled with the flags of the kernels, so that its limits
 * are theirs.
 */
export async function loadAssembly<T>(name: string, memory: WebAssembly.Memory): Promise<T> {
  const file = relative(process.cwd(), join(import.meta.dirname, `assembly/${name}.ts`));
  const module = await compile(file);
  return new WebAssembly.Instance(module, { env: { memory } }).exports as T;
}

async function compile(file: string): Promise<WebAssembly.Module> {
  const flags = ["-O3", "--noAssert", "--runtime", "stub", "--importMemory"];
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [file, ...flags, "--enable", "simd,bulk-memory", "--outFile", "out.wasm"],
    {
      writeFile: (_name, contents) => {
        if (typeof contents !== "string") binary = contents;
      },
    },
  );
  if (error || !binary) throw new Error(`${file} does not compile: ${error}\n${stderr}`);
  return new WebAssembly.Module(new Uint8Array(binary));
}
