// A layer of tfjs-layers on a backend that needs a browser: `tfjs-page.ts ours|stock webgl|webgpu`.
// It stays in this process: a page of its own in headless Chromium, on a graphics card in software.
import { join } from "node:path";
import { chromium } from "playwright";
import { createServer, defaultClientConditions } from "vite";
import { chromium as launchOptions } from "../../chromium.ts";
import type { Answer, Request } from "../protocol.ts";
import { answerLines, greet } from "../worker.ts";

const [subject, backend] = process.argv.slice(2) as [string, string];
const root = join(import.meta.dirname, "../page");

const server = await createServer({
  root,
  configFile: false,
  logLevel: "error",
  cacheDir: join(import.meta.dirname, `../node_modules/.vite-${subject}-${backend}`),
  resolve: { conditions: ["@batchnorm/source", ...defaultClientConditions] },
  server: { host: "127.0.0.1", port: 0, hmr: false, fs: { strict: false } },
});
await server.listen();
const [url] = server.resolvedUrls?.local ?? [];

const browser = await chromium.launch(launchOptions);
try {
  const page = await browser.newPage();
  await page.goto(`${url}?subject=${subject}&backend=${backend}`);
  await page.waitForFunction("window.bench");
  const about = await page.evaluate(() => window.bench.about);
  if (about.absent) {
    greet({ absent: about.absent });
  } else {
    greet({ ready: `${about.ready}, Chromium ${browser.version()}` });
    await answerLines(
      (request: Request): Promise<Answer> =>
        page.evaluate((request) => window.bench.answer(request), request),
    );
  }
} finally {
  await browser.close();
  await server.close();
}
