import { type BatchNormOptions, defaultOptions, resolveOptions } from "@batchnorm/core";
import { describe, expect, test } from "vitest";
import { expectRefusal } from "./refusal.ts";

describe("resolveOptions", () => {
  test("fills in the defaults", () => {
    expect(resolveOptions()).toEqual(defaultOptions);
    expect(resolveOptions({ momentum: undefined })).toEqual(defaultOptions);
  });

  test("defaults are right from the first batch, and throw at what is not finite", () => {
    expect(defaultOptions).toEqual({
      name: "batch-norm",
      axis: -1,
      momentum: 0.99,
      epsilon: 1e-5,
      center: true,
      scale: true,
      varianceEstimator: "unbiased",
      start: "debiased",
      onNonFinite: "throw",
      onSingleValue: "throw",
      trainable: true,
      trackRunningStatistics: true,
      useBatchStatistics: false,
      virtualBatchSize: null,
      renorm: null,
    });
    expect(Object.isFrozen(defaultOptions)).toBe(true);
    expect(Object.isFrozen(resolveOptions())).toBe(true);
  });

  test("prefers what is given to a host's defaults, and those to its own", () => {
    const resolved = resolveOptions({ momentum: 0.5 }, { momentum: 0.9, epsilon: 1e-3 });
    expect(resolved).toEqual({ ...defaultOptions, momentum: 0.5, epsilon: 1e-3 });
  });

  test("fills in renorm's own defaults", () => {
    const resolved = resolveOptions({ renorm: { rmax: 3, dmax: undefined } });
    expect(resolved.renorm).toEqual({ rmin: 0, rmax: 3, dmax: Infinity, momentum: 0.99 });
  });

  test.each<BatchNormOptions>([
    { virtualBatchSize: 1 },
    { momentum: 0 },
    { momentum: 1, start: "zero-one" },
    { momentum: "cumulative" },
    { epsilon: 0 },
    { axis: 1 },
    { varianceEstimator: "biased", onNonFinite: "skip", onSingleValue: "beta" },
  ])("takes %j", (options) => {
    expect(resolveOptions(options)).toMatchObject(options);
  });

  test.each([
    { momentun: 0.9 },
    JSON.parse('{"__proto__": {"momentum": 0.5}}'),
    { name: 7 },
    { momentum: -0.1 },
    { momentum: 1.1 },
    { momentum: Number.NaN },
    { momentum: "0.9" },
    { momentum: 1, start: "debiased" },
    { epsilon: -1e-5 },
    { epsilon: Number.POSITIVE_INFINITY },
    { epsilon: "1e-5" },
    { varianceEstimator: "sample" },
    { start: "zero" },
    { onNonFinite: "ignore" },
    { onSingleValue: "zero" },
    { center: 1 },
    { scale: 0 },
    { trackRunningStatistics: "yes" },
    { useBatchStatistics: 1 },
    { virtualBatchSize: 0 },
    { virtualBatchSize: 2.5 },
    { renorm: true },
    { renorm: { rmaxx: 2 } },
    { renorm: { rmin: -1 } },
    { renorm: { rmin: 2, rmax: 1 } },
    { renorm: { rmax: "2" } },
    { renorm: { dmax: -1 } },
    { renorm: { momentum: 2 } },
    null,
    5,
    { trainable: "no" },
  ])("refuses %j", (options) => {
    expectRefusal("ERR_BATCHNORM_OPTION", () => resolveOptions(options as BatchNormOptions));
  });

  test("refuses an axis that is no integer", () => {
    expectRefusal("ERR_BATCHNORM_AXIS", () => resolveOptions({ axis: 0.5 }));
  });

  test("says what it expected and what it got", () => {
    const { message } = expectRefusal("ERR_BATCHNORM_OPTION", () =>
      resolveOptions({ momentum: 2 }),
    );
    expect(message).toBe('momentum must lie in [0, 1] or be "cumulative", got 2');
  });
});
