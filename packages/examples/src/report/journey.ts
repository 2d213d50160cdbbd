import * as Plot from "@observablehq/plot";
import { commandOf } from "../job-options.ts";
import { tolerance } from "../studies/journey.ts";
import { titleOf } from "../table.ts";
import { count, isNarrow, type MakePicture } from "./picture.ts";
import { svgOf } from "./plot.ts";

/** (f) One state moved through all hosts. */
export const journey: MakePicture = ({ options, data, studies: { journey } }) =>
  journey && {
    id: "journey",
    title: "One state, three hosts",
    says: `A network that TensorFlow.js has trained on ${count(journey.samples)} samples is carried through all three and back; beneath each, by how much any of ${count(10 * data.test)} outputs differs from where it began, at most: less than ${tolerance}, which is float32's rounding of four layers.`,
    command: commandOf(options),
    draw(width) {
      const narrow = isNarrow(width);
      const stops = [
        { host: "tfjs", text: "trained here" },
        ...journey.stops.map(({ host, difference }) => ({
          host,
          text: difference === 0 ? "equal to the bit" : `≤ ${difference.toExponential(1)}`,
        })),
      ].map((stop, i) => ({ ...stop, i }));
      // From left to right, or on a phone from top to bottom.
      const at =
        (shift: number) =>
        ({ i }: { i: number }) =>
          i + shift;
      const along = narrow ? "y" : "x";
      const across = narrow ? "x" : "y";
      return svgOf({
        width,
        height: narrow ? 400 : 130,
        ...{ marginLeft: 10, marginRight: 10, marginTop: 10, marginBottom: 10 },
        [along]: { domain: [-0.5, stops.length - 0.5], axis: null, reverse: narrow },
        [across]: { domain: [-1, 1], axis: null },
        marks: [
          Plot.rect(stops, {
            [`${along}1`]: at(-0.34),
            [`${along}2`]: at(0.34),
            [`${across}1`]: () => -0.75,
            [`${across}2`]: () => 0.75,
            ...{ fill: "var(--with)", fillOpacity: 0.12, stroke: "var(--with)", rx: 8 },
          }),
          Plot.arrow(stops.slice(1), {
            [`${along}1`]: at(-0.65),
            [`${along}2`]: at(-0.36),
            [`${across}1`]: () => 0,
            [`${across}2`]: () => 0,
            ...{ stroke: "currentColor", strokeWidth: 2, headLength: 6 },
          }),
          Plot.text(stops, {
            ...{ [along]: "i", [across]: () => 0, dy: -10 },
            ...{ text: ({ host }: { host: string }) => titleOf(host), fontWeight: "bold" },
            fontSize: 14,
          }),
          Plot.text(stops, { ...{ [along]: "i", [across]: () => 0, dy: 12 }, text: "text" }),
        ],
      });
    },
  };
