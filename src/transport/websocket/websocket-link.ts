/**
 * A WebSocket of the `ws` package as a link, for servers and clients in Node.
 *
 *     ws events ──▶ link events        link calls ──▶ ws calls
 *
 * Decides how it is written, paused and ended, and what its errors mean. Its
 * listeners are set before it can fail. Knows no codec: to it a message of the peer is
 * a piece of the stream, or what a codec calls a message when the two ends agreed so.
 */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { debuglog } from "node:util";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../port/link.ts";
import type { Security } from "../../port/security.ts";
import type { UpgradeRequest } from "../../port/upgrade-request.ts";
import {
  ABNORMAL_CLOSURE,
  carriesCode,
  closeFrameOf,
  reasonOfCode,
  reasonOfPageCode,
} from "../browser/close-codes.ts";
import { reasonOf } from "../node/error-codes.ts";
import { plainCopy, plainView } from "../node/plain-bytes.ts";
import { securityOf } from "../node/security-of.ts";
import { addressOf } from "../node/stream.ts";
import { closedAlone } from "./closed-alone.ts";
import type { Heartbeat, HeartbeatTarget } from "./heartbeat.ts";
import { type CodedError, connectReason, frameReason } from "./reasons.ts";
import { RoundTrip } from "./round-trip.ts";
import { WebSocketWriter } from "./websocket-writer.ts";
import { type WireEvents, WireWatch } from "./wire-watch.ts";
import type { WebSocketType } from "./ws.ts";

/** One WebSocket as a link. */
export class WebSocketLink implements Link, HeartbeatTarget {
  readonly allowHalfOpen = false;
  readonly carriesCode: typeof carriesCode = carriesCode;
  localAddress: Address | undefined;
  remoteAddress: Address | undefined;
  security: Security | undefined;
  request: UpgradeRequest | undefined;
  readonly #ws: WebSocketType;
  readonly #heartbeat: Heartbeat;
  readonly #reasonOfClose: typeof reasonOfCode;
  readonly #framing: "stream" | "message";
  readonly #writer: WebSocketWriter;
  unfinishedHint: string | undefined;
  rttMs: number | undefined;
  readonly #roundTrip = new RoundTrip();
  #socket: Socket | undefined;
  #watch: WireWatch | undefined;
  #events: LinkEvents | undefined;
  /** The close reason, once it is known. The first one counts, as later ones are its consequences. */
  #reason: CloseReason | undefined;
  #hasOpened = false;

  constructor(ws: WebSocketType, heartbeat: Heartbeat, { role, framing }: WebSocketLinkOptions) {
    this.#ws = ws;
    this.#heartbeat = heartbeat;
    this.#framing = framing;
    this.#writer = new WebSocketWriter(ws, framing, (sizeBytes) => this.#events?.drained(sizeBytes));
    this.#reasonOfClose = role === "client" ? reasonOfCode : reasonOfPageCode;
    ws.on("error", (error) => this.#failed(error));
    ws.once("close", (code, text) => this.#closed(code, text.toString()));
    ws.on("ping", () => this.#pinged());
    ws.on("pong", (data) => {
      if (this.#roundTrip.end(data.toString())) this.#heartbeat.answered(this);
    });
  }

  /** The subprotocol that both ends chose. */
  get protocol(): string | undefined {
    return this.#ws.protocol || undefined;
  }

  /** Sets the underlying socket, whose addresses Node drops at the close, and the request of a peer that opened it. */
  setSocket(socket: Socket, request?: UpgradeRequest): void {
    this.#socket = socket;
    this.request = request;
    if (request !== undefined) this.#writer.writeAsServer(socket);
    // Added before the listener of ws, which destroys the socket and drops the error.
    socket.on("error", (error) => {
      if (this.#hasOpened) this.#reason ??= reasonOf(error); // before that, ws reports it as the handshake's failure
    });
    this.#guard(() => {
      this.localAddress = addressOf(socket.localAddress, socket.localPort, socket.localFamily);
      this.remoteAddress =
        request?.remoteAddress ?? addressOf(socket.remoteAddress, socket.remotePort, socket.remoteFamily);
      if (socket instanceof TLSSocket) this.security = securityOf(socket);
    });
  }

  /** Ends the link now, for a reason that ws does not report. */
  refuse(reason: CloseReason): void {
    this.#reason ??= reason;
    this.#ws.terminate();
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    // With the default binaryType it is a Buffer, for text messages too.
    this.#ws.on("message", (data, isBinary) => {
      if (!isBinary) this.#noteText(data as Uint8Array);
      this.#events?.received(plainView(data as Uint8Array));
    });
    if (this.#ws.readyState === this.#ws.OPEN) this.#opened();
    else this.#ws.on("open", () => this.#opened());
  }

  #opened(): void {
    this.#hasOpened = true;
    this.#heartbeat.add(this);
    if (this.#socket === undefined) this.#watchFrames();
    else this.#watch = new WireWatch(this.#socket, this.#wireEvents, this.request !== undefined);
    this.#events?.opened();
  }

  readonly #wireEvents: WireEvents = {
    alive: () => this.#heartbeat.received(this),
    partial: (sizeBytes) => this.#events?.partial(sizeBytes),
    ended: (code, text) => this.#wireEnded(code, text),
  };

  /** Where a runtime shows no socket, whole frames alone are signs of life. */
  #watchFrames(): void {
    for (const frame of ["message", "ping", "pong"]) {
      this.#ws.on(frame, () => this.#heartbeat.received(this));
    }
  }

