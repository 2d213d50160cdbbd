// Batch Normalization of masked batches, of virtual ones, and corrected by Batch Renormalization: in
// ops that every backend has, on blocks of shape [groups, rows, channels, inner].
import {
  add,
  cast,
  customGrad,
  div,
  type GradSaveFunc,
  logicalOr,
  mul,
  notEqual,
  rsqrt,
  square,
  stack,
  sub,
  sum,
  type Tensor,
  unstack,
  where,
  zerosLike,
} from "@tensorflow/tfjs-core";
import {
  type Block,
  countsOf,
  joinBlocks,
  liveOf,
  maskOf,
  overGroups,
  sumGroups,
  takeBlock,
} from "./blocks.ts";
import type { Centered, Measured as MeasuredBatch } from "./composed.ts";
import type { Parameters, Statistics } from "./op.ts";
import { isRecording } from "./tape.ts";
import { present, toFloat, toShape, type View } from "./view.ts";

/** What a batch is corrected by, `z = xHat · r + d`, `[channels]` each: constants to the gradient. */
export interface Correction {
  readonly r: Tensor;
  readonly d: Tensor;
}

/** Statistics of one group, and how many values per channel they are of. */
export interface Measured extends MeasuredBatch {
  readonly m: number;
}

/**
 * Normalizes each group by its own statistics.
 *
 * @param enter - Sees the groups in order, once, off the gradient tape; it may correct them all.
 * @returns y, float32, of x's shape; its gradients, of any order, go through means and variances.
 */
export function normalizeGroups(
  x: Tensor,
  { gamma, beta }: Parameters,
  view: View,
  blocks: readonly Block[],
  epsilon: number,
  enter: (groups: readonly Measured[]) => readonly Correction[] | null,
): Tensor {
  const center = (values: Tensor, block: Block) =>
    measure(takeBlock(values, block, view), block, epsilon);
  const operation = customGrad((...args: (Tensor | GradSaveFunc)[]) => {
    const save = args.at(-1) as GradSaveFunc;
    const measured = blocks.map((block) => center(toFloat(x), block));
    const corrections = enter(
      measured.flatMap(({ statistics }, i) => unpack(statistics, blocks[i] as Block)),
    );
    const corrected = corrections && pack(corrections, blocks);
    const saved = measured.flatMap(({ centered, r }, i) => {
      const correction = corrected?.[i];
      return correction ? [centered, r, correction.r, correction.d] : [centered, r];
    });
    save([x, ...present(gamma), ...saved]);
    const ys = measured.map((by, i) => {
      const { k, shift } = affine(by.r, gamma, beta, corrected?.[i]);
      const scaled = mul(by.centered, k);
      return shift ? add(scaled, shift) : scaled;
    });
    const gradFunc = (dy: Tensor, kept: Tensor[]): Tensor[] =>
      gradients(dy, kept, corrected !== null);
    return { value: joinBlocks(ys, x.shape), gradFunc };
  });

  const gradients = (dy: Tensor, kept: Tensor[], isCorrected: boolean): Tensor[] => {
    const [input, ...rest] = kept as [Tensor, ...Tensor[]];
    const scale = gamma ? (rest.shift() as Tensor) : null;
    const each = blocks.map((block) => {
      const [centered, r] = rest.splice(0, 2) as [Tensor, Tensor];
      const [factor, shift] = isCorrected ? rest.splice(0, 2) : [];
      const correction = factor && shift && { r: factor, d: shift };
      // To a gradient of this gradient what was saved is constant, though it is made of x.
      const by = isRecording() ? center(toFloat(input), block) : { centered, r };
      return blockGradients(takeBlock(dy, block, view), by, block, scale, correction);
    });
    const total = (key: "dgamma" | "dbeta"): Tensor =>
      each.map((gradient) => toShape(sum(gradient[key], 0), [view.layout.channels])).reduce(add);
    const dx = joinBlocks(
      each.map((gradient) => gradient.dx),
      x.shape,
    );
    return [dx, ...present(gamma && total("dgamma"), beta && total("dbeta"))];
  };
  return operation(x, ...present(gamma, beta));
}

