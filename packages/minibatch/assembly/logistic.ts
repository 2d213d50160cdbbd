// 1/(1 + e^−x) of vectors. Constants lie splat in memory: V8 builds the splat of a literal anew at every
// use.
//
// With n the integer next to −x / ln 2 and r = x + n · ln 2, e^−x = 2ⁿ · e^−r.
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
    // Beyond, e^−x is denormal or its double infinite.
    set<f32>(net, least, -87);
    set<f32>(net, most, 87);
    set<f32>(net, rounder, 12582912);
    set<f32>(net, perLog2, <f32>Math.LOG2E);
    set<f32>(net, log2High, 0.693359375);
    set<f32>(net, log2Low, -0.00021219444005469057);
    // S. L. Moshier's Cephes, expf: (e^r − 1 − r) / r², |r| ≤ ln 2 / 2, relative error 2e-8; here of −r,
    // so that every other sign is turned.
    set<f32>(net, coefficients, -1.98756915e-4);
    set<f32>(net, coefficients + 1, 1.3981999507e-3);
    set<f32>(net, coefficients + 2, -8.3334519073e-3);
    set<f32>(net, coefficients + 3, 4.1665795894e-2);
    set<f32>(net, coefficients + 4, -1.6666665459e-1);
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

  /**
   * Of two vectors, to where they belong side by side: within 1.4e-7 in float32, 5e-16 in float64,
   * relative; infinities as ±87 or ±708, NaN as NaN.
   *
   * One vector is a chain of operations that wait for each other: two of them fill the gaps, and share the
   * constants. In registers live t, rounded, r and its square of both, p, q and two constants.
   */
  @inline logistics<T>(x: v128, y: v128, to: usize): void {
    const low = this.at(least),
      high = this.at(most);
    const tx = v128.pmin<T>(v128.pmax<T>(x, low), high),
      ty = v128.pmin<T>(v128.pmax<T>(y, low), high);
    const shift = this.at(rounder),
      scale = this.at(perLog2);
    const roundedX = v128.sub<T>(shift, v128.mul<T>(tx, scale)),
      roundedY = v128.sub<T>(shift, v128.mul<T>(ty, scale));
    const nx = v128.sub<T>(roundedX, shift),
      ny = v128.sub<T>(roundedY, shift);
    const ln2 = this.at(log2High),
      ln2Low = this.at(log2Low);
    const rx = addProduct<T>(addProduct<T>(tx, nx, ln2), nx, ln2Low),
      ry = addProduct<T>(addProduct<T>(ty, ny, ln2), ny, ln2Low);
    const squareX = v128.mul<T>(rx, rx),
      squareY = v128.mul<T>(ry, ry);
    if (sizeof<T>() === 4) {
      let c = this.at(coefficients);
      let px = addProduct<f32>(this.at(coefficients + 1), c, rx),
        py = addProduct<f32>(this.at(coefficients + 1), c, ry);
      for (let i: usize = 2; i < 6; i++) {
        c = this.at(coefficients + i);
        px = addProduct<f32>(c, px, rx);
        py = addProduct<f32>(c, py, ry);
      }
      const one = this.one;
      px = f32x4.add(f32x4.sub(f32x4.mul(squareX, px), rx), one);
      py = f32x4.add(f32x4.sub(f32x4.mul(squareY, py), ry), one);
      // 0, or NaN: the bits that the exponent is made of need not be those of a NaN.
      const guardX = f32x4.sub(tx, tx),
        guardY = f32x4.sub(ty, ty);
      const powerX = f32x4.add(i32x4.add(px, i32x4.shl(roundedX, 23)), guardX),
        powerY = f32x4.add(i32x4.add(py, i32x4.shl(roundedY, 23)), guardY);
      v128.store(to, f32x4.div(one, f32x4.add(one, powerX)));
      v128.store(to, f32x4.div(one, f32x4.add(one, powerY)), 16);
      return;
    }
    // e^−r = (Q(r²) − r · P(r²)) / (Q(r²) + r · P(r²)): one division does for the power and the rest.
    let c = this.at(coefficients),
      d = this.at(coefficients + 1);
    let px = addProduct<f64>(d, c, squareX),
      py = addProduct<f64>(d, c, squareY);
    c = this.at(coefficients + 3);
    d = this.at(coefficients + 4);
    let qx = addProduct<f64>(d, c, squareX),
      qy = addProduct<f64>(d, c, squareY);
    c = this.at(coefficients + 2);
    px = f64x2.mul(addProduct<f64>(c, px, squareX), rx);
    py = f64x2.mul(addProduct<f64>(c, py, squareY), ry);
    c = this.at(coefficients + 5);
    d = this.at(coefficients + 6);
    qx = addProduct<f64>(d, addProduct<f64>(c, qx, squareX), squareX);
    qy = addProduct<f64>(d, addProduct<f64>(c, qy, squareY), squareY);
    // Of NaN, q and p are NaN, and so is what lies below.
    const belowX = f64x2.add(qx, px),
      belowY = f64x2.add(qy, py);
    const aboveX = i64x2.add(f64x2.sub(qx, px), i64x2.shl(roundedX, 52)),
      aboveY = i64x2.add(f64x2.sub(qy, py), i64x2.shl(roundedY, 52));
    v128.store(to, f64x2.div(belowX, f64x2.add(belowX, aboveX)));
    v128.store(to, f64x2.div(belowY, f64x2.add(belowY, aboveY)), 16);
  }
}
