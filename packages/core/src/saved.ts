import { refuse } from "./errors.ts";

/**
 * Checks that a saved value is an object of the version that is read: before its fields, since those of
 * another version may be others.
 *
 * @param name - Of what was saved: `a state`.
 * @throws {BatchNormError} `ERR_BATCHNORM_STATE`
 */
export function requireVersion(name: string, value: unknown): asserts value is object {
  requireObject(name, value);
  const version: unknown = Reflect.get(value, "version");
  if (version !== 1) refuse("ERR_BATCHNORM_STATE", `version of ${name} must be 1`, version);
}

/** Checks that a saved object has these fields and no other. @throws {BatchNormError} `ERR_BATCHNORM_STATE` */
export function requireFields(name: string, value: unknown, known: readonly string[]): void {
  requireObject(name, value);
  const missing = known.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) {
    refuse("ERR_BATCHNORM_STATE", `${name} must have the field ${missing}`, undefined);
  }
  const other = Object.keys(value).find((key) => !known.includes(key));
  if (other !== undefined) {
    refuse("ERR_BATCHNORM_STATE", `${name} of version 1 must have no other field`, other);
  }
}

function requireObject(name: string, value: unknown): asserts value is object {
  if (typeof value !== "object" || value === null) {
    refuse("ERR_BATCHNORM_STATE", `${name} must be an object`, value);
  }
}
