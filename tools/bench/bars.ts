import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { quotient } from "./goals.ts";
import type { Row } from "./row.ts";
import type { Suite } from "./suite.ts";

/** Colours of a bright and of a dark page, by the reader's own setting. The chart brings its ground. */
const style = `
  svg { --ink: #1f2328; --ground: #ffffff; --ours: #0969da; --copy: #80b4f0; --other: #b6bec8; --limit: #cf222e }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #e6edf3; --ground: #0d1117; --ours: #4493f8; --copy: #1f5aa8; --other: #555e69; --limit: #ff7b72 }
  }
  svg { color: var(--ink); background: var(--ground) }
`;

/** A line for each part of a label: `A`, its sizes, its order; a net, its batch. */
const lines = (label: string): string => label.replaceAll(label.includes(", ") ? ", " : " ", "\n");

const colour = ({ subject }: Row): string =>
  subject === "ours" ? "var(--ours)" : subject === "ours-copy" ? "var(--copy)" : "var(--other)";

/**
 * Draws every subject's time as a multiple of the limit, a bar each, on a logarithmic scale: a facet a
 * shape and op. A bar that reaches left of 1 is faster than WASM moves the bytes.
 */
export function bars(suite: Suite, rows: readonly Row[]): string {
  const bounded = rows.filter((row) => row.ratioToLimit !== null && row.subject !== "limit");
  // A shape that nobody else was timed on compares nothing.
  const limited = bounded.filter(({ shape }) =>
    bounded.some((row) => row.shape === shape && row.subject !== "ours"),
  );
  const among = (key: "shape" | "op" | "subject", order: readonly string[]): string[] =>
    order.filter((name) => limited.some((row) => row[key] === name));
  const shapes = among("shape", suite.shapes);
  const subjects = among("subject", suite.subjects);
  const ratio = (row: Row): number => row.ratioToLimit ?? Number.NaN;
  const largest = Math.max(...limited.map(ratio));
  const facets = { fx: "op", fy: "shape", y: "subject" } as const;
  const figure = {
    ...facets,
    x: (row: Row) => Math.max(1, ratio(row)),
    text: (row: Row) => quotient(ratio(row)),
    textAnchor: "start",
    dx: 3,
  } as const;
  const { document } = parseHTML("<html></html>");
  const svg = Plot.plot({
    document: document as unknown as Document,
    width: 1000,
    height: 60 + shapes.length * (subjects.length * 14 + 16),
    marginLeft: 90,
    marginRight: 120,
    marginTop: 34,
    marginBottom: 40,
    style: { fontFamily: "system-ui, sans-serif", fontSize: "11px" },
    fx: { domain: among("op", suite.ops), label: null, axis: "top", padding: 0.12 },
    fy: {
      domain: shapes,
      label: null,
      axis: "right",
      padding: 0.1,
      tickFormat: (shape: string) => lines(suite.describe(shape)),
    },
    x: {
      type: "log",
      domain: [Math.min(1, ...limited.map(ratio)), largest * 3],
      label: "time ÷ limit",
      labelAnchor: "center",
      tickFormat: (value: number) => (Number.isInteger(Math.log10(value)) ? `${value}` : ""),
    },
    y: { domain: subjects, label: null, padding: 0.15, tickSize: 0 },
    marks: [
      Plot.barX(limited, { ...facets, x1: 1, x2: ratio, fill: colour }),
      Plot.text(
        limited.filter((row) => row.subject !== "ours"),
        figure,
      ),
      Plot.text(
        limited.filter((row) => row.subject === "ours"),
        { ...figure, fontWeight: "bold", fill: "var(--ours)" },
      ),
      Plot.ruleX([1], { stroke: "var(--limit)" }),
    ],
  });
  const text = svg.outerHTML.replace(
    /^<svg(?![^>]*xmlns=)/,
    '<svg xmlns="http://www.w3.org/2000/svg"',
  );
  return `${text.replace(/(<svg[^>]*>)/, `$1<style>${style}</style>`)}\n`;
}
