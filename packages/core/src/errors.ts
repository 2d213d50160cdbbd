/** The stable, machine-readable reason why a call was refused. */
export type BatchNormErrorCode =
  /** An array's length or a tensor's rank does not fit. */
  | "ERR_BATCHNORM_SHAPE"
  /** The channel axis does not exist. */
  | "ERR_BATCHNORM_AXIS"
  /** An option is unknown or out of its range. */
  | "ERR_BATCHNORM_OPTION"
  /** Data are not of a floating type that can be computed with. */
  | "ERR_BATCHNORM_DTYPE"
  /** Too few values per channel: one in a training batch, which has no variance, or none to fit to. */
  | "ERR_BATCHNORM_TOO_FEW_VALUES"
  /** Data or a batch's statistics are NaN or infinite, and would poison what is made of them. */
  | "ERR_BATCHNORM_NON_FINITE"
  /** A saved state is malformed, or does not fit the layer it is loaded into. */
  | "ERR_BATCHNORM_STATE"
  /** A mask is not one 0 or 1 for each position. */
  | "ERR_BATCHNORM_MASK"
  /** Folding would not be exact. */
  | "ERR_BATCHNORM_FOLD"
  /** Something was asked of a layer before what it needs was there. */
  | "ERR_BATCHNORM_NOT_BUILT"
  /** A tensor was used after it had been freed. */
  | "ERR_BATCHNORM_DISPOSED"
  /** The host library cannot do this. */
  | "ERR_BATCHNORM_UNSUPPORTED";

/** Every error thrown by the `@batchnorm/*` packages. Nothing is half-changed after it. */
export class BatchNormError extends Error {
  override readonly name = "BatchNormError";
  readonly code: BatchNormErrorCode;

  constructor(code: BatchNormErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Throws with the message `RULE, got RECEIVED`, as in `momentum must lie in [0, 1], got 2`.
 *
 * @throws {BatchNormError} always, with the given code.
 */
export function refuse(code: BatchNormErrorCode, rule: string, received: unknown): never {
  throw new BatchNormError(code, `${rule}, got ${show(received)}`);
}

/** A short text for any value. */
function show(value: unknown, nested = false): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  if (ArrayBuffer.isView(value)) return `${tagOf(value)} of ${value.byteLength} bytes`;
  if (Array.isArray(value)) {
    if (nested || value.length > 8) return `an array of ${value.length}`;
    return `[${value.map((item) => show(item, true)).join(", ")}]`;
  }
  if (typeof value === "object" && value !== null) return `a value of type ${tagOf(value)}`;
  return typeof value === "function" ? "a function" : String(value);
}

/** `Float32Array` for a Float32Array: works across realms, where instanceof fails. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
