import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Graphics, GraphicsBackend, Maker, Programs } from "./graphics.ts";
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

/** What a program reads, by the names that its code has for it; undefined for what there is not. */
type Read = Record<string, TensorInfo | undefined>;

/** The launches of one kernel over one x. */
interface Pass<Settings, Launch> {
  readonly programs: Programs<Settings, Launch>;
  launch(make: Maker<Settings, Launch>, inputs: Read): TensorInfo;
  /** The same for a result of x's shape. */
  launchLikeX(make: Maker<Settings, Launch>, inputs: Read): TensorInfo;
  /** The same for a result that does not outlive the kernel. */
  between(make: Maker<Settings, Launch>, inputs: Read): TensorInfo;
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
  const { programs } = graphics;
  const launch: Pass<S, L>["launch"] = (make, inputs) =>
    launchOn(graphics, backend, make, settings, inputs);
  try {
    return compute(
      {
        ...{ programs, launch },
        launchLikeX: (make, inputs) => ({ ...launch(make, inputs), shape }),
        between: (make, inputs) => keep(launch(make, inputs)),
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

/** Makes a program for those of the inputs that there are, and runs it. */
function launchOn<B extends GraphicsBackend, S, L, On>(
  { run }: Graphics<B, S, L>,
  backend: B,
  make: Maker<On, L>,
  on: On,
  inputs: Read,
): TensorInfo {
  const given = Object.entries(inputs).filter(([, input]) => input) as [string, TensorInfo][];
  const names = given.map(([name]) => name);
  return run(
    backend,
    make(on, names),
    given.map(([, input]) => input),
  );
}

function train<S, L>(pass: Pass<S, L>, inputs: TrainingInputs): TensorInfo[] {
  const { programs, between } = pass;
  const X = inputs.x;
  const SAMPLE = between(programs.sample, { X });
  const SUMS = between(programs.moments, { X, SAMPLE });
  const [mean, meanLow, variance] = (["mean", "meanLow", "variance"] as const).map((which) =>
    pass.launch(programs[which], { X, SAMPLE, SUMS }),
  ) as [TensorInfo, TensorInfo, TensorInfo];
  return [...infer(pass, { ...inputs, mean, meanLow, variance }), mean, meanLow, variance];
}

/** By the statistics that it is given. */
function infer<S, L>(
  { programs, between, launchLikeX }: Pass<S, L>,
  { x, mean, variance, meanLow, gamma, beta }: InferenceInputs & { meanLow?: TensorInfo },
): TensorInfo[] {
  const COEFFICIENTS = between(programs.normalizing, {
    ...{ MEAN: mean, VARIANCE: variance, MEANLOW: meanLow, GAMMA: gamma, BETA: beta },
  });
  return [launchLikeX(programs.normalize, { X: x, COEFFICIENTS })];
}

function differentiateTraining<S, L>(
  pass: Pass<S, L>,
  inputs: TrainingGradientInputs,
): TensorInfo[] {
  const { programs, between, launchLikeX } = pass;
  const { dy, x, mean, variance, meanLow, gamma } = inputs;
  const [dgamma, dbeta] = sum(pass, inputs);
  const COEFFICIENTS = between(programs.propagating, {
    ...{ MEAN: mean, VARIANCE: variance, MEANLOW: meanLow, GAMMA: gamma },
    ...{ DGAMMA: dgamma, DBETA: dbeta },
  });
  return [launchLikeX(programs.trainingDx, { DY: dy, X: x, COEFFICIENTS }), dgamma, dbeta];
}

function differentiateInference<S, L>(pass: Pass<S, L>, inputs: GradientInputs): TensorInfo[] {
  const { dy, variance, gamma } = inputs;
  const read = { DY: dy, VARIANCE: variance, GAMMA: gamma };
  return [pass.launchLikeX(pass.programs.inferenceDx, read), ...sum(pass, inputs)];
}

/** dgamma and dbeta. */
function sum<S, L>(
  { programs, between, launch }: Pass<S, L>,
  { dy, x, mean, meanLow, variance }: GradientInputs & { meanLow?: TensorInfo },
): [TensorInfo, TensorInfo] {
  const SUMS = between(programs.gradientSums, { DY: dy, X: x, MEAN: mean, MEANLOW: meanLow });
  const dgamma = launch(programs.dgamma, { SUMS, VARIANCE: variance });
  return [dgamma, launch(programs.dbeta, { SUMS })];
}

function enter<B extends GraphicsBackend, S, L>(
  graphics: Graphics<B, S, L>,
  backend: B,
  { mean, meanLow, variance, runningMean, runningVariance, progress }: UpdateInputs,
  attributes: UpdateAttributes,
): TensorInfo[] {
  const rule = ruleOf(attributes, runningMean.shape[0] as number);
  const { programs } = graphics;
  const launch = (make: Maker<typeof rule, L>, inputs: Read): TensorInfo =>
    launchOn(graphics, backend, make, rule, { ...inputs, PROGRESS: progress });
  // A program must not be given what it does not read.
  const ifSkipped = (input: TensorInfo): TensorInfo | undefined => (rule.skip ? input : undefined);
  const next = launch(programs.progress, { VARIANCE: ifSkipped(variance) });
  const average = (batch: Read, running: TensorInfo): TensorInfo =>
    launch(programs.average, { ...batch, RUNNING: running, NEXT: ifSkipped(next) });
  return [
    average({ MEAN: mean, MEANLOW: meanLow }, runningMean),
    average({ VARIANCE: variance }, runningVariance),
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
