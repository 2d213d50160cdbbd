import { expectRefusal } from "@batchnorm/conformance/vitest";
import type { BatchNormErrorCode, FloatArray } from "@batchnorm/core";
import { arena, multiply, type ProductOptions, type Tensor } from "@batchnorm/kernels";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { onEachBackend } from "./backends.ts";
import {
  type Floats,
  integers,
  type Reference,
  referenceAt,
  shapes,
} from "./products-reference.ts";

const tensors: Tensor<FloatArray>[] = [];

/** The same values in the arena. */
function resident(values: FloatArray): Tensor<FloatArray> {
  const { length } = values;
  const tensor = values.BYTES_PER_ELEMENT === 4 ? arena.float32(length) : arena.float64(length);
  tensor.array.set(values);
  tensors.push(tensor);
  return tensor;
}

afterEach(() => {
  for (const tensor of tensors.splice(0)) tensor.free();
});

const types: [string, Floats][] = [
  ["float32", Float32Array],
  ["float64", Float64Array],
];

onEachBackend(() => {
  test.each(types)("is exact in %s for integers, whatever is asked for", (_, floats) => {
    const options = fc.record({
      shape: shapes,
      transposeA: fc.boolean(),
      transposeB: fc.boolean(),
      rowBias: fc.boolean(),
      columnBias: fc.boolean(),
      out: fc.constantFrom("made", "given", "added to"),
      relu: fc.boolean(),
      residents: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(options, (asked) => {
        const { rows, inner, columns } = asked.shape;
        const { transposeA, transposeB, relu, seed } = asked;
        const a = integers(floats, rows * inner, seed);
        const b = integers(floats, inner * columns, seed + 1);
        const rowBias = asked.rowBias ? integers(floats, rows, seed + 2) : null;
        const columnBias = asked.columnBias ? integers(floats, columns, seed + 3) : null;
        const out = asked.out === "made" ? undefined : integers(floats, rows * columns, seed + 4);
        const add = asked.out === "added to";
        const reference: Reference = {
          ...asked.shape,
          a: (i, k) => a[transposeA ? k * rows + i : i * inner + k] as number,
          b: (k, j) => b[transposeB ? j * inner + k : k * columns + j] as number,
          rowBias,
          columnBias,
          before: add
            ? (
                (values) => (i, j) =>
                  values[i * columns + j] as number
              )(out!.slice())
            : null,
          relu,
        };
        const expected = floats.from({ length: rows * columns }, (_, at) =>
          referenceAt(reference, Math.floor(at / columns), at % columns),
        );
        const [inA, inB, inRow, inColumn, inOut] = asked.residents;
        const held = [
          inA ? resident(a) : null,
          inB ? resident(b) : null,
          rowBias && inRow ? resident(rowBias) : null,
          columnBias && inColumn ? resident(columnBias) : null,
          out && inOut ? resident(out) : null,
        ];
        const result = multiply(held[0]?.array ?? a, held[1]?.array ?? b, {
          ...asked.shape,
          transposeA,
          transposeB,
          rowBias: held[2]?.array ?? rowBias,
          columnBias: held[3]?.array ?? columnBias,
          add,
          activation: relu ? "relu" : "none",
          out: held[4]?.array ?? out,
        });
        expect(result).toEqual(expected);
        if (out) expect(result).toBe(held[4]?.array ?? out);
        for (const [i, input] of [a, b].entries()) {
          if (held[i]) expect(held[i]?.array).toEqual(input);
        }
        for (const tensor of held) tensor?.free();
      }),
      { seed: 31, numRuns: 400 },
    );
  });

  test.each(types)("rounds in %s no worse than sums one by one may", (_, floats) => {
    const real = (length: number, seed: number): FloatArray =>
      integers(floats, length, seed).map((value, i) => (value + Math.sin(i + seed)) / 3);
    const unit = floats.BYTES_PER_ELEMENT === 4 ? 2 ** -24 : 2 ** -53;
    fc.assert(
      fc.property(shapes, fc.nat(1000), ({ rows, inner, columns }, seed) => {
        const a = real(rows * inner, seed);
        const b = real(inner * columns, seed + 1);
        const c = multiply(a, b, { rows, inner, columns });
        for (let at = 0; at < c.length; at++) {
          const [i, j] = [Math.floor(at / columns), at % columns];
          let sum = 0;
          let magnitude = 0;
          for (let k = 0; k < inner; k++) {
            const product = (a[i * inner + k] as number) * (b[k * columns + j] as number);
            sum += product;
            magnitude += Math.abs(product);
          }
          // Higham 2002, (3.5): |error| ≤ inner · u · Σ|a · b| to first order; twice for the reference.
          const bound = 2 * (inner + 1) * unit * magnitude;
          expect(Math.abs((c[at] as number) - sum)).toBeLessThanOrEqual(bound);
        }
      }),
      { seed: 32, numRuns: 60 },
    );
  });

  test("keeps NaN and infinity where they belong, through ReLU too", () => {
    const a = new Float32Array(6 * 5).fill(1);
    const b = new Float32Array(5 * 7).fill(1);
    a[2 * 5 + 1] = Number.NaN;
    b[3 * 7 + 6] = Number.POSITIVE_INFINITY;
    const shape = { rows: 6, inner: 5, columns: 7 };
    const c = multiply(a, b, { ...shape, activation: "relu" });
    for (const [at, value] of c.entries()) {
      const [i, j] = [Math.floor(at / 7), at % 7];
      expect(value).toBe(i === 2 ? Number.NaN : j === 6 ? Number.POSITIVE_INFINITY : 5);
    }
  });

  test("makes no arrays once it has seen the shapes", () => {
    const shape = { rows: 9, inner: 5, columns: 7 };
    const calls = [Float32Array, Float64Array].map((floats) => {
      const [a, b] = [integers(floats, 45, 1), integers(floats, 35, 2)];
      const out = new floats(63);
      return () => multiply(a, b, { ...shape, out });
    });
    const run = (): void => {
      for (const call of calls) call();
    };
    run();
    let made = 0;
    for (const name of ["Float32Array", "Float64Array", "Uint8Array"] as const) {
      const counting = new Proxy(globalThis[name], {
        construct: (target, args) => {
          made++;
          return Reflect.construct(target, args);
        },
      });
      vi.stubGlobal(name, counting);
    }
    try {
      run();
    } finally {
      vi.unstubAllGlobals();
    }
    expect(made).toBe(0);
  });

  describe("refuses", () => {
    const six = Float32Array.of(1, 2, 3, 4, 5, 6);
    const shape = { rows: 2, inner: 3, columns: 2 };
    const refusals: [string, BatchNormErrorCode, FloatArray, FloatArray, object][] = [
      ["a of another length", "ERR_BATCHNORM_SHAPE", six.subarray(1), six, {}],
      ["b of another length", "ERR_BATCHNORM_SHAPE", six, six.subarray(1), {}],
      ["out of another length", "ERR_BATCHNORM_SHAPE", six, six, { out: new Float32Array(5) }],
      ["rowBias of another length", "ERR_BATCHNORM_SHAPE", six, six, { rowBias: six }],
      ["columnBias of another length", "ERR_BATCHNORM_SHAPE", six, six, { columnBias: six }],
      ["negative rows", "ERR_BATCHNORM_SHAPE", six, six, { rows: -2 }],
      ["a fraction of a row", "ERR_BATCHNORM_SHAPE", six, six, { inner: 1.5 }],
      ["columns that are no number", "ERR_BATCHNORM_SHAPE", six, six, { columns: "2" }],
      ["a of another type", "ERR_BATCHNORM_DTYPE", [1, 2, 3, 4, 5, 6] as never, six, {}],
      ["b of another type", "ERR_BATCHNORM_DTYPE", six, new Float64Array(6), {}],
      ["out of another type", "ERR_BATCHNORM_DTYPE", six, six, { out: new Float64Array(4) }],
      ["a bias of another type", "ERR_BATCHNORM_DTYPE", six, six, { rowBias: [1, 2] }],
      ["a misspelt option", "ERR_BATCHNORM_OPTION", six, six, { transposeb: true }],
      ["an unknown activation", "ERR_BATCHNORM_OPTION", six, six, { activation: "tanh" }],
      ["a flag that is none", "ERR_BATCHNORM_OPTION", six, six, { transposeA: 1 }],
      ["add without out", "ERR_BATCHNORM_OPTION", six, six, { add: true, out: undefined }],
    ];
    test.each(refusals)("%s", (_, code, a, b, options) => {
      const out = new Float32Array(4).fill(7);
      const call = () =>
        multiply(a, b, { ...shape, out, ...options } as ProductOptions<FloatArray>);
      expectRefusal(code, call);
      expect(out).toEqual(new Float32Array(4).fill(7));
    });

    test.each(["a", "b", "rowBias", "columnBias"] as const)("out over %s", (name) => {
      const memory = integers(Float32Array, 20, 3) as Float32Array;
      const before = memory.slice();
      // One value is shared.
      const out = memory.subarray(0, 4);
      const shared = (length: number): Float32Array => memory.subarray(3, 3 + length);
      const inputs: Record<"a" | "b" | "rowBias" | "columnBias", Float32Array> = {
        a: six,
        b: six,
        rowBias: six.subarray(0, 2),
        columnBias: six.subarray(0, 2),
      };
      inputs[name] = shared(inputs[name].length);
      const { a, b, ...biases } = inputs;
      expectRefusal("ERR_BATCHNORM_SHAPE", () => multiply(a, b, { ...shape, ...biases, out }));
      expect(memory).toEqual(before);
    });
  });
});

describe("the arena", () => {
  const shape = { rows: 3, inner: 4, columns: 5 };
  test("gives a fresh view of out when it has to grow", () => {
    const [rows, inner] = [3, 4];
    const columns = 400_000;
    const a = integers(Float64Array, rows * inner, 1);
    const b = integers(Float64Array, inner * columns, 2);
    const tensor = resident(new Float64Array(rows * columns)) as Tensor<Float64Array>;
    const out = tensor.array;
    const c = multiply(a, b, { rows, inner, columns, out });
    expect(out.length).toBe(0);
    expect(tensor.array).toEqual(c);
    const copy = c.slice();
    expect(copy).toEqual(multiply(a, b, { rows, inner, columns }));
  });

  test("may grow between two products of plain arrays", () => {
    const [a, b] = [integers(Float64Array, 12, 1), integers(Float64Array, 20, 2)];
    const expected = multiply(a, b, shape).slice();
    resident(new Float64Array(arena.memory!.buffer.byteLength / 8));
    expect(multiply(a, b, shape)).toEqual(expected);
  });
});
