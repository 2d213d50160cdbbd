import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium as launchOptions } from "../../../tools/chromium.ts";
import { pageOf } from "../src/report/page.ts";
import { findings } from "./findings.ts";

const folder = mkdtempSync(join(tmpdir(), "report-"));
const file = join(folder, "index.html");
let browser: Browser;
beforeAll(async () => {
  writeFileSync(file, pageOf(findings));
  browser = await chromium.launch(launchOptions);
});
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

/** What each picture is made of, by Plot's names. */
const pictures = {
  accuracy: { line: 6 },
  inputs: { area: 2, line: 6 },
  rates: { dot: 10, line: 2 },
  starts: { line: 6 },
  seconds: { bar: 6 },
  journey: { rect: 4, arrow: 3 },
};
const shapes = "path, rect, circle";
const grounds = { light: "rgb(255, 255, 255)", dark: "rgb(13, 17, 23)" };

const cases = (["light", "dark"] as const).flatMap((colorScheme) =>
  [
    { device: "desktop", width: 1280 },
    { device: "phone", width: 360 },
  ].map((one) => ({ ...one, colorScheme })),
);

describe.each(cases)("on a $device, $colorScheme,", ({ width, colorScheme }) => {
  let page: Page;
  const said: string[] = [];
  const asked: string[] = [];
  beforeAll(async () => {
    page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(error.message));
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(pathToFileURL(file).href);
  });
  afterAll(() => page.close());

  test.each(Object.entries(pictures))(
    "the picture %s is drawn within the page",
    async (id, marks) => {
      const drawn = page.locator(`#${id} svg:visible`);
      expect(await drawn.count()).toBe(id === "starts" ? 2 : 1);
      const box = await drawn.first().boundingBox();
      expect(box?.width).toBeGreaterThan(300);
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(width);
      for (const [name, count] of Object.entries(marks)) {
        const found = drawn.locator(`g[aria-label="${name}"]`).locator(shapes);
        expect(await found.count()).toBe(count);
      }
      expect(await drawn.first().evaluate((svg) => svg.outerHTML)).not.toContain("NaN");
      expect(await page.locator(`#${id} figcaption code`).textContent()).toMatch(/^npm start -- /);
    },
  );

  test("letters are not small, nothing overflows, and the colours are the reader's", async () => {
    const sizes = await page.locator("svg:visible text").evaluateAll((all) =>
      all.map((text) => {
        const svg = (text as SVGTextElement).ownerSVGElement as SVGSVGElement;
        const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
        return scale * Number.parseFloat(getComputedStyle(text).fontSize);
      }),
    );
    expect(Math.min(...sizes)).toBeGreaterThan(11);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    const ground = await page.evaluate(
      () => getComputedStyle(document.documentElement).backgroundColor,
    );
    expect(ground).toBe(grounds[colorScheme]);
  });

  test("the console is clean, and nothing is fetched", () => {
    expect(said).toEqual([]);
    expect(asked.filter((url) => !url.startsWith("data:"))).toEqual([pathToFileURL(file).href]);
  });
});
