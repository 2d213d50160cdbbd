// Compiles assembly/NAME.ts, which is AssemblyScript, and wraps the module as a TypeScript file.
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/** The modules that ship, each an entry file of assembly/. */
export const modules = ["passes", "products"] as const;

export type ModuleName = (typeof modules)[number];

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * No checks, no runtime, no memory of its own: a module works in the memory that it is given, and must
 * not write a byte there before it is called.
 */
const flags = [
  "-O3",
  "--noAssert",
  "--runtime",
  "stub",
  "--importMemory",
  "--enable",
  "simd,bulk-memory",
];

/** @throws when the source does not compile, with the compiler's words. */
export async function compile(name: ModuleName): Promise<Uint8Array> {
  let bytes: Uint8Array | undefined;
  const output = asc.createMemoryStream();
  const { error } = await asc.main(
    [`assembly/${name}.ts`, "--baseDir", root, "--outFile", "module.wasm", ...flags],
    {
      stdout: output,
      stderr: output,
      writeFile: (_file, contents) => {
        if (typeof contents !== "string") bytes = contents;
      },
    },
  );
  if (error || !bytes) throw new Error(`assembly/${name}.ts: ${output}`, { cause: error });
  return bytes;
}

/** The file src/generated/NAME.ts. */
export const wrap = (name: ModuleName, bytes: Uint8Array): string =>
  `// Made of assembly/${name}.ts by \`npm run assemble\`: ${bytes.length} bytes of WebAssembly.
export const ${name}: string =
  "${Buffer.from(bytes).toString("base64")}";
`;
