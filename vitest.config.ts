import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defaultClientConditions, defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import { chromium } from "./tools/chromium.ts";

// Tests import packages by name and read their sources, so no build is needed first.
const source = "@batchnorm/source";
const packages = readdirSync(fileURLToPath(new URL("packages", import.meta.url)));

const node = (name: string) => ({
  resolve: { conditions: [source, ...defaultServerConditions] },
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
  test: {
    name,
    root: `packages/${name}`,
    include: ["test/**/*.test.ts"],
    exclude: ["test/**/*.browser.test.ts"],
    testTimeout: 60_000,
  },
});

const browser = (name: string) => ({
  resolve: { conditions: [source, ...defaultClientConditions] },
  // Isolation, without which a page has no memory that threads share.
  server: {
    headers: {
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    },
  },
  test: {
    name: `${name}:browser`,
    root: `packages/${name}`,
    include: ["test/**/*.test.ts"],
    exclude: ["test/**/*.node.test.ts"],
    testTimeout: 60_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: chromium }),
      instances: [{ browser: "chromium" as const }],
    },
  },
});

/** Pages that a test in Node opens in a browser itself. */
const pages = (name: string) => {
  const { test, ...rest } = node(name);
  const include = ["test/**/*.browser.test.ts"];
  return { ...rest, test: { ...test, name: `${name}:browser`, include, exclude: [] } };
};

/** The smoke test installs packed tarballs in a fresh folder: slow, and so apart from `npm test`. */
const smoke = {
  test: { name: "smoke", root: "tools", include: ["smoke/*.test.ts"], testTimeout: 300_000 },
};

/** What the benchmark and the rehearsal work out; no test times anything. */
const tools = {
  resolve: { conditions: [source, ...defaultServerConditions] },
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
  test: {
    name: "tools",
    root: "tools",
    include: ["*/*.test.ts"],
    exclude: ["smoke/**"],
    testTimeout: 60_000,
  },
};

const tested = packages.filter((name) =>
  existsSync(new URL(`packages/${name}/test`, import.meta.url)),
);

export default defineConfig({
  test: {
    coverage: {
      include: ["src/**"],
      reporter: ["text"],
      thresholds: { "packages/core/src/**": { 100: true } },
    },
    projects: [
      ...tested.map(node),
      ...tested.map((name) => (name === "examples" ? pages : browser)(name)),
      tools,
      smoke,
    ],
  },
});
