import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Given, Graphics, GraphicsBackend, Programs } from "./graphics.ts";
import type {
  GradientInputs,
  InferenceInputs,
  KernelFunctions,
  PassAttributes,
  TrainingGradientInputs,
  TrainingInputs,
  UpdateAttributes,
  UpdateInputs,
} from "./kernel.ts";
import { ruleOf } from "./update-rule.ts";

/** The launches of one kernel over one x. */
interface Pass<Settings, Launch> {
  readonly programs: Programs<Settings, Launch>;
  readonly settings: Settings;
  readonly given: Given;
  /** Runs a program with those of the inputs that there are. */
  launch(launch: Launch, inputs: (TensorInfo | undefined)[]): TensorInfo;
  /** The same for a result of x's shape. */
  launchLikeX(launch: Launch, inputs: (TensorInfo | undefined)[]): TensorInfo;
  /** The same for a result that does not outlive the kernel. */
  between(launch: Launch, inputs: (TensorInfo | undefined)[]): TensorInfo;
}

type Over<Inputs> = <S, L>(pass: Pass<S, L>, inputs: Inputs) => TensorInfo[];

/** Every kernel of a backend that runs on a graphics card. */
export function graphicsKernels<Backend extends GraphicsBackend, Settings, Launch>(
  graphics: Graphics<Backend, Settings, Launch>,
): KernelFunctions {
  /** A kernel over an x, which may have no values: `results` says how many tensors it gives. */
  const over =
    <Inputs extends TrainingInputs>(results: number, compute: Over<Inputs>) =>
    (backend: object, inputs: Inputs, attributes: PassAttributes): TensorInfo[] =>
      inputs.x.shape.includes(0)
        ? ofNothing(backend as Backend, inputs.x.shape, attributes.channels, results)
        : run(graphics, backend as Backend, inputs, attributes, compute);
  return {
    training: over(4, train),
    trainingGradient: over(3, differentiateTraining),
    inference: over(1, infer),
    inferenceGradient: over(3, differentiateInference),
    update: (backend, inputs, attributes) =>
      enter(graphics, backend as Backend, inputs, attributes),
  };
}

/** Runs a kernel, and disposes of what it has made on the way. */
function run<B extends GraphicsBackend, S, L, Inputs extends TrainingInputs>(
  graphics: Graphics<B, S, L>,
  backend: B,
  inputs: Inputs,
  attributes: PassAttributes,
  compute: Over<Inputs>,
): TensorInfo[] {
  const { shape } = inputs.x;
  const settings = graphics.settingsOf(shape, attributes);
  const temporary: TensorInfo[] = [];
  const keep = (info: TensorInfo): TensorInfo => {
    temporary.push(info);
    return info;
  };
  const read = (values: TensorInfo): TensorInfo => {
    const info = graphics.read(backend, values, settings);
    return info.dataId === values.dataId ? info : keep(info);
  };
  const has = (name: string): boolean => name in inputs;
  const launch: Pass<S, L>["launch"] = (launch, inputs) =>
    graphics.run(
      backend,
      launch,
      inputs.filter((input) => input !== undefined),
    );
  try {
    return compute(
      {
        ...{ programs: graphics.programs, settings, launch },
        given: { gamma: has("gamma"), beta: has("beta"), meanLow: has("meanLow") },
        launchLikeX: (program, inputs) => ({ ...launch(program, inputs), shape }),
        between: (program, inputs) => keep(launch(program, inputs)),
      },
      {
        ...inputs,
        x: read(inputs.x),
        ...("dy" in inputs && { dy: read(inputs.dy as TensorInfo) }),
      },
    );
  } finally {
    for (const { dataId } of temporary) backend.disposeData(dataId);
  }
}

