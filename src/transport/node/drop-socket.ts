/**
 * The end of a socket whose reason is known already. It is called where nobody could
 * catch what the system throws, in the callbacks of sockets and servers, and what it
 * throws there is no matter: nothing more can be done for the socket.
 */
import type { Duplex } from "node:stream";
import { debuglog } from "node:util";

/** Ends a socket at once. */
export function drop(socket: Duplex | undefined): void {
  quietly(() => socket?.destroy());
}

/** Ends a socket of TCP at once, and tells its peer by a reset. */
export function reset(socket: Duplex & { resetAndDestroy(): unknown }): void {
  quietly(() => socket.resetAndDestroy());
  if (!socket.destroyed) drop(socket); // it could not be reset
}

/** Makes a call to the system that may fail. */
export function quietly(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    debug("could not end a socket: %s", (error as Error).message);
  }
}

const debug = debuglog("tickwire");
