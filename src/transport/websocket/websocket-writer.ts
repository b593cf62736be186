/**
 * The writing half of a WebSocket: cuts what the core gives into WebSocket messages,
 * and counts the bytes that have not left the process.
 *
 *     stream:   bytes ──▶ binary messages of up to 64 KiB
 *     message:  header, message, header, message … ──▶ one text or binary message each
 *
 * Decides nothing about the end of a link.
 */
import type { Socket } from "node:net";
import { visitMessages } from "../../port/message-header.ts";
import { MESSAGE_BYTES } from "../browser/websocket-options.ts";
import { MOST_FRAMED_BYTES, serverFrameOf, writesTo } from "./server-frame.ts";
import type { WebSocketType } from "./ws.ts";

/** Writes to one WebSocket. */
export class WebSocketWriter {
  /** How many of the written bytes have not left the process. */
  queuedBytes = 0;
  readonly #ws: WebSocketType;
  readonly #framing: "stream" | "message";
  /** The socket, where short messages can be written to it: a server's, which masks nothing. */
  #direct: Socket | undefined;
  readonly #onDrained: (sizeBytes: number) => void;
  /** How many messages ws has not called back for. */
  #pendingMessages = 0;

  /** @param onDrained called with the number of bytes that have left, after they had to wait */
  constructor(ws: WebSocketType, framing: "stream" | "message", onDrained: (sizeBytes: number) => void) {
    this.#ws = ws;
    this.#framing = framing;
    this.#onDrained = onDrained;
  }

  /** The frames of this end are a server's, and `socket` is below it. */
  writeAsServer(socket: Socket): void {
    if (writesTo(this.#ws, socket)) this.#direct = socket;
  }

  /**
   * Writes `bytes`, in one call of the system where `socket` is known.
   *
   * @throws whatever ws throws
   */
  write(bytes: Uint8Array, socket: Socket | undefined): void {
    if (this.#framing === "message") {
      socket?.cork();
      try {
        visitMessages(bytes, this.#send);
      } finally {
        socket?.uncork();
      }
      return;
    }
    if (bytes.length <= MESSAGE_BYTES) {
      if (bytes.length > 0) this.#send(bytes, false);
      return;
    }
    for (let start = 0; start < bytes.length; start += MESSAGE_BYTES) {
      this.#send(bytes.subarray(start, start + MESSAGE_BYTES), false);
    }
  }

  /** Notes that `sizeBytes` were written. Returns whether the system has taken all that was. */
  note(sizeBytes: number): boolean {
    // The socket's own count is at hand after a write; that of ws is two objects away.
    if (this.#direct?.writableLength === 0 || this.#ws.bufferedAmount === 0) return true;
    this.queuedBytes += sizeBytes;
    return false;
  }

  readonly #send = (message: Uint8Array, isText: boolean): void => {
    this.#pendingMessages++;
    if (this.#direct !== undefined && message.length <= MOST_FRAMED_BYTES) {
      this.#direct.write(serverFrameOf(message, isText), this.#noteDrained);
    } else this.#ws.send(message, isText ? TEXT : BINARY, this.#noteDrained);
  };

  /** The callback of every message, also of one that the system took at once or that failed. */
  readonly #noteDrained = (error?: Error | null): void => {
    this.#pendingMessages--;
    if (this.queuedBytes === 0) return; // the system has taken them at once, as is usual
    if (error) return; // these bytes were not sent, which the close reason reports
    // An upper bound, since bufferedAmount includes headers; after the last message only pings and pongs are queued.
    const queued = this.#pendingMessages === 0 ? 0 : Math.min(this.queuedBytes, this.#ws.bufferedAmount);
    const gone = this.queuedBytes - queued;
    this.queuedBytes = queued;
    if (gone > 0) this.#onDrained(gone);
  };
}

const BINARY = { binary: true };
const TEXT = { binary: false };
