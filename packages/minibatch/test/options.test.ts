import { expectRefusal } from "@batchnorm/conformance/vitest";
import { resolveBatchNorm } from "@batchnorm/minibatch";
import { expect, test } from "vitest";

test("options of Batch Normalization of units are filled in, and refused as a graph refuses them", () => {
  expect(resolveBatchNorm({ momentum: 0.5 }, "bn")).toMatchObject({ momentum: 0.5, epsilon: 1e-5 });
  const refused = (options: object, code: Parameters<typeof expectRefusal>[0]) =>
    expect(expectRefusal(code, () => resolveBatchNorm(options, "bn")).message);
  refused({ axis: 1 }, "ERR_BATCHNORM_UNSUPPORTED").toContain("bn: axis");
  refused({ renorm: {} }, "ERR_BATCHNORM_UNSUPPORTED").toContain("bn: renorm");
  refused({ momentum: 2 }, "ERR_BATCHNORM_OPTION").toContain("momentum");
});
