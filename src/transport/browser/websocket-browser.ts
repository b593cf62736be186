/**
 * The WebSocket of a page as a link. Runs in a window and in a worker, and knows
 * no `node:` module.
 *
 *     socket events ──▶ (backlog, while paused) ──▶ link events
 *
 * Decides how to replace what a page lacks. A page cannot pause a socket, so
 * messages wait here under a limit while the link is paused. It gets no event
 * when bytes have left, so `pump` checks, and each message. It has no half-close and no reset.
 */
import { type Checks, checkOptions, isLimit } from "../../check.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../port/link.ts";
import { visitMessages } from "../../port/message-header.ts";
import type { Transport } from "../../port/transport.ts";
import {
  ABNORMAL_CLOSURE,
  type CloseFrame,
  carriesCode,
  PAGE_ABORT,
  pageCloseFrameOf,
  reasonOfCode,
} from "./close-codes.ts";
import {
  checkedUrl,
  isFraming,
  isProtocolList,
  MESSAGE_BYTES,
  type WebSocketOptions,
} from "./websocket-options.ts";

/**
 * A WebSocket transport, to connect with from a page. It opens no socket before
 * it is used, and may be used any number of times. A URL without a scheme is
 * relative to the page. Any codec works: by default the messages of a frame travel in
 * one binary WebSocket message, whose borders mean nothing to the codec.
 *
 * @throws TypeError when an option has the wrong type, or the platform has no WebSocket
 * @throws RangeError when `url` is no URL of a WebSocket, or an option is out of range
 */
export function websocket(url: string | URL, options: WebSocketOptions = {}): Transport {
  const { WebSocket, location } = globalThis as unknown as PageGlobals;
  if (typeof WebSocket !== "function") {
    throw new TypeError(
      "websocket: expected a global WebSocket, found none; in Node, import tickwire/websocket",
    );
  }
  const href = checkedUrl(url, location?.href);
  checkOptions(options, CHECKS);
  const { maxBacklogBytes = DEFAULT_MAX_BACKLOG_BYTES, framing = "stream" } = options;
  const protocols = [...(options.protocols ?? [])];
  const open = () => new WebSocket(href, protocols);
  return { framing, connect: () => new BrowserLink(open, maxBacklogBytes, framing) };
}

class BrowserLink implements Link {
  // A page has no access to the addresses of a socket.
  declare readonly localAddress: undefined;
  declare readonly remoteAddress: undefined;
  readonly allowHalfOpen = false;
  readonly carriesCode = carriesCode;
  readonly #maxBacklogBytes: number;
  readonly #framing: "stream" | "message";
  readonly #socket: PageSocket | undefined;
  /** The event handler; `undefined` once the link is closed. */
  #events: LinkEvents | undefined;
  #hasOpened = false;
  #paused = false;
  #backlog: Uint8Array[] = [];
  #backlogBytes = 0;
  /** The close reason, once it is known; reported after the backlog is delivered. */
  #reason: CloseReason | undefined;
  /** The size of the socket's own send queue when it was last checked. */
  #queuedBytes = 0;

  constructor(open: () => PageSocket, maxBacklogBytes: number, framing: "stream" | "message") {
    this.#maxBacklogBytes = maxBacklogBytes;
    this.#framing = framing;
    try {
      this.#socket = open();
      this.#socket.binaryType = "arraybuffer";
    } catch (cause) {
      if ((cause as Error).name === "SyntaxError") throw cause; // invalid protocols: the caller's mistake
      this.#reason = { kind: "denied", message: "the page may not connect to that URL", cause };
    }
  }

  /** The subprotocol that both ends chose. */
  get protocol(): string | undefined {
    return this.#socket?.protocol || undefined;
  }

