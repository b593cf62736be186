/**
 * A WebSocket of the `ws` package as a link, for servers and clients in Node.
 *
 *     ws events ──▶ link events        link calls ──▶ ws calls
 *
 * Decides how it is written, paused and ended, and what its errors mean. Its
 * listeners are set before it can fail. Knows no codec: to it a message is a
 * piece of the stream.
 */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { debuglog } from "node:util";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../port/link.ts";
import type { Security } from "../../port/security.ts";
import { ABNORMAL_CLOSURE, closeFrameOf, reasonOfCode } from "../browser/close-codes.ts";
import { MESSAGE_BYTES } from "../browser/websocket-options.ts";
import { reasonOf } from "../node/error-codes.ts";
import { plainCopy, plainView } from "../node/plain-bytes.ts";
import { addressOf } from "../node/stream.ts";
import { securityOf } from "../node/tls.ts";
import type { Heartbeat, HeartbeatTarget } from "./heartbeat.ts";
import type { WebSocketType } from "./ws.ts";

/** One WebSocket as a link. */
export class WebSocketLink implements Link, HeartbeatTarget {
  readonly allowHalfOpen = false;
  localAddress: Address | undefined;
  remoteAddress: Address | undefined;
  security: Security | undefined;
  readonly #ws: WebSocketType;
  readonly #heartbeat: Heartbeat;
  #socket: Socket | undefined;
  #events: LinkEvents | undefined;
  /** The close reason, once it is known. The first one counts, as later ones are its consequences. */
  #reason: CloseReason | undefined;
  #hasOpened = false;
  /** How many bytes this side has written that have not left the process. */
  #queuedBytes = 0;
  /** How many messages this side has written that ws has not called back for. */
  #pendingMessages = 0;

  constructor(ws: WebSocketType, heartbeat: Heartbeat) {
    this.#ws = ws;
    this.#heartbeat = heartbeat;
    ws.on("error", (error) => this.#failed(error));
    ws.on("close", (code, text) => this.#closed(code, text.toString()));
    ws.on("ping", () => heartbeat.received(this));
    ws.on("pong", () => heartbeat.received(this));
  }

  /** Sets the underlying socket. Copies its addresses, which Node drops at the close. */
  setSocket(socket: Socket): void {
    this.#socket = socket;
    // Added before the listener of ws, which destroys the socket and drops the error.
    socket.on("error", (error) => {
      if (this.#hasOpened) this.#reason ??= reasonOf(error); // before that, ws reports it as the handshake's failure
    });
    this.localAddress = addressOf(socket.localAddress, socket.localPort, socket.localFamily);
    this.remoteAddress = addressOf(socket.remoteAddress, socket.remotePort, socket.remoteFamily);
    if (socket instanceof TLSSocket) this.security = securityOf(socket);
  }

  /** Ends an attempt to connect, for a reason that ws does not report. */
  refuse(reason: CloseReason): void {
    this.#reason ??= reason;
    this.#ws.terminate();
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    this.#ws.on("message", (data) => {
      this.#heartbeat.received(this);
      events.received(plainView(data as Uint8Array)); // with the default binaryType it is a Buffer, for text messages too
    });
    if (this.#ws.readyState === this.#ws.OPEN) this.#opened();
    else this.#ws.on("open", () => this.#opened());
  }

  #opened(): void {
    this.#hasOpened = true;
    this.#heartbeat.add(this);
    this.#events?.opened();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ws.readyState !== this.#ws.OPEN) return true; // the bytes are dropped
    // A TLS socket may encrypt the bytes after it has reported them as taken.
    const kept = this.security === undefined ? bytes : plainCopy(bytes);
    for (let start = 0; start < kept.length; start += MESSAGE_BYTES) {
      this.#pendingMessages++;
      this.#ws.send(kept.subarray(start, start + MESSAGE_BYTES), BINARY, this.#noteDrained);
    }
    if (this.#ws.bufferedAmount === 0) return true; // the system has taken all the bytes
    this.#queuedBytes += bytes.length;
    return false;
  }

  get isPaused(): boolean {
    return this.#ws.isPaused;
  }

  pause(): void {
    this.#ws.pause();
  }

  resume(): void {
    this.#heartbeat.received(this); // the silence of a paused link does not count
    this.#ws.resume();
  }

  /** A paused socket does not notice a reset. A write fails after one, also if the peer's process was killed. */
  probe(): void {
    if (this.#ws.bufferedAmount === 0) this.ping(); // else a pending write fails
  }

  end(reason?: CloseReason): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    this.#reason ??= CLOSED_LOCALLY;
    const { code, text } = closeFrameOf(reason);
    this.#ws.close(code, text);
  }

  endSending(): void {
    this.end(); // WebSocket has no half-close
  }

  abort(reason?: CloseReason): void {
    const hasReason = reason !== undefined && reason.kind !== "local";
    const sendsReason = hasReason && this.#ws.readyState === this.#ws.OPEN && this.#queuedBytes === 0;
    if (sendsReason) this.end(reason);
    this.#reason ??= CLOSED_LOCALLY;
    this.#heartbeat.remove(this);
    if (sendsReason)
      this.#socket?.destroySoon(); // no message is before the close frame, so it leaves at once
    else this.#ws.terminate();
  }

  pump(nowMs: number): number | undefined {
    return this.#ws.readyState === this.#ws.CLOSED ? undefined : this.#heartbeat.pump(nowMs);
  }

  ping(): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#ws.ping();
  }

  expire(): void {
    const silence: CloseReason = { kind: "timeout", message: "the peer did not answer pings" };
    this.#reason ??= silence;
    this.#ws.terminate();
  }

  /** The peer sent an invalid frame, or the connection could not be opened. */
  #failed(error: Error & { readonly code?: string }): void {
    this.#reason ??= this.#hasOpened ? frameErrorReason(error) : connectErrorReason(error);
    debug("error %s", error.message);
    // ws has sent the peer a close frame. Earlier messages stay valid, and the core's close deadline starts here.
    if (this.#hasOpened) this.#events?.ended(this.#reason);
  }

  #closed(code: number, text: string): void {
    this.#heartbeat.remove(this);
    // If this side ended the link, only the peer's acknowledgement decides whether that was clean.
    const isLocalEnd = this.#reason === CLOSED_LOCALLY && code !== ABNORMAL_CLOSURE;
    const reason = isLocalEnd ? CLOSED_LOCALLY : this.#peerReason(code, text);
    debug("closed %o to %o: %s", this.localAddress, this.remoteAddress, reason.message);
    if (reason.kind === "remote") this.#events?.ended(reason);
    this.#events?.closed(reason);
  }

