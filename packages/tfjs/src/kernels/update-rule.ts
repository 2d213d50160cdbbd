// How a batch enters the running statistics, in words that GLSL and WGSL share: as running.ts has it.
import { wrap } from "../progress.ts";
import type { UpdateAttributes } from "./kernel.ts";

/** The rule as programs are made for it, and told of it. */
export interface Rule {
  readonly channels: number;
  readonly weighing: Weighing;
  readonly skip: boolean;
  /** What a batch weighs in the new value before debiasing, where that is a constant. */
  readonly rate: number;
  readonly correction: number;
}

type Weighing = "constant" | "first-batch" | "debiased" | "cumulative";

/** 1 minus a momentum is taken here: on the device 1 − 0.9999 would be off by a part in 6,000. */
export function ruleOf(
  { momentum, start, correction, skip }: UpdateAttributes,
  channels: number,
): Rule {
  const rest = { channels, skip, correction };
  if (momentum === "cumulative") return { ...rest, weighing: momentum, rate: 0 };
  // Where nothing of the old value is kept, it does not matter how the first batch enters.
  const isConstant = start === "zero-one" || momentum === 0;
  return { ...rest, weighing: isConstant ? "constant" : start, rate: 1 - momentum };
}

/** Tells programs apart that are made for different rules. */
export const suffixOf = ({ weighing, skip }: Rule): string => `${weighing}${skip ? "Skip" : ""}`;

/** What the two languages say differently. */
export interface Language {
  /** Declares a number. */
  number(name: string, value: string): string;
  choose(condition: string, yes: string, no: string): string;
  /** What the program is told. */
  uniform(name: "rate"): string;
}

const limit = `${wrap}.0`;

/** Declares `gain`, what the batch weighs before debiasing, and `added`, what it adds to the weight. */
function gainOf({ weighing }: Rule, { number, choose, uniform }: Language): string {
  const rate = uniform("rate");
  const gain = {
    constant: rate,
    debiased: rate,
    "first-batch": choose("updates == 0.0", "1.0", rate),
    cumulative: "1.0 / (updates + 1.0)",
  };
  return `
    ${number("updates", `progress.x + progress.w * ${limit}`)}
    ${number("gain", gain[weighing])}
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
      ${gainOf(rule, language)}
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
 * The next mean or variance, from `old`, `batch`, `progress` and the progress after it, `next`: what it
 * is made of, and the value.
 */
export function nextAverage(rule: Rule, language: Language): { before: string; value: string } {
  const { number, choose } = language;
  // Exactly 1 for the first batch, or a large old value would be left in a small one.
  const debiased = choose("progress.y == 0.0", "1.0", "gain / (progress.y + added)");
  // From the weightier of the two: only so float32 loses neither a small share, nor a small batch.
  const near = "batch + (old - batch) * (1.0 - share)";
  const far = "old + (batch - old) * share";
  // Where nothing of the old value is kept, not even a NaN is.
  const value = choose("share == 1.0", "batch", choose("share > 0.5", near, far));
  return {
    before: `
      ${gainOf(rule, language)}
      ${number("share", rule.weighing === "debiased" ? debiased : "gain")}
    `,
    // Every batch that enters is counted.
    value: rule.skip ? choose("next.x == progress.x", "old", value) : value,
  };
}
