import assert from "node:assert/strict";
import test from "node:test";
import { cases } from "@batchnorm/conformance";
import { core } from "@batchnorm/conformance/core";
import { shippedGoldens } from "@batchnorm/conformance/goldens";
import { subject } from "./subject.js";

for (const { title, lacking, run } of cases(subject)) {
  test(title, { skip: lacking.length > 0 }, run);
}

test("the golden numbers come with the package, and what supports all is asked for all", () => {
  assert.ok(shippedGoldens.length > 0);
  assert.deepEqual([...new Set(cases(core).flatMap(({ lacking }) => lacking))], []);
});
