/**
 * A WebSocket of the `ws` package as a link, for guests and for clients in Node.
 *
 *     ws events ──▶ link events        link calls ──▶ ws calls
 *
 * Decides how it is written, paused and ended, and what its errors mean. Its
 * listeners are there before anything can fail.
 */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { debuglog } from "node:util";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../port/link.ts";
import type { Security } from "../../port/security.ts";
import { BROKEN, closeFrameOf, reasonOfCode } from "../browser/close-codes.ts";
import { MESSAGE_BYTES } from "../browser/websocket-options.ts";
import { reasonOf } from "../node/error-codes.ts";
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
  /** Why it is over, once that is known; the first reason, as later ones follow from it. */
  #reason: CloseReason | undefined;
  #hasOpened = false;
  /** Bytes of ours that have not left this process. */
  #queuedBytes = 0;
  /** Messages of ours that ws has not called back for. */
  #underWay = 0;

  constructor(ws: WebSocketType, heartbeat: Heartbeat) {
    this.#ws = ws;
    this.#heartbeat = heartbeat;
    ws.on("error", (error) => this.#broke(error));
    ws.on("close", (code, text) => this.#closed(code, text.toString()));
    ws.on("ping", () => heartbeat.markAlive(this));
    ws.on("pong", () => heartbeat.markAlive(this));
  }

  /** The socket under it, once it has one: copies what is forgotten at the close. */
  setSocket(socket: Socket): void {
    this.#socket = socket;
    // Added before ws's own, which destroys the socket and keeps the error to itself.
    socket.on("error", (error) => {
      if (this.#hasOpened) this.#reason ??= reasonOf(error); // until then ws tells it, as what became of the handshake
    });
    this.localAddress = addressOf(socket.localAddress, socket.localPort, socket.localFamily);
    this.remoteAddress = addressOf(socket.remoteAddress, socket.remotePort, socket.remoteFamily);
    if (socket instanceof TLSSocket) this.security = securityOf(socket);
  }

  /** Ends an attempt to connect, for a reason that ws does not tell. */
  refuse(reason: CloseReason): void {
    this.#reason ??= reason;
    this.#ws.terminate();
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    this.#ws.on("message", (data) => {
      this.#heartbeat.markAlive(this);
      events.received(data as Buffer); // with the default binaryType it is one, for texts too
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
    if (this.#ws.readyState !== this.#ws.OPEN) return true; // it leads nowhere, and is gone
    // A TLS socket may encrypt the bytes later than it says that it has taken them.
    const kept = this.security === undefined ? bytes : bytes.slice();
    for (let start = 0; start < kept.length; start += MESSAGE_BYTES) {
      this.#underWay++;
      this.#ws.send(kept.subarray(start, start + MESSAGE_BYTES), AS_BYTES, this.#noteDrained);
    }
    if (this.#ws.bufferedAmount === 0) return true; // the system has taken all of it
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
    this.#heartbeat.markAlive(this); // it could not be, until now
    this.#ws.resume();
  }

  /** A paused socket hears no reset. What is sent is answered by one, also where the peer was killed. */
  probe(): void {
    if (this.#ws.bufferedAmount === 0) this.ping(); // else a write is under way and hears it
  }

  end(reason?: CloseReason): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    this.#reason ??= LOCAL;
    const { code, text } = closeFrameOf(reason);
    this.#ws.close(code, text);
  }

  endSending(): void {
    this.end(); // WebSocket has no half close
  }

  abort(reason?: CloseReason): void {
    const isWord = reason !== undefined && reason.kind !== "local";
    const mayTell = isWord && this.#ws.readyState === this.#ws.OPEN && this.#queuedBytes === 0;
    if (mayTell) this.end(reason);
    this.#reason ??= LOCAL;
    this.#heartbeat.remove(this);
    if (mayTell)
      this.#socket?.destroySoon(); // no message is in front of the word: it leaves soon
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

  /** ws has found fault with what came, or could not connect. */
  #broke(error: Error & { readonly code?: string }): void {
    this.#reason ??= this.#hasOpened ? faultOf(error) : refusalOf(error);
    debug("error %s", error.message);
    // ws has said so to the peer. What came before is still good, and the core's deadline runs from here.
    if (this.#hasOpened) this.#events?.ended(this.#reason);
  }

  #closed(code: number, text: string): void {
    this.#heartbeat.remove(this);
    // When this side has finished, it matters only whether the peer took that in.
    const isLocalEnd = this.#reason === LOCAL && code !== BROKEN;
    const reason = isLocalEnd ? LOCAL : this.#worldsReason(code, text);
    debug("closed %o to %o: %s", this.localAddress, this.remoteAddress, reason.message);
    if (reason.kind === "remote") this.#events?.ended(reason);
    this.#events?.closed(reason);
  }

  #worldsReason(code: number, text: string): CloseReason {
    return this.#reason === undefined || this.#reason === LOCAL ? reasonOfCode(code, text) : this.#reason;
  }

  /** Called for each message, also for those that the system took at once, or lost when the socket broke. */
  readonly #noteDrained = (error?: Error | null): void => {
    this.#underWay--;
    if (error) return; // these bytes never left: the game is told so by the reason
    // What is queued is at most this, as frames have heads; behind the last message only pings and pongs are.
    const queued = this.#underWay === 0 ? 0 : Math.min(this.#queuedBytes, this.#ws.bufferedAmount);
    const gone = this.#queuedBytes - queued;
    this.#queuedBytes = queued;
    if (gone > 0) this.#events?.drained(gone);
  };
}

/** What ws found wrong with what the peer sent. */
function faultOf(error: Error & { readonly code?: string }): CloseReason {
  const { code = "", message } = error;
  if (!code.startsWith("WS_ERR_")) return reasonOf(error);
  const [kind, sentence] = TOO_MUCH.test(code)
    ? (["overflow", "the peer sent more than maxPayloadBytes"] as const)
    : (["protocol", "the peer sent bad frames"] as const);
  return { kind, message: `${sentence} (${message})`, code, cause: error };
}

/** Why a connection did not open. What has a code of the system's or of TLS has not got as far as HTTP. */
function refusalOf(error: Error & { readonly code?: string }): CloseReason {
  const { code, message } = error;
  const isSpoken = code === undefined ? !(error instanceof AggregateError) : code.startsWith("HPE_");
  if (!isSpoken) return reasonOf(error);
  const sentence = `what answered does not speak WebSocket (${message})`;
  return { kind: "protocol", message: sentence, ...(code !== undefined && { code }), cause: error };
}

const debug = debuglog("tickwire");

const AS_BYTES = { binary: true };
const TOO_MUCH = /UNSUPPORTED_MESSAGE_LENGTH|TOO_MANY/;
const LOCAL: CloseReason = { kind: "local", message: "this side closed the connection" };
