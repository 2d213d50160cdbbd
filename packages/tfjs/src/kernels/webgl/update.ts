import { type Language, nextAverage, nextProgress, type Rule } from "../update-rule.ts";
import { type Launch, launchOf, type Told, texel } from "./program.ts";

const glsl: Language = {
  number: (name, value) => `float ${name} = ${value};`,
  choose: (condition, yes, no) => `(${condition} ? ${yes} : ${no})`,
  uniform: (name) => name,
};

const toldOf = ({ channels, momentum, rate, correction }: Rule): Told => ({
  int: { channels },
  float: { momentum, rate, correction },
});

/** The four numbers of a progress, two in a texel. */
const numbers = (name: string): string => `vec4(${texel(name, "0")}.xy, ${texel(name, "1")}.xy)`;

/**
 * Whether every channel's variance is finite; where a mean is not, its variance is not either. Behind the
 * last channel there may be anything.
 */
const allFinite = `
  bool allFinite() {
    for (int at = 0; 2 * at < channels; at++) {
      vec2 variance = ${texel("VARIANCE", "at")}.xy * correction;
      if (2 * at + 1 == channels) variance.y = 0.0;
      uvec2 exponent = floatBitsToUint(variance) & 0x7f800000u;
      if (any(equal(exponent, uvec2(0x7f800000u)))) return false;
    }
    return true;
  }
`;

export function progressLaunch(rule: Rule, names: string[]): Launch {
  const { before, components } = nextProgress(rule, glsl);
  const [updates, weight, skipped, wraps] = components;
  return launchOf(
    names,
    [4],
    toldOf(rule),
    `
      vec4 progress = ${numbers("PROGRESS")};
      float entered = ${rule.skip ? "allFinite() ? 1.0 : 0.0" : "1.0"};
      ${before}
      vec2 next = here() == 0 ? vec2(${updates}, ${weight}) : vec2(${skipped}, ${wraps});
      setOutput(vec4(next, 0.0, 0.0));
    `,
    rule.skip ? allFinite : "",
  );
}

export function averageLaunch(rule: Rule, names: string[]): Launch {
  const { before, value } = nextAverage(rule, glsl);
  const read = (name: string): string => `${texel(name, "here()")}.xy`;
  const batch = names.includes("MEAN")
    ? `${read("MEAN")} + ${read("MEANLOW")}`
    : `${read("VARIANCE")} * correction`;
  return launchOf(
    names,
    [rule.channels],
    toldOf(rule),
    `
      vec4 progress = ${numbers("PROGRESS")};
      ${rule.skip ? `vec4 next = ${numbers("NEXT")};` : ""}
      vec2 old = ${read("RUNNING")};
      vec2 batch = ${batch};
      ${before}
      setOutput(vec4(${value}, 0.0, 0.0));
    `,
  );
}
