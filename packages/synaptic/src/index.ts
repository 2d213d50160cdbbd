export type {
  BatchNormLayer,
  BatchNormLayerClass,
  BatchNormLayerOptions,
} from "./batch-norm-layer.ts";
export type {
  BatchNormNetwork,
  BatchNormNetworkClass,
  BatchNormPerceptronClass,
  PerceptronOptions,
} from "./batch-norm-network.ts";
export type { HostedTrainer, TrainingResult } from "./batch-trainer.ts";
export {
  type BatchNormSynaptic,
  type BatchTrainer,
  type BatchTrainerClass,
  createBatchNorm,
} from "./create-batch-norm.ts";
export type {
  Connection,
  Cost,
  Layer,
  LayerConnection,
  LayerLike,
  Layers,
  Network,
  NetworkJSON,
  NetworkLike,
  Neuron,
  Optimized,
  Squash,
  SquashName,
  StockTrainer,
  Synaptic,
} from "./host.ts";
export type { BatchNormJSON, NormalizedJSON } from "./json.ts";
export type {
  CrossValidate,
  Progress,
  Rate,
  Sample,
  Schedule,
  TrainingOptions,
} from "./training-options.ts";
