import { refuse } from "../errors.ts";
import type { Momentum } from "../options.ts";
import { type Convention, type Peer, presetOf, type Role } from "./peer.ts";
import type { LayerArrays } from "./weights.ts";

/**
 * What a peer's settings are in our terms; the peer's defaults stand in for what is not given.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_OPTION` for a setting that is unknown, out of range, or
 * denied by the arrays.
 */
export function readSettings(
  peer: Peer,
  convention: Convention,
  settings: unknown,
  arrays: LayerArrays,
): { epsilon: number; momentum: Momentum } {
  if (typeof settings !== "object" || settings === null) {
    refuse("ERR_BATCHNORM_OPTION", `settings of ${peer} must be an object`, settings);
  }
  const { flags = {} } = convention;
  let { epsilon, momentum }: { epsilon: number; momentum: Momentum } = presetOf(peer);
  for (const [key, value] of Object.entries(settings)) {
    if (value === undefined) continue;
    if (key === convention.epsilon) {
      const holds = typeof value === "number" && Number.isFinite(value) && value >= 0;
      requireSetting(peer, key, "be a finite number ≥ 0", value, holds);
      epsilon = value as number;
    } else if (key === convention.momentum) {
      momentum = readMomentum(peer, convention, value);
    } else {
      const known = [convention.epsilon, convention.momentum, ...Object.keys(flags)];
      const rule = `be among ${known.filter(Boolean).join(", ") || "none"}`;
      requireSetting(peer, "a setting", rule, key, Object.hasOwn(flags, key));
      const there = hasAny(arrays, flags[key] as readonly Role[]);
      requireSetting(peer, key, `be ${there}, as the arrays are`, value, value === there);
    }
  }
  return { epsilon, momentum };
}

/**
 * The inverse. A momentum that the peer cannot have is left at its default.
 */
export function writeSettings(
  peer: Peer,
  convention: Convention,
  { epsilon, momentum }: { epsilon: number; momentum: Momentum },
  arrays: LayerArrays,
): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  if (convention.epsilon) settings[convention.epsilon] = epsilon;
  if (convention.momentum) {
    const theirs = momentum === "cumulative" ? convention.cumulative : momentum;
    const value = theirs === undefined ? presetOf(peer).momentum : theirs;
    const complemented = convention.weighsBatch && value !== null;
    settings[convention.momentum] = complemented ? complement(value) : value;
  }
  for (const [flag, roles] of Object.entries(convention.flags ?? {})) {
    settings[flag] = hasAny(arrays, roles);
  }
  return settings;
}

function readMomentum(peer: Peer, convention: Convention, value: unknown): Momentum {
  const { cumulative, weighsBatch } = convention;
  if (cumulative !== undefined && value === cumulative) return "cumulative";
  const rule = `lie in [0, 1]${cumulative === null ? " or be null" : ""}`;
  const holds = typeof value === "number" && value >= 0 && value <= 1;
  requireSetting(peer, String(convention.momentum), rule, value, holds);
  return weighsBatch ? complement(value as number) : (value as number);
}

/**
 * 1 − x. The 0.9 of PyTorch's 0.1 must become 0.1 again, and not 0.09999999999999998: of the numbers
 * that are as good, half the spacing of float64 below 1, take the one with 15 decimals.
 */
function complement(x: number): number {
  const exact = 1 - x;
  const short = Number(exact.toFixed(15));
  return Math.abs(1 - short - x) <= 2 ** -53 ? short : exact;
}

const hasAny = (arrays: LayerArrays, roles: readonly Role[]): boolean =>
  roles.some((role) => arrays[role] !== null);

function requireSetting(
  peer: Peer,
  name: string,
  rule: string,
  received: unknown,
  holds: boolean,
): void {
  if (!holds) refuse("ERR_BATCHNORM_OPTION", `${name} of ${peer} must ${rule}`, received);
}
