/**
 * A `node:net` socket as a link, shared by all stream transports of Node.
 *
 *     socket events ──▶ link events        link calls ──▶ socket calls
 *
 * Decides how a socket is read, written and ended so that nothing is lost. The
 * socket always flows, so that the end of the peer's stream is noticed. It allows
 * a half-close, so that an answer still reaches a peer that has ended its stream.
 * Its listeners are set before it can fail. Knows no messages.
 */
import type { Socket } from "node:net";
import { debuglog } from "node:util";
import { type Address, ipAddress } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../port/link.ts";
import type { Security } from "../../port/security.ts";
import { reasonOf } from "./error-codes.ts";
import { plainCopy, plainView } from "./plain-bytes.ts";
import { readShared } from "./shared-read-buffer.ts";

/** The parts of a link that differ between transports. */
export interface StreamOptions {
  /** Whether the game may go on sending after the peer has ended its stream. */
  readonly allowHalfOpen: boolean;
  /** The event of a client's socket when it is open, where that is later than `connect`. */
  readonly openEvent?: "secureConnect";
  /** Whether the system can reset the socket; if not, an abort looks like a close to the peer. `true` by default. */
  readonly canReset?: boolean;
  /** Whether a write may use its bytes after the socket's queue is empty; `false` by default. */
  readonly keepsBytes?: boolean;
  /** Returns how the socket is encrypted; called once it is open. */
  readonly securityOf?: (socket: Socket) => Security;
  /** Returns how many bytes have come from the network, where not all of them come out as bytes of the stream. */
  readonly wireBytes?: () => number;
  /** The local address, if it is known; the socket is then not asked for it. */
  readonly localAddress?: Address | undefined;
  /** The remote address, if it is known; the socket is then not asked for it. */
  readonly remoteAddress?: Address | undefined;
  /** Bytes of the stream that were read before the link was made. */
  readonly head?: Uint8Array;
}

/** One socket as a link. The socket must have `allowHalfOpen`, and no listeners yet. */
export class StreamLink implements Link {
  localAddress: Address | undefined;
  remoteAddress: Address | undefined;
  security: Security | undefined;
  readonly #options: StreamOptions;
  readonly #socket: Socket;
  #events: LinkEvents | undefined;
  #phase: Phase;
  #error: Error | undefined;
  #peerEnded = false;
  /** The size of the socket's own write queue when it was last checked. */
  #queuedBytes = 0;
  /** How many bytes had come from the network when the core was last told of any. */
  #toldWireBytes = 0;

