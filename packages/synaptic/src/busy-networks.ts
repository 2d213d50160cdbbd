import { refuse } from "@batchnorm/core";

/** Networks that are being trained: what is written to one meanwhile would be lost when training ends. */
export const busyNetworks: WeakSet<object> = new WeakSet();

/** @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` while it trains. */
export function requireIdle(network: object): void {
  if (!busyNetworks.has(network)) return;
  const rule =
    "a network must do one thing at a time: await trainAsync, or stop it by its signal, or a schedule by true";
  refuse("ERR_BATCHNORM_UNSUPPORTED", rule, "a call while it trains");
}
