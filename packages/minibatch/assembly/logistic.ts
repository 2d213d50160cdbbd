// 1/(1 + e^−x) of vectors. Constants lie splat in memory: V8 builds the splat of a literal anew at every
// use.
//
// With n the integer next to −x / ln 2 and r what is left, e^−x = 2ⁿ · eʳ.
//
// What is inlined are methods: TypeScript knows no decorated functions.

import { constantsAt } from "./records";
import { addProduct } from "./vectors";

const least: usize = 0;
const most: usize = 1;
/** 1.5 · 2^(bits of the fraction): adding it rounds to an integer, which its last bits then hold. */
const rounder: usize = 2;
const perLog2: usize = 3;
/** ln 2 in two parts, the first of so few bits that its product with an integer is exact. */
const log2High: usize = 4;
const log2Low: usize = 5;
const coefficients: usize = 6;
const one: usize = 13;

function set<T>(net: usize, i: usize, value: T): void {
  v128.store(net + constantsAt + (i << 4), v128.splat<T>(value));
}

/** Writes the constants of a network's type. */
export function prepareConstants<T>(net: usize): void {
  set<T>(net, one, <T>1);
  if (sizeof<T>() === 4) {
    // Beyond, e^x is denormal or its double infinite.
    set<f32>(net, least, -87);
    set<f32>(net, most, 87);
    set<f32>(net, rounder, 12582912);
    set<f32>(net, perLog2, <f32>Math.LOG2E);
    set<f32>(net, log2High, 0.693359375);
    set<f32>(net, log2Low, -0.00021219444005469057);
    // S. L. Moshier's Cephes, expf: (e^r − 1 − r) / r², |r| ≤ ln 2 / 2, relative error 2e-8.
    set<f32>(net, coefficients, 1.98756915e-4);
    set<f32>(net, coefficients + 1, 1.3981999507e-3);
    set<f32>(net, coefficients + 2, 8.3334519073e-3);
    set<f32>(net, coefficients + 3, 4.1665795894e-2);
    set<f32>(net, coefficients + 4, 1.6666665459e-1);
    set<f32>(net, coefficients + 5, 5.0000001201e-1);
  } else {
    set<f64>(net, least, -708);
    set<f64>(net, most, 708);
    set<f64>(net, rounder, 6755399441055744);
    set<f64>(net, perLog2, Math.LOG2E);
    set<f64>(net, log2High, 0.6931471803691238);
    set<f64>(net, log2Low, 1.9082149292705877e-10);
    // S. L. Moshier's Cephes, exp: P of degree 2, then Q of degree 3, as float64; relative error 2e-16.
    set<f64>(net, coefficients, 0.00012617719307481058);
    set<f64>(net, coefficients + 1, 0.030299440770744195);
    set<f64>(net, coefficients + 2, 1);
    set<f64>(net, coefficients + 3, 3.0019850513866446e-6);
    set<f64>(net, coefficients + 4, 0.002524483403496841);
    set<f64>(net, coefficients + 5, 0.22726554820815503);
    set<f64>(net, coefficients + 6, 2);
  }
}

/** The constants of a network: an instance is its place in memory. */
@unmanaged
export class Constants {
  @inline at(i: usize): v128 {
    return v128.load(changetype<usize>(this) + constantsAt + (i << 4));
  }

  @inline get one(): v128 {
    return this.at(one);
  }

  /** Within 1.4e-7 in float32, 5e-16 in float64, relative; infinities as ±87 or ±708, NaN as NaN. */
  @inline logistic<T>(x: v128): v128 {
    const t = v128.pmin<T>(v128.pmax<T>(v128.neg<T>(x), this.at(least)), this.at(most));
    const rounded = addProduct<T>(this.at(rounder), t, this.at(perLog2));
    const n = v128.sub<T>(rounded, this.at(rounder));
    const high = v128.sub<T>(t, v128.mul<T>(n, this.at(log2High)));
    const r = v128.sub<T>(high, v128.mul<T>(n, this.at(log2Low)));
    // 0, or NaN: the bits that the exponent is made of need not be those of a NaN.
    const guard = v128.sub<T>(t, t);
    const square = v128.mul<T>(r, r);
    if (sizeof<T>() === 4) {
      let p = addProduct<f32>(this.at(coefficients + 1), this.at(coefficients), r);
      p = addProduct<f32>(this.at(coefficients + 2), p, r);
      p = addProduct<f32>(this.at(coefficients + 3), p, r);
      p = addProduct<f32>(this.at(coefficients + 4), p, r);
      p = addProduct<f32>(this.at(coefficients + 5), p, r);
      p = f32x4.add(addProduct<f32>(r, square, p), this.one);
      const power = f32x4.add(i32x4.add(p, i32x4.shl(rounded, 23)), guard);
      return f32x4.div(this.one, f32x4.add(this.one, power));
    }
    // eʳ = (Q(r²) + r · P(r²)) / (Q(r²) − r · P(r²)): one division does for the power and the rest.
    let p = addProduct<f64>(this.at(coefficients + 1), this.at(coefficients), square);
    let q = addProduct<f64>(this.at(coefficients + 4), this.at(coefficients + 3), square);
    p = addProduct<f64>(this.at(coefficients + 2), p, square);
    q = addProduct<f64>(this.at(coefficients + 5), q, square);
    q = addProduct<f64>(this.at(coefficients + 6), q, square);
    p = f64x2.mul(p, r);
    const below = f64x2.sub(q, p);
    const above = i64x2.add(f64x2.add(q, p), i64x2.shl(rounded, 52));
    return f64x2.div(below, f64x2.add(f64x2.add(below, guard), above));
  }
}
