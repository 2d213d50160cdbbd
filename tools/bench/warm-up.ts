/**
 * Runs for so long that V8 compiles no more of it: a call of `train` is much code, which is compiled for
 * the last time after a thousand calls. For ours and stock alike.
 */
export function warmUp(run: () => unknown): void {
  for (const end = performance.now() + 1500; performance.now() < end; ) run();
}
