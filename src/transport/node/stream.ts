/**
 * A `node:net` socket as a link. Shared by every transport whose sockets are
 * streams.
 *
 *     socket events ──▶ link events        link calls ──▶ socket calls
 *
 * Decides how a socket is read, written and ended so that nothing is lost:
 * always flowing, so that the peer's end is seen; half open, so that an answer
 * still reaches a peer that has finished. Its listeners are there before
 * anything can fail.
 */
import type { Socket } from "node:net";
import { debuglog } from "node:util";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { FailedAttempt, Link, LinkEvents } from "../../port/link.ts";
import type { Security } from "../../port/security.ts";
import { reasonOf } from "./error-codes.ts";
import { readShared } from "./shared-read-buffer.ts";

/** What a transport decides about its sockets. */
export interface StreamOptions {
  /** Whether the game may answer a peer that has finished. */
  readonly allowHalfOpen: boolean;
  /** The event that says a client's socket is open: not the same for TCP and TLS. */
  readonly openEvent?: "connect" | "secureConnect";
  /** Whether the system can reset it; otherwise an abort is an end without a word. `true` by default. */
  readonly canReset?: boolean;
  /** Whether a write keeps its bytes after the system seemed to have taken them; `false` by default. */
  readonly keepsBytes?: boolean;
  /** Tells how the socket is encrypted, once it is open. */
  readonly securityOf?: (socket: Socket) => Security;
  /** Addresses that are known, or that the socket cannot tell. It is not asked for them. */
  readonly localAddress?: Address | undefined;
  readonly remoteAddress?: Address | undefined;
}

/** One socket as a link. The socket must allow half-open, and have no listeners yet. */
export class StreamLink implements Link {
  localAddress: Address | undefined;
  remoteAddress: Address | undefined;
  security: Security | undefined;
  failedAttempts: FailedAttempt[] | undefined;
  readonly #plan: StreamOptions;
  readonly #socket: Socket;
  #events: LinkEvents | undefined;
  #error: Error | undefined;
  #peerEnded = false;
  #isOpen: boolean;
  /** Bytes that were in the socket's own queue when last looked at. */
  #queuedBytes = 0;

  /** @param role `"accepted"` when the socket came through a server and is open already */
  constructor(socket: Socket, role: "accepted" | "client", plan: StreamOptions) {
    this.#socket = socket;
    this.#plan = plan;
    this.#isOpen = role === "accepted";
    socket.on("error", (error) => {
      this.#error ??= error;
    });
    socket.on("close", () => this.#closed());
    if (this.#isOpen) this.#copyAddresses();
    else this.#watchOpening(plan.openEvent ?? "connect");
  }

  get allowHalfOpen(): boolean {
    return this.#plan.allowHalfOpen;
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    const socket = this.#socket;
    socket.on("end", () => {
      this.#peerEnded = true;
      events.ended();
    });
    // What is decrypted has been copied already, and gains nothing.
    const isShared = this.security === undefined && readShared(socket, events);
    if (isShared) socket.resume();
    else socket.on("data", (bytes) => events.received(bytes));
    if (this.#isOpen) events.opened();
  }

  write(bytes: Uint8Array): boolean {
    this.#socket.write(this.#plan.keepsBytes === true ? bytes.slice() : bytes, this.#noteDrained);
    const queued = this.#socket.writableLength;
    if (queued === 0) return true; // the system has taken all of it
    this.#queuedBytes = queued;
    return false;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** A paused socket hears no reset. Even an empty write is answered by one: so on Node 20, 22 and 24. */
  probe(): void {
    const { writable, writableLength } = this.#socket;
    if (writable && writableLength === 0) this.#socket.write(NOTHING); // else a write is under way and hears it
  }

  end(): void {
    this.#socket.end();
  }

  endSending(): void {
    this.#socket.end();
  }

  abort(): void {
    // While connecting there is nobody to reset, and Node would wait for the connection to do it.
    const canReset = this.#isOpen && this.#plan.canReset !== false;
    if (canReset) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  #watchOpening(openEvent: "connect" | "secureConnect"): void {
    const attempts: FailedAttempt[] = [];
    this.failedAttempts = attempts;
    const failed = (host: string, port: number, family: number, reason: CloseReason) => {
      attempts.push({ address: { family: family === 6 ? "IPv6" : "IPv4", host, port }, reason });
    };
    this.#socket.on(openEvent, () => this.#opened());
    this.#socket.on("connectionAttemptFailed", (host, port, family, error) => {
      failed(host, port, family, reasonOf(error));
    });
    this.#socket.on("connectionAttemptTimeout", (host, port, family) =>
      failed(host, port, family, NO_ANSWER),
    );
  }

  #opened(): void {
    this.#isOpen = true;
    this.#copyAddresses();
    this.#events?.opened();
  }

  #closed(): void {
    const reason = this.#error === undefined ? this.#cleanReason() : reasonOf(this.#error);
    if (debug.enabled) debug("closed %o to %o: %s", this.localAddress, this.remoteAddress, reason.message);
    this.#events?.closed(reason);
  }

  #cleanReason(): CloseReason {
    return this.#peerEnded ? REMOTE : LOCAL;
  }

  /**
   * Called for each write, also for those that the system took at once, or lost
   * when the socket broke. Those taken at once would cost 3 % (Node 20) to 7 %
   * (22) less without it; but an empty write behind the others could not stand
   * in for it, as Node sends all that waits as one, and tells of it at its end:
   * what has gone would be told with the whole batch after it.
   */
  readonly #noteDrained = (error?: Error | null): void => {
    if (error) return; // these bytes never left: the game is told so by the reason
    const queued = this.#socket.writableLength;
    const gone = this.#queuedBytes - queued;
    if (gone <= 0) return;
    this.#queuedBytes = queued;
    this.#events?.drained(gone);
  };

  // Node forgets the remote address at the close, so it is copied while it is there.
  #copyAddresses(): void {
    const plan = this.#plan;
    this.localAddress = plan.localAddress ?? localAddressOf(this.#socket);
    this.remoteAddress = plan.remoteAddress ?? remoteAddressOf(this.#socket);
    this.security = plan.securityOf?.(this.#socket);
    if (debug.enabled) debug("open %o to %o", this.localAddress, this.remoteAddress);
  }
}

// Each of them is a system call, and an object that the socket keeps.
function localAddressOf({ localAddress, localPort, localFamily }: Socket): Address | undefined {
  return addressOf(localAddress, localPort, localFamily);
}

function remoteAddressOf({ remoteAddress, remotePort, remoteFamily }: Socket): Address | undefined {
  return addressOf(remoteAddress, remotePort, remoteFamily);
}

/** An address as Node gives it in three parts; `undefined` when it has none. */
export function addressOf(
  host: string | undefined,
  port: number | undefined,
  family: string | undefined,
): Address | undefined {
  if (host === undefined || port === undefined) return undefined;
  return { family: family === "IPv6" ? "IPv6" : "IPv4", host, port };
}

const NOTHING = new Uint8Array(0);
const debug = debuglog("tickwire");

const NO_ANSWER: CloseReason = { kind: "timeout", message: "the address did not answer in time" };
const REMOTE: CloseReason = { kind: "remote", message: "the peer closed the connection" };
const LOCAL: CloseReason = { kind: "local", message: "this side closed the connection" };
