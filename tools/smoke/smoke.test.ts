// Packs the packages, installs the tarballs in fresh folders as a user would, and trains there.
// It catches what no test of the sources can: a file, a dependency or an export that did not ship.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const tfjs = "4.22.0";
/** The oldest Node that the packages promise to run on, besides the one that runs this. */
const oldestNode = "20.19.0";
const oldest = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
const fresh = mkdtempSync(join(tmpdir(), "batchnorm-smoke-"));

// What npm tells a script of its own run would send an inner npm back into this workspace.
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_(config_(workspace|local_prefix|prefix)|package_|lifecycle_)/.test(name),
  ),
);
const run = (command: string, args: string[], cwd: string): string =>
  execFileSync(command, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

function install(name: string, packages: string[]): string {
  const folder = join(fresh, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "private": true }');
  const tarballs = readdirSync(fresh).filter((file) => file.endsWith(".tgz"));
  const wanted = [...tarballs.map((file) => join(fresh, file)), ...packages];
  run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", ...wanted], folder);
  return folder;
}

/** Runs a script in a folder under each Node, and gives what it printed. */
function outputs(folder: string, file: string, code: string): string[] {
  writeFileSync(join(folder, file), code);
  const nodes = [process.execPath, join(folder, "node_modules", oldest, "bin", "node")];
  return nodes.map((node) => run(node, [file], folder).trim());
}

beforeAll(() => {
  for (const name of ["core", "kernels", "minibatch", "conformance", "tfjs", "synaptic"]) {
    run("npm", ["pack", "--pack-destination", fresh], join(root, "packages", name));
  }
}, 120_000);
afterAll(() => rmSync(fresh, { recursive: true, force: true }));

const trainLayers = `
  const model = tfl.sequential({ layers: [
    tfl.layers.dense({ units: 8, inputShape: [2] }),
    batchNormalization({ momentum: 0.9 }),
    tfl.layers.activation({ activation: "tanh" }),
    tfl.layers.dense({ units: 1 }),
  ] });
  model.compile({ optimizer: tf.train.adam(0.05), loss: "meanSquaredError" });
  const x = tf.tensor2d([[0, 0], [0, 1], [1, 0], [1, 1]]);
  const y = tf.tensor2d([[0], [1], [1], [0]]);
  model.fit(x, y, { epochs: 60, batchSize: 4, verbose: 0 }).then(({ history }) => {
    console.log(history.loss[0] > 2 * history.loss.at(-1) ? "learned" : JSON.stringify(history.loss));
  });
`;

describe("with tfjs-layers", () => {
  let folder = "";
  beforeAll(() => {
    folder = install("layers", [
      ...["core", "layers", "backend-cpu"].map((name) => `@tensorflow/tfjs-${name}@${tfjs}`),
      `${oldest}@${oldestNode}`,
    ]);
  }, 300_000);

  test("an ES module trains a model", () => {
    const code = `
      import * as tf from "@tensorflow/tfjs-core";
      import * as tfl from "@tensorflow/tfjs-layers";
      import "@tensorflow/tfjs-backend-cpu";
      import { batchNormalization } from "@batchnorm/tfjs";
      ${trainLayers}`;
    expect(outputs(folder, "train.mjs", code)).toEqual(["learned", "learned"]);
  });

  test("require() trains a model", () => {
    const code = `
      const tf = require("@tensorflow/tfjs-core");
      const tfl = require("@tensorflow/tfjs-layers");
      require("@tensorflow/tfjs-backend-cpu");
      const { batchNormalization } = require("@batchnorm/tfjs");
      ${trainLayers}`;
    expect(outputs(folder, "train.cjs", code)).toEqual(["learned", "learned"]);
  });
});

describe("with tfjs-core alone", () => {
  let folder = "";
  beforeAll(() => {
    folder = install("core", [
      ...["core", "backend-cpu"].map((name) => `@tensorflow/tfjs-${name}@${tfjs}`),
      `${oldest}@${oldestNode}`,
    ]);
  }, 300_000);

  test("tfjs-layers is not installed", () => {
    expect(readdirSync(join(folder, "node_modules/@tensorflow"))).not.toContain("tfjs-layers");
  });

  test("an ES module and require() train by the module, whose state core takes", () => {
    // tfjs-core alone registers no gradient under Node: the loss brings its own, as our layer does.
    const train = `
      const layer = new BatchNorm(2, { momentum: 0.5 });
      const squaredError = tf.customGrad((y, save) => {
        save([y]);
        const error = (y) => tf.sub(y, target);
        const gradFunc = (dy, [y]) => tf.mul(dy, tf.mul(error(y), 2 / 6));
        return { value: tf.mean(tf.square(error(y))), gradFunc };
      });
      const loss = () => squaredError(layer.apply(x, { training: true }));
      const x = tf.tensor2d([[1, 20], [2, 10], [4, 40]]);
      const target = tf.tensor2d([[1, 2], [2, 3], [5, 6]]);
      const optimizer = tf.train.sgd(0.3);
      const before = loss().dataSync()[0];
      for (let i = 0; i < 20; i++) optimizer.minimize(loss, false, layer.trainableWeights);
      const after = loss().dataSync()[0];
      layer.toState().then((state) => {
        const { updates } = Reference.fromState(state).running;
        console.log(after < before / 10 ? "learned" : [before, after], updates);
      });`;
    const esm = `
      import * as tf from "@tensorflow/tfjs-core";
      import "@tensorflow/tfjs-backend-cpu";
      import { BatchNorm } from "@batchnorm/tfjs/core";
      import { BatchNorm as Reference } from "@batchnorm/core";
      ${train}`;
    const cjs = `
      const tf = require("@tensorflow/tfjs-core");
      require("@tensorflow/tfjs-backend-cpu");
      const { BatchNorm } = require("@batchnorm/tfjs/core");
      const { BatchNorm: Reference } = require("@batchnorm/core");
      ${train}`;
    expect(outputs(folder, "train.mjs", esm)).toEqual(["learned 22", "learned 22"]);
    expect(outputs(folder, "train.cjs", cjs)).toEqual(["learned 22", "learned 22"]);
  });
});

describe("with flat arrays", () => {
  let folder = "";
  beforeAll(() => {
    folder = install("flat", [`${oldest}@${oldestNode}`]);
  }, 300_000);

  test("an ES module and require() normalize by the kernels", () => {
    const normalize = `
      const layer = new BatchNorm(2);
      const y = layer.forward(Float32Array.of(1, 20, 3, 10), [2, 2], { training: true });
      console.log(backend(), Array.from(y, Math.round).join(" "));`;
    const esm = `import { BatchNorm, backend } from "@batchnorm/kernels"; ${normalize}`;
    const cjs = `const { BatchNorm, backend } = require("@batchnorm/kernels"); ${normalize}`;
    expect(outputs(folder, "flat.mjs", esm)).toEqual(["simd -1 1 1 -1", "simd -1 1 1 -1"]);
    expect(outputs(folder, "flat.cjs", cjs)).toEqual(["simd -1 1 1 -1", "simd -1 1 1 -1"]);
  });

  test("an error that nobody catches shows a line of the package, and not all of it", () => {
    const code = 'import { BatchNorm } from "@batchnorm/core"; new BatchNorm(0);';
    writeFileSync(join(folder, "wrong.mjs"), code);
    const { stderr } = spawnSync(process.execPath, ["wrong.mjs"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(stderr).toContain("ERR_BATCHNORM_SHAPE");
    expect(Math.max(...stderr.split("\n").map((line) => line.length))).toBeLessThan(300);
  });
});

describe("with a network of the mini-batch engine", () => {
  let folder = "";
  beforeAll(() => {
    folder = install("minibatch", [`${oldest}@${oldestNode}`]);
  }, 300_000);

  test("an ES module and require() train it, and resume and fold it", () => {
    const names = "{ foldBatchNorm, initialize, Network, Trainer }";
    const train = `
      const layers = [{ units: 8, batchNorm: true, activation: "tanh" }, { units: 1 }];
      const network = new Network({ inputs: 2, layers }, { batchSize: 4 });
      initialize(network, { kind: "glorot" }, 1);
      const data = { inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[0], [1], [1], [0]] };
      const trainer = new Trainer(network, data, { rate: 0.1 });
      const { stoppedBy } = trainer.train({ epochs: 2000, errorThreshold: 1e-3 });
      const resumed = Trainer.fromState(JSON.parse(JSON.stringify(trainer.toState())), data);
      const y = foldBatchNorm(resumed.network).predict(Float32Array.of(0, 1), 1);
      console.log(stoppedBy, trainer.epoch() === resumed.epoch(), Math.round(y[0]));`;
    const esm = `import ${names} from "@batchnorm/minibatch"; ${train}`;
    const cjs = `const ${names} = require("@batchnorm/minibatch"); ${train}`;
    const expected = "errorThreshold true 1";
    expect(outputs(folder, "train.mjs", esm)).toEqual([expected, expected]);
    expect(outputs(folder, "train.cjs", cjs)).toEqual([expected, expected]);
  });
});

describe("with synaptic", () => {
  let folder = "";
  beforeAll(() => {
    folder = install("synaptic", ["synaptic@1.1.4", `${oldest}@${oldestNode}`]);
  }, 300_000);

  test("an ES module and require() train its network, and synaptic runs what was saved", () => {
    const train = `
      const { BatchNormPerceptron, BatchTrainer } = createBatchNorm(synaptic);
      const network = new BatchNormPerceptron(2, 8, 1);
      const set = [[0, 0], [0, 1], [1, 0], [1, 1]].map(([a, b]) => ({ input: [a, b], output: [a ^ b] }));
      const { error } = new BatchTrainer(network).train(set, { rate: 0.5, iterations: 5000 });
      const plain = synaptic.Network.fromJSON(JSON.parse(JSON.stringify(network)));
      console.log(error <= 0.005, set.map(({ input }) => Math.round(plain.activate(input)[0])).join(" "));`;
    const esm = `
      import synaptic from "synaptic";
      import { createBatchNorm } from "@batchnorm/synaptic";
      ${train}`;
    const cjs = `
      const synaptic = require("synaptic");
      const { createBatchNorm } = require("@batchnorm/synaptic");
      ${train}`;
    expect(outputs(folder, "train.mjs", esm)).toEqual(["true 0 1 1 0", "true 0 1 1 0"]);
    expect(outputs(folder, "train.cjs", cjs)).toEqual(["true 0 1 1 0", "true 0 1 1 0"]);
  });
});

describe("with a subject of one's own", () => {
  let folder = "";
  beforeAll(() => {
    folder = install("conformance", [`${oldest}@${oldestNode}`]);
  }, 300_000);

  test("the command judges it, without a test runner", () => {
    writeFileSync(
      join(folder, "subject.mjs"),
      'export { core as subject } from "@batchnorm/conformance/core";',
    );
    const code = `
      process.argv.push("./subject.mjs");
      await import("./node_modules/@batchnorm/conformance/dist/cli.js");`;
    for (const output of outputs(folder, "judge.mjs", code)) {
      expect(output.split("\n").at(-1)).toMatch(/^[1-9]\d+ passed, 0 failed, 0 skipped$/);
    }
  });

  test("an ES module and require() find the cases", () => {
    const count = "console.log(cases(core).length > 200 && typeof judge)";
    const esm = `
      import { cases, judge } from "@batchnorm/conformance";
      import { core } from "@batchnorm/conformance/core";
      ${count}`;
    const cjs = `
      const { cases, judge } = require("@batchnorm/conformance");
      const { core } = require("@batchnorm/conformance/core");
      ${count}`;
    expect(outputs(folder, "cases.mjs", esm)).toEqual(["function", "function"]);
    expect(outputs(folder, "cases.cjs", cjs)).toEqual(["function", "function"]);
  });
});