  /** @param role `"accepted"` for a socket that is open already, also one that this side has connected */
  constructor(socket: Socket, role: "accepted" | "client", options: StreamOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#phase = role === "accepted" ? "open" : "connecting";
    socket.on("error", (error) => {
      this.#error ??= error;
      if (!socket.destroyed) this.#call("destroy"); // after its handshake a TLS socket only reports the error
    });
    socket.on("close", () => this.#closed());
    if (role === "accepted") this.#copyAddresses();
    else socket.on(options.openEvent ?? "connect", () => this.#opened());
  }

  get allowHalfOpen(): boolean {
    return this.#options.allowHalfOpen;
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    if (this.#phase === "closed") events.closed(this.#reason());
    else this.#startReading(events);
    if (this.#phase !== "open" || this.#error !== undefined) return;
    events.opened();
    const { head } = this.#options;
    if (head !== undefined && head.length > 0) events.received(plainView(head));
  }

  write(bytes: Uint8Array): boolean {
    if (this.#phase !== "open" && this.#phase !== "connecting") return true; // the bytes are dropped
    try {
      this.#socket.write(this.#options.keepsBytes === true ? plainCopy(bytes) : bytes, this.#noteDrained);
    } catch (error) {
      this.#fail(error);
      return true;
    }
    const queued = this.#socket.writableLength;
    if (queued === 0) return true; // the system has taken all the bytes
    this.#queuedBytes = queued;
    return false;
  }

  pause(): void {
    this.#call("pause");
  }

  resume(): void {
    this.#call("resume");
  }

  /** A paused socket does not notice a reset. Even an empty write fails after one, on Node 20, 22 and 24. */
  probe(): void {
    const { writable, writableLength } = this.#socket;
    if (writable && writableLength === 0) this.write(EMPTY); // else a pending write fails
  }

  reportPartial(): void {
    const wireBytes = this.#options.wireBytes?.() ?? 0;
    if (wireBytes === this.#toldWireBytes) return;
    this.#toldWireBytes = wireBytes;
    this.#events?.partial(0);
  }

  end(): void {
    if (this.#phase === "open") this.#phase = "ending";
    else if (this.#phase === "connecting") this.#phase = "ending-on-open";
    else return;
    this.#call("end");
  }

  endSending(): void {
    this.end();
  }

  abort(): void {
    const phase = this.#phase;
    if (phase === "aborted" || phase === "closed") return;
    this.#phase = "aborted";
    this.#call(this.#mayReset(phase) ? "resetAndDestroy" : "destroy");
  }

  /**
   * Whether an abort in `phase` resets the connection. A socket that connects has no
   * peer to reset, and Node would wait for the connection first.
   *
   * Once the queue of the socket is empty after `end()`, the system has all bytes
   * and was asked to send the end of the stream behind them. From then on a reset
   * would throw away what `end()` promises to send, up to 4 MiB in the system's
   * buffer. And as long as that request is under way, which takes a turn of the event
   * loop (`writableEnded`, `writableLength` 0, not yet `writableFinished`), libuv
   * refuses a reset with EINVAL. Node has let go of the handle by then and never
   * closes it: the descriptor would be lost until the process ends.
   */
  #mayReset(phase: Phase): boolean {
    if (this.#options.canReset === false) return false;
    return phase === "open" || (phase === "ending" && this.#socket.writableLength > 0);
  }

  #startReading(events: LinkEvents): void {
    const socket = this.#socket;
    socket.on("end", () => {
      this.#peerEnded = true;
      if (this.#phase !== "aborted") events.ended();
    });
    try {
      const { wireBytes } = this.#options;
      this.#toldWireBytes = wireBytes?.() ?? 0;
      // Decrypted bytes are copied anyway, so a shared buffer would save nothing.
      const isShared = wireBytes === undefined && readShared(socket, events);
      if (isShared) socket.resume();
      else if (wireBytes === undefined) socket.on("data", (bytes) => events.received(plainView(bytes)));
      else {
        socket.on("data", (bytes) => {
          this.#toldWireBytes = wireBytes();
          events.received(plainView(bytes));
        });
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #opened(): void {
    if (this.#phase === "connecting") this.#phase = "open";
    else if (this.#phase === "ending-on-open") this.#phase = "ending";
    else return; // it was aborted meanwhile
    this.#copyAddresses();
    this.#toldWireBytes = this.#options.wireBytes?.() ?? 0; // the handshake is no sign of life after it
    if (this.#error === undefined) this.#events?.opened();
  }

  #closed(): void {
    if (this.#phase === "closed") return;
    const reason = this.#reason();
    this.#phase = "closed";
    if (debug.enabled) debug("closed %o to %o: %s", this.localAddress, this.remoteAddress, reason.message);
    this.#events?.closed(reason);
  }

  #reason(): CloseReason {
    if (this.#phase === "aborted") return LOCAL;
    if (this.#error === undefined) return this.#peerEnded ? REMOTE : LOCAL;
    const reason = reasonOf(this.#error);
    // After the handshake the two sides have agreed: unless the peer says otherwise, what it sent is no TLS.
    const isAgreed = this.security !== undefined && reason.code?.includes("ALERT") === false;
    return reason.kind === "handshake" && isAgreed ? { ...reason, ...BROKEN_RECORD } : reason;
  }

  /** Calls the socket. What the system refuses ends the link with a reason, instead of the process. */
  #call(method: "pause" | "resume" | "end" | "resetAndDestroy" | "destroy"): void {
    try {
      this.#socket[method]();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Ends the link, after a call that threw. */
  #fail(error: unknown): void {
    this.#error ??= error as Error;
    try {
      this.#socket.destroy(); // `close` follows
    } catch {
      this.#closed();
    }
  }

  /**
   * The callback of every write, also of one that the system took at once or that
   * failed. Without a callback, the writes that are taken at once would cost 3 %
   * (Node 20) to 7 % (Node 22) less. One empty write behind the others, with the
   * only callback, is no substitute: Node sends all waiting writes as one batch
   * and calls back at its end, so the bytes would be reported one batch late.
   */
  readonly #noteDrained = (error?: Error | null): void => {
    if (error) return; // these bytes were not sent, which the close reason reports
    const queued = this.#socket.writableLength;
    const gone = this.#queuedBytes - queued;
    if (gone <= 0) return;
    this.#queuedBytes = queued;
    this.#events?.drained(gone);
  };

  // Node drops the remote address at the close, so it is copied before.
  #copyAddresses(): void {
    const options = this.#options;
    try {
      this.localAddress = options.localAddress ?? localAddressOf(this.#socket);
      this.remoteAddress = options.remoteAddress ?? remoteAddressOf(this.#socket);
      this.security = options.securityOf?.(this.#socket);
    } catch (error) {
      this.#fail(error);
    }
    if (debug.enabled) debug("open %o to %o", this.localAddress, this.remoteAddress);
  }
}

/**
 * This side's part in the life of a link. `ending` begins with `end()`. After an
 * abort only `closed` is reported, whatever the socket says.
 */
type Phase = "connecting" | "ending-on-open" | "open" | "ending" | "aborted" | "closed";

// Each of the two costs a system call, and an object that the socket keeps.
function localAddressOf({ localAddress, localPort, localFamily }: Socket): Address | undefined {
  return addressOf(localAddress, localPort, localFamily);
}

function remoteAddressOf({ remoteAddress, remotePort, remoteFamily }: Socket): Address | undefined {
  return addressOf(remoteAddress, remotePort, remoteFamily);
}

/** An address from the three parts that Node gives; `undefined` if a part is missing. */
export function addressOf(
  host: string | undefined,
  port: number | undefined,
  family: string | undefined,
): Address | undefined {
  if (host === undefined || port === undefined) return undefined;
  return ipAddress(family, host, port);
}

const EMPTY = new Uint8Array(0);
const debug = debuglog("tickwire");

const BROKEN_RECORD = { kind: "protocol", message: "the peer sent what is no TLS record" } as const;
const REMOTE: CloseReason = { kind: "remote", message: "the peer closed the connection" };
const LOCAL: CloseReason = { kind: "local", message: "this side closed the connection" };
