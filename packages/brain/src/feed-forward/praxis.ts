import { refuse } from "@batchnorm/core";

/**
 * How gamma and beta learn: as brain.js's own weights do by `MomentumRootMeanSquaredPropagation`, but
 * without regularization, which would pull gamma to 0.
 *
 *     m ← decayRate · m + (1 − decayRate) · g²;  w ← w − learningRate · clip(g) / √(m + smoothEps)
 */
export interface PraxisOptions {
  /** Default 0.01. */
  readonly learningRate?: number | undefined;
  /** In [0, 1). Default 0.999. */
  readonly decayRate?: number | undefined;
  /** Default 1e-8. */
  readonly smoothEps?: number | undefined;
  /** A gradient's size, at most. Default 5. */
  readonly clipValue?: number | undefined;
}

/** brain.js's own defaults. */
const defaults = { learningRate: 0.01, decayRate: 0.999, smoothEps: 1e-8, clipValue: 5 };

/** The memory of one parameter's gradients. */
export class Praxis {
  readonly settings: Required<{ readonly [K in keyof PraxisOptions]: number }>;
  readonly momenta: Float64Array;

  /** @param momenta - Those of a praxis that is resumed. */
  constructor(length: number, options: PraxisOptions = {}, momenta?: ArrayLike<number>) {
    // A praxis of brain.js has more options than ours.
    const { learningRate, decayRate, smoothEps, clipValue } = { ...defaults, ...options };
    this.settings = { learningRate, decayRate, smoothEps, clipValue } as Praxis["settings"];
    for (const [name, value] of Object.entries(this.settings)) {
      if (Number.isFinite(value) && value >= 0) continue;
      refuse("ERR_BATCHNORM_OPTION", `${name} of praxisOpts must be a finite number ≥ 0`, value);
    }
    this.momenta = momenta ? Float64Array.from(momenta) : new Float64Array(length);
  }

  learn(weights: Float64Array, gradients: Float64Array): void {
    const { learningRate, decayRate, smoothEps, clipValue } = this.settings;
    for (const [i, gradient] of gradients.entries()) {
      const momentum =
        decayRate * (this.momenta[i] as number) + (1 - decayRate) * gradient * gradient;
      const clipped = Math.max(-clipValue, Math.min(clipValue, gradient));
      this.momenta[i] = momentum;
      weights[i] =
        (weights[i] as number) - (learningRate * clipped) / Math.sqrt(momentum + smoothEps);
    }
  }
}
