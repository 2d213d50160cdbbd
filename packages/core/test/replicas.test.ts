import {
  backwardTraining,
  computeMoments,
  forwardByMoments,
  forwardTraining,
  type GradientSums,
  layoutOf,
  mergeMoments,
  replicaInputGradient,
  replicaSums,
} from "@batchnorm/core";
import { expect, test } from "vitest";
import { normals } from "./random.ts";
import { expectRefusal } from "./refusal.ts";

const parameters = { gamma: Float64Array.of(2, -3), beta: Float64Array.of(1, 0), epsilon: 1e-5 };
const [x, dy] = [normals("x", 40, 1e4, 0.1), normals("dy", 40)];
const whole = layoutOf([20, 2]);

test.each([{ rows: [10, 10] }, { rows: [3, 17] }, { rows: [0, 1, 19] }, { rows: [20] }])(
  "replicas with $rows rows do together what one does alone",
  ({ rows }) => {
    let start = 0;
    const parts = rows.map((count) => {
      const range = [2 * start, 2 * (start + count)] as const;
      start += count;
      return { x: x.slice(...range), dy: dy.slice(...range), layout: layoutOf([count, 2]) };
    });
    const merged = parts
      .map((p) => computeMoments(p.x, p.layout))
      .reduce((a, b) => mergeMoments(a, b));
    const y = parts.flatMap((p) => [...forwardByMoments(p.x, p.layout, merged, parameters)]);
    const local = parts.map((p) => replicaSums(p.dy, p.x, p.layout, merged, parameters));
    const add = (key: keyof GradientSums): Float64Array =>
      local
        .map((sums) => sums[key])
        .reduce((a, b) => a.map((value, c) => value + (b[c] as number)));
    const total = { dgamma: add("dgamma"), dbeta: add("dbeta") };
    const dx = parts.flatMap((p) => [
      ...replicaInputGradient(p.dy, p.x, p.layout, merged, total, parameters),
    ]);

    const forward = forwardTraining(x, whole, parameters);
    const backward = backwardTraining(dy, x, whole, forward.moments, parameters);
    const near = (values: Float64Array) => Array.from(values, (value) => expect.closeTo(value, 10));
    expect(y).toEqual(near(forward.y));
    expect(dx).toEqual(near(backward.dx));
    expect(Array.from(total.dgamma)).toEqual(near(backward.dgamma as Float64Array));
    expect(Array.from(total.dbeta)).toEqual(near(backward.dbeta as Float64Array));
  },
);

test("a replica refuses what does not fit, and can write over dy", () => {
  const moments = computeMoments(x, whole);
  const sums = replicaSums(dy, x, whole, moments, parameters);
  const short = { ...sums, dgamma: new Float64Array(3) };
  expectRefusal("ERR_BATCHNORM_SHAPE", () =>
    replicaSums(dy.subarray(1), x, whole, moments, parameters),
  );
  expectRefusal("ERR_BATCHNORM_SHAPE", () =>
    replicaInputGradient(dy, x, whole, moments, short, parameters),
  );
  const dx = dy.slice();
  expect(replicaInputGradient(dx, x, whole, moments, sums, parameters, dx)).toBe(dx);
  expect(dx).toEqual(replicaInputGradient(dy, x, whole, moments, sums, parameters));
});
