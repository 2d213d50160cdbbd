import { expectRefusal } from "@batchnorm/conformance/vitest";
import { Random, type RandomState } from "@batchnorm/minibatch";
import * as fc from "fast-check";
import { expect, test } from "vitest";

// The same cases on every run.
fc.configureGlobal({ seed: 20261121 });

/** sfc32 in whole numbers, as PractRand's C has it. */
function reference(seed: bigint, length: number): number[] {
  const word = (value: bigint): bigint => value & 0xffffffffn;
  let [a, b, c, counter] = [0n, word(seed), word(seed >> 32n), 1n];
  const next = (): number => {
    const sum = word(a + b + counter);
    counter = word(counter + 1n);
    a = b ^ (b >> 9n);
    b = word(c + (c << 3n));
    c = word(((c << 21n) | (c >> 11n)) + sum);
    return Number(sum);
  };
  return Array.from({ length: 12 + length }, next).slice(12);
}

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

test("the numbers are those of sfc32", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const random = new Random(seed);
      const drawn = Array.from({ length: 50 }, () => random.next());
      expect(drawn).toEqual(reference(BigInt(seed), 50));
    }),
  );
});

test("a generator that is seeded anew is a new one", () => {
  const random = new Random(3);
  random.next();
  random.reseed(2 ** 40 + 5);
  expect(random.toState()).toEqual(new Random(2 ** 40 + 5).toState());
  expectRefusal("ERR_BATCHNORM_OPTION", () => random.reseed(0.5));
  expect(random.toState()).toEqual(new Random(2 ** 40 + 5).toState());
});

test("a generator goes on from its state in JSON", () => {
  fc.assert(
    fc.property(seeds, fc.nat(100), (seed, before) => {
      const random = new Random(seed);
      for (let i = 0; i < before; i++) random.next();
      const other = Random.fromState(JSON.parse(JSON.stringify(random.toState())));
      const numbers = (from: Random) => Array.from({ length: 20 }, () => from.uniform());
      expect(numbers(other)).toEqual(numbers(random));
    }),
  );
});

test("uniform numbers lie in [0, 1), with the mean and variance of a uniform distribution", () => {
  const random = new Random(7);
  const drawn = Array.from({ length: 100_000 }, () => random.uniform());
  expect(Math.min(...drawn.slice(0, 1000))).toBeGreaterThanOrEqual(0);
  expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true);
  const mean = drawn.reduce((a, b) => a + b) / drawn.length;
  const variance = drawn.reduce((a, b) => a + (b - mean) ** 2, 0) / drawn.length;
  // Five standard errors: √(1/12/1e5) = 9e-4, and √(1/180/1e5) = 2.4e-4 for the variance.
  expect(Math.abs(mean - 1 / 2)).toBeLessThan(4.6e-3);
  expect(Math.abs(variance - 1 / 12)).toBeLessThan(1.2e-3);
});

test("below(n) is ⌊drawn · n / 2^32⌋, exactly, for every n", () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 2 ** 32 - 1 }), (seed, below) => {
      const [drawn] = reference(BigInt(seed), 1) as [number];
      const product = BigInt(drawn) * BigInt(below);
      // Lemire's rule for what is drawn again.
      fc.pre((product & 0xffffffffn) >= BigInt(2 ** 32 % below));
      expect(new Random(seed).below(below)).toBe(Number(product >> 32n));
    }),
    { numRuns: 1000 },
  );
});

test("below(n) gives no number more often than another", () => {
  // 2^32 holds 3 · 2^30 once and a third: without drawing again, low numbers would come twice as often.
  const random = new Random(3);
  const below = 3 * 2 ** 30;
  let low = 0;
  for (let i = 0; i < 30_000; i++) if (random.below(below) % 3 === 0) low++;
  // A third, within five standard errors of √(2/9/3e4) = 2.7e-3.
  expect(Math.abs(low / 30_000 - 1 / 3)).toBeLessThan(0.0136);
});

test("a shuffled order holds every number once, and the seed decides it", () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 300 }), (seed, length) => {
      const numbers = Uint32Array.from({ length }, (_, i) => i);
      const order = numbers.slice();
      new Random(seed).shuffle(order);
      expect(order.slice().sort()).toEqual(numbers);
      const again = numbers.slice();
      new Random(seed).shuffle(again);
      expect(again).toEqual(order);
    }),
  );
});

test("an order is shuffled by exchanges with places that below() draws", () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 300 }), (seed, length) => {
      const [one, other] = [new Random(seed), new Random(seed)];
      const order = Uint32Array.from({ length }, (_, i) => i);
      one.shuffle(order);
      const expected = Array.from({ length }, (_, i) => i);
      for (let last = length - 1; last > 0; last--) {
        const place = other.below(last + 1);
        const value = expected[place] as number;
        expected[place] = expected[last] as number;
        expected[last] = value;
      }
      expect(Array.from(order)).toEqual(expected);
      expect(one.toState()).toEqual(other.toState());
    }),
  );
});

test("a number that would make an order likelier is drawn again", () => {
  // Of three places, 0 is the one number of 2^32 too many; a state whose words add up to it draws it next.
  const state: RandomState = [0, 0, 5, 0];
  expect(Random.fromState(state).next()).toBe(0);
  const [shuffling, drawing] = [Random.fromState(state), Random.fromState(state)];
  shuffling.shuffle(Uint32Array.of(0, 1, 2));
  drawing.next();
  drawing.below(3);
  drawing.below(2);
  expect(shuffling.toState()).toEqual(drawing.toState());
});

test("every order of four is as likely as any other", () => {
  const random = new Random(11);
  const counts = new Map<string, number>();
  const order = new Uint32Array(4);
  const rounds = 24_000;
  for (let round = 0; round < rounds; round++) {
    order.set([0, 1, 2, 3]);
    random.shuffle(order);
    const key = order.join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  expect(counts.size).toBe(24);
  const expected = rounds / 24;
  const chiSquare = [...counts.values()].reduce((a, n) => a + (n - expected) ** 2 / expected, 0);
  // The 99.99 % quantile of χ² with 23 degrees of freedom.
  expect(chiSquare).toBeLessThan(56);
});

test.each([-1, 0.5, 2 ** 53, Number.NaN, "1"])("seed %s is refused", (seed) => {
  expectRefusal("ERR_BATCHNORM_OPTION", () => new Random(seed as number));
});

test.each([[[1, 2, 3]], [[1, 2, 3, -1]], [[1, 2, 3, 2 ** 32]], [[1, 2, 3, null]], [null]])(
  "state %j is refused",
  (state) => {
    const random = new Random(1);
    const before = random.toState();
    expectRefusal("ERR_BATCHNORM_STATE", () => random.load(state as never));
    expect(random.toState()).toEqual(before);
  },
);
