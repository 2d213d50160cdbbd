import { ConformanceError } from "../../case.ts";
import type { Draft } from "../draft.ts";
import { Expected } from "../expected.ts";
import type { Fields } from "../fields.ts";
import { settingOf } from "../setting.ts";

const results = ["y", "dx", "dz", "dgamma", "dbeta"] as const;

/** Normalization, the sum of a residual block, and ReLU, as one. */
export function fused(fields: Fields): Draft {
  const pattern = fields.choice("pattern", ["bn->add->relu", "bn->relu"]);
  const inputs = fields.object("inputs");
  const expected = new Expected(fields, results);
  const { view, floats, start, options, requires } = settingOf(fields, [inputs.tensor("x")], {
    training: true,
  });
  const size = view.channels * view.count;
  const read = (key: string) => floats(view.arrange(inputs.tensor(key, size)));
  const [x, dy] = [read("x"), read("dy")];
  const z = pattern === "bn->add->relu" ? read("z") : null;
  const judges = results
    .filter((key) => expected.has(key))
    .map((key) => {
      const perChannel = key === "dgamma" || key === "dbeta";
      const judge = perChannel
        ? expected.judge(key, view.channels)
        : expected.judge(key, size, view.arrange);
      return [key, judge] as const;
    });
  const parameters = {
    axis: view.axis,
    gamma: Float64Array.from(start.gamma ?? new Array<number>(view.channels).fill(1)),
    beta: Float64Array.from(start.beta ?? new Array<number>(view.channels).fill(0)),
    epsilon: options.epsilon ?? 0,
  };
  return {
    clause: "BN-13.1",
    fact: "the fused sum and ReLU answer as",
    requires: [...requires, "relu"],
    async run(subject) {
      const received = await subject.addRelu?.(x, z, dy, view.shape, parameters);
      if (!received) throw new ConformanceError("addRelu", "a method", "undefined");
      for (const [key, judge] of judges) judge(received[key]);
    },
  };
}
