import * as Plot from "@observablehq/plot";
import { commandOf } from "../job-options.ts";
import { type Distance, momentum } from "../studies/starts.ts";
import { isNarrow, type MakePicture } from "./picture.ts";
import { legend, svgOf } from "./plot.ts";

const colours = {
  "zero-one": "var(--without)",
  "first-batch": "var(--third)",
  debiased: "var(--with)",
};
const entries = Object.entries(colours);

/** (d) Running statistics against those of the population. */
export const startsPicture: MakePicture = ({ options, studies: { starts } }) =>
  starts && {
    id: "starts",
    title: "Where running statistics begin is felt for hundreds of steps",
    says: `How far running mean and variance are from those of all training samples while the network trains, as medians over the first hidden layer's units, at the default momentum ${momentum}: from 0 and 1, from the first batch, and with what they began from divided out.`,
    command: commandOf(options, ["tfjs"]),
    draw(width) {
      const each = isNarrow(width) ? width : width / 2 - 8;
      const panel = (y: "mean" | "variance", label: string, rule: number): string =>
        svgOf({
          ...{ width: each, height: 280 },
          ...{ marginLeft: 44, marginBottom: 40, marginTop: 28, marginRight: 14 },
          x: { type: "log", label: "steps", ticks: 3, tickFormat: "~s" },
          y: { label, grid: true, ticks: 6, zero: true },
          marks: [
            Plot.ruleY([rule], { stroke: "currentColor", strokeDasharray: "3 3" }),
            Plot.line(starts, {
              ...{ x: "step", y, z: "start", strokeWidth: 2.5 },
              stroke: ({ start }: Distance) => colours[start],
            }),
            ...legend(entries),
          ],
        });
      const mean = panel("mean", "distance of the mean, in deviations", 0);
      return `${mean}${panel("variance", "running ÷ true variance", 1)}`;
    },
  };
