/**
 * The watch on the socket below a WebSocket: what ws does not report of the bytes
 * that the peer sends, or reports late.
 *
 *     socket ── bytes ──▶ frame reader ──▶ alive, partial, ended
 *                └──────▶ ws ──▶ messages
 *
 * An accepted socket reads into the buffer that all of them share, where it can. Of that ws
 * is lent what it gives on within the call, which is whole short messages; of all else it
 * keeps parts, and gets a copy. Any byte counts as life. ws keeps the bytes of an
 * unfinished message to itself, and reports a close late. Decides nothing about the
 * link, and writes nothing.
 */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { ABNORMAL_CLOSURE } from "../browser/close-codes.ts";
import { plainCopy } from "../node/plain-bytes.ts";
import { readOn, readSharedOrKeep } from "../node/shared-read-buffer.ts";
import { tcpSocketOf } from "../node/tcp-socket-of.ts";
import { FrameReader } from "./frame-reader.ts";

/** What is reported of a socket. */
export interface WireEvents {
  /** Bytes have arrived, of any kind. */
  alive(): void;
  /** Bytes of an unfinished message have arrived, of which the peer has sent `sizeBytes`. */
  partial(sizeBytes: number): void;
  /** The peer sends nothing more: its close frame has arrived, or the end of its stream without one. */
  ended(code: number, text: string): void;
}

/** The watch on one socket. */
export class WireWatch {
  readonly #socket: Socket;
  readonly #events: WireEvents;
  /** The socket below one of TLS, which sees bytes that cannot be decrypted yet. */
  readonly #wire: Socket | undefined;
  readonly #frames = new FrameReader();
  readonly #isShared: boolean;
  #toldWireBytes: number;
  /** The bytes of the peer's messages before the last piece of the stream came. */
  #messageBytes = 0;

  /**
   * Begins to watch; ws must have its own listeners by now.
   *
   * @param mayShare whether the socket may read into the shared buffer, as accepted ones do
   */
  constructor(socket: Socket, events: WireEvents, mayShare: boolean) {
    this.#socket = socket;
    this.#events = events;
    this.#wire = socket instanceof TLSSocket ? tcpSocketOf(socket) : undefined;
    this.#toldWireBytes = this.#wire?.bytesRead ?? 0;
    socket.prependListener("data", this.#readFrames);
    socket.on("data", this.#noteBytes);
    this.#isShared = mayShare && this.#wire === undefined && readSharedOrKeep(socket, this);
    socket.on("end", () => events.ended(ABNORMAL_CLOSURE, ""));
  }

  /** Bytes of a TLS record that is not whole; nobody knows whether they are of a message. */
  reportPartial(): void {
    const wireBytes = this.#wire?.bytesRead ?? 0;
    if (wireBytes === this.#toldWireBytes) return;
    this.#toldWireBytes = wireBytes;
    this.#events.alive();
    this.#events.partial(this.#frames.unfinishedBytes);
  }

  /** The socket was paused. What comes now waits in it, so that a close frame is there also where a reset follows it. */
  paused(): void {
    if (this.#isShared) readOn(this.#socket);
  }

  /** Bytes in the shared buffer. */
  received(lent: Uint8Array): void {
    this.#socket.emit("data", this.#frames.areWholeMessages(lent) ? lent : plainCopy(lent));
  }

  /** Before ws, which removes the masks from the bytes themselves. */
  readonly #readFrames = (bytes: Uint8Array): void => {
    if (this.#socket.destroyed) return; // ws reads what was left in the socket, before it reports the close
    this.#messageBytes = this.#frames.messageBytes;
    this.#frames.read(bytes);
  };

  /** After ws, which has given whole messages to the link. */
  readonly #noteBytes = (): void => {
    if (this.#socket.destroyed) return;
    if (this.#wire !== undefined) this.#toldWireBytes = this.#wire.bytesRead;
    this.#events.alive();
    const { unfinishedBytes, messageBytes, closeFrame } = this.#frames;
    if (unfinishedBytes > 0 && messageBytes > this.#messageBytes) this.#events.partial(unfinishedBytes);
    if (closeFrame !== undefined) this.#events.ended(closeFrame.code, closeFrame.text);
  };
}
