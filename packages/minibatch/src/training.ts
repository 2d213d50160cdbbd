import { refuse } from "@batchnorm/core";

/** What is told after each epoch. */
export interface Progress {
  /** Epochs that are over, of all calls together. */
  readonly epoch: number;
  /** Steps that are done, of all calls together. */
  readonly step: number;
  /** Mean loss, or cost, of the epoch's samples, each taken before the step that it led to. */
  readonly loss: number;
}

/** When training ends. */
export interface TrainOptions {
  /** At most so many more epochs; one that was begun counts. An integer ≥ 0; Infinity where something else ends it. */
  readonly epochs: number;
  /** Ends after an epoch whose mean loss is no more than that. */
  readonly errorThreshold?: number | undefined;
  /** Ends after an epoch for which it says true. */
  readonly until?: ((progress: Progress) => boolean) | undefined;
  /** Called after each epoch. A promise that it returns is waited for by `trainAsync`. */
  readonly onEpoch?: ((progress: Progress) => unknown) | undefined;
  /** An AbortSignal: ends before the next epoch; with `trainAsync` within milliseconds, inside an epoch too. */
  readonly signal?: { readonly aborted: boolean } | undefined;
}

/** How training ended. */
export interface TrainResult {
  /** Epochs that this call brought to their end. */
  readonly epochs: number;
  /** Mean loss of the last epoch that is over; null when none is. */
  readonly loss: number | null;
  readonly stoppedBy: "epochs" | "errorThreshold" | "until" | "signal";
}

const keys = ["epochs", "errorThreshold", "until", "onEpoch", "signal"];

/** @throws {BatchNormError} `ERR_BATCHNORM_OPTION` naming what is unknown or out of range. */
export function requireTrainOptions(options: TrainOptions): void {
  if (typeof options !== "object" || options === null) {
    refuse("ERR_BATCHNORM_OPTION", "options must be an object", options);
  }
  for (const key of Object.keys(options)) {
    if (keys.includes(key)) continue;
    refuse("ERR_BATCHNORM_OPTION", `an option must be one of ${keys.join(", ")}`, key);
  }
  const { epochs, errorThreshold = 0 } = options;
  if (epochs !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(epochs) && epochs >= 0)) {
    refuse("ERR_BATCHNORM_OPTION", "epochs must be an integer ≥ 0, or Infinity", epochs);
  }
  if (typeof errorThreshold !== "number" || Number.isNaN(errorThreshold)) {
    refuse("ERR_BATCHNORM_OPTION", "errorThreshold must be a number", errorThreshold);
  }
  for (const key of ["until", "onEpoch"] as const) {
    const value = options[key];
    if (value === undefined || typeof value === "function") continue;
    refuse("ERR_BATCHNORM_OPTION", `${key} must be a function`, value);
  }
}

/** Whether an epoch may change what comes after it, or somebody wants to hear of each. */
export function asksAfterEach({ signal, until, onEpoch }: TrainOptions): boolean {
  return Boolean(signal || until || onEpoch);
}
