import { refuse } from "@batchnorm/core";
import { Flattener, type Trainer } from "@batchnorm/minibatch";
import { Engine } from "./engine.ts";
import { type Host, hasWeights } from "./host.ts";
import { planEngine } from "./plan-engine.ts";
import type { Settings } from "./settings.ts";

/** What a network of brain.js has of ours. */
export class Session {
  settings: Settings;
  /** Null before training, and once somebody else has given the network its weights. */
  engine: Engine | null = null;
  /** While it trains. */
  trainer: Trainer | null = null;
  /** The error of the epoch that brain.js is being told of. */
  epochError: number | null = null;
  readonly flattener: Flattener = new Flattener();
  readonly #warned = new Set<string>();

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /** Says it once. */
  warn(message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.settings.warn(message);
  }

  /** The engine, if the network still has the weights that it left there. */
  current(host: Host): Engine | null {
    if (this.engine && !this.trainer && !this.engine.isIn(host)) this.engine = null;
    return this.engine;
  }

  /**
   * The engine as the network needs it now, made of its weights where there is none.
   *
   * @param room - Samples of the largest batch.
   */
  prepare(host: Host, room: number): Engine {
    const plan = planEngine(host, this.settings, room);
    const engine = this.current(host);
    if (engine) engine.follow(plan);
    this.engine = engine ?? Engine.read(host, plan);
    return this.engine;
  }

  /** Leaves the network folded in brain.js's, and says so where that loses precision. */
  write(host: Host): void {
    if (!this.engine?.write(host)) return;
    this.warn(
      "a mean is more than 2000 times its deviation: run() and test() are computed in float64, but " +
        "toFunction(), and the JSON in a stock network, lose digits; subtract a constant from that input",
    );
  }
}

const sessions = new WeakMap<object, Session>();

export const openSession = (net: object, settings: Settings): Session => {
  const session = new Session(settings);
  sessions.set(net, session);
  return session;
};

/** @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` for what `withBatchNorm` did not make. */
export function sessionOf(net: unknown): Session {
  const session = typeof net === "object" && net !== null ? sessions.get(net) : undefined;
  if (session) return session;
  const rule = "the network must be of a class that withBatchNorm has made";
  return refuse("ERR_BATCHNORM_UNSUPPORTED", rule, net);
}

/**
 * The engine of a network that has weights and is not being trained.
 *
 * @throws {BatchNormError} `ERR_BATCHNORM_NOT_BUILT` for a network without weights;
 * `ERR_BATCHNORM_UNSUPPORTED` while it trains.
 */
export function engineOf(net: unknown): { host: Host; session: Session; engine: Engine } {
  const session = sessionOf(net);
  const host = net as Host;
  requireIdle(session);
  if (!hasWeights(host)) {
    const rule = "the network must have been trained, or loaded, before";
    refuse("ERR_BATCHNORM_NOT_BUILT", rule, "one without weights");
  }
  return { host, session, engine: session.current(host) ?? session.prepare(host, 0) };
}

/** @throws {BatchNormError} `ERR_BATCHNORM_UNSUPPORTED` while it trains. */
export function requireIdle({ trainer }: Session): void {
  if (!trainer) return;
  const rule = "a network must do one thing at a time: await trainAsync, or stop it by its signal";
  refuse("ERR_BATCHNORM_UNSUPPORTED", rule, "a call while it trains");
}
