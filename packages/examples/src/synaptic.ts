// The digits with synaptic: `npm run synaptic --workspace @batchnorm/examples`.
import { trainDigits } from "./synaptic-digits.ts";

const sizes = [64, 100, 100, 10];
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const { accuracies, loaded, folded, layers, seconds } = trainDigits(sizes, 6, 1);
console.log(`${sizes.join("-")}, sigmoid, Batch Normalization on the hidden layers`);
for (const [pass, accuracy] of accuracies.entries()) {
  const seen = (1500 * (pass + 1)).toLocaleString("en");
  console.log(`  ${seen.padStart(6)} training samples seen: ${percent(accuracy)} of 297 others`);
}
console.log(
  `trained in ${seconds.toFixed(2)} s, synaptic's network read and written ${accuracies.length} times`,
);
console.log(`saved, and loaded by plain synaptic: ${percent(loaded)}`);
console.log(`folded, ${layers[0]} hidden layers to ${layers[1]}: ${percent(folded)}`);
