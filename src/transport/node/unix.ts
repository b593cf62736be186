/**
 * Unix sockets, and named pipes on Windows: streams between programs on one
 * machine, addressed by a path. Decides what a path may be. `unix-acceptor.ts`
 * listens, `unix-link.ts` connects.
 */
import { type Checks, checkOptions, isBoolean, isText, isWholeNumber } from "../../check.ts";
import type { Transport } from "../../port/transport.ts";
import { DEFAULT_BACKLOG } from "./stream-acceptor.ts";
import { unixAcceptor } from "./unix-acceptor.ts";
import { UnixLink } from "./unix-link.ts";
import { warnUnlessYielding } from "./yield-warning.ts";

/** Options of {@link unix}. */
export interface UnixOptions {
  /**
   * The path of the socket, at most 107 bytes on Linux; on Windows the name of a pipe,
   * `\\\\.\\pipe\\game`. The abstract names of Linux, which begin with a NUL, are not supported.
   */
  readonly path: string;
  /**
   * The permission bits of the file, such as `0o600`, which decide who may connect; from
   * the umask by default. They are set before the file is at its path; for a moment before,
   * it has a random name beside it and the bits of the umask. Without effect on Windows,
   * whose pipes have none.
   */
  readonly mode?: number;
  /**
   * The length of the system's queue of connections that Node has not accepted
   * yet, in connections; 511 by default, as in Node.
   */
  readonly backlog?: number;
  /** Whether this side may go on sending after the peer has ended its stream; `false` by default. */
  readonly allowHalfOpen?: boolean;
}

/**
 * A transport over a unix socket, to listen or to connect with. It opens no
 * socket before it is used, and may be used any number of times.
 *
 * A listener takes over the file of a socket that nobody answers on, such as a
 * crash leaves behind, and no other file. Closing removes the file if it is still
 * this listener's own. An accepted connection has no remote address.
 *
 * A connect waits for room when the listener's queue is full, until `timeoutMs`.
 *
 * @throws TypeError when an option has the wrong type, or is unknown
 * @throws RangeError when the path is empty, too long for the system or has a NUL in it, or a number is out of range
 */
export function unix(options: UnixOptions): Transport {
  checkOptions(options, CHECKS);
  const { path, mode, backlog = DEFAULT_BACKLOG, allowHalfOpen = false } = options;
  isPath("path", path);
  return {
    listen: () => unixAcceptor({ path, mode, backlog, allowHalfOpen }),
    connect: () => new UnixLink(path, allowHalfOpen),
    pump: warnUnlessYielding,
    blueprint: { kind: "unix", options },
  };
}

function isPath(name: string, path: unknown): void {
  if (typeof path === "string" && path.startsWith("\0")) {
    throw new RangeError(`${name}: expected a path; the abstract names of Linux are not supported`);
  }
  isText(name, path);
  const pathBytes = new TextEncoder().encode(path as string).length;
  if (pathBytes <= PATH_LIMIT_BYTES) return;
  throw new RangeError(`${name}: expected 1 to ${PATH_LIMIT_BYTES} bytes, got ${pathBytes}`);
}

const CHECKS: Checks<UnixOptions> = {
  path: isPath,
  mode: isWholeNumber(0, 0o777),
  backlog: isWholeNumber(1, 2 ** 31 - 1), // what the system call takes
  allowHalfOpen: isBoolean,
};

/** The capacity of `sockaddr_un`, without the final zero (unix(7), and sys/un.h of macOS). */
const LIMITS: Partial<Record<NodeJS.Platform, number>> = {
  linux: 107,
  darwin: 103,
  freebsd: 103,
  openbsd: 103,
};
const PATH_LIMIT_BYTES = LIMITS[process.platform] ?? Infinity;
