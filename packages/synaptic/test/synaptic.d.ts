/** synaptic has no types; ours stand in for them. */
declare module "synaptic" {
  const synaptic: import("@batchnorm/synaptic").Synaptic;
  export = synaptic;
}
