import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

/** Colours of a bright and of a dark page, by the reader's own setting. */
const bright =
  "--ink: #1f2328; --ground: #ffffff; --with: #0969da; --without: #bc4c00; --third: #1a7f37; --faint: #d1d9e0";
const dark =
  "--ink: #e6edf3; --ground: #0d1117; --with: #4493f8; --without: #f0883e; --third: #3fb950; --faint: #3d444d";

export const colours = (selector: string): string => `
  ${selector} { ${bright} }
  @media (prefers-color-scheme: dark) { ${selector} { ${dark} } }
`;

export const colourOf = (batchNorm: boolean): string =>
  batchNorm ? "var(--with)" : "var(--without)";

/** A plot as SVG, in colours that the page decides. */
export function svgOf(options: Plot.PlotOptions): string {
  const { document } = parseHTML("<html></html>");
  const svg = Plot.plot({
    document: document as unknown as Document,
    style: { fontFamily: "system-ui, sans-serif", fontSize: "12px", overflow: "visible" },
    ...options,
  });
  return svg.outerHTML.replace(/^<svg(?![^>]*xmlns=)/, '<svg xmlns="http://www.w3.org/2000/svg"');
}

/** The same as a file of its own, which brings its colours and its ground. */
export const svgFile = (svg: string): string =>
  `${svg.replace(
    /(<svg[^>]*>)/,
    `$1<style>${colours("svg")}  svg { color: var(--ink); background: var(--ground) }\n</style>`,
  )}\n`;

type Entries = readonly (readonly [text: string, colour: string])[];

/** Which line is which, in its colour, one below the other in a corner where nothing else is drawn. */
export const legend = (entries: Entries): Plot.Markish[] =>
  entries.map(([text, fill], i) =>
    Plot.text([text], {
      ...{ frameAnchor: "top-right", fill, fontWeight: "bold", dx: -6, dy: 4 + 16 * i },
    }),
  );

/** What is drawn, and which line is which, above everything. @param facet - Where it begins. */
export function heading(what: string, dy: number, facet: object = {}): Plot.Markish[] {
  const entries = [
    [what, "currentColor", -40],
    ["— with Batch Norm.", colourOf(true), 62],
    ["— without", colourOf(false), 206],
  ] as const;
  return entries.map(([text, fill, dx]) =>
    Plot.text([text], {
      ...{ ...facet, frameAnchor: "top-left", fill, dx, dy },
      fontWeight: dx < 0 ? "normal" : "bold",
    }),
  );
}
