import * as tfl from "@tensorflow/tfjs-layers";
import type { Norm } from "./models.ts";

const { layers } = tfl;

/** Layers, the first with its input, and what is left of them. */
export type Case = [name: string, make: (bn: Norm) => tfl.layers.Layer[], left: string];

const image = [6, 6, 3];
export const cases: Case[] = [
  ["dense, BN", (bn) => [layers.dense({ units: 4, inputShape: [3] }), bn()], "Dense"],
  [
    "dense without bias, BN",
    (bn) => [layers.dense({ units: 4, inputShape: [3], useBias: false }), bn()],
    "Dense",
  ],
  [
    "dense on a sequence, BN",
    (bn) => [layers.dense({ units: 4, inputShape: [5, 3] }), bn()],
    "Dense",
  ],
  [
    "BN, dense",
    (bn) => [bn({ inputShape: [3] }), layers.dense({ units: 4, activation: "relu" })],
    "Dense",
  ],
  [
    "BN, dense on a sequence",
    (bn) => [bn({ inputShape: [5, 3] }), layers.dense({ units: 4 })],
    "Dense",
  ],
  [
    "BN without gamma, dense, BN without beta",
    (bn) => [
      bn({ inputShape: [3], scale: false }),
      layers.dense({ units: 4 }),
      bn({ center: false }),
    ],
    "Dense",
  ],
  ["BN, BN, dense", (bn) => [bn({ inputShape: [3] }), bn(), layers.dense({ units: 4 })], "Dense"],
  ["dense, BN, BN", (bn) => [layers.dense({ units: 4, inputShape: [3] }), bn(), bn()], "Dense"],
  [
    "BN, dense, BN, dense, BN",
    (bn) => [
      bn({ inputShape: [3] }),
      layers.dense({ units: 4 }),
      bn(),
      layers.dense({ units: 2 }),
      bn(),
    ],
    "Dense Dense",
  ],
  [
    "dense, dropout, BN",
    (bn) => [layers.dense({ units: 4, inputShape: [3] }), layers.dropout({ rate: 0.5 }), bn()],
    "Dense Dropout",
  ],
  [
    "BN, gaussian noise, dense",
    (bn) => [
      bn({ inputShape: [3] }),
      layers.gaussianNoise({ stddev: 1 }),
      layers.dense({ units: 4 }),
    ],
    "GaussianNoise Dense",
  ],
  [
    "dense, linear activation, BN, relu",
    (bn) => [
      layers.dense({ units: 4, inputShape: [3] }),
      layers.activation({ activation: "linear" }),
      bn(),
      layers.activation({ activation: "relu" }),
    ],
    "Dense Activation Activation",
  ],
  [
    "dense with a constraint and a regularizer, BN",
    (bn) => [
      layers.dense({
        units: 4,
        inputShape: [3],
        kernelConstraint: "unitNorm",
        kernelRegularizer: "l1l2",
        biasConstraint: "nonNeg",
      }),
      bn(),
    ],
    "Dense",
  ],
  [
    "conv1d, BN",
    (bn) => [
      layers.conv1d({ filters: 4, kernelSize: 3, strides: 2, padding: "same", inputShape: [7, 3] }),
      bn(),
    ],
    "Conv1D",
  ],
  [
    "BN, conv1d",
    (bn) => [
      bn({ inputShape: [7, 3] }),
      layers.conv1d({ filters: 4, kernelSize: 3, dilationRate: 2 }),
    ],
    "Conv1D",
  ],
  [
    "conv2d, BN, relu",
    (bn) => [
      layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", inputShape: image }),
      bn(),
      layers.reLU(),
    ],
    "Conv2D ReLU",
  ],
  [
    "BN, conv2d",
    (bn) => [
      bn({ inputShape: image }),
      layers.conv2d({ filters: 4, kernelSize: [2, 3], strides: 2, activation: "tanh" }),
    ],
    "Conv2D",
  ],
  [
    "BN, conv2d of one pixel with padding same",
    (bn) => [
      bn({ inputShape: image }),
      layers.conv2d({ filters: 4, kernelSize: 1, strides: 2, padding: "same" }),
    ],
    "Conv2D",
  ],
  [
    "channels first: conv2d, BN, conv2d, BN",
    (bn) => [
      layers.conv2d({
        filters: 4,
        kernelSize: 3,
        dataFormat: "channelsFirst",
        inputShape: [3, 6, 6],
      }),
      bn({ axis: 1 }),
      layers.conv2d({ filters: 2, kernelSize: 2, dataFormat: "channelsFirst" }),
      bn({ axis: -3 }),
    ],
    "Conv2D Conv2D",
  ],
  [
    "conv2dTranspose, BN",
    (bn) => [
      layers.conv2dTranspose({
        filters: 4,
        kernelSize: 3,
        strides: 2,
        padding: "same",
        inputShape: [3, 3, 2],
      }),
      bn(),
    ],
    "Conv2DTranspose",
  ],
  [
    "depthwiseConv2d, BN",
    (bn) => [
      layers.depthwiseConv2d({
        kernelSize: 3,
        depthMultiplier: 2,
        padding: "same",
        depthwiseRegularizer: "l1l2",
        inputShape: image,
      }),
      bn(),
    ],
    "DepthwiseConv2D",
  ],
  [
    "BN, depthwiseConv2d",
    (bn) => [
      bn({ inputShape: image }),
      layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }),
    ],
    "DepthwiseConv2D",
  ],
  [
    "separableConv2d, BN",
    (bn) => [
      layers.separableConv2d({
        filters: 4,
        kernelSize: 3,
        padding: "same",
        inputShape: image,
      }),
      bn(),
    ],
    "SeparableConv2D",
  ],
  [
    "BN, separableConv2d",
    (bn) => [bn({ inputShape: image }), layers.separableConv2d({ filters: 4, kernelSize: 3 })],
    "SeparableConv2D",
  ],
  [
    "BN, flatten, dense",
    (bn) => [bn({ inputShape: [2, 3, 4] }), layers.flatten(), layers.dense({ units: 4 })],
    "Flatten Dense",
  ],
  [
    "BN on the first axis, flatten, dense",
    (bn) => [
      bn({ axis: 1, inputShape: [2, 3, 4] }),
      layers.flatten(),
      layers.dropout({ rate: 0.1 }),
      layers.dense({ units: 4 }),
    ],
    "Flatten Dropout Dense",
  ],
  [
    "BN on the middle axis, flatten, dense",
    (bn) => [bn({ axis: 2, inputShape: [2, 3, 4] }), layers.flatten(), layers.dense({ units: 4 })],
    "Flatten Dense",
  ],
  [
    "BN, flatten of channels first, dense",
    (bn) => [
      bn({ axis: 1, inputShape: [2, 3, 4] }),
      layers.flatten({ dataFormat: "channelsFirst" }),
      layers.dense({ units: 4 }),
    ],
    "Flatten Dense",
  ],
];

/** conv3d has no kernel on the wasm backend of TensorFlow.js. */
export const onCpu: Case[] = [
  [
    "conv3d, BN",
    (bn) => [layers.conv3d({ filters: 4, kernelSize: 2, inputShape: [3, 3, 3, 2] }), bn()],
    "Conv3D",
  ],
  [
    "BN, conv3d",
    (bn) => [bn({ inputShape: [3, 3, 3, 2] }), layers.conv3d({ filters: 4, kernelSize: 2 })],
    "Conv3D",
  ],
  [
    "conv3dTranspose, BN",
    (bn) => [layers.conv3dTranspose({ filters: 4, kernelSize: 2, inputShape: [3, 3, 3, 2] }), bn()],
    "Conv3DTranspose",
  ],
];
