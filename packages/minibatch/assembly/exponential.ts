// e^x of vectors. Constants lie splat in memory: V8 builds the splat of a literal anew at every use.
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
/** Another constant that activations want. */
const one: usize = 19;

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
    set<f64>(net, most, 709);
    set<f64>(net, rounder, 6755399441055744);
    set<f64>(net, perLog2, Math.LOG2E);
    set<f64>(net, log2High, 0.6931471803691238);
    set<f64>(net, log2Low, 1.9082149292705877e-10);
    // Taylor's 1 / n!, from 13 down to 2: the next term is 4e-18 at |r| = ln 2 / 2.
    let factorial: f64 = 1;
    for (let n = 2; n <= 13; n++) {
      factorial *= n;
      set<f64>(net, coefficients + <usize>(13 - n), 1 / factorial);
    }
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

  /** e^x within 1e-7 in float32, 4e-16 in float64; infinities as ±87 or −708 and 709, NaN as NaN. */
  @inline exponential<T>(x: v128): v128 {
    x = v128.pmin<T>(v128.pmax<T>(x, this.at(least)), this.at(most));
    const rounded = addProduct<T>(this.at(rounder), x, this.at(perLog2));
    const n = v128.sub<T>(rounded, this.at(rounder));
    const r = v128.sub<T>(
      v128.sub<T>(x, v128.mul<T>(n, this.at(log2High))),
      v128.mul<T>(n, this.at(log2Low)),
    );
    // 0, or NaN: the bits that the exponent is made of need not be those of a NaN.
    const guard = v128.sub<T>(x, x);
    const square = v128.mul<T>(r, r);
    if (sizeof<T>() === 4) {
      let p = addProduct<f32>(this.at(coefficients + 1), this.at(coefficients), r);
      p = addProduct<f32>(this.at(coefficients + 2), p, r);
      p = addProduct<f32>(this.at(coefficients + 3), p, r);
      p = addProduct<f32>(this.at(coefficients + 4), p, r);
      p = addProduct<f32>(this.at(coefficients + 5), p, r);
      p = f32x4.add(addProduct<f32>(r, square, p), this.one);
      return f32x4.add(i32x4.add(p, i32x4.shl(rounded, 23)), guard);
    }
    // Odd powers and even ones side by side, so that each waits less for the one before.
    let odd = this.at(coefficients),
      even = this.at(coefficients + 1);
    odd = addProduct<f64>(this.at(coefficients + 2), odd, square);
    even = addProduct<f64>(this.at(coefficients + 3), even, square);
    odd = addProduct<f64>(this.at(coefficients + 4), odd, square);
    even = addProduct<f64>(this.at(coefficients + 5), even, square);
    odd = addProduct<f64>(this.at(coefficients + 6), odd, square);
    even = addProduct<f64>(this.at(coefficients + 7), even, square);
    odd = addProduct<f64>(this.at(coefficients + 8), odd, square);
    even = addProduct<f64>(this.at(coefficients + 9), even, square);
    odd = addProduct<f64>(this.at(coefficients + 10), odd, square);
    even = addProduct<f64>(this.at(coefficients + 11), even, square);
    const tail = v128.mul<f64>(square, addProduct<f64>(even, odd, r));
    const p = f64x2.add(f64x2.add(tail, r), this.one);
    return f64x2.add(i64x2.add(p, i64x2.shl(rounded, 52)), guard);
  }
}
