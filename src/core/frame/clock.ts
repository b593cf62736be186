/**
 * Real time, for those who bring none of their own: the default of `poll(now)`
 * and of budgets in milliseconds, and the rest that an awaited dispose takes
 * between its polls. The only place in the core that knows it.
 */

/** Milliseconds since some fixed moment; never goes back. */
export function now(): number {
  return performance.now();
}

/** Lets the rest of the process run for `lengthMs`. */
export function sleep(lengthMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, lengthMs));
}
