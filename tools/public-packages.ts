// The packages that are published, found by what their package.json says.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What a program imports of a package: `.` or a subpath. */
export interface Entry {
  /** As a program imports it: `@batchnorm/core/checks`. */
  readonly specifier: string;
  /** For files about it: `core`, `core-checks`. */
  readonly id: string;
  /** Absolute paths: of the source, of the built module and of its types. */
  readonly source: string;
  readonly module: string;
  readonly types: string;
}

export interface PublicPackage {
  readonly name: string;
  readonly folder: string;
  readonly manifest: Manifest;
  readonly entries: readonly Entry[];
}

/** What the tools read of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports: Record<string, string | Conditions>;
  readonly scripts?: Record<string, string>;
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

interface Conditions {
  readonly "@batchnorm/source": string;
  readonly types: string;
  readonly default: string;
}

export const root: string = join(import.meta.dirname, "..");

/** Every package under packages/ that is not private, in the order of their names. */
export function publicPackages(): PublicPackage[] {
  const folders = readdirSync(join(root, "packages")).map((name) => join(root, "packages", name));
  return folders.flatMap((folder) => {
    const manifest: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return manifest.private
      ? []
      : [{ name: manifest.name, folder, manifest, entries: entriesOf(folder, manifest) }];
  });
}

function entriesOf(folder: string, { name, exports }: Manifest): Entry[] {
  return Object.entries(exports).flatMap(([subpath, to]) => {
    if (typeof to === "string") return [];
    const specifier = join(name, subpath);
    return {
      specifier,
      id: specifier.replace("@batchnorm/", "").replaceAll("/", "-"),
      source: join(folder, to["@batchnorm/source"]),
      module: join(folder, to.default),
      types: join(folder, to.types),
    };
  });
}
