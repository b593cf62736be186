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
import { limit } from "../../check.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../port/link.ts";
import type { Transport } from "../../port/transport.ts";
import { BROKEN, type CloseFrame, PAGE_ABORT, pageCloseFrameOf, reasonOfCode } from "./close-codes.ts";
import { checkedUrl, MESSAGE_BYTES, type WebSocketOptions } from "./websocket-options.ts";

/**
 * A WebSocket transport, to connect with from a page. A URL without a scheme is
 * relative to the page. Any codec works: a frame's messages travel in one
 * binary WebSocket message, and where one ends says nothing.
 *
 * @throws TypeError when an option is of the wrong kind, or there is no WebSocket here
 * @throws RangeError when `url` is none for a WebSocket, or an option is out of its range
 * @throws SyntaxError, the page's own, at `connect` when `protocols` are no different tokens
 */
export function websocket(url: string | URL, options: WebSocketOptions = {}): Transport {
  const { WebSocket, location } = globalThis as unknown as PageGlobals;
  if (typeof WebSocket !== "function") {
    throw new TypeError("websocket: there is none here; for Node, import tickwire/websocket");
  }
  const href = checkedUrl(url, location?.href);
  const { protocols = [], maxBacklogBytes = DEFAULT_MAX_BACKLOG_BYTES } = options;
  limit("maxBacklogBytes", maxBacklogBytes, 0);
  return { connect: () => new BrowserLink(() => new WebSocket(href, protocols), maxBacklogBytes) };
}

class BrowserLink implements Link {
  // A page is not told who it talks to.
  declare readonly localAddress: undefined;
  declare readonly remoteAddress: undefined;
  readonly allowHalfOpen = false;
  readonly #maxBacklogBytes: number;
  readonly #socket: PageSocket | undefined;
  /** Whom to tell; nobody once it is over. */
  #events: LinkEvents | undefined;
  #hasOpened = false;
  #paused = false;
  #backlog: Uint8Array[] = [];
  #backlogBytes = 0;
  /** Why it ends, once that is known; told when the backlog in front of it is taken. */
  #reason: CloseReason | undefined;
  /** Bytes that were in the socket's own queue when last looked at. */
  #queuedBytes = 0;

  constructor(open: () => PageSocket, maxBacklogBytes: number) {
    this.#maxBacklogBytes = maxBacklogBytes;
    try {
      this.#socket = open();
      this.#socket.binaryType = "arraybuffer";
    } catch (cause) {
      if ((cause as Error).name === "SyntaxError") throw cause; // bad protocols: the caller's mistake
      this.#reason = { kind: "denied", message: "the page may not connect to that URL", cause };
    }
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    const socket = this.#socket;
    if (socket === undefined) {
      this.#tellEnd();
      return;
    }
    socket.onopen = () => {
      this.#hasOpened = true;
      events.opened();
    };
    socket.onmessage = ({ data }) => this.#hear(bytesOf(data));
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket?.readyState !== OPEN) return true; // it leads nowhere, and is gone
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
    if (this.#socket?.readyState === CLOSED) this.#tellEnd();
  }

  end(reason?: CloseReason): void {
    this.#leave(LOCAL, pageCloseFrameOf(reason));
  }

  endSending(): void {
    this.end(); // WebSocket has no half close
  }

  abort(reason?: CloseReason): void {
    this.#leave(
      LOCAL,
      reason === undefined || reason.kind === "local" ? PAGE_ABORT : pageCloseFrameOf(reason),
    );
    this.#events = undefined;
    this.#backlog = [];
  }

  pump(): number | undefined {
    this.#noteDrained();
    if (this.#events === undefined) return undefined;
    return this.#queuedBytes > 0 ? LOOK_AGAIN_MS : Infinity;
  }

  #leave(reason: CloseReason, { code, text }: CloseFrame): void {
    this.#reason ??= reason;
    this.#socket?.close(code, text); // which does nothing when it is closing already
  }

  #hear(bytes: Uint8Array): void {
    if (!this.#paused) {
      this.#events?.received(bytes);
    } else if (this.#reason === undefined) {
      this.#backlog.push(bytes);
      this.#backlogBytes += bytes.length + MESSAGE_WEIGHT_BYTES;
      if (this.#backlogBytes > this.#maxBacklogBytes) this.#overflow();
    }
  }

  #overflow(): void {
    const message = `more than maxBacklogBytes, ${this.#maxBacklogBytes}, came while the game took nothing`;
    const reason: CloseReason = { kind: "overflow", message };
    this.#leave(reason, pageCloseFrameOf(reason));
  }

  #closed(code: number, text: string): void {
    this.#noteDrained();
    const isBroken = code === BROKEN;
    if (isBroken && !this.#hasOpened) this.#reason ??= UNREACHED;
    else if (isBroken && this.#reason === LOCAL) this.#reason = undefined; // the peer did not take our end
    this.#reason ??= reasonOfCode(code, text);
    this.#tellEnd();
  }

  /** Tells why it is over, unless something of what came before waits. */
  #tellEnd(): void {
    const reason = this.#reason;
    if (reason === undefined || this.#backlog.length > 0) return;
    const events = this.#events;
    this.#events = undefined;
    if (reason.kind === "remote") events?.ended(reason);
    events?.closed(reason);
  }

  #noteDrained(): void {
    const queued = Math.min(this.#queuedBytes, this.#socket?.bufferedAmount ?? 0);
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
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  send(bytes: Uint8Array): void;
  close(code: number, text: string): void;
}

interface PageGlobals {
  readonly WebSocket?: new (url: string, protocols: readonly string[]) => PageSocket;
  readonly location?: { readonly href: string };
}

/** States of a page's WebSocket, as the standard numbers them. */
const OPEN = 1;
const CLOSED = 3;
/** What a message in the backlog is charged beside its bytes, or a flood of empty ones would be free. */
const MESSAGE_WEIGHT_BYTES = 64;
const DEFAULT_MAX_BACKLOG_BYTES = 4_194_304;
/** How soon bytes that have not left are looked at again, by those who wait for them: half a frame. */
const LOOK_AGAIN_MS = 8;

const LOCAL: CloseReason = { kind: "local", message: "this side closed the connection" };
const UNREACHED: CloseReason = {
  kind: "refused",
  message: "nobody listens there, or sent this page away; a page is not told which",
};
