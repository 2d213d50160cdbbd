// What a worker in JavaScript has in common with the others: the lines it reads, and answers.
import { createInterface } from "node:readline";
import { Bench, type Prepare } from "./clock.ts";
import type { Answer, Greeting, Request } from "./protocol.ts";

export type { Prepare, Prepared } from "./clock.ts";

/** The first line: who is ready, or why nobody is. */
export const greet = (greeting: Greeting): void => console.log(JSON.stringify(greeting));

/** Answers requests, one line each, until stdin ends. */
export async function serve(about: string, prepare: Prepare): Promise<void> {
  greet({ ready: about });
  const bench = new Bench(prepare);
  await answerLines((request) => bench.answer(request));
}

/** {@link serve} without the greeting, for one whose answers come from elsewhere. */
export async function answerLines(answer: (request: Request) => Promise<Answer>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await answer(JSON.parse(line) as Request)));
  }
}
