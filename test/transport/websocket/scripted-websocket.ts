/**
 * A WebSocket of the ws package that does what a test says: its events come when the test
 * emits them, and what is asked of it is written down. For moments that a real one reaches
 * by chance alone.
 */
import { EventEmitter } from "node:events";
import { Socket } from "node:net";
import type { CloseReason } from "../../../src/port/close-reason.ts";
import { Heartbeat } from "../../../src/transport/websocket/heartbeat.ts";
import { WebSocketLink, type WebSocketLinkOptions } from "../../../src/transport/websocket/websocket-link.ts";
import type { WebSocketType } from "../../../src/transport/websocket/ws.ts";

/** What the link uses of ws, by hand. */
export class ScriptedWebSocket extends EventEmitter {
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  readyState = 1;
  bufferedAmount = 0;
  isPaused = false;
  protocol = "";
  /** What was asked of it, in order. */
  readonly asked: string[] = [];
  /** The name of a call that throws. */
  broken = "";
  /** The callbacks of messages that it has not sent yet, and what it does with later ones. */
  readonly unsent: ((error?: Error) => void)[] = [];
  lastPing = "";

  send(message: Uint8Array, _options: unknown, sent: (error?: Error) => void): void {
    this.#ask("send", new TextDecoder().decode(message));
    if (this.bufferedAmount > 0) this.unsent.push(sent);
    else sent();
  }

  ping(word: string): void {
    this.lastPing = word;
    this.#ask("ping");
  }

  pong(): void {
    this.#ask("pong");
  }

  close(code: number, text: string): void {
    this.#ask("close", `${code} ${text}`);
    this.readyState = this.CLOSING;
  }

  terminate(): void {
    this.#ask("terminate");
  }

  pause(): void {
    this.#ask("pause");
    this.isPaused = true;
  }

  resume(): void {
    this.#ask("resume");
    this.isPaused = false;
  }

  /** It has closed, with what ws tells then. */
  finish(code: number, text = ""): void {
    this.readyState = this.CLOSED;
    this.emit("close", code, Buffer.from(text));
  }

  #ask(call: string, with_ = ""): void {
    this.asked.push(`${call} ${with_}`.trim());
    if (call === this.broken) throw Object.assign(new Error(`${call} has failed`), { code: "EPIPE" });
  }
}

/** A link over such a WebSocket, and what it has told. */
export class ScriptedLink {
  readonly ws: ScriptedWebSocket = new ScriptedWebSocket();
  readonly socket: Socket = new Socket();
  /** Whether the end of the socket was asked for, behind what it has taken. */
  isDestroyedSoon = false;
  readonly heartbeat: Heartbeat = new Heartbeat({ pingIntervalMs: 100, deadPeerMs: 300 });
  readonly told: string[] = [];
  readonly reasons: CloseReason[] = [];
  readonly link: WebSocketLink;

  /** @param withSocket whether the runtime shows the socket below, as Node does */
  constructor(options: Partial<WebSocketLinkOptions> = {}, withSocket = true) {
    this.link = new WebSocketLink(this.ws as unknown as WebSocketType, this.heartbeat, {
      role: "client",
      framing: "stream",
      ...options,
    });
    this.socket.destroySoon = () => {
      this.isDestroyedSoon = true;
    };
    if (withSocket) this.link.setSocket(this.socket);
  }

  attach(): this {
    const tell = (text: string, reason?: CloseReason): void => {
      this.told.push(text);
      if (reason !== undefined) this.reasons.push(reason);
    };
    this.link.attach({
      opened: () => tell("opened"),
      received: (bytes) => tell(`received ${new TextDecoder().decode(bytes)}`),
      partial: (sizeBytes) => tell(`partial ${sizeBytes}`),
      suspended: () => tell("suspended"),
      resumed: () => tell("resumed"),
      drained: (sizeBytes) => tell(`drained ${sizeBytes}`),
      ended: (reason) => tell(`ended ${reason?.kind}`, reason),
      closed: (reason) => tell(`closed ${reason.kind}`, reason),
    });
    return this;
  }

  /** Bytes of the peer's arrive on the wire, which ws has not made anything of. */
  wire(...bytes: readonly number[]): void {
    this.socket.emit("data", Buffer.from(bytes));
  }

  message(text: string, isBinary = true): void {
    this.ws.emit("message", Buffer.from(text), isBinary);
  }

  write(text: string): boolean {
    return this.link.write(new TextEncoder().encode(text));
  }

  get lastReason(): CloseReason | undefined {
    return this.reasons.at(-1);
  }
}
