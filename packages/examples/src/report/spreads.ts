import * as Plot from "@observablehq/plot";
import { commandOf } from "../job-options.ts";
import { isNarrow, type MakePicture } from "./picture.ts";
import { colourOf, svgOf } from "./plot.ts";

/** (b) The paper's Figure 1 (b, c). */
export const spreads: MakePicture = ({ options, spreads }) =>
  spreads.length === 0
    ? null
    : {
        id: "inputs",
        title: "What a sigmoid receives stays put",
        says: "The 15th, 50th and 85th percentile of what the first sigmoid of the last hidden layer receives for the test samples, in TensorFlow.js: without Batch Normalization they wander off while layers before it learn, with it they settle early (the paper's Figure 1 b, c).",
        command: commandOf(options, ["tfjs"]),
        draw(width) {
          const narrow = isNarrow(width);
          const names = ["without", "with Batch Normalization"];
          const rows = spreads.map(({ batchNorm, seen, percentiles: [low, middle, high] }) => ({
            ...{ batchNorm, seen, low, middle, high },
            name: names[Number(batchNorm)],
          }));
          const scale = { domain: names, axis: null, padding: narrow ? 0.2 : 0.08 };
          const side = narrow ? "fy" : "fx";
          const fill = ({ batchNorm }: { batchNorm: boolean }) => colourOf(batchNorm);
          return svgOf({
            width,
            height: narrow ? 440 : 300,
            ...{ marginLeft: 40, marginBottom: 40, marginTop: 30, marginRight: 18 },
            [side]: scale,
            x: { label: "training samples seen", tickFormat: "~s", ticks: 5 },
            y: { label: "input of the sigmoid", grid: true, ticks: 6 },
            marks: [
              Plot.areaY(rows, {
                ...{ [side]: "name", x: "seen", y1: "low", y2: "high", z: "name" },
                ...{ fill, fillOpacity: 0.25 },
              }),
              ...["low", "middle", "high"].map((y) =>
                Plot.line(rows, {
                  ...{ [side]: "name", x: "seen", y, z: "name", stroke: fill },
                  strokeWidth: y === "middle" ? 2.5 : 1,
                }),
              ),
              Plot.text(names, {
                ...{ [side]: (name: string) => name, text: (name: string) => name },
                ...{ frameAnchor: "top", dy: -18, fontWeight: "bold", fontSize: 13 },
              }),
            ],
          });
        },
      };
