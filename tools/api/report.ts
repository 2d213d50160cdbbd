import { join } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";
import type { Entry } from "../public-packages.ts";

/** Writes what an entry makes public, signatures without prose, to `api/ID.api.md` in a folder. */
export function writeReport(
  { id, specifier, types }: Entry,
  packageFolder: string,
  folder: string,
): void {
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: packageFolder,
      mainEntryPointFilePath: types,
      newlineKind: "lf",
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "es2022",
            lib: ["es2022", "dom"],
            module: "nodenext",
            types: [],
            strict: true,
            skipLibCheck: true,
          },
          files: [types],
        },
      },
      apiReport: {
        enabled: true,
        includeForgottenExports: true,
        reportFileName: `${id}.api.md`,
        reportFolder: join(folder, "api"),
        reportTempFolder: join(folder, "temp"),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.Warning, addToApiReportFile: true },
          // All that an index exports is public; tags would say it again on every line.
          "ae-missing-release-tag": { logLevel: ExtractorLogLevel.None },
          // These go with line numbers, which change with every comment.
          "ae-undocumented": { logLevel: ExtractorLogLevel.None },
          // Their signatures are in the report all the same.
          "ae-forgotten-export": { logLevel: ExtractorLogLevel.None },
        },
        // Formulas in docstrings are full of braces.
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(packageFolder, "package.json"),
  });
  const problems: string[] = [];
  const { succeeded } = Extractor.invoke(config, {
    localBuild: true,
    messageCallback(message) {
      message.handled = true;
      if (message.logLevel === ExtractorLogLevel.Error) problems.push(message.text);
    },
  });
  if (!succeeded || problems.length > 0) {
    throw new Error(`no report of ${specifier}: ${problems.join("; ")}`);
  }
}
