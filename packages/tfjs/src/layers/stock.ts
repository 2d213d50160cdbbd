import { type LayerVariable, layers, type Shape } from "@tensorflow/tfjs-layers";

/** What tfjs-layers's own layer takes. */
export type StockArguments = NonNullable<Parameters<typeof layers.batchNormalization>[0]>;

/** The parts of tfjs-layers's own layer that ours builds on. */
export interface StockLayer extends layers.Layer {
  readonly gamma?: LayerVariable;
  readonly beta?: LayerVariable;
  readonly movingMean: LayerVariable;
  readonly movingVariance: LayerVariable;
  build(inputShape: Shape | Shape[]): void;
}

interface StockConstructor {
  new (args: object): StockLayer;
  readonly className: string;
  fromConfig: typeof layers.Layer.fromConfig;
}

/**
 * tfjs-layers's own class, which it does not export: the way to its initializers, regularizers,
 * constraints, weight names and configuration. The name given here keeps its counter of names as is.
 */
export const Stock: StockConstructor = layers.batchNormalization({ name: "stock" })
  .constructor as unknown as StockConstructor;

/** Every argument of the stock layer, by name. */
export const stockArguments: readonly string[] = [
  "axis",
  "momentum",
  "epsilon",
  "center",
  "scale",
  "betaInitializer",
  "gammaInitializer",
  "movingMeanInitializer",
  "movingVarianceInitializer",
  "betaConstraint",
  "gammaConstraint",
  "betaRegularizer",
  "gammaRegularizer",
  "inputShape",
  "batchInputShape",
  "batchSize",
  "dtype",
  "name",
  "trainable",
  "weights",
  "inputDType",
] satisfies readonly (keyof StockArguments)[];
