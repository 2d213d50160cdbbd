import { BatchNormError } from "@batchnorm/core";
import type { StockLayer } from "../stock.ts";

/** @throws {BatchNormError} `ERR_BATCHNORM_FOLD`, always: what a layer cannot be, why, and the way out. */
export function refuseFold({ name }: StockLayer, rest: string): never {
  throw new BatchNormError("ERR_BATCHNORM_FOLD", `${name} cannot be ${rest}`);
}
