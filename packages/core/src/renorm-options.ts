import { refuse } from "./errors.ts";

/** How Batch Renormalization clips its corrections, and how fast it forgets. */
export interface RenormOptions {
  /** Least r; default 0. */
  readonly rmin?: number | undefined;
  /** Largest r, ≥ rmin; default Infinity. */
  readonly rmax?: number | undefined;
  /** Largest |d|, ≥ 0; default Infinity. */
  readonly dmax?: number | undefined;
  /** Weight of the old value in the averages that correct, in [0, 1]; default 0.99. */
  readonly momentum?: number | undefined;
}

export type ResolvedRenormOptions = { readonly [K in keyof RenormOptions]-?: number };

const defaults: ResolvedRenormOptions = { rmin: 0, rmax: Infinity, dmax: Infinity, momentum: 0.99 };

/** @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for an unknown key, rmax < rmin, dmax < 0, … */
export function resolveRenorm(options: RenormOptions): ResolvedRenormOptions {
  if (typeof options !== "object" || options === null) {
    refuse("ERR_BATCHNORM_OPTION", "renorm must be an object", options);
  }
  const resolved: Record<string, number> = { ...defaults };
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(defaults, key)) {
      const known = Object.keys(defaults).join(", ");
      refuse("ERR_BATCHNORM_OPTION", `an option of renorm must be one of ${known}`, key);
    }
    if (value !== undefined) resolved[key] = value;
  }
  const { rmin, rmax, dmax, momentum } = resolved as ResolvedRenormOptions;
  // Written so that NaN and what is no number fail too.
  const check = (holds: boolean, rule: string, received: unknown): void => {
    if (!holds) refuse("ERR_BATCHNORM_OPTION", rule, received);
  };
  check(typeof rmin === "number" && rmin >= 0, "renorm.rmin must be ≥ 0", rmin);
  check(typeof rmax === "number" && rmax >= rmin, "renorm.rmax must be ≥ rmin", rmax);
  check(typeof dmax === "number" && dmax >= 0, "renorm.dmax must be ≥ 0", dmax);
  const inRange = typeof momentum === "number" && momentum >= 0 && momentum <= 1;
  check(inRange, "renorm.momentum must lie in [0, 1]", momentum);
  return { rmin, rmax, dmax, momentum };
}
