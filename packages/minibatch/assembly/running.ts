// What a step does to running statistics, and whether it may learn.

import {
  byBatch,
  diverged,
  done,
  layerControl,
  layerOf,
  netOf,
  nonFinite,
  onNonFinite,
  outcome,
  propagated,
  propagates,
  skipped,
  skips,
} from "./records";
import { enter } from "./statistics";

export function setOutcome(net: usize, value: f64): void {
  store<f64>(netOf(net).controls + (outcome << 3), value);
}

/**
 * Lets the batch enter, as the layers' policies say.
 *
 * @param finite - Whether the loss is; if it is not, nothing enters, unless a layer wants just that.
 */
export function enterAll(net: usize, count: u32, finite: bool): void {
  const layerCount = netOf(net).layerCount;
  let skipping = false,
    propagating = false;
  for (let l: u32 = 0; l < layerCount; l++) {
    const layer = layerOf(net, l);
    if (!byBatch(layer) || layerControl(layer, nonFinite) === 0) continue;
    if (layerControl(layer, onNonFinite) === skips) skipping = true;
    if (layerControl(layer, onNonFinite) === propagates) propagating = true;
  }
  if (finite) setOutcome(net, skipping ? skipped : done);
  else setOutcome(net, propagating ? propagated : diverged);
  if (!finite && !propagating) return;
  for (let l: u32 = 0; l < layerCount; l++) {
    const layer = layerOf(net, l);
    if (!byBatch(layer)) continue;
    const bad = layerControl(layer, nonFinite) !== 0;
    if (!(bad && layerControl(layer, onNonFinite) === skips)) enter(layer, count);
  }
}
