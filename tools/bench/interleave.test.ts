import { expect, test } from "vitest";
import { interleave, type Timings, Turns } from "./interleave.ts";
import { timeInVisits } from "./visits.ts";

/** A contender whose clock is a list: no test measures time. */
function contender(name: string, order: string[], time = () => 400) {
  return {
    name,
    async time() {
      order.push(name);
      return time();
    },
  };
}

test("contenders take turns, and each round begins with another one", async () => {
  const order: string[] = [];
  await interleave([contender("a", order), contender("b", order)], 3);
  // The first two are the warm-up.
  expect(order.join("")).toBe("ab" + "ab" + "ba" + "ab");
});

test("one that fails is left out with its reason, and the others go on", async () => {
  let calls = 0;
  const late = contender("late", [], () => {
    if (++calls > 2) throw new Error("out of memory");
    return 400;
  });
  const { series, lacking } = await interleave([late, contender("fine", [])], 3);
  expect([...lacking]).toEqual([["late", "out of memory"]]);
  expect([...series]).toEqual([["fine", [400, 400, 400]]]);
});

test("a slow one is timed in three rounds only", async () => {
  const { series } = await interleave([contender("slow", [], () => 2000)], 7);
  expect(series.get("slow")).toEqual([2000, 2000, 2000]);
});

test("a fast one is given as many iterations as make a batch", async () => {
  const asked: number[] = [];
  const fast = {
    name: "fast",
    async time(iterations: number) {
      asked.push(iterations);
      return 0.01;
    },
  };
  await interleave([fast], 1);
  expect(asked.slice(0, 4)).toEqual([1, 10, 100, 400]);
  expect(asked.at(-1)).toBe(400);
});

test("quick ones have more turns in a round than one that is not", async () => {
  const order: string[] = [];
  const quick = (name: string) => contender(name, order, () => 5);
  const turns = new Turns([quick("a"), contender("b", order), quick("c")], 2);
  await turns.take(1);
  order.length = 0;
  await turns.take(1);
  expect(order.join("")).toBe("abc" + "cab" + "accaacca");
  const timesOf = (name: string) => [...(turns.series.get(name) ?? []).entries()];
  const each = Array.from({ length: 10 }, (_, turn) => [turn, 5]);
  expect([timesOf("a"), timesOf("c")]).toEqual([each, each]);
  expect(timesOf("b").filter(([, ms]) => ms !== undefined)).toEqual([
    [0, 400],
    [5, 400],
  ]);
});

test("after a rest all run once untimed, and turns go on where they were", async () => {
  const order: string[] = [];
  const turns = new Turns([contender("a", order), contender("b", order)], 3);
  await turns.take(1);
  order.push("|");
  await turns.take(2);
  expect(order.join("")).toBe("ab" + "ab" + "|" + "ab" + "ba" + "ab");
  expect(turns.series.get("a")).toEqual([400, 400, 400]);
});

test("cells are visited three times, which share the rounds", async () => {
  const said: string[] = [];
  const cell = (what: string) => ({
    what,
    contenders: [contender("ours", [])],
    lines: ({ series }: Timings) => [
      { suite: "s", subject: what, absent: `${series.get("ours")?.length} rounds` },
    ],
  });
  const lines = await timeInVisits([cell("x"), cell("y")], 7, (text) => said.push(text));
  expect(said.map((text) => text.replace("timing ", ""))).toEqual([
    ...["x, 1 of 3", "y, 1 of 3", "x, 2 of 3", "y, 2 of 3", "x, 3 of 3", "y, 3 of 3"],
  ]);
  expect(lines.map((line) => "absent" in line && line.absent)).toEqual(["7 rounds", "7 rounds"]);
});
