import { availableParallelism, cpus } from "node:os";

/** Where seconds were measured. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly node: string;
  readonly platform: string;
}

export const machine = (): Machine => ({
  processor: (cpus()[0]?.model ?? "unknown processor").replaceAll(/\((R|TM)\)/g, "").trim(),
  cores: availableParallelism(),
  node: process.versions.node,
  platform: `${process.platform} ${process.arch}`,
});

export const nameOf = ({ processor, cores, node, platform }: Machine): string =>
  `${processor}, ${cores} cores, ${platform}, Node ${node}`;
