import { type Activation, Network, type NumberType } from "@batchnorm/minibatch";
import { describe, expect, test } from "vitest";
import { onEachBackend } from "./backends.ts";
import { normals } from "./random.ts";

const definitions: Record<Activation, (x: number) => number> = {
  identity: (x) => x,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  relu: (x) => Math.max(0, x),
  "leaky-relu": (x) => (x > 0 ? x : 0.01 * x),
  step: (x) => (x > 0 ? 1 : 0),
};
const names = Object.keys(definitions) as Activation[];

/** How far a value may be off: e^x is good to 1e-7 and 4e-16, and tanh to as much of 1. */
const bounds = { float32: 3e-7, float64: 1e-15 };

function apply(activation: Activation, x: Float64Array, type: NumberType): number[] {
  const layers = [{ units: 1, connections: [{ from: 0, kind: "identity" as const }], activation }];
  const net = new Network(
    { inputs: 1, layers: layers.map((l) => ({ ...l, bias: false })) },
    { batchSize: 64, type },
  );
  const y = Array.from(net.predict(x, x.length));
  net.dispose();
  return y;
}

onEachBackend((backend) => {
  describe.each<NumberType>(["float32", "float64"])("in %s", (type) => {
    const x = Float64Array.of(
      ...normals("x", 500, 0, 4).map(Math.fround),
      ...[0, -0, 1e-30, -1e-30, 20, -20, 100, -100, 1000, -1000, 1e30, -1e30],
    );

    test.each(names)("%s is what its definition says", (name) => {
      const y = apply(name, x, type);
      const bound = backend === "core" ? bounds.float64 : bounds[type];
      for (const [i, value] of y.entries()) {
        const expected = definitions[name](x[i]!);
        const exact = type === "float32" ? Math.fround(expected) : expected;
        const slack = bound * Math.max(Math.abs(exact), name === "tanh" ? 1 : 0) + 2e-38;
        const off = Math.abs(value - exact);
        expect(off, `${name}(${x[i]}) = ${value}, not ${exact}`).toBeLessThanOrEqual(
          type === "float32" ? Math.max(slack, 2e-7 * Math.abs(exact)) : slack,
        );
      }
    });

    test.each(names)("%s takes NaN to NaN", (name) => {
      expect(apply(name, Float64Array.of(1, Number.NaN, -1), type)[1]).toBeNaN();
    });

    test("a NaN of any bits comes through", () => {
      const bits = new Uint32Array(2);
      const odd =
        type === "float32" ? new Float32Array(bits.buffer) : new Float64Array(bits.buffer);
      bits.fill(0x7fc0_01ff);
      if (type === "float64") bits[1] = 0x7ff8_0000;
      for (const name of names) {
        const layers = [
          {
            units: 1,
            connections: [{ from: 0, kind: "identity" as const }],
            bias: false,
            activation: name,
          },
        ];
        const net = new Network({ inputs: 1, layers }, { batchSize: 2, type });
        expect(net.predict(odd.slice(0, 1), 1)[0]).toBeNaN();
      }
    });
  });
});
