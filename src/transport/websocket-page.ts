/**
 * The page's own WebSocket as a link: the one way out of a page that is a
 * stream. Runs in a window and in a worker; knows no `node:` module.
 *
 *     socket events ──▶ (backlog, while paused) ──▶ link events
 *
 * Decides what stands in for what a page cannot do: it cannot pause a socket,
 * so what comes meanwhile waits here under a limit; it is not told when bytes
 * have left, so `pump` looks; it has no half close and no reset.
 */
import { limit } from "../check.ts";
import type { CloseReason, Link, LinkEvents, Transport } from "../core/link.ts";
import { BROKEN, type Farewell, PAGE_ABORT, pageFarewellOf, reasonOfCode } from "./close-codes.ts";
import { checkedProtocols, checkedUrl, MESSAGE_BYTES, type WebSocketOptions } from "./websocket-options.ts";

/**
 * A WebSocket transport, to connect with from a page. A URL without a scheme is
 * relative to the page. Any codec works: a frame's messages travel in one
 * binary WebSocket message, and where one ends says nothing.
 *
 * @throws TypeError when an option is of the wrong kind, or there is no WebSocket here
 * @throws RangeError when `url` is none for a WebSocket, or an option is out of its range
 */
export function websocket(url: string | URL, options: WebSocketOptions = {}): Transport {
  const { WebSocket, location } = globalThis as unknown as PageGlobals;
  if (typeof WebSocket !== "function") {
    throw new TypeError("websocket: there is no WebSocket here; in Node, import it from tickwire/websocket");
  }
  const href = checkedUrl(url, location?.href);
  const protocols = checkedProtocols(options.protocols);
  const maxBacklogBytes = limit("maxBacklogBytes", options.maxBacklogBytes ?? DEFAULT_MAX_BACKLOG_BYTES, 0);
  return { connect: () => new PageLink(() => new WebSocket(href, protocols), maxBacklogBytes) };
}

class PageLink implements Link {
  // A page is not told who it talks to.
  readonly localAddress = undefined;
  readonly remoteAddress = undefined;
  readonly allowHalfOpen = false;
  readonly #maxBacklogBytes: number;
  readonly #open: () => PageSocket;
  #socket: PageSocket | undefined;
  #events: LinkEvents | undefined;
  #phase: "connecting" | "open" | "ending" | "over" = "connecting";
  #paused = false;
  #backlog: Uint8Array[] = [];
  #backlogBytes = 0;
  /** How it ended, while the backlog in front of that is not taken. */
  #ending: CloseReason | undefined;
  /** Bytes that were in the socket's own queue when last looked at. */
  #queuedBytes = 0;

