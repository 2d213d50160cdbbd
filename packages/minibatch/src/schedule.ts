import { refuse } from "@batchnorm/core";

/** When a rate is asked for. */
export interface Moment {
  /** Epochs that are over. */
  readonly epoch: number;
  /** Steps that are done, all epochs together. */
  readonly step: number;
  /** Mean loss of the last epoch that is over; null in the first. */
  readonly loss: number | null;
}

/**
 * The learning rate: a number; one for each epoch, of which the last one stays; or a function that is
 * asked before each step.
 */
export type Rate = number | readonly number[] | ((moment: Moment) => number);

/**
 * The rate at a moment.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_OPTION` when a function's result is no finite number ≥ 0.
 */
export function rateAt(rate: Rate, moment: Moment): number {
  if (typeof rate === "number") return rate;
  if (typeof rate !== "function") return rate[Math.min(moment.epoch, rate.length - 1)] as number;
  const value = rate(moment);
  if (!isRate(value)) {
    const where = `the rate at epoch ${moment.epoch}, step ${moment.step}`;
    refuse("ERR_BATCHNORM_OPTION", `${where} must be a finite number ≥ 0`, value);
  }
  return value;
}

/** @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for numbers that are no rates; a function is asked later. */
export function requireRate(rate: Rate): void {
  if (typeof rate === "function") return;
  if (typeof rate === "number") {
    if (!isRate(rate)) refuse("ERR_BATCHNORM_OPTION", "rate must be a finite number ≥ 0", rate);
    return;
  }
  if (!Array.isArray(rate) || rate.length === 0) {
    const rule = "rate must be a number, a list of one for each epoch, or a function";
    refuse("ERR_BATCHNORM_OPTION", rule, rate);
  }
  const bad = rate.findIndex((value) => !isRate(value));
  if (bad >= 0) {
    refuse("ERR_BATCHNORM_OPTION", `rate[${bad}] must be a finite number ≥ 0`, rate[bad]);
  }
}

const isRate = (value: unknown): value is number =>
  Number.isFinite(value) && (value as number) >= 0;
