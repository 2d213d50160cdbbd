import { balancedBatches, Trainer } from "@batchnorm/minibatch";
import { checkData, knownOf } from "./check-data.ts";
import type { Engine, Progress } from "./engine.ts";
import { type Host, hasWeights, type TrainStatus, useLookups } from "./host.ts";
import { activationOf } from "./plan-engine.ts";
import { requireIdle, type Session, sessionOf } from "./session.ts";
import type { Signal, Stops } from "./types.ts";
import { unlessThrown } from "./unless-thrown.ts";
import { warningsOf } from "./warnings.ts";

/** One call of `train`. */
export interface Training {
  readonly trainer: Trainer;
  readonly signal: Signal | undefined;
  /** What brain.js counts in. */
  readonly status: TrainStatus;
  /** Whether brain.js would begin another epoch. */
  readonly goesOn: () => boolean;
  /** Before brain.js is told of an epoch: its network shows what was learned, if anybody looks. */
  readonly show: () => void;
  /** Leaves the network as training has made it. */
  readonly end: () => void;
}

/**
 * Checks everything, and gets ready.
 *
 * @throws {BatchNormError} for the data as {@link checkData}; `ERR_BATCHNORM_TOO_FEW_VALUES` for one sample;
 * `ERR_BATCHNORM_UNSUPPORTED` while it trains. What brain.js throws for its options. The network is as it
 * was then.
 */
export function beginTraining(host: Host, given: unknown, options: object & Stops): Training {
  const session = sessionOf(host);
  requireIdle(session);
  const { signal, ...own } = options;
  const { trainer, engine } = unlessThrown(host, () => prepare(host, session, given, own));
  session.trainer = trainer;
  const status = { error: 1, iterations: 0 };
  const { timeout } = host.trainOpts;
  const end = Date.now() + timeout;
  return {
    trainer,
    signal,
    status,
    goesOn() {
      const { iterations, errorThresh } = host.trainOpts;
      return status.iterations < iterations && status.error > errorThresh && Date.now() < end;
    },
    show() {
      const { log, logPeriod, callback, callbackPeriod } = host.trainOpts;
      const next = status.iterations + 1;
      const told = (log && next % logPeriod === 0) || (callback && next % callbackPeriod === 0);
      if (told) session.write(host);
    },
    end() {
      const samples = engine.progress?.samples ?? 0;
      engine.progress = { position: trainer.position, samples };
      session.trainer = null;
      trainer.dispose();
      session.write(host);
    },
  };
}

function prepare(
  host: Host,
  session: Session,
  given: unknown,
  options: object,
): { trainer: Trainer; engine: Engine } {
  const { settings } = session;
  host.updateTrainingOptions(options);
  const { activation } = activationOf(host);
  const known = knownOf(host);
  const data = checkData(known, given, settings.type, session.flattener);
  const { count, input, output } = data;
  const normalized = settings.normalized && !session.current(host)?.isFrozen;
  const { largest } = balancedBatches(count, settings.batchSize, normalized);
  useLookups(host, input.lookup ?? known.inputLookup, output.lookup ?? known.outputLookup);
  if (!hasWeights(host)) {
    const [first, last] = [new Float32Array(input.width), new Float32Array(output.width)];
    host.verifyIsInitialized([{ input: first, output: last }]);
  }
  const engine = session.prepare(host, largest);
  const { progress } = engine;
  const { batchSize, shuffle, seed } = settings;
  const trainer = new Trainer(
    engine.network,
    { x: input.values, t: output.values, count },
    {
      batchSize,
      shuffle,
      rate: host.trainOpts.learningRate,
      ...(progress ? { position: positionFor(progress, count) } : { seed: seed ?? 0 }),
    },
  );
  engine.progress = { position: trainer.position, samples: count };
  for (const warning of warningsOf(data, activation, settings)) session.warn(warning);
  return { trainer, engine };
}

/** An epoch that was broken off is over when other data follow. */
const positionFor = ({ position, samples }: Progress, count: number) =>
  samples === count ? position : { ...position, batch: 0, lossSum: 0 };
