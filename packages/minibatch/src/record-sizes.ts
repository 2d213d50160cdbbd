// The sizes of what assembly/records.ts lays out.

/** Where the fields of a network begin, and behind its constants its places. */
export const netAt = 80;
export const placesAt = 576;
export const layerBytes = 104;
export const connectionBytes = 24;
