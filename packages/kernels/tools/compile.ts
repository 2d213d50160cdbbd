// Compiles a package's assembly/NAME.ts, which is AssemblyScript, and wraps the module as a TypeScript
// file.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/** The modules of this package that ship, each an entry file of assembly/. */
export const modules = ["passes", "products"] as const;

/** Sources of one package may import those of another. */
const root = fileURLToPath(new URL("../..", import.meta.url));

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

/**
 * @param folder - The package's, in packages/.
 * @throws when the source does not compile, with the compiler's words.
 */
export async function compile(folder: string, name: string): Promise<Uint8Array> {
  let bytes: Uint8Array | undefined;
  const output = asc.createMemoryStream();
  const { error } = await asc.main(
    [`${folder}/assembly/${name}.ts`, "--baseDir", root, "--outFile", "module.wasm", ...flags],
    {
      stdout: output,
      stderr: output,
      writeFile: (_file, contents) => {
        if (typeof contents !== "string") bytes = contents;
      },
    },
  );
  if (error || !bytes)
    throw new Error(`${folder}/assembly/${name}.ts: ${output}`, { cause: error });
  return bytes;
}

/** The file src/generated/NAME.ts. */
export const wrap = (name: string, bytes: Uint8Array): string =>
  `// Made of assembly/${name}.ts by \`npm run assemble\`: ${bytes.length} bytes of WebAssembly.
export const ${name}: string =
  "${Buffer.from(bytes).toString("base64")}";
`;

/** Writes a package's src/generated/NAME.ts. */
export async function assemble(folder: string, name: string): Promise<void> {
  const bytes = await compile(folder, name);
  const generated = `${root}/${folder}/src/generated`;
  mkdirSync(generated, { recursive: true });
  writeFileSync(`${generated}/${name}.ts`, wrap(name, bytes));
  console.log(`${name}: ${bytes.length} bytes`);
}
