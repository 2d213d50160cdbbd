import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { expectRefusal } from "@batchnorm/conformance/vitest";
import { createBatchNorm, type Synaptic } from "@batchnorm/synaptic";
import { expect, test } from "vitest";
import { api, classes } from "./networks.ts";

test("building, training, asking and saving work where no code may be made of text", () => {
  const script = `
    import synaptic from "synaptic";
    import { createBatchNorm } from "@batchnorm/synaptic";
    const { BatchNormPerceptron, BatchTrainer, fromJSON, predictBatch, foldBatchNorm } = createBatchNorm(synaptic);
    const network = new BatchNormPerceptron(2, 4, 1);
    const set = [[0, 0], [0, 1], [1, 0], [1, 1]].map(([a, b]) => ({ input: [a, b], output: [a ^ b] }));
    new BatchTrainer(network).train(set, { iterations: 10, error: 0 });
    const y = predictBatch(fromJSON(JSON.parse(JSON.stringify(network))), [[0, 1]])[0][0];
    network.setOptimize(false);
    const folded = foldBatchNorm(network);
    folded.setOptimize(false);
    const near = [network, folded].every((one) => Math.abs(one.activate([0, 1])[0] - y) < 1e-12);
    let code = "allowed";
    try { new Function(""); } catch { code = "refused"; }
    console.log(code + " " + near);`;
  const flags = ["--disallow-code-generation-from-strings", "--conditions=@batchnorm/source"];
  const args = [...flags, "--input-type=module", "--eval", script];
  const printed = execFileSync(process.execPath, args, {
    cwd: import.meta.dirname,
    encoding: "utf8",
  });
  expect(printed.trim()).toBe("refused true");
});

test("a network of another copy of synaptic is refused, and trains with an adapter of its own", () => {
  const require = createRequire(import.meta.url);
  const path = require.resolve("synaptic");
  delete require.cache[path];
  const other = require("synaptic") as Synaptic;
  const network = new other.Architect.Perceptron(4, 5, 3);
  const set = classes("copy", 12);
  const { message } = expectRefusal(
    "ERR_BATCHNORM_UNSUPPORTED",
    () => new api.BatchTrainer(network),
  );
  expect(message).toContain("another copy of synaptic");
  const layer = new other.Layer(4);
  expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => new api.BatchNormLayer(4).after(layer));
  expectRefusal("ERR_BATCHNORM_UNSUPPORTED", () => api.predictBatch(network, [[1, 2, 3, 4]]));
  const own = createBatchNorm(other);
  expect(own).not.toBe(api);
  expect(new own.BatchTrainer(network).train(set, { iterations: 2, error: 0 }).iterations).toBe(2);
});
