/**
 * The listener of a unix socket. Decides when its file is put in place, and which
 * file it may replace.
 *
 *     bind to a temporary name ──▶ mode ──▶ place ──▶ listening ──▶ remove, if own
 *                                    there is a file ──┘ └── a socket without a listener: remove, again
 *
 * It is bound to a temporary name, since libuv removes at the close whatever lies
 * at the path that it has bound, a successor's socket too. It also has the right
 * permissions before it is at its path. `ss` shows the temporary name. The
 * sockets then run in `stream.ts`. Pipes of Windows are no files, and need none of it.
 */
import { chmodSync } from "node:fs";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { debuglog } from "node:util";
import type { Acceptor, AcceptorEvents } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import { reasonOf } from "./error-codes.ts";
import { READ_BYTES, StreamAcceptor } from "./stream-acceptor.ts";
import { fileAt, temporaryName, tryPlace, tryRemove } from "./unix-file.ts";
import { findListener, tryClaimRemoval, UnixOwner } from "./unix-owner.ts";

/** What a listener is made with, checked. */
interface UnixListenOptions {
  readonly path: string;
  readonly mode: number | undefined;
  readonly backlog: number;
  readonly allowHalfOpen: boolean;
}

/** An acceptor on a path, or on a pipe of Windows. */
export function unixAcceptor(options: UnixListenOptions): Acceptor {
  return process.platform === "win32" ? serverAt(options.path, options) : new UnixAcceptor(options);
}

class UnixAcceptor implements Acceptor {
  readonly #options: UnixListenOptions;
  readonly #address: Address;
  /** The path whatever the process' folder is later. */
  readonly #file: string;
  readonly #temporary: string;
  #server: Acceptor | undefined;
  #events: AcceptorEvents | undefined;
  #id = "";
  #owner: UnixOwner | undefined;
  #isClosed = false;

  constructor(options: UnixListenOptions) {
    const { path } = options;
    this.#options = options;
    this.#address = { family: "unix", host: path, port: 0 };
    this.#file = resolve(path);
    this.#temporary = temporaryName(path, Math.max(Buffer.byteLength(path), SHORT_BYTES));
  }

  attach(events: AcceptorEvents): void {
    this.#events = events;
    this.#try(() => {
      this.#server = serverAt(this.#temporary, this.#options);
      this.#server.attach({
        incoming: (link) => events.incoming(link),
        handshaking: (from, drop) => events.handshaking(from, drop),
        rejected: (reason) => events.rejected(reason),
        listening: () => this.#try(() => this.#bound()),
        closed: (reason) => this.#finish(reason),
      });
    });
  }

  close(): void {
    this.#finish(CLOSED_LOCALLY);
  }

  #bound(): void {
    const { mode } = this.#options;
    if (mode !== undefined) chmodSync(this.#temporary, mode);
    this.#id = fileAt(this.#temporary)?.id ?? "";
    this.#place(TRIES);
  }

  /** Puts the file in place. Whoever else starts at the same time does the same, so it may take some tries. */
  #place(triesLeft: number): void {
    if (tryPlace(this.#temporary, this.#file)) {
      this.#owner = new UnixOwner(this.#id);
      this.#events?.listening(this.#address);
      return;
    }
    const there = fileAt(this.#file);
    if (triesLeft === 0) this.#finish(IN_USE);
    else if (there === undefined) this.#place(triesLeft - 1);
    else if (!there.isSocket) this.#finish(NO_SOCKET);
    else {
      findListener(this.#options.path, there.id, (found) =>
        this.#try(() => {
          if (this.#isClosed) return;
          if (found !== undefined) this.#finish(found === "listener" ? IN_USE : { ...IN_USE, cause: found });
          else this.#replace(there.id, triesLeft);
        }),
      );
    }
  }

  /** Puts the file in the place of one without a listener, unless another one is doing that. */
  #replace(id: string, triesLeft: number): void {
    const giveBack = tryClaimRemoval(id);
    if (giveBack === undefined) {
      setImmediate(() => this.#try(() => this.#isClosed || this.#place(triesLeft - 1)));
      return;
    }
    try {
      tryRemove(this.#file, id); // by now it may be another file, which stays
      this.#place(triesLeft - 1);
    } finally {
      giveBack();
    }
  }

  /** Does a step of the start, in an event of a socket, where nobody could catch what it throws. */
  #try(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#finish(reasonOf(error as Error));
    }
  }

  #finish(reason: CloseReason): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#owner?.release();
    try {
      tryRemove(this.#file, this.#id); // if it was put in place
    } catch (error) {
      debug("the file %s stays: %s", this.#file, (error as Error).message);
    }
    this.#server?.close(); // and libuv removes the temporary name, where it still is
    const message = reason.message.replaceAll(this.#temporary, this.#options.path);
    this.#events?.closed({ ...reason, message });
  }
}

function serverAt(path: string, { backlog, allowHalfOpen, path: shown }: UnixListenOptions): Acceptor {
  return new StreamAcceptor({
    server: createServer({ allowHalfOpen: true, highWaterMark: READ_BYTES }),
    listenOptions: { path, backlog },
    linkOptions: { allowHalfOpen, canReset: false, localAddress: { family: "unix", host: shown, port: 0 } },
  });
}

const debug = debuglog("tickwire");

/** How often it tries to be the first of several that start at the same moment. */
const TRIES = 5;
/** A name of this length, or of that of the path, is never too long for the system. */
const SHORT_BYTES = 100;

const CLOSED_LOCALLY: CloseReason = { kind: "local", message: "this side closed the listener" };
const IN_USE: CloseReason = {
  kind: "address-in-use",
  message: "another program listens on that path",
  code: "EADDRINUSE",
};
const NO_SOCKET: CloseReason = {
  kind: "address-in-use",
  message: "at that path there is a file that is no socket",
  code: "EADDRINUSE",
};
