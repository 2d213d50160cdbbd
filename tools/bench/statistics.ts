/** What is known of a contender after a round: its time, or nothing when it sat the round out. */
export type Series = readonly (number | undefined)[];

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function summary(series: Series) {
  const values = series.filter((value) => value !== undefined);
  return {
    medianMs: median(values),
    minMs: Math.min(...values),
    maxMs: Math.max(...values),
    repeats: values.length,
  };
}

/**
 * The median of what two contenders' times in the same round divide to: noise that lasts longer than a
 * round hits both, and cancels. Null when they share no round.
 */
export function ratioOf(numerator: Series, denominator: Series | undefined): number | null {
  const ratios = numerator.flatMap((value, round) => {
    const other = denominator?.[round];
    return value === undefined || other === undefined ? [] : [value / other];
  });
  return ratios.length ? median(ratios) : null;
}

/** Adds up series, each so many times, round by round. */
export function weightedSum(terms: readonly { readonly series: Series; readonly times: number }[]) {
  const rounds = Math.max(0, ...terms.map(({ series }) => series.length));
  return Array.from({ length: rounds }, (_, round) => {
    const values = terms.map(({ series }) => series[round]);
    if (values.includes(undefined)) return undefined;
    return terms.reduce((sum, { times }, i) => sum + times * (values[i] as number), 0);
  });
}
