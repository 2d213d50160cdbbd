import type { Lanes, Texels } from "./texels.ts";

/** A fragment program as TF.js's WebGL backend runs it, on packed textures. */
export interface Program {
  readonly variableNames: string[];
  readonly outputShape: number[];
  readonly userCode: string;
  readonly packedInputs: true;
  readonly packedOutput: true;
  /** Sizes come as uniforms: another batch size needs no other program. */
  readonly enableShapeUniforms: true;
  readonly customUniforms: { name: string; type: "int" | "float" }[];
}

/** What every program is told, in this order. */
export interface Settings {
  readonly units: number;
  readonly inner: number;
  readonly steps: number;
  readonly columns: number;
  readonly rows: number;
  readonly pairs: number;
  /** How many threads share the texels of a unit, and how many share its sample. */
  readonly groups: number;
  readonly sampleGroups: number;
  /** One texel of so many is in the sample. */
  readonly sampleStride: number;
  readonly count: number;
  readonly epsilon: number;
}

const integers = [
  "units",
  "inner",
  "steps",
  "columns",
  "rows",
  "pairs",
  "groups",
  "sampleGroups",
  "sampleStride",
] as const;
const floats = ["count", "epsilon"] as const;

/** The values of the uniforms, as `runWebGLProgram` takes them. */
export const uniformsOf = (settings: Settings): number[][] => [
  ...[...integers, ...floats].map((name) => [settings[name]]),
  [1],
];

/** The texel of an input at a place, as GLSL. */
export const texel = (name: string, at: string): string => `texel(${name}, ${name}TexShape, ${at})`;

/** Two values per channel of a pair, spread over the four of a texel. */
const spread: Record<Lanes, string> = {
  columns: "pair.xyxy",
  rows: "pair.xxyy",
  whole: "vec4(unit % 2 == 0 ? pair.x : pair.y)",
};

/** The values of a texel added up by channel; `low` is what their rounding left out. */
const fold: Record<Lanes, string> = {
  columns: "return plus(v.xy, v.zw, rest) + (rest + (low.xy + low.zw));",
  rows: "return plus(v.xz, v.yw, rest) + (rest + (low.xz + low.yw));",
  whole: `
    vec2 halves = plus(v.xy, v.zw, rest), all = plus(halves, halves.yx, other);
    return all + (other + dot(rest, vec2(1.0)) + dot(low, vec4(1.0)));
  `,
};

/** `a + b`, and what its rounding leaves out (Knuth), of vectors of a type. */
const plus = (type: string): string => `
  ${type} plus(${type} a, ${type} b, out ${type} rest) {
    ${type} sum = a + b, part = sum * one - a;
    rest = (a - (sum * one - part)) + (b - part);
    return sum;
  }
`;

const prelude = ({ lanes }: Texels): string => `
  vec4 texel(sampler2D source, ivec2 texShape, int at) {
    int width = (texShape.y + 1) / 2;
    return texelFetch(source, ivec2(at % width, at / width), 0);
  }
  int here() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    return at.y * ((outTexShape.y + 1) / 2) + at.x;
  }
  int pairOf(int unit) { return ${lanes === "whole" ? "unit / 2" : "unit"}; }
  vec4 spread(vec2 pair, int unit) { return ${spread[lanes]}; }
  // one is 1, which a compiler cannot know: so it cannot find that the rest is 0 in real numbers.
  ${plus("vec2")}
  ${plus("vec4")}
  void add(inout vec4 sum, inout vec4 low, vec4 term) {
    vec4 rest;
    sum = plus(sum, term, rest);
    low += rest;
  }
  vec2 fold(vec4 v, vec4 low) { vec2 rest, other; ${fold[lanes]} }
`;

/** Makes a program of the body of its `main`, and of functions that it calls. */
export function program(
  name: string,
  variableNames: string[],
  outputShape: number[],
  texels: Texels,
  main: string,
  functions = "",
): Program {
  return {
    variableNames,
    outputShape,
    packedInputs: true,
    packedOutput: true,
    enableShapeUniforms: true,
    customUniforms: [
      ...integers.map((name) => ({ name, type: "int" as const })),
      ...[...floats, "one"].map((name) => ({ name, type: "float" as const })),
    ],
    userCode: `// ${name}
      ${prelude(texels)}
      ${functions}
      void main() {
        ${main}
      }
    `,
  };
}

/** A program of one value per channel; `pair` is the place of the two that `main` sets. */
export const perChannelProgram = (
  name: string,
  variableNames: string[],
  texels: Texels,
  main: string,
  functions = "",
): Program =>
  program(name, variableNames, [texels.channels], texels, `int pair = here(); ${main}`, functions);

/** A program of x's shape; `at` is the place of the texel that `main` sets, of channels in `unit`. */
export const elementwiseProgram = (
  name: string,
  variableNames: string[],
  texels: Texels,
  main: string,
): Program =>
  program(
    name,
    variableNames,
    texels.shape,
    texels,
    `int at = here(); int unit = ${texels.lanes === "columns" ? "at" : "(at / inner)"} % units; ${main}`,
  );

/** One value per channel, spread over the texel of a unit, as GLSL. */
export const perChannel = (name: string): string =>
  `spread(${texel(name, "pairOf(unit)")}.xy, unit)`;
