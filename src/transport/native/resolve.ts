/**
 * Names as addresses of one family, by Node's resolver. A numeric address needs none,
 * and neither does `localhost`: a loop that never yields would not hear the answer.
 */
import { lookup, V4MAPPED } from "node:dns";
import { isIP } from "node:net";
import { AF_INET6 } from "./layout.ts";

/**
 * Calls `done` with a numeric address for a socket of that family; at once where nothing has
 * to be looked up. `isDual` is whether the socket reaches IPv4 too.
 */
export function resolveFor(host: string, family: number, isDual: boolean, done: Resolved): void {
  if (isIP(host) !== 0) {
    done(undefined, host);
    return;
  }
  if (host === LOCALHOST) {
    done(undefined, family === AF_INET6 ? "::1" : "127.0.0.1");
    return;
  }
  const hints = isDual ? { hints: V4MAPPED } : {};
  try {
    lookup(host, { family: family === AF_INET6 ? 6 : 4, ...hints }, (error, address) => {
      done(error ?? undefined, address);
    });
  } catch (error) {
    done(error as Error, "");
  }
}

/** The same for a socket whose family is that of the address; of a name, the first one. */
export function resolveAny(host: string, done: Resolved): void {
  if (isIP(host) !== 0) {
    done(undefined, host);
    return;
  }
  try {
    lookup(host, (error, address) => done(error ?? undefined, address));
  } catch (error) {
    done(error as Error, "");
  }
}

/** The addresses of this machine, in the order in which they are tried (RFC 6761, 6.3). */
export const LOOPBACK: readonly string[] = ["::1", "127.0.0.1"];
export const LOCALHOST = "localhost";

type Resolved = (error: Error | undefined, address: string) => void;
