import { refuse } from "@batchnorm/core";
import { dispose, Tensor, type TensorContainer } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";

/**
 * One batch of inputs: a tensor, or one for each input of the model, as an array or by name; or a pair
 * with `xs`, as `model.fitDataset` takes it, whose `ys` count for nothing.
 */
export type Batch =
  | Tensor
  | readonly Tensor[]
  | { readonly xs: Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>> }
  | Readonly<Record<string, Tensor>>;

/** What `iterator()` of a dataset of tf.data promises. */
interface LazyIterator {
  next(): Promise<{ readonly value: unknown; readonly done: boolean }>;
}

/** A dataset of tf.data, as far as it is needed here. */
export interface LazyDataset {
  iterator(): Promise<LazyIterator>;
  /** Infinity for one that repeats without end. */
  readonly size?: number | null;
}

/**
 * Batches that can be walked more than once: an array of them, whose tensors stay the caller's; a dataset
 * of tf.data, or a function that gives a new iterable every time, as a generator function does, whose
 * tensors are disposed of once they are used.
 */
export type Batches =
  | readonly Batch[]
  | LazyDataset
  | Iterable<Batch>
  | AsyncIterable<Batch>
  | (() => Iterable<Batch> | AsyncIterable<Batch> | LazyDataset | Promise<LazyDataset>);

/** @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for what can be walked only once, or never. */
export function requireBatches(dataset: Batches, limit: number | undefined): void {
  const walks = dataset as Partial<AsyncIterable<Batch> & Iterable<Batch> & LazyDataset>;
  if (typeof dataset === "function") return;
  if (typeof walks?.iterator === "function") {
    if (walks.size === Infinity && limit === undefined) {
      refuse("ERR_BATCHNORM_OPTION", "batches must be given for a dataset without end", limit);
    }
    return;
  }
  const iterate: unknown = walks?.[Symbol.asyncIterator] ?? walks?.[Symbol.iterator];
  const rule =
    "dataset must be an array of batches, a dataset of tf.data or a function that makes an iterator, since " +
    "it is walked once for every layer";
  if (typeof iterate !== "function" || dataset instanceof Tensor) {
    refuse("ERR_BATCHNORM_OPTION", rule, dataset);
  }
  if (iterate.call(dataset) === dataset) {
    refuse("ERR_BATCHNORM_OPTION", rule, "an iterator, which is walked only once");
  }
}

/** Walks a dataset once, up to a number of batches, and disposes of what it made. */
export async function* walk(
  dataset: Batches,
  model: LayersModel,
  limit: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<Tensor | Tensor[]> {
  let index = 0;
  for await (const batch of open(dataset)) {
    try {
      yield inputsOf(batch, model);
    } finally {
      // An array's tensors are the caller's.
      if (!Array.isArray(dataset)) dispose(batch as TensorContainer);
    }
    if (++index >= limit) return;
  }
}

async function* open(dataset: Batches): AsyncGenerator<Batch> {
  const source = typeof dataset === "function" ? await dataset() : dataset;
  if (!("iterator" in source)) {
    try {
      yield* source;
    } finally {
      // A walk that ends early leaves the rest of an array that was made for it.
      if (source !== dataset && Array.isArray(source)) dispose(source);
    }
    return;
  }
  const iterator = await source.iterator();
  for (;;) {
    const { value, done } = await iterator.next();
    if (done) return;
    yield value as Batch;
  }
}

/** The tensors of a batch, in the order of the model's inputs. */
function inputsOf(batch: Batch, model: LayersModel): Tensor | Tensor[] {
  const given = isPlain(batch) && "xs" in batch ? batch.xs : batch;
  if (given instanceof Tensor) return given;
  const names = model.inputs.map(({ sourceLayer }) => sourceLayer.name);
  const inputs: unknown[] = isPlain(given)
    ? names.map((name) => (given as Record<string, unknown>)[name])
    : [given].flat();
  if (inputs.length !== names.length || !inputs.every((input) => input instanceof Tensor)) {
    const rule = `a batch must hold a tensor for each input, ${names.join(", ")}`;
    refuse("ERR_BATCHNORM_SHAPE", rule, batch);
  }
  return inputs.length === 1 ? (inputs[0] as Tensor) : (inputs as Tensor[]);
}

const isPlain = (value: unknown): value is object =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Tensor);
