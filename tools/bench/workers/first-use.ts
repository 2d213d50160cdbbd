// Run once in a process of its own: what a program waits for when it first needs the kernels.
import { emptyMoments } from "@batchnorm/core";
import { activations, parametersOf } from "../sample-data.ts";
import { backend, forwardTraining } from "./ours-functions.ts";

const layout = { outer: 60, channels: 100, inner: 1 };
const x = activations(60 * 100);
const y = new Float32Array(x.length);
const parameters = parametersOf(layout);
const moments = emptyMoments(layout.channels);

const start = performance.now();
backend();
const ready = performance.now();
forwardTraining(x, layout, parameters, { y, moments });
const end = performance.now();
console.log(JSON.stringify({ "first-use": ready - start, "first-forward": end - ready }));
