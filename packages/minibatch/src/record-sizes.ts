// The sizes of what assembly/records.ts lays out.

/** Where the fields of a network begin, and behind its constants its places. */
export const netAt = 80;
export const placesAt = 576;
export const layerBytes = 112;
export const connectionBytes = 24;

/** Where a course has its samples' order. */
export const orderAt = 80;
export const courseBytes = (samples: number): number => orderAt + 4 * samples;
