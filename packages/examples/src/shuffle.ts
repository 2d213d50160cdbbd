import seedrandom from "seedrandom";

/** The numbers 0 to length − 1 in an order that only the seed decides (Fisher and Yates). */
export function shuffled(length: number, seed: string): number[] {
  const random = seedrandom(seed);
  const order = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}
