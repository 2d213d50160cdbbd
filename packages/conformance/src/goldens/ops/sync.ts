import { ConformanceError } from "../../case.ts";
import type { ReplicaPart } from "../../subject.ts";
import { expectNumbers } from "../../tolerance.ts";
import type { Draft } from "../draft.ts";
import { Expected } from "../expected.ts";
import type { Fields } from "../fields.ts";
import { type Setting, settingOf, withLayer } from "../setting.ts";
import { type GoldenTensor, permute } from "../tensor.ts";
import { concatenated, globalOf, workers } from "./worker-moments.ts";

const known = [
  "local",
  "global_mean",
  "global_var_biased",
  "running_mean",
  "running_var",
  "worker_y",
  "worker_dx",
  "dgamma_total",
  "dbeta_total",
];

/** One batch in parts on workers: y and dx of each, and the statistics of all together. */
export function sync(fields: Fields): Draft {
  const inputs = fields.object("inputs");
  const xs = inputs.tensors("worker_x");
  const dys = inputs.tensors("worker_dy", xs.length);
  const whole = settingOf(fields, [concatenated(fields, xs)], {
    training: true,
    tracksVariance: true,
  });
  const { view, options, floats, start } = whole;
  const { channels } = view;
  const expected = new Expected(fields, known);
  const judge = (key: string) => expected.judge(key, channels);

  const parts = xs.map((x, i): ReplicaPart => {
    const dy = dys[i] as GoldenTensor;
    const order = channelsLast(view, x);
    const shape = order.map((axis) => x.shape[axis] as number);
    if (dy.shape.join() !== x.shape.join()) inputs.refuse(`worker_dy[${i}]`, "must have x's shape");
    const last = ({ data, shape }: GoldenTensor) => floats(permute(data, shape, order));
    return { x: last(x), dy: last(dy), shape };
  });
  const perWorker = (key: "worker_y" | "worker_dx") =>
    expected.fields.tensors(key, xs.length).map((tensor, i) => {
      const x = xs[i] as GoldenTensor;
      const one = new Expected(fields.with("expected", expected.fields.with(key, tensor)), known);
      return one.judge(key, x.data.length, ({ data, shape }) =>
        permute(data, shape, channelsLast(view, x)),
      );
    });
  const [ys, dxs] = [perWorker("worker_y"), perWorker("worker_dx")];
  const totals = { dgamma: judge("dgamma_total"), dbeta: judge("dbeta_total") };
  const sums = (["dgamma", "dbeta"] as const).map((key) => {
    const shares = expected.fields
      .objects("local", xs.length)
      .map((worker) => worker.tensor(`${key}_local`, channels).data);
    const sum = new Float64Array(channels).map((_, c) =>
      shares.reduce((total, share) => total + (share[c] as number), 0),
    );
    return [key, sum, expected.toleranceOf(`${key}_total`, sum)] as const;
  });
  const statistics = [
    ["runningMean", judge("running_mean")],
    ["runningVariance", judge("running_var")],
  ] as const;
  const measured = [...workers(fields, expected, xs), globalOf(fields, expected, xs)];
  const parameters = {
    gamma: Float64Array.from(start.gamma ?? new Array<number>(channels).fill(1)),
    beta: Float64Array.from(start.beta ?? new Array<number>(channels).fill(0)),
    epsilon: options.epsilon ?? 0,
  };
  return {
    clause: "BN-10.3",
    fact: "replicas answer as",
    requires: [...whole.requires, "replicas"],
    async run(subject) {
      const together = await subject.replicas?.(parts, parameters);
      if (!together) throw new ConformanceError("replicas", "a method", "undefined");
      for (const [i, y] of ys.entries()) y(together.y[i]);
      for (const [i, dx] of dxs.entries()) dx(together.dx[i]);
      totals.dgamma(together.dgamma);
      totals.dbeta(together.dbeta);
      for (const [key, sum, tolerance] of sums) {
        expectNumbers(`Σ ${key}_local`, together[key], sum, tolerance);
      }
      await withLayer(subject, whole, async (layer) => {
        const x = floats(view.arrange(concatenated(fields, xs)));
        await layer.forward(x, view.shape, { training: true });
        const state = await layer.state();
        for (const [key, one] of statistics) one(state[key]);
      });
      for (const { setting, x, mean, variance } of measured) {
        await withLayer(subject, setting, async (layer) => {
          await layer.forward(x, setting.view.shape, { training: true });
          const state = await layer.state();
          mean(state.runningMean);
          variance(state.runningVariance);
        });
      }
    },
  };
}

/** The order of axes that moves the channels to the end. */
function channelsLast({ axis }: Setting["view"], { shape }: GoldenTensor): number[] {
  const axes = [...shape.keys()];
  return axis === -1 ? axes : [...axes.filter((at) => at !== axis), axis];
}
