/** Waiting for the network in tests with real sockets, frame by frame. */
import type { Poller } from "../../src/index.ts";

/**
 * Polls until `isThere`. The limit is for what never comes, and in time: a busy machine
 * makes more frames of one handshake, and none of them is a failure.
 */
export async function until(poller: Poller, isThere: () => boolean): Promise<void> {
  for (const giveUpMs = performance.now() + PATIENCE_MS; performance.now() < giveUpMs; ) {
    poller.poll();
    if (isThere()) return;
    poller.flush();
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error("it did not come");
}

const PATIENCE_MS = 60_000;
