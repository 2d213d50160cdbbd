// What a worker does, on a page: `window.bench` answers the requests that tfjs-page.ts passes on.
import "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgpu";
import { Bench } from "../clock.ts";
import type { Answer, Request } from "../protocol.ts";
import { type LayerSubject, layerOps, start } from "../workers/tfjs-layer.ts";

declare global {
  interface Window {
    bench: {
      readonly about: { readonly ready?: string; readonly absent?: string };
      answer(request: Request): Promise<Answer>;
    };
  }
}

const wanted = new URLSearchParams(location.search);
const subject = wanted.get("subject") as LayerSubject;
const bench = new Bench(layerOps(subject));
const about = await start(subject, wanted.get("backend") as string).then(
  (ready) => ({ ready }),
  (error: Error) => ({ absent: error.message }),
);
window.bench = { about, answer: (request) => bench.answer(request) };
