import { type Groups, groupsOf } from "../groups.ts";
import type { PassAttributes } from "../kernel.ts";

/** What the programs over one x are told. */
export interface Settings extends PassAttributes, Groups {
  /** Values per channel, m. */
  readonly count: number;
}

export function settingsOf(_: readonly number[], attributes: PassAttributes): Settings {
  const count = attributes.outer * attributes.inner;
  return { ...attributes, ...groupsOf(count), count };
}
