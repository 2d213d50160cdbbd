// `node --conditions=@batchnorm/source tools/bench/browser/measure.ts webgl` prints the rows as JSON.
import { join } from "node:path";
import { chromium as browsers } from "playwright";
import { build } from "vite";
import { chromium } from "../../chromium.ts";
import { summary } from "../statistics.ts";
import type { Request, Times } from "./page.ts";

/** One subject's training step, forward and gradient, in Chromium. */
export interface BrowserRow {
  readonly shape: string;
  readonly subject: "ours" | "stock";
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly repeats: number;
}

const shape = [16, 28, 28, 32];
const rounds = 7;

/** A name for the page; nothing listens there, and browsers trust it like https, as WebGPU needs. */
const address = "http://localhost/";

/**
 * Times training steps of stock's layer and ours in turn, on a software GPU.
 *
 * @throws {Error} when Chromium does not start or lacks the backend.
 */
export async function measureInBrowser(backend: "webgl" | "webgpu"): Promise<BrowserRow[]> {
  const script = await bundle();
  const browser = await browsers.launch(chromium);
  try {
    const page = await browser.newPage();
    await page.route("**/*", (route) =>
      route.request().url() === address
        ? route.fulfill({ contentType: "text/html", body: "<!doctype html>" })
        : route.abort(),
    );
    await page.goto(address);
    await page.addScriptTag({ content: script, type: "module" });
    await page.waitForFunction("'measure' in globalThis");
    const request: Request = { backend, shape, rounds };
    const times = await page.evaluate<Times>(`measure(${JSON.stringify(request)})`);
    return (["ours", "stock"] as const).map((subject) => ({
      ...{ shape: shape.join("×"), subject },
      ...summary(times[subject]),
    }));
  } finally {
    await browser.close();
  }
}

/** The page's script with all that it imports. */
async function bundle(): Promise<string> {
  const result = await build({
    root: import.meta.dirname,
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["@batchnorm/source", "browser", "module", "import"] },
    build: {
      write: false,
      minify: false,
      lib: { entry: join(import.meta.dirname, "page.ts"), formats: ["es"] },
    },
  });
  const [output] = [result].flat();
  if (!output || !("output" in output)) throw new Error("vite built no script");
  return output.output[0].code;
}

if (import.meta.main) {
  const backend = process.argv[2];
  if (backend !== "webgl" && backend !== "webgpu") throw new Error("give webgl or webgpu");
  console.log(JSON.stringify(await measureInBrowser(backend), null, 2));
}
