import { type ChildProcess, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import type { Answer, Greeting, Request } from "./protocol.ts";

/** How to start a worker. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A subject that cannot run on this machine; the message says why. */
export class AbsentError extends Error {}

/** A worker in a process of its own, so that no subject's heap, code or threads touch another's. */
export class SubjectProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #errors = "";
  /** Name and version, as the worker gives them. */
  about = "";

  private constructor(child: ChildProcess, lines: Interface) {
    this.#child = child;
    this.#lines = lines[Symbol.asyncIterator]();
    child.stderr?.on("data", (text) => {
      this.#errors = (this.#errors + text).slice(-2000);
    });
  }

  /** @throws {AbsentError} when the worker does not start, or says that it cannot run here. */
  static async start({ file, args, env }: Command): Promise<SubjectProcess> {
    const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: "pipe" });
    const failed = new Promise<never>((_, reject) => child.once("error", reject));
    // A worker that dies is noticed by its silence; writing to it must not throw besides.
    child.stdin.on("error", () => {});
    const started = new SubjectProcess(child, createInterface({ input: child.stdout }));
    try {
      const greeting = (await Promise.race([started.#next(), failed])) as Greeting;
      if ("absent" in greeting) throw new AbsentError(greeting.absent);
      started.about = greeting.ready;
      return started;
    } catch (error) {
      child.kill();
      throw new AbsentError((error as Error).message);
    }
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** @throws {Error} with the end of what the worker wrote to stderr, when it has died. */
  async ask(request: Request): Promise<Answer> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    return (await this.#next()) as Answer;
  }

  stop(): void {
    this.#child.kill();
  }

  async #next(): Promise<unknown> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`the worker ended${lastError(this.#errors)}`);
      // Libraries greet on stdout too.
      if (value.startsWith("{")) return JSON.parse(value);
    }
  }
}

/** The line of a stack trace or traceback that says what went wrong. */
function lastError(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const line = lines.find((line) => /^\w*(Error|Exception)\b/.test(line)) ?? lines.at(-1);
  return line ? `: ${line.trim()}` : "";
}
