import { AbsentError, type Command, SubjectProcess } from "./subject-process.ts";

/** Workers by subject, and why a subject that has none cannot run on this machine. */
export interface Started<S> {
  readonly workers: ReadonlyMap<S, SubjectProcess>;
  readonly missing: readonly { readonly subject: string; readonly absent: string }[];
}

/** Starts a worker for each subject, lends them, and stops them again, whatever happens. */
export async function withWorkers<S extends { readonly name: string }, T>(
  subjects: Iterable<S>,
  command: (subject: S) => Command,
  use: (started: Started<S>) => Promise<T>,
): Promise<T> {
  const workers = new Map<S, SubjectProcess>();
  const missing: { subject: string; absent: string }[] = [];
  try {
    for (const subject of subjects) {
      try {
        workers.set(subject, await SubjectProcess.start(command(subject)));
      } catch (error) {
        if (!(error instanceof AbsentError)) throw error;
        missing.push({ subject: subject.name, absent: error.message });
      }
    }
    return await use({ workers, missing });
  } finally {
    for (const worker of workers.values()) worker.stop();
  }
}

/** Names and versions, as the workers give them. */
export const aboutAll = (workers: ReadonlyMap<unknown, SubjectProcess>): string =>
  [...workers.values()].map(({ about }) => about).join("; ");
