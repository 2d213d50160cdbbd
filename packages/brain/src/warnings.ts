import type { FloatArray } from "@batchnorm/core";
import type { Activation } from "@batchnorm/minibatch";
import type { Data, Side } from "./check-data.ts";
import type { Settings } from "./settings.ts";

/** What an activation can give, at least and at most. */
const reach: Partial<Record<Activation, readonly [number, number]>> = {
  sigmoid: [0, 1],
  tanh: [-1, 1],
  relu: [0, Number.POSITIVE_INFINITY],
};

/** What of the data is likely to make training fail, in words. */
export function warningsOf(
  data: Data,
  activation: Activation,
  { shuffle, input: scaled }: Settings,
): string[] {
  const { input, output } = data;
  return [
    ...unreachable(output, activation),
    ...(scaled ? constant(input) : []),
    ...(shuffle ? [] : sorted(output, data.count)),
  ];
}

function unreachable({ values, width, lookup }: Side, activation: Activation): string[] {
  const [least, most] = reach[activation] ?? [];
  if (least === undefined || most === undefined) return [];
  let bad = 0;
  while (
    bad < values.length &&
    !((values[bad] as number) < least) &&
    !((values[bad] as number) > most)
  )
    bad++;
  if (bad === values.length) return [];
  const where = `output ${nameOf(bad % width, lookup)} of sample ${Math.floor(bad / width)}`;
  const range = most === Number.POSITIVE_INFINITY ? `${least} or more` : `${least} to ${most}`;
  return [
    `${where} is ${values[bad]}, but ${activation} gives ${range}: bring the targets into that range`,
  ];
}

function constant({ values, width, lookup }: Side): string[] {
  const same = Array.from({ length: width }, (_, field) => field).filter((field) =>
    isConstant(values, field, width),
  );
  const [first] = same;
  if (first === undefined) return [];
  const more = same.length > 1 ? ` and ${same.length - 1} more` : "";
  return [
    `input ${nameOf(first, lookup)}${more} is the same in every sample: nothing can be learned of it, and Batch Normalization would blow up by 1/√epsilon what differs later; leave it out`,
  ];
}

function isConstant(values: FloatArray, field: number, width: number): boolean {
  for (let at = field + width; at < values.length; at += width) {
    if (values[at] !== values[field]) return false;
  }
  return true;
}

/** One class after the other: fewer changes from sample to sample than any other order has. */
function sorted({ values, width }: Side, count: number): string[] {
  const classes = Array.from({ length: count }, (_, i) => classOf(values, i * width, width));
  const distinct = new Set(classes).size;
  const changes = classes.filter((one, i) => i > 0 && one !== classes[i - 1]).length;
  if (distinct < 2 || changes > distinct - 1 || count < 2 * distinct) return [];
  return [
    "the samples come one class after the other, and shuffle is false: batches of one class teach little; shuffle them",
  ];
}

/** The place of the largest of several outputs; of one, which side of ½ it is on. */
function classOf(values: FloatArray, start: number, width: number): number {
  if (width === 1) return (values[start] as number) > 0.5 ? 1 : 0;
  let best = 0;
  for (let k = 1; k < width; k++) {
    if ((values[start + k] as number) > (values[start + best] as number)) best = k;
  }
  return best;
}

function nameOf(place: number, lookup: Side["lookup"]): string {
  const key = lookup && Object.keys(lookup).find((key) => lookup[key] === place);
  return key ? JSON.stringify(key) : `${place}`;
}
