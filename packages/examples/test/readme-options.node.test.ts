// The tables of options in the READMEs, held against what the code knows.
import { readFileSync } from "node:fs";
import { withBatchNorm } from "@batchnorm/brain";
import { BatchNormError, defaultOptions } from "@batchnorm/core";
import { multiply } from "@batchnorm/kernels";
import { Network, Trainer } from "@batchnorm/minibatch";
import { createBatchNorm } from "@batchnorm/synaptic";
import { batchNormalization } from "@batchnorm/tfjs";
import brain from "brain.js";
import synaptic from "synaptic";
import { expect, test } from "vitest";

/** The names of a table, and the default that it gives each, as it is written. */
type Table = Readonly<Record<string, string>>;

const head = "| option | default | what it does |\n|---|---|---|\n";

function tablesOf(name: string): Table[] {
  const readme = readFileSync(new URL(`../../${name}/README.md`, import.meta.url), "utf8");
  const [, ...tables] = readme.split(head);
  expect(tables).toHaveLength(readme.split("| option |").length - 1);
  return tables.map((table) => {
    const rows = (table.split("\n\n")[0] as string).trim().split("\n");
    return Object.fromEntries(rows.flatMap(entriesOf));
  });
}

/** Several names in a row have one default, or one each. */
function entriesOf(row: string): [string, string][] {
  const [names = "", values = ""] = row.replace(/^\| /, "").split(" | ");
  const defaults = codeIn(values);
  return codeIn(names).map((name, i) => [name, defaults[i] ?? defaults[0] ?? values]);
}

const codeIn = (text: string): string[] =>
  Array.from(text.matchAll(/`(.+?)`/g), ([, code]) => String(code));

/** Literals as code writes them: numbers, texts, null, objects of such. */
const literal = (code: string): unknown => JSON.parse(code.replace(/(\w+):/g, '"$1":'));

/** What an error lists, when it is given an option that there is none of. */
function knownTo(withUnknown: (unknown: object) => unknown): string[] {
  try {
    withUnknown({ unheardOf: 1 });
  } catch (error) {
    expect(error).toBeInstanceOf(BatchNormError);
    return /must be one of (.+), got/.exec((error as Error).message)?.[1]?.split(", ") ?? [];
  }
  return [];
}

function expectDefaults(table: Table, options: object): void {
  for (const [name, value] of Object.entries(options)) {
    expect([name, literal(table[name] ?? "none")]).toEqual([name, value]);
  }
}

function expectNames(table: Table, known: readonly string[]): void {
  expect(Object.keys(table).sort()).toEqual([...known].sort());
}

test("core's table has every option of BatchNorm and its default", () => {
  const [table = {}] = tablesOf("core");
  expectNames(table, Object.keys(defaultOptions));
  expectDefaults(table, defaultOptions);
});

test("the table of kernels has every option of multiply", () => {
  const [table = {}] = tablesOf("kernels");
  const one = Float32Array.of(1);
  expectNames(
    table,
    knownTo((unknown) => multiply(one, one, unknown as never)),
  );
});

test("minibatch's tables have every option of a network, a layer, a trainer and a training", () => {
  const [ofNetwork = {}, ofLayer = {}, ofTrainer = {}, ofTraining = {}] = tablesOf("minibatch");
  const graph = { inputs: 1, layers: [{ units: 1 }] };
  const network = new Network(graph, { batchSize: 2 });
  const data = { inputs: [[1], [2]], targets: [[1], [2]] };
  const trainer = new Trainer(network, data);
  expectNames(
    ofNetwork,
    knownTo((unknown) => new Network(graph, unknown as never)),
  );
  expectNames(
    ofLayer,
    knownTo((unknown) => new Network({ ...graph, layers: [unknown as never] }, { batchSize: 1 })),
  );
  expectNames(
    ofTrainer,
    knownTo((unknown) => new Trainer(network, data, unknown)),
  );
  expectNames(
    ofTraining,
    knownTo((unknown) => trainer.train(unknown as never)),
  );
  const { batchSize: _, ...options } = network.options;
  expectDefaults(ofNetwork, options);
  expectDefaults(ofTrainer, { rate: trainer.rate, shuffle: trainer.shuffle });
  network.dispose();
});

test("brain's table has every option of batchNorm", () => {
  const [table = {}] = tablesOf("brain");
  const Net = withBatchNorm(brain.NeuralNetwork);
  expectNames(
    table,
    knownTo((batchNorm) => new Net({ batchNorm })),
  );
});

test("synaptic's tables have every option of a trainer and a perceptron", () => {
  const [ofTrainer = {}, ofPerceptron = {}] = tablesOf("synaptic");
  const { BatchNormPerceptron, BatchTrainer } = createBatchNorm(synaptic);
  const network = new BatchNormPerceptron(1, 2, 1);
  expectNames(
    ofTrainer,
    knownTo((unknown) => new BatchTrainer(network, unknown)),
  );
  const refused = [
    "axis",
    "trackRunningStatistics",
    "useBatchStatistics",
    "virtualBatchSize",
    "renorm",
  ];
  const known = knownTo((unknown) => new BatchNormPerceptron(1, 2, 1, unknown));
  expectNames(
    ofPerceptron,
    known.filter((name) => !refused.includes(name)),
  );
});

test("tfjs's table has every option of the layer that core has, and its default", () => {
  const [table = {}] = tablesOf("tfjs");
  const { name: _, ...options } = batchNormalization({}).options;
  expectDefaults(table, options);
});
