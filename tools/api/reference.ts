import { join } from "node:path";
import { Application, type TypeDocOptions } from "typedoc";
import { load, type PluginOptions } from "typedoc-plugin-markdown";
import type { Entry } from "../public-packages.ts";

const markdown: Partial<PluginOptions> = {
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  expandObjects: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  propertyMembersFormat: "table",
  typeDeclarationFormat: "table",
};

/** Writes the docstrings of all entries as Markdown, one page an entry, to a folder. */
export async function writeReference(entries: readonly Entry[], folder: string): Promise<void> {
  const options: Partial<TypeDocOptions & PluginOptions> = {
    name: "Reference",
    out: folder,
    entryPoints: entries.map(({ source }) => source),
    sortEntryPoints: false,
    tsconfig: join(import.meta.dirname, "tsconfig.json"),
    plugin: [load],
    router: "module",
    readme: "none",
    disableSources: true,
    disableGit: true,
    excludeExternals: true,
    excludeInternal: true,
    excludePrivate: true,
    logLevel: "Warn",
    ...markdown,
  };
  const application = await Application.bootstrapWithPlugins(options);
  const project = await application.convert();
  const { logger } = application;
  if (!project || logger.hasErrors() || logger.hasWarnings()) {
    throw new Error("the reference cannot be made of docstrings that are wrong: see above");
  }
  project.children?.forEach((module, i) => {
    module.name = (entries[i] as Entry).id;
  });
  await application.generateOutputs(project);
}
