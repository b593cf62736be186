/**
 * A transport: one way to reach others, as a value that makes links, acceptors and
 * places for datagrams.
 *
 *     core ── listen, connect, bind, pump ──▶ transport
 *
 * The port is all that the core and a transport know of each other: a transport
 * imports this folder and nothing of the core, and the core knows no socket.
 */

import type { Acceptor } from "./acceptor.ts";
import type { DatagramLink } from "./datagram-link.ts";
import type { Link } from "./link.ts";

/** A value that `poller.listen` and `poller.connect` take: one way to reach others. */
export interface Transport {
  /** Begins to listen. Tells nothing before {@link Acceptor.attach}. */
  listen?(): Acceptor;
  /** Begins to connect. Tells nothing before {@link Link.attach}. */
  connect?(): Link;
  /** Begins to take a place for datagrams. Tells nothing before {@link DatagramLink.attach}. */
  bind?(): DatagramLink;
  /** Work for all that was made of it; transports that share one function share one call. */
  readonly pump?: Pump;
}

/**
 * Work to do at a frame's start, such as delivering what is due. `poll()` calls
 * it first, with the frame's time; who waits for activity calls it once more,
 * with the same time, before the wait.
 *
 * @returns how soon it wants to be called again, in milliseconds, which
 *   `waitForActivity` wakes for; `Infinity` for at the next poll, whenever that
 *   is; `undefined` for never again
 */
export type Pump = (nowMs: number) => number | undefined;
