import { elementwiseLaunch, perChannel, perChannelLaunch } from "./pass-program.ts";
import { type Launch, texel } from "./program.ts";
import type { Settings } from "./settings.ts";
import { sumLaunch, totals } from "./sums.ts";

/** `Σ dy` and `Σ dy · (x − mean)`. */
export const gradientSumsLaunch = (settings: Settings, names: string[]): Launch =>
  sumLaunch(settings, names, "all", {
    once: `
      vec4 mean = ${perChannel("MEAN")};
      vec4 meanLow = ${names.includes("MEANLOW") ? perChannel("MEANLOW") : "vec4(0.0)"};
    `,
    each: `
      vec4 first = ${texel("DY", "at")};
      vec4 second = first * (${texel("X", "at")} - mean - meanLow);
    `,
  });

/** `dbeta = Σ dy`. */
export const dbetaLaunch = (settings: Settings, names: string[]): Launch =>
  perChannelLaunch(settings, names, "setOutput(vec4(totals(pair).xy, 0.0, 0.0));", totals);

/** `dgamma = Σ dy · (x − mean) / √(variance + epsilon)`. */
export const dgammaLaunch = (settings: Settings, names: string[]): Launch =>
  perChannelLaunch(
    settings,
    names,
    `
      vec2 variance = ${texel("VARIANCE", "pair")}.xy;
      setOutput(vec4(totals(pair).zw / sqrt(variance + epsilon), 0.0, 0.0));
    `,
    totals,
  );

/** `dx = gamma · r · dy`, with statistics that are constants. */
export const inferenceDxLaunch = (settings: Settings, names: string[]): Launch =>
  elementwiseLaunch(
    settings,
    names,
    `
      vec4 r = 1.0 / sqrt(${perChannel("VARIANCE")} + epsilon);
      vec4 scale = r${names.includes("GAMMA") ? ` * ${perChannel("GAMMA")}` : ""};
      setOutput(scale * ${texel("DY", "at")});
    `,
  );
