import { refuse } from "../errors.ts";
import { requireFields, requireVersion } from "../saved.ts";

/** Which of the three classic scalings. */
export type ScalingKind = ScalingState["kind"];

/** What every fitted scaling holds, as plain JSON; arrays have one value per channel. */
interface FittedRange {
  /** Of this format. */
  readonly version: 1;
  readonly channels: number;
  /** The smallest and the largest value that was fitted to, in units of x. */
  readonly minimum: readonly number[];
  readonly maximum: readonly number[];
}

/** A fitted {@link Scaling} as plain JSON. */
export type ScalingState =
  | (FittedRange & {
      readonly kind: "z-score";
      /** In units of x; what its rounding left out is in `meanLow`. */
      readonly mean: readonly number[];
      readonly meanLow: readonly number[];
      /** √(Σ(x − mean)² / m), in units of x; 0 where there is one value only. */
      readonly deviation: readonly number[];
    })
  | (FittedRange & {
      readonly kind: "min-max";
      /** What minimum and maximum are brought to. */
      readonly range: readonly [low: number, high: number];
    })
  | (FittedRange & {
      readonly kind: "decimal";
      /** The power of ten that x is divided by. */
      readonly exponent: readonly number[];
    });

const common = ["version", "kind", "channels", "minimum", "maximum"];
const fields: Readonly<Record<ScalingKind, readonly string[]>> = {
  "z-score": ["mean", "meanLow", "deviation"],
  "min-max": ["range"],
  decimal: ["exponent"],
};

/** @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for another kind. */
export function requireKind(kind: unknown): asserts kind is ScalingKind {
  if (typeof kind !== "string" || !Object.hasOwn(fields, kind)) {
    refuse("ERR_BATCHNORM_OPTION", `kind must be one of ${Object.keys(fields).join(", ")}`, kind);
  }
}

/** @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for no two numbers, or a bad distance of them. */
export function requireRange(range: unknown): asserts range is readonly [number, number] {
  const pair = Array.isArray(range) && range.length === 2 && Array.from(range).every(isNumber);
  const width = pair ? range[1] - range[0] : 0;
  if (!(width > 0 && width < Number.POSITIVE_INFINITY)) {
    const rule = "range must be two finite numbers, the lower first, a finite distance apart";
    refuse("ERR_BATCHNORM_OPTION", rule, range);
  }
}

/**
 * Checks that an unknown value, say parsed JSON, is a scaling's state that can be computed with.
 *
 * @returns the same object, typed.
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE` naming the field: one that is missing or unknown, of
 * the wrong length, not finite, or at odds with another. `ERR_BATCHNORM_OPTION` for kind or range.
 */
export function parseScalingState(value: unknown): ScalingState {
  requireVersion("a scaling's state", value);
  const state = value as ScalingState;
  requireKind(state.kind);
  requireFields(`a ${state.kind} state`, state, [...common, ...fields[state.kind]]);
  const { channels, minimum, maximum } = state;
  const counts = Number.isSafeInteger(channels) && channels >= 1;
  requireField("channels", "be an integer ≥ 1", channels, counts);
  const each = (field: string, rule: string, holds: (value: number, c: number) => boolean): void =>
    requireEach(state, field, rule, holds);
  each("minimum", "be finite", () => true);
  each("maximum", "be finite, and no less than the minimum", (v, c) => v >= (minimum[c] as number));
  if (state.kind === "min-max") requireRange(state.range);
  if (state.kind === "decimal") {
    // 1.8e308 is below 10^309; 5e-324 is below 10^-323.
    const rule = "be an integer in [-323, 309]";
    each("exponent", rule, (v) => Number.isInteger(v) && v >= -323 && v <= 309);
  }
  if (state.kind === "z-score") {
    each("mean", "be finite", () => true);
    each("meanLow", "be finite", () => true);
    const rule = "be finite, 0 where minimum and maximum are equal and positive elsewhere";
    each("deviation", rule, (v, c) => (minimum[c] === maximum[c] ? v === 0 : v > 0));
  }
  return state;
}

function requireEach(
  state: ScalingState,
  field: string,
  rule: string,
  holds: (value: number, c: number) => boolean,
): void {
  const values: unknown = Reflect.get(state, field);
  const fits = Array.isArray(values) && values.length === state.channels;
  requireField(field, `be an array of ${state.channels}`, values, fits);
  for (const [c, value] of (values as unknown[]).entries()) {
    requireField(`${field}[${c}]`, rule, value, isNumber(value) && holds(value, c));
  }
}

const isNumber = (value: unknown): value is number => Number.isFinite(value);

function requireField(field: string, rule: string, received: unknown, holds: boolean): void {
  if (!holds) refuse("ERR_BATCHNORM_STATE", `${field} of a scaling must ${rule}`, received);
}
