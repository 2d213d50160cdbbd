/** What of the host's globals lets other tasks run; which of them there are depends on the host. */
interface Tasks {
  setImmediate?(task: () => void): unknown;
  setTimeout?(task: () => void, ms: number): unknown;
  MessageChannel?: new () => { readonly port1: Port; readonly port2: Port };
}

interface Port {
  onmessage: (() => void) | null;
  postMessage(message: null): void;
  close(): void;
}

/**
 * Lets the event loop run once: timers, events, painting. By `setImmediate` where there is one, else by a
 * message, since browsers make a nested `setTimeout` wait for 4 ms.
 */
export function nextTask(): Promise<void> {
  const host = globalThis as Tasks;
  return new Promise((resolve) => {
    if (host.setImmediate) host.setImmediate(resolve);
    else if (host.MessageChannel) {
      const { port1, port2 } = new host.MessageChannel();
      port1.onmessage = () => {
        // An open port would keep a process alive.
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    } else if (host.setTimeout) host.setTimeout(resolve, 0);
    else resolve();
  });
}