function train<S, L>(pass: Pass<S, L>, inputs: TrainingInputs): TensorInfo[] {
  const { x } = inputs;
  const { programs, settings, given } = pass;
  const sample = pass.between(programs.sample(settings), [x]);
  const sums = pass.between(programs.moments(settings), [x, sample]);
  const [mean, meanLow, variance] = (["mean", "meanLow", "variance"] as const).map((which) =>
    pass.launch(programs.statistic(settings, which), [x, sample, sums]),
  ) as [TensorInfo, TensorInfo, TensorInfo];
  const by = { ...pass, given: { ...given, meanLow: true } };
  return [...infer(by, { ...inputs, mean, meanLow, variance }), mean, meanLow, variance];
}

/** By the statistics that it is given. */
function infer<S, L>(
  { programs, settings, given, between, launchLikeX }: Pass<S, L>,
  { x, mean, variance, meanLow, gamma, beta }: InferenceInputs & { meanLow?: TensorInfo },
): TensorInfo[] {
  const all = [mean, variance, meanLow, gamma, beta];
  const coefficients = between(programs.normalizing(settings, given), all);
  return [launchLikeX(programs.normalize(settings), [x, coefficients])];
}

function differentiateTraining<S, L>(
  pass: Pass<S, L>,
  inputs: TrainingGradientInputs,
): TensorInfo[] {
  const { programs, settings, given } = pass;
  const { dy, x, mean, variance, meanLow, gamma } = inputs;
  const [dgamma, dbeta] = sum(pass, inputs);
  const all = [mean, variance, meanLow, gamma, dgamma, dbeta];
  const coefficients = pass.between(programs.propagating(settings, given), all);
  return [pass.launchLikeX(programs.trainingDx(settings), [dy, x, coefficients]), dgamma, dbeta];
}

function differentiateInference<S, L>(pass: Pass<S, L>, inputs: GradientInputs): TensorInfo[] {
  const { programs, settings, given } = pass;
  const { dy, variance, gamma } = inputs;
  const dx = pass.launchLikeX(programs.inferenceDx(settings, given), [dy, variance, gamma]);
  return [dx, ...sum(pass, inputs)];
}

/** dgamma and dbeta. */
function sum<S, L>(
  { programs, settings, given, between, launch }: Pass<S, L>,
  { dy, x, mean, meanLow, variance }: GradientInputs & { meanLow?: TensorInfo },
): [TensorInfo, TensorInfo] {
  const sums = between(programs.gradientSums(settings, given), [dy, x, mean, meanLow]);
  const dgamma = launch(programs.dgamma(settings), [sums, variance]);
  return [dgamma, launch(programs.dbeta(settings), [sums])];
}

function enter<B extends GraphicsBackend, S, L>(
  { programs, run }: Graphics<B, S, L>,
  backend: B,
  { mean, meanLow, variance, runningMean, runningVariance, progress }: UpdateInputs,
  attributes: UpdateAttributes,
): TensorInfo[] {
  const rule = ruleOf(attributes, runningMean.shape[0] as number);
  // A program must not be given what it does not read.
  const ifSkipped = (input: TensorInfo): TensorInfo[] => (rule.skip ? [input] : []);
  const next = run(backend, programs.progress(rule), [progress, ...ifSkipped(variance)]);
  const average = (of: "mean" | "variance", batch: TensorInfo[], running: TensorInfo): TensorInfo =>
    run(backend, programs.average(rule, of), [...batch, running, progress, ...ifSkipped(next)]);
  return [
    average("mean", [mean, meanLow], runningMean),
    average("variance", [variance], runningVariance),
    next,
  ];
}

/** What a kernel gives for an x without values: nothing, and zeros for each channel. */
function ofNothing(
  backend: GraphicsBackend,
  shape: number[],
  channels: number,
  results: number,
): TensorInfo[] {
  const zeros = (shape: number[], size: number): TensorInfo =>
    backend.makeTensorInfo(shape, "float32", new Float32Array(size));
  return Array.from({ length: results }, (_, i) =>
    i === 0 ? zeros(shape, 0) : zeros([channels], channels),
  );
}
