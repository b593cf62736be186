/**
 * Frames until something is so: polls, asks, flushes and gives the event loop its
 * turn. Has a deadline in real time, for what hangs, and measures nothing.
 */
import type { Poller } from "../../src/index.ts";

/** The first answer that is neither `undefined` nor `false`. Throws when none comes in time. */
export async function stepUntil<T>(
  ask: () => T | undefined | false,
  ...pollers: readonly Poller[]
): Promise<Exclude<T, undefined | false>> {
  const untilMs = performance.now() + DEADLINE_MS;
  do {
    for (const poller of pollers) poller.poll();
    const answer = ask();
    for (const poller of pollers) poller.flush();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    await new Promise((resolve) => setTimeout(resolve, 1));
  } while (performance.now() < untilMs);
  throw new Error(`nothing came of it: ${ask}`);
}

const DEADLINE_MS = 30_000;
