import type { Executor } from "./executor.ts";
import type { ResolvedNetworkOptions } from "./network-options.ts";
import { PlainExecutor } from "./plain/plain-executor.ts";
import type { Grain } from "./plan.ts";
import { planNetwork } from "./plan-network.ts";
import type { ResolvedGraph } from "./resolved-graph.ts";
import { engineInUse } from "./wasm/engine-in-use.ts";
import { WasmExecutor } from "./wasm/wasm-executor.ts";

/** What computes a network: WebAssembly where it runs and has room, else TypeScript. */
export function executorFor(graph: ResolvedGraph, options: ResolvedNetworkOptions): Executor {
  const engine = engineInUse();
  const vectors: Grain = options.type === "float64" ? { size: 8, lanes: 2 } : { size: 4, lanes: 4 };
  const fast = engine && WasmExecutor.create(planNetwork(graph, options, vectors), engine);
  return fast ?? new PlainExecutor(planNetwork(graph, options, { size: 8, lanes: 1 }));
}
