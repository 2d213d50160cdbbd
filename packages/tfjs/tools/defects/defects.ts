import "@tensorflow/tfjs-backend-cpu";
import { createRequire } from "node:module";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { type Defect, type Finding, type Seen, thrown } from "./defect.ts";
import { files } from "./files.ts";
import { shapes } from "./shapes.ts";
import { ours, type Side, stock } from "./sides.ts";
import { training } from "./training.ts";

/** Every defect, in the order of the table. */
export const defects: readonly Defect[] = [...shapes, ...training, ...files];

/** Runs every defect with both, on the cpu backend but where it names another. */
export async function findAll(): Promise<Finding[]> {
  const require = createRequire(import.meta.url);
  setWasmPaths(require.resolve("@tensorflow/tfjs-backend-wasm").replace(/[^/\\]*$/, ""));
  await tf.setBackend("cpu");
  const findings: Finding[] = [];
  for (const defect of defects) {
    findings.push({ defect, stock: await see(defect, stock), ours: await see(defect, ours) });
  }
  return findings;
}

async function see(defect: Defect, side: Side): Promise<Seen> {
  try {
    return await defect.run(side);
  } catch (error) {
    return { right: false, what: thrown(error) };
  }
}
