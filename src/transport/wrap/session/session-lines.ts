/**
 * The two streams of a session, over one line after another.
 *
 *     core ── write ──▶ send stream ──▶ line
 *     core ◀── received, suspended, resumed ── frame reader ◀── line
 *
 * Decides when a line is lost: it has closed without the end of the session, or was silent
 * for too long. Moves bytes; `session-link.ts` has the endings.
 */
import type { CloseReason } from "../../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../../port/link.ts";
import { type FrameEvents, FrameReader } from "./frame-reader.ts";
import { FRAME, plainFrame } from "./frames.ts";
import type { Line, LineHandler } from "./line.ts";
import { MOST_UNTOLD_BYTES, ReceiveStream } from "./receive-stream.ts";
import { SendStream } from "./send-stream.ts";
import { SessionFacts } from "./session-facts.ts";
import type { Terms } from "./session-options.ts";
import { DEAD, noFrame } from "./session-reasons.ts";

/** The part of a session that moves bytes. */
export abstract class SessionLines extends SessionFacts implements LineHandler, FrameEvents {
  protected readonly stream: SendStream;
  protected readonly input: ReceiveStream = new ReceiveStream();
  protected events: LinkEvents | undefined;
  protected phase: Phase = "new";
  /** Why the last line was lost. */
  protected lostBy: CloseReason | undefined;
  /** Why it closes when its line has closed; it is over then. */
  protected final: CloseReason | undefined;
  /** Until when its line may take to end then. */
  protected leaveByMs: number = Infinity;
  /** Whether what comes is dropped, as this side has ended the session. */
  protected isDiscarding = false;
  #reader: FrameReader | undefined;
  #isPaused = false;
  /** What the line of now has brought meanwhile, as a pause stops it soon, and not within a piece. */
  #unread: Uint8Array[] = [];

  /** @param knowsServer whether the peer is a server, whose clock is of interest */
  constructor(terms: Terms, inner: Link, knowsServer: boolean) {
    super(terms, inner, knowsServer);
    this.stream = new SendStream({
      resendBytes: terms.resendBytes,
      takeAck: () => this.takeAck(),
      drained: (sizeBytes) => this.events?.drained(sizeBytes),
    });
  }

  // What an ending decides.

  /** Whether the peer has ended the session, or knows that this side has. */
  protected abstract get isOver(): boolean;
  /** Ends it because of what the peer has said, which is told of that. */
  protected abstract break(reason: CloseReason): void;
  /** Closes it. */
  protected abstract finish(reason: CloseReason): void;
  /** The peer has acknowledged something. */
  protected abstract tookAcked(): void;
  abstract fin(): boolean;
  abstract bye(code: number, text: string): boolean;
  abstract reset(): void;

  // What the two kinds of sessions do.

  /** The line is lost: another one is wanted. */
  protected abstract suspend(): void;
  /** When this kind has something to do. */
  protected abstract get ownDueMs(): number;
  /** Does it. */
  protected abstract runOwn(): void;

  write(bytes: Uint8Array): boolean {
    if (this.phase !== "open" || this.isOver || this.stream.marks.length > 0) return true; // they are dropped
    return this.stream.write(bytes);
  }

