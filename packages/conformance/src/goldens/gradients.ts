import { ConformanceError } from "../case.ts";
import type { SubjectLayer } from "../subject.ts";
import type { Expected } from "./expected.ts";
import type { Fields } from "./fields.ts";
import type { Setting } from "./setting.ts";

/** Judges y of the last forward's kind and, where dy is given, the gradients that follow it. */
export interface Gradients {
  readonly given: boolean;
  /** Runs backward and judges what it returns. */
  judge(layer: SubjectLayer): Promise<void>;
}

/**
 * Reads dy and the gradients that are expected.
 *
 * @throws {GoldenError} when only one of the two is there.
 */
export function gradientsOf(inputs: Fields, expected: Expected, setting: Setting): Gradients {
  const { view, floats } = setting;
  const size = view.channels * view.count;
  const wanted = ["dx", "dgamma", "dbeta"].filter((key) => expected.has(key));
  const given = inputs.has("dy");
  if (!given && wanted.length > 0)
    inputs.refuse("dy", "must be there where gradients are expected");
  if (!given) return { given, judge: async () => {} };
  const dy = view.arrange(inputs.tensor("dy", size));
  const judges = wanted.map((key) => {
    const isInput = key === "dx";
    const length = isInput ? size : view.channels;
    const judge = isInput ? expected.judge(key, length, view.arrange) : expected.judge(key, length);
    return [key as "dx" | "dgamma" | "dbeta", judge] as const;
  });
  return {
    given: given && wanted.length > 0,
    async judge(layer) {
      if (judges.length === 0) return;
      if (!layer.backward) throw new ConformanceError("backward", "a method", "undefined");
      const gradients = await layer.backward(floats(dy));
      for (const [key, judge] of judges) judge(gradients[key]);
    },
  };
}
