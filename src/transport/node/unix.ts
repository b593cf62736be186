/**
 * Unix sockets, and named pipes on Windows: streams between programs on one
 * machine, addressed by a path. Decides what happens to the socket's file. The
 * sockets then run in `stream.ts`.
 */
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connect, createServer } from "node:net";
import { kindOf, wholeNumber } from "../../check.ts";
import type { Acceptor, AcceptorEvents } from "../../port/acceptor.ts";
import type { Transport } from "../../port/transport.ts";
import { reasonOf } from "./error-codes.ts";
import { StreamLink } from "./stream.ts";
import { DEFAULT_BACKLOG, READ_BYTES, StreamAcceptor } from "./stream-acceptor.ts";
import { warnUnlessYielding } from "./yield-warning.ts";

/** Options of {@link unix}. */
export interface UnixOptions {
  /** The path of the socket, at most 107 bytes on Linux; on Windows the name of a pipe, `\\\\.\\pipe\\game`. */
  readonly path: string;
  /** The permission bits of the file, such as `0o600`, which decide who may connect; from the umask by default. */
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
 * socket before it is used, and may be used any number of times. A file left
 * behind by a crash is replaced if no process answers on it; closing removes the
 * file. An accepted connection has no remote address.
 *
 * @throws TypeError when an option has the wrong type
 * @throws RangeError when the path is empty or too long for the system, or a number is out of range
 */
export function unix(options: UnixOptions): Transport {
  const { path, mode, backlog = DEFAULT_BACKLOG, allowHalfOpen = false } = check(options);
  const address = { family: "unix", host: path, port: 0 } as const;
  return {
    listen: () => new UnixAcceptor(path, mode, () => streamAcceptor(path, backlog, allowHalfOpen)),
    connect: () =>
      new StreamLink(connect({ path, allowHalfOpen: true }), "client", {
        allowHalfOpen,
        canReset: false,
        remoteAddress: address,
      }),
    pump: warnUnlessYielding,
  };
}

/** An acceptor that manages its file: replaces one that no process answers on, and sets its permissions. */
class UnixAcceptor implements Acceptor {
  readonly #path: string;
  readonly #mode: number | undefined;
  readonly #make: () => Acceptor;
  #acceptor: Acceptor | undefined;
  #isClosed = false;

  constructor(path: string, mode: number | undefined, make: () => Acceptor) {
    this.#path = path;
    this.#mode = mode;
    this.#make = make;
  }

  attach(events: AcceptorEvents): void {
    this.#try(events, (reason) => {
      if (reason.kind !== "address-in-use") events.closed(reason);
      else this.#probeExisting((isAnswered) => (isAnswered ? events.closed(reason) : this.#takeOver(events)));
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#acceptor?.close();
  }

  #try(events: AcceptorEvents, failed: AcceptorEvents["closed"]): void {
    this.#acceptor = this.#make();
    this.#acceptor.attach({
      incoming: (link) => events.incoming(link),
      handshaking: (from) => events.handshaking(from),
      rejected: (reason) => events.rejected(reason),
      listening: (address) => {
        try {
          if (this.#mode !== undefined) chmodSync(this.#path, this.#mode);
          events.listening(address);
        } catch (error) {
          this.close();
          events.closed(reasonOf(error as Error));
        }
      },
      closed: failed,
    });
  }

  /** Reports whether a process answers on the path. For a file that is no socket it reports `true`. */
  #probeExisting(answer: (isAnswered: boolean) => void): void {
    if (!lstatSync(this.#path, { throwIfNoEntry: false })?.isSocket()) {
      answer(true); // connecting would be refused, but the file must not be removed
      return;
    }
    const probe = connect({ path: this.#path });
    probe.on("connect", () => {
      probe.destroy();
      answer(true);
    });
    probe.on("error", (error: NodeJS.ErrnoException) => answer(error.code !== "ECONNREFUSED"));
  }

  #takeOver(events: AcceptorEvents): void {
    if (this.#isClosed) return;
    try {
      unlinkSync(this.#path);
    } catch (error) {
      events.closed(reasonOf(error as Error));
      return;
    }
    this.#try(events, (reason) => events.closed(reason));
  }
}

function streamAcceptor(path: string, backlog: number, allowHalfOpen: boolean): Acceptor {
  return new StreamAcceptor({
    server: createServer({ allowHalfOpen: true, highWaterMark: READ_BYTES }),
    listenOptions: { path, backlog },
    linkOptions: { allowHalfOpen, canReset: false, localAddress: { family: "unix", host: path, port: 0 } },
  });
}

function check(options: UnixOptions): UnixOptions {
  const { path, mode, backlog } = options ?? {};
  if (typeof path !== "string") throw new TypeError(`path: expected a string, got ${kindOf(path)}`);
  const pathBytes = new TextEncoder().encode(path).length;
  const limitBytes = PATH_LIMIT_BYTES[process.platform] ?? Infinity;
  if (pathBytes === 0 || pathBytes > limitBytes) {
    throw new RangeError(`path: expected 1 to ${limitBytes} bytes, got ${pathBytes}`);
  }
  if (mode !== undefined) wholeNumber("mode", mode, 0, 0o777);
  if (backlog !== undefined) wholeNumber("backlog", backlog, 1);
  return options;
}

/** The capacity of `sockaddr_un`, without the final zero (unix(7), and sys/un.h of macOS). */
const PATH_LIMIT_BYTES: Partial<Record<NodeJS.Platform, number>> = {
  linux: 107,
  darwin: 103,
  freebsd: 103,
  openbsd: 103,
};
