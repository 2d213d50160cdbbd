// Where training on a data set is: epoch after epoch, batch after batch, in orders that a generator draws.

/** src/course.ts is the other side. The order, a u32 for each sample, lies behind it. */
@unmanaged
export class Course {
  samples: u32;
  /** Of an epoch. */
  batches: u32;
  shuffles: u32;
  /** Batches of this epoch that are done. */
  batch: u32;
  /** How many steps are left to go, > 0. */
  steps: u32;
  /** How many ends of epochs are left to pass, > 0. */
  epochs: u32;
  /** Σ loss · samples over this epoch's batches. */
  lossSum: f64;
  /** Mean loss of the last epoch that is over. */
  loss: f64;
  /** An epoch of no more loss is the last to pass; NaN for none. */
  threshold: f64;
  /** The generator's words before this epoch's order is drawn, and behind them those after. */
  a: u32;
  b: u32;
  c: u32;
  counter: u32;
  drawn: v128;
}
export const orderAt: usize = 80;

/** Where a batch begins, of as many as are as long as each other, but for 1; see src/batches.ts. */
export function startOf(course: Course, batch: u32): u32 {
  return <u32>((<u64>batch * <u64>course.samples) / <u64>course.batches);
}

/** Where the next batch begins, whose epoch's order has been drawn. */
export function begin(course: Course): u32 {
  if (course.batch === 0) deal(course);
  return startOf(course, course.batch);
}

/** Enters a step of a finite loss; false where it was the last. */
export function goesOn(course: Course, loss: f64): bool {
  const steps = course.steps - 1;
  course.steps = steps;
  course.lossSum += loss;
  if (++course.batch < course.batches) return steps > 0;
  const mean = course.lossSum / <f64>course.samples;
  course.loss = mean;
  course.lossSum = 0;
  course.batch = 0;
  v128.store(changetype<usize>(course), course.drawn, offsetof<Course>("a"));
  return --course.epochs > 0 && steps > 0 && !(mean <= course.threshold);
}

/** Draws an epoch's order; src/random.ts says how and why. */
function deal(course: Course): void {
  const order = changetype<usize>(course) + orderAt;
  const samples = course.samples;
  for (let i: u32 = 0; i < samples; i++) store<u32>(order + ((<usize>i) << 2), i);
  let a = course.a,
    b = course.b,
    c = course.c,
    counter = course.counter;
  for (let below = course.shuffles ? samples : 0; below > 1; below--) {
    let product: u64, least: u32;
    do {
      const drawn = a + b + counter++;
      a = b ^ (b >>> 9);
      b = c + (c << 3);
      c = rotl<u32>(c, 21) + drawn;
      product = <u64>drawn * <u64>below;
      least = <u32>product;
    } while (least < below && least < <u32>(((<u64>1) << 32) % <u64>below));
    const last = order + ((<usize>(below - 1)) << 2),
      place = order + ((<usize>(product >> 32)) << 2);
    const value = load<u32>(place);
    store<u32>(place, load<u32>(last));
    store<u32>(last, value);
  }
  course.drawn = i32x4(a, b, c, counter);
}
