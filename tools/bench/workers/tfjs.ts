// A layer of tfjs-layers on a backend that runs in Node: `tfjs.ts ours|stock cpu|wasm`.
import { createRequire } from "node:module";
import { dirname } from "node:path";
import "@tensorflow/tfjs-backend-cpu";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { serve } from "../worker.ts";
import { type LayerSubject, layerOps, start } from "./tfjs-layer.ts";

const [subject, backend] = process.argv.slice(2) as [LayerSubject, string];
const { resolve } = createRequire(import.meta.url);
setWasmPaths(`${dirname(resolve("@tensorflow/tfjs-backend-wasm"))}/`);
await serve(await start(subject, backend), layerOps(subject));
