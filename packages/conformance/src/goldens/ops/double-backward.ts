import { ConformanceError } from "../../case.ts";
import type { Draft } from "../draft.ts";
import { Expected } from "../expected.ts";
import type { Fields } from "../fields.ts";
import { settingOf, withLayer } from "../setting.ts";

const results = { x: "dx", gamma: "dgamma", dy: "ddy" } as const;

/** The gradients of Σ dx · v in training. */
export function doubleBackward(fields: Fields): Draft {
  if (!fields.flag("training", true)) fields.refuse("training", "must be true");
  const inputs = fields.object("inputs");
  const setting = settingOf(fields, [inputs.tensor("x")], { training: true });
  const { view, floats, start, options, requires } = setting;
  const size = view.channels * view.count;
  const read = (key: string) => floats(view.arrange(inputs.tensor(key, size)));
  const [x, dy, v] = [read("x"), read("dy"), read("v")];
  const expected = new Expected(fields, ["dx", "d_sum_dx_v"]);
  const dx = expected.has("dx") ? expected.judge("dx", size, view.arrange) : null;
  const keys = ["x", "gamma", "dy"] as const;
  const second = new Expected(fields.with("expected", expected.fields.object("d_sum_dx_v")), keys);
  const judges = keys.map((key) => {
    const judge =
      key === "gamma" ? second.judge(key, view.channels) : second.judge(key, size, view.arrange);
    return [results[key], judge] as const;
  });
  const gamma = Float64Array.from(start.gamma ?? new Array<number>(view.channels).fill(1));
  const parameters = { axis: view.axis, gamma, epsilon: options.epsilon ?? 0 };
  return {
    clause: "BN-4.5",
    fact: "the gradients of the gradient are those of",
    requires: [...requires, "gradient", "second-order"],
    async run(subject) {
      await withLayer(subject, setting, async (layer) => {
        await layer.forward(x, view.shape, { training: true });
        dx?.((await layer.backward?.(dy))?.dx);
      });
      const received = await subject.secondOrder?.(v, dy, x, view.shape, parameters);
      if (!received) throw new ConformanceError("secondOrder", "a method", "undefined");
      for (const [key, judge] of judges) judge(received[key]);
    },
  };
}
