/** A cache line, which vectors should not straddle. */
const alignment = 64;

/** Hands out offsets, one behind the other. */
export interface Room {
  /** The offset of so many bytes, a multiple of 64. */
  take(bytes: number): number;
  /** What has been handed out. */
  readonly end: number;
}

export function roomFrom(start: number): Room {
  let end = start;
  return {
    take(bytes) {
      const offset = end;
      end += Math.ceil(bytes / alignment) * alignment;
      return offset;
    },
    get end() {
      return end;
    },
  };
}
