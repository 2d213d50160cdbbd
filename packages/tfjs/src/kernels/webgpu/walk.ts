import { passLaunch } from "./pass-program.ts";
import type { Launch } from "./program.ts";
import type { Settings } from "./settings.ts";

/**
 * A program of threads that each take every so many number of one channel. Neighbouring threads read
 * neighbouring numbers, wherever the channels are.
 *
 * @param groups - How many threads share the numbers of a channel.
 * @param stride - All of them take one in so many, as WGSL.
 * @param outputs - How many numbers the program gives of each channel.
 * @param parts - WGSL over `channel` and `group`, before and after the loop, and over `at` in it.
 */
export function walkLaunch(
  name: string,
  settings: Settings,
  names: string[],
  { groups, stride = "1", outputs }: { groups: number; stride?: string; outputs: number },
  parts: { functions?: string; before: string; each: string; after?: string },
): Launch {
  const { inner, width } = settings;
  const channels = settings.channels / width;
  const threads = channels * groups;
  const shared = "(uniforms.threads / uniforms.channels)";
  const [channel, group, at] =
    inner === 1
      ? [
          "index % uniforms.channels",
          "index / uniforms.channels",
          "t * uniforms.channels + channel",
        ]
      : [
          `index / ${shared}`,
          `index % ${shared}`,
          "(t / uniforms.inner * uniforms.channels + channel) * uniforms.inner + t % uniforms.inner",
        ];
  return passLaunch(
    inner === 1 ? `${name}ChannelsLast` : name,
    settings,
    names,
    { threads, outputs: outputs * channels },
    `
      let channel = ${channel};
      let group = ${group};
      ${parts.before}
      let stride = ${shared} * ${stride};
      for (var t = group * ${stride}; t < uniforms.count; t += stride) {
        let at = ${at};
        ${parts.each}
      }
      ${parts.after ?? ""}
    `,
    parts.functions,
  );
}

/** Few enough for all of a graphics card to have work, enough to read what is per channel but once. */
const valuesPerThread = 16;

/** A program of x's size: `each` sets the number at `at`, by what `before` has read of the channel. */
export function elementwiseLaunch(
  name: string,
  settings: Settings,
  names: string[],
  parts: { before: string; each: string },
): Launch {
  const { count, width } = settings;
  const groups = Math.ceil((count * width) / valuesPerThread);
  return walkLaunch(name, settings, names, { groups, outputs: count }, parts);
}
