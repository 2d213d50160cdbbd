// The dense products of a pass alone, by the kernels, on matrices that stay in WASM memory: forward W · A,
// backward Wᵀ · dZ but for the input, and dZ · Aᵀ; features in rows and a batch in columns, as the engine has it.
import { arena, type MatrixAt, type ProductAt, Products } from "@batchnorm/kernels";
import { balancedBatches } from "@batchnorm/minibatch";
import { netOf, samples } from "../nets.ts";
import { activations } from "../sample-data.ts";
import { serve } from "../worker.ts";

await serve("ours, dense products alone", ({ op }) => {
  const { sizes, batchSize, type } = netOf(op.replace("train ", ""));
  const { memory, allocator } = arena;
  if (!memory) return "has no WebAssembly memory";
  const products = new Products(memory, allocator);
  if (!products.reserve()) return "has no room";

  const size = type === "float32" ? 4 : 8;
  const pointers: number[] = [];
  const matrix = (rows: number, columns: number): MatrixAt => {
    const pointer = allocator.allocate(rows * columns * size);
    pointers.push(pointer);
    const { buffer } = memory;
    const length = rows * columns;
    const values =
      size === 4
        ? new Float32Array(buffer, pointer, length)
        : new Float64Array(buffer, pointer, length);
    values.set(activations(length));
    return { pointer, rowStride: columns, columnStride: 1 };
  };
  const batches = balancedBatches(samples, batchSize, true);
  const layers = sizes.slice(1).map((units, i) => {
    const sources = sizes[i] as number;
    return {
      ...{ units, sources, first: i === 0, weights: matrix(units, sources) },
      ...{ input: matrix(sources, batches.largest), output: matrix(units, batches.largest) },
      ...{ inputGradient: matrix(sources, batches.largest), gradient: matrix(units, sources) },
    };
  });

  const plain = { rowBias: 0, columnBias: 0, add: false, relu: false };
  const passOf = (count: number): ProductAt[] =>
    layers.flatMap(({ units, sources, first, weights, input, output, ...to }) => {
      const forward = {
        rows: units,
        inner: sources,
        columns: count,
        a: weights,
        b: input,
        c: output,
      };
      const back = { a: transposed(weights), b: output, c: to.inputGradient };
      const step = { a: output, b: transposed(input), c: to.gradient };
      return [
        { ...plain, ...forward },
        ...(first ? [] : [{ ...plain, rows: sources, inner: units, columns: count, ...back }]),
        { ...plain, rows: units, inner: count, columns: sources, ...step },
      ];
    });
  const all = Array.from({ length: batches.count }, (_, batch) =>
    passOf(batches.startOf(batch + 1) - batches.startOf(batch)),
  ).flat();
  const multiply = (product: ProductAt): void =>
    size === 4 ? products.float32(product) : products.float64(product);
  return {
    run() {
      for (let i = 0; i < all.length; i++) multiply(all[i] as ProductAt);
    },
    dispose() {
      for (const pointer of pointers) allocator.free(pointer);
      products.release();
    },
  };
});

function transposed({ pointer, rowStride, columnStride }: MatrixAt): MatrixAt {
  return { pointer, rowStride: columnStride, columnStride: rowStride };
}
