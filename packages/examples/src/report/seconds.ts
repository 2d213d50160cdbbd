import * as Plot from "@observablehq/plot";
import type { HostRun } from "../experiment.ts";
import { commandOf } from "../job-options.ts";
import { goal } from "../run.ts";
import { titleOf } from "../table.ts";
import { isNarrow, type MakePicture } from "./picture.ts";
import { colourOf, svgOf } from "./plot.ts";

/** (e) Time to 95 % by host. */
export const seconds: MakePicture = ({ options, runs, machine }) => ({
  id: "seconds",
  title: "Seconds, too",
  says: `Seconds of training until ${goal * 100} % of the test samples are right, on a logarithmic scale, on ${machine.processor}; a pale bar did not get there.`,
  command: commandOf(options),
  draw(width) {
    const narrow = isNarrow(width);
    const label = ({ host, batchNorm }: HostRun): string =>
      `${titleOf(host)}\n${batchNorm ? "with" : "without"}`;
    const taken = ({ toGoal, seconds }: HostRun): number => toGoal?.seconds ?? seconds;
    const least = Math.min(...runs.map(taken)) / 3;
    return svgOf({
      width,
      height: 70 + 40 * runs.length,
      ...{ marginLeft: 96, marginRight: narrow ? 104 : 130, marginBottom: 40, marginTop: 8 },
      x: { type: "log", label: "seconds", grid: true, tickFormat: "~g", ticks: narrow ? 3 : 5 },
      y: { domain: runs.map(label), label: null, tickSize: 0, padding: 0.25 },
      marks: [
        Plot.barX(runs, {
          ...{ x1: () => least, x2: taken, y: label },
          fill: ({ batchNorm }: HostRun) => colourOf(batchNorm),
          fillOpacity: ({ toGoal }: HostRun) => (toGoal ? 1 : 0.3),
        }),
        Plot.text(runs, {
          ...{ x: taken, y: label, textAnchor: "start", dx: 6, fontWeight: "bold" },
          text: ({ toGoal, seconds }: HostRun) =>
            toGoal ? `${toGoal.seconds.toFixed(2)} s` : `not in ${seconds.toFixed(1)} s`,
        }),
      ],
    });
  },
});
