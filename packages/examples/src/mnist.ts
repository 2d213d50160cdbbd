import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { UsageError } from "./options.ts";
import { classes, type Data, type Samples, select } from "./samples.ts";
import { shuffled } from "./shuffle.ts";

/** Test samples that are asked for, of the 10,000: synaptic takes seconds for them. */
const tested = 1000;
const brightest = 255;

/** How the files begin: two zeros, 8 for unsigned bytes, and the number of dimensions. */
const magics = { images: 0x0803, labels: 0x0801 };

/**
 * The original files of MNIST, plain or .gz, all of the training set and a seeded choice of the test set.
 *
 * @throws {UsageError} naming the file and what is wrong with it.
 * @see LeCun, Cortes, Burges, "The MNIST database", "File formats"
 */
export function loadMnist(folder: string, seed: string): Data {
  const train = readSamples(folder, "train");
  const test = readSamples(folder, "t10k");
  const [a, b] = [train, test].map(({ pixels, labels }) => pixels.length / labels.length);
  if (a !== b) throw new UsageError(`${folder}: images to train with and to test with differ`);
  const chosen = shuffled(test.labels.length, `test ${seed}`).slice(0, tested);
  return { train, test: select(test, chosen) };
}

function readSamples(folder: string, part: "train" | "t10k"): Samples {
  const images = readIdx(folder, `${part}-images`, "images");
  const { name, sizes, values } = readIdx(folder, `${part}-labels`, "labels");
  const [count] = images.sizes;
  if (sizes[0] !== count) {
    throw new UsageError(`${name} has ${sizes[0]} labels for ${count} images`);
  }
  const bad = values.find((label) => label >= classes);
  if (bad !== undefined) throw new UsageError(`${name} has a label ${bad}, which is no digit`);
  return {
    pixels: Float32Array.from(images.values, (value) => value / brightest),
    labels: Int32Array.from(values),
  };
}

interface Idx {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly values: Uint8Array;
}

function readIdx(folder: string, stem: string, kind: keyof typeof magics): Idx {
  const name = findFile(folder, stem);
  const bytes = readBytes(name);
  const magic = magics[kind];
  const dimensions = magic & 0xff;
  const head = 4 + 4 * dimensions;
  if (bytes.length < head) throw new UsageError(`${name} ends within its head`);
  const found = bytes.readUInt32BE(0);
  if (found !== magic) {
    throw new UsageError(`${name} must begin with ${magic}, as ${kind} do, not with ${found}`);
  }
  const sizes = Array.from({ length: dimensions }, (_, i) => bytes.readUInt32BE(4 + 4 * i));
  const length = sizes.reduce((product, size) => product * size, 1);
  if (length === 0) throw new UsageError(`${name} is of nothing: ${sizes.join(" × ")}`);
  const values = bytes.subarray(head);
  if (values.length !== length) {
    throw new UsageError(
      `${name} must have ${length} bytes after its head, ${sizes.join(" × ")}, not ${values.length}`,
    );
  }
  return { name, sizes, values };
}

/** train-images-idx3-ubyte and train-images.idx3-ubyte are both around, plain and as .gz. */
function findFile(folder: string, stem: string): string {
  let files: string[];
  try {
    files = readdirSync(folder);
  } catch (error) {
    throw new UsageError(`--mnist: ${(error as Error).message}`);
  }
  const file = files.find((one) => new RegExp(`^${stem}[-.]idx[13]-ubyte(\\.gz)?$`).test(one));
  if (file) return join(folder, file);
  throw new UsageError(`--mnist: ${folder} has no ${stem}-idx?-ubyte, nor as .gz`);
}

function readBytes(name: string): Buffer {
  try {
    const bytes = readFileSync(name);
    return name.endsWith(".gz") ? gunzipSync(bytes) : bytes;
  } catch (error) {
    throw new UsageError(`${name} cannot be read: ${(error as Error).message}`);
  }
}
