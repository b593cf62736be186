/**
 * Unix sockets, and Windows' named pipes by the same option: streams between
 * programs on one machine, found by a path. Decides what becomes of the file;
 * what the sockets do is `stream.ts`.
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
  /** The path of the socket, at most 107 bytes on Linux; on Windows a pipe's name, `\\\\.\\pipe\\game`. */
  readonly path: string;
  /** Who may connect, as the file's permission bits, such as `0o600`; as the system's umask has it by default. */
  readonly mode?: number;
  /** How many guests the system may hold before the process has seen them; 511 by default, as Node has it. */
  readonly backlog?: number;
  /** Whether this side may go on sending when the peer has finished; `false` by default. */
  readonly allowHalfOpen?: boolean;
}

/**
 * A transport over a unix socket. A file that a crash has left is taken over
 * when nobody answers on it; the file is gone after the close. The peer's
 * address is unknown on the listening side.
 *
 * @throws TypeError when an option is of the wrong kind
 * @throws RangeError when the path is empty or too long for the system, or a number out of its range
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

/** A acceptor that sees to its file: takes over one that nobody answers on, and sets who may connect. */
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

  /** Asks whether anybody answers on the path. A file that is no socket counts as somebody. */
  #probeExisting(answer: (isAnswered: boolean) => void): void {
    if (!lstatSync(this.#path, { throwIfNoEntry: false })?.isSocket()) {
      answer(true); // connecting to it would be refused too, and it is not ours to remove
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
    place: { path, backlog },
    acceptEvent: "connection",
    plan: { allowHalfOpen, canReset: false, localAddress: { family: "unix", host: path, port: 0 } },
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

/** What `sockaddr_un` has room for, less the closing zero (unix(7), and macOS' sys/un.h). */
const PATH_LIMIT_BYTES: Partial<Record<NodeJS.Platform, number>> = {
  linux: 107,
  darwin: 103,
  freebsd: 103,
  openbsd: 103,
};
