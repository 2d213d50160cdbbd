import { type Groups, groupsOf } from "../groups.ts";
import type { PassAttributes } from "../kernel.ts";
import type { Width } from "./program.ts";

/** What the programs over one x are told. */
export interface Settings extends PassAttributes, Groups {
  /** Values per channel, m. */
  readonly count: number;
  /** How many channels a thread takes at once: those of neighbours in memory, where there are four. */
  readonly width: Width;
}

export function settingsOf(_: readonly number[], attributes: PassAttributes): Settings {
  const { outer, channels, inner } = attributes;
  const count = outer * inner;
  const width = inner === 1 && channels % 4 === 0 ? 4 : 1;
  return { ...attributes, ...groupsOf(count), count, width };
}
