// synaptic has no types of its own; ours know it as it is.
declare module "synaptic" {
  const synaptic: import("@batchnorm/synaptic").Synaptic;
  export = synaptic;
}
