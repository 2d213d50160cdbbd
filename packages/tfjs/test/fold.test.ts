import { foldBatchNorm } from "@batchnorm/tfjs";
import * as tfl from "@tensorflow/tfjs-layers";
import { describe, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { expectClose } from "./close.ts";
import { cases, onCpu } from "./fold-cases.ts";
import {
  classesOf,
  foldTolerance,
  norms,
  outputsOf,
  reload,
  scrambled,
  shapeOf,
  tensorOf,
} from "./models.ts";

onEachBackend((backend) => {
  describe.each(backend.startsWith("cpu") ? [...cases, ...onCpu] : cases)("%s", (_, make, left) => {
    test("folds to the same outputs, and so does tfjs-layers's own layer", async () => {
      const model = scrambled(tfl.sequential({ layers: make(norms.ours) }));
      const stock = tfl.sequential({ layers: make(norms.stock) });
      stock.setWeights(model.getWeights());
      const x = tensorOf("x", [4, ...shapeOf(model)], 1, 2);
      const [expected] = outputsOf(model, x) as [Float32Array];
      for (const each of [model, stock]) {
        const folded = await foldBatchNorm(each);
        each.dispose();
        expect(classesOf(folded)).toBe(left);
        expect(folded).toBeInstanceOf(tfl.Sequential);
        const loaded = await reload(folded);
        for (const result of [folded, loaded]) {
          expectClose(outputsOf(result, x)[0] as Float32Array, expected, foldTolerance);
          result.dispose();
        }
      }
      x.dispose();
    });
  });
});
