/**
 * The sockets of an attempt to connect, so that it can be given up. The client of NATS cannot
 * be stopped while it dials, and leaves the socket of an attempt that has failed open, for as
 * long as the other side does nothing; so those that are made in it are noted, and destroyed
 * with it.
 *
 *     attempts.run(connect) ─ … ─▶ net.connect ──▶ "net.client.socket" ──▶ the attempt's sockets
 *
 * Node tells of each socket that anybody makes, and in whose asynchronous call. Where a
 * runtime does not, a socket stays until the system gives it up. Knows no client.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";

/** An attempt, and the connection that it becomes. */
export interface Attempt {
  readonly sockets: Set<{ destroy(): void }>;
  isOver: boolean;
}

/** Gives an attempt up, or ends its connection. */
export function endAttempt(attempt: Attempt): void {
  attempt.isOver = true;
  for (const socket of attempt.sockets) socket.destroy();
  attempt.sockets.clear();
}

/** Runs `connect`, and notes the sockets that are made in it, also by its promises. */
export async function noted<Result>(attempt: Attempt, connect: () => Promise<Result>): Promise<Result> {
  if (dialing++ === 0) subscribe(SOCKET_MADE, noteSocket);
  try {
    return await attempts.run(attempt, connect);
  } finally {
    if (--dialing === 0) {
      unsubscribe(SOCKET_MADE, noteSocket);
      attempts.disable(); // it costs every promise of the process
    }
  }
}

function noteSocket(message: unknown): void {
  const attempt = attempts.getStore();
  const { socket } = message as { readonly socket: { destroy(): void } };
  if (attempt === undefined) return;
  attempt.sockets.add(socket);
  // The socket is told before it connects, and one that is destroyed now would connect all the same.
  if (attempt.isOver) queueMicrotask(() => socket.destroy());
}

const attempts = new AsyncLocalStorage<Attempt>();
/** How many attempts are under way. */
let dialing = 0;
const SOCKET_MADE = "net.client.socket";