/** Mean and biased variance of the values that count, and every value without that mean. */
function measure(x: Tensor, block: Block, epsilon: number): Centered & { statistics: Statistics } {
  const [mask, live, counts] = [maskOf(block), liveOf(block), countsOf(block)];
  // Selected, never multiplied: what does not count may be NaN.
  const counted = (values: Tensor): Tensor => (mask ? where(mask, values, 0) : values);
  const meanOf = (values: Tensor): Tensor => div(sumGroups(counted(values), block), counts);
  // Twice, as in composed.ts: a float32 mean of values near 1e4 is 1e-3 off.
  const mean = meanOf(x);
  const rest = sub(x, mean);
  const meanLow = meanOf(rest);
  const deviations = sub(rest, meanLow);
  const variance = meanOf(square(deviations));
  const r = rsqrt(add(variance, epsilon));
  return {
    // Of nothing, xHat and every gradient to x are 0.
    centered: live ? where(live, deviations, 0) : deviations,
    r: live ? mul(r, cast(live, "float32")) : r,
    statistics: { mean: add(mean, meanLow), variance },
  };
}

/** `y = centered · k + shift`, with `k = gamma · r · correction.r` and the correction's d in the shift. */
function affine(
  r: Tensor,
  gamma: Tensor | null,
  beta: Tensor | null,
  correction: Correction | undefined,
): { k: Tensor; shift: Tensor | null } {
  const scale = (value: Tensor): Tensor => (gamma ? mul(value, overGroups(gamma)) : value);
  const moved = correction ? scale(correction.d) : null;
  const offset = beta && overGroups(beta);
  return {
    k: scale(correction ? mul(r, correction.r) : r),
    shift: moved && offset ? add(moved, offset) : (moved ?? offset),
  };
}

/** dx of a block; dgamma and dbeta of each of its groups. */
function blockGradients(
  dy: Tensor,
  { centered, r }: Centered,
  block: Block,
  gamma: Tensor | null,
  correction: Correction | undefined,
): { dx: Tensor; dgamma: Tensor; dbeta: Tensor } {
  const [mask, counts] = [maskOf(block), countsOf(block)];
  // All dy are summed; but where dy is 0 a value that does not count, say NaN, adds nothing.
  const product = mul(dy, centered);
  const products = mask ? where(logicalOr(mask, notEqual(dy, 0)), product, 0) : product;
  const dbeta = sumGroups(dy, block);
  const dgamma = mul(sumGroups(products, block), r);
  const shared = div(add(dbeta, mul(centered, mul(r, dgamma))), counts);
  const { k } = affine(r, gamma, null, correction);
  return {
    dx: mul(sub(dy, mask ? where(mask, shared, 0) : shared), k),
    dgamma: correction ? add(mul(dgamma, correction.r), mul(dbeta, correction.d)) : dgamma,
    dbeta,
  };
}

/** The statistics of each group of a block, `[channels]` each. */
function unpack({ mean, variance }: Statistics, { shape, counts }: Block): Measured[] {
  const rows = (packed: Tensor): Tensor[] => unstack(toShape(packed, [shape[0], shape[2]]));
  const [means, variances] = [rows(mean), rows(variance)];
  return counts.map((m, group) => {
    const mean = means[group] as Tensor;
    return { mean, meanLow: zerosLike(mean), variance: variances[group] as Tensor, m };
  });
}

/** The corrections of the groups of each block, `[groups, 1, channels, 1]` each. */
function pack(corrections: readonly Correction[], blocks: readonly Block[]): Correction[] {
  const left = [...corrections];
  return blocks.map(({ shape: [groups, , channels] }) => {
    const own = left.splice(0, groups);
    const together = (key: keyof Correction): Tensor =>
      toShape(stack(own.map((each) => each[key])), [groups, 1, channels, 1]);
    return { r: together("r"), d: together("d") };
  });
}
