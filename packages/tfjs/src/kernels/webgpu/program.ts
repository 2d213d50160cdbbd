import type { Uniform } from "./backend.ts";

/** x viewed as `[outer, channels, inner]`, as the kernels' attributes give it. */
export interface Layout {
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
}

/** A compute program as TF.js's WebGPU backend runs it. Every tensor is flat to it. */
export interface Program {
  readonly variableNames: string[];
  /** How many values an element of each input's array holds. */
  readonly variableComponents: number[];
  readonly outputShape: number[];
  readonly workgroupSize: [number, number, number];
  readonly dispatchLayout: { x: number[] };
  /** The backend spreads it over more dimensions where one is too small. */
  dispatch: [number, number, number];
  shaderKey: string;
  readonly uniforms: string;
  getUserCode(): string;
}

/** What every program is told, in this order. */
export interface Settings extends Layout {
  /** How many threads share the values of a channel, and how many share its sample. */
  readonly groups: number;
  readonly sampleGroups: number;
  /** One value of so many is in the sample. */
  readonly sampleStride: number;
  /** Values per channel, m. */
  readonly count: number;
  readonly epsilon: number;
}

const integers = ["channels", "inner", "groups", "sampleGroups", "sampleStride", "count"] as const;

const names = [
  ...[...integers, "threads"].map((name) => `${name} : i32,`),
  ...["epsilon", "one"].map((name) => `${name} : f32,`),
];

/** The values of the uniforms, as `runWebGPUProgram` takes them. */
export const uniformsOf = (settings: Settings, { threads }: Launch): Uniform[] => [
  ...[...integers.map((name) => settings[name]), threads].map((value) => ({
    type: "int32" as const,
    data: [value],
  })),
  ...[settings.epsilon, 1].map((value) => ({ type: "float32" as const, data: [value] })),
];

/** A program, and how many threads run it. */
export interface Launch {
  readonly program: Program;
  readonly threads: number;
}

/** Threads of a workgroup: a wavefront of one vendor, two warps of another. */
const workgroup = 64;

/**
 * @param name - Tells this code from all other, beside the inputs there are.
 * @param variableNames - The inputs; those whose names end in `4` are arrays of four values.
 * @param main - The body of what each thread does; `index` is its number.
 */
export function launchOf(
  name: string,
  variableNames: string[],
  { threads, outputs = threads }: { threads: number; outputs?: number },
  main: string,
  functions = "",
): Launch {
  const program: Program = {
    variableNames,
    variableComponents: variableNames.map((each) => (each.endsWith("4") ? 4 : 1)),
    outputShape: [outputs],
    workgroupSize: [workgroup, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [Math.ceil(threads / workgroup), 1, 1],
    shaderKey: name,
    uniforms: names.join(" "),
    getUserCode: () => `
      ${exactSums}
      ${functions}
      fn main(index : i32) {
        if (index >= uniforms.threads) { return; }
        ${main}
      }
    `,
  };
  return { program, threads };
}

const exactSums = `
  // a + b, and what its rounding leaves out (Knuth). one is 1, which a compiler cannot know: so it
  // cannot find that the rest is 0 in real numbers.
  fn plus(a : f32, b : f32) -> vec2<f32> {
    let sum = a + b;
    let part = sum * uniforms.one - a;
    return vec2<f32>(sum, (a - (sum * uniforms.one - part)) + (b - part));
  }
  // Adds a term to a sum of two parts.
  fn add(sum : vec2<f32>, term : f32) -> vec2<f32> {
    let next = plus(sum.x, term);
    return vec2<f32>(next.x, sum.y + next.y);
  }
`;

/** A program of one value per channel: `main` sets that of `channel`. */
export const perChannelLaunch = (
  name: string,
  variableNames: string[],
  { channels }: Layout,
  main: string,
  functions = "",
): Launch =>
  launchOf(name, variableNames, { threads: channels }, `let channel = index; ${main}`, functions);
