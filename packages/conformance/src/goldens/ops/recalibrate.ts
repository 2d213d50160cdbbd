import { ConformanceError } from "../../case.ts";
import type { Draft } from "../draft.ts";
import { Expected } from "../expected.ts";
import type { Fields } from "../fields.ts";
import { settingOf, withLayer } from "../setting.ts";
import { permute } from "../tensor.ts";

const rules = {
  paper_algorithm2: { estimator: "algorithm-2", clause: "BN-10.2" },
  // A cumulative mean of unbiased variances, which Algorithm 2 is.
  swa_update_bn: { estimator: "algorithm-2", clause: "BN-10.2" },
  population: { estimator: "biased", clause: "BN-10.1" },
} as const;

/** The statistics of a population that comes in batches, by each rule that the golden knows. */
export function recalibrate(fields: Fields): Draft[] {
  const inputs = fields.object("inputs");
  const batches = inputs.tensors("batches");
  const names = Object.keys(rules) as (keyof typeof rules)[];
  const expected = fields.object("expected").restrictedTo([...names, "y"]);
  // The golden's epsilon matters to its y alone.
  const complete = fields.has("epsilon") ? fields : fields.with("epsilon", 0);
  const setting = settingOf(complete, batches, { training: false });
  const { view, floats, start } = setting;
  const order = [...view.shape.keys()].filter((axis) => axis !== view.axis);
  if (view.axis !== -1) order.push(view.axis);
  const given = batches.map(({ data, shape }) => {
    if (shape.slice(1).join() !== batches[0]?.shape.slice(1).join()) {
      inputs.refuse("batches", "must differ in their samples alone", shape.join("×"));
    }
    return floats(permute(data, shape, order));
  });
  const drafts = names
    .filter((name) => expected.has(name))
    .map((name): Draft => {
      const { estimator, clause } = rules[name];
      const rule = expected.object(name).restrictedTo(["mean", "var", "rule"]);
      const one = new Expected(fields.with("expected", rule), ["mean", "var", "rule"]);
      const mean = one.judge("mean", view.channels);
      const variance = one.judge("var", view.channels);
      const judgeY = estimator === "algorithm-2" && expected.has("y") ? inference() : null;
      return {
        part: name,
        clause,
        fact: "the population's statistics are those of",
        // The rows are shown channels last, of rank 2.
        requires: judgeY
          ? [...setting.requires, "population"]
          : [...setting.requires.filter((feature) => feature === "float64"), "population"],
        async run(subject) {
          const found = await subject.population?.(given, view.channels, estimator);
          if (!found) throw new ConformanceError("population", "a method", "undefined");
          mean(found.mean);
          variance(found.variance);
          if (!judgeY) return;
          const runningMean = Array.from(found.mean);
          const runningVariance = Array.from(found.variance);
          const filled = { ...setting, start: { ...start, runningMean, runningVariance } };
          await withLayer(subject, filled, async (layer) => {
            judgeY.judge(await layer.forward(judgeY.x, judgeY.shape, { training: false }));
          });
        },
      };
    });
  if (drafts.length === 0)
    fields.refuse("expected", `must have one of ${names.join(", ")}`, "none");
  return drafts;

  function inference() {
    const x = inputs.tensor("x");
    if (view.axis !== -1) fields.refuse("axis", "must be the last where y is expected", view.axis);
    const judge = new Expected(fields, [...names, "y"]).judge("y", x.data.length);
    return { x: floats(x.data), shape: x.shape, judge };
  }
}
