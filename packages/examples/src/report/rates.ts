import * as Plot from "@observablehq/plot";
import { commandOf } from "../job-options.ts";
import type { RateRun } from "../studies/rates.ts";
import { count, type MakePicture } from "./picture.ts";
import { colourOf, heading, svgOf } from "./plot.ts";

/** (c) Accuracy after a fixed number of steps against learning rate. */
export const rates: MakePicture = ({ options, studies: { rates } }) =>
  rates && {
    id: "rates",
    title: "It learns at rates far apart",
    says: `Test accuracy after ${count(rates.samples / options.batchSize)} steps of ${options.batchSize} samples at five learning rates, each four times the one before, in TensorFlow.js: without Batch Normalization the network has hardly begun to learn by then.`,
    command: commandOf(options, ["tfjs"]),
    draw: (width) =>
      svgOf({
        width,
        height: 300,
        ...{ marginLeft: 46, marginBottom: 40, marginTop: 40, marginRight: 18 },
        x: { type: "point", label: "learning rate", padding: 0.3 },
        y: { domain: [0, 1], label: null, tickFormat: "%", grid: true, ticks: 5 },
        marks: [
          Plot.line(rates.runs, {
            ...{ x: "rate", y: "accuracy", z: "batchNorm", strokeWidth: 2.5 },
            stroke: ({ batchNorm }: RateRun) => colourOf(batchNorm),
          }),
          Plot.dot(rates.runs, {
            ...{ x: "rate", y: "accuracy", r: 4 },
            fill: ({ batchNorm }: RateRun) => colourOf(batchNorm),
          }),
          ...heading("Test accuracy", -30),
        ],
      }),
  };
