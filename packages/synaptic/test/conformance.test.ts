import { conformance } from "@batchnorm/conformance/vitest";
import { createBatchNorm } from "@batchnorm/synaptic";
import synaptic from "synaptic";
import { layerSubject } from "./subject.ts";

const { predictBatch } = createBatchNorm(synaptic);

conformance(layerSubject("a BatchNormLayer, asked by predictBatch", predictBatch));
conformance(
  layerSubject("a BatchNormLayer, asked by synaptic", (network, rows) =>
    rows.map((row) => network.activate(row)),
  ),
);