  pause(): void {
    if (this.isDiscarding) return;
    this.#isPaused = true;
    this.#reader?.hold(true);
    this.line?.inner.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#reader?.hold(false);
    this.heartbeat.forget();
    this.heartbeat.sign(this.nowMs);
    const { line } = this;
    const unread = this.#unread;
    this.#unread = [];
    if (line !== undefined) for (const bytes of unread) this.lineReceived(line, bytes);
    if (!this.#isPaused) this.line?.inner.resume(); // unless that was too much again
    this.schedule();
  }

  reportPartial(): void {
    this.line?.inner.reportPartial?.();
  }

  protected override get isClosed(): boolean {
    return this.phase === "closed";
  }

  protected override get hasBeenLinked(): boolean {
    return this.#reader !== undefined;
  }

  /** How much the peer may take without a word. */
  protected get ackBytes(): number {
    return Math.max(1, Math.min(MOST_UNTOLD_BYTES, Math.floor(this.terms.resendBytes / 2)));
  }

  /**
   * Goes on with `line`, at whose other end `received` bytes are there. Returns whether that can be.
   * Nothing is sent before {@link proceed}.
   */
  protected adopt(line: Line, received: number, ackBytes: number): boolean {
    if (!this.stream.resumeAt(line, received)) return false;
    this.#reader?.stop();
    this.line?.drop();
    this.line = line;
    this.inner = line.inner;
    this.#reader = new FrameReader(this);
    this.#unread = []; // the peer sends it again
    this.input.begin(ackBytes);
    this.beginLine();
    line.handOver(this);
    return true;
  }

  /** Sends what the line has not had, and takes what comes. Its greeting may have acknowledged an end. */
  protected proceed(): void {
    if (this.final !== undefined) this.line?.leave();
    else this.tookAcked();
    if (this.#isPaused) this.line?.inner.pause();
    this.stream.push();
    this.stream.tellDrained();
    this.showNext();
    this.schedule();
  }

  protected tellResumed(): void {
    if (this.phase === "open") this.events?.resumed();
  }

  protected override schedule(): void {
    if (this.isClosed || this.agenda === undefined) return;
    const deadMs = this.#isPaused ? Infinity : this.heartbeat.deadAtMs;
    let lineMs = this.line === undefined ? Infinity : Math.min(this.heartbeat.pingDueMs, deadMs);
    if (this.final !== undefined) lineMs = this.leaveByMs;
    this.dueMs = Math.min(lineMs, this.ownDueMs);
    this.agenda.schedule(this);
  }

  override run(): void {
    if (this.final !== undefined && this.nowMs >= this.leaveByMs) {
      this.finish(this.final);
      return;
    }
    const line = this.final === undefined ? this.line : undefined;
    if (line !== undefined && this.nowMs >= this.heartbeat.pingDueMs) {
      if (this.#isPaused) line.inner.probe?.();
      this.sendPing();
    }
    if (line !== undefined && line === this.line && !this.#isPaused && this.heartbeat.isDead(this.nowMs)) {
      line.drop();
      this.lineClosed(line, DEAD);
    }
    if (!this.isClosed) this.runOwn();
    this.schedule();
  }

  // The events of the line.

  lineOpened(_line: Line): void {}

  lineReceived(line: Line, bytes: Uint8Array): void {
    const reader = this.#reader;
    if (line !== this.line || reader === undefined) return;
    if (this.#isPaused) {
      this.#unread.push(Uint8Array.from(bytes));
      return;
    }
    this.heartbeat.sign(this.nowMs);
    const wrong = reader.read(bytes);
    if (line !== this.line) return;
    if (wrong !== undefined) this.break(noFrame(wrong));
    else {
      if (reader.readBytes < bytes.length)
        this.#unread.push(Uint8Array.from(bytes.subarray(reader.readBytes)));
      this.answerPing();
      if (this.input.wantsAck) this.#ack();
    }
  }

  linePartial(): void {
    this.heartbeat.sign(this.nowMs);
    if (this.phase === "open") this.events?.partial(0);
  }

  lineDrained(): void {
    this.stream.push();
    this.stream.tellDrained();
    if (this.input.wantsAck) this.#ack();
  }

  lineClosed(line: Line, reason: CloseReason): void {
    if (line !== this.line) return;
    this.line = undefined;
    this.lostBy = reason;
    this.#reader?.stop();
    if (this.final !== undefined) {
      this.finish(this.final);
      return;
    }
    this.downSinceMs = this.nowMs;
    this.stream.suspend();
    this.heartbeat.stop();
    this.showNext();
    if (this.phase === "open") this.events?.suspended();
    if (!this.isClosed) this.suspend();
    this.schedule();
  }

  // The frames of the peer.

  acked(sizeBytes: number): boolean {
    if (!this.stream.takeAcked(sizeBytes)) return false;
    this.tookAcked();
    return true;
  }

  data(bytes: Uint8Array): boolean {
    if (!this.input.takeData(bytes.length)) return false;
    if (!this.isDiscarding) this.events?.received(bytes);
    return true;
  }

  protected override takeAck(): number {
    return this.input.takeAck();
  }

  /** Says now what was taken. */
  protected ackNow(): void {
    this.line?.write(plainFrame(FRAME.ack, this.takeAck()));
  }

  protected stopReading(): void {
    this.#reader?.stop();
  }

  /** Says what was taken, unless the line is behind: then the next frame does. */
  #ack(): void {
    this.writeIfClear(() => plainFrame(FRAME.ack, this.takeAck()));
  }
}

/** How far it is: `"new"` until it is taken or open, `"ending"` once this side has ended it. */
export type Phase = "new" | "open" | "ending" | "closed";
