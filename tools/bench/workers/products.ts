// Dense products of tensors that stay in WASM memory.
import { arena, multiply } from "@batchnorm/kernels";
import { activations } from "../sample-data.ts";
import { serve } from "../worker.ts";

await serve("ours, dense products", ({ op, dims }) => {
  const [rows, inner, columns] = dims as [number, number, number];
  const make = (length: number) => {
    const tensor = op === "product-f32" ? arena.float32(length) : arena.float64(length);
    tensor.array.set(activations(length));
    return tensor;
  };
  const tensors = [make(rows * inner), make(inner * columns), make(rows * columns)];
  const [a, b, out] = tensors.map(({ array }) => array) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  return {
    run: () => multiply(a, b, { rows, inner, columns, out }),
    dispose: () => {
      for (const tensor of tensors) tensor.free();
    },
  };
});
