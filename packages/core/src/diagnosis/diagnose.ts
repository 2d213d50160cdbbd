import type { Moments } from "../moments.ts";
import type { BatchNormState } from "../state.ts";
import type { Problem } from "./check.ts";
import { layerChecks } from "./layer-checks.ts";
import { type DiagnosisLimits, resolveLimits } from "./limits.ts";
import { statisticsChecks } from "./statistics-checks.ts";
import { subjectOf } from "./subject.ts";

/** One thing that is wrong with a layer, and what to do about it. */
export interface Finding {
  /** The layer's name. */
  readonly layer: string;
  /** Which channels, in their order; all of them where it concerns the layer as a whole. */
  readonly channels: readonly number[];
  /** What is wrong, as a stable name. */
  readonly problem: Problem;
  /** The number that is wrong, of the channel where it is worst. */
  readonly value: number;
  /** What is wrong, as a sentence with the number. */
  readonly message: string;
  /** What to do. */
  readonly advice: string;
}

/**
 * What is wrong with a layer, by its state and, if given, the moments of data that reach it.
 *
 * @param state - The layer's; NaN, infinite and negative numbers per channel, or what JSON makes of
 * them, are findings and not errors.
 * @param moments - Of a batch, or of a whole data set, at the layer's input. Empty ones count as none.
 * @param limits - Where another line is to be drawn than {@link defaultLimits} does.
 * @returns the findings, one per problem, always in the same order; `[]` for a healthy layer.
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` or `ERR_BATCHNORM_OPTION` for a malformed state;
 * `ERR_BATCHNORM_SHAPE` or `ERR_BATCHNORM_DTYPE` for malformed moments; `ERR_BATCHNORM_OPTION` for
 * limits.
 */
export function diagnose(
  state: BatchNormState,
  moments?: Moments | null,
  limits: Partial<DiagnosisLimits> = {},
): Finding[] {
  const subject = subjectOf(state, moments ?? null, resolveLimits(limits));
  const findings: Finding[] = [];
  for (const { problem, measure, badness = Math.abs, says, advice } of [
    ...layerChecks,
    ...statisticsChecks,
  ]) {
    const values = Array.from({ length: state.channels }, (_, c) => measure(subject, c));
    const channels = [...values.keys()].filter((c) => values[c] !== null);
    if (channels.length === 0) continue;
    const found = channels.map((c) => values[c] as number);
    const value = found.reduce((a, b) => (badness(b) > badness(a) ? b : a));
    const message = `${named(channels, state.channels)}: ${says(value, subject)}`;
    findings.push({ layer: state.name, channels, problem, value, message, advice });
  }
  return findings;
}

/** The most channels a sentence lists; the finding itself has all of them. */
const mostNamed = 5;

function named(channels: readonly number[], total: number): string {
  if (channels.length === total) return total === 1 ? "the only channel" : "every channel";
  if (channels.length === 1) return `channel ${channels[0]}`;
  const listed = channels.slice(0, mostNamed).join(", ");
  const more = channels.length - mostNamed;
  return `channels ${listed}${more > 0 ? ` and ${more} more` : ""}`;
}
