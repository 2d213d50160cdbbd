import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname } from "node:path";
import { type Browser as Chromium, chromium, type Page } from "playwright";
import { success } from "./check.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};
const flags = ["--disable-quic", "--no-first-run", "--disable-background-networking"];
const patience = 120_000;

/** Chromium without a window, which is started with the first page. */
export class Browser {
  #chromium: Promise<Chromium> | undefined;

  /**
   * Opens a page, and waits until its console says that it has learned.
   *
   * @param find - The file for a path that the page asks for.
   * @throws with what the page said instead.
   */
  async open(html: string, find: (path: string) => string | undefined): Promise<void> {
    this.#chromium ??= chromium.launch({
      executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
      args: ["--no-sandbox", ...flags],
      // Its crash reporter would settle in the home folder.
      env: { ...process.env, XDG_CONFIG_HOME: tmpdir() },
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    const context = await (await this.#chromium).newContext();
    const server = serve(html, find);
    try {
      const { port } = await server.listening;
      const page = await context.newPage();
      const learned = untilLearned(page);
      await Promise.all([learned, page.goto(`http://127.0.0.1:${port}/`)]);
    } finally {
      await context.close();
      server.close();
    }
  }

  async close(): Promise<void> {
    await (await this.#chromium?.catch(() => undefined))?.close();
  }
}

function untilLearned(page: Page): Promise<void> {
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    const fail = (why: string): void => reject(new Error([why, ...said].join("\n")));
    const timer = setTimeout(
      () => fail(`the page did not learn in ${patience / 1000} s`),
      patience,
    );
    page.on("console", (message) => {
      said.push(message.text());
      if (message.text() === success) resolve();
    });
    page.on("pageerror", (error) => fail(`the page failed: ${error.stack ?? error.message}`));
    page.on("close", () => clearTimeout(timer));
  });
}

function serve(html: string, find: (path: string) => string | undefined) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://page").pathname);
    const file = path === "/" ? html : find(path);
    if (file === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": types[extname(file)] ?? "text/plain" });
    response.end(readFileSync(file));
  });
  const listening = new Promise<{ port: number }>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (typeof address === "object" && address) resolve(address);
    });
  });
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { listening, close };
}
