// What must not compile, so that nobody takes a compiler that says nothing for one that is content.
import { withBatchNorm } from "@batchnorm/brain";
import brain from "brain-v1";

new (withBatchNorm(brain.NeuralNetwork))({ batchNorm: { batchSize: "32" } });
