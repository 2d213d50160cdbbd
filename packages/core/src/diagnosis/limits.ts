import { refuse } from "../errors.ts";

/** Where `diagnose` draws its lines. */
export interface DiagnosisLimits {
  /** |gamma| at or below which a channel is dead. Default 1e-3, a thousandth of the initial 1. */
  readonly deadGamma: number;
  /** |gamma| from which a channel explodes. Default 100, a hundred times the initial 1. */
  readonly explodingGamma: number;
  /** Updates below which running statistics are not warmed up. Default 10. */
  readonly fewUpdates: number;
  /** What the initial 0 and 1 may weigh. Default 0.01: 459 updates at momentum 0.99. */
  readonly initialShare: number;
  /**
   * Values per channel below which statistics are too noisy. Default 8, where the variance is known
   * to √(2/7) = 53 % and Batch Normalization is known to suffer (Wu & He 2018, figure 1).
   */
  readonly fewValues: number;
  /** How far means may lie apart, sampling error aside, in running deviations. Default 0.5. */
  readonly meanShift: number;
  /** The ratio of variances, either way, that is let pass, sampling error aside. Default 2. */
  readonly varianceRatio: number;
  /**
   * How many standard errors count as sampling error. Default 5: of a million healthy channels with
   * normal data, one would be reported.
   */
  readonly standardErrors: number;
  /**
   * |mean| / deviation above which float32 is too coarse. Default 16,777 = 1e-3 · 2^24: rounding
   * x to float32 alone moves xHat by up to 1e-3 then.
   */
  readonly meanToDeviation: number;
  /** epsilon / variance from which epsilon dominates. Default 0.25: xHat's deviation is 0.89. */
  readonly epsilonShare: number;
}

/** Where `diagnose` draws its lines when nobody says. */
export const defaultLimits: DiagnosisLimits = /* @__PURE__ */ Object.freeze({
  deadGamma: 1e-3,
  explodingGamma: 100,
  fewUpdates: 10,
  initialShare: 0.01,
  fewValues: 8,
  meanShift: 0.5,
  varianceRatio: 2,
  standardErrors: 5,
  meanToDeviation: 1e-3 * 2 ** 24,
  epsilonShare: 0.25,
});

/** @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for an unknown limit, or no number ≥ 0. */
export function resolveLimits(limits: Partial<DiagnosisLimits>): DiagnosisLimits {
  const resolved: Record<string, number> = { ...defaultLimits };
  for (const [key, value] of Object.entries(limits)) {
    if (!Object.hasOwn(defaultLimits, key)) {
      const known = Object.keys(defaultLimits).join(", ");
      refuse("ERR_BATCHNORM_OPTION", `a limit must be one of ${known}`, key);
    }
    if (value === undefined) continue;
    if (typeof value !== "number" || !(value >= 0)) {
      refuse("ERR_BATCHNORM_OPTION", `${key} must be a number ≥ 0`, value);
    }
    resolved[key] = value;
  }
  return resolved as unknown as DiagnosisLimits;
}
