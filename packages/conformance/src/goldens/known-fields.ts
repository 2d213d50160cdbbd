import type { Fields } from "./fields.ts";

const known = [
  // What it is and where it comes from.
  ["id", "source", "op", "description", "note", "opset", "attrs_raw", "variance_algorithm"],
  // How it is computed.
  ["layout", "axis", "reduction_axes", "dtype", "param_shape", "epsilon", "epsilon_placement"],
  ["momentum", "running_var_estimator", "normalizer_var_estimator", "init"],
  ["affine", "scale", "center", "trainable", "training"],
  // Of single ops.
  ["renorm", "virtual_batch_size", "property"],
  ["pattern", "weight_layout", "groups", "padding", "stride"],
  ["model", "loss", "optimizer", "epochs", "batch"],
  // What goes in, what comes out, how close.
  ["inputs", "expected", "expected_exact", "expected_f64", "tolerance", "tolerance_exact"],
].flat();

const knownInputs = [
  ["x", "dy", "gamma", "beta", "running_mean", "running_var", "mask"],
  ["moving_stddev", "renorm_mean", "renorm_stddev", "blob0", "blob1", "blob2"],
  ["steps", "eval_x", "batches", "worker_x", "worker_dy"],
  ["weight", "bias", "z", "v", "u", "W", "a"],
].flat();

/**
 * @throws {GoldenError} for a field that nothing reads, such as a misspelt one, and inputs of another
 * type than the case says.
 */
export function requireKnownFields(fields: Fields): void {
  fields.restrictedTo(known);
  if (!fields.has("inputs")) return;
  const inputs = fields.object("inputs").restrictedTo(knownInputs);
  if (!fields.has("dtype")) return;
  const dtype = fields.choice("dtype", ["float32", "float64"]);
  for (const [key, tensor] of inputs.allTensors()) {
    const wanted = key === "mask" ? "bool" : dtype;
    if (tensor.dtype !== wanted) inputs.refuse(`${key}.dtype`, `must be ${wanted}`, tensor.dtype);
  }
}
