import darknet from "../../data/darknet_seed.json" with { type: "json" };
import flax from "../../data/flax.json" with { type: "json" };
import keras from "../../data/keras.json" with { type: "json" };
import onnxruntime from "../../data/onnxruntime.json" with { type: "json" };
import paper from "../../data/paper_exact.json" with { type: "json" };
import tfFused from "../../data/tf_fused.json" with { type: "json" };
import torch from "../../data/torch.json" with { type: "json" };
import { type GoldenFile, parseGoldens } from "./read.ts";

/** The golden files that come with the package; their sources and licences are in data/README.md. */
export const shippedGoldens: readonly GoldenFile[] = Object.entries({
  torch,
  keras,
  tf_fused: tfFused,
  flax,
  onnxruntime,
  paper_exact: paper,
  darknet_seed: darknet,
}).map(([name, value]) => parseGoldens(value, `${name}.json`));
