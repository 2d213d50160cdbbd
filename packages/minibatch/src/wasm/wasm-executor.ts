import { type Block, blockInArena } from "../block.ts";
import type { DataAt, Executor } from "../executor.ts";
import type { Plan } from "../plan.ts";
import type { EngineExports } from "./engine-in-use.ts";
import { Records } from "./records.ts";

/** The executor in WebAssembly: one call a pass, in the arena's memory. */
export class WasmExecutor implements Executor {
  readonly backend = "simd";
  readonly plan: Plan;
  readonly block: Block;
  readonly #net: number;
  readonly #step: EngineExports["step32"];
  readonly #run: EngineExports["run32"];
  readonly #infer: EngineExports["infer32"];
  readonly #differentiate: EngineExports["differentiate32"];

  private constructor(plan: Plan, block: Block, exports: EngineExports) {
    const wide = plan.grain.size === 8;
    this.plan = plan;
    this.block = block;
    this.#net = block.base + plan.records;
    this.#step = wide ? exports.step64 : exports.step32;
    this.#run = wide ? exports.run64 : exports.run32;
    this.#infer = wide ? exports.infer64 : exports.infer32;
    this.#differentiate = wide ? exports.differentiate64 : exports.differentiate32;
    new Records(plan, block.base, block.words, block.doubles).write();
    if (wide) exports.prepare64(this.#net);
    else exports.prepare32(this.#net);
  }

  /** Null when the memory has no room for it. */
  static create(plan: Plan, exports: EngineExports): WasmExecutor | null {
    const block = blockInArena(plan.bytes, plan.grain.size);
    return block && new WasmExecutor(plan, block, exports);
  }

  allocate(bytes: number): Block {
    const block = blockInArena(bytes, this.plan.grain.size);
    if (!block)
      throw new RangeError(`WebAssembly memory has no room for ${bytes} bytes of samples`);
    return block;
  }

  step({ block: { base }, targets }: DataAt, count: number): number {
    return this.#step(this.#net, base, base + targets, count);
  }

  run({ block: { base }, targets, course }: DataAt): number {
    return this.#run(this.#net, base, base + targets, base + course);
  }

  infer(count: number, stop: number): void {
    this.#infer(this.#net, count, stop);
  }

  differentiate(count: number, upstream: boolean): number {
    return this.#differentiate(this.#net, count, upstream);
  }
}