  /** A close frame that ws has not acted upon stands behind a frame that it refused. */
  #wireEnded(code: number, text: string): void {
    if (code !== ABNORMAL_CLOSURE && this.#ws.readyState === this.#ws.OPEN) return;
    this.#peerEnded(code === ABNORMAL_CLOSURE ? reasonOfCode(code, text) : this.#reasonOfClose(code, text));
  }

  reportPartial(): void {
    this.#watch?.reportPartial();
  }

  /** The peer sends nothing more. The core's close deadline starts here: the peer's socket may stay open for long. */
  #peerEnded(reason: CloseReason): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#heartbeat.remove(this);
    this.#events?.ended(reason);
  }

  /** ws has answered the ping, or has cut the connection of a peer that takes no answers. */
  #pinged(): void {
    if (this.#ws.readyState === this.#ws.OPEN) return;
    this.#reason ??= NO_PONGS_TAKEN;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ws.readyState !== this.#ws.OPEN) return true; // the bytes are dropped
    // A TLS socket may encrypt the bytes after it has reported them as taken.
    const kept = this.security === undefined ? bytes : plainCopy(bytes);
    try {
      this.#writer.write(kept, this.#socket);
    } catch (error) {
      this.refuse(reasonOf(error as Error));
    }
    return this.#writer.note(bytes.length);
  }

  /** A text is no tickwire's, in a stream. One without a line break at its end is what most others send as a message. */
  #noteText(bytes: Uint8Array): void {
    if (this.#framing === "message") return;
    this.unfinishedHint = bytes.at(-1) === NEWLINE ? undefined : MESSAGES_SENT;
  }

  get isPaused(): boolean {
    return this.#ws.isPaused;
  }

  pause(): void {
    this.#roundTrip.forget(); // a pong waits with the messages
    this.#guard(() => {
      this.#ws.pause();
      this.#watch?.paused();
    });
  }

  resume(): void {
    this.#heartbeat.received(this); // the silence of a paused link does not count
    this.#guard(() => this.#ws.resume());
  }

  /** A paused socket does not notice a reset. A write fails after one, also if the peer's process was killed. */
  probe(): void {
    this.showLife();
  }

  /**
   * Sends a pong that answers no ping (RFC 6455, section 5.5.3). A paused link
   * reads no pings; without this, its peer would take it for dead.
   */
  showLife(): void {
    const isIdle = this.#ws.bufferedAmount === 0; // else what waits before it shows as much
    if (isIdle && this.#ws.readyState === this.#ws.OPEN) this.#guard(() => this.#ws.pong());
  }

  end(reason?: CloseReason): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    this.#heartbeat.remove(this); // from here on the core's close deadline counts
    const { code, text } = closeFrameOf(reason);
    this.#guard(() => this.#ws.close(code, text));
    this.#reason ??= CLOSED_LOCALLY;
  }

  endSending(): void {
    this.end(); // WebSocket has no half-close
  }

  abort(reason?: CloseReason): void {
    const hasReason = reason !== undefined && (reason.kind !== "local" || reason.goodbye !== undefined);
    if (hasReason && this.#writer.queuedBytes === 0) this.end(reason);
    this.#reason ??= CLOSED_LOCALLY;
    this.#heartbeat.remove(this);
    this.#events &&= closedAlone(this.#events);
    const hasLeft = this.#ws.readyState === this.#ws.CLOSING && this.#ws.bufferedAmount === 0;
    if (hasReason && hasLeft) this.#guard(() => this.#socket?.destroySoon());
    else this.#ws.terminate(); // what waits for its turn might wait for ever
  }

  pump(nowMs: number, _poller?: object, beginsFrame = false): number | undefined {
    return this.#ws.readyState === this.#ws.CLOSED ? undefined : this.#heartbeat.pump(nowMs, beginsFrame);
  }

  ping(): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#guard(() => this.#ws.ping(this.#roundTrip.begin()));
  }

  showRtt(): void {
    this.rttMs = this.#roundTrip.lastMs;
  }

  expire(): void {
    this.refuse(NO_ANSWER);
  }

  /** Runs calls of ws or Node that may throw where nobody could catch it: the link ends with that error instead. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.refuse(reasonOf(error as Error));
    }
  }

  /** The peer sent an invalid frame, or the connection could not be opened. */
  #failed(error: CodedError): void {
    this.#reason ??= this.#hasOpened ? frameReason(error) : connectReason(error);
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
    if (reason.kind === "remote" && this.#reason === undefined) this.#events?.ended(reason);
    this.#events?.closed(reason);
  }

  #peerReason(code: number, text: string): CloseReason {
    return this.#reason === undefined || this.#reason === CLOSED_LOCALLY
      ? this.#reasonOfClose(code, text)
      : this.#reason;
  }
}

export interface WebSocketLinkOptions {
  /** `"accepted"` when the peer has connected, and may be a page; `"client"` when this side has. */
  readonly role: "client" | "accepted";
  readonly framing: "stream" | "message";
}

const debug = debuglog("tickwire");

const NEWLINE = 0x0a;
/** Short enough for a close frame, behind the limit that was reached. */
const MESSAGES_SENT = 'texts without a line break need framing: "message"';
const NO_ANSWER: CloseReason = {
  kind: "timeout",
  message: "the peer did not answer pings",
  code: "deadPeerMs",
};
const NO_PONGS_TAKEN: CloseReason = {
  kind: "overflow",
  message: "the peer sends pings, and does not take the answers",
};
const CLOSED_LOCALLY: CloseReason = { kind: "local", message: "this side closed the connection" };