  attach(events: LinkEvents): void {
    this.#events = events;
    const socket = this.#socket;
    if (socket === undefined) {
      this.#reportEnd();
      return;
    }
    socket.onopen = () => {
      this.#hasOpened = true;
      events.opened();
    };
    socket.onmessage = ({ data }) => {
      this.#noteDrained(); // an answer at once is for who knows what has left, also when nobody polls
      this.#receive(bytesOf(data));
    };
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket?.readyState !== OPEN) return true; // the bytes are dropped
    if (this.#framing === "message") {
      visitMessages(bytes, (message, isText) => socket.send(isText ? decoder.decode(message) : message));
    } else {
      for (let start = 0; start < bytes.length; start += MESSAGE_BYTES) {
        socket.send(bytes.subarray(start, start + MESSAGE_BYTES));
      }
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
    let delivered = 0;
    for (const bytes of backlog) {
      if (this.#paused) break; // the last message reached the receive limit again
      delivered++;
      this.#backlogBytes -= bytes.length + MESSAGE_OVERHEAD_BYTES;
      this.#events?.received(bytes);
    }
    this.#backlog = backlog.slice(delivered);
    if (this.#socket?.readyState === CLOSED) this.#reportEnd();
  }

  end(reason?: CloseReason): void {
    this.#close(CLOSED_LOCALLY, pageCloseFrameOf(reason));
  }

  endSending(): void {
    this.end(); // WebSocket has no half-close
  }

  abort(reason?: CloseReason): void {
    const isMute = reason === undefined || (reason.kind === "local" && reason.goodbye === undefined);
    this.#close(CLOSED_LOCALLY, isMute ? PAGE_ABORT : pageCloseFrameOf(reason));
    const events = this.#events;
    const socket = this.#socket;
    this.#events = undefined;
    this.#backlog = [];
    const report = () => events?.closed(CLOSED_LOCALLY);
    if (socket === undefined || socket.readyState === CLOSED) report();
    else socket.onclose = report;
  }

  pump(): number | undefined {
    this.#noteDrained();
    if (this.#events === undefined) return undefined;
    return this.#queuedBytes > 0 ? RECHECK_MS : Infinity;
  }

  #close(reason: CloseReason, { code, text }: CloseFrame): void {
    this.#reason ??= reason;
    this.#socket?.close(code, text); // has no effect if it is closing already
  }

  #receive(bytes: Uint8Array): void {
    if (!this.#paused) {
      this.#events?.received(bytes);
    } else if (this.#reason === undefined) {
      this.#backlog.push(bytes);
      this.#backlogBytes += bytes.length + MESSAGE_OVERHEAD_BYTES;
      if (this.#backlogBytes > this.#maxBacklogBytes) this.#overflow();
    }
  }

  #overflow(): void {
    const message = `more than maxBacklogBytes, ${this.#maxBacklogBytes}, arrived while the connection was paused`;
    const reason: CloseReason = { kind: "overflow", message };
    this.#close(reason, pageCloseFrameOf(reason));
  }

  #closed(code: number, text: string): void {
    this.#noteDrained();
    const isBroken = code === ABNORMAL_CLOSURE;
    if (isBroken && !this.#hasOpened) this.#reason ??= NOT_OPENED;
    else if (isBroken && this.#reason === CLOSED_LOCALLY) this.#reason = undefined; // the peer did not acknowledge the close frame
    this.#reason ??= reasonOfCode(code, text);
    this.#reportEnd();
  }

  /** Reports the close, unless earlier messages still wait in the backlog. */
  #reportEnd(): void {
    const reason = this.#reason;
    if (reason === undefined || this.#backlog.length > 0) return;
    const events = this.#events;
    this.#events = undefined;
    if (reason.kind === "remote") events?.ended(reason);
    events?.closed(reason);
  }

  #noteDrained(): void {
    if (this.#queuedBytes === 0) return;
    const queued = Math.min(this.#queuedBytes, this.#socket?.bufferedAmount ?? 0);
    const gone = this.#queuedBytes - queued;
    this.#queuedBytes = queued;
    if (gone > 0) this.#events?.drained(gone);
  }
}

/** The bytes of a message. A peer without tickwire may send text. */
function bytesOf(data: unknown): Uint8Array {
  return typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data as ArrayBuffer);
}

/** The part of a page's WebSocket that this file uses. The DOM's types are not loaded, as the core has none. */
interface PageSocket {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  readonly protocol: string;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  send(message: Uint8Array | string): void;
  close(code: number, text: string): void;
}

interface PageGlobals {
  readonly WebSocket?: new (url: string, protocols: readonly string[]) => PageSocket;
  readonly location?: { readonly href: string };
}

const CHECKS: Checks<WebSocketOptions> = {
  protocols: isProtocolList,
  framing: isFraming,
  maxBacklogBytes: isLimit(1),
};

/** Of texts as they are, a byte order mark included. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The values of `readyState`, from the WebSocket standard. */
const OPEN = 1;
const CLOSED = 3;
/** The cost of a message in the backlog besides its bytes; without it, a flood of empty messages would be free. */
const MESSAGE_OVERHEAD_BYTES = 64;
const DEFAULT_MAX_BACKLOG_BYTES = 4_194_304;
/** The delay until unsent bytes are checked again, while `waitForActivity` waits: half a frame. */
const RECHECK_MS = 8;

const CLOSED_LOCALLY: CloseReason = { kind: "local", message: "this side closed the connection" };
const NOT_OPENED: CloseReason = {
  kind: "refused",
  message:
    "nobody listens there, or the server refused this page: a browser does not tell which, and the server's drop event does",
};
