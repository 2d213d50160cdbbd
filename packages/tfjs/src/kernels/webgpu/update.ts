import { type Language, nextAverage, nextProgress, type Rule } from "../update-rule.ts";
import { type Launch, launchOf, type Told } from "./program.ts";

const wgsl: Language = {
  number: (name, value) => `let ${name} = ${value};`,
  choose: (condition, yes, no) => `select(${no}, ${yes}, ${condition})`,
  uniform: (name) => `uniforms.${name}`,
};

const toldOf = ({ channels, momentum, rate, correction }: Rule): Told => ({
  i32: { channels },
  f32: { momentum, rate, correction },
});

/** Whether every channel's variance is finite; where a mean is not, its variance is not either. */
const allFinite = `
  fn allFinite() -> bool {
    for (var channel = 0; channel < uniforms.channels; channel++) {
      let variance = VARIANCE[channel] * uniforms.correction;
      if ((bitcast<u32>(variance) & 0x7f800000u) == 0x7f800000u) { return false; }
    }
    return true;
  }
`;

export function progressLaunch(rule: Rule, names: string[]): Launch {
  const { before, components } = nextProgress(rule, wgsl);
  return launchOf(
    `BatchNormProgress ${rule.weighing}`,
    names,
    { threads: 1, outputs: 4, width: 1 },
    toldOf(rule),
    `
      let progress = PROGRESS[0];
      let entered = ${rule.skip ? "select(0.0, 1.0, allFinite())" : "1.0"};
      ${before}
      ${components.map((value, i) => `setOutputAtIndex(${i}, ${value});`).join("\n")}
    `,
    rule.skip ? allFinite : "",
  );
}

export function averageLaunch(rule: Rule, names: string[]): Launch {
  const { before, value } = nextAverage(rule, wgsl);
  const batch = names.includes("MEAN")
    ? "MEAN[index] + MEANLOW[index]"
    : "VARIANCE[index] * uniforms.correction";
  return launchOf(
    `BatchNormAverage ${rule.weighing}`,
    names,
    { threads: rule.channels, width: 1 },
    toldOf(rule),
    `
      let progress = PROGRESS[0];
      ${rule.skip ? "let next = NEXT[0];" : ""}
      let old = RUNNING[index];
      let batch = ${batch};
      ${before}
      setOutputAtIndex(index, ${value});
    `,
  );
}
