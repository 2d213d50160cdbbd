// How a batch enters the running statistics, in words that GLSL and WGSL share: as running.ts has it.
import type { UpdateAttributes } from "./kernel.ts";

/** The rule as programs are made for it, and told of it. */
export interface Rule {
  readonly channels: number;
  readonly weighing: "constant" | "first-batch" | "debiased" | "cumulative";
  readonly skip: boolean;
  /** What is left of the old value, and what a batch weighs in the new one, before debiasing. */
  readonly momentum: number;
  readonly rate: number;
  readonly correction: number;
}

export function ruleOf(
  { momentum, start, correction, skip }: UpdateAttributes,
  channels: number,
): Rule {
  const rest = { channels, skip, correction };
  if (momentum === "cumulative") return { ...rest, weighing: momentum, momentum: 0, rate: 0 };
  const weighing = start === "zero-one" ? "constant" : start;
  // Taken on the device, 1 − 0.9999 would be off by a part in 6,000.
  return { ...rest, weighing, momentum, rate: 1 - momentum };
}

/** What the two languages say differently. */
export interface Language {
  /** Declares a number. */
  number(name: string, value: string): string;
  choose(condition: string, yes: string, no: string): string;
  /** What the program is told. */
  uniform(name: "momentum" | "rate"): string;
}

/** 2^24, where progress.ts has the updates start over. */
const limit = "16777216.0";

/** Declares `decay` and `gain`, momentum and rate as they are for this batch, and what that weighs. */
function weigh({ weighing }: Rule, { number, choose, uniform }: Language): string {
  const [momentum, rate] = [uniform("momentum"), uniform("rate")];
  const [decay, gain] = {
    constant: [momentum, rate],
    debiased: [momentum, rate],
    "first-batch": [
      choose("updates == 0.0", "0.0", momentum),
      choose("updates == 0.0", "1.0", rate),
    ],
    cumulative: ["updates / (updates + 1.0)", "1.0 / (updates + 1.0)"],
  }[weighing] as [string, string];
  return `
    ${number("updates", `progress.x + progress.w * ${limit}`)}
    ${number("decay", decay)}
    ${number("gain", gain)}
    ${number("added", "(1.0 - progress.y) * gain")}
  `;
}

/**
 * The next progress, number by number, from the vector `progress` and from `entered`, 1 or 0: what it
 * is made of, and its components.
 */
export function nextProgress(
  rule: Rule,
  language: Language,
): { before: string; components: string[] } {
  const { number, choose } = language;
  return {
    before: `
      ${weigh(rule, language)}
      ${number("counted", "progress.x + entered")}
      ${number("wrapped", choose(`counted >= ${limit}`, "1.0", "0.0"))}
    `,
    components: [
      `counted - wrapped * ${limit}`,
      "progress.y + entered * added",
      "progress.z + 1.0 - entered",
      "progress.w + wrapped",
    ],
  };
}

/**
 * The next mean or variance, from `old`, `batch`, `progress` and, where batches are skipped, the progress
 * after it, `next`: what it is made of, and the value.
 */
export function nextAverage(rule: Rule, language: Language): { before: string; value: string } {
  const { number, choose } = language;
  const isDebiased = rule.weighing === "debiased";
  // From the weightier of the two: only so float32 loses neither a small share, nor a small batch in a
  // large old value that it replaces.
  const toOld = "batch + (old - batch) * kept";
  const toBatch = "old + (batch - old) * share";
  // Where nothing of the old value is kept, not even a NaN is.
  const value = choose("kept == 0.0", "batch", choose("kept < 0.5", toOld, toBatch));
  return {
    before: `
      ${weigh(rule, language)}
      ${number("kept", isDebiased ? "decay * progress.y / (progress.y + added)" : "decay")}
      ${number("share", isDebiased ? "gain / (progress.y + added)" : "gain")}
    `,
    // Every batch that enters is counted.
    value: rule.skip ? choose("next.x == progress.x", "old", value) : value,
  };
}
