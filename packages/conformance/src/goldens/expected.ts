import { ConformanceError } from "../case.ts";
import { expectNumbers, type Tolerance } from "../tolerance.ts";
import type { Fields } from "./fields.ts";
import type { GoldenTensor } from "./tensor.ts";

/** float64 results of two right implementations differ by rounding alone. */
const float64 = { relative: 1e-12, absolute: 1e-15 };
/** What float64 goldens usually state; a looser one says that the golden itself cancels. */
const usual = 1e-9;
/** float32 results against exact numbers. */
const float32: Tolerance = { relative: 1e-6, absolute: 1e-6 };

/** A number that a golden expects, in the form that a subject answers in. */
export type Convert = (value: number, i: number) => number;

/** What a golden case expects, and how close one has to come. */
export class Expected {
  readonly #case: Fields;
  readonly #expected: Fields;
  /** The best source of each: exact, else recomputed in float64. */
  readonly #exact: Fields | null;
  readonly #informational: boolean;
  readonly isNegativeExample: boolean;

  /**
   * @param known - What the op knows how to judge.
   * @throws {GoldenError} for another field, which nobody would judge, or none to judge by.
   */
  constructor(fields: Fields, known: readonly string[]) {
    this.#case = fields;
    this.#expected = fields.object("expected").restrictedTo(known);
    if (this.#expected.keys.length === 0) fields.refuse("expected", "must not be empty");
    const exact = ["expected_exact", "expected_f64"].find((key) => fields.has(key));
    this.#exact = exact === undefined ? null : fields.object(exact).restrictedTo(known);
    const tolerance = fields.has("tolerance") ? fields.object("tolerance") : null;
    this.#informational = tolerance?.flag("informational", false) ?? false;
    this.isNegativeExample = tolerance?.flag("negative_example", false) ?? false;
    if (this.#informational && !fields.has("expected_exact")) {
      fields.refuse("expected_exact", "must be there where expected is informational");
    }
    if (!this.isNegativeExample) this.#own("tolerance");
  }

  has(key: string): boolean {
    return this.#exact?.has(key) || (this.#expected.has(key) && !this.#informational);
  }

  get fields(): Fields {
    return this.#expected;
  }

  /** @throws {GoldenError} when it is no tensor of `length` values. */
  tensor(key: string, length?: number): GoldenTensor {
    const source = this.#exact?.has(key) ? this.#exact : this.#expected;
    return source.tensor(key, length);
  }

  /**
   * A judge of one expected tensor; read now, so that a malformed one is refused before any case runs.
   *
   * @param arrange - From the golden's arrangement to the subject's.
   */
  judge(
    key: string,
    length: number,
    arrange: (tensor: GoldenTensor) => Float64Array = ({ data }) => data,
  ): (received: ArrayLike<number> | null | undefined, convert?: Convert) => void {
    const tensor = this.tensor(key, length);
    const values = arrange(tensor);
    const tolerance = this.toleranceOf(key, values);
    return (received, convert) => {
      const expected = convert ? values.map(convert) : values;
      expectNumbers(key, received, expected, tolerance);
    };
  }

  /** How close a result has to come to `values`. */
  toleranceOf(key: string, values: ArrayLike<number>): Tolerance {
    if (this.isNegativeExample) return { relative: 1e-3, absolute: 1e-3 };
    const isExact = this.#exact?.has(key) ?? false;
    const exact = isExact && this.#case.has("tolerance_exact");
    const own = this.#own(exact ? "tolerance_exact" : "tolerance");
    if (this.#case.choice("dtype", ["float32", "float64"]) === "float64") {
      const strict = {
        relative: 0,
        absolute: float64.relative * largest(values) + float64.absolute,
      };
      if (own.relative <= usual) return strict;
      return { relative: own.relative, absolute: Math.max(own.absolute, strict.absolute) };
    }
    if (!isExact) return own;
    // A dx is what is left of terms as large as the largest of them: a float32 host rounds those.
    const absolute = key === "dx" ? float32.absolute * Math.max(1, largest(values)) : 0;
    return { ...float32, absolute: Math.max(float32.absolute, absolute) };
  }

  #own(key: "tolerance" | "tolerance_exact"): Tolerance {
    const fields = this.#case.object(key);
    return { relative: fields.number("rtol", 0, 1), absolute: fields.number("atol", 0, 1) };
  }
}

/** Asserts that a wrong answer is not given. */
export async function expectNoMatch(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof ConformanceError && error.worst !== null) return;
    throw error;
  }
  throw new ConformanceError("result", "other numbers than these wrong ones", "the same");
}

const largest = (values: ArrayLike<number>): number =>
  Array.from(values, Math.abs)
    .filter(Number.isFinite)
    .reduce((a, b) => Math.max(a, b), 0);
