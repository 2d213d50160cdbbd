import type { Findings } from "../job.ts";
import { nameOf } from "../machine.ts";
import { comparisonOf } from "../table.ts";
import { accuracy } from "./accuracy.ts";
import { journey } from "./journey.ts";
import { count, type Picture } from "./picture.ts";
import { colours } from "./plot.ts";
import { rates } from "./rates.ts";
import { seconds } from "./seconds.ts";
import { spreads } from "./spreads.ts";
import { startsPicture } from "./starts.ts";
import { style } from "./style.ts";

const makers = [accuracy, spreads, rates, startsPicture, seconds, journey];

/** Every picture is there twice; the page shows the one that fits. */
const widths = { wide: 828, narrow: 340 };

/** The report: one file, which needs nothing else. */
export function pageOf(findings: Findings): string {
  const { options, data, runs, machine } = findings;
  const pictures = makers.map((make) => make(findings)).filter((one) => one !== null);
  const { head, rows } = comparisonOf(runs, options);
  const source =
    options.mnist === null
      ? 'the digits of <a href="https://doi.org/10.24432/C50P49">Alpaydin and Kaynak</a> (CC BY 4.0)'
      : "MNIST";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Batch Normalization in three hosts</title>
<link rel="icon" href="data:,">
<style>${colours(":root")}${style}</style>
</head>
<body>
<main>
<h1>Batch Normalization in three hosts</h1>
<p>The network of <a href="https://arxiv.org/abs/1502.03167">Ioffe and Szegedy’s</a> first experiment, three hidden layers of 100 sigmoid units and batches of ${options.batchSize}, on ${count(data.train)} of ${source}, tested on ${count(data.test)} others. Stock TensorFlow.js learns by batches, too; stock brain.js and synaptic learn sample by sample, and so all are counted in samples.</p>
${pictures.map(figure).join("\n")}
<section>
<h2>The numbers</h2>
<p>Test accuracy after so many training samples. A step is of as many samples as its column says; seconds are of training alone; – is after the run’s end, or never.</p>
<div class="scroll"><table>
<thead><tr>${head.map((text) => `<th>${escaped(text)}</th>`).join("")}</tr></thead>
<tbody>
${rows.map((row) => `<tr>${row.map((text) => `<td>${escaped(text)}</td>`).join("")}</tr>`).join("\n")}
</tbody>
</table></div>
</section>
<footer>Measured on ${escaped(nameOf(machine))}. Accuracies are the same whenever the seed is, here ${options.seed}; seconds are this machine’s.</footer>
</main>
</body>
</html>
`;
}

const figure = ({ id, title, says, command, draw }: Picture): string => `<figure id="${id}">
<h2>${escaped(title)}</h2>
${Object.entries(widths)
  .map(
    ([name, width]) =>
      `<div class="${name}" role="img" aria-label="${escaped(title)}">${draw(width)}</div>`,
  )
  .join("\n")}
<figcaption>${escaped(says)}<br><code>${escaped(command)}</code></figcaption>
</figure>`;

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
