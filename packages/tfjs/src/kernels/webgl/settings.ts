import { type Groups, groupsOf } from "../groups.ts";
import type { PassAttributes } from "../kernel.ts";
import { type Texels, texelsOf } from "./texels.ts";

/** What the programs over one x are made for, and told. */
export interface Settings extends Texels, Groups {
  readonly epsilon: number;
}

export function settingsOf(
  shape: readonly number[],
  { epsilon, ...layout }: PassAttributes,
): Settings {
  const texels = texelsOf(shape, layout);
  return { ...texels, ...groupsOf(texels.steps), epsilon };
}
