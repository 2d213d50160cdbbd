import * as Plot from "@observablehq/plot";
import type { Findings } from "../job.ts";
import { commandOf } from "../job-options.ts";
import { titleOf } from "../table.ts";
import { isNarrow, type MakePicture } from "./picture.ts";
import { colourOf, heading, svgOf } from "./plot.ts";

/** (a) Test accuracy against samples seen. */
export const accuracy: MakePicture = (findings) => ({
  id: "accuracy",
  title: "Learning begins at once",
  says: "Test accuracy against training samples seen, on a logarithmic scale: with Batch Normalization the same network, from the same first weights, knows the digits before it has begun to learn without.",
  command: commandOf(findings.options),
  draw: (width) => drawAccuracy(findings, width),
});

export function drawAccuracy({ runs }: Findings, width: number): string {
  const points = runs.flatMap(({ host, batchNorm, points }) =>
    points
      .filter(({ seen }) => seen > 0)
      .map(({ seen, accuracy }) => ({ host: titleOf(host), batchNorm, seen, accuracy })),
  );
  const hosts = [...new Set(points.map(({ host }) => host))];
  const narrow = isNarrow(width);
  const side = narrow ? "fy" : "fx";
  const scale = { domain: hosts, label: null, padding: narrow ? 0.2 : 0.1 };
  return svgOf({
    width,
    height: narrow ? 90 + 190 * hosts.length : 320,
    ...{ marginLeft: 46, marginBottom: 40, marginTop: 56, marginRight: 14 },
    [side]: { ...scale, axis: null },
    x: { type: "log", label: "training samples seen", tickFormat: "~s", ticks: narrow ? 4 : 3 },
    y: { domain: [0, 1], label: null, tickFormat: "%", grid: true, ticks: 5 },
    marks: [
      Plot.ruleY([0.95], { stroke: "var(--third)", strokeDasharray: "3 3" }),
      Plot.line(points, {
        ...{ [side]: "host", x: "seen", y: "accuracy", z: "batchNorm", strokeWidth: 2.5 },
        stroke: ({ batchNorm }: { batchNorm: boolean }) => colourOf(batchNorm),
      }),
      Plot.text(hosts, {
        [side]: (host: string) => host,
        ...{ text: (host: string) => host, frameAnchor: "top", dy: -18, fontWeight: "bold" },
        fontSize: 13,
      }),
      ...heading("Test accuracy", -46, { [side]: () => hosts[0] }),
    ],
  });
}
