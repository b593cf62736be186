/**
 * The bytes of this side's stream: what was written, what was given to the line of now,
 * what has left, and what the peer has acknowledged.
 *
 *     write ──▶ resend buffer ──▶ line          acked ──▶ the buffer drops it
 *                    └──── after a resume, again ──▶ the next line
 *
 * An end of the stream is a mark behind all bytes, and counts as one byte of it: so what
 * was said of both is acknowledged in the same way. Decides when the core is told that
 * bytes have left: when the line has taken them, and no more than `resendBytes` wait
 * for the peer's word.
 */
import type { Goodbye } from "../../../port/close-reason.ts";
import { byeFrame, FRAME, plainFrame, writeHead, writeVarint } from "./frames.ts";
import type { Line } from "./line.ts";
import { ResendBuffer } from "./resend-buffer.ts";

/** An end behind the bytes. */
export type Mark = { readonly kind: "fin" } | { readonly kind: "bye"; readonly goodbye: Goodbye };

/** What a stream depends on. */
export interface SendStreamParts {
  /** How many bytes may wait for the peer's word. */
  readonly resendBytes: number;
  /** What this side has taken of the other stream since it last said so; says so now. */
  readonly takeAck: () => number;
  /** Tells the core that so many bytes that it was refused have left. */
  readonly drained: (sizeBytes: number) => void;
}

/** The sending half of a session. */
export class SendStream {
  /** The ends behind the bytes. */
  readonly marks: Mark[] = [];
  /** The position behind all that the peer has taken, marks included. */
  acked = 0;
  readonly #parts: SendStreamParts;
  readonly #buffer = new ResendBuffer();
  #line: Line | undefined;
  /** The position behind what the line of now was given. */
  #sent = 0;
  /** The same of all lines. */
  #mostSent = 0;
  /** The position behind the bytes of which the core knows that they have left. */
  #left = 0;
  #isPushing = false;

  constructor(parts: SendStreamParts) {
    this.#parts = parts;
  }

  /** Whether the peer has all, the marks included. */
  get isAcked(): boolean {
    return this.acked === this.#endAt;
  }

  /** Whether the peer has all, whatever of the marks. */
  get isDataAcked(): boolean {
    return this.acked >= this.#buffer.endAt;
  }

  /** How many bytes it keeps, as the peer has not acknowledged them. */
  get keptBytes(): number {
    return this.#buffer.endAt - this.#buffer.startAt;
  }

  /** Whether the line has been given all, and keeps nothing. */
  get hasLeft(): boolean {
    return this.#line?.pendingBytes === 0 && this.#sent === this.#endAt;
  }

  /** The goodbye at its end, if there is one. */
  get goodbye(): Goodbye | undefined {
    const last = this.marks.at(-1);
    return last?.kind === "bye" ? last.goodbye : undefined;
  }

  /** The position of the end of the session; `Infinity` while this side has not ended it. */
  get byeAt(): number {
    return this.marks.at(-1)?.kind === "bye" ? this.#endAt - 1 : Infinity;
  }

  write(bytes: Uint8Array): boolean {
    const buffer = this.#buffer;
    const line = this.#line;
    const before = buffer.endAt;
    buffer.append(bytes);
    if (line !== undefined && line.pendingBytes === 0 && this.#sent === before) {
      this.#markSent(buffer.endAt);
      line.writeComposed(bytes.length, (target) => {
        const start = this.#head(target, bytes.length);
        target.set(bytes, start);
        return start + bytes.length;
      });
    } else this.push();
    if (this.#left === before && this.#leftNow === buffer.endAt) {
      this.#left = buffer.endAt;
      return true;
    }
    this.tellDrained();
    return false;
  }

  /** Puts an end behind everything. */
  mark(mark: Mark): void {
    this.marks.push(mark);
    this.push();
  }

  /** Sends what the line has not been given: while it is behind, only much at once. */
  push(): void {
    if (this.#isPushing) return;
    this.#isPushing = true;
    const buffer = this.#buffer;
    for (let line = this.#line; line !== undefined; line = this.#line) {
      const waiting = buffer.endAt - this.#sent;
      const { pendingBytes } = line;
      if (waiting > 0) {
        if (pendingBytes >= BATCH_BYTES || (pendingBytes > 0 && waiting < BATCH_BYTES)) break;
        this.#pushData(line, Math.min(waiting, BATCH_BYTES));
      } else if (this.#sent < this.#endAt) this.#pushMark(line, this.marks[-waiting] as Mark);
      else break;
    }
    this.#isPushing = false;
  }

  /** The peer has taken so many bytes more. Returns whether that can be. */
  takeAcked(sizeBytes: number): boolean {
    if (this.acked + sizeBytes > this.#sent) return false;
    this.#dropTo(this.acked + sizeBytes);
    this.tellDrained();
    return true;
  }

  /** Goes on with `line`, at whose other end `received` bytes are there. Returns whether that can be; `push` sends the rest. */
  resumeAt(line: Line, received: number): boolean {
    if (received < this.acked || received > this.#mostSent) return false;
    this.#dropTo(received);
    this.#sent = received;
    this.#line = line;
    return true;
  }

  /** Has no line. */
  suspend(): void {
    this.#line = undefined;
  }

  /** Tells the core what has left since it was told last. */
  tellDrained(): void {
    const sizeBytes = this.#leftNow - this.#left;
    if (sizeBytes <= 0) return;
    this.#left += sizeBytes;
    this.#parts.drained(sizeBytes);
  }

  /** Drops all that waits. */
  clear(): void {
    this.#line = undefined;
    this.#buffer.clear();
  }

  get #endAt(): number {
    return this.#buffer.endAt + this.marks.length;
  }

  /** The position behind the bytes that have left by now. */
  get #leftNow(): number {
    const line = this.#line;
    if (line === undefined) return this.#left;
    const given = Math.min(this.#sent, this.#buffer.endAt) - line.pendingBytes;
    return Math.max(this.#left, Math.min(given, this.#buffer.startAt + this.#parts.resendBytes));
  }

  #dropTo(acked: number): void {
    this.acked = acked;
    this.#buffer.drop(Math.min(acked, this.#buffer.endAt));
  }

  #markSent(position: number): void {
    this.#sent = position;
    this.#mostSent = Math.max(this.#mostSent, position);
  }

  #pushData(line: Line, sizeBytes: number): void {
    const from = this.#sent;
    this.#markSent(from + sizeBytes);
    line.writeComposed(sizeBytes, (target) => {
      const start = this.#head(target, sizeBytes);
      this.#buffer.copy(from, sizeBytes, target, start);
      return start + sizeBytes;
    });
  }

  #pushMark(line: Line, mark: Mark): void {
    this.#markSent(this.#sent + 1);
    const taken = this.#parts.takeAck();
    if (mark.kind === "fin") line.write(plainFrame(FRAME.fin, taken));
    else line.write(byeFrame(taken, mark.goodbye.code, mark.goodbye.text ?? ""));
  }

  #head(target: Uint8Array, sizeBytes: number): number {
    return writeVarint(target, writeHead(target, FRAME.data, this.#parts.takeAck()), sizeBytes);
  }
}

/** What a line that is behind is given at once, and what it may keep of it: the work of a few system calls. */
const BATCH_BYTES = 65_536;
