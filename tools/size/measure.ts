import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import type { PublicPackage } from "../public-packages.ts";
import type { Budget } from "./budgets.ts";

const program = "\0program";

/** Bundles a program that imports what a budget says, as an application would, and weighs it. @returns bytes. */
export async function measure(
  { name, folder, manifest }: PublicPackage,
  { entries, names, ignore, whole = false }: Budget,
): Promise<number> {
  const external = [...ignore, ...Object.keys(manifest.peerDependencies ?? {})];
  const bundle = await rolldown({
    input: program,
    external: (id) => external.some((one) => id === one || id.startsWith(`${one}/`)),
    plugins: [
      {
        name: "program",
        resolveId(id, importer) {
          if (id === program) return id;
          // From the package's folder, where its own dependencies are found.
          return importer === program ? this.resolve(id, join(folder, "program.js")) : null;
        },
        load: (id) => (id === program ? programOf(name, entries, names) : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: "es", minify: true });
  const chunks = output.flatMap((file) => (file.type === "chunk" ? [file] : []));
  const first = loadedAtFirst(chunks);
  const counted = whole ? chunks : chunks.filter(({ fileName }) => first.has(fileName));
  return counted.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);
}

function programOf(name: string, entries: readonly string[], names?: readonly string[]): string {
  const all = names ? `{ ${names.join(", ")} }` : "*";
  return entries
    .map((entry, i) => `export ${names ? all : `* as entry${i}`} from "${join(name, entry)}";`)
    .join("\n");
}

/** The files that a program waits for: its own, and what that imports, but not `import()`. */
function loadedAtFirst(
  chunks: readonly { fileName: string; isEntry: boolean; imports: readonly string[] }[],
): Set<string> {
  const loaded = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName));
  for (const name of loaded) {
    const chunk = chunks.find(({ fileName }) => fileName === name);
    for (const imported of chunk?.imports ?? []) loaded.add(imported);
  }
  return loaded;
}
