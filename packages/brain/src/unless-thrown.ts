import type { Host } from "./host.ts";
import { sessionOf } from "./session.ts";

/** Puts a network back when something throws: brain.js makes its arrays anew, and changes none. */
export function unlessThrown<T>(host: Host, work: () => T): T {
  const before = { ...host };
  const { trainOpts } = host;
  host.trainOpts = { ...trainOpts };
  const session = sessionOf(host);
  const { engine } = session;
  try {
    return work();
  } catch (error) {
    for (const key of Object.keys(host)) {
      if (!Object.hasOwn(before, key)) delete (host as unknown as Record<string, unknown>)[key];
    }
    Object.assign(host, before, { trainOpts });
    session.engine = engine;
    throw error;
  }
}
