// Every page that a README shows, opened as a reader would. What it asks jsDelivr for comes from this repository: our
// packages built of their sources, hosts from node_modules.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chromium as launchOptions } from "../../../tools/chromium.ts";
import { packageFile } from "../../../tools/rehearse/pages.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const manifestOf = (name: string) => JSON.parse(read(`packages/${name}/package.json`));
const packages = readdirSync(join(root, "packages")).filter((name) => !manifestOf(name).private);
const cdn = "https://cdn.jsdelivr.net/npm";

/** The HTML of a README, and what the text block after each says that its console prints. */
const cases = packages.flatMap((name) =>
  Array.from(
    read(`packages/${name}/README.md`).matchAll(
      /```html\n(.*?)```\n+prints in its console\n+```text\n(.*?)```/gs,
    ),
    ([, html = "", printed = ""]) => ({ name, html, printed }),
  ),
);

const folder = mkdtempSync(join(tmpdir(), "readme-pages-"));
let browser: Browser;
beforeAll(async () => {
  const html = cases.map((one) => one.html).join();
  for (const name of packages) if (html.includes(`${cdn}/@batchnorm/${name}`)) build(name);
  browser = await chromium.launch(launchOptions);
}, 120_000);
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

/** The package as it would be installed, but for types. */
function build(name: string): void {
  const cwd = join(root, "packages", name);
  const at = join(folder, "node_modules/@batchnorm", name);
  mkdirSync(at, { recursive: true });
  copyFileSync(join(cwd, "package.json"), join(at, "package.json"));
  const [, ...command] = manifestOf(name).scripts.build.split(" ");
  execFileSync(process.execPath, [...command, "--to", join(at, "dist")], { cwd });
}

/** Opens a page, and gives the lines that it prints as they come. */
async function open(page: Page, html: string): Promise<string[]> {
  const lines: string[] = [];
  page.on("console", (message) => lines.push(...message.text().split("\n")));
  page.on("pageerror", (error) => lines.push(error.stack ?? error.message));
  await page.route("**/*", (route) => {
    const url = route.request().url();
    if (url === "http://localhost/") return route.fulfill({ body: html, contentType: "text/html" });
    const path = fileOf(url);
    if (path === undefined) return route.abort();
    return route.fulfill({ path, headers: { "access-control-allow-origin": "*" } });
  });
  await page.goto("http://localhost/");
  return lines;
}

/** What jsDelivr has at an address; of hosts, only in the version that is tested here. */
function fileOf(url: string): string | undefined {
  const match = url.match(
    /^https:\/\/cdn\.jsdelivr\.net\/npm(\/(?:@[^/]+\/)?[^/@]+)(?:@([^/]+))?(.*)$/,
  );
  if (!match) return undefined;
  const [, name = "", version, file = ""] = match;
  const isOurs = name.startsWith("/@batchnorm/");
  if (!isOurs && JSON.parse(read(`node_modules${name}/package.json`)).version !== version) return;
  return packageFile(isOurs ? folder : root, name + file);
}

test.each(packages)("no HTML in the README of %s stands there without what it prints", (name) => {
  const all = read(`packages/${name}/README.md`).split("```html\n").length - 1;
  expect(cases.filter((one) => one.name === name)).toHaveLength(all);
});

test.each(packages)("the README of %s has a page, if it has a file for script tags", (name) => {
  if (!manifestOf(name).jsdelivr) return;
  const tag = `<script src="${cdn}/@batchnorm/${name}"></script>`;
  expect(cases.filter((one) => one.name === name && one.html.includes(tag))).not.toEqual([]);
});

test.each(cases)("the page of $name prints what its README says", async ({ html, printed }) => {
  const page = await browser.newPage();
  try {
    const lines = await open(page, html);
    await expect.poll(() => lines, { timeout: 30_000 }).toEqual(printed.trim().split("\n"));
  } finally {
    await page.close();
  }
});
