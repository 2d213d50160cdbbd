import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** Where a command runs. */
export interface Place {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A command that failed; its message shows the end of what it printed. */
export class CommandError extends Error {
  /** All that it printed, errors too. */
  readonly output: string;

  constructor(message: string, output: string) {
    super([message, ...output.trim().split("\n").slice(-40)].join("\n"));
    this.output = output;
  }
}

/** What was started, so that none of it outlives the rehearsal. */
export class Processes {
  readonly #running = new Map<ChildProcess, Promise<void>>();
  #stopped = false;

  /**
   * Runs a command to its end.
   *
   * @returns what it printed, but for its errors.
   * @throws {CommandError} when it fails.
   */
  async run(file: string, args: readonly string[], place: Place): Promise<string> {
    const child = this.start(file, args, place);
    let [output, all] = ["", ""];
    child.stdout?.on("data", (text: Buffer) => {
      output += text;
      all += text;
    });
    child.stderr?.on("data", (text: Buffer) => {
      all += text;
    });
    await this.#running.get(child);
    if (child.exitCode === 0) return output;
    const ended = child.exitCode === null ? "was stopped" : `failed with ${child.exitCode}`;
    throw new CommandError(`${[file, ...args].join(" ")} ${ended}`, all);
  }

  /** Starts a command that stays. */
  start(file: string, args: readonly string[], { cwd, env }: Place): ChildProcess {
    if (this.#stopped) throw new Error("the rehearsal was stopped");
    // A group of its own: what a command starts in turn is stopped with it.
    const options = { cwd, env, detached: true } as const;
    const child = spawn(file, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise<void>((resolve) => {
      child.once("close", () => resolve());
      child.once("error", () => resolve());
    }).then(() => void this.#running.delete(child));
    this.#running.set(child, ended);
    return child;
  }

  /** Stops all that runs, and lets nothing more start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const running = [...this.#running];
    for (const [child] of running) signal(child, "SIGTERM");
    await Promise.race([Promise.all(running.map(([, ended]) => ended)), sleep(3000)]);
    for (const [child] of running) signal(child, "SIGKILL");
  }
}

function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch {
    // The group has ended.
  }
}