  #peerReason(code: number, text: string): CloseReason {
    return this.#reason === undefined || this.#reason === CLOSED_LOCALLY
      ? reasonOfCode(code, text)
      : this.#reason;
  }

  /** The callback of every message, also of one that the system took at once or that failed. */
  readonly #noteDrained = (error?: Error | null): void => {
    this.#pendingMessages--;
    if (error) return; // these bytes were not sent, which the close reason reports
    // An upper bound, since bufferedAmount includes headers; after the last message only pings and pongs are queued.
    const queued = this.#pendingMessages === 0 ? 0 : Math.min(this.#queuedBytes, this.#ws.bufferedAmount);
    const gone = this.#queuedBytes - queued;
    this.#queuedBytes = queued;
    if (gone > 0) this.#events?.drained(gone);
  };
}

/** The close reason for an invalid frame from the peer. */
function frameErrorReason(error: Error & { readonly code?: string }): CloseReason {
  const { code = "", message } = error;
  if (!code.startsWith("WS_ERR_")) return reasonOf(error);
  const [kind, sentence] = TOO_LARGE.test(code)
    ? (["overflow", "the peer sent a message over maxPayloadBytes"] as const)
    : (["protocol", "the peer sent invalid frames"] as const);
  return { kind, message: `${sentence} (${message})`, code, cause: error };
}

/** The close reason for a connection that did not open. An error code of the system or of TLS precedes HTTP. */
function connectErrorReason(error: Error & { readonly code?: string }): CloseReason {
  const { code, message } = error;
  const isHttpError = code === undefined ? !(error instanceof AggregateError) : code.startsWith("HPE_");
  if (!isHttpError) return reasonOf(error);
  const sentence = `the server does not speak WebSocket (${message})`;
  return { kind: "protocol", message: sentence, ...(code !== undefined && { code }), cause: error };
}

const debug = debuglog("tickwire");

const BINARY = { binary: true };
const TOO_LARGE = /UNSUPPORTED_MESSAGE_LENGTH|TOO_MANY/;
const CLOSED_LOCALLY: CloseReason = { kind: "local", message: "this side closed the connection" };
