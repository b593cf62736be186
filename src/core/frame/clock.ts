/**
 * Real time: the default of `poll(now)`, the clock of budgets in milliseconds, and
 * the pause of an awaited dispose between its polls. The only file of the core
 * that knows it.
 */

/** Returns the milliseconds since a fixed moment; never goes back. */
export function now(): number {
  return performance.now();
}

/** Waits for `lengthMs`, while the rest of the process runs. */
export function sleep(lengthMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, lengthMs));
}
