/** A share in [0, 1], to be read. */
export const percent = (share: number | undefined): string =>
  `${(100 * (share ?? 0)).toFixed(1)} %`;
