// Activations of vectors, as src/graph.ts defines them. A loop is made for each class; an instance is the
// network, whose constants it reads.
//
// `put` takes two vectors side by side, NaN to NaN, so that divergence is seen. `slope` is
// gradient · activation′, by y.

import { Constants } from "./logistic";

/** By the numbers that src/wasm/records.ts gives them. */
export const sigmoid: u32 = 1;
export const tanh: u32 = 2;
export const relu: u32 = 3;
export const leakyRelu: u32 = 4;
export const step: u32 = 5;

@unmanaged
export class Identity {
  @inline put<_T>(x: v128, y: v128, _leak: v128, to: usize): void {
    v128.store(to, x);
    v128.store(to, y, 16);
  }

  @inline slope<_T>(gradient: v128, _y: v128, _leak: v128): v128 {
    return gradient;
  }
}

@unmanaged
export class Sigmoid {
  @inline put<T>(x: v128, y: v128, _leak: v128, to: usize): void {
    changetype<Constants>(this).logistics<T>(x, y, to);
  }

  @inline slope<T>(gradient: v128, y: v128, _leak: v128): v128 {
    const rest = v128.sub<T>(changetype<Constants>(this).one, y);
    return v128.mul<T>(gradient, v128.mul<T>(y, rest));
  }
}

@unmanaged
export class Tanh {
  /** `1 − 2 / (1 + e^2x)` */
  @inline put<T>(x: v128, y: v128, _leak: v128, to: usize): void {
    const constants = changetype<Constants>(this);
    constants.logistics<T>(v128.neg<T>(v128.add<T>(x, x)), v128.neg<T>(v128.add<T>(y, y)), to);
    const one = constants.one,
      left = v128.load(to),
      right = v128.load(to, 16);
    v128.store(to, v128.sub<T>(one, v128.add<T>(left, left)));
    v128.store(to, v128.sub<T>(one, v128.add<T>(right, right)), 16);
  }

  @inline slope<T>(gradient: v128, y: v128, _leak: v128): v128 {
    return v128.mul<T>(gradient, v128.sub<T>(changetype<Constants>(this).one, v128.mul<T>(y, y)));
  }
}

@unmanaged
export class Relu {
  @inline put<T>(x: v128, y: v128, _leak: v128, to: usize): void {
    const zero = v128.splat<T>(0);
    v128.store(to, v128.pmax<T>(x, zero));
    v128.store(to, v128.pmax<T>(y, zero), 16);
  }

  @inline slope<T>(gradient: v128, y: v128, _leak: v128): v128 {
    return v128.and(gradient, v128.gt<T>(y, v128.splat<T>(0)));
  }
}

@unmanaged
export class LeakyRelu {
  @inline put<T>(x: v128, y: v128, leak: v128, to: usize): void {
    v128.store(to, this.slope<T>(x, x, leak));
    v128.store(to, this.slope<T>(y, y, leak), 16);
  }

  @inline slope<T>(gradient: v128, y: v128, leak: v128): v128 {
    const less = v128.mul<T>(gradient, leak);
    return v128.bitselect(gradient, less, v128.gt<T>(y, v128.splat<T>(0)));
  }
}

/** On the way back it is an {@link Identity}. */
@unmanaged
export class Step {
  @inline put<T>(x: v128, y: v128, _leak: v128, to: usize): void {
    v128.store(to, this.of<T>(x));
    v128.store(to, this.of<T>(y), 16);
  }

  @inline of<T>(x: v128): v128 {
    const above = v128.gt<T>(x, v128.splat<T>(0));
    return v128.or(v128.and(above, changetype<Constants>(this).one), v128.ne<T>(x, x));
  }
}
