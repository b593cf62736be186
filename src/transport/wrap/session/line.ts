/**
 * A line: one link below a session, and who is told of it. A session has one line at
 * a time; an older one is dropped without a word to anybody.
 *
 *     session ── write ──▶ line ──▶ link below
 *     session ◀── lineReceived, lineClosed ── line ◀── link below
 *
 * Counts the bytes that the link below keeps. Knows nothing of what they say. A line that
 * nobody is told of any more, and that a peer does not read to its end, has a deadline.
 */
import type { CloseReason } from "../../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../../port/link.ts";
import { MOST_HEAD_BYTES } from "./frames.ts";
import type { Scheduled, SessionAgenda } from "./session-agenda.ts";

/** Who is told of a line. */
export interface LineHandler {
  lineOpened(line: Line): void;
  lineReceived(line: Line, bytes: Uint8Array): void;
  /** A sign of life without bytes. */
  linePartial(): void;
  /** Bytes that waited have left. */
  lineDrained(): void;
  /** It is over: the link below has closed, or its peer has ended it. */
  lineClosed(line: Line, reason: CloseReason): void;
}

/** One line. */
export class Line implements LinkEvents, Scheduled {
  readonly inner: Link;
  order = 0;
  dueMs: number = Infinity;
  heapIndex = -1;
  /** The bytes that the link below has not taken. */
  pendingBytes = 0;
  isOpen = false;
  #handler: LineHandler;
  #phase: "open" | "leaving" | "over" = "open";
  /** How many writes are under way, as a peer may answer in the midst of one. */
  #writes = 0;
  #hasDrained = false;

  constructor(inner: Link, handler: LineHandler) {
    this.inner = inner;
    this.#handler = handler;
  }

  /** Begins; `lineOpened` and more may be told at once. */
  begin(): void {
    this.inner.attach(this);
  }

  /** Tells another one from now on. */
  handOver(handler: LineHandler): void {
    this.#handler = handler;
  }

  /** Writes bytes that nobody writes to any more, unless it returns `true`: then the link below has taken them. */
  write(bytes: Uint8Array): boolean {
    if (this.#phase !== "open") return true;
    this.#writes++;
    const isTaken = this.inner.write(bytes);
    this.#writes--;
    if (!isTaken) this.pendingBytes += bytes.length; // of which some may have drained meanwhile
    if (this.#hasDrained && this.#writes === 0) this.#tellDrained();
    return isTaken;
  }

  /**
   * Writes what `compose` writes into the bytes that it is given, which has `sizeBytes` and a head before it.
   * It returns how much that was.
   */
  writeComposed(sizeBytes: number, compose: (target: Uint8Array) => number): void {
    const target = takeScratch(sizeBytes + MOST_HEAD_BYTES);
    if (this.write(target.subarray(0, compose(target)))) giveBack(target);
  }

  /** Ends it in order, behind what was written; `lineClosed` follows. */
  leave(): void {
    if (this.#phase !== "open") return;
    this.#phase = "leaving";
    this.inner.end();
  }

  /** Writes a last word, and ends it as {@link leaveSoon} does. */
  leaveWith(word: Uint8Array, agenda: SessionAgenda | undefined): void {
    this.#handler = NOBODY; // the peer may end it at once
    if (this.pendingBytes <= FEW_BYTES) this.write(word);
    this.leaveSoon(agenda);
  }

  /**
   * Ends it behind what was written, and waits for nothing but the system to have that. Nobody is told. If
   * more than few bytes wait, or the peer does not read them for a second, they are dropped.
   */
  leaveSoon(agenda: SessionAgenda | undefined): void {
    this.#handler = NOBODY;
    this.leave();
    if (this.#phase === "over") return;
    if (agenda === undefined || this.pendingBytes === 0 || this.pendingBytes > FEW_BYTES) {
      this.drop();
      return;
    }
    const end = () => agenda.remove(this);
    const endIfClear = () => {
      if (this.pendingBytes > 0) return;
      end();
      this.drop();
    };
    this.#handler = { ...NOBODY, lineDrained: endIfClear, lineClosed: end };
    this.order = agenda.nextOrder();
    this.dueMs = agenda.nowMs + LAST_WORD_MS;
    agenda.schedule(this);
  }

  /** The peer has not read the last word in time. */
  run(): void {
    this.dueMs = Infinity;
    this.drop();
  }

  /** Ends it now. Nobody is told. */
  drop(reason?: CloseReason): void {
    this.#handler = NOBODY;
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.inner.abort(reason);
  }

  #tellDrained(): void {
    this.#hasDrained = false;
    this.#handler.lineDrained();
  }

  // The events of the link below.

  opened(): void {
    this.isOpen = true;
    this.#handler.lineOpened(this);
  }

  received(bytes: Uint8Array): void {
    if (this.#phase === "open") this.#handler.lineReceived(this, bytes);
  }

  partial(): void {
    this.#handler.linePartial();
  }

  drained(sizeBytes: number): void {
    this.pendingBytes -= sizeBytes;
    this.#hasDrained = true;
    if (this.#writes === 0) this.#tellDrained(); // in the midst of a write nobody knows what is left
  }

  suspended(): void {}

  resumed(): void {}

  ended(reason: CloseReason = ENDED): void {
    if (this.#phase !== "open") return; // it waits for the close
    const handler = this.#handler;
    this.drop();
    handler.lineClosed(this, reason);
  }

  closed(reason: CloseReason): void {
    this.#phase = "over";
    this.#handler.lineClosed(this, reason);
  }
}

/** Bytes to compose a frame in, which all lines share. Those that a link below keeps are not given back. */
function takeScratch(sizeBytes: number): Uint8Array {
  const taken = scratch;
  scratch = undefined; // a frame may be composed while another one is written
  return taken !== undefined && taken.length >= sizeBytes
    ? taken
    : new Uint8Array(Math.max(sizeBytes, SCRATCH_BYTES));
}

function giveBack(bytes: Uint8Array): void {
  if (bytes.length <= MOST_SCRATCH_BYTES) scratch = bytes;
}

/** What a line keeps that is not behind, but tells later that it has sent, as one of TLS does: some frames. */
export const FEW_BYTES = 1_024;
/** For how long a line is kept for a last word. */
const LAST_WORD_MS = 1_000;
let scratch: Uint8Array | undefined;
const SCRATCH_BYTES = 4_096;
const MOST_SCRATCH_BYTES = 131_072;
const NOBODY: LineHandler = {
  lineOpened() {},
  lineReceived() {},
  linePartial() {},
  lineDrained() {},
  lineClosed() {},
};
const ENDED: CloseReason = { kind: "remote", message: "the peer closed the connection" };