  constructor(open: () => PageSocket, maxBacklogBytes: number) {
    this.#open = open;
    this.#maxBacklogBytes = maxBacklogBytes;
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    try {
      const socket = this.#open();
      this.#socket = socket;
      socket.binaryType = "arraybuffer";
      socket.onopen = () => {
        this.#phase = "open";
        events.opened();
      };
      socket.onmessage = ({ data }) => this.#hear(bytesOf(data));
      socket.onclose = ({ code, reason }) => this.#closed(code, reason);
    } catch (cause) {
      // The URL and the protocols are good: it is the page that may not go there.
      this.#finish({ kind: "denied", message: "the page may not connect to that URL", cause });
    }
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket === undefined || this.#phase !== "open") return true; // it leads nowhere, and is gone
    for (let start = 0; start < bytes.length; start += MESSAGE_BYTES) {
      socket.send(bytes.subarray(start, start + MESSAGE_BYTES));
    }
    if (socket.bufferedAmount === 0) return true;
    this.#queuedBytes += bytes.length;
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const backlog = this.#backlog;
    let taken = 0;
    for (const bytes of backlog) {
      if (this.#paused) break; // by what it was just given
      taken++;
      this.#backlogBytes -= bytes.length + MESSAGE_WEIGHT_BYTES;
      this.#events?.received(bytes);
    }
    this.#backlog = backlog.slice(taken);
    if (this.#ending !== undefined && this.#backlog.length === 0) this.#finish(this.#ending);
  }

  end(reason?: CloseReason): void {
    this.#leave(pageFarewellOf(reason));
  }

  endSending(): void {
    this.#leave(pageFarewellOf(undefined)); // WebSocket has no half close
  }

  abort(reason?: CloseReason): void {
    const farewell = reason === undefined || reason.kind === "local" ? PAGE_ABORT : pageFarewellOf(reason);
    this.#leave(farewell);
    this.#forget();
  }

  pump(): number | undefined {
    this.#noteDrained();
    if (this.#phase === "over") return undefined;
    return this.#queuedBytes > 0 ? LOOK_AGAIN_MS : Infinity;
  }

  #leave({ code, text }: Farewell): void {
    if (this.#phase === "connecting" || this.#phase === "open") {
      this.#phase = "ending";
      this.#socket?.close(code, text);
    }
  }

  #hear(bytes: Uint8Array): void {
    if (!this.#paused) {
      this.#events?.received(bytes);
      return;
    }
    if (this.#ending !== undefined) return; // the backlog is full, and the socket is closing
    this.#backlog.push(bytes);
    this.#backlogBytes += bytes.length + MESSAGE_WEIGHT_BYTES;
    if (this.#backlogBytes <= this.#maxBacklogBytes) return;
    const message = `more than maxBacklogBytes, ${this.#maxBacklogBytes}, came while the game took nothing`;
    const reason: CloseReason = { kind: "overflow", message };
    this.#leave(pageFarewellOf(reason));
    this.#end(reason);
  }

  #closed(code: number, text: string): void {
    this.#noteDrained();
    if (this.#phase === "connecting") this.#end(UNREACHED);
    else if (this.#phase === "ending" && code !== BROKEN) this.#end(LOCAL);
    else this.#end(reasonOfCode(code, text));
  }

  /** It is over; what waits in the backlog is given first. */
  #end(reason: CloseReason): void {
    this.#ending ??= reason;
    if (this.#backlog.length === 0) this.#finish(this.#ending);
  }

  #finish(reason: CloseReason): void {
    if (this.#phase === "over") return;
    const events = this.#events;
    this.#forget();
    if (reason.kind === "remote") events?.ended(reason);
    events?.closed(reason);
  }

  #forget(): void {
    this.#phase = "over";
    this.#events = undefined;
    this.#backlog = [];
    const socket = this.#socket;
    if (socket !== undefined) socket.onopen = socket.onmessage = socket.onclose = null;
  }

  #noteDrained(): void {
    if (this.#queuedBytes === 0 || this.#socket === undefined) return;
    const queued = Math.min(this.#queuedBytes, this.#socket.bufferedAmount);
    const gone = this.#queuedBytes - queued;
    this.#queuedBytes = queued;
    if (gone > 0) this.#events?.drained(gone);
  }
}

/** What came: bytes, or the bytes of a text, as peers that know no tickwire send it. */
function bytesOf(data: unknown): Uint8Array {
  return typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data as ArrayBuffer);
}

/** What this file uses of a page's WebSocket. The types of DOM are not loaded here: the core has none. */
interface PageSocket {
  binaryType: string;
  readonly bufferedAmount: number;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  send(bytes: Uint8Array): void;
  close(code: number, text: string): void;
}

interface PageGlobals {
  readonly WebSocket?: new (url: string, protocols: string[]) => PageSocket;
  readonly location?: { readonly href: string };
}

/** What a message in the backlog is charged beside its bytes, or a flood of empty ones would be free. */
const MESSAGE_WEIGHT_BYTES = 64;
const DEFAULT_MAX_BACKLOG_BYTES = 4_194_304;
/** How soon bytes that have not left are looked at again, by those who wait for them: half a frame. */
const LOOK_AGAIN_MS = 8;

const LOCAL: CloseReason = { kind: "local", message: "this side closed the connection" };
const UNREACHED: CloseReason = {
  kind: "refused",
  message: "nobody listens there, or this page was sent away; browsers do not tell pages which",
};
