// Dense products of the kernels package, with the epilogues of a network: what becomes of a tile's sums.

import { multiplyVectors } from "../../kernels/assembly/product-tile";
import { learnAt, sumAt } from "./records";

/** `C = sums + what C holds` or `C = sums + bias · 1ᵀ`. An instance is a place in memory. */
@unmanaged
class Sum {
  add: bool;
  /** One value per row, or 0. */
  bias: usize;

  @inline put<T>(c: usize, sums: v128, row: usize): void {
    if (this.add) sums = v128.add<T>(sums, v128.load(c));
    else if (this.bias) sums = v128.add<T>(sums, v128.load_splat<T>(this.bias + row));
    v128.store(c, sums);
  }

  @inline putPair<T>(c: usize, left: v128, right: v128, row: usize): void {
    if (this.add) {
      left = v128.add<T>(left, v128.load(c));
      right = v128.add<T>(right, v128.load(c, 16));
    } else if (this.bias) {
      const bias = v128.load_splat<T>(this.bias + row);
      left = v128.add<T>(left, bias);
      right = v128.add<T>(right, bias);
    }
    v128.store(c, left);
    v128.store(c, right, 16);
  }
}

/**
 * C holds weights and the sums are their gradients: `C ← C − rate · sums`; or, with a momentum,
 * `V ← momentum · V + rate · sums; C ← C − V`. Rate and momentum lie behind it: rates.ts.
 */
@unmanaged
class Learn {
  /** From C to V, or 0. */
  velocity: usize;

  @inline put<T>(c: usize, gradient: v128, _row: usize): void {
    const at = changetype<usize>(this);
    let change = v128.mul<T>(gradient, v128.load(at, 16));
    if (this.velocity) {
      const v = c + this.velocity;
      change = v128.add<T>(v128.mul<T>(v128.load(v), v128.load(at, 32)), change);
      v128.store(v, change);
    }
    v128.store(c, v128.sub<T>(v128.load(c), change));
  }

  @inline putPair<T>(c: usize, left: v128, right: v128, row: usize): void {
    this.put<T>(c, left, row);
    this.put<T>(c + 16, right, row);
  }
}

/**
 * `C = A · B`, plus what C holds or a bias per row; see {@link multiplyVectors}.
 *
 * @param bias - 0 for none; not together with `add`.
 */
export function multiply<T>(
  net: usize,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bRow: usize,
  c: usize,
  cRow: usize,
  rows: u32,
  inner: u32,
  add: bool,
  bias: usize,
): void {
  const sum = changetype<Sum>(net + sumAt);
  sum.add = add;
  sum.bias = bias;
  multiplyVectors<T, Sum>(a, aRow, aStep, b, bRow, c, cRow, rows, <u32>(bRow >> 4), inner, sum);
}

/** Moves the weights C along their gradients A · B. */
export function multiplyAndLearn<T>(
  net: usize,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bRow: usize,
  c: usize,
  rows: u32,
  inner: u32,
): void {
  const learn = changetype<Learn>(net + learnAt);
  multiplyVectors<T, Learn>(a, aRow, aStep, b, bRow, c, bRow, rows, <u32>(bRow >> 4), inner, learn);
}
