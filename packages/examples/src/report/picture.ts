import type { Findings } from "../job.ts";

/** A picture of the report. */
export interface Picture {
  readonly id: string;
  readonly title: string;
  /** One sentence. */
  readonly says: string;
  /** What has to be typed to get it. */
  readonly command: string;
  /** As SVG, as wide as that. */
  draw(width: number): string;
}

/** Null where what it needs was not asked for. */
export type MakePicture = (findings: Findings) => Picture | null;

/** Below that a page is a phone's. */
export const isNarrow = (width: number): boolean => width < 600;

export const count = (value: number): string => value.toLocaleString("en");
