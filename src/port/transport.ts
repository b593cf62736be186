/**
 * A transport: one way to reach peers, as a value that makes links, acceptors
 * and datagram links.
 *
 *     core ── listen, connect, bind, pump ──▶ transport
 *
 * The port is all that the core and a transport know of each other: a transport
 * imports this folder and nothing of the core, and the core knows no socket.
 */

import type { Acceptor } from "./acceptor.ts";
import type { DatagramLink } from "./datagram-link.ts";
import type { Link } from "./link.ts";
import type { Registry } from "./registry.ts";

/** One way to reach peers: the value that `listen`, `connect` and `bind` of a poller take. */
export interface Transport {
  /** Starts to listen. No event fires before {@link Acceptor.attach}. `codec` is the codec's `fingerprint`, for a recorder. */
  listen?(codec?: string): Acceptor;
  /** Starts to connect. No event fires before {@link Link.attach}. `codec` is that of `listen`. */
  connect?(codec?: string): Link;
  /** Starts to bind a datagram link. No event fires before {@link DatagramLink.attach}. `codec` is that of `listen`. */
  bind?(codec?: string): DatagramLink;
  /** Opens what it keeps records in, for leases. Nothing happens before {@link Registry.attach}. */
  registry?(): Registry;
  /**
   * What its links carry: a `"stream"`, which is the default, or each `"message"` of a
   * codec by itself. Then a link is given messages with a header each, which
   * `message-header.ts` reads, and gives one whole message to each call of `received`.
   */
  readonly framing?: "stream" | "message";
  /** Work for everything that the transport made. Transports with the same function share one call. */
  readonly pump?: Pump;
  /**
   * Blocks the thread until there is something for `pump`, and at most for `timeoutMs`, for a
   * loop that never yields. Returns whether there is. Only a transport that needs no turn of
   * the event loop has it; those with the same function share one call.
   */
  readonly sleep?: Sleep;
  /** What another thread needs to make the same transport; without it, that cannot be done. */
  readonly blueprint?: Blueprint;
}

/** The kind of a transport, and the options that it was made with. */
export interface Blueprint {
  /** Which call makes it. */
  readonly kind:
    | "tcp"
    | "tls"
    | "unix"
    | "udp"
    | "websocket"
    | "websocket-server"
    | "native-tcp"
    | "native-udp";
  /** The options, once they were checked; a URL is one of them. */
  readonly options: object;
}

/** See {@link Transport.sleep}. */
export type Sleep = (timeoutMs: number) => boolean;

/**
 * Work at the start of a frame, such as delivering what is due. `poll()` calls
 * it first, with the time of the frame. `waitForActivity` calls it once more,
 * with the same time, before it waits. `poller` tells the pollers apart that share a
 * transport, and nothing else. `beginsFrame` is whether it is `poll()` that calls. `wake` is
 * there when the poller is about to wait while the event loop turns: to be called if it has to
 * look sooner than the answer says. A pump around another one passes all of them on.
 *
 * @returns the delay until it wants to be called again, in milliseconds;
 *   `waitForActivity` wakes for it. `Infinity` means at the next poll, whenever
 *   that is, and `undefined` means never again.
 */
export type Pump = (
  nowMs: number,
  poller: object,
  beginsFrame?: boolean,
  wake?: () => void,
) => number | undefined;
