/** A compute program as TF.js's WebGPU backend runs it. Every tensor is flat to it. */
export interface Program {
  readonly variableNames: string[];
  /** How many values an element of each input's array holds, and one of the output's. */
  readonly variableComponents: number[];
  readonly outputComponent: Width;
  readonly outputShape: number[];
  readonly workgroupSize: [number, number, number];
  readonly dispatchLayout: { x: number[] };
  /** The backend spreads it over more dimensions where one is too small. */
  dispatch: [number, number, number];
  shaderKey: string;
  readonly uniforms: string;
  getUserCode(): string;
}

/** How many values a program's numbers are made of. */
export type Width = 1 | 4;

/** A uniform as TF.js's WebGPU backend takes it. */
export interface Uniform {
  readonly type: "int32" | "float32";
  readonly data: number[];
}

/** What a program is told beside its inputs, by the names that its code has for it. */
export interface Told {
  readonly i32?: Readonly<Record<string, number>>;
  readonly f32: Readonly<Record<string, number>>;
}

/** A program, and the values of its uniforms as `runWebGPUProgram` takes them. */
export interface Launch {
  readonly program: Program;
  readonly uniforms: Uniform[];
}

/** Threads of a workgroup: a wavefront of one vendor, two warps of another. */
const workgroup = 64;

/** How many threads there are, how many numbers they set, each one if not said, and how wide those are. */
export interface Size {
  readonly threads: number;
  readonly outputs?: number;
  readonly width: Width;
}

/** Inputs that are a progress: four numbers, read as one. */
const progresses = ["PROGRESS", "NEXT"];

/**
 * @param name - Tells this code from all other, beside the names of the inputs.
 * @param variableNames - The inputs; a progress is an array of four values.
 * @param main - The body of what each thread does; `index` is its number, and `T` the type of numbers.
 */
export function launchOf(
  name: string,
  variableNames: string[],
  { threads, outputs = threads, width }: Size,
  { i32, f32 }: Told,
  main: string,
  functions = "",
): Launch {
  const integers = Object.entries({ ...i32, threads });
  const floats = Object.entries(f32);
  const program: Program = {
    variableNames,
    variableComponents: variableNames.map((each) => (progresses.includes(each) ? 4 : width)),
    outputComponent: width,
    outputShape: [outputs * width],
    workgroupSize: [workgroup, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [Math.ceil(threads / workgroup), 1, 1],
    shaderKey: `${name} ${width} ${variableNames}`,
    uniforms: [
      ...integers.map(([name]) => `${name} : i32,`),
      ...floats.map(([name]) => `${name} : f32,`),
    ].join(" "),
    getUserCode: () => `
      alias T = ${width === 4 ? "vec4<f32>" : "f32"};
      ${functions}
      fn main(index : i32) {
        if (index >= uniforms.threads) { return; }
        ${main}
      }
    `,
  };
  const uniforms: Uniform[] = [
    ...integers.map(([, value]) => ({ type: "int32" as const, data: [value] })),
    ...floats.map(([, value]) => ({ type: "float32" as const, data: [value] })),
  ];
  return { program, uniforms };
}
