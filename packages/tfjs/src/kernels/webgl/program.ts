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

/** What a program is told beside its inputs, by the names that its code has for it. */
export interface Told {
  readonly int?: Readonly<Record<string, number>>;
  readonly float: Readonly<Record<string, number>>;
}

/** A program, and the values of its uniforms as `runWebGLProgram` takes them. */
export interface Launch {
  readonly program: Program;
  readonly uniforms: number[][];
}

/** The texel of an input at a place, as GLSL. */
export const texel = (name: string, at: string): string => `texel(${name}, ${name}TexShape, ${at})`;

const places = `
  vec4 texel(sampler2D source, ivec2 texShape, int at) {
    int width = (texShape.y + 1) / 2;
    return texelFetch(source, ivec2(at % width, at / width), 0);
  }
  int here() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    return at.y * ((outTexShape.y + 1) / 2) + at.x;
  }
`;

/** Makes a program of the body of its `main`, and of functions that it calls. */
export function launchOf(
  variableNames: string[],
  outputShape: number[],
  told: Told,
  main: string,
  functions = "",
): Launch {
  const uniforms = (["int", "float"] as const).flatMap((type) =>
    Object.entries(told[type] ?? {}).map(([name, value]) => ({ name, type, value })),
  );
  return {
    program: {
      variableNames,
      outputShape,
      packedInputs: true,
      packedOutput: true,
      enableShapeUniforms: true,
      customUniforms: uniforms.map(({ name, type }) => ({ name, type })),
      userCode: `// BatchNorm of ${variableNames}
        ${places}
        ${functions}
        void main() {
          ${main}
        }
      `,
    },
    uniforms: uniforms.map(({ value }) => [value]),
  };
}
