import { perChannel, perChannelLaunch } from "./pass-program.ts";
import type { Launch } from "./program.ts";
import type { Settings } from "./settings.ts";

/** 1/√(variance + epsilon) of a channel. */
export const r = "1.0 / sqrt(VARIANCE[channel] + uniforms.epsilon)";

/**
 * What a program of x's shape needs to know of a channel: `(mean, scale, slope, offset)`. Without it each
 * thread would compute that anew; and a program may read no more than seven tensors, and dx depends on
 * eight.
 */
function coefficientsLaunch(
  name: string,
  settings: Settings,
  names: string[],
  rest: string,
): Launch {
  return perChannelLaunch(
    name,
    settings,
    names,
    `
      let r = ${r};
      let scale = ${perChannel("GAMMA", names, "1.0")} * r;
      let meanLow = ${perChannel("MEANLOW", names)};
      ${rest}
      setOutputAtIndex(4 * channel, MEAN[channel]);
      setOutputAtIndex(4 * channel + 1, scale);
      setOutputAtIndex(4 * channel + 2, slope);
      setOutputAtIndex(4 * channel + 3, offset);
    `,
    "",
    4,
  );
}

/** For `y = scale · (x − mean) + offset`. */
export const normalizingLaunch = (settings: Settings, names: string[]): Launch =>
  coefficientsLaunch(
    "BatchNormNormalizing",
    settings,
    names,
    `
      let slope = T(0.0);
      let offset = ${perChannel("BETA", names)} - meanLow * scale;
    `,
  );

/** For `dx = scale · dy + slope · (x − mean) + offset`. */
export const propagatingLaunch = (settings: Settings, names: string[]): Launch =>
  coefficientsLaunch(
    "BatchNormPropagating",
    settings,
    names,
    `
      let share = scale / f32(uniforms.count);
      let slope = -share * r * DGAMMA[channel];
      let offset = -share * DBETA[channel] - slope * meanLow;
    `,
  );
